"""States of gas: values that a logger sends wet, or at the duct's temperature and pressure, become those of dry gas at the standard state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from ingest.gas_states import FLOW_UNIT
from ingest.registry import Point, Registry
from ingest.registry_diff import from_ms, to_ms
from processors.averaging_steps import MinuteGasState
from processors.digest import mix
from processors.figures import MINUTE_SCALE, SCALE, scaled
from processors.packs import Pack, chosen
from processors.rules.averaging import (
    NO_AMBIENT,
    NO_MOISTURE,
    NO_STATIC,
    NO_TEMPERATURE,
    OUT_OF_RANGE,
    REASONS,
    VALID,
    half_up,
)
from processors.rules.gas import T0_K, dry_expr, standard_state_expr

STATE_COLUMNS = ("gas_state", "moisture_factor", "temperature_factor", "static_pressure_factor", "ambient_pressure_factor")
"""Columns of points.csv that say what state values are sent in."""
MPA = {"Pa": 1_000, "kPa": 1_000_000}
"""Thousandths of a Pa in the units of a pressure."""
_COMPANIONS = {"moisture": NO_MOISTURE, "temperature": NO_TEMPERATURE, "static": NO_STATIC, "ambient": NO_AMBIENT}
"""What is measured beside a point, and why it has no value where that is missing."""
_SCHEMA: dict[str, type[pl.DataType]] = {
    "pid": pl.Int32,
    "from_ms": pl.Int64,
    "to_ms": pl.Int64,
    "wet": pl.Boolean,
    "actual": pl.Boolean,
    "flow": pl.Boolean,
    "t0": pl.Int64,
    **{f"{name}_pid": pl.Int32 for name in _COMPANIONS},
    "static_mpa": pl.Int64,
    "ambient_mpa": pl.Int64,
}


def states_of(registry: Registry, packs: Mapping[str, Pack], pid: Mapping[tuple[str, str], int]) -> pl.DataFrame | None:
    """Return the points whose values are sent wet or not at the standard state, None where none is.

    Returns:
        One row a row of points.csv and of its source: ``pid``, ``from_ms``, ``to_ms``, ``wet``, ``actual``, ``flow`` (whether it is a flow), ``t0``
        [K, at SCALE], the points of its companions (None where they are not needed), and ``static_mpa`` and ``ambient_mpa``: thousandths of a
        Pa in their units.
    """
    rows: list[dict[str, object]] = []
    units = {(p.source, p.factor): p.unit for p in registry.points}
    for point in registry.points:
        for source in registry.sources if point.gas_state else ():
            start, end = max(from_ms(point), from_ms(source)), min(to_ms(point), to_ms(source))
            if source.source == point.source and start < end:
                beside = {name: (point.source, factor) for name, factor in point.companions.items()}
                row: dict[str, object] = {name.split("_")[0] + "_pid": pid.get(key) for name, key in beside.items()}
                row |= {
                    f"{name.split('_')[0]}_mpa": MPA.get(units.get(key, ""))
                    for name, key in beside.items()
                    if "pressure" in name
                }
                row |= {"wet": "wet" in point.gas_state, "actual": "actual" in point.gas_state, "flow": point.unit == FLOW_UNIT}
                rows.append(
                    row
                    | {"pid": pid[point.source, point.factor], "from_ms": start, "to_ms": end, "t0": _t0(chosen(source, packs))}
                )
    return pl.DataFrame(rows, schema=_SCHEMA) if rows else None


def state_words(point: Point, pack: Pack, unit_of: Callable[[str, str], str]) -> tuple[object, ...]:
    """Return what decides how a point's values are brought to dry gas at the standard state, for the digest of its rules."""
    beside = [f"{name} {factor} {unit_of(point.source, factor)}" for name, factor in point.companions.items()]
    return (point.gas_state, *beside, _t0(pack))


def _t0(pack: Pack) -> int:
    rule = pack.rule(MinuteGasState)
    return int(T0_K[0] * 10**SCALE) if rule is None else scaled(rule.t0_k)


