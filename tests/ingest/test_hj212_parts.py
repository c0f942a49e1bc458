"""Sub-packets: each is stored as it comes; one without DataTime has that of the part before it, or none."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from ingest.hj212 import parts
from ingest.hj212.answer import frame
from ingest.hj212.decode import LOCAL
from ingest.hj212.framing import Framer
from ingest.hj212.verdict import Judged, Stream
from tests.conftest import SHARED, require

PAIR = (
    b"##0260QN=20160801085857534;ST=32;CN=2061;PW=123456;MN=010000A8900016F000169DC0;Flag=7;PNUM=2;PNO=1;CP=&&"
    b"DataTime=20160801080000;w00000-Cou=63.0,w00000-Min=16.4,w00000-Avg=17.5,w00000-Max=20.1,w00000-Flag=N;"
    b"w01001-Min=7.1,w01001-Avg=7.5,w01001-Max=7.8,w01001-Flag=N&&D941\r\n",
    b"##0201QN=20160801085857535;ST=32;CN=2061;PW=123456;MN=010000A8900016F000169DC0;Flag=7;PNUM=2;PNO=2;CP=&&"
    b"DataTime=20160801080000;w01018-Cou=63.0,w01018-Min=40.1,w01018-Avg=40.1,w01018-Max=40.1,w01018-Flag=N&&E2C1\r\n",
)
"""The example of hj212.md §10, CRC and all."""


def part(number: str, area: str, *, total: str = "3", mn: str = "A", qn: str = "20260701000031000", cn: str = "2061") -> bytes:
    head = f"QN={qn};ST=31;CN={cn};PW=1;MN={mn};Flag=6;PNUM={total};PNO={number}"
    return frame(f"{head};CP=&&{area}&&".encode())


def judged(*packets: bytes, received: datetime | None = None) -> list[Judged]:
    stream, framer = Stream(), Framer()
    pieces = framer.feed(b"".join(packets)) + framer.close()
    return [stream.judge(p, received) for p in pieces if p.kind != "end"]


def told(found: list[Judged]) -> list[tuple[str | None, list[tuple[str, str]]]]:
    """Reason, and time and factors of each report."""
    return [(j.reason, [(f"{r.time:%H%M%S}", " ".join(dict.fromkeys(r.factors))) for r in j.readings]) for j in found]


def test_the_references_pair() -> None:
    """Both parts are filed under the DataTime they repeat, and each is answered with its own QN (hj212.md §10)."""
    found = judged(*PAIR)
    assert told(found) == [(None, [("080000", "w00000 w01001")]), (None, [("080000", "w01018")])]
    assert [j.answer is not None and j.answer[6:26] for j in found] == [b"QN=20160801085857534", b"QN=20160801085857535"]
    assert [j.notes for j in found] == [None, None]


HOUR, NEXT = "DataTime=20260701000000;", "DataTime=20260701010000;"
A, B, C = "a1-Avg=1,a1-Flag=N", "a2-Avg=2,a2-Flag=N", "a3-Avg=3,a3-Flag=N"


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        pytest.param(
            [part("1", HOUR + A), part("2", B), part("3", C)],
            [(None, [("000000", "a1")]), (None, [("000000", "a2")]), (None, [("000000", "a3")])],
            id="the same for the whole set; parts share one QN",
        ),
        pytest.param(
            [part("0001", HOUR + A, total="0002"), part("0002", "DataTime=;" + B, total="0002")],
            [(None, [("000000", "a1")]), (None, [("000000", "a2")])],
            id="four digits, an empty DataTime",
        ),
        pytest.param(
            [part("1", HOUR + A), part("3", C)],
            [(None, [("000000", "a1")]), (None, [("000000", "a3")])],
            id="a missing part blocks nothing",
        ),
        pytest.param(
            [part("1", HOUR + A), part("2", B), part("2", B)],
            [(None, [("000000", "a1")])] + 2 * [(None, [("000000", "a2")])],
            id="sent again",
        ),
        pytest.param(
            [
                part("1", HOUR + A),
                part("2", B),
                part("1", NEXT + A, qn="20260701010031000"),
                part("2", B, qn="20260701010031001"),
            ],
            [(None, [("000000", "a1")]), (None, [("000000", "a2")]), (None, [("010000", "a1")]), (None, [("010000", "a2")])],
            id="the next record has its own",
        ),
        pytest.param(
            [part("1", HOUR + A), part("2", B), part("2", B, qn="20260701000131000")],
            [(None, [("000000", "a1")]), (None, [("000000", "a2")]), ("no DataTime", [])],
            id="the same number of a record whose first part is missing",
        ),
        pytest.param(
            [part("1", HOUR + A), part("2", B, qn="20260701000232000")],
            [(None, [("000000", "a1")]), ("no DataTime", [])],
            id="121 s later",
        ),
        pytest.param(
            [part("1", HOUR + A), part("2", B, qn="20260701000231000")],
            [(None, [("000000", "a1")]), (None, [("000000", "a2")])],
            id="120 s later",
        ),
        pytest.param([part("2", B)], [("no DataTime", [])], id="nothing before it"),
        pytest.param([part("1", HOUR + A), part("1", B)], [(None, [("000000", "a1")]), ("no DataTime", [])], id="a first part"),
        *(
            pytest.param([part("1", HOUR + A), other], [(None, [("000000", "a1")]), ("no DataTime", [])], id=name)
            for name, other in (
                ("another device", part("2", B, mn="B")),
                ("another command", part("2", B, cn="2051")),
                ("another total", part("2", B, total="2")),
                ("no number", part("", B)),
            )
        ),
    ],
)
def test_parts_without_datatime(packets: list[bytes], expected: list[tuple[str | None, list[tuple[str, str]]]]) -> None:
    """A part inherits from the part before it of the same set (hj212.md §10), and never from another set."""
    assert told(judged(*packets)) == expected


def test_what_was_inherited_is_noted() -> None:
    """The packet's fields stay as sent; a note says where the time is from."""
    (_, second) = judged(part("1", HOUR + A), part("2", B))
    assert second.packet is not None
    assert second.packet.fields == {}
    assert second.notes == "DataTime 20260701000000 is that of sub-packet 1"


