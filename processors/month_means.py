"""Monthly means: of the valid days of a month so far, made anew as each of its days is closed or revised, final once the month is over."""

from __future__ import annotations

import polars as pl

from processors.closing import Closed
from processors.digest import mix, text_hash
from processors.figures import DAY_MS, ENGINE, period_end_ms, period_start_ms
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.output import Output
from processors.points import NO_METER
from processors.publish import frame_of, publish
from processors.quarter_steps import MonthMean, MonthMeanOfDue
from processors.rules.averaging import NOTHING_DUE
from processors.rules.months import due_month_means, month_means
from processors.shelf import Shelf

STATS = ("avg", "avg_ref")


def close_month_means(closed: Closed, _findings: Findings, out: Output) -> None:
    """Publish stats STATS of the month of a day for each point but pH; and of the month before, where a long silence left it provisional.

    Source:
        AIR-AVG-5, HJ 76 appendix (seen); WAT-5, HJ 356-2019 (from memory, high).
    """
    start = period_start_ms("month", closed.day_ms)
    before = period_start_ms("month", start - 1)
    left = closed.past.cold_figures(closed.source.source, "month", before, start, STATS)
    for month in (before, start) if any(not figure.revision for figure in left) else (start,):
        _make(closed, month, out)


def _make(closed: Closed, start_ms: int, out: Output) -> None:
    end_ms = period_end_ms("month", start_ms)
    days = _days(closed, start_ms, min(end_ms, closed.until_ms))
    if days.is_empty():
        return
    offset_ms = closed.points.rules.offset_ms
    rule, of_due = closed.pack.rule(MonthMean), closed.pack.rule(MonthMeanOfDue)
    if rule is not None:
        made = month_means(
            days, days_min=rule.days_min, days_min_february=rule.days_min_february, offset_ms=offset_ms
        ).with_columns(note=pl.lit(None, dtype=pl.String))
    else:
        assert of_due is not None
        made = due_month_means(days, share_min_pct=of_due.share_min_pct, offset_ms=offset_ms)
        told = pl.format("{} valid days of {} due", "n", "due")
        made = made.with_columns(note=pl.when(pl.col("value").is_not_null()).then(told))
    inputs = days.group_by("pid", "stat").agg(
        digest=mix(pl.col("day"), pl.col("digest").reinterpret(signed=True)).sum(), as_of=pl.col("as_of").max()
    )
    rules = text_hash(ENGINE, *(each.model_dump_json() for each in (rule, of_due) if each is not None))
    decided = pl.lit(closed.now_ms if closed.until_ms >= end_ms else None, dtype=pl.Int64)
    rows = (
        made.join(inputs, on=["pid", "stat"])
        .with_columns(hour=pl.lit(start_ms), rules=pl.lit(rules, dtype=pl.UInt64))
        .select(*(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items()), decided=decided)
    )
    shelf = Shelf()
    shelf.put("month", frame_of(closed.latest("month", start_ms, end_ms, STATS, out), closed.points))
    news = publish(shelf, rows, closed.points, "month")
    if news.height:
        out.figures.append(news)


def _days(closed: Closed, start_ms: int, end_ms: int) -> pl.DataFrame:
    """Return a row for each point, stat and day from the source's first on: ``value``, ``due``, ``digest``, ``as_of``.

    A day of which nothing is known was due, one without discharge was not.
    """
    first = period_start_ms("day", closed.past.first_report_ms(closed.source.source) or start_ms)
    known = closed.figures("day", start_ms, end_ms, STATS).select("pid", "stat", "hour", "value", "reason", "digest", "as_of")
    measured = closed.points.frame.filter((pl.col("meter") == NO_METER) & ~pl.col("ph") & ~pl.col("sparse"))
    every = pl.DataFrame({"hour": range(max(start_ms, first), end_ms, DAY_MS)}, schema={"hour": pl.Int64})
    held = (pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms"))
    grid = measured.select("pid", "from_ms", "to_ms").join(every, how="cross").filter(held)
    return (
        known.select("pid", "stat")
        .unique()
        .join(grid.select("pid", "hour"), on="pid")
        .join(known, on=["pid", "stat", "hour"], how="left")
        .select(
            "pid",
            "stat",
            "value",
            day="hour",
            due=~pl.col("reason").is_in(NOTHING_DUE).fill_null(False),
            digest=pl.col("digest").fill_null(0),
            as_of=pl.col("as_of").fill_null(start_ms),
        )
    )
