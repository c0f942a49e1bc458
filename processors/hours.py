"""Hour and day figures from a shelf: measured means, means at reference oxygen, mass, and their verdicts."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from processors.chain import chained
from processors.decode import HOUR
from processors.digest import mix
from processors.figures import HOUR_MS, MINUTE_SCALE, SCALE
from processors.judging import EXEMPT
from processors.oxidisers import unless_air_was_added
from processors.peaks import peak_hours
from processors.ph_figures import ph_days, ph_hours
from processors.points import Points
from processors.reference_volumes import volume_hours
from processors.rules.averaging import REASONS, VALID, at_reference, conversion_notes, day_means, day_sums, hour_means
from processors.rules.gas import mass_expr, reference_oxygen_expr
from processors.rules.water import day_means_by_flow
from processors.shelf import MarkSpan, Shelf, with_stops
from processors.states import dry_standard_hours

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
"""Difference between the device's own hour or day and ours that is told (WAT-9: more than 1 % between logger and platform).

It is one of our value. Where the measuring range in points.csv spans zero a share of a value near it would say nothing, and it is at least
one of the end of the range that is nearer to zero (a proposal).
"""
NO_DISCHARGE = "no discharge"
"""Why an hour without flow has no result: none is due (WAT-8)."""
LITRES_M3 = 1_000
_INFO = (
    "pid",
    "rules",
    "ref_o2",
    "guard",
    "oxygen_pid",
    "inlet_o2_pid",
    "flow_pid",
    "minutes_min",
    "quarters_min",
    "apart_min",
    "operating_minutes",
    "replaced",
    "no_flow",
    "ph",
    "air_o2",
    "above_only",
    "fold_means",
    "litre",
    "analyser_pid",
    "chain_max",
)


def hour_figures(
    shelf: Shelf, keys: pl.DataFrame, points: Points, marks: list[MarkSpan]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Make the hour figures of gas and water points for (``sid``, ``hour``) keys anew.

    Returns:
        Rows of HOUR_SCHEMA: stat "avg" for each point with readings, "avg_ref" where the registry names a reference oxygen or gas volume,
        "mass" where it names a flow; the contested device hours; and the device hours that differ from ours by more than
        DISAGREES_PCT (``pid``, ``hour``, ``ours``, ``received``, ``own``).
    """
    minutes = shelf.minutes_of(keys)
    if points.by_operation.height:
        minutes = with_stops(minutes, points.by_operation, marks)
    info = _info(points, minutes["minute"] // HOUR_MS * HOUR_MS)
    least = info if points.minutes_min is None else points.minutes_min
    averages = hour_means(minutes, minutes_min=least).with_columns(stat=pl.lit("avg"))
    device, contested, beside = _device_hours(shelf, keys, averages, marks)
    parts = [_complete(averages, info)]
    if device is not None and points.states is not None:
        device, beside = dry_standard_hours(device, beside, averages, points.states)
    if device is not None:
        info = pl.concat([info, _info(points, device["hour"])]).unique(["pid", "hour"])
        parts.append(_complete(device, info))
    measured = pl.concat(parts)
    if points.chained:
        measured = chained(measured, beside, info)
    if points.corrected:
        measured = _corrected(measured, info)
    if points.ph:
        measured = ph_hours(measured, minutes, info)
    rows = [measured]
    if points.peaks:
        rows.append(peak_hours(measured, minutes, points.peaks))
    wanted = info.filter(pl.col("ref_o2").is_not_null())
    if wanted.height:
        rows.append(_at_reference(minutes, measured, wanted, least))
    if points.volumes is not None:
        rows.append(volume_hours(measured, points.volumes))
    flows = info.filter(pl.col("flow_pid").is_not_null() & ~pl.col("ph"))
    if flows.height:
        rows.append(_mass(measured.filter(pl.col("stat") == "avg"), flows))
    return pl.concat(rows), contested, _apart(beside, "hour", points).rename({"value": "own"})


def _info(points: Points, hours: pl.Series) -> pl.DataFrame:
    """Return the registry rows that hold at each hour: _INFO and ``hour``."""
    each = pl.DataFrame({"hour": hours.unique()}, schema={"hour": pl.Int64})
    rows = points.frame.filter(pl.col("meter") == 0).select(*_INFO, "from_ms", "to_ms").join(each, how="cross")
    return rows.filter((pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms"))).select(*_INFO, "hour")


def _complete(rows: pl.DataFrame, info: pl.DataFrame) -> pl.DataFrame:
    joined = rows.join(info.select("pid", "hour", "rules"), on=["pid", "hour"], how="inner")
    return joined.with_columns(note=pl.lit(None, dtype=pl.String)).select(
        *(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items())
    )


def _device_hours(
    shelf: Shelf, keys: pl.DataFrame, averages: pl.DataFrame, marks: list[MarkSpan]
) -> tuple[pl.DataFrame | None, pl.DataFrame, pl.DataFrame]:
    """Return the device's own hour means where no minutes exist, the contested ones, and those beside ours."""
    whole, contested = shelf.whole_of(keys)
    if whole is None or contested is None:
        return None, _NO_CONTEST, _NONE_BESIDE
    contested = contested.filter(pl.col("kind") == HOUR)
    hourly = whole.filter(pl.col("kind") == HOUR)
    both = hourly.filter(pl.col("code") == VALID).join(averages.select("pid", "hour", ours="value"), on=["pid", "hour"])
    beside = both.select("pid", "hour", "ours", "received", "value")
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
    return rows, contested, beside


def _at_reference(
    minutes: pl.DataFrame, measured: pl.DataFrame, wanted: pl.DataFrame, least: int | pl.DataFrame
) -> pl.DataFrame:
    """Return stat "avg_ref": minute by minute where there are minutes, else from the hour means (device hours, and where the rule pack says so)."""
    oxygen = minutes.join(wanted.select(pid="oxygen_pid").unique(), on="pid", how="semi")
    hourly = minutes.with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
    ready = hourly.join(wanted.filter(~pl.col("fold_means")).drop("rules"), on=["pid", "hour"], how="inner")
    converted, oxidisers = at_reference(ready, oxygen), wanted["inlet_o2_pid"].count() > 0
    if oxidisers:
        converted = unless_air_was_added(converted, ready, minutes, "minute")
    fine = hour_means(converted, minutes_min=least).with_columns(stat=pl.lit("avg_ref"))
    rows = _complete(fine, wanted)
    if wanted["above_only"].any():
        notes = conversion_notes(converted, period_ms=HOUR_MS)
        rows = rows.drop("note").join(notes, on=["pid", "hour"], how="left").select(*HOUR_SCHEMA)
    coarse = measured.join(wanted.drop("rules"), on=["pid", "hour"], how="inner").join(rows, on=["pid", "hour"], how="anti")
    if coarse.height == 0:
        return rows
    o2 = measured.select(oxygen_pid="pid", hour="hour", oxygen="value", oxygen_digest="digest", oxygen_as_of="as_of")
    joined = coarse.join(o2, on=["oxygen_pid", "hour"], how="left")
    above = pl.col("above_only")
    value = reference_oxygen_expr(
        pl.col("value"), pl.col("oxygen"), pl.col("ref_o2"), pl.col("guard"), air=pl.col("air_o2"), above_only=above
    )
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
        total=pl.when(~pl.col("fold_means")).then("total"),
        note=pl.when(above & (pl.col("oxygen") <= pl.col("ref_o2")))
        .then(pl.lit("hour mean as measured: oxygen was not above the reference"))
        .when(~pl.col("fold_means"))
        .then(pl.lit("hour means converted: no minutes")),
        digest=mix(
            pl.col("digest").reinterpret(signed=True), pl.col("oxygen_digest").reinterpret(signed=True), pl.col("oxygen")
        ),
        as_of=pl.max_horizontal("as_of", "oxygen_as_of"),
    )
    if oxidisers:
        done = unless_air_was_added(done, coarse, measured.filter(pl.col("stat") == "avg"), "hour")
    return pl.concat([rows, done.select(*HOUR_SCHEMA)])


def _mass(measured: pl.DataFrame, flows: pl.DataFrame) -> pl.DataFrame:
    """Return stat "mass" [kg]: measured mean times mean flow (AIR-MAS-1, WAT-6); 0 in a stopped hour and one without discharge."""
    flow = measured.select(flow_pid="pid", hour="hour", flow="value", flow_digest="digest", flow_as_of="as_of")
    joined = measured.join(flows.drop("rules"), on=["pid", "hour"], how="inner").join(flow, on=["flow_pid", "hour"], how="left")
    stopped = pl.col("reason").is_in(["stopped", NO_DISCHARGE])
    per_m3 = pl.when("litre").then(pl.col("value") * LITRES_M3).otherwise("value")
    reason = pl.when(pl.col("reason").is_not_null()).then("reason").when(pl.col("flow").is_null()).then(pl.lit("no valid flow"))
    return joined.with_columns(
        value=pl.when(stopped).then(0).otherwise(mass_expr(per_m3, pl.col("flow"))),
        reason=reason,
        stat=pl.lit("mass"),
        digest=mix(pl.col("digest").reinterpret(signed=True), pl.col("flow_digest").reinterpret(signed=True), pl.col("flow")),
        as_of=pl.max_horizontal("as_of", "flow_as_of"),
    ).select(*HOUR_SCHEMA)


def _corrected(measured: pl.DataFrame, info: pl.DataFrame) -> pl.DataFrame:
    """Withhold results of hours without flow (WAT-8), and take valid ones at or below zero as what the rule pack says (WAT-7)."""
    flow = measured.select(flow_pid="pid", hour="hour", flow="value")
    joined = measured.join(info.drop("rules"), on=["pid", "hour"], how="left").join(flow, on=["flow_pid", "hour"], how="left")
    still = (pl.col("no_flow") & (pl.col("flow") == 0)).fill_null(False)
    low = (~still & (pl.col("value") <= 0) & pl.col("replaced").is_not_null()).fill_null(False)
    return joined.with_columns(
        value=pl.when(still).then(None).when(low).then("replaced").otherwise("value"),
        n=pl.when(still).then(0).otherwise("n"),
        total=pl.when(still).then(0).otherwise("total"),
        reason=pl.when(still).then(pl.lit(NO_DISCHARGE)).otherwise("reason"),
        note=pl.when(low).then(pl.lit("at or below zero, judged valid: taken as the rule pack says")).otherwise("note"),
        digest=pl.when(still).then(mix(pl.col("digest").reinterpret(signed=True), pl.lit(0))).otherwise("digest"),
    ).select(*HOUR_SCHEMA)


def day_figures(hours: pl.DataFrame, flows: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Make day figures anew from the latest hour figures of whole days.

    Args:
        hours: rows of HOUR_SCHEMA, ``verdict``, and ``day`` (start of the local day). Exempt hours leave plain means, and count as valid.
        flows: rows of HOUR_SCHEMA, among them the means of the flows by which days are weighted.

    Returns:
        Rows of HOUR_SCHEMA with ``hour`` being the day's start; means for MEANS, sums for SUMS.
    """
    averaged = _with_rules(hours.filter(pl.col("stat").is_in(MEANS)), points)
    exempt = (pl.col("verdict") == EXEMPT).fill_null(False)
    plain = averaged.filter(pl.col("hours_min").is_not_null()).with_columns(
        exempt=exempt, value=pl.when(exempt).then(None).otherwise("value")
    )
    parts = [day_means(plain), day_sums(hours.filter(pl.col("stat").is_in(SUMS)))]
    weighted = averaged.filter(pl.col("hours_min").is_null())
    columns = ("pid", "stat", "day", "value", "n", "total", "reason", "note", "digest", "rules", "as_of")
    noteless = pl.lit(None, dtype=pl.String)
    parts = [(p if "note" in p.columns else p.with_columns(note=noteless)).select(*columns) for p in parts]
    if weighted.height:
        parts.append(_by_flow(weighted, flows).select(*columns))
    rows = pl.concat(parts, how="vertical_relaxed").rename({"day": "hour"})
    days = rows.select(*(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items()))
    if not points.ph:
        return days
    acid = hours.join(points.frame.filter("ph").select("pid").unique(), on="pid", how="semi")
    return ph_days(days, acid, _volumes(acid, flows, points)) if acid.height else days


def _volumes(hours: pl.DataFrame, flows: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Return the volume discharged in each hour of points (``pid``, ``hour``, ``volume``); where the registry names no flow, hours weigh the same."""
    rows = points.frame.select("pid", "from_ms", "to_ms", "flow_pid")
    held = hours.select("pid", "hour").unique().join(rows, on="pid")
    held = held.filter((pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms")))
    flow = flows.filter(pl.col("stat") == "avg").select(flow_pid="pid", hour="hour", volume="value")
    volume = pl.when(pl.col("flow_pid").is_null()).then(10**SCALE).otherwise("volume")
    return held.join(flow, on=["flow_pid", "hour"], how="left").select("pid", "hour", volume=volume)


def _with_rules(hours: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Add what the rule pack says of days: ``hours_min``, or ``share_min``, ``due_basis`` and ``flow_pid`` where it is null."""
    frame = points.frame
    if points.plain_days and frame["hours_min"].n_unique() == 1 and not points.operating_days:
        return hours.with_columns(hours_min=pl.lit(frame["hours_min"][0], dtype=pl.Int64))
    said = ("hours_min", "share_min", "due_basis", "flow_pid", *(("day_basis",) if points.operating_days else ()))
    rows = hours.join(frame.select("pid", "from_ms", "to_ms", *said), on="pid")
    return rows.filter((pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms")))


def _by_flow(hours: pl.DataFrame, flows: pl.DataFrame) -> pl.DataFrame:
    """Return days weighted by the volume discharged in each hour; where the registry names no flow, hours weigh the same."""
    flow = flows.filter(pl.col("stat") == "avg").select(flow_pid="pid", hour="hour", volume="value", flow_digest="digest")
    joined = hours.join(flow, on=["flow_pid", "hour"], how="left").with_columns(
        volume=pl.when(pl.col("flow_pid").is_null()).then(10**SCALE).otherwise("volume"),
        digest=pl.when(pl.col("flow_digest").is_null())
        .then("digest")
        .otherwise(
            mix(
                pl.col("digest").reinterpret(signed=True),
                pl.col("flow_digest").reinterpret(signed=True),
                pl.col("volume").fill_null(-1),
            )
        ),
    )
    parts = [
        day_means_by_flow(
            part, due_n=24, due_basis="clock" if basis == "clock" else "flow", share_min_pct=Fraction(share, 10**SCALE)
        )
        for (share, basis), part in joined.partition_by("share_min", "due_basis", as_dict=True).items()
    ]
    means = pl.concat(parts).select("pid", "day", "n", "value", "reason", by="volume")
    kept = day_sums(joined).drop("n", "value", "reason")
    volume = pl.format("weighted by {} m3 discharged", pl.col("by").cast(pl.Decimal(38, 0)) / 10**SCALE)
    return kept.join(means, on=["pid", "day"]).with_columns(total=None, note=volume)


def _apart(both: pl.DataFrame, start: str, points: Points) -> pl.DataFrame:
    """Keep the rows whose ``value`` is further from ``ours`` than DISAGREES_PCT; ``start`` names the column of their time."""
    share_of = pl.col("ours").abs()
    if points.near_zero.height:
        held = both.select("pid", start).unique().join(points.near_zero, on="pid")
        held = held.filter((pl.col(start) >= pl.col("from_ms")) & (pl.col(start) < pl.col("to_ms")))
        both = both.join(held.select("pid", start, "near"), on=["pid", start], how="left")
        share_of = pl.max_horizontal(share_of, "near")
    apart = both.filter((pl.col("value") - pl.col("ours")).abs() * 100 > share_of * DISAGREES_PCT)
    return apart.drop("near", strict=False)


def days_apart(own: pl.DataFrame, days: pl.DataFrame, points: Points) -> pl.DataFrame:
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
    if points.states is not None:  # the device's day is in the state that it sends in, ours is dry at the standard state
        both = both.join(points.states, on="pid", how="anti")
    return _apart(both, "day", points).select("pid", "day", "ours", "n", "received", own="value")


_NO_CONTEST = pl.DataFrame(schema={"pid": pl.Int32, "sid": pl.Int32, "kind": pl.Int8, "time": pl.Int64, "received": pl.Int64})
_NONE_BESIDE = pl.DataFrame(
    schema={"pid": pl.Int32, "hour": pl.Int64, "ours": pl.Int64, "received": pl.Int64, "value": pl.Int64}
)
