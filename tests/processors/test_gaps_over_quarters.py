"""Gaps of Part 75 that run over the end of a quarter: whole on both sides of it, re-issued when their end is known, the same in any order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from processors.figures import Figure
from tests.processors.given import CST, SO2, STACK, line, ms
from tests.processors.replay import Street
from tests.processors.test_missing import unit

START = datetime(2026, 6, 28, tzinfo=CST)
DAY = timedelta(days=1)
GAP, QUARTER_END, ENDS = 66, 72, 90
"""Hours since START: a gap begins on 30 June at 18:00; July begins; the gap ends on 1 July at 18:00."""


def hour(n: int, value: float, delay_s: float = 1) -> bytes:
    """The mean of the n-th hour."""
    return line(START + timedelta(hours=n), {SO2: value}, kind="hour", stat="avg", delay_s=delay_s)


def sent(hours: Iterable[int]) -> list[bytes]:
    """Hours at 40 before July, and at 60 in it."""
    return [hour(n, 40.0 if n < QUARTER_END else 60.0) for n in hours]


def at(street: Street, n: int) -> Figure:
    found = street.store.figure(STACK, SO2, "avg_sub", "hour", ms(START + timedelta(hours=n)))
    assert found is not None
    return found


def pass_days(street: Street, days: range, missing: range = range(GAP, ENDS)) -> None:
    """Let days go by, without the hours that are missing."""
    for day in days:
        street.send(sent(n for n in range(24 * day, 24 * day + 24) if n not in missing))
        street.ticks(START + (day + 1) * DAY + timedelta(minutes=6), 4)


def said(figure: Figure) -> tuple[int | None, str]:
    return figure.value, figure.explain["note"].split(",")[0]


def test_a_gap_that_ends_in_the_next_quarter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 24 h, six lie in June. While it is open June's hours have no other side; in the end 50, the mean of 40 and 60, stands for all of them."""
    street = Street(tmp_path, unit())
    pass_days(street, range(3))
    assert said(at(street, GAP)) == (None, "no hour on a side of the gap; gap of 6 h") and at(street, GAP).state == "final"
    pass_days(street, range(3, 4))
    whole = "mean of the hour before and the hour after; gap of 24 h"
    assert [said(at(street, n)) for n in (GAP, QUARTER_END - 1, QUARTER_END, ENDS - 1)] == [(50_000_000, whole)] * 4
    assert [at(street, n).state for n in (GAP, QUARTER_END)] == ["revised", "provisional"]
    street.send([hour(76, 44.0, delay_s=3 * 86_400)])
    street.ticks(START + 4 * DAY + timedelta(hours=2), 8)
    first, second = (
        "mean of the hour before and the hour after; gap of 10 h",
        "mean of the hour before and the hour after; gap of 13 h",
    )
    assert [said(at(street, n)) for n in (GAP, 75, 77, ENDS - 1)] == [(42_000_000, first)] * 2 + [(52_000_000, second)] * 2
    assert at(street, 76).reason == "measured: nothing is substituted any more"
    found = street.found()
    assert street.again(monkeypatch, 41) == found


def test_an_hour_of_the_quarter_before_that_comes_late(tmp_path: Path) -> None:
    """An hour of June that comes once the gap is over shortens it on both sides of the quarter's end."""
    street = Street(tmp_path, unit())
    pass_days(street, range(5))
    street.send([hour(70, 56.0, delay_s=3 * 86_400)])
    street.ticks(START + 5 * DAY + timedelta(hours=2), 8)
    words = "mean of the hour before and the hour after; gap of"
    assert [said(at(street, n)) for n in (GAP, 71, QUARTER_END, ENDS - 1)] == [
        (48_000_000, f"{words} 4 h"), *[(58_000_000, f"{words} 19 h")] * 3,
    ]  # fmt: skip
    street.log.close()


@pytest.mark.parametrize("late", [pytest.param(day, id=f"day {day} comes last") for day in range(4)])
def test_in_any_order(tmp_path: Path, late: int) -> None:
    """Whichever day comes last: what stands for the hours of both quarters is the same as where all came in time."""

    def made(name: str, days: list[int]) -> list[Any]:
        (tmp_path / name).mkdir()
        street = Street(tmp_path / name, unit())
        for n, day in enumerate(days):
            street.send(
                [
                    line(
                        START + timedelta(hours=h),
                        {SO2: 40.0 + h % 7},
                        kind="hour",
                        stat="avg",
                        delay_s=1 if day == n else 9 * 86_400,
                    )
                    for h in range(24 * day, 24 * day + 24)
                    if not GAP <= h < ENDS
                ]
            )
            street.ticks(START + (max(days[: n + 1]) + 1) * DAY + timedelta(minutes=6 + 10 * n), 8)
        street.ticks(START + 6 * DAY, 16)
        street.log.close()
        query = (
            "SELECT start, stat, value, reason, json_extract(explain, '$.note') FROM figures WHERE stat IN ('avg_sub', 'availability') "
            "AND coalesce(reason, '') NOT LIKE 'measured%' ORDER BY start, stat"
        )
        return street.store.rows(query)

    order = [day for day in range(5) if day != late]
    assert made("late", [*order, late]) == made("in time", list(range(5)))
