"""Acknowledging and commenting: kept once, told by the journal, and the end of repetitions but never of the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from alerts import outbox as module
from alerts.actions import WORDS_MAX, Action, ActionKind, ActionRefused
from alerts.http import router
from alerts.outbox import Outbox
from processors.figures import Event
from tests.alerts.given import contact, over, registry

NOW = 1_800_000_000_000
DUTY = registry(contact("duty"))
LONGER = [over("lengthened", f"0{3 + h}:00:04", hours=h) for h in range(2, 5)]
"""Hours 2 to 4 of an episode that began at hour 1; 2 and 4 are told."""


def opened(path: Path, *events: Event) -> tuple[Outbox, list[str]]:
    """Return an outbox that has consumed events, and the ids of its alerts, oldest first."""
    path.mkdir(exist_ok=True)
    box = Outbox(path / "alerts.sqlite")
    box.consume(list(enumerate(events, 1)), DUTY, NOW)
    return box, [row.id for row in reversed(box.alerts(99))]


def more(box: Outbox, *events: Event) -> list[tuple[str, int]]:
    """Consume further events; return phase and hours of what is told."""
    made = box.consume(list(enumerate(events, box.cursor + 1)), DUTY, NOW)
    return [(a.phase, a.facts["hours"]) for a in made]


def test_an_acknowledged_episode_is_quiet_until_its_end(tmp_path: Path) -> None:
    """Without an acknowledgement hours 2 and 4 are told; with it, through a restart, only the end is, and is delivered."""
    box, (first,) = opened(tmp_path, over(hours=1))
    assert box.act(first, "acknowledge", " Li  Wei ", "absorber is being looked at", NOW + 5).who == "Li Wei"
    box.close()
    box = Outbox(tmp_path / "alerts.sqlite")
    assert more(box, *LONGER) == []
    assert more(box, over("closed", "07:00:04", hours=4, closed_by="complies")) == [("resolved", 4)]
    assert [d.thread for d in reversed(box.alerts(9))] == ["ep-1", "ep-1"]
    assert box.counts()["waiting"] == 2, "what was made before the acknowledgement is delivered all the same"
    other, _ = opened(tmp_path / "other", over(hours=1))
    assert more(other, *LONGER) == [("update", 2), ("update", 4)]


def test_an_episode_that_begins_again_is_told_again(tmp_path: Path) -> None:
    """An acknowledgement ends with what it acknowledged; one that comes too late concerns only what had ended."""
    box, (first,) = opened(tmp_path, over(hours=1))
    box.act(first, "acknowledge", "Li Wei", "", NOW)
    again = over(hours=1, id="again")
    assert more(box, over("closed", closed_by="complies"), again) == [("resolved", 2), ("opened", 1)]
    box.act(first, "comment", "Li Wei", "it was a leak", NOW)
    assert more(box, LONGER[0]) == [("update", 2)]
    assert [row.acknowledged is not None for row in box.alerts(9)] == [False, False, False, True]
    late, (one,) = opened(tmp_path / "late", over(hours=1))
    more(late, over("closed", closed_by="complies"), again)
    late.act(one, "acknowledge", "Li Wei", "", NOW)
    assert more(late, LONGER[0]) == [("update", 2)], "the new episode was acknowledged by nobody"


def test_an_action_is_kept_once(tmp_path: Path) -> None:
    """A form sent twice, a second acknowledgement and a restart change nothing; other words are another comment."""
    box, (first,) = opened(tmp_path, over(hours=1))
    one = box.act(first, "acknowledge", "Li Wei", "", NOW, "0")
    assert box.act(first, "acknowledge", "Zhang", "me too", NOW + 9) == one
    said = box.act(first, "comment", "Zhang", "on my way", NOW + 10, "1")
    assert box.act(first, "comment", "Zhang", "on my way", NOW + 11, "1") == said
    box.act(first, "comment", "Zhang", "on my way", NOW + 12, "2")
    (row,) = box.alerts(9)
    assert row.acknowledged == one == Action(one.id, "acknowledge", "Li Wei", "", NOW, 1)
    assert [(a.kind, a.who, a.time_ms - NOW) for a in row.actions] == [
        ("acknowledge", "Li Wei", 0), ("comment", "Zhang", 10), ("comment", "Zhang", 12),
    ]  # fmt: skip
    told = [json.loads(line.line) for line in box.journal()]
    assert [line["what"] for line in told] == ["alert", "acknowledged", "commented", "commented"]
    assert (told[2]["who"], told[2]["words"], told[2]["alert"], told[2]["action"]) == ("Zhang", "on my way", first, said.id)


@pytest.mark.parametrize(
    ("kind", "who", "words", "reason"),
    [
        ("acknowledge", " \x00 ", "", "who"),
        ("comment", "Li Wei", " \n", "words"),
        ("explain", "Li Wei", "", "words"),
        ("close", "Li Wei", "", "words"),
        ("close", "Li Wei", "done", "over"),
        ("comment", "Li Wei", "x" * (WORDS_MAX + 1), "long"),
        ("comment", "x" * 65, "words", "long"),
    ],
)
def test_what_is_not_kept(tmp_path: Path, kind: ActionKind, who: str, words: str, reason: str) -> None:
    """Nobody, nothing and too much are refused with the reason, and leave no trace."""
    box, (first,) = opened(tmp_path, over(hours=1))
    with pytest.raises(ActionRefused) as refused:
        box.act(first, kind, who, words, NOW)
    assert (refused.value.reason, len(box.journal()), box.alerts(1)[0].actions) == (reason, 1, ())


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread keeps so many actions; what was done about a forgotten alert is forgotten with it."""
    monkeypatch.setattr(module, "ACTIONS_MAX", 2)
    monkeypatch.setattr(module, "ALERTS_KEPT", 1)
    box, (first,) = opened(tmp_path, over(hours=1))
    for n in range(2):
        box.act(first, "comment", "Li Wei", f"number {n}", NOW)
    with pytest.raises(ActionRefused) as refused:
        box.act(first, "acknowledge", "Li Wei", "", NOW)
    assert refused.value.reason == "many"
    for due in box.due(NOW, 9):
        box.attempted(due.id, NOW, 204, "")
    more(box, over("closed", closed_by="complies"), over(hours=1, id="again"))
    with pytest.raises(ActionRefused) as refused:
        box.act(first, "comment", "Li Wei", "late", NOW)
    assert refused.value.reason == "gone"
    assert [row.actions for row in box.alerts(9)] == [(), ()]


