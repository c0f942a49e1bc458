"""The runner of one process: reads the log, turns the engine, commits what it gives out, and hands events to the alerts."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from alerts.outbox import Outbox
from ingest.log import Entry, LogFull, LogRecord, partition_of
from ingest.records import Frame, Touch, frame_id
from ingest.registry import Registry, part_of
from ingest.registry_diff import diff
from plumeline.blame import LINES_ASIDE_MAX, Blame, reason_of
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from plumeline.waiting_room import WaitingRoom
from processors.decode import BadLine
from processors.early import EXPECTED, WARNINGS_MAX
from processors.engine import Engine
from processors.figures import DAY_MS, HOUR_MS, SourceState, local
from processors.memory import Settings
from processors.output import Output
from processors.pending import CONTRADICTED, DOUBTS_MAX
from processors.points import Rules
from processors.publish import frame_of
from processors.responses import changed_days
from processors.store import StoreAway

VERBATIM = ("frames", "quarantine")
"""Topics that are stored as they are; the engine does not read them."""
READ = ("frames", "reports", "marks", "registry", "touches", "quarantine")
BATCH_RECORDS = 1_600
"""Records of one read; a turn never holds more."""
IDLE_S = 0.5
"""Longest wait for an append before the log is looked at again."""
EVENTS_A_TURN = 500
JOURNAL_A_TURN = 500
APART_MAX = 32
"""Inputs of one read that are set aside because the engine raises; where more do, it is not the inputs' fault, and the process stops."""
EPISODES_MAX = 100_000
"""Episodes that a restart reads, the open ones and then the newest: hundreds for each of hundreds of sources."""
FULL_TURNS_MAX = 20
"""Full reads after which a slice of the backfill is let in all the same: it must end some day, however much is live."""
SOURCES_ASIDE_MAX = 32
"""Sources that are set aside because a rule raises at their hours; where more do, it is not the sources' fault, and the process stops."""
FIRST_REGISTRY = "registry.first"
"""Name of the registry that a store began with; later ones are records of the log."""
KEEP_RECORDS = 2_000_000
"""Records of the log that are kept behind the cursor; the store keeps reports and frames."""


def turns(records: Sequence[LogRecord]) -> list[list[LogRecord]]:
    """Cut a batch behind each change of the registry, so that what follows meets an engine that knows it."""
    out: list[list[LogRecord]] = [[]]
    for record in records:
        out[-1].append(record)
        if record.topic == "registry":
            out.append([])
    return [part for part in out if part]


@dataclass(slots=True)
class Progress:
    """What the runner counts; read by metrics, health and benchmarks."""

    seq: int = 0
    readings: int = 0
    figures: int = 0
    turns: int = 0
    busy_s: float = 0.0
    failed: str | None = None
    quarantined: dict[str, int] = field(default_factory=dict)


class Published(Protocol):
    """Where a turn's touches and events go before it is stored."""

    def append_now(self, entries: Sequence[Entry]) -> None:
        """Append records and return when they are durable."""


