"""The page Alerts: what was sent to whom, by which attempt, with which answer."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from alerts.records import AlertRow, DeliveryRow
from plumeline.console import parts, words
from plumeline.console.html import h, link
from plumeline.console.shell import Context, View
from plumeline.texts import t
from processors.figures import HOUR_MS, Episode, local_iso

ALERTS_MAX = 100
"""Alerts one page shows."""
ANSWER_MAX = 300
"""Characters of a receiver's answer that are shown."""
DELIVERY_COLOURS = {"waiting": "yellow", "delivered": "grey", "dead": "orange"}


def view(context: Context) -> View:
    """Make the page; ``source``, ``state`` and ``alert`` narrow it."""
    source, state, chosen = (context.query.get(k) or "" for k in ("source", "state", "alert"))
    counts = parts.delivery_counts(context)
    try:
        found = list(context.console.outbox.alerts(ALERTS_MAX, source or None))
    except Exception:
        return View({"head": h("section", h("h1", t("tab.alerts")), h("p", t("alerts.away")), cls="state broken")})
    rows = [a for a in found if not state or any(d.state == state for d in a.deliveries)]
    episodes = _episodes(context, source)
    options = [("", t("alerts.every"))] + [
        (s, t(f"delivery.{s}") + (f" {counts[s]}" if counts and s in counts else "")) for s in ("waiting", "delivered", "dead")
    ]
    head = h(
        "section",
        h("div", h("h1", t("tab.alerts")), h("p", t("alerts.what"), cls="quiet"), cls="head"),
        parts.chips("alerts", "state", state, options, source=source or None),
        h("p", t("alerts.of", source=context.names.place(source)), " ", link("alerts", t("filter.drop")), cls="filter")
        if source
        else None,
    )
    if not rows:
        body = parts.quiet(t("alerts.none.filtered") if source or state else t("alerts.none"), link("./", t("tab.now"), " →"))
    else:
        ended = over(found)
        body = h("div", [_alert(context, a, episodes, chosen, over=a.id in ended) for a in rows], cls="alerts")
    more = h("p", t("list.newest", n=ALERTS_MAX), cls="rest") if len(found) >= ALERTS_MAX else None
    return View({"head": head, "list": h("section", body, more)})


def over(rows: Sequence[AlertRow]) -> set[str]:
    """Return the ids of alerts whose subject has ended since, among rows that stand newest first."""
    ended: set[str] = set()
    found: set[str] = set()
    for row in rows:
        if row.phase in ("resolved", "withdrawn"):
            ended.add(row.thread)
        elif row.thread in ended:
            found.add(row.id)
    return found


def brief(row: AlertRow, now_ms: int, *, over: bool) -> Markup:
    """Return an alert as one line for the page Now: when, first line, how its deliveries stand."""
    return h(
        "article",
        h("div", words.clock(row.alert.time_ms, now_ms), cls="when"),
        h("div", parts.chip("grey" if over else _colour(row), _phase(row, over)), cls="who"),
        h("div", link(words.query("alerts", alert=row.alert.id), row.title, cls="cover"), cls="title"),
        h("div", _standing(row), cls="standing"),
        cls="brief",
        data_key=row.alert.id,
    )


def _alert(context: Context, row: AlertRow, episodes: dict[str, Episode], chosen: str, *, over: bool) -> Markup:
    now_ms = context.now_ms
    episode = episodes.get(row.alert.thread)
    onward = [link(words.source_url(row.alert.source, factor=row.alert.factor), context.names.place(row.alert.source), " →")]
    if episode is not None:
        last = "/".join((episode.source, episode.factor, episode.stat, "hour", local_iso(episode.end_ms - HOUR_MS)))
        onward.insert(0, link(words.evidence_url(last), t("now.evidence"), " →"))
    summary = h(
        "summary",
        h("span", words.clock(row.alert.time_ms, now_ms, seconds=True), cls="when"),
        parts.chip("grey" if over else _colour(row), _phase(row, over)),
        h("b", row.title),
        h("span", _standing(row), cls="standing"),
    )
    return h(
        "details",
        summary,
        h("pre", "\n".join(row.body), cls="message"),
        h("p", onward, cls="onward"),
        [_told(d, now_ms) for d in row.deliveries] or parts.quiet(t("delivery.none")),
        h("p", t("alerts.key"), " ", h("code", row.alert.id), cls="quiet"),
        open=row.alert.id == chosen,
        data_key=row.alert.id,
        cls="alert",
    )


def _told(delivery: DeliveryRow, now_ms: int) -> Markup:
    rows = [
        h(
            "tr",
            h("td", a.n, cls="num"),
            h("td", words.clock(a.time_ms, now_ms, seconds=True)),
            h("td", "—" if a.status is None else str(a.status), cls="num"),
            h("td", h("code", a.answer[:ANSWER_MAX]), cls="answer"),
        )
        for a in delivery.attempts
    ]
    return h(
        "div",
        h(
            "p",
            parts.chip(DELIVERY_COLOURS.get(delivery.state, "grey"), t(f"delivery.{delivery.state}")),
            h("b", delivery.contact),
            " ",
            h("code", delivery.url),
        ),
        h("p", delivery.reason, cls="quiet") if delivery.reason else None,
        h("p", t("delivery.next", time=words.clock(delivery.next_ms, now_ms, seconds=True)), cls="quiet")
        if delivery.next_ms and delivery.state == "waiting"
        else None,
        parts.table([t("attempt.n"), t("attempt.time"), t("attempt.status"), t("attempt.answer")], rows)
        if rows
        else parts.quiet(t("attempt.none")),
        cls="told",
    )


def _standing(row: AlertRow) -> Markup:
    states = [d.state for d in row.deliveries]
    if not states:
        return parts.chip("grey", t("delivery.none"))
    for state in ("dead", "waiting"):
        if state in states:
            return parts.chip(
                DELIVERY_COLOURS[state], t("delivery.some", state=t(f"delivery.{state}"), n=states.count(state), of=len(states))
            )
    return parts.chip("grey", t("delivery.all", n=len(states)))


def _phase(row: AlertRow, over: bool) -> str:
    return t("phase.over", phase=t(f"phase.{row.phase}")) if over else t(f"phase.{row.phase}")


def _colour(row: AlertRow) -> str:
    if row.alert.phase in ("resolved", "withdrawn"):
        return "grey"
    return row.alert.severity if row.alert.severity in parts.SHAPES else "yellow"


def _episodes(context: Context, source: str) -> dict[str, Episode]:
    return {e.id: e for e in context.console.store.episodes(source or None, limit=ALERTS_MAX * 2)}
