"""Quix Streams as its guide writes windows: event time from the report, a tumbling minute reduced, its results an hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from quixstreams import Application

from tests.bench.peers.job import Settings, Totals, add, figures, means


def time_ms(value: Any, headers: Any, timestamp: float, timestamp_type: Any) -> int:
    """Return a report's own time."""
    return int(datetime.fromisoformat(value["time"]).timestamp() * 1000)


def first_report(report: dict[str, Any]) -> Totals:
    """Return a minute of one report."""
    return add({}, report["factors"], report["values"])


def next_report(minute: Totals, report: dict[str, Any]) -> Totals:
    """Return a minute with one report more."""
    return add(minute, report["factors"], report["values"])


def first_minute(minute: dict[str, Any]) -> Totals:
    """Return an hour of one minute."""
    return next_minute({}, minute)


def next_minute(hour: Totals, minute: dict[str, Any]) -> Totals:
    """Return an hour with one minute more."""
    mean = means(minute["value"])
    return add(hour, mean.keys(), mean.values())


def of_minute(window: dict[str, Any], key: bytes, timestamp: int, headers: Any) -> list[dict[str, Any]]:
    """Return the figures of a closed minute."""
    return figures(key.decode(), window["start"] // 1000, window["value"], hour=False)


def of_hour(window: dict[str, Any], key: bytes, timestamp: int, headers: Any) -> list[dict[str, Any]]:
    """Return the figures of a closed hour."""
    return figures(key.decode(), window["start"] // 1000, window["value"], hour=True)


def build(settings: Settings) -> Application:
    """Return the application with its two windows."""
    app = Application(broker_address=settings.bootstrap, consumer_group=settings.group, auto_offset_reset="earliest")
    reports = app.topic(settings.reports, value_deserializer="json", timestamp_extractor=time_ms)
    output = app.topic(settings.figures, value_serializer="json")
    minutes = app.dataframe(reports).tumbling_window(timedelta(minutes=1)).reduce(next_report, first_report).final()
    minutes.apply(of_minute, expand=True, metadata=True).to_topic(output)
    hours = minutes.tumbling_window(timedelta(hours=1)).reduce(next_minute, first_minute).final()
    hours.apply(of_hour, expand=True, metadata=True).to_topic(output)
    return app


if __name__ == "__main__":
    build(Settings.from_environment()).run()
