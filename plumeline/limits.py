"""What applies to an outlet on a day: its points, the limits in force with basis and confidence, its rule pack and that pack's rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from alerts.standards import own_basis
from ingest.registry import Dated, Enterprise, Limit, Meter, Point, Registry, Source
from plumeline.explain import plain
from processors.packs import Pack, chosen, packs_of
from processors.rules.judge import limit_profiles

OWN = "as the registry states it"
"""Confidence of a limit that no shipped profile stands behind."""

D = TypeVar("D", bound=Dated)


@dataclass(frozen=True)
class InForce:
    """A limit on the day asked for; ``confidence`` says how sure the shipped number is, ``note`` what the shipped table adds."""

    limit: Limit
    confidence: str
    note: str


@dataclass(frozen=True)
class Outlet:
    """A source with all that applies to it on a day."""

    source: Source
    enterprise: Enterprise | None
    points: tuple[Point, ...]
    meters: tuple[Meter, ...]
    limits: tuple[InForce, ...]
    pack: Pack

    def as_json(self) -> dict[str, Any]:
        """Return all of it as data."""
        told = {"source", "outlet", "permit", "name", "name_zh", "kind"}
        return {
            **self.source.model_dump(mode="json", include=told),
            "enterprise": self.enterprise.name if self.enterprise else self.source.enterprise,
            "points": [p.model_dump(mode="json", include={"factor", "name", "name_zh", "unit"}) for p in self.points],
            "meters": [m.model_dump(mode="json", include={"factor", "name", "name_zh", "unit"}) for m in self.meters],
            "limits": [
                {
                    **held.limit.model_dump(mode="json", exclude={"source", "basis", "basis_zh"}),
                    "limit": plain(held.limit.limit),
                    "basis": own_basis(held.limit, "en") or held.limit.basis,
                    "basis_zh": own_basis(held.limit, "zh") or held.limit.basis_zh,
                    "confidence": held.confidence,
                    "note": held.note,
                }
                for held in self.limits
            ],
            "pack": self.pack.id,
            "rules": [
                {
                    "id": rule.id,
                    "standard": rule.standard,
                    "clause": rule.clause,
                    "clause_zh": rule.clause_zh,
                    "confidence": rule.confidence,
                    "text": self.pack.said(rule),
                    "text_zh": self.pack.said(rule, "zh"),
                }
                for rule in self.pack.rules
            ],
        }


def outlets(registry: Registry, day: date, find: str = "", *, permit: str = "", outlet: str = "") -> list[Outlet]:
    """Return the outlets whose rows hold on a day, in the registry's order.

    Args:
        find: part of a permit number, of an enterprise's or outlet's name or number, or of a source's identity; empty finds all.
        permit: a whole permit number.
        outlet: a whole outlet number, or a source's identity.
    """
    packs, wanted = packs_of(registry.packs), find.casefold()
    enterprises = {row.enterprise: row for row in registry.enterprises}
    return [
        Outlet(
            source,
            enterprises.get(source.enterprise),
            tuple(_of(source, registry.points, day)),
            tuple(_of(source, registry.meters, day)),
            tuple(in_force(limit) for limit in sorted(_of(source, registry.limits, day), key=_order)),
            chosen(source, packs),
        )
        for source in registry.sources
        if _holds(source, day)
        and (not permit or source.permit == permit)
        and (not outlet or outlet in (source.outlet, source.source))
        and wanted in _searched(source, enterprises.get(source.enterprise)).casefold()
    ]


def _searched(source: Source, enterprise: Enterprise | None) -> str:
    names = (enterprise.name, enterprise.name_zh) if enterprise else (source.enterprise,)
    return " ".join((source.permit, *names, source.outlet, source.name, source.name_zh, source.source))


def in_force(limit: Limit) -> InForce:
    """Return a limit with what the shipped table says of it."""
    profile = limit_profiles().get(limit.limit_id)
    return InForce(limit, OWN, "") if profile is None else InForce(limit, profile.confidence, profile.note)


def _of(source: Source, rows: Iterable[D], day: date) -> list[D]:
    return [row for row in rows if getattr(row, "source", "") == source.source and _holds(row, day)]


def _holds(row: Dated, day: date) -> bool:
    return (row.valid_from is None or row.valid_from <= day) and (row.valid_to is None or day < row.valid_to)


def _order(limit: Limit) -> tuple[str, str, str, Any]:
    return limit.factor, limit.averaging, limit.bound, limit.limit
