"""Years by which programmes are assessed: half-hours and days of a year, what can no longer be met, and what late data take back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.log import PARTITIONS, Entry, LogRecord, partition_of
from ingest.records import Mark
from ingest.registry import Limit, Point, Registry, Source
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.case_store import CaseStore
from processors.closing import Closed
from processors.compliance import share_lost
from processors.engine import Engine
from processors.figures import DAY_MS, HOUR_MS, Event, Figure, Level
from processors.findings import Findings
from processors.memory import Settings
from processors.output import Output
from processors.packs import pack_of
from processors.years import close_programme
from tests.processors.given import CST, STACK, line, ms, tick
from tests.processors.test_engine import Bench

NOX, CO = "a21002", "a21005"
YEAR = datetime(2026, 1, 1, tzinfo=CST)
DAY, HALF_HOUR = timedelta(days=1), timedelta(minutes=30)


def plant(rules: str, *limits: dict[str, Any], cadence_s: int = 1800) -> Registry:
    """A stack under a rule pack, with limits on validated averages."""
    source = Source(
        source=STACK, enterprise="E1", outlet="DA001", name="stack", kind="flue_gas", cadence_s=cadence_s, rules=rules
    )
    factors = sorted({str(limit["factor"]) for limit in limits})
    return Registry(
        sources=(source,),
        points=tuple(Point(source=STACK, factor=f, unit="mg/m3") for f in factors),
        limits=tuple(Limit(source=STACK, unit="mg/m3", stat="validated", **limit) for limit in limits),
    )


def incinerator() -> Registry:
    """NOx with columns A and B, CO by the day and by ten minutes or half-hours."""
    return plant(
        "eu-waste",
        {"factor": NOX, "limit_id": "DAY", "limit": 200, "averaging": "day"},
        {"factor": NOX, "limit_id": "A", "limit": 400, "averaging": "halfhour"},
        {"factor": NOX, "limit_id": "B", "limit": 200, "averaging": "halfhour", "rank": "programme"},
        {"factor": CO, "limit_id": "CO", "limit": 50, "averaging": "day"},
        {"factor": CO, "limit_id": "TEN", "limit": 150, "averaging": "tenminute"},
        {"factor": CO, "limit_id": "HALF", "limit": 100, "averaging": "halfhour"},
    )


def year(bench: Bench, factor: str, stat: str) -> Figure:
    found = bench.store.figure(STACK, factor, stat, "year", ms(YEAR))
    assert found is not None
    return found


def told(bench: Bench) -> list[Event]:
    return [e for e in reversed(bench.store.events(limit=1000)) if e.kind.startswith("compliance.")]


def let_pass(bench: Bench, until: datetime, ticks: int) -> None:
    """Tick until the days that wait are closed."""
    for n in range(ticks):
        bench.tick(until + timedelta(minutes=6, seconds=10 * n))


def close_last_day(
    rows: Registry, days: dict[tuple[str, str], list[tuple[int, int]]], last: list[bytes]
) -> tuple[CaseStore, list[Event]]:
    """Close the year's last day over 364 days that said (valid averages, those beyond) of themselves; return what is known then."""
    engine, past, out = Engine(rows), CaseStore(), Output()
    past.add(last)
    for (factor, stat), said in days.items():
        past.figures |= {(f.level, f.factor, f.stat, f.start_ms): f for f in said_by(factor, stat, said)}
    source, start = engine.points.sources[STACK], YEAR + 364 * DAY
    for line_ in last:
        row = json.loads(line_)
        if row["kind"] == "hour":
            hour = said_by(row["factors"][0], "avg", [(60, 0)], "hour", ms(datetime.fromisoformat(row["time"])))[0]
            hour = replace(hour, value=int(row["values"][0] * 10**6))
            past.figures["hour", hour.factor, "avg", hour.start_ms] = hour
    closed = Closed(source, ms(start), ms(start + DAY) + 1, ms(start + DAY), pack_of(source), engine.points, [], [], past)
    close_programme(closed, Findings(engine.points), out)
    past.keep(out, engine.points)
    return past, out.events


def said_by(
    factor: str, stat: str, said: list[tuple[int, int]], level: Level = "day", start_ms: int = ms(YEAR)
) -> list[Figure]:
    """Return decided figures, one a day; a validated one exceeds where anything is beyond."""
    return [
        Figure(
            STACK, factor, stat, level, start_ms + n * DAY_MS, 0, True, None, valid, "", "final", "exceeds" if beyond else "complies",
            None, None, "0", "0", 0, 1, 1, {"total": str(beyond)},
        )
        for n, (valid, beyond) in enumerate(said)
    ]  # fmt: skip


def of_year(past: CaseStore, factor: str, stat: str) -> Figure:
    return past.figures["year", factor, stat, ms(YEAR)]


