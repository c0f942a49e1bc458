"""Minutes of points that a monitor does not send: hydrocarbons without methane, and sums of parts, made of the minutes of those that it does."""

from __future__ import annotations

from collections.abc import Mapping, Set
from fractions import Fraction

import polars as pl

from ingest.registry import Registry
from processors.digest import mix
from processors.packs import Pack, chosen
from processors.rules.averaging import VALID, half_up
from processors.rules.voc import PPM, carbon_mass
from processors.voc_steps import MinuteNmhc, MinuteSum

_SCHEMA = {
    "pid": pl.Int32,
    "made": pl.Int32,
    "sign": pl.Int64,
    "parts": pl.Int64,
    "num": pl.Int64,
    "den": pl.Int64,
    "floor": pl.Boolean,
}


def made_of(registry: Registry, packs: Mapping[str, Pack], pid: Mapping[tuple[str, str], int]) -> pl.DataFrame | None:
    """Return which points are made of which, by the rule packs and where the registry has all of them in units that go together.

    Returns:
        One row a part: ``pid``, ``made`` (the point made of it), ``sign``, ``parts`` (how many there are), ``num`` and ``den`` (what the
        sum is multiplied by), ``floor`` (never below zero). None where there is none.
    """
    rules_of = {pack.id: [rule for rule in pack.rules if isinstance(rule, MinuteNmhc | MinuteSum)] for pack in packs.values()}
    asked = {s.source: rules_of[chosen(s, packs).id] for s in registry.sources}
    units: dict[str, dict[str, str]] = {}
    for point in registry.points:
        if asked.get(point.source):
            units.setdefault(point.source, {})[point.factor] = point.unit
    rows: list[tuple[int, int, int, int, int, int, bool]] = []
    for source, known in units.items():
        for rule in asked[source]:
            signed = parts_of(rule, known.keys()) if rule.made in known else []
            factor = _factor({known[name] for name, _sign in signed}, known[rule.made]) if signed else None
            if factor is not None:
                to, floor = pid[source, rule.made], isinstance(rule, MinuteNmhc)
                rows += [(pid[source, n], to, sign, len(signed), *factor.as_integer_ratio(), floor) for n, sign in signed]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row") if rows else None


def parts_of(rule: MinuteNmhc | MinuteSum, known: Set[str]) -> list[tuple[str, int]]:
    """Return the factors that are added (1) and taken off (-1), none where one of them is no point of the source."""
    if isinstance(rule, MinuteNmhc):
        return [(rule.total, 1), (rule.methane, -1)] if {rule.total, rule.methane} <= known else []
    found: list[tuple[str, int]] = []
    for part in rule.parts:
        names = next((choice.split() for choice in part.split("|") if set(choice.split()) <= known), None)
        if names is None:
            return []
        found += [(name, 1) for name in names]
    return found


def _factor(units: set[str], made: str) -> Fraction | None:
    """Return what turns parts of one unit into the unit of what is made, None where nothing does."""
    if units == {made}:
        return Fraction(1)
    return carbon_mass(1) if len(units) == 1 and units <= PPM and made == "mg/m3" else None


def made_minutes(minutes: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """Return the minutes of points that are made of others.

    Args:
        minutes: MINUTE_COLUMNS, each minute with all points of its source, marks applied.
        made: see ``made_of``.

    Returns:
        MINUTE_COLUMNS. There is none where the point has a minute of its own, or a part has none; no value where a part has no value, with the
        part's reason.

    Source:
        VOC-3 and VOC-4 (from memory, high), VOC-12 (from memory, medium); the floor at zero is a proposal (EX-2.7).
    """
    joined = minutes.join(made, on="pid")
    whole = joined.group_by("made", "minute").agg(
        sid=pl.col("sid").first(),
        found=pl.len(),
        parts=pl.col("parts").first(),
        known=pl.col("value").is_not_null().all(),
        total=(pl.col("value").cast(pl.Int128) * pl.col("sign") * pl.col("num")).sum(),
        den=pl.col("den").first(),
        floor=pl.col("floor").first(),
        n=pl.col("n").min(),
        code=pl.col("code").filter(pl.col("code") != VALID).min(),
        digest=mix(pl.col("pid"), pl.col("digest").reinterpret(signed=True)).sum(),
        as_of=pl.col("as_of").max(),
    )
    value = half_up(pl.col("total"), pl.col("den"))
    rows = whole.filter(pl.col("found") == pl.col("parts")).select(
        "sid",
        "minute",
        "n",
        "digest",
        "as_of",
        pid="made",
        value=pl.when("known").then(pl.when(pl.col("floor") & (value < 0)).then(0).otherwise(value)),
        code=pl.when("known").then(pl.lit(VALID)).otherwise("code").cast(pl.Int8),
    )
    own = rows.join(minutes, on=["pid", "minute"], how="anti")
    return own.select(pl.col(name).cast(kind) for name, kind in minutes.schema.items())
