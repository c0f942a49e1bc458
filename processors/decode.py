"""Bulk decode: NDJSON report lines become one frame of reports and one column of exact integers.

A source's lines differ in times, values and flags only. What they have in common (source, kind, factors, stats) is its *layout*,
validated once by the record's model and remembered; of further lines with that layout only the rest is read. A line that is not
written as the gateway writes it, or that breaks the schema, goes through the model by itself: it is decoded to the same rows or
quarantined by name, and the others go on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import polars as pl
import xxhash
from pydantic import ValidationError

from ingest.records import TEXT_MAX, Report
from processors.figures import DAY_MS, SCALE, epoch_ms

KINDS = ("realtime", "minute", "hour", "day", "register", "interval", "state")
"""Kinds in the order of their codes."""
REALTIME, MINUTE, HOUR, DAY, REGISTER, INTERVAL, STATE = range(len(KINDS))
STAT_OF_KIND = {"realtime": "rtd", "minute": "avg", "hour": "avg", "register": "reg", "interval": "energy"}
"""The one stat of each kind from which figures are formed."""
STAT_COMPARED = {"day": "avg"}
"""The stat of a kind that is only compared with figures."""
VALUE_MAX = 9.0e9
"""At or beyond this, up or down, a value is out of range: below it six digits are exact in a double (2**53 millionths)."""
OUT_OF_RANGE_1E6 = int(VALUE_MAX) * 10**SCALE
"""What a value out of range is decoded to, with its sign, in millionths; it fits an Int64 a thousand times."""
LAYOUTS_MAX = 200_000
"""Layouts, and lists of flags, that are remembered; beyond it all are forgotten and learnt anew."""
TIMES_MAX = 100_000
"""Times of which the text is remembered, likewise: many reports bear the same."""

_HEAD = b'{"v":1,"source":"'
_ENDS = {
    b"%s,%s" % (flag, decoder): (flag == b"true", int(decoder[10:-1]))
    for flag in (b"false", b"true")
    for decoder in (b'"decoder":%d}' % n for n in range(1, 10))
}
"""How a line ends after its frame: whether it is backfill, and the version of its decoder."""
_ODD = bytes(b for b in range(0x20) if b != 10) + b"\\"
"""Bytes that make a line be read by the model: control characters and escapes."""
_NUMERIC = b"0123456789+-.eE,nul"
"""Bytes of which a list of numbers and nulls is made."""
_RECORDED = {
    "line": pl.Int64,
    "layout": pl.Int64,
    "flagset": pl.Int64,
    "n": pl.Int64,
    "time": pl.Int64,
    "sent": pl.Int64,
    "received": pl.Int64,
    "backfill": pl.Boolean,
    "decoder": pl.Int32,
}
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?[+-]\d\d:\d\d")
"""A time as the gateway writes it."""
_TIMES_MS = range(DAY_MS, 4_133_980_800_000 - DAY_MS)
"""Times that are surely within the years a report may bear [epoch ms]; what lies beyond is left to the model."""
_Row = tuple[int, int, int, int, int, int, int, bool, int]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a ``reports`` record that is no report, with the reason in words."""

    line: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Layout:
    """What all lines of one shape have in common; ``kind`` is a code of KINDS."""

    source: str
    kind: int
    factors: tuple[str, ...]
    stats: tuple[str, ...]


