"""Qualify: registry rows applied to decoded reports, so that each reading knows its point, its time and whether it counts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from processors.decode import HOUR, INTERVAL, KINDS, MINUTE, REALTIME, REGISTER, STAT_OF_KIND, readings_frame
from processors.digest import mix, text_hash
from processors.figures import HOUR_MS, MINUTE_MS
from processors.points import Points
from processors.rules.averaging import CODE_OF_FLAG, OUT_OF_RANGE, UNKNOWN, UNREADABLE, VALID, half_up

_EXPANDED = (REALTIME, MINUTE)
"""Kinds whose value covers each minute of its cadence."""

READING_COLUMNS = (
    "pid",
    "sid",
    "kind",
    "time",
    "minute",
    "value",
    "code",
    "hash",
    "identity",
    "sent",
    "received",
    "decoder",
    "digest",
    "late",
)


@dataclass(frozen=True, slots=True)
class Placed:
    """Reports set in time: ``filed`` rows have ``sid`` and corrected ``time``; the rest is unregistered or held."""

    filed: pl.DataFrame
    unregistered: pl.DataFrame
    held: pl.DataFrame


def place(reports: pl.DataFrame, points: Points) -> Placed:
    """Set reports in time by their source's dated rows: clock offset, label, and the bound on clocks that run ahead.

    Args:
        reports: as ``decode.reports_frame`` returns them.

    Returns:
        ``filed`` with ``sid`` and ``time`` (start of what the value covers), ``held`` where that lies more than ``ahead_ms`` after
        the receipt, ``unregistered`` where no row of the registry holds.
    """
    joined = reports.join(points.source_rows, on="source", how="left", maintain_order="left")
    if points.sources_dated:
        inside = (pl.col("time") >= pl.col("row_from")) & (pl.col("time") < pl.col("row_to"))
        matched = joined.filter(inside)
        unregistered = reports.join(matched.select("line"), on="line", how="anti", maintain_order="left")
    else:
        matched = joined.filter(pl.col("sid").is_not_null())
        unregistered = reports.filter(joined["sid"].is_null()) if matched.height < reports.height else reports.clear()
    period = (
        pl.when(pl.col("kind") == MINUTE)
        .then("minute_ms")
        .when(pl.col("kind") == HOUR)
        .then(HOUR_MS)
        .when(pl.col("kind") == INTERVAL)
        .then("cadence_ms")
        .otherwise(0)
    )
    label = pl.when("end_label").then(period).otherwise(0)
    placed = matched.with_columns(time=pl.col("time") + pl.col("clock_ms") - label, end=pl.col("time") + pl.col("clock_ms"))
    ahead = pl.col("end") > pl.col("received") + points.rules.ahead_ms
    return Placed(placed.filter(~ahead), unregistered, placed.filter(ahead))


def qualify(filed: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Turn filed reports into qualified readings, one row a reading and minute that it covers.

    Returns:
        READING_COLUMNS: ``value`` at SCALE in the point's unit, ``code`` of REASONS, ``hash`` of what was read (identity, value, flag:
        what a digest covers), ``identity`` of (point, kind, time, minute). Readings of factors without a point row are left out.
    """
    stats = pl.col("kind").replace_strict(
        [KINDS.index(k) for k in STAT_OF_KIND], list(STAT_OF_KIND.values()), default="", return_dtype=pl.String
    )
    extra = filed.select("line", "sid", "late")
    exploded = readings_frame(filed).filter(pl.col("stat") == stats)
    rows = exploded.join(extra, on="line", how="left").join(
        points.frame.drop("source", "rules", "oxygen_pid", "flow_pid", "ref_o2", "guard", "end_label", "clock_ms"),
        on=["sid", "factor"],
        how="inner",
    )
    if not points.single:
        rows = rows.filter((pl.col("time") >= pl.col("from_ms")) & (pl.col("time") < pl.col("to_ms")))
    if points.scaled:
        rows = rows.with_columns(
            value=pl.when(pl.col("num") == pl.col("den"))
            .then("value")
            .otherwise(half_up(pl.col("value").cast(pl.Int128) * pl.col("num"), pl.col("den")))
        )
    flags = rows["flag"].unique().to_list()
    flag_hash = {f: text_hash(f) >> 1 for f in flags}
    rows = rows.with_columns(
        code=pl.when(pl.col("value").is_null() & (pl.col("flag").replace_strict(CODE_OF_FLAG, default=UNKNOWN) == VALID))
        .then(UNREADABLE)
        .when((pl.col("value") < pl.col("low")) | (pl.col("value") > pl.col("high")))
        .then(pl.max_horizontal(pl.lit(OUT_OF_RANGE), pl.col("flag").replace_strict(CODE_OF_FLAG, default=UNKNOWN)))
        .otherwise(pl.col("flag").replace_strict(CODE_OF_FLAG, default=UNKNOWN))
        .cast(pl.Int8),
        flag_hash=pl.col("flag").replace_strict(flag_hash, return_dtype=pl.Int64),
    )
    covers = (
        pl.when(pl.col("kind") == REALTIME)
        .then(pl.col("cadence_ms") // MINUTE_MS)
        .when(pl.col("kind") == MINUTE)
        .then(pl.col("minute_ms") // MINUTE_MS)
        .otherwise(1)
    )
    rows = rows.with_columns(
        kind=pl.when(pl.col("kind") == REGISTER).then(REGISTER).otherwise("kind").cast(pl.Int8),
        minute=pl.col("time") // MINUTE_MS * MINUTE_MS,
        covers=pl.max_horizontal(covers, 1),
    )
    if rows.height and int(rows["covers"].max() or 1) > 1:  # type: ignore[arg-type]
        rows = (
            rows.with_columns(step=pl.int_ranges(0, pl.when(pl.col("kind").is_in(_EXPANDED)).then("covers").otherwise(1)))
            .explode("step")
            .with_columns(minute=pl.col("minute") + pl.col("step") * MINUTE_MS)
        )
    identity = pl.col("identity").reinterpret(signed=True)
    return rows.with_columns(
        hash=mix(identity, pl.col("kind"), pl.col("time"), pl.col("value"), pl.col("flag_hash")),
        identity=mix(identity, pl.col("kind"), pl.col("time"), pl.col("minute")),
    ).select(*READING_COLUMNS)


def resolve(readings: pl.DataFrame, *, greatest: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Choose one version of each reading from all that came.

    Same value and flag are a duplicate, of which the earliest receipt is kept; among different ones the greatest (decoder, sent,
    received, digest) wins, or the least where ``greatest`` is false (cumulative registers, energy_rules 2.7).

    Returns:
        The winners, and the winners that had to win against another value.
    """
    if readings["identity"].n_unique() == readings.height:
        return readings, readings.clear()
    rank = ["decoder", "sent", "received", "digest"]
    distinct = readings.sort("received", "sent", "digest").unique(["identity", "hash"], keep="first", maintain_order=True)
    winners = distinct.sort(*rank, descending=greatest).unique("identity", keep="first", maintain_order=True)
    contested = distinct.group_by("identity").len().filter(pl.col("len") > 1)
    return winners, winners.join(contested, on="identity", how="semi")