class Turns:
    """One engine over one store: records in, what they cause published and stored, turn by turn."""

    def __init__(
        self,
        log: Published,
        writer: SqliteWriter,
        store: SqliteStore,
        registry: Registry,
        *,
        wall_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        settings: Settings | None = None,
        rules: Rules | None = None,
        hook: Callable[[str], None] = lambda _stage: None,
        publishes: bool = True,
        accounts: bool = True,
    ) -> None:
        self.accounts = accounts
        self.published, self.writer, self.store = log, writer, store
        self.wall_ms, self.hook, self.publishes = wall_ms, hook, publishes
        self.settings, self.rules = settings or Settings(), rules or Rules()
        self.progress = Progress(seq=writer.cursor())
        self.offsets: dict[str, int] = json.loads(writer.get_meta("offsets") or "{}")
        self._reading: list[LogRecord] = []
        self._aside = 0
        self.aside: dict[str, str] = {}
        """Sources that are set aside until a restart or a change of the registry, and why."""
        kept = writer.get_meta("registry")
        self.engine = self._warm(Registry.model_validate_json(kept) if kept else registry)
        if kept is None:
            for name in ("registry", FIRST_REGISTRY):
                writer.put_meta(name, registry.model_dump_json())

    @property
    def registry(self) -> Registry:
        """The registry in force."""
        return self.engine.points.registry

    def work(self, records: Sequence[LogRecord], *, live: bool = True) -> None:
        """Take in records of which at most the last is a registry, and commit what they cause; ``live`` where no more wait."""
        frames = [Frame.model_validate_json(line) for r in records if r.topic in VERBATIM for line in r.value.split(b"\n")]
        inputs = [r for r in records if r.topic not in VERBATIM]
        self._reading, self._aside = list(records), 0
        try:
            self._take(inputs, records[-1].seq, frames, live=live)
        except Exception as error:
            if _is_away(error):
                raise
            self._apart([r for r in inputs if r.seq > self.progress.seq], None, error)
            if self.progress.seq < records[-1].seq:
                self._commit(Output(), records[-1].seq, frames)

    def _take(self, inputs: list[LogRecord], upto: int, frames: list[Frame], *, live: bool = True) -> None:
        for out in self.engine.apply(inputs, live=live):
            self.hook("applied")
            done = not inputs or out.seq >= inputs[-1].seq
            self._commit(out, upto if done else max(out.seq, self.progress.seq), frames)
            frames = []

    def _commit(self, out: Output, seq: int, frames: list[Frame]) -> None:
        """Append what belongs on the log, then store the turn with its cursor: a turn that is repeated appends it again."""
        if self.publishes and (entries := self.entries(out)):
            self.published.append_now(entries)
            self.hook("published")
        frames = frames + bad_frames(out.bad, self.wall_ms())
        for frame in frames:
            if frame.verdict != "ok":
                self.progress.quarantined[frame.verdict] = self.progress.quarantined.get(frame.verdict, 0) + 1
        self.writer.commit(out, self.engine.points, frames, seq, self.hook, self._offsets_at(seq))
        self.hook("committed")
        self.progress.seq = seq
        self.progress.readings += out.readings
        self.progress.figures += sum(f.height for f in out.figures)
        self.progress.turns += 1
        if out.registry is not None:
            self.adopt(Registry.model_validate_json(out.registry))
        self.committed(out)

    def _offsets_at(self, seq: int) -> dict[str, int]:
        """Return the newest offset of each topic up to a sequence number of the records that are being read."""
        self.offsets |= {r.topic: r.offset for r in self._reading if r.seq <= seq}
        self._reading = [r for r in self._reading if r.seq > seq]
        return self.offsets

    def _apart(self, inputs: list[LogRecord], behind: int | None, error: Exception) -> None:
        """Halve records, and at last lines, until what raises stands alone; set that aside and take in the rest.

        ``behind`` is the sequence number of what follows; a record cut into lines is done when the last of them is.
        """
        self.engine = self._warm(self.registry)
        if len(inputs) == 1 and len(lines := inputs[0].value.split(b"\n")) > 1:
            inputs = [inputs[0]._replace(value=line) for line in lines]
        if len(inputs) == 1:
            (record,) = inputs
            if self._source_aside(record):
                try:
                    self._take(inputs, record.seq if record.seq != behind else self.progress.seq, [])
                except Exception as raised:
                    if _is_away(raised):
                        raise
                    self._apart([r for r in inputs if r.seq > self.progress.seq], behind, raised)
                return
            self._aside += 1
            if self._aside > APART_MAX:
                raise RuntimeError(f"more than {APART_MAX} inputs of one read raise; the last: {error!r}") from error
            structlog.get_logger("plumeline.runner").error("input set aside", error=repr(error), seq=record.seq)
            out = Output(bad=[BadLine(record.value, reason_of(error))])
            self.engine.findings.set_aside(record.value, self.engine.watch.now_ms or 0, reason_of(error), out)
            self._commit(out, record.seq if record.seq != behind else self.progress.seq, [])
            return
        middle = len(inputs) // 2
        for half, follows in ((inputs[:middle], inputs[middle].seq), (inputs[middle:], behind)):
            try:
                self._take(half, half[-1].seq if half[-1].seq != follows else self.progress.seq, [])
            except Exception as raised:
                if _is_away(raised) or self._aside > APART_MAX:
                    raise
                self._apart([r for r in half if r.seq > self.progress.seq], follows, raised)

    def _source_aside(self, record: LogRecord) -> bool:
        """Set the source aside at whose hours a rule raises with a record; return whether it is a source's fault."""
        sources = [s for s in self.engine.points.source_names if s not in self.aside]
        fault = Blame(lambda some: self._warm(self.registry, some), self.store, _is_away).fault(record, sources)
        if fault is None:
            return False
        source, hour, error = fault
        if len(self.aside) >= SOURCES_ASIDE_MAX:
            raise RuntimeError(
                f"a rule raises at more than {SOURCES_ASIDE_MAX} sources; the last: {source}: {error!r}"
            ) from error
        reason = reason_of(error)
        structlog.get_logger("plumeline.runner").error("source set aside", source=source, hour=str(local(hour)), reason=reason)
        self.aside[source] = reason
        self.engine = self._warm(self.registry)
        lines = self.store.cold_reports([(source, hour, hour + HOUR_MS)])[:LINES_ASIDE_MAX]
        out = Output(bad=[BadLine(line, reason) for line in lines])
        self.engine.findings.quarantined(source, hour, self.engine.watch.now_ms or hour, reason, out)
        self._commit(out, self.progress.seq, [])
        return True

    # -- restart and registry ------------------------------------------------------------------------------------

    def _warm(self, registry: Registry, only: Collection[str] | None = None) -> Engine:
        """Return an engine that knows what the store says at its cursor: the same as if it had never stopped.

        With ``only`` it knows no other sources, also of those that are set aside.
        """
        if only is not None:
            registry = part_of(registry, lambda source: source in only)
        aside = self.aside if only is None else ()
        engine = Engine(registry, self.rules, self.settings, self.store, accounts=self.accounts, aside=aside)
        rows = self.store.rows
        delays = {source: array("q", kept) for source, kept in rows("SELECT source, delays FROM delays")}
        for source, high, decided in rows("SELECT source, high, decided FROM watermarks"):
            engine.remember(source, high, decided, delays.get(source, ()))
        states = [SourceState(**json.loads(row)) for (row,) in rows("SELECT row FROM sources")]
        ticks: list[Any] = rows("SELECT part, gateway, time, sighted FROM ticks")
        engine.watch.restore(ticks, states)
        for mark in self.store.all_marks():
            engine.marks[mark.id] = mark
        engine.doubts.take(self.store.events(kind=CONTRADICTED, limit=DOUBTS_MAX))
        for source, hour, cause in rows("SELECT source, hour, cause FROM touches"):
            if only is None or source in only:
                engine.wait_for(source, hour, cause)
        for source, day, cause in rows("SELECT source, day, cause FROM closings"):
            if only is None or source in only:
                engine.close_later(source, day, cause)
        episodes = self.store.episodes(limit=EPISODES_MAX)
        engine.restore_episodes([e for e in episodes if only is None or e.source in only], self.store)
        engine.early.restore(self.store.events(kind=EXPECTED, limit=WARNINGS_MAX))
        now = engine.watch.reached_ms  # what waits for a tick that its own partition does not hold yet is hot still
        hot_from = engine.hot_from_of(now) if now is not None else 0
        day = engine.findings.day_of(hot_from) - DAY_MS if hot_from else 0
        for source, factor, start, state_json in rows("SELECT source, factor, day, state FROM carries"):
            pid = engine.points.pid.get((source, factor))
            if pid in engine.meters.books:
                engine.meters.books[pid].carries[start] = state_json
        for source in engine.points.source_names:
            for level in ("hour", "day"):
                if figures := self.store.cold_figures(source, level, day, 2**62):
                    engine.shelf.put(level, frame_of(figures, engine.points))
        engine.spans_renew()
        if only is None:
            lines = self.store.lines_from(day - DAY_MS)
        else:
            lines = self.store.cold_reports([(source, day - DAY_MS, 2**62) for source in only])
        engine.load(lines, hot_from)
        return engine

    def adopt(self, registry: Registry) -> int:
        """Put a new registry in force and touch what it changes; return how many source-hours."""
        before = self.registry
        changes = diff(before, registry)
        self.aside.clear()
        self.engine = self._warm(registry)
        self.writer.put_meta("registry", registry.model_dump_json())
        out = Output()
        count = sum(self.engine.touch_period(c.source, c.from_ms, c.to_ms, c.what, out) for c in changes)
        self.engine.close_again(changed_days(before, registry), "warning or plan changed", out)
        self._commit(out, self.progress.seq, [])
        return count

    # -- for the runner ------------------------------------------------------------------------------------------

    def entries(self, out: Output) -> list[Entry]:
        """Return what a turn puts on the log, before it is stored."""
        raise NotImplementedError

    def committed(self, out: Output) -> None:
        """Do what follows a stored turn."""


