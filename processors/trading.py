"""Emissions trading: the value that stands for each missing hour of a year, and the year's mass with it, made anew as its days are closed.

A year adds up what its closed days say of themselves: their valid hours (number, sum and sum of squares), their missing hours, and the gas
that flowed in these. So a substitute is one number of the year, and no hour is read again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import ENGINE, HOUR_MS, SCALE, Figure, Level, period_end_ms, period_start_ms
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.missing_steps import FILLED
from processors.output import Output
from processors.publish import frame_of, publish
from processors.quarters import SUBSTITUTED
from processors.rules.averaging import NOTHING_DUE
from processors.rules.eu import deviation_of, missing_hour
from processors.rules.millionths import rounded
from processors.rules.verdict import number_text
from processors.shelf import Shelf
from processors.trading_steps import DEVIATION, GAS, MISSING, MassTrading

_Hours = dict[tuple[str, int], tuple[int | None, str | None, int, int]]
"""(value, reason, digest, as of) of the day's hours by factor and start."""
SHOWN = 3
"""Decimals of mean and deviation in a note."""


@dataclass(frozen=True, slots=True)
class _Year:
    """What the closed days of a year say of a point: valid hours, their sum and sum of squares at SCALE, and what was missing."""

    n: int
    total: int
    squares: int
    missing: int
    gas: int
    without: int
    mass: int


def close_trading(closed: Closed, _findings: Findings, out: Output) -> None:
    """Publish what a day has to say, then the year's substitute for missing hours, and its mass with them.

    Source:
        EU-14, monitoring regulation article 45 (seen): mean and two standard deviations. That these are of the year so far, of all valid
        hours of operation, and that the deviation is that of a sample, is a proposal.
    """
    rule = closed.pack.rule(MassTrading)
    if rule is None:
        return
    points = {factor: flow for factor, flow in _flows(closed) if factor in rule.factors}
    if not points:
        return
    hours: _Hours = {
        (factor, start): (value, reason, digest, as_of)
        for factor, _, start, value, reason, digest, as_of in closed.past.cold_hours(
            closed.source.source, ("avg",), closed.day_ms, closed.end_ms
        )
    }
    _published(closed, [row for factor, flow in points.items() for row in _day(closed, factor, flow, hours)], "day", out)
    start = period_start_ms("year", closed.day_ms)
    end = period_end_ms("year", start)
    days = closed.latest("day", start, end, (DEVIATION, MISSING, GAS, "mass"), out)
    _published(
        closed, [row for factor in points for row in _year(factor, start, days, rule)], "year", out, over=closed.until_ms >= end
    )


def _flows(closed: Closed) -> Iterable[tuple[str, str]]:
    """Yield the factors whose point has a flow on the day, and the flow's."""
    held = (pl.col("from_ms") <= closed.day_ms) & (pl.col("to_ms") > closed.day_ms) & pl.col("flow_pid").is_not_null()
    rows = closed.points.frame.filter(held & pl.col("pid").is_in(closed.pids)).sort("pid")
    for factor, flow in rows.select("factor", "flow_pid").rows():
        yield factor, closed.points.keys[flow].factor


def _day(closed: Closed, factor: str, flow: str, hours: _Hours) -> Iterable[dict[str, object]]:
    """Yield stats DEVIATION, MISSING and GAS of a day; their totals are the sum of squares, the sum, and the hours without a flow.

    Hours before the source's first report are none of operation.
    """
    never = (None, None, 0, closed.end_ms)
    first = (closed.past.first_report_ms(closed.source.source) or 0) // HOUR_MS * HOUR_MS
    starts = range(max(closed.day_ms, min(first, closed.end_ms - HOUR_MS)), closed.end_ms, HOUR_MS)
    every = [(hours.get((factor, h), never), hours.get((flow, h), never)) for h in starts]
    due = [(c, q) for c, q in every if c[1] not in NOTHING_DUE]
    valid = [c[0] for c, _ in due if c[0] is not None]
    gas = [q[0] for c, q in due if c[0] is None and q[0] is not None]
    squares = sum(v * v for v in valid)
    deviation = deviation_of(n=len(valid), total=sum(valid), squares=squares)
    same = {
        "factor": factor, "hour": closed.day_ms, "digest": text_hash(*(f"{c[0]}/{c[1]}/{c[2]}/{q[0]}/{q[2]}" for c, q in every)),
        "as_of": max(max(c[3], q[3]) for c, q in every), "reason": None, "note": None,
    }  # fmt: skip
    yield same | {
        "stat": DEVIATION, "value": None if deviation is None else rounded(deviation / 10**SCALE), "n": len(valid), "total": squares,
        "reason": "fewer than two valid hours" if deviation is None else None,
    }  # fmt: skip
    missing = len(due) - len(valid)
    yield same | {
        "stat": MISSING, "value": missing * 10**SCALE, "n": len(due), "total": sum(valid),
        "note": f"{len(valid)} of {len(due)} operating hours have a mean",
    }  # fmt: skip
    yield same | {"stat": GAS, "value": sum(gas), "n": len(gas), "total": sum(q[0] is None for _, q in due)}


