"""Steps of rule packs that are made of whole months and quarters: capture, substituted masses, shares of hours within limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step

LOOKBACK_H_MAX = 2_160
"""Valid hours that a substitute may look back over; the store is read for that far."""
VALID_HOURS, VALID_DAYS = "valid_hours", "valid_days"
"""Stats: a day's share of operating hours with a mean, and a quarter's share of operating days with enough of them [%]."""


class QuarterCapture(Step):
    """Capture, transmission and effective transmission rates of the quarter so far; ``target_pct`` is what is asked for."""

    step: Literal["quarter.capture"]
    target_pct: Annotated[Decimal, Field(gt=0, le=100)]


class QuarterValidDays(Step):
    """Operating days of a quarter on which enough operating hours have a mean: ``hours_share_min_pct`` of a day's, ``days_share_min_pct`` of days."""

    step: Literal["quarter.valid_days"]
    hours_share_min_pct: Annotated[Decimal, Field(gt=0, le=100)]
    days_share_min_pct: Annotated[Decimal, Field(gt=0, le=100)]


class MonthShareWithin(Step):
    """The share of a month's valid hours within each limit of a programme; ``share_min_pct`` is what is asked for."""

    step: Literal["month.share_within"]
    share_min_pct: Annotated[Decimal, Field(gt=0, le=100)]


class MonthMean(Step):
    """The mean of a month's valid days: withheld below ``days_min`` of them, in a February below ``days_min_february``."""

    step: Literal["month.mean"]
    days_min: Annotated[int, Field(ge=1, le=28)]
    days_min_february: Annotated[int, Field(ge=1, le=28)]


class MonthMeanOfDue(Step):
    """The mean of a month's valid days: withheld below a share of the days due, which those without discharge are not."""

    step: Literal["month.mean_of_due"]
    share_min_pct: Annotated[Decimal, Field(gt=0, le=100)]


class MassSubstituted(Step):
    """Hours without a mass take the greatest of valid ones before: how many, by capture rate and length of the event.

    On a day with ``manual_results_min`` results of manual monitoring they take the mean of these; None: none are taken.
    """

    step: Literal["mass.substituted"]
    tier_by: Literal["event_length", "elapsed"]
    event_h_max: Annotated[int, Field(ge=1)]
    capture_high_pct: Annotated[Decimal, Field(gt=0, le=100)]
    capture_low_pct: Annotated[Decimal, Field(gt=0, le=100)]
    lookback_short_h: Annotated[int, Field(ge=1)]
    lookback_long_h: Annotated[int, Field(ge=1)]
    lookback_low_h: Annotated[int, Field(ge=1, le=LOOKBACK_H_MAX)]
    manual_results_min: Annotated[int, Field(ge=1)] | None = None


class MassSubstitutedDays(Step):
    """Days without a mass take the greatest daily mass of ``lookback_days`` valid days before the last calibration or check.

    Where the analyser was out of service (an hour's reason has one of ``manual_reasons``) and there are ``manual_results_min`` results of manual
    monitoring, the day takes their mass; None: none are taken.
    """

    step: Literal["mass.substituted_days"]
    lookback_days: Annotated[int, Field(ge=1, le=LOOKBACK_H_MAX // 24)]
    manual_results_min: Annotated[int, Field(ge=1)] | None = None
    manual_reasons: tuple[str, ...] = ()
