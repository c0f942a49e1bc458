"""The steps ``series.*`` of rule packs: which quality tests the readings of which points of a closed day are put to."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field, model_validator

from processors.series_tests import (
    AttenuatedSignalOf,
    ClimatologyOf,
    ConstantsOf,
    FlatLineOf,
    GrossRangeOf,
    IsolatedOf,
    JumpsOf,
    LowVarianceOf,
    PercentileRangeOf,
    RateOfChangeOf,
    ReceptionOf,
    SeriesTest,
    SpikeOf,
    TimeGapOf,
)
from processors.steps import Step

TESTS_MAX = 50
"""Tests of one step."""
T = TypeVar("T", bound=SeriesTest)


class SeriesStep(Step, Generic[T]):
    """Tests of one kind; ``weight`` is what one finding adds to its source's sum."""

    weight: Annotated[int, Field(ge=0, le=10)]
    tests: Annotated[list[T], Field(min_length=1, max_length=TESTS_MAX)]

    @model_validator(mode="after")
    def _one_each(self) -> SeriesStep[T]:
        factors = [factor for test in self.tests for factor in test.factors]
        if twice := sorted({f for f in factors if factors.count(f) > 1}):
            raise ValueError(f"{twice[0]} stands in two tests; take it out of one")
        return self

    def numbers(self) -> dict[str, object]:
        """Return the weight: the parameters differ by test, and a finding names them."""
        return {"weight": self.weight}


class GrossRange(SeriesStep[GrossRangeOf]):
    """Values outside what the instrument can show, or what is plausible."""

    step: Literal["series.gross_range"]


class PercentileRange(SeriesStep[PercentileRangeOf]):
    """Values far outside the middle of the day's own."""

    step: Literal["series.percentile_range"]


class Climatology(SeriesStep[ClimatologyOf]):
    """Values outside what is usual at that time of year or day."""

    step: Literal["series.climatology"]


class Spike(SeriesStep[SpikeOf]):
    """Values that stand out from their neighbours."""

    step: Literal["series.spike"]


class RateOfChange(SeriesStep[RateOfChangeOf]):
    """Values that change too fast."""

    step: Literal["series.rate_of_change"]


class FlatLine(SeriesStep[FlatLineOf]):
    """Values that hardly move for some time."""

    step: Literal["series.flat_line"]


class AttenuatedSignal(SeriesStep[AttenuatedSignalOf]):
    """A signal that moves too little."""

    step: Literal["series.attenuated_signal"]


class TimeGap(SeriesStep[TimeGapOf]):
    """Readings that come too long after the one before."""

    step: Literal["series.time_gap"]


class Reception(SeriesStep[ReceptionOf]):
    """Readings that were received too late."""

    step: Literal["series.reception"]


class Constants(SeriesStep[ConstantsOf]):
    """All readings of a window that is constant."""

    step: Literal["series.constants"]


class LowVariance(SeriesStep[LowVarianceOf]):
    """All readings of a window that is too quiet."""

    step: Literal["series.low_variance"]


class Jumps(SeriesStep[JumpsOf]):
    """The first reading of a new level."""

    step: Literal["series.jumps"]


class Isolated(SeriesStep[IsolatedOf]):
    """Small groups of readings between gaps."""

    step: Literal["series.isolated"]


AnySeries = (
    GrossRange
    | PercentileRange
    | Climatology
    | Spike
    | RateOfChange
    | FlatLine
    | AttenuatedSignal
    | TimeGap
    | Reception
    | Constants
    | LowVariance
    | Jumps
    | Isolated
)
"""A step that tests series."""
SERIES: tuple[str, ...] = tuple(str(model.model_fields["step"].annotation.__args__[0]) for model in AnySeries.__args__)
"""Names of the steps that test series."""
