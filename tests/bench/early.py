"""Early warning scored on real feeds: what was announced beforehand, how early, how often wrongly, and how well its confidence holds.

``python -m tests.bench.early`` prints a table; the rules and parameters are those of the shipped rule pack. Feeds of minutes score the running hour,
all feeds the next hour. A feed without a limit gets the 98th percentile of its first half; everything is scored on the second half.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from processors.early import LOOK_MS
from processors.figures import HOUR_MS, MINUTE_MS, MINUTE_SCALE, SCALE
from processors.packs import EarlyHour, EarlyNextHour, shipped
from processors.rules.early import MINUTES, chances, hour_so_far, one_hour_changes
from tests.conftest import SHARED

DATA = SHARED / "data"
QUANTILE = 0.98
VALID_MIN = 45
BLOCK = 240
"""Hours whose chances are counted at once."""
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)


@dataclass(frozen=True, slots=True)
class Feed:
    """A column of a feed: minutes that a value covers (60: hours), and its limit where one is chosen in ``feeds/``."""

    name: str
    file: str
    column: str
    covers_min: int
    limit: float | None = None
    time: str = "time_local"

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return DATA / self.file


FEEDS = (
    Feed("gas turbine CO", "gas_turbine_cems/gas_turbine_cems_2011_2013.csv.gz", "co_mg_m3", 60, 20, ""),
    Feed("gas turbine NOx", "gas_turbine_cems/gas_turbine_cems_2011_2013.csv.gz", "nox_mg_m3", 60, 80, ""),
    Feed("effluent NH3-N", "effluent_hourly_cn/effluent_hourly_cn_2021.csv", "hourly_avg", 60, 8),
    *(
        Feed(f"Loving {c}", "voc_gc_loving/voc_gc_loving_2023_04_10.csv.gz", f"{c}_ppb", 60, None, "time_utc")
        for c in ("benzene", "ethane", "nox", "so2", "h2s")
    ),
    Feed("Tilburg inflow", "wwtp_tilburg/wwtp_tilburg_online_2022_03_04.csv", "q_inf_m3_h", 15),
    Feed("boiler O2", "boiler_dcs_escalante/boiler_dcs_escalante_part1.csv", "flue_o2_a_pct_dry", 10),
    Feed("river SAC254", "river_uv254_ufz/river_uv254_ufz_2016.csv.gz", "sac254_1_m", 15, None, "time"),
    Feed("house power", "household_power_1min/household_power_1min_2006_12.csv.gz", "global_active_power_kw", 1),
)


def readings(feed: Feed) -> pl.DataFrame:
    """Return ``minute`` (start, epoch ms) and ``value`` (at SCALE) of a column, in the order of time; missing ones are left out."""
    rows = pl.read_csv(feed.path, infer_schema_length=None)
    value = pl.col(feed.column).cast(pl.Float64, strict=False)
    if feed.time:
        at = pl.col(feed.time).str.replace("Z$", "").str.replace("T", " ").str.to_datetime("%Y-%m-%d %H:%M:%S").dt.epoch("ms")
    else:
        at = pl.int_range(pl.len()) * HOUR_MS  # no times in the file: rows are taken as consecutive hours
    step = feed.covers_min * MINUTE_MS
    rows = rows.select(minute=at.cast(pl.Int64) // step * step, value=value).drop_nulls()
    scaled = (pl.col("value") * 10**SCALE).round().cast(pl.Int64)
    return rows.group_by("minute").agg(pl.col("value").last()).with_columns(value=scaled).sort("minute")


def hours_of(feed: Feed, rows: pl.DataFrame) -> pl.DataFrame:
    """Return valid hours as figures: ``pid``, ``stat``, ``hour``, ``value``."""
    least = VALID_MIN if feed.covers_min < MINUTES else 0
    hours = rows.group_by(hour=pl.col("minute") // HOUR_MS * HOUR_MS).agg(pl.col("value").mean(), n=pl.len() * feed.covers_min)
    hours = hours.filter(pl.col("n") >= least).sort("hour")
    whole = pl.col("value").round().cast(pl.Int64)
    return hours.select(pid=pl.lit(0, dtype=pl.Int32), stat=pl.lit("avg"), hour="hour", value=whole)


def limit_of(feed: Feed, hours: pl.DataFrame) -> int:
    """Return the limit at SCALE: the feed's own, else a high percentile of the first half."""
    if feed.limit is not None:
        return round(feed.limit * 10**SCALE)
    return int(hours.head(hours.height // 2)["value"].quantile(QUANTILE, "nearest") or 0)


def counted(bases: pl.DataFrame, changes: pl.DataFrame, rule: EarlyNextHour) -> pl.DataFrame:
    """Return ``bases`` with ``k`` and ``of``, block by block."""
    bases, parts = bases.sort("hour"), []
    for block in bases.iter_slices(BLOCK):
        first, last = int(block["hour"][0]), int(block["hour"][-1])
        near = changes.filter(pl.col("hour").is_between(first - rule.hours_back * HOUR_MS, last))
        parts.append(block.join(chances(block, near), on=["pid", "stat", "hour"]))
    return pl.concat(parts)


def score_next_hour(feed: Feed) -> dict[str, Any] | None:
    """Score the forecast of the next hour, and persistence: an hour exceeds if the hour before it did; None where too few hours follow each other."""
    rule = next(r for r in shipped()["cn-flue-gas"].rules if isinstance(r, EarlyNextHour))
    hours = hours_of(feed, readings(feed))
    limit = limit_of(feed, hours)
    start = int(hours["hour"][hours.height // 2])
    bases = hours.select(
        "pid", "stat", base="value", hour=pl.col("hour") + HOUR_MS, left=pl.lit(MINUTES), limit=pl.lit(limit),
        hours_back=pl.lit(rule.hours_back),
    )  # fmt: skip
    done = counted(bases, one_hour_changes(hours), rule).join(hours.select("hour", came="value"), on="hour")
    done = done.filter((pl.col("hour") >= start) & (pl.col("of") >= rule.changes_min)).with_columns(
        exceeds=pl.col("came") > limit, before=pl.col("base") > limit, share=pl.col("k") / pl.col("of")
    )
    if done.is_empty():
        return None
    told = done.with_columns(told=pl.col("k") * 100 >= rule.share_pct * pl.col("of"))
    return {
        "feed": feed.name,
        "limit": limit / 10**SCALE,
        "hours": told.height,
        "exceed": told["exceeds"].sum(),
        "ours": _told(told, "told"),
        "persistence": _told(told, "before"),
        "brier": told.select(((pl.col("share") - pl.col("exceeds")) ** 2).mean()).item(),
        "brier_persistence": told.select((pl.col("before") != pl.col("exceeds")).cast(pl.Float64).mean()).item(),
        "pairs": told.select("share", "exceeds").rows(),
        "told": told.filter("told")["hour"].to_list(),
    }


def _told(rows: pl.DataFrame, name: str) -> dict[str, int]:
    """Count announcements that came true and that did not, in all and of hours that begin an episode."""
    told, onset = rows.filter(name), rows.filter(~pl.col("before"))
    begun = onset.filter(name)
    return {
        "true": told["exceeds"].sum(),
        "false": (~told["exceeds"]).sum(),
        "onsets": onset["exceeds"].sum(),
        "onset_true": begun["exceeds"].sum(),
        "onset_false": (~begun["exceeds"]).sum(),
    }


def score_running_hour(feed: Feed) -> dict[str, Any]:
    """Score the running hour: opened at a look, not withdrawn later, and what came of it; ``lead`` is minutes to the hour's end."""
    pack = shipped()["cn-flue-gas"].rules
    rule = next(r for r in pack if isinstance(r, EarlyHour))
    ahead = next(r for r in pack if isinstance(r, EarlyNextHour))
    rows = readings(feed)
    hours = hours_of(feed, rows)
    limit = limit_of(feed, hours)
    start = int(hours["hour"][hours.height // 2])
    scored = hours.filter(pl.col("hour") >= start).with_row_index("n").with_columns(pid=pl.col("n").cast(pl.Int32))
    minutes = rows.with_columns(
        hour=pl.col("minute") // HOUR_MS * HOUR_MS,
        value=pl.col("value") * 10 ** (MINUTE_SCALE - SCALE),
        known=pl.col("minute") + feed.covers_min * MINUTE_MS,  # a value over a quarter of an hour is there when it has ended
        minute=pl.int_ranges(pl.col("minute"), pl.col("minute") + feed.covers_min * MINUTE_MS, MINUTE_MS),
    ).explode("minute")
    minutes = minutes.join(scored.select("pid", "stat", "hour"), on="hour").with_columns(
        limit=pl.lit(limit), **{k: pl.lit(v) for k, v in rule.numbers().items()}
    )
    opened: dict[int, tuple[int, int]] = {}
    withdrawn: set[int] = set()
    for look in range(LOOK_MS, HOUR_MS, LOOK_MS):
        seen = hour_so_far(minutes.filter(pl.col("known") <= pl.col("hour") + look))
        for pid, value, opens, closes in seen.select("pid", "value", "opens", "closes").rows():
            if opens and pid not in opened:
                opened[pid] = (MINUTES - look // MINUTE_MS, value)
            elif pid in opened and closes:
                withdrawn.add(pid)
            elif opens:
                withdrawn.discard(pid)
    exceeds = dict(scored.select("pid", pl.col("value") > limit).rows())
    hour = dict(scored.select("pid", "hour").rows())
    bases = pl.DataFrame(
        [(0, "avg", hour[pid], value, left, limit, ahead.hours_back) for pid, (left, value) in sorted(opened.items())],
        schema=["pid", "stat", "hour", "base", "left", "limit", "hours_back"], orient="row",
    ).with_columns(pl.col("pid").cast(pl.Int32))  # fmt: skip
    sure = counted(bases, one_hour_changes(hours), ahead) if bases.height else bases
    came = {hour[pid]: yes for pid, yes in exceeds.items()}
    leads = [left for pid, (left, _value) in opened.items() if exceeds[pid]]
    return {
        "feed": feed.name,
        "limit": limit / 10**SCALE,
        "hours": scored.height,
        "exceed": sum(exceeds.values()),
        "true": len(leads),
        "false": len(opened) - len(leads),
        "withdrawn": len(withdrawn),
        "withdrawn_true": sum(exceeds[pid] for pid in withdrawn),
        "lead": median(leads) if leads else None,
        "pairs": [
            (k / of, came[at])
            for at, k, of in (sure.select("hour", "k", "of").rows() if bases.height else ())
            if of >= ahead.changes_min
        ],
    }


def calibration(pairs: list[tuple[float, bool]]) -> list[tuple[str, int, float, float]]:
    """Return, by stated confidence: its range, how many, the mean that was stated, the share that exceeded."""
    out = []
    for low, high in pairwise(BINS):
        of_bin = [(share, yes) for share, yes in pairs if low <= share < high]
        if of_bin:
            n = len(of_bin)
            out.append((f"{low:.0%} to {min(high, 1):.0%}", n, sum(s for s, _ in of_bin) / n, sum(y for _, y in of_bin) / n))
    return out


def available() -> list[Feed]:
    """Return the feeds whose files are there."""
    return [feed for feed in FEEDS if feed.path.exists()]


def main() -> None:
    """Print the scores."""
    print("next hour: true + false of announcements; (onsets: hours that begin an episode)")
    pairs: list[tuple[float, bool]] = []
    for feed in available():
        s = score_next_hour(feed)
        if s is None:
            print(f"{feed.name:<16} not scored: too few hours in a row")
            continue
        pairs += s["pairs"]
        o, p = s["ours"], s["persistence"]
        print(
            f"{s['feed']:<16} limit {s['limit']:<9.4g} {s['exceed']:>4} of {s['hours']:>6} hours exceed;"
            f" ours {o['true']:>4} true {o['false']:>4} false (onsets {o['onset_true']} of {o['onsets']}, {o['onset_false']} false);"
            f" persistence {p['true']:>4} true {p['false']:>4} false (onsets 0);"
            f" Brier {s['brier']:.4f} against {s['brier_persistence']:.4f}"
        )
    _print_calibration(pairs)
    print("\nrunning hour")
    pairs = []
    for feed in available():
        if feed.covers_min < MINUTES:
            s = score_running_hour(feed)
            pairs += s["pairs"]
            print(
                f"{s['feed']:<16} limit {s['limit']:<9.4g} {s['exceed']:>4} of {s['hours']:>6} hours exceed;"
                f" {s['true']:>4} true {s['false']:>4} false, {s['withdrawn']} withdrawn ({s['withdrawn_true']} of them exceeded);"
                f" median lead {s['lead'] or 0:.0f} min"
            )
    _print_calibration(pairs)


def _print_calibration(pairs: list[tuple[float, bool]]) -> None:
    for span, n, stated, came in calibration(pairs):
        print(f"  stated {span:<12} n {n:>6}  mean {stated:.2f}  came true {came:.2f}")


if __name__ == "__main__":
    main()
