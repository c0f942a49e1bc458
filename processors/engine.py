"""The rebuild engine: records of the log in, figures and events out; what it remembers is a cache of the log.

Figures are published at two kinds of instants only, both positions in the log: when a report at or past an hour's end arrives
(that hour is decided), and at ticks. Between them readings are merely added to a set. So nothing that is published depends on
where a batch was cut, and a replay of the log repeats it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import polars as pl

from ingest.log import LogRecord, partition_of
from ingest.records import Mark, Tick
from ingest.registry import Registry
from processors.accounts import account_figures
from processors.decode import INTERVAL, REGISTER, BadLine, reports_frame
from processors.energy import meter_rows
from processors.episodes import EXCEEDS, EpisodeBook, HourVerdict, decimal_text
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, Episode, Event, epoch_ms, local_iso
from processors.hours import HOUR_SCHEMA, day_figures, hour_figures
from processors.memory import (
    CONFLICTS_A_TURN,
    MARK_CODES,
    NO_DATA_HOURS_MAX,
    SKEW_REPORTS,
    TICK_PREFIX,
    TOUCHES_A_TICK,
    Settings,
    SourceMemory,
)
from processors.meters import MeterBook, MeterReading
from processors.output import Output, Past
from processors.points import NO_METER, Points, Rules
from processors.publish import frame_of, publish, verdict_of, verdicts
from processors.qualify import place, qualify
from processors.rules.averaging import STOPPED
from processors.shelf import MarkSpan, Shelf
from processors.silence import Watch


class Engine:
    """All of a worker's partitions. Not thread-safe; the runner calls it from one place."""

    def __init__(
        self, registry: Registry, rules: Rules | None = None, settings: Settings | None = None, past: Past | None = None
    ) -> None:
        self.rules = rules or Rules()
        self.settings = settings or Settings()
        self.past = past
        self.points = Points(registry, self.rules)
        self.memory: dict[str, SourceMemory] = {}
        self.watch = Watch()
        self.episodes = EpisodeBook()
        self.marks: dict[str, Mark] = {}
        self.touches: dict[tuple[str, int], str] = {}
        self._hot_from = 0
        self._told: set[str] = set()
        self._reset()

    def _reset(self) -> None:
        self.shelf = Shelf()
        self.books = {pid: self._book(pid) for pid in self.points.meters}
        self.spans = self._spans()
        self._dirty: list[pl.DataFrame] = []
        self._late: list[pl.DataFrame] = []
        self._open: set[tuple[int, int]] = set()
        self._late_meters: set[tuple[int, int]] = set()
        self._shown = 0

    def _book(self, pid: int) -> MeterBook:
        source = self.points.sources[self.points.keys[pid].source]
        rows = self.points.meters[pid]
        return MeterBook(rows, self.points.changes.get(pid, []), source.cadence_s * 1000, self.rules.offset_ms)

    def apply(self, records: Sequence[LogRecord]) -> Output:
        """Take in records in log order and return what they cause."""
        out = Output()
        for kind, group in groupby(records, key=_kind):
            batch = list(group)
            if kind == "report":
                self._reports([r.value for r in batch], out)
            elif kind == "tick":
                self._ticks(batch, out)
            elif kind == "marks":
                for record in batch:
                    self._mark(record, out)
            elif kind == "registry":
                out.registry = batch[-1].value
        return out

    def finish(self) -> Output:
        """Decide all that is open, as a tick long after the last report would; for files, whose end is the end."""
        out = Output()
        highs = [m.high for m in self.memory.values() if m.high is not None]
        if highs:
            now = max(highs) + 2 * DAY_MS
            self._barrier(now, out, None, states=False)
        return out

    def load(self, lines: Sequence[bytes], hot_from: int) -> None:
        """Fill the hot set from stored report lines and touch all of it; nothing is published until the next tick."""
        self._hot_from = hot_from
        if not lines:
            return
        frame, _bad = reports_frame(lines)
        filed = place(frame, self.points).filed.with_columns(late=pl.lit(True))
        if filed.is_empty():
            return
        for source, top in filed.group_by("source").agg(pl.col("time").max()).rows():
            if source not in self.memory:
                self.remember(source, top, top // HOUR_MS * HOUR_MS)
        names = filed["source"].unique().to_list()
        decided = pl.DataFrame(
            {"source": names, "until": [self.memory[n].decided for n in names]}, schema={"source": pl.String, "until": pl.Int64}
        )
        filed = filed.join(decided, on="source").with_columns(late=pl.col("time") // HOUR_MS * HOUR_MS < pl.col("until"))
        readings = qualify(filed.drop("until"), self.points)
        meters = readings["kind"].is_in([REGISTER, INTERVAL])
        self._book_in(readings.filter(meters), Output())
        for book in self.books.values():
            if book.dirty and book.carries:
                book.dirty = {d for d in book.days if d >= min(book.dirty)}
        fine = readings.filter(~meters & (pl.col("minute") >= hot_from))
        self.shelf.add(fine)
        self._dirty.append(fine.select("sid", "minute", "late").unique())

    def hot_from_of(self, now: int) -> int:
        """Return the first hour whose readings are hot at a time."""
        return (now - self.settings.hot_ms) // HOUR_MS * HOUR_MS

    def spans_renew(self) -> None:
        """Take in marks that were put back after a restart."""
        self.spans = self._spans()

    def restore_episodes(self, episodes: Iterable[Episode], past: Past) -> None:
        """Take back episodes and the exceeding hours they are made of."""
        known = list(episodes)
        hours: list[HourVerdict] = []
        for episode in known:
            if episode.state == "withdrawn":
                continue
            for figure in past.cold_figures(episode.source, "hour", episode.start_ms, episode.end_ms):
                if (figure.factor, figure.stat, figure.limit_id) == (episode.factor, episode.stat, episode.limit_id):
                    hours.append(verdict_of(figure))
        self.episodes.restore(known, [h for h in hours if h.verdict == EXCEEDS])

    def remember(self, source: str, high: int, decided: int) -> None:
        """Take back a source's watermark after a restart."""
        self.memory[source] = SourceMemory(high, decided)

    def _reports(self, values: Iterable[bytes], out: Output) -> None:
        lines = [line for value in values for line in value.split(b"\n") if line]
        if not lines:
            return
        frame, bad = reports_frame(lines)
        out.bad += bad
        if frame.is_empty():
            return
        columns = (frame[c].to_list() for c in ("source", "time", "digest", "received", "line"))
        out.reports += [(s, t, d, r, lines[i]) for s, t, d, r, i in zip(*columns, strict=True)]
        placed = place(frame, self.points)
        self._tell_unregistered(placed.unregistered, out)
        self._tell_held(placed.held, out)
        if placed.filed.is_empty():
            return
        filed, crossings = self._cross(placed.filed, out)
        readings = qualify(filed, self.points)
        out.readings += readings.height
        late = readings["late"]
        if crossings.is_empty():
            self._file(readings, out)
            return
        self._file(readings.filter(~late), out)
        self._decide(crossings, out)
        self._file(readings.filter(late), out)

    def _cross(self, filed: pl.DataFrame, out: Output) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Mark reports whose hour was decided before they came, and find the hours that the others decide.

        Returns:
            ``filed`` with ``late``; and rows of ``sid``, ``hour`` and ``decided`` (receipt of the deciding report).
        """
        names = filed["source"].unique(maintain_order=True).to_list()
        memory = [self.memory.setdefault(n, SourceMemory()) for n in names]
        known = pl.DataFrame(
            {"source": names, "high": [m.high for m in memory], "wm": [m.decided for m in memory]},
            schema={"source": pl.String, "high": pl.Int64, "wm": pl.Int64},
        )
        rows = filed.join(known, on="source", how="left", maintain_order="left")
        ahead = pl.col("time").cum_max().over("source").shift(1).over("source")
        rows = rows.with_columns(before=pl.max_horizontal(ahead, "high"))
        floor = pl.col("time") // HOUR_MS * HOUR_MS
        settled = pl.max_horizontal(pl.col("before") // HOUR_MS * HOUR_MS, "wm")
        rows = rows.with_columns(late=(floor < settled).fill_null(False), floor=floor, settled=settled)
        crossing = rows.filter((pl.col("floor") > pl.col("settled")) & pl.col("before").is_not_null())
        hours = (
            crossing.select(
                "sid",
                "source",
                "received",
                hour=pl.concat_list(
                    "settled",
                    pl.int_ranges(
                        pl.max_horizontal("settled", pl.col("floor") - NO_DATA_HOURS_MAX * HOUR_MS), "floor", HOUR_MS
                    ),
                ).list.unique(),
            )
            .explode("hour")
            .group_by("sid", "hour")
            .agg(decided=pl.col("received").first())
        )
        live = ~pl.col("late") & ~pl.col("backfill")
        newest = rows.group_by("source", maintain_order=True).agg(
            top=pl.col("time").max(),
            received=pl.col("received").max(),
            delays=(pl.col("received") - pl.col("sent")).filter(live).tail(SKEW_REPORTS),
        )
        for source, top, received, delays in newest.rows():
            self._heard(source, top, received, delays, out)
        return rows.drop("high", "wm", "before", "floor", "settled"), hours

    def _heard(self, source: str, top: int, received: int, delays: list[int], out: Output) -> None:
        memory = self.memory[source]
        if memory.high is None:
            memory.decided = max(memory.decided, top // HOUR_MS * HOUR_MS - DAY_MS * 400)
        memory.high = max(top, memory.high if memory.high is not None else top)
        memory.decided = max(memory.decided, memory.high // HOUR_MS * HOUR_MS)
        memory.delays = [*memory.delays, *delays][-SKEW_REPORTS:]
        skew = sorted(memory.delays)[len(memory.delays) // 2] if memory.delays else None
        self.watch.heard(source, memory.high, received, skew)
        out.sources[source] = self.watch.states[source]
        out.watermarks[source] = (memory.high, memory.decided)
        if len(memory.delays) == SKEW_REPORTS and min(memory.delays) > self.rules.ahead_ms:
            delay_s = min(memory.delays) // 1000
            text = (
                f"the last {SKEW_REPORTS} live reports came at least {delay_s} s after the device's own time:"
                " its clock is slow; a dated clock offset row mends it"
            )
            self._finding("clock.in_doubt", source, None, received, text, out, {"skew_ms": skew, "direction": "slow"})

    def _file(self, readings: pl.DataFrame, out: Output) -> None:
        """Put readings on the shelf or into the meters' books, note what they touch; what is too old becomes a touch."""
        if readings.is_empty():
            return
        meters = readings["kind"].is_in([REGISTER, INTERVAL])
        if meters.any():
            self._book_in(readings.filter(meters), out)
            readings = readings.filter(~meters)
        cold = readings["minute"] < self._hot_from
        if cold.any():
            keys = readings.filter(cold).select("sid", hour=pl.col("minute") // HOUR_MS * HOUR_MS).unique()
            for sid, hour in keys.sort("sid", "hour").rows():
                self._touch(self.points.source_names[sid], hour, "late readings", out)
            readings = readings.filter(~cold)
        self.shelf.add(readings)
        self._dirty.append(readings.select("sid", "minute", "late").unique())

    def _book_in(self, readings: pl.DataFrame, out: Output) -> None:
        columns = ("pid", "time", "value", "code", "decoder", "sent", "received", "digest", "hash")
        rows: dict[int, list[MeterReading]] = {}
        for pid, time, value, code, decoder, sent, received, digest, key in readings.select(columns).rows():
            rank = (decoder, sent, received, digest)
            rows.setdefault(pid, []).append(MeterReading(time, value, code, rank, key, received))
        for pid, found in rows.items():
            if pid not in self.books:
                continue
            book = self.books[pid]
            self._reach_back(pid, book, min(r.time_ms for r in found))
            for reading in book.add(found):
                self._conflict(pid, reading.time_ms, reading.received_ms, out)

    def _reach_back(self, pid: int, book: MeterBook, time_ms: int) -> None:
        """Load what a meter's book has forgotten between an old reading's day and the days it still holds."""
        day, first = book.day_of(time_ms), min(book.days, default=None)
        if self.past is None or first is None or day >= first or not book.carries:
            return
        source = self.points.keys[pid].source
        lines = self.past.cold_reports([(source, day - DAY_MS, first + DAY_MS)])
        frame, _bad = reports_frame(lines)
        filed = place(frame, self.points).filed.with_columns(late=pl.lit(True))
        rows = qualify(filed, self.points).filter(pl.col("pid") == pid)
        fields = ("time", "value", "code", "decoder", "sent", "received", "digest", "hash")
        book.add(MeterReading(t, v, c, (d, s, r, g), h, r) for t, v, c, d, s, r, g, h in rows.select(fields).rows())

    def _decide(self, keys: pl.DataFrame, out: Output, *, no_data: bool = False) -> None:
        """Rebuild and publish the hours of (``sid``, ``hour``, ``decided``) for the first time as decided."""
        self._rebuild_dirty(keys.select("sid", "hour"), None, out)
        rows, contested, disagreeing = hour_figures(self.shelf, keys.select("sid", "hour"), self.points, self.spans)
        self._conflicts(contested, out)
        self._disagree(disagreeing, out)
        rows = self._with_meters(rows, keys, out)
        decided = keys.select("sid", "hour", "decided")
        sids = pl.DataFrame(
            {"pid": range(len(self.points.keys)), "sid": self.points.sid_of_pid}, schema={"pid": pl.Int32, "sid": pl.Int32}
        )
        rows = rows.join(sids, on="pid").join(decided, on=["sid", "hour"], how="inner").drop("sid")
        if no_data:
            rows = pl.concat([rows, self._no_data(rows, decided, sids)])
        self._publish_hours(rows, out)
        self._open -= set(keys.select("sid", "hour").rows())

    def _no_data(self, rows: pl.DataFrame, decided: pl.DataFrame, sids: pl.DataFrame) -> pl.DataFrame:
        """State the hours of which nothing came: no value, reason "no data", or "stopped" where it was declared."""
        info = self.points.frame.join(decided, on="sid").filter(
            (pl.col("hour") >= pl.col("from_ms")) & (pl.col("hour") < pl.col("to_ms"))
        )
        stats = [
            info.filter(pl.col("meter") == NO_METER).with_columns(stat=pl.lit("avg")),
            info.filter(pl.col("ref_o2").is_not_null()).with_columns(stat=pl.lit("avg_ref")),
            info.filter(pl.col("flow_pid").is_not_null()).with_columns(stat=pl.lit("mass")),
            info.filter(pl.col("meter") != NO_METER).with_columns(stat=pl.lit("energy")),
        ]
        missing = pl.concat(stats).join(rows, on=["pid", "stat", "hour"], how="anti")
        latest = self.shelf.latest("hour", missing["hour"].unique().to_list())
        if latest is not None:
            missing = missing.join(latest, on=["pid", "stat", "hour"], how="anti")
        stopped = pl.lit(False)
        for span in self.spans:
            if span.code == STOPPED and span.pid is None:
                whole = (pl.col("hour") >= span.start_ms) & (pl.col("hour") + HOUR_MS <= span.end_ms)
                stopped = stopped | ((pl.col("sid") == span.sid) & whole)
        return missing.with_columns(
            value=pl.when(stopped & (pl.col("stat") == "mass")).then(0),
            n=0,
            total=0,
            reason=pl.when(stopped).then(pl.lit("stopped")).otherwise(pl.lit("no data")),
            note=None,
            digest=0,
            as_of="decided",
        ).select(*(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items()), "decided")

    def _with_meters(self, rows: pl.DataFrame, keys: pl.DataFrame, out: Output) -> pl.DataFrame:
        """Add the energy figures of meters for keys, running the books that have new readings."""
        if not self.books:
            return rows
        self._run_books(out)
        hours: dict[int, list[int]] = {}
        for sid, hour in keys.select("sid", "hour").rows():
            hours.setdefault(sid, []).append(hour)
        wanted = [(pid, hour) for pid in self.books for hour in hours.get(self.points.sid_of_pid[pid], [])]
        self._late_meters -= set(wanted)
        return pl.concat([rows, meter_rows(wanted, self.books, self.points)])

    def _run_books(self, out: Output) -> None:
        for pid, book in self.books.items():
            if not book.dirty:
                continue
            key = self.points.keys[pid]
            touched, findings, changed = book.rebuild()
            self._late_meters |= {(pid, hour) for hour in touched}
            out.carries += [(key.source, key.factor, day, book.carries[day]) for day in changed]
            for found in findings:
                if found.decision == "booked":
                    continue
                name = f"{found.kind.lower()}/{local_iso(found.time_ms)}"
                facts = {"text": found.text, "register": found.kind, "decision": found.decision}
                self._event("meter.held", key.source, key.factor, found.time_ms, name, facts, out)

    def _rebuild_dirty(self, hours: pl.DataFrame | None, complete_before: int | None, out: Output) -> None:
        """Rebuild dirty minutes: those of some (``sid``, ``hour``), or all that ended before a time; late ones at any rate."""
        if not self._dirty:
            return
        dirty = pl.concat(self._dirty).group_by("sid", "minute").agg(pl.col("late").any())
        dirty = dirty.with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
        if hours is not None:
            ready = dirty.join(hours, on=["sid", "hour"], how="semi")
        else:
            ready = dirty.filter(pl.col("late") | (pl.col("minute") + MINUTE_MS <= (complete_before or 0)))
        if ready.is_empty():
            self._dirty = [dirty.drop("hour")]
            return
        rest = dirty.join(ready, on=["sid", "minute"], how="anti")
        self._dirty = [rest.drop("hour")] if rest.height else []
        minutes, contested = self.shelf.rebuild_minutes(ready.select("sid", "minute"), self.spans)
        if minutes.height:
            out.minutes.append(minutes)
        self._conflicts(contested, out)
        if hours is None:
            self._late.append(ready.select("sid", "hour").unique())

    def _publish_hours(self, rows: pl.DataFrame, out: Output) -> None:
        news = publish(self.shelf, rows, self.points, "hour")
        self._publish_on(self.shelf, news, out)

    def _publish_on(self, shelf: Shelf, news: pl.DataFrame, out: Output) -> None:
        """Publish hours, then the days and accounts that read decided ones, then the episodes."""
        if news.is_empty():
            return
        out.figures.append(news)
        news = news.filter(pl.col("revision") > 0)
        if news.is_empty():
            return
        offset = self.rules.offset_ms
        day = (pl.col("hour") + offset) // DAY_MS * DAY_MS - offset
        keys = news.select("pid", day=day).unique()
        spans = keys["day"].unique().to_list()
        hours = shelf.latest("hour", [h for d in spans for h in range(d, d + DAY_MS, HOUR_MS)])
        if hours is not None:
            of_days = hours.select(*HOUR_SCHEMA).with_columns(day=day).join(keys, on=["pid", "day"], how="semi")
            days = day_figures(of_days, self.points)
            known = int(news["decided"].max() or 0)  # type: ignore[arg-type]
            until = [self._decided_until(pid) for pid in days["pid"].unique().sort().to_list()]
            closed = pl.DataFrame(
                {"pid": days["pid"].unique().sort(), "until": until}, schema={"pid": pl.Int32, "until": pl.Int64}
            )
            over = pl.col("until") >= pl.col("hour") + DAY_MS
            days = days.join(closed, on="pid").with_columns(decided=pl.when(over).then(known)).drop("until")
            published = publish(shelf, days, self.points, "day")
            if published.height:
                out.figures.append(published)
                out.accounts += account_figures(shelf, published, self.points, self.past)
        events, episodes = self.episodes.apply(verdicts(news, self.points))
        out.events += events
        out.episodes += episodes

    def _decided_until(self, pid: int) -> int:
        memory = self.memory.get(self.points.keys[pid].source)
        return 0 if memory is None else memory.decided

    def _ticks(self, records: Sequence[LogRecord], out: Output) -> None:
        """Take in ticks: the same tick of several partitions is one barrier for the sources of those partitions."""
        for value, group in groupby(records, key=lambda r: r.value):
            partitions = {r.partition for r in group}
            tick = Tick.model_validate_json(value)
            now = epoch_ms(tick.tick)
            counts, events = self.watch.tick(tick.gateway, now)
            out.events += events
            out.ticks[tick.gateway] = now
            if counts:
                self._barrier(now, out, partitions, states=True)

    def _barrier(self, now: int, out: Output, partitions: set[int] | None, *, states: bool) -> None:
        self._hot_from = max(self._hot_from, self.hot_from_of(now)) if states else self._hot_from
        until = (now - self.rules.decide_after_ms) // HOUR_MS * HOUR_MS
        due: list[tuple[int, int]] = []
        for source, memory in self.memory.items():
            if memory.high is None or memory.decided >= until or source not in self.points.sid:
                continue
            if partitions is not None and len(partitions) < 24 and partition_of(source) not in partitions:
                continue
            first = max(memory.decided, until - NO_DATA_HOURS_MAX * HOUR_MS) if states else memory.decided
            last = until if states else memory.high // HOUR_MS * HOUR_MS + HOUR_MS
            due += [(self.points.sid[source], hour) for hour in {memory.decided, *range(first, last, HOUR_MS)} if hour < last]
            memory.decided = max(memory.decided, last)
            out.watermarks[source] = (memory.high, memory.decided)
        if due:
            keys = pl.DataFrame(due, schema={"sid": pl.Int32, "hour": pl.Int64}, orient="row")
            self._decide(keys.with_columns(decided=pl.lit(now, dtype=pl.Int64)), out, no_data=states)
        self._rebuild_dirty(None, now, out)
        self._revise(now, out)
        if states:
            self._work_touches(now, out)
            self._judge_sources(now, out)
            day = (self._hot_from + self.rules.offset_ms) // DAY_MS * DAY_MS - self.rules.offset_ms
            self.shelf.evict(self._hot_from, day - DAY_MS)
            for book in self.books.values():
                book.forget(day - DAY_MS)

    def _revise(self, now: int, out: Output) -> None:
        """Publish touched hours: decided ones as revisions, open ones as provisional, at most once in ``provisional_ms``."""
        self._run_books(out)
        touched = pl.concat(self._late).unique() if self._late else pl.DataFrame(schema={"sid": pl.Int32, "hour": pl.Int64})
        self._late = []
        meters = pl.DataFrame(
            [(self.points.sid_of_pid[pid], hour) for pid, hour in self._late_meters], schema=touched.schema, orient="row"
        )
        self._late_meters = set()
        touched = pl.concat([touched, meters]).unique()
        if touched.is_empty() and not self._open:
            return
        decided = pl.DataFrame(
            {
                "sid": list(range(len(self.points.source_names))),
                "until": [self.memory[s].decided if s in self.memory else 0 for s in self.points.source_names],
            },
            schema={"sid": pl.Int32, "until": pl.Int64},
        )
        touched = touched.join(decided, on="sid")
        settled = touched.filter(pl.col("hour") < pl.col("until")).select("sid", "hour")
        self._open |= set(touched.filter(pl.col("hour") >= pl.col("until")).select("sid", "hour").rows())
        keys = [settled.with_columns(decided=pl.lit(now, dtype=pl.Int64))] if settled.height else []
        if self.settings.provisional and now // self.settings.provisional_ms > self._shown and self._open:
            self._shown = now // self.settings.provisional_ms
            running = pl.DataFrame(sorted(self._open), schema={"sid": pl.Int32, "hour": pl.Int64}, orient="row")
            self._open = set()
            keys.append(running.with_columns(decided=pl.lit(None, dtype=pl.Int64)))
        if keys:
            every = pl.concat(keys)
            rows, contested, disagreeing = hour_figures(self.shelf, every.select("sid", "hour"), self.points, self.spans)
            self._conflicts(contested, out)
            self._disagree(disagreeing, out)
            rows = self._with_meters(rows, every, out)
            sids = pl.DataFrame(
                {"pid": range(len(self.points.keys)), "sid": self.points.sid_of_pid}, schema={"pid": pl.Int32, "sid": pl.Int32}
            )
            rows = rows.join(sids, on="pid").join(every, on=["sid", "hour"], how="inner").drop("sid")
            self._publish_hours(rows, out)

    def _judge_sources(self, now: int, out: Output) -> None:
        names = self.points.source_names
        stopped = {names[s.sid] for s in self.spans if s.code == STOPPED and s.pid is None and s.start_ms <= now < s.end_ms}
        events, states = self.watch.judge(self.points.sources, stopped)
        out.events += events
        out.sources.update({s.source: s for s in states})

    def _touch(self, source: str, hour: int, cause: str, out: Output) -> None:
        self.touches.setdefault((source, hour), cause)
        out.touched[source, hour] = cause

    def _work_touches(self, now: int, out: Output) -> None:
        """Rebuild the oldest touched source-hours from the store, within the budget of a tick."""
        if self.past is None or not self.touches:
            return
        batch = sorted(self.touches)[:TOUCHES_A_TICK]
        expired = []
        for source, hour in batch:
            first = self.past.first_report_ms(source)
            if first is None or source not in self.points.sid:
                expired.append((source, hour))
        keys = [k for k in batch if k not in expired]
        for source, hour in expired:
            text = f"hour {local_iso(hour)} of {source} was touched, but no reports of it are kept: nothing was rebuilt"
            self._finding("touch.refused", source, None, now, text, out, {"hour": local_iso(hour)})
        if keys:
            self._rebuild_cold(keys, now, out)
        for key in batch:
            del self.touches[key]
            out.worked.append(key)

    def _rebuild_cold(self, keys: list[tuple[str, int]], now: int, out: Output) -> None:
        assert self.past is not None
        reach = max((abs(s.clock_offset_s) for s in self.points.sources.values()), default=0) * 1000 + 2 * HOUR_MS
        lines = self.past.cold_reports([(s, h - reach, h + HOUR_MS + reach) for s, h in keys])
        lines = list(dict.fromkeys(lines))
        shelf = Shelf()
        frame, _bad = reports_frame(lines)
        filed = place(frame, self.points).filed.with_columns(late=pl.lit(True))
        readings = qualify(filed, self.points)
        wanted = pl.DataFrame(
            [(self.points.sid[s], h) for s, h in keys], schema={"sid": pl.Int32, "hour": pl.Int64}, orient="row"
        )
        by_hour = readings.with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
        readings = by_hour.join(wanted, on=["sid", "hour"], how="semi").drop("hour")
        readings = readings.filter(~pl.col("kind").is_in([REGISTER, INTERVAL]))
        shelf.add(readings)
        for source in {s for s, _ in keys}:
            hours = [h for s, h in keys if s == source]
            first, last = self.day_of(min(hours)), self.day_of(max(hours)) + DAY_MS
            for level in ("hour", "day"):
                shelf.put(level, frame_of(self.past.cold_figures(source, level, first, last), self.points))
            hot = self.shelf.latest("hour", list(range(first, last, HOUR_MS)))
            if hot is not None:
                of_source = [pid for pid, key in enumerate(self.points.keys) if key.source == source]
                shelf.put("hour", hot.filter(pl.col("pid").is_in(of_source)))
        minutes, contested = shelf.rebuild_minutes(readings.select("sid", "minute").unique(), self.spans)
        if minutes.height:
            out.minutes.append(minutes)
        self._conflicts(contested, out)
        rows, contested, disagreeing = hour_figures(shelf, wanted, self.points, self.spans)
        self._conflicts(contested, out)
        self._disagree(disagreeing, out)
        news = publish(shelf, rows.with_columns(decided=pl.lit(now, dtype=pl.Int64)), self.points, "hour")
        self._publish_on(shelf, news, out)
        hot_days = [d for d in shelf.days if d in self.shelf.days]
        for level, starts in (("hour", [h for h in shelf.hours if h in self.shelf.hours]), ("day", hot_days)):
            fresh = shelf.latest(level, starts)
            if fresh is not None:
                self.shelf.put(level, fresh)

    def day_of(self, time_ms: int) -> int:
        """Return the start of the local day."""
        offset = self.rules.offset_ms
        return (time_ms + offset) // DAY_MS * DAY_MS - offset

    def _mark(self, record: LogRecord, out: Output) -> None:
        try:
            mark = Mark.model_validate_json(record.value)
        except ValueError as error:
            out.bad.append(BadLine(record.value, f"no mark: {error}"))
            return
        old = self.marks.get(mark.id)
        self.marks[mark.id] = mark
        out.marks.append(mark)
        self.spans = self._spans()
        for each in (mark, old):
            if each is not None:
                self.touch_period(each.source, epoch_ms(each.start), epoch_ms(each.end), f"mark {each.id}", out)

    def touch_period(self, source: str, start_ms: int, end_ms: int, cause: str, out: Output) -> int:
        """Touch the hours of a source in [start, end) up to the newest reading; return how many."""
        memory = self.memory.get(source)
        if memory is None or memory.high is None or source not in self.points.sid:
            return 0
        first_known = self.past.first_report_ms(source) if self.past is not None else None
        start = max(start_ms, first_known if first_known is not None else start_ms) // HOUR_MS * HOUR_MS
        end = min(end_ms, memory.high + HOUR_MS)
        count = 0
        sid = self.points.sid[source]
        hot = []
        for hour in range(start, end, HOUR_MS):
            count += 1
            if hour < self._hot_from:
                self._touch(source, hour, cause, out)
            else:
                hot += [(sid, minute, True) for minute in range(hour, hour + HOUR_MS, MINUTE_MS)]
        if hot:
            schema = {"sid": pl.Int32, "minute": pl.Int64, "late": pl.Boolean}
            self._dirty.append(pl.DataFrame(hot, schema=schema, orient="row"))
        return count

    def _spans(self) -> list[MarkSpan]:
        spans = []
        for mark in sorted(self.marks.values(), key=lambda m: m.id):
            if mark.state != "confirmed" or mark.source not in self.points.sid:
                continue
            sid = self.points.sid[mark.source]
            times = (epoch_ms(mark.start), epoch_ms(mark.end), MARK_CODES[mark.type])
            if mark.factors is None:
                spans.append(MarkSpan(sid, None, *times))
            else:
                pids = [self.points.pid.get((mark.source, f)) for f in mark.factors]
                spans += [MarkSpan(sid, pid, *times) for pid in pids if pid is not None]
        return spans

    def _tell_unregistered(self, rows: pl.DataFrame, out: Output) -> None:
        for source, received in rows.group_by("source", maintain_order=True).agg(pl.col("received").min()).rows():
            text = f"source {source} sends reports but is not in the registry; they are kept, and `plumeline adopt {source}` drafts its rows"
            self._finding("source.unregistered", source, None, received, text, out, {})

    def _tell_held(self, rows: pl.DataFrame, out: Output) -> None:
        for source, received, time in (
            rows.group_by("source", maintain_order=True).agg(pl.col("received").first(), pl.col("end").first()).rows()
        ):
            ahead = (time - received) // 1000
            text = f"the device's time is {ahead} s ahead of the receipt: its reports are held until its clock or a dated clock offset row mends it"
            self._finding("clock.in_doubt", source, None, received, text, out, {"direction": "ahead", "ahead_s": ahead})

    def _conflicts(self, contested: pl.DataFrame, out: Output) -> None:
        if contested.is_empty():
            return
        for pid, time, received in (
            contested.head(CONFLICTS_A_TURN).select("pid", "time", "received").unique().sort("pid", "time").rows()
        ):
            self._conflict(pid, time, received, out)

    def _disagree(self, rows: pl.DataFrame, out: Output) -> None:
        for pid, hour, ours, received, own in rows.sort("hour", "pid").head(CONFLICTS_A_TURN).rows():
            key = self.points.keys[pid]
            text = f"{key.factor}, hour {local_iso(hour)}: the device says {decimal_text(own)}, its minutes make {decimal_text(ours)}"
            self._finding("reading.disagrees", key.source, key.factor, received, text, out, {"hour": local_iso(hour)})

    def _conflict(self, pid: int, time_ms: int, received_ms: int, out: Output) -> None:
        key = self.points.keys[pid]
        text = f"two different values of {key.factor} at {local_iso(time_ms)}; one of them counts, both are kept"
        self._event(
            "reading.conflict",
            key.source,
            key.factor,
            received_ms,
            local_iso(time_ms),
            {"text": text, "at": local_iso(time_ms)},
            out,
        )

    def _finding(
        self, kind: str, source: str, factor: str | None, time_ms: int, text: str, out: Output, facts: dict[str, object]
    ) -> None:
        """Tell a finding once a source, kind and day."""
        day = local_iso(self.day_of(time_ms))[:10]
        name = f"{kind}/{source}/{day}"
        if name in self._told:
            return
        if len(self._told) > 100_000:
            self._told.clear()
        self._told.add(name)
        self._event(kind, source, factor, time_ms, day, {"text": text, **facts}, out)

    def _event(
        self, kind: str, source: str, factor: str | None, time_ms: int, name: str, facts: Mapping[str, object], out: Output
    ) -> None:
        identity = "/".join(filter(None, (kind, source, factor, name)))
        out.events.append(Event(identity, kind, source, factor, time_ms, False, dict(facts)))


def _kind(record: LogRecord) -> str:
    if record.topic == "reports":
        return "tick" if record.value.startswith(TICK_PREFIX) else "report"
    return record.topic
