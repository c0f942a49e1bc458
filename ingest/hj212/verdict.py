"""The last word on a piece of a stream: accepted with packet and readings, or quarantined with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ingest.hj212.answer import answer
from ingest.hj212.decode import LOCAL, Packet, Undecodable, decode
from ingest.hj212.framing import Piece
from ingest.hj212.reading import Readings, reports
from ingest.records import compact, frame_id, iso

STANDARD_BYTES_MAX = 1_024
"""Longest data segment of the standard; a longer one is accepted and noted."""
NOTE_CHARS_MAX = 500
"""Characters of a frame's notes."""


class Judged(NamedTuple):
    """A frame or candidate with its verdict.

    ``reason`` is None where it is accepted. ``packet`` may be there although it is quarantined, where its text could be read.
    ``answer`` is what the device is owed once everything is durable.
    """

    id: str
    piece: Piece
    packet: Packet | None
    reason: str | None
    readings: list[Readings]
    answer: bytes | None

    @property
    def source(self) -> str | None:
        """The device's identity, None where it could not be read."""
        return self.packet.mn if self.packet is not None else None

    @property
    def notes(self) -> str | None:
        """What is odd about the frame, though it was accepted."""
        notes = [self.piece.note] if self.piece.note else []
        if self.piece.segment is not None and len(self.piece.segment) > STANDARD_BYTES_MAX:
            notes.append(f"data segment of {len(self.piece.segment)} bytes, the standard allows {STANDARD_BYTES_MAX}")
        if self.packet is not None:
            notes += self.packet.notes
        return "; ".join(notes)[:NOTE_CHARS_MAX] or None

    def frame_line(self, received: datetime, peer: str) -> bytes:
        """Return the NDJSON line of the frame's record, as ``ingest.records.Frame`` accepts it.

        ``answered`` says that an answer is due; it is sent when this record is durable.
        """
        text = {
            "raw": self.piece.data.decode("latin-1"),
            "verdict": self.reason or "ok",
            "crc": self.piece.crc,
            "source": self.source,
            "answered": self.answer is not None,
            "detail": self.notes,
        }
        protocol = self.packet.protocol if self.packet is not None else "hj212"
        head = {"v": 1, "id": self.id, "received": iso(received.astimezone(LOCAL)), "peer": peer, "protocol": protocol}
        return compact({**head, **text})

    def described(self, offset: int) -> dict[str, object]:
        """Return what ``plumeline decode --json`` prints; ``length`` leaves the line end out."""
        packet = self.packet
        return {
            "offset": offset,
            "length": len(self.piece.data),
            "status": "ok" if self.reason is None else "quarantined",
            "reason": self.reason,
            "crc": self.piece.crc,
            "header": dict(packet.header) if packet else {},
            "fields": dict(packet.fields) if packet else {},
            "factors": {code: dict(values) for code, values in packet.factors.items()} if packet else {},
        }


def judge(piece: Piece, received: datetime | None = None) -> Judged:
    """Return the verdict on a frame or quarantined candidate; without an arrival the device's own time of sending counts.

    A candidate whose CRC is wrong gives no source, readings or answer that anyone could rely on; its text is decoded where
    possible, so that a person sees what it says.
    """
    identity = frame_id(piece.data)
    packet: Packet | None = None
    try:
        if piece.segment is not None:
            packet = decode(piece.segment)
    except Undecodable as error:
        return Judged(identity, piece, None, piece.reason or str(error), [], None)
    if piece.kind != "frame" or packet is None:
        return Judged(identity, piece, packet, piece.reason, [], None)
    try:
        readings = reports(packet, received, identity)
    except Undecodable as error:
        return Judged(identity, piece, packet, str(error), [], None)
    return Judged(identity, piece, packet, None, readings, answer(packet))
