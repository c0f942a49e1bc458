"""Slots of five minutes of a furnace: what each thermocouple showed, the temperature by two medians, and which mark leaves a slot out."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from ingest.records import MarkType
from processors.decode import MINUTE, REALTIME
from processors.figures import MINUTE_MS
from processors.furnace_steps import FurnaceTemperature
from processors.packs import Pack
from processors.points import Points, end_ms, start_ms
from processors.rules.averaging import VALID
from processors.rules.furnace import slot_temperatures
from processors.rules.millionths import quotient_expr, wide
from processors.shelf import MarkSpan, marked

SLOT_MS = 5 * MINUTE_MS
SECTION_OF = {"furnace_upper": "upper", "furnace_middle": "middle"}
"""Section of the furnace, by the role of its thermocouples in points.csv."""


def sections_on(points: Points, source: str, day_ms: int) -> pl.DataFrame:
    """Return a source's thermocouples by the registry's rows of a day: ``pid``, ``section``; in the order of section and name."""
    sid = points.sid[source]
    found = [
        (pid, SECTION_OF[word])
        for pid, rows in points.points_of.items()
        if points.sid_of_pid[pid] == sid
        for row in rows
        if (word := row.role.partition("/")[0]) in SECTION_OF and start_ms(row) <= day_ms < end_ms(row)
    ]
    return pl.DataFrame(found, schema={"pid": pl.Int32, "section": pl.String}, orient="row").sort(
        "section", "pid", descending=[True, False]
    )


def thermocouple_slots(readings: pl.DataFrame, sections: pl.DataFrame, spans: list[MarkSpan]) -> pl.DataFrame:
    """Return the mean of each thermocouple's slot: of its valid readings, or where none came of the device's minutes.

    Args:
        readings: rows of READING_SCHEMA.
        sections: see ``sections_on``.
        spans: marks under which no value counts; a thermocouple whose fault is marked is left out.

    Returns:
        ``slot``, ``pid``, ``section``, ``value`` (°C at SCALE), ``received`` (of its newest reading), in the order of slot and ``pid``.
    """
    rows = readings.filter(pl.col("kind").is_in([REALTIME, MINUTE]))
    rows = marked(rows.join(sections, on="pid"), spans)
    rows = rows.filter((pl.col("code") == VALID) & pl.col("value").is_not_null())
    live = pl.col("kind") == REALTIME
    rows = rows.with_columns(slot=pl.col("minute") // SLOT_MS * SLOT_MS).filter(live | ~live.any().over("pid", "slot"))
    return (
        rows.group_by("slot", "pid", "section")
        .agg(value=quotient_expr(wide(pl.col("value")).sum(), pl.len()), received=pl.col("received").max())
        .sort("slot", "pid")
    )


def not_normal(kind: MarkType, factors: object, pack: Pack) -> bool:
    """Return whether a confirmed mark says that the furnace was not in normal operation: of the whole source, of a class that stops or exempts.

    Whether a quota is left makes no difference.
    """
    does = pack.marks.get(kind)
    return not factors and does is not None and does.data in ("not operating", "exempt")


def sets_aside(kind: MarkType, factors: object, pack: Pack) -> bool:
    """Return whether a confirmed mark leaves slots of the furnace's temperature out: it is ``not_normal``, or says that the temperature is wrong."""
    rule = pack.rule(FurnaceTemperature)
    return not_normal(kind, factors, pack) or (rule is not None and kind in rule.set_aside_marks)


def furnace_slots(thermocouples: pl.DataFrame, marks: Iterable[tuple[str, int, int]]) -> pl.DataFrame:
    """Return the furnace's temperature of each slot, and the mark by which it is left out.

    Args:
        thermocouples: see ``thermocouple_slots``.
        marks: id, start and end of marks that ``sets_aside`` names.

    Returns:
        ``slot``, ``value`` (°C at SCALE), ``reason`` where it is None, ``mark`` (id, None in normal operation), in the order of slots.

    Source:
        WTE-3 and WTE-4 (seen): see ``rules.furnace``.
    """
    slots = slot_temperatures(thermocouples.select("slot", "section", "value", pid=pl.lit(0, dtype=pl.Int64))).drop("pid")
    mark = pl.lit(None, dtype=pl.String)
    for name, start, end in sorted(marks, reverse=True):
        under = (pl.col("slot") < end) & (pl.col("slot") + SLOT_MS > start)
        mark = pl.when(under).then(pl.lit(name)).otherwise(mark)
    return slots.with_columns(mark=mark).sort("slot")
