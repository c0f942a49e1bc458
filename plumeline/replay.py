"""Replay a log into a fresh store and compare: figures in canonical form byte for byte, and the history of events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.registry import Registry
from plumeline.runner import FIRST_REGISTRY, Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter


def replay(data: Path, into: Path) -> dict[str, Any]:
    """Run the log of one folder through a fresh store in another; return counts and whether both say the same."""
    into.mkdir(parents=True, exist_ok=True)
    for name in ("data.db", "data.db-wal", "data.db-shm"):
        (into / name).unlink(missing_ok=True)
    old_writer = SqliteWriter(data / "data.db")
    old = SqliteStore(old_writer)
    writer = SqliteWriter(into / "data.db")
    store = SqliteStore(writer)
    registry = Registry.model_validate_json(old_writer.get_meta(FIRST_REGISTRY) or "{}")
    log = SqliteLog(data / "log.db")
    try:
        Runner(log, writer, store, registry, publishes=False).drain()
        figures = (old.canonical(), store.canonical())
        events = tuple([r[0] for r in s.rows("SELECT id FROM events ORDER BY id")] for s in (old, store))
        return {
            "figures": len(figures[1]),
            "figures_equal": figures[0] == figures[1],
            "events": len(events[1]),
            "events_equal": events[0] == events[1],
        }
    finally:
        log.close()
        for each in (store, old):
            each.close()
        writer.close()
        old_writer.close()
