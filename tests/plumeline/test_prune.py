"""A worker's state is bounded: what no rebuild may need is pruned, what is said stays the same, and what would need it is refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import Entry, LogRecord, partition_of
from ingest.registry import Enterprise, Limit, Meter, Point, Registry, Source
from plumeline.kafka_read import commit, consumer
from plumeline.sqlite_prune import MARGIN_MS
from plumeline.worker import GROUP, Partition, WorkerOptions
from processors.figures import DAY_MS
from processors.memory import Settings
from tests.parts import Kafka
from tests.processors.given import FLOW, MIDNIGHT, O2, SO2, line, ms, tick

pytestmark = pytest.mark.slow
PARTITION = 3
STACKS = [name for n in range(200) if partition_of(name := f"STACK{n}") == PARTITION][:3]
(METER,) = [name for n in range(200) if partition_of(name := f"METER{n}") == PARTITION][:1]
CADENCE_S, METER_S, TICK_S = 300, 900, 1_800
KEEP_DAYS, DAYS = 2, 10
STEADY_DAYS = KEEP_DAYS + MARGIN_MS // DAY_MS + 1
"""Days after which a state that keeps KEEP_DAYS must not grow."""
SETTLED_MINUTES = 20
"""Minutes of the last day in which the round of pruning that its beginning caused is over."""


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
        self.ticks = SETTLED_MINUTES
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
        """Take in a day of readings and ticks, a tick a turn."""
        begin = MIDNIGHT + timedelta(days=day)
        for second in range(0, 86_400, TICK_S):
            at = begin + timedelta(seconds=second)
            self.take("reports", *readings(at, at + timedelta(seconds=TICK_S)), tick(at + timedelta(seconds=TICK_S)))

    def late(self, *lines: bytes) -> None:
        """Take in late readings; touches that they cause come back from the log, and a tick works them off."""
        self.ticks += 1
        known = len(self.said.lines("touches"))
        self.take("reports", *lines)
        self.take("touches", *self.said.lines("touches")[known:])
        self.take("reports", tick(MIDNIGHT + timedelta(days=DAYS, minutes=self.ticks)))

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


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[State, State, list[int], list[int]]:
    """A state that keeps KEEP_DAYS and one that keeps all, after DAYS of the same input, and their sizes [pages] at each day's end."""
    structlog.reset_defaults()
    home = tmp_path_factory.mktemp("prune")
    pruned, whole = State(home / "pruned", KEEP_DAYS * DAY_MS), State(home / "whole", None)
    sizes: tuple[list[int], list[int]] = ([], [])
    for day in range(DAYS):
        for state, size in zip((pruned, whole), sizes, strict=True):
            state.day(day)
            size.append(state.pages())
            if day == STEADY_DAYS:
                state.partition.close()
                state.open()
    for state in (pruned, whole):
        for minute in range(SETTLED_MINUTES):
            state.take("reports", tick(MIDNIGHT + timedelta(days=DAYS, minutes=minute)))
    return pruned, whole, *sizes


def test_a_pruned_state_says_the_same_and_stops_growing(both: tuple[State, State, list[int], list[int]]) -> None:
    """Figures, episodes and events of ten days, with a restart, are those of a state that keeps all; its size is steady."""
    pruned, whole, small, large = both
    for topic in ("figures", "events", "touches"):
        assert sorted(pruned.said.lines(topic)) == sorted(whole.said.lines(topic))
    assert pruned.said.lines("figures") and pruned.said.findings("exceedance.opened")
    steady = small[STEADY_DAYS:]
    assert max(steady) <= 1.05 * steady[0], small
    assert large[-1] > 1.3 * large[STEADY_DAYS], large


def test_nothing_old_is_left(both: tuple[State, State, list[int], list[int]]) -> None:
    """Of each table that grows only what a rebuild may need is there; the newest register of a meter stays for ever."""
    pruned = both[0]
    cut = ms(MIDNIGHT) + (DAYS - KEEP_DAYS) * DAY_MS - MARGIN_MS
    for table, column in (
        ("reports", "time"),
        ("figures", "start"),
        ("events", "time"),
        ("carries", "day"),
        ("episodes", "start"),
    ):
        assert pruned.counts(table, f"{column} < {cut - 3_600_000}") == 0, table
        assert pruned.counts(table, "1") > 0, table
    assert pruned.partition.store.kept_from_ms() == cut + MARGIN_MS


