"""Marks that exempt: a quota spent in the order of time, late marks that move it, and what is told of a mark."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from alerts.wording import worded
from ingest.log import LogRecord
from ingest.registry import Registry, RulePack
from processors.packs import PackFault, parse_pack
from tests.processors.given import FLOW, NOON, O2, SO2, STACK, line, registry, stack_hour
from tests.processors.test_engine import Bench

TWO_HOURS = """
id = "two-hours"
title = "two hours a year"
title_zh = "每年两小时"
base = "cn-flue-gas"
[[rule]]
id = "OWN"
step = "mark.exempt"
exempt_minutes_min = 45
quota_warn_pct = 90
exemptions = [{ quota = "q", marks = ["start_up"], year_h = 2 }]
standard = "own"
clause = "own"
clause_zh = "own"
confidence = "seen"
text = "own"
text_zh = "own"
"""
HOURS = 5
"""Hours from noon on at 50 mg/m3 against 35."""


def rows() -> Registry:
    return registry(rules="two-hours").model_copy(
        update={"packs": (RulePack(id="two-hours", file="two-hours.toml", text=TWO_HOURS),)}
    )


def mark(name: str, first: float, last: float, kind: str = "start_up", **more: Any) -> bytes:
    """Return a mark from an hour after noon to another."""
    start, end = NOON + timedelta(hours=first), NOON + timedelta(hours=last)
    row = {"id": name, "source": STACK, "type": kind, "start": start.isoformat(), "end": end.isoformat(), "author": "Li Wei"}
    return json.dumps(row | {"v": 1, "set_at": end.isoformat()} | more).encode()


def put(bench: Bench, *marks: bytes) -> None:
    """Feed marks as one record of the log, as the gateway bundles them."""
    bench.feed([LogRecord("marks", 0, 0, 0, b"\n".join(marks))])


def readings() -> list[bytes]:
    lines = [one for n in range(HOURS) for one in stack_hour(NOON + timedelta(hours=n), 50.0)]
    return [*lines, line(NOON + timedelta(hours=HOURS), {SO2: 20.0, O2: 6.0, FLOW: 1.0})]


def verdicts(bench: Bench) -> list[str]:
    return [bench.hour(SO2, "avg_ref", NOON + timedelta(hours=n)).verdict for n in range(HOURS)]


def told(bench: Bench, kind: str) -> list[str]:
    return [str(e.facts["text"]) for e in reversed(bench.store.events(kind=kind, limit=100))]


def over(bench: Bench, hours: float = HOURS + 1, times: int = 6) -> None:
    for n in range(times):
        bench.tick(NOON + timedelta(hours=hours, seconds=10 * n))


@pytest.mark.parametrize("hot_hours", [48, 1])
def test_a_late_mark_moves_the_quota_of_later_ones(hot_hours: int) -> None:
    """Two hours a year: an earlier hour marked later is exempt, and the last one, for which nothing is left, is judged again."""
    bench = Bench(rows(), hot_hours)
    put(bench, mark("later", 2, 4))
    bench.lines(readings())
    over(bench)
    assert verdicts(bench) == ["exceeds", "exceeds", "exempt", "exempt", "exceeds"]
    put(bench, mark("earlier", 0, 1))
    over(bench, HOURS + 2)
    assert verdicts(bench) == ["exempt", "exceeds", "exempt", "exceeds", "exceeds"]
    last = bench.hour(SO2, "avg_ref", NOON + timedelta(hours=3))
    assert last.explain["note"] == "marked start-up, judged: the exemption is used up" and last.ok
    noon, deadline = "2026-07-01T12:00:00+08:00", "2026-07-02T12:00:00+08:00"
    assert told(bench, "mark.late") == [
        f"Li Wei marked start-up from {noon} to 2026-07-01T13:00:00+08:00, before the deadline of {deadline};"
        " decided hours made anew: 3"  # its own, and both of the mark whose part of the quota moved
    ]
    closed = {e.closed_by for e in bench.store.episodes(STACK) if e.state == "withdrawn"}
    assert closed <= {"exempt mark", "joined to another episode"}


def test_the_order_in_which_marks_and_readings_come_changes_no_figure() -> None:
    """Marks before the data, after it, one by one, together, rejected and set again: the same figures."""
    first, second, third = mark("a", 0, 1), mark("b", 2, 4), mark("c", 1, 1.5)
    away = mark("c", 1, 1.5, state="rejected", set_at=(NOON + timedelta(hours=9)).isoformat())
    made = []
    for before, after in (
        ((first, second), ()),
        ((), (second, first)),
        ((second,), (third, first, away)),
        ((third, second), (away, first)),
    ):
        bench = Bench(rows())
        put(bench, *before)
        bench.lines(readings())
        over(bench)
        for one in after:
            put(bench, one)
        over(bench, HOURS + 2)
        made.append(bench.store.canonical())
    assert all(figures == made[0] for figures in made) and made[0]


def test_a_restart_knows_what_is_exempt() -> None:
    """The quota is spent anew from the marks that are kept."""
    bench = Bench(rows())
    put(bench, mark("a", 0, 1), mark("b", 2, 4))
    bench.lines(readings())
    before = bench.runner.engine.desk.exempt
    bench.runner.adopt(bench.runner.registry)
    assert bench.runner.engine.desk.exempt == before and len(before) > 2


def test_a_mark_that_comes_twice_says_nothing_new() -> None:
    """Sent again as it was it touches nothing; what is no mark is set aside, its neighbours count."""
    bench = Bench(rows())
    bench.lines(readings())
    put(bench, mark("a", 0, 1), b"{}", mark("b", 2, 3))
    over(bench)
    put(bench, mark("a", 0, 1))
    assert len(told(bench, "mark.late")) == 2
    assert sorted(m.id for m in bench.store.all_marks()) == ["a", "b"]


@pytest.mark.parametrize(("hours", "late"), [(24.0, False), (24.01, True)])
def test_a_mark_after_its_deadline_counts_and_is_told(hours: float, late: bool) -> None:
    """Noon of the day after is in time (emission_rules 4.4, from memory, low); the log's time counts, not what the mark says of itself."""
    bench = Bench(rows())
    bench.lines(readings())
    over(bench, hours, 1)
    put(bench, mark("a", 0, 1))
    over(bench, hours + 0.5)
    (event,) = bench.store.events(kind="mark.late", limit=10)
    assert (event.facts["late"], event.facts["hours"], event.facts["author"]) == (late, 1, "Li Wei")
    assert ("after the deadline" in str(event.facts["text"])) == late
    assert "Li Wei 标记启炉" in worded(str(event.facts["text"]), "zh")
    assert verdicts(bench)[0] == "exempt"


