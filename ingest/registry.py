"""The registry: who may send, what a code means at an outlet, which limits hold; dated rows in a folder of CSV files."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\s/,;\"]+$")]
"""An identity: no blanks, slashes, commas or quotes, because it stands in links, topics and CSV files."""


ROLE_UNITS = {
    "fuel": "L",
    "vapour": "L",
    "ratio": "L/L",
    "fuel_speed": "L/min",
    "vapour_speed": "L/min",
    "tank": "Pa",
    "line": "Pa",
    "positive": "Pa",
    "negative": "Pa",
    "processed": "g/m3",
    "starts": "Pa",
    "running": "state",
    "tight": "umol/mol",
    "furnace_upper": "degC",
    "furnace_middle": "degC",
    "furnace_oxygen": "%",
    "bag_filter": "Pa",
    "power": "kW",
    "abatement": "kW",
    "reagent": "m3/h",
    "fuel_flow": "kg/h",
    "setting": "",
    "oxidiser": "degC",
    "bypass": "state",
}
"""What a point may be to the rules of petrol stations, and its unit: of one refuelling the fuel and vapour dispensed and recovered, their
ratio and speeds; pressure of tank and vapour line; opening pressures of the pressure/vacuum valve (the negative one below zero); concentration
behind the processing unit, the tank pressure at which it starts, and whether it runs (1, else 0); readings at a vapour-tight point. Of a furnace
for waste: thermocouples of its upper and its middle section, oxygen at its outlet, pressure drop of its bag filter. Of any plant: electric power
of its production and of its abatement, flow of the reagent, temperature of the oxidiser, whether the bypass is open (1, else 0), and the fuel burnt; and behind
"setting/" which of a monitor's own settings its device reports: range, slope, intercept, velocity_coefficient."""
FURNACE_ROLES = frozenset({"furnace_upper", "furnace_middle", "furnace_oxygen", "bag_filter"})
"""Roles of a furnace's points."""
PLANT_ROLES = frozenset({"power", "abatement", "reagent", "oxidiser", "bypass", "fuel_flow", "setting"})
"""Roles of any plant's points, which screening looks at; the others are a petrol station's."""
SPARSE_ROLES = frozenset(
    {"fuel", "vapour", "ratio", "fuel_speed", "vapour_speed", "positive", "negative", "starts", "running", "tight", "setting"}
)
"""Roles whose values come one at a time, one a refuelling, a day, a change or a visit, and cover no time."""

Role = Annotated[str, Field(max_length=64, pattern="^((" + "|".join(ROLE_UNITS) + r")(/[^\s/,;\"]+)?)?$")]


