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


def minutes(*runs: tuple[int, float]) -> pl.DataFrame:
    """(count, value) of minutes in a row, against a limit of 35 and the shipped numbers."""
    values = [value for count, value in runs for _ in range(count)]
    return pl.DataFrame(
        {
            "pid": 0,
            "stat": "avg",
            "minute": [n * MINUTE_MS for n in range(len(values))],
            "value": [int(Decimal(str(v)) * FINE) for v in values],
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
    ],
)
def test_hour_so_far(given: pl.DataFrame, opens: bool, closes: bool) -> None:
    """Both sides of each edge; in any order of the rows."""
    for rows in (given, given.sample(fraction=1, shuffle=True, seed=3)):
        (row,) = hour_so_far(rows).rows(named=True)
        assert (row["opens"], row["closes"]) == (opens, closes)


def test_room_for_the_rest_of_the_hour() -> None:
    """30 minutes of 33 leave 37 for the other 30; of 71 they leave nothing."""
    assert room(30 * 33 * FINE, 30, 30, 35 * 10**6) == 37 * 10**6
    assert room(30 * 71 * FINE, 30, 30, 35 * 10**6) is None
    assert room(60 * 33 * FINE, 60, 0, 35 * 10**6) is None


def oracle(values: list[int], base: int, left: int, limit: int) -> tuple[int, int]:
    """The same in fractions of whole numbers."""
    pairs = [(x, y - x) for x, y in pairwise(values)]
    n = len(pairs)
    mean_x, mean_d = (Fraction(sum(p[i] for p in pairs), n) for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in pairs)
    slope = sum((x - mean_x) * (d - mean_d) for x, d in pairs) / spread if spread else Fraction(0)
    slope = max(Fraction(-1), min(Fraction(0), slope))
    return sum(base + (d + slope * (base - x)) * Fraction(left, 60) > limit for x, d in pairs), n


@pytest.mark.parametrize("left", [60, 30, 10])
def test_chances_are_those_of_an_independent_count(left: int) -> None:
    """Of 24 changes of a jagged series, at each base from 20 to 40."""
    values = [20 + (n * n * 7 + n * 3) % 17 for n in range(25)]
    hours = pl.DataFrame(
        {"pid": 0, "stat": "avg", "hour": [n * HOUR_MS for n in range(25)], "value": [v * 10**6 for v in values]}
    )
    for base in range(20, 40):
        bases = pl.DataFrame(
            {
                "pid": [0],
                "stat": ["avg"],
                "hour": [25 * HOUR_MS],
                "base": [base * 10**6],
                "left": [left],
                "limit": [35 * 10**6],
                "hours_back": [24],
            }
        )
        (row,) = chances(bases, one_hour_changes(hours)).rows(named=True)
        assert (row["k"], row["of"]) == oracle(values, base, left, 35)


def test_a_change_is_one_of_adjacent_hours() -> None:
    """A withheld hour and a gap leave none."""
    rows = pl.DataFrame({"pid": 0, "stat": "avg", "hour": [h * HOUR_MS for h in (0, 1, 2, 3, 5)], "value": [1, 3, None, 4, 9]})
    assert one_hour_changes(rows).rows() == [(0, "avg", HOUR_MS, 1, 2)]
