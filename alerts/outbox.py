"""The outbox: consumed events, alert threads, alerts and their deliveries in one SQLite file, changed in one transaction.

Two clocks meet here. Alerts carry the log's time; making, attempting and retrying a delivery happens in real time, which is
the ``now_ms`` of each method. The file is safe to use from several threads of one process; one process writes it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts import decisions, ladder
from alerts.actions import Action, ActionKind, ActionRefused, action_id, checked, keep, of_thread, span
from alerts.alert import Alert, State
from alerts.decisions import DECISIONS_MAX, Decided, Decision
from alerts.ladder import COUNTY_STAGE, stage_of
from alerts.lifecycle import NO_LADDER, Office, acknowledged, closed, explained, flush, steps, waits
from alerts.message import Message, render
from alerts.names import counties, wants
from alerts.records import (
    AlertRow,
    Attempt,
    DeliveryRow,
    JournalLine,
    What,
    alert_json,
    delivery_id,
    journal_line,
    payload,
    told_url,
)
from alerts.retries import Verdict, judged
from alerts.roles import may_close
from alerts.schema import SCHEMA
from ingest.registry import Contact, Registry
from processors.figures import Event

WAITING_MAX = 10_000
"""Deliveries that may wait for one contact; beyond it the oldest become dead letters."""
ALERTS_KEPT = 50_000
"""Alerts kept with their deliveries; the oldest go once none of their deliveries waits."""
EVENTS_KEPT = 200_000
"""Ids of consumed events remembered, so that an event that comes again is known."""
JOURNAL_KEPT = 200_000
"""Lines of the journal kept for those who copy it to topic ``alerts``."""
ACTIONS_MAX = 200
"""Acknowledgements and comments kept for one thread; more are refused."""
DONE: dict[ActionKind, What] = {
    "acknowledge": "acknowledged", "comment": "commented", "explain": "explained", "close": "closed"
}  # fmt: skip
"""What the journal says of an action."""
DEPENDENT = (("deliveries", "alert"), ("actions", "alert"), ("alerts", "id"))
"""Tables and columns from which a forgotten alert goes, itself last."""
ANSWER_MAX = 500
"""Characters of a receiver's answer that are kept."""
SECRET_PAUSE_MS = 60_000
"""Pause before a delivery that cannot be signed is looked at again."""
BUSY_S = 10.0
"""How long a writer waits for the file's lock."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to attempt: ``id`` is the idempotency key (webhook-id), ``payload`` the same bytes at every attempt."""

    id: str
    contact: str
    url: str
    secret_env: str
    payload: bytes
    attempts: int


