"""A shelf: readings bucketed by minute, the minutes made of them, and the latest hour and day figures; a cache of the log.

The hot shelf holds the last hours and lives as long as the engine; a cold shelf is filled from the store for one rebuild and
thrown away. Both are rebuilt by the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from ingest.records import Mark, MarkType
from processors.decode import MINUTE, REALTIME
from processors.digest import mix
from processors.figures import HOUR_MS, MINUTE_MS, epoch_ms
from processors.made import made_minutes
from processors.memory import MARK_CODES
from processors.packs import chosen
from processors.points import Points
from processors.qualify import READING_SCHEMA, resolve
from processors.rules.averaging import QUARTER_MS, STOPPED, VALID, minute_means
from processors.states import dry_standard_minutes

SEGMENTS_MAX = 48
"""Frames a bucket collects before they are joined into one."""

MINUTE_COLUMNS = ("sid", "pid", "minute", "value", "n", "code", "digest", "as_of")


@dataclass(slots=True)
class Bucket:
    """One minute's readings as they came, and the figures made of them.

    ``sources`` are the sids with readings in it, ``contested`` those of which a reading may have come more than once.
    """

    readings: list[pl.DataFrame] = field(default_factory=list)
    figures: pl.DataFrame | None = None
    sources: set[int] = field(default_factory=set)
    contested: set[int] = field(default_factory=set)

    def add(self, rows: pl.DataFrame) -> None:
        """Take in readings of instants and minute records."""
        self.readings.append(rows)
        if len(self.readings) > SEGMENTS_MAX:
            self.readings = [pl.concat(self.readings, rechunk=True)]

    def put(self, rows: pl.DataFrame, *, whole: bool) -> None:
        """Replace the figures of the sources in ``rows``, or all of them."""
        if self.figures is not None and not whole:
            rows = pl.concat([self.figures.join(rows, on="sid", how="anti"), rows])
        self.figures = rows


@dataclass(frozen=True, slots=True)
class MarkSpan:
    """A confirmed mark in the engine's ids; ``pid`` is None for all of the source."""

    sid: int
    pid: int | None
    start_ms: int
    end_ms: int
    code: int


