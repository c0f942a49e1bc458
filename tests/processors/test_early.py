"""Early warning in the engine: the same wherever the log is cut; quiet where nothing is to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import polars as pl
import pytest

from ingest.log import PARTITIONS, LogRecord
from ingest.records import Mark
from processors.early import still_open
from processors.engine import Engine
from processors.figures import HOUR_MS, MINUTE_MS, MINUTE_SCALE, Event
from processors.rules.early import chances, hour_so_far, one_hour_changes, room
from tests.processors.given import NOON, O2, SO2, STACK, line, ms, records, registry, tick

FINE = 10**MINUTE_SCALE
"""A minute's value of 1; an hour's is 10**6."""


def day(so2: Sequence[float], *, until: int = 65) -> list[bytes]:
    """One reading a minute from noon on, and a tick each ten minutes, in the order of the log."""
    lines: list[bytes] = []
    for minute in range(until):
        at = NOON + timedelta(minutes=minute)
        if minute % 10 == 0:
            lines.append(tick(at))
        lines.append(line(at, {SO2: so2[min(minute, len(so2) - 1)], O2: 6.0}))
    return lines


def log(lines: Sequence[bytes]) -> list[LogRecord]:
    """The lines on the log; a tick stands in every partition."""
    out: list[LogRecord] = []
    for value in lines:
        parts = range(PARTITIONS) if b'"tick"' in value[:20] else range(1)
        out += [LogRecord("reports", part, len(out) + part, len(out) + 1 + part, value) for part in parts]
    return out


def told(engine: Engine, log_records: Sequence[LogRecord], cut: int = 10**6) -> list[Event]:
    """The events of early warning that records cause, read in batches of ``cut``."""
    found: list[Event] = []
    for at in range(0, len(log_records), cut):
        for out in engine.apply(log_records[at : at + cut]):
            found += [e for e in out.events if "expected" in e.kind]
    return found


RISING = [34.0] * 30 + [20.0] * 10 + [50.0] * 25


def test_a_warning_is_the_same_wherever_the_log_is_cut() -> None:
    """Opened at 12:20, and ended by the decision of the hour, whatever the batches."""
    given = log(day(RISING))
    whole = told(Engine(registry()), given)
    assert (whole[0].kind, whole[0].time_ms - ms(NOON)) == ("exceedance.expected", 20 * MINUTE_MS)
    assert whole[-1].facts["outcome"] == "came true"  # (30 x 34 + 10 x 20 + 20 x 50) / 60 = 37
    for cut in (1, 7, 40):
        assert told(Engine(registry()), given, cut) == whole


def test_marked_minutes_withdraw_a_warning_and_open_none() -> None:
    """A source under maintenance is not warned of; what was told is withdrawn at the next look."""
    given = day([36.0], until=65)
    mark = Mark(id="m", source=STACK, type="maintenance", start=NOON, end=NOON + timedelta(hours=1), author="a", set_at=NOON)
    lines = log(given)
    at = next(n for n, r in enumerate(lines) if r.value.startswith(b'{"v":1,"tick"') and b"12:30" in r.value)
    engine = Engine(registry())
    before = told(engine, lines[:at])
    after = told(engine, [LogRecord("marks", 0, 0, lines[at].seq, mark.line()), *lines[at:]])
    assert [e.kind for e in before] == ["exceedance.expected"]
    assert [(e.kind, e.facts["outcome"]) for e in after] == [("exceedance.expected_ended", "withdrawn")]
    assert still_open([*reversed(after), *reversed(before)]) == []


def test_backfill_is_not_looked_back_at() -> None:
    """Hours that come in hours later are judged, and nothing is announced of them."""
    late = [line(NOON + timedelta(minutes=m), {SO2: 50.0, O2: 6.0}, delay_s=5 * 3600) for m in range(125)]
    engine = Engine(registry())
    assert told(engine, records([*late, tick(NOON + timedelta(hours=5)), tick(NOON + timedelta(hours=5, minutes=10))])) == []


def minutes(*runs: tuple[int, float | None]) -> pl.DataFrame:
    """(count, value) of minutes in a row, None above the range, against a limit of 35 and the shipped numbers."""
    values = [value for count, value in runs for _ in range(count)]
    return pl.DataFrame(
        {
            "pid": 0,
            "stat": "avg",
            "minute": [n * MINUTE_MS for n in range(len(values))],
            "value": pl.Series([None if v is None else int(Decimal(str(v)) * FINE) for v in values], dtype=pl.Int64),
            "limit": 35 * 10**6,
            "valid_min": 15,
            "above_min": 10,
            "opens_pct": 90,
            "closes_pct": 85,
        }
    )


@pytest.mark.parametrize(
    ("given", "opens", "closes"),
    [
        pytest.param(minutes((30, 33)), True, False, id="EX-10.3"),
        pytest.param(minutes((15, 31.5)), False, False, id="at 0.9"),
        pytest.param(minutes((15, 31.500001)), True, False, id="above 0.9"),
        pytest.param(minutes((14, 34)), False, False, id="14 minutes"),
        pytest.param(minutes((20, 29.75)), False, False, id="at 0.85"),
        pytest.param(minutes((20, 29.749999)), False, True, id="below 0.85"),
        pytest.param(minutes((5, 10), (10, 35.1)), True, False, id="ten minutes above"),
        pytest.param(minutes((5, 10), (1, 35), (9, 35.1)), False, True, id="nine minutes above"),
        pytest.param(minutes((10, 35.1), (5, 10)), False, True, id="ten minutes above that are over"),
        pytest.param(minutes((10, None)), True, False, id="ten minutes above the range"),
        pytest.param(minutes((9, None)), False, False, id="nine minutes above the range"),
        pytest.param(minutes((15, 10), (4, None), (6, 35.1)), True, False, id="above the range, then above the limit"),
        pytest.param(minutes((10, None), (15, 10)), False, True, id="minutes above the range that are over"),
        pytest.param(minutes((9, None), (15, 31.5)), False, False, id="minutes above the range are in no mean"),
        pytest.param(minutes((14, 34), (9, None)), False, False, id="minutes above the range are not valid"),
        pytest.param(minutes((5, 10), (2, 35.1), (1, 35), (8, 35.1)), False, True, id="nine of the newest ten, ten of eleven"),
    ],
)
def test_hour_so_far(given: pl.DataFrame, opens: bool, closes: bool) -> None:
    """Both sides of each edge; in any order of the rows."""
    for rows in (given, given.sample(fraction=1, shuffle=True, seed=3)):
        (row,) = hour_so_far(rows).rows(named=True)
        assert (row["opens"], row["closes"]) == (opens, closes)


@pytest.mark.parametrize(
    ("given", "value", "censored"),
    [
        pytest.param(minutes((10, None)), None, True, id="nothing but minutes above the range"),
        pytest.param(minutes((1, 33), (9, None)), 33, False, id="one valid minute; nine above the range say nothing yet"),
        pytest.param(minutes((2, 33), (10, None)), 33, True, id="two valid minutes"),
        pytest.param(minutes((1, None), (10, 36)), 36, False, id="above the limit now, above the range before"),
    ],
)
def test_what_an_hour_shows_so_far(given: pl.DataFrame, value: int | None, censored: bool) -> None:
    """The mean of valid minutes, and whether it is minutes above the range that tell: those of the newest ten, where all ten lie above."""
    (row,) = hour_so_far(given).rows(named=True)
    assert (row["value"], row["censored"]) == (None if value is None else value * 10**6, censored)


def test_room_for_the_rest_of_the_hour() -> None:
    """30 minutes of 33 leave 37 for the other 30; of 71 they leave nothing."""
    assert room(30 * 33 * FINE, 30, 30, 35 * 10**6) == 37 * 10**6
    assert room(30 * 71 * FINE, 30, 30, 35 * 10**6) is None
    assert room(60 * 33 * FINE, 60, 0, 35 * 10**6) is None
    assert room(59 * 33 * FINE, 59, 1, 35 * 10**6) == 153 * 10**6  # 60 x 35 - 59 x 33
    assert room(30 * 70 * FINE, 30, 30, 35 * 10**6) == 0  # half an hour at twice the limit leaves just nothing
    assert room(30 * 70 * FINE + 1, 30, 30, 35 * 10**6) is None


def oracle(values: list[int], base: int, left: int, limit: int) -> tuple[int, int]:
    """The same in fractions of whole numbers."""
    pairs = [(x, y - x) for x, y in pairwise(values)]
    n = len(pairs)
    mean_x, mean_d = (Fraction(sum(p[i] for p in pairs), n) for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in pairs)
    slope = sum((x - mean_x) * (d - mean_d) for x, d in pairs) / spread if spread else Fraction(0)
    slope = max(Fraction(-1), min(Fraction(0), slope))
    return sum(base + (d + slope * (base - x)) * Fraction(left, 60) > limit for x, d in pairs), n


def series(values: Sequence[int], unit: int) -> pl.DataFrame:
    """Hours from 0 on, in units of so many millionths."""
    hours = [n * HOUR_MS for n in range(len(values))]
    return pl.DataFrame({"pid": 0, "stat": "avg", "hour": hours, "value": [v * unit for v in values]})


def bases_at(hours: Sequence[int], base: int, left: int, limit: int, back: int) -> pl.DataFrame:
    """The same base and limit, in millionths, at several hours."""
    same = {"base": base, "left": left, "limit": limit, "hours_back": back}
    return pl.DataFrame({"pid": 0, "stat": "avg", "hour": [h * HOUR_MS for h in hours], **same})


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(10**6, id="mg/m3"),
        pytest.param(10**3, id="thousandths, the least that a slope is taken from"),
        pytest.param(20_000 * 10**6, id="a flow of 700 000 m3/h"),
    ],
)
@pytest.mark.parametrize("left", [60, 30, 10])
def test_chances_are_those_of_an_independent_count(left: int, unit: int) -> None:
    """Of a jagged series, at each base from 20 to 40, of two hours at once: each counts the ten changes before it, no other."""
    values = [20 + (n * n * 7 + n * 3) % 17 for n in range(25)]
    changes = one_hour_changes(series(values, unit))
    for base in range(20, 40):
        rows = chances(bases_at([15, 20], base * unit, left, 35 * unit, 10), changes).sort("hour").rows(named=True)
        assert [(row["hour"], row["k"], row["of"]) for row in rows] == [
            (hour * HOUR_MS, *oracle(values[hour - 11 : hour], base, left, 35)) for hour in (15, 20)
        ]


def test_all_changes_of_the_hours_asked_for_count() -> None:
    """Of 24 changes in the 24 hours before, the oldest counts too."""
    values = [20 + (n * n * 7 + n * 3) % 17 for n in range(25)]
    (row,) = chances(bases_at([25], 30 * 10**6, 60, 35 * 10**6, 24), one_hour_changes(series(values, 10**6))).rows(named=True)
    assert (row["k"], row["of"]) == oracle(values, 30, 60, 35)


@pytest.mark.parametrize(
    ("values", "limit", "k"),
    [
        pytest.param([30_000, 30_001, 30_001], 30_001, 0, id="slope -1: both lead to 30.001"),
        pytest.param([30_000, 30_001, 30_001], 30_000, 2, id="slope -1: which is above 30.000"),
        pytest.param([30_000, 30_001, 30_000], 29_999, 2, id="slope -2 is taken as -1: to 30.001 and 30.000"),
        pytest.param([30_000, 30_001, 30_002], 31_000, 2, id="slope 0: both lead to 31.001"),
        pytest.param([30_000, 30_001, 30_003], 31_001, 1, id="slope 1 is taken as 0: to 31.001 and 31.002"),
        pytest.param([30_000, 30_001], 31_000, 1, id="one change has no slope: to 31.001"),
        pytest.param([30_000, 30_001], 31_001, 0, id="one change has no slope: not above 31.001"),
    ],
)
def test_a_slope_lies_between_minus_one_and_nought(values: list[int], limit: int, k: int) -> None:
    """From 31.000 and a whole hour to come, in thousandths: base + d + b (base - x), which for b = -1 is x + d."""
    (row,) = chances(bases_at([9], 31_000_000, 60, limit * 1000, 9), one_hour_changes(series(values, 1000))).rows(named=True)
    assert (row["k"], row["of"]) == (k, len(values) - 1)
    assert oracle(values, 31_000, 60, limit) == (k, len(values) - 1)


def test_a_millionth_in_the_last_minute_is_above() -> None:
    """At the limit with one minute to come, a change of a millionth of the unit leads a sixtieth of it above."""
    (row,) = chances(bases_at([2], 35 * 10**6, 1, 35 * 10**6, 2), one_hour_changes(series([7, 8], 1))).rows(named=True)
    assert (row["k"], row["of"]) == (1, 1)


def test_a_change_is_one_of_adjacent_hours() -> None:
    """A withheld hour and a gap leave none."""
    rows = pl.DataFrame({"pid": 0, "stat": "avg", "hour": [h * HOUR_MS for h in (0, 1, 2, 3, 5)], "value": [1, 3, None, 4, 9]})
    assert one_hour_changes(rows).rows() == [(0, "avg", HOUR_MS, 1, 2)]


def test_a_change_is_one_of_a_single_series() -> None:
    """Where one series ends the hour before another begins there is no change; the rows may come in any order."""
    rows = pl.DataFrame(
        {
            "pid": [1, 0, 0, 1, 0, 0],
            "stat": ["avg", "avg", "min", "avg", "avg", "min"],
            "hour": [h * HOUR_MS for h in (5, 1, 3, 4, 0, 2)],
            "value": [60, 20, 40, 50, 10, 30],
        }
    )
    assert one_hour_changes(rows).rows() == [
        (0, "avg", HOUR_MS, 10, 10),
        (0, "min", 3 * HOUR_MS, 30, 10),
        (1, "avg", 5 * HOUR_MS, 50, 10),
    ]
