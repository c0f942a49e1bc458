"""Steps of rule packs about organics: what is made of the parts that a monitor sends, and what is looked for once a day is over."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step


class MadeOfParts(Step):
    """A point whose minutes are made of those of other points of its source, wherever none of its own came."""

    made: str

    def numbers(self) -> dict[str, object]:
        """Return nothing: what it names are factors."""
        return {}


class MinuteNmhc(MadeOfParts):
    """Non-methane hydrocarbons are total hydrocarbons less methane, as carbon, never below zero."""

    step: Literal["minute.nmhc"]
    total: str
    methane: str


class MinuteSum(MadeOfParts):
    """A sum of parts, all of which must be known; a part is a factor, or "a|b c": a, or where it is no point of the source, b and c."""

    step: Literal["minute.sum"]
    parts: Annotated[list[str], Field(min_length=2, max_length=32)]


class VocMethane(Step):
    """Methane above total hydrocarbons is told where it lasts longer than ``lasting_min``."""

    step: Literal["voc.methane"]
    total: str
    methane: str
    lasting_min: Annotated[int, Field(ge=1, le=1_440)]


class VocRemoval(Step):
    """Hours are told in which an outlet's removal, from an initial rate on, is less than asked; the pair stands in points.csv (``inlet_factor``)."""

    step: Literal["voc.removal"]
    inlet_kg_h_min: Annotated[Decimal, Field(gt=0)]
    removal_pct_min: Annotated[Decimal, Field(gt=0, le=100)]


class HourMax(Step):
    """The greatest minute of an hour is held against limits of stat "max", where limits.csv has one for one of ``factors``."""

    step: Literal["hour.max"]
    factors: Annotated[list[str], Field(min_length=1)]

    def numbers(self) -> dict[str, object]:
        """Return nothing: what it names are factors."""
        return {}


VocStep = MinuteNmhc | MinuteSum | HourMax | VocMethane | VocRemoval
