"""The scores of early warning on real feeds hold what docs/early-warning.md says, and the engine tells what was scored."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ingest.log import LogRecord, partition_of
from ingest.registry import Enterprise, Limit, Point, Registry, Source
from processors.engine import Engine
from processors.figures import HOUR_MS, SCALE, epoch_ms, local
from tests.bench.early import FEEDS, Feed, calibration, hours_of, limit_of, readings, score_next_hour, score_running_hour
from tests.conftest import require
from tests.processors.given import tick

NAMED = {feed.name: feed for feed in FEEDS}
SOURCE = "TURBINE"
HOURS = 200


def feed(name: str) -> Feed:
    require("shared", NAMED[name].path.exists(), f"the shared data has no {NAMED[name].file}")
    return NAMED[name]


@pytest.mark.parametrize("name", ["gas turbine NOx", "effluent NH3-N", "Loving h2s", "Tilburg inflow"])
def test_the_next_hour_is_foreseen_better_than_by_persistence(name: str) -> None:
    """Squared error at least a tenth below that of persistence, and no more false announcements."""
    score = score_next_hour(feed(name))
    assert score is not None
    assert score["brier"] < 0.9 * score["brier_persistence"]
    assert score["ours"]["false"] <= score["persistence"]["false"]


def test_the_stated_confidence_holds() -> None:
    """On NOx, of which there is enough: what is said in 10 to 70 % of cases comes in as many, within a tenth."""
    score = score_next_hour(feed("gas turbine NOx"))
    assert score is not None
    rows = [row for row in calibration(score["pairs"]) if 0.1 < row[2] < 0.7]
    assert len(rows) == 3
    assert all(n > 100 and abs(stated - came) < 0.1 for _span, n, stated, came in rows), rows


def test_exceeding_hours_are_announced_while_they_run() -> None:
    """Every one of Tilburg's inflow, half of them 40 minutes before the end; and not half of the warnings are wrong."""
    score = score_running_hour(feed("Tilburg inflow"))
    assert (score["exceed"], score["true"]) == (35, 35)
    assert score["lead"] >= 40
    assert score["false"] < score["true"]


def test_the_engine_tells_what_was_scored() -> None:
    """Hours of the second half as the device's own, through the engine: the same hours are announced."""
    of_feed = feed("gas turbine NOx")
    hours, score = hours_of(of_feed, readings(of_feed)), score_next_hour(of_feed)
    assert score is not None
    first = score["told"][0]
    start = first - 30 * HOUR_MS
    near = hours.filter((hours["hour"] >= start) & (hours["hour"] < start + HOURS * HOUR_MS))
    base = epoch_ms(local(1_782_835_200_000)) - start  # the feed has no dates: any will do
    engine, records, told = Engine(_registry(limit_of(of_feed, hours))), list[LogRecord](), set[int]()
    part = partition_of(SOURCE)
    for hour, value in near.select("hour", "value").rows():
        at = local(hour + base)
        sent = (at + timedelta(hours=1)).isoformat()
        value_text = f"{Decimal(value).scaleb(-SCALE):f}"
        report = (
            f'{{"v":1,"source":"{SOURCE}","time":"{at.isoformat()}","kind":"hour","factors":["a21002"],"stats":["avg"],'
            f'"values":[{value_text}],"flags":["N"],"sent":"{sent}","received":"{sent}","protocol":"x","frame":null,'
            f'"backfill":false,"decoder":1}}'
        )
        for line in (report.encode(), tick(at + timedelta(minutes=65))):
            records.append(LogRecord("reports", part, len(records), len(records) + 1, line))
    for out in engine.apply(records):
        starts = [e.facts["hour_start"] for e in out.events if e.kind == "exceedance.expected"]
        told |= {hour for hour in near["hour"].to_list() if local(hour + base).isoformat() in starts}
    scored = {hour for hour in score["told"] if start + 13 * HOUR_MS <= hour < start + HOURS * HOUR_MS}
    assert len(scored) > 3
    assert {hour for hour in told if hour >= first} == {hour for hour in scored if hour >= first}


def _registry(limit: int) -> Registry:
    return Registry(
        enterprises=(Enterprise(enterprise="E", name="E"),),
        sources=(Source(source=SOURCE, enterprise="E", outlet="1", name="stack", kind="flue_gas", cadence_s=3600),),
        points=(Point(source=SOURCE, factor="a21002", unit="mg/m3"),),
        limits=(
            Limit(source=SOURCE, factor="a21002", limit_id="L", limit=Decimal(limit).scaleb(-SCALE), unit="mg/m3", stat="avg"),
        ),
    )
