"""The reference of a check in the unit of the monitor, where it is given as the volume of a gas."""

from __future__ import annotations

from fractions import Fraction

from ingest.span_gas import CARBONS, MEASURED_AS, SpanGas
from processors.rules.gas import MOLAR_MASS_G_MOL, Exact, exact, ppm_to_mass
from processors.rules.voc import PPM, carbon_mass, ppm_as_carbon


def shown_by_monitor(reference: Exact, given: SpanGas, unit: str) -> Fraction | None:
    """Return what a monitor should show of a gas, in its unit; None where that unit does not follow from the gas.

    Args:
        reference: as it is given, in ``given.unit``.
        given: unit and gas of the reference.
        unit: of the point; volumes of hydrocarbons are ppmC.

    Source:
        VOC-4, HJ 1013-2018 (from memory, high): propane counts three carbons; AIR-CNV-1 (from memory, high) of other gases.

    >>> round(float(shown_by_monitor(30, SpanGas("ppm", "propane"), "mg/m3") or 0), 2)
    48.21
    """
    carbons = CARBONS.get(given.gas or "")
    volume = exact(reference) if carbons is None else ppm_as_carbon(reference, carbons=carbons)
    if given.unit == unit and given.gas is None:
        return volume
    if given.unit not in PPM:
        return None
    if unit in PPM:
        return volume
    if unit != "mg/m3":
        return None
    if carbons is not None or given.unit == "ppmC":
        return carbon_mass(volume)
    return None if given.gas is None else ppm_to_mass(volume, MOLAR_MASS_G_MOL[MEASURED_AS[given.gas]])
