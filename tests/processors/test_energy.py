"""Energy becomes standard coal and CO2 as the reference's plants do, and bases never mix."""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from processors.rules import energy
from processors.rules.assessment import assessed_energy
from processors.rules.energy import Coal, Use
from tests.conftest import SHARED, require

PRIMARY = "primary:2021:0.3"
BOUGHT = [
    Use("electricity_calorific", 12_000_000),  # 12 GWh
    Use("raw_coal", 3_000_000),  # 3 000 t
    Use("natural_gas", 800_000),
    Use("diesel", 50_000),  # 50 t
    Use("heat", 20_000_000),  # 20 000 GJ
]
SOLD = [Use("heat", 5_000_000)]


def tonnes(coal: Coal) -> str:
    """Print kgce as tce with three decimals."""
    return shown(coal.kgce / 1000)


def shown(value: Fraction, digits: int = 3) -> str:
    """Print as the reference does."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))


def test_plant_in_standard_coal() -> None:
    """EX-3.1: 5 266.355 tce calorific, 7 391.555 at a primary value of 0.3000; the gas factor is a default."""
    parts = [tonnes(energy.kgce(use)) for use in BOUGHT + SOLD]
    assert parts == ["1474.800", "2142.900", "1064.000", "72.855", "682.400", "170.600"]
    calorific = energy.comprehensive_energy(BOUGHT, SOLD)
    assert (tonnes(calorific), calorific.basis, calorific.factor_default) == ("5266.355", "calorific", True)
    primary = energy.comprehensive_energy(BOUGHT, SOLD, basis=energy.primary_basis(2021, Decimal("0.3000")))
    assert (tonnes(primary), primary.basis) == ("7391.555", PRIMARY)


def test_plant_in_co2() -> None:
    """EX-3.2: 14 538.247 t with Guangdong's grid of 2023 and net heat."""
    parts = [energy.tco2(use, year=2023) for use in BOUGHT + SOLD]
    assert [shown(part.tco2) for part in parts] == ["5302.800", "5700.900", "1729.752", "154.795", "2200.000", "550.000"]
    total = parts[0] + parts[1] + parts[2] + parts[3] + parts[4] - parts[5]
    assert (shown(total.tco2), total.factor_default) == ("14538.247", False)


def test_measured_heating_value_beats_the_table() -> None:
    """EX-3.3: batches of 22.10 and 20.40 MJ/kg weigh to 21.08 and give 2 157.802 tce, not 2 142.9."""
    lhv = energy.mean_lhv([(1_200, Decimal("22.10")), (1_800, Decimal("20.40"))])
    coal = energy.kgce(Use("raw_coal", 3_000_000, lhv))
    assert (shown(lhv, 2), tonnes(coal), coal.factor_default) == ("21.08", "2157.802", False)


def test_clinker() -> None:
    """EX-3.4: 85.340 kgce for a tonne of clinker."""
    fuel = energy.kgce(Use("raw_coal", 98_000_000, Decimal("23.5")))
    power = energy.kgce(Use("electricity_calorific", 55_000_000))
    assert (tonnes(fuel), tonnes(power)) == ("78580.300", "6759.500")
    assert shown(energy.unit_product_energy(fuel + power, 1_000_000)) == "85.340"


@pytest.mark.parametrize(("it_kwh", "expected"), [(40_430_769, "1.3000"), (36_500_000, "1.4400")])
def test_pue(it_kwh: int, expected: str) -> None:
    """EX-3.5: the ratio of one year's sums."""
    assert shown(energy.pue(52_560_000, it_kwh), 4) == expected


def ktce(amount: int, basis: str = energy.CALORIFIC) -> Coal:
    """Thousands of tonnes of standard coal."""
    return Coal(Fraction(amount * 10**6), basis)


@pytest.mark.parametrize(("kept", "intensity"), [(True, 25_800), (False, 25_150)])
def test_what_a_plan_assesses(kept: bool, intensity: int) -> None:
    """EX-3.6: of 30 000 ktce without 4 200 feedstock and 650 new renewables 25 150 are assessed; the intensity keeps the 650."""
    made = assessed_energy(ktce(30_000), feedstock=ktce(4_200), new_renewables=ktce(650), renewables_in_intensity=kept)
    assert (made.total, made.intensity) == (ktce(25_150), ktce(intensity))


def test_what_cannot_be_taken_out() -> None:
    """A part below zero, more than there is, or electricity counted otherwise is refused; all of it may be taken out."""
    assert assessed_energy(ktce(5), feedstock=ktce(2), new_renewables=ktce(3)).total == ktce(0)
    little = Coal(Fraction(1, 2))  # less than a kilogram
    below = ktce(0) - little
    for feedstock, renewables in (
        (ktce(-1), ktce(1)),
        (ktce(1), ktce(-1)),
        (ktce(2), ktce(4)),
        (below, ktce(0)),
        (ktce(0), below),
        (ktce(5), little),
    ):
        with pytest.raises(energy.FactorError, match="taken out"):
            assessed_energy(ktce(5), feedstock=feedstock, new_renewables=renewables)
    with pytest.raises(energy.BasisMismatch):
        assessed_energy(ktce(5), feedstock=ktce(0), new_renewables=ktce(1, PRIMARY))


