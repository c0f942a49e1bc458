"""Petrol stations on the pages: states of the last days and the refuellings behind them; the same after restarts and in a replay."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.log import PARTITIONS, Entry
from plumeline.console import evidence, source, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context, View
from plumeline.explain import explained
from plumeline.replay import replay
from plumeline.texts import speaking
from processors.figures import DAY_MS, HOUR_MS, Figure
from tests.plumeline.console_given import text_of
from tests.plumeline.fake_store import FakeOutbox
from tests.plumeline.test_quarters import START, County
from tests.processors.given import MIDNIGHT, tick
from tests.processors.test_stations import BAD, DAY, STATION, day_of, evening, filled, sent, station


class Station(County):
    """A petrol station with two nozzles on a log and a store of files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder, station())

    def open(self) -> None:
        super().open()
        self.store.describe = lambda figure: explained(figure, self.registry)

    def again(self) -> None:
        """Stop and start."""
        self.log.close()
        self.store.close()
        self.store.writer.close()
        self.open()

    def send(self, lines: list[bytes]) -> None:
        self.log.append_now([Entry("reports", 0, row) for row in lines])

    def tick(self, day: int, minute: int) -> None:
        at = MIDNIGHT + day * DAY + timedelta(minutes=minute)
        self.log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
        self.runner.drain()

    def of(self, stat: str, day: int = 0, factor: str = "fuel-1") -> Figure:
        found = self.store.figure(STATION, factor, stat, "day", START + day * DAY_MS)
        assert found is not None, (stat, day)
        return found


@pytest.fixture
def two_days(tmp_path: Path) -> Iterator[Station]:
    """Nozzle 1: 6 of 20 out of band, then 5 of 5 good. Nozzle 2: nothing, then 3. The tank: at zero on the second day from 06:00 on."""
    made = Station(tmp_path)
    made.send([*day_of(0, 14, 6), evening(0)])
    for minute in range(6, 10):
        made.tick(1, minute)
    zero = [sent(MIDNIGHT + DAY + timedelta(hours=6, minutes=4 * n), {"tank": 20}) for n in range(200)]
    made.send(sorted([*day_of(1, 5, 0), *day_of(1, 2, 1, nozzle="2"), *zero]))
    for minute in range(6, 10):
        made.tick(2, minute)
    yield made
    made.log.close()


def shown(made: Station, view: Callable[[Context], View], language: str = "en", **query: str) -> str:
    """Return the words of a page in the morning of the third day."""
    now_ms = START + 2 * DAY_MS + HOUR_MS
    console = Console(made.store, lambda: made.registry, lambda: now_ms, FakeOutbox(), dict)
    with speaking(language):
        page = text_of(view(Context(console, now_ms, words.Names(made.registry, now_ms), query)))
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


def test_the_page_shows_fourteen_days(two_days: Station) -> None:
    """Of the last days two were judged: 30 % is a warning, then normal; twelve hours at zero warn of the tank."""
    page = shown(two_days, source.view, source=STATION)
    days = [*(f"{day} Jun" for day in range(19, 31)), "1 Jul", "2 Jul"]  # 14 days before 3 July
    assert " ".join(days) + " nozzle 1 ● 30 % warning – 0 % normal" in page
    assert "nozzle 2 not refuelled not judged" in page
    assert "zero pressure, tank – normal ● warning" in page
    chinese = shown(two_days, source.view, "zh", source=STATION)
    assert "加油枪 1 ● 30 % 预警 – 0 % 正常 加油枪 2 未加油 未判定" in chinese
    assert "零压状态、tank – 正常 ● 预警" in chinese


def test_each_state_leads_to_its_evidence(two_days: Station) -> None:
    """Every judged day of nozzle and tank is a link to the figure that says so."""
    now_ms = START + 2 * DAY_MS
    console = Console(two_days.store, lambda: two_days.registry, lambda: now_ms, FakeOutbox(), dict)
    page = text_of(source.view(Context(console, now_ms, words.Names(two_days.registry, now_ms), {"source": STATION})))
    for day in (0, 1):
        for factor, stat in (("fuel-1", "nozzle"), ("fuel-2", "nozzle"), ("tank", "zero_pressure")):
            figure = two_days.of(stat, day, factor)
            assert f'href="{html.escape(words.evidence_url(figure.id))}"' in page


