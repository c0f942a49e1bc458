"""A worker works off each record of its partitions once, whatever a rebalance does to a batch that is under way."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import Entry, LogRecord
from plumeline.worker import BACKLOG_RECORDS, Partition, WorkerOptions, feed
from tests.parts import Kafka
from tests.plumeline.partition_kit import PARTITION, Said, readings, registry
from tests.processors.given import MIDNIGHT, tick


class Place(NamedTuple):
    topic: str
    partition: int


class Stream:
    """Batches of (partition, offset) as Faust hands them over; ``acknowledged`` is what came back."""

    def __init__(self, batches: Sequence[Sequence[tuple[int, int]]]) -> None:
        self.batches, self.acknowledged = batches, list[tuple[int, int]]()

    async def noack_take(self, _count: int, within: float) -> AsyncIterator[list[Any]]:
        assert within < 1
        for batch in self.batches:
            yield [
                SimpleNamespace(
                    message=SimpleNamespace(tp=Place("t", p), topic="t", partition=p, offset=o, value=b"%d/%d" % (p, o))
                )
                for p, o in batch
            ]

    async def ack(self, event: Any) -> None:
        self.acknowledged.append((event.message.partition, event.message.offset))


class Consumer:
    """A consumer that has some partitions, each of a length."""

    def __init__(self, ends: dict[int, int]) -> None:
        self.ends = ends

    def assignment(self) -> set[Place]:
        return {Place("t", p) for p in self.ends}

    def highwater(self, place: Place) -> int:
        return self.ends[place.partition]


class Took:
    """A worker that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[list[tuple[int, int]], bool]] = []
        self.kept: list[set[int]] = []

    def keep(self, numbers: set[int]) -> None:
        self.kept.append(numbers)

    def work(self, records: list[LogRecord], *, live: bool) -> None:
        assert all(r.topic == "reports" and r.value == b"%d/%d" % (r.partition, r.offset) for r in records)
        self.told.append(([(r.partition, r.offset) for r in records], live))


def fed(batches: Sequence[Sequence[tuple[int, int]]], ends: dict[int, int]) -> tuple[Took, Stream]:
    """Hand batches to a worker whose partitions end where ``ends`` says."""
    stream, worker = Stream(batches), Took()
    asyncio.run(feed(stream, Consumer(ends), worker, {"t": "reports"}))  # type: ignore[arg-type]
    return worker, stream


def test_what_is_not_ours_is_neither_worked_off_nor_acknowledged() -> None:
    """Records of a partition that went to another worker while they waited stay for that one."""
    worker, stream = fed([[(1, 0), (2, 0), (1, 1)]], {1: 2})
    assert worker.told == [([(1, 0), (1, 1)], True)] and worker.kept == [{1}]
    assert stream.acknowledged == [(1, 0), (1, 1)]


def test_between_two_assignments_partitions_stay_open() -> None:
    """Nothing is assigned while the group is balanced anew: no partition is closed, nothing is worked off or acknowledged."""
    worker, stream = fed([[(1, 0), (2, 0)]], {})
    assert (worker.told, worker.kept, stream.acknowledged) == ([], [], [])


@pytest.mark.parametrize(
    ("waiting", "batches", "live"),
    [
        pytest.param(0, [[(1, 0)], [(1, 1)]], [False, True], id="the first batch has one record behind it"),
        pytest.param(
            BACKLOG_RECORDS, [[(1, 0), (1, 1)]], [False], id="a thousand and one behind the first, a thousand behind both"
        ),
        pytest.param(BACKLOG_RECORDS - 1, [[(1, 0)], [(1, 1)]], [False, False], id="a thousand behind the first"),
    ],
)
def test_where_much_waits_batches_are_joined(waiting: int, batches: list[list[tuple[int, int]]], live: list[bool]) -> None:
    """Beyond a thousand records that wait two batches are worked off as one; live is only what nothing waits behind."""
    worker, stream = fed([[(1, 0)], [(1, 1)]], {1: 2 + waiting})
    assert worker.told == list(zip(batches, live, strict=True))
    assert stream.acknowledged == [(1, 0), (1, 1)]


def test_records_that_nobody_was_handed_are_read_from_the_log(kafka: Kafka, tmp_path: Path) -> None:
    """Two hours with a hole of 30 records, at the beginning or later, make the same figures as all of them in order."""
    prefix = f"hole{uuid.uuid4().hex[:8]}."
    make_topics(kafka.bootstrap, prefix=prefix)
    values = [
        value
        for minute in range(0, 150, 5)
        for at in [MIDNIGHT + timedelta(minutes=minute)]
        for value in (*readings(at, at + timedelta(minutes=5)), tick(at + timedelta(minutes=5)))
    ]
    publisher = KafkaPublisher(kafka.bootstrap, prefix)
    publisher.append_now([Entry("reports", PARTITION, value) for value in values])
    publisher.close()
    records = [LogRecord("reports", PARTITION, n, 0, value) for n, value in enumerate(values)]
    told = []
    for name, parts in {"all": [(0, 20), (20, 120)], "later": [(0, 20), (50, 120)], "first": [(30, 120)]}.items():
        options = WorkerOptions(kafka.bootstrap, tmp_path / name, prefix=prefix)
        options.state.mkdir()
        said = Said()
        partition = Partition(PARTITION, said, registry(), options)  # type: ignore[arg-type]
        for begin, end in parts:
            partition.take(records[begin:end])
        told.append((partition.store.canonical(), {line for line in said.lines("figures") if b'"revision":1' in line}))
        assert partition.offsets == {"reports": 119}
        partition.close()
    assert told[0][1] and told[1] == told[0] and told[2] == told[0]
