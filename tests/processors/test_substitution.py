"""Missing mass is substituted by the greatest of the valid masses before the event, by tier, or not at all with the reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import DAY_MS, HOUR_MS
from processors.rules import substitution
from tests.processors.given import CST, ms

M = 10**6
FAILURE = ms(datetime(2026, 5, 1, tzinfo=CST))
MISSING = {
    "pid": pl.Int64,
    "hour": pl.Int64,
    "group": pl.String,
    "capture": pl.Int64,
    "calibrated_ms": pl.Int64,
}


def micro(number: str) -> int:
    """Return a decimal in millionths."""
    return int(Fraction(number) * M)


def valid(*masses: tuple[int, str], before: int = FAILURE) -> pl.DataFrame:
    """Return (count, kg) runs of valid hours, the last of them just before a moment, with a stopped day in their midst."""
    hours = [micro(kg) for count, kg in masses for _ in range(count)]
    at = [before - (len(hours) - i) * HOUR_MS - (DAY_MS if i < len(hours) - 50 else 0) for i in range(len(hours))]
    return pl.DataFrame({"pid": 1, "hour": at, "mass": hours}, schema={"pid": pl.Int64, "hour": pl.Int64, "mass": pl.Int64})


def missing(
    hours: int, capture: str | None, group: str = "B", calibrated: int | None = None, start: int = FAILURE
) -> pl.DataFrame:
    """Return an event of one point."""
    rate = None if capture is None else micro(capture)
    rows = [(1, start + i * HOUR_MS, group, rate, calibrated) for i in range(hours)]
    return pl.DataFrame(rows, schema=MISSING, orient="row")


def substitute(
    gap: pl.DataFrame, known: pl.DataFrame, tier_by: Literal["event_length", "elapsed"] = "event_length"
) -> pl.DataFrame:
    """Substitute by the table of HJ 75."""
    return substitution.substituted_masses(
        gap,
        known,
        tier_by=tier_by,
        event_h_max=24,
        capture_high_pct=90,
        capture_low_pct=75,
        lookback_short_h=180,
        lookback_long_h=720,
        lookback_low_h=2_160,
    )


TIERS = valid((1_000, "25.0"), (980, "24.0"), (1, "22.7"), (719 - 180, "10"), (1, "18.2"), (179, "9"))
"""Greatest of the last 180: 18.2; of 720: 22.7; of 2 160: 25.0."""


@pytest.mark.parametrize(
    ("hours", "capture", "tier_by", "total"),
    [
        pytest.param(30, "93.95", "event_length", "681.0", id="EX-1.16 event_length"),
        pytest.param(30, "93.95", "elapsed", "573.0", id="EX-1.16 elapsed"),
        pytest.param(5, "82", "event_length", "125.0", id="EX-1.17"),
        pytest.param(24, "90", "event_length", "436.8", id="a day at 90 %: both edges belong to the first tier"),
        pytest.param(25, "90", "event_length", "567.5", id="one hour more: all hours of the event"),
        pytest.param(1, "89.999999", "event_length", "25.0", id="just below 90 %"),
        pytest.param(1, "75", "event_length", "25.0", id="exactly 75 %"),
    ],
)
def test_tiers(hours: int, capture: str, tier_by: Literal["event_length", "elapsed"], total: str) -> None:
    """Capture rate and length choose the look-back; the order of rows does not matter."""
    gap = missing(hours, capture)
    for a, b in ((gap, TIERS), (gap.reverse(), TIERS.sample(fraction=1, shuffle=True, seed=1))):
        found = substitute(a, b, tier_by)
        assert found.height == hours
        assert found["mass"].sum() == micro(total)
        assert found["reason"].to_list() == [None] * hours


def test_a_row_tells_its_method() -> None:
    """How a mass was found stands beside it, and how many valid hours there were."""
    (row,) = substitute(missing(1, "95"), valid((10, "3"))).rows(named=True)
    assert row == {
        "pid": 1,
        "hour": FAILURE,
        "group": "B",
        "capture": micro("95"),
        "calibrated_ms": None,
        "event_ms": FAILURE,
        "event_h": 1,
        "elapsed_h": 1,
        "lookback_h": 180,
        "n": 10,
        "mass": micro("3"),
        "method": "maximum of 10 valid hours before the failure, 180 asked",
        "reason": None,
    }
    for known in (TIERS, valid((180, "3"))):
        (row,) = substitute(missing(1, "95"), known).rows(named=True)
        assert row["method"] == "maximum of 180 valid hours before the failure"


@pytest.mark.parametrize(
    ("gap", "known", "reason"),
    [
        pytest.param(
            missing(1, "74.999999"), TIERS, "capture rate below 75 %: manual monitoring or material balance", id="below 75 %"
        ),
        pytest.param(missing(1, None), TIERS, "capture rate not known", id="no rate"),
        pytest.param(missing(1, "95", "A"), TIERS, "no passed calibration is known", id="group A without calibration"),
        pytest.param(
            missing(1, "95", "A", FAILURE - 400 * DAY_MS),
            TIERS,
            "no valid hour before the last calibration",
            id="nothing so long ago",
        ),
        pytest.param(missing(1, "95"), TIERS.clear(), "no valid hour before the failure", id="a new monitor"),
    ],
)
def test_no_automatic_value(gap: pl.DataFrame, known: pl.DataFrame, reason: str) -> None:
    """Where nothing can be substituted the mass is empty and the reason is told; never zero."""
    (row,) = substitute(gap, known).rows(named=True)
    assert (row["mass"], row["method"], row["reason"]) == (None, None, reason)


def test_group_a_looks_back_from_the_last_calibration() -> None:
    """What was measured after the last calibration is in doubt and does not count, not even the hour of the calibration itself."""
    known = valid((200, "5"), (1, "6"), (1, "40"), (100, "50"))
    calibrated = FAILURE - 101 * HOUR_MS + HOUR_MS // 2 - DAY_MS  # in the hour of 40 kg; the stopped day lies after it
    (row,) = substitute(missing(1, "95", "A", calibrated), known).rows(named=True)
    assert (row["mass"], row["method"]) == (micro("6"), "maximum of 180 valid hours before the last calibration")
    (row,) = substitute(missing(1, "95", "A", calibrated + HOUR_MS // 2), known).rows(named=True)
    assert row["mass"] == micro("40")


def test_each_point_has_its_own_calibration() -> None:
    """What counts is the calibration before the event, of the point itself: 6 kg an hour before it, 40 kg in the hour of it."""
    known = valid((200, "5"), (1, "6"), (1, "40"))
    early, late = FAILURE - HOUR_MS, FAILURE
    gap = missing(2, "95", "A", early)
    # the point was calibrated again while the event went on
    gap = gap.with_columns(calibrated_ms=pl.when(pl.col("hour") == FAILURE).then("calibrated_ms").otherwise(late))
    other = missing(2, "95", "A", late).with_columns(pid=pl.lit(2, pl.Int64))
    found = substitute(pl.concat([other, gap]), pl.concat([known, known.with_columns(pid=pl.lit(2, pl.Int64))]))
    expected = [(1, FAILURE, "6"), (1, FAILURE + HOUR_MS, "6"), (2, FAILURE, "40"), (2, FAILURE + HOUR_MS, "40")]
    assert found.select("pid", "hour", "mass").rows() == [(pid, hour, micro(kg)) for pid, hour, kg in expected]


def test_hours_are_in_order() -> None:
    """By point and hour, though the second point's event came first in time."""
    gap = pl.concat([missing(2, "95", start=FAILURE + 9 * HOUR_MS), missing(2, "95").with_columns(pid=pl.lit(2, pl.Int64))])
    found = substitute(gap.reverse(), TIERS)
    assert found.select("pid", (pl.col("hour") - FAILURE) // HOUR_MS).rows() == [(1, 9), (1, 10), (2, 0), (2, 1)]


def test_events() -> None:
    """Another group, an hour between and another point end an event."""
    rows = pl.DataFrame(
        {"pid": [1, 1, 1, 1, 2], "hour": [n * HOUR_MS for n in (0, 1, 2, 4, 5)], "group": ["B", "B", "A", "A", "A"]}
    )
    for each in (rows, rows.reverse()):
        found = substitution.events(each).with_columns(pl.col("hour", "event_ms") // HOUR_MS)
        assert found.rows() == [
            (1, 0, "B", 0, 2, 1),
            (1, 1, "B", 0, 2, 2),
            (1, 2, "A", 2, 1, 1),
            (1, 4, "A", 4, 1, 1),
            (2, 5, "A", 5, 1, 1),
        ]


def test_each_hour_takes_the_rate_of_its_quarter() -> None:
    """An event across the end of a quarter has two tiers and one length."""
    gap = pl.concat([missing(30, "95").head(10), missing(30, "80").tail(20)])
    found = substitute(gap, TIERS)
    assert found["event_h"].to_list() == [30] * 30
    assert found["mass"].to_list() == [micro("22.7")] * 10 + [micro("25.0")] * 20


def test_nothing_missing() -> None:
    """No hours, no rows, and all columns."""
    assert substitute(missing(0, "95"), TIERS).columns == substitute(missing(1, "95"), TIERS).columns


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [("10", 100), ("20", 100), ("30", 400)], (3, "25", "weighted by flow"), id="(1,000 + 2,000 + 12,000) / 600"
        ),
        pytest.param([("10", 100), ("20", None), ("30", 400)], (3, "20", "their plain mean"), id="a flow is not known"),
        pytest.param([("10", 0), ("20", 0), ("30", 0)], (3, "20", "their plain mean"), id="no flow to weight by"),
        pytest.param([("1", 1), ("1", 1), ("2", 1)], (3, "1.333333", "weighted by flow"), id="rounded at six decimals"),
        pytest.param([("10", 100), ("20", 100)], None, id="too few"),
    ],
)
def test_manual_concentrations(rows: list[tuple[str, int | None]], expected: tuple[int, str, str] | None) -> None:
    """By hand; the order makes no difference."""
    schema = {"pid": pl.Int32, "day": pl.Int64, "concentration": pl.Int64, "flow": pl.Int64, "digest": pl.UInt64}
    data = [(1, 0, micro(mg_l), None if flow is None else flow * M, n) for n, (mg_l, flow) in enumerate(rows)]
    results = pl.DataFrame(data, schema=schema, orient="row")
    for given_ in (results, results.reverse()):
        found = substitution.manual_concentrations(given_, results_min=3).select("n", "value", "method").rows()
        want = [] if expected is None else [(expected[0], micro(expected[1]), f"3 results of manual monitoring, {expected[2]}")]
        assert found == want


