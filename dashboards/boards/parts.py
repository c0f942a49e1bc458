"""Queries and panels that several boards have."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.flux import AREA, FIELDS_AS_COLUMNS, WITH_NAME, fields, keep, latest, named, pipe, place_of, rows, script
from dashboards.grafana import GREY, RED, Json, barchart, stat
from dashboards.tables import STATE_COLOURS, down, table, uid
from dashboards.texts import t
from processors.influx import EPISODE, EVENT, HOUR

BOARDS = ("province", "enterprise", "outlet", "energy", "voc", "water", "quality", "alerts", "pipeline")
LOOK_BACK = "start: date.sub(d: 92d, from: v.timeRangeStop), stop: v.timeRangeStop"
"""How far back an episode may have begun that is looked for."""
PLACE = ("source", "city", "county", "enterprise")
"""Columns by which a row leads to the boards below."""
EXCEEDS = 'filter(fn: (r) => r._value == "exceeds")'
LISTED, EVENTS_LISTED = 25, 200
"""Rows of a list of the worst, and of what happened."""


def company_of(language: str) -> str:
    """Return the field that holds an enterprise's name in a language."""
    return "enterprise_name" if language == "en" else "enterprise_name_zh"


def links(language: str, here: str) -> list[Json]:
    """Return the links at a board's head: to the other boards, with time and variables, and to the console."""
    made: list[Json] = [
        {
            "type": "link",
            "title": t("board." + name, language),
            "url": f"/d/{uid(name, language)}",
            "keepTime": True,
            "includeVars": True,
            "icon": "dashboard",
        }
        for name in BOARDS
        if name != here
    ]
    made.append(
        {
            "type": "link",
            "title": t("link.console", language),
            "url": "${console}/",
            "targetBlank": True,
            "icon": "external link",
        }
    )
    return made


def connections(language: str, *where: str, width: int = 24) -> Json:
    """Return how many sources are in each state; the zero of an abnormal one stays quiet."""
    names = {state: state.replace(" ", "_") for state in STATE_COLOURS if state != "unregistered"}
    identity = ", ".join(f"{n}: 0" for n in names.values())
    each = ", ".join(f'{n}: accumulator.{n} + (if r.state == "{s}" then 1 else 0)' for s, n in names.items())
    query = pipe(
        latest("state", where=where or AREA),
        f"reduce(identity: {{{identity}}}, fn: (r, accumulator) => ({{{each}}}))",
    )
    tiles = []
    for state, name in names.items():
        colour = STATE_COLOURS[state]
        tiles.append((name, t(f"state.{state}", language), "none", None if colour == GREY else colour))
    return stat(
        t("panel.connections", language), query, tiles, none=t("none", language), width=width,
        description=t("about.connections", language),
    )  # fmt: skip


def not_on_time(language: str, *where: str, width: int = 24, height: int = 8) -> Json:
    """Return the sources that are not on time, the longest first."""
    place = place_of(language)
    query = pipe(
        latest("state", "since_ms", "last_ms", place, where=where or AREA),
        'filter(fn: (r) => r.state != "on time")',
        f"map(fn: (r) => ({{r with place: r.{place}, since: r.since_ms, last: r.last_ms}}))",
        keep("state", "place", "since", "last", "kind", *PLACE),
    )
    return table(
        t("panel.silence", language), query, ("state", "place", "since", "last", "kind"), language,
        behind=PLACE, width=width, height=height, none="none.silence", order="since",
    )  # fmt: skip


def sources(language: str, *where: str, width: int = 24, height: int = 8) -> Json:
    """Return the sources with their state, newest reading and clock skew."""
    place = place_of(language)
    query = pipe(
        latest("state", "last_ms", "received_ms", "skew_ms", place, where=where or AREA),
        f"map(fn: (r) => ({{r with place: r.{place}, last: r.last_ms, received: r.received_ms, skew: r.skew_ms}}))",
        keep("state", "place", "last", "received", "skew", "kind", *PLACE),
    )
    columns = ("state", "place", "last", "received", "skew", "kind")
    return table(t("panel.sources", language), query, columns, language, behind=PLACE, width=width, height=height, order="last")


