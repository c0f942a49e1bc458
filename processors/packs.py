"""Rule packs: which rules hold for which sources, as files of steps with their parameters, standard, clause and confidence.

A pack is a TOML file. Shipped ones lie in ``processors/rules/packs``; an office adds its own or replaces one by its id. The engine knows the
steps; a pack chooses among them and sets their numbers, so that a new rule set is a new file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.records import MarkType
from ingest.registry import Kind, RulePack, Source
from processors.averaging_steps import (
    SETTINGS,
    DayMass,
    DayMean,
    DayMeanByFlow,
    HourChain,
    HourLow,
    HourMass,
    HourMean,
    HourNoFlow,
    HourPh,
    HourReferenceOxygen,
    HourReferenceVolume,
    LimitInterval,
    LimitRounded,
    MinuteGasState,
    MinuteMean,
)
from processors.calibration_steps import OUTSIDE_RANGE, RANGE_WEEKS, CalibrationRange
from processors.check_steps import CheckAccuracy, CheckBackwards, CheckChart, CheckDrift
from processors.figures import scaled
from processors.furnace_steps import COLD_SLOTS, EXCEEDING_DAYS, OUTSIDE, FurnaceStep
from processors.gap_steps import GapAcross, GapBefore
from processors.mark_rules import Allowance, Exemption, MarkClass, classes_fault
from processors.missing_steps import ASSURED, AVAILABILITY, FILLED, HourAvailability, HourSubstituted
from processors.plan_steps import EnergyAssessed
from processors.programme_steps import (
    BEYOND,
    DAYS_DISCARDED,
    DAYS_WITHIN,
    TEN_MINUTES,
    VALIDATED,
    DayTenMinutes,
    DayValidated,
    HalfHourMean,
    LimitMultiples,
    YearDays,
    YearWithin,
)
from processors.quarter_steps import (
    VALID_DAYS,
    VALID_HOURS,
    MassSubstituted,
    MassSubstitutedDays,
    MonthMean,
    MonthMeanOfDue,
    MonthShareWithin,
    QuarterCapture,
    QuarterValidDays,
)
from processors.rate_steps import ADJUSTED, NOX_RATE, SO2_RATE, HourBias, HourNoxRate, HourSo2Rate
from processors.screening_steps import PATTERNS, ScreeningStep
from processors.series_steps import SERIES, AnySeries
from processors.station_steps import STATION_STEPS, StationRule, StationStep
from processors.steps import Step as _Rule
from processors.trading_steps import DEVIATION, GAS, MISSING, MassTrading
from processors.voc_steps import HourMax, MadeOfParts, VocStep
from processors.weather_steps import EarlyUnderWarning, WeatherLevel, WeatherReduction

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
AIR_OXYGEN = scaled(21)
"""Oxygen of ambient air [%, at SCALE] where no rule says otherwise."""
DEFAULT_PACK = "cn-flue-gas"
"""Rule pack of sources whose kind no pack is for."""
HOURS_BACK_MAX = 24
"""Hours that a forecast may look back: the hot shelf holds at least 30."""
FAULTS_MAX = 8
"""Faults of one file that are told at once."""
CACHES_MAX = 1
"""The shipped packs are read once a process."""
R = TypeVar("R")


class PackFault(ValueError):
    """A pack cannot be used; the text names file, rule, field and remedy."""


class MarkClasses(_Rule):
    """What each mark does to the hours that it covers."""

    step: Literal["mark.classes"]
    classes: list[MarkClass]


class MarkExempt(_Rule):
    """For how long marks exempt: an hour is not judged, and leaves its day's mean, with ``exempt_minutes_min`` exempt minutes.

    Where a quota ends within an event, ``overflow`` "split" judges the time beyond it, "whole" the whole event. ``dust_factor``
    is what the conditions on particulates are about. A quota of which ``quota_warn_pct`` is used is told.
    """

    step: Literal["mark.exempt"]
    exempt_minutes_min: Annotated[int, Field(ge=1, le=60)]
    overflow: Literal["split", "whole"] = "split"
    dust_factor: str = ""
    quota_warn_pct: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    exemptions: list[Exemption]

    def numbers(self) -> dict[str, object]:
        """Return the minutes, and the hours by quota and by mark: ``start_up_h``."""
        hours = {each.quota: each.year_h for each in self.exemptions if each.year_h is not None}
        hours |= {mark: h for each in self.exemptions for mark, h in each.event_h_max.items()}
        return {"exempt_minutes_min": self.exempt_minutes_min} | {f"{name}_h": h for name, h in hours.items()}


class MarkAllowance(_Rule):
    """For how long marks that exempt nothing may be set in a year; an allowance is told once ``allowance_warn_pct`` of it is used, and once it is passed."""

    step: Literal["mark.allowance"]
    allowance_warn_pct: Annotated[Decimal, Field(gt=0, le=100)]
    allowances: list[Allowance]

    def numbers(self) -> dict[str, object]:
        """Return the hours by name: ``monitor_maintenance_h``."""
        return {"allowance_warn_pct": self.allowance_warn_pct, **{f"{each.quota}_h": each.year_h for each in self.allowances}}


class MarkDeadline(_Rule):
    """A mark is due so many hours after the end of the local day on which it begins."""

    step: Literal["mark.deadline"]
    mark_deadline_h: Annotated[Decimal, Field(ge=0)]


class MarkConflict(_Rule):
    """Marks of two states of the plant at a time are told, as is a start so soon after a failure that it is the restart."""

    step: Literal["mark.conflict"]
    restart_h_max: Annotated[Decimal, Field(ge=0)]


class MarkContradicted(_Rule):
    """A declared stop is told while oxygen is below, or flow above its share of normal, for long enough."""

    step: Literal["mark.contradicted"]
    running_oxygen_pct: Annotated[Decimal, Field(gt=0)]
    running_flow_pct: Annotated[Decimal, Field(gt=0)]
    running_min: Annotated[Decimal, Field(gt=0)]
    normal_days: Annotated[int, Field(ge=1, le=31)]


class EarlyHour(_Rule):
    """A running hour is announced before it exceeds; see ``rules.early.hour_so_far``. Percentages are of the limit.

    ``t_as`` says what minutes above the analyser's range (flag T) are: "censored" ones count as above the limit, and an hour that has no
    mean because of them is told; "invalid" ones are nothing. In no case are they values.
    """

    step: Literal["early.hour"]
    t_as: Literal["censored", "invalid"] = "censored"
    valid_min: Annotated[int, Field(ge=1, le=60)]
    above_min: Annotated[int, Field(ge=1, le=60)]
    opens_pct: Annotated[int, Field(ge=1, le=200)]
    closes_pct: Annotated[int, Field(ge=1, le=200)]


class EarlyNextHour(_Rule):
    """The next hour is announced where the series' own changes make it likely to exceed; see ``rules.early.chances``."""

    step: Literal["early.next_hour"]
    hours_back: Annotated[int, Field(ge=1, le=HOURS_BACK_MAX)]
    changes_min: Annotated[int, Field(ge=1, le=HOURS_BACK_MAX)]
    share_pct: Annotated[int, Field(ge=1, le=100)]


