"""How much must have been measured: valid minutes and hours that are asked for, capture and transmission rates."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

import polars as pl

from processors.figures import HOUR_MS
from processors.rules.gas import Exact, exact
from processors.rules.millionths import share_expr
from processors.rules.verdict import Verdict, at_least, not_judged

MINUTES_H = 60
HOURS_D = 24


def minutes_needed(*, minutes_min: int, basis: Literal["clock", "operating"], operating_minutes: int) -> int:
    """Return how many valid minutes make an hour valid.

    Args:
        minutes_min: valid minutes asked of a whole hour.
        basis: "clock" asks the same of an hour in which the source ran only in part; "operating" asks the same share of the
            minutes in which it ran, rounded up, and one at least.
        operating_minutes: minutes of the hour in which the source ran.

    Source:
        AIR-AVG-3, HJ 75-2017 (seen: 45 of the clock hour); the basis "operating" is a proposal.

    >>> minutes_needed(minutes_min=45, basis="clock", operating_minutes=40)
    45
    >>> minutes_needed(minutes_min=45, basis="operating", operating_minutes=40)
    30
    """
    if basis == "clock":
        return minutes_min
    return _same_share(minutes_min, MINUTES_H, operating_minutes)


def hours_needed(*, hours_min: int, basis: Literal["fixed20", "fraction_of_operating"], operating_hours: int) -> int:
    """Return how many valid hours make a day valid.

    Args:
        hours_min: valid hours asked of a whole day.
        basis: "fixed20" asks the same of a day on which the source ran for fewer hours; "fraction_of_operating" asks the same share
            of the hours in which it ran, rounded up, and one at least.
        operating_hours: hours of the day in which the source ran.

    Source:
        AIR-AVG-4, HJ 75-2017 (seen: 20 hours); the fraction is a proposal.

    >>> hours_needed(hours_min=20, basis="fraction_of_operating", operating_hours=10)
    9
    """
    if basis == "fixed20":
        return hours_min
    return _same_share(hours_min, HOURS_D, operating_hours)


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


def capture_target(rate_pct: Exact | None, *, target_pct: Exact) -> Verdict:
    """Judge a capture rate: at least the target passes, no rate is not judged.

    Source:
        Emission_rules 1.5: at least 75 % a quarter (from memory, high); for effective transmission 75 %, later 90 % and above
        (from memory, medium).
    """
    if rate_pct is None:
        return not_judged("the source was stopped all the time")
    return at_least("capture rate", rate_pct, target_pct, "%")


def effective_transmission_pct(*, transmission_pct: Exact, validity_pct: Exact) -> Fraction:
    """Return the effective transmission rate [%]: what arrived times what of it was valid.

    Source:
        National statistics of automatic monitoring, emission_rules 1.5 (seen): transmission rate · validity rate.

    >>> effective_transmission_pct(transmission_pct=96, validity_pct=95)
    Fraction(456, 5)
    """
    return exact(transmission_pct) * exact(validity_pct) / 100


def _same_share(asked: int, of: int, there_are: int) -> int:
    return max(1, math.ceil(Fraction(asked, of) * there_are))
