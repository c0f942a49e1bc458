"""What the plant says and what the monitor says are held against each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.figures import HOUR_MS, MINUTE_MS, OFFSET_MS
from processors.rules import gas
from processors.rules import screening_plant as screening
from processors.rules.evidence import EVIDENCE
from tests.processors.given import CST, ms

M = 10**6
MIDNIGHT = ms(datetime(2026, 5, 1, tzinfo=CST))
TIMES = {"gap_s_max": 60, "cover_s": 60, "weight": 4}
Cell = str | bool | None


def micro(cell: Cell) -> int | bool | None:
    """Return a decimal in millionths, and what is no text as it is."""
    return int(Decimal(cell) * M) if isinstance(cell, str) else cell


def minutes(n: int, runs: int = 0, **columns: Cell | Sequence[Cell]) -> pl.DataFrame:
    """Return minutes of one point; a single cell holds for all of them."""
    rows: dict[str, list[Any]] = {"pid": [1] * n, "time_ms": [MIDNIGHT + (runs + i) * MINUTE_MS for i in range(n)]}
    for name, cells in columns.items():
        each = [cells] * n if cells is None or isinstance(cells, str | bool) else list(cells)
        rows[name] = [micro(cell) for cell in each]
    flags = ("running", "stopped", "bypass_open")
    schema = {name: pl.Boolean if name in flags else pl.Int64 for name in rows}
    return pl.DataFrame(rows, schema=schema)


def screened(
    detector: str, screen: Callable[..., pl.DataFrame], rows: pl.DataFrame, **options: Any
) -> list[tuple[int, int, str]]:
    """Return start and end in minutes from midnight, and the reason; the same whatever the order of rows."""
    found = screen(rows, **options)
    assert found.equals(screen(rows.reverse(), **options))
    assert dict(found.schema) == EVIDENCE
    assert set(found["detector"]) <= {detector}
    assert set(found["weight"]) <= {4}
    return found.select(*((pl.col(name) - MIDNIGHT) // MINUTE_MS for name in ("start_ms", "end_ms")), "reason").rows()


def oxygen(n: int, during: str = "20.6", value: str | None = "1.1", running: bool | None = True) -> pl.DataFrame:
    """Return a minute at 13 % oxygen and 24 mg/m3, some minutes near air, and a minute as before."""
    return minutes(
        n + 2,
        oxygen=["13", *[during] * n, "13"],
        value=["24", *[value] * n, "24"],
        running=running,
    )


AMBIENT = {"oxygen_pct_min": Decimal("19.5"), "lasting_s": 600, "same_pct_max": 1, **TIMES}
AIR_12 = "oxygen at or above 19.5 % for 12 min while running"
FELL = "; the pollutant fell from 24 as air dilutes it"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(oxygen(12), [(1, 13, AIR_12 + FELL)], id="EX-7.6"),
        pytest.param(oxygen(12, value="20"), [(1, 13, AIR_12)], id="the pollutant did not fall"),
        pytest.param(oxygen(12, value=None), [(1, 13, AIR_12)], id="the pollutant is not known"),
        # 24 · (13 · 21 - 14 · 19.5) / 8 = 0, which is what the thirteen values add up to
        pytest.param(
            minutes(15, oxygen=["13", *["19.5"] * 14], value=["24", None, *["0"] * 13], running=True),
            [(1, 15, AIR_12.replace("12", "14"))],
            id="one value of the pollutant is not known",
        ),
        pytest.param(oxygen(12, running=False), [], id="not running"),
        pytest.param(oxygen(12, running=None), [], id="not known to run"),
        pytest.param(oxygen(10, during="19.5", value="20"), [(1, 11, AIR_12.replace("12", "10"))], id="both edges"),
        pytest.param(oxygen(9), [], id="nine minutes"),
        pytest.param(oxygen(12, during="19.499999"), [], id="just below"),
        pytest.param(oxygen(12).slice(1), [(1, 13, AIR_12)], id="nothing known before"),
        pytest.param(
            minutes(12, oxygen=["20", *["20.6"] * 11], value="1", running=True), [(0, 12, AIR_12)], id="near air from the start"
        ),
    ],
)
def test_ambient_oxygen(rows: pl.DataFrame, expected: list[tuple[int, int, str]]) -> None:
    """EX-7.6: oxygen at 20.6 % for 12 minutes at 60 % load, SO2 from 24 to 1.1."""
    assert screened("DQ-6", screening.ambient_oxygen, rows, **AMBIENT) == expected


@pytest.mark.parametrize(
    ("value", "diluted"),
    [
        # 24 · (21 - 20.6)/(21 - 13) = 1.2; 1 % of 24 is 0.24
        pytest.param("1.44", True, id="just within 1 %"),
        pytest.param("1.440001", False, id="just beyond"),
        pytest.param("0.96", True, id="below it alike"),
        pytest.param("0.959999", False, id="too far below"),
    ],
)
def test_dilution(value: str, diluted: bool) -> None:
    """Air thins a gas by (21 - O2 now)/(21 - O2 before); within 1 % of the value before that is called dilution."""
    ((_, _, reason),) = screened("DQ-6", screening.ambient_oxygen, oxygen(12, value=value), **AMBIENT)
    assert reason.endswith(FELL) is diluted


def test_a_share_that_is_no_decimal() -> None:
    """Two thirds of a percent of 24 are 0.16."""
    for value, diluted in (("1.36", True), ("1.360001", False)):
        options = {**AMBIENT, "same_pct_max": Fraction(2, 3)}
        ((_, _, reason),) = screened("DQ-6", screening.ambient_oxygen, oxygen(12, value=value), **options)
        assert reason.endswith(FELL) is diluted


def test_another_point_was_not_diluted() -> None:
    """What one point showed last is not what the next one showed before."""
    other = minutes(1, oxygen="13", value="24", running=True).with_columns(pid=pl.lit(0, pl.Int64))
    alone = minutes(12, oxygen="20.6", value="1.2", running=True)
    assert screened("DQ-6", screening.ambient_oxygen, pl.concat([other, alone]), **AMBIENT) == [(0, 12, AIR_12)]


@pytest.mark.parametrize(("oxygen_before", "value_before"), [("21", "24"), ("13", "0")])
def test_nothing_to_dilute(oxygen_before: str, value_before: str) -> None:
    """Where nothing was burnt before, or nothing emitted, nothing fell."""
    rows = minutes(13, oxygen=[oxygen_before, *["21"] * 12], value=[value_before, *["0"] * 12], running=[False, *[True] * 12])
    assert screened("DQ-6", screening.ambient_oxygen, rows, **AMBIENT) == [(1, 13, AIR_12)]


def test_such_minutes_are_not_converted() -> None:
    """EX-7.6: at 20.6 % the conversion is withheld by its guard."""
    with pytest.raises(gas.OxygenGuard):
        gas.at_reference_oxygen(Decimal("1.1"), oxygen_pct=Decimal("20.6"), reference_pct=6)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            minutes(35, value="0.2", running=True),
            [(0, 35, "velocity at or below 0.5 m/s for 35 min while running")],
            id="EX-7.12 DQ-7",
        ),
        pytest.param(
            minutes(30, value="0.5", running=True),
            [(0, 30, "velocity at or below 0.5 m/s for 30 min while running")],
            id="both edges",
        ),
        pytest.param(minutes(29, value="0.2", running=True), [], id="29 minutes"),
        pytest.param(minutes(35, value="0.500001", running=True), [], id="it flows"),
        pytest.param(
            minutes(35, value="0.500001", running=False),
            [(0, 35, "velocity above 0.5 m/s for 35 min while not running")],
            id="it flows though the plant is off",
        ),
        pytest.param(minutes(35, value="0.5", running=False), [], id="both stand still"),
        pytest.param(minutes(35, value=None, running=True), [], id="velocity not known"),
        pytest.param(minutes(35, value="0.2", running=None), [], id="plant not known"),
    ],
)
def test_flow_against_plant(rows: pl.DataFrame, expected: list[tuple[int, int, str]]) -> None:
    """EX-7.12: 0.2 m/s for 35 minutes with the plant on."""
    found = screened("DQ-7", screening.flow_against_plant, rows, zero_m_s=Decimal("0.5"), lasting_s=1_800, **TIMES)
    assert found == expected


def test_flow_in_order_of_time() -> None:
    """Both kinds of evidence come as they began."""
    rows = pl.concat([minutes(35, value="0.6", running=False), minutes(35, 60, value="0.2", running=True)])
    found = screened("DQ-7", screening.flow_against_plant, rows, zero_m_s=Decimal("0.5"), lasting_s=1_800, **TIMES)
    assert [row[:2] for row in found] == [(0, 35), (60, 95)]


def opposed(swaps: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return 24 pairs in exactly opposite order but for some swaps."""
    ys = list(range(24, 0, -1))
    for i, j in swaps:
        ys[i], ys[j] = ys[j], ys[i]
    return list(enumerate(ys, start=1))


