"""Qualify: registry rows applied to decoded reports, so that each reading knows its point, its time and whether it counts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from processors.decode import (
    DAY,
    HOUR,
    INTERVAL,
    KINDS,
    MINUTE,
    OUT_OF_RANGE_1E6,
    REALTIME,
    STAT_COMPARED,
    STAT_OF_KIND,
    Decoded,
    Layouts,
)
from processors.digest import mix, text_hash
from processors.figures import HOUR_MS, MINUTE_MS
from processors.points import Points
from processors.rules.averaging import ABOVE_RANGE, CODE_OF_FLAG, OUT_OF_RANGE, UNKNOWN, UNREADABLE, VALID, half_up

READING_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "sid": pl.Int32,
    "pid": pl.Int32,
    "kind": pl.Int8,
    "time": pl.Int64,
    "minute": pl.Int64,
    "value": pl.Int64,
    "code": pl.Int8,
    "hash": pl.UInt64,
    "sent": pl.Int64,
    "received": pl.Int64,
    "decoder": pl.Int32,
    "digest": pl.UInt64,
}
"""A qualified reading and a minute that it covers: ``value`` at SCALE in the point's unit, ``code`` of REASONS, ``hash`` of what was
read (point, kind, time, value, flag: what a digest covers); ``decoder``, ``sent``, ``received``, ``digest`` rank its versions."""
DAY_LABEL_MS = 1_000
"""A day labelled by its end is the one in which its label's last second lies: devices say midnight, or 23:59:59 (hj212.md §12)."""
_STATS = {KINDS.index(kind): stat for kind, stat in (STAT_OF_KIND | STAT_COMPARED).items()}


class Fields:
    """Layouts and lists of flags compiled against a registry: which point the n-th reading of a layout belongs to, what a flag means."""

    def __init__(self, layouts: Layouts, points: Points) -> None:
        self.layouts, self.points = layouts, points
        self._reset()

    def _reset(self) -> None:
        self.generation = self.layouts.generation
        self.sid: list[int] = []
        self.kind: list[int] = []
        self.starts: list[int] = []
        self.flag_starts: list[int] = []
        self.pid = pl.Series("pid", [], dtype=pl.Int32)
        self.flags = pl.DataFrame(schema={"code": pl.Int8, "flag_hash": pl.Int64})

    def refresh(self) -> None:
        """Compile what is new since the last call."""
        if self.generation != self.layouts.generation:
            self._reset()
        pids: list[int] = []
        for layout in self.layouts.known[len(self.starts) :]:
            self.starts.append(len(self.pid) + len(pids))
            self.sid.append(self.points.sid.get(layout.source, -1))
            self.kind.append(layout.kind)
            stat = _STATS.get(layout.kind)
            pids += [
                self.points.pid.get((layout.source, f), -1) if s == stat else -1
                for f, s in zip(layout.factors, layout.stats, strict=True)
            ]
        if pids:
            self.pid = pl.concat([self.pid, pl.Series("pid", pids, dtype=pl.Int32)], rechunk=True)
        meant: list[tuple[int, int]] = []
        for flags in self.layouts.flags[len(self.flag_starts) :]:
            self.flag_starts.append(self.flags.height + len(meant))
            meant += [(CODE_OF_FLAG.get(flag, UNKNOWN), text_hash(flag) >> 1) for flag in flags]
        if meant:
            self.flags = pl.concat([self.flags, pl.DataFrame(meant, schema=self.flags.schema, orient="row")], rechunk=True)


@dataclass(frozen=True, slots=True)
class Placed:
    """Reports set in time: ``filed`` rows have ``sid``, ``kind`` and corrected ``time``; the rest is unregistered or held."""

    filed: pl.DataFrame
    unregistered: pl.DataFrame
    held: pl.DataFrame


def place(decoded: Decoded, fields: Fields) -> Placed:
    """Set reports in time by their source's dated rows: clock offset, label, and the bound on clocks that run ahead.

    Returns:
        ``filed`` as Decoded.reports with ``sid``, ``kind``, ``time`` (start of what the value covers), ``minute`` (the first it covers),
        ``covers`` (how many); ``held`` where that lies more than ``ahead_ms`` after the receipt; ``unregistered`` where no row of
        the registry holds. All in the order of the lines.
    """
    fields.refresh()
    points = fields.points
    kinds = pl.Series("kind", fields.kind, dtype=pl.Int8)
    sids = pl.Series("sid", fields.sid, dtype=pl.Int32)
    layout = decoded.reports["layout"]
    reports = decoded.reports.with_columns(kinds.gather(layout), sids.gather(layout))
    joined = reports.join(points.source_rows.drop("source"), on="sid", how="left", maintain_order="left")
    known = pl.col("row_from").is_not_null()
    if points.sources_dated:
        known = known & (pl.col("time") >= pl.col("row_from")) & (pl.col("time") < pl.col("row_to"))
    matched = joined.filter(known)
    if matched["line"].n_unique() < reports.height:
        unregistered = reports.join(matched.select("line"), on="line", how="anti", maintain_order="left")
    else:
        unregistered = reports.clear()
    kind = pl.col("kind")
    period = (
        pl.when(kind == MINUTE)
        .then("minute_ms")
        .when(kind == HOUR)
        .then(HOUR_MS)
        .when(kind == DAY)
        .then(DAY_LABEL_MS)
        .when(kind == INTERVAL)
        .then("cadence_ms")
        .otherwise(0)
    )
    covers = pl.when(kind == REALTIME).then("cadence_ms").when(kind == MINUTE).then("minute_ms").otherwise(0) // MINUTE_MS
    time = pl.col("time") + pl.col("clock_ms") - pl.when("end_label").then(period).otherwise(0)
    placed = matched.select(
        *(c for c in decoded.reports.columns if c != "time"),
        "sid",
        "kind",
        time=time,
        minute=time // MINUTE_MS * MINUTE_MS,
        covers=pl.max_horizontal(covers, 1),
        end=pl.col("time") + pl.col("clock_ms"),
    )
    ahead = pl.col("end") > pl.col("received") + points.rules.ahead_ms
    held = placed.filter(ahead)
    return Placed(placed.filter(~ahead) if held.height else placed, unregistered, held)


