"""SIGKILL of the real process at random points: nothing acknowledged is lost, nothing is doubled, every figure is as if undisturbed."""

from __future__ import annotations

import base64
import json
import mmap
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ingest.registry import Contact
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from simulators.encoder import Identity, encode, realtime
from simulators.receiver import Receiver
from tests.conftest import REPO
from tests.orphans import program
from tests.plumeline.crash_worker import STAGES
from tests.processors.given import registry

WORK = STAGES[1:]
"""Stages that each must be hit; "idle" is what lies between them."""
KILLS = 200
"""Kills in one run; each hits the stage that was drawn, or whatever runs when it does not come in time."""
FRAMES_MAX = 6_000
"""Bound on packets of a run: twice what a slow machine took for all kills."""
EACH = timedelta(minutes=10)
"""What a packet covers: six make an hour, so that exceedances open and close often enough to be met by kills."""
MISSED = timedelta(minutes=41)
"""How far back what is sent again lies."""
START = datetime(2026, 7, 1, 0, 0, tzinfo=timezone(timedelta(hours=8)))
SECRET = "whsec_" + base64.b64encode(b"crash test secret 0123456789").decode()
AWAITED_S = 5.0
"""How long the stage that was drawn is awaited: longer than a loaded machine takes for what waited while the process was away."""
ANSWER_S = 2.0
FOLLOWS_S = 300.0
"""How long the undisturbed process may take for what it has not yet been sent."""
SENT_EACH_S = 0.04
"""Pace of the device."""
AHEAD_MAX = 4
"""Packets after which the device waits until the process is idle: kills are to meet work, not a backlog that grows on a slow machine."""


def frame(n: int) -> tuple[datetime, bytes]:
    """The n-th packet: each covers EACH, SO2 is above its limit in each second hour."""
    at = START + EACH * n
    so2 = "48.5" if at.hour % 2 == 1 else "21.25"
    who = Identity("STACK1")
    (packet,) = realtime(who, at, (("a21026", so2), ("a19001", "7.5"), ("a00000", "400000")))
    return at, encode(who, packet, at.strftime("%Y%m%d%H%M%S") + f"{n % 1000:03d}")


def late(n: int) -> bytes:
    """What is sent again beside the n-th packet, each third time: a packet of a minute forty minutes before, whose hour may be over."""
    if n % 3:
        return b""
    at = START + EACH * n - MISSED
    so2 = "48.5" if at.hour % 2 == 1 else "21.25"
    (packet,) = realtime(Identity("STACK1"), at, (("a21026", so2), ("a19001", "7.5"), ("a00000", "400000")))
    return encode(Identity("STACK1"), packet, at.strftime("%Y%m%d%H%M%S") + f"{n % 1000:03d}")


class Process:
    """One folder's process, started again after each kill, and a device that sends until it is answered."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.folder = folder
        folder.mkdir()
        contact = Contact(contact="duty", url=f"{receiver.url}/hooks/duty", secret_env="CRASH_SECRET")
        rows = registry(cadence_s=int(EACH.total_seconds())).model_copy(update={"contacts": (contact,)})
        (folder / "registry.json").write_text(rows.model_dump_json())
        (folder / "shared").write_bytes(bytes(16))
        self._file = (folder / "shared").open("r+b")
        self.shared = mmap.mmap(self._file.fileno(), 16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.child: subprocess.Popen[str] | None = None
        self.sent = 0

    def start(self) -> None:
        command = program(f"from tests.plumeline.crash_worker import main; main({str(self.folder)!r}, {self.port})")
        env = os.environ | {"CRASH_SECRET": SECRET, "POLARS_MAX_THREADS": "1"}
        self.shared[8] = 0  # what the one before was at says nothing of this one
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPO, env=env)
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        assert line.strip() == "ready", f"the process did not start: {line!r}"

    def kill(self) -> str:
        assert self.child is not None
        self.child.send_signal(signal.SIGKILL)
        stage = STAGES[self.shared[8]]
        self.child.wait()
        return stage

    def end(self) -> None:
        assert self.child is not None and self.child.stdin is not None
        self.child.stdin.close()
        assert self.child.wait(180) == 0

    def send(self, until: int, stop: threading.Event) -> None:
        """Send packets in order, each again until its answer came; ends when told to or when the connection breaks."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_S) as link:
                while self.sent < until and not stop.is_set():
                    at, data = frame(self.sent)
                    self.shared[:8] = struct.pack("<q", int(at.timestamp() * 1000) + 1000)
                    missed = late(self.sent)
                    link.sendall(missed + data)
                    answer = b""
                    while answer.count(b"\r\n") < (2 if missed else 1):
                        part = link.recv(4096)
                        if not part:
                            return
                        answer += part
                    assert b"CN=9014" in answer
                    self.sent += 1
                    time.sleep(SENT_EACH_S)
                    worked_off = time.monotonic() + AWAITED_S
                    while self.sent % AHEAD_MAX == 0 and self.shared[8] and not stop.is_set() and time.monotonic() < worked_off:
                        time.sleep(SENT_EACH_S / 4)
        except OSError:
            return

    def follow(self, other: Process, done: threading.Event) -> None:
        """Send what was sent to another process, until that is done."""
        while not (done.is_set() and self.sent == other.sent):
            self.send(other.sent, threading.Event())
            time.sleep(SENT_EACH_S)


