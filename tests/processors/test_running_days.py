"""Process values of a furnace while its day runs: told within the hour, taken back by what comes late, whatever the batches; which days go first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.log import LogRecord
from ingest.records import Mark, MarkType
from ingest.registry import Point, Registry, Source
from processors.closers import CLOSINGS_A_TICK, looked_at, next_days
from processors.figures import DAY_MS, HOUR_MS
from processors.memory import SourceMemory
from processors.points import Points, Rules
from tests.processors.given import MIDNIGHT, STACK, line, ms, registry
from tests.processors.test_engine import Bench

FILTER = "DP"
HIGH = range(650, 670)
"""Minutes of the day above 2000 Pa: 10:50 to 11:10."""


def rows(rules: str = "cn-waste-incineration") -> Registry:
    """Return a furnace with a bag filter, band 500 to 2000 Pa."""
    source = Source(source=STACK, enterprise="E1", outlet="DA001", name="furnace", kind="flue_gas", cadence_s=60, rules=rules)
    return Registry(sources=(source,), points=(Point(source=STACK, factor=FILTER, unit="Pa", role="bag_filter"),))


class Day:
    """A day from 10:00 on, whose minutes come in batches."""

    def __init__(self, size: int = 1440) -> None:
        self.bench, self.size, self.at = Bench(rows()), size, 600

    def until(self, minute: int) -> None:
        """Send the minutes before one, and tick there until all that waits is worked off."""
        minutes = [
            line(MIDNIGHT + timedelta(minutes=n), {FILTER: 2100.0 if n in HIGH else 1000.0}) for n in range(self.at, minute)
        ]
        for first in range(0, len(minutes), self.size):
            self.bench.lines(minutes[first : first + self.size])
        self.at = minute
        self.ticks()

    def ticks(self) -> None:
        """Tick five times at the time that is reached."""
        for n in range(5):
            self.bench.tick(MIDNIGHT + timedelta(minutes=self.at, seconds=10 * n))

    def mark(self, state: str, first: int = 640, last: int = 680, type_: MarkType = "maintenance") -> None:
        """Set a mark over minutes of the day: of the point for maintenance, else of the whole source."""
        start, end, now = (MIDNIGHT + timedelta(minutes=n) for n in (first, last, self.at))
        factors = [FILTER] if type_ == "maintenance" else None
        mark = Mark(id="M1", source=STACK, type=type_, factors=factors, start=start, end=end, author="operator", set_at=now)
        self.bench.feed([LogRecord("marks", 0, 0, 0, mark.model_copy(update={"state": state}).line())])
        self.ticks()

    @property
    def told(self) -> list[str]:
        """What was told, oldest first: the word of its kind and what the text says of times."""
        found = [e for e in reversed(self.bench.store.events(limit=1000)) if e.kind.startswith("process.")]
        return [f"{e.kind[8:]} {str(e.facts.get('at', ''))[11:16]}".strip() for e in found]

    @property
    def n(self) -> int:
        """Readings that were looked at."""
        found = self.bench.store.figure(STACK, FILTER, "outside", "day", ms(MIDNIGHT))
        return found.n if found is not None else 0

    @property
    def figure(self) -> tuple[str, int, object]:
        """State, times outside and note of the day."""
        found = self.bench.store.figure(STACK, FILTER, "outside", "day", ms(MIDNIGHT))
        assert found is not None
        return found.state, int(found.number or 0), found.explain["note"]


@pytest.mark.parametrize("size", [1440, 7])
def test_told_within_the_hour(size: int) -> None:
    """Outside at 11:00 it is told, and not as over; at 12:00 that it came back; nothing twice, also not when the day is closed."""
    day = Day(size)
    day.until(655)
    assert day.told == []
    day.until(665)
    assert day.told == ["warning 10:50"]
    assert day.figure == ("provisional", 1, "until 11:00: outside its band: from 10:50")
    assert day.n == 60  # 10:00 to 11:00, though readings of 11:05 are known
    day.until(725)
    assert day.told == ["warning 10:50", "normal 11:10"]
    assert day.figure == ("provisional", 1, "until 12:00: outside its band: 10:50 to 11:10")
    day.until(1446)
    assert day.figure == ("final", 1, "outside its band: 10:50 to 11:10")
    day.until(1510)
    assert day.told == ["warning 10:50", "normal 11:10"]


@pytest.mark.parametrize("size", [1440, 7])
def test_a_late_mark_takes_it_back(size: int) -> None:
    """Corrected once while the day runs, again when the mark is rejected, and not a third time when the day is over."""
    day = Day(size)
    day.until(725)
    day.mark("confirmed")
    assert day.told == ["warning 10:50", "normal 11:10", "corrected"]
    assert day.figure == ("provisional", 0, "until 12:00: not outside its band")
    day.until(785)
    assert day.told[3:] == []
    day.mark("rejected")
    assert day.told[3:] == ["corrected"]
    assert day.figure == ("provisional", 1, "until 13:00: outside its band: 10:50 to 11:10")
    day.until(1446)
    assert day.told[4:] == []
    assert day.figure == ("final", 1, "outside its band: 10:50 to 11:10")


@pytest.mark.parametrize("type_", ["stopped", "start_up"])
def test_a_stop_over_all_that_is_known_takes_it_back(type_: MarkType) -> None:
    """A mark of the whole source leaves no value to look at: also then it is corrected, and a day that ends so has none outside."""
    day = Day()
    day.until(725)
    day.mark("confirmed", 0, 1440, type_)
    assert day.told == ["warning 10:50", "normal 11:10", "corrected"]
    day.until(1446)
    assert day.told[3:] == []
    assert day.figure == ("final", 0, None)


def test_late_readings_take_it_back() -> None:
    """Readings of 10:50 to 11:10 that came twice, first wrong: told, then corrected with the hour that they change."""
    day = Day()
    day.until(725)
    again = [line(MIDNIGHT + timedelta(minutes=n), {FILTER: 1000.0}, delay_s=7200) for n in HIGH]
    day.bench.lines(again)
    day.ticks()
    assert day.told == ["warning 10:50", "normal 11:10", "corrected"]
    assert day.figure == ("provisional", 0, "until 12:00: not outside its band")


def test_which_days_go_first() -> None:
    """One that runs before the oldest that are over; a place that is left over goes to whichever waits; what is not known counts as over."""
    day = ms(MIDNIGHT)
    memory = {name: SourceMemory(decided=day + HOUR_MS) for name in "AB"}
    over, running = [("A", day - 2 * DAY_MS), ("B", day - 2 * DAY_MS), ("A", day - DAY_MS)], [("A", day), ("B", day)]
    assert CLOSINGS_A_TICK == 2
    assert next_days([*reversed(over), *running], memory) == [running[0], over[0]]
    assert next_days(over, memory) == over[:2]
    assert next_days(running, memory) == running
    assert next_days([("gone", day), *running], memory) == [running[0], ("gone", day)]


def test_nothing_is_looked_at_where_no_pack_asks_for_it() -> None:
    """Only points with a role of sources whose pack has the step."""
    assert looked_at(Points(rows(), Rules())) == {0}
    assert looked_at(Points(rows("cn-flue-gas"), Rules())) == set()
    assert looked_at(Points(registry(rules="cn-waste-incineration"), Rules())) == set()
