"""Screening for values that do not live: constant, too quiet, hovering at the detection limit, cut off, repeated, or made up.

Thresholds are proposals of emission_rules 7.2 unless a function says otherwise. Values are Int64 at SCALE, None where not valid; rows come
in any order; ``running`` tells that the source ran, and what it did not, or what is not known, is no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from processors.figures import DAY_MS, SCALE
from processors.rules.evidence import evidence, in_windows
from processors.rules.gas import Exact, exact
from processors.rules.millionths import millionths, milliseconds, share_at_least, share_expr, text_expr, wide
from processors.rules.spells import held
from processors.rules.verdict import number_text

_LIVE = pl.col("value").is_not_null() & pl.col("running").fill_null(False)


def constant(readings: pl.DataFrame, *, window_n: int, gap_s_max: Exact, cover_s: Exact, weight: int) -> pl.DataFrame:
    """Find values that stay within the resolution over a window while the source runs (DQ-1).

    Args:
        readings: ``pid``, ``time_ms``, ``value``, ``resolution`` (smallest step of the monitor, at SCALE), ``running``.
        window_n: adjacent readings that must stay within it.
        gap_s_max: readings further apart are not adjacent.
        cover_s: how long a reading stands for.
        weight: of each piece of evidence.

    Returns:
        Evidence, one row for each stretch made of such windows.

    Source:
        DQ-1 (proposal): 4 hours of flue gas, 6 readings of water.
    """
    spell = ["pid", "spell"]
    value = pl.col("value")
    cover_ms = milliseconds(cover_s)
    span = value.rolling_max(window_n) - value.rolling_min(window_n)
    closes = (span <= pl.col("resolution")).over(spell).fill_null(False)
    flat = closes.cast(pl.Int8).reverse().rolling_max(window_n, min_samples=1).reverse().over(spell) == 1
    stretch = [*spell, "stretch"]
    rows = held(readings, _LIVE, gap_ms_max=milliseconds(gap_s_max), cover_ms=cover_ms)
    found = (
        rows.with_columns(_flat=flat)
        .with_columns(stretch=pl.col("_flat").rle_id().over(spell))
        .filter("_flat")
        .group_by(stretch)
        .agg(
            start_ms=pl.col("time_ms").min(),
            end_ms=pl.col("time_ms").max() + cover_ms,
            n=pl.len(),
            low=value.min(),
            high=value.max(),
        )
    )
    reason = pl.format("{} readings between {} and {} while running", "n", text_expr(pl.col("low")), text_expr(pl.col("high")))
    return evidence(found, "DQ-1", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def small_range(
    readings: pl.DataFrame, *, window_s: Exact, range_pct_max: Exact, readings_min: int, offset_ms: int, weight: int
) -> pl.DataFrame:
    """Find days on which values move less than a share of the measuring range (DQ-2).

    Args:
        readings: ``pid``, ``time_ms``, ``value``, ``full_scale`` (width of the measuring range, at SCALE), ``running``.
        window_s: length of a window; windows follow each other from local midnight on.
        range_pct_max: greatest movement that is too small [% of the measuring range]; equal is too small.
        readings_min: readings while running below which a window says nothing.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Source:
        DQ-2: 2 % of the range (seen), over 24 h (proposal).
    """
    share = exact(range_pct_max)
    moved = pl.col("high") - pl.col("low")
    small = wide(moved) * 100 * share.denominator <= wide(pl.col("full_scale")) * share.numerator
    window_ms = milliseconds(window_s)
    found = in_windows(
        readings.filter(_LIVE),
        window_ms=window_ms,
        every_ms=window_ms,
        offset_ms=offset_ms,
        n=pl.len(),
        low=pl.col("value").min(),
        high=pl.col("value").max(),
        full_scale=pl.col("full_scale").max(),
    ).filter((pl.col("n") >= readings_min) & (pl.col("full_scale") > 0) & small)
    reason = pl.format(
        "between {} and {}, {} % of the measuring range",
        text_expr(pl.col("low")),
        text_expr(pl.col("high")),
        _pct_text(moved, pl.col("full_scale")),
    )
    return evidence(found, "DQ-2", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def detection_hover(
    readings: pl.DataFrame,
    *,
    window_s: Exact,
    every_s: Exact,
    detection_times: Exact,
    share_pct_min: Exact,
    readings_min: int,
    offset_ms: int,
    weight: int,
) -> pl.DataFrame:
    """Find windows in which most values lie around the detection limit (DQ-3).

    Args:
        readings: ``pid``, ``time_ms``, ``value``, ``detection`` (detection limit, at SCALE), ``running``.
        window_s: length of a window.
        every_s: distance of the windows.
        detection_times: values up to so many times the detection limit lie around it; equal does.
        share_pct_min: share of values [%] that is most; equal is.
        readings_min: readings while running below which a window says nothing.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Source:
        DQ-3 (proposal): twice the limit, 90 %, 72 h.
    """
    times = exact(detection_times)
    low = wide(pl.col("value")) * times.denominator <= wide(pl.col("detection")) * times.numerator
    found = in_windows(
        readings.filter(_LIVE),
        window_ms=milliseconds(window_s),
        every_ms=milliseconds(every_s),
        offset_ms=offset_ms,
        n=pl.len(),
        near=low.sum(),
    ).filter((pl.col("n") >= readings_min) & share_at_least(pl.col("near"), pl.col("n"), share_pct_min))
    reason = pl.format(f"{{}} of {{}} readings at or below {number_text(times)} times the detection limit", "near", "n")
    return evidence(found, "DQ-3", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def clipped(readings: pl.DataFrame, *, window_n: int, gap_s_max: Exact, cover_s: Exact, weight: int) -> pl.DataFrame:
    """Find values that lie at the end of the measuring range, as if what is above were cut off.

    Args:
        readings: ``pid``, ``time_ms``, ``value``, ``range_high`` (end of the measuring range, at SCALE), ``running``.
        window_n: adjacent readings at the end or beyond it that are told of.
        gap_s_max: readings further apart are not adjacent.
        cover_s: how long a reading stands for.
        weight: of each piece of evidence.

    Source:
        Notice of 2018 on values above range, emission_rules 7.1 (seen); the test is a proposal.
    """
    cut = _LIVE & (pl.col("value") >= pl.col("range_high"))
    found = (
        held(readings, cut, gap_ms_max=milliseconds(gap_s_max), cover_ms=milliseconds(cover_s))
        .group_by("pid", "start_ms")
        .agg(n=pl.len(), end_ms=pl.col("time_ms").max() + milliseconds(cover_s), top=pl.col("range_high").max())
        .filter(pl.col("n") >= window_n)
    )
    reason = pl.format("{} readings at the end of the measuring range, {}", "n", text_expr(pl.col("top")))
    return evidence(found, "clipped", start=pl.col("start_ms"), end=pl.col("end_ms"), reason=reason, weight=weight)


def copied_days(
    hours: pl.DataFrame, *, same_min: int, distinct_min: int, lookback_days: int, offset_ms: int, weight: int
) -> pl.DataFrame:
    """Find days whose hourly values repeat those of an earlier day (DQ-10).

    Args:
        hours: ``pid``, ``hour`` (start), ``value`` at the resolution of reports.
        same_min: hours of the day that must hold the same value as the earlier day's.
        distinct_min: different values that the day must have; a stopped day has one.
        lookback_days: how far back to look.
        offset_ms: local time's offset from UTC.
        weight: of each piece of evidence.

    Returns:
        Evidence, one row for each repeating day, which names the earlier day that it is most alike, the nearest of several.

    Source:
        DQ-10 (proposal): 22 of 24, 6 different values, 30 days.
    """
    local = pl.col("hour") + offset_ms
    rows = hours.filter(pl.col("value").is_not_null()).select("pid", "value", day=local // DAY_MS, at=local % DAY_MS)
    lively = rows.group_by("pid", "day").agg(distinct=pl.col("value").n_unique()).filter(pl.col("distinct") >= distinct_min)
    apart = pl.col("day") - pl.col("day_2")
    found = (
        rows.join(lively, on=["pid", "day"], how="semi")
        .join(rows, on=["pid", "at", "value"], suffix="_2")
        .filter(apart.is_between(1, lookback_days))
        .group_by("pid", "day", "day_2")
        .agg(n=pl.len())
        .filter(pl.col("n") >= same_min)
        .sort("pid", "day", "n", "day_2")
        .unique(["pid", "day"], keep="last", maintain_order=True)
    )
    start = pl.col("day") * DAY_MS - offset_ms
    reason = pl.format("{} hourly values equal those of {} days before", "n", apart)
    return evidence(found, "DQ-10", start=start, end=start + DAY_MS, reason=reason, weight=weight)


def chi_square(counts: Sequence[int]) -> Fraction | None:
    """Return how far counts in equal bins are from even (Pearson's chi-square); None of nothing.

    >>> chi_square([14, 6, 10, 10])
    Fraction(16, 5)
    """
    n = sum(counts)
    return Fraction(len(counts) * sum(count * count for count in counts), n) - n if n else None


def random_generator(
    values: pl.DataFrame,
    *,
    low: Exact,
    high: Exact,
    resolution: Exact,
    bins: int,
    critical: Exact,
    values_min: int,
    weight: int,
) -> pl.DataFrame:
    """Find points whose values fill a band evenly and never leave it, as those of a random generator do (DQ-14).

    Args:
        values: ``pid``, ``time_ms``, ``value`` (at SCALE, None where not valid) of the stretch looked at; such as air-to-liquid ratios.
        low: least value of the band.
        high: greatest value of the band; both belong to it.
        resolution: step of the values, by which the band is wider than its greatest value.
        bins: equal bins of the band.
        critical: chi-square of ``bins`` - 1 degrees of freedom at or above which the values are not even.
        values_min: values below which nothing is said.
        weight: of each piece of evidence.

    Source:
        DQ-14 (proposal): 20 bins, 5 %, 200 values; after a falsifying switch seen in public firmware (seen).
    """
    bottom, width = millionths(low), millionths(high) - millionths(low) + millionths(resolution)
    bin_of = (pl.col("value") - bottom) * bins // width
    inside = pl.col("value").is_between(millionths(low), millionths(high))
    # With o values in a bin of n, chi-square is bins / n · Σ o² - n; compared without division.
    squares = wide(pl.col("squares")) * bins - wide(pl.col("n")) ** 2
    bound = exact(critical)
    even = squares * bound.denominator < wide(pl.col("n")) * bound.numerator
    found = (
        values.filter(pl.col("value").is_not_null())
        .with_columns(bin=bin_of, inside=inside)
        .group_by("pid", "bin")
        .agg(
            n=pl.len().cast(pl.Int64),
            outside=(~pl.col("inside")).sum(),
            first=pl.col("time_ms").min(),
            last=pl.col("time_ms").max(),
        )
        .group_by("pid")
        .agg(
            n=pl.col("n").sum(),
            squares=(pl.col("n") * pl.col("n")).sum(),
            outside=pl.col("outside").sum(),
            first=pl.col("first").min(),
            last=pl.col("last").max(),
        )
        .filter((pl.col("n") >= values_min) & (pl.col("outside") == 0) & even)
    )
    reason = pl.format(
        f"{{}} values, all from {number_text(low, SCALE)} to {number_text(high, SCALE)} and evenly spread: chi-square {{}} in {bins} bins",
        "n",
        (squares.cast(pl.Float64) / pl.col("n")).round(1).cast(pl.String),
    )
    return evidence(found, "DQ-14", start=pl.col("first"), end=pl.col("last") + 1, reason=reason, weight=weight)


def _pct_text(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Word a share in percent with one decimal, rounded half up."""
    tenth = millionths(Fraction(1, 10))
    return text_expr((share_expr(part, whole) + tenth // 2) // tenth * tenth)
