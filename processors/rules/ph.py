"""pH of a day: least, greatest and middle reading, the mean by hydrogen ions, and readings outside their limits.

The standards define no daily mean of pH for judgement; what is judged is each reading. Source: emission_rules 3.1 (proposal).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from processors.figures import SCALE
from processors.rules.millionths import millionths

IONS_DIGITS = 40
"""Decimal digits of a concentration of hydrogen ions [mol/L]; at pH 14 still 26 significant ones."""
PH_LEAST, PH_GREATEST = -2, 16
"""Beyond these no water is; a mean of such readings is left as it is."""
IONS_CACHED_MAX = 16_384
"""pH values whose concentration is remembered; devices send two decimals, so that the same come again."""
_CONTEXT = Context(prec=60)


def ion_mean(readings: Sequence[tuple[int, int]], digits: int) -> int | None:
    """Return the pH of water mixed of several: the mean is that of hydrogen ions, weighted by volume.

    Args:
        readings: (pH at ``digits``, volume in any one unit, at least 0).

    Returns:
        pH at SCALE, rounded half up; None where there is no volume, or where a value is none that pH can have.

    Source:
        Emission_rules 3.1 (proposal): -log10(Σ10^-pH·Q / ΣQ).

    >>> ion_mean([(6_000_000, 30), (8_000_000, 90)], 6)
    6589223
    """
    total = sum(volume for _, volume in readings)
    scale = 10**digits
    if not total > 0 or not all(PH_LEAST * scale <= value <= PH_GREATEST * scale for value, _ in readings):
        return None
    ions = sum(_stored_ions(value, digits) * volume for value, volume in readings)
    return millionths(_ph(Fraction(ions, total)))


def _ph(ions: Fraction) -> Decimal:
    """Return the pH of a concentration of hydrogen ions as an integer, rounded half up at SCALE."""
    with localcontext(_CONTEXT):
        mean = IONS_DIGITS - (Decimal(ions.numerator) / Decimal(ions.denominator)).log10()
        return mean.quantize(Decimal(1).scaleb(-SCALE), rounding=ROUND_HALF_UP)


@lru_cache(maxsize=IONS_CACHED_MAX)
def _stored_ions(value: int, digits: int) -> int:
    return _ions(Fraction(value, 10**digits))


def _ions(ph: Fraction) -> int:
    """Return hydrogen ions as an integer, so that a sum of them does not depend on its order."""
    with localcontext(_CONTEXT):
        return int(Decimal(10) ** (IONS_DIGITS - Decimal(ph.numerator) / Decimal(ph.denominator)))