Rule = Annotated[
    MinuteMean
    | MinuteGasState
    | HourMean
    | HourLow
    | HourNoFlow
    | HourChain
    | HourPh
    | HourReferenceOxygen
    | HourReferenceVolume
    | HourMass
    | LimitInterval
    | LimitRounded
    | DayMean
    | DayMeanByFlow
    | DayMass
    | MarkClasses
    | MarkExempt
    | MarkAllowance
    | MarkDeadline
    | MarkConflict
    | MarkContradicted
    | CheckDrift
    | CheckAccuracy
    | CheckBackwards
    | CheckChart
    | CalibrationRange
    | StationStep
    | VocStep
    | FurnaceStep
    | EarlyHour
    | EarlyNextHour
    | HalfHourMean
    | DayValidated
    | DayTenMinutes
    | LimitMultiples
    | YearWithin
    | YearDays
    | HourAvailability
    | HourSubstituted
    | MassTrading
    | HourBias
    | HourNoxRate
    | HourSo2Rate
    | EarlyUnderWarning
    | WeatherReduction
    | WeatherLevel
    | QuarterCapture
    | QuarterValidDays
    | MonthShareWithin
    | MonthMean
    | MonthMeanOfDue
    | MassSubstituted
    | MassSubstitutedDays
    | GapAcross
    | GapBefore
    | EnergyAssessed
    | ScreeningStep
    | AnySeries,
    Field(discriminator="step"),
]
_GAPS = ("gap.across", "gap.before")
_FILLS_HOURS = {*_GAPS, "mass.substituted", "mass.substituted_days", "hour.substituted"}
STEP_OF: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("avg", "minute"): ("minute.mean", "minute.nmhc", "minute.sum"),
    ("avg", "hour"): (
        "minute.nmhc",
        "minute.sum",
        "hour.mean",
        "hour.chain",
        "hour.low",
        "hour.no_flow",
        "hour.ph",
        "limit.interval",
        "limit.rounded",
    ),
    ("avg_ref", "hour"): (
        "minute.nmhc",
        "minute.sum",
        "hour.reference_oxygen",
        "hour.reference_volume",
        "hour.mean",
        "limit.interval",
        "limit.rounded",
    ),
    ("min", "hour"): ("hour.ph", "hour.mean", "limit.rounded"),
    ("max", "hour"): ("hour.ph", "hour.max", "hour.mean", "limit.rounded"),
    ("mass", "hour"): ("hour.mass",),
    ("avg", "day"): ("day.mean", "day.mean_by_flow", "hour.ph", "limit.interval", "limit.rounded"),
    ("avg_ref", "day"): ("day.mean", "limit.interval", "limit.rounded"),
    ("min", "day"): ("hour.ph", "day.mean", "day.mean_by_flow", "limit.rounded"),
    ("max", "day"): ("hour.ph", "day.mean", "day.mean_by_flow", "limit.rounded"),
    ("mass", "day"): ("day.mass",),
    **STATION_STEPS,
    ("mass_sub", "hour"): ("mass.substituted", *_GAPS),
    ("mass_sub", "day"): ("mass.substituted", "mass.substituted_days"),
    **{(stat, "month"): ("month.mean", "month.mean_of_due") for stat in ("avg", "avg_ref")},
    ("within", "month"): ("month.share_within",),
    ("avg", "halfhour"): ("halfhour.mean",),
    ("avg_ref", "halfhour"): ("hour.reference_oxygen", "halfhour.mean"),
    (VALIDATED, "halfhour"): ("halfhour.mean", "limit.interval"),
    (VALIDATED, "hour"): ("hour.mean", "limit.interval"),
    (VALIDATED, "day"): ("day.validated", "limit.interval"),
    (TEN_MINUTES, "day"): ("day.ten_minutes", "limit.interval"),
    (VALIDATED, "month"): ("limit.multiples", "day.validated"),
    (ASSURED, "day"): ("hour.availability",),
    (AVAILABILITY, "quarter"): ("hour.availability",),
    (FILLED, "hour"): ("hour.substituted", "hour.availability", *_GAPS),
    (FILLED, "day"): ("mass.substituted_days",),
    **{(stat, "day"): ("mass.trading",) for stat in (DEVIATION, MISSING, GAS)},
    **{(stat, "year"): ("mass.trading",) for stat in (FILLED, "mass_sub")},
    **{(stat, "day"): ("calibration.range",) for stat in (OUTSIDE_RANGE, RANGE_WEEKS)},
    (ADJUSTED, "hour"): ("hour.bias", "hour.substituted"),
    (NOX_RATE, "hour"): ("hour.nox_rate", "hour.bias", "hour.substituted"),
    (SO2_RATE, "hour"): ("hour.so2_rate", "hour.bias", "hour.substituted"),
    (COLD_SLOTS, "day"): ("furnace.temperature",),
    (OUTSIDE, "day"): ("process.bands",),
    (EXCEEDING_DAYS, "month"): ("month.exceeding_days",),
    **{(stat, level): ("year.within",) for stat in ("within", BEYOND) for level in ("day", "year")},
    **{(stat, "year"): ("year.days",) for stat in (DAYS_WITHIN, DAYS_DISCARDED)},
    ("mass_sub", "quarter"): ("mass.substituted", "mass.substituted_days"),
    (VALID_HOURS, "day"): ("quarter.valid_days", "hour.mean"),
    (VALID_DAYS, "quarter"): ("quarter.valid_days",),
    ("capture", "quarter"): ("quarter.capture",),
    ("transmission", "quarter"): ("quarter.capture",),
    ("reduction", "hour"): ("weather.reduction",),
    ("effective", "quarter"): ("quarter.capture",),
}
"""Steps that make a figure, by stat and level."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name
    title: str
    title_zh: str
    kinds: list[Kind] = []
    base: str = ""
    without: list[str] = []
    include: str | list[str] = []
    rule: list[Rule] = []


@dataclass(frozen=True)
class Pack:
    """A rule pack, and its numbers as the engine takes them.

    ``kinds`` are the kinds of sources it holds for unless the registry names another. ``hours_min`` is None where days are weighted by flow,
    which then need ``share_min_pct`` of the hours due. ``low`` maps a factor to what a valid hour at or below zero is taken as, ``interval`` to the
    share of its limit that is taken off what is judged [%]; both at SCALE. ``ph`` are the factors that are pH, ``air_oxygen`` what ambient air
    holds [%, at SCALE].
    """

    id: str
    title: str
    title_zh: str
    kinds: tuple[str, ...]
    rules: tuple[Rule, ...]
    minutes_min: int
    quarters_min: int
    apart_min: int
    hours_min: int | None
    share_min_pct: Decimal | None
    low: Mapping[str, int]
    no_flow: bool
    interval: Mapping[str, int]
    ph: tuple[str, ...]
    air_oxygen: int

    @property
    def share_within(self) -> int | None:
        """Least share of a month's valid hours within a programme's limit [%, at SCALE]."""
        return next((scaled(r.share_min_pct) for r in self.rules if isinstance(r, MonthShareWithin)), None)

    @property
    def decimals(self) -> Mapping[str, int]:
        """To how many decimals a factor's values are rounded before they are held against a limit; what is not there is compared as it is."""
        rule = self.rule(LimitRounded)
        return {} if rule is None else rule.decimals

    @property
    def above_only(self) -> bool:
        """Whether values are converted only where oxygen is above the reference."""
        rule = self.rule(HourReferenceOxygen)
        return rule is not None and rule.above_reference_only

    @property
    def raw_share(self) -> Fraction:
        """Least share of a minute's readings that are valid, 0 where one is enough."""
        rule = self.rule(MinuteMean)
        return Fraction(0) if rule is None else rule.share

    @property
    def day_basis(self) -> str:
        """Which hours a plain day is asked for (``valid_day_basis`` of the step ``day.mean``)."""
        rule = self.rule(DayMean)
        return "fixed" if rule is None else rule.valid_day_basis

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The settings that are not the usual ones (``SETTINGS``), by name."""
        return tuple(
            name for name, usual in SETTINGS.items() if any(getattr(rule, name, usual) != usual for rule in self.rules)
        )

    def digest_text(self) -> str:
        """What decides a figure's value, as text."""
        low, interval = (",".join(f"{f}={v}" for f, v in sorted(each.items())) for each in (self.low, self.interval))
        station = "".join(f"|{r.step}{sorted(r.numbers().items())}" for r in self.rules if isinstance(r, StationRule))
        text = f"{self.minutes_min}|{self.quarters_min}|{self.hours_min}|{self.share_min_pct}|{low}|{self.no_flow}|{interval}"
        made = "".join(
            f"|{r.model_dump(include={'step', 'made', 'parts', 'total', 'methane'})}"
            for r in self.rules
            if isinstance(r, MadeOfParts)
        )
        air = "" if self.air_oxygen == AIR_OXYGEN else f"|{self.air_oxygen}"
        air += "|above" if self.above_only else ""
        air += f"|apart{self.apart_min}" if self.apart_min else ""
        air += "".join(f"|{name}" for name in self.settings)
        air += f"|share {self.raw_share}" if self.raw_share else ""
        air += "|missed" if self.day_basis == "missed" else ""
        air += "".join(f"|round {factor} {decimals}" for factor, decimals in sorted(self.decimals.items()))
        return f"{text}{air}{''.join(f'|{factor}' for factor in self.ph)}{station}{made}"

    def rule(self, kind: type[R]) -> R | None:
        """Return the pack's rule of a step, None where it has none."""
        if kind not in self._found:
            self._found[kind] = next((rule for rule in self.rules if isinstance(rule, kind)), None)
        found = self._found[kind]
        return found if isinstance(found, kind) else None

    @cached_property
    def _found(self) -> dict[type[Any], Rule | None]:
        """Rules that were asked for, by their kind: as many as there are kinds."""
        return {}

    @property
    def marks(self) -> Mapping[MarkType, MarkClass]:
        """What each mark does, by its type; a type that is missing does what the engine does of itself."""
        rule = self.rule(MarkClasses)
        return {} if rule is None else {mark: each for each in rule.classes for mark in each.marks}

    @property
    def exempt_marks(self) -> frozenset[MarkType]:
        """The marks that exempt, while their quota lasts."""
        rule = self.rule(MarkExempt)
        return frozenset() if rule is None else frozenset(mark for each in rule.exemptions for mark in each.marks)

    @property
    def peaks(self) -> tuple[str, ...]:
        """The factors whose greatest minute may be held against a limit."""
        rule = self.rule(HourMax)
        return () if rule is None else tuple(rule.factors)

    def behind(self, stat: str, level: str, factor: str | None = None) -> list[Rule]:
        """Return the rules by which a figure is made; without those for other factors than ``factor``, where it is named."""
        return [
            rule
            for step in STEP_OF.get((stat, level), ())
            for rule in self.rules
            if rule.step == step and (factor is None or not isinstance(rule, HourPh | HourMax) or factor in rule.factors)
            if not isinstance(rule, MadeOfParts) or factor == rule.made
            if not isinstance(rule, LimitRounded) or factor is None or factor in rule.decimals
            if not (isinstance(rule, HourMean) and stat == "max" and factor in self.peaks)  # one valid minute is enough
        ]

    def said(self, rule: Rule, language: str = "en") -> str:
        """Return a rule's text with the pack's numbers filled in."""
        return (rule.text_zh if language == "zh" else rule.text).format_map(self.numbers | _written(rule))

    @cached_property
    def numbers(self) -> dict[str, object]:
        """The parameters of all rules, as their texts write them; of one that several rules have the last rule's."""
        return {name: value for rule in self.rules for name, value in _written(rule).items()}


