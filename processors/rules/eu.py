"""European rules: from raw data to validated averages, and what plants must comply with.

Source of all: EN 17255-1 for averages, Directive 2010/75/EU for compliance (emission_rules 9.1).
"""

from __future__ import annotations

import math
from fractions import Fraction

import polars as pl

from processors.rules.gas import Exact, exact
from processors.rules.millionths import millionths, milliseconds, quotient_expr, times_expr, wide
from processors.rules.verdict import Verdict, any_of, at_least, at_most, not_judged, share_pct

OPERATING, MEASURING = "operating", "measuring"
"""The plant's and the monitor's status that enter compliance averages; any other does not (EU-4)."""
ROOT_DIGITS = 12
"""Decimals of a standard deviation, in the unit of what it is of."""


def averages(data: pl.DataFrame, *, period_s: Exact, datum_s: Exact, share_min: Exact) -> pl.DataFrame:
    """Average each point's valid data over fixed periods: raw data to first-level data, and these to short-term averages.

    Args:
        data: one row a point and datum: ``pid``, ``time_ms`` (start), ``value`` (at SCALE, None where not valid), ``plant`` ("operating", "start-up",
            "shut-down", "stopped", "other than normal") and ``monitor`` ("measuring", "maintenance", "malfunction", "out of range"); any
            order.
        period_s: length of a period: up to 60 s for first-level data, 10, 30 or 60 min for short-term averages.
        datum_s: time a datum stands for.
        share_min: share of the period that valid data must cover; equal is enough.

    Returns:
        One row a point and period with a datum: ``pid``, ``time_ms`` (start), ``n`` (valid data while operating and measuring), ``total``
        (their sum), ``value`` (at SCALE, rounded half up) and, where it is None, ``reason``; ``plant`` and ``monitor`` of a period with a
        value are "operating" and "measuring", else None.

    Source:
        EU-2 to EU-4, EN 17255-1 (from memory, medium): two thirds, at both steps.
    """
    period_ms, datum_ms, share = milliseconds(period_s), milliseconds(datum_s), exact(share_min)
    counted = pl.col("value").is_not_null() & (pl.col("plant") == OPERATING) & (pl.col("monitor") == MEASURING)
    covers = pl.col("n") * datum_ms * share.denominator >= period_ms * share.numerator
    enough = covers & (pl.col("n") > 0)
    return (
        data.with_columns(_counted=counted.fill_null(False), time_ms=pl.col("time_ms") // period_ms * period_ms)
        .group_by("pid", "time_ms")
        .agg(n=pl.col("_counted").sum().cast(pl.Int64), total=wide(pl.col("value").filter("_counted")).sum())
        .select(
            "pid",
            "time_ms",
            "n",
            "total",
            value=pl.when(enough).then(quotient_expr(pl.col("total"), pl.col("n"))),
            plant=pl.when(enough).then(pl.lit(OPERATING)),
            monitor=pl.when(enough).then(pl.lit(MEASURING)),
            reason=pl.when(~enough).then(
                pl.format(f"valid data cover {{}} s of {period_ms // 1000}", pl.col("n") * datum_ms // 1000)
            ),
        )
        .sort("pid", "time_ms")
    )


def validated_expr(standardised: pl.Expr, *, daily_limit: Exact, confidence_pct: Exact) -> pl.Expr:
    """Return ``validated`` on an Int64 column at SCALE; the interval is rounded half up, null stays null."""
    interval = times_expr(pl.lit(millionths(daily_limit)), exact(confidence_pct) / 100)
    return (wide(standardised) - interval).clip(lower_bound=0).cast(pl.Int64, strict=False)


def waste_day(discarded_n: int, *, discarded_n_max: int) -> Verdict:
    """Judge whether a day of a waste plant has a valid average, by its half-hours discarded for the monitor's sake.

    Source:
        EU-7 (seen): at most 5.
    """
    return at_most("discarded half-hours", discarded_n, discarded_n_max)


def waste_year(discarded_days: int, *, discarded_days_max: int) -> Verdict:
    """Judge how many daily averages of a year a waste plant discarded.

    Source:
        EU-7 (seen): at most 10.
    """
    return at_most("discarded daily averages", discarded_days, discarded_days_max)


def waste_half_hours(*, half_hours: int, above_a: int, above_b: int, share_min_pct: Exact) -> Verdict:
    """Judge a year's half-hours: all within column A, or enough of them within column B.

    Source:
        EU-8 (seen): 97 % within column B.
    """
    if half_hours == 0:
        return not_judged("no valid half-hour")
    within_b = share_pct(half_hours - above_b, half_hours)
    return any_of(
        [
            at_most("half-hours above column A", above_a, 0),
            at_least("share of half-hours within column B", within_b, share_min_pct, "%"),
        ]
    )


def waste_co_day(
    *, ten_minutes: int, ten_minutes_above: int, half_hours: int, half_hours_above: int, share_min_pct: Exact
) -> Verdict:
    """Judge carbon monoxide over 24 hours: enough ten-minute averages within their limit, or all half-hours within theirs.

    Source:
        EU-8 (seen): 95 % of the ten-minute averages.
    """
    within = share_pct(ten_minutes - ten_minutes_above, ten_minutes)
    return any_of(
        [
            at_least("share of ten-minute averages within", within, share_min_pct, "%"),
            at_most("half-hours above", half_hours_above, 0) if half_hours else not_judged("no valid half-hour"),
        ]
    )


def combustion_day(invalid_h: int, *, invalid_h_max: int) -> Verdict:
    """Judge whether a day of a large combustion plant is valid, by its invalid hours.

    Source:
        EU-10 (from memory, high): more than 3 make it invalid.
    """
    return at_most("invalid hours", invalid_h, invalid_h_max)


def missing_hour(mean: Exact, *, deviation: Exact, deviation_times: Exact) -> Fraction:
    """Return what stands for a missing hour in emissions trading: the period's mean and some standard deviations.

    Source:
        EU-14, monitoring regulation article 45 (seen): two deviations.

    >>> missing_hour(40, deviation=6, deviation_times=2)
    Fraction(52, 1)
    """
    return exact(mean) + exact(deviation_times) * exact(deviation)


def deviation_of(*, n: int, total: int, squares: int) -> Fraction | None:
    """Return the standard deviation of a sample from the number of its integers, their sum and the sum of their squares; None below two.

    The root is taken to ROOT_DIGITS decimals, downwards.

    >>> deviation_of(n=19, total=760, squares=31048)
    Fraction(6, 1)
    """
    if n < 2:
        return None
    square = Fraction(n * squares - total * total, n * (n - 1))
    return Fraction(math.isqrt(square.numerator * 10 ** (2 * ROOT_DIGITS) // square.denominator), 10**ROOT_DIGITS)
