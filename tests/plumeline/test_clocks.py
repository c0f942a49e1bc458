"""A clock that is slow is told by the newest twenty reports, whether the process stopped among them or not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ingest.log import Entry
from processors.memory import SKEW_REPORTS
from tests.plumeline.test_quarters import County
from tests.processors.given import MIDNIGHT, SO2, line, registry

SLOW_S, SLOWER_S = 400, 500
"""Beyond the five minutes that a clock may be off."""


@pytest.mark.parametrize("stops_after", [None, 1, SKEW_REPORTS - 1])
@pytest.mark.parametrize("reports", [SKEW_REPORTS - 1, SKEW_REPORTS])
def test_a_slow_clock_is_told_across_a_restart(tmp_path: Path, reports: int, stops_after: int | None) -> None:
    """Nineteen reports tell nothing; the twentieth does, and the delay that is told is the shortest of all twenty."""
    county = County(tmp_path, registry())
    for n in range(reports):
        delay_s = SLOW_S if n == 0 else SLOWER_S
        row = line(MIDNIGHT + timedelta(minutes=n), {SO2: 20.0}, delay_s=delay_s)
        county.log.append_now([Entry("reports", 0, row)])
        county.runner.drain()
        if n + 1 == stops_after:
            county.log.close()
            county.store.writer.close()
            county.open()
    told = [e.facts["text"] for e in county.store.events(limit=100) if e.kind == "clock.in_doubt"]
    assert len(told) == (reports == SKEW_REPORTS)
    assert all("at least 400 s" in str(text) for text in told)
    county.log.close()
