"""The references' worked examples through ``plumeline check``: bytes of a device or a CSV in, the printed numbers out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.hj212.answer import frame
from ingest.registry import Enterprise, Meter, MeterChange, Registry, Source
from plumeline.check import Checked, check
from processors.figures import Figure
from processors.rules.judge import times_over_text
from tests.processors.given import FLOW, MIDNIGHT, O2, SO2, STACK, registry

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def sent(time: datetime, cn: str, suffix: str, values: dict[str, str], flag: str = "N") -> bytes:
    """Return an upload of the 2017 edition, as a device sends it."""
    area = ";".join(f"{code}-{suffix}={value},{code}-Flag={flag}" for code, value in values.items())
    qn = time + timedelta(seconds=5)
    head = f"QN={qn:%Y%m%d%H%M%S}000;ST=31;CN={cn};PW=123456;MN={STACK};Flag=5"
    return frame(f"{head};CP=&&DataTime={time:%Y%m%d%H%M%S};{area}&&".encode())


def minutes(*stretches: tuple[int, dict[str, str]], start: datetime = MIDNIGHT, cn: str = "2011") -> list[bytes]:
    """Return so many minutes of each stretch's values, one frame a minute."""
    suffix, told = {"2011": "Rtd", "2051": "Avg"}[cn], [values for count, values in stretches for _ in range(count)]
    return [sent(start + i * MINUTE, cn, suffix, values) for i, values in enumerate(told)]


def checked(tmp_path: Path, frames: Iterable[bytes], **stack: Any) -> Checked:
    path = tmp_path / "packets.txt"
    path.write_bytes(b"".join(frames))
    done = check(path, registry=registry(**{"cadence_s": 60, **stack}))
    assert sum(done.bytes.values()) == done.bytes["accepted"] == path.stat().st_size
    return done


def one(done: Checked, factor: str, stat: str, level: str) -> Figure:
    (found,) = (f for f in done.figures if (f.factor, f.stat, f.level) == (factor, stat, level))
    return found


def shown(figure: Figure, digits: int) -> str | None:
    """Print a figure as the reference does."""
    if figure.number is None:
        return None
    return str(Decimal(figure.number).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))


@pytest.mark.parametrize("cn", ["2011", "2051"])
@pytest.mark.parametrize(
    ("more", "value", "reason"),
    [
        pytest.param(15, "24.00", None, id="EX-1.1 just enough"),
        pytest.param(14, None, "44 valid minutes of 45", id="EX-1.1 one too few"),
    ],
)
def test_a_valid_hour(tmp_path: Path, cn: str, more: int, value: str | None, reason: str | None) -> None:
    """EX-1.1: 30 minutes at 20.0 and 15 at 32.0 mean 24.00; with 14 there is no hour."""
    done = checked(tmp_path, minutes((30, {O2: "20.0"}), (more, {O2: "32.0"}), cn=cn))
    hour = one(done, O2, "avg", "hour")
    assert (shown(hour, 2), hour.ok, hour.reason, hour.n) == (value, value is not None, reason, 30 + more)


@pytest.mark.parametrize(("hours", "value"), [(20, "26.00"), (19, None)])
def test_a_valid_day(tmp_path: Path, hours: int, value: str | None) -> None:
    """EX-1.2: 12 hours at 20 and 8 at 35 mean 26.00; 19 hours are no day."""
    frames = [sent(MIDNIGHT + i * HOUR, "2061", "Avg", {O2: "20" if i < 12 else "35"}) for i in range(hours)]
    day = one(checked(tmp_path, frames), O2, "avg", "day")
    assert (shown(day, 2), day.ok, day.n) == (value, value is not None, hours)


@pytest.mark.parametrize(
    ("stretches", "value", "verdict", "over"),
    [
        pytest.param([(60, {SO2: "28", O2: "9.0"})], "35.00", "complies", None, id="EX-1.8 equal"),
        pytest.param([(60, {SO2: "28", O2: "9.1"})], "35.29", "exceeds", "0.01", id="EX-1.8 above"),
        pytest.param(
            [(30, {SO2: "30", O2: "6"}), (30, {SO2: "20", O2: "14"})], "36.43", "exceeds", "0.04", id="EX-1.9 minute then mean"
        ),
        pytest.param([(60, {SO2: "2", O2: "20.5"})], None, "not judged", None, id="EX-1.10"),
        pytest.param([(60, {SO2: "57.1", O2: "6"})], "57.10", "exceeds", "0.63", id="EX-1.19"),
    ],
)
def test_an_hour_at_reference_oxygen(
    tmp_path: Path, stretches: list[tuple[int, dict[str, str]]], value: str | None, verdict: str, over: str | None
) -> None:
    """EX-1.8, 1.9, 1.10, 1.19: the hour at 6 % oxygen against 35 mg/m3, and an episode exactly where it exceeds."""
    done = checked(tmp_path, minutes(*stretches))
    hour = one(done, SO2, "avg_ref", "hour")
    assert (shown(hour, 2), hour.verdict) == (value, verdict)
    assert [times_over_text(round(e["worst"] * 10**6), 35 * 10**6) for e in done.episodes] == ([] if over is None else [over])
    assert [e["hours"] for e in done.episodes] == [1] * (over is not None)


