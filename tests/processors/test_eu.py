"""European averages are covered by two thirds, validated by their confidence interval, and judged by counts and shares."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules import eu
from processors.rules.verdict import Verdict, number_text

M = 10**6
TWO_THIRDS = Fraction(2, 3)


def data(*runs: tuple[int, int | None, str, str], step_s: int = 60) -> pl.DataFrame:
    """Return (count, value, plant, monitor) runs of data from time 0 on."""
    cells = [(None if v is None else v * M, plant, monitor) for n, v, plant, monitor in runs for _ in range(n)]
    rows = [(1, i * step_s * 1000, *cell) for i, cell in enumerate(cells)]
    schema = {"pid": pl.Int64, "time_ms": pl.Int64, "value": pl.Int64, "plant": pl.String, "monitor": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def half_hour(rows: pl.DataFrame) -> list[tuple[int, int | None, str | None, str | None, str | None]]:
    """Average minutes over half-hours, whatever their order."""
    found = eu.averages(rows, period_s=1_800, datum_s=60, share_min=TWO_THIRDS)
    assert found.equals(eu.averages(rows.reverse(), period_s=1_800, datum_s=60, share_min=TWO_THIRDS))
    return found.select("n", "value", "plant", "monitor", "reason").rows()


GOOD = ("operating", "measuring")


@pytest.mark.parametrize(
    ("rows", "n", "value", "reason"),
    [
        pytest.param(data((30, 40, *GOOD)), 30, 40 * M, None, id="whole"),
        pytest.param(data((20, 40, *GOOD), (10, None, *GOOD)), 20, 40 * M, None, id="just two thirds"),
        pytest.param(
            data((19, 40, *GOOD), (11, None, *GOOD)), 19, None, "valid data cover 1140 s of 1800", id="one minute less"
        ),
        pytest.param(data((20, 40, *GOOD)), 20, 40 * M, None, id="what did not arrive is not valid"),
        pytest.param(data((20, 40, *GOOD), (10, 90, "start-up", "measuring")), 20, 40 * M, None, id="start-up does not enter"),
        pytest.param(data((20, 40, *GOOD), (10, 90, "operating", "maintenance")), 20, 40 * M, None, id="nor maintenance"),
        pytest.param(data((30, 40, "stopped", "measuring")), 0, None, "valid data cover 0 s of 1800", id="stopped"),
        pytest.param(data((15, 40, *GOOD), (15, 41, *GOOD)), 30, 40_500_000, None, id="the mean"),
    ],
)
def test_averages(rows: pl.DataFrame, n: int, value: int | None, reason: str | None) -> None:
    """Valid data of a plant that operates and a monitor that measures must cover two thirds of the period."""
    status = GOOD if value is not None else (None, None)
    assert half_hour(rows) == [(n, value, *status, reason)]


def test_raw_data_become_half_hours() -> None:
    """The output of one step is the input of the next: raw data each 5 s, minutes, half-hours."""
    raw = data((8 * 20, 40, *GOOD), (4, 40, *GOOD), (8, None, *GOOD), step_s=5)
    minutes = eu.averages(raw, period_s=60, datum_s=5, share_min=TWO_THIRDS)
    assert minutes["n"].to_list() == [12] * 13 + [8, 0]
    assert minutes["value"].null_count() == 1
    assert half_hour(minutes)[0][0] == 14
    nothing = eu.averages(raw, period_s=60, datum_s=5, share_min=0).row(-1, named=True)
    assert (nothing["value"], nothing["plant"], nothing["reason"]) == (None, None, "valid data cover 0 s of 60")


def test_one_datum() -> None:
    """A single datum may cover its period; one whose status is not known does not count."""
    rows = data((1, 40, *GOOD), (1, 90, *GOOD))
    found = eu.averages(rows, period_s=60, datum_s=60, share_min=TWO_THIRDS)
    assert found["value"].to_list() == [40 * M, 90 * M]
    unknown = rows.with_columns(plant=pl.when(pl.col("value") == 40 * M).then("plant"))
    assert half_hour(unknown)[0][0] == 1


def validated(value: int, limit: int, pct: int) -> int | None:
    made = pl.select(x=eu.validated_expr(pl.lit(value), daily_limit=limit, confidence_pct=pct))["x"]
    return made.to_list()[0]


def test_validated() -> None:
    """EX-9.1: 210 less 20 % of 200 is 170.0; 35 becomes 0.0, not less."""
    assert [validated(value * M, 200, 20) for value in (210, 35)] == [170 * M, 0]


@settings(max_examples=100, deadline=None)
@given(value=st.integers(0, 10**12), limit=st.integers(1, 1_000), pct=st.integers(0, 40))
def test_validated_columns(value: int, limit: int, pct: int) -> None:
    """A share of the limit is taken off, not below 0, and missing stays missing."""
    frame = pl.DataFrame({"v": [value, None]}, schema={"v": pl.Int64})
    made = frame.select(x=eu.validated_expr(pl.col("v"), daily_limit=limit, confidence_pct=pct))["x"].to_list()
    assert made == [max(value - limit * pct * M // 100, 0), None]


@pytest.mark.parametrize(
    ("judged", "outcome", "shown"),
    [
        pytest.param(lambda: eu.waste_day(5, discarded_n_max=5), "passes", "5", id="EX-9.2 valid from 43"),
        pytest.param(lambda: eu.waste_day(6, discarded_n_max=5), "fails", "6", id="EX-9.2 six discarded"),
        pytest.param(lambda: eu.waste_year(10, discarded_days_max=10), "passes", "10", id="EU-7 ten days"),
        pytest.param(lambda: eu.waste_year(11, discarded_days_max=10), "fails", "11", id="EU-7 eleven"),
        pytest.param(lambda: eu.combustion_day(3, invalid_h_max=3), "passes", "3", id="EU-10 three hours"),
        pytest.param(lambda: eu.combustion_day(6, invalid_h_max=3), "fails", "6", id="EX-9.6b EU-10 six hours"),
    ],
)
def test_counts(judged: Callable[[], Verdict], outcome: str, shown: str) -> None:
    """EX-9.2 and the counts of EX-9.6b, at their bounds."""
    verdict = judged()
    assert verdict.number is not None
    assert (verdict.outcome, number_text(verdict.number)) == (outcome, shown)


@pytest.mark.parametrize(
    ("total", "above_a", "above_b", "outcome", "reason"),
    [
        pytest.param(
            17_520, 900, 500, "passes", "share of half-hours within column B 97.15 %, at least 97 required", id="EX-9.3"
        ),
        pytest.param(
            17_520,
            900,
            526,
            "fails",
            "half-hours above column A 900, at most 0 allowed; share of half-hours within column B 96.998 %, at least 97 required",
            id="just below 97 %",
        ),
        pytest.param(100, 1, 3, "passes", "share of half-hours within column B 97 %, at least 97 required", id="exactly 97 %"),
        pytest.param(
            100,
            0,
            50,
            "passes",
            "half-hours above column A 0, at most 0 allowed",
            id="none above column A, whatever column B says",
        ),
        pytest.param(0, 0, 0, "not judged", "no valid half-hour", id="none"),
    ],
)
def test_half_hours(total: int, above_a: int, above_b: int, outcome: str, reason: str) -> None:
    """EX-9.3: of 17 520 half-hours 500 above column B are 97.15 % within."""
    verdict = eu.waste_half_hours(half_hours=total, above_a=above_a, above_b=above_b, share_min_pct=97)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("ten", "ten_above", "half", "half_above", "outcome"),
    [
        pytest.param(144, 7, 48, 5, "passes", id="95.1 % of the ten minutes"),
        pytest.param(144, 8, 48, 5, "fails", id="94.4 %, and half-hours above"),
        pytest.param(144, 8, 48, 0, "passes", id="94.4 %, but all half-hours within"),
        pytest.param(100, 5, 48, 1, "passes", id="exactly 95 %"),
        pytest.param(0, 0, 48, 1, "not judged", id="no ten minutes, half-hours above"),
        pytest.param(144, 8, 0, 0, "not judged", id="no half-hour"),
    ],
)
def test_carbon_monoxide(ten: int, ten_above: int, half: int, half_above: int, outcome: str) -> None:
    """EU-8: 95 % of the ten-minute averages, or all half-hours."""
    verdict = eu.waste_co_day(
        ten_minutes=ten, ten_minutes_above=ten_above, half_hours=half, half_hours_above=half_above, share_min_pct=95
    )
    assert verdict.outcome == outcome


def test_missing_hour() -> None:
    """EX-9.6: mean 40 and deviation 6 give 52.0."""
    assert eu.missing_hour(40, deviation=6, deviation_times=2) == 52


def test_a_deviation_is_taken_to_twelve_decimals() -> None:
    """1 and 2 have a variance of 1/2, and its root is 0.707106781186547…; one number has none."""
    assert eu.deviation_of(n=2, total=3, squares=5) == Fraction("0.707106781186")
    assert eu.deviation_of(n=1, total=3, squares=9) is None
