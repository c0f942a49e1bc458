"""European averages are covered by two thirds, validated by their confidence interval, and judged by counts and shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules import eu
from processors.rules.gas import OxygenGuard, half_up
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


@pytest.mark.parametrize(
    ("value", "shown"), [pytest.param("210", "170", id="EX-9.1"), pytest.param("35", "0", id="EX-9.1 floor")]
)
def test_validated(value: str, shown: str) -> None:
    """EX-9.1: 210 less 20 % of 200 is 170.0; 35 becomes 0.0, not less."""
    assert number_text(eu.validated(Decimal(value), daily_limit=200, confidence_pct=20)) == shown


@settings(max_examples=100, deadline=None)
@given(value=st.integers(0, 10**12), limit=st.integers(1, 1_000), pct=st.integers(0, 40))
def test_validated_columns(value: int, limit: int, pct: int) -> None:
    """Columns give what numbers give, and missing stays missing."""
    frame = pl.DataFrame({"v": [value, None]}, schema={"v": pl.Int64})
    made = frame.select(x=eu.validated_expr(pl.col("v"), daily_limit=limit, confidence_pct=pct))["x"].to_list()
    assert made == [half_up(eu.validated(Fraction(value, M), daily_limit=limit, confidence_pct=pct)), None]


@pytest.mark.parametrize(
    ("oxygen", "shown"),
    [
        pytest.param("13", "12.5", id="above the reference: 10 · (21 - 11)/(21 - 13)"),
        pytest.param("11", "10", id="at it"),
        pytest.param("5", "10", id="below it the measured value stands"),
    ],
)
def test_hazardous_waste(oxygen: str, shown: str) -> None:
    """EU-6: only oxygen above the reference is converted."""
    found = eu.at_reference_hazardous(10, oxygen_pct=Decimal(oxygen), reference_pct=11, guard_pct=20)
    assert number_text(found) == shown
    with pytest.raises(OxygenGuard):
        eu.at_reference_hazardous(10, oxygen_pct=20, reference_pct=11, guard_pct=20)


@pytest.mark.parametrize(
    ("judged", "outcome", "shown"),
    [
        pytest.param(lambda: eu.waste_day(5, discarded_n_max=5), "passes", "5", id="EX-9.2 valid from 43"),
        pytest.param(lambda: eu.waste_day(6, discarded_n_max=5), "fails", "6", id="EX-9.2 six discarded"),
        pytest.param(lambda: eu.waste_year(10, discarded_days_max=10), "passes", "10", id="EU-7 ten days"),
        pytest.param(lambda: eu.waste_year(11, discarded_days_max=10), "fails", "11", id="EU-7 eleven"),
        pytest.param(
            lambda: eu.waste_co_days(days=365, above=10, share_min_pct=97), "passes", "97.26", id="EX-9.6b EU-8 ten above"
        ),
        pytest.param(
            lambda: eu.waste_co_days(days=365, above=11, share_min_pct=97), "fails", "96.99", id="EX-9.6b EU-8 eleven above"
        ),
        pytest.param(lambda: eu.combustion_day(3, invalid_h_max=3), "passes", "3", id="EU-10 three hours"),
        pytest.param(lambda: eu.combustion_day(6, invalid_h_max=3), "fails", "6", id="EX-9.6b EU-10 six hours"),
        pytest.param(lambda: eu.combustion_monitoring(10, invalid_days_max=10), "passes", "10", id="EU-10 ten days"),
        pytest.param(lambda: eu.combustion_monitoring(11, invalid_days_max=10), "fails", "11", id="EU-10 eleven days"),
    ],
)
def test_counts(judged: Callable[[], Verdict], outcome: str, shown: str) -> None:
    """EX-9.2 and the counts of EX-9.6b, at their bounds."""
    verdict = judged()
    assert verdict.number is not None
    assert (verdict.outcome, number_text(verdict.number)) == (outcome, shown)


def test_no_days_are_not_judged() -> None:
    """A year without daily averages has no share."""
    assert eu.waste_co_days(days=0, above=0, share_min_pct=97).outcome == "not judged"


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


@pytest.mark.parametrize(
    ("episodes", "outcome"),
    [
        pytest.param(["4.5", "15.5"], "fails", id="EX-9.6b EU-9 one of 4.5 h, 20 h in all"),
        pytest.param(["4"] * 15, "passes", id="4 h and 60 h"),
        pytest.param([*["4"] * 15, "0.1"], "fails", id="60.1 h in all"),
        pytest.param(["1", "4.1"], "fails", id="the longest counts"),
        pytest.param([], "passes", id="none"),
    ],
)
def test_abnormal_operation(episodes: list[str], outcome: str) -> None:
    """EX-9.6b: an episode of 4.5 h is a violation though the year's total is 20 h."""
    verdict = eu.abnormal_operation([Decimal(e) for e in episodes], episode_h_max=4, year_h_max=60)
    assert verdict.outcome == outcome


