"""Data segments become packets and report lines in the device's words."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.hj212 import reading
from ingest.hj212.crc import crc
from ingest.hj212.decode import LOCAL, Undecodable, decode, device_time, sent_time
from ingest.hj212.framing import Framer
from ingest.hj212.reading import number, report_line, reports
from ingest.hj212.verdict import judge
from ingest.records import Frame, Report
from tests.conftest import REPO, SHARED, require

RECEIVED = datetime(2026, 7, 1, 0, 0, 32, tzinfo=LOCAL)


def segment(area: str, cn: str = "2011", header: str = "QN=20260701000031000;ST=31;CN={};PW=123456;MN=M1;Flag=4") -> bytes:
    return f"{header.format(cn)};CP=&&{area}&&".encode()


def lines(area: str, cn: str = "2011", **more: str) -> list[dict[str, object]]:
    packet = decode(segment(area, cn, **more))
    found = reports(packet, RECEIVED, "f0", packet.fields.get("DataTime"))
    made = [report_line(r) for r in found]
    for line in made:
        Report.model_validate_json(line)
    return [json.loads(line) for line in made]


def test_a_realtime_upload() -> None:
    """The report line is the design's layout, key for key; values keep the device's words, time gets +08:00."""
    (found,) = reports(
        decode(
            segment("DataTime=20260701000030;a21026-Rtd=31.2,a21026-ZsRtd=40.10,a21026-Flag=N;a19001-Rtd=8.4,a19001-Flag=D")
        ),
        RECEIVED,
        "0123456789abcdef",
        "20260701000030",
    )
    assert report_line(found) == (
        b'{"v":1,"source":"M1","time":"2026-07-01T00:00:30+08:00","kind":"realtime","factors":["a21026","a21026","a19001"],'
        b'"stats":["rtd","zsrtd","rtd"],"values":[31.2,40.10,8.4],"flags":["N","N","D"],"sent":"2026-07-01T00:00:31+08:00",'
        b'"received":"2026-07-01T00:00:32+08:00","protocol":"hj212-2017","frame":"0123456789abcdef","backfill":false,"decoder":1}'
    )


@pytest.mark.parametrize(
    ("cn", "area", "kind", "stats"),
    [
        (
            "2051",
            "DataTime=20260630235000;w1-Cou=1,w1-Min=1,w1-Avg=2,w1-Max=3,w1-Flag=N",
            "minute",
            ["avg", "min", "max", "cou"],
        ),
        ("2061", "DataTime=20260630230000;a1-ZsMin=1,a1-ZsAvg=2,a1-ZsMax=3", "hour", ["zsavg", "zsmin", "zsmax"]),
        ("2031", "DataTime=20260630000000;w1-Avg=2", "day", ["avg"]),
        ("2021", "DataTime=20260701000000;SB1-RS=1;SB2-RS=0", "state", ["rs", "rs"]),
        ("2041", "DataTime=20260630000000;SB1-RT=1.1", "state", ["rt"]),
    ],
)
def test_kinds(cn: str, area: str, kind: str, stats: list[str]) -> None:
    """Each upload command has its kind; stats are suffixes in lower case (hj212.md §5.2, §8)."""
    (line,) = lines(area, cn)
    assert (line["kind"], line["stats"], line["backfill"]) == (kind, stats, False)


@pytest.mark.parametrize(
    ("cn", "area"),
    [
        ("9021", "Data=0BBE"),
        ("9011", "QnRtn=1"),
        ("9012", "ExeRtn=1"),
        ("9013", ""),
        ("9014", ""),
        ("1013", "PolId=w01018"),
        ("2081", "DataTime=20260701000000;RestartTime=20260701000000"),
        ("2065", "DataTime=20260701000000;w21011-Check=0.008,w21011-StandardValue=0.000,w21011-Flag=N"),
        ("3020", "DataTime=20260701000000;PolId=w01018;i11001-Info=//a,b;c=d-e&&##//"),
        ("2011", ""),
        ("2051", "BeginTime=20260701000000,EndTime=20260701010000"),
        ("5019", "DataTime="),
    ],
)
def test_frames_without_readings(cn: str, area: str) -> None:
    """Logins, answers, checks, device information and requests are read and make no report."""
    assert lines(area, cn) == []


@pytest.mark.parametrize(
    ("area", "reason"),
    [
        ("a1-Rtd=1", "no DataTime"),
        ("DataTime=;a1-Rtd=1", "DataTime is no time"),
        ("DataTime=20260230000000;a1-Rtd=1", "DataTime is no time"),
        ("DataTime=20260701240000;a1-Rtd=1", "DataTime is no time"),
        ("DataTime=33811122235142;a1-Rtd=1", "DataTime is no time"),
        ("DataTime=00010101000000;a1-Rtd=1", "DataTime is no time"),
        ("DataTime=2026070100000;a1-Rtd=1", "DataTime is no time"),
        ("DataTime=٢٠٢٦٠٧٠١٠٠٠٠٠٠;a1-Rtd=1", "DataTime is no time"),
    ],
)
def test_readings_need_a_time(area: str, reason: str) -> None:
    """Readings without a time are quarantined by name."""
    with pytest.raises(Undecodable, match=f"^{reason}$"):
        lines(area)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"QN=1;MN=A B;CP=&&&&", "MN holds blanks, slashes, quotes or control characters"),
        (b"QN=1;MN=" + b"A" * 129 + b";CP=&&&&", "MN is longer than 128 characters"),
        (b"MN=A;CP=&&" + b"a" * 129 + b"-Rtd=1&&", "a factor code or flag is longer than 128 characters"),
        (b"QN=1;MN=A", "no data area: CP=&& is missing"),
        (b"MN=A;CP=&&", "data segment does not end with &&"),
        (b"MN=A;CP=&&DataTime=1&&;Flag=0", "data segment does not end with &&"),
        (b"", "no data area: CP=&& is missing"),
    ],
)
def test_unreadable_segments(data: bytes, reason: str) -> None:
    """What cannot be read has a named reason, never a traceback."""
    with pytest.raises(Undecodable) as caught:
        decode(data)
    assert str(caught.value) == reason


def test_the_header_is_read_by_name() -> None:
    """Order, case, commas, blanks, repeats and vendor fields of hj212.md §4, §18; a missing ``;`` before CP too."""
    packet = decode(b"ST=32,CN=2011;QN=20190507002947624;pw=a=b;,MN=x-1_2;FLAG=5;AL=;ST=31;junkCP=&&DataTime=1;&&")
    assert packet.header == {
        "ST": "32",
        "CN": "2011",
        "QN": "20190507002947624",
        "PW": "a=b",
        "MN": "x-1_2",
        "Flag": "5",
        "AL": "",
    }
    assert packet.notes == ["header field ST repeats; the first counts", "header piece without '=': junk"]
    assert packet.fields == {"DataTime": "1"}


def test_the_data_area() -> None:
    """Last hyphen divides, suffixes lose odd case, codes merge over groups, groups are kept, log text is opaque."""
    packet = decode(
        b"MN=A;CP=&&DataTime=1;PolId=w1,i12001-Info=1;PolId=w2,i12001-Info=0;i11001-Info=//x;y=1,a-b=2&&//;;01-ZsRtd=2;"
        b"01-rtd=3,01-FLAG=N;Nh3-scr-Rtd=4,xx--Avg=5;01-Rtd=9;stray;&&"
    )
    assert packet.fields == {"DataTime": "1", "PolId": "w1"}
    assert packet.factors == {
        "i12001": {"Info": "1"},
        "i11001": {"Info": "//x;y=1,a-b=2&&//"},
        "01": {"ZsRtd": "2", "Rtd": "3", "Flag": "N"},
        "Nh3-scr": {"Rtd": "4"},
        "xx": {"Avg": "5"},
    }
    assert packet.groups[1:3] == [[("PolId", "w1"), ("i12001-Info", "1")], [("PolId", "w2"), ("i12001-Info", "0")]]
    assert packet.notes == ["01-Rtd repeats; the first counts", "member without '=': stray"]


def test_text_around_a_log_is_kept() -> None:
    """A member's value is its text as sent, with NUL bytes and with what stands before the log's slashes."""
    packet = decode(b"MN=A;CP=&&i11001-Info=x=//a;b//;i11002-Info=\0=//c,d//;i11003-Info=//\0//;i11004-Info=\x001\0&&")
    assert [v["Info"] for v in packet.factors.values()] == ["x=//a;b//", "\0=//c,d//", "//\0//", "\x001\0"]


def test_blanks_and_tabs() -> None:
    """Blanks inside CP and header (§14.1) change no meaning: command, time, code, flag and edition are read without them."""
    (line,) = lines(
        "DataTime= 20260701000030\t;\ta1 -\tRtd = 31.2 , a1-Flag = N\t;a2-Rtd=1, Flag= D ",
        header="QN= 20260701000031000 ;ST= 31;CN=2011\t;MN= M1 ;Flag= 4 ",
    )
    assert (line["time"], line["sent"], line["source"]) == ("2026-07-01T00:00:30+08:00", "2026-07-01T00:00:31+08:00", "M1")
    assert (line["factors"], line["values"], line["flags"]) == (["a1", "a2"], [31.2, 1], ["N", "D"])
    assert line["protocol"] == "hj212-2017"


@pytest.mark.parametrize(
    ("header", "cn", "area", "reason"),
    [
        ("ST=31;CN={};PW=1;Flag=4", "2011", "DataTime=20260701000000;a1-Rtd=1", "no MN"),
        ("ST=31;CN={};PW=1;MN= ;Flag=4", "2011", "DataTime=20260701000000;a1-Rtd=1", "no MN"),
        ("ST=31;PW=1;MN=A;Flag=4", "", "DataTime=20260701000000;a1-Rtd=1", "no CN"),
        ("ST=31;CN=;PW=1;MN=A;Flag=4", "", "", "no CN"),
        ("ST=91;CN={}", "9014", "QN=20040516010101001;CN=2051", None),
        ("QN=20260701000031000;ST=31;CN={};PW=123456;MN=;Flag=9", "9013", "", None),
        ("CN={};PW=1;MN=A", "2011", "DataTime=20260701000000;a1-Rtd=1", None),
    ],
)
def test_missing_header_fields(header: str, cn: str, area: str, reason: str | None) -> None:
    """Readings need an MN, everything a CN; an answer of 2005 and a logger of 2025 before it has an MN have none (§4)."""
    data = segment(area, cn, header)
    (piece,) = (f := Framer()).feed(b"##%04d%b%04X" % (len(data), data, crc(data))) + f.close()
    found = judge(piece, RECEIVED)
    assert found.reason == reason
    assert found.packet is not None
    assert Frame.model_validate_json(found.frame_line(RECEIVED, "p")).source == (found.packet.mn or None)
    assert ("no ST" in found.noted) == ("ST=" not in header)


@pytest.mark.parametrize(
    ("cn", "area", "notes"),
    [
        ("2011", "a1-td=1,a1-Flag=N;a2-Rtd=1,a2-Vol=2", ["a1-td is no reading of CN 2011"]),
        ("2051", "a1-Rtd=1;a2-Flag=D", ["a1-Rtd is no reading of CN 2051"]),
        ("3020", "i12001-Info=1", []),
    ],
)
def test_what_makes_no_reading_is_noted(cn: str, area: str, notes: list[str]) -> None:
    """An upload's factor without a suffix of its command is kept in the frame and told, not passed over in silence (§5)."""
    packet = decode(segment("DataTime=20260701000000;" + area, cn))
    reports(packet, RECEIVED, "f0", "20260701000000")
    assert packet.notes == notes


