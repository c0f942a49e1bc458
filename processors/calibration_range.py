"""The valid calibration range: averages above it, week by week since the calibration, and when a new one is due.

A day counts its averages when it is closed; the weeks of a calibration add up what its days say. What is due is told once, and taken back
when late readings, a mark or a new calibration say otherwise.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction

import polars as pl

from ingest.registry import Point
from processors.calibration_steps import OUTSIDE_RANGE, RANGE_WEEKS, CalibrationRange
from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import DAY_MS, ENGINE, SCALE, Figure, epoch_ms, local
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.judging import EXEMPT
from processors.output import Output
from processors.points import end_ms, start_ms
from processors.programme_steps import HalfHourMean
from processors.publish import frame_of, publish
from processors.rules.en14181 import calibration_range, valid_range_end
from processors.rules.millionths import rounded, unscaled
from processors.rules.verdict import number_text, share_pct
from processors.shelf import Shelf

REACH_DAYS = 1_096
"""Days since the calibration that are looked at; a plant's monitors are calibrated anew at least every three years, or five."""
WEEK = 7
DUE = re.compile(r"new QAL2 due by (\d{4}-\d\d-\d\d)$")
KINDS = ("calibration.renewal_withdrawn", "calibration.renewal_due")


def close_range(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish how many averages of a day lie above the range of each calibrated point, and the weeks since; tell what is due.

    Source:
        EU-16, EN 14181 (from memory, medium).
    """
    rule = closed.pack.rule(CalibrationRange)
    points = [] if rule is None else [p for p in _calibrated(closed) if start_ms(p) > 0]
    if rule is None or not points:
        return
    days = [row for point in points for row in _day(closed, point, rule, out)]
    _published(closed, days, closed.day_ms, out)
    for point in points:
        since = start_ms(point)
        row = _weeks(closed, point, rule, out)
        news, before = _published(closed, [row], since, out)
        if news.height:
            _tell(closed, point, before, row, findings, out)


def _calibrated(closed: Closed) -> Iterable[Point]:
    """Yield the source's points that hold on the day and say how far they are calibrated."""
    for pid in closed.pids:
        for row in closed.points.points_of.get(pid, []):
            if row.calibrated_high is not None and start_ms(row) <= closed.day_ms < end_ms(row):
                yield row


def _day(closed: Closed, point: Point, rule: CalibrationRange, out: Output) -> Iterable[dict[str, object]]:
    """Yield stat OUTSIDE_RANGE of the day, where it has averages of the operating plant."""
    level, stat = (
        "hour" if closed.pack.rule(HalfHourMean) is None else "halfhour",
        "avg" if point.reference_o2_pct is None else "avg_ref",
    )
    found = closed.latest(level, closed.day_ms, closed.end_ms, (stat,), out)  # type: ignore[arg-type]
    valid = [f for f in found if f.factor == point.factor and f.value is not None and f.verdict != EXEMPT]
    if not valid:
        return
    pid = closed.points.pid[point.source, point.factor]
    held = closed.points.validated.filter(
        (pl.col("pid") == pid) & (pl.col("from_ms") <= closed.day_ms) & (pl.col("to_ms") > closed.day_ms)
    )
    limit = unscaled(int(held["base"].min())) if held.height else 0  # type: ignore[arg-type]
    assert point.calibrated_high is not None
    end = valid_range_end(
        highest_calibrated=point.calibrated_high,
        limit=limit,
        calibrated_times=rule.calibrated_times,
        limit_times=rule.limit_times,
    )
    above = sum(Fraction(f.value or 0, 10**SCALE) > end for f in valid)
    yield {
        "pid": pid, "stat": OUTSIDE_RANGE, "hour": closed.day_ms, "value": rounded(share_pct(above, len(valid))), "n": len(valid), "total": above,
        "reason": None, "note": f"{above} of {len(valid)} averages above {number_text(end)} {point.unit}, where the calibration range ends",
        "digest": text_hash(above, number_text(end, SCALE), *(f"{f.start_ms}/{f.inputs}" for f in valid)), "as_of": max(f.as_of_ms for f in valid),
    }  # fmt: skip


def _weeks(closed: Closed, point: Point, rule: CalibrationRange, out: Output) -> dict[str, object]:
    """Return stat RANGE_WEEKS of a calibration: weeks that are over, from Monday to Sunday, the first from the day of the calibration."""
    since = start_ms(point)
    first = max(since, closed.until_ms - REACH_DAYS * DAY_MS)
    days = [
        f
        for f in closed.latest("day", first, min(end_ms(point), closed.until_ms), (OUTSIDE_RANGE,), out)
        if f.factor == point.factor
    ]
    newest = max((f.start_ms + DAY_MS for f in days), default=0)
    weeks: dict[int, list[Figure]] = {}
    for f in days:
        weeks.setdefault(_week_end(f.start_ms), []).append(f)
    tallies = {
        end: (sum(f.total or 0 for f in weeks[end]), sum(f.n for f in weeks[end])) for end in sorted(weeks) if end <= newest
    }
    shares = [Fraction(100 * above, n) for above, n in tallies.values()]
    over = sum(share > Fraction(rule.week_pct) for share in shares)
    note = (
        f"{over} of {len(shares)} weeks with more than {number_text(rule.week_pct)} % of averages above the calibration range"
    )
    note += f", at most {number_text(max(shares))} % in a week" if shares else ""
    due = _due(tallies, rule)
    return {
        "pid": closed.points.pid[point.source, point.factor], "stat": RANGE_WEEKS, "hour": since, "value": over * 10**SCALE,
        "n": len(shares), "total": None, "reason": None, "note": f"{note}; new QAL2 due by {due}" if due else note,
        "digest": text_hash(*(f"{end}/{tally}" for end, tally in tallies.items())), "as_of": max((f.as_of_ms for f in days), default=since),
    }  # fmt: skip


def _due(tallies: dict[int, tuple[int, int]], rule: CalibrationRange) -> str | None:
    """Return until when a new calibration is due: so many months after the first week at whose end it was, None where it is not."""
    ends = list(tallies)
    for n, end in enumerate(ends, 1):
        verdict = calibration_range(
            [tallies[e] for e in ends[:n]], week_pct=rule.week_pct, weeks_max=rule.weeks_max, one_week_pct=rule.one_week_pct
        )
        if verdict.outcome == "fails":
            return months_after(end, rule.due_months)
    return None


def months_after(time_ms: int, months: int) -> str:
    """Return the local date so many months after a time, the last of a month that is too short.

    >>> months_after(1_788_105_600_000, 6)  # 31 August 2026
    '2027-02-28'
    """
    day = local(time_ms).date()
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last)).isoformat()


