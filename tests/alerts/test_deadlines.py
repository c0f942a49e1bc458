"""Deadlines of silent sources: told when they pass, met by a report or by data, one message for a storm; gaps of a quarter."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from alerts.alert import Alert, State
from alerts.lifecycle import Office, explained, flush, step
from alerts.message import render
from ingest.registry import Escalation, Holiday
from processors.figures import HOUR_MS, Event, local_iso
from tests.alerts.given import BASE, SOURCE, ms, registry
from tests.alerts.test_ladder import LADDER
from tests.conftest import REPO

assert LADDER is not None
OFFICE = Office(ladder=LADDER)
STORMY = Office(county_of=lambda _source: "Nanhai", ladder=LADDER)
FAULT = "2026-07-06T10:00:00"
"""A Monday."""


def said(what: str, at: str, since: str = FAULT, source: str = SOURCE) -> Event:
    facts: dict[str, Any] = {"since": f"{since}+08:00", "last": f"{since}+08:00", "cadence_s": 30}
    return Event(f"source.{what}/{source}/{since}/{at}", f"source.{what}", source, None, ms(at), True, facts)


def play(
    *events: Event, state: State | None = None, until: str | None = None, office: Office = OFFICE
) -> tuple[State, list[Alert]]:
    """Step through events, the state through JSON as at a restart; then let time pass."""
    state, alerts = state or {}, []
    for event in events:
        state, made = step(json.loads(json.dumps(state)), event, office)
        alerts += made
    if until is not None:
        state, made = flush(json.loads(json.dumps(state)), ms(until), office)
        alerts += made
    return state, alerts


def missed(alerts: list[Alert]) -> list[tuple[str, str]]:
    return [(a.facts["rule"], local_iso(a.time_ms)[5:19]) for a in alerts if a.kind == "deadline.missed"]


SILENT = said("silent", "2026-07-06T10:11:00")


def test_a_gap_is_to_be_reported_within_12_hours() -> None:
    """EX-10.1: fault from 10:00; reported at 21:30 nothing is told, unreported at 22:00 it is, once."""
    state, _ = play(SILENT)
    assert missed(play(state=state, until="2026-07-06T21:59:59")[1]) == []
    in_time = explained(state, state[f"silence/{SOURCE}"]["thread"], SOURCE, None)
    assert missed(play(state=in_time, until="2026-07-06T22:30:00")[1]) == []
    state, alerts = play(state=state, until="2026-07-06T22:30:00")
    assert missed(alerts) == [("ALM-1-report", "07-06T22:00:00")]
    assert missed(play(state=state, until="2026-07-12T00:00:00")[1]) == []


def test_it_is_to_be_repaired_within_five_working_days() -> None:
    """EX-10.1: Monday 10:00 to the end of the following Monday; a holiday moves it on, data of the source end it."""
    state, _ = play(SILENT)
    week = play(state=state, until="2026-07-20T00:00:00")[1]
    assert missed(week)[1:] == [("ALM-1-repair", "07-14T00:00:00")]
    off = Office(ladder=LADDER, holidays=(Holiday(day="2026-07-10", name="a day off"),))  # type: ignore[arg-type]
    assert missed(play(SILENT, until="2026-07-20T00:00:00", office=off)[1])[1:] == [("ALM-1-repair", "07-15T00:00:00")]
    for ending in ("on_time", "stopped"):
        state, alerts = play(SILENT, said(ending, "2026-07-06T20:00:00"), until="2026-07-20T00:00:00")
        assert missed(alerts) == [] and "timers" not in state


def test_deadlines_of_low_confidence_are_off_until_an_office_turns_them_on() -> None:
    """EX-10.1b: out from 09:00, back at 16:30, within 8 h; back after 13 h, late for the data logger's 12 h. A spare is due after 48 h."""
    text = (REPO / "registry" / "escalation.toml").read_text(encoding="utf-8")
    turned_on = Escalation.model_validate(tomllib.loads(re.sub(r"(?m)^#(?=\[\[|\w)", "", text)))
    morning = "2026-07-06T09:00:00"
    silent = said("silent", "2026-07-06T09:11:00", morning)
    before, after = Office(ladder=LADDER), Office(ladder=turned_on)  # type: ignore[arg-type]
    for back, office, expected in (
        ("2026-07-06T16:30:00", after, []),
        ("2026-07-06T22:00:00", after, ["ALM-1-report", "ALM-3-repair", "ALM-4"]),
        ("2026-07-06T22:00:00", before, ["ALM-1-report"]),
    ):
        alerts = play(silent, said("on_time", back, morning), office=office)[1]
        assert sorted(rule for rule, _at in missed(alerts)) == expected
    later = play(silent, until="2026-07-08T10:00:00", office=after)[1]
    assert dict(missed(later)) == {
        "ALM-3-repair": "07-06T17:00:00",
        "ALM-1-report": "07-06T21:00:00",
        "ALM-4": "07-06T21:00:00",
        "ALM-3-spare": "07-08T09:00:00",
    }


