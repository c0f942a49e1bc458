"""European rules: from raw data to validated averages, and what plants must comply with.

Source of all: EN 17255-1 for averages, Directive 2010/75/EU for compliance (emission_rules 9.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from processors.rules.gas import Exact, at_reference_oxygen, exact
from processors.rules.millionths import millionths, milliseconds, quotient_expr, times_expr, wide
from processors.rules.verdict import Verdict, all_of, any_of, at_least, at_most, not_judged, share_pct

OPERATING, MEASURING = "operating", "measuring"
"""The plant's and the monitor's status that enter compliance averages; any other does not (EU-4)."""


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


def validated(standardised: Exact, *, daily_limit: Exact, confidence_pct: Exact) -> Fraction:
    """Return a standardised average less its confidence interval, in the same unit, not below 0.

    Args:
        standardised: average at the reference state.
        daily_limit: daily emission limit.
        confidence_pct: confidence interval [% of the daily limit].

    Source:
        EU-5, Annex VI: CO 10 %, SO2 20 % (seen), NO2 20 %, dust and TOC 30 %, HCl and HF 40 % (from memory, high); floor 0 (medium).

    >>> validated(210, daily_limit=200, confidence_pct=20)
    Fraction(170, 1)
    """
    return max(exact(standardised) - exact(daily_limit) * exact(confidence_pct) / 100, Fraction(0))


def validated_expr(standardised: pl.Expr, *, daily_limit: Exact, confidence_pct: Exact) -> pl.Expr:
    """Return ``validated`` on an Int64 column at SCALE; the interval is rounded half up, null stays null."""
    interval = times_expr(pl.lit(millionths(daily_limit)), exact(confidence_pct) / 100)
    return (wide(standardised) - interval).clip(lower_bound=0).cast(pl.Int64, strict=False)


def at_reference_hazardous(measured_mg_m3: Exact, *, oxygen_pct: Exact, reference_pct: Exact, guard_pct: Exact) -> Fraction:
    """Return a concentration [mg/m³] at reference oxygen where hazardous waste is burnt with waste-gas treatment.

    Args and errors are those of ``gas.at_reference_oxygen``; at or below the reference the measured value stands.

    Source:
        EU-6 (from memory, high).
    """
    if exact(oxygen_pct) <= exact(reference_pct):
        return exact(measured_mg_m3)
    return at_reference_oxygen(measured_mg_m3, oxygen_pct=oxygen_pct, reference_pct=reference_pct, guard_pct=guard_pct)


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


def waste_co_days(*, days: int, above: int, share_min_pct: Exact) -> Verdict:
    """Judge a year's daily averages of carbon monoxide.

    Source:
        EU-8 (seen): 97 % within the limit.
    """
    return at_least("share of daily averages within", share_pct(days - above, days), share_min_pct, "%")


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


def abnormal_operation(episodes_h: Sequence[Exact], *, episode_h_max: Exact, year_h_max: Exact) -> Verdict:
    """Judge a year's abnormal operation: each episode without interruption, and all of them together.

    Source:
        EU-9 (from memory, high): at most 4 h and 60 h.
    """
    longest = max((exact(hours) for hours in episodes_h), default=Fraction(0))
    total = sum((exact(hours) for hours in episodes_h), Fraction(0))
    return all_of([at_most("longest episode", longest, episode_h_max, "h"), at_most("year", total, year_h_max, "h")])


def combustion_day(invalid_h: int, *, invalid_h_max: int) -> Verdict:
    """Judge whether a day of a large combustion plant is valid, by its invalid hours.

    Source:
        EU-10 (from memory, high): more than 3 make it invalid.
    """
    return at_most("invalid hours", invalid_h, invalid_h_max)


def combustion_monitoring(invalid_days: int, *, invalid_days_max: int) -> Verdict:
    """Judge whether the monitoring of a year needs measures, by its invalid days.

    Source:
        EU-10 (from memory, high): more than 10 do.
    """
    return at_most("invalid days", invalid_days, invalid_days_max)


def combustion_year(
    *,
    months: Sequence[Exact],
    days: Sequence[Exact],
    hours: Sequence[Exact],
    limit: Exact,
    day_times: Exact,
    hour_times: Exact,
    hour_share_min_pct: Exact,
) -> Verdict:
    """Judge a year of a large combustion plant by its validated averages.

    Args:
        months: monthly averages, none above the limit.
        days: daily averages, none above ``day_times`` the limit.
        hours: hourly averages, enough of them within ``hour_times`` the limit.
        limit: emission limit, in the averages' unit.
        day_times: see above.
        hour_times: see above.
        hour_share_min_pct: least share of hours within [%].

    Source:
        EU-11 (from memory, high): 110 % for days, 95 % of the hours within 200 %.
    """
    return all_of(
        [
            at_most("highest monthly average", _highest(months), limit),
            at_most("highest daily average", _highest(days), exact(limit) * exact(day_times)),
            _within("share of hourly averages within", hours, exact(limit) * exact(hour_times), hour_share_min_pct),
        ]
    )


def solvent_day(hours: Sequence[Exact], *, limit: Exact, hour_times: Exact) -> Verdict:
    """Judge a day of a solvent installation, without start-up, shut-down and maintenance: its mean and each hourly average.

    Source:
        EU-12 (seen): the limit for the mean of 24 h, 1.5 times the limit for an hour.
    """
    mean = sum((exact(hour) for hour in hours), Fraction(0)) / len(hours) if hours else None
    return all_of(
        [
            at_most("mean of the day", mean, limit),
            at_most("highest hourly average", _highest(hours), exact(limit) * exact(hour_times)),
        ]
    )


def swiss_year(
    *,
    days: Sequence[Exact],
    hours: Sequence[Exact],
    limit: Exact,
    near_times: Exact,
    near_share_min_pct: Exact,
    far_times: Exact,
) -> Verdict:
    """Judge a year by the Swiss ordinance: no daily mean above the limit, most hourly means near it, none far above.

    Source:
        EU-13 (seen): 97 % of the hours within 1.2 times, none above 2 times.
    """
    return all_of(
        [
            at_most("highest daily mean", _highest(days), limit),
            _within("share of hourly means within", hours, exact(limit) * exact(near_times), near_share_min_pct),
            at_most("highest hourly mean", _highest(hours), exact(limit) * exact(far_times)),
        ]
    )


def missing_hour(mean: Exact, *, deviation: Exact, deviation_times: Exact) -> Fraction:
    """Return what stands for a missing hour in emissions trading: the period's mean and some standard deviations.

    Source:
        EU-14, monitoring regulation article 45 (seen): two deviations.

    >>> missing_hour(40, deviation=6, deviation_times=2)
    Fraction(52, 1)
    """
    return exact(mean) + exact(deviation_times) * exact(deviation)


def _highest(values: Sequence[Exact]) -> Fraction | None:
    return max((exact(value) for value in values), default=None)


def _within(what: str, values: Sequence[Exact], bound: Fraction, share_min_pct: Exact) -> Verdict:
    within = sum(exact(value) <= bound for value in values)
    return at_least(what, share_pct(within, len(values)), share_min_pct, "%")
