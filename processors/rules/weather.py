"""Pollution-weather warnings: which level a forecast calls for, which one an enterprise answers to, and whether it did."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Literal

import polars as pl
from pydantic import TypeAdapter

from processors.figures import DAY_MS, HOUR_MS
from processors.rules.gas import Exact, exact
from processors.rules.millionths import milliseconds, quotient_expr, share_at_least, share_expr, wide

LEVELS_FILE = "aqi_levels.csv"
CACHES_MAX = 1
"""The table of warning levels is read once a process."""
Level = Literal["yellow", "orange", "red"]
LEVELS: tuple[Level, ...] = ("yellow", "orange", "red")
"""From the mildest to the strictest; response levels III, II and I."""


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A condition on the running AQI: above ``aqi`` (or at least, by ``op``) for ``hours``; 1 hour means that it is reached.

    A level holds where all rows of one of its alternatives hold.
    """

    edition: str
    level: Level
    alternative: int
    op: Literal[">", ">="]
    aqi: int
    hours: int
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Warned:
    """The level a forecast calls for, None for none, and the conditions that hold."""

    level: Level | None
    reason: str


@dataclass(frozen=True, slots=True)
class WeatherWarning:
    """A warning as an office issued it; ``end_ms`` is None while its planned end counts."""

    issuer: Literal["province", "city", "county"]
    area: str
    level: Level
    kind: Literal["PM2.5", "O3", "dust", "other"]
    start_ms: int
    planned_end_ms: int
    end_ms: int | None = None
    name: str = ""

    def active(self, time_ms: int) -> bool:
        """Tell whether it holds at a time: from its start on, and before its real or else its planned end."""
        return self.start_ms <= time_ms < (self.planned_end_ms if self.end_ms is None else self.end_ms)


def forecast_level(aqi: Sequence[int | None], rows: Iterable[LevelRow], *, clean_aqi_max: int, clean_hours: int) -> Warned:
    """Return the strictest level that a forecast calls for.

    Args:
        aqi: the running 24-hour AQI, one for each hour on end; None where it is not known.
        rows: of one edition.
        clean_aqi_max: AQI up to which an hour is clean.
        clean_hours: clean hours in a row that separate two episodes; without them the two count as one, the time between them with
            them.

    Source:
        Emission_rules 8 (seen; numbers of 2024 from memory, medium); what is a clean interval is a setting.
    """
    conditions = list(rows)
    for level in reversed(LEVELS):
        mine = [row for row in conditions if row.level == level]
        for alternative in sorted({row.alternative for row in mine}):
            asked = [row for row in mine if row.alternative == alternative]
            lasted = [_lasting(aqi, row, clean_aqi_max, clean_hours) for row in asked]
            if all(hours >= row.hours for hours, row in zip(lasted, asked, strict=True)):
                text = " and ".join(f"AQI {row.op} {row.aqi} for {h} h" for h, row in zip(lasted, asked, strict=True))
                return Warned(level, f"{text}, {' and '.join(str(row.hours) for row in asked)} asked")
    return Warned(None, "no level's conditions hold")


def warning_level(aqi: Sequence[int | None], edition: str, clean_aqi_max: int, clean_hours: int) -> Warned:
    """Return the strictest level that a forecast calls for by an edition of the shipped table; see ``forecast_level``.

    Raises:
        ValueError: there is no such edition.
    """
    rows = [row for row in level_rows() if row.edition == edition]
    if not rows:
        known = ", ".join(sorted({row.edition for row in level_rows()}))
        raise ValueError(f"no edition {edition} of the levels; write one of {known}")
    return forecast_level(aqi, rows, clean_aqi_max=clean_aqi_max, clean_hours=clean_hours)


def strictest(
    warnings: Iterable[WeatherWarning], *, areas: Mapping[str, str], kind: str, time_ms: int
) -> WeatherWarning | None:
    """Return the strictest warning that an enterprise answers to, of equals the one that began first; None where none holds.

    Args:
        warnings: of any issuer, area and kind.
        areas: the enterprise's own area by issuer: its province, city and county.
        kind: what the warning is about.
        time_ms: when.

    Source:
        Emission_rules 8 (proposal): the strictest active level of the chain of province, city and county.
    """
    holding = [w for w in warnings if w.kind == kind and areas.get(w.issuer) == w.area and w.active(time_ms)]
    return min(holding, key=lambda w: (-LEVELS.index(w.level), w.start_ms, w.issuer, w.area), default=None)


