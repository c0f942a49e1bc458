"""Accounts: a second pass that adds up figures of several sources, with how complete the sum is."""

from __future__ import annotations

import calendar
from fractions import Fraction
from typing import Any

import polars as pl

from processors.digest import text_hash
from processors.episodes import decimal_text
from processors.figures import DAY_MS, Figure, local
from processors.hours import SUMS
from processors.output import Past
from processors.plan_steps import FEEDSTOCK, NEW_RENEWABLES, PLAN_STATS
from processors.points import ENERGY, Points, end_ms, start_ms
from processors.publish import frame_of
from processors.rules.gas import half_up
from processors.shelf import Shelf

UNITS = {"mass": "kg", "kgce": "kg", "tco2": "t"}
PARTS = {FEEDSTOCK: "kgce", NEW_RENEWABLES: "kgce"}
"""Stats that add up another one, of the meters only whose row says so in ``plan``."""
TCE_KG = 1_000
NO_BASE = "enterprises.csv names no renewables of the base year"


def account_figures(shelf: Shelf, published: pl.DataFrame, points: Points, past: Past | None) -> list[Figure]:
    """Make the day totals of each enterprise anew that a published day figure belongs to.

    Mass is added up by factor; standard coal and CO2 over all meters, energy sold or transferred out deducted (GB/T 2589). What a plan does not
    assess (energy_rules 3.3) is added up by itself: feedstock, and renewable electricity less a day's share of the base year's.
    ``n`` counts the members with a complete day; a sum short of members keeps its value, is not ``ok`` and says so.
    """
    touched: set[tuple[str, str, str, int]] = set()
    for row in published.filter(pl.col("stat").is_in(list(UNITS))).iter_rows(named=True):
        key = points.keys[row["pid"]]
        factor = key.factor if row["stat"] == "mass" else ENERGY
        stats = [row["stat"], *(part for part, of in PARTS.items() if of == row["stat"])]
        touched |= {
            (points.enterprise_of[key.source], factor, stat, row["hour"])
            for stat in stats
            if _counts(row["pid"], stat, row["hour"], points)
        }
    decided = int(published["decided"].max() or 0)  # type: ignore[arg-type]
    days = {day: _held(shelf, day) for day in {each[3] for each in touched}}
    return [_account(*each, days[each[3]], points, past, decided) for each in sorted(touched)]


def _held(shelf: Shelf, day: int) -> dict[tuple[int, str], dict[str, Any]]:
    """Return the day figures on the shelf that accounts add up, by (pid, stat)."""
    rows = shelf.latest("day", [day])
    if rows is None:
        return {}
    columns = ("pid", "stat", "value", "reason", "state", "digest", "rules", "as_of")
    wanted = rows.filter(pl.col("stat").is_in(list(UNITS))).select(columns)
    return {(row["pid"], row["stat"]): row for row in wanted.iter_rows(named=True)}


def _counts(pid: int, stat: str, day: int, points: Points) -> bool:
    """Return whether a point or meter is added up in a stat of its enterprise's day."""
    row = next((m for m in points.meters.get(pid, []) if start_ms(m) <= day < end_ms(m)), None)
    if stat in PARTS:
        return row is not None and PLAN_STATS.get(row.plan) == stat
    return row is None or not row.part_of


def _base(enterprise: str, day: int, points: Points) -> int | None:
    """Return a day's share of the renewable electricity of the base year [kg, at SCALE], None where nobody registered it."""
    base_tce = points.renewable_base[enterprise]
    if base_tce is None:
        return None
    days = 366 if calendar.isleap(local(day).year) else 365
    return half_up(Fraction(base_tce) * TCE_KG / days)


def _account(
    enterprise: str,
    factor: str,
    stat: str,
    day: int,
    shown: dict[tuple[int, str], dict[str, Any]],
    points: Points,
    past: Past | None,
    decided: int,
) -> Figure:
    of = PARTS.get(stat, stat)
    members = [
        pid
        for pid in points.members.get((enterprise, factor if stat == "mass" else ENERGY, stat), [])
        if _counts(pid, stat, day, points)
    ]
    held = {pid: shown[pid, of] for pid in members if (pid, of) in shown}
    if past is not None:
        for source in {points.keys[pid].source for pid in members if pid not in held}:
            stored = frame_of(past.cold_figures(source, "day", day, day + DAY_MS), points)
            for row in stored.filter(pl.col("stat") == of).iter_rows(named=True):
                held.setdefault(row["pid"], row)
    found = [(pid, held[pid]) for pid in members if pid in held and held[pid]["value"] is not None]
    complete = [pid for pid, row in found if row["reason"] is None]
    total = sum(row["value"] * _sign(pid, points) for pid, row in found)
    whole = len(complete) == len(members)
    reason = None if whole else f"{len(complete)} of {len(members)} members complete"
    value, note = (total if found else None), None
    if stat == NEW_RENEWABLES:
        base = _base(enterprise, day, points)
        if base is None:
            value, reason = None, NO_BASE
        elif value is not None:
            value -= base
            note = f"less a day's share of the base year, {decimal_text(base)} kg"
    listed = [
        {"source": points.keys[p].source, "factor": points.keys[p].factor, "value": r["value"], "digest": f"{r['digest']:016x}"}
        for p, r in found
    ]
    return Figure(
        source=f"enterprise:{enterprise}",
        factor=factor,
        stat=stat,
        level="day",
        start_ms=day,
        value=value,
        ok=reason is None and bool(found),
        reason=reason,
        n=len(complete),
        unit=UNITS[of],
        state="provisional" if any(r["state"] == "provisional" for _p, r in found) else "final",
        verdict=None,
        limit=None,
        limit_id=None,
        inputs=f"{text_hash(*((p, r['digest']) for p, r in found)):016x}",
        rules=f"{text_hash(*(r['rules'] for _p, r in found)):016x}",
        as_of_ms=max((r["as_of"] for _p, r in found), default=day),
        decided_ms=decided,
        revision=0,
        explain={"members": listed} if note is None else {"members": listed, "note": note},
    )


def _sign(pid: int, points: Points) -> int:
    rows = points.meters.get(pid)
    return -1 if rows and rows[-1].direction == "out" else 1


assert set(UNITS) <= set(SUMS)
