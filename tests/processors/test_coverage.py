"""How much must have been measured, and how much was."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

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


@pytest.mark.parametrize(
    ("basis", "operating", "needed"),
    [
        pytest.param("clock", 40, 45, id="clock: a part of an hour is asked the whole"),
        pytest.param("operating", 40, 30, id="operating: the same share"),
        pytest.param("operating", 41, 31, id="operating: 30.75 is rounded up"),
        pytest.param("operating", 60, 45, id="a whole hour"),
        pytest.param("operating", 0, 1, id="nothing is never enough"),
    ],
)
def test_minutes_needed(basis: Literal["clock", "operating"], operating: int, needed: int) -> None:
    """Of 40 minutes in which a source ran, the clock hour cannot be valid; on the operating basis 30 minutes make it."""
    assert coverage.minutes_needed(minutes_min=45, basis=basis, operating_minutes=operating) == needed


@pytest.mark.parametrize(
    ("basis", "operating", "needed"),
    [
        pytest.param("fixed20", 10, 20, id="fixed"),
        pytest.param("fraction_of_operating", 10, 9, id="8.33 is rounded up"),
        pytest.param("fraction_of_operating", 12, 10, id="exactly ten"),
        pytest.param("fraction_of_operating", 24, 20, id="a whole day"),
        pytest.param("fraction_of_operating", 0, 1, id="nothing is never enough"),
    ],
)
def test_hours_needed(basis: Literal["fixed20", "fraction_of_operating"], operating: int, needed: int) -> None:
    """A source that ran ten hours has no valid day at fixed 20; at 20/24 of ten it needs nine."""
    assert coverage.hours_needed(hours_min=20, basis=basis, operating_hours=operating) == needed


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


@pytest.mark.parametrize(
    ("rate", "outcome"),
    [(Fraction("75"), "passes"), (Fraction("74.999999"), "fails"), (Fraction("75.000001"), "passes"), (None, "not judged")],
)
def test_capture_target(rate: Fraction | None, outcome: str) -> None:
    """At least 75 %: equal passes; a source that was stopped all the time is not judged."""
    assert coverage.capture_target(rate, target_pct=75).outcome == outcome


def test_effective_transmission() -> None:
    """A product of two rates: 96 % that arrived, 95 % of it valid, make 91.2 %."""
    assert coverage.effective_transmission_pct(transmission_pct=96, validity_pct=95) == Fraction("91.2")


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
