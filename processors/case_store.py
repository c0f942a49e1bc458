"""What a case's engine reads of the past: the reports and figures that its own turns gave out, in memory."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from ingest.log import PARTITIONS, LogRecord
from ingest.records import Tick, Touch
from processors.engine import Engine
from processors.figures import Figure, epoch_ms, local
from processors.lines import figures_of
from processors.output import Output
from processors.points import Points

CLOSINGS_MAX = 1_000
"""Ticks after a case's last reading at which its days are closed."""
TICK_EVERY = timedelta(seconds=10)


def run_to_the_end(engine: Engine, records: list[LogRecord], over: datetime, past: CaseStore) -> list[Output]:
    """Return all that a case's records cause, with ticks from ``over`` on until every day is closed."""
    outs: list[Output] = []
    for n in range(CLOSINGS_MAX):
        tick = Tick(tick=over + n * TICK_EVERY, gateway="case").line()
        records += [LogRecord("reports", p, 1, len(records) + 1 + p, tick) for p in range(PARTITIONS)]
        asked: dict[tuple[str, int], str] = {}
        for out in engine.apply(records):
            outs.append(out)
            past.keep(out, engine.points)
            asked |= out.closings
        touches = [Touch(source=source, hour=local(day), cause=cause, level="day") for (source, day), cause in asked.items()]
        records = [LogRecord("touches", 0, 2, 0, touch.line()) for touch in touches]
        if not records and not engine.closings:
            break
    return outs


class CaseStore:
    """The past of one source, as ``processors.output.Past`` asks for it; it grows with the case, which is bounded."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []
        self.figures: dict[tuple[str, str, str, int], Figure] = {}
        """Latest figures by level, factor, stat and start."""

    def add(self, lines: list[bytes]) -> None:
        """Take in report lines."""
        self.lines += [(epoch_ms(datetime.fromisoformat(json.loads(line)["time"])), line) for line in lines]

    def keep(self, out: Output, points: Points) -> None:
        """Take in what a turn gave out."""
        made = (f for frame in out.figures for f in figures_of(frame, points))
        self.figures |= {(f.level, f.factor, f.stat, f.start_ms): f for f in made}

    def cold_reports(self, keys: list[tuple[str, int, int]]) -> list[bytes]:
        """Return the report lines of (source, start, end) ranges."""
        return [line for time, line in self.lines if any(start <= time < end for _, start, end in keys)]

    def cold_figures(self, source: str, level: str, start_ms: int, end_ms: int, stats: tuple[str, ...] = ()) -> list[Figure]:
        """Return the latest figures of a level whose start lies in [start, end), of ``stats`` where any are named."""
        of_level = [f for f in self.figures.values() if f.level == level and start_ms <= f.start_ms < end_ms]
        return [f for f in of_level if not stats or f.stat in stats]

    def cold_hours(
        self, source: str, stats: tuple[str, ...], start_ms: int, end_ms: int
    ) -> list[tuple[str, str, int, int | None, str | None, int, int]]:
        """Return (factor, stat, start, value, reason, digest, as of) of the decided hours, in the order of time."""
        hours = [f for f in self.cold_figures(source, "hour", start_ms, end_ms, stats) if f.revision > 0]
        rows = [(f.factor, f.stat, f.start_ms, f.value, f.reason, int(f.inputs, 16), f.as_of_ms) for f in hours]
        return sorted(rows, key=lambda row: (row[2], row[0], row[1]))

    def first_report_ms(self, source: str) -> int | None:
        """Return the time of the earliest report."""
        return min((time for time, _ in self.lines), default=None)

    def kept_from_ms(self) -> int:
        """Return 0: a case keeps all."""
        return 0
