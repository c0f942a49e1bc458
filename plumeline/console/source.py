"""The page of one source: who it is, its hours against the limit, minutes on zoom, marks, revisions and what happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from markupsafe import Markup

from ingest.registry import SPARSE_ROLES
from plumeline.console import charts, checks, furnace, nozzles, parts, plan_energy, quarters, readings, source_lists, words
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context, View
from plumeline.texts import t
from processors.figures import HOUR_MS, MINUTE_MS, Figure, SourceState, epoch_ms, local_iso

SLOTS = (
    "head",
    "choice",
    "charthours",
    "legend",
    "zoom",
    "chartminutes",
    "hours",
    "furnace",
    "nozzles",
    "checks",
    "quarter",
    "energy",
    "more",
)
RANGES_H = (24, 48, 168, 744)
"""Spans of the chart that can be chosen; the longest is a month of hours."""
FLAGS_HOURS_MAX = 48
"""The flag strip under the hours is drawn up to this span: it reads every report."""
MEANS = ("avg", "avg_ref")
"""Stats whose bars the legend calls means; others by their own words."""
LANES_MAX = 3
ZOOM_H = 3
"""Hours of minutes shown where none was chosen."""


def view(context: Context) -> View:
    """Make the page; ``factor``, ``stat``, ``hours``, ``end`` and ``zoom`` choose what the charts show."""
    source = context.query["source"]
    state = next((s for s in parts.all_states(context) if s.source == source), None)
    if state is None:
        return View({"head": _unknown(source)})
    store, now_ms = context.console.store, context.now_ms
    span_h = _int(context.query.get("hours"), RANGES_H, 48)
    end_ms = _time(context.query.get("end")) or words.hour_start(now_ms) + HOUR_MS
    start_ms = end_ms - span_h * HOUR_MS
    figures = _drawn(context, source, store.figures(source, "hour", start_ms, end_ms))
    series = _series(figures)
    head = _head(context, source, state)
    if not series:
        return View(
            {
                "head": head,
                "choice": _nothing(context, source, start_ms, end_ms),
                "checks": checks.section(context, source),
                "more": source_lists.more(context, source, now_ms),
            }
        )
    factor, stat = _chosen(context, source, series)
    mine = [f for f in figures if (f.factor, f.stat) == (factor, stat)]
    marks = [m for m in store.marks(source, start_ms, end_ms) if m.factors is None or factor in m.factors]
    lanes = _lanes(context, source, factor, figures)
    row = context.names.sources.get(source)
    flags: list[tuple[int, int, str]] = []
    if span_h <= FLAGS_HOURS_MAX:
        flags = readings.strip(readings.readings(store, row, source, start_ms, end_ms, (factor,)), HOUR_MS, start_ms, end_ms)
    zoom_ms = _time(context.query.get("zoom"))
    zoom_from = (
        zoom_ms if zoom_ms is not None else max(start_ms, min(end_ms, words.hour_start(now_ms) + HOUR_MS) - ZOOM_H * HOUR_MS)
    )
    zoom_to = zoom_from + (HOUR_MS if zoom_ms is not None else ZOOM_H * HOUR_MS)
    metered = (source, factor) in context.names.meters
    minute_stat, minutes = _minutes(context, source, factor, stat, zoom_from, zoom_to)
    minute_flags = (
        readings.strip(readings.readings(store, row, source, zoom_from, zoom_to, (factor,)), MINUTE_MS, zoom_from, zoom_to)
        if minutes
        else []
    )
    keep: dict[str, str | int | None] = {"factor": factor, "stat": stat, "hours": span_h, "end": context.query.get("end")}
    return View(
        {
            "head": head,
            "choice": _choice(context, source, series, factor, stat, span_h, end_ms),
            "legend": _legend(bool(flags), t("legend.bar") if stat in MEANS else context.names.stat(source, factor, stat)),
            "zoom": Markup()
            if metered
            else _zoom(context, source, factor, minute_stat, zoom_ms, zoom_from, zoom_to, bool(minutes), keep),
            "hours": source_lists.table(context, source, mine, keep),
            "furnace": furnace.section(context, source, min(end_ms - 1, now_ms)),
            "nozzles": nozzles.section(context, source),
            "checks": checks.section(context, source),
            "quarter": quarters.section(context, source),
            "energy": plan_energy.section(context, source),
            "more": source_lists.more(context, source, now_ms),
        },
        {
            "charthours": charts.hours(
                mine, start_ms=start_ms, end_ms=end_ms, now_ms=now_ms, marks=marks, lanes=lanes, flags=flags
            ),
            "chartminutes": charts.minutes(
                minutes,
                unit=context.names.unit(source, factor),
                start_ms=zoom_from,
                end_ms=zoom_to,
                now_ms=now_ms,
                flags=minute_flags,
            )
            if minutes
            else None,
        },
    )


def _head(context: Context, source: str, state: SourceState) -> Markup:
    now_ms, row = context.now_ms, context.names.sources.get(source)
    skew = t("unknown") if state.skew_ms is None else f"{state.skew_ms / 1000:+.1f}{words.NBSP}s"
    month = words.month_start(now_ms)
    items: list[tuple[str, Child]] = [
        (t("source.code"), h("code", source)),
        (t("source.permit"), link(words.query("limits", find=row.permit), row.permit) if row and row.permit else None),
        (t("source.kind"), t(f"kind.{row.kind}") if row else None),
        (
            t("source.last"),
            [
                words.clock(state.last_ms, now_ms, seconds=True),
                " · ",
                parts.age(state.last_ms, now_ms, context.names.cadence_ms(source)),
            ],
        ),
        (t("source.skew"), skew),
        (t("source.month"), _month(context, source, month, now_ms)),
    ]
    return h(
        "section",
        h(
            "div",
            h("h1", context.names.place(source)),
            parts.state_chip(state.state),
            h("span", t("now.since", time=words.clock(state.since_ms, now_ms)), cls="quiet") if state.since_ms else None,
            cls="head",
        ),
        h("p", parts.chip("blue", t("source.unregistered")), t("source.unregistered.next")) if row is None else None,
        h("dl", [h("div", h("dt", name), h("dd", value)) for name, value in items if value], cls="facts across"),
        h(
            "p",
            link(words.why_url(source), t("tab.why"), " →"),
            link(words.marks_url(source), t("source.marks"), " →") if row is not None else None,
            link(words.query("alerts", source=source), t("tab.alerts"), " →"),
            link(words.query("quarantine", source=source), t("tab.quarantine"), " →"),
            cls="onward",
        ),
    )


def _month(context: Context, source: str, month_ms: int, now_ms: int) -> str | None:
    """Return how many hours of this month have a value, of those since the first that is known, for the first factor with a limit."""
    limited = [x for x in context.names.limited if x.source == source]
    if not limited:
        return None
    first = limited[0]
    until_ms = words.hour_start(now_ms)
    found = context.console.store.figures(source, "hour", month_ms, max(month_ms, until_ms), first.factor, first.stat)
    ok, ended = sum(f.ok for f in found), (until_ms - min((f.start_ms for f in found), default=until_ms)) // HOUR_MS
    return t("source.month.of", factor=context.names.factor(source, first.factor), n=ok, of=ended) if ended else None


def _drawn(context: Context, source: str, figures: Sequence[Figure]) -> list[Figure]:
    """Return the figures to choose from: without means of single refuellings, which the evidence of a nozzle's day lists, but for one asked for."""
    asked = context.query.get("factor")
    return [f for f in figures if f.factor == asked or context.names.role(source, f.factor)[0] not in SPARSE_ROLES]


