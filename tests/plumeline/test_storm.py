"""From the log to the outbox: a county that falls silent is one message, the same however the log was cut into batches."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from alerts.outbox import Outbox
from ingest.log import PARTITIONS, Entry, partition_of
from ingest.records import Tick, iso
from ingest.registry import Contact, Enterprise, Point, Registry, Source
from plumeline import runner as module
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter

START = datetime(2026, 7, 1, 3, 0, tzinfo=timezone(timedelta(hours=8)))
SOURCES = [f"LAKE-{n}" for n in range(8)]
REGISTRY = Registry(
    enterprises=(Enterprise(enterprise="dye", name="Lake Dyeing", county="Lake"),),
    sources=tuple(
        Source(source=s, enterprise="dye", outlet=f"DA{n:03}", name="", kind="voc", cadence_s=60) for n, s in enumerate(SOURCES)
    ),
    points=tuple(Point(source=s, factor="a24088", unit="mg/m3") for s in SOURCES),
    contacts=(Contact(contact="duty", url="http://127.0.0.1:1/", secret_env="HOOK_SECRET"),),
)


def line(source: str, minute: int) -> Entry:
    at = START + timedelta(minutes=minute)
    report = {"v": 1, "source": source, "time": iso(at), "kind": "realtime", "factors": ["a24088"], "stats": ["rtd"]}
    report |= {"values": [8.4], "flags": ["N"], "sent": iso(at), "received": iso(at), "protocol": "http"}
    return Entry("reports", partition_of(source), json.dumps(report).encode())


def ticks(minute: int) -> list[Entry]:
    value = Tick(tick=START + timedelta(minutes=minute), gateway="g1").line()
    return [Entry("reports", partition, value) for partition in range(PARTITIONS)]


def told(folder: Path) -> list[tuple[str, str, str, str, int]]:
    """Run 40 minutes of a county: all report until minute 5, all but LAKE-7 again from minute 25 on."""
    folder.mkdir()
    log, writer = SqliteLog(folder / "log.db"), SqliteWriter(folder / "data.db")
    store, outbox = SqliteStore(writer), Outbox(folder / "outbox.db")
    runner = Runner(log, writer, store, REGISTRY, outbox=outbox, wall_ms=lambda: 0)
    entries: list[Entry] = []
    for minute in range(40):
        heard = SOURCES if minute <= 5 else SOURCES[:7] if minute >= 25 else []
        entries += [line(source, minute) for source in heard] + ticks(minute)
    log.append_now(entries)
    runner.drain()
    assert {s.source: s.state for s in store.sources()} == {s: "silent" if s == "LAKE-7" else "on time" for s in SOURCES}
    rows = [(row.alert.kind, row.phase, row.source, row.id, row.time_ms) for row in reversed(outbox.alerts(99))]
    for part in (log, store, writer, outbox):
        part.close()
    return rows


def test_a_county_falls_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight silences are one message, seven returns one end, and who stays silent is told by itself; each batch size says so."""
    first = told(tmp_path / "one")
    assert [row[:3] for row in first] == [
        ("county.silent", "opened", "county:Lake"),
        ("county.silent", "resolved", "county:Lake"),
        ("source.silent", "opened", "LAKE-7"),
    ]
    for size in (1, 7, 100_000):
        monkeypatch.setattr(module, "BATCH_RECORDS", size)
        assert told(tmp_path / str(size)) == first