def test_manual_means() -> None:
    """Of 4 and 5.5 kg/h the mean is 4.75; of 1, 1 and 2 it is 4/3, rounded half up at six decimals; points and days apart."""
    rows = [(1, 0, "4"), (1, 0, "5.5"), (1, DAY_MS, "1"), (1, DAY_MS, "1"), (1, DAY_MS, "2"), (2, 0, "7")]
    results = pl.DataFrame(
        {
            "pid": [row[0] for row in rows],
            "day": [row[1] for row in rows],
            "rate": [micro(row[2]) for row in rows],
            "digest": pl.Series(range(len(rows)), dtype=pl.UInt64),
        }
    )
    for given_ in (results, results.reverse()):
        found = substitution.manual_means(given_).sort("pid", "day")
        assert found.select("pid", "day", "manual_n", "manual_rate").rows() == [
            (1, 0, 2, micro("4.75")),
            (1, DAY_MS, 3, 1_333_333),
            (2, 0, 1, micro("7")),
        ]


@pytest.mark.parametrize(
    ("capture", "results_min", "mass", "method", "reason"),
    [
        pytest.param("70", 2, "4.75", "2 results of manual monitoring", None, id="below 75 %"),
        pytest.param("95", 2, "4.75", "2 results of manual monitoring", None, id="in place of a substitute"),
        pytest.param(
            "70", 3, None, None, "capture rate below 75 %: manual monitoring or material balance", id="fewer than asked"
        ),
    ],
)
def test_manual_hours(capture: str, results_min: int, mass: str | None, method: str | None, reason: str | None) -> None:
    """The mean rate of the day's results is what an hour emitted; of the next hour there are no results, and nothing changes."""
    found = substitute(missing(2, capture), valid((180, "10")))
    manual = pl.Series("manual_n", [2, None], dtype=pl.Int64), pl.Series("manual_rate", [micro("4.75"), None], dtype=pl.Int64)
    first, second = substitution.manual_hours(found.with_columns(manual), results_min=results_min).rows(named=True)
    assert (first["mass"], first["method"], first["reason"]) == (None if mass is None else micro(mass), method, reason)
    assert second | {"manual_n": None, "manual_rate": None} == found.row(1, named=True) | {
        "manual_n": None,
        "manual_rate": None,
    }


