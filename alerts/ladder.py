"""Matters: what rises to county, city and province, why, and how it ends.

A matter is of one source and factor. Reasons raise it (the engine's, by hours and days; those by time alone are timers here), each stage
is told once, a reason that late data take away lowers or withdraws it, and a person closes it. A finding of screening that a person
confirmed is a reason too, until one dismisses it. The state's records are
``matter/<source>/<factor>`` and the timers ``unacknowledged/…``, ``unexplained/…``, ``open/…``, ``pattern/…`` and ``closed/…``.
"""

from __future__ import annotations

from typing import Any

from alerts import timers
from alerts.alert import Alert, Phase, State, alert_id, forget
from ingest.registry import LEVELS, Escalation
from processors.escalation import sentences
from processors.figures import HOUR_MS, Event, local_iso

MATTER = "matter/"
"""What stands before source and factor in a matter's key, and its thread."""
MATTERS_MAX = 20_000
"""Open matters remembered; beyond it the oldest is forgotten."""
REASONS_MAX = 200
"""Reasons of one matter remembered; beyond it those that do not raise its stage are not."""
COUNTY_STAGE = LEVELS.index("county")
"""Stage of a reason that does not say one."""
BY_TIME = ("unacknowledged", "unexplained")
"""What an exceedance is watched for from when it is told, by the kind of rule."""
TOLD = ("value", "unit", "limit", "limit_id", "stat", "hour_start", "hour_end", "times_over", "basis")
"""Facts of an exceedance that a reason by time keeps for its message."""


def raised(state: State, event: Event, ladder: Escalation) -> list[Alert]:
    """Take in a reason that the engine found."""
    facts = {"stage": COUNTY_STAGE, "reason": event.id, **event.facts}
    return _rise(state, event.source, event.factor or "", facts, event.id, event.time_ms, ladder)


def lapsed(state: State, event: Event) -> list[Alert]:
    """Take in that a rebuild took a reason away; one that was never told says nothing."""
    return _fall(state, event, {str(event.facts.get("reason"))})


def watch(state: State, event: Event, episode: str, ladder: Escalation) -> None:
    """Watch an exceedance that was told just now for its acknowledgement and its explanation."""
    for rule in ladder.rule:
        if rule.when in BY_TIME and rule.hours is not None:
            facts = {name: event.facts.get(name) for name in TOLD} | sentences(rule)
            facts |= {"rule": rule.id, "stage": LEVELS.index(rule.stage), "reason": f"{rule.id}/{episode}"}
            about = {"source": event.source, "factor": event.factor or "", "facts": facts}
            timers.start(state, f"{rule.when}/{episode}/{rule.id}", event.time_ms + rule.hours * HOUR_MS, about)


def ended(state: State, episode: str) -> None:
    """Take in that an exceedance is over: nobody has to acknowledge it any more; its explanation is still wanted."""
    timers.drop(state, f"unacknowledged/{episode}/")


def withdrawn(state: State, event: Event, episode: str) -> list[Alert]:
    """Take in that an exceedance never was: nothing is wanted, and what it raised by time alone falls."""
    for when in BY_TIME:
        timers.drop(state, f"{when}/{episode}/")
    matter = state.get(_key(event.source, event.factor or ""), {"reasons": {}})
    return _fall(state, event, {reason for reason in matter["reasons"] if reason.endswith(f"/{episode}")})


def acknowledged(state: State, thread: str) -> None:
    """Take in that somebody takes care of an exceedance."""
    timers.drop(state, f"unacknowledged/{thread}/")


def explained(state: State, thread: str, source: str, factor: str) -> None:
    """Take in that an exceedance, or all that a matter is about, was explained."""
    if thread.startswith(MATTER):
        timers.drop(state, "unexplained/", source=source, factor=factor)
    else:
        timers.drop(state, f"unexplained/{thread}/")


def closed(state: State, thread: str, source: str, factor: str, who: str, words: str) -> bool:
    """Close a matter, and with it what its exceedances waited for; it is told at the next tick. False where this matter is not open."""
    matter = state.get(_key(source, factor))
    if matter is None or matter["thread"] != thread:
        return False
    _forget(state, source, factor)
    for when in BY_TIME:
        timers.drop(state, f"{when}/", source=source, factor=factor)
    facts = {"stage": matter["stage"], "since": matter["since"], "who": who, "words": words}
    timers.start(state, f"closed/{thread}", 0, {"source": source, "factor": factor, "thread": thread, "facts": facts})
    return True


def decided(state: State, source: str, factor: str, told: dict[str, Any]) -> None:
    """Take in what a person decided about a finding of screening; what it raises, or takes back, is told at the next tick."""
    timers.start(state, f"pattern/{told['finding']}", 0, {"source": source, "factor": factor, "facts": told})


