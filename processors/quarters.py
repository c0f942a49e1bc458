"""Quarters: capture and transmission rates so far, and the mass of hours without one taken from valid hours before; remade day by day.

Made when a day is closed (``processors.closing``), of all decided hours of the quarter, so that a day filled in late moves the rates and,
where the tier moves with them, every substituted hour. Everything is provisional until the quarter's last hour is decided.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from processors.closing import Closed
from processors.digest import mix, text_hash
from processors.exempting import mark_words
from processors.figures import DAY_MS, ENGINE, HOUR_MS, Level, period_end_ms, period_start_ms
from processors.findings import Findings
from processors.gap_steps import GapAcross, GapBefore
from processors.hours import HOUR_SCHEMA
from processors.manual import manual_days, manual_water_days, manual_water_means
from processors.missing_steps import FILLED
from processors.output import Output
from processors.publish import frame_of, publish
from processors.quarter_steps import MassSubstituted, MassSubstitutedDays, QuarterCapture
from processors.rules.averaging import CALIBRATION, FAILED_CHECK, NOTHING_DUE, REASONS
from processors.rules.coverage import capture_rates, transmission_rates
from processors.rules.periods import day_of
from processors.rules.substitution import manual_hours, substituted_masses, substituted_water_days
from processors.shelf import Shelf

LOOKBACK_DAYS = 184
"""Days before a quarter whose valid masses may stand for missing ones; the longest look-back, 2 160 valid hours, is 90 days."""
AFTER_DAYS = 92
"""Days after a quarter in which the hour may lie that ends a gap of it."""
RATES = ("capture", "transmission", "effective")
SUBSTITUTED = "mass_sub"
"""Emission mass with what was substituted; an hour has it only where it was."""
GROUP_A = ("out of control", "overdue calibration")
"""Words in reasons of group A (emission_rules 1.6) where the rule pack has no mark.classes: the look-back
ends at the last passed calibration; of all others at the event's start."""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A local quarter, and the end of its last day of which all hours are decided."""

    start_ms: int
    end_ms: int
    until_ms: int

    @property
    def over(self) -> bool:
        """Whether its last hour is decided."""
        return self.until_ms >= self.end_ms


def quarter_of_day(day_ms: int, until_ms: int) -> Quarter:
    """Return the local quarter in which a day lies."""
    start = period_start_ms("quarter", day_ms)
    end = period_end_ms("quarter", start)
    return Quarter(start, end, min(until_ms, end))


def close_quarter(closed: Closed, _findings: Findings, out: Output) -> None:
    """Make the rates and the substituted masses of the day's quarter anew, and publish what is new or differs.

    Source:
        HJ 75-2017, emission_rules 1.5 (seen) and 1.6 (seen); re-issuing until the quarter is over is a proposal of 1.6.
    """
    quarter = quarter_of_day(closed.day_ms, closed.until_ms)
    hours = _hours(closed, quarter)
    if hours.is_empty():
        return
    rates = _rates(closed, quarter, hours)
    found: dict[Level, list[pl.DataFrame]] = {"quarter": [rates], "day": [], "hour": []}
    made: dict[Level, pl.DataFrame] = {}
    for rule in closed.pack.rules:
        if isinstance(rule, MassSubstituted):
            made |= _masses(closed, quarter, hours, rates, rule)
        elif isinstance(rule, MassSubstitutedDays):
            made |= _water_masses(closed, quarter, rule)
    for level, part in made.items():
        found[level].append(part)
    shelf = Shelf()
    if closed.pack.rule(GapAcross) or closed.pack.rule(GapBefore):
        del found["hour"]  # theirs, see ``gap_hours``
    for level, parts in found.items():
        stats = {"quarter": (*RATES, SUBSTITUTED), "day": (SUBSTITUTED, FILLED)}.get(level, (SUBSTITUTED,))
        old = closed.past.cold_figures(closed.source.source, level, quarter.start_ms, quarter.end_ms, stats)
        shelf.put(level, frame_of(old, closed.points))
        decided = pl.lit(closed.now_ms if quarter.over else None, dtype=pl.Int64)
        known = pl.concat([_NONE, *(_with_rules(part, closed) for part in parts)])
        rows = pl.concat([known, taken_back(shelf, known, level, closed)]).with_columns(decided=decided)
        news = publish(shelf, rows, closed.points, level)
        if news.height:
            out.figures.append(news)


