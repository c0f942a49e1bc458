"""What a change of the registry touches: which source and factor, over which period, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

from ingest.registry import Dated, MeterChange, Point, Registry, Row

LOCAL = timezone(timedelta(hours=8))
"""Validity begins and ends at midnight of UTC+8."""
BEGIN_MS = 0
"""Start of a row without ``valid_from`` [epoch ms]."""
FOREVER_MS = 8_000_000_000_000_000
"""End of a row without ``valid_to`` [epoch ms]."""

_SILENT = {
    "valid_from",
    "valid_to",
    "name",
    "name_zh",
    "outlet",
    "permit",
    "token_group",
    "silent_after_s",
    "crc_dialect",
    "basis",
    "basis_zh",
}
"""Columns that no figure depends on."""

Key = tuple[str, str | None, str]
"""Source, factor (None: the whole source), table and what tells its rows apart."""


@dataclass(frozen=True, slots=True)
class Change:
    """A touched period [from_ms, to_ms) of a source's factor; None for all its factors. ``what`` says why."""

    source: str
    factor: str | None
    from_ms: int
    to_ms: int
    what: str


def diff(old: Registry, new: Registry) -> list[Change]:
    """Return what differs between two registries, only over the time in which it does.

    A point that others use as their oxygen or flow touches those as well. Names, tokens and contacts touch nothing.
    """
    before, after = _dated(old), _dated(new)
    changes = [
        Change(source, factor, from_ms, to_ms, f"{table}: {what}")
        for key in sorted(before.keys() | after.keys(), key=lambda k: (k[0], k[1] or "", k[2]))
        for source, factor, table in [key]
        for from_ms, to_ms, what in _periods(before.get(key, []), after.get(key, []))
    ]
    changes += _swaps(old.meter_changes, new.meter_changes)
    changes += _packs(old, new)
    changes += _bases(old, new)
    changes += _dependents(changes, (*old.points, *new.points))
    return sorted(set(changes), key=lambda c: (c.source, c.factor or "", c.from_ms, c.to_ms, c.what))


def _packs(old: Registry, new: Registry) -> list[Change]:
    """Return the sources whose rule pack says something else now, each for all its time."""
    before, after = ({pack.id: pack for pack in r.packs} for r in (old, new))
    changed = [before.get(i) or after[i] for i in before.keys() | after.keys() if before.get(i) != after.get(i)]
    ids, kinds = {p.id for p in changed}, {kind for p in changed for kind in p.kinds}
    return [
        Change(s.source, None, from_ms(s), to_ms(s), f"rules: pack {s.rules or 'for ' + s.kind}")
        for s in new.sources
        if s.rules in ids or (not s.rules and s.kind in kinds)
    ]


def _bases(old: Registry, new: Registry) -> list[Change]:
    """Return the meters of renewable electricity of enterprises whose base year says something else now, each for all its time."""
    before, after = ({e.enterprise: e.renewable_base_tce for e in r.enterprises} for r in (old, new))
    owners = {s.source: s.enterprise for s in new.sources if before.get(s.enterprise) != after.get(s.enterprise)}
    return [
        Change(m.source, m.factor, from_ms(m), to_ms(m), "enterprise: renewable_base_tce")
        for m in new.meters
        if m.plan == "renewable" and m.source in owners
    ]


def from_ms(row: Dated) -> int:
    """Return the first millisecond of a row's validity."""
    return BEGIN_MS if row.valid_from is None else _midnight_ms(row.valid_from)


def to_ms(row: Dated) -> int:
    """Return the first millisecond after a row's validity."""
    return FOREVER_MS if row.valid_to is None else _midnight_ms(row.valid_to)


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=LOCAL).timestamp()) * 1000


def _dated(registry: Registry) -> dict[Key, list[Dated]]:
    rows: dict[Key, list[Dated]] = defaultdict(list)
    for source in registry.sources:
        rows[source.source, None, "source"].append(source)
    for point in registry.points:
        rows[point.source, point.factor, "point"].append(point)
    for meter in registry.meters:
        rows[meter.source, meter.factor, "meter"].append(meter)
    for limit in registry.limits:
        rows[limit.source, limit.factor, f"limit {limit.limit_id} {limit.stat} {limit.averaging}"].append(limit)
    return rows


def _periods(old: list[Dated], new: list[Dated]) -> Iterator[tuple[int, int, str]]:
    edges = sorted({edge for row in (*old, *new) for edge in (from_ms(row), to_ms(row))})
    pending: tuple[int, int, str] | None = None
    for start, end in pairwise(edges):
        what = _difference(_held(old, start), _held(new, start))
        if pending and what == pending[2] and pending[1] == start:
            pending = (pending[0], end, what)
            continue
        if pending:
            yield pending
        pending = (start, end, what) if what else None
    if pending:
        yield pending


def _held(rows: Iterable[Dated], at_ms: int) -> Dated | None:
    return next((row for row in rows if from_ms(row) <= at_ms < to_ms(row)), None)


def _difference(old: Row | None, new: Row | None) -> str:
    if old is None and new is None:
        return ""
    if new is None:
        return "taken away"
    if old is None:
        return "added"
    a, b = old.model_dump(exclude=_SILENT), new.model_dump(exclude=_SILENT)
    return ", ".join(f"{name} {_shown(a[name])} → {_shown(b[name])}" for name in a if a[name] != b[name])


def _shown(value: object) -> str:
    return "none" if value is None or value == "" else str(value)


def _swaps(old: Iterable[MeterChange], new: Iterable[MeterChange]) -> Iterator[Change]:
    """Touch from the start of the replacement's day to the next one: where its first reading lies is not known here."""
    before = {(s.source, s.factor, s.time.astimezone(UTC)): s for s in old}
    after = {(s.source, s.factor, s.time.astimezone(UTC)): s for s in new}
    for key in sorted(before.keys() | after.keys()):
        a, b = before.get(key), after.get(key)
        what = _difference(a, b)
        if what:
            source, factor, time = key
            later = [t for s, f, t in (before.keys() | after.keys()) if (s, f) == (source, factor) and t > time]
            end = int(min(later).timestamp() * 1000) if later else FOREVER_MS
            yield Change(source, factor, _midnight_ms(time.astimezone(LOCAL).date()), end, f"meter change: {what}")


def _dependents(changes: Iterable[Change], points: Iterable[Point]) -> list[Change]:
    users: dict[tuple[str, str], dict[Point, str]] = defaultdict(dict)
    for point in points:
        if point.reference_o2_pct is not None:
            users[point.source, point.oxygen_factor][point] = "oxygen"
        if point.flow_factor:
            users[point.source, point.flow_factor][point] = "flow"
        if point.product_factor:
            users[point.source, point.product_factor][point] = "production"
        for name, factor in point.companions.items():
            users[point.source, factor][point] = name.removesuffix("_factor").replace("_", " ")
    found = []
    for change in changes:
        if not change.what.startswith("point: ") or change.factor is None:
            continue
        for point, use in users[change.source, change.factor].items():
            start, end = max(change.from_ms, from_ms(point)), min(change.to_ms, to_ms(point))
            if start < end and point.factor != change.factor:
                told = f"its {use} {change.factor}, {change.what}"
                found.append(Change(change.source, point.factor, start, end, told))
    return found
