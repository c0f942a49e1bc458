"""Valid hours and days: enough of a day's operating hours with a mean, on enough of a quarter's operating days; made anew as days are closed.

A quarter adds up what its closed days say of themselves, and is provisional until it is over. A day that misses what is asked is told, and a
quarter once nothing that may still come can make it keep the bound; both are taken back when late readings or a mark change that.
"""

from __future__ import annotations

import polars as pl

from processors.closing import Closed
from processors.compliance import noted, share_lost, tell_lost
from processors.digest import text_hash
from processors.figures import DAY_MS, ENGINE, Figure, Level, scaled
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.judging import COMPLIES, EXCEEDS, NOT_JUDGED
from processors.output import Output
from processors.points import NO_METER
from processors.publish import frame_of, publish
from processors.quarter_steps import VALID_DAYS, VALID_HOURS, QuarterValidDays
from processors.quarters import Quarter, quarter_of_day
from processors.rules.averaging import NOTHING_DUE
from processors.rules.millionths import rounded
from processors.rules.us import valid_day, valid_quarter
from processors.rules.verdict import Verdict, number_text
from processors.shelf import Shelf

IDLE = "the unit did not operate"
_VERDICTS = {"passes": COMPLIES, "fails": EXCEEDS, "not judged": NOT_JUDGED}
_JUDGED: dict[str, type[pl.DataType]] = {"limit": pl.Int64, "limit_id": pl.String, "verdict": pl.String, "others": pl.String}


def close_valid_days(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish the share of a day's operating hours with a mean, and of the quarter's operating days so far that have enough of them.

    Source:
        US-2, 40 CFR Part 60, municipal waste combustion (seen): 75 % of operating hours a day, on 90 % of operating days a quarter.
    """
    rule = closed.pack.rule(QuarterValidDays)
    if rule is None:
        return
    quarter = quarter_of_day(closed.day_ms, closed.until_ms)
    _published(closed, _days(closed, rule), "day", closed.day_ms, True, findings, out)
    known = closed.latest("day", quarter.start_ms, quarter.end_ms, (VALID_HOURS,), out)
    rows = [
        _quarter(closed, factor, [f for f in known if f.factor == factor], quarter, rule)
        for factor in sorted({f.factor for f in known})
    ]
    _published(closed, rows, "quarter", quarter.start_ms, quarter.over, findings, out)


def _days(closed: Closed, rule: QuarterValidDays) -> list[dict[str, object]]:
    """Return stat VALID_HOURS of the day of each measuring point, of the hours that are stated: with a mean, without one, or stopped."""
    frame = closed.points.frame.filter((pl.col("meter") == NO_METER) & ~pl.col("sparse") & pl.col("pid").is_in(closed.pids))
    measured = dict(frame.select("factor", "pid").rows())
    hours: dict[str, list[tuple[int, bool, int, int]]] = {}
    for factor, _, start, value, reason, digest, as_of in closed.past.cold_hours(
        closed.source.source, ("avg",), closed.day_ms, closed.end_ms
    ):
        if factor in measured:
            due = hours.setdefault(factor, [])
            if reason not in NOTHING_DUE:
                due.append((start, value is not None, digest, as_of))
    rows: list[dict[str, object]] = []
    for factor, due in sorted(hours.items()):
        n, assured = len(due), sum(has for _, has, _, _ in due)
        verdict = valid_day(assured_h=assured, operating_h=n, share_min_pct=rule.hours_share_min_pct)
        note = f"{assured} of {n} operating hours have a mean, at least {number_text(rule.hours_share_min_pct)} % asked"
        rows.append(
            {
                "pid": measured[factor], "stat": VALID_HOURS, "hour": closed.day_ms, "n": n, "note": note,
                "digest": text_hash(*(f"{start}/{has}/{digest}" for start, has, digest, _ in due)),
                "as_of": max((as_of for *_, as_of in due), default=closed.end_ms),
            }
            | _judged(verdict, note, lost=verdict.outcome == "fails")
        )  # fmt: skip
    return rows


def _quarter(closed: Closed, factor: str, days: list[Figure], quarter: Quarter, rule: QuarterValidDays) -> dict[str, object]:
    """Return stat VALID_DAYS of the quarter so far."""
    operating = [day for day in days if day.n]
    n, valid = len(operating), sum(day.verdict == COMPLIES for day in operating)
    open_n = 0 if quarter.over else (quarter.end_ms - quarter.start_ms) // DAY_MS - len(days)
    asked = rule.days_share_min_pct
    lost = share_lost(valid=n, beyond=n - valid, open_n=open_n, share_min=scaled(asked))
    note = f"{valid} of {n} operating days have enough valid hours, at least {number_text(asked)} % asked"
    return {
        "pid": closed.points.pid[closed.source.source, factor], "stat": VALID_DAYS, "hour": quarter.start_ms, "n": n,
        "digest": text_hash(*(f"{day.start_ms}/{day.inputs}/{day.verdict}" for day in days)), "as_of": max(day.as_of_ms for day in days),
    } | _judged(valid_quarter(valid_d=valid, operating_d=n, share_min_pct=asked), note, lost=lost)  # fmt: skip


def _judged(verdict: Verdict, note: str, *, lost: bool) -> dict[str, object]:
    value = rounded(verdict.number)
    return {
        "value": value, "reason": IDLE if value is None else None, "note": noted(note, lost), "total": None,
        "limit": None, "limit_id": None, "verdict": _VERDICTS[verdict.outcome], "others": None,
    }  # fmt: skip


def _published(
    closed: Closed, rows: list[dict[str, object]], level: Level, start_ms: int, over: bool, findings: Findings, out: Output
) -> None:
    if not rows:
        return
    rules = text_hash(ENGINE, *(rule.model_dump_json() for rule in closed.pack.rules if isinstance(rule, QuarterValidDays)))
    stat = VALID_HOURS if level == "day" else VALID_DAYS
    before = closed.latest(level, start_ms, start_ms + 1, (stat,), out)
    shelf = Shelf()
    shelf.put(level, frame_of(before, closed.points))
    made = pl.DataFrame([row | {"rules": rules} for row in rows], schema={**HOUR_SCHEMA, **_JUDGED})
    decided = pl.lit(closed.now_ms if over else None, dtype=pl.Int64)
    news = publish(shelf, made.with_columns(decided=decided), closed.points, level)
    if news.height:
        out.figures.append(news)
        tell_lost(news, before, closed, findings, out)
