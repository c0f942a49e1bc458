"""What is told of a petrol station's days: a warning, an alarm, and that one is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from processors.figures import local_iso
from processors.findings import Findings
from processors.output import Output
from processors.rules.millionths import MILLION, unscaled
from processors.rules.verdict import number_text
from processors.station_steps import STATES

if TYPE_CHECKING:
    from processors.closing import Closed

NORMAL, WARNING, ALARM = range(3)
KINDS = ("station.normal", "station.warning", "station.alarm")
"""Event that tells a state."""


def tell_states(
    news: pl.DataFrame, known: pl.DataFrame, names: Mapping[int, str], closed: Closed, findings: Findings, out: Output
) -> None:
    """Tell the states among a day's published figures; a revision that changes no state tells nothing.

    Args:
        news: the published figures, rows of FIGURE_SCHEMA.
        known: what was known of this day and those before it.
        names: what the point of a figure is of, by ``pid``.
    """
    for row in news.filter(pl.col("stat").is_in(STATES)).sort("pid", "stat").iter_rows(named=True):
        own = known.filter((pl.col("pid") == row["pid"]) & (pl.col("stat") == row["stat"])).sort("hour")
        was = own.filter(pl.col("hour") == closed.day_ms)
        older = own.filter((pl.col("hour") < closed.day_ms) & pl.col("value").is_not_null())
        before = (was if was.height else older).tail(1)["value"].to_list()
        value = row["value"]
        if value is None or (was.height and before == [value]) or (value == NORMAL and not any(before)):
            continue
        shares = news.filter(pl.col("pid") == row["pid"]).select("stat", "value").rows()
        _tell(row, dict(shares), names[row["pid"]], closed, findings, out)


def _tell(
    row: Mapping[str, Any], values: Mapping[str, int | None], name: str, closed: Closed, findings: Findings, out: Output
) -> None:
    """Tell one state; ``values`` are the figures of its point that were published with it."""
    stat, state = row["stat"], row["value"] // MILLION
    key, date = closed.points.keys[row["pid"]], local_iso(closed.day_ms)[:10]
    said = (row["note"] if state else None) or "nothing found any more"
    nozzle, unit = f"nozzle {name}", "processing unit"
    words = {"nozzle": nozzle, "back_pressure": nozzle, "processed": unit, "idle": unit, "leak": f"point {name or key.factor}"}
    text = f"{words.get(stat, 'tank')}, day {date}: {said}"
    facts: dict[str, object] = {"item": stat, "nozzle": name, "stat": stat, "day": date}
    if stat == "nozzle":
        days = (values.get("nozzle_row") or 0) // MILLION
        facts |= {"share_pct": number_text(unscaled(values.get("nozzle_share") or 0)), "days": days}
        text += f"; {days} warning days in a row" if state else ""
    facts |= {"hour_start": local_iso(closed.day_ms), "hour_end": local_iso(closed.end_ms), "text": text}
    told = f"{stat} {date}" + (f" revision {row['revision']}" if row["revision"] > 1 else "")
    findings.event(KINDS[state], key.source, key.factor, closed.now_ms, told, facts, out)
