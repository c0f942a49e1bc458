"""Which days are closed, and what is made of them: by the step of a rule pack that asks for it."""

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
from processors.missing import close_missing
from processors.missing_steps import HourAvailability
from processors.month_means import close_month_means
from processors.months import close_month
from processors.output import Output, Past
from processors.packs import Pack, chosen
from processors.points import Points
from processors.programme_steps import PROGRAMME_STEPS, DayValidated, HalfHourMean
from processors.quarters import close_quarter
from processors.reductions import close_reductions
from processors.screening import screen
from processors.screening_steps import PATTERNS
from processors.series import flag_series
from processors.series_steps import SERIES
from processors.shelf import MarkSpan
from processors.station_steps import STATION_STEPS
from processors.stations import close_station
from processors.voc_days import methane_days, removal_days
from processors.years import close_programme

CLOSINGS_A_TICK = 2
"""Days of sources that are closed at one tick; the rest waits for the next, so that live never waits for them."""
CLOSERS: Mapping[str, Closer] = {
    "quarter.capture": close_quarter,
    "month.mean": close_month_means,
    "month.mean_of_due": close_month_means,
    "month.share_within": close_month,
    "mass.substituted": close_quarter,
    "mass.substituted_days": close_quarter,
    "mark.contradicted": contradictions,
    "hour.availability": close_missing,
    "hour.substituted": close_missing,
    **dict.fromkeys(PROGRAMME_STEPS, close_programme),
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


def closers_of(pack: Pack) -> list[Closer]:
    """Return what a pack makes of a closed day, each once, in the order of its rules."""
    return list(dict.fromkeys(CLOSERS[rule.step] for rule in pack.rules if rule.step in CLOSERS))


def closing_sources(points: Points) -> frozenset[str]:
    """Return the sources whose days are closed, because their rule pack makes something of them."""
    return frozenset(name for name, source in points.sources.items() if closers_of(chosen(source, points.packs)))


def days_touched(source: str, hours: Iterable[int], until_ms: int, points: Points) -> list[int]:
    """Return the days, over by ``until_ms``, that are closed anew because ``hours`` of them are touched, whatever these become.

    So it is where a rule pack's closed days depend on more than its hours say: on what a mark leaves of a half-hour or a slot, on limits of a year.
    """
    pack = chosen(points.sources[source], points.packs)
    if all(
        pack.rule(step) is None for step in (HalfHourMean, DayValidated, HourAvailability, FurnaceTemperature, ProcessBands)
    ):
        return []
    days = {period_start_ms("day", hour) for hour in hours}
    return sorted(day for day in days if day + DAY_MS <= until_ms)


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
    """Close the days (source, start), oldest first."""
    known = list(marks)
    for name, day in sorted(keys, key=lambda key: (key[1], key[0])):
        source = points.sources[name]
        pack = chosen(source, points.packs)
        own = sorted((m for m in known if m.source == name), key=lambda m: (epoch_ms(m.start), m.id))
        until = _day_of(decided(name), points.rules.offset_ms)
        closed = Closed(source, day, now_ms, until, pack, points, spans, own, past)
        for closer in closers_of(pack):
            closer(closed, findings, out)
        close_escalation(closed, findings, out)


def _day_of(time_ms: int, offset_ms: int) -> int:
    """Return the start of the local day in which a time lies: that day has not ended, and nothing is made of it yet."""
    return (time_ms + offset_ms) // DAY_MS * DAY_MS - offset_ms