class Row(BaseModel):
    """A row of a registry file; a column that is not one of the fields is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dated(Row):
    """A row that holds from the start of one local day to the start of another; empty means without end."""

    valid_from: date | None = None
    valid_to: date | None = None


class Enterprise(Row):
    """enterprises.csv: who answers for the outlets and meters.

    ``renewable_base_tce`` is the renewable electricity used in the base year of the plan, in tonnes of coal equivalent.
    """

    enterprise: Name
    name: str
    name_zh: str = ""
    province: str = ""
    city: str = ""
    county: str = ""
    sector: str = ""
    renewable_base_tce: Annotated[Decimal, Field(ge=0)] | None = None


Kind = Literal["flue_gas", "voc", "vapour", "water", "energy"]
"""Kinds of sources; each has a rule pack of its own."""


class Source(Dated):
    """sources.csv: one device at one outlet or one meter cabinet, known by the identity it sends (HJ 212: MN).

    ``cadence_s`` is the time a reading covers and the pace at which silence is judged, ``minute_s`` the period of the
    device's own minute records (HJ 212: MinInterval). ``label`` says whether the time of a
    period's value is its start or its end. ``clock_offset_s`` is added to the device's time. ``crc_dialect`` accepts a known
    wrong CRC. ``silent_after_s`` overrides when someone is called (default: see processors.silence). ``rules`` names a rule pack; empty
    is the pack for sources of this kind.
    """

    source: Name
    enterprise: Name
    outlet: str
    name: str
    kind: Kind
    name_zh: str = ""
    permit: str = ""
    cadence_s: Annotated[int, Field(ge=1, le=86_400)] = 30
    minute_s: Annotated[int, Field(ge=60, le=3_600)] = 60
    label: Literal["start", "end"] = "start"
    clock_offset_s: Annotated[int, Field(ge=-31_536_000, le=31_536_000)] = 0
    crc_dialect: Literal["", "modbus", "modbus-swapped"] = ""
    silent_after_s: Annotated[int, Field(ge=1)] | None = None
    token_group: str = ""
    rules: str = ""


class Point(Dated):
    """points.csv: what a factor code means at one source.

    ``multiplier`` turns the sent number into ``unit``. Readings outside [range_low, range_high] are invalid. With
    ``reference_o2_pct`` the mean at reference oxygen is formed from ``oxygen_factor``'s readings, withheld where oxygen is at or
    above ``oxygen_guard_pct``. With ``flow_factor`` (a point in m3/h, dry, standard state) the hourly mass is formed. ``role`` says what a
    point is to the rules of petrol stations, furnaces and screening, one of ROLE_UNITS, and behind a slash of what: "fuel/03" is the fuel of nozzle 03.
    ``checks`` says that checks of the monitor are kept, and how they are made: from the first one on each is due in time. ``s_ams`` is the
    standard deviation of its zero and span readings, in ``unit``, which control charts of drift need. ``inlet_factor`` is the point
    before the treatment behind which this one lies; both with a flow, what is removed is judged. ``inlet_oxygen_factor`` is
    the oxygen before an oxidiser that takes in no extra air: its values count as measured while that is not below the oxygen behind it.
    ``analyser_factor`` is the point of the analyser's own value, with which hours are compared, or the point itself: then with the device's own hour.
    ``rata_difference``, ``rata_mean`` and ``rata_confidence`` are those of a relative accuracy test: mean of reference less monitor, mean of the
    monitor, and confidence coefficient. ``fuel_dscf_mmbtu`` is the dry gas of the fuel burnt (Fd), by which nitrogen oxides become a rate,
    ``fuel_co2_scf_mmbtu`` its carbon dioxide (Fc), where that is measured instead of oxygen.
    ``calibrated_high`` is the highest value of the calibration (QAL2) that holds from ``valid_from`` on, at the reference state.
    ``detection_limit`` is the monitor's, in ``unit``: screening looks for values that stay around it. ``gas_state`` is the state of the gas that
    values are sent in: dry at the standard state where it is empty, else what is to be taken out of them minute by minute, by the moisture [%], gas
    temperature [degC], static and ambient pressure [Pa or kPa] of the named factors of the source. ``reference_volume_m3_t`` is the dry gas at the
    standard state that a standard allows a tonne of product, instead of a reference oxygen: hours are brought to it with ``flow_factor`` and with
    ``product_factor``, a point in t/h.
    """

    source: Name
    factor: Name
    unit: str
    name: str = ""
    name_zh: str = ""
    multiplier: Decimal = Decimal(1)
    range_low: Decimal | None = None
    range_high: Decimal | None = None
    reference_o2_pct: Decimal | None = None
    oxygen_factor: str = "a19001"
    oxygen_guard_pct: Decimal = Decimal("20.0")
    flow_factor: str = ""
    role: Role = ""
    checks: Literal["", "manual", "automatic"] = ""
    s_ams: Annotated[Decimal, Field(gt=0)] | None = None
    inlet_factor: str = ""
    inlet_oxygen_factor: str = ""
    analyser_factor: str = ""
    calibrated_high: Annotated[Decimal, Field(gt=0)] | None = None
    rata_difference: Decimal | None = None
    rata_mean: Annotated[Decimal, Field(gt=0)] | None = None
    rata_confidence: Annotated[Decimal, Field(ge=0)] | None = None
    fuel_dscf_mmbtu: Annotated[Decimal, Field(gt=0)] | None = None
    fuel_co2_scf_mmbtu: Annotated[Decimal, Field(gt=0)] | None = None
    detection_limit: Annotated[Decimal, Field(gt=0)] | None = None
    gas_state: Literal["", "wet", "actual", "wet actual"] = ""
    moisture_factor: str = "a01014"
    temperature_factor: str = "a01012"
    static_pressure_factor: str = "a01013"
    ambient_pressure_factor: str = "a01006"
    reference_volume_m3_t: Annotated[Decimal, Field(gt=0)] | None = None
    product_factor: str = ""

    @property
    def companions(self) -> dict[str, str]:
        """Columns that name what values are brought to dry gas and to the standard state with, and the factors; none where both are as they should be."""
        wet = ("moisture_factor",) if "wet" in self.gas_state else ()
        actual = (
            ("temperature_factor", "static_pressure_factor", "ambient_pressure_factor") if "actual" in self.gas_state else ()
        )
        return {name: getattr(self, name) for name in (*wet, *actual)}


class Meter(Dated):
    """meters.csv: an energy meter behind one factor of a source.

    ``kind`` is "cumulative" (a counter that wraps at ``modulus``) or "interval" (energy of the elapsed period).
    ``multiplier`` is CT x PT, secondary to primary. ``max_rate_h`` and ``lsd`` are on the secondary side, in ``unit`` per hour and
    ``unit``. ``energy_code`` names a row of the energy factors; ``direction`` "out" is energy sold or transferred out. ``plan`` says what of a
    plan's assessed energy it measures. ``part_of`` is the factor of a meter of its source that counts its energy already: accounts leave it out.
    """

    source: Name
    factor: Name
    kind: Literal["cumulative", "interval"]
    unit: str
    name: str = ""
    name_zh: str = ""
    multiplier: Decimal = Decimal(1)
    modulus: Decimal | None = None
    max_rate_h: Decimal | None = None
    lsd: Decimal = Decimal("0.01")
    energy_code: str = ""
    direction: Literal["in", "out"] = "in"
    factor_year: int | None = None
    plan: Literal["", "feedstock", "renewable"] = ""
    part_of: str = ""


class MeterChange(Row):
    """meter_changes.csv: a register was replaced; readings before and after belong to two registers."""

    source: Name
    factor: Name
    time: AwareDatetime
    final_old: Decimal
    initial_new: Decimal
    multiplier_new: Decimal | None = None


WHEN = r"^(?:([^\s/,;\"]+) (<|<=|>|>=) (-?[0-9]+(?:\.[0-9]{1,6})?))?$"
"""A limit's condition: another factor of the source, how its value compares, and with what."""