def test_marks_that_contradict_each_other() -> None:
    """EX-4.5: a failure from 20:00 to 22:00, a connection from 22:01 to 01:00: it belongs to the failure. Told once, not for a rejected one."""
    bench = Bench(rows())
    put(bench, mark("f", 8, 10, "failure"), mark("c", 10 + 1 / 60, 13, "connection"))
    over(bench)
    assert told(bench, "mark.conflict") == [
        "connection is the restart after failure and belongs to it, from 2026-07-01T22:01:00+08:00 to 2026-07-02T01:00:00+08:00:"
        " keep one of the marks f and c and reject the other"
    ]
    put(bench, mark("c", 10 + 1 / 60, 13, "connection", state="rejected"), mark("m", 8, 9, "maintenance"))
    assert len(told(bench, "mark.conflict")) == 1


def test_a_quota_that_is_nearly_used_up() -> None:
    """Of 2 h a share of 90 % is 1.8 h: 1.7 are not told, 1.8 are."""
    bench = Bench(rows())
    put(bench, mark("a", 0, 1.7))
    over(bench, 1, 1)
    assert told(bench, "mark.quota") == []
    put(bench, mark("b", 2, 2.1))
    assert told(bench, "mark.quota") == [
        "exempt time of 2026, start-up among it: 1.8 h of 2 used; beyond it marked hours are judged"
    ]


