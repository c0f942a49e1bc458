"""Declared stopped, still emitting: told when the day is closed, by mark or by flag, with what the gas says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.wording import worded
from ingest.log import Entry
from ingest.records import Mark
from processors.figures import epoch_ms
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


def confirmed(county: County, first: int, last: int, hour: int, state: str = "confirmed") -> None:
    """Set the mark again in another's name, when the hour of day 3 begins."""
    start, end = DAY_2 + timedelta(hours=first), DAY_2 + timedelta(hours=last)
    at = DAY_2 + timedelta(days=1, hours=hour)
    mark = Mark(id=f"s{first}", source=STACK, type="stopped", start=start, end=end, author="Wang", set_at=at)
    county.log.append_now([Entry("marks", 0, mark.model_copy(update={"state": state}).line())])


def hour_10(county: County) -> tuple[object, str | None, object]:
    found = county.store.figure(STACK, SO2, "avg", "hour", epoch_ms(DAY_2 + timedelta(hours=10)))
    assert found is not None
    return found.number, found.reason, found.explain.get("note")


DOUBT = "mark s10 is in doubt: judged provisionally until it is confirmed or rejected"


@pytest.mark.parametrize("again", [False, True], ids=["never stopped", "stopped at every step"])
def test_a_contradicted_mark_is_pending_until_somebody_decides(county: County, again: bool) -> None:
    """Under the mark the hour is stopped; once its gas says otherwise it is judged, and says so; confirmed it is stopped again."""

    def restarted() -> None:
        if again:
            county.log.close()
            county.store.close()
            county.store.writer.close()
            county.open()

    stopped(county, 10, 14)
    minutes(county, 10, 60, 8.0, 700_000.0)
    minutes(county, 11, 60, 20.9, 0.0)
    county.ticks(36, 1)
    assert hour_10(county) == (None, "stopped", None)
    assert len(texts(county)) == 1
    restarted()
    county.ticks(51, 4)
    restarted()
    assert hour_10(county) == (1, None, DOUBT)
    assert worded(DOUBT, "zh") == "标记 s10 存疑：确认或驳回之前按暂行判定"
    county.ticks(52, 4)
    confirmed(county, 10, 14, 5)
    county.ticks(54, 4)
    restarted()
    county.ticks(55, 4)
    assert hour_10(county) == (None, "stopped", None)
    confirmed(county, 10, 14, 8, "rejected")
    county.ticks(57, 4)
    assert hour_10(county) == (1, None, None)
    assert len(texts(county)) == 1


def test_a_draft_changes_nothing(county: County) -> None:
    """An hour under a draft is judged as without it, and nothing is told; confirmed it is stopped."""
    confirmed(county, 10, 14, 0, "draft")
    minutes(county, 10, 60, 20.9, 0.0)
    county.ticks(50, 4)
    assert hour_10(county) == (1, None, None)
    assert county.store.events(kind="mark.", limit=10) == []
    assert [m.state for m in county.store.marks(STACK, 0, 2**60, rejected=True)] == ["draft"]
    confirmed(county, 10, 14, 3)
    county.ticks(51, 4)
    assert hour_10(county) == (None, "stopped", None)
