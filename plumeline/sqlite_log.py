"""The log in one SQLite file: appended by one writer thread in groups, each group fsynced before anyone is told."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from ingest.log import PARTITIONS, TOPICS, Entry, LogFull, LogRecord

QUEUED_BYTES_MAX = 64 * 2**20
"""Bytes that may wait for the writer; beyond it ``append`` raises LogFull and the gateway stops reading."""
GROUP_MAX = 512
"""Appends that one transaction takes at most."""
TRIM_SLICE = 20_000
"""Records that one trim deletes at most, so that the writer never stands still for long."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY AUTOINCREMENT, topic INTEGER NOT NULL, part INTEGER NOT NULL,
                                off INTEGER NOT NULL, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_CODE = {topic: code for code, topic in enumerate(TOPICS)}


class SqliteLog:
    """Implements ``ingest.log.Log``; one process writes, threads of it read."""

    def __init__(self, path: Path, partitions: int = PARTITIONS) -> None:
        """Open or make the log.

        Raises:
            ValueError: the file was made with another number of partitions, which is for ever.
        """
        self.path = path
        self.partitions = partitions
        db = _open(path)
        db.executescript(_SCHEMA)
        db.execute("INSERT OR IGNORE INTO meta VALUES ('partitions', ?)", (str(partitions),))
        (kept,) = db.execute("SELECT value FROM meta WHERE key = 'partitions'").fetchone()
        if int(kept) != partitions:
            raise ValueError(f"{path} has {kept} partitions, asked for {partitions}; a log keeps the number it was made with")
        db.commit()
        self._offsets = {(t, p): o for t, p, o in db.execute("SELECT topic, part, max(off) FROM log GROUP BY topic, part")}
        db.close()
        self._queue: queue.Queue[_Append | None] = queue.Queue()
        self._queued_bytes = 0
        self._lock = threading.Lock()
        self.appended = threading.Condition()
        self.appends = 0
        self._reader = _open(path)
        self._writer = threading.Thread(target=self._write, name="log-writer", daemon=True)
        self._writer.start()

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait for the writer."""
        return self._queued_bytes

    async def append(self, entries: Sequence[Entry]) -> None:
        """Append records; returns when they are fsynced. Raises LogFull when the writer is too far behind."""
        if not entries:
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._put(_Append(list(entries), loop, done, None))
        await done

    def append_now(self, entries: Sequence[Entry]) -> None:
        """Append from a thread without an event loop, and wait until the records are fsynced."""
        event = threading.Event()
        item = _Append(list(entries), None, None, event)
        self._put(item)
        event.wait()
        if item.error is not None:
            raise item.error

    def read(self, topics: Collection[str], after: int, limit: int) -> list[LogRecord]:
        """Return up to ``limit`` records of some topics with ``seq`` above ``after``, in order."""
        codes = ",".join(str(_CODE[t]) for t in topics)
        query = f"SELECT topic, part, off, seq, value FROM log WHERE seq > ? AND topic IN ({codes}) ORDER BY seq LIMIT ?"  # noqa: S608
        with self._lock:
            rows = self._reader.execute(query, (after, limit)).fetchall()
        return [LogRecord(TOPICS[t], p, o, s, v) for t, p, o, s, v in rows]

    def newest(self) -> int:
        """Return the sequence number of the newest record, 0 for an empty log."""
        with self._lock:
            (seq,) = self._reader.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone()
        return int(seq)

    def waiting(self, topics: Collection[str], after: int) -> int:
        """Return the number of records of some topics with ``seq`` above ``after``."""
        codes = ",".join(str(_CODE[t]) for t in topics)
        with self._lock:
            (count,) = self._reader.execute(
                f"SELECT count(*) FROM log WHERE seq > ? AND topic IN ({codes})",  # noqa: S608
                (after,),
            ).fetchone()
        return int(count)

    def trim(self, before: int) -> int:
        """Delete a slice of the records before a sequence number; return how many."""
        db = _open(self.path)
        try:
            with db:
                return db.execute(
                    "DELETE FROM log WHERE seq IN (SELECT seq FROM log WHERE seq < ? ORDER BY seq LIMIT ?)",
                    (before, TRIM_SLICE),
                ).rowcount
        finally:
            db.close()

    def close(self) -> None:
        """Write what is queued and stop."""
        self._queue.put(None)
        self._writer.join()
        with self._lock:
            self._reader.close()

    def _put(self, item: _Append) -> None:
        with self._lock:
            if self._queued_bytes and self._queued_bytes + item.size > QUEUED_BYTES_MAX:
                raise LogFull(f"{self._queued_bytes} bytes wait for {self.path.name}; send again in a second")
            self._queued_bytes += item.size
        self._queue.put(item)

    def _write(self) -> None:
        db = _open(self.path)
        while True:
            first = self._queue.get()
            group = [first]
            while len(group) < GROUP_MAX and not self._queue.empty():
                group.append(self._queue.get())
            items = [i for i in group if i is not None]
            error: Exception | None = None
            offsets = dict(self._offsets)
            try:
                with db:
                    db.executemany(
                        "INSERT INTO log (topic, part, off, value) VALUES (?, ?, ?, ?)",
                        [row for item in items for row in self._rows(item.entries, offsets)],
                    )
                self._offsets = offsets
            except sqlite3.Error as caught:
                error = caught
            with self._lock:
                self._queued_bytes -= sum(i.size for i in items)
            for item in items:
                item.finish(error)
            with self.appended:
                self.appends += 1
                self.appended.notify_all()
            if None in group:
                db.close()
                return

    def _rows(self, entries: list[Entry], offsets: dict[tuple[int, int], int]) -> list[tuple[int, int, int, bytes]]:
        rows = []
        for topic, partition, value in entries:
            key = (_CODE[topic], partition)
            offsets[key] = offsets.get(key, -1) + 1
            rows.append((*key, offsets[key], value))
        return rows


class _Append:
    """Entries that wait to be written, and whom to tell."""

    def __init__(
        self,
        entries: list[Entry],
        loop: asyncio.AbstractEventLoop | None,
        done: asyncio.Future[None] | None,
        event: threading.Event | None,
    ) -> None:
        self.entries, self.loop, self.done, self.event = entries, loop, done, event
        self.size = sum(len(e.value) for e in entries)
        self.error: Exception | None = None

    def finish(self, error: Exception | None) -> None:
        self.error = error
        if self.event is not None:
            self.event.set()
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._tell, error)

    def _tell(self, error: Exception | None) -> None:
        assert self.done is not None
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    return db
