"""Waste incineration: furnace temperature of five-minute slots, daily means without exempt hours, exceeding days of a month.

Source of all: MEE Order 10 of 2019 and Announcement 2019 No. 50, in force since 2020-01-01 (emission_rules 4.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import polars as pl

from processors.rules.coverage import HOURS_D
from processors.rules.gaps import median
from processors.rules.gas import Exact
from processors.rules.millionths import millionths, milliseconds, quotient_expr, wide
from processors.rules.periods import day_of, month_of
from processors.rules.spells import spells

SECTIONS = ("upper", "middle")
"""Sections of the furnace that have thermocouples."""


def slot_temperature(upper_degc: Sequence[Exact], middle_degc: Sequence[Exact]) -> Fraction | None:
    """Return the furnace temperature of a slot [°C] from the means of its thermocouples; None where a section has none.

    Source:
        WTE-4 (seen): the mean of two medians, that of the upper section and that of the middle one.

    >>> slot_temperature([905, 880, 700], [860, 830, 845])
    Fraction(1725, 2)
    """
    upper, middle = median(upper_degc), median(middle_degc)
    return None if upper is None or middle is None else (upper + middle) / 2


def slot_temperatures(readings: pl.DataFrame) -> pl.DataFrame:
    """Form each furnace's temperature of each slot, as ``slot_temperature``.

    Args:
        readings: one row a thermocouple and slot: ``pid`` (furnace), ``slot`` (start, of five minutes), ``section`` ("upper" or "middle"), ``value``
            (mean of the slot, °C at SCALE, None where not valid); any order.

    Returns:
        One row a furnace and slot: ``pid``, ``slot``, ``value`` (at SCALE, rounded half up) and, where it is None, ``reason``.
    """
    ordered = pl.col("value").sort()
    twice = wide(ordered.get((pl.len() - 1) // 2)) + wide(ordered.get(pl.len() // 2))
    medians = (
        readings.filter(pl.col("value").is_not_null())
        .group_by("pid", "slot", "section")
        .agg(twice=twice)
        .group_by("pid", "slot")
        .agg(four=pl.col("twice").sum(), sections=pl.col("section").n_unique())
    )
    whole = (pl.col("sections") == len(SECTIONS)).fill_null(False)
    return (
        readings.select("pid", "slot")
        .unique()
        .join(medians, on=["pid", "slot"], how="left")
        .select(
            "pid",
            "slot",
            value=pl.when(whole).then(quotient_expr(pl.col("four"), pl.lit(2 * len(SECTIONS)))),
            reason=pl.when(~whole).then(pl.lit("no valid thermocouple in the upper or the middle section")),
        )
        .sort("pid", "slot")
    )


def cold_slots(slots: pl.DataFrame, *, temperature_degc_min: Exact, slots_max: int, offset_ms: int) -> pl.DataFrame:
    """Count the slots of each furnace's day that are too cold in normal operation.

    Args:
        slots: one row a furnace and slot: ``pid``, ``slot`` (start), ``value`` (°C at SCALE, None where not known), ``normal`` (not marked as anything
            else); any order.
        temperature_degc_min: least temperature; equal complies.
        slots_max: cold slots that a natural day may have; the next one is a violation.
        offset_ms: local time's offset from UTC.

    Returns:
        The cold slots, ordered by furnace and time: ``pid``, ``day`` (start), ``slot``, ``value``, ``n`` (how many of the day, with this one),
        ``violation``.

    Source:
        WTE-3 (seen; "more than 5" from memory, high): 850 °C, more than five in one natural day, for each furnace.
    """
    cold = pl.col("normal") & (pl.col("value") < millionths(temperature_degc_min))
    day = day_of(pl.col("slot"), offset_ms)
    return (
        slots.filter(cold)
        .sort("pid", "slot")
        .select("pid", day.alias("day"), "slot", "value", n=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("pid", day))
        .with_columns(violation=pl.col("n") > slots_max)
    )


def day_means_of_rest(
    hours: pl.DataFrame, *, hours_min: int, basis: Literal["fixed20", "fraction_of_operating"]
) -> pl.DataFrame:
    """Average each point's valid hours over each day, without those that are exempt or stopped.

    Args:
        hours: one row a point and hour: ``pid``, ``day`` (start of the local day), ``hour``, ``value`` (at SCALE, None where not valid), ``exempt``,
            ``stopped``; any order.
        hours_min: valid hours asked of a whole day.
        basis: whether the same is asked of what remains of the day, or the same share of it (see ``hours_needed``).

    Returns:
        One row a point and day: ``n`` (valid hours that count), ``exempt``, ``stopped`` (hours), ``value`` (at SCALE, rounded half up) and, where it
        is None, ``reason``.

    Source:
        WTE-11 (from memory, medium): marked hours leave the mean, which is that of the remaining hours.
    """
    left = pl.col("exempt") | pl.col("stopped")
    counted = pl.col("value").is_not_null() & ~left
    rest = HOURS_D - pl.col("exempt") - pl.col("stopped")
    share = (hours_min * rest + HOURS_D - 1) // HOURS_D
    asked = pl.lit(hours_min, dtype=pl.Int64) if basis == "fixed20" else pl.max_horizontal(share, 1)
    enough = pl.col("n") >= pl.col("asked")
    kept = enough & (pl.col("n") > 0)
    return (
        hours.group_by("pid", "day")
        .agg(
            n=counted.sum().cast(pl.Int64),
            total=wide(pl.col("value").filter(counted)).sum(),
            exempt=(pl.col("exempt") & ~pl.col("stopped")).sum().cast(pl.Int64),
            stopped=pl.col("stopped").sum().cast(pl.Int64),
        )
        .with_columns(asked=asked)
        .select(
            "pid",
            "day",
            "n",
            "exempt",
            "stopped",
            value=pl.when(kept).then(quotient_expr(pl.col("total"), pl.col("n"))),
            reason=pl.when(rest <= 0)
            .then(pl.lit("all hours exempt or stopped"))
            .when(~kept)
            .then(pl.format("{} valid hours of {}", "n", "asked")),
        )
        .sort("pid", "day")
    )


def exceeding_days(days: pl.DataFrame, *, days_max: int, offset_ms: int) -> pl.DataFrame:
    """Count the exceeding days of each month, and name the one that allows a suspension.

    Args:
        days: rows of judged daily means, of one pollutant or several: ``pid`` (furnace or plant), ``day`` (start of the local day), ``exceeds`` (None where
            not judged); any order. A day counts once, whatever exceeds on it.
        days_max: exceeding days a calendar month may have without that; the next one triggers.
        offset_ms: local time's offset from UTC.

    Returns:
        One row a unit and month with an exceeding day: ``pid``, ``month`` (start), ``n``, ``trigger`` (the day that was one too many, or None).

    Source:
        WTE-1 and WTE-2 (seen): more than five exceeding days in a calendar month allow limits on production, or suspension.
    """
    return (
        days.filter("exceeds")
        .select("pid", "day", month=month_of(pl.col("day"), offset_ms))
        .unique()
        .group_by("pid", "month")
        .agg(n=pl.len().cast(pl.Int64), days=pl.col("day").sort())
        .select("pid", "month", "n", trigger=pl.col("days").list.get(days_max, null_on_oob=True))
        .sort("pid", "month")
    )


def warnings(
    readings: pl.DataFrame, *, low: Exact | None, high: Exact | None, gap_s_max: Exact, cover_s: Exact
) -> pl.DataFrame:
    """Raise one warning each time a process value leaves its band, and close it when it comes back.

    Args:
        readings: one row a point and time: ``pid``, ``time_ms``, ``value`` (at SCALE, None where not valid); any order.
        low: values below this are outside, None without a lower bound; equal is inside.
        high: values above this are outside, None without an upper bound; equal is inside.
        gap_s_max: readings further apart do not continue a warning.
        cover_s: how long a reading stands for.

    Returns:
        One row a warning: ``pid``, ``opened_ms``, ``closed_ms`` (the first reading after it, None while it is open), ``n`` readings outside.

    Source:
        Warning rules of plants in Zhejiang, emission_rules 4.2 (seen): once on entering, closed on leaving. Their bands: furnace above
        1 200 or 1 300 °C, bag filter outside 500 to 2 000 Pa, oxygen at the furnace outlet outside 6 to 10 %.
    """
    below = pl.lit(False) if low is None else pl.col("value") < millionths(low)
    above = pl.lit(False) if high is None else pl.col("value") > millionths(high)
    found = spells(readings, below | above, gap_ms_max=milliseconds(gap_s_max), cover_ms=milliseconds(cover_s))
    return found.select("pid", opened_ms="start_ms", closed_ms="left_ms", n="n")