class Limit(Dated):
    """limits.csv: a limit that holds at an outlet; several may hold at once, and each is judged for itself.

    ``stat`` is "avg" (measured), "avg_ref" (at reference oxygen or gas volume), "min" or "max" (least and greatest minute, of pH and where
    the rule pack makes one), "validated" (less its confidence interval). A limit of a "year" asks of shorter averages what the rule pack
    says. ``bound`` "lower" is broken
    by what falls short of it. ``when`` is a condition on another factor's mean of the same period, such as ``w01010 > 12``. ``rank`` says
    who set it; those of a "programme" are also assessed by the share of a month's hours within. ``limit_id`` names the row of the shipped
    limit profiles it comes from, or a permit's own; ``basis`` is standard and clause as a person reads it, ``basis_zh`` the same for
    readers of Chinese.
    """

    source: Name
    factor: Name
    limit_id: Name
    limit: Decimal
    unit: str
    stat: Literal["avg", "avg_ref", "min", "max", "validated"] = "avg"
    averaging: Literal["tenminute", "halfhour", "hour", "day", "year"] = "hour"
    bound: Literal["upper", "lower"] = "upper"
    when: Annotated[str, Field(pattern=WHEN)] = ""
    rank: Literal["", "permit", "local", "special", "national", "programme"] = ""
    basis: str = ""
    basis_zh: str = ""


class Contact(Row):
    """contacts.csv: who is told, through which webhook; the secret's text stands in the environment variable ``secret_env``.

    ``counties`` and ``enterprises`` narrow what is sent (blank-separated; empty means all); ``receives`` is "all" or "red". ``level`` is
    the stage of escalation from which the contact is told: "enterprise" hears all, an authority only what has risen to it; empty is told
    all but stages and deadlines. ``people`` are those who may close matters at that stage and lower ones, separated by ";".
    """

    contact: Name
    url: str
    secret_env: str
    counties: str = ""
    enterprises: str = ""
    receives: Literal["all", "red"] = "all"
    language: Literal["en", "zh"] = "en"
    level: Literal["", "enterprise", "county", "city", "province"] = ""
    people: Annotated[str, Field(max_length=1_000)] = ""


