"""Waste incineration: slots by two medians, the sixth cold one, days without exempt hours, the sixth exceeding day."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from processors.figures import DAY_MS, MINUTE_MS, OFFSET_MS
from processors.rules import furnace, judge
from tests.processors.given import CST, ms

M = 10**6
MIDNIGHT = ms(datetime(2026, 5, 1, tzinfo=CST))
SLOT_MS = 5 * MINUTE_MS
UPPER, MIDDLE = [905, 880, 700], [860, 830, 845]


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


def test_the_daily_limit() -> None:
    """EX-4.3: 240.0 complies with 250, 262.5 would exceed it."""
    limit = judge.limit_profiles()["WTE-NOX-24H"].limit_1e6
    assert [judge.exceeds(value, limit) for value in (240 * M, 262_500_000)] == [False, True]


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