def test_a_days_mass(tmp_path: Path) -> None:
    """EX-1.12: 24.5 mg/m3 in 399 692 m3/h are 9.792 kg/h, and 24 such hours 0.2350 t."""
    done = checked(tmp_path, minutes((24 * 60, {SO2: "24.5", O2: "6", FLOW: "399692"})))
    hours = [f for f in done.figures if (f.stat, f.level) == ("mass", "hour")]
    assert [shown(f, 3) for f in hours] == ["9.792"] * 24
    day = one(done, SO2, "mass", "day")
    assert day.number is not None and shown(day, 1) == "235.0"  # kg


MAPPING = """
title = "meter"
source = "M1"
kind = "energy"
cadence_s = {cadence_s}
[time]
column = "time"
utc_offset = "+08:00"
"""
REGISTER = 'kind = "register"\nunit = "kWh"\nmodulus = 1000000\nmax_rate_h = 500'
"""The reference's register: modulus 1 000 000, at most 500 kWh/h."""
BARE = 'kind = "register"\nunit = "kWh"'


def metered(tmp_path: Path, columns: dict[str, str], readings: Sequence[tuple[str, ...]], cadence_s: int = 900) -> Checked:
    """Check a CSV of readings; ``columns`` holds the mapping of each column."""
    rows = [",".join(["time", *columns]), *(",".join(row) for row in readings), ""]
    (tmp_path / "meter.csv").write_text("\n".join(rows), encoding="utf-8")
    values = [f'[[value]]\ncolumn = "{name}"\nfactor = "{name}"\n{told}\n' for name, told in columns.items()]
    (tmp_path / "meter.toml").write_text(MAPPING.format(cadence_s=cadence_s) + "".join(values), encoding="utf-8")
    return check(tmp_path / "meter.csv", tmp_path / "meter.toml")


def energy(done: Checked, level: str = "day", stat: str = "energy") -> dict[str, Decimal]:
    """Return the sums of figures by factor."""
    sums: dict[str, Decimal] = {}
    for f in done.figures:
        if (f.stat, f.level) == (stat, level) and f.number is not None:
            sums[f.factor] = sums.get(f.factor, Decimal(0)) + Decimal(f.number)
    return sums


BURST = [(f"{i // 12:02}:{i % 12 * 5:02}", "1.83e21") for i in range(1, 17)]


@pytest.mark.parametrize(
    ("told", "cadence_s", "readings", "booked", "findings"),
    [
        pytest.param(BARE + "\nmultiplier = 12000", 900, [("00:00", "100"), ("00:15", "100.35")], "4200", [], id="EX-2.5"),
        pytest.param(REGISTER, 900, [("00:07", "100.0"), ("00:22", "115.0"), ("00:37", "127.0")], "27.0", [], id="EX-2.7"),
        pytest.param(REGISTER, 900, [("00:00", "999987.50"), ("00:15", "12.30")], "24.80", [], id="EX-2.8"),
        pytest.param(
            REGISTER, 900, [("00:00", "456789.0"), ("00:15", "3.2"), ("00:30", "9.0")], "9.0", ["RESET held"], id="EX-2.9"
        ),
        pytest.param(REGISTER, 900, [("00:00", "456789.0"), ("00:15", "300000.0")], None, ["BACKWARDS held"], id="EX-2.10"),
        pytest.param(
            REGISTER, 900, [("00:00", "1000"), ("00:15", "1200"), ("00:30", "1010")], "10", ["SPIKE held"], id="EX-2.11"
        ),
        pytest.param(
            BARE,
            3600,
            [("00:00", "146129.015"), ("01:00", "145693.015"), ("02:00", "146274.0")],
            "144.985",
            ["BACKWARDS held", "DIP discarded"],
            id="EX-2.13",
        ),
        pytest.param(
            BARE,
            300,
            [("00:00", "115603.0078"), *BURST, ("01:25", "115749.0078")],
            "146.0",
            ["OUT_OF_RANGE discarded"],
            id="EX-2.14",
        ),
        pytest.param(REGISTER, 900, [("00:00", "1000.0"), ("01:00", "1060.0")], "60.0", [], id="EX-2.15"),
        pytest.param(REGISTER, 900, [("08:00", "1200"), ("09:00", "1290"), ("08:30", "1230")], "90", [], id="EX-2.16"),
        pytest.param(REGISTER, 900, [("00:00", "900000"), ("00:15", "850000")], None, ["BACKWARDS held"], id="EX-2.17"),
    ],
)
def test_a_register(
    tmp_path: Path, told: str, cadence_s: int, readings: list[tuple[str, str]], booked: str | None, findings: list[str]
) -> None:
    """EX-2.5 to 2.17: what a day books of a register's readings, and what is told of them."""
    done = metered(tmp_path, {"kwh": told}, [(f"2026-07-01 {clock}", value) for clock, value in readings], cadence_s)
    assert energy(done) == ({} if booked is None else {"kwh": Decimal(booked)})
    assert sorted(f"{f['register']} {f['decision']}" for f in done.findings) == findings


