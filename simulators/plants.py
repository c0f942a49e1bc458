"""What the county's plants emit and use: pure functions of seed and time, so that a restart tells the same story."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from simulators.clock import CST

SO2, NOX, PM, O2, FLOW, TEMPERATURE, NMHC = "a21026", "a21002", "a34013", "a19001", "a00000", "a01012", "a24088"
"""Factor codes of HJ 212-2017, Appendix B; flow is sent in m3/s, as that table says."""
WATER_FLOW, COD, AMMONIA, PH, WATER_TEMPERATURE = "w00000", "w01018", "w21003", "w01001", "w01010"
"""Factor codes of HJ 212-2017, Appendix B; the flow of waste water is sent in L/s, as that table says."""
TANK_PRESSURE, PROCESSED, VAPOUR_TEMPERATURE = "i41028", "i41031", "i41032"
"""What a petrol station's console sends [Pa, g/m3, degC], by the codes of one city's protocol (Chongqing, 2019)."""
RATIO = "i41020"
"""Air-to-liquid ratio of a refuelling, by the same codes."""
FUEL, VAPOUR, FUEL_SPEED, VAPOUR_SPEED = "fuel", "vapour", "fuel-speed", "vapour-speed"
LINE_PRESSURE, OPENS, OPENS_BELOW = "line", "positive", "negative"
"""What else the console sends [L, L, L/min, L/min, Pa, Pa, Pa], by words of this demo: no public page gives these codes."""
NOZZLES, WORN = ("01", "02", "03"), "03"
"""The station's nozzles, and the one that recovers too little."""
SLOT_S, WINDOW_S = 30, 300
"""Seconds between two packets, and the time in which a nozzle fills at most one tank."""
SET_UP_AT = (0, 2, 0)
"""Hour, minute and slot of it in which the console sends its set-up."""
STACK, VOC, BOILER = "44060500010000000000A001", "44060500020000000000B001", "44060500040000000000A002"
FACTORY = "44060500030000000000E001"
OUTFALL, PETROL = "44060500050000000000W001", "44060500060000000000G001"
"""Sources of the sample county."""

EXCEED_EVERY_H = 5
"""The stack exceeds in the first hour and in every fifth after it."""
RAMP_S = 240
"""Seconds in which the stack's SO2 rises or falls between its two states."""
SILENT_AFTER_S, SILENT_FOR_S, SILENT_EVERY_S = 20 * 60, 50 * 60, 6 * 3600
"""The VOC outlet falls silent 20 minutes after the start, for 50 minutes, and again every 6 hours."""
VAPOUR_FIRST_H, VAPOUR_EVERY_H = 3, 6
"""The petrol station's processing unit exceeds in the fourth hour and in every sixth after it."""
PAUSE_H = (2, 3, 4)
"""Local hours in which the sewage works discharges nothing."""
PROBE_LIFTED, PROBE_FALL_C = (14, 20, 0), 5
"""Local time of the reading for which the works' temperature probe is lifted out of the water, and by how much it then falls."""

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


def vapour_exceeds(origin: datetime, time: datetime) -> bool:
    """True in the hours in which the petrol station's processed vapour lies above its limit."""
    return hour_index(origin, time) % VAPOUR_EVERY_H == VAPOUR_FIRST_H


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


def outfall(seed: str, origin: datetime, time: datetime) -> dict[str, str]:
    """Return a small sewage works' readings: two humps of flow a day, none in the pause of the night, strong water after it.

    COD and ammonia are the analyser's latest result, one an hour (HJ 355-2019), and stay what they were in the pause. COD is
    26-42 mg/L and 52-62 in the hour after the pause, in which little flows: the day's mean by volume keeps its limit of 50.
    Each day at 14:20 the temperature probe is lifted out for one reading, which a quality test of its series should find.
    """
    local = time.astimezone(CST)
    hour_h = local.hour + local.minute / 60 + local.second / 3600
    first = local.hour == PAUSE_H[-1] + 1
    back_h = local.hour - PAUSE_H[0] + 1 if local.hour in PAUSE_H else 0
    sampled = local.replace(minute=0, second=0, microsecond=0) - timedelta(hours=back_h)

    def wave(at_h: float, highest_h: float, period_h: int) -> float:
        return math.cos(2 * math.pi * (at_h - highest_h) / period_h)

    def walk(name: str, at: datetime, period_s: int) -> float:
        return drift(seed, OUTFALL + name, at.timestamp(), period_s)

    flow = 58 * (1 + 0.18 * wave(hour_h, 19, 24) + 0.17 * wave(hour_h, 9, 12)) + 2 * walk(WATER_FLOW, time, 900)
    cod = 34 + 5 * wave(sampled.hour, 13, 24) + 3 * walk(COD, sampled, 7200)
    ammonia = 1.5 + 0.4 * wave(sampled.hour, 11, 24) + 0.3 * walk(AMMONIA, sampled, 7200)
    lifted = (local.hour, local.minute, local.second) == PROBE_LIFTED
    return {
        WATER_FLOW: text(0 if local.hour in PAUSE_H else 0.4 * flow if first else flow, 1),
        COD: text(cod + 24 if first else cod, 1),
        AMMONIA: text(2 * ammonia if first else ammonia, 2),
        PH: text(7.1 + 0.2 * walk(PH, time, 1800), 2),
        WATER_TEMPERATURE: text(
            26.5 + 0.8 * wave(hour_h, 16, 24) + 0.2 * walk(WATER_TEMPERATURE, time, 3600) - (PROBE_FALL_C if lifted else 0), 1
        ),
    }


