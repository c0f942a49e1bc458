"""A failed check reaches back to the last passed one and forward to the next; a chain must not change values."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import HOUR_MS
from processors.rules import water_checks
from processors.rules.verdict import number_text

DAY_H = 24


@pytest.mark.parametrize(
    ("analyser", "platform", "shown", "outcome"),
    [
        pytest.param("50.0", "50.6", "1.2", "fails", id="EX-3.5b differs"),
        pytest.param("50.0", "50.5", "1", "passes", id="EX-3.5b accepted"),
        pytest.param("50.0", "49.5", "1", "passes", id="downwards alike"),
        pytest.param("30.0", "29.5", "1.67", "fails", id="EX-7.12 DQ-13: recomputed and received hour"),
    ],
)
def test_chain(analyser: str, platform: str, shown: str, outcome: str) -> None:
    """EX-3.5b: 1.2 % makes the platform's value invalid, 1.0 % is accepted."""
    verdict = water_checks.chain(
        [("analyser", Decimal(analyser)), ("logger", Decimal(analyser)), ("platform", Decimal(platform))],
        difference_pct_max=1,
    )
    assert verdict.number is not None
    assert (verdict.outcome, number_text(verdict.number)) == (outcome, shown)
    assert verdict.reason == f"difference of platform from analyser {shown} %, at most 1 allowed"


@pytest.mark.parametrize(
    ("values", "outcome", "reason"),
    [
        pytest.param(
            [("analyser", 0), ("logger", 0)], "passes", "difference of logger from analyser 0 %, at most 1 allowed", id="0"
        ),
        pytest.param([("analyser", 0), ("logger", 1)], "fails", "logger differs from analyser at 0", id="from zero"),
        pytest.param(
            [("analyser", None), ("logger", 100), ("platform", 102)],
            "fails",
            "difference of platform from logger 2 %, at most 1 allowed",
            id="the first known is the origin",
        ),
        pytest.param(
            [("analyser", 100), ("logger", 103), ("platform", 102)],
            "fails",
            "difference of logger from analyser 3 %, at most 1 allowed",
            id="the worst is told",
        ),
        pytest.param(
            [("analyser", 5), ("logger", None)], "not judged", "fewer than two places of the chain are known", id="one"
        ),
        pytest.param([], "not judged", "fewer than two places of the chain are known", id="none"),
        pytest.param(
            [("station", 5), ("centre", 5)], "passes", "difference of centre from station 0 %, at most 1 allowed", id="alike"
        ),
    ],
)
def test_chain_edges(values: list[tuple[str, int | None]], outcome: str, reason: str) -> None:
    """Zero, missing places, and more than two."""
    verdict = water_checks.chain(values, difference_pct_max=1)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def checks(*rows: tuple[int, bool], pid: int = 1) -> pl.DataFrame:
    """Return (hour, passed) checks."""
    made = [(pid, hour * HOUR_MS, passed) for hour, passed in rows]
    return pl.DataFrame(made, schema={"pid": pl.Int64, "time_ms": pl.Int64, "passed": pl.Boolean}, orient="row")


PASS, FAIL, AGAIN = 3 * DAY_H + 9, 5 * DAY_H + 10, 5 * DAY_H + 14
"""Day 3 at 09:00, day 5 at 10:00 and at 14:00."""


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(PASS, True), (FAIL, False), (AGAIN, True)], [(PASS, AGAIN, FAIL, 1)], id="EX-3.5"),
        pytest.param([(1, False), (2, True)], [(None, 2, 1, 1)], id="nothing passed before"),
        pytest.param([(1, True), (2, False)], [(1, None, 2, 1)], id="nothing passed since"),
        pytest.param([(1, True), (2, False), (3, False), (4, True), (5, True)], [(1, 4, 2, 2)], id="two failed, one window"),
        pytest.param(
            [(0, True), (1, True), (2, False), (3, True), (4, False)], [(1, 3, 2, 1), (3, None, 4, 1)], id="two windows"
        ),
        pytest.param([(1, True)], [], id="none failed"),
        pytest.param([], [], id="no checks"),
    ],
)
def test_windows(rows: list[tuple[int, bool]], expected: list[tuple[int | None, int | None, int, int]]) -> None:
    """EX-3.5: from day 3 09:00 to day 5 14:00, 53 hours; another station's checks change nothing."""
    for frame in (checks(*rows), checks(*rows).reverse()):
        found = water_checks.invalid_windows(pl.concat([frame, checks((2, True), (FAIL, True), pid=2)]))
        assert found.select("pid", *(pl.col(c) // HOUR_MS for c in ("after_ms", "before_ms", "failed_ms")), "n").rows() == [
            (1, *row) for row in expected
        ]
    assert AGAIN - PASS == 53


def test_a_window_knows_only_its_own_station() -> None:
    """The passed check of one station begins no window of the next one, and ends none of the one before."""
    rows = pl.concat([checks((1, True), (2, False)), checks((3, False), (4, True), pid=2)])
    found = water_checks.invalid_windows(rows)
    assert found.select("pid", "after_ms", "before_ms").rows() == [(1, HOUR_MS, None), (2, None, 4 * HOUR_MS)]


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=8, unique_by=lambda r: r[0]))
def test_against_a_plain_search(rows: list[tuple[int, bool]]) -> None:
    """A result is invalid where the nearest check on one of its sides failed, however the checks fall; those at its time too."""
    windows = water_checks.invalid_windows(checks(*rows)).select("after_ms", "before_ms").rows()
    outcome = dict(rows)

    def invalid(hour: int) -> bool:
        if hour in outcome:
            return not outcome[hour]
        before, after = [h for h in outcome if h < hour], [h for h in outcome if h > hour]
        return (bool(before) and not outcome[max(before)]) or (bool(after) and not outcome[min(after)])

    for hour in range(-1, 22):
        inside = [
            (after is None or after < hour * HOUR_MS) and (before is None or hour * HOUR_MS < before)
            for after, before in windows
        ]
        assert any(inside) == invalid(hour)
