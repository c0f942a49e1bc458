"""A rule that raises at one source's hour: that source is set aside and told, all others are judged as if nothing had happened."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import structlog

from ingest.log import PARTITIONS, Entry, partition_of
from ingest.registry import Registry
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors import hours
from processors.figures import HOUR_MS
from processors.memory import Settings
from tests.plumeline.cluster_kit import FLOW, O2, SO2, device_name, registry
from tests.plumeline.partition_kit import STACKS, State, readings
from tests.processors.given import MIDNIGHT, NOON, line, ms, tick

SOURCES = [device_name(n) for n in range(12)]
SICK = SOURCES[5]
BAD = 66.6
"""What the sick source measures in its bad hour, and nobody else."""
BAD_HOUR, HOURS, AFTER_MINUTES = 2, 9, 8
STEP_S = 30

Figures = set[tuple[Any, ...]]


class Street:
    """One process without devices: what is sent stands on its log."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        folder.mkdir()
        self.folder, self.settings = folder, settings
        self.log = SqliteLog(folder / "log.db")
        self.rows: Registry = registry(len(SOURCES), "http://127.0.0.1:9/none")
        self.start()

    def start(self) -> None:
        self.writer = SqliteWriter(self.folder / "data.db")
        self.store = SqliteStore(self.writer)
        self.runner = Runner(self.log, self.writer, self.store, self.rows, settings=self.settings)

    def end(self) -> None:
        self.store.close()
        self.writer.close()

    def run(self, first_minute: int, last_minute: int, *, quiet: Collection[int] = ()) -> None:
        """Let minutes pass: each source reports twice a minute, the gateway ticks after each, the log is read every seven.

        In ``quiet`` hours the sick source sends nothing.
        """
        for minute in range(first_minute, last_minute):
            at = NOON + timedelta(minutes=minute)
            entries = []
            for n, source in enumerate(SOURCES):
                if source == SICK and minute // 60 in quiet:
                    continue
                bad = source == SICK and minute // 60 == BAD_HOUR
                so2 = BAD if bad else 20.0 + n + (30.0 if (minute // 60 + n) % 3 == 0 else 0.0)
                lines = [
                    line(at + timedelta(seconds=s), {SO2: so2, O2: 7.5, FLOW: 400_000.0}, source=source)
                    for s in range(0, 60, STEP_S)
                ]
                entries.append(Entry("reports", partition_of(source), b"\n".join(lines)))
            self.log.append_now(entries)
            self.tick(minute + 1)
            if minute % 7 == 0:
                self.runner.drain()
        self.runner.drain()

    def tick(self, minute: int) -> None:
        value = tick(NOON + timedelta(minutes=minute))
        self.log.append_now([Entry("reports", p, value) for p in range(PARTITIONS)])

    def canonical(self) -> Figures:
        return set(self.store.canonical())

    def events(self, kind: str) -> list[dict[str, Any]]:
        lines = [line for r in self.log.read(("events",), 0, 100_000) for line in r.value.split(b"\n")]
        return [row for row in map(json.loads, lines) if row["kind"].startswith(kind)]


def of(figures: Figures, *, sick: bool) -> Figures:
    """Return the figures of the sick source and its enterprise, or those of all others."""
    mine = (SICK, f"enterprise:E{SOURCES.index(SICK) // 4}")
    return {f for f in figures if (f[0] in mine) == sick}


@pytest.fixture(scope="module", params=[True, False], ids=["open hours shown", "decided hours only"])
def provisional(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, provisional: bool) -> tuple[Figures, Figures]:
    """What a run without any fault says after HOURS, and after the minutes that follow."""
    structlog.reset_defaults()
    street = Street(tmp_path_factory.mktemp("undisturbed") / "street", Settings(provisional=provisional))
    street.run(0, HOURS * 60)
    before = street.canonical()
    street.run(HOURS * 60, HOURS * 60 + AFTER_MINUTES)
    after = street.canonical()
    street.end()
    return before, after


def raising(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Let a rule raise where it meets the bad hour's values."""
    plain = getattr(hours, where)
    bad = round(BAD * 10 ** (8 if where == "hour_means" else 6))

    def rule(rows: pl.DataFrame, **parameters: Any) -> pl.DataFrame:
        if (rows["value"] == bad).any():
            raise ArithmeticError("a rule failed")
        return plain(rows, **parameters)  # type: ignore[no-any-return]

    monkeypatch.setattr(hours, where, rule)


@pytest.mark.parametrize("where", ["hour_means", "day_means"])
def test_one_source_is_set_aside(
    tmp_path: Path, undisturbed: tuple[Figures, Figures], provisional: bool, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Its input of the hour stands in quarantine, the event names source, hour and reason; the others' figures are as ever.

    When the rule is mended and the process started again, its hours are made up for, also those that are no longer hot.
    """
    street = Street(tmp_path / "street", Settings(hot_ms=2 * HOUR_MS, provisional=provisional))
    raising(monkeypatch, where)
    street.run(0, HOURS * 60)
    assert street.runner.progress.failed is None and set(street.runner.aside) == {SICK}
    hour = NOON + timedelta(hours=BAD_HOUR)
    (told,) = street.events("input.quarantined")
    assert (told["source"], told["facts"]["hour"]) == (SICK, hour.isoformat())
    assert "ArithmeticError: a rule failed" in told["facts"]["reason"] and "hours.py" in told["facts"]["reason"]
    aside = [json.loads(f.raw) for f in street.store.quarantine(limit=10_000)]
    assert {row["source"] for row in aside} == {SICK}
    assert {ms(hour) <= ms(NOON.fromisoformat(row["time"])) < ms(hour) + HOUR_MS for row in aside} == {True}
    assert of(street.canonical(), sick=False) == of(undisturbed[0], sick=False)
    decided = street.store.rows(
        "SELECT DISTINCT start FROM figures WHERE source = ? AND level = 'hour' AND revision > 0", (SICK,)
    )
    assert {start for (start,) in decided} == {ms(NOON) + n * HOUR_MS for n in range(BAD_HOUR)}
    silent = [e for e in street.events("source.") if e["source"] == SICK]
    assert silent == [], "what is set aside is heard all the same"

    street.end()
    monkeypatch.undo()
    street.start()
    assert street.runner.aside == {}
    street.run(HOURS * 60, HOURS * 60 + AFTER_MINUTES)
    assert street.canonical() == undisturbed[1]
    assert street.store.rows("SELECT * FROM touches") == []
    street.end()


@pytest.mark.parametrize("hot_h", [2, 12], ids=["cold by then", "still hot"])
def test_empty_hours_of_a_source_that_comes_back_are_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hot_h: int
) -> None:
    """Hours of which nothing came while it was set aside say "no data" afterwards, as if nothing had happened."""
    structlog.reset_defaults()
    quiet, upto = {BAD_HOUR + 1, BAD_HOUR + 2}, (BAD_HOUR + 4) * 60 + 10
    streets = {name: Street(tmp_path / name, Settings(hot_ms=hot_h * HOUR_MS, provisional=False)) for name in ("well", "sick")}
    streets["well"].run(0, upto, quiet=quiet)
    raising(monkeypatch, "hour_means")
    street = streets["sick"]
    street.run(0, upto, quiet=quiet)
    assert set(street.runner.aside) == {SICK}
    street.end()
    monkeypatch.undo()
    street.start()
    for each in streets.values():
        each.run(upto, upto + AFTER_MINUTES)
    found = [street.store.figure(SICK, SO2, "avg", "hour", ms(NOON) + hour * HOUR_MS) for hour in sorted(quiet)]
    assert [f and (f.reason, f.ok, f.revision) for f in found] == [("no data", False, 1)] * 2
    assert street.canonical() == streets["well"].canonical()
    for each in streets.values():
        each.end()


def test_a_changed_registry_brings_a_source_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a restart: a registry in force anew is a new chance, and what was put off is rebuilt."""
    structlog.reset_defaults()
    street = Street(tmp_path / "street", Settings())
    raising(monkeypatch, "hour_means")
    street.run(0, (BAD_HOUR + 1) * 60 + 10)
    assert set(street.runner.aside) == {SICK}
    monkeypatch.undo()
    street.rows = street.rows.model_copy(update={"contacts": ()})
    street.log.append_now([Entry("registry", 0, street.rows.model_dump_json().encode())])
    street.run((BAD_HOUR + 1) * 60 + 10, (BAD_HOUR + 1) * 60 + 13)
    assert street.runner.aside == {}
    figure = street.store.figure(SICK, SO2, "avg", "hour", ms(NOON) + BAD_HOUR * HOUR_MS)
    assert figure is not None and float(figure.number or 0) == BAD and figure.revision > 0
    street.end()


def test_a_worker_sets_a_source_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a cluster it is the same: event and input stand on the log, and what is said of the partition's other sources is as ever."""
    structlog.reset_defaults()
    sick, worse = STACKS[1], []
    for hour in range(5):
        start = MIDNIGHT + timedelta(hours=hour)
        lines = readings(start, start + timedelta(hours=1))
        if hour == BAD_HOUR:
            for n, each in enumerate(lines):
                row = json.loads(each)
                if row["source"] == sick:
                    lines[n] = line(start.fromisoformat(row["time"]), {SO2: BAD, O2: 7.5, FLOW: 400_000.0}, source=sick)
        worse.append(lines)
    states = []
    for name in ("undisturbed", "disturbed"):
        state = State(tmp_path / name, None)
        if name == "disturbed":
            raising(monkeypatch, "hour_means")
        for lines in worse:
            state.take("reports", *lines)
            state.tick(timedelta(hours=1))
        for _ in range(8):
            state.tick()
        states.append(state.said)
        state.partition.close()
    undisturbed, disturbed = states
    (told,) = disturbed.findings("input.quarantined")
    assert (told["source"], told["facts"]["hour"]) == (sick, (MIDNIGHT + timedelta(hours=BAD_HOUR)).isoformat())
    aside = [json.loads(json.loads(each)["raw"]) for each in disturbed.lines("quarantine")]
    assert {row["source"] for row in aside} == {sick} and len(aside) == 12
    others = [{x for x in said.lines("figures") if sick.encode() not in x} for said in states]
    assert others[0] == others[1] and others[0]
    assert undisturbed.lines("quarantine") == []


def test_a_rule_that_raises_everywhere_stops_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more sources raise than the bound allows, the rule is broken, and nothing more is taken in."""
    structlog.reset_defaults()
    monkeypatch.setattr("plumeline.runner.SOURCES_ASIDE_MAX", 3)
    street = Street(tmp_path / "street", Settings())
    street.run(0, 50)

    def rule(_rows: pl.DataFrame, **_parameters: Any) -> pl.DataFrame:
        raise ArithmeticError("a rule failed")

    monkeypatch.setattr(hours, "hour_means", rule)
    with pytest.raises(RuntimeError, match="more than 3 sources"):
        street.run(50, 70)
    assert len(street.runner.aside) == 3
    street.end()
