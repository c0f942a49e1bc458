"""United States rules: valid hours, availability, bias, rates, calibration."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

from processors.figures import HOUR_MS
from processors.rules import us
from processors.rules.gas import OxygenGuard
from processors.rules.verdict import Verdict, number_text

WHOLE = frozenset(range(4))


def hour(points: list[int], quadrants: frozenset[int] = WHOLE, calibrated: bool = False) -> tuple[str, str]:
    """Return outcome and reason of an hour."""
    verdict = us.valid_hour(points, operating_quadrants=quadrants, calibrated=calibrated, calibrated_apart_min=15)
    return verdict.outcome, verdict.reason


ALL = ("passes", "a point in each operating quadrant")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(hour([3, 20, 33]), ("fails", "no point in quadrant 4"), id="EX-9.11 three quadrants"),
        pytest.param(
            hour([3, 20], calibrated=True),
            ("passes", "two points 17 min apart in an hour with a calibration"),
            id="EX-9.11 with a calibration",
        ),
        pytest.param(
            hour([3, 18], calibrated=True),
            ("passes", "two points 15 min apart in an hour with a calibration"),
            id="just 15 minutes apart",
        ),
        pytest.param(hour([3, 17], calibrated=True), ("fails", "no point in quadrant 3, 4"), id="14 minutes apart"),
        pytest.param(hour([3], calibrated=True), ("fails", "no point in quadrant 2, 3, 4"), id="one point"),
        pytest.param(hour([], calibrated=True), ("fails", "no point in quadrant 1, 2, 3, 4"), id="no point"),
        pytest.param(hour([0, 15, 30, 45]), ALL, id="the first minute of each"),
        pytest.param(hour([14, 29, 44, 59]), ALL, id="the last minute of each"),
        pytest.param(hour([20], frozenset({1})), ALL, id="only the quadrant in which it ran"),
        pytest.param(hour([3, 20], frozenset()), ("not judged", "the unit did not operate"), id="not in operation"),
    ],
)
def test_hour_by_quadrants(found: tuple[str, str], expected: tuple[str, str]) -> None:
    """EX-9.11: points at 3, 20, 33 leave a quadrant empty; with a calibration 3 and 20 are enough."""
    assert found == expected


@pytest.mark.parametrize(
    ("points", "outcome"),
    [
        ([0, 15, 30, 45], "passes"),
        ([0, 15, 30], "fails"),
        ([0, 5, 10, 45], "fails"),
        ([0, 5, 15, 30, 45], "passes"),
        ([], "fails"),
    ],
)
def test_full_hour(points: list[int], outcome: str) -> None:
    """US-2: four points, one in each quarter."""
    assert us.full_hour(points, points_n_min=4).outcome == outcome


def test_two_points_of_an_hour() -> None:
    """Of two points asked two quarters must hold one each."""
    assert [us.full_hour(points, points_n_min=2).outcome for points in ([0, 30], [0, 5], [0])] == ["passes", "fails", "fails"]


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        pytest.param(us.waste_day(operating_h=24, valid_h=18, share_min_pct=75), "passes", id="EX-9.12 US-2 18 of 24"),
        pytest.param(us.waste_day(operating_h=24, valid_h=17, share_min_pct=75), "fails", id="EX-9.12 US-2 17 of 24"),
        pytest.param(us.waste_day(operating_h=0, valid_h=0, share_min_pct=75), "not judged", id="not in operation"),
        pytest.param(us.waste_quarter(operating_days=90, valid_days=81, share_min_pct=90), "passes", id="90 % of the days"),
        pytest.param(us.waste_quarter(operating_days=90, valid_days=80, share_min_pct=90), "fails", id="less"),
        pytest.param(us.waste_quarter(operating_days=0, valid_days=0, share_min_pct=90), "not judged", id="no day"),
        pytest.param(us.calibration_error(11, span=200, error_pct_max=5), "fails", id="EX-9.12 US-10 11 of 200"),
        pytest.param(us.calibration_error(10, span=200, error_pct_max=5), "passes", id="EX-9.12 US-10 10 of 200"),
        pytest.param(us.calibration_error(-11, span=200, error_pct_max=5), "fails", id="downwards"),
        pytest.param(us.calibration_error(11, span=0, error_pct_max=5), "not judged", id="no span"),
        pytest.param(us.diluent_error(Decimal("-1.0"), error_pct_max=1), "passes", id="1 % oxygen"),
        pytest.param(us.diluent_error(Decimal("1.01"), error_pct_max=1), "fails", id="more"),
    ],
)
def test_shares_and_errors(verdict: Verdict, outcome: str) -> None:
    """EX-9.12: 18 of 24 hours are 75 %; an error of 11 at a span of 200 is 5.5 %."""
    assert verdict.outcome == outcome


def test_availability() -> None:
    """EX-9.12: 8 410 of 8 760 hours are 96.0 %; without operating hours there is none."""
    value = us.availability_pct(assured_h=8_410, operating_h=8_760)
    assert value is not None
    assert number_text(value, 1) == "96"
    assert us.availability_pct(assured_h=0, operating_h=0) is None


def test_availability_looks_back() -> None:
    """Only the last operating hours count, and only so far back; points do not mix."""
    hours = pl.DataFrame(
        {
            "pid": [1] * 6 + [2],
            "hour": [n * HOUR_MS for n in (0, 1, 2, 3, 8, 9, 5)],
            "assured": [False] * 2 + [True] * 3 + [False] * 2,
        }
    )
    for rows in (hours, hours.reverse()):
        assert us.availabilities(rows, operating_n=5, reach_ms=100 * HOUR_MS).rows() == [(1, 5, 3, 60_000_000), (2, 1, 0, 0)]
        # from hour 9 back over less than seven hours: hours 3, 8 and 9
        assert us.availabilities(rows, operating_n=5, reach_ms=7 * HOUR_MS).rows()[0] == (1, 3, 2, 66_666_667)


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


@pytest.mark.parametrize("mean", [0, -1])
def test_bias_of_nothing(mean: int) -> None:
    """A monitor that shows nothing has no factor."""
    with pytest.raises(ValueError, match="not above 0"):
        us.bias_factor(mean_difference=6, cems_mean=mean, confidence=3)


def test_rates() -> None:
    """EX-9.8: 0.1966 lb/mmBtu; EX-9.9: 996.0 lb/h."""
    assert number_text(us.nox_rate_lb_mmbtu(120, oxygen_pct=6, fuel_dscf_mmbtu=9_780), 4) == "0.1966"
    assert us.so2_rate_lb_h(300, flow_scf_h=20_000_000) == Fraction(996)


@pytest.mark.parametrize("oxygen", [Decimal("20.9"), 21])
def test_air_has_no_rate(oxygen: Decimal | int) -> None:
    """Gas with as much oxygen as air was not burnt."""
    with pytest.raises(OxygenGuard, match="not below that of air"):
        us.nox_rate_lb_mmbtu(120, oxygen_pct=oxygen, fuel_dscf_mmbtu=9_780)
