"""Pollution-weather warnings: the level a forecast calls for, the one that counts, and whether emissions came down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.figures import DAY_MS, HOUR_MS, OFFSET_MS
from processors.rules import weather
from processors.rules.weather import Level, WeatherWarning
from tests.processors.given import CST, ms

M = 10**6
START = ms(datetime(2026, 5, 10, 12, tzinfo=CST))


def level(edition: str, *runs: tuple[int, int | None], clean_hours: int = 12) -> str | None:
    """Return the level of (hours, AQI) runs by an edition; up to 100 is clean."""
    aqi = [value for hours, value in runs for _ in range(hours)]
    rows = [row for row in weather.level_rows() if row.edition == edition]
    return weather.forecast_level(aqi, rows, clean_aqi_max=100, clean_hours=clean_hours).level


@pytest.mark.parametrize(
    ("edition", "runs", "expected"),
    [
        pytest.param("2017", [(50, 170)], None, id="EX-8.1 2017"),
        pytest.param("2024", [(50, 170)], "yellow", id="EX-8.1 2024"),
        pytest.param("2024", [(48, 151)], "yellow", id="2024: just 48 h above 150"),
        pytest.param("2024", [(47, 170)], None, id="2024: 47 h"),
        pytest.param("2024", [(60, 150)], None, id="2024: 150 is not above 150"),
        pytest.param("2024", [(1, 201)], "yellow", id="2024: above 200 reached"),
        pytest.param("2024", [(1, 200)], None, id="2024: 200 is not above 200"),
        pytest.param("2024", [(48, 201)], "orange", id="2024: above 200 for 48 h"),
        pytest.param("2024", [(72, 170)], "orange", id="2024: above 150 for 72 h"),
        pytest.param("2024", [(48, 201), (24, 301)], "red", id="2024: red"),
        pytest.param("2024", [(49, 201), (23, 301)], "orange", id="2024: above 300 for 23 h only"),
        pytest.param("2017", [(48, 201)], "yellow", id="2017: two days"),
        pytest.param("2017", [(72, 201)], "yellow", id="2017: three days without 300"),
        pytest.param("2017", [(71, 201), (1, 301)], "orange", id="2017: three days with 300 reached"),
        pytest.param("2017", [(48, 201), (48, 301)], "red", id="2017: four days with two above 300"),
        pytest.param("2017", [(1, 500)], "red", id="2017: 500 reached"),
        pytest.param("2017", [(1, 499)], None, id="2017: 499 for an hour"),
        pytest.param("shenzhen-2019", [(200, 400)], "orange", id="Shenzhen: red was not seen"),
        pytest.param("2024", [], None, id="no forecast"),
    ],
)
def test_levels(edition: str, runs: list[tuple[int, int | None]], expected: str | None) -> None:
    """EX-8.1: 170 for 50 hours is no warning by the table of 2017, and yellow by that of 2024."""
    assert level(edition, *runs) == expected


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        pytest.param([(12, 100)], None, id="a clean interval separates"),
        pytest.param([(11, 100)], "yellow", id="too short to be clean"),
        pytest.param([(12, 101)], "yellow", id="not clean"),
        pytest.param([(6, 100), (1, 120), (6, 100)], "yellow", id="clean, but not in a row"),
        pytest.param([(12, None)], "yellow", id="not known is not clean"),
    ],
)
def test_two_episodes(between: list[tuple[int, int | None]], expected: str | None) -> None:
    """Two episodes of 24 h without a clean interval between them count as one."""
    assert level("2017", (24, 210), *between, (24, 210)) == expected


def test_a_clean_hour_between_others_separates_once() -> None:
    """Where one clean hour separates, the two hours after it are one episode of two."""
    rows = [weather.LevelRow("x", "yellow", 1, ">", 100, 2, "", "")]
    for aqi, found in (([101, 50, 101, 101], "yellow"), ([101, 50, 101, 50, 101], None)):
        assert weather.forecast_level(aqi, rows, clean_aqi_max=100, clean_hours=1).level == found


def test_a_reason_shows_what_held() -> None:
    """The conditions with their hours, and what was asked."""
    rows = [row for row in weather.level_rows() if row.edition == "2024"]
    found = weather.forecast_level([201] * 48 + [301] * 24, rows, clean_aqi_max=100, clean_hours=12)
    assert found.reason == "AQI > 200 for 72 h and AQI > 300 for 24 h, 72 and 24 asked"


@given(st.lists(st.integers(0, 500), max_size=120), st.integers(0, 100))
def test_worse_air_never_lowers_the_level(aqi: list[int], more: int) -> None:
    """Raising every hour leaves the level as strict or makes it stricter."""
    for edition in ("2017", "2024", "shenzhen-2019"):
        here, worse = level(edition, *((1, v) for v in aqi)), level(edition, *((1, v + more) for v in aqi))
        rank = [None, "yellow", "orange", "red"]
        assert rank.index(worse) >= rank.index(here)


CITY = WeatherWarning("city", "Foshan", "orange", "O3", START, START + 2 * DAY_MS)
COUNTY = WeatherWarning("county", "Nanhai", "yellow", "O3", START, START + 3 * DAY_MS)
AREAS = {"province": "Guangdong", "city": "Foshan", "county": "Nanhai"}


def counts(*warnings: WeatherWarning, time_ms: int = START, kind: str = "O3") -> WeatherWarning | None:
    """Return the warning that counts, whatever their order."""
    found = weather.strictest(warnings, areas=AREAS, kind=kind, time_ms=time_ms)
    assert weather.strictest(warnings[::-1], areas=AREAS, kind=kind, time_ms=time_ms) == found
    return found


def test_the_strictest_counts() -> None:
    """EX-8.3: orange of the city and yellow of the county: the plan for orange applies, and yellow when it has ended."""
    assert counts(CITY, COUNTY) == CITY
    assert counts(CITY, COUNTY, time_ms=START + 2 * DAY_MS) == COUNTY
    assert counts(CITY, COUNTY, time_ms=START + 3 * DAY_MS) is None
    assert counts(CITY, COUNTY, time_ms=START - 1) is None


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({"area": "Shenzhen"}, False),
        ({"kind": "PM2.5"}, False),
        ({"end_ms": START + 1}, True),
        ({"end_ms": START}, False),
        ({"planned_end_ms": START, "end_ms": START + 1}, True),
    ],
)
def test_which_warnings_hold(change: dict[str, object], held: bool) -> None:
    """Only those of the enterprise's own areas and of the kind asked for; the real end goes before the planned one."""
    assert (counts(replace(CITY, **change)) is not None) is held  # type: ignore[arg-type]


