"""Petrol stations: which refuellings count, and which days warn of a nozzle."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import DAY_MS
from processors.rules import vapour
from processors.rules.vapour import NozzleDay, NozzleState
from tests.processors.given import CST, ms

M = 10**6
MIDNIGHT = ms(datetime(2026, 5, 1, tzinfo=CST))
SCHEMA = {"pid": pl.Int64, "time_ms": pl.Int64, "fuel_l": pl.Int64, "vapour_l": pl.Int64, "fuel_l_min": pl.Int64}


def micro(text: str | None) -> int | None:
    """Return a decimal in millionths."""
    return None if text is None else int(Decimal(text) * M)


def filled(*rows: tuple[str | None, str | None, str | None], day: int = 0, pid: int = 1) -> pl.DataFrame:
    """Return (fuel, vapour, speed) refuellings of a day, a minute apart, judged by the defaults."""
    made = [(pid, MIDNIGHT + day * DAY_MS + i * 60_000, *map(micro, row)) for i, row in enumerate(rows)]
    return vapour.refuellings(
        pl.DataFrame(made, schema=SCHEMA, orient="row"),
        ratio_min=Decimal("0.9"),
        ratio_max=Decimal("1.3"),
        counted_l_min=15,
        stored_l_min=5,
        fuel_l_min_min=10,
    )


@pytest.mark.parametrize(("sales", "asked"), [(2_000, False), (Decimal("2000.01"), True)])
def test_who_must_be_networked(sales: Decimal | int, asked: bool) -> None:
    """Only a station that sells more than 2 000 t."""
    assert vapour.must_be_networked(sales, sales_t_max=2_000) is asked


@pytest.mark.parametrize(
    ("fuel", "liquid", "speed", "expected"),
    [
        pytest.param("25.0", "27.3", "30", (1_092_000, True, "counted"), id="EX-6.1"),
        pytest.param("20", "18", "30", (900_000, True, "counted"), id="exactly 0.9"),
        pytest.param("20", "17.999999", "30", (900_000, False, "counted"), id="below it, though the ratio rounds to 0.9"),
        pytest.param("20", "26", "30", (1_300_000, True, "counted"), id="exactly 1.3"),
        pytest.param("20", "26.000001", "30", (1_300_000, False, "counted"), id="above it"),
        pytest.param("15", "15", "30", (1_000_000, True, "counted"), id="15 L count"),
        pytest.param("14.9", "14.9", "30", (1_000_000, True, "stored"), id="less is stored"),
        pytest.param("5", "5", "30", (1_000_000, True, "stored"), id="5 L are stored"),
        pytest.param("4.9", "4.9", "30", (1_000_000, True, "too little"), id="less is nothing"),
        pytest.param("20", "2", "9.9", (100_000, False, "dispenser fault"), id="out of band while fuel hardly flows"),
        pytest.param("20", "2", "10", (100_000, False, "counted"), id="10 L/min are no fault"),
        pytest.param("20", "20", "9", (1_000_000, True, "counted"), id="slow but in band"),
        pytest.param("20", "2", None, (100_000, False, "counted"), id="a speed not known excuses nothing"),
        pytest.param("20", None, "30", (None, None, "not measured"), id="no vapour measured"),
        pytest.param(None, "20", "30", (None, None, "not measured"), id="no fuel measured"),
        pytest.param("0", "1", "30", (None, None, "too little"), id="nothing dispensed"),
        pytest.param("0.000001", "0.000001", "30", (1_000_000, True, "too little"), id="the least there is"),
    ],
)
def test_refuellings(
    fuel: str | None, liquid: str | None, speed: str | None, expected: tuple[int | None, bool | None, str]
) -> None:
    """A refuelling counts from 15 L on; the band's ends belong to it."""
    assert filled((fuel, liquid, speed)).select("ratio", "in_band", "status").row(0) == expected


def day(state: NozzleState, counted: int, bad: int) -> tuple[NozzleState, NozzleDay]:
    """Take a day by the defaults."""
    return vapour.nozzle_day(state, counted=counted, bad=bad, thin_n=5, warn_share_pct=25, streak_days=5)


