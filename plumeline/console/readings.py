"""Readings out of stored report lines, filed under the minute they cover, with the winner among versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.registry import Source
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, epoch_ms
from processors.qualify import DAY_LABEL_MS
from processors.store import StoredReport, StoreQuery

REPORTS_MAX = 6_000
"""Report lines read for one page: two days at one each 30 s."""
INSTANTS = ("realtime", "minute")
"""Kinds of reports that stand for each minute of the time that they cover."""


@dataclass(frozen=True)
class Reading:
    """One reading as the device sent it: ``time_ms`` is its label, ``start_ms`` and ``end_ms`` where the time that it covers begins and ends.

    Only of instants and minutes the end is known here; other kinds count where they begin.
    """

    time_ms: int
    start_ms: int
    end_ms: int
    factor: str
    stat: str
    kind: str
    value: float | None
    flag: str
    sent_ms: int | None
    received_ms: int
    frame: str | None
    backfill: bool


def readings(
    store: StoreQuery, row: Source | None, source: str, start_ms: int, end_ms: int, factors: Sequence[str]
) -> list[Reading]:
    """Return the readings of some factors that cover a part of [start, end), by time, receipt and factor.

    The registry's label, clock offset and periods are applied as the engine applies them; an empty ``factors`` means all. A line that
    is not JSON is left out here: the gateway never writes one.
    """
    placing = _Placing(row)
    found: list[Reading] = []
    for report in store.reports(source, start_ms - placing.before_ms, end_ms + placing.after_ms, REPORTS_MAX):
        found += _of(report, placing, factors)
    inside = [r for r in found if r.start_ms < end_ms and r.end_ms > start_ms]
    return sorted(inside, key=lambda r: (r.start_ms, r.received_ms, r.factor, r.stat))


def own_days(store: StoreQuery, row: Source | None, source: str, day_ms: int, factor: str) -> list[Reading]:
    """Return what the device itself said of a factor's day, all statistics of it, by receipt.

    Its label is the day's midnight or any later time of the day; where labels are ends, the next midnight or any earlier one.
    """
    placing = _Placing(row)
    shift_ms = placing.shift_ms("day")
    found: list[Reading] = []
    for report in store.reports(source, day_ms - shift_ms, day_ms + DAY_MS - shift_ms, REPORTS_MAX):
        if b'"day"' in report.line:
            found += [r for r in _of(report, placing, [factor]) if r.kind == "day"]
    return sorted(found, key=lambda r: (r.received_ms, r.stat))


def strip(found: Sequence[Reading], step_ms: int, start_ms: int, end_ms: int, normal: str = "N") -> list[tuple[int, int, str]]:
    """Return (start, end, flag) cells in [start, end): for each step the commonest flag other than normal, if a quarter bear one."""
    cells: dict[int, dict[str, int]] = {}
    for r in found:
        first = max(r.start_ms, start_ms)
        for at in range(first - first % step_ms, min(r.end_ms, end_ms), step_ms):
            counts = cells.setdefault(at, {})
            counts[r.flag] = counts.get(r.flag, 0) + 1
    result: list[tuple[int, int, str]] = []
    for at in sorted(cells):
        counts = cells[at]
        other = {flag: n for flag, n in counts.items() if flag not in (normal, "")}
        flag = max(sorted(other), key=lambda f: other[f]) if other else normal
        if other and 4 * sum(other.values()) < sum(counts.values()):
            flag = normal
        if result and result[-1][1] == at and result[-1][2] == flag == normal:
            result[-1] = (result[-1][0], at + step_ms, flag)
        else:
            result.append((at, at + step_ms, flag))
    return result


def by_minute(found: Sequence[Reading], start_ms: int, end_ms: int) -> dict[int, list[Reading]]:
    """Return readings by the start of each minute in [start, end) that they cover; a mean of an hour only under its first."""
    minutes: dict[int, list[Reading]] = {}
    for r in found:
        first = r.start_ms - r.start_ms % MINUTE_MS
        until = r.end_ms if r.kind in INSTANTS else first + MINUTE_MS
        for minute in range(first, until, MINUTE_MS):
            if start_ms <= minute < end_ms:
                minutes.setdefault(minute, []).append(r)
    return minutes


class _Placing:
    """How a source's labels are set in time, by kind of report: clock offset, and a label at the end taken back by the period."""

    def __init__(self, row: Source | None) -> None:
        self._offset_ms = 0 if row is None else row.clock_offset_s * 1000
        self._at_end = row is not None and row.label == "end"
        cadence_s, minute_s = (30, 60) if row is None else (row.cadence_s, row.minute_s)
        self._covers_ms = {"realtime": cadence_s * 1000, "minute": minute_s * 1000}
        self._period_ms = {"minute": minute_s * 1000, "hour": HOUR_MS, "day": DAY_LABEL_MS, "interval": cadence_s * 1000}
        covers = max(self._covers_ms.values()) + MINUTE_MS
        self.before_ms, self.after_ms = covers + self._offset_ms, -min(map(self.shift_ms, ("realtime", *self._period_ms)))
        """How far before the start of a time, and after its end, labels may lie of what covers it."""

    def shift_ms(self, kind: str) -> int:
        """Return what is added to a label for the start of what it covers."""
        return self._offset_ms - (self._period_ms.get(kind, 0) if self._at_end else 0)

    def times(self, label_ms: int, kind: str) -> tuple[int, int]:
        """Return start and end of what a label stands for, the end at that of a minute."""
        start = label_ms + self.shift_ms(kind)
        if kind not in INSTANTS:
            return start, start + 1
        return start, start - start % MINUTE_MS + max(self._covers_ms[kind] // MINUTE_MS, 1) * MINUTE_MS


def _of(report: StoredReport, placing: _Placing, factors: Sequence[str]) -> list[Reading]:
    try:
        line: dict[str, Any] = json.loads(report.line)
        columns = list(zip(line["factors"], line["stats"], line["values"], line["flags"], strict=True))
        sent = epoch_ms(datetime.fromisoformat(line["sent"])) if line.get("sent") else None
    except (ValueError, KeyError, TypeError):
        return []
    kind = str(line.get("kind", ""))
    start_ms, end_ms = placing.times(report.time_ms, kind)
    return [
        Reading(
            report.time_ms,
            start_ms,
            end_ms,
            factor,
            stat,
            kind,
            value,
            flag,
            sent,
            report.received_ms,
            line.get("frame"),
            bool(line.get("backfill")),
        )
        for factor, stat, value, flag in columns
        if not factors or factor in factors
    ]
