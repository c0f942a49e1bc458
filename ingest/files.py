"""Captured streams: raw HJ 212 packets, a server's JSON-lines log, report lines; every byte is accounted for."""

from __future__ import annotations

import gzip
import json
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.hj212.decode import LOCAL
from ingest.hj212.framing import Framer, Piece, strict
from ingest.hj212.verdict import Stream
from ingest.records import YEAR_MAX, YEAR_MIN

CHUNK_BYTES = 65_536
LINE_BYTES_MAX = 65_536
"""Bytes of a first line that tell what a file holds."""
LINE_ENDS = b"\r\n"
TAIL_BYTES = 6
"""``&&`` and the four digits of a CRC."""
BLANK = b" \t\r\n\xef\xbb\xbf"
"""What may stand around a line, a byte order mark among it."""
LOG_KEY = re.compile(rb'"(?:arrival|event|raw)"\s*:')
"""What a server's log has in its first line; other bytes after a brace are noise before packets."""
NO_ENTRY = "no entry of a server log"
"""Verdict on a line of a server's log that cannot be read."""
_TAIL = re.compile(rb"&&[0-9A-Fa-f]{4}\Z")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of one read: when they arrived (None where the file does not say) and on which connection; ``end`` closes it.

    ``fault`` says why the bytes are no read but a line of a log that could not be read.
    """

    data: bytes
    received: datetime | None
    peer: str
    end: bool = False
    fault: str | None = None


class NotReadable(Exception):
    """A file that is none of the known kinds; the text names file, line and remedy."""


def size_of(path: Path) -> int:
    """Return the bytes of a file.

    Raises:
        NotReadable: there is none, or it is a folder, a device or out of reach.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise NotReadable(f"{path}: {(error.strerror or str(error)).lower()}") from None
    if not stat.S_ISREG(found.st_mode):
        raise NotReadable(f"{path}: {'a folder' if stat.S_ISDIR(found.st_mode) else 'no regular file'}")
    return found.st_size


def sniff(path: Path) -> str:
    """Return what a file holds: "log" (a server's JSON lines with ``raw``), "reports" (report lines) or "packets"."""
    with _open(path) as file:
        line = b""
        while not line.strip(BLANK) and (part := file.readline(LINE_BYTES_MAX)):
            line = part
    line = line.strip(BLANK)
    if not line.startswith(b"{"):
        return "packets"
    if b'"factors"' in line or b'"tick"' in line:
        return "reports"
    return "log" if LOG_KEY.search(line) else "packets"


def chunks(path: Path) -> Iterator[Chunk]:
    """Read a packet file or a server's log as a sequence of reads.

    In a server's log the text of a read lost its trailing line end; it is put back (the data's README), except where a packet
    continues in the next read of the same connection, which no line end can be told from: there the connection's text so far
    ends without ``&&`` and CRC. A line that says of no event is a stream of its own, its ``raw`` as it stands. A line that is
    no entry, as where a log was cut, is handed on with its fault.

    Raises:
        NotReadable: the first line of a log is no entry.
    """
    if sniff(path) == "packets":
        with _open(path) as file:
            while data := file.read(CHUNK_BYTES):
                yield Chunk(data, None, path.name)
        yield Chunk(b"", None, path.name, end=True)
        return
    tails: dict[str, bytes] = {}
    known = False
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip(BLANK):
                continue
            try:
                entry = _entry(json.loads(line.lstrip(BLANK)), number)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                told = f"line {number}: {NO_ENTRY} ({error}); expected arrival, event, raw"
                if not known:
                    raise NotReadable(f"{path}, {told}") from None
                yield Chunk(line, None, f"line {number}", end=True, fault=told)
                continue
            known = True
            if entry is None:
                continue
            if entry.end or entry.received is None:
                tails.pop(entry.peer, None)
                yield entry
                continue
            text = tails.get(entry.peer, b"") + entry.data
            tails[entry.peer] = text[-TAIL_BYTES:]
            yield replace(entry, data=entry.data + LINE_ENDS) if entry.data and _TAIL.search(text) else entry


def _entry(row: dict[str, Any], number: int) -> Chunk | None:
    """Return what a log's line says of a connection; None for an event that is of no account here."""
    if "event" not in row and "raw" in row:
        return Chunk(_bytes(row["raw"]), None, f"line {number}", end=True)
    arrival = datetime.fromisoformat(row["arrival"])
    arrival = arrival if arrival.tzinfo else arrival.replace(tzinfo=LOCAL)
    if not YEAR_MIN <= arrival.year <= YEAR_MAX:
        raise ValueError(f"arrival in the year {arrival.year}")
    event, peer = row["event"], f"worker {row.get('worker', 0)}"
    if event == "data":
        return Chunk(_bytes(row["raw"]), arrival, peer)
    return Chunk(b"", arrival, peer, end=True) if event in ("disconnect", "io_error") else None


def _bytes(raw: str) -> bytes:
    return raw.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a file with its arrival; ``offset`` counts from the start of its connection's stream."""

    piece: Piece
    received: datetime | None
    peer: str
    offset: int
    stream: Stream


def scan(path: Path, dialect_of: Callable[[str], str] = strict) -> Iterator[Found]:
    """Cut a file into pieces; each connection is a stream of its own, and every byte is in exactly one piece."""
    open_: dict[str, tuple[Framer, Stream]] = {}
    for chunk in chunks(path):
        if chunk.fault is not None:
            broken = Piece("quarantined", "quarantined", 0, chunk.data, NO_ENTRY, note=chunk.fault)
            yield Found(broken, None, chunk.peer, 0, Stream())
            continue
        framer, stream = open_.setdefault(chunk.peer, (Framer(dialect_of), Stream()))
        pieces = framer.feed(chunk.data) + (framer.close() if chunk.end else [])
        for piece in pieces:
            yield Found(piece, chunk.received, chunk.peer, piece.offset, stream)
        if chunk.end:
            open_.pop(chunk.peer, None)
    for peer, (framer, stream) in open_.items():
        for piece in framer.close():
            yield Found(piece, None, peer, piece.offset, stream)


def decoded_json(found: Found) -> dict[str, object]:
    """Return what ``plumeline decode --json`` prints of a frame or quarantined candidate, values as sent."""
    judged = found.stream.judge(found.piece, found.received)
    out = judged.described(found.offset)
    if judged.noted:
        out["notes"] = judged.noted
    return out


def _open(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
