"""The reading side of the InfluxDB store: what pages, explanations and cold rebuilds ask for, by the names of ``processors.influx``.

Answers are those of ``SqliteStore`` for the same records. Where a place's tags changed, a point written again stands in two series:
the one that says more is taken. Events of one millisecond come in the order of their ids, because no number orders a cluster's.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from ingest.records import Mark
from plumeline.influx_fold import folded, newest_episodes
from plumeline.influx_read import FLOOR_MS, UNTIL_MS, InfluxReader, escaped, ms_of, pattern, tag, text
from plumeline.sqlite_query import COLD_LINES_MAX, merged, minute_figure, stored_mark
from processors.figures import DAY_MS, Episode, Event, Figure, Level, SourceState
from processors.influx import (
    BUCKET,
    EPISODE,
    EVENT,
    FRAME,
    FRAME_ID,
    MARK,
    MINUTE,
    NS,
    QUARANTINE,
    RAW_BUCKET,
    REPORT,
    REVISION,
    SOURCE_STATE,
    below,
    part_of_id,
)  # fmt: skip
from processors.lines import event_of_line, figure_of_line
from processors.store import StoredFrame, StoredMark, StoredReport, report_of

FIGURES_MAX = 1_000_000
"""Figures of one answer."""
MINUTES_MAX = 600_000
"""Minutes of one answer, each with all factors of its source."""
REVISIONS_MAX = 10_000
"""Versions of one figure."""
SOURCES_MAX = 100_000
"""Series that sources' states stand in."""
MARKS_MAX = 100_000
"""Marks of one source."""
OPEN_MAX = 20_000
"""Episodes that can be open at once."""
EPISODES_MAX = 200_000
"""Episodes of the sources that have an open one, since the first of those began."""
SOURCES_A_QUESTION = 100
"""Sources that one question names."""
QUARANTINE_MAX = 50_000
"""Quarantined frames that are counted: the newest."""
COPIES_MAX = 20
"""Times at which one frame may have arrived; more are not looked at."""
REPEATS = 20
"""Rows beyond those asked for that are read, because some of them may be one record come twice."""
EVENT_BEGINS = r'^\{"v":1,"id":"(?:[^"\\]|\\.)*","kind":"'
"""The line of an event, as a regular expression, up to its kind."""
LOOK_BACK_DAYS = (1, 8, 64, 512)
"""How far the newest records are looked for, step by step, before all of time is."""


