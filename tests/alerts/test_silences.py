"""Silences are told one each, or as one for a county; none is lost, none told twice, and time alone decides which."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import silences
from alerts.alert import Alert, State, alert_id
from alerts.lifecycle import Office, acknowledged, flush, steps
from alerts.message import render
from alerts.outbox import Outbox
from ingest.registry import Contact, Enterprise, Registry, Source
from processors.figures import MINUTE_MS, Event, local_iso
from tests.alerts.given import contact, ms

START = ms("03:00:00")
S = 1_000
END = START + 10 * 3_600_000
Told = tuple[str, str, str]


def county_of(source: str) -> str:
    """Sources are named "<county>-<number>"."""
    return source.partition("-")[0]


OFFICE = Office(county_of)


def said(kind: str, source: str, at_s: int, run: int = 0) -> Event:
    """A source's event, ``at_s`` seconds after three; ``run`` counts its silences."""
    at_ms = START + at_s * S
    facts = {"since": local_iso(at_ms - 600 * S), "last": local_iso(at_ms - 600 * S), "cadence_s": 30}
    return Event(f"source.{kind}/{source}/{run}/{at_s}", f"source.{kind}", source, None, at_ms, True, facts)


def silent(source: str, at_s: int, run: int = 0) -> Event:
    return said("silent", source, at_s, run)


def back(source: str, at_s: int, run: int = 0) -> Event:
    return said("on_time", source, at_s, run)


def play(events: list[Event], until_ms: int = END, tick_ms: int | None = None) -> tuple[State, list[Alert]]:
    """Step through events in the order of time with ticks between them, the state through JSON each time as at a restart."""
    state: State = {}
    alerts: list[Alert] = []
    now_ms = START
    for event in events:
        while tick_ms is not None and now_ms + tick_ms <= event.time_ms:
            now_ms += tick_ms
            state, made = flush(json.loads(json.dumps(state)), now_ms)
            alerts += made
        state, made = steps(json.loads(json.dumps(state)), (event,), OFFICE)
        alerts += made
    state, made = flush(state, until_ms)
    return state, alerts + made


def told(alerts: list[Alert]) -> list[Told]:
    return [(a.kind, a.phase, a.source) for a in alerts]


STORM = [silent(f"Lake-{n}", 10 * n) for n in range(6)]
OPENED = ("county.silent", "opened", "county:Lake")
RESOLVED = ("county.silent", "resolved", "county:Lake")


def test_many_silences_of_a_county_are_one_message() -> None:
    """Six within a minute: one message two minutes after the first; one end when the sixth but one is back, nothing else."""
    _, alerts = play([*STORM, silent("Hill-1", 20), *(back(f"Lake-{n}", 1_000 + n) for n in range(6))])
    assert told(alerts) == [OPENED, ("source.silent", "opened", "Hill-1"), RESOLVED]
    first, _, last = alerts
    assert first.time_ms == START + 120 * S
    assert (first.facts["total"], first.facts["silent"], first.facts["sources"]) == (6, 6, [f"Lake-{n}" for n in range(6)])
    assert (last.thread, last.time_ms, last.facts["silent"], last.facts["sources"]) == (
        first.thread, START + 1_004 * S, 1, ["Lake-5"],
    )  # fmt: skip


def test_few_are_told_one_each() -> None:
    """Four within a minute are four messages, each two minutes after its own; a fifth 121 s after the first makes no storm."""
    _, alerts = play([*STORM[:4], silent("Lake-9", 121)])
    assert told(alerts) == [("source.silent", "opened", f"Lake-{n}") for n in (0, 1, 2, 3, 9)]
    assert [a.time_ms - START for a in alerts] == [120 * S, 130 * S, 140 * S, 150 * S, 241 * S]
    assert [a.id for a in alerts[:4]] == [alert_id(e.id, "opened") for e in STORM[:4]]
    _, alerts = play([*STORM[:4], silent("Lake-9", 119)])
    assert told(alerts) == [OPENED], "at 119 s it does"


