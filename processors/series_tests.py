"""Quality tests of series as a rule pack writes them: factors, parameters, how far they reach, and what they say of themselves.

A test names its factors, and where it matters the unit that its parameters are in: a point registered in another unit is not tested. The other
parameters have the names of the tests in ``rules.qartod`` and ``rules.stretches``; values are in the unit of the point.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from processors.figures import SCALE
from processors.rules.qartod import Climate
from processors.rules.verdict import number_text

FACTORS_MAX, CLIMATES_MAX = 50, 60
"""Factors of one test, and parts of the year and day of one climatology."""
WINDOW_READINGS_MAX = 120
"""Readings of a window that is counted in them."""
_DAY_S, _DAY_H = 86_400, 24
Number = Annotated[Decimal, Field(max_digits=18, decimal_places=6)]
NotNegative = Annotated[Number, Field(ge=0)]
Positive = Annotated[Number, Field(gt=0)]
Pct = Annotated[Decimal, Field(ge=0, le=100)]
Seconds = Annotated[int, Field(ge=1, le=_DAY_S)]
Hours = Annotated[Decimal, Field(gt=0, le=_DAY_H, decimal_places=3)]
Window = Annotated[int, Field(ge=2, le=WINDOW_READINGS_MAX)]


def _shown(value: Decimal) -> str:
    """Return a parameter as people write it, with all of its digits."""
    return number_text(value, SCALE)


class SeriesTest(BaseModel):
    """Factors with the parameters that their points are tested by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    factors: Annotated[list[str], Field(min_length=1, max_length=FACTORS_MAX)]
    unit: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> SeriesTest:
        for smaller, greater in self.ordered():
            if getattr(self, smaller) > getattr(self, greater):
                raise ValueError(f"{smaller} is above {greater}; mend one of them")
        return self

    def ordered(self) -> Sequence[tuple[str, str]]:
        """Return pairs of parameters of which the second is not below the first."""
        return ()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the test's function."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in SeriesTest.model_fields}

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return how far before and after a reading others may bear on its flag [s], where one stands for ``step_s``."""
        return 0, 0

    def said(self) -> str:
        """Return the test with its parameters, as a sentence of a finding."""
        raise NotImplementedError


class GrossRangeOf(SeriesTest):
    """What the instrument can show, and what is plausible."""

    fail_min: Number
    fail_max: Number
    suspect_min: Number
    suspect_max: Number

    def ordered(self) -> Sequence[tuple[str, str]]:
        """Return the bounds from the lowest to the highest."""
        return (("fail_min", "suspect_min"), ("suspect_min", "suspect_max"), ("suspect_max", "fail_max"))

    def said(self) -> str:
        """Return both spans."""
        low, high, least, greatest = map(_shown, (self.suspect_min, self.suspect_max, self.fail_min, self.fail_max))
        return f"suspect outside {low} to {high}, fail outside {least} to {greatest}"


class PercentileRangeOf(SeriesTest):
    """A band between two percentiles of the day's own readings, widened by a pad."""

    low_pct: Pct
    high_pct: Pct
    pad: NotNegative

    def ordered(self) -> Sequence[tuple[str, str]]:
        """Return the percentiles."""
        return (("low_pct", "high_pct"),)

    def said(self) -> str:
        """Return the band."""
        low, high, pad = map(_shown, (self.low_pct, self.high_pct, self.pad))
        return f"suspect more than {pad} beyond percentile {low} or {high} of the day"


class ClimateOf(BaseModel):
    """A part of the year or day, both ends in it, and what is usual in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    period: Literal["month", "hour"]
    first: Annotated[int, Field(ge=0, le=23)]
    last: Annotated[int, Field(ge=0, le=23)]
    suspect: tuple[Number, Number]
    fail: tuple[Number, Number] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ClimateOf:
        low, high = self.suspect
        least, greatest = self.fail or self.suspect
        bounds = (1, 12) if self.period == "month" else (0, 23)
        if not bounds[0] <= self.first <= self.last <= bounds[1]:
            raise ValueError(
                f"{self.period} is {bounds[0]} to {bounds[1]}, first not above last; write a part over the turn as two"
            )
        if not least <= low <= high <= greatest:
            raise ValueError("suspect does not lie within fail, or begins above its end; mend it")
        return self


class ClimatologyOf(SeriesTest):
    """What is usual by month or hour of the local time; of several parts that hold the last counts."""

    climates: Annotated[list[ClimateOf], Field(min_length=1, max_length=CLIMATES_MAX)]

    def parameters(self) -> dict[str, Any]:
        """Return the parts as the function takes them."""
        return {"climates": [Climate(**{name: getattr(c, name) for name in ClimateOf.model_fields}) for c in self.climates]}

    def said(self) -> str:
        """Return how many parts there are: each has numbers of its own."""
        return f"outside what is usual at that time of year or day, by {len(self.climates)} spans of the rule pack"


class SpikeOf(SeriesTest):
    """How far a value may stand out from its two neighbours."""

    method: Literal["average", "differential"]
    suspect: NotNegative
    fail: NotNegative

    def ordered(self) -> Sequence[tuple[str, str]]:
        """Return the thresholds."""
        return (("suspect", "fail"),)

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return the distance of its neighbours."""
        return step_s, step_s

    def said(self) -> str:
        """Return the thresholds."""
        suspect, fail = map(_shown, (self.suspect, self.fail))
        if self.method == "average":
            return f"suspect more than {suspect} from the mean of its two neighbours, fail more than {fail}"
        return f"suspect where it steps by more than {suspect} and back, fail by more than {fail}"


