"""The days of a case closed as the engine closes them, over what the case's own run gave out instead of a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingest.records import Mark
from processors.closing import Closed
from processors.engine import Engine
from processors.figures import DAY_MS, Event, Figure
from processors.findings import Findings
from processors.lines import listed
from processors.output import Output
from processors.packs import chosen
from processors.screening import screen


class Kept:
    """Implements ``processors.output.Past`` over the output of a run, in memory."""

    def __init__(self, engine: Engine, outs: Iterable[Output]) -> None:
        self.figures: dict[tuple[str, str, str, str, int], Figure] = {}
        self.reports: list[tuple[str, int, bytes]] = []
        for out in outs:
            self.reports += [(source, time, line) for source, time, _hash, _received, line in out.reports]
            for f in listed(out, engine.points):
                self.figures[f.source, f.level, f.factor, f.stat, f.start_ms] = f

    def cold_reports(self, keys: list[tuple[str, int, int]]) -> list[bytes]:
        """Return the report lines of (source, start, end) ranges of the device's time."""
        return [r[2] for r in self.reports if any(r[0] == source and a <= r[1] < b for source, a, b in keys)]

    def cold_figures(self, source: str, level: str, start_ms: int, end_ms: int, stats: tuple[str, ...] = ()) -> list[Figure]:
        """Return the latest figures of a source and level, only those of ``stats`` where any are named."""
        found = [f for key, f in self.figures.items() if key[:2] == (source, level) and start_ms <= f.start_ms < end_ms]
        return [f for f in found if not stats or f.stat in stats]

    def cold_hours(
        self, source: str, stats: tuple[str, ...], start_ms: int, end_ms: int
    ) -> list[tuple[str, str, int, int | None, str | None, int, int]]:
        """Return (factor, stat, start, value, reason, digest, as of) of a source's decided hours, in the order of time."""
        found = [f for f in self.cold_figures(source, "hour", start_ms, end_ms, stats) if f.revision > 0]
        rows = [(f.factor, f.stat, f.start_ms, f.value, f.reason, int(f.inputs, 16), f.as_of_ms) for f in found]
        return sorted(rows, key=lambda row: (row[2], *row[:2]))

    def first_report_ms(self, source: str) -> int | None:
        """Return the time of a source's earliest report."""
        return min((time for name, time, _line in self.reports if name == source), default=None)

    def kept_from_ms(self) -> int:
        """Return 0: all is kept."""
        return 0


def screened_days(engine: Engine, outs: Sequence[Output], marks: Sequence[Mark]) -> list[Event]:
    """Return the findings of every day with figures, oldest first."""
    past, out, findings = Kept(engine, outs), Output(), Findings(engine.points)
    days = sorted({(f.start_ms, f.source) for f in past.figures.values() if f.level == "day" and f.revision > 0})
    for day, name in days:
        source = engine.points.sources[name]
        pack = chosen(source, engine.points.packs)
        screen(Closed(source, day, day + DAY_MS, 2**60, pack, engine.points, engine.spans, list(marks), past), findings, out)
    return out.events
