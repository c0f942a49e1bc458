"""Readings out of stored report lines, filed under the minute they cover, with the winner among versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.registry import Source
from processors.figures import DAY_MS, MINUTE_MS, epoch_ms
from processors.qualify import DAY_LABEL_MS
from processors.store import StoredReport, StoreQuery

REPORTS_MAX = 6_000
"""Report lines read for one page: two days at one each 30 s."""


@dataclass(frozen=True)
class Reading:
    """One reading as the device sent it: ``time_ms`` is its label, ``start_ms`` where the time that it covers begins."""

    time_ms: int
    start_ms: int
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
    """Return the readings of some factors whose covered time begins in [start, end), by time, receipt and factor.

    The registry's label and clock offset are applied as the engine applies them; an empty ``factors`` means all. A line that is
    not JSON is left out here: the gateway never writes one.
    """
    cadence_ms = (row.cadence_s if row else 30) * 1000
    offset_ms = (row.clock_offset_s if row else 0) * 1000
    shift_ms = offset_ms - (cadence_ms if row is not None and row.label == "end" else 0)
    found: list[Reading] = []
    for report in store.reports(source, start_ms - shift_ms, end_ms - shift_ms, REPORTS_MAX):
        found += _of(report, shift_ms, factors)
    return sorted(found, key=lambda r: (r.start_ms, r.received_ms, r.factor, r.stat))


def own_days(store: StoreQuery, row: Source | None, source: str, day_ms: int, factor: str) -> list[Reading]:
    """Return what the device itself said of a factor's day, all statistics of it, by receipt.

    Its label is the day's midnight or any later time of the day; where labels are ends, the next midnight or any earlier one.
    """
    shift_ms = (row.clock_offset_s * 1000 if row else 0) - (DAY_LABEL_MS if row is not None and row.label == "end" else 0)
    found: list[Reading] = []
    for report in store.reports(source, day_ms - shift_ms, day_ms + DAY_MS - shift_ms, REPORTS_MAX):
        if b'"day"' in report.line:
            found += [r for r in _of(report, shift_ms, [factor]) if r.kind == "day"]
    return sorted(found, key=lambda r: (r.received_ms, r.stat))


def strip(found: Sequence[Reading], step_ms: int, normal: str = "N") -> list[tuple[int, int, str]]:
    """Return (start, end, flag) cells: for each step the commonest flag other than normal, if a quarter bear one."""
    cells: dict[int, dict[str, int]] = {}
    for r in found:
        counts = cells.setdefault(r.start_ms - r.start_ms % step_ms, {})
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


def by_minute(found: Sequence[Reading]) -> dict[int, list[Reading]]:
    """Return readings by the start of their minute."""
    minutes: dict[int, list[Reading]] = {}
    for r in found:
        minutes.setdefault(r.start_ms - r.start_ms % MINUTE_MS, []).append(r)
    return minutes


def _of(report: StoredReport, shift_ms: int, factors: Sequence[str]) -> list[Reading]:
    try:
        line: dict[str, Any] = json.loads(report.line)
        columns = list(zip(line["factors"], line["stats"], line["values"], line["flags"], strict=True))
        sent = epoch_ms(datetime.fromisoformat(line["sent"])) if line.get("sent") else None
    except (ValueError, KeyError, TypeError):
        return []
    return [
        Reading(
            report.time_ms,
            report.time_ms + shift_ms,
            factor,
            stat,
            str(line.get("kind", "")),
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
