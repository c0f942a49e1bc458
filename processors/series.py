"""Quality tests of the readings of closed days, as a rule pack asks for them: what is flagged is told as a finding, one a rule, point and day.

A flag is kept apart from judgement: it makes no value invalid and changes no figure. A reading is judged once all that bears on it is there:
what depends on later ones is judged with the next day where it lies at the end of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from processors import series_steps as steps
from processors.closing import Closed
from processors.figures import DAY_MS, MINUTE_MS, SCALE, local_iso
from processors.findings import Findings
from processors.output import Output
from processors.rules import qartod, stretches
from processors.rules.averaging import ABOVE_RANGE, OUT_OF_RANGE, VALID
from processors.rules.millionths import unscaled
from processors.rules.qartod import FAIL, GOOD, MISSING, NOT_EVALUATED, SUSPECT
from processors.rules.verdict import number_text
from processors.screened_day import finest
from processors.screening import FINDING
from processors.series_tests import SeriesTest
from processors.steps import Step

FLAG_NAMES: Mapping[int, str] = {
    GOOD: "good",
    NOT_EVALUATED: "not_evaluated",
    SUSPECT: "suspect",
    FAIL: "fail",
    MISSING: "missing",
}
"""Facts of a finding that count the readings of each flag."""
_FLAGGED = pl.col("flag").is_in([SUSPECT, FAIL])

Run = Callable[..., pl.DataFrame]
RUNS: Mapping[type[Step], Run] = {
    steps.GrossRange: qartod.gross_range,
    steps.PercentileRange: qartod.percentile_range,
    steps.Climatology: qartod.climatology,
    steps.Spike: qartod.spike,
    steps.RateOfChange: qartod.rate_of_change,
    steps.FlatLine: qartod.flat_line,
    steps.AttenuatedSignal: qartod.attenuated_signal,
    steps.TimeGap: qartod.time_gap,
    steps.Reception: qartod.reception,
    steps.Constants: stretches.constants,
    steps.LowVariance: stretches.low_variance,
    steps.Jumps: stretches.jumps,
    steps.Isolated: stretches.isolated,
}
"""What each step runs."""
_BY_NEIGHBOURS = (steps.Spike, steps.LowVariance, steps.Jumps)
"""Steps that count in readings, so that one which did not come has to stand among them."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A point's readings of a day, ordered by time, under one test: ``time_ms``, ``value`` (at SCALE, None where it does not count), ``flag``."""

    rule: steps.AnySeries
    test: SeriesTest
    pid: int
    step_ms: int
    rows: pl.DataFrame


def flag_series(closed: Closed, findings: Findings, out: Output) -> None:
    """Tell of each test and point of a closed day what was flagged; where all is good, nothing."""
    for tested in flags_of_day(closed, (rule for rule in closed.pack.rules if isinstance(rule, steps.SeriesStep))):
        facts = _facts(tested)
        if facts is None:
            continue
        key, rule = closed.points.keys[tested.pid], tested.rule
        day = local_iso(closed.day_ms)[:10]
        facts |= {
            "rule": rule.id,
            "detector": rule.step,
            "pack": closed.pack.id,
            "weight": rule.weight,
            "day": day,
            "unit": closed.points.unit(tested.pid),
        }
        findings.event(FINDING, key.source, key.factor, closed.now_ms, f"{rule.id}/{day}", facts, out)


