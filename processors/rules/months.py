"""Months: their means, the share of hours within a limit, and running counts of exceeding hours."""

from __future__ import annotations

import polars as pl

from processors.rules.averaging import half_up
from processors.rules.gas import Exact, exact
from processors.rules.millionths import share_at_least
from processors.rules.periods import month_number, month_of
from processors.rules.verdict import Verdict, at_least, not_judged, share_pct

FEBRUARY = 2


def month_means(days: pl.DataFrame, *, days_min: int, days_min_february: int, offset_ms: int) -> pl.DataFrame:
    """Average each point's valid days over each month.

    Args:
        days: one row a point, ``stat`` and day: ``pid``, ``stat``, ``day`` (start of the local day), ``value`` (at SCALE, None where withheld).
        days_min: valid days below which a month is withheld.
        days_min_february: the same for a February.
        offset_ms: local time's offset from UTC.

    Returns:
        One row a point, stat and month: ``month`` (start), ``value`` at SCALE, ``n`` valid days, ``total`` (their sum), ``reason`` (None where
        there is a value).

    Source:
        AIR-AVG-5, HJ 76 appendix (seen): at least 25 valid days, 23 in February; the mean of the valid days.
    """
    february = month_number(pl.col("month"), offset_ms) == FEBRUARY
    asked = pl.when(february).then(days_min_february).otherwise(days_min)
    months = _months(days, offset_ms).with_columns(asked=asked)
    enough = pl.col("n") >= pl.col("asked")
    return _withheld(months, enough, pl.format("{} valid days of {}", "n", "asked"))


def due_month_means(days: pl.DataFrame, *, share_min_pct: Exact, offset_ms: int) -> pl.DataFrame:
    """Average each point's valid days over each month of which enough due days are valid.

    Args:
        days: as for ``month_means``, a row for each day, and ``due``: whether a daily mean was due, which it is not where nothing was
            discharged.
        share_min_pct: share of the due days [%] that must be valid; equal is enough.
        offset_ms: local time's offset from UTC.

    Returns:
        As ``month_means``, and ``due`` (days due). What a day that was not due holds does not count.

    Source:
        WAT-5, HJ 356-2019 (from memory, high): at least 75 % of the days due; the arithmetic mean of valid daily means.
    """
    counted = days.with_columns(value=pl.when("due").then("value"))
    months = _months(counted, offset_ms, due=pl.col("due").sum().cast(pl.Int64))
    enough = share_at_least(pl.col("n"), pl.col("due"), share_min_pct)
    reason = (
        pl.when(pl.col("due") == 0).then(pl.lit("no day was due")).otherwise(pl.format("{} valid days of {} due", "n", "due"))
    )
    return _withheld(months, enough, reason)


def share_within(*, valid_h: int, exceeding_h: int, share_min_pct: Exact) -> Verdict:
    """Judge the share of a month's valid operating hours that are within the limit.

    Args:
        valid_h: valid hours in which the source produced.
        exceeding_h: those of them above the limit.
        share_min_pct: least share within [%]; equal passes.

    Raises:
        ValueError: more hours exceed than are valid.

    Source:
        Ultra-low programmes, emission_rules 1.8 (seen): at least 95 % of the production time of each month, on hourly means.

    >>> share_within(valid_h=720, exceeding_h=37, share_min_pct=95).reason
    'share of hours within 94.86 %, at least 95 required'
    """
    if valid_h == 0:
        return not_judged("no valid operating hour")
    return at_least("share of hours within", share_pct(valid_h - exceeding_h, valid_h), exact(share_min_pct), "%")


def _months(days: pl.DataFrame, offset_ms: int, **more: pl.Expr) -> pl.DataFrame:
    return days.group_by("pid", "stat", month=month_of(pl.col("day"), offset_ms)).agg(
        n=pl.col("value").is_not_null().sum().cast(pl.Int64),
        total=pl.col("value").cast(pl.Int128).sum(),
        **more,
    )


def _withheld(months: pl.DataFrame, enough: pl.Expr, reason: pl.Expr) -> pl.DataFrame:
    """Give the mean where enough was measured, and the reason where not; nothing has no mean, however little is asked."""
    mean, kept = half_up(pl.col("total"), pl.max_horizontal("n", 1)), enough & (pl.col("n") > 0)
    return (
        months.with_columns(value=pl.when(kept).then(mean), reason=pl.when(~kept).then(reason))
        .drop("asked", strict=False)
        .sort("pid", "stat", "month")
    )
