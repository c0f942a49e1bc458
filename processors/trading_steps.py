"""The step of rule packs about emissions trading: what stands for an hour without a mean, and a year's mass with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step

DEVIATION, MISSING, GAS = "deviation", "missing", "gas_missing"
"""Stats of a day: standard deviation of its valid hours; operating hours without a mean [h]; and the gas that flowed in these [m³]."""


class MassTrading(Step):
    """A missing hour stands at the mean of the year's valid hours and some standard deviations; times its flow it adds to the year's mass.

    It is so for each of ``factors`` whose point has a flow.
    """

    step: Literal["mass.trading"]
    factors: list[str]
    deviation_times: Annotated[Decimal, Field(ge=0, le=10)]
