"""The registry against the shipped rules: energy codes, and limits that name a shipped profile; what both say must agree."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from ingest.csv_tables import Fault
from ingest.feed_mapping import Mapping, MappingFault
from ingest.registry import FURNACE_ROLES, ROLE_UNITS, Limit, Meter, Point, Registry, RulePack
from ingest.registry_files import Tables, holding
from ingest.registry_files import load_registry as load_files
from processors.averaging_steps import HourReferenceVolume
from processors.made import parts_of
from processors.packs import Pack, PackFault, chosen, packs_of
from processors.ph_figures import EXTREMES
from processors.programme_steps import VALIDATED, DayTenMinutes, DayValidated, HalfHourMean, LimitMultiples
from processors.rate_steps import HourNoxRate
from processors.rates import UNIT_OF_DILUENT, UNIT_OF_GAS
from processors.rules.energy import FACTORS_FILE, FactorError, factors, in_unit, metered_unit
from processors.rules.judge import PROFILES_FILE, LimitProfile, limit_profiles
from processors.voc_steps import MinuteNmhc, MinuteSum

PERIODS = {"1h": "hour", "24h": "day"}
"""Averaging period of a limit by how its profile's begins; other periods are not judged."""
INSTANT = ("instant", "instant_area")
"""Averaging of a profile that holds for each reading: judged by the least or greatest minute of an hour, where the rule pack makes one."""


def load_registry(folder: Path) -> Registry:
    """Read the CSV files of a registry folder, checked among themselves and against the shipped rules.

    Raises:
        RegistryFaults: with all faults of all files, in the order of file and line.
    """
    return load_files(folder, shipped_faults, filled)


def filled(cells: dict[str, str]) -> dict[str, str]:
    """Return a row of limits.csv with what it leaves to the shipped profile that it names: limit, unit, stat, period, bound, since when.

    A row that states its limit is taken as it stands. Source: emission_rules 5.
    """
    profile = limit_profiles().get(cells.get("limit_id", ""))
    if profile is None or "limit" in cells:
        return cells
    told = {
        "factor": profile.pollutant_code,
        "limit": str(profile.limit),
        "unit": profile.unit,
        "stat": _stat(profile),
        "averaging": _period(profile) or "",
        "bound": profile.bound,
        "when": profile.when,
        "valid_from": str(profile.effective or ""),
        "basis": profile.standard,
    }
    return {name: cell for name, cell in told.items() if cell} | cells


def _stat(profile: LimitProfile) -> str:
    """Return the stat that a profile's limit is compared with."""
    if profile.averaging in INSTANT:
        return "min" if profile.bound == "lower" else "max"
    return "avg" if profile.reference_o2_pct is None else "avg_ref"


def _period(profile: LimitProfile) -> str | None:
    return "hour" if profile.averaging in INSTANT else PERIODS.get(profile.averaging.split("_")[0])


def shipped_faults(tables: Tables, packs: Sequence[RulePack] = ()) -> list[Fault]:
    """Return the faults of meters, limits and rule packs that only the shipped rules can tell."""
    meters, limits = tables.meters, tables.limits
    found = [f for line, meter in meters.rows for f in _meter_faults(meters.file, line, meter)]
    for line, limit in limits.rows:
        profile = limit_profiles().get(limit.limit_id)
        if profile is not None:
            found += _limit_faults(limits.file, line, limit, profile, holding(tables, limit))
    found += [
        fault for line, point in tables.points.rows if (fault := _role_fault(tables.points.file, line, point)) is not None
    ]
    return found + _pack_faults(tables, packs)


def _role_fault(file: str, line: int, point: Point) -> Fault | None:
    """Return the fault of a thermocouple or other point of a furnace whose values are not in the unit that its rules are written in."""
    word = point.role.partition("/")[0]
    if word not in FURNACE_ROLES or point.unit == ROLE_UNITS[word]:
        return None
    told = f"a point of role {word} is in {ROLE_UNITS[word]}"
    return Fault(
        file, line, "unit", point.unit, told, f"write {ROLE_UNITS[word]}, and as multiplier what turns its values into that"
    )


