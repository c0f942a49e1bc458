"""``plumeline cluster local``: all services of a cluster as processes of this machine, with a real Kafka and a real InfluxDB."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog
from rich.console import Console

from ingest.files import NotReadable
from ingest.http import token_variable
from plumeline.county import wall
from plumeline.demo import SECRET_VARIABLE
from plumeline.parts import LocalInflux, LocalKafka
from plumeline.programs import PartError, PartMissing
from processors.influx import BUCKET, RAW_BUCKET
from simulators.county import TOKEN_GROUP
from simulators.receiver import Receiver

SPEED = 60.0
RESTART_S = 2.0
"""Pause before a service that ended is started again."""
END_S = 40.0
PORTS = {"gateway": 9100, "worker0": 9101, "worker1": 9104, "writer": 9102, "alerts": 9103, "backfill": 9105}
CONSOLE_PORT = 8080


@dataclass(slots=True)
class Supervised:
    """A service and its process; one that ends is started again."""

    name: str
    words: list[str]
    env: dict[str, str]
    log: Path
    child: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    ended_s: float | None = None

    def start(self) -> None:
        """Start the process; what it says goes to its log."""
        command = [sys.executable, "-W", "ignore", "-c", "from plumeline.cli import main; main()", "cluster", *self.words]
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(command, env=os.environ | self.env, stdout=out, stderr=out)

    def look(self) -> None:
        """Start the process again where it ended a moment ago."""
        if self.child is not None and self.child.poll() is None:
            return
        if self.ended_s is None:
            self.ended_s = time.monotonic()
            structlog.get_logger("plumeline.local").warning("ended; started again", service=self.name, log=str(self.log))
        elif time.monotonic() - self.ended_s > RESTART_S:
            self.ended_s, self.restarts = None, self.restarts + 1
            self.start()

    def end(self) -> None:
        """Stop the process gently."""
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)


@dataclass(slots=True)
class Local:
    """The cluster on one machine; everything it keeps lies in one folder."""

    folder: Path
    registry: Path
    out: Console
    workers: int = 2
    speed: float = SPEED
    services: list[Supervised] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Run until Ctrl-C.

        Raises:
            NotReadable: a part is missing, with its remedy, or a port is taken.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stop.set())
        with ExitStack() as stack:
            env = self._parts(stack)
            secret = _kept(self.folder / "receiver.secret", "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())
            env[SECRET_VARIABLE] = secret
            env[token_variable(TOKEN_GROUP)] = _kept(self.folder / "factory.token", secrets.token_urlsafe(24))
            try:
                receiver = Receiver(secret, self.folder / "received.jsonl")
            except OSError as error:
                raise NotReadable(f"the webhook receiver's port: {error.strerror}; is a demo running?") from None
            receiver.start()
            stack.callback(receiver.stop)
            for words in (["topics"], ["registry", str(self.registry)]):
                self._once(words, env)
            self._services(env)
            for service in self.services:
                service.start()
            self._told(receiver.url)
            while not self.stop.wait(0.5):
                for service in self.services:
                    service.look()
            self._end()

    def _parts(self, stack: ExitStack) -> dict[str, str]:
        env: dict[str, str] = {}
        try:
            kafka = stack.enter_context(LocalKafka(self.folder / "kafka"))
            env["PLUMELINE_KAFKA"] = kafka.bootstrap
        except PartError as error:
            raise NotReadable(str(error)) from None
        try:
            influx = stack.enter_context(LocalInflux(self.folder / "influx", buckets=(BUCKET, RAW_BUCKET)))
            env |= {
                "PLUMELINE_INFLUX_URL": influx.url,
                "PLUMELINE_INFLUX_ORG": influx.org,
                "PLUMELINE_INFLUX_TOKEN_FILE": str(influx.token_file),
            }
        except PartMissing as error:
            self.out.print(f"without a store: {error}", style="bold")
        start = wall().replace(second=0, microsecond=0) - timedelta(hours=1)
        env["PLUMELINE_VIRTUAL"] = _kept(self.folder / "virtual-time", f"{start.isoformat()}@{time.time():.3f}x{self.speed:g}")
        return env

    def _once(self, words: list[str], env: dict[str, str]) -> None:
        command = [sys.executable, "-W", "ignore", "-c", "from plumeline.cli import main; main()", "cluster", *words]
        done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotReadable(f"plumeline cluster {' '.join(words)}: {(done.stderr or done.stdout).strip()[-600:]}")

    def _services(self, env: dict[str, str]) -> None:
        def add(name: str, words: list[str], **more: str) -> None:
            port = {"PLUMELINE_METRICS_PORT": str(PORTS.get(name, 0)), "PLUMELINE_HTTP_PORT": str(PORTS["gateway"])}
            self.services.append(Supervised(name, words, env | port | more, self.folder / f"{name}.log"))

        add("gateway", ["gateway"])
        for n in range(self.workers):
            own = {"PLUMELINE_INSTANCE": f"worker{n}", "PLUMELINE_STATE": str(self.folder / f"worker{n}")}
            add(f"worker{n}", ["worker"], **own, POLARS_MAX_THREADS="1")
        add("backfill", ["backfill"], PLUMELINE_INSTANCE="backfill")
        add(
            "alerts",
            ["alerts"],
            PLUMELINE_INSTANCE="alerts",
            PLUMELINE_STATE=str(self.folder / "alerts"),
            PLUMELINE_CONSOLE_PORT=str(CONSOLE_PORT),
        )
        if "PLUMELINE_INFLUX_URL" in env:
            add("writer", ["writer"], PLUMELINE_INSTANCE="writer")
        add("devices", ["devices"], PLUMELINE_STATE=str(self.folder / "devices"))

    def _told(self, receiver: str) -> None:
        if any(s.name == "writer" for s in self.services):
            self.out.print(f"console            http://127.0.0.1:{CONSOLE_PORT}")
        self.out.print(f"webhook receiver   {receiver}")
        for service in self.services:
            if service.name in PORTS:
                self.out.print(f"{service.name:<18} http://127.0.0.1:{PORTS[service.name]}/metrics", style="dim")
        self.out.print(f"logs in {self.folder}; Ctrl-C stops; starting again goes on.", style="dim")

    def _end(self) -> None:
        for service in reversed(self.services):
            service.end()
        for service in self.services:
            if service.child is not None:
                try:
                    service.child.wait(END_S)
                except subprocess.TimeoutExpired:
                    service.child.kill()


def _kept(path: Path, text: str) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(text)
    return path.read_text().strip()
