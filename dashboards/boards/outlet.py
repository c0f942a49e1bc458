"""Outlet: one factor of one outlet, hour by hour and minute by minute, against its limit, with what was withheld and why."""

from __future__ import annotations

from collections.abc import Callable

from dashboards.boards.latest import WITHHELD_AWAY, evidence
from dashboards.boards.parts import PLACE, happened, links, sources
from dashboards.flux import (
    FACTOR,
    ONE_SOURCE,
    WITH_FIGURE,
    factors,
    fields,
    figures,
    keep,
    lanes,
    pipe,
    rows,
    script,
    series,
    stat_figures,
    values,
)
from dashboards.grafana import (
    BLUE,
    GREY,
    MINUTE_GAP_MS,
    PURPLE,
    YELLOW,
    Json,
    board,
    by_query,
    limit_line,
    points_only,
    question,
    timeline,
    timeseries,
)
from dashboards.tables import VERDICT_COLOURS, table, uid, words
from dashboards.texts import t
from dashboards.variables import cascade, console, factor
from dashboards.variables import outlet as choose
from processors.influx import HOUR, MINUTE, REPORT, REVISION

UNITS = {
    "mg/m3": "conmgm3",
    "ug/m3": "conμgm3",
    "g/m3": "congm3",
    "%": "percent",
    "degC": "celsius",
    "m3/h": "suffix: m³/h",
    "kWh": "kwatth",
    "m3": "suffix: m³",
    "pH": "none",
}
"""Grafana's unit of a registry's unit; any other is shown as it is written."""
SINCE = """import "date"
day_before = date.sub(d: 24h, from: v.timeRangeStop)
since = if v.timeRangeStart > day_before then v.timeRangeStart else day_before"""
"""Minutes and flags are shown for the last 24 hours of the shown time."""
LAST_DAY = "start: since, stop: v.timeRangeStop"
FLAGS = {"N": GREY, "F": GREY, "M": YELLOW, "C": YELLOW, "S": YELLOW, "D": BLUE, "T": BLUE, "B": BLUE}
PARTS = """part = (line, name) => regexp.replaceAllString(
  r: regexp.compile(v: "^\\"" + name + "\\":\\"?"),
  v: regexp.findString(r: regexp.compile(v: "\\"" + name + "\\":\\"?[^,\\"]*"), v: line),
  t: "",
)"""
"""A function that reads one value of a figure's line."""


def outlet(language: str, address: str) -> Json:
    """Return the board of one outlet."""
    panels = [
        question(t("question.outlet", language)),
        sources(language, ONE_SOURCE, height=4),
        _hours(language),
        _verdicts(language),
        _minutes(language),
        _validity(language),
        *_beside(language),
        _table(language),
        _versions(language),
        happened(language, ONE_SOURCE),
    ]
    variables = [console(address), *cascade(language, 3, every=False), choose(language), factor(language)]
    return board(uid("outlet", language), t("board.outlet", language), language, panels, variables, links(language, "outlet"))


def _unit() -> str:
    """Return the query of the chosen factor's unit in Grafana's words."""
    pairs = ", ".join(f'{{key: "{k}", value: "{v}"}}' for k, v in UNITS.items())
    found = pipe(
        rows(HOUR, "r._field =~ /^(avg|energy)_unit$/", ONE_SOURCE, FACTOR),
        "group()",
        "last()",
        'map(fn: (r) => ({unit: dict.get(dict: units, key: r._value, default: "suffix: " + r._value)}))',
    )
    return f'import "dict"\nunits = dict.fromList(pairs: [{pairs}])\n{found}'


UNIT_OF_QUERY = [
    {"id": "configFromData", "options": {"configRefId": "U", "mappings": [{"fieldName": "unit", "handlerKey": "unit"}]}}
]
"""The panel's unit is what query U returns."""


def _revised(stat: str) -> str:
    return pipe(
        figures(stat, ONE_SOURCE, FACTOR, parts=("_state",)),
        "filter(fn: (r) => r." + stat + '_state == "revised")',
        'rename(columns: {value: "_value"})',
        series("source", "factor"),
    )


