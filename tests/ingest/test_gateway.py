"""Pieces become records: frames, reports and quarantine, bundled by partition."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

import pytest

from ingest import gateway as module
from ingest.gateway import NOISE, NOISE_KEPT_BYTES, Gateway, records
from ingest.hj212.answer import frame
from ingest.hj212.framing import Framer
from ingest.log import PARTITIONS, Entry, partition_of
from ingest.records import Frame, Report, Tick
from tests.ingest.fake_log import FakeLog

NOW = datetime.fromisoformat("2026-07-01T00:00:32+08:00")


def upload(mn: str, second: int, flag: int = 5, qn: str = "20260701000031000") -> bytes:
    area = f"DataTime=202607010000{second:02};a21026-Rtd=31.2,a21026-Flag=N"
    return frame(f"QN={qn};ST=31;CN=2011;PW=123456;MN={mn};Flag={flag};CP=&&{area}&&".encode())


def gateway(log: FakeLog | None = None) -> Gateway:
    return Gateway(log or FakeLog(), lambda: NOW, "gw-1", lambda mn: "")


def test_one_record_a_topic_and_partition() -> None:
    """Frames of one read are bundled: NDJSON joined by newlines, partition by source; frames stand before reports."""

    async def run() -> None:
        (first, second, other) = upload("A1", 0), upload("A1", 30), upload("B2", 0)
        batch = gateway().batch(Framer().feed(first + second + other), NOW, "192.0.2.1:9")
        assert partition_of("A1") != partition_of("B2")
        entries = batch.entries()
        assert [(e.topic, e.partition) for e in entries] == [
            (topic, p) for topic in ("frames", "reports") for p in sorted((partition_of("A1"), partition_of("B2")))
        ]
        (frames_a1,) = (e for e in entries if e.topic == "frames" and e.partition == partition_of("A1"))
        kept = [Frame.model_validate_json(line) for line in frames_a1.value.split(b"\n")]
        assert [(f.raw.encode(), f.verdict, f.source, f.peer, f.answered) for f in kept] == [
            (raw[:-2], "ok", "A1", "192.0.2.1:9", True) for raw in (first, second)
        ]
        (reports_a1,) = (e for e in entries if e.topic == "reports" and e.partition == partition_of("A1"))
        made = [Report.model_validate_json(line) for line in reports_a1.value.split(b"\n")]
        assert [(r.source, r.time.second, r.values, r.frame) for r in made] == [
            ("A1", 0, [31.2], kept[0].id),
            ("A1", 30, [31.2], kept[1].id),
        ]
        assert [a[-4:] for a in batch.answers] and len(batch.answers) == 3

    asyncio.run(run())


def test_quarantined_frames_stand_on_two_topics() -> None:
    """With reason, verbatim, without report and answer; counted by verdict and bytes."""

    async def run() -> None:
        good = upload("A1", 0)
        wrong = good.replace(b"31.2", b"31.3")
        timeless = frame(b"QN=1;ST=31;CN=2011;PW=1;MN=A1;Flag=5;CP=&&DataTime=x;a-Rtd=1&&")
        gate = gateway()
        framer = Framer()
        batch = gate.batch(framer.feed(b"zz" + wrong + timeless + good) + framer.close(), NOW, "p")
        reasons = [
            Frame.model_validate_json(line).verdict
            for (topic, _), lines in batch.lines.items()
            if topic == "quarantine"
            for line in lines
        ]
        assert reasons == ["crc wrong", "DataTime is no time"]
        assert sum(len(lines) for (topic, _), lines in batch.lines.items() if topic == "reports") == len(batch.answers) == 1
        assert gate.verdicts == {"ok": 1, "crc wrong": 1, "DataTime is no time": 1}
        total = sum(gate.counted[name] for name in ("bytes_accepted", "bytes_quarantined", "bytes_noise"))
        assert (total, gate.counted["bytes_noise"]) == (2 + len(wrong) + len(timeless) + len(good), 2)

    asyncio.run(run())


def test_backfill_is_told() -> None:
    """A batch whose last report was sent long after its time is backfill; a live one is not."""

    async def run() -> None:
        late = upload("A1", 0, qn="20260701010031000")
        assert gateway().batch(Framer().feed(late), NOW, "p").backfill
        assert not gateway().batch(Framer().feed(late + upload("A1", 0)), NOW, "p").backfill

    asyncio.run(run())


def test_records_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record is cut between lines at its bound; a longer single line stays whole."""
    monkeypatch.setattr(module, "RECORD_BYTES_MAX", 10)
    assert list(records([b"12345", b"6789", b"abc", b"x" * 20, b"y"])) == [b"12345\n6789", b"abc", b"x" * 20, b"y"]
    assert list(records([])) == []


def test_ticks() -> None:
    """A tick goes to every partition of ``reports``; where the log is full, that is told and nothing raised."""

    async def run() -> None:
        log = FakeLog()
        gate = gateway(log)
        assert await gate.tick()
        assert [(e.topic, e.partition) for e in log.entries] == [("reports", p) for p in range(PARTITIONS)]
        assert {Tick.model_validate_json(e.value) for e in log.entries} == {Tick(tick=NOW, gateway="gw-1")}
        log.refuse = 1
        assert not await gate.tick()

    asyncio.run(run())


def test_junk_is_kept_within_its_bound() -> None:
    """A connection of junk leaves one record with its size and its first bytes."""

    async def run() -> None:
        (entry,) = gateway().junk(b"\xff" * 9000, 12345, NOW, "p").entries()
        record = json.loads(entry.value)
        assert isinstance(entry, Entry) and entry.topic == "quarantine"
        assert (record["verdict"], len(record["raw"]), record["detail"]) == (
            NOISE,
            NOISE_KEPT_BYTES,
            "12345 bytes, the first 4096 kept",
        )

    asyncio.run(run())
