"""Volatile organic compounds: non-methane hydrocarbons as carbon, hours from analyser cycles, removal and conversion.

Source of all: HJ 1013-2018 and HJ 1286-2023 for the monitors, GB 37822-2019 and DB44/2367-2022 for the sources. Averages, capture
and substitution are those of flue gas (VOC-8).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import polars as pl

from processors.figures import HOUR_MS, MINUTE_MS
from processors.rules.gas import MOLAR_VOLUME_L_MOL, Exact, OxygenGuard, at_reference_oxygen, exact
from processors.rules.millionths import milliseconds, quotient_expr, wide
from processors.rules.periods import hour_of
from processors.rules.spells import spells
from processors.rules.verdict import Verdict, all_of, at_least, at_most, judged, number_text

CARBON_G_MOL = Fraction(12)
"""Molar mass of carbon in the standard's arithmetic (VOC-4)."""
BENZENE_SERIES = ("benzene", "toluene", "xylenes", "trimethylbenzenes", "ethylbenzene", "styrene")
"""What DB44/2367-2022 adds up as benzene series (VOC-12, from memory, medium)."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The value that a limit is compared with [mg/m³], None where there is none; its basis, and why that one."""

    value: Fraction | None
    basis: Literal["measured", "reference oxygen"]
    reason: str


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


def nmhc(total_ppmc: Exact, methane_ppmc: Exact) -> Fraction:
    """Return non-methane hydrocarbons [ppmC], 0 where methane is above the total (see ``methane_above_total``).

    Source:
        VOC-3 (from memory, high): THC - CH4, both as ppmC; the floor at 0 is a proposal.

    >>> nmhc(120, 20), nmhc(Fraction("15.0"), Fraction("15.4"))
    (Fraction(100, 1), Fraction(0, 1))
    """
    return max(exact(total_ppmc) - exact(methane_ppmc), Fraction(0))


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


