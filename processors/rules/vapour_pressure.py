"""Vapour recovery at petrol stations: tank pressure, valves, back-pressure of the line, and the concentration behind the unit.

Source of all: as ``vapour``. Samples are instants of one tank or unit, in any order.
"""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from processors.figures import DAY_MS
from processors.rules.gas import Exact, exact
from processors.rules.millionths import millionths, milliseconds, share_above
from processors.rules.periods import day_of
from processors.rules.spells import held, spells
from processors.rules.verdict import Verdict, at_most, not_judged, number_text


def zero_pressure(
    samples: pl.DataFrame, *, band_pa: Exact, lasting_s: Exact, gap_s_max: Exact, streak_days: int, offset_ms: int
) -> pl.DataFrame:
    """Find the days on which a tank showed no pressure for so long that it must leak.

    Args:
        samples: ``pid`` (tank), ``time_ms``, ``value`` (Pa at SCALE, None where not valid).
        band_pa: pressure up to this, above or below zero, is none; equal is none.
        lasting_s: how long without a break; just so long is enough. A night's spell goes on over midnight.
        gap_s_max: samples further apart break it.
        streak_days: days in a row that raise the alarm.
        offset_ms: local time's offset from UTC.

    Returns:
        One row a tank and day: ``pid``, ``day`` (start), ``warned_ms`` (when it had lasted so long, or the day's first sample where it had before),
        ``streak`` (days in a row, with this one), ``alarm``.

    Source:
        GST-7 (seen): 50 Pa, 12 h, 5 days.
    """
    none = pl.col("value").abs() <= millionths(band_pa)
    streak = ["pid", "_run"]
    return (
        held(samples, none, gap_ms_max=milliseconds(gap_s_max), cover_ms=0)
        .filter(pl.col("held_ms") >= milliseconds(lasting_s))
        .group_by("pid", day=day_of(pl.col("time_ms"), offset_ms))
        .agg(warned_ms=pl.col("time_ms").min())
        .sort("pid", "day")
        .with_columns(_run=(pl.col("day").diff().over("pid") != DAY_MS).fill_null(True).cum_sum().over("pid"))
        .with_columns(streak=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(streak))
        .with_columns(alarm=pl.col("streak") >= streak_days)
        .drop("_run")
    )


def valve_limits(samples: pl.DataFrame, *, margin_pa: Exact, lasting_s: Exact, gap_s_max: Exact) -> pl.DataFrame:
    """Find the times at which a tank's pressure was beyond what its pressure/vacuum valve should let be.

    Args:
        samples: ``pid`` (tank), ``time_ms``, ``value`` (Pa), ``positive`` and ``negative`` (opening pressures of the valve, Pa, the latter below zero), all at
            SCALE, None where not known.
        margin_pa: how far beyond an opening the pressure may go; equal may.
        lasting_s: how long without a break raises the alarm; just so long does.
        gap_s_max: samples further apart break it.

    Returns:
        One row an episode: ``pid``, ``start_ms`` (warning), ``end_ms`` (its last sample), ``n`` samples, ``alarm_ms`` (None where it did not last).

    Source:
        GST-8 (seen): 200 Pa, 5 min.
    """
    margin = millionths(margin_pa)
    beyond = (pl.col("value") > pl.col("positive") + margin) | (pl.col("value") < pl.col("negative") - margin)
    return _episodes(samples, beyond, warn_n=1, lasting_s=lasting_s, gap_s_max=gap_s_max).drop("warned_ms")


def pressure_days(
    samples: pl.DataFrame, *, low_pa: Exact, high_pa: Exact, share_pct_max: Exact, offset_ms: int
) -> pl.DataFrame:
    """Count the samples of each tank's day that are outside the usual pressures.

    Args:
        samples: ``pid`` (tank), ``time_ms``, ``value`` (Pa at SCALE, None where not valid).
        low_pa: lower end; equal is inside.
        high_pa: upper end; equal is inside.
        share_pct_max: share outside [%] above which the day warns; equal does not.
        offset_ms: local time's offset from UTC.

    Returns:
        One row a tank and day with a valid sample: ``pid``, ``day`` (start), ``n``, ``outside``, ``warning``.

    Source:
        GST-9 (seen; removed in the approval draft): 25 % outside -1 000 to +600 Pa.
    """
    outside = (pl.col("value") < millionths(low_pa)) | (pl.col("value") > millionths(high_pa))
    return (
        samples.filter(pl.col("value").is_not_null())
        .group_by("pid", day=day_of(pl.col("time_ms"), offset_ms))
        .agg(n=pl.len().cast(pl.Int64), outside=outside.sum().cast(pl.Int64))
        .with_columns(warning=share_above(pl.col("outside"), pl.col("n"), share_pct_max))
        .sort("pid", "day")
    )


