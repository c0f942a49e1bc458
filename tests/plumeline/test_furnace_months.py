"""Exceeding days of a month: the sixth is told, a late mark takes it back; the same after restarts and in a replay, and on the page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ingest.log import PARTITIONS, Entry
from ingest.records import Mark
from ingest.registry import Limit, Point, Registry, Source
from plumeline.console import evidence, source
from plumeline.replay import replay
from tests.plumeline.test_nozzles import Station, shown
from tests.plumeline.test_quarters import START, County
from tests.processors.given import MIDNIGHT, STACK, line, tick

NOX, DUST = "a21002", "a34013"
MG = "mg/m3"


def furnace() -> Registry:
    """A furnace with nitrogen oxides and particulates; 250 mg/m³ of NOx by the day."""
    row = Source(
        source=STACK,
        enterprise="E1",
        outlet="DA001",
        name="furnace",
        kind="flue_gas",
        cadence_s=60,
        rules="cn-waste-incineration",
    )
    points = (Point(source=STACK, factor=NOX, unit=MG), Point(source=STACK, factor=DUST, unit=MG))
    limit = Limit(source=STACK, factor=NOX, limit_id="L250", limit=250, unit=MG, stat="avg", averaging="day")
    return Registry(sources=(row,), points=points, limits=(limit,))


class Furnace(Station):
    """Six days: five at 260 mg/m³, the sixth 420 for three hours and 240 after: 262.5, and 240 without the three."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        County.__init__(self, folder, furnace())
        hours = [260.0] * 120 + [420.0] * 3 + [240.0] * 21
        self.send(
            [
                line(MIDNIGHT + timedelta(hours=n), {NOX: value, DUST: 5.0}, kind="hour", stat="avg", delay_s=3601)
                for n, value in enumerate(hours)
            ]
        )

    def mark(self) -> None:
        start = MIDNIGHT + timedelta(days=5)
        end = start + timedelta(hours=3)
        mark = Mark(id="M1", source=STACK, type="start_up", start=start, end=end, author="operator", set_at=end)
        self.log.append_now([Entry("marks", 0, mark.line())])

    def at(self, minute: int) -> None:
        at = MIDNIGHT + timedelta(days=6, minutes=minute)
        self.log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
        self.runner.drain()


def test_restarts_and_a_replay_give_the_same(tmp_path: Path) -> None:
    """Told with the sixth day, taken back once three of its hours are exempt; whether the process stops in between or not."""
    states = {}
    for name, stopped in (("whole", False), ("stopped", True)):
        made = Furnace(tmp_path / name)
        for minute in range(6, 30):
            if minute == 15:
                made.mark()
            made.at(minute)
            if stopped:
                made.again()
        events = [e for e in reversed(made.store.events(limit=200)) if e.kind.startswith("suspension.")]
        assert [(e.kind, e.facts["n"], e.facts["on"]) for e in events] == [
            ("suspension.reached", 6, "2026-07-06"),
            ("suspension.withdrawn", 5, None),
        ]
        month = made.store.figure(STACK, NOX, "exceeding_days", "month", START)
        assert month is not None and (month.number, month.n, month.state) == (5, 6, "provisional")
        states[name] = made.store.canonical()
        made.log.close()
        again = replay(tmp_path / name, tmp_path / f"{name}-again")
        assert again["figures_equal"] and again["events"] > 0 and again["events_equal"]
    assert states["whole"] == states["stopped"]


def test_the_page_and_its_evidence(tmp_path: Path) -> None:
    """The number with its threshold, and each day behind it."""
    made = Furnace(tmp_path)
    for minute in range(6, 14):
        made.at(minute)
    query = {"source": STACK, "end": "2026-07-02T00:00:00+08:00"}
    told = "bound of 5 days, beyond the bound from 2026-07-06"
    page = shown(made, source.view, **query)
    assert "days above a daily limit, 2026-07" in page and told in page
    assert "阈值 5 天，自 2026-07-06 起超过" in shown(made, source.view, "zh", **query)
    figure = made.store.figure(STACK, NOX, "exceeding_days", "month", START)
    assert figure is not None
    behind = shown(made, evidence.view, figure=figure.id)
    assert behind.count("▲ above limit") == 6 and "262.5" in behind
    made.log.close()
