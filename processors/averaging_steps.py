"""The steps of rule packs that make hours and days, and that say how their values are held against limits."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from processors.figures import SCALE
from processors.rules.gas import T0_K
from processors.steps import Step

SETTINGS = {"valid_minutes_basis": "clock", "valid_day_basis": "fixed", "fold_order": "minute_then_mean", "due_basis": "flow"}
"""Parameters that choose between two readings of a standard, with the usual one."""


class MinuteMean(Step):
    """Readings become minutes: withheld where less than ``valid_share_min`` of those that came are valid; without it one is enough."""

    step: Literal["minute.mean"]
    valid_share_min: Annotated[str, Field(pattern=r"^[1-9]\d?/[1-9]\d?$")] | None = None

    @model_validator(mode="after")
    def _at_most_all(self) -> MinuteMean:
        if self.share > 1:
            raise ValueError(f'{self.valid_share_min} is more than all readings; write a share, as "2/3"')
        return self

    @property
    def share(self) -> Fraction:
        """Least share of a minute's readings that are valid, 0 where one is enough."""
        return Fraction(self.valid_share_min or 0)


class MinuteGasState(Step):
    """Minutes of values that are sent wet or at the duct's state become those of dry gas at 101 325 Pa and ``t0_k``, where points.csv says so."""

    step: Literal["minute.gas_state"]
    t0_k: Decimal = Decimal("273.15")

    @model_validator(mode="after")
    def _one_of_two(self) -> MinuteGasState:
        if self.t0_k not in T0_K:
            raise ValueError("t0_k is 273.15 or 273")
        return self


class HourMean(Step):
    """Minutes become hours: withheld below ``minutes_min`` valid ones, or where they lie in fewer than ``quarters_min`` quarters.

    With ``apart_min`` one valid minute and quarter less is asked for each quarter in which the plant stood, and in an hour with a calibration
    or maintenance two valid minutes so far apart are enough. With ``valid_minutes_basis`` "operating" the same share is asked of the minutes
    that were not stopped.
    """

    step: Literal["hour.mean"]
    minutes_min: Annotated[int, Field(ge=1, le=60)]
    valid_minutes_basis: Literal["clock", "operating"] = "clock"
    quarters_min: Annotated[int, Field(ge=0, le=4)] = 0
    apart_min: Annotated[int, Field(ge=0, le=59)] = 0

    @model_validator(mode="after")
    def _one_rule_for_stops(self) -> HourMean:
        if self.apart_min and self.valid_minutes_basis == "operating":
            raise ValueError(
                "apart_min asks less of hours with a stop already; set valid_minutes_basis to clock, or take apart_min out"
            )
        return self


class HourLow(Step):
    """Valid hours at or below zero are taken as a stated value, by factor, in the point's unit."""

    step: Literal["hour.low"]
    replaced: dict[str, Decimal]

    def numbers(self) -> dict[str, object]:
        """Return the values by factor."""
        return dict(self.replaced)


class HourNoFlow(Step):
    """An hour whose flow is zero has no valid result, and none is due."""

    step: Literal["hour.no_flow"]


class HourChain(Step):
    """An hour that differs by more than ``difference_pct_max`` from what analyser or logger say of it is not valid, where points.csv names them."""

    step: Literal["hour.chain"]
    difference_pct_max: Annotated[Decimal, Field(gt=0, le=100)]


class HourPh(Step):
    """pH of hours and days: hydrogen ions are averaged, and the least and the greatest minute are kept, which limits are held against."""

    step: Literal["hour.ph"]
    factors: list[str]


class HourReferenceOxygen(Step):
    """Means at reference oxygen, where the registry names one; ``air_oxygen_pct`` is what the formula takes ambient air to hold.

    With ``above_reference_only`` a value stands as it is where oxygen is not above the reference. ``fold_order`` "mean_then_fold" converts the
    hour's means, not each minute.
    """

    step: Literal["hour.reference_oxygen"]
    air_oxygen_pct: Annotated[Decimal, Field(ge=20, le=21)] = Decimal(21)
    above_reference_only: bool = False
    fold_order: Literal["minute_then_mean", "mean_then_fold"] = "minute_then_mean"


class HourReferenceVolume(Step):
    """Means at the gas volume that a standard allows a tonne of product, where the registry names one instead of a reference oxygen."""

    step: Literal["hour.reference_volume"]


class HourMass(Step):
    """Mean times flow, where the registry names a flow."""

    step: Literal["hour.mass"]


class LimitInterval(Step):
    """From a value that is judged a share of its limit [%] is taken off first, by factor: the method's confidence interval."""

    step: Literal["limit.interval"]
    interval_pct: dict[str, Decimal]

    def numbers(self) -> dict[str, object]:
        """Return the shares by factor."""
        return dict(self.interval_pct)


class LimitRounded(Step):
    """A value is rounded half to even before it is held against a limit, by factor to so many decimals; without, it is compared as it is."""

    step: Literal["limit.rounded"]
    decimals: dict[str, Annotated[int, Field(ge=0, le=SCALE)]]

    def numbers(self) -> dict[str, object]:
        """Return the decimals by factor."""
        return dict(self.decimals)


class DayMean(Step):
    """Hours become days: withheld below ``hours_min`` valid ones.

    With ``valid_day_basis`` "operating" that share of 24 is asked of the hours that were not stopped; with "missed" no more of these may lack a
    value than of a whole day.
    """

    step: Literal["day.mean"]
    hours_min: Annotated[int, Field(ge=1, le=24)]
    valid_day_basis: Literal["fixed", "operating", "missed"] = "fixed"


class DayMeanByFlow(Step):
    """Hours become days, weighted by the volume discharged: withheld below a share of those due, which ``due_basis`` "clock" says are all 24."""

    step: Literal["day.mean_by_flow"]
    share_min_pct: Annotated[Decimal, Field(gt=0, le=100)]
    due_basis: Literal["flow", "clock"] = "flow"


class DayMass(Step):
    """Hourly masses are added up."""

    step: Literal["day.mass"]