def test_noise_levels() -> None:
    """Noise has its own suffixes: of the period, of day and night (§5.2)."""
    (line,) = lines("DataTime=20260630000000;LA-Data=50.1,LA-DayData=52.0,LA-NightData=45.5,LA-Flag=N", "2031")
    assert (line["stats"], line["values"]) == (["data", "daydata", "nightdata"], [50.1, 52.0, 45.5])


def test_an_unknown_receipt_is_not_before_the_time() -> None:
    """A file tells no arrival, and a QN may stand still (§4.1): DataTime is a lower bound."""
    (found,) = reports(
        decode(segment("a1-Rtd=1", header="QN=20160801085857223;ST=31;CN={};MN=A;Flag=4")), None, "f", "20260701000030"
    )
    assert (found.sent.year, found.received) == (2016, datetime(2026, 7, 1, 0, 0, 30, tzinfo=LOCAL))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_text(encoding: str) -> None:
    """Log text in UTF-8 or GBK is read (hj212.md §18)."""
    packet = decode("MN=A;CP=&&i11001-Info=//更换泵管//&&".encode(encoding))
    assert packet.factors["i11001"]["Info"] == "//更换泵管//"


def test_groups_by_commas_only_and_a_flag_for_all() -> None:
    """Groups divided by commas only (§18), and a Flag that stands for the whole packet where a factor has none."""
    (line,) = lines("DataTime=20260701000000,a1-Rtd=1,a2-Rtd=2,a2-Flag=D,Flag=N")
    assert (line["factors"], line["flags"]) == (["a1", "a2"], ["N", "D"])


