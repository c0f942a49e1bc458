"""Streams are cut into pieces that cover every byte once, however they arrive."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.hj212 import framing
from ingest.hj212.crc import crc, modbus
from ingest.hj212.framing import (
    CANDIDATE_BYTES_MAX,
    END_BYTES_MAX,
    NOISE_PIECE_BYTES_MAX,
    OVER_LONG,
    STALL_S,
    Framer,
    Piece,
)
from tests.conftest import SHARED, require

SAMPLES = SHARED / "data" / "hj212_samples.jsonl"
SEGMENT = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
FRAME = b"##0101" + SEGMENT + b"1C80"
"""The standard's example."""
OTHER = b"##0087QN=20160801085857223;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&3240"


def frame(segment: bytes, length: int | None = None, tail: bytes | None = None) -> bytes:
    tail = b"%04X" % crc(segment) if tail is None else tail
    return b"##%04d" % (len(segment) if length is None else length) + segment + tail


def cut(*chunks: bytes, **accepted: str) -> list[Piece]:
    framer = Framer(lambda mn: accepted.get(mn, ""))
    pieces = [piece for chunk in chunks for piece in framer.feed(chunk)]
    return pieces + framer.close()


def told(pieces: list[Piece]) -> list[tuple[str, bytes, str | None, str]]:
    return [(p.kind, p.data, p.reason, p.crc) for p in pieces]


def ok(data: bytes) -> tuple[str, bytes, None, str]:
    return ("frame", data, None, "ok")


def end(data: bytes) -> tuple[str, bytes, None, str]:
    return ("end", data, None, "none")


def noise(data: bytes) -> tuple[str, bytes, None, str]:
    return ("noise", data, None, "none")


def bad(data: bytes, reason: str, found: str) -> tuple[str, bytes, str, str]:
    return ("quarantined", data, reason, found)


