"""Warnings that a case expects: which hour, when it was told, how likely, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from processors.early import ENDED, EXPECTED
from processors.figures import Event, local_iso

WARNINGS = ("warning", "no warning")
"""Kinds of expectations for which the engine must be given ticks between the reports."""
WARNING = re.compile(
    r"warning (?P<point>\S+) (?:day (?P<day>\d+) )?(?P<hour>\d\d:\d\d)(?: at (?P<at>\d\d:\d\d))?(?: likely (?P<likely>\d+ of \d+))?"
    r"(?: (?P<outcome>came true|did not|withdrawn|not judged))?"
)
NO_WARNING = re.compile(r"no warning(?: (?P<point>\S+))?")


def unwarned(where: str, kind: str, facts: Mapping[str, str | None], events: Iterable[Event]) -> str | None:
    """Return which warnings there are instead of what was expected, None where it was met; times are local ISO texts."""
    events, there = list(events), []
    outcome = {e.id.partition("/")[2]: e.facts["outcome"] for e in events if e.kind == ENDED}
    for event in events:
        if event.kind == EXPECTED and facts["point"] in (None, event.factor):
            likely = f"{event.facts['likely']} of {event.facts['of']}"
            ended = outcome.get(event.id.partition("/")[2], "open")
            there.append((event.factor, event.facts["hour_start"], local_iso(event.time_ms), likely, ended))
    told = "; ".join(f"{f} {hour} at {at} likely {likely} {ended}" for f, hour, at, likely, ended in there) or "no warning"
    wanted = [facts.get(name) for name in ("hour", "at", "likely", "outcome")]
    found = any(all(w in (None, g) for w, g in zip(wanted, given[1:], strict=True)) for given in there)
    return f"{where}; there is {told}" if found == (kind == "no warning") else None
