"""An hour that changed on its way from the analyser to the platform is not valid (WAT-9), whenever the analyser's own value comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ingest.registry import Point, Registry, Source
from tests.processors.given import NOON, STACK, line
from tests.processors.test_checks import over
from tests.processors.test_engine import Bench

COD, OWN, FLOW = "w01018", "w01018-A", "Q"
BROKEN = "difference of platform from analyser 1.2 %, at most 1 allowed"


def station(analyser: str = OWN, kind: Any = "water") -> Registry:
    """A station whose analyser's own results come as a point of their own."""
    source = Source(source=STACK, enterprise="E1", outlet="W1", name="works", kind=kind, cadence_s=3600)
    points = (
        Point(source=STACK, factor=COD, unit="mg/L", flow_factor=FLOW, analyser_factor=analyser),
        Point(source=STACK, factor=OWN, unit="mg/L"),
        Point(source=STACK, factor=FLOW, unit="m3/h"),
    )
    return Registry(sources=(source,), points=points)


def hour(n: int, values: dict[str, float | None], delay_s: float = 3601) -> bytes:
    return line(NOON + timedelta(hours=n), values, kind="hour", stat="avg", delay_s=delay_s)


def reasons(bench: Bench, stat: str = "avg") -> list[str | None]:
    return [bench.hour(COD, stat, NOON + timedelta(hours=n)).reason for n in range(3)]


PLATFORM = [hour(n, {COD: value, FLOW: 10.0}) for n, value in enumerate((50.6, 50.5, 50.6))]
ANALYSER = [hour(n, {OWN: 50.0}, delay_s=4 * 3600) for n in range(2)]
"""Of the third hour nothing is known but the platform's value."""


@pytest.mark.parametrize("hot_hours", [48, 1])
def test_an_analysers_value_that_comes_late(hot_hours: int) -> None:
    """50.6 for 50.0 is 1.2 % and not valid, nor is its mass; 50.5 is 1.0 %; without the analyser's value nothing is compared."""
    bench = Bench(station(), hot_hours)
    bench.lines(PLATFORM)
    over(bench, 4)
    assert reasons(bench) == [None] * 3
    bench.lines(ANALYSER)
    over(bench, 5)
    assert reasons(bench) == reasons(bench, "mass") == [BROKEN, None, None]
    revised = bench.hour(COD, "avg", NOON)
    assert (revised.state, revised.value, revised.n) == ("revised", None, 0)
    assert bench.hour(OWN, "avg", NOON).value == 50_000_000


def test_the_order_changes_no_figure() -> None:
    """The analyser's values first, last, or after a restart."""
    made = []
    for first, then, restart in ((PLATFORM, ANALYSER, False), (ANALYSER, PLATFORM, False), (PLATFORM, ANALYSER, True)):
        bench = Bench(station())
        bench.lines(first)
        over(bench, 4)
        if restart:
            bench.runner.adopt(bench.runner.registry)
        bench.lines(then)
        over(bench, 5)
        made.append(bench.store.canonical())
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize(("analyser", "kind"), [("", "water"), (OWN, "flue_gas")])
def test_nothing_is_compared_unless_registry_and_rule_pack_ask_for_it(analyser: str, kind: str) -> None:
    """An empty cell, or a pack without such a step."""
    bench = Bench(station(analyser, kind))
    bench.lines([*PLATFORM, *ANALYSER])
    over(bench, 5)
    assert reasons(bench) == [None] * 3
