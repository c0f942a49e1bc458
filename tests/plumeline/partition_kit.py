"""One partition of a worker over a file of its own, given records as the broker would; what it puts on the log is kept for a look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.log import Entry, LogRecord, partition_of
from ingest.registry import Enterprise, Limit, Meter, Point, Registry, Source
from plumeline.worker import Partition, WorkerOptions
from processors.memory import Settings
from tests.processors.given import FLOW, MIDNIGHT, O2, SO2, line, tick

PARTITION = 3
STACKS = [name for n in range(200) if partition_of(name := f"STACK{n}") == PARTITION][:3]
(METER,) = [name for n in range(200) if partition_of(name := f"METER{n}") == PARTITION][:1]
CADENCE_S, METER_S, TICK_S = 300, 900, 1_800


def registry() -> Registry:
    """Stacks with a limit that they exceed now and then, and a meter, all in one partition."""
    return Registry(
        enterprises=(Enterprise(enterprise="E1", name="E1"),),
        sources=(
            *(
                Source(
                    source=s, enterprise="E1", outlet="1", name=s, kind="flue_gas", cadence_s=CADENCE_S, clock_offset_s=3_600
                )
                if s == STACKS[2]
                else Source(source=s, enterprise="E1", outlet="1", name=s, kind="flue_gas", cadence_s=CADENCE_S)
                for s in STACKS
            ),
            Source(source=METER, enterprise="E1", outlet="M", name=METER, kind="energy", cadence_s=METER_S),
        ),
        points=tuple(
            Point(source=s, factor=f, unit="?", **({"reference_o2_pct": 6, "flow_factor": FLOW} if f == SO2 else {}))
            for s in STACKS
            for f in (SO2, O2, FLOW)
        ),
        meters=(Meter(source=METER, factor="kwh", kind="cumulative", unit="kWh", energy_code="electricity_calorific"),),
        limits=tuple(Limit(source=s, factor=SO2, limit_id="L35", limit=35, unit="mg/m3", stat="avg_ref") for s in STACKS),
    )


class Said:
    """What a partition put on the log, by topic."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append_now(self, entries: Sequence[Entry]) -> None:
        self.entries += entries

    def lines(self, topic: str) -> list[bytes]:
        return [line for e in self.entries if e.topic == topic for line in e.value.split(b"\n")]

    def findings(self, kind: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.lines("events")]
        return [row for row in found if row.get("kind") == kind]


class State:
    """One partition over a file of its own, given records as the broker would."""

    def __init__(self, folder: Path, keep_ms: int | None) -> None:
        self.options = WorkerOptions("", folder, settings=Settings(keep_ms=keep_ms))
        folder.mkdir()
        self.said = Said()
        self.offsets = {"reports": 0, "touches": 0}
        self.now = MIDNIGHT
        self.open()

    def open(self) -> None:
        self.partition = Partition(PARTITION, self.said, registry(), self.options)  # type: ignore[arg-type]

    def take(self, topic: str, *values: bytes) -> None:
        records = []
        for value in values:
            records.append(LogRecord(topic, PARTITION, self.offsets[topic], 0, value))
            self.offsets[topic] += 1
        self.partition.take(records)

    def day(self, day: int) -> None:
        """Take in a day of readings and ticks."""
        begin = MIDNIGHT + timedelta(days=day)
        for second in range(0, 86_400, TICK_S):
            at = begin + timedelta(seconds=second)
            self.take("reports", *readings(at, at + timedelta(seconds=TICK_S)))
            self.tick(at + timedelta(seconds=TICK_S) - self.now)

    def tick(self, later: timedelta = timedelta(minutes=1)) -> None:
        """Take in a tick some time after the last one."""
        self.now += later
        self.take("reports", tick(self.now))

    def late(self, *lines: bytes) -> None:
        """Take in late readings; touches that they cause come back from the log, and a tick works them off."""
        known = len(self.said.lines("touches"))
        self.take("reports", *lines)
        self.take("touches", *self.said.lines("touches")[known:])
        self.tick()

    def pages(self) -> int:
        (pages,) = self.partition.writer.db.execute("PRAGMA page_count").fetchone()
        (free,) = self.partition.writer.db.execute("PRAGMA freelist_count").fetchone()
        return int(pages - free)

    def counts(self, table: str, before: str) -> int:
        (count,) = self.partition.writer.db.execute(f"SELECT count(*) FROM {table} WHERE {before}").fetchone()  # noqa: S608
        return int(count)


def readings(start: datetime, end: datetime) -> list[bytes]:
    """Return what all sources send in a stretch of time."""
    out = []
    at = start
    while at < end:
        for n, source in enumerate(STACKS):
            so2 = 48.5 if (at.hour + n) % 5 == 1 else 21.25
            own = at - timedelta(hours=1) if source == STACKS[2] else at
            out.append(line(own, {SO2: so2, O2: 7.5, FLOW: 400_000.0}, source=source, delay_s=3_601 if own < at else 1))
        if at.minute * 60 % METER_S == 0:
            out.append(register(at))
        at += timedelta(seconds=CADENCE_S)
    return out


def register(at: datetime, late_s: float = 1) -> bytes:
    """Return the meter's register, which rises by 10 kWh in an hour."""
    kwh = 1_000 + (at - MIDNIGHT).total_seconds() / 360
    return line(at, {"kwh": round(kwh, 3)}, source=METER, kind="register", stat="reg", delay_s=late_s)
