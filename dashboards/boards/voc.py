"""VOC and petrol stations: do the outlets keep their limits, and does vapour recovery work?"""

from __future__ import annotations

from dashboards.boards.latest import evidence, newest_hours, shares
from dashboards.boards.parts import connections, links, not_on_time, worst_now
from dashboards.flux import (
    AREA,
    ENTERPRISE,
    WITH_PLACE,
    factors,
    kinds,
    lanes,
    pipe,
    placed_values,
    places,
    rows,
    script,
    series,
    stat_figures,
)
from dashboards.grafana import DAY_GAP_MS, Json, board, limit_line, question, timeline, timeseries
from dashboards.tables import STATION_COLOURS, uid, words
from dashboards.texts import t
from dashboards.variables import cascade, console
from processors.influx import DAY, HOUR
from processors.station_steps import STATES

WHERE = (*AREA, ENTERPRISE, kinds("voc", "vapour"))
OUTLETS, STATIONS = kinds("voc"), kinds("vapour")
NMHC, VAPOUR, AIR_TO_LIQUID, TANK_PRESSURE = "a24088", "i41031", "i41020", "i41028"
"""NMHC at an outlet [mg/m3]; in the processed vapour of a petrol station [g/m3], its A/L ratio, its tanks' pressure [Pa] (city protocol, GB 20952)."""

OF_NOZZLES, NOT_OF_NOZZLES = f"r.factor =~ /^{AIR_TO_LIQUID}(-[0-9]+)?$/", "r.factor !~ /-[0-9]+$/"
"""A/L ratio of any nozzle; and what is no value of single refuellings, whose codes bear the nozzle's number."""


def voc(language: str, address: str) -> Json:
    """Return the board of VOC outlets and petrol stations."""
    none = t("none", language)
    labels = ("source", "factor")

    def chart(key: str, factor: str, unit: str, where: str) -> Json:
        here = (*WHERE, where, factors(factor))
        limit = pipe(
            rows(HOUR, 'r._field == "avg_limit"', *here), "filter(fn: (r) => r._value > 0.0)", series("source", "factor")
        )
        return timeseries(
            t("panel." + key, language), {"A": placed_values(language, "avg", *here, labels=labels), "L": limit}, unit=unit, none=none, width=12,
            name="${__field.labels.place}", overrides=[limit_line("L", t("col.limit", language))],
            links=[evidence(language, "avg")],
        )  # fmt: skip

    pressure = timeseries(
        t("panel.tank_pressure", language),
        placed_values(language, "avg", *WHERE, STATIONS, factors(TANK_PRESSURE), labels=labels),
        unit="suffix: Pa", none=none, width=12, name="${__field.labels.place}", links=[evidence(language, "avg")],
    )  # fmt: skip
    panels = [
        question(t("question.voc", language)),
        connections(language, *WHERE),
        worst_now(language, *WHERE, height=7),
        not_on_time(language, *WHERE, height=6),
        chart("nmhc", NMHC, "conmgm3", OUTLETS),
        chart("vapour", VAPOUR, "congm3", STATIONS),
        shares(language, *WHERE, width=12),
        pressure,
        _states(language),
        _ratios(language),
        newest_hours(language, *WHERE, NOT_OF_NOZZLES, judged=False),
    ]
    variables = [console(address), *cascade(language, 3)]
    return board(uid("voc", language), t("board.voc", language), language, panels, variables, links(language, "voc"))


def _states(language: str) -> Json:
    """Return one lane for each nozzle, tank, line and unit of a petrol station: its state, day by day."""
    said = ", ".join(f'{{key: "{stat}", value: "{t("stat." + stat, language)}"}}' for stat in STATES)
    state = """map(fn: (r) => ({r with _value:
    if r.ok == 0 then (if r.reason == "not refuelled" then r.reason else "not judged")
    else if r.value > 1.0 then "alarm" else if r.value > 0.0 then "warning" else "normal"}))"""
    query = script(
        places(language),
        f"said = dict.fromList(pairs: [{said}])",
        stat_figures(*WHERE, STATIONS, stats=STATES, level=DAY),
        pipe(
            "all",
            state,
            WITH_PLACE,
            "map(fn: (r) => ({r with what: dict.get(dict: said, key: r.stat, default: r.stat)}))",
            lanes("source", "place", "factor", "stat", "what"),
        ),
    )
    return timeline(
        t("panel.station_days", language), query, words("station", STATION_COLOURS, language), none=t("none.station_days", language),
        width=24, height=10, gap_ms=DAY_GAP_MS, name="${__field.labels.what} · ${__field.labels.factor} · ${__field.labels.place}",
        description=t("about.station_days", language), links=[evidence(language, "${__field.labels.stat}", DAY)],
    )  # fmt: skip


def _ratios(language: str) -> Json:
    return timeseries(
        t("panel.air_to_liquid", language),
        placed_values(language, "avg", *WHERE, STATIONS, OF_NOZZLES, labels=("source", "factor")),
        unit="none", none=t("none", language), width=24, name="${__field.labels.factor} · ${__field.labels.place}",
        links=[evidence(language, "avg")], description=t("about.air_to_liquid", language),
    )  # fmt: skip
