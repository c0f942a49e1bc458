"""A small real feed that lies in the repository, so that a clone without the shared data still meets real input."""

from __future__ import annotations

import csv
from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from plumeline.check import check
from tests.conftest import CASES, REPO


def test_real_half_hours() -> None:
    """The total without the duplicate rows, the number of hours and the gaps are those that csv and fractions give."""
    path = CASES / "smart_meter_uk" / "input.csv"
    with path.open() as file:
        rows = {(r["meter"], r["interval_start"]): Fraction(r["kwh"]) for r in csv.DictReader(file)}
    done = check(path, REPO / "feeds" / "smart_meter_uk.toml")
    hours = [f for f in done.figures if (f.level, f.stat) == ("hour", "energy")]
    assert sum(Fraction(f.value or 0, 10**6) for f in hours) == sum(rows.values())
    assert len(hours) == len({start[:13] for _meter, start in rows})
    times = sorted(datetime.fromisoformat(start) for _meter, start in rows)
    missing = sum(int((b - a).total_seconds()) // 1800 - 1 for a, b in pairwise(times))
    assert sum(g["missing"] for g in done.gaps) == missing
