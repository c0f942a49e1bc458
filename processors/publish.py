"""Publish: judge rebuilt figures, compare them with what was last said, number revisions, and let equal ones stop the cascade."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from processors.episodes import EpisodeBook, HourVerdict
from processors.figures import DAY_MS, HOUR_MS, Episode, Figure
from processors.hours import HOUR_SCHEMA
from processors.judging import EXCEEDS, EXEMPT, NOT_JUDGED, judged, others_of, others_text
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
    "others": pl.String,
    "revision": pl.Int64,
    "state": pl.String,
    "decided": pl.Int64,
}
FIGURE_COLUMNS = (*FIGURE_SCHEMA, "level")
_SAME = ("value", "n", "reason", "note", "digest", "rules", "limit", "verdict", "others")


def publish(shelf: Shelf, rows: pl.DataFrame, points: Points, level: str) -> pl.DataFrame:
    """Judge rows and return those that are new or differ from the latest, after filing them as the latest.

    Args:
        rows: HOUR_SCHEMA, ``decided`` (log time of the decision; None while provisional); with ``exempt`` (see ``exempting.exempted``) those
            that are not judged, whether there is a limit or not; with ``verdict`` (``limit``, ``limit_id``, ``others``) judged already.

    Returns:
        FIGURE_COLUMNS: ``revision`` counts from 1 at the first decision (0 while provisional).
    """
    if rows.is_empty():
        return EMPTY
    latest = shelf.latest(level, rows["hour"].unique().to_list())
    if latest is None:
        latest = EMPTY.drop("level")
    rows = rows if "verdict" in rows.columns else judged(rows, points, level, latest)
    if "exempt" in rows.columns:
        rows = rows.with_columns(verdict=pl.when("exempt").then(pl.lit(EXEMPT)).otherwise("verdict"))
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


def verdicts(figures: pl.DataFrame, points: Points, book: EpisodeBook) -> list[HourVerdict]:
    """Return the verdicts of decided figures, oldest first, the gravest of a figure before its others; of points that exceed or did.

    Of an episode's hours of which the limit no longer holds, because its row ended or its condition is not met any more, the verdict
    is "not judged".
    """
    known = [pid for pid in (points.pid.get(name, -1) for name in book.points) if pid >= 0]
    exceeds = (pl.col("verdict") == EXCEEDS) | pl.col("others").is_not_null()
    told = pl.col("pid").is_in(known) | (pl.col("limit").is_not_null() & exceeds.any().over("pid"))
    rows = figures.filter(told & (pl.col("revision") > 0))
    rows = rows.sort("level", "hour", "pid", "stat", descending=[True, False, False, False])
    return [verdict for row in rows.iter_rows(named=True) for verdict in _verdicts(row, points, book)]


def verdict_behind(shelf: Shelf, episode: Episode, points: Points, past: Past | None) -> HourVerdict | None:
    """Return the latest verdict on the hour or day behind an episode, None where that is not decided."""
    level, after = episode.level, episode.end_ms
    shown = shelf.latest(level, [after])
    found: list[HourVerdict] = []
    if shown is not None:
        same = (pl.col("pid") == points.pid.get((episode.source, episode.factor), -1)) & (pl.col("stat") == episode.stat)
        decided = shown.filter(same & (pl.col("revision") > 0)).with_columns(level=pl.lit(level))
        found = [verdict for row in decided.iter_rows(named=True) for verdict in _verdicts(row, points)]
    if not found and past is not None:
        stored = past.cold_figures(episode.source, level, after, after + episode.length_ms)
        found = [
            v for f in stored if (f.factor, f.stat) == (episode.factor, episode.stat) and f.revision for v in verdicts_of(f)
        ]
    return next((verdict for verdict in found if verdict.limit_id == episode.limit_id), None)


def _verdicts(row: dict[str, Any], points: Points, book: EpisodeBook | None = None) -> list[HourVerdict]:
    """Return the verdicts of a row of FIGURE_COLUMNS, one for each limit, the gravest first."""
    key, length = points.keys[row["pid"]], DAY_MS if row["level"] == "day" else HOUR_MS
    own = [] if row["limit"] is None else [(row["limit_id"], row["limit"], row["verdict"])]
    held = own + [(o["limit_id"], o["limit"], o["verdict"]) for o in others_of(row["others"])]
    lapsed = (
        [] if book is None else book.lapsed((key.source, key.factor, row["stat"]), length, row["hour"], {h[0] for h in held})
    )
    live = row["revision"] == 1 and row["decided"] <= row["hour"] + length + LIVE_MS
    made = HourVerdict(
        key.source,
        key.factor,
        row["stat"],
        "",
        row["hour"],
        NOT_JUDGED,
        row["value"],
        0,
        row["reason"],
        row["n"],
        points.unit(row["pid"]),
        row["state"],
        live,
        row["decided"],
        length,
    )
    return _each(made, held + [(limit_id, limit, NOT_JUDGED) for limit_id, limit in lapsed])


def _each(made: HourVerdict, held: list[tuple[str, int, str]]) -> list[HourVerdict]:
    """Return a verdict for each (limit_id, limit, verdict): of those exceeded the one furthest from what is normal first, which names the others."""
    if len(held) == 1:
        return [replace(made, limit_id=held[0][0], limit=held[0][1], verdict=held[0][2])]
    value = made.value or 0
    broken = sorted((h for h in held if h[2] == EXCEEDS), key=lambda h: (abs(value - h[1]), h[0]))
    rest = [replace(made, limit_id=i, limit=limit, verdict=verdict) for i, limit, verdict in held if verdict != EXCEEDS]
    if not broken:
        return rest
    (worst, limit, _), *others = broken
    first = replace(made, limit_id=worst, limit=limit, verdict=EXCEEDS, also=tuple((i, at) for i, at, _ in others))
    return [first, *(replace(made, limit_id=i, limit=at, verdict=EXCEEDS, beside=worst) for i, at, _ in others), *rest]


def verdicts_of(figure: Figure) -> list[HourVerdict]:
    """Return the verdicts of a stored, decided figure, one for each limit."""
    own = [] if figure.limit is None else [(figure.limit_id or "", figure.limit, figure.verdict or "")]
    held = own + [(o["limit_id"], o["limit"], o["verdict"]) for o in figure.explain.get("others") or []]
    made = HourVerdict(
        figure.source, figure.factor, figure.stat, "", figure.start_ms, NOT_JUDGED, figure.value, 0, figure.reason, figure.n,
        figure.unit, figure.state, False, figure.decided_ms, DAY_MS if figure.level == "day" else HOUR_MS,
    )  # fmt: skip
    return _each(made, held)


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
            "others": others_text(f.explain.get("others")),
            "revision": f.revision,
            "state": f.state,
            "decided": f.decided_ms,
        }
        for f in figures
        if (f.source, f.factor) in points.pid
    ]
    return pl.DataFrame(rows, schema=FIGURE_SCHEMA)


EMPTY = pl.DataFrame(schema={**FIGURE_SCHEMA, "level": pl.String})
