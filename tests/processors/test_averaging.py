"""Minutes, hours and days from rows: means of what is valid, withheld with a reason, and the digest of what they were made of."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from processors.decode import MINUTE, REALTIME
from processors.digest import mix
from processors.figures import HOUR_MS
from processors.rules import averaging
from processors.rules.averaging import CALIBRATION, COMMUNICATION, FAULT, MAINTENANCE, STOPPED, VALID
from tests.processors.given import ms

M, FINE = 10**6, 10**8
"""A whole unit in a reading or an hour, and in a minute."""
NOON = ms(datetime(2026, 7, 1, 12, tzinfo=UTC))
MINUTE_MS = 60_000


def reading(value: int, code: int = VALID, *, kind: int = REALTIME, hash_: int = 1, received: int = 0, pid: int = 1) -> Any:
    """Return a reading of one minute, its value in millionths."""
    return (9, pid, NOON, kind, value, code, hash_, received)


def minute(*rows: Any, shares: pl.DataFrame | None = None) -> dict[str, Any]:
    """Return the one minute of some readings, the same in any order."""
    schema = {
        "sid": pl.Int32,
        "pid": pl.Int32,
        "minute": pl.Int64,
        "kind": pl.Int8,
        "value": pl.Int64,
        "code": pl.Int8,
        "hash": pl.UInt64,
        "received": pl.Int64,
    }
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    (found,) = averaging.minute_means(frame, shares).rows(named=True)
    (again,) = averaging.minute_means(frame.reverse(), shares).rows(named=True)
    assert found == again
    assert (found["sid"], found["pid"], found["minute"]) == (9, 1, NOON)
    return {name: found[name] for name in ("value", "n", "code", "digest", "as_of")}


def told(value: int | None, n: int, code: int, digest: int, as_of: int = 0) -> dict[str, Any]:
    """Return what a minute should say."""
    return {"value": value, "n": n, "code": code, "digest": digest, "as_of": as_of}


def test_a_minute() -> None:
    """The mean of the valid readings; what is not valid adds nothing but its receipt and its part in the digest."""
    assert minute(reading(20 * M), reading(32 * M)) == told(26 * FINE, 2, VALID, 2)
    assert minute(reading(20 * M, received=3), reading(99 * M, FAULT, hash_=4, received=7)) == told(20 * FINE, 1, VALID, 5, 7)
    assert minute(reading(-M)) == told(-FINE, 1, VALID, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([1, 0, 0], 33, id="100/3 is 33.3"),
        pytest.param([1, 1, 0], 67, id="200/3 is 66.7"),
        pytest.param([1] + [0] * 7, 13, id="100/8 is 12.5, rounded up"),
        pytest.param([-1] + [0] * 7, -12, id="-12.5 is rounded up"),
    ],
)
def test_a_minute_is_rounded_once(values: list[int], expected: int) -> None:
    """Half up, at hundred-millionths."""
    assert minute(*(reading(value) for value in values))["value"] == expected


def test_a_minute_without_a_valid_reading() -> None:
    """Of several reasons the one with the least code is told."""
    assert minute(reading(5 * M, FAULT), reading(5 * M, STOPPED, hash_=2)) == told(None, 0, STOPPED, 3)


def test_the_devices_own_minute() -> None:
    """It counts only where no instant of that minute is valid, and then alone."""
    own = reading(50 * M, kind=MINUTE, hash_=8, received=5)
    assert minute(own) == told(50 * FINE, 1, VALID, 8, 5)
    assert minute(own, reading(20 * M)) == told(20 * FINE, 1, VALID, 1)
    assert minute(own, reading(20 * M, FAULT)) == told(50 * FINE, 1, VALID, 8, 5)
    assert minute(reading(50 * M, STOPPED, kind=MINUTE), reading(20 * M, FAULT, hash_=2)) == told(None, 0, FAULT, 2)


def thirds(from_ms: int = NOON, to_ms: int = NOON + 1, pid: int = 1) -> pl.DataFrame:
    """Return that two thirds of a point's readings are asked for a while."""
    return pl.DataFrame({"pid": [pid], "from_ms": [from_ms], "to_ms": [to_ms], "raw_num": [2], "raw_den": [3]}).cast(
        {"pid": pl.Int32}
    )


