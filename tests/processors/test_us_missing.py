"""Missing hours take a mean, a percentile, the maximum or the maximum potential, by availability and length."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.rules import us_missing
from processors.rules.us_missing import Filled, Tier

TIERS = [
    Tier(95, 24, "percentile", 90),
    Tier(90, 8, "percentile", 95),
    Tier(80, None, "maximum"),
    Tier(0, None, "potential"),
]
LOOKBACK = [*[100] * 89, 135, *[140] * 4, 150, *[160] * 4, 180]
"""A hundred hours whose 90th value is 135, the 95th 150 and the greatest 180."""


def fill(
    availability: str | int | None,
    gap_h: int,
    *,
    before: int | None = 100,
    after: int | None = 120,
    lookback: Sequence[int] = LOOKBACK,
    tiers: Sequence[Tier] = TIERS,
) -> Filled:
    """Fill a gap between 100 and 120, at a maximum potential of 1 000."""
    return us_missing.missing_value(
        availability_pct=None if availability is None else Decimal(availability),
        gap_h=gap_h,
        before=before,
        after=after,
        lookback=lookback,
        potential=1_000,
        tiers=tiers,
    )


MEAN = "mean of the hour before and the hour after"


@pytest.mark.parametrize(
    ("availability", "gap", "expected"),
    [
        pytest.param(96, 20, Filled(Fraction(110), MEAN), id="EX-9.7 96 %, 20 h"),
        pytest.param(96, 30, Filled(Fraction(135), "percentile 90 of 100 hours"), id="EX-9.7 96 %, 30 h"),
        pytest.param(92, 9, Filled(Fraction(150), "percentile 95 of 100 hours"), id="EX-9.7 92 %, 9 h"),
        pytest.param(85, 1, Filled(Fraction(180), "maximum of 100 hours"), id="EX-9.7 85 %"),
        pytest.param(79, 1, Filled(Fraction(1_000), "maximum potential concentration"), id="EX-9.7 79 %"),
        pytest.param(95, 24, Filled(Fraction(110), MEAN), id="exactly 95 % and 24 h"),
        pytest.param(95, 25, Filled(Fraction(135), "percentile 90 of 100 hours"), id="one hour more"),
        pytest.param("94.99", 24, Filled(Fraction(150), "percentile 95 of 100 hours"), id="just below 95 %"),
        pytest.param(90, 8, Filled(Fraction(110), MEAN), id="exactly 90 % and 8 h"),
        pytest.param("89.99", 8, Filled(Fraction(180), "maximum of 100 hours"), id="just below 90 %"),
        pytest.param(80, 8, Filled(Fraction(180), "maximum of 100 hours"), id="exactly 80 %"),
        pytest.param("79.99", 8, Filled(Fraction(1_000), "maximum potential concentration"), id="just below 80 %"),
        pytest.param(None, 8, Filled(None, "availability not known"), id="no availability"),
    ],
)
def test_tiers(availability: str | int | None, gap: int, expected: Filled) -> None:
    """EX-9.7: 110, 135, 150, 180 and 1000; the order of the tiers does not matter."""
    assert fill(availability, gap) == fill(availability, gap, tiers=TIERS[::-1]) == expected


def test_the_mean_where_it_is_greater() -> None:
    """A long gap takes the larger of percentile and mean; equal is the percentile's."""
    found = fill(96, 30, before=200, after=300)
    assert found == Filled(Fraction(250), "mean of the hour before and the hour after, above percentile 90 of 100 hours")
    assert fill(96, 30, before=130, after=140).method == "percentile 90 of 100 hours"


def test_what_is_missing_itself() -> None:
    """Without a side a short gap has no value, a long one takes the percentile; without a look-back there is none."""
    assert fill(96, 20, before=None) == Filled(None, "no hour on a side of the gap")
    assert fill(96, 30, after=None).value == 135
    assert fill(96, 30, lookback=[]) == fill(85, 1, lookback=[]) == Filled(None, "nothing to look back on")
    assert fill(79, 1, lookback=[]).value == 1_000
    assert fill(79, 1, tiers=TIERS[:3]) == Filled(None, "no tier for an availability of 79 %")


def test_a_tier_without_its_percentile() -> None:
    """A tier that asks for a percentile and names none is a fault of the rule."""
    with pytest.raises(ValueError, match="names no percentile"):
        fill(96, 30, tiers=[Tier(95, 24, "percentile")])


def first(before: int | None, after: int | None, by_load: dict[int, list[int]] | None = None) -> Filled:
    """Fill an hour in load range 3 of a new monitor."""
    return us_missing.first_hours(before=before, after=after, by_load=by_load, load_range=3)


def test_the_first_hours() -> None:
    """EX-9.12: a gap between 40 and 60 is 50; NOx and flow take the mean of earlier hours in the load range."""
    assert first(40, 60) == Filled(Fraction(50), MEAN)
    assert first(None, 60) == Filled(None, "no hour on a side of the gap")
    assert first(40, 60, {3: [10, 20], 4: [99]}) == Filled(Fraction(15), "mean of 2 earlier hours in load range 3")
    assert first(40, 60, {4: [99]}) == Filled(None, "no earlier hour in load range 3")


def test_a_load_range() -> None:
    """The last values of the load range, fewer where there are no more."""
    hours = [(3, 1), (4, 99), (3, 2), (3, 3)]
    assert us_missing.in_load_range(hours, load_range=3, lookback_n=2) == [2, 3]
    assert us_missing.in_load_range(hours, load_range=3, lookback_n=9) == [1, 2, 3]
    assert us_missing.in_load_range(hours, load_range=5, lookback_n=2) == []
    assert us_missing.in_load_range(hours, load_range=3, lookback_n=0) == []


def test_percentiles_of_a_look_back() -> None:
    """Of 1 to 720 the 90th percentile is 648 and the 95th 684; the hundredth of 1 to 201 is the greatest."""
    assert [us_missing.nth_percentile(range(1, 721), pct) for pct in (90, 95)] == [648, 684]
    assert us_missing.nth_percentile(range(1, 202), 100) == 201


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(0, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[int], pct: int) -> None:
    """At least so many percent are at or below it, and fewer below any smaller value of the data."""
    found = us_missing.nth_percentile(values, pct)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= pct * len(values)
    smaller = [value for value in values if value < found]
    assert not smaller or sum(value <= max(smaller) for value in values) * 100 < pct * len(values)
