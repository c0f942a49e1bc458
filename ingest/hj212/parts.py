"""Numbered sub-packets of one record: a part without a DataTime of its own has that of the part before it (hj212.md §10)."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from ingest.hj212.decode import Packet, sent_time

SETS_MAX = 1_024
"""Records of sub-packets that one stream remembers; the longest unused is forgotten first."""
PART_WAIT = timedelta(seconds=120)
"""Time between two parts of one record beyond which they are not taken for one: thrice an answer's 10 s and three retries."""


class _Part(NamedTuple):
    number: int
    label: str
    moment: datetime | None


class Parts:
    """The last part of each record of one stream, by MN, ST, CN and PNUM."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, str, str, int], _Part] = OrderedDict()

    def label(self, packet: Packet, received: datetime | None) -> str | None:
        """Return a packet's DataTime: its own, else that of the part before it, else None.

        The part before has the same MN, ST, CN and PNUM and a lower PNO, and was sent (without a QN: received) at most
        ``PART_WAIT`` away; a part sent again keeps what it was given. What cannot be told from another record's part gets nothing.
        """
        own = packet.fields.get("DataTime")
        total, number = (_count(packet.header.get(name, "")) for name in ("PNUM", "PNO"))
        if total is None or number is None:
            return own
        key = (packet.mn, packet.header.get("ST", ""), packet.cn, total)
        moment = sent_time(packet.header.get("QN", "")) or received
        if own is None or not own.strip():
            last = self._last.get(key)
            if last is None or not _follows(last, number, moment):
                return own
            own = last.label
            packet.notes.append(f"DataTime {own} is that of sub-packet {last.number}")
        self._last[key] = _Part(number, own, moment)
        self._last.move_to_end(key)
        if len(self._last) > SETS_MAX:
            self._last.popitem(last=False)
        return own


def _follows(last: _Part, number: int, moment: datetime | None) -> bool:
    near = last.moment is None or moment is None or abs(moment - last.moment) <= PART_WAIT
    return near and (last.number < number or (last.number == number > 1 and last.moment == moment is not None))


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= 4 else None
