"""Data quality: how much of what should have come came, how much of it is valid, and why not the rest?"""

from __future__ import annotations

from dashboards.boards.alerts import by_kind
from dashboards.boards.parts import PLACE, links, not_on_time
from dashboards.flux import (
    AREA,
    DEVICE,
    ENTERPRISE,
    EVER,
    FIELDS_AS_COLUMNS,
    LOCAL,
    WITH_NAME,
    WITH_PLACE,
    fields,
    keep,
    latest,
    named,
    pipe,
    place_of,
    places,
    rows,
    script,
    series,
)
from dashboards.grafana import BLUE, HOUR_GAP_MS, PURPLE, Json, barchart, board, question, stat, timeseries
from dashboards.tables import table, uid
from dashboards.texts import t
from dashboards.variables import cascade, console
from processors.influx import HOUR, QUARTER

WHERE = (*AREA, ENTERPRISE, DEVICE)
VERDICTS, REASONS = fields("avg_verdict", "avg_ref_verdict"), fields("avg_reason", "avg_ref_reason")
STAT = 'map(fn: (r) => ({r with stat: if r._field =~ /^avg_ref/ then "avg_ref" else "avg"}))'
HOURS = script(
    LOCAL,
    "judged = "
    + pipe(
        rows(HOUR, VERDICTS, *WHERE),
        'filter(fn: (r) => r._value == "complies" or r._value == "exceeds" or r._value == "exempt")',
        'aggregateWindow(every: 1d, fn: count, createEmpty: false, timeSrc: "_start")',
        "group()",
        "map(fn: (r) => ({_time: date.truncate(t: r._time, unit: 1d), source: r.source, hours: r._value,"
        " stopped: 0, missing: 0, invalid: 0}))",
    ),
    "withheld = "
    + pipe(
        rows(HOUR, VERDICTS, *WHERE),
        'filter(fn: (r) => r._value == "not judged")',
        STAT,
        "group()",
        'set(key: "what", value: "verdict")',
    ),
    "because = "
    + pipe(
        rows(HOUR, REASONS, *WHERE),
        'filter(fn: (r) => r._value == "stopped" or r._value == "no data")',
        STAT,
        "group()",
        'set(key: "what", value: "reason")',
    ),
    "unjudged = "
    + pipe(
        "union(tables: [withheld, because])",
        "group()",
        'pivot(rowKey: ["_time", "source", "factor", "stat"], columnKey: ["what"], valueColumn: "_value")',
        "filter(fn: (r) => exists r.verdict)",
        'map(fn: (r) => ({r with reason: if exists r.reason then r.reason else ""}))',
        "map(fn: (r) => ({_time: date.truncate(t: r._time, unit: 1d), source: r.source, hours: 1,"
        ' stopped: if r.reason == "stopped" then 1 else 0, missing: if r.reason == "no data" then 1 else 0,'
        ' invalid: if r.reason == "stopped" then 0 else 1}))',
    ),
    "all = union(tables: [judged, unjudged])",
)
"""Statements that name ``all``: counts of hour figures with a limit, by source and day.

``hours`` all, ``stopped`` source stopped, ``missing`` nothing received, ``invalid`` without a valid value, the missing among them.
Only what is withheld is matched with its reason: a pivot of all hours of a province takes half a minute.
"""
COUNT = "reduce(identity: {hours: 0, stopped: 0, missing: 0, invalid: 0}, fn: (r, accumulator) => ({" + (
    ", ".join(f"{n}: accumulator.{n} + r.{n}" for n in ("hours", "stopped", "missing", "invalid")) + "}))"
)
RATES = (
    "map(fn: (r) => ({r with running: r.hours - r.stopped, received: r.hours - r.stopped - r.missing}))",
    "filter(fn: (r) => r.running > 0)",
    "map(fn: (r) => ({r with captured: float(v: r.running - r.invalid) / float(v: r.running), "
    "transmitted: float(v: r.received) / float(v: r.running), "
    "valid: if r.received > 0 then float(v: r.running - r.invalid) / float(v: r.received) else 0.0}))",
    "map(fn: (r) => ({r with effective: r.transmitted * r.valid}))",
)
"""Capture rate (H-S-I)/(H-S); transmission rate, validity rate, and their product, the effective transmission rate."""


def quality(language: str, address: str) -> Json:
    """Return the board of data quality."""
    none = t("none", language)
    every = script(HOURS, pipe("all", COUNT, *RATES, keep("captured", "transmitted", "valid", "effective")))
    tiles = [
        (name, t("col." + name, language), "percentunit", None) for name in ("captured", "transmitted", "valid", "effective")
    ]
    panels = [
        question(t("question.quality", language)),
        stat(t("panel.rates", language), every, tiles, none=none, width=24, description=t("about.rates", language)),
        _by_outlet(language),
        _by_quarter(language),
        _by_day(language),
        _reasons(language),
        _revised(language),
        _findings(language),
        not_on_time(language, *WHERE, width=16),
    ]
    variables = [console(address), *cascade(language, 3)]
    return board(
        uid("quality", language), t("board.quality", language), language, panels, variables, links(language, "quality")
    )


