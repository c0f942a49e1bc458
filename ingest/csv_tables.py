"""CSV tables as offices save them: decoded, cut into rows, checked with a row model, every fault told with its place."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Generic, TypeVar, get_args

from pydantic import AwareDatetime, BaseModel, ValidationError

FILE_BYTES_MAX = 64 * 2**20
"""Bytes of one CSV file."""
VALUE_CHARS_MAX = 60
"""Characters of a cell that a fault repeats."""
SAVE_AS = "save it as 'CSV UTF-8 (comma delimited)'"
"""The remedy for whatever a spreadsheet saved otherwise."""
WORKBOOK = b"PK\x03\x04"
"""A workbook (xlsx) is a zip; its first four bytes."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")
_MANGLED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file: where, what stands there, what is wrong, what to do. Line 0 means the file as a whole."""

    file: str
    line: int
    column: str
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = self.file + (f":{self.line}" if self.line else "")
        shown = self.value if len(self.value) <= VALUE_CHARS_MAX else self.value[: VALUE_CHARS_MAX - 1] + "…"
        cell = " ".join(x for x in (self.column, f'"{shown}"' if self.value else "") if x)
        return f"{place}: {cell + ': ' if cell else ''}{self.message}; {self.remedy}"


class RegistryFaults(Exception):
    """All faults found at once; ``str`` gives one a line."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(slots=True)
class Table(Generic[M]):
    """A file's rows: ``rows`` holds (line, model) of the sound ones, ``cells`` (line, column → text) of all."""

    file: str
    rows: list[tuple[int, M]] = field(default_factory=list)
    cells: list[tuple[int, dict[str, str]]] = field(default_factory=list)


def read_table(
    path: Path,
    model: type[M],
    faults: list[Fault],
    lists: tuple[str, ...] = (),
    fill: Callable[[dict[str, str]], dict[str, str]] = dict,
    odds: Callable[[dict[str, str], set[str]], Iterable[tuple[str, str]]] | None = None,
) -> Table[M]:
    """Read a CSV file whose columns are the model's fields; faults are appended, sound rows returned.

    Empty cells take the field's default, blank rows are passed over. ``lists`` names columns of blank-separated entries. ``fill`` returns a
    row's cells with those that follow from others. ``odds`` takes a row's cells and the columns of those that cannot be read, and yields what cells say
    against each other, as column and sentence, in place of what the model does: so it is told beside cells that cannot be read.
    """
    table: Table[M] = Table(path.name)
    text = decoded(path, faults)
    if text is None:
        return table
    rows = list(_rows(path.name, text, faults))
    if not rows:
        faults.append(Fault(path.name, 0, "", "", "the file is empty", "write a header line, or remove the file"))
        return table
    names = _header(path.name, rows[0], model, faults)
    if names is None:
        return table
    for line, cells in rows[1:]:
        if any(cells[len(names) :]):
            told = f"the row has {len(cells)} cells, the header {len(names)}"
            faults.append(Fault(path.name, line, "", "", told, "put quotes around a text that holds a comma"))
            continue
        row = fill({name: cell for name, cell in zip(names, cells, strict=False) if name and cell})
        table.cells.append((line, row))
        made = _checked(path.name, line, row, model, faults, lists, odds)
        if made is not None:
            table.rows.append((line, made))
    return table