def reductions(
    hours: pl.DataFrame,
    *,
    start_ms: int,
    end_ms: int,
    grace_s: Exact,
    baseline_days: int,
    coverage_pct_min: Exact,
    required_pct: Exact,
    offset_ms: int,
    clock_h: tuple[int, int] = (0, 24),
) -> pl.DataFrame:
    """Judge from hourly data whether each point came down as a warning asks.

    Args:
        hours: one row a point and hour: ``pid``, ``hour`` (start), ``value`` (hourly mass, flow or power at SCALE, None where not valid), ``normal`` (a
            day on which it may serve as baseline); any order.
        start_ms: start of the warning.
        end_ms: its end, exclusive.
        grace_s: time to come down after the start, which is not judged.
        baseline_days: latest normal days before the day of the start whose same hours are the baseline.
        coverage_pct_min: share of the warning's hours [%] that must be known, with a baseline; equal is enough.
        required_pct: least reduction [%]; equal meets it.
        offset_ms: local time's offset from UTC.
        clock_h: hours of the local day in which the reduction is asked for, [from, to).

    Returns:
        One row a point: ``pid``, ``n`` (hours compared), ``due`` (whole hours after the grace), ``during`` and ``baseline`` (means at SCALE), ``value``
        (reduction in percent at SCALE), ``met``; the last four None with a ``reason`` where nothing can be judged.

    Source:
        Emission_rules 8 (proposal): the same hours of the last 7 normal days, 2 h of grace, 75 % coverage.
    """
    judged_ms = -(-(start_ms + milliseconds(grace_s)) // HOUR_MS) * HOUR_MS
    first, last = (hour * HOUR_MS for hour in clock_h)
    due = sum(first <= (hour + offset_ms) % DAY_MS < last for hour in range(judged_ms, end_ms - HOUR_MS + 1, HOUR_MS))
    local = pl.col("hour") + offset_ms
    rows = hours.with_columns(day=local // DAY_MS, clock=local % DAY_MS)
    earlier = rows.filter(pl.col("normal").fill_null(False), pl.col("day") < (start_ms + offset_ms) // DAY_MS)
    latest = earlier.select("pid", "day").unique().sort("pid", "day").group_by("pid").tail(baseline_days)
    usual = (
        earlier.join(latest, on=["pid", "day"], how="semi")
        .filter(pl.col("value").is_not_null())
        .group_by("pid", "clock")
        .agg(usual=quotient_expr(wide(pl.col("value")).sum(), pl.len()))
    )
    asked = pl.col("hour").is_between(judged_ms, end_ms - HOUR_MS) & pl.col("clock").is_between(first, last, closed="left")
    warned = rows.filter(pl.col("value").is_not_null() & asked).join(usual, on=["pid", "clock"])
    during, baseline = pl.col("during"), pl.col("baseline")
    enough = share_at_least(pl.col("n"), pl.lit(due), coverage_pct_min) & (pl.col("n") > 0)
    judged = enough & (baseline > 0)
    return (
        hours.select("pid")
        .unique()
        .join(
            warned.group_by("pid").agg(
                n=pl.len().cast(pl.Int64), during=wide(pl.col("value")).sum(), baseline=wide(pl.col("usual")).sum()
            ),
            on="pid",
            how="left",
        )
        .with_columns(pl.col("n", "during", "baseline").fill_null(0))
        .select(
            "pid",
            "n",
            due=pl.lit(due, dtype=pl.Int64),
            during=pl.when(judged).then(quotient_expr(during, pl.col("n"))),
            baseline=pl.when(judged).then(quotient_expr(baseline, pl.col("n"))),
            value=pl.when(judged).then(share_expr(baseline - during, baseline)),
            met=pl.when(judged).then(share_at_least(baseline - during, baseline, required_pct)),
            reason=pl.when(~enough)
            .then(pl.format(f"{{}} of {due} hours can be compared", "n"))
            .when(~judged)
            .then(pl.lit("the baseline is zero")),
        )
        .sort("pid")
    )


def internal_limit(
    limit: Exact, *, level: Level | None, share_pct: Exact, tight_share_pct: Exact, tight_from: Level
) -> Fraction:
    """Return the value at which an enterprise warns itself, in the limit's unit: a share of the limit, a smaller one under a warning.

    Args:
        limit: what must not be exceeded.
        level: of the warning that holds, None for none.
        share_pct: share of the limit in normal times.
        tight_share_pct: share from a level on.
        tight_from: that level.

    Source:
        Emission_rules 8 (proposal): 0.8, and 0.7 under orange and red.

    >>> internal_limit(35, level="red", share_pct=80, tight_share_pct=70, tight_from="orange")
    Fraction(49, 2)
    """
    tight = level is not None and LEVELS.index(level) >= LEVELS.index(tight_from)
    return exact(limit) * exact(tight_share_pct if tight else share_pct) / 100


@lru_cache(maxsize=CACHES_MAX)
def level_rows() -> tuple[LevelRow, ...]:
    """Return the shipped conditions of all editions, in the table's order."""
    text = (files("processors.rules") / "data" / LEVELS_FILE).read_text(encoding="utf-8")
    return tuple(TypeAdapter(LevelRow).validate_python(row) for row in csv.DictReader(text.splitlines()))


def _lasting(aqi: Sequence[int | None], row: LevelRow, clean_aqi_max: int, clean_hours: int) -> int:
    """Return the hours of the longest episode that meets a condition."""
    longest, start, clean_from = 0, None, 0
    for at, met in enumerate(value is not None and (value > row.aqi or (row.op == ">=" and value == row.aqi)) for value in aqi):
        if not met:
            continue
        if start is None or _has_clean(aqi[clean_from:at], clean_aqi_max, clean_hours):
            start = at
        clean_from = at + 1
        longest = max(longest, at + 1 - start)
    return longest


def _has_clean(between: Sequence[int | None], clean_aqi_max: int, clean_hours: int) -> bool:
    """Tell whether enough clean hours in a row lie between."""
    runs = groupby(between, key=lambda value: value is not None and value <= clean_aqi_max)
    return any(clean and len(list(run)) >= clean_hours for clean, run in runs)
