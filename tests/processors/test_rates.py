"""Rates by 40 CFR Part 75: of substitutes, of an hour that comes late, at the end of a quarter, after restarts and in a replay."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.log import PARTITIONS, Entry, partition_of
from ingest.registry import Point, Registry, Source
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import HOUR_MS, Figure
from processors.memory import Settings
from tests.processors.given import CST, SO2, STACK, line, ms, tick

FLOW = "a00000"
START = datetime(2026, 9, 29, tzinfo=CST)
DAY = timedelta(days=1)


def unit() -> Registry:
    """A unit under Part 75 with sulphur dioxide and flow; from 30 September on its monitor is known to read low."""
    source = Source(source=STACK, enterprise="E1", outlet="1", name="unit", kind="flue_gas", cadence_s=3600, rules="us-cfr75")
    tested = {"rata_difference": Decimal(6), "rata_mean": Decimal(94), "rata_confidence": Decimal(3)}
    gas = Point(source=STACK, factor=SO2, unit="ppm", valid_to=date(2026, 9, 30))
    after = gas.model_copy(update=tested | {"valid_from": date(2026, 9, 30), "valid_to": None})
    return Registry(sources=(source,), points=(gas, after, Point(source=STACK, factor=FLOW, unit="scf/h")))


def hour(n: int, value: float | None, delay_s: float = 1) -> bytes:
    """The means of the n-th hour, 10 million cubic feet; None where sulphur dioxide was not measured."""
    values = {FLOW: 10_000_000.0} if value is None else {SO2: value, FLOW: 10_000_000.0}
    return line(START + timedelta(hours=n), values, kind="hour", stat="avg", delay_s=delay_s)


def run(log: SqliteLog, folder: Path) -> SqliteStore:
    """Three days to the quarter's end and into the next: 12 h without a mean in each, of which one comes late."""
    live, store = runner(log, folder / "live.db", publishes=True)
    for day in range(3):
        lines = [hour(n, 94.0 if n % 24 < 12 else None) for n in range(24 * day, 24 * day + 24)]
        lines += [hour(13, 94.0, delay_s=40 * HOUR_MS / 1000)] if day == 1 else []
        log.append_now([Entry("reports", partition_of(STACK), b"\n".join(lines))])
        for n in range(6):
            text = tick(START + (day + 1) * DAY + timedelta(minutes=6, seconds=10 * n))
            log.append_now([Entry("reports", p, text) for p in range(PARTITIONS)])
            live.drain()
    return store


def runner(log: SqliteLog, file: Path, *, publishes: bool) -> tuple[Runner, SqliteStore]:
    writer = SqliteWriter(file)
    store = SqliteStore(writer)
    settings = Settings(hot_ms=3 * HOUR_MS, provisional=False)
    return Runner(log, writer, store, unit(), settings=settings, publishes=publishes), store


def at(store: SqliteStore, n: int, stat: str = "so2_rate") -> Figure:
    found = store.figure(STACK, SO2, stat, "hour", ms(START + timedelta(hours=n)))
    assert found is not None
    return found


def test_rates_to_the_end_of_a_quarter(tmp_path: Path) -> None:
    """1.66e-7 x 94 x 10 million are 156.04 lb/h; from the accuracy test on times 1 + 6/94, 166.

    A substitute is the mean of both sides, 94, and so is the late hour; those of the first two days are final once the quarter is over;
    the late hour and the gap beside it, which is shorter now, are revised after that.
    """
    log = SqliteLog(tmp_path / "log.db")
    store = run(log, tmp_path)
    first, missing, late, tested = (at(store, n) for n in (0, 14, 13, 24))
    assert [(f.value, f.unit, f.state) for f in (first, missing, late, tested)] == [
        (156_040_000, "lb/h", "final"),
        (156_040_000, "lb/h", "revised"),
        (156_040_000, "lb/h", "revised"),
        (166_000_000, "lb/h", "final"),
    ]
    assert [f.explain["note"] for f in (first, missing, late)] == [None, f"{SO2} substituted", None]
    assert tested.explain["note"] == f"{SO2} times 1.06383 for bias"
    assert (at(store, 24, "avg_adj").value, at(store, 24, "avg_adj").unit) == (100_000_000, "ppm")
    assert store.figure(STACK, SO2, "avg_adj", "hour", ms(START)) is None, "before the accuracy test nothing is corrected"
    ended = [at(store, n) for n in (40, 60)]
    assert [(f.value, f.state, f.reason) for f in ended] == [
        (166_000_000, "revised", None),
        (None, "provisional", f"{SO2} has no valid mean"),
    ], "the gap at the quarter's end is between 94 and the 94 after it; that of the last day has no other side yet"
    log.close()


def test_the_same_after_restarts_and_in_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay of the log, in other batches and with restarts, makes the same figures."""
    log = SqliteLog(tmp_path / "log.db")
    found = run(log, tmp_path).canonical()
    assert b"so2_rate" in str(found).encode()
    monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", PARTITIONS * 3 + 1)
    again, store = runner(log, tmp_path / "again.db", publishes=False)
    while again.step():
        again = Runner(
            log, again.writer, store, unit(), settings=Settings(hot_ms=3 * HOUR_MS, provisional=False), publishes=False
        )
    assert store.canonical() == found
    log.close()
