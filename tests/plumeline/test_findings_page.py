"""Findings ranked by weight, and one of them with its rule, thresholds, confidence and peers, in both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from typer.testing import CliRunner

from alerts.decisions import Decision, standing
from alerts.outbox import Outbox
from plumeline import patterns
from plumeline.cli import app
from plumeline.console import decisions, findings
from plumeline.sqlite_store import SqliteWriter
from plumeline.texts import speaking, t
from processors.figures import DAY_MS, HOUR_MS, Event, Figure, Level
from processors.output import Output
from processors.points import Points, Rules
from tests.plumeline.console_given import context, text_of
from tests.plumeline.fake_store import HOUR, NOW_MS, SCRIPT, STACK, VOC, FakeOutbox, FakeStore, registry, registry_zh
from tests.plumeline.fake_store import findings as told


def test_sources_are_ranked_by_the_sum_of_the_last_thirty_days() -> None:
    """Two of weight 3 and one of 5 are 11; what ended 44 days ago counts only where more days are asked for."""
    (one,) = patterns.ranked(patterns.recent(FakeStore(), NOW_MS))
    assert (one.source, one.weight, one.by_rule) == (STACK, 11, {"DQ-4": 6, "DQ-10": 5})
    assert [e.id for e in one.findings] == ["fDQ-101", "fDQ-41", "fDQ-42"]
    assert one.since_ms == HOUR - 15 * HOUR_MS - 2 * DAY_MS
    assert [(s.source, s.weight) for s in patterns.ranked(patterns.recent(FakeStore(), NOW_MS, 60))] == [(STACK, 11), (VOC, 5)]


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


class Opposite(FakeStore):
    """One finding that names another factor of the source, and one that the registry does not have."""

    other = "a21002"

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        (one,) = [e for e in told() if e.id == "fDQ-41"]
        return [
            replace(
                one, facts={**one.facts, "text": f"moves exactly opposite to {self.other}; rank correlation -1 of 60 pairs"}
            )
        ]


def test_a_finding_names_the_other_factor() -> None:
    """By its name in the registry, in either language; a code that nobody registered stays a code."""
    page = text_of(findings.view(context(Opposite(), source=STACK)))
    assert page.count("moves exactly opposite to NOₓ; rank correlation -1 of 60 pairs") == 2  # above, and in the list
    with speaking("zh"):
        assert "与 氮氧化物 完全反向变化；60 对数据的秩相关系数为 -1" in text_of(
            findings.view(context(Opposite(), registry_zh(), source=STACK))
        )
    strange = Opposite()
    strange.other = "a99999"
    assert "moves exactly opposite to a99999; " in text_of(findings.view(context(strange, source=STACK)))


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
    stands = patterns.among(Movements(), registry(), event, patterns.ranked(patterns.recent(FakeStore(), NOW_MS)))
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


def test_a_finding_is_dismissed_and_leaves_the_list() -> None:
    """The form says why and by whom; the finding goes from the default list with its weight, a chip shows it, its page keeps it."""
    here = context(source=STACK, finding="fDQ-101")
    assert t("decision.none") in text_of(findings.view(here)) and "findings/decide" in text_of(findings.view(here))
    form = {
        "source": STACK,
        "finding": "fDQ-101",
        "who": "Wang Fang",
        "words": f"one load {SCRIPT}",
        "evidence": "",
        "key": "0",
    }
    address = decisions.act(here, form | {"decided": "dismissed"})
    assert address == f"findings/{STACK}?finding=fDQ-101&said=kept"
    page = text_of(findings.view(replace(here, query={**here.query, "said": "kept"})))
    assert (
        t("decision.said.kept") in page
        and "dismissed by Wang Fang:" in page
        and "&lt;script&gt;" in page
        and SCRIPT not in page
    )
    assert t("findings.weight.of", n=6) in page, "two of weight 3 remain of 11"
    ranking = str(findings.index(replace(here, query={})).html["list"])
    assert "values hugging the limit" in ranking and "a day repeated" not in ranking
    ranking = str(findings.index(replace(here, query={"state": "dismissed"})).html["list"])
    assert "a day repeated" in ranking and "values hugging the limit" not in ranking
    assert t("findings.none.state") in text_of(findings.index(replace(here, query={"state": "confirmed"})))


def test_a_confirmation_needs_evidence_and_accuses_nobody() -> None:
    """Refused it shows what was typed; kept it says by whom, as which pattern, after inspection, in both languages."""
    here = context(source=STACK, finding="fDQ-41")
    form = {"source": STACK, "finding": "fDQ-41", "who": "Wang Fang", "words": "seen", "evidence": "", "decided": "confirmed"}
    address = decisions.act(here, form)
    assert address.endswith("said=evidence&who=Wang+Fang&words=seen")
    query = {**here.query, "said": "evidence", "who": "Wang Fang", "words": "seen"}
    page = text_of(findings.view(replace(here, query=query)))
    assert t("decision.said.evidence") in page and 'value="Wang Fang"' in page
    assert decisions.act(here, form | {"evidence": "report 17"}).endswith("said=kept")
    page = text_of(findings.view(here))
    assert "confirmed by Wang Fang as “values hugging the limit” after inspection:" in page and "Evidence: report 17" in page
    with speaking("zh"):
        page = text_of(findings.view(here))
    assert "经核查，Wang Fang 确认为“贴限排放”：" in page and "证据：report 17" in page
    for wrong in ({"finding": "nothing"}, {"decided": "perhaps"}):
        assert "said=gone" in decisions.act(here, form | wrong)


def test_how_the_rules_fared() -> None:
    """One of DQ-4's two findings confirmed and the other dismissed is 50 %; DQ-10 has one finding and no decision."""
    here = context()
    assert t("scores") not in text_of(findings.index(here))
    for name, decided in (("fDQ-41", "dismissed"), ("fDQ-41", "confirmed"), ("fDQ-42", "dismissed")):
        form = {"source": STACK, "finding": name, "who": "Wang Fang", "words": "why", "evidence": "report", "decided": decided}
        assert decisions.act(here, form).endswith("said=kept")
    told, decided_about = patterns.recent(FakeStore(), NOW_MS), standing(here.console.outbox.decisions())
    assert patterns.scores(told, decided_about) == [patterns.Score("DQ-10", 1, 0, 0), patterns.Score("DQ-4", 2, 1, 1)]
    table = str(findings.index(here).html["scores"])
    assert "50 %" in table and "values hugging the limit" in table and t("scores.about") in table


