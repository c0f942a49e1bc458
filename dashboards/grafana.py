"""Panels and boards as Grafana reads them: plain functions that return dicts, laid out from left to right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]

DATASOURCE: Json = {"type": "influxdb", "uid": "plumeline"}
WIDTH = 24
"""Columns of a board."""
GREY, RED, ORANGE, YELLOW, BLUE, PURPLE = "#7d858e", "#c4261d", "#e07b00", "#f0c419", "#1a5fb4", "#7a3fb8"
"""One meaning a colour: normal, above limit now, middle level, attention, a person's decision, revised."""
SERIES = {"mode": "palette-classic-by-name"}
HOUR_GAP_MS, MINUTE_GAP_MS, DAY_GAP_MS = 5_400_000, 330_000, 129_600_000
"""Distances between two values from which on no line is drawn between them; minutes may come each five."""


def panel(kind: str, title: str, queries: Mapping[str, str] | str, width: int, height: int, **more: Any) -> Json:
    """Return a panel without its place; ``queries`` maps refId to query."""
    wanted = {"A": queries} if isinstance(queries, str) else queries
    targets = [{"datasource": DATASOURCE, "query": query, "refId": ref} for ref, query in wanted.items()]
    made: Json = {"type": kind, "title": title, "datasource": DATASOURCE, "targets": targets, **more}
    return made | {"gridPos": {"w": width, "h": height}}


def config(unit: str, none: str, overrides: Iterable[Json] = (), custom: Json | None = None, **more: Any) -> Json:
    """Return a panel's fieldConfig; ``none`` is what it says where there is nothing."""
    defaults = {"unit": unit, "noValue": none, "color": {"mode": "fixed", "fixedColor": GREY}, **more}
    return {"defaults": defaults | ({"custom": custom} if custom else {}), "overrides": list(overrides)}


def override(matcher: str, options: str, **properties: Any) -> Json:
    """Return an override; a property's ``__`` stands for the dot in its id."""
    listed = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": options}, "properties": listed}


def by_name(name: str, **properties: Any) -> Json:
    """Return the override of a field by its name."""
    return override("byName", name, **properties)


def by_query(ref: str, **properties: Any) -> Json:
    """Return the override of all that a query returns."""
    return override("byFrameRefID", ref, **properties)


def limit_line(ref: str, name: str) -> Json:
    """Return the override that draws a query as a limit: a thin broken line in red."""
    style = {"fill": "dash", "dash": [8, 6]}
    return by_query(
        ref,
        displayName=name,
        color={"mode": "fixed", "fixedColor": RED},
        custom__lineStyle=style,
        custom__lineWidth=1,
        custom__showPoints="never",
        custom__lineInterpolation="stepAfter",
        links=[],
    )


def points_only(ref: str, name: str, colour: str) -> Json:
    """Return the override that draws a query as marks without a line."""
    return by_query(
        ref,
        displayName=name,
        color={"mode": "fixed", "fixedColor": colour},
        custom__drawStyle="points",
        custom__pointSize=11,
        custom__showPoints="always",
    )


def timeseries(
    title: str,
    queries: Mapping[str, str] | str,
    *,
    unit: str,
    none: str,
    width: int,
    height: int = 8,
    gap_ms: int = HOUR_GAP_MS,
    bars: bool = False,
    stacked: bool = False,
    name: str | None = None,
    overrides: Iterable[Json] = (),
    links: Iterable[Json] = (),
    description: str = "",
    **more: Any,
) -> Json:
    """Return a chart over time; a distance above ``gap_ms`` stays a gap. ``name`` is a series' name, with its labels."""
    custom = {
        "drawStyle": "bars" if bars else "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 60 if bars else 0,
        "showPoints": "never" if bars else "always",
        "pointSize": 4,
        "spanNulls": False,
        "insertNulls": False if bars else gap_ms,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    settings = config(unit, none, overrides, custom, links=list(links))
    settings["defaults"]["color"] = SERIES
    if name:
        settings["defaults"]["displayName"] = name
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel(
        "timeseries", title, queries, width, height, fieldConfig=settings, options=options, description=description, **more
    )


def stat(
    title: str,
    queries: Mapping[str, str] | str,
    tiles: Iterable[tuple[str, str, str, str | None]],
    *,
    none: str,
    width: int,
    height: int = 4,
    links: Iterable[Json] = (),
    description: str = "",
    decimals: int | None = None,
) -> Json:
    """Return tiles of numbers: (field, name, unit, colour above zero or None); the number zero stays quiet."""
    overrides = []
    for field, name, unit, colour in tiles:
        steps: list[Json] = [{"color": GREY, "value": None}]
        if colour:
            steps.append({"color": colour, "value": 1})
        thresholds = {"mode": "absolute", "steps": steps}
        overrides.append(by_name(field, displayName=name, unit=unit, color={"mode": "thresholds"}, thresholds=thresholds))
    settings = config("none", none, overrides, links=list(links))
    if decimals is not None:
        settings["defaults"]["decimals"] = decimals
    options = {
        "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": "/.*/"},
        "colorMode": "value",
        "graphMode": "none",
        "textMode": "value_and_name",
        "justifyMode": "center",
        "orientation": "vertical",
    }
    return panel("stat", title, queries, width, height, fieldConfig=settings, options=options, description=description)


