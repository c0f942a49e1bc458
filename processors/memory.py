"""What an engine is told and what it remembers of a source; the bounds of its turns."""

from __future__ import annotations

from dataclasses import dataclass, field

from processors.figures import HOUR_MS, MINUTE_MS
from processors.rules.averaging import CALIBRATION, FAULT, MAINTENANCE, STOPPED

MARK_CODES = {"stopped": STOPPED, "maintenance": MAINTENANCE, "calibration": CALIBRATION, "fault": FAULT}
TOUCHES_A_TICK = 200
"""Touched source-hours that are worked off at one tick; the rest waits for the next, so that live never waits for the past."""
CONFLICTS_A_TURN = 1_000
"""Conflicts told in one turn; a device that contradicts itself more often is told once a source and day by the alerts."""
SKEW_REPORTS = 20
"""Live reports in a row that must all be late by more than the bound before a clock is called slow."""
NO_DATA_HOURS_MAX = 72
"""Hours without data that one tick states at most for a source; a longer silence is told by its state."""
SET_ASIDE = "set aside"
"""Cause of a touch of an hour that was over while its source was set aside."""
TOLD_MAX = 100_000
"""Findings of which is remembered that they were told; beyond it all are forgotten, and some told again under the same key."""
TICK_PREFIX = b'{"v":1,"tick"'


@dataclass(slots=True)
class Settings:
    """What a runner chooses: how long readings stay hot, and whether open hours are published while they run.

    ``keep_ms`` is how long inputs are kept for rebuilds, to the day; None is for ever.
    """

    hot_ms: int = 6 * HOUR_MS
    keep_ms: int | None = None
    provisional: bool = True
    provisional_ms: int = 5 * MINUTE_MS


@dataclass(slots=True)
class SourceMemory:
    """What the engine remembers of a source: newest time, end of the last decided hour, delays of its newest live reports."""

    high: int | None = None
    decided: int = 0
    delays: list[int] = field(default_factory=list)
