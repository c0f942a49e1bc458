"""United States rules: valid days (40 CFR Part 60); availability, bias and emission rates (Part 75)."""

from __future__ import annotations

from fractions import Fraction

from processors.rules.gas import Exact, OxygenGuard, exact
from processors.rules.verdict import Verdict, at_least, number_text, share_pct

AIR_OXYGEN_PCT = Fraction("20.9")
"""Oxygen of air in the federal formulas; other texts use 21."""
NOX_LB_SCF_PPM = Fraction("1.194e-7")
"""Pounds of NO2 in a cubic foot at one ppm (US-8)."""
SO2_LB_SCF_PPM = Fraction("1.660e-7")
"""Pounds of SO2 in a cubic foot at one ppm (US-9)."""


class CarbonDioxideGuard(ValueError):
    """The gas holds no carbon dioxide, so nothing was burnt that a rate could be told of."""


def availability_pct(*, assured_h: int, operating_h: int) -> Fraction | None:
    """Return the monitor data availability (PMA) [%] over some operating hours, None without any.

    Source:
        US-3, 40 CFR 75.32 (seen): quality-assured hours over unit operating hours.

    >>> round(float(availability_pct(assured_h=8_410, operating_h=8_760)), 1)
    96.0
    """
    return share_pct(assured_h, operating_h)


def valid_day(*, assured_h: int, operating_h: int, share_min_pct: Exact) -> Verdict:
    """Judge whether enough of a day's operating hours have a valid mean; not judged where the unit did not operate.

    Source:
        US-2, 40 CFR Part 60, municipal waste combustion (seen): 75 % of operating hours.

    >>> valid_day(assured_h=17, operating_h=24, share_min_pct=75).reason
    'operating hours with a valid mean 70.83 %, at least 75 required'
    """
    return at_least("operating hours with a valid mean", share_pct(assured_h, operating_h), share_min_pct, "%")


def valid_quarter(*, valid_d: int, operating_d: int, share_min_pct: Exact) -> Verdict:
    """Judge whether enough of a quarter's operating days have enough valid hours; not judged where the unit did not operate.

    Source:
        US-2, 40 CFR Part 60, municipal waste combustion (seen): 90 % of operating days.

    >>> valid_quarter(valid_d=81, operating_d=90, share_min_pct=90).outcome
    'passes'
    """
    return at_least("operating days with enough valid hours", share_pct(valid_d, operating_d), share_min_pct, "%")


def bias_factor(*, mean_difference: Exact, cems_mean: Exact, confidence: Exact) -> Fraction:
    """Return the factor that corrects a monitor which reads low.

    Args:
        mean_difference: mean of reference minus monitor, signed.
        cems_mean: mean of the monitor, above 0; same unit.
        confidence: confidence coefficient of the differences; same unit.

    Raises:
        ValueError: the monitor's mean is not above 0, though it reads low.

    Source:
        US-7, 40 CFR 75 appendix A 7.6 (from memory, high): 1 + abs(d)/mean(CEMS) where d is above the confidence coefficient.

    >>> round(float(bias_factor(mean_difference=6, cems_mean=94, confidence=3)), 4)
    1.0638
    """
    if exact(mean_difference) <= exact(confidence):
        return Fraction(1)
    if not exact(cems_mean) > 0:
        raise ValueError(f"the monitor's mean {cems_mean} is not above 0")
    return 1 + abs(exact(mean_difference)) / exact(cems_mean)


def nox_rate_lb_mmbtu(nox_ppm: Exact, *, oxygen_pct: Exact, fuel_dscf_mmbtu: Exact) -> Fraction:
    """Return the emission rate of nitrogen oxides [lb/mmBtu] from dry concentrations.

    Args:
        nox_ppm: nitrogen oxides in dry gas.
        oxygen_pct: oxygen in the same gas [% by volume].
        fuel_dscf_mmbtu: dry gas of the fuel, Fd: 9 780 of bituminous coal, 9 190 of oil, 8 710 of natural gas.

    Raises:
        OxygenGuard: the gas holds as much oxygen as air.

    Source:
        US-8, 40 CFR 75 appendix F (from memory, high): 1.194e-7·C·Fd·20.9/(20.9 - O2).

    >>> round(float(nox_rate_lb_mmbtu(120, oxygen_pct=6, fuel_dscf_mmbtu=9_780)), 4)
    0.1966
    """
    if not exact(oxygen_pct) < AIR_OXYGEN_PCT:
        raise OxygenGuard(f"oxygen {number_text(oxygen_pct)} % is not below that of air, {number_text(AIR_OXYGEN_PCT)} %")
    diluted = AIR_OXYGEN_PCT / (AIR_OXYGEN_PCT - exact(oxygen_pct))
    return NOX_LB_SCF_PPM * exact(nox_ppm) * exact(fuel_dscf_mmbtu) * diluted


def nox_rate_by_co2_lb_mmbtu(nox_ppm: Exact, *, co2_pct: Exact, fuel_scf_mmbtu: Exact) -> Fraction:
    """Return the emission rate of nitrogen oxides [lb/mmBtu] from dry concentrations and the carbon dioxide of the fuel.

    Args:
        nox_ppm: nitrogen oxides in dry gas.
        co2_pct: carbon dioxide in the same gas [% by volume].
        fuel_scf_mmbtu: carbon dioxide of the fuel, Fc: 1 800 of coal, 1 420 of oil, 1 040 of natural gas.

    Raises:
        CarbonDioxideGuard: the gas holds no carbon dioxide.

    Source:
        US-8, 40 CFR 75 appendix F and 40 CFR Part 60 method 19 (from memory, high): 1.194e-7·C·Fc·100/CO2.

    >>> round(float(nox_rate_by_co2_lb_mmbtu(300, co2_pct=12, fuel_scf_mmbtu=1_800)), 4)
    0.5373
    """
    if not exact(co2_pct) > 0:
        raise CarbonDioxideGuard(f"carbon dioxide {number_text(co2_pct)} % is not above 0")
    return NOX_LB_SCF_PPM * exact(nox_ppm) * exact(fuel_scf_mmbtu) * 100 / exact(co2_pct)


def so2_rate_lb_h(so2_ppm: Exact, *, flow_scf_h: Exact) -> Fraction:
    """Return the emission rate of sulphur dioxide [lb/h] from concentration and flow on the same basis.

    Source:
        US-9, 40 CFR 75 appendix F (from memory, high): 1.660e-7·C·Q.

    >>> so2_rate_lb_h(300, flow_scf_h=20_000_000)
    Fraction(996, 1)
    """
    return SO2_LB_SCF_PPM * exact(so2_ppm) * exact(flow_scf_h)