@pytest.mark.parametrize(
    ("codes", "value", "code"),
    [
        pytest.param([VALID, VALID, FAULT], 20, VALID, id="two of three"),
        pytest.param([VALID, VALID, FAULT, STOPPED], None, STOPPED, id="half, the least code is told"),
        pytest.param([VALID, FAULT], None, FAULT, id="one of two"),
        pytest.param([VALID], 20, VALID, id="one of one: what did not come is not known"),
        pytest.param([VALID] * 66 + [FAULT] * 34, None, FAULT, id="66 %"),
        pytest.param([VALID] * 67 + [FAULT] * 33, 20, VALID, id="67 %"),
        pytest.param([FAULT, CALIBRATION], None, CALIBRATION, id="none"),
    ],
)
def test_a_share_of_a_minutes_readings(codes: list[int], value: int | None, code: int) -> None:
    """EU-2: two thirds of them are valid, or the minute is withheld with the reason of the others."""
    rows = [reading(20 * M if c == VALID else 90 * M, c) for c in codes]
    made = minute(*rows, shares=thirds())
    n = codes.count(VALID)
    assert made == told(None if value is None else value * FINE, n, code, len(codes))


@pytest.mark.parametrize("shares", [thirds(pid=2), thirds(NOON - 9, NOON), thirds(NOON + 1, NOON + 9)])
def test_a_share_that_is_not_asked(shares: pl.DataFrame) -> None:
    """Of another point, or before its row begins and after it ends, one valid reading is enough."""
    assert minute(reading(20 * M), reading(9 * M, FAULT), shares=shares) == told(20 * FINE, 1, VALID, 2)


def test_the_devices_own_minute_stands_for_no_share() -> None:
    """Where some instants are valid, but too few, the device's own minute does not step in; its one reading is a whole."""
    own = reading(50 * M, kind=MINUTE, hash_=8, received=5)
    assert minute(own, reading(20 * M), reading(9 * M, FAULT), shares=thirds()) == told(None, 1, FAULT, 2)
    assert minute(own, shares=thirds()) == told(50 * FINE, 1, VALID, 8, 5)


def test_own_minutes_of_another_point() -> None:
    """A point whose device forms minutes takes nothing from one that sends instants."""
    rows = [reading(20 * M), reading(50 * M, kind=MINUTE, pid=2)]
    names = ["sid", "pid", "minute", "kind", "value", "code", "hash", "received"]
    found = averaging.minute_means(pl.DataFrame(rows, schema=names, orient="row").cast({"hash": pl.UInt64}))
    assert found.sort("pid").select("pid", "value").rows() == [(1, 20 * FINE), (2, 50 * FINE)]


def test_the_code_of_a_reason() -> None:
    """An hour without a valid minute says in words why."""
    codes = (averaging.OUT_OF_CONTROL, averaging.OVERDUE, averaging.ABOVE_RANGE)
    hours = [averaging.hour_means(minutes((60, None, code)), minutes_min=45)["reason"].item() for code in codes]
    words = ("out of control", "overdue calibration", "above range")
    assert hours == [f"0 valid minutes of 45 ({each})" for each in words]


def test_codes_of_what_is_missing_beside_a_value() -> None:
    """Each code names its own companion."""
    codes = (averaging.NO_MOISTURE, averaging.NO_TEMPERATURE, averaging.NO_STATIC, averaging.NO_AMBIENT)
    assert [averaging.REASONS[code] for code in codes] == [
        f"no valid {name}" for name in ("moisture", "gas temperature", "static pressure", "ambient pressure")
    ]


def converted(
    value: int | None, oxygen: int | None, *, oxygen_as_of: int = 5, digest: int = 2, own: int = 1, above_only: bool = False
) -> dict[str, Any]:
    """Convert a minute to 6 % oxygen with a guard of 20 %; values in hundred-millionths, no row of oxygen where it is None."""
    row = {"pid": 1, "minute": NOON, "value": value, "code": VALID, "digest": own, "as_of": 4, "oxygen_pid": 7}
    rules = {"ref_o2": 6 * M, "guard": 20 * M, "air_o2": 21 * M}
    schema = dict.fromkeys([*row, *rules], pl.Int64) | {"digest": pl.UInt64}
    minutes = pl.DataFrame([row | rules], schema=schema).with_columns(above_only=pl.lit(above_only))
    found = {"pid": 7, "minute": NOON, "value": oxygen, "digest": digest, "as_of": oxygen_as_of}
    schema = dict.fromkeys(found, pl.Int64) | {"digest": pl.UInt64}
    known = pl.DataFrame([found] if oxygen is not None else [], schema=schema)
    (made,) = averaging.at_reference(minutes, known).rows(named=True)
    return made


