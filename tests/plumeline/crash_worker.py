"""The process that crash tests kill: gateway, log, runner, outbox and deliveries on one folder; its clock and stage lie in a file."""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
import sys
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from alerts.deliver import Deliverer
from alerts.outbox import Outbox
from ingest.gateway import Gateway
from ingest.log import Entry
from ingest.registry import Registry
from ingest.tcp import Server
from plumeline.runner import READ, Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.memory import Settings

STAGES = ("idle", "append", "applied", "published", "inputs", "figures", "state", "committed", "told", "moved")
LINGER_S = 0.003
"""How long a stage lasts at least, so that kills can find it."""
CST = timezone(timedelta(hours=8))


class Watched(SqliteLog):
    """The log, with its appends as a stage."""

    stage = staticmethod(lambda _name: None)

    async def append(self, entries: list[Entry]) -> None:  # type: ignore[override]
        self.stage("append")
        await super().append(entries)


def main(path: str, port: int) -> None:
    """Run until killed or until stdin closes."""
    folder = Path(path)
    with (folder / "shared").open("r+b") as file:
        shared = mmap.mmap(file.fileno(), 16)

    def stage(name: str) -> None:
        shared[8] = STAGES.index(name)
        time.sleep(LINGER_S)

    def clock() -> datetime:
        return datetime.fromtimestamp(struct.unpack("<q", shared[:8])[0] / 1000, UTC).astimezone(CST)

    registry = Registry.model_validate_json((folder / "registry.json").read_bytes())
    log = Watched(folder / "log.db")
    log.stage = stage  # type: ignore[method-assign]
    writer = SqliteWriter(folder / "data.db")
    outbox = Outbox(folder / "outbox.db")
    runner = Runner(
        log, writer, SqliteStore(writer), registry, outbox=outbox, hook=stage, settings=Settings(hot_ms=3 * 3_600_000)
    )
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            if not runner.step():
                shared[8] = 0
                time.sleep(0.005)

    async def serve() -> None:
        gateway = Gateway(log, clock, "g1", lambda _mn: "")
        server = Server(gateway, "127.0.0.1", port)
        await server.start()
        ending, loop = asyncio.Event(), asyncio.get_running_loop()

        def heard() -> None:
            if not os.read(0, 1):
                loop.remove_reader(sys.stdin)  # a closed stream would be ready for ever
                ending.set()

        loop.add_reader(sys.stdin, heard)
        deliverer = Deliverer(outbox, _now_ms, _now_ms, os.environ.get)
        over = asyncio.Event()
        delivering = asyncio.create_task(deliverer.run(over))
        print("ready", flush=True)
        last = None
        while not ending.is_set():
            deliverer.wake.set()
            if clock() != last:
                last = clock()
                await gateway.tick()
            await asyncio.sleep(0.01)
        await server.stop()
        end = clock()
        gateway.clock = lambda: end
        while (
            (working := log.waiting(READ, runner.progress.seq))
            or runner.backfill_waiting()
            or runner.engine.behind
            or runner.engine.closings
        ):
            await asyncio.sleep(0.02)
            if not working:
                end += timedelta(seconds=1)  # hours that were filled in are revised, and days closed, at ticks
                await gateway.tick()
        for _ in range(200):
            if outbox.counts().get("waiting", 0) == 0:
                break
            await asyncio.sleep(0.05)
        over.set()
        await delivering

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    asyncio.run(serve())
    stop.set()
    worker.join(10)
    log.close()


def _now_ms() -> int:
    return int(time.time() * 1000)
