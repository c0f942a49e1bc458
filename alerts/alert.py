"""What people are told: an alert, its identity, and the state that its subject is in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

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
