"""A value too great to be read exactly is told as out of range, on a point, a register and an interval; it is never missing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingest.registry import Meter, Point, Registry
from processors.decode import OUT_OF_RANGE_1E6, Layouts, decode
from tests.processors.given import FLOW, METER, NOON, O2, line, registry
from tests.processors.test_engine import Bench

BOUND = 9_000_000_000
"""2**53 millionths are 9 007 199 254.74: below 9e9 a double still tells neighbours of six digits apart."""
BELOW, BEYOND = "8999999999.999998", "9000000000"
AFTER = timedelta(hours=1)


def decoded(*values: str, odd: bool = False) -> list[int | None]:
    """Decode a line for each value, the first of which shows the layout; ``odd`` sends each through the record's model."""
    lines = [line(NOON, {O2: 1.5}).replace(b"[1.5]", b"[%s]" % v.encode()) for v in ("0", *values)]
    lines = [text.replace(b'"protocol":"test"', b'"protocol":"\\u0074est"') for text in lines] if odd else lines
    made = decode(lines, Layouts())
    assert made.bad == []
    return made.values.to_list()[1:]


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("sign", ["", "-"])
def test_both_sides_of_the_edge(sign: str, odd: bool) -> None:
    """Below 9e9 a value is exact to six digits; at it and beyond all are its bound, which fits an Int64; null stays null."""
    way = -1 if sign else 1
    great = [f"{sign}{text}" for text in (BEYOND, "9000000000.000001", "1.83e21", "18446744073709551615", "1e308", "1e400")]
    assert decoded(f"{sign}{BELOW}", odd=odd) == [way * 8_999_999_999_999_998]
    assert decoded(*great, odd=odd) == [way * BOUND * 10**6] * len(great)
    assert decoded("null", odd=odd) == [None]
    assert OUT_OF_RANGE_1E6 == BOUND * 10**6 < 2**63 // 1000


def test_both_ways_of_a_batch_agree() -> None:
    """One number beyond all doubles sends the whole batch through the model: its neighbours are what they were."""
    assert decoded("12.5", BEYOND, "1e400", BELOW) == [12_500_000, BOUND * 10**6, BOUND * 10**6, 8_999_999_999_999_998]


def changed(**fields: Any) -> Registry:
    """The registry with fields of its points, or of its meter, changed."""
    known = registry()
    if "kind" in fields or "modulus" in fields:
        return known.model_copy(update={"meters": (known.meters[0].model_copy(update=fields),)})
    points: tuple[Point, ...] = tuple(p.model_copy(update=fields) for p in known.points)
    return known.model_copy(update={"points": points})


def hour_of(values: list[tuple[int, float | None]], known: Registry | None = None) -> Any:
    """The noon hour of a flow that shows each value for so many minutes, two readings a minute."""
    bench, at, lines = Bench(known or registry()), NOON, []
    for minutes, value in values:
        for _ in range(2 * minutes):
            lines.append(line(at, {FLOW: value}))
            at += timedelta(seconds=30)
    bench.lines([*lines, line(NOON + AFTER, {FLOW: 1.0})])
    return bench.hour(FLOW, "avg", NOON)


@pytest.mark.parametrize(
    ("values", "number", "reason"),
    [
        pytest.param([(60, 8_999_999_999.5)], Decimal("8999999999.5"), None, id="below"),
        pytest.param([(45, 10.0), (15, 9e9)], Decimal(10), None, id="a quarter of an hour beyond"),
        pytest.param([(44, 10.0), (16, 9e9)], None, "44 valid minutes of 45 (out of range)", id="too many beyond"),
        pytest.param([(60, -9e9)], None, "0 valid minutes of 45 (out of range)", id="as far below zero"),
        pytest.param([(60, None)], None, "0 valid minutes of 45 (unreadable)", id="no number is another reason"),
    ],
)
def test_a_point(values: list[tuple[int, float | None]], number: Decimal | None, reason: str | None) -> None:
    """A reading out of range does not count, and where an hour falls short for it the reason says so."""
    hour = hour_of(values)
    assert (hour.number, hour.reason) == (number, reason)


def test_many_great_readings_of_a_minute() -> None:
    """Their sum in hundred-millionths is beyond an Int64 (60 · 8.9e9 · 1e8 = 5.3e19) and is formed without one."""
    bench = Bench(registry())
    seconds = [line(NOON + timedelta(seconds=s), {FLOW: 8_900_000_000.0}) for s in range(3600)]
    bench.lines([*seconds, line(NOON + AFTER, {FLOW: 1.0})])
    assert bench.hour(FLOW, "avg", NOON).number == 8_900_000_000


