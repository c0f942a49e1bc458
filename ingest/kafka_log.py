"""The log on Kafka, the gateway's side: records are acknowledged by all in-sync replicas, un-acknowledged bytes are bounded.

What arrives within LINGER_S for one partition of ``reports`` or ``backfill`` becomes one record of several lines (a bundle): whoever reads it pays for
records, not for readings. A tick closes the bundle before it, so that the order within a partition is that of the calls.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from ingest.log import PARTITIONS, TOPICS, Entry, LogFull
from ingest.waiting import BACKFILL, LIVE

UNACKED_BYTES_MAX = 64 * 2**20
"""Bytes that may wait for the broker's acknowledgement; beyond it ``append`` raises LogFull and sockets are not read."""
BUNDLE_BYTES_MAX = 262_144
"""Bytes of one bundle."""
BUNDLED = (LIVE, BACKFILL)
"""Topics whose records are lines of many appends."""
LINGER_S = 0.005
"""How long a bundle waits for more lines."""
DELIVERY_S, BLOCK_S, REQUEST_S = 60.0, 5.0, 15.0
"""How long a record may wait for its acknowledgement, a send for metadata, a request for its answer."""
DESCRIBE_S, DESCRIBE_TRIES = 0.25, 40
"""Pause and number of looks for the partitions of topics that were just made."""
CLOSE_S = 10.0
RECORD_BYTES_MAX = 1_048_576
TICK_PREFIX = b'{"v":1,"tick"'
RETENTION_MS = 7 * 86_400_000
"""How long inputs stay on the log; outputs live in the store."""
REGISTRY_BYTES_MAX = 32 * 2**20
"""Bytes of a registry's snapshot."""
KEPT_FOR_EVER = {"cleanup.policy": "compact", "max.message.bytes": str(REGISTRY_BYTES_MAX)}
TOPIC_SETTINGS: dict[str, dict[str, str]] = {
    topic: KEPT_FOR_EVER
    if topic == "registry"
    else {"retention.ms": str(RETENTION_MS), "max.message.bytes": str(RECORD_BYTES_MAX), "compression.type": "producer"}
    for topic in TOPICS
}


def make_topics(bootstrap: str, partitions: int = PARTITIONS, replication: int = 1, prefix: str = "") -> list[str]:
    """Make the topics that are missing; return their names. The number of partitions is for ever.

    Raises:
        ValueError: a topic is there with another number of partitions.
        KafkaError: the broker does not answer.
    """
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        known = set(admin.list_topics())
        wanted = [
            NewTopic(prefix + topic, partitions, replication, topic_configs=settings)
            for topic, settings in TOPIC_SETTINGS.items()
            if prefix + topic not in known
        ]
        if wanted:
            try:
                admin.create_topics(wanted)
            except TopicAlreadyExistsError:
                pass  # another one was faster
        for told in _described(admin, [prefix + topic for topic in TOPICS]):
            name, count = told["name"], len(told["partitions"])
            if count != partitions:
                raise ValueError(f"topic {name} has {count} partitions, {partitions} are wanted; that number cannot be changed")
        return [topic.name for topic in wanted]
    finally:
        admin.close()


def _described(admin: Any, names: list[str]) -> list[dict[str, Any]]:
    """Return what the broker says of topics; it may know the partitions of one that was just made a moment later."""
    for _ in range(DESCRIBE_TRIES):
        told: list[dict[str, Any]] = admin.describe_topics(names)
        if all(topic["partitions"] for topic in told):
            break
        time.sleep(DESCRIBE_S)
    return told


class BrokerAway(OSError):
    """The broker did not acknowledge in time; what was sent may be there."""


def _producer(bootstrap: str, record_bytes_max: int = RECORD_BYTES_MAX) -> Any:
    return KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=5,
        batch_size=262_144,
        max_request_size=record_bytes_max,
        delivery_timeout_ms=int(DELIVERY_S * 1000),
        request_timeout_ms=int(REQUEST_S * 1000),
        max_block_ms=int(BLOCK_S * 1000),
    )


