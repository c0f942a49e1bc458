"""A log in memory whose durability a test holds back, and which can be full."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from ingest.log import PARTITIONS, Entry, LogFull, LogRecord


class FakeLog:
    """Keeps what is appended; ``hold`` delays durability, ``refuse`` makes so many appends raise LogFull."""

    partitions = PARTITIONS

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.durable = asyncio.Event()
        self.durable.set()
        self.refuse = 0
        self.waiting = 0

    async def append(self, entries: Sequence[Entry]) -> None:
        if self.refuse:
            self.refuse -= 1
            raise LogFull("full")
        self.waiting += 1
        await self.durable.wait()
        self.waiting -= 1
        self.entries += entries

    def read(self, topics: Collection[str], after: int, limit: int) -> list[LogRecord]:
        raise NotImplementedError

    def lines(self, topic: str) -> list[bytes]:
        """Return a topic's lines, in order of append."""
        return [line for e in self.entries if e.topic == topic for line in e.value.split(b"\n")]
