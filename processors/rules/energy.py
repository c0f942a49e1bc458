"""Energy to standard coal and CO2 by the shipped factors; exact, and never across different bases.

Source: GB/T 2589-2020 (comprehensive energy; 1 kgce = 29.3076 MJ = 7 000 kcal) and the yearly announcements of grid
factors; each factor row carries its own source and confidence.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from processors.rules.gas import Exact, exact

FACTORS_FILE = "energy_factors.csv"
KGCE_MJ = Fraction("29.3076")
"""Heating value of a kilogram of standard coal (GB/T 2589-2020)."""
CALORIFIC = "calorific"
"""Electricity counted at its own heat, 0.1229 kgce/kWh; the default basis."""
ELECTRICITY = "electricity_calorific"
REGION = "gd"
"""Region of the grid factors where none is named: Guangdong."""
DEFAULTED = frozenset({"natural_gas"})
"""Codes whose factor stands in for a heating value that should be measured (range 1.1000 to 1.3300 kgce/m3)."""
CACHES_MAX = 1
"""The table of factors is read once a process."""

_PRIMARY = re.compile(r"primary:(\d{4}):(\d+(?:\.\d+)?)")
_GRID = re.compile(r"grid_([a-z]+)_(\d{4})")
_UNITS: dict[str, tuple[str, Fraction]] = {
    "Wh": ("MJ", Fraction(36, 10_000)),
    "kWh": ("MJ", Fraction(36, 10)),
    "MWh": ("MJ", Fraction(3_600)),
    "GWh": ("MJ", Fraction(3_600_000)),
    "kJ": ("MJ", Fraction(1, 1_000)),
    "MJ": ("MJ", Fraction(1)),
    "GJ": ("MJ", Fraction(1_000)),
    "TJ": ("MJ", Fraction(1_000_000)),
    "g": ("kg", Fraction(1, 1_000)),
    "kg": ("kg", Fraction(1)),
    "t": ("kg", Fraction(1_000)),
    "L": ("m3", Fraction(1, 1_000)),
    "m3": ("m3", Fraction(1)),
    "km3": ("m3", Fraction(1_000)),
}


class FactorError(ValueError):
    """An amount cannot be converted; the text is the reason to publish."""


class UnknownFactor(FactorError):
    """The table has no factor for this code, or leaves the one asked for blank; blank is unknown, not zero."""


class BasisMismatch(FactorError):
    """Amounts of standard coal on different bases of electricity do not add."""


class UnitMismatch(FactorError):
    """A unit is not known or does not measure the same as the factor's."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One row of the factors: kgce, MJ and tonnes of CO2 of one ``unit``; None is unknown."""

    energy_code: str
    name_zh: str
    name_en: str
    unit: str
    kgce_per_unit: Decimal | None
    lhv_mj_per_unit: Decimal | None
    tco2_per_unit: Decimal | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Coal:
    """An amount of standard coal [kgce] on a basis; ``factor_default`` tells that a default stood in for a measured value.

    ``basis`` is "calorific" or "primary:<year>:<kgce per kWh>".
    """

    kgce: Fraction
    basis: str = CALORIFIC
    factor_default: bool = False

    def __add__(self, other: Coal) -> Coal:
        """Add on one basis; raises BasisMismatch otherwise."""
        if self.basis != other.basis:
            raise BasisMismatch(f"standard coal on basis {self.basis} does not add to that on basis {other.basis}")
        return Coal(self.kgce + other.kgce, self.basis, self.factor_default or other.factor_default)

    def __neg__(self) -> Coal:
        return Coal(-self.kgce, self.basis, self.factor_default)

    def __sub__(self, other: Coal) -> Coal:
        """Subtract on one basis; raises BasisMismatch otherwise."""
        return self + -other


@dataclass(frozen=True, slots=True)
class Carbon:
    """An amount of CO2 [t]; ``factor_default`` tells that an earlier year's grid factor stood in."""

    tco2: Fraction
    factor_default: bool = False

    def __add__(self, other: Carbon) -> Carbon:
        return Carbon(self.tco2 + other.tco2, self.factor_default or other.factor_default)

    def __neg__(self) -> Carbon:
        return Carbon(-self.tco2, self.factor_default)

    def __sub__(self, other: Carbon) -> Carbon:
        return self + -other


@dataclass(frozen=True, slots=True)
class Use:
    """An amount of one kind of energy, in the unit of its factor, with its measured lower heating value where there is one."""

    energy_code: str
    amount: Exact
    lhv_mj_per_unit: Exact | None = None


def factor(energy_code: str) -> Factor:
    """Return the factors of an energy code.

    Raises:
        UnknownFactor: no row has this code.

    >>> factor("natural_gas").kgce_per_unit
    Decimal('1.3300')
    """
    try:
        return factors()[energy_code]
    except KeyError:
        raise UnknownFactor(
            f'no energy code "{energy_code}" in {FACTORS_FILE}; use one of its {len(factors())} codes'
        ) from None


