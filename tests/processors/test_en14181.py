"""Variability, calibration range and control charts of measuring systems."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rules import en14181
from processors.rules.en14181 import Cusum
from processors.rules.verdict import Verdict, number_text

SIGMA = en14181.allowed_deviation(200, confidence_pct=20, coverage=Decimal("1.96"))
KV15, KV5, T4 = Decimal("0.9761"), Decimal("0.9161"), Decimal("2.132")


def test_allowed_deviation() -> None:
    """EX-9.4: 20 % of 200 is a deviation of 20.41, and QAL2 passes up to 19.92."""
    assert (number_text(SIGMA), number_text(SIGMA * Fraction(KV15))) == ("20.41", "19.92")
    assert en14181.allowed_deviation(196, confidence_pct=20, coverage=Decimal("1.96")) == 20


@pytest.mark.parametrize(("deviation", "outcome"), [("19.92", "passes"), ("19.93", "fails")])
def test_qal2(deviation: str, outcome: str) -> None:
    """EX-9.4: a standard deviation up to 19.92 passes."""
    assert en14181.qal2(Decimal(deviation), allowed=SIGMA, kv=KV15).outcome == outcome
    assert en14181.qal2(2, allowed=4, kv=Decimal("0.5")).outcome == "passes"


def ast(difference: str, deviation: str = "6", n: int = 5, allowed: Fraction = SIGMA) -> Verdict:
    """Judge a surveillance test of five measurements."""
    return en14181.surveillance(
        mean_difference=Decimal(difference),
        deviation=Decimal(deviation),
        n=n,
        allowed=allowed,
        kv=KV5,
        kv_times=Decimal("1.5"),
        t=T4,
    )


@pytest.mark.parametrize(
    ("difference", "deviation", "outcome"),
    [
        pytest.param("26.12", "6", "passes", id="EX-9.4 within 26.13"),
        pytest.param("-26.12", "6", "passes", id="either side"),
        pytest.param("26.13", "6", "fails", id="beyond 26.1289"),
        pytest.param("0", "28.04", "passes", id="variability just within 1.5 · 20.408 · 0.9161"),
        pytest.param("0", "28.05", "fails", id="variability beyond"),
        pytest.param("20", "0", "passes", id="within the allowed deviation alone"),
        pytest.param("20.41", "0", "fails", id="beyond 20.408"),
    ],
)
def test_surveillance(difference: str, deviation: str, outcome: str) -> None:
    """EX-9.4: with a deviation of 6 over five measurements the mean difference may be 26.13."""
    assert ast(difference, deviation).outcome == outcome


def test_the_bound_of_a_surveillance_test() -> None:
    """EX-9.4: 2.132 · 6/√5 + 20.41 is 26.13; the reason shows it; without measurements nothing is judged."""
    assert round(en14181.surveillance_bound(deviation=6, n=5, allowed=SIGMA, t=T4), 2) == Decimal("26.13")
    assert ast("30").reason == "mean difference 30, at most 26.13 allowed"
    assert (ast("1", n=0).outcome, ast("1", n=1).outcome) == ("not judged", "passes")


def test_a_bound_without_a_root_is_met_exactly() -> None:
    """With four measurements the root is 2: 10 + 2.132 · 10/2 = 20.66 passes, a billionth more does not."""
    ten = Fraction(10)
    assert ast("20.66", "10", n=4, allowed=ten).outcome == "passes"
    assert ast("20.660000001", "10", n=4, allowed=ten).outcome == "fails"
    assert ast("10", "0", n=4, allowed=ten).outcome == "passes"


@pytest.mark.parametrize(
    ("highest", "limit", "end"),
    [
        pytest.param(48, 200, "52.8", id="EX-9.6b EU-16"),
        pytest.param(10, 200, "40", id="20 % of the limit"),
    ],
)
def test_calibration_range_end(highest: int, limit: int, end: str) -> None:
    """EX-9.6b: a highest calibrated value of 48 at a limit of 200 ends the range at 52.8."""
    found = en14181.valid_range_end(
        highest_calibrated=highest, limit=limit, calibrated_times=Decimal("1.1"), limit_times=Decimal("0.2")
    )
    assert number_text(found) == end


@pytest.mark.parametrize(
    ("weeks", "outcome"),
    [
        pytest.param([(70, 168)], "fails", id="EX-9.6b EU-16 41.7 % in one week"),
        pytest.param([(40, 100)], "passes", id="exactly 40 %"),
        pytest.param([(101, 250)], "fails", id="40.4 %"),
        pytest.param([(0, 168), (70, 168)], "fails", id="one of two weeks"),
        pytest.param([(51, 1_000)] * 6, "fails", id="six weeks of 5.1 %"),
        pytest.param([(9, 168)] * 6, "fails", id="six weeks above 5 %"),
        pytest.param([(9, 168)] * 5, "passes", id="five weeks"),
        pytest.param([(5, 100)] * 9, "passes", id="exactly 5 % does not count"),
        pytest.param([(0, 0), (0, 168)], "passes", id="a week without values says nothing"),
        pytest.param([(0, 0)], "not judged", id="no values at all"),
    ],
)
def test_weekly_check(weeks: Sequence[tuple[int, int]], outcome: str) -> None:
    """EX-9.6b: 70 of 168 values outside in one week call for a new calibration."""
    verdict = en14181.calibration_range(weeks, week_pct=5, weeks_max=5, one_week_pct=40)
    assert verdict.outcome == outcome


@pytest.mark.parametrize(
    ("drifts", "alarms"),
    [
        pytest.param(["2.1", "1", "2.1"], [False, False, False], id="one beyond the inner limit"),
        pytest.param(["2.1", "-2.1"], [False, True], id="two in a row, on either side"),
        pytest.param(["2", "2.1"], [False, False], id="equal is not beyond"),
        pytest.param(["2.1", "2"], [False, False], id="neither the second"),
        pytest.param(["3"], [False], id="equal to the outer limit"),
        pytest.param(["-3.1"], [True], id="beyond it"),
        pytest.param([], [], id="no checks"),
    ],
)
def test_shewhart(drifts: list[str], alarms: list[bool]) -> None:
    """Two in a row beyond two deviations, or one beyond three."""
    found = en14181.shewhart([Decimal(d) for d in drifts], deviation=1, warn_times=2, alarm_times=3)
    assert found == alarms
    # the same in another unit, where the deviation is 2 or 0.4
    for unit in (Decimal(2), Decimal("0.4")):
        assert en14181.shewhart([Decimal(d) * unit for d in drifts], deviation=unit, warn_times=2, alarm_times=3) == alarms


def cusum(drifts: Sequence[Decimal | Fraction | int], deviation: int = 1) -> list[Cusum]:
    """Take drifts through the chart."""
    states = [Cusum()]
    for drift in drifts:
        states.append(
            en14181.cusum_step(
                states[-1], drift, deviation=deviation, allowance_times=Decimal("0.501"), alarm_times=Decimal("2.85")
            )
        )
    return states[1:]


DRIFTS = [Decimal(d) for d in ("1.2", "0.9", "1.4", "0.2", "1.7")]


def test_cusum() -> None:
    """EX-9.5: sums 0.699, 1.098, 1.997, 1.696, 2.895; the alarm is at the fifth."""
    states = cusum(DRIFTS)
    assert not Cusum().alarm
    assert [number_text(state.positive, 3) for state in states] == ["0.699", "1.098", "1.997", "1.696", "2.895"]
    assert [state.alarm for state in states] == [False] * 4 + [True]
    assert {state.negative for state in states} == {0}


def test_cusum_at_its_bound() -> None:
    """A sum of exactly 2.85 deviations is no alarm; the unit of the deviation does not matter."""
    assert [state.alarm for state in cusum([Decimal("3.351")])] == [False]
    assert [state.alarm for state in cusum([Decimal("-3.351")])] == [False]
    assert [state.alarm for state in cusum([Decimal("3.351001")])] == [True]
    assert [state.alarm for state in cusum([Decimal("-3.351001")])] == [True]
    assert [state.alarm for state in cusum([2 * d for d in DRIFTS], deviation=2)] == [False] * 4 + [True]


@given(st.lists(st.fractions(-3, 3, max_denominator=100), max_size=20))
def test_cusum_is_symmetric(drifts: list[Fraction]) -> None:
    """Drift the other way gives the same sums on the other side, and none is below 0."""
    here, mirrored = cusum(drifts), cusum([-d for d in drifts])
    assert [(s.positive, s.negative, s.alarm) for s in here] == [(s.negative, s.positive, s.alarm) for s in mirrored]
    assert all(state.positive >= 0 and state.negative >= 0 for state in here)
