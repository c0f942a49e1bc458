"""Drift of monitors between calibrations, and the time in which a channel is out of control or overdue."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import polars as pl

from processors.rules.gas import Exact, exact
from processors.rules.verdict import number_text

IN_TOLERANCE: Literal["in tolerance"] = "in tolerance"
ADJUST: Literal["adjust"] = "adjust"
OUT_OF_CONTROL: Literal["out of control"] = "out of control"
OVERDUE: Literal["overdue calibration"] = "overdue calibration"


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


def judged_drift(
    drift: Exact,
    *,
    full_scale: Exact,
    unit: str = "",
    allowed_pct: Exact | None = None,
    allowed: Exact | None = None,
    out_of_control_pct: Exact | None = None,
    out_of_control: Exact | None = None,
) -> Drift:
    """Judge a drift: what is allowed is in tolerance, up to the wider bound the channel needs calibration, beyond it is out of control.

    Args:
        drift: signed, in the unit of the channel.
        full_scale: end of the measuring range, above 0; same unit.
        unit: of the channel, for the reason.
        allowed_pct: allowed drift in percent of full scale; equal is allowed. Within this or
        allowed: within this, in the channel's unit, it is in tolerance; where neither is stated, all that is not out of control.
        out_of_control_pct: beyond this, in percent of full scale, and
        out_of_control: beyond this, in the channel's unit, it is out of control; where only one is stated, beyond that. Equal is not beyond.

    Source:
        HJ 75-2017, emission_rules 1.4 (from memory, medium): particulates 2 and 8 %, gases at zero 2.5 and 5 %, at span 2.5 and 10 %;
        velocity (from memory, low) 3 % or 0.9 m/s, 8 % and 1.8 m/s.
    """
    pct, size = drift_pct(drift, 0, full_scale=full_scale), abs(exact(drift))
    inner, outer = _stated(abs(pct), size, allowed_pct, allowed), _stated(abs(pct), size, out_of_control_pct, out_of_control)
    beyond = bool(outer) and all(value > bound for value, bound in outer)
    within = any(value <= bound for value, bound in inner) if inner else not beyond
    state: Literal["in tolerance", "adjust", "out of control"] = (
        IN_TOLERANCE if within else OUT_OF_CONTROL if beyond else ADJUST
    )
    shown = f"drift of {number_text(abs(pct))} % of full scale"
    if allowed is not None or out_of_control is not None:
        shown += f", {number_text(size)} {unit}"
    said = []
    if inner:
        said.append(f"{_bounds(allowed_pct, allowed, unit, 'or')} is allowed")
    if outer:
        said.append(f"out of control beyond {_bounds(out_of_control_pct, out_of_control, unit, 'and')}")
    return Drift(state, f"{shown}; {', '.join(said)}", pct)


def _stated(pct: Fraction, size: Fraction, bound_pct: Exact | None, bound: Exact | None) -> list[tuple[Fraction, Fraction]]:
    """Return what is compared with what, of the two bounds that are stated."""
    return [(value, exact(of)) for value, of in ((pct, bound_pct), (size, bound)) if of is not None]


def _bounds(pct: Exact | None, size: Exact | None, unit: str, word: str) -> str:
    shares = [] if pct is None else [f"{number_text(pct)} %"]
    return f" {word} ".join([*shares, *([] if size is None else [f"{number_text(size)} {unit}"])])


def unfit_intervals(checks: pl.DataFrame, *, until_ms: int) -> pl.DataFrame:
    """Return when each channel was out of control, or its calibration overdue.

    Args:
        checks: one row a channel and check: ``pid``, ``time_ms``, ``state`` (of ``Drift``), ``interval_ms`` (longest time to the next check, which
            is not overdue just then; None where none is due); any order.
        until_ms: up to when it is known that no further check was made.

    Returns:
        One row a stretch, ordered by channel and start: ``pid``, ``start_ms``, ``end_ms`` (exclusive, None where it goes on), ``cause`` ("out of
        control" or "overdue calibration"), ``group`` ("A", for substitution). A channel is out of control from the check that found
        it to the next in tolerance, and overdue from the due time to the next check. Stretches of the two causes may overlap.

    Source:
        HJ 75-2017, emission_rules 1.4 (from memory, medium): from the discovery until the requirement is met again; an overdue
        calibration counts alike from its due time. Routine intervals 7, 15 or 30 days, 1 day where automatic.
    """
    ordered = checks.sort("pid", "time_ms", "state")
    met = pl.when(pl.col("state") == IN_TOLERANCE).then("time_ms")
    broken = (
        ordered.with_columns(end_ms=met.backward_fill().over("pid"))
        .filter(pl.col("state") == OUT_OF_CONTROL)
        .group_by("pid", "end_ms")
        .agg(start_ms=pl.col("time_ms").min(), cause=pl.lit(OUT_OF_CONTROL))
    )
    due = pl.col("time_ms") + pl.col("interval_ms")
    late = ordered.select("pid", end_ms=pl.col("time_ms").shift(-1).over("pid"), start_ms=due, cause=pl.lit(OVERDUE)).filter(
        pl.col("end_ms").fill_null(until_ms) > pl.col("start_ms")
    )
    return (
        pl.concat([broken, late])
        .select("pid", "start_ms", "end_ms", "cause", group=pl.lit("A"))
        .sort("pid", "start_ms", "cause")
    )
