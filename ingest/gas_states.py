"""What points.csv says of the state of the gas that values are sent in: what stands in the way of bringing them to dry gas at the standard state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingest.csv_tables import Fault, unknown
from ingest.registry import Point

FLOW_UNIT = "m3/h"
SHARES = ("%", "ppm")
"""Units of a share of volume."""
COMPANION_UNITS = {
    "moisture_factor": {"%"},
    "temperature_factor": {"degC"},
    "static_pressure_factor": {"Pa", "kPa"},
    "ambient_pressure_factor": {"Pa", "kPa"},
}
"""Units of what values are brought to dry gas at the standard state with."""


def state_faults(
    file: str, line: int, point: Point, own: set[str], units: Mapping[tuple[str, str], set[str]]
) -> Iterator[Fault]:
    """Tell what stands in the way of bringing a point's values to dry gas at the standard state."""
    state = point.gas_state
    if state and not (point.unit.endswith("/m3") or point.unit == FLOW_UNIT or point.unit in SHARES):
        told = f"values in {point.unit} are not those of a gas whose state is known: mg/m3, m3/h, % or ppm are"
        yield Fault(
            file, line, "gas_state", state, told, "empty the cell, or give the point a multiplier to one of them and that unit"
        )
    elif "actual" in state and point.unit in SHARES:
        told = f"a share of volume in {point.unit} is the same at any temperature and pressure"
        yield Fault(file, line, "gas_state", state, told, "write wet, or empty the cell")
    for column, factor in point.companions.items():
        asked = COMPANION_UNITS[column]
        said = units.get((point.source, factor), set())
        if factor not in own - {point.factor}:
            yield unknown(file, line, column, factor, f"{file} of this source", own - {point.factor})
        elif not said <= asked or len(said) > 1:
            told = f"its unit is {', '.join(sorted(said))}, gas_state {state} needs {' or '.join(sorted(asked))}"
            yield Fault(file, line, column, factor, told, "give that point a multiplier and this unit, in all its rows")
