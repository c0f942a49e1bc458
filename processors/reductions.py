"""Reductions: whether a source came down as its plan asks under a pollution-weather warning; made anew as each of its days is closed.

One figure a response: level "hour", the hour in which it begins, stat REDUCTION [%]. It is provisional, and says what was reached so far,
until the response's last hour is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import DAY_MS, ENGINE, HOUR_MS, Figure, local_iso, scaled
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.judging import COMPLIES, EXCEEDS, NOT_JUDGED
from processors.output import Output
from processors.publish import frame_of, publish
from processors.responses import Response, ended_ms
from processors.rules.averaging import NOTHING_DUE
from processors.rules.millionths import unscaled
from processors.rules.verdict import number_text
from processors.rules.weather import reductions
from processors.shelf import Shelf
from processors.weather_steps import WeatherReduction

REDUCTION = "reduction"
"""Stat of a response's figure."""
STOPPED = NOTHING_DUE[0]
"""Reason of an hour that was declared stopped."""
MISSED, CORRECTED = "weather.missed", "weather.corrected"
TAKEN_BACK = "no warning asks for this reduction any more"


@dataclass(frozen=True, slots=True)
class Hour:
    """A decided hour of a point's mass, energy or mean."""

    start_ms: int
    value: int | None
    reason: str | None
    digest: int
    as_of_ms: int

    @property
    def counted(self) -> int | None:
        """The value; zero of an hour in which nothing was due."""
        return 0 if self.value is None and self.reason in NOTHING_DUE else self.value


def close_reductions(closed: Closed, findings: Findings, out: Output) -> None:
    """Make the figures of the responses that a day belongs to, or is a baseline of, and tell what was not reached or no longer holds.

    A stopped hour counts as zero. Normal is a day without a warning for the source on which it was not declared stopped.

    Source:
        Emission_rules 8 (proposal): see ``rules.weather.reductions``.
    """
    rule, source, warnings = closed.pack.rule(WeatherReduction), closed.source.source, closed.points.warnings
    if rule is None or not warnings.plans(source):
        return
    reach_ms = rule.lookback_days * DAY_MS
    concerned = [
        r
        for r in warnings.responses(source)
        if r.start_ms - reach_ms < closed.end_ms and r.end_ms > closed.day_ms and r.start_ms < closed.until_ms
    ]
    starts = [closed.day_ms, closed.end_ms - 1, *(r.hour_ms for r in concerned)]
    known = {
        (f.factor, f.start_ms): f for f in closed.past.cold_figures(source, "hour", min(starts), max(starts) + 1, (REDUCTION,))
    }
    rows = _rows(closed, rule, concerned)
    for row in rows:  # a figure that was final once is revised, also where its warning goes on after all
        was = known.get((closed.points.keys[row["pid"]].factor, row["hour"]))
        over = row.pop("over") or (was is not None and was.revision > 0)
        row["decided"] = closed.now_ms if over else None
    made = pl.DataFrame(rows, schema=_SCHEMA).unique(["pid", "hour"], keep="last", maintain_order=True)
    made = pl.concat([made, _taken_back(closed, made, list(known.values()))])
    shelf = Shelf()
    shelf.put("hour", frame_of(list(known.values()), closed.points))
    news = publish(shelf, made, closed.points, "hour")
    if news.height:
        out.figures.append(news)
    for row in news.filter(pl.col("revision") > 0).sort("hour", "pid").iter_rows(named=True):
        was = known.get((closed.points.keys[row["pid"]].factor, row["hour"]))
        _tell(row, was if was is not None and was.revision else None, closed, findings, out)


def _rows(closed: Closed, rule: WeatherReduction, concerned: list[Response]) -> list[dict[str, Any]]:
    """Return the figures of responses so far, in the order of ``concerned``; ``over`` where the last hour is decided."""
    if not concerned:
        return []
    source, warnings = closed.source.source, closed.points.warnings
    first = _day(closed, concerned[0].start_ms) - rule.lookback_days * DAY_MS
    stats = tuple(sorted({r.plan.stat for r in concerned}))
    read = closed.past.cold_hours(source, stats, first, closed.until_ms)
    hours: dict[tuple[str, str], list[Hour]] = {}
    for factor, stat, start, value, reason, digest, as_of in read:
        hours.setdefault((factor, stat), []).append(Hour(start, value, reason, digest, as_of))
    warned = {
        day
        for w in warnings.of(warnings.areas(source))
        if w.start_ms < ended_ms(w)
        for day in range(_day(closed, max(w.start_ms, first)), min(ended_ms(w), closed.until_ms), DAY_MS)
    }
    rows = [_row(closed, rule, r, hours.get((r.plan.factor, r.plan.stat), []), warned) for r in concerned]
    return [row for row in rows if row is not None]


