"""Validated averages: half-hours of a closed day, averages less their confidence interval, and the day that they make.

They are made when a day is closed, of all its minutes (or its hours, where the rule pack makes no half-hours), so that what the plant and
its monitor were doing, by marks that may come late, is known. Live judgement is that of hours and days.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import polars as pl

from ingest.registry import Limit
from processors.closing import Closed
from processors.compliance import noted, tell_lost
from processors.decode import MINUTE, REALTIME
from processors.digest import mix, text_hash
from processors.exempting import exempt_spans_of
from processors.figures import ENGINE, HALF_HOUR_MS, HOUR_MS, MINUTE_MS, MINUTE_SCALE, SCALE, Figure, Level, scaled
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.judging import COMPLIES, EXCEEDS, EXEMPT, NOT_JUDGED
from processors.output import Output
from processors.points import NO_METER, end_ms, start_ms
from processors.programme_steps import BEYOND, TEN_MINUTES, VALIDATED, DayTenMinutes, DayValidated, HalfHourMean
from processors.programmes import WITHIN
from processors.publish import frame_of, publish
from processors.rules.averaging import (
    NOTHING_DUE,
    REASONS,
    STOPPED,
    VALID,
    at_reference,
    conversion_notes,
    half_up,
    minute_means,
)
from processors.rules.eu import MEASURING, OPERATING, averages, combustion_day, validated_expr, waste_co_day, waste_day
from processors.rules.millionths import quotient_expr, rounded, share_expr, unscaled
from processors.rules.verdict import Verdict, share_pct
from processors.shelf import MarkSpan, Shelf, marked
from processors.states import dry_standard_minutes

TEN_MINUTES_MS = 600_000
NOT_OPERATING = "the plant did not operate"
NO_AVERAGE = "no valid average"
"""Why a half-hour or day without a valid average is none that was discarded: the second where too little was lost for that."""
STOPPED_IN_PART = f"({REASONS[STOPPED]})"
"""How an hour without a mean tells that the plant stood in some of its minutes."""
_FINER = 10 ** (MINUTE_SCALE - SCALE)
_VERDICTS = {"passes": COMPLIES, "fails": EXCEEDS, "not judged": NOT_JUDGED}
_JUDGED: dict[str, type[pl.DataType]] = {"limit": pl.Int64, "limit_id": pl.String, "verdict": pl.String, "others": pl.String}
"""Columns of rows that are judged already."""


def close_validated(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish a day's half-hours, validated averages, the validated day, and how many averages are within their limits.

    Source:
        EU-2 to EU-5, EU-7 and EU-8, EN 17255-1 and 2010/75/EU Annex VI (parts seen, parts from memory).
    """
    rule, half = closed.pack.rule(DayValidated), closed.pack.rule(HalfHourMean)
    if half is None and not closed.points.validated["pid"].is_in(closed.pids).any():
        return
    rules = text_hash(ENGINE, *(r.model_dump_json() for r in (half, rule) if r is not None))
    level: Level = "hour" if half is None else "halfhour"
    minutes = [] if half is None else _minutes(closed)
    units = _operated(closed, _hours(closed)) if half is None else _averages(minutes, HALF_HOUR_MS, half.minutes_min)
    units = units.with_columns(
        rules=mix(pl.col("rules").reinterpret(signed=True), pl.lit(rules, dtype=pl.UInt64).reinterpret(signed=True))
    )
    rows = [] if half is None else [units]
    if rule is not None:
        validated = _validated(closed, units)
        rows.append(validated.with_columns(stat=pl.lit(VALIDATED)))
        _published(closed, pl.concat([_day(validated, rule, level, closed), *_tallies(validated, level, closed)]), "day", out)
        ten = closed.pack.rule(DayTenMinutes)
        if ten is not None and minutes:
            days = _ten_minute_day(closed, _averages(minutes, TEN_MINUTES_MS, ten.minutes_min), validated, ten)
            tell_lost(*_published(closed, days, "day", out), closed, findings, out)
    if rows:
        _published(closed, pl.concat(rows), level, out)


