"""Quality assurance of automated measuring systems: variability, calibration range, and control charts (EN 14181).

Roots are irrational: where a bound holds one, comparisons are made with squares, exactly, and only the text shows a rounded bound.
Factors that depend on the number of measurements (kv, t) are arguments; their tables belong to the rule pack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from processors.rules.gas import Exact, exact
from processors.rules.verdict import Verdict, all_of, at_most, judged, not_judged, number_text

ROOT_DIGITS = 40
"""Digits to which the text's bound is computed."""


@dataclass(frozen=True, slots=True)
class Cusum:
    """Sums of drift beyond its allowance, towards positive and negative, each at least 0, and whether one raises the alarm."""

    positive: Fraction = Fraction(0)
    negative: Fraction = Fraction(0)
    alarm: bool = False


def allowed_deviation(limit: Exact, *, confidence_pct: Exact, coverage: Exact) -> Fraction:
    """Return the standard deviation that the allowed uncertainty stands for, in the limit's unit.

    Args:
        limit: daily emission limit E.
        confidence_pct: allowed uncertainty p [% of the limit].
        coverage: factor of its confidence, 1.96 at 95 %.

    Source:
        EU-15, EN 14181 (from memory, high): σ0 = p·E/1.96.

    >>> round(float(allowed_deviation(200, confidence_pct=20, coverage=Fraction("1.96"))), 2)
    20.41
    """
    return exact(limit) * exact(confidence_pct) / 100 / exact(coverage)


def qal2(deviation: Exact, *, allowed: Exact, kv: Exact) -> Verdict:
    """Judge the variability of a calibration: its standard deviation is at most σ0·kv.

    Source:
        EU-15, EN 14181 (from memory, high; kv(15) = 0.9761 medium).
    """
    return at_most("standard deviation", deviation, exact(allowed) * exact(kv))


def surveillance(
    *, mean_difference: Exact, deviation: Exact, n: int, allowed: Exact, kv: Exact, kv_times: Exact, t: Exact
) -> Verdict:
    """Judge an annual surveillance test: variability, and whether the calibration still holds.

    Args:
        mean_difference: mean difference D̄ from the reference method, signed.
        deviation: standard deviation s_D of the differences.
        n: number of measurements N.
        allowed: σ0.
        kv: kv(N).
        kv_times: factor on σ0·kv.
        t: Student's t at 0.95 for N - 1.

    Returns:
        Passes where s_D <= kv_times·σ0·kv and abs(D̄) <= t·s_D/√N + σ0.

    Source:
        EU-15, EN 14181 (from memory, high; kv(5) = 0.9161 medium): 1.5·σ0·kv.
    """
    if n < 1:
        return not_judged("no measurement")
    difference, sigma = abs(exact(mean_difference)), exact(allowed)
    beyond = difference - sigma
    holds = beyond <= 0 or beyond**2 * n <= (exact(t) * exact(deviation)) ** 2
    shown = number_text(surveillance_bound(deviation=deviation, n=n, allowed=allowed, t=t))
    return all_of(
        [
            at_most("standard deviation", deviation, exact(kv_times) * sigma * exact(kv)),
            judged(holds, f"mean difference {number_text(difference)}, at most {shown} allowed", difference),
        ]
    )


def surveillance_bound(*, deviation: Exact, n: int, allowed: Exact, t: Exact) -> Decimal:
    """Return the greatest mean difference of an annual surveillance test as a rounded decimal, for the reader.

    >>> round(surveillance_bound(deviation=6, n=5, allowed=Fraction(40) / Fraction("1.96"), t=Fraction("2.132")), 2)
    Decimal('26.13')
    """
    with localcontext() as context:
        context.prec = ROOT_DIGITS
        scale, sigma = exact(t) * exact(deviation), exact(allowed)
        return Decimal(scale.numerator) / Decimal(scale.denominator) / Decimal(n).sqrt() + Decimal(sigma.numerator) / Decimal(
            sigma.denominator
        )


def valid_range_end(*, highest_calibrated: Exact, limit: Exact, calibrated_times: Exact, limit_times: Exact) -> Fraction:
    """Return the upper end of the valid calibration range, in the values' unit.

    Source:
        EU-16, EN 14181 (from memory, medium): the larger of 110 % of the highest calibrated value and 20 % of the limit.

    >>> valid_range_end(highest_calibrated=48, limit=200, calibrated_times=Fraction("1.1"), limit_times=Fraction("0.2"))
    Fraction(264, 5)
    """
    return max(exact(highest_calibrated) * exact(calibrated_times), exact(limit) * exact(limit_times))


def calibration_range(weeks: Sequence[tuple[int, int]], *, week_pct: Exact, weeks_max: int, one_week_pct: Exact) -> Verdict:
    """Judge whether the calibration range is still wide enough, by weeks of (values outside, values).

    Args:
        weeks: since the last calibration; one without values says nothing.
        week_pct: share outside above which a week counts [%].
        weeks_max: such weeks that may be.
        one_week_pct: share outside that no single week may pass [%].

    Returns:
        Fails where a new calibration is due.

    Source:
        EU-16, EN 14181 (from memory, medium): over 5 % in more than 5 weeks, or over 40 % in one; new QAL2 within 6 months.
    """
    shares = [Fraction(100 * outside, values) for outside, values in weeks if values]
    if not shares:
        return not_judged("no week with values")
    over = sum(share > exact(week_pct) for share in shares)
    return all_of(
        [
            at_most(f"weeks with more than {number_text(week_pct)} % outside", over, weeks_max),
            at_most("highest share outside in a week", max(shares), one_week_pct, "%"),
        ]
    )


def shewhart(drifts: Sequence[Exact], *, deviation: Exact, warn_times: Exact, alarm_times: Exact) -> list[bool]:
    """Tell at which checks a Shewhart chart alarms: one drift beyond the outer limit, or two in a row beyond the inner one.

    Args:
        drifts: of checks in order of time, signed; in the unit of the deviation.
        deviation: standard deviation s_AMS of the system.
        warn_times: inner limit in deviations; two in a row beyond it, on either side, alarm.
        alarm_times: outer limit in deviations; equal to a limit is not beyond it.

    Source:
        EU-17, EN 14181 (from memory, medium): 2 and 3 deviations.
    """
    sizes = [abs(exact(drift)) for drift in drifts]
    inner, outer = exact(warn_times) * exact(deviation), exact(alarm_times) * exact(deviation)
    before = [Fraction(0), *sizes]
    return [size > outer or (size > inner and last > inner) for last, size in zip(before, sizes, strict=False)]


def cusum_step(state: Cusum, drift: Exact, *, deviation: Exact, allowance_times: Exact, alarm_times: Exact) -> Cusum:
    """Take the drift of one check into the sums of a CUSUM chart.

    Args:
        state: after the check before.
        drift: signed, in the unit of the deviation.
        deviation: standard deviation s of the system.
        allowance_times: drift that a check may have, in deviations.
        alarm_times: sum above which the chart alarms, in deviations; equal does not.

    Source:
        EU-17, EN 14181 (from memory, medium): 0.501 s and 2.85 s.
    """
    allowance, bound = exact(allowance_times) * exact(deviation), exact(alarm_times) * exact(deviation)
    positive = max(Fraction(0), state.positive + exact(drift) - allowance)
    negative = max(Fraction(0), state.negative - exact(drift) - allowance)
    return Cusum(positive, negative, positive > bound or negative > bound)
