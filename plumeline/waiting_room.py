"""The waiting room of one process: backfill is moved to topic ``reports`` while nothing live waits (see ``ingest.waiting``)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from ingest.gateway import records
from ingest.log import Entry, LogRecord, partition_of
from ingest.waiting import BACKFILL, LIVE, key, slices
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_store import SqliteWriter

WAITING_RECORDS, WAITING_BYTES = 64, 8 * 2**20
"""Records of one read of the backfill, and bytes from which it is enough: what is held in memory, and moved again after a crash."""
SETTLE_S = 0.3
"""How long backfill that has just come is left, so that its neighbours come with it."""


class WaitingRoom:
    """Moves backfill from its topic to ``reports``, a slice at a time; what was moved is committed once all that was read is."""

    def __init__(self, log: SqliteLog, writer: SqliteWriter, hook: Callable[[str], None]) -> None:
        self.log, self.writer, self.hook = log, writer, hook
        self.seq = int(writer.get_meta(BACKFILL) or 0)
        self._upto = self.seq
        self._slices: deque[list[bytes]] = deque()
        self._since_s: float | None = None

    def let_in(self, *, settled: bool) -> bool:
        """Append the next slice to ``reports``; return whether there was one.

        Args:
            settled: leave what came just now for SETTLE_S, so that its neighbours come with it.
        """
        if not self._slices and not self._read(settled):
            return False
        parts = sorted(_by_partition(self._slices[0]).items())
        self.log.append_now([Entry(LIVE, partition, record) for partition, lines in parts for record in records(lines)])
        self.hook("moved")
        self._slices.popleft()
        if not self._slices:
            self.seq = self._upto
            self.writer.put_meta(BACKFILL, str(self.seq))
        return True

    def count(self) -> int:
        """Return how many records wait."""
        return self.log.waiting((BACKFILL,), self.seq)

    def _read(self, settled: bool) -> bool:
        found: list[LogRecord] = []
        size, newest = 0, self.log.newest()
        while size < WAITING_BYTES and (
            more := self.log.read((BACKFILL,), found[-1].seq if found else self.seq, WAITING_RECORDS)
        ):
            found += more
            size += sum(len(r.value) for r in more)
        if not found:
            self._since_s = None
            self.seq = max(self.seq, newest)  # what lies before is not looked through again
            return False
        now_s = time.monotonic()
        self._since_s = self._since_s or now_s
        if settled and size < WAITING_BYTES and now_s - self._since_s < SETTLE_S:
            return False
        self._since_s = None
        self._slices, self._upto = deque(slices(r.value for r in found)), found[-1].seq
        return True


def _by_partition(lines: Iterable[bytes]) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for line in lines:
        found.setdefault(partition_of(key(line)[0].decode()), []).append(line)
    return found
