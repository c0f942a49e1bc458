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
        pytest.param([1, 3, 2], True, id="three have one, which turns"),
        pytest.param([3, 2, 3], True, id="down by the least step and up again"),
        pytest.param([1, None, 3, None, None, 2, 4, 3], True, id="what is not valid is no neighbour"),
    ],
)
def test_turning_points(values: list[int | None], told: bool) -> None:
    """Independent values turn at two of three; 60 % is asked for."""
    rows = pl.DataFrame({"pid": [7] * len(values), "time_ms": range(len(values)), "value": values})
    for mixed in (rows.reverse(), pl.concat([rows[::2], rows[1::2]])):
        assert turns_without_memory(mixed, turning_pct_min=60) == ([7] if told else [])


def test_a_plateau_does_not_turn() -> None:
    """Of a hill with a flat top and a valley with a flat floor no value lies above or below both of its neighbours."""
    values = [1, 2, 2, 1, 1, 2]
    rows = pl.DataFrame({"pid": [7] * len(values), "time_ms": range(len(values)), "value": values})
    assert turns_without_memory(rows, turning_pct_min=1) == []


def week(after: int, flow_after: int | None, days: int = 5, flow_before: int | None = 1000, before: int = 100) -> pl.DataFrame:
    """Hours 8 and 9 (UTC) of some days: a value at a flow, then ``after`` at another."""
    rows = []
    for day in range(days):
        at = day * DAY_MS + 8 * HOUR_MS
        rows += [(1, at, before, flow_before), (1, at + HOUR_MS, after, flow_after)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        pytest.param(week(70, 1000), True, id="a fall of 30 % on five days"),
        pytest.param(week(71, 1000), False, id="29 % are not enough"),
        pytest.param(week(701, 1000, before=1000), False, id="nor are 29.9 %"),
        pytest.param(week(70, 1000, days=4), False, id="nor are four days"),
        pytest.param(week(70, 900), True, id="a flow that changed by 10 % stayed"),
        pytest.param(week(70, 899), False, id="one that changed by 10.1 % did not"),
        pytest.param(week(70, None), False, id="a flow that is not known says nothing"),
        pytest.param(week(140, 1000), False, id="a rise is no fall"),
        pytest.param(week(0, 1000, before=1), True, id="from the least value to none"),
        pytest.param(week(0, 1000, before=0), False, id="where nothing was nothing falls"),
    ],
)
def test_falls_at_the_same_hour(hours: pl.DataFrame, told: bool) -> None:
    """At 9 UTC, which is 17:00 eight hours further east."""
    options = {"fall_pct_min": 30, "flow_change_pct_max": 10, "days_min": 5, "offset_ms": 8 * HOUR_MS, "weight": 4}
    found = clock_steps(hours.reverse(), **options).select("start_ms", "end_ms", "reason", "weight")
    start = 9 * HOUR_MS
    one = (start, 4 * DAY_MS + start + HOUR_MS, "fell at 17:00 on 5 days while the flow stayed", 4)
    assert found.rows() == ([one] if told else [])


@pytest.mark.parametrize(("flow_after", "told"), [(850, 1), (849, 0), (1150, 1), (1151, 0)])
def test_a_flow_that_stayed(flow_after: int, told: int) -> None:
    """15 % of 1 000 are 150, up as down."""
    hours = week(70, flow_after)
    found = clock_steps(hours, fall_pct_min=30, flow_change_pct_max=15, days_min=5, offset_ms=0, weight=4)
    assert found.height == told


def test_another_point_did_not_fall() -> None:
    """100 at one point and 70 at the next one an hour later are no fall of either, where a single one would be told."""
    hours = week(100, 1000, days=1).vstack(
        week(70, 1000, days=1, before=70).with_columns(pl.col("time_ms") + 2 * HOUR_MS, pid=pl.lit(2, pl.Int64))
    )
    assert clock_steps(hours, fall_pct_min=30, flow_change_pct_max=10, days_min=1, offset_ms=0, weight=4).is_empty()
