"""What a case says of pollution-weather warnings: the warning, and what the source has to do under it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ingest.registry import Plan, Weather

if TYPE_CHECKING:
    from processors.cases import Case

AREAS = {"province": "P", "city": "C", "county": "N"}
"""Where a case's enterprise lies."""
_WEATHER = re.compile(
    r"(?P<level>\S+?)(?: (?P<issuer>province|city|county))?(?: (?P<kind>PM2\.5|O3|dust|other))? (?:day (?P<day>\d+) )?(?P<start>\d\d:\d\d)"
    r" to (?:day (?P<last>\d+) )?(?P<end>\d\d:\d\d)"
)
_PLAN = re.compile(
    r"(?P<level>\S+) (?P<factor>\S+) reduce (?P<reduction_pct>\S+)(?: of (?P<stat>mass|energy|avg))?(?: hours (?P<hours>\S+))?"
)


def weather_of(case: Case, text: str) -> Weather:
    """Return a warning as a case writes it."""
    found = _WEATHER.fullmatch(text)
    if found is None:
        raise ValueError("write: weather orange [city] [O3] [day N] HH:MM to [day N] HH:MM")
    said: dict[str, Any] = found.groupdict()
    said["issuer"] = said["issuer"] or "county"
    return Weather(
        warning=f"W{len(case.weather) + 1}",
        issuer=said["issuer"],
        area=AREAS[said["issuer"]],
        level=said["level"],
        kind=said["kind"] or "PM2.5",
        start=case.at(said["start"], said["day"]),
        planned_end=case.at(said["end"], said["last"] or said["day"]),
    )


def plan_of(source: str, text: str) -> Plan:
    """Return a plan as a case writes it."""
    found = _PLAN.fullmatch(text)
    if found is None:
        raise ValueError("write: plan orange POINT reduce 30 [of energy] [hours 9-17]")
    return Plan.model_validate({"source": source, **{k: v for k, v in found.groupdict().items() if v is not None}})
