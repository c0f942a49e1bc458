"""Hours at the gas volume that a standard allows a tonne of product: from readings to the figure, its evidence and its message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.lifecycle import step
from alerts.message import render
from ingest.csv_tables import RegistryFaults
from ingest.registry import Limit, Point, Registry
from ingest.registry_diff import diff
from plumeline.console import evidence
from plumeline.explain import explained
from processors.engine import Engine
from processors.figures import local_iso
from processors.points import Points, Rules
from processors.registry_check import load_registry
from processors.rules import gas
from tests.alerts.given import BASE
from tests.plumeline.console_given import text_of
from tests.plumeline.test_console_checks import page
from tests.processors.given import NOON, SO2, STACK, line, ms, registry, tick
from tests.processors.test_early import log, told
from tests.processors.test_engine import Bench

FLOW, PRODUCT = "a00000", "product"
H = timedelta(hours=1)
M = 10**6


def furnace(limit: int = 100) -> Registry:
    """An oxy-fuel furnace of which 3000 m3/t are allowed."""
    rows = registry()
    points = (
        Point(
            source=STACK,
            factor=SO2,
            unit="mg/m3",
            flow_factor=FLOW,
            reference_volume_m3_t=Decimal(3000),
            product_factor=PRODUCT,
        ),
        Point(source=STACK, factor=FLOW, unit="m3/h"),
        Point(source=STACK, factor=PRODUCT, unit="t/h"),
    )
    held = (Limit(source=STACK, factor=SO2, limit_id="L", limit=Decimal(limit), unit="mg/m3", stat="avg_ref"),)
    return rows.model_copy(update={"points": points, "limits": held, "meters": (), "sources": rows.sources[:1]})


def sent(values: dict[str, float | None], n: int = 60, **more: Any) -> list[bytes]:
    return [line(NOON + timedelta(minutes=m, seconds=s), values, **more) for m in range(n) for s in (0, 30)]


@settings(max_examples=200, deadline=None)
@given(
    value=st.integers(-(10**12), 10**12),
    flow=st.integers(0, 10**13),
    product=st.integers(1, 10**10),
    reference=st.integers(1, 10**11),
)
def test_columns_equal_the_formula(value: int, flow: int, product: int, reference: int) -> None:
    """The exact quotient, rounded half up once; where it is beyond 64 bits there is none."""
    row = pl.DataFrame({"v": [value], "q": [flow], "m": [product], "r": [reference]})
    found = row.select(gas.reference_volume_expr(pl.col("v"), pl.col("q"), pl.col("m"), pl.col("r"))).item()
    of = {"flow_m3_h": Fraction(flow, M), "product_t_h": Fraction(product, M), "reference_m3_t": Fraction(reference, M)}
    exact = gas.half_up(gas.at_reference_volume(Fraction(value, M), **of))
    assert found == (exact if -(2**63) <= exact < 2**63 else None)


@pytest.mark.parametrize(
    ("value", "flow", "product", "reference", "found"),
    [
        pytest.param(1, 1, 1, 1, 10**6, id="the least numbers that there are: 1e-6 x 1e-6 / (1e-6 x 1e-6) = 1"),
        pytest.param(1, 1, 0, 1, None, id="nothing was made"),
        pytest.param(1, 1, 1, 0, None, id="no reference"),
        pytest.param(2**52 - 1, 2**52, 2**52, 10**6, 2**52 - 1, id="just computed: the value, at 1 m3/t and as many t as m3"),
        pytest.param(2**52, 2**52, 2**52, 10**6, None, id="more than 128 bits allow"),
        pytest.param(-(2**52), 2**52, 2**52, 10**6, None, id="below zero too"),
        pytest.param(1, 1, -1, 1, None, id="less than nothing was made"),
        pytest.param(None, 1, 1, 1, None, id="no value"),
    ],
)
def test_edges(value: int | None, flow: int, product: int, reference: int, found: int | None) -> None:
    """Just what can be divided and stated has a value."""
    row = pl.DataFrame({"v": [value], "q": [flow], "m": [product], "r": [reference]}, schema=dict.fromkeys("vqmr", pl.Int64))
    assert row.select(gas.reference_volume_expr(pl.col("v"), pl.col("q"), pl.col("m"), pl.col("r"))).item() == found


@pytest.mark.parametrize("hot_hours", [48, 1])
def test_production_that_comes_late(hot_hours: int) -> None:
    """120 x 4500 / (3000 x 1.2) = 150 above a limit of 100, once the production is known; a changed one is another input."""
    bench = Bench(furnace(), hot_hours)
    bench.lines([*sent({SO2: 120.0, FLOW: 4500.0}), line(NOON + 4 * H, {SO2: 120.0})])
    bench.tick(NOON + 4 * H + timedelta(minutes=6))
    first = bench.hour(SO2, "avg_ref", NOON)
    assert (first.value, first.reason, first.verdict) == (None, "no valid production", "not judged")
    bench.lines(sent({PRODUCT: 1.2}, delay_s=5 * 3600))
    for n in range(10):
        bench.tick(NOON + 6 * H + timedelta(seconds=10 * n))
    later = bench.hour(SO2, "avg_ref", NOON)
    assert (later.value, later.verdict, later.revision) == (150 * M, "exceeds", 2)
    assert later.inputs != first.inputs


def test_what_is_said_of_an_hour() -> None:
    """Reference, flow, production and rule stand in the explanation, oxygen and its rule do not."""
    bench = Bench(furnace())
    bench.lines([*sent({SO2: 120.0, FLOW: 4500.0, PRODUCT: 1.2}), line(NOON + H, {SO2: 120.0})])
    facts = explained(bench.hour(SO2, "avg_ref", NOON), furnace())
    assert (facts["reference_volume_m3_t"], facts["flow_factor"], facts["product_factor"]) == ("3000", FLOW, PRODUCT)
    assert facts["note"] == "hour means converted: to the reference gas volume of a tonne of product"
    assert "(AIR-CNV-6)" in facts["basis"] and "(AIR-CNV-5)" not in facts["basis"]
    assert "oxygen_factor" not in facts
    measured = explained(bench.hour(SO2, "avg", NOON), furnace())
    assert "reference_volume_m3_t" not in measured and "AIR-CNV" not in measured["basis"]


def test_what_is_told_of_an_exceedance() -> None:
    """The message says by which measure."""
    bench = Bench(furnace())
    bench.lines([*sent({SO2: 120.0, FLOW: 4500.0, PRODUCT: 1.2}), line(NOON + H, {SO2: 120.0})])
    state: dict[str, Any] = {}
    for event in reversed(bench.store.events(limit=100)):
        state, alerts = step(state, event)
        if alerts:
            break
    said = [line for language in ("en", "zh") for line in render(alerts[0], furnace(), BASE, language).body]
    assert any("150 mg/m³" in line and "at a gas volume of 3000 m³ a tonne of product" in line for line in said)
    assert any("折算，基准排气量 3000 m³/t" in line for line in said)


def test_the_page_of_evidence() -> None:
    """The quotient stands there with its three hour means, and what the readings of all three were."""
    bench = Bench(furnace())
    bench.store.describe = lambda figure: explained(figure, furnace())
    bench.lines([*sent({SO2: 120.0, FLOW: 4500.0, PRODUCT: 1.2}), line(NOON + H, {SO2: 120.0})])
    text = text_of(evidence.view(page(bench, furnace(), figure=f"{STACK}/{SO2}/avg_ref/hour/{local_iso(ms(NOON))}")))
    assert "120 mg/m³ × 4,500 m³/h / (3000 m³/t × 1.2 t/h) = <b>150</b> mg/m³" in text
    assert "150 mg/m³: the mean of 60 covered minutes of 60 at a gas volume of 3000 m³ a tonne of product." in text
    assert "at reference gas volume" in text and "reference oxygen" not in text.lower()
    assert "4500" in text and "1.2" in text.split("Minutes and their readings")[1]


def test_no_hour_at_a_reference_volume_is_announced() -> None:
    """What an hour's production will be is not known: the hour is judged once it is over, and nothing is announced."""
    lines: list[bytes] = []
    for minute in range(45):
        at = NOON + timedelta(minutes=minute)
        lines += [tick(at)] if minute % 10 == 0 else []
        lines.append(line(at, {SO2: 120.0, FLOW: 4500.0, PRODUCT: 1.2}))
    assert told(Engine(furnace()), log(lines)) == []