EX_085 = opposed([(0, 13), (20, 22)])
"""Sum of squared differences of ranks 4600 - 2·(13² + 2²) = 4254, so r = 1 - 6·4254/(24·575) = -0.8496."""


def correlated(pairs: Sequence[tuple[int | None, int | None]], sign: int = 1) -> list[str]:
    """Screen pairs, one each hour of a day."""
    rows = pl.DataFrame(
        [(1, MIDNIGHT + i * HOUR_MS, x, y, sign) for i, (x, y) in enumerate(pairs)],
        schema={"pid": pl.Int64, "time_ms": pl.Int64, "x": pl.Int64, "y": pl.Int64, "sign": pl.Int64},
        orient="row",
    )
    found = screened(
        "DQ-9",
        screening.wrong_correlation,
        rows,
        window_s=86_400,
        strength_min=Decimal("0.8"),
        readings_min=20,
        offset_ms=OFFSET_MS,
        weight=4,
    )
    assert all(row[:2] == (0, 1_440) for row in found)
    return [reason for _, _, reason in found]


@pytest.mark.parametrize(
    ("pairs", "sign", "expected"),
    [
        pytest.param(EX_085, 1, ["rank correlation -0.85 of 24 pairs"], id="EX-7.12 DQ-9"),
        pytest.param(EX_085, -1, [], id="against each other is right for these"),
        pytest.param([(x, -y) for x, y in EX_085], -1, ["rank correlation 0.85 of 24 pairs"], id="alike is wrong for these"),
        pytest.param(opposed([(0, 15), (2, 10)]), 1, [], id="-0.75 is not strong"),
        pytest.param(opposed([]), 1, ["rank correlation -1 of 24 pairs"], id="exactly opposite"),
        pytest.param([(x, 5) for x in range(24)], 1, [], id="one side does not move"),
        pytest.param(opposed([])[:19], 1, [], id="too few"),
        pytest.param([*opposed([])[:19], *[(None, 1)] * 5], 1, [], id="too few are known"),
        pytest.param([*opposed([])[:20], *[(1, None)] * 4], 1, ["rank correlation -1 of 20 pairs"], id="just enough"),
    ],
)
def test_wrong_correlation(pairs: list[tuple[int | None, int | None]], sign: int, expected: list[str]) -> None:
    """EX-7.12: load and flow over 24 h at -0.85."""
    assert correlated(pairs, sign) == expected


