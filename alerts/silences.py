"""Silent sources become alerts: one each, or one for a county where many fall silent together (a storm).

A silence is held for ``STORM_WITHIN_MS`` of the log's time before it is told, to see whether others of its county follow; one that
ends within that time is not told. What is told is a function of the events and their times alone. The state's records are
``silence/<source>``, ``storm/<county>``, and ``held`` with the time at which each held silence is due.
"""

from __future__ import annotations

from typing import Any

from alerts.alert import Alert, Phase, State, alert_id, alert_of, forget
from processors.figures import MINUTE_MS, Event, local_iso

STORM_SOURCES = 5
"""Sources of one county that fall silent within ``STORM_WITHIN_MS`` and are told as one."""
STORM_WITHIN_MS = 2 * MINUTE_MS
"""How long a silence is held before it is told."""
STORM_JOIN_MS = 30 * MINUTE_MS
"""How long after a storm was told a further source of its county joins it without a word."""
STORM_OVER_SHARE = 5
"""A storm is over when one in so many of its sources is silent still, and fewer than ``STORM_SOURCES``."""
STORM_NAMES_MAX = 20
"""Sources that the message about a storm names; more are counted."""
SILENCES_MAX = 20_000
"""Silences remembered; beyond it the oldest is forgotten, told first where it is held."""

KIND = "county.silent"
COUNTY = "county:"
"""What stands before a county's name where an alert is about a county instead of a source."""
_HELD, _STORM, _TOLD = "held", "storm", "told"


def fell_silent(state: State, event: Event, county: str) -> list[Alert]:
    """Take in that a source is silent; without a county it is told at once."""
    key = f"silence/{event.source}"
    if key in state:
        return []
    since = event.facts.get("last") or event.facts.get("since")
    thread = f"{key}/{event.facts.get('since') or event.id}"
    record = {"thread": thread, "time_ms": event.time_ms, "since": since, "county": county, "standing": _TOLD}
    state[key] = record
    storm = state.get(f"storm/{county}")
    if not county:
        alerts = [alert_of(event, thread, "opened", "orange")]
    elif storm is not None and event.time_ms < storm["joins_until_ms"]:
        state[key], alerts = {**record, "standing": _STORM, "event": _kept(event)}, []
        state[f"storm/{county}"] = {**storm, "silent": storm["silent"] + 1, "total": storm["total"] + 1}
    else:
        state[key], alerts = {**record, "event": _kept(event)}, []
        _hold(state, event.source, event.time_ms)
    for forgotten, old in forget(state, "silence/", SILENCES_MAX):
        alerts += _forgotten(state, forgotten.removeprefix("silence/"), old)
    return alerts


def ended(state: State, event: Event) -> list[Alert]:
    """Take in that a source reports again or is declared stopped."""
    run = state.pop(f"silence/{event.source}", None)
    if run is None:
        return []
    if run.get("standing") == _HELD:
        _release(state, event.source)
        return []
    if run.get("standing") == _STORM:
        return _left(state, run["county"], event)
    return [alert_of(event, run["thread"], "resolved", "orange", silent_since=run["since"], stage=run.get("stage"))]


def next_due_ms(state: State) -> int | None:
    """Return when the oldest held silence is to be told, None where none is held."""
    held = state.get("held")
    return min(held.values()) if held else None


def tell_oldest(state: State) -> list[Alert]:
    """Tell the oldest held silence, or with it the storm that its county is in."""
    held = state["held"]
    due_ms, source = min((due_ms, source) for source, due_ms in held.items())
    county = state[f"silence/{source}"]["county"]
    group = sorted(s for s in held if state[f"silence/{s}"]["county"] == county)
    if len(group) < STORM_SOURCES:
        return [_told_alone(state, source, due_ms)]
    return _storm(state, county, group, due_ms)


def _hold(state: State, source: str, from_ms: int) -> None:
    key = f"silence/{source}"
    state[key] = {**state[key], "standing": _HELD}
    state["held"] = {**state.get("held", {}), source: from_ms + STORM_WITHIN_MS}


