"""Bulk decode: NDJSON report lines become one frame of reports, and readings with exact integers.

The bulk path hands all lines of a batch to Polars at once. A batch it refuses, or that holds a line which breaks the
schema, is decoded line by line with the record's model, so that one bad line is quarantined by name and the rest goes on.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from pydantic import ValidationError

from ingest.records import Report
from processors.figures import SCALE

KINDS = ("realtime", "minute", "hour", "day", "register", "interval", "state")
"""Kinds in the order of their codes."""
REALTIME, MINUTE, HOUR, DAY, REGISTER, INTERVAL, STATE = range(len(KINDS))
STAT_OF_KIND = {"realtime": "rtd", "minute": "avg", "hour": "avg", "register": "reg", "interval": "energy"}
"""The one stat of each kind from which figures are formed."""
VALUE_MAX = 9.0e9
"""Greatest absolute value that is exact as a double and as an integer at six digits; beyond it a value is unreadable."""

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String,
    "time": pl.String,
    "kind": pl.String,
    "factors": pl.List(pl.String),
    "stats": pl.List(pl.String),
    "values": pl.List(pl.Float64),
    "flags": pl.List(pl.String),
    "sent": pl.String,
    "received": pl.String,
    "backfill": pl.Boolean,
    "decoder": pl.Int64,
}
_LISTS = ("factors", "stats", "values", "flags")
_TIMES = ("time", "sent", "received")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a ``reports`` record that is no report, with the reason in words."""

    line: bytes
    reason: str


def reports_frame(lines: Sequence[bytes]) -> tuple[pl.DataFrame, list[BadLine]]:
    """Decode report lines.

    Returns:
        One row a line, in order: ``source``, ``time``, ``sent``, ``received`` (epoch milliseconds), ``kind`` (code of KINDS), the
        parallel lists, ``backfill``, ``decoder``, ``line`` (position in ``lines``) and ``digest`` (UInt64 of the line's bytes); and the
        lines that are no reports.
    """
    try:
        frame = pl.read_ndjson(io.BytesIO(b"\n".join(lines)), schema=_SCHEMA)
        if frame.height != len(lines):
            raise ValueError("a line is not one object")
        frame = _typed(frame.with_columns(line=pl.int_range(pl.len(), dtype=pl.Int64)), lines)
        if not _sound(frame):
            raise ValueError("a line breaks the schema")
        return frame, []
    except (pl.exceptions.PolarsError, ValueError):
        return _one_by_one(lines)


def _one_by_one(lines: Sequence[bytes]) -> tuple[pl.DataFrame, list[BadLine]]:
    good: list[tuple[int, Report]] = []
    bad: list[BadLine] = []
    for position, line in enumerate(lines):
        try:
            good.append((position, Report.model_validate_json(line)))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            bad.append(BadLine(line, f"{where}: {first['msg']}" if where else first["msg"]))
    rows = [{"line": position, **{name: _plain(report, name) for name in _SCHEMA}} for position, report in good]
    frame = pl.DataFrame(rows, schema={**_SCHEMA, "line": pl.Int64})
    return _typed(frame, lines), bad


def _plain(report: Report, name: str) -> object:
    value = getattr(report, name)
    return value.isoformat() if name in _TIMES else value


def _typed(frame: pl.DataFrame, lines: Sequence[bytes]) -> pl.DataFrame:
    digests = [int.from_bytes(hashlib.blake2b(lines[i], digest_size=8).digest(), "big") for i in frame["line"].to_list()]
    codes = pl.col("kind").replace_strict(list(KINDS), list(range(len(KINDS))), default=None, return_dtype=pl.Int8)
    return frame.with_columns(
        *(pl.col(c).str.to_datetime("%+", time_unit="ms", strict=False).dt.epoch("ms") for c in _TIMES),
        codes,
        pl.col("backfill").fill_null(False),
        pl.col("decoder").fill_null(1),
        digest=pl.Series(digests, dtype=pl.UInt64),
    )


def _sound(frame: pl.DataFrame) -> bool:
    lengths = pl.col("factors").list.len()
    parallel = [pl.col(c).list.len() == lengths for c in _LISTS[1:]]
    present = [pl.col(c).is_not_null() for c in ("source", "kind", *_TIMES, *_LISTS)]
    named = all(frame[c].explode().null_count() == 0 for c in ("factors", "stats", "flags"))
    shaped = pl.all_horizontal(*present, *parallel, lengths > 0, pl.col("source").str.len_chars() > 0)
    return named and bool(frame.select(shaped.all()).item())


def readings_frame(reports: pl.DataFrame) -> pl.DataFrame:
    """Explode reports into readings: one row a reading with ``value`` an integer at ``SCALE`` digits, None where unreadable."""
    return reports.explode(*_LISTS).select(
        "source",
        "time",
        "kind",
        "sent",
        "received",
        "decoder",
        "digest",
        "line",
        factor=pl.col("factors"),
        stat=pl.col("stats"),
        flag=pl.col("flags"),
        value=pl.when(pl.col("values").abs() < VALUE_MAX).then((pl.col("values") * 10**SCALE).round()).cast(pl.Int64),
    )
