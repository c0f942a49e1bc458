"""A log with a runner on it, and a second one that reads it again: in other batches, begun anew at every step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.log import PARTITIONS, Entry, partition_of
from ingest.records import Mark
from ingest.registry import Registry
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import HOUR_MS
from processors.memory import Settings
from tests.processors.given import STACK, tick

SETTINGS = Settings(hot_ms=3 * HOUR_MS, provisional=False)


class Street:
    """One source's log, and what a runner makes of it as it grows."""

    def __init__(self, folder: Path, rows: Registry) -> None:
        self.folder, self.rows = folder, rows
        self.log = SqliteLog(folder / "log.db")
        self.live, self.store = self._runner("live.db", publishes=True)

    def _runner(self, name: str, *, publishes: bool) -> tuple[Runner, SqliteStore]:
        writer = SqliteWriter(self.folder / name)
        store = SqliteStore(writer)
        return Runner(self.log, writer, store, self.rows, settings=SETTINGS, publishes=publishes), store

    def send(self, lines: Sequence[bytes], mark: Mark | None = None) -> None:
        """Append reports, and a mark where there is one."""
        part = partition_of(STACK)
        marks = [] if mark is None else [Entry("marks", part, mark.line())]
        self.log.append_now([*([Entry("reports", part, b"\n".join(lines))] if lines else []), *marks])

    def ticks(self, at: datetime, n: int) -> None:
        """Let some ticks pass, ten seconds apart, and work off what is there at each."""
        for i in range(n):
            text = tick(at + timedelta(seconds=10 * i))
            self.log.append_now([Entry("reports", p, text) for p in range(PARTITIONS)])
            self.live.drain()

    def found(self) -> Any:
        """Return all figures in their canonical form, which events were told, and all revisions."""
        return _made(self.store)

    def again(self, monkeypatch: pytest.MonkeyPatch, batch: int) -> Any:
        """Return the same of a replay, in batches of so many records and with a restart after each."""
        monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", batch)
        runner, store = self._runner("again.db", publishes=False)
        while runner.step():
            runner = Runner(self.log, runner.writer, store, self.rows, settings=SETTINGS, publishes=False)
        self.log.close()
        return _made(store)


def _made(store: SqliteStore) -> Any:
    revised = store.rows("SELECT * FROM revisions ORDER BY 1, 2, 3, 4, 5, 6")
    return store.canonical(), store.rows("SELECT id, kind FROM events ORDER BY id"), revised
