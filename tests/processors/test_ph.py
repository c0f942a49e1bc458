"""pH is averaged by hydrogen ions and judged reading by reading."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules import ph

M = 10**6
SCHEMA = {"pid": pl.Int64, "day": pl.Int64, "time_ms": pl.Int64, "value": pl.Int64, "volume": pl.Int64}


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param([("6.0", 1), ("8.0", 1)], "6.297", id="EX-3.4 equal flow"),
        pytest.param([("6.0", 30), ("8.0", 90)], "6.589", id="EX-3.4 by volume"),
        pytest.param([("7.15", 5)], "7.150", id="one reading is its own mean"),
        pytest.param([("14", 1)], "14.000", id="end of the scale"),
        pytest.param([("6", 1), ("8", 0)], "6.000", id="no volume, no weight"),
    ],
)
def test_mean_by_hydrogen_ions(readings: list[tuple[str, int]], expected: str) -> None:
    """EX-3.4: 6.0 and 8.0 make 6.297, with 30 and 90 m3 6.589; the arithmetic mean would hide it."""
    mean = ph.hydrogen_mean([(Decimal(value), volume) for value, volume in readings])
    assert mean is not None
    assert str(mean.quantize(Decimal("0.001"))) == expected


@pytest.mark.parametrize(
    ("readings", "digits", "expected"),
    [
        pytest.param([(6_000_000, 1), (8_000_000, 1)], 6, 6_296_709, id="EX-3.4 equal flow"),
        pytest.param([(600, 30), (800, 90)], 2, 6_589_223, id="EX-3.4 by volume, two digits"),
        pytest.param([(16_000_000, 1)], 6, 16_000_000, id="the greatest"),
        pytest.param([(16_000_001, 1)], 6, None, id="above it"),
        pytest.param([(-2_000_000, 1)], 6, -2_000_000, id="the least"),
        pytest.param([(-2_000_001, 1)], 6, None, id="below it"),
        pytest.param([(7_000_000, 1), (16_000_001, 1)], 6, None, id="one of two cannot be"),
        pytest.param([(7_000_000, 0)], 6, None, id="no volume"),
        pytest.param([], 6, None, id="no reading"),
    ],
)
def test_mean_of_stored_numbers(readings: list[tuple[int, int]], digits: int, expected: int | None) -> None:
    """EX-3.4 on stored numbers; beyond -2 and 16 no water is, and there is no mean."""
    assert ph.ion_mean(readings, digits) == expected


def test_nothing_discharged() -> None:
    """Without volume there is no mean."""
    assert (ph.hydrogen_mean([]), ph.hydrogen_mean([(7, 0)])) == (None, None)


def readings(*rows: tuple[str | None, int | None]) -> pl.DataFrame:
    """Return (pH, m3) readings of one day, a minute apart."""
    made = [
        (1, 0, 60_000 * i, None if value is None else int(Decimal(value) * M), None if volume is None else volume * M)
        for i, (value, volume) in enumerate(rows)
    ]
    return pl.DataFrame(made, schema=SCHEMA, orient="row")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [("6.0", 30), ("8.0", 90)], [(1, 0, 2, 6 * M, 8 * M, 7 * M, 6_589_223, 0, None)], id="EX-3.4: equal to 6 complies"
        ),
        pytest.param(
            [("5.999999", 1), ("9", 1), ("9.000001", 1)],
            [(1, 0, 3, 5_999_999, 9_000_001, 9 * M, 6_476_253, 2, 0)],
            id="one beyond each limit",
        ),
        pytest.param(
            [("7", 1), ("9.5", 1)], [(1, 0, 2, 7 * M, 9_500_000, 8_250_000, 7_299_659, 1, 60_000)], id="the first outside"
        ),
        pytest.param([("7", 1), ("8", None)], [(1, 0, 2, 7 * M, 8 * M, 7_500_000, None, 0, None)], id="a volume not known"),
        pytest.param([("7", 1), ("2", 0)], [(1, 0, 1, 7 * M, 7 * M, 7 * M, 7 * M, 0, None)], id="not while nothing flows"),
        pytest.param([(None, 1)], [], id="nothing valid"),
    ],
)
def test_a_day(rows: list[tuple[str | None, int | None]], expected: list[tuple[int | None, ...]]) -> None:
    """Least, greatest, median and mean of the day, and how many readings were strictly outside 6 to 9."""
    given_rows = readings(*rows)
    for each in (given_rows, given_rows.reverse()):
        assert ph.ph_days(each, ph_min=6, ph_max=9).rows() == expected


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 14 * M), st.integers(1, 10**6)), min_size=1, max_size=20), seed=st.randoms())
def test_order_and_bounds(rows: list[tuple[int, int]], seed: object) -> None:
    """The mean does not depend on the order, and lies between the least pH and the greatest."""
    exact = [(Fraction(value, M), volume) for value, volume in rows]
    mean = ph.hydrogen_mean(exact)
    seed.shuffle(exact)  # type: ignore[attr-defined]
    assert ph.hydrogen_mean(exact) == mean
    assert mean is not None
    assert min(value for value, _ in rows) <= mean * M <= max(value for value, _ in rows)


def test_days_are_in_order() -> None:
    """One row a point and day, ordered, whatever the order of readings; the least volume there is counts."""
    given_rows = pl.DataFrame(
        [(pid, day, 0, 7 * M, 1) for pid in (2, 1) for day in range(20, 0, -1)], schema=SCHEMA, orient="row"
    )
    found = ph.ph_days(given_rows, ph_min=6, ph_max=9)
    assert found.select("pid", "day", "n", "mean").rows() == [(pid, day, 1, 7 * M) for pid in (1, 2) for day in range(1, 21)]
