"""Events become alerts: one thread a subject, told when it opens, at named hours, when it ends and when it was wrong.

Everything here is pure. The state is a flat dict of JSON records, so that whoever keeps it can write only those that changed:
``episode/<id>``, ``expected/<episode id>``, ``blind``, ``blind-source/<source>``, ``finding/<kind>/<day>``, ``digest/<source>``, ``digests``
with the time at which each digest is due, and those of ``alerts.silences``, ``alerts.standing``, ``alerts.ladder``, ``alerts.deadlines`` and ``alerts.timers``.
A record is replaced, never changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from alerts import deadlines, ladder, silences, standing, timers
from alerts.alert import Alert, State, alert_id, alert_of, forget
from ingest.registry import Escalation, Holiday
from processors.figures import MINUTE_MS, Event, local, local_iso

EPISODES_CLOSED_MAX = 2_000
"""Ended episodes remembered, so that a withdrawal can still name what it replaces; the oldest is forgotten first."""
EXPECTED_MAX = 20_000
"""Hours of which a warning was told that are remembered; the oldest is forgotten first."""
EPISODES_OPEN_MAX = 20_000
"""Open episodes remembered; beyond it the oldest is forgotten."""
BLIND_MAX = 20_000
"""Blind sources remembered; more of them are told, but the end does not wait for them."""
FINDINGS_DAY_MAX = 50
"""Findings of one kind told in one local day, over all sources; the rest are on the console only."""
FINDING_ROWS_MAX = 64
"""Pairs of kind and day remembered; the oldest day is forgotten first."""
DIGEST_AFTER_MS = 15 * MINUTE_MS
"""How long a digest collects after its first entry."""
DIGEST_ITEMS_MAX = 20
"""Entries a digest lists; more are counted."""
DIGESTS_MAX = 2_000
"""Digests that collect at the same time; beyond it the oldest is told at once."""

CountyOf = Callable[[str], str]
"""The county of a source, "" where it is not known."""


def nowhere(_source: str) -> str:
    """Return no county for any source, so that every silence is told at once and by itself."""
    return ""


NO_LADDER = Escalation()
"""Nothing is escalated."""


@dataclass(frozen=True, slots=True)
class Office:
    """What the registry says about telling: the county of a source, the ladder of escalation, holidays."""

    county_of: CountyOf = nowhere
    ladder: Escalation = NO_LADDER
    holidays: tuple[Holiday, ...] = ()


NOBODYS = Office()
"""No counties, no ladder."""


def step(state: State, event: Event, office: Office = NOBODYS) -> tuple[State, list[Alert]]:
    """Return the state after an event and the alerts that it makes.

    What is due by the event's time comes first. A kind that is not known is told as a finding.
    """
    return steps(state, (event,), office)


def steps(state: State, events: Iterable[Event], office: Office = NOBODYS) -> tuple[State, list[Alert]]:
    """Return what ``step`` after ``step`` would, copying the state once."""
    new, alerts = dict(state), list[Alert]()
    for event in events:
        alerts += _due(new, event.time_ms, office)
        stage, _, what = event.kind.partition(".")
        if event.kind in ("exceedance.expected", "exceedance.expected_ended"):
            alerts += _expected(new, event)
        elif stage == "exceedance":
            alerts += _exceedance(new, event, what, office)
        elif event.kind == "escalation.raised":
            alerts += ladder.raised(new, event, office.ladder) if event.live else _into_digest(new, event)
        elif event.kind == "escalation.lapsed":
            alerts += ladder.lapsed(new, event)
        elif event.kind in ("source.late", "source.silent", "source.on_time", "source.stopped"):
            alerts += _seen(new, event) + _silence(new, event, what, office)
        elif event.kind == "source.blind":
            alerts += _blind(new, event)
        elif event.kind in standing.KINDS:
            alerts += standing.tell(new, event)
        elif stage != "screening" and event.kind != "process.normal":  # looked at on their page; nobody is called for one
            alerts += _finding(new, event)
    return new, alerts


def flush(state: State, now_ms: int, office: Office = NOBODYS) -> tuple[State, list[Alert]]:
    """Return the state without the digests, held silences and timers that are due by ``now_ms`` (the log's time), and those as alerts.

    An alert's time is when it was due, so that it does not depend on how often this is called; but what a person closed is told now.
    """
    new = dict(state)
    return new, _due(new, now_ms, office)


def waits(state: State) -> bool:
    """Return whether something will be told by the passing of time alone."""
    return "digests" in state or "held" in state or "timers" in state


def acknowledged(state: State, thread: str) -> State:
    """Return the state in which a thread's open subject is known to somebody: it is told again only when it ends.

    Where the thread has ended, or its subject never repeats, nothing changes.
    """
    key = thread.rpartition("/")[0] if thread.startswith("storm/") else f"episode/{thread}"
    record = state.get(key)
    if record is None or not record.get("open", record.get("thread") == thread):
        return state
    new = {**state, key: {**record, "acknowledged": True}}
    ladder.acknowledged(new, thread)
    return new


def explained(state: State, thread: str, source: str, factor: str | None) -> State:
    """Return the state in which a thread's subject was explained: an exceedance, what a matter is about, or why a source is silent."""
    new = dict(state)
    if thread.startswith(("silence/", "storm/")):
        deadlines.reported(new, thread, source)
    else:
        ladder.explained(new, thread, source, factor or "")
    return new


def closed(state: State, thread: str, source: str, factor: str | None, who: str, words: str) -> State | None:
    """Return the state in which somebody closed a matter, which is told at the next tick; None where it is not open."""
    new = dict(state)
    return new if ladder.closed(new, thread, source, factor or "", who, words) else None


def told_step(hours: int) -> int:
    """Return the newest of the hours 1, 2, 4, 8, 16 … at which an episode of ``hours`` hours was told."""
    return 1 << (max(hours, 1).bit_length() - 1)


def _exceedance(state: State, event: Event, what: str, office: Office) -> list[Alert]:
    episode = str(event.facts.get("episode") or f"{event.source}/{event.factor}")
    key = f"episode/{episode}"
    thread = state.get(key)
    if what == "withdrawn":
        return _withdrawn(state, event, key, thread) + ladder.withdrawn(state, event, episode)
    if what == "closed":
        ladder.ended(state, episode)
        return _closed(state, event, key, thread)
    if what == "retrospective" or not event.live:
        if thread is None:
            state[key] = {"open": True, "paged": False, "hours_told": 0, "time_ms": event.time_ms}
            forget(state, "episode/", EPISODES_OPEN_MAX, ended=False)
        return _into_digest(state, event)
    step_told = told_step(_hours(event))
    paged = thread is not None and thread["open"] and thread["paged"]
    graver = state.get(f"episode/{event.facts.get('beside')}")
    if graver is not None and graver["open"] and graver["paged"]:  # told by the alert of the gravest limit that the hour breaks
        if thread is None:
            state[key] = {"open": True, "paged": False, "hours_told": 0, "time_ms": event.time_ms}
            forget(state, "episode/", EPISODES_OPEN_MAX, ended=False)
        return []
    if thread is not None and paged and (what == "opened" or step_told <= thread["hours_told"] or thread.get("acknowledged")):
        return []
    warned = state.pop(f"expected/{episode}", None)
    warned_at = local_iso(warned["time_ms"]) if warned is not None else None
    alert = alert_of(event, episode, "update" if paged else "opened", "red", warned_at=warned_at)
    told: dict[str, Any] = {"alert": alert.id, "time": local_iso(event.time_ms)}
    told |= {name: event.facts.get(name) for name in ("value", "unit", "limit", "stat", "hour_start", "hour_end")}
    state[key] = {"open": True, "paged": True, "hours_told": step_told, "time_ms": event.time_ms, "told": told}
    forget(state, "episode/", EPISODES_OPEN_MAX, ended=False)
    if not paged:
        ladder.watch(state, event, episode, office.ladder)
    return [alert]


def _expected(state: State, event: Event) -> list[Alert]:
    """A warning is yellow, in the thread of the episode that it may become; it is quiet while an episode is open anyway.

    Where it comes true the episode's own alert follows, or came just before; else its end is told.
    """
    hour = str(event.facts.get("expected") or f"{event.source}/{event.factor}")
    key = f"expected/{hour}"
    if event.kind == "exceedance.expected_ended":
        warned = state.pop(key, None)
        told = warned is not None and event.facts.get("outcome") != "came true"
        return [alert_of(event, hour, "resolved", "yellow")] if told else []
    episode = state.get(f"episode/{event.facts.get('episode')}")
    if key in state or (episode is not None and episode["open"]):
        return []
    state[key] = {"open": True, "time_ms": event.time_ms}
    forget(state, "expected/", EXPECTED_MAX)
    return [alert_of(event, hour, "opened", "yellow")]


def _closed(state: State, event: Event, key: str, thread: dict[str, Any] | None) -> list[Alert]:
    if thread is None or not thread["open"]:
        return []
    state[key] = {**thread, "open": False, "time_ms": event.time_ms}
    forget(state, "episode/", EPISODES_CLOSED_MAX, ended=True)
    return [alert_of(event, key.removeprefix("episode/"), "resolved", "red")] if thread["paged"] else []


def _withdrawn(state: State, event: Event, key: str, thread: dict[str, Any] | None) -> list[Alert]:
    if thread is not None and thread.get("withdrawn"):
        return []
    state[key] = {"open": False, "paged": False, "hours_told": 0, "time_ms": event.time_ms, "withdrawn": True}
    forget(state, "episode/", EPISODES_CLOSED_MAX, ended=True)
    if thread is not None and not thread["paged"]:
        return _into_digest(state, event)
    return [alert_of(event, key.removeprefix("episode/"), "withdrawn", "red", replaces=thread.get("told") if thread else None)]


def _silence(state: State, event: Event, what: str, office: Office) -> list[Alert]:
    run = state.get(f"silence/{event.source}")
    if what in ("on_time", "stopped"):
        alerts = silences.ended(state, event)
        return deadlines.ended(state, event, run, alerts, office.ladder.gap) if run is not None else alerts
    if what != "silent":
        return []
    if not event.live:
        return [] if run is not None else _into_digest(state, event)
    if run is None:
        deadlines.watch(state, event, office.ladder, office.holidays)
    return silences.fell_silent(state, event, office.county_of(event.source))


def _blind(state: State, event: Event) -> list[Alert]:
    if event.facts.get("until"):  # over when it became known: told once, nothing stays open
        return [alert_of(event, f"blind/{event.id}", "opened", "red")]
    blind = state.get("blind")
    key = f"blind-source/{event.source}"
    if blind is None:
        blind = {"thread": f"blind/{event.id}", "time_ms": event.time_ms, "n": 0, "since": event.facts.get("since")}
        state["blind"], state[key] = {**blind, "n": 1}, {}
        return [alert_of(event, blind["thread"], "opened", "red")]
    if key not in state and blind["n"] < BLIND_MAX:
        state["blind"], state[key] = {**blind, "n": blind["n"] + 1}, {}
    return []


def _seen(state: State, event: Event) -> list[Alert]:
    """A source that can be judged again is no longer blind; after the last of them, Plumeline sees again."""
    blind = state.get("blind")
    if blind is None or state.pop(f"blind-source/{event.source}", None) is None:
        return []
    if blind["n"] > 1:
        state["blind"] = {**blind, "n": blind["n"] - 1}
        return []
    del state["blind"]
    since = blind["since"] or local_iso(blind["time_ms"])
    return [alert_of(event, blind["thread"], "resolved", "red", kind="source.blind", blind_since=since)]


_BY_ITEM = ("reading.above_range", "station.", "weather.", "calibration.", "compliance.", "process.")
"""Findings of which each item of a source is told once a day, not each source."""


def _finding(state: State, event: Event) -> list[Alert]:
    day = local(event.time_ms).date().isoformat()
    key = f"finding/{event.kind}/{day}"
    sources: list[str] = state.get(key, {}).get("sources", [])
    about = event.source
    if event.kind.startswith(_BY_ITEM):
        about += f"/{event.factor}/{event.facts.get('item', event.facts.get('check'))}"
    if about in sources or len(sources) >= FINDINGS_DAY_MAX:
        return []
    state[key] = {"sources": [*sources, about], "time_ms": event.time_ms}
    forget(state, "finding/", FINDING_ROWS_MAX)
    last = FINDINGS_DAY_MAX if len(sources) + 1 == FINDINGS_DAY_MAX else None
    return [alert_of(event, f"finding/{about}/{event.kind}/{day}", "opened", "yellow", last_of_day=last)]


def _into_digest(state: State, event: Event) -> list[Alert]:
    key = f"digest/{event.source}"
    fresh: dict[str, Any] = {"due_ms": event.time_ms + DIGEST_AFTER_MS, "events": [], "items": [], "more": 0}
    digest = state.get(key, fresh)
    if len(digest["items"]) < DIGEST_ITEMS_MAX:
        item = {"kind": event.kind, "factor": event.factor, "event": event.id, **event.facts}
        state[key] = {**digest, "events": [*digest["events"], event.id], "items": [*digest["items"], item]}
    else:
        state[key] = {**digest, "more": digest["more"] + 1}
    due: dict[str, int] = state.get("digests", {})
    if key not in due:
        state["digests"] = due = {**due, key: fresh["due_ms"]}
    return [_told_digest(state, _oldest(due))] if len(due) > DIGESTS_MAX else []


def _due(state: State, now_ms: int, office: Office) -> list[Alert]:
    """Tell what is due, in the order of its time: of the same time digests first, then silences, then timers."""
    alerts: list[Alert] = []
    while True:
        digests: dict[str, int] = state.get("digests", {})
        due = (min(digests.values(), default=None), silences.next_due_ms(state), timers.next_due_ms(state))
        first = min((at for at in due if at is not None), default=None)
        if first is None or first > now_ms:
            return alerts
        if first == due[0]:
            alerts.append(_told_digest(state, _oldest(digests)))
        elif first == due[1]:
            alerts += silences.tell_oldest(state)
        else:
            alerts += _timer(state, now_ms, office)


def _timer(state: State, now_ms: int, office: Office) -> list[Alert]:
    name, due_ms, about = timers.take(state)
    if name.startswith("deadline/"):
        return deadlines.due(state, name, due_ms, about)
    return ladder.due(state, name, due_ms, about, now_ms, office.ladder)


def _oldest(due: dict[str, int]) -> str:
    return min(due, key=lambda key: (due[key], key))


def _told_digest(state: State, key: str) -> Alert:
    digest = state.pop(key)
    state["digests"] = {name: due_ms for name, due_ms in state["digests"].items() if name != key}
    if not state["digests"]:
        del state["digests"]
    return Alert(
        id=alert_id(digest["events"][0], "digest"),
        kind="digest",
        thread=f"{key}/{digest['events'][0]}",
        phase="digest",
        severity="yellow",
        source=key.removeprefix("digest/"),
        factor=None,
        time_ms=digest["due_ms"],
        events=tuple(digest["events"]),
        facts={"items": digest["items"], "more": digest["more"]},
    )


def _hours(event: Event) -> int:
    hours = event.facts.get("hours", 1)
    return hours if isinstance(hours, int) else 1