def _hours(closed: Closed, quarter: Quarter) -> pl.DataFrame:
    """Return the decided hours of the quarter and of the look-back: ``pid``, ``stat``, ``hour``, ``value``, ``reason``, ``digest``, ``as_of``."""
    rows = closed.past.cold_hours(
        closed.source.source, ("avg", "mass"), quarter.start_ms - LOOKBACK_DAYS * DAY_MS, quarter.until_ms
    )
    pids = {closed.points.keys[pid].factor: pid for pid in closed.measuring}
    known = [(pids[factor], *rest) for factor, *rest in rows if factor in pids]
    schema = {"pid": pl.Int32, **{name: HOUR_SCHEMA[name] for name in ("stat", "hour", "value", "reason", "digest", "as_of")}}
    return pl.DataFrame(known, schema=schema, orient="row")


def _rates(closed: Closed, quarter: Quarter, hours: pl.DataFrame) -> pl.DataFrame:
    """Return stats RATES of the quarter so far, counted from its start or, where nothing is older, from the first hour known."""
    first = int(hours["hour"].min())  # type: ignore[arg-type]
    start = quarter.start_ms if first < quarter.start_ms else first
    means = hours.filter((pl.col("stat") == "avg") & (pl.col("hour") >= start)).with_columns(
        stopped=pl.col("reason").is_in(NOTHING_DUE).fill_null(False), received=(pl.col("reason") != "no data").fill_null(True)
    )
    captured = capture_rates(means, start_ms=start, end_ms=quarter.until_ms)
    passed = transmission_rates(means, start_ms=start, end_ms=quarter.until_ms)
    inputs = means.group_by("pid").agg(digest=_digest_of("hour"), as_of=pl.col("as_of").max())
    told = pl.format("{} valid of {} operating hours, {} stopped", "valid", pl.col("hours") - pl.col("stopped"), "stopped")
    arrived = pl.format("{} of {} operating hours arrived", "received", "due")
    both = captured.join(passed.select("pid", "received", "due", transmission="value", effective="effective"), on="pid")
    parts = [
        both.select("pid", "value", "reason", n="valid", note=told, stat=pl.lit("capture")),
        both.select("pid", "reason", value="transmission", n="received", note=arrived, stat=pl.lit("transmission")),
        both.select("pid", "reason", value="effective", n="valid", note=told, stat=pl.lit("effective")),
    ]
    return pl.concat(parts, how="diagonal").join(inputs, on="pid").with_columns(hour=pl.lit(quarter.start_ms))


def _masses(
    closed: Closed, quarter: Quarter, hours: pl.DataFrame, rates: pl.DataFrame, rule: MassSubstituted
) -> dict[Level, pl.DataFrame]:
    """Return stat SUBSTITUTED of hours that lack a mass, of all days that have such an hour, and of the quarter."""
    masses = hours.filter(pl.col("stat") == "mass")
    if masses.is_empty():
        return {}
    due = ~pl.col("reason").is_in(NOTHING_DUE).fill_null(False)
    valid = masses.filter(due & pl.col("value").is_not_null()).select("pid", "hour", mass="value")
    lacking = _lacking(masses, quarter, closed)
    capture = rates.filter(pl.col("stat") == "capture").select("pid", capture="value")
    in_a = [mark_words(mark) for mark, does in closed.pack.marks.items() if does.mass == "A"] or GROUP_A
    in_a = [*in_a, REASONS[FAILED_CHECK]]
    group = pl.when(pl.col("reason").str.contains_any(list(in_a))).then(pl.lit("A")).otherwise(pl.lit("B"))
    missing = lacking.select("pid", "hour", group=group).join(capture, on="pid", how="left")
    calibrated = pl.Series(
        "calibrated_ms", [_calibrated(closed, *key) for key in missing.select("pid", "hour").rows()], dtype=pl.Int64
    )
    found = substituted_masses(
        missing.with_columns(calibrated),
        valid,
        tier_by=rule.tier_by,
        event_h_max=rule.event_h_max,
        capture_high_pct=rule.capture_high_pct,
        capture_low_pct=rule.capture_low_pct,
        lookback_short_h=rule.lookback_short_h,
        lookback_long_h=rule.lookback_long_h,
        lookback_low_h=rule.lookback_low_h,
    )
    found = _with_results(found, closed, quarter, rule)
    as_of = pl.lit(int(masses["as_of"].max()), dtype=pl.Int64)  # type: ignore[arg-type]
    out: dict[Level, pl.DataFrame] = {
        "hour": found.select(
            "pid",
            "hour",
            "reason",
            stat=pl.lit(SUBSTITUTED),
            value="mass",
            n=pl.lit(0),
            note="method",
            digest=_with_manual(
                mix(pl.col("hour"), pl.col("mass"), pl.col("lookback_h"), pl.col("event_ms"), pl.col("event_h"))
            ),
            as_of=as_of,
        )
    }
    every = pl.concat(
        [
            masses.filter(pl.col("hour") >= quarter.start_ms)
            .join(lacking, on=["pid", "hour"], how="anti")
            .select("pid", "hour", "value", "digest", lacks=False),
            out["hour"].select("pid", "hour", "value", "digest", lacks=True),
        ]
    )
    offset = closed.points.rules.offset_ms
    days = every.with_columns(hour_=pl.col("hour"), hour=day_of(pl.col("hour"), offset))
    touched = days.filter("lacks").select("pid", "hour").unique()
    out["day"] = _summed(days.join(touched, on=["pid", "hour"], how="semi"), as_of)
    out["quarter"] = _summed(every.with_columns(hour_=pl.col("hour"), hour=pl.lit(quarter.start_ms)), as_of)
    return out


