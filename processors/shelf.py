"""A shelf: readings bucketed by hour, the minutes made of them, and the latest hour figures; a cache of the log.

The hot shelf holds the last hours and lives as long as the engine; a cold shelf is filled from the store for one rebuild and
thrown away. Both are rebuilt by the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from processors.decode import MINUTE, REALTIME
from processors.digest import mix
from processors.figures import HOUR_MS
from processors.qualify import resolve
from processors.rules.averaging import minute_means

TAIL_SEGMENTS_MAX = 48
"""Segments a bucket collects before they are merged into its sorted part."""

MINUTE_COLUMNS = ("sid", "pid", "minute", "value", "n", "code", "digest", "as_of")


@dataclass(slots=True)
class Bucket:
    """One hour's readings: a part sorted by minute, a tail of segments as they came, and device hours and intervals apart."""

    main: pl.DataFrame | None = None
    tail: list[pl.DataFrame] = field(default_factory=list)
    whole: list[pl.DataFrame] = field(default_factory=list)
    minutes: pl.DataFrame | None = None

    def add(self, rows: pl.DataFrame) -> None:
        """Take in rows of instants and minute records."""
        self.tail.append(rows)
        if len(self.tail) > TAIL_SEGMENTS_MAX:
            parts = self.tail if self.main is None else [self.main, *self.tail]
            self.main = pl.concat(parts).sort("minute")
            self.tail = []

    def between(self, first: int, last: int) -> list[pl.DataFrame]:
        """Return frames that hold all rows of minutes [first, last]."""
        parts = list(self.tail)
        if self.main is not None:
            start = self.main["minute"].search_sorted(first, "left")
            end = self.main["minute"].search_sorted(last, "right")
            parts.append(self.main.slice(start, end - start))
        return parts

    def put_minutes(self, rows: pl.DataFrame) -> None:
        """Replace the minutes of the sources and minutes in ``rows``."""
        if self.minutes is not None:
            rows = pl.concat([self.minutes.join(rows, on=["sid", "minute"], how="anti"), rows])
        self.minutes = rows


@dataclass(frozen=True, slots=True)
class MarkSpan:
    """A confirmed mark in the engine's ids; ``pid`` is None for all of the source."""

    sid: int
    pid: int | None
    start_ms: int
    end_ms: int
    code: int


