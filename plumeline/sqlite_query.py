"""The reading side of the SQLite store: what pages, explanations, restarts and cold rebuilds ask for."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ingest.records import MANUAL, Mark
from plumeline.sqlite_store import KEPT_FROM, LATEST, SqliteWriter, figure_of
from processors.figures import HOUR_MS, MINUTE_SCALE, Episode, Event, Figure, Level, SourceState, epoch_ms
from processors.rules.averaging import REASONS, VALID
from processors.store import StoreAway, StoredFrame, StoredMark, StoredReport, report_of

COLD_LINES_MAX = 2_000_000
"""Report lines that one cold load returns at most; a rebuild that needs more is cut into touches anyway."""


_HOUR = "factor, stat, start, value, reason, inputs, as_of"
_DECIDED = "source = ? AND level = 'hour' AND start >= ? AND start < ? AND revision > 0"


class SqliteStore:
    """Implements ``processors.store.StoreQuery`` and ``processors.output.Past`` over the writer's file."""

    def __init__(self, writer: SqliteWriter, describe: Callable[[Figure], dict[str, Any]] | None = None) -> None:
        self.writer = writer
        self.describe = describe
        self._shared = str(writer.path) == ":memory:"
        self._lock = threading.RLock() if not self._shared else writer.lock
        self._db = writer.db if self._shared else _reader(Path(writer.path))

    def close(self) -> None:
        """Close the reading connection."""
        if not self._shared:
            with self._lock:
                self._db.close()

    def rows(self, query: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query; raises StoreAway where the file cannot be read."""
        try:
            with self._lock:
                return self._db.execute(query, args).fetchall()
        except sqlite3.Error as error:
            raise StoreAway(f"the store does not answer: {error}") from error

    # -- StoreQuery ----------------------------------------------------------------------------------------------

    def sources(self) -> list[SourceState]:
        """Return the state of every source heard of."""
        return [SourceState(**json.loads(r)) for (r,) in self.rows("SELECT row FROM sources ORDER BY source")]

    def figures(
        self, source: str, level: Level, start_ms: int, end_ms: int, factor: str | None = None, stat: str | None = None
    ) -> list[Figure]:
        """Return latest figures of a source, by factor, stat and start."""
        if level == "minute":
            found = [
                f for f in self._minutes(source, start_ms, end_ms) if factor in (None, f.factor) and stat in (None, f.stat)
            ]
            return sorted(found, key=lambda f: (f.factor, f.stat, f.start_ms))
        query = f"SELECT {LATEST} FROM figures WHERE source = ? AND level = ? AND start >= ? AND start < ?"  # noqa: S608
        args: list[Any] = [source, level, start_ms, end_ms]
        for name, value in (("factor", factor), ("stat", stat)):
            if value is not None:
                query += f" AND {name} = ?"
                args.append(value)
        return [figure_of(r) for r in self.rows(query + " ORDER BY factor, stat, start", args)]

    def figure(self, source: str, factor: str, stat: str, level: Level, start_ms: int) -> Figure | None:
        """Return one latest figure."""
        found = self.figures(source, level, start_ms, start_ms + 1, factor, stat)
        if not found:
            return None
        return found[0] if self.describe is None else replace(found[0], explain=self.describe(found[0]))

    def revisions(self, source: str, factor: str, stat: str, level: Level, start_ms: int) -> list[Figure]:
        """Return every decided version of a figure, oldest first."""
        query = "SELECT row FROM revisions WHERE source=? AND level=? AND start=? AND factor=? AND stat=? ORDER BY revision"
        return [figure_of(json.loads(r)) for (r,) in self.rows(query, (source, level, start_ms, factor, stat))]

    def revised(self, source: str, start_ms: int, end_ms: int) -> list[Figure]:
        """Return the latest figures of a source that were revised."""
        query = f"SELECT {LATEST} FROM figures WHERE source = ? AND start >= ? AND start < ? AND revision > 1 ORDER BY start"  # noqa: S608
        return [figure_of(r) for r in self.rows(query, (source, start_ms, end_ms))]

    def reports(self, source: str, start_ms: int, end_ms: int, limit: int = 10_000) -> list[StoredReport]:
        """Return stored report lines of a source, by time."""
        found = [report_of(source, line) for line in self._lines(source, start_ms, end_ms, limit)]
        return sorted(found, key=lambda r: (r.time_ms, r.line))[:limit]

    def frame(self, frame_id: str) -> StoredFrame | None:
        """Return one frame."""
        found = self._frames("WHERE id = ?", (frame_id,))
        return found[0] if found else None

    def frames(self, source: str, limit: int = 50) -> list[StoredFrame]:
        """Return the newest frames of a source, newest first."""
        return self._frames("WHERE source = ? ORDER BY received DESC LIMIT ?", (source, limit))

    def marks(self, source: str, start_ms: int, end_ms: int, *, rejected: bool = False) -> list[StoredMark]:
        """Return the confirmed marks that overlap a range, and drafts and those that were ``rejected`` where they are asked for."""
        rows = self.rows(
            "SELECT row FROM marks WHERE source = ? AND start < ? AND end > ? ORDER BY start", (source, end_ms, start_ms)
        )
        marks = [Mark.model_validate_json(r) for (r,) in rows]
        return [stored_mark(m) for m in marks if rejected or m.state == "confirmed"]

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        """Return the newest events, newest first."""
        query, args = "SELECT id, kind, source, factor, time, live, facts FROM events WHERE 1", []
        if source is not None:
            query += " AND source = ?"
            args.append(source)
        if kind is not None:
            query += " AND kind >= ? AND kind < ?"
            args += [kind, kind + "\x7f"]
        rows = self.rows(query + " ORDER BY n DESC LIMIT ?", [*args, limit])
        return [_event(r) for r in rows]

    def episodes(self, source: str | None = None, state: str | None = None, limit: int = 200) -> list[Episode]:
        """Return episodes, open first, then newest first."""
        query, args = "SELECT row FROM episodes WHERE 1", list[Any]()
        for name, value in (("source", source), ("state", state)):
            if value is not None:
                query += f" AND {name} = ?"
                args.append(value)
        rows = self.rows(query + " ORDER BY state != 'open', start DESC LIMIT ?", [*args, limit])
        return [Episode(**json.loads(r)) for (r,) in rows]

    def quarantine(self, limit: int = 100) -> list[StoredFrame]:
        """Return what could not be read, newest first."""
        return self._frames("WHERE verdict != 'ok' ORDER BY received DESC LIMIT ?", (limit,))

    def quarantine_counts(self) -> dict[str, int]:
        """Return the number of quarantined inputs by reason."""
        return dict(self.rows("SELECT verdict, count(*) FROM frames WHERE verdict != 'ok' GROUP BY verdict ORDER BY 2 DESC"))

    def totals(self, level: Level, start_ms: int, end_ms: int) -> list[Figure]:
        """Return the figures of enterprises' accounts."""
        query = f"SELECT {LATEST} FROM figures WHERE source >= 'enterprise:' AND source < 'enterprise;' AND level = ? AND start >= ? AND start < ?"  # noqa: S608
        return [figure_of(r) for r in self.rows(query, (level, start_ms, end_ms))]

    def health(self) -> dict[str, int | str | None]:
        """Return what the store knows of the pipeline."""
        (tick,) = self.rows("SELECT max(time) FROM ticks")[0]
        (touches,) = self.rows("SELECT count(*) FROM touches")[0]
        (events,) = self.rows("SELECT coalesce(max(n), 0) FROM events")[0]
        cursor = self.rows("SELECT value FROM meta WHERE key = 'cursor'")
        return {
            "newest_tick_ms": tick,
            "processed_seq": int(cursor[0][0]) if cursor else 0,
            "touches_waiting": touches,
            "events": events,
        }

    # -- Past ----------------------------------------------------------------------------------------------------

    def cold_reports(self, keys: list[tuple[str, int, int]]) -> list[bytes]:
        """Return report lines of (source, start, end) ranges."""
        return [line for key in merged(keys) for line in self._lines(*key, COLD_LINES_MAX)]

    def lines_from(self, start_ms: int) -> list[bytes]:
        """Return the report lines of all sources of the hours that end after a time."""
        rows = self.rows("SELECT lines FROM reports WHERE hour > ?", (start_ms - HOUR_MS,))
        return [line for (bundle,) in rows for line in bundle.split(b"\n")]

    def _lines(self, source: str, start_ms: int, end_ms: int, enough: int) -> list[bytes]:
        """Return the report lines of a source in [start, end), hour by hour; no further hour where there are ``enough``."""
        out: list[bytes] = []
        query = "SELECT hour, lines FROM reports WHERE source = ? AND hour > ? AND hour < ? ORDER BY hour, rowid"
        reached = start_ms - HOUR_MS
        try:
            with self._lock:
                for hour, bundle in self._db.execute(query, (source, reached, end_ms)):
                    if hour != reached and len(out) >= enough:
                        break
                    reached = hour
                    whole = start_ms <= hour and hour + HOUR_MS <= end_ms
                    out += [
                        line for line in bundle.split(b"\n") if whole or start_ms <= report_of(source, line).time_ms < end_ms
                    ]
        except sqlite3.Error as error:
            raise StoreAway(f"the store does not answer: {error}") from error
        return out

    def cold_figures(self, source: str, level: str, start_ms: int, end_ms: int, stats: tuple[str, ...] = ()) -> list[Figure]:
        """Return the latest figures of a source and level, only those of ``stats`` where any are named."""
        known = cast(Level, level)
        if not stats:
            return self.figures(source, known, start_ms, end_ms)
        return [f for stat in stats for f in self.figures(source, known, start_ms, end_ms, stat=stat)]

    def cold_hours(
        self, source: str, stats: tuple[str, ...], start_ms: int, end_ms: int
    ) -> list[tuple[str, str, int, int | None, str | None, int, int]]:
        """Return (factor, stat, start, value, reason, digest, as of) of a source's decided hours, in the order of time."""
        wanted = ",".join("?" * len(stats))
        query = f"SELECT {_HOUR} FROM figures WHERE {_DECIDED} AND stat IN ({wanted}) ORDER BY start, factor, stat"  # noqa: S608
        rows = self.rows(query, (source, start_ms, end_ms, *stats))
        return [
            (factor, stat, start, value, reason, int(inputs, 16), as_of)
            for factor, stat, start, value, reason, inputs, as_of in rows
        ]

    def first_report_ms(self, source: str) -> int | None:
        """Return the time of a source's earliest report."""
        (hour,) = self.rows("SELECT min(hour) FROM reports WHERE source = ?", (source,))[0]
        return None if hour is None else min(r.time_ms for r in self.reports(source, hour, hour + HOUR_MS, COLD_LINES_MAX))

    def kept_from_ms(self) -> int:
        """Return the time before which rows may have been pruned."""
        return int(self.writer.get_meta(KEPT_FROM) or 0)

    def hours_between(self, source: str, start_ms: int, end_ms: int) -> int:
        """Return how many hours of a source have figures in [start, end)."""
        query = "SELECT count(DISTINCT start) FROM figures WHERE source = ? AND level = 'hour' AND start >= ? AND start < ?"
        return int(self.rows(query, (source, start_ms, min(end_ms, 2**62)))[0][0])

    # -- restart and alerts --------------------------------------------------------------------------------------

    def events_after(self, n: int, limit: int = 1_000) -> list[tuple[int, Event]]:
        """Return events by number, for the alerts' cursor."""
        query = "SELECT n, id, kind, source, factor, time, live, facts FROM events WHERE n > ? ORDER BY n LIMIT ?"
        return [(r[0], _event(r[1:])) for r in self.rows(query, (n, limit))]

    def all_marks(self) -> list[Mark]:
        """Return every mark ever filed."""
        return [Mark.model_validate_json(r) for (r,) in self.rows("SELECT row FROM marks")]

    def canonical(self) -> list[tuple[Any, ...]]:
        """Return all latest figures in canonical form: key, value, reason, n, verdict and digests, in order of the key.

        Figures without inputs (stated by a tick alone) are left out, as are the times at which anything was computed.
        """
        query = (
            "SELECT source, level, start, factor, stat, value, ok, reason, n, verdict, lim, inputs, rules FROM figures"
            " WHERE inputs != '0000000000000000' ORDER BY 1, 2, 3, 4, 5"
        )
        minutes = [
            (source, "minute", minute, factor, value, n, code, digest)
            for source, minute, body in self.rows("SELECT source, minute, body FROM minutes ORDER BY source, minute")
            for factor, (value, n, code, _as_of, digest) in json.loads(body).items()
        ]
        return [*self.rows(query), *minutes]

    def _frames(self, where: str, args: Sequence[Any]) -> list[StoredFrame]:
        columns = "id, source, received, peer, protocol, verdict, crc, answered, detail, raw"
        rows = self.rows(f"SELECT {columns} FROM frames {where}", args)  # noqa: S608
        return [StoredFrame(r[0], r[1], r[2], r[3], r[4], r[5], r[6], bool(r[7]), r[8], bytes(r[9])) for r in rows]

    def _minutes(self, source: str, start_ms: int, end_ms: int) -> list[Figure]:
        rows = self.rows(
            "SELECT minute, body FROM minutes WHERE source=? AND minute>=? AND minute<?", (source, start_ms, end_ms)
        )
        return [minute_figure(source, m, factor, entry) for m, body in rows for factor, entry in json.loads(body).items()]


def minute_figure(source: str, minute: int, factor: str, entry: list[Any]) -> Figure:
    """Return a packed minute as a figure; ``value`` is at MINUTE_SCALE."""
    value, n, code, as_of, digest = entry
    reason = None if code == VALID else REASONS[code]
    return Figure(
        source, factor, "avg", "minute", minute, value, value is not None, reason, n, "", "final", None, None, None,
        f"{digest:016x}", "", as_of, as_of, 0, {"scale": MINUTE_SCALE},
    )  # fmt: skip


def stored_mark(m: Mark) -> StoredMark:
    """Return a mark as pages read it."""
    factors = None if m.factors is None else tuple(m.factors)
    start, end, set_at = epoch_ms(m.start), epoch_ms(m.end), epoch_ms(m.set_at)
    check = None if m.check is None else m
    result = m if m.type == MANUAL else None
    return StoredMark(
        m.id, m.source, factors, m.type, start, end, m.author, m.reason, set_at, m.state, m.evidence, check, result
    )


def _event(r: Sequence[Any]) -> Event:
    return Event(r[0], r[1], r[2], r[3], r[4], bool(r[5]), json.loads(r[6]))


def merged(keys: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Return ranges of sources, those that touch one another as one."""
    out: list[tuple[str, int, int]] = []
    for source, start, end in sorted(keys):
        if out and out[-1][0] == source and start <= out[-1][2]:
            out[-1] = (source, out[-1][1], max(end, out[-1][2]))
        else:
            out.append((source, start, end))
    return out


def _reader(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5, check_same_thread=False)
    db.execute("PRAGMA query_only=ON")
    return db
