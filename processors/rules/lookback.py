"""Looking back over the last valid values before a moment, however long ago they were; and what must be remembered for it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

NEVER_MS = -(2**62)
"""Stands for a moment that is not known: nothing lies before it."""


def maxima_before(values: pl.DataFrame, asked: pl.DataFrame, *, counts: Sequence[int]) -> pl.DataFrame:
    """Find the greatest of the last valid values that ended at or before a moment.

    Args:
        values: one row a valid value: ``pid``, ``end_ms`` (end of its period), ``value``; any order, each period once.
        asked: one row a question: ``pid``, ``before_ms`` (None where the moment is not known), and anything else, which is kept.
        counts: over how many valid values to look; fewer where there are no more.

    Returns:
        The rows of ``asked`` with ``n`` (valid values before the moment, all of them) and, for each count, ``max_<count>``, None where
        no value lies before.
    """
    maxima = {f"max_{n}": pl.col("value").rolling_max(window_size=n, min_samples=1).over("pid") for n in counts}
    known = (
        values.select("pid", "end_ms", "value")
        .sort("pid", "end_ms")
        .with_columns(n=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("pid"), **maxima)
        .drop("value")
    )
    return (
        asked.with_columns(_at=pl.col("before_ms").fill_null(NEVER_MS))
        .sort("_at")
        .join_asof(known, left_on="_at", right_on="end_ms", by="pid", strategy="backward", check_sortedness=False)
        .with_columns(pl.col("n").fill_null(0))
        .drop("_at", "end_ms")
    )