@pytest.mark.parametrize(
    ("value", "oxygen", "expected", "ambient"),
    [
        pytest.param(28 * FINE, 9 * FINE, 35 * FINE, False, id="EX-1.8: 28 · 15/12"),
        pytest.param(28 * FINE, 910_000_000, 3_529_411_765, False, id="EX-1.8: 28 · 15/11.9 is 35.29411765"),
        pytest.param(2 * FINE, 2_050_000_000, None, True, id="EX-1.10: oxygen of 20.5"),
        pytest.param(2 * FINE, 20 * FINE, None, True, id="at the guard"),
        pytest.param(2 * FINE, 20 * FINE - 1, 2_999_999_970, False, id="just below it: 2 · 15/1.00000001"),
        pytest.param(2 * FINE, None, None, False, id="no oxygen"),
        pytest.param(None, 20 * FINE, None, False, id="nothing to convert"),
    ],
)
def test_reference_oxygen(value: int | None, oxygen: int | None, expected: int | None, ambient: bool) -> None:
    """EX-1.8 and EX-1.10, minute by minute; only a value that oxygen near that of air leaves without conversion is told so."""
    made = converted(value, oxygen)
    assert (made["value"], made["ambient"]) == (expected, ambient)


@pytest.mark.parametrize(
    ("value", "oxygen", "expected", "as_is"),
    [
        pytest.param(28 * FINE, 9 * FINE, 35 * FINE, False, id="above 6 %: 28 · 15/12"),
        pytest.param(28 * FINE, 6 * FINE + 1, 2_800_000_002, False, id="just above: 28 · 15/14.99999999"),
        pytest.param(28 * FINE, 6 * FINE, 28 * FINE, True, id="at it"),
        pytest.param(28 * FINE, 3 * FINE, 28 * FINE, True, id="below: not 28 · 15/18"),
        pytest.param(28 * FINE, 20 * FINE, None, False, id="at the guard"),
        pytest.param(28 * FINE, None, None, False, id="no oxygen: not known whether it is above"),
        pytest.param(None, 3 * FINE, None, False, id="nothing to convert"),
    ],
)
def test_reference_oxygen_of_hazardous_waste(value: int | None, oxygen: int | None, expected: int | None, as_is: bool) -> None:
    """EU-6: only above the reference; otherwise the value stands, and is told so."""
    made = converted(value, oxygen, above_only=True)
    assert (made["value"], made["as_is"]) == (expected, as_is)


def test_what_is_said_of_conversions() -> None:
    """Of valid minutes, with how many oxygen was above the reference; nothing of minutes without oxygen, and of points that are always converted."""
    rows = {
        "pid": [1, 1, 1, 1, 2],
        "minute": [NOON + n * MINUTE_MS for n in range(4)] + [NOON],
        "value": [20, 20, None, 20, 20],
        "code": [VALID, VALID, VALID, FAULT, VALID],
        "as_is": [False, True, False, False, False],
        "above_only": [True, True, True, True, False],
    }
    found = averaging.conversion_notes(pl.DataFrame(rows), period_ms=HOUR_MS).rows()
    assert found == [(1, NOON, "1 of 2 valid minutes converted, in which oxygen was above the reference")]


def test_what_a_conversion_is_made_of() -> None:
    """The oxygen is part of the set: with another one, or with other readings behind it, the digest is another."""
    greatest = 2**64 - 1
    sets = [(9 * FINE, 2, 1), (9 * FINE, 3, 1), (8 * FINE, 2, 1), (9 * FINE, greatest, 1), (9 * FINE, greatest - 1, 1)]
    sets += [(9 * FINE, 2, greatest), (9 * FINE, 2, greatest - 1)]
    digests = [converted(28 * FINE, oxygen, digest=digest, own=own)["digest"] for oxygen, digest, own in sets]
    assert len(set(digests)) == len(sets)
    assert [converted(28 * FINE, 9 * FINE, oxygen_as_of=t)["as_of"] for t in (3, 5)] == [4, 5]


