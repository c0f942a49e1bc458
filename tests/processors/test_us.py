"""United States rules: valid days, availability, bias and rates."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from processors.rules import us
from processors.rules.gas import OxygenGuard
from processors.rules.verdict import number_text


def test_availability() -> None:
    """EX-9.12: 8 410 of 8 760 hours are 96.0 %; without operating hours there is none."""
    value = us.availability_pct(assured_h=8_410, operating_h=8_760)
    assert value is not None
    assert number_text(value, 1) == "96"
    assert us.availability_pct(assured_h=0, operating_h=0) is None


@pytest.mark.parametrize(
    ("assured", "operating", "outcome"),
    [
        pytest.param(18, 24, "passes", id="EX-9.12: 18 of 24 are 75 %"),
        pytest.param(17, 24, "fails", id="EX-9.12: 17 are not"),
        pytest.param(3, 4, "passes", id="of operating hours, however few"),
        pytest.param(0, 0, "not judged", id="the unit did not operate"),
    ],
)
def test_valid_day(assured: int, operating: int, outcome: str) -> None:
    """EX-9.12, US-2: 75 % of the day's operating hours are enough."""
    assert us.valid_day(assured_h=assured, operating_h=operating, share_min_pct=75).outcome == outcome


@pytest.mark.parametrize(
    ("valid", "operating", "outcome"), [(81, 90, "passes"), (80, 90, "fails"), (83, 92, "passes"), (0, 0, "not judged")]
)
def test_valid_quarter(valid: int, operating: int, outcome: str) -> None:
    """US-2: 90 % of the quarter's operating days are enough: 81 of 90 are 90 %, 80 are 88.9 %, 83 of 92 are 90.2 %."""
    assert us.valid_quarter(valid_d=valid, operating_d=operating, share_min_pct=90).outcome == outcome


@pytest.mark.parametrize(
    ("difference", "shown"),
    [
        pytest.param(6, "1.0638", id="EX-9.10"),
        pytest.param(-6, "1", id="EX-9.10 reads high"),
        pytest.param(3, "1", id="not above the confidence coefficient"),
        pytest.param(Decimal("3.1"), "1.033", id="just above it"),
    ],
)
def test_bias(difference: int | Decimal, shown: str) -> None:
    """EX-9.10: +6 at a mean of 94 gives 1.0638, -6 gives 1.000."""
    assert number_text(us.bias_factor(mean_difference=difference, cems_mean=94, confidence=3), 4) == shown


def test_bias_of_a_small_mean() -> None:
    """The factor is a ratio, also below one unit: 1 + 0.5/0.5 is 2."""
    half = Decimal("0.5")
    assert us.bias_factor(mean_difference=half, cems_mean=half, confidence=0) == 2


@pytest.mark.parametrize("mean", [0, -1])
def test_bias_of_nothing(mean: int) -> None:
    """A monitor that shows nothing has no factor."""
    with pytest.raises(ValueError, match="not above 0"):
        us.bias_factor(mean_difference=6, cems_mean=mean, confidence=3)


def test_rates() -> None:
    """EX-9.8: 0.1966 lb/mmBtu; EX-9.9: 996.0 lb/h."""
    assert number_text(us.nox_rate_lb_mmbtu(120, oxygen_pct=6, fuel_dscf_mmbtu=9_780), 4) == "0.1966"
    assert us.so2_rate_lb_h(300, flow_scf_h=20_000_000) == Fraction(996)


@pytest.mark.parametrize("co2", [0, Decimal("-0.1")])
def test_gas_without_carbon_dioxide_has_no_rate(co2: Decimal | int) -> None:
    """1.194e-7 x 300 x 1 800 x 100 / 0.1 are 64.476 lb/mmBtu; of none, or a monitor below zero, there is no rate."""
    assert us.nox_rate_by_co2_lb_mmbtu(300, co2_pct=Decimal("0.1"), fuel_scf_mmbtu=1_800) == Fraction("64.476")
    with pytest.raises(us.CarbonDioxideGuard, match="is not above 0"):
        us.nox_rate_by_co2_lb_mmbtu(300, co2_pct=co2, fuel_scf_mmbtu=1_800)


@pytest.mark.parametrize("oxygen", [Decimal("20.9"), 21])
def test_air_has_no_rate(oxygen: Decimal | int) -> None:
    """Gas with as much oxygen as air was not burnt."""
    with pytest.raises(OxygenGuard, match="not below that of air"):
        us.nox_rate_lb_mmbtu(120, oxygen_pct=oxygen, fuel_dscf_mmbtu=9_780)
