"""What an energy plan assesses of a reported amount: less feedstock, and of the total less newly added renewable electricity."""

from __future__ import annotations

from dataclasses import dataclass

from processors.rules.energy import Coal, FactorError


@dataclass(frozen=True, slots=True)
class Assessed:
    """Standard coal [kgce] on one basis: what is held against the plan's ``total``, and what its ``intensity`` divides by output."""

    total: Coal
    intensity: Coal


def assessed_energy(reported: Coal, *, feedstock: Coal, new_renewables: Coal, renewables_in_intensity: bool = True) -> Assessed:
    """Return the energy that a plan assesses of what was reported; measuring goes on for all of it.

    Args:
        reported: comprehensive energy of the period, feedstock and renewables within.
        feedstock: coal, oil, gas and their products used as raw material of non-energy products.
        new_renewables: growth of renewable electricity over the plan's base year, proved by certificates or settlement.
        renewables_in_intensity: whether the intensity keeps the new renewables.

    Raises:
        BasisMismatch: the amounts count electricity on different bases.
        FactorError: an amount that is taken out is below zero, or more than was reported.

    Source:
        energy_rules 3.3, from the province's plan for 2021 to 2025: feedstock leaves total and intensity, new renewable electricity
        the total only. That the intensity keeps the renewables is a reading of the plan, hence a parameter.

    >>> from fractions import Fraction
    >>> made = assessed_energy(Coal(Fraction(30_000)), feedstock=Coal(Fraction(4_200)), new_renewables=Coal(Fraction(650)))
    >>> int(made.total.kgce), int(made.intensity.kgce)
    (25150, 25800)
    """
    for out in (feedstock, new_renewables):
        if out.kgce < 0:
            raise FactorError(f"energy to be taken out, {float(out.kgce):g} kgce, is below 0")
    without_feedstock = reported - feedstock
    total = without_feedstock - new_renewables
    if total.kgce < 0:
        raise FactorError(f"energy to be taken out is more than the {float(reported.kgce):g} kgce reported")
    return Assessed(total, without_feedstock if renewables_in_intensity else total)
