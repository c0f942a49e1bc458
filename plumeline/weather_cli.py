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
from processors.packs import DEFAULT_PACK, shipped
from processors.rules.weather import warning_level
from processors.weather_steps import WeatherLevel

FORECAST_HOURS_MAX = 1_000
"""Hours of one forecast."""
PLANS_MAX = 10_000
"""Plans of one warning shown."""


def weather(
    data: Data = Path("data/demo"),
    forecast: Annotated[
        Path | None,
        typer.Option(
            help="Ask another question: which level does this forecast call for? CSV file with a column aqi, hour by hour."
        ),
    ] = None,
    edition: Annotated[
        str | None,
        typer.Option(
            help="With --forecast: edition of the table of levels; this and the next two are by default those of rule WTH-3."
        ),
    ] = None,
    clean_aqi_max: Annotated[int | None, typer.Option(help="With --forecast: AQI up to which an hour is clean.")] = None,
    clean_hours: Annotated[
        int | None, typer.Option(help="With --forecast: clean hours in a row that separate two episodes.")
    ] = None,
    json_: Json = False,
) -> None:
    """Show pollution-weather warnings as of the newest tick, who is asked for what by its plan, and what was reached."""
    if forecast is not None:
        told = _forecast(forecast, edition, clean_aqi_max, clean_hours)
        if json_:
            typer.echo(json.dumps(told))
        else:
            out.print(f"{told['level'] or 'no warning'}: {told['reason']} (edition {told['edition']})", soft_wrap=True)
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


def _forecast(path: Path, edition: str | None, clean_aqi_max: int | None, clean_hours: int | None) -> dict[str, str | None]:
    """Return the level that a forecast calls for and why; what is not said is that of the shipped rule."""
    rule = shipped()[DEFAULT_PACK].rule(WeatherLevel)
    assert rule is not None, "the shipped pack says by which levels a forecast is judged"
    edition = rule.edition if edition is None else edition
    clean_aqi_max = rule.clean_aqi_max if clean_aqi_max is None else clean_aqi_max
    clean_hours = rule.clean_hours if clean_hours is None else clean_hours
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
    try:
        found = warning_level(aqi, edition, clean_aqi_max, clean_hours)
    except ValueError as error:
        raise NotReadable(str(error)) from None
    return {"level": found.level, "reason": found.reason, "edition": edition}
