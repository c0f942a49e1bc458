"""Flue-gas formulas: units, dry gas, standard state, reference oxygen, flow and mass; exact, rounded once by ``half_up``.

Formulas on single numbers take and return exact rationals. The same formulas on integer columns take and return Polars
expressions and equal the exact form rounded half up. Source of all: HJ 75-2017 (annex on data processing) and HJ 76-2017;
which clause could not be read, so each function names its rule id and the confidence of the reference.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import polars as pl

from processors.figures import SCALE

Exact = int | Decimal | Fraction
"""A number without error; binary floats are refused."""

AIR_OXYGEN_PCT = Fraction(21)
"""Oxygen of air in the conversion to reference oxygen (AIR-CNV-5)."""
MOLAR_VOLUME_L_MOL = Fraction("22.4")
"""Litres of one mole of ideal gas at the standard state (AIR-CNV-1)."""
MOLAR_MASS_G_MOL = {
    "SO2": Fraction(64),
    "NO": Fraction(30),
    "NO2": Fraction(46),
    "CO": Fraction(28),
    "HCl": Fraction("36.5"),
    "NH3": Fraction(17),
}
"""Molar masses the standard's arithmetic uses (AIR-CNV-1)."""
STANDARD_PA = Fraction(101_325)
"""Pressure of the standard state."""
T0_K = (Fraction("273.15"), Fraction(273))
"""Temperatures of the standard state that texts print; the first is the default."""
SECONDS_H = 3600
_ABOVE_MAX = pl.lit(2**104, dtype=pl.Int128)
"""Product of concentration and flow, both in millionths, that can be brought to a million times itself within 128 bits."""


class OxygenGuard(ValueError):
    """The gas holds nearly as much oxygen as air, so a conversion to reference oxygen has no meaning."""


def exact(value: Exact) -> Fraction:
    """Return a number as an exact rational.

    Raises:
        TypeError: a binary float, which has lost its decimal already.
        ValueError: NaN or infinity.

    >>> exact(Decimal("0.1"))
    Fraction(1, 10)
    """
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a binary float; hand in an int, Decimal or Fraction")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return Fraction(value)


def half_up(value: Fraction, digits: int = SCALE) -> int:
    """Return a rational as an integer at a scale, rounded half up: a tie goes towards plus infinity, as on columns.

    >>> half_up(Fraction(5, 2), 0), half_up(Fraction(-5, 2), 0), half_up(Fraction(1, 3), 6)
    (3, -2, 333333)
    """
    scale: int = 10**digits
    return math.floor(value * scale + Fraction(1, 2))


def ppm_to_mass(volume_ppm: Exact, molar_mass_g_mol: Exact) -> Fraction:
    """Return a gas concentration [mg/m³] from its volume share [ppm], at the state of ``volume_ppm``.

    NOx given as NO + NO2 in ppm becomes mass as NO2 with the molar mass of NO2 (AIR-CNV-4).

    Source:
        AIR-CNV-1, HJ 75-2017 (from memory, high): C = ppm · M / 22.4.

    >>> round(float(ppm_to_mass(50, MOLAR_MASS_G_MOL["SO2"])), 2)
    142.86
    """
    return exact(volume_ppm) * exact(molar_mass_g_mol) / MOLAR_VOLUME_L_MOL


def wet_to_dry(wet: Exact, moisture_fraction: Exact) -> Fraction:
    """Return a concentration, or an oxygen content, in dry gas from the one in wet gas; same unit.

    Args:
        wet: as measured in gas with its water vapour.
        moisture_fraction: water vapour by volume, 0 to below 1.

    Raises:
        ValueError: the moisture is no fraction.

    Source:
        AIR-CNV-2, HJ 75-2017 (from memory, high): C_dry = C_wet / (1 - Xsw).

    >>> round(float(wet_to_dry(80, Decimal("0.12"))), 2)
    90.91
    """
    return exact(wet) / (1 - _moisture(moisture_fraction))


def to_standard_state(
    actual_mg_m3: Exact,
    *,
    temperature_degc: Exact,
    ambient_pa: Exact,
    static_pa: Exact,
    t0_k: Fraction = T0_K[0],
) -> Fraction:
    """Return a concentration [mg/m³] at 101 325 Pa and ``t0_k`` from the one at the duct's own state.

    Args:
        actual_mg_m3: concentration in the duct.
        temperature_degc: gas temperature [°C].
        ambient_pa: ambient pressure [Pa].
        static_pa: static pressure of the duct against ambient, signed [Pa].
        t0_k: temperature of the standard state, 273.15 or 273 K.

    Raises:
        ValueError: a pressure or temperature that no gas has, or another ``t0_k``.

    Source:
        AIR-CNV-3, HJ 75-2017 (from memory, high): C_act · 101325/(Ba+Ps) · (273+ts)/273.

    >>> state = dict(temperature_degc=120, ambient_pa=100_900, static_pa=-1_200)
    >>> round(float(to_standard_state(60, **state)), 2), round(float(to_standard_state(60, **state, t0_k=Fraction(273))), 2)
    (87.77, 87.78)
    """
    return exact(actual_mg_m3) / _to_standard_volume(temperature_degc, ambient_pa, static_pa, t0_k)


