"""What will be told by the passing of the log's time unless something happens first; part of the alerts' state.

The state's records are ``timers``, the time at which each timer is due, and ``timer/<name>`` with what it is about.
"""

from __future__ import annotations

from typing import Any

from alerts.alert import State

TIMERS_MAX = 20_000
"""Timers that run at the same time; while so many do, no more are set."""


def start(state: State, name: str, due_ms: int, about: dict[str, Any]) -> None:
    """Set a timer, anew where it runs."""
    due: dict[str, int] = state.get("timers", {})
    if name in due or len(due) < TIMERS_MAX:
        state["timers"] = {**due, name: due_ms}
        state[f"timer/{name}"] = about


def drop(state: State, prefix: str, **wanted: object) -> None:
    """Stop the timers whose names begin so, and whose records say what is ``wanted``."""
    due: dict[str, int] = state.get("timers", {})
    gone = {n for n in due if n.startswith(prefix) and all(state[f"timer/{n}"].get(k) == v for k, v in wanted.items())}
    _without(state, gone)


def next_due_ms(state: State) -> int | None:
    """Return when the first timer is due, None where none runs."""
    return min(state["timers"].values()) if "timers" in state else None


def take(state: State) -> tuple[str, int, dict[str, Any]]:
    """Stop the timer that is due first; return its name, when it was due, and what it is about."""
    due: dict[str, int] = state["timers"]
    name = min(due, key=lambda name: (due[name], name))
    about = state[f"timer/{name}"]
    _without(state, {name})
    return name, due[name], about


def _without(state: State, names: set[str]) -> None:
    if not names:
        return
    left = {name: due_ms for name, due_ms in state["timers"].items() if name not in names}
    for name in names:
        del state[f"timer/{name}"]
    if left:
        state["timers"] = left
    else:
        del state["timers"]
