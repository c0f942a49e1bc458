"""Quality tests of ocean observation flag as their library does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import OFFSET_MS
from processors.rules import qartod
from processors.rules.qartod import Climate
from tests.processors.given import CST, ms

M = 10**6
SCHEMA = {"pid": pl.Int64, "time_ms": pl.Int64, "value": pl.Int64}
Values = Sequence[str | int | None]


def series(values: Values, *, step_s: int = 60, times_s: Sequence[int] = (), pid: int = 1, start: int = 0) -> pl.DataFrame:
    """Return readings a step apart, or at times of their own."""
    at = times_s or range(0, step_s * len(values), step_s)
    rows = [(pid, start + s * 1000, None if v is None else int(Decimal(v) * M)) for s, v in zip(at, values, strict=True)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def flags(test: Callable[..., pl.DataFrame], rows: pl.DataFrame, **settings: Any) -> list[int]:
    """Return the flags of point 1, whatever the order of rows and whatever another point does."""
    first, other = series([500, 1, 900], pid=0, start=-(10**8)), series([1, 900, 1, 1, 1], pid=2)
    for each in (pl.concat([other, rows, first]), pl.concat([first, rows, other]).reverse()):
        found = test(each, **settings)
        assert found.select("pid", "time_ms").equals(each.select("pid", "time_ms").sort("pid", "time_ms"))
    assert test(rows.clear(), **settings).is_empty()
    return found.filter(pl.col("pid") == 1)["flag"].to_list()


def test_gross_range() -> None:
    """EX-7.7: bounds themselves pass; beyond the suspect span is suspect, beyond the fail span fails."""
    rows = series(["-0.1", "0", "100", "100.1", "1000", "1000.1", None])
    spans = {"fail_min": 0, "fail_max": 1000, "suspect_min": 0, "suspect_max": 100}
    assert flags(qartod.gross_range, rows, **spans) == [4, 1, 1, 3, 3, 4, 9]
    assert flags(qartod.gross_range, series(["4.9", "5"]), **{**spans, "suspect_min": 5}) == [3, 1]
    assert flags(qartod.gross_range, series([999, 1000]), **{**spans, "suspect_min": 1000, "suspect_max": 1000}) == [3, 1]


@pytest.mark.parametrize("spans", [(0, 10, -1, 5), (0, 10, 5, 11), (0, 10, 6, 5)])
def test_spans_that_do_not_nest(spans: tuple[int, int, int, int]) -> None:
    """A suspect span outside the fail span is a fault of the rule."""
    names = ("fail_min", "fail_max", "suspect_min", "suspect_max")
    with pytest.raises(ValueError, match="does not lie within"):
        qartod.gross_range(series([1]), **dict(zip(names, spans, strict=True)))


def test_percentile_range() -> None:
    """The library's own example: of six values the least and the greatest are beyond 5 and 95 %."""
    rows = series(["4.1", "4.0", "4.3", "4.5", "6.1", "6.2", None])
    assert flags(qartod.percentile_range, rows, low_pct=5, high_pct=95, pad=0) == [1, 3, 1, 1, 1, 3, 9]
    # percentiles are 4.025 and 6.175, so a pad of 0.025 just reaches both ends
    assert flags(qartod.percentile_range, rows, low_pct=5, high_pct=95, pad=Decimal("0.025")) == [1, 1, 1, 1, 1, 1, 9]
    assert flags(qartod.percentile_range, rows, low_pct=5, high_pct=95, pad=Decimal("0.024")) == [1, 3, 1, 1, 1, 3, 9]
    assert flags(qartod.percentile_range, series([None]), low_pct=5, high_pct=95, pad=0) == [9]
    # of 0, 5 and 8 millionths the quartiles are 2.5 and 6.5 millionths
    fine = series(["0", "0.000005", "0.000008"])
    assert flags(qartod.percentile_range, fine, low_pct=25, high_pct=75, pad=0) == [3, 1, 3]


@settings(max_examples=200)
@given(st.lists(st.integers(-100, 100), min_size=1, max_size=12), st.integers(0, 100))
def test_percentiles(values: list[int], pct: int) -> None:
    """A percentile lies within the values, and the ends are the least and the greatest."""
    assert min(values) <= qartod.percentile(values, pct) <= max(values)
    assert (qartod.percentile(values, 0), qartod.percentile(values, 100)) == (min(values), max(values))


def test_climatology() -> None:
    """What is usual follows the local month or hour; of several climates the last counts, without one nothing is evaluated."""
    march, april = ms(datetime(2026, 3, 31, 23, tzinfo=CST)), ms(datetime(2026, 4, 1, tzinfo=CST))
    rows = pl.concat([series([11], start=march), series([11], start=april), series([None], start=april + 1)])
    cold = Climate("month", 1, 3, suspect=(0, 10), fail=(-5, 11))
    warm = Climate("month", 4, 6, suspect=(0, 30))
    assert flags(qartod.climatology, rows, climates=[cold, warm], offset_ms=OFFSET_MS) == [3, 1, 9]
    assert flags(qartod.climatology, rows, climates=[cold], offset_ms=OFFSET_MS) == [3, 2, 9]
    night = Climate("hour", 23, 23, suspect=(0, 5), fail=(0, Decimal("10.9")))
    assert flags(qartod.climatology, rows, climates=[cold, warm, night], offset_ms=OFFSET_MS) == [4, 1, 9]


