"""The job every engine is given: means by minute and hour of each factor, judged against a limit, one record a figure.

A minute's mean is that of its readings, an hour's that of its minutes' means; both are rounded to ``DIGITS``, and an hour is
over when its rounded mean is above ``LIMIT``. A figure is sent when its period is over. The input has no gap, no late and no
repeated reading. This module needs only the standard library, so that it imports in any engine's environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MINUTE_S, HOUR_S = 60, 3600
PARTITIONS = 12
DIGITS = 6
LIMIT = 30.0
"""What an hour's mean must not exceed, whatever the factor; the load's values lie around it."""

Totals = dict[str, tuple[float, int]]
"""Sum and count by factor of one source and period."""


@dataclass(frozen=True)
class Settings:
    """Where an engine finds its work: broker, topics, and a group id that no other run has."""

    bootstrap: str
    reports: str
    figures: str
    group: str

    @staticmethod
    def from_environment() -> Settings:
        """Return what the driver has set."""
        return Settings(
            os.environ["PLUMELINE_KAFKA"],
            os.environ["PEERS_REPORTS"],
            os.environ["PEERS_FIGURES"],
            os.environ["PEERS_GROUP"],
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that ``from_environment`` reads."""
        return {
            "PLUMELINE_KAFKA": self.bootstrap,
            "PEERS_REPORTS": self.reports,
            "PEERS_FIGURES": self.figures,
            "PEERS_GROUP": self.group,
        }


def add(totals: Totals, factors: Iterable[str], values: Iterable[float]) -> Totals:
    """Add one value to each factor; the totals are changed and returned."""
    for factor, value in zip(factors, values, strict=True):
        total, n = totals.get(factor, (0.0, 0))
        totals[factor] = (total + value, n + 1)
    return totals


def means(totals: Mapping[str, tuple[float, int]]) -> dict[str, float]:
    """Return the rounded mean of each factor."""
    return {factor: round(total / n, DIGITS) for factor, (total, n) in totals.items()}


def figures(source: str, start_s: int, totals: Totals, *, hour: bool) -> list[dict[str, Any]]:
    """Return the records of one source and period, one a factor; only an hour is judged."""
    found = []
    for factor, mean in means(totals).items():
        figure = {
            "period": "hour" if hour else "minute",
            "source": source,
            "factor": factor,
            "start": start_s,
            "mean": mean,
            "n": totals[factor][1],
        }
        if hour:
            figure["over"] = mean > LIMIT
        found.append(figure)
    return found
