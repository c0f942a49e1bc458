"""The cold path: touched source-hours beyond the hot set are rebuilt from what the store keeps, by the same functions."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from processors.decode import DAY, INTERVAL, REGISTER, Layouts, decode
from processors.desk import Desk
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS
from processors.output import Output, Past
from processors.publish import frame_of
from processors.qualify import Fields, place, qualify
from processors.shelf import MarkSpan, Shelf


def rebuild_cold(
    keys: list[tuple[str, int]],
    hot: Shelf,
    hot_day: int,
    spans: list[MarkSpan],
    past: Past,
    desk: Desk,
    now_ms: int,
    out: Output,
    *,
    empty: Collection[tuple[str, int]] = (),
) -> None:
    """Rebuild the hours (source, start) from stored reports on a shelf of their own; of the ``empty`` ones state also what did not come.

    What came of hours and days from ``hot_day`` on is put on ``hot`` too: its days are made of all their hours.
    """
    points, shelf = desk.points, Shelf(desk.points)
    wanted = pl.DataFrame([(points.sid[s], h) for s, h in keys], schema={"sid": pl.Int32, "hour": pl.Int64}, orient="row")
    days = {(s, desk.findings.day_of(h)) for s, h in keys}
    _fill(shelf, keys, days, wanted, desk, past)
    for source in {s for s, _ in keys}:
        hours = [h for s, h in keys if s == source]
        first, last = desk.findings.day_of(min(hours)), desk.findings.day_of(max(hours)) + DAY_MS
        of_source = [pid for pid, key in enumerate(points.keys) if key.source == source]
        for level, step in (("hour", HOUR_MS), ("day", DAY_MS)):
            shelf.put(level, frame_of(past.cold_figures(source, level, first, last), points))
            known = hot.latest(level, list(range(first, last, step)))  # the store does not know yet what this tick said
            if known is not None:
                shelf.put(level, known.filter(pl.col("pid").is_in(of_source)))
    minutes, contested = shelf.rebuild_hours(wanted.rows(), spans)
    if minutes.height:
        out.minutes.append(minutes)
    desk.findings.conflicts(contested, out)
    decided = wanted.with_columns(decided=pl.lit(now_ms, dtype=pl.Int64))
    unstated = decided.filter(pl.Series([key in empty for key in keys], dtype=pl.Boolean))
    desk.hours(shelf, decided, spans, out, empty=unstated if unstated.height else None)
    desk.compare(shelf, {(points.sid[s], day) for s, day in days}, out)
    for level, starts in (("hour", shelf.hours), ("day", shelf.days)):
        fresh = shelf.latest(level, [start for start in starts if start >= hot_day])
        if fresh is not None:
            hot.put(level, fresh)


def _fill(
    shelf: Shelf, keys: list[tuple[str, int]], days: set[tuple[str, int]], wanted: pl.DataFrame, desk: Desk, past: Past
) -> None:
    """Put the stored readings that cover wanted hours, and the device's own days, on the shelf; a clock offset may have moved them."""
    points = desk.points
    offset = max((abs(s.clock_offset_s) for s in points.sources.values()), default=0) * 1000
    reach = offset + max(2 * HOUR_MS, *(points.reach_ms[points.sid[s]] for s, _ in keys))
    labels = {(s, day + (DAY_MS if points.sources[s].label == "end" else 0)) for s, day in days}
    ranges = [(s, h - reach, h + HOUR_MS + reach) for s, h in keys]
    lines = past.cold_reports(
        ranges + [(s, label - offset - MINUTE_MS, label + offset + MINUTE_MS) for s, label in sorted(labels)]
    )
    layouts = Layouts()
    fields = Fields(layouts, points)
    decoded = decode(list(dict.fromkeys(lines)), layouts)
    filed = place(decoded, fields).filed.filter(~pl.col("kind").is_in([REGISTER, INTERVAL]))
    readings = qualify(decoded, filed, fields).with_columns(hour=pl.col("minute") // HOUR_MS * HOUR_MS)
    own = readings.filter(pl.col("kind") == DAY).drop("hour").with_columns(day=desk.day_of(pl.col("time")))
    shelf.add_own_days(own)
    readings = readings.filter(pl.col("kind") != DAY).join(wanted, on=["sid", "hour"], how="semi").drop("hour")
    shelf.add(filed.filter(pl.col("kind") != DAY), readings)