def nox_as_no2(no_mg_m3: Exact, no2_mg_m3: Exact, factor: Exact = Fraction(46, 30)) -> Fraction:
    """Return nitrogen oxides as NO2 [mg/m³].

    Args:
        no_mg_m3: nitrogen monoxide.
        no2_mg_m3: nitrogen dioxide.
        factor: NO2 over NO by molar mass, 46/30; instruments often use 1.53.

    Source:
        AIR-CNV-4, HJ 75-2017 (from memory, high): NOx = NO · 46/30 + NO2.

    >>> round(float(nox_as_no2(40, 5)), 2), round(float(nox_as_no2(40, 5, Decimal("1.53"))), 2)
    (66.33, 66.2)
    """
    return exact(no_mg_m3) * exact(factor) + exact(no2_mg_m3)


def at_reference_oxygen(
    measured_mg_m3: Exact, *, oxygen_pct: Exact, reference_pct: Exact, guard_pct: Exact = Fraction(20)
) -> Fraction:
    """Return a dry-gas concentration [mg/m³] as it would be at the reference oxygen content.

    Args:
        measured_mg_m3: mass concentration in dry gas.
        oxygen_pct: oxygen in the same dry gas [% by volume].
        reference_pct: oxygen the limit is stated at [% by volume], below 21.
        guard_pct: oxygen from which on nothing is converted, at most 21.

    Raises:
        OxygenGuard: oxygen is at or above the guard; the text is the reason to publish.
        ValueError: a reference or guard that cannot be.

    Source:
        AIR-CNV-5, HJ 75-2017 (from memory, high): C_ref = C · (21 - ref)/(21 - O2). The guard (default 20.0 %) is a proposal:
        the formula grows without bound near 21 % and no national text caps it.

    >>> at_reference_oxygen(28, oxygen_pct=9, reference_pct=6)
    Fraction(35, 1)
    >>> at_reference_oxygen(2, oxygen_pct=Decimal("20.5"), reference_pct=6)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    processors.rules.gas.OxygenGuard: oxygen 20.5 % is at or above the guard of 20 %
    """
    oxygen, reference, guard = exact(oxygen_pct), exact(reference_pct), exact(guard_pct)
    if not reference < AIR_OXYGEN_PCT:
        raise ValueError(f"reference oxygen {reference_pct} % is not below that of air, {AIR_OXYGEN_PCT} %")
    if not guard <= AIR_OXYGEN_PCT:
        raise ValueError(f"oxygen guard {guard_pct} % is above the oxygen of air, {AIR_OXYGEN_PCT} %")
    if not oxygen < guard:
        raise OxygenGuard(f"oxygen {oxygen_pct} % is at or above the guard of {guard_pct} %")
    return exact(measured_mg_m3) * (AIR_OXYGEN_PCT - reference) / (AIR_OXYGEN_PCT - oxygen)


def at_reference_volume(measured_mg_m3: Exact, *, flow_m3_h: Exact, product_t_h: Exact, reference_m3_t: Exact) -> Fraction:
    """Return a concentration [mg/m³] at the gas volume that a standard allows a tonne of product.

    Args:
        measured_mg_m3: mass concentration in dry gas at the standard state.
        flow_m3_h: dry standard flow.
        product_t_h: output, above 0.
        reference_m3_t: gas volume of the standard for a tonne, above 0.

    Source:
        AIR-CNV-6 (from memory, medium), oxy-fuel glass and non-ferrous metals: C_ref = C · Q_act/(Q_ref · M).

    >>> at_reference_volume(120, flow_m3_h=4_500, product_t_h=Decimal("1.2"), reference_m3_t=3_000)
    Fraction(150, 1)
    """
    allowed = exact(reference_m3_t) * exact(product_t_h)
    if not allowed > 0:
        raise ValueError(f"no reference volume: {reference_m3_t} m3/t for {product_t_h} t/h of product")
    return exact(measured_mg_m3) * exact(flow_m3_h) / allowed


def section_velocity(point_m_s: Exact, velocity_field: Exact) -> Fraction:
    """Return the mean gas velocity of the section [m/s] from that of the measured point and the velocity-field coefficient Kv.

    Source:
        AIR-FLW-1, HJ 75-2017 (from memory, high): Vs = Kv · Vp.

    >>> section_velocity(10, Decimal("1.20"))
    Fraction(12, 1)
    """
    return exact(velocity_field) * exact(point_m_s)


