"""Checks of monitors as marks: hours they make invalid, live, late, in any order, after a restart; and what is told of them."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.wording import worded
from ingest.log import LogRecord
from ingest.records import Mark
from ingest.registry import Registry, RulePack
from processors.packs import PackFault, parse_pack
from processors.rules.averaging import CALIBRATION, OUT_OF_CONTROL
from tests.processors.given import FLOW, NOON, O2, SO2, STACK, line, records, registry, stack_hour, ticks
from tests.processors.test_engine import Bench

HOURS = 5
"""Hours of readings from noon on."""
DAY_H = 24


def rows(checks: str = "manual", **of_source: Any) -> Registry:
    known = registry(**of_source)
    points = tuple(p.model_copy(update={"checks": checks}) if p.factor == SO2 else p for p in known.points)
    return known.model_copy(update={"points": points})


def check(name: str, hour: float, before: str, *, after: str | None = None, kind: str = "zero", **more: Any) -> bytes:
    """Return a check of SO2 with gas, ten minutes from so many hours after noon; at 0 of a span of 100."""
    start, end = NOON + timedelta(hours=hour), NOON + timedelta(hours=hour, minutes=10)
    numbers = {"check": kind, "reference": "0", "before": before, "after": after, "span": "100"}
    row = {"id": name, "source": STACK, "type": "calibration", "start": start.isoformat(), "end": end.isoformat()}
    row |= {"author": "Li Wei", "set_at": end.isoformat(), "factors": [SO2]}
    return json.dumps(row | {"v": 1} | numbers | more).encode()


def put(bench: Bench, *marks: bytes) -> None:
    for one in marks:
        bench.feed([LogRecord("marks", 0, 0, 0, one)])


def readings(first: int = 0, hours: int = HOURS) -> list[bytes]:
    lines = [one for n in range(first, first + hours) for one in stack_hour(NOON + timedelta(hours=n), 20.0)]
    return [*lines, line(NOON + timedelta(hours=first + hours), {SO2: 20.0, O2: 6.0, FLOW: 1.0})]


def over(bench: Bench, hours: float = HOURS + 1, times: int = 6) -> None:
    for n in range(times):
        bench.tick(NOON + timedelta(hours=hours, seconds=10 * n))


def reasons(bench: Bench, first: int = 0, hours: int = HOURS) -> list[str | None]:
    """Return why hours have no value, None for each that has one."""
    return [bench.hour(SO2, "avg", NOON + timedelta(hours=n)).reason for n in range(first, first + hours)]


def told(bench: Bench, kind: str = "calibration.") -> list[str]:
    return [str(e.facts["text"]) for e in reversed(bench.store.events(kind=kind, limit=100))]


OUT, OVERDUE = "0 valid minutes of 45 (out of control)", "0 valid minutes of 45 (overdue calibration)"


@pytest.mark.parametrize("hot_hours", [48, 1])
def test_hours_are_made_anew_when_a_check_comes_late(hot_hours: int) -> None:
    """6 % of the span is beyond 5 %: from the check on nothing counts, and again once a check at 15:00 in tolerance comes."""
    bench = Bench(rows(), hot_hours)
    bench.lines(readings())
    over(bench)
    assert reasons(bench) == [None] * HOURS
    put(bench, check("bad", 1, "6"))
    over(bench, HOURS + 2)
    assert reasons(bench) == [None, OUT, OUT, OUT, OUT]
    assert bench.hour(SO2, "mass", NOON + timedelta(hours=2)).reason == OUT
    assert reasons_of_oxygen(bench) == [None] * HOURS
    put(bench, check("good", 3, "2.5"))
    over(bench, HOURS + 3)
    assert reasons(bench) == [None, OUT, OUT, None, None]
    put(bench, check("bad", 1, "6", state="rejected", set_at=(NOON + timedelta(hours=8)).isoformat()))
    over(bench, HOURS + 4)
    assert reasons(bench) == [None] * HOURS


def reasons_of_oxygen(bench: Bench) -> list[str | None]:
    return [bench.hour(O2, "avg", NOON + timedelta(hours=n)).reason for n in range(HOURS)]


def test_the_order_in_which_checks_and_readings_come_changes_no_figure() -> None:
    """Before the readings or after them, in whatever order: the same figures."""
    marks = (check("a", 0, "0.1"), check("b", 1, "6", after="4"), check("c", 3.25, "0.3"), check("d", 3, "12", kind="span"))
    made = []
    for n, order in enumerate(permutations(marks)):
        if n % 5:  # every fifth of the 24 orders
            continue
        bench = Bench(rows())
        put(bench, *order[: n % 4])
        bench.lines(readings())
        over(bench)
        put(bench, *order[n % 4 :])
        over(bench, HOURS + 2)
        made.append(bench.store.canonical())
    assert len(made) == 5 and all(figures == made[0] for figures in made) and made[0]
    # "b" left it at 4 %, which does not meet the requirement; the zero check "c" does, the span check "d" found 12 % before and holds on
    assert reasons(bench) == [None, OUT, OUT, OUT, OUT]


def test_a_check_that_mends_what_it_finds() -> None:
    """Out of control no longer than the check takes, and told; substitution looks back from no check within such a stretch."""
    bench = Bench(rows())
    put(bench, check("a", 1, "6", after="0.1"), check("b", 2, "6"), check("c", 2.5, "0.1", kind="span"), check("d", 4, "0.1"))
    spans = {(s.code, (s.start_ms - int(NOON.timestamp() * 1000)) / 3_600_000) for s in bench.runner.engine.spans}
    found = {(code, round(hour, 2)) for code, hour in spans if code in (CALIBRATION, OUT_OF_CONTROL)}
    assert found == {(OUT_OF_CONTROL, 1), (OUT_OF_CONTROL, 2), (CALIBRATION, 4)}
    first, second = told(bench, "calibration.out_of_control")
    noon = "2026-07-01T1"
    assert first == (
        f"zero check of {SO2} at {noon}3:00:00+08:00: drift of 6 % of full scale; 2.5 % is allowed, out of control beyond 5 %;"
        f" adjusted, and in tolerance again at {noon}3:10:00+08:00"
    )
    assert second.endswith("its values do not count until a check is in tolerance")
    assert worded(first, "zh") == (
        "2026-07-01 13:00 a21026 零点检查：漂移为满量程的 6%；允许 2.5 %，超过 5 % 为失控；已调整，2026-07-01 13:10 恢复合格"
    )


def test_a_comparison_makes_no_value_invalid() -> None:
    """The gas is the stack's own while a second method measures beside the monitor."""
    bench = Bench(rows())
    put(bench, check("a", 1, "40", kind="comparison"))
    bench.lines(readings())
    over(bench)
    assert reasons(bench) == [None] * HOURS and told(bench) == []


