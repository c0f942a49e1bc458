"""Substitution of missing emission mass from valid masses before the event; concentrations and flows stay as they are."""

from __future__ import annotations

from typing import Literal

import polars as pl

from processors.figures import DAY_MS, HOUR_MS
from processors.rules.gas import Exact
from processors.rules.lookback import maxima_before
from processors.rules.millionths import millionths, quotient_expr
from processors.rules.periods import day_of

BY_EVENT_LENGTH: Literal["event_length"] = "event_length"
BY_ELAPSED: Literal["elapsed"] = "elapsed"
MANUAL = "manual monitoring or material balance"


def events(missing: pl.DataFrame) -> pl.DataFrame:
    """Join the hours without valid mass into continuous events.

    Args:
        missing: one row a point and hour to be substituted: ``pid``, ``hour`` (start), ``group`` ("A" out of control or overdue calibration, "B"
            any other cause); any order. Another group, or an hour that is not among them (valid, or stopped), ends an event.

    Returns:
        The rows, ordered by point and hour, with ``event_ms`` (start of the event), ``event_h`` (its length) and ``elapsed_h`` (up to the end of
        this hour). An event must be handed in whole.
    """
    ordered = missing.sort("pid", "hour")
    begins = (pl.col("hour").diff() != HOUR_MS) | (pl.col("group") != pl.col("group").shift())
    event = ["pid", "_event"]
    return (
        ordered.with_columns(_event=begins.fill_null(True).cast(pl.Int64).cum_sum().over("pid"))
        .with_columns(
            event_ms=pl.col("hour").min().over(event),
            event_h=pl.len().over(event).cast(pl.Int64),
            elapsed_h=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(event),
        )
        .drop("_event")
    )


def substituted_masses(
    missing: pl.DataFrame,
    valid: pl.DataFrame,
    *,
    tier_by: Literal["event_length", "elapsed"],
    event_h_max: int,
    capture_high_pct: Exact,
    capture_low_pct: Exact,
    lookback_short_h: int,
    lookback_long_h: int,
    lookback_low_h: int,
) -> pl.DataFrame:
    """Give each hour without valid mass the greatest hourly mass of valid hours before its event.

    Args:
        missing: rows as ``events`` takes them, with ``capture`` (capture rate of the hour's quarter, percent in millionths, None where not known)
            and ``calibrated_ms`` (last passed calibration before the event, None where not known).
        valid: one row a point and valid hour: ``pid``, ``hour``, ``mass`` (kg at SCALE), back to the longest look-back; any order.
        tier_by: "event_length" takes the whole event's length for each of its hours; "elapsed" the length up to the hour.
        event_h_max: longest event [h] for the short look-back; equal is short.
        capture_high_pct: capture rate [%] from which on the length decides; equal is high.
        capture_low_pct: capture rate [%] below which nothing is substituted.
        lookback_short_h: valid hours to look back over, at a high rate, for a short event.
        lookback_long_h: at a high rate, for a long event.
        lookback_low_h: between the two rates, for any event.

    Returns:
        One row for each of ``missing``, ordered by point and hour, with the columns of ``events`` and: ``lookback_h``, ``n`` (valid hours there were
        before), ``mass`` (kg at SCALE), ``method`` (how it was found) or, where there is none, ``reason``.

    Source:
        HJ 75-2017, emission_rules 1.6 (seen): 180 and 720 valid hours at 90 % and above, by events of up to 24 h; 2 160 from 75 %; before the
        last calibration for group A, before the failure for B. ``tier_by`` is a proposal.
    """
    counts = {lookback_short_h, lookback_long_h, lookback_low_h}
    length = pl.col("event_h") if tier_by == BY_EVENT_LENGTH else pl.col("elapsed_h")
    at_high_rate = pl.when(length <= event_h_max).then(lookback_short_h).otherwise(lookback_long_h)
    lookback = (
        pl.when(pl.col("capture") >= millionths(capture_high_pct))
        .then(at_high_rate)
        .when(pl.col("capture") >= millionths(capture_low_pct))
        .then(lookback_low_h)
    )
    calibrated = pl.col("calibrated_ms").sort_by("hour").first().over("pid", "event_ms")
    group_a = pl.col("group") == "A"
    asked = events(missing).with_columns(
        lookback_h=lookback.cast(pl.Int64), before_ms=pl.when(group_a).then(calibrated).otherwise("event_ms")
    )
    known = valid.select("pid", end_ms=pl.col("hour") + HOUR_MS, value="mass")
    mass = pl.coalesce(pl.when(pl.col("lookback_h") == n).then(f"max_{n}") for n in sorted(counts))
    anchor = pl.when(group_a).then(pl.lit("last calibration")).otherwise(pl.lit("failure"))
    reason = (
        pl.when(pl.col("capture").is_null())
        .then(pl.lit("capture rate not known"))
        .when(pl.col("lookback_h").is_null())
        .then(pl.lit(f"capture rate below {capture_low_pct} %: {MANUAL}"))
        .when(pl.col("before_ms").is_null())
        .then(pl.lit("no passed calibration is known"))
        .when(mass.is_null())
        .then(pl.format("no valid hour before the {}", anchor))
    )
    return (
        maxima_before(known, asked, counts=sorted(counts))
        .with_columns(
            mass=mass,
            method=_hours_found(anchor, mass),
            reason=reason,
        )
        .drop("before_ms", *(f"max_{n}" for n in counts))
        .sort("pid", "hour")
    )


