"""Months: the share of valid hours within a programme's limit (ultra-low emission), made anew as each of its days is closed."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from processors.closing import Closed
from processors.compliance import noted, share_lost, tell_lost
from processors.digest import text_hash
from processors.figures import ENGINE, HOUR_MS, Figure, period_end_ms, period_start_ms, scaled
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.judging import COMPLIES, EXCEEDS
from processors.output import Output
from processors.programmes import WITHIN
from processors.publish import frame_of, publish, verdicts_of
from processors.quarter_steps import MonthShareWithin
from processors.rules.millionths import rounded
from processors.rules.months import share_within
from processors.shelf import Shelf


def close_month(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish stat WITHIN [%] of the month of a day for each point with a programme's limit on hours.

    Told as an event once it can no longer be kept. Of several such limits at a point an hour keeps to all or is not within. Provisional
    until the month's last hour is decided.

    Source:
        Ultra-low programmes, emission_rules 1.8 (seen): at least 95 % of the production time of each month, on hourly means.
    """
    rule = next(r for r in closed.pack.rules if isinstance(r, MonthShareWithin))
    limits = closed.points.programmes.filter(pl.col("pid").is_in(closed.pids))
    if limits.is_empty():
        return
    start = period_start_ms("month", closed.day_ms)
    end = period_end_ms("month", start)
    until = min(closed.until_ms, end)
    stats = tuple(limits["stat"].unique().sort())
    hours = closed.past.cold_figures(closed.source.source, "hour", start, until, stats)
    rows = []
    for pid, named in limits.group_by("pid").agg("limit_id").sort("pid").rows():
        mine = [f for f in hours if f.factor == closed.points.keys[pid].factor and f.revision]
        counted = _counted(mine, named, (end - until) // HOUR_MS, scaled(rule.share_min_pct))
        if counted is not None:
            rows.append({"pid": pid, **counted})
    rules = text_hash(ENGINE, rule.model_dump_json())
    made = pl.DataFrame(
        [{"stat": WITHIN, "hour": start, "total": None, "rules": rules, **row} for row in rows], schema=HOUR_SCHEMA
    )
    decided = pl.lit(closed.now_ms if closed.until_ms >= end else None, dtype=pl.Int64)
    before = closed.latest("month", start, end, (WITHIN,), out)
    shelf = Shelf()
    shelf.put("month", frame_of(before, closed.points))
    news = publish(shelf, made.with_columns(decided=decided), closed.points, "month")
    if news.height:
        out.figures.append(news)
        tell_lost(news, before, closed, findings, out)


def _counted(hours: Iterable[Figure], named: Iterable[str], open_h: int, share_min: int) -> dict[str, object] | None:
    """Return value, valid hours, reason, note and digest of a point's month, None where no hour was judged by these limits."""
    wanted = set(named)
    judged = [(f, {v.verdict for v in verdicts_of(f) if v.limit_id in wanted}) for f in hours]
    judged = [(f, verdicts) for f, verdicts in judged if verdicts]
    if not judged:
        return None
    valid = sum(bool(verdicts & {COMPLIES, EXCEEDS}) for _, verdicts in judged)
    beyond = sum(EXCEEDS in verdicts for _, verdicts in judged)
    share = share_within(valid_h=valid, exceeding_h=beyond, share_min_pct=0)
    lost = share_lost(valid=valid, beyond=beyond, open_n=open_h, share_min=share_min)
    inputs = sorted(f"{f.start_ms}/{f.stat}/{f.inputs}/{sorted(verdicts)}" for f, verdicts in judged)
    return {
        "value": None if share.number is None else rounded(share.number),
        "n": valid,
        "reason": share.reason if share.number is None else None,
        "note": noted(f"{beyond} of {valid} valid hours beyond the limit", lost),
        "digest": text_hash(*inputs),
        "as_of": max(f.as_of_ms for f, _ in judged),
    }
