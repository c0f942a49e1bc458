"""Process values of a furnace that leave their band on a closed day: one warning on entering, one on leaving.

How often a value left its band is a figure (level "day", stat OUTSIDE), ``n`` being the readings or hours that were looked at. A revised day
that shows something else is told as corrected.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import polars as pl

from processors.closing import Closed
from processors.decode import MINUTE, REALTIME
from processors.digest import text_hash
from processors.figures import ENGINE, HOUR_MS, epoch_ms, local_iso
from processors.findings import Findings
from processors.furnace_slots import not_normal, sections_on, thermocouple_slots
from processors.furnace_steps import OUTSIDE, Band, ProcessBands
from processors.hours import HOUR_SCHEMA
from processors.output import Output
from processors.points import end_ms, start_ms
from processors.publish import publish
from processors.rules.averaging import VALID
from processors.rules.furnace import slot_temperatures, warnings
from processors.rules.millionths import MILLION, quotient_expr, wide
from processors.rules.verdict import number_text
from processors.shelf import Shelf, marked

CADENCES_APART = 2
"""Readings further apart than so many cadences do not continue one warning."""
WARNINGS_MAX = 24
"""Warnings of one point and band that are told of one day."""
WARNING, NORMAL, CORRECTED = "process.warning", "process.normal", "process.corrected"
SLOTS_H = 12
"""Slots of an hour, all of which its mean needs: a part of an hour may be hotter than the whole."""

Bounds = tuple[Decimal | None, Decimal | None]
"""Lowest and highest value of a band, each None where there is no bound."""
Times = tuple[Bounds, int | None, int | None]
"""A band, when a value left it and when it came back; each None where not on this day."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """A point's values of the day and a little before, and the bands that they are held against; ``cover_ms`` is how long a value stands for."""

    pid: int
    rows: pl.DataFrame
    bands: list[Bounds]
    cover_ms: int
    gap_ms: int


