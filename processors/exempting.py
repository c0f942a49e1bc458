"""Hours that marks exempt from judgement: which stretches of a source are exempt while a quota lasts, and which hours that makes."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import polars as pl

from ingest.records import MANUAL, Mark
from processors.digest import mix
from processors.figures import HOUR_MS, OFFSET_MS, epoch_ms, local_iso, scaled
from processors.hours import MEANS
from processors.mark_rules import Allowance, Exemption
from processors.packs import MarkAllowance, MarkExempt, Pack, chosen
from processors.points import Points
from processors.rules.millionths import milliseconds, unscaled
from processors.rules.quotas import exempt_hours, exempt_spans

_SPAN_SCHEMA = {"pid": pl.Int32, "mark": pl.String, "start_ms": pl.Int64, "until_ms": pl.Int64, "end_ms": pl.Int64}

_UNDER = {"pid": pl.Int64, "start_ms": pl.Int64, "end_ms": pl.Int64, "event_ms_max": pl.Int64}


class ExemptSpan(NamedTuple):
    """A stretch of a point under a mark that may exempt it.

    ``until_ms`` is up to when it does, its start where the quota is used up. An hour needs ``minutes_min`` exempt minutes, and a mean of the point
    ``dust_pid`` of at most ``dust_max`` (at SCALE), where there is such a condition.
    """

    sid: int
    pid: int
    mark: str
    start_ms: int
    until_ms: int
    end_ms: int
    minutes_min: int
    dust_pid: int | None
    dust_max: int | None


class Use(NamedTuple):
    """What marks spent of a quota in a calendar year, up to the end of a mark's part in it; in the order of time."""

    exemption: Exemption
    start_ms: int
    until_ms: int
    end_ms: int
    used_ms: int


def mark_words(kind: str) -> str:
    """Return a mark's type as sentences say it: "start-up"."""
    return {"start_up": "start-up", "shut_down": "shut-down", MANUAL: "manual monitoring"}.get(kind, kind.replace("_", " "))


def times_of(marks: Iterable[Mark]) -> list[tuple[str, int, int]]:
    """Return type, start and end of the confirmed ones among marks."""
    return [(m.type, epoch_ms(m.start), epoch_ms(m.end)) for m in marks if m.state == "confirmed"]


def quota_uses(marks: Iterable[tuple[str, int, int]], pack: Pack, offset_ms: int = OFFSET_MS) -> list[Use]:
    """Spend the quotas of a source over its confirmed marks (type, start, end), in the order of time."""
    rule, mine = pack.rule(MarkExempt), list(marks)
    if rule is None or not mine:
        return []
    uses: list[Use] = []
    for exemption in rule.exemptions:
        under = [
            {
                "pid": 0,
                "start_ms": start,
                "end_ms": end,
                "event_ms_max": next((milliseconds(h * 3600) for of, h in exemption.event_h_max.items() if of == kind), None),
            }
            for kind, start, end in mine
            if kind in exemption.marks
        ]
        spent = exempt_spans(
            pl.DataFrame(under, schema=_UNDER),
            year_h=exemption.year_h,
            overflow=rule.overflow,
            offset_ms=offset_ms,
        )
        uses += [Use(exemption, *times) for times in spent.select("start_ms", "until_ms", "end_ms", "used_ms").rows()]
    return uses


def allowance_uses(
    marks: Iterable[tuple[str, int, int]], pack: Pack, offset_ms: int = OFFSET_MS
) -> list[tuple[Allowance, int, Fraction]]:
    """Return what a source's confirmed marks (type, start, end) use of its allowances: allowance, a time in the calendar year, and hours."""
    rule, mine = pack.rule(MarkAllowance), list(marks)
    used: dict[tuple[int, str], tuple[Allowance, int, Fraction]] = {}
    for n, allowance in enumerate(rule.allowances if rule is not None else ()):
        under = [(0, start, end, None) for kind, start, end in mine if kind in allowance.marks]
        frame = pl.DataFrame(under, schema=_UNDER, orient="row")
        spent = exempt_spans(frame, year_h=None, overflow="split", offset_ms=offset_ms)
        for start, used_ms in spent.select("start_ms", "used_ms").rows():
            used[n, local_iso(start)[:4]] = (allowance, start, Fraction(used_ms, HOUR_MS))
    return list(used.values())


