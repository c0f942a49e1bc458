"""The protocol's CRC against the standard's worked example, and the two wrong ones against published check values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.hj212.crc import crc, dialect, modbus

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
