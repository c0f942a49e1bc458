"""Flue-gas formulas give the reference's worked examples, on single numbers and on columns alike."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules import gas
from processors.rules.gas import MOLAR_MASS_G_MOL, OxygenGuard, half_up

PI = Fraction("3.14159265358979323846")
DUCT_AREA_M2 = PI * 4  # a round duct of 4 m: pi/4 * 4^2
M = 10**6


def shown(value: Fraction, digits: int) -> str:
    """Print as the reference does."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        pytest.param(lambda: gas.ppm_to_mass(50, MOLAR_MASS_G_MOL["SO2"]), 2, "142.86", id="EX-1.4 SO2"),
        pytest.param(lambda: gas.ppm_to_mass(100, MOLAR_MASS_G_MOL["NO"]), 2, "133.93", id="EX-1.4 NO as NO"),
        pytest.param(lambda: gas.ppm_to_mass(100, MOLAR_MASS_G_MOL["NO2"]), 2, "205.36", id="EX-1.4 NO as NO2"),
        pytest.param(lambda: gas.ppm_to_mass(100, MOLAR_MASS_G_MOL["CO"]), 2, "125.00", id="CO: 12 + 16 = 28 over 22.4"),
        pytest.param(lambda: gas.ppm_to_mass(100, MOLAR_MASS_G_MOL["HCl"]), 2, "162.95", id="HCl: 1 + 35.5 = 36.5 over 22.4"),
        pytest.param(lambda: gas.ppm_to_mass(100, MOLAR_MASS_G_MOL["NH3"]), 2, "75.89", id="NH3: 14 + 3 = 17 over 22.4"),
        pytest.param(lambda: gas.wet_to_dry(80, Decimal("0.12")), 2, "90.91", id="EX-1.5"),
        pytest.param(lambda: gas.wet_to_dry(Decimal("7.2"), Decimal("0.10")), 1, "8.0", id="oxygen wet to dry"),
        pytest.param(
            lambda: gas.to_standard_state(60, temperature_degc=120, ambient_pa=100_900, static_pa=-1_200),
            2,
            "87.77",
            id="EX-1.6",
        ),
        pytest.param(
            lambda: gas.to_standard_state(60, temperature_degc=120, ambient_pa=100_900, static_pa=-1_200, t0_k=Fraction(273)),
            2,
            "87.78",
            id="EX-1.6 with 273 K",
        ),
        pytest.param(lambda: gas.nox_as_no2(40, 5), 2, "66.33", id="EX-1.7 46/30"),
        pytest.param(lambda: gas.nox_as_no2(40, 5, Decimal("1.53")), 2, "66.20", id="EX-1.7 1.53"),
        pytest.param(lambda: gas.at_reference_oxygen(28, oxygen_pct=9, reference_pct=6), 2, "35.00", id="EX-1.8 equal"),
        pytest.param(
            lambda: gas.at_reference_oxygen(28, oxygen_pct=Decimal("9.1"), reference_pct=6), 2, "35.29", id="EX-1.8 above"
        ),
        pytest.param(
            lambda: gas.at_reference_volume(120, flow_m3_h=4_500, product_t_h=Decimal("1.2"), reference_m3_t=3_000),
            1,
            "150.0",
            id="oxy-fuel furnace",
        ),
        pytest.param(
            lambda: gas.at_reference_volume(5, flow_m3_h=2, product_t_h=1, reference_m3_t=1), 0, "10", id="a volume of one"
        ),
        pytest.param(lambda: gas.actual_flow(DUCT_AREA_M2, 12), 0, "542867", id="EX-1.11 actual"),
        pytest.param(
            lambda: gas.dry_standard_flow(
                gas.actual_flow(DUCT_AREA_M2, 12),
                temperature_degc=55,
                ambient_pa=101_000,
                static_pa=-300,
                moisture_fraction=Decimal("0.11"),
            ),
            0,
            "399692",
            id="EX-1.11 dry standard",
        ),
        pytest.param(lambda: gas.hourly_mass_kg(Decimal("24.5"), 399_692), 3, "9.792", id="EX-1.12"),
        pytest.param(lambda: 24 * gas.hourly_mass_kg(Decimal("24.5"), 399_692) / 1000, 4, "0.2350", id="EX-1.12 a day in t"),
        pytest.param(lambda: gas.section_velocity(Decimal("10.0"), Decimal("1.20")), 1, "12.0", id="EX-1.12b"),
    ],
)
def test_worked_examples(value: Callable[[], Fraction], digits: int, expected: str) -> None:
    """Each formula prints the number of emission_rules 1.2 and 1.3."""
    assert shown(value(), digits) == expected


