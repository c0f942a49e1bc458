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
FRAMES_MAX = 2_400
START = datetime(2026, 7, 1, 0, 0, tzinfo=timezone(timedelta(hours=8)))
SECRET = "whsec_" + base64.b64encode(b"crash test secret 0123456789").decode()
ANSWER_S = 2.0
SENT_EACH_S = 0.06
"""Pace of the device: below what the process works off, so that kills meet work and no backlog."""


def frame(n: int) -> tuple[datetime, bytes]:
    """The n-th packet: each covers five minutes, SO2 is above its limit in each second hour."""
    at = START + timedelta(minutes=5 * n)
    so2 = "48.5" if at.hour % 2 == 1 else "21.25"
    who = Identity("STACK1")
    (packet,) = realtime(who, at, (("a21026", so2), ("a19001", "7.5"), ("a00000", "400000")))
    return at, encode(who, packet, at.strftime("%Y%m%d%H%M%S") + f"{n % 1000:03d}")


def late(n: int) -> bytes:
    """What is sent again beside the n-th packet, each third time: a packet of a minute forty minutes before, whose hour may be over."""
    if n % 3:
        return b""
    at = START + timedelta(minutes=5 * n - 41)
    so2 = "48.5" if at.hour % 2 == 1 else "21.25"
    (packet,) = realtime(Identity("STACK1"), at, (("a21026", so2), ("a19001", "7.5"), ("a00000", "400000")))
    return encode(Identity("STACK1"), packet, at.strftime("%Y%m%d%H%M%S") + f"{n % 1000:03d}")


class Process:
    """One folder's process, started again after each kill, and a device that sends until it is answered."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.folder = folder
        folder.mkdir()
        contact = Contact(contact="duty", url=f"{receiver.url}/hooks/duty", secret_env="CRASH_SECRET")
        rows = registry(cadence_s=300).model_copy(update={"contacts": (contact,)})
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
        except OSError:
            return


def test_kills(tmp_path: Path, report: Callable[[str], None]) -> None:
    """200 kills, none of the stages spared: figures, exceedances and told alerts equal the undisturbed run's."""
    rng = random.Random(20261124)
    hooks = {}
    for name in ("killed", "quiet"):
        hooks[name] = Receiver(SECRET, tmp_path / f"{name}.jsonl", 0)
        hooks[name].start()
    killed = Process(tmp_path / "killed_data", hooks["killed"])
    hits: Counter[str] = Counter()
    while sum(hits.values()) < KILLS and killed.sent < FRAMES_MAX:
        killed.start()
        stop = threading.Event()
        device = threading.Thread(target=killed.send, args=(FRAMES_MAX, stop))
        device.start()
        lacking = [s for s in WORK if hits[s] == min(hits[s] for s in WORK)]
        target, deadline = STAGES.index(rng.choice(lacking)), time.monotonic() + 0.6
        time.sleep(rng.uniform(0, 0.1))
        while killed.shared[8] != target and time.monotonic() < deadline:
            time.sleep(0.0002)
        hits[killed.kill()] += 1
        stop.set()
        device.join(5)
    killed.start()
    killed.send(killed.sent + 5, threading.Event())
    killed.end()
    quiet = Process(tmp_path / "quiet_data", hooks["quiet"])
    quiet.start()
    quiet.send(killed.sent, threading.Event())
    quiet.end()
    for hook in hooks.values():
        hook.stop()
    report(f"kills by stage: {dict(hits)}; packets acknowledged: {killed.sent}")
    assert sum(hits.values()) >= KILLS and all(hits[s] for s in WORK), hits
    assert quiet.sent == killed.sent
    stores = [SqliteStore(SqliteWriter(p.folder / "data.db")) for p in (killed, quiet)]
    times = [{t for (t,) in s.rows("SELECT DISTINCT time FROM reports")} for s in stores]
    want = {int(frame(n)[0].timestamp() * 1000) for n in range(killed.sent)}
    want |= {int((frame(n)[0] - timedelta(minutes=41)).timestamp() * 1000) for n in range(0, killed.sent, 3)}
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