def is_electricity(energy_code: str) -> bool:
    """Tell whether a code is electricity, whose coal depends on the basis and whose CO2 on year and region."""
    return energy_code.startswith(("electricity_", "grid_"))


def metered_unit(energy_code: str) -> str:
    """Return the unit in which an energy code's factors count; electricity is counted in kWh whatever row names it.

    Raises:
        UnknownFactor: no row has this code.
    """
    row = factor(energy_code)
    return "kWh" if is_electricity(energy_code) else row.unit


def kgce(use: Use, basis: str = CALORIFIC) -> Coal:
    """Return an amount of energy as standard coal.

    A measured lower heating value beats the table: kgce = LHV / 29.3076. Natural gas without one is counted at 1.3300 kgce/m3
    and marked ``factor_default``. Electricity is counted by the basis; other energy is the same on each basis and carries it.

    Raises:
        UnknownFactor: no such code, or its factor is blank.
        FactorError: the basis cannot be read, or a heating value is not above zero.

    Source:
        GB/T 2589-2020; energy_rules 3.1 (calorific 0.1229 kgce/kWh is 860/7000, as published, not 3.6/29.3076).

    >>> kgce(Use("electricity_calorific", 1_000)).kgce
    Fraction(1229, 10)
    """
    row, amount = factor(use.energy_code), exact(use.amount)
    primary = _primary_kgce_kwh(basis)
    if is_electricity(use.energy_code):
        return Coal(amount * (_known(factor(ELECTRICITY), "kgce_per_unit") if primary is None else primary), basis)
    if use.lhv_mj_per_unit is not None:
        return Coal(amount * lhv_kgce(use.lhv_mj_per_unit), basis)
    return Coal(amount * _known(row, "kgce_per_unit"), basis, factor_default=use.energy_code in DEFAULTED)


def tco2(use: Use, *, year: int, region: str = REGION) -> Carbon:
    """Return the CO2 of an amount of energy: fuels and heat by their factor, electricity by the grid's of year and region.

    The default of a fuel is not rescaled by a measured heating value: its carbon content is not in the table.

    Raises:
        UnknownFactor: no such code, or its CO2 is not known.

    Source:
        energy_rules 3.2: activity · tCO2 per unit; electricity by the matching year and region; heat 0.11 t/GJ.
    """
    if is_electricity(use.energy_code):
        row, default = grid_factor(year, region)
        return Carbon(exact(use.amount) * _known(row, "tco2_per_unit"), default)
    return Carbon(exact(use.amount) * _known(factor(use.energy_code), "tco2_per_unit"))


def grid_factor(year: int, region: str = REGION) -> tuple[Factor, bool]:
    """Return a region's grid factor of a year, or the latest earlier one with True: a default stands in.

    Raises:
        UnknownFactor: nothing is known of the region at or before the year.

    >>> grid_factor(2023)[0].tco2_per_unit, grid_factor(2026)[1]
    (Decimal('0.0004419'), True)
    """
    years = {int(match[2]): code for code in factors() if (match := _GRID.fullmatch(code)) and match[1] == region}
    known = max((each for each in years if each <= year), default=None)
    if known is None:
        raise UnknownFactor(
            f"no grid factor of region {region} for {year} or earlier; add grid_{region}_{year} to {FACTORS_FILE}"
        )
    return factor(years[known]), known != year


def lhv_kgce(lhv_mj_per_unit: Exact) -> Fraction:
    """Return kgce of one unit from its measured lower heating value [MJ].

    Raises:
        FactorError: the heating value is not above zero.

    Source:
        GB/T 2589-2020: LHV / 29.3076.
    """
    lhv = exact(lhv_mj_per_unit)
    if not lhv > 0:
        raise FactorError(f"lower heating value {lhv_mj_per_unit} MJ is not above 0")
    return lhv / KGCE_MJ


def mean_lhv(amounts: Sequence[Exact], lhv: Sequence[Exact]) -> Fraction:
    """Return the heating value of batches, weighted by their amounts, in the unit of theirs.

    Raises:
        FactorError: there are not as many heating values as amounts, or the amounts do not add up to more than zero.

    Source:
        energy_rules 3.1: weighted by mass or volume over the period, not the simple mean.

    >>> float(mean_lhv([1200, 1800], [Decimal("22.10"), Decimal("20.40")]))
    21.08
    """
    total = sum((exact(amount) for amount in amounts), Fraction(0))
    if len(amounts) != len(lhv) or not total > 0:
        raise FactorError("no amount to weight heating values by, or not one for each")
    return sum((exact(amount) * exact(value) for amount, value in zip(amounts, lhv, strict=True)), Fraction(0)) / total