def decoded(path: Path, faults: list[Fault]) -> str | None:
    """Return a file's text: UTF-8 with or without a byte-order mark, else GB18030 as Chinese spreadsheets save it."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            told = f"the file is larger than {FILE_BYTES_MAX} bytes"
            faults.append(Fault(path.name, 0, "", "", told, "divide it, or look whether it is a CSV file"))
            return None
        raw = path.read_bytes()
    except OSError as error:
        told = f"the file cannot be read ({error.strerror})"
        faults.append(Fault(path.name, 0, "", "", told, "look at its name and permissions"))
        return None
    told = "the text is neither UTF-8 nor GB18030"
    if raw.startswith(WORKBOOK):
        told = "this is a workbook, not CSV"
    elif raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw:
        told = "the text is UTF-16 or binary"
    else:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                pass
    faults.append(Fault(path.name, 0, "", "", told, SAVE_AS))
    return None


def unknown(file: str, line: int, column: str, value: str, where: str, known: set[str]) -> Fault:
    """Return the fault of a cell that names what no row of another file has; the nearest name is its remedy."""
    near = difflib.get_close_matches(value, sorted(known), 1)
    remedy = f"did you mean {near[0]}?" if near else f"add it to {where}, or mend this cell"
    return Fault(file, line, column, value, f"stands in no row of {where}", remedy)


def _rows(file: str, text: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(
            Fault(file, line, "", "", f"the row is no CSV ({error})", "close the quotes, and double those inside a text")
        )


def _header(file: str, row: tuple[int, list[str]], model: type[BaseModel], faults: list[Fault]) -> list[str] | None:
    line, names = row
    while names and not names[-1]:
        names.pop()
    if len(names) == 1:
        for mark, word in ((";", "semicolons"), ("\t", "tabs")):
            if mark in names[0]:
                told = f"the columns are separated by {word}"
                faults.append(Fault(file, line, "", names[0], told, SAVE_AS))
                return None
    found = len(faults)
    for position, name in enumerate(names):
        if name in names[:position]:
            faults.append(Fault(file, line, name, "", "the column stands twice", "remove one of them"))
        elif name not in model.model_fields:
            near = difflib.get_close_matches(name, list(model.model_fields), 1)
            remedy = f"did you mean {near[0]}?" if near else f"columns are {', '.join(model.model_fields)}"
            faults.append(Fault(file, line, name or f"column {position + 1}", "", "no such column", remedy))
    for name, info in model.model_fields.items():
        if info.is_required() and name not in names:
            faults.append(Fault(file, line, name, "", "the column is missing", "add it to the header and fill it in every row"))
    return names if len(faults) == found else None


def _checked(
    file: str,
    line: int,
    row: dict[str, str],
    model: type[M],
    faults: list[Fault],
    lists: tuple[str, ...],
    odds: Callable[[dict[str, str], set[str]], Iterable[tuple[str, str]]] | None,
) -> M | None:
    found = len(faults)
    for name, cell in row.items():
        wanted = _wanted(model, name)
        if date in wanted and AwareDatetime not in wanted and not _DATE.fullmatch(cell):
            faults.append(Fault(file, line, name, cell, "this is no date", "write year-month-day, such as 2026-07-01"))
        elif {AwareDatetime, datetime} & wanted and not _TIME.fullmatch(cell):
            faults.append(Fault(file, line, name, cell, "this is no time", "write 2026-07-01T00:00:00+08:00"))
        elif name in ("source", "enterprise") and _MANGLED.fullmatch(cell):
            told = "a spreadsheet has turned this identity into a rounded number"
            faults.append(Fault(file, line, name, cell, told, "set the column to text and enter it again"))
    told_columns = {fault.column for fault in faults[found:]}
    values: dict[str, object] = {n: c.split() if n in lists else c for n, c in row.items()}
    made: M | None = None
    try:
        made = model.model_validate(values)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            name = str(one["loc"][0]) if one["loc"] else ""
            if name not in told_columns and (name or odds is None):
                faults.append(Fault(file, line, name, row.get(name, ""), *_words(one["type"], one["msg"], one.get("ctx", {}))))
    if odds is not None:
        broken = {fault.column for fault in faults[found:]}
        for name, told in odds(row, broken):
            message, _, remedy = told.partition("; ")
            faults.append(Fault(file, line, name, row.get(name, ""), message, remedy or "mend one of them"))
    return made if len(faults) == found else None


def _wanted(model: type[BaseModel], name: str) -> set[object]:
    annotation = model.model_fields[name].annotation
    return {annotation, *get_args(annotation), *model.model_fields[name].metadata}


def _words(kind: str, message: str, context: dict[str, object]) -> tuple[str, str]:
    match kind:
        case "missing":
            return "the cell is empty", "fill it in"
        case "literal_error":
            return "this is none of the words that may stand here", f"write {context['expected']}"
        case "decimal_parsing" | "decimal_type" | "finite_number" | "int_parsing" | "int_from_float" | "float_parsing":
            whole = " whole" if kind.startswith("int") else ""
            return f"this is no{whole} number", "write digits only, with a point for decimals and no thousands mark"
        case "string_pattern_mismatch":
            return "an identity holds a blank, slash, comma, semicolon or quote", "remove it"
        case "date_from_datetime_parsing" | "date_parsing" | "date_from_datetime_inexact":
            return "this is no date of the calendar", "write year-month-day, such as 2026-07-01"
        case "timezone_aware":
            return "the time has no offset", "write 2026-07-01T00:00:00+08:00"
        case "value_error":
            return message.removeprefix("Value error, "), "mend the row"
        case _:
            return message[:1].lower() + message[1:], "mend the cell"
