"""Variables of the boards: city, county, enterprise, outlet, factor, each chosen among what the one before leaves."""

from __future__ import annotations

from dashboards.flux import CITY, COUNTY, EVER, ONE_ENTERPRISE, ONE_SOURCE, SHOWN, fields, named, pipe, rows, script
from dashboards.grafana import DATASOURCE, Json
from dashboards.texts import t
from processors.influx import HOUR, SOURCE_STATE

CONSOLE = "http://127.0.0.1:8080"
"""Where the console is, unless ``python -m dashboards --console`` says otherwise."""
TEXT_AND_VALUE = r"/^(?<text>.*) \| (?<value>.*)$/"
"""How Grafana takes apart what a variable's query returns: the name that is read, the code that is meant."""


def console(address: str) -> Json:
    """Return the constant that links to the console begin with."""
    current = {"text": address, "value": address, "selected": False}
    return {"type": "constant", "name": "console", "query": address, "current": current, "hide": 2, "skipUrlSync": True}


def textbox(name: str, value: str, language: str) -> Json:
    """Return a number that the reader sets."""
    current = {"text": value, "value": value, "selected": False}
    label = t("var." + name, language)
    return {"type": "textbox", "name": name, "label": label, "query": value, "current": current, "hide": 0}


def city(language: str) -> Json:
    """Return the choice of cities."""
    return _choice("city", language, _places("city"), every=True)


def county(language: str) -> Json:
    """Return the choice of the cities' counties."""
    return _choice("county", language, _places("county", CITY), every=True)


def enterprise(language: str, *, every: bool) -> Json:
    """Return the choice of the counties' enterprises: all of them, several, or exactly one."""
    name = "enterprise_name" if language == "en" else "enterprise_name_zh"
    return _choice("enterprise", language, _named_places(name, "enterprise", CITY, COUNTY), every=every, regex=TEXT_AND_VALUE)


def outlet(language: str) -> Json:
    """Return the choice of one of the enterprise's outlets and meters."""
    place = "place" if language == "en" else "place_zh"
    query = _named_places(place, "source", CITY, COUNTY, ONE_ENTERPRISE)
    return _choice("source", language, query, every=False, regex=TEXT_AND_VALUE)


def factor(language: str) -> Json:
    """Return the choice of one of the outlet's factors, those with a limit first."""
    where = fields("avg_limit", "avg_ref_limit", "energy_limit")
    query = script(
        'import "strings"',
        named(language),
        pipe(
            rows(HOUR, where, ONE_SOURCE, span=SHOWN),
            'group(columns: ["factor"])',
            "max()",
            "group()",
            'map(fn: (r) => ({_value: (if r._value > 0.0 then "0" else "1")'
            ' + dict.get(dict: names, key: r.factor, default: r.factor) + " | " + r.factor}))',
            "sort()",
            "map(fn: (r) => ({_value: strings.substring(v: r._value, start: 1, end: strings.strlen(v: r._value))}))",
        ),
    )
    return _choice("factor", language, query, every=False, regex=TEXT_AND_VALUE, sort=0)


def cascade(language: str, depth: int, *, every: bool = True) -> list[Json]:
    """Return the first so many of city, county, enterprise; ``every`` says whether all enterprises may be chosen."""
    return [city(language), county(language), enterprise(language, every=every)][:depth]


def _places(tag: str, *where: str) -> str:
    return pipe(
        rows(SOURCE_STATE, fields("state"), f"exists r.{tag}", *where, span=EVER),
        "last()",
        "group()",
        f'distinct(column: "{tag}")',
    )


def _named_places(name: str, tag: str, *where: str) -> str:
    return pipe(
        rows(SOURCE_STATE, fields(name), *where, span=EVER),
        "last()",
        "group()",
        f'map(fn: (r) => ({{_value: r._value + " | " + r.{tag}}}))',
        "distinct()",
    )


def _choice(name: str, language: str, query: str, *, every: bool, regex: str = "", sort: int = 1) -> Json:
    made: Json = {
        "type": "query",
        "name": name,
        "label": t("var." + name, language),
        "datasource": DATASOURCE,
        "definition": query,
        "query": query,
        "regex": regex,
        "refresh": 2,
        "sort": sort,
        "multi": every,
        "includeAll": every,
        "hide": 0,
    }
    if every:
        made |= {"allValue": ".*", "current": {"text": ["All"], "value": ["$__all"], "selected": True}}
    return made