def actual_flow(area_m2: Exact, velocity_m_s: Exact) -> Fraction:
    """Return the flow of wet gas at the duct's own state [m³/h].

    Source:
        AIR-FLW-2, HJ 75-2017 (from memory, high): Qs = 3600 · F · Vs.

    >>> actual_flow(2, 10)
    Fraction(72000, 1)
    """
    return SECONDS_H * exact(area_m2) * exact(velocity_m_s)


def dry_standard_flow(
    actual_m3_h: Exact,
    *,
    temperature_degc: Exact,
    ambient_pa: Exact,
    static_pa: Exact,
    moisture_fraction: Exact,
    t0_k: Fraction = T0_K[0],
) -> Fraction:
    """Return the flow of dry gas at the standard state [m³/h] from that of wet gas at the duct's state.

    Args and errors: as ``to_standard_state`` and ``wet_to_dry``.

    Source:
        AIR-FLW-3, HJ 75-2017 (from memory, high): Qsn = Qs · 273/(273+ts) · (Ba+Ps)/101325 · (1 - Xsw).

    >>> dry_standard_flow(100, temperature_degc=0, ambient_pa=101_325, static_pa=0, moisture_fraction=Decimal("0.1"))
    Fraction(90, 1)
    """
    volume = _to_standard_volume(temperature_degc, ambient_pa, static_pa, t0_k)
    return exact(actual_m3_h) * volume * (1 - _moisture(moisture_fraction))


def hourly_mass_kg(measured_mg_m3: Exact, dry_standard_m3_h: Exact) -> Fraction:
    """Return the mass emitted in an hour [kg].

    Args:
        measured_mg_m3: mean dry concentration at the standard state as measured, *not* at reference oxygen.
        dry_standard_m3_h: mean dry standard flow.

    Source:
        AIR-MAS-1, HJ 75-2017 (from memory, high): G_h = C · Qsn · 1e-6.

    >>> hourly_mass_kg(Decimal("24.5"), 400_000)
    Fraction(49, 5)
    """
    return exact(measured_mg_m3) * exact(dry_standard_m3_h) / 10**6


def reference_oxygen_expr(
    value: pl.Expr,
    oxygen: pl.Expr,
    reference: pl.Expr,
    guard: pl.Expr,
    *,
    air: pl.Expr | None = None,
    above_only: pl.Expr | None = None,
    digits: int = SCALE,
) -> pl.Expr:
    """Return ``at_reference_oxygen`` on integer columns, rounded half up.

    Args:
        value: Int64, concentration in dry gas at any scale; the result has the same scale.
        oxygen: Int64, oxygen in the same gas [% by volume] at ``digits``.
        reference: Int64, reference oxygen [%] at ``digits``.
        guard: Int64, oxygen from which on nothing is converted [%] at ``digits``.
        air: Int64, oxygen of ambient air [%] at ``digits``; 21 where it is None.
        above_only: Boolean, whether a value stands as it is where oxygen is not above the reference; nowhere where it is None.
        digits: decimal digits of oxygen, reference, guard and air.

    Returns:
        Int64; null where an input is null, where oxygen is at or above the guard or that of air, where the reference is not
        below air, or where the result does not fit.

    Source:
        AIR-CNV-5, as ``at_reference_oxygen``; EU-6, 2010/75/EU Annex VI (from memory, high): of hazardous waste only above the reference.
    """
    ambient = pl.lit(int(AIR_OXYGEN_PCT) * 10**digits, dtype=pl.Int128) if air is None else air.cast(pl.Int128)
    above = value.cast(pl.Int128) * (ambient - reference.cast(pl.Int128))
    if above_only is not None:  # at the reference itself the formula leaves a value as it is
        oxygen = pl.when(above_only & (oxygen < reference)).then(reference).otherwise(oxygen)
    below = ambient - oxygen.cast(pl.Int128)
    rounded = (2 * above + below) // (2 * below)
    meaningful = (oxygen < guard) & (below > 0) & (reference.cast(pl.Int128) < ambient)
    return pl.when(meaningful).then(rounded).cast(pl.Int64, strict=False)


def reference_volume_expr(value: pl.Expr, flow: pl.Expr, product: pl.Expr, reference: pl.Expr) -> pl.Expr:
    """Return ``at_reference_volume`` on integer columns, rounded half up.

    Args:
        value: Int64, concentration in dry gas at the standard state, in millionths; so is the result.
        flow: Int64, dry standard m³/h in millionths.
        product: Int64, t/h in millionths.
        reference: Int64, m³/t in millionths, above 0.

    Returns:
        Int64; null where an input is null, where the product is not above 0, or where the result does not fit.

    Source:
        AIR-CNV-6, as ``at_reference_volume``.
    """
    above = value.cast(pl.Int128) * flow.cast(pl.Int128)
    below = reference.cast(pl.Int128) * product.cast(pl.Int128)
    exact_enough = (above.abs() < _ABOVE_MAX) & (product > 0)
    rounded = (2 * 10**SCALE * above + below) // (2 * below)
    return pl.when(exact_enough).then(rounded).cast(pl.Int64, strict=False)