@pytest.mark.parametrize(
    ("oxygen", "guard", "converted"),
    [
        pytest.param("20.5", "20.0", False, id="EX-1.10"),
        pytest.param("20.0", "20.0", False, id="at the guard"),
        pytest.param("19.999999", "20.0", True, id="just below the guard"),
        pytest.param("20.5", "21", True, id="guard wide open"),
        pytest.param("20.999999", "21", True, id="just below air"),
        pytest.param("21", "21", False, id="air"),
    ],
)
def test_the_guard_near_air(oxygen: str, guard: str, converted: bool) -> None:
    """From the guard on nothing is converted, and the reason says both numbers; the column form is null there."""
    row = pl.DataFrame({"c": [2 * M], "o": [int(Decimal(oxygen) * M)], "r": [6 * M], "g": [int(Decimal(guard) * M)]})
    (column,) = row.select(gas.reference_oxygen_expr(pl.col("c"), pl.col("o"), pl.col("r"), pl.col("g"))).to_series()
    assert (column is not None) is converted
    if converted:
        value = gas.at_reference_oxygen(2, oxygen_pct=Decimal(oxygen), reference_pct=6, guard_pct=Decimal(guard))
        assert half_up(value) == column
        return
    with pytest.raises(OxygenGuard, match=f"oxygen {oxygen} % is at or above the guard of {guard} %"):
        gas.at_reference_oxygen(2, oxygen_pct=Decimal(oxygen), reference_pct=6, guard_pct=Decimal(guard))


def test_a_reference_of_air() -> None:
    """The column form is null there; just below it 15 000 000 mg/m3 at 6 % are 15 000 000 · 0.000001 / 15 = 1 mg/m3."""
    row = pl.DataFrame({"c": [15_000_000 * M] * 2, "o": [6 * M] * 2, "r": [21 * M, 21 * M - 1], "g": [20 * M] * 2})
    column = row.select(gas.reference_oxygen_expr(pl.col("c"), pl.col("o"), pl.col("r"), pl.col("g"))).to_series()
    assert column.to_list() == [None, 1 * M]


def test_what_the_guard_prevents() -> None:
    """EX-1.10: 2 mg/m3 at 20.5 % would become 60.0, far above a limit of 35; where nothing is said the guard is 20.0 %."""
    assert gas.at_reference_oxygen(2, oxygen_pct=Decimal("19.5"), reference_pct=6) == 20  # 2 · 15 / 1.5
    with pytest.raises(OxygenGuard, match="oxygen 20 % is at or above the guard of 20 %"):
        gas.at_reference_oxygen(2, oxygen_pct=20, reference_pct=6)
    assert gas.at_reference_oxygen(2, oxygen_pct=Decimal("20.5"), reference_pct=6, guard_pct=21) == 60


def test_order_of_averaging_and_conversion() -> None:
    """EX-1.9: minute then mean gives 36.43, mean then fold 34.09, of the same hour."""
    hour = pl.DataFrame({"c": [30 * M, 20 * M], "o": [6 * M, 14 * M]})
    reference, guard = pl.lit(6 * M), pl.lit(20 * M)
    fold = gas.reference_oxygen_expr(pl.col("c"), pl.col("o"), reference, guard)
    minute_then_mean = hour.select(fold.mean().round(0).cast(pl.Int64)).item()
    mean_then_fold = hour.select(pl.col("c", "o").mean().cast(pl.Int64)).select(fold).item()
    assert shown(Fraction(minute_then_mean, M), 2) == "36.43"
    assert shown(Fraction(mean_then_fold, M), 2) == "34.09"


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(lambda: gas.wet_to_dry(80, 12), id="moisture in percent"),
        pytest.param(lambda: gas.wet_to_dry(80, 1), id="only steam"),
        pytest.param(lambda: gas.wet_to_dry(80, Decimal("-0.01")), id="less than no steam"),
        pytest.param(lambda: gas.wet_to_dry(Decimal("NaN"), 0), id="NaN"),
        pytest.param(lambda: gas.wet_to_dry(Decimal("Infinity"), 0), id="infinity"),
        pytest.param(lambda: gas.at_reference_oxygen(1, oxygen_pct=5, reference_pct=21), id="reference of air"),
        pytest.param(lambda: gas.at_reference_oxygen(1, oxygen_pct=5, reference_pct=6, guard_pct=22), id="guard above air"),
        pytest.param(
            lambda: gas.to_standard_state(1, temperature_degc=-274, ambient_pa=1, static_pa=0), id="below absolute zero"
        ),
        pytest.param(
            lambda: gas.to_standard_state(1, temperature_degc=Decimal("-273.15"), ambient_pa=1, static_pa=0), id="absolute zero"
        ),
        pytest.param(lambda: gas.to_standard_state(1, temperature_degc=0, ambient_pa=100, static_pa=-100), id="vacuum"),
        pytest.param(
            lambda: gas.to_standard_state(1, temperature_degc=0, ambient_pa=1, static_pa=0, t0_k=Fraction(298)), id="25 degC"
        ),
        pytest.param(
            lambda: gas.at_reference_volume(1, flow_m3_h=1, product_t_h=0, reference_m3_t=3_000), id="nothing produced"
        ),
    ],
)
def test_junk_is_refused(junk: Callable[[], Fraction]) -> None:
    """What no gas can be is a ValueError with the number in it, never a figure."""
    with pytest.raises(ValueError):
        junk()


