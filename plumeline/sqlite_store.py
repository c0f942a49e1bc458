"""The store in one SQLite file: what a turn of the engine gives out is written in one transaction, together with its cursor."""

from __future__ import annotations

import json
import sqlite3
import threading
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import xxhash

from ingest.files import NotReadable
from ingest.records import Frame, Mark
from processors.figures import HOUR_MS, Figure, epoch_ms
from processors.lines import listed, minute_bodies
from processors.output import Output
from processors.points import Points

SCHEMA = """
CREATE TABLE IF NOT EXISTS reports (source TEXT, hour INTEGER, digest INTEGER, received INTEGER, lines BLOB);
CREATE UNIQUE INDEX IF NOT EXISTS reports_of ON reports (source, hour, digest);
CREATE TABLE IF NOT EXISTS frames (id TEXT PRIMARY KEY, source TEXT, received INTEGER, peer TEXT, protocol TEXT, verdict TEXT,
    crc TEXT, answered INTEGER, detail TEXT, raw BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS frames_of ON frames (source, received);
CREATE INDEX IF NOT EXISTS frames_bad ON frames (received) WHERE verdict != 'ok';
CREATE TABLE IF NOT EXISTS minutes (source TEXT, minute INTEGER, body TEXT, PRIMARY KEY (source, minute)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS figures (source TEXT, level TEXT, start INTEGER, factor TEXT, stat TEXT, value INTEGER, ok INTEGER,
    reason TEXT, n INTEGER, unit TEXT, state TEXT, verdict TEXT, lim INTEGER, limit_id TEXT, inputs TEXT, rules TEXT,
    as_of INTEGER, decided INTEGER, revision INTEGER, explain TEXT, PRIMARY KEY (source, level, start, factor, stat)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS figures_exceeding ON figures (source, start) WHERE verdict = 'exceeds';
CREATE INDEX IF NOT EXISTS figures_revised ON figures (source, start) WHERE revision > 1;
CREATE TABLE IF NOT EXISTS revisions (source TEXT, level TEXT, start INTEGER, factor TEXT, stat TEXT, revision INTEGER, row TEXT,
    PRIMARY KEY (source, level, start, factor, stat, revision)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT, source TEXT, factor TEXT,
    time INTEGER, live INTEGER, facts TEXT);
CREATE INDEX IF NOT EXISTS events_of ON events (source, n);
CREATE TABLE IF NOT EXISTS episodes (id TEXT PRIMARY KEY, source TEXT, state TEXT, start INTEGER, row TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (source TEXT PRIMARY KEY, row TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watermarks (source TEXT PRIMARY KEY, high INTEGER, decided INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delays (source TEXT PRIMARY KEY, delays BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS carries (source TEXT, factor TEXT, day INTEGER, state TEXT, PRIMARY KEY (source, factor, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (id TEXT PRIMARY KEY, source TEXT, start INTEGER, end INTEGER, row TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS touches (source TEXT, hour INTEGER, cause TEXT, PRIMARY KEY (source, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS closings (source TEXT, day INTEGER, cause TEXT, PRIMARY KEY (source, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ticks (part INTEGER, gateway TEXT, time INTEGER, sighted INTEGER, PRIMARY KEY (part, gateway)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
FORMAT = 2
"""Number of the schema, as the file bears it: one that another version wrote is not touched."""
WAL_PAGES = 25_000
"""Pages (of 4 kB) that gather in the write-ahead log before they are copied into the file; copying often costs more than the turns."""
FILE_FRAME = (
    "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET source = excluded.source, protocol = excluded.protocol, verdict = excluded.verdict,"
    " crc = excluded.crc, detail = excluded.detail WHERE (frames.verdict != 'ok' AND excluded.verdict = 'ok')"
    " OR (excluded.protocol = 'reports' AND excluded.verdict != 'ok')"
)
"""A frame that came before stays as it is, except that one tried again is read, and that lines which fail once more say so."""
KEPT_FROM = "kept_from"
"""Name of the time before which rows may have been pruned."""
LATEST = (
    "source, level, start, factor, stat, value, ok, reason, n, unit, state, verdict, lim, limit_id, inputs, rules, as_of, decided,"
    " revision, explain"
)


class SqliteWriter:
    """The writing side; ``plumeline.sqlite_query`` reads. Without ``keeps_pages`` what only pages show is left out."""

    def __init__(self, path: Path | str, *, keeps_pages: bool = True) -> None:
        self.path, self.keeps_pages = path, keeps_pages
        self.lock = threading.RLock()
        self.db = sqlite3.connect(path, timeout=10, check_same_thread=False)
        self._check_format()
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.execute("PRAGMA cache_size=-65536")
        self.db.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
        self.db.executescript(SCHEMA)
        self.db.commit()

    def _check_format(self) -> None:
        (known,), (tables,) = (
            self.db.execute(query).fetchone() for query in ("PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        )
        if tables and known != FORMAT:
            self.db.close()
            raise NotReadable(
                f"{self.path} was written by another version of Plumeline (format {known or 1}, this one reads {FORMAT}):"
                " begin with another folder, or move this one away"
            )
        self.db.execute(f"PRAGMA user_version={FORMAT}")

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.db.close()

    def cursor(self) -> int:
        """Return the sequence number up to which the log is stored."""
        with self.lock:
            row = self.db.execute("SELECT value FROM meta WHERE key = 'cursor'").fetchone()
        return int(row[0]) if row else 0

    def commit(
        self,
        out: Output,
        points: Points,
        frames: Iterable[Frame],
        cursor: int,
        hook: Callable[[str], None] = lambda _s: None,
        offsets: Mapping[str, int] | None = None,
    ) -> None:
        """Write a turn and its cursor in one transaction; ``hook`` is called between its parts (for crash tests).

        ``offsets`` are those of the newest record of each topic, where topics are read each in its own order.
        """
        with self.lock:
            db = self.db
            db.execute("BEGIN IMMEDIATE")
            try:
                self._inputs(out, frames)
                hook("inputs")
                self._figures(out, points)
                hook("figures")
                self._state(out)
                db.execute("INSERT OR REPLACE INTO meta VALUES ('cursor', ?)", (str(cursor),))
                if offsets is not None:
                    db.execute("INSERT OR REPLACE INTO meta VALUES ('offsets', ?)", (json.dumps(offsets),))
                hook("state")
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise

    def put_meta(self, key: str, value: str) -> None:
        """Keep a named text."""
        with self.lock, self.db:
            self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def get_meta(self, key: str) -> str | None:
        """Return a named text."""
        with self.lock:
            row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _inputs(self, out: Output, frames: Iterable[Frame]) -> None:
        db = self.db
        db.executemany("INSERT OR IGNORE INTO reports VALUES (?, ?, ?, ?, ?)", _bundles(out))
        db.executemany(
            FILE_FRAME,
            [
                (
                    f.id,
                    f.source,
                    epoch_ms(f.received),
                    f.peer,
                    f.protocol,
                    f.verdict,
                    f.crc,
                    int(f.answered),
                    f.detail,
                    f.raw.encode("latin-1"),
                )
                for f in frames
            ],
        )
        db.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?)", [_mark_row(m) for m in out.marks])

    def _figures(self, out: Output, points: Points) -> None:
        db = self.db
        for minutes in out.minutes if self.keeps_pages else ():
            db.executemany("INSERT OR REPLACE INTO minutes VALUES (?, ?, ?)", minute_bodies(minutes, points))
        rows = [_figure_row(f) for f in listed(out, points)]
        marks = ",".join("?" * 20)
        db.executemany(f"INSERT OR REPLACE INTO figures VALUES ({marks})", rows)  # noqa: S608
        if not self.keeps_pages:
            return
        db.executemany(
            "INSERT OR IGNORE INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row[:5], row[18], json.dumps(row, separators=(",", ":"))) for row in rows if row[18] > 0],
        )

    def _state(self, out: Output) -> None:
        db = self.db
        db.executemany(
            "INSERT OR IGNORE INTO events (id, kind, source, factor, time, live, facts) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (e.id, e.kind, e.source, e.factor, e.time_ms, int(e.live), json.dumps(e.facts, ensure_ascii=False))
                for e in out.events
            ],
        )
        db.executemany(
            "INSERT OR REPLACE INTO episodes VALUES (?, ?, ?, ?, ?)",
            [(e.id, e.source, e.state, e.start_ms, json.dumps(_fields(e), ensure_ascii=False)) for e in out.episodes],
        )
        db.executemany(
            "INSERT OR REPLACE INTO sources VALUES (?, ?)", [(n, json.dumps(_fields(s))) for n, s in out.sources.items()]
        )
        db.executemany(
            "INSERT OR REPLACE INTO watermarks VALUES (?, ?, ?)", [(s, h, d) for s, (h, d) in out.watermarks.items()]
        )
        db.executemany("INSERT OR REPLACE INTO delays VALUES (?, ?)", [(s, array("q", d)) for s, d in out.delays.items()])
        db.executemany("INSERT OR REPLACE INTO carries VALUES (?, ?, ?, ?)", out.carries)
        db.executemany("INSERT OR IGNORE INTO touches VALUES (?, ?, ?)", [(s, h, c) for (s, h), c in out.touched.items()])
        db.executemany("DELETE FROM touches WHERE source = ? AND hour = ?", out.worked)
        db.executemany("INSERT OR IGNORE INTO closings VALUES (?, ?, ?)", [(s, d, c) for (s, d), c in out.closings_due.items()])
        db.executemany("DELETE FROM closings WHERE source = ? AND day = ?", out.closed)
        db.executemany("INSERT OR REPLACE INTO ticks VALUES (?, ?, ?, ?)", [(*k, *t) for k, t in out.ticks.items()])


def _bundles(out: Output) -> list[tuple[str, int, int, int, bytes]]:
    """Return a turn's report lines as one row for each source and hour (of the device's time), with their newest receipt."""
    lines: dict[tuple[str, int], list[bytes]] = {}
    newest: dict[tuple[str, int], int] = {}
    for source, time, received, line in out.reports:
        key = (source, time // HOUR_MS)
        held = lines.get(key)
        if held is None:
            lines[key], newest[key] = [line], received
        else:
            held.append(line)
            if received > newest[key]:
                newest[key] = received
    joined = ((source, hour, newest[source, hour], b"\n".join(held)) for (source, hour), held in lines.items())
    return [
        (source, hour * HOUR_MS, _signed(xxhash.xxh3_64_intdigest(text)), received, text)
        for source, hour, received, text in joined
    ]


def _figure_row(f: Figure) -> tuple[Any, ...]:
    return (
        f.source,
        f.level,
        f.start_ms,
        f.factor,
        f.stat,
        f.value,
        int(f.ok),
        f.reason,
        f.n,
        f.unit,
        f.state,
        f.verdict,
        f.limit,
        f.limit_id,
        f.inputs,
        f.rules,
        f.as_of_ms,
        f.decided_ms,
        f.revision,
        orjson.dumps(f.explain).decode(),
    )


def figure_of(row: Sequence[Any]) -> Figure:
    """Return the figure of a row in the order of LATEST."""
    source, level, start, factor, stat, value, ok, reason, n, unit, state, verdict, limit, limit_id, *rest = row
    inputs, rules, as_of, decided, revision, explain = rest
    return Figure(
        source, factor, stat, level, start, value, bool(ok), reason, n, unit, state, verdict, limit, limit_id, inputs, rules,
        as_of, decided, revision, json.loads(explain),
    )  # fmt: skip


def _mark_row(mark: Mark) -> tuple[str, str, int, int, str]:
    return (mark.id, mark.source, epoch_ms(mark.start), epoch_ms(mark.end), mark.model_dump_json())


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value
