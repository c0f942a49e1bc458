"""United States rules: valid hours, availability, bias, emission rates and daily calibration (40 CFR Parts 60 and 75)."""

from __future__ import annotations

from collections.abc import Collection, Set
from fractions import Fraction

import polars as pl

from processors.rules.gas import Exact, OxygenGuard, exact
from processors.rules.millionths import share_expr
from processors.rules.verdict import Verdict, at_least, at_most, judged, not_judged, number_text, share_pct

QUADRANT_MIN = 15
AIR_OXYGEN_PCT = Fraction("20.9")
"""Oxygen of air in the federal formulas; other texts use 21."""
NOX_LB_SCF_PPM = Fraction("1.194e-7")
"""Pounds of NO2 in a cubic foot at one ppm (US-8)."""
SO2_LB_SCF_PPM = Fraction("1.660e-7")
"""Pounds of SO2 in a cubic foot at one ppm (US-9)."""


def valid_hour(
    points_min: Collection[int], *, operating_quadrants: Set[int], calibrated: bool, calibrated_apart_min: int
) -> Verdict:
    """Judge whether an hour is valid by the quadrants of 15 minutes in which it has points (Part 75).

    Args:
        points_min: minutes of the hour with a valid point, 0 to 59.
        operating_quadrants: quadrants, 0 to 3, in which the unit operated.
        calibrated: whether a calibration or maintenance took place in the hour.
        calibrated_apart_min: how far apart two points must be that suffice then; equal is enough.

    Returns:
        An hour in which the unit did not operate is not judged.

    Source:
        US-1, 40 CFR 75.10 (from memory, high): a point in each operating quadrant; two points 15 minutes apart with a calibration.
    """
    if not operating_quadrants:
        return not_judged("the unit did not operate")
    if calibrated and points_min and max(points_min) - min(points_min) >= calibrated_apart_min:
        return judged(True, f"two points {max(points_min) - min(points_min)} min apart in an hour with a calibration")
    lacking = sorted(operating_quadrants - {point // QUADRANT_MIN for point in points_min})
    if lacking:
        return judged(False, f"no point in quadrant {', '.join(str(quadrant + 1) for quadrant in lacking)}")
    return judged(True, "a point in each operating quadrant")


def full_hour(points_min: Collection[int], *, points_n_min: int) -> Verdict:
    """Judge whether a full hour has enough points, spread over its quarters (Part 60).

    Args:
        points_min: minutes of the hour with a valid point, 0 to 59.
        points_n_min: least number of points; up to four, each quarter must hold one.

    Source:
        US-2, 40 CFR 60.13 (from memory, high): four or more equally spaced; taken as one in each quarter.
    """
    quarters = {point // QUADRANT_MIN for point in points_min}
    needed = min(points_n_min, 4)
    text = f"{len(points_min)} points in {len(quarters)} quarters of the hour, {points_n_min} in {needed} asked"
    return judged(len(points_min) >= points_n_min and len(quarters) >= needed, text)


def waste_day(*, operating_h: int, valid_h: int, share_min_pct: Exact) -> Verdict:
    """Judge whether a day of a municipal waste unit has enough valid hours.

    Source:
        US-2, 40 CFR 60.1260 and 60.1750 (seen): 75 % of the operating hours, an hour with at least two points.
    """
    if operating_h == 0:
        return not_judged("the unit did not operate")
    return at_least("share of valid hours", share_pct(valid_h, operating_h), share_min_pct, "%")


def waste_quarter(*, operating_days: int, valid_days: int, share_min_pct: Exact) -> Verdict:
    """Judge whether a quarter of a municipal waste unit has enough valid days.

    Source:
        US-2, 40 CFR 60.1260 and 60.1750 (seen): 90 % of the operating days.
    """
    if operating_days == 0:
        return not_judged("the unit did not operate")
    return at_least("share of valid days", share_pct(valid_days, operating_days), share_min_pct, "%")


def availability_pct(*, assured_h: int, operating_h: int) -> Fraction | None:
    """Return the monitor data availability (PMA) [%] over some operating hours, None without any.

    Source:
        US-3, 40 CFR 75.32 (seen): quality-assured hours over unit operating hours.

    >>> round(float(availability_pct(assured_h=8_410, operating_h=8_760)), 1)
    96.0
    """
    return share_pct(assured_h, operating_h)


def availabilities(hours: pl.DataFrame, *, operating_n: int, reach_ms: int) -> pl.DataFrame:
    """Return each point's availability over its last operating hours.

    Args:
        hours: one row a point and operating hour since certification, up to now: ``pid``, ``hour`` (start), ``assured``; any order.
        operating_n: operating hours to look back over; all there are, where there are fewer.
        reach_ms: how far before the last operating hour it may reach.

    Returns:
        One row a point: ``pid``, ``hours``, ``assured`` (counts) and ``value`` (percent at SCALE).

    Source:
        US-3, 40 CFR 75.32 (seen; after the first year from memory, high): 8 760 operating hours, at most three years back.
    """
    return (
        hours.sort("pid", "hour")
        .group_by("pid")
        .tail(operating_n)
        .filter(pl.col("hour") > pl.col("hour").max().over("pid") - reach_ms)
        .group_by("pid")
        .agg(hours=pl.len().cast(pl.Int64), assured=pl.col("assured").sum().cast(pl.Int64))
        .with_columns(value=share_expr(pl.col("assured"), pl.col("hours")))
        .sort("pid")
    )


def bias_factor(*, mean_difference: Exact, cems_mean: Exact, confidence: Exact) -> Fraction:
    """Return the factor that corrects a monitor which reads low.

    Args:
        mean_difference: mean of reference minus monitor, signed.
        cems_mean: mean of the monitor, above 0; same unit.
        confidence: confidence coefficient of the differences; same unit.

    Raises:
        ValueError: the monitor's mean is not above 0, though it reads low.

    Source:
        US-7, 40 CFR 75 appendix A 7.6 (from memory, high): 1 + abs(d)/mean(CEMS) where d is above the confidence coefficient.

    >>> round(float(bias_factor(mean_difference=6, cems_mean=94, confidence=3)), 4)
    1.0638
    """
    if exact(mean_difference) <= exact(confidence):
        return Fraction(1)
    if not exact(cems_mean) > 0:
        raise ValueError(f"the monitor's mean {cems_mean} is not above 0")
    return 1 + abs(exact(mean_difference)) / exact(cems_mean)


def nox_rate_lb_mmbtu(nox_ppm: Exact, *, oxygen_pct: Exact, fuel_dscf_mmbtu: Exact) -> Fraction:
    """Return the emission rate of nitrogen oxides [lb/mmBtu] from dry concentrations.

    Args:
        nox_ppm: nitrogen oxides in dry gas.
        oxygen_pct: oxygen in the same gas [% by volume].
        fuel_dscf_mmbtu: dry gas of the fuel, Fd: 9 780 of bituminous coal, 9 190 of oil, 8 710 of natural gas.

    Raises:
        OxygenGuard: the gas holds as much oxygen as air.

    Source:
        US-8, 40 CFR 75 appendix F (from memory, high): 1.194e-7·C·Fd·20.9/(20.9 - O2).

    >>> round(float(nox_rate_lb_mmbtu(120, oxygen_pct=6, fuel_dscf_mmbtu=9_780)), 4)
    0.1966
    """
    if not exact(oxygen_pct) < AIR_OXYGEN_PCT:
        raise OxygenGuard(f"oxygen {oxygen_pct} % is not below that of air, {number_text(AIR_OXYGEN_PCT)} %")
    diluted = AIR_OXYGEN_PCT / (AIR_OXYGEN_PCT - exact(oxygen_pct))
    return NOX_LB_SCF_PPM * exact(nox_ppm) * exact(fuel_dscf_mmbtu) * diluted


def so2_rate_lb_h(so2_ppm: Exact, *, flow_scf_h: Exact) -> Fraction:
    """Return the emission rate of sulphur dioxide [lb/h] from concentration and flow on the same basis.

    Source:
        US-9, 40 CFR 75 appendix F (from memory, high): 1.660e-7·C·Q.

    >>> so2_rate_lb_h(300, flow_scf_h=20_000_000)
    Fraction(996, 1)
    """
    return SO2_LB_SCF_PPM * exact(so2_ppm) * exact(flow_scf_h)


def calibration_error(error: Exact, *, span: Exact, error_pct_max: Exact) -> Verdict:
    """Judge a daily calibration error against the span: only above the bound the monitor is out of control.

    Args:
        error: reading minus reference, signed; in the unit of the span.
        span: above 0.
        error_pct_max: greatest error [% of span]; equal passes.

    Source:
        US-10, 40 CFR 75 appendix B (from memory, medium): 5 % of SO2 and NOx, 6 % of flow.
    """
    if not exact(span) > 0:
        return not_judged(f"no span: {number_text(span)}")
    return at_most("calibration error", abs(exact(error)) / exact(span) * 100, error_pct_max, "% of span")


def diluent_error(error_pct: Exact, *, error_pct_max: Exact) -> Verdict:
    """Judge a daily calibration error of oxygen or carbon dioxide, in percent by volume: equal passes.

    Source:
        US-10, 40 CFR 75 appendix B (from memory, medium): 1.0 % by volume.
    """
    return at_most("calibration error", abs(exact(error_pct)), error_pct_max, "% by volume")
