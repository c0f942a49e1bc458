"""The steps ``screen.*`` of rule packs: which patterns a day of a source is searched for, with their thresholds and weights.

Parameters have the names and units of the detectors in ``processors/rules``; ``weight`` is what one finding adds to its source's sum.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[Decimal, Field(gt=0)]
Pct = Annotated[Decimal, Field(gt=0, le=100)]
LOOKBACK_DAYS_MAX = 31
"""Days that a screening may read back, itself among them."""
Days = Annotated[int, Field(ge=1, le=LOOKBACK_DAYS_MAX)]


class Running(Step):
    """What says of an hour that the source ran: its flow where there is one, else its oxygen, else that nobody declared it stopped.

    ``oxygen`` and ``flows`` are factors that say so where no point of the source names its own.
    """

    step: Literal["screen.running"]
    flow_pct_min: Pct
    oxygen_pct_max: Positive
    oxygen: str
    flows: list[str]


class _Pattern(Step):
    weight: Count


class Constant(_Pattern):
    """DQ-1: so many equal hours in a row."""

    step: Literal["screen.constant"]
    window_n: Annotated[int, Field(ge=2, le=24)]


class SmallRange(_Pattern):
    """DQ-2: a day's readings within a share of the measuring range, with enough valid hours."""

    step: Literal["screen.small_range"]
    range_pct_max: Pct
    hours_min: Annotated[int, Field(ge=1, le=24)]


class DetectionHover(_Pattern):
    """DQ-3: most hours of the last days around the detection limit that points.csv states."""

    step: Literal["screen.detection_hover"]
    detection_times: Positive
    share_pct_min: Pct
    hours_min: Count
    lookback_days: Days


class Hugging(_Pattern):
    """DQ-4: most hours of a day just below the limit, none above."""

    step: Literal["screen.hugging"]
    near_times: Positive
    share_pct_min: Pct
    hours_min: Annotated[int, Field(ge=1, le=24)]


class HuggingDays(_Pattern):
    """DQ-4 over the last days: a good part of the hours just below the limit, none above."""

    step: Literal["screen.hugging_days"]
    near_times: Positive
    share_pct_min: Pct
    hours_min: Count
    lookback_days: Days


class EdgeDensity(_Pattern):
    """DQ-4: many more hours of a day just below the limit than just above it."""

    step: Literal["screen.edge_density"]
    below_times: Positive
    above_times: Positive
    ratio_min: Positive
    hours_min: Annotated[int, Field(ge=1, le=24)]


class Drops(_Pattern):
    """DQ-5: values that fall away at the limit while flow and oxygen stay; ``weight_repeated`` from the ``repeat_n``-th of the last days on."""

    step: Literal["screen.drops"]
    high_times: Positive
    low_times: Positive
    within_s: Positive
    flow_change_pct_max: Pct
    oxygen_change_pct_max: Pct
    repeat_n: Count
    lookback_days: Annotated[int, Field(ge=1, le=7)]
    weight_repeated: Count


class AmbientOxygen(_Pattern):
    """DQ-6: oxygen near that of air while the flow says that the source runs."""

    step: Literal["screen.ambient_oxygen"]
    oxygen_pct_min: Positive
    lasting_s: Positive
    same_pct_max: Pct


class NoFlow(_Pattern):
    """DQ-7: gas that stands still (factor ``velocity``) while oxygen or power says that the source runs."""

    step: Literal["screen.no_flow"]
    velocity: str
    zero_m_s: Positive
    lasting_s: Positive


class Parts(_Pattern):
    """DQ-8: a part above its whole; ``factors`` names the codes of the roles in ``screening_records.PARTS``."""

    step: Literal["screen.parts"]
    tolerance_pct: Pct
    factors: dict[str, str]


class Moisture(_Pattern):
    """DQ-8: flue gas without moisture (factor ``moisture``) while the source runs."""

    step: Literal["screen.moisture"]
    moisture: str


class ColdGas(_Pattern):
    """DQ-8: flue gas (factor ``temperature``) hardly warmer than the air (factor ``ambient``) while the source runs."""

    step: Literal["screen.cold_gas"]
    temperature: str
    ambient: str
    warmer_degc_min: Positive


class Treatment(_Pattern):
    """DQ-8: more behind a treatment than before it, of the pairs in points.csv (``inlet_factor``)."""

    step: Literal["screen.treatment"]
    tolerance_pct: Pct