def unit_product_energy(energy_kgce: Exact, output_t: Exact) -> Fraction:
    """Return kgce for a tonne of qualified output (energy_rules 3.2).

    >>> round(float(unit_product_energy(85_339_800, 1_000_000)), 3)
    85.34
    """
    if not exact(output_t) > 0:
        raise FactorError(f"output {output_t} t is not above 0")
    return exact(energy_kgce) / exact(output_t)


def pue(total_kwh: Exact, it_kwh: Exact) -> Fraction:
    """Return the power usage effectiveness over one period: all energy over that of the computers (GB 40879-2021).

    >>> round(float(pue(52_560_000, 36_500_000)), 4)
    1.44
    """
    if not exact(it_kwh) > 0:
        raise FactorError(f"computers' energy {it_kwh} kWh is not above 0")
    return exact(total_kwh) / exact(it_kwh)


def assessed_energy(reported: Exact, feedstock: Exact, new_renewables: Exact = 0) -> Fraction:
    """Return the energy that a plan assesses of what was reported, in its unit; measuring goes on for all of it.

    Args:
        reported: comprehensive energy of the period, feedstock and renewables within.
        feedstock: coal, oil, gas and their products used as raw material of non-energy products.
        new_renewables: growth of renewable electricity over the plan's base year; left out for the intensity, which keeps it.

    Raises:
        FactorError: an amount that is taken out is below zero, or more than was reported.

    Source:
        energy_rules 3.3, from the province's plan for 2021 to 2025: feedstock leaves total and intensity, new renewable electricity
        the total only, by a reading of the plan.

    >>> assessed_energy(30_000, 4_200, 650), assessed_energy(30_000, 4_200)
    (Fraction(25150, 1), Fraction(25800, 1))
    """
    left = exact(reported) - exact(feedstock) - exact(new_renewables)
    if exact(feedstock) < 0 or exact(new_renewables) < 0 or left < 0:
        raise FactorError("energy to be taken out is below 0, or more than was reported")
    return left


def in_unit(amount: Exact, unit: str, to_unit: str) -> Fraction:
    """Return an amount in another unit of the same quantity (energy, mass or volume).

    Raises:
        UnitMismatch: a unit is unknown, or the two measure different things.

    >>> in_unit(12, "GWh", "kWh"), in_unit(1, "kWh", "MJ")
    (Fraction(12000000, 1), Fraction(18, 5))
    """
    if unit == to_unit:
        return exact(amount)
    if unit not in _UNITS or to_unit not in _UNITS:
        raise UnitMismatch(f'unit "{unit}" does not convert to "{to_unit}"; known are {", ".join(_UNITS)}')
    (kind, size), (to_kind, to_size) = _UNITS[unit], _UNITS[to_unit]
    if kind != to_kind:
        raise UnitMismatch(f'unit "{unit}" and "{to_unit}" measure different things; name the energy code that is metered')
    return exact(amount) * size / to_size


@lru_cache(maxsize=CACHES_MAX)
def factors() -> Mapping[str, Factor]:
    """Return all shipped factors by code, in the table's order.

    Raises:
        ValueError: a row cannot be read; the text names file, line and field.
    """
    table: dict[str, Factor] = {}
    text = (files("processors.rules") / "data" / FACTORS_FILE).read_text(encoding="utf-8")
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        code = row["energy_code"]
        if code in table:
            raise ValueError(f"{FACTORS_FILE}, line {line}: energy_code {code} stands twice; make it unique")
        table[code] = Factor(
            energy_code=code,
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            unit=row["unit"],
            kgce_per_unit=_number(row, "kgce_per_unit", line),
            lhv_mj_per_unit=_number(row, "lhv_MJ_per_unit", line),
            tco2_per_unit=_number(row, "tco2_per_unit", line),
            source=row["source"],
            confidence=row["confidence"],
        )
    return MappingProxyType(table)


def _number(row: dict[str, str], field: str, line: int) -> Decimal | None:
    try:
        return Decimal(row[field]) if row[field] else None
    except InvalidOperation as error:
        raise ValueError(f'{FACTORS_FILE}, line {line}, {field}: "{row[field]}" is no number; mend the cell') from error


def _known(row: Factor, field: str) -> Fraction:
    value: Decimal | None = getattr(row, field)
    if value is None:
        raise UnknownFactor(f'{field} of "{row.energy_code}" is not known; choose another code or configure a value')
    return Fraction(value)


def _primary_kgce_kwh(basis: str) -> Fraction | None:
    """Return kgce of a kWh on a primary basis, None on the calorific one."""
    if basis == CALORIFIC:
        return None
    match = _PRIMARY.fullmatch(basis)
    if match is None:
        raise FactorError(f'basis "{basis}" is neither "calorific" nor "primary:<year>:<kgce per kWh>"')
    return Fraction(match[2])
