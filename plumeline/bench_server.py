"""A server for benchmarks: the process of ``plumeline serve``, with a gateway clock that starts where a benchmark needs it."""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from ingest.registry import Registry
from plumeline.bench_load import BenchFault
from processors.figures import local

START_S = 60.0
"""Longest wait for the server to answer."""
STOP_S = 30.0
"""Longest wait for it to end before it is killed."""
POLL_S = 0.05
"""Pause between two looks at its metrics."""
HOST = "127.0.0.1"
CLOCK_BYTES = 8
"""A steered clock is a file that holds epoch milliseconds."""
STDERR_CHARS = 2_000
"""What is shown of the server's standard error where it failed."""


@dataclass(frozen=True, slots=True)
class Child:
    """What the child process is told; ``virtual_ms`` is its gateway clock at its start, None for the machine's clock.

    Where ``steered``, that clock stands until it is set.
    """

    data: str
    registry: str
    http_port: int
    tcp_port: int
    tick_s: float
    virtual_ms: int | None
    steered: str | None


@dataclass(frozen=True, slots=True)
class Serving:
    """A running server; ``clock`` is the file of a steered one's clock."""

    process: subprocess.Popen[bytes]
    url: str
    tcp_port: int
    data: Path
    clock: Path

    def steer(self, virtual_ms: int) -> None:
        """Set the gateway's clock, so that what is sent next is live."""
        with self.clock.open("r+b") as file:
            file.write(virtual_ms.to_bytes(CLOCK_BYTES, "big"))

    def metrics(self) -> dict[str, float]:
        """Return its gauges without labels, by name."""
        text = httpx.get(f"{self.url}/metrics", timeout=30).text
        return {name: float(value) for name, value in re.findall(r"^(plumeline_\w+) (\S+)$", text, re.MULTILINE)}

    def wait_until(self, readings: int, within_s: float) -> float:
        """Wait until so many readings are stored and nothing waits; return the steady clock's time then.

        Raises:
            BenchFault: not within ``within_s`` seconds.
        """
        end = time.monotonic() + within_s
        seen: dict[str, float] = {}
        while time.monotonic() < end:
            seen = self.metrics()
            idle = seen["plumeline_records_waiting"] == seen["plumeline_backfill_waiting"] == 0
            if idle and seen["plumeline_readings_total"] >= readings:
                return time.monotonic()
            time.sleep(POLL_S)
        raise BenchFault(f"{readings:,} readings were not stored within {within_s:g} s; the server says {seen}")


def free_ports(count: int) -> list[int]:
    """Return free TCP ports of this machine."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextmanager
def served(
    registry: Registry,
    *,
    virtual_ms: int | None = None,
    steered: bool = False,
    tick_s: float = 1.0,
    env: Mapping[str, str] | None = None,
) -> Iterator[Serving]:
    """Run a server with a folder and ports of its own until the block ends.

    Raises:
        BenchFault: it does not answer within ``START_S`` seconds.
    """
    with tempfile.TemporaryDirectory(prefix="plumeline-bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        (root / "registry.json").write_text(registry.model_dump_json(), encoding="utf-8")
        http_port, tcp_port = free_ports(2)
        clock = root / "clock"
        clock.write_bytes((virtual_ms or 0).to_bytes(CLOCK_BYTES, "big"))
        steering = str(clock) if steered else None
        child = Child(str(root / "data"), str(root / "registry.json"), http_port, tcp_port, tick_s, virtual_ms, steering)
        command = [sys.executable, "-m", "plumeline.bench_server", json.dumps(asdict(child))]
        with (root / "stderr").open("wb") as errors:
            process = subprocess.Popen(command, stderr=errors, stdout=errors, env={**os.environ, **(env or {})})
            try:
                _answering(process, f"http://{HOST}:{http_port}", root / "stderr")
                yield Serving(process, f"http://{HOST}:{http_port}", tcp_port, root / "data", clock)
            finally:
                process.terminate()
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _answering(process: subprocess.Popen[bytes], url: str, errors: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_S)
    raise BenchFault(
        f"the server did not start: {errors.read_text(encoding='utf-8', errors='replace')[-STDERR_CHARS:] or 'no word'}"
    )


def shifted(virtual_ms: int | None) -> Callable[[], datetime]:
    """Return a clock that runs as this machine's, and shows ``virtual_ms`` now."""
    from plumeline.county import CST, wall

    if virtual_ms is None:
        return wall
    shift = timedelta(milliseconds=virtual_ms - time.time() * 1000)
    return lambda: datetime.now(CST) + shift


def steered(path: Path) -> Callable[[], datetime]:
    """Return a clock that shows what a file says."""
    with path.open("rb") as file:
        shown = mmap.mmap(file.fileno(), CLOCK_BYTES, access=mmap.ACCESS_READ)
    return lambda: local(int.from_bytes(shown[:], "big"))


async def _run(child: Child) -> None:
    from plumeline.county import County, Options

    options = Options(Path(child.data), HOST, child.http_port, child.tcp_port, child.tick_s)
    registry = Registry.model_validate_json(Path(child.registry).read_bytes())
    clock = steered(Path(child.steered)) if child.steered else shifted(child.virtual_ms)
    county = County(options, registry, clock)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, county.stop.set)
    await county.run()


def main() -> None:
    """Serve as the first argument says (``Child`` as JSON) until told to stop."""
    from plumeline.county import logging

    logging()
    asyncio.run(_run(Child(**json.loads(sys.argv[1]))))


if __name__ == "__main__":
    main()
