"""Petrol stations by the day: nozzles, tank, valve, line and unit; late refuellings make the days behind them anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingest.registry import Enterprise, Point, Registry, Source
from processors.figures import Figure
from tests.processors.given import MIDNIGHT, line, ms
from tests.processors.test_engine import Bench

STATION = "STATION1"
DAY = timedelta(days=1)
GOOD, BAD = 27.3, 20.0
"""Litres of vapour for 25 L of fuel: EX-6.1's 1.092, in band, and 0.8, out of it."""


def station() -> Registry:
    """A station with nozzles 1 and 2, a tank with its valve, a vapour line and a processing unit."""
    roles = {"tank": "tank", "line": "line", "pos": "positive", "neg": "negative", "out": "processed"}
    units = {"tank": "Pa", "line": "Pa", "pos": "Pa", "neg": "Pa", "out": "g/m3"}
    points = [Point(source=STATION, factor=f, role=r, unit=units[f]) for f, r in roles.items()]
    for n in ("1", "2"):
        points += [
            Point(source=STATION, factor=f"{role}-{n}", role=f"{role}/{n}", unit=unit)
            for role, unit in (("fuel", "L"), ("vapour", "L"), ("fuel_speed", "L/min"), ("vapour_speed", "L/min"))
        ]
    return Registry(
        enterprises=(Enterprise(enterprise="E1", name="E1"),),
        sources=(Source(source=STATION, enterprise="E1", outlet="YQ1", name="station", kind="vapour"),),
        points=tuple(points),
    )


def sent(time: datetime, values: dict[str, float], delay_s: float = 1) -> bytes:
    return line(time, values, source=STATION, delay_s=delay_s)


def filled(
    time: datetime, vapour: float = GOOD, *, fuel: float = 25.0, nozzle: str = "1", late_s: float = 1, **more: float
) -> bytes:
    """One refuelling; ``more`` are speeds."""
    values = {f"fuel-{nozzle}": fuel, f"vapour-{nozzle}": vapour} | {f"{k}-{nozzle}": v for k, v in more.items()}
    return sent(time, values, late_s)


def day_of(n: int, good: int, bad: int, nozzle: str = "1") -> list[bytes]:
    """Refuellings of day ``n`` (from 0), one a quarter of an hour from 06:00 on, the bad ones last."""
    start = MIDNIGHT + n * DAY + timedelta(hours=6)
    volumes = [GOOD] * good + [BAD] * bad
    return [filled(start + i * timedelta(minutes=15), v, nozzle=nozzle) for i, v in enumerate(volumes)]


def evening(n: int) -> bytes:
    """A pressure at 23:00 of day ``n``."""
    return sent(MIDNIGHT + n * DAY + timedelta(hours=23), {"tank": 100})


def over(bench: Bench, n: int) -> None:
    """Ticks behind midnight after day ``n``: its last hour is decided, the day is closed, and so are those that wait behind it."""
    for minute in range(6, 14):
        bench.tick(MIDNIGHT + (n + 1) * DAY + timedelta(minutes=minute))


def figure(bench: Bench, stat: str, n: int = 0, factor: str = "fuel-1") -> Figure:
    found = bench.store.figure(STATION, factor, stat, "day", ms(MIDNIGHT + n * DAY))
    assert found is not None, (stat, n)
    return found


def told(bench: Bench, kind: str = "station") -> list[Any]:
    return [
        (e.kind, e.facts["item"], e.facts["day"]) for e in reversed(bench.store.events(limit=1000)) if e.kind.startswith(kind)
    ]


def states(bench: Bench, n: int, stat: str = "nozzle") -> list[Any]:
    return [figure(bench, stat, i).number for i in range(n)]


@pytest.mark.parametrize(("bad", "share", "state"), [(5, "25", 0), (6, "30", 1)])
def test_a_day_of_a_nozzle(bad: int, share: str, state: int) -> None:
    """EX-6.2: of 20 counted refuellings 5 out of band are 25 %, no warning; 6 are 30 %, one."""
    bench = Bench(station())
    bench.lines(day_of(0, 20 - bad, bad))
    over(bench, 0)
    found = figure(bench, "nozzle")
    assert (found.number, found.n, found.unit, found.state, found.revision) == (state, 20, "state", "final", 1)
    assert (figure(bench, "nozzle_share").number, figure(bench, "nozzle_share").n) == (Decimal(share), 20)
    assert figure(bench, "nozzle_row").number == state
    assert figure(bench, "nozzle", factor="fuel-2").reason == "not refuelled"
    assert told(bench) == [("station.warning", "nozzle", "2026-07-01")] * state
    for event in bench.store.events(kind="station"):
        assert event.facts["text"] == (
            "nozzle 1, day 2026-07-01: 6 of 20 counted refuellings out of band, more than 25 %; 1 warning days in a row"
        )
        assert (event.facts["nozzle"], event.facts["share_pct"], event.facts["days"]) == ("1", "30", 1)


