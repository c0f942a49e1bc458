"""A quota exempts the first hours of its events, until the year's or the event's bound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import HOUR_MS, OFFSET_MS
from processors.rules import quotas
from tests.processors.given import CST, ms

M = 10**6
START = ms(datetime(2026, 5, 1, tzinfo=CST))
NEW_YEAR = ms(datetime(2027, 1, 1, tzinfo=CST))
MS_H = 1 / HOUR_MS
"""A millisecond in hours."""
Overflow = Literal["split", "whole"]
Hours = Sequence[tuple[float, float]]


@pytest.mark.parametrize(("used", "outcome"), [("53.9", "passes"), ("54", "fails")])
def test_nearly_used_up(used: str, outcome: str) -> None:
    """From 90 % of the quota on it is told in advance."""
    verdict = quotas.quota_use(Decimal(used), year_h=60, warn_pct=90)
    assert (verdict.outcome, verdict.reason) == (outcome, f"{used} h of 60 used")


def marks(spans: Hours, origin: int = START, pid: int = 1, event_h_max: int | None = None) -> pl.DataFrame:
    """Return (start, end) marks, in hours from an origin."""
    bound = None if event_h_max is None else event_h_max * HOUR_MS
    rows = [(pid, origin + int(s * HOUR_MS), origin + int(e * HOUR_MS), bound) for s, e in spans]
    schema = dict.fromkeys(("pid", "start_ms", "end_ms", "event_ms_max"), pl.Int64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def spent(
    rows: pl.DataFrame,
    *,
    year_h: int | None = 60,
    overflow: Overflow = "split",
    origin: int = START,
) -> list[tuple[float, float, float, float]]:
    """Return start, end, until and used of each part in hours from the origin, whatever the order of rows."""
    found = quotas.exempt_spans(rows, year_h=year_h, overflow=overflow, offset_ms=OFFSET_MS)
    again = quotas.exempt_spans(rows.reverse(), year_h=year_h, overflow=overflow, offset_ms=OFFSET_MS)
    assert found.equals(again)
    return [
        ((s - origin) / HOUR_MS, (e - origin) / HOUR_MS, (u - origin) / HOUR_MS, used / HOUR_MS)
        for _, s, e, u, used in found.rows()
    ]


@pytest.mark.parametrize(
    ("spans", "options", "expected"),
    [
        pytest.param([(0, 58.5), (100, 103)], {}, [(0, 58.5, 58.5, 58.5), (100, 103, 101.5, 60)], id="EX-4.4 split"),
        pytest.param(
            [(0, 58.5), (100, 103), (200, 201)],
            {"overflow": "whole"},
            [(0, 58.5, 58.5, 58.5), (100, 103, 100, 58.5), (200, 201, 201, 59.5)],
            id="EX-4.4 whole: what was not exempt used nothing",
        ),
        pytest.param(
            [(0, 50), (60, 110)],
            {"year_h": None, "event_h_max": 40},
            [(0, 50, 40, 40), (60, 110, 100, 80)],
            id="no yearly quota",
        ),
        pytest.param([(0, 5), (10, 14)], {"event_h_max": 4}, [(0, 5, 4, 4), (10, 14, 14, 8)], id="four hours an event"),
        pytest.param(
            [(0, 5), (10, 14)],
            {"event_h_max": 4, "overflow": "whole"},
            [(0, 5, 0, 0), (10, 14, 14, 4)],
            id="the whole event too long",
        ),
        pytest.param([(0, 4), (2, 6)], {}, [(0, 4, 4, 4), (4, 6, 6, 6)], id="time under two marks counts once"),
        pytest.param([(0, 4), (1, 3)], {}, [(0, 4, 4, 4)], id="one within another"),
        pytest.param([(0, 4), (1, 4)], {}, [(0, 4, 4, 4)], id="one within another, to its end"),
        pytest.param([(3, 3)], {}, [], id="a mark without length"),
        pytest.param([], {}, [], id="no marks"),
    ],
)
def test_a_year(spans: Hours, options: dict[str, Any], expected: list[tuple[float, float, float, float]]) -> None:
    """Events use up the quota in order of their start."""
    rest = {name: option for name, option in options.items() if name != "event_h_max"}
    assert spent(marks(spans, event_h_max=options.get("event_h_max")), **rest) == expected


def test_a_new_year_begins_with_a_full_quota() -> None:
    """A mark over New Year is cut there, each part at its own year's quota; the bound on one event goes on."""
    assert spent(marks([(-70, 5)], NEW_YEAR), origin=NEW_YEAR) == [(-70, 0, -10, 60), (0, 5, 5, 5)]
    assert spent(marks([(-3, 5)], NEW_YEAR, event_h_max=4), origin=NEW_YEAR) == [(-3, 0, 0, 3), (0, 5, 1, 1)]
    assert spent(marks([(-3, 5)], NEW_YEAR, event_h_max=4), overflow="whole", origin=NEW_YEAR) == [
        (-3, 0, -3, 0),
        (0, 5, 0, 0),
    ]
    assert spent(marks([(-5, 5)], NEW_YEAR, event_h_max=4), origin=NEW_YEAR) == [(-5, 0, -1, 4), (0, 5, 0, 0)]


