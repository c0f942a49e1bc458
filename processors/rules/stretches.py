"""Quality tests of stretches of a series: constant values, low variance, jumps between levels, and isolated groups.

Each test takes one row a point and reading, ``pid``, ``time_ms`` and ``value`` (at SCALE, None where missing), in any order, and returns the rows
ordered by point and time with ``flagged``. After saqc 2.x, read in its source of September 2025 (emission_rules 7.3, seen), on exact
numbers instead of floats and with windows counted in readings.
"""

from __future__ import annotations

import polars as pl

from processors.rules.gas import Exact, exact
from processors.rules.millionths import MILLION, millionths, milliseconds, wide

_value = pl.col("value")


def constants(readings: pl.DataFrame, *, window_n: int, change_max: Exact, readings_min: int) -> pl.DataFrame:
    """Flag every reading of a window within which the value moves by at most a change; equal is flagged.

    Args:
        readings: see above.
        window_n: readings of a window, missing ones among them.
        change_max: greatest change of a constant value.
        readings_min: known values that a window must hold, at least 2: one value alone is always constant.

    Source:
        saqc flagConstants: max - min <= thresh, all points of the window, ``min_periods`` 2 (seen).
    """
    moved = _value.rolling_max(window_n, min_samples=readings_min) - _value.rolling_min(window_n, min_samples=readings_min)
    return _windows_flagged(readings, (moved <= millionths(change_max)).fill_null(False), window_n)


def low_variance(readings: pl.DataFrame, *, window_n: int, variance_max: Exact) -> pl.DataFrame:
    """Flag every reading of a window whose sample variance is below a bound; equal is not.

    Args:
        readings: at a regular distance; a window with a missing value is not judged.
        window_n: readings of a window, at least 2.
        variance_max: bound of the variance [unit²].

    Source:
        saqc flagByVariance: variance < thresh, regular sampling only (seen).
    """
    n, bound = window_n, exact(variance_max) * MILLION**2
    total = pl.sum_horizontal(wide(_value.shift(i)) for i in range(n))
    squares = pl.sum_horizontal(wide(_value.shift(i)) ** 2 for i in range(n))
    whole = pl.all_horizontal(_value.shift(i).is_not_null() for i in range(n))
    spread = n * squares - total**2
    low = whole & (spread * bound.denominator < n * (n - 1) * bound.numerator)
    return _windows_flagged(readings, low, window_n)


def jumps(readings: pl.DataFrame, *, window_n: int, change_max: Exact) -> pl.DataFrame:
    """Flag the first reading of a new level: the means of the readings before and from it on differ by more than a change.

    Args:
        readings: at a regular distance; where one of the two windows is not whole there is no jump.
        window_n: readings of each of the two windows.
        change_max: greatest difference of the means that is no jump.

    Returns:
        Of several readings that see one jump, within a window of each other, the one with the greatest difference is flagged, the first
        of equals.

    Source:
        saqc flagJumps: difference of two adjacent window means (seen); how one of a cluster is chosen is a proposal.
    """
    bound = exact(change_max) * MILLION * window_n
    before = pl.sum_horizontal(wide(_value.shift(i)) for i in range(1, window_n + 1))
    after = pl.sum_horizontal(wide(_value.shift(-i)) for i in range(window_n))
    whole = pl.all_horizontal(_value.shift(i).is_not_null() for i in range(1 - window_n, window_n + 1))
    step = pl.when(whole).then((after - before).abs()).otherwise(0)
    seen = pl.col("_step") * bound.denominator > bound.numerator
    earlier = pl.max_horizontal(pl.col("_step").shift(i) for i in range(1, window_n + 1)).fill_null(0)
    later = pl.max_horizontal(pl.col("_step").shift(-i) for i in range(1, window_n + 1)).fill_null(0)
    greatest = (pl.col("_step") > earlier) & (pl.col("_step") >= later)
    return (
        readings.sort("pid", "time_ms")
        .with_columns(_step=step.over("pid"))
        .with_columns(flagged=(seen & greatest).over("pid"))
        .drop("_step")
    )


def isolated(readings: pl.DataFrame, *, gap_s_min: Exact, group_s_max: Exact) -> pl.DataFrame:
    """Flag small groups of known values that lie between two gaps.

    Args:
        readings: see above; a missing value is no value.
        gap_s_min: distance between two known values from which on it is a gap; equal is.
        group_s_max: length of a group, from its first value to its last, from which on it is not small; equal is not.

    Returns:
        A group at an end of the series has a gap on one side only and is not flagged.

    Source:
        saqc flagIsolated: groups between gaps (seen).
    """
    gap_ms, group_ms = milliseconds(gap_s_min), milliseconds(group_s_max)
    known = readings.filter(_value.is_not_null()).sort("pid", "time_ms").select("pid", "time_ms")
    group = ["pid", "_group"]
    start, end = pl.col("time_ms").first().over(group), pl.col("time_ms").last().over(group)
    marked = (
        known.with_columns(_group=(pl.col("time_ms").diff() >= gap_ms).fill_null(False).cast(pl.Int64).cum_sum().over("pid"))
        .with_columns(
            flagged=(end - start < group_ms) & (pl.col("_group") > 0) & (pl.col("_group") < pl.col("_group").max().over("pid"))
        )
        .drop("_group")
    )
    return (
        readings.join(marked, on=["pid", "time_ms"], how="left")
        .with_columns(pl.col("flagged").fill_null(False))
        .sort("pid", "time_ms")
    )


def _windows_flagged(readings: pl.DataFrame, closes: pl.Expr, window_n: int) -> pl.DataFrame:
    """Flag the known values of each whole window whose last reading closes it."""
    whole = pl.int_range(pl.len()) >= window_n - 1
    within = (closes & whole).cast(pl.Int8).reverse().rolling_max(window_n, min_samples=1).reverse() == 1
    return readings.sort("pid", "time_ms").with_columns(flagged=within.over("pid") & _value.is_not_null())
