"""Monthly means on the console: a table of this month and the last on a source's page, and the rule behind each, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from plumeline.console import evidence, source, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context
from plumeline.explain import explained
from plumeline.texts import speaking
from tests.plumeline.console_given import context, text_of
from tests.plumeline.fake_store import FakeOutbox
from tests.processors.given import FLOW, MIDNIGHT, O2, SO2, STACK, line, ms, registry
from tests.processors.test_engine import Bench
from tests.processors.test_month_means import COD, JUNE, day, hours, station
from tests.processors.test_months_closed import run


def test_a_source_shows_its_months_and_their_rule() -> None:
    """It is the afternoon of 1 July: June is over with the mean of its valid days, 15.5 mg/L."""
    bench = Bench(station())
    bench.lines(hours(1, 30))
    run(bench, day(30))
    store: Any = bench.store
    page = text_of(source.view(context(store, station(), source=STACK)))
    assert "<h2>2026-06</h2>" in page and "15.5\u00a0mg/L" in page
    assert "30 valid days of 30 due" in page and "provisional until the month is over" in page
    figure = f"{STACK}/{COD}/avg/month/{JUNE.isoformat()}"
    behind = text_of(evidence.view(context(store, station(), figure=figure)))
    assert "15.5 mg/L: the mean of 30 valid days" in behind
    told = explained(store.figure(STACK, COD, "avg", "month", ms(JUNE)), station())
    assert (told["sum"], told["n"], told["basis"]) == ("465", 30, "HJ 356-2019, valid month, monthly mean (WAT-5)")
    assert told["formula"].startswith("arithmetic mean of the month's valid days, at least 75 % of those due")
    with speaking("zh"):
        assert "应得 30 日，其中有效 30 日" in text_of(source.view(context(store, station(), source=STACK)))


@pytest.mark.parametrize(("days", "thin"), [(24, True), (25, False)])
def test_a_share_of_few_averages_is_no_success(days: int, thin: bool) -> None:
    """100 % of the hours of a month without a mean stands there in grey, with how many hours they are; with 25 valid days it is black."""
    rows = registry()
    held = tuple(limit.model_copy(update={"rank": "programme"}) for limit in rows.limits)
    known = rows.model_copy(update={"limits": held, "sources": rows.sources[:1], "meters": ()})
    bench = Bench(known)
    for n in range(days * 24):
        at = MIDNIGHT + timedelta(hours=n)
        bench.lines([line(at, {SO2: 20.0, O2: 6.0, FLOW: 1.0}, kind="hour", stat="avg", delay_s=3601)])
    run(bench, MIDNIGHT + timedelta(days=days, hours=1))
    store: Any = bench.store
    now_ms = ms(MIDNIGHT + timedelta(days=days, hours=1))
    console = Console(store, lambda: known, lambda: now_ms, FakeOutbox(), dict)
    view = source.view(Context(console, now_ms, words.Names(known, now_ms), {"source": STACK}))
    cell = re.search(r'<td[^>]*class="([^"]*)"[^>]*><a[^>]*>100\u00a0%</a> <small>([^<]*)</small>', str(view.html["quarter"]))
    assert cell is not None, str(view.html["quarter"])
    assert cell.groups() == ("num thin" if thin else "num", f"valid averages: {days * 24}")


def test_tiles_of_one_pollutant_stand_together() -> None:
    """Means, mass and mean at reference oxygen of SO2 are one group, the limited one first; those of what has no limit follow."""
    bench = Bench(registry())
    for n in range(3):
        at = MIDNIGHT + timedelta(hours=n)
        bench.lines([line(at, {SO2: 20.0, O2: 6.0, FLOW: 1.0}, kind="hour", stat="avg", delay_s=3601)])
    bench.tick(MIDNIGHT + timedelta(hours=3, minutes=10))
    store: Any = bench.store
    now_ms = ms(MIDNIGHT + timedelta(hours=3))
    console = Console(store, registry, lambda: now_ms, FakeOutbox(), dict)
    choice = str(source.view(Context(console, now_ms, words.Names(registry(), now_ms), {"source": STACK})).html["choice"])
    groups = choice.split("</nav>")[0].split("<div>")[1:]
    tiles = [re.findall(r"<b>([^<]*)</b><span>([^<]*)</span>", group) for group in groups]
    assert tiles == [
        [(SO2, "at reference oxygen"), (SO2, "measured"), (SO2, "mass")],
        [(FLOW, "measured")],
        [(O2, "measured")],
    ]
