"""The store writer: a consumer group of its own carries what is on the log into InfluxDB, at its own pace.

Offsets are committed after the server has the points; every point is a function of its record, so writing one again changes nothing.
While the store is away the partitions are paused and the group is kept; nobody else waits for it.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import structlog
from kafka import TopicPartition
from kafka.errors import CommitFailedError, KafkaError

from ingest.kafka_log import KafkaPublisher
from ingest.log import Entry, partition_of
from ingest.records import Frame, frame_id
from ingest.registry import Registry
from plumeline.influx_write import InfluxWriter
from plumeline.kafka_read import POLL_MS, RegistryWatch, commit, consumer
from plumeline.newest import Newest
from processors.accounts import account_figures
from processors.figures import DAY_MS
from processors.influx import Lines
from processors.lines import UNITS, figure_line, figure_of_line
from processors.memory import TICK_PREFIX
from processors.output import Past
from processors.points import Points, Rules
from processors.publish import FIGURE_SCHEMA, frame_of
from processors.shelf import Shelf
from processors.store import StoreAway

GROUP = "plumeline-writer"
TOPICS = ("frames", "quarantine", "reports", "figures", "events", "marks")
PAUSE_S, PAUSE_S_MAX = 0.5, 15.0
"""First and longest pause while the store is away; it doubles in between."""
DAYS_SHOWN = 40
"""Days of which the accounts remember figures; older ones are read from the store."""
REASON_CHARS_MAX = 300
BACK_RECORDS = 200
"""Records of each partition of topic ``figures`` that are read once more at a start, to know again which versions are the newest."""


class Accounts:
    """The second pass over day figures of all partitions: totals of enterprises, made anew whenever a member's day is published."""

    def __init__(self, registry: Registry, past: Past | None) -> None:
        self.points, self.past, self.shelf = Points(registry, Rules()), past, Shelf()

    def lines(self, rows: list[dict[str, Any]]) -> list[bytes]:
        """Return the account figures that parsed figure lines change."""
        days = [figure_of_line(r) for r in rows if r.get("level") == "day" and r.get("stat") in UNITS]
        days = [f for f in days if (f.source, f.factor) in self.points.pid]
        if not days:
            return []
        newest = {(f.source, f.factor, f.stat, f.start_ms): f for f in days}
        frame = frame_of(list(newest.values()), self.points)
        self.shelf.put("day", frame)
        self.shelf.evict(0, max(f.start_ms for f in days) - DAYS_SHOWN * DAY_MS)
        published = frame.select(*FIGURE_SCHEMA)
        return [figure_line(f) for f in account_figures(self.shelf, published, self.points, self.past)]


