"""Closing: what is made of whole days, read back from the store once they are over, and made again whenever one is revised.

A day whose figures were decided is touched, as a late hour is: the request is a record of the log, comes back from it, and is worked off
at a tick, a few at each. So a restart loses none of them, and a replay repeats them at the same places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from ingest.records import Mark
from ingest.registry import Source
from processors.decode import Layouts, decode
from processors.figures import DAY_MS, Level
from processors.findings import Findings
from processors.output import Output, Past
from processors.packs import Pack
from processors.points import Points
from processors.publish import frame_of
from processors.qualify import Fields, place, qualify, resolve
from processors.shelf import MarkSpan


@dataclass(frozen=True, slots=True)
class Closed:
    """A day of a source that is over, and what its rules may read of the past.

    ``day_ms`` is the start of the local day, ``now_ms`` the tick at which it is closed; ``until_ms`` the end of the source's last day of
    which every hour was decided by then: what is said of a quarter does not depend on how much of the running day was known at that
    tick. ``spans`` are the confirmed marks in force, of all sources, ``marks`` this source's as they were set, rejected ones too.
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
    def own_spans(self) -> list[MarkSpan]:
        """The source's confirmed marks."""
        sid = self.points.sid[self.source.source]
        return [span for span in self.spans if span.sid == sid]

    def figures(self, level: Level, start_ms: int, end_ms: int, stats: Iterable[str] = ()) -> pl.DataFrame:
        """Return the source's latest figures that start in [start, end): rows of FIGURE_SCHEMA; those of ``stats`` where any are named."""
        found = self.past.cold_figures(self.source.source, level, start_ms, end_ms, tuple(stats))
        rows = frame_of(found, self.points)
        return rows.filter(pl.col("revision") > 0) if level != "quarter" else rows

    def readings(self, start_ms: int, end_ms: int) -> pl.DataFrame:
        """Return the source's readings whose minute lies in [start, end), each in its winning version: rows of READING_SCHEMA."""
        offset = abs(self.source.clock_offset_s) * 1000
        reach = offset + max(self.source.cadence_s, self.source.minute_s) * 1000
        lines = self.past.cold_reports([(self.source.source, start_ms - reach, end_ms + reach)])
        layouts = Layouts()
        fields = Fields(layouts, self.points)
        decoded = decode(list(dict.fromkeys(lines)), layouts)
        winners, _contested = resolve(qualify(decoded, place(decoded, fields).filed, fields))
        return winners.filter((pl.col("minute") >= start_ms) & (pl.col("minute") < end_ms))


Closer = Callable[[Closed, Findings, Output], None]
"""Makes something of a closed day: tells findings, and puts figures into the turn's output."""
