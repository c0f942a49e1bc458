"""Checks of water stations: what a failed one invalidates, and values that changed on their way to the platform."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from processors.rules.gas import Exact, exact
from processors.rules.verdict import Verdict, at_most, judged, not_judged


def difference_pct(origin: Exact, other: Exact) -> Fraction | None:
    """Return how far a value differs from its origin [% of the origin]; None where the origin is 0 and the other is not.

    >>> difference_pct(50, Fraction("50.6"))
    Fraction(6, 5)
    """
    if exact(origin) == exact(other):
        return Fraction(0)
    if exact(origin) == 0:
        return None
    return abs(exact(other) - exact(origin)) / abs(exact(origin)) * 100


def chain(values: Sequence[tuple[str, Exact | None]], *, difference_pct_max: Exact) -> Verdict:
    """Judge whether a value stayed the same on its way; each later place is compared with the first that is known.

    Args:
        values: (place, value) from the analyser on: analyser, logger, platform; None where not known.
        difference_pct_max: greatest difference; equal passes.

    Source:
        WAT-9, HJ 355-2019, and DQ-13 (from memory, high): more than 1 % makes the platform's value invalid.

    >>> chain([("analyser", 50), ("platform", Fraction("50.6"))], difference_pct_max=1).outcome
    'fails'
    """
    known = [(place, exact(value)) for place, value in values if value is not None]
    if len(known) < 2:
        return not_judged("fewer than two places of the chain are known")
    (first, origin), rest = known[0], known[1:]
    differences = [(difference_pct(origin, value), place) for place, value in rest]
    lost = [place for difference, place in differences if difference is None]
    if lost:
        return judged(False, f"{lost[0]} differs from {first} at 0")
    worst, place = max((d, p) for d, p in differences if d is not None)
    return at_most(f"difference of {place} from {first}", worst, difference_pct_max, "%")


def invalid_windows(checks: pl.DataFrame) -> pl.DataFrame:
    """Return the time that failed checks make invalid: after the last passed one, and before the next.

    Args:
        checks: one row a point and check (standard sample or comparison): ``pid``, ``time_ms``, ``passed``; any order.

    Returns:
        One row a window, ordered by point and time: ``pid``, ``after_ms`` (of the passed check before, None where there is none), ``before_ms``
        (of the passed check after, None where it is still awaited), ``failed_ms`` (the first failed check), ``n`` (failed checks). Both ends
        are outside of the window.

    Source:
        WAT-10, HJ 355-2019 (from memory, high).
    """
    passed = pl.when("passed").then("time_ms")
    return (
        checks.sort("pid", "time_ms", "passed")
        .with_columns(after_ms=passed.forward_fill().over("pid"), before_ms=passed.backward_fill().over("pid"))
        .filter(~pl.col("passed"))
        .group_by("pid", "after_ms", "before_ms")
        .agg(failed_ms=pl.col("time_ms").min(), n=pl.len().cast(pl.Int64))
        .sort("pid", "failed_ms")
    )
