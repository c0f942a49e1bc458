"""Exact comparisons on integer columns: thresholds in millionths, shares without division, numbers as text."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl

from processors.figures import SCALE
from processors.rules.gas import Exact, exact, half_up

MILLION: int = 10**SCALE


def millionths(value: Exact) -> int:
    """Return a threshold as the integer that stored figures are compared with.

    Raises:
        ValueError: it is finer than a millionth, so a comparison with it would not be exact.

    >>> millionths(Decimal("19.5"))
    19500000
    """
    scaled = exact(value) * MILLION
    if scaled.denominator != 1:
        raise ValueError(f"{value} is finer than a millionth; round it in the rule pack")
    return scaled.numerator


def milliseconds(seconds: Exact) -> int:
    """Return a length of time [s] in whole milliseconds, as times are stored.

    Raises:
        ValueError: it is finer than a millisecond.

    >>> milliseconds(300)
    300000
    """
    scaled = exact(seconds) * 1000
    if scaled.denominator != 1:
        raise ValueError(f"{seconds} s is finer than a millisecond; round it in the rule pack")
    return scaled.numerator


def share_at_least(part: pl.Expr, whole: pl.Expr, share_pct: Exact) -> pl.Expr:
    """Tell where a part is at least a share of a whole; false where the whole is 0."""
    share = exact(share_pct)
    return (whole > 0) & (wide(part) * 100 * share.denominator >= wide(whole) * share.numerator)


def share_above(part: pl.Expr, whole: pl.Expr, share_pct: Exact) -> pl.Expr:
    """Tell where a part is more than a share of a whole; false where the whole is 0."""
    share = exact(share_pct)
    return (whole > 0) & (wide(part) * 100 * share.denominator > wide(whole) * share.numerator)


def share_expr(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return a part of a whole in percent, in millionths, rounded half up; null where the whole is 0."""
    return quotient_expr(wide(part) * 100 * MILLION, whole)


def quotient_expr(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Return an integer quotient rounded half up as Int64; null where the denominator is not above 0 or it does not fit."""
    below = wide(denominator)
    return pl.when(below > 0).then((2 * wide(numerator) + below) // (2 * below)).cast(pl.Int64, strict=False)


def half_even_expr(value: pl.Expr, decimals: pl.Expr) -> pl.Expr:
    """Return stored figures rounded to so many decimals (0 to 6), a tie to the even digit (GB/T 8170); see ``judge.compared``."""
    step = pl.lit(10, dtype=pl.Int64).pow(SCALE - decimals)
    below = value // step
    twice = 2 * (value - below * step)
    up = (twice > step) | ((twice == step) & (below % 2 == 1))
    return (below + up.cast(pl.Int64)) * step


def times_expr(value: pl.Expr, factor: Exact) -> pl.Expr:
    """Return an integer column times an exact factor, as Int128 over the factor's denominator rounded half up."""
    ratio = exact(factor)
    return (2 * wide(value) * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)


def wide(value: pl.Expr) -> pl.Expr:
    """Return an integer column as Int128, in which products of two stored figures fit."""
    return value.cast(pl.Int128)


def text_expr(value: pl.Expr) -> pl.Expr:
    """Return stored figures as people write them, without trailing zeros."""
    whole = (value.abs() // MILLION).cast(pl.String)
    decimals = (value.abs() % MILLION).cast(pl.String).str.zfill(SCALE).str.strip_chars_end("0")
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, whole, pl.when(decimals != "").then(pl.lit(".") + decimals).otherwise(pl.lit("")))


def rounded(value: Fraction | None) -> int | None:
    """Return an exact number as a stored figure, None as None.

    >>> rounded(Fraction(8, 3)), rounded(None)
    (2666667, None)
    """
    return None if value is None else half_up(value)


def unscaled(value: int) -> Decimal:
    """Return a stored figure as the decimal it stands for.

    >>> unscaled(18_200_000)
    Decimal('18.200000')
    """
    return Decimal(value).scaleb(-SCALE)
