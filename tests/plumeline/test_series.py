"""Quality tests of series as the pipeline runs them: told once a day is over, the same after a restart and in a replay, and no judgement changed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog

from ingest.log import PARTITIONS, Entry
from plumeline.check import check
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.closing import Closed
from processors.figures import HOUR_MS, Event, epoch_ms
from processors.memory import Settings
from processors.packs import chosen
from processors.points import Points, Rules
from processors.series import flags_of_day
from tests.conftest import REPO, SHARED, require
from tests.processors.given import FLOW, MIDNIGHT, O2, SO2, STACK, line, registry, tick

SETTINGS = Settings(hot_ms=6 * HOUR_MS, provisional=False)


class Stack:
    """A stack under a rule pack, a reading each half minute."""

    def __init__(self, folder: Path, rules: str) -> None:
        structlog.reset_defaults()
        self.folder, self.rules = folder, rules
        folder.mkdir(exist_ok=True)
        self.open()

    def open(self) -> None:
        self.log = SqliteLog(self.folder / "log.db")
        self.store = SqliteStore(SqliteWriter(self.folder / "data.db"))
        self.runner = Runner(self.log, self.store.writer, self.store, registry(rules=self.rules), settings=SETTINGS)

    def close(self) -> None:
        self.store.close()
        self.store.writer.close()
        self.log.close()

    def send(self, minute: float, oxygen: list[float], delay_s: float = 1) -> None:
        """Send readings from a minute of the first day on; 40 mg/m3 of SO2 at 6 % oxygen exceed the limit of 35."""
        for n, value in enumerate(oxygen):
            time = MIDNIGHT + timedelta(minutes=minute, seconds=30 * n)
            values: dict[str, float | None] = {SO2: 40.0 + n % 3, O2: value, FLOW: 300_000.0}
            self.log.append_now([Entry("reports", 0, line(time, values, delay_s=delay_s))])

    def ticks(self, hours: float, times: int = 4) -> None:
        for n in range(times):
            at = MIDNIGHT + timedelta(hours=hours, minutes=6 + n)
            self.log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
            self.runner.drain()

    def told(self) -> list[Event]:
        found = self.store.events(STACK, "screening.finding", 100)
        return sorted((e for e in found if str(e.facts["rule"]).startswith("SER-")), key=lambda e: e.id)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path / "one", "cn-flue-gas-series")
    yield made
    made.close()


OXYGEN = [*[6.0, 6.1, 6.2] * 36, 24.0, *[6.1, 6.2, 6.0] * 4, 6.1]
"""An hour: one reading of 24 % at the 109th place, 54 minutes after its start."""


def test_a_day_is_tested_once_it_is_over(stack: Stack) -> None:
    """Nothing while it runs. 24 % is above what is plausible (21.5), and 17.8 from the one before, 17.9 from the one after: above 15."""
    stack.send(600, OXYGEN)
    stack.ticks(23)
    assert stack.told() == []
    stack.ticks(24)
    outside, spike = stack.told()
    assert outside.id == f"screening.finding/{STACK}/{O2}/SER-RANGE/2026-07-01"
    assert outside.facts == {
        "text": "122 readings, 1 suspect, 0 fail; worst at 2026-07-01T10:54:00+08:00: 24; suspect outside 0 to 21.5, fail outside 0 to 25",
        "rule": "SER-RANGE",
        "detector": "series.gross_range",
        "pack": "cn-flue-gas-series",
        "weight": 1,
        "start": "2026-07-01T10:54:00+08:00",
        "end": "2026-07-01T10:54:30+08:00",
        "day": "2026-07-01",
        "unit": "%",
        "low": "24",
        "high": "24",
        "good": 121,
        "not_evaluated": 0,
        "suspect": 1,
        "fail": 0,
        "missing": 0,
    }
    counts = {name: spike.facts[name] for name in ("good", "not_evaluated", "suspect", "fail", "missing")}
    assert counts == {"good": 119, "not_evaluated": 2, "suspect": 0, "fail": 1, "missing": 0}
    assert "suspect where it steps by more than 5 and back, fail by more than 15" in str(spike.facts["text"])


def test_late_readings_and_a_gap(stack: Stack) -> None:
    """Received 7 h late: every one fails; 2 h 1 min after the last one before: the first fails, and the day is closed anew."""
    stack.send(600, [6.0, 6.1])
    stack.ticks(24)
    assert stack.told() == []
    stack.send(721.5, [6.2, 6.3], delay_s=17 * 3600)
    stack.ticks(30, 6)
    found = {e.facts["rule"]: e.facts for e in stack.told()}
    assert set(found) == {"SER-AGE", "SER-GAP"}
    assert (found["SER-AGE"]["fail"], found["SER-AGE"]["good"], found["SER-GAP"]["fail"]) == (2, 2, 1)
    assert found["SER-GAP"]["start"] == "2026-07-01T12:01:30+08:00"


def test_a_late_reading_before_midnight_tests_the_next_day_anew(stack: Stack) -> None:
    """24 % at 23:59:30 comes when both days are over: it stands 18 above 23:59 and 00:00, which only the next day's test sees."""
    stack.send(1430, [6.0] * 19)
    stack.ticks(24)
    stack.send(1440, [6.0] * 20)
    stack.ticks(48)
    assert "SER-SPIKE" not in {e.facts["rule"] for e in stack.told()}
    stack.send(1439.5, [24.0], delay_s=25 * 3600)
    stack.ticks(49, 6)
    spike = next(e for e in stack.told() if e.facts["rule"] == "SER-SPIKE")
    assert (spike.facts["day"], spike.facts["start"], spike.facts["fail"]) == ("2026-07-02", "2026-07-01T23:59:30+08:00", 1)


