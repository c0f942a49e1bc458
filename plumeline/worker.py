"""The worker of a cluster: Faust hands over records, one engine a partition works them off, outputs go back to Kafka.

A partition's state is a SQLite file, a cache of the log: it is written with the offsets it stands for, after everything that the turn
caused was acknowledged by the broker and before the records are acknowledged to the group. So a turn that is repeated publishes the
same again, under the same identities; a file that lags behind (the partition was elsewhere, the machine is new) is brought up to date
by reading the log again without publishing, before anything new is taken in.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import faust
import structlog

from ingest.kafka_log import RECORD_BYTES_MAX, KafkaPublisher
from ingest.log import PARTITIONS, Entry, LogRecord, partition_of
from ingest.records import Tick
from ingest.registry import Registry, part_of
from plumeline.kafka_read import RegistryWatch, between, missed
from plumeline.runner import Turns, bad_frames, event_entries, touch_entries
from plumeline.sqlite_prune import Pruner
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import KEPT_FROM, SqliteWriter
from processors.figures import local
from processors.lines import lines_of
from processors.memory import Settings
from processors.output import Output

GROUP = "plumeline-worker"
INPUTS = ("reports", "marks", "touches")
"""Topics with the same partitions; a partition of all three is worked off by one worker."""
TAKE_RECORDS, TAKE_S = 6_000, 0.05
"""Records of one batch, and how long it waits to fill."""
GATHER_S, BACKLOG_RECORDS = 1.0, 1_000
"""How long a batch is gathered, and from how many on that wait on the log: small batches cost as many queries as large ones."""
BUFFER_RECORDS = 12_288
"""Records that wait in memory; the gateway bounds a record, and a bundle is about 20 kB."""
GC_THRESHOLDS = (50_000, 20, 100)
"""Objects made between two looks of the garbage collector: a batch makes millions, and none of them in cycles."""
LINES_BYTES_MAX = RECORD_BYTES_MAX // 2
"""Bytes of one record of topic ``figures``."""


@dataclass(slots=True)
class WorkerOptions:
    """What a worker is told; ``topics`` maps names on the broker to the inputs that they are, where they are not called so."""

    bootstrap: str
    state: Path
    instance: str = ""
    prefix: str = ""
    settings: Settings = field(default_factory=Settings)
    group: str = GROUP
    topics: dict[str, str] = field(default_factory=dict)
    partitions: int = PARTITIONS

    def inputs(self) -> dict[str, str]:
        """Return the input that each topic is."""
        return self.topics or {self.prefix + topic: topic for topic in INPUTS}


class Partition(Turns):
    """One partition: its engine, its state, and what its turns put on the log."""

    def __init__(self, number: int, publisher: KafkaPublisher, registry: Registry, options: WorkerOptions) -> None:
        self.number, self.options = number, options
        self.given = self.own(registry)
        writer = SqliteWriter(options.state / f"partition-{number:02d}.db", keeps_pages=False)
        super().__init__(
            publisher,
            writer,
            SqliteStore(writer),
            self.given,
            settings=options.settings,
            accounts=False,
        )
        self.pruner = Pruner(writer)

    def own(self, registry: Registry) -> Registry:
        """Return the rows of this partition's sources."""
        return part_of(registry, lambda source: partition_of(source, self.options.partitions) == self.number)

    def entries(self, out: Output) -> list[Entry]:
        """Return figures, events, touches, refused input and the newest ticks as records."""
        entries = touch_entries(out) + event_entries(out)
        lines = [line for _source, line in lines_of(out, self.engine.points)]
        entries += [Entry("figures", self.number, bundle) for bundle in bundles(lines)]
        entries += [Entry("quarantine", self.number, frame.line()) for frame in bad_frames(out.bad, self.wall_ms())]
        entries += [
            Entry("events", self.number, Tick(tick=local(now), gateway=gateway).line())
            for (_partition, gateway), (now, _sighted) in out.ticks.items()
        ]
        return entries

    def take(self, records: Iterable[LogRecord], *, live: bool = True) -> None:
        """Work off records that are new, and before them what lies between the state and them; what the state knows is passed over."""
        fresh = [r for r in records if r.offset > self.offsets.get(r.topic, -1)]
        for skipped in self._skipped(fresh):
            self._work_off(skipped, live=False)
        if fresh:
            self._work_off(fresh, live=live)
            if self.engine.watch.now_ms is not None:
                self.pruner.step(self.engine.keep_from(self.engine.watch.now_ms))

    def _skipped(self, fresh: list[LogRecord]) -> Iterator[list[LogRecord]]:
        """Yield the records that were handed to nobody: a rebalance took the partition away and gave it back while a batch was under way.

        They are published as others are: whoever did it already used the same identities.
        """
        first = {r.topic: r.offset for r in reversed(fresh)}
        holes = {topic: (self.offsets.get(topic, -1) + 1, offset) for topic, offset in first.items()}
        holes = {topic: hole for topic, hole in holes.items() if hole[0] < hole[1]}
        if holes:
            structlog.get_logger("plumeline.worker").info("records read again", partition=self.number, holes=holes)
            yield from between(self.options.bootstrap, holes, self.number, self.options.prefix)

    def _work_off(self, records: list[LogRecord], *, live: bool) -> None:
        first = self.progress.seq + 1
        self.work([r._replace(seq=first + n) for n, r in enumerate(records)], live=live)

    def catch_up(self) -> int:
        """Read again what others worked off since this state was written, without publishing; return how many records.

        Where the log does not reach back that far, hours that began before the first tick that was read cannot be rebuilt any more.
        """
        self.publishes, count, gap = False, 0, False
        begins = {topic: self.offsets.get(topic, -1) + 1 for topic in INPUTS}
        try:
            for records in missed(self.options.bootstrap, GROUP, begins, self.number, self.options.prefix):
                first = next((r.offset for r in records if r.topic == "reports"), 0)
                gap = gap or first > self.offsets.get("reports", -1) + 1
                self.take(records, live=False)
                count += len(records)
                if gap and self.engine.watch.now_ms is not None:
                    self.writer.put_meta(KEPT_FROM, str(self.engine.watch.now_ms))
                    gap = False
        finally:
            self.publishes = True
        return count

    def close(self) -> None:
        """Close the state's file."""
        self.store.close()
        self.writer.close()


