"""What a closed day of a furnace shows: slots of five minutes that were too cold in normal operation."""

from __future__ import annotations

import polars as pl

from processors.closing import Closed
from processors.decode import MINUTE, REALTIME
from processors.figures import MINUTE_MS, epoch_ms, local_iso
from processors.findings import Findings
from processors.furnace_steps import FurnaceTemperature
from processors.output import Output
from processors.points import end_ms, start_ms
from processors.rules.averaging import VALID
from processors.rules.furnace import cold_slots, slot_temperatures
from processors.rules.millionths import quotient_expr, unscaled, wide
from processors.rules.verdict import number_text
from processors.shelf import marked

SLOT_MS = 5 * MINUTE_MS
SECTION_OF = {"furnace_upper": "upper", "furnace_middle": "middle"}
"""Section of the furnace, by the role of its thermocouples in points.csv."""


def cold_days(closed: Closed, findings: Findings, out: Output) -> None:
    """Tell a day with more cold slots than are allowed, by the slot that was one too many; a slot that is not known is not cold.

    A thermocouple's slot is the mean of its valid readings, or where none came of the device's minutes. A slot is in normal operation where no
    confirmed mark of the whole source touches it that stops or exempts by the pack's classes, whether or not a quota is left.

    Source:
        WTE-3 and WTE-4, MEE Order 10 of 2019, Announcement 2019 No. 50 (seen; "more than 5" from memory, high).
    """
    rule, source = closed.pack.rule(FurnaceTemperature), closed.source.source
    sections = _sections(closed)
    if rule is None or sections.is_empty() or closed.until_ms < closed.end_ms:
        return
    slots = slot_temperatures(_thermocouples(closed, sections))
    normal = pl.lit(True)
    for start, end in _not_normal(closed):
        normal = normal & ~((pl.col("slot") < end) & (pl.col("slot") + SLOT_MS > start))
    cold = cold_slots(
        slots.with_columns(normal=normal),
        temperature_degc_min=rule.temperature_degc_min,
        slots_max=rule.slots_max,
        offset_ms=closed.points.rules.offset_ms,
    )
    beyond = cold.filter("violation")
    if beyond.is_empty():
        return
    at = local_iso(int(beyond["slot"][0]))
    told = [{"start": local_iso(s), "degc": number_text(unscaled(v))} for s, v in cold.select("slot", "value").rows()]
    least = number_text(rule.temperature_degc_min)
    text = (
        f"furnace below {least} °C in {cold.height} slots of five minutes on {at[:10]}, {rule.slots_max} allowed, one too many at {at}:"
        " compare with operating record and thermocouples"
    )
    facts = {"text": text, "slots": told, "n": cold.height, "at": at}
    findings.event("furnace.cold", source, None, closed.now_ms, at, facts, out)


def _sections(closed: Closed) -> pl.DataFrame:
    """Return the thermocouples by the registry's row of the day: ``tc``, ``section``."""
    found = [
        (pid, SECTION_OF[row.role.partition("/")[0]])
        for pid in closed.pids
        for row in closed.points.points_of.get(pid, [])
        if row.role.partition("/")[0] in SECTION_OF and start_ms(row) <= closed.day_ms < end_ms(row)
    ]
    return pl.DataFrame(found, schema={"tc": pl.Int32, "section": pl.String}, orient="row")


def _thermocouples(closed: Closed, sections: pl.DataFrame) -> pl.DataFrame:
    """Return the mean of each thermocouple's slot, as ``slot_temperatures`` takes them."""
    rows = closed.readings(closed.day_ms, closed.end_ms).filter(pl.col("kind").is_in([REALTIME, MINUTE]))
    rows = marked(rows.join(sections, left_on="pid", right_on="tc"), closed.own_spans)
    rows = rows.filter((pl.col("code") == VALID) & pl.col("value").is_not_null())
    slot = pl.col("minute") // SLOT_MS * SLOT_MS
    live = pl.col("kind") == REALTIME
    rows = rows.with_columns(slot=slot).filter(live | ~live.any().over("pid", "slot"))
    means = rows.group_by("pid", "slot", "section").agg(total=wide(pl.col("value")).sum(), n=pl.len())
    return means.select("slot", "section", pid=pl.lit(0, dtype=pl.Int64), value=quotient_expr(pl.col("total"), pl.col("n")))


def _not_normal(closed: Closed) -> list[tuple[int, int]]:
    """Return the stretches under a confirmed mark of the source that stops or exempts."""
    classes = closed.pack.marks
    return [
        (epoch_ms(mark.start), epoch_ms(mark.end))
        for mark in closed.marks
        if mark.state == "confirmed" and not mark.factors
        if mark.type in classes and classes[mark.type].data in ("not operating", "exempt")
    ]
