"""Digests of sets: a stable 64-bit hash that does not depend on order, batch or library version.

An element's words are hashed multilinearly (each times an odd constant, summed modulo 2**64) and finished by the mixing round of
SplitMix64 (Steele, Lea, Flood 2014), whose constants the multipliers come from as well; a set's digest is the sum of its
elements' hashes modulo 2**64, so that a set may be digested in parts and in any order.
"""

from __future__ import annotations

import hashlib

import polars as pl

_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


def _split_mix(count: int) -> list[int]:
    """Return the first outputs of SplitMix64 from seed 0, made odd."""
    out = []
    for n in range(1, count + 1):
        x = n * _GOLDEN % 2**64
        x = (x ^ (x >> 30)) * _MIX_1 % 2**64
        x = (x ^ (x >> 27)) * _MIX_2 % 2**64
        out.append((x ^ (x >> 31)) | 1)
    return out


_FACTORS = _split_mix(8)


def text_hash(*parts: object) -> int:
    """Return 64 bits of BLAKE2b over the parts' texts, separated by a character that no part contains."""
    return int.from_bytes(hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest(), "big")


def mix(*columns: pl.Expr) -> pl.Expr:
    """Return a UInt64 hash of the columns' values; columns are cast to Int64 and read bit for bit, a null counts as its own value."""
    total = pl.lit(_GOLDEN, dtype=pl.UInt64)
    for column, factor in zip(columns, _FACTORS, strict=False):
        word = column.cast(pl.Int64).reinterpret(signed=False).fill_null(_MIX_2)
        total = total + word * pl.lit(factor, dtype=pl.UInt64)
    return _round(total)


def _round(x: pl.Expr) -> pl.Expr:
    x = (x ^ (x // pl.lit(1 << 30, dtype=pl.UInt64))) * pl.lit(_MIX_1, dtype=pl.UInt64)
    x = (x ^ (x // pl.lit(1 << 27, dtype=pl.UInt64))) * pl.lit(_MIX_2, dtype=pl.UInt64)
    return x ^ (x // pl.lit(1 << 31, dtype=pl.UInt64))
