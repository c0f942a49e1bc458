"""What the rules of petrol stations share: what is said of a day, refuellings as rows, values sent now and then."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from processors.digest import mix
from processors.figures import local_iso
from processors.rules.millionths import MILLION
from processors.station_events import ALARM, NORMAL, WARNING

NOT_SENT = -(2**62)
"""What stands in a digest for a value that was not sent; no reading at SCALE is so low."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says of a subject's day: ``state`` None with the ``reason``, or the state with its ``note``."""

    stat: str
    pid: int
    state: int | None
    n: int
    note: str | None
    reason: str | None
    digest: int
    as_of: int


def refuelled(readings: pl.DataFrame) -> pl.DataFrame:
    """Return one row a refuelling of one nozzle: ``time_ms``, ``fuel_l``, ``vapour_l``, ``fuel_l_min``, ``vapour_l_min`` at SCALE, None
    where not sent or not valid. Where only the ratio is sent, the vapour is that times the fuel, as near as a millionth of a litre.
    """

    def of(role: str) -> pl.Expr:
        return pl.col("value").filter(pl.col("role") == role).first()

    rows = readings.group_by("time_ms").agg(
        fuel_l=of("fuel"),
        vapour_l=of("vapour"),
        ratio=of("ratio"),
        fuel_l_min=of("fuel_speed"),
        vapour_l_min=of("vapour_speed"),
    )
    product = (pl.col("ratio").cast(pl.Int128) * pl.col("fuel_l") // MILLION).cast(pl.Int64)
    return rows.with_columns(vapour_l=pl.coalesce("vapour_l", product)).drop("ratio").sort("time_ms")


def times_said(stat: str, pid: int, times: pl.DataFrame, what: str, none: str | None, digest: int, as_of: int) -> Said:
    """Return the state of a subject by the times at which something was beyond a bound."""
    lasting = times.filter(pl.col("alarm_ms").is_not_null())
    state = None if none else NORMAL if times.is_empty() else ALARM if lasting.height else WARNING
    note = None
    if times.height:
        first = (lasting if lasting.height else times).row(0, named=True)
        note = f"{what} from {local_iso(first['start_ms'])} to {local_iso(first['end_ms'])}, {times.height} such times"
    return Said(stat, pid, state, times.height, note, none, digest, as_of)


def at_each(samples: pl.DataFrame, sent: pl.DataFrame, name: str, *, lasting: bool = False) -> pl.DataFrame:
    """Add a column to samples, and to their hash: of what is sent now and then, the newest before each.

    What is ``lasting``, a setting, was the same before it was first sent; a state was not known before.
    """
    valid = sent.filter(pl.col("value").is_not_null()).sort("time_ms")
    first = pl.lit(valid["value"][0] if lasting and valid.height else None, dtype=pl.Int64)
    own = valid.select("time_ms", pl.col("value").alias(name))
    rows = samples.sort("time_ms").join_asof(own, on="time_ms", strategy="backward").with_columns(pl.col(name).fill_null(first))
    return rows.with_columns(hash=mix(pl.col("hash").reinterpret(signed=True), pl.col(name).fill_null(NOT_SENT)))


def digest_of(readings: pl.DataFrame) -> int:
    """Return the digest of a set of readings."""
    return int(readings["hash"].sum() or 0) % 2**64
