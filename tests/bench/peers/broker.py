"""What the driver does with the broker: topics made and dropped, input loaded, output counted and read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.bench.peers.job import PARTITIONS
from tests.bench.peers.load import Record

SILENCE_MS = 5000
"""How long to wait for a record that the broker said it has."""

LEADER_S = 0.1
"""How often to look whether new topics have leaders."""


@asynccontextmanager
async def topics(bootstrap: str, run: str, names: Iterable[str]) -> AsyncIterator[None]:
    """Make topics, and drop all whose name holds ``run`` afterwards, those that the engines made among them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        made = list(names)
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in made])
        while not _led(await admin.describe_topics(made)):
            await asyncio.sleep(LEADER_S)
        yield
    finally:
        await admin.delete_topics([name for name in await admin.list_topics() if run in name])
        await admin.close()


def _led(described: list[dict[str, Any]]) -> bool:
    """Return whether every partition of the topics has a leader."""
    parts = [part for topic in described for part in topic["partitions"]]
    return len(parts) == PARTITIONS * len(described) and all(part["leader"] >= 0 for part in parts)


async def fill(bootstrap: str, topic: str, records: Iterable[Record]) -> None:
    """Write the input."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=20, max_batch_size=262_144) as producer:
        for partition, key, value in records:
            await producer.send(topic, value, key=key, partition=partition)
        await producer.flush()


class Output:
    """The topic that an engine writes to."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str) -> None:
        self._consumer = consumer
        self._partitions = [TopicPartition(topic, n) for n in range(PARTITIONS)]

    @classmethod
    @asynccontextmanager
    async def of(cls, bootstrap: str, topic: str) -> AsyncIterator[Output]:
        """Watch a topic from its beginning, outside any group."""
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
            output = cls(consumer, topic)
            consumer.assign(output._partitions)
            yield output

    async def count(self) -> int:
        """Return the records that are there, without reading them."""
        return sum((await self._consumer.end_offsets(self._partitions)).values())

    async def read(self) -> list[bytes]:
        """Return all records that are there now."""
        ends = await self._consumer.end_offsets(self._partitions)
        values: list[bytes] = []
        while any([await self._consumer.position(p) < end for p, end in ends.items()]):
            got = await self._consumer.getmany(timeout_ms=SILENCE_MS, max_records=10_000)
            if not got:
                raise TimeoutError(f"{len(values)} of {sum(ends.values())} records came back from the broker")
            values += [record.value for records in got.values() for record in records]
            await asyncio.sleep(0)
        return values