def bundles(lines: list[bytes]) -> list[bytes]:
    """Join lines to records of bounded size."""
    out: list[bytes] = []
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and size + len(line) > LINES_BYTES_MAX:
            out.append(b"\n".join(held))
            held, size = [], 0
        held.append(line)
        size += len(line) + 1
    return [*out, b"\n".join(held)] if held else out


class InForce(Protocol):
    """Where the registry in force is found; ``changes`` counts how often it was another."""

    registry: Registry
    changes: int

    def close(self) -> None:
        """Look no more."""


class Worker:
    """All partitions of one process; called from one thread."""

    def __init__(
        self, options: WorkerOptions, registry: InForce | None = None, partition: Callable[..., Partition] = Partition
    ) -> None:
        """Read the registry, from its topic unless it is given.

        Raises:
            LookupError: there is none on its topic.
        """
        self.options, self._made = options, partition
        options.state.mkdir(parents=True, exist_ok=True)
        self.registry: InForce = registry or RegistryWatch(options.bootstrap, options.prefix)
        self._adopted = self.registry.changes
        self.publisher = KafkaPublisher(options.bootstrap, options.prefix)
        self.partitions: dict[int, Partition] = {}
        self.logger = structlog.get_logger("plumeline.worker")

    def work(self, records: list[LogRecord], *, live: bool) -> None:
        """Work off one batch, partition by partition; not ``live`` where more is waiting behind it."""
        if self.registry.changes != self._adopted:
            self._adopted = self.registry.changes
            for partition in self.partitions.values():
                partition.adopt(partition.own(self.registry.registry))
        by_partition: dict[int, list[LogRecord]] = {}
        for record in records:
            by_partition.setdefault(record.partition, []).append(record)
        for number, part in by_partition.items():
            self._partition(number).take(part, live=live)

    def _partition(self, number: int) -> Partition:
        found = self.partitions.get(number)
        if found is None:
            found = self._made(number, self.publisher, self.registry.registry, self.options)
            behind = found.catch_up()
            if found.given != found.registry:
                found.adopt(found.given)
            self.partitions[number] = found
            self.logger.info("partition opened", partition=number, caught_up=behind, seq=found.progress.seq)
        return found

    def keep(self, numbers: set[int]) -> None:
        """Close the partitions that went to another worker."""
        for number in [n for n in self.partitions if n not in numbers]:
            self.partitions.pop(number).close()
            self.logger.info("partition closed", partition=number)

    def close(self) -> None:
        """Close everything."""
        self.keep(set())
        self.registry.close()
        self.publisher.close()