def test_a_replaced_register(tmp_path: Path) -> None:
    """EX-2.12: 11.80 at 120 and 7.50 at 80 are 2 016.00, with the replacement in the registry."""
    readings = [("2026-07-01 10:00", "45678.20"), ("2026-07-01 10:30", "12.50")]
    metered(tmp_path, {"kwh": BARE}, readings, 1800)
    known = Registry(
        enterprises=(Enterprise(enterprise="E1", name="E1"),),
        sources=(Source(source="M1", enterprise="E1", outlet="M", name="meter", kind="energy", cadence_s=1800),),
        meters=(Meter(source="M1", factor="kwh", kind="cumulative", unit="kWh", multiplier=Decimal(120)),),
        meter_changes=(
            MeterChange(
                source="M1",
                factor="kwh",
                time=datetime.fromisoformat("2026-07-01T10:20:00+08:00"),
                final_old=Decimal("45690.00"),
                initial_new=Decimal("5.00"),
                multiplier_new=Decimal(80),
            ),
        ),
    )
    done = check(tmp_path / "meter.csv", tmp_path / "meter.toml", known)
    assert energy(done) == {"kwh": Decimal("2016.00")}
    assert done.findings == []


def test_directions_stay_apart(tmp_path: Path) -> None:
    """EX-2.6: import 540, export 26 and PV 80 kWh are booked each for itself: net 514, consumption 594."""
    columns = dict.fromkeys(("bought", "sold", "made"), BARE)
    day = energy(
        metered(tmp_path, columns, [("2026-07-01 00:00", "0", "0", "0"), ("2026-07-01 01:00", "540", "26", "80")], 3600)
    )
    assert (day["bought"] - day["sold"], day["bought"] - day["sold"] + day["made"]) == (Decimal(514), Decimal(594))


USES = {
    "power": ("electricity_calorific", "GWh", "12"),
    "coal": ("raw_coal", "t", "3000"),
    "gas": ("natural_gas", "m3", "800000"),
    "diesel": ("diesel", "t", "50"),
    "heat": ("heat", "GJ", "20000"),
    "sold": ("heat", "GJ", "5000"),
}


def test_a_plant_in_coal_and_co2(tmp_path: Path) -> None:
    """EX-3.1, EX-3.2: the plant's uses in one hour of 2023: 5 266.355 tce calorific and 14 538.247 tCO2."""
    columns = {
        name: f'kind = "interval"\nunit = "{unit}"\nenergy_code = "{code}"\ndirection = "{"out" if name == "sold" else "in"}"'
        for name, (code, unit, _amount) in USES.items()
    }
    done = metered(tmp_path, columns, [("2023-07-01 00:00", *(amount for _code, _unit, amount in USES.values()))], 3600)
    coal, carbon = energy(done, "hour", "kgce"), energy(done, "hour", "tco2")
    parts = {"power": "1474.8", "coal": "2142.9", "gas": "1064.0", "diesel": "72.855", "heat": "682.4", "sold": "170.6"}
    assert coal == {name: 1000 * Decimal(tce) for name, tce in parts.items()}
    assert sum(coal.values()) - 2 * coal["sold"] == Decimal("5266355")
    assert sum(carbon.values()) - 2 * carbon["sold"] == Decimal("14538.247")