def timeline(
    title: str,
    queries: Mapping[str, str] | str,
    mappings: Iterable[Json],
    *,
    none: str,
    width: int,
    height: int = 4,
    name: str | None = None,
    overrides: Iterable[Json] = (),
    gap_ms: int = HOUR_GAP_MS,
    description: str = "",
    links: Iterable[Json] = (),
) -> Json:
    """Return states over time, one lane a series."""
    custom = {"fillOpacity": 70, "lineWidth": 0, "spanNulls": False, "insertNulls": gap_ms}
    settings = config("string", none, overrides, custom, mappings=list(mappings), links=list(links))
    if name:
        settings["defaults"]["displayName"] = name
    options = {"mergeValues": True, "showValue": "auto", "alignValue": "left", "rowHeight": 0.8}
    options["legend"] = {"displayMode": "list", "placement": "bottom", "showLegend": False}
    return panel(
        "state-timeline", title, queries, width, height, fieldConfig=settings, options=options, description=description
    )


def barchart(
    title: str,
    query: str,
    x: str,
    name: str,
    *,
    unit: str,
    colour: str,
    none: str,
    width: int,
    order: str,
    height: int = 8,
    description: str = "",
) -> Json:
    """Return horizontal bars, one a row; ``x`` names the column of words, ``name`` what the bars are."""
    settings = config(unit, none, [], {"fillOpacity": 80, "lineWidth": 0}, displayName=name)
    settings["defaults"]["color"] = {"mode": "fixed", "fixedColor": colour}
    options = {
        "orientation": "horizontal",
        "xField": x,
        "showValue": "always",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
    }
    return panel(
        "barchart", title, query, width, height, fieldConfig=settings, options=options, transformations=[sorted_by(order)],
        description=description,
    )  # fmt: skip


def sorted_by(order: str) -> Json:
    """Return the transformation that sorts rows by a column; "-" before its name puts the greatest first."""
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": order.lstrip("-"), "desc": order.startswith("-")}]}}


def question(text: str) -> Json:
    """Return the first line of a board: the question that it answers."""
    options = {"mode": "markdown", "content": f"**{text}**"}
    return {"type": "text", "title": "", "transparent": True, "options": options, "gridPos": {"w": WIDTH, "h": 2}}


def board(
    uid: str, title: str, language: str, panels: Iterable[Json], variables: Iterable[Json], links: Iterable[Json]
) -> Json:
    """Return a board with its panels numbered and laid out, times in local time with the zone fixed."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["plumeline", language],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "Asia/Shanghai",
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": list(variables)},
        "annotations": {"list": []},
        "links": list(links),
        "panels": _laid_out(panels),
    }


def _laid_out(panels: Iterable[Json]) -> list[Json]:
    """Place panels from left to right; a row is as high as its highest panel."""
    out: list[Json] = []
    x = y = high = 0
    for n, each in enumerate(panels, 1):
        size = each["gridPos"]
        if x + size["w"] > WIDTH:
            x, y, high = 0, y + high, 0
        out.append({"id": n, **each, "gridPos": {"x": x, "y": y, "w": size["w"], "h": size["h"]}})
        x, high = x + size["w"], max(high, size["h"])
    return out
