"""Marks and flags have their effects in tables; marks that contradict each other, or come too late, are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast, get_args

import polars as pl
import pytest

from alerts.wording import worded
from ingest.records import MarkType
from plumeline.texts import catalogue
from processors.exempting import mark_words
from processors.figures import OFFSET_MS
from processors.packs import shipped
from processors.rules import marks
from processors.rules.averaging import ABOVE_RANGE, VALID, hour_means
from tests.processors.given import CST, ms

DAY = datetime(2026, 5, 1, tzinfo=CST)
SCHEMA = {"pid": pl.Int64, "id": pl.String, "mark": pl.String, "start_ms": pl.Int64, "end_ms": pl.Int64}


@pytest.mark.parametrize(
    ("names", "effect"),
    [
        (["stopped"], ("not operating", False, False, "excluded", "zero")),
        (["start_up", "shut_down", "connection", "disconnection"], ("exempt", False, False, "included", "measured")),
        (["failure", "accident", "drying", "cooling_down"], ("exempt", False, False, "included", "measured")),
        (["calibration", "maintenance", "fault"], ("invalid", False, False, "invalid", "B")),
        (["overdue_calibration", "out_of_control"], ("invalid", False, False, "invalid", "A")),
        (["communication_interruption"], ("missing", True, True, "invalid", "B")),
        (["manual", "abnormal_furnace_temperature"], ("valid", True, True, "included", "measured")),
    ],
)
@pytest.mark.parametrize("pack", ["cn-flue-gas", "cn-waste-incineration"])
def test_effects_of_marks(pack: str, names: list[str], effect: tuple[str, bool, bool, str, str]) -> None:
    """Each class of marks of emission_rules 4.4, cell by cell."""
    does = shipped()[pack].marks
    for name in names:
        row = does[cast(MarkType, name)]
        assert (row.data, row.mean, row.judged, row.capture, row.mass) == effect


def test_every_mark_has_its_class_and_its_words() -> None:
    """No type is left out of the shipped table, and each has its words in both languages."""
    assert set(shipped()["cn-flue-gas"].marks) == set(get_args(MarkType))
    for name in get_args(MarkType):
        texts = [catalogue()[f"mark.{name}"][language] for language in ("en", "zh")]
        assert all(texts) and worded(mark_words(name), "zh") != mark_words(name)


def test_minutes_above_range_make_no_value() -> None:
    """Of 45 minutes N and 15 minutes T the hour is the mean of the 45 (emission_rules 1.2)."""
    minutes = pl.DataFrame(
        {
            "pid": [1] * 60,
            "minute": [ms(DAY) + i * 60_000 for i in range(60)],
            "value": [20 * 10**8] * 45 + [None] * 15,
            "code": [VALID] * 45 + [ABOVE_RANGE] * 15,
            "digest": pl.Series([0] * 60, dtype=pl.UInt64),
            "as_of": [0] * 60,
        }
    )
    assert hour_means(minutes, minutes_min=45).select("value", "n", "reason").row(0) == (20 * 10**6, 45, None)


def at(clock: str) -> int:
    """Return a time of the day; beyond 24:00 of the next."""
    hours, minutes = clock.split(":")
    return ms(DAY + timedelta(hours=int(hours), minutes=int(minutes)))


def made(*rows: tuple[str, str, str, str], pid: int = 1) -> pl.DataFrame:
    """Return (id, mark, start, end) marks."""
    return pl.DataFrame([(pid, i, mark, at(s), at(e)) for i, mark, s, e in rows], schema=SCHEMA, orient="row")


PLANT = ("stopped", "failure", "connection", "start-up")
WHOLE = ("f", "failure", "20:00", "25:00")
RESTART = "connection is the restart after failure and belongs to it"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([WHOLE], [], id="EX-4.5 one mark"),
        pytest.param(
            [WHOLE, ("c", "connection", "22:01", "25:00")], [("f", "c", "22:01", "25:00", RESTART)], id="EX-4.5 within it"
        ),
        pytest.param(
            [("f", "failure", "20:00", "22:00"), ("c", "connection", "22:01", "25:00")],
            [("f", "c", "22:01", "25:00", RESTART)],
            id="EX-4.5 after it",
        ),
        pytest.param(
            [("f", "failure", "20:00", "22:00"), ("c", "connection", "23:00", "25:00")],
            [("f", "c", "23:00", "25:00", RESTART)],
            id="just within the time of a restart",
        ),
        pytest.param([("f", "failure", "20:00", "22:00"), ("c", "connection", "23:01", "25:00")], [], id="a start of its own"),
        pytest.param(
            [("s", "stopped", "10:00", "20:00"), ("f", "failure", "19:00", "22:00")],
            [("s", "f", "19:00", "20:00", "stopped and failure at the same time")],
            id="a failure while stopped",
        ),
        pytest.param([("s", "stopped", "10:00", "20:00"), ("u", "start-up", "20:00", "22:00")], [], id="one after the other"),
        pytest.param(
            [("s", "stopped", "10:00", "20:00"), ("t", "stopped", "19:00", "22:00")],
            [],
            id="twice the same is no contradiction",
        ),
        pytest.param([WHOLE, ("m", "maintenance", "21:00", "22:00")], [], id="the monitor is another subject"),
        pytest.param([], [], id="no marks"),
    ],
)
def test_conflicts(rows: list[tuple[str, str, str, str]], expected: list[tuple[str, str, str, str, str]]) -> None:
    """EX-4.5: a failure from 20:00 to 01:00 with its restart is one mark; a connection from 22:01 on is in conflict."""
    for given in (made(*rows), made(*rows).reverse()):
        apart = pl.concat([given, made(("x", "stopped", "0:00", "48:00"), pid=2)])
        found = marks.mark_conflicts(apart, plant=PLANT, restart_s_max=3_600)
        assert found.rows() == [(1, a, b, at(s), at(e), why) for a, b, s, e, why in expected]


def test_conflicts_are_in_order() -> None:
    """By unit and time, whatever the order of marks."""
    rows = pl.concat([made(WHOLE, ("s", "stopped", "21:00", "22:00"), pid=pid) for pid in range(20, 0, -1)])
    found = marks.mark_conflicts(rows, plant=PLANT, restart_s_max=3_600)
    assert found["pid"].to_list() == list(range(1, 21))
    # two short marks in conflict begin before a later one that the long mark is in conflict with
    long, short, other = WHOLE, ("s", "stopped", "20:10", "20:30"), ("u", "start-up", "20:20", "20:40")
    rows = made(long, short, other, ("c", "connection", "24:00", "25:00"))
    found = marks.mark_conflicts(rows, plant=PLANT, restart_s_max=3_600)
    assert found.select("first", "second").rows() == [("f", "s"), ("f", "u"), ("s", "u"), ("f", "c")]


@pytest.mark.parametrize(("clock", "late"), [("35:59", False), ("36:00", False), ("36:01", True)])
def test_deadline(clock: str, late: bool) -> None:
    """A mark may be set until noon of the day after the one on which it begins."""
    rows = pl.DataFrame({"start_ms": [at("23:30")], "set_ms": [at(clock)]})
    found = marks.late_marks(rows, deadline_h=12, offset_ms=OFFSET_MS)
    assert found.select("deadline_ms", "late").row(0) == (at("36:00"), late)
