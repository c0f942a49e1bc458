"""Months of a furnace: days above a daily limit, and the one too many; made anew as each of their days is closed.

The number is a figure (level "month", stat EXCEEDING_DAYS) of the furnace's first pollutant by name, ``n`` being the days that were judged. A day
counts once, whatever exceeds on it. Whether the month was told follows from its figure as known before.
"""

from __future__ import annotations

import polars as pl

from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import ENGINE, local_iso, period_end_ms, period_start_ms
from processors.findings import Findings
from processors.furnace_steps import EXCEEDING_DAYS, MonthExceedingDays
from processors.hours import HOUR_SCHEMA, MEANS
from processors.judging import COMPLIES, EXCEEDS
from processors.output import Output
from processors.publish import publish
from processors.rules.furnace import exceeding_days
from processors.rules.millionths import MILLION
from processors.shelf import Shelf

REACHED, TAKEN_BACK = "suspension.reached", "suspension.withdrawn"
BOUND = "beyond the bound from"
"""Words in the note of a month with more exceeding days than the rule's bound when it was judged."""
_DAYS = {"pid": pl.Int64, "day": pl.Int64, "exceeds": pl.Boolean}


def close_exceeding_days(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish how many days of a month exceed, tell the one that is beyond the bound, and take that back where days are revised.

    Source:
        WTE-1 and WTE-2, MEE Order 10 of 2019 (seen); that each furnace counts by itself is a proposal.
    """
    rule, source = closed.pack.rule(MonthExceedingDays), closed.source.source
    pids = [closed.points.pid[source, f] for f in sorted(rule.factors) if (source, f) in closed.points.pid] if rule else []
    if rule is None or not pids:
        return
    start = period_start_ms("month", closed.day_ms)
    end = period_end_ms("month", start)
    days = [
        f
        for f in closed.latest("day", start, end, MEANS, out)
        if f.factor in rule.factors and f.revision and f.verdict in (COMPLIES, EXCEEDS)
    ]
    before = closed.latest("month", start, end, (EXCEEDING_DAYS,), out)
    if not days and not before:
        return
    rows = [(0, f.start_ms, f.verdict == EXCEEDS) for f in days]
    found = exceeding_days(
        pl.DataFrame(rows, schema=_DAYS, orient="row"), days_max=rule.days_max, offset_ms=closed.points.rules.offset_ms
    )
    n, trigger = found.select("n", "trigger").row(0) if found.height else (0, None)
    on = "" if trigger is None else local_iso(trigger)[:10]
    row = {
        "pid": pids[0],
        "stat": EXCEEDING_DAYS,
        "hour": start,
        "value": n * MILLION,
        "n": len({f.start_ms for f in days}),
        "total": None,
        "reason": None,
        "note": f"bound of {rule.days_max} days, beyond the bound from {on}" if on else None,
        "digest": text_hash(*sorted(f"{f.start_ms}/{f.factor}/{f.stat}/{f.inputs}/{f.verdict}" for f in days)),
        "rules": text_hash(ENGINE, rule.model_dump_json()),
        "as_of": max((f.as_of_ms for f in days), default=closed.end_ms),
        "decided": closed.now_ms if closed.until_ms >= end else None,
    }
    shelf = Shelf()
    shelf.put("month", closed.frame_of(before))
    news = publish(shelf, pl.DataFrame([row], schema={**HOUR_SCHEMA, "decided": pl.Int64}), closed.points, "month")
    if news.height:
        out.figures.append(news)
    was = any(BOUND in str(f.explain.get("note")) for f in before)
    if news.is_empty() or bool(on) == was:
        return
    month = local_iso(start)[:7]
    if on:
        text = (
            f"days above a daily limit in {month}: {n}; beyond the bound of {rule.days_max} from {on}, at which the authority may limit"
            " or suspend production: read the evidence of each day first"
        )
    else:
        text = (
            f"days above a daily limit in {month}: {n}, not beyond the bound of {rule.days_max}:"
            " what was told of this month no longer holds; a mark or data came late"
        )
    facts = {"text": text, "item": month, "n": n, "bound": rule.days_max, "on": on or None}
    findings.event(REACHED if on else TAKEN_BACK, source, None, closed.now_ms, f"{month}/{closed.now_ms}", facts, out)