def test_a_changed_production_reaches_its_point() -> None:
    """Another multiplier of the production changes what is formed with it; another reference changes the rules of the figure."""
    old = furnace()
    product = old.points[2].model_copy(update={"multiplier": Decimal(24)})
    found = [(c.factor, c.what) for c in diff(old, old.model_copy(update={"points": (*old.points[:2], product)}))]
    assert (SO2, f"its production {PRODUCT}, point: multiplier 1 → 24") in found
    other = old.points[0].model_copy(update={"reference_volume_m3_t": Decimal(4000)})
    new = old.model_copy(update={"points": (other, *old.points[1:])})
    assert [(c.factor, c.what) for c in diff(old, new)] == [(SO2, "point: reference_volume_m3_t 3000 → 4000")]
    rules = [Points(each, Rules()).frame["rules"].to_list() for each in (old, new)]
    assert rules[0] != rules[1]
    assert Points(registry(), Rules()).volumes is None


def loaded(
    tmp_path: Path, points: Sequence[str], limits: Sequence[str] = (), kind: str = "flue_gas"
) -> list[tuple[int, str, str]]:
    """Return line, column and message of each fault of a folder with one source."""
    (tmp_path / "enterprises.csv").write_text("enterprise,name\nE1,works\n")
    (tmp_path / "sources.csv").write_text(f"source,enterprise,outlet,name,kind\nS1,E1,A,furnace,{kind}\n")
    head = "source,factor,unit,flow_factor,reference_volume_m3_t,product_factor,reference_o2_pct,calibrated_high,valid_from\n"
    (tmp_path / "points.csv").write_text(head + "\n".join(points))
    head = "source,factor,limit_id,limit,unit,stat,averaging\n"
    (tmp_path / "limits.csv").write_text(head + "\n".join(limits))
    try:
        load_registry(tmp_path)
    except RegistryFaults as error:
        return [(f.line, f.column, f.message) for f in error.faults]
    return []


