"""A closed day that exceeds, or no longer does, as a reason for city and province: read back with the days that a stretch may share."""

from __future__ import annotations

from dataclasses import replace

from processors.closing import Closed
from processors.escalation import days_changed, judging, reach_of
from processors.figures import DAY_MS
from processors.findings import Findings
from processors.output import Output
from processors.publish import LIVE_MS, verdicts_of


def close_escalation(closed: Closed, _findings: Findings, out: Output) -> None:
    """Tell what a closed day makes of the ladder, where the registry has one."""
    rules = judging(closed.points.registry.escalation, "day")
    if not rules:
        return
    reach_ms = (reach_of(rules) - 1) * DAY_MS
    found = closed.past.cold_figures(closed.source.source, "day", closed.day_ms - reach_ms, closed.end_ms + reach_ms)
    days = [
        replace(verdict, live=f.revision == 1 and f.decided_ms <= f.start_ms + DAY_MS + LIVE_MS)
        for f in found
        if f.revision and f.limit is not None
        for verdict in verdicts_of(f)
    ]
    out.events += days_changed(rules, days, closed.day_ms)