def test_overdue_from_the_due_time_on_and_told_once() -> None:
    """Seven days after the check at 12:00; a check filed late that was made in time takes it back."""
    bench, first = Bench(rows(), 12), 7 * DAY_H - 2
    put(bench, check("a", 0, "0.1"))
    bench.lines(readings(first))
    over(bench, first + 1.5)
    assert told(bench) == []
    over(bench, first + HOURS + 1)
    assert reasons(bench, first) == [None, None, OVERDUE, OVERDUE, OVERDUE]
    over(bench, first + HOURS + 2)
    due = "2026-07-08T12:00:00+08:00"
    sentence = f"the zero check of {SO2} was due at {due}, and none is known: its values do not count until one is made"
    assert told(bench) == [sentence]
    assert worded(sentence, "zh") == f"{SO2} 零点检查应不晚于 2026-07-08 12:00 完成，至今没有记录：完成之前其数据无效"
    (event,) = bench.store.events(kind="calibration.overdue", limit=10)
    bench.runner.adopt(bench.runner.registry)  # a restart tells it again, under the same identity
    over(bench, first + HOURS + 3)
    assert [e.id for e in bench.store.events(kind="calibration.overdue", limit=10)] == [event.id]
    put(bench, check("b", 7 * DAY_H - 1, "0.1"))
    over(bench, first + HOURS + 4)
    assert reasons(bench, first) == [None] * HOURS


def test_what_is_told_hangs_on_no_cut_of_a_batch() -> None:
    """The same records one by one, in sevens and all at once: the same figures, and the same events with their times."""
    first = 7 * DAY_H - 2
    given_records = [LogRecord("marks", 0, 0, 0, check("a", 0, "0.1"))]
    given_records += records(readings(first))
    for n in range(3):
        given_records += ticks(NOON + timedelta(hours=first + HOURS + n, minutes=10), 1)
    given_records += [LogRecord("marks", 0, 0, 0, check("b", first + 4, "6"))]
    given_records += ticks(NOON + timedelta(hours=first + HOURS + 4), 1)
    made = []
    for size in (1, 7, len(given_records)):
        bench = Bench(rows(), 12)
        for at in range(0, len(given_records), size):
            bench.feed(given_records[at : at + size])
        events = [(e.id, e.time_ms, e.facts) for e in bench.store.events(kind="calibration.", limit=100)]
        made.append((bench.store.canonical(), sorted(events, key=lambda e: e[0])))
    assert made[0] == made[1] == made[2] and len(made[0][1]) == 2


@pytest.mark.parametrize(("checks", "checked"), [("", True), ("manual", False)])
def test_nobody_is_overdue_who_keeps_no_checks(checks: str, checked: bool) -> None:
    """Neither where the registry does not say that they are kept, nor before the first of them."""
    bench = Bench(rows(checks), 12)
    put(bench, *([check("a", 0, "0.1")] if checked else []))
    bench.lines(readings(30 * DAY_H, 1))
    over(bench, 30 * DAY_H + 2)
    assert reasons(bench, 30 * DAY_H, 1) == [None] and told(bench) == []