def _week_end(day_ms: int) -> int:
    """Return the end of the local week, on Monday at midnight, in which a day lies."""
    day = local(day_ms)
    return epoch_ms(day + timedelta(days=WEEK - day.weekday()))


def _published(closed: Closed, rows: list[dict[str, object]], at_ms: int, out: Output) -> tuple[pl.DataFrame, list[Figure]]:
    rule = closed.pack.rule(CalibrationRange)
    assert rule is not None
    rules = text_hash(ENGINE, rule.model_dump_json())
    made = pl.DataFrame([row | {"rules": rules} for row in rows], schema=HOUR_SCHEMA)
    old = closed.latest("day", at_ms, at_ms + 1, made["stat"].unique().sort(), out)
    shelf = Shelf()
    shelf.put("day", frame_of(old, closed.points))
    news = publish(shelf, made.with_columns(decided=pl.lit(closed.now_ms, dtype=pl.Int64)), closed.points, "day")
    if news.height:
        out.figures.append(news)
    return news, old


def _tell(closed: Closed, point: Point, before: list[Figure], row: dict[str, object], findings: Findings, out: Output) -> None:
    """Tell a new calibration that is due, or no longer is."""
    was = next((_due_in(f.explain.get("note")) for f in before if f.factor == point.factor), None)
    due = _due_in(str(row["note"]))
    if due == was:
        return
    date = f"{local(start_ms(point)):%Y-%m-%d}"
    text = f"calibration of {date}: {row['note']}"
    facts: dict[str, object] = {"text": text, "item": "range", "due": due, "stat": RANGE_WEEKS}
    findings.event(KINDS[due is not None], point.source, point.factor, closed.now_ms, f"{date}/{due}/{row['n']}", facts, out)


def _due_in(note: str | None) -> str | None:
    found = DUE.search(note or "")
    return None if found is None else found[1]
