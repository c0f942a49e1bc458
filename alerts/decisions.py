"""What people decide about a finding of screening: confirmed or dismissed, by whom, why, on which evidence. The newest decision holds."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alerts.actions import WORDS_MAX, ActionRefused, checked
from ingest.registry import Registry
from processors.figures import Event
from processors.screening import rule_of
from processors.series_steps import SeriesStep

Decided = Literal["confirmed", "dismissed"]
DECISIONS_KEPT = 50_000
"""Decisions kept; beyond it the oldest are forgotten (each is in the journal)."""
DECISIONS_MAX = 50
"""Decisions kept for one finding; more are refused."""
_COLUMNS = "id, finding, source, factor, rule, decided, who, words, evidence, time_ms"


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decided what about a finding of a rule when, why, and on which evidence."""

    id: str
    finding: str
    source: str
    factor: str | None
    rule: str
    decided: Decided
    who: str
    words: str
    evidence: str
    time_ms: int


def decision(finding: Event, decided: Decided, who: str, words: str, evidence: str, time_ms: int, key: str) -> Decision:
    """Return a decision without outer blanks and control characters; its identity is 16 hex digits of BLAKE2b over all but the time.

    Raises:
        ActionRefused: nobody is named, the reason is missing, a confirmation has no evidence, or one of them is too long.
    """
    who, words = checked("comment", who, words)
    if len(evidence) > WORDS_MAX:
        raise ActionRefused("long")
    evidence = checked("acknowledge", who, evidence)[1]
    if decided == "confirmed" and not evidence:
        raise ActionRefused("evidence")
    text = "\x00".join((finding.id, decided, who, words, evidence, key))
    identity = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
    rule = str(finding.facts["rule"])
    return Decision(identity, finding.id, finding.source, finding.factor, rule, decided, who, words, evidence, time_ms)


def about(made: Decision, finding: Event, registry: Registry) -> dict[str, Any] | None:
    """Return what the ladder of escalation is told of a decision; None for a test of a series' quality, which is no pattern of screening."""
    known = rule_of(finding, registry)
    if known is not None and isinstance(known[1], SeriesStep):
        return None
    names = (made.rule, made.rule) if known is None else (known[1].clause, known[1].clause_zh)
    return {
        "decision": made.id,
        "decided": made.decided,
        "finding": made.finding,
        "day": finding.facts["day"],
        "pattern": names[0],
        "pattern_zh": names[1],
        "who": made.who,
        "words": made.words,
    }


def standing(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return the newest decision about each finding, of decisions that stand oldest first."""
    return {made.finding: made for made in decisions}


def keep(db: sqlite3.Connection, made: Decision) -> None:
    """Store a decision, and hold the table to its bound."""
    values = (made.id, made.finding, made.source, made.factor, made.rule, made.decided, made.who, made.words, made.evidence)
    marks = ", ".join("?" * 10)
    db.execute(f"INSERT INTO decisions({_COLUMNS}) VALUES ({marks})", (*values, made.time_ms))  # noqa: S608
    db.execute("DELETE FROM decisions WHERE n <= (SELECT max(n) FROM decisions) - ?", (DECISIONS_KEPT,))


def of_finding(db: sqlite3.Connection, finding: str) -> list[Decision]:
    """Return the decisions about a finding, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM decisions WHERE finding = ? ORDER BY n"  # noqa: S608
    return [Decision(*row) for row in db.execute(sql, (finding,))]


def of_source(db: sqlite3.Connection, source: str | None = None) -> list[Decision]:
    """Return the decisions about a source's findings, or about all, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM decisions WHERE ?1 IS NULL OR source = ?1 ORDER BY n"  # noqa: S608
    return [Decision(*row) for row in db.execute(sql, (source,))]


def read(path: Path) -> list[Decision]:
    """Return all decisions of an outbox's file, oldest first, without writing to it; none where there is no file, or none were ever kept.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'decisions'").fetchone() is None:
            return []
        return of_source(db)
