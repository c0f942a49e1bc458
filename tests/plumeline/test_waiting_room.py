"""The waiting room: live readings are decided while an outage is filled in, and what waits is never lost."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.log import PARTITIONS, Entry, partition_of
from ingest.registry import Registry
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from plumeline.waiting_room import SETTLE_S
from processors.figures import HOUR_MS
from processors.memory import Settings
from tests.processors.given import MIDNIGHT, O2, SO2, line, registry, tick

SOURCES = [f"S{n:03d}" for n in range(60)]
HOURS = 8
COUNTED = 2
"""What one line counts for: SO2 and oxygen, each once, though it covers ten minutes."""


def fleet() -> Registry:
    """Sixty stacks like the one of the other tests."""
    one = registry()
    stack = one.sources[0]
    return one.model_copy(
        update={
            "sources": tuple(stack.model_copy(update={"source": s, "cadence_s": 600}) for s in SOURCES),
            "points": tuple(p.model_copy(update={"source": s}) for s in SOURCES for p in one.points),
            "limits": tuple(x.model_copy(update={"source": s}) for s in SOURCES for x in one.limits),
            "meters": (),
        }
    )


class Plant:
    """A runner over a log in a folder; clock by hand."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.log = SqliteLog(folder / "log.db")
        self.writer = SqliteWriter(folder / "data.db")
        self.store = SqliteStore(self.writer)
        self.runner = Runner(self.log, self.writer, self.store, fleet(), settings=Settings(hot_ms=12 * HOUR_MS))

    def send(self, topic: str, lines: list[bytes]) -> None:
        by_partition: dict[int, list[bytes]] = {}
        for each in lines:
            by_partition.setdefault(partition_of(each.split(b'"')[5].decode()), []).append(each)
        self.log.append_now([Entry(topic, p, b"\n".join(part)) for p, part in by_partition.items()])

    def tick(self, minutes: float) -> None:
        self.log.append_now([Entry("reports", p, tick(MIDNIGHT + timedelta(minutes=minutes))) for p in range(PARTITIONS)])

    def close(self) -> None:
        self.log.close()
        self.store.close()
        self.writer.close()


def reading(source: str, minute: int, delay_s: float = 1) -> bytes:
    """A reading each ten minutes, above the limit in odd hours."""
    so2 = 50.0 if minute // 60 % 2 else 20.0
    return line(MIDNIGHT + timedelta(minutes=minute), {SO2: so2, O2: 6.0}, source=source, delay_s=delay_s)


def outage() -> list[bytes]:
    """All that was measured in the first eight hours, sent after them in random order."""
    lines = [reading(s, m, HOURS * 3600 + 660 - m * 60) for s in SOURCES for m in range(0, HOURS * 60, 10)]
    random.Random(7).shuffle(lines)
    return lines


def test_live_hours_are_decided_while_an_outage_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is let in a slice at a time, after what is live; no turn takes more than a slice of the past."""
    monkeypatch.setattr("plumeline.waiting_room.SETTLE_S", 0)
    plant = Plant(tmp_path / "a")
    runner = plant.runner
    plant.send("reports", [reading(s, HOURS * 60) for s in SOURCES])
    plant.tick(HOURS * 60 + 1)
    runner.step()
    plant.send("backfill", outage())
    plant.send("reports", [reading(s, HOURS * 60 + m) for s in SOURCES for m in range(10, 60, 10)])
    before = runner.progress.readings
    runner.step()
    assert runner.progress.readings - before == len(SOURCES) * 5 * COUNTED  # what is live, nothing else
    late: list[int] = []
    minute = HOURS * 60 + 2.0
    while runner.backfill_waiting():
        before = runner.progress.readings
        runner.step()
        late.append(runner.progress.readings - before)
        plant.tick(minute := minute + 1 / 6)
    runner.drain()
    assert sum(late) <= len(SOURCES) * HOURS * 6 * COUNTED
    assert max(late) == 100 * 6 * COUNTED  # a slice: 100 source-hours of six lines
    plant.tick(HOURS * 60 + 70)
    runner.drain()
    got = plant.store.canonical()
    plant.close()

    on_time = Plant(tmp_path / "b")
    for m in range(0, HOURS * 60 + 60, 10):
        on_time.send("reports", [reading(s, m) for s in SOURCES])
        on_time.tick(m + 1)
        on_time.runner.drain()
    on_time.tick(HOURS * 60 + 70)
    on_time.runner.drain()
    want = on_time.store.canonical()
    on_time.close()
    assert got == want


class Killed(Exception):
    """The process ended here."""


def test_a_slice_that_was_moved_twice_changes_nothing(tmp_path: Path) -> None:
    """Where the process ends between append and commit, the slice is appended again; figures, and a replay's, are the same."""
    plant = Plant(tmp_path / "a")
    plant.send("reports", [reading(s, HOURS * 60) for s in SOURCES])
    plant.tick(HOURS * 60 + 1)
    plant.runner.drain()
    plant.send("backfill", outage())
    room = plant.runner.waiting_room
    assert room is not None

    def end(stage: str) -> None:
        if stage == "moved":
            raise Killed

    room.hook = end
    with pytest.raises(Killed):
        plant.runner.drain()
    plant.close()

    again = Plant(tmp_path / "a")
    for m in range(2, 40):
        again.runner.drain()
        again.tick(HOURS * 60 + m)
    again.runner.drain()
    assert again.runner.backfill_waiting() == 0
    end_ms = int(MIDNIGHT.timestamp() * 1000) + HOURS * HOUR_MS
    moved = [line for source in SOURCES for line in again.store.cold_reports([(source, 0, end_ms)])]
    assert sorted(moved) == sorted(outage())
    figures = again.store.canonical()
    again.close()

    (tmp_path / "c").mkdir()
    whole = Plant(tmp_path / "c")
    whole.send("reports", outage() + [reading(s, HOURS * 60) for s in SOURCES])
    for m in range(1, 40):
        whole.tick(HOURS * 60 + m)
    whole.runner.drain()
    assert figures == whole.store.canonical()
    whole.close()


def test_backfill_waits_for_its_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has just come is left for a moment, then let in, even if nothing else comes."""
    now = 100.0
    monkeypatch.setattr("plumeline.waiting_room.time.monotonic", lambda: now)
    plant = Plant(tmp_path / "a")
    plant.send("backfill", [reading("S000", 0, 3600)])
    assert not plant.runner.step()
    now += 2 * SETTLE_S
    assert plant.runner.step()
    assert plant.runner.step() and plant.runner.progress.readings == COUNTED
    assert plant.runner.backfill_waiting() == 0
    plant.close()
