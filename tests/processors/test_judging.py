"""Several limits at once: each judged for itself, with episodes of its own, the same after a restart and whatever came late."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.csv_tables import RegistryFaults
from ingest.registry import Limit, Point, Registry, Source
from processors.publish import verdicts_of
from processors.registry_check import load_registry
from tests.processors.given import MIDNIGHT, NOON, O2, SO2, STACK, line, ms, registry, stack_hour
from tests.processors.test_engine import Bench

H = timedelta(hours=1)
NH3, TEMPERATURE, WATER = "w21003", "w01010", "WATER1"


def limited(*more: Limit, **changed: Any) -> Registry:
    """The stack at 35 and 50 mg/m3 by the hour."""
    permit = Limit(source=STACK, factor=SO2, limit_id="L50", limit=50, unit="mg/m3", stat="avg_ref", **changed)
    base = registry()
    return base.model_copy(update={"limits": (*base.limits, permit, *more)})


def judged(bench: Bench, start: datetime) -> dict[str, str]:
    """Return each limit's verdict on an hour."""
    return {v.limit_id: v.verdict for v in verdicts_of(bench.hour(SO2, "avg_ref", start))}


def runs(bench: Bench) -> list[tuple[str, str, int, float]]:
    """Return limit, state, hours and worst value of each episode that was not withdrawn."""
    return sorted((e.limit_id, e.state, e.hours, e.worst / 10**6) for e in bench.store.episodes() if e.state != "withdrawn")


def test_each_limit_has_its_episode() -> None:
    """40 is above ultra-low only, 60 above both, 20 ends both; the figure shows the strictest of those exceeded."""
    bench = Bench(limited())
    for h, so2 in enumerate((40.0, 60.0, 40.0, 20.0)):
        bench.lines(stack_hour(NOON + h * H, so2))
    bench.tick(NOON + 5 * H)
    assert [judged(bench, NOON + h * H) for h in range(4)] == [
        {"L35": "exceeds", "L50": "complies"},
        {"L35": "exceeds", "L50": "exceeds"},
        {"L35": "exceeds", "L50": "complies"},
        {"L35": "complies", "L50": "complies"},
    ]
    assert bench.hour(SO2, "avg_ref", NOON).limit_id == "L35"
    assert runs(bench) == [("L35", "closed", 3, 60.0), ("L50", "closed", 1, 60.0)]


def test_an_hour_above_two_limits_names_the_other() -> None:
    """The event of the gravest limit comes first and lists the lesser; that of the lesser says beside which episode it stands."""
    bench = Bench(limited())
    bench.lines([*stack_hour(NOON, 60.0), line(NOON + H, {SO2: 20.0, O2: 6.0})])
    graver, lesser = (e for e in bench.store.events(STACK) if e.kind == "exceedance.opened")
    if graver.facts["limit_id"] != "L50":
        graver, lesser = lesser, graver
    assert graver.facts["also"] == [{"limit_id": "L35", "limit": "35"}]
    assert lesser.facts["beside"] == graver.facts["episode"]
    assert "beside" not in graver.facts and "also" not in lesser.facts


def test_a_restart_changes_nothing() -> None:
    """Stopped between two hours above both limits: the episodes go on, as if nothing had been."""
    hours = [stack_hour(NOON + h * H, so2) for h, so2 in enumerate((60.0, 60.0, 40.0, 20.0))]
    whole, stopped = Bench(limited()), Bench(limited())
    for bench in (whole, stopped):
        bench.lines(hours[0])
        bench.tick(NOON + H + timedelta(minutes=6))
    stopped.runner.adopt(limited())
    for bench in (whole, stopped):
        for part in hours[1:]:
            bench.lines(part)
        bench.tick(NOON + 5 * H)
    assert runs(stopped) == runs(whole) == [("L35", "closed", 3, 60.0), ("L50", "closed", 2, 60.0)]
    assert stopped.store.canonical() == whole.store.canonical()