WATER = {
    "pid": pl.Int64,
    "day": pl.Int64,
    "case": pl.String,
    "checked_ms": pl.Int64,
    "manual_n": pl.Int64,
    "manual_mass": pl.Int64,
}
WATER_DAYS = pl.DataFrame(
    {
        "pid": 1,
        "day": [FAILURE - n * DAY_MS for n in range(35, 0, -1)],
        "mass": [micro("99")] * 4 + [micro("86")] + [micro("50")] * 29 + [micro("98")],
    },
    schema={"pid": pl.Int64, "day": pl.Int64, "mass": pl.Int64},
)
"""Of the 30 valid days before yesterday the greatest is 86 kg; what came before or after is greater."""
CHECKED = FAILURE - DAY_MS + HOUR_MS


@pytest.mark.parametrize(
    ("case", "checked", "manual_n", "manual", "mass", "method", "reason", "concentration"),
    [
        pytest.param(
            "sampling", CHECKED, 9, 7, "86", "maximum of 30 valid days before the last passed check", None, False, id="EX-3.6"
        ),
        pytest.param("other", CHECKED, 4, 7, "7", "4 results of manual monitoring", None, True, id="manual first"),
        pytest.param(
            "other",
            CHECKED,
            3,
            7,
            "86",
            "maximum of 30 valid days before the last passed check",
            None,
            False,
            id="too few manual results",
        ),
        pytest.param(
            "other",
            CHECKED,
            None,
            None,
            "86",
            "maximum of 30 valid days before the last passed check",
            None,
            False,
            id="no manual results",
        ),
        pytest.param("zero flow", CHECKED, 4, 7, None, None, "no discharge", False, id="zero flow"),
        pytest.param("sampling", None, None, None, None, None, "no passed check is known", False, id="never checked"),
        pytest.param(
            "sampling",
            FAILURE - 40 * DAY_MS,
            None,
            None,
            None,
            None,
            "no valid day before the last passed check",
            False,
            id="checked before all",
        ),
    ],
)
def test_water_days(
    case: str,
    checked: int | None,
    manual_n: int | None,
    manual: int | None,
    mass: str | None,
    method: str | None,
    reason: str | None,
    concentration: bool,
) -> None:
    """EX-3.6: mass of the greatest of 30 valid days; manual monitoring goes first in other time, and zero flow has none."""
    row = (1, FAILURE, case, checked, manual_n, None if manual is None else manual * M)
    gap = pl.DataFrame([row], schema=WATER, orient="row")
    for known in (WATER_DAYS, WATER_DAYS.reverse()):
        (got,) = substitution.substituted_water_days(gap, known, lookback_days=30, results_min=4).rows(named=True)
        assert (got["mass"], got["method"], got["reason"], got["concentration"]) == (
            None if mass is None else micro(mass),
            method,
            reason,
            concentration,
        )


