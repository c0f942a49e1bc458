"""Accounts: a second pass that adds up figures of several sources, with how complete the sum is."""

from __future__ import annotations

from typing import Any

import polars as pl

from processors.digest import text_hash
from processors.figures import DAY_MS, Figure
from processors.hours import SUMS
from processors.output import Past
from processors.points import ENERGY, Points
from processors.publish import frame_of
from processors.shelf import Shelf

UNITS = {"mass": "kg", "kgce": "kg", "tco2": "t"}


def account_figures(shelf: Shelf, published: pl.DataFrame, points: Points, past: Past | None) -> list[Figure]:
    """Make the day totals of each enterprise anew that a published day figure belongs to.

    Mass is added up by factor; standard coal and CO2 over all meters, energy sold or transferred out deducted (GB/T 2589).
    ``n`` counts the members with a complete day; a sum short of members keeps its value, is not ``ok`` and says so.
    """
    touched: set[tuple[str, str, str, int]] = set()
    for row in published.filter(pl.col("stat").is_in(list(UNITS))).iter_rows(named=True):
        key = points.keys[row["pid"]]
        factor = key.factor if row["stat"] == "mass" else ENERGY
        touched.add((points.enterprise_of[key.source], factor, row["stat"], row["hour"]))
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
    members = points.members.get((enterprise, factor if stat == "mass" else ENERGY, stat), [])
    held = {pid: shown[pid, stat] for pid in members if (pid, stat) in shown}
    if past is not None:
        for source in {points.keys[pid].source for pid in members if pid not in held}:
            stored = frame_of(past.cold_figures(source, "day", day, day + DAY_MS), points)
            for row in stored.filter(pl.col("stat") == stat).iter_rows(named=True):
                held.setdefault(row["pid"], row)
    found = [(pid, held[pid]) for pid in members if pid in held and held[pid]["value"] is not None]
    complete = [pid for pid, row in found if row["reason"] is None]
    total = sum(row["value"] * _sign(pid, points) for pid, row in found)
    whole = len(complete) == len(members)
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
        value=total if found else None,
        ok=whole and bool(found),
        reason=None if whole else f"{len(complete)} of {len(members)} members complete",
        n=len(complete),
        unit=UNITS[stat],
        state="provisional" if any(r["state"] == "provisional" for _p, r in found) else "final",
        verdict=None,
        limit=None,
        limit_id=None,
        inputs=f"{text_hash(*((p, r['digest']) for p, r in found)):016x}",
        rules=f"{text_hash(*(r['rules'] for _p, r in found)):016x}",
        as_of_ms=max((r["as_of"] for _p, r in found), default=day),
        decided_ms=decided,
        revision=0,
        explain={"members": listed},
    )


def _sign(pid: int, points: Points) -> int:
    rows = points.meters.get(pid)
    return -1 if rows and rows[-1].direction == "out" else 1


assert set(UNITS) <= set(SUMS)
