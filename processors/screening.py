"""Screening of closed days: the detectors that a rule pack names, run over what the store holds; each pattern found is a finding.

A finding is worth a look and never a verdict: it invalidates nothing, and nobody is paged for it. It says which rule saw what, at
which point, since when and how heavy it weighs; a day of a point is told once a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

import polars as pl

from ingest.registry import Registry
from processors import screening_steps as steps
from processors.closing import Closed
from processors.figures import DAY_MS, HOUR_MS, Event, local_iso
from processors.findings import Findings
from processors.output import Output
from processors.packs import Pack, Rule, packs_of
from processors.rules import screening_limits as limits
from processors.rules import screening_plant as plant
from processors.rules import screening_records as records
from processors.rules import screening_values as values
from processors.rules.averaging import NOTHING_DUE, VALID
from processors.rules.coverage import capture_rates
from processors.rules.evidence import EVIDENCE
from processors.rules.millionths import MILLION, text_expr
from processors.rules.periods import day_of
from processors.rules.screening_series import clock_steps, turns_without_memory
from processors.screened_day import ScreenedDay
from processors.screened_plant import (
    cold_gas,
    detection_hover,
    device_settings,
    fuel_against_sulphur,
    idle,
    opposite,
    treatment,
    wrong_correlation,
)
from processors.steps import Step

FINDING: Final = "screening.finding"
"""Kind of the events."""
MARKS_DAYS = 31
"""Days whose marks are looked at: those of the month."""
_DAY_S, _HOUR_S, _WARMER_NEVER_DEGC = 86_400, 3_600, 10_000
_NONE = pl.DataFrame(schema=EVIDENCE)

Finder = Callable[[ScreenedDay, Any], pl.DataFrame]


def rule_of(event: Event, registry: Registry) -> tuple[Pack, Rule] | None:
    """Return the rule behind a finding and its pack, as they are now; None where they are no more."""
    pack = packs_of(registry.packs).get(str(event.facts["pack"]))
    rule = next((r for r in pack.rules if r.id == event.facts["rule"]), None) if pack is not None else None
    return None if pack is None or rule is None else (pack, rule)


def _constant(day: ScreenedDay, rule: steps.Constant) -> pl.DataFrame:
    since = day.start_ms - rule.window_n * HOUR_MS
    rows = day.hours.filter(pl.col("time_ms") >= since).with_columns(resolution=pl.lit(0, dtype=pl.Int64))
    return values.constant(rows, window_n=rule.window_n, gap_s_max=_HOUR_S, cover_s=_HOUR_S, weight=rule.weight)


def _small_range(day: ScreenedDay, rule: steps.SmallRange) -> pl.DataFrame:
    whole = day.today(day.hours).filter(pl.col("value").is_not_null() & pl.col("running")).group_by("pid").len()
    enough = whole.filter(pl.col("len") >= rule.hours_min)["pid"].to_list()
    rows = day.ranged.filter(pl.col("pid").is_in(enough) & (pl.col("code") == VALID))
    return values.small_range(
        rows,
        window_s=_DAY_S,
        range_pct_max=rule.range_pct_max,
        readings_min=rule.hours_min,
        offset_ms=day.offset_ms,
        weight=rule.weight,
    )


def _hugging(day: ScreenedDay, rule: steps.Hugging | steps.HuggingDays) -> pl.DataFrame:
    days = rule.lookback_days if isinstance(rule, steps.HuggingDays) else 1
    first_ms = day.end_ms - days * DAY_MS
    return limits.hugging(
        day.limited.filter(pl.col("time_ms") >= first_ms),
        window_s=days * _DAY_S,
        every_s=days * _DAY_S,
        near_times=rule.near_times,
        share_pct_min=rule.share_pct_min,
        hours_min=rule.hours_min,
        offset_ms=-first_ms,  # one window, which ends with the day
        weight=rule.weight,
    )


def _edge_density(day: ScreenedDay, rule: steps.EdgeDensity) -> pl.DataFrame:
    return limits.edge_density(
        day.today(day.limited),
        window_s=_DAY_S,
        every_s=_DAY_S,
        below_times=rule.below_times,
        above_times=rule.above_times,
        ratio_min=rule.ratio_min,
        hours_min=rule.hours_min,
        offset_ms=day.offset_ms,
        weight=rule.weight,
    )


def _drops(day: ScreenedDay, rule: steps.Drops) -> pl.DataFrame:
    found = _drops_of([day], rule)
    if found.is_empty():
        return found
    return _drops_of([*(day.earlier(n) for n in range(1, rule.lookback_days)), day], rule)


def _drops_of(days: list[ScreenedDay], rule: steps.Drops) -> pl.DataFrame:
    flows = (day.together.select("time_ms", load="flow") for day in days)
    rows = [day.limited_readings.join(flow, on="time_ms", how="left") for day, flow in zip(days, flows, strict=True)]
    return limits.drops(
        pl.concat(rows),
        high_times=rule.high_times,
        low_times=rule.low_times,
        within_s=rule.within_s,
        load_change_max=rule.flow_change_pct_max,
        oxygen_change_pct_max=rule.oxygen_change_pct_max,
        repeat_n=rule.repeat_n,
        repeat_days=rule.lookback_days,
        weight=rule.weight,
        weight_repeated=rule.weight_repeated,
    )


def _ambient_oxygen(day: ScreenedDay, rule: steps.AmbientOxygen) -> pl.DataFrame:
    if day.oxygen is None or day.flow is None:
        return _NONE
    pollutant = day.channel(min(day.limit_of, default=None), "value")
    by_flow = day.running.filter(pl.col("flow").is_not_null()).select("time_ms", "running")
    rows = day.together.join(pollutant, on="time_ms", how="left").with_columns(hour=pl.col("time_ms") // HOUR_MS * HOUR_MS)
    rows = rows.join(by_flow, left_on="hour", right_on="time_ms", how="left")
    rows = rows.with_columns(pid=pl.lit(day.oxygen), running=pl.col("running") & ~pl.col("stopped"))
    return plant.ambient_oxygen(
        rows,
        oxygen_pct_min=rule.oxygen_pct_min,
        lasting_s=rule.lasting_s,
        same_pct_max=rule.same_pct_max,
        gap_s_max=2 * day.step_s,
        cover_s=day.step_s,
        weight=rule.weight,
    )


def _no_flow(day: ScreenedDay, rule: steps.NoFlow) -> pl.DataFrame:
    velocity = day.pid(rule.velocity)
    if velocity is None or (day.oxygen is None and day.power is None and not day.meters):
        return _NONE
    told = day.together.with_columns(running=day.says_running())
    rows = told.join(day.channel(velocity, "value"), on="time_ms").with_columns(pid=pl.lit(velocity))
    return plant.flow_against_plant(
        rows.with_columns(
            running=pl.when("running").then(True)
        ),  # gas that flows though it does not is told by DQ-12, where a stop is declared
        zero_m_s=rule.zero_m_s,
        lasting_s=rule.lasting_s,
        gap_s_max=2 * day.step_s,
        cover_s=day.step_s,
        weight=rule.weight,
    )


def _parts(day: ScreenedDay, rule: steps.Parts) -> pl.DataFrame:
    known = {role: pid for role, factor in rule.factors.items() if (pid := day.pid(factor)) is not None}
    pairs = [(part, whole) for part, whole, _words in records.PARTS if part in known and whole in known]
    found = []
    for part, whole in pairs:
        rows = day.today(day.measured([known[part]])).rename({"value": part})
        of = day.today(day.measured([known[whole]])).select("time_ms", pl.col("value").alias(whole))
        found.append(
            records.part_above_whole(
                rows.join(of, on="time_ms"), tolerance_pct=rule.tolerance_pct, cover_s=_HOUR_S, weight=rule.weight
            )
        )
    return pl.concat([_NONE, *(each.cast(EVIDENCE) for each in found)])  # type: ignore[arg-type]


def _moisture(day: ScreenedDay, rule: steps.Moisture) -> pl.DataFrame:
    pid = day.pid(rule.moisture)
    if pid is None:
        return _NONE
    rows = day.today(day.measured([pid]).join(day.running.filter("running"), on="time_ms")).rename({"value": "moisture"})
    unknown = pl.lit(None, dtype=pl.Int64)
    return records.implausible_gas(
        rows.with_columns(temperature=unknown, ambient=unknown), warmer_degc_min=0, cover_s=_HOUR_S, weight=rule.weight
    )


def _copied_day(day: ScreenedDay, rule: steps.CopiedDay) -> pl.DataFrame:
    found = values.copied_days(
        day.hours.rename({"time_ms": "hour"}),
        same_min=rule.same_min,
        distinct_min=rule.distinct_min,
        lookback_days=rule.lookback_days,
        offset_ms=day.offset_ms,
        weight=rule.weight,
    )
    return found.filter(pl.col("start_ms") == day.start_ms)


def _calibration_cover(day: ScreenedDay, rule: steps.CalibrationCover) -> pl.DataFrame:
    found = limits.calibration_as_cover(
        day.calibrations, day.limited_readings, high_times=rule.high_times, within_s=rule.within_s, weight=rule.weight
    )
    return found if found.is_empty() else found.filter(~day.habitual(rule.habit_pct_min))


def _calibration_share(day: ScreenedDay, rule: steps.CalibrationShare) -> pl.DataFrame:
    one = day.calibrations.filter(pl.col("pid") == min(day.watched, default=-1))
    apart = one.filter(pl.col("start_ms") >= pl.col("end_ms").cum_max().shift(1).fill_null(0))
    return limits.too_much_calibration(
        apart, a_day_max=rule.a_day_max, hours_pct_max=rule.hours_pct_max, offset_ms=day.offset_ms, weight=rule.weight
    )


def _stopped(day: ScreenedDay, rule: steps.Stopped) -> pl.DataFrame:
    pid = next((pid for pid in (day.flow, day.oxygen, day.power, *day.meters) if pid is not None), None)
    if pid is None or not day.together["stopped"].any():
        return _NONE
    return plant.stopped_yet_running(
        day.together.with_columns(pid=pl.lit(pid), warmer=pl.lit(None, dtype=pl.Int64)),
        oxygen_pct_max=rule.oxygen_pct_max,
        flow_pct_max=rule.flow_pct_max,
        power_pct_max=rule.power_pct_max,
        warmer_degc_max=_WARMER_NEVER_DEGC,
        lasting_s=rule.lasting_s,
        gap_s_max=2 * day.step_s,
        cover_s=day.step_s,
        weight=rule.weight,
    )


def _generator(day: ScreenedDay, rule: steps.Generator) -> pl.DataFrame:
    running = day.readings.filter(pl.col("running"))
    found = [_NONE]
    for pid in turns_without_memory(running, turning_pct_min=rule.turning_pct_min):
        mine = running.filter(pl.col("pid") == pid)
        seen = mine["value"].unique().sort()
        if mine.height < rule.values_min or seen.len() < rule.bins:
            continue
        low, high, step = (int(x) for x in (seen[0], seen[-1], seen.diff().min()))  # type: ignore[arg-type]
        found.append(
            values.random_generator(
                mine,
                low=Fraction(low, MILLION),
                high=Fraction(high, MILLION),
                resolution=Fraction(step, MILLION),
                bins=rule.bins,
                critical=rule.critical,
                values_min=rule.values_min,
                weight=rule.weight,
            ).cast(EVIDENCE)  # type: ignore[arg-type]
        )
    return pl.concat(found)


def _settings(day: ScreenedDay, rule: steps.Settings) -> pl.DataFrame:
    spans = [(pid, start, end) for pid in day.closed.pids for start, end, _scheduled in day.marked("maintenance")]
    names = {"pid": pl.Int32, "start_ms": pl.Int64, "end_ms": pl.Int64}
    maintenance = pl.DataFrame(spans, schema=names, orient="row")
    return records.silent_changes(day.changed, maintenance, slack_s=rule.slack_s, weight=rule.weight)


def _silence(day: ScreenedDay, rule: steps.Silence) -> pl.DataFrame:
    # minutes that are there but flagged stand in brackets behind the reason
    missing = pl.col("value").is_null() & ~pl.col("reason").str.ends_with(")") & (pl.col("reason") != "no data")
    withheld = day.limited.filter(missing, pl.col("time_ms").is_between(day.month_ms, day.end_ms, closed="left"))
    if day.today(withheld).is_empty() or withheld.height < rule.gaps_min:
        return _NONE
    days = withheld.select(day_of(pl.col("time_ms"), day.offset_ms).unique().sort())["time_ms"].to_list()
    hours = pl.concat([day.with_minutes(start, start + DAY_MS) for start in days])
    short = hours.filter(missing, pl.col("limit").is_not_null(), pl.col("n") > 0, pl.col("total").is_not_null())
    gaps = short.select(
        "pid",
        "limit",
        start_ms="time_ms",
        end_ms=pl.col("time_ms") + HOUR_MS,
        projection=(pl.col("total") // (pl.col("n") * 100)).cast(pl.Int64),  # minutes are a hundred times finer
    )
    found = limits.silence_before_exceedance(gaps, gaps_min=rule.gaps_min, offset_ms=day.offset_ms, weight=rule.weight)
    return found.with_columns(pl.col("start_ms").clip(day.start_ms))  # told on each day with another gap


def _capture(day: ScreenedDay, rule: steps.Capture) -> pl.DataFrame:
    if day.month_end_ms != day.end_ms:
        return _NONE
    hours = day.figures.filter(pl.col("stat") == "avg", pl.col("pid").is_in(day.watched), pl.col("time_ms") >= day.month_ms)
    if hours.is_empty():
        return _NONE
    rates = capture_rates(
        hours.select("pid", "value", hour="time_ms", stopped=pl.col("reason").is_in(NOTHING_DUE).fill_null(False)),
        start_ms=int(hours["time_ms"].min()),  # type: ignore[arg-type]
        end_ms=day.end_ms,
    ).with_columns(start_ms=pl.lit(day.month_ms), end_ms=pl.lit(day.end_ms))
    return records.low_capture(rates, target_pct=rule.target_pct, weight=rule.weight)


def _range_cut(day: ScreenedDay, rule: steps.RangeCut) -> pl.DataFrame:
    return values.clipped(day.ranged, window_n=rule.window_n, gap_s_max=2 * day.step_s, cover_s=day.step_s, weight=rule.weight)


def _clock_steps(day: ScreenedDay, rule: steps.ClockSteps) -> pl.DataFrame:
    rows = day.hours.filter((pl.col("time_ms") >= day.end_ms - rule.lookback_days * DAY_MS) & pl.col("running"))
    return clock_steps(
        rows,
        fall_pct_min=rule.fall_pct_min,
        flow_change_pct_max=rule.flow_change_pct_max,
        days_min=rule.days_min,
        offset_ms=day.offset_ms,
        weight=rule.weight,
    ).filter(pl.col("end_ms") > day.start_ms)


_FINDERS: Mapping[type[Step], Finder] = {
    steps.Constant: _constant,
    steps.SmallRange: _small_range,
    steps.DetectionHover: detection_hover,
    steps.Hugging: _hugging,
    steps.HuggingDays: _hugging,
    steps.EdgeDensity: _edge_density,
    steps.Drops: _drops,
    steps.AmbientOxygen: _ambient_oxygen,
    steps.NoFlow: _no_flow,
    steps.Parts: _parts,
    steps.Moisture: _moisture,
    steps.ColdGas: cold_gas,
    steps.Treatment: treatment,
    steps.Correlation: wrong_correlation,
    steps.Fuel: fuel_against_sulphur,
    steps.Opposite: opposite,
    steps.CopiedDay: _copied_day,
    steps.CalibrationCover: _calibration_cover,
    steps.CalibrationShare: _calibration_share,
    steps.Stopped: _stopped,
    steps.Generator: _generator,
    steps.Settings: _settings,
    steps.DeviceSettings: device_settings,
    steps.Silence: _silence,
    steps.Capture: _capture,
    steps.Idle: idle,
    steps.RangeCut: _range_cut,
    steps.ClockSteps: _clock_steps,
}


def screen(closed: Closed, findings: Findings, out: Output) -> None:
    """Tell the patterns of a closed day, each once a rule and point; a source whose pack does not say when it runs is not screened."""
    running = next((rule for rule in closed.pack.rules if isinstance(rule, steps.Running)), None)
    if running is None:
        return
    wanted = [rule for rule in closed.pack.rules if type(rule) in _FINDERS]
    day = ScreenedDay(closed, running, max([MARKS_DAYS, *(getattr(r, "lookback_days", 0) + 1 for r in wanted)]))
    for rule in wanted:
        found = _FINDERS[type(rule)](day, rule).filter(pl.col("end_ms") > day.start_ms, pl.col("start_ms") < day.end_ms)
        for pid, detector, start, end, reason, weight in (
            found.sort("pid", -pl.col("weight"), "start_ms", "end_ms").unique("pid", keep="first", maintain_order=True).rows()
        ):
            key, times = closed.points.keys[pid], found.filter(pl.col("pid") == pid).height
            first = start if end - start > 2 * DAY_MS else max(start, day.start_ms)
            date = local_iso(findings.day_of(first))[:10]
            facts = {
                "text": reason if times == 1 else f"{reason}; {times} times that day",
                "rule": rule.id,
                "detector": detector,
                "pack": closed.pack.id,
                "weight": weight,
                "start": local_iso(start),
                "end": local_iso(end),
                "day": local_iso(day.start_ms)[:10],
                **_figures(day, pid),
            }
            findings.event(FINDING, key.source, key.factor, closed.now_ms, f"{rule.id}/{date}", facts, out)


def _figures(day: ScreenedDay, pid: int) -> dict[str, object]:
    """Return the key figures of a point's day: valid hours, least, greatest and mean hour as measured, and its limit."""
    hours = day.today(day.measured([pid])).filter(pl.col("value").is_not_null())
    mean = pl.col("value").sum() // pl.len()
    told = hours.select(low=text_expr(pl.col("value").min()), high=text_expr(pl.col("value").max()), mean=text_expr(mean))
    facts: dict[str, object] = {
        "hours": hours.height,
        "unit": day.points.unit(pid),
        **(told.row(0, named=True) if hours.height else {}),
    }
    if pid in day.limit_of:
        stat, limit = day.limit_of[pid]
        facts |= {"stat": stat, "limit": pl.select(text_expr(pl.lit(limit))).item()}
    return facts