def _written(rule: Rule) -> dict[str, object]:
    """Return a rule's parameters as texts write them."""
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in rule.numbers().items()}


def parse_pack(text: str, name: str, bases: Mapping[str, Pack] | None = None) -> Pack:
    """Read a pack; one with a ``base`` has that shipped pack's rules, but for the steps that it has a rule for itself, or is ``without``.

    After them come the rules of the shipped parts that it may ``include``, again but for the steps that are there.

    Args:
        bases: the packs that may be a base; the shipped ones where it is None.

    Raises:
        PackFault: it is no TOML, a field is wrong, or a step is missing; the text names ``name``, rule, field and remedy.
    """
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PackFault(f"{name}: no TOML: {error}") from None
    except ValidationError as error:
        raise PackFault(f"{name}: {_told(error, text)}") from None
    rules = list(file.rule)
    if file.base:
        known = shipped() if bases is None else bases
        if file.base not in known:
            raise PackFault(f"{name}: base: no shipped pack {file.base}; write one of {', '.join(sorted(known))}")
        own: set[str] = {rule.step for rule in rules}
        days = bool(own & _DAYS)
        theirs = known[file.base].rules
        if strange := sorted(set(file.without) - {rule.step for rule in theirs}):
            raise PackFault(f"{name}: without: {file.base} has no step {strange[0]}; take it out")
        own |= set(file.without)
        rules = [r for r in theirs if r.step not in own and not (days and r.step in _DAYS)] + rules
    for part in [file.include] if isinstance(file.include, str) else file.include:
        there = {rule.step for rule in rules}
        rules += [rule for rule in _part(part, name) if rule.step not in there]
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise PackFault(f"{name}: rule {rule.id} stands twice; give each rule an id of its own")
        seen.add(rule.id)
    by_step: dict[str, list[Rule]] = {}
    for rule in rules:
        by_step.setdefault(rule.step, []).append(rule)
    for step, same in by_step.items():
        if len(same) > 1:
            raise PackFault(f"{name}: step {step} is in rules {', '.join(r.id for r in same)}; a pack has one rule a step")
    filling = sorted(_FILLS_HOURS & by_step.keys())
    if len(filling) > 1 and not by_step.keys().isdisjoint(_GAPS):
        raise PackFault(
            f"{name}: steps {' and '.join(filling)} fill the same hours; keep one, and name the others in `without`"
        )
    daily = [rule for rule in rules if isinstance(rule, DayMean | DayMeanByFlow)]
    hours = [rule for rule in rules if isinstance(rule, HourMean)]
    if not hours or len(daily) != 1:
        raise PackFault(f'{name}: a pack needs one rule with step "hour.mean" and one with "day.mean" or "day.mean_by_flow"')
    day = daily[0]
    pack = Pack(
        file.id,
        file.title,
        file.title_zh,
        tuple(file.kinds),
        tuple(rules),
        hours[0].minutes_min,
        hours[0].quarters_min,
        hours[0].apart_min,
        day.hours_min if isinstance(day, DayMean) else None,
        day.share_min_pct if isinstance(day, DayMeanByFlow) else None,
        {f: scaled(v) for rule in rules if isinstance(rule, HourLow) for f, v in rule.replaced.items()},
        "hour.no_flow" in by_step,
        {f: scaled(v) for rule in rules if isinstance(rule, LimitInterval) for f, v in rule.interval_pct.items()},
        tuple(factor for rule in rules if isinstance(rule, HourPh) for factor in rule.factors),
        next((scaled(rule.air_oxygen_pct) for rule in rules if isinstance(rule, HourReferenceOxygen)), AIR_OXYGEN),
    )
    exempt = pack.rule(MarkExempt)
    if fault := classes_fault(pack.marks, [] if exempt is None else exempt.exemptions):
        raise PackFault(f"{name}: {fault}")
    if exempt is not None and pack.hours_min is None:
        raise PackFault(f'{name}: rule {exempt.id}: days weighted by flow keep all their hours; use "day.mean" or take it out')
    for rule in pack.rules:
        for language in ("en", "zh"):
            try:
                pack.said(rule, language)
            except (KeyError, IndexError, ValueError) as error:
                raise PackFault(f"{name}: rule {rule.id}: its text names {error}, which is no parameter of this pack") from None
    return pack


