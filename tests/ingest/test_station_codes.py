"""station_codes.csv: points take role, unit and names from their city's table, and their own cells before it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ingest.registry import Point
from ingest.registry_files import Fault, RegistryFaults, load_registry

ENTERPRISES = "enterprise,name,city\nE1,One,Foshan\nE2,Two,Guangzhou\n"
SOURCES = "source,enterprise,outlet,name,kind\nS1,E1,Y1,Station,vapour\nS2,E2,Y1,Station,vapour\nS3,E1,D1,Stack,flue_gas\n"
CODES = "city,code,role,unit,name,name_zh,basis\nFoshan,i41020,ratio,L/L,A/L ratio,气液比,a paper\nFoshan,i41005,,state,A/L state,,a paper\n"


def points(folder: Path, rows: str, codes: str = CODES) -> list[Point]:
    texts = {"enterprises": ENTERPRISES, "sources": SOURCES, "points": rows, "station_codes": codes}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return list(load_registry(folder).points)


def test_empty_cells_are_the_citys(tmp_path: Path) -> None:
    """A nozzle's number goes behind the role's slash; what no rule uses has a unit and no role; a cell that is filled in stays."""
    rows = "source,factor,unit,name,multiplier,role\nS1,i41020-03,,,0.01,\nS1,i41005,,,,\nS1,i41020-04,%,Own,,ratio/4\n"
    ratio, state, own = points(tmp_path, rows)
    assert (ratio.unit, ratio.role, ratio.name, ratio.name_zh) == ("L/L", "ratio/03", "A/L ratio", "气液比")
    assert ratio.multiplier == Decimal("0.01")
    assert (state.unit, state.role, state.name) == ("state", "", "A/L state")
    assert (own.unit, own.role, own.name) == ("%", "ratio/4", "Own")


@pytest.mark.parametrize("source", ["S2", "S3"])
def test_another_citys_points_and_other_kinds_are_left(tmp_path: Path, source: str) -> None:
    """A code means nothing elsewhere: the unit is asked for, with file, line and column."""
    with pytest.raises(RegistryFaults) as told:
        points(tmp_path, f"source,factor,unit\n{source},i41020-03,\n")
    assert [(f.file, f.line, f.column) for f in told.value.faults] == [("points.csv", 2, "unit")]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        pytest.param("Foshan,i41020,ratio,L/L,,,", "code", "Foshan has this code already", id="twice"),
        pytest.param("Foshan,i41021,tank,kPa,,,", "unit", "tank is in Pa", id="a role in another unit"),
        pytest.param("Foshan,i41021,hose,Pa,,,", "role", "", id="no role of any rule"),
    ],
)
def test_faults_of_the_table(tmp_path: Path, row: str, column: str, said: str) -> None:
    """Each names file, line and column, and what to do."""
    with pytest.raises(RegistryFaults) as told:
        points(tmp_path, "source,factor,unit\nS1,tank,Pa\n", CODES + row + "\n")
    (fault,) = told.value.faults
    assert isinstance(fault, Fault) and (fault.file, fault.line, fault.column) == ("station_codes.csv", 4, column)
    assert said in str(fault)