def exempt_spans_of(marks: Iterable[Mark], points: Points) -> list[ExemptSpan]:
    """Return what confirmed marks may exempt, in the order of sources, quotas and time."""
    by_source: dict[str, list[Mark]] = {}
    for mark in marks:
        by_source.setdefault(mark.source, []).append(mark)
    spans: list[ExemptSpan] = []
    for source, mine in sorted(by_source.items()):
        row = points.sources.get(source)
        pack = None if row is None else chosen(row, points.packs)
        rule = None if pack is None else pack.rule(MarkExempt)
        if pack is None or rule is None:
            continue
        spending = [mark for mark in mine if any(mark.type in each.marks for each in rule.exemptions)]
        uses, sid = quota_uses(times_of(spending), pack, points.rules.offset_ms), points.sid[source]
        dust = points.pid.get((source, rule.dust_factor))
        factors = [key.factor for key in points.keys if key.source == source]
        ordered = sorted((m for m in spending if m.state == "confirmed"), key=lambda m: (m.start, m.end, m.id))
        for use in uses:
            bound = use.exemption.dust_max
            condition = (rule.exempt_minutes_min, None if bound is None else dust, None if bound is None else scaled(bound))
            for mark in [m for m in ordered if m.type in use.exemption.marks]:
                start, end = max(use.start_ms, epoch_ms(mark.start)), min(use.end_ms, epoch_ms(mark.end))
                if start >= end:
                    continue
                until = min(max(use.until_ms, start), end)
                for factor in mark.factors or factors:
                    pid = points.pid.get((source, factor))
                    if pid is not None and (not use.exemption.factors or factor in use.exemption.factors):
                        spans.append(ExemptSpan(sid, pid, mark.type, start, until, end, *condition))
    return spans


def exempted(rows: pl.DataFrame, spans: Iterable[ExemptSpan]) -> pl.DataFrame:
    """Tell of hour figures which are exempt: ``exempt`` is added, note and digest say so; a marked hour that is not exempt says why.

    Args:
        rows: HOUR_SCHEMA of hours, each with all points of its source.
        spans: see ``exempt_spans_of``.

    Source:
        Emission_rules 4.4: valid but exempt while the quota lasts; the hour keeps its value and its mass.
    """
    if rows.is_empty():
        return rows
    low, high = int(rows["hour"].min()), int(rows["hour"].max()) + HOUR_MS  # type: ignore[arg-type]
    near = [s for s in spans if s.start_ms < high and s.end_ms > low]
    means = rows.filter(pl.col("stat").is_in(MEANS) & pl.col("value").is_not_null())
    conditions = sorted({(s.minutes_min, s.dust_pid, s.dust_max) for s in near}, key=str)
    parts = [_told(means, [s for s in near if s[6:] == condition], *condition) for condition in conditions]
    if not near:
        return rows
    told = pl.concat(parts).sort("pid", "hour", pl.col("exempt").not_(), "said").unique(["pid", "hour"], keep="first")
    joined = rows.join(told, on=["pid", "hour"], how="left")
    meant = pl.col("stat").is_in(MEANS) & pl.col("value").is_not_null()
    exempt = (pl.col("exempt") & meant).fill_null(False)
    joined = joined.with_columns(exempt=exempt, said=pl.when(meant).then("said"))
    digest = mix(pl.col("digest").reinterpret(signed=True), pl.col("dust").fill_null(-1))
    return joined.with_columns(
        note=pl.when(pl.col("said").is_null())
        .then("note")
        .otherwise(pl.concat_str("note", "said", separator="; ", ignore_nulls=True)),
        digest=pl.when("exempt").then(digest).otherwise("digest"),
    ).select(*rows.columns, "exempt")


def _told(
    means: pl.DataFrame, spans: list[ExemptSpan], minutes_min: int, dust_pid: int | None, dust_max: int | None
) -> pl.DataFrame:
    """Return the hours of points under spans of one condition: ``pid``, ``hour``, ``exempt``, ``said`` and ``dust``."""
    rows = [(s.pid, mark_words(s.mark), s.start_ms, s.until_ms, s.end_ms) for s in spans]
    frame = pl.DataFrame(rows, schema=_SPAN_SCHEMA, orient="row")
    dust = means.filter(pl.col("pid") == (-1 if dust_pid is None else dust_pid)).sort("stat", descending=True)
    dust = dust.unique("hour", keep="first", maintain_order=True).select(
        "hour", dust="value"
    )  # at reference oxygen, where formed
    under = (
        means.select("pid", "hour")
        .unique()
        .join(frame, on="pid")
        .filter((pl.col("start_ms") < pl.col("hour") + HOUR_MS) & (pl.col("end_ms") > pl.col("hour")))
        .sort("pid", "hour", "start_ms", "mark")
        .group_by("pid", "hour", maintain_order=True)
        .agg(pl.col("mark").first())
        .join(dust, on="hour", how="left")
    )
    bound = None if dust_max is None else unscaled(dust_max)
    hours = exempt_hours(under, frame, covered_min_min=minutes_min, dust_mg_m3_max=bound)
    return hours.select(
        "pid",
        "hour",
        "exempt",
        said=pl.when("exempt")
        .then(pl.format("exempt by mark: {}", "mark"))
        .otherwise(pl.format("marked {}, judged: {}", "mark", pl.col("reason").fill_null("the exemption is used up"))),
        dust="dust",
    )
