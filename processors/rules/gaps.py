"""Filling gaps as the rules of 2007 did, for historic data; the rules in force substitute mass only (see ``substitution``)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from processors.rules.gas import Exact, exact


def mean_across(before: Exact | None, after: Exact | None, *, gap_h: int, gap_h_max: int) -> Fraction | None:
    """Return what stands for each hour of a gap: the mean of the nearest valid values on its two sides.

    Args:
        before: the last valid value before the gap, None where there is none.
        after: the first valid value after it.
        gap_h: length of the gap.
        gap_h_max: longest gap that is filled; equal is filled.

    Returns:
        The mean in the values' unit, None where the gap is too long or open on a side.

    Source:
        HJ/T 75-2007, emission_rules 1.6 (seen: gaps of up to 24 h). 40 CFR 75 starts a new monitor the same way (US-6, seen).

    >>> mean_across(30, 36, gap_h=5, gap_h_max=24)
    Fraction(33, 1)
    """
    if before is None or after is None or gap_h > gap_h_max:
        return None
    return (exact(before) + exact(after)) / 2


def mean_before(readings: Sequence[Exact], *, gap_n: int) -> Fraction | None:
    """Return the mean of as many readings just before a gap as it lacks, None where there are fewer.

    Args:
        readings: valid readings before the gap, oldest first.
        gap_n: readings that are missing.

    Source:
        HJ/T 356-2007, emission_rules 3.2 (seen).

    >>> mean_before([30, 36, 45], gap_n=3)
    Fraction(37, 1)
    """
    if not 0 < gap_n <= len(readings):
        return None
    return sum((exact(reading) for reading in readings[-gap_n:]), Fraction(0)) / gap_n


def median_before(readings: Sequence[Exact], *, gap_n: int) -> Fraction | None:
    """Return the median of as many readings just before a gap as it lacks, None where there are fewer; the rule for pH.

    Args and Source are those of ``mean_before``.
    """
    if not 0 < gap_n <= len(readings):
        return None
    return median(readings[-gap_n:])


def median(values: Sequence[Exact]) -> Fraction | None:
    """Return the middle value, of an even number the mean of the two in the middle; None of nothing.

    >>> median([3, 1, 2]), median([4, 1, 2, 3])
    (Fraction(2, 1), Fraction(5, 2))
    """
    ordered = sorted(exact(value) for value in values)
    if not ordered:
        return None
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
