"""Process values of a furnace that left their band: told while the day runs, the same after restarts and in a replay."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ingest.registry import Point, Registry, Source
from plumeline.replay import replay
from tests.plumeline.test_nozzles import Station
from tests.plumeline.test_quarters import County
from tests.processors.given import MIDNIGHT, STACK, line

FILTER = "DP"


class Furnace(Station):
    """A bag filter by the minute from 10:00 to 12:00, band 500 to 2000 Pa: 1,000, but 2,100 from 10:30 to 10:40 and 400 at 11:00."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        row = Source(
            source=STACK,
            enterprise="E1",
            outlet="DA001",
            name="furnace",
            kind="flue_gas",
            cadence_s=60,
            rules="cn-waste-incineration",
        )
        point = Point(source=STACK, factor=FILTER, unit="Pa", role="bag_filter")
        County.__init__(self, folder, Registry(sources=(row,), points=(point,)))
        self.minutes(600, [1000.0] * 30 + [2100.0] * 10 + [1000.0] * 20 + [400.0] + [1000.0] * 59)

    def minutes(self, first: int, values: list[float], delay_s: float = 1) -> None:
        self.send([line(MIDNIGHT + timedelta(minutes=n), {FILTER: v}, delay_s=delay_s) for n, v in enumerate(values, first)])


def test_restarts_and_a_replay_tell_the_same(tmp_path: Path) -> None:
    """Two warnings with their ends at noon, a third by readings that come late; more of them correct the day when it is over.

    Stopped after each tick or never.
    """
    states = {}
    for name, stopped in (("whole", False), ("stopped", True)):
        made = Furnace(tmp_path / name)
        ticks = [*((0, minute) for minute in range(750, 758)), *((1, minute) for minute in range(6, 24))]
        for day, minute in ticks:
            if (day, minute) == (0, 753):
                assert told(made) == ["warning 10:30", "normal 10:40", "warning 11:00", "normal 11:01"]
                made.minutes(650, [400.0] * 2, delay_s=6000)
            if (day, minute) == (1, 12):
                assert told(made)[4:] == [
                    "warning 10:50",
                    "normal 10:52",
                    "corrected until 12:00: 10:30 to 10:40, 10:50 to 10:52, 11:00 to 11:01",
                ]
                made.minutes(720, [2200.0] * 5 + [1000.0] * 5, delay_s=12 * 3600 + 600)
            made.tick(day, minute)
            if stopped:
                made.again()
        assert told(made)[7:] == [
            "warning 12:00",
            "normal 12:05",
            "corrected 10:30 to 10:40, 10:50 to 10:52, 11:00 to 11:01, 12:00 to 12:05",
        ]
        states[name] = (made.store.canonical(), sorted(e.id for e in made.store.events(limit=99)))
        made.log.close()
        again = replay(tmp_path / name, tmp_path / f"{name}-again")
        assert again["figures_equal"] and again["events"] > 0 and again["events_equal"]
    assert states["whole"] == states["stopped"]


def told(made: Furnace) -> list[str]:
    """Return what was told of process values, oldest first: the word of its kind and the times of its text."""
    out = []
    for event in reversed(made.store.events(limit=99, kind="process.")):
        at, text = event.facts.get("at"), str(event.facts["text"])
        times = str(at)[11:16] if at else text.partition("came late; ")[2].replace("outside its band: ", "")
        out.append(f"{event.kind.removeprefix('process.')} {times}")
    return out
