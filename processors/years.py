"""Years by which programmes are assessed: shares within limits, days discarded, months; made anew as each of their days is closed.

A year adds up what its closed days say of themselves (``processors.validated``), never single averages.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from ingest.registry import Limit
from processors.calibration_range import close_range
from processors.closing import Closed
from processors.compliance import noted, share_lost, tell_lost
from processors.digest import text_hash
from processors.figures import DAY_MS, ENGINE, HALF_HOUR_MS, HOUR_MS, Figure, Level, period_end_ms, period_start_ms, scaled
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.judging import COMPLIES, EXCEEDS
from processors.output import Output
from processors.programme_steps import (
    BEYOND,
    DAYS_DISCARDED,
    DAYS_WITHIN,
    VALIDATED,
    HalfHourMean,
    LimitMultiples,
    YearDays,
    YearWithin,
)
from processors.programmes import WITHIN, assessed
from processors.publish import frame_of, publish
from processors.rules.eu import waste_year
from processors.rules.millionths import rounded
from processors.rules.verdict import share_pct
from processors.shelf import Shelf
from processors.validated import NO_AVERAGE, NOT_OPERATING, close_validated, held_on

DAY_STATS = (VALIDATED, WITHIN, BEYOND)
ENOUGH = "none is above the other limit, which is enough"
YEAR_STATS = (WITHIN, BEYOND, DAYS_WITHIN, DAYS_DISCARDED)


@dataclass(frozen=True, slots=True)
class _Made:
    """A figure of a month or year before it is judged; its note says where its bound can no longer be kept."""

    value: int | None
    n: int
    note: str


def close_programme(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish a day's validated averages, then what the rule pack asks of its month and year; tell what can no longer be met.

    Source:
        EU-7, EU-8, EU-10, EU-11, EU-13 (emission_rules 9.1).
    """
    close_validated(closed, findings, out)
    close_range(closed, findings, out)
    start = period_start_ms("year", closed.day_ms)
    end = period_end_ms("year", start)
    days = closed.latest("day", start, end, DAY_STATS, out)
    if not days:
        return
    over = closed.until_ms >= end
    rows = []
    for factor in sorted({f.factor for f in days}):
        mine = [f for f in days if f.factor == factor]
        for stat, made in _year(closed, mine, factor, start, end, over).items():
            rows.append(_row(closed, factor, stat, start, made, mine))
    _published(closed, rows, "year", start, end, YEAR_STATS, over, findings, out)
    if closed.pack.rule(LimitMultiples) is not None:
        _close_month(closed, days, findings, out)


def _close_month(closed: Closed, days: list[Figure], findings: Findings, out: Output) -> None:
    """Publish the mean of the month's validated averages of valid days, where a limit holds for months (EU-11)."""
    start = period_start_ms("month", closed.day_ms)
    end = period_end_ms("month", start)
    over, rows = closed.until_ms >= end, []
    limits = {limit.factor: scaled(limit.limit) for limit in held_on(closed, "month")}
    for factor, bound in sorted(limits.items()):
        mine = [f for f in days if f.factor == factor and f.stat == VALIDATED and start <= f.start_ms < end]
        valid = [f for f in mine if f.value is not None]
        n = sum(f.n for f in valid)
        mean = Fraction(sum(f.total or 0 for f in valid), n * 10**6) if n else None
        value = rounded(mean)
        lost = over and value is not None and value > bound
        made = _Made(value, n, noted(f"{n} valid averages of {len(valid)} days", lost))
        if mine:
            rows.append(_row(closed, factor, VALIDATED, start, made, mine))
    _published(closed, rows, "month", start, end, (VALIDATED,), over, findings, out)


