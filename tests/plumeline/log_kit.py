"""Two real HJ 212 logs as reads with their arrivals, and who sends them to a gateway over real sockets, cut into random pieces."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from ingest.hj212.framing import Framer
from tests.conftest import SHARED, require

LOCAL = timezone(timedelta(hours=8))
SERVER_LOG = SHARED / "data" / "hj212_server_log" / "packets_0024_0500.jsonl"
LOGGER = SHARED / "data" / "hj212_logger_capture" / "packets_part1.txt"
GROUP_S = 120
"""Packets of the logger's file that arrive together: its lines bear no arrival, only when they were sent."""
PIECE_BYTES = (1, 7, 40, 200, 1_500, 20_000)
"""Sizes of the pieces that a read is cut into."""
WAIT_S, LOOK_S = 20.0, 0.0005
"""How long a gateway may take to count what was sent, and how often it is asked."""


class Read(NamedTuple):
    """Bytes that arrived together on one worker's connection; ``end`` says how it was closed."""

    arrival: datetime
    worker: int
    data: bytes
    end: str = ""


def server_reads() -> list[Read]:
    """The log's reads; a read that ends with a packet gets the CR LF back that the log dropped (its README)."""
    require("shared", SERVER_LOG.exists(), "the shared data has no hj212_server_log")
    reads = []
    for line in SERVER_LOG.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        arrival = datetime.fromisoformat(row["arrival"]).replace(tzinfo=LOCAL)
        if row["event"] == "data":
            data = row["raw"].encode("utf-8")
            whole = re.search(rb"&&[0-9A-Fa-f]{4}\Z", data) is not None
            reads.append(Read(arrival, row["worker"], data + b"\r\n" if whole else data))
        elif row["event"] != "connect":
            reads.append(Read(arrival, row["worker"], b"", row["event"]))
    return reads


def logger_reads() -> list[Read]:
    """The logger's lines in groups of what was sent within two minutes, arriving when the last of them was sent."""
    require("shared", LOGGER.exists(), "the shared data has no hj212_logger_capture")
    reads: list[Read] = []
    first: datetime | None = None
    for line in LOGGER.read_bytes().splitlines(keepends=True):
        found = re.search(rb"QN=([0-9]{17})", line)
        assert found is not None
        sent = stamp(found[1].decode())
        if first is None or sent - first >= timedelta(seconds=GROUP_S):
            first = sent
            reads.append(Read(sent, 0, line))
        else:
            reads[-1] = Read(max(sent, reads[-1].arrival), 0, reads[-1].data + line)
    return reads


def stamp(text: str) -> datetime:
    """Return the time that an HJ 212 stamp, with or without milliseconds, says."""
    time = datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=LOCAL)
    return time + timedelta(milliseconds=int(text[14:] or "0"))


class Connection:
    """A device's end of a connection: what it has sent as a framer counts it, and the answers it has got."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.framer = Framer()
        self.got = bytearray()
        self.listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            while data := await self.reader.read(65_536):
                self.got += data
        except ConnectionError:
            return


class Replay:
    """Sends reads over real sockets; a connection is closed when the gateway has counted and answered all that was sent.

    Args:
        counted: what the gateway counts, by name, and ``connections``.
        arrive: called with a read's arrival before it is sent; moves a clock, or waits for one.
        each: whether also each read waits until all before it was counted.
        look_s: how often ``counted`` is asked.
    """

    def __init__(
        self,
        port: int,
        counted: Callable[[], Mapping[str, float]],
        arrive: Callable[[datetime], Awaitable[None]],
        seed: int,
        *,
        each: bool = True,
        look_s: float = LOOK_S,
    ) -> None:
        self.port, self.counted, self.arrive, self.each, self.look_s = port, counted, arrive, each, look_s
        self.open: dict[int, Connection] = {}
        self.rng = random.Random(seed)
        self.sent_bytes = self.answered = self.pieces = 0

    async def run(self, reads: list[Read]) -> None:
        """Send all reads, and close what is open then."""
        for read in reads:
            await self.arrive(read.arrival)
            if read.end:
                await self._close(read.worker, abort=read.end == "io_error")
            else:
                await self._send(read)
        for worker in list(self.open):
            await self._close(worker, abort=False)

    async def _send(self, read: Read) -> None:
        if read.worker not in self.open:
            self.open[read.worker] = Connection(*await asyncio.open_connection("127.0.0.1", self.port))
        connection = self.open[read.worker]
        at = 0
        while at < len(read.data):
            size = self.rng.choice(PIECE_BYTES)
            connection.writer.write(read.data[at : at + size])
            await connection.writer.drain()
            await asyncio.sleep(0)
            at += size
            self.pieces += 1
        self.sent_bytes += sum(len(p.data) for p in connection.framer.feed(read.data))
        if self.each:
            await self._caught_up()

    async def _close(self, worker: int, *, abort: bool) -> None:
        if worker not in self.open:
            return
        await self._caught_up()
        connection = self.open.pop(worker)
        if abort:
            connection.writer.transport.abort()
        else:
            connection.writer.close()
        self.sent_bytes += sum(len(p.data) for p in connection.framer.close())
        self.answered += connection.got.count(b"##")
        await connection.listening
        await self._caught_up()
        await self._until(lambda: self.counted()["connections"] == len(self.open), "a connection stays open")

    async def _caught_up(self) -> None:
        names = ("bytes_accepted", "bytes_quarantined", "bytes_noise")

        def all_counted() -> bool:
            counted = self.counted()
            got = self.answered + sum(c.got.count(b"##") for c in self.open.values())
            return sum(counted.get(n, 0) for n in names) == self.sent_bytes and counted.get("answers", 0) == got

        await self._until(all_counted, f"not all of {self.sent_bytes} bytes is counted and answered")

    async def _until(self, done: Callable[[], bool], what: str) -> None:
        end = asyncio.get_running_loop().time() + WAIT_S
        while not done():
            assert asyncio.get_running_loop().time() < end, f"{what}: {dict(self.counted())}"
            await asyncio.sleep(self.look_s)
