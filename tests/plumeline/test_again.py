"""A quarantined frame tried again is read as if it had come right, once, with a note; or it is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ingest.gateway import Gateway
from ingest.hj212.crc import DIALECT_WORDS, crc, modbus
from ingest.hj212.framing import Framer
from ingest.log import Entry
from ingest.records import Frame, frame_id
from ingest.registry import Enterprise, Point, Registry, Source
from plumeline.again import Again
from plumeline.replay import replay
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter

CST = timezone(timedelta(hours=8))
CAME = datetime(2026, 7, 1, 3, 0, 31, tzinfo=CST)
NOW = datetime(2026, 7, 3, 9, 0, tzinfo=CST)
MN = "4401000001"


def packet(second: int = 30, *, wrong: bool = True, value: str = "31.2") -> bytes:
    """Return a device's packet with the CRC of MODBUS (wrong here), or the standard's."""
    segment = (
        f"QN=20260701030030000;ST=31;CN=2011;PW=123456;MN={MN};Flag=5;"
        f"CP=&&DataTime=202607010300{second:02};a21026-Rtd={value},a21026-Flag=N&&"
    ).encode()
    return b"##%04d%s%04X" % (len(segment), segment, (modbus if wrong else crc)(segment))


class Plant:
    """Log, store and runner over a folder, and the registry's word on the device's CRC."""

    def __init__(self, folder: Path) -> None:
        self.dialect = ""
        registry = Registry(
            enterprises=(Enterprise(enterprise="nanhai", name="Nanhai Power"),),
            sources=(Source(source=MN, enterprise="nanhai", outlet="DA001", name="stack 1", kind="flue_gas"),),
            points=(Point(source=MN, factor="a21026", unit="mg/m3"),),
        )
        self.log = SqliteLog(folder / "log.db")
        self.writer = SqliteWriter(folder / "data.db")
        self.store = SqliteStore(self.writer)
        self.runner = Runner(self.log, self.writer, self.store, registry)
        self.again = Again(self.log, lambda _mn: self.dialect, lambda: NOW)

    def receive(self, raw: bytes) -> str:
        """Take in bytes as the gateway does and return the id of the frame."""
        gateway = Gateway(self.log, lambda: CAME, "gateway-1", lambda _mn: self.dialect)
        framer = Framer(gateway.dialect_of)
        batch = gateway.batch(framer.feed(raw + b"\r\n") + framer.close(), CAME, "10.0.0.7:4000")
        self.log.append_now(batch.entries())
        self.runner.drain()
        return frame_id(raw)

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(r.line) for r in self.store.reports(MN, 0, 2**62)]

    def close(self) -> None:
        self.log.close()
        self.store.close()
        self.writer.close()


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path)
    yield made
    made.close()


def test_after_its_dialect_is_registered_a_frame_is_read(plant: Plant, tmp_path: Path) -> None:
    """Same id, same time of receipt, reports as from the gateway, a note, nobody answered; a replay repeats it."""
    key = plant.receive(packet())
    held = plant.store.frame(key)
    assert held is not None and held.verdict == DIALECT_WORDS["modbus"] and plant.lines() == []
    reason = plant.again.reason(held)
    assert reason is not None and "MODBUS" in reason
    before = plant.log.newest()
    assert plant.again.file(held, "Li Wei") == reason and plant.log.newest() == before, "a refusal leaves the log alone"
    plant.dialect = "modbus"
    assert plant.again.reason(held) is None
    for _ in range(2):
        assert plant.again.file(held, "Li Wei") is None
        plant.runner.drain()
    found = plant.store.frame(key)
    assert found is not None and plant.store.quarantine() == [] and plant.store.quarantine_counts() == {}
    assert (found.verdict, found.crc, found.received_ms, found.answered) == ("ok", "modbus", held.received_ms, False)
    assert found.detail is not None
    assert found.detail.startswith(f"tried again 2026-07-03T09:00:00+08:00 by Li Wei; before: {held.verdict}")
    (line,) = plant.lines()
    assert (line["frame"], line["values"], line["received"]) == (key, [31.2], "2026-07-01T03:00:31+08:00")
    told = replay(tmp_path, tmp_path / "fresh")
    assert told["figures_equal"] and told["events_equal"]


def test_it_gives_what_a_frame_that_came_right_gives(plant: Plant, tmp_path: Path) -> None:
    """The report of a frame tried again equals that of one accepted at once, save the frame's id."""
    key = plant.receive(packet())
    plant.dialect = "modbus"
    held = plant.store.frame(key)
    assert held is not None and plant.again.file(held, "Li Wei") is None
    plant.runner.drain()
    (tmp_path / "other").mkdir()
    other = Plant(tmp_path / "other")
    other.receive(packet(wrong=False))
    assert [{**line, "frame": ""} for line in plant.lines()] == [{**line, "frame": ""} for line in other.lines()]
    other.close()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"GET / HTTP/1.1", "no HJ 212 frame in it"),
        (packet()[:60], "truncated"),
        (packet(wrong=False) + packet(31, wrong=False), "more than one frame in it"),
    ],
)
def test_what_is_refused_again(plant: Plant, raw: bytes, reason: str) -> None:
    """No frame, half a frame and several frames stay in quarantine, each with its reason."""
    frame = Frame(
        id=frame_id(raw), received=CAME, peer="p", protocol="hj212", raw=raw.decode("latin-1"), verdict="set aside before"
    )
    plant.log.append_now([Entry("quarantine", 0, frame.line())])
    plant.runner.drain()
    held = plant.store.frame(frame.id)
    assert held is not None and plant.again.file(held, "Li Wei") == reason
    plant.runner.drain()
    assert plant.store.frame(frame.id) == held and plant.lines() == []


