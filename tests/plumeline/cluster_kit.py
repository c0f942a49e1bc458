"""A cluster of real processes for tests: services that can be killed, devices that resend until answered, what stands on the log."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
from kafka import KafkaConsumer, TopicPartition

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import PARTITIONS, Entry, LogRecord
from ingest.registry import Contact, Enterprise, Limit, Point, Registry, Source
from plumeline.parts import influx_bucket
from plumeline.runner import Runner
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.influx import BUCKET, RAW_BUCKET
from processors.memory import TICK_PREFIX
from simulators.encoder import Identity, encode, realtime
from tests.conftest import REPO
from tests.orphans import program
from tests.parts import Influx, started

CST = timezone(timedelta(hours=8))
START = datetime(2026, 7, 1, 8, 30, tzinfo=CST)
SO2, O2, FLOW = "a21026", "a19001", "a00000"
SECRET = "whsec_" + base64.b64encode(b"cluster test secret 012345678").decode()
READY_S, END_S, DRAIN_S = 90.0, 40.0, 240.0
GROUPS = {
    "plumeline-backfill": ("backfill",),
    "plumeline-worker": ("reports", "marks", "touches"),
    "plumeline-writer": ("frames", "reports", "figures", "events"),
}
CADENCE_S = 30
TICK_S = 10.0
"""Simulated seconds between two ticks of the gateway."""


def device_name(n: int) -> str:
    """Return a device's identity."""
    return f"CHAOS{n:019d}"


