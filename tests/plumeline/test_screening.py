"""Screening as the pipeline does it: findings of closed days, the same after a restart and in a replay; scored on labelled fraud."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from alerts.lifecycle import steps
from ingest.log import PARTITIONS, Entry
from ingest.records import Mark
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import DAY_MS, HOUR_MS, Event, epoch_ms
from processors.memory import Settings
from simulators import fraud
from tests.bench.screening import START, Score, score, screened, stored
from tests.processors.given import FLOW, MIDNIGHT, O2, SO2, STACK, line, registry, tick

ONE_DAY = [33.0] * 21 + [20.0, 19.0, 18.0]
"""21 of 24 hours above 0.9 times the limit of 35, none above it: 87.5 % (EX-7.2 asks for 80 %)."""


class County:
    """One stack at 6 % oxygen, so that its values at reference oxygen are those that it sends as its own hours."""

    def __init__(self, folder: Path) -> None:
        structlog.reset_defaults()
        self.folder = folder
        self.open()

    def open(self) -> None:
        self.log = SqliteLog(self.folder / "log.db")
        self.store = SqliteStore(SqliteWriter(self.folder / "data.db"))
        settings = Settings(hot_ms=6 * HOUR_MS, provisional=False)
        self.runner = Runner(self.log, self.store.writer, self.store, registry(), settings=settings)

    def restart(self) -> None:
        self.store.close()
        self.store.writer.close()
        self.log.close()
        self.open()

    def day(self, number: int, values: list[float], o2: float = 6.0) -> None:
        for n, value in enumerate(values, 24 * number):
            sent = {SO2: value, O2: o2, FLOW: 300_000 + 1000 * (n % 7)}
            self.log.append_now([Entry("reports", 0, line(MIDNIGHT + timedelta(hours=n), sent, kind="hour", stat="avg"))])

    def ticks(self, hours: float, times: int = 4) -> None:
        for n in range(times):
            at = MIDNIGHT + timedelta(hours=hours, minutes=6 + n)
            self.log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
            self.runner.drain()

    def findings(self) -> list[Event]:
        return sorted(self.store.events(STACK, "screening.finding", 100), key=lambda e: e.id)


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    made = County(tmp_path)
    yield made
    made.log.close()


def test_a_day_is_screened_once_it_is_over(county: County) -> None:
    """Nothing while it runs; then what was seen, by which rule, with weight and key figures (mean 750 / 24)."""
    county.day(0, ONE_DAY)
    county.ticks(23.5)
    assert county.findings() == []
    county.ticks(24)
    hugging, constant = (e for rule in ("DQ-4", "DQ-1") for e in county.findings() if e.facts["rule"] == rule)
    assert hugging.id == f"screening.finding/{STACK}/{SO2}/DQ-4/2026-07-01"
    assert hugging.facts["text"] == "21 of 24 valid hours just below the limit, none above"
    assert (hugging.facts["weight"], hugging.facts["pack"], hugging.facts["limit"]) == (3, "cn-flue-gas", "35")
    assert [hugging.facts[n] for n in ("hours", "low", "high", "mean")] == [24, "18", "33", "31.25"]
    assert constant.facts["text"] == "21 readings between 33 and 33 while running"


def test_nobody_is_called_for_a_finding(county: County) -> None:
    """Patterns are looked at on their page."""
    county.day(0, ONE_DAY)
    county.ticks(24)
    assert county.findings() and steps({}, county.findings())[1] == []


def test_findings_are_a_function_of_the_log(county: County, tmp_path: Path) -> None:
    """A restart between day and closing, and a replay of the log into an empty store, tell the same."""
    county.day(0, ONE_DAY)
    county.ticks(24, 1)
    county.restart()
    county.ticks(24.2)
    county.day(1, ONE_DAY)
    county.ticks(48)
    told = county.findings()
    assert [e.facts["rule"] for e in told] == ["DQ-1", "DQ-1", "DQ-4", "DQ-4"]
    again = SqliteStore(SqliteWriter(tmp_path / "again.db"))
    Runner(county.log, again.writer, again, registry(), settings=Settings(hot_ms=6 * HOUR_MS, provisional=False)).drain()
    assert sorted(again.events(STACK, "screening.finding", 100), key=lambda e: e.id) == told


def test_what_a_late_hour_brings_to_light(county: County) -> None:
    """With 19 of 23 hours near the limit nothing is told of hugging at 82.6 % ... but one above; mended, the day is closed again."""
    day = [33.0 + n / 100 for n in range(20)] + [20.0, 19.0, 18.0, 17.0]
    county.day(0, [36.0, *day[1:]])
    county.ticks(24)
    assert [e.facts["rule"] for e in county.findings()] == []
    mended = {SO2: 33.5, O2: 6.0, FLOW: 300_000}
    row = line(MIDNIGHT, mended, kind="hour", stat="avg", delay_s=26 * 3600)
    county.log.append_now([Entry("reports", 0, row.replace(b'"decoder":1', b'"decoder":2'))])
    county.ticks(27, 6)
    assert [e.facts["text"] for e in county.findings()] == ["20 of 24 valid hours just below the limit, none above"]


def test_a_stop_that_was_none(county: County) -> None:
    """Declared from 12 to 18 with oxygen at 6 %: DQ-12 tells it, and what the values do meanwhile is no evidence."""
    mark = Mark(
        id="m",
        source=STACK,
        type="stopped",
        start=MIDNIGHT + timedelta(hours=12),
        end=MIDNIGHT + timedelta(hours=18),
        author="operator",
        set_at=MIDNIGHT,
    )
    county.log.append_now([Entry("marks", 0, mark.line())])
    county.day(0, [20.0 + n for n in range(12)] + [5.0] * 6 + [19.0 - n for n in range(6)])
    county.ticks(24)
    (told,) = county.findings()
    assert (told.facts["rule"], told.facts["text"]) == ("DQ-12", "declared stopped, yet running by oxygen, flow for 360 min")


def test_days_without_data_and_outlets_without_pollutants_tell_nothing() -> None:
    """Before the first reading, after the last, and at a source whose points are all gone from the registry."""
    rows = registry()
    hours = [line(MIDNIGHT + timedelta(hours=n), {SO2: 20.0 + n, O2: 6.0}, kind="hour", stat="avg") for n in range(24)]
    store, day = stored(rows, hours), epoch_ms(MIDNIGHT)
    assert screened(rows, store, [day - DAY_MS, day, day + DAY_MS, day + 40 * DAY_MS])[0] == []
    assert screened(rows.model_copy(update={"points": (), "limits": ()}), store, [day])[0] == []


DAYS = 8


@pytest.fixture(scope="module")
def small() -> Score:
    return score(fraud.stacks("small", START, DAYS, honest=6, each=1, cadence_s=300), DAYS)


def test_labelled_fraud_is_found(small: Score) -> None:
    """Of the 11 heaviest of 17 stacks at least 10 tamper; at least 10 of the 11 ways leave a finding."""
    assert small.precision >= 10 / 11
    assert sum(hits for hits, _of in small.caught.values()) >= 10
    assert set(small.caught) == set(fraud.TAMPERINGS)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("constant", "DQ-1"),
        ("smoothed", "DQ-2"),
        ("copied", "DQ-10"),
        ("stopped", "DQ-12"),
        ("range cut", "DQ-RANGE"),
        ("generated", "DQ-14"),
        ("calibrated", "DQ-11-SHARE"),
        ("silenced", "DQ-16"),
    ],
)
def test_each_way_is_found_by_its_rule(small: Score, kind: str, rule: str) -> None:
    """What is found is what was done, not something beside it."""
    assert small.rules[kind][rule] > 0


def test_honest_stacks_are_mostly_left_alone(small: Score) -> None:
    """At most 3 findings a source-month, and none of the rules that weigh most."""
    assert small.false_a_month <= 3
    assert not set(small.false) & {"DQ-10", "DQ-12", "DQ-14", "DQ-RANGE"}
