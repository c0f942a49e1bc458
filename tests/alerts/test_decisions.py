"""Findings are confirmed and dismissed by people who may; a confirmation is reason for the province's stage, until it is taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from alerts import decisions, outbox
from alerts.actions import WORDS_MAX, ActionRefused
from alerts.decisions import Decided, Decision
from alerts.finding_http import router
from alerts.message import render
from alerts.outbox import Outbox
from processors.figures import Event
from processors.store import StoreAway
from tests.alerts.given import BASE, SOURCE, ms, registry
from tests.alerts.test_actions import NOW
from tests.alerts.test_ladder import LADDER, LEVELS, raised, sent
from tests.alerts.test_roles import STAFF

OFFICE = registry(*LEVELS).model_copy(update={"escalation": LADDER})


def found(rule: str = "DQ-4", pack: str = "cn-flue-gas", factor: str | None = "a21026", day: str = "2026-06-30") -> Event:
    """A finding of screening, told after its day's midnight."""
    facts = {
        "rule": rule,
        "pack": pack,
        "day": day,
        "text": "21 of 24 valid hours just below the limit, none above",
        "weight": 3,
    }
    name = f"screening.finding/{SOURCE}/{factor}/{rule}/{day}"
    return Event(name, "screening.finding", SOURCE, factor, ms("00:10:00"), False, facts)


def decide(
    box: Outbox, decided: Decided, who: str = "Wang Fang", key: str = "", finding: Event | None = None, at: int = NOW
) -> Decision:
    words = "limit set on site" if decided == "confirmed" else "a steady load"
    return box.decide(
        finding or found(), decided, who, words, "report 17" if decided == "confirmed" else "", at, key, registry=OFFICE
    )


def opened(path: Path) -> Outbox:
    return Outbox(path / "alerts.sqlite")


def test_a_confirmed_pattern_is_the_provinces(tmp_path: Path) -> None:
    """Emission_rules 10, stage 4 province: falsification pattern confirmed. Told at the next tick, once, through a restart."""
    box = opened(tmp_path)
    box.consume([(1, found())], OFFICE, NOW)
    assert box.alerts(9) == [], "nobody is called for a finding"
    decide(box, "confirmed")
    box.close()
    box = opened(tmp_path)
    for at in ("09:00:00", "09:00:10"):
        box.tick(ms(at), OFFICE, NOW)
    assert sent(box) == [("escalation.raised", "opened", ["enterprise", "county", "city", "province"])]
    (row,) = box.alerts(9)
    assert (row.stage, row.alert.time_ms, row.source, row.factor) == (4, ms("09:00:00"), SOURCE, "a21026")
    english = render(row.alert, OFFICE, BASE)
    assert [english.title, *english.body] == [
        "[STAGE 4: province] SO₂ — Nanhai Power, outlet DA001 (stack 1)",
        "Why: a pattern found by screening was confirmed after inspection.",
        "Finding of 2026-06-30: confirmed by Wang Fang as “values hugging the limit” after inspection. limit set on site",
        "Rests on: Ladder of escalation stage 4.",
        "→ Province: read the evidence and what was said so far; close the matter with its outcome.",
        "Log time 2026-07-01 09:00:00 (UTC+8).",
    ]
    assert english.links["Finding"] == (
        f"{BASE}/findings/{SOURCE}?finding=screening.finding%2F{SOURCE}%2Fa21026%2FDQ-4%2F2026-06-30"
    )
    chinese = render(row.alert, OFFICE, BASE, "zh")
    assert chinese.body[:2] == (
        "升级原因：筛查线索经核查确认。",
        "2026-06-30 的线索：经核查，Wang Fang 确认为“贴限排放”。limit set on site",
    )