def _year(closed: Closed, days: list[Figure], factor: str, start_ms: int, end_ms: int, over: bool) -> dict[str, _Made]:
    """Return what is asked of the year of a point, by stat."""
    asked = {
        stat: bound for limit, stat, bound, _ in assessed(_limits_of(closed, factor), [closed.source], closed.points.packs)
    }
    within, counted = closed.pack.rule(YearWithin), closed.pack.rule(YearDays)
    first = min(f.start_ms for f in days)
    open_days = 0 if over else (end_ms - first) // DAY_MS - len({f.start_ms for f in days})
    a_day = DAY_MS // (HOUR_MS if closed.pack.rule(HalfHourMean) is None else HALF_HOUR_MS)
    made: dict[str, _Made] = {}
    if within is not None:
        sums = {stat: _sums([f for f in days if f.stat == stat]) for stat in (WITHIN, BEYOND)}
        above = sums[BEYOND][1] > 0
        for stat in (s for s in (WITHIN, BEYOND) if s in asked):
            n, beyond = sums[stat]
            lost = (
                share_lost(valid=n, beyond=beyond, open_n=open_days * a_day, share_min=asked[stat]) if stat == WITHIN else above
            )
            if within.either and WITHIN in asked:  # one of both is enough, and is told with the share
                lost = stat == WITHIN and lost and above
            share = rounded(share_pct(n - beyond, n)) if stat == WITHIN else beyond * 10**6
            enough = within.either and stat == WITHIN and not above
            told = [f"{beyond} of {n} valid averages beyond the limit", *([ENOUGH] if enough else [])]
            made[stat] = _Made(share, n, noted("; ".join(told), lost))
    if counted is not None and DAYS_WITHIN in asked:
        validated = [f for f in days if f.stat == VALIDATED]
        judged = [f for f in validated if f.verdict in (COMPLIES, EXCEEDS)]
        n, beyond = len(judged), sum(f.verdict == EXCEEDS for f in judged)
        lost = share_lost(valid=n, beyond=beyond, open_n=open_days, share_min=asked[DAYS_WITHIN])
        made[DAYS_WITHIN] = _Made(
            rounded(share_pct(n - beyond, n)), n, noted(f"{beyond} of {n} valid days beyond the limit", lost)
        )
    if counted is not None and counted.discarded_days_max is not None and DAYS_DISCARDED in asked:
        validated = [f for f in days if f.stat == VALIDATED]
        discarded = sum(f.value is None and f.reason not in (NOT_OPERATING, NO_AVERAGE) for f in validated)
        lost = waste_year(discarded, discarded_days_max=counted.discarded_days_max).outcome == "fails"
        note = noted(f"{discarded} of {len(validated)} days discarded", lost)
        made[DAYS_DISCARDED] = _Made(discarded * 10**6, len(validated), note)
    return made


def _limits_of(closed: Closed, factor: str) -> list[Limit]:
    """Return the limits of a point of the source, those that follow from a year's among them."""
    return [limit for limit in closed.points.held if (limit.source, limit.factor) == (closed.source.source, factor)]


def _sums(days: list[Figure]) -> tuple[int, int]:
    return sum(f.n for f in days), sum(f.total or 0 for f in days)


def _row(closed: Closed, factor: str, stat: str, start_ms: int, made: _Made, of: list[Figure]) -> dict[str, object]:
    rules = text_hash(
        ENGINE, *(rule.model_dump_json() for rule in closed.pack.rules if isinstance(rule, YearWithin | YearDays))
    )
    return {
        "pid": closed.points.pid[closed.source.source, factor],
        "stat": stat,
        "hour": start_ms,
        "value": made.value,
        "n": made.n,
        "total": None,
        "reason": None if made.value is not None else NO_AVERAGE,
        "note": made.note,
        "digest": text_hash(*sorted(f"{f.start_ms}/{f.stat}/{f.inputs}/{f.verdict}" for f in of)),
        "rules": rules,
        "as_of": max(f.as_of_ms for f in of),
    }


def _published(
    closed: Closed, rows: list[dict[str, object]], level: Level, start_ms: int, end_ms: int, stats: tuple[str, ...], over: bool,
    findings: Findings, out: Output,
) -> None:  # fmt: skip
    before = closed.latest(level, start_ms, end_ms, stats, out)
    shelf = Shelf()
    shelf.put(level, frame_of(before, closed.points))
    decided = pl.lit(closed.now_ms if over else None, dtype=pl.Int64)
    news = publish(shelf, pl.DataFrame(rows, schema=HOUR_SCHEMA).with_columns(decided=decided), closed.points, level)
    if news.height:
        out.figures.append(news)
        tell_lost(news, before, closed, findings, out)
