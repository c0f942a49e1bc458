"""Organic compounds: hydrocarbons as carbon, hours of cycles, and when a value is converted or an efficiency asked."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

from processors.figures import MINUTE_MS
from processors.rules import voc
from processors.rules.gas import hourly_mass_kg
from processors.rules.verdict import number_text

M = 10**6


@pytest.mark.parametrize(
    ("ppmc", "expected"),
    [
        pytest.param(voc.ppm_as_carbon(30, carbons=3), ("90", "48.21"), id="EX-2.2"),
        pytest.param(Fraction(100), ("100", "53.57"), id="EX-2.1"),
    ],
)
def test_as_carbon(ppmc: Fraction, expected: tuple[str, str]) -> None:
    """Hydrocarbons in ppmC and in mg of carbon."""
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


@pytest.mark.parametrize(("seconds", "outcome"), [(300, "passes"), (301, "fails"), (None, "not judged")])
def test_response_time(seconds: int | None, outcome: str) -> None:
    """At most 300 s."""
    assert voc.response_time(seconds, response_s_max=300).outcome == outcome


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
