"""A check that fails at a water station reaches back to the last passed one: hours, figures and alarms, however late and in any order."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import permutations
from typing import Literal

import pytest

from alerts.wording import worded
from ingest.registry import Limit, Point, Registry, RulePack, Source
from processors.rules.accuracy import accuracy
from tests.processors.given import NOON, STACK, line
from tests.processors.test_checks import over, put, told
from tests.processors.test_engine import Bench

COD, HOURS = "w01018", 6
"""Hours of the analyser's own results from noon on."""
FAILED = "failed check"


def station() -> Registry:
    """A station at a limit of 50 mg/L."""
    source = Source(source=STACK, enterprise="E1", outlet="W1", name="works", kind="water", cadence_s=3600)
    limit = Limit(source=STACK, factor=COD, limit_id="PERMIT", limit=50, unit="mg/L")
    return Registry(sources=(source,), points=(Point(source=STACK, factor=COD, unit="mg/L"),), limits=(limit,))


def check(name: str, hour: float, shown: str, *, kind: str = "comparison", minutes: int = 30, **more: str | None) -> bytes:
    """Return a check of COD from so many hours after noon; the laboratory finds 100 mg/L, so that 15 % is allowed."""
    start, end = NOON + timedelta(hours=hour), NOON + timedelta(hours=hour, minutes=minutes)
    row = {"v": 1, "id": name, "source": STACK, "type": "calibration", "start": start.isoformat(), "end": end.isoformat()}
    row |= {"author": "Li Wei", "set_at": end.isoformat(), "factors": [COD]}
    return json.dumps(row | {"check": kind, "reference": "100", "before": shown, "span": "200"} | more).encode()


def results(high: int | None = None) -> list[bytes]:
    """Return hours of 40 mg/L, one of them 60."""
    return [
        line(NOON + timedelta(hours=n), {COD: 60.0 if n == high else 40.0}, kind="hour", stat="avg") for n in range(HOURS + 1)
    ]


def reasons(bench: Bench) -> list[str | None]:
    return [bench.hour(COD, "avg", NOON + timedelta(hours=n)).reason for n in range(HOURS)]


PACK = """
id = "own"
title = "own"
title_zh = "own"
base = "cn-water"
[[rule]]
id = "OWN"
step = "check.accuracy"
bounds = [{ name = "cod", factors = ["w01018"], checks = ["comparison"], error_pct_max = 15, interval_days = "0.125" }]
standard = "own"
clause = "own"
clause_zh = "own"
confidence = "seen"
text = "own"
text_zh = "own"
"""
"""A comparison each three hours, an eighth of a day."""


@pytest.mark.parametrize(("checks", "pack", "overdue"), [("manual", "own", True), ("", "own", False), ("manual", "", False)])
def test_overdue_where_pack_and_point_say_so(checks: Literal["", "manual"], pack: str, overdue: bool) -> None:
    """Compared at 12:30, due by 15:30: from then on nothing counts, told once, until 16:30; by the shipped pack, or where no checks are kept, never."""
    known = station()
    packs = (RulePack(id="own", file="own.toml", text=PACK),)
    source = known.sources[0].model_copy(update={"rules": pack})
    point = known.points[0].model_copy(update={"checks": checks})
    bench = Bench(known.model_copy(update={"sources": (source,), "points": (point,), "packs": packs}))
    put(bench, check("passed", 0.5, "110"))
    bench.lines(results())
    over(bench)
    late = "overdue calibration" if overdue else None
    assert reasons(bench) == [None, None, None, late, late, late]
    due = "2026-07-01T15:30:00+08:00"
    sentence = f"the comparison check of {COD} was due at {due}, and none is known: its values do not count until one is made"
    assert told(bench) == ([sentence] if overdue else [])
    assert (
        not overdue
        or worded(sentence, "zh") == f"{COD} 比对监测应不晚于 2026-07-01 15:30 完成，至今没有记录：完成之前其数据无效"
    )
    put(bench, check("next", 4.5, "100"))
    over(bench, HOURS + 2)
    assert reasons(bench) == [None, None, None, late, late, None]


