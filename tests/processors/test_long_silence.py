"""A silence longer than what is stated of it: the hours that the last readings cover are decided all the same, and of the rest the last."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ingest.log import LogRecord, partition_of
from ingest.records import Mark
from processors.figures import HOUR_MS, MINUTE_MS
from processors.stretch import due_hours
from tests.processors.given import NOON, O2, STACK, line, ms, registry
from tests.processors.test_engine import Bench

H = timedelta(hours=1)
RETURN = NOON + 120 * H


def fault(start: datetime, end: datetime) -> LogRecord:
    """Return a confirmed mark as a record."""
    mark = Mark(id="M1", source=STACK, type="fault", start=start, end=end, author="test", set_at=start, state="confirmed")
    return LogRecord("marks", partition_of(STACK), 0, 0, mark.line())


@pytest.mark.parametrize("ended_by", ["tick", "reading"])
@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("cadence_s", "minutes"), [(60, [56]), (600, [60, 5]), (10_800, [60, 60, 60, 55])])
def test_hours_before_a_long_silence(ended_by: str, restarted: bool, cadence_s: int, minutes: list[int]) -> None:
    """Readings come each minute until 12:55, and nothing is heard of for five days; the last covers a minute, ten, or three hours.

    So hours have as many minutes as lie before 12:56, 13:05 or 15:55; then come the 72 hours before the return.
    """
    bench = Bench(registry(cadence_s=cadence_s))
    bench.lines([line(NOON + timedelta(minutes=m), {O2: 6.0}) for m in range(56)])
    bench.tick(NOON + timedelta(minutes=57))
    if restarted:
        bench.runner.engine = bench.runner._warm(bench.runner.registry)
    if ended_by == "reading":
        bench.lines([line(RETURN, {O2: 6.0})])
    bench.tick(RETURN + timedelta(minutes=30))
    found = bench.store.figures(STACK, "hour", ms(NOON), ms(RETURN), O2, "avg")
    covered, silent = found[: len(minutes)], found[len(minutes) :]
    assert [(f.start_ms, f.n) for f in covered] == [(ms(NOON + n * H), count) for n, count in enumerate(minutes)]
    assert [f.reason for f in covered] == [None if n >= 45 else f"{n} valid minutes of 45" for n in minutes]
    assert [(f.start_ms, f.reason) for f in silent] == [(ms(RETURN - n * H), "no data") for n in range(72, 0, -1)]


@pytest.mark.parametrize(
    ("decided", "covered_until", "until", "expected"),
    [
        pytest.param(5, 5.2, 7, [5, 6], id="short"),
        pytest.param(5, 6.0, 77, [*range(5, 77)], id="72 hours"),
        pytest.param(5, 6.0, 78, [*range(5, 78)], id="73 hours, the first of them covered"),
        pytest.param(5, 6.0, 79, [5, *range(7, 79)], id="covers an hour to its end"),
        pytest.param(5, 6.1, 80, [5, 6, *range(8, 80)], id="covers a part of the next"),
        pytest.param(5, 4.5, 200, [5, *range(128, 200)], id="the first is stated, though nothing covers it"),
        pytest.param(5, 28.0, 60, [*range(5, 60)], id="no hour twice"),
        pytest.param(5, 28.0, 90, [*range(5, 90)], id="covered hours reach into the last ones"),
        pytest.param(5, 9.0, 5, [], id="nothing is due"),
    ],
)
def test_due_hours(decided: int, covered_until: float, until: int, expected: list[int]) -> None:
    """Hours since the last decided one, counted from midnight."""
    found = due_hours(decided * HOUR_MS, int(covered_until * 60) * MINUTE_MS, until * HOUR_MS)
    assert [hour // HOUR_MS for hour in found] == expected


@pytest.mark.parametrize("hot_hours", [48, 3])
def test_what_a_late_reading_covers(hot_hours: int) -> None:
    """A reading of 12:55 that stands for three hours and comes two days late: each hour up to 15:55 has its minutes, hot or cold.

    So it has where one hour is made anew on its own, for a mark of five minutes.
    """
    bench = Bench(registry(cadence_s=10_800), hot_hours=hot_hours)
    bench.lines([line(NOON - H, {O2: 6.0})])
    for n in range(40):
        bench.tick(NOON + n * H + timedelta(minutes=6))
    bench.lines([line(NOON + timedelta(minutes=55), {O2: 6.0}, delay_s=40 * 3600)])
    for n in range(3):
        bench.tick(NOON + 41 * H + timedelta(seconds=10 * n))
    assert [bench.hour(O2, "avg", NOON + n * H).n for n in range(-1, 5)] == [60, 60, 60, 60, 55, 0]
    bench.feed([fault(NOON + 3 * H, NOON + 3 * H + timedelta(minutes=5))])
    for n in range(3):
        bench.tick(NOON + 42 * H + timedelta(seconds=10 * n))
    assert [bench.hour(O2, "avg", NOON + n * H).n for n in range(-1, 5)] == [60, 60, 60, 60, 50, 0]


def test_a_mark_on_hours_that_a_reading_covers() -> None:
    """Minutes of a running hour that are published already do not count once a mark covers them, however long ago their reading began."""
    bench = Bench(registry(cadence_s=10_800))
    bench.lines([line(NOON, {O2: 6.0})])
    bench.tick(NOON + 2 * H + timedelta(minutes=30))
    bench.feed([fault(NOON + 2 * H, NOON + 3 * H)])
    bench.tick(NOON + 3 * H + timedelta(minutes=6))
    assert [bench.hour(O2, "avg", NOON + n * H).reason for n in range(3)] == [None, None, "0 valid minutes of 45 (fault)"]
