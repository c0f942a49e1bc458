"""Behaviour around a limit is told: hugging it, falling away, calibrating over it, falling silent before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, OFFSET_MS
from processors.rules import screening_limits as screening
from processors.rules.evidence import EVIDENCE
from tests.processors.given import CST, ms

M = 10**6
MIDNIGHT = ms(datetime(2026, 4, 1, tzinfo=CST))
APRIL_H = 720
LIMIT = pl.lit(35 * M, pl.Int64)


def micro(text: str | None) -> int | None:
    """Return a decimal in millionths."""
    return None if text is None else int(Decimal(text) * M)


def at(clock: str) -> int:
    """Return a time of the first day; hours may pass 24."""
    hours, minutes = clock.split(":")
    return MIDNIGHT + int(hours) * HOUR_MS + int(minutes) * MINUTE_MS


def series(values: Sequence[str | None], step_ms: int = HOUR_MS, start: int = MIDNIGHT, pid: int = 1) -> pl.DataFrame:
    """Return values one step apart, at a limit of 35."""
    rows = [(pid, start + i * step_ms, micro(v)) for i, v in enumerate(values)]
    schema = {"pid": pl.Int64, "time_ms": pl.Int64, "value": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(limit=LIMIT)


def screened(
    detector: str, screen: Callable[..., pl.DataFrame], *frames: pl.DataFrame, **settings: Any
) -> list[tuple[int, int, str, int]]:
    """Return start and end in minutes from midnight, reason and weight; the same whatever the order of rows."""
    found = screen(*frames, **settings)
    assert found.equals(screen(*(frame.reverse() for frame in frames), **settings))
    assert dict(found.schema) == EVIDENCE
    assert set(found["detector"]) <= {detector}
    minutes = [(pl.col(name) - MIDNIGHT) // MINUTE_MS for name in ("start_ms", "end_ms")]
    return found.select(*minutes, "reason", "weight").rows()


DAY = {"window_s": 86_400, "every_s": 86_400, "hours_min": 20, "offset_ms": OFFSET_MS, "weight": 3}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param(["33"] * 20 + ["20"] * 4, "20 of 24 valid hours just below the limit, none above", id="EX-7.2 83.3 %"),
        pytest.param(["33"] * 19 + ["20"] * 5, None, id="EX-7.2 79.2 %"),
        pytest.param(["33"] * 16 + ["20"] * 4, "16 of 20 valid hours just below the limit, none above", id="exactly 80 %"),
        pytest.param(["33"] * 19, None, id="19 hours say nothing"),
        pytest.param(["33"] * 23 + ["35.000001"], None, id="one above"),
        pytest.param(["35"] * 24, "24 of 24 valid hours just below the limit, none above", id="the limit itself is below"),
        pytest.param(["31.5"] * 24, None, id="0.9 of it is not near"),
        pytest.param(["31.500001"] * 24, "24 of 24 valid hours just below the limit, none above", id="just more is"),
        pytest.param([None] * 4 + ["33"] * 19, None, id="what is not valid does not count"),
    ],
)
def test_hugging(values: list[str | None], reason: str | None) -> None:
    """EX-7.2: 20 of 24 hours in (31.5, 35] and none above are told, 19 of 24 are not."""
    found = screened("DQ-4", screening.hugging, series(values), near_times=Decimal("0.9"), share_pct_min=80, **DAY)
    assert found == ([] if reason is None else [(0, 24 * 60, reason, 3)])


@pytest.mark.parametrize(
    ("below", "above", "far", "told"),
    [
        pytest.param(10, 1, 13, True, id="ten to one"),
        pytest.param(9, 1, 14, False, id="nine to one"),
        pytest.param(20, 0, 4, False, id="nothing just above: no ratio"),
        pytest.param(10, 1, 9, True, id="20 hours"),
        pytest.param(10, 1, 8, False, id="19 hours say nothing"),
    ],
)
def test_edge_density(below: int, above: int, far: int, told: bool) -> None:
    """Ten times more hours just below the limit than just above; the ends of both bands belong to them as to the limit."""
    low, high = ["33.250001", "35"], ["36.75", "35.000001"]
    values = [*(low[i % 2] for i in range(below)), *(high[i % 2] for i in range(above))]
    values += [("33.25", "36.750001")[i % 2] for i in range(far)]
    found = screened(
        "DQ-4",
        screening.edge_density,
        series(values),
        below_times=Decimal("0.95"),
        above_times=Decimal("1.05"),
        ratio_min=10,
        **DAY,
    )
    assert found == ([(0, 24 * 60, f"{below} hours just below the limit, {above} just above", 3)] if told else [])


def test_a_ratio_that_is_no_whole_number() -> None:
    """Five just below to two just above are 2.5."""
    options = {"below_times": Decimal("0.95"), "above_times": Decimal("1.05"), **DAY}
    rows = series(["35"] * 5 + ["36"] * 2 + ["20"] * 13)
    for ratio, n in (("2.5", 1), ("2.6", 0)):
        assert len(screened("DQ-4", screening.edge_density, rows, ratio_min=Decimal(ratio), **options)) == n


DROP = {
    "high_times": Decimal("0.95"),
    "low_times": Decimal("0.5"),
    "within_s": 120,
    "load_change_max": 5,
    "oxygen_change_pct_max": 1,
    "repeat_n": 3,
    "repeat_days": 7,
    "weight": 2,
    "weight_repeated": 9,
}


def minutes(
    values: Sequence[str | None],
    load: Sequence[str | None] = ("60",),
    oxygen: Sequence[str | None] = ("6",),
    normal: Sequence[bool | None] = (True,),
    start: int = MIDNIGHT,
) -> pl.DataFrame:
    """Return minutes with flag, load and oxygen; a single one of these holds for all."""
    n = len(values)
    columns = {"load": [micro(v) for v in load], "oxygen": [micro(v) for v in oxygen], "normal": list(normal)}
    types = {"load": pl.Int64, "oxygen": pl.Int64, "normal": pl.Boolean}
    return series(values, MINUTE_MS, start).with_columns(
        pl.Series(name, cells * n if len(cells) == 1 else cells, dtype=types[name]) for name, cells in columns.items()
    )


FELL = "fell from 34.5 to 12 in 60 s at a limit of 35 with load and oxygen steady"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(minutes(["34.5", "12.0"]), [(0, 1, FELL, 2)], id="EX-7.12 DQ-5"),
        pytest.param(minutes(["34.5", "20", "12"]), [(0, 2, FELL.replace("60 s", "120 s"), 2)], id="just two minutes"),
        pytest.param(minutes(["34.5", "20", "20", "12"]), [], id="three minutes"),
        pytest.param(minutes(["33.25", "17.5"]), [(0, 1, FELL.replace("34.5", "33.25").replace("12", "17.5"), 2)], id="edges"),
        pytest.param(minutes(["33.249999", "12"]), [], id="not near enough"),
        pytest.param(minutes(["34.5", "17.500001"]), [], id="not low enough"),
        pytest.param(minutes(["34.5", "12", "12", "12"]), [(0, 1, FELL, 2)], id="one fall is one event"),
        pytest.param(minutes(["34.5", "12", "34.5", "12"]), [(0, 1, FELL, 2), (2, 3, FELL, 2)], id="two falls"),
        pytest.param(minutes(["34.5", "12"], load=["60", "65"]), [(0, 1, FELL, 2)], id="load steady within five"),
        pytest.param(minutes(["34.5", "12"], load=["60", "66"]), [], id="load fell too"),
        pytest.param(minutes(["34.5", "12"], oxygen=["6", "5"]), [(0, 1, FELL, 2)], id="oxygen steady within one"),
        pytest.param(minutes(["34.5", "12"], oxygen=["6", "7.1"]), [], id="oxygen rose"),
        pytest.param(minutes(["34.5", "12"], oxygen=["6", "4.9"]), [], id="oxygen fell"),
        pytest.param(minutes(["34.5", "12"], load=["60", "66"]), [], id="load rose too far"),
        pytest.param(minutes(["34.5", "12"], load=["60", "54"]), [], id="load fell too far"),
        pytest.param(minutes(["34.5", "12"], load=[None, "60"]), [], id="load not known"),
        pytest.param(minutes(["34.5", "12"], normal=[True, False]), [], id="flagged"),
        pytest.param(minutes(["34.5", "12"], normal=[None, True]), [], id="flag not known"),
        pytest.param(minutes(["12", "34.5"]), [], id="a rise"),
        pytest.param(minutes([]), [], id="nothing"),
    ],
)
def test_drops(rows: pl.DataFrame, expected: list[tuple[int, int, str, int]]) -> None:
    """EX-7.12: 34.5, one minute later 12.0, at a limit of 35, with load steady and flag N."""
    assert screened("DQ-5", screening.drops, rows, **DROP) == expected


def test_how_long_a_drop_took() -> None:
    """An hour is 3 600 s, where so long is allowed; evidence ends a millisecond after the value that has fallen away."""
    settings: dict[str, Any] = {**DROP, "within_s": 3_600}
    found = screening.drops(minutes(["34.5", *["20"] * 59, "12"]), **settings)
    assert found.select("start_ms", "end_ms").rows() == [(MIDNIGHT, MIDNIGHT + HOUR_MS + 1)]
    assert found["reason"].to_list() == [FELL.replace("60 s", "3600 s")]


def test_drops_of_several_points() -> None:
    """The last value of one point says nothing of the next one, and events are counted by point."""

    def of(pid: int, values: list[str | None], minute: int = 0) -> pl.DataFrame:
        return minutes(values, start=MIDNIGHT + minute * MINUTE_MS).with_columns(pid=pl.lit(pid, pl.Int64))

    assert screened("DQ-5", screening.drops, pl.concat([of(1, ["34.5"]), of(2, ["12"], 1)]), **DROP) == []
    rows = [of(1, ["12"], 5), of(2, ["34.5", "12"]), of(3, ["34.5", "12"]), of(4, ["34.5", "12"])]
    assert screened("DQ-5", screening.drops, pl.concat(rows), **DROP) == [(0, 1, FELL, 2)] * 3


@pytest.mark.parametrize(("third_day", "weights"), [(6, [2, 2, 9]), (7, [2, 2, 2])])
def test_repeated_drops(third_day: int, weights: list[int]) -> None:
    """The third event within seven days is serious; one just seven days before no longer counts."""
    rows = pl.concat([minutes(["34.5", "12"], start=MIDNIGHT + day * DAY_MS) for day in (0, 1, third_day)])
    found = screened("DQ-5", screening.drops, rows, **DROP)
    assert [row[3] for row in found] == weights
    assert found[2][2].endswith("; event 3 in 7 days") is (weights[2] == 9)


def marks(*rows: tuple[str, str], scheduled: bool = False, pid: int = 1) -> pl.DataFrame:
    """Return (start, end) marks."""
    made = [(pid, at(start), at(end), scheduled) for start, end in rows]
    schema = {"pid": pl.Int64, "start_ms": pl.Int64, "end_ms": pl.Int64, "scheduled": pl.Boolean}
    return pl.DataFrame(made, schema=schema, orient="row")


BEFORE = series(["33", "34", "34.6"], MINUTE_MS, at("10:12"))


@pytest.mark.parametrize(
    ("mark", "readings", "minutes_after", "value"),
    [
        pytest.param(marks(("10:15", "10:40")), BEFORE, 1, "34.6", id="EX-7.4"),
        pytest.param(marks(("10:15", "10:40"), scheduled=True), BEFORE, None, "", id="EX-7.4 but scheduled"),
        pytest.param(marks(("10:29", "10:40")), BEFORE, 15, "34.6", id="15 minutes after"),
        pytest.param(marks(("10:30", "10:40")), BEFORE, None, "", id="16 minutes after"),
        pytest.param(marks(("10:14", "10:40")), BEFORE, 0, "34.6", id="at the same minute"),
        pytest.param(marks(("10:11", "10:40")), BEFORE, None, "", id="before it"),
        pytest.param(marks(("10:15", "10:40")), series(["31.5"], MINUTE_MS, at("10:14")), 1, "31.5", id="exactly 0.9"),
        pytest.param(marks(("10:15", "10:40")), series(["31.499999"], MINUTE_MS, at("10:14")), None, "", id="less"),
        pytest.param(marks(("10:15", "10:40"), pid=2), BEFORE, None, "", id="another point's values"),
    ],
)
def test_calibration_as_cover(mark: pl.DataFrame, readings: pl.DataFrame, minutes_after: int | None, value: str) -> None:
    """EX-7.4: 34.6 at 10:14, calibration from 10:15 to 10:40 that was not scheduled."""
    found = screened("DQ-11", screening.calibration_as_cover, mark, readings, high_times=Decimal("0.9"), within_s=900, weight=5)
    reason = f"unscheduled calibration or maintenance {minutes_after} min after a value of {value} at a limit of 35"
    start, end = ((mark[name][0] - MIDNIGHT) // MINUTE_MS for name in ("start_ms", "end_ms"))
    assert found == ([] if minutes_after is None else [(start, end, reason, 5)])


def test_marks_of_one_day() -> None:
    """Each of several marks is held against the last value near the limit before it; without a limit nothing is near one."""
    readings = pl.concat([BEFORE, series(["34"], MINUTE_MS, at("12:00")), series(["99"], MINUTE_MS, at("12:05"))])
    readings = readings.with_columns(limit=pl.when(pl.col("time_ms") < at("12:05")).then("limit"))
    mark = marks(("10:20", "10:40"), ("12:10", "12:40"), ("13:00", "13:10"))
    found = screened("DQ-11", screening.calibration_as_cover, mark, readings, high_times=Decimal("0.9"), within_s=900, weight=5)
    why = "unscheduled calibration or maintenance {} min after a value of {} at a limit of 35"
    assert found == [(620, 640, why.format(6, "34.6"), 5), (730, 760, why.format(10, "34"), 5)]


def test_days_and_months_in_order_of_time() -> None:
    """A month with four calibrations on its second day and 36 h and more in all begins before that day, and is told first."""
    rows = marks(*((f"{h}:00", f"{h}:10") for h in (25, 26, 27, 28)), ("72:00", "108:00"))
    options = {"a_day_max": 3, "hours_pct_max": 5, "offset_ms": OFFSET_MS, "weight": 5}
    found = screened("DQ-11", screening.too_much_calibration, rows, **options)
    assert [row[:2] for row in found] == [(0, APRIL_H * 60), (1_440, 2_880)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(f"{h}:00", f"{h}:10") for h in (1, 2, 3)], [], id="three a day"),
        pytest.param(
            [(f"{h}:00", f"{h}:10") for h in (1, 2, 3, 4)],
            [(0, 1_440, "4 calibrations or maintenances on one day", 5)],
            id="four a day",
        ),
        pytest.param([("1:00", "37:00")], [], id="36 of 720 h are exactly 5 %"),
        pytest.param(
            [("1:00", "37:01")],
            [(0, APRIL_H * 60, "36 h of the month's 720 under calibration or maintenance", 5)],
            id="a minute more",
        ),
        pytest.param([(f"{APRIL_H - 30}:00", f"{APRIL_H + 30}:00")], [], id="30 h on each side of the month's end"),
    ],
)
def test_too_much_calibration(rows: list[tuple[str, str]], expected: list[tuple[int, int, str, int]]) -> None:
    """More than three a day, or more than 5 % of the hours of the month."""
    found = screened(
        "DQ-11", screening.too_much_calibration, marks(*rows), a_day_max=3, hours_pct_max=5, offset_ms=OFFSET_MS, weight=5
    )
    assert found == expected


@pytest.mark.parametrize(
    ("projections", "days", "expected"),
    [
        pytest.param(
            ["36", "40", "35.1"],
            [0, 5, 20],
            [(0, 20 * 1_440 + 60, "3 gaps in the month began with the hour's mean so far above the limit", 4)],
            id="EX-7.12 DQ-16",
        ),
        pytest.param(["36", "40", "35"], [0, 5, 20], [], id="one was exactly at the limit"),
        pytest.param(["36", "40", None], [0, 5, 20], [], id="one is not known"),
        pytest.param(["36", "40", "36"], [0, 5, 30], [], id="one was in the next month"),
    ],
)
def test_silence_before_exceedance(
    projections: list[str | None], days: list[int], expected: list[tuple[int, int, str, int]]
) -> None:
    """EX-7.12: three gaps in a month, each beginning with a projection above the limit."""
    rows = [
        (1, MIDNIGHT + d * DAY_MS, MIDNIGHT + d * DAY_MS + HOUR_MS, micro(p)) for p, d in zip(projections, days, strict=True)
    ]
    schema = {"pid": pl.Int64, "start_ms": pl.Int64, "end_ms": pl.Int64, "projection": pl.Int64}
    gaps = pl.DataFrame(rows, schema=schema, orient="row").with_columns(limit=LIMIT)
    found = screened("DQ-16", screening.silence_before_exceedance, gaps, gaps_min=3, offset_ms=OFFSET_MS, weight=4)
    assert found == expected
