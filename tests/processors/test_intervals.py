"""Edges must ascend, and only what shares time with an interval enters it; the rest of intervals is tested with registers."""

from __future__ import annotations

import pytest

from processors.rules.intervals import intervals
from processors.rules.registers import Segment


def test_any_edge_must_ascend() -> None:
    """One edge out of order is enough, though others ascend."""
    with pytest.raises(ValueError, match="ascend"):
        intervals([Segment(0, 10, 1, "OK", 0)], [0, 5, 4])


def test_segments_that_only_touch_an_interval_do_not_enter() -> None:
    """A segment that ends where an interval begins, or begins where it ends, shares no time with it, and neither does its quality."""
    before, within, after = Segment(0, 10, 5, "OK", 1), Segment(12, 20, 8, "OK", 0), Segment(20, 30, 7, "OK", 6)
    (found,) = intervals([before, within, after], [10, 20])
    assert (found.by_quality, found.covered_ms) == ({0: 8}, 8)
