"""Faust with its state in plain dicts: an agent over JSON values; after a restart nothing would be recovered."""

from datetime import datetime
from typing import Any

import faust

from tests.bench.peers.job import PARTITIONS, Settings
from tests.bench.peers.periods import Periods


def build(settings: Settings) -> faust.App:
    """Return the app with its one agent."""
    app = faust.App(
        settings.group,
        broker=f"kafka://{settings.bootstrap}",
        topic_partitions=PARTITIONS,
        stream_buffer_maxsize=32_768,
        producer_linger=0.02,
        producer_max_batch_size=65_536,
        web_enabled=False,
    )
    reports = app.topic(settings.reports, key_type=str)
    figures = app.topic(settings.figures, key_type=str)
    periods = Periods()

    @app.agent(reports)
    async def judge(stream: faust.Stream[dict[str, Any]]) -> None:
        async for report in stream:
            time = datetime.fromisoformat(report["time"])
            for figure in periods.take(report["source"], time, report["factors"], report["values"]):
                await figures.send(key=report["source"], value=figure)

    return app


if __name__ == "__main__":
    build(Settings.from_environment()).main()