def test_over_http(tmp_path: Path) -> None:
    """A duty system reads an alert, acknowledges it once however often it asks, and is told what it did wrong."""
    box, (first,) = opened(tmp_path, over(hours=1))
    app = FastAPI()
    app.include_router(router(box, lambda: NOW, lambda: DUTY))
    client = TestClient(app)
    said = {"who": "Li Wei", "words": "on my way"}
    for _ in range(2):
        answer = client.post(f"/v1/alerts/{first}/acknowledge", json=said)
        assert (answer.status_code, answer.json()["who"], answer.json()["time_ms"]) == (200, "Li Wei", NOW)
    for _ in range(2):
        client.post(f"/v1/alerts/{first}/comments", json=said, headers={"Idempotency-Key": "k1"})
    found = client.get(f"/v1/alerts/{first}").json()
    assert [a["kind"] for a in found["actions"]] == ["acknowledge", "comment"]
    assert (found["acknowledged"]["words"], found["deliveries"][0]["state"]) == ("on my way", "waiting")
    assert [a["id"] for a in client.get("/v1/alerts?limit=5").json()["alerts"]] == [first]
    explained = client.post(f"/v1/alerts/{first}/explanation", json=said)
    assert (explained.status_code, explained.json()["kind"]) == (200, "explain")
    assert client.post(f"/v1/alerts/{first}/close", json=said).status_code == 409, "no matter is open"
    assert client.get(f"/v1/alerts/{first}").json()["stage"] is None
    assert client.post("/v1/alerts/nobody/acknowledge", json=said).status_code == 404
    assert client.post(f"/v1/alerts/{first}/comments", json={"who": "Li Wei"}).status_code == 422
    assert client.post(f"/v1/alerts/{first}/comments", json={"who": "x", "spy": 1}).status_code == 422
    plain = client.post(f"/v1/alerts/{first}/comments", content=json.dumps(said), headers={"content-type": "text/plain"})
    assert plain.status_code == 415, "a form of a foreign page can send no JSON"
    assert len(box.alerts(1)[0].actions) == 3