def test_bases_refuse_to_add() -> None:
    """Calorific and primary totals, and primary ones of two years, do not add or subtract."""
    calorific, primary = energy.kgce(Use("diesel", 1)), energy.kgce(Use("diesel", 1), PRIMARY)
    for other in (primary, Coal(Fraction(1), "primary:2022:0.3")):
        with pytest.raises(energy.BasisMismatch, match="does not add"):
            calorific + other
        with pytest.raises(energy.BasisMismatch):
            other - calorific


def test_transforming_plant_deducts_at_calorific_value() -> None:
    """A power plant that sells 3 kWh for each kilogram of coal stays positive on a primary basis."""
    coal, power = [Use("raw_coal", 1_000)], [Use("electricity_calorific", 3_000)]
    assert energy.comprehensive_energy(coal, power, basis=PRIMARY).kgce < 0  # 714.3 - 900
    kept = energy.comprehensive_energy(coal, power, basis=PRIMARY, transforming=True)
    assert (kept.kgce, kept.basis) == (Fraction("714.3") - Fraction("368.7"), PRIMARY)


def test_natural_gas_default_is_marked() -> None:
    """Gas without a heating value counts 1.3300 and says so; with 35.588 MJ it is 35.588/29.3076 and measured."""
    assert energy.kgce(Use("natural_gas", 1)) == Coal(Fraction("1.33"), factor_default=True)
    assert energy.kgce(Use("natural_gas", 1, Decimal("35.588"))) == Coal(Fraction("35.588") / Fraction("29.3076"))


@pytest.mark.parametrize(
    ("year", "region", "code", "default"),
    [
        pytest.param(2023, "gd", "grid_gd_2023", False, id="the matching year"),
        pytest.param(2021, "gd", "grid_gd_2021", False, id="the first year"),
        pytest.param(2026, "gd", "grid_gd_2023", True, id="the latest earlier one, marked"),
        pytest.param(2022, "cn", "grid_cn_2022", False, id="not the reporting-year row"),
    ],
)
def test_grid_factor(year: int, region: str, code: str, default: bool) -> None:
    """Electricity takes the factor of year and region, or the latest earlier one as a marked default."""
    row, marked = energy.grid_factor(year, region)
    assert (row.energy_code, marked) == (code, default)
    assert energy.tco2(Use("electricity_calorific", 1), year=year, region=region).factor_default is default


@pytest.mark.parametrize(("year", "region"), [(2020, "gd"), (2023, "xx")])
def test_no_grid_factor(year: int, region: str) -> None:
    """Nothing is taken from a later year or another region."""
    with pytest.raises(energy.UnknownFactor, match="no grid factor"):
        energy.tco2(Use("electricity_calorific", 1), year=year, region=region)


def test_unknown_is_not_zero() -> None:
    """A blank or missing factor is a reason, never a zero; a stated zero is one."""
    with pytest.raises(energy.UnknownFactor, match="not known"):
        energy.tco2(Use("anthracite", 1), year=2023)
    with pytest.raises(energy.UnknownFactor, match='"unobtainium"'):
        energy.kgce(Use("unobtainium", 1))
    assert energy.tco2(Use("hydrogen", 1), year=2023).tco2 == 0


@pytest.mark.parametrize("basis", ["", "primary", "primary:2021", "primary:21:0.3", "primary:2021:-0.3"])
def test_an_unreadable_basis(basis: str) -> None:
    """A basis that cannot be read is refused also for fuels, whose value does not depend on it."""
    with pytest.raises(energy.FactorError, match="basis"):
        energy.kgce(Use("diesel", 1), basis)


def test_junk_amounts() -> None:
    """Heating values, outputs and weights must be above zero."""
    for junk in (
        lambda: energy.lhv_kgce(0),
        lambda: energy.mean_lhv([]),
        lambda: energy.pue(1, 0),
        lambda: energy.unit_product_energy(Coal(Fraction(1)), 0),
        lambda: energy.primary_basis(2021, Fraction(1, 3)),
    ):
        with pytest.raises(energy.FactorError):
            junk()


def test_units() -> None:
    """Units convert within one quantity, exactly; others are refused."""
    assert energy.in_unit(12, "GWh", "kWh") == 12_000_000
    assert energy.in_unit(1, "MWh", "MJ") == 3_600
    assert energy.in_unit(Decimal("1.5"), "t", "kg") == 1_500
    assert energy.in_unit(7, "bushel", "bushel") == 7
    for unit in ("kg", "bushel"):
        with pytest.raises(energy.UnitMismatch):
            energy.in_unit(1, unit, "kWh")


def test_shipped_factors_equal_the_reference() -> None:
    """The shipped table holds each row of the reference, number, source and confidence."""
    reference = SHARED / "reference" / "energy_factors.csv"
    require("shared", reference.exists(), "the reference's energy_factors.csv is compared with the shipped table")
    with reference.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["energy_code"] for row in rows] == list(energy.factors())
    for row, factor in zip(rows, energy.factors().values(), strict=True):
        numbers = (factor.kgce_per_unit, factor.lhv_mj_per_unit, factor.tco2_per_unit)
        cells = (row["kgce_per_unit"], row["lhv_MJ_per_unit"], row["tco2_per_unit"])
        assert numbers == tuple(Decimal(cell) if cell else None for cell in cells)
        assert (factor.unit, factor.source, factor.confidence) == (row["unit"], row["source"], row["confidence"])
