"""Steps of rule packs about furnaces of waste incineration."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step

COLD_SLOTS = "cold_slots"
"""Stat of a day: its slots of five minutes that were too cold in normal operation."""


class FurnaceTemperature(Step):
    """A day is told on which more than ``slots_max`` slots of five minutes were below ``temperature_degc_min`` in normal operation."""

    step: Literal["furnace.temperature"]
    temperature_degc_min: Annotated[Decimal, Field(gt=0)]
    slots_max: Annotated[int, Field(ge=0, lt=288)]
