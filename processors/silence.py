"""Silence against a source's own cadence: on time, late, silent, stopped as declared, never seen, blind."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.log import partition_of
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
    """Liveness of all sources, moved by newest readings and by ticks.

    A source is judged at a tick only where its state can have changed: its time ran out (``_runs_out``, a heap), it was heard while
    it was not on time, it is or was declared stopped, or nothing was judged yet. ``newest`` is (time, receipt) of what was heard.
    """

    states: dict[str, SourceState] = field(default_factory=dict)
    ticks: dict[str, int] = field(default_factory=dict)
    sighted_ms: dict[str, int] = field(default_factory=dict)
    now_ms: int | None = None
    refused: set[str] = field(default_factory=set)
    _newest: dict[str, tuple[int, int]] = field(default_factory=dict)
    _skews: dict[str, int] = field(default_factory=dict)
    _heard: set[str] = field(default_factory=set)
    _fresh: set[str] = field(default_factory=set)
    _stopped: set[str] = field(default_factory=set)
    _runs_out: list[tuple[int, str]] = field(default_factory=list)
    _judged: bool = False

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

    def heard(self, source: str, time_ms: int, received_ms: int) -> None:
        """Note a source's newest reading."""
        known = self._newest.get(source)
        if known is None or (time_ms >= known[0] and received_ms >= known[1]):
            self._newest[source] = (time_ms, received_ms)
        else:
            self._newest[source] = (max(time_ms, known[0]), max(received_ms, known[1]))
        self._heard.add(source)
        state = self.states.get(source)
        if state is None or state.state != "on time":
            self._fresh.add(source)

    def skewed(self, source: str, skew_ms: int) -> None:
        """Note by how much a source's clock differs from the gateway's."""
        self._skews[source] = skew_ms
        self._heard.add(source)

    def collect(self) -> list[SourceState]:
        """Return the states of the sources that were heard since the last call."""
        heard, self._heard = sorted(self._heard), set()
        return [self._known(source) for source in heard]

    def judge(self, sources: dict[str, Source], stopped: set[str]) -> tuple[list[Event], list[SourceState]]:
        """Judge sources at the newest tick; return what changed. ``stopped`` are declared stopped at that time."""
        if self.now_ms is None:
            return [], []
        names = stopped | self._stopped | self._fresh
        self._stopped, self._fresh = stopped, set()
        if not self._judged:
            names, self._judged = set(sources), True
        sighted = min(self.sighted_ms.values())
        while self._runs_out and self._runs_out[0][0] < self.now_ms:
            name = heapq.heappop(self._runs_out)[1]
            newest = self._newest.get(name)
            if newest is not None and name in sources and self._state_of(name) == "on time":
                row = sources[name]  # what was heard since may well have moved its time on
                later = max(newest[0] + row.cadence_s * 1000, sighted) + _late_after_ms(row)
                if later >= self.now_ms:
                    heapq.heappush(self._runs_out, (later, name))
                    continue
            names.add(name)
        events: list[Event] = []
        changed: list[SourceState] = []
        for name in sorted(names & sources.keys()):
            row, old = sources[name], self._known(name)
            new, runs_out = self._state(old, row, stopped, sighted)
            if runs_out is not None:
                heapq.heappush(self._runs_out, (runs_out, name))
            if new.state == old.state and name in self.states:
                continue
            self.states[name] = new
            changed.append(new)
            event = _told(old, new, row, self.now_ms)
            if event is not None:
                events.append(event)
        return events, changed

    def _state_of(self, source: str) -> str:
        state = self.states.get(source)
        return "never seen" if state is None else state.state

    def _known(self, source: str) -> SourceState:
        """Return a source's state with what was heard since it was judged."""
        old = self.states.get(source) or SourceState(source, "never seen", None, None, None, None)
        heard = self._newest.pop(source, None)
        skew = self._skews.pop(source, old.skew_ms)
        if heard is not None or skew != old.skew_ms:
            last, received = heard or (old.last_ms, old.received_ms)
            if old.last_ms is not None and last is not None and received is not None:
                last, received = max(last, old.last_ms), max(received, old.received_ms or received)
            old = self.states[source] = replace(old, last_ms=last, received_ms=received, skew_ms=skew)
        return old

    def _state(self, old: SourceState, row: Source, stopped: set[str], sighted: int) -> tuple[SourceState, int | None]:
        """Return the state now, and when its time runs out; only a reading makes a silent source be on time again."""
        if old.last_ms is None:
            return replace(old, state="never seen"), None
        now, cadence_ms = self.now_ms or 0, row.cadence_s * 1000
        covered_until = old.last_ms + cadence_ms
        seen_until = max(covered_until, sighted)
        silent_after, late_after = _silent_after_ms(row), _late_after_ms(row)
        trusted = seen_until if old.state in ("on time", "never seen") else covered_until
        runs_out: int | None = None
        if now - trusted <= late_after:
            state, since, runs_out = "on time", old.last_ms, trusted + late_after
        elif row.source in stopped:
            state, since = "stopped", covered_until
        elif now - seen_until > silent_after or old.state == "silent":
            state, since = "silent", covered_until
        else:
            state, since, runs_out = "late", covered_until, seen_until + silent_after
        return (old if state == old.state else replace(old, state=state, since_ms=since)), runs_out