def minutes(*runs: tuple[int, int | None, int], digest: int = 1, start: int = NOON) -> pl.DataFrame:
    """Return (count, hundred-millionths, code) runs of minutes of one point."""
    cells = [(value, code) for n, value, code in runs for _ in range(n)]
    rows = [(1, start + i * MINUTE_MS, value, code, digest, i) for i, (value, code) in enumerate(cells)]
    schema = {
        "pid": pl.Int64,
        "minute": pl.Int64,
        "value": pl.Int64,
        "code": pl.Int8,
        "digest": pl.UInt64,
        "as_of": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


TWENTY, MORE = (30, 20 * FINE, VALID), 32 * FINE


@pytest.mark.parametrize(
    ("given", "value", "n", "reason", "stopped"),
    [
        pytest.param(minutes(TWENTY, (15, MORE, VALID)), 24 * M, 45, None, False, id="EX-1.1 just enough"),
        pytest.param(minutes(TWENTY, (14, MORE, VALID)), None, 44, "44 valid minutes of 45", False, id="EX-1.1 one too few"),
        pytest.param(minutes((60, None, STOPPED)), None, 0, "stopped", True, id="stopped"),
        pytest.param(
            minutes((59, None, STOPPED), (1, None, FAULT)),
            None,
            0,
            "0 valid minutes of 45 (stopped)",
            False,
            id="not all of it",
        ),
        pytest.param(
            minutes((30, MORE, VALID), (20, None, COMMUNICATION), (10, None, FAULT)),
            None,
            30,
            "30 valid minutes of 45 (fault)",
            False,
            id="the least code is told",
        ),
        pytest.param(minutes((45, 49, VALID)), 0, 45, None, False, id="less than half a millionth"),
        pytest.param(minutes((45, 50, VALID)), 1, 45, None, False, id="half of one"),
    ],
)
def test_an_hour(given: pl.DataFrame, value: int | None, n: int, reason: str | None, stopped: bool) -> None:
    """EX-1.1: 30 minutes at 20.0 and 15 at 32.0 are 24.00, 44 are no hour."""
    for rows in (given, given.sample(fraction=1, shuffle=True, seed=3)):
        (hour,) = averaging.hour_means(rows, minutes_min=45).rows(named=True)
        assert (hour["pid"], hour["hour"], hour["value"], hour["n"]) == (1, NOON, value, n)
        assert (hour["reason"], hour["stopped"], hour["total"]) == (reason, stopped, sum(given["value"].drop_nulls()))
        assert hour["as_of"] == given.height - 1


def test_hours_begin_on_the_hour() -> None:
    """The last minute of one hour and the first of the next do not meet."""
    rows = minutes((1, 20 * FINE, VALID), (1, MORE, VALID), start=NOON - MINUTE_MS)
    found = averaging.hour_means(rows, minutes_min=1).sort("hour")
    assert found.select("hour", "value").rows() == [(NOON - HOUR_MS, 20 * M), (NOON, 32 * M)]


@pytest.mark.parametrize(("ambient", "why"), [(1, "oxygen at or above the guard"), (0, "fault")])
def test_an_hour_that_could_not_be_converted(ambient: int, why: str) -> None:
    """One minute of oxygen near that of air is the reason that is told, else that of the minutes."""
    rows = minutes((44, MORE, VALID), (1, None, VALID), (1, None, FAULT))
    rows = rows.with_columns(ambient=pl.col("value").is_null() & (pl.col("code") == VALID) & (ambient == 1))
    (hour,) = averaging.hour_means(rows, minutes_min=45).rows(named=True)
    assert hour["reason"] == f"44 valid minutes of 45 ({why})"


@pytest.mark.parametrize(
    ("runs", "quarters_min", "value", "reason"),
    [
        pytest.param([(16, MORE, VALID)], 2, 32 * M, None, id="two quarters"),
        pytest.param([(15, MORE, VALID)], 2, None, "valid minutes in 1 quarters of 2", id="one, to its last minute"),
        pytest.param([(15, None, FAULT), (15, MORE, VALID)], 1, 32 * M, None, id="one is enough"),
        pytest.param(
            [(10, MORE, VALID), (20, None, FAULT)], 2, None, "valid minutes in 1 quarters of 2", id="just enough, but in one"
        ),
        pytest.param([(9, MORE, VALID)], 2, None, "9 valid minutes of 10", id="too few anyway"),
        pytest.param([(60, None, STOPPED)], 2, None, "stopped", id="stopped"),
        pytest.param([(5, MORE, VALID)] + [(10, None, FAULT), (5, MORE, VALID)] * 3, 4, 32 * M, None, id="all four"),
        pytest.param(
            [(45, None, STOPPED), (15, MORE, VALID)],
            2,
            None,
            "valid minutes in 1 quarters of 2",
            id="it stood, and they are asked",
        ),
        pytest.param(
            [(2, MORE, VALID), (58, None, CALIBRATION)], 2, None, "2 valid minutes of 10 (calibration)", id="two are not enough"
        ),
    ],
)
def test_quarters(runs: list[tuple[int, int | None, int]], quarters_min: int, value: int | None, reason: str | None) -> None:
    """A registry's own numbers: at least 10 minutes, spread over so many quarters."""
    asked = pl.DataFrame(
        {
            "pid": [1, 2],
            "hour": [NOON, NOON],
            "minutes_min": [10, 10],
            "quarters_min": [quarters_min, 1],
            "apart_min": [0, 0],
            "operating_minutes": [False, False],
        }
    )
    (hour,) = averaging.hour_means(minutes(*runs), minutes_min=asked).rows(named=True)
    assert (hour["pid"], hour["value"], hour["reason"]) == (1, value, reason)


def at_minutes(codes: dict[int, int]) -> pl.DataFrame:
    """Return an hour of which only some minutes are known, by their codes."""
    runs = minutes(*[(1, MORE if codes.get(n, FAULT) == VALID else None, codes.get(n, FAULT)) for n in range(60)])
    return runs.filter(((pl.col("minute") - NOON) // MINUTE_MS).is_in(list(codes)))


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        pytest.param(dict.fromkeys([3, 20, 33], VALID), "3 valid minutes of 4", id="EX-9.11 three quadrants"),
        pytest.param({3: VALID, 20: VALID, 40: CALIBRATION}, None, id="EX-9.11 with a calibration"),
        pytest.param({3: VALID, 18: VALID, 40: MAINTENANCE}, None, id="just 15 minutes apart, maintenance"),
        pytest.param({3: VALID, 17: VALID, 40: CALIBRATION}, "2 valid minutes of 4 (calibration)", id="14 minutes apart"),
        pytest.param({3: VALID, 40: CALIBRATION}, "1 valid minutes of 4 (calibration)", id="one point"),
        pytest.param({40: CALIBRATION}, "0 valid minutes of 4 (calibration)", id="no point"),
        pytest.param(
            {0: FAULT, 20: VALID, 30: VALID, 40: CALIBRATION}, "2 valid minutes of 4 (calibration)", id="10 minutes apart"
        ),
        pytest.param({3: VALID, 20: VALID, 40: FAULT}, "2 valid minutes of 4 (fault)", id="a fault is no calibration"),
        pytest.param(dict.fromkeys([0, 15, 30, 45], VALID), None, id="the first minute of each"),
        pytest.param(dict.fromkeys([0, 1, 15, 30], VALID), "valid minutes in 3 quarters of 4", id="two in one"),
        pytest.param({3: STOPPED, 20: VALID, 35: STOPPED, 50: STOPPED}, None, id="only the quadrant in which it ran"),
        pytest.param({3: VALID, 20: VALID, 33: VALID, 50: STOPPED}, None, id="one in which it stood"),
        pytest.param({3: VALID, 20: VALID, 33: VALID, 50: STOPPED, 51: FAULT}, "3 valid minutes of 4 (stopped)", id="it ran"),
    ],
)
def test_quadrants(codes: dict[int, int], reason: str | None) -> None:
    """US-1: a valid minute in each quadrant in which the unit operated; with a calibration two of them 15 minutes apart are enough."""
    asked = pl.DataFrame(
        {"pid": [1], "hour": [NOON], "minutes_min": [4], "quarters_min": [4], "apart_min": [15], "operating_minutes": [False]}
    )
    (hour,) = averaging.hour_means(at_minutes(codes), minutes_min=asked).rows(named=True)
    assert (hour["reason"], hour["value"]) == (reason, 32 * M if reason is None else None)


@pytest.mark.parametrize(
    ("codes", "least", "apart_min", "reason"),
    [
        pytest.param({3: VALID, 4: VALID, 40: CALIBRATION}, 4, 1, None, id="one minute apart"),
        pytest.param({3: VALID, 20: VALID, 33: VALID, 50: STOPPED}, 4, 1, None, id="one in which it stood"),
        pytest.param({3: STOPPED, 20: FAULT}, 1, 15, "0 valid minutes of 1 (stopped)", id="one valid minute at least"),
    ],
)
def test_the_least_that_can_be_asked(codes: dict[int, int], least: int, apart_min: int, reason: str | None) -> None:
    """US-1 as above with the least numbers: two minutes any minute apart are enough, and without any valid minute there is no hour."""
    asked = pl.DataFrame(
        {
            "pid": [1],
            "hour": [NOON],
            "minutes_min": [least],
            "quarters_min": [least],
            "apart_min": [apart_min],
            "operating_minutes": [False],
        }
    )
    (hour,) = averaging.hour_means(at_minutes(codes), minutes_min=asked).rows(named=True)
    assert (hour["reason"], hour["value"]) == (reason, 32 * M if reason is None else None)


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        pytest.param([(20, None, STOPPED), (30, MORE, VALID), (10, None, FAULT)], None, id="30 of 40"),
        pytest.param([(20, None, STOPPED), (29, MORE, VALID)], "29 valid minutes of 30 (stopped)", id="29 of 40"),
        pytest.param([(0, None, STOPPED), (44, MORE, VALID)], "44 valid minutes of 45", id="44 of 60, missing ones are due"),
        pytest.param([(59, None, STOPPED), (1, MORE, VALID)], None, id="one of one"),
        pytest.param([(60, None, STOPPED)], "stopped", id="none of none"),
    ],
)
def test_an_hour_of_the_minutes_in_operation(runs: list[tuple[int, int | None, int]], reason: str | None) -> None:
    """45/60 of the minutes that were not stopped, rounded up."""
    said = {"pid": [1], "hour": [NOON], "minutes_min": [45], "quarters_min": [0], "apart_min": [0], "operating_minutes": [True]}
    (hour,) = averaging.hour_means(minutes(*runs), minutes_min=pl.DataFrame(said)).rows(named=True)
    assert (hour["reason"], hour["value"]) == (reason, 32 * M if reason is None else None)


