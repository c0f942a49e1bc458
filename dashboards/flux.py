"""Flux queries in pieces, written with the store's names; a withheld value is left out, never drawn as 0.

Rows that hold words are sorted by Grafana, not here: ``sort`` of Flux 0.196 (InfluxDB 2.7) can put the words of one row into another
where a table was made of several; numbers keep their rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.texts import FACTORS, t
from processors.influx import BUCKET, HOUR, RAW, RAW_BUCKET, SOURCE_STATE

SHOWN = "start: v.timeRangeStart, stop: v.timeRangeStop"
"""The time that the board shows."""
EVER = "start: 0, stop: v.timeRangeStop"
"""All that was known at the end of the shown time; only for the last value of a series, which InfluxDB reads backwards."""
LOCAL = 'import "timezone"\nimport "date"\noption location = timezone.fixed(offset: 8h)'
"""Days and years are cut in local time."""

CITY = "r.city =~ /^${city:regex}$/"
COUNTY = "r.county =~ /^${county:regex}$/"
ENTERPRISE = "r.enterprise =~ /^${enterprise:regex}$/"
ONE_ENTERPRISE = "r.enterprise == ${enterprise:doublequote}"
ONE_SOURCE = "r.source == ${source:doublequote}"
FACTOR = "r.factor == ${factor:doublequote}"
AREA = (CITY, COUNTY)
"""A board's places; a source without city is found while all cities are chosen."""
DEVICE = 'r.kind != "account"'
FIELDS_AS_COLUMNS = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'


def rows(measurement: str, *where: str, span: str = SHOWN) -> str:
    """Return the points of a measurement that meet all conditions."""
    bucket = RAW_BUCKET if measurement in RAW else BUCKET
    conditions = " and ".join((f'r._measurement == "{measurement}"', *where))
    return f'from(bucket: "{bucket}")\n  |> range({span})\n  |> filter(fn: (r) => {conditions})'


def fields(*names: str) -> str:
    """Return the condition that a point's field is one of these."""
    return "(" + " or ".join(f'r._field == "{name}"' for name in names) + ")"


def kinds(*names: str) -> str:
    """Return the condition that a source is of one of these kinds."""
    return "(" + " or ".join(f'r.kind == "{name}"' for name in names) + ")"


def factors(*names: str) -> str:
    """Return the condition that a figure's factor is one of these."""
    return "(" + " or ".join(f'r.factor == "{name}"' for name in names) + ")"


def script(*statements: str) -> str:
    """Join a query's statements; imports stand first, each once."""
    lines = "\n".join(statements).splitlines()
    imports = dict.fromkeys(line for line in lines if line.startswith("import "))
    return "\n".join((*imports, *(line for line in lines if line not in imports)))


def pipe(*steps: str) -> str:
    """Join a query's steps."""
    return "\n  |> ".join(steps)


def keep(*columns: str) -> str:
    """Return the step that keeps columns and makes one table of all."""
    names = ", ".join(f'"{c}"' for c in columns)
    return f"group()\n  |> keep(columns: [{names}])"


def series(*labels: str) -> str:
    """Return the steps that make one series of each combination of labels, in the order of time."""
    return f'{lanes(*labels)}\n  |> sort(columns: ["_time"])'


def lanes(*labels: str) -> str:
    """Return the steps that make one series of words of each combination of labels, left in the store's order of time."""
    names = ", ".join(f'"{c}"' for c in labels)
    columns = ", ".join(f'"{c}"' for c in ("_time", "_value", *labels))
    return f"group(columns: [{names}])\n  |> keep(columns: [{columns}])"


def latest(*names: str, where: Iterable[str] = AREA) -> str:
    """Return the newest state of each source as one row: its tags and the named fields."""
    return pipe(
        rows(SOURCE_STATE, fields(*names), *where, span=EVER),
        "last()",
        'drop(columns: ["_start", "_stop", "_time", "_measurement"])',
        'pivot(rowKey: ["source"], columnKey: ["_field"], valueColumn: "_value")',
        "group()",
    )


def figures(stat: str, *where: str, level: str = HOUR, parts: Iterable[str] = (), span: str = SHOWN) -> str:
    """Return the figures of one stat that have a value, one row each, with columns ``value``, ``limit`` and the named parts."""
    suffixes = ("_ok", "_limit", *parts)
    return pipe(
        rows(level, fields(stat, *(stat + s for s in suffixes)), *where, span=span),
        FIELDS_AS_COLUMNS,
        f"filter(fn: (r) => r.{stat}_ok == 1)",
        f'rename(columns: {{{stat}: "value", {stat}_limit: "limit"}})',
    )


