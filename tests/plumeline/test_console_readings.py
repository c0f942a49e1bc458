"""The console shows under each minute the readings that the engine made it of, however long they stand for and however they are labelled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plumeline.console.readings import Reading, by_minute, readings, strip
from processors.figures import HOUR_MS, MINUTE_MS
from tests.processors.given import NOON, O2, STACK, line, ms, registry
from tests.processors.test_engine import Bench

H = timedelta(hours=1)


def shown(bench: Bench, start_ms: int, end_ms: int) -> dict[int, list[Reading]]:
    """Return what the console shows of oxygen, by minute."""
    row = next(s for s in bench.runner.registry.sources if s.source == STACK)
    return by_minute(readings(bench.store, row, STACK, start_ms, end_ms, [O2]), start_ms, end_ms)


def counted(bench: Bench, start_ms: int, end_ms: int) -> dict[int, int]:
    """Return of how many readings the engine made each minute of oxygen."""
    return {f.start_ms: f.n for f in bench.store.figures(STACK, "minute", start_ms, end_ms, O2, "avg")}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {
            "cadence_s": st.sampled_from([30, 60, 90, 300, 3_600, 10_800]),
            "minute_s": st.sampled_from([60, 600, 3_600]),
            "label": st.sampled_from(["start", "end"]),
            "clock_offset_s": st.sampled_from([0, -45, 90, 7_200]),
        }
    ),
    st.sampled_from(["realtime", "minute"]),
    st.lists(st.integers(-300, 150), min_size=1, max_size=12, unique=True),
)
def test_each_minute_shows_what_it_is_made_of(row: dict[str, Any], kind: str, minutes: list[int]) -> None:
    """Of an hour, and of one minute alone, each minute has as many readings as its figure says."""
    bench = Bench(registry(**row))
    stat = "rtd" if kind == "realtime" else "avg"
    bench.lines(
        [line(NOON + timedelta(minutes=m, seconds=20), {O2: 6.0}, kind=kind, stat=stat, delay_s=9_000) for m in sorted(minutes)]
    )
    bench.finish()
    start, end = ms(NOON), ms(NOON) + HOUR_MS
    found = {minute: len(some) for minute, some in shown(bench, start, end).items()}
    assert found == counted(bench, start, end)
    for minute in (start, start + 59 * MINUTE_MS):
        assert len(shown(bench, minute, minute + MINUTE_MS).get(minute, [])) == found.get(minute, 0)


def test_the_reading_before_the_hour() -> None:
    """A reading of 11:57 that stands for five minutes is behind 12:00 and 12:01, and no other is; its flag is drawn over both."""
    bench = Bench(registry(cadence_s=300))
    bench.lines([line(NOON - timedelta(minutes=3), {O2: 6.0}, flags={O2: "C"}), line(NOON + H, {O2: 6.0})])
    found = shown(bench, ms(NOON), ms(NOON) + HOUR_MS)
    assert {minute: [r.time_ms for r in some] for minute, some in found.items()} == {
        ms(NOON) + n * MINUTE_MS: [ms(NOON) - 3 * MINUTE_MS] for n in (0, 1)
    }
    (one,) = {id(r): r for some in found.values() for r in some}.values()
    cells = [(ms(NOON) + n * MINUTE_MS, ms(NOON) + (n + 1) * MINUTE_MS, "C") for n in range(-3, 2)]
    assert strip([one], MINUTE_MS, ms(NOON), ms(NOON) + HOUR_MS) == cells[3:]
    assert strip([one], MINUTE_MS, ms(NOON) - HOUR_MS, ms(NOON) + MINUTE_MS) == cells[:4]


@pytest.mark.parametrize(("label", "hour"), [("start", NOON), ("end", NOON - H)])
def test_a_device_hour_stands_where_it_begins(label: str, hour: Any) -> None:
    """A device's own mean of an hour, labelled 12:00, is shown with the hour that it is of, once, under its first minute."""
    bench = Bench(registry(label=label))
    bench.lines([line(NOON, {O2: 6.0}, kind="hour", stat="avg", delay_s=3_700)])
    assert list(shown(bench, ms(hour), ms(hour) + HOUR_MS)) == [ms(hour)]
    for other in (hour - H, hour + H):
        assert shown(bench, ms(other), ms(other) + HOUR_MS) == {}