def registry(devices: int, hook: str) -> Registry:
    """Stacks with a limit on SO2 at reference oxygen, four to an enterprise, and somebody to tell."""
    names = [device_name(n) for n in range(devices)]
    return Registry(
        enterprises=tuple(Enterprise(enterprise=f"E{n}", name=f"E{n}", county=f"C{n % 2}") for n in range(devices // 4 + 1)),
        sources=tuple(
            Source(source=s, enterprise=f"E{n // 4}", outlet="1", name=s, kind="flue_gas", cadence_s=CADENCE_S)
            for n, s in enumerate(names)
        ),
        points=tuple(
            Point(
                source=s,
                factor=f,
                unit="%" if f == O2 else "m3/h" if f == FLOW else "mg/m3",
                **({"reference_o2_pct": 6, "flow_factor": FLOW} if f == SO2 else {}),
            )
            for s in names
            for f in (SO2, O2, FLOW)
        ),
        limits=tuple(Limit(source=s, factor=SO2, limit_id="L35", limit=35, unit="mg/m3", stat="avg_ref") for s in names),
        contacts=(Contact(contact="duty", url=hook, secret_env="CLUSTER_SECRET"),),
    )


def store_of(influx: Influx) -> dict[str, str]:
    """Make the two buckets under names of their own; return what tells a service of them."""
    prefix = f"chaos{uuid.uuid4().hex[:8]}_"
    with httpx.Client(base_url=influx.url, timeout=10, trust_env=False) as http:
        for bucket in (BUCKET, RAW_BUCKET):
            influx_bucket(http, influx.token, influx.org, prefix + bucket)
    return {
        "PLUMELINE_INFLUX_URL": influx.url,
        "PLUMELINE_INFLUX_ORG": influx.org,
        "PLUMELINE_INFLUX_TOKEN": influx.token,
        "PLUMELINE_BUCKETS": prefix,
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """One service: started, killed, started again with the same words."""

    def __init__(self, name: str, words: list[str], env: dict[str, str], folder: Path, port: int) -> None:
        self.name, self.words, self.env, self.port = name, words, env, port
        self.log = folder / f"{name}.log"
        self.child: subprocess.Popen[bytes] | None = None
        self.kills = self.began = 0

    def start(self) -> None:
        """Start the service."""
        with self.log.open("ab") as out:
            self.began = out.tell()
            self.child = subprocess.Popen(
                [*program("from plumeline.cli import main; main()"), "cluster", *self.words],
                cwd=REPO,
                env=self.env,
                stdout=out,
                stderr=out,
            )
        started.append(self.child)

    def healthy(self) -> bool:
        """Whether its page of health says that it works."""
        return self._says("healthz")

    def ready(self) -> bool:
        """Whether it says that it does its work now."""
        return self._says("readyz")

    def _says(self, page: str) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/{page}", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def memory_mb(self) -> float:
        """Return what it holds in memory (RSS)."""
        assert self.child is not None
        pages = int(Path(f"/proc/{self.child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def kill(self) -> None:
        """SIGKILL it."""
        assert self.child is not None
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.kills += 1

    def revive(self) -> bool:
        """Start it again if it ended by itself, as a supervisor would; return whether it had."""
        assert self.child is not None
        if self.child.poll() is None:
            return False
        self.start()
        return True

    def said(self, event: str, *, since_start: bool = False) -> list[dict[str, Any]]:
        """Return the lines of its log that say something, as written; of all its lives, or of the one that began last."""
        text = self.log.read_bytes()[self.began if since_start else 0 :].decode()
        lines = [line for line in text.splitlines() if f'"{event}"' in line and line.endswith("}")]
        return [json.loads(line) for line in lines]

    def end(self) -> int:
        """Stop it gently; return its exit code."""
        assert self.child is not None
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(END_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise AssertionError(f"{self.name} did not end:\n{self.log.read_text()[-3000:]}") from None


class Cluster:
    """All services on one broker and one store."""

    def __init__(
        self, folder: Path, bootstrap: str, rows: Registry, *, influx: dict[str, str], speed: float, workers: int = 2
    ) -> None:
        self.folder, self.bootstrap, self.speed = folder, bootstrap, speed
        self.prefix = f"chaos{os.getpid()}.{free_port()}."
        make_topics(bootstrap, prefix=self.prefix)
        publisher = KafkaPublisher(bootstrap, self.prefix)
        publisher.append_now([Entry("registry", 0, rows.model_dump_json().encode())])
        publisher.close()
        self.rows = rows
        self.real_s = time.time() + 12
        self.virtual = f"{START.isoformat()}@{self.real_s}x{speed}"
        self.tcp_port = free_port()
        self.services: dict[str, Process] = {}
        common = os.environ | {
            "PLUMELINE_KAFKA": bootstrap,
            "PLUMELINE_PREFIX": self.prefix,
            "PLUMELINE_VIRTUAL": self.virtual,
            "PLUMELINE_TCP_PORT": str(self.tcp_port),
            "CLUSTER_SECRET": SECRET,
            "POLARS_MAX_THREADS": "1",
            **influx,
        }
        port = free_port()
        self._add("gateway", ["gateway"], common | {"PLUMELINE_HTTP_PORT": str(port)}, port)
        self.common = common
        for n in range(workers):
            self.add_worker(n)
        if influx:
            port = free_port()
            self._add("writer", ["writer"], common | {"PLUMELINE_METRICS_PORT": str(port), "PLUMELINE_INSTANCE": "x"}, port)
        port = free_port()
        self._add("backfill", ["backfill"], common | {"PLUMELINE_METRICS_PORT": str(port), "PLUMELINE_INSTANCE": "b"}, port)
        port = free_port()
        words = common | {"PLUMELINE_INSTANCE": "a", "PLUMELINE_STATE": str(folder / "alerts")}
        self._add("alerts", ["alerts"], words | {"PLUMELINE_METRICS_PORT": str(port)}, port)

    def add_worker(self, n: int) -> Process:
        """Add a worker that is not started yet, and return it."""
        port = free_port()
        words = self.common | {"PLUMELINE_INSTANCE": f"w{n}", "PLUMELINE_STATE": str(self.folder / f"w{n}")}
        self._add(f"worker{n}", ["worker"], words | {"PLUMELINE_METRICS_PORT": str(port)}, port)
        return self.services[f"worker{n}"]

    def _add(self, name: str, words: list[str], env: dict[str, str], port: int) -> None:
        self.services[name] = Process(name, words, env, self.folder, port)

    def start(self) -> None:
        """Start all, and return when all answer."""
        for service in self.services.values():
            service.start()
        wait_until(lambda: all(s.healthy() for s in self.services.values()), READY_S, "services answer", self.last_words)

    def now(self) -> datetime:
        """Return simulated time."""
        return START + timedelta(seconds=(time.time() - self.real_s) * self.speed)

    def end(self) -> None:
        """Stop all gently."""
        for service in self.services.values():
            service.end()

    def last_words(self) -> str:
        """Return the ends of all logs."""
        return "\n".join(f"--- {s.name}\n{s.log.read_text()[-1500:]}" for s in self.services.values() if s.log.exists())

    def waiting(self) -> dict[str, int]:
        """Return how many records each group has not worked off."""
        out: Counter[str] = Counter()
        for group, topics in {**GROUPS, "plumeline-alerts": ("events",)}.items():
            if group == "plumeline-writer" and "writer" not in self.services:
                continue
            reader = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=group, enable_auto_commit=False)
            parts = [TopicPartition(self.prefix + t, p) for t in topics for p in range(PARTITIONS)]
            ends = reader.end_offsets(parts)
            for tp in parts:
                out[group] += max(0, ends[tp] - (reader.committed(tp) or 0))
            reader.close()
        return dict(out)

    def drained(self) -> bool:
        """Whether all groups have worked everything off."""
        return not any(self.waiting().values())

    def settle(self) -> None:
        """Wait until all backfill is let in, and a tick came after it, at which its hours are revised."""
        wait_until(lambda: not self.waiting()["plumeline-backfill"], DRAIN_S, "backfill is let in", self.last_words)
        time.sleep(2 * TICK_S / self.speed)

    def records(self, *topics: str) -> list[LogRecord]:
        """Return all records of topics in order of time, each partition in its own order."""
        reader = KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        parts = {TopicPartition(self.prefix + t, p): t for t in topics for p in range(PARTITIONS)}
        reader.assign(list(parts))
        ends = reader.end_offsets(list(parts))
        reader.seek_to_beginning(*parts)
        found: list[tuple[int, int, str, int, bytes]] = []
        while any(reader.position(tp) < end for tp, end in ends.items()):
            for tp, records in reader.poll(timeout_ms=500).items():
                found += [(r.timestamp, tp.partition, parts[tp], r.offset, r.value) for r in records]
        reader.close()
        newest: Counter[tuple[int, str]] = Counter()
        ordered = []
        for time_ms, partition, topic, offset, value in sorted(found, key=lambda f: (f[1], f[2], f[3])):
            at = newest[partition, topic] = max(time_ms, newest[partition, topic])
            ordered.append((at, partition, topic, offset, value))
        ordered.sort(key=lambda f: f[0])
        return [LogRecord(topic, p, offset, n + 1, value) for n, (_t, p, topic, offset, value) in enumerate(ordered)]


class Device:
    """Sends a packet each CADENCE_S of simulated time, each again until it is answered."""

    def __init__(self, cluster: Cluster, n: int) -> None:
        self.cluster, self.name, self.n = cluster, device_name(n), n
        self.acknowledged = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def packet(self, step: int) -> tuple[datetime, bytes]:
        """Return the time and bytes of a packet; every second hour is above the limit, for every third device."""
        at = START + timedelta(seconds=CADENCE_S * step)
        so2 = "48.5" if (at.hour + self.n) % 3 == 1 else "21.25"
        (made,) = realtime(Identity(self.name), at, ((SO2, so2), (O2, "7.5"), (FLOW, "400000")))
        return at, encode(Identity(self.name), made, at.strftime("%Y%m%d%H%M%S") + "000")

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.cluster.tcp_port), timeout=3) as link:
                    self._send(link)
            except OSError:
                self.stop.wait(0.3)

    def _send(self, link: socket.socket) -> None:
        while not self.stop.is_set():
            at, data = self.packet(self.acknowledged)
            if at > self.cluster.now():
                self.stop.wait(0.1)
                continue
            link.sendall(data)
            answer = b""
            while b"\r\n" not in answer:
                part = link.recv(4096)
                if not part:
                    return
                answer += part
            assert b"CN=9014" in answer, answer
            self.acknowledged += 1


def replayed(records: list[LogRecord], rows: Registry, folder: Path) -> SqliteStore:
    """Run a cluster's inputs through the one-process runner, into a fresh store."""
    writer = SqliteWriter(folder / "replayed.db")
    store = SqliteStore(writer)
    nothing: Any = None
    runner = Runner(nothing, writer, store, rows, publishes=False)
    for start in range(0, len(records), 1_000):
        runner.work(records[start : start + 1_000])
    return store


def canonical(records: list[LogRecord]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Return the latest decided figures and minutes of topic ``figures``, by key, read with plain json."""
    out: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for record in records:
        for line in record.value.split(b"\n"):
            row = json.loads(line)
            if row.get("level") == "minute":
                for factor, (value, n, code, _as_of, digest) in row["factors"].items():
                    out[row["source"], "minute", row["start"], factor, ""] = (value, n, code, digest)
            elif "level" in row and row["revision"] > 0:
                key = (row["source"], row["level"], row["start"], row["factor"], row["stat"])
                out[key] = tuple(row[name] for name in ("value", "ok", "reason", "n", "verdict", "inputs", "rules"))
    return out


def told(records: list[LogRecord]) -> list[str]:
    """Return the ids on topic ``events``, as often as they stand there."""
    return [
        json.loads(line)["id"] for record in records for line in record.value.split(b"\n") if not line.startswith(TICK_PREFIX)
    ]


def wait_until(ready: Callable[[], bool], within_s: float, what: str, words: Callable[[], str] = lambda: "") -> None:
    """Wait, or fail with what did not come and the services' last words."""
    until = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > until:
            raise AssertionError(f"not within {within_s:g} s: {what}\n{words()}")
        time.sleep(0.5)
