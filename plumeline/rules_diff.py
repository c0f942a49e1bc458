"""What a changed rule pack would change: stored reports of the sources it is for are rebuilt beside what is stored, and compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.log import LogRecord
from ingest.registry import Registry, RulePack, part_of
from ingest.registry_diff import diff
from plumeline.sqlite_query import SqliteStore
from processors.engine import Engine
from processors.figures import Figure, local_iso
from processors.lines import listed
from processors.memory import Settings
from processors.pending import CONTRADICTED, DOUBTS_MAX

LINES_A_TURN = 20_000
FOREVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure as it is stored and as it would be."""

    source: str
    factor: str
    stat: str
    level: str
    start: str
    value: str | None
    value_then: str | None
    reason: str | None
    reason_then: str | None
    verdict: str | None
    verdict_then: str | None


def differences(
    store: SqliteStore, registry: Registry, pack: RulePack, done: Callable[[int, int], None] = lambda _n, _of: None
) -> list[Difference]:
    """Return the stored hours and days that a pack would change, by source and time.

    Args:
        pack: replaces the one of its id, or comes beside the others.
        done: told how many of how many sources are through.
    """
    changed = registry.model_copy(update={"packs": (*(p for p in registry.packs if p.id != pack.id), pack)})
    sources = sorted({change.source for change in diff(registry, changed)})
    found: list[Difference] = []
    for n, source in enumerate(sources):
        done(n, len(sources))
        found += _of_source(store, changed, source)
    done(len(sources), len(sources))
    return found


def _of_source(store: SqliteStore, registry: Registry, source: str) -> list[Difference]:
    engine = Engine(part_of(registry, lambda name: name == source), settings=Settings(hot_ms=10**15, provisional=False))
    for mark in store.all_marks():
        if mark.source == source:
            engine.marks[mark.id] = mark
    engine.doubts.take(store.events(source, CONTRADICTED, DOUBTS_MAX))
    engine.spans_renew()
    then: dict[tuple[str, str, str, int], Figure] = {}
    lines = store.cold_reports([(source, 0, FOREVER_MS)])
    outs = [
        out
        for start in range(0, len(lines), LINES_A_TURN)
        for out in engine.apply([LogRecord("reports", 0, start, start + 1, b"\n".join(lines[start : start + LINES_A_TURN]))])
    ]
    for out in [*outs, engine.finish()]:
        then |= {(f.level, f.factor, f.stat, f.start_ms): f for f in listed(out, engine.points) if f.revision > 0}
    found = []
    for level in ("hour", "day"):
        for now in store.cold_figures(source, level, 0, FOREVER_MS):
            new = then.get((now.level, now.factor, now.stat, now.start_ms))
            if (
                now.revision
                and new is not None
                and (now.value, now.reason, now.verdict) != (new.value, new.reason, new.verdict)
            ):
                found.append(_difference(now, new))
    return sorted(found, key=lambda d: (d.start, d.level, d.factor, d.stat))


def _difference(now: Figure, new: Figure) -> Difference:
    value, value_then = (None if f.number is None else f"{f.number.normalize():f}" for f in (now, new))
    return Difference(
        now.source,
        now.factor,
        now.stat,
        now.level,
        local_iso(now.start_ms),
        value,
        value_then,
        now.reason,
        new.reason,
        now.verdict,
        new.verdict,
    )
