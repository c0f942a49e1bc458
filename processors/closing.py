"""Closing: what is made of whole days, read back from the store once they are over, and made again whenever one is revised.

A day whose figures were decided is touched, as a late hour is: the request is a record of the log, comes back from it, and is worked off
at a tick, a few at each. So a restart loses none of them, and a replay repeats them at the same places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from ingest.records import Mark
from ingest.registry import SPARSE_ROLES, Source
from processors.decode import Layouts, decode
from processors.figures import DAY_MS, Figure, Level
from processors.findings import Findings
from processors.lines import figures_of
from processors.output import Output, Past
from processors.packs import Pack
from processors.points import Points
from processors.publish import frame_of
from processors.qualify import Fields, place, qualify, resolve
from processors.shelf import MarkSpan


@dataclass(frozen=True, slots=True)
class Closed:
    """A day of a source that is over, or of which some hours are decided, and what its rules may read of the past.

    ``day_ms`` is the start of the local day, ``now_ms`` the tick at which it is closed; ``until_ms`` the end of the source's last day of
    which every hour was decided by then: what is said of a quarter does not depend on how much of the running day was known at that
    tick. ``decided_ms`` is the end of its last decided hour, for what looks at running days. ``spans`` are the confirmed marks in
    force, of all sources, ``marks`` this source's as they were set, rejected ones too.
    """

    source: Source
    day_ms: int
    now_ms: int
    until_ms: int
    pack: Pack
    points: Points
    spans: list[MarkSpan]
    marks: list[Mark]
    past: Past
    decided_ms: int = 0

    @property
    def end_ms(self) -> int:
        """The end of the day."""
        return self.day_ms + DAY_MS

    @property
    def pids(self) -> list[int]:
        """The source's points and meters, in the order of their names."""
        sid = self.points.sid[self.source.source]
        return [pid for pid, of in enumerate(self.points.sid_of_pid) if of == sid]

    @property
    def measuring(self) -> list[int]:
        """Those of ``pids`` whose values cover time, and of which hours can be missing."""
        rows_of = self.points.points_of
        return [pid for pid in self.pids if not any(r.role.partition("/")[0] in SPARSE_ROLES for r in rows_of.get(pid, ()))]

    @property
    def own_spans(self) -> list[MarkSpan]:
        """The source's confirmed marks."""
        sid = self.points.sid[self.source.source]
        return [span for span in self.spans if span.sid == sid]

    def figures(self, level: Level, start_ms: int, end_ms: int, stats: Iterable[str] = ()) -> pl.DataFrame:
        """Return the source's latest figures that start in [start, end): rows of FIGURE_SCHEMA; those of ``stats`` where any are named."""
        found = self.past.cold_figures(self.source.source, level, start_ms, end_ms, tuple(stats))
        rows = frame_of(found, self.points)
        return rows.filter(pl.col("revision") > 0) if level != "quarter" else rows

    def latest(self, level: Level, start_ms: int, end_ms: int, stats: Iterable[str], out: Output) -> list[Figure]:
        """Return the source's latest figures of ``stats``: of the store, and of what this tick has made of the source before."""
        wanted, name = tuple(stats), self.source.source
        found = {(f.factor, f.stat, f.start_ms): f for f in self.past.cold_figures(name, level, start_ms, end_ms, wanted)}
        inside = (pl.col("hour") >= start_ms) & (pl.col("hour") < end_ms) & pl.col("pid").is_in(self.pids)
        for frame in out.figures:
            fresh = frame.filter((pl.col("level") == level) & pl.col("stat").is_in(wanted) & inside)
            found |= {(f.factor, f.stat, f.start_ms): f for f in figures_of(fresh, self.points)}
        return [found[key] for key in sorted(found)]

    def readings(self, start_ms: int, end_ms: int) -> pl.DataFrame:
        """Return the source's readings whose minute lies in [start, end), each in its winning version: rows of READING_SCHEMA."""
        reach = reach_ms(self.source)
        lines = self.past.cold_reports([(self.source.source, start_ms - reach, end_ms + reach)])
        return winners_of(lines, self.points, start_ms, end_ms)

    def frame_of(self, figures: list[Figure]) -> pl.DataFrame:
        """Return stored figures as rows of FIGURE_SCHEMA, for a shelf."""
        return frame_of(figures, self.points)


def reach_ms(source: Source) -> int:
    """Return how far before or after a time the labels of readings may lie that cover it."""
    return (abs(source.clock_offset_s) + max(source.cadence_s, source.minute_s)) * 1000


def winners_of(lines: list[bytes], points: Points, start_ms: int, end_ms: int) -> pl.DataFrame:
    """Return the readings of report lines whose minute lies in [start, end), each in its winning version: rows of READING_SCHEMA."""
    layouts = Layouts()
    fields = Fields(layouts, points)
    decoded = decode(list(dict.fromkeys(lines)), layouts)
    winners, _contested = resolve(qualify(decoded, place(decoded, fields).filed, fields))
    return winners.filter((pl.col("minute") >= start_ms) & (pl.col("minute") < end_ms))


Closer = Callable[[Closed, Findings, Output], None]
"""Makes something of a closed day: tells findings, and puts figures into the turn's output."""
