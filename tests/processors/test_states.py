"""Values that a logger sends wet, or at the duct's state: dry gas at the standard state is what is averaged, judged and announced."""

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

from ingest.csv_tables import RegistryFaults
from ingest.registry import Limit, Point, Registry, RulePack
from ingest.registry_diff import diff
from plumeline.explain import explained
from processors.cases import parse_cases, run_case
from processors.engine import Engine
from processors.points import Points, Rules
from processors.registry_check import load_registry
from processors.rules import gas
from tests.processors.given import NOON, SO2, STACK, line, ms, registry, tick
from tests.processors.replay import Street
from tests.processors.test_early import log, told
from tests.processors.test_engine import Bench
from tests.processors.test_pack_settings import pack
from tests.processors.test_packs import own

MOISTURE = "a01014"
H = timedelta(hours=1)


def wet(*, packs: Sequence[RulePack] = (), limit: int = 85) -> Registry:
    """One stack that sends SO2 wet, with moisture beside it."""
    rows = registry()
    points = (Point(source=STACK, factor=SO2, unit="mg/m3", gas_state="wet"), Point(source=STACK, factor=MOISTURE, unit="%"))
    held = (Limit(source=STACK, factor=SO2, limit_id="L", limit=Decimal(limit), unit="mg/m3"),)
    return rows.model_copy(
        update={"points": points, "limits": held, "meters": (), "sources": rows.sources[:1], "packs": tuple(packs)}
    )


def sent(factor: str, value: float, n: int = 60, **more: Any) -> list[bytes]:
    return [line(NOON + timedelta(minutes=m, seconds=s), {factor: value}, **more) for m in range(n) for s in (0, 30)]


@settings(max_examples=200, deadline=None)
@given(
    value=st.integers(-(10**15), 10**15),
    moisture=st.integers(0, 99_000_000),
    temperature=st.integers(-40_000_000, 1_200_000_000),
    pressure=st.integers(50_000_000, 120_000_000),
    t0=st.sampled_from(gas.T0_K),
)
def test_columns_equal_the_formulas(value: int, moisture: int, temperature: int, pressure: int, t0: Fraction) -> None:
    """Of a concentration and of a flow, at any state of a duct: the exact quotient, rounded once for each of the two conversions."""
    of = {"temperature_degc": Fraction(temperature, 10**6), "ambient_pa": Fraction(pressure, 1000), "static_pa": 0, "t0_k": t0}
    share = Fraction(moisture, 10**8)
    row = pl.DataFrame({"v": [value], "m": [moisture], "t": [temperature], "p": [pressure], "t0": [int(t0 * 10**6)]})
    for flow in (False, True):
        is_flow = pl.lit(flow)
        dry = row.select(gas.dry_expr(pl.col("v"), pl.col("m"), is_flow)).item()
        state = {"temperature_1e6": pl.col("t"), "pressure_mpa": pl.col("p"), "t0_1e6": pl.col("t0"), "flow": is_flow}
        standard = row.select(gas.standard_state_expr(pl.col("v"), **state)).item()
        assert dry == gas.half_up(value * (1 - share) if flow else gas.wet_to_dry(value, share), 0)
        exact = gas.dry_standard_flow(value, moisture_fraction=0, **of) if flow else gas.to_standard_state(value, **of)
        assert standard == gas.half_up(exact, 0)


@pytest.mark.parametrize(
    ("moisture", "concentration", "flow"),
    [
        # a hundred millionth of the gas is dry: 1 / 1e-8 and 1 times 1e-8
        pytest.param(99_999_999, 100_000_000, 0, id="hardly anything is dry"),
        pytest.param(100_000_000, None, None, id="nothing is dry"),
        pytest.param(100_000_001, None, None, id="more than all is water"),
    ],
)
def test_gas_that_is_all_water(moisture: int, concentration: int | None, flow: int | None) -> None:
    """Where no dry gas is left there is no value, of a flow neither; just above that there is."""
    row = pl.DataFrame({"v": [1], "m": [moisture]})
    found = [row.select(gas.dry_expr(pl.col("v"), pl.col("m"), pl.lit(is_flow))).item() for is_flow in (False, True)]
    assert found == [concentration, flow]


def test_a_value_that_does_not_fit() -> None:
    """A million in gas of which a hundred millionth is dry would be 10^20 millionths: there is none."""
    row = pl.DataFrame({"v": [10**12], "m": [99_999_999]})
    assert row.select(gas.dry_expr(pl.col("v"), pl.col("m"), pl.lit(value=False))).item() is None


@pytest.mark.parametrize("hot_hours", [48, 1])
def test_moisture_that_comes_late(hot_hours: int) -> None:
    """EX-1.5: without moisture the hour has no value; 80 wet is 90.91 dry once it comes, and above a limit of 85 that 80 is not."""
    bench = Bench(wet(), hot_hours)
    bench.lines([*sent(SO2, 80.0), line(NOON + 4 * H, {SO2: 80.0})])
    bench.tick(NOON + 4 * H + timedelta(minutes=6))
    first = bench.hour(SO2, "avg", NOON)
    assert (first.value, first.reason) == (None, "0 valid minutes of 45 (no valid moisture)")
    bench.lines(sent(MOISTURE, 12.0, delay_s=5 * 3600))
    for n in range(10):
        bench.tick(NOON + 6 * H + timedelta(seconds=10 * n))
    later = bench.hour(SO2, "avg", NOON)
    # 80 / 0.88 = 90.9090...
    assert (later.value, later.verdict, later.revision) == (90_909_091, "exceeds", 2)
    assert later.inputs != first.inputs


