"""Means at the gas volume that a standard allows a tonne of product, where it sets one instead of a reference oxygen."""

from __future__ import annotations

import polars as pl

from processors.digest import mix
from processors.rules.gas import reference_volume_expr

NO_PRODUCTION = "no production"
"""Why an hour in which nothing was made has no value at a reference gas volume."""
_BESIDE = ("flow", "product")


def volume_hours(measured: pl.DataFrame, volumes: pl.DataFrame) -> pl.DataFrame:
    """Return stat "avg_ref" of points with a reference gas volume: mean × mean flow ÷ (reference × mean production), of the hour.

    Args:
        measured: rows of HOUR_SCHEMA, those of stat "avg" of whole sources among them.
        volumes: ``pid``, ``from_ms``, ``to_ms``, ``ref_volume`` [m³/t, at SCALE], ``flow_pid``, ``product_pid``.

    Returns:
        Rows of HOUR_SCHEMA; withheld with a reason without a valid mean, flow or production, and where nothing was made.

    Source:
        AIR-CNV-6 (from memory, medium), as ``rules.gas.at_reference_volume``.
    """
    means = measured.filter(pl.col("stat") == "avg")
    rows = means.join(volumes, on="pid").filter(pl.col("hour") >= pl.col("from_ms"), pl.col("hour") < pl.col("to_ms"))
    for name in _BESIDE:
        beside = means.select(
            "hour",
            pl.col("pid").alias(f"{name}_pid"),
            pl.col("value").alias(name),
            pl.col("digest").alias(f"{name}_digest"),
            pl.col("as_of").alias(f"{name}_as_of"),
        )
        rows = rows.join(beside, on=[f"{name}_pid", "hour"], how="left")
    digests = [pl.col(name).reinterpret(signed=True) for name in ("digest", *(f"{name}_digest" for name in _BESIDE))]
    value = reference_volume_expr(pl.col("value"), pl.col("flow"), pl.col("product"), pl.col("ref_volume"))
    reason = (
        pl.when(pl.col("reason").is_not_null())
        .then("reason")
        .when(pl.col("flow").is_null())
        .then(pl.lit("no valid flow"))
        .when(pl.col("product").is_null())
        .then(pl.lit("no valid production"))
        .when(pl.col("product") <= 0)
        .then(pl.lit(NO_PRODUCTION))
        .when(value.is_null())
        .then(pl.lit("more than can be stated at the reference gas volume"))
    )
    note = pl.when(reason.is_null()).then(pl.lit("hour means converted: to the reference gas volume of a tonne of product"))
    return rows.with_columns(
        stat=pl.lit("avg_ref"),
        value=pl.when(reason.is_null()).then(value),
        total=None,
        reason=reason,
        note=note,
        digest=mix(*digests, *(pl.col(name) for name in _BESIDE)),
        as_of=pl.max_horizontal("as_of", *(f"{name}_as_of" for name in _BESIDE)),
    ).select(pl.col(name).cast(kind) for name, kind in measured.schema.items())
