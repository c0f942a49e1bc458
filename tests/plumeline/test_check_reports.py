"""``check`` of a report file: each line counted once, where it stands; what is no report is quarantined by name."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from plumeline.check import check
from tests.processors.given import MIDNIGHT, SO2, line, tick

GOOD = [line(MIDNIGHT + timedelta(minutes=i), {SO2: 20.0}) for i in range(3)]


def at(time: str) -> bytes:
    """Return a report line of another time."""
    return json.dumps(json.loads(GOOD[0]) | {"time": time}).encode()


@pytest.mark.parametrize(
    ("bad", "reason", "verdict"),
    [
        pytest.param(b"\0\0", "Invalid JSON: expected value at line 1 column 1", "Invalid JSON: expected value", id="NUL"),
        pytest.param(b"[" * 9999, "Invalid JSON: recursion limit exceeded at line 1 column 202", None, id="nested"),
        pytest.param(b'{"factors": ["' + b"x" * 10**7 + b'"]}', "source: Field required", "source: Field required", id="10 MB"),
        pytest.param(
            at("9999-12-31T23:59:59+00:00"), "time: a time outside 1970 to 2100", "time: a time outside 1970 to 2100", id="far"
        ),
        pytest.param(at("2101-01-01T00:00:00+00:00"), "time: a time outside 1970 to 2100", None, id="just too far"),
        pytest.param(at("0001-01-01T00:00:00+08:00"), "time: a time outside 1970 to 2100", None, id="long ago"),
        pytest.param(at("2026-07-01T00:00:00"), "time: Input should have timezone info", None, id="no zone"),
    ],
)
@pytest.mark.parametrize("name", ["reports.jsonl", "reports.jsonl.gz"])
def test_a_line_that_is_no_report(tmp_path: Path, name: str, bad: bytes, reason: str, verdict: str | None) -> None:
    """It costs only itself: the lines around it make the figures, and all bytes are accounted for."""
    data = b"\xef\xbb\xbf" + b"\r\n".join(
        [GOOD[0], bad, tick(datetime.fromisoformat("2026-07-01T00:00:30+08:00")), GOOD[0], b""]
    )
    data += b"\n" + b"\n".join(GOOD[1:])
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    done = check(path)
    assert done.bytes == {"accepted": len(data) - len(bad) - 3, "quarantined": len(bad) + 2, "noise": 1}
    assert done.frames == {"accepted": 4, "quarantined": 1, "duplicates": 1}
    assert done.rejected == [{"line": 2, "length": len(bad) + 2, "reason": reason}]
    assert done.verdicts == {"ok": 4, "tick": 1, verdict or reason.split(" at line ")[0]: 1}
    assert [f.n for f in done.figures if f.level == "hour"] == [3]


def test_the_last_times_that_are_read(tmp_path: Path) -> None:
    """The first and the last second of the years that are taken are read, and listed as a gap between them."""
    path = tmp_path / "reports.jsonl"
    path.write_bytes(at("1970-01-01T00:00:00+00:00") + b"\n" + at("2100-12-31T23:59:59+00:00"))
    done = check(path)
    assert done.frames == {"accepted": 2, "quarantined": 0, "duplicates": 0}
    assert [(g["start"][:10], g["end"]) for g in done.gaps] == [("1970-01-01", "2101-01-01T07:59:59+08:00")]
