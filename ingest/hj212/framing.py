"""A byte stream is cut into frames, quarantined candidates, line ends and noise; every byte in exactly one (hj212.md §2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Literal, NamedTuple

from ingest.hj212.crc import DIALECT_WORDS, crc, dialect

FRAME_BYTES_MAX = 9_999
"""Longest data segment: what four digits can declare. The standard allows 1,024; live devices send up to 1,757."""
CANDIDATE_BYTES_MAX = 10_240
"""Bytes after which a candidate without an end is set aside; also the bound on what one stream holds back."""
NOISE_PIECE_BYTES_MAX = 4_096
"""Noise is handed on in pieces of at most this size."""
END_BYTES_MAX = 16
"""CR, LF, NUL, blank and ``*`` swallowed after a candidate; more of them is noise."""
LOOSE_TAILS_MAX = 4
"""Places in one candidate where a CRC is tried that no line end follows."""
STALL_S = 60.0
"""Time after which a candidate that has begun but not ended is set aside."""

Kind = Literal["frame", "quarantined", "noise", "end"]
Account = Literal["accepted", "quarantined", "noise"]


class Piece(NamedTuple):
    """A stretch of the stream.

    ``kind`` "end" is the line end or padding behind a candidate. ``account`` is the sum its bytes belong to. ``offset`` counts
    from the stream's start. ``crc`` is "ok", a dialect, "wrong" or "none" (no CRC was found). ``segment`` is the data segment,
    where its ends are known. ``reason`` says why a candidate is quarantined; ``note`` what else is odd.
    """

    kind: Kind
    account: Account
    offset: int
    data: bytes
    reason: str | None = None
    crc: str = "none"
    segment: bytes | None = None
    note: str | None = None


TRUNCATED = "truncated"
NO_CRC = "no crc"
CRC_WRONG = "crc wrong"
LENGTH_AND_CRC_WRONG = "length and crc wrong"
OVER_LONG = f"over-long: no end within {CANDIDATE_BYTES_MAX} bytes"
LENGTH_MISMATCH = "length_mismatch"
"""Note on a frame whose declared length is wrong, while the CRC over its true segment is right."""

_HEAD = 6
_ENDS = b"\r\n\0 *"
_HEX4 = re.compile(rb"[0-9A-Fa-f]{4}")
_HEX3 = re.compile(rb"([0-9A-Fa-f]{3})(?=[\r\n]|##)")
_DIGITS = re.compile(rb"[0-9]{4}")
_TAIL = re.compile(rb"&&([0-9A-Fa-f]{4}(?=[\r\n\0 *]|##)|[0-9A-Fa-f]{3}(?=[\r\n]|##))")
_TAIL_LAST = re.compile(rb"&&([0-9A-Fa-f]{4}(?=[\r\n\0 *]|##|\Z)|[0-9A-Fa-f]{3}(?=[\r\n]|##|\Z))")
_CLOSED = re.compile(rb"&&([0-9A-Fa-f]{4})")
_UNCLOSED = re.compile(rb"[0-9A-Fa-f]{4}\Z|&&[^#\r\n]{4}\Z")
"""What says that a frame ends where its length says, although ``&&`` or the digits of its CRC were mangled."""
_MN = re.compile(rb"(?:^|[;,])\s*MN=([^;,]*)", re.IGNORECASE)


def strict(_mn: str) -> str:
    """Accept no CRC dialect from any device."""
    return ""


class Framer:
    """Cuts one stream, handed in as it arrives; how it was cut into chunks changes no piece."""

    def __init__(self, dialect_of: Callable[[str], str] = strict) -> None:
        """``dialect_of`` gives the wrong CRC that is accepted from an MN, or ""."""
        self._dialect_of = dialect_of
        self._buffer = bytearray()
        self._offset = 0
        self._scanned = 0
        self._behind: Account | None = None
        self._pending = False
        self._candidate = -1
        self._since_s = 0.0

    @property
    def pending(self) -> bool:
        """Whether a candidate has begun and not ended."""
        return self._pending

    def feed(self, chunk: bytes, now_s: float = 0.0) -> list[Piece]:
        """Return the pieces that ``chunk`` completes, in order; ``now_s`` is any steady clock's time."""
        self._buffer += chunk
        return self._cut(now_s, final=False)

    def expire(self, now_s: float) -> list[Piece]:
        """Set a candidate aside that began ``STALL_S`` ago, and go on behind it."""
        if not self._pending or now_s - self._since_s < STALL_S:
            return []
        pieces: list[Piece] = []
        self._decide(self._scanned, pieces, final=True)
        return pieces + self._cut(now_s, final=False)

    def close(self) -> list[Piece]:
        """Return what is left when the stream ends; afterwards the framer can be fed a new stream, offsets go on."""
        return self._cut(0.0, final=True)

    def _cut(self, now_s: float, *, final: bool) -> list[Piece]:
        pieces: list[Piece] = []
        buffer = self._buffer
        self._pending = False
        while buffer:
            if self._behind is not None and not self._line_end(pieces, final=final):
                break
            start = buffer.find(b"##", self._scanned)
            if start < 0:
                self._scanned = len(buffer) - (buffer.endswith(b"#") and not final)
                self._noise(pieces, self._scanned if final else self._scanned // NOISE_PIECE_BYTES_MAX * NOISE_PIECE_BYTES_MAX)
                break
            self._scanned = start
            if not self._decide(start, pieces, final=final):
                self._pending = True
                if self._candidate != self._offset + self._scanned:
                    self._candidate, self._since_s = self._offset + self._scanned, now_s
                break
        if final:
            self._behind = None
        return pieces

    def _line_end(self, pieces: list[Piece], *, final: bool) -> bool:
        """Take the line end behind a candidate; False while more of it may come."""
        buffer, account = self._buffer, self._behind
        assert account is not None
        count, limit = 0, min(len(buffer), END_BYTES_MAX)
        while count < limit and buffer[count] in _ENDS:
            count += 1
        if count == len(buffer) < END_BYTES_MAX and not final:
            return False
        if count:
            self._take(pieces, count, "end", account)
        self._behind = None
        return True

    def _noise(self, pieces: list[Piece], size: int) -> None:
        while size > 0:
            part = min(size, NOISE_PIECE_BYTES_MAX)
            self._take(pieces, part, "noise", "noise")
            self._scanned -= part
            size -= part

    def _decide(self, start: int, pieces: list[Piece], *, final: bool) -> bool:
        """Decide on the ``##`` at ``start``; False while bytes are missing."""
        buffer = self._buffer
        if len(buffer) < start + _HEAD and not final:
            return False
        digits = buffer[start + 2 : start + _HEAD]
        if not _DIGITS.fullmatch(digits) and not (len(digits) < 4 and digits.isdigit()):
            self._scanned = start + 1
            return True
        found = self._candidate_at(start, final=final)
        if found is None:
            return False
        size, piece = found
        self._noise(pieces, start)
        self._take(pieces, size, piece.kind, piece.account, piece)
        self._behind = piece.account
        self._scanned = 0
        return True

    def _candidate_at(self, start: int, *, final: bool) -> tuple[int, Piece] | None:
        """Return size and verdict of the candidate at ``start``, or None while bytes are missing."""
        buffer = self._buffer
        length = len(buffer) - start
        if length < _HEAD:
            return length, _quarantined(TRUNCATED)
        end = start + _HEAD + int(buffer[start + 2 : start + _HEAD])
        if len(buffer) >= end + 4:
            tail = buffer[end : end + 4]
            if _HEX4.fullmatch(tail):
                verdict = self._matches(start, end, int(tail, 16))
                if verdict:
                    return end + 4 - start, verdict
            else:
                short = _HEX3.match(buffer, end)
                if short and (verdict := self._matches(start, end, int(short[1], 16))):
                    return end + 3 - start, verdict
                if tail.endswith(b"#") and _HEX4.fullmatch(b"0" + tail[:3]) and len(buffer) == end + 4 and not final:
                    return None
        elif not final:
            return None
        return self._recovered(start, end, final=final)

    def _recovered(self, start: int, end: int, *, final: bool) -> tuple[int, Piece] | None:
        """Look for the true end of a candidate whose CRC is not where its length says (hj212.md §2, step 4)."""
        buffer = self._buffer
        window = min(len(buffer), start + CANDIDATE_BYTES_MAX)
        next_start = buffer.find(b"##", start + _HEAD, window)
        ended = not _HEAD <= next_start - start < end - start and self._ends_at(end, final=final)
        if ended is None:
            return None
        if ended:
            found = self._right_tail(start, end, _TAIL.search(buffer, start + _HEAD, end), end)
            return found or (end + 4 - start, _quarantined(CRC_WRONG, "wrong", bytes(buffer[start + _HEAD : end])))
        last = final and window == len(buffer) and next_start < 0
        limit = window if next_start < 0 else next_start + 2
        tail = (_TAIL_LAST if last else _TAIL).search(buffer, start + _HEAD, limit)
        full = window - start == CANDIDATE_BYTES_MAX
        if not (tail or next_start >= 0 or full or final):
            return None
        found = self._right_tail(start, end, tail, tail.start() if tail else limit)
        if found:
            return found
        if tail:
            true_end = tail.start() + 2
            reason = CRC_WRONG if true_end == end else LENGTH_AND_CRC_WRONG
            return tail.end() - start, _quarantined(reason, "wrong", bytes(buffer[start + _HEAD : true_end]))
        if next_start < 0 and full:
            return CANDIDATE_BYTES_MAX, _quarantined(OVER_LONG)
        size = (window if next_start < 0 else next_start) - start
        closed = buffer.count(b"&&", start + _HEAD, start + size) > 1
        return size, _quarantined(NO_CRC if closed else TRUNCATED)

    def _ends_at(self, end: int, *, final: bool) -> bool | None:
        """Return whether a candidate ends where its length says; None while the bytes behind it are missing.

        It does with ``&&`` and four digits, and, where one of the two was mangled, if a line end or the next ``##`` follows.
        """
        tail, behind = bytes(self._buffer[end - 2 : end + 4]), bytes(self._buffer[end + 4 : end + 6])
        if _CLOSED.fullmatch(tail):
            return True
        if len(tail) < len("&&") + 4 or not _UNCLOSED.search(tail):
            return False
        if behind in (b"", b"#") and not final:
            return None
        return behind == b"##" or behind[:1] in (b"\r", b"\n", b"")

    def _right_tail(self, start: int, end: int, tail: re.Match[bytes] | None, limit: int) -> tuple[int, Piece] | None:
        """Return the candidate that ends at ``tail``, or before ``limit`` at a CRC that anything may follow, if it is right."""
        loose = islice(_CLOSED.finditer(self._buffer, start + _HEAD, limit), LOOSE_TAILS_MAX)
        for found in (*((tail,) if tail else ()), *loose):
            verdict = self._matches(start, found.start() + 2, int(found[1], 16))
            if verdict:
                note = None if found.start() + 2 == end else LENGTH_MISMATCH
                return found.end() - start, verdict._replace(note=note)
        return None

    def _matches(self, start: int, end: int, sent: int) -> Piece | None:
        """Return the verdict on a segment whose CRC is right, by the standard or by a dialect; None where it is wrong."""
        segment = bytes(self._buffer[start + _HEAD : end])
        if crc(segment) == sent:
            return Piece("frame", "accepted", 0, b"", None, "ok", segment)
        name = dialect(segment, sent)
        if name is None:
            return None
        mn = _MN.search(segment)
        if mn and self._dialect_of(mn[1].strip().decode("utf-8", "replace")) == name:
            return Piece("frame", "accepted", 0, b"", None, name, segment)
        return _quarantined(DIALECT_WORDS[name], name, segment)

    def _take(self, pieces: list[Piece], size: int, kind: Kind, account: Account, verdict: Piece | None = None) -> None:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        if verdict is None:
            pieces.append(Piece(kind, account, self._offset, data))
        else:
            pieces.append(verdict._replace(offset=self._offset, data=data))
        self._offset += size


def _quarantined(reason: str, crc: str = "none", segment: bytes | None = None) -> Piece:
    return Piece("quarantined", "quarantined", 0, b"", reason, crc, segment)