def test_a_change_of_another_limit_is_a_change() -> None:
    """The permit's figure falls from 50 to 38: the hour's own limit and verdict stay, yet the figure is revised and an episode found."""
    bench = Bench(limited())
    bench.lines([*stack_hour(NOON, 40.0), line(NOON + H, {SO2: 20.0, O2: 6.0})])
    bench.tick(NOON + H + timedelta(minutes=1))
    old = bench.runner.registry
    changed = (old.limits[0], old.limits[1].model_copy(update={"limit": Decimal(38), "limit_id": "L38"}))
    bench.runner.adopt(Registry.model_validate_json(old.model_copy(update={"limits": changed}).model_dump_json()))
    bench.tick(NOON + H + timedelta(minutes=2))
    figure = bench.hour(SO2, "avg_ref", NOON)
    assert (figure.limit_id, figure.verdict, figure.revision) == ("L35", "exceeds", 2)
    assert judged(bench, NOON) == {"L35": "exceeds", "L38": "exceeds"}
    assert [run[:1] for run in runs(bench)] == [("L35",), ("L38",)]


def test_a_limit_that_ends_ends_its_episode() -> None:
    """Above a limit that holds to midnight: the episode is closed by the first hour of which it is not held any more."""
    base = registry()
    until = base.limits[0].model_copy(update={"valid_to": (MIDNIGHT + 24 * H).date()})
    bench = Bench(base.model_copy(update={"limits": (until,)}))
    bench.lines([*stack_hour(NOON + 11 * H, 60.0), *stack_hour(NOON + 12 * H, 60.0)])
    bench.tick(NOON + 14 * H)
    (episode,) = bench.store.episodes()
    assert (episode.state, episode.closed_by, episode.hours) == ("closed", "not judged", 1)


def test_the_worst_of_a_bound_from_below_is_the_least() -> None:
    """A furnace at 849 and 840 degC against 850: worst 840, told as a lower bound without times over."""
    base = registry()
    least = Limit(source=STACK, factor=O2, limit_id="TEMP", limit=850, unit="%", bound="lower")
    bench = Bench(base.model_copy(update={"limits": (least,)}))
    for h, degc in enumerate((849.0, 840.0, 850.0)):
        bench.lines(stack_hour(NOON + h * H, 20.0, o2=degc))
    bench.tick(NOON + 4 * H)
    assert runs(bench) == [("TEMP", "closed", 2, 840.0)]
    facts = next(e.facts for e in bench.store.events(STACK) if e.kind == "exceedance.opened")
    assert (facts["bound"], facts["times_over"]) == ("lower", None)


def works(*limits: Limit) -> Registry:
    """A sewage works with ammonia and the water's temperature."""
    return Registry(
        sources=(Source(source=WATER, enterprise="E1", outlet="W", name="works", kind="water"),),
        points=(Point(source=WATER, factor=NH3, unit="mg/L"), Point(source=WATER, factor=TEMPERATURE, unit="degC")),
        limits=limits,
    )


WARM = Limit(source=WATER, factor=NH3, limit_id="WARM", limit=5, unit="mg/L", averaging="day", when="w01010 > 12")
COLD = Limit(source=WATER, factor=NH3, limit_id="COLD", limit=8, unit="mg/L", averaging="day", when="w01010 <= 12")


def water_day(values: dict[str, float | None], day: int = 0, delay_s: float = 1) -> list[bytes]:
    """Return a day of the device's own hours."""
    starts = (MIDNIGHT + timedelta(days=day) + h * H for h in range(24))
    return [line(at, values, source=WATER, kind="hour", stat="avg", delay_s=delay_s) for at in starts]


