"""Hour and day figures from a shelf: measured means, means at reference oxygen, mass, and their verdicts."""

from __future__ import annotations

import polars as pl

from processors.decode import HOUR
from processors.digest import mix
from processors.figures import HOUR_MS, MINUTE_SCALE, SCALE
from processors.points import Points
from processors.rules.averaging import REASONS, VALID, at_reference, day_means, day_sums, hour_means
from processors.rules.gas import mass_expr, reference_oxygen_expr
from processors.shelf import MarkSpan, Shelf

HOUR_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "pid": pl.Int32,
    "stat": pl.String,
    "hour": pl.Int64,
    "value": pl.Int64,
    "n": pl.Int64,
    "total": pl.Int128,
    "reason": pl.String,
    "note": pl.String,
    "digest": pl.UInt64,
    "rules": pl.UInt64,
    "as_of": pl.Int64,
}
"""A figure before it is judged: ``total`` is the sum behind a mean, at MINUTE_SCALE for hours and SCALE for days."""
MEANS, SUMS = ("avg", "avg_ref"), ("mass", "energy", "kgce", "tco2")
DISAGREES_PCT = 1
"""Difference between the device's own hour or day and ours that is told (WAT-9: more than 1 % between logger and platform)."""
_APART = (pl.col("value") - pl.col("ours")).abs() * 100 > pl.col("ours").abs() * DISAGREES_PCT
_INFO = ("pid", "rules", "ref_o2", "guard", "oxygen_pid", "flow_pid")