def test_an_exempt_hour_keeps_its_mass() -> None:
    """It is not judged, and counts in the day's tonnes: valid for capture (emission_rules 4.4)."""
    bench = Bench(rows())
    put(bench, mark("a", 0, 1))
    bench.lines(readings())
    over(bench)
    mass, mean = (bench.hour(SO2, stat, NOON) for stat in ("mass", "avg"))
    assert (mass.value, mass.verdict, mean.verdict, mean.ok) == (20 * 10**6, None, "exempt", True)  # 50 mg/m3 × 400,000 m3/h


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            'step = "mark.exempt"\nexempt_minutes_min = 45\nexemptions = [{ quota = "q", marks = ["stopped"] }]',
            'exemptions: stopped: is not of class "exempt"',
        ),
        (
            'step = "mark.exempt"\nexempt_minutes_min = 45\n'
            'exemptions = [{ quota = "q", marks = ["drying"] }, { quota = "r", marks = ["drying"] }]',
            "exemptions: drying: stands in two rows; a mark spends one quota",
        ),
        (
            'step = "mark.exempt"\nexempt_minutes_min = 45\n'
            'exemptions = [{ quota = "q", marks = ["drying"], event_h_max = { start_up = 4 } }]',
            "event_h_max names start_up, which is no mark of quota q",
        ),
        (
            'step = "mark.classes"\n'
            'classes = [{ marks = ["drying"], data = "invalid", mean = false, judged = false, capture = "invalid", mass = "B" }]',
            "classes: drying: is a state of the plant and makes no value invalid",
        ),
        (
            'step = "mark.classes"\n'
            'classes = [{ marks = ["stopped"], data = "not operating", mean = true, judged = false, capture = "excluded", mass = "zero" }]',
            'classes: stopped: a value that is "not operating" has mean = false and judged = false',
        ),
        (
            'step = "mark.deadline"\nmark_deadline_h = -1',
            "rule OWN: mark_deadline_h: Input should be greater than or equal to 0",
        ),
    ],
)
def test_a_table_of_marks_that_does_not_go_together_is_refused(step: str, message: str) -> None:
    """File, rule, field and remedy."""
    said = 'standard = "s"\nclause = "c"\nclause_zh = "c"\nconfidence = "seen"\ntext = "t"\ntext_zh = "t"\n'
    with pytest.raises(PackFault, match=r"^own\.toml: ") as raised:
        parse_pack(
            f'id = "own"\ntitle = "t"\ntitle_zh = "t"\nbase = "cn-flue-gas"\n[[rule]]\nid = "OWN"\n{step}\n{said}', "own.toml"
        )
    assert message in str(raised.value)


def test_a_pack_may_be_without_a_step_of_its_base() -> None:
    """What is left out must be there; days weighted by flow have no exempt hours."""
    head = 'id = "own"\ntitle = "t"\ntitle_zh = "t"\n'
    assert parse_pack(f'{head}base = "cn-flue-gas"\nwithout = ["mark.exempt"]', "own.toml").exempt_marks == frozenset()
    with pytest.raises(PackFault, match=r"without: cn-flue-gas has no step mark\.exmpt; take it out"):
        parse_pack(f'{head}base = "cn-flue-gas"\nwithout = ["mark.exmpt"]', "own.toml")


def test_days_weighted_by_flow_have_no_exempt_hours() -> None:
    """A pack that asks for both is refused."""
    said = 'standard = "s"\nclause = "c"\nclause_zh = "c"\nconfidence = "seen"\ntext = "t"\ntext_zh = "t"\n'
    by_flow = f'[[rule]]\nid = "DAY"\nstep = "day.mean_by_flow"\nshare_min_pct = 75\n{said}'
    with pytest.raises(PackFault, match=r"two-hours\.toml: rule OWN: days weighted by flow keep all their hours"):
        parse_pack(TWO_HOURS + by_flow, "two-hours.toml")
