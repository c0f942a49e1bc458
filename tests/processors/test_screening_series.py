"""What a series does over time: turning points and falls at the same hour, each at its bounds."""

from __future__ import annotations

import polars as pl
import pytest

from processors.figures import DAY_MS, HOUR_MS
from processors.rules.screening_series import clock_steps, turns_without_memory

SCHEMA = {"pid": pl.Int64, "time_ms": pl.Int64, "value": pl.Int64, "flow": pl.Int64}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        pytest.param([1, 3, 2, 4, 3, 5, 4], True, id="every inner value turns"),
        pytest.param([1, 2, 3, 4, 5, 6, 7], False, id="a ramp never turns"),
        pytest.param([1, 3, 2, 4, 5, 6, 5], True, id="three of five inner values are 60 %"),
        pytest.param([1, 3, 2, 4, 5, 6, 7], False, id="two of five are not"),
        pytest.param([2, 2, 2, 2, 2, 2, 2], False, id="what stands still does not turn"),
        pytest.param([1, 2], False, id="two values have no inner one"),
    ],
)
def test_turning_points(values: list[int], told: bool) -> None:
    """Independent values turn at two of three; 60 % is asked for."""
    rows = pl.DataFrame({"pid": [7] * len(values), "time_ms": range(len(values)), "value": values})
    assert turns_without_memory(rows.reverse(), turning_pct_min=60) == ([7] if told else [])


def week(after: int, flow_after: int | None, days: int = 5, flow_before: int | None = 1000) -> pl.DataFrame:
    """Hours 8 and 9 (UTC) of some days: 100 at a flow, then ``after`` at another."""
    rows = []
    for day in range(days):
        at = day * DAY_MS + 8 * HOUR_MS
        rows += [(1, at, 100, flow_before), (1, at + HOUR_MS, after, flow_after)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        pytest.param(week(70, 1000), True, id="a fall of 30 % on five days"),
        pytest.param(week(71, 1000), False, id="29 % are not enough"),
        pytest.param(week(70, 1000, days=4), False, id="nor are four days"),
        pytest.param(week(70, 900), True, id="a flow that changed by 10 % stayed"),
        pytest.param(week(70, 899), False, id="one that changed by 10.1 % did not"),
        pytest.param(week(70, None), False, id="a flow that is not known says nothing"),
        pytest.param(week(140, 1000), False, id="a rise is no fall"),
    ],
)
def test_falls_at_the_same_hour(hours: pl.DataFrame, told: bool) -> None:
    """At 9 UTC, which is 17:00 eight hours further east."""
    found = clock_steps(hours, fall_pct_min=30, flow_change_pct_max=10, days_min=5, offset_ms=8 * HOUR_MS, weight=4).select(
        "start_ms", "end_ms", "reason", "weight"
    )
    start = 9 * HOUR_MS
    one = (start, 4 * DAY_MS + start + HOUR_MS, "fell at 17:00 on 5 days while the flow stayed", 4)
    assert found.rows() == ([one] if told else [])
