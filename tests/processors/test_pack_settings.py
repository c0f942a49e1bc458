"""Settings of packs: how values are compared, what an hour, a day and a due result are, and in which order means are converted."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumeline.explain import explained, rules_behind
from processors.cases import parse_cases, run_case
from processors.packs import PackFault, parse_pack, shipped
from processors.rules.millionths import half_even_expr
from tests.processors.given import NOON, O2, SO2, registry, stack_hour
from tests.processors.test_engine import Bench
from tests.processors.test_packs import own

SAID = 'id = "{step}"\nstep = "{step}"\nstandard = "x"\nclause = "x"\nclause_zh = "x"\nconfidence = "proposal"\ntext = "x"\ntext_zh = "x"\n'


def pack(*rules: tuple[str, str], base: str = "cn-flue-gas", kinds: str = '["flue_gas"]') -> str:
    """Return a pack of some steps with their parameters over a shipped one."""
    head = f'id = "mine"\ntitle = "x"\ntitle_zh = "x"\nbase = "{base}"\nkinds = {kinds}\n'
    return head + "".join(f"[[rule]]\n{SAID.format(step=step)}{parameters}\n" for step, parameters in rules)


def failed(cases: str, text: str) -> list[str]:
    """Return what is not met of some cases under a pack."""
    return [told for case in parse_cases(cases, "x.cases") for told in run_case(case, [own(text)]).failed]


ROUNDED = ("limit.rounded", f"decimals = {{ {SO2} = 0 }}")
OPERATING_HOUR = ("hour.mean", 'minutes_min = 45\nvalid_minutes_basis = "operating"')
OPERATING_DAY = ("day.mean", 'hours_min = 20\nvalid_day_basis = "operating"')
TWO_THIRDS = ("minute.mean", 'valid_share_min = "2/3"')
MISSED_DAY = ("day.mean", 'hours_min = 20\nvalid_day_basis = "missed"')
MEANS_FIRST = ("hour.reference_oxygen", 'fold_order = "mean_then_fold"')
ALL_DUE = ("day.mean_by_flow", 'share_min_pct = 75\ndue_basis = "clock"')


@settings(max_examples=200, deadline=None)
@given(value=st.integers(-(10**13), 10**13), decimals=st.integers(0, 6))
def test_columns_round_half_to_even(value: int, decimals: int) -> None:
    """As decimal arithmetic does, below zero and at ties too."""
    for each in (value, value // 10**6 * 10**6 + 5 * 10 ** (5 - min(decimals, 5))):
        exact = Decimal(each).scaleb(-6).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
        got = pl.DataFrame({"v": [each], "d": [decimals]}).select(half_even_expr(pl.col("v"), pl.col("d"))).item()
        assert got == int(exact.scaleb(6))


def test_a_value_is_rounded_before_it_is_compared() -> None:
    """Half to even: 34.5 is 34 and 35.5 is 36; a bound from below too; the figure stays, and another factor is compared as it is."""
    cases = f"""
case ONE
  source flue_gas
  point {SO2} mg/m3
  point NOX mg/m3
  limit {SO2} 35 hour
  limit {SO2} 6 hour lower name LEAST
  limit {SO2} 35 day
  limit NOX 35 hour
  hours 00:00 to 01:00  {SO2} 35.04  NOX 35.04
  hours 01:00 to 02:00  {SO2} 35.5
  hours 02:00 to 03:00  {SO2} 5.5
  hours 03:00 to 04:00  {SO2} 5.4
  hours 04:00 to 24:00  {SO2} 37.952
  expect hour 00:00 {SO2} 35.04 complies
  expect hour 00:00 NOX 35.04 exceeds
  expect hour 01:00 {SO2} 35.5 exceeds
  expect hour 02:00 {SO2} complies limit LEAST
  expect hour 03:00 {SO2} exceeds limit LEAST
  expect day {SO2} 35.02 complies
"""
    # (35.04 + 35.5 + 5.5 + 5.4 + 20 x 37.952) / 24 = 840.48 / 24 = 35.02
    assert failed(cases, pack(ROUNDED)) == []


def test_the_confidence_interval_comes_off_first() -> None:
    """20 % of 35 are 7 (eu-ied): 42.4 is compared as 35.4, rounded 35; 42.5 as 35.5, rounded 36."""
    cases = f"""
case ONE
  source flue_gas
  point {SO2} mg/m3
  limit {SO2} 35 hour
  hours 00:00 to 01:00  {SO2} 42.4
  hours 01:00 to 02:00  {SO2} 42.5
  expect hour 00:00 {SO2} 42.4 complies
  expect hour 01:00 {SO2} 42.5 exceeds
"""
    assert failed(cases, pack(ROUNDED, base="eu-ied")) == []


def test_a_stop_that_is_told_later_makes_hour_and_day() -> None:
    """30 minutes of an hour are too few until a mark says that the plant stood before, sent or not; so are 9 hours of a day."""
    cases = f"""
case HOUR
  source flue_gas
  point {SO2} mg/m3
  10:00 to 10:20  {SO2} 3  flag D
  10:20 to 10:50  {SO2} 20
  11:00 to 12:00  {SO2} 20
  mark stopped 10:00 to 10:20 set 12:40
  expect hour 10:00 {SO2} 20.0

