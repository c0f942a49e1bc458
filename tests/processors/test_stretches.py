"""Stretches of a series that are constant, too quiet, jump, or stand alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from processors.rules import stretches

M = 10**6
Values = Sequence[str | int | None]


def series(values: Values, times_s: Sequence[int] = (), pid: int = 1) -> pl.DataFrame:
    """Return readings a minute apart, or at times of their own."""
    at = times_s or range(0, 60 * len(values), 60)
    rows = [(pid, s * 1000, None if v is None else int(Decimal(v) * M)) for s, v in zip(at, values, strict=True)]
    return pl.DataFrame(rows, schema={"pid": pl.Int64, "time_ms": pl.Int64, "value": pl.Int64}, orient="row")


def flagged(test: Callable[..., pl.DataFrame], rows: pl.DataFrame, **settings: Any) -> str:
    """Return a sign for each reading of point 1: x where flagged; whatever the order and whatever another point does."""
    neighbours = [series([1, 9, 9, 9, 9, 9], range(0, 3_600, 600), pid=pid) for pid in (0, 2)]
    found = [
        test(each, **settings).filter(pl.col("pid") == 1)["flagged"].to_list()
        for each in (pl.concat([*neighbours, rows]), pl.concat([*neighbours, rows]).reverse())
    ]
    assert found[0] == found[1]
    assert set(found[0]) <= {True, False}
    assert test(rows.clear(), **settings).is_empty()
    return "".join("x" if each else "." for each in found[0])


@pytest.mark.parametrize(
    ("values", "change", "expected"),
    [
        pytest.param([1, 7, 7, 7, 7, 7, 2], 0, ".xxxxx.", id="EX-7.11"),
        pytest.param([1, 7, 7, 7, 7, 2], 0, "......", id="four are too few"),
        pytest.param([7, 7, 7, 7, 2], 0, ".....", id="four at the start"),
        pytest.param([1, 2, 7, 7, 7, 7, 7, 8], 0, "..xxxxx.", id="not in the middle"),
        pytest.param([7, 7, "7.1", 7, 7], "0.1", "xxxxx", id="equal to the change"),
        pytest.param([7, 7, "7.100001", 7, 7], "0.1", ".....", id="just more"),
        pytest.param([7, 7, None, 7, 7], 0, "xx.xx", id="a missing value is not flagged itself"),
        pytest.param([7, None, None, None, None, 9], 0, "......", id="one value alone is not constant"),
        pytest.param([7, 7, 7, 7, 7, 8, 8, 8, 8, 8], 0, "xxxxxxxxxx", id="two levels"),
    ],
)
def test_constants(values: Values, change: str | int, expected: str) -> None:
    """EX-7.11: five sevens in a row at threshold 0 and a window of five are all flagged."""
    rows = series(values)
    assert flagged(stretches.constants, rows, window_n=5, change_max=Decimal(change), readings_min=2) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # of 0, 0, 2 the sample variance is 4/3, of 0, 1, 2 it is 1, of 0, 0, 1 it is 1/3
        pytest.param([9, 0, 0, 1, 9], ".xxx.", id="a third"),
        pytest.param([9, 0, 1, 2, 9], ".....", id="exactly one is not below one"),
        pytest.param([9, 0, 1, "1.999999", 9], ".xxx.", id="just below"),
        pytest.param([0, 0, None, 0, 0], ".....", id="no whole window"),
        pytest.param([0, 0], "..", id="too short"),
    ],
)
def test_low_variance(values: Values, expected: str) -> None:
    """Windows of three with a sample variance below one."""
    assert flagged(stretches.low_variance, series(values), window_n=3, variance_max=1) == expected


def test_a_variance_that_is_no_decimal() -> None:
    """Of 0, 0, 1 the sample variance is 1/3, which is not below 1/3."""
    rows = series([9, 0, 0, 1, 9])
    assert flagged(stretches.low_variance, rows, window_n=3, variance_max=Fraction(1, 3)) == "....."
    assert flagged(stretches.low_variance, rows, window_n=3, variance_max=Fraction(2, 5)) == ".xxx."


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([1, 1, 1, 9, 9, 9], "...x..", id="up"),
        pytest.param([9, 9, 9, 1, 1, 1], "...x..", id="down"),
        pytest.param([1, 1, 1, 5, 5, 5], "......", id="exactly the change is no jump"),
        pytest.param([1, 1, 1, 5, 5, "5.000001"], "...x..", id="just more"),
        pytest.param([1, 1, 9, 9, 9], ".....", id="too short a level before"),
        pytest.param([1, 1, 1, 9, 9], ".....", id="and after"),
        pytest.param([1, 1, 1, 9, None, 9], "......", id="a window with a missing value"),
        pytest.param([1, 1, 1, 9, 9, 9, 9, 1, 1, 1], "...x...x..", id="up and down again"),
        pytest.param([1, 1, 1, 10, 10, 10, 1, 1, 1], "...x.....", id="of two a window apart the first of equals"),
        pytest.param([1, 1, 1, 10, 10, 10, 0, 0, 0], "......x..", id="and the greater"),
        pytest.param([1, 1, 1, 1, 7, 13, 13, 13, 13], "....x....", id="the first of two equal steps"),
    ],
)
def test_jumps(values: Values, expected: str) -> None:
    """Means of three readings before and after that differ by more than four; one flag for one jump."""
    assert flagged(stretches.jumps, series(values), window_n=3, change_max=4) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([1, 1, 9], "..x", id="at the end"),
        pytest.param([0, 5, 15, 15], "..x.", id="the next is greater"),
        pytest.param([0, 5, 5, 15, 15], ".x.x.", id="beyond a window of each other"),
        pytest.param([None, 1, None, 9], "....", id="nothing to compare"),
    ],
)
def test_jumps_from_one_reading_to_the_next(values: Values, expected: str) -> None:
    """Windows of one reading, and a change that is no decimal."""
    for change in (4, Fraction(1, 7)):
        assert flagged(stretches.jumps, series(values), window_n=1, change_max=change) == expected
    assert flagged(stretches.jumps, series([1, 1, 1]), window_n=1, change_max=0) == "..."


@pytest.mark.parametrize(
    ("times", "values", "expected"),
    [
        pytest.param([0, 60, 360, 420, 720], [1] * 5, "..xx.", id="two values between two gaps"),
        pytest.param([0, 60, 359, 419, 720], [1] * 5, ".....", id="the first gap is too short"),
        pytest.param([0, 360, 559, 860], [1] * 4, ".xx.", id="just a small group"),
        pytest.param([0, 360, 560, 860], [1] * 4, "....", id="too long a group"),
        pytest.param([0, 60, 360, 420], [1] * 4, "....", id="no gap after it"),
        pytest.param([360, 420, 720], [1] * 3, "...", id="no gap before it"),
        pytest.param([0, 60, 360, 660], [1, 1, 1, 1], "..x.", id="one value"),
        pytest.param([0, 200, 360, 500, 660], [1, None, 1, None, 1], "..x..", id="a missing value does not fill a gap"),
    ],
)
def test_isolated(times: Sequence[int], values: Values, expected: str) -> None:
    """Groups shorter than 200 s between gaps of at least 300 s."""
    assert flagged(stretches.isolated, series(values, times), gap_s_min=300, group_s_max=200) == expected