@pytest.mark.parametrize(("valid", "reason"), [(6, None), (5, "5 valid minutes of 6 (stopped)")])
def test_a_share_just_above_a_whole_minute(valid: int, reason: str | None) -> None:
    """7/60 of 43 minutes in operation are 5.02: six are asked."""
    said = {"pid": [1], "hour": [NOON], "minutes_min": [7], "quarters_min": [0], "apart_min": [0], "operating_minutes": [True]}
    given = minutes((17, None, STOPPED), (valid, MORE, VALID))
    assert averaging.hour_means(given, minutes_min=pl.DataFrame(said))["reason"].to_list() == [reason]


def test_an_hour_that_is_not_asked_for() -> None:
    """Where the registry gives no numbers for a point's hour there is none."""
    asked = pl.DataFrame(
        {
            "pid": [1],
            "hour": [NOON + HOUR_MS],
            "minutes_min": [1],
            "quarters_min": [0],
            "apart_min": [0],
            "operating_minutes": [False],
        }
    )
    assert averaging.hour_means(minutes((60, MORE, VALID)), minutes_min=asked).is_empty()


def test_what_an_hour_is_made_of() -> None:
    """The digest is the sum over the minutes, each with its time, also of digests that fill 64 bits; as_of is the latest receipt."""
    (hour,) = averaging.hour_means(minutes((2, MORE, VALID), digest=2**64 - 5), minutes_min=1).rows(named=True)
    each = pl.DataFrame({"m": [NOON, NOON + MINUTE_MS], "d": [-5, -5]}).select(mix(pl.col("m"), pl.col("d")))
    assert (hour["digest"], hour["as_of"]) == (sum(each.to_series()) % 2**64, 1)