class InfluxStore:
    """Implements ``processors.store.StoreQuery`` and ``processors.output.Past``; may be used from several threads.

    ``describe`` returns the numbers of a figure's formula; ``now_ms`` is where looking for the newest records begins.
    """

    def __init__(
        self,
        reader: InfluxReader,
        describe: Callable[[Figure], dict[str, Any]] | None = None,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self.reader, self.describe, self.now_ms = reader, describe, now_ms

    def close(self) -> None:
        """Close the connections."""
        self.reader.close()

    # -- figures -------------------------------------------------------------------------------------------------

    def figures(
        self, source: str, level: Level, start_ms: int, end_ms: int, factor: str | None = None, stat: str | None = None
    ) -> list[Figure]:
        """Return the latest figures of a source, by factor, stat and start."""
        if level == "minute":
            every = self._minutes(source, start_ms, end_ms)
            found = [f for f in every if factor in (None, f.factor) and stat in (None, f.stat)]
        else:
            field = r"r._field =~ /_figure$/" if stat is None else f"r._field == {text(stat + '_figure')}"
            where = f"{_of(level, source, factor)} and {field}"
            found = [f for f in self._figures(where, start_ms, end_ms) if f.source == source]
        return sorted(found, key=lambda f: (f.factor, f.stat, f.start_ms))

    def figure(self, source: str, factor: str, stat: str, level: Level, start_ms: int) -> Figure | None:
        """Return one latest figure."""
        found = self.figures(source, level, start_ms, start_ms + 1, factor, stat)
        if not found:
            return None
        return found[0] if self.describe is None else replace(found[0], explain=self.describe(found[0]))

    def revisions(self, source: str, factor: str, stat: str, level: Level, start_ms: int) -> list[Figure]:
        """Return every decided version of a figure, oldest first."""
        where = f"{_of(REVISION, source, factor)} and r._field == {text(f'{level}_{stat}')}"
        lines = self._values(BUCKET, start_ms, start_ms + 1, where, REVISIONS_MAX)
        found = {f.revision: f for f in map(_figure, lines) if f.source == source}
        return [found[n] for n in sorted(found)]

    def revised(self, source: str, start_ms: int, end_ms: int) -> list[Figure]:
        """Return the latest figures of a source, hours and longer, that were revised."""
        again = pattern(r'"revision":([2-9]|[1-9][0-9]+),"explain":')
        where = rf"r._measurement =~ /^(hour|day)$/ and r.source == {tag(source)} and r._field =~ /_figure$/ and r._value =~ {again}"
        found = [f for f in self._figures(where, start_ms, end_ms) if f.source == source and f.revision > 1]
        return sorted(found, key=lambda f: (f.start_ms, f.level, f.factor, f.stat))

    def totals(self, level: Level, start_ms: int, end_ms: int) -> list[Figure]:
        """Return the figures of enterprises' accounts."""
        where = f"r._measurement == {text(level)} and r.source =~ /^enterprise:/ and r._field =~ /_figure$/"
        return sorted(self._figures(where, start_ms, end_ms), key=lambda f: (f.source, f.start_ms, f.factor, f.stat))

    def _figures(self, where: str, start_ms: int, end_ms: int) -> list[Figure]:
        found: dict[tuple[str, ...], Figure] = {}
        for f in map(_figure, self._values(BUCKET, start_ms, end_ms, where, FIGURES_MAX)):
            key = (f.source, f.level, f.factor, f.stat, str(f.start_ms))
            if key not in found or _said(found[key]) <= _said(f):
                found[key] = f
        return list(found.values())

    def _minutes(self, source: str, start_ms: int, end_ms: int) -> list[Figure]:
        where = f'{_of(MINUTE, source)} and r._field == "body"'
        rows = self.reader.rows(RAW_BUCKET, start_ms * NS, end_ms * NS, where, ("_time", "_value"), MINUTES_MAX)
        found: dict[tuple[int, str], Figure] = {}
        for at, body in rows:
            for factor, entry in json.loads(body).items():
                f = minute_figure(source, ms_of(at), factor, entry)
                if (old := found.get((f.start_ms, factor))) is None or old.as_of_ms <= f.as_of_ms:
                    found[f.start_ms, factor] = f
        return list(found.values())

    # -- what is known of sources --------------------------------------------------------------------------------

    def sources(self) -> list[SourceState]:
        """Return the state of every source heard of, in the order of its name."""
        where = f'r._measurement == "{SOURCE_STATE}" and r._field == "row"'
        rows = self.reader.rows(BUCKET, FLOOR_MS * NS, UNTIL_MS * NS, where, ("_time", "_value"), SOURCES_MAX, each="last")
        found: dict[str, tuple[int, SourceState]] = {}
        for at, row in rows:
            state, time_ms = SourceState(**json.loads(row)), ms_of(at)
            if state.source not in found or found[state.source][0] <= time_ms:
                found[state.source] = (time_ms, state)
        return [found[name][1] for name in sorted(found)]

    def marks(self, source: str, start_ms: int, end_ms: int, *, rejected: bool = False) -> list[StoredMark]:
        """Return the confirmed marks that overlap a range, and drafts and those that were ``rejected`` where they are asked for."""
        where = f'{_of(MARK, source)} and r._field == "row"'
        found: dict[str, Mark] = {}
        for row in self._values(BUCKET, FLOOR_MS, UNTIL_MS, where, MARKS_MAX):
            mark = Mark.model_validate_json(row)
            if mark.source == source and (mark.id not in found or found[mark.id].set_at <= mark.set_at):
                found[mark.id] = mark
        marks = [stored_mark(m) for m in found.values() if rejected or m.state == "confirmed"]
        overlap = [m for m in marks if m.start_ms < end_ms and m.end_ms > start_ms]
        return sorted(overlap, key=lambda m: (m.start_ms, m.id))

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        """Return the newest events, newest first; ``kind`` may be a prefix."""
        where = f'r._measurement == "{EVENT}" and r._field == "row"'
        if source is not None:
            where += f" and r.source == {tag(source)}"
        if kind is not None:
            begin = escaped(json.dumps(kind, ensure_ascii=False)[1:-1])
            where += f" and r._value =~ {pattern(EVENT_BEGINS + begin)}"
        found: dict[str, Event] = {}
        for row in self._newest(BUCKET, where, limit + REPEATS):
            event = event_of_line(json.loads(row))
            if source in (None, event.source) and (event.id not in found or event.time_ms <= found[event.id].time_ms):
                found[event.id] = event
        return sorted(found.values(), key=lambda e: (e.time_ms, e.id), reverse=True)[:limit]

    def episodes(self, source: str | None = None, state: str | None = None, limit: int = 200) -> list[Episode]:
        """Return episodes, open first, then newest first."""
        found: list[Episode] = []
        if state in (None, "open"):
            found += self._open(source)
        if state != "open":
            where = f'r._measurement == "{EPISODE}" and r._field == "row"'
            if source is not None:
                where += f" and r.source == {tag(source)}"
            if state is not None:
                said = escaped('"state": ' + json.dumps(state))
                where += f" and r._value =~ {pattern(said)}"
            found += [Episode(**json.loads(row)) for row in self._newest(BUCKET, where, limit + REPEATS)]
        known = [e for e in newest_episodes(found) if source in (None, e.source) and state in (None, e.state)]
        return sorted(known, key=lambda e: (e.state != "open", -e.start_ms, e.id))[:limit]

    def _open(self, source: str | None) -> list[Episode]:
        """Return the open episodes, however old, and with them all of their sources since the first of them."""
        where = f'r._measurement == "{EPISODE}" and r._field == "state" and r._value == "open"'
        if source is not None:
            where += f" and r.source == {tag(source)}"
        rows = self.reader.rows(BUCKET, FLOOR_MS * NS, UNTIL_MS * NS, where, ("_time", "source"), OPEN_MAX)
        if not rows:
            return []
        first_ms, tags = min(ms_of(at) for at, _ in rows), sorted({name for _, name in rows})
        found: list[str] = []
        for n in range(0, len(tags), SOURCES_A_QUESTION):
            named = " or ".join(f"r.source == {text(name)}" for name in tags[n : n + SOURCES_A_QUESTION])
            where = f'r._measurement == "{EPISODE}" and ({named}) and r._field == "row"'
            found += self._values(BUCKET, first_ms, UNTIL_MS, where, EPISODES_MAX)
        return [Episode(**json.loads(row)) for row in found]

    # -- what arrived --------------------------------------------------------------------------------------------

    def reports(self, source: str, start_ms: int, end_ms: int, limit: int = 10_000) -> list[StoredReport]:
        """Return stored report lines of a source, by time."""
        return [report_of(source, line) for line in self._lines(source, start_ms, end_ms, limit)]

    def frame(self, frame_id: str) -> StoredFrame | None:
        """Return one frame by its id."""
        where = f'r._measurement == "{FRAME_ID}" and r.part == {text(part_of_id(frame_id))} and r._value == {text(frame_id)}'
        times = self.reader.rows(RAW_BUCKET, FLOOR_MS * NS, UNTIL_MS * NS, where, ("_time",), COPIES_MAX, cut=True)
        rows: list[str] = []
        for (at,) in times:
            stamp = ms_of(at) * NS + below(frame_id)
            where = f'r._measurement == "{FRAME}" and r._field == "row"'
            rows += [row for (row,) in self.reader.rows(RAW_BUCKET, stamp, stamp + 1, where, ("_value",), SOURCES_MAX)]
        return next((f for f in folded(rows) if f.id == frame_id), None)

    def frames(self, source: str, limit: int = 50) -> list[StoredFrame]:
        """Return the newest frames of a source, newest first."""
        where = f'{_of(FRAME, source)} and r._field == "row"'
        found = [f for f in folded(self._newest(RAW_BUCKET, where, 2 * limit + REPEATS)) if f.source == source]
        return found[:limit]

    def quarantine(self, limit: int = 100) -> list[StoredFrame]:
        """Return what could not be read, newest first."""
        return [f for f in self._quarantine(2 * limit + REPEATS) if f.verdict != "ok"][:limit]

    def quarantine_counts(self) -> dict[str, int]:
        """Return the number of quarantined inputs by reason."""
        counts = Counter(f.verdict for f in self._quarantine(QUARANTINE_MAX) if f.verdict != "ok")
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def _quarantine(self, rows: int) -> list[StoredFrame]:
        return folded(self._newest(RAW_BUCKET, f'r._measurement == "{QUARANTINE}" and r._field == "row"', rows))

    def health(self) -> dict[str, int | str | None]:
        """Return what the store knows of the pipeline: when the newest reading that it shows was received."""
        return {"newest_received_ms": max((s.received_ms for s in self.sources() if s.received_ms is not None), default=None)}

    # -- Past ----------------------------------------------------------------------------------------------------

    def cold_reports(self, keys: list[tuple[str, int, int]]) -> list[bytes]:
        """Return report lines of (source, start, end) ranges."""
        return [line for source, start, end in merged(keys) for line in self._lines(source, start, end, COLD_LINES_MAX)]

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
        found = [f for f in self.figures(source, "hour", start_ms, end_ms) if f.stat in stats and f.revision > 0]
        rows = [(f.factor, f.stat, f.start_ms, f.value, f.reason, int(f.inputs, 16), f.as_of_ms) for f in found]
        return sorted(rows, key=lambda row: (row[2], *row[:2]))

    def first_report_ms(self, source: str) -> int | None:
        """Return the time of a source's earliest report."""
        where = f'{_of(REPORT, source)} and r._field == "received_ms"'
        rows = self.reader.rows(RAW_BUCKET, FLOOR_MS * NS, UNTIL_MS * NS, where, ("_time",), SOURCES_MAX, each="first")
        return min((ms_of(at) for (at,) in rows), default=None)

    def kept_from_ms(self) -> int:
        """Return 0: what a bucket has forgotten is not asked for."""
        return 0

    # -- reading -------------------------------------------------------------------------------------------------

    def _lines(self, source: str, start_ms: int, end_ms: int, limit: int) -> list[bytes]:
        """Return report lines by time; versions for one time in the order of their bytes."""
        where = f'{_of(REPORT, source)} and r._field == "line"'
        columns, bound = ("_time", "_value"), limit + REPEATS
        rows = self.reader.rows(RAW_BUCKET, start_ms * NS, end_ms * NS, where, columns, bound, cut=True)
        lines = {line.encode(): ms_of(at) for at, line in rows}
        return sorted(lines, key=lambda line: (lines[line], line))[:limit]

    def _values(self, bucket: str, start_ms: int, end_ms: int, where: str, bound: int) -> list[str]:
        return [value for (value,) in self.reader.rows(bucket, start_ms * NS, end_ms * NS, where, ("_value",), bound)]

    def _newest(self, bucket: str, where: str, limit: int) -> list[str]:
        """Return the values of the newest points, newest first, looking back further until there are enough."""
        rows: list[list[str]] = []
        for start_ms in (*(self.now_ms() - days * DAY_MS for days in LOOK_BACK_DAYS), FLOOR_MS):
            rows = self.reader.rows(bucket, start_ms * NS, UNTIL_MS * NS, where, ("_time", "_value"), limit, newest=True)
            if len(rows) >= limit:
                break
        return [value for _, value in rows]


def _of(measurement: str, source: str, factor: str | None = None) -> str:
    """Return the predicate of a source's series."""
    where = f"r._measurement == {text(measurement)} and r.source == {tag(source)}"
    return where if factor is None else f"{where} and r.factor == {tag(factor)}"


def _figure(line: str) -> Figure:
    return figure_of_line(json.loads(line))


def _said(f: Figure) -> tuple[int, int, int]:
    """Return what orders versions of one figure."""
    return f.revision, f.decided_ms, f.as_of_ms
