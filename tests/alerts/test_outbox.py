"""The outbox loses nothing and makes nothing twice, wherever the process dies."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alerts import outbox as module
from alerts.outbox import Outbox
from alerts.retries import ATTEMPTS_MAX, HORIZON_MS
from processors.figures import Event
from tests.alerts.given import SOURCE, about, contact, ms, over, registry
from tests.conftest import REPO

NOW = 1_800_000_000_000
EVENTS = [
    (11, over(hours=1)),
    (12, over("lengthened", hours=2)),
    (14, about("source.silent", "04:30:00", last="2026-07-01T04:00:00+08:00")),
    (15, about("source.late", "04:32:00")),
]
"""Three of them are told; the silence two minutes later, when no other of its county has followed."""
TWO = registry(contact("duty"), contact("chief", "https://chief.example/hook?token=t0p", receives="red"))


def opened(path: Path) -> Outbox:
    return Outbox(path / "alerts.sqlite")


def test_one_delivery_for_each_contact_that_wants_it(tmp_path: Path) -> None:
    """Red goes to both, orange only to who receives all; threads wait for their first alert to be settled."""
    box = opened(tmp_path)
    made = box.consume(EVENTS, TWO, NOW)
    assert [(a.kind, a.phase) for a in made] == [
        ("exceedance.opened", "opened"), ("exceedance.lengthened", "update"), ("source.silent", "opened"),
    ]  # fmt: skip
    assert (box.cursor, box.counts()) == (15, {"waiting": 5, "delivered": 0, "dead": 0})
    assert [d.contact for d in box.due(NOW, 10)] == ["duty", "chief", "duty"], "the update waits for the opening"
    assert box.due(NOW - 1, 10) == []
    assert [d.contact for d in box.due(NOW, 10, per_contact=1)] == ["duty", "chief"]
    assert len(box.due(NOW, 2)) == 2


@pytest.mark.parametrize(
    ("narrow", "reached"),
    [
        ({}, True),
        ({"counties": "Nanhai"}, True),
        ({"counties": "Lake Nanhai"}, True),
        ({"counties": "Lake"}, False),
        ({"enterprises": "nanhai"}, True),
        ({"enterprises": "lake"}, False),
        ({"enterprises": "nanhai", "counties": "Lake"}, False),
    ],
)
def test_who_is_told(tmp_path: Path, narrow: dict[str, str], reached: bool) -> None:
    """County and enterprise narrow what a contact is sent; what blinds Plumeline reaches everybody."""
    box = opened(tmp_path)
    box.consume([(1, over())], registry(contact(**narrow)), NOW)
    assert box.counts()["waiting"] == int(reached)
    box.consume([(2, about("source.blind", "05:00:00"))], registry(contact(**narrow)), NOW)
    assert box.counts()["waiting"] == int(reached) + 1


def test_consuming_again_makes_nothing_new(tmp_path: Path) -> None:
    """After a restart the same events come again, under the same numbers or others."""
    box = opened(tmp_path)
    box.consume(EVENTS, TWO, NOW)
    before = (box.alerts(10), box.counts(), len(box.journal()))
    box.close()
    box = opened(tmp_path)
    assert box.consume(EVENTS, TWO, NOW + 5) == []
    assert box.consume([(seq + 100, event) for seq, event in EVENTS], TWO, NOW + 5) == []
    assert (box.alerts(10), box.counts(), len(box.journal())) == before
    assert box.cursor == 115


def test_killed_between_consuming_and_the_answer(tmp_path: Path) -> None:
    """What was due is due again after the crash, with the same key and the same bytes; what was recorded is not."""
    box = opened(tmp_path)
    box.consume(EVENTS, TWO, NOW)
    first = box.due(NOW, 10)
    box.attempted(first[0].id, NOW, 200, "ok")
    again = opened(tmp_path)  # the first was never closed
    assert [d for d in again.due(NOW, 10) if d in first] == first[1:]
    assert again.counts() == {"waiting": 4, "delivered": 1, "dead": 0}
    assert again.attempted(first[0].id, NOW, 500, "late") is None, "a settled delivery stays settled"
    closing = again.consume([(16, over("closed", closed_by="complies"))], TWO, NOW)
    assert [a.phase for a in closing] == ["resolved"], "the thread survived"


def test_a_failure_within_a_batch_leaves_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cursor, threads, alerts and deliveries change together or not at all."""
    box = opened(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(module, "journal_line", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            box.consume(EVENTS, TWO, NOW)
    assert (box.cursor, box.alerts(10), box.counts()["waiting"], box.journal()) == (0, [], 0, [])
    assert len(box.consume(EVENTS, TWO, NOW)) == 3


CHILD = """
import sys
from pathlib import Path
from tests.alerts.test_outbox import NOW, episodes
from tests.alerts.given import contact, registry
from alerts.outbox import Outbox
box = Outbox(Path(sys.argv[1]))
for seq, event in episodes():
    box.consume([(seq, event)], registry(contact()), NOW)
    due = box.due(NOW, 1)
    if seq % 3 == 0:
        box.attempted(due[0].id, NOW, 200, "ok")
    print(seq, flush=True)
"""
N = 300


def episodes() -> list[tuple[int, Event]]:
    return [(n, over(hours=1, episode=f"ep{n}")) for n in range(1, N + 1)]


def test_sigkill_at_any_point(tmp_path: Path) -> None:
    """A process killed again and again in the middle of its work ends with each alert once and no attempt doubled."""
    path, progress = tmp_path / "alerts.sqlite", []
    for lines in (1, 40, 90, N):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)],
            cwd=REPO,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPO)},
        )
        assert child.stdout is not None
        for _ in range(lines):
            if not child.stdout.readline():
                break
        time.sleep(0.001 * (lines % 7))
        child.send_signal(signal.SIGKILL)
        child.wait()
        progress.append(Outbox(path).cursor)
    assert progress == sorted(progress) and 0 < progress[0] < N == progress[-1]
    box = Outbox(path)
    rows = box.alerts(10 * N)
    assert sorted(row.alert.facts["episode"] for row in rows) == sorted(f"ep{n}" for n in range(1, N + 1))
    assert all(len(row.deliveries) == 1 and len(row.deliveries[0].attempts) <= 1 for row in rows)
    counts = box.counts()
    assert counts["waiting"] + counts["delivered"] == N and counts["delivered"] > 0


