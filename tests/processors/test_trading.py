"""Emissions trading: a year's substitute and mass, what late hours change, restarts and a replay."""

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
from processors.figures import HOUR_MS, Figure
from processors.memory import Settings
from processors.rules.eu import deviation_of
from tests.processors.given import CST, STACK, line, ms, tick
from tests.processors.test_engine import Bench

CO2, FLOW = "a05001", "a00000"
START = datetime(2026, 12, 29, tzinfo=CST)
YEAR, DAY = datetime(2026, 1, 1, tzinfo=CST), timedelta(days=1)


def unit() -> Registry:
    """A stack whose carbon dioxide is traded."""
    source = Source(source=STACK, enterprise="E1", outlet="1", name="unit", kind="flue_gas", cadence_s=3600, rules="eu-ets")
    points = Point(source=STACK, factor=CO2, unit="mg/m3", flow_factor=FLOW), Point(source=STACK, factor=FLOW, unit="m3/h")
    return Registry(sources=(source,), points=points)


def hour(n: int, value: float | None, delay_s: float = 1) -> bytes:
    """The device's means of the n-th hour; None where carbon dioxide was not measured."""
    values = {FLOW: 1000.0} if value is None else {CO2: value, FLOW: 1000.0}
    return line(START + timedelta(hours=n), values, kind="hour", stat="avg", delay_s=delay_s)


def value_of(n: int) -> float | None:
    """Nine hours of 34, nine of 46 and one of 40 a day; five are missing."""
    of_day = n % 24
    return 34.0 if of_day < 9 else 46.0 if of_day < 18 else 40.0 if of_day == 18 else None


def let_pass(bench: Bench, until: datetime, ticks: int) -> None:
    for n in range(ticks):
        bench.tick(until + timedelta(minutes=6, seconds=10 * n))


def of_year(store: SqliteStore, stat: str, year: datetime = YEAR) -> Figure:
    found = store.figure(STACK, CO2, stat, "year", ms(year))
    assert found is not None
    return found


def test_a_late_hour_moves_the_year() -> None:
    """EX-9.6: 40 and twice 6 are 52; a missing hour that turns out to be 40 leaves the mean, and 19 of 18 x 36 for the deviation.

    sqrt(648/19) = 5.8399712, so that 51.679942 stands for the four that are left: 800 g measured and 206.720 g.
    """
    bench = Bench(unit(), hot_hours=6)
    bench.lines([hour(n, value_of(n)) for n in range(24)])
    let_pass(bench, START + DAY, 3)
    substitute, mass = of_year(bench.store, "avg_sub"), of_year(bench.store, "mass_sub")
    assert (substitute.value, substitute.n, substitute.state, substitute.unit) == (52_000_000, 19, "provisional", "mg/m3")
    assert substitute.explain["note"] == "mean 40 of 19 hours, standard deviation 6; 5 hours missing"
    assert (mass.value, mass.reason, mass.unit) == (1_020_000, None, "kg")
    bench.lines([hour(20, 40.0, delay_s=86_400)])
    let_pass(bench, START + DAY + timedelta(hours=1), 8)
    substitute, mass = of_year(bench.store, "avg_sub"), of_year(bench.store, "mass_sub")
    assert (substitute.value, substitute.n) == (51_679_942, 20)
    assert mass.value == 800_000 + 206_720


def test_the_same_after_restarts_and_in_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the turn of a year, with an hour that comes late: a replay in other batches and with restarts makes the same figures."""
    log = SqliteLog(tmp_path / "log.db")
    settings = Settings(hot_ms=3 * HOUR_MS, provisional=False)

    def runner(name: str, *, publishes: bool) -> tuple[Runner, SqliteStore]:
        writer = SqliteWriter(tmp_path / name)
        store = SqliteStore(writer)
        return Runner(log, writer, store, unit(), settings=settings, publishes=publishes), store

    live, first = runner("live.db", publishes=True)
    for day in range(5):
        lines = [hour(n, value_of(n)) for n in range(24 * day, 24 * day + 24)]
        lines += [hour(22, 40.0, delay_s=60 * HOUR_MS / 1000)] if day == 3 else []
        log.append_now([Entry("reports", partition_of(STACK), b"\n".join(lines))])
        for n in range(6):
            text = tick(START + (day + 1) * DAY + timedelta(minutes=6, seconds=10 * n))
            log.append_now([Entry("reports", p, text) for p in range(PARTITIONS)])
            live.drain()
    old, new = (of_year(first, "avg_sub", year) for year in (YEAR, YEAR.replace(year=2027)))
    assert (old.n, old.state, new.n, new.state) == (3 * 19 + 1, "revised", 2 * 19, "provisional"), (
        "the late hour came in January"
    )
    found = first.canonical()
    monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", PARTITIONS * 3 + 1)
    again, store = runner("again.db", publishes=False)
    while again.step():
        again = Runner(log, again.writer, store, unit(), settings=settings, publishes=False)
    assert store.canonical() == found
    log.close()


@pytest.mark.parametrize(
    ("values", "deviation"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([5], None, id="one"),
        pytest.param([5, 5, 5], "0", id="all the same"),
        pytest.param([2, 4, 4, 4, 5, 5, 7, 9], "2.138089935299", id="32 over 7"),
        pytest.param([-3, 3], "4.242640687119", id="root of 18"),
    ],
)
def test_deviation(values: list[int], deviation: str | None) -> None:
    """Of a sample: sum of squared differences over n - 1."""
    found = deviation_of(n=len(values), total=sum(values), squares=sum(v * v for v in values))
    assert (None if found is None else f"{float(found):.12f}".rstrip("0").rstrip(".") or "0") == deviation