def mass_expr(concentration_1e6: pl.Expr, flow_1e6: pl.Expr) -> pl.Expr:
    """Return ``hourly_mass_kg`` on integer columns: kg in millionths, rounded half up.

    Args:
        concentration_1e6: Int64, mg/m³ in millionths, as measured.
        flow_1e6: Int64, dry standard m³/h in millionths.

    Returns:
        Int64; null where an input is null or the result does not fit.

    Source:
        AIR-MAS-1, as ``hourly_mass_kg``.
    """
    scale = 10 ** (SCALE + 6)  # two factors in millionths and mg to kg, down to one in millionths
    product = concentration_1e6.cast(pl.Int128) * flow_1e6.cast(pl.Int128)
    return ((product + pl.lit(scale // 2, dtype=pl.Int128)) // pl.lit(scale, dtype=pl.Int128)).cast(pl.Int64, strict=False)


def dry_expr(value: pl.Expr, moisture_1e6: pl.Expr, flow: pl.Expr) -> pl.Expr:
    """Return ``wet_to_dry`` on integer columns, or the dry share of a flow, rounded half up.

    Args:
        value: Int64 at any scale; the result has the same scale.
        moisture_1e6: Int64, water vapour [% by volume] in millionths, 0 to below 100.
        flow: Boolean, whether ``value`` is a flow, of which dry gas is the rest; a concentration or an oxygen content is that of the rest.

    Source:
        AIR-CNV-2 and AIR-FLW-3, as ``wet_to_dry`` and ``dry_standard_flow``.
    """
    whole = pl.lit(100 * 10**SCALE, dtype=pl.Int128)
    return _times(value, whole - moisture_1e6.cast(pl.Int128), whole, flow)


def standard_state_expr(
    value: pl.Expr, *, temperature_1e6: pl.Expr, pressure_mpa: pl.Expr, t0_1e6: pl.Expr, flow: pl.Expr
) -> pl.Expr:
    """Return ``to_standard_state`` on integer columns, or a flow at the standard state, rounded half up.

    Args:
        value: Int64 at any scale; the result has the same scale.
        temperature_1e6: Int64, gas temperature [°C] in millionths.
        pressure_mpa: Int64, ambient and static pressure together [thousandths of a Pa].
        t0_1e6: Int64, temperature of the standard state [K] in millionths.
        flow: Boolean, whether ``value`` is a flow.

    Source:
        AIR-CNV-3 and AIR-FLW-3, as ``to_standard_state`` and ``dry_standard_flow``.
    """
    smaller = t0_1e6.cast(pl.Int128) * pressure_mpa
    larger = (t0_1e6 + temperature_1e6).cast(pl.Int128) * pl.lit(int(STANDARD_PA) * 1000, dtype=pl.Int128)
    return _times(value, smaller, larger, flow)


def _times(value: pl.Expr, above: pl.Expr, below: pl.Expr, flow: pl.Expr) -> pl.Expr:
    """Return a flow times above / below, anything else divided by it; null where that does not fit or has no meaning."""
    num, den = pl.when(flow).then(above).otherwise(below), pl.when(flow).then(below).otherwise(above)
    rounded = (2 * value.cast(pl.Int128) * num + den) // (2 * den)
    return pl.when((num > 0) & (den > 0)).then(rounded).cast(pl.Int64, strict=False)


def _moisture(fraction: Exact) -> Fraction:
    moisture = exact(fraction)
    if not 0 <= moisture < 1:
        raise ValueError(f"moisture {fraction} is not a fraction from 0 to below 1; percent must be divided by 100")
    return moisture


def _to_standard_volume(temperature_degc: Exact, ambient_pa: Exact, static_pa: Exact, t0_k: Fraction) -> Fraction:
    """Return the volume at the standard state of one cubic metre at the duct's state."""
    if t0_k not in T0_K:
        raise ValueError(f"standard temperature {t0_k} K is neither 273.15 nor 273")
    pressure_pa = exact(ambient_pa) + exact(static_pa)
    temperature_k = t0_k + exact(temperature_degc)
    if not pressure_pa > 0:
        raise ValueError(f"absolute pressure {ambient_pa} {static_pa:+} Pa is not above 0")
    if not temperature_k > 0:
        raise ValueError(f"temperature {temperature_degc} degC is not above absolute zero")
    return t0_k / temperature_k * pressure_pa / STANDARD_PA
