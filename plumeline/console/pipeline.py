"""The page Pipeline: what Plumeline knows of itself.

Keys of ``Console.health`` with words of their own: ``lag_ms`` (behind the newest record), ``tick_ms`` (newest tick),
``started_ms``, ``connections``, ``queues`` {name: [length, bound]}, ``touches`` (waiting), ``failed`` (why the pipeline stopped).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from alerts.names import GATEWAY
from plumeline.console import parts, words
from plumeline.console.html import h, link
from plumeline.console.shell import Context, View
from plumeline.texts import catalogue, t
from processors.figures import Event, epoch_ms
from processors.store import StoreAway

QUEUE_SHARE = 0.5
"""A queue fuller than this share of its bound wants attention."""
BLIND_MAX = 20
"""Blind times listed."""
TICK_MS_MAX = 60_000
"""A newest tick older than this is told: gateways tick each 10 s."""


def view(context: Context) -> View:
    """Make the page; it works without the store, and says so."""
    health = parts.health_of(context)
    try:
        store: Mapping[str, Any] | None = context.console.store.health()
        away = None
    except StoreAway as error:
        store, away = None, str(error)
    merged = {**(store or {}), **health}
    return View(
        {
            "head": h("section", h("h1", t("tab.pipeline")), h("p", t("pipeline.what"), cls="quiet"), cls="head"),
            "parts": _parts(context, merged, away, store is not None),
            "queues": _queues(merged.get("queues")),
            "blind": _blind(context, store is not None),
            "rest": _everything(context, merged),
        },
        away=store is None,
    )


def _parts(context: Context, health: Mapping[str, Any], away: str | None, store: bool) -> Markup:
    now_ms, lag_ms, tick_ms = context.now_ms, health.get("lag_ms"), health.get("tick_ms")
    counts = parts.delivery_counts(context)
    failed = health.get("failed")
    rows = [
        _row(t("pipeline.failed"), "orange", t("pipeline.failed.do", detail=str(failed))) if failed else None,
        _row(
            t("pipeline.store"),
            "grey" if store else "orange",
            t("pipeline.store.ok") if store else t("pipeline.store.away", detail=away or ""),
        ),
        _row(
            t("pipeline.lag"),
            "grey" if isinstance(lag_ms, int) and lag_ms <= parts.LAG_MS_MAX else "yellow",
            words.duration(lag_ms)
            if isinstance(lag_ms, int) and lag_ms >= 1000
            else f"{lag_ms} ms"
            if isinstance(lag_ms, int)
            else t("unknown"),
        ),
        _row(
            t("pipeline.tick"),
            "grey" if isinstance(tick_ms, int) and now_ms - tick_ms <= TICK_MS_MAX else "yellow",
            f"{words.clock(tick_ms, now_ms, seconds=True)} · {words.ago(tick_ms, now_ms)}"
            if isinstance(tick_ms, int)
            else t("unknown"),
        ),
        _row(
            t("pipeline.deliveries"),
            "yellow" if counts is None or counts.get("waiting") else "grey",
            t("alerts.away")
            if counts is None
            else words.listed(words.counted(n, t(f"delivery.{s}")) for s, n in counts.items()) or t("pipeline.deliveries.none"),
            "alerts",
        ),
    ]
    if store:
        found = Counter(s.state for s in parts.all_states(context))
        text = words.listed(words.counted(found[s], t(f"source.{s}")) for s in parts.STATE_ORDER if found[s]) or t(
            "sources.none"
        )
        rows.append(_row(t("pipeline.sources"), "grey", text, "sources"))
        held = sum(context.console.store.quarantine_counts().values())
        rows.append(_row(t("pipeline.quarantine"), "grey", t("pipeline.quarantine.n", n=held), "quarantine"))
    return h("section", h("div", rows, cls="checks"))


def _row(name: str, colour: str, text: str, href: str | None = None) -> Markup:
    sign = parts.chip(colour, t("check.ok") if colour == "grey" else t("check.look"))
    return h("div", sign, h("b", link(href, name) if href else name), h("span", text), cls="check")


def _queues(queues: object) -> Markup:
    if not isinstance(queues, Mapping) or not queues:
        return parts.section(t("pipeline.queues"), parts.quiet(t("pipeline.queues.none")))
    rows = []
    for name, pair in queues.items():
        length, bound = (int(n) for n in pair) if isinstance(pair, Sequence) and len(pair) == 2 else (0, 0)
        share = length / bound if bound else 0.0
        full = share > QUEUE_SHARE
        rows.append(
            h(
                "tr",
                h("td", t(key) if (key := f"queue.{name}") in catalogue() else name),
                h("td", f"{length:,}", cls="num"),
                h("td", f"{bound:,}", cls="num"),
                h(
                    "td",
                    h("span", h("i", style=f"width:{min(100.0, share * 100):.1f}%"), cls="level full" if full else "level"),
                ),
                h("td", parts.chip("yellow", t("queue.full")) if full else t("queue.free")),
            )
        )
    return parts.section(
        t("pipeline.queues"), parts.table([t("queue.name"), t("queue.length"), t("queue.bound"), t("queue.share"), ""], rows)
    )


def _blind(context: Context, store: bool) -> Markup:
    """Return when gateways gave no sign of life, newest first, as the events tell it."""
    if not store:
        return parts.section(t("pipeline.blind"), parts.quiet(t("pipeline.blind.unknown")))
    events = context.console.store.events(kind="source.blind", limit=BLIND_MAX)
    if not events:
        return parts.section(t("pipeline.blind"), parts.quiet(t("pipeline.blind.none")))
    return parts.section(t("pipeline.blind"), h("ul", [h("li", _span(context, e)) for e in events]))


def _span(context: Context, event: Event) -> str:
    start, end = (_ms(event.facts.get(name)) for name in ("since", "until"))
    begin = event.time_ms if start is None else start
    return t(
        "pipeline.blind.span",
        gateway=event.source.removeprefix(GATEWAY),
        start=words.clock(begin, context.now_ms, seconds=True),
        end=t("time.now") if end is None else words.clock(end, context.now_ms, seconds=True),
        span=words.duration((context.now_ms if end is None else end) - begin),
    )


def _ms(text: object) -> int | None:
    try:
        return epoch_ms(datetime.fromisoformat(str(text)))
    except ValueError:
        return None


def _everything(context: Context, health: Mapping[str, Any]) -> Markup:
    rows = []
    for key, value in sorted(health.items()):
        if key in ("queues", "failed", "newest_tick_ms", "touches_waiting") or value is None:
            continue  # drawn above, or known to the process itself as tick_ms and touches
        name = t(f"health.{key}") if f"health.{key}" in catalogue() else key
        if key.endswith("_ms") and isinstance(value, int) and value > 10**11:
            text = f"{words.clock(value, context.now_ms, seconds=True)} · {words.ago(value, context.now_ms)}"
        elif isinstance(value, Mapping):
            text = words.listed(f"{k} {v:,}" if isinstance(v, int) else f"{k} {v}" for k, v in value.items())
        else:
            text = f"{value:,}" if isinstance(value, int) else str(value)
        rows.append([h("dt", name), h("dd", text)])
    if not rows:
        return Markup()
    return parts.section(t("pipeline.numbers"), h("dl", rows, cls="facts numbers"))
