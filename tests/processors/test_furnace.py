"""Waste incineration: slots by two medians, the sixth cold one, days without exempt hours, the sixth exceeding day."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, OFFSET_MS
from processors.rules import furnace, judge
from processors.rules.coverage import hours_needed
from processors.rules.millionths import rounded
from tests.processors.given import CST, ms

M = 10**6
MIDNIGHT = ms(datetime(2026, 5, 1, tzinfo=CST))
SLOT_MS = 5 * MINUTE_MS
UPPER, MIDDLE = [905, 880, 700], [860, 830, 845]


def test_two_medians() -> None:
    """EX-4.1: one bad thermocouple does not move 862.5, where the plain mean would be 836.7 and a false alarm."""
    value = furnace.slot_temperature(UPPER, MIDDLE)
    assert value == Fraction("862.5")
    assert not judge.falls_short(rounded(value) or 0, 850 * M)
    assert Decimal(sum(UPPER + MIDDLE)) / 6 < 850
    assert (furnace.slot_temperature([], MIDDLE), furnace.slot_temperature(UPPER, [])) == (None, None)


def thermocouples(slot: int, upper: list[int | None], middle: list[int | None], pid: int = 1) -> pl.DataFrame:
    """Return a slot's thermocouples, in whole degrees."""
    rows = [
        (pid, slot, section, None if v is None else v * M)
        for section, values in (("upper", upper), ("middle", middle))
        for v in values
    ]
    schema = {"pid": pl.Int64, "slot": pl.Int64, "section": pl.String, "value": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_slots_on_rows() -> None:
    """EX-4.1 on rows; invalid thermocouples leave the median, and a section without any leaves no temperature."""
    rows = pl.concat(
        [
            thermocouples(0, [*UPPER], [*MIDDLE]),
            thermocouples(1, [None, 905, 880], [860, 845]),
            thermocouples(2, [900], [None]),
            thermocouples(3, [None], [None]),
            thermocouples(0, [700], [701], pid=2),
        ]
    )
    why = "no valid thermocouple in the upper or the middle section"
    for each in (rows, rows.reverse()):
        assert furnace.slot_temperatures(each).rows() == [
            (1, 0, 862_500_000, None),
            (1, 1, 872_500_000, None),  # medians 892.5 and 852.5
            (1, 2, None, why),
            (1, 3, None, why),
            (2, 0, 700_500_000, None),
        ]


def slots(*values: int | None, start: int = MIDNIGHT, normal: bool = True) -> pl.DataFrame:
    """Return slots of one furnace, in whole degrees."""
    rows = [(1, start + i * SLOT_MS, None if v is None else v * M, normal) for i, v in enumerate(values)]
    schema = {"pid": pl.Int64, "slot": pl.Int64, "value": pl.Int64, "normal": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("rows", "violations"),
    [
        pytest.param(slots(*[849] * 5), [False] * 5, id="EX-4.2 five slots"),
        pytest.param(slots(*[849] * 6), [False] * 5 + [True], id="EX-4.2 the sixth"),
        pytest.param(slots(*[849] * 5, 850, None, 849), [False] * 5 + [True], id="850 is enough, none is not judged"),
        pytest.param(slots(*[849] * 9, normal=False), [], id="not in normal operation"),
        pytest.param(slots(*[849] * 10, start=MIDNIGHT - 5 * SLOT_MS), [False] * 10, id="five before and five after midnight"),
    ],
)
def test_cold_slots(rows: pl.DataFrame, violations: list[bool]) -> None:
    """EX-4.2: five slots below 850 in a natural day are no violation, the sixth is."""
    for each in (rows, rows.reverse()):
        found = furnace.cold_slots(each, temperature_degc_min=850, slots_max=5, offset_ms=OFFSET_MS)
        assert found["violation"].to_list() == violations


def test_a_cold_slot_tells_its_day_and_number() -> None:
    """Each furnace counts for itself, in local days."""
    rows = pl.concat([slots(849, start=MIDNIGHT - SLOT_MS), slots(848), slots(847).with_columns(pid=pl.lit(2, pl.Int64))])
    found = furnace.cold_slots(rows.reverse(), temperature_degc_min=850, slots_max=5, offset_ms=OFFSET_MS)
    assert found.rows() == [
        (1, MIDNIGHT - DAY_MS, MIDNIGHT - SLOT_MS, 849 * M, 1, False),
        (1, MIDNIGHT, MIDNIGHT, 848 * M, 1, False),
        (2, MIDNIGHT, MIDNIGHT, 847 * M, 1, False),
    ]


HOURS = {
    "pid": pl.Int64,
    "day": pl.Int64,
    "hour": pl.Int64,
    "value": pl.Int64,
    "exempt": pl.Boolean,
    "stopped": pl.Boolean,
}


def hours(*runs: tuple[int, int | None, str]) -> pl.DataFrame:
    """Return (count, value, state) runs of one day, the state being normal, exempt, stopped or both."""
    kinds = [(None if v is None else v * M, "exempt" in s, "stopped" in s) for n, v, s in runs for _ in range(n)]
    rows = [(1, MIDNIGHT, MIDNIGHT + i * HOUR_MS, *kind) for i, kind in enumerate(kinds)]
    return pl.DataFrame(rows, schema=HOURS, orient="row")


@pytest.mark.parametrize(
    ("rows", "basis", "expected"),
    [
        pytest.param(hours((21, 240, ""), (3, 420, "exempt")), "fixed20", (21, 3, 0, 240 * M, None), id="EX-4.3"),
        pytest.param(hours((21, 240, ""), (3, 420, "")), "fixed20", (24, 0, 0, 262_500_000, None), id="EX-4.3 all hours"),
        pytest.param(
            hours((15, 240, ""), (3, None, ""), (6, 420, "exempt")),
            "fixed20",
            (15, 6, 0, None, "15 valid hours of 20"),
            id="the whole day's hours are asked",
        ),
        pytest.param(
            hours((15, 240, ""), (3, None, ""), (6, 420, "exempt")),
            "fraction_of_operating",
            (15, 6, 0, 240 * M, None),
            id="15 of 18 are asked",
        ),
        pytest.param(
            hours((14, 240, ""), (4, None, ""), (6, 0, "stopped")),
            "fraction_of_operating",
            (14, 0, 6, None, "14 valid hours of 15"),
            id="one too few",
        ),
        pytest.param(
            hours((12, 9, "stopped"), (12, 9, "exempt stopped")),
            "fraction_of_operating",
            (0, 0, 24, None, "all hours exempt or stopped"),
            id="nothing left; what is both counts once",
        ),
        pytest.param(
            hours((24, None, "")), "none asked", (0, 0, 0, None, "0 valid hours of 0"), id="nothing asked, nothing there"
        ),
        pytest.param(
            hours((23, 9, "exempt"), (1, None, "")),
            "fraction_of_operating",
            (0, 23, 0, None, "0 valid hours of 1"),
            id="nothing has no mean",
        ),
    ],
)
def test_the_mean_of_the_rest(
    rows: pl.DataFrame,
    basis: Literal["fixed20", "fraction_of_operating", "none asked"],
    expected: tuple[int, int, int, int | None, str | None],
) -> None:
    """EX-4.3: without three exempt hours 240.0 complies with 250; with them it would be 262.5."""
    for each in (rows, rows.reverse()):
        asked, how = (0, "fixed20") if basis == "none asked" else (20, basis)
        (found,) = furnace.day_means_of_rest(each, hours_min=asked, basis=how).rows()  # type: ignore[arg-type]
        assert found == (1, MIDNIGHT, *expected)


def test_means_come_in_order() -> None:
    """By point and day, whatever the order of hours."""
    one = hours((24, 240, ""))
    rows = pl.concat(
        [one.with_columns(pl.col("day") + d * DAY_MS, pid=pl.lit(pid, pl.Int64)) for pid in (3, 1, 2) for d in (1, 0)]
    )
    found = furnace.day_means_of_rest(rows, hours_min=20, basis="fixed20")
    assert found.select("pid", "day").rows() == [(pid, MIDNIGHT + d * DAY_MS) for pid in (1, 2, 3) for d in (0, 1)]


def test_the_daily_limit() -> None:
    """EX-4.3: 240.0 complies with 250, 262.5 would exceed it."""
    limit = judge.limit_profile("WTE-NOX-24H").limit_1e6
    assert [judge.exceeds(value, limit) for value in (240 * M, 262_500_000)] == [False, True]


@settings(max_examples=50, deadline=None)
@given(rest=st.integers(0, 24), valid=st.integers(0, 24), hours_min=st.integers(0, 24))
def test_what_is_asked_of_the_rest(rest: int, valid: int, hours_min: int) -> None:
    """The frame asks as many hours as the formula, and judges them alike."""
    valid = min(valid, rest)
    rows = hours((24 - rest, 5, "exempt"), (valid, 5, ""), (rest - valid, None, ""))
    (found,) = furnace.day_means_of_rest(rows, hours_min=hours_min, basis="fraction_of_operating").rows(named=True)
    asked = hours_needed(hours_min=hours_min, basis="fraction_of_operating", operating_hours=rest)
    assert (found["value"] is not None) is (valid >= asked)
    if rest and valid < asked:
        assert found["reason"] == f"{valid} valid hours of {asked}"


def days(*rows: tuple[int, bool | None]) -> pl.DataFrame:
    """Return (day of May, exceeds) rows."""
    made = [(1, MIDNIGHT + (day - 1) * DAY_MS, exceeds) for day, exceeds in rows]
    return pl.DataFrame(made, schema={"pid": pl.Int64, "day": pl.Int64, "exceeds": pl.Boolean}, orient="row")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(d, True) for d in (1, 3, 5, 7, 9)], (5, None), id="EX-4.4b five days"),
        pytest.param([(d, True) for d in (1, 3, 5, 7, 9, 20)], (6, 20), id="EX-4.4b the sixth"),
        pytest.param([(d, True) for d in (1, 3, 5, 7, 9, 20, 21)], (7, 20), id="the trigger stays the sixth"),
        pytest.param([(d, True) for d in (1, 1, 3, 5, 7, 9)], (5, None), id="two pollutants on one day"),
        pytest.param([(1, True), (2, None), (3, False)], (1, None), id="not judged is not exceeding"),
    ],
)
def test_exceeding_days(rows: list[tuple[int, bool | None]], expected: tuple[int, int | None]) -> None:
    """EX-4.4b: five exceeding days of a month trigger nothing, the sixth does."""
    trigger = None if expected[1] is None else MIDNIGHT + (expected[1] - 1) * DAY_MS
    for each in (days(*rows), days(*rows).reverse()):
        found = furnace.exceeding_days(each, days_max=5, offset_ms=OFFSET_MS)
        assert found.rows() == [(1, MIDNIGHT, expected[0], trigger)]


