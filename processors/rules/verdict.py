"""What a rule decides about one case: the outcome, the reason in words, and the exact number that decided.

A limit is met by a value equal to it, from either side; what is not known is not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from processors.rules.gas import Exact, exact
from processors.rules.judge import half_even

Outcome = Literal["passes", "fails", "not judged"]
DIGITS, DIGITS_MAX = 2, 9
"""Decimals a reason shows, and how many it may show to tell a number from its bound."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with its reason; ``number`` is what was compared, None where nothing was."""

    outcome: Outcome
    reason: str
    number: Fraction | None = None


def judged(passes: bool, reason: str, number: Fraction | None = None) -> Verdict:
    """Return the verdict of a comparison that could be made."""
    return Verdict("passes" if passes else "fails", reason, number)


def not_judged(reason: str) -> Verdict:
    """Return the verdict where something that the rule needs is missing."""
    return Verdict("not judged", reason)


def at_most(what: str, value: Exact | None, bound: Exact, unit: str = "") -> Verdict:
    """Judge a value that must not be above a bound; equal passes, None is not judged.

    >>> at_most("hourly mean", 155, 150, "mg/m3")
    Verdict(outcome='fails', reason='hourly mean 155 mg/m3, at most 150 allowed', number=Fraction(155, 1))
    """
    if value is None:
        return not_judged(f"{what} is not known")
    shown, of = _apart(exact(value), exact(bound))
    return judged(exact(value) <= exact(bound), f"{what} {shown}{_after(unit)}, at most {of} allowed", exact(value))


def at_least(what: str, value: Exact | None, bound: Exact, unit: str = "") -> Verdict:
    """Judge a value that must not be below a bound; equal passes, None is not judged.

    >>> at_least("share", Fraction(189990, 2000), 95, "%").reason
    'share 94.995 %, at least 95 required'
    """
    if value is None:
        return not_judged(f"{what} is not known")
    shown, of = _apart(exact(value), exact(bound))
    return judged(exact(value) >= exact(bound), f"{what} {shown}{_after(unit)}, at least {of} required", exact(value))


def all_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Return fails where one fails, else not judged where one could not be judged, else passes; with the reasons of those.

    Nothing to judge is not judged.
    """
    return _first(verdicts, ("fails", "not judged", "passes"))


def any_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Return passes where one passes, else not judged where one could not be judged, else fails; with the reasons of those.

    Nothing to judge is not judged.
    """
    return _first(verdicts, ("passes", "not judged", "fails"))


def share_pct(part: int, whole: int) -> Fraction | None:
    """Return a part of a whole in percent, None of an empty whole.

    Raises:
        ValueError: the part is below zero or above the whole.

    >>> share_pct(684, 720)
    Fraction(95, 1)
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    return Fraction(100 * part, whole) if whole else None


def number_text(value: Exact, digits: int = DIGITS) -> str:
    """Return a number as people write it, rounded half to even, without trailing zeros.

    >>> number_text(Fraction(1864, 1984) * 100), number_text(Decimal("35.0"))
    ('93.95', '35')
    """
    whole, point, decimals = f"{Decimal(half_even(exact(value), digits)).scaleb(-digits):f}".partition(".")
    decimals = decimals.rstrip("0")
    return whole + point + decimals if decimals else whole


def _apart(value: Fraction, bound: Fraction) -> tuple[str, str]:
    """Return both as text, with as many decimals as it takes to see that they differ."""
    digits = next((d for d in range(DIGITS, DIGITS_MAX + 1) if number_text(value, d) != number_text(bound, d)), DIGITS)
    return number_text(value, digits), number_text(bound, digits)


def _after(unit: str) -> str:
    return f" {unit}" if unit else ""


def _first(verdicts: Sequence[Verdict], order: tuple[Outcome, Outcome, Outcome]) -> Verdict:
    for outcome in order:
        reasons = [verdict.reason for verdict in verdicts if verdict.outcome == outcome]
        if reasons:
            return Verdict(outcome, "; ".join(reasons))
    return not_judged("nothing to judge")
