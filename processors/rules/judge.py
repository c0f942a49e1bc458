"""Comparing a figure with its limit: strictly greater, on integers; and the shipped limit profiles.

Source: emission limits are met by a value equal to them; only a greater one exceeds (from memory, high).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from processors.figures import SCALE, scaled

PROFILES_FILE = "limit_profiles.csv"
FULL = "full"
"""Compare the value as it is, which is the rule where a standard says nothing else (GB/T 8170, from memory, medium)."""
CACHES_MAX = 1
"""The table of limit profiles is read once a process."""

_ROUNDED = re.compile(r"rounded\((\d)\)")
_LOWER = "op=>="
_WHEN = re.compile(r"condition: .*?(\w+) ([<>]=?) ([0-9.]+)")


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """One row of the shipped limit profiles.

    ``limit`` is in ``unit``; ``limit_1e6`` the same as a stored integer. ``bound`` is "upper", or "lower" where a value
    must not fall below. Without ``reference_o2_pct`` the measured value is compared. ``effective`` is None where it is
    not known. ``confidence`` says how sure the number is, in the reference's words.
    """

    rule_id: str
    standard: str
    industry: str
    source_type: str
    pollutant_code: str
    pollutant: str
    limit: Decimal
    unit: str
    averaging: str
    reference_o2_pct: Decimal | None
    effective: date | None
    confidence: str
    note: str

    @property
    def limit_1e6(self) -> int:
        """The limit in millionths of its unit."""
        return scaled(self.limit)

    @property
    def bound(self) -> Literal["upper", "lower"]:
        """Which side of the limit breaks it; the table notes ``op=>=`` for a lower bound."""
        return "lower" if _LOWER in self.note else "upper"

    @property
    def when(self) -> str:
        """The condition that the table notes, as limits.csv writes it ("w01010 > 12"); empty where there is none."""
        found = _WHEN.search(self.note)
        return " ".join(found.groups()) if found else ""

    @property
    def confirmed(self) -> bool:
        """Whether the number was seen in a public source, not recalled."""
        return self.confidence.startswith("seen") and "memory" not in self.confidence


def exceeds(value: int, limit: int, compare: str = FULL) -> bool:
    """Tell whether a value is strictly above its limit; equal complies.

    Args:
        value: stored integer, in millionths.
        limit: stored integer, in millionths of the same unit.
        compare: "full", or "rounded(n)" to round the value half to even at n decimals first.

    Source:
        Full-value comparison and half-even rounding: GB/T 8170 (from memory, medium).

    >>> exceeds(35_040_000, 35_000_000), exceeds(35_040_000, 35_000_000, "rounded(0)"), exceeds(35_000_000, 35_000_000)
    (True, False, False)
    """
    return compared(value, compare) > limit


def compared(value: int, compare: str = FULL) -> int:
    """Return the value in millionths as it is compared with a limit.

    Raises:
        ValueError: ``compare`` is neither "full" nor "rounded(n)" with n from 0 to 6.
    """
    if compare == FULL:
        return value
    match = _ROUNDED.fullmatch(compare)
    if match is None or int(match[1]) > SCALE:
        raise ValueError(f'compare = "{compare}" is neither "full" nor "rounded(n)" with n from 0 to {SCALE}')
    digits = int(match[1])
    step: int = 10 ** (SCALE - digits)
    return half_even(Fraction(value, 10**SCALE), digits) * step


def half_even(value: Fraction, digits: int) -> int:
    """Return a rational as an integer at a scale, a tie rounded to the even digit (GB/T 8170).

    >>> half_even(Fraction("35.05"), 1), half_even(Fraction("35.15"), 1)
    (350, 352)
    """
    scale: int = 10**digits
    return round(value * scale)


def times_over(value: int, limit: int) -> Fraction | None:
    """Return value / limit - 1 exactly, None where the limit is not above zero.

    Source:
        The multiple of Chinese exceedance notices (seen).

    >>> float(times_over(57_000_000, 38_000_000))
    0.5
    """
    return Fraction(value, limit) - 1 if limit > 0 else None


def times_over_text(value: int, limit: int, digits: int = 2) -> str:
    """Return the multiple as messages print it, with ``digits`` decimals; empty where there is none.

    >>> times_over_text(57_100_000, 35_000_000)
    '0.63'
    """
    times = times_over(value, limit)
    return "" if times is None else f"{Decimal(half_even(times, digits)).scaleb(-digits):f}"


@lru_cache(maxsize=CACHES_MAX)
def limit_profiles() -> Mapping[str, LimitProfile]:
    """Return all shipped limit profiles by id, in the table's order.

    Raises:
        ValueError: a row cannot be read; the text names file, line and field.
    """
    profiles: dict[str, LimitProfile] = {}
    text = (files("processors.rules") / "data" / PROFILES_FILE).read_text(encoding="utf-8")
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        profile = _profile(row, line)
        if profile.rule_id in profiles:
            raise ValueError(f"{PROFILES_FILE}, line {line}: rule_id {profile.rule_id} stands twice; make it unique")
        profiles[profile.rule_id] = profile
    return MappingProxyType(profiles)


def _profile(row: dict[str, str], line: int) -> LimitProfile:
    field = "limit"
    try:
        limit = Decimal(row[field])
        field = "reference_o2_pct"
        reference = Decimal(row[field]) if row[field] else None
        field = "effective"
        effective = date.fromisoformat(row[field]) if row[field] else None
    except (InvalidOperation, ValueError) as error:
        raise ValueError(f'{PROFILES_FILE}, line {line}, {field}: "{row[field]}" cannot be read; mend the cell') from error
    words = {name: row[name] for name in row if name not in ("limit", "reference_o2_pct", "effective")}
    return LimitProfile(limit=limit, reference_o2_pct=reference, effective=effective, **words)
