"""Report lines in the SQLite store: bundles of a source's hour, cut to the millisecond; a file of another version is refused."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.files import NotReadable
from ingest.registry import Registry
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import HOUR_MS
from processors.output import Output
from processors.points import Points, Rules
from tests.processors.given import NOON, SO2, STACK, line, ms

LINES = {minute: line(NOON + timedelta(minutes=minute), {SO2: 20.0 + minute}) for minute in (0, 1, 59, 60, 61, 125)}
AT = ms(NOON)


def stored(path: Path, *turns: tuple[int, ...]) -> SqliteStore:
    """A store of turns of lines, each by its minute after noon."""
    writer = SqliteWriter(path)
    for n, minutes in enumerate(turns):
        rows = [(STACK, AT + m * 60_000, AT + m * 60_000 + 1000, LINES[m]) for m in minutes]
        writer.commit(Output(reports=rows), Points(Registry(), Rules()), [], n)
    return SqliteStore(writer)


def test_ranges_are_cut_at_their_edges(tmp_path: Path) -> None:
    """The start belongs to a range, the end does not; lines of one hour that came in several turns, and out of order, come by time."""
    store = stored(tmp_path / "data.db", (59, 0), (60, 1), (125, 61))
    minute = 60_000

    def asked(start: int, end: int, limit: int = 100) -> list[int]:
        return [(r.time_ms - AT) // minute for r in store.reports(STACK, AT + start, AT + end, limit)]

    assert asked(0, 3 * HOUR_MS) == [0, 1, 59, 60, 61, 125]
    assert asked(0, 60 * minute) == [0, 1, 59]
    assert asked(1, 60 * minute + 1) == [1, 59, 60]
    assert asked(minute, 59 * minute) == [1]
    assert asked(minute + 1, 59 * minute) == []
    assert asked(0, 3 * HOUR_MS, 2) == [0, 1]
    assert asked(2 * minute, 3 * HOUR_MS, 2) == [59, 60]
    assert store.reports("nobody", 0, 2**62) == []
    assert (store.first_report_ms(STACK), store.first_report_ms("nobody")) == (AT, None)
    assert sorted(store.lines_from(AT + HOUR_MS)) == sorted(LINES[m] for m in (60, 61, 125))
    (first, *_others) = store.reports(STACK, AT, AT + 1)
    assert (first.line, first.received_ms) == (LINES[0], AT + 1000)


def test_a_turn_that_is_repeated_adds_nothing(tmp_path: Path) -> None:
    """The same lines of an hour, together once more, are stored once."""
    store = stored(tmp_path / "data.db", (0, 1), (0, 1), (59,))
    assert [r.line for r in store.reports(STACK, AT, AT + HOUR_MS)] == [LINES[0], LINES[1], LINES[59]]


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    """One without a number, and one of a version to come, are named with what to do, and left as they are."""
    for version, said in ((0, "format 1"), (99, "format 99")):
        path = tmp_path / f"{version}.db"
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE reports (source TEXT, time INTEGER)")
            db.execute(f"PRAGMA user_version={version}")
        db.close()
        before = path.read_bytes()
        with pytest.raises(
            NotReadable, match=f"{version}.db was written by another version .*{said}.* begin with another folder"
        ):
            SqliteWriter(path)
        assert path.read_bytes() == before
    SqliteWriter(tmp_path / "new.db").close()
    SqliteWriter(tmp_path / "new.db").close()
