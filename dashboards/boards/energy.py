"""Energy: which large users are on line, and how much of this year's budget is used?"""

from __future__ import annotations

from dashboards.boards.parts import company_of, links, not_on_time
from dashboards.flux import (
    AREA,
    DEVICE,
    ENTERPRISE,
    FIELDS_AS_COLUMNS,
    LOCAL,
    fields,
    figures,
    keep,
    kinds,
    latest,
    pipe,
    placed_values,
    rows,
    script,
    series,
)
from dashboards.grafana import DAY_GAP_MS, RED, Json, board, limit_line, question, stat, timeseries
from dashboards.tables import table, uid
from dashboards.texts import t
from dashboards.variables import cascade, console, textbox
from processors.influx import DAY
from processors.plan_steps import FEEDSTOCK, NEW_RENEWABLES

WHERE = (*AREA, ENTERPRISE)
ACCOUNT = (*WHERE, 'r.kind == "account"')
YEAR = "start: year, stop: v.timeRangeStop"
START = LOCAL + "\nyear = date.truncate(t: v.timeRangeStop, unit: 1y)"
"""Statements that name the start of the year in which the shown time ends."""
BUDGET, LARGE = "10000", "10000"
"""What the variables begin with: the budget of what is chosen, and the yearly use from which on a user is a large one, in tce."""


def energy(language: str, address: str) -> Json:
    """Return the board of energy use."""
    none = t("none", language)
    panels = [
        question(t("question.energy", language)),
        _year(language),
        _large(language),
        _budget(language),
        _users(language),
        timeseries(
            t("panel.tce_day", language), _daily(), unit="suffix: tce", none=none, width=12, bars=True, stacked=True,
            gap_ms=DAY_GAP_MS, name="${__field.labels.enterprise}", description=t("about.accounts", language),
        ),
        timeseries(
            t("panel.energy_hour", language), placed_values(language, "kgce", *WHERE, DEVICE, labels=("source", "factor")),
            unit="suffix: kgce", none=none, width=12, name="${__field.labels.factor} · ${__field.labels.place}",
        ),
        not_on_time(language, *WHERE, kinds("energy")),
    ]  # fmt: skip
    variables = [
        console(address),
        *cascade(language, 3),
        textbox("budget_tce", BUDGET, language),
        textbox("large_tce", LARGE, language),
    ]
    return board(uid("energy", language), t("board.energy", language), language, panels, variables, links(language, "energy"))


def _days() -> str:
    """Return this year's daily coal equivalents of all enterprises, one row an enterprise and day."""
    return pipe(
        rows(DAY, fields("kgce", "kgce_ok", FEEDSTOCK, NEW_RENEWABLES), *ACCOUNT, span=YEAR), FIELDS_AS_COLUMNS, "group()"
    )


def _daily() -> str:
    return pipe(
        figures("kgce", *ACCOUNT, level=DAY),
        "group()",
        "map(fn: (r) => ({r with _value: r.value / 1000.0}))",
        series("enterprise"),
    )


def _part(stat: str) -> str:
    """Return an expression of what an account's day has of a plan's part [tce], 0 where no meter is about it."""
    return f"(if exists r.{stat} then r.{stat} / 1000.0 else 0.0)"


def _year(language: str) -> Json:
    query = script(
        START,
        pipe(
            _days(),
            "reduce(identity: {tce: 0.0, short: 0, out: 0.0, growth: 0.0}, fn: (r, accumulator) => "
            "({tce: accumulator.tce + r.kgce / 1000.0, short: accumulator.short + (if r.kgce_ok == 1 then 0 else 1), "
            f"out: accumulator.out + {_part(FEEDSTOCK)}, growth: accumulator.growth + {_part(NEW_RENEWABLES)}}}))",
            "map(fn: (r) => ({r with assessed: r.tce - r.out - (if r.growth > 0.0 then r.growth else 0.0)}))",
            'drop(columns: ["out", "growth"])',
            'map(fn: (r) => ({r with budget_left: float(v: "${budget_tce}") - r.tce, used: r.tce / float(v: "${budget_tce}")}))',
        ),
    )
    tiles = (
        ("tce", t("tile.tce", language), "suffix: tce", None),
        ("assessed", t("tile.assessed", language), "suffix: tce", None),
        ("budget_left", t("tile.budget_left", language), "suffix: tce", None),
        ("used", t("tile.used", language), "percentunit", RED),
        ("short", t("tile.short", language), "none", None),
    )
    return stat(
        t("panel.year", language),
        query,
        tiles,
        none=t("none", language),
        width=16,
        description=t("about.year", language),
        decimals=1,
    )


