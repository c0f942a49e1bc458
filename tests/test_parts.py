"""The real parts are real: a broker keeps what it acknowledged through SIGKILL, a store gives back what was written."""

from __future__ import annotations

import lzma
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from influxdb_client import InfluxDBClient, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from plumeline import programs
from plumeline.parts import LocalKafka, free_port
from plumeline.programs import PartFailed, PartMissing
from tests.parts import Influx, Kafka, held

RECORDS = 2_000
PARTITIONS = 3
DELIVERY_MS = 60_000
"""How long a record may wait for its acknowledgement; longer than the broker's restart."""
READ_S = 30


def produce(producer: KafkaProducer, topic: str, numbers: range) -> list[Any]:
    """Send numbers round the partitions and return what each record's acknowledgement will be."""
    return [producer.send(topic, str(n).encode(), partition=n % PARTITIONS) for n in numbers]


def read_all(kafka: Kafka, topic: str, expected: int) -> dict[int, list[int]]:
    """Return what each partition holds, in its order, once so many records were read or the time is up."""
    consumer = KafkaConsumer(**kafka.options, auto_offset_reset="earliest", group_id=None)
    try:
        parts = [TopicPartition(topic, p) for p in range(PARTITIONS)]
        consumer.assign(parts)
        found: dict[int, list[int]] = {p: [] for p in range(PARTITIONS)}
        until = time.monotonic() + READ_S
        ends = consumer.end_offsets(parts)
        while any(consumer.position(p) < ends[p] for p in parts) and time.monotonic() < until:
            for part, records in consumer.poll(timeout_ms=500).items():
                found[part.partition] += [int(r.value) for r in records]
    finally:
        consumer.close()
    assert sum(map(len, found.values())) == expected
    return found


def in_order(numbers: range) -> dict[int, list[int]]:
    return {p: [n for n in numbers if n % PARTITIONS == p] for p in range(PARTITIONS)}


def test_a_killed_broker_loses_and_doubles_nothing(kafka: Kafka) -> None:
    """Records acknowledged before, and sent while the broker is dead, are read once each and in order after its restart."""
    topic = kafka.topic("killed", partitions=PARTITIONS)
    producer = KafkaProducer(
        **kafka.options, acks="all", enable_idempotence=True, linger_ms=5, delivery_timeout_ms=DELIVERY_MS, max_block_ms=5_000
    )
    before = produce(producer, topic, range(RECORDS))
    producer.flush(timeout=READ_S)
    during = produce(producer, topic, range(RECORDS, RECORDS + 100))
    kafka.kill()
    during += produce(producer, topic, range(RECORDS + 100, 2 * RECORDS))
    kafka.start()
    producer.flush(timeout=DELIVERY_MS / 1000)
    assert all(f.succeeded() for f in before + during)
    producer.close(timeout=READ_S)
    assert read_all(kafka, topic, 2 * RECORDS) == in_order(range(2 * RECORDS))


def test_topics_are_a_tests_own(kafka_or_mock: Kafka) -> None:
    """Two tests that ask for a topic of the same name get two topics, each with its partitions and empty."""
    one, other = (
        kafka_or_mock.topic("own", partitions=PARTITIONS),
        kafka_or_mock.topic("own", partitions=PARTITIONS, **{"cleanup.policy": "compact"}),
    )
    assert one != other
    assert read_all(kafka_or_mock, one, 0) == in_order(range(0))


def test_the_mock_cluster_carries_records(mock_broker: Kafka) -> None:
    """For tests of the wire alone: the same clients, the same partitions, no broker to start."""
    topic = mock_broker.topic("wire", partitions=PARTITIONS)
    producer = KafkaProducer(**mock_broker.options, acks="all", enable_idempotence=True)
    sent = produce(producer, topic, range(30))
    producer.flush(timeout=READ_S)
    producer.close(timeout=READ_S)
    assert all(f.succeeded() for f in sent)
    assert read_all(mock_broker, topic, 30) == in_order(range(30))


