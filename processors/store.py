"""The store port: what was reported, what was made of it, and what happened, for pages, explanations and cold rebuilds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import xxhash

from ingest.records import Mark
from processors.figures import Episode, Event, Figure, Level, SourceState, epoch_ms


class StoreAway(Exception):
    """The store does not answer; pictures and the past wait, live alarms go on."""


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A frame as it came, with what the gateway made of it; ``raw`` is verbatim."""

    id: str
    source: str | None
    received_ms: int
    peer: str
    protocol: str
    verdict: str
    crc: str
    answered: bool
    detail: str | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report line as it came, with its version hash."""

    source: str
    time_ms: int
    hash: str
    received_ms: int
    line: bytes


def report_of(source: str, line: bytes) -> StoredReport:
    """Return a stored report line with what it says of itself."""
    row = json.loads(line)
    time, received = (epoch_ms(datetime.fromisoformat(row[name])) for name in ("time", "received"))
    return StoredReport(source, time, f"{xxhash.xxh3_64_intdigest(line):016x}", received, line)


@dataclass(frozen=True, slots=True)
class StoredMark:
    """A mark as filed; ``factors`` is None for all of the source, ``check`` and ``result`` the record itself where it is such a one."""

    id: str
    source: str
    factors: tuple[str, ...] | None
    type: str
    start_ms: int
    end_ms: int
    author: str
    reason: str
    set_at_ms: int
    state: str
    evidence: str = ""
    check: Mark | None = None
    result: Mark | None = None


class StoreQuery(Protocol):
    """What pages and explanations read. Times are epoch milliseconds; ranges are [start, end)."""

    def sources(self) -> list[SourceState]:
        """Return the state of every source heard of, in the order of its name."""

    def figures(
        self,
        source: str,
        level: Level,
        start_ms: int,
        end_ms: int,
        factor: str | None = None,
        stat: str | None = None,
    ) -> list[Figure]:
        """Return the latest figures of a source, by factor, stat and start."""

    def figure(self, source: str, factor: str, stat: str, level: Level, start_ms: int) -> Figure | None:
        """Return one latest figure."""

    def revisions(self, source: str, factor: str, stat: str, level: Level, start_ms: int) -> list[Figure]:
        """Return every published version of a figure, oldest first (hours and longer)."""

    def revised(self, source: str, start_ms: int, end_ms: int) -> list[Figure]:
        """Return the latest figures of a source, hours and longer, that were revised (revision > 1)."""

    def reports(self, source: str, start_ms: int, end_ms: int, limit: int = 10_000) -> list[StoredReport]:
        """Return stored report lines of a source whose time lies in the range."""

    def frame(self, frame_id: str) -> StoredFrame | None:
        """Return one frame by its id."""

    def frames(self, source: str, limit: int = 50) -> list[StoredFrame]:
        """Return the newest frames of a source, newest first."""

    def marks(self, source: str, start_ms: int, end_ms: int, *, rejected: bool = False) -> list[StoredMark]:
        """Return the confirmed marks that overlap a range, and drafts and those that were ``rejected`` where they are asked for."""

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        """Return the newest events, newest first; ``kind`` may be a prefix such as "exceedance"."""

    def episodes(self, source: str | None = None, state: str | None = None, limit: int = 200) -> list[Episode]:
        """Return episodes, open first, then newest first."""

    def quarantine(self, limit: int = 100) -> list[StoredFrame]:
        """Return what could not be read, newest first."""

    def quarantine_counts(self) -> dict[str, int]:
        """Return the number of quarantined inputs by reason."""

    def totals(self, level: Level, start_ms: int, end_ms: int) -> list[Figure]:
        """Return the figures of accounts (enterprise totals), whose source is "enterprise:<id>"."""

    def health(self) -> dict[str, int | str | None]:
        """Return what the pipeline knows of itself: newest tick, newest sequence processed, waiting touches, rows by table."""


class Store(StoreQuery, Protocol):
    """What the engine's runner writes; every write is idempotent."""

    def cold_reports(self, keys: Sequence[tuple[str, int, int]]) -> list[bytes]:
        """Return the report lines of (source, start, end) ranges, for a rebuild."""