def test_a_correlation_just_strong_enough() -> None:
    """Exactly 0.8 of the wrong sign is told: ranks 4, 5, 2, 3, 1 against 1 to 5 have r = 1 - 6·36/120 = -0.8."""
    pairs = list(zip(range(1, 6), (4, 5, 2, 3, 1), strict=True))
    assert screening.rank_correlation(pairs) == (-1, Fraction("0.64"))
    rows = pl.DataFrame(
        [(1, i, x, y, 1) for i, (x, y) in enumerate(pairs)], schema=["pid", "time_ms", "x", "y", "sign"], orient="row"
    )
    options = {"window_s": 86_400, "readings_min": 5, "offset_ms": 0, "weight": 4}
    assert screening.wrong_correlation(rows, strength_min=Decimal("0.8"), **options).height == 1  # type: ignore[arg-type]
    assert screening.wrong_correlation(rows, strength_min=Decimal("0.800001"), **options).is_empty()  # type: ignore[arg-type]

    # 1, 3, 3, 1 against 1 to 4 do not correlate at all: of no sign, whatever the strength that is asked for
    flat = pl.DataFrame(
        [(1, i, x, y, 1) for i, (x, y) in enumerate([(1, 1), (2, 3), (3, 3), (4, 1)])],
        schema=["pid", "time_ms", "x", "y", "sign"],
        orient="row",
    )
    options["readings_min"] = 4
    assert screening.wrong_correlation(flat, strength_min=0, **options).is_empty()  # type: ignore[arg-type]


