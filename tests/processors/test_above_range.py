"""Minutes above the analyser's range (flag T): high for an alarm, no value for a figure; emission_rules 1.4."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingest.log import PARTITIONS, LogRecord
from ingest.records import Mark
from ingest.registry import Limit, Point, Registry, RulePack
from processors.engine import Engine
from processors.figures import HOUR_MS, MINUTE_MS, Event
from processors.rules.early import withheld_above_range
from tests.processors.given import NOON, O2, SO2, STACK, line, registry, tick
from tests.processors.replay import Street
from tests.processors.test_engine import Bench

NOX = "a21002"
TOLD = ("exceedance.expected", "exceedance.expected_ended", "reading.above_range")
INVALID = """
id = "own"
title = "own"
title_zh = "own"
base = "cn-flue-gas"
[[rule]]
id = "EARLY-1"
step = "early.hour"
t_as = "invalid"
valid_min = 15
above_min = 10
opens_pct = 90
closes_pct = 85
standard = "own"
clause = "own"
clause_zh = "own"
confidence = "a proposal"
text = "own"
text_zh = "own"
"""


def lines(until: int = 125, start: datetime = NOON, factor: str = SO2, *, over: range = range(10, 60)) -> list[bytes]:
    """A reading of 20 each minute, but minutes ``over`` above the range; and a tick each ten minutes."""
    found: list[bytes] = []
    for minute in range(until):
        at = start + timedelta(minutes=minute)
        high = minute in over
        found += [tick(at)] if minute % 10 == 0 else []
        found.append(line(at, {factor: 200.0 if high else 20.0, O2: 6.0}, flags={factor: "T"} if high else {}))
    return found


def log(given: list[bytes]) -> list[LogRecord]:
    """The lines on the log; a tick stands in every partition."""
    out: list[LogRecord] = []
    for value in given:
        parts = range(PARTITIONS) if b'"tick"' in value[:20] else range(1)
        out += [LogRecord("reports", part, len(out) + part, len(out) + 1 + part, value) for part in parts]
    return out


def told(rows: Registry, given: list[LogRecord], cut: int = 10**6) -> list[Event]:
    """What is told of minutes above the range, of records read in batches of ``cut``."""
    engine = Engine(rows)
    outs = (out for at in range(0, len(given), cut) for out in engine.apply(given[at : at + cut]))
    return [event for out in outs for event in out.events if event.kind in TOLD]


@pytest.mark.parametrize("cut", [10**6, 1, 7, 40])
def test_minutes_above_the_range_are_announced_and_the_hour_without_a_mean_told(cut: int) -> None:
    """Ten valid minutes, then 50 above the range: announced at 12:20 (ten in a row), not judged, told once the hour is decided."""
    opened, *rest = told(registry(), log(lines()), cut)
    assert opened.id == f"exceedance.expected/{STACK}/{SO2}/avg_ref/L35/2026-07-01T12:00:00+08:00"
    assert opened.time_ms == int((NOON + timedelta(minutes=20)).timestamp() * 1000)
    facts = opened.facts
    assert (facts["by"], facts["value"], facts["n"], facts["rest"], facts["likely"]) == ("above range", "20", 10, None, None)
    ended, hour = sorted(rest, key=lambda event: event.kind)
    assert (ended.facts["outcome"], ended.facts["reason"]) == ("not judged", "10 valid minutes of 45 (above range)")
    assert hour.id == f"reading.above_range/{STACK}/{SO2}/2026-07-01T12:00:00+08:00"
    assert (hour.facts["over"], hour.facts["n"], hour.facts["since"]) == (50, 10, "2026-07-01T12:10:00+08:00")
    assert (hour.facts["stat"], hour.facts["limit"], hour.facts["limit_id"]) == ("avg_ref", "35", "L35")


def test_an_hour_of_nothing_else_is_announced_without_a_value() -> None:
    """No valid minute, so no mean so far: the warning says so, and none of it is a number."""
    opened = told(registry(), log(lines(until=15, over=range(60))))[0]
    assert (opened.facts["value"], opened.facts["n"], opened.facts["by"]) == (None, 0, "above range")


def test_a_pack_may_take_them_as_invalid() -> None:
    """Then nothing is announced, and nothing told."""
    rows = registry(rules="own").model_copy(update={"packs": (RulePack(id="own", file="own.toml", text=INVALID),)})
    assert told(rows, log(lines())) == []


@pytest.mark.parametrize(("marked", "kinds"), [(False, ["reading.above_range"]), (True, [])])
def test_an_hour_that_may_be_exempt_is_not_told(marked: bool, kinds: list[str]) -> None:
    """NOx under a mark of start-up is exempt for some hours; 16 minutes above the range leave 44 valid ones."""
    rows = registry().model_copy(
        update={
            "points": (Point(source=STACK, factor=NOX, unit="mg/m3"), Point(source=STACK, factor=O2, unit="%")),
            "limits": (Limit(source=STACK, factor=NOX, limit_id="L50", limit=50, unit="mg/m3", stat="avg"),),
        }
    )
    hour = NOON + timedelta(hours=1)
    mark = Mark(id="m", source=STACK, type="start_up", start=NOON, end=hour, author="a", set_at=NOON)
    records = log(lines(factor=NOX, over=range(20, 36)))
    marks = [LogRecord("marks", 0, 0, 0, mark.line())] if marked else []
    assert [event.kind for event in told(rows, [*marks, *records]) if event.kind == TOLD[-1]] == kinds


def test_a_replay_and_restarts_tell_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hours above the range, of which the second has valid minutes enough."""
    street = Street(tmp_path, registry())
    for hour, over in enumerate((range(60), range(15), range(44, 60))):
        at = NOON + timedelta(hours=hour)
        for part in range(0, 60, 10):
            street.send([given for given in lines(60, at, over=over) if b'"tick"' not in given[:20]][part : part + 10])
            street.ticks(at + timedelta(minutes=part + 10), 1)
    street.send(lines(1, NOON + timedelta(hours=3), over=range(0))[1:])
    street.ticks(NOON + timedelta(hours=3, minutes=20), 2)
    found: Any = street.found()
    hours = [name.rpartition("/")[2][11:16] for name, kind in found[1] if kind == "reading.above_range"]
    warned = [name.rpartition("/")[2][11:16] for name, kind in found[1] if kind == "exceedance.expected"]
    assert (hours, warned) == (["12:00", "14:00"], ["12:00", "13:00"])
    assert street.again(monkeypatch, 7) == found


