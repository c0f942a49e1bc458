"""The records that processors emit: figures and events.

A stored number is an integer at a declared scale: readings and figures of an hour and longer count millionths
(``SCALE``), minute means count hundred-millionths (``MINUTE_SCALE``), fine enough that the rounding of minutes can
never lift an hour whose exact mean equals its limit above it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

SCALE = 6
"""Decimal digits of readings, limits and of figures of an hour and longer."""
MINUTE_SCALE = 8
"""Decimal digits of minute means."""
ENGINE = "1"
"""Version of the engine's arithmetic; a change of it is a change of every digest."""

MINUTE_MS = 60_000
HALF_HOUR_MS = 1_800_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
OFFSET_MS = 8 * HOUR_MS
"""Local time is UTC+8 without daylight saving; hours and days are cut in it."""

TIMES_CACHED_MAX = 16_384
"""Times of which the local text is remembered: starts of minutes and hours come again for every source."""

MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS_MS = {"minute": MINUTE_MS, "halfhour": HALF_HOUR_MS, "hour": HOUR_MS, "day": DAY_MS}
Level = Literal["minute", "halfhour", "hour", "day", "month", "quarter", "year"]
State = Literal["provisional", "final", "revised"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its value or the reason why there is none, and what it was made from.

    ``value`` is an integer at ``SCALE`` digits (``MINUTE_SCALE`` for a minute). ``n`` counts covered minutes (of an hour),
    valid hours (of a day) or valid readings (of a minute). ``verdict`` is "complies", "exceeds", "not judged", "exempt" (it has a
    value, and a mark exempts it) or None where nothing is to be judged. ``times_over`` is value/limit - 1. ``explain`` holds the numbers of the formula.
    """

    source: str
    factor: str
    stat: str
    level: Level
    start_ms: int
    value: int | None
    ok: bool
    reason: str | None
    n: int
    unit: str
    state: State
    verdict: str | None
    limit: int | None
    limit_id: str | None
    inputs: str
    rules: str
    as_of_ms: int
    decided_ms: int
    revision: int
    explain: dict[str, Any] = field(default_factory=dict)

    @property
    def number(self) -> Decimal | None:
        """The value in its unit."""
        if self.value is None:
            return None
        return Decimal(self.value).scaleb(-(MINUTE_SCALE if self.level == "minute" else SCALE))

    @property
    def limit_number(self) -> Decimal | None:
        """The limit in the figure's unit."""
        return None if self.limit is None else Decimal(self.limit).scaleb(-SCALE)

    @property
    def total(self) -> int | None:
        """The sum behind a plain mean, None for one weighted by flow; stores of earlier builds hold the word "None" then."""
        told = self.explain.get("total", "0")
        return None if told in (None, "None") else int(told)

    @property
    def id(self) -> str:
        """``source/factor/stat/level/start``, as links and ``plumeline explain`` write it."""
        return "/".join((self.source, self.factor, self.stat, self.level, local_iso(self.start_ms)))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that people may have to know.

    ``id`` is a function of what happened, never of when it was computed, and so is the key under which it is
    told once. ``kind`` is one of the keys of ``EVENT_KINDS``; ``facts`` holds numbers and words for the message.
    ``time_ms`` is when it became known in the log's time; ``live`` is False for what was found looking back.
    """

    id: str
    kind: str
    source: str
    factor: str | None
    time_ms: int
    live: bool
    facts: dict[str, Any]

    def line(self) -> bytes:
        """Return the event as one line of NDJSON, schema version 1, as it stands on the topic ``events``."""
        row = {"v": 1, "id": self.id, "kind": self.kind, "source": self.source, "factor": self.factor}
        row |= {"time": local_iso(self.time_ms), "live": self.live, "facts": self.facts}
        return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


EVENT_KINDS: dict[str, str] = {
    "exceedance.opened": "an hour above its limit begins an episode",
    "exceedance.lengthened": "another hour of an open episode is above its limit",
    "exceedance.closed": "the hour after an episode complies, was stopped or could not be judged",
    "exceedance.withdrawn": "a rebuild took away what was told as an exceedance",
    "exceedance.expected": "an hour that is not over is going to exceed",
    "exceedance.expected_ended": "a warning came true, did not, or was withdrawn",
    "exceedance.retrospective": "an episode found in hours that were already decided",
    "escalation.raised": "an exceeding hour or day gives a reason to tell county, city or province",
    "escalation.lapsed": "a rebuild took such a reason away",
    "source.late": "a source missed its cadence",
    "source.silent": "nothing from a source for long enough to call someone",
    "source.on_time": "a source that was late, silent or stopped reports again",
    "source.stopped": "a source is silent and declared stopped",
    "source.blind": "the gateway's own ticks are missing, so its sources cannot be judged",
    "source.unregistered": "a source that the registry does not know sends reports",
    "clock.in_doubt": "a device's clock is ahead of its receipt, or steadily behind",
    "reading.conflict": "two different values for one reading",
    "reading.disagrees": "the device's own mean and ours differ beyond tolerance",
    "reading.above_range": "an hour has no mean because the analyser was above its range",
    "meter.held": "a register reading is held: spike, reset, fall",
    "tick.refused": "a gateway's clock jumped ahead of the others",
    "input.quarantined": "an input raised an exception in a rule and was set aside",
    "mark.late": "a mark covers hours that were decided before; they are made anew",
    "mark.conflict": "two marks of a source contradict each other",
    "mark.contradicted": "a source is declared stopped, and its gas says that it runs",
    "mark.quota": "the exempt time of a calendar year is nearly used up",
    "compliance.failed": "a day, month, quarter or year can no longer keep what a programme asks of it",
    "compliance.withdrawn": "a rebuild took that back",
    "calibration.needed": "a check of a monitor found more drift than is allowed",
    "calibration.out_of_control": "a check of a monitor found so much drift that its values do not count until a check is in tolerance",
    "calibration.renewal_due": "too many averages lie above the calibration range; a new calibration (QAL2) is due",
    "calibration.renewal_withdrawn": "a rebuild or a new calibration took that back",
    "calibration.overdue": "a check of a monitor was not made in time; its values do not count until one is",
    "voc.methane_above_total": "a monitor shows more methane than hydrocarbons in all, for too long to be noise",
    "voc.removal": "hours of a day in which treatment removed less than is asked",
    "furnace.cold": "more slots of five minutes of a day were too cold in a furnace than are allowed",
    "furnace.withdrawn": "a late mark or late data took that back",
    "suspension.reached": "a month has more days above a daily limit than the threshold at which production may be limited",
    "suspension.withdrawn": "a revised day took that back",
    "process.warning": "a process value left its band",
    "process.normal": "it came back",
    "process.corrected": "a late mark or late data changed what was told of a day's process values",
    "mark.allowance": "the time of a calendar year for which marks of the monitor may be set is nearly used up, or passed",
    "station.warning": "a petrol station's nozzle, tank, valve, line or unit is beyond its warning bound on a day",
    "station.alarm": "the same for so long that it is an alarm",
    "station.normal": "the same is within its bounds again, or a revised day says so",
    "weather.missed": "a reduction that a plan asks for under a pollution-weather warning was not reached",
    "weather.corrected": "what was told so no longer holds: data came late, or warning or plan changed",
    "screening.finding": "a day of a point shows a pattern that is worth a look; nobody is paged",
    "touch.refused": "a figure could not be rebuilt because its inputs have expired",
}


DAY_ID_SLASHES = 5
"""Slashes in the id of an episode of days; names hold none."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A run of adjacent hours above one limit, or below it where it is a bound from below; of days, where it is held against days.

    ``end_ms`` is the end of the last exceeding hour or day, ``hours`` how many these are. ``state`` is "open", "closed" or "withdrawn";
    ``closed_by`` is "complies", "exempt mark", "stopped", "not judged" or "no data". ``worst`` is the value furthest from the limit, at ``SCALE``. The ``id``
    of a run of days has the word "day" before its start.
    """

    id: str
    source: str
    factor: str
    stat: str
    limit_id: str
    limit: int
    start_ms: int
    end_ms: int
    hours: int
    worst: int
    last: int
    state: str
    closed_by: str | None
    live: bool
    as_of_ms: int

    @property
    def level(self) -> Level:
        """What it is a run of."""
        return "day" if self.id.count("/") == DAY_ID_SLASHES else "hour"

    @property
    def length_ms(self) -> int:
        """How long one of them is."""
        return DAY_MS if self.level == "day" else HOUR_MS

    @property
    def lower(self) -> bool:
        """Whether the limit is a bound from below."""
        return self.worst < self.limit


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source's liveness.

    ``state`` is "on time", "late", "silent", "stopped", "never seen" or "blind", ``since_ms`` when that began. ``last_ms`` is
    the newest reading's time, ``received_ms`` its receipt; ``skew_ms`` the median of receipt minus sending, where known.
    """

    source: str
    state: str
    since_ms: int | None
    last_ms: int | None
    received_ms: int | None
    skew_ms: int | None


def local(ms: int) -> datetime:
    """Return the local (UTC+8) time of epoch milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(timezone(timedelta(milliseconds=OFFSET_MS)))


@lru_cache(TIMES_CACHED_MAX)
def local_iso(ms: int) -> str:
    """Return the local ISO 8601 text of epoch milliseconds, to the second where that is exact."""
    return local(ms).isoformat(timespec="seconds" if ms % 1000 == 0 else "milliseconds")


def epoch_ms(time: datetime) -> int:
    """Return epoch milliseconds of an aware time."""
    delta = time - _EPOCH
    return delta.days * DAY_MS + delta.seconds * 1000 + delta.microseconds // 1000


def period_start_ms(level: Level, ms: int) -> int:
    """Return the start of the local minute, half-hour, hour, day, month, quarter or year in which a time lies."""
    if level in _LENGTHS_MS:
        return ms - (ms + OFFSET_MS) % _LENGTHS_MS[level]
    day = local(ms)
    month = day.month - (day.month - 1) % MONTHS_OF[level]
    return epoch_ms(day.replace(month=month, day=1, hour=0, minute=0, second=0, microsecond=0))


def period_end_ms(level: Level, start_ms: int) -> int:
    """Return the end of a period that starts at a time."""
    if level in _LENGTHS_MS:
        return start_ms + _LENGTHS_MS[level]
    day = local(start_ms)
    months = day.year * 12 + day.month - 1 + MONTHS_OF[level]
    return epoch_ms(day.replace(year=months // 12, month=months % 12 + 1))


def scaled(value: Decimal | int | str, digits: int = SCALE) -> int:
    """Return a decimal as an integer at a scale, rounded half up (away from zero at a tie for negatives as well)."""
    number = Decimal(value).scaleb(digits)
    return int(number.to_integral_value(rounding="ROUND_HALF_UP"))
