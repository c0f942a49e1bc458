"""Reading Kafka outside a consumer group: what a partition missed, and the registry in force; and what a group knows of its members."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, MemberToRemove
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from ingest.log import LogRecord
from ingest.registry import Registry

POLL_MS, POLL_RECORDS = 500, 1_000
ANSWER_MS = 15_000
"""How long the broker may take to answer."""


def consumer(bootstrap: str, group: str | None = None, **more: Any) -> Any:
    """Return a consumer that commits only when told to."""
    settings: dict[str, Any] = {
        "bootstrap_servers": bootstrap,
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "max_poll_records": POLL_RECORDS,
        "max_partition_fetch_bytes": 4 * 2**20,
    }
    return KafkaConsumer(**{**settings, **more})


def commit(reader: Any, positions: dict[TopicPartition, int]) -> None:
    """Commit the offsets of the newest records that are done."""
    if positions:
        reader.commit({tp: OffsetAndMetadata(offset + 1, "", -1) for tp, offset in positions.items()})


def missed(bootstrap: str, group: str, topics: dict[str, int], partition: int, prefix: str = "") -> Iterator[list[LogRecord]]:
    """Yield the records of a partition from offsets on, up to what its group has committed, roughly in order of time.

    Args:
        topics: the offset to begin with, by topic.
    """
    reader = consumer(bootstrap, group)
    try:
        committed = {topic: reader.committed(TopicPartition(prefix + topic, partition)) or 0 for topic in topics}
        yield from _read(reader, {topic: (topics[topic], committed[topic]) for topic in topics}, partition, prefix)
    finally:
        reader.close()


def between(bootstrap: str, spans: dict[str, tuple[int, int]], partition: int, prefix: str = "") -> Iterator[list[LogRecord]]:
    """Yield the records of a partition with offsets in [begin, end), by topic, roughly in order of time; fewer where the log begins later."""
    reader = consumer(bootstrap)
    try:
        yield from _read(reader, spans, partition, prefix)
    finally:
        reader.close()


def _read(reader: Any, spans: dict[str, tuple[int, int]], partition: int, prefix: str) -> Iterator[list[LogRecord]]:
    parts = {TopicPartition(prefix + topic, partition): topic for topic in spans}
    first = reader.beginning_offsets(list(parts))
    begins = {tp: max(spans[topic][0], first[tp]) for tp, topic in parts.items()}
    ends = {tp: spans[topic][1] for tp, topic in parts.items()}
    open_ = {tp for tp in parts if begins[tp] < ends[tp]}
    if not open_:
        return
    reader.assign(sorted(open_))
    for tp in open_:
        reader.seek(tp, begins[tp])
    while open_:
        polled = reader.poll(timeout_ms=POLL_MS)
        found = sorted(
            ((r.timestamp, parts[tp], r) for tp, rs in polled.items() for r in rs if r.offset < ends[tp]),
            key=lambda f: (f[0], f[1], f[2].offset),
        )
        if found:
            yield [LogRecord(topic, partition, r.offset, 0, r.value) for _time, topic, r in found]
        open_ = {tp for tp in open_ if reader.position(tp) < ends[tp]}


def leave(bootstrap: str, group: str, instance: str) -> None:
    """Take an instance out of its group for good, so that the others take over its partitions at once and do not wait for it.

    A client that has an instance's name keeps its place when it ends, for a session timeout: right for one that was killed.
    """
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=ANSWER_MS, bootstrap_timeout_ms=ANSWER_MS)
        try:
            admin.remove_group_members(group, [MemberToRemove(group_instance_id=instance, reason="ended on purpose")])
        finally:
            admin.close()
    except KafkaError as error:
        structlog.get_logger("plumeline.group").warning("not left; the group waits a session timeout", error=str(error))


class RegistryWatch:
    """The newest registry on its topic; a thread follows it."""

    def __init__(self, bootstrap: str, prefix: str = "") -> None:
        """Read the registry in force.

        Raises:
            LookupError: there is none yet.
            KafkaError: the broker does not answer.
        """
        self._reader = consumer(bootstrap)
        tp = TopicPartition(f"{prefix}registry", 0)
        self._reader.assign([tp])
        end = self._reader.end_offsets([tp])[tp]
        self._reader.seek_to_beginning(tp)
        newest: bytes | None = None
        while self._reader.position(tp) < end:
            for record in self._reader.poll(timeout_ms=POLL_MS).get(tp, []):
                newest = record.value
        if newest is None:
            self._reader.close()
            raise LookupError("no registry on topic registry; file one with: plumeline cluster registry FOLDER")
        self.registry = Registry.model_validate_json(newest)
        self.changes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="registry", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        logger = structlog.get_logger("plumeline.registry")
        while not self._stop.is_set():
            try:
                for records in self._reader.poll(timeout_ms=POLL_MS).values():
                    for record in records:
                        self.registry = Registry.model_validate_json(record.value)
                        self.changes += 1
            except (KafkaError, ValueError) as error:
                logger.warning("the registry cannot be followed", error=str(error))
                self._stop.wait(POLL_MS / 1000)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(ANSWER_MS / 1000)
        self._reader.close()


def lag(reader: Any) -> dict[str, int]:
    """Return how many records of each assigned partition are not read yet."""
    parts = reader.assignment()
    ends = reader.end_offsets(list(parts)) if parts else {}
    return {f"{tp.topic}/{tp.partition}": max(0, ends[tp] - reader.position(tp)) for tp in parts}
