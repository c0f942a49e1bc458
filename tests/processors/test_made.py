"""Organics made of their parts, oxidisers without extra air, and what a closed day of organics tells."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.log import LogRecord
from ingest.registry import Enterprise, Limit, Point, Registry, RulePack, Source
from processors.figures import MINUTE_SCALE
from processors.oxidisers import unless_air_was_added
from processors.points import Points, Rules
from tests.processors.given import MIDNIGHT, NOON, line
from tests.processors.test_engine import Bench

VOC, THC, CH4, NMHC = "VOC1", "a24087", "a05002", "a24088"
HOUR = timedelta(hours=1)


def rows(total: str = "ppmC", methane: str = "ppmC", made: str = "mg/m3", *more: Point) -> Registry:
    return Registry(
        enterprises=(Enterprise(enterprise="E1", name="E1"),),
        sources=(Source(source=VOC, enterprise="E1", outlet="DA001", name="outlet", kind="voc", cadence_s=60),),
        points=(
            Point(source=VOC, factor=THC, unit=total),
            Point(source=VOC, factor=CH4, unit=methane),
            Point(source=VOC, factor=NMHC, unit=made),
            *more,
        ),
        limits=(Limit(source=VOC, factor=NMHC, limit_id="ONCE", limit=Decimal(60), unit=made, stat="max"),),
    )


def minutes(start: datetime, n: int, total: float, methane: float, **more: float) -> list[bytes]:
    return [line(start + timedelta(minutes=k), {THC: total, CH4: methane, **more}, source=VOC, delay_s=1) for k in range(n)]


def close(bench: Bench, after: datetime) -> None:
    for n in range(12):
        bench.tick(after + timedelta(minutes=10, seconds=10 * n))


def told(bench: Bench, kind: str) -> list[str]:
    return [str(e.facts["text"]) for e in reversed(bench.store.events(kind=kind, limit=100))]


@pytest.mark.parametrize(
    ("total", "methane", "made", "value"),
    [
        ("ppmC", "ppmC", "mg/m3", Fraction(375, 7)),  # 100 ppmC · 12/22.4 (EX-2.1)
        ("μmol/mol", "μmol/mol", "mg/m3", Fraction(375, 7)),
        ("mg/m3", "mg/m3", "mg/m3", Fraction(100)),
        ("mg/m3", "ppmC", "mg/m3", None),
        ("mg/m3", "mg/m3", "ppmC", None),
    ],
)
def test_units_that_go_together(total: str, methane: str, made: str, value: Fraction | None) -> None:
    """Volumes become carbon; what does not go together makes nothing."""
    bench = Bench(rows(total, methane, made))
    bench.lines([*minutes(NOON, 60, 120, 20), *minutes(NOON + HOUR, 1, 120, 20)])
    found = bench.store.figure(VOC, NMHC, "avg", "hour", int(NOON.timestamp() * 1000))
    number = None if found is None or found.value is None else found.value
    assert number == (None if value is None else round(value * 10**6))


@pytest.mark.parametrize("hot_hours", [48, 1])
def test_a_part_that_comes_late_or_does_not_count(hot_hours: int) -> None:
    """Methane filled in late makes the hour; total hydrocarbons out of control by a check take it away, with that reason."""
    bench = Bench(rows(), hot_hours)
    bench.lines([line(NOON + timedelta(minutes=n), {THC: 120.0}, source=VOC) for n in range(60 * 4)])
    close(bench, NOON + 4 * HOUR)
    start = int(NOON.timestamp() * 1000)
    first = bench.store.figure(VOC, NMHC, "avg", "hour", start)
    assert first is None or first.value is None
    bench.lines([line(NOON + timedelta(minutes=n), {CH4: 20.0}, source=VOC, delay_s=20_000) for n in range(60)])
    close(bench, NOON + 5 * HOUR)
    made = bench.hour(NMHC, "avg", NOON, VOC)
    assert made.value == 53_571_429 and bench.hour(NMHC, "max", NOON, VOC).verdict == "complies"
    row: dict[str, Any] = {"v": 1, "id": "c", "source": VOC, "factors": [THC], "type": "calibration", "author": "Li Wei"}
    row |= {"start": NOON.isoformat(), "end": (NOON + timedelta(minutes=5)).isoformat(), "set_at": (NOON + HOUR).isoformat()}
    row |= {"check": "zero", "reference": 0, "before": 30, "span": 300}
    bench.feed([LogRecord("marks", 0, 0, 0, json.dumps(row).encode())])
    close(bench, NOON + 6 * HOUR)
    assert bench.hour(NMHC, "avg", NOON, VOC).reason == "0 valid minutes of 45 (out of control)"


def test_a_sum_takes_the_first_choice_that_the_registry_has() -> None:
    """Xylenes as one factor, or as their isomers; without either there is no sum."""
    names = ["a25002", "a25003", "a25019", "a25020", "a25021", "a25004", "a25038", "benzene_series"]

    def parts(*xylenes: str) -> set[str] | None:
        points = tuple(Point(source=VOC, factor=f, unit="mg/m3") for f in (*names, *xylenes))
        known = Points(rows().model_copy(update={"points": points, "limits": ()}), Rules())
        return None if known.made is None else {known.keys[pid].factor for pid in known.made["pid"]}

    assert parts("a25005") == {*names[:-1], "a25005"} and parts("a25005", "a25006", "a25007", "a25008") == parts("a25005")
    assert parts("a25006", "a25007", "a25008") == {*names[:-1], "a25006", "a25007", "a25008"}
    assert parts("a25006", "a25007") is None


@given(
    st.integers(0, 10**10),
    st.none() | st.integers(15, 22).map(lambda n: n * 10**MINUTE_SCALE),
    st.none() | st.integers(15, 22).map(lambda n: n * 10**MINUTE_SCALE),
)
def test_minutes_of_an_oxidiser_are_what_the_rule_says_of_one_value(value: int, behind: int | None, before: int | None) -> None:
    """VOC-9 of one value: as measured while oxygen is no higher behind than before, else at 3 %, and nothing where one is not known."""
    at_guard = behind is None or behind >= 20 * 10**MINUTE_SCALE
    at_3 = None if behind is None or at_guard else value * 18 * 10**MINUTE_SCALE // (21 * 10**MINUTE_SCALE - behind)
    names = {"value": pl.Int64, "oxygen": pl.Int64, "digest": pl.UInt64, "as_of": pl.Int64}
    schema = {"pid": pl.Int32, "minute": pl.Int64, **names, "inlet_o2_pid": pl.Int32}
    converted = pl.DataFrame([(1, 0, at_3, behind, 7, 5, 3)], schema=schema, orient="row")
    measured = pl.DataFrame({"pid": [1], "minute": [0], "value": [value]}, schema_overrides={"pid": pl.Int32})
    of_inlet = {name: schema[name] for name in ("pid", "minute", "value", "digest", "as_of")}
    oxygen = pl.DataFrame([(3, 0, before, 9, 6)], schema=of_inlet, orient="row")
    ((found, as_of),) = unless_air_was_added(converted, measured, oxygen, "minute").select("value", "as_of").rows()
    expected = None if behind is None or before is None else value if behind <= before else at_3
    assert (found, as_of) == (expected, 6)


def test_methane_above_the_total_for_days_is_told_once() -> None:
    """From 22:30 of the first day to 03:00 of the third: the days after say nothing more of it."""
    bench = Bench(rows(), 30)
    start = MIDNIGHT + timedelta(hours=22, minutes=30)
    for day in range(3):
        first = max(start, MIDNIGHT + timedelta(days=day))
        last = min(MIDNIGHT + timedelta(days=day + 1), MIDNIGHT + timedelta(days=2, hours=3))
        bench.lines(minutes(first, int((last - first).total_seconds() // 60), 15.0, 15.4))
        close(bench, MIDNIGHT + timedelta(days=day + 1))
    (text,) = told(bench, "voc.methane_above_total")
    assert text.startswith("methane above total hydrocarbons for 90 min, from 2026-07-01T22:30:00+08:00")


def test_key_regions_ask_for_removal_from_2_kg_h_on() -> None:
    """EX-2.4 in a pack of its own: at 2.5 kg/h before treatment and 70 % removed nothing is told under 3 kg/h, and is under 2."""
    flow = Point(source=VOC, factor="a00000", unit="m3/h")
    inlet = Point(source=VOC, factor="IN", unit="mg/m3", flow_factor="a00000")
    outlet = Point(source=VOC, factor=NMHC, unit="mg/m3", flow_factor="a00000", inlet_factor="IN")
    text = """
id = "key"
title = "key"
title_zh = "key"
base = "cn-voc"
[[rule]]
id = "KEY"
step = "voc.removal"
inlet_kg_h_min = 2
removal_pct_min = 80
standard = "own"
clause = "own"
clause_zh = "own"
confidence = "seen"
text = "own"
text_zh = "own"
"""
    for rules, number in (("", 0), ("key", 1)):
        known = rows()
        sources = tuple(s.model_copy(update={"rules": rules}) for s in known.sources)
        packs = (RulePack(id="key", file="key.toml", text=text),)
        bench = Bench(known.model_copy(update={"points": (flow, inlet, outlet), "sources": sources, "packs": packs}))
        values: dict[str, float | None] = {"IN": 125.0, NMHC: 37.5, "a00000": 20_000.0}
        bench.lines([line(NOON + timedelta(minutes=n), values, source=VOC) for n in range(120)])
        close(bench, MIDNIGHT + timedelta(days=1))
        found = told(bench, "voc.removal")
        assert len(found) == number and all("asked: 2, the first at 2026-07-01T12:00" in one for one in found)
