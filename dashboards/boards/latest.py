"""The newest figures of outlets against their limits, as a table and as shares of the limit over time."""

from __future__ import annotations

from dashboards.boards.parts import PLACE
from dashboards.flux import WITH_FIGURE, WITH_NAME, WITH_PLACE, keep, named, pipe, places, script, series, stat_figures
from dashboards.grafana import HOUR_GAP_MS, RED, Json, timeseries
from dashboards.tables import table
from dashboards.texts import t

COLUMNS = (
    "time",
    "place",
    "factor_name",
    "stat",
    "value",
    "unit",
    "limit",
    "over",
    "verdict",
    "n",
    "standing",
    "reason",
    "figure",
)
WITHHELD_AWAY = """map(fn: (r) => ({r with
    value: if r.ok == 1 then r.value else debug.null(type: "float"),
    over: if r.ok == 1 and r.limit > 0.0 then r.over else debug.null(type: "float"),
    limit: if r.limit > 0.0 then r.limit else debug.null(type: "float"),
  }))"""
"""The step that empties what is withheld or has no limit; the query imports "internal/debug"."""


def newest_hours(language: str, *where: str, judged: bool = True, width: int = 24, height: int = 10) -> Json:
    """Return the newest hour of each outlet, factor and stat, the worst first; ``judged`` leaves out what has no limit."""
    query = script(
        named(language),
        'import "internal/debug"',
        places(language),
        stat_figures(*where, steps=("tail(n: 1)",)),
        pipe(
            "all",
            *(["filter(fn: (r) => r.limit > 0.0)"] if judged else []),
            WITH_NAME,
            WITH_FIGURE,
            WITHHELD_AWAY,
            WITH_PLACE,
            "map(fn: (r) => ({r with time: r._time, standing: r.state}))",
            keep(*COLUMNS, *PLACE),
        ),
    )
    return table(
        t("panel.newest", language), query, COLUMNS, language, behind=PLACE, width=width, height=height,
        description=t("about.newest", language), order="-over",
    )  # fmt: skip


def shares(language: str, *where: str, width: int = 24, height: int = 9) -> Json:
    """Return hourly figures as shares of their limits, so that all factors share one line: the limit at 100 %."""
    query = script(
        named(language),
        places(language),
        stat_figures(*where),
        pipe(
            "all",
            "filter(fn: (r) => r.ok == 1 and r.limit > 0.0)",
            WITH_NAME,
            WITH_PLACE,
            "map(fn: (r) => ({r with _value: r.value / r.limit}))",
            series("source", "place", "factor", "factor_name", "stat"),
        ),
    )
    made = timeseries(
        t("panel.shares", language), query, unit="percentunit", none=t("none", language), width=width, height=height,
        gap_ms=HOUR_GAP_MS, name="${__field.labels.factor_name} · ${__field.labels.place}",
        links=[evidence(language, "${__field.labels.stat}")], description=t("about.shares", language),
    )  # fmt: skip
    made["fieldConfig"]["defaults"]["thresholds"] = {
        "mode": "absolute",
        "steps": [{"color": "transparent", "value": None}, {"color": RED, "value": 1}],
    }
    made["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] = {"mode": "dashed"}
    return made


def evidence(language: str, stat: str, level: str = "hour") -> Json:
    """Return the link from a value in a chart to its evidence; the series has labels ``source`` and ``factor``."""
    figure = f"${{__field.labels.source}}/${{__field.labels.factor}}/{stat}/{level}/${{__value.time:date:iso}}"
    return {"title": t("link.evidence", language), "url": "${console}/evidence?figure=" + figure, "targetBlank": True}
