"""Monthly means on the console: a table of this month and the last on a source's page, and the rule behind each, in both languages."""

from __future__ import annotations

from typing import Any

from plumeline.console import evidence, source
from plumeline.explain import explained
from plumeline.texts import speaking
from tests.plumeline.console_given import context, text_of
from tests.processors.given import STACK, ms
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
