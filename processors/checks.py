"""Checks of monitors with gas, as marks tell them: what each found, when the next is due, and when a channel was out of control or overdue.

All of it is a function of the marks that are known and of the registry: nothing is remembered, and a check that comes late moves what it must.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import Literal

import polars as pl

from ingest.records import CheckKind, Mark
from ingest.registry import Point
from ingest.span_gas import span_gas
from processors.check_steps import AccuracyBounds, CheckAccuracy, CheckBackwards, CheckBounds, CheckChart, CheckDrift
from processors.figures import DAY_MS, epoch_ms
from processors.packs import Pack, chosen
from processors.points import FOREVER_MS, Points, end_ms, start_ms
from processors.rules.accuracy import accuracy
from processors.rules.averaging import FAILED_CHECK
from processors.rules.drift import (
    ADJUST,
    IN_TOLERANCE,
    OUT_OF_CONTROL,
    OVERDUE,
    drift_pct,
    judged_drift,
    unfit_intervals,
)
from processors.rules.en14181 import Cusum, cusum_step, shewhart
from processors.rules.gas import exact
from processors.rules.millionths import milliseconds
from processors.rules.span_gas import shown_by_monitor
from processors.rules.verdict import Outcome, number_text
from processors.rules.water_checks import invalid_windows
from processors.shelf import MarkSpan, code_of

State = Literal["in tolerance", "adjust", "out of control"]
Cause = Literal["out of control", "overdue calibration", "failed check"]
FAILED: Literal["failed check"] = "failed check"
_SEEN = {"pid": pl.Int64, "time_ms": pl.Int64, "state": pl.String, "interval_ms": pl.Int64}
_PASSED = {"pid": pl.Int64, "time_ms": pl.Int64, "passed": pl.Boolean}
_OF_OUTCOME: Mapping[Outcome, State | None] = {"passes": IN_TOLERANCE, "fails": OUT_OF_CONTROL, "not judged": None}
NO_BOUND = "the rules of this source set no bound for such a check"
NO_DEVIATION = "no control chart without s_ams in points.csv"
NO_UNIT = "a reference in {} does not say what is shown in {}"


@dataclass(frozen=True)
class Judged:
    """A check and what it found: ``state`` at its start, ``after`` at its end where something was adjusted; None where nothing is to be judged by.

    ``reference`` is what should have been shown, in the unit of the point, None where it does not follow from the gas; ``pct`` the drift [% of span],
    signed. ``bounds`` is the row of the rule pack that holds, ``interval_ms`` the longest time to the
    next check, None where none is due. ``backwards``: one that fails makes invalid all since the last passed one.
    """

    mark: Mark
    check: CheckKind
    factor: str
    reference: Fraction | None
    pct: Fraction | None
    state: State | None
    after: State | None
    reason: str
    bounds: CheckBounds | None = None
    interval_ms: int | None = None
    backwards: bool = False

    @property
    def left(self) -> State | None:
        """The state in which the check left the channel."""
        return self.after or self.state

    @cached_property
    def seen(self) -> list[tuple[int, State]]:
        """When the check saw the channel in which state."""
        found = [(epoch_ms(self.mark.start), self.state), (epoch_ms(self.mark.end), self.after)]
        return [(time, state) for time, state in found if state is not None]

    @cached_property
    def passed(self) -> list[tuple[int, bool]]:
        """When the check passed or failed: one that passed vouches for all of its time, one that asks for calibration does neither."""
        start, end = epoch_ms(self.mark.start), epoch_ms(self.mark.end)
        found = [(start, self.state), (end, self.after or (self.state if self.state == IN_TOLERANCE else None))]
        return [(time, state == IN_TOLERANCE) for time, state in found if state in (IN_TOLERANCE, OUT_OF_CONTROL)]

    @property
    def due_ms(self) -> int | None:
        """Until when the next check is due."""
        return None if self.interval_ms is None or not self.seen else self.seen[-1][0] + self.interval_ms


@dataclass(frozen=True, slots=True)
class Unfit:
    """A stretch in which a channel was out of control, its check overdue, or all invalid because one failed.

    ``end_ms`` is FOREVER_MS while it goes on; ``mark`` is the check that found it, or after which none came in time.
    """

    source: str
    factor: str
    check: CheckKind
    cause: Cause
    start_ms: int
    end_ms: int
    mark: str


def judged_checks(marks: Iterable[Mark], points: Points, known: Mapping[str, Judged] | None = None) -> list[Judged]:
    """Judge the confirmed checks among marks by the rule packs of their sources, in the order of source, channel and time.

    Args:
        known: by mark what was judged before under the same registry; it is taken over where the mark is the same and no chart is kept.
    """
    series: dict[tuple[str, str, CheckKind], list[Mark]] = {}
    for mark in sorted(marks, key=lambda m: (m.start, m.id)):
        if mark.check is not None and mark.state == "confirmed" and mark.factors is not None and mark.source in points.sources:
            series.setdefault((mark.source, mark.factors[0], mark.check), []).append(mark)
    found: list[Judged] = []
    for (source, factor, check), same in sorted(series.items()):
        pack, rows = chosen(points.sources[source], points.packs), _rows(points, source, factor)
        chart = pack.rule(CheckChart)
        if chart is not None and check != "comparison":
            found += _charted(same, check, factor, rows, chart)
        else:
            before = known or {}
            taken = (before[m.id] if m.id in before and before[m.id].mark is m else None for m in same)
            found += [old or _judged(m, check, factor, rows, points, pack) for m, old in zip(same, taken, strict=True)]
    return found


def _judged(mark: Mark, check: CheckKind, factor: str, rows: Sequence[Point], points: Points, pack: Pack) -> Judged:
    reference, rule = _reference(mark, rows), pack.rule(CheckBackwards)
    if reference is None:
        return _unknown(mark, check, factor, rows)
    bound = _bound_of(mark, reference, check, factor, points, pack)
    if bound is None:
        found = _drifted(mark, reference, check, factor, rows, pack)
    else:
        found = _compared(mark, reference, check, factor, rows, bound)
    return found if rule is None or check not in rule.checks else replace(found, backwards=True)


def _rows(points: Points, source: str, factor: str) -> list[Point]:
    pid = points.pid.get((source, factor))
    return [] if pid is None else points.points_of.get(pid, [])


def _row_at(rows: Iterable[Point], time_ms: int) -> Point | None:
    return next((row for row in rows if start_ms(row) <= time_ms < end_ms(row)), None)


def _reference(mark: Mark, rows: Iterable[Point]) -> Fraction | None:
    """Return the reference of a check in the unit of its point, None where it does not follow from the gas."""
    assert mark.reference is not None
    if mark.gas is None:
        return exact(mark.reference)
    point = _row_at(rows, epoch_ms(mark.start))
    return shown_by_monitor(mark.reference, span_gas(mark.gas), "" if point is None else point.unit)


def _unknown(mark: Mark, check: CheckKind, factor: str, rows: Iterable[Point]) -> Judged:
    """Judge nothing by a check of whose gas nothing follows for the unit of the point."""
    point = _row_at(rows, epoch_ms(mark.start))
    why = NO_UNIT.format(mark.gas, "no unit" if point is None else point.unit)
    return Judged(mark, check, factor, None, None, None, None, why)


def _pct(mark: Mark, reference: Fraction) -> Fraction:
    assert mark.before is not None and mark.span is not None
    return drift_pct(mark.before, reference, full_scale=mark.span)


def _bound_of(
    mark: Mark, reference: Fraction, check: CheckKind, factor: str, points: Points, pack: Pack
) -> AccuracyBounds | None:
    """Return the row of ``check.accuracy`` that holds for a check, None where none does."""
    rule = pack.rule(CheckAccuracy)
    if rule is None:
        return None
    at, of = epoch_ms(mark.start), (mark.source, factor)
    held = [x.limit for x in points.registry.limits if (x.source, x.factor) == of and start_ms(x) <= at < end_ms(x)]
    least = min(held, default=None)
    return next((row for row in rule.bounds if row.fits(factor, check, reference, least)), None)


def _compared(
    mark: Mark, reference: Fraction, check: CheckKind, factor: str, rows: Sequence[Point], bound: AccuracyBounds
) -> Judged:
    """Judge one check by its error."""
    point = _row_at(rows, epoch_ms(mark.start))
    before, after = (
        None
        if shown is None
        else accuracy(
            shown,
            reference,
            unit="" if point is None else point.unit,
            error_max=bound.error_max,
            error_pct_max=bound.error_pct_max,
        )
        for shown in (mark.before, mark.after)
    )
    assert before is not None
    state, left = (None if each is None else _OF_OUTCOME[each.outcome] for each in (before, after))
    days = bound.interval_days if point is not None and point.checks else None
    interval_ms = _interval_ms(days)
    return Judged(mark, check, factor, reference, _pct(mark, reference), state, left, before.reason, interval_ms=interval_ms)


def _interval_ms(days: Decimal | None) -> int | None:
    return None if days is None else milliseconds(exact(days) * DAY_MS / 1000)


def _drifted(mark: Mark, reference: Fraction, check: CheckKind, factor: str, rows: Sequence[Point], pack: Pack) -> Judged:
    """Judge one check by the bounds that hold for it."""
    rule, point = pack.rule(CheckDrift), _row_at(rows, epoch_ms(mark.start))
    bounds = None if rule is None else rule.row(factor, check, "" if point is None else point.unit)
    if bounds is None:
        return Judged(mark, check, factor, reference, _pct(mark, reference), None, None, NO_BOUND)
    assert mark.span is not None
    before, after = (
        None
        if shown is None
        else judged_drift(
            exact(shown) - reference,
            full_scale=mark.span,
            unit="" if point is None else point.unit,
            allowed_pct=bounds.allowed_pct,
            allowed=bounds.allowed,
            out_of_control_pct=bounds.out_of_control_pct,
            out_of_control=bounds.out_of_control,
        )
        for shown in (mark.before, mark.after)
    )
    assert before is not None
    days = None
    if point is not None and point.checks:
        days = bounds.automatic_days if point.checks == "automatic" else bounds.interval_days
    return Judged(
        mark,
        check,
        factor,
        reference,
        before.drift_pct,
        before.state,
        None if after is None else after.state,
        before.reason,
        bounds,
        _interval_ms(days),
    )


def _charted(marks: Iterable[Mark], check: CheckKind, factor: str, rows: Sequence[Point], rule: CheckChart) -> list[Judged]:
    """Judge the checks of a channel by its control chart, which begins anew where something was adjusted.

    Source:
        EU-17, EN 14181 (from memory, medium).
    """
    found: list[Judged] = []
    sums, last = Cusum(), Fraction(0)
    for mark in marks:
        reference, point = _reference(mark, rows), _row_at(rows, epoch_ms(mark.start))
        if reference is None:
            found.append(_unknown(mark, check, factor, rows))
            continue
        if point is None or point.s_ams is None:
            found.append(Judged(mark, check, factor, reference, _pct(mark, reference), None, None, NO_DEVIATION))
            continue
        assert mark.before is not None
        drift, s = exact(mark.before) - reference, point.s_ams
        shown, bound = number_text(drift, 3), number_text(exact(rule.alarm_times) * exact(s), 3)
        if rule.chart == "cusum":
            assert rule.allowance_times is not None
            sums = cusum_step(sums, drift, deviation=s, allowance_times=rule.allowance_times, alarm_times=rule.alarm_times)
            alarm = sums.alarm
            told = f"sums {number_text(sums.positive, 3)} upwards and {number_text(sums.negative, 3)} downwards"
            reason = f"drift of {shown} {point.unit}, {told}; the chart alarms above {bound}"
        else:
            assert rule.warn_times is not None
            alarm = shewhart([last, drift], deviation=s, warn_times=rule.warn_times, alarm_times=rule.alarm_times)[-1]
            twice = number_text(exact(rule.warn_times) * exact(s), 3)
            reason = f"drift of {shown} {point.unit}; the chart alarms beyond {bound}, or twice in a row beyond {twice}"
        adjusted = mark.after is not None
        sums, last = (Cusum(), Fraction(0)) if adjusted else (sums, drift)
        state: State = ADJUST if alarm else IN_TOLERANCE
        found.append(
            Judged(mark, check, factor, reference, _pct(mark, reference), state, IN_TOLERANCE if adjusted else None, reason)
        )
    return found


def unfit_stretches(checks: Iterable[Judged], points: Points) -> list[Unfit]:
    """Return when channels were out of control, from a check to the next that meets the requirement, or a check overdue.

    An overdue stretch begins when the check is due, whether or not that time has come; nobody is overdue before a first check, nor where
    points.csv does not say that checks are kept. Of checks that reach backwards see ``_failed``.

    Source:
        HJ 75-2017, emission_rules 1.4 (from memory, medium).
    """
    channels: dict[tuple[str, str, CheckKind], list[Judged]] = {}
    backwards: dict[tuple[str, str], list[Judged]] = {}
    for each in checks:
        if each.backwards:
            backwards.setdefault((each.mark.source, each.factor), []).append(each)
        if each.seen:
            channels.setdefault((each.mark.source, each.factor, each.check), []).append(each)
    names = sorted(channels)
    columns: dict[str, list[object]] = {name: [] for name in _SEEN}
    first: dict[tuple[int, Cause, int], str] = {}  # by channel and the start of what it may begin: the mark
    for n, name in enumerate(names):
        for each in channels[name]:
            for time, state in each.seen:
                for column, value in zip(columns.values(), (n, time, state, each.interval_ms), strict=True):
                    column.append(value)
                first.setdefault((n, OVERDUE, time + (each.interval_ms or 0)), each.mark.id)
                if state == OUT_OF_CONTROL:
                    first.setdefault((n, OUT_OF_CONTROL, time), each.mark.id)
    stretches = unfit_intervals(pl.DataFrame(columns, schema=_SEEN), until_ms=FOREVER_MS)
    found = [unfit for (source, _factor), some in sorted(backwards.items()) for unfit in _failed(some, source, points)]
    for n, start, end, cause in stretches.select("pid", "start_ms", "end_ms", "cause").rows():
        source, factor, check = names[n]
        if cause == OUT_OF_CONTROL:
            if channels[names[n]][0].backwards:
                continue
        else:
            point = _row_at(_rows(points, source, factor), start)
            if point is None or not point.checks:
                continue
        found.append(Unfit(source, factor, check, cause, start, FOREVER_MS if end is None else end, first[n, cause, start]))
    return sorted(found, key=lambda u: (u.source, u.factor, u.start_ms, u.cause, u.check))


def _failed(checks: Sequence[Judged], source: str, points: Points) -> list[Unfit]:
    """Return what failed checks of a factor make invalid: from the last passed one before to the next that passes, of whichever kind.

    Source:
        WAT-10, HJ 355-2019 (from memory, high).
    """
    rule = chosen(points.sources[source], points.packs).rule(CheckBackwards)
    assert rule is not None
    passed = [(time, passed) for each in checks for time, passed in each.passed]
    columns = {"pid": [0] * len(passed), "time_ms": [time for time, _ in passed], "passed": [met for _, met in passed]}
    windows = invalid_windows(pl.DataFrame(columns, schema=_PASSED))
    first: dict[int, Judged] = {}
    for each in reversed(checks):
        first |= {time: each for time, met in each.passed if not met}
    found: list[Unfit] = []
    for after, before, failed in windows.select("after_ms", "before_ms", "failed_ms").rows():
        by = first[failed]
        start = failed - milliseconds(exact(rule.first_days) * DAY_MS / 1000) if after is None else after
        end = FOREVER_MS if before is None else before
        found.append(Unfit(source, by.factor, by.check, FAILED, start, end, by.mark.id))
    return found


def check_spans(checks: Iterable[Judged], unfit: Iterable[Unfit], points: Points) -> list[MarkSpan]:
    """Return the spans under which no value counts: checks with gas themselves, then what was unfit, whose reason is told.

    A check within a stretch out of control, or that a failed one made invalid, is none that substitution may look back from.
    """
    known, stretches, spans = list(checks), list(unfit), list[MarkSpan]()
    broken: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for each in stretches:
        if each.cause != OVERDUE:
            broken.setdefault((each.source, each.factor), []).append((each.start_ms, each.end_ms))
    begun = {key: sorted(of) for key, of in broken.items()}
    starts = {key: [start for start, _ in of] for key, of in begun.items()}
    lasting = {key: list(accumulate((end for _, end in of), max)) for key, of in begun.items()}  # the last end of those begun
    codes = {source: code_of("calibration", source, points) for source in {check.mark.source for check in known}}
    for check in known:
        key, start, end = (check.mark.source, check.factor), epoch_ms(check.mark.start), epoch_ms(check.mark.end)
        n = bisect_right(starts.get(key, []), start)
        if check.check != "comparison" and not (n and end <= lasting[key][n - 1]):
            spans += _span(*key, start, end, codes[key[0]], points)
    for each in stretches:
        code = _code(each.cause, each.source, points)
        spans += _span(each.source, each.factor, each.start_ms, each.end_ms, code, points)
    return spans


def _code(cause: Cause, source: str, points: Points) -> int | None:
    if cause == FAILED:
        return FAILED_CHECK
    return code_of("out_of_control" if cause == OUT_OF_CONTROL else "overdue_calibration", source, points)


def _span(source: str, factor: str, start: int, end: int, code: int | None, points: Points) -> list[MarkSpan]:
    pid = points.pid.get((source, factor))
    return [] if code is None or pid is None else [MarkSpan(points.sid[source], pid, start, end, code)]


def moved(before: Iterable[Unfit], after: Iterable[Unfit]) -> set[tuple[int, int]]:
    """Return the periods [start, end) in which one set of stretches differs from another."""
    old, new = ({(u.factor, u.check, u.cause, u.start_ms): u.end_ms for u in some} for some in (before, after))
    periods = set()
    for key in old.keys() | new.keys():
        first, last = sorted((old.get(key, key[-1]), new.get(key, key[-1])))
        if first < last:
            periods.add((first, last))
    return periods
