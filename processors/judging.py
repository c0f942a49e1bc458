"""Judging: every limit that holds at a figure, each for itself; the worst verdict is the figure's own."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from processors.digest import mix
from processors.figures import SCALE
from processors.points import Points
from processors.rules.averaging import half_up
from processors.rules.millionths import half_even_expr

EXCEEDS, COMPLIES, NOT_JUDGED, EXEMPT = "exceeds", "complies", "not judged", "exempt"
"""Verdicts; a mark exempts from all limits alike, and a bound from below is exceeded by what falls short of it."""
INTERVAL_STATS = ("avg", "avg_ref")
"""What a confidence interval is taken off: not what has it off already, nor counts and shares."""
ROUNDED_STATS = (*INTERVAL_STATS, "min", "max")
"""What may be rounded before it is compared: not masses, counts and shares, nor what is counted unrounded."""
UNKNOWN = "{} is not known, on which the limit depends"
"""Note of a figure of which a limit is not judged, because another factor has no valid mean of that period."""
_COMPARED = {">": pl.Expr.gt, ">=": pl.Expr.ge, "<": pl.Expr.lt, "<=": pl.Expr.le}
_UNLIMITED = {"limit": pl.Int64, "limit_id": pl.String, "verdict": pl.String, "others": pl.String}


def judged(rows: pl.DataFrame, points: Points, averaging: str, latest: pl.DataFrame) -> pl.DataFrame:
    """Judge figures against every limit that holds at their own start and whose condition is met.

    Args:
        rows: HOUR_SCHEMA; with ``exempt`` (see ``exempting.exempted``) those that a mark exempts from every limit.
        averaging: "hour" or "day".
        latest: FIGURE_SCHEMA, the latest figures of those periods: a condition reads them where ``rows`` do not hold its factor.

    Returns:
        The rows with ``limit``, ``limit_id`` and ``verdict`` of one limit: of those exceeded the strictest, else one that could not be judged, else
        the strictest, an upper one first; and ``others``, the remaining ones as JSON (see ``others_of``), None where there are none.

    Source:
        emission_rules 1.8 and 5: exceeds = value > limit(t), equal complies; hours that are not valid are not judged. A limit whose condition
        is not known is not judged: neither it nor its counterpart (GB 18918, 12 degC) may be taken to hold. Values are compared as they are
        unless the rule pack rounds them (GB/T 8170, from memory, medium); a confidence interval comes off first.
    """
    limits = points.limits.filter(pl.col("averaging") == averaging).drop("averaging")
    if limits.is_empty():
        return rows.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in _UNLIMITED.items())
    keyed = rows.with_row_index("row")
    holding = (
        keyed.select(
            "row", "pid", "stat", "hour", "value", exempt=pl.col("exempt") if "exempt" in rows.columns else pl.lit(False)
        )
        .join(limits, on=["pid", "stat"])
        .filter((pl.col("hour") >= pl.col("limit_from")) & (pl.col("hour") < pl.col("limit_to")))
        .with_columns(unknown=pl.lit(None, dtype=pl.String))
    )
    if limits["when_pid"].count():
        holding = _met(holding, rows, latest, points)
    compared = pl.col("value") - pl.when("lower").then(0).otherwise(pl.col("interval").fill_null(0))
    if points.decimals.height:
        holding = _held(holding, points.decimals, "decimals", ROUNDED_STATS)
        compared = pl.when(pl.col("decimals").is_null()).then(compared).otherwise(half_even_expr(compared, pl.col("decimals")))
    broken = pl.when("lower").then(compared < pl.col("limit")).otherwise(compared > pl.col("limit"))
    verdict = (
        pl.when(pl.col("value").is_null() | pl.col("unknown").is_not_null())
        .then(pl.lit(NOT_JUDGED))
        .when("exempt")
        .then(pl.lit(EXEMPT))
        .when(broken)
        .then(pl.lit(EXCEEDS))
        .otherwise(pl.lit(COMPLIES))
    )
    holding = (
        _less(holding, points)
        .with_columns(verdict=verdict)
        .sort(
            "row",
            pl.col("verdict").replace_strict({EXCEEDS: 0, NOT_JUDGED: 1, EXEMPT: 2, COMPLIES: 3}, return_dtype=pl.Int8),
            "lower",
            pl.when("lower").then(-pl.col("limit")).otherwise("limit"),
            "limit_id",
        )
    )
    own = holding.unique("row", keep="first", maintain_order=True).select("row", "limit", "limit_id", "verdict", "unknown")
    if own.height < holding.height:
        own = own.join(_others(holding), on="row", how="left")
    else:
        own = own.with_columns(limit_rules=holding["limit_rules"], others=pl.lit(None, dtype=pl.String))
    limited = pl.col("limit").is_not_null()
    return (
        keyed.join(own, on="row", how="left", maintain_order="left")
        .with_columns(
            note=pl.coalesce("unknown", "note"),
            rules=pl.when(limited)
            .then(mix(pl.col("rules").reinterpret(signed=True), pl.col("limit_rules").reinterpret(signed=True)))
            .otherwise("rules"),
        )
        .drop("row", "limit_rules", "unknown")
    )


def others_of(text: str | None) -> list[dict[str, Any]]:
    """Return the limits of a figure beside its own: ``limit_id``, ``limit`` (at SCALE), ``bound``, ``verdict``."""
    return json.loads(text) if text else []


def others_text(others: list[dict[str, Any]] | None) -> str | None:
    """Return such limits as a shelf holds them."""
    return json.dumps(others, ensure_ascii=False, separators=(",", ":")) if others else None


def _others(holding: pl.DataFrame) -> pl.DataFrame:
    """Return, of each row, all limits but its first as JSON, and the digest of all."""
    bound = pl.when("lower").then(pl.lit("lower")).otherwise(pl.lit("upper")).alias("bound")
    told = pl.struct("limit_id", "limit", bound, "verdict").struct.json_encode()
    return (
        holding.group_by("row", maintain_order=True)
        .agg(limit_rules=pl.col("limit_rules").sum(), n=pl.len(), others=told.slice(1).str.join(","))
        .with_columns(others=pl.when(pl.col("n") > 1).then(pl.format("[{}]", "others")))
        .drop("n")
    )


def _met(holding: pl.DataFrame, rows: pl.DataFrame, latest: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Leave out limits whose condition is not met; ``unknown`` says which factor is not known."""
    mean = pl.col("stat") == "avg"
    fresh = rows.filter(mean).select("pid", "hour", "value")
    known = latest.filter(mean).select("pid", "hour", "value").join(fresh, on=["pid", "hour"], how="anti")
    facts = pl.concat([fresh, known]).rename({"pid": "when_pid", "value": "fact"})
    joined = holding.join(facts, on=["when_pid", "hour"], how="left")
    asked = pl.col("when_pid").is_not_null()
    met = pl.lit(False)
    for op, compared in _COMPARED.items():
        met = met | ((pl.col("when_op") == op) & compared(pl.col("fact"), pl.col("when_value")))
    names = [key.factor for key in points.keys]
    factor = pl.col("when_pid").replace_strict(list(range(len(names))), names, default="?", return_dtype=pl.String)
    return joined.filter(~asked | pl.col("fact").is_null() | met).with_columns(
        unknown=pl.when(asked & pl.col("fact").is_null() & pl.col("value").is_not_null()).then(pl.format(UNKNOWN, factor))
    )


