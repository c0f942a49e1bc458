"""A consumer written by hand: aiokafka batches, a pydantic model, open periods in dicts.

Offsets are committed when the figures made of what was read are with the broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import AwareDatetime, BaseModel

from tests.bench.peers.job import Settings
from tests.bench.peers.periods import Periods


class Report(BaseModel):
    """What the job needs of a report."""

    source: str
    time: AwareDatetime
    factors: list[str]
    values: list[float]


async def consume(settings: Settings) -> None:
    """Read, compute and send until cancelled."""
    consumer = AIOKafkaConsumer(
        settings.reports,
        bootstrap_servers=settings.bootstrap,
        group_id=settings.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=20, max_batch_size=65_536)
    periods = Periods()
    async with consumer, producer:
        while True:
            batches = await consumer.getmany(timeout_ms=500, max_records=1000)
            for records in batches.values():
                for record in records:
                    report = Report.model_validate_json(record.value)
                    for figure in periods.take(report.source, report.time, report.factors, report.values):
                        await producer.send(settings.figures, orjson.dumps(figure), key=record.key)
            if batches:
                await producer.flush()
                await consumer.commit()


async def main() -> None:
    """Consume until told to stop."""
    task = asyncio.ensure_future(consume(Settings.from_environment()))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    asyncio.run(main())