def _part(include: str, name: str) -> tuple[Rule, ...]:
    """Return the rules of a shipped part of packs."""
    known = {f.name.removesuffix(".toml"): f for f in (files("processors.rules") / "packs" / "parts").iterdir()}
    if include not in known:
        raise PackFault(f"{name}: include: no shipped part {include}; write one of {', '.join(sorted(known))}")
    try:
        return tuple(_File.model_validate(tomllib.loads(known[include].read_text(encoding="utf-8"))).rule)
    except ValidationError as error:
        raise PackFault(f"{include}.toml: {_told(error, known[include].read_text(encoding='utf-8'))}") from None


def _told(error: ValidationError, text: str) -> str:
    """Return all that is wrong with a file: a misspelt key is both a missing one and one too many."""
    return "; ".join(_fault(one, text) for one in error.errors(include_url=False)[:FAULTS_MAX])


def _fault(fault: Any, text: str) -> str:
    where = list(fault["loc"])
    rule, line = "", _line_of(text, where)
    if len(where) > 1 and where[0] == "rule" and isinstance(where[1], int):
        rules = tomllib.loads(text).get("rule", [])
        named = rules[where[1]].get("id", f"number {where[1] + 1}") if isinstance(rules[where[1]], dict) else where[1]
        rule, where = f"rule {named}: ", where[2:]
    field = ".".join(str(part) for part in where if part not in _STEPS) or "step"
    match fault["type"]:
        case "missing":
            says = "the key is missing; add it"
        case "extra_forbidden":
            says = "there is no such key here; mend its name, or take it out"
        case "literal_error":
            says = f'"{fault["input"]}" is none of the words that may stand here; write {fault["ctx"]["expected"]}'
        case "union_tag_invalid":
            tag, steps = fault["ctx"]["tag"], re.findall("'([^']+)'", fault["ctx"]["expected_tags"])
            near = get_close_matches(tag, steps, 3, 0) or steps
            says = f'there is no step "{tag}"; write one that docs/rules.md lists, such as {", ".join(near)}'
        case _:
            says = fault["msg"]
    return f"{line}{rule}{field}: {says}"


