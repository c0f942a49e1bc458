"""Spells: how long a condition has held without a break, reading by reading."""

from __future__ import annotations

import polars as pl


def held(rows: pl.DataFrame, met: pl.Expr, *, gap_ms_max: int, cover_ms: int) -> pl.DataFrame:
    """Tell of each reading that meets a condition since when it has been met, and how long.

    Args:
        rows: one row a point and time: ``pid``, ``time_ms``, and what ``met`` needs; any order.
        met: the condition; a null does not meet it.
        gap_ms_max: two readings further apart than this do not continue one spell.
        cover_ms: how long a reading stands for: 0 for an instant, the period for a mean labelled by its start.

    Returns:
        The rows that meet the condition, ordered by point and time, with ``start_ms`` (time of the spell's first reading),
        ``held_ms`` (from there to the end of this reading) and ``spell`` (its number within the point).
    """
    ordered = rows.sort("pid", "time_ms").with_columns(_met=met.fill_null(False))
    begins = pl.col("_met") & ~pl.col("_met").shift(1).fill_null(False)
    apart = pl.col("time_ms").diff().fill_null(0) > gap_ms_max
    return (
        ordered.with_columns(spell=(begins | apart).cast(pl.Int64).cum_sum().over("pid"))
        .filter("_met")
        .with_columns(start_ms=pl.col("time_ms").min().over("pid", "spell"))
        .with_columns(held_ms=pl.col("time_ms") - pl.col("start_ms") + cover_ms)
        .drop("_met")
    )


def spells(rows: pl.DataFrame, met: pl.Expr, *, gap_ms_max: int, cover_ms: int) -> pl.DataFrame:
    """Join the readings that meet a condition without a break into spells.

    Args are those of ``held``.

    Returns:
        One row a spell: ``pid``, ``start_ms``, ``end_ms`` (end of its last reading), ``n`` readings, ``left_ms`` (time of the point's
        first reading after it, which left the condition or came after a gap; None where there is none).
    """
    following = rows.sort("pid", "time_ms").with_columns(next_ms=pl.col("time_ms").shift(-1).over("pid"))
    return (
        held(following, met, gap_ms_max=gap_ms_max, cover_ms=cover_ms)
        .group_by("pid", "spell")
        .agg(
            start_ms=pl.col("start_ms").first(),
            end_ms=pl.col("time_ms").max() + cover_ms,
            n=pl.len().cast(pl.Int64),
            left_ms=pl.col("next_ms").sort_by("time_ms").last(),
        )
        .sort("pid", "start_ms")
        .drop("spell")
    )
