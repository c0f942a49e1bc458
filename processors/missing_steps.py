"""Steps of rule packs about missing hours of the United States: monitor data availability, and what stands for an hour without a mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from processors.quarter_steps import LOOKBACK_H_MAX
from processors.steps import Step

ASSURED, AVAILABILITY, FILLED = "assured", "availability", "avg_sub"
"""Stats: a day's share of operating hours with a mean [%], the same of the hours looked back over, and the mean that stands for a missing one."""


class TierRow(BaseModel):
    """What stands for a missing hour from an availability on; see ``rules.us_missing.Tier``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    availability_pct_min: Annotated[Decimal, Field(ge=0, le=100)]
    short_h_max: Annotated[int, Field(ge=1)] | None = None
    beyond: Literal["percentile", "maximum", "potential"]
    percentile_pct: Annotated[Decimal, Field(gt=0, le=100)] | None = None


class HourAvailability(Step):
    """Availability of each point: hours with a mean among the last ``operating_n`` operating hours, at most ``reach_days`` back."""

    step: Literal["hour.availability"]
    operating_n: Annotated[int, Field(ge=1)]
    reach_days: Annotated[int, Field(ge=1, le=1_096)]


class HourSubstituted(Step):
    """What stands for an operating hour without a mean, by availability and length of the gap.

    Points in ``by_load`` look back over ``load_lookback_h`` hours of the same of ``load_ranges`` ranges of the point ``load_factor``, up to the upper
    end of its range; where that is not known, over all hours. The others look back over ``lookback_h``. While fewer hours are known, the mean of
    both sides stands (by load: that of earlier hours of the range). The maximum potential concentration is the upper end of the point's range.
    """

    step: Literal["hour.substituted"]
    lookback_h: Annotated[int, Field(ge=1, le=LOOKBACK_H_MAX)]
    load_lookback_h: Annotated[int, Field(ge=1, le=LOOKBACK_H_MAX)]
    by_load: list[str]
    load_factor: str
    load_ranges: Annotated[int, Field(ge=1, le=100)]
    tiers: list[TierRow]

    def numbers(self) -> dict[str, object]:
        """Return the lengths of the look-backs."""
        return {"lookback_h": self.lookback_h, "load_lookback_h": self.load_lookback_h, "load_ranges": self.load_ranges}