def test_a_flag_of_another_code_stays_there() -> None:
    """``05-Rtd=6.8,S05-Flag=N``: kept as sent, not mended (§18); codes of 2005 stay codes of 2005."""
    (line,) = lines("DataTime=20260701000000;05-Rtd=6.8,S05-Flag=N")
    assert (line["factors"], line["values"], line["flags"]) == (["05"], [6.8], [""])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("092", "92"), (".5", "0.5"), ("+3", "3"), ("0.0000", "0.0000"), ("-0031", "-31"), ("5.", "5"), ("-.5", "-0.5")),
        *((" 7 ", "7"), ("1.2E-05", "0.000012"), ("1e3", "1000"), ("34.4142747017156", "34.4142747017156"), ("000.4", "0.4")),
        *(("", "null"), ("-", "null"), (".", "null"), ("n/a", "null"), ("NaN", "null"), ("inf", "null"), ("1e999", "null")),
        *(("1,5", "null"), ("0x10", "null"), ("1_000", "null"), ("٣", "null"), ("9" * 41, "null"), ("9" * 40, "9" * 40)),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    """A device's number becomes a JSON number of the same value, everything else null."""
    assert number(text) == expected


@settings(deadline=None)
@given(st.text(max_size=12) | st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.floats().map(str))
def test_any_text_makes_a_valid_number(text: str) -> None:
    """Whatever a device writes, the line stays JSON and the value finite."""
    value = json.loads(number(text), parse_constant=pytest.fail)
    assert value is None or abs(value) < 1e61


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from(["2011", "2051", "2021", "9021"]))
def test_any_area_is_read_or_named(text: str, cn: str) -> None:
    """Random data areas end as a valid report, as none, or with a reason."""
    try:
        lines("DataTime=20260701000000;" + text + ";a1-Rtd=1", cn)
    except Undecodable as error:
        assert str(error)


