"""Petrol stations: a tank without pressure, a valve beyond its opening, a line that resists, vapour too rich."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest

from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, OFFSET_MS
from processors.rules import judge
from processors.rules import vapour_pressure as pressure
from tests.processors.given import CST, ms

M = 10**6
MIDNIGHT = ms(datetime(2026, 5, 1, tzinfo=CST))
STEP_MS = 30_000
SCHEMA = {"pid": pl.Int64, "time_ms": pl.Int64, "value": pl.Int64}


def clock(hours: float) -> int:
    """Return a time from midnight on."""
    return MIDNIGHT + round(hours * HOUR_MS)


JUST_BEFORE_18 = 18 - 1 / HOUR_MS
JUST_BEFORE_5_MIN = 5 - 1 / MINUTE_MS


def samples(*runs: tuple[float, float, float | None], step_ms: int = STEP_MS, pid: int = 1) -> pl.DataFrame:
    """Return samples each 30 s in (from, to, value) runs, in hours and whole units; both ends are sampled."""
    rows = [
        (pid, time, None if value is None else round(value * M))
        for start, end, value in runs
        for time in range(clock(start), clock(end) + 1, step_ms)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").unique(["pid", "time_ms"], keep="last", maintain_order=True)


def zero_days(rows: pl.DataFrame) -> list[tuple[int, float, int, bool]]:
    """Return (day, hour of warning, streak, alarm), whatever the order of samples."""
    options = {"band_pa": 50, "lasting_s": 43_200, "gap_s_max": 60, "streak_days": 5, "offset_ms": OFFSET_MS}
    found = pressure.zero_pressure(rows, **options)  # type: ignore[arg-type]
    assert found.equals(pressure.zero_pressure(rows.reverse(), **options))  # type: ignore[arg-type]
    return [
        ((day - MIDNIGHT) // DAY_MS, (warned - day) / HOUR_MS, streak, alarm)
        for day, warned, streak, alarm in found.select("day", "warned_ms", "streak", "alarm").rows()
    ]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param([(6, 18, 20)], [(0, 18, 1, False)], id="EX-6.4 warning at 18:00"),
        pytest.param([(6, 18, 20), (17 + 59 / 60, 17 + 59 / 60, 60)], [], id="EX-6.4 one sample of +60"),
        pytest.param([(6, 18, 20), (17, 17, 50)], [(0, 18, 1, False)], id="exactly 50 is none"),
        pytest.param([(6, 18, -20), (17, 17, -51)], [], id="-51 is pressure"),
        pytest.param([(6, 17.999, 20), (JUST_BEFORE_18, JUST_BEFORE_18, 20)], [], id="a millisecond too short"),
        pytest.param([(6, 11.9, 20), (12, 18, 20)], [], id="a gap in the samples"),
        pytest.param([(6, 18, 20), (17, 17, None)], [], id="an invalid sample is a break"),
        pytest.param([(14, 30, 20)], [(1, 2, 1, False)], id="on over midnight"),
        pytest.param(
            [(6, 4 * 24 + 6, 0)],
            [(0, 18, 1, False), (1, 0, 2, False), (2, 0, 3, False), (3, 0, 4, False), (4, 0, 5, True)],
            id="five days in a row",
        ),
        pytest.param([(0, 13, 0), (48, 61, 0)], [(0, 12, 1, False), (2, 12, 1, False)], id="a day between"),
        pytest.param([], [], id="no samples"),
    ],
)
def test_zero_pressure(runs: list[tuple[float, float, float | None]], expected: list[tuple[int, float, int, bool]]) -> None:
    """EX-6.4: twelve hours within 50 Pa without a break warn; five such days in a row raise the alarm."""
    rows = pl.concat([samples(*runs), samples((0, 1, 900), pid=2)])
    assert zero_days(rows) == expected


def valve(*runs: tuple[float, float, float | None]) -> list[tuple[float, float, float | None]]:
    """Return start, end and alarm of episodes in minutes; the valve opens at +2 000 and -1 500 Pa, samples each 5 s."""
    rows = samples(*((s / 60, e / 60, v) for s, e, v in runs), step_ms=5_000)
    rows = rows.with_columns(positive=pl.lit(2_000 * M, pl.Int64), negative=pl.lit(-1_500 * M, pl.Int64))
    found = pressure.valve_limits(rows.reverse(), margin_pa=200, lasting_s=300, gap_s_max=30)
    return [
        tuple(None if t is None else (t - MIDNIGHT) / MINUTE_MS for t in row)  # type: ignore[misc]
        for row in found.select("start_ms", "end_ms", "alarm_ms").rows()
    ]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param([(0, 4 + 55 / 60, 2_210), (5, 6, 0)], [(0, 4 + 55 / 60, None)], id="EX-6.5 4 min 55 s"),
        pytest.param([(0, 5, 2_210), (5 + 5 / 60, 6, 0)], [(0, 5, 5)], id="EX-6.5 5 min"),
        pytest.param(
            [(0, 4.9, 2_210), (JUST_BEFORE_5_MIN, JUST_BEFORE_5_MIN, 2_210)],
            [(0, JUST_BEFORE_5_MIN, None)],
            id="a millisecond too short",
        ),
        pytest.param([(0, 7, 2_210)], [(0, 7, 5)], id="the alarm is due at five minutes"),
        pytest.param([(0, 1, 0), (2, 2, 2_210), (2.25, 3, 0)], [(2, 2, None)], id="a single sample"),
        pytest.param([(0, 5, 2_200)], [], id="exactly at the margin"),
        pytest.param([(0, 1, -1_701)], [(0, 1, None)], id="below the negative opening"),
        pytest.param([(0, 1, -1_700)], [], id="exactly at its margin"),
        pytest.param([(0, 3, 2_210), (3, 3, 0), (3.25, 6, 2_210)], [(0, 2 + 55 / 60, None), (3.25, 6, None)], id="a break"),
    ],
)
def test_valve(runs: list[tuple[float, float, float | None]], expected: list[tuple[float, float, float | None]]) -> None:
    """EX-6.5: beyond opening and 200 Pa is a warning, for five minutes an alarm."""
    assert [tuple(None if t is None else pytest.approx(t) for t in row) for row in expected] == valve(*runs)


@pytest.mark.parametrize(
    ("outside", "warning"),
    [
        pytest.param(4_400, True, id="EX-6.8 25.5 %"),
        pytest.param(4_320, False, id="exactly 25 %"),
        pytest.param(4_321, True, id="one sample more"),
    ],
)
def test_pressure_distribution(outside: int, warning: bool) -> None:
    """EX-6.8: 4 400 of 17 280 samples outside -1 000 to +600 Pa warn."""
    beyond, within = [-1_001, 601], [-1_000, 600]
    values = [*(beyond[i % 2] for i in range(outside)), *(within[i % 2] for i in range(17_280 - outside))]
    rows = pl.DataFrame({"pid": 1, "time_ms": [MIDNIGHT + i * 5_000 for i in range(17_280)], "value": [v * M for v in values]})
    blind = rows.with_columns(pid=pl.lit(2, pl.Int32), value=pl.lit(None, pl.Int64))
    found = pressure.pressure_days(pl.concat([rows, blind]), low_pa=-1_000, high_pa=600, share_pct_max=25, offset_ms=OFFSET_MS)
    assert found.rows() == [(1, MIDNIGHT, 17_280, outside, warning)]


def test_days_come_in_order() -> None:
    """By tank and day, whatever the order of samples."""
    rows = [(pid, MIDNIGHT + day * DAY_MS, 0) for pid in (3, 1, 2) for day in (1, 0)]
    found = pressure.pressure_days(
        pl.DataFrame(rows, schema=SCHEMA, orient="row"), low_pa=-1_000, high_pa=600, share_pct_max=25, offset_ms=OFFSET_MS
    )
    assert found.select("pid", "day").rows() == [(pid, MIDNIGHT + day * DAY_MS) for pid in (1, 2, 3) for day in (0, 1)]


def resisting(line: str | None, flow: str, tank: str | None = "20") -> str:
    """Return the outcome for a line's pressure and a flow."""
    return pressure.back_pressure(
        line_pa=None if line is None else Decimal(line),
        tank_pa=None if tank is None else Decimal(tank),
        flow_l_min=Decimal(flow),
        slope_pa_min_l=Decimal("5.75"),
        intercept_pa=-66,
        flow_l_min_min=20,
    ).outcome


