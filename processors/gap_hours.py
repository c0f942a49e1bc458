"""Hours without a value, filled as the rules of 2007 did: across a gap, or from the hours before it; for sources whose rule pack asks for it.

Made when a day is closed, for every gap that an hour of that day can have a part in, so that an hour that comes late moves what stands in for its
neighbours. What is measured stays as it is: a filled hour is a figure of its own. A stop ends a gap, and its hours are not filled.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import DAY_MS, ENGINE, HOUR_MS
from processors.findings import Findings
from processors.gap_steps import REACH_DAYS, GapAcross, GapBefore
from processors.hours import HOUR_SCHEMA
from processors.missing_steps import FILLED
from processors.output import Output
from processors.points import NO_METER
from processors.publish import frame_of, publish
from processors.quarters import SUBSTITUTED, taken_back
from processors.rules.averaging import NOTHING_DUE
from processors.rules.gaps import mean_across, mean_before, median_before
from processors.rules.millionths import rounded, unscaled
from processors.shelf import Shelf

STATS = {"avg": FILLED, "mass": SUBSTITUTED}
"""What is filled, and the stat of what stands for it."""
REACH_MS = REACH_DAYS * DAY_MS


@dataclass(frozen=True, slots=True)
class _Hour:
    """An hour that is due; ``value`` at SCALE, None where it is missing."""

    start_ms: int
    value: int | None
    digest: int
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class _Gap:
    """Adjacent hours without a value, the valid hours within reach before it (oldest first), and the first one after it.

    ``open``: nothing is known yet of what comes after it.
    """

    hours: list[_Hour]
    before: list[_Hour]
    after: _Hour | None
    open: bool


@dataclass(frozen=True, slots=True)
class _Filled:
    """What stands for the hours of a gap, with how it was found; or the reason why nothing does, ``final`` where that will stay."""

    value: int | None
    note: str | None
    reason: str | None
    final: bool
    used: list[_Hour]


def close_gaps(closed: Closed, _findings: Findings, out: Output) -> None:
    """Publish what stands for hours without a value around a closed day.

    Source:
        HJ/T 75-2007, emission_rules 1.6, and HJ/T 356-2007, emission_rules 3.2 (seen). That a stop ends a gap, and that hours further off than
        REACH_DAYS count for nothing, are proposals.
    """
    rule = closed.pack.rule(GapAcross) or closed.pack.rule(GapBefore)
    assert rule is not None
    start, end = closed.day_ms - 2 * REACH_MS, min(closed.day_ms + 2 * REACH_MS, closed.until_ms)
    rules = text_hash(ENGINE, rule.model_dump_json())
    rows: list[dict[str, object]] = []
    silent: set[tuple[str, str, int]] = set()
    for (factor, stat), hours in sorted(_hours(closed, start - REACH_MS, min(end + REACH_MS, closed.until_ms)).items()):
        pid = closed.points.pid[closed.source.source, factor]
        for gap in _gaps(hours, closed.until_ms):
            if len(gap.hours) * HOUR_MS > REACH_MS:
                silent |= {(factor, STATS[stat], hour.start_ms) for hour in gap.hours}
                continue
            found = _across(gap, rule) if isinstance(rule, GapAcross) else _before(gap, factor in rule.median)
            rows += [
                {"pid": pid, "stat": STATS[stat], "rules": rules, "total": None, **_row(hour, found, closed.now_ms)}
                for hour in gap.hours
                if start <= hour.start_ms < end
            ]
    shelf = Shelf()
    old = closed.latest("hour", start, end, STATS.values(), out)
    shelf.put("hour", frame_of([f for f in old if (f.factor, f.stat, f.start_ms) not in silent], closed.points))
    made = pl.DataFrame(rows, schema={**HOUR_SCHEMA, "decided": pl.Int64})
    gone = taken_back(shelf, made.drop("decided"), "hour", closed)
    kept = gone.with_columns(decided=pl.lit(closed.now_ms, dtype=pl.Int64))
    news = publish(shelf, pl.concat([made, kept]), closed.points, "hour")
    if news.height:
        out.figures.append(news)


def _hours(closed: Closed, start_ms: int, end_ms: int) -> dict[tuple[str, str], list[_Hour]]:
    """Return the hours due in [start, end) by factor and stat, from the first known one on; those not stated are missing."""
    frame = closed.points.frame
    asked = frame.filter((pl.col("meter") == NO_METER) & ~pl.col("sparse") & pl.col("pid").is_in(closed.pids))
    measured = set(asked["factor"])
    found: dict[tuple[str, str], dict[int, _Hour | None]] = {}
    rows = closed.past.cold_hours(closed.source.source, tuple(STATS), start_ms, end_ms)
    for factor, stat, start, value, reason, digest, as_of in rows:
        if factor in measured:
            idle = reason in NOTHING_DUE
            found.setdefault((factor, stat), {})[start] = None if idle else _Hour(start, value, digest, as_of)
    out = {}
    for key, stated in found.items():
        every = (stated.get(start, _Hour(start, None, 0, start + HOUR_MS)) for start in range(min(stated), end_ms, HOUR_MS))
        out[key] = [hour for hour in every if hour is not None]
    return out


def _gaps(hours: list[_Hour], until_ms: int) -> Iterator[_Gap]:
    """Yield the gaps among hours that are due, each with its surroundings; ``until_ms`` is what is known up to."""
    valid = [hour for hour in hours if hour.value is not None]
    starts = [hour.start_ms for hour in valid]
    for run in _runs(hours):
        first_ms, end_ms = run[0].start_ms, run[-1].start_ms + HOUR_MS
        at = bisect_left(starts, first_ms)
        after = valid[at] if at < len(valid) and starts[at] < end_ms + REACH_MS else None
        yield _Gap(
            run, valid[bisect_left(starts, first_ms - REACH_MS) : at], after, after is None and until_ms < end_ms + REACH_MS
        )


def _runs(hours: Iterable[_Hour]) -> Iterator[list[_Hour]]:
    """Yield the runs of adjacent hours without a value."""
    run: list[_Hour] = []
    for hour in hours:
        if run and (hour.value is not None or hour.start_ms != run[-1].start_ms + HOUR_MS):
            yield run
            run = []
        if hour.value is None:
            run.append(hour)
    if run:
        yield run


def _across(gap: _Gap, rule: GapAcross) -> _Filled:
    gap_h = len(gap.hours)
    before, after = gap.before[-1] if gap.before else None, gap.after
    used = [hour for hour in (before, after) if hour is not None]
    if gap_h > rule.gap_h_max:
        return _Filled(None, None, f"not filled: the gap is longer than {rule.gap_h_max} h", True, [])
    if before is None:
        return _Filled(None, None, f"not filled: no valid hour in the {REACH_DAYS} days before the gap", True, used)
    if after is None:
        if gap.open:
            return _Filled(None, None, "not filled yet: no valid hour after the gap so far", False, used)
        return _Filled(None, None, f"not filled: no valid hour in the {REACH_DAYS} days after the gap", True, used)
    assert before.value is not None and after.value is not None
    mean = mean_across(unscaled(before.value), unscaled(after.value), gap_h=gap_h, gap_h_max=rule.gap_h_max)
    return _Filled(rounded(mean), f"mean of the nearest valid hours before and after a gap of {gap_h} h", None, True, used)


def _before(gap: _Gap, median: bool) -> _Filled:
    gap_h = len(gap.hours)
    if gap.open:
        return _Filled(None, None, "not filled yet: no valid hour after the gap so far", False, [])
    used = gap.before[-gap_h:]
    values = [unscaled(hour.value) for hour in used if hour.value is not None]
    found = (median_before if median else mean_before)(values, gap_n=gap_h)
    if found is None:
        told = f"not filled: {len(values)} valid hours in the {REACH_DAYS} days before a gap of {gap_h} h"
        return _Filled(None, None, told, True, used)
    note = f"median of the {gap_h} valid hours before the gap" if median else f"mean of the {gap_h} valid hours before the gap"
    return _Filled(rounded(found), note, None, True, used)


def _row(hour: _Hour, found: _Filled, now_ms: int) -> dict[str, object]:
    return {
        "hour": hour.start_ms, "value": found.value, "n": 0, "reason": found.reason, "note": found.note,
        "digest": text_hash(hour.start_ms, hour.digest, found.value, found.note, found.reason, *(h.digest for h in found.used)),
        "as_of": max(h.as_of_ms for h in (hour, *found.used)), "decided": now_ms if found.final else None,
    }  # fmt: skip
