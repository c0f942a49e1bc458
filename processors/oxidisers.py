"""Exhaust that an oxidiser burns without extra air: the measured value counts, unless oxygen says that air was added."""

from __future__ import annotations

import polars as pl

from processors.digest import mix


def unless_air_was_added(converted: pl.DataFrame, measured: pl.DataFrame, means: pl.DataFrame, at: str) -> pl.DataFrame:
    """Return means at reference oxygen in which those of oxidisers without extra air are as measured, wherever oxygen is no higher behind than before.

    Args:
        converted: one row a point and time: ``pid``, ``at``, ``value``, ``oxygen`` (behind), ``inlet_o2_pid`` (the point of oxygen before; None where
            a value is always converted), ``digest``, ``as_of``; ``ambient`` or ``reason`` where they have one.
        measured: ``pid``, ``at``, ``value`` before conversion.
        means: means of the oxygen before, by ``pid`` and ``at``, with ``value``, ``digest`` and ``as_of``.
        at: "minute" or "hour".

    Returns:
        The rows of ``converted``; without a value where the oxygen before or behind is not known.

    Source:
        VOC-9, GB 37822-2019 and DB44/2367-2022 (from memory, high).
    """
    inlet = means.select(at, inlet_o2_pid="pid", inlet="value", inlet_digest="digest", inlet_as_of="as_of")
    rows = converted.join(measured.select("pid", at, measured="value"), on=["pid", at], how="left")
    rows = rows.join(inlet, on=["inlet_o2_pid", at], how="left")
    asked, behind, before = pl.col("inlet_o2_pid").is_not_null(), pl.col("oxygen"), pl.col("inlet")
    same, unknown = asked & (behind <= before).fill_null(False), asked & (behind.is_null() | before.is_null())
    mixed = mix(pl.col("digest").reinterpret(signed=True), pl.col("inlet_digest").reinterpret(signed=True), before)
    changed = {
        "value": pl.when(same).then("measured").when(~unknown).then("value"),
        "digest": pl.when(asked).then(mixed).otherwise("digest"),
        "as_of": pl.max_horizontal("as_of", "inlet_as_of"),
    }
    if "ambient" in converted.columns:
        changed["ambient"] = pl.col("ambient") & ~same
    if "reason" in converted.columns:
        held = pl.when(~same & unknown).then(pl.lit("no valid oxygen")).when(~same).then("reason")
        changed["reason"] = pl.when(pl.col("measured").is_null()).then("reason").otherwise(held)
    return rows.with_columns(**changed).select(converted.columns)
