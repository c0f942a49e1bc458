"""CSV feeds: rows become report lines as a mapping file says, numbers as the very text of the file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from ingest.feed_mapping import METER_KINDS, STATS, Mapping, MappingFault, Value, filled, load_mapping, parsed_time
from ingest.records import DECODER, VERSION, YEAR_MAX, YEAR_MIN, compact, iso
from ingest.registry import Enterprise, Limit, Meter, Point, Registry, Source

__all__ = ["Counts", "Feed", "FeedFault", "Mapping", "MappingFault", "Rejected", "load_mapping", "read_feed"]

PROTOCOL = "csv"
"""What a report's ``protocol`` says of a feed."""
SOURCES_MAX = 1_000
"""Sources of one feed."""
REJECTED_KEPT_MAX = 1_000
"""Rejected rows and cells of which the reason is kept; beyond it they are counted only."""
LINE_CHARS_MAX = 65_536
"""Characters of a line; a longer one is rejected as a row."""
LONG_CHARS_KEPT = 80
"""Characters of it that are shown."""
MINUTE_S_MIN, MINUTE_S_MAX = 60, 3_600
"""Periods that a value of kind minute may cover."""

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_NAME = re.compile(r'[^\s/,;"]{1,128}')
_GZIP = b"\x1f\x8b"
_Cells = dict[str, str | None]


