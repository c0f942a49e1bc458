"""Steps of rule packs about furnaces of waste incineration."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step

COLD_SLOTS = "cold_slots"
"""Stat of a day: its slots of five minutes that were too cold in normal operation."""
EXCEEDING_DAYS = "exceeding_days"
"""Stat of a month: its days above a daily limit."""


class FurnaceTemperature(Step):
    """A day is told on which more than ``slots_max`` slots of five minutes were below ``temperature_degc_min`` in normal operation."""

    step: Literal["furnace.temperature"]
    temperature_degc_min: Annotated[Decimal, Field(gt=0)]
    slots_max: Annotated[int, Field(ge=0, lt=288)]


class MonthExceedingDays(Step):
    """A month is told in which more than ``days_max`` days are above a daily limit of one of the ``factors``."""

    step: Literal["month.exceeding_days"]
    days_max: Annotated[int, Field(ge=0, le=30)]
    factors: Annotated[list[str], Field(min_length=1)]


FurnaceStep = FurnaceTemperature | MonthExceedingDays
FURNACE_STATS = (COLD_SLOTS, EXCEEDING_DAYS)