def dry_standard_minutes(minutes: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Bring the minutes of points that are sent otherwise to dry gas at the standard state.

    Args:
        minutes: MINUTE_COLUMNS, each minute with all points of its source, marks applied.
        states: see ``states_of``.

    Returns:
        The same rows in another order; of points in ``states`` without a value, and with the reason, where what is measured beside them has none.
    """
    held = _held(minutes, states, "minute")
    if held.is_empty():
        return minutes
    done = _converted(held, minutes, "minute", MINUTE_SCALE)
    valid = pl.col("code") == VALID
    lost = pl.when(pl.col("dry").is_null()).then(pl.coalesce("missing", pl.lit(OUT_OF_RANGE, dtype=pl.Int8)))
    rows = done.with_columns(value="dry", code=pl.when(valid).then(pl.coalesce(lost, "code")).otherwise("code"))
    rest = minutes.join(held, on=["pid", "minute"], how="anti")
    return pl.concat([rest, rows.select(pl.col(name).cast(kind) for name, kind in minutes.schema.items())])


def dry_standard_hours(
    device: pl.DataFrame, beside: pl.DataFrame, averages: pl.DataFrame, states: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bring the device's own hour means to dry gas at the standard state, by the hour means of what is measured beside them.

    Args:
        device: hours without minutes: ``pid``, ``hour``, ``value`` (at SCALE), ``n``, ``total``, ``reason``, ``digest``, ``as_of``.
        beside: hours that have both: ``pid``, ``hour``, ``value`` (the device's).
        averages: hours made of minutes.
        states: see ``states_of``.

    Returns:
        Both with values of dry gas at the standard state; of ``beside`` without the hours of which that is not known.
    """
    known = ("pid", "hour", "value", "digest", "as_of")
    companions = pl.concat([averages.select(known), device.select(known)])
    held, compared = _held(device, states, "hour"), _held(beside, states, "hour")
    if held.height:
        done = _converted(held, companions, "hour", SCALE)
        lost = pl.col("dry").is_null() & pl.col("reason").is_null()
        why = pl.col("missing").replace_strict(list(range(len(REASONS))), list(REASONS), default=None, return_dtype=pl.String)
        rows = done.with_columns(
            value="dry",
            n=pl.when(lost).then(0).otherwise("n"),
            total=pl.col("dry").fill_null(0).cast(pl.Int128) * pl.col("n") * 10 ** (MINUTE_SCALE - SCALE),
            reason=pl.when(lost).then(pl.coalesce(why, pl.lit(REASONS[OUT_OF_RANGE]))).otherwise("reason"),
        )
        rest = device.join(held, on=["pid", "hour"], how="anti")
        device = pl.concat([rest, rows.select(pl.col(name).cast(kind) for name, kind in device.schema.items())])
    if compared.height:
        plain = compared.with_columns(digest=pl.lit(0, dtype=pl.UInt64), as_of="received")
        done = _converted(plain, companions, "hour", SCALE).with_columns(value="dry").filter(pl.col("dry").is_not_null())
        beside = pl.concat([beside.join(compared, on=["pid", "hour"], how="anti"), done.select(beside.columns)])
    return device, beside


def _held(rows: pl.DataFrame, states: pl.DataFrame, time: str) -> pl.DataFrame:
    """Return the rows that a row of ``states`` holds for, with its columns."""
    return rows.join(states, on="pid").filter(pl.col(time) >= pl.col("from_ms"), pl.col(time) < pl.col("to_ms"))


def _converted(rows: pl.DataFrame, companions: pl.DataFrame, time: str, digits: int) -> pl.DataFrame:
    """Return rows of ``_held`` with ``dry`` (of dry gas at the standard state), ``missing`` (the code of what it lacks), and digest and receipt of all."""
    for name in _COMPANIONS:
        whole = pl.col("digest").reinterpret(signed=True)
        of = companions.select(
            time, pl.col("pid").alias(f"{name}_pid"), pl.col("value").alias(name),
            mix(whole, pl.col("value")).alias(f"{name}_digest"), pl.col("as_of").alias(f"{name}_as_of"),
        )  # fmt: skip
        rows = rows.join(of, on=[f"{name}_pid", time], how="left")
    moisture, temperature = (
        half_up(pl.col(name).cast(pl.Int128) * 10**SCALE, pl.lit(10**digits)) for name in ("moisture", "temperature")
    )
    static, ambient = (
        half_up(pl.col(p).cast(pl.Int128) * pl.col(f"{p}_mpa"), pl.lit(10**digits)) for p in ("static", "ambient")
    )
    wet, actual, flow = pl.col("wet"), pl.col("actual"), pl.col("flow")
    faults = {
        NO_MOISTURE: wet & ~moisture.is_between(0, 100 * 10**SCALE, closed="left").fill_null(False),
        NO_TEMPERATURE: actual & ~(temperature > -pl.col("t0")).fill_null(False),
        NO_STATIC: actual & static.is_null(),
        NO_AMBIENT: actual & ~(ambient + static.fill_null(0) > 0).fill_null(False),
    }
    missing = pl.coalesce(pl.when(fault).then(pl.lit(code, dtype=pl.Int8)) for code, fault in faults.items())
    dry = pl.when(wet).then(dry_expr(pl.col("value"), moisture, flow)).otherwise("value")
    at_standard = standard_state_expr(
        dry, temperature_1e6=temperature, pressure_mpa=ambient + static, t0_1e6=pl.col("t0"), flow=flow
    )
    used = [pl.col(f"{name}_digest").reinterpret(signed=True) for name in _COMPANIONS]
    return rows.with_columns(
        missing=missing,
        dry=pl.when(missing.is_null()).then(pl.when(actual).then(at_standard).otherwise(dry)),
        digest=mix(pl.col("digest").reinterpret(signed=True), *used),
        as_of=pl.max_horizontal("as_of", *(f"{name}_as_of" for name in _COMPANIONS)),
    )
