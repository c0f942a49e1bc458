"""Energy becomes standard coal and CO2 as the reference's plants do, and bases never mix."""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from processors.rules import energy
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
    for basis, expected in (("calorific", "5266.355"), ("primary:2021:0.3", "7391.555")):
        bought, (sold,) = [energy.kgce(use, basis) for use in BOUGHT], [energy.kgce(use, basis) for use in SOLD]
        assert tonnes(sum(bought, Coal(Fraction(0), basis)) - sold) == expected
        assert any(coal.factor_default for coal in bought)


def test_plant_in_co2() -> None:
    """EX-3.2: 14 538.247 t with Guangdong's grid of 2023 and net heat."""
    parts = [energy.tco2(use, year=2023) for use in BOUGHT + SOLD]
    assert [shown(part.tco2) for part in parts] == ["5302.800", "5700.900", "1729.752", "154.795", "2200.000", "550.000"]
    total = parts[0] + parts[1] + parts[2] + parts[3] + parts[4] - parts[5]
    assert (shown(total.tco2), total.factor_default) == ("14538.247", False)


def test_measured_heating_value_beats_the_table() -> None:
    """EX-3.3: batches of 22.10 and 20.40 MJ/kg weigh to 21.08 and give 2 157.802 tce, not 2 142.9."""
    lhv = energy.mean_lhv([1_200, 1_800], [Decimal("22.10"), Decimal("20.40")])
    coal = energy.kgce(Use("raw_coal", 3_000_000, lhv))
    assert (shown(lhv, 2), tonnes(coal), coal.factor_default) == ("21.08", "2157.802", False)


def test_clinker() -> None:
    """EX-3.4: 85.340 kgce for a tonne of clinker."""
    fuel = energy.kgce(Use("raw_coal", 98_000_000, Decimal("23.5")))
    power = energy.kgce(Use("electricity_calorific", 55_000_000))
    assert (tonnes(fuel), tonnes(power)) == ("78580.300", "6759.500")
    assert shown(energy.unit_product_energy((fuel + power).kgce, 1_000_000)) == "85.340"


@pytest.mark.parametrize(("it_kwh", "expected"), [(40_430_769, "1.3000"), (36_500_000, "1.4400")])
def test_pue(it_kwh: int, expected: str) -> None:
    """EX-3.5: the ratio of one year's sums."""
    assert shown(energy.pue(52_560_000, it_kwh), 4) == expected


def test_what_a_plan_assesses() -> None:
    """EX-3.6: of 30 000 ktce without 4 200 feedstock and 650 new renewables 25 150 are assessed; the intensity keeps the 650."""
    assert (energy.assessed_energy(30_000, 4_200, 650), energy.assessed_energy(30_000, 4_200)) == (25_150, 25_800)


@pytest.mark.parametrize(("feedstock", "renewables"), [("-1", "1"), ("1", "-1"), ("2", "4"), ("-0.5", "0"), ("5", "0.5")])
def test_what_cannot_be_taken_out(feedstock: str, renewables: str) -> None:
    """A part below zero, or more than there is, is refused; all of it may be taken out."""
    assert energy.assessed_energy(5, 2, 3) == 0
    with pytest.raises(energy.FactorError, match="taken out"):
        energy.assessed_energy(5, Fraction(feedstock), Fraction(renewables))


def test_bases_refuse_to_add() -> None:
    """Calorific and primary totals, and primary ones of two years, do not add or subtract."""
    calorific, primary = energy.kgce(Use("diesel", 1)), energy.kgce(Use("diesel", 1), PRIMARY)
    for other in (primary, Coal(Fraction(1), "primary:2022:0.3")):
        with pytest.raises(energy.BasisMismatch, match="does not add"):
            calorific + other
        with pytest.raises(energy.BasisMismatch):
            other - calorific


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
        lambda: energy.mean_lhv([], []),
        lambda: energy.mean_lhv([1, 2], [20]),
        lambda: energy.pue(1, 0),
        lambda: energy.unit_product_energy(1, 0),
    ):
        with pytest.raises(energy.FactorError):
            junk()


