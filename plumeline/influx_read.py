"""Asking an InfluxDB 2 by Flux: questions with a range of time and a bound of rows, answers as the columns of a CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import urllib3.exceptions
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from processors.influx import NS, tag_value
from processors.store import StoreAway

ANSWER_MS = 30_000
"""How long the server may take for one answer."""
FIELD_BYTES_MAX = 16 * 2**20
"""Bytes of one text in an answer."""
FLOOR_MS, UNTIL_MS = 0, 4_133_980_800_000
"""Times that a question can reach: 1970 to 2100, as records may."""
DIALECT = {"header": True, "annotations": [], "dateTimeFormat": "RFC3339Nano"}
"""How answers are written."""
TOLD_MAX = 300
"""Characters of the server's words that an error repeats."""
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\x24"}


class TooMuch(StoreAway):
    """An answer would hold more rows than its bound; a shorter range can be asked for."""


class InfluxReader:
    """One server, one organisation; ``prefix`` stands before the buckets' names. May be used from several threads."""

    def __init__(self, url: str, token: str, org: str, prefix: str = "") -> None:
        self.url, self.prefix = url, prefix
        self._client = InfluxDBClient(url, token, org=org, timeout=ANSWER_MS)
        self._api = self._client.query_api()
        csv.field_size_limit(FIELD_BYTES_MAX)

    def rows(
        self,
        bucket: str,
        start_ns: int,
        stop_ns: int,
        where: str,
        columns: Sequence[str],
        bound: int,
        *,
        newest: bool = False,
        each: str = "",
        cut: bool = False,
    ) -> list[list[str]]:
        """Return columns of the points in [start, stop) that a predicate of Flux holds for, in no order.

        Args:
            bucket: without the prefix.
            start_ns, stop_ns: nanoseconds; cut to FLOOR_MS and UNTIL_MS.
            where: of ``r``; texts in it come from ``text`` or ``tag``.
            columns: as Flux names them.
            bound: rows at most.
            newest: whether those are the newest of more.
            each: "first" or "last", where one point of each series is wanted.
            cut: whether more rows than the bound are left off, rather than refused.

        Raises:
            TooMuch: there are more rows than ``bound``.
            StoreAway: the server does not answer, or answers with an error.
        """
        start_ns, stop_ns = max(start_ns, FLOOR_MS * NS), min(stop_ns, UNTIL_MS * NS)
        if start_ns >= stop_ns or bound <= 0:
            return []
        steps = [
            f"from(bucket: {text(self.prefix + bucket)})",
            f"range(start: {_time(start_ns)}, stop: {_time(stop_ns)})",
            f"filter(fn: (r) => {where})",
            *([f"{each}()"] if each else []),
            f"keep(columns: [{', '.join(map(text, columns))}])",
            "group()",
            *(['sort(columns: ["_time"], desc: true)'] if newest else []),
            f"limit(n: {bound if newest or cut else bound + 1})",
        ]
        found = list(self._answer(" |> ".join(steps), columns))
        if len(found) > bound:
            raise TooMuch(f"more than {bound} rows: ask for a shorter range")
        return found

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _answer(self, flux: str, columns: Sequence[str]) -> Iterator[list[str]]:
        try:
            answer = self._api.query_raw(flux, dialect=DIALECT)
            answer.auto_close = False
            try:
                yield from _rows(csv.reader(io.TextIOWrapper(answer, encoding="utf-8", newline="")), columns)
            finally:
                answer.release_conn()
        except ApiException as error:
            told = str(error.body or error.reason or "")[:TOLD_MAX]
            raise StoreAway(f"the store at {self.url} answers {error.status}: {told}") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise StoreAway(f"the store at {self.url} does not answer: {type(error).__name__}: {error}") from error


def text(value: str) -> str:
    """Return a text as a literal of Flux."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c >= " " else f"\\x{ord(c):02x}") for c in value) + '"'


def tag(value: str) -> str:
    """Return, as a literal of Flux, what stands in a tag for a text."""
    return text(tag_value(value))


def pattern(expression: str) -> str:
    """Return a regular expression, in which texts went through ``escaped``, as a literal of Flux."""
    return "/" + expression.replace("/", "\\/") + "/"


def escaped(value: str) -> str:
    """Return a text as a regular expression; Flux knows fewer escapes than Python writes."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", value)


def ms_of(time: str) -> int:
    """Return the epoch milliseconds of a time in an answer, whose digits below are dropped."""
    whole, _, rest = time.removesuffix("Z").partition(".")
    seconds = int((datetime.fromisoformat(whole) - datetime(1970, 1, 1)).total_seconds())
    return seconds * 1000 + int(rest[:3].ljust(3, "0"))


def _rows(lines: Iterator[list[str]], columns: Sequence[str]) -> Iterator[list[str]]:
    """Pick columns from the tables of an answer, each with its header; an error in the midst comes as a table of its own."""
    places: list[int] | None = None
    for row in lines:
        if not row:
            places = None
        elif places is not None:
            yield [row[n] for n in places]
        elif "error" in row and "reference" in row:
            raise StoreAway(f"the store broke off: {' '.join(next(lines, []))[:TOLD_MAX]}")
        else:
            places = [row.index(name) for name in columns]


def _time(ns: int) -> str:
    second, rest = divmod(ns, 1000 * NS)
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
