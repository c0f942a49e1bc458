"""Steps of rule packs by which a year is assessed: half-hours, validated averages, multiples of a limit, shares and counts of a year."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from processors.steps import Step

VALIDATED = "validated"
"""Stat of averages less their confidence interval, not below 0."""
BEYOND = "beyond"
"""Stat of a day and year: valid averages above a limit that is no programme's."""
TEN_MINUTES = "ten_minutes"
"""Stat of a day: its valid ten-minute averages within their limit [%]; its verdict takes the half-hours into account."""
DAYS_WITHIN, DAYS_DISCARDED = "days_within", "days_discarded"
"""Stats of a year: the share of its valid days within their limit [%], and days without a valid average while the plant operated."""

PROGRAMME_STEPS = ("halfhour.mean", "day.validated", "day.ten_minutes", "limit.multiples", "year.within", "year.days")

Percent = Annotated[Decimal, Field(gt=0, le=100)]


class HalfHourMean(Step):
    """Minutes become half-hours, withheld below ``minutes_min`` valid ones while the plant operates; made when their day is closed."""

    step: Literal["halfhour.mean"]
    minutes_min: Annotated[int, Field(ge=1, le=30)]


class DayValidated(Step):
    """Validated half-hours (hours, where none are made) become days, withheld where more than ``discarded_n_max`` are discarded."""

    step: Literal["day.validated"]
    discarded_n_max: Annotated[int, Field(ge=0, le=48)]


class DayTenMinutes(Step):
    """Days of some factors are held against limits on ten-minute averages and half-hours: enough of the first are within, or all of the second.

    ``minutes_min`` valid minutes make a ten-minute average.
    """

    step: Literal["day.ten_minutes"]
    factors: list[str]
    minutes_min: Annotated[int, Field(ge=1, le=10)]
    share_min_pct: Percent

    def numbers(self) -> dict[str, object]:
        """Return the parameters, named apart from those of hours and years."""
        return {"ten_minutes_min": self.minutes_min, "ten_share_pct": self.share_min_pct}


class Multiple(BaseModel):
    """A limit on validated averages that follows from a year's: ``times`` it; of a ``programme`` a share of the year must be within."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    averaging: Literal["halfhour", "hour", "day", "month"]
    times: Annotated[Decimal, Field(gt=0)]
    programme: bool = False


class LimitMultiples(Step):
    """What a limit whose averaging is "year" asks of shorter averages."""

    step: Literal["limit.multiples"]
    multiples: list[Multiple]

    def numbers(self) -> dict[str, object]:
        """Return the multiples in percent by their averaging, a programme's as ``hour_share``."""
        return {f"{m.averaging}{'_share' if m.programme else ''}": f"{(m.times * 100).normalize():f}" for m in self.multiples}


class YearWithin(Step):
    """The share of a year's valid half-hours or hours within a programme's limit, and how many are above any other.

    ``either``: the year passes as well where none is above the other limit.
    """

    step: Literal["year.within"]
    share_min_pct: Percent
    either: bool = False


class YearDays(Step):
    """The share of a year's valid days within their limit, some factors with a share of their own, and days discarded, where a greatest number is set."""

    step: Literal["year.days"]
    discarded_days_max: Annotated[int, Field(ge=0, le=366)] | None = None
    days_share_min_pct: Percent = Decimal(100)
    days_share_min_pct_of: dict[str, Percent] = Field(default_factory=dict)

    def numbers(self) -> dict[str, object]:
        """Return the parameters, the shares by factor."""
        discarded = {} if self.discarded_days_max is None else {"discarded_days_max": self.discarded_days_max}
        shares = {f"days_share_{factor}": share for factor, share in self.days_share_min_pct_of.items()}
        return {**discarded, "days_share_min_pct": self.days_share_min_pct, **shares}
