"""The page Alerts: what was sent to whom, by which attempt, with which answer, and what people did about it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from alerts.actions import WHO_MAX, WORDS_MAX, ActionKind, ActionRefused
from alerts.ladder import MATTER
from alerts.message import render
from alerts.names import GATEWAY
from alerts.records import AlertRow, DeliveryRow
from alerts.silences import COUNTY
from plumeline.console import parts, words
from plumeline.console.html import h, link
from plumeline.console.shell import Context, View
from plumeline.texts import spoken, t
from plumeline.texts.wording import said as told
from processors.figures import Episode, local_iso
from processors.store import StoreAway

ALERTS_MAX = 100
"""Alerts one page shows."""
ANSWER_MAX = 300
"""Characters of a receiver's answer that are shown."""
SAID = ("gone", "who", "words", "long", "many", "over", "role", "away")
"""Answers to an action that have a sentence on the page."""
KINDS: tuple[ActionKind, ...] = ("acknowledge", "explain", "close")
"""What a form asks for by name; anything else is a comment."""
DELIVERY_COLOURS = {"waiting": "yellow", "delivered": "grey", "dead": "orange"}

log = logging.getLogger("plumeline.console")


def view(context: Context) -> View:
    """Make the page; ``source``, ``state`` and ``alert`` narrow it."""
    source, state, chosen = (context.query.get(k) or "" for k in ("source", "state", "alert"))
    counts = parts.delivery_counts(context)
    try:
        found = list(context.console.outbox.alerts(ALERTS_MAX, source or None))
        asked = context.console.outbox.alert(chosen) if chosen and chosen not in {a.id for a in found} else None
    except Exception:
        return View({"head": h("section", h("h1", t("tab.alerts")), h("p", t("alerts.away")), cls="state broken")})
    rows = [a for a in found if not state or any(d.state == state for d in a.deliveries)]
    rows += [asked] if asked is not None else []
    rows.sort(key=lambda a: a.id != chosen)  # what a link leads to stands first, the others newest first
    said = context.query.get("said", "")
    try:
        episodes, away = _episodes(context, source), False
    except StoreAway:  # what was sent is known without it
        episodes, away = {}, True
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
        h("p", t(f"said.{said}"), cls="filter", role="status") if said in SAID and chosen not in {a.id for a in rows} else None,
    )
    if not rows:
        body = parts.quiet(t("alerts.none.filtered") if source or state else t("alerts.none"), link("./", t("tab.now"), " →"))
    else:
        ended = over([*found, *([asked] if asked is not None else [])])
        body = h("div", [_alert(context, a, episodes, chosen, over=a.id in ended) for a in rows], cls="alerts")
    more = h("p", t("list.newest", n=ALERTS_MAX), cls="rest") if len(found) >= ALERTS_MAX else None
    return View({"head": head, "list": h("section", body, more)}, away=away)


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


def brief(context: Context, row: AlertRow, *, over: bool) -> Markup:
    """Return an alert as one line for the page Now: when, first line, how its deliveries stand."""
    now_ms = context.now_ms
    return h(
        "article",
        h("div", words.clock(row.alert.time_ms, now_ms), cls="when"),
        h("div", parts.chip("grey" if over else _colour(row), _phase(row, over)), cls="who"),
        h("div", link(words.query("alerts", alert=row.alert.id), message(context, row)[0], cls="cover"), cls="title"),
        h("div", _stage(row, over), _known(row), _standing(row), cls="standing"),
        cls="brief",
        data_key=row.alert.id,
    )


def _alert(context: Context, row: AlertRow, episodes: dict[str, Episode], chosen: str, *, over: bool) -> Markup:
    now_ms = context.now_ms
    open_here = row.id == chosen
    title, body = message(context, row)
    episode = episodes.get(row.alert.thread)
    onward = [_subject(context, row)]
    if episode is not None:
        last = "/".join(
            (episode.source, episode.factor, episode.stat, episode.level, local_iso(episode.end_ms - episode.length_ms))
        )
        onward.insert(0, link(words.evidence_url(last), t("now.evidence"), " →"))
    summary = h(
        "summary",
        h("span", words.clock(row.alert.time_ms, now_ms, seconds=True), cls="when"),
        parts.chip("grey" if over else _colour(row), _phase(row, over)),
        h("b", title),
        h("span", _stage(row, over), _known(row), _standing(row), cls="standing"),
    )
    return h(
        "details",
        summary,
        h("pre", "\n".join(body), cls="message"),
        h("p", onward, cls="onward"),
        history(row, now_ms),
        form(row, context.query.get("said", "") if open_here else "", over=over),
        h("h4", t("alerts.deliveries")) if row.deliveries else None,
        [_told(d, now_ms) for d in row.deliveries] or parts.quiet(t("delivery.none")),
        h("p", t("alerts.key"), " ", h("code", row.alert.id), cls="quiet"),
        open=open_here,
        data_key=row.alert.id,
        cls="alert",
    )


