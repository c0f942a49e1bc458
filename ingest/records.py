"""The records that the gateway emits: frames, reports, marks and ticks.

Topics are NDJSON; JSON Schema for third parties comes from these models. Times are ISO 8601 with an offset.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from ingest.span_gas import span_gas

VERSION = 1
"""Schema version ``v`` of every record in this module."""
DECODER = 1
"""Version of the decoder that made a report; a re-decoded report with a greater one wins a conflict."""

FACTORS_MAX = 512
"""Readings one report may hold."""
TEXT_MAX = 128
"""Characters in a source, factor, stat or flag."""

YEAR_MIN, YEAR_MAX = 1970, 2100
"""Years in which a reading's times may lie; beyond them a time cannot be meant."""

Kind = Literal["realtime", "minute", "hour", "day", "register", "interval", "state"]
"""What a report's values are: instants, the device's own means, register positions, energy of an interval, plant state."""

MarkType = Literal[
    "stopped",
    "start_up",
    "shut_down",
    "connection",
    "disconnection",
    "failure",
    "accident",
    "drying",
    "cooling_down",
    "maintenance",
    "calibration",
    "fault",
    "out_of_control",
    "overdue_calibration",
    "communication_interruption",
    "abnormal_furnace_temperature",
    "manual",
]
"""What is declared: a state of the plant up to "cooling_down" ("failure" is the plant's or its abatement's), then of the monitor ("fault" is its);
"manual" is a result of manual monitoring."""

MarkState = Literal["draft", "confirmed", "rejected"]
"""A draft is shown and changes nothing; what is rejected is kept."""

CheckKind = Literal["zero", "span", "comparison"]
"""What a monitor was checked with: gas or body without, or with, what it measures, or a second method beside it."""

CheckNumber = Annotated[Decimal, Field(max_digits=18, decimal_places=6)]
"""What a check reads, in the unit of the point; exact at six decimals."""

MANUAL: Literal["manual"] = "manual"
RESULT_KG_H_MAX = 1_000_000
"""Greatest result of manual monitoring [kg/h]; beyond it the unit was not meant."""
CHECK_NUMBERS = ("reference", "before", "after", "span")
CHECK_FIELDS = ("check", *CHECK_NUMBERS, "gas")
RESULT_MAX = timedelta(days=1)
"""Longest time that one result of manual monitoring is of; it counts for the day in which it begins."""
RESULT_MG_L_MAX = 1_000_000
"""Greatest concentration of a result of manual monitoring [mg/L]: that of a kilogram in a litre."""
RESULT_ASKED = ("result_kg_h", "method")
RESULT_FIELDS = (*RESULT_ASKED, "result_mg_l")
SAID_FIELDS = (*CHECK_FIELDS, *RESULT_FIELDS)
"""What marks of checks and results say beyond a time and an author."""

Text = Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]


def _meant(time: datetime) -> datetime:
    if not YEAR_MIN <= time.year <= YEAR_MAX:
        raise ValueError(f"a time outside {YEAR_MIN} to {YEAR_MAX}")
    return time


Time = Annotated[AwareDatetime, AfterValidator(_meant)]


def _gas(text: str) -> str:
    return str(span_gas(text))


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1] = 1

    def line(self) -> bytes:
        """Return the record as one line of NDJSON without its newline."""
        return self.model_dump_json(exclude_none=False).encode()


class Frame(_Record):
    """What arrived, verbatim, with the gateway's verdict.

    ``raw`` is the bytes as latin-1 text, so that any byte survives JSON. ``verdict`` is "ok" or the reason why
    the frame was quarantined. ``crc`` is "ok", the name of a known dialect, "wrong" or "none".
    """

    id: Text
    received: AwareDatetime
    peer: str
    protocol: str
    raw: str
    verdict: str
    crc: str = "none"
    source: str | None = None
    answered: bool = False
    detail: str | None = None


class Report(_Record):
    """Readings of one source at one time: parallel lists, in the device's words.

    ``time`` is the device's label as sent, with the local offset attached; what it labels (start or end of a period) is
    for the registry to say. ``values`` holds None where the device's text was no number.
    """

    source: Text
    time: Time
    kind: Kind
    factors: list[Text] = Field(min_length=1, max_length=FACTORS_MAX)
    stats: list[Text]
    values: list[float | None]
    flags: list[Annotated[str, Field(max_length=TEXT_MAX)]]
    sent: Time
    received: Time
    protocol: str
    frame: str | None = None
    backfill: bool = False
    decoder: int = DECODER

    @model_validator(mode="after")
    def _parallel(self) -> Report:
        n = len(self.factors)
        for name in ("stats", "values", "flags"):
            if len(getattr(self, name)) != n:
                raise ValueError(f"{name} has {len(getattr(self, name))} entries, factors has {n}; they run in parallel")
        return self


