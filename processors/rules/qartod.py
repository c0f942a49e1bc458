"""Quality tests of ocean observation (QARTOD) on series: range, percentile, climate, spike, rate, flat line, attenuation, gap, age.

Each test takes one row a point and reading, ``pid``, ``time_ms`` and ``value`` (at SCALE, None where missing), in any order, and returns the rows
ordered by point and time with ``flag``: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing. Semantics are those of ioos_qc, read in its
source of August 2026 (emission_rules 7.3, seen), on exact numbers instead of floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import polars as pl

from processors.rules.gaps import median
from processors.rules.gas import Exact, exact
from processors.rules.millionths import MILLION, millionths, milliseconds, wide

FLAT_READINGS_MIN = 3
"""Readings below which a flat line cannot be told."""
GOOD, NOT_EVALUATED, SUSPECT, FAIL, MISSING = 1, 2, 3, 4, 9

_value = pl.col("value")


@dataclass(frozen=True, slots=True)
class Climate:
    """What is usual in a part of the year or day: values outside ``suspect`` are suspect, outside ``fail`` they fail.

    The part is from ``first`` to ``last``, both in it, of local months (1 to 12) or hours (0 to 23), by ``period``.
    """

    period: Literal["month", "hour"]
    first: int
    last: int
    suspect: tuple[Exact, Exact]
    fail: tuple[Exact, Exact] | None = None


def gross_range(
    readings: pl.DataFrame, *, fail_min: Exact, fail_max: Exact, suspect_min: Exact, suspect_max: Exact
) -> pl.DataFrame:
    """Flag values outside what the instrument can show (fail) or what is plausible (suspect); the bounds themselves are good.

    Raises:
        ValueError: the suspect span does not lie within the fail span.
    """
    if not exact(fail_min) <= exact(suspect_min) <= exact(suspect_max) <= exact(fail_max):
        raise ValueError(f"suspect span {suspect_min} to {suspect_max} does not lie within {fail_min} to {fail_max}")
    return _flagged(_sorted(readings), _outside(fail_min, fail_max), _outside(suspect_min, suspect_max))


def percentile_range(readings: pl.DataFrame, *, low_pct: Exact, high_pct: Exact, pad: Exact) -> pl.DataFrame:
    """Flag the values of each point that lie further than a pad beyond its own percentiles as suspect.

    Percentiles are interpolated between the two nearest values; a value equal to a bound is good.
    """
    rows = _sorted(readings)
    bounds = [
        (pid, percentile(values, low_pct) - exact(pad) * MILLION, percentile(values, high_pct) + exact(pad) * MILLION)
        for pid, values in rows.filter(_value.is_not_null()).group_by("pid").agg("value").rows()
    ]
    # Below a bound that is no whole number lies what is below the next whole one; so above it.
    made = [(pid, -((-low.numerator) // low.denominator), high.numerator // high.denominator) for pid, low, high in bounds]
    frame = pl.DataFrame(made, schema=dict.fromkeys(("pid", "_low", "_high"), pl.Int64), orient="row")
    joined = rows.join(frame.cast({"pid": rows.schema["pid"]}), on="pid", how="left", maintain_order="left")
    suspect = (_value < pl.col("_low")) | (_value > pl.col("_high"))
    return _flagged(joined, pl.lit(False), suspect).drop("_low", "_high")


def percentile(values: Sequence[int], pct: Exact) -> Fraction:
    """Return a percentile of at least one value, interpolated linearly between the two nearest.

    >>> percentile([10, 20, 40], 75)
    Fraction(30, 1)
    """
    ordered = sorted(values)
    at = (len(ordered) - 1) * exact(pct) / 100
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def climatology(readings: pl.DataFrame, *, climates: Sequence[Climate], offset_ms: int) -> pl.DataFrame:
    """Flag values by what is usual at their local time; where no climate is known they are not evaluated.

    Of several climates that hold at a time the last one counts.
    """
    local = pl.from_epoch(pl.col("time_ms") + offset_ms, time_unit="ms")
    flag = pl.lit(NOT_EVALUATED)
    for climate in climates:
        part = (local.dt.month() if climate.period == "month" else local.dt.hour()).is_between(climate.first, climate.last)
        fails = pl.lit(False) if climate.fail is None else _outside(*climate.fail)
        verdict = pl.when(fails).then(FAIL).when(_outside(*climate.suspect)).then(SUSPECT).otherwise(GOOD)
        flag = pl.when(part).then(verdict).otherwise(flag)
    return _or_missing(_sorted(readings), flag)


def spike(readings: pl.DataFrame, *, method: Literal["average", "differential"], suspect: Exact, fail: Exact) -> pl.DataFrame:
    """Flag a value that stands out from its two neighbours by more than a threshold.

    "average" takes the distance from the mean of the neighbours, "differential" the smaller of the two steps, if they go in opposite
    directions. The first and the last value, and those beside a missing one, are not evaluated.
    """
    before, after = _value - _value.shift(1).over("pid"), _value - _value.shift(-1).over("pid")
    twice = wide(before) + wide(after)
    if method == "differential":
        turned = (wide(before) > 0) == (wide(after) > 0)
        smaller = pl.min_horizontal(wide(before).abs(), wide(after).abs())
        twice = pl.when(before.is_null() | after.is_null()).then(None).when(turned).then(2 * smaller).otherwise(0)
    flag = (
        pl.when(twice.is_null())
        .then(NOT_EVALUATED)
        .when(twice.abs() > 2 * millionths(fail))
        .then(FAIL)
        .when(twice.abs() > 2 * millionths(suspect))
        .then(SUSPECT)
        .otherwise(GOOD)
    )
    return _or_missing(_sorted(readings), flag)


def rate_of_change(readings: pl.DataFrame, *, suspect_s: Exact, fail_s: Exact | None) -> pl.DataFrame:
    """Flag the later of two readings between which the value changed faster than a threshold [unit per second].

    The first reading is good, and so is one after a missing one.
    """
    step = wide(_value - _value.shift(1).over("pid")).abs() * 1000
    elapsed_ms = pl.col("time_ms").diff().over("pid")

    def faster(rate_s: Exact) -> pl.Expr:
        rate = exact(rate_s) * MILLION
        return (step * rate.denominator > wide(elapsed_ms) * rate.numerator).fill_null(False)

    return _flagged(_sorted(readings), pl.lit(False) if fail_s is None else faster(fail_s), faster(suspect_s))


def flat_line(readings: pl.DataFrame, *, suspect_s: int, fail_s: int, tolerance: Exact) -> pl.DataFrame:
    """Flag a reading whose value has moved by less than a tolerance for some time; at a tolerance of 0 none does.

    The time is turned into steps by the point's median interval; a window has one reading more than steps and ends with the reading.
    Missing values within it do not count. With fewer than three readings all are good.
    """
    rows = _sorted(readings)
    parts = [_flat(part, (suspect_s, fail_s), millionths(tolerance)) for part in rows.partition_by("pid", maintain_order=True)]
    return pl.concat(parts or [_or_missing(rows, pl.lit(GOOD))])


def attenuated_signal(
    readings: pl.DataFrame,
    *,
    check: Literal["std", "range"],
    period_s: Exact,
    readings_min: int,
    suspect: Exact,
    fail: Exact,
) -> pl.DataFrame:
    """Flag a reading at the end of a time in which the signal moved less than a threshold.

    "std" takes the population's standard deviation, "range" the greatest difference. The window is open at its start; with fewer
    values than ``readings_min`` the reading is not evaluated.
    """
    rows = _sorted(readings)
    windows = rows.rolling("time_ms", period=f"{milliseconds(period_s)}i", group_by="pid").agg(
        _n=wide(_value.count()),
        _sum=wide(_value).sum(),
        _squares=(wide(_value) ** 2).sum(),
        _range=wide(_value.max() - _value.min()),
    )

    def below(threshold: Exact) -> pl.Expr:
        bound = pl.lit(millionths(threshold), dtype=pl.Int128)
        if check == "range":
            return pl.col("_range") < bound
        return pl.col("_n") * pl.col("_squares") - pl.col("_sum") ** 2 < (bound * pl.col("_n")) ** 2

    flag = (
        pl.when(pl.col("_n") < max(readings_min, 1))
        .then(NOT_EVALUATED)
        .when(below(fail))
        .then(FAIL)
        .when(below(suspect))
        .then(SUSPECT)
        .otherwise(GOOD)
    )
    joined = rows.with_columns(windows.select("_n", "_sum", "_squares", "_range"))
    return _or_missing(joined, flag).drop("_n", "_sum", "_squares", "_range")


def time_gap(readings: pl.DataFrame, *, gap_h_max: Exact) -> pl.DataFrame:
    """Flag a reading that comes too long after the one before as failed, whatever their values; just so long is good.

    Source:
        As the others; default of the library 2 h.
    """
    late = pl.col("time_ms").diff().over("pid") > milliseconds(exact(gap_h_max) * 3600)
    return _sorted(readings).with_columns(flag=pl.when(late).then(FAIL).otherwise(GOOD).cast(pl.Int8))


def reception(readings: pl.DataFrame, *, age_h_max: Exact) -> pl.DataFrame:
    """Flag a reading that was received too long after its time as failed; ``received_ms`` None is missing.

    Source:
        As the others; default of the library 6 h.
    """
    old = pl.col("received_ms") - pl.col("time_ms") > milliseconds(exact(age_h_max) * 3600)
    flag = pl.when(old.is_null()).then(MISSING).when(old).then(FAIL).otherwise(GOOD)
    return _sorted(readings).with_columns(flag=flag.cast(pl.Int8))


def _sorted(readings: pl.DataFrame) -> pl.DataFrame:
    return readings.sort("pid", "time_ms")


def _outside(low: Exact, high: Exact) -> pl.Expr:
    return (_value < millionths(low)) | (_value > millionths(high))


def _flagged(rows: pl.DataFrame, fails: pl.Expr, suspect: pl.Expr) -> pl.DataFrame:
    return _or_missing(rows, pl.when(fails).then(FAIL).when(suspect).then(SUSPECT).otherwise(GOOD))


def _or_missing(rows: pl.DataFrame, flag: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(flag=pl.when(_value.is_null()).then(MISSING).otherwise(flag).cast(pl.Int8))


def _flat(rows: pl.DataFrame, times_s: tuple[int, int], tolerance: int) -> pl.DataFrame:
    """Flag one point's readings by windows of whole steps of their median interval."""
    if rows.height < FLAT_READINGS_MIN:
        return _or_missing(rows, pl.lit(GOOD))
    times = rows["time_ms"].to_list()
    interval_ms = int(median([after - before for before, after in pairwise(times)]) or 0)
    flat = []
    for time_s in times_s:
        steps = time_s * 1000 // interval_ms
        moved = _value.rolling_max(steps + 1, min_samples=1) - _value.rolling_min(steps + 1, min_samples=1)
        flat.append((pl.int_range(pl.len()) >= steps) & (moved < tolerance))
    return _flagged(rows, flat[1], flat[0])
