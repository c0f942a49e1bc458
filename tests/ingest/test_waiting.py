"""What waits and what does not, and how what waits is cut into slices."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.records import Kind
from ingest.waiting import BACKFILL, LIVE, SLICE_BYTES, SLICE_HOURS, slices, topic_of

NOON = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("kind", "after_s", "expected"),
    [
        ("realtime", -600, LIVE),
        ("realtime", 300, LIVE),
        ("realtime", 301, BACKFILL),
        ("minute", 900, LIVE),  # ten minutes that began at noon, told five minutes after their end
        ("minute", 901, BACKFILL),
        ("hour", 3_900, LIVE),
        ("hour", 3_901, BACKFILL),
        ("day", 86_700, LIVE),
        ("day", 86_701, BACKFILL),
        ("register", 3_901, BACKFILL),
    ],
)
def test_a_report_waits_from_five_minutes_after_its_period(kind: Kind, after_s: int, expected: str) -> None:
    """Exactly five minutes after the end of what it tells of is live; a second more waits."""
    assert topic_of(kind, NOON, NOON + timedelta(seconds=after_s)) == expected


def _line(source: str, minute: int, note: str) -> bytes:
    time = (NOON + timedelta(minutes=minute)).isoformat()
    return json.dumps({"v": 1, "source": source, "time": time, "note": note}, separators=(",", ":")).encode()


LINES = st.lists(st.builds(_line, st.sampled_from("ABC"), st.integers(0, 600), st.text("xy", max_size=3)), max_size=60)


@settings(deadline=None)
@given(LINES, st.integers(1, 7))
def test_slices_lose_and_invent_nothing(lines: list[bytes], size: int) -> None:
    """Whatever the records are cut into, the same lines come out, each source's in the order of time."""
    records = [b"\n".join(lines[i : i + size]) for i in range(0, len(lines), size)]
    out = [line for part in slices(records) for line in part]
    assert sorted(out) == sorted(lines)
    keys = [(json.loads(line)["source"], json.loads(line)["time"]) for line in out]
    assert keys == sorted(keys)


def test_a_slice_holds_few_hours_and_bytes() -> None:
    """Three hundred source-hours make three slices; two lines that are too much together make two."""
    hours = [_line(f"S{n:03d}", minute, "") for n in range(100) for minute in (0, 30, 60, 150)]
    parts = list(slices([b"\n".join(reversed(hours))]))
    assert [len(part) for part in parts] == [
        134,
        133,
        133,
    ]  # 33 sources with 4 lines in 3 hours are 99 hours, and one hour more
    assert all(len({(json.loads(x)["source"], json.loads(x)["time"][:13]) for x in part}) <= SLICE_HOURS for part in parts)
    wide = [_line("A", n, "x" * (SLICE_BYTES * 2 // 3)) for n in range(2)]
    assert [len(part) for part in slices(wide)] == [1, 1]


def test_what_is_no_report_is_kept() -> None:
    """A line that cannot be read goes on to where it is set aside with a reason."""
    odd = [b"junk", b'{"v":1,"time":"noon"}', b"[]", b'{ "source": "A", "time": "t" }']
    assert sorted(line for part in slices([b"\n".join(odd), b""]) for line in part) == sorted(odd)