class RateOfChangeOf(SeriesTest):
    """How fast a value may change [unit of the point per second]."""

    suspect_s: NotNegative
    fail_s: NotNegative | None = None

    def ordered(self) -> Sequence[tuple[str, str]]:
        """Return the thresholds, where there are two."""
        return () if self.fail_s is None else (("suspect_s", "fail_s"),)

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return the distance of the reading before."""
        return step_s, 0

    def said(self) -> str:
        """Return the thresholds."""
        suspect = _shown(self.suspect_s)
        if self.fail_s is None:
            return f"suspect where it changes by more than {suspect} a second"
        return f"suspect where it changes by more than {suspect} a second, fail by more than {_shown(self.fail_s)}"


class FlatLineOf(SeriesTest):
    """For how long a value may move by less than a tolerance."""

    suspect_s: Seconds
    fail_s: Seconds
    tolerance: NotNegative

    def ordered(self) -> Sequence[tuple[str, str]]:
        """Return the lengths of time."""
        return (("suspect_s", "fail_s"),)

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return the longer time."""
        return self.fail_s, 0

    def said(self) -> str:
        """Return tolerance and times."""
        return f"suspect where it moves by less than {_shown(self.tolerance)} within {self.suspect_s} s, fail within {self.fail_s} s"


class AttenuatedSignalOf(SeriesTest):
    """How little a signal may move within a time: its standard deviation, or the greatest difference."""

    check: Literal["std", "range"]
    period_s: Seconds
    readings_min: Annotated[int, Field(ge=1, le=_DAY_S)]
    suspect: NotNegative
    fail: NotNegative

    def ordered(self) -> Sequence[tuple[str, str]]:
        """Return the thresholds; the lower one fails."""
        return (("fail", "suspect"),)

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return the time."""
        return self.period_s, 0

    def said(self) -> str:
        """Return time and thresholds."""
        suspect, fail = _shown(self.suspect), _shown(self.fail)
        if self.check == "std":
            return f"suspect where its standard deviation over {self.period_s} s is below {suspect}, fail below {fail}"
        return f"suspect where its range over {self.period_s} s is below {suspect}, fail below {fail}"


class TimeGapOf(SeriesTest):
    """How long after the one before a reading may come."""

    gap_h_max: Hours

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return a day: longer silence is told while it lasts."""
        return _DAY_S, 0

    def said(self) -> str:
        """Return the gap."""
        return f"fail more than {_shown(self.gap_h_max)} h after the reading before"


class ReceptionOf(SeriesTest):
    """How long after its time a reading may be received."""

    age_h_max: Hours

    def said(self) -> str:
        """Return the age."""
        return f"fail where received more than {_shown(self.age_h_max)} h after its time"


class ConstantsOf(SeriesTest):
    """By how much the readings of a window may move and still be constant."""

    window_n: Window
    change_max: NotNegative
    readings_min: Window

    def ordered(self) -> Sequence[tuple[str, str]]:
        """Return how many of a window's readings must be known, and how many it has."""
        return (("readings_min", "window_n"),)

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return a window: one flags all that lies in it."""
        return self.window_n * step_s, self.window_n * step_s

    def said(self) -> str:
        """Return window and change."""
        return f"suspect where {self.window_n} readings in a row move by at most {_shown(self.change_max)}"


class LowVarianceOf(SeriesTest):
    """The sample variance below which a window is too quiet [unit of the point, squared]."""

    window_n: Window
    variance_max: Positive

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return a window: one flags all that lies in it."""
        return self.window_n * step_s, self.window_n * step_s

    def said(self) -> str:
        """Return window and variance."""
        return f"suspect where the variance of {self.window_n} readings in a row is below {_shown(self.variance_max)}"


class JumpsOf(SeriesTest):
    """By how much the means of two windows side by side may differ."""

    window_n: Annotated[int, Field(ge=1, le=WINDOW_READINGS_MAX)]
    change_max: NotNegative

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return a window more than the two: of jumps within one the greatest counts."""
        return 2 * self.window_n * step_s, 2 * self.window_n * step_s

    def said(self) -> str:
        """Return window and change."""
        return f"suspect where the mean of {self.window_n} readings is more than {_shown(self.change_max)} from that of the {self.window_n} before"


class IsolatedOf(SeriesTest):
    """Gaps between which a small group of readings lies."""

    gap_s_min: Seconds
    group_s_max: Seconds

    def reach_s(self, step_s: int) -> tuple[int, int]:
        """Return a group and a gap."""
        return (min(self.gap_s_min + self.group_s_max, _DAY_S),) * 2

    def said(self) -> str:
        """Return gap and length."""
        return f"suspect where less than {self.group_s_max} s of readings lie between two gaps of at least {self.gap_s_min} s"
