"""An engine over a store in memory that keeps what each turn gives out, to be written to another store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ingest.log import Entry, LogRecord
from ingest.records import Frame
from ingest.registry import Registry
from plumeline.runner import Runner, turns
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import HOUR_MS
from processors.memory import Settings
from processors.output import Output
from processors.points import Points
from tests.processors.given import records, ticks


class Kept:
    """Fed turn by turn, as the runner does; ``taken`` holds (output, points, frames) of each."""

    def __init__(self, rows: Registry, hot_hours: int = 6) -> None:
        self.taken: list[tuple[Output, Points, list[Frame]]] = []
        self.writer = _Writer(self.taken)
        self.store = SqliteStore(self.writer)
        self.log = _Returns()
        log: Any = self.log
        self.runner = Runner(
            log, self.writer, self.store, rows, settings=Settings(hot_ms=hot_hours * HOUR_MS), wall_ms=lambda: 0
        )
        self.seq = 0

    def feed(self, batch: list[LogRecord]) -> None:
        for turn in turns(batch):
            self.runner.work([r._replace(seq=self.seq + i + 1) for i, r in enumerate(turn)])
            self.seq += len(turn)
        back, self.log.entries = self.log.entries, []
        if back:
            self.feed([LogRecord(e.topic, e.partition, 0, 0, e.value) for e in back])

    def lines(self, lines: list[bytes]) -> None:
        self.feed(records(lines))

    def tick(self, time: datetime) -> None:
        self.feed(ticks(time, 1))

    def finish(self) -> None:
        self.writer.commit(self.runner.engine.finish(), self.runner.engine.points, [], self.seq + 1)


class _Writer(SqliteWriter):
    def __init__(self, taken: list[tuple[Output, Points, list[Frame]]]) -> None:
        super().__init__(":memory:")
        self.taken = taken

    def commit(self, out: Output, points: Points, frames: Iterable[Frame], cursor: int, *rest: Any) -> None:
        frames = list(frames)
        super().commit(out, points, frames, cursor, *rest)
        self.taken.append((out, points, frames))


class _Returns:
    """A log that gives back what the runner appends and reads again: touches."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append_now(self, entries: list[Entry]) -> None:
        self.entries += [e for e in entries if e.topic == "touches"]
