"""A fuel in points.csv by which no rate can be made is a fault of the registry, with the cell and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.csv_tables import RegistryFaults
from processors.registry_check import load_registry

NOX, OXYGEN, CARBON_DIOXIDE = "a21002", "a19001", "a05001"


def rates_by(tmp_path: Path, rules: str, points: str) -> None:
    """Read a registry of one stack: ``points`` are rows of factor, unit, Fd, Fc."""
    rows = "".join(f"S1,{row}\n" for row in points.split())
    texts = {
        "enterprises": "enterprise,name\nE1,E1\n",
        "sources": f"source,enterprise,outlet,name,kind,rules\nS1,E1,1,stack,flue_gas,{rules}\n",
        "points": f"source,factor,unit,fuel_dscf_mmbtu,fuel_co2_scf_mmbtu\n{rows}",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    load_registry(tmp_path)


@pytest.mark.parametrize(
    ("rules", "points", "told"),
    [
        pytest.param("us-cfr75", f"{NOX},ppm,9780, {OXYGEN},%,,", None, id="by oxygen"),
        pytest.param("us-cfr75", f"{NOX},ppm,,1800 {CARBON_DIOXIDE},%,,", None, id="by carbon dioxide"),
        pytest.param("us-cfr75", f"{NOX},ppm,, {OXYGEN},%,,", None, id="no fuel"),
        pytest.param("us-cfr75", f"{NOX},ppm,9780, {CARBON_DIOXIDE},%,,", 'fuel_dscf_mmbtu "9780": the rate is made with a19001', id="Fd without oxygen"),
        pytest.param("us-cfr75", f"{NOX},ppm,,1800 {OXYGEN},%,,", 'fuel_co2_scf_mmbtu "1800": the rate is made with a05001 in %', id="Fc without CO2"),
        pytest.param("us-cfr75", f"{NOX},ppm,,1800 {CARBON_DIOXIDE},ppm,,", "made with a05001 in %", id="CO2 in ppm"),
        pytest.param("us-cfr75", f"{NOX},mg/m3,9780, {OXYGEN},%,,", 'unit "mg/m3": by fuel_dscf_mmbtu a rate is made of ppm', id="NOx in mg/m3"),
        pytest.param("us-cfr75", f"{NOX},ppm,, {OXYGEN},%,9780,", "the rate is that of a21002", id="in another row"),
        pytest.param("", f"{NOX},ppm,9780, {OXYGEN},%,,", "rule pack cn-flue-gas makes no rates by the fuel", id="another pack"),
    ],
)  # fmt: skip
def test_fuel(tmp_path: Path, rules: str, points: str, told: str | None) -> None:
    """Nitrogen oxides in ppm with oxygen or carbon dioxide in %, each with its own fuel factor, under rules that make rates."""
    if told is None:
        rates_by(tmp_path, rules, points)
        return
    with pytest.raises(RegistryFaults) as refused:
        rates_by(tmp_path, rules, points)
    assert told in str(refused.value)
