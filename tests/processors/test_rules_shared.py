"""What rules share: verdicts, exact columns, local periods, and spells of a condition."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules import millionths as m
from processors.rules.periods import day_of, hour_of, month_length, month_number, month_of, year_of
from processors.rules.spells import held, spells
from processors.rules.verdict import Verdict, all_of, any_of, at_least, at_most, judged, not_judged, number_text, share_pct

OFFSET_MS = 8 * 3_600_000
YES, NO, UNKNOWN = judged(True, "yes"), judged(False, "no"), not_judged("unknown")


@pytest.mark.parametrize(
    ("value", "most", "least"),
    [
        pytest.param(Decimal("99.999999"), "passes", "fails", id="just below"),
        pytest.param(100, "passes", "passes", id="equal passes on both sides"),
        pytest.param(Fraction("100.000001"), "fails", "passes", id="just above"),
        pytest.param(None, "not judged", "not judged", id="not known"),
    ],
)
def test_bounds(value: Fraction | None, most: str, least: str) -> None:
    """A value equal to a bound meets it; a value that is not known is not judged."""
    assert (at_most("x", value, 100).outcome, at_least("x", value, 100).outcome) == (most, least)


def test_a_reason_tells_number_and_bound_apart() -> None:
    """As many decimals as needed are shown to see why a number failed, and no more."""
    assert at_least("share", Fraction("94.9999"), 95, "%") == Verdict(
        "fails", "share 94.9999 %, at least 95 required", Fraction("94.9999")
    )
    assert at_most("day", 95, 95).reason == "day 95, at most 95 allowed"
    nine, ten = 95 + Fraction(1, 10**9), 95 + Fraction(1, 10**10)
    assert [at_most("day", value, 95).reason for value in (nine, ten)] == [
        "day 95.000000001, at most 95 allowed",
        "day 95, at most 95 allowed",  # beyond nine decimals nobody reads on
    ]


@pytest.mark.parametrize(
    ("verdicts", "all_outcome", "any_outcome"),
    [
        pytest.param([YES, YES], "passes", "passes", id="all pass"),
        pytest.param([YES, NO, UNKNOWN], "fails", "passes", id="each decides its own"),
        pytest.param([NO, UNKNOWN], "fails", "not judged", id="unknown might still pass"),
        pytest.param([YES, UNKNOWN], "not judged", "passes", id="unknown might still fail"),
        pytest.param([NO, NO], "fails", "fails", id="all fail"),
        pytest.param([], "not judged", "not judged", id="nothing to judge"),
    ],
)
def test_verdicts_together(verdicts: list[Verdict], all_outcome: str, any_outcome: str) -> None:
    """What is not known decides nothing that is decided without it, and everything else."""
    assert (all_of(verdicts).outcome, any_of(verdicts).outcome) == (all_outcome, any_outcome)


def test_reasons_are_those_that_decide() -> None:
    """The reasons of what passed do not stand in a failure."""
    assert all_of([YES, NO, judged(False, "again no")]).reason == "no; again no"


def test_shares() -> None:
    """An empty whole has no share, and a part beyond its whole is refused."""
    assert (share_pct(1, 8), share_pct(0, 0)) == (Fraction("12.5"), None)
    with pytest.raises(ValueError, match="no part"):
        share_pct(3, 2)
    with pytest.raises(ValueError, match="no part"):
        share_pct(-1, 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [("35", "35"), ("35.10", "35.1"), ("0.005", "0"), ("0.015", "0.02"), ("-1.25", "-1.25"), ("100", "100")],
)
def test_number_text(value: str, text: str) -> None:
    """Half to even at two decimals, without trailing zeros."""
    assert number_text(Decimal(value)) == text


def test_thresholds_are_exact() -> None:
    """A threshold that columns cannot hold is refused, not rounded."""
    assert (m.millionths(Decimal("0.000001")), m.milliseconds(Decimal("0.5"))) == (1, 500)
    with pytest.raises(ValueError, match="finer than a millionth"):
        m.millionths(Fraction(1, 3))
    with pytest.raises(ValueError, match="finer than a millisecond"):
        m.milliseconds(Decimal("0.0001"))


@settings(max_examples=200, deadline=None)
@given(part=st.integers(0, 2**32), whole=st.integers(0, 2**32), share=st.fractions(0, 100, max_denominator=1000))
def test_column_shares_equal_exact_ones(part: int, whole: int, share: Fraction) -> None:
    """Columns compare a share as fractions do, at the edge too; an empty whole reaches none."""
    frame = pl.DataFrame({"p": [part], "w": [whole]})
    p, w = pl.col("p"), pl.col("w")
    least, above, pct = frame.select(a=m.share_at_least(p, w, share), b=m.share_above(p, w, share), c=m.share_expr(p, w)).row(0)
    if whole == 0:
        assert (least, above, pct) == (False, False, None)
        return
    exact = Fraction(100 * part, whole)
    assert (least, above) == (exact >= share, exact > share)
    assert pct == m.rounded(exact)


@settings(max_examples=200, deadline=None)
@given(value=st.integers(-(2**62), 2**62), factor=st.fractions(-2, 2, max_denominator=1000))
def test_columns_times_a_factor(value: int, factor: Fraction) -> None:
    """A product with an exact factor is rounded half up once, and text is the decimal itself."""
    frame = pl.DataFrame({"v": [value]})
    got, text = frame.select(a=m.times_expr(pl.col("v"), factor), b=m.text_expr(pl.col("v"))).row(0)
    assert got == m.half_up(value * factor, 0)
    assert Decimal(text) == m.unscaled(value)


def test_a_share_just_at_its_edge() -> None:
    """A quarter is at least 25 % and not above it."""
    part, whole = pl.lit(1), pl.lit(4)
    shares = [Fraction(25), Fraction("24.99"), Fraction("25.01")]
    assert [pl.select(m.share_above(part, whole, s)).item() for s in shares] == [False, True, False]
    assert [pl.select(m.share_at_least(part, whole, s)).item() for s in shares] == [True, True, False]


def test_quotients_and_text_at_zero() -> None:
    """Over zero or less there is no quotient, one that does not fit is none, and zero has no sign."""
    frame = pl.DataFrame({"n": [0, 1, 5, -5, 2**62], "d": [0, -1, 2, 2, 1]})
    assert frame.select(m.quotient_expr(pl.col("n") * 1, pl.col("d"))).to_series().to_list() == [None, None, 3, -2, 2**62]
    assert frame.select(m.quotient_expr(m.wide(pl.col("n")) * 4, pl.col("d"))).to_series().to_list()[-1] is None
    texts = [pl.select(m.text_expr(pl.lit(value))).item() for value in (0, 1, -1, -1_500_000)]
    assert texts == ["0", "0.000001", "-0.000001", "-1.5"]


def test_local_periods() -> None:
    """New Year begins at 16:00 UTC, and each period at its first local midnight; before 1970 too."""
    new_year = 1_767_196_800_000  # 2026-01-01T00:00+08:00
    for time, year, month, day in (
        (new_year, new_year, new_year, new_year),
        (new_year - 1, 1_735_660_800_000, 1_764_518_400_000, new_year - 86_400_000),
    ):
        row = pl.select(t=pl.lit(time)).select(
            year_of(pl.col("t"), OFFSET_MS).alias("y"),
            month_of(pl.col("t"), OFFSET_MS).alias("m"),
            day_of(pl.col("t"), OFFSET_MS).alias("d"),
        )
        assert row.row(0) == (year, month, day)
    row = pl.select(t=pl.lit(new_year - 1)).select(
        month_number(pl.col("t"), OFFSET_MS).alias("n"), month_length(pl.col("t"), OFFSET_MS).alias("l"), h=hour_of(pl.col("t"))
    )
    assert row.row(0) == (12, 31, new_year - 3_600_000)
    for time, number, days in ((new_year, 1, 31), (1_774_972_800_000, 4, 30)):  # the second is 2026-04-01T00:00+08:00
        here = pl.lit(time)
        assert pl.select(n=month_number(here, OFFSET_MS), l=month_length(here, OFFSET_MS)).row(0) == (number, days)
    assert pl.select(h=hour_of(pl.lit(-1))).item() == -3_600_000


MET = pl.col("v") == 1


def series(text: str, pid: int = 1) -> pl.DataFrame:
    """Return a reading each 10 ms: 1 meets the condition, 0 does not, ? is null, a blank is missing."""
    value = {"1": 1, "0": 0, "?": None}
    rows = [(pid, 10 * i, value[c]) for i, c in enumerate(text) if c != " "]
    return pl.DataFrame(rows, schema={"pid": pl.Int64, "time_ms": pl.Int64, "v": pl.Int64}, orient="row")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("0110", [(10, 30, 2, 30)], id="left for another value"),
        pytest.param("11", [(0, 20, 2, None)], id="still in it"),
        pytest.param("1?1", [(0, 10, 1, 10), (20, 30, 1, None)], id="null breaks"),
        pytest.param("1 1", [(0, 30, 2, None)], id="a gap that is allowed"),
        pytest.param("1  1", [(0, 10, 1, 30), (30, 40, 1, None)], id="a gap too long"),
        pytest.param("000", [], id="never"),
        pytest.param("", [], id="no readings"),
    ],
)
def test_spells(text: str, expected: list[tuple[int, int, int, int | None]]) -> None:
    """Start, end, readings and the first reading after, whatever the order of rows and whatever another point does."""
    rows = pl.concat([series("1111111", pid=0), series(text), series("11111", pid=2)])
    for each in (rows, rows.reverse(), rows.sample(fraction=1, shuffle=True, seed=3)):
        found = spells(each, MET, gap_ms_max=20, cover_ms=10)
        assert found.filter(pl.col("pid") == 1).select("start_ms", "end_ms", "n", "left_ms").rows() == expected
        assert found.filter(pl.col("pid") == 2).rows() == [(2, 0, 50, 5, None)]


def test_how_long_it_held() -> None:
    """Each reading knows the start of its spell, and the time up to its own end."""
    found = held(series("1101"), MET, gap_ms_max=10, cover_ms=10)
    assert found.select("time_ms", "start_ms", "held_ms").rows() == [(0, 0, 10), (10, 0, 20), (30, 30, 10)]
    assert found["spell"].n_unique() == 2
    three = pl.concat([series("10?1", pid=pid) for pid in (3, 1, 2)]).reverse()
    told = [(pid, time) for pid in (1, 2, 3) for time in (0, 30)]
    assert held(three, MET, gap_ms_max=10, cover_ms=10).select("pid", "time_ms").rows() == told


@settings(max_examples=100, deadline=None)
@given(text=st.text("10? ", max_size=30), gap=st.integers(1, 4))
def test_spells_partition_what_is_met(text: str, gap: int) -> None:
    """Every reading that meets the condition is in exactly one spell; a longer allowed gap never makes more spells."""
    rows = series(text)
    found = spells(rows, MET, gap_ms_max=10 * gap, cover_ms=10)
    assert found["n"].sum() == text.count("1")
    assert found.height >= spells(rows, MET, gap_ms_max=10 * gap + 10, cover_ms=10).height