@pytest.mark.timeout(2_400)  # two hundred starts of a process: minutes, on a machine with much else to do many
def test_kills(tmp_path: Path, report: Callable[[str], None]) -> None:
    """200 kills, none of the stages spared: figures, exceedances and told alerts equal the undisturbed run's."""
    rng = random.Random(20261124)
    hooks = {}
    for name in ("killed", "quiet"):
        hooks[name] = Receiver(SECRET, tmp_path / f"{name}.jsonl", 0)
        hooks[name].start()
    killed, quiet = (Process(tmp_path / f"{name}_data", hook) for name, hook in hooks.items())
    done = threading.Event()
    quiet.start()
    following = threading.Thread(target=quiet.follow, args=(killed, done))
    following.start()
    hits: Counter[str] = Counter()
    while sum(hits.values()) < KILLS and killed.sent < FRAMES_MAX:
        killed.start()
        stop = threading.Event()
        device = threading.Thread(target=killed.send, args=(FRAMES_MAX, stop))
        device.start()
        lacking = [s for s in WORK if hits[s] == min(hits[s] for s in WORK)]
        target, deadline = STAGES.index(rng.choice(lacking)), time.monotonic() + AWAITED_S
        time.sleep(rng.uniform(0, 0.1))
        while killed.shared[8] != target and time.monotonic() < deadline:
            time.sleep(0.0002)
        hits[killed.kill()] += 1
        stop.set()
        device.join(5)
    killed.start()
    killed.send(killed.sent + 5, threading.Event())
    killed.end()
    done.set()
    following.join(FOLLOWS_S)
    quiet.end()
    for hook in hooks.values():
        hook.stop()
    report(f"kills by stage: {dict(hits)}; packets acknowledged: {killed.sent}")
    assert sum(hits.values()) >= KILLS and all(hits[s] for s in WORK), hits
    assert quiet.sent == killed.sent
    stores = [SqliteStore(SqliteWriter(p.folder / "data.db")) for p in (killed, quiet)]
    times = [{r.time_ms for r in s.reports("STACK1", 0, 2**62, 10**6)} for s in stores]
    want = {int(frame(n)[0].timestamp() * 1000) for n in range(killed.sent)}
    want |= {int((frame(n)[0] - MISSED).timestamp() * 1000) for n in range(0, killed.sent, 3)}
    assert want - times[0] == set(), "acknowledged packets were lost"
    assert times[0] == times[1]
    query = "SELECT source, level, start, factor, stat, value, ok, reason, n, verdict, inputs, rules FROM figures WHERE revision > 0 ORDER BY 1,2,3,4,5"
    assert stores[0].rows(query) == stores[1].rows(query)
    told = "SELECT id, kind FROM events WHERE kind LIKE 'exceedance%' ORDER BY id"
    assert stores[0].rows(told) == stores[1].rows(told)
    assert len(stores[0].rows(told)) > 0
    keys = []
    for name in hooks:
        rows = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        assert {r["verdict"] for r in rows} == {"ok"}
        keys.append({r["id"] for r in rows if '"exceedance' in r["body"][:60]})
    assert keys[0] == keys[1], "alerts were lost or invented"
