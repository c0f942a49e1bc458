"""When a matter rises to the next authority, and until when something must be done: counts, multiples, deadlines.

What was judged is handed in as sets of periods that exceed; the numbers stand in ``escalation.toml`` of the registry.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction


def counted(exceeding: Collection[int], at_ms: int, *, within: int, period_ms: int) -> int:
    """Return how many exceeding periods lie within the stretch that ends with one of them.

    Args:
        exceeding: starts of the exceeding periods [epoch ms].
        at_ms: start of the last period of the stretch.
        within: length of the stretch, in periods.
        period_ms: length of a period.

    Source:
        emission_rules 10, ladder, stages 2 and 4 (proposal).

    >>> counted({2, 9, 20}, 20, within=24, period_ms=1)
    3
    """
    return sum(at_ms - n * period_ms in exceeding for n in range(within))


def is_multiple(value: int, limit: int, *, multiple: Decimal) -> bool:
    """Tell whether a value is at least ``multiple`` times over its limit, value / limit - 1; equal counts.

    Args:
        value: stored integer.
        limit: stored integer at the same scale, above 0.

    Source:
        emission_rules 1.8 (the multiple, seen: S34) and 10, ladder, stages 3 and 4 (proposal).

    >>> is_multiple(70, 35, multiple=Decimal("1.0")), is_multiple(69, 35, multiple=Decimal("1.0"))
    (True, False)
    """
    return limit > 0 and Fraction(value - limit, limit) >= Fraction(multiple)


def is_working(day: date, working: Mapping[date, bool]) -> bool:
    """Tell whether a day is a working day: as ``working`` says, else Monday to Friday.

    Source:
        emission_rules EX-10.1 (proposal for the counting).
    """
    return working.get(day, day.weekday() < 5)


def last_working_day(began: date, days: int, working: Mapping[date, bool]) -> date:
    """Return the last of so many working days after the day on which something began, which does not count.

    Args:
        began: the first day.
        days: working days, at least 1.
        working: holidays (False) and weekend days on which people work (True).

    Source:
        emission_rules EX-10.1 (proposal for the counting).

    >>> last_working_day(date(2026, 7, 6), 5, {})
    datetime.date(2026, 7, 13)
    """
    day = began
    while days:
        day += timedelta(days=1)
        days -= is_working(day, working)
    return day


def excused(gaps_h: Sequence[Fraction], *, hours_max: int, per_quarter: int) -> list[bool]:
    """Return which of an outlet's gaps of one quarter are excused: the first so many that are not too long.

    Args:
        gaps_h: lengths, in the order in which they began, each caused by a failure of the equipment.
        hours_max: longest gap that is excused; equal is.
        per_quarter: how many are.

    Source:
        emission_rules 10, ALM-2 (seen: S33).

    >>> excused([Fraction(7), Fraction(6)], hours_max=8, per_quarter=1)
    [True, False]
    """
    told: list[bool] = []
    for gap_h in gaps_h:
        told.append(gap_h <= hours_max and sum(told) < per_quarter)
    return told