def cycle_hours(cycles: pl.DataFrame, *, minutes_min: Exact) -> pl.DataFrame:
    """Average each point's valid analyser cycles over each hour, by the time they cover.

    Args:
        cycles: one row a point and cycle: ``pid``, ``time_ms`` (start), ``cycle_ms`` (length), ``value`` (at SCALE, None where not valid); any order;
            cycles of a point do not overlap. One that runs over the full hour counts in both hours, each for its part.
        minutes_min: covered minutes below which the hour is withheld.

    Returns:
        One row a point and hour with a cycle: ``pid``, ``hour`` (start), ``value`` (at SCALE, weighted by covered time, rounded half up),
        ``covered_ms``, ``n`` (valid cycles), ``reason`` (None where there is a value).

    Source:
        VOC-7 (from memory, medium) and AIR-AVG-3; validity by covered time is a proposal consistent with 45 minutes.
    """
    end = pl.col("time_ms") + pl.col("cycle_ms")
    parts = (
        cycles.with_columns(hour=pl.int_ranges(hour_of(pl.col("time_ms")), end, HOUR_MS))
        .explode("hour", empty_as_null=True)
        .with_columns(
            _ms=pl.when(pl.col("value").is_not_null())
            .then(pl.min_horizontal(end, pl.col("hour") + HOUR_MS) - pl.max_horizontal("time_ms", "hour"))
            .otherwise(0)
        )
    )
    covered, asked_ms = pl.col("covered_ms"), milliseconds(exact(minutes_min) * 60)
    enough = (covered >= asked_ms) & (covered > 0)
    return (
        parts.group_by("pid", "hour")
        .agg(
            covered_ms=pl.col("_ms").sum(),
            total=(wide(pl.col("value")) * pl.col("_ms")).sum(),
            n=pl.col("value").is_not_null().sum().cast(pl.Int64),
        )
        .select(
            "pid",
            "hour",
            "covered_ms",
            "n",
            value=pl.when(enough).then(quotient_expr(pl.col("total"), covered)),
            reason=pl.when(~enough).then(
                pl.format("{} valid minutes of {}", covered // MINUTE_MS, pl.lit(number_text(minutes_min)))
            ),
        )
        .sort("pid", "hour")
    )


def response_time(measured_s: Exact | None, *, response_s_max: Exact) -> Verdict:
    """Judge the response time of a whole system.

    Source:
        VOC-6, HJ 1286-2023 (seen): at most 300 s.
    """
    return at_most("response time", measured_s, response_s_max, "s")


def compared_value(
    measured_mg_m3: Exact,
    *,
    oxidiser: bool,
    extra_air: bool,
    outlet_oxygen_pct: Exact | None,
    inlet_oxygen_pct: Exact | None,
    reference_pct: Exact,
    guard_pct: Exact,
) -> Compared:
    """Return the value that a limit for organics is compared with: at reference oxygen only where air was added to burn.

    Args:
        measured_mg_m3: as measured.
        oxidiser: the exhaust is burnt; adsorption, absorption, condensation and the like are not.
        extra_air: the oxidiser takes in air beside the exhaust.
        outlet_oxygen_pct: oxygen behind the oxidiser [% by volume], None where not known.
        inlet_oxygen_pct: oxygen before it.
        reference_pct: reference oxygen of the standard.
        guard_pct: oxygen from which on nothing is converted.

    Returns:
        The value and its basis. More oxygen behind than before shows that air was added, whatever was declared.

    Source:
        VOC-9, GB 37822-2019 and DB44/2367-2022 (from memory, high), reference 3 %.
    """
    measured = exact(measured_mg_m3)
    if not oxidiser:
        return Compared(measured, "measured", "nothing is burnt")
    if not extra_air:
        if outlet_oxygen_pct is None or inlet_oxygen_pct is None:
            return Compared(None, "measured", "oxygen before or behind the oxidiser is not known")
        if exact(outlet_oxygen_pct) <= exact(inlet_oxygen_pct):
            return Compared(measured, "measured", "no extra air")
    if outlet_oxygen_pct is None:
        return Compared(None, "reference oxygen", "oxygen behind the oxidiser is not known")
    why = "extra air" if extra_air else "more oxygen behind the oxidiser than before it"
    try:
        value = at_reference_oxygen(measured, oxygen_pct=outlet_oxygen_pct, reference_pct=reference_pct, guard_pct=guard_pct)
    except OxygenGuard as error:
        return Compared(None, "reference oxygen", str(error))
    return Compared(value, "reference oxygen", why)


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


def plant_area(
    *,
    hourly_mg_m3: Exact | None,
    single_mg_m3: Collection[Exact],
    hourly_mg_m3_max: Exact,
    single_mg_m3_max: Exact,
) -> Verdict:
    """Judge a monitoring point inside the plant: the hourly mean, and any single reading.

    Args:
        hourly_mg_m3: hourly mean, None where there is none.
        single_mg_m3: single readings.
        hourly_mg_m3_max: limit of the mean; equal passes.
        single_mg_m3_max: limit of each reading; equal passes.

    Source:
        VOC-11: 6 and 20 mg/m3 in Guangdong and as national special limit (seen), 10 and 30 elsewhere (from memory, high).
    """
    single = max((exact(reading) for reading in single_mg_m3), default=None)
    return all_of(
        [
            at_most("hourly mean", hourly_mg_m3, hourly_mg_m3_max, "mg/m3"),
            at_most("single reading", single, single_mg_m3_max, "mg/m3"),
        ]
    )


def benzene_series(parts: Mapping[str, Exact | None]) -> Fraction | None:
    """Return the sum of the benzene series in the parts' unit; None where one of its members is not known.

    Args:
        parts: by the names of BENZENE_SERIES; others are ignored.

    Source:
        VOC-12, DB44/2367-2022 (from memory, medium).

    >>> benzene_series({"benzene": 1}) is None
    True
    """
    known = [parts.get(name) for name in BENZENE_SERIES]
    if any(part is None for part in known):
        return None
    return sum((exact(part) for part in known if part is not None), Fraction(0))
