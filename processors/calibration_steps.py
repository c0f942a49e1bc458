"""The step of rule packs about the valid calibration range of a monitor, and the stats that come of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step

OUTSIDE_RANGE, RANGE_WEEKS = "outside_range", "range_weeks"
"""Stats: of a day the share of its averages above the range [%]; of the day of a calibration the weeks since in which too many were."""

Percent = Annotated[Decimal, Field(gt=0, le=100)]


class CalibrationRange(Step):
    """Averages above the valid calibration range are counted by the week; where too many are, a new calibration is due.

    The range ends at ``calibrated_times`` the highest calibrated value (``calibrated_high`` in points.csv), or at ``limit_times`` the daily limit on
    validated averages, whichever is larger. A week counts with more than ``week_pct`` outside: more than ``weeks_max`` of them, or one with more
    than ``one_week_pct``, make a new calibration due within ``due_months``.
    """

    step: Literal["calibration.range"]
    calibrated_times: Annotated[Decimal, Field(ge=1, le=2)]
    limit_times: Annotated[Decimal, Field(ge=0, le=1)]
    week_pct: Percent
    weeks_max: Annotated[int, Field(ge=0, le=52)]
    one_week_pct: Percent
    due_months: Annotated[int, Field(ge=1, le=24)]