@pytest.mark.parametrize("hot_hours", [48, 1])
def test_back_to_the_last_passed_check_and_forward_to_the_next(hot_hours: int) -> None:
    """Passed to 13:00, failed at 16:00: nothing since counts, then only to 17:00, where the next passes; rejected, all counts again."""
    bench = Bench(station(), hot_hours)
    put(bench, check("passed", 0.5, "110"))
    bench.lines(results(high=2))
    over(bench)
    assert reasons(bench) == [None] * HOURS and bench.events().count("exceedance.retrospective") <= 1
    put(bench, check("failed", 4, "120"))
    over(bench, HOURS + 2)
    assert reasons(bench) == [None, *[FAILED] * 5]
    (withdrawn,) = bench.store.events(kind="exceedance.withdrawn", limit=10)
    assert withdrawn.facts["revises"] == "hour 2026-07-01T14:00:00+08:00 is not judged: failed check"
    assert worded(str(withdrawn.facts["revises"]), "zh") == "2026-07-01 14:00 起一小时不判定：核查不合格"
    put(bench, check("next", 5, "100"))
    over(bench, HOURS + 3)
    assert reasons(bench) == [None, *[FAILED] * 4, None]
    put(bench, check("failed", 4, "120", state="rejected", set_at=(NOON + timedelta(hours=9)).isoformat()))
    over(bench, HOURS + 4)
    assert reasons(bench) == [None] * HOURS


def test_what_a_failed_check_says() -> None:
    """20 mg/L of 100 are 20 %; one that was adjusted ends its own stretch."""
    bench = Bench(station())
    put(bench, check("a", 1, "120"), check("b", 2, "80", after="100"))
    first, second = told(bench, "calibration.out_of_control")
    at = "2026-07-01T1"
    assert first == (
        f"comparison check of {COD} at {at}3:00:00+08:00: relative error 20 %, at most 15 allowed;"
        " its values do not count from the last passed check to the next that passes"
    )
    assert second.endswith(f"its values do not count from the last passed check to this check at {at}4:30:00+08:00")
    assert (
        worded(first, "zh")
        == f"2026-07-01 13:00 {COD} 比对监测：相对误差 20%，允许不超过 15%；自上次合格核查至下次合格核查之间的数据无效"
    )


def test_an_adjusted_monitor_counts_from_the_end_of_its_check() -> None:
    """Failed at 14:00 and passed at 14:30 after adjustment: the hour of 14:00 is lost, that of 15:00 counts."""
    bench = Bench(station())
    put(bench, check("passed", 0, "100", minutes=60), check("b", 2, "80", after="100"))
    bench.lines(results())
    over(bench)
    assert reasons(bench) == [None, FAILED, FAILED, None, None, None]


def test_no_order_of_checks_and_results_changes_a_figure() -> None:
    """Before the results or after, in any order, and after a restart."""
    marks = (check("a", 0.5, "100"), check("b", 2, "130"), check("c", 3, "70", kind="span"), check("d", 4, "100", kind="span"))
    made = []
    for n, order in enumerate(permutations(marks)):
        if n % 5:  # every fifth of the 24 orders
            continue
        bench = Bench(station(), (48, 1)[n % 2])
        put(bench, *order[: n % 4])
        bench.lines(results())
        over(bench)
        if n % 3:
            bench.runner.adopt(bench.runner.registry)  # as a restart does
        put(bench, *order[n % 4 :])
        over(bench, HOURS + 2)
        made.append(bench.store.canonical())
    assert len(made) == 5 and all(figures == made[0] for figures in made)
    # from 13:00, where "a" ended, to 16:00, where "d" passed; while its gas is in the monitor the values are those of a calibration
    assert reasons(bench) == [None, FAILED, FAILED, FAILED, "calibration", None]


def test_a_factor_without_bounds_loses_nothing() -> None:
    """The pack says nothing of suspended solids: a comparison of them is kept, and judged by nothing."""
    bench = Bench(station())
    put(bench, check("a", 1, "900", factors=["w01012"]))  # type: ignore[arg-type]
    bench.lines(results())
    over(bench)
    assert reasons(bench) == [None] * HOURS and told(bench) == []


@pytest.mark.parametrize(
    ("shown", "reference", "bounds", "outcome"),
    [
        ("32", "40", {"error_max": 10}, "passes"),  # EX-2.6: 8
        ("50", "40", {"error_max": 10}, "passes"),
        ("50.01", "40", {"error_max": 10}, "fails"),
        ("115", "100", {"error_pct_max": 15}, "passes"),
        ("84.9", "100", {"error_pct_max": 15}, "fails"),
        ("1", "0", {"error_pct_max": 15}, "not judged"),
    ],
)
def test_accuracy(shown: str, reference: str, bounds: dict[str, int], outcome: str) -> None:
    """Equal passes, on either side; of nothing there is no share."""
    assert accuracy(int(float(shown) * 100), int(float(reference) * 100), **_times(bounds)).outcome == outcome


def _times(bounds: dict[str, int]) -> dict[str, int]:
    """An absolute bound in hundredths, as the values of the test are."""
    return {name: n * 100 if name == "error_max" else n for name, n in bounds.items()}


def test_accuracy_without_a_bound() -> None:
    """It is refused, and what to state is said."""
    with pytest.raises(ValueError, match="state one"):
        accuracy(1, 1)
