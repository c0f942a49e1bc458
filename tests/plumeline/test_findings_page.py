"""Findings ranked by weight, and one of them with its rule, thresholds, confidence and peers, in both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from typer.testing import CliRunner

from plumeline import patterns
from plumeline.cli import app
from plumeline.console import findings
from plumeline.sqlite_store import SqliteWriter
from plumeline.texts import speaking
from processors.figures import DAY_MS, HOUR_MS, Event, Figure, Level
from processors.output import Output
from processors.points import Points, Rules
from tests.plumeline.console_given import context, text_of
from tests.plumeline.fake_store import HOUR, NOW_MS, SCRIPT, STACK, VOC, FakeStore, registry
from tests.plumeline.fake_store import findings as told


def test_sources_are_ranked_by_the_sum_of_the_last_thirty_days() -> None:
    """Two of weight 3 and one of 5 are 11; what ended 44 days ago counts only where more days are asked for."""
    (one,) = patterns.ranked(FakeStore(), NOW_MS)
    assert (one.source, one.weight, one.by_rule) == (STACK, 11, {"DQ-4": 6, "DQ-10": 5})
    assert [e.id for e in one.findings] == ["fDQ-101", "fDQ-41", "fDQ-42"]
    assert one.since_ms == HOUR - 15 * HOUR_MS - 2 * DAY_MS
    assert [(s.source, s.weight) for s in patterns.ranked(FakeStore(), NOW_MS, 60)] == [(STACK, 11), (VOC, 5)]


def test_the_list_says_patterns_in_words_and_accuses_nobody() -> None:
    page = text_of(findings.index(context()))
    assert "Nanhai Power, DA001 stack 1" in page and "values hugging the limit, a day repeated" in page
    assert "fraud" not in page and "no verdict" in page
    with speaking("zh"):
        assert "贴限排放、整日重复" in text_of(findings.index(context()))


def test_one_finding_with_its_rule_and_series() -> None:
    """The thresholds of the rule, how sure they are, the day's figures, and the hours drawn from the day before to the day after."""
    view = findings.view(context(source=STACK, finding="fDQ-41"))
    page = text_of(view)
    for said in (
        "21 of 24 valid hours",
        "DQ-4: at least 80 % of a day",
        "pattern seen; threshold a proposal",
        "mean 32.25 mg/m³",
    ):
        assert said in page
    options = view.charts["charthours"]
    assert options is not None
    assert options["xAxis"][0]["max"] - options["xAxis"][0]["min"] == 3 * DAY_MS
    with speaking("zh"):
        page = text_of(findings.view(context(source=STACK)))
    assert "24 个小时值与 6 天前相同；当日共 2 次" in page and "特征已见公开文本，阈值为建议值" in page


class Flagged(FakeStore):
    """One finding of a quality test."""

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        (one,) = [e for e in told() if e.id == "fDQ-41"]
        counts = {"good": 1437, "not_evaluated": 0, "suspect": 2, "fail": 1, "missing": 0}
        names = ("start", "end", "day", "unit")
        facts = {name: one.facts[name] for name in names} | counts
        facts |= {"text": "1440 readings, 2 suspect, 1 fail", "rule": "SER-RANGE", "pack": "cn-flue-gas-series", "weight": 1}
        return [replace(one, facts=facts)]


def test_a_finding_of_a_quality_test() -> None:
    """Its flags are counted, its rule is told, in both languages."""
    page = text_of(findings.view(context(Flagged(), source=STACK)))
    assert "1437 good, 2 suspect, 1 fail, 0 not evaluated, 0 without a value" in page
    assert "SER-RANGE: readings outside what is plausible are suspect" in page and "test seen; thresholds a proposal" in page
    with speaking("zh"):
        page = text_of(findings.view(context(Flagged(), source=STACK)))
    assert (
        "正常 1437 个，可疑 2 个" in page and "读数 1440 个，其中可疑 2 个、不合格 1 个" in page and "方法见于公开源码" in page
    )


def test_an_outlet_without_findings_and_one_that_sends_markup() -> None:
    assert "No pattern was found at this source" in text_of(findings.view(context(source="nobody")))
    store = FakeStore()
    assert SCRIPT not in text_of(findings.view(context(store, source=VOC)))


STEPS = {STACK: 2, "4401000004": 20, "4401000006": 40, "4401000005": 60}


class Movements(FakeStore):
    """Two hours of a day of four outlets, one of them for VOC: the first at 100, the other a step above it."""

    def figures(
        self, source: str, level: Level, start_ms: int, end_ms: int, factor: str | None = None, stat: str | None = None
    ) -> list[Figure]:
        known = super().figures(STACK, level, start_ms, end_ms, "a21026", "avg")
        if source not in STEPS or len(known) < 2:
            return []
        two = ((f, 100 + n * STEPS[source]) for n, f in enumerate([f for f in known if f.ok][:2]))
        return [replace(f, source=source, value=value * 10**6) for f, value in two]


def test_a_source_among_those_of_its_kind_and_sector() -> None:
    """Movements of 2 of 101, 20 of 110 and 40 of 120: the first of three, the lower middle of the two others 200 / 11 %."""
    (event,) = [e for e in told() if e.id == "fDQ-41"]
    stands = patterns.among(Movements(), registry(), event, patterns.ranked(FakeStore(), NOW_MS))
    assert stands is not None
    assert (round(stands.own_pct, 4), stands.rank, stands.peers) == (Decimal("1.9802"), 1, 2)
    assert (round(stands.middle_pct, 4), stands.alike) == (Decimal("18.1818"), 0)
    page = text_of(findings.view(context(Movements(), source=STACK, finding="fDQ-41")))
    assert "Rank 1 of 3 from the least" in page


def test_the_command_ranks_what_is_stored(tmp_path: Path) -> None:
    """As JSON and as text; days count back from the newest tick."""
    known = registry()
    writer = SqliteWriter(tmp_path / "data.db")
    out = Output(registry=known.model_dump_json().encode(), ticks={(0, "g"): (NOW_MS, NOW_MS)})
    events: list[Event] = told()
    out.events += reversed(events)
    writer.commit(out, Points(known, Rules()), [], 1)
    writer.close()
    asked = ["findings", "--data", str(tmp_path)]
    rows = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert [(r["source"], r["weight"], len(r["findings"])) for r in rows] == [(STACK, 11, 3)]
    text = CliRunner().invoke(app, asked).stdout
    assert "DQ-10" in text and "24 hourly values equal those of 6 days before" in text and VOC not in text