WRONG = frame(SEGMENT, tail=b"1C81")
UNCLOSED, NO_HEX = FRAME.replace(b"30&&", b"30&;"), FRAME[:-4] + b"1Z80"
SWAPPED = frame(SEGMENT, tail=b"5907")  # MODBUS 0759 (hj212.md §3.2), low byte first
LOG = frame(b"QN=1;ST=32;CN=3020;PW=1;MN=A;Flag=4;CP=&&i11001-Info=//a;b,c=d&&##0001\r\n//&&")
ZERO_CRC = next(frame(b"ST=32;MN=%d;CP=&&&&" % n) for n in range(9999) if crc(b"ST=32;MN=%d;CP=&&&&" % n) < 0x1000)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(FRAME + b"\r\n", [ok(FRAME), end(b"\r\n")], id="official example"),
        pytest.param(FRAME + OTHER, [ok(FRAME), ok(OTHER)], id="glued"),
        pytest.param(FRAME + b"\n\n" + OTHER, [ok(FRAME), end(b"\n\n"), ok(OTHER)], id="LF only"),
        pytest.param(FRAME + b"**\r\n\0 " + OTHER, [ok(FRAME), end(b"**\r\n\0 "), ok(OTHER)], id="padding"),
        pytest.param(FRAME[:-4] + b"1c80", [ok(FRAME[:-4] + b"1c80")], id="lower-case CRC"),
        pytest.param(b"+++modem" + FRAME, [noise(b"+++modem"), ok(FRAME)], id="modem text before"),
        pytest.param(b"#" + FRAME, [noise(b"#"), ok(FRAME)], id="three number signs"),
        pytest.param(b"##GET /##" + FRAME, [noise(b"##GET /##"), ok(FRAME)], id="number signs without digits"),
        pytest.param(FRAME[1:] + b"\r\n" + FRAME, [noise(FRAME[1:] + b"\r\n"), ok(FRAME)], id="a swallowed number sign"),
        pytest.param(WRONG + b"\r\n" + OTHER, [bad(WRONG, "crc wrong", "wrong"), end(b"\r\n"), ok(OTHER)], id="crc wrong"),
        pytest.param(WRONG, [bad(WRONG, "crc wrong", "wrong")], id="crc wrong, last"),
        pytest.param(SWAPPED, [bad(SWAPPED, "crc matches MODBUS low byte first", "modbus-swapped")], id="dialect"),
        pytest.param(LOG + FRAME, [ok(LOG), ok(FRAME)], id="the length leads: && and ## inside log text"),
        pytest.param(FRAME[:60] + OTHER, [bad(FRAME[:60], "truncated", "none"), ok(OTHER)], id="half a frame, then a good one"),
        pytest.param(FRAME[:60], [bad(FRAME[:60], "truncated", "none")], id="half a frame at the end"),
        pytest.param(b"##01", [bad(b"##01", "truncated", "none")], id="half a head at the end"),
        pytest.param(FRAME[:-4] + OTHER, [bad(FRAME[:-4], "no crc", "none"), ok(OTHER)], id="no crc"),
        pytest.param(
            frame(SEGMENT, 99, b"1C81") + b"\r\n",
            [bad(frame(SEGMENT, 99, b"1C81"), "length and crc wrong", "wrong"), end(b"\r\n")],
            id="both wrong",
        ),
        pytest.param(ZERO_CRC, [ok(ZERO_CRC)], id="CRC with a leading zero"),
        pytest.param(
            ZERO_CRC[:-4] + ZERO_CRC[-3:] + b"\r\n" + FRAME,
            [ok(ZERO_CRC[:-4] + ZERO_CRC[-3:]), end(b"\r\n"), ok(FRAME)],
            id="leading zero dropped",
        ),
        pytest.param(
            ZERO_CRC[:-4] + ZERO_CRC[-3:] + FRAME,
            [ok(ZERO_CRC[:-4] + ZERO_CRC[-3:]), ok(FRAME)],
            id="leading zero dropped, glued",
        ),
        pytest.param(
            ZERO_CRC[:-4] + ZERO_CRC[-3:], [ok(ZERO_CRC[:-4] + ZERO_CRC[-3:])], id="leading zero dropped, last of the stream"
        ),
        pytest.param(FRAME + b"1" * 3, [ok(FRAME), noise(b"111")], id="junk behind"),
        pytest.param(
            frame(SEGMENT, 99) + b"+++" + OTHER,
            [ok(frame(SEGMENT, 99)), noise(b"+++"), ok(OTHER)],
            id="wrong length, modem text behind",
        ),
        pytest.param(
            frame(SEGMENT, 140) + b";" + OTHER + b"\r\n",
            [ok(frame(SEGMENT, 140)), noise(b";"), ok(OTHER), end(b"\r\n")],
            id="wrong length, joined with a semicolon",
        ),
        pytest.param(
            WRONG + b"+++\r\n" + OTHER,
            [bad(WRONG, "crc wrong", "wrong"), noise(b"+++\r\n"), ok(OTHER)],
            id="crc wrong, modem text behind",
        ),
        pytest.param(
            b"##0001" + WRONG[2:] + b"\r\n" + OTHER,
            [bad(b"##0001" + WRONG[2:], "length and crc wrong", "wrong"), end(b"\r\n"), ok(OTHER)],
            id="the field bus' address before the length",
        ),
        pytest.param(
            UNCLOSED + b"\r\n" + OTHER, [bad(UNCLOSED, "crc wrong", "wrong"), end(b"\r\n"), ok(OTHER)], id="&& mangled"
        ),
        pytest.param(UNCLOSED + OTHER, [bad(UNCLOSED, "crc wrong", "wrong"), ok(OTHER)], id="&& mangled, glued"),
        pytest.param(UNCLOSED, [bad(UNCLOSED, "crc wrong", "wrong")], id="&& mangled, last"),
        pytest.param(UNCLOSED + b"#", [bad(UNCLOSED + b"#", "truncated", "none")], id="&& mangled, then a single number sign"),
        pytest.param(
            NO_HEX + b"\n" + OTHER, [bad(NO_HEX, "crc wrong", "wrong"), end(b"\n"), ok(OTHER)], id="a CRC that is no hex"
        ),
        pytest.param(b"##0000FFFF\r\n", [ok(b"##0000FFFF"), end(b"\r\n")], id="the smallest frame"),
        pytest.param(b"\xef\xbb\xbf" + FRAME, [noise(b"\xef\xbb\xbf"), ok(FRAME)], id="byte order mark"),
        pytest.param(
            b"2026-07-01 00:00:31 recv:\t" + FRAME + b"\r\n00:00:32 " + OTHER,
            [noise(b"2026-07-01 00:00:31 recv:\t"), ok(FRAME), end(b"\r\n"), noise(b"00:00:32 "), ok(OTHER)],
            id="a log's times before the frames",
        ),
        pytest.param(FRAME.hex().encode(), [noise(FRAME.hex().encode())], id="a hex dump"),
        pytest.param(FRAME.decode().encode("utf-16"), [noise(FRAME.decode().encode("utf-16"))], id="UTF-16"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_verdicts(stream: bytes, expected: list[tuple[str, bytes, str | None, str]]) -> None:
    """Each quirk of hj212.md §2, §18 has its verdict; the same byte by byte."""
    assert told(cut(stream)) == expected
    assert told(cut(*(stream[i : i + 1] for i in range(len(stream))))) == expected


@pytest.mark.parametrize("declared", [0, 1, 78, 100, 102, 104, 400])
def test_a_wrong_length_is_recovered(declared: int) -> None:
    """A frame whose CRC over the true segment is right is accepted with a note, and swallows nothing behind it."""
    wrong = frame(SEGMENT, declared)
    (first, line_end, second) = cut(wrong + b"\r\n" + FRAME)
    assert (first.kind, first.data, first.segment, first.note) == ("frame", wrong, SEGMENT, "length_mismatch")
    assert (line_end.data, second.data, second.note) == (b"\r\n", FRAME, None)


def test_a_dialect_is_accepted_only_from_the_device_whose_registry_row_says_so() -> None:
    """The registry's ``crc_dialect`` opens one dialect for one MN."""
    mn = "010000A8900016F000169DC0"
    plain = frame(SEGMENT, tail=b"%04X" % modbus(SEGMENT))
    assert [(p.kind, p.crc) for p in cut(SWAPPED, **{mn: "modbus-swapped"})] == [("frame", "modbus-swapped")]
    assert [(p.kind, p.reason) for p in cut(plain, **{mn: "modbus-swapped"})] == [
        ("quarantined", "crc matches MODBUS high byte first")
    ]
    assert [p.kind for p in cut(plain, **{mn: "modbus"})] == ["frame"]
    assert [p.kind for p in cut(plain, OTHER="modbus")] == ["quarantined"]


def test_a_candidate_that_never_ends_is_set_aside_at_its_bound() -> None:
    """Memory is bounded by ``CANDIDATE_BYTES_MAX``; one byte less waits, the frame behind is found."""
    framer = Framer()
    assert framer.feed(b"##9999" + b"x" * (CANDIDATE_BYTES_MAX - 7)) == []
    assert framer.pending
    (piece,) = framer.feed(b"x")
    assert (piece.reason, len(piece.data)) == (OVER_LONG, CANDIDATE_BYTES_MAX)
    assert [p.kind for p in framer.feed(b"yy" + FRAME)] == ["noise", "frame"]


def test_a_stalled_candidate_is_set_aside_by_time() -> None:
    """``STALL_S`` counts from the candidate's first byte, so that dribbling does not prolong it; what is behind is found."""
    framer = Framer()
    framer.feed(b"##0500QN=1;CP=&&a&", 100.0)
    framer.feed(b"&", 159.0)
    framer.feed(FRAME, 159.5)
    assert framer.expire(100.0 + STALL_S - 0.1) == []
    assert [(p.kind, p.reason) for p in framer.expire(100.0 + STALL_S)] == [("quarantined", "no crc"), ("frame", None)]
    assert not framer.pending
    assert framer.expire(1e9) == []


def test_noise_and_padding_are_bounded() -> None:
    """Endless noise is handed on in pieces; padding beyond ``END_BYTES_MAX`` is noise."""
    pieces = cut(b"z" * (2 * NOISE_PIECE_BYTES_MAX + 5))
    assert [len(p.data) for p in pieces] == [NOISE_PIECE_BYTES_MAX, NOISE_PIECE_BYTES_MAX, 5]
    assert [(p.kind, len(p.data)) for p in cut(FRAME + b"\0" * 20)][1:] == [
        ("end", END_BYTES_MAX),
        ("noise", 20 - END_BYTES_MAX),
    ]


def test_line_ends_share_the_account_of_what_they_end() -> None:
    """CR LF behind a frame is accepted, behind a quarantined candidate quarantined."""
    pieces = cut(FRAME + b"\r\n" + WRONG + b"\r\n")
    assert [p.account for p in pieces] == ["accepted", "accepted", "quarantined", "quarantined"]


def test_a_frame_cut_anywhere_swallows_nothing() -> None:
    """The head of a frame cut at any byte is set aside or noise, and the whole frame behind it is accepted."""
    for size in range(len(FRAME)):
        *before, last = cut(FRAME[:size] + OTHER)
        assert (last.kind, last.data) == ("frame", OTHER)
        assert b"".join(p.data for p in before) == FRAME[:size]
        assert {p.account for p in before} <= {"quarantined", "noise"}
        assert [p.account for p in cut(FRAME[:size])] == [] if size == 0 else ["noise" if size < 3 else "quarantined"]


def test_one_wrong_byte_costs_one_frame() -> None:
    """Whatever byte of a frame's segment or CRC is mangled, that frame alone is quarantined, at once, as crc wrong (§2, §3.3)."""
    for at in range(6, len(FRAME)):
        for byte in b"\0 &*9;=Zz\xff":
            mangled = FRAME[:at] + bytes([byte]) + FRAME[at + 1 :]
            if byte == FRAME[at]:
                continue
            pieces = Framer().feed(FRAME + b"\r\n" + mangled + b"\r\n" + OTHER)
            assert [p.reason for p in pieces if p.kind in ("frame", "quarantined")] == [None, "crc wrong", None], (at, byte)


def test_many_loose_ends_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CRC that no line end follows is tried at so many places of a candidate; the bound costs a wrong frame, not time."""
    tails = b"".join(b"&&%04d" % n for n in range(3))
    segment = b"ST=32;MN=1;CP=&&" + tails + b"x&&"
    wrong = frame(segment, 999) + b"+" + OTHER
    assert [p.kind for p in cut(wrong)] == ["frame", "noise", "frame"]
    monkeypatch.setattr(framing, "LOOSE_TAILS_MAX", 3)
    assert [(p.kind, p.reason) for p in cut(wrong)] == [("quarantined", "no crc"), ("frame", None)]


PARTS = st.sampled_from(
    [
        FRAME,
        OTHER,
        WRONG,
        SWAPPED,
        LOG,
        ZERO_CRC[:-4] + ZERO_CRC[-3:],
        FRAME[:60],
        FRAME[:-4],
        frame(SEGMENT, 99),
        frame(SEGMENT, 140),
        WRONG[:-4] + b"1c80",
        UNCLOSED,
        NO_HEX,
        b"##0101" + SEGMENT,
        *(b"\r\n", b"\n", b"#", b"##", b"&&", b"\0", b" ", b"noise", b"##0001", b"##9999", b"&&1C80\r", b"&&1C80", b"&&1C8"),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PARTS | st.binary(max_size=8), max_size=12), st.randoms(use_true_random=False))
def test_cuts_change_nothing(parts: list[bytes], rng: random.Random) -> None:
    """Any cut into chunks gives the same pieces; together they are the stream, each byte once, in order."""
    stream = b"".join(parts)
    whole = cut(stream)
    cuts = sorted(rng.sample(range(len(stream) + 1), min(len(stream), rng.randrange(12))))
    assert cut(*(stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True))) == whole
    assert cut(*(stream[i : i + 1] for i in range(len(stream)))) == whole
    assert b"".join(p.data for p in whole) == stream
    assert [p.offset for p in whole] == [sum(len(q.data) for q in whole[:i]) for i in range(len(whole))]


def test_real_samples() -> None:
    """Every public packet gets the corpus' own verdict on CRC and length, and all its bytes are accounted for."""
    require("shared", SAMPLES.exists(), "hj212_samples.jsonl")
    rows = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 87
    for row in rows:
        raw = row["raw"].encode()
        pieces = cut(raw)
        frames = [p for p in pieces if p.kind == "frame"]
        # One packet puts a field behind its data area, so that neither its length nor its CRC can be said to be
        # right; by the declared length both are, and the decoder refuses it.
        accepted = row["crc_ok"] or row["note"].startswith("encoder bug")
        assert bool(frames) == accepted, row
        assert sum(len(p.data) for p in pieces) == len(raw)
        if "MODBUS low byte first, not" in row["note"]:
            assert [p.crc for p in pieces if p.kind == "quarantined"] == ["modbus-swapped"]
        elif "MODBUS high byte first, not" in row["note"]:
            assert [p.crc for p in pieces if p.kind == "quarantined"] == ["modbus"]
        elif row["crc_ok"]:
            assert (len(frames), frames[0].note is None) == (1, row["length_ok"]), row
        elif not accepted:
            reasons = {p.reason for p in pieces if p.kind == "quarantined"}
            assert reasons == {"crc wrong"} if row["length_ok"] else "crc wrong" not in reasons, row
