"""Quality tests as steps of a pack: what a pack may not say, and what a case says of series; their flags are in ``series-quality.cases``."""

from __future__ import annotations

import pytest

from alerts.wording import worded
from processors.cases import CaseFault, parse_cases, run_case
from processors.packs import PackFault, parse_pack
from processors.series import RUNS
from processors.series_steps import SERIES, AnySeries

RULE = """
id = "own"
title = "own"
title_zh = "本地"
base = "cn-water"
[[rule]]
id = "R"
step = "series.{step}"
weight = 1
tests = [{tests}]
standard = "x"
clause = "x"
clause_zh = "x"
confidence = "seen"
text = "weighs {{weight}}"
text_zh = "x"
"""
SPIKE = '{ factors = ["PH"], method = "average", suspect = 5, fail = 7 }'


@pytest.mark.parametrize(
    ("step", "tests", "told"),
    [
        pytest.param("spike", SPIKE.replace("fail = 7", "fail = 4"), "suspect is above fail", id="order"),
        pytest.param("spike", f"{SPIKE}, {SPIKE}", "PH stands in two tests", id="twice"),
        pytest.param("spike", "", "at least 1 item", id="no test"),
        pytest.param("spike", SPIKE.replace('"PH"', ""), "tests.0.factors", id="no factor"),
        pytest.param("spike", SPIKE.replace("average", "median"), "tests.0.method", id="word"),
        pytest.param("spike", SPIKE.replace("fail", "fails"), "tests.0.fail", id="misspelt"),
        pytest.param("spike", SPIKE.replace("5", "0.0000005"), "tests.0.suspect", id="finer than a millionth"),
        pytest.param(
            "rate_of_change", '{ factors = ["T"], suspect_s = 2, fail_s = 1 }', "suspect_s is above fail_s", id="rates"
        ),
        pytest.param("flat_line", '{ factors = ["PH"], suspect_s = 60, fail_s = 86401, tolerance = 1 }', "fail_s", id="days"),
        pytest.param("jumps", '{ factors = ["PH"], window_n = 121, change_max = 1 }', "window_n", id="window"),
        pytest.param(
            "gross_range",
            '{ factors = ["PH"], fail_min = 0, fail_max = 14, suspect_min = -1, suspect_max = 9 }',
            "fail_min is above suspect_min",
            id="span",
        ),
        pytest.param(
            "attenuated_signal",
            '{ factors = ["PH"], check = "std", period_s = 60, readings_min = 2, suspect = 1, fail = 2 }',
            "fail is above suspect",
            id="the lower one fails",
        ),
        pytest.param(
            "climatology",
            '{ factors = ["T"], climates = [{ period = "month", first = 0, last = 2, suspect = [1, 2] }] }',
            "month is 1 to 12",
            id="month",
        ),
        pytest.param(
            "climatology",
            '{ factors = ["T"], climates = [{ period = "hour", first = 0, last = 2, suspect = [1, 5], fail = [2, 6] }] }',
            "suspect does not lie within fail",
            id="climate",
        ),
    ],
)
def test_a_fault_is_told(step: str, tests: str, told: str) -> None:
    """With file, rule, field and what is wrong."""
    with pytest.raises(PackFault, match=r"^own\.toml: line \d+: rule R: ") as fault:
        parse_pack(RULE.format(step=step, tests=tests), "own.toml")
    assert told in str(fault.value)


def test_a_pack_of_ones_own() -> None:
    """Its step takes the place of the base's, and its text may name the weight."""
    pack = parse_pack(RULE.format(step="spike", tests=SPIKE), "own.toml")
    (rule,) = [r for r in pack.rules if r.step == "series.spike"]
    assert pack.said(rule) == "weighs 1"
    replaced = RULE.replace('"cn-water"', '"cn-water-series"').format(step="spike", tests=SPIKE)
    assert [r.id for r in parse_pack(replaced, "own.toml").rules if r.step == "series.spike"] == ["R"]


def test_every_step_runs_a_test() -> None:
    assert set(RUNS) == set(AnySeries.__args__) and len(SERIES) == 13


FLAT = "case X x\nsource water\npoint T degC\ntest flat_line T suspect_s 60 fail_s 120 tolerance 0.1\nfrom 10:00 T 7 times 3\n"


def test_a_case_that_is_not_met_says_the_flags() -> None:
    """What they are; of no readings and of an unknown rule that there are none."""
    text = (
        FLAT
        + "expect flags flat_line T 1 1 1\nexpect flags flat_line T 1 3\nexpect flags spike T 1\nexpect flags flat_line T day 2 1"
    )
    none = "none: no such test or readings"
    assert run_case(parse_cases(text, "x.cases")[0]).failed == (
        "line 6: expect flags flat_line T 1 1 1; they are 1 3 4",
        "line 7: expect flags flat_line T 1 3; they are 1 3 4",
        f"line 8: expect flags spike T 1; they are {none}",
        f"line 9: expect flags flat_line T day 2 1; they are {none}",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("test spikes T suspect 1", "write: test spike POINT"),
        ("test spike T suspect", "write: test spike POINT"),
        ("from 10:00 T seven", "is not read"),
        ("from 10:00 T 7 times 10001", "more than 10,000 values"),
        ("from 10:00 T 7 times", "is not read"),
        ("expect flags flat_line T", "write: expect"),
    ],
)
def test_a_line_that_is_not_read_is_told(line: str, told: str) -> None:
    with pytest.raises(CaseFault, match=r"^x\.cases, line 6") as fault:
        parse_cases(FLAT + line, "x.cases")
    assert told in str(fault.value)


def test_parameters_that_are_no_test_are_told_by_their_rule() -> None:
    """A case's tests are read as a pack's are."""
    text = "case X x\nsource water\npoint T degC\ntest spike T suspect 1\nfrom 10:00 T 7\nexpect flags spike T 2"
    with pytest.raises(PackFault, match=r"rule spike: tests\.0\.method: the key is missing; add it"):
        run_case(parse_cases(text, "x.cases")[0])


def test_what_a_finding_says_in_chinese() -> None:
    """Counts, stretch and test, each by its own pattern."""
    english = (
        "5 readings, 0 suspect, 1 fail; worst at 2026-07-01T10:02:00+08:00: 18;"
        " suspect more than 5 from the mean of its two neighbours, fail more than 7"
    )
    chinese = (
        "读数 5 个，其中可疑 0 个、不合格 1 个；最差在 2026-07-01 10:02：18；与前后两值的平均相差超过 5 为可疑，超过 7 为不合格"
    )
    assert worded(english, "zh") == chinese
