"""The HJ 212 TCP server: bounded memory for each connection, answers after the log is durable, back-pressure by not reading."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import deque

from ingest.gateway import NOISE_KEPT_BYTES, Batch, Gateway
from ingest.hj212.framing import STALL_S, Framer, Piece
from ingest.hj212.verdict import Stream
from ingest.log import LogFull

CONNECTIONS_MAX = 4_096
"""Open connections; one more is closed at once."""
READ_BYTES = 16_384
"""Bytes of one read; what a device sends faster waits in its own socket."""
IDLE_S = 7_200.0
"""Silence after which a connection is closed: twice the longest real-time interval of the standard (3,600 s)."""
FULL_PAUSE_S, BACKFILL_PAUSE_S = 0.2, 1.0
"""How long a live and a backfilling connection are not read while the log is full: live comes first."""
WINDOW_MAX = 8
"""Reads of one connection that may wait for the log at the same time; their answers keep the order."""


class Server:
    """Accepts devices on one port; ``start`` and ``stop``."""

    def __init__(self, gateway: Gateway, host: str, port: int) -> None:
        self.gateway, self.host, self.port = gateway, host, port
        self.accepted = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._tasks)

    async def start(self) -> None:
        """Listen; port 0 takes a free one, which ``port`` then names."""
        self._server = await asyncio.start_server(self._connected, self.host, self.port, limit=READ_BYTES, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end all connections."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._tasks) >= CONNECTIONS_MAX:
            writer.close()
            return
        self._tasks.add(task)
        self.accepted += 1
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError, TimeoutError):
            pass
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(Exception):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        peer = ":".join(map(str, (writer.get_extra_info("peername") or ("?",))[:2]))
        framer, stream = Framer(self.gateway.dialect_of), Stream()
        waiting: deque[asyncio.Task[None]] = deque()
        last = time.monotonic()
        junk, junk_bytes = bytearray(), 0
        try:
            while True:
                try:
                    chunk = await asyncio.wait_for(reader.read(READ_BYTES), STALL_S if framer.pending else IDLE_S)
                except TimeoutError:
                    if not framer.pending and time.monotonic() - last > IDLE_S:
                        return
                    pieces = framer.expire(time.monotonic())
                    junk_bytes = _junk(pieces, junk, junk_bytes)
                    await self._file(pieces, peer, stream, writer, None)
                    continue
                if not chunk:
                    return
                last = time.monotonic()
                pieces = framer.expire(last) + framer.feed(chunk, last)
                if not pieces:
                    continue
                junk_bytes = _junk(pieces, junk, junk_bytes)
                before = waiting[-1] if waiting else None
                waiting.append(asyncio.create_task(self._file(pieces, peer, stream, writer, before)))
                while waiting and (len(waiting) >= WINDOW_MAX or waiting[0].done()):
                    await waiting.popleft()
        finally:
            for task in waiting:
                with contextlib.suppress(ConnectionError):
                    await task
            pieces = framer.close()
            junk_bytes = _junk(pieces, junk, junk_bytes)
            with contextlib.suppress(ConnectionError):
                await self._file(pieces, peer, stream, writer, None)
            if junk_bytes > 0:
                await self._append(self.gateway.junk(bytes(junk), junk_bytes, self.gateway.clock(), peer))

    async def _file(
        self,
        pieces: list[Piece],
        peer: str,
        stream: Stream,
        writer: asyncio.StreamWriter,
        before: asyncio.Task[None] | None,
    ) -> None:
        """File pieces, then answer: in the order in which they came."""
        batch = self.gateway.batch(pieces, self.gateway.clock(), peer, stream)
        await self._append(batch)
        if before is not None and not before.done():
            await asyncio.wait([before])
        if batch.answers and not writer.is_closing():
            writer.write(b"".join(batch.answers))
            await writer.drain()

    async def _append(self, batch: Batch) -> None:
        entries = batch.entries()
        while entries:
            try:
                await self.gateway.log.append(entries)
                return
            except LogFull:
                self.gateway.counted["log_full"] += 1
                await asyncio.sleep(BACKFILL_PAUSE_S if batch.backfill else FULL_PAUSE_S)


def _junk(pieces: list[Piece], junk: bytearray, size: int) -> int:
    """Gather noise in ``junk``; return its size so far, or -1 for ever once something else than noise was seen."""
    for piece in pieces:
        if size < 0 or piece.kind != "noise":
            junk.clear()
            return -1
        junk += piece.data[: max(0, NOISE_KEPT_BYTES - len(junk))]
        size += len(piece.data)
    return size
