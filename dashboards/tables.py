"""Tables: what each column is called, its unit, its words and where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dashboards.grafana import BLUE, GREY, ORANGE, PURPLE, RED, YELLOW, Json, by_name, config, panel, sorted_by
from dashboards.texts import t
from processors.figures import EVENT_KINDS
from processors.influx import STATS

STATE_COLOURS = {
    "on time": GREY,
    "late": YELLOW,
    "silent": ORANGE,
    "stopped": GREY,
    "blind": ORANGE,
    "never seen": BLUE,
    "unregistered": BLUE,
}
VERDICT_COLOURS = {"complies": GREY, "exceeds": RED, "not judged": BLUE, "exempt": GREY}
STANDING_COLOURS = {"provisional": GREY, "final": GREY, "revised": PURPLE}
STATION_COLOURS = {"normal": GREY, "warning": YELLOW, "alarm": RED, "not refuelled": "#b9bfc5", "not judged": BLUE}
EPISODE_COLOURS = {"open": RED, "closed": GREY, "withdrawn": BLUE}
_WORDS = {
    "state": ("state", STATE_COLOURS),
    "verdict": ("verdict", VERDICT_COLOURS),
    "standing": ("standing", STANDING_COLOURS),
    "episode": ("episode", EPISODE_COLOURS),
}
"""Columns whose values are words of the store: prefix of their texts, and colours."""
_MAPPED = {
    "kind": ("kind", ("flue_gas", "voc", "vapour", "water", "energy", "account")),
    "event": ("event", tuple(EVENT_KINDS)),
    "stat": ("stat", STATS),
}
"""Columns whose values are words of the store without a colour."""
_UNITS = {
    "since": "dateTimeFromNow",
    "last": "dateTimeFromNow",
    "received": "dateTimeFromNow",
    "until": "dateTimeAsIso",
    "time": "dateTimeAsIso",
    "skew": "ms",
    "captured": "percentunit",
    "transmitted": "percentunit",
    "valid": "percentunit",
    "effective": "percentunit",
}
"""Units of columns that are no plain numbers; tce has no unit of its own in Grafana."""
_SUFFIXES = {"tce": "tce", "tce_year": "tce/a", "tce_day": "tce/d", "budget_left": "tce"}
_DECIMALS = {"over": 2, "tce": 1, "tce_year": 0, "tce_day": 1, "captured": 1, "transmitted": 1, "effective": 1, "valid": 1}


def uid(name: str, language: str) -> str:
    """Return the fixed identity of a board in a language."""
    return f"plumeline-{name}" + ("" if language == "en" else f"-{language}")


def down(name: str, language: str, variables: Mapping[str, str]) -> Json:
    """Return the link to a board below, with the shown time; ``variables`` maps a variable to the column of its value."""
    chosen = "&".join(f"var-{v}=${{__data.fields.{c}:percentencode}}" for v, c in variables.items())
    url = f"/d/{uid(name, language)}?{chosen}&${{__url_time_range}}"
    return {"title": t("board." + name, language), "url": url, "targetBlank": False}


def console(page: str, language: str, key: str) -> Json:
    """Return the link to a page of the console."""
    return {"title": t(key, language), "url": "${console}/" + page, "targetBlank": True}


TO_OUTLET = {"city": "city", "county": "county", "enterprise": "enterprise", "source": "source"}
TO_ENTERPRISE = {"city": "city", "county": "county", "enterprise": "enterprise"}


def _links(column: str, language: str) -> list[Json]:
    if column == "place":
        return [
            down("outlet", language, TO_OUTLET),
            down("enterprise", language, TO_ENTERPRISE),
            console("source/${__data.fields.source:percentencode}", language, "link.source"),
            console("why/${__data.fields.source:percentencode}", language, "link.why"),
        ]
    if column == "company":
        return [down("enterprise", language, TO_ENTERPRISE)]
    if column == "city":
        return [down("province", language, {"city": "city"})]
    if column == "figure":
        return [console("evidence?figure=${__data.fields.figure:percentencode}", language, "link.evidence")]
    return []


def words(prefix: str, colours: Mapping[str, str], language: str) -> list[Json]:
    """Return the value mapping that shows words of the store in a language, with their colours."""
    options = {
        word: {"text": t(f"{prefix}.{word}", language), "color": colour, "index": n}
        for n, (word, colour) in enumerate(colours.items())
    }
    return [{"type": "value", "options": options}]


def table(
    title: str,
    queries: Mapping[str, str] | str,
    columns: Iterable[str],
    language: str,
    *,
    width: int,
    height: int = 9,
    behind: Iterable[str] = (),
    joined: str = "",
    description: str = "",
    none: str = "none",
    order: str = "",
    most: int = 0,
) -> Json:
    """Return a table; columns ``behind`` are not seen but lead somewhere, ``joined`` names the column that joins queries.

    ``order`` is the column to sort by ("-" before it: greatest first),
    ``most`` the number of rows shown.
    """
    shown = list(columns)
    hidden = [c for c in behind if c not in shown]
    overrides = [_column(c, language) for c in shown]
    overrides += [by_name(c, custom__hidden=True) for c in hidden]
    steps: list[Json] = []
    if joined:
        steps.append({"id": "joinByField", "options": {"byField": joined, "mode": "outer"}})
    if order:
        steps.append(sorted_by(order))
    if most:
        steps.append({"id": "limit", "options": {"limitField": most}})
    places = {name: n for n, name in enumerate((*shown, *hidden))}
    steps.append({"id": "organize", "options": {"indexByName": places, "excludeByName": {}, "renameByName": {}}})
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}
    settings = config("none", t(none, language), overrides, custom)
    options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "countRows": False}}
    more: Json = {"fieldConfig": settings, "options": options, "transformations": steps, "description": description}
    return panel("table", title, queries, width, height, **more)


def _column(name: str, language: str) -> Json:
    properties: Json = {"displayName": t("col." + name, language)}
    if name in _WORDS:
        prefix, colours = _WORDS[name]
        properties |= {"mappings": words(prefix, colours, language), "custom__cellOptions": {"type": "color-text"}}
    if name in _MAPPED:
        prefix, known = _MAPPED[name]
        options = {k: {"text": t(f"{prefix}.{k}", language), "index": n} for n, k in enumerate(known)}
        properties["mappings"] = [{"type": "value", "options": options}]
    if name in ("value", "limit", "over"):
        properties["noValue"] = "—"
    if name in _UNITS:
        properties["unit"] = _UNITS[name]
    if name in _SUFFIXES:
        properties["unit"] = "suffix: " + _SUFFIXES[name]
    if name in _DECIMALS:
        properties["decimals"] = _DECIMALS[name]
    if links := _links(name, language):
        properties["links"] = links
    return by_name(name, **properties)