def test_of_equals_the_first() -> None:
    """Two orange warnings: the one that began first."""
    assert counts(replace(COUNTY, level="orange"), replace(CITY, start_ms=START - 1)) == replace(CITY, start_ms=START - 1)


def test_an_edition_that_is_not_there() -> None:
    """It is told, with those that are, and never taken for a forecast that calls for nothing."""
    assert weather.warning_level([170] * 50, "2024", 100, 12).level == "yellow"
    with pytest.raises(ValueError, match="no edition 2023 of the levels; write one of 2017, 2024, shenzhen-2019"):
        weather.warning_level([170] * 50, "2023", 100, 12)


SCHEMA = {"pid": pl.Int64, "hour": pl.Int64, "value": pl.Int64, "normal": pl.Boolean}
DAY0 = START - 12 * HOUR_MS
"""Midnight of the day on which the warning begins, at noon."""


def plant(
    usual: Sequence[str | None], during: Sequence[str | None], *, normal: Sequence[bool] | None = None, pid: int = 1
) -> pl.DataFrame:
    """Return earlier days, the last of them yesterday, each with one value, and hours from the warning's start on."""
    rows: list[tuple[int, int, int | None, bool]] = []
    for back, value in enumerate(reversed(usual), start=1):
        good = True if normal is None else normal[len(usual) - back]
        rows += [
            (pid, DAY0 - back * DAY_MS + h * HOUR_MS, None if value is None else int(Decimal(value) * M), good)
            for h in range(24)
        ]
    rows += [(pid, START + i * HOUR_MS, None if v is None else int(Decimal(v) * M), False) for i, v in enumerate(during)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def judged(
    rows: pl.DataFrame, hours: int = 8, required: int = 30, start: int = START, coverage: int = 75
) -> list[tuple[object, ...]]:
    """Judge a warning of some hours, with two hours of grace; whatever the order of rows."""
    options = {"start_ms": start, "end_ms": START + hours * HOUR_MS, "grace_s": 7_200, "baseline_days": 7}
    options |= {"coverage_pct_min": coverage, "required_pct": required, "offset_ms": OFFSET_MS}
    found = weather.reductions(rows, **options)
    assert found.equals(weather.reductions(rows.reverse(), **options))
    return found.rows()


TWELVE = ["12.0"] * 7


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            plant(TWELVE, ["12", "12", *["8.7"] * 6]),
            (1, 6, 6, 8_700_000, 12 * M, 27_500_000, False, None),
            id="EX-8.2 not met",
        ),
        pytest.param(
            plant(TWELVE, ["12", "12", *["8.4"] * 6]), (1, 6, 6, 8_400_000, 12 * M, 30 * M, True, None), id="EX-8.2 met"
        ),
        pytest.param(
            plant(TWELVE, ["12", "12", *["8.400001"] * 6]),
            (1, 6, 6, 8_400_001, 12 * M, 29_999_992, False, None),
            id="a millionth more is not",
        ),
        pytest.param(
            plant(["99", *TWELVE], ["0", "0", *["8.4"] * 6]),
            (1, 6, 6, 8_400_000, 12 * M, 30 * M, True, None),
            id="seven days back",
        ),
        pytest.param(
            plant(["12", "99", *["12"] * 6], ["0", "0", *["8.4"] * 6], normal=[True, False, *[True] * 6]),
            (1, 6, 6, 8_400_000, 12 * M, 30 * M, True, None),
            id="a day that was not normal is skipped",
        ),
        pytest.param(
            plant(TWELVE, ["0", "0", "8.4", None, "8.4", "8.4", "8.4", None]),
            (1, 4, 6, None, None, None, None, "4 of 6 hours can be compared"),
            id="too few hours known",
        ),
        pytest.param(
            plant(TWELVE, ["0", "0", "8.4", None, "8.4", "8.4", "8.4", "8.4"]),
            (1, 5, 6, 8_400_000, 12 * M, 30 * M, True, None),
            id="enough hours known",
        ),
        pytest.param(plant(["0"] * 7, ["1"] * 8), (1, 6, 6, None, None, None, None, "the baseline is zero"), id="from zero"),
        pytest.param(
            plant([], ["1"] * 8), (1, 0, 6, None, None, None, None, "0 of 6 hours can be compared"), id="no days before"
        ),
        pytest.param(
            plant(TWELVE, ["12", "12", *["8.4"] * 20]),
            (1, 6, 6, 8_400_000, 12 * M, 30 * M, True, None),
            id="what comes after the end",
        ),
    ],
)
def test_who_came_down(rows: pl.DataFrame, expected: tuple[object, ...]) -> None:
    """EX-8.2: 30 % are asked; two hours of grace, the same hours of the last seven normal days, three quarters of the hours."""
    assert judged(rows) == [expected]


