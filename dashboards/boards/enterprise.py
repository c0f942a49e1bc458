"""Enterprise: how do its outlets stand against their limits, and what did it emit and use?"""

from __future__ import annotations

from dashboards.boards.latest import newest_hours, shares
from dashboards.boards.parts import connections, links, sources, worst_now
from dashboards.flux import ONE_ENTERPRISE, WITH_NAME, figures, named, pipe, series, values
from dashboards.grafana import DAY_GAP_MS, Json, board, question, timeseries
from dashboards.tables import uid
from dashboards.texts import t
from dashboards.variables import cascade, console
from processors.influx import DAY

ACCOUNT = 'r.kind == "account"'


def enterprise(language: str, address: str) -> Json:
    """Return the board of one enterprise."""
    none = t("none", language)
    mass = "\n".join(
        (
            named(language),
            pipe(
                figures("mass", ONE_ENTERPRISE, ACCOUNT, level=DAY),
                "group()",
                WITH_NAME,
                'rename(columns: {value: "_value"})',
                series("factor_name"),
            ),
        )
    )
    energy = values("kgce", ONE_ENTERPRISE, ACCOUNT, labels=("enterprise",), level=DAY)
    carbon = values("tco2", ONE_ENTERPRISE, ACCOUNT, labels=("enterprise",), level=DAY)
    day = {"bars": True, "gap_ms": DAY_GAP_MS, "none": none, "width": 8, "description": t("about.accounts", language)}
    panels = [
        question(t("question.enterprise", language)),
        connections(language, ONE_ENTERPRISE),
        worst_now(language, ONE_ENTERPRISE, height=6),
        sources(language, ONE_ENTERPRISE, height=7),
        shares(language, ONE_ENTERPRISE),
        newest_hours(language, ONE_ENTERPRISE),
        timeseries(
            t("panel.mass_day", language), mass, unit="masskg", name="${__field.labels.factor_name}", **day | {"description": t("about.mass", language)}
        ),
        timeseries(t("panel.kgce_day", language), energy, unit="masskg", name=t("col.kgce", language), **day),
        timeseries(t("panel.tco2_day", language), carbon, unit="masst", name="CO₂", **day),
    ]
    variables = [console(address), *cascade(language, 3, every=False)]
    return board(uid("enterprise", language), t("board.enterprise", language), language, panels, variables, links(language, "enterprise"))
