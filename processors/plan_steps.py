"""The step of rule packs about a plan's energy: what of the comprehensive energy the plan assesses, and what its intensity is made with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step

FEEDSTOCK, NEW_RENEWABLES = "feedstock", "new_renewables"
"""Stats of an enterprise's day: energy used as raw material, and renewable electricity beyond a day's share of the base year [kg coal equivalent]."""
PLAN_STATS = {"feedstock": FEEDSTOCK, "renewable": NEW_RENEWABLES}
"""What a meter adds to, by what meters.csv says in ``plan``."""


class EnergyAssessed(Step):
    """Feedstock leaves total and intensity, the growth of renewable electricity over ``base_year`` the total; with ``renewables_in_intensity`` only it."""

    step: Literal["energy.assessed"]
    base_year: Annotated[int, Field(ge=2000, le=2100)]
    renewables_in_intensity: bool
