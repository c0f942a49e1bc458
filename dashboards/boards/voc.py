"""VOC and petrol stations: do the outlets keep their limits, and does vapour recovery work?"""

from __future__ import annotations

from dashboards.boards.latest import evidence, newest_hours, shares
from dashboards.boards.parts import connections, links, not_on_time, worst_now
from dashboards.flux import AREA, ENTERPRISE, factors, kinds, pipe, placed_values, rows, series
from dashboards.grafana import Json, board, limit_line, question, timeseries
from dashboards.tables import uid
from dashboards.texts import t
from dashboards.variables import cascade, console
from processors.influx import HOUR

WHERE = (*AREA, ENTERPRISE, kinds("voc", "vapour"))
OUTLETS, STATIONS = kinds("voc"), kinds("vapour")
NMHC, VAPOUR, AIR_TO_LIQUID, TANK_PRESSURE = "a24088", "i41031", "i41020", "i41028"
"""NMHC at an outlet [mg/m3]; in the processed vapour of a petrol station [g/m3], its A/L ratio, its tanks' pressure [Pa] (city protocol, GB 20952)."""


def voc(language: str, address: str) -> Json:
    """Return the board of VOC outlets and petrol stations."""
    none = t("none", language)
    labels = ("source", "factor")

    def chart(key: str, factor: str, unit: str, *where: str, width: int = 12) -> Json:
        here = (*WHERE, *where, factors(factor))
        limit = pipe(
            rows(HOUR, 'r._field == "avg_limit"', *here), "filter(fn: (r) => r._value > 0.0)", series("source", "factor")
        )
        return timeseries(
            t("panel." + key, language), {"A": placed_values(language, "avg", *here, labels=labels), "L": limit}, unit=unit, none=none, width=width,
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
        chart("air_to_liquid", AIR_TO_LIQUID, "none", STATIONS, width=24),
        newest_hours(language, *WHERE, judged=False),
    ]
    variables = [console(address), *cascade(language, 3)]
    return board(uid("voc", language), t("board.voc", language), language, panels, variables, links(language, "voc"))
