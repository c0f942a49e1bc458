"""Gaps are filled as the rules of 2007 say, for historic data."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from processors.rules import gaps

M = 10**6


@pytest.mark.parametrize(
    ("before", "after", "gap", "expected"),
    [
        pytest.param(30, 36, 5, 33, id="EX-1.18"),
        pytest.param(30, 36, 24, 33, id="as long as is filled"),
        pytest.param(30, 36, 25, None, id="too long"),
        pytest.param(None, 36, 5, None, id="open before"),
        pytest.param(30, None, 5, None, id="open after"),
        pytest.param(40, 60, 3, 50, id="EX-9.12 US-6: a new monitor"),
    ],
)
def test_across_a_gap(before: int | None, after: int | None, gap: int, expected: int | None) -> None:
    """The mean of the nearest valid values on both sides, for gaps of up to 24 hours."""
    assert gaps.mean_across(before, after, gap_h=gap, gap_h_max=24) == expected


def test_before_a_gap() -> None:
    """EX-3.7: three hours after 30, 36, 45 are 37.0 each; pH after 7.1, 7.4, 7.2 is 7.2."""
    assert gaps.mean_before([99, 30, 36, 45], gap_n=3) == 37
    assert gaps.mean_before([30, 36, 45], gap_n=3) == 37
    assert gaps.median_before([Decimal(text) for text in ("9.9", "7.1", "7.4", "7.2")], gap_n=3) == Fraction("7.2")
    assert gaps.median_before([1, 4, 2, 3], gap_n=4) == Fraction("2.5")
    assert (gaps.mean_before([30, 36, 45], gap_n=1), gaps.median_before([30, 36, 45], gap_n=1)) == (45, 45)


@pytest.mark.parametrize("gap", [0, 4, -1])
def test_too_few_readings_before(gap: int) -> None:
    """A gap longer than what is known, or none, has no value."""
    assert (gaps.mean_before([30, 36, 45], gap_n=gap), gaps.median_before([30, 36, 45], gap_n=gap)) == (None, None)


def test_median_of_nothing() -> None:
    """Nothing has no median."""
    assert gaps.median([]) is None
