"""What a monitor should show of the gas of a check, in its own unit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from ingest.span_gas import CARBONS, MEASURED_AS, span_gas
from processors.rules.gas import MOLAR_MASS_G_MOL
from processors.rules.span_gas import shown_by_monitor


@pytest.mark.parametrize(
    ("reference", "given", "unit", "expected"),
    [
        pytest.param("30", "ppm propane", "mg/m3", Fraction(90 * 12 * 10, 224), id="EX-2.2: 48.21"),
        pytest.param("30", "umol/mol C3H8", "ppmC", 90, id="EX-2.2: 90 ppmC"),
        pytest.param("90", "ppmC", "mg/m3", Fraction(90 * 12 * 10, 224), id="carbon already"),
        pytest.param("90", "ppmC", "umol/mol", 90, id="carbon of a monitor in umol/mol"),
        pytest.param("50", "ppm SO2", "mg/m3", Fraction(50 * 64 * 10, 224), id="EX-1.4: 142.86"),
        pytest.param("100", "ppm NO as NO", "mg/m3", Fraction(100 * 30 * 10, 224), id="EX-1.4: 133.93 as NO"),
        pytest.param("100", "ppm no as no2", "mg/m3", Fraction(100 * 46 * 10, 224), id="EX-1.4: 205.36 as NO2"),
        pytest.param("50", "ppm SO2", "ppm", 50, id="a monitor in ppm"),
        pytest.param("0.2", "mg/m³", "mg/m3", Fraction(1, 5), id="the unit of the point"),
        pytest.param("20", "ppm", "mg/m3", None, id="of which gas is not said"),
        pytest.param("20", "mg/m3", "ppm", None, id="mass of which gas is not said"),
        pytest.param("30", "ppm propane", "mg/L", None, id="no unit of a gas"),
    ],
)
def test_what_is_shown(reference: str, given: str, unit: str, expected: Fraction | int | None) -> None:
    """Exact, by the volume of a mole of 22.4 L; None where it does not follow."""
    assert shown_by_monitor(Decimal(reference), span_gas(given), unit) == expected


def test_every_gas_is_known_to_the_rule() -> None:
    """A gas that may be written is one that can be converted."""
    assert all(shown_by_monitor(1, span_gas(f"ppm {gas}"), "mg/m3") for gas in (*CARBONS, *MEASURED_AS))
    assert set(MEASURED_AS.values()) == set(MOLAR_MASS_G_MOL)
