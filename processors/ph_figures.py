"""pH in hours and days: the mean of hydrogen ions instead of that of pH, and the least and the greatest value, which are judged."""

from __future__ import annotations

import polars as pl

from processors.figures import MINUTE_SCALE, SCALE
from processors.rules.averaging import half_up
from processors.rules.periods import hour_of
from processors.rules.ph import ion_mean

EXTREMES = ("min", "max")
"""Stats of a pH point beside its mean: the least and the greatest minute of an hour, or hour of a day."""


def ph_hours(measured: pl.DataFrame, minutes: pl.DataFrame, info: pl.DataFrame) -> pl.DataFrame:
    """Return hour figures in which those of pH points are what pH asks for.

    Args:
        measured: rows of HOUR_SCHEMA, stat "avg".
        minutes: one row a point and minute: ``pid``, ``minute``, ``value`` (at MINUTE_SCALE, None where not valid).
        info: ``pid``, ``hour`` and ``ph``, the registry rows that hold at each hour.

    Returns:
        The rows, those of pH points with the mean of hydrogen ions, and rows of EXTREMES beside them. An hour that is withheld has neither; one that
        the device formed itself is its own least and greatest.

    Source:
        emission_rules 3.1 (proposal): judged on hourly values or readings, not on a mean.
    """
    keys = info.filter("ph").select("pid", "hour")
    if keys.is_empty():
        return measured
    counted = minutes.filter(pl.col("value").is_not_null()).with_columns(hour=hour_of(pl.col("minute")))
    counted = counted.join(keys, on=["pid", "hour"])
    groups = counted.group_by("pid", "hour").agg(
        least=pl.col("value").min(), greatest=pl.col("value").max(), values=pl.col("value")
    )
    finer = pl.lit(10 ** (MINUTE_SCALE - SCALE), dtype=pl.Int64)
    means = [ion_mean([(value, 1) for value in values], MINUTE_SCALE) for values in groups["values"].to_list()]
    of_hour = groups.select(
        "pid",
        "hour",
        pl.Series("mean", means, dtype=pl.Int64),
        min=half_up(pl.col("least"), finer),
        max=half_up(pl.col("greatest"), finer),
    )
    kept = pl.col("value").is_not_null()
    own = measured.join(keys, on=["pid", "hour"]).join(of_hour, on=["pid", "hour"], how="left")
    parts = [measured.join(keys, on=["pid", "hour"], how="anti")]
    for stat, name in (("avg", "mean"), ("min", "min"), ("max", "max")):
        value = pl.when(kept).then(pl.coalesce(name, "value"))
        parts.append(own.with_columns(stat=pl.lit(stat), value=value, total=None).select(_as(measured)))
    return pl.concat(parts)


def ph_days(days: pl.DataFrame, hours: pl.DataFrame, volumes: pl.DataFrame) -> pl.DataFrame:
    """Return day figures in which those of pH points are what pH asks for.

    Args:
        days: rows of HOUR_SCHEMA with ``hour`` being the day's start; stat "avg".
        hours: rows of HOUR_SCHEMA and ``day``, those of the pH points' hours, stats "avg" and EXTREMES.
        volumes: ``pid``, ``hour`` and ``volume`` (m3 at SCALE), the water discharged in each of these hours; no row where nothing is known.

    Returns:
        The rows, those of pH points with the mean of hydrogen ions weighted by volume, and rows of EXTREMES beside them.

    Source:
        emission_rules 3.1 (proposal): -log10(sum of 10^-pH Q / sum of Q).
    """
    valid = hours.filter(pl.col("value").is_not_null()).join(volumes, on=["pid", "hour"], how="left")
    valid = valid.filter(pl.col("volume").fill_null(0) > 0)
    pairs = (
        valid.filter(pl.col("stat") == "avg")
        .group_by("pid", hour="day")
        .agg(pl.col("value").sort_by("hour"), pl.col("volume").sort_by("hour"))
    )
    means = [ion_mean(list(zip(v, q, strict=True)), SCALE) for v, q in pairs.select("value", "volume").rows()]
    of_day = pairs.select("pid", "hour", pl.Series("mean", means, dtype=pl.Int64))
    for stat, extreme in (("min", pl.col("value").min()), ("max", pl.col("value").max())):
        found = valid.filter(pl.col("stat") == stat).group_by("pid", hour="day").agg(extreme.alias(stat))
        of_day = of_day.join(found, on=["pid", "hour"], how="left")
    mine = hours.select("pid").unique()
    own = days.join(mine, on="pid").join(of_day, on=["pid", "hour"], how="left")
    parts = [days.join(mine, on="pid", how="anti")]
    for stat, name in (("avg", "mean"), ("min", "min"), ("max", "max")):
        value = pl.when(pl.col("value").is_not_null()).then(pl.col(name))
        parts.append(own.with_columns(stat=pl.lit(stat), value=value, total=None).select(_as(days)))
    return pl.concat(parts)


def _as(frame: pl.DataFrame) -> list[pl.Expr]:
    return [pl.col(name).cast(kind) for name, kind in frame.schema.items()]
