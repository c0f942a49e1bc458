"""Substitution of missing emission mass from valid masses before the event; concentrations and flows stay as they are."""

from __future__ import annotations

from typing import Literal

import polars as pl

from processors.digest import mix
from processors.figures import DAY_MS, HOUR_MS
from processors.rules.gas import Exact
from processors.rules.lookback import maxima_before
from processors.rules.millionths import millionths, quotient_expr

BY_EVENT_LENGTH: Literal["event_length"] = "event_length"
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


def manual_means(results: pl.DataFrame) -> pl.DataFrame:
    """Take the mean of the results of manual monitoring of each day.

    Args:
        results: one row a result: ``pid``, ``day`` (start of the local day in which it begins), ``rate`` (kg/h at SCALE), ``digest``; any order.

    Returns:
        One row a point and day: ``pid``, ``day``, ``manual_n`` (results), ``manual_rate`` (their mean, kg/h at SCALE, rounded half up) and
        ``manual_digest`` (of all of them).

    Source:
        Emission_rules 1.6 (from memory, medium) and 3.2 (from memory, high) name results; that their plain mean stands is a proposal.
    """
    return results.group_by("pid", "day").agg(
        manual_n=pl.len().cast(pl.Int64),
        manual_rate=quotient_expr(pl.col("rate").cast(pl.Int128).sum(), pl.len()),
        manual_digest=pl.col("digest").sum(),
    )


def manual_concentrations(results: pl.DataFrame, *, results_min: int) -> pl.DataFrame:
    """Take the concentration of each day of waste water from its results of manual monitoring.

    Args:
        results: one row a result that states one: ``pid``, ``day`` (start), ``concentration`` (mg/L at SCALE), ``flow`` (m3/h at SCALE in the hour in
            which it begins, None where not known), ``digest``; any order.
        results_min: results from which on a day has one.

    Returns:
        One row a point and day with results enough: ``pid``, ``day``, ``n`` (results), ``value`` (mg/L at SCALE, rounded half up: weighted by flow where
        that is known of every result and not zero of all, else the plain mean), ``method``, ``digest``.

    Source:
        HJ 356-2019, emission_rules 3.2 (from memory, high): with at least 4 results a day concentration may be used too; the weights are a proposal.
    """
    flow = pl.col("flow").cast(pl.Int128)
    weighted = pl.col("flow").is_not_null().all() & (flow.sum() > 0)
    weight = pl.when(weighted).then(flow).otherwise(1)
    return (
        results.group_by("pid", "day")
        .agg(
            n=pl.len().cast(pl.Int64),
            weighted=weighted,
            value=quotient_expr((pl.col("concentration") * weight).sum(), weight.sum()),
            digest=mix(pl.col("flow"), pl.col("digest").reinterpret(signed=True)).sum(),
        )
        .filter(pl.col("n") >= results_min)
        .select(
            "pid",
            "day",
            "n",
            "value",
            "digest",
            method=pl.when("weighted")
            .then(pl.format("{} results of manual monitoring, weighted by flow", "n"))
            .otherwise(pl.format("{} results of manual monitoring, their plain mean", "n")),
        )
    )


def manual_hours(found: pl.DataFrame, *, results_min: int) -> pl.DataFrame:
    """Let results of manual monitoring stand for the masses of hours in place of substitutes, and where there is no substitute.

    Args:
        found: rows of ``substituted_masses`` with ``manual_n`` and ``manual_rate`` of their day as ``manual_means`` has them, None where there are none.
        results_min: results of a day from which on they do.

    Returns:
        The rows; of an hour that takes the mean rate, ``mass`` is what that makes of the hour (kg at SCALE), ``method`` says of how many results,
        and there is no ``reason``.

    Source:
        HJ 75-2017, emission_rules 1.6: below 75 % capture manual monitoring (seen); in place of substitutes, at least one result per day (from
        memory, medium).
    """
    manual = (pl.col("manual_n") >= results_min).fill_null(False)
    return found.with_columns(
        mass=pl.when(manual).then("manual_rate").otherwise("mass"),
        method=pl.when(manual).then(_manually()).otherwise("method"),
        reason=pl.when(~manual).then("reason"),
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
    method = pl.when(manual).then(_manually()).otherwise(_days_found(pl.lit("last passed check"), mass))
    asked = missing.with_columns(before_ms=pl.col("checked_ms"), lookback_days=pl.lit(lookback_days, dtype=pl.Int64))
    return (
        maxima_before(known, asked, counts=[lookback_days])
        .with_columns(mass=mass, method=method, reason=reason, concentration=manual.fill_null(False))
        .drop("before_ms", "lookback_days", found)
        .sort("pid", "day")
    )


def _manually() -> pl.Expr:
    """Word the results of a day."""
    return pl.format("{} results of manual monitoring", "manual_n")


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
