"""QAL2 and the annual surveillance test of EN 14181, from pairs of a monitor and the reference method."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Literal

from ingest.files import NotReadable
from processors.rules.en14181 import ROOT_DIGITS, allowed_deviation, qal2, surveillance
from processors.rules.verdict import Verdict

Kind = Literal["qal2", "ast"]
COVERAGE = Decimal("1.96")
"""Factor of an uncertainty at 95 % confidence (EU-15)."""
TIMES = Decimal("1.5")
"""How many times the deviation of a calibration a surveillance test allows (EU-15, from memory, high)."""
PAIRS_MIN: dict[Kind, int] = {"qal2": 15, "ast": 5}
"""Pairs that a test takes at least (EN 14181, from memory, high)."""
PAIRS_MAX = 30
"""Pairs for which the shipped table has its factors."""


@dataclass(frozen=True, slots=True)
class Result:
    """A test's numbers, in the limit's unit: pairs, mean difference (reference less monitor), its deviation, σ0, factors, and the verdict."""

    n: int
    mean_difference: Fraction
    deviation: Decimal
    allowed: Fraction
    kv: Decimal
    t: Decimal
    verdict: Verdict


def pairs_of(file: Path) -> list[tuple[Decimal, Decimal]]:
    """Read (monitor, reference) pairs from a CSV file with these columns.

    Raises:
        NotReadable: it cannot be read, or a cell is no number; the text names file, line, column and remedy.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = list(csv.DictReader(text))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NotReadable(f"{file}: not read: {error}") from None
    return [(_number(file, line, row, "monitor"), _number(file, line, row, "reference")) for line, row in enumerate(rows, 2)]


def _number(file: Path, line: int, row: dict[str, str], column: str) -> Decimal:
    cell = row.get(column) or ""
    try:
        number = Decimal(cell.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise NotReadable(f"{file}, line {line}, {column}: {cell!r} is no number; the columns are monitor,reference")
    return number


def judge_pairs(pairs: Sequence[tuple[Decimal, Decimal]], kind: Kind, *, limit: Decimal, uncertainty_pct: Decimal) -> Result:
    """Judge pairs of calibrated monitor and reference, both at the reference state, in the limit's unit.

    Args:
        limit: daily emission limit.
        uncertainty_pct: allowed uncertainty [% of the limit].

    Raises:
        NotReadable: there are too few pairs for the test, or more than the table of factors has.

    Source:
        EU-15, EN 14181 (from memory, high). kv(N) is the root of the median of chi-squared over N - 1, t Student's at 0.95: computed,
        and as the reference has them at 5 and 15.
    """
    n = len(pairs)
    if not PAIRS_MIN[kind] <= n <= PAIRS_MAX:
        raise NotReadable(f"{n} pairs; {kind} takes {PAIRS_MIN[kind]} to {PAIRS_MAX} of them")
    differences = [Fraction(reference) - Fraction(monitor) for monitor, reference in pairs]
    mean = sum(differences, Fraction(0)) / n
    deviation = _root(sum(((d - mean) ** 2 for d in differences), Fraction(0)) / (n - 1))
    allowed = allowed_deviation(limit, confidence_pct=uncertainty_pct, coverage=COVERAGE)
    kv, t = factors()[n]
    if kind == "qal2":
        verdict = qal2(deviation, allowed=allowed, kv=kv)
    else:
        verdict = surveillance(mean_difference=mean, deviation=deviation, n=n, allowed=allowed, kv=kv, kv_times=TIMES, t=t)
    return Result(n, mean, deviation, allowed, kv, t, verdict)


def factors() -> dict[int, tuple[Decimal, Decimal]]:
    """Return (kv, t) by number of pairs."""
    text = (files("processors.rules") / "data" / "en14181_factors.csv").read_text(encoding="utf-8")
    return {int(row["n"]): (Decimal(row["kv"]), Decimal(row["t"])) for row in csv.DictReader(text.splitlines())}


def _root(square: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = ROOT_DIGITS
        return (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
