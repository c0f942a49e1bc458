"""What a closed day of a source of organics shows: methane above total hydrocarbons, and treatment that removes less than is asked."""

from __future__ import annotations

import polars as pl

from processors.closing import Closed
from processors.contradictions import CADENCES_APART
from processors.decode import MINUTE, REALTIME
from processors.figures import MINUTE_MS, local_iso
from processors.findings import Findings
from processors.output import Output
from processors.points import end_ms, start_ms
from processors.rules.averaging import VALID
from processors.rules.millionths import unscaled
from processors.rules.verdict import number_text
from processors.rules.voc import methane_above_total, removal
from processors.voc_steps import VocMethane, VocRemoval

SPELLS_MAX = 24
"""Spells told of one day."""


def methane_days(closed: Closed, findings: Findings, out: Output) -> None:
    """Tell the spells that came to last too long on a day: their beginning may lie on the day before, their end on the next.

    Source:
        Emission_rules 2, EX-2.7 (proposal): more than one hour.
    """
    rule, source = closed.pack.rule(VocMethane), closed.source.source
    if rule is None:
        return
    pids = [closed.points.pid.get((source, factor)) for factor in (rule.total, rule.methane)]
    if None in pids or len({closed.points.unit(pid) for pid in pids if pid is not None}) > 1:
        return
    cadence_s = max(closed.source.cadence_s, 60)
    lasting_ms, gap_s = rule.lasting_min * MINUTE_MS, CADENCES_APART * cadence_s
    readings = closed.readings(closed.day_ms - lasting_ms - gap_s * 1000, closed.end_ms)
    readings = readings.filter(pl.col("kind").is_in([REALTIME, MINUTE]) & (pl.col("code") == VALID))
    total, methane = (
        readings.filter(pl.col("pid") == pid).group_by(time_ms="time").agg(pl.col("value").max().alias(name))
        for pid, name in zip(pids, ("total", "methane"), strict=True)
    )
    both = total.join(methane, on="time_ms").with_columns(pid=pl.lit(pids[0], dtype=pl.Int64))
    found = methane_above_total(both, lasting_s=rule.lasting_min * 60, gap_s_max=gap_s, cover_s=cadence_s)
    found = found.filter(pl.col("start_ms") + lasting_ms >= closed.day_ms)
    for start, end, reason in found.select("start_ms", "end_ms", "reason").head(SPELLS_MAX).rows():
        first, last = local_iso(start), local_iso(end)
        text = f"{reason}, from {first} to {last}: look at the separation of methane and at the zero of both channels"
        facts = {"text": text, "start": first, "end": last}
        findings.event("voc.methane_above_total", source, rule.methane, closed.now_ms, first, facts, out)


def removal_days(closed: Closed, findings: Findings, out: Output) -> None:
    """Tell the hours of a day in which an outlet's removal was less than asked, once an outlet and day.

    Source:
        VOC-10, GB 37822-2019 (from memory, high).
    """
    rule, source = closed.pack.rule(VocRemoval), closed.source.source
    rows = [p for p in closed.points.registry.points if p.source == source and p.inlet_factor]
    rows = [p for p in rows if start_ms(p) <= closed.day_ms < end_ms(p)]
    if rule is None or not rows:
        return
    masses = closed.figures("hour", closed.day_ms, closed.end_ms, ("mass",)).filter(pl.col("value").is_not_null())
    for point in rows:
        inlet, outlet = (
            masses.filter(pl.col("pid") == closed.points.pid.get((source, factor), -1)).select("hour", mass="value")
            for factor in (point.inlet_factor, point.factor)
        )
        failed: list[tuple[int, str]] = []
        for hour, before, behind in inlet.join(outlet, on="hour").sort("hour").rows():
            verdict = removal(
                inlet_kg_h=unscaled(before),
                outlet_kg_h=unscaled(behind),
                low_voc_materials=False,
                inlet_kg_h_min=rule.inlet_kg_h_min,
                removal_pct_min=rule.removal_pct_min,
            )
            if verdict.outcome == "fails":
                failed.append((hour, f"{verdict.reason} at {number_text(unscaled(before))} kg/h before treatment"))
        if failed:
            hours, (first, told) = len(failed), failed[0]
            date, at = local_iso(closed.day_ms)[:10], local_iso(first)
            text = f"hours of {date} with less removal than asked: {hours}, the first at {at}: {told}; look at the treatment and at both monitors"
            facts = {"text": text, "hours": hours, "first": at, "inlet": point.inlet_factor}
            findings.event("voc.removal", source, point.factor, closed.now_ms, date, facts, out)
