"""Pruning of a worker's file: rows that no restart and no rebuild may need any more are deleted in small slices.

What is deleted makes room for what comes; the file stops growing and does not shrink.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plumeline.sqlite_store import KEPT_FROM, SqliteWriter
from processors.figures import DAY_MS, HOUR_MS, epoch_ms, local
from processors.missing_steps import FILLED
from processors.quarters import AFTER_DAYS, LOOKBACK_DAYS, SUBSTITUTED
from processors.rates import STATS

PRUNE_ROWS = 1_000
"""Rows that one slice deletes at most; a turn is followed by one slice, so that live input waits for it for some milliseconds."""
HISTORY_MS = (LOOKBACK_DAYS + 92 + AFTER_DAYS) * DAY_MS
"""How much longer the figures are kept of which a quarter is made: hourly means and masses, and what stands for them."""
YEARS_MS = (1_096 + 92) * DAY_MS
"""How much longer days, months, quarters and years are kept: availability looks back three years from the beginning of a quarter."""
COUNTED_MS = 31 * DAY_MS
"""How much longer exceeding hours and their episodes are kept: an exceedance says how many there were before it, in its month and in 30 days."""
_FIGURES = "source = ? AND start < ?"
_DAYS = "level IN ('day', 'month', 'quarter', 'year')"
_OF_QUARTERS = ", ".join(f"'{stat}'" for stat in ("avg", "mass", FILLED, SUBSTITUTED, *STATS))
_EXCEEDING = "verdict = 'exceeds'"
_HISTORY = f"({_DAYS} OR (level = 'hour' AND stat IN ({_OF_QUARTERS})))"
MARGIN_MS = 3 * DAY_MS
"""What is kept before the first hour that may be rebuilt: clocks that are wrong, a register's day before, whole days of hours."""


class Pruner:
    """Goes through a file, round after round; a round that was cut off by a restart begins again."""

    def __init__(self, writer: SqliteWriter, history_ms: int = HISTORY_MS, years_ms: int = YEARS_MS) -> None:
        self.writer, self.history_ms, self.years_ms = writer, history_ms, years_ms
        self.rows = 0
        self._done = 0
        self._round: Iterator[int] | None = None

    def step(self, keep_from_ms: int) -> int:
        """Delete a slice of what is older than the first hour that may be rebuilt; return how many rows.

        A round begins at the start and when that hour has moved; the file remembers it, so that a longer bound does not bring back
        what is gone.
        """
        if self._round is None:
            kept_from = max(keep_from_ms, int(self.writer.get_meta(KEPT_FROM) or 0))
            if kept_from <= self._done:
                return 0
            self.writer.put_meta(KEPT_FROM, str(kept_from))
            self._done, self._round = kept_from, self._slices(kept_from - MARGIN_MS)
        deleted = next(self._round, None)
        if deleted is None:
            self._round = None
            return 0
        self.rows += deleted
        return deleted

    def _slices(self, cut_ms: int) -> Iterator[int]:
        """Yield the number of rows of each slice deleted, table by table, source by source."""
        for source in self._sources("reports"):
            old = "source = ? AND hour <= ? AND received < ?"
            yield from self._deleted("reports", "rowid", old, source, cut_ms - HOUR_MS, cut_ms)
        for source in self._sources("figures"):
            first = self._one("SELECT min(start) FROM episodes WHERE source = ? AND state = 'open'", source)
            before = cut_ms if first is None else min(cut_ms, int(first) - MARGIN_MS)
            row = "source, level, start, factor, stat"
            yield from self._deleted(
                "figures", row, f"{_FIGURES} AND NOT {_HISTORY} AND NOT ifnull({_EXCEEDING}, 0)", source, before
            )
            yield from self._deleted("figures", row, f"{_FIGURES} AND NOT {_HISTORY}", source, before - COUNTED_MS)
            yield from self._deleted("figures", row, f"{_FIGURES} AND NOT {_DAYS}", source, before - self.history_ms)
            yield from self._deleted("figures", row, _FIGURES, source, before - self.years_ms)
        for source in self._sources("carries"):
            newest = (
                "SELECT max(day) FROM carries AS newest WHERE newest.source = carries.source AND newest.factor = carries.factor"
            )
            where = f"source = ? AND day < ? AND day < ({newest})"
            yield from self._deleted("carries", "source, factor, day", where, source, cut_ms)
        yield from self._deleted("events", "n", "time < ?", cut_ms)
        yield from self._deleted("frames", "id", "received < ?", cut_ms)
        marked = min(cut_ms - self.history_ms, _year_start_ms(cut_ms))  # they spend quotas of a calendar year
        yield from self._deleted("marks", "id", '"end" < ?', marked)
        over = "state != 'open' AND start < ? AND json_extract(row, '$.end_ms') < ?"
        yield from self._deleted("episodes", "id", over, cut_ms - COUNTED_MS, cut_ms - COUNTED_MS)

    def _sources(self, table: str) -> Iterator[str]:
        """Yield the sources of a table one by one, each found by its index."""
        source: str | None = ""
        while source is not None:
            found = self._one(f"SELECT min(source) FROM {table} WHERE source > ?", source)  # noqa: S608
            source = None if found is None else str(found)
            if source is not None:
                yield source

    def _deleted(self, table: str, key: str, where: str, *args: object) -> Iterator[int]:
        """Delete what a condition holds for in slices; yield the rows of each."""
        statement = f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {where} LIMIT ?)"  # noqa: S608
        deleted = PRUNE_ROWS
        while deleted == PRUNE_ROWS:
            with self.writer.lock, self.writer.db as db:
                deleted = db.execute(statement, (*args, PRUNE_ROWS)).rowcount
            if deleted:
                yield deleted

    def _one(self, query: str, *args: object) -> Any:
        with self.writer.lock:
            (found,) = self.writer.db.execute(query, args).fetchone()
        return found


def _year_start_ms(time_ms: int) -> int:
    """Return the start of the local calendar year of a time."""
    return epoch_ms(local(time_ms).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0))
