"""Screening for what a series does over time: it turns as often as values without memory do, or falls at the same hour each day.

Thresholds are proposals. Values are Int64 at SCALE, None where not valid; rows come in any order.
"""

from __future__ import annotations

import polars as pl

from processors.figures import DAY_MS, HOUR_MS
from processors.rules.evidence import evidence
from processors.rules.gas import Exact, exact
from processors.rules.millionths import share_at_least, wide

_VALUES_MIN = 3
"""A turning point has a neighbour on each side."""


def turns_without_memory(readings: pl.DataFrame, *, turning_pct_min: Exact) -> list[int]:
    """Return the points whose values turn (peak or trough) about as often as independent ones do, which is at two of three.

    Args:
        readings: ``pid``, ``time_ms``, ``value``.
        turning_pct_min: least share of turning points among the inner values [%]; equal is told.

    Source:
        Turning point test (Bienaymé 1874): 2/3 of the inner values of independent ones are turning points; the bound is a proposal.
    """
    value = pl.col("value")
    before, after = value - value.shift(1), value - value.shift(-1)
    turns = ((before > 0) & (after > 0)) | ((before < 0) & (after < 0))
    found = (
        readings.filter(value.is_not_null())
        .sort("pid", "time_ms")
        .group_by("pid", maintain_order=True)
        .agg(turns=turns.sum(), n=pl.len())
        .filter((pl.col("n") >= _VALUES_MIN) & share_at_least(pl.col("turns"), pl.col("n") - 2, turning_pct_min))
    )
    return found["pid"].to_list()


def clock_steps(
    hours: pl.DataFrame,
    *,
    fall_pct_min: Exact,
    flow_change_pct_max: Exact,
    days_min: int,
    offset_ms: int,
    weight: int,
) -> pl.DataFrame:
    """Find points whose value falls at the same local hour day after day though the flow does not.

    Args:
        hours: one row a point and hour of the days looked at: ``pid``, ``time_ms`` (start), ``value``, ``flow``; where it is not
            known nothing is told.
        fall_pct_min: least fall from the hour before [% of it]; equal is.
        flow_change_pct_max: greatest change of the flow that is none [% of it]; equal is.
        days_min: days on which it falls at that hour from which on it is told.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Returns:
        Evidence from the first fall to the end of the last one's hour.

    Source:
        A proposal, for steps at the hours of inspections.
    """
    left, steady = 1 - exact(fall_pct_min) / 100, exact(flow_change_pct_max) / 100
    value, flow = pl.col("value"), pl.col("flow")
    fell = wide(value) * left.denominator <= wide(pl.col("value_before")) * left.numerator
    moved = wide((flow - pl.col("flow_before")).abs()) * steady.denominator > wide(pl.col("flow_before")) * steady.numerator
    shifted = {f"{name}_before": pl.col(name).shift(1).over("pid") for name in ("time_ms", "value", "flow")}
    found = (
        hours.sort("pid", "time_ms")
        .with_columns(**shifted)
        .filter(pl.col("time_ms") - pl.col("time_ms_before") == HOUR_MS, pl.col("value_before") > 0, fell, ~moved)
        .group_by("pid", at=(pl.col("time_ms") + offset_ms) % DAY_MS)
        .agg(n=pl.len(), start_ms=pl.col("time_ms").min(), end_ms=pl.col("time_ms").max() + HOUR_MS)
        .filter(pl.col("n") >= days_min)
    )
    reason = pl.format("fell at {}:00 on {} days while the flow stayed", pl.col("at") // HOUR_MS, "n")
    return evidence(found, "clock steps", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)
