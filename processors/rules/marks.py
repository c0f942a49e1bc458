"""Flags: what each does to a value, as a shipped table; marks that contradict each other, and marks set too late.

A mark is set by the operator, a flag by the logger. Source: MEE Announcement 2022 No. 21 and emission_rules 1.4 and 4; what marks do stands
in the rule pack.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, TypeVar

import polars as pl
from pydantic import TypeAdapter, ValidationError

from processors.figures import DAY_MS, HOUR_MS
from processors.rules.gas import Exact, exact
from processors.rules.millionths import milliseconds
from processors.rules.periods import day_of

FLAGS_FILE = "flag_effects.csv"
CACHES_MAX = 1
"""The table is read once a process."""

DataClass = Literal["valid", "not operating", "exempt", "invalid", "missing", "censored"]
"""What a value is worth; "censored" proves at least the top of the range but is no value."""
Capture = Literal["included", "excluded", "invalid", "invalid if never filled"]
Mass = Literal["measured", "zero", "A", "B"]
"""Where an hour's mass comes from: as measured, zero, or substituted by group A or B."""
_Row = TypeVar("_Row")


class UnknownMark(LookupError):
    """The table knows no such flag."""


@dataclass(frozen=True, slots=True)
class FlagEffect:
    """What a data flag of HJ 212 makes of a value.

    ``capture`` says how the hour stands in the denominator of the capture rate, ``mass`` where its mass comes from.
    """

    flag: str
    name: str
    data_class: DataClass
    capture: Capture
    mass: Mass
    source: str
    confidence: str


def flag_effect(flag: str, *, above_range_as: Literal["censored", "invalid"]) -> FlagEffect:
    """Return what a flag makes of a value.

    Args:
        flag: letter of the data flag.
        above_range_as: "censored" lets a value above range prove that a limit was exceeded, "invalid" does not; it is a value in neither.

    Raises:
        UnknownMark: the table has no such flag.

    Source:
        Emission_rules 1.4 (from memory, high; for T a proposal: censored for alarms, invalid for mass).

    >>> flag_effect("T", above_range_as="invalid").data_class
    'invalid'
    """
    try:
        effect = flag_effects()[flag]
    except KeyError:
        raise UnknownMark(f'no flag "{flag}" in {FLAGS_FILE}; use one of its {len(flag_effects())}') from None
    return replace(effect, data_class=above_range_as) if effect.data_class == "censored" else effect


@lru_cache(maxsize=CACHES_MAX)
def flag_effects() -> Mapping[str, FlagEffect]:
    """Return all flags by letter, in the table's order.

    Raises:
        ValueError: a row cannot be read; the text names file, line and field.
    """
    return MappingProxyType(_table(FLAGS_FILE, "flag", FlagEffect))


def mark_conflicts(marks: pl.DataFrame, *, plant: Collection[str], restart_s_max: Exact) -> pl.DataFrame:
    """Find pairs of marks that contradict each other (MARK_CONFLICT).

    Args:
        marks: one row a mark: ``pid`` (the unit it is about), ``id``, ``mark``, ``start_ms``, ``end_ms``; any order.
        plant: the marks that are states of the plant.
        restart_s_max: a connection or start-up that begins so soon after a failure or accident ended is its restart.

    Returns:
        One row a pair, ordered by unit and time: ``pid``, ``first`` and ``second`` (ids, by start of the mark), ``start_ms``, ``end_ms`` (of the
        second mark's part in conflict), ``reason``. Two marks of different states of the plant conflict where they overlap, because it is in
        one state at a time; marks of the monitor may lie over anything.

    Source:
        Question-and-answer on the trial of 2020, emission_rules 4.3 (seen): a failure lasts until normal operation is back, its restart
        among it, and is not to be used while the unit is stopped.
    """
    mine = (
        marks.filter(pl.col("mark").is_in(list(plant)))
        .select("pid", "id", "mark", "start_ms", "end_ms")
        .sort("pid", "start_ms", "end_ms", "id")
        .with_row_index("_at")
    )
    pairs = mine.join(mine, on="pid", suffix="_2").filter(pl.col("_at") < pl.col("_at_2"))
    overlap = pl.col("start_ms_2") < pl.col("end_ms")
    restart = (
        pl.col("mark").is_in(["failure", "accident"])
        & pl.col("mark_2").is_in(["connection", "start-up"])
        & (pl.col("start_ms_2") - pl.col("end_ms") <= milliseconds(restart_s_max))
    )
    return (
        pairs.filter((pl.col("mark") != pl.col("mark_2")) & (overlap | restart))
        .select(
            "pid",
            first="id",
            second="id_2",
            start_ms="start_ms_2",
            end_ms=pl.when(overlap).then(pl.min_horizontal("end_ms", "end_ms_2")).otherwise("end_ms_2"),
            reason=pl.when(restart)
            .then(pl.format("{} is the restart after {} and belongs to it", "mark_2", "mark"))
            .otherwise(pl.format("{} and {} at the same time", "mark", "mark_2")),
        )
        .sort("pid", "start_ms", "first", "second")
    )


def late_marks(marks: pl.DataFrame, *, deadline_h: Exact, offset_ms: int) -> pl.DataFrame:
    """Tell of each mark whether it was set in time.

    Args:
        marks: one row a mark: ``start_ms``, ``set_ms``, and anything else, which is kept.
        deadline_h: how long after the end of the local day on which the mark begins it may be set; just then is in time.
        offset_ms: local time's offset from UTC.

    Returns:
        The rows with ``deadline_ms`` and ``late``.

    Source:
        Emission_rules 4.4 (from memory, low): noon of the next day.
    """
    deadline = day_of(pl.col("start_ms"), offset_ms) + DAY_MS + milliseconds(exact(deadline_h) * (HOUR_MS // 1000))
    return marks.with_columns(deadline_ms=deadline).with_columns(late=pl.col("set_ms") > pl.col("deadline_ms"))


def _table(name: str, key: str, kind: type[_Row]) -> dict[str, _Row]:
    """Return a table's rows by their key; a cell that is none of its field's words is a fault with file, line and field."""
    text = (files("processors.rules") / "data" / name).read_text(encoding="utf-8")
    table: dict[str, _Row] = {}
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        if row[key] in table:
            raise ValueError(f"{name}, line {line}: {key} {row[key]} stands twice; make it unique")
        try:
            table[row[key]] = TypeAdapter(kind).validate_python(row)
        except ValidationError as error:
            fault = error.errors()[0]
            raise ValueError(f"{name}, line {line}, {fault['loc'][0]}: {fault['msg']}; mend the cell") from error
    return table