@settings(max_examples=200)
@given(st.permutations(range(8)))
def test_without_ties_it_is_spearmans_formula(ys: list[int]) -> None:
    """r = 1 - 6·Σd²/(n·(n² - 1)) where no value is tied; the order of pairs does not matter."""
    pairs = list(enumerate(ys))
    r = 1 - Fraction(6 * sum((x - y) ** 2 for x, y in pairs), 8 * 63)
    assert screening.rank_correlation(pairs) == ((r > 0) - (r < 0), r**2)
    random.Random(1).shuffle(pairs)
    assert screening.rank_correlation(pairs) == ((r > 0) - (r < 0), r**2)


def test_ties_share_their_middle_rank() -> None:
    """Ranks 1, 2.5, 2.5, 4 against 1 to 4 correlate as 9/sqrt(90)."""
    assert screening.rank_correlation([(1, 10), (2, 20), (3, 20), (4, 30)]) == (1, Fraction(9, 10))
    assert screening.rank_correlation([]) is None
    assert screening.rank_correlation([(1, 1)]) is None


STOP = {"oxygen_pct_max": 19, "flow_pct_max": 20, "power_pct_max": 20, "warmer_degc_max": 30, "lasting_s": 900, **TIMES}


def stop(n: int, stopped: bool | None = True, **columns: Cell | Sequence[Cell]) -> pl.DataFrame:
    """Return minutes of a source; what is not given is not known."""
    return minutes(n, stopped=stopped, **{"oxygen": None, "flow": None, "power": None, "warmer": None, **columns})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            stop(20, oxygen="8", flow="70"),
            [(0, 20, "declared stopped, yet running by oxygen, flow for 20 min")],
            id="EX-7.12 DQ-12",
        ),
        pytest.param(stop(15, power="20.1"), [(0, 15, "declared stopped, yet running by power for 15 min")], id="just as long"),
        pytest.param(stop(14, power="20.1"), [], id="14 minutes"),
        pytest.param(
            stop(20, warmer="31"), [(0, 20, "declared stopped, yet running by temperature for 20 min")], id="warm gas"
        ),
        pytest.param(stop(20, oxygen="19", flow="20", power="20", warmer="30"), [], id="each at its bound"),
        pytest.param(stop(20), [], id="nothing known"),
        pytest.param(stop(20, stopped=False, oxygen="8"), [], id="not declared stopped"),
        pytest.param(stop(20, stopped=None, oxygen="8"), [], id="not known whether declared"),
        pytest.param(
            stop(20, oxygen=["8"] * 10 + ["20"] * 10, flow=["0"] * 10 + ["70"] * 10),
            [(0, 20, "declared stopped, yet running by oxygen, flow for 20 min")],
            id="one sign after another",
        ),
    ],
)
def test_stopped_yet_running(rows: pl.DataFrame, expected: list[tuple[int, int, str]]) -> None:
    """EX-7.12: declared stopped, with oxygen at 8 % and flow at 70 % of normal for 20 minutes."""
    assert screened("DQ-12", screening.stopped_yet_running, rows, **STOP) == expected