class Outbox:
    """Alerts and deliveries that survive a crash; consuming an event again makes nothing new.

    ``base`` is the console's address for links. Raises sqlite3.Error where the file cannot be used.
    """

    def __init__(self, path: Path, base: str = "http://127.0.0.1:8080") -> None:
        self._base = base
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(SCHEMA)
        self._state: State = self._stored_state()

    def close(self) -> None:
        """Close the file; what was committed stays."""
        with self._lock:
            self._db.close()

    @property
    def cursor(self) -> int:
        """The sequence number of the newest event consumed, 0 before the first."""
        with self._lock:
            row = self._db.execute("SELECT value FROM meta WHERE key = 'cursor'").fetchone()
        return int(row[0]) if row else 0

    @property
    def journalled(self) -> int:
        """The number of the newest journal line that is on topic ``alerts``."""
        with self._lock:
            row = self._db.execute("SELECT value FROM meta WHERE key = 'journalled'").fetchone()
        return int(row[0]) if row else 0

    @journalled.setter
    def journalled(self, n: int) -> None:
        """Remember the newest line that is on the topic."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('journalled', ?)", (n,))

    def consume(self, events: Iterable[tuple[int, Event]], registry: Registry, now_ms: int) -> list[Alert]:
        """Move the threads by events (seq, event) in order, make alerts and deliveries, keep the cursor: one transaction.

        An event at or below the cursor, or whose id was consumed, is passed over. Contacts and names come from ``registry``.
        Returns the new alerts.
        """
        fresh: list[Event] = []
        with self._transaction():
            cursor = self.cursor
            for seq, event in events:
                if seq <= cursor:
                    continue
                cursor = seq
                known = self._db.execute("INSERT OR IGNORE INTO consumed(event) VALUES (?)", (event.id,)).rowcount == 0
                if not known:
                    fresh.append(event)
            state, alerts = steps(self._state, fresh, office(registry))
            new = [alert for alert in alerts if self._file(alert, registry, now_ms)]
            self._keep(state)
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('cursor', ?)", (cursor,))
            self._trim(registry, now_ms)
        return new

    def tick(self, log_ms: int, registry: Registry, now_ms: int) -> list[Alert]:
        """Tell the digests, silences, stages and deadlines that are due by the log's time; to be called with the newest tick."""
        with self._lock:
            if not waits(self._state):
                return []
            state, alerts = flush(self._state, log_ms, office(registry))
            if state == self._state:
                return []
            with self._transaction():
                new = [alert for alert in alerts if self._file(alert, registry, now_ms)]
                self._keep(state)
        return new

    def renew(self, contacts: Iterable[Contact]) -> None:
        """Give waiting deliveries the address and secret's name that their contact has now."""
        with self._transaction():
            self._db.executemany(
                "UPDATE deliveries SET url = ?1, secret_env = ?2 WHERE contact = ?3 AND state = 'waiting'"
                " AND (url <> ?1 OR secret_env <> ?2)",
                [(c.url, c.secret_env, c.contact) for c in contacts],
            )

    def due(self, now_ms: int, limit: int, per_contact: int = 4) -> list[Due]:
        """Return deliveries to attempt now, earliest first, at most ``per_contact`` of one contact.

        A delivery waits until the earlier ones of its thread to the same contact are settled, so that nobody reads the end
        before the beginning.
        """
        with self._lock:
            rows = self._db.execute(
                "SELECT id, contact, url, secret_env, payload, attempts FROM ("
                " SELECT *, row_number() OVER (PARTITION BY contact ORDER BY next_ms, n) AS place FROM deliveries AS d"
                " WHERE state = 'waiting' AND next_ms <= ?1 AND NOT EXISTS (SELECT 1 FROM deliveries AS e"
                "  WHERE e.state = 'waiting' AND e.contact = d.contact AND e.thread = d.thread AND e.n < d.n))"
                " WHERE place <= ?2 ORDER BY next_ms, n LIMIT ?3",
                (now_ms, per_contact, limit),
            ).fetchall()
        return [Due(*row) for row in rows]

    def next_due_ms(self, now_ms: int) -> int | None:
        """Return when the next delivery becomes due after ``now_ms``, None where none waits."""
        with self._lock:
            sql = "SELECT min(next_ms) FROM deliveries WHERE state = 'waiting' AND next_ms > ?"
            row = self._db.execute(sql, (now_ms,)).fetchone()
        return None if row[0] is None else int(row[0])

    def attempted(
        self, delivery: str, now_ms: int, status: int | None, answer: str, retry_after_s: float | None = None
    ) -> Verdict | None:
        """Record an attempt and what follows from it; None where the delivery does not wait (any more).

        ``status`` is None where no answer came; ``answer`` is then the network's error.
        """
        answer = answer[:ANSWER_MAX]
        with self._transaction():
            found = self._waiting(delivery)
            if found is None:
                return None
            n, made_ms = found["attempts"] + 1, found["made_ms"]
            count = self._db.execute("SELECT count(*) FROM attempts WHERE delivery = ?", (delivery,)).fetchone()[0]
            verdict = judged(delivery, n, made_ms, now_ms, status, answer, retry_after_s)
            self._db.execute("INSERT INTO attempts VALUES (?, ?, ?, ?, ?)", (delivery, count + 1, now_ms, status, answer))
            self._settle(found, n, verdict)
            facts = {"attempt": count + 1, "status": status, "answer": answer, "state": verdict.state, "reason": verdict.reason}
            self._journal(found["source"], "attempt", now_ms, {"delivery": delivery, "contact": found["contact"], **facts})
        return verdict

    def waits(self, delivery: str, now_ms: int, reason: str) -> None:
        """Put a delivery off that cannot be attempted yet, with a reason people see; it counts as no attempt."""
        with self._transaction():
            found = self._waiting(delivery)
            if found is None:
                return
            self._settle(found, found["attempts"], Verdict("waiting", now_ms + SECRET_PAUSE_MS, reason))
            if found["reason"] != reason:
                facts = {"delivery": delivery, "contact": found["contact"], "reason": reason}
                self._journal(found["source"], "waits", now_ms, facts)

    def refused(self, delivery: str, now_ms: int, reason: str) -> None:
        """Make a delivery that can never be attempted a dead letter."""
        with self._transaction():
            found = self._waiting(delivery)
            if found is not None:
                self._bury(found, now_ms, reason)

    def revive(self, delivery: str, now_ms: int) -> bool:
        """Let a dead letter be tried again, with the same key and a fresh count; False where it is not one."""
        with self._transaction():
            sql = "UPDATE deliveries SET state = 'waiting', next_ms = ?1, made_ms = ?1, attempts = 0, reason = 'tried again'"
            changed = self._db.execute(sql + " WHERE id = ?2 AND state = 'dead'", (now_ms, delivery)).rowcount == 1
            if changed:
                row = self._db.execute("SELECT source, contact FROM deliveries WHERE id = ?", (delivery,)).fetchone()
                self._journal(row[0], "revived", now_ms, {"delivery": delivery, "contact": row[1]})
        return changed

    def act(
        self,
        alert: str,
        kind: ActionKind,
        who: str,
        words: str,
        now_ms: int,
        key: str = "",
        registry: Registry | None = None,
    ) -> Action:
        """Acknowledge an alert, comment on it, explain its subject or close a matter: kept, journalled, and the end of what waits for it.

        Acknowledged, an open thread is not repeated; explained, its deadline is met; closed, a matter is told
        to have ended. Acknowledging again, or acting again with the same ``key`` and the same words, changes nothing and returns what was
        kept first.

        Raises:
            ActionRefused: the alert is not known, a word is missing or too long, the thread has too many actions, or there is no open
                matter to close, or the person may not close it at its stage by ``registry`` (see ``alerts.roles``), which is journalled.
        """
        who, words = checked(kind, who, words)
        if kind == "close" and registry is not None:
            self._check_role(alert, who, words, now_ms, registry)
        with self._transaction():
            found = self._named("SELECT n, source, alert FROM alerts WHERE id = ?", (alert,))
            if not found:
                raise ActionRefused("gone")
            n, source, told = found[0]["n"], found[0]["source"], json.loads(found[0]["alert"])
            thread, factor = told["thread"], told["factor"]
            upto, over = span(self._db, thread, n)
            actions = of_thread(self._db, thread)
            identity = action_id(alert, kind, who, words, key or str(len(actions)))
            known = [a for a in actions if a.id == identity or (a.kind == kind == "acknowledge" and a.upto >= n)]
            if known:
                return known[0]
            if len(actions) >= ACTIONS_MAX:
                raise ActionRefused("many")
            state: State | None = self._state
            if kind == "close":
                state = closed(self._state, thread, source, factor, who, words)
            elif kind == "explain":
                state = explained(self._state, thread, source, factor)
            elif kind == "acknowledge" and not over:
                state = acknowledged(self._state, thread)
            if state is None:
                raise ActionRefused("over")
            action = Action(identity, kind, who, words, now_ms, upto)
            keep(self._db, action, alert, thread)
            facts = {"action": identity, "alert": alert, "thread": thread, "who": who, "words": words}
            self._journal(source, DONE[kind], now_ms, facts)
            self._keep(state)
        return action

    def decide(
        self,
        finding: Event,
        decided: Decided,
        who: str,
        words: str,
        evidence: str,
        now_ms: int,
        key: str = "",
        *,
        registry: Registry,
    ) -> Decision:
        """Confirm or dismiss a finding of screening: kept, journalled, and told to the ladder of escalation at the next tick.

        The newest decision holds; the earlier ones stay. Deciding again with the same ``key`` and the same words changes nothing and
        returns what was kept first.

        Raises:
            ActionRefused: a word is missing or too long, the finding has too many decisions, or the person may not: people of the county and
                above decide, and who takes a confirmation back is one who may close the matter that it raised. The attempt is journalled.
        """
        with self._transaction():
            known = decisions.of_finding(self._db, finding.id)
            made = decisions.decision(finding, decided, who, words, evidence, now_ms, key or str(len(known)))
            again = next((d for d in known if d.id == made.id), None)
            if again is not None:
                return again
            if len(known) >= DECISIONS_MAX:
                raise ActionRefused("many")
            stood = known[-1].decided if known else None
            stage = COUNTY_STAGE
            if stood == "confirmed":
                stage = max(stage, stage_of(self._state, finding.source, finding.factor) or 0)
            allowed = may_close(registry, finding.source, stage, made.who)
            facts = {"finding": finding.id, "factor": finding.factor, "rule": made.rule, "who": made.who, "words": made.words}
            if allowed:
                decisions.keep(self._db, made)
                self._journal(finding.source, decided, now_ms, {"decision": made.id, **facts, "evidence": made.evidence})
                told = decisions.about(made, finding, registry)
                if told is not None and decided != stood:
                    state = dict(self._state)
                    ladder.decided(state, finding.source, finding.factor or "", told)
                    self._keep(state)
            else:
                self._journal(finding.source, "refused", now_ms, {**facts, "stage": stage})
        if not allowed:
            raise ActionRefused("role")
        return made

    def decisions(self, source: str | None = None) -> list[Decision]:
        """Return the decisions about a source's findings, or about all, oldest first."""
        with self._lock:
            return decisions.of_source(self._db, source)

    def _check_role(self, alert: str, who: str, words: str, now_ms: int, registry: Registry) -> None:
        """Refuse, and journal, that a person closes a matter at a stage that is not theirs."""
        with self._transaction():
            found = self._named("SELECT source, alert FROM alerts WHERE id = ?", (alert,))
            told = json.loads(found[0]["alert"]) if found else {"factor": None, "thread": ""}
            stage = stage_of(self._state, found[0]["source"], told["factor"]) if found else None
            allowed = stage is None or may_close(registry, found[0]["source"], stage, who)
            if not allowed:
                facts = {"alert": alert, "thread": told["thread"], "who": who, "words": words, "stage": stage}
                self._journal(found[0]["source"], "refused", now_ms, facts)
        if not allowed:
            raise ActionRefused("role")

    def counts(self) -> dict[str, int]:
        """Return the number of deliveries that wait, were delivered, are dead letters."""
        with self._lock:
            found = dict(self._db.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())
        return {state: int(found.get(state, 0)) for state in ("waiting", "delivered", "dead")}

    def alerts(self, limit: int, source: str | None = None) -> list[AlertRow]:
        """Return the newest alerts, newest first, with their messages, deliveries and attempts."""
        where, values = ("WHERE source = ?", [source]) if source is not None else ("", [])
        return self._rows(f"SELECT * FROM alerts {where} ORDER BY n DESC LIMIT ?", [*values, limit])  # noqa: S608

    def alert(self, alert: str) -> AlertRow | None:
        """Return one alert by its id."""
        return next(iter(self._rows("SELECT * FROM alerts WHERE id = ?", [alert])), None)

    def journal(self, after: int = 0, limit: int = 1_000) -> list[JournalLine]:
        """Return what was journalled after a number, oldest first: the records of topic ``alerts``."""
        with self._lock:
            sql = "SELECT n, source, line FROM journal WHERE n > ? ORDER BY n LIMIT ?"
            return [JournalLine(*row) for row in self._db.execute(sql, (after, limit))]

    def _file(self, alert: Alert, registry: Registry, now_ms: int) -> bool:
        """Store an alert and one delivery for each contact that wants it; False where it was stored before."""
        messages: dict[str, Message] = {"en": render(alert, registry, self._base)}
        message = messages["en"]
        told = (
            alert.id,
            alert.source,
            now_ms,
            _json(alert_json(alert)),
            message.title,
            _json(message.body),
            _json(message.links),
        )
        sql = "INSERT OR IGNORE INTO alerts(id, source, made_ms, alert, title, body, links) VALUES (?, ?, ?, ?, ?, ?, ?)"
        if self._db.execute(sql, told).rowcount == 0:
            return False
        sent_to = []
        for contact in registry.contacts:
            if not wants(contact, alert, registry):
                continue
            if contact.language not in messages:
                messages[contact.language] = render(alert, registry, self._base, contact.language)
            self._db.execute(
                "INSERT OR IGNORE INTO deliveries(id, alert, thread, source, contact, url, secret_env, payload, state,"
                " attempts, made_ms, next_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?)",
                (
                    delivery_id(alert.id, contact.contact),
                    *(alert.id, alert.thread, alert.source),
                    *(contact.contact, contact.url, contact.secret_env),
                    *(payload(alert, messages[contact.language]), now_ms, now_ms),
                ),
            )
            sent_to.append(contact.contact)
        facts = {**alert_json(alert), "title": message.title, "body": message.body, "contacts": sent_to}
        self._journal(alert.source, "alert", now_ms, facts)
        return True

    def _keep(self, state: State) -> None:
        """Write the thread records that changed; a record is replaced when it changes, so identity tells."""
        gone = [(key,) for key in self._state if key not in state]
        changed = [(key, _json(record)) for key, record in state.items() if self._state.get(key) is not record]
        self._db.executemany("DELETE FROM threads WHERE key = ?", gone)
        self._db.executemany("INSERT OR REPLACE INTO threads VALUES (?, ?)", changed)
        self._state = state

    def _stored_state(self) -> State:
        return {key: json.loads(record) for key, record in self._db.execute("SELECT key, record FROM threads ORDER BY key")}

    def _trim(self, registry: Registry, now_ms: int) -> None:
        """Hold every table to its bound."""
        for contact in registry.contacts:
            sql = "SELECT * FROM deliveries WHERE contact = ? AND state = 'waiting' ORDER BY n DESC LIMIT -1 OFFSET ?"
            for row in self._named(sql, (contact.contact, WAITING_MAX)):
                self._bury(row, now_ms, f"more than {WAITING_MAX} deliveries wait for {contact.contact}; the oldest give way")
        self._db.execute("DELETE FROM consumed WHERE n <= (SELECT max(n) FROM consumed) - ?", (EVENTS_KEPT,))
        self._db.execute("DELETE FROM journal WHERE n <= (SELECT max(n) FROM journal) - ?", (JOURNAL_KEPT,))
        old = "n <= (SELECT max(n) FROM alerts) - ?"
        settled = "NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.alert = alerts.id AND d.state = 'waiting')"
        ids = self._db.execute(f"SELECT id FROM alerts WHERE {old} AND {settled}", (ALERTS_KEPT,)).fetchall()  # noqa: S608
        gone = "DELETE FROM attempts WHERE delivery IN (SELECT id FROM deliveries WHERE alert = ?)"
        for sql in (gone, *(f"DELETE FROM {t} WHERE {c} = ?" for t, c in DEPENDENT)):  # noqa: S608
            self._db.executemany(sql, ids)

    def _bury(self, found: dict[str, Any], now_ms: int, reason: str) -> None:
        self._settle(found, found["attempts"], Verdict("dead", None, reason))
        facts = {"delivery": found["id"], "contact": found["contact"], "reason": reason}
        self._journal(found["source"], "dead", now_ms, facts)

    def _settle(self, found: dict[str, Any], attempts: int, verdict: Verdict) -> None:
        self._db.execute(
            "UPDATE deliveries SET state = ?, attempts = ?, next_ms = ?, reason = ? WHERE id = ?",
            (verdict.state, attempts, verdict.next_ms, verdict.reason, found["id"]),
        )

    def _waiting(self, delivery: str) -> dict[str, Any] | None:
        rows = self._named("SELECT * FROM deliveries WHERE id = ? AND state = 'waiting'", (delivery,))
        return rows[0] if rows else None

    def _journal(self, source: str, what: What, now_ms: int, facts: dict[str, Any]) -> None:
        self._db.execute("INSERT INTO journal(source, line) VALUES (?, ?)", (source, journal_line(what, now_ms, facts)))

    def _rows(self, sql: str, values: Sequence[object]) -> list[AlertRow]:
        with self._lock:
            return [self._alert_row(row) for row in self._named(sql, values)]

    def _alert_row(self, row: dict[str, Any]) -> AlertRow:
        alert = json.loads(row["alert"])
        deliveries = []
        for d in self._named("SELECT * FROM deliveries WHERE alert = ? ORDER BY n", (row["id"],)):
            sql = "SELECT n, time_ms, status, answer FROM attempts WHERE delivery = ? ORDER BY n"
            attempts = tuple(Attempt(*found) for found in self._db.execute(sql, (d["id"],)))
            names = ("id", "contact", "state", "made_ms", "next_ms", "reason")
            deliveries.append(DeliveryRow(url=told_url(d["url"]), attempts=attempts, **{name: d[name] for name in names}))
        return AlertRow(
            alert=Alert(**{**alert, "events": tuple(alert["events"])}),
            title=row["title"],
            body=tuple(json.loads(row["body"])),
            links=json.loads(row["links"]),
            made_ms=row["made_ms"],
            deliveries=tuple(deliveries),
            actions=tuple(actions := of_thread(self._db, alert["thread"])),
            acknowledged=next((a for a in actions if a.kind == "acknowledge" and a.upto >= row["n"]), None),
            stage=stage_of(self._state, alert["source"], alert["factor"]),
        )

    def _named(self, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
        with closing(self._db.execute(sql, values)) as found:
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            before = self._state
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._state = before
                raise


def office(registry: Registry) -> Office:
    """Return what the registry says about telling."""
    return Office(counties(registry), registry.escalation or NO_LADDER, registry.holidays)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