def _published(closed: Closed, rows: pl.DataFrame, level: Level, out: Output) -> tuple[pl.DataFrame, list[Figure]]:
    """Publish what is new or differs; return that, and what was known before."""
    shelf, judged = Shelf(), [name for name in _JUDGED if name in rows.columns]
    made = rows.select(*(pl.col(name).cast(kind) for name, kind in HOUR_SCHEMA.items()), *judged)
    old = closed.latest(level, closed.day_ms, closed.end_ms, made["stat"].unique().sort(), out)
    shelf.put(level, frame_of(old, closed.points))
    news = publish(shelf, made.with_columns(decided=pl.lit(closed.now_ms, dtype=pl.Int64)), closed.points, level)
    if news.height:
        out.figures.append(news)
    return news, old


def _points(closed: Closed) -> pl.DataFrame:
    """Return the source's measuring points as the registry has them on the day."""
    held = (pl.col("from_ms") <= closed.day_ms) & (pl.col("to_ms") > closed.day_ms) & (pl.col("meter") == NO_METER)
    return closed.points.frame.filter(held & pl.col("pid").is_in(closed.pids) & ~pl.col("sparse"))


def _minutes(closed: Closed) -> list[tuple[str, pl.DataFrame]]:
    """Return all minutes of the day, those without data too, of stats "avg" and "avg_ref"."""
    points = _points(closed)
    readings = closed.readings(closed.day_ms, closed.end_ms)
    minutes = minute_means(readings.filter(pl.col("kind").is_in([REALTIME, MINUTE])), closed.points.raw_shares)
    every = pl.DataFrame({"minute": range(closed.day_ms, closed.end_ms, MINUTE_MS)}, schema={"minute": pl.Int64})
    grid = points.select("sid", "pid").join(every, how="cross").join(minutes.drop("sid"), on=["pid", "minute"], how="left")
    away = [MarkSpan(s.sid, s.pid, s.start_ms, s.until_ms, STOPPED) for s in exempt_spans_of(closed.marks, closed.points)]
    whole = marked(
        grid.with_columns(pl.col("digest").fill_null(0), pl.col("as_of").fill_null(closed.end_ms)), [*closed.own_spans, *away]
    )
    if closed.points.states is not None:
        whole = dry_standard_minutes(whole, closed.points.states)
    info = points.select("pid", "ref_o2", "guard", "air_o2", "above_only", "oxygen_pid", "rules")
    ready = whole.join(info, on="pid")
    converted = at_reference(ready.filter(pl.col("ref_o2").is_not_null()), whole).select(*ready.columns, "as_is")
    return [(stat, part) for stat, part in (("avg", ready), ("avg_ref", converted)) if part.height]


def _averages(minutes: list[tuple[str, pl.DataFrame]], period_ms: int, minutes_min: int) -> pl.DataFrame:
    """Return the averages of each period of the day: HOUR_SCHEMA, ``lost`` where it was discarded for the monitor's sake."""
    return pl.concat([_averaged(part, stat, period_ms, minutes_min) for stat, part in minutes])