def test_attempts_are_kept_with_their_answers(tmp_path: Path) -> None:
    """The console sees every attempt: when, which status, what was said; and why it waits or is dead."""
    box = opened(tmp_path)
    box.consume([(1, over())], registry(contact(url="https://duty.example/hook?token=t0p")), NOW)
    key = box.due(NOW, 1)[0].id
    verdict = box.attempted(key, NOW + 10, 503, "busy" * 1000)
    assert verdict is not None and verdict.next_ms is not None
    assert NOW + 10 + 3_750 <= verdict.next_ms <= NOW + 10 + 6_250, "5 s ± 25 %"
    assert box.due(verdict.next_ms - 1, 1) == [] and box.next_due_ms(NOW) == verdict.next_ms
    (again,) = box.due(verdict.next_ms, 1)
    assert (again.id, again.attempts) == (key, 1)
    box.attempted(key, NOW + 9_000, 410, "gone")
    (row,) = box.alerts(1)
    (delivery,) = row.deliveries
    assert [(a.n, a.time_ms, a.status, len(a.answer)) for a in delivery.attempts] == [
        (1, NOW + 10, 503, module.ANSWER_MAX), (2, NOW + 9_000, 410, 4),
    ]  # fmt: skip
    assert (delivery.state, delivery.reason) == ("dead", "answered 410, which another attempt does not change: gone")
    assert delivery.url == "https://duty.example/…", "the address may hold a token and is not shown"
    assert box.counts() == {"waiting": 0, "delivered": 0, "dead": 1}
    assert row.title == "[RED] SO₂ over limit — Nanhai Power, outlet DA001 (stack 1)"
    assert (row.id, row.thread, row.text) == (row.alert.id, "ep-1", "\n".join(row.body))
    assert box.alert(row.alert.id) == row and box.alert("nobody") is None
    assert box.alerts(5, SOURCE) == [row] and box.alerts(5, "other") == []