@pytest.mark.parametrize(
    ("counted", "bad", "state", "reason"),
    [
        pytest.param(20, 5, "normal", "5 of 20 counted refuellings out of band", id="EX-6.2 exactly 25 %"),
        pytest.param(20, 6, "warning", "6 of 20 counted refuellings out of band, more than 25 %", id="EX-6.2 30 %"),
        pytest.param(5, 2, "warning", "2 of 5 counted refuellings out of band, more than 25 %", id="five are not thin"),
        pytest.param(4, 4, "thin", "4 of 4 counted refuellings out of band, too few to judge", id="four are"),
        pytest.param(500, 126, "warning", "126 of 500 counted refuellings out of band, more than 25 %", id="25.2 %"),
        pytest.param(0, 0, "thin", "0 of 0 counted refuellings out of band, too few to judge", id="none"),
    ],
)
def test_a_day(counted: int, bad: int, state: str, reason: str) -> None:
    """EX-6.2: 5 of 20 out of band is no warning, 6 of 20 is."""
    found = day(NozzleState(), counted, bad)[1]
    assert (found.state, found.reason) == (state, reason)


def test_the_row_that_a_day_says() -> None:
    """A warning day is one more of its row, a normal one says none; a thin one says the row before it."""
    three = NozzleState(streak=3)
    assert [day(three, *refuellings)[1].streak for refuellings in ((20, 6), (20, 5), (4, 4))] == [4, 0, 3]


def test_no_day_is_judged_on_nothing() -> None:
    """Even where no number is asked, a day without refuellings says nothing."""
    found = vapour.nozzle_day(NozzleState(), counted=0, bad=0, thin_n=0, warn_share_pct=25, streak_days=5)[1]
    assert found.state == "thin"
    one = vapour.nozzle_day(NozzleState(), counted=1, bad=0, thin_n=1, warn_share_pct=25, streak_days=5)[1]
    assert one.state == "normal"


@pytest.mark.parametrize(("counted", "bad"), [(3, 4), (3, -1)])
def test_counts_that_cannot_be(counted: int, bad: int) -> None:
    """More bad ones than there are is a fault of the caller."""
    with pytest.raises(ValueError, match="cannot be out of band"):
        day(NozzleState(), counted, bad)


def test_thin_days_are_pooled() -> None:
    """EX-6.3: three and four refuellings make a pool of seven, two bad are 28.6 %: a warning for day 2, and the pool is empty."""
    state, first = day(NozzleState(), 3, 1)
    assert (state, first.state) == (NozzleState(3, 1, 0), "thin")
    state, second = day(state, 4, 1)
    assert (state, second) == (
        NozzleState(0, 0, 1),
        NozzleDay("warning", 1, False, "2 of 7 counted refuellings out of band, more than 25 %"),
    )


def test_a_pool_of_five_is_still_too_small() -> None:
    """A pool is evaluated once it holds more than five; a day's own five are enough when nothing is pooled."""
    state, said = day(NozzleState(2, 0), 3, 3)
    assert (state, said.state) == (NozzleState(5, 3), "thin")
    assert day(state, 1, 0)[1].state == "warning"
    assert day(NozzleState(1, 0), 20, 5)[1].state == "normal"


def days(text: str) -> list[tuple[str, int, bool]]:
    """Return state, streak and alarm of days of one nozzle: W and N are whole days, t is a thin one without refuelling."""
    counts = {"W": (10, 5), "N": (10, 0), "t": (0, 0)}
    state, found = NozzleState(), []
    for letter in text:
        state, said = day(state, *counts[letter])
        found.append((said.state, said.streak, said.alarm))
    return found


@pytest.mark.parametrize(
    ("text", "last"),
    [
        pytest.param("WWWW", ("warning", 4, False), id="four days"),
        pytest.param("WWWWW", ("warning", 5, True), id="the fifth"),
        pytest.param("WWWWWW", ("warning", 6, True), id="and on"),
        pytest.param("WWtWWtW", ("warning", 5, True), id="thin days neither lengthen nor break"),
        pytest.param("WWWWt", ("thin", 4, False), id="a thin day raises nothing"),
        pytest.param("WWWWNW", ("warning", 1, False), id="a normal day breaks"),
    ],
)
def test_streak(text: str, last: tuple[str, int, bool]) -> None:
    """Five evaluated warning days in a row raise the alarm."""
    assert days(text)[-1] == last


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda d: (max(d), min(d))), max_size=20))
def test_no_refuelling_is_lost(rows: list[tuple[int, int]]) -> None:
    """Each counted refuelling is judged on exactly one day, or still waits in the pool; an alarm is always a warning."""
    state, judged_n = NozzleState(), 0
    for counted, bad in rows:
        before = state.pool_n
        state, said = day(state, counted, bad)
        if said.state != "thin":
            judged_n += before + counted
        assert said.alarm is (said.state == "warning" and said.streak >= 5)
        assert state.pool_n <= 5
    assert judged_n + state.pool_n == sum(counted for counted, _ in rows)
