"""A frame as people are shown it: without the password that a device sends."""

from __future__ import annotations

import re

_SECRET = re.compile(rb"((?:^|[;,#0-9])PW=)([^;,&]*)", re.IGNORECASE)


def masked(raw: bytes) -> bytes:
    """Return a frame with its password (PW) as stars, every other byte in its place."""
    return _SECRET.sub(lambda found: found[1] + b"*" * len(found[2]), raw)
