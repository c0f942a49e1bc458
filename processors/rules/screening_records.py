"""Screening of what cannot be: parts above their whole, means that are not those of their hours, settings changed in silence.

Thresholds are proposals of emission_rules 7.2 unless a function says otherwise. Values are Int64 at SCALE, None where not known, which is
no evidence; rows come in any order; ``weight`` is that of each piece of evidence.
"""

from __future__ import annotations

import polars as pl

from processors.rules.evidence import evidence
from processors.rules.gas import Exact, exact
from processors.rules.millionths import millionths, milliseconds, share_at_least, text_expr, wide

PARTS: tuple[tuple[str, str, str], ...] = (
    ("methane", "total_hydrocarbons", "methane {} above total hydrocarbons {}"),
    ("ammonia_nitrogen", "total_nitrogen", "ammonia nitrogen {} above total nitrogen {}"),
    ("bod", "cod", "BOD {} above COD {}"),
    ("no2", "nox", "NO2 {} above NOx {}"),
    ("outlet", "inlet", "outlet {} above inlet {}"),
)
"""Values that cannot be greater than another one of the same time and unit (DQ-8)."""


def part_above_whole(rows: pl.DataFrame, *, tolerance_pct: Exact, cover_s: Exact, weight: int) -> pl.DataFrame:
    """Find values that are greater than what they are a part of (DQ-8).

    Args:
        rows: ``pid``, ``time_ms``, and pairs of columns of PARTS, those that are measured.
        tolerance_pct: how much greater a part may be [% of the whole]; equal may.
        cover_s: how long a row stands for.
        weight: of each piece of evidence.

    Source:
        DQ-8 (proposal): 1 %.
    """
    share = 1 + exact(tolerance_pct) / 100
    found = [
        evidence(
            rows.filter(wide(pl.col(part)) * share.denominator > wide(pl.col(whole)) * share.numerator),
            "DQ-8",
            start=pl.col("time_ms"),
            end=pl.col("time_ms") + milliseconds(cover_s),
            reason=pl.format(words, text_expr(pl.col(part)), text_expr(pl.col(whole))),
            weight=weight,
        )
        for part, whole, words in PARTS
        if part in rows.columns and whole in rows.columns
    ]
    return _together(found, rows)


def implausible_gas(rows: pl.DataFrame, *, warmer_degc_min: Exact, cover_s: Exact, weight: int) -> pl.DataFrame:
    """Find flue gas without moisture, or hardly warmer than the air while the source runs (DQ-8).

    Args:
        rows: ``pid``, ``time_ms``, ``moisture`` (%), ``temperature`` and ``ambient`` (°C), ``running``.
        warmer_degc_min: how much warmer than the air the gas of a running source is; equal is warm enough.
        cover_s: how long a row stands for.
        weight: of each piece of evidence.

    Source:
        DQ-8 (proposal): moisture at or below 0, less than 5 °C above ambient.
    """
    cold = pl.col("running") & (pl.col("temperature") - pl.col("ambient") < millionths(warmer_degc_min))
    cases = (
        (pl.col("moisture") <= 0, pl.format("moisture of {} %", text_expr(pl.col("moisture")))),
        (
            cold,
            pl.format(
                "gas of {} degC at {} degC of air while running", text_expr(pl.col("temperature")), text_expr(pl.col("ambient"))
            ),
        ),
    )
    end = pl.col("time_ms") + milliseconds(cover_s)
    found = [
        evidence(rows.filter(met), "DQ-8", start=pl.col("time_ms"), end=end, reason=reason, weight=weight)
        for met, reason in cases
    ]
    return _together(found, rows)


def silent_changes(changes: pl.DataFrame, maintenance: pl.DataFrame, *, slack_s: Exact, weight: int) -> pl.DataFrame:
    """Find settings of a monitor that were changed without a record of maintenance (DQ-15).

    Args:
        changes: one row a setting and time at which it was seen changed: ``pid``, ``time_ms``, ``setting`` (range, slope, intercept, velocity coefficient,
            reference oxygen), ``old`` and ``new`` (texts).
        maintenance: one row a record of maintenance: ``pid``, ``start_ms``, ``end_ms``.
        slack_s: how long before or after a record a change still belongs to it; equal does.
        weight: of each piece of evidence.

    Source:
        DQ-15 (proposal).
    """
    slack_ms = milliseconds(slack_s)
    numbered = changes.filter(pl.col("old") != pl.col("new")).with_row_index("_at")
    recorded = (
        numbered.join(maintenance.select("pid", "start_ms", "end_ms"), on="pid")
        .filter(pl.col("time_ms").is_between(pl.col("start_ms") - slack_ms, pl.col("end_ms") + slack_ms))
        .select("_at")
    )
    found = numbered.join(recorded, on="_at", how="anti")
    reason = pl.format("{} changed from {} to {} without a record of maintenance", "setting", "old", "new")
    return evidence(found, "DQ-15", start=pl.col("time_ms"), end=pl.col("time_ms") + 1, reason=reason, weight=weight)


def low_capture(rates: pl.DataFrame, *, target_pct: Exact, weight: int) -> pl.DataFrame:
    """Find periods of which too few operating hours are valid (DQ-16).

    Args:
        rates: one row a point and period: ``pid``, ``start_ms``, ``end_ms``, ``hours``, ``stopped``, ``valid`` (counts).
        target_pct: share of the operating hours [%] that is enough; equal is.
        weight: of each piece of evidence.

    Source:
        DQ-16 (proposal); the rate as in HJ 75-2017, emission_rules 1.5 (seen).
    """
    operated = pl.col("hours") - pl.col("stopped")
    low = rates.filter((operated > 0) & ~share_at_least(pl.col("valid"), operated, target_pct))
    reason = pl.format("{} of the month's {} operating hours valid", "valid", operated)
    return evidence(low, "DQ-16", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def _together(found: list[pl.DataFrame], rows: pl.DataFrame) -> pl.DataFrame:
    """Put evidence together in order; where nothing was asked, none."""
    nothing = rows.clear().select("pid", "time_ms")
    empty = evidence(nothing, "DQ-8", start=pl.col("time_ms"), end=pl.col("time_ms"), reason=pl.lit(None, pl.String), weight=0)
    return pl.concat([empty, *found]).sort("pid", "start_ms", "reason")