def _hours(language: str) -> Json:
    labels = ("source", "factor")
    stats = {"A": "avg_ref", "B": "avg", "E": "energy"}
    queries = {ref: values(stat, ONE_SOURCE, FACTOR, labels=labels) for ref, stat in stats.items()}
    limit = pipe(
        rows(HOUR, fields("avg_limit", "avg_ref_limit"), ONE_SOURCE, FACTOR),
        "filter(fn: (r) => r._value > 0.0)",
        series("factor"),
    )
    queries |= {"L": limit, "R": _revised("avg_ref"), "S": _revised("avg"), "U": _unit()}
    colours = {"A": "#1d4f8f", "B": "#8fa3b8", "E": "#1d4f8f"}
    overrides = [
        by_query(
            ref,
            displayName=t(f"stat.{stat}", language),
            color={"mode": "fixed", "fixedColor": colours[ref]},
            links=[evidence(language, stat)],
        )
        for ref, stat in stats.items()
    ]
    overrides += [
        limit_line("L", t("col.limit", language)),
        points_only("R", t("standing.revised", language), PURPLE),
        points_only("S", t("standing.revised", language), PURPLE),
    ]
    return timeseries(
        t("panel.hours", language), queries, unit="conmgm3", none=t("none", language), width=24, height=10,
        overrides=overrides, description=t("about.hours", language), transformations=UNIT_OF_QUERY,
    )  # fmt: skip


def _verdicts(language: str) -> Json:
    """Return the lanes of verdicts and of reasons why an hour has no value."""
    judged = pipe(
        "all",
        "filter(fn: (r) => r.limit > 0.0)",
        'map(fn: (r) => ({r with _value: if r.verdict == "" then "not judged" else r.verdict}))',
        lanes("stat"),
    )
    withheld = pipe("all", 'map(fn: (r) => ({r with _value: if r.ok == 1 then "valid" else r.reason}))', lanes("stat"))
    both = stat_figures(ONE_SOURCE, FACTOR)
    mappings = words("verdict", VERDICT_COLOURS, language)
    mappings += [
        {"type": "value", "options": {"valid": {"text": t("quality.valid", language), "color": GREY, "index": 0}}},
        {"type": "value", "options": {"no data": {"text": t("quality.no_data", language), "color": "#b9bfc5", "index": 0}}},
        {"type": "value", "options": {"stopped": {"text": t("state.stopped", language), "color": "#b9bfc5", "index": 0}}},
        {"type": "regex", "options": {"pattern": "(.*)", "result": {"text": "$1", "color": BLUE, "index": 9}}},
    ]
    overrides = [
        by_query("A", displayName=t("lane.verdict", language) + " ${__field.labels.stat}"),
        by_query("B", displayName=t("lane.reason", language) + " ${__field.labels.stat}"),
    ]
    return timeline(
        t("panel.verdicts", language), {"A": f"{both}\n{judged}", "B": f"{both}\n{withheld}"}, mappings,
        none=t("none", language), width=24, height=6, overrides=overrides, description=t("about.verdicts", language),
    )  # fmt: skip


def _minute_rows(value: str, order: Callable[..., str], *steps: str) -> str:
    chosen = 'r._field == ${factor:doublequote} or r._field == "${factor}_ok"'
    return script(
        SINCE,
        pipe(
            rows(MINUTE, ONE_SOURCE, f"({chosen})", span=LAST_DAY),
            'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
            *steps,
            f"map(fn: (r) => ({{r with factor: ${{factor:doublequote}}, _value: {value}}}))",
            order("source", "factor"),
        ),
    )


def _minutes(language: str) -> Json:
    query = _minute_rows('r["${factor}"]', series, 'filter(fn: (r) => r["${factor}_ok"] == 1)')
    overrides = [by_query("A", displayName=t("stat.minute", language), links=[evidence(language, "avg", "minute")])]
    return timeseries(
        t("panel.minutes", language), {"A": query, "U": _unit()}, unit="conmgm3", none=t("none", language), width=24,
        gap_ms=MINUTE_GAP_MS, overrides=overrides, description=t("about.minutes", language), transformations=UNIT_OF_QUERY,
    )  # fmt: skip