def due(state: State, name: str, due_ms: int, about: dict[str, Any], now_ms: int, ladder: Escalation) -> list[Alert]:
    """Do what a timer of this module is for."""
    source, factor, facts = about["source"], about["factor"], about["facts"]
    if name.startswith("closed/"):
        return [_alert("closed", "resolved", about["thread"], source, factor, facts, name, now_ms)]
    if name.startswith("pattern/"):
        return _pattern(state, source, factor, facts, now_ms, ladder)
    return _rise(state, source, factor, facts, f"{name}/{due_ms}", due_ms, ladder)


def stage_of(state: State, source: str, factor: str | None) -> int | None:
    """Return the stage of the open matter of a source and factor."""
    matter = state.get(_key(source, factor or ""))
    return None if matter is None else int(matter["stage"])


def _pattern(state: State, source: str, factor: str, told: dict[str, Any], at_ms: int, ladder: Escalation) -> list[Alert]:
    """Raise what a confirmed finding is reason for; a dismissed one is reason for nothing any more."""
    alerts: list[Alert] = []
    if told["decided"] == "confirmed":
        for rule in (rule for rule in ladder.rule if rule.when == "pattern"):
            facts = {**told, **sentences(rule), "rule": rule.id, "stage": LEVELS.index(rule.stage)}
            facts["reason"] = f"{rule.id}/{told['finding']}"
            alerts += _rise(state, source, factor, facts, f"{rule.id}/{told['decision']}", at_ms, ladder)
        return alerts
    matter = state.get(_key(source, factor), {"reasons": {}})
    gone = {reason for reason in matter["reasons"] if reason.endswith(f"/{told['finding']}")}
    return _fall(state, Event(told["decision"], "escalation.lapsed", source, factor or None, at_ms, True, told), gone)


def _rise(
    state: State, source: str, factor: str, facts: dict[str, Any], cause: str, at_ms: int, ladder: Escalation
) -> list[Alert]:
    key, stage = _key(source, factor), facts["stage"]
    fresh = {"thread": f"{key}/{local_iso(at_ms)}", "time_ms": at_ms, "since": local_iso(at_ms), "stage": 0, "reasons": {}}
    matter = state.get(key, fresh)
    was, reasons = matter["stage"], matter["reasons"]
    if facts["reason"] in reasons or (stage <= was and len(reasons) >= REASONS_MAX):
        return []
    state[key] = {**matter, "stage": max(was, stage), "reasons": {**reasons, facts["reason"]: stage}}
    if not was:
        _watch_open(state, key, source, factor, at_ms, ladder)
        for forgotten, _ in forget(state, MATTER, MATTERS_MAX):
            timers.drop(state, f"open/{forgotten}/")
    if stage <= was:
        return []
    told = {**facts, "was": was, "since": matter["since"]}
    return [_alert("raised", "update" if was else "opened", matter["thread"], source, factor, told, cause, at_ms)]


def _fall(state: State, event: Event, gone: set[str]) -> list[Alert]:
    source, factor = event.source, event.factor or ""
    matter = state.get(_key(source, factor))
    if matter is None or not gone & matter["reasons"].keys():
        return []
    left = {reason: stage for reason, stage in matter["reasons"].items() if reason not in gone}
    if all(reason.startswith("open/") for reason in left):  # it was open for reasons that are all gone
        left = {}
    was, stage = matter["stage"], max(left.values(), default=0)
    state[_key(source, factor)] = {**matter, "stage": stage, "reasons": left}
    if stage == was:
        return []
    if not stage:
        _forget(state, source, factor)
    told = {**event.facts, "stage": was, "now": stage, "since": matter["since"]}
    phase: Phase = "update" if stage else "withdrawn"
    return [_alert("lapsed", phase, matter["thread"], source, factor, told, event.id, event.time_ms)]


def _watch_open(state: State, key: str, source: str, factor: str, at_ms: int, ladder: Escalation) -> None:
    for rule in ladder.rule:
        if rule.when == "open" and rule.hours is not None:
            facts = {"rule": rule.id, "stage": LEVELS.index(rule.stage), "reason": f"open/{rule.id}", **sentences(rule)}
            about = {"source": source, "factor": factor, "facts": facts}
            timers.start(state, f"open/{key}/{rule.id}", at_ms + rule.hours * HOUR_MS, about)


def _forget(state: State, source: str, factor: str) -> None:
    del state[_key(source, factor)]
    timers.drop(state, f"open/{_key(source, factor)}/")


def _alert(
    what: str, phase: Phase, thread: str, source: str, factor: str, facts: dict[str, Any], cause: str, at_ms: int
) -> Alert:
    kind = f"escalation.{what}"
    return Alert(
        id=alert_id(f"{cause}\n{kind}\n{thread}", phase),
        kind=kind,
        thread=thread,
        phase=phase,
        severity="red",
        source=source,
        factor=factor or None,
        time_ms=at_ms,
        events=(cause,),
        facts=facts,
    )


def _key(source: str, factor: str) -> str:
    return f"{MATTER}{source}/{factor}"
