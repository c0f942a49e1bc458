"""pH is averaged by hydrogen ions and judged reading by reading."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules import ph

M = 10**6
SCHEMA = {"pid": pl.Int64, "day": pl.Int64, "time_ms": pl.Int64, "value": pl.Int64, "volume": pl.Int64}


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


def readings(*rows: tuple[str | None, int | None]) -> pl.DataFrame:
    """Return (pH, m3) readings of one day, a minute apart."""
    made = [
        (1, 0, 60_000 * i, None if value is None else int(Decimal(value) * M), None if volume is None else volume * M)
        for i, (value, volume) in enumerate(rows)
    ]
    return pl.DataFrame(made, schema=SCHEMA, orient="row")


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 14 * M), st.integers(1, 10**6)), min_size=1, max_size=20), seed=st.randoms())
def test_order_and_bounds(rows: list[tuple[int, int]], seed: object) -> None:
    """The mean does not depend on the order, and lies between the least pH and the greatest."""
    mean = ph.ion_mean(rows, 6)
    seed.shuffle(rows)  # type: ignore[attr-defined]
    assert ph.ion_mean(rows, 6) == mean
    assert mean is not None
    assert min(value for value, _ in rows) <= mean <= max(value for value, _ in rows)
