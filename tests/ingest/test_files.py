"""Captured streams: the two real logs accounted for byte by byte, and each kind of file told apart."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from ingest.files import Found, NotReadable, chunks, decoded_json, scan, sniff
from ingest.hj212.answer import frame
from ingest.hj212.verdict import judge
from tests.conftest import SHARED, require

CAPTURE = SHARED / "data" / "hj212_logger_capture" / "packets_part1.txt"
SERVER = SHARED / "data" / "hj212_server_log" / "packets_0024_0500.jsonl"
ONE = frame(b"QN=20260701000031000;ST=31;CN=2011;PW=1;MN=A;Flag=4;CP=&&DataTime=20260701000030;a1-Rtd=1&&")
TWO = frame(b"QN=20260701000101000;ST=31;CN=2011;PW=1;MN=A;Flag=4;CP=&&DataTime=20260701000100;a1-Rtd=2&&")


def accounts(found: list[Found]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for f in found:
        sums[f.piece.account] += len(f.piece.data)
    return sums


def test_the_logger_capture() -> None:
    """5,529 packets, all right (its README); every byte is accepted, in order, and CN counts are the README's."""
    require("shared", CAPTURE.exists(), "hj212_logger_capture")
    found = list(scan(CAPTURE))
    assert accounts(found) == {"accepted": CAPTURE.stat().st_size}
    assert b"".join(f.piece.data for f in found) == CAPTURE.read_bytes()
    judged = [judge(f.piece) for f in found if f.piece.kind == "frame"]
    cns = Counter(j.packet.cn for j in judged if j.packet is not None and j.reason is None)
    assert cns == {"2011": 3666, "2051": 1832, "2061": 30, "2031": 1}
    # Every packet holds one factor: one Rtd, or Cou, Min, Avg and Max.
    assert sum(len(r.factors) for j in judged for r in j.readings) == 3666 + 4 * (1832 + 30 + 1)


def test_the_server_log() -> None:
    """446 packets, all CRC-correct, 14 of them joined from several reads; three reads of scanners are noise (its README)."""
    require("shared", SERVER.exists(), "hj212_server_log")
    found = list(scan(SERVER))
    reads = [e["raw"] for e in map(json.loads, SERVER.read_text(encoding="utf-8").splitlines()) if e["event"] == "data"]
    # Line ends restored: two bytes for each read that ends a packet.
    ended = [raw for raw in reads if re.search(r"&&[0-9A-F]{4}\Z", raw)]
    total = sum(len(raw.encode()) for raw in reads) + 2 * len(ended)
    scanners = sum(len(raw.encode()) for raw in reads if raw.startswith(("GET ", "\x03")))
    sums = accounts(found)
    assert sums == {"accepted": total - scanners, "noise": scanners}
    judged = [judge(f.piece, f.received) for f in found if f.piece.kind == "frame"]
    assert (len(reads), len(judged), {j.reason for j in judged}) == (465, 446, {None})
    assert sum("standard allows" in (j.notes or "") for j in judged) == 54
    keys = [(r.source, r.kind, r.time) for j in judged for r in j.readings]
    assert (len(keys), len(keys) - len(set(keys))) == (176, 94)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_packet_files(tmp_path: Path, name: str) -> None:
    """Raw packets, plain or gzip; without arrivals a packet's own time of sending counts."""
    path = tmp_path / name
    data = ONE + b"??" + TWO[:-2] + b"\n"
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert sniff(path) == "packets"
    found = list(scan(path))
    assert [f.piece.kind for f in found] == ["frame", "end", "noise", "frame", "end"]
    assert [f.offset for f in found][:4] == [0, len(ONE) - 2, len(ONE), len(ONE) + 2]
    (readings,) = judge(found[0].piece).readings
    assert readings.received == datetime.fromisoformat("2026-07-01T00:00:31+08:00")


