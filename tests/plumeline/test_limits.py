"""What applies to an outlet: found by its permit, on a day, as a command and as a page in both languages."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plumeline.cli import app
from plumeline.console import limits as page
from plumeline.limits import outlets
from plumeline.texts import speaking
from processors.registry_check import load_registry
from tests.plumeline.console_given import context

REGISTRY = Path(__file__).parents[2] / "registry"
DAY = date(2026, 7, 1)
OUTFALL = "44060500050000000000W001"


def test_a_permit_opens_all_that_applies() -> None:
    """Points, limits with condition and bound as the shipped table has them, and the rule pack for the kind of source."""
    (found,) = outlets(load_registry(REGISTRY), DAY, permit="NH-2026-0005")
    assert found.source.source == OUTFALL
    assert [(x.limit.limit_id, str(x.limit.limit), x.limit.when, x.limit.bound) for x in found.limits] == [
        ("WW-18918-PH-LO", "6", "", "lower"),
        ("WW-18918-PH-HI", "9", "", "upper"),
        ("WW-18918-1A-COD", "50", "", "upper"),
        ("WW-18918-1A-NH3N-WARM", "5", "w01010 > 12", "upper"),
        ("WW-18918-1A-NH3N-COLD", "8", "w01010 <= 12", "upper"),
    ]
    assert {x.confidence for x in found.limits} == {"seen: S30"}
    assert (found.pack.id, len(found.points)) == ("cn-water-series", 5)


def test_a_limit_counts_on_its_days_only() -> None:
    """The day before the standard took effect, its limit is not in force; the end day no longer counts."""
    known = load_registry(REGISTRY)
    (before,) = outlets(known, date(2003, 6, 30), outlet=OUTFALL)
    assert {x.limit.limit_id for x in before.limits} == {"WW-18918-1A-COD"}
    (on,) = outlets(known, date(2003, 7, 1), outlet=OUTFALL)
    assert len(on.limits) == 5


def test_the_command_as_data() -> None:
    """``--json`` holds what the tables show."""
    ran = CliRunner().invoke(
        app, ["limits", "--permit", "NH-2026-0005", "--on", "2026-07-01", "--registry", str(REGISTRY), "--json"]
    )
    (told,) = json.loads(ran.output)["outlets"]
    assert (told["source"], told["pack"], told["limits"][0]["limit"]) == (OUTFALL, "cn-water-series", "6")
    assert told["limits"][0]["basis_zh"].startswith("GB 18918-2002")


@pytest.mark.parametrize(
    ("language", "bounds", "condition", "sure"),
    [
        ("en", ("at least 6<", "at most 9<"), "Water temperature ≤ 12 °C", "seen in a public text"),
        ("zh", ("不低于 6<", "不高于 9<"), "水温 ≤ 12 °C", "已见公开文本"),
    ],
)
def test_the_page_is_searched_by_permit(language: str, bounds: tuple[str, ...], condition: str, sure: str) -> None:
    """One outlet, its limits in words of the language, without codes; what is not found leads back to all."""
    with speaking(language):
        found = str(page.view(context(known=load_registry(REGISTRY), find="NH-2026-0005")).html["list"])
        assert OUTFALL in found and "44060500010000000000A001" not in found
        assert all(bound in found for bound in bounds)
        assert condition in found and "w01010 " not in found
        assert sure in found and "S30" not in found
        by_enterprise = page.view(context(known=load_registry(REGISTRY), find="reedbank"))
        assert OUTFALL in str(by_enterprise.html["list"])
        assert 'href="limits"' in str(page.view(context(known=load_registry(REGISTRY), find="NOPE")).html["list"])
