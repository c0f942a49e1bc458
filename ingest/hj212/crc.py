"""The protocol's own CRC, and the two wrong ones that devices in the field send instead (hj212.md §3)."""

from __future__ import annotations

from functools import cache

Bytes = bytes | bytearray | memoryview
POLYNOMIAL = 0xA001

DIALECTS = ("modbus", "modbus-swapped")
"""CRC-16/MODBUS over the same bytes, printed high byte first or low byte first; names as in the registry's ``crc_dialect``."""
DIALECT_WORDS = {"modbus": "crc matches MODBUS high byte first", "modbus-swapped": "crc matches MODBUS low byte first"}
"""How each dialect is named in a quarantine's reason."""


def crc(data: Bytes) -> int:
    """Return the CRC of a data segment (HJ 212-2017 appendix A: the register's low byte is thrown away before each byte).

    ``r = T[(r >> 8) ^ b]`` uses the high byte only, so the register walks over 256 states and one table of bytes is enough.

    >>> f"{crc(b'123456789'):04X}"
    '2F80'
    """
    if not data:
        return 0xFFFF
    table, high = _tables()
    state = 0xFF
    for byte in data[:-1]:
        state = high[state ^ byte]
    return table[state ^ data[-1]]


def modbus(data: Bytes) -> int:
    """Return CRC-16/MODBUS, which some devices send by mistake.

    >>> f"{modbus(b'123456789'):04X}"
    '4B37'
    """
    table, _ = _tables()
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ table[(register ^ byte) & 0xFF]
    return register


def dialect(data: Bytes, sent: int) -> str | None:
    """Return which of ``DIALECTS`` a sent CRC is, or None where it is neither."""
    value = modbus(data)
    if sent == value:
        return "modbus"
    if sent == (value >> 8 | (value & 0xFF) << 8):
        return "modbus-swapped"
    return None


@cache
def _tables() -> tuple[tuple[int, ...], bytes]:
    """Return the 256-entry table of polynomial 0xA001, and its high bytes."""
    table = []
    for byte in range(256):
        register = byte
        for _ in range(8):
            register = register >> 1 ^ (POLYNOMIAL if register & 1 else 0)
        table.append(register)
    return tuple(table), bytes(entry >> 8 for entry in table)
