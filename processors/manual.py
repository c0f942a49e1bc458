"""Results of manual monitoring, as marks tell them: those of each local day, which may stand for masses that were not measured."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from ingest.records import MANUAL, Mark
from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import DAY_MS, HOUR_MS, epoch_ms, period_start_ms, scaled
from processors.packs import Pack
from processors.points import end_ms, start_ms
from processors.quarter_steps import MassSubstituted, MassSubstitutedDays
from processors.rules.averaging import NOTHING_DUE
from processors.rules.substitution import manual_concentrations, manual_means

_RESULTS = {"pid": pl.Int32, "day": pl.Int64, "rate": pl.Int64, "digest": pl.UInt64}


def manual_days(closed: Closed, start_ms: int, end_ms: int, results_min: int | None) -> pl.DataFrame:
    """Return the confirmed results of the source's points by the local day in which they begin, within [start, end): see ``manual_means``.

    Where ``results_min`` is None the rule pack takes none, and none are returned.
    """
    pid_of = {closed.points.keys[pid].factor: pid for pid in closed.pids}
    rows = [
        (pid_of[mark.factors[0]], day, scaled(mark.result_kg_h), text_hash(mark.id, mark.result_kg_h, mark.method))
        for mark in closed.marks
        if mark.type == MANUAL and mark.state == "confirmed" and mark.factors is not None and mark.result_kg_h is not None
        if results_min is not None and mark.factors[0] in pid_of and start_ms <= (day := _day_of(mark)) < end_ms
    ]
    return manual_means(pl.DataFrame(rows, schema=_RESULTS, orient="row"))


def manual_water_days(lacking: pl.DataFrame, results: pl.DataFrame, closed: Closed, reasons: Iterable[str]) -> pl.DataFrame:
    """Tell of days without a mean whether the analyser was out of service, and which mass their results make over the hours with discharge.

    Args:
        lacking: ``pid`` and ``day`` of each.
        results: see ``manual_days``.
        closed: whose hours say why they have no result.
        reasons: words of reasons by which the analyser was out of service.

    Returns:
        The rows with ``case``, ``manual_n``, ``manual_mass`` (kg at SCALE) and ``manual_digest``, as ``substituted_water_days`` takes them.
    """
    known = lacking.join(results, on=["pid", "day"], how="left")
    out_of_service, idle = list[bool](), list[int]()
    for pid, day, n in known.select("pid", "day", "manual_n").rows():
        factor = closed.points.keys[pid].factor
        hours = closed.past.cold_hours(closed.source.source, ("avg",), day, day + DAY_MS) if n is not None else []
        why = [str(reason) for of, _, _, _, reason, *_ in hours if of == factor and reason is not None]
        out_of_service.append(any(word in reason for reason in why for word in reasons))
        idle.append(sum(reason in NOTHING_DUE for reason in why))
    hours_due = 24 - pl.Series("idle", idle, dtype=pl.Int64)
    return known.with_columns(
        case=pl.when(pl.Series("out", out_of_service, dtype=pl.Boolean)).then(pl.lit("other")).otherwise(pl.lit("sampling")),
        manual_n=pl.col("manual_n").fill_null(0),
        manual_mass=pl.col("manual_rate") * hours_due,
    )


def manual_water_means(days: pl.DataFrame, closed: Closed, results_min: int) -> pl.DataFrame:
    """Return the concentration of days by their results: see ``manual_concentrations``.

    Args:
        days: ``pid`` and ``day`` of those that may take one.
        closed: whose confirmed results count, those of points in mg/L that state a concentration, each with the flow of the hour in which it begins.
        results_min: results from which on a day has one.
    """
    asked, rows, source = set(days.rows()), [], closed.source.source
    pid_of = {closed.points.keys[pid].factor: pid for pid in closed.pids if closed.points.unit(pid) == "mg/L"}
    for mark in closed.marks:
        if mark.type != MANUAL or mark.state != "confirmed" or mark.factors is None or mark.result_mg_l is None:
            continue
        pid, day, begins = pid_of.get(mark.factors[0]), _day_of(mark), epoch_ms(mark.start)
        if pid is None or (pid, day) not in asked:
            continue
        hour = begins // HOUR_MS * HOUR_MS
        flows = {r.flow_factor for r in closed.points.points_of[pid] if start_ms(r) <= begins < end_ms(r)}
        shown = {of: value for of, _, _, value, *_ in closed.past.cold_hours(source, ("avg",), hour, hour + HOUR_MS)}
        flow = next((shown.get(factor) for factor in flows), None)
        rows.append((pid, day, scaled(mark.result_mg_l), flow, text_hash(mark.id, mark.result_mg_l, mark.method)))
    schema = {"pid": pl.Int32, "day": pl.Int64, "concentration": pl.Int64, "flow": pl.Int64, "digest": pl.UInt64}
    return manual_concentrations(pl.DataFrame(rows, schema=schema, orient="row"), results_min=results_min)


def days_of_results(marks: Iterable[Mark], until_ms: int, pack: Pack) -> list[int]:
    """Return the local days, over by ``until_ms``, of which results of manual monitoring came or changed, where the rule pack takes any."""
    rules = (pack.rule(MassSubstituted), pack.rule(MassSubstitutedDays))
    if all(rule is None or rule.manual_results_min is None for rule in rules):
        return []
    days = {_day_of(mark) for mark in marks if mark.type == MANUAL}
    return sorted(day for day in days if day + DAY_MS <= until_ms)


def _day_of(mark: Mark) -> int:
    return period_start_ms("day", epoch_ms(mark.start))