HOURS = {
    "pid": pl.Int64,
    "stat": pl.String,
    "day": pl.Int64,
    "hour": pl.Int64,
    "value": pl.Int64,
    "reason": pl.String,
    "digest": pl.UInt64,
    "rules": pl.UInt64,
    "as_of": pl.Int64,
    "hours_min": pl.Int64,
    "exempt": pl.Boolean,
}


def hours(*runs: tuple[int, int | None, str | None, bool], digest: int = 1) -> pl.DataFrame:
    """Return (count, whole units, reason, exempt) runs of hours of a day, of which 20 must be valid."""
    cells = [run[1:] for run in runs for _ in range(run[0])]
    rows = [
        (1, "avg", NOON, NOON + i * HOUR_MS, None if v is None else v * M, why, digest, 3, i, 20, exempt)
        for i, (v, why, exempt) in enumerate(cells)
    ]
    return pl.DataFrame(rows, schema=HOURS, orient="row")


SHORT = (4, None, "30 valid minutes of 45", False)


@pytest.mark.parametrize(
    ("given", "value", "n", "reason", "note"),
    [
        pytest.param(hours((12, 20, None, False), (8, 35, None, False), SHORT), 26 * M, 20, None, None, id="EX-1.2 20 hours"),
        pytest.param(
            hours((12, 20, None, False), (7, 35, None, False)), None, 19, "19 valid hours of 20", None, id="EX-1.2 19"
        ),
        pytest.param(
            hours((18, 20, None, False), (2, None, None, True)), 20 * M, 18, None, "2 exempt hours left out", id="two exempt"
        ),
        pytest.param(
            hours((18, 20, None, False), (1, None, None, True)),
            None,
            18,
            "19 valid hours of 20",
            "1 exempt hours left out",
            id="still too few",
        ),
        pytest.param(
            hours((20, None, None, True)), None, 0, "all valid hours are exempt", "20 exempt hours left out", id="all exempt"
        ),
        pytest.param(hours((19, 20, None, False), (1, 21, None, False)), 20_050_000, 20, None, None, id="20.05"),
        pytest.param(hours(SHORT), None, 0, "0 valid hours of 20", None, id="none"),
    ],
)
def test_a_day(given: pl.DataFrame, value: int | None, n: int, reason: str | None, note: str | None) -> None:
    """EX-1.2: 12 hours at 20 and 8 at 35 are 26.00, 19 hours are no day; exempt hours count for the 20 and not for the mean."""
    for rows in (given, given.reverse()):
        (day,) = averaging.day_means(rows).rows(named=True)
        assert (day["value"], day["n"], day["reason"], day["note"]) == (value, n, reason, note)
        assert (day["pid"], day["stat"], day["day"], day["as_of"]) == (1, "avg", NOON, given.height - 1)
        assert day["total"] == sum(given["value"].drop_nulls())


