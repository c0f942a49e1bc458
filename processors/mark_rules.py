"""Rows of a rule pack about marks: what each does to the hours that it covers, and for how long it exempts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.records import MarkType
from processors.memory import MARK_CODES

DataClass = Literal["not operating", "exempt", "invalid", "missing", "valid"]
"""What an hour's value is worth under a mark; "missing" until it is filled in: what comes counts, what never comes is an hour without data."""
TREATED = {
    "not operating": (False, False),
    "exempt": (False, False),
    "invalid": (False, False),
    "missing": (True, True),
    "valid": (True, True),
}
"""Whether the engine takes a value of each class into the day's mean, and whether it judges it."""


class MarkClass(BaseModel):
    """What marks do: a row of emission_rules 4.4.

    ``mean`` says whether the hour counts in its day's mean, ``judged`` whether it is compared with limits, ``capture`` how it stands in the denominator
    of the capture rate, ``mass`` where its mass comes from: as measured, zero, or substituted by group A or B.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    marks: list[MarkType]
    data: DataClass
    mean: bool
    judged: bool
    capture: Literal["included", "excluded", "invalid"]
    mass: Literal["measured", "zero", "A", "B"]


class Allowance(BaseModel):
    """For how long ``marks`` may be set in a calendar year, all together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quota: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
    marks: list[MarkType]
    year_h: Annotated[Decimal, Field(gt=0)]


class Exemption(BaseModel):
    """For how long marks exempt a source from judgement.

    Marks of one ``quota`` share ``year_h`` hours of a calendar year; None is no such bound. ``event_h_max`` bounds one event of a mark.
    ``factors`` are those exempted, all where it is empty; ``dust_max`` is the condition on the hour's mean of particulates, in their unit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    quota: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
    marks: list[MarkType]
    factors: list[str] = []
    year_h: Annotated[Decimal, Field(ge=0)] | None = None
    event_h_max: dict[MarkType, Annotated[Decimal, Field(gt=0)]] = {}
    dust_max: Annotated[Decimal, Field(ge=0)] | None = None


def classes_fault(classes: Mapping[MarkType, MarkClass], exemptions: Iterable[Exemption]) -> str | None:
    """Return why rows do not go together, or None: what they ask of the engine, and which marks they exempt."""
    for mark, each in classes.items():
        if (each.mean, each.judged) != TREATED[each.data]:
            want = " and ".join(
                f"{name} = {str(value).lower()}" for name, value in zip(("mean", "judged"), TREATED[each.data], strict=True)
            )
            return f'classes: {mark}: a value that is "{each.data}" has {want}'
        if each.data == "invalid" and mark not in MARK_CODES:
            return f"classes: {mark}: is a state of the plant and makes no value invalid; write exempt, valid or not operating"
    taken: set[MarkType] = set()
    for exemption in exemptions:
        for mark in exemption.marks:
            if mark not in classes or classes[mark].data != "exempt":
                return f'exemptions: {mark}: is not of class "exempt" in the step mark.classes; give it that class'
            if mark in taken:
                return f"exemptions: {mark}: stands in two rows; a mark spends one quota"
            taken.add(mark)
        if strange := sorted(set(exemption.event_h_max) - set(exemption.marks)):
            return f"exemptions: event_h_max names {strange[0]}, which is no mark of quota {exemption.quota}"
    return None
