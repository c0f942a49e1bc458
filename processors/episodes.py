"""Exceedance episodes: runs of adjacent hours or days above one limit, rebuilt around each hour whose verdict is new."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.registry import StageRule
from processors.escalation import changes, reasons
from processors.figures import DAY_MS, HOUR_MS, SCALE, Episode, Event, local_iso, period_start_ms
from processors.judging import COMPLIES, EXCEEDS, EXEMPT, NOT_JUDGED
from processors.rules.judge import times_over_text
from processors.rules.ladder import counted

Series = tuple[str, str, str, str, int]
"""Source, factor, stat, limit and length of the judged period."""
HOURS_REMEMBERED = 24 * 400
"""Exceeding hours a series remembers; older ones can no longer change an episode."""
CLOSED_REMEMBERED = HOURS_REMEMBERED
"""Episodes that are over a series remembers, so that a late verdict withdraws or lengthens them and tells none of them anew: as many as hours,
of which each has one at least."""
COUNTED_D = 30
"""Days up to the end of an exceeding period in which an alarm says how many there were (emission_rules 1.8 and ALM-6, seen)."""


@dataclass(frozen=True, slots=True)
class HourVerdict:
    """A published hour or day (by its ``length_ms``) of a judged series.

    ``live`` is true for a first decision made in time, false for what a rebuild found. A value that breaks several limits is told once:
    ``also`` names the others (limit_id, limit) where this is the gravest of them, ``beside`` the gravest where this is one of the others.
    """

    source: str
    factor: str
    stat: str
    limit_id: str
    hour_ms: int
    verdict: str
    value: int | None
    limit: int
    reason: str | None
    n: int
    unit: str
    state: str
    live: bool
    decided_ms: int
    length_ms: int = HOUR_MS
    also: tuple[tuple[str, int], ...] = ()
    beside: str = ""

    @property
    def series(self) -> Series:
        """What episodes are told apart by."""
        return (self.source, self.factor, self.stat, self.limit_id, self.length_ms)

    def identity(self, start_ms: int) -> str:
        """Return the id of an episode of this series that starts at a time."""
        day = ("day",) if self.length_ms == DAY_MS else ()
        return "/".join((self.source, self.factor, self.stat, self.limit_id, *day, local_iso(start_ms)))


@dataclass(slots=True)
class _Series:
    exceeding: dict[int, HourVerdict] = field(default_factory=dict)
    episodes: dict[str, Episode] = field(default_factory=dict)


@dataclass(slots=True)
class EpisodeBook:
    """All series' episodes; ``apply`` takes verdicts in and gives events and changed episodes out.

    ``rules`` are those of the ladder of escalation that judge hours; what they raise and let lapse is told with the episodes.
    """

    rules: tuple[StageRule, ...] = ()
    series: dict[Series, _Series] = field(default_factory=dict)
    limits: dict[tuple[str, str], set[Series]] = field(default_factory=dict)
    """The series of a point."""

    @property
    def points(self) -> Iterable[tuple[str, str]]:
        """The points (source, factor) that have series."""
        return self.limits

    def lapsed(self, point: tuple[str, str, str], length_ms: int, hour_ms: int, held: Collection[str]) -> list[tuple[str, int]]:
        """Return the limits (limit_id, limit) of a point's stat whose episodes hold or end at an hour of which they are not held any more."""
        out: list[tuple[str, int]] = []
        for series in sorted(self.limits.get(point[:2], ())):
            if series[2] != point[2] or series[4] != length_ms or series[3] in held:
                continue
            known = self.series[series]
            open_here = next((e for e in known.episodes.values() if e.state == "open" and e.end_ms == hour_ms), None)
            if hour_ms in known.exceeding:
                out.append((series[3], known.exceeding[hour_ms].limit))
            elif open_here is not None:
                out.append((series[3], open_here.limit))
        return out

    def _known(self, series: Series) -> _Series:
        self.limits.setdefault(series[:2], set()).add(series)
        return self.series.setdefault(series, _Series())

    def restore(self, episodes: Iterable[Episode], hours: Iterable[HourVerdict]) -> None:
        """Take back what was known before a restart."""
        for episode in episodes:
            key = (episode.source, episode.factor, episode.stat, episode.limit_id, episode.length_ms)
            self._known(key).episodes[episode.id] = episode
        for hour in hours:
            self._known(hour.series).exceeding[hour.hour_ms] = hour

    def running(self, series: Series, hour_ms: int) -> str | None:
        """Return the open episode of a series that holds an hour, or that the hour would lengthen."""
        known = self.series.get(series)
        held = [e for e in known.episodes.values() if e.state == "open" and e.end_ms >= hour_ms] if known is not None else []
        return held[0].id if held else None

    def apply(
        self, verdicts: Iterable[HourVerdict], behind: Callable[[Episode], HourVerdict | None]
    ) -> tuple[list[Event], list[Episode]]:
        """Take in published hours, oldest first within a series.

        Args:
            behind: the latest verdict on the hour behind an episode, where one was decided: it closes an episode that was found
                looking back.

        Returns:
            What happened, and the episodes that are new or changed.
        """
        events: list[Event] = []
        changed: dict[str, Episode] = {}
        for hour in verdicts:
            key = hour.series
            known = self.series.get(key)
            if known is None:
                if hour.verdict != EXCEEDS:
                    continue
                known = self._known(key)
            changes_it = hour.length_ms == HOUR_MS and (hour.verdict == EXCEEDS or hour.hour_ms in known.exceeding)
            touched = self.rules if changes_it else ()
            before = reasons(touched, known.exceeding, hour)
            for event, episode in _step(known, hour):
                changed[episode.id] = episode
                if event is not None:
                    events.append(self._beside(event, hour))
            held = reasons(touched, known.exceeding, hour)
            events += changes(before, held, hour, known.exceeding, touched)
            _bound(known)
        for episode in [e for e in changed.values() if e.state == "open"]:
            after = behind(episode)
            if after is not None and after.verdict != EXCEEDS:
                event, closed = _close(self.series[after.series], episode, after, closed_by(after))
                changed[closed.id] = closed
                events.append(event)
        return events, list(changed.values())

    def _beside(self, event: Event, hour: HourVerdict) -> Event:
        """Name, in what a lesser limit tells, the episode of the gravest one that holds the same hour."""
        graver = self.series.get((*hour.series[:3], hour.beside, hour.length_ms)) if hour.beside else None
        held = graver.episodes.values() if graver is not None else ()
        of = next((e.id for e in held if e.state != "withdrawn" and e.start_ms <= hour.hour_ms < e.end_ms), None)
        return event if of is None else replace(event, facts={**event.facts, "beside": of})


