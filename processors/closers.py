"""Which days are closed, and what is made of them: by the step of a rule pack that asks for it. Some look at running days too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ingest.records import Mark
from processors.closing import Closed, Closer
from processors.contradictions import contradictions
from processors.escalation_days import close_escalation
from processors.figures import DAY_MS, epoch_ms, period_start_ms
from processors.findings import Findings
from processors.furnace_bands import process_bands
from processors.furnace_days import cold_days
from processors.furnace_months import close_exceeding_days
from processors.furnace_steps import FurnaceTemperature, ProcessBands
from processors.gap_hours import close_gaps
from processors.gap_steps import GapAcross, GapBefore
from processors.memory import SourceMemory
from processors.missing_steps import HourAvailability
from processors.month_means import close_month_means
from processors.months import close_month
from processors.output import Output, Past
from processors.packs import Pack, chosen
from processors.points import Points
from processors.programme_steps import PROGRAMME_STEPS, DayValidated, HalfHourMean
from processors.quarter_steps import QuarterValidDays
from processors.quarters import close_quarter
from processors.rates import RATE_STEPS, close_part75
from processors.reductions import close_reductions
from processors.screening import screen
from processors.screening_steps import PATTERNS
from processors.series import flag_series
from processors.series_steps import SERIES
from processors.shelf import MarkSpan
from processors.station_steps import STATION_STEPS
from processors.stations import close_station
from processors.trading import close_trading
from processors.valid_days import close_valid_days
from processors.voc_days import methane_days, removal_days
from processors.years import close_programme

CLOSINGS_A_TICK = 2
"""Days of sources that are closed at one tick; the rest waits for the next, so that live never waits for them."""
CLOSERS: Mapping[str, Closer] = {
    "quarter.capture": close_quarter,
    "quarter.valid_days": close_valid_days,
    "month.mean": close_month_means,
    "month.mean_of_due": close_month_means,
    "month.share_within": close_month,
    "mass.substituted": close_quarter,
    "mass.substituted_days": close_quarter,
    "mark.contradicted": contradictions,
    **dict.fromkeys(("hour.availability", "hour.substituted", *RATE_STEPS), close_part75),
    "gap.across": close_gaps,
    "gap.before": close_gaps,
    "mass.trading": close_trading,
    **dict.fromkeys((*PROGRAMME_STEPS, "calibration.range"), close_programme),
    "weather.reduction": close_reductions,
    "furnace.temperature": cold_days,
    "process.bands": process_bands,
    "month.exceeding_days": close_exceeding_days,
    "voc.methane": methane_days,
    "voc.removal": removal_days,
    **{step: close_station for steps in STATION_STEPS.values() for step in steps},
    **dict.fromkeys(PATTERNS, screen),
    **dict.fromkeys(SERIES, flag_series),
}
RUNNING: Mapping[str, Closer] = {"process.bands": process_bands}
"""What looks at a day also while it runs, each time an hour of it is decided or revised."""


def closers_of(pack: Pack, closers: Mapping[str, Closer] = CLOSERS) -> list[Closer]:
    """Return what a pack makes of a closed day, each once, in the order of its rules; of a running day with ``closers`` RUNNING."""
    return list(dict.fromkeys(closers[rule.step] for rule in pack.rules if rule.step in closers))


def looked_at(points: Points) -> frozenset[int]:
    """Return the points whose days are looked at while they run: those with a role, of sources whose rule pack asks for it."""
    asking = {points.sid[name] for name, source in points.sources.items() if closers_of(chosen(source, points.packs), RUNNING)}
    of_sources = (pid for pid, sid in enumerate(points.sid_of_pid) if sid in asking)
    return frozenset(pid for pid in of_sources if any(row.role for row in points.points_of.get(pid, ())))


def next_days(waiting: Iterable[tuple[str, int]], memory: Mapping[str, SourceMemory]) -> list[tuple[str, int]]:
    """Return which of the days (source, start) that wait are worked off at this tick, CLOSINGS_A_TICK at most.

    First one that runs, for an operator can still act on it, then the oldest that are over; places left over go to further running ones. So
    neither kind takes the other's place: at a tick each 10 s, 360 running days an hour pass whatever else waits.
    """
    running, over = list[tuple[str, int]](), list[tuple[str, int]]()
    for source, day in sorted(waiting, key=lambda key: (key[1], key[0])):
        runs = source in memory and memory[source].decided < day + DAY_MS
        (running if runs else over).append((source, day))
    return [*running[:1], *over, *running[1:]][:CLOSINGS_A_TICK]


def closing_sources(points: Points) -> dict[str, int]:
    """Return the sources whose days are closed because their rule pack makes something of them, and how many days a revised one closes anew.

    That is the day itself and, where series are tested, the next: readings before midnight are tested with those after it.
    """
    found: dict[str, int] = {}
    for name, source in points.sources.items():
        pack = chosen(source, points.packs)
        if closers_of(pack):
            found[name] = 2 if any(rule.step in SERIES for rule in pack.rules) else 1
    return found


def days_touched(source: str, hours: Iterable[int], until_ms: int, points: Points) -> list[int]:
    """Return the days, over by ``until_ms``, that are closed anew because ``hours`` of them are touched, whatever these become.

    Where running days are looked at, also those that had begun by then.

    So it is where a rule pack's closed days depend on more than its hours say: on what a mark leaves of a half-hour or a slot, on limits of a year.
    """
    pack = chosen(points.sources[source], points.packs)
    asked = (
        HalfHourMean,
        DayValidated,
        HourAvailability,
        QuarterValidDays,
        GapAcross,
        GapBefore,
        FurnaceTemperature,
        ProcessBands,
    )
    if all(pack.rule(step) is None for step in asked):
        return []
    days = {period_start_ms("day", hour) for hour in hours}
    running = bool(closers_of(pack, RUNNING))
    return sorted(day for day in days if day + DAY_MS <= until_ms or (running and day < until_ms))


def close_days(
    keys: Iterable[tuple[str, int]],
    now_ms: int,
    points: Points,
    spans: list[MarkSpan],
    marks: Iterable[Mark],
    decided: Callable[[str], int],
    past: Past,
    findings: Findings,
    out: Output,
) -> None:
    """Close the days (source, start), oldest first; of those that run make what RUNNING names."""
    known = list(marks)
    for name, day in sorted(keys, key=lambda key: (key[1], key[0])):
        source = points.sources[name]
        pack = chosen(source, points.packs)
        own = sorted((m for m in known if m.source == name), key=lambda m: (epoch_ms(m.start), m.id))
        until = _day_of(decided(name), points.rules.offset_ms)
        closed = Closed(source, day, now_ms, until, pack, points, spans, own, past, decided(name))
        over = until >= closed.end_ms
        for closer in closers_of(pack, CLOSERS if over else RUNNING):
            closer(closed, findings, out)
        if over:
            close_escalation(closed, findings, out)


def _day_of(time_ms: int, offset_ms: int) -> int:
    """Return the start of the local day in which a time lies: that day has not ended, and nothing is made of it yet."""
    return (time_ms + offset_ms) // DAY_MS * DAY_MS - offset_ms