def test_a_point_comes_back(influx: Influx) -> None:
    """A line that was written is read back, also after the server was killed."""
    bucket = influx.bucket("point")
    with InfluxDBClient(influx.url, token=influx.token, org=influx.org) as client:
        line = b"minutes,source=4401000001 a21026=312i 1782864000000"
        client.write_api(write_options=SYNCHRONOUS).write(bucket, record=line, write_precision=WritePrecision.MS)
        if influx.part is not None:
            influx.kill()
            influx.start()
        (table,) = client.query_api().query(f'from(bucket: "{bucket}") |> range(start: 0)')
    (row,) = table.records
    assert (row["source"], row.get_field(), row.get_value()) == ("4401000001", "a21026", 312)
    assert row.get_time().timestamp() == 1782864000


def test_a_missing_program_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each program that is not there is named, and what to install instead of it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PLUMELINE_INFLUXD", raising=False)
    with pytest.raises(PartMissing, match="openjdk-17-jre-headless"):
        programs.require_java()
    with pytest.raises(PartMissing, match="apt-get install maven"):
        programs.kafka_jars()
    with pytest.raises(PartMissing, match="PLUMELINE_INFLUXD"):
        programs.influxd()
    monkeypatch.setenv("PLUMELINE_INFLUXD", str(tmp_path / "none"))
    with pytest.raises(PartMissing, match="which is no file"):
        programs.influxd()


def tool(folder: Path, name: str, script: str) -> None:
    """Put a program of a few shell lines on a folder that is on PATH."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_an_old_java_and_a_failing_maven_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java below the broker's need is refused, and what Maven said last stands in the error; no half fetch remains."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tool(tmp_path, "java", """echo 'openjdk version "11.0.2"' >&2""")
    with pytest.raises(PartMissing, match="too old"):
        programs.require_java()
    tool(tmp_path, "mvn", "mkdir jars; echo 'no route to the repository'; exit 1")
    with pytest.raises(PartFailed, match="no route to the repository"):
        programs.kafka_jars()
    assert [p.name for p in (tmp_path / "cache" / "plumeline").iterdir()] == ["lock"]


def test_a_packed_binary_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The binary inside an .xz can be run, and the second time it is the same file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    packed = tmp_path / "influxd.xz"
    packed.write_bytes(lzma.compress(b"#!/bin/sh\necho unpacked\n"))
    monkeypatch.setenv("PLUMELINE_INFLUXD", str(packed))
    binary = programs.influxd()
    assert programs.run_tool([str(binary)], tmp_path, "running it") == "unpacked\n"
    written = binary.stat().st_mtime_ns
    assert programs.influxd() == binary
    assert binary.stat().st_mtime_ns == written


def test_a_part_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is taken, a folder that cannot be formatted, a broker that dies at once: an error at once, not after the wait."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache" / "plumeline" / f"kafka_2.13-{programs.KAFKA_VERSION}").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    tool(
        tmp_path,
        "java",
        """case "$*" in *-version*) echo 'version "17"';; *format*) exit 0;; *) echo out of luck; exit 1;; esac""",
    )
    with pytest.raises(PartFailed, match="out of luck"):
        LocalKafka(tmp_path / "kafka", free_port()).start()
    tool(tmp_path, "java", """case "$*" in *-version*) echo 'version "17"';; *) echo bad folder; exit 1;; esac""")
    with pytest.raises(PartFailed, match="bad folder"):
        LocalKafka(tmp_path / "kafka", free_port()).start()


@contextmanager
def nowhere() -> Iterator[None]:
    """A part that cannot be had."""
    raise PartMissing("install it")
    yield


def test_a_missing_part_is_listed_or_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not to be had is skipped with its remedy, so that the run's end lists it, and fails where CI must have it."""
    monkeypatch.setenv("PLUMELINE_REQUIRE", "browser,influx")
    with pytest.raises(pytest.skip.Exception, match="kafka: install it"):
        next(held("kafka", nowhere()))
    with pytest.raises(pytest.fail.Exception, match="influx is required here but missing: install it"):
        next(held("influx", nowhere()))