def test_back_pressure() -> None:
    """EX-6.6: 30 L/min may meet 106.5 Pa, and 120 is too much; up to 20 L/min nothing is judged."""
    line = {"slope_pa_min_l": Decimal("5.75"), "intercept_pa": -66}
    assert pressure.allowed_back_pressure_pa(30, **line) == Fraction("106.5")
    assert [resisting(text, "30") for text in ("140", "126.5", "126.51")] == ["fails", "passes", "fails"]
    assert [resisting("999", "20"), resisting("999", "20.01")] == ["not judged", "fails"]
    assert [resisting(None, "30"), resisting("140", "30", None)] == ["not judged", "not judged"]


def test_the_line_of_back_pressure() -> None:
    """GST-10: 5.75 and -66 are the least-squares line through the three limits of the periodic test."""
    points = [(18, 40), (28, 90), (38, 155)]
    for q, pa in points:
        assert judge.limit_profiles()[f"GST-DBP-{q}"].limit == pa
    mean_q, mean_pa = Fraction(sum(q for q, _ in points), 3), Fraction(sum(pa for _, pa in points), 3)
    slope = sum((q - mean_q) * (pa - mean_pa) for q, pa in points) / sum((q - mean_q) ** 2 for q, _ in points)
    assert (slope, mean_pa - slope * mean_q) == (Fraction("5.75"), -66)


