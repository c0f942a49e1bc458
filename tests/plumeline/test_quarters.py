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
from ingest.records import Mark, MarkState, MarkType
from ingest.registry import Enterprise, Point, Registry, RulePack, Source
from plumeline.console import evidence, source, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context, View
from plumeline.replay import replay
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
manual_results_min = 2
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

    def result(self, name: str, hour: float, kg_h: str, state: MarkState = "confirmed") -> None:
        """File a result of manual monitoring of 45 minutes from an hour on."""
        start = MIDNIGHT + timedelta(hours=hour)
        mark = Mark(
            id=name, source=STACK, factors=[SO2], type="manual", start=start, end=start + timedelta(minutes=45), author="Li Wei",
            set_at=start + timedelta(hours=30), evidence="report 2026-117", state=state, result_kg_h=Decimal(kg_h), method="HJ 57-2017",
        )  # fmt: skip
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


def test_results_of_a_day_of_waste_water_make_its_concentration_and_a_rejected_one_takes_it_back(tmp_path: Path) -> None:
    """10, 20 and 30 mg/L at 100 m3/h, 40 at 300: 18,000 / 600 = 30 mg/L, beside a mean that stays withheld; three are too few. A replay tells the same."""
    cod, flow = "w01018", "w00000"
    (tmp_path / "first").mkdir()
    county = County(tmp_path / "first", water_registry(cod, flow))
    for n in range(25):
        at, values = MIDNIGHT + timedelta(hours=n), {cod: 9.0, flow: 300.0 if n == 18 else 100.0}
        row = line(at, values, source="W1", kind="hour", stat="avg", flags={cod: "D"}, delay_s=3601)
        county.log.append_now([Entry("reports", 0, row)])
    county.ticks(24.1)

    def file(hour: int, mg_l: int, state: MarkState = "confirmed") -> None:
        start = MIDNIGHT + timedelta(hours=hour)
        mark = Mark(
            id=f"R{hour}", source="W1", factors=[cod], type="manual", start=start, end=start + timedelta(hours=1), author="Li Wei", state=state,
            set_at=start + timedelta(hours=30), result_kg_h=Decimal(2), result_mg_l=Decimal(mg_l), method="HJ 828-2017",
        )  # fmt: skip
        county.log.append_now([Entry("marks", 0, mark.line())])

    def made() -> Figure | None:
        return county.store.figure("W1", cod, "avg_sub", "day", START)

    for hour, mg_l in ((1, 10), (7, 20), (13, 30)):
        file(hour, mg_l)
    county.ticks(24.3)
    assert made() is None
    file(18, 40)
    county.ticks(24.5)
    day, mean, mass = (
        made(),
        county.store.figure("W1", cod, "avg", "day", START),
        county.store.figure("W1", cod, "mass_sub", "day", START),
    )
    assert day is not None and mean is not None and mass is not None
    note = "4 results of manual monitoring, weighted by flow"
    assert (day.number, day.unit, day.n, day.explain["note"], day.verdict) == (30, "mg/L", 4, note, None)
    assert (mean.value, mean.revision, mass.number) == (None, 1, 48)
    now_ms = START + 25 * HOUR_MS
    console = Console(county.store, lambda: county.registry, lambda: now_ms, FakeOutbox(), dict)
    for language, told in (
        ("en", "not judged: 30 mg/L (4 results of manual monitoring, weighted by flow)"),
        ("zh", "手工监测结果 4 个，按流量加权"),
    ):
        for figure, times in ((mass, 1), (day, 0)):
            with speaking(language):
                made_page = evidence.view(Context(console, now_ms, words.Names(county.registry, now_ms), {"figure": figure.id}))
                page = html.unescape(re.sub(r"<[^>]*>", " ", text_of(made_page))).replace("\xa0", " ")
            assert page.count("2 kg/h, 10 mg/L, HJ 828-2017") == 1
            assert not times or told in page
    with speaking("en"):
        shown = source.view(Context(console, now_ms, words.Names(county.registry, now_ms), {"source": "W1"})).html["quarter"]
    row = (
        html.unescape(re.sub(r"(<[^>]*>\s*)+", " ", str(shown)))
        .replace("\xa0", " ")
        .split("Concentrations from manual results, 2026-07")[1]
    )
    assert "Wed 1 Jul 2026 w01018 30 mg/L 0 valid results of 24 due 4 results of manual monitoring, weighted by flow " in row
    assert words.evidence_url(day.id) in str(shown)
    file(18, 40, "rejected")
    county.ticks(24.7)
    day = made()
    assert day is not None
    assert (day.value, day.reason) == (None, "measured, or fewer results of manual monitoring than asked")
    county.log.close()
    again = replay(tmp_path / "first", tmp_path / "again")
    assert again["figures_equal"] and again["events_equal"]


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
    assert "Quarter 3 of 2026, so far" in shown
    assert re.search(r"95\.8\d*\W+%", shown)
    quarter = county.figure("mass_sub", "quarter")
    assert "1 hour substituted" in page(evidence.view, figure=quarter.id)
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


def _low(county: County) -> None:
    """17 of 24 hours are 70.83 %: seven masses of 5 kg x 17 = 85 lack a substitute."""
    county.hours(0, [5] * 17)
    county.hours(17, [99] * 7, "D")
    county.hours(24, [5])
    county.ticks(24)