@pytest.mark.parametrize(
    ("method", "values", "expected"),
    [
        pytest.param("average", [10, 10, 18, 10, 10], [2, 1, 4, 1, 2], id="EX-7.8"),
        pytest.param("average", [10, 10, 15, 10, 10], [2, 1, 1, 1, 2], id="equal to the suspect threshold"),
        pytest.param("average", [10, 10, "15.000001", 10, 10], [2, 1, 3, 1, 2], id="just above it"),
        pytest.param("average", [10, 10, 17, 10, 10], [2, 1, 3, 1, 2], id="equal to the fail threshold"),
        pytest.param("average", [10, 10, 2, 10, 10], [2, 1, 4, 1, 2], id="downwards"),
        pytest.param("average", [10, None, 18, 10, 10], [2, 9, 2, 1, 2], id="beside a missing one"),
        pytest.param("average", [10], [2], id="one value"),
        pytest.param("differential", [10, 10, 18, 10, 10], [2, 1, 4, 1, 2], id="both steps of 8"),
        pytest.param("differential", [10, 10, 18, 13, 13], [2, 1, 1, 1, 2], id="the smaller step counts"),
        pytest.param("differential", [10, 10, 18, "12.999999", 13], [2, 1, 3, 1, 2], id="just above"),
        pytest.param("differential", [0, 10, 20, 30, 40], [2, 1, 1, 1, 2], id="a slope is no spike"),
        pytest.param("differential", [10, 10, 2, 10, 10], [2, 1, 4, 1, 2], id="differential downwards"),
        pytest.param("differential", [10, 10, 18, 18, 18], [2, 1, 1, 1, 2], id="a step is no spike"),
        pytest.param("differential", [10, None, 18, 10, 10], [2, 9, 2, 1, 2], id="differential beside a missing one"),
    ],
)
def test_spike(method: str, values: Values, expected: list[int]) -> None:
    """EX-7.8: of 10, 10, 18, 10, 10 the 18 fails at thresholds of 5 and 7."""
    assert flags(qartod.spike, series(values), method=method, suspect=5, fail=7) == expected


def test_the_finest_spikes() -> None:
    """At a threshold of zero a millionth stands out, up or down; a slope never does."""
    tiny = "0.000001"
    assert flags(qartod.spike, series([0, tiny, 0, tiny]), method="differential", suspect=0, fail=1) == [2, 3, 3, 2]
    assert flags(qartod.spike, series([0, 1, 2]), method="differential", suspect=0, fail=1) == [2, 1, 2]
    assert flags(qartod.spike, series([5, tiny, 5]), method="average", suspect=4, fail=5) == [2, 3, 2]


@pytest.mark.parametrize(
    ("values", "fail", "expected"),
    [
        pytest.param([20, 26, 27], None, [1, 3, 1], id="EX-7.9"),
        pytest.param([20, "24.8", 20], None, [1, 1, 1], id="exactly 0.08 per second"),
        pytest.param([20, "24.800001", 20], None, [1, 3, 3], id="just above, up and down"),
        pytest.param([20, 26, 27], Decimal("0.09"), [1, 4, 1], id="a second threshold"),
        pytest.param([20, 26, 27], Decimal("0.1"), [1, 3, 1], id="exactly at the second"),
        pytest.param([20, None, 90], None, [1, 9, 1], id="after a missing one"),
    ],
)
def test_rate_of_change(values: Values, fail: Decimal | None, expected: list[int]) -> None:
    """EX-7.9: 20, 26, 27 a minute apart, at 0.08 per second."""
    assert flags(qartod.rate_of_change, series(values), suspect_s=Decimal("0.08"), fail_s=fail) == expected


def test_a_rate_that_is_no_decimal() -> None:
    """A third of a unit per second: 20 in a minute is just that, a millionth more is faster."""
    rows = series([0, 20, "40.000001"])
    assert flags(qartod.rate_of_change, rows, suspect_s=Fraction(1, 3), fail_s=None) == [1, 1, 3]


