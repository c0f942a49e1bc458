"""Waste water: a day's mean follows the flow, low readings are replaced, and a limit may follow the temperature."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.rules import judge, water
from processors.rules.millionths import rounded

M = 10**6
SCHEMA = {"pid": pl.Int64, "day": pl.Int64, "value": pl.Int64, "volume": pl.Int64}
Basis = Literal["clock", "flow"]


def results(*runs: tuple[int, int | None, int | None], pid: int = 1) -> pl.DataFrame:
    """Return (count, mg/L, m3) runs of one day."""
    rows = [(pid, 0, None if c is None else c * M, None if q is None else q * M) for n, c, q in runs for _ in range(n)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def day(rows: pl.DataFrame, basis: Basis = "flow") -> tuple[int, int, int | None, int | None, str | None]:
    """Return valid, due, mean, mass and reason of the one day, whatever the order of rows."""
    (found,) = water.day_means_by_flow(rows, due_n=24, due_basis=basis, share_min_pct=75).rows(named=True)
    (again,) = water.day_means_by_flow(rows.reverse(), due_n=24, due_basis=basis, share_min_pct=75).rows(named=True)
    assert again == found
    return found["n"], found["due"], found["value"], found["mass"], found["reason"]


def test_weighted_by_flow() -> None:
    """EX-3.1: 45.71 mg/L and 51.2 kg, where the arithmetic mean would be 53.33; a limit of 50 is met."""
    n, due, value, mass, reason = day(results((8, 40, 100), (16, 60, 20)))
    assert (n, due, value, mass, reason) == (24, 24, 45_714_286, 51_200_000, None)
    assert value is not None
    assert not judge.exceeds(value, 50 * M)


@pytest.mark.parametrize(
    ("rows", "basis", "expected"),
    [
        pytest.param(results((18, 40, 10), (6, None, 10)), "flow", (18, 24, 40 * M, 7_200_000, None), id="EX-3.2 18 of 24"),
        pytest.param(
            results((17, 40, 10), (7, None, 10)),
            "flow",
            (17, 24, None, None, "17 valid results of 24 due"),
            id="EX-3.2 17 of 24",
        ),
        pytest.param(
            results((14, 40, 10), (4, None, 10), (6, None, 0)),
            "flow",
            (14, 18, 40 * M, 5_600_000, None),
            id="EX-3.2 14 of 18 with flow",
        ),
        pytest.param(
            results((13, 40, 10), (5, None, 10), (6, None, 0)),
            "flow",
            (13, 18, None, None, "13 valid results of 18 due"),
            id="EX-3.2 13 of 18 with flow",
        ),
        pytest.param(
            results((14, 40, 10), (4, None, 10), (6, None, 0)),
            "clock",
            (14, 24, None, None, "14 valid results of 24 due"),
            id="on the clock all are due",
        ),
        pytest.param(results((18, 40, 10), (6, 99, 0)), "flow", (18, 18, 40 * M, 7_200_000, None), id="no result at zero flow"),
        pytest.param(results((18, 40, 10)), "flow", (18, 24, 40 * M, 7_200_000, None), id="missing rows are due"),
        pytest.param(
            results((18, 40, 10), (6, 99, None)), "flow", (18, 24, 40 * M, 7_200_000, None), id="no weight without a volume"
        ),
        pytest.param(results((24, None, 0)), "flow", (0, 0, None, None, "no discharge"), id="no discharge at all"),
        pytest.param(results((25, None, 0)), "flow", (0, 0, None, None, "no discharge"), id="more periods than were due"),
        pytest.param(results((24, None, 5)), "flow", (0, 24, None, None, "0 valid results of 24 due"), id="nothing valid"),
    ],
)
def test_a_day(rows: pl.DataFrame, basis: Basis, expected: tuple[int, int, int | None, int | None, str | None]) -> None:
    """EX-3.2: 75 % of the results due make a day; a period without discharge is due nothing and has no result."""
    assert day(rows, basis) == expected


def test_no_day_is_made_of_nothing() -> None:
    """Even where no share is asked, a day without a valid result has neither mean nor mass."""
    found = water.day_means_by_flow(results((24, None, 100)), due_n=24, due_basis="flow", share_min_pct=0)
    assert found.select("value", "mass", "reason").rows() == [(None, None, "0 valid results of 24 due")]


def test_points_and_days_do_not_mix() -> None:
    """Each point and day has its own row, and no rows give none."""
    rows = pl.concat([results((24, 40, 10)), results((24, 60, 10), pid=2)])
    found = water.day_means_by_flow(rows, due_n=24, due_basis="flow", share_min_pct=75)
    assert found.select("pid", "value").rows() == [(1, 40 * M), (2, 60 * M)]
    assert water.day_means_by_flow(rows.clear(), due_n=24, due_basis="flow", share_min_pct=75).is_empty()


def test_days_are_in_order() -> None:
    """One row a point and day, ordered, whatever the order of results."""
    rows = pl.DataFrame([(pid, day, 40 * M, M) for pid in (2, 1) for day in range(20, 0, -1)], schema=SCHEMA, orient="row")
    found = water.day_means_by_flow(rows, due_n=1, due_basis="flow", share_min_pct=75)
    assert found.select("pid", "day").rows() == [(pid, day) for pid in (1, 2) for day in range(1, 21)]


@pytest.mark.parametrize(
    ("value", "volume", "expected"),
    [
        pytest.param([1, 2, 9], [1, 1, None], 2, id="(1 + 2)/2 is 1.5, rounded up"),
        pytest.param([2, 1, 9], [1, 2, None], 1, id="(2 + 2)/3 is 1.33"),
    ],
)
def test_what_is_not_valid_adds_nothing(value: list[int], volume: list[int | None], expected: int) -> None:
    """Not even the smallest number there is, where one more or less would round the other way."""
    rows = pl.DataFrame({"pid": 1, "day": 0, "value": value, "volume": volume}, schema=SCHEMA)
    found = water.day_means_by_flow(rows, due_n=3, due_basis="flow", share_min_pct=50)
    assert found["value"].to_list() == [expected]


@settings(max_examples=100, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)), min_size=1, max_size=24))
def test_the_column_mean_is_the_exact_one(pairs: list[tuple[int, int]]) -> None:
    """The mean on rows is the exact mean rounded once, and lies between the least and the greatest result."""
    rows = pl.DataFrame({"pid": 1, "day": 0, "value": [c for c, _ in pairs], "volume": [q for _, q in pairs]})
    found = water.day_means_by_flow(rows, due_n=len(pairs), due_basis="clock", share_min_pct=100).row(0, named=True)
    exact = [(Fraction(c, M), Fraction(q, M)) for c, q in pairs]
    amount = sum((c * q for c, q in exact), Fraction(0))
    assert found["value"] == rounded(amount / sum((q for _, q in exact), Fraction(0)))
    assert found["mass"] == rounded(amount / 1_000)  # mg/L is g/m³
    assert min(c for c, _ in pairs) <= found["value"] <= max(c for c, _ in pairs)
