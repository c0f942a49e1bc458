"""Bytes as text and hex with offsets, a fault marked at its byte."""

from __future__ import annotations

import re

from markupsafe import Markup

from plumeline.console.html import h, join
from plumeline.masked import masked

ROW = 16
"""Bytes a row of the hex view shows."""
BYTES_MAX = 16_384
"""Bytes shown; the page says how many more there are."""
_AT = re.compile(r"\b(?:byte|offset|position)\s+(\d+)")


def fault_at(detail: str | None) -> int | None:
    """Return the byte that a quarantine's detail names ("… at byte 17"), if it names one."""
    found = _AT.search(detail or "")
    return int(found.group(1)) if found else None


def as_text(raw: bytes) -> Markup:
    """Return bytes as text, PW masked: printable ASCII as it is, UTF-8 where it is that, all else as a grey escape."""
    raw = masked(raw)
    try:
        text = raw[:BYTES_MAX].decode()
    except UnicodeDecodeError:
        text = raw[:BYTES_MAX].decode("latin-1")
    parts: list[Markup | str] = []
    run = ""
    for c in text:
        if c.isprintable() and c != "\ufffd":
            run += c
            continue
        parts += [run, h("i", {"\r": "\\r", "\n": "\\n", "\t": "\\t"}.get(c, f"\\x{ord(c):02x}"))]
        if c == "\n":
            parts.append("\n")
        run = ""
    return h("pre", join([*parts, run]), cls="bytes text")


def as_hex(raw: bytes, mark: int | None = None) -> Markup:
    """Return bytes, PW masked, as rows of offset, hex and characters; the byte at ``mark`` stands out by colour and outline."""
    raw = masked(raw)
    rows: list[Markup] = []
    for start in range(0, min(len(raw), BYTES_MAX), ROW):
        part = raw[start : start + ROW]
        cells = [h("mark", f"{b:02x}") if start + i == mark else Markup(f"{b:02x}") for i, b in enumerate(part)]
        signs = [h("mark", _sign(b)) if start + i == mark else _sign(b) for i, b in enumerate(part)]
        pad = "   " * (ROW - len(part))
        rows.append(join([h("i", f"{start:06d}"), "  ", join(cells, " "), pad, "  ", join(signs), "\n"]))
    return h("pre", rows, cls="bytes hex")


def _sign(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else "·"
