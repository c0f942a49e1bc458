"""Local days, months, quarters and years of times in epoch milliseconds, as columns; time is cut at a fixed offset from UTC."""

from __future__ import annotations

import polars as pl

from processors.figures import DAY_MS, HOUR_MS


def hour_of(time: pl.Expr) -> pl.Expr:
    """Return the start of the hour in which a time lies."""
    return time // HOUR_MS * HOUR_MS


def day_of(time: pl.Expr, offset_ms: int) -> pl.Expr:
    """Return the start of the local day in which a time lies."""
    return (time + offset_ms) // DAY_MS * DAY_MS - offset_ms


def month_of(time: pl.Expr, offset_ms: int) -> pl.Expr:
    """Return the start of the local month in which a time lies."""
    return _truncated(time, "1mo", offset_ms)


def year_of(time: pl.Expr, offset_ms: int) -> pl.Expr:
    """Return the start of the local year in which a time lies."""
    return _truncated(time, "1y", offset_ms)


def month_number(time: pl.Expr, offset_ms: int) -> pl.Expr:
    """Return the local month of a time, 1 to 12."""
    return pl.from_epoch(time + offset_ms, time_unit="ms").dt.month()


def month_length(time: pl.Expr, offset_ms: int) -> pl.Expr:
    """Return how many days the local month of a time has."""
    return pl.from_epoch(time + offset_ms, time_unit="ms").dt.days_in_month().cast(pl.Int64)


def _truncated(time: pl.Expr, every: str, offset_ms: int) -> pl.Expr:
    return pl.from_epoch(time + offset_ms, time_unit="ms").dt.truncate(every).dt.epoch("ms") - offset_ms
