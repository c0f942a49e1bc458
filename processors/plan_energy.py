"""What a plan assesses of an enterprise's year so far: comprehensive energy without feedstock and without the growth of renewable electricity."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from ingest.registry import Registry
from processors.figures import SCALE, Figure, local, period_start_ms
from processors.packs import chosen, packs_of
from processors.plan_steps import FEEDSTOCK, NEW_RENEWABLES, EnergyAssessed
from processors.points import ENERGY
from processors.rules.energy import FactorError, assessed_energy

REPORTED = "kgce"
STATS = (REPORTED, FEEDSTOCK, NEW_RENEWABLES)
KG_TCE = 1_000
DaysOf = Callable[[str, str, str, int, int], list[Figure]]
"""Finds the day figures of a source by factor, stat and [start, end)."""


@dataclass(frozen=True, slots=True)
class PlanEnergy:
    """A year so far [tce]: ``assessed`` is the plan's total, ``intensity`` what its intensity is made with; None with a ``reason``.

    ``days`` counts the days with energy, ``short`` those of which a part is not complete; ``newest`` is the newest day by stat.
    """

    enterprise: str
    year: int
    rule: EnergyAssessed
    reported: Fraction
    feedstock: Fraction
    new_renewables: Fraction
    assessed: Fraction | None
    intensity: Fraction | None
    reason: str | None
    days: int
    short: int
    newest: dict[str, Figure]


def rule_of(registry: Registry, enterprise: str) -> EnergyAssessed | None:
    """Return by which rule an enterprise's energy is assessed: that of the pack of its first energy source."""
    packs = packs_of(registry.packs)
    own = sorted((s for s in registry.sources if s.enterprise == enterprise and s.kind == "energy"), key=lambda s: s.source)
    return next((rule for s in own if (rule := chosen(s, packs).rule(EnergyAssessed)) is not None), None)


def plan_energy(registry: Registry, enterprise: str, days_of: DaysOf, at_ms: int) -> PlanEnergy | None:
    """Return what the plan assesses of the year in which a time lies, up to that time; None where no rule does, or no energy is known.

    Source:
        energy_rules 3.3, EX-3.6 (own reading of the plan): growth below the base year's adds nothing, as the plan takes out growth only.
    """
    rule, start = rule_of(registry, enterprise), period_start_ms("year", at_ms)
    if rule is None:
        return None
    found = {stat: days_of(f"enterprise:{enterprise}", ENERGY, stat, start, at_ms) for stat in STATS}
    if not found[REPORTED]:
        return None
    reported, feedstock, growth = (_tce(found[stat]) for stat in STATS)
    renewables = max(growth, Fraction(0))
    assessed, intensity, reason = None, None, None
    try:
        assessed = assessed_energy(reported, feedstock, renewables)
        intensity = assessed_energy(reported, feedstock) if rule.renewables_in_intensity else assessed
    except FactorError as error:
        reason = str(error)
    short = {f.start_ms for figures in found.values() for f in figures if not f.ok}
    newest = {stat: max(figures, key=lambda f: f.start_ms) for stat, figures in found.items() if figures}
    return PlanEnergy(
        enterprise, local(start).year, rule, reported, feedstock, renewables, assessed, intensity, reason,
        len(found[REPORTED]), len(short), newest,
    )  # fmt: skip


def _tce(days: Iterable[Figure]) -> Fraction:
    return Fraction(sum(f.value or 0 for f in days), 10**SCALE * KG_TCE)
