"""The limit that decides follows outlet, time and conditions; a permit goes before all."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from processors.figures import OFFSET_MS
from processors.rules import judge, limits
from processors.rules.limits import Condition, Fact, Found, LimitRow
from tests.processors.given import CST, ms

ORDER: list[limits.Rank] = ["permit", "local", "special", "national"]
APRIL = ms(datetime(2026, 4, 1, tzinfo=CST))
HOUR_MS = 3_600_000
ROW = LimitRow("N", "DA001", "a21002", "1h", "national", Decimal(400), "mg/m3")


def find(rows: list[LimitRow], *, time_ms: int = APRIL, facts: dict[str, Fact | None] | None = None, **asked: Any) -> Found:
    """Look up NOx of one outlet by the default order; the order of rows does not matter."""
    question: dict[str, Any] = {"outlet": "DA001", "pollutant": "a21002", "averaging": "1h", "bound": "upper", **asked}
    found = limits.limit_at(rows, **question, time_ms=time_ms, facts=facts or {}, order=ORDER)
    shuffled = random.Random(1).sample(rows, len(rows))
    assert limits.limit_at(shuffled, **question, time_ms=time_ms, facts=facts or {}, order=ORDER) == found
    return found


DRYER = [
    limits.from_profile(judge.limit_profile(name), outlet="DA001", rank="national", offset_ms=OFFSET_MS)
    for name in ("CEM-DRYER-NOX", "CEM-DRYER-2026-NOX")
]


@pytest.mark.parametrize(
    ("time_ms", "limit", "exceeds", "times"),
    [
        pytest.param(APRIL - HOUR_MS, 400, False, "-0.76", id="EX-5.1 the last hour of March"),
        pytest.param(APRIL, 80, True, "0.19", id="EX-5.1 the first hour of April"),
    ],
)
def test_a_new_limit(time_ms: int, limit: int, exceeds: bool, times: str) -> None:
    """EX-5.1: 95 mg/m3 complies with 400 in March and exceeds 80 from April on, by 0.19."""
    row = find(DRYER, time_ms=time_ms).row
    assert row is not None
    assert (row.limit, row.reference_o2_pct, row.bound) == (limit, 8, "upper")
    value = 95 * 10**6
    assert judge.exceeds(value, row.limit_1e6) is exceeds
    assert judge.times_over_text(value, row.limit_1e6) == times


def test_a_profile_becomes_a_row() -> None:
    """A lower bound stays one, and a profile without a date holds from ever."""
    row = limits.from_profile(judge.limit_profile("GST-AL-LO"), outlet="G1", rank="national", offset_ms=OFFSET_MS)
    assert (row.bound, row.limit_id, row.from_ms) == ("lower", "GST-AL-LO", ms(datetime(2022, 1, 1, tzinfo=CST)))
    undated = limits.from_profile(judge.limit_profile("PWR-ULE-PM5"), outlet="G1", rank="permit", offset_ms=OFFSET_MS)
    assert undated.from_ms is None
    assert undated.in_force(-(10**15))


@pytest.mark.parametrize(
    ("ranks", "decides"),
    [
        pytest.param(ORDER, "permit", id="permit before all"),
        pytest.param(ORDER[1:], "local", id="local before special"),
        pytest.param(ORDER[2:], "special", id="special before national"),
        pytest.param(ORDER[3:], "national", id="national last"),
    ],
)
def test_precedence(ranks: list[limits.Rank], decides: str) -> None:
    """The rank decides, not the strictness: a permit that is laxer still goes first."""
    rows = [replace(ROW, rank=rank, limit_id=rank, limit=Decimal(100 - 10 * i)) for i, rank in enumerate(ranks)]
    found = find(rows)
    assert found.row is not None
    assert (found.row.limit_id, found.reason) == (decides, f"{decides} limit {decides}")


def test_programme_rows_stand_beside() -> None:
    """An ultra-low programme never decides; it is handed out to be judged with its own share of hours."""
    programme = replace(ROW, rank="programme", limit_id="P", limit=Decimal(50))
    assert find([programme, ROW]) == Found(ROW, "national limit N", (programme,))
    assert find([programme]) == Found(None, "no limit is in force", (programme,))
    warm = replace(programme, conditions=(Condition("fuel", "==", "gas"),))
    assert find([warm, ROW]).beside == ()


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [
        pytest.param(APRIL, None, True, id="begins now"),
        pytest.param(APRIL + 1, None, False, id="begins later"),
        pytest.param(None, APRIL, False, id="ends now"),
        pytest.param(None, APRIL + 1, True, id="ends later"),
    ],
)
def test_in_force(start: int | None, end: int | None, held: bool) -> None:
    """From its start on, and before its end."""
    found = find([replace(ROW, from_ms=start, to_ms=end)])
    assert (found.row is not None) is held
    if not held:
        assert found.reason == "no limit is in force"


WARM = replace(ROW, limit_id="warm", limit=Decimal(5), conditions=(Condition("water_degc", ">", 12),))
COLD = replace(ROW, limit_id="cold", limit=Decimal(8), conditions=(Condition("water_degc", "<=", 12),))


@pytest.mark.parametrize(
    ("degc", "limit_id"), [("11.5", "cold"), ("12", "cold"), ("12.1", "warm"), ("13", "warm")], ids=lambda v: f"EX-3.8 {v}"
)
def test_conditions(degc: str, limit_id: str) -> None:
    """EX-3.8: ammonia's limit follows the water's temperature; 12 itself is cold."""
    found = find([WARM, COLD], facts={"water_degc": Decimal(degc)})
    assert found.row is not None
    assert found.row.limit_id == limit_id


def test_an_unknown_fact_leaves_no_limit() -> None:
    """What is not known is named; a lower rank does not step in, but a row ruled out by another fact does not ask."""
    why = "water_degc is not known, on which the local limit depends"
    warm = replace(WARM, rank="local")
    assert find([warm, ROW]) == Found(None, why)
    assert find([warm, ROW], facts={"water_degc": None}) == Found(None, why)
    ruled_out = replace(warm, conditions=(*warm.conditions, Condition("state", "!=", "trial")))
    assert find([ruled_out, ROW], facts={"state": "trial"}).row == ROW


@pytest.mark.parametrize(
    ("op", "fact", "held"),
    [
        *[(op, 5, held) for op, held in (("==", True), ("!=", False), (">", False), (">=", True), ("<", False), ("<=", True))],
        *[(op, 6, held) for op, held in (("==", False), ("!=", True), (">", True), (">=", True), ("<", False), ("<=", False))],
    ],
)
def test_comparisons(op: limits.Op, fact: int, held: bool) -> None:
    """Each comparison, at its edge and beyond."""
    assert Condition("x", op, 5).holds({"x": fact}) is held


def test_of_one_rank_the_latest_then_the_strictest() -> None:
    """A newer row takes the place of an older one; of two from the same day the stricter counts, from either side."""
    old, new = replace(ROW, limit_id="old", from_ms=1), replace(ROW, limit_id="new", from_ms=2, limit=Decimal(500))
    assert find([old, new, ROW]) == Found(new, "national limit new, before 2 others")
    strict = replace(new, limit_id="strict", limit=Decimal(499))
    assert find([new, strict]) == Found(strict, "national limit strict, before another")
    low = [replace(ROW, limit_id=str(n), limit=Decimal(n), bound="lower") for n in (6, 5)]
    assert find(low, bound="lower").row == low[0]
    for earlier, later in ((-1, 0), (0, 1)):  # 1970 is a time like any other
        lax = replace(ROW, limit_id="later", from_ms=later, limit=Decimal(900))
        assert find([replace(ROW, from_ms=earlier), lax]).row == lax


@pytest.mark.parametrize(
    "asked",
    [{"outlet": "DA002"}, {"pollutant": "a21026"}, {"averaging": "24h"}, {"bound": "lower"}],
    ids=lambda a: next(iter(a)),
)
def test_another_question_has_another_answer(asked: dict[str, str]) -> None:
    """Outlet, pollutant, mean and side are all asked for."""
    assert find([ROW], **asked) == Found(None, "no limit is in force")
