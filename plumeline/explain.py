"""How a figure came about: its formula with the numbers filled in, the rule and its clause."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ingest.registry import Limit, Meter, Point, Registry
from processors.figures import MINUTE_SCALE, SCALE, Figure
from processors.points import end_ms, start_ms

RULES = {
    ("avg", "minute"): ("mean of the minute's valid readings", "HJ 75-2017, minute record (AIR-AVG-2)"),
    ("avg", "hour"): ("mean of the hour's valid minutes, at least 45", "HJ 75-2017, valid hour (AIR-AVG-3)"),
    ("avg", "day"): ("mean of the day's valid hours, at least 20", "HJ 75-2017, valid day (AIR-AVG-4)"),
    ("avg_ref", "hour"): (
        "mean over valid minutes of C × (21 − ref) / (21 − O₂), each minute converted before averaging",
        "HJ 75-2017, conversion to reference oxygen (AIR-CNV-5) and valid hour (AIR-AVG-3)",
    ),
    ("avg_ref", "day"): ("mean of the day's valid hours at reference oxygen, at least 20", "HJ 75-2017 (AIR-AVG-4)"),
    ("mass", "hour"): ("measured mean [mg/m³] × dry standard flow [m³/h] × 10⁻⁶", "HJ 75-2017, hourly emission (AIR-MAS-1)"),
    ("mass", "day"): ("sum of the day's hourly masses", "HJ 75-2017, daily emission (AIR-MAS-2)"),
    ("energy", "hour"): (
        "difference of the register (linear between readings) or sum of intervals, times the multiplier",
        "register rules 2.5: rollover, reset, swap, spike; gaps E1 to E3",
    ),
    ("energy", "day"): ("sum of the day's hours", "register rules 2.5"),
    ("kgce", "hour"): ("energy × kgce per unit", "GB/T 2589-2020"),
    ("kgce", "day"): ("sum of the day's hours", "GB/T 2589-2020"),
    ("tco2", "hour"): ("energy × tCO2 per unit; electricity by grid factor of the year", "yearly grid factors; fuel defaults"),
    ("tco2", "day"): ("sum of the day's hours", "yearly grid factors; fuel defaults"),
}
"""Formula and source by stat and level."""


def explained(figure: Figure, registry: Registry) -> dict[str, Any]:
    """Return the formula, its numbers, and rule and clause of a figure, for people."""
    formula, basis = RULES.get((figure.stat, figure.level), ("sum over the members", "second pass over day figures"))
    out: dict[str, Any] = {"formula": formula}
    total = figure.explain.get("total")
    if total is not None and figure.stat in ("avg", "avg_ref") and figure.n:
        out["sum"] = plain(Decimal(total).scaleb(-(MINUTE_SCALE if figure.level == "hour" else SCALE)))
        out["n"] = figure.n
    point = _at(registry.points, figure)
    if isinstance(point, Point):
        if figure.stat == "avg_ref" and point.reference_o2_pct is not None:
            out["reference_o2_pct"] = plain(point.reference_o2_pct)
            out["oxygen_factor"] = point.oxygen_factor
        if figure.stat == "mass":
            out["flow_factor"] = point.flow_factor
        if point.multiplier != 1:
            out["multiplier"] = plain(point.multiplier)
    meter = _at(registry.meters, figure)
    if isinstance(meter, Meter):
        out["register"], out["multiplier"] = meter.kind, plain(meter.multiplier)
    if figure.explain.get("note"):
        out["note"] = figure.explain["note"]
    for member in figure.explain.get("members", []):
        key = f"{member['source']}/{member['factor']}"
        out[key] = plain(Decimal(member["value"]).scaleb(-SCALE))
    limit = limit_of(figure, registry)
    out["basis"] = basis if limit is None else f"{basis}; limit {limit.limit_id}: {limit.basis or 'permit'}"
    out["inputs_digest"], out["rules_digest"] = figure.inputs, figure.rules
    return out


def limit_of(figure: Figure, registry: Registry) -> Limit | None:
    """Return the registry row of the limit a figure was judged by."""
    for limit in registry.limits:
        if (limit.source, limit.factor, limit.limit_id) == (figure.source, figure.factor, figure.limit_id):
            return limit
    return None


def _at(rows: tuple[Any, ...], figure: Figure) -> Any:
    for row in rows:
        if (row.source, row.factor) == (figure.source, figure.factor) and start_ms(row) <= figure.start_ms < end_ms(row):
            return row
    return None


def plain(value: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
