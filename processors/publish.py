"""Publish: judge rebuilt figures, compare them with what was last said, number revisions, and let equal ones stop the cascade."""

from __future__ import annotations

from typing import Any

import polars as pl

from processors.episodes import EXEMPT, HourVerdict
from processors.figures import HOUR_MS, Episode, Figure
from processors.hours import HOUR_SCHEMA, judged
from processors.output import Past
from processors.points import Points
from processors.shelf import Shelf

LIVE_MS = 3_600_000
"""An hour first decided later than this after its end is looked back at: it is told in a digest, never paged."""

FIGURE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    **HOUR_SCHEMA,
    "limit": pl.Int64,
    "limit_id": pl.String,
    "verdict": pl.String,
    "revision": pl.Int64,
    "state": pl.String,
    "decided": pl.Int64,
}
FIGURE_COLUMNS = (*FIGURE_SCHEMA, "level")
_SAME = ("value", "n", "reason", "note", "digest", "rules", "limit", "verdict")


def publish(shelf: Shelf, rows: pl.DataFrame, points: Points, level: str) -> pl.DataFrame:
    """Judge rows and return those that are new or differ from the latest, after filing them as the latest.

    Args:
        rows: HOUR_SCHEMA, ``decided`` (log time of the decision; None while provisional); with ``exempt`` (see ``exempting.exempted``) those
            that are not judged, whether there is a limit or not.

    Returns:
        FIGURE_COLUMNS: ``revision`` counts from 1 at the first decision (0 while provisional).
    """
    if rows.is_empty():
        return EMPTY
    rows = judged(rows, points, level)
    if "exempt" in rows.columns:
        rows = rows.with_columns(verdict=pl.when("exempt").then(pl.lit(EXEMPT)).otherwise("verdict"))
    latest = shelf.latest(level, rows["hour"].unique().to_list())
    if latest is None:
        latest = EMPTY.drop("level")
    old = latest.select("pid", "stat", "hour", "revision", *(pl.col(c).alias(f"old_{c}") for c in _SAME))
    joined = rows.join(old, on=["pid", "stat", "hour"], how="left")
    differs = pl.any_horizontal(*(pl.col(c).ne_missing(pl.col(f"old_{c}")) for c in _SAME))
    was = pl.col("revision")
    decided = pl.col("decided").is_not_null()
    news = joined.filter(was.is_null() | (differs & (decided | (was == 0))) | (decided & (was == 0)))
    if news.is_empty():
        return EMPTY
    news = news.with_columns(
        state=pl.when(~decided)
        .then(pl.lit("provisional"))
        .when(was.fill_null(0) > 0)
        .then(pl.lit("revised"))
        .otherwise(pl.lit("final")),
        revision=pl.when(decided).then(was.fill_null(0) + 1).otherwise(0),
    ).select(*(pl.col(name).cast(kind) for name, kind in FIGURE_SCHEMA.items()))
    shelf.put(level, news)
    return news.with_columns(level=pl.lit(level))


def verdicts(figures: pl.DataFrame, points: Points) -> list[HourVerdict]:
    """Return the decided, judged hours among published figures, oldest first."""
    rows = figures.filter(pl.col("limit").is_not_null() & (pl.col("revision") > 0)).sort("hour", "pid", "stat")
    return [_verdict(row, points) for row in rows.iter_rows(named=True)]


def verdict_behind(shelf: Shelf, episode: Episode, points: Points, past: Past | None) -> HourVerdict | None:
    """Return the latest verdict on the hour behind an episode, None where that hour is not decided."""
    shown = shelf.latest("hour", [episode.end_ms])
    if shown is not None:
        same = (pl.col("pid") == points.pid.get((episode.source, episode.factor), -1)) & (pl.col("stat") == episode.stat)
        for row in shown.filter(same & (pl.col("limit_id") == episode.limit_id) & (pl.col("revision") > 0)).iter_rows(
            named=True
        ):
            return _verdict(row, points)
    for figure in (
        past.cold_figures(episode.source, "hour", episode.end_ms, episode.end_ms + HOUR_MS) if past is not None else ()
    ):
        if (figure.factor, figure.stat, figure.limit_id) == (
            episode.factor,
            episode.stat,
            episode.limit_id,
        ) and figure.revision:
            return verdict_of(figure)
    return None


def _verdict(row: dict[str, Any], points: Points) -> HourVerdict:
    key = points.keys[row["pid"]]
    live = row["revision"] == 1 and row["decided"] <= row["hour"] + HOUR_MS + LIVE_MS
    return HourVerdict(
        key.source,
        key.factor,
        row["stat"],
        row["limit_id"],
        row["hour"],
        row["verdict"],
        row["value"],
        row["limit"],
        row["reason"],
        row["n"],
        points.unit(row["pid"]),
        row["state"],
        live,
        row["decided"],
    )


def verdict_of(figure: Figure) -> HourVerdict:
    """Return the verdict of a stored, judged hour."""
    return HourVerdict(
        figure.source, figure.factor, figure.stat, figure.limit_id or "", figure.start_ms, figure.verdict or "", figure.value,
        figure.limit or 0, figure.reason, figure.n, figure.unit, figure.state, False, figure.decided_ms,
    )  # fmt: skip


def frame_of(figures: list[Figure], points: Points) -> pl.DataFrame:
    """Return stored figures as rows of FIGURE_SCHEMA, for a shelf; figures of unknown points are left out."""
    rows = [
        {
            "pid": points.pid[f.source, f.factor],
            "stat": f.stat,
            "hour": f.start_ms,
            "value": f.value,
            "n": f.n,
            "total": f.total,
            "reason": f.reason,
            "note": f.explain.get("note"),
            "digest": int(f.inputs, 16),
            "rules": int(f.rules, 16),
            "as_of": f.as_of_ms,
            "limit": f.limit,
            "limit_id": f.limit_id,
            "verdict": f.verdict,
            "revision": f.revision,
            "state": f.state,
            "decided": f.decided_ms,
        }
        for f in figures
        if (f.source, f.factor) in points.pid
    ]
    return pl.DataFrame(rows, schema=FIGURE_SCHEMA)


EMPTY = pl.DataFrame(schema={**FIGURE_SCHEMA, "level": pl.String})
