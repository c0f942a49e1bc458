"""What a host answers to a device's packet, once it is durable (hj212.md §9.1)."""

from __future__ import annotations

from ingest.hj212.crc import crc
from ingest.hj212.decode import Packet

ANSWER_BIT = 1
NUMBERED_BIT = 2
NOTICES = frozenset({"1001", "1013", "1014", "2072", "9015", "9021"})
"""Commands that a device sends as a notice, answered by 9013; 9015 and 9021 are heartbeat and login of some makers."""
INTERACTION = frozenset({"9011", "9012", "9013", "9014"})
"""A device's own answers; they are never answered, but for the 2005 edition's 9012."""


def answer(packet: Packet) -> bytes | None:
    """Return the frame that answers a packet, None where nothing is due.

    An upload whose Flag has the answer bit is answered by 9014, a notice by 9013; in the 2017 form QN, PW and MN are repeated
    and Flag keeps its version bits only. The 2005 edition (Flag 0 to 3) is answered in its own form, its 9012 too. What came
    without QN cannot be answered; what came without Flag expects nothing, except the notice 1013.
    """
    qn, cn, flag = packet.header.get("QN", "").strip(), packet.cn, packet.flag
    if not qn or not cn:
        return None
    old = (flag or 0) >> 2 == 0
    if cn in INTERACTION and not (cn == "9012" and old):
        return None
    if not (cn in ("1013", "9012") or (flag is not None and flag & ANSWER_BIT)):
        return None
    reply = "9013" if cn in NOTICES else "9014"
    if old:
        numbered = "".join(f"{name}={packet.header[name]};" for name in ("PNO", "PNUM") if name in packet.header)
        return frame(f"ST=91;CN={reply};{numbered}CP=&&QN={qn};CN={cn}&&".encode())
    version = (flag or 0) & ~(ANSWER_BIT | NUMBERED_BIT)
    password = packet.header.get("PW", "")
    return frame(f"QN={qn};ST=91;CN={reply};PW={password};MN={packet.mn};Flag={version};CP=&&&&".encode())


def frame(segment: bytes) -> bytes:
    """Return a data segment with ``##``, length, CRC and line end around it (hj212.md §2)."""
    return b"##%04d%b%04X\r\n" % (len(segment), segment, crc(segment))
