"""A month has a mean where enough days are valid; shares and counts of exceeding hours."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

import polars as pl
import pytest

from processors.figures import DAY_MS, OFFSET_MS
from processors.rules import months
from tests.processors.given import ms

CST = timezone(timedelta(milliseconds=OFFSET_MS))
M = 10**6


def start(day: date) -> int:
    """Return the local start of a day."""
    return ms(datetime(day.year, day.month, day.day, tzinfo=CST))


def days(first: date, values: list[int | None], due: list[bool] | None = None) -> pl.DataFrame:
    """Return days of one point from a first one on; values in whole units."""
    rows = [
        (1, "avg", start(first) + i * DAY_MS, None if v is None else v * M, due is None or due[i]) for i, v in enumerate(values)
    ]
    schema = {"pid": pl.Int64, "stat": pl.String, "day": pl.Int64, "value": pl.Int64, "due": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("first", "valid", "of", "reason"),
    [
        pytest.param(date(2026, 4, 1), 25, 30, None, id="EX-1.3 April"),
        pytest.param(date(2026, 2, 1), 23, 28, None, id="EX-1.3 February"),
        pytest.param(date(2026, 3, 1), 24, 31, "24 valid days of 25", id="EX-1.3 March"),
        pytest.param(date(2026, 2, 1), 22, 28, "22 valid days of 23", id="February one too few"),
        pytest.param(date(2026, 4, 1), 0, 30, "0 valid days of 25", id="none"),
    ],
)
def test_a_month(first: date, valid: int, of: int, reason: str | None) -> None:
    """25 valid days make a month, 23 a February; the mean is that of the valid days, whatever the order of rows."""
    given = days(first, [10 if i % 2 else 20 for i in range(valid)] + [None] * (of - valid))
    total = sum(10 if i % 2 else 20 for i in range(valid))
    value = None if reason else round(Fraction(total * M, valid))
    for rows in (given, given.sample(fraction=1, shuffle=True, seed=1)):
        (month,) = months.month_means(rows, days_min=25, days_min_february=23, offset_ms=OFFSET_MS).rows()
        assert month == (1, "avg", start(first), valid, total * M, value, reason)


def test_months_are_cut_in_local_time() -> None:
    """The last day of one month and the first of the next do not meet, and nothing has no mean even where nothing is asked."""
    rows = pl.concat([days(date(2026, 3, 31), [10]), days(date(2026, 4, 1), [30]), days(date(2026, 5, 1), [None])])
    found = months.month_means(rows, days_min=0, days_min_february=0, offset_ms=OFFSET_MS)
    assert found.select("month", "value", "reason").rows() == [
        (start(date(2026, 3, 1)), 10 * M, None),
        (start(date(2026, 4, 1)), 30 * M, None),
        (start(date(2026, 5, 1)), None, "0 valid days of 0"),
    ]


@pytest.mark.parametrize(
    ("valid", "due", "of", "reason"),
    [
        pytest.param(23, 30, 30, None, id="EX-3.5b just enough"),
        pytest.param(22, 30, 30, "22 valid days of 30 due", id="EX-3.5b one too few"),
        pytest.param(15, 20, 30, None, id="exactly 75 %"),
        pytest.param(14, 20, 30, "14 valid days of 20 due", id="below it"),
        pytest.param(0, 0, 30, "no day was due", id="no discharge"),
    ],
)
def test_a_month_of_due_days(valid: int, due: int, of: int, reason: str | None) -> None:
    """75 % of the due days make a month; what a day without discharge holds does not count."""
    values: list[int | None] = [40] * valid + [None] * (due - valid) + [99] * (of - due)
    given = days(date(2026, 4, 1), values, [True] * due + [False] * (of - due))
    (month,) = months.due_month_means(given, share_min_pct=75, offset_ms=OFFSET_MS).rows(named=True)
    assert (month["n"], month["due"], month["value"], month["reason"]) == (valid, due, None if reason else 40 * M, reason)


@pytest.mark.parametrize(
    ("exceeding", "outcome", "reason"),
    [
        pytest.param(36, "passes", "share of hours within 95 %, at least 95 required", id="EX-1.20 passes"),
        pytest.param(37, "fails", "share of hours within 94.86 %, at least 95 required", id="EX-1.20 fails"),
    ],
)
def test_share_within(exceeding: int, outcome: str, reason: str) -> None:
    """EX-1.20: of 720 hours 36 above the limit are 95.00 % within, 37 are 94.86 %."""
    verdict = months.share_within(valid_h=720, exceeding_h=exceeding, share_min_pct=95)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_no_hours_are_not_judged() -> None:
    """A month in which nothing was produced neither passes nor fails."""
    nothing = months.share_within(valid_h=0, exceeding_h=0, share_min_pct=95)
    assert (nothing.outcome, nothing.reason) == ("not judged", "no valid operating hour")
    assert months.share_within(valid_h=1, exceeding_h=0, share_min_pct=95).outcome == "passes"
    with pytest.raises(ValueError, match="no part"):
        months.share_within(valid_h=3, exceeding_h=4, share_min_pct=95)
