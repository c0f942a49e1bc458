"""What people do about an alert: acknowledge it, comment on it, explain its subject, close a matter."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Literal

WHO_MAX = 64
"""Characters of a person's name."""
WORDS_MAX = 1_000
"""Characters of a comment."""

ActionKind = Literal["acknowledge", "comment", "explain", "close"]
SAYING: tuple[ActionKind, ...] = ("comment", "explain", "close")
"""Kinds of actions that need words."""
Refusal = Literal["gone", "who", "words", "long", "many", "over", "role", "evidence"]


@dataclass(frozen=True, slots=True)
class Action:
    """Who did what when, in which words; ``upto`` numbers the newest alert of the thread that it concerns."""

    id: str
    kind: ActionKind
    who: str
    words: str
    time_ms: int
    upto: int


class ActionRefused(Exception):
    """An action that was not kept; ``reason`` is one of ``Refusal``, and a retry alone does not help."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


def checked(kind: ActionKind, who: str, words: str) -> tuple[str, str]:
    """Return name and words without outer blanks and control characters.

    Raises:
        ActionRefused: nobody is named, what needs words has none, or one of them is too long.
    """
    who, words = " ".join(_printable(who).split()), _printable(words).strip()
    if not who:
        raise ActionRefused("who")
    if kind in SAYING and not words:
        raise ActionRefused("words")
    if len(who) > WHO_MAX or len(words) > WORDS_MAX:
        raise ActionRefused("long")
    return who, words


def action_id(alert: str, kind: ActionKind, who: str, words: str, key: str) -> str:
    """Return the identity of an action, under which it is kept once: 16 hex digits of BLAKE2b over all of it."""
    text = "\x00".join((alert, kind, who, words, key))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def of_thread(db: sqlite3.Connection, thread: str) -> list[Action]:
    """Return the actions on a thread, oldest first."""
    sql = "SELECT id, kind, who, words, time_ms, upto FROM actions WHERE thread = ? ORDER BY n"
    return [Action(*row) for row in db.execute(sql, (thread,))]


def keep(db: sqlite3.Connection, action: Action, alert: str, thread: str) -> None:
    """Store an action on an alert."""
    sql = "INSERT INTO actions(id, kind, who, words, time_ms, upto, alert, thread) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    db.execute(sql, (action.id, action.kind, action.who, action.words, action.time_ms, action.upto, alert, thread))


def span(db: sqlite3.Connection, thread: str, n: int) -> tuple[int, bool]:
    """Return the number of a thread's newest alert from ``n`` on to its end, and whether it has ended since.

    A thread that ended and began again is two spans: what was said about the first is not said about the second.
    """
    sql = "SELECT n, json_extract(alert, '$.phase') FROM alerts WHERE json_extract(alert, '$.thread') = ? AND n >= ? ORDER BY n"
    newest = n
    for m, phase in db.execute(sql, (thread, n)).fetchall():
        if phase in ("resolved", "withdrawn") and m > n:
            return newest, True
        newest = m
    return newest, False


def _printable(text: str) -> str:
    kept = "".join(c if c.isprintable() or c == "\n" else " " for c in text.replace("\r\n", "\n"))
    return kept.encode("utf-8", "replace").decode()
