"""Names from the registry for messages and routing: places, factors, reference oxygen, who wants an alert."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TypeVar

from alerts.alert import Alert
from alerts.silences import COUNTY
from alerts.texts import text
from ingest.registry import LEVELS, Contact, Dated, Enterprise, Limit, Meter, Point, Registry, Source
from processors.figures import local

RowT = TypeVar("RowT", bound=Dated)

EVERYONE = frozenset({"source.blind", "tick.refused"})
"""Kinds that concern Plumeline itself and go to every contact, whatever its counties and enterprises."""

STAGED = ("escalation.", "deadline.")
"""Beginnings of the kinds that are about stages and deadlines."""
GATEWAY = "gateway:"
"""What stands before a gateway's name where an event is about a gateway instead of a source."""


def place(registry: Registry, source: str, day: date, language: str = "en") -> str:
    """Return "enterprise, outlet DA001 (name)", or "source <code>" where the registry does not know it."""
    if source.startswith(GATEWAY):
        return text("place.gateway", language, gateway=source.removeprefix(GATEWAY))
    if source.startswith(COUNTY):
        return text("place.county", language, county=source.removeprefix(COUNTY))
    row = source_row(registry, source, day)
    if row is None:
        return text("place.source", language, source=source)
    owner = enterprise_row(registry, row.enterprise)
    name = own_name(row, language)
    who = (own_name(owner, language) if owner else "") or row.enterprise
    names = {"enterprise": who, "outlet": row.outlet, "name": name or source}
    if not row.outlet:
        return text("place.name", language, **names)
    return text("place.outlet" if name else "place.outlet_only", language, **names)


def own_name(row: Enterprise | Source | Point | Meter, language: str) -> str:
    """Return the name of a registry row in a language, where it has one, else the name that every row has."""
    return (row.name_zh if language == "zh" else "") or row.name


def factor_name(registry: Registry, source: str, factor: str | None, day: date, language: str = "en") -> str:
    """Return the name of a point or meter, or the factor's code; without a factor the name of the source, or its code."""
    row: Source | Point | Meter | None = source_row(registry, source, day)
    if factor is not None:
        row = point_row(registry, source, factor, day) or meter_row(registry, source, factor, day)
    return (own_name(row, language) if row else "") or factor or source


def in_words(sentence: str, names: Mapping[str, str]) -> str:
    """Return a sentence with names of factors (by code) where it says codes: at the beginning of it or of a part, and behind "of" or "opposite to".

    >>> in_words("i41028, day 2026-07-01: the device says 3", {"i41028": "Tank pressure"})
    'Tank pressure, day 2026-07-01: the device says 3'
    >>> in_words("span check of a21026 at 10:00: 2 % off", {"a21026": "SO₂"}), in_words("mean of a21026-x", {"a21026": "SO₂"})
    ('span check of SO₂ at 10:00: 2 % off', 'mean of a21026-x')
    >>> in_words("moves exactly opposite to a19001; a19001 substituted", {"a19001": "oxygen", "a19": "no such"})
    'moves exactly opposite to oxygen; oxygen substituted'
    """
    if not names:
        return sentence
    codes = "|".join(map(re.escape, names))
    return re.sub(rf"(^|; |\b(?:of|opposite to) )({codes})(?=[ ,:;]|$)", lambda found: found[1] + names[found[2]], sentence)


def factor_names(registry: Registry, source: str, day: date, language: str = "en") -> dict[str, str]:
    """Return the names of a source's points and meters by their codes, as they are on a day."""
    codes = {p.factor for p in registry.points if p.source == source} | {
        m.factor for m in registry.meters if m.source == source
    }
    return {code: factor_name(registry, source, code, day, language) for code in sorted(codes)}


def source_row(registry: Registry, source: str, day: date) -> Source | None:
    """Return the row of a source that holds on a day, else its newest."""
    return _on(day, (row for row in registry.sources if row.source == source))


def point_row(registry: Registry, source: str, factor: str | None, day: date) -> Point | None:
    """Return the row of a point that holds on a day, else its newest."""
    return _on(day, (row for row in registry.points if row.source == source and row.factor == factor))


def meter_row(registry: Registry, source: str, factor: str | None, day: date) -> Meter | None:
    """Return the row of a meter that holds on a day, else its newest."""
    return _on(day, (row for row in registry.meters if row.source == source and row.factor == factor))


def limit_row(registry: Registry, source: str, factor: str | None, limit_id: str, day: date) -> Limit | None:
    """Return the row of a limit that holds on a day, else its newest."""
    asked = (source, factor, limit_id)
    return _on(day, (row for row in registry.limits if (row.source, row.factor, row.limit_id) == asked))


def enterprise_row(registry: Registry, enterprise: str) -> Enterprise | None:
    """Return the row of an enterprise."""
    return next((row for row in registry.enterprises if row.enterprise == enterprise), None)


def counties(registry: Registry) -> Callable[[str], str]:
    """Return what names the county of a source, "" where the registry does not know it."""
    known: dict[str, str] = {}

    def county(source: str) -> str:
        if not known:
            owners = {row.enterprise: row.county for row in registry.enterprises}
            known.update((row.source, owners.get(row.enterprise, "")) for row in registry.sources)
        return known.get(source, "")

    return county


def wants(contact: Contact, alert: Alert, registry: Registry) -> bool:
    """Return whether a contact is sent an alert: severity, stage, then county and enterprise, all of which must fit.

    An alert on a source that is not in the registry fits only contacts that are not narrowed. One on a county, which stands for
    those on its sources, fits whoever wants any enterprise in it.
    """
    if contact.receives == "red" and alert.severity != "red":
        return False
    if alert.kind in EVERYONE:
        return True
    if not _reaches(alert, contact.level):
        return False
    in_counties, enterprises = contact.counties.split(), contact.enterprises.split()
    if not (in_counties or enterprises):
        return True
    if alert.source.startswith(COUNTY):
        county = alert.source.removeprefix(COUNTY)
        within = {row.enterprise for row in registry.enterprises if row.county == county}
        return (not in_counties or county in in_counties) and (not enterprises or not within.isdisjoint(enterprises))
    row = source_row(registry, alert.source, local(alert.time_ms).date())
    owner = enterprise_row(registry, row.enterprise) if row else None
    if row is None:
        return False
    return (not enterprises or row.enterprise in enterprises) and (
        not in_counties or (owner is not None and owner.county in in_counties)
    )


def _reaches(alert: Alert, level: str) -> bool:
    """Return whether an alert's stage reaches a level: an authority is told what has risen to it, who has no level no stages."""
    stage = alert.facts.get("stage")
    if level in LEVELS[2:]:
        return isinstance(stage, int) and stage >= LEVELS.index(level)
    return level == "enterprise" or not alert.kind.startswith(STAGED)


def _on(day: date, rows: Iterable[RowT]) -> RowT | None:
    candidates = sorted(rows, key=lambda row: row.valid_from or date.min)
    held = [r for r in candidates if (r.valid_from or date.min) <= day < (r.valid_to or date.max)]
    newest = held or candidates
    return newest[-1] if newest else None
