"""Matters rise, fall and are closed: each stage told once, by hours, by time and by what people do, to those whose level it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alerts.actions import ActionRefused
from alerts.alert import Alert, State
from alerts.lifecycle import Office, explained, flush, step
from alerts.lifecycle import acknowledged as known
from alerts.message import render
from alerts.outbox import Outbox
from ingest.registry import Contact, Registry
from processors.figures import HOUR_MS, Event, local_iso
from processors.registry_check import load_registry
from tests.alerts.given import BASE, SOURCE, about, contact, ms, over, registry
from tests.conftest import REPO

NOW = 1_800_000_000_000
LADDER = load_registry(REPO / "registry").escalation
assert LADDER is not None
OFFICE = Office(ladder=LADDER)
LEVELS = tuple(contact(level or "duty", level=level) for level in ("", "enterprise", "county", "city", "province"))
Told = tuple[str, str, int]


def raised(stage: int, at: str = "03:05:00", reason: str = "", what: str = "raised", **more: object) -> Event:
    """A reason that the engine found."""
    facts = {
        "rule": "R", "stage": stage, "reason": reason or f"R{stage}", "stat": "avg_ref", "unit": "mg/m3", "limit_id": "PWR-ULE-SO2",
        "hour_start": "2026-07-01T02:00:00+08:00", "hour_end": "2026-07-01T03:00:00+08:00", "value": "46.8", "limit": "35",
        "times_over": "0.337", "text": "3 exceeding hours within 24 h", "text_zh": "24 小时内有 3 个小时均值超标",
        "rests_on": "Ladder", "exceeding": 3, "within": 24, "period": "hour", **more,
    }  # fmt: skip
    live = bool(facts.pop("live", True))
    return Event(
        f"escalation.{what}/{SOURCE}/{facts['reason']}/{at}", f"escalation.{what}", SOURCE, "a21026", ms(at), live, facts
    )


def play(*events: Event, state: State | None = None, until: str | None = None) -> tuple[State, list[Alert]]:
    """Step through events, the state through JSON each time as at a restart; then let time pass."""
    state, alerts = state or {}, []
    for event in events:
        state, made = step(json.loads(json.dumps(state)), event, OFFICE)
        alerts += made
    if until is not None:
        state, made = flush(json.loads(json.dumps(state)), ms(until), OFFICE)
        alerts += made
    return state, alerts


def told(alerts: list[Alert]) -> list[Told]:
    return [
        (a.kind, a.phase, a.facts["stage"]) for a in alerts if a.kind.startswith("escalation.")
    ]  # fmt: skip


def test_each_stage_is_told_once() -> None:
    """Further reasons of a stage that is reached say nothing; a higher one does, in the same thread."""
    state, alerts = play(
        raised(2), raised(2, "04:05:00", "other"), raised(2), raised(3, "05:05:00"), raised(2, "06:05:00", "third")
    )
    assert told(alerts) == [("escalation.raised", "opened", 2), ("escalation.raised", "update", 3)]
    assert len({a.thread for a in alerts}) == 1 and len({a.id for a in alerts}) == 2
    assert alerts[1].facts["was"] == 2 and alerts[1].facts["since"] == "2026-07-01T03:05:00+08:00"
    assert state[f"matter/{SOURCE}/a21026"]["stage"] == 3


def test_late_data_lower_and_withdraw() -> None:
    """Without the reason of stage 3 stage 2 remains; without the last reason nothing does, and no timer runs on."""
    state, alerts = play(raised(2), raised(3), raised(3, "08:00:00", what="lapsed"))
    assert told(alerts)[2:] == [("escalation.lapsed", "update", 3)] and alerts[-1].facts["now"] == 2
    state, alerts = play(raised(2, "09:00:00", what="lapsed"), raised(2, "09:00:00", "unknown", what="lapsed"), state=state)
    assert told(alerts) == [("escalation.lapsed", "withdrawn", 2)]
    assert state == {}
    assert told(play(raised(2, "10:00:00"), state=state)[1]) == [("escalation.raised", "opened", 2)], "it may come again"


def test_what_is_found_looking_back_is_in_the_digest() -> None:
    """Never told as if live; it raises nothing."""
    state, alerts = play(raised(4, live=False), until="04:00:00")
    assert [(a.kind, a.phase) for a in alerts] == [("digest", "digest")] and state == {}
    assert "stage 4 (province), found looking back" in "".join(render(alerts[0], registry(), BASE).body)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        pytest.param("05:00:03", [], id="a second before two hours"),
        pytest.param("05:00:04", [2], id="not acknowledged in 2 h"),
        pytest.param("2026-07-02T05:00:03", [2], id="a second before 24 h with the county"),
        pytest.param("2026-07-02T05:00:04", [2, 3], id="stage 2 open for 24 h"),
    ],
)
def test_by_time_alone(until: str, expected: list[int]) -> None:
    """An episode told at 03:00:04 that nobody acknowledges; told when it was due, however often time is looked at."""
    state, _ = play(over(hours=1))
    seen = [stage for _, _, stage in told(play(until=until, state=state)[1])]
    assert seen == expected
    alerts: list[Alert] = []
    for hour in range(4, 40):
        at = ms("00:00:00") + hour * HOUR_MS
        state, made = flush(json.loads(json.dumps(state)), min(at, ms(until)), OFFICE)
        alerts += made
    assert [stage for _, _, stage in told(alerts)] == expected
    assert [local_iso(a.time_ms)[11:19] for a in alerts] == ["05:00:04", "05:00:04"][: len(expected)]


def test_acknowledged_it_waits_for_the_explanation() -> None:
    """Acknowledged within two hours, nothing rises until 24 h have passed without an explanation; explained, nothing does."""
    state, _ = play(over(hours=1))
    state = known(state, "ep-1")
    day = "2026-07-02T03:00:04"
    assert told(play(until="2026-07-02T03:00:03", state=state)[1]) == []
    assert told(play(until=day, state=state)[1]) == [("escalation.raised", "opened", 2)]
    state = explained(state, "ep-1", SOURCE, "a21026")
    assert play(until="2026-07-09T00:00:00", state=state)[1] == []


def test_an_episode_that_ended_needs_no_acknowledgement_but_an_explanation() -> None:
    state, _ = play(over(hours=1), over("closed", "04:00:04", closed_by="complies"))
    assert told(play(until="2026-07-02T03:00:03", state=state)[1]) == []
    (alert,) = play(until="2026-07-02T03:00:04", state=state)[1]
    assert alert.facts["rule"] == "LAD-2-explain" and alert.facts["value"] == "46.789473"


def test_a_withdrawn_episode_takes_its_reasons_with_it() -> None:
    """What rose because nobody acknowledged it is withdrawn, and what waits does not rise."""
    state, alerts = play(over(hours=1), until="05:00:04")
    assert told(alerts) == [("escalation.raised", "opened", 2)]
    state, alerts = play(over("withdrawn", "06:00:00", live=False), state=state)
    assert [(a.kind, a.phase) for a in alerts] == [("exceedance.withdrawn", "withdrawn"), ("escalation.lapsed", "withdrawn")]
    assert render(alerts[1], registry(), BASE).body[:2] == (
        "The exceedance that it stood on was withdrawn.",
        "No reason remains.",
    )
    assert not any(key.startswith(("timer", "matter")) for key in state)


def staffed(path: Path) -> tuple[Outbox, Registry]:
    return Outbox(path / "alerts.sqlite"), registry(*LEVELS).model_copy(update={"escalation": LADDER})


def sent(box: Outbox) -> list[tuple[str, str, list[str]]]:
    """Kind, phase and contacts of the alerts, oldest first."""
    rows = reversed(box.alerts(99))
    return [(r.alert.kind, r.phase, [d.contact for d in r.deliveries]) for r in rows]


def test_who_is_told_from_which_stage(tmp_path: Path) -> None:
    """An authority is told what has risen to it, and its end; the enterprise all; who has no level all but stages."""
    box, rows = staffed(tmp_path)
    events = [over(hours=1), raised(2), raised(3, "04:00:00"), raised(4, "05:00:00")]
    box.consume(list(enumerate(events, 1)), rows, NOW)
    all_of_them = ["enterprise", "county", "city", "province"]
    assert sent(box) == [
        ("exceedance.opened", "opened", ["duty", "enterprise"]),
        ("escalation.raised", "opened", all_of_them[:2]),
        ("escalation.raised", "update", all_of_them[:3]),
        ("escalation.raised", "update", all_of_them),
    ]
    box.act(box.alerts(1)[0].id, "close", "Li Wei", "filter bags replaced", NOW)
    box.tick(ms("06:00:00"), rows, NOW)
    assert sent(box)[-1] == ("escalation.closed", "resolved", all_of_them)
    assert box.alerts(1)[0].body[0] == "Closed by Li Wei: filter bags replaced"


def test_a_restart_loses_and_doubles_no_stage(tmp_path: Path) -> None:
    """Opened anew at each moment, fed the same events again and ticked twice: each stage once, its timers as if never stopped."""
    box, rows = staffed(tmp_path)
    events = list(enumerate([over(hours=1), raised(3, "04:00:00")], 1))
    for upto in (1, 2, 2):
        box.consume(events[:upto], rows, NOW)
        box.close()
        box, _ = staffed(tmp_path)
    for at in ("05:00:04", "05:00:04", "2026-07-02T03:00:03", "2026-07-02T04:00:00", "2026-07-02T04:00:00"):
        box.tick(ms(at), rows, NOW)
        box.close()
        box, _ = staffed(tmp_path)
    assert [(kind, phase) for kind, phase, _ in sent(box)] == [("exceedance.opened", "opened"), ("escalation.raised", "opened")]
    row = box.alerts(1)[0]
    assert (row.stage, box.alerts(2)[1].stage) == (3, 3)
    reasons = box._state[f"matter/{SOURCE}/a21026"]["reasons"]
    assert set(reasons) == {"R3", "LAD-2-acknowledge/ep-1", "LAD-2-explain/ep-1", "open/LAD-3-open"}


def test_closing_is_kept_once_and_only_while_open(tmp_path: Path) -> None:
    """A form sent twice closes once; a matter that is not open cannot be closed, nor an alert that is of none."""
    box, rows = staffed(tmp_path)
    box.consume(list(enumerate([over(hours=1), raised(2)], 1)), rows, NOW)
    matter, episode = (row.id for row in box.alerts(2))
    with pytest.raises(ActionRefused) as refused:
        box.act(episode, "close", "Li Wei", "done", NOW)
    assert refused.value.reason == "over"
    first = box.act(matter, "close", "Li Wei", "done", NOW, "0")
    assert box.act(matter, "close", "Li Wei", "done", NOW + 1, "0") == first
    with pytest.raises(ActionRefused):
        box.act(matter, "close", "Li Wei", "really", NOW + 1, "1")
    assert [box.tick(ms(at), rows, NOW) != [] for at in ("03:06:00", "03:07:00")] == [True, False]
    assert box.alerts(1)[0].stage is None
    assert [json.loads(line.line)["what"] for line in box.journal()] == ["alert", "alert", "closed", "alert"]


def test_an_explanation_of_the_matter_is_one_of_its_exceedances(tmp_path: Path) -> None:
    box, rows = staffed(tmp_path)
    box.consume(list(enumerate([over(hours=1), raised(2)], 1)), rows, NOW)
    box.act(box.alerts(1)[0].id, "explain", "Chen", "ammonia pump failed", NOW)
    box.tick(ms("2026-07-02T03:00:04"), rows, NOW)
    assert "LAD-2-explain/ep-1" not in box._state[f"matter/{SOURCE}/a21026"]["reasons"]


def test_counties_still_narrow(tmp_path: Path) -> None:
    """A county's officer hears of that county only."""
    box = Outbox(tmp_path / "alerts.sqlite")
    contacts: list[Contact] = [contact(name, level="county", counties=name) for name in ("Nanhai", "Lake")]
    box.consume([(1, raised(4))], registry(*contacts), NOW)
    assert sent(box) == [("escalation.raised", "opened", ["Nanhai"])]


