"""Silence against a source's own cadence: on time, late, silent, stopped as declared, never seen, blind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ingest.registry import Source
from processors.figures import Event, SourceState, local_iso

LATE_CADENCES, LATE_MS_MIN = 3, 60_000
"""A source is late when the time its newest reading covers ended three cadences, and at least a minute, ago."""
SILENT_CADENCES, SILENT_MS_MIN = 10, 600_000
"""It is silent, and someone is called, after ten cadences and at least ten minutes, unless its row names another time."""
BLIND_MS = 60_000
"""Distance between two ticks of one gateway from which on its sources could not be seen in between."""
TICK_AHEAD_MS = 300_000
"""A tick this far ahead of the other gateways' is refused."""


@dataclass(slots=True)
class Watch:
    """Liveness of all sources, moved by newest readings and by ticks."""

    states: dict[str, SourceState] = field(default_factory=dict)
    ticks: dict[str, int] = field(default_factory=dict)
    sighted_ms: dict[str, int] = field(default_factory=dict)
    now_ms: int | None = None
    refused: set[str] = field(default_factory=set)

    def tick(self, gateway: str, time_ms: int) -> tuple[bool, list[Event]]:
        """Take in a gateway's tick; return whether it counts, and what it tells.

        ``sighted_ms`` of a gateway is since when its ticks come without a hole; silence is measured from there at the earliest.
        """
        others = [t for g, t in self.ticks.items() if g != gateway]
        if others and time_ms > max(others) + TICK_AHEAD_MS:
            if gateway in self.refused:
                return False, []
            self.refused.add(gateway)
            text = f"gateway {gateway} says {local_iso(time_ms)}, the others {local_iso(max(others))}: its ticks are refused"
            return False, [_finding("tick.refused", f"gateway:{gateway}", time_ms, max(others), {"text": text})]
        self.refused.discard(gateway)
        last = self.ticks.get(gateway)
        events: list[Event] = []
        if last is None:
            self.sighted_ms[gateway] = time_ms
        elif time_ms > last + BLIND_MS:
            self.sighted_ms[gateway] = time_ms
            facts = {
                "state": "blind",
                "since": local_iso(last),
                "until": local_iso(time_ms),
                "last": local_iso(last),
                "cause": "gateway",
            }
            facts["text"] = (
                f"no tick from gateway {gateway} between {local_iso(last)} and {local_iso(time_ms)}: nothing was seen then"
            )
            events.append(_finding("source.blind", f"gateway:{gateway}", last, time_ms, facts))
        self.ticks[gateway] = max(time_ms, last or time_ms)
        self.now_ms = max(self.now_ms or time_ms, time_ms)
        return True, events

    def heard(self, source: str, time_ms: int, received_ms: int, skew_ms: int | None) -> None:
        """Note the newest reading of a source."""
        old = self.states.get(source) or SourceState(source, "never seen", None, None, None, None)
        self.states[source] = replace(
            old,
            last_ms=max(time_ms, old.last_ms or time_ms),
            received_ms=max(received_ms, old.received_ms or received_ms),
            skew_ms=skew_ms if skew_ms is not None else old.skew_ms,
        )

    def judge(self, sources: dict[str, Source], stopped: set[str]) -> tuple[list[Event], list[SourceState]]:
        """Judge every registered source at the newest tick; return what changed. ``stopped`` are declared stopped at that time."""
        if self.now_ms is None:
            return [], []
        sighted = min(self.sighted_ms.values())
        events: list[Event] = []
        changed: list[SourceState] = []
        for name, row in sources.items():
            old = self.states.get(name) or SourceState(name, "never seen", None, None, None, None)
            new = self._state(old, row, stopped, sighted)
            if new.state == old.state and name in self.states:
                continue
            self.states[name] = new
            changed.append(new)
            event = _told(old, new, row, self.now_ms)
            if event is not None:
                events.append(event)
        return events, changed

    def _state(self, old: SourceState, row: Source, stopped: set[str], sighted: int) -> SourceState:
        if old.last_ms is None:
            return replace(old, state="never seen")
        cadence_ms = row.cadence_s * 1000
        covered_until = old.last_ms + cadence_ms
        age = (self.now_ms or 0) - max(covered_until, sighted)
        silent_after = (
            max(SILENT_CADENCES * cadence_ms, SILENT_MS_MIN) if row.silent_after_s is None else row.silent_after_s * 1000
        )
        if age <= min(max(LATE_CADENCES * cadence_ms, LATE_MS_MIN), silent_after):
            state, since = "on time", old.last_ms
        elif row.source in stopped:
            state, since = "stopped", covered_until
        else:
            state, since = ("silent" if age > silent_after else "late"), covered_until
        return old if state == old.state else replace(old, state=state, since_ms=since)


def _told(old: SourceState, new: SourceState, row: Source, now_ms: int) -> Event | None:
    if new.state == "never seen" or (new.state == "on time" and old.state in ("never seen", "on time")):
        return None
    since = new.since_ms or now_ms
    facts: dict[str, Any] = {
        "state": new.state,
        "before": old.state,
        "since": local_iso(old.since_ms if new.state == "on time" and old.since_ms else since),
        "last": None if new.last_ms is None else local_iso(new.last_ms),
        "until": local_iso(now_ms),
        "cadence_s": row.cadence_s,
        "cause": "device",
        "run": local_iso(old.since_ms if new.state == "on time" and old.since_ms else since),
    }
    kind = "source." + new.state.replace(" ", "_")
    return _finding(kind, new.source, old.since_ms if new.state == "on time" and old.since_ms else since, now_ms, facts)


def _finding(kind: str, source: str, since_ms: int, now_ms: int, facts: dict[str, Any]) -> Event:
    return Event(f"{kind}/{source}/{local_iso(since_ms)}", kind, source, None, now_ms, True, facts)
