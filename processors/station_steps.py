"""Steps of rule packs that judge the days of petrol stations: GB 20952-2020, see ``rules.vapour`` and ``rules.vapour_pressure``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from processors.steps import Step


class StationRule(Step):
    """A rule of petrol stations' days; a change of its numbers is a change of the rules behind the station's figures."""


class VapourRefuelling(StationRule):
    """Which refuellings count, and the band of their air-to-liquid ratio."""

    step: Literal["vapour.refuelling"]
    ratio_min: Annotated[Decimal, Field(gt=0)]
    ratio_max: Annotated[Decimal, Field(gt=0)]
    counted_l_min: Annotated[Decimal, Field(gt=0)]
    stored_l_min: Annotated[Decimal, Field(ge=0)]
    fuel_l_min_min: Annotated[Decimal, Field(ge=0)]


class VapourNozzleDay(StationRule):
    """The share of refuellings out of band that warns, and the warning days in a row that alarm."""

    step: Literal["vapour.nozzle_day"]
    thin_n: Annotated[int, Field(ge=1)]
    warn_share_pct: Annotated[Decimal, Field(ge=0, le=100)]
    warning_days: Annotated[int, Field(ge=1)]


class VapourZeroPressure(StationRule):
    """A tank without pressure for so long that it must leak."""

    step: Literal["vapour.zero_pressure"]
    band_pa: Annotated[Decimal, Field(ge=0)]
    zero_h: Annotated[int, Field(ge=1, le=24)]
    zero_gap_s_max: Annotated[int, Field(ge=1)]
    zero_days: Annotated[int, Field(ge=1)]


class VapourValve(StationRule):
    """Pressure beyond what the pressure/vacuum valve should let be."""

    step: Literal["vapour.valve"]
    margin_pa: Annotated[Decimal, Field(ge=0)]
    valve_s: Annotated[int, Field(ge=1, le=86_400)]
    valve_gap_s_max: Annotated[int, Field(ge=1)]


class VapourPressureShare(StationRule):
    """The share of a day's pressures outside the usual ones."""

    step: Literal["vapour.pressure_share"]
    low_pa: Decimal
    high_pa: Decimal
    outside_pct_max: Annotated[Decimal, Field(ge=0, le=100)]


class VapourBackPressure(StationRule):
    """The back-pressure that a vapour flow may meet in its line."""

    step: Literal["vapour.back_pressure"]
    slope_pa_min_l: Decimal
    intercept_pa: Decimal
    flow_l_min_min: Annotated[Decimal, Field(ge=0)]
    line_s_max: Annotated[int, Field(ge=1, le=3_600)]


class VapourProcessed(StationRule):
    """Samples of the processed vapour that are too rich; the emission limit itself is an hourly mean."""

    step: Literal["vapour.processed"]
    rich_g_m3: Annotated[Decimal, Field(gt=0)]
    rich_n: Annotated[int, Field(ge=1)]
    rich_s: Annotated[int, Field(ge=1, le=86_400)]
    rich_gap_s_max: Annotated[int, Field(ge=1)]


class VapourIdle(StationRule):
    """The processing unit stands still though the tank's pressure is above that at which it starts."""

    step: Literal["vapour.idle"]
    idle_n: Annotated[int, Field(ge=1, le=1_000)]
    idle_gap_s_max: Annotated[int, Field(ge=1)]


class VapourLeak(StationRule):
    """Readings at vapour-tight points."""

    step: Literal["vapour.leak"]
    leak_umol_mol_max: Annotated[Decimal, Field(gt=0)]


StationStep = (
    VapourRefuelling
    | VapourNozzleDay
    | VapourZeroPressure
    | VapourValve
    | VapourPressureShare
    | VapourBackPressure
    | VapourProcessed
    | VapourIdle
    | VapourLeak
)
STATION_STEPS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("nozzle", "day"): ("vapour.nozzle_day", "vapour.refuelling"),
    ("nozzle_share", "day"): ("vapour.nozzle_day", "vapour.refuelling"),
    ("nozzle_row", "day"): ("vapour.nozzle_day",),
    ("zero_pressure", "day"): ("vapour.zero_pressure",),
    ("valve", "day"): ("vapour.valve",),
    ("pressure_share", "day"): ("vapour.pressure_share",),
    ("back_pressure", "day"): ("vapour.back_pressure",),
    ("processed", "day"): ("vapour.processed",),
    ("idle", "day"): ("vapour.idle",),
    ("leak", "day"): ("vapour.leak",),
}
"""Steps that make a station's figures, by stat and level."""
STATES = ("nozzle", "zero_pressure", "valve", "pressure_share", "back_pressure", "processed", "idle", "leak")
"""Stats whose value is a state: 0 normal, 1 warning, 2 alarm."""
