"""Means over minutes, hours and days: handed a whole set, computed anew, withheld with a reason where too little was measured.

Columns that all frames here share: ``pid`` (point), ``value`` (integer; None where withheld), ``n``, ``code`` (of REASONS, why there
is no value), ``digest`` (UInt64 of the set it was made from), ``as_of`` (latest receipt among it, epoch milliseconds).
"""

from __future__ import annotations

import polars as pl

from processors.decode import REALTIME
from processors.digest import mix
from processors.figures import HOUR_MS, MINUTE_MS, MINUTE_SCALE, SCALE
from processors.rules.gas import reference_oxygen_expr

REASONS = (
    "valid",
    "stopped",
    "maintenance",
    "calibration",
    "fault",
    "communication fault",
    "set by hand",
    "above range",
    "out of range",
    "unreadable",
    "unknown flag",
    "out of control",
    "overdue calibration",
    "failed check",
    "no valid moisture",
    "no valid gas temperature",
    "no valid static pressure",
    "no valid ambient pressure",
)
"""Why a reading or minute does not count, in the order of their codes; of several reasons the least code is told."""
VALID, STOPPED, MAINTENANCE, CALIBRATION, FAULT, COMMUNICATION, BY_HAND, ABOVE_RANGE, OUT_OF_RANGE, UNREADABLE, UNKNOWN = range(
    11
)
OUT_OF_CONTROL, OVERDUE, FAILED_CHECK = 11, 12, 13
NO_MOISTURE, NO_TEMPERATURE, NO_STATIC, NO_AMBIENT = 14, 15, 16, 17
CODE_OF_FLAG = {
    "N": VALID,
    "": VALID,
    "F": STOPPED,
    "M": MAINTENANCE,
    "C": CALIBRATION,
    "D": FAULT,
    "B": COMMUNICATION,
    "S": BY_HAND,
    "T": ABOVE_RANGE,
}
"""HJ 212-2017 table of data flags, and emission_rules 1.4 for what each makes of a value."""

QUARTER_MS = 15 * 60_000
MINUTES, HOURS = 60, 24
"""Minutes of an hour, and hours of a day."""
NOTHING_DUE = ("stopped", "no discharge")
"""Reasons with which an hour's mass of zero is known, not missing."""
_FINER = 10 ** (MINUTE_SCALE - SCALE)
OXYGEN_AMBIENT = "oxygen at or above the guard"


