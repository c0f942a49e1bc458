"""Minutes at reference oxygen, converted again from the stored minutes by the rule that the engine uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from ingest.registry import Point, Registry
from processors.figures import MINUTE_SCALE, SCALE, Figure, local, scaled
from processors.packs import Pack
from processors.rules.averaging import OXYGEN_AMBIENT
from processors.rules.gas import reference_oxygen_expr

NO_OXYGEN = "no valid oxygen"
"""Reason of a minute that was measured, but whose oxygen was not."""
_ROW = {"minute": pl.Int64, "value": pl.Int64, "oxygen": pl.Int64}


@dataclass(frozen=True)
class Converted:
    """One minute: oxygen [% by volume] beside it, and its value at reference oxygen or the reason why there is none."""

    oxygen: Decimal | None
    value: Decimal | None
    reason: str | None


def converted(point: Point, minutes: Sequence[Figure], oxygen: Sequence[Figure], pack: Pack) -> dict[int, Converted]:
    """Return the stored minutes of a point, by their start, at its reference oxygen; exact, as the engine rounds them by its source's rule pack."""
    if point.reference_o2_pct is None:
        return {}
    beside = {f.start_ms: f.value for f in oxygen if f.ok}
    reference, guard = (pl.lit(scaled(pct, MINUTE_SCALE)) for pct in (point.reference_o2_pct, point.oxygen_guard_pct))
    air, above = pl.lit(pack.air_oxygen * 10 ** (MINUTE_SCALE - SCALE)), pl.lit(pack.above_only)
    rows = [(f.start_ms, f.value if f.ok else None, beside.get(f.start_ms)) for f in minutes]
    frame = pl.DataFrame(rows, schema=_ROW, orient="row").with_columns(
        at_reference=reference_oxygen_expr(
            pl.col("value"), pl.col("oxygen"), reference, guard, air=air, above_only=above, digits=MINUTE_SCALE
        )
    )
    return {
        row["minute"]: Converted(_decimal(row["oxygen"]), _decimal(row["at_reference"]), _reason(row))
        for row in frame.iter_rows(named=True)
    }


def point_at(registry: Registry, source: str, factor: str, start_ms: int) -> Point | None:
    """Return the row of a point that holds at a time, None where none does."""
    day = local(start_ms).date()
    for row in registry.points:
        begun = row.valid_from is None or row.valid_from <= day
        if (row.source, row.factor) == (source, factor) and begun and (row.valid_to is None or day < row.valid_to):
            return row
    return None


def _reason(row: dict[str, int | None]) -> str | None:
    if row["value"] is None or row["at_reference"] is not None:
        return None
    return NO_OXYGEN if row["oxygen"] is None else OXYGEN_AMBIENT


def _decimal(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-MINUTE_SCALE)
