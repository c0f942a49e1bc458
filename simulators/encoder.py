"""HJ 212-2017 frames as a device writes them: data segment, CRC, sub-packets.

Written from the standard's text alone and sharing nothing with the decoder, so that an error in one of them shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from simulators.clock import CST

SEGMENT_MAX = 1024
"""Bytes of a data segment (HJ 212-2017, 6.3.1)."""
CP_MAX = 950
"""Bytes of the data area with its delimiters (HJ 212-2017, 6.3.2)."""
ANSWER, NUMBERED, EDITION_2017 = 1, 2, 4
"""Weights of the Flag: answer wanted, packet numbers present, version bits 000001."""
REALTIME, DAY, MINUTE, HOUR, POWER_ON, DATA_ANSWER = "2011", "2031", "2051", "2061", "2081", "9014"
"""Command numbers CN that the simulators use."""


class Identity(NamedTuple):
    """Who sends: system code ST, device number MN (24 hex characters) and access password PW."""

    mn: str
    st: str = "31"
    pw: str = "123456"


class Item(NamedTuple):
    """One code of the data area with its members, such as ("a21026", (("Rtd", "31.2"), ("Flag", "N")))."""

    code: str
    members: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """Return ``code-Name=value,code-Name=value``."""
        return ",".join(f"{self.code}-{name}={value}" for name, value in self.members)


@dataclass(frozen=True, slots=True)
class Packet:
    """What is to be sent, without its QN: the QN is given when it is sent. ``pnum`` 0 means not divided."""

    cn: str
    data_time: str
    cp: str
    pnum: int = 0
    pno: int = 0


def crc(data: bytes) -> str:
    """Return the check characters of a data segment.

    Source:
        HJ 212-2017, Appendix A: register 0xFFFF; the high byte alone is kept and XORed with each byte, then eight shifts with
        0xA001. Not CRC-16/MODBUS, which keeps all 16 bits.

    >>> crc(b"ST=32")
    '60C0'
    """
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            carry = register & 1
            register >>= 1
            if carry:
                register ^= 0xA001
    return f"{register:04X}"


def frame(segment: bytes) -> bytes:
    """Return ``##``, four digits of length, segment, CRC, CR LF."""
    return b"##%04d%s%s\r\n" % (len(segment), segment, crc(segment).encode())


def segment(who: Identity, packet: Packet, qn: str, *, answer: bool = True) -> bytes:
    """Return the data segment of one packet under a QN; Flag 4 to 7 says whether numbered and whether an answer is wanted."""
    flag = EDITION_2017 + (NUMBERED if packet.pnum else 0) + (ANSWER if answer else 0)
    numbers = f"PNUM={packet.pnum};PNO={packet.pno};" if packet.pnum else ""
    head = f"QN={qn};ST={who.st};CN={packet.cn};PW={who.pw};MN={who.mn};Flag={flag};{numbers}"
    return f"{head}CP=&&{packet.cp}&&".encode()


def encode(who: Identity, packet: Packet, qn: str, *, answer: bool = True) -> bytes:
    """Return the whole frame of one packet under a QN."""
    return frame(segment(who, packet, qn, answer=answer))


def divide(who: Identity, cn: str, time: datetime, items: Iterable[Item]) -> list[Packet]:
    """Return the packets of one upload: one, or numbered ones where the data segment would exceed 1024 bytes.

    Each part repeats DataTime and holds whole codes (HJ 212-2017, examples of C.4).

    Raises:
        ValueError: one code alone does not fit into a packet.
    """
    stamp = time_text(time)
    lead = f"DataTime={stamp}"
    texts = [item.text() for item in items]
    whole = Packet(cn, stamp, ";".join([lead, *texts]))
    if _fits(who, whole):
        return [whole]
    parts: list[list[str]] = [[]]
    for text in texts:
        if not _fits(who, Packet(cn, stamp, ";".join([lead, text]), 99, 99)):
            raise ValueError(f"{text[:40]}… is {len(text.encode())} bytes, more than one packet holds")
        if not _fits(who, Packet(cn, stamp, ";".join([lead, *parts[-1], text]), 99, 99)):
            parts.append([])
        parts[-1].append(text)
    return [Packet(cn, stamp, ";".join([lead, *part]), len(parts), number) for number, part in enumerate(parts, start=1)]


def _fits(who: Identity, packet: Packet) -> bool:
    data = segment(who, packet, "0" * 17)
    return len(data) <= SEGMENT_MAX and len(packet.cp.encode()) + 4 <= CP_MAX


def realtime(who: Identity, time: datetime, values: Sequence[tuple[str, str]], flag: str = "N") -> list[Packet]:
    """Return the 2011 upload of (code, value text) pairs at an instant."""
    return divide(who, REALTIME, time, [Item(code, (("Rtd", value), ("Flag", flag))) for code, value in values])


def statistics(who: Identity, cn: str, start: datetime, items: Iterable[Item]) -> list[Packet]:
    """Return a 2051, 2061 or 2031 upload; ``start`` is the start of the period (HJ 212-2017 labels periods so)."""
    if cn not in (MINUTE, HOUR, DAY):
        raise ValueError(f"CN {cn} is no statistic; use {MINUTE}, {HOUR} or {DAY}")
    return divide(who, cn, start, items)


def power_on(time: datetime, restarted: datetime) -> Packet:
    """Return the 2081 upload that a logger sends after it was switched on."""
    stamp = time_text(time)
    return Packet(POWER_ON, stamp, f"DataTime={stamp};RestartTime={time_text(restarted)}")


def time_text(time: datetime) -> str:
    """Return 14 digits of local time (UTC+8)."""
    return time.astimezone(CST).strftime("%Y%m%d%H%M%S")


def qn_text(time: datetime) -> str:
    """Return 17 digits of local time with milliseconds."""
    local = time.astimezone(CST)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"


class Numbers:
    """QNs of one device: its clock in milliseconds, moved on where two would be equal."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last = datetime(1970, 1, 1, tzinfo=CST)

    def __call__(self) -> str:
        """Return the next QN."""
        now = self._now()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = max(now, self._last + timedelta(milliseconds=1))
        return qn_text(self._last)


_ANSWER = re.compile(rb"##(\d{4})")


class Answers:
    """Finds the host's data answers in a stream of bytes; anything else is skipped, at most ``buffer_max`` bytes are kept."""

    def __init__(self, buffer_max: int = 8192) -> None:
        self._buffer = b""
        self._buffer_max = buffer_max

    def feed(self, data: bytes) -> list[str]:
        """Take what was read; return the QNs of the whole 9014 frames with a right CRC."""
        self._buffer = (self._buffer + data)[-max(self._buffer_max, len(data)) :]
        found = []
        at = 0
        while match := _ANSWER.search(self._buffer, at):
            begin, end = match.end(), match.end() + int(match[1])
            if end + 4 > len(self._buffer):
                at = match.start()
                break
            body = self._buffer[begin:end]
            right = self._buffer[end : end + 4].upper() == crc(body).encode()
            at = end + 4 if right else match.start() + 1
            if right and (qn := _answered(body)):
                found.append(qn)
        else:
            at = max(at, len(self._buffer) - 5)
        self._buffer = self._buffer[at:]
        return found


def _answered(body: bytes) -> str | None:
    fields = dict(part.partition("=")[::2] for part in body.decode("latin-1").split(";"))
    return fields.get("QN") if fields.get("CN") == DATA_ANSWER else None
