"""A furnace on its pages: slots of a day, what is left out by which mark, the thermocouples behind each; the same after restarts and in a replay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.log import PARTITIONS, Entry
from ingest.records import Mark
from plumeline.console import evidence, source
from plumeline.replay import replay
from processors.figures import Figure
from tests.plumeline.test_nozzles import Station, shown
from tests.plumeline.test_quarters import START, County
from tests.processors.given import MIDNIGHT, STACK, tick
from tests.processors.test_furnace_days import minutes, rows


class Furnace(Station):
    """A furnace with three thermocouples in each section, on a log and a store of files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        County.__init__(self, folder, rows())

    def at(self, hour: int, minute: int) -> None:
        at = MIDNIGHT + timedelta(hours=hour, minutes=minute)
        self.log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
        self.runner.drain()

    def marked(self, state: str = "confirmed") -> None:
        start, end = MIDNIGHT + timedelta(hours=10), MIDNIGHT + timedelta(hours=10, minutes=5)
        mark = Mark(id="M1", source=STACK, type="start_up", start=start, end=end, author="operator", set_at=MIDNIGHT)
        self.log.append_now([Entry("marks", 0, mark.model_copy(update={"state": state}).line())])

    def cold(self) -> Figure:
        found = self.store.figure(STACK, "U1", "cold_slots", "day", START)
        assert found is not None
        return found


@pytest.fixture
def a_day(tmp_path: Path) -> Iterator[Furnace]:
    """Six slots at 846 °C from 10:00 on, the first of them under a mark of start-up; 862.5 °C else (EX-4.1)."""
    made = Furnace(tmp_path)
    made.marked()
    made.send(minutes(0, 1440, range(600, 630)))
    for minute in range(6, 10):
        made.at(24, minute)
    yield made
    made.log.close()


def test_the_page_shows_the_days_slots(a_day: Furnace) -> None:
    """Cold slots bear a sign, the marked one another; each says its temperature, and which mark leaves it out."""
    query = {"source": STACK, "end": "2026-07-02T00:00:00+08:00"}
    page = shown(a_day, source.view, **query)
    assert "Furnace temperature, Wed 1 Jul 2026" in page
    assert "cold five-minute slots – 5" in page
    assert "10:00 – ▲ ▲ ▲ ▲ ▲" in page
    assert "炉膛温度，2026-07-01 周三" in shown(a_day, source.view, "zh", **query)
    assert "Nozzles" not in page


def test_evidence_of_a_day(a_day: Furnace) -> None:
    """Each slot with its thermocouples and medians: 880 and 845 make 862.5 (EX-4.1), 846 of both 846; by which mark one is left out."""
    page = shown(a_day, evidence.view, figure=a_day.cold().id)
    assert "slots in normal operation: 287" in page
    assert "00:00 905.0 880.0 700.0 860.0 830.0 845.0 880.0 845.0 862.5" in page
    assert "846.0 left out by mark start-up (M1)" in page
    assert page.count("too cold") == 5
    chinese = shown(a_day, evidence.view, "zh", figure=a_day.cold().id)
    assert "因标记剔除：启炉（M1）" in chinese and chinese.count("● 偏低") == 5


def test_restarts_and_a_replay_give_the_same(tmp_path: Path) -> None:
    """A day that is told, taken back by a late mark and told again when it is rejected: one furnace is never stopped, one at every tick."""
    states = {}
    for name, stopped in (("whole", False), ("stopped", True)):
        made = Furnace(tmp_path / name)
        made.send(minutes(0, 1440, range(600, 630)))
        hour = 24
        for change in (None, "confirmed", "rejected"):
            if change:
                made.marked(change)
            for minute in range(6, 12):
                made.at(hour, minute)
                if stopped:
                    made.again()
            hour += 1
        told = [e.kind for e in reversed(made.store.events(limit=100)) if e.kind.startswith("furnace.")]
        assert told == ["furnace.cold", "furnace.withdrawn", "furnace.cold"]
        assert (made.cold().number, made.cold().revision) == (6, 3)
        states[name] = made.store.canonical()
        made.log.close()
        again = replay(tmp_path / name, tmp_path / f"{name}-again")
        assert again["figures"] > 0 and again["figures_equal"] and again["events"] > 0 and again["events_equal"]
    assert states["whole"] == states["stopped"]