class Layouts:
    """The layouts and lists of flags met so far, numbered in the order of meeting; a memo, nothing depends on its contents."""

    def __init__(self) -> None:
        self.generation = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything; numbers handed out before mean nothing any more."""
        self.generation += 1
        self.known: list[Layout] = []
        self.lengths: list[int] = []
        self.flags: list[tuple[str, ...]] = []
        self.of_text: dict[tuple[bytes, bytes], int] = {}
        self.of_flags: dict[bytes, int] = {}
        self.of_time: dict[bytes, int] = {}
        self._of_layout: dict[Layout, int] = {}
        self._of_list: dict[tuple[str, ...], int] = {}

    def number(self, layout: Layout) -> int:
        """Return the number of a layout."""
        found = self._of_layout.setdefault(layout, len(self.known))
        if found == len(self.known):
            self.known.append(layout)
            self.lengths.append(len(layout.factors))
        return found

    def instant(self, text: bytes) -> int | None:
        """Return the epoch milliseconds of a time that is written as the gateway writes it; None leaves it to the model."""
        if not _TIME.fullmatch(text):
            return None
        try:
            time_ms = epoch_ms(datetime.fromisoformat(text.decode()))
        except ValueError:
            return None
        if time_ms not in _TIMES_MS:
            return None
        self.of_time[text] = time_ms
        return time_ms

    def flagset(self, flags: tuple[str, ...]) -> int:
        """Return the number of a list of flags."""
        found = self._of_list.setdefault(flags, len(self.flags))
        if found == len(self.flags):
            self.flags.append(flags)
        return found


@dataclass(frozen=True, slots=True)
class Decoded:
    """Report lines as columns.

    ``reports`` has one row a line that is a report, in order: ``line`` (position), ``layout``, ``flagset``, ``n`` readings of which the
    first is ``values[first]``, ``time``, ``sent``, ``received`` (epoch milliseconds), ``backfill``, ``decoder`` and ``digest`` (64 bits of
    the line's bytes). ``values`` are integers at SCALE, None where unreadable, OUT_OF_RANGE_1E6 with their sign where too great.
    """

    reports: pl.DataFrame
    values: pl.Series
    bad: list[BadLine]

    def table(self, layouts: Layouts) -> pl.DataFrame:
        """Return one row a reading: ``source``, ``kind``, ``time``, ``received``, ``factor``, ``stat``, ``flag``, ``value``; for files and pages."""
        rows: list[tuple[str, int, str, str, str]] = []
        for layout, flagset in self.reports.select("layout", "flagset").rows():
            known, flags = layouts.known[layout], layouts.flags[flagset]
            rows += [(known.source, known.kind, f, s, g) for f, s, g in zip(known.factors, known.stats, flags, strict=True)]
        named = pl.DataFrame(rows, schema=["source", "kind", "factor", "stat", "flag"], orient="row")
        each = self.reports.select("time", "received", n=pl.int_ranges(0, "n")).explode("n").drop("n")
        return pl.concat([named, each, self.values.to_frame("value")], how="horizontal") if rows else named


def decode(lines: Sequence[bytes], layouts: Layouts) -> Decoded:
    """Decode report lines, whatever wrote them; which way a line takes changes nothing of its row."""
    if max(len(layouts.known), len(layouts.flags)) > LAYOUTS_MAX:
        layouts.clear()
    if len(layouts.of_time) > TIMES_MAX:
        layouts.of_time.clear()
    return _assembled(lines, *_rows(lines, layouts, quick=True)) or _by_model(lines, layouts)


def _by_model(lines: Sequence[bytes], layouts: Layouts) -> Decoded:
    decoded = _assembled(lines, *_rows(lines, layouts, quick=False))
    assert decoded is not None, "what the model accepts can be assembled"
    return decoded


def _rows(lines: Sequence[bytes], layouts: Layouts, *, quick: bool) -> tuple[list[_Row], list[bytes], list[BadLine]]:
    """Return a row a report (position, layout, flagset, n, times, backfill, decoder), its values' text, and what is no report."""
    rows: list[_Row] = []
    texts: list[bytes] = []
    bad: list[BadLine] = []
    odd = _odd(b"\n".join(lines))
    of_text, of_flags, of_time, lengths = layouts.of_text, layouts.of_flags, layouts.of_time, layouts.lengths
    for position, line in enumerate(lines):
        head, _, rest = line.partition(b'","kind":"')
        shape, _, rest = rest.partition(b'],"values":[')
        values, _, rest = rest.partition(b'],"flags":[')
        flags, _, rest = rest.partition(b'],"sent":"')
        sent, _, rest = rest.partition(b'","received":"')
        received, _, rest = rest.partition(b'","protocol":"')
        protocol, _, rest = rest.partition(b'","frame":')
        frame, _, end = rest.partition(b',"backfill":')
        source, _, time = head.partition(b'","time":"')
        layout, flagset, ending = of_text.get((source, shape)), of_flags.get(flags), _ENDS.get(end)
        plain = (
            quick
            and ending is not None
            and b'"' not in protocol
            and (frame == b"null" or (2 < len(frame) <= TEXT_MAX and frame.count(b'"') == 2 and frame[0] == frame[-1] == 34))
            and not (odd and _odd(line))
        )
        if plain and layout is not None and flagset is not None:
            n = lengths[layout]
            measured_ms = of_time.get(time) or layouts.instant(time)
            sent_ms = of_time.get(sent) or layouts.instant(sent)
            received_ms = of_time.get(received) or layouts.instant(received)
            if measured_ms and sent_ms and received_ms and values.count(b",") + 1 == n == len(layouts.flags[flagset]):
                rows.append((position, layout, flagset, n, measured_ms, sent_ms, received_ms, *ending))  # type: ignore[misc]
                texts.append(values)
                continue
        try:
            report = Report.model_validate_json(line)
        except ValidationError as error:
            bad.append(_bad(line, error))
            continue
        layout, flagset = layouts.number(_layout(report)), layouts.flagset(tuple(report.flags))
        if plain and source.startswith(_HEAD):
            of_text[source, shape], of_flags[flags] = layout, flagset
        times = (epoch_ms(report.time), epoch_ms(report.sent), epoch_ms(report.received))
        rows.append((position, layout, flagset, len(report.values), *times, report.backfill, report.decoder))
        texts.append(orjson.dumps([_finite(value) for value in report.values])[1:-1])
    return rows, texts, bad


def _assembled(lines: Sequence[bytes], rows: list[_Row], texts: list[bytes], bad: list[BadLine]) -> Decoded | None:
    """Return rows and values as columns; None where a line that looked plain was not."""
    text = b",".join(texts)
    if text.translate(None, _NUMERIC):
        return None
    try:
        numbers = orjson.loads(b"[" + text + b"]")
    except orjson.JSONDecodeError:
        return None
    columns = zip(*rows, strict=True) if rows else ((),) * len(_RECORDED)
    reports = pl.DataFrame(
        [pl.Series(n, c, dtype=t) for (n, t), c in zip(_RECORDED.items(), columns, strict=True)]
    ).with_columns(
        first=pl.col("n").cum_sum() - pl.col("n"),
        digest=pl.Series([xxhash.xxh3_64_intdigest(lines[row[0]]) for row in rows], dtype=pl.UInt64),
    )
    if len(numbers) != int(reports["n"].sum()):
        return None
    values = pl.Series("value", numbers, dtype=pl.Float64)
    exact = (pl.col("value").clip(-VALUE_MAX, VALUE_MAX) * 10**SCALE).round().cast(pl.Int64)
    return Decoded(reports, values.to_frame().select(exact).to_series(), bad)


def _odd(text: bytes) -> bool:
    """Whether bytes hold what only a full reader of JSON understands: control characters, escapes, text that is not UTF-8."""
    if len(text.translate(None, _ODD)) != len(text):
        return True
    try:
        return not text.isascii() and text.decode() is None
    except UnicodeDecodeError:
        return True


def _finite(value: float | None) -> float | None:
    """Return a value as JSON can tell it: one beyond all doubles (1e400) as the bound that it exceeds."""
    return math.copysign(VALUE_MAX, value) if value is not None and math.isinf(value) else value


def _layout(report: Report) -> Layout:
    return Layout(report.source, KINDS.index(report.kind), tuple(report.factors), tuple(report.stats))


def _bad(line: bytes, error: ValidationError) -> BadLine:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    what = first["msg"].removeprefix("Value error, ")
    return BadLine(line, f"{where}: {what}" if where else what)
