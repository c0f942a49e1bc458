"""Warnings and plans against the other files of the registry: areas in which somebody lies, points that can verify a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ingest.csv_tables import Fault, Table, unknown
from ingest.registry import Enterprise, Meter, Plan, Point, Source, Weather

MASS_UNITS = ("ug", "mg", "g")
"""Units that a concentration begins with."""


def weather_faults(
    weather: Table[Weather],
    plans: Table[Plan],
    enterprises: Table[Enterprise],
    sources: Table[Source],
    points: Table[Point],
    meters: Table[Meter],
) -> list[Fault]:
    """Find warnings of areas that no enterprise lies in, and plans that their point cannot verify."""
    faults: list[Fault] = []
    for line, warning in weather.rows:
        areas = {area for _, row in enterprises.rows if (area := getattr(row, warning.issuer))}
        if warning.area not in areas:
            where = f"{enterprises.file}, column {warning.issuer}"
            faults.append(unknown(weather.file, line, "area", warning.area, where, areas))
    measured: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for _, point in points.rows:
        measured[point.source, point.factor].append(point)
    metered = {(row.source, row.factor) for _, row in meters.rows}
    known = {row.source for _, row in sources.rows}
    for line, plan in plans.rows:
        key = (plan.source, plan.factor)
        if not plan.factor or plan.source not in known:
            continue
        if key not in measured and key not in metered:
            own = {factor for source, factor in (*measured, *metered) if source == plan.source}
            faults.append(unknown(plans.file, line, "factor", plan.factor, "points.csv or meters.csv of this source", own))
        elif told := _unverified(plan, measured[key], metered=key in metered):
            faults.append(Fault(plans.file, line, "stat", plan.stat, *told))
    return faults


def _unverified(plan: Plan, points: Sequence[Point], *, metered: bool) -> tuple[str, str] | None:
    """Return why a plan cannot be verified by its point or meter, and the remedy; None where it can."""
    if metered != (plan.stat == "energy"):
        return (
            ("this is a meter", "write energy") if metered else ("this is no meter", "write mass, or avg of a flow or a power")
        )
    if plan.stat == "mass" and not any(point.flow_factor for point in points):
        return (
            "the point has no flow_factor, so no mass is formed",
            "fill in flow_factor in points.csv, or name the flow with avg",
        )
    if plan.stat == "avg" and any(point.unit.split("/")[0] in MASS_UNITS for point in points):
        return "a concentration does not show how much is emitted", "write mass, or name the flow"
    return None