def _step(known: _Series, hour: HourVerdict) -> list[tuple[Event | None, Episode]]:
    if hour.verdict == EXCEEDS:
        before = known.exceeding.get(hour.hour_ms)
        known.exceeding[hour.hour_ms] = hour
        return _closed_before(known, hour) + _exceeding(known, hour, before)
    out = _closed_before(known, hour)
    if known.exceeding.pop(hour.hour_ms, None) is not None:
        out += _taken_away(known, hour)
    for episode in [e for e in known.episodes.values() if e.state == "open" and e.end_ms == hour.hour_ms]:
        out.append(_close(known, episode, hour, closed_by(hour)))
    return out


def closed_by(hour: HourVerdict) -> str:
    """Return why an hour that does not exceed ends an episode: it complies, is exempt, was stopped, had no data or was not judged."""
    if hour.verdict == COMPLIES:
        return "complies"
    if hour.verdict == EXEMPT:
        return "exempt mark"
    return hour.reason if hour.reason in ("stopped", "no data") else "not judged"


def _exceeding(known: _Series, hour: HourVerdict, before: HourVerdict | None) -> list[tuple[Event | None, Episode]]:
    start, end = _run(known, hour)
    held = [e for e in known.episodes.values() if e.state != "withdrawn" and e.start_ms < end and e.end_ms > start]
    touching = sorted(held, key=lambda e: (e.state != "open", e.start_ms))
    if not touching:
        kind = "exceedance.opened" if hour.live else "exceedance.retrospective"
        identity = hour.identity(start)
        again = sum(1 for e in known.episodes if e.split("#")[0] == identity)
        identity = f"{identity}#{again + 1}" if again else identity
        episode = _episode(known, identity, hour, start, end, hour.live)
        known.episodes[identity] = episode
        return [(_event(kind, episode, hour, known), episode)]
    first, *others = touching
    out: list[tuple[Event | None, Episode]] = []
    for other in others:
        gone = replace(other, state="withdrawn", closed_by="joined to another episode", as_of_ms=hour.decided_ms)
        known.episodes[other.id] = gone
        out.append((None, gone))
    grown = _episode(known, first.id, hour, start, end, first.live)
    reopened = hour.live and hour.hour_ms + hour.length_ms == end
    grown = replace(
        grown,
        state="open" if first.state == "open" or reopened else first.state,
        closed_by=None if reopened else first.closed_by,
    )
    known.episodes[first.id] = grown
    if before is None and grown.hours > first.hours:
        kind = "exceedance.lengthened" if hour.live else "exceedance.retrospective"
        out.append((_event(kind, grown, hour, known), grown))
    elif grown != first:
        out.append((None, grown))
    return out


