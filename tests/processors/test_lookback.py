"""Looking back finds the greatest of the last valid values before a moment, and what is kept is enough for it."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules.lookback import maxima_before

VALUES = st.lists(st.tuples(st.integers(1, 2), st.integers(0, 60), st.integers(0, 9)), max_size=40, unique_by=lambda v: v[:2])


def frame(values: list[tuple[int, int, int]]) -> pl.DataFrame:
    """Return valid values by point, end and number."""
    return pl.DataFrame(values, schema={"pid": pl.Int64, "end_ms": pl.Int64, "value": pl.Int64}, orient="row")


ASKED = {"pid": pl.Int64, "before_ms": pl.Int64}
SERIES = [(1, 10, 5), (2, 15, 1), (1, 20, 9), (2, 25, 7), (1, 30, 4), (1, 40, 2)]
"""Two points whose hours lie between each other: 5, 9, 4, 2 and 1, 7."""


@pytest.mark.parametrize(
    ("pid", "before", "n", "of_two", "of_three"),
    [
        pytest.param(1, 40, 4, 4, 9, id="4, 2 and 9, 4, 2"),
        pytest.param(1, 39, 3, 9, 9, id="9, 4: the last has not ended"),
        pytest.param(1, 10, 1, 5, 5, id="fewer than asked"),
        pytest.param(1, 9, 0, None, None, id="none yet"),
        pytest.param(2, 15, 1, 1, 1, id="the other point's do not count"),
        pytest.param(2, 100, 2, 7, 7, id="1, 7"),
        pytest.param(3, 100, 0, None, None, id="a point without values"),
        pytest.param(2, None, 0, None, None, id="a moment that is not known"),
    ],
)
def test_a_look_back(pid: int, before: int | None, n: int, of_two: int | None, of_three: int | None) -> None:
    """By hand: as many values as there are, and the greatest of the last two and three; the order of rows does not matter."""
    everyone = [(1, 35, "early"), (pid, before, "asked"), (2, 30, "late"), (1, None, "unknown")]
    for seed in range(3):
        rows, questions = random.Random(seed).sample(SERIES, len(SERIES)), random.Random(seed).sample(everyone, 4)
        asked = pl.DataFrame(questions, schema={**ASKED, "name": pl.String}, orient="row")
        found = maxima_before(frame(rows), asked, counts=[2, 3])
        assert found.height == len(everyone)
        (row,) = found.filter(pl.col("name") == "asked").select("pid", "before_ms", "n", "max_2", "max_3").rows()
        assert row == (pid, before, n, of_two, of_three)


def test_nothing_lies_before_a_moment_that_is_not_known() -> None:
    """Not even a value of a century ago."""
    old = frame([(1, -3_000_000_000_000, 5)])
    found = maxima_before(old, pl.DataFrame({"pid": [1], "before_ms": [None]}, schema=ASKED), counts=[1])
    assert found.select("n", "max_1").rows() == [(0, None)]


@settings(max_examples=100, deadline=None)
@given(values=VALUES, before=st.integers(-5, 65), count=st.integers(1, 8))
def test_a_maximum_is_that_of_the_last_values(values: list[tuple[int, int, int]], before: int, count: int) -> None:
    """The greatest of the last values that ended at or before the moment, as a plain loop finds it."""
    asked = pl.DataFrame(
        {"pid": [1, 2, 3], "before_ms": [before, None, before]}, schema={"pid": pl.Int64, "before_ms": pl.Int64}
    )
    found = maxima_before(frame(values), asked, counts=[count]).sort("pid")
    ended = [value for pid, end, value in sorted(values) if pid == 1 and end <= before]
    expected = [(1, before, len(ended), max(ended[-count:], default=None)), (2, None, 0, None), (3, before, 0, None)]
    assert found.select("pid", "before_ms", "n", f"max_{count}").rows() == expected