def _row(
    closed: Closed, rule: WeatherReduction, response: Response, hours: list[Hour], warned: set[int]
) -> dict[str, Any] | None:
    """Return a response's figure so far; None of a point that is not known, or of which no hour is."""
    plan = response.plan
    pid, asked = closed.points.pid.get((closed.source.source, plan.factor)), plan.reduction_pct
    until = min(response.end_ms, closed.until_ms)
    first = _day(closed, response.start_ms) - rule.lookback_days * DAY_MS
    found = [hour for hour in hours if first <= hour.start_ms < until]
    if pid is None or asked is None or not found:
        return None
    stopped = {_day(closed, hour.start_ms) for hour in found if hour.reason == STOPPED}
    abnormal = {_day(closed, hour.start_ms) for hour in found} & (warned | stopped)
    frame = pl.DataFrame(
        [(pid, h.start_ms, h.counted, _day(closed, h.start_ms) not in abnormal) for h in found],
        schema={"pid": pl.Int32, "hour": pl.Int64, "value": pl.Int64, "normal": pl.Boolean},
        orient="row",
    )
    judged = reductions(
        frame,
        start_ms=response.start_ms,
        end_ms=until,
        grace_s=rule.grace_h * 3_600,
        baseline_days=rule.baseline_days,
        coverage_pct_min=rule.coverage_min_pct,
        required_pct=asked,
        offset_ms=closed.points.rules.offset_ms,
        clock_h=plan.clock_h,
    )
    (it,) = judged.rows(named=True)
    during, baseline = _number(it["during"]), _number(it["baseline"])
    compared = f"mean {during} in {it['n']} of {it['due']} hours, {baseline} in the same hours of normal days"
    return {
        "pid": pid,
        "stat": REDUCTION,
        "hour": response.hour_ms,
        "value": it["value"],
        "n": it["n"],
        "reason": it["reason"],
        "note": None if it["value"] is None else compared,
        "digest": text_hash(*(f"{h.start_ms}/{h.digest}" for h in found), response.start_ms, until, *sorted(abnormal)),
        "rules": text_hash(ENGINE, rule.model_dump_json(), plan.model_dump_json()),
        "as_of": max(h.as_of_ms for h in found),
        "limit": scaled(asked),
        "limit_id": response.warning,
        "verdict": NOT_JUDGED if it["met"] is None else COMPLIES if it["met"] else EXCEEDS,
        "over": closed.until_ms >= response.end_ms,
    }


def _day(closed: Closed, time_ms: int) -> int:
    """Return the start of the local day."""
    offset = closed.points.rules.offset_ms
    return (time_ms + offset) // DAY_MS * DAY_MS - offset


def _taken_back(closed: Closed, made: pl.DataFrame, known: list[Figure]) -> pl.DataFrame:
    """Return rows that take back the figures that began on this day and that no response stands behind any more."""
    stale = [f for f in known if closed.day_ms <= f.start_ms < closed.end_ms and f.reason != TAKEN_BACK]
    gone = frame_of(stale, closed.points).join(made, on=["pid", "hour"], how="anti")
    return gone.with_columns(
        value=pl.lit(None, dtype=pl.Int64),
        n=pl.lit(0, dtype=pl.Int64),
        reason=pl.lit(TAKEN_BACK),
        note=pl.lit(None, dtype=pl.String),
        digest=pl.lit(0, dtype=pl.UInt64),
        limit=pl.lit(None, dtype=pl.Int64),
        limit_id=pl.lit(None, dtype=pl.String),
        verdict=pl.lit(None, dtype=pl.String),
        as_of=pl.lit(closed.now_ms, dtype=pl.Int64),
        decided=pl.lit(closed.now_ms, dtype=pl.Int64),
    ).select(*(pl.col(name).cast(kind) for name, kind in _SCHEMA.items()))


def _tell(row: dict[str, Any], was: Figure | None, closed: Closed, findings: Findings, out: Output) -> None:
    """Tell a decided figure that misses what was asked, and one that no longer does; what was told before is not told again."""
    missed, missed_before = row["verdict"] == EXCEEDS, was is not None and was.verdict == EXCEEDS
    if missed == missed_before:
        return
    key = closed.points.keys[row["pid"]]
    start = local_iso(row["hour"])
    limit = row["limit"] if row["limit"] is not None else was.limit if was is not None else None
    asked, warning, value = _number(limit), row["limit_id"] or (was.limit_id if was is not None else None), row["value"]
    if value is None:
        text = f"{key.factor} under warning {warning} from {start}: {row['reason']}"
    elif value < 0:
        text = f"{key.factor} under warning {warning} from {start}: {_number(-value)} % more, {asked} % less asked for; {row['note']}"
    else:
        text = f"{key.factor} under warning {warning} from {start}: {_number(value)} % less, {asked} % less asked for; {row['note']}"
    facts = {
        "text": text,
        "item": key.factor,
        "stat": REDUCTION,
        "value": None if value is None else _number(value),
        "asked": asked,
        "warning": warning,
        "hour_start": start,
        "hour_end": local_iso(row["hour"] + HOUR_MS),
    }
    name = start + (f" revision {row['revision']}" if row["revision"] > 1 else "")
    findings.event(MISSED if missed else CORRECTED, key.source, key.factor, closed.now_ms, name, facts, out)


def _number(value: int | None) -> str:
    return "?" if value is None else number_text(unscaled(value))


_SCHEMA: dict[str, Any] = {
    **HOUR_SCHEMA,
    "limit": pl.Int64,
    "limit_id": pl.String,
    "verdict": pl.String,
    "others": pl.String,
    "decided": pl.Int64,
}