def test_flags_are_a_function_of_the_log(stack: Stack, tmp_path: Path) -> None:
    """A restart between a day and its closing, and a replay of the log into an empty store, tell the same."""
    stack.send(600, OXYGEN)
    stack.ticks(24, 1)
    stack.close()
    stack.open()
    stack.ticks(24.2)
    stack.send(24 * 60 + 600, OXYGEN)
    stack.ticks(48)
    told = stack.told()
    assert [(e.facts["rule"], e.facts["day"]) for e in told] == [
        ("SER-GAP", "2026-07-02"),  # 11:00:30 to 10:00
        *((rule, day) for rule in ("SER-RANGE", "SER-SPIKE") for day in ("2026-07-01", "2026-07-02")),
    ]
    again = SqliteStore(SqliteWriter(tmp_path / "again.db"))
    Runner(stack.log, again.writer, again, registry(rules=stack.rules), settings=SETTINGS).drain()
    kept = again.events(STACK, "screening.finding", 100)
    assert sorted((e for e in kept if str(e.facts["rule"]).startswith("SER-")), key=lambda e: e.id) == told
    again.close()


FEED = SHARED / "data" / "wwtp_tilburg" / "wwtp_tilburg_online_2022_03_04.csv"
QUARTER_MS = 900_000


def test_spikes_of_a_real_sensor() -> None:
    """Water temperature each quarter of an hour for 50 days, against a count over the file itself: differential, 3 and 10 degrees."""
    require("shared", FEED.exists(), "a real sensor's spikes are counted")
    done = check(FEED, REPO / "feeds" / "wwtp_tilburg_online.toml")
    assert done.store is not None
    rows = done.registry.model_copy(
        update={"sources": tuple(s.model_copy(update={"rules": "cn-water-series"}) for s in done.registry.sources)}
    )
    points = Points(rows, Rules())
    source = points.sources["tilburg-online"]
    pack = chosen(source, points.packs)
    spikes = [rule for rule in pack.rules if rule.step == "series.spike"]
    found: dict[int, int] = {}
    days = sorted({f.start_ms for f in done.figures if f.level == "day"})
    for day in days:
        closed = Closed(source, day, 0, 2**60, pack, points, [], [], done.store)
        (tested,) = flags_of_day(closed, spikes)
        times = dict(tested.rows.select("time_ms", "flag").rows())
        assert not times.keys() & found.keys(), "a reading belongs to one day"
        found |= times
    with FEED.open(encoding="utf-8") as file:
        read = {
            epoch_ms(datetime.fromisoformat(row["time_local"] + "+08:00")): Decimal(row["temp_c"])
            for row in csv.DictReader(file)
            if row["temp_c"]
        }
    expected = {time: _spike(read, time) for time in read if time < days[-1] + 24 * HOUR_MS - QUARTER_MS}
    assert found == expected and list(expected.values()).count(4) == 1


def _spike(read: dict[int, Decimal], time: int) -> int:
    if time - QUARTER_MS not in read or time + QUARTER_MS not in read:
        return 2
    before, after = read[time] - read[time - QUARTER_MS], read[time] - read[time + QUARTER_MS]
    step = min(abs(before), abs(after)) if (before > 0) == (after > 0) else 0
    return 4 if step > 10 else 3 if step > 3 else 1


def test_flags_change_no_figure(stack: Stack, tmp_path: Path) -> None:
    """Values, reasons, verdicts and digests of hours and days are those without the tests."""
    plain = Stack(tmp_path / "two", "")
    figures: list[list[Any]] = []
    for each in (stack, plain):
        each.send(600, OXYGEN)
        each.ticks(24)
        start = epoch_ms(MIDNIGHT)
        rows = [f for level in ("hour", "day") for f in each.store.figures(STACK, level, start, start + 24 * HOUR_MS)]
        figures.append([(f.level, f.factor, f.stat, f.start_ms, f.value, f.reason, f.verdict, f.inputs) for f in rows])
    assert figures[0] == figures[1] and "exceeds" in {row[6] for row in figures[0]}
    assert stack.told() and not plain.told()
    plain.close()
