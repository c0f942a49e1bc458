"""The valid calibration range: weeks with too much above it, a new calibration that is due, what takes it back, restarts and a replay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.log import PARTITIONS, Entry, LogRecord, partition_of
from ingest.records import Mark
from ingest.registry import Limit, Point, Registry, Source
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.calibration_range import months_after
from processors.figures import HOUR_MS, Event
from processors.memory import Settings
from tests.processors.given import CST, STACK, line, ms, tick
from tests.processors.test_engine import Bench

NOX = "a21002"
MONDAY = datetime(2026, 6, 1, tzinfo=CST)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
HIGH_H = 9
"""Hours above the range in the first day of each week: 5.36 % of 168; the range ends at 1.1 x 48 = 52.8."""


def plant(rules: str = "eu-ied") -> Registry:
    """A stack of which the monitor of nitrogen oxides was calibrated up to 48."""
    source = Source(source=STACK, enterprise="E1", outlet="1", name="stack", kind="flue_gas", cadence_s=1800, rules=rules)
    point = Point(source=STACK, factor=NOX, unit="mg/m3", calibrated_high=Decimal(48), valid_from=date(2026, 6, 1))
    period = "day" if rules == "eu-waste" else "year"
    limit = Limit(source=STACK, factor=NOX, limit_id="L", limit=Decimal(200), unit="mg/m3", stat="validated", averaging=period)  # type: ignore[arg-type]
    return Registry(sources=(source,), points=(point,), limits=(limit,))


def day_of(day: int) -> Iterator[bytes]:
    """The hours of a day, of which the first of a week are high; as the device's own, or every half hour."""
    start = MONDAY + day * DAY
    for n in range(24):
        value = 60.0 if day % 7 == 0 and n < HIGH_H else 20.0
        yield line(start + timedelta(hours=n), {NOX: value}, kind="hour", stat="avg")


def told(store: SqliteStore) -> list[Event]:
    return [e for e in reversed(store.events(limit=1000)) if "renewal" in e.kind]


def let_pass(bench: Bench, until: datetime, ticks: int) -> None:
    for n in range(ticks):
        bench.tick(until + timedelta(minutes=6, seconds=10 * n))


def test_the_sixth_week() -> None:
    """EU-16: more than 5 % outside in more than 5 weeks, the sixth of which ends on 13 July; a fault of the monitor in one takes that back."""
    bench = Bench(plant(), hot_hours=6)
    for day in range(42):
        bench.lines(list(day_of(day)))
        assert told(bench.store) == []
        let_pass(bench, MONDAY + (day + 1) * DAY, 2)
    (due,) = told(bench.store)
    assert (due.kind, due.factor, due.facts["due"]) == ("calibration.renewal_due", NOX, "2027-01-13")
    assert due.facts["text"] == (
        "calibration of 2026-06-01: 6 of 6 weeks with more than 5 % of averages above the calibration range, at most 5.36 % in a week;"
        " new QAL2 due by 2027-01-13"
    )
    first = bench.store.figure(STACK, NOX, "outside_range", "day", ms(MONDAY))
    assert first is not None and (first.value, first.n, first.total, first.unit) == (37_500_000, 24, 9, "%")
    mark = Mark(
        id="M1",
        source=STACK,
        type="fault",
        author="test",
        start=MONDAY,
        end=MONDAY + timedelta(hours=5),
        set_at=MONDAY + 42 * DAY,
    )
    bench.feed([LogRecord("marks", 0, 0, 0, mark.line())])
    let_pass(bench, MONDAY + 42 * DAY + timedelta(hours=1), 8)
    assert [e.kind for e in told(bench.store)] == ["calibration.renewal_due", "calibration.renewal_withdrawn"]
    weeks = bench.store.figure(STACK, NOX, "range_weeks", "day", ms(MONDAY))
    assert weeks is not None
    assert (weeks.value, weeks.n) == (5_000_000, 6), "4 of 163 hours in the first"


def test_half_hours_of_a_waste_plant() -> None:
    """Where the rule pack makes half-hours, these are counted: 20 of 48 on each day of a week are 41.7 %."""
    bench = Bench(plant("eu-waste"), hot_hours=6)
    for day in range(8):
        start = MONDAY + day * DAY
        bench.lines([line(start + n * timedelta(minutes=30), {NOX: 60.0 if n < 20 else 20.0}) for n in range(48)])
        let_pass(bench, start + DAY, 2)
    (due,) = told(bench.store)
    assert due.facts["text"].endswith("at most 41.67 % in a week; new QAL2 due by 2026-12-08")


def test_the_same_after_restarts_and_in_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six weeks and a mark that takes one of them back: a replay in other batches and with restarts makes the same figures and events."""
    log = SqliteLog(tmp_path / "log.db")
    settings = Settings(hot_ms=3 * HOUR_MS, provisional=False)

    def runner(name: str, *, publishes: bool) -> tuple[Runner, SqliteStore]:
        writer = SqliteWriter(tmp_path / name)
        store = SqliteStore(writer)
        return Runner(log, writer, store, plant(), settings=settings, publishes=publishes), store

    def ticks(at: datetime, n: int) -> None:
        for i in range(n):
            text = tick(at + timedelta(minutes=6, seconds=10 * i))
            log.append_now([Entry("reports", p, text) for p in range(PARTITIONS)])
            live.drain()

    live, first = runner("live.db", publishes=True)
    for day in range(42):
        log.append_now([Entry("reports", partition_of(STACK), b"\n".join(day_of(day)))])
        ticks(MONDAY + (day + 1) * DAY, 2)
    start = MONDAY + WEEK
    mark = Mark(
        id="M1",
        source=STACK,
        type="fault",
        author="test",
        start=start,
        end=start + timedelta(hours=5),
        set_at=MONDAY + 42 * DAY,
    )
    log.append_now([Entry("marks", partition_of(STACK), mark.line())])
    ticks(MONDAY + 42 * DAY + timedelta(hours=1), 8)
    assert [e.kind for e in told(first)] == ["calibration.renewal_due", "calibration.renewal_withdrawn"]
    found = first.canonical(), first.rows("SELECT id, kind FROM events ORDER BY id")
    monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", PARTITIONS * 7 + 1)
    again, store = runner("again.db", publishes=False)
    while again.step():
        again = Runner(log, again.writer, store, plant(), settings=settings, publishes=False)
    assert (store.canonical(), store.rows("SELECT id, kind FROM events ORDER BY id")) == found
    log.close()


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        pytest.param(datetime(2026, 7, 13, tzinfo=CST), 6, "2027-01-13", id="over the turn of a year"),
        pytest.param(datetime(2026, 8, 31, tzinfo=CST), 6, "2027-02-28", id="a shorter month"),
        pytest.param(datetime(2027, 8, 30, tzinfo=CST), 6, "2028-02-29", id="a leap year"),
        pytest.param(datetime(2026, 6, 30, tzinfo=CST), 6, "2026-12-30", id="December"),
        pytest.param(datetime(2026, 10, 31, tzinfo=CST), 1, "2026-11-30", id="November"),
        pytest.param(datetime(2026, 11, 30, tzinfo=CST), 12, "2027-11-30", id="a year"),
    ],
)
def test_months_after(day: datetime, months: int, due: str) -> None:
    """The same day of a later month, or its last."""
    assert months_after(ms(day), months) == due
