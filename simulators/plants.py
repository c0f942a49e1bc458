"""What the county's plants emit and use: pure functions of seed and time, so that a restart tells the same story."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from simulators.clock import CST

SO2, NOX, PM, O2, FLOW, TEMPERATURE, NMHC = "a21026", "a21002", "a34013", "a19001", "a00000", "a01012", "a24088"
"""Factor codes of HJ 212-2017, Appendix B; flow is sent in m3/s, as that table says."""
STACK, VOC, BOILER = "44060500010000000000A001", "44060500020000000000B001", "44060500040000000000A002"
FACTORY = "44060500030000000000E001"
"""Sources of the sample county."""

EXCEED_EVERY_H = 5
"""The stack exceeds in the first hour and in every fifth after it."""
RAMP_S = 240
"""Seconds in which the stack's SO2 rises or falls between its two states."""
SILENT_AFTER_S, SILENT_FOR_S, SILENT_EVERY_S = 20 * 60, 50 * 60, 6 * 3600
"""The VOC outlet falls silent 20 minutes after the start, for 50 minutes, and again every 6 hours."""

Values = Callable[[str, datetime, datetime], dict[str, str]]
"""A plant: (seed, origin, time) -> value texts by factor, as sent."""


def chance(seed: str, name: str, n: int) -> float:
    """Return a number in [0, 1) that is a function of its arguments alone."""
    digest = hashlib.blake2b(f"{seed}/{name}/{n}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def drift(seed: str, name: str, time_s: float, period_s: int = 600) -> float:
    """Return a smooth walk in [-1, 1]: chance at each ``period_s``, eased between, with a tenth of jitter."""
    n, rest = divmod(time_s, period_s)
    x = rest / period_s
    ease = x * x * (3 - 2 * x)
    a, b = (2 * chance(seed, name, int(n) + i) - 1 for i in (0, 1))
    return 0.9 * (a + (b - a) * ease) + 0.1 * (2 * chance(seed, name + "'", int(time_s)) - 1)


def text(value: float, digits: int) -> str:
    """Return a value as a device prints it."""
    return f"{max(0.0, value):.{digits}f}"


def hour_index(origin: datetime, time: datetime) -> int:
    """Return how many whole local hours lie between the hour of ``origin`` and the hour of ``time``."""
    hours = (moment.astimezone(CST).replace(minute=0, second=0, microsecond=0) for moment in (time, origin))
    last, first = hours
    return int((last - first).total_seconds()) // 3600


def exceeds(origin: datetime, time: datetime) -> bool:
    """True in the hours in which the stack's SO2 lies above its limit."""
    return hour_index(origin, time) % EXCEED_EVERY_H == 0


def voc_silent(origin: datetime, time: datetime) -> bool:
    """True while the VOC outlet's link is down."""
    since_s = (time - origin).total_seconds() - SILENT_AFTER_S
    return since_s >= 0 and since_s % SILENT_EVERY_S < SILENT_FOR_S


def coal_stack(seed: str, origin: datetime, time: datetime) -> dict[str, str]:
    """Return a coal unit's readings; SO2 at 6 % O2 is 24-30 mg/m3, in exceeding hours 42-47 (limit 35)."""
    s = time.timestamp()

    def walk(name: str, period_s: int = 600) -> float:
        return drift(seed, STACK + name, s, period_s)

    oxygen = round(6.4 + 0.4 * walk(O2), 2)
    measured = (21 - oxygen) / (21 - 6)
    local = time.astimezone(CST)
    into_s = local.minute * 60 + local.second
    hour = hour_index(origin, time)
    bad = 1.0 if exceeds(origin, time) else 0.0
    before = 1.0 if hour % EXCEED_EVERY_H == 1 else 0.0
    share = bad if hour == 0 else before + (bad - before) * min(1.0, into_s / RAMP_S)
    so2 = 27 + 2.5 * walk(SO2) + share * 17.5
    return {
        SO2: text(so2 * measured, 1),
        NOX: text((40 + 3.5 * walk(NOX)) * measured, 1),
        PM: text((4.2 + 0.9 * walk(PM)) * measured, 2),
        O2: text(oxygen, 2),
        FLOW: text(262 + 9 * walk(FLOW, 1800), 1),
        TEMPERATURE: text(51.5 + 1.5 * walk(TEMPERATURE), 1),
    }


def voc_outlet(seed: str, origin: datetime, time: datetime) -> dict[str, str]:
    """Return a coating line's readings; NMHC is 20-45 mg/m3 (limit 80)."""
    s = time.timestamp()
    return {
        NMHC: text(33 + 11 * drift(seed, VOC + NMHC, s), 2),
        FLOW: text(8.6 + 0.5 * drift(seed, VOC + FLOW, s, 1800), 2),
        TEMPERATURE: text(32 + 2 * drift(seed, VOC + TEMPERATURE, s), 1),
    }


def gas_boiler(seed: str, origin: datetime, time: datetime) -> dict[str, str]:
    """Return a quiet gas boiler's readings, far below its limits at 3.5 % O2."""
    s = time.timestamp()
    return {
        SO2: text(3.1 + 1.2 * drift(seed, BOILER + SO2, s), 1),
        NOX: text(88 + 9 * drift(seed, BOILER + NOX, s), 1),
        PM: text(2.1 + 0.5 * drift(seed, BOILER + PM, s), 2),
        O2: text(4.1 + 0.3 * drift(seed, BOILER + O2, s), 2),
        FLOW: text(7.4 + 0.3 * drift(seed, BOILER + FLOW, s, 1800), 2),
        TEMPERATURE: text(92 + 3 * drift(seed, BOILER + TEMPERATURE, s), 1),
    }


CEMS: Mapping[str, Values] = {STACK: coal_stack, VOC: voc_outlet, BOILER: gas_boiler}
"""The outlets that speak HJ 212."""

REGISTER_START, REGISTER_MODULUS = Decimal("999985.00"), Decimal(1_000_000)
"""The electricity register [kWh, secondary side] begins shortly before it wraps, so that the demo shows that too."""


def electricity_step(seed: str, start: datetime) -> Decimal:
    """Return what the register counts in the 15 minutes from ``start`` [kWh, secondary; times 80 at the primary side]."""
    return Decimal(text(2.5 + 0.5 * drift(seed, FACTORY + "electricity", start.timestamp(), 3600), 2))


def gas_amount(seed: str, start: datetime) -> Decimal:
    """Return the natural gas used in the 15 minutes from ``start`` [m3]."""
    return Decimal(text(46 + 9 * drift(seed, FACTORY + "gas", start.timestamp(), 3600), 2))