def test_a_month_ends_the_count() -> None:
    """Six days over the end of a month are none too many."""
    rows = days(*((d, True) for d in range(29, 35)))
    plants = pl.concat([rows.with_columns(pid=pl.lit(pid, pl.Int64)) for pid in (4, 2, 3, 1)])
    found = furnace.exceeding_days(plants, days_max=5, offset_ms=OFFSET_MS)
    assert found.select("pid", "n", "trigger").rows() == [(pid, 3, None) for pid in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert (found["month"].to_list()) == [MIDNIGHT, MIDNIGHT + 31 * DAY_MS] * 4


def test_one_warning_for_one_stay_outside() -> None:
    """EX-4.4b: above 2 000 Pa from 10:00 to 10:10 is one warning, opened 10:00 and closed 10:10, not ten."""
    ten = MIDNIGHT + int(timedelta(hours=10).total_seconds()) * 1000
    values = [2_000, *[2_001] * 10, 500, 499, None, 2_000]
    rows = pl.DataFrame(
        {
            "pid": 1,
            "time_ms": [ten + (i - 1) * MINUTE_MS for i in range(len(values))],
            "value": [None if v is None else v * M for v in values],
        }
    )
    found = furnace.warnings(rows.reverse(), low=500, high=2_000, gap_s_max=60, cover_s=60)
    assert found.rows() == [(1, ten, ten + 10 * MINUTE_MS, 10), (1, ten + 11 * MINUTE_MS, ten + 12 * MINUTE_MS, 1)]
    assert furnace.warnings(rows, low=500, high=None, gap_s_max=60, cover_s=60).rows() == [found.row(1)]
    assert furnace.warnings(rows, low=None, high=2_000, gap_s_max=60, cover_s=60).rows() == [found.row(0)]
