"""Gases of checks: the unit in which a reference is given and of which gas it is, as people write it: ``ppm propane``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

UNITS: Mapping[str, str] = {
    "ppm": "ppm",
    "umol/mol": "umol/mol",
    "\u00b5mol/mol": "umol/mol",  # micro sign
    "\u03bcmol/mol": "umol/mol",  # small mu
    "ppmc": "ppmC",
    "mg/m3": "mg/m3",
    "mg/m\u00b3": "mg/m3",
}
"""Units as they are written, in lower case, and as they are kept; ppm and umol/mol are one."""
CARBONS: Mapping[str, int] = {
    "methane": 1,
    "ethane": 2,
    "ethylene": 2,
    "propane": 3,
    "propylene": 3,
    "n-butane": 4,
    "isobutylene": 4,
    "n-hexane": 6,
    "benzene": 6,
    "toluene": 7,
}
"""Carbon atoms of a molecule of the organic gases that hydrocarbon monitors are checked with."""
MEASURED_AS: Mapping[str, str] = {
    "SO2": "SO2",
    "NO as NO": "NO",
    "NO as NO2": "NO2",
    "NO2": "NO2",
    "CO": "CO",
    "HCl": "HCl",
    "NH3": "NH3",
}
"""Other gases, and as which the monitor shows them: nitrogen oxides are shown as NO2, whatever gas they are checked with."""
_SPELT = {name.lower(): name for name in (*CARBONS, *MEASURED_AS)} | {
    "ch4": "methane",
    "c3h8": "propane",
    "n-c4h10": "n-butane",
    "c6h6": "benzene",
    "甲烷": "methane",
    "乙烷": "ethane",
    "乙烯": "ethylene",
    "丙烷": "propane",
    "丙烯": "propylene",
    "正丁烷": "n-butane",
    "异丁烯": "isobutylene",
    "正己烷": "n-hexane",
    "苯": "benzene",
    "甲苯": "toluene",
    "二氧化硫": "SO2",
    "二氧化氮": "NO2",
    "一氧化碳": "CO",
    "氯化氢": "HCl",
    "氨": "NH3",
}
"""Names of gases as they are written, in lower case, and as they are kept."""


@dataclass(frozen=True, slots=True)
class SpanGas:
    """In which unit a reference is given, and of which gas; None where the unit says all (``ppmC``, ``mg/m3``)."""

    unit: str
    gas: str | None = None

    def __str__(self) -> str:
        return self.unit if self.gas is None else f"{self.unit} {self.gas}"


def span_gas(text: str) -> SpanGas:
    """Read unit and gas of a reference.

    Raises:
        ValueError: the unit or gas is not known, or a gas stands beside a unit that is not one of volume; the text says what to write.

    >>> str(span_gas("ppm 丙烷")), str(span_gas("mg/m³"))
    ('ppm propane', 'mg/m3')
    """
    written, _, named = " ".join(text.split()).partition(" ")
    unit = UNITS.get(written.lower())
    if unit is None:
        known = ", ".join(dict.fromkeys(UNITS.values()))
        raise ValueError(f'unit "{written}" is not known; write one of {known}, or nothing for the unit of the point')
    if not named:
        return SpanGas(unit)
    if unit not in ("ppm", "umol/mol"):
        raise ValueError(f'"{text}" names a gas beside {unit}; write {unit} alone, or ppm {named}')
    gas = _SPELT.get(named.lower())
    if gas is None:
        near = difflib.get_close_matches(named.lower(), _SPELT, 1)
        meant = f"did you mean {_SPELT[near[0]]}? " if near else ""
        raise ValueError(f'gas "{named}" is not known; {meant}write one of {", ".join((*CARBONS, *MEASURED_AS))}')
    return SpanGas(unit, gas)
