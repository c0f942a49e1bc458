"""Charts as options for ECharts: hour bars that start where the hour starts, gaps as gaps with their reason, bands for marks.

Every text that can come from a device is escaped here, because tooltips are HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from plumeline.console import words
from plumeline.texts import t
from plumeline.texts.wording import said
from processors.figures import HOUR_MS, MINUTE_MS, Figure
from processors.store import StoredMark

GREY, PALE, RED, PURPLE, INK = "#7d858e", "#b3b9c0", "#c4261d", "#7a3fb8", "#30363c"
FLAG_NORMAL = "N"
HEIGHT = "plHeight"
"""Key of the options under which the page finds the height it must give the chart, in pixels."""

SIDES: dict[str, Any] = {"left": 62, "right": 22, "outerBoundsMode": "none"}
"""Margins of every grid in pixels, kept whatever the labels are, so that grids beneath each other share their time axis."""
LANE_PX, LANE_LINE_PX = 80, 40
"""Height of a lane, and of the line in it; the rest is room for its name and for the axis of the one above."""
LABEL_ROOM = 0.5
"""Share of the axis behind which a limit that begins there is labelled to its left, so that no edge cuts the label."""

_INSIDE = {"alignMinLabel": "left", "alignMaxLabel": "right"}
_BAR = "window.plBar"
_BAND = "window.plBand"
_CELL = "window.plCell"
_TIME = "window.plTime"
_TIP = "window.plTip"
_NUMBER = "window.plNumber"

FLAG_COLOURS = {
    "N": ("#e4e7ea", "#7d858e"),
    "F": ("#9aa1a9", "#ffffff"),
    "M": ("#c9ced3", "#30363c"),
    "C": ("#c9d6e2", "#30363c"),
    "S": ("#d9cfe6", "#30363c"),
    "D": ("#f2c94c", "#30363c"),
    "T": ("#f2dc8a", "#30363c"),
    "B": ("#5c646c", "#ffffff"),
}
"""Fill and letter of each device flag in the strip (HJ 212: N normal, F stopped, M maintenance, C calibration, S set by hand,
D fault, T out of range, B link down); the letter is the second sign."""
FLAG_OTHER = ("#f2dc8a", "#30363c")


@dataclass(frozen=True)
class Lane:
    """A thin line beneath the bars on the same time: oxygen, flow or load."""

    name: str
    figures: Sequence[Figure]


def hours(
    figures: Sequence[Figure],
    *,
    start_ms: int,
    end_ms: int,
    now_ms: int,
    marks: Sequence[StoredMark] = (),
    lanes: Sequence[Lane] = (),
    flags: Sequence[tuple[int, int, str]] = (),
) -> dict[str, Any]:
    """Return hourly figures as bars with limit, gaps, marks, flags and lanes under one time axis.

    Args:
        figures: of one factor and stat, hour level, any order.
        start_ms, end_ms: what the axis spans.
        now_ms: hours that have not ended by then are no gap.
        marks: bands, named by their type.
        lanes: up to three factors drawn beneath.
        flags: (start, end, flag) cells of the strip, newest last.
    """
    by_start = {f.start_ms: f for f in figures}
    unit = words.unit(figures[0].unit) if figures else ""
    gaps = _gaps(by_start, start_ms, min(end_ms, words.hour_start(now_ms)), HOUR_MS)
    bars = [_bar(f, now_ms) for f in figures if f.number is not None and f.ok]
    height, strip = 300, 18
    grids: list[dict[str, Any]] = [{**SIDES, "top": 34, "height": height - 60}]
    top = height + 4
    if flags:
        grids.append({**SIDES, "top": top, "height": strip})
        top += strip + 12
    for _ in lanes:
        grids.append({**SIDES, "top": top + LANE_PX - LANE_LINE_PX - 16, "height": LANE_LINE_PX})
        top += LANE_PX
    series: list[dict[str, Any]] = [
        _custom(_BAND, _mark_bands(marks, start_ms, end_ms, now_ms), z=1, encode=False),
        _custom(_BAND, gaps, z=1, encode=False),
        _custom(_BAR, bars, z=3, encode=True),
        _limit_line(figures, start_ms, end_ms),
    ]
    y_axes: list[dict[str, Any]] = [_y(unit)]
    if flags:
        y_axes.append({"gridIndex": 1, "show": False, "min": 0, "max": 1, "type": "value"})
        series.append(
            {**_custom(_CELL, [_flag_cell(f, now_ms) for f in flags], z=2, encode=False), "xAxisIndex": 1, "yAxisIndex": 1}
        )
    for n, one in enumerate(lanes, len(grids) - len(lanes)):
        y_axes.append(
            {**_y(words.unit(one.figures[0].unit) if one.figures else "", one.name), "gridIndex": n, "splitNumber": 2}
        )
        series.append({**_steps(one, HOUR_MS, end_ms), "xAxisIndex": n, "yAxisIndex": n})
    options = _options(grids, y_axes, series, start_ms, end_ms)
    return {**options, HEIGHT: height_px(len(lanes), bool(flags))}


def minutes(
    figures: Sequence[Figure],
    *,
    unit: str,
    start_ms: int,
    end_ms: int,
    now_ms: int,
    flags: Sequence[tuple[int, int, str]] = (),
) -> dict[str, Any]:
    """Return minute means of one factor as a stepped line broken at gaps (hatched, with reason), flags beneath."""
    by_start = {f.start_ms: f for f in figures}
    gaps = _gaps(by_start, start_ms, min(end_ms, now_ms - now_ms % MINUTE_MS), MINUTE_MS)
    grids: list[dict[str, Any]] = [{**SIDES, "top": 34, "height": 150}]
    line = _steps(Lane("", sorted(figures, key=lambda f: f.start_ms)), MINUTE_MS, end_ms)
    series: list[dict[str, Any]] = [_custom(_BAND, gaps, z=1, encode=False), line, _limit_line(figures, start_ms, end_ms)]
    y_axes = [_y(unit)]
    if flags:
        grids.append({**SIDES, "top": 214, "height": 18})
        y_axes.append({"gridIndex": 1, "show": False, "min": 0, "max": 1, "type": "value"})
        series.append(
            {**_custom(_CELL, [_flag_cell(f, now_ms) for f in flags], z=2, encode=False), "xAxisIndex": 1, "yAxisIndex": 1}
        )
    return _options(grids, y_axes, series, start_ms, end_ms)


def height_px(lanes: int, flags: bool) -> int:
    """Return the height that ``hours`` needs."""
    return 308 + (30 if flags else 0) + LANE_PX * lanes


def _options(
    grids: list[dict[str, Any]], y_axes: list[dict[str, Any]], series: list[dict[str, Any]], start_ms: int, end_ms: int
) -> dict[str, Any]:
    x_axes = [
        {
            "type": "time",
            "gridIndex": n,
            "min": start_ms,
            "max": end_ms,
            "show": n == 0,
            "axisLabel": {":formatter": _TIME, "color": "#4d545b", "fontSize": 14, "hideOverlap": True, **_INSIDE},
            "axisLine": {"lineStyle": {"color": "#8a9199"}},
            "splitLine": {"show": False},
        }
        for n in range(len(grids))
    ]
    return {
        "animation": False,
        "useUTC": False,
        "grid": grids,
        "xAxis": x_axes,
        "yAxis": y_axes,
        "series": series,
        "tooltip": {"trigger": "item", ":formatter": _TIP, "confine": True, "textStyle": {"fontSize": 15, "color": "#1d2226"}},
    }


def _custom(render: str, data: list[dict[str, Any]], *, z: int, encode: bool) -> dict[str, Any]:
    return {
        "type": "custom",
        ":renderItem": render,
        "encode": {"x": [0, 1], "y": [2] if encode else []},
        "data": data,
        "z": z,
        "clip": True,
    }


def _bar(figure: Figure, now_ms: int) -> dict[str, Any]:
    kind = 1 if figure.verdict == "exceeds" else 2 if figure.state == "provisional" else 0
    revised = int(figure.revision > 1)
    lines = [
        f"<b>{escape(words.value_of(figure))} {escape(words.unit(figure.unit))}</b>",
        str(escape(f"{words.period(figure.start_ms, 'hour', now_ms)} · {t(f'figure.{figure.state}')}")),
        str(escape(t("figure.n.hour", n=figure.n))),
    ]
    if figure.limit_number is not None:
        lines.insert(1, str(escape(t("chart.limit", limit=words.number(figure.limit_number)))))
    return {
        "value": [figure.start_ms, figure.start_ms + HOUR_MS, float(figure.number or 0), kind, revised],
        "tip": "<br>".join([*lines, str(escape(t("chart.click")))]),
        "href": words.evidence_url(figure.id),
    }


def _gaps(by_start: dict[int, Figure], start_ms: int, end_ms: int, step_ms: int) -> list[dict[str, Any]]:
    """Return runs of periods without a value, adjacent ones of one reason joined."""
    runs: list[tuple[int, int, str, str | None]] = []
    for at in range(start_ms - start_ms % step_ms, end_ms, step_ms):
        figure = by_start.get(at)
        if figure is not None and figure.ok and figure.value is not None:
            continue
        reason = (said(figure.reason) if figure.reason else t("chart.not_valid")) if figure is not None else t("chart.no_data")
        href = words.evidence_url(figure.id) if figure is not None else None
        if runs and runs[-1][1] == at and runs[-1][2] == reason:
            runs[-1] = (runs[-1][0], at + step_ms, reason, href)
        else:
            runs.append((at, at + step_ms, reason, href))
    return [
        {"value": [a, b, 0, reason], "tip": str(escape(reason)), **({"href": href} if href else {})}
        for a, b, reason, href in runs
    ]


def _mark_bands(marks: Sequence[StoredMark], start_ms: int, end_ms: int, now_ms: int) -> list[dict[str, Any]]:
    return [
        {
            "value": [max(m.start_ms, start_ms), min(m.end_ms, end_ms), 1, t(f"mark.{m.type}")],
            "tip": str(escape(_mark_tip(m, now_ms))),
        }
        for m in marks
    ]


def _mark_tip(m: StoredMark, now_ms: int) -> str:
    span = f"{words.clock(m.start_ms, now_ms)}–{words.clock(m.end_ms, now_ms)}"
    return f"{t(f'mark.{m.type}')} {span} · {m.author} · {m.reason}"


def _flag_cell(cell: tuple[int, int, str], now_ms: int) -> dict[str, Any]:
    start, end, flag = cell
    fill, ink = FLAG_COLOURS.get(flag, FLAG_OTHER)
    key = f"flag.{flag}"
    meaning = t(key) if t(key) != key else t("flag.other")
    tip = f"{words.clock(start, now_ms)}–{words.clock(end, now_ms)} · {flag} {meaning}"
    return {"value": [start, end, 0, fill, "" if flag == FLAG_NORMAL else flag[:2], ink], "tip": str(escape(tip))}


def _limit_line(figures: Sequence[Figure], start_ms: int, end_ms: int) -> dict[str, Any]:
    """Return the limit as a stepped dashed line, so that a limit that changed is drawn where it changed."""
    points: list[list[float | None]] = []
    last = None
    for f in sorted(figures, key=lambda f: f.start_ms):
        if f.limit_number is not None:
            points.append([f.start_ms, float(f.limit_number)])
            last = f.limit_number
    if last is not None:
        points.append([end_ms, float(last)])
    label = t("chart.limit", limit=words.number(last)) if last is not None else ""
    late = bool(points) and float(points[0][0] or 0) > start_ms + LABEL_ROOM * (end_ms - start_ms)
    return {
        "type": "line",
        "step": "end",
        "data": points,
        "symbol": "none",
        "silent": True,
        "z": 4,
        "lineStyle": {"color": INK, "width": 2, "type": "dashed"},
        "markPoint": {
            "silent": True,
            "symbol": "rect",
            "symbolSize": 1,
            "data": [{"coord": [points[0][0], float(last)]}] if last is not None else [],
            "label": {
                "show": True,
                "formatter": label,
                "position": "insideTopLeft",
                "align": "right" if late else "left",
                "offset": [-8 if late else 4, -12],
                "color": INK,
                "fontSize": 14,
                "fontWeight": "bold",
                "backgroundColor": "rgba(255,255,255,.85)",
                "padding": [1, 4],
            },
        },
    }


def _steps(lane: Lane, step_ms: int, end_ms: int) -> dict[str, Any]:
    data: list[list[float | None]] = []
    previous: Figure | None = None
    for f in lane.figures:
        if f.number is None or not f.ok:
            continue
        if previous is not None and previous.start_ms + step_ms != f.start_ms:
            data += [[previous.start_ms + step_ms, float(previous.number or 0)], [previous.start_ms + step_ms + 1, None]]
        data.append([f.start_ms, float(f.number)])
        previous = f
    if previous is not None:
        data.append([min(previous.start_ms + step_ms, end_ms), float(previous.number or 0)])
    return {
        "type": "line",
        "step": "end",
        "data": data,
        "connectNulls": False,
        "symbol": "none",
        "silent": True,
        "z": 3,
        "lineStyle": {"color": GREY, "width": 2},
    }


def _y(unit: str, name: str = "") -> dict[str, Any]:
    return {
        "type": "value",
        "name": f"{name} {unit}".strip(),
        "nameTextStyle": {"align": "left", "padding": [0, 0, 0, -54], "color": "#4d545b", "fontSize": 14},
        "nameGap": 10,
        "axisLabel": {":formatter": _NUMBER, "color": "#4d545b", "fontSize": 13, "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": "#e7eaec"}},
        "splitNumber": 4,
    }
