"""The greatest minute of an hour, for limits that no single reading may be above."""

from __future__ import annotations

import polars as pl

from processors.figures import MINUTE_SCALE, SCALE
from processors.rules.averaging import half_up
from processors.rules.periods import hour_of


def peak_hours(measured: pl.DataFrame, minutes: pl.DataFrame, pids: list[int]) -> pl.DataFrame:
    """Return stat "max" of some points' hours: their greatest valid minute, however few of them there are.

    Args:
        measured: rows of HOUR_SCHEMA, stat "avg".
        minutes: one row a point and minute: ``pid``, ``minute``, ``value`` (at MINUTE_SCALE, None where not valid).
        pids: the points.

    Returns:
        Rows of HOUR_SCHEMA; with the mean's reason, else "no data", where no minute is valid: a device's own hour has no greatest reading.

    Source:
        VOC-11 (seen; from memory, high); that a minute stands for a reading is a proposal.
    """
    finer = pl.lit(10 ** (MINUTE_SCALE - SCALE), dtype=pl.Int64)
    greatest = (
        minutes.filter(pl.col("pid").is_in(pids) & pl.col("value").is_not_null())
        .group_by("pid", hour=hour_of(pl.col("minute")))
        .agg(greatest=half_up(pl.col("value").max(), finer))
    )
    rows = measured.filter(pl.col("pid").is_in(pids) & (pl.col("stat") == "avg"))
    rows = rows.join(greatest, on=["pid", "hour"], how="left")
    known = pl.col("greatest").is_not_null()
    reason = pl.when(~known).then(pl.col("reason").fill_null(pl.lit("no data")))
    rows = rows.with_columns(stat=pl.lit("max"), value="greatest", total=None, reason=reason)
    return rows.select(pl.col(name).cast(kind) for name, kind in measured.schema.items())
