"""What processors put on topic ``figures``, as NDJSON: figures, minutes packed by source, states of sources, episodes.

One record holds the lines of a turn that belong to one partition. Numbers are exact: decimals as text in figures, integers at
MINUTE_SCALE in minutes. Schema version 1.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
import polars as pl

from ingest.records import compact
from processors.calibration_steps import OUTSIDE_RANGE, RANGE_WEEKS
from processors.figures import SCALE, Episode, Event, Figure, SourceState, epoch_ms, local_iso, scaled
from processors.furnace_steps import COLD_SLOTS, EXCEEDING_DAYS, OUTSIDE
from processors.judging import others_of
from processors.missing_steps import ASSURED, AVAILABILITY
from processors.output import Output
from processors.points import Points
from processors.programme_steps import BEYOND, DAYS_DISCARDED, DAYS_WITHIN, TEN_MINUTES
from processors.programmes import WITHIN
from processors.quarter_steps import VALID_DAYS, VALID_HOURS
from processors.rate_steps import NOX_RATE, SO2_RATE
from processors.station_steps import STATES
from processors.trading_steps import GAS, MISSING

VERSION = 1
SOURCES_QUOTED_MAX = 10_000
"""Names of sources of which the JSON text is remembered."""
UNITS = {
    **{"mass": "kg", "mass_sub": "kg", "kgce": "kg", "tco2": "t", "nozzle_row": "d"},
    **dict.fromkeys(
        (
            "capture",
            "transmission",
            "effective",
            WITHIN,
            DAYS_WITHIN,
            TEN_MINUTES,
            OUTSIDE_RANGE,
            ASSURED,
            AVAILABILITY,
            VALID_HOURS,
            VALID_DAYS,
            "nozzle_share",
            "reduction",
        ),
        "%",
    ),
    MISSING: "h",
    GAS: "m3",
    DAYS_DISCARDED: "d",
    NOX_RATE: "lb/mmBtu",
    SO2_RATE: "lb/h",
    BEYOND: "1",
    RANGE_WEEKS: "1",
    COLD_SLOTS: "1",
    OUTSIDE: "1",
    EXCEEDING_DAYS: "d",
    **dict.fromkeys(STATES, "state"),
}
"""Units of the stats that do not have their point's."""
_FIGURE = ("pid", "stat", "level", "hour", "value", "reason", "n", "state", "verdict", "limit", "limit_id", "digest", "rules",
           "as_of", "decided", "revision", "total", "note", "others")  # fmt: skip


def listed(out: Output, points: Points) -> list[Figure]:
    """Return a turn's figures of hours and longer as records, accounts last; they are made once."""
    if out.listed is None:
        out.listed = [f for frame in out.figures for f in figures_of(frame, points)] + out.accounts
    return out.listed


def figures_of(frame: pl.DataFrame, points: Points) -> list[Figure]:
    """Return published figures, rows of publish.FIGURE_COLUMNS, as records."""
    units = {pid: points.unit(pid) for pid in frame["pid"].unique().to_list()}
    out: list[Figure] = []
    for pid, stat, level, hour, value, reason, n, state, verdict, *rest in frame.select(_FIGURE).rows():
        limit, limit_id, digest, rules, as_of, decided, revision, total, note, others = rest
        key = points.keys[pid]
        explain: dict[str, Any] = {"total": None if total is None else str(total), "note": note}
        if others:
            explain["others"] = others_of(others)
        ok = value is not None and (reason is None or reason == "stopped")
        unit = UNITS.get(stat) or units[pid]
        made_of = (f"{digest:016x}", f"{rules:016x}", as_of, decided or 0, revision, explain)
        out.append(
            Figure(
                key.source, key.factor, stat, level, hour, value, ok, reason, n, unit, state, verdict, limit, limit_id, *made_of
            )
        )
    return out


