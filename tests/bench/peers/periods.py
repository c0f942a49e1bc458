"""Open periods kept in plain dicts, for the engines that leave state to their user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.bench.peers.job import HOUR_S, MINUTE_S, Totals, add, figures, means


@dataclass
class Periods:
    """The open minute and hour of each source: start in seconds, and totals by factor."""

    minutes: dict[str, tuple[int, Totals]] = field(default_factory=dict)
    hours: dict[str, tuple[int, Totals]] = field(default_factory=dict)

    def take(self, source: str, time: datetime, factors: Iterable[str], values: Iterable[float]) -> list[dict[str, Any]]:
        """Add a report's readings; return the figures of the periods that it completes."""
        start_s = int(time.timestamp()) // MINUTE_S * MINUTE_S
        began_s, totals = self.minutes.get(source, (start_s, {}))
        done: list[dict[str, Any]] = []
        if began_s != start_s:
            done = figures(source, began_s, totals, hour=False) + self._minute(source, began_s, means(totals))
            totals = {}
        self.minutes[source] = (start_s, add(totals, factors, values))
        return done

    def _minute(self, source: str, minute_s: int, mean: dict[str, float]) -> list[dict[str, Any]]:
        start_s = minute_s // HOUR_S * HOUR_S
        began_s, totals = self.hours.get(source, (start_s, {}))
        done: list[dict[str, Any]] = []
        if began_s != start_s:
            done, totals = figures(source, began_s, totals, hour=True), {}
        self.hours[source] = (start_s, add(totals, mean.keys(), mean.values()))
        return done
