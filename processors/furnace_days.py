"""What a closed day of a furnace shows: slots of five minutes that were too cold in normal operation.

The number of a day's cold slots is a figure (level "day", stat COLD_SLOTS) of the furnace's first thermocouple of the upper section, ``n`` being
the slots that are known in normal operation. Whether a day was told follows from its figure as known before, so a late mark or late data take
back what they clear.
"""

from __future__ import annotations

import polars as pl

from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import ENGINE, epoch_ms, local_iso
from processors.findings import Findings
from processors.furnace_slots import furnace_slots, sections_on, sets_aside, thermocouple_slots
from processors.furnace_steps import COLD_SLOTS, FurnaceTemperature
from processors.hours import HOUR_SCHEMA
from processors.output import Output
from processors.publish import publish
from processors.rules.furnace import cold_slots
from processors.rules.millionths import MILLION, millionths, unscaled
from processors.rules.verdict import number_text
from processors.shelf import Shelf

COLD, TAKEN_BACK = "furnace.cold", "furnace.withdrawn"
ONE_TOO_MANY = "one too many at"
"""Words in the note of a day that has more cold slots than were allowed when it was judged."""
NO_SLOT = "no valid thermocouple in the upper or the middle section"


def cold_days(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish how many slots of a day were too cold, tell one with more than are allowed, and take that back where it no longer holds.

    A slot that is not known is not cold, and one that a mark touches by which the furnace is not in normal operation does not count.

    Source:
        WTE-3 and WTE-4, MEE Order 10 of 2019, Announcement 2019 No. 50 (seen; "more than 5" from memory, high).
    """
    rule, source = closed.pack.rule(FurnaceTemperature), closed.source.source
    sections = sections_on(closed.points, source, closed.day_ms)
    if rule is None or sections.is_empty() or closed.until_ms < closed.end_ms:
        return
    means = thermocouple_slots(closed.readings(closed.day_ms, closed.end_ms), sections, closed.own_spans)
    marks = [
        (m.id, epoch_ms(m.start), epoch_ms(m.end))
        for m in closed.marks
        if m.state == "confirmed" and sets_aside(m.type, m.factors, closed.pack)
    ]
    slots = furnace_slots(means, marks)
    counted = slots.with_columns(pid=pl.lit(0, dtype=pl.Int64), normal=pl.col("mark").is_null())
    cold = cold_slots(
        counted,
        temperature_degc_min=rule.temperature_degc_min,
        slots_max=rule.slots_max,
        offset_ms=closed.points.rules.offset_ms,
    )
    known = counted.filter(pl.col("normal") & pl.col("value").is_not_null()).height
    left_out = slots.filter(pl.col("mark").is_not_null() & (pl.col("value") < millionths(rule.temperature_degc_min))).height
    least = number_text(rule.temperature_degc_min)
    beyond = cold.filter("violation")
    at = local_iso(int(beyond["slot"][0])) if beyond.height else ""
    notes = [f"{rule.slots_max} slots below {least} °C allowed, one too many at {at}"] if at else []
    notes += [f"cold slots left out by marks: {left_out}"] if left_out else []
    before = closed.latest("day", closed.day_ms, closed.end_ms, (COLD_SLOTS,), out)
    if not known and not before and not left_out:
        return
    row = {
        "pid": sections["pid"][0],
        "stat": COLD_SLOTS,
        "hour": closed.day_ms,
        "value": cold.height * MILLION if known or left_out else None,
        "n": known,
        "total": None,
        "reason": None if known or left_out else NO_SLOT,
        "note": "; ".join(notes) or None,
        "digest": text_hash(*map(str, slots.rows())),
        "rules": text_hash(ENGINE, rule.model_dump_json()),
        "as_of": int(means["received"].max() or closed.end_ms),  # type: ignore[arg-type]
        "decided": closed.now_ms,
    }
    shelf = Shelf()
    shelf.put("day", closed.frame_of(before))
    news = publish(shelf, pl.DataFrame([row], schema={**HOUR_SCHEMA, "decided": pl.Int64}), closed.points, "day")
    if news.is_empty():
        return
    out.figures.append(news)
    was = any(ONE_TOO_MANY in str(f.explain.get("note")) for f in before)
    if bool(at) == was:
        return
    day, revision = local_iso(closed.day_ms)[:10], int(news["revision"][0])
    told = [{"start": local_iso(s), "degc": number_text(unscaled(v))} for s, v in cold.select("slot", "value").rows()]
    if at:
        text = (
            f"furnace below {least} °C in {cold.height} slots of five minutes on {day}, {rule.slots_max} allowed, one too many at {at}:"
            " compare with operating record and thermocouples"
        )
    else:
        why = f"cold slots left out by marks: {left_out}" if left_out else "a mark or data came late"
        text = (
            f"furnace below {least} °C in {cold.height} slots of five minutes on {day}, {rule.slots_max} allowed:"
            f" what was told of this day no longer holds; {why}"
        )
    facts = {"text": text, "item": day, "slots": told, "n": cold.height, "at": at or None, "left_out": left_out}
    name = day + (f" revision {revision}" if revision > 1 else "")
    findings.event(COLD if at else TAKEN_BACK, source, None, closed.now_ms, name, facts, out)
