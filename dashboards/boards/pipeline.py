"""Pipeline: does the store keep up with what is sent, as far as the store itself can tell?"""

from __future__ import annotations

from dashboards.boards.parts import EVENTS_LISTED, connections, links
from dashboards.flux import DEVICE, EVER, fields, keep, pipe, rows, series
from dashboards.grafana import MINUTE_GAP_MS, YELLOW, Json, barchart, board, question, stat, timeseries
from dashboards.tables import table, uid
from dashboards.texts import t
from dashboards.variables import console
from processors.influx import EVENT, FRAME, HOUR, MINUTE, REPORT, SOURCE_STATE

TROUBLE = ("tick.refused", "input.quarantined", "touch.refused", "source.blind", "clock.in_doubt")
"""Events that are about Plumeline or a clock rather than about an outlet."""


def pipeline(language: str, address: str) -> Json:
    """Return the board of the pipeline's health."""
    none = t("none", language)
    reports = pipe(
        rows(REPORT, fields("received_ms")), "group()", "aggregateWindow(every: 1m, fn: count, createEmpty: false)", series()
    )
    heard = pipe(
        rows(MINUTE, fields("body")),
        "group()",
        'aggregateWindow(every: 1m, fn: count, createEmpty: false, timeSrc: "_start")',
        series(),
    )
    delays = pipe(
        rows(REPORT, fields("received_ms")),
        "map(fn: (r) => ({r with _value: float(v: r._value - int(v: r._time) / 1000000) / 1000.0}))",
        "group()",
        "aggregateWindow(every: v.windowPeriod, fn: (tables=<-, column) => tables |> quantile(q: 0.99, column: column), createEmpty: false)",
        series(),
    )
    panels = [
        question(t("question.pipeline", language)),
        _lag(language),
        connections(language, DEVICE, width=12),
        timeseries(
            t("panel.reports", language), reports, unit="suffix: /min", none=none, width=12, gap_ms=MINUTE_GAP_MS,
            name=t("col.reports", language),
        ),
        timeseries(
            t("panel.minutes_stored", language), heard, unit="suffix: /min", none=none, width=12, gap_ms=MINUTE_GAP_MS,
            name=t("col.sources", language), description=t("about.minutes_stored", language),
        ),
        timeseries(
            t("panel.delay", language), delays, unit="s", none=none, width=12, gap_ms=4 * MINUTE_GAP_MS,
            name=t("col.delay", language), description=t("about.delay", language),
        ),
        _frames(language),
        _decided(language),
        _trouble(language),
    ]  # fmt: skip
    return board(
        uid("pipeline", language),
        t("board.pipeline", language),
        language,
        panels,
        [console(address)],
        links(language, "pipeline"),
    )


def _lag(language: str) -> Json:
    query = pipe(
        rows(SOURCE_STATE, fields("received_ms"), span=EVER),
        "last()",
        "group()",
        "max()",
        "map(fn: (r) => ({received: r._value, lag: float(v: int(v: v.timeRangeStop) / 1000000 - r._value) / 1000.0}))",
    )
    tiles = (("received", t("tile.received", language), "dateTimeAsIso", None), ("lag", t("tile.lag", language), "s", None))
    return stat(
        t("panel.lag", language), query, tiles, none=t("none", language), width=12, description=t("about.lag", language)
    )


def _frames(language: str) -> Json:
    query = pipe(
        rows(FRAME, fields("verdict")),
        "group()",
        'rename(columns: {_value: "frame_verdict"})',
        'group(columns: ["frame_verdict"])',
        "reduce(identity: {times: 0}, fn: (r, accumulator) => ({times: accumulator.times + 1}))",
        "group()",
    )
    return barchart(
        t("panel.frames", language), query, "frame_verdict", t("col.times", language), unit="none", colour=YELLOW,
        none=t("none", language), width=12, order="-times", description=t("about.frames", language),
    )  # fmt: skip


def _decided(language: str) -> Json:
    """Return the newest hour that is decided, by kind of source."""
    columns = ("kind", "time", "figures")
    query = pipe(
        rows(HOUR, "r._field =~ /_revision$/", "r._value > 0"),
        'group(columns: ["kind", "_time"])',
        "count()",
        'group(columns: ["kind"])',
        'sort(columns: ["_time"])',
        "tail(n: 1)",
        'rename(columns: {_time: "time", _value: "figures"})',
        keep(*columns),
    )
    return table(
        t("panel.decided", language), query, columns, language, width=12, height=7, description=t("about.decided", language)
    )


def _trouble(language: str) -> Json:
    listed = ", ".join(f'"{k}"' for k in TROUBLE)
    query = pipe(
        rows(EVENT, fields("kind")),
        'drop(columns: ["kind"])',
        "group()",
        f"filter(fn: (r) => contains(value: r._value, set: [{listed}]))",
        "map(fn: (r) => ({time: r._time, event: r._value, source: r.source}))",
    )
    return table(
        t("panel.trouble", language),
        query,
        ("time", "event", "source"),
        language,
        width=12,
        height=7,
        none="none.trouble",
        order="-time",
        most=EVENTS_LISTED,
    )