class Mark(_Record):
    """A stretch of time in which a source, or some of its factors, was in a declared state, or its monitor not fit for use.

    A calibration may say what was found of one factor: with ``check`` it holds, in the unit of the point, ``reference`` (what gas or body
    hold, or at zero what was shown at the last calibration; of a comparison the second method's mean), ``before`` (what was shown at
    ``start``, before anything was adjusted), ``after`` (at ``end``, where it was) and ``span`` (end of the measuring range). ``gas`` says
    in which unit and of which gas the reference is, where that is not the unit of the point: ``ppm propane``.

    A mark of type "manual" is a result of manual monitoring of one factor: ``result_kg_h``, the mean mass rate from ``start`` to ``end`` [kg/h],
    by the reference ``method`` named; of waste water also ``result_mg_l``, its mean concentration [mg/L]. It changes no hour; it may stand for a mass
    or a day's concentration that was not measured.
    """

    id: Text
    source: Text
    factors: list[Text] | None = None
    type: MarkType
    start: AwareDatetime
    end: AwareDatetime
    author: Text
    set_at: AwareDatetime
    reason: str = ""
    evidence: str = ""
    state: MarkState = "confirmed"
    check: CheckKind | None = None
    reference: CheckNumber | None = None
    before: CheckNumber | None = None
    after: CheckNumber | None = None
    span: Annotated[CheckNumber, Field(gt=0)] | None = None
    gas: Annotated[Text, AfterValidator(_gas)] | None = None
    result_kg_h: Annotated[CheckNumber, Field(ge=0, le=RESULT_KG_H_MAX)] | None = None
    method: Text | None = None
    result_mg_l: Annotated[CheckNumber, Field(ge=0, le=RESULT_MG_L_MAX)] | None = None

    def line(self) -> bytes:
        """Return the mark as one line of NDJSON; what is said of checks and results only where it is one."""
        unsaid = {name for name in SAID_FIELDS if getattr(self, name) is None}
        return self.model_dump_json(exclude=unsaid).encode()

    @model_validator(mode="after")
    def _agreed(self) -> Mark:
        if told := [message for _column, message in at_odds(self.__dict__)]:
            raise ValueError("; ".join(told))
        return self


def at_odds(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what fields of a mark say against each other, with the field to look at; from one that is missing nothing is concluded."""
    start, end, kind = said.get("start"), said.get("end"), said.get("type")
    given = {name for name in SAID_FIELDS if said.get(name) is not None}
    numbers, results = given & set(CHECK_FIELDS[1:]), given & set(RESULT_FIELDS)
    of_one = len(said.get("factors") or ()) == 1
    if start is not None and end is not None and not start < end:
        yield "end", f"end {end.isoformat()} is not after start {start.isoformat()}"
    if "check" not in given:
        if numbers:
            yield "check", f"{', '.join(sorted(numbers))} without check; write check zero, span or comparison"
    else:
        if kind not in (None, "calibration") or not of_one:
            yield "check", "a check is of type calibration and of one factor; write a mark for each"
        if missing := sorted({"reference", "before", "span"} - numbers):
            yield missing[0], f"a check without {', '.join(missing)}; write what was read, in the unit of the point"
    if kind != MANUAL:
        if results and kind is not None:
            yield "type", f"{', '.join(sorted(results))} of type {kind}; write type manual"
        return
    if not of_one:
        yield "factors", "a manual result is of one factor; write a mark for each"
    if start is not None and end is not None and end - start > RESULT_MAX:
        yield "end", "a manual result of more than 24 h; write one for each measurement, with its own start and end"
    if missing := sorted(set(RESULT_ASKED) - results):
        told = f"a manual result without {', '.join(missing)}; write the mass rate in kg/h and the reference method"
        yield missing[0], told


class Touch(_Record):
    """A source-hour that must be rebuilt because something about it changed after it left the hot set.

    With ``level`` "day" it asks for what is made of a whole day, ``hour`` being its start.
    """

    source: Text
    hour: AwareDatetime
    cause: str
    level: Literal["hour", "day"] = "hour"


class Tick(_Record):
    """A gateway's clock, appended to every partition; the newest tick is "now"."""

    tick: AwareDatetime
    gateway: Text


def frame_id(raw: bytes) -> str:
    """Return the identity of a frame: 16 hex digits of BLAKE2b over its verbatim bytes."""
    return hashlib.blake2b(raw, digest_size=8).hexdigest()


def compact(value: object) -> bytes:
    """Return a JSON line without blanks, non-ASCII text kept as UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def iso(time: datetime) -> str:
    """Return the ISO 8601 text of an aware time, milliseconds only where there are any."""
    return time.isoformat(timespec="milliseconds" if time.microsecond else "seconds")
