"""The tables of the outbox's file."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consumed(n INTEGER PRIMARY KEY, event TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS threads(key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts(
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, made_ms INTEGER NOT NULL,
  alert TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, links TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS alerts_by_source ON alerts(source, n);
CREATE TABLE IF NOT EXISTS deliveries(
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, alert TEXT NOT NULL, thread TEXT NOT NULL, source TEXT NOT NULL,
  contact TEXT NOT NULL, url TEXT NOT NULL, secret_env TEXT NOT NULL, payload BLOB NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL, made_ms INTEGER NOT NULL, next_ms INTEGER, reason TEXT);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries(contact, next_ms, n) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS deliveries_in_thread ON deliveries(contact, thread, n) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS deliveries_by_alert ON deliveries(alert, n);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries(state);
CREATE TABLE IF NOT EXISTS attempts(
  delivery TEXT NOT NULL, n INTEGER NOT NULL, time_ms INTEGER NOT NULL, status INTEGER, answer TEXT NOT NULL,
  PRIMARY KEY(delivery, n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal(n INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, line BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS alerts_in_thread ON alerts(json_extract(alert, '$.thread'), n);
CREATE TABLE IF NOT EXISTS actions(
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, alert TEXT NOT NULL, thread TEXT NOT NULL, kind TEXT NOT NULL,
  who TEXT NOT NULL, words TEXT NOT NULL, time_ms INTEGER NOT NULL, upto INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS decisions(
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, finding TEXT NOT NULL, source TEXT NOT NULL, factor TEXT,
  rule TEXT NOT NULL, decided TEXT NOT NULL, who TEXT NOT NULL, words TEXT NOT NULL, evidence TEXT NOT NULL, time_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS decisions_of_finding ON decisions(finding, n);
CREATE INDEX IF NOT EXISTS decisions_of_source ON decisions(source, n);
CREATE INDEX IF NOT EXISTS actions_in_thread ON actions(thread, n);
CREATE INDEX IF NOT EXISTS actions_of_alert ON actions(alert);
"""
"""Made anew or added to a file of an earlier version; ``actions.upto`` is the newest alert that an action saw."""
