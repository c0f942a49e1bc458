"""Valid hours and days of municipal waste combustion: quarters that are over, what late data take back, restarts, a replay, and the page."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.wording import worded
from ingest.records import Mark
from ingest.registry import Point, Registry, Source
from plumeline.console.quarters import section
from plumeline.sqlite_query import SqliteStore
from processors.figures import Figure
from tests.plumeline.test_console import _context
from tests.processors.given import CST, STACK, line, ms
from tests.processors.replay import Street

NOX = "a21002"
START = datetime(2026, 7, 1, tzinfo=CST)
DAY = timedelta(days=1)
QUARTER_DAYS = 92


def unit() -> Registry:
    """A municipal waste combustion unit that sends hours of NOx."""
    source = Source(source=STACK, enterprise="E1", outlet="1", name="unit", kind="flue_gas", cadence_s=3600, rules="us-mwc")
    return Registry(sources=(source,), points=(Point(source=STACK, factor=NOX, unit="mg/m3"),))


def hours(day: int, n: int, first: int = 0, delay_s: float = 1) -> list[bytes]:
    """So many of the hours of a day, from ``first`` on."""
    times = (START + day * DAY + timedelta(hours=h) for h in range(first, first + n))
    return [line(t, {NOX: 20.0}, kind="hour", stat="avg", delay_s=delay_s) for t in times]


def passed(street: Street, days: range, short: set[int]) -> None:
    """Let days go by of 18 valid hours, of 17 those that are short."""
    for day in days:
        street.send(hours(day, 17 if day in short else 18))
        street.ticks(START + (day + 1) * DAY + timedelta(minutes=6), 3)


def quarter(store: SqliteStore) -> Figure:
    found = store.figure(STACK, NOX, "valid_days", "quarter", ms(START))
    assert found is not None
    return found


def told(street: Street) -> list[tuple[str, str, str]]:
    events = [e for e in reversed(street.store.events(limit=1000)) if e.kind.startswith("compliance.")]
    return [(e.kind.removeprefix("compliance."), e.facts["level"], e.facts["period"]) for e in events]


@pytest.mark.parametrize(
    ("short", "share", "verdict"),
    [
        pytest.param(9, 90_217_391, "complies", id="83 of 92 days are 90.217 %"),
        pytest.param(10, 89_130_435, "exceeds", id="82 of 92 are 89.130 %"),
    ],
)
def test_a_quarter_that_is_over(tmp_path: Path, short: int, share: int, verdict: str) -> None:
    """US-2: 90 % of its operating days; provisional until its last day is closed, and told where it misses."""
    street = Street(tmp_path, unit())
    passed(street, range(QUARTER_DAYS - 1), set(range(80, 80 + short)))
    assert quarter(street.store).state == "provisional"
    passed(street, range(QUARTER_DAYS - 1, QUARTER_DAYS + 1), set())
    found = quarter(street.store)
    assert (found.value, found.n, found.verdict, found.state) == (share, QUARTER_DAYS, verdict, "final")
    days = [("failed", "day", f"2026-09-{day:02}") for day in range(19, 19 + short)]
    assert told(street) == days + [("failed", "quarter", "2026-Q3")] * (short == 10)
    street.log.close()


def test_what_comes_late_takes_it_back_and_a_replay_repeats_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten short days are too many; an hour that comes late mends one, and a stop another: then nine of 92 may miss, and eight do."""
    street = Street(tmp_path, unit())
    passed(street, range(11), set(range(10)))
    assert quarter(street.store).value == 9_090_909, "1 of 11 days"
    assert told(street)[-1] == ("failed", "quarter", "2026-Q3")
    assert [row for row in told(street) if row[1] == "day"] == [("failed", "day", f"2026-07-{day:02}") for day in range(1, 11)]
    street.send(hours(4, 1, first=17, delay_s=7 * 86_400))
    street.ticks(START + 11 * DAY + timedelta(hours=1), 8)
    assert told(street)[-2:] == [("withdrawn", "day", "2026-07-05"), ("withdrawn", "quarter", "2026-Q3")]
    stop = {"start": START + 5 * DAY + timedelta(hours=20), "end": START + 6 * DAY}
    mark = Mark(id="M1", source=STACK, type="stopped", author="test", set_at=START + 11 * DAY, **stop)
    street.send([], mark)
    street.ticks(START + 11 * DAY + timedelta(hours=2), 8)
    day = street.store.figure(STACK, NOX, "valid_hours", "day", ms(START + 5 * DAY))
    assert day is not None and (day.value, day.n, day.verdict) == (85_000_000, 20, "complies"), "17 of 20"
    assert quarter(street.store).value == 27_272_727, "3 of 11 days"
    assert told(street)[-1] == ("withdrawn", "day", "2026-07-06")
    found = street.found()
    assert street.again(monkeypatch, 149) == found


def test_the_source_s_page(tmp_path: Path) -> None:
    """The quarter's days stand where other packs show capture, with how many there were."""
    street = Street(tmp_path, unit())
    passed(street, range(2), {1})
    page = str(section(_context(street.store, unit(), source=STACK), STACK))  # type: ignore[arg-type]
    assert "operating days with enough valid hours" in page and "50" in page
    assert "1 of 2 operating days have enough valid hours, at least 90 % asked" in page
    street.log.close()


def test_in_chinese() -> None:
    """What is told of days and quarters, whole."""
    day = "operating hours with a valid mean, 2026-07-02: 17 of 24 operating hours have a mean, at least 75 % asked; cannot be met any more"
    assert (
        worded(day, "zh")
        == "有有效均值的运行小时，2026 年 07 月 02 日：24 个运行小时中有均值的 17 个，要求不低于 75%；已无法满足"
    )
    quarter_ = (
        "operating days with enough valid hours, 2026-Q3: 0 of 10 operating days have enough valid hours, at least 90 % asked"
    )
    told_zh = "有效小时充足的运行日，2026 年第 3 季度：10 个运行日中有效小时充足的 0 个，要求不低于 90%"
    assert worded(quarter_, "zh") == told_zh
