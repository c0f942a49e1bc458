"""Organic compounds: hydrocarbons as carbon, hours of cycles, and when a value is converted or an efficiency asked."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import HOUR_MS, MINUTE_MS
from processors.rules import judge, voc
from processors.rules.gas import hourly_mass_kg
from processors.rules.verdict import number_text

M = 10**6


@pytest.mark.parametrize(
    ("ppmc", "expected"),
    [
        pytest.param(voc.nmhc(120, 20), ("100", "53.57"), id="EX-2.1"),
        pytest.param(voc.ppm_as_carbon(30, carbons=3), ("90", "48.21"), id="EX-2.2"),
        pytest.param(voc.nmhc(Decimal("15.0"), Decimal("15.4")), ("0", "0"), id="EX-2.7"),
    ],
)
def test_as_carbon(ppmc: Fraction, expected: tuple[str, str]) -> None:
    """Hydrocarbons in ppmC and in mg of carbon; more methane than total is nothing, not less than nothing."""
    assert (number_text(ppmc), number_text(voc.carbon_mass(ppmc))) == expected


def readings(*differences: int) -> pl.DataFrame:
    """Return a reading each minute, with THC above CH4 by so many ppmC."""
    return pl.DataFrame(
        {
            "pid": 1,
            "time_ms": [i * MINUTE_MS for i in range(len(differences))],
            "total": [(15 + d) * M for d in differences],
            "methane": 15 * M,
        }
    )


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        pytest.param([-1] * 61, [(0, 61, "methane above total hydrocarbons for 61 min")], id="EX-2.7 more than one hour"),
        pytest.param([-1] * 60, [], id="EX-2.7 one hour"),
        pytest.param([-1] * 40 + [0] + [-1] * 40, [], id="equal is not below, and breaks the spell"),
    ],
)
def test_methane_above_total(minutes: list[int], found: list[tuple[int, int, str]]) -> None:
    """EX-2.7: the monitor is told of when it lasts more than one hour."""
    got = voc.methane_above_total(readings(*minutes), lasting_s=3_600, gap_s_max=60, cover_s=60)
    assert got.select(pl.col("start_ms", "end_ms") // MINUTE_MS, "reason").rows() == found


def cycles(*rows: tuple[float, float, int | None], pid: int = 1) -> pl.DataFrame:
    """Return (start, length, value) cycles, in minutes and whole units."""
    made = [(pid, round(s * MINUTE_MS), round(n * MINUTE_MS), None if v is None else v * M) for s, n, v in rows]
    schema = {"pid": pl.Int64, "time_ms": pl.Int64, "cycle_ms": pl.Int64, "value": pl.Int64}
    return pl.DataFrame(made, schema=schema, orient="row")


def every_three(valid: int) -> pl.DataFrame:
    """Return an hour of 3-minute cycles, so many of them valid."""
    return cycles(*((3 * i, 3, 30 if i < valid else None) for i in range(20)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(every_three(15), [(0, 45, 15, 30 * M, None)], id="EX-2.5 valid"),
        pytest.param(every_three(14), [(0, 42, 14, None, "42 valid minutes of 45")], id="EX-2.5 not valid"),
        pytest.param(cycles((0, 44.5, 30)), [(0, 44, 1, None, "44 valid minutes of 45")], id="half a minute less"),
        pytest.param(cycles((0, 30, 10), (30, 20, 60)), [(0, 50, 2, 30 * M, None)], id="weighted by time"),
        pytest.param(
            cycles((2, 57, 10), (59, 3, 70)),
            [(0, 58, 2, 11_034_483, None), (1, 2, 1, None, "2 valid minutes of 45")],
            id="over the full hour: 640/58",
        ),
        pytest.param(
            cycles((30, 90, 5)), [(0, 30, 1, None, "30 valid minutes of 45"), (1, 60, 1, 5 * M, None)], id="a long one"
        ),
        pytest.param(cycles((0, 60, 5)), [(0, 60, 1, 5 * M, None)], id="ends with the hour"),
        pytest.param(cycles((0, 60, None)), [(0, 0, 0, None, "0 valid minutes of 45")], id="nothing valid"),
        pytest.param(cycles(), [], id="nothing"),
    ],
)
def test_hours_of_cycles(given: pl.DataFrame, expected: list[tuple[int, int, int, int | None, str | None]]) -> None:
    """EX-2.5: validity follows the time that valid cycles cover, whatever the order of rows."""
    for rows in (given, given.reverse()):
        found = voc.cycle_hours(rows, minutes_min=45)
        got = found.select(pl.col("hour") // HOUR_MS, pl.col("covered_ms") // MINUTE_MS, "n", "value", "reason")
        assert got.rows() == expected


def test_hours_are_in_order() -> None:
    """One row a point and hour, ordered, whatever the order of cycles."""
    rows = pl.concat([cycles((60 * hour, 60, 5), pid=pid) for pid in (2, 1) for hour in range(19, -1, -1)])
    found = voc.cycle_hours(rows, minutes_min=45)
    assert found.select("pid", pl.col("hour") // HOUR_MS).rows() == [(pid, hour) for pid in (1, 2) for hour in range(20)]


def test_nothing_has_no_mean() -> None:
    """Even where no minute is asked, an hour without valid cycles has no value."""
    (row,) = voc.cycle_hours(cycles((0, 60, None)), minutes_min=0).rows(named=True)
    assert (row["value"], row["reason"]) == (None, "0 valid minutes of 0")


@pytest.mark.parametrize(("seconds", "outcome"), [(300, "passes"), (301, "fails"), (None, "not judged")])
def test_response_time(seconds: int | None, outcome: str) -> None:
    """At most 300 s."""
    assert voc.response_time(seconds, response_s_max=300).outcome == outcome


def compared(
    *, oxidiser: bool = True, extra_air: bool, outlet: str | None, inlet: str | None = None
) -> tuple[str | None, str, str]:
    """Return shown value, basis and reason of 18 mg/m3 at 3 % oxygen."""
    found = voc.compared_value(
        18,
        oxidiser=oxidiser,
        extra_air=extra_air,
        outlet_oxygen_pct=None if outlet is None else Decimal(outlet),
        inlet_oxygen_pct=None if inlet is None else Decimal(inlet),
        reference_pct=3,
        guard_pct=20,
    )
    return None if found.value is None else number_text(found.value), found.basis, found.reason


def test_when_a_value_is_converted() -> None:
    """EX-2.3: with extra air 129.6, above 80; without it, and no more oxygen behind than before, the measured 18."""
    reference = "reference oxygen"
    assert compared(extra_air=True, outlet="18.5") == ("129.6", reference, "extra air")
    assert compared(extra_air=False, outlet="18.5", inlet="18.6") == ("18", "measured", "no extra air")
    assert compared(extra_air=False, outlet="18.5", inlet="18.5") == ("18", "measured", "no extra air")
    why = "more oxygen behind the oxidiser than before it"
    assert compared(extra_air=False, outlet="18.5", inlet="18.4") == ("129.6", reference, why)
    assert judge.exceeds(129_600_000, 80 * M)
    assert not judge.exceeds(18 * M, 80 * M)
    assert compared(oxidiser=False, extra_air=False, outlet=None) == ("18", "measured", "nothing is burnt")


def test_when_nothing_can_be_compared() -> None:
    """Oxygen that is missing, or is that of air, leaves no value and says why."""
    assert compared(extra_air=True, outlet=None) == (None, "reference oxygen", "oxygen behind the oxidiser is not known")
    for outlet, inlet in ((None, "18"), ("18", None)):
        assert compared(extra_air=False, outlet=outlet, inlet=inlet) == (
            None,
            "measured",
            "oxygen before or behind the oxidiser is not known",
        )
    assert compared(extra_air=True, outlet="20.5") == (
        None,
        "reference oxygen",
        "oxygen 20.5 % is at or above the guard of 20 %",
    )


@pytest.mark.parametrize(
    ("inlet", "outlet", "low_voc", "outcome", "reason"),
    [
        pytest.param(150, 40, False, "fails", "removal 73.33 %, at least 80 required", id="EX-2.4"),
        pytest.param(150, 30, False, "passes", "removal 80 %, at least 80 required", id="exactly 80 %"),
        pytest.param(125, 100, False, "fails", "removal 20 %, at least 80 required", id="exactly 3 kg/h is asked"),
        pytest.param(124, 100, False, "passes", "no efficiency is asked at 2.98 kg/h before treatment, below 3", id="little"),
        pytest.param(150, 40, True, "passes", "no efficiency is asked with low-VOC materials", id="low-VOC materials"),
        pytest.param(125, 150, False, "fails", "removal -20 %, at least 80 required", id="more leaves than came"),
    ],
)
def test_removal(inlet: int, outlet: int, low_voc: bool, outcome: str, reason: str) -> None:
    """EX-2.4: 3.6 kg/h at the inlet is asked 80 %, and 73.3 % fails."""
    rates = {"inlet_kg_h": hourly_mass_kg(inlet, 24_000), "outlet_kg_h": hourly_mass_kg(outlet, 24_000)}
    verdict = voc.removal(**rates, low_voc_materials=low_voc, inlet_kg_h_min=3, removal_pct_min=80)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_nothing_comes_in() -> None:
    """Without an inlet rate there is no efficiency."""
    assert voc.removal_pct(0, 1) is None
    assert voc.removal_pct(Decimal("0.5"), Decimal("0.1")) == 80
    verdict = voc.removal(inlet_kg_h=0, outlet_kg_h=0, low_voc_materials=False, inlet_kg_h_min=0, removal_pct_min=80)
    assert verdict.outcome == "not judged"


@pytest.mark.parametrize(
    ("hourly", "single", "outcome", "reason"),
    [
        pytest.param(
            "6.4", ["3", "18"], "fails", "hourly mean 6.4 mg/m3, at most 6 allowed", id="EX-2.8 mean above, reading within"
        ),
        pytest.param(
            "6",
            ["20"],
            "passes",
            "hourly mean 6 mg/m3, at most 6 allowed; single reading 20 mg/m3, at most 20 allowed",
            id="both equal",
        ),
        pytest.param("1", ["20.1"], "fails", "single reading 20.1 mg/m3, at most 20 allowed", id="one reading"),
        pytest.param("1", ["5", "21"], "fails", "single reading 21 mg/m3, at most 20 allowed", id="one of two readings"),
        pytest.param(None, ["18"], "not judged", "hourly mean is not known", id="no mean"),
        pytest.param("1", [], "not judged", "single reading is not known", id="no reading"),
    ],
)
def test_plant_area(hourly: str | None, single: list[str], outcome: str, reason: str) -> None:
    """EX-2.8: 18 is within 20, and an hourly mean of 6.4 is above 6."""
    verdict = voc.plant_area(
        hourly_mg_m3=None if hourly is None else Decimal(hourly),
        single_mg_m3=[Decimal(text) for text in single],
        hourly_mg_m3_max=6,
        single_mg_m3_max=20,
    )
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_benzene_series() -> None:
    """EX-2.9: six members make 18.0, within 40; with one of them missing there is no sum, and what is no member does not count."""
    parts: dict[str, Decimal | None] = {
        "benzene": Decimal("1.0"),
        "toluene": Decimal("5.0"),
        "xylenes": Decimal("8.0"),
        "trimethylbenzenes": Decimal("2.0"),
        "ethylbenzene": Decimal("1.5"),
        "styrene": Decimal("0.5"),
        "methane": Decimal(99),
    }
    assert voc.benzene_series(parts) == 18
    assert not judge.exceeds(18 * M, 40 * M)
    assert voc.benzene_series({**parts, "styrene": None}) is None
    assert voc.benzene_series({name: part for name, part in parts.items() if name != "benzene"}) is None


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 5_000_000), min_size=1, max_size=12),
    start=st.integers(-HOUR_MS, HOUR_MS),
    value=st.integers(0, 10**9),
)
def test_no_time_is_lost_between_hours(lengths: list[int], start: int, value: int) -> None:
    """Cycles that follow each other cover all their time once, and a mean of equal values is that value."""
    at = [start + sum(lengths[:i]) for i in range(len(lengths))]
    rows = pl.DataFrame({"pid": 1, "time_ms": at, "cycle_ms": lengths, "value": value})
    found = voc.cycle_hours(rows, minutes_min=0)
    assert found["covered_ms"].sum() == sum(lengths)
    assert found["covered_ms"].max() <= HOUR_MS  # type: ignore[operator]
    assert set(found["value"]) == {value}