class Holiday(Row):
    """holidays.csv: a day that is no working day, or with ``working`` "yes" a day of a weekend on which people work."""

    day: date
    name: str = ""
    working: Literal["", "no", "yes"] = ""


LEVELS = ("", "enterprise", "county", "city", "province")
"""Who is told, by the number of a stage of escalation; stages 0 and 1 are the enterprise's own."""

Whole = Annotated[int, Field(ge=1, le=10_000)]

PARAMETERS = {
    "hours": ("n", "within_h"),
    "day": (),
    "days": ("n", "within_d"),
    "multiple": ("multiple",),
    "unacknowledged": ("hours",),
    "unexplained": ("hours",),
    "open": ("hours",),
    "pattern": (),
}
"""What raises a stage -> the parameters that a rule of this kind states, no others."""


Issuer = Literal["province", "city", "county"]
WarningLevel = Literal["yellow", "orange", "red"]
WarningKind = Literal["PM2.5", "O3", "dust", "other"]


class Weather(Row):
    """weather.csv: a pollution-weather warning as an office issued it.

    ``area`` is what enterprises.csv says in the issuer's column (``province``, ``city`` or ``county``). The warning holds from ``start`` to
    ``end``, and while that is empty to ``planned_end``; one that ended as it began was taken back.
    """

    warning: Name
    issuer: Issuer
    area: Annotated[str, Field(min_length=1)]
    level: WarningLevel
    kind: WarningKind
    start: AwareDatetime
    planned_end: AwareDatetime
    end: AwareDatetime | None = None
    note: str = ""
    note_zh: str = ""

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Weather:
        if not self.start < self.planned_end:
            raise ValueError("planned_end is not after start")
        if self.end is not None and self.end < self.start:
            raise ValueError("end is before start")
        return self


class Plan(Dated):
    """plans.csv: what a source has to do under warnings of one level, and by which of its points it is verified.

    ``stat`` is what must fall by ``reduction_pct``: "mass" of a point with a flow, "energy" of a meter, "avg" of a flow or a power. ``kind`` empty means
    warnings of any kind; ``hours`` ("9-17") are the hours of the local day in which it is asked for, all where empty. An ``exempt`` source is
    listed and asked for nothing; ``grade`` is the enterprise's performance grade, ``measure`` says in words what is done.
    """

    source: Name
    level: WarningLevel
    factor: str = ""
    stat: Literal["mass", "energy", "avg"] = "mass"
    kind: Literal["", "PM2.5", "O3", "dust", "other"] = ""
    reduction_pct: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    hours: str = ""
    grade: Literal["", "A", "B", "C", "D"] = ""
    exempt: Literal["", "no", "yes"] = ""
    measure: str = ""
    measure_zh: str = ""

    @property
    def clock_h(self) -> tuple[int, int]:
        """The hours of the local day in which the reduction is asked for, [from, to)."""
        first, _, last = (self.hours or "0-24").partition("-")
        return int(first), int(last)

    @model_validator(mode="after")
    def _asks_for_something_or_nothing(self) -> Plan:
        asks = self.reduction_pct is not None
        if self.exempt == "yes" and (asks or self.factor):
            raise ValueError("an exempt source is asked for nothing: empty factor and reduction_pct, or write exempt no")
        if self.exempt != "yes" and not (asks and self.factor):
            raise ValueError("state factor and reduction_pct, or write exempt yes")
        if not re.fullmatch(r"([0-9]{1,2}-[0-9]{1,2})?", self.hours) or not self.clock_h[0] < self.clock_h[1] <= 24:
            raise ValueError('hours run from 0 to 24, the first before the last, as in "9-17"')
        return self


class Clause(Row):
    """Where a number of escalation.toml comes from, and its sentence in both languages, with the parameters in braces."""

    id: Name
    standard: str
    clause: str = ""
    confidence: str
    text: str
    text_zh: str


