"""The runner of one process: reads the log, turns the engine, commits what it gives out, and hands events to the alerts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from alerts.outbox import Outbox
from ingest.log import LogRecord
from ingest.records import Frame, frame_id
from ingest.registry import Registry
from ingest.registry_diff import diff
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.decode import BadLine
from processors.engine import Engine
from processors.figures import DAY_MS, SourceState
from processors.memory import TICK_PREFIX, Settings
from processors.output import Output
from processors.points import Rules
from processors.publish import frame_of

READ = ("frames", "reports", "marks", "registry", "quarantine")
BATCH_RECORDS = 400
"""Records of one read; a turn never holds more."""
IDLE_S = 0.5
"""Longest wait for an append before the log is looked at again."""
EVENTS_A_TURN = 500
FIRST_REGISTRY = "registry.first"
"""Name of the registry that a store began with; later ones are records of the log."""
KEEP_RECORDS = 2_000_000
"""Records of the log that are kept behind the cursor; the store keeps reports and frames."""


def turns(records: Sequence[LogRecord]) -> list[list[LogRecord]]:
    """Cut a batch so that ticks begin a turn: what came before them is committed when they are worked on."""
    out: list[list[LogRecord]] = []
    ticking = False
    for record in records:
        tick = record.topic == "reports" and record.value.startswith(TICK_PREFIX)
        if not out or (tick and not ticking) or "registry" in (record.topic, out[-1][-1].topic):
            out.append([])
        out[-1].append(record)
        ticking = tick
    return out


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


class Runner:
    """One engine over one log and one store; ``run`` in a thread, or ``step`` by step."""

    def __init__(
        self,
        log: SqliteLog,
        writer: SqliteWriter,
        store: SqliteStore,
        registry: Registry,
        *,
        outbox: Outbox | None = None,
        wall_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        settings: Settings | None = None,
        rules: Rules | None = None,
        hook: Callable[[str], None] = lambda _stage: None,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self.log, self.writer, self.store, self.outbox = log, writer, store, outbox
        self.wall_ms, self.hook, self.told = wall_ms, hook, told
        self.settings, self.rules = settings or Settings(), rules or Rules()
        self.progress = Progress(seq=writer.cursor())
        kept = writer.get_meta("registry")
        self.engine = self._warm(Registry.model_validate_json(kept) if kept else registry)
        if kept is None:
            for name in ("registry", FIRST_REGISTRY):
                writer.put_meta(name, registry.model_dump_json())

    @property
    def registry(self) -> Registry:
        """The registry in force."""
        return self.engine.points.registry

    # -- running -------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Read and work off one batch; return whether there was any."""
        records = self.log.read(READ, self.progress.seq, BATCH_RECORDS)
        if not records:
            self._alert()
            return False
        started = time.monotonic()
        for turn in turns(records):
            self._turn(turn)
        self.progress.busy_s += time.monotonic() - started
        return True

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; an error of the infrastructure ends the thread and is shown in ``progress.failed``."""
        logger = structlog.get_logger("plumeline.runner")
        try:
            while not stop.is_set():
                if not self.step():
                    with self.log.appended:
                        if self.log.newest() <= self.progress.seq:
                            self.log.appended.wait(IDLE_S)
        except Exception as error:
            self.progress.failed = f"{type(error).__name__}: {error}"
            logger.exception("the runner stopped", seq=self.progress.seq)

    def drain(self) -> None:
        """Work until the log's end."""
        while self.step():
            pass

    def _turn(self, turn: list[LogRecord]) -> None:
        frames = [
            Frame.model_validate_json(line)
            for r in turn
            if r.topic in ("frames", "quarantine")
            for line in r.value.split(b"\n")
        ]
        try:
            out = self.engine.apply([r for r in turn if r.topic not in ("frames", "quarantine")])
        except Exception as error:
            out = self._bisect([r for r in turn if r.topic not in ("frames", "quarantine")], error)
        self.hook("applied")
        frames += [_bad_frame(bad, self.wall_ms()) for bad in out.bad]
        for frame in frames:
            if frame.verdict != "ok":
                self.progress.quarantined[frame.verdict] = self.progress.quarantined.get(frame.verdict, 0) + 1
        self.writer.commit(out, self.engine.points, frames, turn[-1].seq, self.hook)
        self.hook("committed")
        self.progress.seq = turn[-1].seq
        self.progress.readings += out.readings
        self.progress.figures += sum(f.height for f in out.figures)
        self.progress.turns += 1
        if out.registry is not None:
            self.adopt(Registry.model_validate_json(out.registry))
        if out.events or out.ticks:
            self._alert()

    def _bisect(self, turn: list[LogRecord], error: Exception) -> Output:
        """Find the records that raise, set them aside with the error, and take in the rest on a freshly warmed engine."""
        self.engine = self._warm(self.registry)
        if len(turn) == 1:
            structlog.get_logger("plumeline.runner").error("input set aside", error=repr(error), seq=turn[0].seq)
            return Output(bad=[BadLine(turn[0].value, f"raised {type(error).__name__}: {error}")])
        out = Output()
        for record in turn:
            try:
                part = self.engine.apply([record])
            except Exception as raised:
                self.engine = self._warm(self.registry)
                part = self._bisect([record], raised)
            for name in Output.__slots__:
                mine, theirs = getattr(out, name), getattr(part, name)
                if isinstance(mine, list):
                    mine += theirs
                elif isinstance(mine, dict):
                    mine.update(theirs)
                elif name == "readings":
                    out.readings += theirs
                elif theirs is not None:
                    setattr(out, name, theirs)
        return out

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

    # -- restart and registry ------------------------------------------------------------------------------------

    def _warm(self, registry: Registry) -> Engine:
        """Return an engine that knows what the store says at its cursor: the same as if it had never stopped."""
        engine = Engine(registry, self.rules, self.settings, self.store)
        rows = self.store.rows
        for gateway, tick in rows("SELECT gateway, time FROM ticks"):
            engine.watch.ticks[gateway] = tick
            engine.watch.sighted_ms[gateway] = tick
            engine.watch.now_ms = max(engine.watch.now_ms or tick, tick)
        for source, high, decided in rows("SELECT source, high, decided FROM watermarks"):
            engine.remember(source, high, decided)
        for (row,) in rows("SELECT row FROM sources"):
            state = SourceState(**json.loads(row))
            engine.watch.states[state.source] = state
        for mark in self.store.all_marks():
            engine.marks[mark.id] = mark
        engine.touches = {(s, h): c for s, h, c in rows("SELECT source, hour, cause FROM touches")}
        engine.restore_episodes(self.store.episodes(limit=100_000), self.store)
        now = engine.watch.now_ms
        hot_from = engine.hot_from_of(now) if now is not None else 0
        day = engine.day_of(hot_from) - DAY_MS if hot_from else 0
        for source, factor, start, state_json in rows("SELECT source, factor, day, state FROM carries"):
            pid = engine.points.pid.get((source, factor))
            if pid in engine.books:
                engine.books[pid].carries[start] = state_json
        for source in engine.points.source_names:
            for level in ("hour", "day"):
                figures = self.store.cold_figures(source, level, day, 2**62)
                engine.shelf.put(level, frame_of(figures, engine.points))
        engine.spans_renew()
        lines = [bytes(line) for (line,) in rows("SELECT line FROM reports WHERE time >= ?", (day - DAY_MS,))]
        engine.load(lines, hot_from)
        return engine

    def adopt(self, registry: Registry) -> int:
        """Put a new registry in force and touch what it changes; return how many source-hours."""
        changes = diff(self.registry, registry)
        self.engine = self._warm(registry)
        self.writer.put_meta("registry", registry.model_dump_json())
        out = Output()
        count = sum(self.engine.touch_period(c.source, c.from_ms, c.to_ms, c.what, out) for c in changes)
        self.writer.commit(out, self.engine.points, [], self.progress.seq)
        if self.outbox is not None:
            self.outbox.renew(registry.contacts)
        return count


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
