"""What one turn of the engine gives out, for the runner to store, publish and tell, all in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from ingest.records import Mark
from processors.decode import BadLine
from processors.figures import Episode, Event, Figure, SourceState


@dataclass(slots=True)
class Output:
    """Records and state changes of one turn: of all records of the log after the last turn, up to ``seq``.

    ``reports`` are rows of (source, time_ms, received_ms, line); ``minutes`` frames of shelf.MINUTE_COLUMNS;
    ``figures`` frames of publish.FIGURE_COLUMNS; ``carries`` rows of (source, factor, day_ms, state JSON); ``watermarks`` maps a
    source to (newest time, decided until), ``delays`` to those of its newest live reports [ms]; ``ticks`` (partition, gateway) to
    (newest tick, since when they come without a hole).
    ``touches`` are to be appended to the log; ``touched`` came from there, (source, hour_ms) -> cause, and ``worked`` are done;
    ``closings``, ``closings_due`` and ``closed`` are the same of whole days, (source, day_ms).
    """

    seq: int = 0
    reports: list[tuple[str, int, int, bytes]] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    minutes: list[pl.DataFrame] = field(default_factory=list)
    figures: list[pl.DataFrame] = field(default_factory=list)
    accounts: list[Figure] = field(default_factory=list)
    listed: list[Figure] | None = None
    events: list[Event] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    sources: dict[str, SourceState] = field(default_factory=dict)
    carries: list[tuple[str, str, int, str]] = field(default_factory=list)
    watermarks: dict[str, tuple[int, int]] = field(default_factory=dict)
    delays: dict[str, list[int]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    touches: dict[tuple[str, int], str] = field(default_factory=dict)
    touched: dict[tuple[str, int], str] = field(default_factory=dict)
    worked: list[tuple[str, int]] = field(default_factory=list)
    closings: dict[tuple[str, int], str] = field(default_factory=dict)
    closings_due: dict[tuple[str, int], str] = field(default_factory=dict)
    closed: list[tuple[str, int]] = field(default_factory=list)
    ticks: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    registry: bytes | None = None
    readings: int = 0


class Past(Protocol):
    """What a rebuild beyond the hot set reads; implemented by the store."""

    def cold_reports(self, keys: list[tuple[str, int, int]]) -> list[bytes]:
        """Return the report lines of (source, start, end) ranges of the device's time."""

    def cold_figures(self, source: str, level: str, start_ms: int, end_ms: int, stats: tuple[str, ...] = ()) -> list[Figure]:
        """Return the latest figures of a source and level whose start lies in [start, end); only those of ``stats`` where any are named."""

    def cold_hours(
        self, source: str, stats: tuple[str, ...], start_ms: int, end_ms: int
    ) -> list[tuple[str, str, int, int | None, str | None, int, int]]:
        """Return (factor, stat, start, value, reason, digest, as of) of a source's decided hours that start in [start, end)."""

    def first_report_ms(self, source: str) -> int | None:
        """Return the time of a source's earliest report that is still kept."""

    def kept_from_ms(self) -> int:
        """Return the time before which inputs may be missing; 0 where all are kept."""
