"""Volatile organic compounds: non-methane hydrocarbons as carbon, hours from analyser cycles, removal and conversion.

Source of all: HJ 1013-2018 and HJ 1286-2023 for the monitors, GB 37822-2019 and DB44/2367-2022 for the sources. Averages, capture
and substitution are those of flue gas (VOC-8).
"""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from processors.figures import MINUTE_MS
from processors.rules.gas import MOLAR_VOLUME_L_MOL, Exact, exact
from processors.rules.millionths import milliseconds
from processors.rules.spells import spells
from processors.rules.verdict import Verdict, at_least, at_most, judged, number_text

CARBON_G_MOL = Fraction(12)
"""Molar mass of carbon in the standard's arithmetic (VOC-4)."""
PPM = frozenset({"ppm", "ppmC", "umol/mol", "μmol/mol"})
"""Units that are volumes; those of hydrocarbons are converted as carbon."""


def ppm_as_carbon(volume_ppm: Exact, *, carbons: int) -> Fraction:
    """Return ppmC from ppm of a substance with as many carbon atoms; propane has three.

    Source:
        VOC-4, HJ 1013-2018 (from memory, high).

    >>> ppm_as_carbon(30, carbons=3)
    Fraction(90, 1)
    """
    return exact(volume_ppm) * carbons


def carbon_mass(ppmc: Exact) -> Fraction:
    """Return mg of carbon in a cubic metre at the standard state from ppmC.

    Source:
        VOC-4, HJ 1013-2018 (from memory, high): ppmC · 12/22.4.

    >>> round(float(carbon_mass(90)), 2)
    48.21
    """
    return exact(ppmc) * CARBON_G_MOL / MOLAR_VOLUME_L_MOL


def methane_above_total(readings: pl.DataFrame, *, lasting_s: Exact, gap_s_max: Exact, cover_s: Exact) -> pl.DataFrame:
    """Find where a monitor showed more methane than hydrocarbons in all, for too long to be noise (THC_LT_CH4).

    Args:
        readings: one row a point and time: ``pid``, ``time_ms``, ``total`` and ``methane`` (ppmC at SCALE); any order.
        lasting_s: length that is tolerated; only a longer spell is told.
        gap_s_max: readings further apart do not continue a spell.
        cover_s: how long a reading stands for.

    Returns:
        One row a spell: ``pid``, ``start_ms``, ``end_ms``, ``n`` readings, ``reason``.

    Source:
        Emission_rules 2, EX-2.7 (proposal): more than one hour.
    """
    limit_ms = milliseconds(lasting_s)
    found = spells(
        readings,
        pl.col("total") < pl.col("methane"),
        gap_ms_max=milliseconds(gap_s_max),
        cover_ms=milliseconds(cover_s),
    )
    length = pl.col("end_ms") - pl.col("start_ms")
    return found.filter(length > limit_ms).select(
        "pid", "start_ms", "end_ms", "n", reason=pl.format("methane above total hydrocarbons for {} min", length // MINUTE_MS)
    )


def response_time(measured_s: Exact | None, *, response_s_max: Exact) -> Verdict:
    """Judge the response time of a whole system.

    Source:
        VOC-6, HJ 1286-2023 (seen): at most 300 s.
    """
    return at_most("response time", measured_s, response_s_max, "s")


def removal_pct(inlet_kg_h: Exact, outlet_kg_h: Exact) -> Fraction | None:
    """Return what share of the inlet's rate was removed [%], negative where more left than came; None where nothing came.

    >>> removal_pct(Fraction("3.6"), Fraction("0.96"))
    Fraction(220, 3)
    """
    if not exact(inlet_kg_h) > 0:
        return None
    return (exact(inlet_kg_h) - exact(outlet_kg_h)) / exact(inlet_kg_h) * 100


def removal(
    *,
    inlet_kg_h: Exact,
    outlet_kg_h: Exact,
    low_voc_materials: bool,
    inlet_kg_h_min: Exact,
    removal_pct_min: Exact,
) -> Verdict:
    """Judge the removal efficiency of a collected stream, asked from an initial rate on.

    Args:
        inlet_kg_h: rate of non-methane hydrocarbons before treatment.
        outlet_kg_h: rate behind it.
        low_voc_materials: materials low in organics are used, so that no efficiency is asked.
        inlet_kg_h_min: initial rate from which on it is asked; equal is asked.
        removal_pct_min: least efficiency; equal passes.

    Source:
        VOC-10, GB 37822-2019 (from memory, high): 80 % from 3 kg/h on, in key regions from 2 kg/h.
    """
    if low_voc_materials:
        return judged(True, "no efficiency is asked with low-VOC materials")
    if exact(inlet_kg_h) < exact(inlet_kg_h_min):
        shown = f"{number_text(inlet_kg_h)} kg/h before treatment"
        return judged(True, f"no efficiency is asked at {shown}, below {number_text(inlet_kg_h_min)}")
    return at_least("removal", removal_pct(inlet_kg_h, outlet_kg_h), removal_pct_min, "%")
