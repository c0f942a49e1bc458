"""Monthly means: provisional while the month runs, final once it is over, revised by what comes late; a long silence leaves none behind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ingest.registry import Point, Registry, Source
from tests.processors.given import CST, STACK, line, ms
from tests.processors.test_engine import Bench
from tests.processors.test_months_closed import run

COD, FLOW, PH = "w01018", "Q", "w01001"
JUNE, JULY = datetime(2026, 6, 1, tzinfo=CST), datetime(2026, 7, 1, tzinfo=CST)


def station() -> Registry:
    """A water station with COD, flow and pH, an hourly result of each."""
    source = Source(source=STACK, enterprise="E1", outlet="W1", name="works", kind="water", cadence_s=3600)
    points = (
        Point(source=STACK, factor=COD, unit="mg/L", flow_factor=FLOW),
        Point(source=STACK, factor=FLOW, unit="m3/h"),
        Point(source=STACK, factor=PH, unit="pH"),
    )
    return Registry(sources=(source,), points=points)


def hours(first_day: int, last_day: int, start: datetime = JUNE) -> list[bytes]:
    """Return the hours of days of a month, counted from 1, both among them: each day's COD is its number."""
    return [
        line(start + timedelta(days=day - 1, hours=hour), {COD: float(day), FLOW: 10.0, PH: 7.0}, kind="hour", stat="avg")
        for day in range(first_day, last_day + 1)
        for hour in range(24)
    ]


def month(bench: Bench, factor: str = COD, start: datetime = JUNE) -> Any:
    return bench.store.figure(STACK, factor, "avg", "month", ms(start))


def day(n: int) -> datetime:
    """Return the end of a day of June."""
    return JUNE + timedelta(days=n)


def test_a_month_runs_ends_and_is_revised() -> None:
    """Days 1 to 10 so far: 5.5; all but the 15th: (465 - 15) / 29; the 15th comes late and makes it 465 / 30."""
    bench = Bench(station(), hot_hours=1)
    bench.lines(hours(1, 10))
    run(bench, day(10), 8)
    so_far = month(bench)
    assert (so_far.state, so_far.revision, so_far.value, so_far.n) == ("provisional", 0, 5_500_000, 10)
    bench.lines(hours(11, 14))
    run(bench, day(14), 8)
    bench.lines(hours(16, 30))
    run(bench, day(30))
    ended = month(bench)
    assert (ended.state, ended.revision, ended.value, ended.n) == ("final", 1, 15_517_241, 29)
    assert ended.explain["note"] == "29 valid days of 30 due" and ended.unit == "mg/L"
    bench.lines([one.replace(b'"backfill":false', b'"backfill":true') for one in hours(15, 15)])
    run(bench, day(30) + timedelta(hours=1))
    revised = month(bench)
    assert (revised.state, revised.revision, revised.value, revised.n) == ("revised", 2, 15_500_000, 30)
    assert month(bench, FLOW).value == 10_000_000
    assert month(bench, PH) is None, "no standard defines a monthly mean of pH"


def test_too_few_days_say_so() -> None:
    """22 of the 30 days due are 73.3 %, and a source that was first heard on the 10th had 21 due, of which 16 are 76 %."""
    few, late = Bench(station()), Bench(station())
    few.lines(hours(1, 11) + hours(20, 30))
    late.lines(hours(10, 15) + hours(21, 30))
    for bench in (few, late):
        run(bench, day(30))
    assert (month(few).value, month(few).reason) == (None, "22 valid days of 30 due")
    assert (month(late).n, month(late).explain["note"]) == (16, "16 valid days of 21 due")


def test_a_silence_beyond_the_end_leaves_no_month_provisional() -> None:
    """Silent from the 26th to the 5th of July: June is final once a day of July is closed."""
    bench = Bench(station())
    bench.lines(hours(1, 25))
    run(bench, day(26))
    assert month(bench).state == "provisional"
    bench.lines(hours(5, 6, JULY))
    run(bench, JULY + timedelta(days=6))
    june, july = month(bench), month(bench, start=JULY)
    assert (june.state, june.value, june.explain["note"]) == ("final", 13_000_000, "25 valid days of 30 due")
    assert (july.state, july.reason) == ("provisional", "2 valid days of 6 due")


def test_the_same_however_it_came_and_after_a_restart() -> None:
    """In one go, by five days, or with a restart half way: the same figures."""
    made = []
    for parts in ([(1, 30)], [(n, n + 4) for n in range(1, 31, 5)]):
        bench = Bench(station())
        for first, last in parts:
            bench.lines(hours(first, last))
            run(bench, day(last))
            if last == 15:
                bench.runner.adopt(bench.runner.registry)
        run(bench, day(30) + timedelta(hours=1))
        made.append([f for f in bench.store.canonical() if "month" in str(f)])
    assert made[0] and made[0] == made[1]
