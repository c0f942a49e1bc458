"""Early warning after a restart, on page Now, and in the messages of a warning that comes true and of one that does not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from alerts.outbox import Outbox
from ingest.log import PARTITIONS, Entry
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.memory import Settings
from tests.processors.given import NOON, O2, SO2, STACK, line, registry, tick

RISING = [34.0] * 30 + [20.0] * 10 + [50.0] * 20 + [20.0] * 6
FALLING = [34.0] * 30 + [20.0] * 30 + [20.0] * 6


def run(folder: Path, so2: list[float], restarts: tuple[int, ...] = ()) -> tuple[list[Any], list[Any]]:
    """A reading a minute, a tick each ten; the process ends and begins again after some minutes. Return events and alerts."""
    structlog.reset_defaults()
    folder.mkdir()
    log, writer = SqliteLog(folder / "log.db"), SqliteWriter(folder / "data.db")
    store, outbox = SqliteStore(writer), Outbox(folder / "outbox.db")

    def started() -> Runner:
        return Runner(log, writer, store, registry(), outbox=outbox, settings=Settings(provisional=False))

    runner = started()
    for minute, value in enumerate(so2):
        at = NOON + timedelta(minutes=minute)
        if minute % 10 == 0:
            log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
        log.append_now([Entry("reports", 0, line(at, {SO2: value, O2: 6.0}))])
        runner.drain()
        if minute in restarts:
            runner = started()
    events = [e for e in reversed(store.events(limit=1_000)) if e.kind.startswith("exceedance")]
    alerts = [(a.phase, a.severity, a.thread) for a in reversed(outbox.alerts(100)) if a.thread.startswith(STACK)]
    outbox.close()
    log.close()
    return events, alerts


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    """Whether the process ended before the warning, while it was open, or before the hour was decided."""
    for name, given in (("rising", RISING), ("falling", FALLING)):
        whole = run(tmp_path / name, given)
        assert "exceedance.expected" in [e.kind for e in whole[0]]
        for at in (5, 20, 33, 59):
            assert run(tmp_path / f"{name}-{at}", given, (at,)) == whole


def test_a_warning_that_comes_true_is_in_the_thread_of_its_episode(tmp_path: Path) -> None:
    """Yellow, then red, one thread; the warning's own end says nothing."""
    events, alerts = run(tmp_path / "a", RISING)
    assert [(e.kind, e.facts.get("outcome")) for e in events][-1] == ("exceedance.expected_ended", "came true")
    (thread,) = {thread for _phase, _colour, thread in alerts}
    assert thread.startswith(f"{STACK}/{SO2}/")
    assert [(phase, colour) for phase, colour, _ in alerts] == [
        ("opened", "yellow"),
        ("opened", "red"),
    ]


def test_a_warning_that_does_not_come_true_ends_with_a_note(tmp_path: Path) -> None:
    """34 for half an hour, then 20: at 12:40 the mean is 30.5, at 12:50 it is 28.4, below 0.85 x 35."""
    events, alerts = run(tmp_path / "a", FALLING)
    assert [(e.kind, e.facts.get("outcome"), e.facts["value"]) for e in events] == [
        ("exceedance.expected", None, "34"),
        ("exceedance.expected_ended", "withdrawn", "28.4"),
    ]
    assert [(phase, colour) for phase, colour, _ in alerts] == [
        ("opened", "yellow"),
        ("resolved", "yellow"),
    ]
