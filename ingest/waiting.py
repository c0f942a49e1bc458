"""The waiting room: what was sent long after its time is acknowledged and durable, but filed only when nothing live waits.

A gateway puts such reports on topic ``backfill`` instead of ``reports``. Whoever works off a log moves them to ``reports`` slice by
slice while it has time, sorted by source and time, so that an hour of which a thousand readings come in any order is rebuilt
a few times instead of a thousand. Only ``reports`` is input, so a replay of the log repeats what happened. A slice that is moved twice
(a crash between append and commit) changes nothing, because a report is a member of a set.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ingest.records import Kind

LIVE, BACKFILL = "reports", "backfill"
"""Topics of reports that are filed at once, and of those that wait."""
LATE = timedelta(minutes=5)
"""Time after its period's end from which a report waits: no tick has decided its hour before (design: an hour is decided by a
tick 5 minutes after its end)."""
PERIODS: dict[Kind, timedelta] = {
    "realtime": timedelta(),
    "minute": timedelta(minutes=10),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "register": timedelta(hours=1),
    "interval": timedelta(hours=1),
    "state": timedelta(days=1),
}
"""The longest usual period that a report's time may begin (hj212.md §12.1; meters report hourly)."""
SLICE_HOURS, SLICE_BYTES = 100, 2 * 2**20
"""Source-hours and bytes of one slice: what a turn of the engine rebuilds while live readings wait for less than a second."""
HOUR_CHARS = len("2026-07-01T00")

_HEAD = re.compile(rb'\{"v":1,"source":"([^"\\]*)","time":"([^"]*)"')


def topic_of(kind: Kind, time: datetime, received: datetime) -> str:
    """Return the topic of a report: ``backfill`` where it was received long after the period that it tells of.

    >>> noon = datetime.fromisoformat("2026-07-01T12:00:00+08:00")
    >>> topic_of("realtime", noon, noon + LATE), topic_of("realtime", noon, noon + 2 * LATE), topic_of("hour", noon, noon + 13 * LATE)
    ('reports', 'backfill', 'reports')
    """
    return BACKFILL if received - time > PERIODS[kind] + LATE else LIVE


def slices(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut the lines of NDJSON records into slices of few source-hours, sorted by source and time.

    Yields:
        lists of lines, each of at most SLICE_HOURS source-hours and SLICE_BYTES bytes (a longer line stands alone).
    """
    lines = sorted((key(line), line) for record in records for line in record.split(b"\n") if line)
    part: list[bytes] = []
    hours: set[tuple[bytes, bytes]] = set()
    size = 0
    for (source, time), line in lines:
        hour = (source, time[:HOUR_CHARS])
        if part and (size + len(line) > SLICE_BYTES or (hour not in hours and len(hours) >= SLICE_HOURS)):
            yield part
            part, hours, size = [], set(), 0
        part.append(line)
        hours.add(hour)
        size += len(line) + 1
    if part:
        yield part


def key(line: bytes) -> tuple[bytes, bytes]:
    """Return source and time of a report line, as text; empty where it is none."""
    found = _HEAD.match(line)
    if found is not None:
        return found[1], found[2]
    try:
        report = json.loads(line)
        return str(report["source"]).encode(), str(report["time"]).encode()
    except (ValueError, KeyError, TypeError):
        return b"", b""
