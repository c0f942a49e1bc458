"""Steps of rule packs about checks of a monitor with zero and span gas: how far it may drift, and when the next check is due."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest.records import CheckKind
from processors.rules.gas import exact
from processors.steps import Step

DAYS_MAX = 270
"""Days that may lie between two checks: marks are kept for longer than that beyond the readings that can be rebuilt."""
Days = Annotated[Decimal, Field(gt=0, le=DAYS_MAX)]
Bound = Annotated[Decimal, Field(gt=0)]


class CheckBounds(BaseModel):
    """Bounds of some checks of some factors, all where it names none; the first row that fits a check holds for it.

    ``allowed_pct`` and ``out_of_control_pct`` are shares of the span [%], ``allowed`` and ``out_of_control`` in the unit of the point. Within either
    of what is allowed is in tolerance, beyond all that is stated as out of control is so; without anything allowed there is nothing between.
    ``unit`` is that of the points it holds for, any where it names none.
    ``interval_days`` is the longest time between two checks, ``automatic_days`` that of monitors that check themselves; None: none is due.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
    factors: list[str] = []
    checks: list[CheckKind]
    unit: str | None = None
    interval_days: Days | None = None
    automatic_days: Days | None = None
    allowed_pct: Bound | None = None
    allowed: Bound | None = None
    out_of_control_pct: Bound | None = None
    out_of_control: Bound | None = None


class CheckDrift(Step):
    """The drift that checks find is held against two bounds, and a check that is not made in time is overdue."""

    step: Literal["check.drift"]
    bounds: list[CheckBounds]

    def numbers(self) -> dict[str, object]:
        """Return the numbers of each row by its name: ``gas_zero_allowed_pct``."""
        stated = {
            row.name: row.model_dump(exclude={"name", "factors", "checks", "unit"}, exclude_none=True) for row in self.bounds
        }
        return {f"{name}_{field}": value for name, row in stated.items() for field, value in row.items()}

    def row(self, factor: str, check: CheckKind, unit: str) -> CheckBounds | None:
        """Return the row that holds for a check of a factor, whose point is in ``unit``."""
        fitting = (row for row in self.bounds if check in row.checks and (not row.factors or factor in row.factors))
        return next((row for row in fitting if row.unit in (None, unit)), None)


class AccuracyBounds(BaseModel):
    """How far a monitor may be from a standard sample or a second method, for some checks of some factors, all where it names none.

    A row fits a check whose reference is at least ``reference_min`` and below ``reference_below``, of a factor whose least limit is below
    ``limit_below``; the first that fits holds. ``error_max`` is in the unit of the point as those are, ``error_pct_max`` a share of the reference
    [%]; equal passes. ``interval_days`` is the longest time between two checks that the row fits; None: none is due.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
    factors: list[str] = []
    checks: list[CheckKind]
    reference_min: Bound | None = None
    reference_below: Bound | None = None
    limit_below: Bound | None = None
    error_max: Bound | None = None
    error_pct_max: Bound | None = None
    interval_days: Days | None = None

    @model_validator(mode="after")
    def _has_one_bound(self) -> AccuracyBounds:
        if (self.error_max is None) == (self.error_pct_max is None):
            raise ValueError(f"row {self.name} needs either error_max or error_pct_max")
        return self

    def fits(self, factor: str, check: CheckKind, reference: Fraction, limit: Decimal | None) -> bool:
        """Tell whether the row holds for a check; ``limit`` is the least of the factor, None where it has none."""
        return (
            check in self.checks
            and (not self.factors or factor in self.factors)
            and (self.reference_min is None or reference >= exact(self.reference_min))
            and (self.reference_below is None or reference < exact(self.reference_below))
            and (self.limit_below is None or (limit is not None and limit < self.limit_below))
        )


class CheckAccuracy(Step):
    """What a standard sample or a second method finds is held against a bound: within it the monitor is in tolerance, else out of control."""

    step: Literal["check.accuracy"]
    bounds: list[AccuracyBounds]

    def numbers(self) -> dict[str, object]:
        """Return the numbers of each row by its name: ``cod_sample_error_pct_max``."""
        stated = {row.name: row.model_dump(exclude={"name", "factors", "checks"}, exclude_none=True) for row in self.bounds}
        return {f"{name}_{field}": value for name, row in stated.items() for field, value in row.items()}


class CheckBackwards(Step):
    """A check of ``checks`` that fails makes all invalid back to the last passed one and forward to the next, of whichever of these kinds.

    Where none has passed before, ``first_days`` back.
    """

    step: Literal["check.backwards"]
    checks: Annotated[list[CheckKind], Field(min_length=1)]
    first_days: Days


class CheckChart(Step):
    """The drift that zero and span checks find is kept on control charts (QAL3); a chart that alarms asks for calibration.

    ``chart`` "shewhart" alarms beyond ``alarm_times`` standard deviations, or twice in a row beyond ``warn_times``; "cusum" where the sum of what goes
    beyond ``allowance_times`` is above ``alarm_times``.
    """

    step: Literal["check.chart"]
    chart: Literal["shewhart", "cusum"]
    alarm_times: Bound
    warn_times: Bound | None = None
    allowance_times: Bound | None = None

    @model_validator(mode="after")
    def _has_its_times(self) -> CheckChart:
        asked = "warn_times" if self.chart == "shewhart" else "allowance_times"
        if getattr(self, asked) is None:
            raise ValueError(f"chart {self.chart} needs {asked}")
        return self