def petrol_station(seed: str, origin: datetime, time: datetime) -> dict[str, str]:
    """Return what a petrol station's console sends; processed vapour is 8-16 g/m3, in exceeding hours 27-33 (limit 25).

    The tank's pressure is below that of the air while fuel is drawn, and above it in the warmth of the afternoon; the vapour line's lies
    20-50 Pa above it. What the valve opens at is sent shortly after midnight, a refuelling at its end.
    """
    s = time.timestamp()
    local = time.astimezone(CST)
    warmth = math.cos(2 * math.pi * (local.hour + local.minute / 60 - 15) / 24)
    pressure_pa = 40 + 220 * warmth + 180 * drift(seed, PETROL + TANK_PRESSURE, s, 1200)
    values = {
        TANK_PRESSURE: str(round(pressure_pa)),
        LINE_PRESSURE: str(round(pressure_pa + 35 + 15 * drift(seed, PETROL + LINE_PRESSURE, s))),
        PROCESSED: text((30 if vapour_exceeds(origin, time) else 12) + 3 * drift(seed, PETROL + PROCESSED, s), 2),
        VAPOUR_TEMPERATURE: text(28 + 4 * warmth + 0.5 * drift(seed, PETROL + VAPOUR_TEMPERATURE, s), 1),
    }
    if (local.hour, local.minute, local.second // SLOT_S) == SET_UP_AT:
        values |= {OPENS: "2000", OPENS_BELOW: "-1500"}
    for nozzle in NOZZLES:
        values |= refuelling(seed, nozzle, time)
    return values


def refuelling(seed: str, nozzle: str, time: datetime) -> dict[str, str]:
    """Return the refuelling of a nozzle that ended in the 30 s before a time, nothing where none did.

    About four an hour by day, one by night, each of 8-50 L. The air-to-liquid ratio is 1.00-1.20; that of the worn nozzle is 0.76-1.00,
    so that more than every second of its refuellings lies below 0.9.
    """
    name = PETROL + "nozzle" + nozzle
    window, into_s = divmod(int(time.timestamp()), WINDOW_S)

    def walk(what: str, low: float, high: float) -> float:
        return low + (high - low) * chance(seed, name + what, window)

    busy = 0.35 if 6 <= time.astimezone(CST).hour < 23 else 0.08
    if walk("", 0, 1) >= busy or into_s // SLOT_S != int(walk("end", 2, WINDOW_S // SLOT_S)):
        return {}
    fuel_l, fuel_l_min = round(walk("fuel", 8, 50), 1), walk("speed", 30, 38)
    ratio = walk("ratio", 0.76, 1.0) if nozzle == WORN else walk("ratio", 1.0, 1.2)
    return {
        f"{RATIO}-{nozzle}": text(ratio, 3),
        f"{FUEL}-{nozzle}": text(fuel_l, 1),
        f"{VAPOUR}-{nozzle}": text(fuel_l * ratio, 2),
        f"{FUEL_SPEED}-{nozzle}": text(fuel_l_min, 1),
        f"{VAPOUR_SPEED}-{nozzle}": text(fuel_l_min * ratio, 1),
    }


CEMS: Mapping[str, Values] = {
    STACK: coal_stack,
    VOC: voc_outlet,
    BOILER: gas_boiler,
    OUTFALL: outfall,
    PETROL: petrol_station,
}
"""The outlets that speak HJ 212."""

REGISTER_START, REGISTER_MODULUS = Decimal("999985.00"), Decimal(1_000_000)
"""The electricity register [kWh, secondary side] begins shortly before it wraps, so that the demo shows that too."""


def electricity_step(seed: str, start: datetime) -> Decimal:
    """Return what the register counts in the 15 minutes from ``start`` [kWh, secondary; times 80 at the primary side]."""
    return Decimal(text(2.5 + 0.5 * drift(seed, FACTORY + "electricity", start.timestamp(), 3600), 2))


def gas_amount(seed: str, start: datetime) -> Decimal:
    """Return the natural gas used in the 15 minutes from ``start`` [m3]."""
    return Decimal(text(46 + 9 * drift(seed, FACTORY + "gas", start.timestamp(), 3600), 2))
