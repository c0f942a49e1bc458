"""The page Sources: everything registered or heard of, worst first."""

from __future__ import annotations

from collections import Counter

from plumeline.console import parts, words
from plumeline.console.html import h, link
from plumeline.console.shell import Context, View
from plumeline.texts import t

SOURCES_MAX = 300
"""Sources one page shows."""


def view(context: Context) -> View:
    """Make the list; ``state`` and ``find`` narrow it."""
    state, find = context.query.get("state") or "", (context.query.get("find") or "").strip()
    states = parts.all_states(context)
    by_state = Counter(s.state for s in states)
    options = [("", t("sources.every", n=len(states)))] + [
        (s, f"{t(f'source.{s}')} {by_state[s]}") for s in parts.STATE_ORDER if by_state[s] or s == state
    ]
    chosen = [
        s
        for s in states
        if (not state or s.state == state)
        and (not find or find.casefold() in f"{s.source} {context.names.place(s.source)}".casefold())
    ]
    search = h(
        "form",
        h("input", name="find", value=find, placeholder=t("sources.find"), aria_label=t("sources.find"), type="search"),
        h("input", name="state", value=state, type="hidden") if state else None,
        h("button", t("sources.find.go")),
        action="sources",
        method="get",
        cls="search",
    )
    head = h(
        "section",
        h("div", h("h1", t("tab.sources")), search if states else None, cls="head"),
        parts.chips("sources", "state", state, options, find=find or None) if states else None,
        h("p", link("limits", t("limits.by_permit"), " →"), link("weather", t("weather.page"), " →"), cls="onward"),
    )
    if not chosen:
        text = t("sources.none.filtered") if states else t("sources.none")
        return View(
            {
                "head": head,
                "list": parts.quiet(
                    text, link("sources" if states else "why", t("filter.drop") if states else t("tab.why"), " →")
                ),
            }
        )
    rows = []
    for s in chosen[:SOURCES_MAX]:
        registered = s.source in context.names.sources
        rows.append(
            h(
                "tr",
                h("td", parts.state_chip(s.state)),
                h("td", link(words.source_url(s.source), context.names.place(s.source))),
                h("td", h("code", s.source)),
                h("td", parts.age(s.last_ms, context.now_ms, context.names.cadence_ms(s.source))),
                h("td", words.clock(s.since_ms, context.now_ms)),
                h("td", link(words.why_url(s.source), t("now.why"), " →"))
                if s.state != "on time" or not registered
                else h("td"),
                data_key=s.source,
            )
        )
    heads = [t("sources.state"), t("sources.place"), t("sources.code"), t("sources.last"), t("sources.since"), ""]
    return View({"head": head, "list": h("section", parts.table(heads, rows), parts.rest(len(chosen), SOURCES_MAX))})