def episodes(language: str, *where: str, only: str = "", steps: Iterable[str] = ()) -> str:
    """Return episodes that began in the last quarter of a year; ``only`` is a state."""
    place = place_of(language)
    known = ("state", "stat", "hours", "end_ms", "limit", "worst", "over", place)
    chosen = [f'filter(fn: (r) => r.state == "{only}")'] if only else []
    return script(
        'import "date"',
        named(language),
        pipe(
            rows(EPISODE, fields(*known), *(where or AREA), span=LOOK_BACK),
            FIELDS_AS_COLUMNS,
            *chosen,
            "group()",
            WITH_NAME,
            f"map(fn: (r) => ({{r with place: r.{place}, episode: r.state, since: int(v: r._time) / 1000000, until: r.end_ms,"
            ' figure: r.source + "/" + r.factor + "/" + r.stat + "/hour/" + string(v: time(v: (r.end_ms - 3600000) * 1000000))}))',
            keep(
                "episode",
                "place",
                "factor_name",
                "stat",
                "worst",
                "limit",
                "over",
                "hours",
                "since",
                "until",
                "figure",
                *PLACE,
            ),
            *steps,
        ),
    )


EPISODE_COLUMNS = ("episode", "place", "factor_name", "stat", "worst", "limit", "over", "hours", "since", "until", "figure")


def worst_now(language: str, *where: str, width: int = 24, height: int = 9) -> Json:
    """Return the open episodes, the worst first."""
    query = episodes(language, *where, only="open")
    return table(
        t("panel.worst", language), query, EPISODE_COLUMNS, language, behind=PLACE, width=width, height=height,
        none="none.worst", description=t("about.worst", language), order="-over", most=LISTED,
    )  # fmt: skip


def open_episodes(language: str, *where: str, width: int = 24) -> Json:
    """Return how many limits are exceeded now, and at how many outlets."""
    counted = pipe(
        rows(EPISODE, fields("state"), *(where or AREA), span=LOOK_BACK),
        "group()",
        "reduce(identity: {open: 0, begun: 0}, fn: (r, accumulator) => ({"
        'open: accumulator.open + (if r._value == "open" then 1 else 0), '
        "begun: accumulator.begun + (if r._time >= v.timeRangeStart then 1 else 0)}))",
        keep("open", "begun"),
    )
    query = 'import "date"\n' + counted
    tiles = (("open", t("tile.open", language), "none", RED), ("begun", t("tile.begun", language), "none", None))
    return stat(t("panel.open", language), query, tiles, none=t("none.worst", language), width=width)


def exceeding_by(column: str, language: str, *where: str, width: int = 8) -> Json:
    """Return the hours above their limit in the shown time, by a tag."""
    query = pipe(
        rows(HOUR, fields("avg_verdict", "avg_ref_verdict"), *(where or AREA)),
        EXCEEDS,
        f'group(columns: ["{column}"])',
        "count()",
        'rename(columns: {_value: "hours"})',
        keep(column, "hours"),
    )
    made = barchart(
        t("panel.by_" + column, language), query, column, t("col.hours", language), unit="none", colour=RED,
        none=t("none.exceeding", language), width=width, order="-hours",
    )  # fmt: skip
    if column == "city":
        made["fieldConfig"]["defaults"]["links"] = [down("province", language, {"city": "city"})]
        made["fieldConfig"]["overrides"].append({"matcher": {"id": "byName", "options": "city"}, "properties": []})
    options = {k: {"text": t(f"{column}.{k}", language), "index": n} for n, k in enumerate(_WORDS.get(column, ()))}
    if options:
        prop = {"id": "mappings", "value": [{"type": "value", "options": options}]}
        made["fieldConfig"]["overrides"].append({"matcher": {"id": "byName", "options": column}, "properties": [prop]})
    return made


_WORDS = {
    "kind": ("flue_gas", "voc", "vapour", "water"),
    "sector": ("thermal_power", "ceramics", "textile", "voc_general", "municipal_wwtp", "gas_station"),
}
"""Words that are told in the reader's language; others are shown as the registry writes them."""


def events(language: str, *where: str) -> str:
    """Return what happened in the shown time."""
    place = place_of(language)
    return script(
        named(language),
        pipe(
            rows(EVENT, fields("kind", "live", place), *where),
            'drop(columns: ["kind"])',
            FIELDS_AS_COLUMNS,
            "group()",
            'map(fn: (r) => ({r with factor: if exists r.factor then r.factor else ""}))',
            WITH_NAME,
            f"map(fn: (r) => ({{r with place: r.{place}, event: r.kind, time: r._time}}))",
            keep("time", "event", "place", "factor_name", "live", *PLACE),
        ),
    )


def happened(language: str, *where: str, width: int = 24, height: int = 9) -> Json:
    """Return the table of what happened."""
    columns = ("time", "event", "place", "factor_name", "live")
    return table(
        t("panel.events", language), events(language, *where), columns, language, behind=PLACE, width=width, height=height,
        none="none.events", order="-time", most=EVENTS_LISTED,
    )  # fmt: skip
