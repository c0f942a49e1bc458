"""Quarters: rates so far, and masses that stand for missing ones, re-issued when a day, a gap or a late hour moves the tier."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from ingest.log import PARTITIONS, Entry
from ingest.records import Mark, MarkType
from ingest.registry import Enterprise, Point, Registry, RulePack, Source
from plumeline.console import evidence, source, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context, View
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from plumeline.texts import speaking
from processors.figures import DAY_MS, HOUR_MS, Figure, Level, epoch_ms
from processors.memory import Settings
from processors.quarters import quarter_of_day
from tests.plumeline.console_given import text_of
from tests.plumeline.fake_store import FakeOutbox
from tests.processors.given import FLOW, MIDNIGHT, SO2, STACK, line, registry, tick

SMALL = """
id = "small"
title = "small look-backs"
title_zh = "短回溯"
base = "cn-flue-gas"
[[rule]]
id = "OWN-SUB"
step = "mass.substituted"
tier_by = "event_length"
event_h_max = 2
capture_high_pct = 90
capture_low_pct = 75
lookback_short_h = 3
lookback_long_h = 6
lookback_low_h = 12
standard = "own"
clause = "own"
clause_zh = "own"
confidence = "seen"
text = "own"
text_zh = "own"
"""
START = epoch_ms(MIDNIGHT)
FLOW_M3_H = 1_000_000.0
"""With it an hour's mass in kg is its mean in mg/m3."""


class County:
    """One stack that sends its own hours, under a pack with look-backs that a person can follow."""

    def __init__(self, folder: Path, rows: Registry | None = None) -> None:
        structlog.reset_defaults()
        self.folder = folder
        packs = (RulePack(id="small", file="small.toml", text=SMALL),)
        self.registry = rows or registry(rules="small").model_copy(update={"packs": packs})
        self.open()

    def open(self) -> None:
        self.log = SqliteLog(self.folder / "log.db")
        self.store = SqliteStore(SqliteWriter(self.folder / "data.db"))
        settings = Settings(hot_ms=6 * HOUR_MS, provisional=False)
        self.runner = Runner(self.log, self.store.writer, self.store, self.registry, settings=settings)

    def hours(self, first: int, values: list[float], flag: str = "N", delay_s: float = 3601) -> None:
        for n, value in enumerate(values, first):
            row = line(
                MIDNIGHT + timedelta(hours=n),
                {SO2: value, FLOW: FLOW_M3_H},
                kind="hour",
                stat="avg",
                flags={SO2: flag},
                delay_s=delay_s,
            )
            self.log.append_now([Entry("reports", 0, row)])

    def mark(self, of: str, type_: MarkType, first: int, last: int) -> None:
        start, end = (MIDNIGHT + timedelta(hours=h) for h in (first, last))
        mark = Mark(id="M1", source=of, type=type_, start=start, end=end, author="operator", set_at=end)
        self.log.append_now([Entry("marks", 0, mark.line())])

    def ticks(self, hours: float, times: int = 4) -> None:
        for n in range(times):
            at = MIDNIGHT + timedelta(hours=hours, minutes=6 + n)
            self.log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
            self.runner.drain()

    def figure(self, stat: str, level: Level, start_ms: int = START) -> Figure:
        found = self.store.figure(STACK, SO2, stat, level, start_ms)
        assert found is not None
        return found


def water_registry(cod: str, flow: str) -> Registry:
    return Registry(
        enterprises=(Enterprise(enterprise="E1", name="E1"),),
        sources=(Source(source="W1", enterprise="E1", outlet="DW001", name="outfall", kind="water", cadence_s=3600),),
        points=(Point(source="W1", factor=cod, unit="mg/L", flow_factor=flow), Point(source="W1", factor=flow, unit="m3/h")),
    )


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    made = County(tmp_path)
    yield made
    made.log.close()


