"""What a reading takes on disk: ``python -m plumeline.bench_sizes``, on a broker, an InfluxDB, a worker and a writer of its own.

Outlets send 12 factors each 30 s over HJ 212, through the gateway's own code; time passes fast enough to end in two minutes and slowly
enough that the worker shows open hours as it does live. Sizes are those of the files once all is worked off and InfluxDB has put
its cache into them; the broker's are of one replica. They do not depend on how busy the machine is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from ingest.gateway import Gateway, records
from ingest.hj212.framing import Framer
from ingest.hj212.verdict import Stream
from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import PARTITIONS, Entry
from ingest.records import Tick
from ingest.registry import Registry
from plumeline.bench_cluster import cpu_of
from plumeline.bench_load import CADENCE_S, FACTORS, START_MS, BenchFault, bench_registry
from plumeline.parts import LocalInflux, LocalKafka
from plumeline.store_writer import GROUP as WRITER
from plumeline.store_writer import TOPICS as WRITTEN
from plumeline.worker import GROUP as WORKER
from plumeline.worker import INPUTS
from processors.figures import local
from processors.influx import BUCKET, RAW_BUCKET
from simulators.load import fleet_frames

OUTLETS, HOURS, STEP_S = 100, 3, 0.15
"""Real time in which the outlets' reports of CADENCE_S are let in."""
WARM_STEPS = 20
"""Steps after which what worker and writer take is measured: they have started, and opened their partitions."""
ALONE = 2_000
"""Reports that are sent one a record, as they come where few outlets send at the same moment."""
TICK_S = 10
WITHIN_S, LOOK_S, SETTLED_LOOKS = 300.0, 0.5, 12
"""Longest wait, pause between two looks, and looks at which a size is the same before it is believed."""
COLD = {"INFLUXD_STORAGE_CACHE_SNAPSHOT_WRITE_COLD_DURATION": "2s", "INFLUXD_STORAGE_COMPACT_FULL_WRITE_COLD_DURATION": "4s"}
"""Settings with which InfluxDB puts away at once what it otherwise holds for ten minutes and longer."""
WAL, WAL_BYTES_MAX = "wal", 65_536
"""InfluxDB's write-ahead log, which must be put away before sizes mean anything."""


def main() -> None:
    """Measure, and say a line a place."""
    os.environ.update(COLD)
    with tempfile.TemporaryDirectory(prefix="plumeline-sizes-") as folder:
        home = Path(folder)
        with LocalKafka(home / "kafka") as kafka, LocalInflux(home / "influx", buckets=(BUCKET, RAW_BUCKET)) as influx:
            _measure(home, kafka, influx)


class _Nowhere:
    """A log that takes nothing: what the gateway makes is sent from here."""

    partitions = PARTITIONS

    async def append(self, entries: object) -> None:
        """Not called."""
        raise NotImplementedError