def _taken_away(known: _Series, hour: HourVerdict) -> list[tuple[Event | None, Episode]]:
    out: list[tuple[Event | None, Episode]] = []
    for episode in [e for e in known.episodes.values() if e.state != "withdrawn" and e.start_ms <= hour.hour_ms < e.end_ms]:
        left = [h for h in range(episode.start_ms, episode.end_ms, hour.length_ms) if h in known.exceeding]
        if not left:
            gone = replace(episode, state="withdrawn", closed_by=closed_by(hour), as_of_ms=hour.decided_ms, hours=0)
            known.episodes[episode.id] = gone
            out.append((_event("exceedance.withdrawn", gone, hour, known), gone))
            continue
        runs = _runs(left, hour.length_ms)
        start, end = runs[-1] if episode.state == "open" else runs[0]
        shorter = _episode(known, episode.id, known.exceeding[end - hour.length_ms], start, end, episode.live)
        shorter = replace(shorter, state=episode.state, closed_by=episode.closed_by, as_of_ms=hour.decided_ms)
        known.episodes[episode.id] = shorter
        out.append((None, shorter))
        for start, end in runs[:-1] if episode.state == "open" else runs[1:]:
            identity = hour.identity(start)
            part = replace(
                _episode(known, identity, known.exceeding[start], start, end, False), state="closed", closed_by=closed_by(hour)
            )
            known.episodes[identity] = part
            out.append((None, part))
    return out


def _closed_before(known: _Series, hour: HourVerdict) -> list[tuple[Event | None, Episode]]:
    """Close open episodes that ended before the hour ahead of this one: nothing was published of the hours between."""
    gone = [e for e in known.episodes.values() if e.state == "open" and e.end_ms < hour.hour_ms]
    return [_close(known, episode, hour, "no data") for episode in gone]


def _close(known: _Series, episode: Episode, hour: HourVerdict, why: str) -> tuple[Event, Episode]:
    closed = replace(episode, state="closed", closed_by=why, as_of_ms=hour.decided_ms)
    known.episodes[episode.id] = closed
    return _event("exceedance.closed", closed, hour, known), closed


def _run(known: _Series, hour: HourVerdict) -> tuple[int, int]:
    start = end = hour.hour_ms
    while start - hour.length_ms in known.exceeding:
        start -= hour.length_ms
    while end in known.exceeding:
        end += hour.length_ms
    return start, end