def faust_app(options: WorkerOptions, worker: Worker) -> faust.App:
    """Return the Faust application that feeds a worker; see docs/cluster.md for why each setting is as it is."""
    app = faust.App(
        options.group,
        broker="kafka://" + ";".join(options.bootstrap.split(",")),
        datadir=str(options.state / "faust"),
        processing_guarantee="at_least_once",
        agent_supervisor="mode.CrashingSupervisor",
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=options.instance or None,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=options.partitions,
        broker_commit_interval=1.0,
        stream_wait_empty=False,
        stream_buffer_maxsize=BUFFER_RECORDS,
        broker_session_timeout=45.0,
        broker_heartbeat_interval=3.0,
        broker_request_timeout=60.0,
        broker_max_poll_interval=600.0,
        consumer_max_fetch_size=4 * 2**20,
        store="memory://",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    topic_of = options.inputs()
    channel = app.topic(*topic_of, value_serializer="raw", key_serializer="raw")

    async def work(stream: Any) -> None:
        await feed(stream, app.consumer, worker, topic_of)

    app.agent(channel)(work)
    return app


async def feed(stream: Any, consumer: Any, worker: Worker, topic_of: dict[str, str]) -> None:
    """Hand a stream's records to a worker, in batches that grow where much waits, and acknowledge what it has worked off.

    What belongs to a partition that is not ours (any more) is left unacknowledged: whoever has it reads it again.
    """
    loop, executor = asyncio.get_running_loop(), ThreadPoolExecutor(1, "engine")
    gathered: list[Any] = []
    since = 0.0
    async for events in stream.noack_take(TAKE_RECORDS, within=TAKE_S):
        since = since if gathered else loop.time()
        gathered += events
        left = left_on_log(consumer, gathered)
        if left > BACKLOG_RECORDS and len(gathered) < TAKE_RECORDS and loop.time() - since < GATHER_S:
            continue
        assigned = consumer.assignment()
        if not assigned:  # between two assignments: what was ours is likely to be so again, and stays open
            gathered = []
            continue
        await loop.run_in_executor(executor, worker.keep, {tp.partition for tp in assigned})
        mine = [event.message for event in gathered if event.message.tp in assigned]
        records = [LogRecord(topic_of[m.topic], m.partition, m.offset, 0, m.value) for m in mine]
        await loop.run_in_executor(executor, partial(worker.work, records, live=not left))
        for event in gathered:
            if event.message.tp in assigned:
                await stream.ack(event)
        gathered = []


def left_on_log(consumer: Any, events: Iterable[Any]) -> int:
    """Return how many records the broker holds behind the last of these, in partitions that are still ours."""
    newest = {event.message.tp: event.message.offset for event in events}
    mine = consumer.assignment()
    return sum(max((consumer.highwater(tp) or 0) - offset - 1, 0) for tp, offset in newest.items() if tp in mine)


def run_worker(options: WorkerOptions, worker: Worker) -> None:
    """Run until a signal ends it; an error of the infrastructure ends the process, and whoever started it starts it again."""
    gc.set_threshold(*GC_THRESHOLDS)
    app = faust_app(options, worker)
    runner = faust.Worker(app, loglevel=logging.WARNING, redirect_stdouts=False)
    try:
        runner.execute_from_commandline()
    finally:
        worker.close()


def instance_name() -> str:
    """Return a name under which the group knows this worker after a restart: its host's, unless it is told another."""
    return os.environ.get("PLUMELINE_INSTANCE") or os.uname().nodename
