"""The runner of one process: what a turn puts on the log, and what it sets aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from alerts.outbox import Outbox
from ingest.log import PARTITIONS, Entry
from ingest.registry import Contact, Enterprise, Limit, Point, Registry, Source
from plumeline.explain import explained
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import HOUR_MS, MINUTE_SCALE, epoch_ms
from processors.memory import Settings
from tests.processors.given import NOON, O2, SO2, STACK, line, registry, stack_hour, tick

COD, WATER = "w01018", "w00000"


class Street:
    """A runner with a log, a store and an outbox of its own."""

    def __init__(self, folder: Path) -> None:
        contact = Contact(contact="duty", url="http://127.0.0.1:9/none", secret_env="NONE")
        rows = registry().model_copy(update={"contacts": (contact,)})
        self.log = SqliteLog(folder / "log.db")
        self.writer = SqliteWriter(folder / "data.db")
        self.store = SqliteStore(self.writer)
        self.outbox = Outbox(folder / "outbox.db")
        settings = Settings(hot_ms=HOUR_MS, provisional=False)
        self.runner = Runner(self.log, self.writer, self.store, rows, outbox=self.outbox, settings=settings)

    def send(self, *lines: bytes) -> None:
        self.log.append_now([Entry("reports", 0, b"\n".join(lines))])

    def tick(self, minutes: float) -> None:
        self.log.append_now([Entry("reports", p, tick(NOON + timedelta(minutes=minutes))) for p in range(PARTITIONS)])

    def told(self, topic: str) -> list[dict[str, object]]:
        return [json.loads(record.value) for record in self.log.read((topic,), 0, 10_000)]


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    structlog.reset_defaults()
    made = Street(tmp_path)
    yield made
    made.outbox.close()
    made.log.close()


def test_events_alerts_and_touches_are_on_the_log(street: Street) -> None:
    """What happened, whom it was told and what must be rebuilt are records like any other; touches come back as input."""
    street.send(*stack_hour(NOON, 50.0), line(NOON + timedelta(hours=1), {SO2: 20.0, O2: 6.0}))
    street.tick(61)
    street.runner.drain()
    old = NOON - timedelta(hours=5)
    street.send(line(old, {SO2: 20.0, O2: 6.0}, kind="hour", stat="avg", delay_s=7 * 3600))
    street.runner.drain()
    assert [(e["kind"], e["source"], e["live"]) for e in street.told("events")] == [("exceedance.opened", STACK, True)]
    assert [e.id for e in street.store.events()] == [e["id"] for e in street.told("events")]
    assert [(t["source"], t["hour"], t["cause"]) for t in street.told("touches")] == [(STACK, old.isoformat(), "late readings")]
    assert [a["what"] for a in street.told("alerts")] == ["alert"]
    assert len(street.outbox.journal()) == 1
    street.tick(62)
    street.runner.drain()
    figure = street.store.figure(STACK, SO2, "avg_ref", "hour", int(old.timestamp() * 1000))
    assert figure is not None and figure.number == 20
    assert street.store.rows("SELECT * FROM touches") == []


def test_an_input_that_raises_is_set_aside_and_the_rest_goes_on(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line at which the engine raises is quarantined with the error; the lines beside it count."""
    good = stack_hour(NOON, 20.0)
    poison = line(NOON + timedelta(minutes=7, seconds=1), {SO2: 66.6})
    from processors import engine

    plain = engine.decode

    def raising(lines: list[bytes], layouts: object) -> object:
        if poison in lines:
            raise ArithmeticError("a rule failed")
        return plain(lines, layouts)  # type: ignore[arg-type]

    monkeypatch.setattr("processors.engine.decode", raising)
    street.send(*good[:50], poison, *good[50:], line(NOON + timedelta(hours=1), {SO2: 20.0, O2: 6.0}))
    street.tick(61)
    street.runner.drain()
    (aside,) = street.store.quarantine()
    assert aside.raw == poison and "ArithmeticError: a rule failed" in str(aside.detail)
    figure = street.store.figure(STACK, SO2, "avg_ref", "hour", int(NOON.timestamp() * 1000))
    assert figure is not None and (figure.number, figure.n) == (20, 60)


def test_days_weighted_by_volume_outlive_a_restart(tmp_path: Path) -> None:
    """A day of 8 h at 40 mg/L with 100 m3 and 16 h at 60 with 20 is 45.71 (EX-3.1); it is explained, and the runner starts again on it."""
    rows = Registry(
        enterprises=(Enterprise(enterprise="E", name="E"),),
        sources=(Source(source="W", enterprise="E", outlet="DW001", name="outfall", kind="water", cadence_s=60),),
        points=(Point(source="W", factor=COD, unit="mg/L", flow_factor=WATER), Point(source="W", factor=WATER, unit="m3/h")),
        limits=(Limit(source="W", factor=COD, limit_id="L50", limit=50, unit="mg/L", averaging="day"),),
    )
    midnight = NOON.replace(hour=0)
    hours = [midnight + timedelta(hours=h) for h in range(24)]
    sent = [
        line(t, {COD: 40.0, WATER: 100.0} if t.hour < 8 else {COD: 60.0, WATER: 20.0}, source="W", kind="hour", stat="avg")
        for t in hours
    ]
    log, writer = SqliteLog(tmp_path / "log.db"), SqliteWriter(tmp_path / "data.db")
    store = SqliteStore(writer)
    log.append_now([Entry("reports", 0, b"\n".join(sent))])
    log.append_now([Entry("reports", p, tick(midnight + timedelta(hours=24, minutes=10))) for p in range(PARTITIONS)])
    Runner(log, writer, store, rows).drain()
    again = Runner(log, writer, store, rows)
    again.drain()
    start = epoch_ms(midnight)
    day = store.figure("W", COD, "avg", "day", start)
    assert day is not None and day.number is not None and (round(day.number, 2), day.verdict) == (Decimal("45.71"), "complies")
    told = explained(day, rows)
    assert "sum" not in told and "weighted by 1120 m3" in told["note"]  # 8 x 100 + 16 x 20
    flow = store.figure("W", WATER, "avg", "hour", start)
    assert flow is not None and flow.total == 100 * 60 * 10**MINUTE_SCALE
    earlier = replace(day, explain={**day.explain, "total": "None"})
    assert (earlier.total, explained(earlier, rows)) == (None, told)
    log.close()
    store.close()
    writer.close()
