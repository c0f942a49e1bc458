"""``plumeline energy``: what the plan assesses of each enterprise's energy, this year so far or another one."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from plumeline.store_commands import opened
from plumeline.terminal import Data, Json, out
from processors.figures import Figure, epoch_ms, local
from processors.plan_energy import PlanEnergy, plan_energy
from processors.rules.verdict import number_text

DECIMALS = 3
"""Decimals of tonnes of coal equivalent."""


def energy(
    data: Data = Path("data/demo"),
    year: Annotated[
        int | None, typer.Option(min=2000, max=2100, help="Year; by default that of the newest tick, so far.")
    ] = None,
    json_: Json = False,
) -> None:
    """Show what the plan assesses of each enterprise's energy: without feedstock and the growth of renewable electricity."""
    store, registry = opened(data)
    at_ms = int(store.health()["newest_tick_ms"] or 0)
    if year is not None:
        at_ms = epoch_ms(local(0).replace(year=year + 1, hour=0)) - 1

    def days_of(source: str, factor: str, stat: str, start_ms: int, end_ms: int) -> list[Figure]:
        found: list[Figure] = store.figures(source, "day", start_ms, end_ms, factor, stat)
        return found

    names = [e.enterprise for e in registry.enterprises]
    found = [each for name in names if (each := plan_energy(registry, name, days_of, at_ms)) is not None]
    if json_:
        typer.echo(json.dumps([as_json(each) for each in found], ensure_ascii=False))
        return
    if not found:
        out.print("no energy of that year is known; meters are rows of meters.csv, with an energy_code")
        return
    heads = ("enterprise", "reported", "feedstock", "renewables", "assessed", "intensity", "days")
    table = Table(*heads, title=f"{found[0].year}, tonnes of coal equivalent")
    for each in found:
        told = as_json(each)
        days = f"{each.days}, {each.short} incomplete" if each.short else str(each.days)
        numbers = [str(told[name]) for name in ("reported_tce", "feedstock_tce", "new_renewables_tce")]
        assessed = [str(told["assessed_tce"] or each.reason), str(told["intensity_tce"] or "")]
        table.add_row(each.enterprise, *numbers, *assessed, days)
    out.print(table)


def as_json(each: PlanEnergy) -> dict[str, Any]:
    """Return a year's energy as data; ``figures`` are the newest days behind it."""
    return {
        "enterprise": each.enterprise,
        "year": each.year,
        "rule": each.rule.id,
        "renewables_in_intensity": each.rule.renewables_in_intensity,
        "reported_tce": _shown(each.reported),
        "feedstock_tce": _shown(each.feedstock),
        "new_renewables_tce": _shown(each.new_renewables),
        "assessed_tce": _shown(each.assessed),
        "intensity_tce": _shown(each.intensity),
        "reason": each.reason,
        "days": each.days,
        "short": each.short,
        "figures": [f.id for f in each.newest.values()],
    }


def _shown(tce: Fraction | None) -> str | None:
    return None if tce is None else number_text(tce, DECIMALS)
