"""A month's share of hours within a programme's limit: provisional while it runs, judged once it is over, revised by what comes late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ingest.registry import Limit, Point, Registry, Source
from tests.processors.given import CST, SO2, STACK, line, ms
from tests.processors.test_engine import Bench

JUNE = datetime(2026, 6, 1, tzinfo=CST)
HOURS = 30 * 24


def programme() -> Registry:
    """A stack at an ultra-low limit of 35 mg/m3 and a permit's of 100."""
    limits = (
        Limit(source=STACK, factor=SO2, limit_id="ULTRA-LOW", limit=35, unit="mg/m3", rank="programme"),
        Limit(source=STACK, factor=SO2, limit_id="PERMIT", limit=100, unit="mg/m3", rank="permit"),
    )
    source = Source(source=STACK, enterprise="E1", outlet="DA001", name="stack", kind="flue_gas", cadence_s=3600)
    return Registry(sources=(source,), points=(Point(source=STACK, factor=SO2, unit="mg/m3"),), limits=limits)


def hours(first: int, last: int, beyond: int) -> list[bytes]:
    """Return the device's own hours of June; each twentieth is above ultra-low, up to ``beyond`` of them."""
    high = set(list(range(0, HOURS, 19))[:beyond])
    return [
        line(JUNE + timedelta(hours=h), {SO2: 40.0 if h in high else 20.0}, kind="hour", stat="avg") for h in range(first, last)
    ]


def within(bench: Bench) -> Any:
    """Return the month's figure."""
    return bench.store.figure(STACK, SO2, "within", "month", ms(JUNE))


def told(bench: Bench) -> list[str]:
    """Return what was told of the month."""
    return [kind for kind in bench.events() if kind.startswith("compliance.")]


def run(bench: Bench, until: datetime, ticks: int = 20) -> None:
    """Tick until all days that wait are closed."""
    for n in range(ticks):
        bench.tick(until + timedelta(minutes=6, seconds=10 * n))


@pytest.mark.parametrize(
    ("beyond", "share", "verdict"),
    [(36, 95_000_000, "complies"), (37, 94_861_111, "exceeds")],
    ids=["EX-1.20 36", "EX-1.20 37"],
)
def test_a_month_of_720_hours(beyond: int, share: int, verdict: str) -> None:
    """684 of 720 hours within are 95.00 %, which is enough; 683 are 94.86 %. What the permit allows does not count."""
    bench = Bench(programme())
    bench.lines(hours(0, 240, beyond))
    run(bench, JUNE + timedelta(days=10))
    running = within(bench)
    assert (running.state, running.n, running.revision) == ("provisional", 240, 0)
    bench.lines(hours(240, HOURS, beyond))
    run(bench, JUNE + timedelta(days=30))
    month = within(bench)
    assert (month.value, month.n, month.verdict, month.state) == (share, HOURS, verdict, "final")
    assert (month.unit, month.limit, month.limit_id) == ("%", 95_000_000, "ULTRA-LOW")
    assert month.explain["note"].startswith(f"{beyond} of 720 valid hours beyond the limit")
    assert told(bench) == (["compliance.failed"] if verdict == "exceeds" else [])


def test_an_hour_that_comes_late_moves_the_month() -> None:
    """719 hours with 36 beyond are 94.993 %; the missing one, within, arrives and makes it 95 %."""
    bench = Bench(programme())
    lines = hours(0, HOURS, 36)
    late = lines.pop(700)
    bench.lines(lines)
    run(bench, JUNE + timedelta(days=30))
    assert (within(bench).value, within(bench).verdict) == (94_993_046, "exceeds")  # 683/719
    assert told(bench) == ["compliance.failed"]
    bench.lines([late.replace(b'"backfill":false', b'"backfill":true')])
    run(bench, JUNE + timedelta(days=30, hours=1))
    month = within(bench)
    assert (month.value, month.verdict, month.state, month.revision) == (95_000_000, "complies", "revised", 2)
    assert told(bench) == ["compliance.failed", "compliance.withdrawn"]
