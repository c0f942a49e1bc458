"""Steps of rule packs that fill hours without a value as the rules of 2007 did, for historic data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step

REACH_DAYS = 31
"""Days before and after a gap in which valid hours are looked for; a gap longer than that is not told hour by hour."""


class GapAcross(Step):
    """Hours of a gap of up to ``gap_h_max`` take the mean of the nearest valid hours before and after it; longer ones are not filled."""

    step: Literal["gap.across"]
    gap_h_max: Annotated[int, Field(ge=1, le=REACH_DAYS * 24)]


class GapBefore(Step):
    """Hours of a gap take the mean of as many valid hours just before it as it lacks, factors in ``median`` their median."""

    step: Literal["gap.before"]
    median: list[str]
