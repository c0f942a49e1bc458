"""The chain from analyser to platform: an hour whose value changed on its way is not valid."""

from __future__ import annotations

import polars as pl

from processors.digest import mix
from processors.rules.millionths import unscaled
from processors.rules.water_checks import chain

_BROKEN = {"pid": pl.Int32, "hour": pl.Int64, "why": pl.String, "first": pl.Int64, "second": pl.Int64}


def chained(measured: pl.DataFrame, beside: pl.DataFrame, info: pl.DataFrame) -> pl.DataFrame:
    """Withhold the hours that differ too much from what the analyser itself says of them, or from the device's own hour.

    Args:
        measured: rows of HOUR_SCHEMA, stat "avg".
        beside: the device's own hours beside those that were made of minutes: ``pid``, ``hour``, ``value`` (at SCALE).
        info: ``pid``, ``hour``, ``analyser_pid`` (the point of the analyser's own value, the point itself where only the device's own hour is
            compared, None where nothing is), ``chain_max`` (greatest difference in percent, at SCALE).

    Returns:
        The rows; where the chain is broken without a value, with the difference as the reason.

    Source:
        WAT-9, HJ 355-2019 (from memory, high): more than 1 % between analyser, logger and platform makes the platform's value invalid.
    """
    analysers = measured.select("hour", analyser_pid="pid", analyser="value")
    asked = info.filter(pl.col("analyser_pid").is_not_null()).select("pid", "hour", "analyser_pid", "chain_max")
    rows = (
        measured.filter(pl.col("value").is_not_null())
        .join(asked, on=["pid", "hour"])
        .join(analysers, on=["analyser_pid", "hour"], how="left")
        .join(beside.select("pid", "hour", logger="value"), on=["pid", "hour"], how="left")
        .with_columns(analyser=pl.when(pl.col("analyser_pid") != pl.col("pid")).then("analyser"))
    )
    broken = []
    for pid, hour, analyser, logger, platform, most in rows.select(
        "pid", "hour", "analyser", "logger", "value", "chain_max"
    ).rows():
        places = [("analyser", analyser), ("logger", logger), ("platform", platform)]
        verdict = chain(places, difference_pct_max=unscaled(most))
        if verdict.outcome == "fails":
            broken.append((pid, hour, verdict.reason, analyser, logger))
    if not broken:
        return measured
    joined = measured.join(pl.DataFrame(broken, schema=_BROKEN, orient="row"), on=["pid", "hour"], how="left")
    held = pl.col("why").is_not_null()
    digest = mix(pl.col("digest").reinterpret(signed=True), pl.col("first").fill_null(-1), pl.col("second").fill_null(-1))
    return joined.with_columns(
        value=pl.when(~held).then("value"),
        n=pl.when(held).then(0).otherwise("n"),
        total=pl.when(held).then(0).otherwise("total"),
        reason=pl.when(held).then("why").otherwise("reason"),
        digest=pl.when(held).then(digest).otherwise("digest"),
    ).select(measured.columns)
