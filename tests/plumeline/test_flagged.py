"""The evidence of a figure names the readings that a quality test flagged, by which rule and clause, and leads to the finding."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.log import PARTITIONS, Entry
from plumeline.console import evidence, findings, words
from plumeline.console.ports import Console
from plumeline.console.shell import Context, View
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from plumeline.texts import speaking
from processors.figures import HOUR_MS, Figure, epoch_ms
from processors.registry_check import load_registry
from simulators.plants import OUTFALL, WATER_TEMPERATURE, outfall
from tests.conftest import REPO
from tests.plumeline.console_given import text_of
from tests.plumeline.fake_store import FakeOutbox
from tests.plumeline.test_series import OXYGEN, Stack
from tests.processors.given import MIDNIGHT, O2, SO2, STACK, line, registry, tick

TEN = epoch_ms(MIDNIGHT) + 10 * HOUR_MS
FLAGGED = "Readings that a quality test flagged"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """An hour from 10:00 on with one reading of 24 % oxygen at 10:54, and nothing else on that day."""
    made = Stack(tmp_path / "one", "cn-flue-gas-series")
    made.send(600, OXYGEN)
    yield made
    made.close()


def figure(stack: Stack, factor: str, stat: str) -> Figure:
    found = stack.store.figure(STACK, factor, stat, "hour", TEN)
    assert found is not None
    return found


def seen(stack: Stack, **query: str) -> Context:
    known, now_ms = registry(rules=stack.rules), TEN + 15 * HOUR_MS
    console = Console(stack.store, lambda: known, lambda: now_ms, FakeOutbox(), dict)
    return Context(console, now_ms, words.Names(known, now_ms), query)


def read(view: Callable[[Context], View], context: Context) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text_of(view(context)))))


def test_the_evidence_names_flagged_readings(stack: Stack) -> None:
    """24 % lies above the 21.5 % that is plausible, and 17.8 above its neighbours; the same behind SO2, which that oxygen converts."""
    stack.ticks(24)
    for factor, stat in ((O2, "avg"), (SO2, "avg_ref")):
        page = read(evidence.view, seen(stack, figure=figure(stack, factor, stat).id))
        said = page.partition(FLAGGED)[2].partition("Minutes and their readings")[0]
        assert said.count("10:54:00") == 2, page
        assert "■ suspect suspect outside 0 to 21.5, fail outside 0 to 25 SER-RANGE QARTOD, gross range" in said
        assert "■ fail suspect where it steps by more than 5 and back, fail by more than 15 SER-SPIKE QARTOD, spike" in said
    with speaking("zh"):
        page = read(evidence.view, seen(stack, figure=figure(stack, O2, "avg").id))
    assert "■ 可疑 超出 0 至 21.5 为可疑，超出 0 至 25 为不合格 SER-RANGE QARTOD，数值范围" in page
    data = evidence.as_json(seen(stack, figure=figure(stack, O2, "avg").id))
    assert data is not None
    assert [(f["value"], f["flag"], f["rule"]) for f in data["flagged"]] == [
        ("24", "suspect", "SER-RANGE"),
        ("24", "fail", "SER-SPIKE"),
    ]


def test_finding_and_evidence_lead_to_each_other(stack: Stack) -> None:
    """One click from the finding to the hour's flagged readings, and one back."""
    stack.ticks(24)
    outside = next(e for e in stack.told() if e.facts["rule"] == "SER-RANGE")
    of_hour = figure(stack, O2, "avg").id
    page = text_of(findings.view(seen(stack, source=STACK, finding=outside.id)))
    assert f'href="{words.evidence_url(of_hour)}"' in page
    assert f'href="{findings.url(STACK, outside.id)}"' in text_of(evidence.view(seen(stack, figure=of_hour)))


def test_nothing_is_flagged_before_it_is_told(stack: Stack) -> None:
    """While the day runs, and for a factor that no test looks at, the page says nothing of flags."""
    stack.ticks(12)
    assert FLAGGED not in read(evidence.view, seen(stack, figure=figure(stack, O2, "avg").id))
    stack.ticks(24)
    assert FLAGGED not in read(evidence.view, seen(stack, figure=figure(stack, SO2, "avg").id))


def test_the_demo_has_a_flagged_reading(tmp_path: Path) -> None:
    """The outfall's probe is lifted for one reading, at 14:20: a spike of 5 °C, and 5 / 30 s = 0.17 °C/s there and back; no test flags anything else."""
    log, store = SqliteLog(tmp_path / "log.db"), SqliteStore(SqliteWriter(tmp_path / "data.db"))
    runner = Runner(log, store.writer, store, load_registry(REPO / "registry"))
    for n in range(2880):
        at = MIDNIGHT + timedelta(seconds=30 * n)
        values: dict[str, float | None] = {factor: float(value) for factor, value in outfall("nanhai", MIDNIGHT, at).items()}
        log.append_now([Entry("reports", 0, line(at, values, source=OUTFALL))])
    for minute in range(6, 10):
        at = MIDNIGHT + timedelta(days=1, minutes=minute)
        log.append_now([Entry("reports", p, tick(at)) for p in range(PARTITIONS)])
        runner.drain()
    told = {e.facts["rule"]: e for e in store.events(OUTFALL, "screening.finding", 100) if "not_evaluated" in e.facts}
    assert {rule: (e.factor, e.facts["suspect"], e.facts["fail"]) for rule, e in told.items()} == {
        "SER-SPIKE": (WATER_TEMPERATURE, 1, 0),
        "SER-RATE": (WATER_TEMPERATURE, 2, 0),
    }
    assert told["SER-SPIKE"].facts["start"] == "2026-07-01T14:20:00+08:00"
    store.close()
    store.writer.close()
    log.close()