@pytest.mark.parametrize(
    ("values", "tolerance", "expected"),
    [
        pytest.param([5] * 8, "0.05", [1, 1, 1, 1, 1, 3, 3, 4], id="EX-7.10"),
        pytest.param([5] * 8, "0", [1] * 8, id="EX-7.10 tolerance 0"),
        pytest.param([5, "5.05"] * 4, "0.05", [1] * 8, id="moved by just the tolerance"),
        pytest.param([5, "5.049999"] * 4, "0.05", [1, 1, 1, 1, 1, 3, 3, 4], id="by less"),
        pytest.param([9, *[5] * 7], "0.05", [1] * 6 + [3, 3], id="moved at first"),
        pytest.param([5, 5, None, 5, 5, 5, 5, 5], "0.05", [1, 1, 9, 1, 1, 3, 3, 4], id="a missing one does not count"),
        pytest.param([5, 5], "0.05", [1, 1], id="two readings"),
    ],
)
def test_flat_line(values: Values, tolerance: str, expected: list[int]) -> None:
    """EX-7.10: eight equal minutes, suspect after 300 s and failed after 420 s, at a tolerance of 0.05."""
    assert flags(qartod.flat_line, series(values), suspect_s=300, fail_s=420, tolerance=Decimal(tolerance)) == expected


def test_three_readings_can_be_flat() -> None:
    """The least that can be told: three readings, two steps of a minute; the interval is the median one."""
    assert flags(qartod.flat_line, series([5, 5, 5]), suspect_s=60, fail_s=120, tolerance=1) == [1, 3, 4]
    rows = series([5] * 5, times_s=(0, 60, 120, 180, 9_000))
    assert flags(qartod.flat_line, rows, suspect_s=180, fail_s=9_000, tolerance=1) == [1, 1, 1, 3, 3]
    assert flags(qartod.flat_line, series([5, 5]), suspect_s=60, fail_s=60, tolerance=1) == [1, 1]


def test_the_window_of_a_flat_line() -> None:
    """Its steps are the whole ones that the time holds; it is one reading longer, and only known values in it count."""
    long = series([1, 2, 2, 3], step_s=1_000)
    assert flags(qartod.flat_line, long, suspect_s=1_999, fail_s=9_999, tolerance=1) == [1, 1, 3, 1]
    assert flags(qartod.flat_line, series([1, 5, 5, 5]), suspect_s=120, fail_s=999, tolerance=1) == [1, 1, 1, 3]
    assert flags(qartod.flat_line, series([1, None, None, 5]), suspect_s=120, fail_s=999, tolerance=1) == [1, 9, 9, 3]


@pytest.mark.parametrize(
    ("check", "values", "expected"),
    [
        pytest.param("range", [0, 2, 0, 2, 0], [2, 2, 1, 1, 1], id="a range of 2 is good"),
        pytest.param("range", [0, "1.999999", 0, "1.999999", 0], [2, 2, 3, 3, 3], id="less is suspect"),
        pytest.param("range", [10, 11, 10, 11, 10], [2, 2, 3, 3, 3], id="1 is suspect, at any height"),
        pytest.param("range", [0, "0.999999", 0, 0, 0], [2, 2, 4, 4, 4], id="less fails"),
        pytest.param("range", [0, 5, None, 0, 0], [2, 2, 9, 2, 2], id="two values of the window are too few"),
        pytest.param("std", [0, 6, 0, 6, 0], [2, 2, 1, 1, 1], id="sqrt(8) is good"),
        pytest.param("std", [0, 4, 0, 4, 0], [2, 2, 3, 3, 3], id="sqrt(32/9) is suspect"),
        pytest.param("std", [0, 2, 0, 2, 0], [2, 2, 4, 4, 4], id="sqrt(8/9) fails"),
    ],
)
def test_attenuated_signal(check: str, values: Values, expected: list[int]) -> None:
    """Movement over the last three readings, suspect below 2 and failed below 1."""
    found = flags(qartod.attenuated_signal, series(values), check=check, period_s=180, readings_min=3, suspect=2, fail=1)
    assert found == expected


def test_a_deviation_just_at_its_threshold() -> None:
    """The population's deviation of 1 and 3 is exactly 1, which is not below 1."""
    options: dict[str, Any] = {"check": "std", "period_s": 120, "readings_min": 2, "fail": Fraction("0.5")}
    assert flags(qartod.attenuated_signal, series([1, 3]), suspect=1, **options) == [2, 1]
    assert flags(qartod.attenuated_signal, series([1, 3]), suspect=Decimal("1.000001"), **options) == [2, 3]
    options["readings_min"] = 0
    assert flags(qartod.attenuated_signal, series([None, 3]), suspect=1, **options) == [9, 4]


@pytest.mark.parametrize(("gap_s", "flag"), [(7_200, 1), (7_201, 4)])
def test_time_gap(gap_s: int, flag: int) -> None:
    """A reading more than two hours after the one before fails, also where its value is missing."""
    assert flags(qartod.time_gap, series([1, None, 1], times_s=(0, gap_s, gap_s + 60)), gap_h_max=2) == [1, flag, 1]


def test_reception() -> None:
    """A reading received more than six hours after its time fails; one without receipt is missing."""
    rows = series([1, 1, 1], start=10**12).with_columns(
        received_ms=pl.Series([10**12 + 6 * 3_600_000, 10**12 + 60_000 + 6 * 3_600_000 + 1, None], dtype=pl.Int64)
    )
    assert qartod.reception(rows.reverse(), age_h_max=6)["flag"].to_list() == [1, 4, 9]
