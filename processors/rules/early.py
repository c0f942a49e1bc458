"""Early warning: how an hour that is not over will come out, from its minutes so far and from what the hours before it did."""

from __future__ import annotations

import polars as pl

from processors.figures import HOUR_MS, MINUTE_MS, MINUTE_SCALE, SCALE
from processors.rules.averaging import half_up

MINUTES = 60
_FINER = 10 ** (MINUTE_SCALE - SCALE)
_COARSER = 1_000
"""A slope is taken from values at a thousandth of their unit, so that products stay within Int128."""


def hour_so_far(minutes: pl.DataFrame) -> pl.DataFrame:
    """Project running hours from their minutes, and say whether a warning opens or closes.

    Args:
        minutes: one row a valid minute of a running hour: ``pid``, ``stat``, ``minute``, ``value`` (at MINUTE_SCALE), ``limit`` (at
            SCALE), and the rule's parameters ``valid_min``, ``above_min``, ``opens_pct``, ``closes_pct``. A ``value`` of None is a minute
            above the analyser's range: it lies above the limit, and is in no mean.

    Returns:
        One row a point and stat: ``n`` valid minutes, ``value`` (their mean, at SCALE, which is the projection; None without any), ``total``
        (their sum, at MINUTE_SCALE), ``above`` (the newest ``above_min`` minutes are all there and above the limit), ``censored`` (that,
        and some of them lie above the range), ``opens`` (``above``, or from ``valid_min`` on a mean above ``opens_pct`` of the limit),
        ``closes`` (a mean below ``closes_pct`` from ``valid_min`` on, and not ``above``). Between the two percentages neither is true.

    Source:
        emission_rules 10, stage 0 (proposal): projection > 0.9 × limit with at least 15 valid minutes, or minute mean > limit for
        10 min; closes when the projection falls below 0.85 × limit. emission_rules 1.4 (proposal): a minute with flag T proves at least
        the top of the range, but is not a value; for alarms it is censored.
    """
    fine = pl.col("limit").cast(pl.Int64) * _FINER
    newest = pl.col("minute").max()
    latest = pl.col("minute") > newest - pl.col("above_min") * MINUTE_MS
    run = latest & (pl.col("value") > fine).fill_null(True)
    percent = pl.col("total").cast(pl.Int128) * 100
    whole = pl.col("limit").cast(pl.Int128) * _FINER * pl.col("n")
    enough = pl.col("n") >= pl.col("valid_min")
    first = ("limit", "valid_min", "above_min", "opens_pct", "closes_pct")
    return (
        minutes.group_by("pid", "stat")
        .agg(
            *(pl.col(name).first() for name in first),
            n=pl.col("value").count().cast(pl.Int64),
            total=pl.col("value").cast(pl.Int128).sum(),
            run=run.sum().cast(pl.Int64),
            censored=(latest & pl.col("value").is_null()).any(),
        )
        .with_columns(above=pl.col("run") >= pl.col("above_min"))
        .select(
            "pid",
            "stat",
            "n",
            "total",
            "above",
            value=pl.when(pl.col("n") > 0).then(half_up(pl.col("total"), pl.max_horizontal("n", 1) * _FINER)),
            censored=pl.col("above") & pl.col("censored"),
            opens=pl.col("above") | (enough & (percent > whole * pl.col("opens_pct"))),
            closes=~pl.col("above") & enough & (percent < whole * pl.col("closes_pct")),
        )
    )


def withheld_above_range(minutes: pl.DataFrame, withheld: pl.DataFrame) -> pl.DataFrame:
    """Return the withheld hours that would have minutes enough for a mean, had none of them lain above the analyser's range.

    Args:
        minutes: ``pid``, ``minute`` of those above the range.
        withheld: ``pid``, ``hour`` (start), ``n`` (valid minutes), ``minutes_min`` (as many make a mean), one row a point and hour.

    Returns:
        The rows of such hours with ``over`` (minutes above the range) and ``since`` (the first of them), by hour and point.

    Source:
        emission_rules 1.4 (proposal): a minute with flag T is no valid one, yet says that the concentration is high.
    """
    over = minutes.group_by("pid", hour=pl.col("minute") // HOUR_MS * HOUR_MS).agg(
        over=pl.len().cast(pl.Int64), since=pl.col("minute").min()
    )
    short = (pl.col("n") < pl.col("minutes_min")) & (pl.col("n") + pl.col("over") >= pl.col("minutes_min"))
    return withheld.join(over, on=["pid", "hour"]).filter(short).sort("hour", "pid")