def allowed_back_pressure_pa(flow_l_min: Exact, *, slope_pa_min_l: Exact, intercept_pa: Exact) -> Fraction:
    """Return the back-pressure that a vapour flow may meet [Pa].

    Source:
        GST-10 (seen): 5.75·Q - 66, the line through 40 Pa at 18, 90 Pa at 28 and 155 Pa at 38 L/min by least squares.

    >>> allowed_back_pressure_pa(30, slope_pa_min_l=Fraction("5.75"), intercept_pa=-66)
    Fraction(213, 2)
    """
    return exact(slope_pa_min_l) * exact(flow_l_min) + exact(intercept_pa)


def back_pressure(
    *,
    line_pa: Exact | None,
    tank_pa: Exact | None,
    flow_l_min: Exact,
    slope_pa_min_l: Exact,
    intercept_pa: Exact,
    flow_l_min_min: Exact,
) -> Verdict:
    """Judge the back-pressure of a line at one refuelling.

    Args:
        line_pa: pressure of the line.
        tank_pa: pressure of the tank.
        flow_l_min: vapour flow.
        slope_pa_min_l: of the allowed back-pressure over the flow.
        intercept_pa: of the same line.
        flow_l_min_min: flow up to which nothing is judged.

    Source:
        GST-10 (seen): only above 20 L/min; equal to the allowed passes.
    """
    if not exact(flow_l_min) > exact(flow_l_min_min):
        return not_judged(f"vapour flow of {number_text(flow_l_min)} L/min, not above {number_text(flow_l_min_min)}")
    if line_pa is None or tank_pa is None:
        return not_judged("pressure of line or tank is not known")
    allowed = allowed_back_pressure_pa(flow_l_min, slope_pa_min_l=slope_pa_min_l, intercept_pa=intercept_pa)
    return at_most("back-pressure", exact(line_pa) - exact(tank_pa), allowed, "Pa")


def concentrations(
    samples: pl.DataFrame, *, limit_g_m3: Exact, warn_n: int, lasting_s: Exact, gap_s_max: Exact
) -> pl.DataFrame:
    """Find the times at which the vapour behind the processing unit was too rich; the emission limit itself is an hourly mean.

    Args:
        samples: ``pid`` (unit), ``time_ms``, ``value`` (g/m³ at SCALE, None where not valid).
        limit_g_m3: concentration that is not too rich; equal is not.
        warn_n: samples in a row that warn.
        lasting_s: how long without a break raises the alarm; just so long does.
        gap_s_max: samples further apart break it.

    Returns:
        One row an episode of at least ``warn_n`` samples: ``pid``, ``start_ms``, ``end_ms`` (its last sample), ``n``, ``warned_ms``, ``alarm_ms`` (None where
        it did not last).

    Source:
        GST-11 (limit from memory, high; timing seen): 25 g/m³, 3 samples, 5 min.
    """
    rich = pl.col("value") > millionths(limit_g_m3)
    return _episodes(samples, rich, warn_n=warn_n, lasting_s=lasting_s, gap_s_max=gap_s_max)


def idle_unit(samples: pl.DataFrame, *, gap_s_max: Exact) -> pl.DataFrame:
    """Find the times at which the processing unit stood still though the tank's pressure was above its start pressure.

    Args:
        samples: ``pid`` (unit), ``time_ms``, ``value`` (tank pressure, Pa), ``start_pressure`` (Pa), both at SCALE, ``running``; None where not known.
        gap_s_max: samples further apart break an episode.

    Returns:
        One row an episode: ``pid``, ``start_ms`` (warning), ``end_ms`` (its last sample), ``n``, ``left_ms`` (the first sample after it).

    Source:
        GST-12 (from memory, low).
    """
    idle = ~pl.col("running") & (pl.col("value") > pl.col("start_pressure"))
    return spells(samples, idle, gap_ms_max=milliseconds(gap_s_max), cover_ms=0)


def leak(measured_umol_mol: Exact | None, *, leak_umol_mol_max: Exact) -> Verdict:
    """Judge a reading at a vapour-tight point: equal passes.

    Source:
        GST-13 (seen): 500 µmol/mol.
    """
    return at_most("reading at a tight point", measured_umol_mol, leak_umol_mol_max, "umol/mol")


def _episodes(samples: pl.DataFrame, met: pl.Expr, *, warn_n: int, lasting_s: Exact, gap_s_max: Exact) -> pl.DataFrame:
    """Join samples into episodes, with when the warning and the alarm were due."""
    rows = held(samples, met, gap_ms_max=milliseconds(gap_s_max), cover_ms=0)
    return (
        rows.group_by("pid", "start_ms")
        .agg(
            end_ms=pl.col("time_ms").max(),
            n=pl.len().cast(pl.Int64),
            warned_ms=pl.col("time_ms").get(warn_n - 1, null_on_oob=True),
            alarm_ms=pl.col("time_ms").filter(pl.col("held_ms") >= milliseconds(lasting_s)).min(),
        )
        .filter(pl.col("n") >= warn_n)
        .sort("pid", "start_ms")
    )