def message(context: Context, row: AlertRow) -> tuple[str, Sequence[str]]:
    """Return an alert's first line and body: as kept, in English, or written anew from its facts in the spoken language."""
    if spoken() == "en":
        return row.title, row.body
    written = render(row.alert, context.console.registry(), "", spoken())
    return written.title, written.body


def _subject(context: Context, row: AlertRow) -> Markup:
    """Return the link to what an alert is about: a source, the silent ones of a county, or the pipeline for a gateway."""
    source = row.alert.source
    if source.startswith(COUNTY):
        return link(words.query("sources", state="silent"), t("alerts.silent"), " →")
    if source.startswith(GATEWAY):
        return link("pipeline", t("tab.pipeline"), " →")
    return link(words.source_url(source, factor=row.alert.factor), context.names.place(source), " →")


def history(row: AlertRow, now_ms: int) -> Markup | None:
    """Return what people did about an alert's subject, oldest first: who, when, in which words."""
    if not row.actions:
        return None
    return h(
        "ul",
        [
            h(
                "li",
                h("span", words.clock(a.time_ms, now_ms, seconds=True), cls="when"),
                h("span", h("b", a.who), " ", t(f"action.{a.kind}"), h("q", a.words) if a.words else None),
                data_key=a.id,
            )
            for a in row.actions
        ],
        cls="history",
    )


def form(row: AlertRow, said: str, *, over: bool) -> Markup:
    """Return the form to acknowledge (what is open and nobody has acknowledged) or to comment; ``said`` is the last answer's key."""
    can = row.acknowledged is None and not over and row.phase not in ("resolved", "withdrawn", "digest")
    can = can and not row.thread.startswith(MATTER)  # that rises until it is closed
    name, what = t("action.who"), t("action.words")
    return h(
        "form",
        h("p", t(f"said.{said}"), cls="said", role="status") if said in SAID else None,
        h("input", name="alert", value=row.id, type="hidden"),
        h("input", name="key", value=len(row.actions), type="hidden"),
        h("input", name="who", maxlength=WHO_MAX, required=True, autocomplete="name", placeholder=name, aria_label=name),
        h("input", name="words", maxlength=WORDS_MAX, autocomplete="off", placeholder=what, aria_label=what, cls="words"),
        h("button", t("action.acknowledge.do"), name="kind", value="acknowledge", cls="first") if can else None,
        h("button", t("action.comment.do"), name="kind", value="comment"),
        h("button", t("action.explain.do"), name="kind", value="explain") if _explainable(row) else None,
        h("button", t("action.close.do"), name="kind", value="close")
        if row.thread.startswith(MATTER) and _open(row, over)
        else None,
        h("small", t("action.acknowledge.means")) if can else None,
        action="alerts/act",
        method="post",
        cls="act",
    )


def act(context: Context, fields: Mapping[str, str]) -> str:
    """Do what a form of the page asks and return the address that shows it."""
    alert, said = fields.get("alert", ""), ""
    kind: ActionKind = next((k for k in KINDS if k == fields.get("kind")), "comment")
    try:
        who, what, key = (fields.get(name, "") for name in ("who", "words", "key"))
        context.console.outbox.act(alert, kind, who, what, context.now_ms, key, context.console.registry())
    except ActionRefused as refused:
        said = refused.reason
    except Exception:
        log.exception("an action was not kept")
        said = "away"
    return words.query("alerts", alert=alert, said=said or None)


def _explainable(row: AlertRow) -> bool:
    """Whether somebody may wait for an explanation: of an exceedance, of a silence, of a matter."""
    kind = row.alert.kind
    return kind.startswith(("exceedance.", "escalation.", "deadline.")) or kind in ("source.silent", "county.silent")


def _open(row: AlertRow, over: bool) -> bool:
    """Whether the matter of an alert that is not over is open."""
    return row.stage is not None and not over and row.phase not in ("resolved", "withdrawn")


def _stage(row: AlertRow, over: bool) -> Markup | None:
    if not _open(row, over):
        return None
    return parts.chip("red", t("alerts.stage", stage=row.stage, level=t(f"level.{row.stage}")))


def _known(row: AlertRow) -> Markup | None:
    if row.acknowledged is None:
        return None
    return parts.chip("grey", t("action.known", who=row.acknowledged.who))


def _told(delivery: DeliveryRow, now_ms: int) -> Markup:
    rows = [
        h(
            "tr",
            h("td", a.n, cls="num"),
            h("td", words.clock(a.time_ms, now_ms, seconds=True)),
            h("td", "—" if a.status is None else str(a.status), cls="num"),
            h("td", h("code", told(a.answer[:ANSWER_MAX])) if a.answer else None, cls="answer"),
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
        h("p", told(delivery.reason), cls="quiet") if delivery.reason else None,
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
