"""Responses: from when to when which plan asks which point to come down, worked out from the warnings and plans of a registry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

from ingest.registry import Enterprise, Plan, Registry, WarningKind, WarningLevel, Weather
from ingest.registry_diff import from_ms, to_ms
from processors.figures import DAY_MS, HOUR_MS, OFFSET_MS, epoch_ms
from processors.rules.weather import LEVELS, WeatherWarning, strictest

KINDS: tuple[str, ...] = get_args(WarningKind)
ISSUERS = ("province", "city", "county")
TIMELINES_MAX = 256
"""Areas of which it is remembered which warnings held when; a province has fewer counties."""


@dataclass(frozen=True, slots=True)
class Response:
    """A stretch [start, end) in which a plan asks a point to come down, because of a warning."""

    plan: Plan
    warning: str
    start_ms: int
    end_ms: int

    @property
    def hour_ms(self) -> int:
        """The hour in which it begins: its figure bears that start."""
        return self.start_ms // HOUR_MS * HOUR_MS


def warning_of(row: Weather) -> WeatherWarning:
    """Return a warning as the rules take it."""
    ended = None if row.end is None else epoch_ms(row.end)
    return WeatherWarning(
        row.issuer, row.area, row.level, row.kind, epoch_ms(row.start), epoch_ms(row.planned_end), ended, row.warning
    )


def ended_ms(warning: WeatherWarning) -> int:
    """Return the real end of a warning, else the planned one."""
    return warning.planned_end_ms if warning.end_ms is None else warning.end_ms


class Warnings:
    """The warnings of a registry, and whom they concern: an enterprise answers to those of its province, city and county."""

    def __init__(self, registry: Registry) -> None:
        self._enterprises = {row.enterprise: row for row in registry.enterprises}
        self._enterprise_of = {row.source: row.enterprise for row in registry.sources}
        self._by_area: dict[tuple[str, str], list[WeatherWarning]] = defaultdict(list)
        for row in registry.weather:
            self._by_area[row.issuer, row.area].append(warning_of(row))
        self._timelines: dict[tuple[tuple[str, str], ...], list[tuple[int, int, list[WeatherWarning]]]] = {}
        self._plans: dict[str, list[Plan]] = defaultdict(list)
        for plan in registry.plans:
            self._plans[plan.source].append(plan)

    @property
    def planned(self) -> list[str]:
        """The sources that have a plan, in the order of their names."""
        return sorted(self._plans)

    def plans(self, source: str) -> list[Plan]:
        """Return the plans of a source, in the registry's order."""
        return self._plans.get(source, [])

    def areas(self, source: str) -> dict[str, str]:
        """Return the areas of a source's enterprise by issuer; one that is not filled in is left out."""
        row = self._enterprises.get(self._enterprise_of.get(source, ""))
        return {} if row is None else areas_of(row)

    def of(self, areas: Mapping[str, str]) -> list[WeatherWarning]:
        """Return the warnings of any time that concern who lies in these areas."""
        return [w for issuer, area in areas.items() for w in self._by_area.get((issuer, area), [])]

    def holding(self, source: str, time_ms: int) -> list[WeatherWarning]:
        """Return the strictest warning of each kind that a source answers to at a time, in the order of KINDS."""
        areas = self.areas(source)
        return self._holding(self.of(areas), areas, time_ms)

    def level(self, areas: Mapping[str, str], time_ms: int) -> WarningLevel | None:
        """Return the strictest level of any kind that holds in these areas at a time, None where none does."""
        held = self._holding(self.of(areas), areas, time_ms)
        return max((w.level for w in held), key=LEVELS.index, default=None)

    def _holding(self, known: Iterable[WeatherWarning], areas: Mapping[str, str], time_ms: int) -> list[WeatherWarning]:
        now = [w for w in known if w.active(time_ms)]
        found = (strictest(now, areas=areas, kind=kind, time_ms=time_ms) for kind in KINDS) if now else ()
        return [w for w in found if w is not None]

    def _timeline(self, areas: Mapping[str, str]) -> list[tuple[int, int, list[WeatherWarning]]]:
        """Return the stretches in which warnings hold in these areas, with the strictest of each kind."""
        key = tuple(areas.items())
        if key not in self._timelines:
            known = self.of(areas)
            edges = sorted({edge for w in known if w.start_ms < ended_ms(w) for edge in (w.start_ms, ended_ms(w))})
            held = [(start, end, self._holding(known, areas, start)) for start, end in pairwise(edges)]
            if len(self._timelines) >= TIMELINES_MAX:
                self._timelines.clear()
            self._timelines[key] = [stretch for stretch in held if stretch[2]]
        return self._timelines[key]

    def responses(self, source: str) -> list[Response]:
        """Return the responses of a source, oldest first; at a point one plan counts at a time, that of the strictest level.

        Of several kinds of warnings of one level the plan that asks for more counts. A level for which the source has no plan asks for nothing.
        """
        areas = self.areas(source)
        by_point: dict[str, list[Plan]] = defaultdict(list)
        for plan in self.plans(source):
            if plan.exempt != "yes":
                by_point[plan.factor].append(plan)
        timeline = self._timeline(areas) if by_point else []
        found: list[Response] = []
        for plans in by_point.values():
            mine: list[Response] = []
            for start, end, warnings in timeline:
                asked = _asked(plans, warnings, start)
                if asked is None:
                    continue
                plan, warning = asked
                if mine and mine[-1].end_ms == start and mine[-1].plan == plan:
                    mine[-1] = Response(plan, mine[-1].warning, mine[-1].start_ms, end)
                else:
                    mine.append(Response(plan, warning.name, start, end))
            found += mine
        return sorted(found, key=lambda r: (r.start_ms, r.plan.factor))


