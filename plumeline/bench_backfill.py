"""The benchmark of an outage that comes back in a cluster: live hours are told while hundreds of sources fill in what they missed."""

from __future__ import annotations

import json
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx
from kafka import KafkaConsumer, TopicPartition

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import PARTITIONS, Entry
from plumeline.bench_cluster import WITHIN_S, broker, service
from plumeline.bench_load import CADENCE_S, BenchFault, Measure, Sizes, bench_registry, expect, source_names
from plumeline.bench_server import HOST, free_ports
from plumeline.bench_street import OUTAGE_HOURS, TOLD_S, hour_end_ms, missed, nearest_rank, post
from processors.figures import HOUR_MS, local, local_iso
from simulators.load import report_lines

LOOK_S = 0.5
TICK_S, TICKS_MAX = 10.0, 12
"""Time between two ticks, and how many are waited for."""
GROUPS = {"plumeline-backfill": ("backfill",), "plumeline-worker": ("reports", "touches")}
"""Consumer groups, and the topics that they must have worked off."""


def backfill_run(bootstrap: str, sizes: Sizes, folder: Path) -> tuple[list[float], float]:
    """Return, for each live source, the seconds from its POST to the event on the log; and those until all was filled in."""
    prefix = f"bench{uuid.uuid4().hex[:8]}."
    make_topics(bootstrap, prefix=prefix)
    end_ms = hour_end_ms()
    names = source_names(sizes.webhook_trials + sizes.cluster_outage_sources)
    publisher = KafkaPublisher(bootstrap, prefix)
    registry = bench_registry(names, 1, limited=1, limit="5")
    publisher.append_now([Entry("registry", 0, registry.model_dump_json().encode())])
    publisher.close()
    http_port, tcp_port = free_ports(2)
    clock = f"{local_iso(end_ms + CADENCE_S * 1000)}@{time.time():.3f}x1"
    ports = {"PLUMELINE_HTTP_PORT": str(http_port), "PLUMELINE_TCP_PORT": str(tcp_port), "PLUMELINE_VIRTUAL": clock}
    children = [service("gateway", bootstrap, prefix, folder / "gateway", **ports)]
    children += [
        service("worker", bootstrap, prefix, folder / f"worker{n}", PLUMELINE_INSTANCE=f"{prefix}{n}") for n in range(2)
    ]
    children.append(service("backfill", bootstrap, prefix, folder / "backfill", PLUMELINE_INSTANCE=f"{prefix}b"))
    url = f"http://{HOST}:{http_port}"
    try:
        _answers(url)
        with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(2) as beside:
            for body in report_lines(sizes.webhook_trials, 1, local(end_ms - HOUR_MS), 3600, cadence_s=CADENCE_S):
                post(client, url, body)
            _drained(bootstrap, prefix)
            told: dict[str, float] = {}
            over = threading.Event()
            hearing = beside.submit(_hear, bootstrap, prefix, told, over)
            began_s = time.time()
            sending = beside.submit(_send, url, missed(sizes.webhook_trials, sizes.cluster_outage_sources, end_ms))
            began: dict[str, float] = {}
            (last,) = report_lines(sizes.webhook_trials, 1, local(end_ms), CADENCE_S, cadence_s=CADENCE_S)
            for name, line in zip(names, last.splitlines(keepends=True), strict=False):
                began[name] = time.time()
                post(client, url, line)
                time.sleep(max(0.0, sizes.cluster_spacing_s - (time.time() - began[name])))
            sending.result()
            until_s = time.monotonic() + TOLD_S
            while len(told) < sizes.webhook_trials and time.monotonic() < until_s:
                time.sleep(LOOK_S)
            wanted, found = sizes.cluster_outage_sources * OUTAGE_HOURS, 0
            for _ in range(TICKS_MAX):  # what lies beyond the hot set is rebuilt at ticks, a share at each
                _drained(bootstrap, prefix)
                filled_s = time.time() - began_s
                if (found := _filled(bootstrap, prefix, end_ms)) == wanted:
                    break
                time.sleep(TICK_S)
            over.set()
            hearing.result()
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(60)
    expect("breaching hours told", len(told), sizes.webhook_trials)
    expect("hours filled in", found, wanted)
    return [told[name] - began[name] for name in began], filled_s


