"""The log port: topics cut into partitions, appended durably, read in order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

PARTITIONS = 12
"""Partitions of every topic; for ever, because a source's partition is computed from it."""

PARTITIONS_CACHED_MAX = 65_536
"""Sources whose partition is remembered."""

TOPICS = (
    "frames",
    "reports",
    "marks",
    "registry",
    "touches",
    "figures",
    "events",
    "actions",
    "alerts",
    "commands",
    "quarantine",
    "backfill",
)


class LogRecord(NamedTuple):
    """One record of the log; ``seq`` orders records over all topics where a log has such an order."""

    topic: str
    partition: int
    offset: int
    seq: int
    value: bytes


class Entry(NamedTuple):
    """A record to append."""

    topic: str
    partition: int
    value: bytes


class LogFull(Exception):
    """The log's bounded queue is full; wait and send again."""


class Appends(Protocol):
    """Where a gateway files records; implemented by SQLite in one process and by Kafka in a cluster."""

    @property
    def partitions(self) -> int:
        """Partitions of every topic."""

    async def append(self, entries: Sequence[Entry]) -> None:
        """Append and return when all entries are durable; raise LogFull where the queue's bound is reached."""


class Log(Appends, Protocol):
    """A log that also reads, in one order over all topics."""

    def read(self, topics: Collection[str], after: int, limit: int) -> list[LogRecord]:
        """Return up to ``limit`` records of some topics with ``seq`` greater than ``after``, in order."""


@lru_cache(maxsize=PARTITIONS_CACHED_MAX)
def partition_of(source: str, partitions: int = PARTITIONS) -> int:
    """Return a source's partition: ``(murmur2(source) & 0x7fffffff) % partitions``, as Kafka's default partitioner."""
    return (murmur2(source.encode()) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return the unsigned 32-bit MurmurHash2 with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2)."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    length = len(data)
    h = (0x9747B28C ^ length) & mask
    for i in range(0, length & ~3, 4):
        k = int.from_bytes(data[i : i + 4], "little")
        k = (k * m) & mask
        k ^= k >> 24
        k = (k * m) & mask
        h = ((h * m) & mask) ^ k
    rest = data[length & ~3 :]
    if rest:
        h ^= int.from_bytes(rest, "little")
        h = (h * m) & mask
    h ^= h >> 13
    h = (h * m) & mask
    return h ^ (h >> 15)