def _measure(home: Path, kafka: LocalKafka, influx: LocalInflux) -> None:
    prefix = f"sizes{uuid.uuid4().hex[:8]}."
    frames = [fleet_frames(n, HOURS * 3600 // CADENCE_S, local(START_MS), FACTORS) for n in range(OUTLETS)]
    names = [f"F{n:023X}" for n in range(OUTLETS)]
    registry = bench_registry(names, FACTORS)
    readings = OUTLETS * FACTORS * HOURS * 3600 // CADENCE_S
    alone = _alone(kafka.bootstrap, registry, frames[0] * (ALONE // len(frames[0]) + 1))
    make_topics(kafka.bootstrap, prefix=prefix)
    publisher = KafkaPublisher(kafka.bootstrap, prefix)
    publisher.append_now([Entry("registry", 0, registry.model_dump_json().encode())])
    env = os.environ | {
        "PLUMELINE_KAFKA": kafka.bootstrap,
        "PLUMELINE_PREFIX": prefix,
        "PLUMELINE_METRICS_PORT": "0",
        "PLUMELINE_INSTANCE": prefix,
        "PLUMELINE_STATE": str(home / "state"),
        "PLUMELINE_INFLUX_URL": influx.url,
        "PLUMELINE_INFLUX_ORG": influx.org,
        "PLUMELINE_INFLUX_TOKEN_FILE": str(influx.token_file),
    }
    children = [_start(service, env, home / f"{service}.log") for service in ("worker", "writer")]
    begun_cpu_s = [0.0, 0.0]
    try:
        for step in range(HOURS * 3600 // CADENCE_S):
            if step == WARM_STEPS:
                _worked_off(kafka.bootstrap, prefix, WORKER, INPUTS)
                begun_cpu_s = [cpu_of(child) for child in children]
            at = local(START_MS) + timedelta(seconds=CADENCE_S * step)
            publisher.append_now(_entries([own[step] for own in frames], at + timedelta(seconds=2)))
            for tick in range(1, CADENCE_S // TICK_S + 1):
                publisher.append_now(_ticks(at + timedelta(seconds=TICK_S * tick)))
            time.sleep(STEP_S)
        for minute in range(8):
            publisher.append_now(_ticks(local(START_MS) + timedelta(hours=HOURS, minutes=minute)))
        _worked_off(kafka.bootstrap, prefix, WORKER, INPUTS)
        _worked_off(kafka.bootstrap, prefix, WRITER, WRITTEN)
        took_cpu_s = [cpu_of(child) - begun for child, begun in zip(children, begun_cpu_s, strict=True)]
        topics = _topics(kafka.bootstrap, prefix)
        stored = _settled(influx.home / "engine")
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(60)
        publisher.close()
    state = sum(path.stat().st_size for path in (home / "state").glob("partition-*.db*"))
    ticks = PARTITIONS * HOURS * 3600 // TICK_S
    _say(f"{OUTLETS} outlets x {FACTORS} factors x {CADENCE_S} s, {HOURS} h: {readings:,} readings")
    for topic in ("frames", "reports", "figures", "events"):
        told = f"; one report a record: {alone[topic] / (ALONE * FACTORS):.1f}" if topic in alone else ""
        _say(f"Kafka, topic {topic}: {topics[topic] / readings:.1f} bytes a reading{told}")
    _say(
        f"Kafka, ticks among them: {2 * _tick_bytes(kafka.bootstrap):.0f} bytes a tick and partition on reports and events; {ticks:,} ticks here"
    )
    _say(
        f"InfluxDB: {stored['data'] / readings:.1f} bytes a reading; index {stored['index'] / 2**20:.0f} MB, whatever the time"
    )
    share = 1 - WARM_STEPS * CADENCE_S / (HOURS * 3600)
    told = f"for {readings * share:,.0f} readings and {ticks * share:,.0f} ticks of a partition"
    _say(f"CPU as live: worker {took_cpu_s[0]:.0f} s, writer {took_cpu_s[1]:.0f} s {told}")
    _say(f"worker's state: {state / readings:.1f} bytes a reading")


def _start(service: str, env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "ignore", "-c", "from plumeline.cli import main; main()", "cluster", service]
    with log.open("wb") as out:
        return subprocess.Popen(command, env=env, stdout=out, stderr=out)


def _entries(frames: list[bytes], received: datetime) -> list[Entry]:
    """Return what the gateway files of frames, a record a topic and partition."""
    gateway = Gateway(_Nowhere(), lambda: received, "bench", lambda _mn: "")
    lines: dict[tuple[str, int], list[bytes]] = {}
    for data in frames:
        for key, found in gateway.batch(Framer().feed(data), received, "127.0.0.1:1", Stream()).lines.items():
            lines.setdefault(key, []).extend(found)
    return [Entry(topic, p, record) for (topic, p), found in lines.items() for record in records(found)]


def _ticks(at: datetime) -> list[Entry]:
    value = Tick(tick=at, gateway="g1").line()
    return [Entry("reports", p, value) for p in range(PARTITIONS)]


def _alone(bootstrap: str, registry: Registry, frames: list[bytes]) -> dict[str, int]:
    """Return the bytes of topics on which each report is a record that was waited for."""
    prefix = f"alone{uuid.uuid4().hex[:8]}."
    make_topics(bootstrap, prefix=prefix)
    publisher = KafkaPublisher(bootstrap, prefix)
    for data in frames[:ALONE]:
        publisher.append_now(_entries([data], local(START_MS) + timedelta(hours=HOURS)))
    publisher.close()
    sizes = _topics(bootstrap, prefix)
    return {"frames": sizes["frames"], "reports": sizes["reports"] + sizes["backfill"]}


def _tick_bytes(bootstrap: str) -> float:
    prefix, count = f"ticks{uuid.uuid4().hex[:8]}.", 50
    make_topics(bootstrap, prefix=prefix)
    publisher = KafkaPublisher(bootstrap, prefix)
    for n in range(count):
        publisher.append_now(_ticks(local(START_MS) + timedelta(seconds=TICK_S * n)))
    publisher.close()
    return _topics(bootstrap, prefix)["reports"] / (count * PARTITIONS)


def _topics(bootstrap: str, prefix: str) -> Counter[str]:
    """Return the bytes of each topic, all partitions, one replica."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        sizes: Counter[str] = Counter()
        for topic, size in _log_sizes(admin.describe_log_dirs()):
            if topic.startswith(prefix):
                sizes[topic.removeprefix(prefix)] += size
        return sizes
    finally:
        admin.close()


def _log_sizes(brokers: list[dict[str, object]]) -> Iterator[tuple[str, int]]:
    for broker in brokers:
        for folder in broker["log_dirs"]:  # type: ignore[attr-defined]
            for topic in folder["topics"]:
                for partition in topic["partitions"]:
                    yield topic["name"], partition["partition_size"]


def _worked_off(bootstrap: str, prefix: str, group: str, topics: tuple[str, ...]) -> None:
    reader = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    parts = [TopicPartition(prefix + topic, p) for topic in topics for p in range(PARTITIONS)]
    until = time.monotonic() + WITHIN_S
    while any((reader.committed(tp) or 0) < end for tp, end in reader.end_offsets(parts).items()):
        if time.monotonic() > until:
            raise BenchFault(f"{group} did not end within {WITHIN_S:g} s")
        time.sleep(LOOK_S)
    reader.close()


def _settled(engine: Path) -> dict[str, int]:
    """Return the bytes of an engine's files by kind (data, index, write-ahead log) once they no longer change."""
    until, seen, same = time.monotonic() + WITHIN_S, Counter[str](), 0
    while same < SETTLED_LOOKS or seen[WAL] > WAL_BYTES_MAX:
        if time.monotonic() > until:
            raise BenchFault(f"InfluxDB did not come to rest within {WITHIN_S:g} s: {dict(seen)}")
        time.sleep(LOOK_S)
        sizes = Counter[str]()
        for path in engine.rglob("*"):
            if path.is_file():
                parts = path.relative_to(engine).parts
                kind = WAL if parts[0] == "wal" else "index" if "index" in parts or "_series" in parts else "data"
                sizes[kind] += path.stat().st_size
        same = same + 1 if sizes == seen else 0
        seen = sizes
    return dict(seen)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
