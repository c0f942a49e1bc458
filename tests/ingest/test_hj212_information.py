"""What a petrol station's console uploads by CN 3020 becomes readings; other device information stays in its frame."""

from __future__ import annotations

from datetime import datetime

import pytest

from ingest.hj212.decode import LOCAL, Undecodable, decode
from ingest.hj212.reading import Readings, reports

RECEIVED = datetime(2026, 7, 1, 10, 0, 5, tzinfo=LOCAL)


def told(area: str, st: str = "31", cn: str = "3020") -> list[Readings]:
    """Readings of a packet that was received at 10:00:05."""
    packet = decode(f"QN=20260701100001000;ST={st};CN={cn};PW=1;MN=STATION1;Flag=5;CP=&&{area}&&".encode())
    return reports(packet, RECEIVED, "frame", packet.fields.get("DataTime"))


def test_codes_of_the_city_are_realtime_readings() -> None:
    """i41001 to i41039 of ST 31 and CN 3020 (emission rules 6.1), with a nozzle's number where the code bears one; the ends are in it."""
    area = "DataTime=20260701100000;PolId=i41000;i41001-Info=4,i41020-03-Info=1.092;i41031-Rtd=12.5,i41031-Flag=N;i41039-Info=0"
    (found,) = told(area)
    assert (found.source, found.kind, found.time) == ("STATION1", "realtime", datetime(2026, 7, 1, 10, tzinfo=LOCAL))
    assert found.factors == ["i41001", "i41020-03", "i41031", "i41039"]
    assert found.stats == ["rtd"] * 4 and found.numbers == ["4", "1.092", "12.5", "0"] and found.flags == ["", "", "N", ""]
    assert (found.frame, found.backfill, found.protocol) == ("frame", False, "hj212-2017")


def test_a_state_that_is_no_number_has_no_value() -> None:
    """N says that a nozzle was not refuelled: missing, never zero."""
    (found,) = told("DataTime=20260701100000;i41005-Info=N")
    assert (found.factors, found.numbers) == (["i41005"], ["null"])


def test_settings_of_monitors_are_realtime_readings_of_what_they_measure() -> None:
    """i13001 range, i13007 intercept, i13008 slope (HJ 212-2017), of one monitor after another; other parameters are none."""
    area = "DataTime=20260701100000;PolId=a21026,i13001-Info=100;i13008-Info=0.98;i13009-Info=1;PolId=a21002;i13007-Info=-1.5;i13008-Info=1"
    (found,) = told(area, st="22")
    assert (found.source, found.kind, found.time) == ("STATION1", "realtime", datetime(2026, 7, 1, 10, tzinfo=LOCAL))
    assert found.factors == ["a21026-i13001", "a21026-i13008", "a21002-i13007", "a21002-i13008"]
    assert (found.stats, found.numbers) == (["rtd"] * 4, ["100", "0.98", "-1.5", "1"])


@pytest.mark.parametrize(
    ("area", "st", "cn"),
    [
        pytest.param("DataTime=20260701100000;i41000-Info=1;i41040-Info=1", "31", "3020", id="codes beside the range"),
        pytest.param("DataTime=20260701100000;PolId=a21026;i12001-Info=1", "31", "3020", id="state of an instrument"),
        pytest.param("DataTime=20260701100000;i41020-Info=//pump off//", "31", "3020", id="a log's text"),
        pytest.param("DataTime=20260701100000;i41020-xx-Info=1", "31", "3020", id="no nozzle's number"),
        pytest.param("DataTime=20260701100000;i13001-Info=100", "31", "3020", id="a setting of no one knows what"),
        pytest.param("DataTime=20260701100000;i41020-Info=1", "32", "3020", id="another system"),
        pytest.param("DataTime=20260701100000;i41020-Info=1", "31", "3021", id="another command"),
    ],
)
def test_other_information_stays_in_its_frame(area: str, st: str, cn: str) -> None:
    """No reading is made of it."""
    assert told(area, st, cn) == []


def test_readings_without_a_time_are_refused() -> None:
    """As of any upload of readings."""
    with pytest.raises(Undecodable, match="no DataTime"):
        told("i41020-Info=1.1")
