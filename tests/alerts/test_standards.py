"""The basis of a limit in Chinese: the registry's own words, else the title of a known standard; free text stays as written."""

from __future__ import annotations

import re

import pytest

from alerts.lifecycle import step
from alerts.message import render
from alerts.standards import basis_words, own_basis
from ingest.registry import Limit, Registry
from plumeline.console import evidence
from plumeline.texts import speaking
from processors.registry_check import load_registry
from processors.rules.judge import limit_profiles
from tests.alerts.given import BASE, over, registry
from tests.alerts.test_chinese import words
from tests.conftest import REPO
from tests.plumeline.console_given import context, text_of
from tests.plumeline.fake_store import STACK
from tests.plumeline.fake_store import registry as county

BOILERS = "GB 13271-2014《锅炉大气污染物排放标准》"


def limit(**words: str) -> Limit:
    return Limit(source="4401000001", factor="a21026", limit_id="PWR-ULE-SO2", limit=35, unit="mg/m3", stat="avg_ref", **words)


def test_every_standard_of_the_shipped_limits_has_its_title() -> None:
    """Wherever a limit comes from, a reader of Chinese is told its title; English stays as written."""
    standards = sorted({profile.standard for profile in limit_profiles().values()})
    assert len(standards) > 40
    for standard in standards:
        told = basis_words(standard, "zh")
        assert "《" in told or told.startswith("欧盟"), standard
        assert not re.search(r"[a-z]", told), told
        assert basis_words(standard, "en") == standard


@pytest.mark.parametrize(
    ("basis", "chinese"),
    [
        ("GB 13271-2014", BOILERS),
        ("GB13271—2014", BOILERS),
        ("GB 13271-2014 表 3", f"{BOILERS}，表 3"),
        ("GB 13271-2014（表3）", f"{BOILERS}（表3）"),
        ("GB 13271-2014 new gas boilers", f"{BOILERS}，new gas boilers"),
        ("GB 13271-2014《锅炉大气污染物排放标准》表3", "GB 13271-2014《锅炉大气污染物排放标准》表3"),
        ("GB 13271-20145", "GB 13271-20145"),
        ("GB 4915-2013 amendment", "GB 4915-2013《水泥工业大气污染物排放标准》修改单"),
        ("GB 99999-2030 table 1", "GB 99999-2030 table 1"),
        ("permit of 3 May, see GB 13271-2014", "permit of 3 May, see GB 13271-2014"),
        ("", ""),
    ],
)
def test_a_number_at_the_beginning(basis: str, chinese: str) -> None:
    """However it is spaced, a known number is followed by its title and by what was written behind it."""
    assert basis_words(basis, "zh") == chinese


def test_the_registry_s_own_words_come_first() -> None:
    """``basis_zh`` is told as it is; without it the basis is worded."""
    assert own_basis(limit(basis="GB 13271-2014", basis_zh="本厂排污许可证"), "zh") == "本厂排污许可证"
    assert own_basis(limit(basis="GB 13271-2014", basis_zh="本厂排污许可证"), "en") == "GB 13271-2014"
    assert (own_basis(limit(basis="GB 13271-2014"), "zh"), own_basis(limit(), "zh")) == (BOILERS, "")


def sent(known: Registry, language: str, **facts: str | None) -> list[str]:
    """The lines of an alert's message that tell the limit."""
    (alert,) = step({}, over(**facts))[1]
    return [line for line in render(alert, known, BASE, language).body if line.startswith(("Limit ", "限值 "))]


def test_a_message_says_by_what_the_limit_holds() -> None:
    """From the registry's row, which the event only names; else what the event says, else the limit's name."""
    known = registry().model_copy(update={"limits": (limit(basis="GB 13271-2014 table 3", basis_zh="GB 13271-2014 表3"),)})
    assert sent(known, "en", basis=None) == ["Limit 35 mg/m³: GB 13271-2014 table 3."]
    assert sent(known, "zh", basis=None) == ["限值 35 mg/m³：GB 13271-2014 表3。"]
    assert sent(registry(), "zh", basis="GB 13271-2014") == [f"限值 35 mg/m³：{BOILERS}。"]
    assert sent(registry(), "zh", basis=None) == ["限值 35 mg/m³：PWR-ULE-SO2。"]
    assert words(over())[3].startswith("限值 35 mg/m³：环发〔2015〕164号《")


@pytest.mark.parametrize(
    ("basis_zh", "told"), [("", "GB 13223-2011《火电厂大气污染物排放标准》，table 2 (ultra-low)"), ("超低排放", "超低排放")]
)
def test_the_evidence_page(basis_zh: str, told: str) -> None:
    """The sentence and the formula name it in the page's language; data stays as it is stored."""
    known = county()
    known = known.model_copy(update={"limits": tuple(x.model_copy(update={"basis_zh": basis_zh}) for x in known.limits)})
    asked = context(known=known, figure=f"{STACK}/a21026/avg_ref/hour/2026-07-01T14:00:00+08:00")
    assert "GB 13223-2011 table 2 (ultra-low)" in text_of(evidence.view(asked))
    with speaking("zh"):
        page, made = text_of(evidence.view(asked)), evidence.as_json(asked)
    assert f"依据：{told}。" in page and f"· {told}" in page
    assert made is not None and made["limit_basis"] == "GB 13223-2011 table 2 (ultra-low)"


def test_the_sample_registry_has_both() -> None:
    """Who copies the sample sees the column filled."""
    assert all(row.basis and re.search("[一-鿿]", row.basis_zh) for row in load_registry(REPO / "registry").limits)
