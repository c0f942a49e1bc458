"""A stop that is marked when its hours have long been stated without data: they are stated anew, with mass and rates, and taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ingest.log import LogRecord, partition_of
from ingest.records import Mark
from tests.processors.given import FLOW, MIDNIGHT, O2, SO2, STACK, line, registry
from tests.processors.test_engine import Bench

H = timedelta(hours=1)
SILENT = [MIDNIGHT + n * H for n in range(12, 20)]


def bench_of(hot_hours: int) -> Bench:
    """A stack that sends twelve hours, is silent for eight, and sends again until the next day's first hours are decided."""
    bench = Bench(registry(cadence_s=600), hot_hours=hot_hours)
    for hour in (MIDNIGHT + n * H for n in range(26)):
        if hour not in SILENT:
            bench.lines([line(hour + timedelta(minutes=m), {SO2: 20.0, O2: 6.0, FLOW: 400_000}) for m in range(0, 60, 10)])
        bench.tick(hour + H + timedelta(minutes=6))
    work_off(bench, MIDNIGHT + 26 * H + timedelta(minutes=7))
    return bench


def work_off(bench: Bench, now: datetime) -> None:
    """Give the ticks in which touched hours and days are worked off."""
    for n in range(12):
        bench.tick(now + timedelta(seconds=10 * n))


def mark(
    bench: Bench, at: datetime, state: str, *, restarted: bool, start: datetime = SILENT[0], end: datetime = SILENT[-1] + H
) -> None:
    """Put a stop over the silent hours on the log; ``restarted`` before the tick that works it off."""
    row = Mark(id="M1", source=STACK, type="stopped", start=start, end=end, author="test", set_at=at, state=state)
    bench.feed([LogRecord("marks", partition_of(STACK), 0, 0, row.line())])
    if restarted:
        bench.runner.engine = bench.runner._warm(bench.runner.registry)
    work_off(bench, at + timedelta(minutes=1))


def stated(bench: Bench) -> set[tuple[str | None, str | None, int]]:
    """Return reason of the mean, mass in millionths of a kilogram, and revision, of the silent hours; what is judged goes along."""
    rows = [(bench.hour(SO2, "avg", hour), bench.hour(SO2, "mass", hour)) for hour in SILENT]
    judged = [bench.hour(SO2, "avg_ref", hour) for hour in SILENT]
    assert {f.limit for f in judged} == {35_000_000}
    assert [(f.reason, f.revision) for f in judged] == [(mean.reason, mean.revision) for mean, _ in rows]
    return {(mean.reason, mass.value, mean.revision) for mean, mass in rows}


def capture(bench: Bench) -> str:
    """Return the note of the quarter's capture rate."""
    (found,) = [
        f for f in bench.store.cold_figures(STACK, "quarter", 0, 2**62, ("capture",)) if f.factor == SO2
    ]  # the quarter begins with the day
    return str(found.explain["note"])


@pytest.mark.parametrize("hot_hours", [48, 3])
@pytest.mark.parametrize("restarted", [False, True])
def test_hours_without_data_become_stopped(hot_hours: int, restarted: bool) -> None:
    """Hot and cold, with and without a restart: 16 of 24 hours have a mean, then 16 of 16, and rejected as at first."""
    bench, at = bench_of(hot_hours), MIDNIGHT + 27 * H
    assert stated(bench) == {("no data", None, 1)}
    assert capture(bench) == "16 valid of 24 operating hours, 0 stopped"
    mark(bench, at, "confirmed", restarted=restarted)
    assert stated(bench) == {("stopped", 0, 2)}
    assert capture(bench) == "16 valid of 16 operating hours, 8 stopped"
    mark(bench, at + H, "rejected", restarted=restarted)
    assert stated(bench) == {("no data", None, 3)}
    assert capture(bench) == "16 valid of 24 operating hours, 0 stopped"