def test_evidence_of_a_nozzles_day(two_days: Station) -> None:
    """The state as a word, what was counted, the rule with its clause, and each refuelling: 27.3 L for 25 L are 1.092 (EX-6.1)."""
    page = shown(two_days, evidence.view, figure=two_days.of("nozzle").id)
    assert "warning: refuellings that count: 20." in page
    assert "6 of 20 counted refuellings out of band, more than 25 %" in page
    assert "warning with more than 25 % of the day's counted refuellings out of band" in page
    assert "GB 20952-2020, day of a nozzle (annex E, informative; GST-4 to GST-6) (GST-4)" in page
    assert "1 Jul 06:00:00 25 27.3 1.092 1 Jul 06:00:01" in page and "25 20 0.8 " in page
    assert page.count(" no frame") == 20
    share = shown(two_days, evidence.view, figure=two_days.of("nozzle_share").id)
    assert "30 %: refuellings judged: 20." in share and share.count(" no frame") == 20
    chinese = shown(two_days, evidence.view, "zh", figure=two_days.of("nozzle").id)
    assert (
        "预警 ● 预警 – 审定 预警：计入的加油 20 次。" in chinese and "计入的加油 20 次中 6 次超出范围，占比大于 25%" in chinese
    )
    thin = shown(two_days, evidence.view, figure=two_days.of("nozzle", 1, "fuel-2").id)
    assert "Withheld: 1 of 3 counted refuellings out of band, too few to judge (refuellings that count: 3)." in thin
    console = Console(two_days.store, lambda: two_days.registry, lambda: START, FakeOutbox(), dict)
    data = evidence.as_json(
        Context(console, START, words.Names(two_days.registry, START), {"figure": two_days.of("nozzle").id})
    )
    assert data is not None and len(data["readings"]) == 40 and data["figure"]["value"] == "1"


def test_evidence_of_a_tanks_day(two_days: Station) -> None:
    """The state as a word without the pressure's unit, its note, and the hours of the pressure."""
    page = shown(two_days, evidence.view, figure=two_days.of("zero_pressure", 1, "tank").id)
    assert "warning: days with zero pressure in a row: 1." in page and "warning Pa" not in page
    assert "pressure within 50 Pa of zero for 12 h at 2 Jul 2026 18:00" in page
    assert "06:00–07:00" in page


def test_without_a_judged_day_the_page_says_so(tmp_path: Path) -> None:
    """Before the first midnight no state is known, and none is shown."""
    made = Station(tmp_path)
    made.send(day_of(0, 5, 0))
    made.tick(0, 8 * 60)
    assert "No day is judged yet; a day is once it is over." in shown(made, source.view, source=STATION)
    made.log.close()


def test_restarts_and_a_replay_give_the_same_states(tmp_path: Path) -> None:
    """Six days, the first thin until four refuellings of it arrive late: then it warns, and the fifth day of the row alarms.

    One station is never stopped, one at every tick; the log of each gives its states again.
    """
    states = {}
    for name, stopped in (("whole", False), ("stopped", True)):
        made = Station(tmp_path / name)

        def tick_all(day: int, minutes: range, made: Station = made, stopped: bool = stopped) -> None:
            for minute in minutes:
                made.tick(day, minute)
                if stopped:
                    made.again()

        for day in range(6):
            made.send([*day_of(day, 0, 5 if day else 2), evening(day)])
            tick_all(day + 1, range(6, 10))
        assert [made.of("nozzle", day).number for day in range(6)] == [None, 1, 1, 1, 1, 2]
        made.send([filled(MIDNIGHT + timedelta(hours=20, minutes=i), BAD, late_s=5 * 86_400) for i in range(4)])
        tick_all(6, range(20, 40))
        assert [made.of("nozzle", day).number for day in range(6)] == [1, 1, 1, 1, 2, 2]
        assert [made.of("nozzle_row", day).number for day in range(6)] == [1, 2, 3, 4, 5, 6]
        assert [made.of("nozzle", day).revision for day in range(6)] == [2] * 6
        states[name] = made.store.canonical()
        made.log.close()
        told = replay(tmp_path / name, tmp_path / f"{name}-again")
        assert told["figures"] > 0 and told["figures_equal"] and told["events"] > 0 and told["events_equal"]
    assert states["whole"] == states["stopped"]
