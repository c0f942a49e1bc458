"""The meters of all sources: readings into their books, books into hourly energy."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from processors.decode import Layouts, decode
from processors.energy import meter_rows
from processors.figures import DAY_MS, local_iso
from processors.findings import Findings
from processors.meters import MeterBook, MeterReading
from processors.output import Output, Past
from processors.points import Points
from processors.qualify import Fields, place, qualify

_FIELDS = ("pid", "time", "value", "code", "decoder", "sent", "received", "digest", "hash")


class Meters:
    """The books by point, and the hours of theirs that changed after they were decided."""

    def __init__(self, points: Points, findings: Findings, past: Past | None) -> None:
        self.points, self.findings, self.past = points, findings, past
        self.books = {pid: self._book(pid) for pid in points.meters}
        self.late: set[tuple[int, int]] = set()
        """(pid, hour) whose energy may differ and that were not made since."""

    def _book(self, pid: int) -> MeterBook:
        source = self.points.sources[self.points.keys[pid].source]
        changes = self.points.changes.get(pid, [])
        return MeterBook(self.points.meters[pid], changes, source.cadence_s * 1000, self.points.rules.offset_ms)

    @property
    def dirty(self) -> bool:
        """Whether a book has new readings or an hour changed."""
        return bool(self.late) or any(book.dirty for book in self.books.values())

    def add(self, readings: pl.DataFrame, out: Output) -> None:
        """Put readings of registers and intervals, rows of READING_SCHEMA, into their books."""
        rows: dict[int, list[MeterReading]] = {}
        for pid, reading in _read(readings):
            rows.setdefault(pid, []).append(reading)
        for pid, found in rows.items():
            book = self.books.get(pid)
            if book is None:
                continue
            self._reach_back(pid, book, min(r.time_ms for r in found))
            for reading in book.add(found):
                self.findings.conflict(pid, reading.time_ms, reading.received_ms, out)

    def _reach_back(self, pid: int, book: MeterBook, time_ms: int) -> None:
        """Load what a book has forgotten between an old reading's day and the days it still holds."""
        day, first = book.day_of(time_ms), min(book.days, default=None)
        if self.past is None or first is None or day >= first or not book.carries:
            return
        layouts = Layouts()
        fields = Fields(layouts, self.points)
        decoded = decode(self.past.cold_reports([(self.points.keys[pid].source, day - DAY_MS, first + DAY_MS)]), layouts)
        book.add(r for p, r in _read(qualify(decoded, place(decoded, fields).filed, fields)) if p == pid)

    def run(self, out: Output, wanted: Sequence[bool] | None = None) -> None:
        """Run the books that have new readings; ``wanted`` says of which sources (by ``sid``), None of all."""
        for pid, book in self.books.items():
            if not book.dirty or not (wanted is None or wanted[self.points.sid_of_pid[pid]]):
                continue
            key = self.points.keys[pid]
            touched, findings, changed = book.rebuild()
            self.late |= {(pid, hour) for hour in touched}
            out.carries += [(key.source, key.factor, day, book.carries[day]) for day in changed]
            for found in findings:
                if found.decision == "booked":
                    continue
                name = f"{found.kind.lower()}/{local_iso(found.time_ms)}"
                facts = {"text": found.text, "register": found.kind, "decision": found.decision}
                self.findings.event("meter.held", key.source, key.factor, found.time_ms, name, facts, out)

    def rows(self, keys: pl.DataFrame, out: Output) -> list[pl.DataFrame]:
        """Return the energy figures of (``sid``, ``hour``) keys as rows of HOUR_SCHEMA, running dirty books first."""
        if not self.books:
            return []
        asked = set(keys["sid"].to_list())
        self.run(out, [sid in asked for sid in range(len(self.points.source_names))])
        hours: dict[int, list[int]] = {}
        for sid, hour in keys.select("sid", "hour").rows():
            hours.setdefault(sid, []).append(hour)
        wanted = [(pid, hour) for pid in self.books for hour in hours.get(self.points.sid_of_pid[pid], [])]
        self.late -= set(wanted)
        return [meter_rows(wanted, self.books, self.points)]

    def taken_late(self) -> set[tuple[int, int]]:
        """Return (sid, hour) of the hours that changed, and forget them."""
        late = {(self.points.sid_of_pid[pid], hour) for pid, hour in self.late}
        self.late = set()
        return late

    def reload(self) -> None:
        """After a load from the store: run all days from the first that is dirty, where a carry says what was before."""
        for book in self.books.values():
            if book.dirty and book.carries:
                book.dirty = {d for d in book.days if d >= min(book.dirty)}

    def forget(self, before_ms: int) -> None:
        """Drop readings of days that end before a time."""
        for book in self.books.values():
            book.forget(before_ms)


def _read(readings: pl.DataFrame) -> list[tuple[int, MeterReading]]:
    return [
        (pid, MeterReading(time, value, code, (decoder, sent, received, digest), key, received))
        for pid, time, value, code, decoder, sent, received, digest, key in readings.select(_FIELDS).rows()
    ]
