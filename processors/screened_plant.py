"""Finders of screening that hold a source against its plant: treatment, abatement, power, air; and values around a detection limit."""

from __future__ import annotations

from typing import Final

import polars as pl

from processors import screening_steps as steps
from processors.figures import DAY_MS, HOUR_MS, scaled
from processors.points import end_ms, start_ms
from processors.rules import screening_plant as plant
from processors.rules import screening_records as records
from processors.rules.averaging import VALID
from processors.rules.evidence import EVIDENCE
from processors.rules.millionths import text_expr
from processors.rules.screening_values import detection_hover as hovering
from processors.screened_day import ScreenedDay, finest

_DAY_S, _HOUR_S = 86_400, 3_600
_NONE = pl.DataFrame(schema=EVIDENCE)
_UNKNOWN: Final = pl.lit(None, dtype=pl.Int64)
ABATING = ("abatement", "reagent", "oxidiser", "bypass")
"""Roles of points that say whether the abatement works."""


def detection_hover(day: ScreenedDay, rule: steps.DetectionHover) -> pl.DataFrame:
    """Find pollutants that stayed around the detection limit of their monitor for days (DQ-3)."""
    first_ms = day.end_ms - rule.lookback_days * DAY_MS
    rows = [(pid, row) for pid in day.watched for row in day.points.points_of.get(pid, ())]
    known = [
        (pid, scaled(row.detection_limit))
        for pid, row in rows
        if row.detection_limit is not None and start_ms(row) <= day.start_ms < end_ms(row)
    ]
    limits = pl.DataFrame(known, schema={"pid": pl.Int32, "detection": pl.Int64}, orient="row")
    if limits.is_empty():
        return _NONE
    return hovering(
        day.hours.filter(pl.col("time_ms") >= first_ms).join(limits, on="pid"),
        window_s=rule.lookback_days * _DAY_S,
        every_s=rule.lookback_days * _DAY_S,
        detection_times=rule.detection_times,
        share_pct_min=rule.share_pct_min,
        readings_min=rule.hours_min,
        offset_ms=-first_ms,  # one window, which ends with the day
        weight=rule.weight,
    )


def cold_gas(day: ScreenedDay, rule: steps.ColdGas) -> pl.DataFrame:
    """Find hours of flue gas that is hardly warmer than the air (DQ-8)."""
    gas, air = day.pid(rule.temperature), day.pid(rule.ambient)
    if gas is None or air is None:
        return _NONE
    rows = day.today(day.measured([gas]).join(day.running, on="time_ms")).rename({"value": "temperature"})
    rows = rows.join(day.measured([air]).select("time_ms", ambient="value"), on="time_ms").with_columns(moisture=_UNKNOWN)
    return records.implausible_gas(rows, warmer_degc_min=rule.warmer_degc_min, cover_s=_HOUR_S, weight=rule.weight)


def treatment(day: ScreenedDay, rule: steps.Treatment) -> pl.DataFrame:
    """Find hours with a greater concentration behind a treatment than before it (DQ-8)."""
    found = [_NONE]
    for pid in day.watched:
        rows = [row for row in day.points.points_of.get(pid, ()) if start_ms(row) <= day.start_ms < end_ms(row)]
        inlets = [inlet for row in rows if row.inlet_factor and (inlet := day.pid(row.inlet_factor)) is not None]
        for inlet in inlets:
            if day.points.unit(inlet) == day.points.unit(pid):
                before = day.measured([inlet]).select("time_ms", inlet="value")
                both = day.today(day.measured([pid])).rename({"value": "outlet"}).join(before, on="time_ms")
                ran = both.join(day.running.filter("running").select("time_ms"), on="time_ms")
                found.append(
                    records.part_above_whole(ran, tolerance_pct=rule.tolerance_pct, cover_s=_HOUR_S, weight=rule.weight)
                )
    return pl.concat([each.cast(EVIDENCE) for each in found])  # type: ignore[arg-type]


def fuel_against_sulphur(day: ScreenedDay, rule: steps.Fuel) -> pl.DataFrame:
    """Find days on which a pollutant before its treatment fell as the fuel rose (DQ-9)."""
    outlet = day.pid(rule.factor)
    rows = [] if outlet is None else day.points.points_of.get(outlet, ())
    now = [row for row in rows if start_ms(row) <= day.start_ms < end_ms(row) and row.inlet_factor]
    inlet = next((pid for row in now if (pid := day.pid(row.inlet_factor)) is not None), None)
    fuel = next((pid for pid, _word in day.of_role("fuel_flow")), None)
    return _NONE if inlet is None or fuel is None else _falling(day, inlet, fuel, "avg", rule)


def opposite(day: ScreenedDay, rule: steps.Opposite) -> pl.DataFrame:
    """Find pollutants of which one moved exactly opposite to another all day (DQ-9)."""
    names = pl.DataFrame({"pid": day.watched, "factor": [day.points.keys[pid].factor for pid in day.watched]})
    ran = day.today(day.hours).filter("running").join(names.cast({"pid": pl.Int32, "factor": pl.String}), on="pid")
    return plant.opposite(ran, readings_min=rule.hours_min, distinct_min=rule.distinct_min, cover_s=_HOUR_S, weight=rule.weight)


