"""Process values of a furnace that leave their band: one warning on entering, one on leaving, told whenever an hour of the day is decided.

How often a value left its band is a figure (level "day", stat OUTSIDE), ``n`` being the readings or hours that were looked at. While the day runs
it is provisional, and its note, which says up to when it looked, is all that is remembered of what was told. What shows something else
of the same time later is told as corrected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import polars as pl

from ingest.records import MarkType
from processors.closing import Closed
from processors.decode import MINUTE, REALTIME
from processors.digest import text_hash
from processors.figures import ENGINE, HOUR_MS, epoch_ms, local_iso
from processors.findings import Findings
from processors.furnace_slots import not_normal, sections_on, sets_aside, thermocouple_slots
from processors.furnace_steps import OUTSIDE, Band, ProcessBands
from processors.hours import HOUR_SCHEMA
from processors.output import Output
from processors.packs import Pack
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
WITHIN = "not outside its band"
SLOTS_H = 12
"""Slots of an hour, all of which its mean needs: a part of an hour may be hotter than the whole."""

Bounds = tuple[Decimal | None, Decimal | None]
"""Lowest and highest value of a band, each None where there is no bound."""
Times = tuple[Bounds, int | None, int | None]
"""A band, when a value left it and when it came back; each None where not on this day."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """A point's values of the day and a little before, and the bands that they are held against.

    ``minute`` is the first that a value covers, ``cover_ms`` how long it stands for.
    """

    pid: int
    rows: pl.DataFrame
    bands: list[Bounds]
    cover_ms: int
    gap_ms: int


def process_bands(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish how often each process value left its band, and tell each time it did and came back; under marks that stop or exempt nothing counts.

    Of a day that runs the decided hours are looked at: the figure is provisional, and what is outside at their end is not told as over.

    Source:
        Warning rules of plants in Zhejiang, emission_rules 4.2 (seen): see ``rules.furnace.warnings``.
    """
    rule = closed.pack.rule(ProcessBands)
    until_ms = min(closed.decided_ms, closed.end_ms)
    if rule is None or until_ms <= closed.day_ms:
        return
    points = _watched(closed, rule, until_ms)
    if not points:
        return
    before = closed.latest("day", closed.day_ms, closed.end_ms, (OUTSIDE,), out)
    known = {f.factor: f for f in before}
    watched = {each.pid: each for each in points if each.rows.height or closed.points.keys[each.pid].factor in known}
    told: dict[int, list[Times]] = {}
    rows = []
    for each in watched.values():
        told[each.pid] = found = _times(closed, each, until_ms)
        own = each.rows.filter(pl.col("time_ms") >= closed.day_ms)
        rows.append(
            {
                "pid": each.pid,
                "stat": OUTSIDE,
                "hour": closed.day_ms,
                "value": sum(start is not None for _, start, _ in found) * MILLION,
                "n": own.height,
                "total": None,
                "reason": None,
                "note": _note(closed, found, until_ms),
                "digest": text_hash(*map(str, each.rows.sort("time_ms").select("time_ms", "value").rows())),
                "rules": text_hash(ENGINE, rule.model_dump_json()),
                "as_of": int(own["received"].max() or until_ms),  # type: ignore[arg-type]
                "decided": closed.now_ms if until_ms == closed.end_ms else None,
            }
        )
    shelf = Shelf()
    shelf.put("day", closed.frame_of(before))
    news = publish(shelf, pl.DataFrame(rows, schema={**HOUR_SCHEMA, "decided": pl.Int64}), closed.points, "day")
    if news.is_empty():
        return
    out.figures.append(news)
    for row in news.sort("pid").iter_rows(named=True):
        _tell(closed, row["pid"], told[row["pid"]], findings, out)
        was = known.get(closed.points.keys[row["pid"]].factor)
        if was is not None and not _holds(closed, watched[row["pid"]], was.explain.get("note"), until_ms):
            _correct(closed, row["pid"], row["note"], int(row["revision"]), findings, out)


