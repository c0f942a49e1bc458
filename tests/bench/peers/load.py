"""The input: report lines as the gateway writes them, as single records or in bundles of one partition."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ingest.log import partition_of
from simulators.clock import CST
from simulators.load import report_lines
from tests.bench.peers.job import PARTITIONS

START = datetime(2026, 7, 1, tzinfo=CST)
CADENCE_S = 30
TAIL_S = 300
"""Data after the last hour that counts, so that every engine sees that hour's end; figures of the tail are not compared."""
BUNDLE = 50
"""Reports of one partition in a bundle."""

Record = tuple[int, bytes | None, bytes]
"""Partition, key and value."""


@dataclass(frozen=True)
class Size:
    """How much is loaded."""

    sources: int = 1000
    factors: int = 12
    hours: int = 1

    @property
    def end_s(self) -> int:
        """Where figures stop to count, in seconds since the epoch."""
        return int(START.timestamp()) + self.hours * 3600

    def environment(self) -> dict[str, str]:
        """Return the variables that tell an engine whose readings come: its registry, where it has one."""
        return {"PEERS_SOURCES": str(self.sources), "PEERS_FACTORS": str(self.factors)}

    @property
    def readings(self) -> int:
        """Readings in the input, its tail with them."""
        return self.sources * self.factors * math.ceil((self.hours * 3600 + TAIL_S) / CADENCE_S)

    @property
    def figures(self) -> int:
        """Figures that count: each minute and hour of each source and factor."""
        return self.sources * self.factors * self.hours * 61


def lines(size: Size) -> Iterator[bytes]:
    """Yield the report lines in the order of time."""
    for block in report_lines(size.sources, size.factors, START, size.hours * 3600 + TAIL_S, cadence_s=CADENCE_S):
        yield from block.splitlines()


def source_of(line: bytes) -> bytes:
    """Return the source of a line of ours, whose second field it is."""
    return line.split(b'"', 6)[5]


def singles(given: Iterable[bytes]) -> Iterator[Record]:
    """Yield one record a line, keyed by source."""
    for line in given:
        source = source_of(line)
        yield partition_of(source.decode(), PARTITIONS), source, line


def bundles(given: Iterable[bytes]) -> Iterator[Record]:
    """Yield records of ``BUNDLE`` lines of one partition, without key, in the order of time."""
    waiting: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
    for partition, _, line in singles(given):
        waiting[partition].append(line)
        if len(waiting[partition]) == BUNDLE:
            yield partition, None, b"\n".join(waiting[partition])
            waiting[partition] = []
    for partition, rest in enumerate(waiting):
        if rest:
            yield partition, None, b"\n".join(rest)
