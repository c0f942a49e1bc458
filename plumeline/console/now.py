"""The page Now: what is wrong, in five seconds from two metres."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from markupsafe import Markup

from plumeline.console import deliveries, parts, weather, words
from plumeline.console.html import Child, h, join, link
from plumeline.console.shell import Context, View
from plumeline.texts import t
from processors.early import EXPECTED, still_open
from processors.figures import HOUR_MS, MINUTE_MS, Episode, Figure, SourceState, epoch_ms, local_iso

EPISODES_MAX = 30
"""Open episodes shown with their sparklines; the page says how many more there are."""
EXPECTED_MAX = 30
"""Hours expected to exceed that are shown; of so many more events it is read which warnings have ended."""
LATE_MAX = 30
"""Sources not on time that are shown."""
ALERTS_MAX = 5
"""Latest alerts shown."""
SPARK_HOURS = 24
DECIDED_AFTER_MS = 15 * MINUTE_MS
"""A warning whose hour ended longer ago is not shown any more, whatever became of it."""


def view(context: Context) -> View:
    """Make the page: totals, open episodes, sources not on time, latest alerts."""
    states = parts.all_states(context)
    episodes = sorted(
        context.console.store.episodes(state="open", limit=10 * EPISODES_MAX),
        key=lambda e: (-(words.times_over(e.worst, e.limit) or 0), e.start_ms, e.id),
    )
    health = parts.health_of(context)
    lag = health.get("lag_ms")
    lag_ms = lag if isinstance(lag, int) else None
    if not states:
        body = {"open": _nothing_yet()}
    else:
        body = {
            "open": _open(context, episodes, states),
            **_expected(context),
            "late": _late(context, states, lag_ms),
            "alerts": _alerts(context),
        }
    return View({"totals": _totals(context, states, len(episodes), lag_ms), **body})


def _totals(context: Context, states: Sequence[SourceState], episodes: int, lag_ms: int | None) -> Markup:
    by_state = Counter(state.state for state in states)
    counts = parts.delivery_counts(context)
    waiting = None if counts is None else counts.get("waiting", 0)
    dead = 0 if counts is None else counts.get("dead", 0)
    cells: list[Child] = [
        _cell("open", str(episodes), "red" if episodes else None, "./#open"),
        *(
            _cell(
                f"state.{s}",
                str(by_state[s]),
                parts.STATE_COLOURS[s] if by_state[s] and s not in ("on time", "stopped") else None,
                words.query("sources", state=s),
            )
            for s in ("on time", "late", "silent", "stopped", "blind")
        ),
    ]
    for s in ("never seen", "unregistered"):
        if by_state[s]:
            cells.append(_cell(f"state.{s}", str(by_state[s]), "blue", words.query("sources", state=s)))
    cells.append(
        _cell(
            "waiting",
            "?" if waiting is None else str(waiting),
            "yellow" if waiting or waiting is None else None,
            "alerts?state=waiting",
        )
    )
    if dead:
        cells.append(_cell("dead", str(dead), "orange", "alerts?state=dead"))
    slow = lag_ms is None or lag_ms > parts.LAG_MS_MAX
    lag = "?" if lag_ms is None else f"{lag_ms / 1000:.1f}{words.NBSP}s" if lag_ms < 10_000 else words.duration(lag_ms)
    cells.append(_cell("lag", lag, "yellow" if slow else None, "pipeline"))
    totals = h("section", cells, cls="totals", aria_label=t("totals"))
    return h("div", totals, warned) if (warned := weather.in_force(context)) is not None else totals


def _cell(key: str, number: str, colour: str | None, href: str) -> Markup:
    shape = h("i", parts.SHAPES[colour], aria_hidden="true") if colour else None
    return link(href, h("b", shape, number), h("span", t(f"total.{key}")), cls=f"total {colour or 'calm'}")


def _open(context: Context, episodes: Sequence[Episode], states: Sequence[SourceState]) -> Markup:
    if not episodes:
        on_time = sum(s.state == "on time" for s in states)
        return parts.section(t("now.open"), parts.quiet(t("now.open.none", n=on_time, of=len(states))), key="open")
    rows = [_episode(context, episode) for episode in episodes[:EPISODES_MAX]]
    return h(
        "section",
        h("div", h("h2", t("now.open"), id="open"), cls="head"),
        h("div", rows, cls="episodes"),
        parts.rest(len(episodes), EPISODES_MAX),
        data_key="open",
    )


_SHOWN_BY = {"last hours": "now.expected.before", "above range": "now.expected.range"}


def _expected(context: Context) -> dict[str, Markup]:
    """Return the running hours that are expected to exceed, soonest first; no section where there are none."""
    now_ms = context.now_ms
    told = still_open(context.console.store.events(kind=EXPECTED, limit=20 * EXPECTED_MAX))
    until = {e.id: epoch_ms(datetime.fromisoformat(e.facts["hour_end"])) for e in told}
    running = sorted((e for e in told if until[e.id] + DECIDED_AFTER_MS > now_ms), key=lambda e: (until[e.id], e.source, e.id))
    if not running:
        return {}
    rows = []
    for event in running[:EXPECTED_MAX]:
        facts = event.facts
        limit = Decimal(facts["limit"])
        value = f"{words.number(Decimal(facts['value']), limit)} {words.unit(facts['unit'])}" if facts["value"] else ""
        key = _SHOWN_BY.get(facts["by"], "now.expected.so_far")
        sure = t("now.expected.sure", likely=facts["likely"], of=facts["of"]) if facts["of"] else t("now.expected.unsure")
        rows.append(
            h(
                "article",
                h("div", t("now.expected.until", time=words.clock(until[event.id], now_ms)), cls="when"),
                h("div", parts.chip("yellow", t("now.expected.chip"))),
                h(
                    "div",
                    link(
                        words.source_url(event.source, factor=event.factor, stat=facts["stat"]),
                        f"{context.names.factor(event.source, event.factor)} · {context.names.place(event.source)}",
                        cls="cover",
                    ),
                    h("p", t(key, value=value, limit=words.number(limit)), " · ", sure),
                    cls="title",
                ),
                cls="brief",
                data_key=event.id,
            )
        )
    body = h("div", rows, cls="briefs")
    return {"expected": parts.section(t("now.expected"), body, parts.rest(len(running), EXPECTED_MAX), key="expected")}


def _episode(context: Context, episode: Episode) -> Markup:
    now_ms = context.now_ms
    end_ms = words.hour_start(now_ms)
    figures = context.console.store.figures(
        episode.source, "hour", end_ms - SPARK_HOURS * HOUR_MS, end_ms, episode.factor, episode.stat
    )
    last_ms = episode.end_ms - episode.length_ms
    last = (
        next((f for f in figures if f.start_ms == last_ms), None)
        if episode.level == "hour"
        else context.console.store.figure(episode.source, episode.factor, episode.stat, episode.level, last_ms)
    )
    over = words.times_over(episode.last, episode.limit)
    figure_id = last.id if last else _figure_id(episode, last_ms)
    unit = words.unit(last.unit) if last else ""
    place = context.names.place(episode.source)
    return h(
        "article",
        h(
            "div",
            parts.chip("red", t("verdict.falls_short" if episode.lower else "verdict.exceeds")),
            h("h3", link(words.evidence_url(figure_id), context.names.factor(episode.source, episode.factor), cls="cover")),
            link(words.source_url(episode.source, factor=episode.factor, stat=episode.stat), place, cls="place"),
            cls="who",
        ),
        h(
            "div",
            h("b", words.scaled_number(episode.last, episode.limit), cls="value"),
            h("span", unit, cls="unit"),
            h(
                "p",
                t(
                    "now.limit",
                    limit=words.scaled_number(episode.limit),
                    stat=context.names.stat(episode.source, episode.factor, episode.stat),
                ),
                *([" · ", t("now.over", times=f"{over:.2f}")] if over is not None and not episode.lower else []),
            ),
            cls="what",
        ),
        h(
            "div",
            parts.spark(figures, end_ms - SPARK_HOURS * HOUR_MS, end_ms),
            h("p", t("now.spark", n=SPARK_HOURS)),
            cls="trend",
        ),
        h(
            "div",
            h("b", t("now.since", time=words.clock(episode.start_ms, now_ms))),
            h("p", t("now.hours" if episode.level == "hour" else "now.days", n=episode.hours), " · ", _freshness(last, now_ms)),
            h("p", t("now.evidence"), " →", cls="go"),
            cls="since",
        ),
        cls="episode",
        data_key=episode.id,
    )


def _freshness(figure: Figure | None, now_ms: int) -> str:
    if figure is None:
        return t("now.no_figure")
    hour = words.period(figure.start_ms, "hour", now_ms)
    return t("now.fresh", hour=hour, state=t(f"figure.{figure.state}"), ago=words.ago(figure.as_of_ms, now_ms))


def _late(context: Context, states: Sequence[SourceState], lag_ms: int | None) -> Markup:
    late = [s for s in states if s.state not in ("on time", "stopped")]
    if not late:
        return parts.section(t("now.late"), parts.quiet(t("now.late.none")), key="late")
    rows = [
        h(
            "article",
            h("div", parts.state_chip(s.state), cls="who"),
            h(
                "div",
                link(words.source_url(s.source), context.names.place(s.source), cls="place cover"),
                h("span", s.source, cls="code") if s.source in context.names.sources else None,
                cls="where",
            ),
            h("div", _since(s, context.now_ms), cls="when"),
            h(
                "div",
                t(parts.likely_cause(s, states, lag_ms)),
                " ",
                link(words.why_url(s.source), t("now.why"), " →"),
                cls="cause",
            ),
            cls="late",
            data_key=s.source,
        )
        for s in late[:LATE_MAX]
    ]
    return h(
        "section",
        h("div", h("h2", t("now.late")), cls="head"),
        h("div", rows, cls="lates"),
        parts.rest(len(late), LATE_MAX, "sources"),
        data_key="late",
    )


def _since(state: SourceState, now_ms: int) -> Markup:
    if state.since_ms is None and state.last_ms is None:
        return h("span", t("now.never"))
    since = state.since_ms if state.since_ms is not None else state.last_ms
    return join([h("b", t("now.since", time=words.clock(since, now_ms))), " ", h("span", words.ago(since, now_ms))])


def _alerts(context: Context) -> Markup:
    more = link("alerts", t("now.alerts.all"), " →")
    try:
        rows = list(context.console.outbox.alerts(ALERTS_MAX))
    except Exception:
        return parts.section(t("now.alerts"), parts.quiet(t("alerts.away")), aside=more, key="alerts")
    if not rows:
        return parts.section(t("now.alerts"), parts.quiet(t("alerts.none")), aside=more, key="alerts")
    over = deliveries.over(rows)
    return parts.section(
        t("now.alerts"),
        h("div", [deliveries.brief(context, row, over=row.id in over) for row in rows], cls="briefs"),
        aside=more,
        key="alerts",
    )


def _figure_id(episode: Episode, start_ms: int) -> str:
    return "/".join((episode.source, episode.factor, episode.stat, "hour", local_iso(start_ms)))


def _nothing_yet() -> Markup:
    steps = [h("li", t(f"now.empty.{n}")) for n in (1, 2, 3)]
    return h(
        "section",
        h("h2", t("now.empty")),
        h("p", t("now.empty.what")),
        h("ol", steps),
        h("p", link("why", t("tab.why"), " →"), link("pipeline", t("tab.pipeline"), " →"), cls="onward"),
        cls="state",
    )