case SILENT
  source flue_gas
  point {SO2} mg/m3
  10:20 to 10:50  {SO2} 20
  11:20 to 11:49  {SO2} 20
  12:30 to 13:00  {SO2} 20
  mark stopped 10:00 to 10:20 set 12:40
  mark stopped 11:00 to 11:20
  mark maintenance 12:00 to 12:20
  expect hour 10:00 {SO2} 20.0
  expect hour 11:00 {SO2} none 29 valid minutes of 30 (stopped)
  expect hour 12:00 {SO2} none 30 valid minutes of 45

case DAY
  source flue_gas
  point {SO2} mg/m3
  hours 14:00 to 23:00  {SO2} 20
  hours 00:00 to 14:00  {SO2} 3
  mark stopped 00:00 to 14:00 set day 2 08:00
  expect day {SO2} 20.0
"""
    assert failed(cases, pack(OPERATING_HOUR, OPERATING_DAY)) == []


def test_means_are_converted() -> None:
    """EX-1.9: 25 at 10 % is 34.09, and no sum of minutes is said to stand behind it; minute by minute it is 36.43."""
    found = []
    for mine in ((), (own(pack(MEANS_FIRST)),)):
        rows = registry().model_copy(update={"packs": mine})
        bench = Bench(rows)
        first, second = stack_hour(NOON, 30.0), stack_hour(NOON, 20.0, o2=14.0)
        bench.lines([*first[: len(first) // 2], *second[len(second) // 2 :], *stack_hour(NOON + timedelta(hours=1), 20.0)[:1]])
        figure = bench.hour(SO2, "avg_ref", NOON)
        assert figure.number is not None
        found.append((round(figure.number, 2), figure.verdict, figure.n, "sum" in explained(figure, rows)))
    n = found[0][2]
    assert found == [(Decimal("36.43"), "exceeds", n, True), (Decimal("34.09"), "complies", n, False)]


def test_every_hour_is_due() -> None:
    """EX-3.2 by the clock: 18 of 24 make a day with 6 hours without discharge, and a day without any discharge has too few."""
    cases = """
case ONE
  source water
  point w01018 mg/L flow Q
  point Q m3/h
  hours 00:00 to 18:00  w01018 40  Q 100
  hours 18:00 to 24:00  w01018 99  Q 0
  day 2 hours 00:00 to 24:00  w01018 99  Q 0
  expect day w01018 40.00
  expect day 2 w01018 none 0 valid results of 24 due
"""
    assert failed(cases, pack(ALL_DUE, base="cn-water", kinds='["water"]')) == []


@pytest.mark.parametrize("rule", [ROUNDED, OPERATING_HOUR, OPERATING_DAY, MISSED_DAY, MEANS_FIRST, TWO_THIRDS])
def test_a_setting_rebuilds_figures(rule: tuple[str, str]) -> None:
    """What differs from the usual is part of the rules' digest; the usual, written out, is not."""
    usual = shipped()["cn-flue-gas"].digest_text()
    assert parse_pack(pack(OPERATING_DAY), "x.toml").digest_text() != parse_pack(pack(MISSED_DAY), "x.toml").digest_text()
    assert parse_pack(pack(rule), "x.toml").digest_text() != usual
    said = ("day.mean", 'hours_min = 20\nvalid_day_basis = "fixed"')
    assert parse_pack(pack(said), "x.toml").digest_text() == usual


def test_evidence_names_the_rounding() -> None:
    """Of the factor that is rounded, and of no other."""
    mine = parse_pack(pack(ROUNDED), "x.toml")
    behind = {factor: "limit.rounded" in {r.step for r in mine.behind("avg", "hour", factor)} for factor in (SO2, O2)}
    assert behind == {SO2: True, O2: False}


def test_evidence_names_the_share_of_readings() -> None:
    """Of hours as of minutes, where a pack asks for one; elsewhere an hour's formula begins with its own rule."""
    for level in ("minute", "halfhour", "hour"):
        assert "at least 2/3 of those that came" in rules_behind(shipped()["eu-waste"], "avg", level)["formula"]
    assert "at least 2/3" not in rules_behind(shipped()["eu-waste"], "mass", "hour")["formula"]
    assert rules_behind(shipped()["cn-flue-gas"], "avg", "hour")["formula"].startswith("mean of the hour's valid minutes")


def test_a_share_is_at_most_all() -> None:
    """It is a share of the readings of a minute, and written as one."""
    for share, told in (("4/3", "4/3 is more than all readings; write a share"), ("0.67", "pattern")):
        with pytest.raises(PackFault, match=rf"rule minute\.mean: .*{told}"):
            parse_pack(pack(("minute.mean", f'valid_share_min = "{share}"')), "x.toml")


def test_stops_are_left_out_once() -> None:
    """Quadrants of operation and minutes in operation are two ways to say the same."""
    rule = ("hour.mean", 'minutes_min = 4\napart_min = 15\nvalid_minutes_basis = "operating"')
    with pytest.raises(
        PackFault,
        match=r"rule hour\.mean: .*apart_min asks less of hours with a stop already; set valid_minutes_basis to clock",
    ):
        parse_pack(pack(rule), "x.toml")