def test_what_a_gas_can_barely_be() -> None:
    """Dry gas stays as it is; 1 Pa of 101 325 at 0 degC, and 1 K of 273.15 at 101 325 Pa, are still converted."""
    assert gas.wet_to_dry(80, 0) == 80
    assert gas.to_standard_state(1, temperature_degc=0, ambient_pa=1, static_pa=0) == 101_325
    assert gas.to_standard_state(Decimal("273.15"), temperature_degc=Decimal("-272.15"), ambient_pa=101_325, static_pa=0) == 1


def test_a_conversion_that_does_not_fit() -> None:
    """9e18 · (21 - 0) / (21 - 20) is beyond 2^63 - 1, about 9.22e18: null, no error."""
    row = pl.DataFrame({"c": [9 * 10**18], "o": [20 * M], "r": [0], "g": [21 * M]})
    assert row.select(gas.reference_oxygen_expr(pl.col("c"), pl.col("o"), pl.col("r"), pl.col("g"))).item() is None


def test_binary_floats_are_refused() -> None:
    """A binary float has lost its decimal, so no formula takes one."""
    with pytest.raises(TypeError, match="binary float"):
        gas.hourly_mass_kg(24.5, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(Fraction("2.5"), 3, id="a tie goes up"),
        pytest.param(Fraction("-2.5"), -2, id="a tie below zero goes up too"),
        pytest.param(Fraction("2.4999999"), 2, id="below the tie"),
    ],
)
def test_half_up(value: Fraction, expected: int) -> None:
    """One rounding for numbers and columns: ties towards plus infinity."""
    assert half_up(value, 0) == expected


@settings(max_examples=200, deadline=None)
@given(
    value=st.integers(-(10**15), 10**15),
    oxygen=st.integers(-(10**6), 25 * M),
    reference=st.integers(0, 20 * M),
    guard=st.integers(10 * M, 21 * M),
)
def test_column_oxygen_equals_the_formula(value: int, oxygen: int, reference: int, guard: int) -> None:
    """The column form is the exact formula rounded half up, null where the formula refuses."""
    frame = pl.DataFrame({"c": [value], "o": [oxygen], "r": [reference], "g": [guard]}, schema=dict.fromkeys("corg", pl.Int64))
    got = frame.select(gas.reference_oxygen_expr(pl.col("c"), pl.col("o"), pl.col("r"), pl.col("g"))).item()
    try:
        exact = gas.at_reference_oxygen(
            Fraction(value, M),
            oxygen_pct=Fraction(oxygen, M),
            reference_pct=Fraction(reference, M),
            guard_pct=Fraction(guard, M),
        )
    except OxygenGuard:
        assert got is None
    else:
        expected = half_up(exact)
        assert got == (expected if abs(expected) < 2**63 else None)


@settings(max_examples=200, deadline=None)
@given(concentration=st.integers(-(2**63), 2**63 - 1), flow=st.integers(-(2**63), 2**63 - 1))
def test_column_mass_equals_the_formula(concentration: int, flow: int) -> None:
    """The column form of mass is the exact formula rounded half up, null where the result does not fit."""
    frame = pl.DataFrame({"c": [concentration], "q": [flow]}, schema={"c": pl.Int64, "q": pl.Int64})
    got = frame.select(gas.mass_expr(pl.col("c"), pl.col("q"))).item()
    expected = half_up(gas.hourly_mass_kg(Fraction(concentration, M), Fraction(flow, M)))
    assert got == (expected if -(2**63) <= expected < 2**63 else None)


def test_missing_stays_missing() -> None:
    """A null in any input column makes a null, never a zero."""
    inputs = {"c": [None, 1, 1, 1], "o": [1, None, 1, 1], "r": [1, 1, None, 1], "g": [1 * M, 1 * M, 1 * M, None]}
    frame = pl.DataFrame(inputs, schema=dict.fromkeys("corg", pl.Int64))
    made = frame.select(
        x=gas.reference_oxygen_expr(pl.col("c"), pl.col("o"), pl.col("r"), pl.col("g")),
        m=gas.mass_expr(pl.col("c"), pl.col("o")),
    )
    assert made["x"].to_list() == [None] * 4
    assert made["m"].to_list()[:2] == [None, None]