@pytest.mark.parametrize(
    ("multiplier", "sent", "number", "reason"),
    [
        pytest.param("0.001", 8e9, Decimal(8_000_000), None, id="in range before and after"),
        pytest.param(
            "0.001", 9e9, None, "0 valid minutes of 45 (out of range)", id="what it was is not known, however small after"
        ),
        pytest.param("10000", 899_999.0, Decimal(8_999_990_000), None, id="just in range after"),
        pytest.param("10000", 900_000.0, None, "0 valid minutes of 45 (out of range)", id="out of range after"),
        pytest.param("10000", 8e9, None, "0 valid minutes of 45 (out of range)", id="far beyond an Int64 after"),
    ],
)
def test_a_point_with_a_multiplier(multiplier: str, sent: float, number: Decimal | None, reason: str | None) -> None:
    """The bound holds for what was sent and for what it is in the point's unit."""
    hour = hour_of([(60, sent)], changed(multiplier=Decimal(multiplier)))
    assert (hour.number, hour.reason) == (number, reason)


def energy_of(meter: Meter | None, kind: str, stat: str, *values: float) -> tuple[Any, list[dict[str, Any]]]:
    """The noon hour of a meter that shows values from noon on, one a quarter, and the findings on it."""
    bench = Bench(registry() if meter is None else registry().model_copy(update={"meters": (meter,)}))
    at = [NOON + i * timedelta(minutes=15) for i in range(len(values))]
    bench.lines([line(t, {"kwh": v}, source=METER, kind=kind, stat=stat) for t, v in zip(at, values, strict=True)])
    bench.finish()
    found = [e.facts for e in bench.store.events(limit=100) if e.kind == "meter.held"]
    return bench.store.figure(METER, "kwh", "energy", "hour", int(NOON.timestamp() * 1000)), found


@pytest.mark.parametrize(
    ("values", "energy", "told"),
    [
        pytest.param(
            (8_999_999_990.0, 8_999_999_992.0, 8_999_999_994.0, 8_999_999_996.0, 8_999_999_999.5), "9.5", 0, id="below"
        ),
        pytest.param((100.0, 9e9, 120.0, 130.0, 140.0), "40", 1, id="at the edge"),
        pytest.param((100.0, 9e9, 1.83e21, 130.0, 140.0), "40", 1, id="a burst is told once"),
        pytest.param((100.0, 9e9, 120.0, 1e12, 140.0), "40", 2, id="twice"),
    ],
)
def test_a_register(values: tuple[float, ...], energy: str, told: int) -> None:
    """energy_rules 2.5 and EX-2.14: what no register shows is discarded and told; the energy across it is that of its neighbours."""
    hour, found = energy_of(None, "register", "reg", *values)
    assert hour.number == Decimal(energy)
    assert [(f["register"], f["decision"]) for f in found] == [("OUT_OF_RANGE", "discarded")] * told
    if told:
        assert found[-1]["text"] == (
            "9000000000 or beyond was read at 2026-07-01T12:15:00+08:00, more than is exact;"
            " discarded, as are those that follow it in one burst"
        )


@pytest.mark.parametrize(
    ("values", "energy", "reason"),
    [
        pytest.param((2e9, 2e9, 2e9, 2.5e9), "8500000000", None, id="below"),
        pytest.param((10.0, 9e9, 10.0, 10.0), "30", "45 of 60 minutes covered (out of range)", id="one beyond"),
        pytest.param((9e9, 9e9, -9e9, 1e13), None, "0 of 60 minutes covered (out of range)", id="all beyond is not no data"),
    ],
)
def test_an_interval(values: tuple[float, ...], energy: str | None, reason: str | None) -> None:
    """An interval out of range adds nothing, is named in the hour's reason and told once a burst."""
    meter = Meter(source=METER, factor="kwh", kind="interval", unit="kWh", energy_code="electricity_calorific")
    hour, found = energy_of(meter, "interval", "energy", *values)
    assert (hour.number, hour.reason, hour.ok) == (None if energy is None else Decimal(energy), reason, reason is None)
    assert [(f["register"], f["decision"]) for f in found] == ([] if reason is None else [("OUT_OF_RANGE", "discarded")])