def _with_results(found: pl.DataFrame, closed: Closed, quarter: Quarter, rule: MassSubstituted) -> pl.DataFrame:
    """Let results of manual monitoring stand for hours of their days, where the rule pack takes any."""
    days = found.with_columns(day=day_of(pl.col("hour"), closed.points.rules.offset_ms))
    results = manual_days(closed, quarter.start_ms, quarter.end_ms, rule.manual_results_min)
    known = days.join(results, on=["pid", "day"], how="left", maintain_order="left")
    return manual_hours(known, results_min=rule.manual_results_min or 1)


def _with_manual(digest: pl.Expr) -> pl.Expr:
    """Mix in the results of manual monitoring; a row of which there are none keeps its digest."""
    results = pl.col("manual_digest").reinterpret(signed=True)
    return pl.when(results.is_null()).then(digest).otherwise(mix(digest.reinterpret(signed=True), results))


def _lacking(masses: pl.DataFrame, quarter: Quarter, closed: Closed) -> pl.DataFrame:
    """Return the hours of the quarter so far without a mass that is due: ``pid``, ``hour``, ``reason``; those of which nothing is stated too."""
    stated = masses.filter(pl.col("hour") >= quarter.start_ms)
    starts = masses.group_by("pid").agg(first=pl.col("hour").min())
    every = pl.DataFrame({"hour": range(quarter.start_ms, quarter.until_ms, HOUR_MS)}, schema={"hour": pl.Int64})
    asked = starts.join(every, how="cross").filter(pl.col("hour") >= pl.col("first")).select("pid", "hour")
    rows = asked.join(stated.select("pid", "hour", "value", "reason"), on=["pid", "hour"], how="left")
    return rows.filter(pl.col("value").is_null()).select("pid", "hour", reason=pl.col("reason").fill_null("no data"))


def _summed(rows: pl.DataFrame, as_of: pl.Expr) -> pl.DataFrame:
    """Add up the masses of (``pid``, ``hour``: start of day or quarter); withheld where an hour has neither mass nor substitute."""
    lacks, without = pl.col("lacks").sum(), pl.col("value").is_null().sum()
    summed = rows.group_by("pid", "hour").agg(
        value=pl.col("value").sum(),
        n=pl.len() - lacks,
        lacks=lacks,
        without=without,
        digest=mix(pl.col("hour_"), pl.col("digest").reinterpret(signed=True)).sum(),
    )
    held = pl.col("without") > 0
    return summed.select(
        "pid",
        "hour",
        "n",
        "digest",
        stat=pl.lit(SUBSTITUTED),
        value=pl.when(~held).then("value"),
        reason=pl.when(held).then(pl.format("{} hours have no substitute", "without")),
        note=pl.format("{} hours substituted", "lacks"),
        as_of=as_of,
    )


def taken_back(shelf: Shelf, made: pl.DataFrame, level: str, closed: Closed) -> pl.DataFrame:
    """Return rows that take back substitutes whose hours have a mass now: the hour was filled in, or its mark was withdrawn.

    So are days' concentrations for which there are no longer results of manual monitoring enough.
    """
    why = pl.when((pl.col("stat") == FILLED) & (level == "day")).then(pl.lit(NOT_ENOUGH)).otherwise(pl.lit(MEASURED))
    known = shelf.latest(level, shelf.starts(level)) if level != "quarter" else None
    if known is None:
        return made.clear()
    gone = known.filter(pl.col("value").is_not_null() | ~pl.col("reason").is_in([MEASURED, NOT_ENOUGH])).join(
        made, on=["pid", "stat", "hour"], how="anti"
    )
    return gone.with_columns(
        value=pl.lit(None, dtype=pl.Int64), reason=why, note=pl.lit(None, dtype=pl.String), digest=pl.lit(0, dtype=pl.UInt64),
        n=pl.lit(0, dtype=pl.Int64), as_of=pl.lit(closed.now_ms),
    ).select(made.columns).cast(made.schema)  # fmt: skip


