"""How much must have been measured: valid minutes and hours that are asked for, capture and transmission rates."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from processors.figures import HOUR_MS
from processors.rules.millionths import share_expr


def capture_rate_pct(*, hours: int, stopped_h: int, invalid_h: int) -> Fraction | None:
    """Return the data capture rate of a period [%], None where the source was stopped all the time.

    Args:
        hours: hours of the period.
        stopped_h: those in which the source was stopped.
        invalid_h: those that are neither stopped nor valid, the ones without any record among them.

    Raises:
        ValueError: more hours are stopped or invalid than there are.

    Source:
        HJ 75-2017, emission_rules 1.5 (seen): (H - S - I)/(H - S) · 100 %, for each quarter and pollutant.

    >>> round(float(capture_rate_pct(hours=2_184, stopped_h=200, invalid_h=120)), 2)
    93.95
    """
    operated_h = hours - stopped_h
    if min(stopped_h, invalid_h) < 0 or invalid_h > operated_h:
        raise ValueError(f"{stopped_h} h stopped and {invalid_h} h invalid do not fit into {hours} h")
    return Fraction(100 * (operated_h - invalid_h), operated_h) if operated_h else None


def capture_rates(hours: pl.DataFrame, *, start_ms: int, end_ms: int) -> pl.DataFrame:
    """Return each point's capture rate over a period; an hour without a row is invalid.

    Args:
        hours: one row a point and hour of the period: ``pid``, ``hour`` (start), ``value`` (None where not valid), ``stopped``.
        start_ms: start of the period, on an hour.
        end_ms: its end, exclusive; of a quarter that still runs, the end of the last decided hour.

    Returns:
        One row a point that has a row in the period: ``pid``, ``hours``, ``stopped``, ``valid``, ``invalid`` (counts) and ``value`` (percent in
        millionths), None with a ``reason`` where the source was stopped all the time.

    Source:
        HJ 75-2017, emission_rules 1.5, as ``capture_rate_pct``.
    """
    due = (end_ms - start_ms) // HOUR_MS
    stopped, valid, operated = pl.col("stopped"), pl.col("valid"), pl.col("hours") - pl.col("stopped")
    return (
        hours.filter(pl.col("hour").is_between(start_ms, end_ms, closed="left"))
        .group_by("pid")
        .agg(
            hours=pl.lit(due, dtype=pl.Int64),
            stopped=stopped.sum().cast(pl.Int64),
            valid=(~stopped & pl.col("value").is_not_null()).sum().cast(pl.Int64),
        )
        .with_columns(
            invalid=operated - valid,
            value=share_expr(valid, operated),
            reason=pl.when(operated == 0).then(pl.lit("stopped all the time")),
        )
        .sort("pid")
    )


def transmission_rates(hours: pl.DataFrame, *, start_ms: int, end_ms: int) -> pl.DataFrame:
    """Return each point's transmission and effective transmission rate over a period; an hour without a row did not arrive.

    Args:
        hours: one row a point and hour: ``pid``, ``hour`` (start), ``value`` (None where not valid), ``stopped``, ``received`` (whether
            anything of it arrived).
        start_ms: start of the period, on an hour.
        end_ms: its end, exclusive.

    Returns:
        One row a point that has a row in the period: ``pid``, ``due`` (hours not stopped), ``received``, ``valid`` (counts), ``value``
        (transmission rate) and ``effective`` (its product with the share of what arrived that is valid, so valid hours of those due),
        both percent in millionths, None with a ``reason`` where the source was stopped all the time.

    Source:
        National statistics of automatic monitoring, emission_rules 1.5 (seen): transmission rate · validity rate.
    """
    due_h = (end_ms - start_ms) // HOUR_MS
    stopped, due = pl.col("stopped"), pl.col("due")
    return (
        hours.filter(pl.col("hour").is_between(start_ms, end_ms, closed="left"))
        .group_by("pid")
        .agg(
            due=pl.lit(due_h, dtype=pl.Int64) - stopped.sum().cast(pl.Int64),
            received=(~stopped & pl.col("received")).sum().cast(pl.Int64),
            valid=(~stopped & pl.col("value").is_not_null()).sum().cast(pl.Int64),
        )
        .with_columns(
            value=share_expr(pl.col("received"), due),
            effective=share_expr(pl.col("valid"), due),
            reason=pl.when(due == 0).then(pl.lit("stopped all the time")),
        )
        .sort("pid")
    )