def test_no_abnormal_operation() -> None:
    """Without episodes the longest lasts no time."""
    verdict = eu.abnormal_operation([], episode_h_max=4, year_h_max=60)
    assert verdict.reason == "longest episode 0 h, at most 4 allowed; year 0 h, at most 60 allowed"


def combustion(months: Sequence[str], days: Sequence[str], hours: Sequence[int]) -> Verdict:
    """Judge a year at a limit of 150."""
    return eu.combustion_year(
        months=[Decimal(v) for v in months],
        days=[Decimal(v) for v in days],
        hours=hours,
        limit=150,
        day_times=Decimal("1.1"),
        hour_times=2,
        hour_share_min_pct=95,
    )


@pytest.mark.parametrize(
    ("months", "days", "hours", "outcome", "reason"),
    [
        pytest.param(
            ["100"],
            ["166"],
            [100],
            "fails",
            "highest daily average 166, at most 165 allowed",
            id="EX-9.6b EU-11 a day of 166",
        ),
        pytest.param(
            ["100"],
            ["100"],
            [301] * 420 + [300] * 7_580,
            "fails",
            "share of hourly averages within 94.75 %, at least 95 required",
            id="EX-9.6b EU-11 420 of 8 000 hours",
        ),
        pytest.param(["150.1"], ["100"], [100], "fails", "highest monthly average 150.1, at most 150 allowed", id="a month"),
        pytest.param([], ["165"], [300], "not judged", "highest monthly average is not known", id="no month"),
    ],
)
def test_combustion(months: list[str], days: list[str], hours: list[int], outcome: str, reason: str) -> None:
    """EX-9.6b: limit 150; a day of 166 fails, and so do 420 of 8 000 hours above 300."""
    verdict = combustion(months, days, hours)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_combustion_at_all_bounds() -> None:
    """A month of 150, a day of 165 and 400 of 8 000 hours above 300 pass."""
    assert combustion(["150"], ["165"], [301] * 400 + [300] * 7_600).outcome == "passes"


@pytest.mark.parametrize(
    ("hours", "outcome"),
    [
        pytest.param(["155", *["50"] * 23], "fails", id="EX-9.6b EU-12 an hour of 155"),
        pytest.param(["148", *["50"] * 23], "passes", id="EX-9.6b EU-12 148"),
        pytest.param(["150", *["50"] * 23], "passes", id="exactly 1.5 times"),
        pytest.param(["100"] * 24, "passes", id="the mean at the limit"),
        pytest.param([*["100"] * 23, "100.1"], "fails", id="the mean above it"),
        pytest.param([], "not judged", id="no hour"),
    ],
)
def test_solvents(hours: list[str], outcome: str) -> None:
    """EX-9.6b: limit 100; an hour of 155 fails, 148 passes."""
    verdict = eu.solvent_day([Decimal(hour) for hour in hours], limit=100, hour_times=Decimal("1.5"))
    assert verdict.outcome == outcome


@pytest.mark.parametrize(
    ("days", "hours", "outcome"),
    [
        pytest.param([50], [101, *[40] * 999], "fails", id="EX-9.6b EU-13 one hour of 101"),
        pytest.param([50], [100, *[40] * 999], "passes", id="100 is not above twice"),
        pytest.param([50], [61] * 3 + [60] * 97, "passes", id="exactly 97 % within 60"),
        pytest.param([50], [61] * 4 + [60] * 96, "fails", id="96 %"),
        pytest.param([51], [40] * 100, "fails", id="a day above"),
        pytest.param([], [40] * 100, "not judged", id="no day"),
    ],
)
def test_swiss(days: list[int], hours: list[int], outcome: str) -> None:
    """EX-9.6b: limit 50; a single hour of 101 fails."""
    verdict = eu.swiss_year(days=days, hours=hours, limit=50, near_times=Decimal("1.2"), near_share_min_pct=97, far_times=2)
    assert verdict.outcome == outcome


def test_missing_hour() -> None:
    """EX-9.6: mean 40 and deviation 6 give 52.0."""
    assert eu.missing_hour(40, deviation=6, deviation_times=2) == 52
