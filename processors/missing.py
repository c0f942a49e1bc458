"""Missing hours by the rules of the United States: availability, and what stands for an operating hour without a mean.

Made when a day is closed, for all hours of its quarter so far, as ``processors.quarters`` does: an hour that comes late moves availability, gap
and look-back of those after it. Provisional until the quarter's last hour is decided. A gap that runs over the end of a quarter counts as a whole on
both sides of it, once the hour is known that ends it: the quarter before is made anew then, as later quarters are with a revised day of an earlier one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import ceil

import polars as pl

from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import DAY_MS, ENGINE, HOUR_MS, SCALE, Level, period_end_ms, period_start_ms
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.missing_steps import ASSURED, AVAILABILITY, FILLED, HourAvailability, HourSubstituted
from processors.output import Output
from processors.points import NO_METER
from processors.publish import frame_of, publish
from processors.quarters import AFTER_DAYS, LOOKBACK_DAYS, Quarter, quarter_of_day, taken_back
from processors.rules.averaging import NOTHING_DUE
from processors.rules.millionths import rounded, unscaled
from processors.rules.us import availability_pct
from processors.rules.us_missing import POTENTIAL, Filled, Tier, first_hours, in_load_range, missing_value
from processors.shelf import Shelf

HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class _Hour:
    """An operating hour; ``value`` at SCALE, None where it is missing."""

    start_ms: int
    value: int | None
    digest: int
    as_of_ms: int


class _Known:
    """The operating hours of a point in the order of time, for counting those before any of them."""

    def __init__(self, hours: list[tuple[int, bool]]) -> None:
        self.starts = [start for start, _ in hours]
        self.assured = [0, *accumulate(assured for _, assured in hours)]

    def available(self, before_ms: int, rule: HourAvailability) -> tuple[int, int]:
        """Return how many hours with a mean there are among how many operating hours looked back over."""
        end = bisect_left(self.starts, before_ms)
        if end == 0:
            return 0, 0
        reach = bisect_left(self.starts, self.starts[end - 1] - rule.reach_days * DAY_MS + 1)
        first = max(end - rule.operating_n, reach)
        return self.assured[end] - self.assured[first], end - first

    def assured_before(self, before_ms: int) -> int:
        """Return how many hours with a mean there are before a time."""
        return self.assured[bisect_left(self.starts, before_ms)]


def close_missing(closed: Closed, _findings: Findings, out: Output) -> list[Quarter]:
    """Publish a day's assured hours, the availability so far, and what stands for each missing hour of the quarter.

    Returns:
        The quarters that were made: the day's own first.

    Source:
        US-3 to US-6, 40 CFR 75.31 to 75.33 (parts seen, parts from memory).
    """
    counting, filling = closed.pack.rule(HourAvailability), closed.pack.rule(HourSubstituted)
    quarter = quarter_of_day(closed.day_ms, closed.until_ms)
    if counting is None:
        return [quarter]
    hours = _hours(closed, quarter)
    rules = text_hash(ENGINE, *(rule.model_dump_json() for rule in (counting, filling) if rule is not None))
    days = [{"pid": _pid(closed, factor), "rules": rules, **_tally(mine, closed.day_ms)} for factor, mine in hours.items()]
    _published(closed, days, "day", quarter, out)
    made = [quarter, *_others(closed, quarter, hours, counting)]
    for each in made:
        mine_of = hours if each == quarter else _hours(closed, each)
        for level, rows in _made(closed, each, mine_of, counting, filling, out).items():
            _published(closed, [{"total": None, "rules": rules, **row} for row in rows], level, each, out)
    return made


def _made(
    closed: Closed, quarter: Quarter, hours: dict[str, list[_Hour]], counting: HourAvailability, filling: HourSubstituted | None, out: Output
) -> dict[Level, list[dict[str, object]]]:  # fmt: skip
    """Return the availability of a quarter so far, and what stands for its missing hours."""
    before = _tallied(closed, quarter, counting, out)
    loads = {} if filling is None else {h.start_ms: h.value for h in hours.get(filling.load_factor, []) if h.value is not None}
    rows: dict[Level, list[dict[str, object]]] = {"quarter": [], "hour": []}
    for factor, mine in hours.items():
        inside = [h for h in mine if quarter.start_ms <= h.start_ms < quarter.until_ms]
        known = _Known(before.get(factor, []) + [(h.start_ms, h.value is not None) for h in inside])
        rows["quarter"].append({"pid": _pid(closed, factor), **_availability(known, counting, inside, quarter)})
        if filling is not None:
            filled = _filled(closed, factor, mine, known, loads, quarter, counting, filling)
            rows["hour"] += [{"pid": _pid(closed, factor), **row} for row in filled]
    return rows


def _others(closed: Closed, quarter: Quarter, hours: dict[str, list[_Hour]], counting: HourAvailability) -> list[Quarter]:
    """Return the other quarters that the hours of the day may move.

    They are the later ones, which look back on it, and those before into which a gap reaches that the day lies in, or is at an end of.
    """
    starts, later, reach_ms = set(), quarter.end_ms, closed.end_ms + counting.reach_days * DAY_MS
    while later < min(closed.until_ms, reach_ms):
        starts.add(later)
        later = period_end_ms("quarter", later)
    for mine in hours.values():
        at = {hour.start_ms: n for n, hour in enumerate(mine)}
        for gap in _gaps(mine):
            last = at[gap[-1].start_ms]
            ends_ms = mine[last + 1].start_ms if last + 1 < len(mine) else closed.until_ms
            if gap[0].start_ms < quarter.start_ms and closed.day_ms <= ends_ms:
                starts |= {period_start_ms("quarter", hour.start_ms) for hour in gap}
    quarters = [quarter_of_day(start, closed.until_ms) for start in sorted(starts - {quarter.start_ms})]
    return [each for each in quarters if closed.day_ms < each.end_ms + AFTER_DAYS * DAY_MS]


def _pid(closed: Closed, factor: str) -> int:
    return closed.points.pid[closed.source.source, factor]


def _published(closed: Closed, rows: list[dict[str, object]], level: Level, quarter: Quarter, out: Output) -> None:
    made = pl.DataFrame(rows, schema=HOUR_SCHEMA)
    decided = pl.lit(closed.now_ms if quarter.over or level == "day" else None, dtype=pl.Int64)
    stat = {"day": ASSURED, "quarter": AVAILABILITY, "hour": FILLED}[level]
    start, end = (closed.day_ms, closed.end_ms) if level == "day" else (quarter.start_ms, quarter.end_ms)
    shelf = Shelf()
    shelf.put(level, frame_of(closed.latest(level, start, end, (stat,), out), closed.points))
    if level == "hour":
        made = pl.concat([made, taken_back(shelf, made, level, closed)])
    news = publish(shelf, made.with_columns(decided=decided), closed.points, level)
    if news.height:
        out.figures.append(news)


def _hours(closed: Closed, quarter: Quarter) -> dict[str, list[_Hour]]:
    """Return the operating hours by factor, from the first known one on; those not stated are missing.

    They are those of the quarter so far, of the look-back, and, of a quarter that is over, of AFTER_DAYS: there the hour may lie that ends a gap.
    """
    first_ms = quarter.start_ms - LOOKBACK_DAYS * DAY_MS
    until_ms = min(closed.until_ms, quarter.end_ms + AFTER_DAYS * DAY_MS)
    found: dict[str, dict[int, _Hour | None]] = {}
    for factor, _, start, value, reason, digest, as_of in closed.past.cold_hours(
        closed.source.source, ("avg",), first_ms, until_ms
    ):
        found.setdefault(factor, {})[start] = None if reason in NOTHING_DUE else _Hour(start, value, digest, as_of)
    measured = closed.points.frame.filter((pl.col("meter") == NO_METER) & ~pl.col("sparse") & pl.col("pid").is_in(closed.pids))
    out = {}
    for factor in sorted(set(measured["factor"]) & found.keys()):
        stated = found[factor]
        every = (stated.get(start, _Hour(start, None, 0, start + HOUR_MS)) for start in range(min(stated), until_ms, HOUR_MS))
        out[factor] = [hour for hour in every if hour is not None]
    return out


def _tallied(closed: Closed, quarter: Quarter, rule: HourAvailability, out: Output) -> dict[str, list[tuple[int, bool]]]:
    """Return the operating hours before the quarter by factor, and whether they have a mean, from what closed days said."""
    first_ms = quarter.start_ms - rule.reach_days * DAY_MS
    found: dict[str, list[tuple[int, bool]]] = {}
    for day in sorted(closed.latest("day", first_ms, quarter.start_ms, (ASSURED,), out), key=lambda f: f.start_ms):
        operating, assured = divmod(day.total or 0, 1 << HOURS_A_DAY)
        found.setdefault(day.factor, []).extend(
            (day.start_ms + n * HOUR_MS, bool(assured >> n & 1)) for n in range(HOURS_A_DAY) if operating >> n & 1
        )
    return found


def _tally(hours: Iterable[_Hour], day_ms: int) -> dict[str, object]:
    """Return stat ASSURED of a day; ``total`` holds a bit for each operating hour, and below them one for each with a mean."""
    mine = [hour for hour in hours if day_ms <= hour.start_ms < day_ms + DAY_MS]
    bits = [(1 << (hour.start_ms - day_ms) // HOUR_MS, hour.value is not None) for hour in mine]
    assured = sum(bit for bit, has in bits if has)
    share = availability_pct(assured_h=sum(has for _, has in bits), operating_h=len(bits))
    return {
        "stat": ASSURED, "hour": day_ms, "value": rounded(share), "n": len(bits),
        "total": (sum(bit for bit, _ in bits) << HOURS_A_DAY) + assured,
        "reason": "the unit did not operate" if share is None else None,
        "note": f"{sum(has for _, has in bits)} of {len(bits)} operating hours have a mean",
        "digest": text_hash(*(f"{h.start_ms}/{h.digest}" for h in mine)),
        "as_of": max((h.as_of_ms for h in mine), default=day_ms + DAY_MS),
    }  # fmt: skip


def _availability(known: _Known, rule: HourAvailability, hours: list[_Hour], quarter: Quarter) -> dict[str, object]:
    """Return stat AVAILABILITY of the quarter so far."""
    assured, operating = known.available(quarter.until_ms, rule)
    share = availability_pct(assured_h=assured, operating_h=operating)
    return {
        "stat": AVAILABILITY, "hour": quarter.start_ms, "value": rounded(share), "n": operating,
        "reason": "the unit did not operate" if share is None else None,
        "note": f"{assured} of {operating} operating hours have a mean",
        "digest": text_hash(assured, operating), "as_of": max((h.as_of_ms for h in hours), default=quarter.until_ms),
    }  # fmt: skip


def _filled(
    closed: Closed, factor: str, hours: list[_Hour], known: _Known, loads: dict[int, int], quarter: Quarter,
    counting: HourAvailability, rule: HourSubstituted,
) -> Iterable[dict[str, object]]:  # fmt: skip
    """Yield stat FILLED of each missing hour of the quarter, gap by gap; of one that is still open at its end, as far as the quarter goes."""
    valid = [(h.start_ms, h.value) for h in hours if h.value is not None]
    starts = [start for start, _ in valid]
    by_load = factor in rule.by_load
    asked = rule.load_lookback_h if by_load else rule.lookback_h
    top, potential = _top(closed, rule.load_factor), _top(closed, factor)
    ranges = [_load_range(loads.get(start) if by_load else None, top, rule.load_ranges) for start in starts]
    tiers = [Tier(**tier.model_dump()) for tier in rule.tiers]
    for gap in _gaps(hours):
        at = bisect_left(starts, gap[0].start_ms)
        whole = gap if at < len(valid) else [h for h in gap if h.start_ms < quarter.end_ms]
        mine = [h for h in whole if quarter.start_ms <= h.start_ms < quarter.end_ms]
        if not mine:
            continue
        before = unscaled(valid[at - 1][1]) if at else None
        after = unscaled(valid[at][1]) if at < len(valid) else None
        assured, operating = known.available(gap[0].start_ms, counting)
        stands: dict[int, Filled] = {}
        for hour in mine:
            load = _load_range(loads.get(hour.start_ms) if by_load else None, top, rule.load_ranges)
            if load not in stands:
                earlier = [(of, unscaled(value)) for of, (_, value) in zip(ranges[:at], valid[:at], strict=True) if of == load]
                if known.assured_before(gap[0].start_ms) < asked:
                    of_range = {load: [value for _, value in earlier]} if by_load else None
                    stands[load] = first_hours(before=before, after=after, by_load=of_range, load_range=load)
                else:
                    stands[load] = missing_value(
                        availability_pct=availability_pct(assured_h=assured, operating_h=operating), gap_h=len(whole),
                        before=before, after=after, lookback=in_load_range(earlier, load_range=load, lookback_n=asked),
                        potential=potential or 0, tiers=tiers,
                    )  # fmt: skip
            found = stands[load]
            if found.method == POTENTIAL and potential is None:
                found = Filled(None, "the registry names no range of the point, whose upper end would stand")
            yield _row(hour, found, assured, operating, len(whole))


def _row(hour: _Hour, found: Filled, assured: int, operating: int, gap_h: int) -> dict[str, object]:
    value = rounded(found.value)
    return {
        "stat": FILLED, "hour": hour.start_ms, "value": value, "n": 0,
        "reason": found.method if value is None else None,
        "note": f"{found.method}; gap of {gap_h} h, {assured} of {operating} operating hours have a mean",
        "digest": text_hash(hour.start_ms, value, assured, operating, gap_h, found.method), "as_of": hour.as_of_ms,
    }  # fmt: skip


def _gaps(hours: Iterable[_Hour]) -> Iterable[list[_Hour]]:
    """Yield the runs of operating hours without a mean."""
    run: list[_Hour] = []
    for hour in hours:
        if hour.value is None:
            run.append(hour)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _load_range(load: int | None, top: Decimal | None, ranges: int) -> int:
    """Return the range, from 1, of a load at SCALE; 0 where the load or its greatest is not known."""
    if load is None or top is None:
        return 0
    return min(max(ceil(Fraction(load * ranges, 10**SCALE) / Fraction(top)), 1), ranges)


def _top(closed: Closed, factor: str) -> Decimal | None:
    """Return the upper end of a point's range, None where the registry names none, or none above 0."""
    rows = closed.points.points_of.get(closed.points.pid.get((closed.source.source, factor), -1), [])
    high = rows[-1].range_high if rows else None
    return high if high is not None and high > 0 else None