def test_an_hour_whose_inputs_are_gone_is_refused(both: tuple[State, State, list[int], list[int]]) -> None:
    """A late reading of yesterday revises its hour as ever; one from before the bound is told and changes nothing."""
    pruned, whole = both[:2]
    for back, refused in ((1, 0), (KEEP_DAYS + 1, 1)):
        at = MIDNIGHT + timedelta(days=DAYS - back, hours=5, minutes=1)
        lines = [line(at, {SO2: 99.0, O2: 7.5}, source=STACKS[0], delay_s=back * 86_400)]
        figures = len(pruned.said.lines("figures")), len(whole.said.lines("figures"))
        for state in (pruned, whole):
            state.late(*lines)
        revised = [
            [json.loads(x) for x in state.said.lines("figures")[first:] if b'"level":"hour"' in x and b'"revised"' in x]
            for state, first in zip((pruned, whole), figures, strict=True)
        ]
        assert [r["start"] for r in revised[1]][:1] == [at.replace(minute=0).isoformat()]
        assert revised[0] == ([] if refused else revised[1])
        told = pruned.said.findings("touch.refused")
        assert [t["facts"]["hour"] for t in told] == [at.replace(minute=0).isoformat()] * refused
        assert whole.said.findings("touch.refused") == []


def test_a_register_from_before_the_bound_is_refused(both: tuple[State, State, list[int], list[int]]) -> None:
    """The days behind it are gone, so that its book cannot be run from there; it is told, and the meter's energy stays as it was."""
    pruned = both[0]
    at = MIDNIGHT + timedelta(days=DAYS - KEEP_DAYS - 2, hours=5, minutes=5)
    figures = len(pruned.said.lines("figures"))
    pruned.late(register(at, late_s=(KEEP_DAYS + 2) * 86_400))
    told = [t["facts"]["hour"] for t in pruned.said.findings("touch.refused") if t["source"] == METER]
    assert told == [at.replace(minute=0).isoformat()]
    assert [x for x in pruned.said.lines("figures")[figures:] if METER.encode() in x and b'"hour"' in x] == []


def test_a_log_that_does_not_reach_back(kafka: Kafka, tmp_path: Path) -> None:
    """A new state reads the log from its beginning; where that was cut off, earlier hours are not rebuilt from what is left of them."""
    structlog.reset_defaults()
    floors = []
    for cut in (0, 30):
        prefix = f"gap{uuid.uuid4().hex[:8]}."
        make_topics(kafka.bootstrap, prefix=prefix)
        publisher = KafkaPublisher(kafka.bootstrap, prefix)
        for minute in range(0, 120, 5):
            at = MIDNIGHT + timedelta(minutes=minute)
            values = [*readings(at, at + timedelta(minutes=5)), tick(at + timedelta(minutes=5))]
            publisher.append_now([Entry("reports", PARTITION, value) for value in values])
        publisher.close()
        part = TopicPartition(prefix + "reports", PARTITION)
        admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        end = admin.list_partition_offsets({part: OffsetSpec.LATEST})[part].offset
        if cut:
            admin.delete_records({part: cut})
        admin.close()
        group = consumer(kafka.bootstrap, GROUP)
        group.assign([part])
        commit(group, {part: end - 1})
        group.close()
        options = WorkerOptions(
            kafka.bootstrap, tmp_path / f"cut{cut}", prefix=prefix, settings=Settings(keep_ms=KEEP_DAYS * DAY_MS)
        )
        options.state.mkdir()
        partition = Partition(PARTITION, Said(), registry(), options)  # type: ignore[arg-type]
        assert partition.catch_up() == end - cut > 0
        floors.append(partition.store.kept_from_ms())
        first = min(t for (t,) in partition.store.rows("SELECT time FROM reports WHERE source = ?", (STACKS[0],)))
        partition.close()
    assert floors[0] < ms(MIDNIGHT) < first < floors[1]
