"""Stacks that tell the truth and stacks that do not, one way of tampering each, labelled: what screening is scored on.

What is true of a stack (load, flow, oxygen, SO2 and NOx at a minute's pace) is a function of seed and name. A tampered stack emits
above its limit and shows something else from ``ONSET_D`` days after the start on; NOx stays as it is.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

SO2, NOX, O2, FLOW = "a21026", "a21002", "a19001", "a00000"
LIMIT_SO2, LIMIT_NOX = 35, 50
"""Limits of an hour at 6 % oxygen [mg/m3]."""
RANGE_SO2, RANGE_NOX, RANGE_CUT = 200, 300, 30
"""Ends of the measuring ranges [mg/m3]; the last is that of the stack whose range was cut."""
REFERENCE_PCT, AIR_PCT = 6.0, 21.0
ONSET_D = 3
"""Days for which a tampered stack still tells the truth."""
DAY_MIN, HOUR_MIN = 1440, 60
EXCEEDING_EVERY = 4
"""Every so many honest stacks emit as much as the tampered ones, and say so."""
GONE = "gone"
"""Flag of a minute of which nothing is sent."""


@dataclass(slots=True)
class Minute:
    """What is true, or shown, of a minute: mg/m3 in dry gas, % by volume, m3/h; ``flag`` as HJ 212 has it."""

    so2: float
    nox: float
    oxygen: float
    flow: float
    flag: str = "N"


@dataclass(slots=True)
class Stack:
    """One stack's label and what it sent.

    ``kind`` is the way of tampering, "" of an honest one; ``marks`` are (type, start, end, announced).
    """

    name: str
    kind: str
    cadence_s: int
    range_so2: int = RANGE_SO2
    lines: list[bytes] = field(default_factory=list)
    marks: list[tuple[str, datetime, datetime, bool]] = field(default_factory=list)


class Walk:
    """A value that is pulled back to zero, of unit spread (first-order autoregressive)."""

    def __init__(self, chance: random.Random, memory_min: float) -> None:
        self.chance, self.keep = chance, 1 - 1 / memory_min
        self.value = chance.gauss(0, 1)

    def step(self) -> float:
        """Go on by a minute."""
        self.value = self.keep * self.value + (1 - self.keep**2) ** 0.5 * self.chance.gauss(0, 1)
        return self.value


def truth(chance: random.Random, days: int, so2_mean: float, *, stop: tuple[int, int] | None = None) -> list[Minute]:
    """Return the minutes of a stack; SO2 has a mean at reference oxygen, ``stop`` is a true standstill [minutes]."""
    slow, fast, nox, drift = (Walk(chance, m) for m in (200, 12, 90, 600))
    cycle, peak_h = chance.uniform(0.02, 0.15), chance.uniform(8, 20)
    base, flow_full = chance.uniform(0.7, 0.9), chance.uniform(2e5, 6e5)
    day, minutes = 0.0, []
    for n in range(days * DAY_MIN):
        day = abs((n / HOUR_MIN - peak_h) % 24 / 12 - 1)
        load = min(1.0, max(0.4, base + cycle * (day - 0.5) + 0.04 * drift.step()))
        oxygen = 5.0 + 4 * (1 - load) + 0.12 * chance.gauss(0, 1)
        share = (AIR_PCT - oxygen) / (AIR_PCT - REFERENCE_PCT)
        now = so2_mean * max(0.1, 1 + 0.22 * slow.step() + 0.08 * fast.step() + 0.02 * chance.gauss(0, 1))
        then = 32 * max(0.2, 1 + 0.1 * nox.step() + 0.02 * chance.gauss(0, 1))
        minute = Minute(now * share, then * share, oxygen, flow_full * load * (1 + 0.01 * chance.gauss(0, 1)))
        if stop is not None and stop[0] <= n < stop[1]:
            minute = Minute(abs(0.3 * chance.gauss(0, 1)), abs(0.3 * chance.gauss(0, 1)), 20.8, 0.0)
        minutes.append(minute)
    return minutes


Tamper = Callable[[random.Random, list[Minute], Stack, datetime], None]


def at_limit(minute: Minute, times: float) -> float:
    """Return what SO2 must show in this gas to be so many times its limit at reference oxygen."""
    return times * LIMIT_SO2 * (AIR_PCT - minute.oxygen) / (AIR_PCT - REFERENCE_PCT)


def constant(chance: random.Random, shown: list[Minute], _stack: Stack, _start: datetime) -> None:
    """The display stands still for some hours of each day."""
    for day in range(ONSET_D * DAY_MIN, len(shown), DAY_MIN):
        first = day + chance.randrange(0, 10 * HOUR_MIN)
        value = round(at_limit(shown[first], chance.uniform(0.5, 0.8)), 1)
        for minute in shown[first : first + chance.randrange(6, 14) * HOUR_MIN]:
            minute.so2 = value


def smoothed(chance: random.Random, shown: list[Minute], _stack: Stack, _start: datetime) -> None:
    """What moves is damped to a thirtieth around a harmless value."""
    middle = chance.uniform(0.5, 0.8) * LIMIT_SO2
    for minute in shown[ONSET_D * DAY_MIN :]:
        minute.so2 = middle + (minute.so2 - LIMIT_SO2) / 30


def clipped(chance: random.Random, shown: list[Minute], _stack: Stack, _start: datetime) -> None:
    """Nothing above a cap just below the limit is shown."""
    cap = chance.uniform(0.92, 0.99)
    for minute in shown[ONSET_D * DAY_MIN :]:
        minute.so2 = min(minute.so2, at_limit(minute, cap * (1 - 0.02 * chance.random())))


def copied(chance: random.Random, shown: list[Minute], _stack: Stack, _start: datetime) -> None:
    """Each day shows one of the honest ones again."""
    for day in range(ONSET_D * DAY_MIN, len(shown), DAY_MIN):
        first = chance.randrange(ONSET_D) * DAY_MIN
        shown[day : day + DAY_MIN] = [
            Minute(m.so2 * 0.7, m.nox, m.oxygen, m.flow, m.flag) for m in shown[first : first + DAY_MIN]
        ]


def inspected(chance: random.Random, shown: list[Minute], _stack: Stack, start: datetime) -> None:
    """Less is shown while inspectors work, from 9 to 17 on five days of a week."""
    factor = chance.uniform(0.4, 0.6)
    for n, minute in enumerate(shown):
        now = start + timedelta(minutes=n)
        if n >= ONSET_D * DAY_MIN and now.weekday() < 5 and 9 <= now.hour < 17:
            minute.so2 *= factor


def diluted(chance: random.Random, shown: list[Minute], _stack: Stack, _start: datetime) -> None:
    """Air is let into the sample while the limit is exceeded."""
    air = chance.uniform(0.8, 0.97)
    for minute in shown[ONSET_D * DAY_MIN :]:
        if minute.so2 > at_limit(minute, 1.0):
            minute.so2, minute.nox = minute.so2 * (1 - air), minute.nox * (1 - air)
            minute.oxygen += (20.9 - minute.oxygen) * air


def stopped(chance: random.Random, shown: list[Minute], stack: Stack, start: datetime) -> None:
    """A standstill is declared afterwards for nights in which everything goes on."""
    for day in range(ONSET_D, len(shown) // DAY_MIN):
        begin = start + timedelta(days=day, hours=chance.uniform(0, 3))
        stack.marks.append(("stopped", begin, begin + timedelta(hours=chance.uniform(3, 8)), False))


def calibrated(chance: random.Random, shown: list[Minute], _stack: Stack, _start: datetime) -> None:
    """The monitor is calibrated, unannounced, whenever the limit comes near, some times a day."""
    n, left = ONSET_D * DAY_MIN, 0
    while n < len(shown):
        if n % DAY_MIN == 0:
            left = 6
        if left and shown[n].so2 > at_limit(shown[n], 0.97):
            left -= 1
            for minute in shown[n + 1 : n + 1 + chance.randrange(25, 50)]:
                minute.so2, minute.flag = 0.2, "C"
            n += HOUR_MIN
        else:
            n += 1


def cut(_chance: random.Random, shown: list[Minute], stack: Stack, _start: datetime) -> None:
    """The measuring range ends where the limit begins to hurt."""
    stack.range_so2 = RANGE_CUT
    for minute in shown[ONSET_D * DAY_MIN :]:
        minute.so2 = min(minute.so2, RANGE_CUT)
    for minute in shown[: ONSET_D * DAY_MIN]:
        minute.so2 = min(minute.so2 * 0.6, RANGE_CUT - 1)


def generated(chance: random.Random, shown: list[Minute], _stack: Stack, _start: datetime) -> None:
    """Random numbers of a band are shown."""
    low, width = chance.uniform(10, 14), chance.choice((6, 8, 10))
    for minute in shown[ONSET_D * DAY_MIN :]:
        minute.so2 = chance.uniform(low, low + width)


def silenced(chance: random.Random, shown: list[Minute], _stack: Stack, _start: datetime) -> None:
    """Now and then the link is cut for most of an hour that begins above the limit."""
    n = ONSET_D * DAY_MIN
    while n < len(shown):
        if shown[n].so2 > at_limit(shown[n], 1.05):
            for minute in shown[n + 10 : n + 10 + chance.randrange(30, 50)]:
                minute.flag = GONE
            n += chance.randrange(4, 12) * HOUR_MIN
        n += HOUR_MIN


TAMPERINGS: dict[str, Tamper] = {
    "constant": constant,
    "smoothed": smoothed,
    "clipped": clipped,
    "copied": copied,
    "inspected": inspected,
    "diluted": diluted,
    "stopped": stopped,
    "calibrated": calibrated,
    "range cut": cut,
    "generated": generated,
    "silenced": silenced,
}
"""Ways of tampering by name."""


def stacks(seed: str, start: datetime, days: int, honest: int, each: int, cadence_s: int = 60) -> Iterator[Stack]:
    """Yield honest stacks, among them ones near the limit and one with a true standstill, and ``each`` stacks of every tampering.

    Args:
        seed: of all that is left to chance.
        start: local midnight of the first day, with its offset.
        days: how many days each sends.
        honest: how many tell the truth.
        each: how many tamper in each way.
        cadence_s: pace of the reports, whole minutes.
    """
    kinds = [""] * honest + [kind for kind in TAMPERINGS for _ in range(each)]
    for number, kind in enumerate(kinds):
        chance = random.Random(f"{seed}/{number}")
        stack = Stack(f"S{number:03d}", kind, cadence_s)
        stop = None
        if not kind and number % 5 == 1:
            first = chance.randrange(1, days - 1) * DAY_MIN + chance.randrange(DAY_MIN)
            stop = (first, first + chance.randrange(6, 30) * HOUR_MIN)
            span = [start + timedelta(minutes=m) for m in stop]
            stack.marks.append(("stopped", span[0], span[1], True))
        exceeds = bool(kind) or number % EXCEEDING_EVERY == 0
        mean = (chance.uniform(1.02, 1.2) if exceeds else chance.uniform(0.3, 0.9)) * LIMIT_SO2
        shown = truth(chance, days, mean, stop=stop)
        _calibrated_daily(chance, shown)
        if kind:
            TAMPERINGS[kind](chance, shown, stack, start)
        stack.lines = [
            _line(stack.name, start + timedelta(minutes=n), shown[n])
            for n in range(0, len(shown), max(1, cadence_s // 60))
            if shown[n].flag != GONE
        ]
        yield stack


def _calibrated_daily(chance: random.Random, shown: list[Minute]) -> None:
    """Every stack checks its zero once a day, at its own time."""
    first = chance.randrange(DAY_MIN - 30)
    for day in range(0, len(shown), DAY_MIN):
        for minute in shown[day + first : day + first + 20]:
            minute.so2, minute.nox, minute.flag = 0.1, 0.2, "C"


def _line(source: str, time: datetime, minute: Minute) -> bytes:
    text = time.isoformat()
    values = [round(minute.so2, 2), round(minute.nox, 2), round(minute.oxygen, 2), round(minute.flow)]
    row = {"v": 1, "source": source, "time": text, "kind": "realtime", "factors": [SO2, NOX, O2, FLOW], "stats": ["rtd"] * 4}
    row |= {"values": values, "flags": [minute.flag, minute.flag, minute.flag, "N"], "sent": text, "received": text}
    row |= {"protocol": "simulated", "frame": None, "backfill": False}
    return json.dumps(row, separators=(",", ":")).encode()