class Correlation(_Pattern):
    """DQ-9: hours of a day in which flow falls as power rises, by rank."""

    step: Literal["screen.correlation"]
    strength_min: Annotated[Decimal, Field(gt=0, le=1)]
    hours_min: Annotated[int, Field(ge=3, le=24)]


class Fuel(_Pattern):
    """DQ-9: hours of a day in which a pollutant (``factor``) before its treatment falls as the fuel rises, by rank."""

    step: Literal["screen.fuel"]
    factor: str
    strength_min: Annotated[Decimal, Field(gt=0, le=1)]
    hours_min: Annotated[int, Field(ge=3, le=24)]


class Opposite(_Pattern):
    """DQ-9: two pollutants whose hours of a day stand in exactly the opposite order."""

    step: Literal["screen.opposite"]
    hours_min: Annotated[int, Field(ge=3, le=24)]
    distinct_min: Annotated[int, Field(ge=2, le=24)]


class CopiedDay(_Pattern):
    """DQ-10: a day whose hours repeat those of an earlier day."""

    step: Literal["screen.copied_day"]
    same_min: Annotated[int, Field(ge=1, le=24)]
    distinct_min: Annotated[int, Field(ge=2, le=24)]
    lookback_days: Days


class CalibrationCover(_Pattern):
    """DQ-11: calibration or maintenance just after values near the limit, neither announced nor habitual at that hour."""

    step: Literal["screen.calibration_cover"]
    high_times: Positive
    within_s: Positive
    habit_pct_min: Pct


class CalibrationShare(_Pattern):
    """DQ-11: too many calibrations on a day, or too many hours of a month under them."""

    step: Literal["screen.calibration_share"]
    a_day_max: Count
    hours_pct_max: Pct


class Stopped(_Pattern):
    """DQ-12: declared stopped while oxygen, flow or power says that the source runs."""

    step: Literal["screen.stopped"]
    oxygen_pct_max: Positive
    flow_pct_max: Pct
    power_pct_max: Pct
    lasting_s: Positive


class Generator(_Pattern):
    """DQ-14: values that fill their own band evenly and turn as often as values without memory do."""

    step: Literal["screen.generator"]
    bins: Annotated[int, Field(ge=2, le=100)]
    critical: Positive
    values_min: Count
    turning_pct_min: Pct


class Settings(_Pattern):
    """DQ-15: range, multiplier or reference oxygen of a point changed without a record of maintenance."""

    step: Literal["screen.settings"]
    slack_s: Positive


class DeviceSettings(_Pattern):
    """DQ-15: a setting that the device itself reports (points of role ``setting``) changed without maintenance or calibration."""

    step: Literal["screen.device_settings"]
    slack_s: Positive


class Silence(_Pattern):
    """DQ-16: hours of the month withheld for want of data although what was measured of them lay above the limit."""

    step: Literal["screen.silence"]
    gaps_min: Count


class Capture(_Pattern):
    """DQ-16: a month of which too few of the operating hours are valid, once it is over."""

    step: Literal["screen.capture"]
    target_pct: Pct


class Idle(_Pattern):
    """DQ-17: production by power or flow while the bypass is open, or the abatement below a share of what is usual for it."""

    step: Literal["screen.idle"]
    production_pct_min: Pct
    abatement_pct_min: Pct
    oxidiser_pct_min: Pct
    lasting_s: Positive


class RangeCut(_Pattern):
    """Readings in a row at the end of the measuring range."""

    step: Literal["screen.range_cut"]
    window_n: Annotated[int, Field(ge=2)]


class ClockSteps(_Pattern):
    """A fall at the same hour of the day, day after day, that the flow does not share."""

    step: Literal["screen.clock_steps"]
    fall_pct_min: Pct
    flow_change_pct_max: Pct
    days_min: Days
    lookback_days: Days


Pattern = (
    Constant
    | SmallRange
    | DetectionHover
    | Hugging
    | HuggingDays
    | EdgeDensity
    | Drops
    | AmbientOxygen
    | NoFlow
    | Parts
    | Moisture
    | ColdGas
    | Treatment
    | Correlation
    | Fuel
    | Opposite
    | CopiedDay
    | CalibrationCover
    | CalibrationShare
    | Stopped
    | Generator
    | Settings
    | DeviceSettings
    | Silence
    | Capture
    | Idle
    | RangeCut
    | ClockSteps
)
"""A pattern that is searched for."""
ScreeningStep = Running | Pattern
PATTERNS: tuple[str, ...] = tuple(str(model.model_fields["step"].annotation.__args__[0]) for model in Pattern.__args__)
"""Names of the steps that search for a pattern."""
