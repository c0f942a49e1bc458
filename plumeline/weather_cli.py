"""``plumeline weather``: the warnings that hold, who has a plan for them, what was reached so far; and the level that a forecast calls for."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from ingest.files import NotReadable
from plumeline.store_commands import opened
from plumeline.terminal import Data, Json, out
from plumeline.weather import Shown, as_json, shown
from processors.figures import epoch_ms, local_iso
from processors.rules.weather import forecast_level, level_rows

FORECAST_HOURS_MAX = 1_000
"""Hours of one forecast."""
PLANS_MAX = 10_000
"""Plans of one warning shown."""
CLEAN_AQI_MAX = 100
"""AQI up to which an hour is clean, unless the command says otherwise."""
CLEAN_HOURS = 24
"""Clean hours in a row that separate two episodes, unless the command says otherwise."""


def weather(
    data: Data = Path("data/demo"),
    forecast: Annotated[
        Path | None,
        typer.Option(
            help="Ask another question: which level does this forecast call for? CSV file with a column aqi, hour by hour."
        ),
    ] = None,
    edition: Annotated[str, typer.Option(help="With --forecast: edition of the table of levels.")] = "2024",
    clean_aqi_max: Annotated[int, typer.Option(help="With --forecast: AQI up to which an hour is clean.")] = CLEAN_AQI_MAX,
    clean_hours: Annotated[
        int, typer.Option(help="With --forecast: clean hours in a row that separate two episodes.")
    ] = CLEAN_HOURS,
    json_: Json = False,
) -> None:
    """Show pollution-weather warnings as of the newest tick, who is asked for what by its plan, and what was reached."""
    if forecast is not None:
        told = _forecast(forecast, edition, clean_aqi_max, clean_hours)
        if json_:
            typer.echo(json.dumps(told))
        else:
            out.print(f"{told['level'] or 'no warning'}: {told['reason']} (edition {edition})", soft_wrap=True)
        return
    store, registry = opened(data)
    now_ms = store.health()["newest_tick_ms"] or 0
    found = shown(
        registry, lambda source, factor, stat, start: store.figure(source, factor, stat, "hour", start), now_ms, PLANS_MAX
    )
    if json_:
        typer.echo(json.dumps({"now": local_iso(now_ms), "warnings": [as_json(each) for each in found]}, ensure_ascii=False))
        return
    if not found:
        out.print("no warning holds, is to come or ended lately; they are rows of weather.csv in the registry's folder")
    for each in found:
        _show(each)


def _show(each: Shown) -> None:
    row, told = each.row, as_json(each)
    until = row.end or row.planned_end
    out.print(
        f"[b]{row.warning}[/b] {row.level}, {row.kind}, {row.issuer} {row.area}: {each.state},"
        f" {local_iso(epoch_ms(row.start))} to {local_iso(epoch_ms(until))}",
        highlight=False,
        soft_wrap=True,
    )
    table = Table("source", "factor", "asked", "reached", "result", Column("evidence", overflow="fold"))
    for m in told["plans"]:
        so_far = " so far" if m["so_far"] else ""
        asked = "" if m["asked_pct"] is None else f"{m['asked_pct']} % of {m['stat']}"
        reached = "" if m["reached_pct"] is None else f"{m['reached_pct']} %"
        table.add_row(m["source"], m["factor"] or "", asked, reached, m["result"] + so_far, m["figure"] or m["note"] or "")
    out.print(table if told["plans"] else "no source has a plan for it")
    if each.more:
        out.print(f"… and {each.more} more plans")
    if each.without:
        out.print(f"{each.without} sources of its area have no plan for this level; they are rows of plans.csv")


def _forecast(path: Path, edition: str, clean_aqi_max: int, clean_hours: int) -> dict[str, str | None]:
    """Return the level that a forecast calls for and why."""
    rows = [row for row in level_rows() if row.edition == edition]
    if not rows:
        known = sorted({row.edition for row in level_rows()})
        raise NotReadable(f"no edition {edition} of the levels; write one of {', '.join(known)}")
    aqi: list[int | None] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                if "aqi" not in row:
                    raise NotReadable(f"{path.name}:1: no column aqi; write a header line that names it")
                if len(aqi) >= FORECAST_HOURS_MAX:
                    raise NotReadable(f"{path.name}:{line}: more than {FORECAST_HOURS_MAX} hours; cut the file")
                cell = (row["aqi"] or "").strip()
                if cell and not cell.isdecimal():
                    raise NotReadable(
                        f'{path.name}:{line}: aqi "{cell}" is no whole number; leave the cell empty where it is not known'
                    )
                aqi.append(int(cell) if cell else None)
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(f"{path}: cannot be read ({error}); look at its name, and save it as UTF-8") from None
    found = forecast_level(aqi, rows, clean_aqi_max=clean_aqi_max, clean_hours=clean_hours)
    return {"level": found.level, "reason": found.reason, "edition": edition}