def _by_outlet(language: str) -> Json:
    columns = ("place", "captured", "transmitted", "valid", "effective", "hours", "stopped", "missing", "invalid", "source")
    behind = ("city", "county", "enterprise")
    rates = script(HOURS, pipe("all", 'group(columns: ["source"])', COUNT, *RATES, keep(*columns[1:])))
    place = place_of(language)
    names = pipe(
        latest(place, where=WHERE),
        f'rename(columns: {{{place}: "place"}})',
        keep("source", "place", "city", "county", "enterprise"),
    )
    return table(
        t("panel.rates_outlet", language), {"A": rates, "B": names}, columns, language, behind=behind, joined="source", width=24,
        order="captured", description=t("about.rates_outlet", language),
    )  # fmt: skip


def _by_quarter(language: str) -> Json:
    """Return the rates that the engine made of the newest quarter, as the evidence page shows them."""
    rates = {"capture": "captured", "transmission": "transmitted", "effective": "effective"}
    each = ", ".join(
        f'{name}: if r.{stat}_ok == 1 then r.{stat} / 100.0 else debug.null(type: "float")' for stat, name in rates.items()
    )
    columns = ("place", "factor_name", *rates.values(), "n", "standing", "time")
    query = script(
        named(language),
        'import "internal/debug"',
        places(language),
        pipe(
            rows(
                QUARTER,
                fields(*rates, *(f"{stat}_ok" for stat in rates), "capture_n", "capture_state"),
                *WHERE,
                span=EVER,
            ),
            "last()",
            'drop(columns: ["_start", "_stop", "_measurement"])',
            FIELDS_AS_COLUMNS,
            f"map(fn: (r) => ({{r with {each}, n: r.capture_n, standing: r.capture_state, time: r._time}}))",
            WITH_NAME,
            WITH_PLACE,
            keep(*columns, *PLACE),
        ),
    )
    return table(
        t("panel.rates_quarter", language), query, columns, language, behind=PLACE, width=24, order="captured",
        description=t("about.rates_quarter", language),
    )  # fmt: skip


def _by_day(language: str) -> Json:
    query = script(HOURS, pipe("all", 'group(columns: ["_time"])', COUNT, *RATES, "group()"))

    def rate(name: str) -> str:
        return f'{query}\n  |> map(fn: (r) => ({{_time: r._time, _value: r.{name}}}))\n  |> sort(columns: ["_time"])'

    names = {"A": "captured", "B": "effective"}
    overrides = [
        {
            "matcher": {"id": "byFrameRefID", "options": ref},
            "properties": [{"id": "displayName", "value": t("col." + n, language)}],
        }
        for ref, n in names.items()
    ]
    return timeseries(
        t("panel.rates_day", language), {ref: rate(n) for ref, n in names.items()}, unit="percentunit", none=t("none", language),
        width=12, gap_ms=129_600_000, overrides=overrides,
    )  # fmt: skip


def _reasons(language: str) -> Json:
    query = script(
        'import "regexp"',
        pipe(
            rows(HOUR, REASONS, *WHERE),
            'filter(fn: (r) => r._value != "")',
            'map(fn: (r) => ({reason: regexp.replaceAllString(r: /^[0-9]+/, v: r._value, t: "n"), hours: 1}))',
            'group(columns: ["reason"])',
            'sum(column: "hours")',
            "group()",
        ),
    )
    return barchart(
        t("panel.reasons", language), query, "reason", t("col.hours", language), unit="none", colour=BLUE,
        none=t("none.withheld", language), width=12, order="-hours", description=t("about.reasons", language),
    )  # fmt: skip


def _revised(language: str) -> Json:
    query = pipe(
        rows(HOUR, fields("avg_state", "avg_ref_state"), *WHERE),
        'filter(fn: (r) => r._value == "revised")',
        'group(columns: ["_time"])',
        "count()",
        series(),
    )
    made = timeseries(
        t("panel.revised", language), query, unit="none", none=t("none.versions", language), width=12, bars=True,
        gap_ms=HOUR_GAP_MS, name=t("standing.revised", language),
    )  # fmt: skip
    made["fieldConfig"]["defaults"]["color"] = {"mode": "fixed", "fixedColor": PURPLE}
    return made


def _findings(language: str) -> Json:
    """Return how often each kind of finding came; findings of devices that nobody registered too."""
    return by_kind(language, "r._value !~ /^exceedance/", width=12)