class Shelf:
    """Buckets by hour and hour figures by hour."""

    def __init__(self) -> None:
        self.buckets: dict[int, Bucket] = {}
        self.hours: dict[int, pl.DataFrame] = {}
        self.days: dict[int, pl.DataFrame] = {}

    def add(self, rows: pl.DataFrame) -> None:
        """File qualified readings under the hours of their minutes."""
        if rows.is_empty():
            return
        rows = rows.with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
        for (hour,), part in rows.partition_by("hour", as_dict=True, include_key=False).items():
            bucket = self.buckets.setdefault(int(hour), Bucket())
            instants = part["kind"].is_in([REALTIME, MINUTE])
            if instants.all():
                bucket.add(part)
            else:
                fine = part.filter(instants)
                if fine.height:
                    bucket.add(fine)
                bucket.whole.append(part.filter(~instants))

    def rebuild_minutes(self, keys: pl.DataFrame, marks: list[MarkSpan]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Make the minutes of (``sid``, ``minute``) keys anew from their readings.

        Returns:
            MINUTE_COLUMNS of the minutes that have readings, and the winners of conflicting readings.
        """
        keys = keys.with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
        parts: list[pl.DataFrame] = []
        spans = keys.group_by("hour").agg(first=pl.col("minute").min(), last=pl.col("minute").max()).rows()
        for hour, first, last in spans:
            bucket = self.buckets.get(hour)
            if bucket is not None:
                parts += bucket.between(first, last)
        if not parts:
            return _NO_MINUTES, _NO_MINUTES
        wanted = pl.concat(parts).join(keys, on=["sid", "minute"], how="semi")
        winners, contested = resolve(wanted)
        sid_of = winners.select("pid", "sid").unique()
        minutes = minute_means(winners).join(sid_of, on="pid").select(MINUTE_COLUMNS)
        minutes = marked(minutes, marks)
        by_hour = minutes.with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
        for (hour,), part in by_hour.partition_by("hour", as_dict=True, include_key=False).items():
            self.buckets[int(hour)].put_minutes(part)
        return minutes, contested

    def minutes_of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the minutes of (``sid``, ``hour``) keys."""
        found = [self.buckets[h].minutes for h in keys["hour"].unique().to_list() if h in self.buckets]
        parts = [m for m in found if m is not None]
        if not parts:
            return _NO_MINUTES
        rows = pl.concat(parts).with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
        return rows.join(keys, on=["sid", "hour"], how="semi").select(MINUTE_COLUMNS)

    def whole_of(self, keys: pl.DataFrame) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """Return the winning device hours and intervals of (``sid``, ``hour``) keys, and the contested ones."""
        parts = [p for h in keys["hour"].unique().to_list() if h in self.buckets for p in self.buckets[h].whole]
        if not parts:
            return None, None
        rows = pl.concat(parts).with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
        return resolve(rows.join(keys, on=["sid", "hour"], how="semi"))

    def put(self, level: str, figures: pl.DataFrame) -> None:
        """Replace latest figures of a level by (``pid``, ``stat``, ``hour``), ``hour`` being the start of hour or day."""
        shelf = self.hours if level == "hour" else self.days
        for (start,), part in figures.partition_by("hour", as_dict=True).items():
            old = shelf.get(int(start))
            kept = [] if old is None else [old.join(part, on=["pid", "stat"], how="anti")]
            shelf[int(start)] = pl.concat([*kept, part])

    def latest(self, level: str, starts: list[int]) -> pl.DataFrame | None:
        """Return the latest figures of some hours or days."""
        shelf = self.hours if level == "hour" else self.days
        parts = [shelf[s] for s in starts if s in shelf]
        return pl.concat(parts) if parts else None

    def evict(self, before_hour: int, before_day: int) -> None:
        """Forget readings of hours before one, and hour figures before another."""
        for hour in [h for h in self.buckets if h < before_hour]:
            del self.buckets[hour]
        for hour in [h for h in self.hours if h < before_day]:
            del self.hours[hour]
        for day in [d for d in self.days if d < before_day]:
            del self.days[day]


def marked(minutes: pl.DataFrame, marks: list[MarkSpan]) -> pl.DataFrame:
    """Withhold minutes that a mark covers in part or whole, with the mark's own reason; the digest says so."""
    if minutes.is_empty():
        return minutes
    low, high = int(minutes["minute"].min()), int(minutes["minute"].max())  # type: ignore[arg-type]
    for mark in marks:
        if mark.end_ms <= low or mark.start_ms >= high + 60_000:
            continue
        hit = (pl.col("sid") == mark.sid) & (pl.col("minute") < mark.end_ms) & (pl.col("minute") + 60_000 > mark.start_ms)
        if mark.pid is not None:
            hit = hit & (pl.col("pid") == mark.pid)
        minutes = minutes.with_columns(
            value=pl.when(~hit).then("value"),
            code=pl.when(hit).then(pl.lit(mark.code, dtype=pl.Int8)).otherwise("code"),
            digest=pl.when(hit).then(mix(pl.col("digest").reinterpret(signed=True), pl.lit(mark.code))).otherwise("digest"),
        )
    return minutes


_NO_MINUTES = pl.DataFrame(
    schema={
        "sid": pl.Int32,
        "pid": pl.Int32,
        "minute": pl.Int64,
        "value": pl.Int64,
        "n": pl.Int64,
        "code": pl.Int8,
        "digest": pl.UInt64,
        "as_of": pl.Int64,
    }
)