class Runner(Turns):
    """The runner of one process over its SQLite log; ``run`` in a thread, or ``step`` by step."""

    def __init__(
        self,
        log: SqliteLog,
        writer: SqliteWriter,
        store: SqliteStore,
        registry: Registry,
        *,
        outbox: Outbox | None = None,
        told: Callable[[], None] = lambda: None,
        wall_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        settings: Settings | None = None,
        hook: Callable[[str], None] = lambda _stage: None,
        publishes: bool = True,
    ) -> None:
        self.log, self.outbox, self.told = log, outbox, told
        super().__init__(log, writer, store, registry, wall_ms=wall_ms, settings=settings, hook=hook, publishes=publishes)
        self.waiting_room = WaitingRoom(log, writer, hook) if publishes else None
        self._full_turns = 0

    # -- running -------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Read and work off one batch, and let a slice of the backfill in where no more waits; return whether there was any."""
        records = self.log.read(READ, self.progress.seq, BATCH_RECORDS)
        full = len(records) == BATCH_RECORDS
        if records:
            started = time.monotonic()
            for turn in turns(records):
                self.work(turn, live=not full)
            self.progress.busy_s += time.monotonic() - started
        else:
            self._alert()
        self._full_turns = self._full_turns + 1 if full else 0
        free = not full or self._full_turns % FULL_TURNS_MAX == 0
        moved = free and not self.engine.behind and self._let_in(settled=True)
        return bool(records) or moved

    def _let_in(self, *, settled: bool) -> bool:
        return self.waiting_room is not None and self.waiting_room.let_in(settled=settled)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; an error of the infrastructure ends the thread and is shown in ``progress.failed``."""
        logger = structlog.get_logger("plumeline.runner")
        try:
            while not stop.is_set():
                if not self.step():
                    with self.log.appended:
                        if not self.log.waiting(READ, self.progress.seq):
                            self.log.appended.wait(IDLE_S)
        except Exception as error:
            self.progress.failed = f"{type(error).__name__}: {error}"
            logger.exception("the runner stopped", seq=self.progress.seq)

    def backfill_waiting(self) -> int:
        """Return how many records of backfill are not filed yet."""
        return self.waiting_room.count() if self.waiting_room is not None else 0

    def keep_from(self) -> int:
        """Return the sequence number of the oldest record of the log that must be kept."""
        upto = self.progress.seq - KEEP_RECORDS
        return min(upto, self.waiting_room.seq + 1) if self.backfill_waiting() and self.waiting_room is not None else upto

    def drain(self) -> None:
        """Work until the log's end, the backfill included."""
        while self.step() or self._let_in(settled=False):
            pass

    def entries(self, out: Output) -> list[Entry]:
        """Return what a turn puts on the log: touches, which come back as input, and events, for whoever wants to know."""
        return touch_entries(out) + event_entries(out)

    def committed(self, out: Output) -> None:
        """Hand a turn's events to the alerts."""
        if out.events or out.ticks:
            self._alert()

    def adopt(self, registry: Registry) -> int:
        """Put a new registry in force, and its contacts."""
        count = super().adopt(registry)
        if self.outbox is not None:
            self.outbox.renew(registry.contacts)
        return count

    def _alert(self) -> None:
        if self.outbox is None:
            return
        made = False
        while events := self.store.events_after(self.outbox.cursor, EVENTS_A_TURN):
            made = bool(self.outbox.consume(events, self.registry, self.wall_ms())) or made
            self.hook("told")
        if self.engine.watch.now_ms is not None:
            made = bool(self.outbox.tick(self.engine.watch.now_ms, self.registry, self.wall_ms())) or made
        if made:
            self.told()
        if self.publishes:
            self._journal(self.outbox)

    def _journal(self, outbox: Outbox) -> None:
        """Copy what the alerts' journal says to topic ``alerts``; after a crash a line may stand there twice, under one number."""
        while lines := outbox.journal(outbox.journalled, JOURNAL_A_TURN):
            self.log.append_now([Entry("alerts", partition_of(line.source), line.line) for line in lines])
            outbox.journalled = lines[-1].n


