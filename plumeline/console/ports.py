"""What the console is handed: ports to the store, the registry, the outbox and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from alerts.actions import Action, ActionKind
from alerts.decisions import Decided, Decision
from alerts.records import AlertRow
from ingest.records import Mark
from ingest.registry import Registry
from processors.figures import Event
from processors.store import StoredFrame, StoreQuery


class OutboxPort(Protocol):
    """What the alerts pages read, and what people do there."""

    def alerts(self, limit: int, source: str | None = None) -> Sequence[AlertRow]:
        """Return the newest alerts, newest first."""

    def alert(self, alert: str) -> AlertRow | None:
        """Return one alert by its id."""

    def act(
        self, alert: str, kind: ActionKind, who: str, words: str, now_ms: int, key: str = "", registry: Registry | None = None
    ) -> Action:
        """Acknowledge an alert or comment on it, once a key; raise ActionRefused where that cannot be."""

    def decide(
        self,
        finding: Event,
        decided: Decided,
        who: str,
        words: str,
        evidence: str,
        now_ms: int,
        key: str = "",
        *,
        registry: Registry,
    ) -> Decision:
        """Confirm or dismiss a finding, once a key; raise ActionRefused where that cannot be."""

    def decisions(self, source: str | None = None) -> Sequence[Decision]:
        """Return the decisions about a source's findings, or about all, oldest first."""

    def counts(self) -> Mapping[str, int]:
        """Return the number of deliveries by state."""


class Again(Protocol):
    """Judges quarantined frames anew."""

    def reason(self, frame: StoredFrame) -> str | None:
        """Return why a frame would be refused again, None where it would be read."""

    def file(self, frame: StoredFrame, who: str) -> str | None:
        """File what a frame holds and return None, or return why it is refused again; raise LogFull to be asked later."""


class Marks(Protocol):
    """Takes marks that people set."""

    def file(self, mark: Mark) -> None:
        """File a mark, durable on return; raise LogFull to be asked later."""


@dataclass
class Console:
    """Everything the console needs.

    ``health`` returns what the process knows of itself: see ``plumeline.console.pipeline`` for the keys that get words of their
    own; any other key is shown as it is. ``now_ms`` is the product's clock (virtual in a demonstration). ``refresh_s`` is the
    pace at which an open page asks again. Without ``again`` quarantined frames cannot be tried again, without ``marks``
    none can be set.
    """

    store: StoreQuery
    registry: Callable[[], Registry]
    now_ms: Callable[[], int]
    outbox: OutboxPort
    health: Callable[[], Mapping[str, Any]] = field(default=dict)
    zone: str = "UTC+8"
    mount_path: str = "/"
    refresh_s: float = 3.0
    again: Again | None = None
    marks: Marks | None = None
