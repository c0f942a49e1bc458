"""What a case says of petrol stations: refuellings in, states of their days out."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from processors.figures import Figure, Level, epoch_ms
from processors.station_steps import STATES

if TYPE_CHECKING:
    from processors.cases import Case

REFUELLING = re.compile(
    r"(?:day (\d+) )?(\d\d:\d\d) refuelling nozzle (\S+) fuel (\S+) L vapour (\S+) L(?: speed (\S+))?(?: flow (\S+))?"
    r"(?: times (\d+))?"
)
REFUELLING_APART = timedelta(minutes=5)
"""Time between the refuellings that one line stands for."""
REFUELLINGS_MAX = 1_000
"""Refuellings that one line may stand for."""
_REFUELLED = {"fuel": "L", "vapour": "L", "fuel_speed": "L/min", "vapour_speed": "L/min"}
STATE_WORDS = {"normal": 0, "warning": 1, "alarm": 2, "none": None}
STATE = re.compile(
    rf"(?:(?P<nozzle>nozzle \S+)|(?P<point>\S+))(?: (?P<stat>{'|'.join(STATES)}))?(?: day (?P<day>\d+))?"
    rf" (?P<value>{'|'.join(STATE_WORDS)})(?: (?P<reason>.+))?"
)


def add_refuellings(case: Case, day: str | None, clock: str, nozzle: str, *texts: str | None) -> None:
    """Add refuellings of a nozzle, and its points where it is the first."""
    *amounts, times = texts
    known = {p["factor"] for p in case.points}
    points = [{"factor": f"{role}-{nozzle}", "unit": unit, "role": f"{role}/{nozzle}"} for role, unit in _REFUELLED.items()]
    case.points += [p for p in points if p["factor"] not in known]
    values = {f"{role}-{nozzle}": text for role, text in zip(_REFUELLED, amounts, strict=True) if text is not None}
    for value in values.values():
        Decimal(value)
    for n in range(min(int(times or 1), REFUELLINGS_MAX)):
        case.reports.append((case.at(clock, day) + n * REFUELLING_APART, "realtime", values, "N"))


def state_missed(
    case: Case, facts: dict[str, str | None], where: str, figures: dict[tuple[Level, str, str, int], Figure]
) -> str | None:
    """Return the state of a petrol station's day that is there instead of the expected one."""
    point = facts["point"] or f"fuel-{str(facts['nozzle']).removeprefix('nozzle ')}"
    figure = figures.get(("day", point, facts["stat"] or "nozzle", epoch_ms(case.at("00:00", facts["day"]))))
    if figure is None:
        return f"{where}; there is no such state"
    words = {number: word for word, number in STATE_WORDS.items()}
    shown = words[None if figure.number is None else int(figure.number)]
    said = figure.reason or figure.explain.get("note") or ""
    if shown != facts["value"] or (facts["reason"] or "") not in said:
        return f"{where}; it is {shown} ({said})"
    return None