def test_a_message_says_stage_reason_since_when_and_what_to_do() -> None:
    """Word for word, in both languages."""
    _, alerts = play(raised(2), raised(3, "05:05:00"))
    english = render(alerts[1], registry(), BASE)
    assert [english.title, *english.body] == [
        "[STAGE 3: city] SO₂ — Nanhai Power, outlet DA001 (stack 1)",
        "Why: 3 exceeding hours within 24 h.",
        "46.8 mg/m³ against 35 (hour 02:00–03:00, at 6 % O₂), 0.34 times over.",
        "Exceeding hours within 24 h: 3.",
        "Open since 03:05, until now stage 2 (county).",
        "Rests on: Ladder.",
        "→ City: read the evidence and what was said so far; close the matter with its outcome.",
        "Log time 2026-07-01 05:05:00 (UTC+8).",
    ]
    assert [*english.links] == ["Explain or close", "Evidence", "Source", "Console"]
    chinese = render(alerts[1], registry(), BASE, "zh")
    assert [chinese.title, *chinese.body][:5] == [
        "【3 级：市级】SO₂ — Nanhai Power DA001（stack 1）",
        "升级原因：24 小时内有 3 个小时均值超标。",
        "02:00–03:00 小时均值 46.8 mg/m³（折算，基准氧含量 6%，限值 35），超标 0.34 倍。",
        "24 小时内超标 3 小时。",
        "自 03:05 起未办结，此前为 2 级（区县）。",
    ]
    _, fallen = play(raised(2), raised(2, "08:00:00", what="lapsed"))
    assert (
        render(fallen[-1], registry(), BASE).title == "[WITHDRAWN] SO₂, stage 2 (county) — Nanhai Power, outlet DA001 (stack 1)"
    )


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers, matters and reasons are kept up to their bounds."""
    monkeypatch.setattr("alerts.timers.TIMERS_MAX", 3)
    monkeypatch.setattr("alerts.ladder.REASONS_MAX", 2)
    state, _ = play(*(over(hours=1, episode=f"e{n}") for n in range(5)))
    assert len(state["timers"]) == 3 == sum(key.startswith("timer/") for key in state)
    state, _ = play(*(raised(2, reason=f"r{n}") for n in range(5)))
    assert len(state[f"matter/{SOURCE}/a21026"]["reasons"]) == 2
    monkeypatch.setattr("alerts.ladder.MATTERS_MAX", 1)
    other = Event("x", "escalation.raised", "other", "f", ms("09:00:00"), True, {**raised(2).facts})
    state, _ = play(raised(2), other)
    assert [key for key in state if key.startswith("matter/")] == ["matter/other/f"]


def test_from_bare_facts() -> None:
    """A reason without facts is the county's."""
    assert told(play(about("escalation.raised", "03:00:00"))[1]) == [("escalation.raised", "opened", 2)]
