"""Pollution-weather warnings as people ask for them: which hold, who has a plan for them, what was reached so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.registry import Plan, Registry, Weather
from plumeline.explain import plain
from processors.figures import DAY_MS, HOUR_MS, Figure, epoch_ms, local_iso
from processors.judging import COMPLIES, EXCEEDS
from processors.reductions import REDUCTION
from processors.responses import Response, Warnings, ended_ms, warning_of

SHOWN_DAYS = 30
"""Days after its end that a warning is shown."""
WARNINGS_MAX = 10
"""Newest warnings shown."""
MEMBERS_MAX = 50
"""Plans of one warning shown; the store is asked for the figure of each."""

FigureOf = Callable[[str, str, str, int], Figure | None]
"""Finds an hour's figure by source, factor, stat and start."""


@dataclass(frozen=True, slots=True)
class Member:
    """A source's plan for a warning; ``response`` is None where it is exempt or a stricter warning counts, ``figure`` where none is made yet."""

    plan: Plan
    response: Response | None = None
    figure: Figure | None = None

    @property
    def result(self) -> str:
        """What came of it: exempt, stricter, waiting, met, not met, not judged; of a figure that is not decided yet so far."""
        if self.plan.exempt == "yes":
            return "exempt"
        if self.response is None:
            return "stricter"
        if self.figure is None:
            return "waiting"
        return {COMPLIES: "met", EXCEEDS: "not met"}.get(self.figure.verdict or "", "not judged")


@dataclass(frozen=True, slots=True)
class Shown:
    """A warning, "planned", "active" or "ended", with the plans for it.

    ``more`` plans are not among the members, ``without`` counts the sources of its area that have no plan for its level.
    """

    row: Weather
    state: str
    members: tuple[Member, ...]
    more: int
    without: int


def shown(registry: Registry, figure_of: FigureOf, now_ms: int, members_max: int = MEMBERS_MAX) -> list[Shown]:
    """Return the warnings of the last days, those that hold or are to come, the newest first, each with at most ``members_max`` plans."""
    warnings = Warnings(registry)
    lying: dict[tuple[str, str], set[str]] = {}
    for each in registry.sources:
        for area in warnings.areas(each.source).items():
            lying.setdefault(area, set()).add(each.source)
    rows = [row for row in registry.weather if ended_ms(warning_of(row)) > now_ms - SHOWN_DAYS * DAY_MS]
    rows = sorted(rows, key=lambda row: (epoch_ms(row.start), row.warning), reverse=True)[:WARNINGS_MAX]
    responses: dict[str, list[Response]] = {}
    found = []
    for row in rows:
        start, end = epoch_ms(row.start), ended_ms(warning_of(row))
        within = sorted(lying.get((row.issuer, row.area), ()))
        plans = [p for source in within for p in warnings.plans(source) if p.level == row.level and p.kind in ("", row.kind)]
        members: list[Member] = []
        for plan in plans[:members_max]:
            if plan.source not in responses:
                responses[plan.source] = warnings.responses(plan.source)
            mine = [r for r in responses[plan.source] if r.plan == plan and r.start_ms < end and r.end_ms > start]
            members += [Member(plan, r) for r in mine] or [Member(plan)]
        told = [
            Member(m.plan, m.response, figure_of(m.plan.source, m.plan.factor, REDUCTION, m.response.hour_ms))
            if m.response is not None
            else m
            for m in members
        ]
        state = "planned" if now_ms < start else "active" if now_ms < end else "ended"
        unplanned = len(within) - len({plan.source for plan in plans})
        found.append(Shown(row, state, tuple(told), max(0, len(plans) - members_max), unplanned))
    return found


def as_json(each: Shown) -> dict[str, Any]:
    """Return a warning with its plans as data."""
    return {
        **each.row.model_dump(mode="json"),
        "state": each.state,
        "without_plan": each.without,
        "plans": [_member(m) for m in each.members],
    }


def _member(m: Member) -> dict[str, Any]:
    plan, f, r = m.plan, m.figure, m.response
    return {
        "source": plan.source,
        "factor": plan.factor or None,
        "stat": None if plan.exempt == "yes" else plan.stat,
        "grade": plan.grade,
        "measure": plan.measure,
        "measure_zh": plan.measure_zh,
        "asked_pct": None if plan.reduction_pct is None else plain(plan.reduction_pct),
        "hours": plan.hours,
        "from": None if r is None else local_iso(r.start_ms),
        "to": None if r is None else local_iso(r.end_ms),
        "result": m.result,
        "so_far": f is not None and f.state == "provisional",
        "reached_pct": None if f is None or f.number is None else plain(f.number),
        "note": None if f is None else f.reason or f.explain.get("note"),
        "figure": None if f is None else f.id,
    }


def hours_behind(registry: Registry, source: str, factor: str, hour_ms: int) -> tuple[str, int, int] | None:
    """Return stat, start and end of the hours that the figure of a reduction is about, None where no warning asks for it any more."""
    found = [r for r in Warnings(registry).responses(source) if r.plan.factor == factor and r.hour_ms == hour_ms]
    return (found[-1].plan.stat, hour_ms, -(-found[-1].end_ms // HOUR_MS) * HOUR_MS) if found else None
