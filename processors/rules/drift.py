"""Drift of monitors between calibrations, and the time in which a channel is out of control or overdue."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import polars as pl

from processors.figures import DAY_MS
from processors.rules.gas import Exact, exact
from processors.rules.millionths import milliseconds
from processors.rules.verdict import number_text

IN_TOLERANCE: Literal["in tolerance"] = "in tolerance"
ADJUST: Literal["adjust"] = "adjust"
OUT_OF_CONTROL: Literal["out of control"] = "out of control"
OVERDUE: Literal["overdue calibration"] = "overdue calibration"
DAY_S = DAY_MS // 1000


@dataclass(frozen=True, slots=True)
class Drift:
    """What a check says of a channel: its state, the reason in words, and the drift [% of full scale], signed."""

    state: Literal["in tolerance", "adjust", "out of control"]
    reason: str
    drift_pct: Fraction


def drift_pct(reading: Exact, reference: Exact, *, full_scale: Exact) -> Fraction:
    """Return how far a channel drifted [% of full scale], signed.

    Args:
        reading: what the channel shows of the test gas or test body now.
        reference: what it showed when it was last calibrated, or what the test gas holds; same unit.
        full_scale: end of the measuring range, above 0; same unit.

    Raises:
        ValueError: there is no full scale.

    Source:
        HJ 75-2017, emission_rules 1.4 (from memory, medium).

    >>> drift_pct(Fraction("3.1"), Fraction("0.2"), full_scale=100)
    Fraction(29, 10)
    """
    if not exact(full_scale) > 0:
        raise ValueError(f"full scale {full_scale} is not above 0")
    return (exact(reading) - exact(reference)) / exact(full_scale) * 100


def judged_drift(drift: Exact, *, allowed_pct: Exact, out_of_control_pct: Exact) -> Drift:
    """Judge a drift: up to the allowed one it is in tolerance, up to the wider bound the channel needs calibration.

    Args:
        drift: percent of full scale, signed.
        allowed_pct: allowed drift; equal is allowed.
        out_of_control_pct: bound beyond which the channel is out of control; equal is not.

    Source:
        HJ 75-2017, emission_rules 1.4 (from memory, medium): particulates 2 and 8 %, gases at zero 2.5 and 5 %, at span 2.5 and 10 %.
    """
    size = abs(exact(drift))
    state: Literal["in tolerance", "adjust", "out of control"] = (
        IN_TOLERANCE if size <= exact(allowed_pct) else ADJUST if size <= exact(out_of_control_pct) else OUT_OF_CONTROL
    )
    text = f"drift of {number_text(size)} % of full scale; {number_text(allowed_pct)} % is allowed"
    return Drift(state, f"{text}, out of control beyond {number_text(out_of_control_pct)} %", exact(drift))


def judged_velocity_drift(
    drift_m_s: Exact,
    *,
    full_scale_m_s: Exact,
    allowed_pct: Exact,
    allowed_m_s: Exact,
    out_of_control_pct: Exact,
    out_of_control_m_s: Exact,
) -> Drift:
    """Judge the drift of a velocity channel, whose bounds are a share of full scale and a velocity.

    Args:
        drift_m_s: signed.
        full_scale_m_s: end of the measuring range, above 0.
        allowed_pct: allowed drift in percent of full scale; within this or
        allowed_m_s: within this the channel is in tolerance.
        out_of_control_pct: beyond this and
        out_of_control_m_s: beyond this as well the channel is out of control.

    Source:
        HJ 75-2017, emission_rules 1.4 (from memory, low): 3 % or 0.9 m/s; 8 % and 1.8 m/s.
    """
    drift = drift_pct(drift_m_s, 0, full_scale=full_scale_m_s)
    share, size = abs(drift), abs(exact(drift_m_s))
    state: Literal["in tolerance", "adjust", "out of control"] = ADJUST
    if share <= exact(allowed_pct) or size <= exact(allowed_m_s):
        state = IN_TOLERANCE
    elif share > exact(out_of_control_pct) and size > exact(out_of_control_m_s):
        state = OUT_OF_CONTROL
    return Drift(state, f"drift of {number_text(share)} % of full scale, {number_text(size)} m/s", drift)


def unfit_intervals(checks: pl.DataFrame, *, interval_days: Exact, until_ms: int) -> pl.DataFrame:
    """Return when each channel was out of control, or its calibration overdue.

    Args:
        checks: one row a channel and check: ``pid``, ``time_ms``, ``state`` (of ``Drift``); any order.
        interval_days: longest time between two checks; a check just then is not overdue.
        until_ms: up to when it is known that no further check was made.

    Returns:
        One row a stretch, ordered by channel and start: ``pid``, ``start_ms``, ``end_ms`` (exclusive, None where it goes on), ``cause`` ("out of
        control" or "overdue calibration"), ``group`` ("A", for substitution). A channel is out of control from the check that found
        it to the next in tolerance, and overdue from the due time to the next check. Stretches of the two causes may overlap.

    Source:
        HJ 75-2017, emission_rules 1.4 (from memory, medium): from the discovery until the requirement is met again; an overdue
        calibration counts alike from its due time. Routine intervals 7, 15 or 30 days, 1 day where automatic.
    """
    interval_ms = milliseconds(exact(interval_days) * DAY_S)
    ordered = checks.sort("pid", "time_ms")
    met = pl.when(pl.col("state") == IN_TOLERANCE).then("time_ms")
    broken = (
        ordered.with_columns(end_ms=met.backward_fill().over("pid"))
        .filter(pl.col("state") == OUT_OF_CONTROL)
        .group_by("pid", "end_ms")
        .agg(start_ms=pl.col("time_ms").min(), cause=pl.lit(OUT_OF_CONTROL))
    )
    late = ordered.select(
        "pid", end_ms=pl.col("time_ms").shift(-1).over("pid"), start_ms=pl.col("time_ms") + interval_ms, cause=pl.lit(OVERDUE)
    ).filter(pl.col("end_ms").fill_null(until_ms) > pl.col("start_ms"))
    return (
        pl.concat([broken, late])
        .select("pid", "start_ms", "end_ms", "cause", group=pl.lit("A"))
        .sort("pid", "start_ms", "cause")
    )
