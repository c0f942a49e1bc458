"""Furnace temperature of a closed day, through the engine: the sixth cold slot; read at once or in small batches, the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ingest.registry import Point, Registry, Source
from tests.processors.given import CST, STACK, line
from tests.processors.test_engine import Bench

MIDNIGHT = datetime(2026, 7, 1, tzinfo=CST)
ROLES = {"U1": "upper/1", "U2": "upper/2", "U3": "upper/3", "M1": "middle/1", "M2": "middle/2", "M3": "middle/3"}
WARM, COLD = (905.0, 880.0, 700.0, 860.0, 830.0, 845.0), (845.0, 848.0, 846.0, 845.0, 848.0, 846.0)


def rows() -> Registry:
    """Return a furnace with three thermocouples in each section."""
    source = Source(
        source=STACK,
        enterprise="E1",
        outlet="DA001",
        name="furnace",
        kind="flue_gas",
        cadence_s=60,
        rules="cn-waste-incineration",
    )
    points = tuple(Point(source=STACK, factor=f, unit="degC", role=f"furnace_{role}") for f, role in ROLES.items())
    return Registry(sources=(source,), points=points)


def minutes(first: int, last: int, cold: range) -> list[bytes]:
    """Return minutes of the day, those of ``cold`` at 846 °C by both medians, the others at 862.5 (EX-4.1)."""
    return [
        line(MIDNIGHT + timedelta(minutes=n), dict(zip(ROLES, COLD if n in cold else WARM, strict=True)))
        for n in range(first, last)
    ]


def told(bench: Bench) -> list[Any]:
    """Return what was told of cold furnaces, oldest first."""
    return [e for e in reversed(bench.store.events(limit=1000)) if e.kind == "furnace.cold"]


def close(bench: Bench) -> None:
    """Tick until the day is closed."""
    for n in range(12):
        bench.tick(MIDNIGHT + timedelta(days=1, minutes=6, seconds=10 * n))


@pytest.mark.parametrize(("slots", "number"), [(0, 0), (5, 0), (6, 1)], ids=["EX-4.1", "EX-4.2 five", "EX-4.2 six"])
def test_the_sixth_cold_slot_is_told(slots: int, number: int) -> None:
    """Five are none too many; the sixth is told, with each slot, wherever batches are cut."""
    both = []
    for step in (1440, 7):
        bench = Bench(rows())
        for first in range(0, 1440, step):
            bench.lines(minutes(first, min(first + step, 1440), range(600, 600 + 5 * slots)))
        close(bench)
        close(bench)
        both.append([(e.id, e.facts) for e in told(bench)])
    assert both[0] == both[1]
    assert len(both[0]) == number
    for _id, facts in both[0]:
        assert facts["at"] == "2026-07-01T10:25:00+08:00"
        assert [s["start"][11:16] for s in facts["slots"]] == ["10:00", "10:05", "10:10", "10:15", "10:20", "10:25"]
        assert {s["degc"] for s in facts["slots"]} == {"846"}
