"""Screening for behaviour around a limit: hugging it, falling away at it, calibrating over it, falling silent before it.

Thresholds are proposals of emission_rules 7.2. Values and limits are Int64 at SCALE, None where there is none; rows come in any order.
"""

from __future__ import annotations

import polars as pl

from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS
from processors.rules.evidence import evidence, in_windows
from processors.rules.gas import Exact, exact
from processors.rules.millionths import millionths, milliseconds, share_above, share_at_least, text_expr, wide
from processors.rules.periods import day_of, month_length, month_of

_value, _limit = pl.col("value"), pl.col("limit")


def hugging(
    hours: pl.DataFrame,
    *,
    window_s: Exact,
    every_s: Exact,
    near_times: Exact,
    share_pct_min: Exact,
    hours_min: int,
    offset_ms: int,
    weight: int,
) -> pl.DataFrame:
    """Find windows in which most hourly values lie just below the limit and none above (DQ-4).

    Args:
        hours: one row a point and hour: ``pid``, ``time_ms`` (start), ``value``, ``limit``.
        window_s: length of a window.
        every_s: distance of the windows.
        near_times: values above so many times the limit, and up to it, hug it.
        share_pct_min: share of the valid hours [%] that is most; equal is.
        hours_min: valid hours below which a window says nothing.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Source:
        DQ-4 (pattern seen in a paper of 2026; test a proposal): 0.9 of the limit, 80 %, 24 h, 20 hours.
    """
    found = in_windows(
        _limited(hours),
        window_ms=milliseconds(window_s),
        every_ms=milliseconds(every_s),
        offset_ms=offset_ms,
        n=pl.len(),
        near=(_above(near_times) & (_value <= _limit)).sum(),
        over=(_value > _limit).sum(),
    ).filter((pl.col("n") >= hours_min) & (pl.col("over") == 0) & share_at_least(pl.col("near"), pl.col("n"), share_pct_min))
    reason = pl.format("{} of {} valid hours just below the limit, none above", "near", "n")
    return evidence(found, "DQ-4", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def edge_density(
    hours: pl.DataFrame,
    *,
    window_s: Exact,
    every_s: Exact,
    below_times: Exact,
    above_times: Exact,
    ratio_min: Exact,
    hours_min: int,
    offset_ms: int,
    weight: int,
) -> pl.DataFrame:
    """Find windows in which many more hourly values lie just below the limit than just above it (DQ-4).

    Args:
        hours: as for ``hugging``, as are the settings of the same names.
        window_s: length of a window.
        every_s: distance of the windows.
        below_times: values above so many times the limit, and up to it, are just below.
        above_times: values above the limit, and up to so many times it, are just above.
        ratio_min: how many times more just below; equal is told. Without any just above there is no ratio and nothing is told.
        hours_min: valid hours below which a window says nothing.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Source:
        DQ-4 (proposal): 0.95 and 1.05 of the limit, 10 times.
    """
    ratio = exact(ratio_min)
    many = pl.col("below") * ratio.denominator >= pl.col("above") * ratio.numerator
    found = in_windows(
        _limited(hours),
        window_ms=milliseconds(window_s),
        every_ms=milliseconds(every_s),
        offset_ms=offset_ms,
        n=pl.len(),
        below=(_above(below_times) & (_value <= _limit)).sum().cast(pl.Int64),
        above=((_value > _limit) & ~_above(above_times)).sum().cast(pl.Int64),
    ).filter((pl.col("n") >= hours_min) & (pl.col("above") > 0) & many)
    reason = pl.format("{} hours just below the limit, {} just above", "below", "above")
    return evidence(found, "DQ-4", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def drops(
    minutes: pl.DataFrame,
    *,
    high_times: Exact,
    low_times: Exact,
    within_s: Exact,
    load_change_max: Exact,
    oxygen_change_pct_max: Exact,
    repeat_n: int,
    repeat_days: int,
    weight: int,
    weight_repeated: int,
) -> pl.DataFrame:
    """Find values that fall away at the limit while the plant goes on as before (DQ-5).

    Args:
        minutes: one row a point and time: ``pid``, ``time_ms``, ``value``, ``limit``, ``normal`` (flag N), ``load`` and ``oxygen`` (% at SCALE).
        high_times: values from so many times the limit on are near it; equal is.
        low_times: values up to so many times the limit have fallen away; equal has.
        within_s: longest time from the last value near the limit to the first that has fallen away; equal is.
        load_change_max: greatest change of load that is steady [percentage points]; equal is.
        oxygen_change_pct_max: the same of oxygen [% by volume].
        repeat_n: events in the days up to one, itself among them, that make it serious.
        repeat_days: how many days.
        weight: of one event.
        weight_repeated: of a serious one.

    Source:
        DQ-5 (proposal): 0.95 and 0.5 of the limit, 2 min; three in 7 days are serious.
    """
    normal = pl.col("normal").fill_null(False)
    high, low = normal & ~_below(high_times), normal & ~_above(low_times)
    last_high = {name: pl.when(high).then(name).forward_fill().over("pid") for name in ("time_ms", "value", "load", "oxygen")}
    fallen = (
        _limited(minutes)
        .sort("pid", "time_ms")
        .with_columns(
            _low=low,
            _low_before=pl.when(low).then("time_ms").forward_fill().shift(1).over("pid"),
            **{f"high_{name}": expression for name, expression in last_high.items()},
        )
        .filter(
            pl.col("_low"),
            pl.col("time_ms") - pl.col("high_time_ms") <= milliseconds(within_s),
            pl.col("_low_before").is_null() | (pl.col("_low_before") < pl.col("high_time_ms")),
            (pl.col("load") - pl.col("high_load")).abs() <= millionths(load_change_max),
            (pl.col("oxygen") - pl.col("high_oxygen")).abs() <= millionths(oxygen_change_pct_max),
        )
        .with_columns(events=pl.col("_low").cast(pl.Int64).rolling_sum_by("time_ms", f"{repeat_days * DAY_MS}i").over("pid"))
    )
    serious = pl.col("events") >= repeat_n
    reason = pl.format(
        "fell from {} to {} in {} s at a limit of {} with load and oxygen steady",
        text_expr(pl.col("high_value")),
        text_expr(_value),
        (pl.col("time_ms") - pl.col("high_time_ms")) // 1000,
        text_expr(_limit),
    )
    again = pl.when(serious).then(pl.format(f"; event {{}} in {repeat_days} days", "events")).otherwise(pl.lit(""))
    return evidence(
        fallen,
        "DQ-5",
        start=pl.col("high_time_ms"),
        end=pl.col("time_ms") + 1,
        reason=reason + again,
        weight=pl.when(serious).then(weight_repeated).otherwise(weight),
    )


def calibration_as_cover(
    marks: pl.DataFrame, readings: pl.DataFrame, *, high_times: Exact, within_s: Exact, weight: int
) -> pl.DataFrame:
    """Find calibrations and maintenance that nobody had scheduled and that begin just after values near the limit (DQ-11).

    Args:
        marks: one row a mark or flagged stretch: ``pid``, ``start_ms``, ``end_ms``, ``scheduled``.
        readings: one row a point and time: ``pid``, ``time_ms``, ``value``, ``limit``.
        high_times: values from so many times the limit on are near it; equal is.
        within_s: longest time from the last such value to the start of the mark; equal is.
        weight: of each piece of evidence.

    Source:
        DQ-11 (proposal): 0.9 of the limit, 15 min.
    """
    near = _limited(readings).filter(~_below(high_times)).sort("time_ms").select("pid", "value", "limit", high_ms="time_ms")
    found = (
        marks.filter(~pl.col("scheduled"))
        .sort("start_ms")
        .join_asof(near, left_on="start_ms", right_on="high_ms", by="pid", strategy="backward", check_sortedness=False)
        .filter(pl.col("start_ms") - pl.col("high_ms") <= milliseconds(within_s))
    )
    reason = pl.format(
        "unscheduled calibration or maintenance {} min after a value of {} at a limit of {}",
        (pl.col("start_ms") - pl.col("high_ms")) // MINUTE_MS,
        text_expr(_value),
        text_expr(_limit),
    )
    return evidence(found, "DQ-11", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def too_much_calibration(
    marks: pl.DataFrame, *, a_day_max: int, hours_pct_max: Exact, offset_ms: int, weight: int
) -> pl.DataFrame:
    """Find days with too many calibrations, and months with too much time under them (DQ-11).

    Args:
        marks: one row a calibration or maintenance, not overlapping: ``pid``, ``start_ms``, ``end_ms``.
        a_day_max: how many may begin on a local day.
        hours_pct_max: share of a month's hours [%] that they may take.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Source:
        DQ-11 (proposal): more than 3 a day, more than 5 % of the hours of the month.
    """
    days = marks.group_by("pid", day=day_of(pl.col("start_ms"), offset_ms)).agg(n=pl.len()).filter(pl.col("n") > a_day_max)
    start, end = pl.col("start_ms"), pl.col("end_ms")
    month_ms = month_length(pl.col("month"), offset_ms) * DAY_MS
    months = (
        marks.with_columns(day=pl.int_ranges(day_of(start, offset_ms), end, DAY_MS))
        .explode("day", empty_as_null=True)
        .group_by("pid", month=month_of(pl.col("day"), offset_ms))
        .agg(taken_ms=(pl.min_horizontal(end, pl.col("day") + DAY_MS) - pl.max_horizontal(start, "day")).sum())
        .filter(share_above(pl.col("taken_ms"), month_ms, hours_pct_max))
    )
    daily = pl.format("{} calibrations or maintenances on one day", "n")
    monthly = pl.format(
        "{} h of the month's {} under calibration or maintenance", pl.col("taken_ms") // HOUR_MS, month_ms // HOUR_MS
    )
    return pl.concat(
        [
            evidence(days, "DQ-11", start=pl.col("day"), end=pl.col("day") + DAY_MS, reason=daily, weight=weight),
            evidence(months, "DQ-11", start=pl.col("month"), end=pl.col("month") + month_ms, reason=monthly, weight=weight),
        ]
    ).sort("pid", "start_ms", "end_ms")


def silence_before_exceedance(gaps: pl.DataFrame, *, gaps_min: int, offset_ms: int, weight: int) -> pl.DataFrame:
    """Find months in which data stopped again and again just when the hour was about to exceed its limit (DQ-16).

    Args:
        gaps: one row a gap: ``pid``, ``start_ms``, ``end_ms``, ``projection`` (the hour's mean so far when it began) and ``limit``, at SCALE.
        gaps_min: such gaps in a month that are told.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Source:
        DQ-16 (proposal), after studies on monitors switched off (seen); three in a month in the example.
    """
    found = (
        gaps.filter(pl.col("projection") > _limit)
        .group_by("pid", month=month_of(pl.col("start_ms"), offset_ms))
        .agg(n=pl.len(), start_ms=pl.col("start_ms").min(), end_ms=pl.col("end_ms").max())
        .filter(pl.col("n") >= gaps_min)
    )
    reason = pl.format("{} gaps in the month began with the hour's mean so far above the limit", "n")
    return evidence(found, "DQ-16", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def _limited(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(_value.is_not_null() & _limit.is_not_null())


def _above(times: Exact) -> pl.Expr:
    """Tell where a value is strictly above so many times its limit."""
    ratio = exact(times)
    return wide(_value) * ratio.denominator > wide(_limit) * ratio.numerator


def _below(times: Exact) -> pl.Expr:
    """Tell where a value is strictly below so many times its limit."""
    ratio = exact(times)
    return wide(_value) * ratio.denominator < wide(_limit) * ratio.numerator