@pytest.mark.parametrize(
    ("flag", "st_", "protocol"),
    [
        *(
            (";Flag=0", "31", "hj212-2005"),
            (";Flag=3", "31", "hj212-2005"),
            ("", "31", "hj212-2005"),
            (";Flag=", "31", "hj212-2005"),
        ),
        *((";Flag=4", "31", "hj212-2017"), (";Flag=7", "31", "hj212-2017"), (";Flag=x", "31", "hj212-2005")),
        *((";Flag=9", "21", "hj212-2017"), (";Flag=8", "31", "hj212-2025"), (";Flag=11", "32", "hj212-2025")),
    ],
)
def test_editions(flag: str, st_: str, protocol: str) -> None:
    """The version bits of Flag name the edition, but for stations (ST 21) that used version 2 before 2025 (§4.2)."""
    assert decode(f"ST={st_};MN=A{flag};CP=&&&&".encode()).protocol == protocol


def test_times() -> None:
    """DataTime of 14 or 17 digits; QN of 17, 14 or 13 digits: 1617936069734 is 2021-04-09 02:41:09.734 UTC."""
    assert device_time("20160824003817") == datetime(2016, 8, 24, 0, 38, 17, tzinfo=LOCAL)
    assert device_time("20160824003817250") == datetime(2016, 8, 24, 0, 38, 17, 250_000, tzinfo=LOCAL)
    assert sent_time("1617936069734") == datetime(2021, 4, 9, 2, 41, 9, 734_000, tzinfo=UTC)
    assert sent_time("20260701000031") == datetime(2026, 7, 1, 0, 0, 31, tzinfo=LOCAL)
    assert sent_time("20261301000000000") is None
    assert sent_time("") is None
    (line,) = lines("DataTime=20160824003817250;a1-Rtd=1", header="ST=31;CN={};MN=A")
    assert (line["time"], line["sent"]) == ("2016-08-24T00:38:17.250+08:00", "2026-07-01T00:00:32+08:00")


@pytest.mark.parametrize(
    ("cn", "area", "late_s"),
    [("2011", "a-Rtd=1", 300), ("2051", "a-Avg=1", 900), ("2061", "a-Avg=1", 3_900), ("2031", "a-Avg=1", 86_700)],
)
def test_backfill(cn: str, area: str, late_s: int) -> None:
    """Sent more than its period and five minutes after its time, a record is backfill; at that time it is not yet."""
    for s, expected in ((late_s, False), (late_s + 1, True)):
        time = datetime(2026, 7, 1, 0, 0, 31, tzinfo=LOCAL) - timedelta(seconds=s)
        (line,) = lines(f"DataTime={time:%Y%m%d%H%M%S};{area}", cn)
        assert line["backfill"] is expected
    (line,) = lines("DataTime=20260701000030;a-Rtd=1", header="QN=20260701000031000;CN={};MN=A;Flag=8;RF=1")
    assert line["backfill"] is True


