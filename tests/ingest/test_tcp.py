"""The TCP server: whole frames from any cuts, answers after durability, and nobody delayed by a bad neighbour."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from ingest import tcp
from ingest.gateway import NOISE, Gateway
from ingest.hj212 import framing
from ingest.tcp import Server
from tests.ingest.fake_log import FakeLog
from tests.ingest.test_gateway import upload

NOW = datetime.fromisoformat("2026-07-01T00:00:32+08:00")
WAIT_S = 5.0


def serve(play: Callable[[FakeLog, Server], Awaitable[None]]) -> None:
    """Run a server on a free port with a log in memory, then ``play``."""

    async def run() -> None:
        log = FakeLog()
        server = Server(Gateway(log, lambda: NOW, "gw-1", lambda mn: ""), "127.0.0.1", 0)
        await server.start()
        try:
            await asyncio.wait_for(play(log, server), 30)
        finally:
            log.durable.set()
            await server.stop()

    asyncio.run(run())


async def connect(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.port)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.005)


async def answers(reader: asyncio.StreamReader, count: int) -> list[bytes]:
    async with asyncio.timeout(WAIT_S):
        return [await reader.readline() for _ in range(count)]


def test_random_cuts_give_the_same_frames() -> None:
    """Two identities over one connection, in random cuts: same frames, same reports, answers in order."""

    async def play(log: FakeLog, server: Server) -> None:
        rng = random.Random(7)
        uploads = [upload(("A1", "B2")[i % 2], i, qn=f"202607010000{i:02}000") for i in range(60)]
        stream = b"".join(uploads)
        reader, writer = await connect(server)
        at = 0
        while at < len(stream):
            step = rng.randrange(1, 400)
            writer.write(stream[at : at + step])
            await writer.drain()
            await asyncio.sleep(0)
            at += step
        found = await answers(reader, 60)
        assert [a[9:26].decode() for a in found] == [f"202607010000{i:02}000" for i in range(60)]
        assert sorted(json.loads(line)["raw"] for line in log.lines("frames")) == sorted(u[:-2].decode() for u in uploads)
        assert len(log.lines("reports")) == 60
        writer.close()

    serve(play)


def test_no_answer_before_it_is_durable() -> None:
    """While the append is not resolved the device hears nothing; then its answer comes."""

    async def play(log: FakeLog, server: Server) -> None:
        log.durable.clear()
        reader, writer = await connect(server)
        writer.write(upload("A1", 0))
        await until(lambda: log.waiting == 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readline(), 0.1)
        log.durable.set()
        (answer,) = await answers(reader, 1)
        assert b"CN=9014" in answer
        assert {e.topic for e in log.entries} == {"frames", "reports"}
        writer.close()

    serve(play)


def test_a_full_log_stops_the_reading() -> None:
    """A device that floods fills its window and its socket, not the gateway; all of it arrives when there is room."""

    async def play(log: FakeLog, server: Server) -> None:
        log.durable.clear()
        reader, writer = await connect(server)
        one = upload("A1", 0, flag=4)
        flood = asyncio.create_task(_flood(writer, one * 200, 400))
        await until(lambda: log.waiting >= tcp.WINDOW_MAX)
        await asyncio.sleep(0.2)
        held = server.gateway.counted["bytes_accepted"]
        assert held <= (tcp.WINDOW_MAX + 1) * tcp.READ_BYTES
        await asyncio.sleep(0.2)
        assert server.gateway.counted["bytes_accepted"] == held
        assert not flood.done()
        log.durable.set()
        await asyncio.wait_for(flood, 60)  # 80,000 frames: 5 s of CPU time, on a machine that may be busy
        writer.close()
        await until(lambda: server.gateway.verdicts["ok"] == 200 * 400)
        del reader

    serve(play)


async def _flood(writer: asyncio.StreamWriter, data: bytes, times: int) -> None:
    for _ in range(times):
        writer.write(data)
        await writer.drain()


def test_logfull_is_tried_again() -> None:
    """An append that the log refuses is tried again; nothing is lost, the answer comes later."""

    async def play(log: FakeLog, server: Server) -> None:
        log.refuse = 2
        reader, writer = await connect(server)
        writer.write(upload("A1", 0))
        assert len(await answers(reader, 1)) == 1
        assert (server.gateway.counted["log_full"], len(log.lines("reports"))) == (2, 1)
        writer.close()

    serve(play)


def test_bad_neighbours_delay_nobody() -> None:
    """Junk, a half frame, a frame without end and one that dribbles stand beside a device that is answered at once."""

    async def play(log: FakeLog, server: Server) -> None:
        bad = [await connect(server) for _ in range(4)]
        for (_, writer), data in zip(bad, (b"GET / HTTP/1.1\r\n\r\n", upload("A1", 0)[:40], b"##9999QN=1;", b"#"), strict=True):
            writer.write(data)
            await writer.drain()
        bad[2][1].write(b"x" * 300_000)
        reader, writer = await connect(server)
        writer.write(upload("B2", 0))
        assert len(await answers(reader, 1)) == 1
        for _, each in bad:
            each.close()
        writer.close()
        await until(lambda: len(log.lines("quarantine")) >= 3)
        verdicts = {json.loads(line)["verdict"] for line in log.lines("quarantine")}
        assert {NOISE, "truncated", framing.OVER_LONG} <= verdicts

    serve(play)


def test_a_stalled_half_frame_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a connection that stays open a half frame is quarantined by time, and the device's next frame is answered."""
    monkeypatch.setattr(tcp, "STALL_S", 0.1)
    monkeypatch.setattr(framing, "STALL_S", 0.1)

    async def play(log: FakeLog, server: Server) -> None:
        reader, writer = await connect(server)
        writer.write(upload("A1", 0)[:40])
        await until(lambda: len(log.lines("quarantine")) == 1)
        writer.write(upload("A1", 30))
        assert len(await answers(reader, 1)) == 1
        assert json.loads(log.lines("quarantine")[0])["verdict"] == "truncated"
        writer.close()

    serve(play)


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One connection too many is closed at once; a place that becomes free is given again."""
    monkeypatch.setattr(tcp, "CONNECTIONS_MAX", 1)

    async def play(_log: FakeLog, server: Server) -> None:
        _, first = await connect(server)
        await until(lambda: server.connections == 1)
        second, _w = await connect(server)
        assert await asyncio.wait_for(second.read(), WAIT_S) == b""
        first.close()
        await until(lambda: server.connections == 0)
        reader, third = await connect(server)
        third.write(upload("A1", 0))
        assert len(await answers(reader, 1)) == 1
        third.close()

    serve(play)


def test_silence_ends_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """After ``IDLE_S`` without a byte the connection is closed."""
    monkeypatch.setattr(tcp, "IDLE_S", 0.1)

    async def play(_log: FakeLog, server: Server) -> None:
        reader, _writer = await connect(server)
        assert await asyncio.wait_for(reader.read(), WAIT_S) == b""

    serve(play)


def test_stopping_files_what_was_read() -> None:
    """A stop waits for appends under way and sets half frames aside."""

    async def play(log: FakeLog, server: Server) -> None:
        _, writer = await connect(server)
        writer.write(upload("A1", 0) + upload("A1", 30)[:50])
        await until(lambda: len(log.lines("frames")) == 1)
        await server.stop()
        assert [json.loads(line)["verdict"] for line in log.lines("frames")] == ["ok", "truncated"]

    serve(play)
