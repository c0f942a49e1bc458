"""Information codes that are readings by a table of data: what consoles of petrol stations upload by CN 3020, and settings of monitors."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from ingest.hj212.decode import Packet

UPLOADS_FILE = "information_uploads.csv"
ANY_SYSTEM = ""
"""ST of rows for monitors of every system, whose codes are settings of the factor that PolId names."""
TABLES_CACHED_MAX = 1
"""The shipped table is read once a process."""
_CODE = re.compile(r"([a-z][0-9]{5})(?:-[0-9]+)?")
"""An information code; one of a nozzle may bear its number."""


class Upload(NamedTuple):
    """A range of information codes, both ends in it, that a command uploads as readings under one of the suffixes."""

    first: str
    last: str
    suffixes: tuple[str, ...]


@lru_cache(TABLES_CACHED_MAX)
def uploads() -> dict[tuple[str, str], list[Upload]]:
    """Return the shipped table by ST and CN."""
    found: dict[tuple[str, str], list[Upload]] = {}
    text = files("ingest.hj212").joinpath(UPLOADS_FILE).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        suffixes = tuple(row["suffixes"].split())
        found.setdefault((row["st"], row["cn"]), []).append(Upload(row["first"], row["last"], suffixes))
    return found


def as_realtime(packet: Packet) -> Packet | None:
    """Return a packet's information codes that are readings as a packet of realtime readings (CN 2011), None where it has none.

    Everything else that it holds stays in the frame: other codes, and texts (``//…//``), which are records of a log. A state that is no
    number (N: not refuelled) becomes a reading without a value. Settings of a monitor (range, intercept, slope) become readings of the factor that
    PolId names and the code: ``a21026-i13008``.

    Source:
        GB 20952-2020, annex E (informative); ST, CN and range of codes of one city (emission rules 6.1, seen).
        Settings: HJ 212-2017, table of information codes (hj212.md §11).
    """
    ranges = uploads().get((packet.header.get("ST", "").strip(), packet.cn), [])
    factors = _settings(packet)
    for code, values in packet.factors.items():
        known = _CODE.fullmatch(code)
        of = next((each for each in ranges if known is not None and each.first <= known[1] <= each.last), None)
        text = next((values[suffix] for suffix in of.suffixes if suffix in values), None) if of is not None else None
        if text is not None and not text.startswith("//"):
            factors[code] = {"Rtd": text} | {name: flag for name, flag in values.items() if name == "Flag"}
    return replace(packet, header={**packet.header, "CN": "2011"}, factors=factors) if factors else None


def _settings(packet: Packet) -> dict[str, dict[str, str]]:
    """Return the settings that a packet holds of monitors; each belongs to the last PolId before it, without one to none."""
    ranges, of = uploads().get((ANY_SYSTEM, packet.cn), []), ""
    factors: dict[str, dict[str, str]] = {}
    for name, text in (member for group in packet.groups for member in group):
        code, _hyphen, suffix = name.rpartition("-")
        if name == "PolId":
            of = text.strip()
        elif of and any(each.first <= code <= each.last and suffix in each.suffixes for each in ranges):
            factors.setdefault(f"{of}-{code}", {"Rtd": text})
    return factors