def _averaged(minutes: pl.DataFrame, stat: str, period_ms: int, minutes_min: int) -> pl.DataFrame:
    of = period_ms // MINUTE_MS
    stopped = (pl.col("code") == STOPPED).fill_null(False)
    plant = pl.when(stopped).then(pl.lit("stopped")).otherwise(pl.lit(OPERATING))
    monitor = pl.when(pl.col("code") == VALID).then(pl.lit(MEASURING)).otherwise(pl.lit("malfunction"))
    data = minutes.select("pid", "value", time_ms="minute", plant=plant, monitor=monitor)
    made = averages(data, period_s=period_ms // 1000, datum_s=60, share_min=Fraction(minutes_min, of))
    inputs = minutes.group_by("pid", time_ms=pl.col("minute") // period_ms * period_ms).agg(
        away=stopped.sum().cast(pl.Int64),
        digest=mix(pl.col("minute"), pl.col("digest").reinterpret(signed=True), pl.col("code"), pl.col("value")).sum(),
        as_of=pl.col("as_of").max(),
        rules=pl.col("rules").first(),
    )
    if "as_is" in minutes.columns:
        notes = conversion_notes(minutes, period_ms=period_ms).rename({"hour": "time_ms"})
        inputs = inputs.join(notes, on=["pid", "time_ms"], how="left")
    else:
        inputs = inputs.with_columns(note=pl.lit(None, dtype=pl.String))
    withheld = pl.col("value").is_null()
    return made.join(inputs, on=["pid", "time_ms"]).select(
        "pid",
        stat=pl.lit(stat),
        hour="time_ms",
        value=pl.when(~withheld).then(half_up(pl.col("total"), pl.max_horizontal("n", 1) * _FINER)),
        n="n",
        total="total",
        reason=pl.when(withheld & (pl.col("away") == of)).then(pl.lit(NOT_OPERATING)).otherwise("reason"),
        note="note",
        digest="digest",
        rules="rules",
        as_of="as_of",
        lost=withheld & (of - pl.col("n") - pl.col("away") > of - minutes_min),
    )


def _hours(closed: Closed) -> pl.DataFrame:
    """Return the day's hours in the same form; exempt ones, and those in which nothing was due, are none of operation.

    So is an hour without a mean that lies in a start-up, shut-down or the like as a whole: nothing of it was to be averaged.
    """
    found = frame_of(
        closed.past.cold_figures(closed.source.source, "hour", closed.day_ms, closed.end_ms, ("avg", "avg_ref")), closed.points
    )
    known = found.filter(pl.col("revision") > 0)
    idle = (pl.col("reason").is_in(NOTHING_DUE) | (pl.col("verdict") == EXEMPT)).fill_null(False)
    inside = [
        (pl.col("pid") == span.pid) & (pl.col("hour") >= span.start_ms) & (pl.col("hour") + HOUR_MS <= span.until_ms)
        for span in exempt_spans_of(closed.marks, closed.points)
    ]
    every = pl.DataFrame({"hour": range(closed.day_ms, closed.end_ms, HOUR_MS)}, schema={"hour": pl.Int64})
    stats = pl.DataFrame({"stat": ["avg", "avg_ref"]})
    grid = _points(closed).select("pid", row_rules="rules").join(stats, how="cross").join(every, how="cross")
    hours = grid.join(known, on=["pid", "stat", "hour"], how="left").with_columns(
        idle=idle | (pl.col("value").is_null() & pl.any_horizontal(pl.lit(False), *inside))
    )
    idle = pl.col("idle")
    return hours.select(
        "pid", "stat", "hour",
        value=pl.when(~idle).then("value"), n=pl.col("n").fill_null(0), total=pl.lit(None, dtype=pl.Int128),
        reason=pl.when(idle).then(pl.lit(NOT_OPERATING)).otherwise(pl.col("reason").fill_null("no data")),
        note=pl.lit(None, dtype=pl.String), digest=pl.col("digest").fill_null(0), rules="row_rules",
        as_of=pl.col("as_of").fill_null(closed.end_ms), lost=pl.col("value").is_null() & ~idle,
    ).with_columns(reason=pl.when(pl.col("value").is_null()).then("reason"))  # fmt: skip


def _operated(closed: Closed, hours: pl.DataFrame) -> pl.DataFrame:
    """Return the day's hours, ``lost`` no longer where the monitor missed too few minutes of operation, as with half-hours.

    An hour in which the plant stood for a part has no mean where less than what one needs is left, and the monitor may have measured all of that.
    """
    stood = pl.col("reason").str.contains(STOPPED_IN_PART, literal=True).fill_null(False)
    marks = bool(closed.own_spans) or bool(exempt_spans_of(closed.marks, closed.points))
    if hours.filter(pl.col("lost") & (stood | pl.lit(marks))).is_empty():
        return hours
    known = _averages(_minutes(closed), HOUR_MS, closed.pack.minutes_min).select("pid", "stat", "hour", missed="lost")
    return (
        hours.join(known, on=["pid", "stat", "hour"], how="left", maintain_order="left")
        .with_columns(lost=pl.col("lost") & pl.col("missed").fill_null(True))
        .drop("missed")
    )


def _validated(closed: Closed, units: pl.DataFrame) -> pl.DataFrame:
    """Return the averages that are validated, less their interval; digests and rules tell of limit and share."""
    held = closed.points.validated.filter((pl.col("from_ms") <= closed.day_ms) & (pl.col("to_ms") > closed.day_ms))
    asked = held.sort("pid", "base").unique("pid", keep="first").select("pid", "base", "share", stat="standard")
    joined = units.join(asked, on=["pid", "stat"])
    parts = [
        part.with_columns(value=validated_expr(pl.col("value"), daily_limit=unscaled(base), confidence_pct=unscaled(share)))
        for (base, share), part in joined.partition_by("base", "share", as_dict=True).items()
    ]
    made = pl.concat([joined.clear(), *parts]).sort("pid", "hour")
    by = mix(pl.col("rules").reinterpret(signed=True), pl.col("base"), pl.col("share"))
    return made.with_columns(rules=by, total=pl.lit(None, dtype=pl.Int128)).select(units.columns)


def _day(units: pl.DataFrame, rule: DayValidated, level: Level, closed: Closed) -> pl.DataFrame:
    """Return stat VALIDATED of the day: the mean of its validated averages, withheld where too many were discarded."""
    days = _inputs(units).with_columns(
        value=quotient_expr(pl.col("total"), pl.col("n")), stat=pl.lit(VALIDATED), hour=pl.lit(closed.day_ms)
    )
    verdicts = {lost: _judged(lost, rule, level) for lost in days["lost"].unique().to_list()}
    fails = [lost for lost, verdict in verdicts.items() if verdict.outcome == "fails"]
    enough = ~pl.col("lost").is_in(fails) & (pl.col("n") > 0)
    why = pl.col("lost").replace_strict(list(verdicts), [v.reason for v in verdicts.values()], return_dtype=pl.String)
    idle = pl.when(pl.col("lost") == 0).then(pl.lit(NOT_OPERATING)).otherwise(pl.lit(NO_AVERAGE))
    reason = pl.when(enough).then(None).when(pl.col("lost").is_in(fails)).then(why).otherwise(idle)
    return days.with_columns(value=pl.when(enough).then("value"), reason=reason, note=pl.lit(None, dtype=pl.String)).select(
        *HOUR_SCHEMA
    )


def _judged(lost: int, rule: DayValidated, level: Level) -> Verdict:
    if level == "hour":
        return combustion_day(lost, invalid_h_max=rule.discarded_n_max)
    return waste_day(lost, discarded_n_max=rule.discarded_n_max)


def _tallies(units: pl.DataFrame, level: Level, closed: Closed) -> Iterable[pl.DataFrame]:
    """Return how many of the day's valid averages are above a limit: ``n`` of them, and in ``total`` those above."""
    for stat, programme in ((WITHIN, True), (BEYOND, False)):
        bounds = pl.DataFrame(
            list(_least(closed, level, programme=programme).items()), schema={"pid": pl.Int32, "bound": pl.Int64}, orient="row"
        )
        counted = _inputs(units).drop("total").join(
            units.join(bounds, on="pid").group_by("pid").agg(total=(pl.col("value") > pl.col("bound")).sum().cast(pl.Int128), bound=pl.col("bound").first()),
            on="pid",
        )  # fmt: skip
        share = (
            share_expr(pl.col("n") - pl.col("total"), pl.col("n"))
            if programme
            else pl.when(pl.col("n") > 0).then(pl.col("total") * 10**SCALE)
        )
        yield counted.select(
            "pid", "n", "total", "as_of", stat=pl.lit(stat), hour=pl.lit(closed.day_ms), value=share.cast(pl.Int64),
            reason=pl.when(pl.col("n") == 0).then(pl.lit(NO_AVERAGE)),
            note=pl.format("{} of {} valid averages beyond the limit", "total", "n"),
            digest=mix(pl.col("digest").reinterpret(signed=True), pl.col("bound")), rules="rules",
        ).select(*HOUR_SCHEMA)  # fmt: skip


def _ten_minute_day(closed: Closed, averages: pl.DataFrame, half_hours: pl.DataFrame, rule: DayTenMinutes) -> pl.DataFrame:
    """Return stat TEN_MINUTES of the day, judged: the share of its validated ten-minute averages within their limit, or all half-hours.

    Source:
        EU-8, 2010/75/EU Annex VI (seen); that the 24 hours are the local day is a proposal.
    """
    tens = _validated(closed, averages)
    of_tens, of_halves = (_least(closed, level, programme=False) for level in ("tenminute", "halfhour"))
    rows = []
    for row in _inputs(tens).filter(pl.col("pid").is_in(sorted({*of_tens, *of_halves}))).sort("pid").iter_rows(named=True):
        pid = row["pid"]
        if closed.points.keys[pid].factor not in rule.factors:
            continue
        (n, above), (halves, halves_above) = _above(tens, pid, of_tens), _above(half_hours, pid, of_halves)
        verdict = waste_co_day(
            ten_minutes=n, ten_minutes_above=above, half_hours=halves, half_hours_above=halves_above,
            share_min_pct=rule.share_min_pct,
        )  # fmt: skip
        note = f"{above} of {n} ten-minute averages and {halves_above} of {halves} half-hours above their limits"
        value = rounded(share_pct(n - above, n))
        rows.append(
            row | {
                "stat": TEN_MINUTES, "hour": closed.day_ms, "value": value, "n": n, "total": above,
                "reason": NO_AVERAGE if value is None else None, "note": noted(note, verdict.outcome == "fails"),
                "digest": text_hash(row["digest"], n, above, halves, halves_above), "rules": text_hash(row["rules"], rule.model_dump_json()),
                "limit": None, "limit_id": None, "verdict": _VERDICTS[verdict.outcome], "others": None,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema={**HOUR_SCHEMA, **_JUDGED})


def _above(units: pl.DataFrame, pid: int, bounds: dict[int, int]) -> tuple[int, int]:
    """Return how many valid averages of a point there are, and how many above its bound; none where there is no bound."""
    if pid not in bounds:
        return 0, 0
    values = units.filter(pl.col("pid") == pid)["value"].drop_nulls()
    return values.len(), int((values > bounds[pid]).sum())


def _least(closed: Closed, level: str, *, programme: bool) -> dict[int, int]:
    """Return the least limit on validated averages by point: of a programme, or of any other."""
    least: dict[int, int] = {}
    for limit in held_on(closed, level):
        if (limit.rank == "programme") == programme:
            pid = closed.points.pid[limit.source, limit.factor]
            least[pid] = min(scaled(limit.limit), least.get(pid, scaled(limit.limit)))
    return least


def _inputs(units: pl.DataFrame) -> pl.DataFrame:
    return units.group_by("pid").agg(
        n=pl.col("value").is_not_null().sum().cast(pl.Int64),
        lost=pl.col("lost").sum().cast(pl.Int64),
        total=pl.col("value").cast(pl.Int128).sum(),
        digest=mix(pl.col("hour"), pl.col("digest").reinterpret(signed=True), pl.col("value")).sum(),
        rules=pl.col("rules").first(),
        as_of=pl.col("as_of").max(),
    )


def held_on(closed: Closed, level: str) -> list[Limit]:
    """Return the source's limits on validated averages of a level that hold on the day."""
    return [
        limit
        for limit in closed.points.held
        if (limit.source, limit.averaging, limit.stat) == (closed.source.source, level, VALIDATED)
        and start_ms(limit) <= closed.day_ms < end_ms(limit)
    ]