def _watched(closed: Closed, rule: ProcessBands, until_ms: int) -> list[_Watched]:
    """Return the points that have a band, with the values of the day up to a time and of the hour before it."""
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
    every = closed.readings(closed.day_ms - HOUR_MS, until_ms)
    readings = _outside_marks(closed, every, not_normal)
    instants = readings.filter(pl.col("kind").is_in([REALTIME, MINUTE]))
    live = pl.col("kind") == REALTIME
    instants = instants.filter(live | ~live.any().over("pid", "minute"))
    valid = marked(instants, closed.own_spans).filter((pl.col("code") == VALID) & pl.col("value").is_not_null())
    cadence_ms = closed.source.cadence_s * 1000
    found = [
        _Watched(
            pid,
            valid.filter(pl.col("pid") == pid)
            .sort("minute")
            .unique("time", keep="first")
            .select("pid", "value", "received", "minute", time_ms="time"),
            [(bands[word].low, bands[word].high)],
            cadence_ms,
            CADENCES_APART * cadence_ms,
        )
        for pid, word in sorted(roles.items())
    ]
    if sections.height and rule.furnace_degc_high:
        hours = _furnace_hours(_outside_marks(closed, every, sets_aside), sections, closed)
        found.append(_Watched(sections["pid"][0], hours, [(None, high) for high in rule.furnace_degc_high], HOUR_MS, HOUR_MS))
    return found


def _outside_marks(closed: Closed, readings: pl.DataFrame, leave_out: Callable[[MarkType, object, Pack], bool]) -> pl.DataFrame:
    """Return the readings outside the confirmed marks that leave them out: see ``not_normal`` and ``sets_aside``."""
    for mark in closed.marks:
        if mark.state == "confirmed" and leave_out(mark.type, mark.factors, closed.pack):
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
        "time_ms", "received", minute="time_ms", pid=first, value=quotient_expr(pl.col("total"), pl.col("n"))
    )


def _times(closed: Closed, each: _Watched, until_ms: int) -> list[Times]:
    """Return the times at which a value left its bands or came back on the day, by the values up to a time."""
    rows = each.rows.filter(pl.col("minute") < until_ms)
    return [times for band in each.bands for times in _spans(closed, each, rows, band)]


def _spans(closed: Closed, each: _Watched, rows: pl.DataFrame, band: Bounds) -> list[Times]:
    low, high = band
    gap_s, cover_s = (Fraction(ms, 1000) for ms in (each.gap_ms, each.cover_ms))
    found = warnings(rows, low=low, high=high, gap_s_max=gap_s, cover_s=cover_s).select("opened_ms", "closed_ms").rows()
    today = [
        (band, start if start >= closed.day_ms else None, end if end is not None and end >= closed.day_ms else None)
        for start, end in found
    ]
    return [times for times in today if times[1:] != (None, None)][:WARNINGS_MAX]


def _note(closed: Closed, found: list[Times], until_ms: int) -> str | None:
    """Return what is said of a day up to a time; of one that is over nothing where no value left its band."""
    over = until_ms == closed.end_ms
    times = []
    for _, start, end in found:
        if start is not None:
            times.append(f"from {_clock(start)}" if end is None and not over else f"{_clock(start)} to {_clock(end)}")
    what = f"outside its band: {', '.join(times)}" if times else None
    return what if over else f"until {_clock(until_ms)}: {what or WITHIN}"


def _holds(closed: Closed, each: _Watched, note: str | None, until_ms: int) -> bool:
    """Return whether what was said of a day, up to one of its hours or of all of it, is what the values up to that hour say now."""
    return any(note == _note(closed, _times(closed, each, hour), hour) for hour in range(until_ms, closed.day_ms, -HOUR_MS))


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
    text = f"{key.factor}, {day}: a mark or data came late; {note or WITHIN}"
    facts = {"text": text, "item": day, "day": day}
    which = f"revision {revision}" if revision else f"at {local_iso(closed.now_ms)}"  # a running day has no revisions
    findings.event(CORRECTED, key.source, key.factor, closed.now_ms, f"{day} {which}", facts, out)


def _words(low: Decimal | None, high: Decimal | None, unit: str) -> str:
    if low is None:
        return f"up to {number_text(high or 0)} {unit}"
    return f"{number_text(low)} to {number_text(high)} {unit}" if high is not None else f"from {number_text(low)} {unit}"


def _clock(ms: int | None) -> str:
    return "24:00" if ms is None else local_iso(ms)[11:16]
