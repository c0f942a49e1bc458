"""Checks of a monitor in a case, as people write them down; and events that a case expects by what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ingest.records import CHECK_FIELDS
from processors.figures import Event

CHECK = re.compile(
    r"(?P<check>zero|span|comparison) (?P<point>\S+) (?:day (?P<day>\d+) )?(?P<start>\d\d:\d\d) to (?P<end>\d\d:\d\d)"
    r" reference (?P<reference>\S+)(?: (?P<gas>.+?))? before (?P<before>\S+)"
    r"(?: after (?P<after>\S+))? span (?P<span>\S+?)(?: set (?:day (?P<set_day>\d+) )?(?P<set>\d\d:\d\d))?"
)
RESULT = re.compile(
    r"(?P<point>\S+) (?:day (?P<day>\d+) )?(?P<start>\d\d:\d\d) to (?P<end>\d\d:\d\d) (?P<rate>\S+) kg/h(?: (?P<mg_l>\S+) mg/L)?"
    r"(?: set (?:day (?P<set_day>\d+) )?(?P<set>\d\d:\d\d))?"
)
TOLD = re.compile(r"(?P<no>not )?told (?P<kind>[a-z_]+\.[a-z_]+)(?: (?P<point>\S+))?(?: (?P<words>.+))?")


def numbers_of(found: Mapping[str, str | None]) -> dict[str, Any]:
    """Return what a mark says of a check."""
    return {name: found[name] for name in CHECK_FIELDS} | {"factors": [found["point"]]}


def result_of(found: Mapping[str, str | None]) -> dict[str, Any]:
    """Return what a mark says of a result of manual monitoring."""
    return {
        "factors": [found["point"]],
        "result_kg_h": found["rate"],
        "result_mg_l": found["mg_l"],
        "method": "reference method",
    }


def untold(where: str, facts: Mapping[str, str | None], events: Iterable[Event]) -> str | None:
    """Return what is told of a kind instead of what was expected, None where it was met."""
    there = [e for e in events if e.kind == facts["kind"]]
    words = str(facts["words"] or "")
    all_words = f"{facts['point'] or ''} {words}".strip()  # of an event about the whole source
    met = any(
        all_words in str(e.facts.get("text"))
        if e.factor is None
        else facts["point"] in (None, e.factor) and words in str(e.facts.get("text"))
        for e in there
    )
    told = "; ".join(f"{e.factor}: {e.facts.get('text')}" for e in there) or f"no {facts['kind']}"
    return f"{where}; there is {told}" if met == bool(facts["no"]) else None