def half_up(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Return numerator / denominator as Int64, rounded half up; exact because the division is of Int128."""
    wide = denominator.cast(pl.Int128)
    return ((2 * numerator.cast(pl.Int128) + wide) // (2 * wide)).cast(pl.Int64)


def minute_means(readings: pl.DataFrame, shares: pl.DataFrame | None = None) -> pl.DataFrame:
    """Average each point's valid readings over each minute.

    Args:
        readings: one row a reading and minute that it covers: ``pid``, ``minute`` (start, epoch milliseconds), ``kind``, ``value`` (at
            SCALE), ``code``, ``hash``, ``received``, and ``sid`` (source), which is kept. Readings formed by the device itself
            (kind minute) count only in a minute without a valid instant.
        shares: ``pid``, ``from_ms``, ``to_ms``, ``raw_num``, ``raw_den``: points of whose readings in a minute that share is valid, or the minute is
            withheld with the reason of the others. It is a share of what came: readings move over a minute's edges, so that how many should have come
            is not known.

    Returns:
        One row a point and minute, ``value`` at MINUTE_SCALE, ``n`` valid readings.

    Source:
        HJ 75-2017, AIR-AVG-2: the arithmetic mean over the minute. EU-2, EN 17255-1 (from memory, medium): two thirds of the raw data are valid.
    """
    valid = pl.col("code") == VALID
    by_kind = readings.group_by("pid", "minute", "kind").agg(
        sid=pl.col("sid").first(),
        n=valid.sum().cast(pl.Int64),
        total=pl.when(valid).then("value").otherwise(0).sum(),
        code=pl.col("code").min(),
        digest=pl.col("hash").sum(),
        as_of=pl.col("received").max(),
        **({} if shares is None else {"came": pl.len(), "cause": pl.col("code").filter(~valid).min()}),
    )
    if by_kind["kind"].n_unique() > 1:
        by_kind = by_kind.sort("pid", "minute", pl.col("n") == 0, (pl.col("kind") != REALTIME).cast(pl.Int8), "kind").unique(
            ["pid", "minute"], keep="first", maintain_order=True
        )
    enough = pl.col("n") > 0
    if shares is not None:
        at = (pl.col("from_ms") <= pl.col("minute")) & (pl.col("minute") < pl.col("to_ms"))
        few = by_kind.filter(enough & pl.col("cause").is_not_null()).join(shares, on="pid").filter(at)
        few = few.filter(pl.col("n") * pl.col("raw_den") < pl.col("came") * pl.col("raw_num")).select("pid", "minute", few=True)
        by_kind = by_kind.join(few, on=["pid", "minute"], how="left").with_columns(
            code=pl.when("few").then("cause").otherwise("code")
        )
        enough = enough & pl.col("few").is_null()
    return by_kind.select(
        "sid",
        "pid",
        "minute",
        value=pl.when(enough).then(half_up(pl.col("total").cast(pl.Int128) * _FINER, pl.max_horizontal("n", 1))),
        n="n",
        code=pl.when(enough).then(pl.lit(VALID)).otherwise("code").cast(pl.Int8),
        digest="digest",
        as_of="as_of",
    )


def at_reference(minutes: pl.DataFrame, oxygen: pl.DataFrame) -> pl.DataFrame:
    """Convert minute means to reference oxygen, minute by minute.

    Args:
        minutes: rows of ``pid``, ``minute``, ``value``, ``code``, ``digest``, ``as_of``, ``ref_o2``, ``guard`` and ``air_o2``
            (oxygen of ambient air; at SCALE), ``above_only`` (see ``reference_oxygen_expr``), ``oxygen_pid``.
        oxygen: minute means of the oxygen points, ``pid`` being the ``oxygen_pid``.

    Returns:
        The rows with ``value`` converted, None without valid oxygen or where oxygen is at or above its guard; ``ambient`` is true there,
        ``as_is`` where a value stands because oxygen is not above the reference.

    Source:
        AIR-CNV-5: C_ref = C (21 - ref) / (21 - O2), US-8 with 20.9 for 21; order minute-then-mean (emission_rules 1.2).
    """
    joined = minutes.join(
        oxygen.select(oxygen_pid="pid", minute="minute", oxygen="value", oxygen_digest="digest", oxygen_as_of="as_of"),
        on=["oxygen_pid", "minute"],
        how="left",
    )
    oxygen_fine, guard_fine = pl.col("oxygen"), pl.col("guard") * _FINER
    reference, air = pl.col("ref_o2") * _FINER, pl.col("air_o2") * _FINER
    above = pl.col("above_only")
    converted = reference_oxygen_expr(
        pl.col("value"), oxygen_fine, reference, guard_fine, air=air, above_only=above, digits=MINUTE_SCALE
    )
    return joined.with_columns(
        value=converted,
        as_is=above & (oxygen_fine <= reference).fill_null(False) & pl.col("value").is_not_null(),
        ambient=(oxygen_fine >= guard_fine).fill_null(False) & pl.col("value").is_not_null(),
        digest=mix(
            pl.col("digest").reinterpret(signed=True), pl.col("oxygen_digest").reinterpret(signed=True), pl.col("oxygen")
        ),
        as_of=pl.max_horizontal("as_of", "oxygen_as_of"),
    )


def conversion_notes(minutes: pl.DataFrame, *, period_ms: int) -> pl.DataFrame:
    """Return how many valid minutes of each period were converted, of points that are converted only above their reference oxygen.

    Args:
        minutes: rows of ``at_reference``.

    Returns:
        ``pid``, ``hour`` (start of the period), ``note``; nothing of other points.
    """
    valid = pl.col("value").is_not_null() & (pl.col("code") == VALID)
    done = (valid & ~pl.col("as_is")).sum()
    told = pl.format("{} of {} valid minutes converted, in which oxygen was above the reference", done, valid.sum())
    return minutes.filter("above_only").group_by("pid", hour=pl.col("minute") // period_ms * period_ms).agg(note=told)


def hour_means(minutes: pl.DataFrame, *, minutes_min: int | pl.DataFrame) -> pl.DataFrame:
    """Average each point's valid minutes over each hour.

    Args:
        minutes: one row a point and minute: ``pid``, ``minute``, ``value`` (at MINUTE_SCALE), ``code``, ``digest``, ``as_of``; optionally
            ``ambient`` (see ``at_reference``).
        minutes_min: valid minutes below which the hour is withheld: one number, or rows of ``pid``, ``hour``,
            ``minutes_min``, ``quarters_min`` (quarters of the hour that must hold a valid minute) and ``apart_min``: where that is above 0, quarters
            that the plant stood are not asked for, and with a calibration or maintenance two valid minutes so far apart are enough. With
            ``operating_minutes`` the share ``minutes_min`` of 60 is asked of the minutes that were not stopped, at least one.

    Returns:
        One row a point and hour: ``hour`` (start), ``value`` at SCALE, ``n`` valid minutes, ``total`` (their sum at MINUTE_SCALE),
        ``reason`` (None where there is a value), ``stopped`` (no minute but stopped ones).

    Source:
        HJ 75-2017, AIR-AVG-3: an hour is valid with at least 45 valid minutes; its value is the mean of the valid minutes. US-1, 40 CFR
        75.10 (from memory, high): a minute in each operating quadrant; with a calibration two minutes 15 minutes apart. That stopped minutes may
        be left out of account is a proposal (emission_rules 1.1).
    """
    has_value = pl.col("value").is_not_null()
    ambient = pl.col("ambient").sum() if "ambient" in minutes.columns else pl.lit(0)
    quarter, running = pl.col("minute") % HOUR_MS // QUARTER_MS, pl.col("code") != STOPPED
    spread_over = {
        "quarters": quarter.filter(has_value).n_unique().cast(pl.Int64),
        "still": (~running).sum().cast(pl.Int64),
        "stood": (quarter.n_unique() - quarter.filter(running).n_unique()).cast(pl.Int64),
        "calibrated": pl.col("code").is_in([MAINTENANCE, CALIBRATION]).any(),
        "apart": (pl.col("minute").filter(has_value).max() - pl.col("minute").filter(has_value).min()) // MINUTE_MS,
    }
    hours = minutes.group_by("pid", hour=pl.col("minute") // HOUR_MS * HOUR_MS).agg(
        n=has_value.sum().cast(pl.Int64),
        total=pl.col("value").cast(pl.Int128).sum(),
        code=pl.col("code").filter(pl.col("code") != VALID).min(),
        stopped=(pl.col("code") == STOPPED).all(),
        ambient=ambient.cast(pl.Int64),
        digest=mix(pl.col("minute"), pl.col("digest").reinterpret(signed=True)).sum(),
        as_of=pl.col("as_of").max(),
        **({} if isinstance(minutes_min, int) else spread_over),
    )
    scattered, spread, two = pl.lit(False), pl.lit(""), pl.lit(False)
    if isinstance(minutes_min, int):
        least = pl.lit(minutes_min, dtype=pl.Int64)
    else:
        asked = minutes_min.select("pid", "hour", "minutes_min", "quarters_min", "apart_min", "operating_minutes")
        share = (pl.col("minutes_min") * (MINUTES - pl.col("still")) + MINUTES - 1) // MINUTES
        hours = hours.join(asked, on=["pid", "hour"], how="inner").with_columns(
            minutes_min=pl.when("operating_minutes").then(share).otherwise("minutes_min")
        )
        stood = pl.when(pl.col("apart_min") > 0).then("stood").otherwise(0)
        least, quarters = (pl.max_horizontal(pl.col(name) - stood, 1) for name in ("minutes_min", "quarters_min"))
        quarters = pl.when(pl.col("quarters_min") > 0).then(quarters).otherwise(0)
        scattered = (pl.col("n") >= least) & (pl.col("quarters") < quarters)
        spread = pl.format("valid minutes in {} quarters of {}", "quarters", quarters)
        two = (pl.col("apart_min") > 0) & pl.col("calibrated") & (pl.col("apart") >= pl.col("apart_min")).fill_null(False)
    hours = hours.with_columns(enough=((pl.col("n") >= least) & ~scattered | two) & ~pl.col("stopped"))
    cause = pl.col("code").replace_strict(list(range(len(REASONS))), list(REASONS), default=None, return_dtype=pl.String)
    because = (
        pl.when(pl.col("ambient") > 0)
        .then(pl.lit(f" ({OXYGEN_AMBIENT})"))
        .when(cause.is_not_null())
        .then(pl.format(" ({})", cause))
        .otherwise(pl.lit(""))
    )
    short = pl.when(scattered).then(spread).otherwise(pl.format("{} valid minutes of {}{}", "n", least, because))
    return hours.select(
        "pid",
        "hour",
        value=pl.when("enough").then(half_up(pl.col("total"), pl.max_horizontal("n", 1) * _FINER)),
        n="n",
        total=pl.col("total"),
        reason=pl.when("stopped").then(pl.lit("stopped")).when(~pl.col("enough")).then(short),
        stopped="stopped",
        digest="digest",
        as_of="as_of",
    )


def day_means(hours: pl.DataFrame) -> pl.DataFrame:
    """Average each point's valid hours over each day.

    Args:
        hours: one row a point, ``stat`` and hour: ``pid``, ``stat``, ``day`` (start of the local day), ``hour``, ``value`` (at SCALE), ``digest``,
            ``rules``, ``as_of``, ``hours_min`` (valid hours below which the day is withheld), ``exempt`` (a valid hour that is left out of
            the mean, its ``value`` None); optionally ``day_basis``: with "operating" ``hours_min`` of 24 is asked of the hours that were not
            stopped, rounded up; with "missed" at most 24 - ``hours_min`` of them may be without a valid value, and one needs to have one.

    Returns:
        One row a point, stat and day: ``value`` at SCALE, ``n`` hours in the mean, ``total`` (their sum), ``reason``, ``note``.

    Source:
        HJ 75-2017, AIR-AVG-4: a day is valid with at least 20 valid hours; its value is the mean of the valid hours. WTE-11 (from memory,
        medium): without the exempt ones; that these make up the 20 all the same is a proposal, as they are valid (emission_rules 4.4), and so is
        20/24 of the operating hours (1.1). EU-10, 2010/75/EU Annex V (from memory, high): more than three invalid hours of operation make a day
        invalid. US-2, 40 CFR Part 60 (seen): 75 % of the operating hours.
    """
    least_of = pl.col("hours_min").max()
    if "day_basis" in hours.columns:
        stopped = (pl.col("reason") == "stopped").sum().cast(pl.Int64)
        share = (least_of * (HOURS - stopped) + HOURS - 1) // HOURS
        rest = pl.min_horizontal(HOURS - stopped, pl.max_horizontal(least_of - stopped, 1))
        basis = pl.col("day_basis")
        least_of = (
            pl.when((basis == "operating").any()).then(share).when((basis == "missed").any()).then(rest).otherwise(least_of)
        )
    least = hours.group_by("pid", "stat", "day").agg(hours_min=least_of)
    left = hours.group_by("pid", "stat", "day").agg(exempt=pl.col("exempt").sum().cast(pl.Int64))
    valid = pl.col("n") + pl.col("exempt")
    days = _days(hours).join(least, on=["pid", "stat", "day"]).join(left, on=["pid", "stat", "day"])
    days = days.with_columns(enough=(valid >= pl.col("hours_min")) & (pl.col("n") > 0))
    return days.with_columns(
        value=pl.when("enough").then(half_up(pl.col("total"), pl.max_horizontal("n", 1))),
        reason=pl.when(valid < pl.col("hours_min"))
        .then(pl.format("{} valid hours of {}", valid, "hours_min"))
        .when(pl.col("hours_min") == 0)
        .then(pl.lit("stopped"))
        .when(~pl.col("enough"))
        .then(pl.lit("all valid hours are exempt")),
        note=pl.when(pl.col("exempt") > 0).then(pl.format("{} exempt hours left out", "exempt")),
    ).drop("enough", "hours_min", "exempt")


def day_sums(hours: pl.DataFrame) -> pl.DataFrame:
    """Add up each point's hourly amounts over each day (AIR-MAS-2, and energy); a day short of hours says so and keeps its sum.

    Args and Returns are those of ``day_means``; ``value`` is None only where no hour has one.
    """
    days = _days(hours)
    return days.with_columns(
        value=pl.when(pl.col("n") > 0).then(pl.col("total").cast(pl.Int64)),
        reason=pl.when(pl.col("complete") < 24).then(pl.format("{} of 24 hours", "complete")),
    )


def _days(hours: pl.DataFrame) -> pl.DataFrame:
    return hours.group_by("pid", "stat", "day").agg(
        n=pl.col("value").is_not_null().sum().cast(pl.Int64),
        complete=(pl.col("value").is_not_null() & (pl.col("reason").is_null() | pl.col("reason").is_in(NOTHING_DUE)))
        .sum()
        .cast(pl.Int64),
        total=pl.col("value").cast(pl.Int128).sum(),
        digest=pl.when(pl.col("digest") != 0)
        .then(mix(pl.col("hour"), pl.col("digest").reinterpret(signed=True)))
        .otherwise(0)
        .sum(),
        rules=pl.when(pl.col("digest") != 0)
        .then(mix(pl.col("hour"), pl.col("rules").reinterpret(signed=True)))
        .otherwise(0)
        .sum(),
        as_of=pl.col("as_of").max(),
    )
