"""The newest version of figures and episodes that passed by, so that an older one that comes later is known as such.

A worker that has lost a partition may still finish the turn it was in: what it says then stands on the log behind what the partition's
new worker says. Both say the same of the same version, but the older one must not be what a store shows.
"""

from __future__ import annotations

import json
from typing import Any

from processors.figures import local_iso

KEPT_MAX = 500_000
"""Figures and episodes that are remembered; the ones longest unheard of are forgotten."""
MINUTES = b'{"v":1,"level":"minute"'
STATES = b'{"v":1,"state"'


class Newest:
    """Remembers versions in the order of their coming."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, ...], tuple[int, str]] = {}

    def is_older(self, line: bytes) -> bool:
        """Whether a line of topic ``figures`` is an older version than the last one that counted.

        It is where both its number and the time of its decision say so: numbers begin anew where a worker's state was lost, and the
        times of several gateways differ a little. An episode is, where it is open and was closed later.
        """
        if line.startswith((MINUTES, STATES)):
            return False
        key, version = _version(json.loads(line))
        known = self._versions.pop(key, version)
        older = version[0] < known[0] and version[1] <= known[1]
        self._versions[key] = known if older else version
        if len(self._versions) > KEPT_MAX:
            del self._versions[next(iter(self._versions))]
        return older


def _version(row: dict[str, Any]) -> tuple[tuple[str, ...], tuple[int, str]]:
    """Return a record's key, its number, and the time at which it was decided as text that sorts."""
    if "episode" in row:
        episode = row["episode"]
        return ("episode", episode["id"]), (int(episode["state"] != "open"), local_iso(episode["as_of_ms"]))
    return (row["source"], row["level"], row["factor"], row["stat"], row["start"]), (row["revision"], row["decided"])
