"""What the console is handed: ports to the store, the registry, the outbox and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ingest.registry import Registry
from processors.store import StoreQuery


class AttemptView(Protocol):
    """One try to deliver an alert: when, how it ended, and the receiver's answer in its own words."""

    @property
    def time_ms(self) -> int:
        """When the attempt was made, epoch milliseconds."""

    @property
    def status(self) -> int | str | None:
        """The HTTP status, or None where no answer came."""

    @property
    def answer(self) -> str:
        """The answer's text, or the failure in words."""


class DeliveryView(Protocol):
    """One alert on its way to one contact; ``state`` is "waiting", "delivered" or "dead"."""

    @property
    def contact(self) -> str:
        """Who is told."""

    @property
    def url(self) -> str:
        """The webhook it goes to."""

    @property
    def state(self) -> str:
        """"waiting", "delivered" or "dead"."""

    @property
    def attempts(self) -> Sequence[Any]:
        """Attempts, oldest first: AttemptView or a tuple (time_ms, status, answer)."""


class AlertView(Protocol):
    """One message to people, with its deliveries; ``thread`` is the episode's or source's identity it belongs to."""

    @property
    def id(self) -> str:
        """The idempotency key."""

    @property
    def thread(self) -> str:
        """What the message belongs to; messages of one episode share it."""

    @property
    def phase(self) -> str:
        """"opened", "lengthened", "resolved", "withdrawn", …."""

    @property
    def severity(self) -> str:
        """"red", "orange", "yellow" or "blue"."""

    @property
    def source(self) -> str:
        """The source it is about."""

    @property
    def factor(self) -> str | None:
        """The factor it is about, if one."""

    @property
    def time_ms(self) -> int:
        """When it became known, epoch milliseconds."""

    @property
    def title(self) -> str:
        """The first line, as sent."""

    @property
    def text(self) -> str:
        """The message, as sent."""

    @property
    def deliveries(self) -> Sequence[Any]:
        """Deliveries: DeliveryView or a tuple (contact, url, state, attempts)."""


class OutboxQuery(Protocol):
    """What the alerts pages read."""

    def alerts(self, limit: int, source: str | None = None) -> Sequence[AlertView]:
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
