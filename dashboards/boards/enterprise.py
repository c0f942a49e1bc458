"""Enterprise: how do its outlets stand against their limits, and what did it emit and use?"""

from __future__ import annotations

from dashboards.boards.latest import newest_hours, shares
from dashboards.boards.parts import connections, links, sources, worst_now
from dashboards.flux import ONE_ENTERPRISE, WITH_NAME, figures, named, pipe, script, series, values
from dashboards.grafana import DAY_GAP_MS, Json, board, question, timeseries
from dashboards.tables import uid
from dashboards.texts import t
from dashboards.variables import cascade, console
from processors.influx import DAY

ACCOUNT = 'r.kind == "account"'


def enterprise(language: str, address: str) -> Json:
    """Return the board of one enterprise."""
    mass = script(
        named(language),
        pipe(
            figures("mass", ONE_ENTERPRISE, ACCOUNT, level=DAY),
            "group()",
            WITH_NAME,
            'rename(columns: {value: "_value"})',
            series("factor_name"),
        ),
    )
    energy = values("kgce", ONE_ENTERPRISE, ACCOUNT, labels=("enterprise",), level=DAY)
    carbon = values("tco2", ONE_ENTERPRISE, ACCOUNT, labels=("enterprise",), level=DAY)

    def by_day(key: str, query: str, unit: str, name: str, about: str = "about.accounts") -> Json:
        return timeseries(
            t(key, language), query, unit=unit, name=name, none=t("none", language), width=8, bars=True, gap_ms=DAY_GAP_MS,
            description=t(about, language),
        )  # fmt: skip

    panels = [
        question(t("question.enterprise", language)),
        connections(language, ONE_ENTERPRISE),
        worst_now(language, ONE_ENTERPRISE, height=6),
        sources(language, ONE_ENTERPRISE, height=7),
        shares(language, ONE_ENTERPRISE),
        newest_hours(language, ONE_ENTERPRISE),
        by_day("panel.mass_day", mass, "suffix: kg", "${__field.labels.factor_name}", "about.mass"),
        by_day("panel.kgce_day", energy, "suffix: kgce", t("col.kgce", language)),
        by_day("panel.tco2_day", carbon, "masst", "CO₂"),
    ]
    variables = [console(address), *cascade(language, 3, every=False)]
    return board(
        uid("enterprise", language), t("board.enterprise", language), language, panels, variables, links(language, "enterprise")
    )