class FeedFault(Exception):
    """A feed cannot be read as its mapping says; the text names file, line and column."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row, or one cell of it, that was not read: line of the file (the header is 1), column, text, reason."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Counts:
    """What became of a feed's rows; complete once the lines were read to their end.

    ``rows`` = ``filed`` + ``empty`` (every value missing) + ``rejected_rows``. ``readings`` were filed with a number,
    ``rejected_cells`` as null because their text is none; ``missing`` cells are not filed. ``bytes`` are those of the file
    unpacked, ``bytes_rejected`` those of rejected rows, ``bytes_blank`` those of rows without any cell.
    """

    bytes: int = 0
    bytes_rejected: int = 0
    bytes_blank: int = 0
    rows: int = 0
    filed: int = 0
    empty: int = 0
    rejected_rows: int = 0
    readings: int = 0
    missing: int = 0
    rejected_cells: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def reject(self, rejected: Rejected) -> None:
        """Keep the reason, up to ``REJECTED_KEPT_MAX`` of them."""
        if len(self.rejected) < REJECTED_KEPT_MAX:
            self.rejected.append(rejected)

    def reject_row(self, rejected: Rejected, size: int) -> None:
        """Count a whole row of ``size`` bytes as rejected."""
        self.rejected_rows += 1
        self.bytes_rejected += size
        self.reject(rejected)


class _RowFault(Exception):
    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


class Feed:
    """A feed and its mapping. ``registry`` is drafted from both; ``lines`` reads the file anew each time it is called."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path, self.mapping = path, mapping
        self.counts = Counts()
        self.registry = _drafted(mapping, self._sources())

    def lines(self) -> Iterator[bytes]:
        """Yield report lines in the file's order, one a row and kind of value; ``counts`` begins at zero.

        Raises:
            FeedFault: the file cannot be read to its end.
        """
        self.counts = Counts()
        for number, row, size in self._rows():
            self.counts.rows += 1
            try:
                yield from self._reports(number, row)
            except _RowFault as fault:
                self.counts.reject_row(Rejected(number, fault.column, fault.value, fault.reason), size)

    def _sources(self) -> list[str]:
        if "{" not in self.mapping.source:
            next(self._rows(), None)  # a missing column is told before the first line is asked for
            return [self.mapping.source]
        found: dict[str, None] = {}
        for number, row, _size in self._rows():
            name = filled(self.mapping.source, {k: v or "" for k, v in row.items()})
            if _NAME.fullmatch(name):
                found[name] = None
            if len(found) > SOURCES_MAX:
                raise FeedFault(f"{self.path.name}:{number}: more than {SOURCES_MAX} sources; look at the mapping's source")
        return list(found)

    def _rows(self) -> Iterator[tuple[int, _Cells, int]]:
        """Yield line, cells and size of each row that has any cell."""
        name, encoding = self.path.name, self.mapping.encoding
        try:
            with self.path.open("rb") as raw:
                packed = raw.read(2) == _GZIP
                raw.seek(0)
                plain = gzip.GzipFile(fileobj=raw) if packed else raw
                text = io.TextIOWrapper(plain, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")
                yield from self._table(text)
                self.counts.bytes = plain.tell()
        except FileNotFoundError:
            raise FeedFault(f"{name}: no such file") from None
        except UnicodeDecodeError as error:
            told = f"is not {encoding.upper()} ({error.reason})"
            raise FeedFault(f'{name}: {told}; save it as CSV UTF-8, or write encoding = "gb18030" in the mapping') from None
        except (OSError, EOFError, zlib.error) as error:
            raise FeedFault(f"{name}: cannot be read to its end ({error})") from None

    def _table(self, text: io.TextIOWrapper) -> Iterator[tuple[int, _Cells, int]]:
        name, encoding, size, line, long = self.path.name, self.mapping.encoding, 0, 1, ""

        def lines() -> Iterator[str]:
            nonlocal size, long
            for piece in text:
                size += len(piece.encode(encoding))
                if len(piece) > LINE_CHARS_MAX:
                    long = piece[:LONG_CHARS_KEPT]
                yield piece if len(piece) <= LINE_CHARS_MAX else "\n"

        reader = csv.reader(lines(), delimiter=self.mapping.delimiter, strict=True)
        try:
            header = [cell.strip() for cell in next(reader, [])]
            self._checked(header)
            size, line, long = 0, reader.line_num + 1, ""
            for cells in reader:
                if long:
                    self.counts.rows += 1
                    self.counts.reject_row(Rejected(line, "", long, f"longer than {LINE_CHARS_MAX} characters"), size)
                elif not any(cells):
                    self.counts.bytes_blank += size
                elif any(cells[len(header) :]):
                    told = f"the row has {len(cells)} cells, the header {len(header)}"
                    self.counts.rows += 1
                    self.counts.reject_row(Rejected(line, "", self.mapping.delimiter.join(cells), told), size)
                else:
                    yield line, dict(zip(header, cells + [None] * (len(header) - len(cells)), strict=False)), size
                size, line, long = 0, reader.line_num + 1, ""
        except csv.Error as error:
            raise FeedFault(f"{name}:{line}: no CSV row ({error}); close the quotes, and double those inside a text") from None

    def _checked(self, header: list[str]) -> None:
        """Raise FeedFault where a column of the mapping is missing or stands twice."""
        name, wanted = self.path.name, self.mapping.columns()
        if absent := [c for c in wanted if c not in header]:
            told = f"columns {', '.join(absent)} of the mapping are missing; the file has {', '.join(header) or 'none'}"
            marks = [mark for mark in (";", "\t", ",") if len(header) == 1 and mark in header[0]]
            remedy = (
                f"; write delimiter = {json.dumps(marks[0])} in the mapping" if marks else "; mend the header or the mapping"
            )
            raise FeedFault(f"{name}:1: {told}{remedy}")
        if twice := [c for c in wanted if header.count(c) > 1]:
            raise FeedFault(f"{name}:1: column {twice[0]} stands twice in the header; give one of them another name")

    def _reports(self, number: int, row: _Cells) -> Iterator[bytes]:
        for column in self.mapping.columns():
            if row[column] is None:
                raise _RowFault(column, "", "the row ends before this column")
        cells = {k: (v or "").strip() for k, v in row.items()}
        source = filled(self.mapping.source, cells)
        if not _NAME.fullmatch(source):
            raise _RowFault(self.mapping.source, source, "this is no name of a source")
        time = self._time(cells)
        if not YEAR_MIN <= time.year <= YEAR_MAX:
            raise _RowFault("", iso(time), f"the year lies outside {YEAR_MIN} to {YEAR_MAX}")
        dropped = self._interpolated(cells)
        kinds: dict[str, list[tuple[Value, str | None]]] = {}
        for value in self.mapping.value:
            text = cells[value.column]
            if text in self.mapping.missing or value.column in dropped:
                self.counts.missing += 1
                continue
            written = number_text(text, self.mapping.decimal)
            if written is None:
                self.counts.rejected_cells += 1
                self.counts.reject(Rejected(number, value.column, text, "this is no number; filed without a value"))
            else:
                self.counts.readings += 1
            kinds.setdefault(value.kind, []).append((value, written))
        if kinds:
            self.counts.filed += 1
        else:
            self.counts.empty += 1
        for kind, values in kinds.items():
            yield self._line(source, kind, time, values)

    def _interpolated(self, cells: dict[str, str]) -> set[str]:
        named = self.mapping.interpolated
        if named is None or named.keep:
            return set()
        return {name.strip() + named.suffix for name in cells[named.column].split(named.separator) if name.strip()}

    def _time(self, cells: dict[str, str]) -> datetime:
        if self.mapping.time:
            column = self.mapping.time
            try:
                return parsed_time(cells[column.column], column)
            except (ValueError, OverflowError):
                raise _RowFault(column.column, cells[column.column], f"this is no time as {column.format}") from None
        sequence = self.mapping.sequence
        assert sequence is not None
        text = cells[sequence.number_column]
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise _RowFault(sequence.number_column, text, "this is no row number from 1")
        start = filled(sequence.start, cells)
        try:
            time = datetime.fromisoformat(start) + timedelta(seconds=(int(text) - 1) * sequence.step_s)
        except (ValueError, OverflowError):
            raise _RowFault(sequence.number_column, text, f"{start} and this number give no time") from None
        if time.tzinfo is None:
            raise _RowFault(sequence.number_column, text, f"the mapping's start {start} has no offset")
        return time

    def _line(self, source: str, kind: str, time: datetime, values: list[tuple[Value, str | None]]) -> bytes:
        covered = self.mapping.cadence_of(source) if self.mapping.label == "start" and kind != "register" else 0
        end = iso(time + timedelta(seconds=covered))
        head = {
            "v": VERSION,
            "source": source,
            "time": iso(time),
            "kind": kind,
            "factors": [v.factor for v, _ in values],
            "stats": [v.stat or STATS[kind] for v, _ in values],
        }
        tail = {
            "flags": ["N"] * len(values),
            "sent": end,
            "received": end,
            "protocol": PROTOCOL,
            "frame": None,
            "backfill": False,
            "decoder": DECODER,
        }
        numbers = ",".join("null" if written is None else written for _, written in values).encode()
        return compact(head)[:-1] + b',"values":[' + numbers + b"]," + compact(tail)[1:]


def read_feed(path: Path, mapping: Mapping) -> Feed:
    """Open a CSV feed, plain or gzip.

    Raises:
        FeedFault: no such file, not UTF-8, or a column of the mapping is missing.
    """
    return Feed(path, mapping)


def number_text(text: str, decimal: str = ".") -> str | None:
    """Return a number's text as JSON takes it, digit for digit where it is JSON already; None for what is no finite number.

    ``decimal`` is the mark before the decimals; a comma is the only other one, and then a point is no number.

    >>> number_text("0.028999999999999998"), number_text("+.50"), number_text("1,5")
    ('0.028999999999999998', '0.50', None)
    """
    if decimal == ",":
        text = text.replace(",", ".") if "." not in text else ""
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        return None
    return text if _JSON_NUMBER.fullmatch(text) else format(Decimal(text), "f")


def _drafted(mapping: Mapping, sources: list[str]) -> Registry:
    has_registers = all(v.kind == "register" for v in mapping.value)
    has_minutes = any(v.kind == "minute" for v in mapping.value)
    return Registry(
        enterprises=(Enterprise(enterprise=mapping.enterprise, name=mapping.title),),
        sources=tuple(
            Source(
                source=name,
                enterprise=mapping.enterprise,
                outlet="feed",
                name=mapping.title,
                kind=mapping.kind,
                cadence_s=mapping.cadence_of(name),
                minute_s=min(max(mapping.cadence_of(name), MINUTE_S_MIN), MINUTE_S_MAX) if has_minutes else MINUTE_S_MIN,
                label="start" if has_registers else mapping.label,
            )
            for name in sources
        ),
        points=tuple(_point(name, v) for name in sources for v in mapping.value if v.kind not in METER_KINDS),
        meters=tuple(_meter(name, v) for name in sources for v in mapping.value if v.kind in METER_KINDS),
        limits=tuple(
            Limit(
                source=name,
                factor=v.factor,
                limit_id=v.limit.id,
                limit=v.limit.limit,
                unit=v.unit,
                averaging=v.limit.averaging,
                basis=v.limit.basis,
            )
            for name in sources
            for v in mapping.value
            if v.limit is not None
        ),
    )


def _point(source: str, value: Value) -> Point:
    return Point(
        source=source,
        factor=value.factor,
        unit=value.unit,
        name=value.name or value.column,
        multiplier=value.multiplier,
        range_low=value.range_low,
        range_high=value.range_high,
    )


def _meter(source: str, value: Value) -> Meter:
    return Meter(
        source=source,
        factor=value.factor,
        kind="cumulative" if value.kind == "register" else "interval",
        unit=value.unit,
        name=value.name or value.column,
        multiplier=value.multiplier,
        modulus=value.modulus,
        max_rate_h=value.max_rate_h,
        lsd=value.lsd,
        energy_code=value.energy_code,
        direction=value.direction,
    )