def test_water_days_of_points() -> None:
    """By point and day, though the second point was checked first; exactly 30 valid days are not fewer than asked."""
    month = WATER_DAYS.tail(30)
    rows = [
        (1, FAILURE, "sampling", FAILURE, None, None),
        (1, FAILURE + DAY_MS, "other", FAILURE, None, 7),
        (2, FAILURE, "sampling", CHECKED, None, None),
    ]
    gap = pl.DataFrame(rows[::-1], schema=WATER, orient="row")
    found = substitution.substituted_water_days(gap, month, lookback_days=30, results_min=4)
    whole = (micro("98"), "maximum of 30 valid days before the last passed check", None, False)
    assert found.select("pid", "day", "mass", "method", "reason", "concentration").rows() == [
        (1, FAILURE, *whole),
        (1, FAILURE + DAY_MS, *whole),
        (2, FAILURE, None, None, "no valid day before the last passed check", False),
    ]


@settings(max_examples=50, deadline=None)
@given(hours=st.integers(1, 60), capture=st.integers(70, 100), steps=st.integers(0, 29))
def test_a_lower_rate_never_lowers_the_mass(hours: int, capture: int, steps: int) -> None:
    """A worse captured quarter looks further back, so its substitutes are no smaller; and longer events no smaller either."""
    lower = max(75, capture - steps)
    here, worse = substitute(missing(hours, str(capture)), TIERS), substitute(missing(hours, str(lower)), TIERS)
    if capture >= 75:
        assert worse["mass"].sum() >= here["mass"].sum()
        longer = substitute(missing(hours + 1, str(capture)), TIERS)
        assert longer["mass"][0] >= here["mass"][0]


def test_the_look_back_skips_time() -> None:
    """Valid hours are counted, not clock hours: a year without any does not matter."""
    known = valid((200, "5"), before=ms(datetime(2025, 1, 1, tzinfo=CST) - timedelta(days=9)))
    assert substitute(missing(1, "95"), known)["mass"].to_list() == [micro("5")]
