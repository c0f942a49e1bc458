"""Rates of the United States: hourly means corrected for bias, nitrogen oxides by heat input, sulphur dioxide by the hour.

Made when a day is closed, of its hours and of all hours of the quarter of which a mean is substituted: what stands for these moves with every
day of the quarter, and is provisional until it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from ingest.registry import Point
from processors.closing import Closed
from processors.digest import text_hash
from processors.figures import ENGINE, HOUR_MS, SCALE
from processors.findings import Findings
from processors.hours import HOUR_SCHEMA
from processors.missing import close_missing
from processors.missing_steps import FILLED
from processors.output import Output
from processors.points import end_ms, start_ms
from processors.publish import frame_of, publish
from processors.quarters import Quarter, quarter_of_day
from processors.rate_steps import ADJUSTED, NOX_RATE, SO2_RATE, HourBias, HourNoxRate, HourSo2Rate
from processors.rules.averaging import NOTHING_DUE
from processors.rules.gas import OxygenGuard
from processors.rules.millionths import rounded
from processors.rules.us import CarbonDioxideGuard, bias_factor, nox_rate_by_co2_lb_mmbtu, nox_rate_lb_mmbtu, so2_rate_lb_h
from processors.rules.us_missing import POTENTIAL
from processors.rules.verdict import number_text
from processors.shelf import Shelf

UNIT_OF_GAS, UNIT_OF_DILUENT, UNIT_OF_FLOW = "ppm", "%", "scf/h"
"""Units that the formulas are written in."""
SHOWN = 5
"""Decimals of a bias factor in a note."""
STATS = (ADJUSTED, NOX_RATE, SO2_RATE)
RATE_STEPS = ("hour.bias", "hour.nox_rate", "hour.so2_rate")


@dataclass(frozen=True, slots=True)
class _Input:
    """What is known of a factor in an hour: ``value`` in its unit, or the reason why there is none; ``note`` says what was done to it."""

    value: Fraction | None
    reason: str | None
    note: str
    filled: bool
    inputs: str
    as_of_ms: int


def close_part75(closed: Closed, findings: Findings, out: Output) -> None:
    """Publish availability and what stands for missing hours, then means corrected for bias and rates.

    Source:
        US-7 to US-9, 40 CFR 75 appendices A and F (from memory, high). That a substitute is corrected as a mean is, but for the maximum
        potential concentration, is a proposal.
    """
    quarters = close_missing(closed, findings, out)
    rates = list(_rates(closed))
    if not rates and closed.pack.rule(HourBias) is None:
        return
    hours = _Hours(closed, quarters, out)
    rows = [row for hour in hours.starts for row in _rows(closed, hours, hour, rates)]
    if not rows:
        return
    old = frame_of(closed.latest("hour", hours.starts[0], hours.starts[-1] + HOUR_MS, STATS, out), closed.points)
    said = old.filter(pl.col("revision") > 0).select("pid", "stat", "hour", said=True)
    made = pl.DataFrame(rows, schema={**HOUR_SCHEMA, "final": pl.Boolean}).join(said, on=["pid", "stat", "hour"], how="left")
    decided = pl.when(pl.col("final") | pl.col("said")).then(pl.lit(closed.now_ms, dtype=pl.Int64))
    shelf = Shelf()
    shelf.put("hour", old)
    news = publish(shelf, made.with_columns(decided=decided).drop("final", "said"), closed.points, "hour")
    if news.height:
        out.figures.append(news)


class _Hours:
    """The hours of a day and those of quarters of which a mean is substituted, with what stands for each factor."""

    def __init__(self, closed: Closed, quarters: list[Quarter], out: Output) -> None:
        self.closed = closed
        filled = [f for q in quarters for f in closed.latest("hour", q.start_ms, q.end_ms, (FILLED,), out)]
        self.filled = {(f.factor, f.start_ms): f for f in filled}
        days = range(closed.day_ms, closed.end_ms, HOUR_MS)
        self.starts = sorted({*days, *(f.start_ms for f in filled)})
        means = closed.past.cold_hours(closed.source.source, ("avg",), self.starts[0], self.starts[-1] + HOUR_MS)
        self.means = {
            (factor, start): (value, reason, digest, as_of) for factor, _, start, value, reason, digest, as_of in means
        }

    def known(self, factor: str, start: int) -> bool:
        """Whether anything was said of an hour."""
        return (factor, start) in self.means or (factor, start) in self.filled

    def input(self, factor: str, start: int) -> _Input:
        """Return the mean of an hour, or what stands for it, corrected for bias where the rule pack does that."""
        value, reason, digest, as_of = self.means.get((factor, start), (None, None, 0, start + HOUR_MS))
        filled = self.filled.get((factor, start))
        inputs = f"{digest}/{'' if filled is None else filled.inputs}"
        if value is None and reason in NOTHING_DUE:
            return _Input(None, reason, "", False, inputs, as_of)
        substituted = value is None and filled is not None
        if substituted and filled is not None:
            value, as_of = filled.value, max(as_of, filled.as_of_ms)
        if value is None:
            return _Input(None, f"{factor} has no valid mean", "", substituted, inputs, as_of)
        number, told = Fraction(value, 10**SCALE), [f"{factor} substituted"] if substituted else []
        bias = self.bias(factor, start)
        if bias is not None and not (filled is not None and str(filled.explain.get("note")).startswith(POTENTIAL)):
            number *= bias
            told.append(f"{factor} times {number_text(bias, SHOWN)} for bias")
        return _Input(number, None, "; ".join(told), substituted, inputs, as_of)

    def bias(self, factor: str, start: int) -> Fraction | None:
        """Return the factor by which a monitor is corrected in an hour, None where it is not."""
        row = self.row(factor, start)
        if self.closed.pack.rule(HourBias) is None or row is None or row.rata_difference is None:
            return None
        assert row.rata_mean is not None and row.rata_confidence is not None
        return bias_factor(mean_difference=row.rata_difference, cems_mean=row.rata_mean, confidence=row.rata_confidence)

    def row(self, factor: str, start: int) -> Point | None:
        """Return the row of points.csv that holds in an hour."""
        pid = self.closed.points.pid.get((self.closed.source.source, factor), -1)
        return next((r for r in self.closed.points.points_of.get(pid, []) if start_ms(r) <= start < end_ms(r)), None)


@dataclass(frozen=True, slots=True)
class _Rate:
    """A rate as its step makes it: of a factor and another one, whose units the formula is written in.

    ``fuel`` is the column of points.csv without which there is none, "" where the formula needs no fuel.
    """

    stat: str
    factor: str
    unit: str
    other: str
    other_unit: str
    fuel: str
    formula: Callable[[Fraction, Fraction, Point], Fraction]


def _rates(closed: Closed) -> Iterable[_Rate]:
    nox, so2 = closed.pack.rule(HourNoxRate), closed.pack.rule(HourSo2Rate)
    if nox is not None:
        of_nox = (NOX_RATE, nox.nox_factor, UNIT_OF_GAS)
        yield _Rate(*of_nox, nox.oxygen_factor, UNIT_OF_DILUENT, "fuel_dscf_mmbtu", _by_oxygen)
        yield _Rate(*of_nox, nox.carbon_dioxide_factor, UNIT_OF_DILUENT, "fuel_co2_scf_mmbtu", _by_carbon_dioxide)
    if so2 is not None:
        yield _Rate(SO2_RATE, so2.so2_factor, UNIT_OF_GAS, so2.flow_factor, UNIT_OF_FLOW, "", _by_flow)


def _by_oxygen(ppm: Fraction, oxygen_pct: Fraction, row: Point) -> Fraction:
    assert row.fuel_dscf_mmbtu is not None
    return nox_rate_lb_mmbtu(ppm, oxygen_pct=oxygen_pct, fuel_dscf_mmbtu=row.fuel_dscf_mmbtu)


def _by_carbon_dioxide(ppm: Fraction, co2_pct: Fraction, row: Point) -> Fraction:
    assert row.fuel_co2_scf_mmbtu is not None
    return nox_rate_by_co2_lb_mmbtu(ppm, co2_pct=co2_pct, fuel_scf_mmbtu=row.fuel_co2_scf_mmbtu)


def _by_flow(ppm: Fraction, scf_h: Fraction, _row: Point) -> Fraction:
    return so2_rate_lb_h(ppm, flow_scf_h=scf_h)


def _rows(closed: Closed, hours: _Hours, start: int, rates: list[_Rate]) -> Iterable[dict[str, object]]:
    """Yield the figures of an hour: one that has no number says why."""
    for pid in closed.pids:
        factor = closed.points.keys[pid].factor
        if hours.known(factor, start) and hours.bias(factor, start) is not None:
            found = hours.input(factor, start)
            yield _figure(closed, pid, ADJUSTED, start, [found], found.value, found.reason)
    for rate in rates:
        row, beside = hours.row(rate.factor, start), hours.row(rate.other, start)
        if row is None or beside is None or not hours.known(rate.factor, start):
            continue
        if rate.fuel and getattr(row, rate.fuel) is None:
            continue
        inputs = [hours.input(rate.factor, start), hours.input(rate.other, start)]
        value, reason = None, next((each.reason for each in inputs if each.reason is not None), None)
        for point, unit in ((row, rate.unit), (beside, rate.other_unit)):
            if point.unit != unit:
                reason = f"{point.factor} is in {point.unit}, the formula in {unit}"
        if reason is None:
            assert inputs[0].value is not None and inputs[1].value is not None
            try:
                value = rate.formula(inputs[0].value, inputs[1].value, row)
            except (OxygenGuard, CarbonDioxideGuard) as error:
                reason = str(error)
        yield _figure(closed, closed.points.pid[row.source, row.factor], rate.stat, start, inputs, value, reason)


def _figure(
    closed: Closed, pid: int, stat: str, start: int, inputs: list[_Input], value: Fraction | None, reason: str | None
) -> dict[str, object]:  # fmt: skip
    steps = [rule.model_dump_json() for rule in closed.pack.rules if isinstance(rule, HourBias | HourNoxRate | HourSo2Rate)]
    final = quarter_of_day(start, closed.until_ms).over or not any(each.filled for each in inputs)
    number = rounded(value)
    return {
        "pid": pid, "stat": stat, "hour": start, "value": number, "n": 0, "total": None, "reason": reason,
        "note": "; ".join(filter(None, (each.note for each in inputs))) or None,
        "digest": text_hash(start, number, *(each.inputs for each in inputs)), "rules": text_hash(ENGINE, *steps),
        "as_of": max(each.as_of_ms for each in inputs), "final": final,
    }  # fmt: skip