def _day_one(county: County) -> None:
    """23 valid hours: 10 falling to 1 kg, hour 10 faulty, then 2 kg each."""
    county.hours(0, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    county.hours(10, [99], "D")
    county.hours(11, [2] * 13)
    county.ticks(24)


def test_a_short_gap_takes_the_greatest_of_the_hours_before(county: County) -> None:
    """23 of 24 hours are 95.83 %, so that an hour's gap looks back over 3 valid hours: 3, 2, 1 kg. 55 + 26 + 3 = 84."""
    _day_one(county)
    assert county.figure("capture", "quarter").value == 95_833_333
    filled = county.figure("mass_sub", "hour", START + 10 * HOUR_MS)
    assert (filled.number, filled.state, filled.revision) == (3, "provisional", 0)
    assert filled.explain["note"] == "maximum of 3 valid hours before the failure"
    day = county.figure("mass_sub", "day")
    assert (day.number, day.n, day.explain["note"], day.unit) == (84, 23, "1 hours substituted", "kg")
    assert county.figure("mass", "day").number == 81
    assert county.figure("mass_sub", "quarter").number == 84
    assert county.store.figure(STACK, SO2, "mass_sub", "hour", START + 9 * HOUR_MS) is None


def test_a_lower_rate_moves_the_tier_of_hours_before_and_a_late_hour_takes_its_substitute_back(county: County) -> None:
    """41 of 48 hours are 85.42 %: both gaps look back over 12 valid hours. Day one 81 + 10, day two 90 + 6 x 2: 193 kg.

    Hour 10 comes late with 4 kg: 42 of 48 are 87.5 %, and 85 + 102 = 187 kg.
    """
    _day_one(county)
    county.hours(24, [99] * 6, "D")
    county.hours(30, [5] * 18)
    county.ticks(48)
    assert county.figure("capture", "quarter").value == 85_416_667
    filled = county.figure("mass_sub", "hour", START + 10 * HOUR_MS)
    assert (filled.number, filled.explain["note"]) == (10, "maximum of 10 valid hours before the failure, 12 asked")
    assert county.figure("mass_sub", "hour", START + 24 * HOUR_MS).number == 2
    assert [county.figure("mass_sub", "day", START + d * DAY_MS).number for d in (0, 1)] == [91, 102]
    assert county.figure("mass_sub", "quarter").number == 193
    county.hours(10, [4], delay_s=2 * 86_400)
    county.ticks(48.2)
    assert county.figure("capture", "quarter").number == Decimal("87.5")
    back = county.figure("mass_sub", "hour", START + 10 * HOUR_MS)
    assert (back.value, back.reason) == (None, "measured: nothing is substituted any more")
    assert county.figure("mass_sub", "day").reason == "measured: nothing is substituted any more"
    assert county.figure("mass", "day").number == 85
    assert county.figure("mass_sub", "quarter").number == 187


def test_below_the_lower_bound_nothing_is_substituted(county: County) -> None:
    """17 of 24 hours are 70.83 %, below 75: the masses have no substitute, and the sums say so."""
    county.hours(0, [5] * 17)
    county.hours(17, [99] * 7, "D")
    county.ticks(24)
    assert county.figure("capture", "quarter").value == 70_833_333
    hour = county.figure("mass_sub", "hour", START + 20 * HOUR_MS)
    assert (hour.value, hour.reason) == (None, "capture rate below 75 %: manual monitoring or material balance")
    assert (county.figure("mass_sub", "quarter").value, county.figure("mass_sub", "quarter").reason) == (
        None,
        "7 hours have no substitute",
    )


def test_stopped_hours_leave_the_rates_and_silence_is_what_did_not_arrive(county: County) -> None:
    """Of 24 h 4 stopped: 20 due, 18 arrived, 17 valid: capture and effective 85 %, transmission 90 %."""
    county.hours(0, [5] * 17)
    county.hours(17, [99], "D")
    county.hours(18, [0] * 4, "F")
    county.hours(24, [5])
    county.ticks(24)
    found = {stat: county.figure(stat, "quarter") for stat in ("capture", "transmission", "effective")}
    assert {stat: f.number for stat, f in found.items()} == {"capture": 85, "transmission": 90, "effective": 85}
    assert {stat: f.n for stat, f in found.items()} == {"capture": 17, "transmission": 18, "effective": 17}
    assert found["capture"].explain["note"] == "17 valid of 20 operating hours, 4 stopped"
    assert found["transmission"].unit == "%"


def test_the_quarter_is_final_once_its_last_hour_is_decided(tmp_path: Path) -> None:
    """The last day of June is closed in the second quarter, which is over: final, first revision; July's is provisional."""
    county = County(tmp_path)
    county.hours(-24, [5] * 48)
    county.ticks(24)
    june = quarter_of_day(START - DAY_MS, START)
    assert (june.end_ms, june.over) == (START, True)
    second = county.figure("capture", "quarter", june.start_ms)
    assert (second.number, second.state, second.revision, second.n) == (100, "final", 1, 24)
    third = county.figure("capture", "quarter")
    assert (third.state, third.n) == ("provisional", 24)
    county.log.close()


def test_a_day_of_waste_water_takes_the_greatest_of_valid_days_before_the_last_check(tmp_path: Path) -> None:
    """Days of 86 and 23 kg, checked in between, then a day with 17 of 24 results: it takes 86 kg, and its mean stays withheld (EX-3.6).

    With 1,000 m3/h a result of 1 mg/L is 1 kg. The quarter: 86 + 23 + 86 = 195.
    """
    cod, flow = "w01018", "w00000"
    county = County(tmp_path, water_registry(cod, flow))
    values = [3.5] * 22 + [4.5] * 2 + [1.0] * 23 + [9.0] + [4.0] * 17 + [9.0] * 7
    for n, value in enumerate(values):
        flags = {cod: "C" if n == 47 else "D" if n >= 65 else "N"}
        at = MIDNIGHT + timedelta(hours=n)
        row = line(at, {cod: value, flow: 1000.0}, source="W1", kind="hour", stat="avg", flags=flags, delay_s=3601)
        county.log.append_now([Entry("reports", 0, row)])
    county.mark("W1", "calibration", 47, 48)
    county.ticks(72)

    def figure(stat: str, level: Level, day: int = 0) -> Figure:
        found = county.store.figure("W1", cod, stat, level, START + day * DAY_MS)
        assert found is not None
        return found

    assert [figure("mass", "day", d).number for d in (0, 1)] == [86, 23]
    assert (figure("avg", "day", 2).value, figure("avg", "day", 2).reason) == (None, "17 valid results of 24 due")
    assert figure("mass_sub", "day", 2).number == 86
    assert figure("mass_sub", "day", 2).explain["note"] == "maximum of 2 valid days before the last passed check, 30 asked"
    assert figure("mass_sub", "quarter").number == 195
    county.log.close()


def test_pages_show_the_quarter_and_lead_to_its_days_and_hours(county: County) -> None:
    """From the source's page to the quarter's mass, to the day with a substitute, to the hour that says how it was found; in both languages."""
    _day_one(county)
    now_ms = START + 25 * HOUR_MS
    console = Console(county.store, lambda: county.registry, lambda: now_ms, FakeOutbox(), dict)

    def page(make: Callable[[Context], View], language: str = "en", **query: str) -> str:
        with speaking(language):
            made = make(Context(console, now_ms, words.Names(county.registry, now_ms), query))
            return html.unescape(re.sub(r"<[^>]*>", " ", text_of(made)))

    shown = page(source.view, source=STACK)
    assert "quarter 3 of 2026, so far" in shown
    assert re.search(r"95\.8\d*\W+%", shown)
    quarter = county.figure("mass_sub", "quarter")
    assert "1 hours substituted" in page(evidence.view, figure=quarter.id)
    assert "mass with substitutes" in page(evidence.view, figure=county.figure("mass_sub", "day").id)
    hour = county.figure("mass_sub", "hour", START + 10 * HOUR_MS)
    assert "maximum of 3 valid hours before the failure" in page(evidence.view, figure=hour.id)
    assert "故障前 3 个有效小时的最大值" in page(evidence.view, "zh", figure=hour.id)
    assert "2026 年第 3 季度" in page(source.view, "zh", source=STACK)
    data = evidence.as_json(Context(console, now_ms, words.Names(county.registry, now_ms), {"figure": quarter.id}))
    assert data is not None
    assert [d["value"] for d in data["days"]] == ["81", "84"]


def test_a_restart_closes_the_days_that_waited(county: County) -> None:
    """A day that was asked to be closed, and was not yet, is closed after a restart; nothing is asked for twice."""
    county.hours(0, [5] * 25)
    county.log.append_now([Entry("reports", p, tick(MIDNIGHT + timedelta(hours=24, minutes=6))) for p in range(PARTITIONS)])
    county.runner.drain()
    assert county.store.rows("SELECT source, day, cause FROM closings") == [(STACK, START, "day decided")]
    county.log.close()
    county.open()
    county.ticks(25)
    assert county.figure("capture", "quarter").n == 24
    assert county.store.rows("SELECT * FROM closings") == []


def test_a_late_mark_of_a_stop_remakes_the_quarter(county: County) -> None:
    """Seven faulty hours that turn out to be a stop: 17 of 17 hours are 100 %, nothing is substituted any more."""
    county.hours(0, [5] * 17)
    county.hours(17, [99] * 7, "D")
    county.hours(24, [5])
    county.ticks(24)
    county.mark(STACK, "stopped", 17, 24)
    county.ticks(25)
    assert county.figure("capture", "quarter").number == 100
    assert county.figure("mass_sub", "quarter").number == 85  # of the day that is over: what runs comes with its own closing
    taken_back = county.figure("mass_sub", "hour", START + 20 * HOUR_MS)
    assert taken_back.reason == "measured: nothing is substituted any more"
    assert (taken_back.revision, taken_back.state) == (0, "provisional")  # as all substitutes until the quarter is over