def _validity(language: str) -> Json:
    """Return the lanes of valid minutes and of the device's flags."""
    minute = _minute_rows('if r["${factor}_ok"] == 1 then "valid" else "not valid"', lanes)
    flag = script(
        'import "regexp"',
        SINCE,
        pipe(
            rows(REPORT, fields("line"), ONE_SOURCE, span=LAST_DAY),
            r'map(fn: (r) => ({r with _value: regexp.findString(v: regexp.findString(v: r._value, r: /"flags":\[[^\]]*/), r: /[\[,]"[^N"]/)}))',
            r'map(fn: (r) => ({r with _value: if r._value == "" then "N" else regexp.replaceAllString(v: r._value, r: /[\[,"]/, t: "")}))',
            lanes("source"),
        ),
    )
    options = {
        f: {"text": f"{f} {t('flag.' + f, language)}", "color": colour, "index": n}
        for n, (f, colour) in enumerate(FLAGS.items())
    }
    valid = {"valid": {"text": t("quality.valid", language), "color": GREY, "index": 0}}
    valid["not valid"] = {"text": t("quality.not_valid", language), "color": BLUE, "index": 1}
    mappings = [{"type": "value", "options": valid}, {"type": "value", "options": options}]
    overrides = [
        by_query("A", displayName=t("lane.minutes", language)),
        by_query("B", displayName=t("lane.flags", language)),
    ]
    return timeline(
        t("panel.flags", language), {"A": minute, "B": flag}, mappings, none=t("none", language), width=24, height=5,
        overrides=overrides, gap_ms=MINUTE_GAP_MS, description=t("about.flags", language),
    )  # fmt: skip


def _beside(language: str) -> list[Json]:
    """Return what explains a concentration: oxygen, flow, temperature, and the mass that follows."""
    none = t("none", language)
    made = []
    for key, unit, codes, stat in (
        ("oxygen", "percent", ("a19001",), "avg"),
        ("flow", "suffix: m³/h", ("a00000", "w00000"), "avg"),
        ("temperature", "celsius", ("a01012", "w01010"), "avg"),
    ):
        query = values(stat, ONE_SOURCE, factors(*codes), labels=("source", "factor"))
        link = [evidence(language, stat)]
        made.append(
            timeseries(
                t("panel." + key, language),
                query,
                unit=unit,
                none=none,
                width=6,
                height=7,
                name=t("panel." + key, language),
                links=link,
            )
        )
    mass = values("mass", ONE_SOURCE, FACTOR, labels=("source", "factor"))
    made.append(
        timeseries(
            t("panel.mass_hour", language), mass, unit="suffix: kg", none=none, width=6, height=7, bars=True,
            name=t("stat.mass", language), links=[evidence(language, "mass")],
        )
    )  # fmt: skip
    return made


def _table(language: str) -> Json:
    columns = ("time", "stat", "value", "unit", "limit", "over", "verdict", "n", "standing", "revision", "reason", "figure")
    query = script(
        'import "internal/debug"',
        stat_figures(ONE_SOURCE, FACTOR, stats=("avg_ref", "avg", "mass", "energy")),
        pipe(
            "all",
            WITH_FIGURE,
            WITHHELD_AWAY,
            "map(fn: (r) => ({r with time: r._time, standing: r.state}))",
            keep(*columns, *PLACE),
        ),
    )
    return table(t("panel.hour_table", language), query, columns, language, behind=PLACE, width=24, height=10, order="-time")


def _versions(language: str) -> Json:
    columns = ("time", "stat", "revision", "value", "n", "standing", "decided", "figure")
    query = script(
        'import "regexp"',
        'import "strings"',
        'import "date"',
        PARTS,
        pipe(
            rows(REVISION, ONE_SOURCE, FACTOR, "r._field =~ /^hour_/"),
            "group()",
            "map(fn: (r) => ({r with time: date.truncate(t: r._time, unit: 1s), revision: int(v: r._time) % 1000000,"
            ' stat: strings.trimPrefix(v: r._field, prefix: "hour_"), value: part(line: r._value, name: "value"),'
            ' n: part(line: r._value, name: "n"), standing: part(line: r._value, name: "state"),'
            ' decided: part(line: r._value, name: "decided")}))',
            "filter(fn: (r) => r.revision > 1)",
            'map(fn: (r) => ({r with figure: r.source + "/" + r.factor + "/" + r.stat + "/hour/" + string(v: r.time)}))',
            keep(*columns, *PLACE),
        ),
    )
    return table(
        t("panel.versions", language), query, columns, language, behind=PLACE, width=24, height=8,
        description=t("about.versions", language), none="none.versions", order="-time",
    )  # fmt: skip
