"""weather.csv and plans.csv: read with the registry, every fault at its place with its remedy."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.registry_files import RegistryFaults, load_registry

SOUND = {
    "enterprises": "enterprise,name,province,city,county\nE1,a,,Foshan,Nanhai\n",
    "sources": "source,enterprise,outlet,name,kind\nS1,E1,o,n,flue_gas\n",
    "points": "source,factor,unit,flow_factor\nS1,so2,mg/m3,q\nS1,nox,mg/m3,\nS1,q,m3/h,\n",
    "meters": "source,factor,kind,unit\nS1,power,interval,kWh\n",
    "weather": "warning,issuer,area,level,kind,start,planned_end,end\n"
    "W1,city,Foshan,orange,O3,2026-07-01T10:00:00+08:00,2026-07-03T00:00:00+08:00,\n",
    "plans": "source,level,factor,stat,reduction_pct,hours,exempt,kind,valid_from,valid_to\n"
    "S1,orange,so2,mass,30,9-17,,O3,,\nS1,orange,power,energy,12.5,,,,,\nS1,yellow,,,,,yes,,,\n",
}
W, P = SOUND["weather"], SOUND["plans"]


def folder(tmp_path: Path, **changed: str) -> Path:
    for name, text in (SOUND | changed).items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_sound(tmp_path: Path) -> None:
    """Times with their offset, hours of the day, exact percentages, an exempt source."""
    found = load_registry(folder(tmp_path))
    (warning,) = found.weather
    assert (warning.level, warning.planned_end - warning.start, warning.end) == ("orange", timedelta(hours=38), None)
    assert [(p.factor, p.reduction_pct, p.clock_h, p.exempt) for p in found.plans] == [
        ("so2", 30, (9, 17), ""),
        ("power", Decimal("12.5"), (0, 24), ""),
        ("", None, (0, 24), "yes"),
    ]


@pytest.mark.parametrize(
    ("changed", "place", "message", "remedy"),
    [
        pytest.param({"weather": W + W.splitlines()[1]}, ("weather.csv", 3, "warning"), "line 2", "keep one", id="twice"),
        pytest.param({"weather": W.replace("Foshan", "Fosan")}, ("weather.csv", 2, "area"), "no row", "Foshan?", id="area"),
        pytest.param(
            {"weather": W.replace("city,F", "county,F")}, ("weather.csv", 2, "area"), "column county", "add it", id="issuer"
        ),
        pytest.param(
            {"weather": W.replace("orange", "blue")}, ("weather.csv", 2, "level"), "none of the words", "'red'", id="blue"
        ),
        pytest.param(
            {"weather": W.replace("07-03", "07-01")}, ("weather.csv", 2, ""), "not after start", "mend", id="backwards"
        ),
        pytest.param(
            {"weather": W.replace("+08:00,\n", "+08:00,2026-07-01T09:59:59+08:00\n")},
            ("weather.csv", 2, ""),
            "end is before start",
            "mend",
            id="ended before",
        ),
        pytest.param(
            {"weather": W.replace("10:00:00+08:00", "10:00:00")},
            ("weather.csv", 2, "start"),
            "no offset",
            "+08:00",
            id="offset",
        ),
        pytest.param(
            {"plans": P + "S9,red,so2,mass,1"}, ("plans.csv", 5, "source"), "no row of sources", "add it", id="source"
        ),
        pytest.param({"plans": P + "S1,red,so3,mass,1"}, ("plans.csv", 5, "factor"), "no row of points", "so2?", id="factor"),
        pytest.param({"plans": P + "S1,red,nox,mass,1"}, ("plans.csv", 5, "stat"), "no flow_factor", "fill in", id="mass"),
        pytest.param(
            {"plans": P + "S1,red,nox,avg,1"}, ("plans.csv", 5, "stat"), "a concentration", "mass", id="concentration"
        ),
        pytest.param({"plans": P + "S1,red,q,energy,1"}, ("plans.csv", 5, "stat"), "no meter", "write mass", id="no meter"),
        pytest.param({"plans": P + "S1,red,power,mass,1"}, ("plans.csv", 5, "stat"), "is a meter", "energy", id="meter"),
        pytest.param({"plans": P + "S1,red,so2,mass,"}, ("plans.csv", 5, ""), "reduction_pct", "mend", id="asks nothing"),
        pytest.param({"plans": P + "S1,red,so2,mass,0"}, ("plans.csv", 5, "reduction_pct"), "greater than 0", "mend", id="0 %"),
        pytest.param({"plans": P + "S1,red,so2,mass,101"}, ("plans.csv", 5, "reduction_pct"), "100", "mend", id="101 %"),
        pytest.param({"plans": P + "S1,red,so2,mass,1,,yes"}, ("plans.csv", 5, ""), "exempt", "mend", id="exempt and asked"),
        pytest.param({"plans": P + "S1,red,so2,mass,1,17-9"}, ("plans.csv", 5, ""), "9-17", "mend", id="hours backwards"),
        pytest.param({"plans": P + "S1,red,so2,mass,1,day"}, ("plans.csv", 5, ""), "9-17", "mend", id="hours in words"),
        pytest.param({"plans": P + "S1,red,so2,mass,1,9-25"}, ("plans.csv", 5, ""), "9-17", "mend", id="hour 25"),
        pytest.param(
            {"plans": P + "S1,orange,so2,mass,20,,,O3"}, ("plans.csv", 5, "level"), "line 2", "end one", id="twice asked"
        ),
    ],
)
def test_fault(tmp_path: Path, changed: dict[str, str], place: tuple[str, int, str], message: str, remedy: str) -> None:
    """Each is told once, at its place."""
    with pytest.raises(RegistryFaults) as raised:
        load_registry(folder(tmp_path, **changed))
    (fault,) = raised.value.faults
    assert (fault.file, fault.line, fault.column) == place
    assert message in fault.message and remedy in fault.remedy
