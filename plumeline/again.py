"""Trying a quarantined frame again from the console: judged with the registry in force, filed on the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ingest.again import Retrial, again
from ingest.log import Entry
from ingest.records import Frame
from plumeline.sqlite_log import SqliteLog
from processors.figures import local
from processors.store import StoredFrame


class Again:
    """Implements ``plumeline.console.ports.Again`` over the log of one process."""

    def __init__(self, log: SqliteLog, dialect_of: Callable[[str], str], clock: Callable[[], datetime]) -> None:
        self._log, self._dialect_of, self._clock = log, dialect_of, clock

    def reason(self, frame: StoredFrame) -> str | None:
        """Return why a frame would be refused again, None where it would be read."""
        return self._judged(frame, "").reason

    def file(self, frame: StoredFrame, who: str) -> str | None:
        """Judge a frame anew and append what it holds, fsynced on return; or return why it is refused again.

        Raises:
            LogFull: the log takes nothing at the moment.
        """
        found = self._judged(frame, who)
        if found.reason is None:
            entries: list[Entry] = list(found.entries)
            self._log.append_now(entries)
        return found.reason

    def _judged(self, frame: StoredFrame, who: str) -> Retrial:
        return again(_frame(frame), self._dialect_of, self._log.partitions, self._clock(), who)


def _frame(stored: StoredFrame) -> Frame:
    received = datetime.fromtimestamp(stored.received_ms / 1000, UTC).astimezone(local(stored.received_ms).tzinfo)
    return Frame(
        id=stored.id,
        received=received,
        peer=stored.peer,
        protocol=stored.protocol,
        raw=stored.raw.decode("latin-1"),
        verdict=stored.verdict,
        crc=stored.crc,
        source=stored.source,
        answered=stored.answered,
        detail=stored.detail,
    )