class Silent(FakeOutbox):
    """An outbox that does not answer."""

    def decisions(self, source: str | None = None) -> list[Decision]:
        raise OSError("away")


def test_without_the_outbox_all_findings_are_shown_and_it_is_said() -> None:
    here = context(source=STACK)
    here.console.outbox = Silent()
    for view in (findings.view(here), findings.index(replace(here, query={}))):
        page = text_of(view)
        assert t("findings.decisions.away") in page and "a day repeated" in page and "findings/decide" not in page


def test_the_command_leaves_out_what_was_dismissed(tmp_path: Path) -> None:
    """By the outbox beside the data; with --dismissed all are listed, each with its decision."""
    known = registry()
    writer = SqliteWriter(tmp_path / "data.db")
    out = Output(registry=known.model_dump_json().encode(), ticks={(0, "g"): (NOW_MS, NOW_MS)})
    out.events += reversed(told())
    writer.commit(out, Points(known, Rules()), [], 1)
    writer.close()
    (event,) = (e for e in told() if e.id == "fDQ-101")
    box = Outbox(tmp_path / "outbox.db")
    box.decide(event, "dismissed", "Wang Fang", "one load", "", NOW_MS, registry=known)
    box.close()
    asked = ["findings", "--data", str(tmp_path), "--json"]
    (row,) = json.loads(CliRunner().invoke(app, asked).stdout)
    assert (row["weight"], [f["decided"] for f in row["findings"]]) == (6, [None, None])
    (row,) = json.loads(CliRunner().invoke(app, [*asked, "--dismissed"]).stdout)
    assert (row["weight"], [f["decided"] for f in row["findings"]]) == (11, ["dismissed", None, None])