def values(stat: str, *where: str, labels: Iterable[str], level: str = HOUR) -> str:
    """Return the values of a stat as time series, one of each combination of labels; what is withheld is a gap."""
    return pipe(figures(stat, *where, level=level), 'rename(columns: {value: "_value"})', series(*labels))


def places(language: str) -> str:
    """Return the start of a query that knows sources by name: ``placeNames`` maps code to name.

    A dictionary, because Flux's joins fail where a side is empty; the blank pair keeps it from being empty itself.
    """
    known = pipe(
        rows(SOURCE_STATE, fields(place_of(language)), span=EVER),
        "last()",
        "group()",
        'map(fn: (r) => ({_value: r.source + "/" + r._value}))',
    )
    return f"""import "array"
import "dict"
import "strings"
places = {known}
placeNames = dict.fromList(pairs: union(tables: [array.from(rows: [{{_value: "/"}}]), places])
  |> group()
  |> findColumn(fn: (key) => true, column: "_value")
  |> array.map(fn: (x) => {{
    code = strings.split(v: x, t: "/")[0]
    return {{key: code, value: strings.substring(v: x, start: strings.strlen(v: code) + 1, end: strings.strlen(v: x))}}
  }}))"""


WITH_PLACE = "map(fn: (r) => ({r with place: dict.get(dict: placeNames, key: r.source, default: r.source)}))"
"""The step that adds a source's name, in a query that starts with ``places``."""


def placed_values(language: str, stat: str, *where: str, labels: Iterable[str], level: str = HOUR) -> str:
    """Return the values of a stat as time series of sources by name."""
    steps = ("group()", WITH_PLACE, 'rename(columns: {value: "_value"})', series("place", *labels))
    return script(places(language), pipe(figures(stat, *where, level=level), *steps))


def place_of(language: str) -> str:
    """Return the field that holds a source's name in a language."""
    return "place" if language == "en" else "place_zh"


def named(language: str) -> str:
    """Return the start of a query that knows factors by name: ``names`` maps code to name."""
    pairs = ", ".join(f'{{key: "{code}", value: "{t("factor." + code, language)}"}}' for code in FACTORS)
    return f'import "dict"\nnames = dict.fromList(pairs: [{pairs}])'


WITH_NAME = "map(fn: (r) => ({r with factor_name: dict.get(dict: names, key: r.factor, default: r.factor)}))"
"""The step that adds a factor's name, in a query that starts with ``named``."""
WITH_FIGURE = (
    'map(fn: (r) => ({r with figure: r.source + "/" + r.factor + "/" + r.stat + "/" + r.level + "/" + string(v: r._time)}))'
)
"""The step that adds a figure's identity, as the console's evidence page takes it."""


def stat_figures(*where: str, stats: Iterable[str] = ("avg_ref", "avg"), level: str = HOUR, steps: Iterable[str] = ()) -> str:
    """Return statements that name ``all``: rows of several stats of a level, withheld ones too, in columns without the stat.

    Columns: ``value``, ``ok``, ``n``, ``limit``, ``over``, ``verdict``, ``state``, ``reason``, ``revision``, ``unit``,
    ``stat``, ``level`` and the tags. ``steps`` are taken for each source, factor and stat, whose rows are in the order of time.
    """
    suffixes = ("_ok", "_n", "_limit", "_over", "_verdict", "_state", "_reason", "_revision", "_unit")
    named_stats, each = list(stats), list(steps)
    made = []
    for stat in named_stats:
        renamed = ", ".join(f'{stat}{s}: "{s[1:]}"' for s in suffixes)
        made.append(
            f"{stat}_rows = "
            + pipe(
                rows(level, fields(stat, *(stat + s for s in suffixes)), *where),
                FIELDS_AS_COLUMNS,
                *each,
                f'rename(columns: {{{stat}: "value", {renamed}}})',
                f'map(fn: (r) => ({{r with stat: "{stat}", level: "{level}"}}))',
                "group()",
            )
        )
    tables = ", ".join(f"{stat}_rows" for stat in named_stats)
    return "\n".join((*made, f"all = union(tables: [{tables}])"))