def hour_figures(
    shelf: Shelf, keys: pl.DataFrame, points: Points, marks: list[MarkSpan]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Make the hour figures of gas and water points for (``sid``, ``hour``) keys anew.

    Returns:
        Rows of HOUR_SCHEMA: stat "avg" for each point with readings, "avg_ref" where the registry names a reference oxygen,
        "mass" where it names a flow; the contested device hours; and the device hours that differ from ours by more than
        DISAGREES_PCT (``pid``, ``hour``, ``ours``, ``received``, ``own``).
    """
    minutes = shelf.minutes_of(keys)
    averages = hour_means(minutes, minutes_min=points.rules.minutes_min).with_columns(stat=pl.lit("avg"))
    info = _info(points, averages["hour"])
    device, contested, disagreeing = _device_hours(shelf, keys, averages, marks)
    parts = [_complete(averages, info)]
    if device is not None:
        info = pl.concat([info, _info(points, device["hour"])]).unique(["pid", "hour"])
        parts.append(_complete(device, info))
    measured = pl.concat(parts)
    rows = [measured]
    wanted = info.filter(pl.col("ref_o2").is_not_null())
    if wanted.height:
        rows.append(_at_reference(minutes, measured, wanted, points))
    flows = info.filter(pl.col("flow_pid").is_not_null())
    if flows.height:
        rows.append(_mass(measured, flows))
    return pl.concat(rows), contested, disagreeing


def _info(points: Points, hours: pl.Series) -> pl.DataFrame:
    """Return the registry rows that hold at each hour: _INFO and ``hour``."""
    each = pl.DataFrame({"hour": hours.unique()}, schema={"hour": pl.Int64})
    rows = points.frame.filter(pl.col("meter") == 0).join(each, how="cross")
    return rows.filter((pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms"))).select(*_INFO, "hour")


def _complete(rows: pl.DataFrame, info: pl.DataFrame) -> pl.DataFrame:
    joined = rows.join(info.select("pid", "hour", "rules"), on=["pid", "hour"], how="inner")
    return joined.with_columns(note=pl.lit(None, dtype=pl.String)).select(
        *(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items())
    )


def _device_hours(
    shelf: Shelf, keys: pl.DataFrame, averages: pl.DataFrame, marks: list[MarkSpan]
) -> tuple[pl.DataFrame | None, pl.DataFrame, pl.DataFrame]:
    """Return the device's own hour means where no minutes exist, the contested ones, and those that differ from ours."""
    whole, contested = shelf.whole_of(keys)
    if whole is None or contested is None:
        return None, _NO_CONTEST, _NONE_DISAGREE
    contested = contested.filter(pl.col("kind") == HOUR)
    hourly = whole.filter(pl.col("kind") == HOUR)
    both = hourly.filter(pl.col("code") == VALID).join(averages.select("pid", "hour", ours="value"), on=["pid", "hour"])
    disagreeing = both.filter(_APART).select("pid", "hour", "ours", "received", own="value")
    whole = hourly.join(averages, on=["pid", "hour"], how="anti")
    for mark in marks:
        hit = (pl.col("sid") == mark.sid) & (pl.col("hour") < mark.end_ms) & (pl.col("hour") + HOUR_MS > mark.start_ms)
        if mark.pid is not None:
            hit = hit & (pl.col("pid") == mark.pid)
        whole = whole.with_columns(
            code=pl.when(hit).then(pl.lit(mark.code, dtype=pl.Int8)).otherwise("code"),
            hash=pl.when(hit).then(mix(pl.col("hash").reinterpret(signed=True), pl.lit(mark.code))).otherwise("hash"),
        )
    ok = pl.col("code") == VALID
    cause = pl.col("code").replace_strict(list(range(len(REASONS))), list(REASONS), default=None, return_dtype=pl.String)
    rows = whole.select(
        "pid",
        "hour",
        stat=pl.lit("avg"),
        value=pl.when(ok).then("value"),
        n=pl.when(ok).then(60).otherwise(0),
        total=pl.when(ok).then(pl.col("value").cast(pl.Int128) * 60 * 10 ** (MINUTE_SCALE - SCALE)).otherwise(0),
        reason=pl.when(~ok).then(cause),
        digest="hash",
        as_of="received",
    )
    return rows, contested, disagreeing


def _at_reference(minutes: pl.DataFrame, measured: pl.DataFrame, wanted: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Return stat "avg_ref": minute by minute where there are minutes, else from the hour means (device hours)."""
    oxygen = minutes.join(wanted.select(pid="oxygen_pid").unique(), on="pid", how="semi")
    hourly = minutes.with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
    ready = hourly.join(wanted.drop("rules"), on=["pid", "hour"], how="inner")
    converted = at_reference(ready, oxygen)
    fine = hour_means(converted, minutes_min=points.rules.minutes_min).with_columns(stat=pl.lit("avg_ref"))
    rows = _complete(fine, wanted)
    coarse = measured.join(wanted.drop("rules"), on=["pid", "hour"], how="inner").join(rows, on=["pid", "hour"], how="anti")
    if coarse.height == 0:
        return rows
    o2 = measured.select(oxygen_pid="pid", hour="hour", oxygen="value", oxygen_digest="digest", oxygen_as_of="as_of")
    joined = coarse.join(o2, on=["oxygen_pid", "hour"], how="left")
    value = reference_oxygen_expr(pl.col("value"), pl.col("oxygen"), pl.col("ref_o2"), pl.col("guard"))
    reason = (
        pl.when(pl.col("reason").is_not_null())
        .then("reason")
        .when(pl.col("oxygen").is_null())
        .then(pl.lit("no valid oxygen"))
        .when(pl.col("oxygen") >= pl.col("guard"))
        .then(pl.lit("oxygen at or above the guard"))
    )
    done = joined.with_columns(
        value=value,
        reason=reason,
        stat=pl.lit("avg_ref"),
        note=pl.lit("hour means converted: no minutes"),
        digest=mix(
            pl.col("digest").reinterpret(signed=True), pl.col("oxygen_digest").reinterpret(signed=True), pl.col("oxygen")
        ),
        as_of=pl.max_horizontal("as_of", "oxygen_as_of"),
    )
    return pl.concat([rows, done.select(*HOUR_SCHEMA)])


def _mass(measured: pl.DataFrame, flows: pl.DataFrame) -> pl.DataFrame:
    """Return stat "mass" [kg]: measured mean times mean flow (AIR-MAS-1); 0 in a stopped hour."""
    flow = measured.select(flow_pid="pid", hour="hour", flow="value", flow_digest="digest", flow_as_of="as_of")
    joined = measured.join(flows.drop("rules"), on=["pid", "hour"], how="inner").join(flow, on=["flow_pid", "hour"], how="left")
    stopped = pl.col("reason") == "stopped"
    reason = pl.when(pl.col("reason").is_not_null()).then("reason").when(pl.col("flow").is_null()).then(pl.lit("no valid flow"))
    return joined.with_columns(
        value=pl.when(stopped).then(0).otherwise(mass_expr(pl.col("value"), pl.col("flow"))),
        reason=reason,
        stat=pl.lit("mass"),
        digest=mix(pl.col("digest").reinterpret(signed=True), pl.col("flow_digest").reinterpret(signed=True), pl.col("flow")),
        as_of=pl.max_horizontal("as_of", "flow_as_of"),
    ).select(*HOUR_SCHEMA)


def day_figures(hours: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Make day figures anew from the latest hour figures of whole days.

    Args:
        hours: rows of HOUR_SCHEMA and ``day`` (start of the local day).

    Returns:
        Rows of HOUR_SCHEMA with ``hour`` being the day's start; means for MEANS, sums for SUMS.
    """
    means = day_means(hours.filter(pl.col("stat").is_in(MEANS)), hours_min=points.rules.hours_min)
    sums = day_sums(hours.filter(pl.col("stat").is_in(SUMS)))
    parts = [p.select("pid", "stat", "day", "value", "n", "total", "reason", "digest", "rules", "as_of") for p in (means, sums)]
    rows = pl.concat(parts, how="vertical_relaxed").rename({"day": "hour"}).with_columns(note=pl.lit(None, dtype=pl.String))
    return rows.select(*(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items()))


def days_apart(own: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return the device's own day means (HJ 212 command 2031) that differ from ours by more than DISAGREES_PCT.

    They are compared and never published: a day figure is the mean of its valid hours (AIR-AVG-4), and which hours a device
    counted cannot be seen in its one number. Where a day has neither minutes nor hours, the device's value is kept as evidence (its
    report, and the evidence page of the day), while our figure stays withheld with its reason.

    Args:
        own: the winning device days, rows of READING_SCHEMA and ``day``; those that are flagged or unreadable are not compared.
        days: the latest day figures, rows of FIGURE_SCHEMA with ``hour`` being the day's start; those decided and not withheld count.

    Returns:
        ``pid``, ``day``, ``ours``, ``n`` (our valid hours), ``received`` (of the device's report), ``own``.
    """
    decided = (pl.col("stat") == "avg") & (pl.col("revision") > 0) & pl.col("value").is_not_null()
    ours = days.filter(decided).select("pid", "n", day="hour", ours="value")
    both = own.filter(pl.col("code") == VALID).join(ours, on=["pid", "day"])
    return both.filter(_APART).select("pid", "day", "ours", "n", "received", own="value")


def judged(rows: pl.DataFrame, points: Points, averaging: str) -> pl.DataFrame:
    """Add ``limit``, ``limit_id`` and ``verdict`` where a limit holds at the figure's own start; of several the strictest.

    Source:
        emission_rules 1.8: exceeds = value > limit(t), equal complies; hours that are not valid are not judged.
    """
    limits = points.limits.filter(pl.col("averaging") == averaging).drop("averaging")
    if limits.is_empty():
        return rows.with_columns(
            limit=pl.lit(None, dtype=pl.Int64), limit_id=pl.lit(None, dtype=pl.String), verdict=pl.lit(None, dtype=pl.String)
        )
    keyed = rows.with_row_index("row")
    holding = (
        keyed.select("row", "pid", "stat", "hour")
        .join(limits, on=["pid", "stat"])
        .filter((pl.col("hour") >= pl.col("limit_from")) & (pl.col("hour") < pl.col("limit_to")))
        .sort("limit", "limit_id")
        .unique("row", keep="first", maintain_order=True)
        .select("row", "limit", "limit_id", "limit_rules")
    )
    return (
        keyed.join(holding, on="row", how="left")
        .with_columns(
            verdict=pl.when(pl.col("limit").is_null())
            .then(None)
            .when(pl.col("value").is_null())
            .then(pl.lit("not judged"))
            .when(pl.col("value") > pl.col("limit"))
            .then(pl.lit("exceeds"))
            .otherwise(pl.lit("complies")),
            rules=pl.when(pl.col("limit").is_not_null())
            .then(mix(pl.col("rules").reinterpret(signed=True), pl.col("limit_rules").reinterpret(signed=True)))
            .otherwise("rules"),
        )
        .drop("row", "limit_rules")
    )


_NO_CONTEST = pl.DataFrame(schema={"pid": pl.Int32, "sid": pl.Int32, "kind": pl.Int8, "time": pl.Int64, "received": pl.Int64})
_NONE_DISAGREE = pl.DataFrame(
    schema={"pid": pl.Int32, "hour": pl.Int64, "ours": pl.Int64, "received": pl.Int64, "own": pl.Int64}
)
