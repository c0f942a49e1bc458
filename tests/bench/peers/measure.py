"""One engine's run: started as processes of its own, watched until its last figure, its CPU time and memory read from the kernel.

Linux only: figures are those of /proc, summed over the session that the engine's first process leads.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers.broker import Output
from tests.bench.peers.job import Settings
from tests.bench.peers.load import Size
from tests.bench.peers.reference import Figures, difference

REPO = Path(__file__).resolve().parents[3]
POLL_S = 0.25
SETTLED_S = 3.0
"""Without a new record for so long, an engine is taken to be through, and its output is read."""
STALLED_S = 120.0
"""Without a new record for so long, it is given up."""
STOP_S = 15.0
"""An engine that does not end by itself after SIGTERM is killed."""
LOG_TAIL = 300
"""Characters of an engine's log that are shown when it failed."""
_TICK_HZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """CPU-seconds and the sum of peak resident sizes of a session's processes."""

    cpu_s: float = 0.0
    rss_mb: float = 0.0


@dataclass(frozen=True)
class Run:
    """What one run of one engine took from its start to its last figure; ``fault`` is empty where every figure was right."""

    seconds: float
    usage: Usage
    fault: str


def usage_of(session: int) -> Usage:
    """Return what the living processes of a session, and those they have waited for, have used so far."""
    ticks = kilobytes = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(stat[3]) != session:
                continue
            ticks += sum(int(t) for t in stat[11:15])
            peak = [line.split()[1] for line in (entry / "status").read_text().splitlines() if line.startswith("VmHWM")]
            kilobytes += int(peak[0]) if peak else 0
        except OSError:  # it ended while we looked
            continue
    return Usage(ticks / _TICK_HZ, kilobytes / 1024)


async def measure(command: Sequence[str], settings: Settings, size: Size, wanted: Figures) -> Run:
    """Run an engine over the input and compare what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as sink:
            engine = subprocess.Popen(
                command,
                cwd=folder,
                env={
                    **os.environ,
                    **settings.environment(),
                    **size.environment(),
                    "PYTHONPATH": str(REPO),
                    "PYTHONUNBUFFERED": "1",
                },
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        try:
            run = await _watch(engine, settings, size, wanted)
        finally:
            _stop(engine)
        if not run.fault:
            return run
        said = log.read_text(errors="replace").strip()[-LOG_TAIL:]
        return Run(run.seconds, run.usage, f"{run.fault}{'; it said: …' + said if said else ''}")


async def _watch(engine: subprocess.Popen[bytes], settings: Settings, size: Size, wanted: Figures) -> Run:
    began_s = last_s = time.monotonic()
    usage, seen = Usage(), 0
    records: list[bytes] = []
    async with Output.of(settings.bootstrap, settings.figures) as output:
        while engine.poll() is None:
            count, now_s = await output.count(), time.monotonic()
            if count != seen:
                seen, last_s, usage = count, now_s, usage_of(engine.pid)
            elif now_s - last_s > SETTLED_S:
                records += await output.read()
                if _figures_in(records) >= size.figures or now_s - last_s > STALLED_S:
                    break
            await asyncio.sleep(POLL_S)
        ended = engine.poll()
        records += await output.read()
    fault = difference(records, wanted, size.end_s)
    if fault and ended is not None:
        fault = f"ended with {ended}; {fault}"
    return Run(last_s - began_s, usage, fault)


def _figures_in(records: Sequence[bytes]) -> int:
    return sum(record.count(b"\n") + 1 for record in records)


def _stop(engine: subprocess.Popen[bytes]) -> None:
    if engine.poll() is None:
        engine.terminate()
        try:
            engine.wait(STOP_S)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(engine.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    engine.wait()