def _release(state: State, *sources: str) -> None:
    held = {source: due_ms for source, due_ms in state["held"].items() if source not in sources}
    if held:
        state["held"] = held
    else:
        del state["held"]


def _told_alone(state: State, source: str, at_ms: int) -> Alert:
    _release(state, source)
    record = dict(state[f"silence/{source}"])
    event = _event(source, record.pop("event"), at_ms)
    state[f"silence/{source}"] = {**record, "standing": _TOLD}
    return alert_of(event, record["thread"], "opened", "orange")


def _storm(state: State, county: str, group: list[str], at_ms: int) -> list[Alert]:
    """Tell a county's held silences as one; a storm that grows after its time of joining is told as grown."""
    key = f"storm/{county}"
    new = {"thread": f"{key}/{local_iso(at_ms)}", "time_ms": at_ms, "silent": 0, "total": 0, "sources": [], "since": None}
    phase: Phase = "update" if key in state else "opened"
    storm = state.get(key, new)
    _release(state, *group)
    runs = [state[f"silence/{source}"] for source in group]
    for source, run in zip(group, runs, strict=True):
        state[f"silence/{source}"] = {**run, "standing": _STORM}
    since = min((run["since"] for run in runs if run["since"]), default=None)
    state[key] = {
        **storm,
        "silent": storm["silent"] + len(group),
        "total": storm["total"] + len(group),
        "sources": (storm["sources"] + group)[:STORM_NAMES_MAX],
        "since": storm["since"] or since,
        "joins_until_ms": at_ms + STORM_JOIN_MS,
    }
    if storm.get("acknowledged"):
        return []
    first, *_ = events = [run["event"]["id"] for run in runs][:STORM_NAMES_MAX]
    return [_about(county, state[key], phase, at_ms, first, events)]


def _left(state: State, county: str, event: Event) -> list[Alert]:
    """Count a source out of its county's storm; with few left it is over, and those are held anew, each for itself."""
    key = f"storm/{county}"
    storm = {**state[key], "silent": state[key]["silent"] - 1}
    state[key] = storm
    if storm["silent"] > min(storm["total"] // STORM_OVER_SHARE, STORM_SOURCES - 1):
        return []
    del state[key]
    rest = sorted(
        name.removeprefix("silence/")
        for name, run in state.items()
        if name.startswith("silence/") and run.get("standing") == _STORM and run["county"] == county
    )
    for source in rest:
        _hold(state, source, event.time_ms)
    return [_about(county, {**storm, "sources": rest}, "resolved", event.time_ms, event.id, [event.id])]


def _forgotten(state: State, source: str, run: dict[str, Any]) -> list[Alert]:
    """Nothing is lost with a record that is forgotten: a held silence is told, a storm counts without it."""
    key = f"storm/{run.get('county')}"
    if run.get("standing") == _HELD:
        _release(state, source)
        return [alert_of(_event(source, run["event"], run["time_ms"]), run["thread"], "opened", "orange")]
    if run.get("standing") == _STORM and key in state:
        state[key] = {**state[key], "silent": state[key]["silent"] - 1}
    return []


def _about(county: str, storm: dict[str, Any], phase: Phase, at_ms: int, cause: str, events: list[str]) -> Alert:
    facts: dict[str, Any] = {n: storm[n] for n in ("silent", "total", "sources", "since", "stage") if n in storm}
    return Alert(
        id=alert_id(f"{cause}\n{KIND}\n{at_ms}", phase),
        kind=KIND,
        thread=storm["thread"],
        phase=phase,
        severity="orange",
        source=f"{COUNTY}{county}",
        factor=None,
        time_ms=at_ms,
        events=tuple(events),
        facts={"county": county, **facts},
    )


def _kept(event: Event) -> dict[str, Any]:
    return {"id": event.id, "facts": event.facts}


def _event(source: str, kept: dict[str, Any], at_ms: int) -> Event:
    return Event(kept["id"], "source.silent", source, None, at_ms, True, kept["facts"])