def _series(figures: Sequence[Figure]) -> dict[tuple[str, str], list[Figure]]:
    found: dict[tuple[str, str], list[Figure]] = {}
    for f in figures:
        found.setdefault((f.factor, f.stat), []).append(f)
    return found


def _chosen(context: Context, source: str, series: dict[tuple[str, str], list[Figure]]) -> tuple[str, str]:
    """Return the factor and stat asked for, else the one that has most to say (see ``_telling``), else one with a limit over days."""
    factor, stat = context.query.get("factor"), context.query.get("stat")
    options = [key for key in series if (not factor or key[0] == factor) and (not stat or key[1] == stat)]
    options = options or [key for key in series if key[0] == factor] or list(series)
    told = [e for e in context.console.store.episodes(source) if e.state != "withdrawn"]
    open_now = {(e.factor, e.stat) for e in told if e.state == "open"}
    last = max(told, key=lambda e: (e.end_ms, e.id), default=None)
    ended = (last.factor, last.stat) if last is not None else None
    daily = _limited(context, source)
    return min(
        options,
        key=lambda key: (
            _telling(series[key], key in open_now, key == ended),
            key not in daily,
            not any(f.ok for f in series[key]),
            key,
        ),
    )


def _limited(context: Context, source: str) -> set[tuple[str, str]]:
    """Return the factors and stats of a source that have a limit of any period."""
    return {(x.factor, x.stat) for x in context.names.limited if x.source == source}


