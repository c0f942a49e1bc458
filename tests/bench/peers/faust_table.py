"""Faust as its guide writes windows: models, an agent, and tumbling tables relative to the time in the report.

A period is complete when the first report of the next one arrives; it is then read from the table one window back.
``on_window_close`` cannot do this job: it follows the machine's clock, so windows of what is read after its time close while
they are still being filled. For the same reason the tables have no ``expires``.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, List, Optional  # noqa: UP035  Faust reads the types of fields as typing writes them

import faust
from faust.types import EventT

from tests.bench.peers.job import HOUR_S, LIMIT, MINUTE_S, PARTITIONS, Settings, Totals, add, means


class Report(faust.Record, coerce=True):
    """What the job needs of a report."""

    source: str
    time: datetime
    factors: List[str]  # noqa: UP006
    values: List[float]  # noqa: UP006


class Figure(faust.Record):
    """One mean of one factor, judged if it is an hour's."""

    period: str
    source: str
    factor: str
    start: int
    mean: float
    n: int
    over: Optional[bool] = None  # noqa: UP045


def back(seconds: int) -> Callable[[EventT[Any]], float]:
    """Return what tells a table the time so many seconds before a report."""
    return lambda event: event.value.time.timestamp() - seconds


def made_of(source: str, time_s: float, totals: Totals, length_s: int) -> list[Figure]:
    """Return the figures of the period that a time lies in."""
    start_s = int(time_s // length_s * length_s)
    hour = length_s == HOUR_S
    return [
        Figure("hour" if hour else "minute", source, factor, start_s, mean, totals[factor][1], mean > LIMIT if hour else None)
        for factor, mean in means(totals).items()
    ]


def build(settings: Settings) -> faust.App:
    """Return the app with its tables and its one agent."""
    app = faust.App(
        settings.group,
        broker=f"kafka://{settings.bootstrap}",
        topic_partitions=PARTITIONS,
        stream_buffer_maxsize=32_768,
        producer_linger=0.02,
        producer_max_batch_size=65_536,
        web_enabled=False,
    )
    reports = app.topic(settings.reports, key_type=str, value_type=Report)
    figures = app.topic(settings.figures, key_type=str, value_type=Figure)
    minutes = app.Table("minutes", default=dict, partitions=PARTITIONS).tumbling(MINUTE_S)
    hours = app.Table("hours", default=dict, partitions=PARTITIONS).tumbling(HOUR_S)
    minute, minute_before = minutes.relative_to_field(Report.time), minutes.relative_to(back(MINUTE_S))
    hour, hour_before = hours.relative_to(back(MINUTE_S)), hours.relative_to(back(MINUTE_S + HOUR_S))

    @app.agent(reports)
    async def judge(stream: faust.Stream[Report]) -> None:
        async for report in stream:
            source, time_s = report.source, report.time.timestamp()
            done: list[Figure] = []
            totals = minute[source].value()
            if not totals and (complete := minute_before[source].value()):
                done = made_of(source, time_s - MINUTE_S, complete, MINUTE_S)
                sums = hour[source].value()
                if not sums and (whole := hour_before[source].value()):
                    done += made_of(source, time_s - MINUTE_S - HOUR_S, whole, HOUR_S)
                mean = means(complete)
                hour[source] = add(sums, mean.keys(), mean.values())
            minute[source] = add(totals, report.factors, report.values)
            for figure in done:
                await figures.send(key=source, value=figure)

    return app


if __name__ == "__main__":
    build(Settings.from_environment()).main()