class Watches:
    """A watch for each partition: a source is judged by the ticks that its own partition holds, whoever reads how many partitions."""

    def __init__(self, sources: dict[str, Source]) -> None:
        self._of: dict[str, Watch] = {}
        self._parts: dict[int, tuple[Watch, dict[str, Source]]] = {}
        for name, row in sources.items():
            watch, rows = self._part(partition_of(name))
            self._of[name], rows[name] = watch, row

    def _part(self, partition: int) -> tuple[Watch, dict[str, Source]]:
        return self._parts.setdefault(partition, (Watch(), {}))

    @property
    def now_ms(self) -> int | None:
        """The newest tick of all."""
        return max((w.now_ms for w, _rows in self._parts.values() if w.now_ms is not None), default=None)

    @property
    def reached_ms(self) -> int | None:
        """The newest tick that all partitions with ticks have reached: between the records of one tick it lies before ``now_ms``."""
        return min((w.now_ms for w, _rows in self._parts.values() if w.now_ms is not None), default=None)

    def reached(self, time_ms: int, partitions: Iterable[int], step_ms: int) -> set[int]:
        """Return the partitions whose newest tick lies before a multiple of ``step_ms`` that a time has reached."""
        newest = {partition: self._part(partition)[0].now_ms for partition in partitions}
        return {p for p, last in newest.items() if last is not None and last // step_ms < time_ms // step_ms}

    def tick(self, gateway: str, time_ms: int, partitions: set[int]) -> tuple[dict[int, tuple[int, int]], list[Event]]:
        """Take in a tick; return newest tick and sight of the partitions in which it counts, and what is told, once."""
        counted: dict[int, tuple[int, int]] = {}
        told: dict[str, Event] = {}
        for partition in sorted(partitions):
            watch, _rows = self._part(partition)
            counts, events = watch.tick(gateway, time_ms)
            told.update((event.id, event) for event in events)
            if counts:
                counted[partition] = (watch.ticks[gateway], watch.sighted_ms[gateway])
        return counted, list(told.values())

    def heard(self, source: str, time_ms: int, received_ms: int) -> None:
        """Note a registered source's newest reading."""
        self._of[source].heard(source, time_ms, received_ms)

    def skewed(self, source: str, skew_ms: int) -> None:
        """Note by how much a registered source's clock differs from the gateway's."""
        self._of[source].skewed(source, skew_ms)

    def collect(self) -> list[SourceState]:
        """Return the states of the sources that were heard since the last call."""
        return [state for watch, _rows in self._parts.values() for state in watch.collect()]

    def judge(self, partitions: Iterable[int], stopped: set[str]) -> tuple[list[Event], list[SourceState]]:
        """Judge the sources of partitions, each at its newest tick."""
        events: list[Event] = []
        states: list[SourceState] = []
        for partition in partitions:
            watch, rows = self._part(partition)
            told, changed = watch.judge(rows, stopped & rows.keys() if stopped else stopped)
            events += told
            states += changed
        return events, states

    def restore(self, ticks: Iterable[tuple[int, str, int, int]], states: Iterable[SourceState]) -> None:
        """Take back ticks (partition, gateway, newest, since when without a hole) and states after a restart."""
        for partition, gateway, tick, sighted in ticks:
            watch, _rows = self._part(partition)
            watch.ticks[gateway], watch.sighted_ms[gateway] = tick, sighted
            watch.now_ms = max(watch.now_ms or tick, tick)
        for state in states:
            if state.source in self._of:
                self._of[state.source].states[state.source] = state


def _silent_after_ms(row: Source) -> int:
    if row.silent_after_s is not None:
        return row.silent_after_s * 1000
    return max(SILENT_CADENCES * row.cadence_s * 1000, SILENT_MS_MIN)


def _late_after_ms(row: Source) -> int:
    return min(max(LATE_CADENCES * row.cadence_s * 1000, LATE_MS_MIN), _silent_after_ms(row))


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