def test_exactly_three_quarters() -> None:
    """Of eight hours six are enough, and part of an hour is not judged."""
    values = ["0", "0", *["8.4"] * 6, None, None]
    assert judged(plant(TWELVE, values), hours=10)[0][1:3] == (6, 8)
    assert judged(plant(TWELVE, values), hours=10)[0][-1] is None
    assert judged(plant(TWELVE, values), hours=10, start=START + 1)[0][1:3] == (5, 7)


@pytest.mark.parametrize(
    ("clock_h", "n", "during"),
    [
        pytest.param((0, 24), 6, 8_500_000, id="all hours from 14:00 to 20:00: the mean of 6 to 11"),
        pytest.param((15, 18), 3, 8 * M, id="15:00 to 18:00: 7, 8, 9"),
        pytest.param((0, 15), 1, 6 * M, id="up to 15:00: what the grace leaves"),
        pytest.param((19, 24), 1, 11 * M, id="from 19:00 on"),
    ],
)
def test_hours_of_the_day(clock_h: tuple[int, int], n: int, during: int) -> None:
    """Local hours, the first of them counts and the last does not; as many are due."""
    rows = plant(TWELVE, ["12", "12", "6", "7", "8", "9", "10", "11"])
    found = weather.reductions(
        rows, start_ms=START, end_ms=START + 8 * HOUR_MS, grace_s=7_200, baseline_days=7, coverage_pct_min=100,
        required_pct=30, offset_ms=OFFSET_MS, clock_h=clock_h,
    )  # fmt: skip
    assert found.select("n", "due", "during", "reason").rows() == [(n, n, during, None)]


