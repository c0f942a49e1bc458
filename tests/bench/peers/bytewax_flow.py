"""Bytewax as its guide writes windows: keyed by source, folded by an event clock into minutes, these into hours."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower, fold_window

from tests.bench.peers.job import HOUR_S, MINUTE_S, Settings, Totals, add, figures, means

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017  Bytewax compares with this very object
WAIT = timedelta(seconds=10)
"""How long a window waits for what is late."""

Window = tuple[str, tuple[int, Totals]]
"""Source, number of the window since the epoch, totals."""


def decoded(message: KafkaSourceMessage[Any, Any]) -> dict[str, Any]:
    """Return a report with its time in UTC."""
    report: dict[str, Any] = orjson.loads(message.value)
    report["time"] = datetime.fromisoformat(report["time"]).astimezone(timezone.utc)  # noqa: UP017
    return report


def time_of_report(report: dict[str, Any]) -> datetime:
    """Return when a report was measured."""
    return report["time"]  # type: ignore[no-any-return]


def time_of_minute(minute: tuple[int, Totals]) -> datetime:
    """Return when a minute began."""
    return EPOCH + timedelta(seconds=minute[0] * MINUTE_S)


def add_report(minute: Totals, report: dict[str, Any]) -> Totals:
    """Return a minute with one report more."""
    return add(minute, report["factors"], report["values"])


def add_minute(hour: Totals, minute: tuple[int, Totals]) -> Totals:
    """Return an hour with one minute more."""
    mean = means(minute[1])
    return add(hour, mean.keys(), mean.values())


def joined(one: Totals, other: Totals) -> Totals:
    """Return the totals of two windows that became one; tumbling windows never do."""
    for factor, (total, n) in other.items():
        before, count = one.get(factor, (0.0, 0))
        one[factor] = (before + total, count + n)
    return one


def of_minute(window: Window) -> list[dict[str, Any]]:
    """Return the figures of a closed minute."""
    source, (number, totals) = window
    return figures(source, number * MINUTE_S, totals, hour=False)


def of_hour(window: Window) -> list[dict[str, Any]]:
    """Return the figures of a closed hour."""
    source, (number, totals) = window
    return figures(source, number * HOUR_S, totals, hour=True)


def encoded(figure: dict[str, Any]) -> KafkaSinkMessage[bytes, bytes]:
    """Return a figure as a message keyed by its source."""
    return KafkaSinkMessage(figure["source"].encode(), orjson.dumps(figure))


def build() -> Dataflow:
    """Return the dataflow."""
    settings = Settings.from_environment()
    brokers = [settings.bootstrap]
    flow = Dataflow("means")
    messages = op.input("reports", flow, KafkaSource(brokers, [settings.reports]))
    reports = op.key_on("by-source", op.map("decode", messages, decoded), lambda report: report["source"])
    minutes = fold_window(
        "minutes",
        reports,
        EventClock(time_of_report, wait_for_system_duration=WAIT),
        TumblingWindower(length=timedelta(minutes=1), align_to=EPOCH),
        dict,
        add_report,
        joined,
    )
    hours = fold_window(
        "hours",
        minutes.down,
        EventClock(time_of_minute, wait_for_system_duration=WAIT),
        TumblingWindower(length=timedelta(hours=1), align_to=EPOCH),
        dict,
        add_minute,
        joined,
    )
    done = op.merge("figures", op.flat_map("of-minute", minutes.down, of_minute), op.flat_map("of-hour", hours.down, of_hour))
    kop.output("send", op.map("encode", done, encoded), brokers=brokers, topic=settings.figures)
    return flow