BESIDE = ("S1,q,m3/h,,,,,,", "S1,p,t/h,,,,,,", "S1,a19001,%,,,,,,", "S1,w,kg/h,,,,,,")
WHOLE = "S1,x,mg/m3,q,3000,p,,,"


@pytest.mark.parametrize(
    ("row", "column", "told_of"),
    [
        ("S1,x,mg/m3,q,,p,,,", "product_factor", "no reference_volume_m3_t"),
        ("S1,x,mg/m3,q,3000,,,,", "product_factor", "without the production"),
        ("S1,x,mg/m3,q,3000,v,,,", "product_factor", "no row"),
        ("S1,x,mg/m3,q,3000,x,,,", "product_factor", "no row"),
        ("S1,x,mg/m3,q,3000,w,,,", "product_factor", "its unit is kg/h, a reference gas volume needs t/h"),
        ("S1,x,mg/m3,,3000,p,,,", "flow_factor", "without a flow"),
        ("S1,x,mg/m3,q,3000,p,8,,", "reference_volume_m3_t", "a reference oxygen too (8 %)"),
        ("S1,x,mg/m3,q,3000,p,,48,2026-07-01", "calibrated_high", "none are formed at a reference gas volume"),
        ("S1,x,ppm,q,3000,p,,,", "reference_volume_m3_t", "values in ppm"),
        ("S1,x,mg/m3,q,0,p,,,", "reference_volume_m3_t", "greater than 0"),
    ],
)
def test_faults_of_a_row(tmp_path: Path, row: str, column: str, told_of: str) -> None:
    """Both columns or neither, with a flow, in the right units, and no reference oxygen beside them."""
    (fault,) = loaded(tmp_path, (row, *BESIDE))
    assert fault[:2] == (2, column) and told_of in fault[2]


@pytest.mark.parametrize(
    ("limit", "column"),
    [
        ("S1,x,L,100,mg/m3,avg_ref,hour", None),
        ("S1,x,L,100,mg/m3,avg_ref,day", None),
        ("S1,x,L,100,mg/m3,avg,hour", None),
        ("S1,x,GLS-2022-NOX,400,mg/m3,avg_ref,hour", "factor"),
        ("S1,q,L,100,m3/h,avg_ref,hour", "stat"),
        ("S1,x,L,100,mg/m3,validated,day", "stat"),
        ("S1,x,L,100,mg/m3,avg_ref,halfhour", "averaging"),
    ],
)
def test_limits_at_a_reference_volume(tmp_path: Path, limit: str, column: str | None) -> None:
    """Hours and days are judged at it; what is not formed at it is refused."""
    found = loaded(tmp_path, (WHOLE, *BESIDE), (limit,))
    assert {f[:2] for f in found} == (set() if column is None else {(2, column)})


def test_a_shipped_limit_at_a_reference_volume(tmp_path: Path) -> None:
    """The table has glass at 8 % oxygen; a furnace with a gas volume is held against the same number, another oxygen is a fault."""
    limit = "S1,a21002,GLS-2022-NOX,400,mg/m3,avg_ref,hour"
    assert loaded(tmp_path, ("S1,a21002,mg/m3,q,3000,p,,,", *BESIDE), (limit,)) == []
    (fault,) = loaded(tmp_path, ("S1,a21002,mg/m3,q,,,6,,", *BESIDE), (limit,))
    assert fault == (2, "stat", "points.csv has 6 %, the reference oxygen is 8 % in GLS-2022-NOX")


def test_a_pack_without_the_step(tmp_path: Path) -> None:
    """The rules for organics do not know a gas volume of the product: the row is a fault, not a figure that is never made."""
    (fault,) = loaded(tmp_path, (WHOLE, *BESIDE), kind="voc")
    assert fault[:2] == (2, "reference_volume_m3_t") and "no step hour.reference_volume" in fault[2]