def test_more_readings_than_a_report_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are divided over several reports of the same time."""
    monkeypatch.setattr(reading, "FACTORS_MAX", 2)
    found = lines("DataTime=20260701000000;a1-Rtd=1;a2-Rtd=2;a3-Rtd=3")
    assert [line["factors"] for line in found] == [["a1", "a2"], ["a3"]]


def test_frame_record_and_decode_output() -> None:
    """A frame's record keeps any byte; what ``plumeline decode`` prints has values as sent and no line end in its length."""
    data = segment("DataTime=20160801085857;a21026-Rtd=031.20,a21026-Flag=N")
    raw = b"##%04d%b%04X" % (len(data), data, crc(data))
    (piece, _end) = Framer().feed(raw + b"\r\n#")[:2]
    judged = judge(piece, RECEIVED)
    frame = Frame.model_validate_json(judged.frame_line(RECEIVED, "192.0.2.1:5"))
    assert (frame.raw.encode("latin-1"), frame.verdict, frame.crc, frame.source, frame.answered) == (
        raw,
        "ok",
        "ok",
        "M1",
        False,
    )
    assert judged.described(7) == {
        "offset": 7,
        "length": len(raw),
        "status": "ok",
        "reason": None,
        "crc": "ok",
        "header": {"QN": "20260701000031000", "ST": "31", "CN": "2011", "PW": "123456", "MN": "M1", "Flag": "4"},
        "fields": {"DataTime": "20160801085857"},
        "factors": {"a21026": {"Rtd": "031.20", "Flag": "N"}},
    }


def test_any_byte_survives_in_a_frame_record() -> None:
    """A quarantined candidate's bytes come back from its record, whatever they are."""
    raw = b"##0300" + bytes(b for b in range(256) if b != ord("#"))
    (piece,) = (f := Framer()).feed(raw) + f.close()
    record = Frame.model_validate_json(judge(piece).frame_line(RECEIVED, "p"))
    assert (record.raw.encode("latin-1"), record.verdict, record.source) == (raw, "truncated", None)


def test_the_code_table_is_the_references() -> None:
    """``factors.csv`` is the reference's table, five columns of it, row for row."""
    path = SHARED / "reference" / "pollutant_codes.csv"
    require("shared", path.exists(), "pollutant_codes.csv")
    shipped, given_ = (list(csv.DictReader(p.open(encoding="utf-8-sig"))) for p in (REPO / "ingest/hj212/factors.csv", path))
    assert shipped == [{name: row[name] for name in shipped[0]} for row in given_]


def samples() -> list[dict[str, str]]:
    path: Path = SHARED / "data" / "hj212_samples.jsonl"
    require("shared", path.exists(), "hj212_samples.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_real_samples() -> None:
    """Every public packet with a right CRC and length is decoded, and its readings make a line the record accepts."""
    counts: Counter[str] = Counter()
    for row in samples():
        for piece in (f := Framer()).feed(row["raw"].encode()) + f.close():
            if piece.kind == "end":
                continue
            judged = judge(piece, RECEIVED)
            assert (judged.reason is None) == bool(row["crc_ok"] and row["length_ok"]), (row, judged.reason)
            Frame.model_validate_json(judged.frame_line(RECEIVED, "p"))
            for found in judged.readings:
                counts[found.kind] += len(Report.model_validate_json(report_line(found)).factors)
    assert counts.keys() == {"realtime", "minute", "hour", "day", "state"}


def test_real_samples_readings() -> None:
    """The number of real-time values equals the number of ``-Rtd=`` and ``-ZsRtd=`` in the accepted 2011 packets' text."""
    expected = found = 0
    for row in samples():
        if not (row["crc_ok"] and row["length_ok"] and "CN=2011;" in row["raw"]):
            continue
        expected += row["raw"].count("-Rtd=") + row["raw"].count("-ZsRtd=")
        (piece, *_) = (f := Framer()).feed(row["raw"].encode()) + f.close()
        found += sum(len(r.factors) for r in judge(piece, RECEIVED).readings)
    assert found == expected > 100