def _year(factor: str, start_ms: int, days: list[Figure], rule: MassTrading) -> Iterable[dict[str, object]]:
    """Yield stat FILLED of the year, what stands for each missing hour, and stat SUBSTITUTED, the mass with these."""
    mine = [f for f in days if f.factor == factor]
    year = _sums(mine)
    deviation = deviation_of(n=year.n, total=year.total, squares=year.squares)
    stands = None
    if deviation is not None:
        stands = rounded(
            missing_hour(Fraction(year.total, year.n), deviation=deviation, deviation_times=rule.deviation_times) / 10**SCALE
        )
    same = {
        "factor": factor, "hour": start_ms, "total": None, "as_of": max(f.as_of_ms for f in mine),
        "digest": text_hash(*sorted(f"{f.start_ms}/{f.stat}/{f.inputs}" for f in mine)),
    }  # fmt: skip
    shown = "" if deviation is None else (
        f"mean {number_text(Fraction(year.total, year.n * 10**SCALE), SHOWN)} of {year.n} hours,"
        f" standard deviation {number_text(deviation / 10**SCALE, SHOWN)}; {year.missing} hours missing"
    )  # fmt: skip
    yield same | {
        "stat": FILLED, "value": stands, "n": year.n, "note": shown or None,
        "reason": "fewer than two valid hours" if stands is None else None,
    }  # fmt: skip
    lacking = year.without + (year.missing if stands is None else 0)
    filled = 0 if stands is None else rounded(Fraction(stands * year.gas, 10 ** (2 * SCALE + 6)))
    yield same | {
        "stat": SUBSTITUTED, "value": None if lacking else year.mass + (filled or 0), "n": year.n,
        "note": f"{year.missing} hours substituted" if not lacking else None,
        "reason": f"{lacking} hours have no substitute" if lacking else None,
    }  # fmt: skip


def _sums(days: list[Figure]) -> _Year:
    spread, missing, gas, mass = ([f for f in days if f.stat == stat] for stat in (DEVIATION, MISSING, GAS, "mass"))
    return _Year(
        n=sum(f.n for f in spread),
        total=sum(f.total or 0 for f in missing),
        squares=sum(f.total or 0 for f in spread),
        missing=sum(f.value or 0 for f in missing) // 10**SCALE,
        gas=sum(f.value or 0 for f in gas),
        without=sum(f.total or 0 for f in gas),
        mass=sum(f.value or 0 for f in mass),
    )


def _published(closed: Closed, rows: list[dict[str, object]], level: Level, out: Output, *, over: bool = True) -> None:
    rule = closed.pack.rule(MassTrading)
    assert rule is not None
    rules = text_hash(ENGINE, rule.model_dump_json())
    pids = {row["factor"]: closed.points.pid[closed.source.source, str(row["factor"])] for row in rows}
    made = pl.DataFrame([row | {"pid": pids[row["factor"]], "rules": rules} for row in rows], schema=HOUR_SCHEMA)
    first = closed.day_ms if level == "day" else period_start_ms(level, closed.day_ms)
    shelf = Shelf()
    shelf.put(level, frame_of(closed.latest(level, first, first + 1, made["stat"].unique().sort(), out), closed.points))
    decided = pl.lit(closed.now_ms if over else None, dtype=pl.Int64)
    news = publish(shelf, made.with_columns(decided=decided), closed.points, level)
    if news.height:
        out.figures.append(news)