@pytest.mark.parametrize(("overflow", "used"), [("split", -1), ("whole", -5)])
def test_a_moment_of_the_new_year(overflow: Overflow, used: float) -> None:
    """A mark that ends a millisecond after New Year has a part in it, too late for a bound of four hours; at New Year it has none."""
    found = spent(marks([(-5, 1.5 * MS_H)], NEW_YEAR, event_h_max=4), overflow=overflow, origin=NEW_YEAR)
    assert found == [(-5, 0, used, used + 5), (0, MS_H, 0, 0)]
    assert [row[:2] for row in spent(marks([(-5, 0)], NEW_YEAR, event_h_max=4), overflow=overflow, origin=NEW_YEAR)] == [
        (-5, 0)
    ]


def test_kinds_of_events_share_a_year() -> None:
    """A start-up of ten hours and an accident of five use one quota; only the accident is bounded, to four hours."""
    rows = pl.concat([marks([(0, 10)]), marks([(20, 25)], event_h_max=4)])
    assert spent(rows) == [(0, 10, 10, 10), (20, 25, 24, 14)]
    assert spent(rows, year_h=12) == [(0, 10, 10, 10), (20, 25, 22, 12)]


def test_each_furnace_has_its_own_quota() -> None:
    """What one furnace used does not count for another."""
    assert [row[3] for row in spent(pl.concat([marks([(0, 50)]), marks([(0, 50)], pid=2)]))] == [50, 50]


@pytest.mark.parametrize(
    ("until_h", "dust", "exempt", "reason"),
    [
        pytest.param(1.0, 150, True, None, id="exactly 150"),
        pytest.param(1.0, 151, False, "particulates above 150 mg/m3", id="above it"),
        pytest.param(1.0, None, False, "particulates not known", id="not known"),
        pytest.param(0.75, 10, True, None, id="45 minutes are enough"),
        pytest.param(0.75 - MS_H / 2, 10, False, "exempt for 44 min only", id="a millisecond short of 45 minutes"),
        pytest.param(0.0, 10, False, None, id="not under an exemption"),
    ],
)
def test_hours(until_h: float, dust: int | None, exempt: bool, reason: str | None) -> None:
    """An hour is exempt where enough of it is, and particulates are at most 150."""
    span = marks([(0, 2)]).with_columns(until_ms=START + int(until_h * HOUR_MS), used_ms=0)
    hours = pl.DataFrame(
        {"pid": [1, 1], "hour": [START, START + HOUR_MS], "dust": [None if dust is None else dust * M, M]},
        schema={"pid": pl.Int64, "hour": pl.Int64, "dust": pl.Int64},
    )
    found = quotas.exempt_hours(hours.reverse(), span, covered_min_min=45, dust_mg_m3_max=150)
    assert found.select("hour", "exempt", "reason").rows() == [(START, exempt, reason), (START + HOUR_MS, False, None)]


