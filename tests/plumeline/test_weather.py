"""Warnings of the office: judged when a day is closed, corrected by late data and by a changed warning, shown with their evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alerts.lifecycle import step
from alerts.message import render
from alerts.wording import worded
from ingest.log import Entry, partition_of
from ingest.registry import Enterprise, Plan, Registry, Weather, part_of
from plumeline.cli import app
from plumeline.console import evidence, now, weather, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context
from plumeline.texts import speaking
from plumeline.weather import Member, shown
from processors.figures import DAY_MS, HOUR_MS, Event, Figure, epoch_ms
from processors.responses import Warnings, changed_days
from tests.plumeline.console_given import text_of
from tests.plumeline.fake_store import FakeOutbox
from tests.plumeline.test_quarters import County
from tests.processors.given import METER, MIDNIGHT, SO2, STACK, line, registry

DAY_3 = MIDNIGHT + timedelta(days=2)
BEGINS = DAY_3 + timedelta(hours=10)


def warning(**changed: Any) -> Weather:
    """City orange on day 3, 10:00 to 22:00."""
    row = {"warning": "W1", "issuer": "city", "area": "Foshan", "level": "orange", "kind": "PM2.5", "start": BEGINS}
    return Weather.model_validate(row | {"planned_end": DAY_3 + timedelta(hours=22)} | changed)


def plan(**changed: Any) -> Plan:
    """The stack emits 30 % less SO2 under orange."""
    row = {"source": STACK, "factor": SO2, "level": "orange", "reduction_pct": "30", "measure": "one boiler stops"}
    return Plan.model_validate(row | changed)


def office(*warnings: Weather, plans: tuple[Plan, ...] = (plan(),)) -> Registry:
    """The registry of the tests, in city and county."""
    place = Enterprise(enterprise="E1", name="E1", city="Foshan", county="Nanhai")
    return registry().model_copy(update={"enterprises": (place,), "weather": warnings, "plans": plans})


def warned(folder: Path, *warnings: Weather, during: float = 8.7) -> County:
    """Two days at 12 kg/h, and day 3, on which it is ``during`` from 12:00 on."""
    made = County(folder, office(*warnings))
    made.hours(0, [12.0] * 60)
    made.ticks(49)
    made.hours(60, [during] * 12)
    made.ticks(73, 8)
    return made


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    made = warned(tmp_path, warning())
    yield made
    made.log.close()


def reached(county: County, start: datetime = BEGINS) -> Figure:
    return county.figure("reduction", "hour", epoch_ms(start))


def told(county: County) -> list[Event]:
    """The events of reductions, oldest first."""
    found = [e for e in county.store.events(limit=1_000) if e.kind.startswith("weather.")]
    return sorted(found, key=lambda e: (e.time_ms, e.id))


def adopt(county: County, *warnings: Weather, plans: tuple[Plan, ...] = (plan(),)) -> None:
    """Put a new version of the registry on the log, and let its days be closed again."""
    changed = office(*warnings, plans=plans)
    county.log.append_now([Entry("registry", 0, changed.model_dump_json().encode())])
    county.ticks(74, 8)


def test_what_was_not_reached_is_told(county: County) -> None:
    """EX-8.2: 12.0 kg/h before, 8.7 during: 27.5 %, and 30 % are asked for."""
    f = reached(county)
    assert (f.number, f.unit, f.verdict, f.limit_number, f.limit_id) == (Decimal("27.5"), "%", "exceeds", Decimal(30), "W1")
    assert (f.state, f.n) == ("final", 10)
    (event,) = told(county)
    assert (event.id, event.live) == (f"weather.missed/{STACK}/{SO2}/2026-07-03T10:00:00+08:00", False)
    assert event.facts["text"] == (
        f"{SO2} under warning W1 from 2026-07-03T10:00:00+08:00: 27.5 % less, 30 % less asked for;"
        " mean 8.7 in 10 of 10 hours, 12 in the same hours of normal days"
    )
    assert worded(event.facts["text"], "zh") == (
        f"{SO2}，预警 W1，自 2026-07-03 10:00：减少 27.5%，要求减少 30%；应核查 10 小时，其中 10 小时均值 8.7，正常日相同小时均值 12"
    )
    _state, (alert,) = step({}, event)
    assert render(alert, county.registry, "http://x").title.startswith("[YELLOW] Reduction under a warning not reached")
    assert render(alert, county.registry, "http://x", "zh").title.startswith("【黄色】预警期间减排未达要求")


def test_what_was_reached_is_not_told(tmp_path: Path) -> None:
    """EX-8.2: 8.4 kg/h are 30.0 %, and equal is enough."""
    county = warned(tmp_path, warning(), during=8.4)
    assert (reached(county).number, reached(county).verdict, told(county)) == (30, "complies", [])
    county.log.close()


def test_late_data_correct_it(county: County) -> None:
    """Two hours turn out to be 7.2 kg/h: (8 x 8.7 + 2 x 7.2) / 10 = 8.4, which is 30 % less; told once, also after a restart."""
    county.hours(60, [7.2, 7.2], delay_s=90_000)  # of two values of an hour the one received last counts
    county.ticks(75, 12)
    f = reached(county)
    assert (f.number, f.verdict, f.state) == (30, "complies", "revised")
    assert [e.kind for e in told(county)] == ["weather.missed", "weather.corrected"]
    before = county.store.canonical()
    county.log.close()
    county.open()
    county.ticks(76)
    assert county.store.canonical() == before
    assert len(told(county)) == 2


def test_a_baseline_day_that_is_filled_in_late_corrects_it_too(county: County) -> None:
    """Of day 2 hours 12 and 13 were 6 kg/h: their baseline is 9, the mean of all (8 x 12 + 2 x 9) / 10 = 11.4; 8.7 is 23.68 % less."""
    county.hours(36, [6.0, 6.0], delay_s=90_000)
    county.ticks(75, 12)
    assert str(reached(county).number) == "23.684211"
    assert len(told(county)) == 1


def test_the_order_of_what_came_does_not_matter(tmp_path: Path) -> None:
    """An hour of day 1 in time or last of all: two responses, the same figures from the same inputs."""
    day_2 = MIDNIGHT + timedelta(days=1)
    earlier = warning(warning="W0", level="yellow", start=day_2, planned_end=day_2 + timedelta(hours=12))
    long_ago = DAY_3 - timedelta(days=31)
    old = warning(warning="WX", start=long_ago, planned_end=long_ago + timedelta(days=1))
    rows = office(old, earlier, warning(), plans=(plan(level="yellow", reduction_pct="10"), plan()))
    found = []
    for name, late in (("in time", False), ("late", True)):
        (tmp_path / name).mkdir()
        county = County(tmp_path / name, rows)
        for first, last in ((0, 5), (6, 60)) if late else ((0, 60),):
            county.hours(first, [12.0] * (last - first))
        county.ticks(49, 8)
        county.hours(60, [8.7] * 12)
        county.ticks(73, 8)
        county.hours(5, [12.0] * late, delay_s=90_000 * 4)
        county.ticks(170, 12)
        found.append([(f.value, f.reason, f.inputs, f.rules) for f in (reached(county, day_2), reached(county))])
        county.log.close()
    assert found[0] == found[1]
    assert [value for value, *_ in found[0]] == [0, 27_500_000]


def test_energy_is_verified_by_its_meter(tmp_path: Path) -> None:
    """100 kWh an hour before, 60 from 12:00 on: 40 % less, and 30 % are asked for."""
    county = County(tmp_path, office(warning(), plans=(plan(source=METER, factor="kwh", stat="energy"),)))
    register = 0
    for hour in range(73):
        row = line(MIDNIGHT + timedelta(hours=hour), {"kwh": float(register)}, source=METER, kind="register", stat="reg")
        county.log.append_now([Entry("reports", partition_of(METER), row)])
        register += 60 if hour >= 60 else 100
        if hour % 24 == 1:
            county.ticks(hour, 1)
    county.ticks(73, 8)
    f = county.store.figure(METER, "kwh", "reduction", "hour", epoch_ms(BEGINS))
    assert f is not None
    assert (f.number, f.verdict, f.n) == (40, "complies", 10)
    county.log.close()


def test_so_far_while_it_lasts(tmp_path: Path) -> None:
    """Until its last hour is decided the figure is provisional and nothing is told of it."""
    county = warned(tmp_path, warning(planned_end=DAY_3 + timedelta(days=2)))
    f = reached(county)
    assert (f.number, f.state, f.verdict, f.n) == (Decimal("27.5"), "provisional", "exceeds", 12)
    assert told(county) == []
    (each,) = shown(county.registry, _figure_of(county), epoch_ms(DAY_3 + timedelta(days=1)))
    assert (each.state, each.members[0].result) == ("active", "not met")
    county.log.close()


def test_a_warning_that_ends_early_is_judged_anew(tmp_path: Path) -> None:
    """Planned for two days more, it ended at 22:00 of day 3: a new version of the registry, and the figure is decided."""
    long = warning(planned_end=DAY_3 + timedelta(days=2))
    county = warned(tmp_path, long)
    adopt(county, long.model_copy(update={"end": DAY_3 + timedelta(hours=22)}))
    f = reached(county)
    assert (f.number, f.state, f.n) == (Decimal("27.5"), "final", 10)
    assert [e.kind for e in told(county)] == ["weather.missed"]
    county.log.close()


def test_a_warning_that_is_taken_back(county: County) -> None:
    """It ended as it began: the figure has no value any more, and what was told is corrected."""
    adopt(county, warning(end=BEGINS))
    f = reached(county)
    assert (f.number, f.verdict, f.reason) == (None, None, "no warning asks for this reduction any more")
    assert [e.kind for e in told(county)] == ["weather.missed", "weather.corrected"]
    assert worded(told(county)[1].facts["text"], "zh").endswith("已没有预警要求该项减排")
    adopt(county, warning(end=BEGINS))
    assert len(told(county)) == 2


def test_a_warning_without_a_plan_makes_a_day_abnormal(county: County) -> None:
    """Day 2 is known late to have been one of yellow: only day 1 is left, on which it was 12 kg/h too, so that only the inputs differ."""
    before = reached(county)
    day_2 = MIDNIGHT + timedelta(days=1)
    yellow = warning(warning="W0", level="yellow", start=day_2, planned_end=day_2 + timedelta(hours=20))
    adopt(county, warning(), yellow)
    after = reached(county)
    assert (after.number, after.revision, after.inputs == before.inputs) == (before.number, 2, False)


def test_a_changed_plan_is_judged_anew(county: County) -> None:
    """The plan asked for 25 %, which was reached."""
    adopt(county, warning(), plans=(plan(reduction_pct=Decimal(25)),))
    assert (reached(county).verdict, reached(county).limit_number) == ("complies", 25)


def test_a_replay_repeats_it(county: County, tmp_path: Path) -> None:
    """The same log into a new store, read in one go, a changed plan among it: the same figures and the same events."""
    adopt(county, warning(), plans=(plan(reduction_pct=Decimal(28)),))
    county.hours(60, [7.2, 7.2], delay_s=90_000)
    county.ticks(75, 12)
    county.log.close()
    other = tmp_path / "again"
    other.mkdir()
    (other / "log.db").write_bytes((county.folder / "log.db").read_bytes())
    again = County(other, office(warning()))
    again.runner.drain()
    assert again.store.canonical() == county.store.canonical()
    assert [e.id for e in told(again)] == [e.id for e in told(county)]
    assert len(told(again)) == 2
    again.log.close()


@pytest.mark.parametrize(
    ("level", "kind", "counts"),
    [
        pytest.param("yellow", "PM2.5", "W1", id="a milder one beside it changes nothing"),
        pytest.param("red", "PM2.5", "W2", id="a stricter one counts"),
        pytest.param("red", "O3", "W2", id="a stricter one of another kind too"),
    ],
)
def test_the_strictest_of_the_chain(level: str, kind: str, counts: str) -> None:
    """EX-8.3: city orange; at the same time the county's other warning."""
    other = warning(warning="W2", issuer="county", area="Nanhai", level=level, kind=kind)
    plans = tuple(plan(level=each, reduction_pct=str(pct)) for each, pct in (("yellow", 10), ("orange", 30), ("red", 50)))
    (only,) = Warnings(office(warning(), other, plans=plans)).responses(STACK)
    assert only.warning == counts


