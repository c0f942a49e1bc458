"""Alerts: what happened, what is still open, and where is it answered for?"""

from __future__ import annotations

from dashboards.boards.parts import EPISODE_COLUMNS, EVENTS_LISTED, PLACE, episodes, happened, links, open_episodes, worst_now
from dashboards.flux import AREA, ENTERPRISE, fields, pipe, rows, series
from dashboards.grafana import HOUR_GAP_MS, ORANGE, Json, barchart, board, question, timeseries
from dashboards.tables import table, uid
from dashboards.texts import t
from dashboards.variables import cascade, console
from processors.figures import EVENT_KINDS
from processors.influx import EVENT

WHERE = (*AREA, ENTERPRISE)
SHOWN_EPISODES = "filter(fn: (r) => r.until > int(v: v.timeRangeStart) / 1000000)"


def alerts(language: str, address: str) -> Json:
    """Return the board of events and episodes."""
    by_hour = pipe(
        rows(EVENT, fields("kind"), *WHERE),
        'drop(columns: ["kind"])',
        'rename(columns: {_value: "event"})',
        "group()",
        "map(fn: (r) => ({r with _value: 1}))",
        'group(columns: ["event"])',
        'aggregateWindow(every: 1h, fn: sum, createEmpty: false, timeSrc: "_start")',
        series("event"),
    )
    past = episodes(language, *WHERE, steps=(SHOWN_EPISODES,))
    chart = timeseries(
        t("panel.events_hour", language), by_hour, unit="none", none=t("none.events", language), width=16, bars=True, stacked=True,
        gap_ms=HOUR_GAP_MS, name="${__field.labels.event}", description=t("about.events_hour", language),
    )  # fmt: skip
    chart["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": k}, "properties": [{"id": "displayName", "value": t("event." + k, language)}]}
        for k in EVENT_KINDS
    ]
    panels = [
        question(t("question.alerts", language)),
        open_episodes(language, *WHERE),
        worst_now(language, *WHERE),
        chart,
        by_kind(language, width=8),
        happened(language, *WHERE, height=12),
        table(
            t("panel.episodes", language),
            past,
            EPISODE_COLUMNS,
            language,
            behind=PLACE,
            width=24,
            none="none.worst",
            order="-since",
            most=EVENTS_LISTED,
        ),
    ]
    variables = [console(address), *cascade(language, 3)]
    head = [_console(language), *links(language, "alerts")]
    return board(uid("alerts", language), t("board.alerts", language), language, panels, variables, head)


def _console(language: str) -> Json:
    """Return the link to the page that says what was sent to whom."""
    url = "${console}/alerts"
    return {"type": "link", "title": t("link.alerts", language), "url": url, "targetBlank": True, "icon": "external link"}


def event_words(language: str) -> Json:
    """Return the options of a value mapping that tells kinds of events in a language."""
    return {k: {"text": t("event." + k, language), "index": n} for n, k in enumerate(EVENT_KINDS)}


def by_kind(language: str, *where: str, width: int) -> Json:
    """Return how often each kind of event came in the shown time, unregistered devices' too."""
    query = pipe(
        rows(EVENT, fields("kind"), *where),
        'drop(columns: ["kind"])',
        "group()",
        'rename(columns: {_value: "event"})',
        'group(columns: ["event"])',
        'count(column: "source")',
        "group()",
        'rename(columns: {source: "times"})',
    )
    made = barchart(
        t("panel.by_event", language), query, "event", t("col.times", language), unit="none", colour=ORANGE,
        none=t("none.events", language), width=width, order="-times",
    )  # fmt: skip
    prop = {"id": "mappings", "value": [{"type": "value", "options": event_words(language)}]}
    made["fieldConfig"]["overrides"].append({"matcher": {"id": "byName", "options": "event"}, "properties": [prop]})
    return made
