"""Marks in doubt: a declared stop that the gas contradicts stays pending until somebody confirms or rejects it.

Meanwhile its hours are judged as if it were not set, and say so. A mark is confirmed by setting it again, later than the contradiction was told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import polars as pl

from ingest.records import Mark
from processors.digest import mix, text_hash
from processors.figures import HOUR_MS, Event, epoch_ms
from processors.points import Points

CONTRADICTED = "mark.contradicted"
"""Kind of the events by which marks come into doubt."""
DOUBTS_MAX = 20_000
"""Events that are read after a restart, and marks in doubt that are remembered; of more the oldest are in force again."""


class _Set(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...


class Doubts:
    """When marks were first told to be contradicted, by their ids."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def take(self, events: Iterable[Event]) -> list[str]:
        """Take in what was told, in any order; return the marks that are in doubt for the first time."""
        new = []
        for event in events:
            for name in event.facts["marks"] if event.kind == CONTRADICTED else ():
                if name not in self._told:
                    new.append(name)
                self._told[name] = min(self._told.get(name, event.time_ms), event.time_ms)
        while len(self._told) > DOUBTS_MAX:
            del self._told[min(self._told, key=lambda name: (self._told[name], name))]
        return new

    def __contains__(self, name: object) -> bool:
        """Return whether a mark was ever told to be contradicted."""
        return name in self._told

    def pending(self, mark: _Set, set_at_ms: int) -> bool:
        """Return whether a confirmed mark, set at a time, waits for somebody to confirm or reject it."""
        told = self._told.get(mark.id)
        return mark.state == "confirmed" and told is not None and set_at_ms <= told


def judged_provisionally(rows: pl.DataFrame, pending: Iterable[Mark], points: Points) -> pl.DataFrame:
    """Say of hours under pending marks that they are judged provisionally.

    Args:
        rows: HOUR_SCHEMA of hours, and anything else, which is kept.
    """
    for mark in pending:
        sid = points.sid.get(mark.source)
        pids = [pid for pid, of in enumerate(points.sid_of_pid) if of == sid]
        start, end = epoch_ms(mark.start), epoch_ms(mark.end)
        hit = pl.col("pid").is_in(pids) & (pl.col("hour") < end) & (pl.col("hour") + HOUR_MS > start)
        said = pl.lit(f"mark {mark.id} is in doubt: judged provisionally until it is confirmed or rejected")
        doubt = pl.lit(text_hash("pending", mark.id), dtype=pl.UInt64).reinterpret(signed=True)
        rows = rows.with_columns(
            note=pl.when(hit).then(pl.concat_str("note", said, separator="; ", ignore_nulls=True)).otherwise("note"),
            digest=pl.when(hit).then(mix(pl.col("digest").reinterpret(signed=True), doubt)).otherwise("digest"),
        )
    return rows
