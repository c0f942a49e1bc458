"""What the plan assesses of an enterprise's energy: EX-3.6 from meters to page and terminal, restarts, replay and a changed registry."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ingest.csv_tables import RegistryFaults
from ingest.log import PARTITIONS, Entry, partition_of
from ingest.registry import Enterprise, Meter, Registry, RulePack, Source
from plumeline.cli import app
from plumeline.console import evidence, plan_energy, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from plumeline.texts import speaking
from processors.figures import HOUR_MS, Figure
from processors.memory import Settings
from processors.plan_energy import PlanEnergy
from processors.plan_energy import plan_energy as assessed
from processors.registry_check import load_registry
from tests.conftest import REPO
from tests.plumeline.console_given import text_of
from tests.plumeline.fake_store import FakeOutbox
from tests.processors.given import CST, METER, line, ms, tick

START = datetime(2026, 7, 1, tzinfo=CST)
DAY = timedelta(days=1)
MAIN, FEED, SUN = "main", "feed", "sun"
HOURS = {MAIN: 2_438_550, FEED: 350_000, SUN: 250_000}
"""What each meter counts in an hour: at 0.5 kgce/m3 1 219.275 and 175 t, at 0.1229 kgce/kWh 30.725 t.

A day's 29 262.6 + 737.4 t are the 30 000 that EX-3.6 reports, and 4 200 t the feedstock, behind the main meter.
"""
BASE_TCE = Decimal(31_901)
"""Renewables of the base year: 87.4 t a day (2026 has 365), so that 737.4 t are 650 t more."""
INTENSITY = """
id = "our-energy"
title = "Energy, renewables out of the intensity"
title_zh = "能源"
kinds = ["energy"]
base = "cn-energy"