def touch_entries(out: Output) -> list[Entry]:
    """Return a turn's touches as records: of hours to be rebuilt, and of days to be closed."""
    asked = [Touch(source=source, hour=local(hour), cause=cause) for (source, hour), cause in out.touches.items()]
    asked += [Touch(source=source, hour=local(day), cause=cause, level="day") for (source, day), cause in out.closings.items()]
    return [Entry("touches", partition_of(touch.source), touch.line()) for touch in asked]


def event_entries(out: Output) -> list[Entry]:
    """Return a turn's events as records."""
    return [Entry("events", partition_of(e.source), e.line()) for e in out.events]


def _is_away(error: Exception) -> bool:
    """Whether an error is trouble of the infrastructure, which no input can be blamed for."""
    return isinstance(error, sqlite3.Error | OSError | LogFull | StoreAway)


def bad_frames(bad: Iterable[BadLine], now_ms: int) -> list[Frame]:
    """Return input that was set aside as frames, for quarantine."""
    return [_bad_frame(each, now_ms) for each in bad]


def _bad_frame(bad: BadLine, now_ms: int) -> Frame:
    received = datetime.fromtimestamp(now_ms / 1000, UTC)
    return Frame(
        id=frame_id(bad.line),
        received=received,
        peer="log",
        protocol="reports",
        raw=bad.line.decode("latin-1"),
        verdict="not a report",
        detail=bad.reason,
    )
