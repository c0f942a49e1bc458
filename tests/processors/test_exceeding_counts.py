"""How often a limit was exceeded before: of the day, the month and 30 days, in what is told of an exceeding hour or day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from processors.episodes import EpisodeBook, HourVerdict
from processors.figures import DAY_MS, HOUR_MS
from tests.processors.given import CST, ms

HOUR = timedelta(hours=1)


def verdict(start: datetime, verdict: str = "exceeds", *, length_ms: int = HOUR_MS, live: bool = True) -> HourVerdict:
    """A judged hour or day of 36 or 34 against 35."""
    value = 36_000_000 if verdict == "exceeds" else 34_000_000
    return HourVerdict(
        "S", "a21026", "avg", "L35", ms(start), verdict, value, 35_000_000, None, 60, "mg/m3", "final", live, ms(start) + length_ms,
        length_ms,
    )  # fmt: skip


def counts(verdicts: Iterable[HourVerdict]) -> list[tuple[str, list[int]]]:
    """Kind of each event, and its counts in the order of day, month and 30 days."""
    events, _ = EpisodeBook().apply(verdicts, lambda _episode: None)
    return [(e.kind.split(".")[1], [n for name, n in e.facts.items() if name.startswith("exceeding_in_")]) for e in events]


def test_hours() -> None:
    """Of 3 June 23:00, 4 June 00:00, 30 June 23:00, 1 and 3 July: day and month are local, and 30 days end with the hour's end.

    30 days to 4 July 00:00 begin at 4 June 00:00; those to 4 July 01:00 an hour later.
    """
    starts = [
        datetime(2026, 6, 3, 23, tzinfo=CST), datetime(2026, 6, 4, 0, tzinfo=CST), datetime(2026, 6, 30, 23, tzinfo=CST),
        datetime(2026, 7, 1, 0, tzinfo=CST), datetime(2026, 7, 3, 2, tzinfo=CST), datetime(2026, 7, 3, 23, tzinfo=CST),
        datetime(2026, 7, 4, 0, tzinfo=CST),
    ]  # fmt: skip
    told = [found for kind, found in counts(verdict(start) for start in starts) if kind != "closed"]
    assert told == [[1, 1, 1], [1, 2, 2], [1, 3, 3], [1, 1, 4], [1, 2, 5], [2, 3, 5], [1, 4, 5]]


def test_days() -> None:
    """A day has no day to be counted in; of 1 June, 2 June, 30 June and 1 July the last has three in 30 days."""
    days = [datetime(2026, month, day, tzinfo=CST) for month, day in ((6, 1), (6, 2), (6, 30), (7, 1))]
    told = [found for kind, found in counts(verdict(day, length_ms=DAY_MS) for day in days) if kind != "closed"]
    assert told == [[1, 1], [2, 2], [3, 3], [1, 3]]


def test_what_was_taken_back_does_not_count() -> None:
    """An hour that complies after all leaves the counts of those that follow; what closes or is withdrawn counts nothing."""
    first = datetime(2026, 7, 1, 8, tzinfo=CST)
    rows = [
        verdict(first),
        verdict(first + HOUR, "complies"),
        verdict(first, "complies", live=False),
        verdict(first + 3 * HOUR),
    ]
    assert counts(rows) == [("opened", [1, 1, 1]), ("closed", []), ("withdrawn", []), ("opened", [1, 1, 1])]


def test_one_found_later_counts_up_to_its_own_time() -> None:
    """An hour found looking back is the first of its day though one after it was told before."""
    first = datetime(2026, 7, 1, 8, tzinfo=CST)
    rows = [verdict(first + 4 * HOUR), verdict(first, live=False), verdict(first + 6 * HOUR)]
    assert [found for kind, found in counts(rows) if kind != "closed"] == [[1, 1, 1], [1, 1, 1], [3, 3, 3]]
