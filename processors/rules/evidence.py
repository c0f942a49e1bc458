"""What screening detectors give: rows of evidence, each a stretch of one point with a plain reason and a weight.

Evidence is a reason to look, never a verdict: a sudden rise, a fall or constant values make nothing invalid by themselves (WAT-11,
HJ 355-2019; from memory, high). Weights are the rule pack's; a reader adds them up.
"""

from __future__ import annotations

import polars as pl

EVIDENCE = {
    "pid": pl.Int64,
    "detector": pl.String,
    "start_ms": pl.Int64,
    "end_ms": pl.Int64,
    "reason": pl.String,
    "weight": pl.Int64,
}
"""Columns of evidence: the point looked at, the detector's id, the stretch (its end exclusive), reason and weight."""


def evidence(
    rows: pl.DataFrame, detector: str, *, start: pl.Expr, end: pl.Expr, reason: pl.Expr, weight: int | pl.Expr
) -> pl.DataFrame:
    """Return one row of evidence for each of some rows with a ``pid``, ordered by point and time."""
    return (
        rows.select(
            "pid",
            detector=pl.lit(detector),
            start_ms=start,
            end_ms=end,
            reason=reason,
            weight=pl.lit(weight, dtype=pl.Int64) if isinstance(weight, int) else weight.cast(pl.Int64),
        )
        .sort("pid", "start_ms", "end_ms", "reason")
        .cast({"start_ms": pl.Int64, "end_ms": pl.Int64})
    )


def in_windows(rows: pl.DataFrame, *, window_ms: int, every_ms: int, offset_ms: int, **columns: pl.Expr) -> pl.DataFrame:
    """Describe each point's rows in sliding windows.

    Args:
        rows: one row a point and time: ``pid``, ``time_ms``, and what the columns need; any order.
        window_ms: length of a window.
        every_ms: distance of the windows' starts, which lie at multiples of it in local time.
        offset_ms: local time's offset from UTC.
        columns: what to tell of each window.

    Returns:
        One row a point and window with a row in it: ``pid``, ``start_ms``, ``end_ms`` (exclusive) and the columns.
    """
    return (
        rows.with_columns(_local=pl.col("time_ms") + offset_ms)
        .sort("pid", "_local")
        .group_by_dynamic(
            "_local", every=f"{every_ms}i", period=f"{window_ms}i", closed="left", group_by="pid", start_by="window"
        )
        .agg(**columns)
        .with_columns(start_ms=pl.col("_local") - offset_ms, end_ms=pl.col("_local") - offset_ms + window_ms)
        .drop("_local")
    )