class StageRule(Clause):
    """A rule of escalation.toml: ``when`` it holds, a matter rises to ``stage``.

    "hours": ``n`` exceeding hours within ``within_h`` hours; "day": an exceeding day; "days": ``n`` exceeding days within ``within_d``
    days; "multiple": an hour or day at least ``multiple`` times over its limit (value / limit - 1). "unacknowledged", "unexplained":
    an exceedance that nobody acknowledged while it lasts, or explained, ``hours`` after it was told; "open": a matter that has been with
    the county for ``hours``; "pattern": a finding of screening that a person confirmed.
    """

    stage: Literal["county", "city", "province"]
    when: Literal["hours", "day", "days", "multiple", "unacknowledged", "unexplained", "open", "pattern"]
    n: Whole | None = None
    within_h: Annotated[int, Field(ge=1, le=744)] | None = None
    within_d: Annotated[int, Field(ge=1, le=366)] | None = None
    multiple: Annotated[Decimal, Field(gt=0)] | None = None
    hours: Whole | None = None

    @model_validator(mode="after")
    def _states_its_parameters(self) -> StageRule:
        stated = {name for name in ("n", "within_h", "within_d", "multiple", "hours") if getattr(self, name) is not None}
        if stated != set(PARAMETERS[self.when]):
            raise ValueError(f'when = "{self.when}" takes {" and ".join(PARAMETERS[self.when]) or "no number"} and no more')
        return _fillable(self)


class Deadline(Clause):
    """A deadline of escalation.toml for a source that is silent: ``hours``, or the end of ``working_days`` after the day it began.

    ``until`` says what meets it: "explained" (the report of the gap, an explanation), or "data" (the source reports again, or is declared
    stopped). Where it is missed, contacts up to ``stage`` are told.
    """

    stage: Literal["enterprise", "county", "city", "province"]
    until: Literal["explained", "data"]
    hours: Whole | None = None
    working_days: Annotated[int, Field(ge=1, le=60)] | None = None

    @model_validator(mode="after")
    def _states_one_length(self) -> Deadline:
        if (self.hours is None) == (self.working_days is None):
            raise ValueError("state hours or working_days, one of them")
        return _fillable(self)


class GapRule(Clause):
    """How many gaps a quarter are excused: at most ``per_quarter``, each of at most ``hours_max`` hours; shorter than ``hours_min`` is none."""

    hours_min: Whole
    hours_max: Whole
    per_quarter: Annotated[int, Field(ge=0, le=100)]


C = TypeVar("C", bound=Clause)


def _fillable(clause: C) -> C:
    """Refuse a sentence that names a parameter the clause does not have."""
    try:
        for sentence in (clause.text, clause.text_zh):
            sentence.format(**clause.model_dump())
    except (KeyError, IndexError, ValueError, AttributeError) as fault:
        raise ValueError(f"text names {fault}, which is no parameter of this rule") from None
    return clause


class Escalation(Row):
    """escalation.toml: when a matter rises to county, city and province, and which deadlines run for silent sources."""

    rule: tuple[StageRule, ...] = ()
    deadline: tuple[Deadline, ...] = ()
    gap: GapRule | None = None

    @model_validator(mode="after")
    def _ids_once(self) -> Escalation:
        ids = [clause.id for clause in (*self.rule, *self.deadline)]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"id {', '.join(twice)} stands twice")
        return self


class RulePack(Row):
    """rules/*.toml: a rule pack of the office's own, as written; ``processors.packs`` reads it."""

    id: Name
    kinds: tuple[str, ...] = ()
    file: str
    text: str


class Registry(BaseModel):
    """All tables of the registry, validated as a whole; the snapshot on the ``registry`` topic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enterprises: tuple[Enterprise, ...] = ()
    sources: tuple[Source, ...] = ()
    points: tuple[Point, ...] = ()
    meters: tuple[Meter, ...] = ()
    meter_changes: tuple[MeterChange, ...] = ()
    limits: tuple[Limit, ...] = ()
    contacts: tuple[Contact, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    weather: tuple[Weather, ...] = ()
    plans: tuple[Plan, ...] = ()
    escalation: Escalation | None = None
    packs: tuple[RulePack, ...] = ()


def part_of(registry: Registry, wanted: Callable[[str], bool]) -> Registry:
    """Return the rows of the sources that are wanted; enterprises, contacts, warnings, rule packs and the ladder stay whole."""
    tables = {name: getattr(registry, name) for name in ("sources", "points", "meters", "meter_changes", "limits", "plans")}
    kept = {source for source in {row.source for rows in tables.values() for row in rows} if wanted(source)}
    return registry.model_copy(update={name: tuple(row for row in rows if row.source in kept) for name, rows in tables.items()})
