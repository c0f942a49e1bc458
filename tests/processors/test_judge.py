"""A value exceeds only strictly above its limit, compared in full unless a rule says otherwise."""

from __future__ import annotations

import csv
import re
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction

import pytest

from processors.rules import judge
from processors.rules.gas import at_reference_oxygen, half_up
from tests.conftest import SHARED, require

M = 10**6


def micro(text: str) -> int:
    """Return a decimal in millionths."""
    return int(Decimal(text) * M)


@pytest.mark.parametrize(
    ("value", "compare", "verdict"),
    [
        pytest.param("35.04", "full", True, id="EX-0.1 in full"),
        pytest.param("35.04", "rounded(0)", False, id="EX-0.1 after rounding"),
        pytest.param("35.5", "rounded(0)", True, id="a tie to the even digit, up"),
        pytest.param("34.5", "rounded(0)", False, id="a tie to the even digit, down"),
        pytest.param("35", "full", False, id="equal complies"),
        pytest.param("35.000001", "full", True, id="one millionth above"),
        pytest.param("34.999999", "full", False, id="one millionth below"),
        pytest.param("35.05", "rounded(1)", False, id="EX-0.2 first: 35.0 is equal"),
        pytest.param("35.15", "rounded(1)", True, id="EX-0.2 second: 35.2"),
    ],
)
def test_exceeds_35(value: str, compare: str, verdict: bool) -> None:
    """Strictly greater, on the value as the rule compares it."""
    assert judge.exceeds(micro(value), 35 * M, compare) is verdict


def test_half_even() -> None:
    """EX-0.2: half to even to one decimal gives 35.0 and 35.2."""
    assert [judge.compared(micro(text), "rounded(1)") for text in ("35.05", "35.15")] == [35 * M, micro("35.2")]


def test_six_decimals_are_all_there_are() -> None:
    """Rounded to a millionth a value is what it was."""
    assert [judge.compared(value, "rounded(6)") for value in (35_000_001, -1)] == [35_000_001, -1]


@pytest.mark.parametrize("compare", ["", "Full", "rounded()", "rounded(7)", "rounded(-1)", "rounded(12)"])
def test_an_unknown_comparison_is_refused(compare: str) -> None:
    """A misspelt setting is told with what is allowed."""
    with pytest.raises(ValueError, match='neither "full" nor'):
        judge.exceeds(1, 1, compare)


@pytest.mark.parametrize(
    ("oxygen", "verdict"), [pytest.param("9.0", False, id="EX-1.8 equal"), pytest.param("9.1", True, id="EX-1.8 above")]
)
def test_at_reference_oxygen(oxygen: str, verdict: bool) -> None:
    """EX-1.8: 28 mg/m3 at 9.0 % is exactly 35.00 and complies; at 9.1 % it exceeds."""
    value = half_up(at_reference_oxygen(28, oxygen_pct=Decimal(oxygen), reference_pct=6))
    assert judge.exceeds(value, judge.limit_profiles()["PWR-ULE-SO2"].limit_1e6) is verdict


def test_times_over() -> None:
    """EX-1.19: 57.1 against 35 is 0.631 times over, shown as 0.63; without a positive limit there is no multiple."""
    value, limit = micro("57.1"), 35 * M
    assert judge.exceeds(value, limit)
    assert judge.times_over(value, limit) == Fraction("22.1") / 35
    assert (judge.times_over_text(value, limit, 3), judge.times_over_text(value, limit)) == ("0.631", "0.63")
    assert (judge.times_over(value, 0), judge.times_over_text(value, 0)) == (None, "")
    assert judge.times_over(3, 1) == 2


def test_a_profile_keeps_its_source() -> None:
    """A limit carries number, unit, reference oxygen, standard and confidence of its row."""
    profile = judge.limit_profiles()["PWR-ULE-SO2"]
    assert (profile.limit, profile.unit, profile.averaging, profile.reference_o2_pct) == (
        Decimal(35),
        "mg/m3",
        "1h",
        Decimal(6),
    )
    assert (profile.standard, profile.pollutant_code, profile.bound) == ("环发〔2015〕164号", "a21026", "upper")
    assert (profile.confidence, profile.confirmed) == ("from memory, high", False)
    assert judge.limit_profiles()["STL-ULE-SINTERTAIL-PM"].reference_o2_pct is None
    assert judge.limit_profiles()["CEM-ULE-SO2"].confirmed
    partly = judge.limit_profiles()["GST-AL-LO"]
    assert (partly.confidence, partly.confirmed) == ("seen: S13 (band 1.0-1.2); from memory, high", False)


@pytest.mark.parametrize(
    ("rule_id", "when"),
    [("WW-18918-1A-NH3N-WARM", "w01010 > 12"), ("WW-18918-1A-NH3N-COLD", "w01010 <= 12"), ("PWR-ULE-SO2", "")],
)
def test_a_condition(rule_id: str, when: str) -> None:
    """What the table notes is written as limits.csv writes it; most limits have none."""
    assert judge.limit_profiles()[rule_id].when == when


FIRST = "A,s,i,t,a21026,SO2,35,mg/m3,1h,6,2020-01-01,seen,"


@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param(FIRST, "line 3: rule_id A stands twice; make it unique", id="twice"),
        pytest.param(FIRST.replace("35", "high"), 'line 3, limit: "high" cannot be read; mend the cell', id="limit"),
        pytest.param(
            FIRST.replace(",6,", ",6%,"), 'line 3, reference_o2_pct: "6%" cannot be read; mend the cell', id="reference oxygen"
        ),
        pytest.param(
            FIRST.replace("01-01", "13-01"), 'line 3, effective: "2020-13-01" cannot be read; mend the cell', id="date"
        ),
    ],
)
def test_a_fault_in_the_table_is_named(
    second: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """File, line and field."""
    folder = tmp_path_factory.mktemp("tables")
    (folder / "data").mkdir()
    head = ",".join(field.name for field in fields(judge.LimitProfile))
    (folder / "data" / "limit_profiles.csv").write_text("\n".join([head, FIRST, second]), encoding="utf-8")
    monkeypatch.setattr(judge, "files", lambda _: folder)
    judge.limit_profiles.cache_clear()
    try:
        with pytest.raises(ValueError, match=re.escape(f"limit_profiles.csv, {message}")):
            judge.limit_profiles()
    finally:
        judge.limit_profiles.cache_clear()


def test_shipped_profiles_equal_the_reference() -> None:
    """The shipped table holds each row of the reference, cell for cell."""
    reference = SHARED / "reference" / "limits.csv"
    require("shared", reference.exists(), "the reference's limits.csv is compared with the shipped table")
    with reference.open(encoding="utf-8", newline="") as lines:
        rows = {row["rule_id"]: row for row in csv.DictReader(lines)}
    assert list(judge.limit_profiles()) == list(rows)
    for rule_id, profile in judge.limit_profiles().items():
        row = rows[rule_id]
        assert (str(profile.limit), profile.unit, profile.confidence, profile.note, profile.standard) == (
            row["limit"],
            row["unit"],
            row["confidence"],
            row["note"],
            row["standard"],
        )
        assert ("" if profile.reference_o2_pct is None else str(profile.reference_o2_pct)) == row["reference_o2_pct"]
        assert ("" if profile.effective is None else profile.effective.isoformat()) == row["effective"]
        assert profile.bound == ("lower" if "op=>=" in row["note"] else "upper")
