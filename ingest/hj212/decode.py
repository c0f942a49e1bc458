"""A data segment becomes a packet: header, groups and factors with their values as sent (hj212.md §4, §5, §18)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from ingest.records import YEAR_MAX, YEAR_MIN

LOCAL = timezone(timedelta(hours=8))
"""Device time carries no zone; it is UTC+8 (hj212.md §12)."""
NAME_CHARS_MAX = 128
"""Characters of an MN, a factor code or a flag; as in the records."""


class Undecodable(ValueError):
    """A frame whose CRC is right, but which cannot be read; the text is the reason for quarantine."""


@dataclass(slots=True)
class Packet:
    """A decoded data segment.

    ``header`` holds the fields before CP, names as the standard writes them, values as sent. ``groups`` are the data area's
    groups, ``fields`` its plain fields, ``factors`` its values by code and suffix; in the latter two the first of equal names
    counts, and where one of them repeats ``repeats`` says so. ``notes`` names what is odd. All values are the device's text.
    """

    header: dict[str, str]
    groups: list[list[tuple[str, str]]]
    fields: dict[str, str] = field(default_factory=dict)
    factors: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    repeats: bool = False

    @property
    def mn(self) -> str:
        """The device's identity, "" where it sent none."""
        return self.header.get("MN", "")

    @property
    def cn(self) -> str:
        """The command."""
        return self.header.get("CN", "").strip()

    @property
    def flag(self) -> int | None:
        """The header's Flag as a number, None where it is missing or no number from 0 to 255."""
        text = self.header.get("Flag", "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 255 else None

    @property
    def protocol(self) -> str:
        """The edition, from Flag's version bits; station protocols (ST 21 to 27) used version 2 before 2025 (hj212.md §4.2)."""
        version = (self.flag or 0) >> 2
        if version == 0:
            return "hj212-2005"
        return "hj212-2017" if version == 1 or self.header.get("ST", "").strip().startswith("2") else "hj212-2025"


HEADER_NAMES = ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF")
FIELD_NAMES = (
    *("SystemTime", "QnRtn", "ExeRtn", "RtdInterval", "MinInterval", "RestartTime", "DataTime", "BeginTime", "EndTime"),
    *(
        "PolId",
        "NewPW",
        "OverTime",
        "ReCount",
        "VaseNo",
        "CstartTime",
        "CTime",
        "Stime",
        "InfoId",
        "AlarmTime",
        "AlarmType",
        "ReportTarget",
        "ReportTime",
        "WarnTime",
        "DayStdValue",
        "NightStdValue",
        "Flag",
    ),
)
SUFFIXES = (
    *("Rtd", "ZsRtd", "Min", "Avg", "Max", "ZsMin", "ZsAvg", "ZsMax", "Cou", "Flag", "EFlag", "SampleTime", "Data", "DayData"),
    *("NightData", "Info", "SN", "RS", "RT", "RawAvg", "CompleteTime", "SampleType", "SampleRd", "StandardValue", "ResultType"),
    *("Ala", "UpValue", "LowValue", "Check", "State", "Alarm"),
)
_HEADER = {name.lower(): name for name in HEADER_NAMES}
_FIELD = {name.lower(): name for name in FIELD_NAMES}
_SUFFIX = {name: name for name in SUFFIXES} | {name.lower(): name for name in SUFFIXES}

_DIVIDE = re.compile(r"[;,]")
_CP = re.compile(r"CP=&&", re.IGNORECASE)
_LOG = re.compile(r"=//(.*?)//(?=[;,]|$)", re.DOTALL)
_STAMP = re.compile(r"[0-9]{14}(?:[0-9]{3})?")


def decode(segment: bytes) -> Packet:
    """Return the packet in a data segment.

    Raises:
        Undecodable: no data area, an unclosed one, or names beyond their bounds.
    """
    text = as_text(segment)
    cp = text.find("CP=&&")
    if cp < 0:
        found = _CP.search(text)
        if found is None:
            raise Undecodable("no data area: CP=&& is missing")
        cp = found.start()
    close = text.rfind("&&")
    if close < cp + 5 or text[close + 2 :].strip():
        raise Undecodable("data segment does not end with &&")
    packet = Packet({}, [])
    _read_header(packet, text[:cp])
    _read_area(packet, text[cp + 5 : close])
    _check(packet)
    return packet


def as_text(segment: bytes) -> str:
    """Return a segment's text: UTF-8, else GB18030, else one character a byte (hj212.md §18)."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return segment.decode(encoding)
        except UnicodeDecodeError:
            continue
    return segment.decode("latin-1")


def device_time(text: str) -> datetime | None:
    """Return ``YYYYMMDDhhmmss[zzz]``, blanks around it left out, as an aware time, None where it is none."""
    text = text.strip()
    if not _STAMP.fullmatch(text) or not YEAR_MIN <= int(text[:4]) <= YEAR_MAX:
        return None
    micro = int(text[14:]) * 1000 if len(text) == 17 else 0
    try:
        return datetime(
            int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]), int(text[12:14]), micro, LOCAL
        )
    except ValueError:
        return None


def sent_time(qn: str) -> datetime | None:
    """Return the time in a QN of 17 or 14 digits or of 13 digits of epoch milliseconds (hj212.md §4.1)."""
    qn = qn.strip()
    if len(qn) == 13 and qn.isascii() and qn.isdigit():
        return datetime.fromtimestamp(0, LOCAL) + timedelta(milliseconds=int(qn))
    return device_time(qn)


def _read_header(packet: Packet, text: str) -> None:
    header = packet.header
    for piece in text.split(";") if "," not in text else _DIVIDE.split(text):
        name, equals, value = piece.partition("=")
        if not equals:
            if piece.strip():
                packet.notes.append(f"header piece without '=': {piece.strip()[:NAME_CHARS_MAX]}")
            continue
        if name not in HEADER_NAMES:
            name = name.strip()
            name = _HEADER.get(name.lower(), name)
        if name in header:
            packet.notes.append(f"header field {name} repeats; the first counts")
        else:
            header[name] = value


def _read_area(packet: Packet, text: str) -> None:
    logs: list[str] = []
    if "=//" in text:

        def hide(found: re.Match[str]) -> str:
            logs.append(found[1])
            return f"={mark}{len(logs) - 1}{mark}"

        mark = "\0"
        while mark in text:
            mark += "\0"
        text = _LOG.sub(hide, text)
    for part in text.split(";"):
        if not part or part.isspace():
            continue
        group = []
        for member in part.split(","):
            name, equals, value = member.partition("=")
            if not equals:
                if member.strip():
                    packet.notes.append(f"member without '=': {member.strip()[:NAME_CHARS_MAX]}")
                continue
            if logs and value.endswith(mark):
                before, index, _ = value.rsplit(mark, 2)
                value = f"{before}//{logs[int(index)]}//"
            name = _file(packet, name.strip(), value)
            group.append((name, value))
        if group:
            packet.groups.append(group)


def _file(packet: Packet, name: str, value: str) -> str:
    """Put a member among the fields or the factors; return its normalised name."""
    code, hyphen, suffix = name.rpartition("-")
    code, suffix = code.rstrip("- \t"), suffix.strip()
    if not (hyphen and code and suffix):
        name = _FIELD.get(name.lower(), name)
        if name in packet.fields:
            packet.repeats = True
            if name != "PolId":
                packet.notes.append(f"field {name} repeats; the first counts")
        else:
            packet.fields[name] = value
        return name
    suffix = _SUFFIX.get(suffix) or _SUFFIX.get(suffix.lower(), suffix)
    values = packet.factors.get(code)
    if values is None:
        packet.factors[code] = {suffix: value}
    elif suffix not in values:
        values[suffix] = value
    else:
        packet.repeats = True
        if suffix != "Info":
            packet.notes.append(f"{code}-{suffix} repeats; the first counts")
    return f"{code}-{suffix}"


def _check(packet: Packet) -> None:
    mn = packet.mn.strip()
    if "MN" in packet.header:
        packet.header["MN"] = mn
    if len(mn) > NAME_CHARS_MAX:
        raise Undecodable(f"MN is longer than {NAME_CHARS_MAX} characters")
    if not mn.isprintable() or any(c in ' /"' for c in mn):
        raise Undecodable("MN holds blanks, slashes, quotes or control characters")
    for code, values in packet.factors.items():
        if len(code) > NAME_CHARS_MAX or len(values.get("Flag", "")) > NAME_CHARS_MAX:
            raise Undecodable(f"a factor code or flag is longer than {NAME_CHARS_MAX} characters")
    if len(packet.fields.get("Flag", "")) > NAME_CHARS_MAX:
        raise Undecodable(f"a factor code or flag is longer than {NAME_CHARS_MAX} characters")