def minute_bodies(minutes: pl.DataFrame, points: Points) -> list[tuple[str, int, str]]:
    """Pack minute figures into (source, minute, JSON object of factor -> [value, n, code, as_of, digest])."""
    names = [k.factor for k in points.keys]
    text = pl.format(
        '"{}":[{},{},{},{},{}]',
        pl.col("pid").replace_strict(list(range(len(names))), names, return_dtype=pl.String),
        pl.col("value").cast(pl.String).fill_null("null"),
        "n",
        "code",
        "as_of",
        "digest",
    )
    packed = minutes.sort("pid").group_by("sid", "minute").agg(body=text.str.join(","))
    return [(points.source_names[s], m, "{" + body + "}") for s, m, body in packed.rows()]


def lines_of(out: Output, points: Points) -> list[tuple[str, bytes]]:
    """Return what a turn puts on topic ``figures`` as (source, line), in the order in which it came about."""
    lines: list[tuple[str, bytes]] = []
    for minutes in out.minutes:
        for source, start, body in minute_bodies(minutes, points):
            head = f'{{"v":{VERSION},"level":"minute","source":{_quoted(source)},"start":"{local_iso(start)}","factors":'
            lines.append((source, f"{head}{body}}}".encode()))
    lines += [(f.source, figure_line(f)) for f in listed(out, points)]
    lines += [(s.source, compact({"v": VERSION, "state": _fields(s)})) for s in out.sources.values()]
    lines += [(e.source, compact({"v": VERSION, "episode": _fields(e)})) for e in out.episodes]
    return lines


def figure_line(f: Figure) -> bytes:
    """Return a figure of an hour and longer as one line."""
    return orjson.dumps(
        {
            "v": VERSION,
            "level": f.level,
            "source": f.source,
            "factor": f.factor,
            "stat": f.stat,
            "start": local_iso(f.start_ms),
            "value": _text(f.value),
            "ok": f.ok,
            "reason": f.reason,
            "n": f.n,
            "unit": f.unit,
            "state": f.state,
            "verdict": f.verdict,
            "limit": _text(f.limit),
            "limit_id": f.limit_id,
            "inputs": f.inputs,
            "rules": f.rules,
            "as_of": local_iso(f.as_of_ms),
            "decided": local_iso(f.decided_ms),
            "revision": f.revision,
            "explain": f.explain,
        }
    )


def figure_of_line(row: dict[str, Any]) -> Figure:
    """Return the figure of a parsed line."""
    return Figure(
        source=row["source"],
        factor=row["factor"],
        stat=row["stat"],
        level=row["level"],
        start_ms=_ms(row["start"]),
        value=_int(row["value"]),
        ok=row["ok"],
        reason=row["reason"],
        n=row["n"],
        unit=row["unit"],
        state=row["state"],
        verdict=row["verdict"],
        limit=_int(row["limit"]),
        limit_id=row["limit_id"],
        inputs=row["inputs"],
        rules=row["rules"],
        as_of_ms=_ms(row["as_of"]),
        decided_ms=_ms(row["decided"]),
        revision=row["revision"],
        explain=row["explain"],
    )


def event_of_line(row: dict[str, Any]) -> Event:
    """Return the event of a parsed line of topic ``events``."""
    return Event(row["id"], row["kind"], row["source"], row["factor"], _ms(row["time"]), row["live"], row["facts"])


@lru_cache(SOURCES_QUOTED_MAX)
def _quoted(source: str) -> str:
    return json.dumps(source)


def _fields(record: SourceState | Episode) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _text(value: int | None) -> str | None:
    """Return an integer at SCALE as decimal text with all its digits: 46800000 -> "46.800000"."""
    if value is None:
        return None
    digits = f"{value:0{SCALE + 1}d}" if value >= 0 else f"{value:0{SCALE + 2}d}"
    return f"{digits[:-SCALE]}.{digits[-SCALE:]}"


def _int(text: str | None) -> int | None:
    return None if text is None else scaled(text)


def _ms(text: str) -> int:
    return epoch_ms(datetime.fromisoformat(text))
