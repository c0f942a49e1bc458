"""Water: do the outfalls keep their limits, hour by hour and as day means?"""

from __future__ import annotations

from dashboards.boards.latest import evidence, newest_hours
from dashboards.boards.parts import connections, links, not_on_time, worst_now
from dashboards.flux import AREA, ENTERPRISE, factors, kinds, pipe, placed_values, rows, series
from dashboards.grafana import DAY_GAP_MS, Json, board, limit_line, question, timeseries
from dashboards.tables import uid
from dashboards.texts import t
from dashboards.variables import cascade, console
from processors.influx import DAY, HOUR

WHERE = (*AREA, ENTERPRISE, kinds("water"))
SHOWN = (
    ("cod", "w01018", "suffix: mg/L"),
    ("ammonia", "w21003", "suffix: mg/L"),
    ("ph", "w01001", "none"),
    ("water_flow", "w00000", "suffix: m³/h"),
    ("water_temperature", "w01010", "celsius"),
)
"""Charts: key of the title, factor, unit."""


def water(language: str, address: str) -> Json:
    """Return the board of wastewater outfalls."""
    none = t("none", language)
    charts = []
    for key, code, unit in SHOWN:
        here = (*WHERE, factors(code))
        queries = {"A": placed_values(language, "avg", *here, labels=("source", "factor"))}
        if key in ("cod", "ammonia"):
            queries["L"] = pipe(
                rows(HOUR, 'r._field == "avg_limit"', *here), "filter(fn: (r) => r._value > 0.0)", series("source", "factor")
            )
        charts.append(
            timeseries(
                t("panel." + key, language), queries, unit=unit, none=none, width=12, name="${__field.labels.place}",
                overrides=[limit_line(ref, t("col.limit", language)) for ref in queries if ref == "L"], links=[evidence(language, "avg")],
            )
        )  # fmt: skip
    judged = (*WHERE, factors("w01018", "w21003"))
    days = {
        "A": placed_values(language, "avg", *judged, labels=("source", "factor"), level=DAY),
        "L": pipe(
            rows(DAY, 'r._field == "avg_limit"', *judged), "filter(fn: (r) => r._value > 0.0)", series("source", "factor")
        ),
    }
    panels = [
        question(t("question.water", language)),
        connections(language, *WHERE),
        worst_now(language, *WHERE, height=6),
        *charts,
        timeseries(
            t("panel.water_days", language), days, unit="suffix: mg/L", none=none, width=12, bars=True, gap_ms=DAY_GAP_MS,
            name="${__field.labels.factor} · ${__field.labels.place}", overrides=[limit_line("L", t("col.limit", language) + " · ${__field.labels.factor}")],
            description=t("about.water_days", language), links=[evidence(language, "avg", "day")],
        ),
        newest_hours(language, *WHERE, judged=False),
        not_on_time(language, *WHERE, height=6),
    ]  # fmt: skip
    variables = [console(address), *cascade(language, 3)]
    return board(uid("water", language), t("board.water", language), language, panels, variables, links(language, "water"))