def test_report_lines_are_tried_again(plant: Plant) -> None:
    """A line that the engine could not take in is judged by its schema; one that fails in the engine again says so again."""
    line = {
        "v": 1,
        "source": MN,
        "time": "2026-07-01T03:00:30+08:00",
        "kind": "realtime",
        "factors": ["a21026"],
        "stats": ["rtd"],
    }
    line |= {"values": [8.4], "flags": ["N"], "sent": "2026-07-01T03:00:31+08:00", "received": "2026-07-01T03:00:31+08:00"}
    good, bad = json.dumps({**line, "protocol": "http"}).encode(), b'{"v":1}'
    for raw in (good, bad):
        frame = Frame(id=frame_id(raw), received=CAME, peer="log", protocol="reports", raw=raw.decode(), verdict="not a report")
        plant.log.append_now([Entry("quarantine", 0, frame.line())])
    plant.runner.drain()
    first, second = (plant.store.frame(frame_id(raw)) for raw in (good, bad))
    assert first is not None and second is not None
    assert plant.again.file(first, "Li Wei") is None
    assert plant.again.file(second, "Li Wei") == "source: the field is missing (and 9 more)"
    plant.runner.drain()
    assert [f.id for f in plant.store.quarantine()] == [second.id]
    assert [r["values"] for r in plant.lines()] == [[8.4]]
    failing = Frame(
        id=first.id, received=CAME, peer="log", protocol="reports", raw=good.decode(), verdict="not a report", detail="again"
    )
    plant.log.append_now([Entry("quarantine", 0, failing.line())])
    plant.runner.drain()
    assert {f.id for f in plant.store.quarantine()} == {first.id, second.id}


def test_a_frame_once_read_stays_read(plant: Plant) -> None:
    """The same bytes judged worse later (without the parts before them, or under another registry) take nothing back."""
    plant.dialect = "modbus"
    key = plant.receive(packet())
    plant.dialect = ""
    plant.receive(packet())
    found = plant.store.frame(key)
    assert found is not None and found.verdict == "ok" and len(plant.lines()) == 1
