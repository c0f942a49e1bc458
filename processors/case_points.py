"""Points of a case, as people write them down: a name, a unit, the state of the gas where it is sent otherwise, and columns of points.csv by a word each."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from ingest.registry import Point

_UNITS = (
    "mg/m3 ug/m3 ng/m3 g/m3 kg/m3 mg/L ug/L ng/L ppm ppmC umol/mol % pH degC K Pa kPa m/s m3/h m3/s m3 L/s L L/min L/L scf/h t/h kg/h t kg MJ kWh kW "
    "MW A V mV m m2 s min dB r/min uS/cm Bq/L count/L t/(km2*month) degree state timestamp dimensionless"
)
UNITS = tuple(_UNITS.split())
"""Units of points: those of the table of codes, of roles and of the table of limits, and what rules of the United States and energy meters count in."""
_COLUMNS: Mapping[str, tuple[str, type]] = {
    "multiplier": ("multiplier", Decimal),
    "moisture": ("moisture_factor", str),
    "temperature": ("temperature_factor", str),
    "static": ("static_pressure_factor", str),
    "ambient": ("ambient_pressure_factor", str),
    "reference": ("reference_o2_pct", Decimal),
    "guard": ("oxygen_guard_pct", Decimal),
    "oxygen": ("oxygen_factor", str),
    "flow": ("flow_factor", str),
    "volume": ("reference_volume_m3_t", Decimal),
    "product": ("product_factor", str),
    "high": ("range_high", Decimal),
    "role": ("role", str),
    "checks": ("checks", str),
    "s_ams": ("s_ams", Decimal),
    "calibrated": ("calibrated_high", Decimal),
    "since": ("valid_from", str),
    "fuel": ("fuel_dscf_mmbtu", Decimal),
    "fuel_co2": ("fuel_co2_scf_mmbtu", Decimal),
    "difference": ("rata_difference", Decimal),
    "mean": ("rata_mean", Decimal),
    "confidence": ("rata_confidence", Decimal),
    "inlet": ("inlet_factor", str),
    "oxidiser": ("inlet_oxygen_factor", str),
    "analyser": ("analyser_factor", str),
    "detection": ("detection_limit", Decimal),
}
"""Word of a case -> column of points.csv, and what it holds."""


def named_words(text: str, known: Mapping[str, type]) -> tuple[list[str], dict[str, Any]]:
    """Split words into those that stand alone and named ones.

    >>> named_words("SO2 mg/m3 high 200", {"high": int})
    (['SO2', 'mg/m3'], {'high': 200})
    """
    alone: list[str] = []
    named: dict[str, Any] = {}
    words = iter(text.split())
    for word in words:
        if word in known:
            named[word] = known[word](next(words, ""))
        else:
            alone.append(word)
    return alone, named


def point_of(source: str, text: str) -> dict[str, Any]:
    """Return a row of points.csv as a case writes it, without its source.

    Raises:
        ValueError: a unit that there is not, or what a column does not take; with what there is.
    """
    alone, words = named_words(text, {word: kind for word, (_column, kind) in _COLUMNS.items()})
    if len(alone) < 2:
        raise ValueError(f"write a name and a unit, such as: point SO2 mg/m3; {', '.join(_COLUMNS)} are words, and no names")
    factor, unit, *state = alone
    if unit not in UNITS:
        by_letters = {each.lower(): each for each in UNITS}
        near = get_close_matches(unit.lower(), by_letters, 1)
        meant = f"did you mean {by_letters[near[0]]}? " if near else ""
        raise ValueError(f"unit: there is no unit {unit}; {meant}units are {', '.join(UNITS)}")
    row = {"factor": factor, "unit": unit, "gas_state": " ".join(state)} | {_COLUMNS[k][0]: v for k, v in words.items()}
    try:
        Point(source=source, **row)
    except ValidationError as error:
        raise ValueError("; ".join(_told(one) for one in error.errors(include_url=False))) from None
    return row


def _told(fault: Any) -> str:
    """Return what is wrong with a column, by the word of the case and with what may stand there."""
    column = str(fault["loc"][0])
    word = next((word for word, (name, _kind) in _COLUMNS.items() if name == column), column)
    if fault["type"] == "literal_error":
        return f'{word}: "{fault["input"]}" is none of the words that may stand here; write {fault["ctx"]["expected"]}'
    return f"{word}: {fault['msg']}"
