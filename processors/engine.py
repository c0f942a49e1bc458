"""The rebuild engine: records of the log in, figures and events out; what it remembers is a cache of the log.

Figures are published at two kinds of instants only, both positions in the log: when a report at or past an hour's end arrives
(that hour is decided), and at ticks. Between them readings are merely added to a set. So nothing that is published depends on
where a batch was cut, and a replay of the log repeats it. Only what an open hour shows so far is given out at a batch's end; it
has no revision, and nothing reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence, Set

import polars as pl

from ingest.log import PARTITIONS, LogRecord, partition_of
from ingest.records import MANUAL, Mark, Touch
from ingest.registry import Registry
from processors.check_book import CheckBook
from processors.check_findings import tell_check, tell_overdue
from processors.closers import close_days, closing_sources, days_touched, looked_at, next_days
from processors.cold import rebuild_cold
from processors.decode import DAY, BadLine, Layouts, decode
from processors.desk import Desk
from processors.early import LOOK_MS, Early
from processors.episodes import EpisodeBook, HourVerdict
from processors.escalation import judging
from processors.exempting import ExemptSpan, exempt_spans_of
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, Episode, epoch_ms
from processors.findings import Findings
from processors.judging import EXCEEDS
from processors.manual import days_of_results
from processors.mark_findings import told
from processors.memory import SET_ASIDE, SKEW_REPORTS, TOUCHES_A_TICK, Settings, SourceMemory
from processors.metering import Meters
from processors.output import Output, Past
from processors.packs import chosen
from processors.pending import Doubts
from processors.points import Points, Rules
from processors.publish import verdicts_of
from processors.qualify import Fields, place, qualified
from processors.rules.averaging import STOPPED
from processors.shelf import MarkSpan, Shelf, spans_of
from processors.silence import Watches
from processors.stretch import METERED, Barrier, Stretch, Taking, crossed, due_hours, stretches

_HOUR = pl.col("minute") // HOUR_MS * HOUR_MS
_KEYS = {"sid": pl.Int32, "hour": pl.Int64, "decided": pl.Int64}


class Engine:
    """All of a worker's partitions. Not thread-safe; the runner calls it from one place."""

    def __init__(
        self,
        registry: Registry,
        rules: Rules | None = None,
        settings: Settings | None = None,
        past: Past | None = None,
        *,
        accounts: bool = True,
        aside: Collection[str] = (),
    ) -> None:
        """Begin with nothing known.

        Args:
            aside: sources whose figures are not made, because a rule raises at them; their hours are touched instead.
        """
        self.rules = rules or Rules()
        self.settings = settings or Settings()
        self.past = past
        self.points = Points(registry, self.rules)
        self.layouts = Layouts()
        self.fields = Fields(self.layouts, self.points)
        self.memory = {source: SourceMemory() for source in self.points.source_names}
        self._by_sid = list(self.memory.values())
        self._aside = sorted(self.points.sid[source] for source in aside if source in self.points.sid)
        self._part_of = [partition_of(source) for source in self.points.source_names]
        self.watch = Watches(self.points.sources)
        self.episodes = EpisodeBook(judging(registry.escalation, "hour"))
        self.findings = Findings(self.points)
        self.early = Early(self.points, self.episodes.running, self.findings)
        self.meters = Meters(self.points, self.findings, past)
        closing, looked = (
            (closing_sources(self.points), looked_at(self.points)) if past is not None else (None, frozenset[int]())
        )
        self.desk = Desk(
            *(self.points, self.episodes, self.findings, past, self._decided_until),
            accounts=accounts,
            closing=closing,
            looked_at=looked,
        )
        self.shelf = Shelf(self.points)
        self.marks: dict[str, Mark] = {}
        self.spans: list[MarkSpan] = []
        self.checks = CheckBook(self.points)
        self.doubts = Doubts()
        self.touches: dict[tuple[str, int], str] = {}
        self.put_off: dict[tuple[str, int], str] = {}
        self.closings: dict[tuple[str, int], str] = {}
        """Days that wait to be closed, (source, start of the day)."""
        self._hot_from = 0
        self._turned: dict[int, tuple[int, int]] = {}
        self._late: set[tuple[int, int]] = set()
        self._open: set[tuple[int, int]] = set()
        self._shown = 0

    # -- the log -------------------------------------------------------------------------------------------------

    def apply(self, records: Sequence[LogRecord], *, live: bool = True) -> Iterator[Output]:
        """Take in records in log order and give out what they cause, in one or more turns.

        A turn ends before a tick at which touches are worked off, so that the store knows what came before it. Where much is
        waiting (not ``live``) nobody looks at open hours, and what they show so far is not given out.
        """
        out = Output()
        for part in stretches(records, self._turning):
            if isinstance(part, Stretch):
                out = yield from self._stretch(part, out)
            elif part.topic == "marks":
                self._mark(part, out)
            elif part.topic == "touches":
                self._take_touches(part, out)
            elif part.topic == "registry":
                out.registry = part.value
            out.seq = part.seq
        self._show(out, live=live)
        yield out

    def _turning(self, barrier: Barrier) -> bool:
        """Whether a tick decides hours, moves the hot set or works off touches; what lies behind it is read afterwards."""
        at = ((barrier.now_ms - self.rules.decide_after_ms) // HOUR_MS, (barrier.now_ms - self.settings.hot_ms) // HOUR_MS)
        turning = bool(self.touches or self.closings)
        for partition in barrier.partitions:
            known = self._turned.get(partition, (-1, -1))
            if at[0] > known[0] or at[1] > known[1]:
                self._turned[partition] = (max(at[0], known[0]), max(at[1], known[1]))
                turning = True
        return turning

    @property
    def behind(self) -> bool:
        """Whether hours wait for the tick at which they are revised, or touches for theirs: more of the past had better wait too."""
        return bool(self._late or self.touches)

    def finish(self) -> Output:
        """Decide all that is open, as a tick long after the last report would; for files, whose end is the end."""
        out = Output()
        heard = [(name, m) for name, m in self.memory.items() if m.high is not None and name in self.points.sid]
        if heard:
            now = max(m.high or 0 for _name, m in heard) + 2 * DAY_MS
            self._decide_until(heard, None, now, out)
            self._revise(now, set(range(PARTITIONS)), out)
            beyond = {(sid, minute // HOUR_MS * HOUR_MS, now) for minute, sids in self.shelf.dirty.items() for sid in sids}
            if beyond:  # the last readings cover more than the hour in which they began
                self._decide(pl.DataFrame(sorted(beyond), schema=_KEYS, orient="row"), out)
        return out

    # -- reports and ticks ---------------------------------------------------------------------------------------

    def _stretch(self, stretch: Stretch, out: Output) -> Generator[Output, None, Output]:
        """Take in report lines and the ticks among them; what a tick cannot publish is left until one can, or the end."""
        decoded = decode(stretch.lines, self.layouts)
        out.bad += decoded.bad
        known = self.layouts.known
        columns = (decoded.reports[c].to_list() for c in ("layout", "time", "received", "line"))
        out.reports += [(known[n].source, t, r, stretch.lines[i]) for n, t, r, i in zip(*columns, strict=True)]
        placed = place(decoded, self.fields)
        self.findings.unregistered(placed.unregistered, [layout.source for layout in known], out)
        self.findings.held(placed.held, out)
        filed = self._put_off(placed.filed, out) if self._aside else placed.filed
        filed, crossings = crossed(
            filed, [m.high for m in self._by_sid], [m.decided for m in self._by_sid], self.points.reach_ms
        )
        self._skews(filed, out)
        taking = Taking(filed, qualified(decoded, filed, self.fields), crossings, self.rules.offset_ms)
        waiting = bool(self._late or self.desk.uncompared) or self.meters.dirty
        for n, barrier in enumerate(stretch.barriers):
            turns = stretch.turns and n == len(stretch.barriers) - 1
            self._hear(taking, barrier.at)
            if turns and (self.touches or self.closings) and self.past is not None:
                self._take(taking, barrier.at, out)
                out.seq = barrier.before
                self._collect(out)
                yield out
                out = Output()
            reached = self.watch.reached(barrier.now_ms, barrier.partitions, LOOK_MS) if self.early.active else set[int]()
            counted, events = self.watch.tick(barrier.gateway, barrier.now_ms, barrier.partitions)
            out.events += events
            waiting = taking.awaited(barrier.at) or waiting
            if not counted:
                continue
            out.ticks.update({(partition, barrier.gateway): times for partition, times in counted.items()})
            if turns:  # before anything is decided at this tick that the store does not know
                self._work_closings(barrier.now_ms, out)
            looked = reached & counted.keys()
            if turns or waiting or looked:
                self._take(taking, barrier.at, out)
                if turns:
                    self._turn(barrier.now_ms, counted.keys(), out)
                self._revise(barrier.now_ms, counted.keys(), out)
                if looked:
                    self._look(barrier.now_ms, looked, out)
                if turns:
                    self._work_touches(barrier.now_ms, out)
                    self._cool(barrier.now_ms)
                waiting = bool(self._late or self.desk.uncompared)
            self._judge_sources(barrier.now_ms, counted, out)
        self._hear(taking, len(stretch.lines))
        self._take(taking, len(stretch.lines), out)
        self._collect(out)
        return out

    def _put_off(self, filed: pl.DataFrame, out: Output) -> pl.DataFrame:
        """Hear the sources that are set aside and touch their hours that are decided already; return the reports of the others."""
        off = pl.col("sid").is_in(self._aside)
        for sid, time, hour, received in filed.filter(off).select("sid", "time", _HOUR, "received").rows():
            memory, name = self._by_sid[sid], self.points.source_names[sid]
            if memory.high is None:
                memory.decided = hour
            memory.high = max(time, memory.high or time)
            self.watch.heard(name, time, received)
            if hour < memory.decided:
                self._touch(name, hour, "late readings", out)
        return filed.filter(~off)

    def _hear(self, taking: Taking, upto: int) -> None:
        """Move watermarks and liveness by the reports before a line."""
        sources, names = self._by_sid, self.points.source_names
        for sid, time, received in taking.heard(upto):
            memory = sources[sid]
            if memory.high is None or time > memory.high:
                memory.high = time
                memory.decided = max(memory.decided, time // HOUR_MS * HOUR_MS)
            self.watch.heard(names[sid], time, received)

    def _collect(self, out: Output) -> None:
        """Give out the states and watermarks of the sources that were heard."""
        for state in self.watch.collect():
            memory = self.memory[state.source]
            out.sources[state.source] = state
            out.watermarks[state.source] = (memory.high or 0, memory.decided)

    def _skews(self, filed: pl.DataFrame, out: Output) -> None:
        """Follow the delays of live reports; where all of the newest are late by more than the bound, the clock is slow."""
        live = filed.filter(~pl.col("late") & ~pl.col("backfill"))
        live = live.select("sid", "received", delay=pl.col("received") - pl.col("sent"))
        if live.is_empty():
            return
        slow = bool((live["delay"] > self.rules.ahead_ms).any())
        if not slow:
            live = live.group_by("sid").tail(SKEW_REPORTS)
        for sid, delays, received in live.group_by("sid").agg(pl.col("delay"), pl.col("received")).rows():
            memory, name = self._by_sid[sid], self.points.source_names[sid]
            for delay, at in zip(delays, received, strict=True) if slow else ():
                memory.delays = [*memory.delays, delay][-SKEW_REPORTS:]
                if len(memory.delays) == SKEW_REPORTS and min(memory.delays) > self.rules.ahead_ms:
                    self.findings.slow(name, memory.delays, at, out)
            if not slow:
                memory.delays = [*memory.delays, *delays][-SKEW_REPORTS:]
            out.delays[name] = memory.delays
            self.watch.skewed(name, sorted(memory.delays)[len(memory.delays) // 2])

    def _take(self, taking: Taking, upto: int, out: Output) -> None:
        """File the reports before a line: those in time, then the hours they decide, then the late ones."""
        filed, readings, crossings = taking.taken(upto)
        if filed.is_empty():
            return
        late = filed["late"]
        if not late.any():
            self._file(filed, readings, out)
            if crossings.height:
                self._decide(crossings, out, no_data=True)
            return
        behind = readings["line"].is_in(filed.filter(late)["line"].implode())
        self._file(filed.filter(~late), readings.filter(~behind), out)
        if crossings.height:
            self._decide(crossings, out, no_data=True)
        self._file(filed.filter(late), readings.filter(behind), out)

    def _file(self, filed: pl.DataFrame, readings: pl.DataFrame, out: Output, *, restored: bool = False) -> None:
        """Put reports and their readings on the shelf or into the meters' books; hours of late ones are revised, of what is too old touched."""
        readings = readings.drop("line")
        out.readings += int(
            (readings["minute"] == readings["time"] // MINUTE_MS * MINUTE_MS).sum()
        )  # not each minute it covers
        kinds = int(filed["kind"].max() or 0)  # type: ignore[arg-type]
        if kinds >= min(METERED):
            apart = readings["kind"].is_in(METERED)
            self.meters.add(self._kept(readings.filter(apart), out), out)
            filed, readings = filed.filter(~filed["kind"].is_in(METERED)), readings.filter(~apart)
        if kinds >= DAY:
            self._file_own_days(readings.filter(pl.col("kind") == DAY), out, restored=restored)
            filed, readings = filed.filter(pl.col("kind") != DAY), readings.filter(pl.col("kind") != DAY)
        cold = readings["minute"] < self._hot_from
        if cold.any():
            if not restored:
                for sid, start in readings.filter(cold).select("sid", _HOUR).unique().sort("sid", "minute").rows():
                    self._touch(self.points.source_names[sid], start, "late readings", out)
            readings = readings.filter(~cold)
        self.shelf.add(filed, readings)
        late = filed.filter("late").select("sid", "minute", "covers").rows() if filed["late"].any() else ()
        for sid, minute, covers in late:
            hours = range(minute // HOUR_MS * HOUR_MS, minute + covers * MINUTE_MS, HOUR_MS)
            self._late |= {(sid, hour) for hour in hours if hour >= self._hot_from}

    def _file_own_days(self, rows: pl.DataFrame, out: Output, *, restored: bool) -> None:
        """Put device days beside our days, to be compared at the next tick; beyond the shelf their hour is touched instead."""
        rows = rows.with_columns(day=self.desk.day_of(pl.col("time")))
        cold = rows["day"] < self._hot_day()
        if cold.any() and not restored:
            for sid, time in rows.filter(cold).select("sid", "time").unique().sort("sid", "time").rows():
                self._touch(self.points.source_names[sid], time // HOUR_MS * HOUR_MS, "late readings", out)
        rows = rows.filter(~cold)
        self.shelf.add_own_days(rows)
        self.desk.uncompared |= set(rows.select("sid", "day").unique().rows())

    # -- figures -------------------------------------------------------------------------------------------------

    def _kept(self, readings: pl.DataFrame, out: Output) -> pl.DataFrame:
        """Return meters' readings without those of days that the books cannot be run from any more; these are told."""
        if self.settings.keep_ms is None or readings.is_empty():
            return readings
        offset = self.rules.offset_ms
        kept_from = (pl.col("received") - self.settings.keep_ms + offset) // DAY_MS * DAY_MS - offset
        expired = readings.filter(pl.col("minute") < kept_from)
        for sid, hour, received in expired.select("sid", _HOUR, "received").unique().sort("sid", "minute").rows():
            self.findings.refused(self.points.source_names[sid], hour, received, out)
        return readings.filter(pl.col("minute") >= kept_from)

    def _decide(self, keys: pl.DataFrame, out: Output, *, no_data: bool = False) -> None:
        """Make and publish the hours of (``sid``, ``hour``, ``decided``) for the first time as decided."""
        keys = keys.select("sid", "hour", "decided")
        pairs = set(keys.select("sid", "hour").rows())
        self._minutes(*self.shelf.rebuild_hours(pairs, self.spans), out)
        published = len(out.figures)
        self.desk.hours(self.shelf, keys, self.spans, out, self.meters, empty=keys if no_data else None)
        if self.early.active:
            self.early.decided(keys, out.figures[published:], self.shelf, self.spans, self.desk.exempt, out)
        self._open -= pairs

    def _decide_until(self, sources: Iterable[tuple[str, SourceMemory]], until: int | None, now: int, out: Output) -> None:
        """Decide the hours of sources before a time, stating those without data; None decides up to their last reading."""
        due: list[tuple[int, int, int]] = []
        for source, memory in sources:
            if until is not None:
                last, hours = until, self._due(source, memory, until)
            else:
                last = (memory.high or 0) // HOUR_MS * HOUR_MS + HOUR_MS
                hours = list(range(memory.decided, last, HOUR_MS))
            due += [(self.points.sid[source], hour, now) for hour in hours]
            memory.decided = max(memory.decided, last)
            out.watermarks[source] = (memory.high or 0, memory.decided)
        if due:
            self._decide(pl.DataFrame(due, schema=_KEYS, orient="row"), out, no_data=until is not None)

    def _due(self, source: str, memory: SourceMemory, until: int) -> list[int]:
        return due_hours(memory.decided, (memory.high or 0) + self.points.reach_ms[self.points.sid[source]], until)

    def _turn(self, now: int, partitions: Set[int], out: Output) -> None:
        """Decide the hours that have waited for their readings for long enough."""
        until = (now - self.rules.decide_after_ms) // HOUR_MS * HOUR_MS
        every = len(partitions) == PARTITIONS
        due = [
            (source, memory)
            for source, memory in self.memory.items()
            if memory.high is not None and memory.decided < until and source in self.points.sid
            if every or partition_of(source) in partitions
        ]
        if self._aside:
            for source, memory in [d for d in due if self.points.sid[d[0]] in self._aside]:
                for hour in self._due(source, memory, until):
                    self._touch(source, hour, SET_ASIDE, out)
                memory.decided = until
                out.watermarks[source] = (memory.high or 0, until)
            due = [d for d in due if self.points.sid[d[0]] not in self._aside]
        self._decide_until(due, until, now, out)
        tell_overdue((u for u in self.checks.unfit() if every or partition_of(u.source) in partitions), now, self.findings, out)

    def _cool(self, now: int) -> None:
        """Move the hot set's beginning, and forget what lies before it."""
        waiting = min((hour for _sid, hour in self._late), default=now)  # hours of sources whose own tick is still to come
        self._hot_from = max(self._hot_from, min(self.hot_from_of(now), waiting))
        self.shelf.evict(self._hot_from, self._hot_day())
        self.meters.forget(self._hot_day())

    def _hot_day(self) -> int:
        """Return the first day of which the hot shelf holds all hours that are known."""
        return self.findings.day_of(self._hot_from) - DAY_MS

    def _revise(self, now: int, partitions: Set[int], out: Output) -> None:
        """Publish the touched hours among the decided ones as revisions: those of the sources whose partitions hold the tick."""
        wanted = [part in partitions for part in self._part_of]
        self.meters.run(out, wanted)
        waiting = self._late | self.meters.taken_late()
        touched = {key for key in waiting if wanted[key[0]]}
        self._late = waiting - touched
        settled = [(sid, hour, now) for sid, hour in sorted(touched) if hour < self._by_sid[sid].decided]
        self._open |= {(sid, hour) for sid, hour in touched if hour >= self._by_sid[sid].decided}
        if settled:
            self._minutes(*self.shelf.rebuild_hours([(sid, hour) for sid, hour, _now in settled], self.spans), out)
            self.desk.hours(self.shelf, pl.DataFrame(settled, schema=_KEYS, orient="row"), self.spans, out, self.meters)
        days = {key for key in self.desk.uncompared if wanted[key[0]]}
        self.desk.uncompared -= days
        if days:
            self.desk.compare(self.shelf, days, out)

    def _look(self, now: int, partitions: Set[int], out: Output) -> None:
        """Look at the running hours of the sources in partitions, for an early warning."""
        hour = now // HOUR_MS * HOUR_MS
        keys = [
            (sid, hour)
            for sid in self.early.sids
            if self._part_of[sid] in partitions and sid not in self._aside
            if (memory := self._by_sid[sid]).high is not None and memory.high >= hour >= memory.decided
        ]
        minutes, contested = self.shelf.rebuild_hours(keys, self.spans)
        self._minutes(minutes, contested, out)
        self._open |= set(minutes.select("sid", pl.col("minute") // HOUR_MS * HOUR_MS).unique().rows())
        self.early.look(self.shelf, keys, self.spans, now, out)

    def _show(self, out: Output, *, live: bool) -> None:
        """Give out the minutes that ended, and now and then what open hours show so far."""
        now = self.watch.now_ms
        if now is None:
            return
        minutes, contested = self.shelf.rebuild_ended(now, self.spans)
        self._minutes(minutes, contested, out)
        if not self.settings.provisional:
            return
        self._open |= set(minutes.select("sid", pl.col("minute") // HOUR_MS * HOUR_MS).unique().rows())
        if live and now // self.settings.provisional_ms > self._shown and self._open:
            self._shown = now // self.settings.provisional_ms
            running = [(sid, hour, None) for sid, hour in sorted(self._open) if hour >= self._by_sid[sid].decided]
            self._open = set()
            if running:
                self.desk.hours(self.shelf, pl.DataFrame(running, schema=_KEYS, orient="row"), self.spans, out, self.meters)

    def _minutes(self, minutes: pl.DataFrame, contested: pl.DataFrame, out: Output) -> None:
        if minutes.height:
            out.minutes.append(minutes)
        self.findings.conflicts(contested, out)

    def _decided_until(self, pid: int) -> int:
        sid = self.points.sid_of_pid[pid]
        return 0 if sid < 0 else self._by_sid[sid].decided

    def _judge_sources(self, now: int, partitions: Iterable[int], out: Output) -> None:
        names = self.points.source_names
        stopped = {names[s.sid] for s in self.spans if s.code == STOPPED and s.pid is None and s.start_ms <= now < s.end_ms}
        events, states = self.watch.judge(partitions, stopped)
        out.events += events
        out.sources.update({s.source: s for s in states})

    # -- touches -------------------------------------------------------------------------------------------------

    def _touch(self, source: str, hour: int, cause: str, out: Output) -> None:
        """Ask for a rebuild of an hour beyond the hot set; it is worked off once the request comes back from the log."""
        if (source, hour) not in self.touches and (source, hour) not in self.put_off:
            out.touches[source, hour] = cause

    def _take_touches(self, record: LogRecord, out: Output) -> None:
        for line in record.value.split(b"\n"):
            try:
                touch = Touch.model_validate_json(line)
            except ValueError as error:
                out.bad.append(BadLine(line, f"no touch: {error}"))
                continue
            key = (touch.source, epoch_ms(touch.hour))
            if touch.level == "day":
                out.closings_due[key] = touch.cause
                self.close_later(*key, touch.cause)
            else:
                self.wait_for(*key, touch.cause)
                out.touched[key] = touch.cause

    def wait_for(self, source: str, hour: int, cause: str) -> None:
        """Take in a touch that came back from the log; one of a source that is set aside waits until that is over."""
        waiting = self.put_off if self.points.sid.get(source) in self._aside else self.touches
        if waiting.get((source, hour)) != SET_ASIDE:  # then also what did not come is to be stated
            waiting[source, hour] = cause

    def close_later(self, source: str, day: int, cause: str) -> None:
        """Take in a day to be closed that came back from the log."""
        self.closings[source, day] = cause

    def close_again(self, days: Iterable[tuple[str, int]], cause: str, out: Output) -> None:
        """Ask for days (source, start) that were decided to be closed again."""
        for source, day in days:
            memory = self.memory.get(source)
            if memory is not None and memory.decided >= day + DAY_MS:
                out.closings.setdefault((source, day), cause)

    def _work_closings(self, now: int, out: Output) -> None:
        """Close days that wait for it, within the budget of a tick; those of sources that are set aside wait on."""
        if self.past is None or not self.closings:
            return
        off = {self.points.source_names[sid] for sid in self._aside}
        free = next_days((key for key in self.closings if key[0] not in off), self.memory)
        for key in free:
            del self.closings[key]
            out.closed.append(key)
        known = [key for key in free if key[0] in self.points.sid]
        decided = {source: self.memory[source].decided for source, _day in known}
        close_days(known, now, self.points, self.spans, self.marks.values(), decided.__getitem__, self.past, self.findings, out)
        for mark in (self.marks[name] for name in self.doubts.take(out.events) if name in self.marks):
            if self.doubts.pending(mark, epoch_ms(mark.set_at)):  # its hours are judged without it
                self.spans_renew(mark.source)
                self.touch_period(mark.source, epoch_ms(mark.start), epoch_ms(mark.end), f"mark {mark.id}", out)

    def _work_touches(self, now: int, out: Output) -> None:
        """Rebuild the oldest touched source-hours from the store, within the budget of a tick."""
        if self.past is None or not self.touches:
            return
        batch = sorted(self.touches, key=lambda key: (key[1], key[0]))[:TOUCHES_A_TICK]
        kept = {source: source in self.points.sid and self.past.first_report_ms(source) is not None for source, _ in batch}
        kept_from = max(self.keep_from(now), self.past.kept_from_ms())
        aside = {key for key in batch if self.touches[key] == SET_ASIDE}
        for source, hour in batch:
            if not kept[source] or hour < kept_from:
                self.findings.refused(source, hour, now, out)
            del self.touches[source, hour]
            out.worked.append((source, hour))
        keys = [key for key in batch if kept[key[0]] and key[1] >= kept_from]
        if keys:
            rebuild_cold(keys, self.shelf, self._hot_day(), self.spans, self.past, self.desk, now, out, empty=aside)

    def touch_period(self, source: str, start_ms: int, end_ms: int, cause: str, out: Output) -> int:
        """Touch the hours of a source in [start, end) up to the end of the newest reading, or the last that was decided without any; return how many."""
        memory = self.memory.get(source)
        if memory is None or memory.high is None or source not in self.points.sid:
            return 0
        first_known = self.past.first_report_ms(source) if self.past is not None else None
        start = max(start_ms, first_known if first_known is not None else start_ms) // HOUR_MS * HOUR_MS
        kept_from = self.keep_from(self.watch.now_ms or 0)
        if start < kept_from < end_ms:
            self.findings.refused(source, start, self.watch.now_ms or 0, out)
            start = kept_from
        sid = self.points.sid[source]
        covered_until = memory.high + max(HOUR_MS, self.points.reach_ms[sid])
        hours = range(start, min(end_ms, max(covered_until, memory.decided)), HOUR_MS)
        for hour in hours:
            if hour < self._hot_from:
                self._touch(source, hour, cause, out)
            elif sid not in self._aside:  # a restart makes all hot hours anew
                self.shelf.soil(sid, hour)
                self._late.add((sid, hour))
        for day in days_touched(source, hours, memory.decided, self.points) if self.past is not None else ():
            out.closings.setdefault((source, day), cause)
        return len(hours)

    # -- marks ---------------------------------------------------------------------------------------------------

    def _mark(self, record: LogRecord, out: Output) -> None:
        for line in record.value.split(b"\n"):
            try:
                mark = Mark.model_validate_json(line)
            except ValueError as error:
                out.bad.append(BadLine(line, f"no mark: {error}"))
                continue
            if self.marks.get(mark.id) != mark:
                self._take_mark(mark, out)

    def _take_mark(self, mark: Mark, out: Output) -> None:
        """Touch what a mark covers and covered before, and what it leaves of a quota for others."""
        old = self.marks.get(mark.id)
        self.marks[mark.id] = mark
        unfit = self.checks.take(mark, old)
        out.marks.append(mark)
        states = {mark.state, *([old.state] if old is not None else [])}
        if "draft" in states and "confirmed" not in states:
            return  # a draft changes nothing
        for source in sorted({mark.source} | ({old.source} if old is not None else set())):
            before = self.spans_renew(source)
            periods = {(s.start_ms, s.end_ms) for s in before ^ self._exempt_of(source)} | unfit.get(source, set())
            said = [m for m in (mark, old) if m is not None and m.source == source]
            periods |= {(epoch_ms(m.start), epoch_ms(m.end)) for m in said if m.type != MANUAL}
            days = self._close_results(source, said, f"mark {mark.id}", out)
            decided = set[int]()
            for start, end in sorted(periods):
                decided.update(self._decided_hours(source, start, end))
                self.touch_period(source, start, end, f"mark {mark.id}", out)
            if source == mark.source and source in self.points.sid:
                now = self.watch.now_ms or epoch_ms(mark.set_at)
                told(mark, self.marks.values(), len(decided), days, now, self.points, self.findings, out)
                if (found := self.checks.judged(mark)) is not None:
                    tell_check(found, now, self.findings, out)

    def _close_results(self, source: str, marks: list[Mark], cause: str, out: Output) -> int:
        """Close the days anew that are over, and of which results of manual monitoring came or changed; return how many."""
        memory = self.memory.get(source)
        if self.past is None or memory is None:
            return 0
        days = days_of_results(marks, memory.decided, chosen(self.points.sources[source], self.points.packs))
        for day in days:
            out.closings.setdefault((source, day), cause)
        return len(days)

    def _decided_hours(self, source: str, start_ms: int, end_ms: int) -> range:
        """Return the hours of a source in [start, end) that were decided."""
        memory = self.memory.get(source)
        if memory is None or memory.high is None:
            return range(0)
        first = self.past.first_report_ms(source) if self.past is not None else None
        start = max(start_ms, start_ms if first is None else first, self.keep_from(self.watch.now_ms or 0))
        return range(start // HOUR_MS * HOUR_MS, min(end_ms, memory.decided), HOUR_MS)

    def _exempt_of(self, source: str) -> set[ExemptSpan]:
        sid = self.points.sid.get(source)
        return {span for span in self.desk.exempt if span.sid == sid}

    def spans_renew(self, source: str | None = None) -> set[ExemptSpan]:
        """Take the marks of a source, or of all, into the engine's own form; return what might be exempt at that source before."""
        before = self._exempt_of(source) if source is not None else set()
        sid = None if source is None else self.points.sid.get(source)
        of_source = [mark for mark in self.marks.values() if source is None or mark.source == source]
        pending = {m.id: m for m in of_source if m.id in self.doubts and self.doubts.pending(m, epoch_ms(m.set_at))}
        mine = [mark for mark in of_source if mark.id not in pending]
        elsewhere = [mark for mark in self.desk.pending if source is not None and mark.source != source]
        self.desk.pending = elsewhere + [pending[name] for name in sorted(pending)]
        others = [] if source is None else [span for span in self.spans if span.sid != sid]
        if source is None:
            self.checks.renew(self.marks.values())
        self.spans = others + spans_of(mine, self.points) + self.checks.spans(source)
        exempt = [] if source is None else [span for span in self.desk.exempt if span.sid != sid]
        self.desk.exempt = exempt + exempt_spans_of(mine, self.points)
        return before

    # -- restart -------------------------------------------------------------------------------------------------

    def load(self, lines: Sequence[bytes], hot_from: int) -> None:
        """Fill the hot set from stored report lines and touch all of it; nothing is published until the next tick."""
        self._hot_from = hot_from
        self._late |= {key for key in self.desk.silent_hours(self.shelf, hot_from) if key[0] not in self._aside}
        decoded = decode(lines, self.layouts)
        filed = place(decoded, self.fields).filed.filter(~pl.col("sid").is_in(self._aside))
        if filed.is_empty():
            return
        for sid, top in filed.group_by("sid").agg(pl.col("time").max()).rows():
            if self._by_sid[sid].high is None:
                self.remember(self.points.source_names[sid], top, top // HOUR_MS * HOUR_MS)
        decided = pl.Series([m.decided for m in self._by_sid], dtype=pl.Int64)
        late = pl.col("time") // HOUR_MS * HOUR_MS < decided.gather(filed["sid"])
        self._file(filed.with_columns(late=late), qualified(decoded, filed, self.fields), Output(), restored=True)
        self.meters.reload()

    def keep_from(self, now: int) -> int:
        """Return the first hour that may be rebuilt at a time; inputs of earlier ones are not kept."""
        return 0 if self.settings.keep_ms is None else max(0, self.findings.day_of(now - self.settings.keep_ms))

    def hot_from_of(self, now: int) -> int:
        """Return the first hour whose readings are hot at a time."""
        return (now - self.settings.hot_ms) // HOUR_MS * HOUR_MS

    def restore_episodes(self, episodes: Iterable[Episode], past: Past) -> None:
        """Take back episodes and the exceeding hours they are made of."""
        known = list(episodes)
        hours: list[HourVerdict] = []
        for episode in known:
            if episode.state == "withdrawn":
                continue
            for figure in past.cold_figures(episode.source, episode.level, episode.start_ms, episode.end_ms):
                if (figure.factor, figure.stat) == (episode.factor, episode.stat):
                    hours += [v for v in verdicts_of(figure) if v.limit_id == episode.limit_id]
        self.episodes.restore(known, [h for h in hours if h.verdict == EXCEEDS])

    def remember(self, source: str, high: int, decided: int, delays: Sequence[int] = ()) -> None:
        """Take back a source's watermark, and the delays of its newest live reports, after a restart."""
        if source in self.memory:
            memory = self.memory[source]
            memory.high, memory.decided, memory.delays = high, decided, list(delays)