def test_the_end_goes_to_who_was_told() -> None:
    """The county that heard of the deadline hears that the source reports again; otherwise it does not."""
    early = play(SILENT, said("on_time", "2026-07-06T20:00:00"))[1]
    late = play(SILENT, said("on_time", "2026-07-06T23:00:00"))[1]
    assert [a.facts.get("stage") for a in early] == [None, None]
    assert [(a.kind, a.phase, a.facts.get("stage")) for a in late] == [
        ("source.silent", "opened", None), ("deadline.missed", "update", 2), ("source.on_time", "resolved", 2),
    ]  # fmt: skip
    assert len({a.thread for a in late}) == 1


def test_a_storm_is_one_message() -> None:
    """Six sources of a county that fell silent within minutes: their deadline is told once, in the storm's thread."""
    silent = [said("silent", f"2026-07-06T10:11:{n:02}", f"2026-07-06T10:00:{n:02}", f"S{n}") for n in range(6)]
    state, alerts = play(*silent, until="2026-07-06T23:00:00", office=STORMY)
    assert [(a.kind, a.phase) for a in alerts] == [("county.silent", "opened"), ("deadline.missed", "update")]
    assert alerts[1].thread == alerts[0].thread and alerts[1].source == "county:Nanhai"
    assert missed(alerts) == [("ALM-1-report", "07-06T22:00:05")], "when the last of them is due"
    assert (alerts[1].facts["silent"], alerts[1].facts["sources"]) == (6, [f"S{n}" for n in range(6)])
    over = play(*(said("on_time", "2026-07-06T23:30:00", source=f"S{n}") for n in range(6)), state=state, office=STORMY)[1]
    assert [(a.kind, a.phase, a.facts.get("stage")) for a in over] == [("county.silent", "resolved", 2)]
    state, _ = play(*silent, until="2026-07-06T11:00:00", office=STORMY)
    state = explained(state, alerts[0].thread, "county:Nanhai", None)
    assert missed(play(state=state, until="2026-07-06T23:00:00", office=STORMY)[1]) == []


def test_one_gap_a_quarter_is_excused() -> None:
    """EX-10.2: 7 h in May is excused, 6 h in June is not; a gap of a few minutes is none, July begins anew."""
    spans = [
        ("2026-05-04T10:00:00", "2026-05-04T17:00:00"),
        ("2026-05-20T10:00:00", "2026-05-20T10:40:00"),
        ("2026-06-08T10:00:00", "2026-06-08T16:00:00"),
        ("2026-07-06T10:00:00", "2026-07-06T18:00:00"),
    ]
    state: State = {}
    told = []
    for since, until in spans:
        state, alerts = play(
            said("silent", since.replace(":00:00", ":15:00"), since), said("on_time", until, since), state=state
        )
        told.append((alerts[-1].facts.get("gap_n"), alerts[-1].facts.get("gap_excused")))
    assert told == [(1, True), (None, None), (2, False), (1, True)]
    assert state[f"gaps/{SOURCE}"] == {"quarter": "2026Q3", "gaps": [8 * HOUR_MS], "time_ms": ms("2026-07-06T18:00:00")}
    line = "Gap of 8 h, number 1 of its quarter: excused where the equipment failed (1 gap of up to 8 h a quarter is excused)."
    assert line in render(alerts[-1], registry(), BASE).body


def test_a_message_says_which_deadline_since_when_and_what_to_do() -> None:
    """In both languages."""
    alert = play(SILENT, until="2026-07-06T22:30:00")[1][-1]
    message = render(alert, registry(), BASE)
    assert [message.title, *message.body[:2]] == [
        "[ORANGE] Deadline passed — Nanhai Power, outlet DA001 (stack 1)",
        "No report of the gap within 12 h.",
        "Nothing since 10:00; the deadline was 22:00.",
    ]
    assert message.body[3].startswith("→ Report the gap and its cause")
    chinese = render(alert, registry(), BASE, "zh")
    assert [chinese.title, chinese.body[0]] == [
        "【橙色】已过时限 — Nanhai Power DA001（stack 1）",
        "数据中断 12 小时内未报告。",
    ]


def test_without_a_ladder_nothing_runs() -> None:
    """As before."""
    state, _ = play(SILENT, office=Office())
    assert set(state) == {f"silence/{SOURCE}"}