def areas_of(row: Enterprise) -> dict[str, str]:
    """Return the areas in which an enterprise lies, by who issues warnings for them; one that is not filled in is left out."""
    return {issuer: area for issuer in ISSUERS if (area := getattr(row, issuer))}


def changed_days(old: Registry, new: Registry) -> list[tuple[str, int]]:
    """Return the days (source, start) whose closing makes anew what a change of warnings, plans or areas touches, oldest first.

    These are the days on which a response begins that only one of two registries knows, and the first and last day of a warning that only one
    knows: for other warnings it decides which days are normal.
    """
    if (old.weather, old.plans, old.enterprises) == (new.weather, new.plans, new.enterprises):
        return []
    before, after = Warnings(old), Warnings(new)
    changed = {*map(warning_of, old.weather)} ^ {*map(warning_of, new.weather)}
    plans = {plan.source for plan in {*old.plans} ^ {*new.plans}}
    moved = {row.enterprise for row in {*old.enterprises} ^ {*new.enterprises}}
    of = {row.source: row.enterprise for row in new.sources}
    days: set[tuple[str, int]] = set()
    for source in {*before.planned, *after.planned}:
        areas = {*before.areas(source).items(), *after.areas(source).items()}
        mine = [w for w in changed if (w.issuer, w.area) in areas]
        if mine or source in plans or of.get(source) in moved:
            days |= {(source, _day(at)) for w in mine for at in (w.start_ms, max(w.start_ms, ended_ms(w) - 1))}
            days |= {(source, _day(r.start_ms)) for r in {*before.responses(source)} ^ {*after.responses(source)}}
    return sorted(days, key=lambda key: (key[1], key[0]))


def _day(time_ms: int) -> int:
    """Return the start of the local day."""
    return (time_ms + OFFSET_MS) // DAY_MS * DAY_MS - OFFSET_MS


def _asked(plans: Iterable[Plan], warnings: Iterable[WeatherWarning], time_ms: int) -> tuple[Plan, WeatherWarning] | None:
    """Return which of a point's plans counts, and by which warning, None where nothing is asked."""
    found = [
        (plan, warning)
        for warning in warnings
        for plan in plans
        if plan.level == warning.level and plan.kind in ("", warning.kind) and from_ms(plan) <= time_ms < to_ms(plan)
    ]
    return max(found, key=lambda each: (LEVELS.index(each[0].level), each[0].reduction_pct or 0), default=None)