def test_hours_without_condition() -> None:
    """Drying and cooling down ask nothing of particulates; two exemptions that meet in an hour add up."""
    spans = pl.concat([marks([(0, 0.5)]), marks([(0.5, 1)])]).with_columns(until_ms=pl.col("end_ms"), used_ms=0)
    hours = pl.DataFrame({"pid": [1], "hour": [START], "dust": [None]}, schema_overrides={"dust": pl.Int64})
    found = quotas.exempt_hours(hours, spans, covered_min_min=60, dust_mg_m3_max=None)
    assert found["exempt"].to_list() == [True]


@pytest.mark.parametrize(
    ("spans", "minutes"),
    [
        pytest.param([(0, 0.5), (0.25, 0.5)], 30, id="to the same end"),
        pytest.param([(0, 0.5), (0.1, 0.2)], 30, id="one within another"),
        pytest.param([(0, 0.5), (0.1, 0.2), (0.3, 0.6)], 36, id="a third that begins within the first"),
        pytest.param([(0, 0.2), (0.1, 0.5), (0.3, 0.6)], 36, id="each begins within the one before"),
    ],
)
def test_time_under_two_exemptions_counts_once(spans: Hours, minutes: int) -> None:
    """Exemptions of several quotas that lie over each other cover an hour once; those of another furnace do not matter."""
    rows = pl.concat([marks([(0, 0.75)], pid=pid) if pid != 2 else marks(spans, pid=2) for pid in (1, 2, 3)])
    rows = rows.with_columns(until_ms=pl.col("end_ms"), used_ms=0)
    hours = pl.DataFrame({"pid": [1, 2, 3], "hour": START, "dust": M})
    for each in (rows, rows.reverse()):
        found = quotas.exempt_hours(hours, each, covered_min_min=45, dust_mg_m3_max=150)
        assert found.select("exempt", "reason").rows() == [
            (True, None),
            (False, f"exempt for {minutes} min only"),
            (True, None),
        ]


def test_what_is_not_exempt_makes_no_hour_exempt() -> None:
    """A mark beyond its quota exempts nothing, even where no minute is asked; a mark of no length neither, also at New Year."""
    spans = marks([(0, 1), (0.5, 1)]).with_columns(until_ms=pl.col("start_ms"), used_ms=0)
    hours = pl.DataFrame({"pid": [1], "hour": [START], "dust": [M]})
    found = quotas.exempt_hours(hours, spans, covered_min_min=0, dust_mg_m3_max=150)
    assert found.select("exempt", "reason").rows() == [(False, None)]
    assert spent(marks([(0, 0)], NEW_YEAR)) == []


def test_points_keep_their_type() -> None:
    """The engine numbers points in 32 bits; spans made of its marks fit its hours."""
    narrow = marks([(0, 1)]).cast({"pid": pl.Int32})
    spans = quotas.exempt_spans(narrow, year_h=60, overflow="split", offset_ms=OFFSET_MS)
    hours = pl.DataFrame({"pid": [1], "hour": [START], "dust": [M]}, schema_overrides={"pid": pl.Int32})
    assert quotas.exempt_hours(hours, spans, covered_min_min=60, dust_mg_m3_max=150)["exempt"].to_list() == [True]


SPANS = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1])), max_size=12)


@settings(max_examples=100, deadline=None)
@given(spans=SPANS, year=st.integers(0, 60), overflow=st.sampled_from(["split", "whole"]))
def test_no_year_exempts_more_than_its_quota(spans: Hours, year: int, overflow: Overflow) -> None:
    """Exempt time never passes the quota, never the time marked, and split never exempts less than whole."""
    found = spent(marks(spans), year_h=year, overflow=overflow)
    exempt = sum(until - start for start, _, until, _ in found)
    marked = {hour for start, end in spans for hour in range(int(start), int(end))}
    assert sum(end - start for start, end, _, _ in found) == len(marked)
    assert exempt <= min(year, len(marked))
    split = sum(until - start for start, _, until, _ in spent(marks(spans), year_h=year))
    assert split == min(year, len(marked))
    assert exempt <= split