def _telling(figures: Sequence[Figure], open_now: bool, ended_last: bool = False) -> tuple[int, int]:
    """Return what a series has to say, least first; of equal ones that with the newest hour.

    An open episode, hours above the limit, the episode that ended last (before what is shown), not judged, revised, a limit.
    """
    limited = [f for f in figures if f.limit is not None]
    tests = (
        [f for f in limited if f.verdict == "exceeds"],
        limited if ended_last else [],
        [f for f in limited if not f.ok],
        [f for f in limited if f.revision > 1],
        limited,
    )
    if open_now:
        return 0, 0
    return next(((n, -some[-1].start_ms) for n, some in enumerate(tests, 1) if some), (len(tests) + 1, 0))


def _choice(
    context: Context, source: str, series: dict[tuple[str, str], list[Figure]], factor: str, stat: str, span_h: int, end_ms: int
) -> Markup:
    keep: dict[str, str | int | None] = {"hours": span_h, "end": context.query.get("end")}
    tabs: dict[str, list[Child]] = {}
    for one, kind in _by_factor(series, _limited(context, source)):
        above = [f.verdict == "exceeds" for f in series[(one, kind)]]
        sign = h("i", parts.SHAPES["red"], cls="red" if above[-1] else "grey") if any(above) else None
        tabs.setdefault(one, []).append(
            link(
                words.source_url(source, factor=one, stat=kind, **keep),
                h("b", sign, context.names.factor(source, one)),
                h("span", context.names.stat(source, one, kind)),
                aria_current="true" if (one, kind) == (factor, stat) else None,
            )
        )
    url = "source/" + words.source_url(source).removeprefix("source/")
    here: dict[str, str | int | None] = {"factor": factor, "stat": stat}
    spans = parts.chips(
        url,
        "hours",
        str(span_h),
        [(str(n), t("source.span.days", n=n // 24)) for n in RANGES_H],
        end=context.query.get("end"),
        **here,
    )
    step = span_h * HOUR_MS
    earlier = link(words.query(url, hours=span_h, end=local_iso(end_ms - step), **here), "← ", t("source.earlier"))
    later = (
        link(words.query(url, hours=span_h, end=local_iso(end_ms + step), **here), t("source.later"), " →")
        if context.query.get("end")
        else None
    )
    latest = link(words.query(url, hours=span_h, **here), t("source.latest")) if context.query.get("end") else None
    title = t(
        "source.hours",
        factor=context.names.factor(source, factor),
        stat=context.names.stat(source, factor, stat),
        unit=words.unit(series[(factor, stat)][0].unit),
    )
    return h(
        "section",
        h("nav", [h("div", some) for some in tabs.values()], cls="factors", aria_label=t("source.factors")),
        h("div", h("h2", title), h("div", spans, h("div", earlier, latest, later, cls="choice"), cls="aside"), cls="head"),
    )


def _by_factor(series: Mapping[tuple[str, str], Sequence[Figure]], daily: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return factors and stats in the order of their tiles: those of one factor together; limited ones first, by the hour before by the day."""
    rank = {key: (all(f.limit is None for f in some), key not in daily) for key, some in series.items()}
    best = {factor: min(of for key, of in rank.items() if key[0] == factor) for factor, _stat in series}
    return sorted(series, key=lambda key: (best[key[0]], key[0], rank[key], key[1]))


def _legend(flags: bool, bar: str) -> Markup:
    items = [
        h("span", h("i", cls="k bar"), bar),
        h("span", h("i", cls="k prov"), t("legend.provisional")),
        h("span", h("i", cls="k over"), t("legend.over")),
        h("span", h("i", cls="k rev"), t("legend.revised")),
        h("span", h("i", cls="k gap"), t("legend.gap")),
        h("span", h("i", cls="k lim"), t("legend.limit")),
    ]
    if flags:
        items.append(h("span", t("legend.flags")))
    return h("p", items, cls="legend")


def _zoom(
    context: Context,
    source: str,
    factor: str,
    stat: str,
    zoom_ms: int | None,
    start_ms: int,
    end_ms: int,
    any_: bool,
    keep: dict[str, str | int | None],
) -> Markup:
    now_ms = context.now_ms
    span = f"{words.clock(start_ms, now_ms)}–{words.clock(end_ms, end_ms)}"
    steps = h(
        "div",
        link(words.source_url(source, **keep, zoom=local_iso(start_ms - HOUR_MS)), "← ", t("zoom.before")),
        link(words.source_url(source, **keep, zoom=local_iso(start_ms + HOUR_MS)), t("zoom.after"), " →")
        if start_ms + HOUR_MS < now_ms
        else None,
        link(words.source_url(source, **keep), t("source.latest")) if zoom_ms is not None else None,
        cls="choice",
    )
    note = None if any_ else parts.quiet(t("zoom.none"))
    return h(
        "section",
        h(
            "div",
            h(
                "h2",
                t(
                    "zoom",
                    span=span,
                    factor=context.names.factor(source, factor),
                    stat=context.names.stat(source, factor, stat),
                ),
            ),
            h("div", steps, cls="aside"),
            cls="head",
        ),
        note,
    )


def _minutes(context: Context, source: str, factor: str, stat: str, start_ms: int, end_ms: int) -> tuple[str, list[Figure]]:
    """Return minute means of a stat, or those as measured where minutes are not formed for it."""
    for one in dict.fromkeys((stat, "avg")):
        found = context.console.store.figures(source, "minute", start_ms, end_ms, factor, one)
        if found:
            return one, found
    return stat, []


def _lanes(context: Context, source: str, factor: str, figures: Sequence[Figure]) -> list[charts.Lane]:
    """Return what explains a factor: its oxygen, flow and production, then other factors without a limit (load, temperature)."""
    point = context.names.points.get((source, factor))
    first = [point.oxygen_factor, point.flow_factor, point.product_factor] if point else []
    measured = [f for f in figures if f.stat == "avg" and f.factor != factor]
    limited = {f.factor for f in figures if f.limit is not None}
    order = [f for f in first if f] + sorted({f.factor for f in measured} - set(first) - limited)
    found = []
    for one in dict.fromkeys(order):
        lane = [f for f in measured if f.factor == one]
        if any(f.ok for f in lane):
            found.append(charts.Lane(context.names.factor(source, one), lane))
    return found[:LANES_MAX]


def _nothing(context: Context, source: str, start_ms: int, end_ms: int) -> Markup:
    now_ms = context.now_ms
    return h(
        "section",
        h("h2", t("source.empty", start=words.clock(start_ms, now_ms), end=words.clock(end_ms, now_ms))),
        h("p", t("source.empty.why")),
        h(
            "p",
            link(words.why_url(source), t("tab.why"), " →"),
            link(words.source_url(source, hours=RANGES_H[-1]), t("source.empty.month"), " →"),
            cls="onward",
        ),
        cls="state",
    )


def _unknown(source: str) -> Markup:
    return h(
        "section",
        h("h1", t("source.missing")),
        h("p", h("code", source)),
        h("p", t("source.missing.why")),
        h("p", link("sources", t("tab.sources"), " →"), link(words.why_url(source), t("tab.why"), " →"), cls="onward"),
        cls="state",
    )


def _time(text: str | None) -> int | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return words.hour_start(epoch_ms(time)) if time.tzinfo is not None and 2000 < time.year < 2200 else None


def _int(text: str | None, allowed: Sequence[int], otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) in allowed else otherwise
