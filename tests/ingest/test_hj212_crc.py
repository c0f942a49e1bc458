"""The protocol's CRC against the standard's worked example, and the two wrong ones against published check values."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.hj212.crc import crc, dialect, modbus
from tests.conftest import SHARED, require

OFFICIAL = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
ANSWER = b"QN=20160801085857223;ST=91;CN=%b;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&%b&&"


def by_the_prose(data: bytes) -> int:
    """HJ 212-2017 appendix A, step by step: shift the high byte down, XOR the byte, eight shifts with 0xA001."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            low = register & 1
            register >>= 1
            if low:
                register ^= 0xA001
    return register


@pytest.mark.parametrize(
    ("data", "expected", "contrast"),
    [
        (b"", 0xFFFF, 0xFFFF),
        (b"A", 0x7080, 0x707F),
        (b"123456789", 0x2F80, 0x4B37),
        (b"ST=32", 0x60C0, 0xD5B4),
        (OFFICIAL, 0x1C80, 0x0759),
        (ANSWER % (b"9014", b""), 0x3240, 0x44BC),
        (ANSWER % (b"9013", b""), 0x2A80, 0xD1C5),
        (ANSWER % (b"9011", b"QnRtn=1"), 0x1B00, 0x896F),
        (ANSWER % (b"9012", b"ExeRtn=1"), 0x6240, 0x47DE),
    ],
)
def test_vectors(data: bytes, expected: int, contrast: int) -> None:
    """The reference's table (hj212.md §3.2), MODBUS beside it: 4B37 is also its published check value."""
    assert (crc(data), modbus(data)) == (expected, contrast)


@pytest.mark.parametrize(
    ("length", "register"),
    [(1, 0xBC81), (2, 0x8581), (3, 0x7200), (4, 0xF001), (98, 0x6FC0), (99, 0x3840), (100, 0x0880), (101, 0x1C80)],
)
def test_the_register_on_its_way(length: int, register: int) -> None:
    """The register after so many bytes of the official example (hj212.md §3.2)."""
    assert crc(OFFICIAL[:length]) == register


@given(st.binary(max_size=400))
def test_the_walk_equals_the_prose(data: bytes) -> None:
    """Walking 256 states gives what the standard's prose gives."""
    assert crc(data) == by_the_prose(data)


MN = b"MN=010000A8900016F000169DC0"
FRAMES = {
    "the 2017 text": b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;%b;Flag=5;CP=&&RtdInterval=30&&1C80",
    "an answer": b"##0087QN=20160801085857223;ST=91;CN=9014;PW=123456;%b;Flag=4;CP=&&&&3240",
    "first part": b"##0260QN=20160801085857534;ST=32;CN=2061;PW=123456;%b;Flag=7;PNUM=2;PNO=1;CP=&&DataTime=20160801080000;"
    b"w00000-Cou=63.0,w00000-Min=16.4,w00000-Avg=17.5,w00000-Max=20.1,w00000-Flag=N;"
    b"w01001-Min=7.1,w01001-Avg=7.5,w01001-Max=7.8,w01001-Flag=N&&D941",
    "second part": b"##0201QN=20160801085857535;ST=32;CN=2061;PW=123456;%b;Flag=7;PNUM=2;PNO=2;CP=&&DataTime=20160801080000;"
    b"w01018-Cou=63.0,w01018-Min=40.1,w01018-Avg=40.1,w01018-Max=40.1,w01018-Flag=N&&E2C1",
    "2025, empty": b"##0087QN=20240601085857223;ST=32;CN=1011;PW=123456;%b;Flag=9;CP=&&&&2200",
    "2025, plain": b"##0295QN=20240520210700000;ST=31;CN=2051;PW=123456;%b;Flag=9;CP=&&DataTime=20240520210600;"
    b"a01011-Min=1.35,a01011-Avg=1.35,a01011-Max=1.35,a01011-Flag=N;a01012-Min=9.3,a01012-Avg=9.3,a01012-Max=9.3,a01012-Flag=N;"
    b"a01014-Min=3.20,a01014-Avg=3.211,a01014-Max=3.212,a01014-Flag=N&&2200",
    "2025, with a remainder": b"##0234QN=20240520210700000;ST=31;CN=2051;PW=123456;%b;Flag=9;CP=&&DataTime=20240520210600;"
    b"a01011-Min=1.35,a01011-Avg=1.35,a01011-Max=1.35,a01011-Flag=N;a01014-Min=3.20,a01014-Avg=3.20,a01014-Max=3.20,a01014-Flag=N&&B541",
}
"""The worked frames of hj212.md §3.2, §9.1, §10 and §17.1."""


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name: str) -> None:
    """A printed frame's length and CRC are those of its data segment."""
    text = FRAMES[name] % MN
    assert (int(text[2:6]), int(text[-4:], 16)) == (len(text) - 10, crc(text[6:-4]))


def test_the_first_byte_bit_by_bit() -> None:
    """``Q`` on its way through the register (hj212.md §3.2): the oracle of this module takes the same eight steps."""
    register, steps = 0x00AE, []
    for _ in range(8):
        register = register >> 1 ^ (0xA001 if register & 1 else 0)
        steps.append(register)
    assert 0xFFFF >> 8 ^ ord("Q") == 0x00AE
    assert steps == [0x0057, 0xA02A, 0x5015, 0x880B, 0xE404, 0x7202, 0x3901, 0xBC81]
    assert by_the_prose(b"Q") == crc(b"Q") == steps[-1]


def test_the_corpus_computed_values() -> None:
    """Where the corpus says what a packet's CRC should have been, so do we."""
    path = SHARED / "data" / "hj212_samples.jsonl"
    require("shared", path.exists(), "hj212_samples.jsonl")
    told = 0
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        found = re.search(r"computed ([0-9A-F]{4})|not the HJ212 CRC \(([0-9A-F]{4})\)", row["note"])
        if found:
            segment = row["raw"].strip().encode()[6:-4]
            assert crc(segment) == int(found[1] or found[2], 16), row
            told += 1
    assert told >= 15


def test_only_256_values_exist() -> None:
    """The low byte is one of eight (hj212.md §3.3)."""
    values = {crc(bytes([a, b])) for a in range(256) for b in range(256)}
    assert len(values) == 256
    assert {v & 0xFF for v in values} == {0x00, 0x01, 0x40, 0x41, 0x80, 0x81, 0xC0, 0xC1}


def test_dialects_are_named() -> None:
    """4B37 is MODBUS high byte first, 374B low byte first, 2F80 neither."""
    assert dialect(b"123456789", 0x4B37) == "modbus"
    assert dialect(b"123456789", 0x374B) == "modbus-swapped"
    assert dialect(b"123456789", 0x2F80) is None