def _line_of(text: str, where: list[Any]) -> str:
    """Return the line of a fault as "line 12: ", that of its rule where the field itself has none; empty where it is not known."""
    of_rule, lines = len(where) > 1 and where[0] == "rule" and isinstance(where[1], int), text.splitlines()
    heads = [n for n, line in enumerate(lines) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
    if of_rule and where[1] >= len(heads):
        return ""
    start = heads[where[1]] if of_rule else 0
    end = min((n for n in heads if n > start), default=len(lines)) if of_rule else min(heads, default=len(lines))
    fields = [part for part in where[2:] if isinstance(part, str) and part not in _STEPS] if of_rule else where[:1]
    named = rf"\s*{re.escape(str(fields[0]))}\s*=" if fields else r"\s*step\s*="
    found = next((n for n in range(start, end) if re.match(named, lines[n])), start if of_rule else None)
    return "" if found is None else f"line {found + 1}: "


def packs_of(own: Iterable[RulePack]) -> dict[str, Pack]:
    """Return the packs by id, the shipped ones among them; an office's own replaces a shipped one of its id, or of its kinds.

    Raises:
        PackFault: one cannot be read, or two of them are for the same kind of source.
    """
    read = [parse_pack(pack.text, pack.file) for pack in own]
    _one_a_kind(read)
    taken = {kind for pack in read for kind in pack.kinds}
    found = {i: replace(p, kinds=tuple(k for k in p.kinds if k not in taken)) for i, p in shipped().items()}
    return found | {pack.id: pack for pack in read}


def pack_of(source: Source, own: Iterable[RulePack] = ()) -> Pack:
    """Return the rule pack that a source follows: the one it names, else the one for its kind, else flue gas's."""
    return chosen(source, packs_of(own))


def chosen(source: Source, packs: Mapping[str, Pack]) -> Pack:
    """Return the rule pack of ``packs`` that a source follows."""
    named = packs.get(source.rules) if source.rules else None
    of_kind = next((pack for pack in packs.values() if source.kind in pack.kinds), None)
    return named or of_kind or packs[DEFAULT_PACK]


@lru_cache(maxsize=CACHES_MAX)
def shipped() -> Mapping[str, Pack]:
    """Return the packs that come with the program, by id."""
    folder = files("processors.rules") / "packs"
    texts = {f.name: f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.endswith(".toml")}
    read: dict[str, Pack] = {}
    while texts:  # a base is read before what rests on it; one that is missing is a fault
        ready = [name for name, text in texts.items() if tomllib.loads(text).get("base", "") in ("", *read)] or list(texts)
        read |= {pack.id: pack for name in ready for pack in [parse_pack(texts.pop(name), name, read)]}
    _one_a_kind(read.values())
    return {pack.id: read[pack.id] for pack in sorted(read.values(), key=lambda p: p.id)}


def _one_a_kind(packs: Iterable[Pack]) -> None:
    of: dict[str, str] = {}
    for pack in packs:
        for kind in pack.kinds:
            if kind in of:
                raise PackFault(f"packs {of[kind]} and {pack.id} are both for sources of kind {kind}; take it out of one")
            of[kind] = pack.id


_DAYS = {"day.mean", "day.mean_by_flow"}
_MARKS = {"mark.classes", "mark.exempt", "mark.allowance", "mark.deadline", "mark.conflict", "mark.contradicted"}
_EARLY = {"early.hour", "early.next_hour", "early.under_warning", "weather.level"}
_CHECKS = {
    "check.drift",
    "check.accuracy",
    "check.backwards",
    "check.chart",
    "voc.methane",
    "voc.removal",
    "furnace.temperature",
    "energy.assessed",
}
_STEPS = {step for steps in STEP_OF.values() for step in steps} | _MARKS | set(PATTERNS) | set(SERIES) | _EARLY | _CHECKS
