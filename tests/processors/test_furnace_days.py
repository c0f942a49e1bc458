"""Furnace temperature of a closed day, through the engine: the sixth cold slot, taken back and told again; in small batches the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.lifecycle import step
from ingest.log import LogRecord
from ingest.records import Mark, MarkType
from ingest.registry import Point, Registry, Source
from processors.figures import Event, epoch_ms
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
    for size in (1440, 7):
        bench = Bench(rows())
        for first in range(0, 1440, size):
            bench.lines(minutes(first, min(first + size, 1440), range(600, 600 + 5 * slots)))
        close(bench)
        close(bench)
        both.append([(e.id, e.facts) for e in told(bench)])
    assert both[0] == both[1]
    assert len(both[0]) == number
    for _id, facts in both[0]:
        assert facts["at"] == "2026-07-01T10:25:00+08:00"
        assert [s["start"][11:16] for s in facts["slots"]] == ["10:00", "10:05", "10:10", "10:15", "10:20", "10:25"]
        assert {s["degc"] for s in facts["slots"]} == {"846"}


@pytest.mark.parametrize("kind", ["start_up", "abnormal_furnace_temperature"])
def test_a_late_mark_takes_it_back_and_its_rejection_brings_it_again(kind: MarkType) -> None:
    """Told once, taken back with the reason, told again with the slot that was one too many at first; the figure counts what is left."""
    bench = Bench(rows())
    bench.lines(minutes(0, 1440, range(600, 630)))
    close(bench)
    mark = Mark(
        id="M1",
        source=STACK,
        type=kind,
        start=MIDNIGHT + timedelta(hours=10),
        end=MIDNIGHT + timedelta(hours=10, minutes=5),
        author="operator",
        set_at=MIDNIGHT + timedelta(days=1, hours=1),
    )
    for state in ("confirmed", "rejected"):
        bench.feed([LogRecord("marks", 0, 0, 0, mark.model_copy(update={"state": state}).line())])
        close(bench)
    events = [e for e in reversed(bench.store.events(limit=1000)) if e.kind.startswith("furnace.")]
    assert [(e.kind, e.facts["n"], e.facts["at"]) for e in events] == [
        ("furnace.cold", 6, "2026-07-01T10:25:00+08:00"),
        ("furnace.withdrawn", 5, None),
        ("furnace.cold", 6, "2026-07-01T10:25:00+08:00"),
    ]
    assert "cold slots left out by marks: 1" in events[1].facts["text"]
    figures = bench.store.revisions(STACK, "U1", "cold_slots", "day", epoch_ms(MIDNIGHT))
    # a slot is five minutes: 288 in a day, of which one lies under the mark
    assert [(f.number, f.n, f.revision) for f in figures] == [(6, 288, 1), (5, 287, 2), (6, 288, 3)]
    alerts = [alert for event in events for alert in _alerts(event)]
    assert alerts == ["opened"] * 2  # told by themselves: nothing is taken back that nobody was told
    state, phases = {}, []
    for event in events:
        state, made = step(state, event)
        phases += [(a.phase, a.thread) for a in made]
    assert [phase for phase, _ in phases] == ["opened", "withdrawn", "opened"]
    assert len({thread for _, thread in phases}) == 1


def _alerts(event: Event) -> list[str]:
    return [alert.phase for alert in step({}, event)[1]]


def test_a_marked_thermocouple_is_left_out() -> None:
    """(900 + 860) / 2 where the second thermocouple of the upper section, at 700, has a marked fault; without the mark (800 + 860) / 2."""
    source, (u1, u2, _, m1, *_) = rows().sources, rows().points
    for marked, number in ((False, 1), (True, 0)):
        bench = Bench(Registry(sources=source, points=(u1, u2, m1)))
        if marked:
            day = {"start": MIDNIGHT, "end": MIDNIGHT + timedelta(days=1), "set_at": MIDNIGHT}
            fault = Mark(id="M1", source=STACK, type="fault", factors=["U2"], author="logger", **day)
            bench.feed([LogRecord("marks", 0, 0, 0, fault.line())])
        bench.lines([line(MIDNIGHT + timedelta(minutes=n), {"U1": 900.0, "U2": 700.0, "M1": 860.0}) for n in range(1440)])
        close(bench)
        assert len(told(bench)) == number
