"""The benchmark of a cluster: readings/s through a real Kafka and Faust with the full engine, on one and on two workers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import PARTITIONS, Entry
from plumeline.bench_load import (
    CADENCE_S,
    FACTORS,
    Absent,
    BenchFault,
    Measure,
    Sizes,
    bench_registry,
    log_records,
    source_names,
)
from plumeline.parts import LocalKafka
from plumeline.programs import PartError
from plumeline.worker import GROUP

SEND_RECORDS = 500
"""Records sent before their acknowledgement is waited for."""
WITHIN_S, LOOK_S = 300.0, 0.2
"""Longest run, and the pause between two looks at what is left."""
READY_S = 60.0


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Give a broker's address: PLUMELINE_KAFKA, else one started here.

    Raises:
        Absent: none can be started.
    """
    given = os.environ.get("PLUMELINE_KAFKA")
    if given:
        yield given
        return
    try:
        with LocalKafka(folder) as local:
            yield local.bootstrap
    except PartError as error:
        raise Absent(f"no broker: {error}") from None


def cluster_run(bootstrap: str, sizes: Sizes, workers: int, folder: Path) -> tuple[float, float]:
    """Return readings/s of a backlog worked off, and CPU-seconds of all workers per million readings.

    The clock starts when the workers have committed something; what they had committed by then is not counted.
    """
    prefix = f"bench{uuid.uuid4().hex[:8]}."
    make_topics(bootstrap, prefix=prefix)
    records = log_records(sizes.engine_sources, sizes.cluster_minutes)
    readings = sizes.engine_sources * sizes.cluster_minutes * 60 // CADENCE_S * FACTORS
    publisher = KafkaPublisher(bootstrap, prefix)
    registry = bench_registry(source_names(sizes.engine_sources), FACTORS)
    publisher.append_now([Entry("registry", 0, registry.model_dump_json().encode())])
    for start in range(0, len(records), SEND_RECORDS):
        publisher.append_now([Entry(r.topic, r.partition, r.value) for r in records[start : start + SEND_RECORDS]])
    publisher.close()
    children = [_start(bootstrap, prefix, folder / f"{prefix}{n}", n) for n in range(workers)]
    try:
        begun_s, begun_cpu_s, share = _begun(bootstrap, prefix, children)
        _worked_off(bootstrap, prefix, children, 0)
        took_s, cpu_s = time.monotonic() - begun_s, sum(cpu_of(c) for c in children) - begun_cpu_s
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(60)
    return readings * share / took_s, cpu_s / (readings * share) * 1e6


def _start(bootstrap: str, prefix: str, state: Path, n: int) -> subprocess.Popen[bytes]:
    return service("worker", bootstrap, prefix, state, PLUMELINE_INSTANCE=f"{prefix}{n}")


def service(name: str, bootstrap: str, prefix: str, state: Path, **env: str) -> subprocess.Popen[bytes]:
    """Start a service of a cluster with a folder of its own; what it says goes to a file there."""
    state.mkdir(parents=True, exist_ok=True)
    told = {
        "PLUMELINE_KAFKA": bootstrap,
        "PLUMELINE_PREFIX": prefix,
        "PLUMELINE_STATE": str(state),
        "PLUMELINE_METRICS_PORT": "0",
        "POLARS_MAX_THREADS": "1",
    }
    command = [sys.executable, "-W", "ignore", "-c", "from plumeline.cli import main; main()", "cluster", name]
    with (state / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, env=os.environ | told | env, stdout=log, stderr=log)


def _begun(bootstrap: str, prefix: str, children: list[subprocess.Popen[bytes]]) -> tuple[float, float, float]:
    """Wait until the workers have worked off something; return when, their CPU time until then, and the share of records left."""
    total = _left(bootstrap, prefix)
    left = _worked_off(bootstrap, prefix, children, total - 1)
    return time.monotonic(), sum(cpu_of(c) for c in children), left / total


def _worked_off(bootstrap: str, prefix: str, children: list[subprocess.Popen[bytes]], wanted: int) -> int:
    """Wait until at most so many records are left; return how many are."""
    until = time.monotonic() + WITHIN_S
    while (left := _left(bootstrap, prefix)) > wanted:
        if any(c.poll() is not None for c in children):
            raise BenchFault("a worker ended by itself")
        if time.monotonic() > until:
            raise BenchFault(f"the workers did not end within {WITHIN_S:g} s")
        time.sleep(LOOK_S)
    return left


def _left(bootstrap: str, prefix: str) -> int:
    reader = KafkaConsumer(bootstrap_servers=bootstrap, group_id=GROUP, enable_auto_commit=False)
    parts = [TopicPartition(f"{prefix}reports", p) for p in range(PARTITIONS)]
    ends = reader.end_offsets(parts)
    left = sum(ends[tp] - (reader.committed(tp) or 0) for tp in parts)
    reader.close()
    return int(left)


def cpu_of(child: subprocess.Popen[bytes]) -> float:
    """Return the CPU time that a process has used [s]."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cluster(sizes: Sizes) -> list[Measure]:
    """Measure a backlog worked off by one and by two workers."""
    found: list[Measure] = []
    with tempfile.TemporaryDirectory(prefix="plumeline-bench-") as folder, broker(Path(folder) / "kafka") as bootstrap:
        for workers in (1, 2):
            runs = [cluster_run(bootstrap, sizes, workers, Path(folder)) for _ in range(sizes.repeat)]
            rates, costs = zip(*runs, strict=True)
            told = f"{sizes.engine_sources:,} sources x {FACTORS} factors x {CADENCE_S} s, {sizes.cluster_minutes} min, bundles of 50; broker on the same cores"
            name, what = f"cluster-{workers}", f"backlog through Kafka and Faust, {workers} worker{'s' * (workers > 1)}"
            found.append(Measure(name, what, "readings/s", list(rates), 200_000 if workers == 2 else None, note=told))
            found.append(Measure(f"{name}-cpu", f"{what}: CPU", "s/million", list(costs), 4.0, True, told))
    return found
