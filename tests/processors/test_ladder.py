"""Counts, multiples and deadlines of the ladder of escalation, with the reference's examples."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from processors.rules.ladder import counted, excused, is_multiple, last_working_day
from tests.processors.given import MIDNIGHT, ms

MONDAY = date(2026, 7, 6)
DRAGON_BOAT = {date(2026, 6, 19): False, date(2026, 6, 21): True}
"""A Friday off, and the Sunday worked instead."""


def hour(n: int) -> int:
    return ms(MIDNIGHT + timedelta(hours=n))


@pytest.mark.parametrize(
    ("at", "n"),
    [
        pytest.param(2, 1, id="the first"),
        pytest.param(9, 2, id="the second"),
        pytest.param(20, 3, id="EX-10.4 the third opens stage 2"),
    ],
)
def test_exceeding_hours_of_one_day(at: int, n: int) -> None:
    """EX-10.4: exceeding hours at 02:00, 09:00 and 20:00."""
    assert counted({hour(2), hour(9), hour(20)}, hour(at), within=24, period_ms=3_600_000) == n


def test_the_edge_of_24_hours() -> None:
    """Hour 02 and hour 25 lie within 24 hours, hours 02 and 26 do not: 02:00 to 02:00 of the next day are 24 hours without it."""
    assert counted({hour(2), hour(25)}, hour(25), within=24, period_ms=3_600_000) == 2
    assert counted({hour(2), hour(26)}, hour(26), within=24, period_ms=3_600_000) == 1


@pytest.mark.parametrize(
    ("value", "limit", "multiple", "told"),
    [
        pytest.param(57_100_000, 35_000_000, "0.631", True, id="EX-1.19: 57.1 against 35 is 0.6314…"),
        pytest.param(70_000_000, 35_000_000, "1.0", True, id="equal counts"),
        pytest.param(69_999_999, 35_000_000, "1.0", False, id="a millionth below"),
        pytest.param(1, 0, "1.0", False, id="no limit to divide by"),
        pytest.param(2, 1, "1.0", True, id="the least limit: 2 / 1 - 1 is 1"),
    ],
)
def test_multiple(value: int, limit: int, multiple: str, told: bool) -> None:
    """value / limit - 1, exactly."""
    assert is_multiple(value, limit, multiple=Decimal(multiple)) is told


@pytest.mark.parametrize(
    ("began", "days", "last"),
    [
        pytest.param(MONDAY, 5, date(2026, 7, 13), id="EX-10.1 Monday to the following Monday"),
        pytest.param(date(2026, 7, 11), 1, date(2026, 7, 13), id="from a Saturday"),
        pytest.param(date(2026, 6, 18), 1, date(2026, 6, 21), id="over a holiday to a Sunday on which people work"),
        pytest.param(date(2026, 6, 18), 2, date(2026, 6, 22), id="then the Monday"),
    ],
)
def test_working_days(began: date, days: int, last: date) -> None:
    """The day on which it began does not count; holidays and shifted weekends are data."""
    assert last_working_day(began, days, DRAGON_BOAT) == last


def test_excused() -> None:
    """EX-10.2: 7 h is excused, 6 h in the same quarter counts; what is longer than 8 h is not excused and leaves the excuse."""
    assert excused([Fraction(7), Fraction(6)], hours_max=8, per_quarter=1) == [True, False]
    assert excused([Fraction(17, 2), Fraction(8)], hours_max=8, per_quarter=1) == [False, True]
