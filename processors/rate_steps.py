"""Steps of rule packs about rates of the United States: means corrected for bias, and what a unit emits by heat input or by the hour."""

from __future__ import annotations

from typing import Literal

from processors.steps import Step

ADJUSTED, NOX_RATE, SO2_RATE = "avg_adj", "nox_rate", "so2_rate"
"""Stats of an hour: its mean corrected for bias, nitrogen oxides by heat input [lb/mmBtu], and sulphur dioxide [lb/h]."""


class HourBias(Step):
    """Means of monitors that read low are corrected, by the accuracy test whose numbers stand in points.csv (``rata_…``)."""

    step: Literal["hour.bias"]


class HourNoxRate(Step):
    """Nitrogen oxides [ppm, dry] and oxygen [%, dry] become a rate, where points.csv names the dry gas of the fuel (``fuel_dscf_mmbtu``).

    With carbon dioxide [%, dry] instead of oxygen they do where it names the carbon dioxide of the fuel (``fuel_co2_scf_mmbtu``).
    """

    step: Literal["hour.nox_rate"]
    nox_factor: str
    oxygen_factor: str
    carbon_dioxide_factor: str = ""


class HourSo2Rate(Step):
    """Sulphur dioxide [ppm] and flow [scf/h] on the same basis become a rate."""

    step: Literal["hour.so2_rate"]
    so2_factor: str
    flow_factor: str
