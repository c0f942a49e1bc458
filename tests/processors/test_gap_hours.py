"""Gaps filled as in 2007: an hour that comes late moves what stands for its neighbours, the same after restarts and in a replay."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.log import PARTITIONS, Entry, partition_of
from ingest.registry import Point, Registry, Source
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.case_store import CaseStore
from processors.closing import Closed
from processors.engine import Engine
from processors.figures import DAY_MS, HOUR_MS, Figure
from processors.findings import Findings
from processors.gap_hours import close_gaps
from processors.memory import Settings
from processors.output import Output
from processors.packs import PackFault, pack_of, parse_pack
from tests.processors.given import CST, SO2, STACK, line, ms, tick
from tests.processors.test_engine import Bench

START = datetime(2026, 7, 1, tzinfo=CST)
DAY = timedelta(days=1)
TAKEN_BACK = (None, "measured: nothing is substituted any more", "revised")


def unit(rules: str = "cn-flue-gas-2007") -> Registry:
    """A source under a pack of 2007 with one factor."""
    kind = "water" if "water" in rules else "flue_gas"
    source = Source(source=STACK, enterprise="E1", outlet="1", name="unit", kind=kind, cadence_s=3600, rules=rules)
    return Registry(sources=(source,), points=(Point(source=STACK, factor=SO2, unit="mg/m3"),))


def hour(n: int, value: float, delay_s: float = 1) -> bytes:
    """The mean of the n-th hour."""
    return line(START + timedelta(hours=n), {SO2: value}, kind="hour", stat="avg", delay_s=delay_s)


def said(bench: Bench, n: int) -> tuple[int | None, str | None, str] | None:
    """Value, reason and state of what stands for the n-th hour."""
    found = bench.store.figure(STACK, SO2, "avg_sub", "hour", ms(START + timedelta(hours=n)))
    return None if found is None else (found.value, found.reason, found.state)


def close(bench: Bench, at: datetime) -> None:
    for n in range(8):
        bench.tick(at + timedelta(seconds=10 * n))


@pytest.mark.parametrize(
    ("rules", "first", "then"),
    [
        pytest.param("cn-flue-gas-2007", (33, 33), (36, 39), id="(30 + 36) / 2; then (30 + 42) / 2 and (42 + 36) / 2"),
        pytest.param("cn-water-2007", (30, 30), (30, 42), id="30 before; then the one hour before each"),
    ],
)
def test_an_hour_that_comes_late(rules: str, first: tuple[int, int], then: tuple[int, int]) -> None:
    """Three hours are missing between 30 and 36; the middle one comes a day late with 42: its own is taken back, the others move."""
    bench = Bench(unit(rules), hot_hours=6)
    bench.lines([hour(n, 30 if n < 10 else 36) for n in range(24) if n not in (10, 11, 12)])
    close(bench, START + DAY + timedelta(minutes=6))
    assert [said(bench, n) for n in (9, 13)] == [None, None]
    assert [said(bench, n) for n in (10, 11, 12)] == [(first[n > 10] * 10**6, None, "final") for n in (10, 11, 12)]
    bench.lines([hour(11, 42, delay_s=86_400)])
    close(bench, START + DAY + timedelta(hours=1))
    moved = [(value * 10**6, None, "revised") for value in then]
    assert [said(bench, n) for n in (10, 11, 12)] == [moved[0], TAKEN_BACK, moved[1]]


def test_a_gap_over_midnight_is_filled_once_its_end_is_known() -> None:
    """Until then it is provisional and says why; EX-1.18 over midnight: 30 and 36, each hour 33."""
    bench = Bench(unit(), hot_hours=6)
    bench.lines([hour(n, 30) for n in range(22)])
    close(bench, START + DAY + timedelta(minutes=6))
    waits = (None, "not filled yet: no valid hour after the gap so far", "provisional")
    assert [said(bench, n) for n in (22, 23)] == [waits, waits]
    bench.lines([hour(n, 36) for n in range(27, 48)])
    close(bench, START + 2 * DAY + timedelta(minutes=6))
    assert [said(bench, n) for n in range(22, 27)] == [(33 * 10**6, None, "final")] * 5


def test_only_hours_within_reach_count() -> None:
    """A valid hour 31 days before a gap is its side, one an hour older is not; a gap as long as that has no figures at all."""
    for before_h, expected in ((31 * 24, 33 * 10**6), (31 * 24 + 1, None)):
        engine, past, out = Engine(unit()), CaseStore(), Output()
        for start, value, reason in (
            (ms(START) - before_h * HOUR_MS, 30 * 10**6, None),
            *((ms(START) - n * HOUR_MS, None, "stopped") for n in range(1, before_h)),
            (ms(START) + HOUR_MS, 36 * 10**6, None),
        ):
            past.figures["hour", SO2, "avg", start] = Figure(
                STACK, SO2, "avg", "hour", start, value, True, reason, 60, "mg/m3", "final", None, None, None, "0", "0", 0, 1, 1
            )
        source = engine.points.sources[STACK]
        closed = Closed(
            source, ms(START), ms(START + DAY), ms(START) + 40 * DAY_MS, pack_of(source), engine.points, [], [], past
        )
        close_gaps(closed, Findings(engine.points), out)
        past.keep(out, engine.points)
        filled = {f.start_ms: f for f in past.figures.values() if f.stat == "avg_sub"}
        assert list(filled) == [ms(START)], "the 38 days after the last hour are a gap too long to tell of"
        assert filled[ms(START)].value == expected


def test_a_pack_fills_hours_in_one_way() -> None:
    """Two rules for the same hours are refused, with what to do."""
    text = 'id = "mine"\ntitle = "x"\ntitle_zh = "x"\nbase = "cn-flue-gas"\n[[rule]]\nid = "A"\nstep = "gap.across"\ngap_h_max = 24\n'
    text += 'standard = "x"\nclause = "x"\nclause_zh = "x"\nconfidence = "seen"\ntext = "x"\ntext_zh = "x"\n'
    with pytest.raises(PackFault, match=r"mine.toml: steps gap.across and mass.substituted fill the same hours; keep one"):
        parse_pack(text, "mine.toml")


def test_the_same_after_restarts_and_in_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gaps across days and an hour that comes late: a replay in other batches and with restarts makes the same figures."""
    log = SqliteLog(tmp_path / "log.db")
    settings = Settings(hot_ms=3 * HOUR_MS, provisional=False)

    def runner(name: str, *, publishes: bool) -> tuple[Runner, SqliteStore]:
        writer = SqliteWriter(tmp_path / name)
        store = SqliteStore(writer)
        return Runner(log, writer, store, unit(), settings=settings, publishes=publishes), store

    live, first = runner("live.db", publishes=True)
    missing = {20, 21, 22, 23, 24, 25, 60}
    for day in range(4):
        lines = [hour(n, 40.0 + n % 7) for n in range(24 * day, 24 * day + 24) if n not in missing]
        lines += [hour(22, 70.0, delay_s=60 * HOUR_MS / 1000)] if day == 3 else []
        log.append_now([Entry("reports", partition_of(STACK), b"\n".join(lines))])
        for n in range(6):
            text = tick(START + (day + 1) * DAY + timedelta(minutes=6, seconds=10 * n))
            log.append_now([Entry("reports", p, text) for p in range(PARTITIONS)])
            live.drain()
    found = first.canonical()
    # (45 + 70) / 2 before the late hour and (70 + 45) / 2 behind it; (43 + 45) / 2 at hour 60
    assert [f.value for f in first.cold_figures(STACK, "hour", ms(START), ms(START + 3 * DAY), ("avg_sub",))] == [
        57_500_000, 57_500_000, None, 57_500_000, 57_500_000, 57_500_000, 44_000_000,
    ]  # fmt: skip
    monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", PARTITIONS * 3 + 1)
    again, store = runner("again.db", publishes=False)
    while again.step():
        again = Runner(log, again.writer, store, unit(), settings=settings, publishes=False)
    assert store.canonical() == found
    log.close()