def test_a_short_silence_is_not_told() -> None:
    """Back within two minutes of being silent: nobody is called, and nothing is left behind."""
    assert play([silent("Lake-1", 0), back("Lake-1", 119)]) == ({}, [])
    assert told(play([silent("Lake-1", 0), back("Lake-1", 120)])[1]) == [
        ("source.silent", "opened", "Lake-1"), ("source.on_time", "resolved", "Lake-1"),
    ]  # fmt: skip


def test_what_stays_silent_after_a_storm_gets_its_own_message() -> None:
    """One of six stays silent: two minutes after the storm's end it is told, under the key it would have had, and resolved."""
    _, alerts = play([*STORM, *(back(f"Lake-{n}", 1_000 + n) for n in range(5)), back("Lake-5", 5_000)])
    own = ("source.silent", "opened", "Lake-5")
    assert told(alerts) == [OPENED, RESOLVED, own, ("source.on_time", "resolved", "Lake-5")]
    assert (alerts[2].id, alerts[2].time_ms) == (alert_id(STORM[5].id, "opened"), START + (1_004 + 120) * S)


def test_a_storm_takes_in_who_follows_and_tells_when_it_grows_late() -> None:
    """Within half an hour others join in silence; later ones are told alone, or as growth where they are many."""
    late = 120 + 30 * 60
    joined = [silent(f"Lake-{n}", 600 + n) for n in range(10, 20)]
    _, alerts = play([*STORM, *joined, silent("Lake-30", late)])
    assert told(alerts) == [OPENED, ("source.silent", "opened", "Lake-30")]
    grown = [silent(f"Lake-{n}", late + n) for n in range(40, 45)]
    state, alerts = play([*STORM, *joined, *grown])
    assert told(alerts) == [OPENED, ("county.silent", "update", "county:Lake")]
    assert (alerts[1].facts["silent"], alerts[1].thread, alerts[1].id != alerts[0].id) == (21, alerts[0].thread, True)
    assert (state["storm/Lake"]["silent"], len([k for k in state if k.startswith("silence/")])) == (21, 21)


def test_a_second_storm_has_its_own_key() -> None:
    """What the first storm left silent may open the next: another message, another thread, another key."""
    again = [silent(f"Lake-{n}", 1_010 + n, 1) for n in range(1, 5)]
    _, alerts = play([*STORM, *(back(f"Lake-{n}", 1_000 + n) for n in range(1, 6)), *again])
    assert told(alerts) == [OPENED, RESOLVED, OPENED]
    assert len({a.id for a in alerts}) == 3 and alerts[2].thread != alerts[0].thread


def test_an_acknowledged_storm_does_not_grow_but_ends() -> None:
    """Growth of what somebody knows is not told; its end is."""
    late = 120 + 30 * 60
    state, (first,) = play(STORM, START + 130 * S)
    state = acknowledged(json.loads(json.dumps(state)), first.thread)
    alerts = []
    for event in [silent(f"Lake-{n}", late + n) for n in range(40, 45)] + [
        back(f"Lake-{n}", 9_000) for n in (*range(6), *range(40, 45))
    ]:
        state, made = steps(state, (event,), OFFICE)
        alerts += made
    assert told(alerts) == [RESOLVED]
    assert acknowledged({}, first.thread) == {}


EVENTS = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 90), st.booleans()), max_size=60)


@settings(deadline=None, max_examples=150)
@given(EVENTS, st.sampled_from([10 * S, 37 * S, 240 * S]))
def test_nothing_is_lost_or_told_twice(steps_of: list[tuple[int, int, bool]], tick_ms: int) -> None:
    """Whatever falls silent and returns when: each silence at the end is told once, alone or within its county's open storm.

    Ticks at any pace, batches of any size and restarts give the same alerts with the same keys.
    """
    events, quiet, runs, at_s = [], set[str](), Counter[str](), 0
    for number, pause_s, other in steps_of:
        at_s += pause_s if other else pause_s // 10
        source = f"{'Lake' if number % 3 else 'Hill'}-{number}"
        events.append((back if source in quiet else silent)(source, at_s, runs[source]))
        runs[source] += source in quiet
        quiet ^= {source}
    state, alerts = play(events)
    assert play(events, tick_ms=tick_ms) == (state, alerts)
    whole, made = steps({}, events, OFFICE)
    assert (lambda rest: (rest[0], made + rest[1]))(flush(whole, END)) == (state, alerts)
    assert len({a.id for a in alerts}) == len(alerts)
    open_threads = Counter(a.thread for a in alerts if a.phase == "opened")
    open_threads.subtract(a.thread for a in alerts if a.phase == "resolved")
    assert set(open_threads.values()) <= {0, 1}
    alone = {a.source for a in alerts if a.kind == "source.silent" and open_threads[a.thread]}
    storms = {a.source.removeprefix("county:") for a in alerts if a.kind == "county.silent" and open_threads[a.thread]}
    stormy = {k.removeprefix("silence/") for k, run in state.items() if run.get("standing") == "storm"}
    assert alone | stormy == quiet and not alone & stormy
    assert {county_of(source) for source in stormy} == storms
    for county in storms:
        assert state[f"storm/{county}"]["silent"] == sum(county_of(source) == county for source in stormy)
    assert "held" not in state


