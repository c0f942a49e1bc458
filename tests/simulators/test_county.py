"""The county's story: its plot, its truth, its restarts."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from simulators.clock import CST, VirtualClock
from simulators.county import Factory, Outlet, demo_start, hour_items, outlets, resumed, run_county
from simulators.device import Device
from simulators.encoder import Identity
from simulators.meter import MeterGateway
from simulators.plants import (
    AMMONIA,
    CEMS,
    COD,
    FACTORY,
    NOX,
    O2,
    OUTFALL,
    PETROL,
    PH,
    PM,
    PROCESSED,
    SO2,
    STACK,
    TANK_PRESSURE,
    VAPOUR_TEMPERATURE,
    VOC,
    WATER_FLOW,
    WATER_TEMPERATURE,
    coal_stack,
    gas_boiler,
    outfall,
    petrol_station,
    voc_outlet,
    voc_silent,
)
from simulators.truth import Hour, Truth, decimal_text
from tests.conftest import REPO

START = datetime(2026, 7, 1, 8, 2, tzinfo=CST)


def hour_means(seed: str, hour: int) -> dict[str, float]:
    """Hourly means at 6 % oxygen of the stack, in floats: the formula (21-6)/(21-O2) on hourly means."""
    begin = START.replace(minute=0) + timedelta(hours=hour)
    slots = [begin + timedelta(seconds=30 * n) for n in range(120)]
    rows = [coal_stack(seed, START, t) for t in slots if t >= START]
    mean = {f: sum(float(r[f]) for r in rows) / len(rows) for f in (SO2, NOX, PM, O2)}
    return {f: mean[f] * 15 / (21 - mean[O2]) for f in (SO2, NOX, PM)}


@pytest.mark.parametrize("seed", ["nanhai", "other"])
def test_plot_of_the_stack(seed: str) -> None:
    """SO2 at 6 % O2 is 42-47 in hour 0, 5 and 10, clearly below 35 in all others; NOx and PM always comply."""
    for hour in range(12):
        means = hour_means(seed, hour)
        assert (42 < means[SO2] < 47) if hour % 5 == 0 else (23 < means[SO2] < 32), hour
        assert means[NOX] < 46 and means[PM] < 6


def test_plot_of_the_others() -> None:
    """NMHC stays below 80, the boiler below its limits at 3.5 % O2."""
    for n in range(0, 2000, 7):
        at = START + timedelta(seconds=30 * n)
        assert 15 < float(voc_outlet("nanhai", START, at)["a24088"]) < 50
        boiler = {f: float(v) for f, v in gas_boiler("nanhai", START, at).items()}
        assert boiler[NOX] * 17.5 / (21 - boiler[O2]) < 120 and boiler[SO2] < 6


@pytest.mark.parametrize("seed", ["nanhai", "other"])
def test_plot_of_the_outfall(seed: str) -> None:
    """Nothing flows from 02:00 to 05:00; strong water follows for an hour, and by volume each day's COD and ammonia keep their limits.

    A day by volume is the sum of C x Q over the sum of Q (WAT-4); limits of GB 18918-2002, class 1A: 50 and 5 mg/L.
    """
    midnight = START.replace(hour=0, minute=0)
    for day in range(3):
        rows = [
            (t.hour, {f: float(v) for f, v in outfall(seed, START, t).items()})
            for t in (midnight + timedelta(days=day, seconds=30 * n) for n in range(2880))
        ]
        assert {h for h, r in rows if r[WATER_FLOW] == 0} == {2, 3, 4}
        assert all((r[WATER_FLOW] == 0) == (h in (2, 3, 4)) for h, r in rows)
        assert all(10 < r[WATER_FLOW] < 90 for h, r in rows if h not in (2, 3, 4))
        assert all((50 < r[COD] < 65) if h == 5 else (25 < r[COD] < 43) for h, r in rows)
        assert all(0.5 < r[AMMONIA] < 5 and 6.8 < r[PH] < 7.4 for h, r in rows)
        assert [n for n, (h, r) in enumerate(rows) if not 25 < r[WATER_TEMPERATURE] < 28] == [1720]  # 14:20, the probe lifted
        assert {len({r[COD] for h, r in rows if h == hour}) for hour in range(24)} == {1}  # one result an hour
        assert len({r[COD] for h, r in rows if h in (1, 2, 3, 4)}) == 1  # and none in the pause
        volume = sum(r[WATER_FLOW] for _, r in rows)
        for factor, limit in ((COD, 50), (AMMONIA, 5)):
            assert sum(r[factor] * r[WATER_FLOW] for _, r in rows) / volume < 0.8 * limit


@pytest.mark.parametrize("seed", ["nanhai", "other"])
def test_plot_of_the_petrol_station(seed: str) -> None:
    """Processed vapour is above 25 g/m3 in hour 3, 9 and 15, clearly below in all others; the tanks breathe in and out.

    The pressure leaves the band of 50 Pa that tells a stuck sensor, and stays far from the valve's 2,000 Pa (GST-7, GST-8).
    """
    begin = START.replace(minute=0)
    pressures = []
    for hour in range(24):
        rows = [petrol_station(seed, START, begin + timedelta(hours=hour, seconds=30 * n)) for n in range(120)]
        vapour = [float(r[PROCESSED]) for r in rows]
        assert all((26 < v < 34) if hour % 6 == 3 else (8 < v < 16) for v in vapour), hour
        assert all(20 < float(r[VAPOUR_TEMPERATURE]) < 35 for r in rows)
        pressures += [int(r[TANK_PRESSURE]) for r in rows]
    assert -400 < min(pressures) < -100 and 200 < max(pressures) < 500


@pytest.mark.parametrize("seed", ["nanhai", "other"])
def test_plot_of_the_nozzles(seed: str) -> None:
    """Nozzles 1 and 2 keep the band of 0.9 to 1.3 all of each day; more than 25 % of what counts at nozzle 3 is below it, on six days in a row.

    So nozzle 3 warns each day and alarms from the fifth on (GST-2 to GST-6). Two refuellings of a nozzle are at least a minute apart.
    """
    midnight = START.replace(hour=0, minute=0)
    for day in range(6):
        ends: dict[str, list[datetime]] = {}
        ratios: dict[str, list[Fraction]] = {}
        for t in (midnight + timedelta(days=day, seconds=30 * n) for n in range(2880)):
            row = petrol_station(seed, START, t)
            for nozzle in (f.removeprefix("fuel-") for f in row if f.startswith("fuel-0")):
                fuel, vapour = Fraction(row[f"fuel-{nozzle}"]), Fraction(row[f"vapour-{nozzle}"])
                assert abs(vapour / fuel - Fraction(row[f"i41020-{nozzle}"])) < Fraction(1, 500)
                assert 30 <= float(row[f"fuel-speed-{nozzle}"]) <= 38 and float(row[f"vapour-speed-{nozzle}"]) > 20
                ends.setdefault(nozzle, []).append(t)
                if fuel >= 15:
                    ratios.setdefault(nozzle, []).append(vapour / fuel)
        assert sorted(ratios) == ["01", "02", "03"]
        assert all(b - a >= timedelta(seconds=60) for times in ends.values() for a, b in pairwise(times))
        for nozzle, found in ratios.items():
            out = sum(not Fraction(9, 10) <= r <= Fraction(13, 10) for r in found)
            assert len(found) > 30 and (out * 4 > len(found) if nozzle == "03" else out == 0), (day, nozzle)


def test_a_station_sends_its_set_up() -> None:
    """What its valve opens at comes once a day, shortly after midnight."""
    slots = [START + timedelta(seconds=30 * n) for n in range(2 * 2880)]
    sent = [t for t in slots if petrol_station("nanhai", START, t).get("positive") == "2000"]
    midnight = START.replace(hour=0, minute=2)
    assert sent == [midnight + timedelta(days=1), midnight + timedelta(days=2)]
    assert {petrol_station("nanhai", START, t)["negative"] for t in sent} == {"-1500"}


@pytest.mark.parametrize("source", list(CEMS))
def test_plants_are_functions_of_seed_and_time(source: str) -> None:
    """Asked again, in any order and in another zone's words, a plant says the same; another seed says something else."""
    plant = CEMS[source]
    times = [START + timedelta(minutes=17 * n) for n in range(100)]
    first = [plant("nanhai", START, t) for t in times]
    assert [plant("nanhai", START, t.astimezone(UTC)) for t in reversed(times)] == first[::-1]
    assert [plant("other", START, t) for t in times] != first


