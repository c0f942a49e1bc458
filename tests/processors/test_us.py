"""United States rules: valid hours, availability, bias, rates, calibration."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

from processors.figures import HOUR_MS
from processors.rules import us
from processors.rules.gas import OxygenGuard
from processors.rules.verdict import number_text

WHOLE = frozenset(range(4))


ALL = ("passes", "a point in each operating quadrant")


@pytest.mark.parametrize(
    ("points", "quadrants", "calibrated", "expected"),
    [
        pytest.param([3, 20, 33], WHOLE, False, ("fails", "no point in quadrant 4"), id="EX-9.11 three quadrants"),
        pytest.param(
            [3, 20],
            WHOLE,
            True,
            ("passes", "two points 17 min apart in an hour with a calibration"),
            id="EX-9.11 with a calibration",
        ),
        pytest.param(
            [3, 18],
            WHOLE,
            True,
            ("passes", "two points 15 min apart in an hour with a calibration"),
            id="just 15 minutes apart",
        ),
        pytest.param([3, 17], WHOLE, True, ("fails", "no point in quadrant 3, 4"), id="14 minutes apart"),
        pytest.param([3, 20], WHOLE, False, ("fails", "no point in quadrant 3, 4"), id="apart, without a calibration"),
        pytest.param([3], WHOLE, True, ("fails", "no point in quadrant 2, 3, 4"), id="one point"),
        pytest.param([], WHOLE, True, ("fails", "no point in quadrant 1, 2, 3, 4"), id="no point"),
        pytest.param([0, 15, 30, 45], WHOLE, False, ALL, id="the first minute of each"),
        pytest.param([14, 29, 44, 59], WHOLE, False, ALL, id="the last minute of each"),
        pytest.param([20], frozenset({1}), False, ALL, id="only the quadrant in which it ran"),
        pytest.param([3, 20], frozenset(), False, ("not judged", "the unit did not operate"), id="not in operation"),
    ],
)
def test_hour_by_quadrants(points: list[int], quadrants: frozenset[int], calibrated: bool, expected: tuple[str, str]) -> None:
    """EX-9.11: points at 3, 20, 33 leave a quadrant empty; with a calibration 3 and 20 are enough."""
    verdict = us.valid_hour(points, operating_quadrants=quadrants, calibrated=calibrated, calibrated_apart_min=15)
    assert (verdict.outcome, verdict.reason) == expected


@pytest.mark.parametrize(
    ("points", "outcome"),
    [
        ([0, 15, 30, 45], "passes"),
        ([0, 15, 30], "fails"),
        ([0, 5, 10, 45], "fails"),
        ([0, 5, 15, 30], "fails"),
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


def test_more_points_than_quarters() -> None:
    """An hour has four quarters: of five points asked no five quarters can be."""
    assert [us.full_hour(points, points_n_min=5).outcome for points in ([0, 5, 15, 30, 45], [0, 15, 30, 45])] == [
        "passes",
        "fails",
    ]


@pytest.mark.parametrize(
    ("hours", "valid", "outcome"),
    [
        pytest.param(24, 18, "passes", id="EX-9.12 US-2 18 of 24"),
        pytest.param(24, 17, "fails", id="EX-9.12 US-2 17 of 24"),
        pytest.param(1, 1, "passes", id="the only hour"),
        pytest.param(1, 0, "fails", id="none of one"),
        pytest.param(0, 0, "not judged", id="not in operation"),
    ],
)
def test_waste_day(hours: int, valid: int, outcome: str) -> None:
    """EX-9.12: 18 of 24 hours are 75 %."""
    verdict = us.waste_day(operating_h=hours, valid_h=valid, share_min_pct=75)
    assert verdict.outcome == outcome
    assert (verdict.reason == "the unit did not operate") is (hours == 0)


@pytest.mark.parametrize(
    ("days", "valid", "outcome"),
    [
        pytest.param(90, 81, "passes", id="90 % of the days"),
        pytest.param(90, 80, "fails", id="less"),
        pytest.param(1, 1, "passes", id="the only day"),
        pytest.param(1, 0, "fails", id="none of one"),
        pytest.param(0, 0, "not judged", id="no day"),
    ],
)
def test_waste_quarter(days: int, valid: int, outcome: str) -> None:
    """US-2: 90 % of the operating days."""
    verdict = us.waste_quarter(operating_days=days, valid_days=valid, share_min_pct=90)
    assert verdict.outcome == outcome
    assert (verdict.reason == "the unit did not operate") is (days == 0)


@pytest.mark.parametrize(
    ("error", "span", "outcome", "reason"),
    [
        pytest.param(11, 200, "fails", "calibration error 5.5 % of span, at most 5 allowed", id="EX-9.12 US-10 11 of 200"),
        pytest.param(10, 200, "passes", "calibration error 5 % of span, at most 5 allowed", id="EX-9.12 US-10 10 of 200"),
        pytest.param(-11, 200, "fails", "calibration error 5.5 % of span, at most 5 allowed", id="downwards"),
        pytest.param(Decimal("0.05"), 1, "passes", "calibration error 5 % of span, at most 5 allowed", id="a span of one"),
        pytest.param(11, 0, "not judged", "no span: 0", id="no span"),
        pytest.param(11, -1, "not judged", "no span: -1", id="less than none"),
    ],
)
def test_calibration_error(error: int | Decimal, span: int, outcome: str, reason: str) -> None:
    """EX-9.12: an error of 11 at a span of 200 is 5.5 %, one of 10 is 5 %; 0.05 of 1 is 5 % too."""
    verdict = us.calibration_error(error, span=span, error_pct_max=5)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize(("error", "outcome"), [("-1.0", "passes"), ("-1.01", "fails"), ("1.0", "passes"), ("1.01", "fails")])
def test_diluent_error(error: str, outcome: str) -> None:
    """US-10: 1.0 % by volume, upwards and downwards."""
    assert us.diluent_error(Decimal(error), error_pct_max=1).outcome == outcome


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
            "assured": [False, False, True, False, True, True, False],
        }
    )
    for rows in (hours, hours.reverse()):
        assert us.availabilities(rows, operating_n=5, reach_ms=100 * HOUR_MS).rows() == [(1, 5, 3, 60_000_000), (2, 1, 0, 0)]
        # from hour 9 back over less than seven hours: hours 3, 8 and 9
        assert us.availabilities(rows, operating_n=5, reach_ms=7 * HOUR_MS).rows()[0] == (1, 3, 2, 66_666_667)
        # over less than three: hours 8 and 9; hour 5 is the last of the other point, and stays
        near = us.availabilities(rows, operating_n=5, reach_ms=3 * HOUR_MS)
        assert near.rows() == [(1, 2, 2, 100_000_000), (2, 1, 0, 0)]


def test_availabilities_are_in_order() -> None:
    """One row a point, ordered, whatever the order of hours."""
    hours = pl.DataFrame({"pid": list(range(20, 0, -1)), "hour": 0, "assured": True})
    found = us.availabilities(hours, operating_n=5, reach_ms=HOUR_MS)
    assert found.rows() == [(pid, 1, 1, 100_000_000) for pid in range(1, 21)]


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


@pytest.mark.parametrize("oxygen", [Decimal("20.9"), 21])
def test_air_has_no_rate(oxygen: Decimal | int) -> None:
    """Gas with as much oxygen as air was not burnt."""
    with pytest.raises(OxygenGuard, match="not below that of air"):
        us.nox_rate_lb_mmbtu(120, oxygen_pct=oxygen, fuel_dscf_mmbtu=9_780)