def qualify(decoded: Decoded, filed: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Turn filed reports into readings, rows of READING_SCHEMA; readings of factors without a point are left out."""
    return qualified(decoded, filed, fields).drop("line")


def qualified(decoded: Decoded, filed: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Return what ``qualify`` does, with each reading's ``line``, in the order of the reports."""
    points = fields.points
    starts, flag_starts = pl.Series(fields.starts, dtype=pl.Int64), pl.Series(fields.flag_starts, dtype=pl.Int64)
    rows = filed.select(
        *("line", "sid", "kind", "time", "minute", "covers", "sent", "received", "decoder", "digest"),
        at=pl.int_ranges("first", pl.col("first") + pl.col("n")),
        shift=starts.gather(filed["layout"]) - filed["first"],
        flag_shift=flag_starts.gather(filed["flagset"]) - filed["first"],
    ).explode("at")
    at = rows["at"]
    rows = rows.with_columns(
        fields.pid.gather(at + rows["shift"]),
        decoded.values.gather(at),
        *fields.flags[at + rows["flag_shift"]].get_columns(),
    ).filter(pl.col("pid") >= 0)
    rows = _with_points(rows, points)
    if points.scaled:
        rows = rows.with_columns(value=_scaled(pl.col("value"), pl.col("num"), pl.col("den")))
    value, code = pl.col("value"), pl.col("code")
    if rows["value"].null_count():
        code = pl.when(value.is_null() & (code == VALID)).then(pl.lit(UNREADABLE, dtype=pl.Int8)).otherwise(code)
    if (rows["value"].abs().max() or 0) >= OUT_OF_RANGE_1E6:
        beyond = (value.abs() >= OUT_OF_RANGE_1E6) & (pl.col("code") == VALID)
        code = pl.when(beyond).then(pl.lit(OUT_OF_RANGE, dtype=pl.Int8)).otherwise(code)
    rows = rows.with_columns(code=code)
    if points.ranged:
        outside = (pl.col("value") < pl.col("low")) | (pl.col("value") > pl.col("high"))
        outside = outside & ~((pl.col("code") == ABOVE_RANGE) & (pl.col("value") > pl.col("high")))  # its flag says it already
        rows = rows.with_columns(code=pl.when(outside).then(pl.max_horizontal("code", pl.lit(OUT_OF_RANGE))).otherwise("code"))
    if rows.height and rows["covers"].max() != 1:
        step = pl.int_ranges(0, "covers")
        rows = rows.with_columns(step=step).explode("step").with_columns(minute=pl.col("minute") + pl.col("step") * MINUTE_MS)
    identity = pl.col("identity").reinterpret(signed=True)
    hashed = rows.with_columns(hash=mix(identity, pl.col("kind"), pl.col("time"), pl.col("value"), pl.col("flag_hash")))
    return hashed.select("line", *(pl.col(name).cast(kind) for name, kind in READING_SCHEMA.items()))


def _scaled(value: pl.Expr, num: pl.Expr, den: pl.Expr) -> pl.Expr:
    """Return values in their point's unit; what is out of range, before or after, is the bound that it exceeds."""
    wide = den.cast(pl.Int128)
    product = (value.cast(pl.Int128) * num).clip(wide * -OUT_OF_RANGE_1E6, wide * OUT_OF_RANGE_1E6)
    as_it_is = (num == den) | (value.abs() >= OUT_OF_RANGE_1E6)
    return pl.when(as_it_is).then(value).otherwise(half_up(product, den))


def _with_points(rows: pl.DataFrame, points: Points) -> pl.DataFrame:
    """Add what the registry says of each reading's point at its time: ``identity``, ``num``, ``den``, ``low``, ``high``."""
    if points.single:
        return rows.with_columns(points.attributes[rows["pid"]].get_columns())
    dated = points.frame.select("pid", "from_ms", "to_ms", *points.attributes.columns)
    joined = rows.join(dated, on="pid", how="inner", maintain_order="left")
    return joined.filter((pl.col("time") >= pl.col("from_ms")) & (pl.col("time") < pl.col("to_ms")))


def resolve(readings: pl.DataFrame, *, greatest: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Choose one version of each reading from all that came.

    Same value and flag are a duplicate, of which the earliest receipt is kept; among different ones the greatest (decoder, sent,
    received, digest) wins, or the least where ``greatest`` is false (cumulative registers, energy_rules 2.7).

    Returns:
        The winners, and the winners that had to win against another value.
    """
    identity = ["pid", "kind", "time", "minute"]
    rank = ["decoder", "sent", "received", "digest"]
    distinct = readings.sort("received", "sent", "digest").unique([*identity, "hash"], keep="first", maintain_order=True)
    winners = distinct.sort(*rank, descending=greatest).unique(identity, keep="first", maintain_order=True)
    contested = distinct.group_by(identity).len().filter(pl.col("len") > 1)
    return winners, winners.join(contested, on=identity, how="semi")