def test_a_temperature_that_comes_late_judges_the_day_anew() -> None:
    """Without a temperature neither limit is judged, and the figure says why; at 13 degC the day turns out to exceed 5 mg/L."""
    bench = Bench(works(WARM, COLD))
    bench.lines(water_day({NH3: 6.2}))
    bench.tick(MIDNIGHT + 24 * H + timedelta(minutes=10))
    figure = bench.store.figure(WATER, NH3, "avg", "day", ms(MIDNIGHT))
    assert figure is not None and figure.verdict == "not judged"
    assert figure.explain["note"].startswith("w01010 is not known")
    bench.lines(water_day({TEMPERATURE: 13.0}, delay_s=10**5))
    bench.tick(MIDNIGHT + 24 * H + timedelta(minutes=11))
    figure = bench.store.figure(WATER, NH3, "avg", "day", ms(MIDNIGHT))
    assert figure is not None and (figure.limit_id, figure.verdict, figure.revision) == ("WARM", "exceeds", 2)
    (episode,) = bench.store.episodes()
    assert (episode.id, episode.level, episode.hours) == (f"{WATER}/{NH3}/avg/WARM/day/2026-07-01T00:00:00+08:00", "day", 1)


def test_a_day_above_its_limit_is_told_and_ends() -> None:
    """Two days above, one below: one episode of two days, opened and lengthened live at the day's end, then closed; so after a restart."""
    by_day = COLD.model_copy(update={"when": ""})
    bench = Bench(works(by_day))
    for day, value in enumerate((9.0, 10.0, 7.0)):
        bench.lines(water_day({NH3: value}, day))
        bench.tick(MIDNIGHT + (day + 1) * 24 * H + timedelta(minutes=6))
        bench.runner.adopt(works(by_day))
    assert [e.kind for e in reversed(bench.store.events(WATER)) if "exceedance" in e.kind] == [
        "exceedance.opened",
        "exceedance.lengthened",
        "exceedance.closed",
    ]
    assert runs(bench) == [("COLD", "closed", 2, 10.0)]


HEADS = {
    "enterprises": "enterprise,name\nE1,works\n",
    "sources": "source,enterprise,outlet,name,kind\nW1,E1,W,works,water\n",
    "points": "source,factor,unit\nW1,w21003,mg/L\nW1,w01010,degC\nW1,w01001,pH\n",
}


def folder(tmp_path: Path, limits: str) -> Path:
    """Write a registry whose limits.csv holds some lines."""
    for name, text in {**HEADS, "limits": limits}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_row_may_name_just_a_profile(tmp_path: Path) -> None:
    """What the shipped table says fills the row: number, unit, stat, period, bound, condition, since when."""
    text = "source,factor,limit_id,limit,unit\nW1,w21003,WW-18918-1A-NH3N-COLD,,\nW1,w01001,WW-18918-PH-LO,,\n"
    ammonia, acid = load_registry(folder(tmp_path, text)).limits
    assert (ammonia.limit, ammonia.unit, ammonia.stat, ammonia.averaging) == (8, "mg/L", "avg", "day")
    assert (ammonia.when, str(ammonia.valid_from), ammonia.basis) == ("w01010 <= 12", "2003-07-01", "GB 18918-2002")
    assert (acid.limit, acid.stat, acid.averaging, acid.bound) == (6, "min", "hour", "lower")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("w21003,OWN,,", "limits.csv:2: limit"),
        ("w21003,OWN,5,w01011 > 12", 'when "w01011": stands in no row of points.csv'),
        ("w21003,OWN,5,w01010 = 12", "limits.csv:2: when"),
        ("w21003,WW-18918-1A-NH3N-COLD,8,w01010 > 12", "the condition is w01010 <= 12"),
        ("w21003,GST-AL-LO,,", "a limit over per_test is not judged"),
        ("w21003,GST-LEAK,500,", "limits.csv:2: stat .*no least or greatest minute"),
    ],
)
def test_faults_of_limits_name_the_cell(tmp_path: Path, row: str, told: str) -> None:
    """A number that is nowhere, a condition on what is not measured, one that contradicts the table."""
    text = f"source,factor,limit_id,limit,when,unit,averaging,stat\nW1,{row},mg/L,day,{'max' if 'LEAK' in row else 'avg'}\n"
    with pytest.raises(RegistryFaults, match=told.replace("(", r"\(")):
        load_registry(folder(tmp_path, text))