def test_no_deadline_runs_above_the_province(tmp_path: Path) -> None:
    """Stage 3 is for what is open for 24 h (stage 2 open for 24 h): a matter of stage 4 says nothing more until its ticket is closed."""
    box = opened(tmp_path)
    decide(box, "confirmed")
    for at in ("09:00:00", "2026-07-02T09:00:00", "2026-07-09T09:00:00"):
        box.tick(ms(at), OFFICE, NOW)
    assert [(kind, phase) for kind, phase, _ in sent(box)] == [("escalation.raised", "opened")]
    box.act(box.alerts(1)[0].id, "close", "Ma", "fined", NOW, registry=OFFICE)
    box.tick(ms("2026-07-09T09:00:10"), OFFICE, NOW)
    assert [kind for kind, _, _ in sent(box)] == ["escalation.raised", "escalation.closed"]
    decide(box, "confirmed", "Huang")
    assert box.tick(ms("2026-07-09T09:00:20"), OFFICE, NOW) == [], "confirmed by a second person it is no new matter"


def test_dismissed_after_all(tmp_path: Path) -> None:
    """What a confirmation raised falls with it: to what else there is, or to nothing; both decisions stay on record."""
    box = opened(tmp_path)
    decide(box, "confirmed")
    box.tick(ms("02:00:00"), OFFICE, NOW)
    box.consume([(1, raised(2))], OFFICE, NOW)
    decide(box, "dismissed")
    box.tick(ms("09:00:00"), OFFICE, NOW)
    row = box.alerts(1)[0]
    assert (row.alert.kind, row.phase, row.stage) == ("escalation.lapsed", "update", 2)
    assert row.body[:2] == (
        "Finding of 2026-06-30 (“values hugging the limit”): dismissed by Wang Fang. a steady load",
        "What remains: stage 2 (county).",
    )
    assert [d.decided for d in box.decisions(SOURCE)] == ["confirmed", "dismissed"] and box.decisions("other") == []
    assert decisions.standing(box.decisions())[found().id].decided == "dismissed"
    decide(box, "confirmed")
    assert [a.facts["stage"] for a in box.tick(ms("10:00:00"), OFFICE, NOW)] == [4], "and it may be confirmed again"


def test_decided_twice_between_two_ticks(tmp_path: Path) -> None:
    """The newest decision is what is told: nothing, where the confirmation was never told."""
    box = opened(tmp_path)
    decide(box, "confirmed")
    decide(box, "dismissed")
    assert box.tick(ms("09:00:00"), OFFICE, NOW) == [] and sent(box) == []


def test_a_finding_of_a_quality_test_raises_nothing(tmp_path: Path) -> None:
    """A series' spikes are no pattern of falsification; a rule that is gone was one, and is told by its id."""
    box = opened(tmp_path)
    decide(box, "confirmed", finding=found("SER-RANGE", "cn-flue-gas-series"))
    assert box.tick(ms("09:00:00"), OFFICE, NOW) == []
    decide(box, "confirmed", finding=found("OWN-1", "gone", factor=None))
    (alert,) = box.tick(ms("09:00:10"), OFFICE, NOW)
    assert (alert.facts["pattern"], alert.facts["stage"], alert.factor) == ("OWN-1", 4, None)


def test_without_the_rule_nothing_rises(tmp_path: Path) -> None:
    """escalation.toml decides; without it a confirmation is kept and no more."""
    box, bare = opened(tmp_path), registry(*LEVELS)
    box.decide(found(), "confirmed", "Li", "seen", "report", NOW, registry=bare)
    assert box.tick(ms("09:00:00"), bare, NOW) == [] and len(box.decisions()) == 1


def test_who_may_decide(tmp_path: Path) -> None:
    """People of the county and above; a confirmation that made a matter the province's is taken back by the province. Refusals are journalled."""
    box, staff = opened(tmp_path), STAFF.model_copy(update={"escalation": LADDER})

    def decided(verdict: Decided, who: str) -> str:
        try:
            return box.decide(found(), verdict, who, "why", "report", NOW, registry=staff).decided
        except ActionRefused as refused:
            return refused.reason

    assert [decided("dismissed", who) for who in ("Li Wei", "Zhou", "nobody")] == ["role"] * 3
    assert decided("confirmed", "Wang Fang") == "confirmed"
    box.tick(ms("09:00:00"), staff, NOW)
    assert [decided("dismissed", who) for who in ("Wang Fang", "Huang", "Ma")] == ["role", "role", "dismissed"]
    lines = [json.loads(line.line) for line in box.journal()]
    told = [(line["what"], line["who"], line.get("stage")) for line in lines if line["what"] != "alert"]
    assert told == [
        ("refused", "Li Wei", 2), ("refused", "Zhou", 2), ("refused", "nobody", 2), ("confirmed", "Wang Fang", None),
        ("refused", "Wang Fang", 4), ("refused", "Huang", 4), ("dismissed", "Ma", None),
    ]  # fmt: skip
    (line,) = (line for line in lines if line["what"] == "confirmed")
    assert (line["finding"], line["rule"], line["words"], line["evidence"]) == (found().id, "DQ-4", "why", "report")