def _calibrated(closed: Closed, pid: int, hour_ms: int) -> int | None:
    """Return the end of the last calibration mark of a point before an hour."""
    ends = [s.end_ms for s in closed.own_spans if s.code == CALIBRATION and s.pid in (None, pid) and s.end_ms <= hour_ms]
    return max(ends, default=None)


def _digest_of(time: str) -> pl.Expr:
    return mix(pl.col(time), pl.col("digest").reinterpret(signed=True)).sum()


def _with_rules(rows: pl.DataFrame, closed: Closed) -> pl.DataFrame:
    rules = text_hash(
        ENGINE, *(r.model_dump_json() for r in closed.pack.rules if isinstance(r, QuarterCapture | MassSubstituted))
    )
    full = rows.with_columns(rules=pl.lit(rules, dtype=pl.UInt64), total=pl.lit(None, dtype=pl.Int128))
    return full.select(*(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items()))


def _water_masses(closed: Closed, quarter: Quarter, rule: MassSubstitutedDays) -> dict[Level, pl.DataFrame]:
    """Return stat SUBSTITUTED of days of which no mean could be formed, and of the quarter; and FILLED of days by results of manual monitoring."""
    start = quarter.start_ms - LOOKBACK_DAYS * DAY_MS
    known = closed.figures("day", start, quarter.until_ms, ("avg", "mass")).rename({"hour": "day"})
    means = known.filter(pl.col("stat") == "avg").select("pid", "day", "reason", formed=pl.col("value").is_not_null())
    days = (
        known.filter(pl.col("stat") == "mass").select("pid", "day", "value", "digest", "as_of").join(means, on=["pid", "day"])
    )
    if days.is_empty():
        return {}
    still = pl.col("reason").is_in(NOTHING_DUE).fill_null(False)
    whole = pl.col("formed") & pl.col("value").is_not_null()
    valid = days.filter(whole).select("pid", "day", mass="value")
    lacking = days.filter((pl.col("day") >= quarter.start_ms) & ~whole & ~still)
    checked = pl.Series(
        "checked_ms", [_calibrated(closed, *key) for key in lacking.select("pid", "day").rows()], dtype=pl.Int64
    )
    results = manual_days(closed, quarter.start_ms, quarter.end_ms, rule.manual_results_min)
    asked = manual_water_days(lacking.select("pid", "day", checked), results, closed, rule.manual_reasons)
    found = substituted_water_days(asked, valid, lookback_days=rule.lookback_days, results_min=rule.manual_results_min or 1)
    as_of = pl.lit(int(days["as_of"].max()), dtype=pl.Int64)  # type: ignore[arg-type]
    each = found.select(
        "pid", "reason", hour="day", stat=pl.lit(SUBSTITUTED), value="mass", n=pl.lit(0), note="method",
        digest=_with_manual(mix(pl.col("day"), pl.col("mass"), pl.col("checked_ms"))), as_of=as_of,
    )  # fmt: skip
    unformed = found.join(lacking.filter(~pl.col("formed")), on=["pid", "day"], how="semi").filter("concentration")
    means = manual_water_means(unformed.select("pid", "day"), closed, rule.manual_results_min or 1).select(
        "pid", "value", "n", "digest", hour="day", stat=pl.lit(FILLED), note="method", as_of=as_of
    )
    measured = days.filter((pl.col("day") >= quarter.start_ms) & (whole | still))
    every = [
        measured.select("pid", "digest", hour_="day", value=pl.col("value").fill_null(0), lacks=False),
        each.select("pid", "digest", hour_="hour", value="value", lacks=True),
    ]
    return {
        "day": pl.concat([each, means], how="diagonal_relaxed"),
        "quarter": _summed(pl.concat(every).with_columns(hour=pl.lit(quarter.start_ms)), as_of),
    }


_NONE = pl.DataFrame(schema=HOUR_SCHEMA)
MEASURED = "measured: nothing is substituted any more"
NOT_ENOUGH = "measured, or fewer results of manual monitoring than asked"
