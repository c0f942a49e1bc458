"""United States rules for missing data: what stands for an hour, by the monitor's availability and the length of the gap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from processors.rules.gaps import mean_across
from processors.rules.gas import Exact, exact
from processors.rules.verdict import number_text

POTENTIAL = "maximum potential concentration"
"""How a hour is filled whose monitor is available too little."""


@dataclass(frozen=True, slots=True)
class Tier:
    """What stands for a missing hour from an availability on.

    ``short_h_max`` is the longest gap filled with the mean of both sides, None where the gap's length does not matter; ``beyond`` is what a longer
    gap, or every gap, takes: a percentile of the look-back (with that mean where it is greater), its maximum, or the maximum
    potential concentration.
    """

    availability_pct_min: Exact
    short_h_max: int | None
    beyond: Literal["percentile", "maximum", "potential"]
    percentile_pct: Exact | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands for each hour of a gap, None where nothing can, and how it was found."""

    value: Fraction | None
    method: str


def missing_value(
    *,
    availability_pct: Exact | None,
    gap_h: int,
    before: Exact | None,
    after: Exact | None,
    lookback: Sequence[Exact],
    potential: Exact,
    tiers: Sequence[Tier],
) -> Filled:
    """Return what stands for each hour of a gap.

    Args:
        availability_pct: monitor data availability when the gap began, None where not known.
        gap_h: length of the gap.
        before: value of the hour before the gap, None where there is none.
        after: value of the hour after it.
        lookback: quality-assured values to look back over, 720 or 2 160, of the same load range where the rule says so.
        potential: maximum potential concentration.
        tiers: any order; the one with the highest bound that the availability reaches counts.

    Source:
        US-4 and US-5, 40 CFR 75.33 (seen): 95 % (24 h, 90th percentile), 90 % (8 h, 95th), 80 % (maximum), below (potential).
    """
    if availability_pct is None:
        return Filled(None, "availability not known")
    reached = [tier for tier in tiers if exact(tier.availability_pct_min) <= exact(availability_pct)]
    if not reached:
        return Filled(None, f"no tier for an availability of {number_text(availability_pct)} %")
    tier = max(reached, key=lambda each: exact(each.availability_pct_min))
    mean = mean_across(before, after, gap_h=gap_h, gap_h_max=gap_h)
    if tier.short_h_max is not None and gap_h <= tier.short_h_max:
        return Filled(
            mean, "mean of the hour before and the hour after" if mean is not None else "no hour on a side of the gap"
        )
    if tier.beyond == "potential":
        return Filled(exact(potential), POTENTIAL)
    if not lookback:
        return Filled(None, "nothing to look back on")
    if tier.beyond == "maximum":
        return Filled(max(exact(value) for value in lookback), f"maximum of {len(lookback)} hours")
    if tier.percentile_pct is None:
        raise ValueError(f"the tier from {tier.availability_pct_min} % on names no percentile")
    least = nth_percentile(lookback, tier.percentile_pct)
    method = f"percentile {number_text(tier.percentile_pct)} of {len(lookback)} hours"
    if mean is not None and mean > least:
        return Filled(mean, f"mean of the hour before and the hour after, above {method}")
    return Filled(least, method)


def first_hours(
    *, before: Exact | None, after: Exact | None, by_load: Mapping[int, Sequence[Exact]] | None, load_range: int
) -> Filled:
    """Return what stands for a missing hour while too few quality-assured hours exist for a look-back.

    Args:
        before: value of the hour before the gap, None where there is none.
        after: value of the hour after it.
        by_load: earlier values by load range, for NOx and flow; None for other quantities.
        load_range: the hour's own.

    Source:
        US-6, 40 CFR 75.31 (seen; by load from memory, medium): mean of both sides; for NOx and flow the mean of earlier hours in the
        load range.
    """
    if by_load is None:
        mean = mean_across(before, after, gap_h=1, gap_h_max=1)
        return Filled(
            mean, "mean of the hour before and the hour after" if mean is not None else "no hour on a side of the gap"
        )
    earlier = [exact(value) for value in by_load.get(load_range, ())]
    if not earlier:
        return Filled(None, f"no earlier hour in load range {load_range}")
    return Filled(sum(earlier, Fraction(0)) / len(earlier), f"mean of {len(earlier)} earlier hours in load range {load_range}")


def in_load_range(hours: Sequence[tuple[int, Exact]], *, load_range: int, lookback_n: int) -> list[Fraction]:
    """Return the last quality-assured values of a load range.

    Args:
        hours: (load range, value), oldest first.
        load_range: the one asked for.
        lookback_n: how many, at most.

    Source:
        US-5, 40 CFR 75.33 (from memory, high): 2 160 hours in the same load range.
    """
    same = [exact(value) for at, value in hours if at == load_range]
    return same[max(len(same) - lookback_n, 0) :]


def nth_percentile(values: Sequence[Exact], pct: Exact) -> Fraction:
    """Return the least of the values that at least so many percent of them do not exceed.

    Source:
        Missing-data procedures of 40 CFR 75 (from memory, medium): a value of the data themselves, not interpolated.

    >>> nth_percentile([10, 20, 30, 40], 75), nth_percentile([10, 20, 30, 40], 76)
    (Fraction(30, 1), Fraction(40, 1))
    """
    ordered = sorted(exact(value) for value in values)
    at = math.ceil(exact(pct) / 100 * len(ordered))
    return ordered[max(at, 1) - 1]
