"""Versions of a figure are numbered upwards, also where one tick decides, revises and rebuilds from the past."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import structlog

from tests.plumeline.partition_kit import STACKS, State, readings
from tests.processors.given import MIDNIGHT, O2, SO2, line

HOURS, HOT, COLD = 11, 9, 2
"""Hours of live data before the ticks stay away; one that is hot then, and one that is not."""


def test_a_day_that_one_tick_says_three_times(tmp_path: Path) -> None:
    """After a gap in the ticks a day is decided, a hot hour of it revised and a cold one rebuilt at once: each says more than before."""
    structlog.reset_defaults()
    state = State(tmp_path / "state", None)
    for hour in range(HOURS):
        start = MIDNIGHT + timedelta(hours=hour)
        state.take("reports", *readings(start, start + timedelta(hours=1)))
        state.tick(timedelta(hours=1))
    for hour in (HOT, COLD):
        at = MIDNIGHT + timedelta(hours=hour, minutes=1)
        late_s = (HOURS - hour) * 3_600
        state.take("reports", line(at, {SO2: 70.0, O2: 7.5}, source=STACKS[0], delay_s=late_s))
    state.take("touches", *state.said.lines("touches"))
    state.tick(timedelta(days=1))
    days: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for each in state.said.lines("figures"):
        row = json.loads(each)
        if row.get("level") == "day" and row["source"] == STACKS[0] and row["start"] == MIDNIGHT.isoformat():
            days.setdefault((row["factor"], row["stat"]), []).append((row["revision"], row["inputs"]))
    (so2,) = (said for (factor, stat), said in days.items() if (factor, stat) == (SO2, "avg"))
    assert len({inputs for revision, inputs in so2 if revision}) >= 3, so2
    for key, said in days.items():
        revisions = [revision for revision, _inputs in said]
        assert revisions == sorted(revisions) and len({r for r in said if r[0]}) == max(revisions), (key, said)
    state.partition.close()