class Shelf:
    """Buckets by minute, device hours and figures by hour, days and device days by day.

    ``dirty`` are the sids by minute with new readings.
    """

    def __init__(self, points: Points | None = None) -> None:
        self.shares = None if points is None else points.raw_shares
        """Points of whose readings in a minute a share is valid (``Points.raw_shares``)."""
        self.states = None if points is None else points.states
        """Points whose values come wet or not at the standard state (``Points.states``)."""
        self.made = None if points is None else points.made
        """Points whose minutes are made of those of others (``Points.made``)."""
        self.buckets: dict[int, Bucket] = {}
        self.dirty: dict[int, set[int]] = {}
        self.whole: dict[int, list[pl.DataFrame]] = {}
        self.hours: dict[int, pl.DataFrame] = {}
        self.days: dict[int, pl.DataFrame] = {}
        self.longer: dict[str, dict[int, pl.DataFrame]] = {}
        """Figures of months and quarters, by level; only a shelf on which they are made has any."""
        self.own_days: dict[int, list[pl.DataFrame]] = {}
        self._newest: dict[int, int] = {}

    def add(self, reports: pl.DataFrame, rows: pl.DataFrame) -> None:
        """File readings under the minutes they cover.

        Args:
            reports: the reports they are from, with ``sid``, ``kind``, ``time``, ``minute`` and ``covers``; in any order.
            rows: READING_SCHEMA of instants, minutes and device hours.
        """
        if int(reports["kind"].max() or 0) > MINUTE:  # type: ignore[arg-type]
            instants = reports["kind"].is_in([REALTIME, MINUTE])
            apart = rows.filter(~pl.col("kind").is_in([REALTIME, MINUTE])).with_columns(hour=_HOUR)
            for (hour,), part in apart.partition_by("hour", as_dict=True, include_key=False).items():
                self.whole.setdefault(int(hour), []).append(part)
            reports, rows = reports.filter(instants), rows.filter(pl.col("kind").is_in([REALTIME, MINUTE]))
        newest = self._newest
        for sid, kind, time, minute, covers in reports.select("sid", "kind", "time", "minute", "covers").rows():
            key = sid * 8 + kind
            again = time <= newest.get(key, -1)
            if not again:
                newest[key] = time
            for start in (minute,) if covers == 1 else range(minute, minute + covers * MINUTE_MS, MINUTE_MS):
                bucket = self.buckets.get(start)
                if bucket is None:
                    bucket = self.buckets[start] = Bucket()
                bucket.sources.add(sid)
                dirty = self.dirty.get(start)
                if dirty is None:
                    dirty = self.dirty[start] = set()
                dirty.add(sid)
                if again:
                    bucket.contested.add(sid)
        for (start,), part in rows.partition_by("minute", as_dict=True).items():
            self.buckets[int(start)].add(part)

    def soil(self, sid: int, hour_ms: int) -> None:
        """Ask for a source's minutes of an hour to be made anew."""
        for minute in range(hour_ms, hour_ms + HOUR_MS, MINUTE_MS):
            if minute in self.buckets and sid in self.buckets[minute].sources:
                self.dirty.setdefault(minute, set()).add(sid)

    def rebuild_hours(self, keys: Iterable[tuple[int, int]], marks: list[MarkSpan]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Make the minutes that are dirty of (sid, hour) keys anew; see ``rebuild``."""
        wanted: dict[int, set[int]] = {}
        for sid, hour in keys:
            wanted.setdefault(hour, set()).add(sid)
        asked = {}
        for hour, sids in wanted.items():
            for minute in range(hour, hour + HOUR_MS, MINUTE_MS):
                if found := self.dirty.get(minute, _NOBODY) & sids:
                    asked[minute] = found
        return self.rebuild(asked, marks)

    def rebuild_ended(self, before_ms: int, marks: list[MarkSpan]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Make the dirty minutes anew that ended by a time; see ``rebuild``."""
        return self.rebuild({m: set(sids) for m, sids in self.dirty.items() if m + MINUTE_MS <= before_ms}, marks)

    def rebuild(self, asked: dict[int, set[int]], marks: list[MarkSpan]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Make the minutes of sids by minute anew from their readings; a bucket of which most is asked for is made whole.

        Returns:
            MINUTE_COLUMNS of the minutes that have readings, and the winners of conflicting readings.
        """
        whole = {m for m, sids in asked.items() if 2 * len(sids) >= len(self.buckets[m].sources)}
        parts = [part for m in whole for part in self.buckets[m].readings]
        some = [part for m in asked if m not in whole for part in self.buckets[m].readings]
        if some:
            picked = [(sid, m) for m, sids in asked.items() if m not in whole for sid in sids]
            wanted = pl.DataFrame(picked, schema=_SOURCE_MINUTE, orient="row")
            parts.append(pl.concat(some).join(wanted, on=["sid", "minute"], how="semi"))
        for minute, sids in asked.items():
            self._clean(minute, self.buckets[minute].sources if minute in whole else sids)
        if not parts:
            return NO_MINUTES, NO_READINGS
        rows, contested = self._resolved(pl.concat(parts), asked)
        minutes = marked(minute_means(rows, self.shares).select(MINUTE_COLUMNS), marks)
        if self.states is not None:
            minutes = dry_standard_minutes(minutes, self.states)
        if self.made is not None:
            minutes = pl.concat([minutes, marked(made_minutes(minutes, self.made), marks)])
        for (start,), part in minutes.partition_by("minute", as_dict=True).items():
            self.buckets[int(start)].put(part, whole=int(start) in whole)
        return minutes, contested

    def _clean(self, minute: int, sids: set[int]) -> None:
        left = self.dirty.pop(minute, _NOBODY) - sids
        if left:
            self.dirty[minute] = left

    def _resolved(self, rows: pl.DataFrame, asked: Iterable[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Choose versions where a source's reading may have come more than once; elsewhere each came once."""
        doubtful = [(sid, m) for m in asked for sid in self.buckets[m].contested]
        if not doubtful:
            return rows, NO_READINGS
        again = pl.DataFrame(doubtful, schema=_SOURCE_MINUTE, orient="row")
        winners, contested = resolve(rows.join(again, on=["sid", "minute"], how="semi"))
        return pl.concat([rows.join(again, on=["sid", "minute"], how="anti"), winners]), contested

    def minutes_of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the minutes of (``sid``, ``hour``) keys."""
        parts, complete = [], True
        by_hour: dict[int, set[int]] = {}
        for sid, hour in keys.select("sid", "hour").rows():
            by_hour.setdefault(hour, set()).add(sid)
        for hour, sids in by_hour.items():
            for minute in range(hour, hour + HOUR_MS, MINUTE_MS):
                bucket = self.buckets.get(minute)
                if bucket is not None and bucket.figures is not None:
                    parts.append(bucket.figures)
                    complete = complete and bucket.sources <= sids
        if not parts:
            return NO_MINUTES
        rows = pl.concat(parts)
        if complete:
            return rows
        return rows.with_columns(hour=_HOUR).join(keys, on=["sid", "hour"], how="semi").drop("hour")

    def whole_of(self, keys: pl.DataFrame) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
        """Return the winning device hours of (``sid``, ``hour``) keys, and the contested ones."""
        parts = [part for hour in keys["hour"].unique().to_list() for part in self.whole.get(hour, [])]
        if not parts:
            return None, None
        rows = pl.concat(parts).with_columns(hour=_HOUR)
        return resolve(rows.join(keys, on=["sid", "hour"], how="semi"))

    def add_own_days(self, rows: pl.DataFrame) -> None:
        """File device day means, READING_SCHEMA and ``day`` (its start), under their day."""
        for (day,), part in rows.partition_by("day", as_dict=True).items():
            self.own_days.setdefault(int(day), []).append(part)

    def own_days_of(self, keys: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """Return the winning device days of (``sid``, ``day``) keys and the contested ones; None where no day has any."""
        parts = [part for day in keys["day"].unique().to_list() for part in self.own_days.get(day, [])]
        return resolve(pl.concat(parts).join(keys, on=["sid", "day"], how="semi")) if parts else None

    def put(self, level: str, figures: pl.DataFrame) -> None:
        """Replace latest figures of a level by (``pid``, ``stat``, ``hour``), ``hour`` being the start of hour, day or quarter."""
        shelf = self._of(level)
        for (start,), part in figures.partition_by("hour", as_dict=True).items():
            old = shelf.get(int(start))
            kept = [] if old is None else [old.join(part, on=["pid", "stat"], how="anti")]
            shelf[int(start)] = pl.concat([*kept, part])

    def latest(self, level: str, starts: list[int]) -> pl.DataFrame | None:
        """Return the latest figures of some hours, days or quarters."""
        shelf = self._of(level)
        parts = [shelf[s] for s in starts if s in shelf]
        return pl.concat(parts) if parts else None

    def starts(self, level: str) -> list[int]:
        """Return the starts of which there are figures of a level."""
        return sorted(self._of(level))

    def _of(self, level: str) -> dict[int, pl.DataFrame]:
        if level in ("hour", "day"):
            return self.hours if level == "hour" else self.days
        return self.longer.setdefault(level, {})

    def evict(self, before_hour: int, before_day: int) -> None:
        """Forget readings of hours before one, and hour figures before another."""
        for minute in [m for m in self.buckets if m < before_hour]:
            del self.buckets[minute]
            self.dirty.pop(minute, None)
        for hour in [h for h in self.whole if h < before_hour]:
            del self.whole[hour]
        for hour in [h for h in self.hours if h < before_day]:
            del self.hours[hour]
        for days in (self.days, self.own_days):
            for day in [d for d in days if d < before_day]:
                del days[day]


def spans_of(marks: Iterable[Mark], points: Points) -> list[MarkSpan]:
    """Return the confirmed marks of known sources under which no value counts, in the order of their ids."""
    spans: list[MarkSpan] = []
    for mark in sorted((m for m in marks if m.check is None), key=lambda m: m.id):  # of checks ``check_spans`` tells
        sid = points.sid.get(mark.source)
        if mark.state != "confirmed" or sid is None:
            continue
        code = code_of(mark.type, mark.source, points)
        if code is None:
            continue
        times = (epoch_ms(mark.start), epoch_ms(mark.end), code)
        pids = [None] if mark.factors is None else [points.pid.get((mark.source, f), -1) for f in mark.factors]
        spans += [MarkSpan(sid, pid, *times) for pid in pids if pid != -1]
    return spans


def code_of(kind: MarkType, source: str, points: Points) -> int | None:
    """Return why a value under a mark of a type does not count by the source's rule pack, None where it does."""
    does = chosen(points.sources[source], points.packs).marks.get(kind)
    if does is not None and does.data != "invalid":
        return STOPPED if does.data == "not operating" else None
    return MARK_CODES.get(kind)


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


def with_stops(minutes: pl.DataFrame, held: pl.DataFrame, marks: list[MarkSpan]) -> pl.DataFrame:
    """Add the minutes of which nothing came while a stop was marked, to hours in which something came.

    Args:
        minutes: MINUTE_COLUMNS, marks applied.
        held: ``pid``, ``from_ms``, ``to_ms``: the points, and from when to when, of which they are wanted; with ``quarters`` only those of quarters
            of an hour that stops cover as a whole: in others the plant ran.

    Returns:
        MINUTE_COLUMNS; what is added has the code STOPPED and no value, and its digest tells of the mark.
    """
    stops = [mark for mark in marks if mark.code == STOPPED]
    if not stops or minutes.is_empty():
        return minutes
    held_at = (pl.col("from_ms") <= _HOUR) & (pl.col("to_ms") > _HOUR)
    hours = minutes.join(held, on="pid").filter(held_at)
    hours = hours.group_by("sid", "pid", "quarters", hour=_HOUR).agg(pl.col("as_of").max())
    each = pl.DataFrame({"at": range(0, HOUR_MS, MINUTE_MS)}, schema={"at": pl.Int64})
    every = hours.join(each, how="cross").select(
        "sid", "pid", "quarters", "as_of", minute=pl.col("hour") + pl.col("at"), n=pl.lit(0, dtype=pl.Int64), value=pl.lit(None, dtype=pl.Int64),
        code=pl.lit(VALID, dtype=pl.Int8), digest=pl.lit(0, dtype=pl.UInt64),
    )  # fmt: skip
    stood = marked(every, stops).filter(pl.col("code") == STOPPED)
    whole = pl.len().over("pid", pl.col("minute") // QUARTER_MS) * MINUTE_MS == QUARTER_MS
    stood = stood.filter(~pl.col("quarters") | whole).join(minutes, on=["pid", "minute"], how="anti")
    return pl.concat([minutes.select(MINUTE_COLUMNS), stood.select(MINUTE_COLUMNS)])


_HOUR = pl.col("minute") // HOUR_MS * HOUR_MS
_NOBODY: set[int] = set()
_SOURCE_MINUTE = {"sid": pl.Int32, "minute": pl.Int64}
NO_READINGS = pl.DataFrame(schema=READING_SCHEMA)
NO_MINUTES = pl.DataFrame(
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
