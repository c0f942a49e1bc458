"""Findings that stand until they are taken back: each item of a source is told once, withdrawn once, and opened again in the same thread.

The state's records are ``standing/<source>/<kind>/<item>``, which is also the thread.
"""

from __future__ import annotations

from alerts.alert import Alert, State, alert_of, forget
from processors.figures import Event, local_iso

WITHDRAWS = {"furnace.withdrawn": "furnace.cold", "suspension.withdrawn": "suspension.reached"}
"""Kind that takes back -> kind that was told."""
KINDS = frozenset({*WITHDRAWS, *WITHDRAWS.values()})
STANDING_MAX, WITHDRAWN_MAX = 20_000, 2_000
"""Findings remembered that stand, and that were taken back; the oldest is forgotten first."""


def tell(state: State, event: Event) -> list[Alert]:
    """Take in an event of KINDS; what was never told is not taken back, and what comes again says when it was first told."""
    kind = WITHDRAWS.get(event.kind, event.kind)
    thread = f"standing/{event.source}/{kind}/{event.facts.get('item')}"
    known = state.get(thread)
    if (known is not None and known["open"]) is (event.kind == kind):
        return []
    if known is None and event.kind != kind:
        return []
    told = known["told"] if known is not None else {"time": local_iso(event.time_ms)}
    if event.kind == kind:
        alert = alert_of(event, thread, "opened", "yellow", first_told=told["time"] if known is not None else None)
        told = {**told, "alert": alert.id}
    else:
        alert = alert_of(event, thread, "withdrawn", "yellow", replaces=told)
    state[thread] = {"open": event.kind == kind, "time_ms": event.time_ms, "told": told}
    forget(state, "standing/", STANDING_MAX if event.kind == kind else WITHDRAWN_MAX, ended=event.kind != kind)
    return [alert]
