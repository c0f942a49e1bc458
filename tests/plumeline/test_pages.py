"""What a newcomer would stumble over on the pages: codes without words, dead ends, a fault that is none, a list that repeats itself."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest.registry import Registry
from plumeline.console import source, why
from plumeline.county import County, Options
from plumeline.texts import catalogue, speaking
from processors.figures import Event, Figure
from processors.store import StoredFrame
from tests.plumeline.console_given import context, text_of
from tests.plumeline.fake_store import FACTORY, STACK, VOC, FakeStore, findings


def test_each_number_of_the_process_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page Pipeline shows no key of the program, in either language."""
    monkeypatch.setattr(
        "plumeline.county.mount", lambda _app, _deps: None
    )  # of its pages there is one a process, which may have begun
    county = County(Options(tmp_path), Registry())
    texts = catalogue()
    shown = {f"health.{key}" for key in county.health()} - {"health.queues", "health.failed"}
    assert {key for key in shown if not texts.get(key, {}).keys() >= {"en", "zh"}} == set()
    county.close()


class OverHttp(FakeStore):
    """The factory's reports came over HTTP: readings and no frame."""

    def frames(self, source: str, limit: int = 50) -> list[StoredFrame]:
        return []


@pytest.mark.parametrize(("name", "heard"), [(FACTORY, True), ("4401000009", False)])
def test_a_source_without_frames(name: str, heard: bool) -> None:
    """One that reports over HTTP has no fault; one that was never heard of has."""
    page = text_of(why.view(context(OverHttp(), source=name)))
    assert ("over HTTP or from a file" in page, "Nothing was ever received" in page) == (heard, not heard)
    assert ("No frame to look at" in page) is not heard


class Eventful(FakeStore):
    """Three findings in a row, then a silence and a late mark."""

    def events(self, source: str | None = None, kind: str | None = None, limit: int = 100) -> list[Event]:
        found = findings()[:3]
        other = replace(found[0], factor=None, facts={})
        told = [replace(other, id=kind, kind=kind) for kind in ("source.silent", "mark.late")]
        return [*(e for e in found if kind is None), *told]


def test_what_happened_leads_to_what_is_behind_it() -> None:
    """Findings that follow each other are one line; each line opens the page that says more."""
    page = text_of(source.view(context(Eventful(), source=STACK)))
    assert page.count("a pattern worth a look") == 1 and "(3)</a>" in page
    for address, words in (
        (f"findings/{STACK}", "a pattern worth a look"),
        (f"why/{STACK}", "fell silent"),
        (f"marks/{STACK}", "a mark came"),
    ):
        assert f'<a href="{address}">{words}' in page, address


def test_a_meter_has_hours_and_no_minutes() -> None:
    """A meter's page promises no minutes, and its hours are no means; a stack has both."""
    for name, minutes in ((FACTORY, False), (VOC, True)):
        page = text_of(source.view(context(FakeStore(), source=name)))
        assert ("minute by minute" in page, "hour mean" in page) == (minutes, minutes)


@pytest.mark.parametrize(("stat", "bar"), [("avg_ref", "小时均值"), ("max", "最大分钟值"), ("mass", "排放量")])
def test_the_legend_names_what_the_bars_are(stat: str, bar: str) -> None:
    """An hour's greatest minute and its mass are no mean of the hour."""

    class Other(FakeStore):
        def figures(self, *asked: Any, **more: Any) -> list[Figure]:
            return [replace(f, stat=stat) for f in super().figures(*asked, **more) if f.stat == "avg_ref"]

    with speaking("zh"):
        legend = str(source.view(context(Other(), source=STACK, factor="a21026", stat=stat)).html["legend"])
    assert legend.startswith(f'<p class="legend"><span><i class="k bar"></i>{bar}</span>')


def test_each_revision_says_of_what_it_is() -> None:
    """Mean, mean at reference oxygen and mass of one factor and hour are revised together: each line names its own."""

    class Thrice(FakeStore):
        def revised(self, *asked: Any) -> list[Figure]:
            first = super().revised(*asked)[0]
            return [replace(first, stat=stat) for stat in ("avg", "avg_ref", "mass")]

    page = text_of(source.view(context(Thrice(), source=STACK)))
    for stat in ("measured", "at reference oxygen", "mass"):
        assert re.search(rf"\({stat}\) [^<]*: now ", page), stat
