"""Stretches: reports and the ticks among them that can be read together, and which of the reports decide an hour."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from ingest.log import LogRecord
from ingest.records import Tick
from processors.decode import DAY, INTERVAL, REGISTER
from processors.figures import DAY_MS, HOUR_MS, epoch_ms
from processors.memory import NO_DATA_HOURS_MAX, TICK_PREFIX

METERED = (REGISTER, INTERVAL)
"""Kinds of readings that go into the books of meters."""


@dataclass(slots=True)
class Barrier:
    """One tick, as it came in some partitions with nothing between: the lines before ``at``, and records up to ``before``, came earlier."""

    at: int
    before: int
    value: bytes
    now_ms: int
    gateway: str
    partitions: set[int]


@dataclass(slots=True)
class Stretch:
    """Report lines and barriers in log order, up to a record's ``seq``; ``turns`` where its last barrier ends it."""

    lines: list[bytes] = field(default_factory=list)
    barriers: list[Barrier] = field(default_factory=list)
    seq: int = 0
    turns: bool = False


def stretches(records: Sequence[LogRecord], turning: Callable[[Barrier], bool]) -> Iterator[Stretch | LogRecord]:
    """Cut records into stretches and single records of other topics; a barrier that is ``turning`` ends its stretch."""
    stretch = Stretch()
    for record in records:
        last = stretch.barriers[-1] if stretch.barriers else None
        if last is not None and last.at == len(stretch.lines) and last.value == record.value and record.topic == "reports":
            last.partitions.add(record.partition)
            stretch.seq = record.seq
            continue
        if last is not None and last.at == len(stretch.lines) and turning(last):
            stretch.turns = True
            yield stretch
            stretch = Stretch()
        if record.topic != "reports":
            if stretch.lines or stretch.barriers:
                yield stretch
                stretch = Stretch()
            yield record
            continue
        if record.value.startswith(TICK_PREFIX):
            tick = Tick.model_validate_json(record.value)
            barrier = Barrier(
                len(stretch.lines), record.seq - 1, record.value, epoch_ms(tick.tick), tick.gateway, {record.partition}
            )
            stretch.barriers.append(barrier)
        else:
            stretch.lines += [line for line in record.value.split(b"\n") if line]
        stretch.seq = record.seq
    if stretch.barriers and stretch.barriers[-1].at == len(stretch.lines):
        stretch.turns = turning(stretch.barriers[-1])
    if stretch.lines or stretch.barriers:
        yield stretch


def due_hours(decided: int, covered_until: int, until: int) -> list[int]:
    """Return the hours to be decided before a time: the first, those that readings cover, and of a silence behind them the last.

    Args:
        decided: end of the last decided hour.
        covered_until: end of what the newest reading covers.
        until: where the last of them ends.
    """
    silent_from = max(decided, until - NO_DATA_HOURS_MAX * HOUR_MS)
    covered = range(decided, min(max(covered_until, decided + 1), silent_from), HOUR_MS)
    return [*covered, *range(silent_from, until, HOUR_MS)]


def crossed(
    filed: pl.DataFrame, high: list[int | None], decided: list[int], reach_ms: list[int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Mark reports whose hour was decided before they came, and find the hours that the others decide (see ``due_hours``).

    Args:
        filed: placed reports in log order.
        high: newest time of each source (by ``sid``) before them.
        decided: end of each source's last decided hour before them.
        reach_ms: how long a reading of each source covers.

    Returns:
        ``filed`` with ``late``; and rows of ``line``, ``sid``, ``hour`` and ``decided`` (receipt of the deciding report).
    """
    sid, time = filed["sid"], pl.col("time")
    ahead = time.cum_max().over("sid").shift(1).over("sid")
    rows = filed.with_columns(
        before=pl.max_horizontal(ahead, pl.Series(high, dtype=pl.Int64).gather(sid)),
        floor=time // HOUR_MS * HOUR_MS,
        settled=pl.Series(decided, dtype=pl.Int64).gather(sid),
    ).with_columns(settled=pl.max_horizontal(pl.col("before") // HOUR_MS * HOUR_MS, "settled"))
    crossing = rows.filter((pl.col("floor") > pl.col("settled")) & pl.col("before").is_not_null())
    reach = pl.Series(reach_ms, dtype=pl.Int64).gather(crossing["sid"])
    silent_from = pl.max_horizontal("settled", pl.col("floor") - NO_DATA_HOURS_MAX * HOUR_MS)
    covered = pl.min_horizontal(pl.max_horizontal(pl.col("before") + reach, pl.col("settled") + 1), silent_from)
    hours = [
        crossing.select("line", "sid", hour=pl.int_ranges(first, until, HOUR_MS), decided="received").explode("hour")
        for first, until in ((pl.col("settled"), covered), (silent_from, pl.col("floor")))
    ]
    late = filed.with_columns(late=(rows["floor"] < rows["settled"]))
    return late, pl.concat(hours).drop_nulls("hour")


class Taking:
    """The reports of a stretch, handed out once in log order as its barriers are reached."""

    def __init__(self, filed: pl.DataFrame, readings: pl.DataFrame, crossings: pl.DataFrame, offset_ms: int) -> None:
        self._filed, self._readings, self._crossings = filed, readings, crossings
        self._lines: list[int] = filed["line"].to_list()
        columns = (filed[name].to_list() for name in ("sid", "time", "received"))
        self._heard: list[tuple[int, int, int]] = list(zip(*columns, strict=True))
        ended = crossings.filter((pl.col("hour") + HOUR_MS + offset_ms) % DAY_MS == 0)["line"]
        awaited = filed.filter(pl.col("late") | pl.col("kind").is_in([*METERED, DAY]) | pl.col("line").is_in(ended.implode()))
        self._waiting: list[int] = awaited["line"].to_list()
        self._hearing = self._done = self._asked = 0

    def heard(self, upto: int) -> list[tuple[int, int, int]]:
        """Return (sid, time, received) of the reports before a line that were not returned yet."""
        start, self._hearing = self._hearing, bisect_left(self._lines, upto)
        return self._heard[start : self._hearing]

    def awaited(self, upto: int) -> bool:
        """Whether reports that came since the last call change decided hours, or may: late ones, those of meters, device days and ends of days."""
        start, self._asked = self._asked, bisect_left(self._waiting, upto)
        return self._asked > start

    def taken(self, upto: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Return the reports before a line that were not returned yet, their readings, and the hours they decide."""
        start, self._done = self._done, bisect_left(self._lines, upto)
        part = self._filed.slice(start, self._done - start)
        if part.is_empty():
            return part, self._readings.clear(), self._crossings.clear()
        first, last = part["line"][0], part["line"][-1]
        lines = self._readings["line"]
        begin, end = lines.search_sorted(first, side="left"), lines.search_sorted(last, side="right")
        readings = self._readings.slice(begin, end - begin)
        if self._crossings.is_empty():
            return part, readings, self._crossings
        return part, readings, self._crossings.filter(pl.col("line").is_between(first, last))