def test_a_day_of_one_hour() -> None:
    """Where one hour is enough it is the day; where none is asked a day of nothing still has no value."""
    one = hours((1, 7, None, False)).with_columns(hours_min=pl.lit(1, pl.Int64))
    assert averaging.day_means(one)["value"].to_list() == [7 * M]
    none = hours(SHORT).with_columns(hours_min=pl.lit(0, pl.Int64))
    assert averaging.day_means(none)["value"].to_list() == [None]


@pytest.mark.parametrize(
    ("stopped", "valid", "reason"),
    [
        (14, 9, None),
        (14, 8, "8 valid hours of 9"),
        (0, 20, None),
        (0, 19, "19 valid hours of 20"),
        (23, 1, None),
        (24, 0, "stopped"),
    ],
)
def test_a_day_of_the_hours_in_operation(stopped: int, valid: int, reason: str | None) -> None:
    """20/24 of the hours that were not stopped: 8.33 of 10 hours are 9, all 20 of 24, and one of one; a day of stops has no mean."""
    rows = hours((valid, 20, None, False), (stopped, None, "stopped", False), (24 - stopped - valid, None, "fault", False))
    (day,) = averaging.day_means(rows.with_columns(day_basis=pl.lit("operating"))).rows(named=True)
    assert (day["value"], day["reason"]) == (None if reason else 20 * M, reason)


