"""The same figures by the plainest means, exactly: decimals, fractions and dicts; and what an engine's answer lacks beside them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import NamedTuple

from tests.bench.peers.job import DIGITS, LIMIT

SCALE: int = 10**DIGITS
SHOWN = 200
"""Bytes that are shown of a line that is no figure."""


class Key(NamedTuple):
    """What a figure is of."""

    period: str
    source: str
    factor: str
    start: int


class Value(NamedTuple):
    """Mean in units of its last digit, count, and the verdict that only an hour has."""

    mean: int
    n: int
    over: bool | None


Figures = dict[Key, Value]


def rounded(value: Fraction) -> int:
    """Return a value in units of its last digit, rounded half up."""
    return floor(value * SCALE + Fraction(1, 2))


def expected(lines: Iterable[bytes], end_s: int) -> Figures:
    """Return all figures of the periods that end by ``end_s``."""
    minutes: dict[Key, list[Decimal]] = defaultdict(list)
    for line in lines:
        report = json.loads(line, parse_float=Decimal)
        start = int(datetime.fromisoformat(report["time"]).timestamp()) // 60 * 60
        if start < end_s:
            for factor, value in zip(report["factors"], report["values"], strict=True):
                minutes[Key("minute", report["source"], factor, start)].append(value)
    figures: Figures = {}
    hours: dict[Key, list[int]] = defaultdict(list)
    for key, values in minutes.items():
        mean = rounded(Fraction(sum(values)) / len(values))
        figures[key] = Value(mean, len(values), None)
        hours[key._replace(period="hour", start=key.start // 3600 * 3600)].append(mean)
    for key, means in hours.items():
        mean = rounded(Fraction(sum(means), SCALE) / len(means))
        figures[key] = Value(mean, len(means), mean > rounded(Fraction(LIMIT)))
    return figures


def difference(records: Iterable[bytes], wanted: Figures, end_s: int) -> str:
    """Return what is wrong with the records of an output topic, or nothing if each wanted figure came once and equal."""
    waiting = dict(wanted)
    for record in records:
        for line in record.splitlines():
            try:
                told = json.loads(line)
                key = Key(told["period"], told["source"], told["factor"], told["start"])
                value = Value(round(told["mean"] * SCALE), told["n"], told.get("over"))
            except (ValueError, KeyError, TypeError):
                return f"no figure: {line[:SHOWN]!r}"
            if key.start >= end_s:
                continue
            want = waiting.pop(key, None)
            if want is None:
                return f"{'twice' if key in wanted else 'not asked for'}: {key}"
            if value != want:
                return f"{key} is {value} instead of {want}"
    return f"{len(waiting)} of {len(wanted)} are missing, such as {next(iter(waiting))}" if waiting else ""