def test_who_does_not_answer_to_a_warning() -> None:
    """Another city's warning, one for ozone where the plan is for fine dust, an exempt source, a plan that does not hold yet."""
    assert Warnings(office(warning(area="Zhaoqing"))).responses(STACK) == []
    assert Warnings(office(warning(kind="O3"), plans=(plan(kind="PM2.5"),))).responses(STACK) == []
    exempt = Plan(source=STACK, level="orange", exempt="yes")
    assert Warnings(office(warning(), plans=(exempt,))).responses(STACK) == []
    assert Warnings(office(warning(), plans=(plan(valid_from="2026-07-04"),))).responses(STACK) == []
    assert len(Warnings(office(warning(), plans=(plan(valid_from="2026-07-03"),))).responses(STACK)) == 1


def test_a_warning_that_is_raised_and_lowered_has_three_responses() -> None:
    """Yellow for a day, orange within it: before, during and after are judged each for itself; equal neighbours are one."""
    yellow = warning(warning="Y", level="yellow", start=DAY_3, planned_end=DAY_3 + timedelta(days=1))
    goes_on = warning(warning="Y2", level="yellow", start=DAY_3 + timedelta(days=1), planned_end=DAY_3 + timedelta(days=2))
    plans = (plan(level="yellow", reduction_pct="10"), plan())
    found = Warnings(office(yellow, warning(), goes_on, plans=plans)).responses(STACK)
    start = epoch_ms(DAY_3)
    hours = [((r.start_ms - start) // HOUR_MS, (r.end_ms - start) // HOUR_MS, r.plan.level, r.warning) for r in found]
    assert hours == [(0, 10, "yellow", "Y"), (10, 22, "orange", "W1"), (22, 48, "yellow", "Y")]


def test_what_a_change_closes_again() -> None:
    """The day on which a response begins, or a warning does or ends, that only one of the two knows; a contact or a note changes nothing."""
    before = office(warning())
    assert changed_days(before, before.model_copy(update={"contacts": ()})) == []
    assert changed_days(before, office(warning(note="called at noon"))) == []
    later = office(warning(start=BEGINS + timedelta(days=1), planned_end=BEGINS + timedelta(days=2)))
    day = epoch_ms(DAY_3)
    assert changed_days(before, later) == [(STACK, day), (STACK, day + DAY_MS), (STACK, day + 2 * DAY_MS)]
    assert part_of(before, lambda source: source == METER).plans == ()


def _figure_of(county: County) -> Any:
    return lambda source, factor, stat, start: county.store.figure(source, factor, stat, "hour", start)


def _context(county: County, at: datetime, **query: str) -> Context:
    at_ms = epoch_ms(at)
    console = Console(county.store, lambda: county.registry, lambda: at_ms, FakeOutbox(), dict)
    return Context(console, at_ms, words.Names(county.registry, at_ms), query)


@pytest.mark.parametrize(("language", "result"), [("en", "not reached"), ("zh", "未达到")])
def test_the_page(county: County, language: str, result: str) -> None:
    """Level, what is asked for, what was reached, and the way to the hours behind it; the page Now names it while it holds."""
    with speaking(language):
        page = text_of(weather.view(_context(county, DAY_3 + timedelta(days=2))))
        assert result in page and "27.5" in page and "one boiler stops" in page
        figure = reached(county)
        assert words.evidence_url(figure.id).replace("&", "&amp;") in page
        shown_hours = str(evidence.view(_context(county, DAY_3 + timedelta(days=2), figure=figure.id)).html["inputs"])
        assert shown_hours.count("%2Fmass%2Fhour%2F") == 12
        assert "Foshan" in text_of(now.view(_context(county, BEGINS)))
        assert "Foshan" not in text_of(now.view(_context(county, BEGINS - timedelta(seconds=1))))


def test_the_page_without_warnings(county: County) -> None:
    """A month after its end a warning is no longer shown, and the page says where warnings stand."""
    page = text_of(weather.view(_context(county, DAY_3 + timedelta(days=32))))
    assert "weather.csv" in page and "W1" not in page


def test_who_is_exempt_and_who_has_no_plan() -> None:
    """An exempt source is listed as such; the meter of the same enterprise has no plan."""
    exempt = Plan(source=STACK, level="orange", exempt="yes", grade="A")
    (each,) = shown(office(warning(), plans=(exempt,)), lambda *_: None, epoch_ms(BEGINS))
    assert ([m.result for m in each.members], each.without, each.state) == (["exempt"], 1, "active")
    (each,) = shown(office(warning()), lambda *_: None, epoch_ms(BEGINS) - 1)
    assert ([m.result for m in each.members], each.state) == (["waiting"], "planned")
    assert Member(plan()).result == "stricter"


def test_the_command(county: County) -> None:
    """``--json`` holds what the page shows."""
    ran = CliRunner().invoke(app, ["weather", "--data", str(county.folder), "--json"])
    (told_,) = json.loads(ran.output)["warnings"]
    (row,) = told_["plans"]
    assert (told_["warning"], told_["state"], row["asked_pct"], row["reached_pct"]) == ("W1", "ended", "30", "27.5")
    assert (row["result"], row["so_far"], row["figure"]) == ("not met", False, reached(county).id)
    plain = CliRunner().invoke(app, ["weather", "--data", str(county.folder)])
    assert "W1 orange" in plain.output and "27.5" in plain.output


@pytest.mark.parametrize(
    ("language", "words_"),
    [("en", "from 70 % of the limit on: a pollution-weather warning (orange)"), ("zh", "重污染天气预警（橙色）生效")],
)
def test_an_early_warning_says_why_it_is_early(language: str, words_: str) -> None:
    """Level and percentage stand in the message while a warning holds, and nothing of them without one."""
    hour = {"hour_start": "2026-07-03T12:00:00+08:00", "hour_end": "2026-07-03T13:00:00+08:00"}
    known = {"expected": "x", "episode": "x", "stat": "avg_ref", "unit": "mg/m3", "limit": "35", "limit_id": "L35", "times": 1}
    facts = {**known, **hour, "by": "hour so far", "n": 20, "rest": "40", "above_min": 10, "value": "26", "likely": 3, "of": 24}
    for more, said in (({}, False), ({"level": "orange", "opens_pct": 70}, True)):
        event = Event("exceedance.expected/x", "exceedance.expected", STACK, SO2, epoch_ms(BEGINS), True, {**facts, **more})
        _state, (alert,) = step({}, event)
        body = " ".join(render(alert, office(warning()), "http://x", language).body)
        assert (words_ in body) == said


@pytest.mark.parametrize(("edition", "level"), [("2017", None), ("2024", "yellow")])
def test_a_forecast(tmp_path: Path, edition: str, level: str | None) -> None:
    """EX-8.1: 170 for 50 h."""
    (tmp_path / "aqi.csv").write_text("aqi\n" + "170\n" * 50)
    ran = CliRunner().invoke(app, ["weather", "--forecast", str(tmp_path / "aqi.csv"), "--edition", edition, "--json"])
    assert json.loads(ran.output)["level"] == level


def test_a_forecast_with_a_fault(tmp_path: Path) -> None:
    """File, line, value and remedy."""
    (tmp_path / "aqi.csv").write_text("aqi\n170\nhigh\n")
    ran = CliRunner().invoke(app, ["weather", "--forecast", str(tmp_path / "aqi.csv")])
    assert ran.exit_code != 0
    told_ = ran.output + str(ran.exception)
    assert 'aqi.csv:3: aqi "high" is no whole number' in told_ and "leave the cell empty" in told_
