"""What the console is handed: ports to the store, the registry, the outbox and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from alerts.records import AlertRow
from ingest.registry import Registry
from processors.store import StoreQuery


class OutboxQuery(Protocol):
    """What the alerts pages read."""

    def alerts(self, limit: int, source: str | None = None) -> Sequence[AlertRow]:
        """Return the newest alerts, newest first."""

    def counts(self) -> Mapping[str, int]:
        """Return the number of deliveries by state."""


@dataclass
class Console:
    """Everything the console needs.

    ``health`` returns what the process knows of itself: see ``plumeline.console.pipeline`` for the keys that get words of their
    own; any other key is shown as it is. ``now_ms`` is the product's clock (virtual in a demonstration). ``refresh_s`` is the
    pace at which an open page asks again.
    """

    store: StoreQuery
    registry: Callable[[], Registry]
    now_ms: Callable[[], int]
    outbox: OutboxQuery
    health: Callable[[], Mapping[str, Any]] = field(default=dict)
    zone: str = "UTC+8"
    mount_path: str = "/"
    refresh_s: float = 3.0