@pytest.mark.parametrize(
    ("decided", "who", "words", "evidence", "reason"),
    [
        ("confirmed", " \x00", "why", "report", "who"),
        ("dismissed", "Li", " ", "", "words"),
        ("confirmed", "Li", "why", " \n", "evidence"),
        ("confirmed", "Li", "why", "x" * (WORDS_MAX + 1), "long"),
        ("dismissed", "x" * 65, "why", "", "long"),
    ],
)
def test_what_is_not_kept(tmp_path: Path, decided: Decided, who: str, words: str, evidence: str, reason: str) -> None:
    """Nobody, no reason, a confirmation without evidence and too much are refused, and leave no trace."""
    box = opened(tmp_path)
    with pytest.raises(ActionRefused) as refused:
        box.decide(found(), decided, who, words, evidence, NOW, registry=OFFICE)
    assert (refused.value.reason, box.decisions(), box.journal()) == (reason, [], [])


def test_kept_once_and_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form sent twice decides once; a finding keeps so many decisions, the file so many in all."""
    box = opened(tmp_path)
    first = decide(box, "dismissed", key="0")
    assert decide(box, "dismissed", key="0", at=NOW + 9) == first == box.decisions()[0]
    assert decide(box, "dismissed", key="1") != first and len(box.decisions()) == 2
    monkeypatch.setattr(outbox, "DECISIONS_MAX", 2)
    with pytest.raises(ActionRefused) as refused:
        decide(box, "confirmed")
    assert refused.value.reason == "many"
    monkeypatch.setattr(decisions, "DECISIONS_KEPT", 2)
    other = decide(box, "dismissed", finding=found("DQ-10"))
    assert [d.finding for d in box.decisions()] == [found().id, other.finding]
    box.close()
    assert decisions.read(tmp_path / "alerts.sqlite") == [*opened(tmp_path).decisions()]
    assert decisions.read(tmp_path / "none") == []


def test_over_http(tmp_path: Path) -> None:
    """Decided and read by a duty system; each refusal says what is missing, and a store that is away is to be asked again."""
    box, findings = opened(tmp_path), {found().id: found()}

    def find(name: str) -> Event | None:
        if name == "away":
            raise StoreAway("away")
        return findings.get(name)

    app = FastAPI()
    app.include_router(router(box, lambda: NOW, lambda: STAFF, find))
    client, path = TestClient(app), "/v1/findings/decisions"
    said = {
        "finding": found().id,
        "decided": "confirmed",
        "who": "Wang Fang",
        "words": "limit set on site",
        "evidence": "report 17",
    }
    wrong: list[tuple[dict[str, str], int]] = [
        ({"finding": "nothing"}, 404), ({"finding": "away"}, 503), ({"decided": "perhaps"}, 422), ({"evidence": ""}, 422),
        ({"who": "Li Wei"}, 403), ({"words": ""}, 422),
    ]  # fmt: skip
    for change, status in wrong:
        answer = client.post(path, json=said | change)
        assert (answer.status_code, "error" in answer.json()) == (status, True), change
    assert client.post(path, content="x", headers={"content-type": "text/plain"}).status_code == 415
    first = client.post(path, json=said, headers={"idempotency-key": "k"}).json()
    assert client.post(path, json=said, headers={"idempotency-key": "k"}).json() == first
    assert (first["decided"], first["who"], first["rule"], first["time_ms"]) == ("confirmed", "Wang Fang", "DQ-4", NOW)
    assert client.get(path, params={"source": SOURCE}).json() == {"decisions": [first]}
    assert client.get(path, params={"source": "other"}).json() == {"decisions": []}