@pytest.mark.parametrize(
    ("minute", "silent"),
    [(0, False), (19.9, False), (20, True), (69.9, True), (70, False), (379.9, False), (380, True), (430, False)],
)
def test_silence_of_the_voc_outlet(minute: float, silent: bool) -> None:
    """Silent from minute 20 to 70 after the start, and again six hours later."""
    assert voc_silent(START, START + timedelta(minutes=minute)) is silent


def logger(tmp_path: Path, state: str = "s.json") -> Outlet:
    device = Device(Identity(STACK), "127.0.0.1", 1, lambda: START)
    return Outlet(STACK, coal_stack, "nanhai", START, device, Truth(tmp_path / "truth.csv"), tmp_path / state)


def slots(first: int, last: int) -> Iterator[datetime]:
    return (START + timedelta(seconds=30 * n) for n in range(first, last))


def test_truth_is_exact_and_survives_a_restart(tmp_path: Path) -> None:
    """truth.csv of a run broken in the middle equals the means of the texts sent, written once; packets are kept."""
    first = logger(tmp_path)
    for t in slots(0, 70):
        first.measure(t)
    first.save()
    second = logger(tmp_path)
    assert second.device.unanswered() == first.device.unanswered()
    for t in slots(70, 230):
        second.measure(t)
    with (tmp_path / "truth.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 6 and {r["hour"] for r in rows} == {"2026-07-01T08:00:00+08:00"}
    sent = [Decimal(coal_stack("nanhai", START, t)[SO2]) for t in slots(0, 116)]
    row = next(r for r in rows if r["factor"] == SO2)
    assert int(row["count"]) == 116 and Decimal(row["sum"]) == sum(sent)
    assert abs(Fraction(row["mean"]) - Fraction(sum(sent)) / 116) <= Fraction(1, 2 * 10**12)
    kept = second.device.unanswered()
    uploads = [p.data_time for p in kept if p.cn == "2011"]
    assert uploads == [f"{t:%Y%m%d%H%M%S}" for t in slots(0, 230)]
    assert [p.data_time for p in kept if p.cn == "2061"] == ["20260701080000"]


def test_same_seed_same_truth(tmp_path: Path) -> None:
    """Two runs with one seed write the same bytes; another seed does not."""
    texts = []
    for folder, seed in (("a", "nanhai"), ("b", "nanhai"), ("c", "other")):
        truth = Truth(tmp_path / folder / "truth.csv")
        clock = VirtualClock(START)
        for outlet in outlets(clock, "127.0.0.1", 1, truth, seed):
            for t in slots(0, 130):
                outlet.measure(t)
        texts.append((tmp_path / folder / "truth.csv").read_bytes())
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].count(b"\n") == 1 + 6 + 3 + 6 + 5 + 4 + 3 * 5