def _masses(county: County) -> tuple[list[Decimal | None], Decimal | None, Decimal | None]:
    hours = [county.figure("mass_sub", "hour", START + h * HOUR_MS).number for h in range(17, 24)]
    return hours, county.figure("mass_sub", "day").number, county.figure("mass_sub", "quarter").number


NOTHING = ([None] * 7, None, None)


def test_late_manual_results_stand_for_what_has_no_substitute(county: County) -> None:
    """One of two asked changes nothing; with 3 and 4 kg/h each hour is 3.5 kg: 85 + 24.5 = 109.5; corrected to 5: 4 kg, 113; rejected: none."""
    _low(county)
    assert _masses(county) == NOTHING
    county.result("R1", 18, "3")
    county.ticks(24.2)
    assert _masses(county) == NOTHING
    county.result("R2", 23.5, "4")  # ends in the next day: it is of the day in which it begins
    county.ticks(24.4)
    assert _masses(county) == ([Decimal("3.5")] * 7, Decimal("109.5"), Decimal("109.5"))
    filled = county.figure("mass_sub", "hour", START + 20 * HOUR_MS)
    assert (filled.explain["note"], filled.reason) == ("2 results of manual monitoring", None)
    measured = county.figure("mass", "hour", START + 20 * HOUR_MS)
    assert (measured.value, measured.reason, measured.revision) == (None, "fault", 1)  # what was measured stays as it was
    assert county.figure("capture", "quarter").value == 70_833_333
    county.result("R2", 23.5, "5")
    county.ticks(24.6)
    assert _masses(county) == ([4] * 7, 113, 113)
    county.result("R2", 23.5, "5", "rejected")
    county.ticks(24.8)
    assert _masses(county) == NOTHING


def test_a_late_manual_result_is_told_as_other_late_marks_are(county: County) -> None:
    """One event for what is filed, one for its rejection: day 1 is closed anew, its marks are due at noon of day 2.

    A draft, and a result of a day that runs, are not told.
    """
    _low(county)
    county.result("R1", 18, "3")
    county.ticks(24.2)
    county.result("R1", 18, "3", "rejected")
    county.result("R2", 19, "4", "draft")
    county.result("R3", 24, "4")
    county.ticks(24.4)
    told = [e for e in reversed(county.store.events(limit=1000)) if e.kind == "mark.late"]
    assert [(e.facts["mark"], e.facts["state"], e.facts["days"], e.facts["late"]) for e in told] == [
        ("R1", "confirmed", 1, False),
        ("R1", "rejected", 1, False),
    ]
    span = "from 2026-07-01T18:00:00+08:00 to 2026-07-01T18:45:00+08:00"
    assert [e.facts["text"] for e in told] == [
        f"Li Wei marked manual monitoring {span}, before the deadline of 2026-07-02T12:00:00+08:00; decided days closed anew: 1",
        f"Li Wei rejected the mark manual monitoring {span}; decided days closed anew: 1",
    ]


def test_a_draft_of_a_result_and_one_of_another_day_change_nothing(county: County) -> None:
    """Two results are asked for: here the second is a draft, then one of the next day."""
    _low(county)
    county.result("R1", 18, "3")
    county.result("R2", 19, "4", "draft")
    county.result("R3", 24, "4")
    county.ticks(24.2)
    assert _masses(county) == NOTHING


def test_manual_results_after_a_restart_and_in_a_replay(tmp_path: Path) -> None:
    """Filed just before a restart they are taken after it; a replay of the same log ends with the same figures."""
    (tmp_path / "first").mkdir()
    county = County(tmp_path / "first")
    _low(county)
    county.result("R1", 18, "3")
    county.result("R2", 19, "4")
    county.runner.drain()
    assert county.store.rows("SELECT source, day, cause FROM closings") == [(STACK, START, "mark R1")]
    county.log.close()
    county.open()
    county.ticks(24.2)
    assert _masses(county)[1:] == (Decimal("109.5"), Decimal("109.5"))
    county.hours(25, [5])
    county.ticks(25)
    county.log.close()
    told = replay(tmp_path / "first", tmp_path / "again")
    assert told["figures_equal"] and told["events_equal"] and told["figures"] > 0


def test_the_evidence_names_the_manual_results(county: County) -> None:
    """Of an hour and, with its days behind it, of what it makes: by whom, when, which method and report; in both languages."""
    _low(county)
    county.result("R1", 18, "3.25")
    county.result("R2", 19, "4")
    county.ticks(24.2)
    now_ms = START + 25 * HOUR_MS
    console = Console(county.store, lambda: county.registry, lambda: now_ms, FakeOutbox(), dict)
    hour = county.figure("mass_sub", "hour", START + 20 * HOUR_MS)
    for language, told in (("en", "Result of manual monitoring by Li Wei"), ("zh", "手工监测结果：")):
        with speaking(language):
            made = evidence.view(Context(console, now_ms, words.Names(county.registry, now_ms), {"figure": hour.id}))
            page = html.unescape(re.sub(r"<[^>]*>", " ", text_of(made))).replace("\xa0", " ")
        assert page.count(told) == 2 and "3.25 kg/h, HJ 57-2017" in page and "report 2026-117" in page