@pytest.mark.parametrize(
    ("unit", "to_unit", "size"),
    [
        ("Wh", "kWh", "0.001"),
        ("kWh", "MJ", "3.6"),
        ("MWh", "kWh", "1000"),
        ("GWh", "MWh", "1000"),
        ("kJ", "MJ", "0.001"),
        ("GJ", "MJ", "1000"),
        ("TJ", "GJ", "1000"),
        ("g", "kg", "0.001"),
        ("t", "kg", "1000"),
        ("L", "m3", "0.001"),
        ("km3", "m3", "1000"),
    ],
)
def test_each_unit(unit: str, to_unit: str, size: str) -> None:
    """Sizes by the SI brochure: its prefixes, 1 h = 3 600 s, 1 t = 1 000 kg, 1 L = 0.001 m3; km3 stands for a thousand m3."""
    assert energy.in_unit(1, unit, to_unit) == Fraction(size)
    assert energy.in_unit(1, to_unit, unit) == 1 / Fraction(size)


def test_units() -> None:
    """Units convert within one quantity, exactly; others are refused."""
    assert energy.in_unit(12, "GWh", "kWh") == 12_000_000
    assert energy.in_unit(1, "MWh", "MJ") == 3_600
    assert energy.in_unit(Decimal("1.5"), "t", "kg") == 1_500
    assert energy.in_unit(7, "bushel", "bushel") == 7
    for unit in ("kg", "bushel"):
        with pytest.raises(energy.UnitMismatch):
            energy.in_unit(1, unit, "kWh")


@pytest.mark.parametrize(("code", "unit"), [("grid_gd_2023", "kWh"), ("natural_gas", "m3"), ("diesel", "kg"), ("heat", "MJ")])
def test_metered_units(code: str, unit: str) -> None:
    """Electricity is metered in kWh, gas in m3, diesel in kg and heat in MJ, as the reference's table of factors has it."""
    assert energy.metered_unit(code) == unit


def test_one_default_marks_a_sum() -> None:
    """A sum in which a single part stands on a default is marked, on whichever side that part is; others are not."""
    diesel, gas = energy.kgce(Use("diesel", 1)), energy.kgce(Use("natural_gas", 1))
    assert [(a + b).factor_default for a, b in ((diesel, gas), (gas, diesel), (diesel, diesel))] == [True, True, False]
    fuel, power = energy.tco2(Use("diesel", 1), year=2026), energy.tco2(Use("electricity_calorific", 1), year=2026)
    assert [(a + b).factor_default for a, b in ((fuel, power), (power, fuel), (fuel, fuel))] == [True, True, False]


def test_less_than_one_is_above_zero() -> None:
    """Half of a unit is above zero: 0.5/29.3076 kgce, a mean of the one value, and twice the energy for one; nothing to take out is no fault."""
    half = Decimal("0.5")
    assert energy.lhv_kgce(half) == Fraction(5_000, 293_076)
    assert energy.mean_lhv([half], [20]) == 20
    assert [energy.unit_product_energy(1, half), energy.pue(1, half)] == [2, 2]
    assert [energy.assessed_energy(5, 0), energy.assessed_energy(5, half)] == [5, Fraction("4.5")]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        pytest.param(["peat,kg,0.5", "peat,kg,0.6"], "line 3: energy_code peat stands twice", id="a code twice"),
        pytest.param(["peat,kg,half"], 'line 2, kgce_per_unit: "half" is no number', id="no number"),
    ],
)
def test_an_unreadable_table(rows: list[str], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that cannot be read is refused with the line, counted from the header as the first, and the field."""
    header = "energy_code,unit,kgce_per_unit,name_zh,name_en,lhv_MJ_per_unit,tco2_per_unit,source,confidence"
    (tmp_path / "data").mkdir()
    text = "\n".join([header, *(f"{row},泥炭,peat,,,here,seen" for row in rows)])
    (tmp_path / "data" / energy.FACTORS_FILE).write_text(text, encoding="utf-8")
    monkeypatch.setattr(energy, "files", lambda _package: tmp_path)
    with pytest.raises(ValueError, match=fault):
        energy.factors.__wrapped__()


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
