"""Limits by which a year is assessed, compiled: what a year's limit asks of shorter averages, and what each share or count must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from ingest.registry import Limit, Source
from processors.figures import scaled
from processors.packs import Pack, chosen
from processors.programme_steps import (
    BEYOND,
    DAYS_DISCARDED,
    DAYS_WITHIN,
    VALIDATED,
    DayTenMinutes,
    DayValidated,
    LimitMultiples,
    YearDays,
    YearWithin,
)

if TYPE_CHECKING:
    from processors.points import Points

WITHIN = "within"
"""Stat of a day, month or year: the share of its valid averages within the limits of a programme [%]."""


def multiplied(limits: Iterable[Limit], sources: Iterable[Source], packs: Mapping[str, Pack]) -> list[Limit]:
    """Return the registry's limits and those on shorter averages that follow from a year's, by each source's rule pack."""
    rules = {source.source: chosen(source, packs).rule(LimitMultiples) for source in sources}
    out: list[Limit] = []
    for limit in limits:
        out.append(limit)
        rule = rules.get(limit.source)
        if limit.averaging == "year" and rule is not None:
            out += [
                limit.model_copy(
                    update={
                        "averaging": each.averaging,
                        "limit": limit.limit * each.times,
                        "rank": "programme" if each.programme else limit.rank,
                    }
                )
                for each in rule.multiples
            ]
    return out


def assessed(
    limits: Iterable[Limit], sources: Iterable[Source], packs: Mapping[str, Pack]
) -> list[tuple[Limit, str, int, bool]]:
    """Return what a year must be at each point with a limit on validated averages: (limit, stat, bound at SCALE, from below)."""
    of = {source.source: chosen(source, packs) for source in sources}
    out: dict[tuple[str, str, str], tuple[Limit, str, int, bool]] = {}
    for limit in limits:
        pack = of.get(limit.source)
        if limit.stat != VALIDATED or pack is None:
            continue
        within, days, ten = pack.rule(YearWithin), pack.rule(YearDays), pack.rule(DayTenMinutes)
        asked: list[tuple[str, int, bool]] = []
        if days is not None and limit.averaging == "day":
            share = days.days_share_min_pct_of.get(limit.factor, days.days_share_min_pct)
            asked.append((DAYS_WITHIN, scaled(share), True))
            if days.discarded_days_max is not None:
                asked.append((DAYS_DISCARDED, scaled(days.discarded_days_max), False))
        by_day = (
            ten is not None and limit.factor in ten.factors
        )  # its half-hours are judged with the ten-minute averages of their day
        if within is not None and limit.averaging in ("halfhour", "hour") and not by_day:
            programme = limit.rank == "programme"
            asked.append((WITHIN, scaled(within.share_min_pct), True) if programme else (BEYOND, 0, False))
        for stat, bound, lower in asked:
            out.setdefault((limit.source, limit.factor, stat), (limit, stat, bound, lower))
    return list(out.values())


def interval_bases(limits: pl.DataFrame) -> pl.DataFrame:
    """Return the daily limits on means (a year's, where it has none), of which a confidence interval is a share: ``pid``, ``base``, and when.

    Source:
        EU-5, 2010/75/EU Annex VI (parts seen, parts from memory): p times the daily limit.
    """
    daily = pl.col("averaging").is_in(["day", "year"]) & pl.col("stat").is_in(["avg", "avg_ref", VALIDATED])
    return limits.filter(daily & ~pl.col("lower") & pl.col("when_pid").is_null()).select(
        "pid", "limit_from", "limit_to", base="limit"
    )


def validated_points(points: Points) -> pl.DataFrame:
    """Return the points whose averages are validated: ``pid``, ``standard`` (the stat that is), ``base`` (limit) and ``share``, and when.

    The confidence interval is ``share`` percent of ``base``, the daily limit or a year's, both at SCALE; of several the least.
    """
    bases = points.limits.filter((pl.col("stat") == VALIDATED) & pl.col("averaging").is_in(["day", "year"]))
    asked = [sid for name, sid in points.sid.items() if chosen(points.sources[name], points.packs).rule(DayValidated)]
    known = points.frame.filter(pl.col("sid").is_in(asked)).select(
        "pid", "from_ms", "to_ms", "rules", standard=pl.when(pl.col("ref_o2").is_null()).then(pl.lit("avg")).otherwise(pl.lit("avg_ref")),
        share=pl.col("interval").fill_null(0),
    )  # fmt: skip
    return known.join(bases.select("pid", "limit_from", "limit_to", base="limit"), on="pid").select(
        "pid", "standard", "base", "share", "rules",
        from_ms=pl.max_horizontal("from_ms", "limit_from"), to_ms=pl.min_horizontal("to_ms", "limit_to"),
    )  # fmt: skip