def test_all_hours_where_none_are_named() -> None:
    """From noon to 02:00 with two hours of grace: 14:00 to 02:00 are twelve hours, those around midnight among them."""
    assert judged(plant(TWELVE, ["12", "12", *["6"] * 12]), hours=14)[0][1:4] == (12, 12, 6 * M)


def test_an_hour_that_a_warning_leaves_unfinished() -> None:
    """Up to a millisecond before 20:00 the whole hours after the grace are 14:00 to 19:00, five."""
    rows = plant(TWELVE, ["12", "12", *["8.4"] * 6])
    found = weather.reductions(
        rows, start_ms=START, end_ms=START + 8 * HOUR_MS - 1, grace_s=7_200, baseline_days=7, coverage_pct_min=100,
        required_pct=30, offset_ms=OFFSET_MS,
    )  # fmt: skip
    assert found.select("n", "due").rows() == [(5, 5)]


def test_the_same_hours_are_compared() -> None:
    """A plant that works by day only is compared by day: yesterday's nights do not count."""
    rows = plant(["12"], ["0", "0", "6", "6"]).with_columns(
        value=pl.when((pl.col("hour") - START) % DAY_MS < 6 * HOUR_MS).then("value").otherwise(0)
    )
    assert judged(rows, hours=4)[0][3:6] == (6 * M, 12 * M, 50 * M)


def test_the_day_of_the_warning_is_no_baseline() -> None:
    """Not even where it is called normal: seven earlier days are compared with."""
    rows = plant(TWELVE, ["12", "12", *["8.4"] * 6]).with_columns(normal=pl.lit(True))
    assert judged(rows)[0][3:6] == (8_400_000, 12 * M, 30 * M)


def test_what_the_baseline_is_made_of() -> None:
    """A day of which it is not known whether it was normal is none; a missing hour leaves the mean; one hour is enough of one."""
    rows = plant(["99", *TWELVE[:6]], ["0", "0", *["8.4"] * 6])
    unknown = rows.with_columns(normal=pl.when(pl.col("value") == 99 * M).then(None).otherwise("normal"))
    assert judged(unknown)[0][3:6] == (8_400_000, 12 * M, 30 * M)
    missing = plant(TWELVE, ["0", "0", *["8.4"] * 6]).with_columns(
        value=pl.when(pl.col("hour") < DAY0 - 2 * DAY_MS).then(None).otherwise("value")
    )
    assert judged(missing)[0][3:6] == (8_400_000, 12 * M, 30 * M)
    assert judged(plant(TWELVE, ["0", "0", "6"]), hours=3)[0][1:6] == (1, 1, 6 * M, 12 * M, 50 * M)
    assert judged(plant(["6", "18"], ["0", "0", "6"]), hours=3)[0][4] == 12 * M


def test_the_least_baseline() -> None:
    """A millionth can be compared with; from it to zero is 100 %."""
    assert judged(plant(["0.000001"] * 7, ["0", "0", "0"]), hours=3)[0][4:6] == (1, 100 * M)


def test_points_in_order() -> None:
    """Each point is judged by itself, and they come in order."""
    rows = [plant(TWELVE, ["0", "0", "6"], pid=pid) for pid in (4, 2, 9, 1, 7, 3)]
    assert [row[0] for row in judged(pl.concat(rows), hours=3)] == [1, 2, 3, 4, 7, 9]


def test_nothing_is_judged_on_nothing() -> None:
    """Even where no coverage is asked, without an hour to compare there is no number."""
    assert judged(plant([], ["1"] * 8), coverage=0)[0][4:] == (None, None, None, "0 of 6 hours can be compared")


def test_nothing_left_after_the_grace() -> None:
    """A warning shorter than the grace judges nothing."""
    assert judged(plant(TWELVE, ["1"] * 8), hours=1) == [(1, 0, 0, None, None, None, None, "0 of 0 hours can be compared")]


@pytest.mark.parametrize(("held", "expected"), [(None, "28"), ("yellow", "28"), ("orange", "24.5"), ("red", "24.5")])
def test_internal_limit(held: Level | None, expected: str) -> None:
    """0.8 of a limit of 35 in normal times, 0.7 from orange on."""
    limit = weather.internal_limit(35, level=held, share_pct=80, tight_share_pct=70, tight_from="orange")
    assert limit == Fraction(expected)