def test_a_dead_letter_can_be_tried_again(tmp_path: Path) -> None:
    """With the same key and a fresh count, to the address the contact has now."""
    box = opened(tmp_path)
    box.consume([(1, over())], registry(contact()), NOW)
    key, late = box.due(NOW, 1)[0].id, NOW + HORIZON_MS
    box.attempted(key, late, 500, "")
    assert box.counts()["dead"] == 1
    assert box.revive(key, late) and not box.revive(key, late)
    box.renew([contact(url="https://new.example/", secret_env="NEW")])
    (due,) = box.due(late, 1)
    assert (due.id, due.url, due.secret_env, due.attempts) == (key, "https://new.example/", "NEW", 0)
    for n in range(ATTEMPTS_MAX - 1):
        verdict = box.attempted(key, late + n, 500, "")
        assert verdict is not None and verdict.state == "waiting"
    verdict = box.attempted(key, late + ATTEMPTS_MAX, 500, "")
    assert verdict is not None and verdict.state == "dead"
    assert len(box.alerts(1)[0].deliveries[0].attempts) == 1 + ATTEMPTS_MAX


def test_the_journal_tells_everything_in_order(tmp_path: Path) -> None:
    """Alert, attempts, waiting for a secret (once), dead letter, trying again: NDJSON, read from any number on."""
    box = opened(tmp_path)
    box.consume([(1, over())], registry(contact()), NOW)
    key = box.due(NOW, 1)[0].id
    for n in range(3):
        box.waits(key, NOW + n, "no secret")
    box.attempted(key, NOW + 5, 500, "")
    box.refused(key, NOW + 6, "no address")
    box.revive(key, NOW + 7)
    box.attempted(key, NOW + 8, 204, "")
    lines = box.journal()
    assert [json.loads(line.line)["what"] for line in lines] == ["alert", "waits", "attempt", "dead", "revived", "attempt"]
    assert all(line.source == SOURCE and b"\n" not in line.line for line in lines)
    first = json.loads(lines[0].line)
    assert (first["v"], first["time"], first["contacts"]) == (1, "2027-01-15T08:00:00.000+00:00", ["duty"])
    assert box.journal(lines[2].n) == lines[3:] and box.journal(0, 2) == lines[:2]


def test_a_digest_is_told_by_a_tick(tmp_path: Path) -> None:
    """What was found looking back survives a restart and is told when the log's time comes, once."""
    box = opened(tmp_path)
    assert box.consume([(1, over("retrospective", "09:00:00", live=False))], TWO, NOW) == []
    box.close()
    box = opened(tmp_path)
    assert box.tick(ms("09:14:59"), TWO, NOW) == []
    assert [a.phase for a in box.tick(ms("09:15:00"), TWO, NOW)] == ["digest"]
    assert box.tick(ms("09:16:00"), TWO, NOW) == []
    assert [d.contact for d in box.due(NOW, 9)] == ["duty"], "a digest is not red"


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting deliveries, alerts, events and journal are kept up to their bounds; what gives way says so."""
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    monkeypatch.setattr(module, "ALERTS_KEPT", 4)
    monkeypatch.setattr(module, "JOURNAL_KEPT", 5)
    monkeypatch.setattr(module, "EVENTS_KEPT", 6)
    box = opened(tmp_path)
    for seq, event in episodes()[:20]:
        box.consume([(seq, event)], registry(contact()), NOW)
    assert box.counts() == {"waiting": 3, "delivered": 0, "dead": 1}
    assert len(box.alerts(100)) == 4 and len(box.journal()) == 5
    assert box.alerts(100)[-1].deliveries[0].reason == "more than 3 deliveries wait for duty; the oldest give way"
    with sqlite3.connect(tmp_path / "alerts.sqlite") as db:
        assert db.execute("SELECT count(*) FROM consumed").fetchone() == (6,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


def test_an_alert_that_waits_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retention passes over alerts whose deliveries still wait."""
    monkeypatch.setattr(module, "ALERTS_KEPT", 1)
    box = opened(tmp_path)
    box.consume(episodes()[:5], registry(contact()), NOW)
    assert len(box.alerts(100)) == 5
