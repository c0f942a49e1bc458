"""Province: where is something wrong now, and who has fallen silent?"""

from __future__ import annotations

from dashboards.boards.parts import (
    EXCEEDS,
    connections,
    exceeding_by,
    links,
    not_on_time,
    open_episodes,
    worst_now,
)
from dashboards.flux import AREA, fields, pipe, rows, series
from dashboards.grafana import HOUR_GAP_MS, Json, board, question, timeseries
from dashboards.tables import uid
from dashboards.texts import t
from dashboards.variables import cascade, console
from processors.influx import HOUR


def province(language: str, address: str) -> Json:
    """Return the board of all cities."""
    by_hour = pipe(
        rows(HOUR, fields("avg_verdict", "avg_ref_verdict"), *AREA),
        EXCEEDS,
        'group(columns: ["city", "_time"])',
        "count()",
        series("city"),
    )
    panels = [
        question(t("question.province", language)),
        connections(language, width=16),
        open_episodes(language, width=8),
        worst_now(language),
        not_on_time(language),
        exceeding_by("city", language),
        exceeding_by("sector", language),
        exceeding_by("kind", language),
        timeseries(
            t("panel.exceeding_hours", language), by_hour, unit="none", none=t("none.exceeding", language), width=24,
            bars=True, stacked=True, gap_ms=HOUR_GAP_MS, name="${__field.labels.city}",
        ),
    ]  # fmt: skip
    variables = [console(address), *cascade(language, 2)]
    return board(
        uid("province", language), t("board.province", language), language, panels, variables, links(language, "province")
    )