def abated(n: int, **columns: Cell | Sequence[Cell]) -> pl.DataFrame:
    """Return minutes of a plant; what is not given is not known."""
    given_columns = {"production": "85", "bypass_open": None, "abatement": None, "abatement_min": None, **columns}
    return minutes(n, **given_columns)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(abated(12, bypass_open=True), [(0, 12, "bypass open for 12 min while producing")], id="EX-7.12 DQ-17"),
        pytest.param(abated(10, bypass_open=True), [(0, 10, "bypass open for 10 min while producing")], id="ten minutes"),
        pytest.param(abated(9, bypass_open=True), [], id="nine minutes"),
        pytest.param(abated(12, bypass_open=False), [], id="bypass shut"),
        pytest.param(abated(12, bypass_open=True, production="20"), [], id="not producing"),
        pytest.param(abated(12, bypass_open=True, production=None), [], id="not known whether producing"),
        pytest.param(
            abated(12, abatement="759", abatement_min="760"),
            [(0, 12, "abatement below its running bound for 12 min while producing")],
            id="an oxidiser too cold",
        ),
        pytest.param(abated(12, abatement="760", abatement_min="760"), [], id="just warm enough"),
        pytest.param(
            minutes(
                24,
                production="85",
                bypass_open=[*[False] * 12, *[True] * 12],
                abatement=[*["1"] * 12, *["9"] * 12],
                abatement_min="5",
            ),
            [
                (0, 12, "abatement below its running bound for 12 min while producing"),
                (12, 24, "bypass open for 12 min while producing"),
            ],
            id="one after the other, in the order of time",
        ),
    ],
)
def test_idle_abatement(rows: pl.DataFrame, expected: list[tuple[int, int, str]]) -> None:
    """EX-7.12: bypass open for 12 minutes with production at 85 % of normal."""
    found = screened("DQ-17", screening.idle_abatement, rows, production_pct_min=20, lasting_s=600, **TIMES)
    assert found == expected


@pytest.mark.parametrize(
    ("other", "found"),
    [
        pytest.param([60, 40, 50, 40], True, id="least where the first is greatest, ties and all"),
        pytest.param([60, 40, 50, 41], False, id="a tie less"),
        pytest.param([40, 60, 50, 60], False, id="alike"),
        pytest.param([60, 40, 50, None], False, id="at other times"),
    ],
)
def test_opposite(other: list[int | None], found: bool) -> None:
    """The first channel is 1, 3, 2, 3; one of a pair is told, with the other's name; the order of the rows does not matter."""
    times = [MIDNIGHT + n * HOUR_MS for n in range(4)]
    rows = pl.DataFrame({"pid": [1] * 4 + [2] * 4, "time_ms": times * 2, "value": [1, 3, 2, 3, *other]})
    rows = rows.with_columns(factor=pl.when(pl.col("pid") == 1).then(pl.lit("A")).otherwise(pl.lit("B")))
    options: dict[str, Any] = {"readings_min": 3, "distinct_min": 2, "cover_s": 3_600, "weight": 4}
    told = screening.opposite(rows, **options)
    assert dict(told.schema) == EVIDENCE
    for again in (rows.reverse(), pl.concat([rows.head(4), rows.tail(4).reverse()])):
        assert told.equals(screening.opposite(again, **options))
    expected = (1, "DQ-9", MIDNIGHT, MIDNIGHT + 4 * HOUR_MS, "moves exactly opposite to B", 4)
    assert told.rows() == ([expected] if found else [])


def test_a_channel_is_not_opposite_to_itself() -> None:
    """Not even one that never moves, whose order is its own mirror image."""
    rows = pl.DataFrame(
        {"pid": [1] * 4, "time_ms": [MIDNIGHT + n * HOUR_MS for n in range(4)], "value": [5] * 4, "factor": ["A"] * 4}
    )
    assert screening.opposite(rows, readings_min=3, distinct_min=1, cover_s=3_600, weight=4).is_empty()


@pytest.mark.parametrize(("readings_min", "distinct_min", "told"), [(5, 2, 0), (4, 4, 0), (4, 3, 1)])
def test_values_enough_to_be_opposite(readings_min: int, distinct_min: int, told: int) -> None:
    """Four values, three different ones; an hour in which neither has one counts for nothing."""
    times = [MIDNIGHT + n * HOUR_MS for n in range(5)]
    rows = pl.DataFrame({"pid": [1] * 5 + [2] * 5, "time_ms": times * 2, "value": [1, 3, None, 2, 3, 60, 40, None, 50, 40]})
    rows = rows.with_columns(factor=pl.lit("A"))
    found = screening.opposite(rows, readings_min=readings_min, distinct_min=distinct_min, cover_s=3_600, weight=4)
    assert found.height == told
