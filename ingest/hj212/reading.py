"""A packet's readings become report lines: kind by command, numbers as JSON writes them (hj212.md §5, §8, §12)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from ingest.hj212.decode import LOCAL, Packet, Undecodable, device_time, sent_time
from ingest.hj212.information import as_realtime
from ingest.records import DECODER, FACTORS_MAX, Kind, iso

SLACK_S = 300
"""Time beyond its period after which what a packet holds counts as sent late (hj212.md §12.1)."""
NUMBER_CHARS_MAX = 40
"""Longest text taken for a number; the standard's widest is 18."""
EXPONENT_MAX = 20
"""Greatest exponent of ten taken in a number."""
NAMES_CACHED_MAX = 16_384
"""Codes, flags and identities whose JSON text is remembered."""

_STATISTICS = ("Avg", "Min", "Max", "Cou", "ZsAvg", "ZsMin", "ZsMax", "Data", "DayData", "NightData")
COMMANDS: dict[str, tuple[Kind, int, tuple[str, ...]]] = {
    "2011": ("realtime", 0, ("Rtd", "ZsRtd")),
    "2051": ("minute", 600, _STATISTICS),
    "2061": ("hour", 3_600, _STATISTICS),
    "2031": ("day", 86_400, _STATISTICS),
    "2021": ("state", 0, ("RS",)),
    "2041": ("state", 86_400, ("RT",)),
}
"""CN of an upload: kind of its report, the longest usual period in seconds, the suffixes that are readings."""


@dataclass(frozen=True, slots=True)
class Readings:
    """One report's worth of readings; ``numbers`` are JSON texts ("null" where the device's text was no number)."""

    source: str
    time: datetime
    kind: Kind
    factors: list[str]
    stats: list[str]
    numbers: list[str]
    flags: list[str]
    sent: datetime
    received: datetime
    protocol: str
    frame: str
    backfill: bool


def reports(packet: Packet, received: datetime | None, frame_id: str, label: str | None) -> list[Readings]:
    """Return a packet's readings: none for a frame that is no upload of readings, several where one report cannot hold them.

    The time is ``label``, the DataTime as sent. A water value's SampleTime stays in the frame: filed hours back the value would stand for
    one cadence of an hour that was decided long before, and what it exceeds would never be told live. ``sent`` is QN's time, else the
    receipt, and each stands in for the other; where neither is known (a file of packets without QN) DataTime stands for both.
    A receipt that is not known is not before DataTime.
    A factor whose values are no readings of this command is noted.

    Raises:
        Undecodable: no CN, or there are readings, but MN or DataTime is missing, or DataTime is no time.
    """
    if not packet.cn:
        raise Undecodable("no CN")
    command = COMMANDS.get(packet.cn)
    if command is None:
        station = as_realtime(packet)
        return [] if station is None else reports(station, received, frame_id, label)
    kind, period_s, suffixes = command
    factors: list[str] = []
    stats: list[str] = []
    numbers: list[str] = []
    flags: list[str] = []
    common_flag = packet.fields.get("Flag", "").strip()
    for code, values in packet.factors.items():
        flag = values.get("Flag", common_flag).strip()
        before = len(factors)
        for suffix in suffixes:
            text = values.get(suffix)
            if text is not None:
                factors.append(code)
                stats.append(suffix.lower())
                numbers.append(number(text))
                flags.append(flag)
        if len(factors) == before and values.keys() != {"Flag"}:
            packet.notes.append(f"{code}-{next(s for s in values if s != 'Flag')} is no reading of CN {packet.cn}")
    if not factors:
        return []
    if not packet.mn:
        raise Undecodable("no MN")
    if label is None:
        raise Undecodable("no DataTime")
    time = device_time(label)
    if time is None:
        raise Undecodable("DataTime is no time")
    sent = sent_time(packet.header.get("QN", "")) or received or time
    late = packet.header.get("RF", "").strip() == "1" or sent - time > timedelta(seconds=period_s + SLACK_S)
    mn, protocol = packet.mn, packet.protocol
    return [
        Readings(
            mn,
            time,
            kind,
            factors[i : i + FACTORS_MAX],
            stats[i : i + FACTORS_MAX],
            numbers[i : i + FACTORS_MAX],
            flags[i : i + FACTORS_MAX],
            sent,
            received or max(sent, time),
            protocol,
            frame_id,
            late,
        )
        for i in range(0, len(factors), FACTORS_MAX)
    ]


def report_line(r: Readings) -> bytes:
    """Return the NDJSON line of a report, without its newline; it is what ``ingest.records.Report`` accepts."""
    return (
        f'{{"v":1,"source":{_quoted(r.source)},"time":"{_iso(r.time)}","kind":"{r.kind}",'
        f'"factors":[{",".join(map(_quoted, r.factors))}],"stats":[{",".join(map(_quoted, r.stats))}],'
        f'"values":[{",".join(r.numbers)}],"flags":[{",".join(map(_quoted, r.flags))}],"sent":"{_iso(r.sent)}",'
        f'"received":"{_iso(r.received)}","protocol":"{r.protocol}","frame":"{r.frame}",'
        f'"backfill":{"true" if r.backfill else "false"},"decoder":{DECODER}}}'
    ).encode()


_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,3}))?")


def number(text: str) -> str:
    """Return a device's number as JSON writes it, or "null" where the text is no number.

    >>> [number(t) for t in ("31.20", "092", ".5", "+3", "-0031.", "1.5E-2", "n/a", "")]
    ['31.20', '92', '0.5', '3', '-31', '0.015', 'null', 'null']
    """
    if len(text) > NUMBER_CHARS_MAX:
        return "null"
    if _JSON_NUMBER.fullmatch(text):
        return text
    found = _NUMBER.fullmatch(text.strip())
    if found is None or not (found[2] or found[3]):
        return "null"
    sign, whole, decimals, exponent = found.groups()
    plain = ("-" if sign == "-" else "") + (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")
    if exponent is None:
        return plain
    if abs(int(exponent)) > EXPONENT_MAX:
        return "null"
    return format(Decimal(f"{plain}e{exponent}"), "f")


@lru_cache(NAMES_CACHED_MAX)
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@lru_cache(1_024)
def _iso(time: datetime) -> str:
    return iso(time if time.tzinfo is LOCAL else time.astimezone(LOCAL))
