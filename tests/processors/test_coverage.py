"""How much must have been measured, and how much was."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import HOUR_MS
from processors.rules import coverage
from processors.rules.verdict import number_text

M = 10**6
FIRST = 48 * HOUR_MS
SCHEMA = {"pid": pl.Int64, "hour": pl.Int64, "value": pl.Int64, "stopped": pl.Boolean}


def test_capture_rate() -> None:
    """EX-1.15: a quarter of 2 184 h, 200 stopped and 120 invalid, has 93.95 %."""
    rate = coverage.capture_rate_pct(hours=2_184, stopped_h=200, invalid_h=120)
    assert rate is not None
    assert number_text(rate) == "93.95"
    assert coverage.capture_rate_pct(hours=24, stopped_h=24, invalid_h=0) is None


@pytest.mark.parametrize(("stopped", "invalid"), [(200, 2_000), (2_200, 0), (-1, 0), (0, -1)])
def test_hours_that_do_not_fit(stopped: int, invalid: int) -> None:
    """More stopped or invalid hours than there are is a fault of the caller."""
    with pytest.raises(ValueError, match="do not fit"):
        coverage.capture_rate_pct(hours=2_184, stopped_h=stopped, invalid_h=invalid)


def period(valid: int, stopped: int, invalid: int, missing: int, pid: int = 1) -> pl.DataFrame:
    """Return hours from the first on, with as many rows of each kind, and none for the missing."""
    kinds = [(5, False)] * valid + [(None, True)] * stopped + [(None, False)] * invalid
    rows = [(pid, FIRST + i * HOUR_MS, value, stop) for i, (value, stop) in enumerate(kinds)]
    assert len(rows) + missing
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_capture_rates() -> None:
    """EX-1.15 on rows: an hour without a row is invalid, what lies outside does not count, and order does not matter."""
    outside = pl.DataFrame(
        [(1, FIRST - HOUR_MS, 5, False), (1, FIRST + 2_184 * HOUR_MS, 5, False)], schema=SCHEMA, orient="row"
    )
    rows = pl.concat([period(1_864, 200, 20, 100), period(0, 2_184, 0, 0, pid=2), outside])
    for each in (rows, rows.sample(fraction=1, shuffle=True, seed=5)):
        found = coverage.capture_rates(each, start_ms=FIRST, end_ms=FIRST + 2_184 * HOUR_MS)
        assert found.rows() == [
            (1, 2_184, 200, 1_864, 120, 93_951_613, None),
            (2, 2_184, 2_184, 0, 0, None, "stopped all the time"),
        ]


def test_a_value_of_a_stopped_hour_does_not_count() -> None:
    """A monitor that goes on while the source is stopped does not raise the rate."""
    rows = pl.DataFrame([(1, 0, 5, True), (1, HOUR_MS, 5, False)], schema=SCHEMA, orient="row")
    assert coverage.capture_rates(rows, start_ms=0, end_ms=2 * HOUR_MS).rows() == [(1, 2, 1, 1, 0, 100 * M, None)]


def test_transmission_rates() -> None:
    """By hand: of 12 hours 2 are stopped; of the 10 due 8 arrived, 80 %, and 6 of those are valid, 80 % x 75 % = 60 %."""
    each = [(True, 1, False)] * 6 + [(True, None, False)] * 2 + [(False, None, False)] + [(True, 1, True), (False, None, True)]
    rows = [(1, FIRST + i * HOUR_MS, value, stopped, received) for i, (received, value, stopped) in enumerate(each)]
    outside = [(1, FIRST - HOUR_MS, 1, False, True), (1, FIRST + 12 * HOUR_MS, 1, False, True)]  # one hour has no row
    still = [(2, FIRST + i * HOUR_MS, None, True, False) for i in range(12)]
    frame = pl.DataFrame([*still, *rows, *outside], schema={**SCHEMA, "received": pl.Boolean}, orient="row")
    found = coverage.transmission_rates(frame, start_ms=FIRST, end_ms=FIRST + 12 * HOUR_MS)
    assert found.select("pid", "due", "received", "valid", "value", "effective", "reason").rows() == [
        (1, 10, 8, 6, 80 * M, 60 * M, None),
        (2, 0, 0, 0, None, None, "stopped all the time"),
    ]


@settings(max_examples=100, deadline=None)
@given(hours=st.integers(0, 3000), stopped=st.integers(0, 3000), invalid=st.integers(0, 3000))
def test_more_invalid_hours_never_raise_the_rate(hours: int, stopped: int, invalid: int) -> None:
    """The rate lies within 0 and 100, and falls with each invalid hour."""
    if stopped + invalid + 1 > hours:
        return
    rate = coverage.capture_rate_pct(hours=hours, stopped_h=stopped, invalid_h=invalid)
    worse = coverage.capture_rate_pct(hours=hours, stopped_h=stopped, invalid_h=invalid + 1)
    assert rate is not None
    assert worse is not None
    assert 0 <= worse < rate <= 100
