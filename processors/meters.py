"""A meter's book: its readings by day, the carry at each day's end, and the energy of any hour made from both.

The carry is what the register rules remember overnight. A change in the past runs forward from its day until a day's carry
comes out as it was; nothing beyond is touched.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from ingest.registry import Meter, MeterChange
from processors.digest import text_hash
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS
from processors.points import end_ms, start_ms
from processors.rules.averaging import OUT_OF_RANGE, REASONS, VALID
from processors.rules.gas import half_up
from processors.rules.intervals import intervals
from processors.rules.registers import Finding, RegisterState, Segment, meter_change, meter_rules, out_of_range, run

MINUTES_OF_HOUR = 60
INTERVAL_SPLIT = "an interval across hours, split linearly"
_ESTIMATED = {1: "gap up to 2 h, linear (E1)", 2: "gap up to 72 h, linear, not shaped (E2)", 3: "gap over 72 h, linear (E3)"}


@dataclass(frozen=True, slots=True)
class MeterReading:
    """A reading of a register or of an interval: ``value`` at SCALE on the secondary side; ``rank`` decides between versions.

    ``code`` is OUT_OF_RANGE where the value is too great to be read exactly.
    """

    time_ms: int
    value: int | None
    code: int
    rank: tuple[int, int, int, int]
    hash: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class HourEnergy:
    """Energy of an hour at SCALE on the primary side, or the reason why there is none or only a part.

    ``stated`` is whether there is a figure to publish: a value, or a reason that is not merely that nothing came.
    """

    hour_ms: int
    value: int | None
    n: int
    reason: str | None
    note: str | None
    digest: int
    as_of_ms: int
    stated: bool


@dataclass(slots=True)
class MeterBook:
    """The book of one meter; ``offset_ms`` cuts its days in local time."""

    meters: list[Meter]
    changes: list[MeterChange]
    cadence_ms: int
    offset_ms: int
    days: dict[int, dict[int, MeterReading]] = field(default_factory=dict)
    carries: dict[int, str] = field(default_factory=dict)
    segments: dict[int, list[Segment]] = field(default_factory=dict)
    dirty: set[int] = field(default_factory=set)
    _sorted: list[Segment] | None = None

    @property
    def cumulative(self) -> bool:
        """Whether the meter is a counter; otherwise its readings are energy of the elapsed interval."""
        return self.meters[-1].kind == "cumulative"

    def add(self, readings: Iterable[MeterReading]) -> list[MeterReading]:
        """Take in readings; return those that contradict another value of the same time.

        For a counter the least rank wins (energy_rules 2.7: keep the first), for an interval the greatest.
        """
        conflicts = []
        for reading in readings:
            day = self.day_of(reading.time_ms)
            known = self.days.setdefault(day, {})
            old = known.get(reading.time_ms)
            if old is not None:
                if old.hash == reading.hash:
                    continue
                conflicts.append(reading)
                if (reading.rank < old.rank) != self.cumulative:
                    continue
            known[reading.time_ms] = reading
            self.dirty.add(day)
        return conflicts

    def rebuild(self) -> tuple[set[int], list[Finding], list[int]]:
        """Run the dirty days, and those behind them whose carry changes.

        Returns:
            Hours whose energy may differ, findings of the days run, and the days whose carry is new.
        """
        if not self.dirty:
            return set(), [], []
        first, last = min(self.dirty), max(self.dirty)
        touched: set[int] = set()
        findings: list[Finding] = []
        changed: list[int] = []
        if not self.cumulative:
            for day in self.dirty:
                for t in self.days[day]:
                    touched |= set(range(t // HOUR_MS * HOUR_MS, t + self.cadence_ms, HOUR_MS))
            findings = [found for day in sorted(self.dirty) for found in self._beyond(day)]
            self.dirty.clear()
            return touched, findings, []
        before = max((d for d in self.carries if d < first), default=None)
        state = RegisterState() if before is None else RegisterState.from_json(self.carries[before])
        for day in sorted(d for d in self.days if d >= first):
            rows = [
                (r.time_ms, r.value)
                for r in sorted(self.days[day].values(), key=lambda r: r.time_ms)
                if r.value is not None and r.code in (VALID, OUT_OF_RANGE)
            ]
            rules = meter_rules(self._meter(day), self.cadence_ms // 1000)
            state, booked, found = run(rows, rules, [meter_change(c) for c in self.changes], state)
            old = self.segments.get(day, [])
            if booked != old:
                self.segments[day] = booked
                for segment in set(booked) ^ set(old):
                    touched |= set(range(segment.start_ms // HOUR_MS * HOUR_MS, segment.end_ms, HOUR_MS))
            findings += found
            carry = state.to_json()
            same = self.carries.get(day) == carry
            if not same:
                self.carries[day] = carry
                changed.append(day)
            if same and day >= last:
                break
        self.dirty.clear()
        self._sorted = None
        return touched, findings, changed

    def hour(self, hour_ms: int) -> HourEnergy:
        """Return the energy of one hour, from all segments or intervals that touch it."""
        return self._counted(hour_ms) if self.cumulative else self._summed(hour_ms)

    def forget(self, before_ms: int) -> None:
        """Drop readings of days that end before a time; their carries stay."""
        for day in [d for d in self.days if d + 2 * DAY_MS <= before_ms]:
            del self.days[day]
            self.segments.pop(day, None)
            self._sorted = None

    def day_of(self, time_ms: int) -> int:
        """Return the start of the local day."""
        return (time_ms + self.offset_ms) // DAY_MS * DAY_MS - self.offset_ms

    def meter_at(self, time_ms: int) -> Meter:
        """Return the registry row that holds at a time, else the newest."""
        return self._meter(time_ms)

    def _meter(self, time_ms: int) -> Meter:
        return next((m for m in self.meters if start_ms(m) <= time_ms < end_ms(m)), self.meters[-1])

    def _counted(self, hour_ms: int) -> HourEnergy:
        if self._sorted is None:
            self._sorted = sorted(s for day in self.segments.values() for s in day)
        ordered, end = self._sorted, hour_ms + HOUR_MS
        first = bisect_left(ordered, hour_ms, key=lambda s: s.end_ms)
        touching = []
        for segment in ordered[first:]:
            if segment.start_ms >= end:
                break
            if segment.end_ms > hour_ms:
                touching.append(segment)
        (part,) = intervals(touching, [hour_ms, end])
        n = part.covered_ms // MINUTE_MS
        estimated = sorted({_ESTIMATED[s.quality] for s in touching if s.quality in _ESTIMATED})
        received = [
            r.received_ms
            for s in touching
            for t in (s.start_ms, s.end_ms)
            if (r := self.days.get(self.day_of(t), {}).get(t)) is not None
        ]
        digest = text_hash(*((s.start_ms, s.end_ms, s.energy, s.flag) for s in touching))
        note, as_of = "; ".join(estimated) or None, max(received, default=hour_ms)
        return HourEnergy(hour_ms, part.energy, n, _part(n), note, digest, as_of, part.energy is not None)

    def _summed(self, hour_ms: int) -> HourEnergy:
        """Add up the intervals that touch an hour; one that reaches beyond it gives its linear share, conserving its energy.

        Intervals out of range add nothing and are named in the reason.
        """
        first, end, length = hour_ms - self.cadence_ms + 1, hour_ms + HOUR_MS, self.cadence_ms
        days = range(self.day_of(first), end, DAY_MS)
        touching = [(t, r) for day in days for t, r in self.days.get(day, {}).items() if first <= t < end]
        rows = [(t, r, r.value) for t, r in touching if r.code == VALID and r.value is not None]
        beyond = [r for _t, r in touching if r.code == OUT_OF_RANGE]
        total = covered = 0
        for t, _reading, value in rows:
            begun, ended = max(hour_ms - t, 0), min(end - t, length)
            total += half_up(Fraction(value * ended, length), 0) - half_up(Fraction(value * begun, length), 0)
            covered += ended - begun
        n = min(covered // MINUTE_MS, MINUTES_OF_HOUR)
        multiplier = Fraction(self._meter(hour_ms).multiplier)
        digest = sum(r.hash for r in (*(r for _t, r, _value in rows), *beyond)) % 2**64
        note = INTERVAL_SPLIT if any(t < hour_ms or t + length > end for t, _reading, _value in rows) else None
        received = max((r.received_ms for r in (*(r for _t, r, _value in rows), *beyond)), default=hour_ms)
        energy = half_up(total * multiplier, 0) if rows else None
        reason = _part(n, REASONS[OUT_OF_RANGE] if beyond else None)
        return HourEnergy(hour_ms, energy, n, reason, note, digest, received, bool(rows or beyond))

    def _beyond(self, day: int) -> list[Finding]:
        """Tell a day's intervals that are out of range, the first of each burst."""
        rows = sorted(self.days[day].values(), key=lambda r: r.time_ms)
        burst = [False, *(r.code == OUT_OF_RANGE for r in rows)]
        return [
            out_of_range(r.time_ms, r.value)
            for r, again in zip(rows, burst, strict=False)
            if r.code == OUT_OF_RANGE and r.value is not None and not again
        ]


def _part(n: int, cause: str | None = None) -> str | None:
    if n >= MINUTES_OF_HOUR:
        return None
    return f"{n} of 60 minutes covered" + (f" ({cause})" if cause else "")