[[rule]]
id = "EN-PLAN-1"
step = "energy.assessed"
base_year = 2020
renewables_in_intensity = false
standard = "x"
clause = "x"
clause_zh = "x"
confidence = "seen"
text = "x"
text_zh = "x"
"""


def registered(base: Decimal | None = BASE_TCE, packs: tuple[RulePack, ...] = (), **feed: Any) -> Registry:
    """A works with a gas main, a branch of it that is raw material, and panels on its roof."""
    gas = {"source": METER, "kind": "interval", "unit": "m3", "energy_code": "coalbed_methane"}
    sun = {"source": METER, "kind": "interval", "unit": "kWh", "energy_code": "electricity_calorific"}
    return Registry(
        enterprises=(Enterprise(enterprise="E1", name="Works", renewable_base_tce=base),),
        sources=(Source(source=METER, enterprise="E1", outlet="M", name="meters", kind="energy", cadence_s=3600),),
        meters=(
            Meter.model_validate({**gas, "factor": MAIN}),
            Meter.model_validate({**gas, "factor": FEED, "plan": "feedstock", "part_of": MAIN, **feed}),
            Meter.model_validate({**sun, "factor": SUN, "plan": "renewable"}),
        ),
        packs=packs,
    )


class Works:
    """The whole street over a folder, and what it says of the year."""

    def __init__(self, folder: Path, rows: Registry) -> None:
        self.folder, self.registry = folder, rows
        self.log = SqliteLog(folder / "log.db")
        self.store = SqliteStore(SqliteWriter(folder / "data.db"))
        settings = Settings(hot_ms=3 * HOUR_MS, provisional=False)
        self.runner = Runner(self.log, self.store.writer, self.store, rows, settings=settings)
        self.now_ms = ms(START)

    def day(self, n: int, **changed: int) -> None:
        """All hours of the n-th day, each labelled with its start and told at its end, and ticks after midnight."""
        for h in range(24 * n, 24 * n + 24):
            row = line(START + timedelta(hours=h), HOURS | changed, source=METER, kind="interval", stat="energy", delay_s=3601)
            self.log.append_now([Entry("reports", partition_of(METER), row)])
        self.ticks((n + 1) * DAY)

    def ticks(self, after: timedelta) -> None:
        for n in range(6):
            at = START + after + timedelta(minutes=6, seconds=10 * n)
            self.log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
            self.runner.drain()
        self.now_ms = ms(at)

    def said(self) -> PlanEnergy:
        def days_of(source: str, factor: str, stat: str, start_ms: int, end_ms: int) -> list[Figure]:
            return self.store.figures(source, "day", start_ms, end_ms, factor, stat)

        found = assessed(self.runner.registry, "E1", days_of, self.now_ms)
        assert found is not None
        return found

    def figure(self, stat: str) -> Figure:
        found = self.store.figure("enterprise:E1", "energy", stat, "day", ms(START))
        assert found is not None
        return found

    def close(self) -> None:
        self.log.close()
        self.store.close()
        self.store.writer.close()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Callable[..., Works]]:
    opened: list[Works] = []

    def make(name: str = "data", **rows: Any) -> Works:
        (tmp_path / name).mkdir()
        opened.append(Works(tmp_path / name, registered(**rows)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def test_a_day_of_the_plan(street: Callable[..., Works]) -> None:
    """EX-3.6: of 30 000 t without 4 200 of feedstock and 650 of new renewables 25 150 are assessed; the intensity keeps the 650."""
    works = street()
    works.day(0)
    told = works.said()
    assert (told.reported, told.feedstock, told.new_renewables) == (30_000, 4_200, 650)
    assert (told.assessed, told.intensity, told.reason) == (25_150, 25_800, None)
    assert (told.year, told.days, told.short) == (2026, 1, 0)
    assert works.figure("kgce").number == 30_000_000, "the branch is not counted twice"
    assert [m["factor"] for m in works.figure("feedstock").explain["members"]] == [FEED]
    assert works.figure("new_renewables").explain["note"] == "less a day's share of the base year, 87400 kg"


def test_growth_is_that_of_the_year(street: Callable[..., Works]) -> None:
    """A day without sun is 87.4 t less than its share: 650 - 87.4 are 562.6 t; a year below its base adds nothing."""
    works = street()
    works.day(0)
    works.day(1, sun=0)
    told = works.said()
    assert told.new_renewables == Fraction("562.6")
    assert told.assessed == told.reported - 8_400 - Fraction("562.6")
    dark = street("dark")
    dark.day(0, sun=0)
    assert (dark.said().new_renewables, dark.said().assessed) == (0, Fraction("29262.6") - 4_200)


def test_a_pack_takes_renewables_out_of_the_intensity(street: Callable[..., Works]) -> None:
    """The setting renewables_in_intensity: what the intensity is made with is then the total."""
    works = street(packs=(RulePack(id="our-energy", file="our-energy.toml", text=INTENSITY),))
    works.day(0)
    assert (works.said().assessed, works.said().intensity) == (25_150, 25_150)


def test_without_a_base_year_the_growth_is_not_known(street: Callable[..., Works]) -> None:
    """It is withheld with the remedy, and nothing is taken out."""
    works = street(base=None)
    works.day(0)
    told = works.figure("new_renewables")
    assert (told.value, told.ok, told.reason) == (None, False, "enterprises.csv names no renewables of the base year")
    assert (works.said().assessed, works.said().short) == (25_800, 1)


def test_more_feedstock_than_energy_is_no_number(street: Callable[..., Works]) -> None:
    """A branch that counts more than its main is refused with the reason."""
    works = street()
    works.day(0, feed=70_000_000)
    assert (works.said().assessed, works.said().intensity) == (None, None)
    assert works.said().reason == "energy to be taken out is below 0, or more than was reported"


def test_a_base_year_that_is_registered_later_revises_the_days(street: Callable[..., Works]) -> None:
    """A changed row of enterprises.csv touches the meters of renewable electricity, and their days are added up anew."""
    works = street(base=None)
    works.day(0)
    changed = registered(BASE_TCE)
    works.log.append_now([Entry("registry", 0, changed.model_dump_json().encode())])
    works.ticks(DAY + timedelta(minutes=5))
    works.ticks(DAY + timedelta(minutes=10))
    assert (works.said().assessed, works.said().short) == (25_150, 0)


def test_page_evidence_and_terminal(street: Callable[..., Works]) -> None:
    """The source's page says the year, in both languages; each part leads to the evidence of its day; the command says the same."""
    works = street()
    works.day(0)
    console = Console(works.store, lambda: works.registry, lambda: works.now_ms, FakeOutbox(), lambda: {"lag_ms": 1})
    context = Context(console, works.now_ms, words.Names(works.registry, works.now_ms), {})
    told = str(plan_energy.section(context, METER))
    for number in ("30000", "4200", "650", "25150", "25800", "Days with energy: 1; not complete: 0."):
        assert number in told
    with speaking("zh"):
        assert "规划考核口径" in str(plan_energy.section(context, METER))
    for stat, shown in (("feedstock", "feedstock"), ("new_renewables", "a day&#39;s share of the base year")):
        address = works.figure(stat).id
        assert address.replace(":", "%3A").replace("+", "%2B").replace("/", "%2F") in told or address in told
        page = text_of(evidence.view(Context(console, works.now_ms, context.names, {"figure": address})))
        assert shown in page
    (row,) = json.loads(CliRunner().invoke(app, ["energy", "--data", str(works.folder), "--json"]).output)
    assert (row["assessed_tce"], row["intensity_tce"], row["rule"]) == ("25150", "25800", "EN-PLAN-1")
    assert "25150" in CliRunner().invoke(app, ["energy", "--data", str(works.folder)]).output
    assert "no energy" in CliRunner().invoke(app, ["energy", "--data", str(works.folder), "--year", "2025"]).output


def test_the_same_in_a_replay_with_restarts(street: Callable[..., Works], monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of two days, read again in other batches by processes that end after each, makes the same figures."""
    live = street()
    live.day(0)
    live.day(1, sun=0)
    found = live.store.canonical()
    assert "new_renewables" in str(found)
    monkeypatch.setattr("plumeline.runner.BATCH_RECORDS", PARTITIONS * 3 + 1)
    writer = SqliteWriter(live.folder / "again.db")
    store, settings = SqliteStore(writer), Settings(hot_ms=3 * HOUR_MS, provisional=False)
    again = Runner(live.log, writer, store, live.registry, settings=settings, publishes=False)
    while again.step():
        again = Runner(live.log, writer, store, live.registry, settings=settings, publishes=False)
    assert store.canonical() == found
    store.close()
    writer.close()


def test_a_branch_names_a_meter_of_its_source(tmp_path: Path) -> None:
    """What it is part of stands in meters.csv, and is another meter; the fault names file, line, column and remedy."""
    shutil.copytree(REPO / "registry", tmp_path / "registry")
    meters = tmp_path / "registry" / "meters.csv"
    head, first, second, *_ = meters.read_text(encoding="utf-8").splitlines()
    for part_of, sound in (("electricity", True), ("electricty", False), ("gas", False)):
        meters.write_text(f"{head},plan,part_of\n{first},,\n{second},feedstock,{part_of}\n", encoding="utf-8")
        if sound:
            assert load_registry(tmp_path / "registry").meters[1].part_of == part_of
            continue
        with pytest.raises(RegistryFaults, match=r"meters.csv:3.*part_of"):
            load_registry(tmp_path / "registry")
