"""Whose fault it is that an input raises: its own, or that of a source at whose hours a rule raises.

Sources do not know each other, so an engine of half of them raises exactly where the one at fault is among them. Each such engine is
made anew from the store, of fewer and fewer sources: all together they cost about as much as one restart.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from ingest.log import LogRecord
from processors.cold import rebuild_cold
from processors.engine import Engine
from processors.figures import HOUR_MS
from processors.output import Output, Past
from processors.shelf import Shelf

FRAMES_TOLD = 3
"""Innermost places of a traceback that a reason names."""
LINES_ASIDE_MAX = 2_000
"""Report lines of the hour at which a rule raises that are shown in quarantine; all stay in the store."""


class Fault(NamedTuple):
    """A source, the start of its first hour at which a rule raises, and how it raises."""

    source: str
    hour_ms: int
    error: Exception


class Blame:
    """Tries a record that raised on engines of some sources only.

    Args:
        warm: makes an engine of some sources that knows what the store says.
        is_away: whether an error is trouble of the infrastructure; it is raised, nobody is to blame for it.
    """

    def __init__(self, warm: Callable[[Collection[str]], Engine], past: Past, is_away: Callable[[Exception], bool]) -> None:
        self._warm, self._past, self._is_away = warm, past, is_away

    def fault(self, record: LogRecord, sources: Collection[str]) -> Fault | None:
        """Return the source at whose hours a rule raises; None where the record raises whoever there is, or cannot be made to again.

        A report that raises by itself, while the hours of its source can be made without it, is to blame, not the source.
        """
        if self._raised((), lambda engine: _applied(engine, record)):
            return None
        names = sorted(sources)
        if (own := _source_of(record)) in names and self._raised([own], lambda engine: _applied(engine, record)):
            names = [own]
        while len(names) > 1:
            half = names[: len(names) // 2]
            raised = self._raised(half, lambda engine: _applied(engine, record))
            names = half if raised else names[len(half) :]
        error = self._raised(names, lambda engine: _applied(engine, record))
        if not names or error is None:
            return None
        if _source_of(record) == names[0]:
            error = self._raised(names, lambda engine: [engine.finish()])
            if error is None:
                return None
        return self._hour(names[0], error)

    def _hour(self, source: str, error: Exception) -> Fault:
        """Find the hour: the first that raises when it is made alone, else the first that is not decided."""
        engine = self._warm([source])
        hours = {minute // HOUR_MS * HOUR_MS for minute in engine.shelf.buckets} | set(engine.shelf.whole)
        hours |= {hour for _source, hour in engine.touches}
        for hour in sorted(hours):
            raised = self._raised([source], lambda engine, hour=hour: _made(engine, source, hour, self._past))  # type: ignore[misc]
            if raised is not None:
                return Fault(source, hour, raised)
        return Fault(source, engine.memory[source].decided, error)

    def _raised(self, sources: Collection[str], attempt: Callable[[Engine], object]) -> Exception | None:
        try:
            attempt(self._warm(sources))
        except Exception as error:
            if self._is_away(error):
                raise
            return error
        return None


def _source_of(record: LogRecord) -> str:
    """Return whose report a record is; "" where it is none, or not one alone."""
    try:
        row = json.loads(record.value)
        return str(row["source"]) if record.topic == "reports" and "factors" in row else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _applied(engine: Engine, record: LogRecord) -> None:
    for _out in engine.apply([record]):
        pass


def _made(engine: Engine, source: str, hour: int, past: Past) -> None:
    shelf = Shelf(engine.points)
    rebuild_cold([(source, hour)], shelf, hour, engine.spans, past, engine.desk, hour + HOUR_MS, Output())


def reason_of(error: Exception) -> str:
    """Return what an error says and the innermost places that it went through, as one line."""
    places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-FRAMES_TOLD:]]
    return f"raised {type(error).__name__}: {error} ({', '.join(places)})"