def measured_instead(
    substituted: pl.DataFrame, measured: pl.DataFrame, *, results_a_day_min: int, offset_ms: int
) -> pl.DataFrame:
    """Prefer measurements by the reference method to substituted masses, on days that have enough of them.

    Args:
        substituted: rows of ``substituted_masses``.
        measured: one row a result: ``pid``, ``time_ms``, ``mass`` (kg in an hour, at SCALE).
        results_a_day_min: results below which a day keeps its substituted masses.
        offset_ms: local time's offset from UTC.

    Returns:
        The rows, with ``mass`` (mean of the day's results, rounded half up), ``method`` and ``reason`` exchanged where the day has enough.

    Source:
        HJ 75-2017, emission_rules 1.6 (from memory, medium): at least one result a day.
    """
    results = measured.group_by("pid", _day=day_of(pl.col("time_ms"), offset_ms)).agg(
        _n=pl.len().cast(pl.Int64), _total=pl.col("mass").cast(pl.Int128).sum()
    )
    enough = (pl.col("_n") >= results_a_day_min).fill_null(False)
    return (
        substituted.with_columns(_day=day_of(pl.col("hour"), offset_ms))
        .join(results, on=["pid", "_day"], how="left")
        .with_columns(
            mass=pl.when(enough).then(quotient_expr(pl.col("_total"), pl.col("_n"))).otherwise("mass"),
            method=pl.when(enough).then(pl.format("mean of {} results of the reference method", "_n")).otherwise("method"),
            reason=pl.when(~enough).then("reason"),
        )
        .drop("_day", "_n", "_total")
        .sort("pid", "hour")
    )


def substituted_water_days(missing: pl.DataFrame, valid: pl.DataFrame, *, lookback_days: int, results_min: int) -> pl.DataFrame:
    """Give each day without a valid daily mean of waste water its mass.

    Args:
        missing: one row a point and day: ``pid``, ``day`` (start), ``case`` ("sampling" in normal sampling time, "other" for a stopped or faulty
            analyser, "zero flow"), ``checked_ms`` (last passed calibration or check, None where not known), ``manual_n`` (results of manual
            monitoring on the day) and ``manual_mass`` (kg at SCALE from them, None where there are none).
        valid: one row a point and valid day: ``pid``, ``day``, ``mass`` (kg at SCALE); any order.
        lookback_days: valid days to look back over.
        results_min: manual results from which on a day of case "other" takes their mass.

    Returns:
        The rows, ordered by point and day, with ``n`` (valid days there were before), ``mass``, ``method`` or ``reason``, and ``concentration``: whether
        the manual results may stand for the concentration too, which is never substituted otherwise.

    Source:
        HJ 356-2019, emission_rules 3.2 (from memory, high): the greatest daily mass of 30 valid days before the last passed check; manual
        monitoring first in other time, at least 4 results a day; nothing at zero flow.
    """
    known = valid.select("pid", end_ms=pl.col("day") + DAY_MS, value="mass")
    found = f"max_{lookback_days}"
    flowing = pl.col("case") != "zero flow"
    manual = (pl.col("case") == "other") & (pl.col("manual_n") >= results_min) & pl.col("manual_mass").is_not_null()
    mass = pl.when(manual).then("manual_mass").when(flowing).then(found)
    reason = (
        pl.when(~flowing)
        .then(pl.lit("no discharge"))
        .when(mass.is_not_null())
        .then(None)
        .when(pl.col("checked_ms").is_null())
        .then(pl.lit("no passed check is known"))
        .otherwise(pl.lit("no valid day before the last passed check"))
    )
    method = (
        pl.when(manual)
        .then(pl.format("{} results of manual monitoring", "manual_n"))
        .otherwise(_days_found(pl.lit("last passed check"), mass))
    )
    asked = missing.with_columns(before_ms=pl.col("checked_ms"), lookback_days=pl.lit(lookback_days, dtype=pl.Int64))
    return (
        maxima_before(known, asked, counts=[lookback_days])
        .with_columns(mass=mass, method=method, reason=reason, concentration=manual.fill_null(False))
        .drop("before_ms", "lookback_days", found)
        .sort("pid", "day")
    )


def _hours_found(anchor: pl.Expr, mass: pl.Expr) -> pl.Expr:
    """Word a maximum of hours, with how many there were where that is fewer than asked."""
    whole = pl.format("maximum of {} valid hours before the {}", "lookback_h", anchor)
    fewer = pl.format("maximum of {} valid hours before the {}, {} asked", "n", anchor, "lookback_h")
    return pl.when(mass.is_not_null()).then(pl.when(pl.col("n") >= pl.col("lookback_h")).then(whole).otherwise(fewer))


def _days_found(anchor: pl.Expr, mass: pl.Expr) -> pl.Expr:
    """Word a maximum of days, as ``_hours_found``."""
    whole = pl.format("maximum of {} valid days before the {}", "lookback_days", anchor)
    fewer = pl.format("maximum of {} valid days before the {}, {} asked", "n", anchor, "lookback_days")
    return pl.when(mass.is_not_null()).then(pl.when(pl.col("n") >= pl.col("lookback_days")).then(whole).otherwise(fewer))
