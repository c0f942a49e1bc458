"""What the host answers: the standard's own frames, and silence where none is due."""

from __future__ import annotations

import pytest

from ingest.hj212.answer import answer, frame
from ingest.hj212.decode import decode

HEAD = "QN=20160801085857223;ST=32;CN={cn};PW=123456;MN=010000A8900016F000169DC0;Flag={flag};CP=&&&&"


def reply(cn: str, flag: int) -> bytes | None:
    return answer(decode(HEAD.format(cn=cn, flag=flag).encode()))


def test_official_answers() -> None:
    """The 2017 appendix' 9014 and 9013 (hj212.md §3.2, §9.1), byte for byte."""
    told = b"##0087QN=20160801085857223;ST=91;CN=%b;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&%b\r\n"
    assert reply("2011", 5) == told % (b"9014", b"3240")
    assert reply("1013", 5) == told % (b"9013", b"2A80")


def test_official_request() -> None:
    """The standard's worked example of a frame."""
    head = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
    assert frame(head) == b"##0101" + head + b"1C80\r\n"


@pytest.mark.parametrize(
    ("cn", "flag", "answered"),
    [
        *(("2011", 4, None), ("2011", 5, b"9014"), ("2061", 6, None), ("2061", 7, b"9014"), ("2051", 9, b"9014")),
        *((cn, 5, b"9014") for cn in ("2021", "2031", "2041", "2051", "2081")),
        *(
            ("2072", 5, b"9013"),
            ("9021", 5, b"9013"),
            ("9015", 9, b"9013"),
            ("1013", 4, b"9013"),
            ("3020", 5, b"9014"),
            ("2065", 9, b"9014"),
        ),
        *(("9011", 5, None), ("9012", 5, None), ("9013", 5, None), ("9014", 5, None), ("1011", 5, b"9014")),
    ],
)
def test_who_is_answered(cn: str, flag: int, answered: bytes | None) -> None:
    """The answer bit decides; notices get 9013, a device's own answers none; Flag keeps its version bits only."""
    found = reply(cn, flag)
    if answered is None:
        assert found is None
    else:
        assert found is not None
        assert b"ST=91;CN=" + answered in found
        assert b"Flag=%d;" % (flag & ~3) in found


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("QN=20040516010101001;ST=31;CN=2051;PW=1;MN=A;Flag=1;CP=&&&&", "ST=91;CN=9014;CP=&&QN=20040516010101001;CN=2051&&"),
        (
            "QN=20040516010101001;ST=31;CN=2051;PW=1;MN=A;Flag=3;PNUM=2;PNO=1;CP=&&&&",
            "ST=91;CN=9014;PNO=1;PNUM=2;CP=&&QN=20040516010101001;CN=2051&&",
        ),
        ("QN=20040516010101001;ST=91;CN=9012;PW=1;MN=A;CP=&&ExeRtn=1&&", "ST=91;CN=9014;CP=&&QN=20040516010101001;CN=9012&&"),
    ],
)
def test_the_2005_form(segment: str, expected: str) -> None:
    """Devices of 2005 are answered in their form, their 9012 too (hj212.md §9.1)."""
    found = answer(decode(segment.encode()))
    assert found is not None
    assert found[6:-6].decode() == expected
    assert int(found[2:6]) == len(expected)


@pytest.mark.parametrize(
    "segment",
    [
        "ST=31;CN=2011;PW=123456;MN=A;CP=&&&&",
        "ST=31;CN=2011;PW=123456;MN=A;Flag=5;CP=&&&&",
        "QN=1;ST=31;CN=2011;PW=123456;MN=A;CP=&&&&",
        "QN=1;ST=31;CN=2011;PW=123456;MN=A;Flag=;CP=&&&&",
    ],
)
def test_nothing_is_due(segment: str) -> None:
    """An upload without QN cannot be answered, one without Flag expects nothing."""
    assert answer(decode(segment.encode())) is None