def test_register_goes_on_rising(tmp_path: Path) -> None:
    """After a restart the register continues where it stood; it wraps at its modulus and never stands still."""

    def positions(factory: Factory) -> list[Decimal]:
        lines = [json.loads(line) for line in factory.gateway.unanswered()]
        return [Decimal(str(line["values"][0])) for line in lines if line["kind"] == "register"]

    quarters = [START.replace(minute=15) + timedelta(minutes=15 * n) for n in range(12)]
    whole = Factory("nanhai", MeterGateway("http://h", ""), None)
    broken = Factory("nanhai", MeterGateway("http://h", ""), tmp_path / "f.json")
    for t in quarters:
        whole.measure(t, t)
    for t in quarters[:5]:
        broken.measure(t, t)
    broken.save()
    again = Factory("nanhai", MeterGateway("http://h", ""), tmp_path / "f.json")
    for t in quarters[5:]:
        again.measure(t, t)
    assert positions(again) == positions(whole)
    steps = [(b - a + 1_000_000) % 1_000_000 for a, b in zip(positions(whole), positions(whole)[1:], strict=False)]
    assert all(Decimal("1.9") < step < Decimal("3.1") for step in steps)
    assert any(b < a for a, b in zip(positions(whole), positions(whole)[1:], strict=False))


