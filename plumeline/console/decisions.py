"""What people decided about findings, on the pages Findings: its words, its history, the form to confirm or dismiss, and how rules fared."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args
from urllib.parse import quote

from markupsafe import Markup

from alerts.actions import WHO_MAX, WORDS_MAX, ActionRefused
from alerts.decisions import Decided, Decision
from plumeline import patterns
from plumeline.console import parts, words
from plumeline.console.html import h
from plumeline.console.shell import Context
from plumeline.texts import t
from processors.figures import Event

SAID = ("kept", "gone", "who", "words", "evidence", "long", "role", "many", "away")
"""What the page answers after the form."""
KEPT = ("who", "words", "evidence")
"""Fields of a form that was refused which the page shows again."""
log = logging.getLogger("plumeline.console")


def known(context: Context, source: str | None = None) -> list[Decision] | None:
    """Return the decisions about a source's findings, or about all, oldest first; None where the outbox does not answer."""
    try:
        return list(context.console.outbox.decisions(source))
    except Exception:
        log.exception("decisions were not read")
        return None


def chip(made: Decision | None) -> Markup:
    """Return how a finding stands."""
    state = "open" if made is None else made.decided
    return parts.chip("orange" if state == "confirmed" else "grey", t(f"decision.{state}"))


def section(context: Context, event: Event, pattern: str, made: Sequence[Decision]) -> Markup:
    """Return what was decided about a finding, oldest first, and the form to confirm or dismiss it; ``pattern`` is its rule's name."""
    now_ms, said = context.now_ms, context.query.get("said", "")
    told = [
        h(
            "li",
            h("span", words.clock(one.time_ms, now_ms), cls="when"),
            h(
                "span",
                t(f"decision.{one.decided}.by", who=one.who, pattern=pattern),
                h("q", one.words),
                h("small", " ", t("decision.evidence.of", text=one.evidence)) if one.evidence else None,
            ),
            data_key=one.id,
        )
        for one in made
    ]
    refused = said in SAID and said != "kept"
    kept = context.query if refused else {}
    body = h(
        "form",
        h("input", name="source", value=event.source, type="hidden"),
        h("input", name="finding", value=event.id, type="hidden"),
        h("input", name="key", value=len(made), type="hidden"),
        _field("who", h("input", name="who", value=kept.get("who", ""), maxlength=WHO_MAX, required=True, autocomplete="name")),
        _field(
            "words",
            h("input", name="words", value=kept.get("words", ""), maxlength=WORDS_MAX, required=True, autocomplete="off"),
        ),
        _field(
            "evidence", h("input", name="evidence", value=kept.get("evidence", ""), maxlength=WORDS_MAX, autocomplete="off")
        ),
        h(
            "div",
            h("button", t("decision.confirm"), name="decided", value="confirmed"),
            " ",
            h("button", t("decision.dismiss"), name="decided", value="dismissed"),
            cls="buttons",
        ),
        h("small", t("decision.means")),
        action="findings/decide",
        method="post",
        cls="act fields",
    )
    return parts.section(
        t("decision"),
        h("p", t(f"decision.said.{said}"), cls="said", role="status") if said in SAID else None,
        h("ul", told, cls="history") if told else h("p", t("decision.none"), cls="quiet"),
        body,
    )


def act(context: Context, fields: Mapping[str, str]) -> str:
    """Decide what the form asks and return the address that shows it."""
    source, identity, said = fields.get("source", ""), fields.get("finding", ""), "gone"
    decided: Decided | None = next((one for one in get_args(Decided) if one == fields.get("decided")), None)
    try:
        event = patterns.finding(context.console.store, identity)
        if event is not None and decided is not None:
            who, why, evidence, key = (fields.get(name, "") for name in (*KEPT, "key"))
            registry = context.console.registry()
            context.console.outbox.decide(event, decided, who, why, evidence, context.now_ms, key, registry=registry)
            said = "kept"
    except ActionRefused as refused:
        said = refused.reason
    except Exception:
        log.exception("a decision was not kept")
        said = "away"
    again = {} if said == "kept" else {name: fields[name] for name in KEPT if fields.get(name)}
    return words.query("findings/" + quote(source, safe=""), finding=identity, said=said, **again)


def scores(found: Iterable[Event], decided: Mapping[str, Decision], names: Mapping[str, str]) -> Markup:
    """Return the table of how people judged each rule's findings, by which its thresholds are tuned; empty before the first decision."""
    if not decided:
        return Markup()
    rows = []
    for score in patterns.scores(found, decided):
        share = score.confirmed_pct
        counts = (score.told, score.confirmed, score.dismissed, "—" if share is None else f"{words.number(round(share, 0))} %")
        cells = [h("td", h("b", score.rule)), h("td", names.get(score.rule, "")), *(h("td", str(n), cls="num") for n in counts)]
        rows.append(h("tr", cells, data_key=score.rule))
    keys = ("findings.rule", "findings.pattern", "scores.told", "decision.confirmed", "decision.dismissed", "scores.share")
    heads = [t(key, days=patterns.DAYS) for key in keys]
    return parts.section(t("scores"), h("p", t("scores.about"), cls="quiet"), parts.table(heads, rows))


def _field(name: str, field: Markup) -> Markup:
    return h("label", h("span", t(f"decision.{name}")), field, cls="long" if name in KEPT[1:] else None)