@pytest.mark.parametrize("hot_hours", [48, 3])
def test_restarts_state_nothing_anew(hot_hours: int) -> None:
    """What was said of hours without data is said once, however often the engine begins again."""
    bench = bench_of(hot_hours)
    for n in (1, 2):
        bench.runner.engine = bench.runner._warm(bench.runner.registry)
        work_off(bench, MIDNIGHT + 27 * H + n * timedelta(minutes=10))
        assert stated(bench) == {("no data", None, 1)}


@pytest.mark.parametrize("hot_hours", [48, 3])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_quadrant_without_data(hot_hours: int, restarted: bool) -> None:
    """US-1, hot and cold: of 12:15 to 12:30 nothing came; a stop of these 15 minutes makes the hour's mean and its mass, rejected as at first.

    The mass is 20 mg/m³ x 400 000 m³ = 8 kg.
    """
    bench, at = Bench(registry(cadence_s=300, rules="us-cfr75"), hot_hours=hot_hours), MIDNIGHT + 27 * H
    for hour in (MIDNIGHT + n * H for n in range(26)):
        sent = [m for m in range(0, 60, 5) if hour != SILENT[0] or m not in (15, 20, 25)]
        bench.lines([line(hour + timedelta(minutes=m), {SO2: 20.0, O2: 6.0, FLOW: 400_000}) for m in sent])
        bench.tick(hour + H + timedelta(minutes=6))
    work_off(bench, MIDNIGHT + 26 * H + timedelta(minutes=7))
    found = []
    for state, start in (("draft", 15), ("confirmed", 16), ("confirmed", 15), ("rejected", 15)):
        begins, end = SILENT[0] + timedelta(minutes=start), SILENT[0] + timedelta(minutes=30)
        at += H
        mark(bench, at, state, restarted=restarted, start=begins, end=end)
        hours = [bench.hour(SO2, stat, SILENT[0]) for stat in ("avg", "avg_ref", "mass")]
        found.append([hour.reason or hour.value for hour in hours])
    missing, value = ["valid minutes in 3 quarters of 4"] * 3, [20_000_000, 20_000_000, 8_000_000]
    assert found == [missing, missing, value, missing]


def test_part_of_an_hour() -> None:
    """An hour that the stop covers in part was due: nothing is stated anew."""
    bench = bench_of(48)
    mark(bench, MIDNIGHT + 27 * H, "confirmed", restarted=False, end=SILENT[-1] + timedelta(minutes=30))
    assert stated(bench) == {("stopped", 0, 2), ("no data", None, 1)}
    assert bench.hour(SO2, "avg", SILENT[-1]).reason == "no data"


def test_still_silent() -> None:
    """A stop that is marked while nothing comes: the hours stated since the last reading are stated anew."""
    bench = Bench(registry(cadence_s=600))
    for hour in (MIDNIGHT + n * H for n in range(20)):
        if hour not in SILENT:
            bench.lines([line(hour + timedelta(minutes=m), {SO2: 20.0, O2: 6.0, FLOW: 400_000}) for m in range(0, 60, 10)])
        bench.tick(hour + H + timedelta(minutes=6))
    assert stated(bench) == {("no data", None, 1)}
    mark(bench, MIDNIGHT + 20 * H + timedelta(minutes=10), "confirmed", restarted=False)
    assert stated(bench) == {("stopped", 0, 2)}


def test_readings_that_come_after_all() -> None:
    """Readings of standing air fill an hour in, flagged by the mark; when that is rejected they count."""
    bench, standing = bench_of(48), {SO2: 0.5, O2: 20.9, FLOW: 0}
    mark(bench, MIDNIGHT + 27 * H, "confirmed", restarted=False)
    bench.lines([line(SILENT[0] + timedelta(minutes=m), standing, delay_s=60_000) for m in range(0, 60, 10)])
    work_off(bench, MIDNIGHT + 29 * H)
    hour = bench.hour(SO2, "avg", SILENT[0])
    assert (hour.value, hour.reason, hour.revision) == (None, "stopped", 3)
    mark(bench, MIDNIGHT + 30 * H, "rejected", restarted=False)
    hour = bench.hour(SO2, "avg", SILENT[0])
    assert (hour.value, hour.reason, hour.revision) == (500_000, None, 4)
