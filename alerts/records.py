"""What leaves the alerts stage: the webhook's body, the journal's lines, and the rows that pages show."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from alerts.actions import Action
from alerts.alert import Alert
from alerts.message import Message
from ingest.records import compact
from processors.figures import local_iso

VERSION = 1
"""Schema version ``v`` of journal lines."""

What = Literal[
    "alert", "attempt", "waits", "dead", "revived", "acknowledged", "commented", "explained", "closed", "refused",
    "confirmed", "dismissed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a delivery: when it ended, the HTTP status (None without an answer), the answer's first words."""

    n: int
    time_ms: int
    status: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as pages show it.

    ``state`` is "waiting", "delivered" or "dead"; ``reason`` says why it waits or is dead. ``url`` is the address
    without path and query, which may hold a receiver's token.
    """

    id: str
    contact: str
    url: str
    state: str
    made_ms: int
    next_ms: int | None
    reason: str | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with its message in English, and what became of it.

    ``actions`` are all of its thread, oldest first; ``acknowledged`` is the one that silences this alert. ``stage`` is that to which the
    matter of its source and factor has risen, None where none is open.
    """

    alert: Alert
    title: str
    body: tuple[str, ...]
    links: dict[str, str]
    made_ms: int
    deliveries: tuple[DeliveryRow, ...]
    actions: tuple[Action, ...] = ()
    acknowledged: Action | None = None
    stage: int | None = None

    @property
    def id(self) -> str:
        """The alert's idempotency key."""
        return self.alert.id

    @property
    def thread(self) -> str:
        """What the alert belongs to; an episode's id for an exceedance."""
        return self.alert.thread

    @property
    def phase(self) -> str:
        """The alert's phase."""
        return self.alert.phase

    @property
    def severity(self) -> str:
        """The thread's severity."""
        return self.alert.severity

    @property
    def source(self) -> str:
        """The source it is about."""
        return self.alert.source

    @property
    def factor(self) -> str | None:
        """The factor it is about, if one."""
        return self.alert.factor

    @property
    def time_ms(self) -> int:
        """When it became known, in the log's time."""
        return self.alert.time_ms

    @property
    def text(self) -> str:
        """The message below its first line, as sent."""
        return "\n".join(self.body)


class JournalLine(NamedTuple):
    """One record of topic ``alerts``: its number, the source that decides its partition, the NDJSON line without newline."""

    n: int
    source: str
    line: bytes


def told_url(url: str) -> str:
    """Return scheme and host of an address; the rest may hold a token and is not shown."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}/…" if parts.hostname else "no address"
    except ValueError:
        return "no address"


def delivery_id(alert: str, contact: str) -> str:
    """Return the idempotency key of a delivery: the alert's id and 8 hex digits of the contact, safe in a header."""
    return f"{alert}_{hashlib.blake2b(contact.encode(), digest_size=4).hexdigest()}"


def alert_json(alert: Alert) -> dict[str, Any]:
    """Return an alert as JSON values, by the names of its fields."""
    return {**asdict(alert), "events": list(alert.events)}


def payload(alert: Alert, message: Message) -> bytes:
    """Return the body of a webhook per Standard Webhooks: ``type``, ``timestamp``, ``data``.

    ``timestamp`` is the log's time, local with its offset.
    ``type`` is the event's kind, also for the end of a silence ("source.on_time"); ``phase`` tells opened from resolved.
    """
    data = {
        "title": message.title,
        "text": "\n".join(message.body),
        "severity": alert.severity,
        "phase": alert.phase,
        "alert": alert.id,
        "thread": alert.thread,
        "source": alert.source,
        "factor": alert.factor,
        "facts": message.facts,
        "links": message.links,
    }
    return compact({"type": alert.kind, "timestamp": local_iso(alert.time_ms), "data": data})


def journal_line(what: What, now_ms: int, facts: dict[str, Any]) -> bytes:
    """Return a journal line: schema version, what happened, when (UTC, real time), then its facts."""
    time = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return compact({"v": VERSION, "what": what, "time": time, **facts})