def test_nothing_is_lost_with_what_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest silence goes: told first where it was held, no longer counted where it was in a storm."""
    monkeypatch.setattr(silences, "SILENCES_MAX", 5)
    _, alerts = play([silent(f"Lake-{n}", n) for n in range(6)], START + 6 * S)
    assert told(alerts) == [("source.silent", "opened", "Lake-0")]
    _, alerts = play([*STORM[:5], silent("Lake-9", 300), *(back(f"Lake-{n}", 400 + n) for n in (1, 2, 3, 4, 9))])
    assert told(alerts) == [OPENED, RESOLVED]


def area(*contacts: Contact) -> Registry:
    """Two counties, the lake's with two enterprises."""
    rows = [("dye", "Lake"), ("mill", "Lake"), ("works", "Hill")]
    return Registry(
        enterprises=tuple(Enterprise(enterprise=e, name=e.title(), county=c) for e, c in rows),
        sources=tuple(
            Source(source=f"{c}-{n}", enterprise=e, outlet=f"DA{n:03}", name="", kind="voc")
            for e, c in rows[::2]
            for n in range(30)
        ),
        contacts=contacts,
    )


def test_the_message_and_who_is_sent_it(tmp_path: Path) -> None:
    """It names the county, how many, which, and what to look at first; it goes to whom the single ones would have gone."""
    known = area(
        contact("all"), contact("lake", counties="Lake"), contact("mill", enterprises="mill"),
        contact("hill", counties="Hill"), contact("works", enterprises="works"), contact("chief", receives="red"),
    )  # fmt: skip
    box = Outbox(tmp_path / "alerts.sqlite")
    many = [silent(f"Lake-{n}", n) for n in range(25)]
    assert box.consume(list(enumerate(many, 1)), known, 0) == []
    assert box.tick(START + 119 * S, known, 0) == []
    box.close()
    box = Outbox(tmp_path / "alerts.sqlite")
    (alert,) = box.tick(START + 120 * S, known, 0)
    (row,) = box.alerts(9)
    assert row.title == "[ORANGE] 25 sources silent at once — county Lake"
    assert row.body[0] == "Nothing from them since 02:50; this one message stands for one each."
    assert row.body[1].startswith("Silent: Dye, outlet DA000; Dye, outlet DA001;") and row.body[1].endswith("; and 5 more.")
    assert row.body[2].startswith("→ Look first at what they share")
    assert row.links["Source"] == "http://127.0.0.1:8080/sources?state=silent"
    assert [d.contact for d in row.deliveries] == ["all", "lake", "mill"]
    ended = [back(f"Lake-{n}", 600) for n in range(21)]
    (over,) = box.consume(list(enumerate(ended, 26)), known, 0)
    message = render(over, known, "http://127.0.0.1:8080")
    assert message.title == "[RESOLVED] 21 of 25 sources report again — county Lake"
    assert message.body[1].startswith("Still silent: Dye, outlet DA021;") and message.body[1].endswith("within 2 min.")
    assert len(box.tick(START + 720 * S, known, 0)) == 4 and box.tick(END, known, 0) == []
    assert MINUTE_MS * 2 == silences.STORM_WITHIN_MS and alert.thread == over.thread