def test_a_restart_knows_what_is_unfit() -> None:
    """It is made anew from the marks that are kept."""
    bench = Bench(rows())
    put(bench, check("a", 1, "6"), check("b", 2, "12", kind="span"))
    before = bench.runner.engine.spans, list(bench.runner.engine.checks.unfit())
    bench.runner.adopt(bench.runner.registry)
    assert (bench.runner.engine.spans, list(bench.runner.engine.checks.unfit())) == before and len(before[1]) == 4


def test_a_pack_that_counts_such_values() -> None:
    """What a channel out of control does is the pack's to say, as for a mark of that type."""
    text = """
id = "mild"
title = "mild"
title_zh = "mild"
base = "cn-flue-gas"
without = ["mark.exempt"]
[[rule]]
id = "OWN"
step = "mark.classes"
classes = [{ marks = ["out_of_control"], data = "valid", mean = true, judged = true, capture = "included", mass = "measured" }]
standard = "own"
clause = "own"
clause_zh = "own"
confidence = "seen"
text = "own"
text_zh = "own"
"""
    known = rows(rules="mild").model_copy(update={"packs": (RulePack(id="mild", file="mild.toml", text=text),)})
    bench = Bench(known)
    put(bench, check("a", 1, "6"))
    bench.lines(readings())
    over(bench)
    assert reasons(bench) == [None] * HOURS


@pytest.mark.parametrize(
    ("change", "told_of"),
    [
        ({"check": None}, "without check"),
        ({"type": "maintenance"}, "of type calibration and of one factor"),
        ({"factors": None}, "of one factor"),
        ({"factors": [SO2, O2]}, "of one factor"),
        ({"before": None}, "without before"),
        ({"reference": None, "span": None}, "without reference, span"),
        ({"span": "0"}, "greater than 0"),
        ({"before": "1.0000001"}, "decimal"),
        ({"before": "NaN"}, "finite"),
        ({"gas": "ppm propan"}, "did you mean propane"),
        ({"gas": "ppm NO"}, "write one of methane.*NO as NO2"),
        ({"gas": "mg/L"}, "write one of ppm, umol/mol, ppmC, mg/m3, or nothing for the unit of the point"),
        ({"gas": "ppmC propane"}, "write ppmC alone, or ppm propane"),
        ({"gas": "ppm propane", "check": None, "reference": None, "before": None, "span": None}, "gas without check"),
    ],
)
def test_what_is_no_check_is_refused(change: dict[str, Any], told_of: str) -> None:
    """Each fault says what to write."""
    row = json.loads(check("a", 0, "0.1")) | change
    with pytest.raises(ValidationError, match=told_of):
        Mark.model_validate(row)


def test_a_mark_without_a_check_says_nothing_of_checks() -> None:
    """Its line is what it was before there were checks; that of a check comes back as it was."""
    plain = {
        k: v for k, v in json.loads(check("a", 0, "0.1")).items() if k not in ("check", "reference", "before", "after", "span")
    }
    assert b"check" not in Mark.model_validate(plain).line() and b"span" not in Mark.model_validate(plain).line()
    mark = Mark.model_validate_json(check("a", 0, "0.1", after="0"))
    assert Mark.model_validate_json(mark.line()) == mark


CHART = """
id = "chart"
title = "chart"
title_zh = "chart"
base = "eu-ied"
[[rule]]
id = "OWN"
step = "check.chart"
chart = "{chart}"
{times}
alarm_times = 3
standard = "own"
clause = "own"
clause_zh = "own"
confidence = "seen"
text = "own"
text_zh = "own"
"""


def test_a_shewhart_chart() -> None:
    """EU-17 with s = 0.5: beyond 1.5 alone, or beyond 1.0 twice in a row, on either side."""
    known = rows(rules="chart")
    points = tuple(p.model_copy(update={"s_ams": Decimal("0.5")}) if p.factor == SO2 else p for p in known.points)
    text = CHART.format(chart="shewhart", times="warn_times = 2")
    packs = (RulePack(id="chart", file="chart.toml", text=text),)
    bench = Bench(Registry.model_validate(known.model_copy(update={"points": points, "packs": packs}).model_dump()))
    for n, drift in enumerate(("1.1", "0.9", "1.1", "-1.1", "1.5", "1.6", "0", "1.1")):
        put(bench, check(f"c{n}", n, drift, after="0" if n == 6 else None))
    alarmed = [e.facts["mark"] for e in reversed(bench.store.events(kind="calibration.needed", limit=10))]
    assert alarmed == ["c3", "c4", "c5"]


@pytest.mark.parametrize(("chart", "asked"), [("shewhart", "warn_times"), ("cusum", "allowance_times")])
def test_a_chart_without_its_times(chart: str, asked: str) -> None:
    """The fault names what is missing."""
    with pytest.raises(PackFault, match=f"chart {chart} needs {asked}"):
        parse_pack(CHART.format(chart=chart, times=""), "chart.toml")


def test_without_a_deviation_there_is_no_chart() -> None:
    """Nothing is judged, and nothing told."""
    bench = Bench(rows(rules="eu-ied"))
    put(bench, check("a", 0, "50"))
    bench.lines(readings())
    over(bench)
    assert told(bench) == [] and reasons(bench)[1:] == [None] * (HOURS - 1)
