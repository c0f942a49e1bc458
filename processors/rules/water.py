"""Waste water: daily means weighted by flow, daily masses, low readings, and limits that follow the water's temperature."""

from __future__ import annotations

from typing import Literal

import polars as pl

from processors.rules.gas import Exact
from processors.rules.millionths import millionths, quotient_expr, share_at_least, wide

G_M3_TO_KG = 1_000
"""Grams in a kilogram; mg/L is g/m³."""


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
