"""Exemptions for start-up, shut-down, failure and the like: how long an event is exempt, and which hours leave the judgement.

How much is allowed depends on industry and unit and stands in the rule pack.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from processors.figures import HOUR_MS
from processors.rules.gas import Exact, exact
from processors.rules.millionths import millionths, milliseconds
from processors.rules.periods import year_of
from processors.rules.verdict import Verdict, judged, number_text

Overflow = Literal["split", "whole"]
"""What loses the exemption where a quota ends within an event: the hours beyond it, or the whole event."""
HOUR_S = HOUR_MS // 1000

_SPAN = {"pid": pl.Int64, "start_ms": pl.Int64, "end_ms": pl.Int64, "until_ms": pl.Int64, "used_ms": pl.Int64}


def quota_use(used_h: Exact, *, year_h: Exact, warn_pct: Exact) -> Verdict:
    """Warn before a quota is used up: used of it at least the share that warns fails.

    Source:
        Pre-warning topics of emission_rules 4.1 (seen); the share is a setting.
    """
    text = f"{number_text(used_h)} h of {number_text(year_h)} used"
    return judged(exact(used_h) * 100 < exact(year_h) * exact(warn_pct), text, exact(used_h))


def exempt_spans(marks: pl.DataFrame, *, year_h: Exact | None, overflow: Overflow, offset_ms: int) -> pl.DataFrame:
    """Spend a yearly quota over the marks that share it, in order of their start.

    Args:
        marks: one row a mark: ``pid`` (furnace or unit), ``start_ms``, ``end_ms``, ``event_ms_max`` (longest exemption of this kind of event, from its
            start; None where only the year counts); any order. Time under two of them counts once, for the earlier.
        year_h: quota of a calendar year, None where only events are bounded.
        overflow: "split" judges the time beyond a bound, "whole" the whole event, which then uses nothing of the quota.
        offset_ms: local time's offset from UTC.

    Returns:
        One row a mark and year it lies in, ordered by unit and start: ``pid``, ``start_ms``, ``end_ms``, ``until_ms`` (up to when it is exempt; its
        start where it is not), ``used_ms`` (of the year's quota, after it).

    Source:
        WTE-7 and WTE-8 (60 h, high; 700 h and 4 h, medium, all from memory), for each furnace and calendar year; what is lost beyond a
        quota is not settled (proposal: split).
    """
    year_ms = None if year_h is None else milliseconds(exact(year_h) * HOUR_S)
    rows: list[tuple[int, int, int, int, int]] = []
    used: dict[tuple[int, int], int] = {}
    seen: dict[int, int] = {}
    for pid, year, event, last, event_ms, start, end in _parts(marks, offset_ms).rows():
        begin = max(start, seen.get(pid, start))
        seen[pid] = max(end, seen.get(pid, end))
        if begin >= end:
            continue
        bound = end - begin if year_ms is None else year_ms - used.get((pid, year), 0)
        if event_ms is not None:
            bound = min(bound, max(event + event_ms - begin, 0)) if overflow == "split" or last - event <= event_ms else 0
        exempt = end - begin if end - begin <= bound else bound if overflow == "split" else 0
        used[pid, year] = used.get((pid, year), 0) + exempt
        rows.append((pid, begin, end, begin + exempt, used[pid, year]))
    return pl.DataFrame(rows, schema=_SPAN, orient="row").cast({"pid": marks.schema["pid"]})


def exempt_hours(
    hours: pl.DataFrame, spans: pl.DataFrame, *, covered_min_min: Exact, dust_mg_m3_max: Exact | None
) -> pl.DataFrame:
    """Tell of each hour whether it is exempt.

    Args:
        hours: one row a unit and hour: ``pid``, ``hour`` (start), ``dust`` (hourly mean of particulates, mg/m³ at SCALE, None where not known),
            and anything else, which is kept; any order.
        spans: rows of ``exempt_spans``; those of several quotas may be put together.
        covered_min_min: minutes of the hour that must be under an exemption.
        dust_mg_m3_max: condition on the hour's particulates, equal meets it; None where there is no condition.

    Returns:
        The rows, ordered by unit and hour, with ``exempt`` and ``reason`` (why an hour under an exemption is judged nevertheless).

    Source:
        WTE-7 (from memory, high): hourly mean of particulates at most 150 mg/m³. How much of an hour must be covered is a setting.
    """
    start, until = pl.col("start_ms"), pl.col("until_ms")
    before = until.cum_max().shift(1).over("pid")
    covered = (
        spans.sort("pid", "start_ms")
        .with_columns(start_ms=pl.max_horizontal(start, before))  # time under two of them counts once
        .filter(start < until)
        .with_columns(hour=pl.int_ranges(start // HOUR_MS * HOUR_MS, until, HOUR_MS))
        .explode("hour", empty_as_null=True)
        .group_by("pid", "hour")
        .agg(_ms=(pl.min_horizontal(until, pl.col("hour") + HOUR_MS) - pl.max_horizontal(start, "hour")).sum())
    )
    under = pl.col("_ms").is_not_null()
    enough = pl.col("_ms") >= milliseconds(exact(covered_min_min) * 60)
    clean = pl.lit(True) if dust_mg_m3_max is None else (pl.col("dust") <= millionths(dust_mg_m3_max))
    limit = "" if dust_mg_m3_max is None else number_text(dust_mg_m3_max)
    reason = (
        pl.when(~under)
        .then(None)
        .when(~enough)
        .then(pl.format("exempt for {} min only", pl.col("_ms") // 60_000))
        .when(clean.is_null())
        .then(pl.lit("particulates not known"))
        .when(~clean)
        .then(pl.lit(f"particulates above {limit} mg/m3"))
    )
    return (
        hours.join(covered, on=["pid", "hour"], how="left")
        .with_columns(exempt=(under & enough & clean).fill_null(False), reason=reason)
        .drop("_ms")
        .sort("pid", "hour")
    )


def _parts(marks: pl.DataFrame, offset_ms: int) -> pl.DataFrame:
    """Cut marks at New Year: pid, year, start, end and bound of the mark, start and end of its part, in order of time."""
    end = pl.col("end_ms")
    years = pl.int_ranges(_year(pl.col("start_ms"), offset_ms), _year(end, offset_ms) + 1)
    opening = pl.datetime(pl.col("_year"), 1, 1).dt.epoch("ms") - offset_ms
    closing = pl.datetime(pl.col("_year") + 1, 1, 1).dt.epoch("ms") - offset_ms
    return (
        marks.select("pid", "start_ms", "end_ms", "event_ms_max", _year=years)
        .explode("_year", empty_as_null=True)
        .select(
            "pid",
            "_year",
            "start_ms",
            "end_ms",
            "event_ms_max",
            part_start_ms=pl.max_horizontal("start_ms", opening),
            part_end_ms=pl.min_horizontal("end_ms", closing),
        )
        .sort("pid", "part_start_ms", "part_end_ms", "start_ms", "end_ms")
    )


def _year(time: pl.Expr, offset_ms: int) -> pl.Expr:
    return pl.from_epoch(year_of(time, offset_ms) + offset_ms, time_unit="ms").dt.year().cast(pl.Int64)
