"""Vapour recovery at petrol stations: which refuellings count, and the days on which a nozzle recovers too little or too much.

Source of all: GB 20952-2020 annex E, as a station console implements its approval draft (emission_rules 6; the annex itself could not
be read).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import polars as pl

from processors.rules.gas import Exact, exact
from processors.rules.millionths import MILLION, millionths, quotient_expr, wide
from processors.rules.verdict import number_text

COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class NozzleState:
    """What a nozzle's next day is judged with: refuellings of thin days not yet evaluated, and warning days in a row."""

    pool_n: int = 0
    pool_bad: int = 0
    streak: int = 0


@dataclass(frozen=True, slots=True)
class NozzleDay:
    """What a day says of a nozzle; "thin" has too few refuellings to say anything, "alarm" is raised with a warning."""

    state: Literal["normal", "warning", "thin"]
    streak: int
    alarm: bool
    reason: str


def must_be_networked(sales_t: Exact, *, sales_t_max: Exact) -> bool:
    """Tell whether a station that sells so much petrol a year must have networked monitoring: only above the bound.

    Source:
        Guangdong plan, emission_rules 6 (seen): more than 2 000 t.
    """
    return exact(sales_t) > exact(sales_t_max)


def refuellings(
    filled: pl.DataFrame,
    *,
    ratio_min: Exact,
    ratio_max: Exact,
    counted_l_min: Exact,
    stored_l_min: Exact,
    fuel_l_min_min: Exact,
) -> pl.DataFrame:
    """Tell of each refuelling its ratio, whether that is in the band, and whether it counts.

    Args:
        filled: one row a refuelling: ``pid`` (nozzle), ``fuel_l``, ``vapour_l`` (litres at SCALE), ``fuel_l_min`` (fuel speed, L/min at SCALE; None where
            not known), and anything else, which is kept.
        ratio_min: least ratio of the band; equal is in it.
        ratio_max: greatest ratio; equal is in it.
        counted_l_min: fuel from which on a refuelling counts [L].
        stored_l_min: fuel from which on it is kept though it does not count [L].
        fuel_l_min_min: fuel speed below which one out of band is the dispenser's fault [L/min].

    Returns:
        The rows with ``ratio`` (at SCALE, rounded half up, None where it cannot be formed), ``in_band`` and ``status``: "counted", "stored", "too little",
        "dispenser fault" or "not measured". The band is compared exactly, not with the rounded ratio.

    Source:
        GST-1 to GST-3 (seen; the band 0.9 to 1.3 from memory, low): 15 L, 5 L, 10 L/min. A low vapour speed excuses nothing (proposal).
    """
    fuel, vapour = pl.col("fuel_l"), pl.col("vapour_l")
    low, high = exact(ratio_min), exact(ratio_max)
    in_band = (wide(vapour) * low.denominator >= wide(fuel) * low.numerator) & (
        wide(vapour) * high.denominator <= wide(fuel) * high.numerator
    )
    status = (
        pl.when(fuel.is_null() | vapour.is_null())
        .then(pl.lit("not measured"))
        .when(fuel < millionths(stored_l_min))
        .then(pl.lit("too little"))
        .when(fuel < millionths(counted_l_min))
        .then(pl.lit("stored"))
        .when(~pl.col("in_band") & (pl.col("fuel_l_min") < millionths(fuel_l_min_min)))
        .then(pl.lit("dispenser fault"))
        .otherwise(pl.lit(COUNTED))
    )
    return filled.with_columns(
        ratio=quotient_expr(wide(vapour) * MILLION, fuel), in_band=pl.when(fuel > 0).then(in_band)
    ).with_columns(status=status)


def nozzle_day(
    state: NozzleState, *, counted: int, bad: int, thin_n: int, warn_share_pct: Exact, streak_days: int
) -> tuple[NozzleState, NozzleDay]:
    """Take one day of a nozzle: evaluate it, or pool its few refuellings with the next days'.

    Args:
        state: after the day before.
        counted: refuellings of the day that count.
        bad: those of them out of band.
        thin_n: a day with fewer than this is thin; a pool is evaluated once it holds more than this.
        warn_share_pct: share out of band [%] above which the day warns; equal does not.
        streak_days: warning days in a row that raise the alarm.

    Returns:
        The new state and what the day says. A thin day neither lengthens nor breaks a row of warning days, a normal day breaks it.

    Raises:
        ValueError: more are bad than counted.

    Source:
        GST-4 to GST-6 (seen): 25 %, 5 refuellings, 5 days.
    """
    if not 0 <= bad <= counted:
        raise ValueError(f"{bad} of {counted} refuellings cannot be out of band")
    n, out = state.pool_n + counted, state.pool_bad + bad
    whole = state.pool_n == 0 and counted >= max(thin_n, 1)
    text = f"{out} of {n} counted refuellings out of band"
    if not (whole or n > thin_n):
        return NozzleState(n, out, state.streak), NozzleDay("thin", state.streak, False, f"{text}, too few to judge")
    if Fraction(100 * out, n) > exact(warn_share_pct):
        streak = state.streak + 1
        reason = f"{text}, more than {number_text(warn_share_pct)} %"
        return NozzleState(streak=streak), NozzleDay("warning", streak, streak >= streak_days, reason)
    return NozzleState(), NozzleDay("normal", 0, False, text)