@pytest.mark.parametrize(("valid", "reason"), [(3, None), (2, "2 valid hours of 3")])
def test_a_share_just_above_a_whole_hour(valid: int, reason: str | None) -> None:
    """7/24 of 7 hours in operation are 2.04: three are asked; also where the rule holds for a part of the day only."""
    rows = hours((valid, 20, None, False), (17, None, "stopped", False), (7 - valid, None, "fault", False))
    rows = rows.with_columns(
        hours_min=pl.lit(7, pl.Int64),
        day_basis=pl.when(pl.col("hour") == NOON).then(pl.lit("operating")).otherwise(pl.lit("fixed")),
    )
    assert averaging.day_means(rows)["reason"].to_list() == [reason]


@pytest.mark.parametrize(
    ("stopped", "valid", "reason"),
    [
        (0, 20, None),
        (0, 19, "19 valid hours of 20"),
        (14, 6, None),
        (14, 5, "5 valid hours of 6"),
        (20, 1, None),
        (20, 0, "0 valid hours of 1"),
        (23, 1, None),
        (24, 0, "stopped"),
    ],
)
def test_a_day_of_the_hours_missed(stopped: int, valid: int, reason: str | None) -> None:
    """20 of 24 may miss four: so may 10 hours in operation, and of four or fewer one must be there; a day of stops has no mean.

    So it is where the rule holds for a part of the day only.
    """
    rows = hours((valid, 20, None, False), (stopped, None, "stopped", False), (24 - stopped - valid, None, "fault", False))
    for hour in (pl.col("hour"), NOON):
        basis = pl.when(pl.col("hour") == hour).then(pl.lit("missed")).otherwise(pl.lit("fixed"))
        (day,) = averaging.day_means(rows.with_columns(day_basis=basis)).rows(named=True)
        assert (day["value"], day["reason"]) == (None if reason else 20 * M, reason)


def test_the_stricter_rule_of_a_day() -> None:
    """Where the registry changed within a day the greater number is asked."""
    rows = hours((20, 5, None, False))
    later = rows.with_columns(hours_min=pl.when(pl.col("hour") == NOON).then(21).otherwise(20))
    assert averaging.day_means(later)["reason"].to_list() == ["20 valid hours of 21"]


@pytest.mark.parametrize(
    ("given", "value", "n", "reason"),
    [
        pytest.param(hours((24, 10, None, False)), 240 * M, 24, None, id="whole"),
        pytest.param(hours((23, 10, None, False)), 230 * M, 23, "23 of 24 hours", id="one short"),
        pytest.param(hours((20, 10, None, False), (4, 0, "stopped", False)), 200 * M, 24, None, id="nothing while stopped"),
        pytest.param(hours((20, 10, None, False), (4, 0, "no discharge", False)), 200 * M, 24, None, id="no discharge"),
        pytest.param(hours((23, 10, None, False), (1, 9, "44 of 45", False)), 239 * M, 24, "23 of 24 hours", id="a part"),
        pytest.param(hours((1, 10, None, False)), 10 * M, 1, "1 of 24 hours", id="one hour"),
        pytest.param(hours((24, None, "stopped", False)), None, 0, "0 of 24 hours", id="no value"),
    ],
)
def test_a_days_sum(given: pl.DataFrame, value: int | None, n: int, reason: str | None) -> None:
    """A day short of hours says so and keeps its sum."""
    (day,) = averaging.day_sums(given).rows(named=True)
    assert (day["value"], day["n"], day["reason"]) == (value, n, reason)


def test_what_a_day_is_made_of() -> None:
    """Digest and rules are sums over the hours that were made of something, each with its time."""
    rows = pl.concat([hours((2, 1, None, False), digest=2**64 - 5), hours((1, 1, None, False), digest=0)])
    (day,) = averaging.day_sums(rows.with_columns(rules=pl.lit(2**64 - 3, pl.UInt64))).rows(named=True)
    at = pl.DataFrame({"h": [NOON, NOON + HOUR_MS]})
    expected = [sum(at.select(mix(pl.col("h"), pl.lit(n))).to_series()) % 2**64 for n in (-5, -3)]
    assert [day["digest"], day["rules"]] == expected


@pytest.mark.parametrize(("numerator", "denominator"), [(5, 2), (-5, 2), (7, 3), (8, 3), (10**18, 7)])
def test_rounded_half_up(numerator: int, denominator: int) -> None:
    """As fractions are: the greatest integer not above the quotient and a half."""
    found = pl.select(averaging.half_up(pl.lit(numerator), pl.lit(denominator))).item()
    assert found == (Fraction(numerator, denominator) + Fraction(1, 2)).__floor__()