class KafkaPublisher:
    """Appends records from a thread and waits for the broker's acknowledgement."""

    def __init__(self, bootstrap: str, prefix: str = "") -> None:
        self._producer, self._prefix = _producer(bootstrap, REGISTRY_BYTES_MAX), prefix

    def append_now(self, entries: Sequence[Entry]) -> None:
        """Append records and return when all are acknowledged.

        Raises:
            BrokerAway: one was not acknowledged within DELIVERY_S.
        """
        try:
            sent = [
                self._producer.send(
                    self._prefix + e.topic,
                    value=e.value,
                    partition=e.partition,
                    key=b"snapshot" if e.topic == "registry" else None,
                )
                for e in entries
            ]
            for future in sent:
                future.get(timeout=DELIVERY_S + BLOCK_S)
        except KafkaError as error:
            raise BrokerAway(f"the broker did not acknowledge: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Stop; nothing waits, because each append waited."""
        self._producer.close(timeout=CLOSE_S)


@dataclass(slots=True)
class _Bundle:
    lines: list[bytes] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    size: int = 0


class KafkaLog:
    """Implements ``ingest.log.Appends`` over a producer; used from one event loop."""

    def __init__(self, bootstrap: str, partitions: int = PARTITIONS, prefix: str = "") -> None:
        """Connect.

        Raises:
            KafkaError: no broker answers.
        """
        self.partitions, self._prefix = partitions, prefix
        self.unacked_bytes = 0
        self._bundles: dict[tuple[str, int], _Bundle] = {}
        self._sender = ThreadPoolExecutor(1, "kafka-send")
        self._producer = _producer(bootstrap)
        for topic in TOPICS:
            self._producer.partitions_for(prefix + topic)

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait for their acknowledgement."""
        return self.unacked_bytes

    async def append(self, entries: Sequence[Entry]) -> None:
        """Append and return when all are acknowledged by the broker.

        Raises:
            LogFull: too much waits already, or the broker did not acknowledge in time; what was sent may be there.
        """
        size = sum(len(e.value) for e in entries)
        if self.unacked_bytes and self.unacked_bytes + size > UNACKED_BYTES_MAX:
            raise LogFull(f"{self.unacked_bytes} bytes wait for the broker; send again in a second")
        self.unacked_bytes += size
        try:
            outcomes = await asyncio.gather(*(self._put(entry) for entry in entries), return_exceptions=True)
        finally:
            self.unacked_bytes -= size
        failed = [o for o in outcomes if isinstance(o, BaseException)]
        if failed:
            raise LogFull(f"the broker did not acknowledge: {type(failed[0]).__name__}: {failed[0]}") from failed[0]

    def _put(self, entry: Entry) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if entry.topic not in BUNDLED:
            self._send(entry, [done])
            return done
        key = (entry.topic, entry.partition)
        if entry.value.startswith(TICK_PREFIX):
            self._flush(key)
            self._send(entry, [done])
            return done
        bundle = self._bundles.get(key)
        if bundle is not None and bundle.size + len(entry.value) > BUNDLE_BYTES_MAX:
            self._flush(key)
            bundle = None
        if bundle is None:
            bundle = self._bundles[key] = _Bundle()
            loop.call_later(LINGER_S, self._flush, key, bundle)
        bundle.lines.append(entry.value)
        bundle.waiting.append(done)
        bundle.size += len(entry.value) + 1
        return done

    def _flush(self, key: tuple[str, int], only: _Bundle | None = None) -> None:
        bundle = self._bundles.get(key)
        if bundle is None or (only is not None and bundle is not only):
            return
        del self._bundles[key]
        self._send(Entry(*key, b"\n".join(bundle.lines)), bundle.waiting)

    def _send(self, entry: Entry, waiting: list[asyncio.Future[None]]) -> None:
        """Hand a record to the producer, in the order of calls; its thread may wait for metadata, the event loop never."""
        loop = asyncio.get_running_loop()

        def told(error: BaseException | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, waiting, error)

        def send() -> None:
            try:
                future: Any = self._producer.send(self._prefix + entry.topic, value=entry.value, partition=entry.partition)
            except KafkaError as error:
                told(error)
                return
            future.add_callback(lambda _metadata: told(None))
            future.add_errback(told)

        self._sender.submit(send)

    async def close(self) -> None:
        """Send what waits, and stop."""
        for key in list(self._bundles):
            self._flush(key)
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._sender.shutdown(wait=True)
        try:
            self._producer.flush(CLOSE_S)
        except KafkaError:
            pass  # whoever waits for an acknowledgement has not got one, and sends again
        self._producer.close(timeout=CLOSE_S)


def _settle(waiting: list[asyncio.Future[None]], error: BaseException | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