def test_devices_between_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of several devices on one connection are told apart; more sets than the bound forget the oldest."""
    ones = [part("1", f"DataTime=202607010{i}0000;{A}", mn=f"D{i}") for i in range(3)]
    twos = [part("2", B, mn=f"D{i}") for i in range(3)]
    assert [t for j in judged(*ones, *twos)[3:] for _, reports in told([j]) for t, _ in reports] == [
        "000000",
        "010000",
        "020000",
    ]
    monkeypatch.setattr(parts, "SETS_MAX", 2)
    assert [j.reason for j in judged(*ones, *twos)[3:]] == ["no DataTime", None, None]


def test_without_qn_the_receipt_counts() -> None:
    """Packets of 2005 have no QN: parts received together belong together."""
    packets = [p.replace(b"QN=20260701000031000;", b"") for p in (part("1", HOUR + A), part("2", B))]
    packets = [frame(p[6:-6]) for p in packets]
    for received in (None, datetime(2026, 7, 1, 1, tzinfo=LOCAL)):
        assert [j.reason for j in judged(*packets, received=received)] == [None, None]


def test_a_real_first_part() -> None:
    """The corpus' split packet of 2005 (Flag 2, no QN) gives its time to a second part that has none."""
    path = SHARED / "data" / "hj212_samples.jsonl"
    require("shared", path.exists(), "hj212_samples.jsonl")
    (raw,) = (
        row["raw"].encode()
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
        if row["note"].startswith("2005 split packet")
    )
    second = frame(b"ST=31;CN=2051;PW=123456;MN=756877X7916010;Flag=2;PNUM=2;PNO=2;CP=&&S03-Avg=21.5,S03-Flag=N&&")
    (_, found) = judged(raw, second)
    assert told([found]) == [(None, [("102200", "S03")])]
