"""Deadlines of silent sources: reported in time, repaired in time, and which gaps of a quarter are excused.

They are part of the silence's thread, and in a storm of the storm's: one message for all of a county whose deadline passes together. The
state's records are the timers ``deadline/<source>/<id>`` and ``gaps/<source>`` with the gaps of a quarter.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from alerts import timers
from alerts.alert import Alert, State, alert_id, forget
from alerts.silences import COUNTY, STORM_JOIN_MS, STORM_NAMES_MAX
from ingest.registry import LEVELS, Deadline, Escalation, GapRule, Holiday
from processors.escalation import sentences
from processors.figures import DAY_MS, HOUR_MS, OFFSET_MS, Event, epoch_ms, local, local_iso
from processors.rules.ladder import excused, last_working_day

GAPS_MAX = 20_000
"""Sources whose gaps of a quarter are remembered; the one whose last gap is oldest is forgotten first."""
GAPS_QUARTER_MAX = 1_000
"""Gaps of one source and quarter that are remembered."""


def watch(state: State, event: Event, ladder: Escalation, holidays: tuple[Holiday, ...]) -> None:
    """Watch the deadlines of a source that has fallen silent."""
    began = event.facts.get("last") or event.facts.get("since")
    began_ms = epoch_ms(datetime.fromisoformat(began)) if began else event.time_ms
    for deadline in ladder.deadline:
        at_ms = due_ms(began_ms, deadline, holidays)
        facts = {"rule": deadline.id, "stage": LEVELS.index(deadline.stage), "since": began, "due": local_iso(at_ms)}
        about = {"source": event.source, "until": deadline.until, "facts": {**facts, **sentences(deadline)}}
        timers.start(state, f"deadline/{event.source}/{deadline.id}", at_ms, about)


def due_ms(began_ms: int, deadline: Deadline, holidays: tuple[Holiday, ...]) -> int:
    """Return when a deadline passes: so many hours after it began, or at the end of its last working day."""
    if deadline.hours is not None:
        return began_ms + deadline.hours * HOUR_MS
    working = {holiday.day: holiday.working == "yes" for holiday in holidays}
    last = last_working_day(local(began_ms).date(), deadline.working_days or 1, working)
    return (last - date(1970, 1, 1)).days * DAY_MS + DAY_MS - OFFSET_MS


def reported(state: State, thread: str, source: str) -> None:
    """Take in that a gap was reported and explained; on a storm's thread those of all its sources."""
    for name in _of_storm(state, thread) if thread.startswith("storm/") else [source]:
        timers.drop(state, f"deadline/{name}/", until="explained")


def ended(state: State, event: Event, run: dict[str, Any], alerts: list[Alert], rule: GapRule | None) -> list[Alert]:
    """Take in that a silence is over: its deadlines with it. Return its alerts, with how the gap counts in its quarter."""
    timers.drop(state, f"deadline/{event.source}/")
    began = run["since"]
    if rule is None or not began or event.kind != "source.on_time":
        return alerts
    began_ms = epoch_ms(datetime.fromisoformat(began))
    gap_ms, day = event.time_ms - began_ms, local(began_ms)
    if gap_ms < rule.hours_min * HOUR_MS:
        return alerts
    key, quarter = f"gaps/{event.source}", f"{day.year}Q{(day.month + 2) // 3}"
    known = state.get(key, {})
    lengths = [*(known["gaps"] if known.get("quarter") == quarter else []), gap_ms][:GAPS_QUARTER_MAX]
    state[key] = {"quarter": quarter, "gaps": lengths, "time_ms": event.time_ms}
    forget(state, "gaps/", GAPS_MAX)
    hours = [Fraction(length, HOUR_MS) for length in lengths]
    granted = excused(hours, hours_max=rule.hours_max, per_quarter=rule.per_quarter)[-1]
    gap = {"gap_s": gap_ms // 1000, "gap_n": len(lengths), "gap_excused": granted, **sentences(rule)}
    return [replace(alert, facts={**alert.facts, **gap}) if alert.source == event.source else alert for alert in alerts]


def due(state: State, name: str, at_ms: int, about: dict[str, Any]) -> list[Alert]:
    """Tell a deadline that has passed; in a storm, wait for those of its other sources that pass soon, and tell them as one."""
    source, rule = about["source"], about["facts"]["rule"]
    run = state.get(f"silence/{source}")
    if run is None:
        return []
    storm = state.get(f"storm/{run.get('county')}") if run.get("standing") == "storm" else None
    if storm is None:
        state[f"silence/{source}"] = {**run, "stage": max(run.get("stage", 0), about["facts"]["stage"])}
        return [_missed(source, run["thread"], about["facts"], name, at_ms)]
    soon = {n: t for n, t in _same(state, run["county"], rule).items() if t <= at_ms + STORM_JOIN_MS}
    if soon and not about.get("waited"):
        timers.start(state, name, max(soon.values()), {**about, "waited": True})
        return []
    together = sorted([source, *(n.split("/")[1] for n, t in soon.items() if t <= at_ms)])
    for other in together:
        timers.drop(state, f"deadline/{other}/{rule}")
    state[f"storm/{run['county']}"] = {**storm, "stage": max(storm.get("stage", 0), about["facts"]["stage"])}
    facts = {**about["facts"], "sources": together[:STORM_NAMES_MAX], "silent": len(together)}
    return [_missed(f"{COUNTY}{run['county']}", storm["thread"], facts, name, at_ms)]


def _same(state: State, county: str, rule: str) -> dict[str, int]:
    """Return the running timers of a deadline whose sources are in a county's storm."""
    running: dict[str, int] = state.get("timers", {})
    own = {n: t for n, t in running.items() if n.startswith("deadline/") and n.endswith(f"/{rule}")}
    return {n: t for n, t in own.items() if _in_storm(state, n.split("/")[1], county)}


def _of_storm(state: State, thread: str) -> list[str]:
    county = thread.rpartition("/")[0].removeprefix("storm/")
    names = [key.removeprefix("silence/") for key in state if key.startswith("silence/")]
    return [name for name in names if _in_storm(state, name, county)]


def _in_storm(state: State, source: str, county: str) -> bool:
    run = state.get(f"silence/{source}", {})
    return run.get("standing") == "storm" and run.get("county") == county


def _missed(source: str, thread: str, facts: dict[str, Any], cause: str, at_ms: int) -> Alert:
    return Alert(
        id=alert_id(f"{cause}\n{at_ms}\n{thread}", "update"),
        kind="deadline.missed",
        thread=thread,
        phase="update",
        severity="orange",
        source=source,
        factor=None,
        time_ms=at_ms,
        events=(cause,),
        facts=facts,
    )