def test_what_comes_after_an_hour_was_decided_is_told_by_its_figure_only() -> None:
    """12:00 told, then read again within range: a mean, no event; 13:00 without data, then filled in above the range: the reason, no event."""
    bench = Bench(registry())
    bench.lines([given for given in lines(60, over=range(10, 60)) if b'"tick"' not in given[:20]])
    for minute in range(65, 200, 5):
        bench.tick(NOON + timedelta(minutes=minute))
    bench.lines([line(NOON + timedelta(hours=2), {SO2: 20.0, O2: 6.0})])
    bench.tick(NOON + timedelta(hours=3, minutes=20))
    assert bench.events().count("reading.above_range") == 1
    again = [line(NOON + timedelta(minutes=n), {SO2: 20.0, O2: 6.0}, delay_s=11400) for n in range(10, 60)]
    filled = [
        line(NOON + timedelta(hours=1, minutes=n), {SO2: 200.0, O2: 6.0}, flags={SO2: "T"}, delay_s=7800) for n in range(60)
    ]
    bench.lines(again + filled)
    for minute in range(20, 40, 5):
        bench.tick(NOON + timedelta(hours=3, minutes=minute))
    first, second = (bench.hour(SO2, "avg", NOON + timedelta(hours=h)) for h in (0, 1))
    assert (first.number, first.revision) == (20, 2)
    assert (second.value, second.reason) == (None, "0 valid minutes of 45 (above range)")
    assert second.revision > 1
    assert bench.events().count("reading.above_range") == 1


@pytest.mark.parametrize(
    ("n", "over", "is_told"),
    [
        pytest.param(44, 1, True, id="one minute is missing, and it lies above the range"),
        pytest.param(45, 15, False, id="enough valid minutes"),
        pytest.param(30, 14, False, id="too few without them as well"),
        pytest.param(0, 60, True, id="nothing else"),
    ],
)
def test_withheld_above_range(n: int, over: int, is_told: bool) -> None:
    """Both sides of 45 valid minutes; minutes of the hours beside it are not its own."""
    at = [HOUR_MS - MINUTE_MS, *(HOUR_MS + m * MINUTE_MS for m in range(60 - over, 60)), 2 * HOUR_MS]
    minutes = pl.DataFrame({"pid": 3, "minute": at})
    withheld = pl.DataFrame({"pid": [3, 4], "hour": HOUR_MS, "n": n, "minutes_min": 45})
    found = withheld_above_range(minutes, withheld).rows(named=True)
    since = HOUR_MS + (60 - over) * MINUTE_MS
    assert [(row["pid"], row["over"], row["since"]) for row in found] == ([(3, over, since)] if is_told else [])


def test_withheld_hours_are_told_in_order() -> None:
    """By hour, then by point, whatever the order of what came."""
    keys = [(pid, hour) for hour in range(1, 6) for pid in range(40, 45)]
    minutes = pl.DataFrame([(pid, hour * HOUR_MS) for pid, hour in keys[::-1]], schema=["pid", "minute"], orient="row")
    withheld = pl.DataFrame(
        [(pid, hour * HOUR_MS, 44, 45) for pid, hour in keys[::-1]], schema=["pid", "hour", "n", "minutes_min"], orient="row"
    )
    assert withheld_above_range(minutes, withheld).select("pid", pl.col("hour") // HOUR_MS).rows() == keys
