"""Marks that contradict each other, and marks set too late.

A mark is set by the operator, a flag by the logger. Source: MEE Announcement 2022 No. 21 and emission_rules 1.4 and 4; what marks do stands
in the rule pack.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from processors.figures import DAY_MS, HOUR_MS
from processors.rules.gas import Exact, exact
from processors.rules.millionths import milliseconds
from processors.rules.periods import day_of


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
