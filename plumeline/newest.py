"""The newest version of figures and episodes that passed by, so that an older one that comes later is known as such.

A worker that has lost a partition may still finish the turn it was in: what it says then stands on the log behind what the partition's
new worker says. Both say the same of the same version, but the older one must not be what a store shows.
"""

from __future__ import annotations

import json
from typing import Any

KEPT_MAX = 500_000
"""Figures and episodes that are remembered; the ones longest unheard of are forgotten."""
MINUTES = b'{"v":1,"level":"minute"'
STATES = b'{"v":1,"state"'


class Newest:
    """Remembers versions in the order of their coming."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, ...], int] = {}

    def is_older(self, line: bytes) -> bool:
        """Whether a line of topic ``figures`` is an older version than one that came before it."""
        if line.startswith((MINUTES, STATES)):
            return False
        key, version = _version(json.loads(line))
        known = self._versions.pop(key, version)
        self._versions[key] = max(known, version)
        if len(self._versions) > KEPT_MAX:
            del self._versions[next(iter(self._versions))]
        return version < known


def _version(row: dict[str, Any]) -> tuple[tuple[str, ...], int]:
    if "episode" in row:
        return ("episode", row["episode"]["id"]), row["episode"]["as_of_ms"]
    return (row["source"], row["level"], row["factor"], row["stat"], row["start"]), row["revision"]