def _pack_faults(tables: Tables, packs: Sequence[RulePack]) -> list[Fault]:
    """Read the rule packs; a source may name one of them or a shipped one."""
    try:
        known = packs_of(packs)
    except PackFault as error:
        file, _, told = str(error).partition(": ")
        return [Fault(file, 0, "", "", told, "mend the rule pack")]
    sources = tables.sources
    names = ", ".join(sorted(known))
    packs_by_source = {row.source: chosen(row, known) for _, row in sources.rows}
    told = "the rules of this source make no least or greatest minute of it"
    extremes = [
        Fault(tables.limits.file, line, "stat", limit.stat, told, "write avg")
        for line, limit in tables.limits.rows
        if limit.stat in EXTREMES and limit.source in packs_by_source and limit.factor not in packs_by_source[limit.source].ph
        if limit.stat == "min" or limit.factor not in packs_by_source[limit.source].peaks
    ]
    units_of: dict[str, dict[str, str]] = {}
    for _, point in tables.points.rows:
        units_of.setdefault(point.source, {})[point.factor] = point.unit
    told = "its minutes are made of those of other points, which are brought to dry gas at the standard state before"
    extremes += [
        Fault(tables.points.file, line, "gas_state", point.gas_state, told, "empty the cell, and fill in those of its parts")
        for line, point in tables.points.rows
        if point.gas_state and point.source in packs_by_source
        for rule in packs_by_source[point.source].rules
        if isinstance(rule, MinuteNmhc | MinuteSum)
        and rule.made == point.factor
        and parts_of(rule, units_of[point.source].keys())
    ]
    told = "the rule pack of this source has no step hour.reference_volume, so no means are formed at it"
    extremes += [
        Fault(tables.points.file, line, "reference_volume_m3_t", str(point.reference_volume_m3_t), told, mend)
        for line, point in tables.points.rows
        if point.reference_volume_m3_t is not None and point.source in packs_by_source
        for mend in ("empty the cell, or name a pack that rests on cn-flue-gas",)
        if packs_by_source[point.source].rule(HourReferenceVolume) is None
    ]
    extremes += [
        Fault(tables.points.file, line, *fault)
        for line, point in tables.points.rows
        if point.source in packs_by_source
        and (fault := _rate_fault(point, packs_by_source[point.source], units_of[point.source]))
    ]
    unmade = [
        Fault(tables.limits.file, line, *fault)
        for line, limit in tables.limits.rows
        if limit.source in packs_by_source and (fault := _unmade(limit, packs_by_source[limit.source])) is not None
    ]
    return [*extremes, *unmade] + [
        Fault(sources.file, line, "rules", row.rules, "no such rule pack", f"write one of {names}, or leave the cell empty")
        for line, row in sources.rows
        if row.rules and row.rules not in known
    ]


def _rate_fault(point: Point, pack: Pack, units: dict[str, str]) -> tuple[str, str, str, str] | None:
    """Return column, cell, message and remedy of a fuel by which no rate can be made at a point; None where it can, or there is none."""
    by_oxygen = point.fuel_dscf_mmbtu is not None
    column, cell = ("fuel_dscf_mmbtu", point.fuel_dscf_mmbtu) if by_oxygen else ("fuel_co2_scf_mmbtu", point.fuel_co2_scf_mmbtu)
    if cell is None:
        return None
    rule = pack.rule(HourNoxRate)
    if rule is None:
        return (
            column,
            str(cell),
            f"rule pack {pack.id} makes no rates by the fuel",
            "empty the cell, or name a pack that rests on us-cfr75",
        )
    if point.factor != rule.nox_factor:
        return column, str(cell), f"the rate is that of {rule.nox_factor}", "write it in the row of that factor"
    if point.unit != UNIT_OF_GAS:
        return (
            "unit",
            point.unit,
            f"by {column} a rate is made of {UNIT_OF_GAS}",
            f"write {UNIT_OF_GAS}, and as multiplier what turns its values into that",
        )
    other = rule.oxygen_factor if by_oxygen else rule.carbon_dioxide_factor
    if units.get(other) != UNIT_OF_DILUENT:
        told = f"the rate is made with {other} in {UNIT_OF_DILUENT}, of which this source has no row"
        return column, str(cell), told, "add one to points.csv, or empty the cell"
    return None