def test_a_long_stop_is_not_invented() -> None:
    """A logger bridges a stop of up to five minutes; after a longer one it measures from now on."""
    last = START
    assert resumed(None, START + timedelta(seconds=1), 30) == START + timedelta(seconds=30)
    assert resumed(last, START + timedelta(seconds=330), 30) == START + timedelta(seconds=30)
    assert resumed(last, START + timedelta(seconds=331), 30) == START + timedelta(seconds=360)
    assert demo_start(datetime(2026, 7, 1, 23, 59, tzinfo=CST)) == START


def test_hour_items_and_decimal_text() -> None:
    """A 2061 has Min, Avg, Max, Flag, for the flow its volume; fractions round half up."""
    hour = Hour(START.replace(minute=0))
    hour.add({SO2: "31.2", "a00000": "10.0"})
    hour.add({SO2: "31.25", "a00000": "20.0"})
    assert [item.text() for item in hour_items(hour)] == [
        "a21026-Min=31.2,a21026-Avg=31.225,a21026-Max=31.25,a21026-Flag=N",
        "a00000-Cou=900,a00000-Min=10.0,a00000-Avg=15,a00000-Max=20.0,a00000-Flag=N",  # 15 m3/s x 2 x 30 s
    ]
    water = Hour(START.replace(minute=0))
    water.add({WATER_FLOW: "17.5"})
    (item,) = hour_items(water)
    assert item.text() == "w00000-Cou=0.5,w00000-Min=17.5,w00000-Avg=17.5,w00000-Max=17.5,w00000-Flag=N"  # 17.5 L/s x 30 s
    cases = {Fraction(-1, 8): "-0.13", Fraction(5, 4): "1.25", Fraction(1, 3): "0.33", Fraction(0): "0"}
    assert {value: decimal_text(value, 2) for value in cases} == cases


def test_runs_and_stops(tmp_path: Path) -> None:
    """Without any host the county runs, keeps its packets, stops cleanly and goes on; nothing is raised."""

    async def main() -> None:
        clock = VirtualClock(START, 600, tmp_path / "clock.json")
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.6, stop.set)
        await run_county(clock, "127.0.0.1", 1, "http://127.0.0.1:1", {}, tmp_path / "truth.csv", stop)
        clock.close()

    for _ in range(2):
        asyncio.run(main())
    state = json.loads((tmp_path / f"device-{STACK}.json").read_text())
    labels = [p["data_time"] for p in state["unanswered"] if p["cn"] == "2011"]
    assert len(labels) > 15
    first = datetime.strptime(labels[0], "%Y%m%d%H%M%S")
    assert labels == [f"{first + timedelta(seconds=30 * n):%Y%m%d%H%M%S}" for n in range(len(labels))]  # no gap, none twice


def test_registry_names_the_county() -> None:
    """Every simulated source stands in the sample registry with a point for each factor it sends."""

    def table(name: str) -> list[dict[str, str]]:
        with (REPO / "registry" / name).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    assert {row["source"] for row in table("sources.csv")} == {*CEMS, FACTORY}
    points = {(row["source"], row["factor"]) for row in table("points.csv")}
    sent = (START + timedelta(seconds=30 * n) for n in range(2880))
    assert points == {(source, factor) for t in sent for source, plant in CEMS.items() for factor in plant("nanhai", START, t)}
    assert {(row["source"], row["factor"]) for row in table("meters.csv")} == {(FACTORY, "electricity"), (FACTORY, "gas")}
    assert {row["limit_id"] for row in table("limits.csv") if row["source"] == VOC} == {"VOC-GD-NMHC"}
    periods = {(row["limit_id"], row["averaging"]) for row in table("limits.csv") if row["source"] in (OUTFALL, PETROL)}
    from_table = {(f"WW-18918-{row}", "") for row in ("1A-NH3N-WARM", "1A-NH3N-COLD", "PH-LO", "PH-HI")}  # the shipped table's
    assert periods == {("WW-18918-1A-COD", "day"), ("GST-VRU-NMHC", "hour"), *from_table}


def test_the_outfall_sends_as_waste_water() -> None:
    """HJ 212-2017: system code 32 for waste water, 31 for waste gas; a station's console sends 31 too."""
    made = outlets(VirtualClock(START), "127.0.0.1", 1, Truth(Path(os.devnull)), "nanhai")
    assert {o.source: o.device.who.st for o in made} == {s: "32" if s == OUTFALL else "31" for s in CEMS}
