"""What stands below the charts of a source: its hours as a table, episodes, revisions, marks and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from urllib.parse import quote

from markupsafe import Markup

from plumeline.console import parts, words
from plumeline.console.html import h, link
from plumeline.console.marks import doubts_of
from plumeline.console.shell import Context
from plumeline.texts import t
from processors.figures import DAY_MS, Event, Figure, local_iso
from processors.screening import FINDING

EVENTS_MAX = 15
"""Events, episodes and marks listed."""
EVENTS_READ_MAX = 60
"""Events read for the list; findings that follow each other are one line of it."""
REVISIONS_MAX = 10
"""Revised figures listed."""


def table(context: Context, source: str, figures: Sequence[Figure], keep: dict[str, str | int | None]) -> Markup:
    """Return hours as a folded table, newest first, each with its evidence."""
    rows = [
        h(
            "tr",
            h("td", link(words.evidence_url(f.id), words.period(f.start_ms, "hour", context.now_ms))),
            h(
                "td",
                h("b", words.value_of(f)) if f.ok else h("span", context.names.said(source, f.reason or "—"), cls="reason"),
                cls="num" if f.ok else "",
            ),
            h("td", words.number(f.limit_number), cls="num"),
            h("td", parts.verdicts(f)),
            h("td", str(f.n), cls="num"),
            h("td", parts.state_word(f)),
            h("td", link(words.source_url(source, **keep, zoom=local_iso(f.start_ms)), t("source.minutes"))),
            data_key=str(f.start_ms),
        )
        for f in reversed(figures)
    ]
    heads = [t("hour"), t("value"), t("limit"), t("verdict"), t("covered"), t("standing"), ""]
    return h("details", h("summary", t("source.table", n=len(rows))), parts.table(heads, rows), cls="fold")


def more(context: Context, source: str, now_ms: int) -> Markup:
    """Return what stands below the charts: episodes, revisions, marks, events."""
    store = context.console.store
    episodes = store.episodes(source, limit=EVENTS_MAX + 1)
    revised = sorted(store.revised(source, now_ms - 31 * DAY_MS, now_ms), key=lambda f: -f.decided_ms)
    events = _told_once(store.events(source, limit=EVENTS_READ_MAX))[:EVENTS_MAX]
    found = store.marks(source, now_ms - 31 * DAY_MS, now_ms + 31 * DAY_MS, rejected=True)
    marks = sorted((m for m in found if m.state != "rejected"), key=lambda m: -m.start_ms)
    doubts = doubts_of(context, source)
    name = context.names.factor
    blocks = [
        (
            t("source.episodes"),
            [
                h(
                    "li",
                    parts.chip("red" if e.state == "open" else "grey", t(f"episode.{e.state}")),
                    link(
                        words.evidence_url(f"{e.source}/{e.factor}/{e.stat}/{e.level}/{local_iso(e.end_ms - e.length_ms)}"),
                        t(
                            "episode.line" if e.level == "hour" else "episode.line.day",
                            factor=name(source, e.factor),
                            start=words.clock(e.start_ms, now_ms),
                            n=e.hours,
                            worst=words.scaled_number(e.worst, e.limit),
                            unit=context.names.unit(source, e.factor),
                            limit=words.scaled_number(e.limit),
                        ),
                    ),
                )
                for e in episodes[:EVENTS_MAX]
            ],
            len(episodes),
        ),
        (
            t("source.revisions"),
            [
                h(
                    "li",
                    parts.chip("purple", t("figure.revised")),
                    link(
                        words.evidence_url(f.id),
                        t(
                            "revision.line",
                            factor=name(source, f.factor),
                            stat=context.names.stat(source, f.factor, f.stat),
                            period=words.period(f.start_ms, f.level, now_ms),
                            value=f"{words.value_of(f)} {words.unit(f.unit)}".strip()
                            if f.ok
                            else context.names.said(source, f.reason or "—"),
                            time=words.clock(f.decided_ms, now_ms),
                        ),
                    ),
                )
                for f in revised[:REVISIONS_MAX]
            ],
            len(revised),
        ),
        (
            t("source.marks"),
            [
                h(
                    "li",
                    parts.chip("grey", t(f"mark.{m.type}")),
                    parts.chip("blue", t("marks.state.draft")) if m.state == "draft" else None,
                    parts.chip("blue", t("marks.state.pending")) if doubts.pending(m, m.set_at_ms) else None,
                    " · ".join(part for part in (_span(m.start_ms, m.end_ms, now_ms), m.author, m.reason) if part),
                )
                for m in marks[:EVENTS_MAX]
            ],
            len(marks),
        ),
        (
            t("source.events"),
            [
                h(
                    "li",
                    h("span", words.clock(some[0].time_ms, now_ms), cls="when"),
                    link(_behind(some), _happened(context, some)),
                )
                for some in events
            ],
            len(events),
        ),
    ]
    return h(
        "div",
        [
            parts.section(title, h("ul", items) if items else parts.quiet(t("list.none")), parts.rest(n, len(items)))
            for title, items, n in blocks
        ],
        cls="columns",
    )


def _span(start_ms: int, end_ms: int, now_ms: int) -> str:
    """Return a mark's time; its end without the day where that is the day of its start."""
    return f"{words.clock(start_ms, now_ms)}–{words.clock(end_ms, start_ms if words.day_start(start_ms) == words.day_start(end_ms) else now_ms)}"


def _told_once(events: Sequence[Event]) -> list[list[Event]]:
    """Return events newest first, findings that follow each other taken together."""
    return [list(some) for _, some in groupby(events, key=lambda e: FINDING if e.kind == FINDING else e.id)]


def _happened(context: Context, some: Sequence[Event]) -> str:
    first = some[0]
    factors = words.listed(dict.fromkeys(context.names.factor(e.source, e.factor) for e in some if e.factor))
    told = t(f"event.{first.kind}") + (f" · {factors}" if factors else "")
    return told if len(some) == 1 else f"{told} ({len(some)})"


def _behind(some: Sequence[Event]) -> str:
    """Return the address of what is behind an event: a finding, its marks, its frames, the warning, else its factor's figures."""
    first = some[0]
    about = quote(first.source, safe="")
    pages = {
        "screening": words.query(f"findings/{about}", finding=first.id if len(some) == 1 else None),
        "mark": words.marks_url(first.source),
        "input": words.query("quarantine", source=first.source),
        "weather": "weather",
        "source": words.why_url(first.source),
        "clock": words.why_url(first.source),
    }
    return pages.get(first.kind.partition(".")[0]) or words.source_url(first.source, factor=first.factor)
