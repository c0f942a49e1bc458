"""Waste water: daily means weighted by flow, daily masses, low readings, and limits that follow the water's temperature."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import polars as pl

from processors.rules.gas import Exact, exact
from processors.rules.millionths import millionths, quotient_expr, share_at_least, wide

G_M3_TO_KG = 1_000
"""Grams in a kilogram; mg/L is g/m³."""


def flow_weighted(results: Sequence[tuple[Exact, Exact]]) -> Fraction | None:
    """Return the mean of (concentration, volume) results weighted by volume, in the concentration's unit; None without volume.

    Source:
        WAT-4, HJ 356-2019 (from memory, high): Σ(C·Q)/ΣQ.

    >>> flow_weighted([(40, 800), (60, 320)])
    Fraction(320, 7)
    """
    total = sum((exact(volume) for _, volume in results), Fraction(0))
    if not total > 0:
        return None
    return sum((exact(value) * exact(volume) for value, volume in results), Fraction(0)) / total


def mass_kg(results: Sequence[tuple[Exact, Exact]]) -> Fraction:
    """Return the mass [kg] of (concentration [mg/L], volume [m³]) results.

    Source:
        WAT-6, HJ 356-2019 (from memory, high): Σ(C·Q)·1e-3.

    >>> mass_kg([(40, 800), (60, 320)])
    Fraction(256, 5)
    """
    return sum((exact(value) * exact(volume) for value, volume in results), Fraction(0)) / G_M3_TO_KG


def day_means_by_flow(
    results: pl.DataFrame, *, due_n: int, due_basis: Literal["clock", "flow"], share_min_pct: Exact
) -> pl.DataFrame:
    """Average each point's valid results over each day, weighted by the volume discharged.

    Args:
        results: one row a point and sampling period: ``pid``, ``day`` (start of the local day), ``value`` (mg/L at SCALE, None where not valid),
            ``volume`` (m³ discharged in the period, at SCALE, None where not known); any order. A result without a volume, or in a
            period without discharge, is not valid.
        due_n: results due on a day of continuous discharge: 24, or 12 of older stations.
        due_basis: "flow" expects no result of a period without discharge, "clock" expects all.
        share_min_pct: share of the due results [%] that must be valid; equal is enough.

    Returns:
        One row a point and day: ``n`` (valid), ``due``, ``volume`` (of the valid results, m³ at SCALE), ``value`` (mg/L at SCALE, rounded half up),
        ``mass`` (kg at SCALE, rounded half up), and ``reason`` where these two are withheld.

    Source:
        WAT-3, 4, 6 and 8, HJ 355/356-2019 (from memory, high): 75 % of the results due; no result at zero flow. The basis is a proposal.
    """
    valid = (pl.col("value").is_not_null() & (pl.col("volume") > 0)).fill_null(False)
    still = (pl.col("volume") == 0).fill_null(False) & (due_basis == "flow")
    amount = pl.when(valid).then(wide(pl.col("value")) * wide(pl.col("volume"))).otherwise(0)
    days = results.group_by("pid", "day").agg(
        n=valid.sum().cast(pl.Int64),
        due=(due_n - still.sum().cast(pl.Int64)).clip(lower_bound=0),
        volume=pl.col("volume").filter(valid).sum(),
        amount=amount.sum(),
    )
    enough = share_at_least(pl.col("n"), pl.col("due"), share_min_pct) & (pl.col("n") > 0)
    return days.select(
        "pid",
        "day",
        "n",
        "due",
        "volume",
        value=pl.when(enough).then(quotient_expr(pl.col("amount"), pl.col("volume"))),
        mass=pl.when(enough).then(quotient_expr(pl.col("amount"), pl.lit(millionths(G_M3_TO_KG)))),
        reason=pl.when(pl.col("due") == 0)
        .then(pl.lit("no discharge"))
        .when(~enough)
        .then(pl.format("{} valid results of {} due", "n", "due")),
    ).sort("pid", "day")


def low_replaced(value: pl.Expr, *, detection_mg_l: Exact, zero_drift_mg_l: Exact, replacement_mg_l: Exact) -> pl.Expr:
    """Replace readings near zero that are judged valid, before they are averaged.

    Args:
        value: Int64 at SCALE.
        detection_mg_l: readings below this are replaced; one equal to it stays.
        zero_drift_mg_l: how far below zero a reading may lie; one further below is not valid.
        replacement_mg_l: what stands for it.

    Returns:
        Int64 at SCALE; null where the reading is null or not valid.

    Source:
        WAT-7, HJ 356-2019 (from memory, high): COD 2, ammonia nitrogen 0.01, total phosphorus 0.005, total nitrogen 0.025 mg/L.
    """
    low = pl.lit(millionths(replacement_mg_l), dtype=pl.Int64)
    return pl.when(value >= millionths(detection_mg_l)).then(value).when(value >= -millionths(zero_drift_mg_l)).then(low)


def limit_by_temperature(
    water_degc: Exact | None, *, switch_degc: Exact, warm_mg_l: Exact, cold_mg_l: Exact
) -> Fraction | None:
    """Return the limit that holds at a water temperature; None where it is not known.

    Args:
        water_degc: water temperature of the same day.
        switch_degc: above it the first limit holds, at or below it the second.
        warm_mg_l: the plain figure of the standard's pair.
        cold_mg_l: the figure in brackets.

    Source:
        GB 18918 and DB44/2208, emission_rules 3.3 (from memory, high): ammonia limits switch at 12 degC.

    >>> limit_by_temperature(12, switch_degc=12, warm_mg_l=5, cold_mg_l=8)
    Fraction(8, 1)
    """
    if water_degc is None:
        return None
    return exact(warm_mg_l) if exact(water_degc) > exact(switch_degc) else exact(cold_mg_l)
