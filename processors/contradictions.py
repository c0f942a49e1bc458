"""Declared stopped, by a mark or by the device's flag F, while oxygen or flow says that the source runs."""

from __future__ import annotations

import polars as pl

from ingest.records import Mark
from processors.closing import Closed
from processors.decode import MINUTE, REALTIME
from processors.figures import DAY_MS, MINUTE_MS, SCALE, epoch_ms, local_iso
from processors.findings import Findings
from processors.output import Output
from processors.packs import MarkContradicted
from processors.rules.averaging import STOPPED, VALID
from processors.rules.millionths import share_expr, text_expr
from processors.rules.screening_plant import stopped_yet_running
from processors.shelf import MarkSpan, spans_of

CADENCES_APART = 2
"""Readings further apart than so many cadences do not continue one spell."""
SPELLS_MAX = 24
"""Spells told of one day."""


def contradictions(closed: Closed, findings: Findings, out: Output) -> None:
    """Tell the spells of a day in which a source was declared stopped and its gas says that it ran.

    Readings under other flags than N and F say nothing. Flow is compared with the median of its hourly means of the days before, while the source ran.

    Source:
        DQ-12 (pattern seen; test a proposal): oxygen below 19 %, flow above 20 % of normal, 15 min.
    """
    rule, source = closed.pack.rule(MarkContradicted), closed.source.source
    sid = closed.points.sid[source]
    known = spans_of(closed.marks, closed.points)  # also what is in doubt already
    spans = [s for s in known if (s.sid, s.pid, s.code) == (sid, None, STOPPED)]
    spans = [s for s in spans if s.start_ms < closed.end_ms and s.end_ms > closed.day_ms]
    hours = closed.figures("hour", closed.day_ms, closed.end_ms, ("avg",))
    if rule is None or not (spans or hours["reason"].str.contains("stopped").any()):
        return
    rows = [point for point in closed.points.registry.points if point.source == source]
    oxygen, flow = _pids(closed, {p.oxygen_factor for p in rows}), _pids(closed, {p.flow_factor for p in rows})
    minutes = _minutes(closed, spans, oxygen, flow, _normal(closed, flow, rule.normal_days))
    found = stopped_yet_running(
        minutes,
        oxygen_pct_max=rule.running_oxygen_pct,
        flow_pct_max=rule.running_flow_pct,
        power_pct_max=100,  # neither power nor temperature is looked at
        warmer_degc_max=100,
        lasting_s=rule.running_min * 60,
        gap_s_max=CADENCES_APART * max(closed.source.cadence_s, 60),
        cover_s=60,
        weight=1,
    )
    for start, end in found.select("start_ms", "end_ms").head(SPELLS_MAX).rows():
        within = minutes.filter(pl.col("time_ms").is_between(start, end, closed="left") & pl.col("stopped"))
        oxygen_1e6, flow_1e6 = pl.col("oxygen").min(), pl.col("flow").max() // 10**SCALE * 10**SCALE
        low, high = within.select(low=text_expr(oxygen_1e6), high=text_expr(flow_1e6)).row(0)
        by = [m.id for m in closed.marks if _declares(m, start, end)]
        declared = f"declared stopped by mark {', '.join(by)}" if by else "declared stopped by the device's own flag"
        said = [f"oxygen down to {low} %"] if low is not None else []
        said += [f"flow up to {high} % of normal"] if high is not None else []
        text = (
            f"{declared}, yet from {local_iso(start)} to {local_iso(end)} its gas says that it ran ({'; '.join(said)}):"
            " compare with the operating record, then confirm or reject the mark"
        )
        facts = {
            "text": text,
            "start": local_iso(start),
            "end": local_iso(end),
            "marks": by,
            "oxygen_pct": low,
            "flow_pct": high,
        }
        findings.event("mark.contradicted", source, None, closed.now_ms, local_iso(start), facts, out)


def _declares(mark: Mark, start_ms: int, end_ms: int) -> bool:
    """Return whether a mark declares all of a source stopped somewhere within [start, end)."""
    stops = (mark.state, mark.type, mark.factors) == ("confirmed", "stopped", None)
    return stops and epoch_ms(mark.start) < end_ms and epoch_ms(mark.end) > start_ms


def _pids(closed: Closed, factors: set[str]) -> list[int]:
    """Return the points of the source among some factors."""
    found = (closed.points.pid.get((closed.source.source, factor)) for factor in sorted(factors))
    return [pid for pid in found if pid is not None]


def _normal(closed: Closed, flow: list[int], days: int) -> pl.DataFrame:
    """Return the normal flow of points, ``pid`` and ``normal`` (at SCALE): the lower median of the valid hours before the day that are above zero."""
    earlier = closed.figures("hour", closed.day_ms - days * DAY_MS, closed.day_ms, ("avg",))
    ran = earlier.filter(pl.col("pid").is_in(flow) & (pl.col("value") > 0)).sort("pid", "value")
    return ran.group_by("pid", maintain_order=True).agg(normal=pl.col("value").get((pl.len() - 1) // 2))


def _minutes(closed: Closed, spans: list[MarkSpan], oxygen: list[int], flow: list[int], normal: pl.DataFrame) -> pl.DataFrame:
    """Return what ``stopped_yet_running`` reads, minute by minute; of several readings the one that says least counts."""
    readings = closed.readings(closed.day_ms, closed.end_ms).filter(pl.col("code").is_in([VALID, STOPPED]))
    readings = readings.filter(pl.col("value").is_not_null() & pl.col("kind").is_in([REALTIME, MINUTE])).join(
        normal, on="pid", how="left"
    )
    declared = pl.lit(False)
    for span in spans:
        declared = declared | ((pl.col("minute") >= span.start_ms) & (pl.col("minute") + MINUTE_MS <= span.end_ms))
    share = share_expr(pl.col("value"), pl.col("normal"))
    return (
        readings.group_by(time_ms="minute")
        .agg(
            stopped=(declared | (pl.col("code") == STOPPED)).any(),
            oxygen=pl.col("value").filter(pl.col("pid").is_in(oxygen)).max(),
            flow=share.filter(pl.col("pid").is_in(flow)).min(),
        )
        .with_columns(
            pid=pl.lit(closed.points.sid[closed.source.source], dtype=pl.Int64),
            power=pl.lit(None, dtype=pl.Int64),
            warmer=pl.lit(None, dtype=pl.Int64),
        )
        .sort("time_ms")
    )
