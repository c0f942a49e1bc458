"""The truth written down: what was really measured in each hour, exactly, whatever the line did with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from simulators.clock import CST

HEADER = ("source", "factor", "hour", "mean", "count", "sum")
"""Columns of truth.csv: ``mean`` is rounded half up to ``MEAN_DIGITS``; ``sum`` / ``count`` is the exact mean."""
MEAN_DIGITS = 12


@dataclass(slots=True)
class Tally:
    """One factor's readings of one hour."""

    total: Decimal = Decimal(0)
    count: int = 0
    least: Decimal = Decimal("Infinity")
    greatest: Decimal = Decimal("-Infinity")

    def add(self, value: Decimal) -> None:
        """Count one reading."""
        self.total += value
        self.count += 1
        self.least, self.greatest = min(self.least, value), max(self.greatest, value)

    @property
    def mean(self) -> Fraction:
        """The exact mean."""
        return Fraction(self.total) / self.count


@dataclass(slots=True)
class Hour:
    """One source's readings of one local hour, by factor, in the texts' units (flow as sent: m3/s of gas, L/s of water)."""

    start: datetime
    tallies: dict[str, Tally] = field(default_factory=dict)

    def add(self, values: Mapping[str, str]) -> None:
        """Count one report's value texts."""
        for factor, value in values.items():
            self.tallies.setdefault(factor, Tally()).add(Decimal(value))

    def state(self) -> dict[str, object]:
        """Return what ``restore`` needs, as JSON."""
        tallies = {f: [str(t.total), t.count, str(t.least), str(t.greatest)] for f, t in self.tallies.items()}
        return {"start": self.start.isoformat(), "tallies": tallies}

    @classmethod
    def restore(cls, start: str, tallies: Mapping[str, tuple[str, int, str, str]]) -> Hour:
        """Return the hour that ``state`` described."""
        made = {f: Tally(Decimal(t), n, Decimal(low), Decimal(high)) for f, (t, n, low, high) in tallies.items()}
        return cls(datetime.fromisoformat(start).astimezone(CST), made)


def hour_of(time: datetime) -> datetime:
    """Return the start of the local hour of a time."""
    return time.astimezone(CST).replace(minute=0, second=0, microsecond=0)


def decimal_text(value: Fraction, digits: int) -> str:
    """Return a fraction as decimal text, rounded half up (away from zero), without trailing zeros.

    >>> decimal_text(Fraction(1, 8), 2)
    '0.13'
    """
    scaled = abs(value) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    head, tail = divmod(whole, 10**digits)
    sign = "-" if value < 0 and whole else ""
    return f"{sign}{head}.{tail:0{digits}d}".rstrip("0").rstrip(".") if digits else f"{sign}{head}"


class Truth:
    """truth.csv: one line a source, factor and closed hour, each written once over all restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newest: dict[str, datetime] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or not path.stat().st_size:
            path.write_text(",".join(HEADER) + "\n", encoding="utf-8")
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                self._newest[row["source"]] = datetime.fromisoformat(row["hour"])

    def write(self, source: str, hour: Hour) -> None:
        """Append a closed hour; an hour that was written before is not written again."""
        newest = self._newest.get(source)
        if newest is not None and hour.start <= newest:
            return
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        for factor, tally in sorted(hour.tallies.items()):
            mean = decimal_text(tally.mean, MEAN_DIGITS)
            rows.writerow((source, factor, hour.start.isoformat(), mean, tally.count, tally.total))
        with self._path.open("a", encoding="utf-8", newline="") as lines:
            lines.write(out.getvalue())
        self._newest[source] = hour.start
