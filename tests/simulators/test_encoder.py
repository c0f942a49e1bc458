"""The simulators' encoder against the standard's printed examples."""

from __future__ import annotations

from datetime import datetime

import pytest

from simulators.clock import CST
from simulators.encoder import (
    HOUR,
    Answers,
    Identity,
    Item,
    Numbers,
    Packet,
    crc,
    divide,
    encode,
    frame,
    power_on,
    realtime,
    segment,
    statistics,
)

MN = "010000A8900016F000169DC0"
OFFICIAL = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
AT = datetime(2016, 8, 1, 8, 0, tzinfo=CST)


def answer(cn: str, cp: str = "") -> bytes:
    return f"QN=20160801085857223;ST=91;CN={cn};PW=123456;MN={MN};Flag=4;CP=&&{cp}&&".encode()


@pytest.mark.parametrize(
    ("data", "printed"),
    [
        (b"", "FFFF"),
        (b"A", "7080"),
        (b"123456789", "2F80"),
        (b"ST=32", "60C0"),
        (OFFICIAL, "1C80"),
        (answer("9014"), "3240"),
        (answer("9013"), "2A80"),
        (answer("9011", "QnRtn=1"), "1B00"),
        (answer("9012", "ExeRtn=1"), "6240"),
    ],
)
def test_crc_is_the_protocols_own(data: bytes, printed: str) -> None:
    """Every vector of the reference's table (hj212.md 3.2) comes out, none of them CRC-16/MODBUS."""
    assert crc(data) == printed


def test_official_frame() -> None:
    """The standard's worked example is written byte for byte: length 0101, CRC 1C80, CR LF."""
    assert frame(OFFICIAL) == b"##0101" + OFFICIAL + b"1C80\r\n"
    packet = Packet("1062", "", "RtdInterval=30")
    assert segment(Identity(MN, st="32", pw="100000"), packet, "20160801085857223") == OFFICIAL


def test_numbered_pair_of_the_standard() -> None:
    """The standard's two sub-packets (hj212.md 10) come out with their lengths and CRCs."""
    who = Identity(MN, st="32")
    stat = [("Min", "16.4"), ("Avg", "17.5"), ("Max", "20.1"), ("Flag", "N")]
    flow = Item("w00000", (("Cou", "63.0"), *stat))
    ph = Item("w01001", (("Min", "7.1"), ("Avg", "7.5"), ("Max", "7.8"), ("Flag", "N")))
    first = Packet(HOUR, "20160801080000", f"DataTime=20160801080000;{flow.text()};{ph.text()}", 2, 1)
    made = encode(who, first, "20160801085857534")
    assert made.startswith(b"##0260QN=20160801085857534;ST=32;CN=2061;") and b";Flag=7;PNUM=2;PNO=1;CP=&&" in made
    assert made.endswith(b"&&D941\r\n")


def test_sub_packets_only_beyond_the_bound() -> None:
    """A segment stays within 1024 bytes and CP within 950, each part repeats DataTime, no code is lost or straddles."""
    who = Identity(MN)
    items = [Item(f"a{n:05d}", (("Avg", "12.345"), ("Flag", "N"))) for n in range(60)]
    parts = divide(who, HOUR, AT, items)
    assert (
        len(parts) > 1 and [p.pno for p in parts] == list(range(1, len(parts) + 1)) and {p.pnum for p in parts} == {len(parts)}
    )
    found = []
    for part in parts:
        data = segment(who, part, "20160801085857534")
        assert len(data) <= 1024 and len(part.cp) + 4 <= 950 and b";Flag=7;" in data
        head, *rest = part.cp.split(";")
        assert head == "DataTime=20160801080000"
        found += rest
    assert found == [item.text() for item in items]
    few = divide(who, HOUR, AT, items[:3])
    assert len(few) == 1 and few[0].pnum == 0 and b";Flag=5;CP=" in segment(who, few[0], "0" * 17)
    with pytest.raises(ValueError, match="more than one packet holds"):
        divide(who, HOUR, AT, [Item("a1", (("Info", "x" * 1000),))])


def test_uploads_read_as_the_standard_prints_them() -> None:
    """2011 has Rtd and Flag, statistics a start label, 2081 the restart's time."""
    who = Identity(MN)
    assert realtime(who, AT, [("a21026", "31.2")])[0].cp == "DataTime=20160801080000;a21026-Rtd=31.2,a21026-Flag=N"
    assert power_on(AT, AT).cp == "DataTime=20160801080000;RestartTime=20160801080000"
    with pytest.raises(ValueError, match="no statistic"):
        statistics(who, "2011", AT, [])
    assert b";Flag=4;" in segment(who, power_on(AT, AT), "0" * 17, answer=False)


def test_numbers_never_repeat() -> None:
    """Two QNs of one millisecond differ by a millisecond, and a clock that goes back does not repeat one."""
    times = iter([AT, AT, AT.replace(year=2015)])
    numbers = Numbers(lambda: next(times))
    assert [numbers(), numbers(), numbers()] == ["20160801080000000", "20160801080000001", "20160801080000002"]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_answers_survive_noise_and_cuts(size: int) -> None:
    """9014s are found among noise, other answers and wrong CRCs, however the stream is cut."""
    good = b"##0087" + answer("9014") + b"3240\r\n"
    wrong = good.replace(b"3240", b"3241")
    stream = b"AT#" + wrong + b"##0087" + answer("9013") + b"2A80\r\n##x" + good + b"\x00" + good.replace(b"3240\r\n", b"3240")
    answers = Answers()
    found = [qn for i in range(0, len(stream), size) for qn in answers.feed(stream[i : i + size])]
    assert found == ["20160801085857223"] * 2
