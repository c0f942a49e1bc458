"""Mapping files: what the columns of a CSV feed mean, in TOML; checked strictly, every fault named by file and key."""

from __future__ import annotations

import re
import string
import tomllib
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ingest.registry import Name

VALUES_MAX = 512
"""Value columns of one feed."""

ValueKind = Literal["realtime", "minute", "hour", "interval", "register"]
STATS: dict[str, str] = {"realtime": "rtd", "minute": "avg", "hour": "avg", "interval": "energy", "register": "reg"}
"""The stat of each kind unless a mapping says otherwise."""
METER_KINDS = ("interval", "register")
"""Kinds whose columns are energy meters."""


class MappingFault(Exception):
    """A mapping file cannot be used; the text names file and key, one fault a line."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def offset_of(text: str) -> timezone:
    """Return the fixed offset of "+08:00" or "Z"; ValueError for anything else."""
    match = re.fullmatch(r"([+-])(\d{2}):([0-5]\d)", "+00:00" if text == "Z" else text)
    if match is None:
        raise ValueError(f'"{text}" is no offset; write one such as "+08:00"')
    delta = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-delta if match[1] == "-" else delta)


class TimeColumn(_Part):
    """The time of a row: its column, how it is written ("iso" or strptime's directives), the offset where none is written.

    ``day_end`` "same date" mends feeds whose last period of a day, ending at midnight, carries the date that ends: the row
    labelled 00:00 is put a day later.
    """

    column: str
    format: str = "iso"
    utc_offset: str = "+08:00"
    day_end: Literal["next date", "same date"] = "next date"

    @model_validator(mode="after")
    def _readable(self) -> TimeColumn:
        offset_of(self.utc_offset)
        if self.format != "iso":
            try:
                datetime.strptime("", self.format)
            except ValueError as error:
                if "directive" in str(error) or "stray" in str(error):
                    raise ValueError(f"format: {error}; write strptime's directives, such as %Y-%m-%d %H:%M") from None
        return self


class Sequence(_Part):
    """Rows without a time: number n (from 1) stands for ``start`` + (n - 1) · ``step_s``.

    ``start`` may name columns in braces: "{year}-01-01T00:00:00+08:00" begins anew every year.
    """

    number_column: str
    start: str
    step_s: Annotated[int, Field(ge=1, le=86_400)] = 3_600


class Limit(_Part):
    """A limit on the values of a column, in the column's unit (after its multiplier)."""

    limit: Decimal
    id: Name = "feed"
    averaging: Literal["hour", "day"] = "hour"
    basis: str = ""


class Value(_Part):
    """One column of numbers. ``multiplier`` turns what is written into ``unit``; it is applied by the registry, not here."""

    column: str
    factor: Name
    kind: ValueKind
    unit: str
    name: str = ""
    stat: str = ""
    multiplier: Decimal = Decimal(1)
    range_low: Decimal | None = None
    range_high: Decimal | None = None
    limit: Limit | None = None
    energy_code: str = ""
    direction: Literal["in", "out"] = "in"
    modulus: Decimal | None = None
    max_rate_h: Decimal | None = None
    lsd: Decimal = Decimal("0.01")

    @model_validator(mode="after")
    def _fits(self) -> Value:
        for name in ("energy_code", "modulus", "max_rate_h"):
            if self.kind not in METER_KINDS and getattr(self, name):
                raise ValueError(f"{name} belongs to a meter (kind interval or register), not to kind {self.kind}")
        if self.kind in METER_KINDS and self.limit is not None:
            raise ValueError("a meter has no emission limit")
        return self


class Interpolated(_Part):
    """A column that names the values the publisher interpolated: ``separator`` between names, ``suffix`` completes a name.

    ``keep`` False treats such a value as missing.
    """

    column: str
    separator: str = "|"
    suffix: str = ""
    keep: bool = True


class Mapping(_Part):
    """What a feed's columns mean; exactly one of ``time`` and ``sequence``.

    ``source`` may name columns in braces. ``cadence_s`` is what a row covers, ``cadence_s_of`` the same for single
    sources. ``label`` says whether a row's time is its start or its end. ``missing`` are the texts of an empty cell.
    ``decimal`` is the mark before a number's decimals.
    """

    title: str
    source: str
    kind: Literal["flue_gas", "voc", "vapour", "water", "energy"]
    cadence_s: Annotated[int, Field(ge=1, le=86_400)]
    label: Literal["start", "end"] = "start"
    enterprise: Name = "feed"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    missing: tuple[str, ...] = ("",)
    note: str = ""
    cadence_s_of: dict[str, Annotated[int, Field(ge=1, le=86_400)]] = {}
    time: TimeColumn | None = None
    sequence: Sequence | None = None
    interpolated: Interpolated | None = None
    value: Annotated[tuple[Value, ...], Field(min_length=1, max_length=VALUES_MAX)]

    @model_validator(mode="after")
    def _whole(self) -> Mapping:
        if (self.time is None) == (self.sequence is None):
            raise ValueError("give either [time] or [sequence]")
        factors = [v.factor for v in self.value]
        if twice := sorted({f for f in factors if factors.count(f) > 1}):
            raise ValueError(f"factor {twice[0]} is mapped twice")
        if self.decimal == self.delimiter:
            raise ValueError('decimal and delimiter are both ","; such a file is separated by semicolons or tabs')
        return self

    def columns(self) -> list[str]:
        """Return every column that the feed must have."""
        named = [*fields(self.source), *(v.column for v in self.value)]
        if self.time:
            named.append(self.time.column)
        if self.sequence:
            named += [self.sequence.number_column, *fields(self.sequence.start)]
        if self.interpolated:
            named.append(self.interpolated.column)
        return list(dict.fromkeys(named))

    def cadence_of(self, source: str) -> int:
        """Return what a row of a source covers [s]."""
        return self.cadence_s_of.get(source, self.cadence_s)


def fields(template: str) -> list[str]:
    """Return the columns that a template names in braces; ValueError for a template that is none."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


def filled(template: str, row: dict[str, str]) -> str:
    """Return a template with the row's cells in place of its braces."""
    for name in fields(template):
        template = template.replace("{" + name + "}", row[name].strip())
    return template


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        MappingFault: no such file, no TOML, an unknown or missing key, a value of the wrong type; all of them at once.
    """
    try:
        mapping = Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        mapping.columns()
        return mapping
    except OSError as error:
        raise MappingFault(f"{path.name}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        lines = [f"{path.name}: {_key(one['loc'])}{_words(one['type'], one['msg'])}" for one in error.errors()]
        raise MappingFault("\n".join(lines)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError) as error:
        raise MappingFault(f"{path.name}: {error}") from None


def _key(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    return f"{text}: " if text else ""


def _words(kind: str, message: str) -> str:
    match kind:
        case "extra_forbidden":
            return "no such key"
        case "missing":
            return "the key is missing"
        case _:
            return message.removeprefix("Value error, ")


def parsed_time(text: str, column: TimeColumn) -> datetime:
    """Return the aware time of a cell; ValueError when it is none."""
    time = datetime.fromisoformat(text) if column.format == "iso" else datetime.strptime(text, column.format)
    if time.tzinfo is None:
        time = time.replace(tzinfo=offset_of(column.utc_offset))
    if column.day_end == "same date" and (time.hour, time.minute, time.second, time.microsecond) == (0, 0, 0, 0):
        time += timedelta(days=1)
    return time
