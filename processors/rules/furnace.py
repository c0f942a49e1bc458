"""Waste incineration: furnace temperature of five-minute slots, daily means without exempt hours, exceeding days of a month.

Source of all: MEE Order 10 of 2019 and Announcement 2019 No. 50, in force since 2020-01-01 (emission_rules 4.2).
"""

from __future__ import annotations

import polars as pl

from processors.rules.gas import Exact
from processors.rules.millionths import millionths, milliseconds, quotient_expr, wide
from processors.rules.periods import day_of, month_of
from processors.rules.spells import spells

SECTIONS = ("upper", "middle")
"""Sections of the furnace that have thermocouples."""


def slot_temperatures(readings: pl.DataFrame) -> pl.DataFrame:
    """Form each furnace's temperature of each slot: the mean of two medians, that of the upper section and that of the middle one.

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