def device_settings(day: ScreenedDay, rule: steps.DeviceSettings) -> pl.DataFrame:
    """Find settings that their device reports changed, far from any maintenance or calibration (DQ-15)."""
    told = [(pid, word) for pid in day.closed.pids for word in _setting_of(day, pid)]
    if not told:
        return _NONE
    rows = pl.concat(_reported(day, pid).with_columns(setting=pl.lit(word)) for pid, word in told)
    values = rows.sort("pid", "time_ms").with_columns(before=pl.col("value").shift(1).over("pid"))
    changes = day.today(values.filter(pl.col("before").is_not_null())).select(
        "pid", "time_ms", "setting", old=text_expr(pl.col("before")), new=text_expr(pl.col("value"))
    )
    spans = [(pid, start, end) for pid, _ in told for start, end, _scheduled in day.marked("maintenance", "calibration")]
    names = {"pid": pl.Int32, "start_ms": pl.Int64, "end_ms": pl.Int64}
    marks = pl.DataFrame(spans, schema=names, orient="row")
    return records.silent_changes(changes, marks, slack_s=rule.slack_s, weight=rule.weight)


def _setting_of(day: ScreenedDay, pid: int) -> list[str]:
    """Return what a point is a setting of on the day: a word, or none."""
    rows = [row for row in day.points.points_of.get(pid, ()) if start_ms(row) <= day.start_ms < end_ms(row)]
    parts = [row.role.partition("/") for row in rows]
    return [what.replace("_", " ") for role, _slash, what in parts if role == "setting"]


def _reported(day: ScreenedDay, pid: int) -> pl.DataFrame:
    """Return the readings of a setting on the day, and those of the last hour before that has one."""
    valid = (pl.col("pid") == pid) & (pl.col("code") == VALID)
    rows = day.raw.filter(valid).select("pid", "time_ms", "value")
    earlier = day.measured([pid]).filter(pl.col("value").is_not_null(), pl.col("time_ms") < day.start_ms)
    if rows.is_empty() or earlier.is_empty():
        return rows
    last = int(earlier["time_ms"].max())  # type: ignore[arg-type]
    return pl.concat([finest(day.closed, last, last + HOUR_MS).filter(valid).select("pid", "time_ms", "value"), rows])


def wrong_correlation(day: ScreenedDay, rule: steps.Correlation) -> pl.DataFrame:
    """Find days on which the flow fell as the power of the production rose (DQ-9)."""
    by = day.power if day.power is not None else next(iter(day.meters), None)
    if by is None or day.flow is None:
        return _NONE
    return _falling(day, day.flow, by, "energy" if by in day.meters else "avg", rule)


def _falling(day: ScreenedDay, pid: int, by: int, stat: str, rule: steps.Correlation | steps.Fuel) -> pl.DataFrame:
    """Find that a point fell as another, of which a stat is looked at, rose."""
    rising = day.figures.filter(pl.col("stat") == stat, pl.col("pid") == by).select("time_ms", x="value")
    pairs = day.today(day.measured([pid])).rename({"value": "y"}).join(rising, on="time_ms")
    ran = pairs.join(day.running.filter("running").select("time_ms"), on="time_ms")
    return plant.wrong_correlation(
        ran.with_columns(sign=pl.lit(1)),
        window_s=_DAY_S,
        strength_min=rule.strength_min,
        readings_min=rule.hours_min,
        offset_ms=day.offset_ms,
        weight=rule.weight,
    )


def idle(day: ScreenedDay, rule: steps.Idle) -> pl.DataFrame:
    """Find production while the bypass is open or the abatement stands, cold, or without reagent (DQ-17)."""
    rows = day.together.select("time_ms", production=pl.coalesce("power", "flow"))
    found = [_NONE]
    for pid, word in day.of_role(*ABATING):
        share = rule.oxidiser_pct_min if word == "oxidiser" else rule.abatement_pct_min
        usual = day.usual(pid)
        bound = None if word == "bypass" or usual is None else int(usual * share / 100)
        told = rows.join(day.channel(pid, "abatement"), on="time_ms").with_columns(
            pid=pl.lit(pid),
            bypass_open=pl.col("abatement") > 0 if word == "bypass" else pl.lit(None, dtype=pl.Boolean),
            abatement_min=pl.lit(bound, dtype=pl.Int64),
        )
        found.append(
            plant.idle_abatement(
                told,
                production_pct_min=rule.production_pct_min,
                lasting_s=rule.lasting_s,
                gap_s_max=2 * day.step_s,
                cover_s=day.step_s,
                weight=rule.weight,
            )
        )
    return pl.concat([each.cast(EVIDENCE) for each in found])  # type: ignore[arg-type]