def _runs(hours: list[int], length_ms: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for hour in sorted(hours):
        if runs and runs[-1][1] == hour:
            runs[-1] = (runs[-1][0], hour + length_ms)
        else:
            runs.append((hour, hour + length_ms))
    return runs


def _episode(known: _Series, identity: str, hour: HourVerdict, start: int, end: int, live: bool) -> Episode:
    values = [known.exceeding[h].value or 0 for h in range(start, end, hour.length_ms)]
    worst = min if values[-1] < hour.limit else max
    return Episode(
        id=identity,
        source=hour.source,
        factor=hour.factor,
        stat=hour.stat,
        limit_id=hour.limit_id,
        limit=hour.limit,
        start_ms=start,
        end_ms=end,
        hours=len(values),
        worst=worst(values),
        last=values[-1],
        state="open",
        closed_by=None,
        live=live,
        as_of_ms=hour.decided_ms,
    )


def _so_far(known: _Series, hour: HourVerdict) -> dict[str, int]:
    """Return how many periods of a series exceed, up to one that does and with it: of its day where it is an hour, of its month, of COUNTED_D days."""
    at, length = hour.hour_ms, hour.length_ms
    firsts = {"exceeding_in_month": period_start_ms("month", at), "exceeding_in_30_d": at + length - COUNTED_D * DAY_MS}
    if length == HOUR_MS:
        firsts = {"exceeding_in_day": period_start_ms("day", at), **firsts}
    return {
        name: counted(known.exceeding, at, within=(at - first) // length + 1, period_ms=length)
        for name, first in firsts.items()
    }


def _event(kind: str, episode: Episode, hour: HourVerdict, known: _Series) -> Event:
    facts: dict[str, Any] = {
        "episode": episode.id,
        "stat": hour.stat,
        "unit": hour.unit,
        "value": None if hour.value is None else decimal_text(hour.value),
        "limit": decimal_text(hour.limit),
        "limit_id": hour.limit_id,
        "hour_start": local_iso(hour.hour_ms),
        "hour_end": local_iso(hour.hour_ms + hour.length_ms),
        "since": local_iso(episode.start_ms),
        "until": local_iso(episode.end_ms),
        "hours": episode.hours,
        "times_over": times_over_text(hour.value, hour.limit, 3)
        if hour.verdict == EXCEEDS and hour.value is not None and not episode.lower
        else None,
        "n": hour.n,
        "state": hour.state,
        "worst": decimal_text(episode.worst),
        "closed_by": episode.closed_by,
        "reason": hour.reason,
    }
    if episode.lower:
        facts["bound"] = "lower"
    if kind in ("exceedance.opened", "exceedance.lengthened", "exceedance.retrospective"):
        facts |= _so_far(known, hour)
    if hour.also:
        facts["also"] = [{"limit_id": limit_id, "limit": decimal_text(limit)} for limit_id, limit in hour.also]
    if kind in ("exceedance.withdrawn", "exceedance.retrospective"):
        at = local_iso(hour.hour_ms)
        day, why = hour.length_ms == DAY_MS, hour.reason
        if hour.verdict == EXEMPT:
            facts["revises"] = f"exempt mark: hour {at} is not judged"
        elif hour.verdict == NOT_JUDGED and why:
            facts["revises"] = f"day {at} is not judged: {why}" if day else f"hour {at} is not judged: {why}"
        else:
            facts["revises"] = f"day {at} as decided before" if day else f"hour {at} as decided before"
    event_id = "/".join(
        (kind, episode.id, local_iso(hour.hour_ms), str(hour.decided_ms) if kind == "exceedance.withdrawn" else "")
    )
    return Event(event_id.rstrip("/"), kind, hour.source, hour.factor, hour.decided_ms, hour.live, facts)


def _bound(known: _Series) -> None:
    while len(known.exceeding) > HOURS_REMEMBERED:
        del known.exceeding[min(known.exceeding)]
    if len(known.episodes) > CLOSED_REMEMBERED:
        done = sorted((e for e in known.episodes.values() if e.state != "open"), key=lambda e: e.start_ms)
        for episode in done[: max(0, len(done) - CLOSED_REMEMBERED)]:
            del known.episodes[episode.id]


def decimal_text(value: int, digits: int = SCALE) -> str:
    """Return an integer at a scale as decimal text without trailing zeros: 46800000 -> "46.8"."""
    sign, whole = ("-", -value) if value < 0 else ("", value)
    head, tail = divmod(whole, 10**digits)
    text = f"{tail:0{digits}d}".rstrip("0")
    return f"{sign}{head}.{text}" if text else f"{sign}{head}"
