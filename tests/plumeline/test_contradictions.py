"""Declared stopped, still emitting: told when the day is closed, by mark or by flag, with what the gas says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.wording import worded
from ingest.log import Entry
from ingest.records import Mark
from tests.plumeline.test_quarters import County
from tests.processors.given import FLOW, MIDNIGHT, O2, SO2, STACK, line

DAY_2 = MIDNIGHT + timedelta(days=1)


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    made = County(tmp_path)
    made.hours(0, [1.0] * 24)  # flow of 1,000,000 m3/h, which is what is normal
    made.ticks(25)
    yield made
    made.log.close()


def minutes(county: County, hour: float, count: int, o2: float, flow: float, flag: str = "N") -> None:
    """Send a reading each 30 s for some minutes of day 2."""
    for n in range(2 * count):
        time = DAY_2 + timedelta(hours=hour, seconds=30 * n)
        values: dict[str, float | None] = {SO2: 1.0, O2: o2, FLOW: flow}
        row = line(time, values, flags={SO2: flag, O2: flag, FLOW: flag})
        county.log.append_now([Entry("reports", 0, row)])


def stopped(county: County, first: int, last: int) -> None:
    start, end = DAY_2 + timedelta(hours=first), DAY_2 + timedelta(hours=last)
    mark = Mark(id=f"s{first}", source=STACK, type="stopped", start=start, end=end, author="Li Wei", set_at=start)
    county.log.append_now([Entry("marks", 0, mark.line())])


def texts(county: County) -> list[str]:
    county.ticks(50, 8)
    return sorted(str(e.facts["text"]) for e in county.store.events(kind="mark.contradicted", limit=100))


def test_a_stop_that_the_gas_contradicts(county: County) -> None:
    """DQ-12: mark stopped, oxygen 8 %, flow 70 % of normal for 20 min; 14 min are too short, air that stands still says nothing."""
    stopped(county, 10, 14)
    minutes(county, 10, 20, 8.0, 700_000.0)
    minutes(county, 11, 14, 8.0, 700_000.0)
    minutes(county, 12, 60, 20.9, 200_000.0)
    minutes(county, 15, 60, 8.0, 700_000.0)
    (text,) = texts(county)
    assert text == (
        "declared stopped by mark s10, yet from 2026-07-02T10:00:00+08:00 to 2026-07-02T10:20:00+08:00 its gas says that it ran"
        " (oxygen down to 8 %; flow up to 70 % of normal): compare with the operating record, then confirm or reject the mark"
    )
    assert worded(text, "zh").startswith("标记 s10 申报停运，但 2026-07-02 10:00 至 2026-07-02 10:20 烟气数据显示在运行")


def test_a_flag_that_the_gas_contradicts(county: County) -> None:
    """The device's own F counts as a declaration; flow just above a fifth of normal is enough, a fifth is not."""
    minutes(county, 10, 15, 20.9, 200_001.0, "F")
    minutes(county, 11, 15, 20.9, 200_000.0, "F")
    minutes(county, 12, 15, 8.0, 700_000.0, "D")
    (text,) = texts(county)
    assert text.startswith(
        "declared stopped by the device's own flag, yet from 2026-07-02T10:00:00+08:00 to 2026-07-02T10:15:00"
    )


def test_a_stop_that_is_true_is_not_told(county: County) -> None:
    """A rejected mark declares nothing, and a stop in air is a stop."""
    stopped(county, 10, 12)
    minutes(county, 10, 60, 20.9, 0.0)
    assert texts(county) == []
