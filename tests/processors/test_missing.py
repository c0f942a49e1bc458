"""Missing hours by 40 CFR Part 75: availability over years, an hour that comes late, restarts and a replay."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.log import PARTITIONS, Entry, LogRecord, partition_of
from ingest.records import Mark
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
from processors.memory import Settings
from processors.missing import close_missing
from processors.output import Output
from processors.packs import pack_of
from tests.processors.given import CST, SO2, STACK, line, ms, tick
from tests.processors.test_engine import Bench

START = datetime(2026, 7, 1, tzinfo=CST)
DAY = timedelta(days=1)


def unit() -> Registry:
    """A unit under Part 75 with sulphur dioxide."""
    source = Source(source=STACK, enterprise="E1", outlet="1", name="unit", kind="flue_gas", cadence_s=3600, rules="us-cfr75")
    return Registry(sources=(source,), points=(Point(source=STACK, factor=SO2, unit="ppm"),))


def hour(n: int, value: float, delay_s: float = 1) -> bytes:
    """The mean of the n-th hour."""
    return line(START + timedelta(hours=n), {SO2: value}, kind="hour", stat="avg", delay_s=delay_s)


def day_said(day_ms: int, operating: int, assured: int) -> Figure:
    """A day that said of its first hours that the unit operated, and of the first of these that they have a mean."""
    bits = (((1 << operating) - 1) << 24) + (1 << assured) - 1
    return Figure(
        STACK, SO2, "assured", "day", day_ms, 0, True, None, operating, "%", "final", None, None, None, "0", "0", 0, 1, 1,
        {"total": str(bits)},
    )  # fmt: skip


def availability(days: list[tuple[int, int]]) -> Figure:
    """Close the first day of July, without a single mean but the last, after days that said (operating, assured) hours."""
    engine, past, out = Engine(unit()), CaseStore(), Output()
    for n, (operating, assured) in enumerate(reversed(days), 1):
        said = day_said(ms(START) - n * DAY_MS, operating, assured)
        past.figures["day", SO2, "assured", said.start_ms] = said
    valid = Figure(
        STACK, SO2, "avg", "hour", ms(START), 10**8, True, None, 60, "ppm", "final", None, None, None, "0", "0", 0, 1, 1,
    )  # fmt: skip
    past.figures["hour", SO2, "avg", valid.start_ms] = valid
    source = engine.points.sources[STACK]
    closed = Closed(source, ms(START), ms(START + DAY), ms(START) + HOUR_MS, pack_of(source), engine.points, [], [], past)
    close_missing(closed, Findings(engine.points), out)
    past.keep(out, engine.points)
    return past.figures["quarter", SO2, "availability", ms(START)]


@pytest.mark.parametrize(
    ("days", "assured", "operating", "value"),
    [
        pytest.param([(24, 24)] * 350 + [(24, 0)] * 14 + [(24, 10)], 8_410, 8_760, 96_004_566, id="EX-9.12 US-3"),
        pytest.param(
            [(24, 0)] * 20 + [(24, 24)] * 364 + [(23, 23)], 8_760, 8_760, 100_000_000, id="what is older does not count"
        ),
        pytest.param([(24, 0)] * 9 + [(24, 24)], 25, 241, 10_373_444, id="less than a year"),
        pytest.param([(24, 0)] + [(0, 0)] * 1_095 + [(24, 24)], 25, 25, 100_000_000, id="nor is what is over three years old"),
    ],
)
def test_availability(days: list[tuple[int, int]], assured: int, operating: int, value: int) -> None:
    """US-3: over the last 8,760 operating hours, the newest of which is the first of July; at most 1,096 days back.

    EX-9.12: 350 days of 24 h less the oldest hour, which is one too many, 10 h and that of July are 8,410 of 8,760: 96.0 %.
    """
    found = availability(days)
    assert (found.explain["note"], found.n) == (f"{assured} of {operating} operating hours have a mean", operating)
    assert found.value == value


def test_an_hour_that_comes_late_takes_a_substitute_back() -> None:
    """EX-9.12: between 40 and 60 stands 50; one of the two hours comes late, and the other is between 40 and its 48."""
    bench = Bench(unit(), hot_hours=6)

    def substitute(n: int) -> Figure | None:
        found = bench.store.figure(STACK, SO2, "avg_sub", "hour", ms(START + timedelta(hours=n)))
        assert found is None or found.state == "provisional"
        return found

    bench.lines([hour(n, 40.0 if n < 10 else 60.0) for n in range(24) if n not in (10, 11)])
    for n in range(4):
        bench.tick(START + DAY + timedelta(minutes=6, seconds=10 * n))
    assert [getattr(substitute(n), "value", None) for n in (9, 10, 11, 12)] == [None, 50_000_000, 50_000_000, None]
    bench.lines([hour(11, 48.0, delay_s=86_400)])
    for n in range(8):
        bench.tick(START + DAY + timedelta(hours=1, seconds=10 * n))
    first, second = substitute(10), substitute(11)
    assert first is not None and second is not None
    assert (first.value, first.explain["note"].split(";")[0]) == (44_000_000, "mean of the hour before and the hour after")
    assert (second.value, second.reason) == (None, "measured: nothing is substituted any more")


def test_a_stop_that_is_marked_late() -> None:
    """Two hours without data are substitutes of 50, between 40 and 60, until a stop is marked over them; rejected, they are missing again."""
    bench = Bench(unit(), hot_hours=6)
    bench.lines([hour(n, 40.0 if n < 10 else 60.0) for n in range(24) if n not in (10, 11)])
    bench.tick(START + DAY + timedelta(minutes=6))
    stop = Mark(
        id="M1", source=STACK, type="stopped", author="test", start=START + timedelta(hours=10), end=START + timedelta(hours=12),
        set_at=START + DAY,
    )  # fmt: skip
    found = []
    for n, state in enumerate(("draft", "confirmed", "rejected")):
        mark = stop.model_copy(update={"state": state, "set_at": START + DAY + timedelta(minutes=n)})
        bench.feed([LogRecord("marks", partition_of(STACK), 0, 0, mark.line())])
        for i in range(6):
            bench.tick(START + DAY + timedelta(hours=1 + n, seconds=10 * i))
        assured = bench.store.figure(STACK, SO2, "assured", "day", ms(START))
        substitute = bench.store.figure(STACK, SO2, "avg_sub", "hour", ms(START + timedelta(hours=11)))
        assert assured is not None and substitute is not None
        found.append((assured.value, assured.n, substitute.value))
    missing, stood = (91_666_667, 24, 50_000_000), (100_000_000, 22, None)
    assert found == [missing, stood, missing], "22 of 24 hours, and of 22"


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
    assert b"avg_sub" in str(found).encode()
    monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", PARTITIONS * 3 + 1)
    again, store = runner("again.db", publishes=False)
    while again.step():
        again = Runner(log, again.writer, store, unit(), settings=settings, publishes=False)
    assert store.canonical() == found
    log.close()
