"""Hourly energy of meters as figures: energy in the meter's unit, standard coal and CO2."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from processors.figures import SCALE, local
from processors.hours import HOUR_SCHEMA
from processors.meters import MeterBook
from processors.points import Points, end_ms, start_ms
from processors.rules.energy import FactorError, Use, in_unit, kgce, metered_unit, tco2
from processors.rules.gas import half_up


def meter_rows(wanted: list[tuple[int, int]], books: dict[int, MeterBook], points: Points) -> pl.DataFrame:
    """Make energy figures of (point, hour) pairs anew.

    Returns:
        Rows of HOUR_SCHEMA for hours of which anything is known: stat "energy" (the meter's unit; without a value where all that
        came was out of range), and where the registry names an energy code "kgce" [kg] and "tco2" [t], with the factor used in ``note``.
    """
    rows: list[dict[str, object]] = []
    for pid, hour_ms in wanted:
        book = books[pid]
        meter = book.meter_at(hour_ms)
        if not start_ms(meter) <= hour_ms < end_ms(meter):
            continue
        hour = book.hour(hour_ms)
        if not hour.stated:
            continue
        info = points.frame.row(
            by_predicate=(pl.col("pid") == pid) & (pl.col("from_ms") <= hour_ms) & (pl.col("to_ms") > hour_ms), named=True
        )
        row = {
            "pid": pid,
            "hour": hour_ms,
            "n": hour.n,
            "total": 0,
            "reason": hour.reason,
            "digest": hour.digest,
            "rules": info["rules"],
            "as_of": hour.as_of_ms,
        }
        rows.append({**row, "stat": "energy", "value": hour.value, "note": hour.note})
        if not meter.energy_code or hour.value is None:
            continue
        amount = Fraction(hour.value, 10**SCALE)
        year = meter.factor_year or local(hour_ms).year
        for stat in ("kgce", "tco2"):
            try:
                use = Use(meter.energy_code, in_unit(amount, meter.unit, metered_unit(meter.energy_code)))
                if stat == "kgce":
                    coal = kgce(use)
                    value, note = (
                        coal.kgce,
                        f"{meter.energy_code}, {coal.basis}" + (", default factor" if coal.factor_default else ""),
                    )
                else:
                    carbon = tco2(use, year=year)
                    value, note = (
                        carbon.tco2,
                        f"{meter.energy_code}, {year}" + (", default factor" if carbon.factor_default else ""),
                    )
                rows.append({**row, "stat": stat, "value": half_up(value), "note": note})
            except FactorError as error:
                rows.append({**row, "stat": stat, "value": None, "reason": str(error), "note": None})
    return pl.DataFrame(rows, schema=HOUR_SCHEMA)
