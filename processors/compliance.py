"""What a programme asks of a month or year, and when it can no longer be met: told once, and taken back when late data say otherwise."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from processors.closing import Closed
from processors.figures import Figure, local
from processors.findings import Findings
from processors.output import Output
from processors.quarter_steps import VALID_DAYS, VALID_HOURS

LOST = "cannot be met any more"
"""What a figure's note says from when on nothing that may still come can make its period keep the bound; once it is over: it did not."""
KINDS = ("compliance.withdrawn", "compliance.failed")
WORDS = {
    "ten_minutes": "ten-minute averages within the limit, or all half-hours",
    "within": "share of valid averages within the programme's limit",
    "beyond": "valid averages above the limit",
    "days_within": "share of valid days within the limit",
    "days_discarded": "days without a valid average",
    "validated": "validated mean",
    VALID_HOURS: "operating hours with a valid mean",
    VALID_DAYS: "operating days with enough valid hours",
}
"""What is told of, by stat."""
PERIODS = {"day": "%Y-%m-%d", "month": "%Y-%m", "quarter": "%Y-Q", "year": "%Y"}


def noted(note: str, lost: bool) -> str:
    """Return a figure's note, with LOST where its period can no longer keep the bound.

    >>> noted("11 days discarded", True)
    '11 days discarded; cannot be met any more'
    """
    return f"{note}; {LOST}" if lost else note


def share_lost(*, valid: int, beyond: int, open_n: int, share_min: int) -> bool:
    """Return whether a share can no longer be reached, even if all of ``open_n`` that may still come are within.

    Args:
        share_min: least share [%, at SCALE]; equal passes.
    """
    possible = valid + open_n
    return possible > 0 and (possible - beyond) * 100 * 10**6 < share_min * possible


def tell_lost(news: pl.DataFrame, before: Iterable[Figure], closed: Closed, findings: Findings, out: Output) -> None:
    """Tell which published figures of days, months, quarters and years say that their bound is lost, or no longer say so.

    Args:
        news: rows of publish.FIGURE_COLUMNS, as published just now.
        before: what was known of those figures.
    """
    known = {(f.factor, f.stat, f.start_ms): _lost(f.explain.get("note")) for f in before}
    for row in news.sort("pid", "stat").iter_rows(named=True):
        key, lost = closed.points.keys[row["pid"]], _lost(row["note"])
        if lost == known.get((key.factor, row["stat"], row["hour"]), False):
            continue
        start = local(row["hour"])
        period = start.strftime(PERIODS[row["level"]])
        period += str(start.month // 3 + 1) if row["level"] == "quarter" else ""
        text = f"{WORDS[row['stat']]}, {period}: {row['note'] or row['reason'] or 'no valid average'}"
        facts: dict[str, object] = {
            "text": text,
            "item": row["stat"],
            "stat": row["stat"],
            "level": row["level"],
            "period": period,
        }
        facts |= {"limit_id": row["limit_id"], "provisional": row["state"] == "provisional"}
        findings.event(
            KINDS[lost], key.source, key.factor, closed.now_ms, f"{row['stat']}/{period}/{closed.now_ms}", facts, out
        )


def _lost(note: str | None) -> bool:
    return bool(note) and str(note).endswith(LOST)