def _less(holding: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Add ``interval``, what is taken off a value before it is compared with an upper limit (EU-5), rounded half up; only off means.

    It is a share of the least daily limit that holds then, of the limit itself where there is none.
    """
    if points.intervals.is_empty():
        return holding.with_columns(interval=pl.lit(None, dtype=pl.Int64))
    percent = pl.lit(100 * 10**SCALE, dtype=pl.Int64)
    joined = _held(holding, points.intervals, "interval", INTERVAL_STATS)
    bases = holding.select("row", "pid", "hour").unique().join(points.interval_bases, on="pid")
    held = bases.filter((pl.col("hour") >= pl.col("limit_from")) & (pl.col("hour") < pl.col("limit_to")))
    based = joined.join(held.group_by("row").agg(pl.col("base").min()), on="row", how="left")
    base, rules = pl.coalesce("base", "limit"), pl.col("limit_rules")
    return based.with_columns(
        interval=half_up(base.cast(pl.Int128) * pl.col("interval"), percent),
        limit_rules=pl.when(pl.col("interval").is_not_null()).then(mix(rules.reinterpret(signed=True), base)).otherwise(rules),
    ).drop("base")


def _held(holding: pl.DataFrame, said: pl.DataFrame, name: str, stats: tuple[str, ...]) -> pl.DataFrame:
    """Add what the rule pack says of a point at that time as column ``name``, null for other stats and where it says nothing."""
    held = holding.select("row", "pid", "hour", "stat").unique().filter(pl.col("stat").is_in(stats)).join(said, on="pid")
    held = held.filter((pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms")))
    return holding.join(held.select("row", name), on="row", how="left")
