"""``plumeline limits``: a permit number opens all that applies to its outlets."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from alerts.standards import own_basis
from ingest.files import NotReadable
from ingest.registry import Meter, Point
from ingest.registry_diff import LOCAL
from plumeline.explain import plain
from plumeline.limits import Outlet, outlets
from plumeline.terminal import Json, RegistryFolder, out
from plumeline.texts.wording import sure
from processors.registry_check import load_registry

PERMITS_TOLD = 10
"""Permit numbers named where none fits."""


def limits(
    permit: Annotated[str, typer.Option(help="Permit number.")] = "",
    outlet: Annotated[str, typer.Option(help="Outlet number, or a source's identity.")] = "",
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Local day; today where none is given.")] = None,
    registry: RegistryFolder = Path("registry"),
    as_json: Json = False,
) -> None:
    """Show what applies to an outlet on a day: points, limits in force with basis and confidence, rule pack and rules."""
    known = load_registry(registry)
    day = (on or datetime.now(LOCAL)).date()
    found = outlets(known, day, permit=permit, outlet=outlet)
    if not found:
        permits = sorted({s.permit for s in known.sources if s.permit})[:PERMITS_TOLD]
        asked = " and ".join(word for word in (permit and f"permit {permit}", outlet and f"outlet {outlet}") if word)
        raise NotReadable(
            f"{registry}: no source of {asked or 'any permit'} on {day}; permits are {', '.join(permits) or 'none'}"
        )
    if as_json:
        typer.echo(json.dumps({"day": str(day), "outlets": [each.as_json() for each in found]}, ensure_ascii=False))
        return
    for each in found:
        _show(each)


def _show(each: Outlet) -> None:
    source = each.source
    permit = f", permit {source.permit}" if source.permit else ""
    out.print(f"[b]{source.name}[/b] — {source.source}, outlet {source.outlet}{permit}", highlight=False)
    rows: tuple[Point | Meter, ...] = (*each.points, *each.meters)
    measured = ", ".join(f"{row.factor} {row.name} [{row.unit}]" for row in rows)
    out.print(f"measured: {measured or 'nothing'}", highlight=False, markup=False)
    table = Table("factor", "limit", Column("by", overflow="fold"), "confidence")
    for held in each.limits:
        limit = held.limit
        bound = "at least" if limit.bound == "lower" else "at most"
        while_ = f", while {limit.when}" if limit.when else ""
        since = f", since {limit.valid_from}" if limit.valid_from else ""
        by = " ".join(word for word in (limit.limit_id, limit.rank, own_basis(limit, "en") or limit.basis) if word)
        number = f"{bound} {plain(limit.limit)} {limit.unit}, {limit.stat} of the {limit.averaging}{while_}{since}"
        table.add_row(limit.factor, number, by, sure(held.confidence))
    out.print(table if each.limits else "no limit is in force")
    table = Table("rule", "says", "standard", "confidence", title=f"{each.pack.id}: {each.pack.title}", title_justify="left")
    for rule in each.pack.rules:
        table.add_row(rule.id, each.pack.said(rule), f"{rule.standard}, {rule.clause}", sure(rule.confidence))
    out.print(table)