def test_refuellings_stay_exact() -> None:
    """The hour's mean is of the refuellings in it, however few; an hour without one is no gap."""
    bench = Bench(station())
    bench.lines([filled(MIDNIGHT + timedelta(hours=8), 27.3), sent(MIDNIGHT + timedelta(hours=10), {"tank": 100})])
    over(bench, 0)
    hours = bench.store.figures(STATION, "hour", 0, 2**62, factor="vapour-1")
    assert [(h.number, h.n, h.reason) for h in hours] == [(Decimal("27.3"), 1, None)]


def test_pools_and_rows() -> None:
    """EX-6.3: 3 counted (1 bad), then 4 (1 bad): judged on the second day, 2 of 7 = 28.6 %; GST-6: five such days in a row alarm."""
    bench = Bench(station())
    days = [(2, 1), (3, 1), (0, 5), (0, 0), (0, 5), (3, 1), (0, 5), (0, 5), (5, 0)]
    for n, (good, bad) in enumerate(days):
        bench.lines([*day_of(n, good, bad), evening(n)])
        over(bench, n)
    assert states(bench, 9) == [None, 1, 1, None, 1, None, 1, 2, 0]
    assert figure(bench, "nozzle").reason == "1 of 3 counted refuellings out of band, too few to judge"
    assert figure(bench, "nozzle_share", 1).value == 28_571_429  # 200 / 7
    assert [figure(bench, "nozzle_row", n).number for n in range(9)] == [0, 1, 2, 2, 3, 3, 4, 5, 0]
    assert figure(bench, "nozzle_row", 5).n == 4 and figure(bench, "nozzle_row", 5).total == 1
    kinds = [kind for kind, item, _ in told(bench) if item == "nozzle"]
    assert kinds == ["station.warning"] * 4 + ["station.alarm", "station.normal"]


def test_late_refuellings_run_forward() -> None:
    """Late ones of a first day make it and the days that lean on it anew, to where a day comes out equal; a repeat makes nothing."""
    late = [filled(MIDNIGHT + timedelta(hours=20, minutes=i), BAD, late_s=5 * 86_400) for i in range(4)]
    bench = Bench(station(), hot_hours=6)
    for n in range(6):
        bench.lines([*day_of(n, 0, 5 if n else 2), evening(n)])
        over(bench, n)
    assert states(bench, 6) == [None, 1, 1, 1, 1, 2]
    for again in range(2):
        bench.lines(late)
        for minute in range(20, 40):
            bench.tick(MIDNIGHT + 6 * DAY + timedelta(minutes=minute + 20 * again))
        assert states(bench, 6) == [1, 1, 1, 1, 2, 2]
        assert [figure(bench, "nozzle_row", n).number for n in range(6)] == [1, 2, 3, 4, 5, 6]
        assert [figure(bench, "nozzle", n).revision for n in range(6)] == [2] * 6
    in_time = [filled(MIDNIGHT + timedelta(hours=20, minutes=i), BAD) for i in range(4)]
    whole = Bench(station(), hot_hours=240)
    for n in range(6):
        whole.lines([*day_of(n, 0, 5 if n else 2), *([] if n else in_time), evening(n)])
        over(whole, n)
    assert states(whole, 6) == states(bench, 6)


def test_a_unit_that_stands_still_and_a_leak() -> None:
    """GST-12: two samples above the start pressure while the unit stands, known since the evening before; GST-13: 501 umol/mol leak."""
    rows = station()
    more = (("start", "starts", "Pa"), ("run", "running", "state"), ("cap", "tight/cap", "umol/mol"))
    points = (*rows.points, *(Point(source=STATION, factor=f, role=role, unit=unit) for f, role, unit in more))
    bench = Bench(rows.model_copy(update={"points": points}))
    evening_before = MIDNIGHT + timedelta(hours=20)
    bench.lines([sent(evening_before, {"start": 150, "run": 0, "cap": 500})])
    over(bench, 0)
    morning = MIDNIGHT + DAY + timedelta(hours=8)
    above = [sent(morning + timedelta(seconds=30 * n), {"tank": 160}) for n in range(2)]
    bench.lines([*above, sent(morning + timedelta(minutes=5), {"tank": 140}), sent(morning + timedelta(hours=1), {"cap": 501})])
    over(bench, 1)
    assert (figure(bench, "idle", 0, "run").reason, figure(bench, "leak", 0, "cap").number) == (
        "state, start pressure or tank pressure is not known", 0,
    )  # fmt: skip
    assert (figure(bench, "idle", 1, "run").number, figure(bench, "idle", 1, "run").n) == (1, 1)
    assert (figure(bench, "leak", 1, "cap").number, figure(bench, "leak", 1, "cap").n) == (1, 1)
    assert {e.facts["text"] for e in bench.store.events(kind="station")} == {
        "processing unit, day 2026-07-02: tank pressure above its start pressure, not running, from 2026-07-02T08:00:00+08:00"
        " to 2026-07-02T08:00:30+08:00, 1 such times",
        "point cap, day 2026-07-02: 1 of 1 readings above 500 umol/mol",
    }
