"""What people are told: an alert, its identity, and the state that its subject is in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from processors.figures import Event

State = dict[str, dict[str, Any]]
Phase = Literal["opened", "update", "resolved", "withdrawn", "digest"]
Severity = Literal["red", "orange", "yellow"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that people are told.

    ``id`` is a function of the event's id and the phase, and so the key under which it is told once. ``kind`` is the event's.
    ``thread`` is the same for all alerts on one subject, for an exceedance the episode's id.
    ``severity`` is that of the thread: who was woken also hears the end. ``time_ms`` is in the log's
    time. ``facts`` are the event's, and what the thread adds (``replaces``, ``items``).
    """

    id: str
    kind: str
    thread: str
    phase: Phase
    severity: Severity
    source: str
    factor: str | None
    time_ms: int
    events: tuple[str, ...]
    facts: dict[str, Any]


def alert_id(event_id: str, phase: Phase) -> str:
    """Return the idempotency key of an alert: 20 hex digits of BLAKE2b over event id and phase, after an "a"."""
    return "a" + hashlib.blake2b(f"{event_id}\n{phase}".encode(), digest_size=10).hexdigest()


def alert_of(event: Event, thread: str, phase: Phase, severity: Severity, *, kind: str | None = None, **extra: object) -> Alert:
    """Return the alert that an event makes, its facts with those that the thread adds; ``kind`` where it is not the event's."""
    facts = {**event.facts, **{name: value for name, value in extra.items() if value is not None}}
    return Alert(
        id=alert_id(f"{event.id}\n{kind}" if kind else event.id, phase),
        kind=kind or event.kind,
        thread=thread,
        phase=phase,
        severity=severity,
        source=event.source,
        factor=event.factor,
        time_ms=event.time_ms,
        events=(event.id,),
        facts=facts,
    )


def forget(state: State, prefix: str, most: int, *, ended: bool | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Keep the newest ``most`` records of a prefix and return the others; with ``ended`` only among threads that have, or have not."""
    if len(state) <= most:
        return []
    keys = [key for key in state if key.startswith(prefix) and (ended is None or state[key]["open"] is not ended)]
    oldest = sorted(keys, key=lambda key: (state[key]["time_ms"], key))[: max(len(keys) - most, 0)]
    return [(key, state.pop(key)) for key in oldest]