def test_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay in small batches, begun anew after each, ends in the same figures and events as the live run."""
    street = Street(tmp_path, wet())
    street.send([*sent(SO2, 80.0), *sent(MOISTURE, 12.0, 30)])
    street.ticks(NOON + H + timedelta(minutes=6), 2)
    street.send([line(NOON + timedelta(minutes=m), {MOISTURE: 10.0}, delay_s=9000) for m in range(30, 60)])
    street.ticks(NOON + 4 * H, 6)
    figure = street.store.figure(STACK, SO2, "avg", "hour", ms(NOON))
    # (80 / 0.88 + 80 / 0.9) / 2 = 89.8989...
    assert figure is not None and figure.value == 89_898_990
    found = street.found()
    assert street.again(monkeypatch, 41) == found


@pytest.mark.parametrize(("moisture", "kinds"), [(20.0, ["exceedance.expected"]), (0.0, [])])
def test_a_warning_is_of_dry_gas(moisture: float, kinds: list[str]) -> None:
    """70 wet is 87.5 dry at 20 % moisture, above a limit of 85: the hour is announced; at 0 % it is 70, and is not."""
    lines: list[bytes] = []
    for minute in range(45):
        at = NOON + timedelta(minutes=minute)
        lines += [tick(at)] if minute % 10 == 0 else []
        lines.append(line(at, {SO2: 70.0, MOISTURE: moisture}))
    assert [e.kind for e in told(Engine(wet()), log(lines))] == kinds


def test_a_pack_may_take_273_kelvin() -> None:
    """EX-1.6: 87.78 with 273 K, 87.77 with 273.15 K."""
    cases = f"""
case ONE
  source flue_gas
  point {SO2} mg/m3 actual
  point a01012 degC
  point a01013 Pa
  point a01006 Pa
  10:00 to 12:00  {SO2} 60  a01012 120  a01013 -1200  a01006 100900
  expect hour 10:00 {SO2} 87.78
"""
    (case,) = parse_cases(cases, "x.cases")
    assert run_case(case, [own(pack(("minute.gas_state", "t0_k = 273")))]).failed == ()
    assert len(run_case(case).failed) == 1


def test_nitrogen_oxides_as_no2() -> None:
    """EX-1.7: NO 40 by a multiplier of 46/30 and NO2 5 are 66.33, with 1.53 they are 66.20."""
    for multiplier, value in (("1.533333333", "66.33"), ("1.53", "66.20")):
        cases = f"""
case ONE
  source flue_gas
  point NO mg/m3 multiplier {multiplier}
  point NO2 mg/m3
  point a21002 mg/m3
  10:00 to 12:00  NO 40  NO2 5
  expect hour 10:00 a21002 {value}
"""
        (case,) = parse_cases(cases, "x.cases")
        mine = own(pack(("minute.sum", 'made = "a21002"\nparts = ["NO", "NO2"]')))
        assert run_case(case, [mine]).failed == ()


def test_a_changed_companion_reaches_its_point() -> None:
    """Another unit of moisture changes the concentration that it makes dry."""
    old = wet()
    moisture = old.points[1].model_copy(update={"multiplier": Decimal(100)})
    new = old.model_copy(update={"points": (old.points[0], moisture)})
    found = [(c.factor, c.what) for c in diff(old, new)]
    assert (SO2, f"its moisture {MOISTURE}, point: multiplier 1 → 100") in found


def test_what_is_said_of_a_figure() -> None:
    """State, companions and rule stand in the explanation of an hour's mean; a registry of dry values has no states at all."""
    bench = Bench(wet())
    bench.lines([*sent(SO2, 80.0), *sent(MOISTURE, 12.0), line(NOON + H, {SO2: 80.0})])
    facts = explained(bench.hour(SO2, "avg", NOON), wet())
    assert (facts["gas_state"], facts["moisture_factor"]) == ("wet", MOISTURE)
    assert "(AIR-CNV-3)" in facts["basis"]
    assert "temperature_factor" not in facts
    assert Points(registry(), Rules()).states is None


def test_a_made_point_has_no_state_of_its_own(tmp_path: Path) -> None:
    """Hydrocarbons without methane are made of two points, and those are the ones that are sent wet."""
    (tmp_path / "enterprises.csv").write_text("enterprise,name\nE1,works\n")
    (tmp_path / "sources.csv").write_text("source,enterprise,outlet,name,kind\nS1,E1,A,stack,voc\n")
    rows = "S1,a24087,mg/m3,wet\nS1,a05002,mg/m3,wet\nS1,a24088,mg/m3,{}\nS1,a01014,%,\n"
    for state, faults in (("wet", [("points.csv", 4, "gas_state")]), ("", [])):
        (tmp_path / "points.csv").write_text("source,factor,unit,gas_state\n" + rows.format(state))
        try:
            load_registry(tmp_path)
            found = []
        except RegistryFaults as told_of:
            found = [(f.file, f.line, f.column) for f in told_of.faults]
        assert found == faults
