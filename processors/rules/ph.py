"""pH of a day: least, greatest and middle reading, the mean by hydrogen ions, and readings outside their limits.

The standards define no daily mean of pH for judgement; what is judged is each reading. Source: emission_rules 3.1 (proposal).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

import polars as pl

from processors.figures import SCALE
from processors.rules.gaps import median
from processors.rules.gas import Exact, exact
from processors.rules.millionths import MILLION, millionths, rounded

IONS_DIGITS = 40
"""Decimal digits of a concentration of hydrogen ions [mol/L]; at pH 14 still 26 significant ones."""
PH_LEAST, PH_GREATEST = -2, 16
"""Beyond these no water is; a mean of such readings is left as it is."""
IONS_CACHED_MAX = 16_384
"""pH values whose concentration is remembered; devices send two decimals, so that the same come again."""
_CONTEXT = Context(prec=60)
_ROW = {"value": pl.Int64, "mean": pl.Int64, "low": pl.Int64, "high": pl.Int64}


def hydrogen_mean(readings: Sequence[tuple[Exact, Exact]]) -> Decimal | None:
    """Return the pH of (pH, volume) readings mixed: the mean is that of hydrogen ions, weighted by volume.

    Args:
        readings: volumes in any one unit, at least 0.

    Returns:
        Rounded half up at six decimals, the same for any order; None where there is no volume.

    Source:
        Emission_rules 3.1 (proposal): -log10(Σ10^-pH·Q / ΣQ).

    >>> hydrogen_mean([(6, 1), (8, 1)])
    Decimal('6.296709')
    """
    total = sum((exact(volume) for _, volume in readings), Fraction(0))
    if not total > 0:
        return None
    return _ph(sum((_ions(exact(ph)) * exact(volume) for ph, volume in readings), Fraction(0)) / total)


def ion_mean(readings: Sequence[tuple[int, int]], digits: int) -> int | None:
    """Return ``hydrogen_mean`` of stored numbers.

    Args:
        readings: (pH at ``digits``, volume in any one unit, at least 0).

    Returns:
        pH at SCALE, rounded half up; None where there is no volume, or where a value is none that pH can have.

    Source:
        As ``hydrogen_mean``.

    >>> ion_mean([(6_000_000, 30), (8_000_000, 90)], 6)
    6589223
    """
    total = sum(volume for _, volume in readings)
    scale = 10**digits
    if not total > 0 or not all(PH_LEAST * scale <= value <= PH_GREATEST * scale for value, _ in readings):
        return None
    ions = sum(_stored_ions(value, digits) * volume for value, volume in readings)
    return millionths(_ph(Fraction(ions, total)))


def ph_days(readings: pl.DataFrame, *, ph_min: Exact, ph_max: Exact) -> pl.DataFrame:
    """Describe each point's pH of each day and count the readings outside the limits.

    Args:
        readings: one row a point and reading: ``pid``, ``day`` (start of the local day), ``time_ms``, ``value`` (at SCALE, None where not valid),
            ``volume`` (m³ at SCALE since the reading before, None where not known); any order. A reading while nothing is
            discharged does not count.
        ph_min: least pH; equal complies.
        ph_max: greatest pH; equal complies.

    Returns:
        One row a point and day with a reading that counts: ``n``, ``least``, ``greatest``, ``median`` and ``mean`` (at SCALE; ``mean`` is None where a
        volume is not known), ``outside`` (readings beyond the limits) and ``first_ms`` (time of the first of them, None where none is).

    Source:
        Emission_rules 3.1 and 3.3: judged on readings, not on a mean; limits 6 and 9. Median for pH: HJ/T 356-2007 (seen).
    """
    outside = (pl.col("value") < millionths(ph_min)) | (pl.col("value") > millionths(ph_max))
    discharged = pl.col("volume").is_null() | (pl.col("volume") > 0)
    days = (
        readings.filter(pl.col("value").is_not_null() & discharged)
        .group_by("pid", "day")
        .agg(
            n=pl.len().cast(pl.Int64),
            least=pl.col("value").min(),
            greatest=pl.col("value").max(),
            outside=outside.sum().cast(pl.Int64),
            first_ms=pl.col("time_ms").filter(outside).min(),
            values=pl.col("value"),
            volumes=pl.col("volume"),
        )
        .sort("pid", "day")
    )
    pairs = [list(zip(values, volumes, strict=True)) for values, volumes in days.select("values", "volumes").rows()]
    return days.select(
        "pid",
        "day",
        "n",
        "least",
        "greatest",
        pl.Series("median", [rounded(median([Fraction(v, MILLION) for v, _ in day])) for day in pairs], dtype=pl.Int64),
        pl.Series("mean", [_mean(day) for day in pairs], dtype=pl.Int64),
        "outside",
        "first_ms",
    )


def _mean(day: list[tuple[int, int | None]]) -> int | None:
    known = [(Fraction(value, MILLION), volume) for value, volume in day if volume is not None]
    if len(known) < len(day):
        return None
    mean = hydrogen_mean(known)
    return None if mean is None else millionths(mean)


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