def _unmade(limit: Limit, pack: Pack) -> tuple[str, str, str, str] | None:
    """Return column, cell, message and remedy of a limit on what the source's rule pack does not make, None where it does."""
    if limit.stat == VALIDATED and pack.rule(DayValidated) is None:
        return (
            "stat",
            limit.stat,
            f"rule pack {pack.id} makes no validated averages",
            "write avg or avg_ref, or name another pack",
        )
    if limit.averaging == "halfhour" and pack.rule(HalfHourMean) is None:
        return (
            "averaging",
            limit.averaging,
            f"rule pack {pack.id} makes no half-hours",
            "write hour or day, or name another pack",
        )
    ten = pack.rule(DayTenMinutes)
    if limit.averaging == "tenminute" and (ten is None or limit.factor not in ten.factors):
        told = f"rule pack {pack.id} makes no ten-minute averages of {limit.factor}"
        return ("averaging", limit.averaging, told, "write halfhour, hour or day, or name another pack")
    if limit.averaging == "year" and (limit.stat != VALIDATED or pack.rule(LimitMultiples) is None):
        told = f"rule pack {pack.id} makes no {limit.stat} of a year's limit"
        return (
            "averaging",
            limit.averaging,
            told,
            "write hour or day; of stat validated a pack with the step limit.multiples takes years",
        )
    return None


def check_mapping(mapping: Mapping, name: str) -> None:
    """Raise MappingFault where a feed's mapping names an energy code that is not shipped, or a unit it is not metered in."""
    told = [
        f"{name}: value[{number}].{column}: {message}"
        for number, value in enumerate(mapping.value, 1)
        for column, message in _energy_words(value.energy_code, value.unit)
    ]
    if told:
        raise MappingFault("\n".join(told))


def _energy_words(code: str, unit: str) -> list[tuple[str, str]]:
    """Return (column, message; remedy) of an energy code and the unit that it is metered in."""
    if not code:
        return []
    if code not in factors():
        near = difflib.get_close_matches(code, list(factors()), 1)
        remedy = f"did you mean {near[0]}?" if near else f"use one of its {len(factors())} codes, or leave the cell empty"
        return [("energy_code", f'"{code}" stands in no row of {FACTORS_FILE}; {remedy}')]
    try:
        in_unit(1, unit, metered_unit(code))
    except FactorError as error:
        return [("unit", f"{error}; {code} is counted in {metered_unit(code)}")]
    return []


def _meter_faults(file: str, line: int, meter: Meter) -> list[Fault]:
    cells = {"energy_code": meter.energy_code, "unit": meter.unit}
    return [
        Fault(file, line, column, cells[column], *told.removeprefix(f'"{cells[column]}" ').split("; ", 1))
        for column, told in _energy_words(meter.energy_code, meter.unit)
    ]


def _limit_faults(file: str, line: int, limit: Limit, profile: LimitProfile, points: list[Point]) -> list[Fault]:
    """Compare a limit with the shipped profile whose id it bears."""
    remedy = f"write what {PROFILES_FILE} says, or give a limit of your permit's own another limit_id"
    period = _period(profile)

    def fault(column: str, value: object, message: str, mend: str = remedy) -> Fault:
        return Fault(file, line, column, str(value), f"{message} in {limit.limit_id}", mend)

    if period is None:
        return [
            fault("limit_id", limit.limit_id, f"a limit over {profile.averaging} is not judged; it is one", "remove the row")
        ]
    found = []
    if profile.pollutant_code and limit.factor != profile.pollutant_code:
        found.append(fault("factor", limit.factor, f"the factor is {profile.pollutant_code}"))
    if limit.unit != profile.unit:
        found.append(fault("unit", limit.unit, f"the unit is {profile.unit}"))
    elif limit.limit != profile.limit:
        found.append(fault("limit", limit.limit, f"the limit is {profile.limit} {profile.unit}"))
    if limit.averaging != period:
        found.append(fault("averaging", limit.averaging, f"the averaging period is the {period}"))
    if limit.bound != profile.bound:
        found.append(fault("bound", limit.bound, f"the bound is {profile.bound}"))
    if profile.when and limit.when not in ("", profile.when):
        found.append(fault("when", limit.when, f"the condition is {profile.when}"))
    stat = _stat(profile)
    if limit.stat != stat:
        found.append(fault("stat", limit.stat, f"the stat is {stat}"))
    elif stat == "avg_ref" and (
        strange := {p.reference_o2_pct for p in points if p.reference_volume_m3_t is None} - {profile.reference_o2_pct}
    ):
        told = ", ".join(sorted(map(str, strange)))
        mend = "write it as reference_o2_pct in points.csv"
        found.append(
            fault("stat", limit.stat, f"points.csv has {told} %, the reference oxygen is {profile.reference_o2_pct} %", mend)
        )
    return found