class StoreWriter:
    """Consumes and writes; ``run`` in the process's main thread."""

    def __init__(
        self, bootstrap: str, influx: InfluxWriter, past: Past | None, instance: str, prefix: str = "", accounts: bool = True
    ) -> None:
        """Join the group and read the registry.

        Raises:
            LookupError: there is no registry yet.
        """
        self.registry = RegistryWatch(bootstrap, prefix)
        self.influx, self.past, self._prefix = influx, past, prefix
        self.publisher = KafkaPublisher(bootstrap, prefix)
        self.reader = consumer(bootstrap, GROUP, group_instance_id=f"writer-{instance}", max_poll_interval_ms=900_000)
        self.reader.subscribe([prefix + topic for topic in TOPICS])
        self.done: dict[TopicPartition, int] = {}
        """What was committed of topic ``figures`` when a partition was assigned; what is read once more does not take it back."""
        self.newest = Newest()
        self.counted: Counter[str] = Counter()
        self.away_since: float | None = None
        self.logger = structlog.get_logger("plumeline.writer")
        self._adopted = -1
        self._renew()

    def _renew(self) -> None:
        if self.registry.changes != self._adopted:
            self._adopted = self.registry.changes
            self.lines = Lines(self.registry.registry)
            self.accounts = Accounts(self.registry.registry, self.past)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            self.step(stop)
        self.reader.close()
        self.publisher.close()
        self.registry.close()

    def step(self, stop: threading.Event, timeout_ms: int = POLL_MS) -> int:
        """Write what one poll gives; return how many records."""
        try:
            polled = self._again(self.reader.poll(timeout_ms=timeout_ms))
        except KafkaError as error:
            self.logger.warning("the broker does not answer", error=str(error))
            stop.wait(PAUSE_S)
            return 0
        if not polled:
            return 0
        self._renew()
        buckets: dict[str, list[str]] = {}
        for tp, records in polled.items():
            topic = tp.topic.removeprefix(self._prefix)
            for record in records:
                self._convert(topic, record.value, buckets)
        for bucket, lines in buckets.items():
            self._write(bucket, lines, stop)
        if stop.is_set() and self.away_since is not None:
            return 0
        try:
            done = {tp: records[-1].offset for tp, records in polled.items() if records}
            commit(self.reader, {tp: offset for tp, offset in done.items() if offset >= self.done.get(tp, 0)})
        except (CommitFailedError, KafkaError) as error:
            self.logger.warning("offsets not committed; what was written is written again", error=str(error))
        count = sum(len(records) for records in polled.values())
        self.counted["records"] += count
        return count

    def _again(self, polled: dict[TopicPartition, list[Any]]) -> dict[TopicPartition, list[Any]]:
        """Go back a little in partitions of topic ``figures`` that were just assigned; return what was polled of the others.

        Raises:
            KafkaError: the broker does not answer; what was polled is polled again.
        """
        mine = {tp for tp in self.reader.assignment() if tp.topic == self._prefix + "figures"}
        fresh = mine - self.done.keys()
        self.done = {tp: offset for tp, offset in self.done.items() if tp in mine}
        try:
            self.done |= {tp: self.reader.committed(tp) or 0 for tp in fresh}
        except KafkaError:
            for tp, records in polled.items():
                self.reader.seek(tp, records[0].offset)
            raise
        for tp in fresh:
            self.reader.seek(tp, max(0, self.done[tp] - BACK_RECORDS))
        return {tp: records for tp, records in polled.items() if tp not in fresh}

    def _convert(self, topic: str, value: bytes, buckets: dict[str, list[str]]) -> None:
        parsed: list[dict[str, Any]] = []
        for line in value.split(b"\n"):
            if not line or line.startswith(TICK_PREFIX):
                continue
            try:
                if topic == "figures" and self.newest.is_older(line):
                    self.counted["older"] += 1
                    continue
                for bucket, text in self._points(topic, line):
                    buckets.setdefault(bucket, []).append(text)
                if topic == "figures" and line.startswith(b'{"v":1,"level":"day"'):
                    parsed.append(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                self._set_aside(line, f"{topic}: {type(error).__name__}: {error}")
        for line in self.accounts.lines(parsed) if parsed else ():
            for bucket, text in self.lines.figure_line(line):
                buckets.setdefault(bucket, []).append(text)

    def _points(self, topic: str, line: bytes) -> list[tuple[str, str]]:
        if topic == "figures":
            return self.lines.figure_line(line)
        if topic == "events":
            return [self.lines.event_line(line)]
        if topic == "reports":
            return [self.lines.report_line(line)]
        return [self.lines.mark_line(line)] if topic == "marks" else self.lines.frame_line(line)

    def _write(self, bucket: str, lines: list[str], stop: threading.Event) -> None:
        """Write, waiting for the store as long as it takes; the group's membership is kept by polling paused partitions."""
        pause = PAUSE_S
        while not stop.is_set():
            try:
                self.influx.write(bucket, lines)
                break
            except StoreAway as error:
                if self.away_since is None:
                    self.away_since = time.monotonic()
                    self.logger.warning("the store is away; alarms go on", error=str(error))
                self.counted["retries"] += 1
                self._hold()
                stop.wait(pause)
                pause = min(2 * pause, PAUSE_S_MAX)
        else:
            return
        if self.away_since is not None:
            self.logger.info("the store is back", away_s=round(time.monotonic() - self.away_since))
            self.away_since = None
            self.reader.resume(*self.reader.paused())
        for line, reason in self.influx.fetch_refused():
            self._set_aside(line.encode(), f"store: {reason}")

    def _hold(self) -> None:
        """Poll with all partitions paused; what a rebalance lets through is given back."""
        self.reader.pause(*self.reader.assignment())
        for tp, records in self.reader.poll(timeout_ms=0).items():
            if records:
                self.reader.seek(tp, records[0].offset)
                self.reader.pause(TopicPartition(tp.topic, tp.partition))

    def _set_aside(self, line: bytes, reason: str) -> None:
        self.counted["quarantined"] += 1
        self.logger.warning("input set aside", reason=reason)
        frame = Frame(
            id=frame_id(line),
            received=datetime.now(UTC),
            peer="log",
            protocol="store",
            raw=line.decode("latin-1"),
            verdict="not for the store",
            detail=reason[:REASON_CHARS_MAX],
        )
        self.publisher.append_now([Entry("quarantine", partition_of(""), frame.line())])
