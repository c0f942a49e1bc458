"""Accuracy of monitors: how far one is from a standard sample, or from a second method beside it."""

from __future__ import annotations

from processors.rules.gas import Exact, exact
from processors.rules.verdict import Verdict, at_most
from processors.rules.water_checks import difference_pct


def accuracy(
    shown: Exact, reference: Exact, *, unit: str = "", error_max: Exact | None = None, error_pct_max: Exact | None = None
) -> Verdict:
    """Judge what a monitor shows against a reference by its absolute or its relative error, whichever bound is stated.

    Args:
        shown: mean of the monitor.
        reference: what the sample holds, or the mean of the second method over the same samples; same unit.
        unit: of both, for the reason.
        error_max: greatest absolute error, in that unit; equal passes.
        error_pct_max: greatest error in percent of the reference, used where ``error_max`` is None; equal passes.

    Raises:
        ValueError: neither bound is stated.

    Source:
        VOC-5, HJ 1286-2023 (seen): within 10 mg/m3 at low concentrations. HJ 355-2019, field checks (from memory, medium).

    >>> accuracy(32, 40, unit="mg/m3", error_max=10).reason
    'absolute error 8 mg/m3, at most 10 allowed'
    """
    if error_max is not None:
        return at_most("absolute error", abs(exact(shown) - exact(reference)), error_max, unit)
    if error_pct_max is None:
        raise ValueError("neither error_max nor error_pct_max is stated; state one")
    return at_most("relative error", difference_pct(reference, shown), error_pct_max, "%")
