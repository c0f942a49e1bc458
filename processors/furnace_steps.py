"""Steps of rule packs about furnaces of waste incineration."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.records import MarkType
from processors.steps import Step

COLD_SLOTS = "cold_slots"
"""Stat of a day: its slots of five minutes that were too cold in normal operation."""
EXCEEDING_DAYS = "exceeding_days"
"""Stat of a month: its days above a daily limit."""
OUTSIDE = "outside"
"""Stat of a day: how often a process value left its band."""


class FurnaceTemperature(Step):
    """A day is told on which more than ``slots_max`` slots of five minutes were below ``temperature_degc_min`` in normal operation.

    ``set_aside_marks`` say that the temperature is not the furnace's: the slots they touch do not count; pollutants do.
    """

    step: Literal["furnace.temperature"]
    temperature_degc_min: Annotated[Decimal, Field(gt=0)]
    slots_max: Annotated[int, Field(ge=0, lt=288)]
    set_aside_marks: tuple[MarkType, ...] = ()


class MonthExceedingDays(Step):
    """A month is told in which more than ``days_max`` days are above a daily limit of one of the ``factors``."""

    step: Literal["month.exceeding_days"]
    days_max: Annotated[int, Field(ge=0, le=30)]
    factors: Annotated[list[str], Field(min_length=1)]


class Band(BaseModel):
    """What a point of a role is held against, in the unit of the role; equal to a bound is within."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["bag_filter", "furnace_oxygen"]
    low: Decimal | None = None
    high: Decimal | None = None


class ProcessBands(Step):
    """Process values that leave their band are told; ``furnace_degc_high`` are what the furnace's hourly temperature may be at most, each by itself."""

    step: Literal["process.bands"]
    bands: list[Band]
    furnace_degc_high: tuple[Decimal, ...] = ()

    def numbers(self) -> dict[str, object]:
        """Return the bounds by role: ``bag_filter_low``; and ``furnace_degc_high``, one behind the other."""
        named = {f"{b.role}_{end}": v for b in self.bands for end, v in (("low", b.low), ("high", b.high)) if v is not None}
        return named | {"furnace_degc_high": " / ".join(f"{high:f}" for high in self.furnace_degc_high)}


FurnaceStep = FurnaceTemperature | MonthExceedingDays | ProcessBands
