"""Drift puts a channel in tolerance, to be adjusted, or out of control; and for how long."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.figures import DAY_MS
from processors.rules import drift
from processors.rules.verdict import number_text


@pytest.mark.parametrize(
    ("reading", "reference", "full_scale", "bounds", "shown", "state"),
    [
        pytest.param("3.1", "0.2", 100, ("2.5", "5"), "2.9", "adjust", id="EX-1.13"),
        pytest.param("2.1", "0", 50, ("2", "8"), "4.2", "adjust", id="EX-1.14 adjust"),
        pytest.param("4.1", "0", 50, ("2", "8"), "8.2", "out of control", id="EX-1.14 out of control"),
        pytest.param("0.03", "0", 1, ("2.5", "5"), "3", "adjust", id="a full scale of one"),
        pytest.param("2.7", "0.2", 100, ("2.5", "5"), "2.5", "in tolerance", id="equal to the allowed drift"),
        pytest.param("2.700001", "0.2", 100, ("2.5", "5"), "2.5", "adjust", id="just beyond it"),
        pytest.param("5.2", "0.2", 100, ("2.5", "5"), "5", "adjust", id="equal to the wider bound"),
        pytest.param("-4.800001", "0.2", 100, ("2.5", "5"), "-5", "out of control", id="just beyond it, downwards"),
    ],
)
def test_drift(reading: str, reference: str, full_scale: int, bounds: tuple[str, str], shown: str, state: str) -> None:
    """EX-1.13: 2.90 % needs calibration; EX-1.14: 4.20 % is adjusted, 8.2 % is out of control."""
    pct = drift.drift_pct(Decimal(reading), Decimal(reference), full_scale=full_scale)
    found = drift.judged_drift(
        Decimal(reading) - Decimal(reference),
        full_scale=full_scale,
        allowed_pct=Decimal(bounds[0]),
        out_of_control_pct=Decimal(bounds[1]),
    )
    assert (number_text(pct), found.state, found.drift_pct) == (shown, state, pct)


def test_a_reason_names_its_bounds() -> None:
    """The reader sees drift and both bounds."""
    found = drift.judged_drift(Fraction("2.9"), full_scale=100, allowed_pct=Decimal("2.5"), out_of_control_pct=5)
    assert found.reason == "drift of 2.9 % of full scale; 2.5 % is allowed, out of control beyond 5 %"
    both = drift.judged_drift(
        -2, full_scale=40, unit="m/s", allowed_pct=3, allowed=Decimal("0.9"), out_of_control=Decimal("1.8")
    )
    told = "drift of 5 % of full scale, 2 m/s; 3 % or 0.9 m/s is allowed, out of control beyond 1.8 m/s"
    assert (both.state, both.reason) == ("out of control", told)
    one = drift.judged_drift(-2, full_scale=40, unit="m/s", out_of_control=Decimal("1.8"))
    assert one.reason == "drift of 5 % of full scale, 2 m/s; out of control beyond 1.8 m/s"


@pytest.mark.parametrize("full_scale", [0, -1])
def test_no_full_scale(full_scale: int) -> None:
    """Without a range there is no drift."""
    with pytest.raises(ValueError, match="full scale"):
        drift.drift_pct(1, 0, full_scale=full_scale)


@pytest.mark.parametrize(
    ("drift_m_s", "full_scale", "state"),
    [
        pytest.param("0.9", 10, "in tolerance", id="9 % but 0.9 m/s"),
        pytest.param("0.95", 40, "in tolerance", id="2.4 % though over 0.9 m/s"),
        pytest.param("1.2", 40, "in tolerance", id="exactly 3 %"),
        pytest.param("1.3", 40, "adjust", id="beyond both allowed"),
        pytest.param("1.8", 10, "adjust", id="18 % but not beyond 1.8 m/s"),
        pytest.param("3.2", 40, "adjust", id="exactly 8 %"),
        pytest.param("-3.3", 40, "out of control", id="beyond both"),
    ],
)
def test_velocity(drift_m_s: str, full_scale: int, state: str) -> None:
    """Either allowed bound is enough; out of control is only what is beyond both wider ones."""
    found = drift.judged_drift(
        Decimal(drift_m_s),
        full_scale=full_scale,
        unit="m/s",
        allowed_pct=3,
        allowed=Decimal("0.9"),
        out_of_control_pct=8,
        out_of_control=Decimal("1.8"),
    )
    assert found.state == state


@pytest.mark.parametrize(
    ("error", "full_scale", "bounds", "state"),
    [
        pytest.param("11", 200, {"out_of_control_pct": 5}, "out of control", id="EX-9.12: 5.5 % of span"),
        pytest.param("10", 200, {"out_of_control_pct": 5}, "in tolerance", id="EX-9.12: 5.0 %"),
        pytest.param("-1.01", 25, {"out_of_control": 1}, "out of control", id="US-10: 1.0 % O2"),
        pytest.param("1.0", 25, {"out_of_control": 1}, "in tolerance", id="US-10: just 1.0 % O2"),
        pytest.param("99", 100, {"allowed_pct": 2}, "adjust", id="nothing is out of control where no bound is stated"),
    ],
)
def test_one_bound(error: str, full_scale: int, bounds: dict[str, int], state: str) -> None:
    """US-10: 5 % of span for gases, 1.0 % O2 for oxygen; without an allowed drift there is nothing between the two states."""
    assert drift.judged_drift(Decimal(error), full_scale=full_scale, unit="%", **bounds).state == state


def test_none_is_due_without_an_interval() -> None:
    """Then a channel is out of control or not, and never overdue."""
    frame = pl.DataFrame({"pid": [1, 1], "time_ms": [0, 100 * DAY_MS], "state": [OUT, OK], "interval_ms": [None, None]})
    found = drift.unfit_intervals(frame, until_ms=400 * DAY_MS)
    assert found.select("start_ms", "end_ms", "cause").rows() == [(0, 100 * DAY_MS, "out of control")]


def checks(*rows: tuple[int, float, str], interval: int = 7, until: float = 30) -> list[tuple[int, float, float | None, str]]:
    """Return the stretches of (channel, day, state) checks, in days."""
    frame = pl.DataFrame(
        [(pid, int(day * DAY_MS), state, interval * DAY_MS) for pid, day, state in rows],
        schema={"pid": pl.Int64, "time_ms": pl.Int64, "state": pl.String, "interval_ms": pl.Int64},
        orient="row",
    )
    found = drift.unfit_intervals(frame, until_ms=int(until * DAY_MS))
    assert found.equals(drift.unfit_intervals(frame.reverse(), until_ms=int(until * DAY_MS)))
    assert found["group"].to_list() == ["A"] * found.height
    return [
        (pid, start / DAY_MS, None if end is None else end / DAY_MS, cause)
        for pid, start, end, cause in found.select("pid", "start_ms", "end_ms", "cause").rows()
    ]


OK, ADJUST, OUT = "in tolerance", "adjust", "out of control"


@pytest.mark.parametrize(
    ("rows", "until", "expected"),
    [
        pytest.param([(1, 0, OK), (1, 7, OK), (1, 14, OK)], 21, [], id="each on its day"),
        pytest.param([(1, 0, OK), (1, 8, OK)], 9, [(1, 7, 8, "overdue calibration")], id="a day late"),
        pytest.param([(1, 0, OK)], 7.5, [(1, 7, None, "overdue calibration")], id="still overdue"),
        pytest.param([(1, 0, OUT), (1, 2, OK)], 9, [(1, 0, 2, "out of control")], id="mended after two days"),
        pytest.param(
            [(1, 0, OUT), (1, 1, OUT), (1, 2, ADJUST), (1, 3, OK), (1, 4, OUT)],
            5,
            [(1, 0, 3, "out of control"), (1, 4, None, "out of control")],
            id="only a check in tolerance ends it",
        ),
        pytest.param(
            [(1, 0, OUT), (1, 9, OK)],
            10,
            [(1, 0, 9, "out of control"), (1, 7, 9, "overdue calibration")],
            id="both at once",
        ),
        pytest.param([(1, 0, OUT), (2, 1, OK)], 2, [(1, 0, None, "out of control")], id="another channel mends nothing"),
        pytest.param([(1, 0, OK), (2, 9, OK)], 12, [(1, 7, None, "overdue calibration")], id="nor is it a check"),
        pytest.param([], 9, [], id="never checked"),
    ],
)
def test_stretches(
    rows: list[tuple[int, float, str]], until: float, expected: list[tuple[int, float, float | None, str]]
) -> None:
    """From discovery to the next check in tolerance, and from the due time to the next check."""
    assert checks(*rows, until=until) == expected


@given(st.fractions(-20, 20, max_denominator=100), st.fractions(0, 5), st.fractions(0, 5))
def test_more_drift_is_never_better(pct: Fraction, more: Fraction, allowed: Fraction) -> None:
    """The state follows the size of the drift only, and never improves with it."""
    order = ["in tolerance", "adjust", "out of control"]
    bounds = {"full_scale": Fraction(100), "allowed_pct": allowed, "out_of_control_pct": 2 * allowed}
    state = drift.judged_drift(pct, **bounds).state
    assert drift.judged_drift(-pct, **bounds).state == state
    further = pct + more if pct >= 0 else pct - more
    assert order.index(drift.judged_drift(further, **bounds).state) >= order.index(state)