def test_server_logs_join_split_packets(tmp_path: Path) -> None:
    """Reads of one connection are joined, a disconnect ends a half packet, arrivals are the server's."""
    one, two = ONE[:-2].decode(), TWO[:-2].decode()
    rows = [
        {"arrival": "2026-07-01T00:00:32.000", "worker": 1, "event": "connect", "peer": "p"},
        {"arrival": "2026-07-01T00:00:33.000", "worker": 1, "event": "data", "raw": one[:50]},
        {"arrival": "2026-07-01T00:00:33.500", "worker": 2, "event": "data", "raw": two},
        {"arrival": "2026-07-01T00:00:34.000", "worker": 1, "event": "data", "raw": one[50:]},
        {"arrival": "2026-07-01T00:00:35.000", "worker": 1, "event": "data", "raw": two[:50]},
        {"arrival": "2026-07-01T00:00:36.000", "worker": 1, "event": "disconnect", "peer": "p"},
        {"arrival": "2026-07-01T00:00:37.000", "worker": 1, "event": "data", "raw": one + "\r\n" + two},
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    assert sniff(path) == "log"
    found = [f for f in scan(path) if f.piece.kind in ("frame", "quarantined")]
    assert [(f.piece.kind, f.piece.data.decode(), f.received and f.received.second) for f in found] == [
        ("frame", two, 33),
        ("frame", one, 34),
        ("quarantined", two[:50], 36),
        ("frame", one, 37),
        ("frame", two, 37),
    ]
    total = sum(len(c.data) for c in chunks(path))
    assert sum(accounts(list(scan(path))).values()) == total


def test_a_file_that_is_no_server_log_names_file_and_line(tmp_path: Path) -> None:
    """Where already the first entry is none, it is told with its place and what was expected."""
    path = tmp_path / "log.jsonl"
    path.write_text('\n{"event":1}\n{"arrival":"2026-07-01T00:00:00","worker":1,"event":"data","raw":"x"}\n')
    with pytest.raises(NotReadable, match=r"log\.jsonl, line 2: .*expected arrival, event, raw"):
        list(scan(path))


def test_a_broken_line_of_a_server_log_is_quarantined(tmp_path: Path) -> None:
    """A line that is no entry, the last one cut among them, loses nothing but itself: its bytes are quarantined by name."""
    rows = [
        {"arrival": "2026-07-01T00:00:32", "worker": 1, "event": "data", "raw": part.decode()}
        for part in (ONE[:50], ONE[50:-2])
    ]
    first, second = map(json.dumps, rows)
    far = '{"arrival": "9999-12-31T23:59:59", "event": "data", "raw": "x"}'
    broken = ['{"arrival": 7, "event": "data", "raw": "x"}', far, "[]", "\0", '{"event": "data", "arr']
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([first, *broken[:-1], second, broken[-1]]))
    found = [f for f in scan(path) if f.piece.kind != "end"]
    judged = [f.stream.judge(f.piece, f.received) for f in found]
    assert [(f.piece.data, j.reason) for f, j in zip(found, judged, strict=True)] == [
        *((line.encode() + b"\n", "no entry of a server log") for line in broken[:-1]),
        (ONE[:-2], None),
        (broken[-1].encode(), "no entry of a server log"),
    ]
    assert [(j.notes or "")[:7] for j in judged] == ["line 2:", "line 3:", "line 4:", "line 5:", "", "line 7:"]
    assert accounts(list(scan(path))) == {"quarantined": sum(map(len, broken)) + 4, "accepted": len(ONE)}


def test_decode_output_of_a_file(tmp_path: Path) -> None:
    """``plumeline decode`` tells offset, length without line end, verdict and values as sent, for refused packets too."""
    timeless = frame(b"QN=1;ST=31;CN=2011;PW=1;MN=A;Flag=5;CP=&&DataTime=x;a-Rtd=01&&")
    wrong = TWO.replace(b"a1-Rtd=2", b"a1-Rtd=3")
    path = tmp_path / "a.txt"
    path.write_bytes(timeless + wrong)
    (first, second) = (decoded_json(f) for f in scan(path) if f.piece.kind != "end")
    assert first == {
        "offset": 0,
        "length": len(timeless) - 2,
        "status": "quarantined",
        "reason": "DataTime is no time",
        "crc": "ok",
        "header": {"QN": "1", "ST": "31", "CN": "2011", "PW": "1", "MN": "A", "Flag": "5"},
        "fields": {"DataTime": "x"},
        "factors": {"a": {"Rtd": "01"}},
    }
    assert (second["offset"], second["status"], second["reason"], second["crc"]) == (
        len(timeless),
        "quarantined",
        "crc wrong",
        "wrong",
    )
    assert second["factors"] == {"a1": {"Rtd": "3"}}
