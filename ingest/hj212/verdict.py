"""The last word on a piece of a stream: accepted with packet and readings, or quarantined with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ingest.hj212.answer import answer
from ingest.hj212.decode import LOCAL, Packet, Undecodable, decode
from ingest.hj212.framing import Account, Piece
from ingest.hj212.parts import Parts
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
        return self.packet.mn or None if self.packet is not None else None

    @property
    def notes(self) -> str | None:
        """``noted`` as one text of bounded length."""
        return "; ".join(self.noted)[:NOTE_CHARS_MAX] or None

    @property
    def noted(self) -> list[str]:
        """What is odd about the frame, though it was accepted."""
        notes = [self.piece.note] if self.piece.note else []
        if self.piece.segment is not None and len(self.piece.segment) > STANDARD_BYTES_MAX:
            notes.append(f"data segment of {len(self.piece.segment)} bytes, the standard allows {STANDARD_BYTES_MAX}")
        if self.packet is not None:
            notes += [] if self.packet.header.get("ST", "").strip() else ["no ST"]
            notes += self.packet.notes
        return notes

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
        """Return what ``plumeline decode --json`` prints; ``length`` leaves the line end out.

        A frame without a CRC has none that is right: its ``crc`` is "wrong", and ``reason`` says the rest. ``groups`` stands
        there only where a name repeats, so that no value is missing.
        """
        packet = self.packet
        out: dict[str, object] = {
            "offset": offset,
            "length": len(self.piece.data),
            "status": "ok" if self.reason is None else "quarantined",
            "reason": self.reason,
            "crc": "wrong" if self.piece.crc == "none" else self.piece.crc,
            "header": dict(packet.header) if packet else {},
            "fields": dict(packet.fields) if packet else {},
            "factors": {code: dict(values) for code, values in packet.factors.items()} if packet else {},
        }
        if packet and packet.repeats:
            out["groups"] = packet.groups
        return out


class Stream:
    """Judges the pieces of one stream, in order: parts of a record and line ends belong to what came before them."""

    def __init__(self) -> None:
        self._parts = Parts()
        self._account: Account = "accepted"

    def judge(self, piece: Piece, received: datetime | None = None) -> Judged:
        """Return the verdict on a frame or quarantined candidate."""
        judged = judge(piece, received, self._parts)
        self._account = "accepted" if judged.reason is None else "quarantined"
        return judged

    def account(self, piece: Piece) -> Account:
        """Return the sum that noise or a line end belongs to; a line end's is that of the candidate judged before it."""
        return self._account if piece.kind == "end" else piece.account


def judge(piece: Piece, received: datetime | None = None, parts: Parts | None = None) -> Judged:
    """Return the verdict on a frame or quarantined candidate; without an arrival the device's own time of sending counts.

    ``parts`` are the sub-packets that came before. A candidate whose CRC is wrong gives no source, readings or answer that
    anyone could rely on; its text is decoded where possible, so that a person sees what it says.
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
        label = (parts or Parts()).label(packet, received)
        readings = reports(packet, received, identity, label)
    except Undecodable as error:
        return Judged(identity, piece, packet, str(error), [], None)
    return Judged(identity, piece, packet, None, readings, answer(packet))