def one_hour_changes(hours: pl.DataFrame) -> pl.DataFrame:
    """Return by how much each valid hour differs from the valid hour right before it.

    Args:
        hours: ``pid``, ``stat``, ``hour`` (start), ``value`` (at SCALE; None where withheld), one row each.

    Returns:
        ``pid``, ``stat``, ``hour`` (the later of the two), ``level`` (value of the earlier) and ``change`` (at SCALE).
    """
    known = hours.filter(pl.col("value").is_not_null()).select("pid", "stat", "hour", "value").sort("pid", "stat", "hour")
    before = pl.col("hour").shift(1).over("pid", "stat")
    return (
        known.with_columns(level=pl.col("value").shift(1).over("pid", "stat"), adjacent=pl.col("hour") - before == HOUR_MS)
        .filter("adjacent")
        .select("pid", "stat", "hour", "level", change=pl.col("value") - pl.col("level"))
    )


def chances(bases: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Count in how many of the series' newest one-hour changes the hour would exceed, if one of them came now.

    The share ``k / of`` is the confidence. A series falls from a high level more often than it rises from it; so each change d, which came
    from a level x, is taken as d + b (base - x), b being the slope of change over level among the changes that count, between -1 and 0.
    The hour exceeds if base + (d + b (base - x)) left / 60 is above the limit; compared in integers.

    Args:
        bases: ``pid``, ``stat``, ``hour`` (start of the hour that is foreseen), ``base`` (mean so far, or the hour before; at SCALE), ``left``
            (minutes of the hour that are still to come, 60 where it has just begun), ``limit`` (at SCALE), ``hours_back``.
        changes: as ``one_hour_changes`` returns them; those of hours before ``hour`` count, ``hours_back`` at most.

    Returns:
        ``pid``, ``stat``, ``hour``, ``k`` and ``of``; a base without changes has no row.

    Source:
        A proposal of this project, in the place of a confidence that emission_rules 10 does not give; scored in docs/early-warning.md.
    """
    joined = bases.join(changes.rename({"hour": "then"}), on=["pid", "stat"])
    since = pl.col("hour") - pl.col("hours_back") * HOUR_MS
    joined = joined.filter((pl.col("then") < pl.col("hour")) & (pl.col("then") >= since))
    x, d = (pl.col(name).cast(pl.Int128) // _COARSER for name in ("level", "change"))
    of_hour = ("pid", "stat", "hour")
    slope = joined.with_columns(
        num=(pl.len() * (x * d).sum() - x.sum() * d.sum()).over(of_hour),
        den=(pl.len() * (x * x).sum() - x.sum() * x.sum()).over(of_hour),
    ).with_columns(den=pl.max_horizontal("den", pl.lit(1, dtype=pl.Int128)))
    num = pl.max_horizontal(pl.min_horizontal("num", pl.lit(0, dtype=pl.Int128)), pl.lit(0, dtype=pl.Int128) - pl.col("den"))
    above = (pl.col("base") - pl.col("limit")).cast(pl.Int128) * MINUTES * pl.col("den")
    moved = pl.col("change").cast(pl.Int128) * pl.col("den") + num * (pl.col("base") - pl.col("level"))
    return slope.group_by(of_hour).agg(k=(above + pl.col("left") * moved > 0).sum().cast(pl.Int64), of=pl.len().cast(pl.Int64))


def room(total: int, n: int, left: int, limit: int) -> int | None:
    """Return the greatest mean that the rest of an hour may have if the hour is to comply [at SCALE], rounded down.

    Args:
        total: sum of the ``n`` valid minutes so far, at MINUTE_SCALE.
        left: minutes still to come, all taken as valid.
        limit: at SCALE.

    Returns:
        None where nothing is left, or no mean at or above zero keeps the limit.
    """
    if left <= 0:
        return None
    rest = (limit * _FINER * (n + left) - total) // (left * _FINER)
    return rest if rest >= 0 else None
