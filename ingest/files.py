"""Captured streams: raw HJ 212 packets, a server's JSON-lines log, report lines; every byte is accounted for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.hj212.decode import LOCAL, Undecodable, decode, device_time, sent_time
from ingest.hj212.framing import Framer, Piece, strict
from ingest.hj212.verdict import judge

CHUNK_BYTES = 65_536
LINE_ENDS = b"\r\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of one read: when they arrived (None where the file does not say) and on which connection; ``end`` closes it."""

    data: bytes
    received: datetime | None
    peer: str
    end: bool = False


class NotReadable(Exception):
    """A file that is none of the known kinds; the text names file, line and remedy."""


def sniff(path: Path) -> str:
    """Return what a file holds: "log" (a server's JSON lines with ``raw``), "reports" (report lines) or "packets"."""
    with _open(path) as file:
        head = file.read(4_096).lstrip()
    if not head.startswith(b"{"):
        return "packets"
    line = head.split(b"\n", 1)[0]
    return "reports" if b'"factors"' in line or b'"tick"' in line else "log"


def chunks(path: Path) -> Iterator[Chunk]:
    """Read a packet file or a server's log as a sequence of reads.

    In a server's log the text of a read lost its trailing line end; it is put back (the data's README), except where a packet
    continues in the next read of the same connection, which no line end can be told from: there the read ends without ``&&``.
    """
    if sniff(path) == "packets":
        with _open(path) as file:
            while data := file.read(CHUNK_BYTES):
                yield Chunk(data, None, path.name)
        yield Chunk(b"", None, path.name, end=True)
        return
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                arrival = datetime.fromisoformat(row["arrival"]).replace(tzinfo=LOCAL)
                event, peer = row["event"], f"worker {row.get('worker', 0)}"
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise NotReadable(
                    f"{path}, line {number}: no entry of a server log ({error}); expected arrival, event, raw"
                ) from None
            if event == "data":
                yield Chunk(read_bytes(row["raw"]), arrival, peer)
            elif event in ("disconnect", "io_error"):
                yield Chunk(b"", arrival, peer, end=True)


def read_bytes(raw: str) -> bytes:
    """Return the bytes of one read: its text, with the line end put back where a whole packet ends the read."""
    data = raw.encode("utf-8")
    whole = len(data) >= 6 and data[-6:-4] == b"&&" and all(c in b"0123456789abcdefABCDEF" for c in data[-4:])
    return data + LINE_ENDS if whole else data


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a file with its arrival; ``offset`` counts from the start of its connection's stream."""

    piece: Piece
    received: datetime | None
    peer: str
    offset: int


def scan(path: Path, dialect_of: Callable[[str], str] = strict) -> Iterator[Found]:
    """Cut a file into pieces; each connection is a stream of its own, and every byte is in exactly one piece."""
    framers: dict[str, Framer] = {}
    for chunk in chunks(path):
        framer = framers.setdefault(chunk.peer, Framer(dialect_of))
        pieces = framer.close() if chunk.end else framer.feed(chunk.data)
        for piece in pieces:
            yield Found(piece, chunk.received, chunk.peer, piece.offset)
        if chunk.end:
            framers.pop(chunk.peer, None)
    for peer, framer in framers.items():
        for piece in framer.close():
            yield Found(piece, None, peer, piece.offset)


def arrival_of(found: Found) -> datetime:
    """Return when a piece arrived; where the file does not say, when its packet says it was sent, else its DataTime."""
    if found.received is not None:
        return found.received
    if found.piece.segment is not None:
        try:
            packet = decode(found.piece.segment)
        except Undecodable:
            packet = None
        if packet is not None:
            time = sent_time(packet.header.get("QN", "")) or device_time(packet.fields.get("DataTime", ""))
            if time is not None:
                return time
    return datetime(1970, 1, 1, tzinfo=LOCAL)


def decoded_json(found: Found) -> dict[str, object]:
    """Return what ``plumeline decode --json`` prints of a frame or quarantined candidate, values as sent."""
    judged = judge(found.piece, found.received)
    out = judged.described(found.offset)
    if judged.notes:
        out["notes"] = judged.notes.split("; ")
    return out


def _open(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
