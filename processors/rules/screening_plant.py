"""Screening against the plant itself: air in the gas, no flow, channels that disagree, declared stops, idle abatement.

Thresholds are proposals of emission_rules 7.2. Values are Int64 at SCALE, None where not known; rows come in any order. ``running`` and
the like are None where not known, which is no evidence. A reading stands for ``cover_s``; readings further apart than ``gap_s_max`` break a
spell; ``weight`` is that of each piece of evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from processors.figures import MINUTE_MS
from processors.rules.evidence import evidence, in_windows
from processors.rules.gas import AIR_OXYGEN_PCT, Exact, exact
from processors.rules.millionths import millionths, milliseconds, text_expr, wide
from processors.rules.spells import held
from processors.rules.verdict import number_text

_MINUTES = (pl.col("end_ms") - pl.col("start_ms")) // MINUTE_MS


def ambient_oxygen(
    readings: pl.DataFrame,
    *,
    oxygen_pct_min: Exact,
    lasting_s: Exact,
    same_pct_max: Exact,
    gap_s_max: Exact,
    cover_s: Exact,
    weight: int,
) -> pl.DataFrame:
    """Find oxygen near that of air while load or flow says the source runs (DQ-6, O2_AMBIENT).

    Args:
        readings: ``pid``, ``time_ms``, ``oxygen`` (% by volume), ``value`` (a pollutant in the same gas), ``running`` (what load or flow says).
        oxygen_pct_min: oxygen that is near that of air; equal is.
        lasting_s: least length of a spell; equal is enough.
        same_pct_max: how far the pollutant may be from where dilution by air would put it [% of its value before], to be called diluted.
        gap_s_max: see above, as are the next two.
        cover_s: how long a reading stands for.
        weight: of each piece of evidence.

    Returns:
        Evidence; the reason says so where the pollutant fell as dilution by air makes it fall.

    Source:
        DQ-6 (proposal): 19.5 %, 10 min.
    """
    before = {f"before_{name}": pl.col(name).shift(1).over("pid") for name in ("value", "oxygen")}
    near_air = pl.col("running") & (pl.col("oxygen") >= millionths(oxygen_pct_min))
    first = {name: pl.col(name).sort_by("time_ms").first() for name in before}
    sums = {name: wide(pl.col(name)).sum() for name in ("value", "oxygen")}
    found = _spells(
        readings.sort("pid", "time_ms").with_columns(**before),
        near_air,
        gap_s_max=gap_s_max,
        cover_s=cover_s,
        lasting_s=lasting_s,
        n=pl.col("value").count().cast(pl.Int128),
        all=pl.len(),
        **first,
        **sums,
    )
    # Undiluted gas and air mix: value now over value before equals (air - oxygen now) over (air - oxygen before).
    air, share = millionths(AIR_OXYGEN_PCT), exact(same_pct_max)
    left = air - wide(pl.col("before_oxygen"))
    expected = wide(pl.col("before_value")) * (pl.col("n") * air - pl.col("oxygen"))
    off = (pl.col("value") * left - expected).abs()
    allowed = pl.col("n") * wide(pl.col("before_value")) * left
    known = (pl.col("n") == pl.col("all")) & (pl.col("before_value") > 0) & (left > 0)
    diluted = known & (off * 100 * share.denominator <= allowed * share.numerator)
    fell = pl.format("; the pollutant fell from {} as air dilutes it", text_expr(pl.col("before_value")))
    reason = pl.format(f"oxygen at or above {number_text(oxygen_pct_min)} % for {{}} min while running", _MINUTES)
    return evidence(
        found,
        "DQ-6",
        start=pl.col("start_ms"),
        end=pl.col("end_ms"),
        reason=reason + pl.when(diluted.fill_null(False)).then(fell).otherwise(pl.lit("")),
        weight=weight,
    )


def flow_against_plant(
    readings: pl.DataFrame, *, zero_m_s: Exact, lasting_s: Exact, gap_s_max: Exact, cover_s: Exact, weight: int
) -> pl.DataFrame:
    """Find gas that stands still while the plant runs, or flows while it does not (DQ-7).

    Args:
        readings: ``pid``, ``time_ms``, ``value`` (velocity, m/s), ``running``.
        zero_m_s: velocity that is none; equal is.
        lasting_s: least length of a spell; equal is enough.
        gap_s_max: see above, as are the next two.
        cover_s: how long a reading stands for.
        weight: of each piece of evidence.

    Source:
        DQ-7 (proposal): 0.5 m/s, 30 min.
    """
    zero = millionths(zero_m_s)
    cases = (
        (
            pl.col("running") & (pl.col("value") <= zero),
            f"velocity at or below {number_text(zero_m_s)} m/s for {{}} min while running",
        ),
        (
            ~pl.col("running") & (pl.col("value") > zero),
            f"velocity above {number_text(zero_m_s)} m/s for {{}} min while not running",
        ),
    )
    return pl.concat(
        evidence(
            _spells(readings, met, gap_s_max=gap_s_max, cover_s=cover_s, lasting_s=lasting_s),
            "DQ-7",
            start=pl.col("start_ms"),
            end=pl.col("end_ms"),
            reason=pl.format(words, _MINUTES),
            weight=weight,
        )
        for met, words in cases
    ).sort("pid", "start_ms")


def rank_correlation(pairs: Sequence[tuple[int, int]]) -> tuple[int, Fraction] | None:
    """Return the sign of Spearman's rank correlation and its square, exactly; None where a side does not vary.

    Ties share their middle rank.

    >>> rank_correlation([(1, 30), (2, 20), (3, 10)])
    (-1, Fraction(1, 1))
    """
    xs, ys = _ranks([x for x, _ in pairs]), _ranks([y for _, y in pairs])
    n = len(pairs)
    covariance = n * sum(x * y for x, y in zip(xs, ys, strict=True)) - sum(xs) * sum(ys)
    varying = [n * sum(rank * rank for rank in ranks) - sum(ranks) ** 2 for ranks in (xs, ys)]
    if not all(varying):
        return None
    return (covariance > 0) - (covariance < 0), Fraction(covariance * covariance, varying[0] * varying[1])


def wrong_correlation(
    pairs: pl.DataFrame, *, window_s: Exact, strength_min: Exact, readings_min: int, offset_ms: int, weight: int
) -> pl.DataFrame:
    """Find windows in which two channels move against each other though they belong together, or the reverse (DQ-9).

    Args:
        pairs: ``pid``, ``time_ms``, ``x`` and ``y`` (the two channels), ``sign`` (1 where they should move alike, -1 where against each other).
        window_s: length of a window; windows follow each other from local midnight on.
        strength_min: least correlation of the wrong sign, without its sign; equal is told.
        readings_min: pairs below which a window says nothing.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Source:
        DQ-9 (proposal): Spearman's rank correlation, 0.8, 24 h; load and flow, fuel and SO2 before treatment.
    """
    window_ms = milliseconds(window_s)
    windows = in_windows(
        pairs.filter(pl.col("x").is_not_null() & pl.col("y").is_not_null()),
        window_ms=window_ms,
        every_ms=window_ms,
        offset_ms=offset_ms,
        x=pl.col("x"),
        y=pl.col("y"),
        sign=pl.col("sign").first(),
    ).filter(pl.col("x").list.len() >= readings_min)
    strong = exact(strength_min) ** 2
    reasons: list[str | None] = []
    for xs, ys, sign in windows.select("x", "y", "sign").rows():
        found = rank_correlation(list(zip(xs, ys, strict=True)))
        wrong = found is not None and found[0] * sign < 0 and found[1] >= strong
        shown = number_text(Fraction(math.sqrt(found[1]))) if found is not None else ""
        reasons.append(f"rank correlation {'-' if sign > 0 else ''}{shown} of {len(xs)} pairs" if wrong else None)
    told = windows.with_columns(pl.Series("reason", reasons, dtype=pl.String)).filter(pl.col("reason").is_not_null())
    return evidence(told, "DQ-9", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=pl.col("reason"), weight=weight)


def opposite(hours: pl.DataFrame, *, readings_min: int, distinct_min: int, cover_s: Exact, weight: int) -> pl.DataFrame:
    """Find channels of which one moves exactly opposite to another: where it is greatest the other is least, and so on (DQ-9).

    Args:
        hours: one row a channel and time: ``pid``, ``factor`` (its name), ``time_ms``, ``value``.
        readings_min: values of a channel below which it is not looked at.
        distinct_min: different values, likewise.
        cover_s: how long a row stands for.
        weight: of each piece of evidence.

    Returns:
        Evidence of one channel of each pair, the one with the lower ``pid``; both have values at the same times.

    Source:
        DQ-9 (proposal); exactly opposite is read as a rank correlation of -1.
    """
    rank = pl.col("value").rank("min").cast(pl.Int64) + pl.col("value").rank("max").cast(pl.Int64)  # twice the mean rank
    at = pl.col("time_ms").cast(pl.String)
    ranked = (
        hours.filter(pl.col("value").is_not_null())
        .sort("pid", "time_ms")
        .with_columns(rank=rank.over("pid"), mirrored=2 * (pl.len().cast(pl.Int64) + 1).over("pid") - rank.over("pid"))
    )
    channels = (
        ranked.group_by("pid", "factor")
        .agg(
            n=pl.len(),
            distinct=pl.col("value").n_unique(),
            order=pl.format("{}:{}", at, "rank").str.join(" "),
            reverse=pl.format("{}:{}", at, "mirrored").str.join(" "),
            start_ms=pl.col("time_ms").min(),
            end_ms=pl.col("time_ms").max() + milliseconds(cover_s),
        )
        .filter((pl.col("n") >= readings_min) & (pl.col("distinct") >= distinct_min))
    )
    other = channels.select(other="pid", other_factor="factor", order="reverse")
    pairs = channels.join(other, on="order").filter(pl.col("pid") < pl.col("other"))
    reason = pl.format("moves exactly opposite to {}", "other_factor")
    return evidence(pairs, "DQ-9", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def stopped_yet_running(
    readings: pl.DataFrame,
    *,
    oxygen_pct_max: Exact,
    flow_pct_max: Exact,
    power_pct_max: Exact,
    warmer_degc_max: Exact,
    lasting_s: Exact,
    gap_s_max: Exact,
    cover_s: Exact,
    weight: int,
) -> pl.DataFrame:
    """Find a source that is declared stopped while its gas or its power says that it runs (DQ-12).

    Args:
        readings: ``pid``, ``time_ms``, ``stopped`` (by mark or flag), ``oxygen`` (% by volume), ``flow`` and ``power`` (% of normal), ``warmer`` (gas above
            ambient, °C); each may be None throughout.
        oxygen_pct_max: oxygen below this says running.
        flow_pct_max: flow above this says running.
        power_pct_max: power above this says running.
        warmer_degc_max: gas warmer than this says running.
        lasting_s: least length of a spell; equal is enough.
        gap_s_max: see above, as are the next two.
        cover_s: how long a reading stands for.
        weight: of each piece of evidence.

    Source:
        DQ-12 (pattern seen; test a proposal): oxygen below 19 %, flow above 20 % of normal, 15 min.
    """
    signs = {
        "oxygen": pl.col("oxygen") < millionths(oxygen_pct_max),
        "flow": pl.col("flow") > millionths(flow_pct_max),
        "power": pl.col("power") > millionths(power_pct_max),
        "temperature": pl.col("warmer") > millionths(warmer_degc_max),
    }
    running = pl.any_horizontal(sign.fill_null(False) for sign in signs.values())
    found = _spells(
        readings,
        pl.col("stopped") & running,
        gap_s_max=gap_s_max,
        cover_s=cover_s,
        lasting_s=lasting_s,
        **{f"says_{name}": sign.any() for name, sign in signs.items()},
    )
    saying = pl.concat_str((pl.when(f"says_{name}").then(pl.lit(name)) for name in signs), separator=", ", ignore_nulls=True)
    reason = pl.format("declared stopped, yet running by {} for {} min", saying, _MINUTES)
    return evidence(found, "DQ-12", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def idle_abatement(
    readings: pl.DataFrame, *, production_pct_min: Exact, lasting_s: Exact, gap_s_max: Exact, cover_s: Exact, weight: int
) -> pl.DataFrame:
    """Find production while the bypass is open or the abatement does not work (DQ-17).

    Args:
        readings: ``pid``, ``time_ms``, ``production`` (power or flow, % of normal), ``bypass_open``, ``abatement`` (its power, reagent flow or
            temperature) and ``abatement_min`` (its running bound, same unit); each may be None throughout.
        production_pct_min: production above this is going on.
        lasting_s: least length of a spell; equal is enough.
        gap_s_max: see above, as are the next two.
        cover_s: how long a reading stands for.
        weight: of each piece of evidence.

    Source:
        DQ-17 (proposal): 20 % of normal power, 10 min.
    """
    producing = pl.col("production") > millionths(production_pct_min)
    cases = (
        (producing & pl.col("bypass_open"), "bypass open for {} min while producing"),
        (
            producing & (pl.col("abatement") < pl.col("abatement_min")),
            "abatement below its running bound for {} min while producing",
        ),
    )
    return pl.concat(
        evidence(
            _spells(readings, met, gap_s_max=gap_s_max, cover_s=cover_s, lasting_s=lasting_s),
            "DQ-17",
            start=pl.col("start_ms"),
            end=pl.col("end_ms"),
            reason=pl.format(words, _MINUTES),
            weight=weight,
        )
        for met, words in cases
    ).sort("pid", "start_ms", "reason")


def _spells(
    readings: pl.DataFrame, met: pl.Expr, *, gap_s_max: Exact, cover_s: Exact, lasting_s: Exact, **columns: pl.Expr
) -> pl.DataFrame:
    """Return the spells of a condition that lasted long enough, with columns told of each."""
    cover_ms = milliseconds(cover_s)
    return (
        held(readings, met, gap_ms_max=milliseconds(gap_s_max), cover_ms=cover_ms)
        .group_by("pid", "start_ms")
        .agg(end_ms=pl.col("time_ms").max() + cover_ms, **columns)
        .filter(pl.col("end_ms") - pl.col("start_ms") >= milliseconds(lasting_s))
    )


def _ranks(values: Sequence[int]) -> list[int]:
    """Return twice the rank of each value, counted from 0, so that the middle rank of ties is a whole number."""
    ordered = sorted(values)
    last = {value: at for at, value in enumerate(ordered)}
    first = {value: at for at, value in reversed(list(enumerate(ordered)))}
    return [first[value] + last[value] for value in values]