def _answers(url: str) -> None:
    until_s = time.monotonic() + WITHIN_S
    while time.monotonic() < until_s:
        try:
            if httpx.get(f"{url}/healthz", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(LOOK_S)
    raise BenchFault("the gateway does not answer")


def _send(url: str, bodies: list[bytes]) -> None:
    with httpx.Client(trust_env=False) as client:
        for body in bodies:
            post(client, url, body)


def _hear(bootstrap: str, prefix: str, told: dict[str, float], over: threading.Event) -> None:
    """Note when each source's exceedance stood on topic ``events``."""
    reader = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    reader.assign([TopicPartition(f"{prefix}events", p) for p in range(PARTITIONS)])
    while not over.is_set():
        for records in reader.poll(timeout_ms=100).values():
            for line in (line for r in records for line in r.value.split(b"\n") if b'"exceedance.opened"' in line):
                told.setdefault(json.loads(line)["source"], time.time())
    reader.close()


def _drained(bootstrap: str, prefix: str) -> None:
    """Wait until everything is worked off, and a tick came after it."""
    until_s = time.monotonic() + WITHIN_S
    while any(_left(bootstrap, prefix, group, topics) for group, topics in GROUPS.items()):
        if time.monotonic() > until_s:
            raise BenchFault(f"not worked off within {WITHIN_S:g} s")
        time.sleep(LOOK_S)


def _left(bootstrap: str, prefix: str, group: str, topics: tuple[str, ...]) -> int:
    reader = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    parts = [TopicPartition(prefix + topic, p) for topic in topics for p in range(PARTITIONS)]
    ends = reader.end_offsets(parts)
    left = sum(max(0, ends[tp] - (reader.committed(tp) or 0)) for tp in parts)
    reader.close()
    return int(left)


def _filled(bootstrap: str, prefix: str, end_ms: int) -> int:
    """Return how many hours of the outage have their whole value on topic ``figures``."""
    first, last = local_iso(end_ms - (OUTAGE_HOURS + 1) * HOUR_MS), local_iso(end_ms - HOUR_MS)
    reader = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    parts = [TopicPartition(f"{prefix}figures", p) for p in range(PARTITIONS)]
    reader.assign(parts)
    ends = reader.end_offsets(parts)
    found: dict[tuple[str, str], int] = {}
    while any(reader.position(tp) < ends[tp] for tp in parts):
        for records in reader.poll(timeout_ms=500).values():
            for line in (line for r in records for line in r.value.split(b"\n") if b'"level":"hour"' in line):
                row = json.loads(line)
                if first <= row["start"] < last and row["value"] is not None:
                    found[row["source"], row["start"]] = row["n"]
    reader.close()
    return sum(n == 60 for n in found.values())


def cluster_backfill(sizes: Sizes) -> list[Measure]:
    """Measure live latency, reading to event on the log, while an outage is filled in through a cluster of two workers."""
    with tempfile.TemporaryDirectory(prefix="plumeline-bench-") as folder, broker(Path(folder) / "kafka") as bootstrap:
        runs = [backfill_run(bootstrap, sizes, Path(folder) / str(n)) for n in range(sizes.cluster_repeat)]
    note = (
        f"{sizes.webhook_trials} live sources, one each {sizes.cluster_spacing_s:g} s, while {sizes.cluster_outage_sources} others fill in "
        f"{OUTAGE_HOURS} h in random order; broker, clients, gateway and 2 workers on the same cores"
    )
    what = "breaching hour completed to event on the log, during a mass backfill"
    p50, p99 = ([pick(sorted(run)) for run, _ in runs] for pick in (median, lambda ranked: nearest_rank(ranked, 99)))
    return [
        Measure("cluster-backfill-p50", f"{what}, p50", "s", p50, None, True, note),
        Measure("cluster-backfill-p99", f"{what}, p99", "s", p99, 5.0, True, note),
        Measure("cluster-backfill-filled", "all of it filled in", "s", [s for _, s in runs], None, True, note),
    ]