def rich(values: list[float | None]) -> list[tuple[float, int, float, float | None]]:
    """Return start, n, warning and alarm of episodes in seconds; samples each 5 s."""
    rows = [(1, MIDNIGHT + i * 5_000, None if v is None else round(v * M)) for i, v in enumerate(values)]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    found = pressure.concentrations(frame.reverse(), limit_g_m3=25, warn_n=3, lasting_s=300, gap_s_max=30)
    seconds = [(pl.col(name) - MIDNIGHT) / 1000 for name in ("start_ms", "warned_ms", "alarm_ms")]
    return found.select(seconds[0], "n", *seconds[1:]).rows()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([26, 27, 26], [(0, 3, 10, None)], id="EX-6.7 warning at the third"),
        pytest.param([26, 27, 26] + [26] * 58, [(0, 61, 10, 300)], id="EX-6.7 alarm after five minutes"),
        pytest.param([26, 27, 26] + [26] * 57, [(0, 60, 10, None)], id="five seconds less"),
        pytest.param([26, 27, 25, 26, 27], [], id="25 is not too rich, and breaks the row"),
        pytest.param([26, 26, None, 26], [], id="so does an invalid sample"),
    ],
)
def test_rich_vapour(values: list[float | None], expected: list[tuple[float, int, float, float | None]]) -> None:
    """EX-6.7: three samples above 25 g/m3 warn, five minutes raise the alarm."""
    assert rich(values) == expected


def test_the_limit_itself_is_an_hourly_mean() -> None:
    """EX-6.7: with a mean of 24.8 the emission limit is met, whatever the console says."""
    assert not judge.exceeds(24_800_000, judge.limit_profiles()["GST-VRU-NMHC"].limit_1e6)


def test_a_unit_that_stands_still() -> None:
    """GST-12: above its start pressure it must run; at the start pressure it need not, and unknown is no warning."""
    rows = pl.DataFrame(
        {
            "pid": 1,
            "time_ms": [i * STEP_MS for i in range(7)],
            "value": [150, 151, 160, 160, 160, None, 170],
            "start_pressure": 150,
            "running": [False, False, False, True, None, False, False],
        }
    )
    found = pressure.idle_unit(rows.reverse(), gap_s_max=30)
    assert found.select("start_ms", "end_ms", "n", "left_ms").rows() == [
        (STEP_MS, 2 * STEP_MS, 2, 3 * STEP_MS),
        (6 * STEP_MS, 6 * STEP_MS, 1, None),
    ]


@pytest.mark.parametrize(("reading", "outcome"), [(500, "passes"), (501, "fails"), (None, "not judged")])
def test_leak(reading: int | None, outcome: str) -> None:
    """GST-13: up to 500 µmol/mol at a tight point."""
    assert pressure.leak(reading, leak_umol_mol_max=500).outcome == outcome


def test_episodes_are_told_in_order() -> None:
    """By station's point and time, whatever came first: each second minute beyond the opening is an episode of its own."""
    minutes = range(0, 40, 2)
    rows = pl.concat([samples((m / 60, m / 60, 2_210), pid=pid) for pid in range(5) for m in minutes])
    rows = rows.with_columns(positive=pl.lit(2_000 * M, pl.Int64), negative=pl.lit(-1_500 * M, pl.Int64))
    found = pressure.valve_limits(rows.sample(fraction=1, shuffle=True, seed=7), margin_pa=200, lasting_s=300, gap_s_max=30)
    expected = [(pid, MIDNIGHT + m * MINUTE_MS) for pid in range(5) for m in minutes]
    assert found.select("pid", "start_ms").rows() == expected