@pytest.mark.parametrize("above", [500, 525, 526])
def test_half_hours_of_a_year(above: int) -> None:
    """EX-9.3: of 17,520 half-hours 500 above column B leave 97.15 %, which passes though one is above column A; 526 leave 96.998 %.

    The last day has ten of them: 250 less 20 % of 200 is 210.
    """
    said = [(48, 10)] * ((above - 10) // 10) + [(48, (above - 10) % 10)]
    said += [(48, 0)] * (364 - len(said))
    last = [line(YEAR + 364 * DAY + n * HALF_HOUR, {NOX: 250.0 if n < 10 else 100.0}) for n in range(48)]
    days = {(NOX, "within"): said, (NOX, "beyond"): [(48, 1)] + [(48, 0)] * 363}
    past, events = close_last_day(incinerator(), days, last)
    within = of_year(past, NOX, "within")
    assert (within.n, within.explain["note"].startswith(f"{above} of 17520")) == (17_520, True)
    share = {500: 97_146_119, 525: 97_003_425, 526: 96_997_717}[above]
    assert (within.value, within.state) == (share, "final")
    assert of_year(past, NOX, "beyond").value == 1_000_000
    failed = [(e.kind, e.facts["stat"]) for e in events if e.factor == NOX]
    assert failed == ([("compliance.failed", "within")] if above == 526 else [])


@pytest.mark.parametrize(("above", "share"), [(10, 97_260_274), (11, 96_986_301)])
def test_daily_averages_of_carbon_monoxide(above: int, share: int) -> None:
    """EX-9.6b EU-8: of 365 daily averages 10 above leave 97.26 %, which passes; 11 leave 96.99 %. The last day's is 55."""
    days = {(CO, "validated"): [(48, 1)] * (above - 1) + [(48, 0)] * (365 - above)}
    last = [line(YEAR + 364 * DAY + n * HALF_HOUR, {CO: 60.0}) for n in range(48)]
    past, events = close_last_day(incinerator(), days, last)
    found = of_year(past, CO, "days_within")
    assert (found.value, found.n, found.verdict) == (share, 365, "exceeds" if above == 11 else "complies")
    (event,) = [e for e in events if e.factor == CO] or [None]
    assert (event is not None) == (above == 11)
    if event is not None:
        assert event.facts["text"] == (
            "share of valid days within the limit, 2026: 11 of 365 valid days beyond the limit; cannot be met any more"
        )


@pytest.mark.parametrize(
    ("above", "share", "failed"),
    [pytest.param(400, 95_000_000, False, id="5 %"), pytest.param(420, 94_750_000, True, id="EX-9.6b EU-11")],
)
def test_hours_of_a_combustion_plant(above: int, share: int, failed: bool) -> None:
    """420 of 8,000 hours above 300 leave 94.75 % of the year; the last day has one of its 24: 361 - 20 % of 150 = 331."""
    said = [(24, 2)] * ((above - 1) // 2) + [(24, (above - 1) % 2)]
    said += [(24, 0)] * (332 - len(said)) + [(8, 0)]  # 332 x 24 + 8 + 24 = 8,000
    last = [
        line(YEAR + 364 * DAY + timedelta(hours=n), {NOX: 361.0 if n == 5 else 90.0}, kind="hour", stat="avg")
        for n in range(24)
    ]
    rows = plant("eu-ied", {"factor": NOX, "limit_id": "L", "limit": 150, "averaging": "year"})
    past, events = close_last_day(rows, {(NOX, "within"): said}, last)
    within = of_year(past, NOX, "within")
    assert (within.value, within.n, within.state) == (share, 8_000, "final")
    assert [e.facts["stat"] for e in events] == (["within"] if failed else [])


def days_of(beyond: int, days: int = 13, high_on: int = -1) -> Iterator[list[bytes]]:
    """Half-hours of the year's first days, the first six lost on as many days as are ``beyond``; much CO in four of the day ``high_on``."""
    for day in range(days):
        start = YEAR + day * DAY
        lost = range(6) if day < beyond else range(0)
        high = range(6, 10) if day == high_on else range(0)
        yield [line(start + n * HALF_HOUR, {NOX: 100.0, CO: 160.0 if n in high else 20.0}) for n in range(48) if n not in lost]


def test_days_discarded() -> None:
    """EU-7: the eleventh day with six half-hours lost is one too many; a half-hour that comes late takes that back."""
    bench = Bench(incinerator(), hot_hours=6)
    for day, lines in enumerate(days_of(11)):
        bench.lines(lines)
        let_pass(bench, YEAR + (day + 1) * DAY, 2)
        kinds = [(e.kind, e.factor) for e in told(bench)]
        assert kinds == ([("compliance.failed", NOX), ("compliance.failed", CO)] if day >= 10 else [])
    assert (year(bench, NOX, "days_discarded").value, year(bench, NOX, "days_discarded").verdict) == (11_000_000, "exceeds")
    bench.lines([line(YEAR, {NOX: 100.0, CO: 20.0}, delay_s=12 * 86_400)])
    let_pass(bench, YEAR + timedelta(days=13, hours=1), 10)
    assert year(bench, NOX, "days_discarded").value == 10_000_000
    assert [(e.kind, e.factor) for e in told(bench)[2:]] == [("compliance.withdrawn", NOX), ("compliance.withdrawn", CO)]
    let_pass(bench, YEAR + timedelta(days=13, hours=2), 10)
    assert len(told(bench)) == 4, "nothing is told twice"


def test_carbon_monoxide_of_a_day() -> None:
    """EU-8: 12 of 144 ten-minute averages above 150 are 8.3 %, which fails; a mark of start-up over half of them leaves 6 of 138, 4.35 %."""
    bench = Bench(incinerator(), hot_hours=6)
    bench.lines([line(YEAR + n * HALF_HOUR, {NOX: 100.0, CO: 160.0 if n < 4 else 20.0}) for n in range(48)])
    let_pass(bench, YEAR + DAY, 3)
    assert [(e.kind, e.factor, e.facts["text"]) for e in told(bench)] == [
        (
            "compliance.failed",
            CO,
            "ten-minute averages within the limit, or all half-hours, 2026-01-01: 12 of 144 ten-minute averages and 4 of 48 half-hours"
            " above their limits; cannot be met any more",
        )
    ]
    start = {"id": "M1", "source": STACK, "type": "start_up", "author": "test"}
    mark = Mark(**start, start=YEAR, end=YEAR + 2 * HALF_HOUR, set_at=YEAR + DAY)
    bench.feed([LogRecord("marks", 0, 0, 0, mark.line())])
    let_pass(bench, YEAR + DAY + HALF_HOUR, 6)
    found = bench.store.figure(STACK, CO, "ten_minutes", "day", ms(YEAR))
    assert found is not None
    assert (found.value, found.n, found.verdict, found.revision) == (95_652_174, 138, "complies", 2)
    assert [e.kind for e in told(bench)] == ["compliance.failed", "compliance.withdrawn"]


def test_the_same_after_restarts_and_in_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late half-hours and a mark among them: a replay of the log, in other batches and with restarts, makes the same figures and events."""
    log = SqliteLog(tmp_path / "log.db")
    settings = Settings(hot_ms=3 * HOUR_MS, provisional=False)

    def runner(name: str, *, publishes: bool) -> tuple[Runner, SqliteStore]:
        writer = SqliteWriter(tmp_path / name)
        store = SqliteStore(writer)
        return Runner(log, writer, store, incinerator(), settings=settings, publishes=publishes), store

    def ticks(at: datetime, n: int) -> None:
        for i in range(n):
            text = tick(at + timedelta(minutes=6, seconds=10 * i))
            log.append_now([Entry("reports", p, text) for p in range(PARTITIONS)])
            live.drain()

    live, first = runner("live.db", publishes=True)
    for day, lines in enumerate(days_of(11, high_on=1)):
        log.append_now([Entry("reports", partition_of(STACK), b"\n".join(lines))])
        ticks(YEAR + (day + 1) * DAY, 2)
    late = line(YEAR, {NOX: 100.0, CO: 20.0}, delay_s=12 * 86_400)
    start = {"id": "M1", "source": STACK, "type": "start_up", "author": "test"}
    mark = Mark(**start, start=YEAR + DAY, end=YEAR + DAY + timedelta(hours=4), set_at=YEAR + 13 * DAY)
    log.append_now([Entry("reports", partition_of(STACK), late), Entry("marks", partition_of(STACK), mark.line())])
    ticks(YEAR + timedelta(days=13, hours=1), 12)
    found = first.canonical(), first.rows("SELECT id, kind FROM events ORDER BY id")
    assert {kind for _, kind in found[1]} >= {"compliance.failed", "compliance.withdrawn"}
    discarded = first.figure(STACK, NOX, "days_discarded", "year", ms(YEAR))
    assert discarded is not None and discarded.value == 9_000_000, "half-hours of a start-up are not discarded"
    day = first.figure(STACK, CO, "ten_minutes", "day", ms(YEAR + DAY))
    assert day is not None and (day.value, day.n, day.verdict) == (95_000_000, 120, "complies"), (
        "12 of 126 failed before the mark"
    )
    assert any("ten_minutes" in name for name, kind in found[1] if kind == "compliance.withdrawn")

    monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", 300)
    again, store = runner("again.db", publishes=False)
    while again.step():
        again = Runner(log, again.writer, store, incinerator(), settings=settings, publishes=False)
    assert (store.canonical(), store.rows("SELECT id, kind FROM events ORDER BY id")) == found
    log.close()


@pytest.mark.parametrize(
    ("valid", "beyond", "open_n", "lost"),
    [
        pytest.param(17_020, 500, 500, False, id="500 of 17,520"),
        pytest.param(17_520, 525, 0, False, id="97.003 %"),
        pytest.param(17_520, 526, 0, True, id="96.998 %"),
        pytest.param(100, 50, 17_420, False, id="much is still to come"),
        pytest.param(0, 0, 0, False, id="nothing"),
    ],
)
def test_share_lost(valid: int, beyond: int, open_n: int, lost: bool) -> None:
    """A share of 97 % is lost once more than 3 % of all that may come are above: 525.6 of 17,520."""
    assert share_lost(valid=valid, beyond=beyond, open_n=open_n, share_min=97_000_000) is lost
