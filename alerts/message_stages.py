"""Stages of escalation, deadlines and gaps of a quarter in plain words; the lines of ``alerts.message``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.names import place
from alerts.texts import known

if TYPE_CHECKING:
    from alerts.message import View


def stage_words(view: View, facts: dict[str, Any], name: str = "stage") -> dict[str, str]:
    """Return the words of a stage: its number and whose it is."""
    stage = facts.get(name)
    return {"stage": str(view.or_unknown(stage)), "level": view.text(known(f"level.{stage}", "unknown"))}


def gap_line(view: View) -> str:
    """Return how a gap that is over counts in its quarter, "" where nobody asks."""
    facts = view.facts
    if "gap_n" not in facts:
        return ""
    values = {"length": view.span(facts["gap_s"]), "n": facts["gap_n"], "rule": view.clause(facts)}
    return view.text("gap.excused" if facts["gap_excused"] else "gap.counts", **values)


def stage_lines(view: View) -> list[str]:
    """Return what a matter's stage is, why, since when and what to do; that it fell, or was closed."""
    alert, facts = view.alert, view.facts
    stage, since = stage_words(view, facts), view.moment(facts.get("since"))
    why = view.text("stage.because", why=view.clause(facts))
    if alert.kind == "escalation.closed":
        closing = view.text("stage.closed", who=view.cut(facts.get("who")), words=view.cut(facts.get("words")))
        return [view.title("title.escalation.closed", **stage), closing, view.text("stage.since", since=since)]
    if alert.kind == "escalation.lapsed":
        key = "lowered" if facts.get("now") else "withdrawn"
        left = view.text("stage.now", **stage_words(view, facts, "now")) if facts.get("now") else view.text("stage.none")
        gone = view.text("stage.gone", why=view.clause(facts)) if facts.get("text") else view.text("stage.gone_episode")
        if facts.get("decided"):
            gone = _decided(view)
        return [view.title(f"title.escalation.{key}", **stage), gone, left, view.next("next.escalation.lapsed")]
    value = ""
    if facts.get("value") is not None:
        value = view.text("stage.value", **view.measure(facts), times_over=view.times_over())
    was = view.text("stage.was", since=since, **stage_words(view, facts, "was")) if facts.get("was") else ""
    rests_on = view.text("stage.rests_on", basis=view.cut(facts.get("rests_on"))) if facts.get("rests_on") else ""
    count = ""
    if facts.get("within"):
        key = known(f"stage.count.{facts.get('period')}", "stage.count.hour")
        count = view.text(key, n=facts.get("exceeding"), within=facts["within"])
    title = view.title("title.escalation.raised", **stage)
    found = _decided(view) if facts.get("decided") else ""
    return [
        title,
        why,
        found,
        value,
        count,
        was,
        rests_on,
        view.next(f"next.escalation.{facts.get('stage')}", "next.escalation.2"),
    ]


def _decided(view: View) -> str:
    """Return who confirmed or dismissed the finding that an alert is about."""
    facts = view.facts
    pattern = facts.get("pattern_zh" if view.language == "zh" else "pattern")
    values = {
        "who": view.cut(facts.get("who")),
        "pattern": view.cut(pattern),
        "day": facts.get("day"),
        "words": view.cut(facts.get("words")),
    }
    return view.text(known(f"stage.{facts['decided']}", "unknown"), **values)


def deadline_lines(view: View) -> list[str]:
    """Return which deadline of a silent source has passed, or of the sources of a storm."""
    facts = view.facts
    since = view.text("deadline.since", since=view.moment(facts.get("since")), due=view.moment(facts.get("due")))
    listed = ""
    if names := [place(view.registry, source, view.day, view.language) for source in facts.get("sources", [])]:
        key = "county.sources_more" if facts["silent"] > len(names) else "county.sources"
        listed = view.text(key, sources=view.text("list.by").join(names), more=facts["silent"] - len(names))
    rests_on = view.text("stage.rests_on", basis=view.cut(facts.get("rests_on"))) if facts.get("rests_on") else ""
    return [view.title("title.deadline.missed"), view.clause(facts), since, listed, rests_on, view.next("next.deadline")]