def process_bands(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish how often each process value left its band, and tell each time it did and came back; under marks that stop or exempt nothing counts.

    Source:
        Warning rules of plants in Zhejiang, emission_rules 4.2 (seen): see ``rules.furnace.warnings``.
    """
    rule = closed.pack.rule(ProcessBands)
    if rule is None or closed.until_ms < closed.end_ms:
        return
    watched = _watched(closed, rule)
    if not watched:
        return
    before = closed.latest("day", closed.day_ms, closed.end_ms, (OUTSIDE,), out)
    told: dict[int, list[Times]] = {}
    rows = []
    for each in watched:
        found = [times for band in each.bands for times in _spans(closed, each, band)]
        told[each.pid] = found
        times = [f"{_clock(start)} to {_clock(end)}" for _, start, end in found if start is not None]
        own = each.rows.filter(pl.col("time_ms") >= closed.day_ms)
        rows.append(
            {
                "pid": each.pid,
                "stat": OUTSIDE,
                "hour": closed.day_ms,
                "value": len(times) * MILLION,
                "n": own.height,
                "total": None,
                "reason": None,
                "note": f"outside its band: {', '.join(times)}" if times else None,
                "digest": text_hash(*map(str, each.rows.sort("time_ms").select("time_ms", "value").rows())),
                "rules": text_hash(ENGINE, rule.model_dump_json()),
                "as_of": int(own["received"].max() or closed.end_ms),  # type: ignore[arg-type]
                "decided": closed.now_ms,
            }
        )
    shelf = Shelf()
    shelf.put("day", closed.frame_of(before))
    news = publish(shelf, pl.DataFrame(rows, schema={**HOUR_SCHEMA, "decided": pl.Int64}), closed.points, "day")
    if news.is_empty():
        return
    out.figures.append(news)
    known = {f.factor: f for f in before}
    for row in news.sort("pid").iter_rows(named=True):
        _tell(closed, row["pid"], told[row["pid"]], findings, out)
        was = known.get(closed.points.keys[row["pid"]].factor)
        if was is not None and was.explain.get("note") != row["note"]:
            _correct(closed, row["pid"], row["note"], int(row["revision"]), findings, out)


def _watched(closed: Closed, rule: ProcessBands) -> list[_Watched]:
    """Return the points that have a band, with the values of the day and of the hour before it."""
    bands: dict[str, Band] = {band.role: band for band in rule.bands}
    roles = {
        pid: word
        for pid in closed.pids
        for row in closed.points.points_of.get(pid, [])
        if (word := row.role.partition("/")[0]) in bands and start_ms(row) <= closed.day_ms < end_ms(row)
    }
    sections = sections_on(closed.points, closed.source.source, closed.day_ms)
    if not roles and (sections.is_empty() or not rule.furnace_degc_high):
        return []
    readings = _in_operation(closed, closed.readings(closed.day_ms - HOUR_MS, closed.end_ms))
    instants = readings.filter(pl.col("kind").is_in([REALTIME, MINUTE]))
    live = pl.col("kind") == REALTIME
    instants = instants.filter(live | ~live.any().over("pid", "minute"))
    valid = marked(instants, closed.own_spans).filter((pl.col("code") == VALID) & pl.col("value").is_not_null())
    cadence_ms = closed.source.cadence_s * 1000
    found = [
        _Watched(
            pid,
            valid.filter(pl.col("pid") == pid).unique("time").select("pid", "value", "received", time_ms="time"),
            [(bands[word].low, bands[word].high)],
            cadence_ms,
            CADENCES_APART * cadence_ms,
        )
        for pid, word in sorted(roles.items())
    ]
    if sections.height and rule.furnace_degc_high:
        hours = _furnace_hours(readings, sections, closed)
        found.append(_Watched(sections["pid"][0], hours, [(None, high) for high in rule.furnace_degc_high], HOUR_MS, HOUR_MS))
    return [each for each in found if each.rows.height]


def _in_operation(closed: Closed, readings: pl.DataFrame) -> pl.DataFrame:
    """Return the readings outside the marks by which the furnace is not in normal operation."""
    for mark in closed.marks:
        if mark.state == "confirmed" and not_normal(mark.type, mark.factors, closed.pack):
            start, end = epoch_ms(mark.start), epoch_ms(mark.end)
            readings = readings.filter((pl.col("time") < start) | (pl.col("time") >= end))
    return readings


def _furnace_hours(readings: pl.DataFrame, sections: pl.DataFrame, closed: Closed) -> pl.DataFrame:
    """Return the furnace's hourly temperature, the mean of all its slots, as a point's values."""
    means = thermocouple_slots(readings, sections, closed.own_spans)
    slots = slot_temperatures(means.select("slot", "section", "value", pid=pl.lit(0, dtype=pl.Int64)))
    newest = means.group_by(time_ms=pl.col("slot") // HOUR_MS * HOUR_MS).agg(pl.col("received").max())
    whole = slots.filter(pl.col("value").is_not_null()).group_by(time_ms=pl.col("slot") // HOUR_MS * HOUR_MS)
    hours = whole.agg(n=pl.len(), total=wide(pl.col("value")).sum()).filter(pl.col("n") == SLOTS_H)
    first = pl.lit(sections["pid"][0], dtype=pl.Int32)
    return hours.join(newest, on="time_ms").select(
        "time_ms", "received", pid=first, value=quotient_expr(pl.col("total"), pl.col("n"))
    )


def _spans(closed: Closed, each: _Watched, band: Bounds) -> list[Times]:
    """Return the times at which a value left a band or came back on the day."""
    low, high = band
    gap_s, cover_s = (Fraction(ms, 1000) for ms in (each.gap_ms, each.cover_ms))
    found = warnings(each.rows, low=low, high=high, gap_s_max=gap_s, cover_s=cover_s).select("opened_ms", "closed_ms").rows()
    today = [
        (band, start if start >= closed.day_ms else None, end if end is not None and end >= closed.day_ms else None)
        for start, end in found
    ]
    return [times for times in today if times[1:] != (None, None)][:WARNINGS_MAX]


def _tell(closed: Closed, pid: int, found: list[Times], findings: Findings, out: Output) -> None:
    key = closed.points.keys[pid]
    for (low, high), start, end in found:
        bounds = _words(low, high, closed.points.unit(pid))
        for kind, at in ((WARNING, start), (NORMAL, end)):
            if at is None:
                continue
            when = local_iso(at)
            if kind == WARNING:
                text = f"{key.factor} outside {bounds} from {when}: compare with the operating record"
            else:
                text = f"{key.factor} within {bounds} again from {when}"
            facts = {"text": text, "item": f"{low}/{high}", "at": when}
            findings.event(kind, key.source, key.factor, closed.now_ms, f"{low}/{high}/{when}", facts, out)


def _correct(closed: Closed, pid: int, note: str | None, revision: int, findings: Findings, out: Output) -> None:
    key, day = closed.points.keys[pid], local_iso(closed.day_ms)[:10]
    text = f"{key.factor}, {day}: a mark or data came late; {note or 'not outside its band'}"
    facts = {"text": text, "item": day, "day": day}
    findings.event(CORRECTED, key.source, key.factor, closed.now_ms, f"{day} revision {revision}", facts, out)


def _words(low: Decimal | None, high: Decimal | None, unit: str) -> str:
    if low is None:
        return f"up to {number_text(high or 0)} {unit}"
    return f"{number_text(low)} to {number_text(high)} {unit}" if high is not None else f"from {number_text(low)} {unit}"


def _clock(ms: int | None) -> str:
    return "24:00" if ms is None else local_iso(ms)[11:16]