def flags_of_day(closed: Closed, rules: Iterable[Any]) -> list[Tested]:
    """Return the flags of a closed day, one a rule, test and point that has readings, in the order of the rules."""
    source, points = closed.source.source, closed.points
    wanted = [
        (rule, test, pid)
        for rule in rules
        for test in rule.tests
        for factor in test.factors
        if (pid := points.pid.get((source, factor))) is not None and test.unit in ("", points.unit(pid))
    ]
    if not wanted:
        return []
    today = finest(closed, closed.day_ms, closed.end_ms)
    if today.is_empty():
        return []
    step_ms = dict(today.select("pid", "step_ms").unique().rows())
    reaches = [[min(s * 1000, DAY_MS) for s in test.reach_s(step_ms.get(pid, 0) // 1000)] for _rule, test, pid in wanted]
    before = max(sum(reach) for reach in reaches) + max(step_ms.values())  # of what covers midnight the beginning
    earlier = finest(closed, (closed.day_ms - before) // MINUTE_MS * MINUTE_MS, closed.day_ms)
    earlier = earlier.join(today.select("pid", "kind").unique(), on=["pid", "kind"], how="semi")
    readings = _counted(pl.concat([earlier, today]).unique(["pid", "time_ms"], keep="first", maintain_order=True), closed)
    found = []
    for (rule, test, pid), (back, ahead) in zip(wanted, reaches, strict=True):
        if pid not in step_ms:
            continue
        rows = readings.filter((pl.col("pid") == pid) & (pl.col("time_ms") >= closed.day_ms - back - ahead))
        over = pl.col("time_ms").is_between(closed.day_ms - ahead, closed.end_ms - ahead, closed="left")
        flags = _flags(rule, test, rows, points.rules.offset_ms).filter(over)
        found.append(Tested(rule, test, pid, step_ms[pid], flags.select("time_ms", "value", "flag")))
    return found


def _counted(readings: pl.DataFrame, closed: Closed) -> pl.DataFrame:
    """Return readings without the values that do not count: flagged by the device, or under a mark; those beyond the range do."""
    counts = pl.col("code").is_in([VALID, ABOVE_RANGE, OUT_OF_RANGE])
    for span in closed.own_spans:
        of_point = pl.lit(True) if span.pid is None else pl.col("pid") == span.pid
        counts &= ~(of_point & pl.col("time_ms").is_between(span.start_ms, span.end_ms, closed="left"))
    return readings.with_columns(value=pl.when(counts).then("value")).sort("pid", "time_ms")


def _flags(rule: steps.AnySeries, test: SeriesTest, rows: pl.DataFrame, offset_ms: int) -> pl.DataFrame:
    """Return a point's rows with their ``flag``; a stretch is suspect."""
    parameters = test.parameters() | ({"offset_ms": offset_ms} if isinstance(rule, steps.Climatology) else {})
    given = _with_missing(rows) if isinstance(rule, _BY_NEIGHBOURS) else rows
    found = RUNS[type(rule)](given, **parameters).filter(pl.col("minute").is_not_null())
    if "flag" in found.columns:
        return found
    flag = pl.when(pl.col("value").is_null()).then(MISSING).when("flagged").then(SUSPECT).otherwise(GOOD)
    return found.with_columns(flag=flag.cast(pl.Int8))


def _with_missing(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with one more, of no value and no minute, in each gap of more than half as much again as their usual distance."""
    apart = rows["time_ms"].diff()
    usual = apart.drop_nulls().sort()
    middle = usual[(usual.len() - 1) // 2] if usual.len() else 0
    gaps = rows.filter((2 * apart > 3 * middle).fill_null(False))
    return pl.concat([rows, gaps.select("pid", time_ms=pl.col("time_ms") - 1)], how="diagonal").sort("time_ms")


def _facts(tested: Tested) -> dict[str, object] | None:
    """Return what a finding says of a point's flags: counts, the worst stretch and the test; None where nothing is flagged."""
    rows = tested.rows
    counts = dict(rows.group_by("flag").len().rows())
    if not {SUSPECT, FAIL} & counts.keys():
        return None
    runs = (
        rows.with_columns(run=_FLAGGED.rle_id())
        .filter(_FLAGGED)
        .group_by("run")
        .agg(
            flag=pl.col("flag").max(),
            n=pl.len(),
            first=pl.col("time_ms").min(),
            last=pl.col("time_ms").max(),
            low=pl.col("value").min(),
            high=pl.col("value").max(),
        )
        .sort("flag", "n", "first", descending=[True, True, False])
    )
    worst = runs.row(0, named=True)
    n = {name: int(counts.get(flag, 0)) for flag, name in FLAG_NAMES.items()}
    start, last = local_iso(worst["first"]), local_iso(worst["last"])
    low, high = (None if worst[name] is None else number_text(unscaled(worst[name]), SCALE) for name in ("low", "high"))
    where = f"worst at {start}" if worst["n"] == 1 else f"worst from {start} to {last}"
    values = "" if low is None else f": {low}" if low == high else f": {low} to {high}"
    return {
        "text": f"{rows.height} readings, {n['suspect']} suspect, {n['fail']} fail; {where}{values}; {tested.test.said()}",
        "start": start,
        "end": local_iso(worst["last"] + tested.step_ms),
        "low": low,
        "high": high,
        **n,
    }