def _by_user() -> str:
    return pipe(
        _days(),
        'group(columns: ["enterprise", "city", "county"])',
        "reduce(identity: {tce: 0.0, days: 0, whole: 0, whole_tce: 0.0}, fn: (r, accumulator) => ({"
        "tce: accumulator.tce + r.kgce / 1000.0, days: accumulator.days + 1, whole: accumulator.whole + r.kgce_ok, "
        "whole_tce: accumulator.whole_tce + (if r.kgce_ok == 1 then r.kgce / 1000.0 else 0.0)}))",
        "group()",
        "map(fn: (r) => ({r with tce_year: if r.whole > 0 then 365.0 * r.whole_tce / float(v: r.whole) else 0.0}))",
    )


def _large(language: str) -> Json:
    query = script(
        START,
        pipe(
            _by_user(),
            "reduce(identity: {large: 0, all: 0}, fn: (r, accumulator) => ({all: accumulator.all + 1, "
            'large: accumulator.large + (if r.tce_year >= float(v: "${large_tce}") then 1 else 0)}))',
        ),
    )
    tiles = (("large", t("tile.large", language), "none", None), ("all", t("tile.users", language), "none", None))
    return stat(
        t("panel.large", language), query, tiles, none=t("none", language), width=8, description=t("about.large", language)
    )


def _budget(language: str) -> Json:
    used = script(
        START,
        pipe(
            _days(),
            'sort(columns: ["_time"])',
            'group(columns: ["_time"])',
            'sum(column: "kgce")',
            "group()",
            'sort(columns: ["_time"])',
            'cumulativeSum(columns: ["kgce"])',
            'map(fn: (r) => ({_time: r._time, _value: r.kgce / 1000.0, series: "used"}))',
            'group(columns: ["series"])',
        ),
    )
    budget = script(
        'import "array"',
        START,
        'array.from(rows: [{_time: year, _value: float(v: "${budget_tce}"), series: "budget"}, '
        '{_time: v.timeRangeStop, _value: float(v: "${budget_tce}"), series: "budget"}])\n  |> group(columns: ["series"])',
    )
    return timeseries(
        t("panel.budget", language), {"A": used, "L": budget}, unit="suffix: tce", none=t("none", language), width=24,
        gap_ms=DAY_GAP_MS, name=t("tile.tce", language), overrides=[limit_line("L", t("var.budget_tce", language))],
        description=t("about.budget", language), timeFrom="365d",
    )  # fmt: skip


def _users(language: str) -> Json:
    columns = ("company", "tce", "tce_year", "days", "whole", "on_line", "meters", "enterprise")
    behind = ("city", "county")
    users = script(START, pipe(_by_user(), keep("enterprise", "city", "county", "tce", "tce_year", "days", "whole")))
    name = company_of(language)
    states = pipe(
        latest("state", name, where=(*WHERE, kinds("energy"))),
        f'group(columns: ["enterprise", "{name}"])',
        "reduce(identity: {on_line: 0, meters: 0}, fn: (r, accumulator) => ({meters: accumulator.meters + 1, "
        'on_line: accumulator.on_line + (if r.state == "on time" then 1 else 0)}))',
        "group()",
        f'rename(columns: {{{name}: "company"}})',
    )
    return table(
        t("panel.users", language), {"A": users, "B": states}, columns, language, behind=behind, joined="enterprise", width=24,
        height=8, order="-tce", description=t("about.users", language),
    )  # fmt: skip
