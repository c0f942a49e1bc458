"""Calculations of cases: what is read, what is told of a fault, and what comes of a formula under a rule pack."""

from __future__ import annotations

import re

import pytest

from processors.case_calculations import FORMULAS
from processors.cases import CaseFault, Outcome, parse_cases, run_case
from processors.packs import parse_pack
from tests.conftest import REPO
from tests.processors.test_packs import flue_gas, own

PPM = "calculate ppm to mass: volume 50 ppm, molar mass 64 g/mol"


def outcome(*lines: str) -> Outcome:
    """Run a case of some lines; the first of them is line 2 of its file."""
    return run_case(parse_cases("\n".join(("case X x", *lines)), "x.cases")[0])


def test_what_is_not_met_is_told_with_its_line() -> None:
    """50 · 64 / 22.4 = 142.857…: to two digits 142.86, to none 143; a formula's refusal is no number, and a verdict has its words."""
    told = outcome(
        PPM,
        "is 142.86 mg/m3",
        "is 143 mg/m3",
        "is 142.85 mg/m3",
        "is none",
        "calculate at reference oxygen: measured 2 mg/m3, oxygen 20.5 %, reference 6 %",
        "is none oxygen 20.5 % is at or above the guard",
        "is 60.0 mg/m3",
        "calculate exceeds: value 35, limit 35",
        "is yes",
        "calculate share within: valid 720 h, exceeding 37 h",
        "is passes",
        "is fails at least 95",
    )
    assert told.expectations == 9
    assert told.failed == (
        "line 5: is 142.85 mg/m3; it is 142.86",
        "line 6: is none; it is the number 142.857",
        "line 9: is 60.0 mg/m3; it is none oxygen 20.5 % is at or above the guard of 20 %",
        "line 11: is yes; it is no",
        "line 13: is passes; it is fails: share of hours within 94.86 %, at least 95 required",
    )


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["calculate ppm to mas: volume 50 ppm"], "line 2: .*there is no formula 'ppm to mas'; write one of actual flow, "),
        (
            ["calculate ppm to mass: volum 50 ppm"],
            "'volum 50 ppm' is no input of ppm to mass; write volume NUMBER ppm, molar mass ",
        ),
        (["calculate ppm to mass: volume 50 mg/m3"], "'volume 50 mg/m3' is not read; write volume NUMBER ppm"),
        (["calculate ppm to mass: volume 50"], "'volume 50' is not read; write volume NUMBER ppm"),
        (["calculate ppm to mass: volume NaN ppm"], "'volume NaN ppm' is not read"),
        (["calculate ppm to mass: volume ppm"], "'volume ppm' is not read"),
        (["calculate ppm to mass: volume 5 ppm, volume 6 ppm"], "volume is given twice"),
        (["calculate ppm to mass: volume 5 ppm, molar mass"], "'molar mass' is no input"),
        (["calculate share within: valid 7.5 h, exceeding 1 h"], "'valid 7.5 h' is not read; write valid NUMBER h"),
        ([PPM], "line 2: .* comes to nothing; add a line: is VALUE UNIT"),
        ([PPM, "is 142.86 ppm"], "line 3: .*the result is in mg/m3; write: is 142.86 mg/m3"),
        ([PPM, "is"], "line 3: .*write: is VALUE"),
        (["is 5"], "line 2: .*write before it: calculate FORMULA"),
    ],
)
def test_a_line_that_is_not_read_is_told(lines: list[str], told: str) -> None:
    """File, line, and what would be read."""
    with pytest.raises(CaseFault, match=rf"x\.cases, .*{told}"):
        parse_cases("\n".join(["case X x", *lines]), "x.cases")


def test_an_input_that_lacks_is_told() -> None:
    """With the words to write it in."""
    failed = outcome("calculate ppm to mass: volume 50 ppm", "is 142.86 mg/m3").failed
    assert failed == ("line 2: calculate ppm to mass: volume 50 ppm lacks molar mass NUMBER g/mol; add it after a comma",)


def test_what_is_left_out_is_the_packs() -> None:
    """A county that asks for 94 % lets 37 hours of 720 pass (94.86 %); what a case says itself goes before."""
    county = own(flue_gas(share_min_pct__95="share_min_pct = 94"))
    text = "case X x\ncalculate share within: valid 720 h, exceeding 37 h"
    assert parse_pack(county.text, "own.toml").id == "cn-flue-gas"
    assert run_case(parse_cases(f"{text}\nis passes", "x.cases")[0], [county]).failed == ()
    assert run_case(parse_cases(f"{text}, share min 95 %\nis fails", "x.cases")[0], [county]).failed == ()
    none = run_case(parse_cases(f"case X x\nsource water\n{text.splitlines()[1]}\nis fails", "x.cases")[0]).failed
    assert len(none) == 1 and none[0].endswith("lacks share min NUMBER %; add it after a comma")


def test_the_docs_tell_every_formula() -> None:
    """The table of docs/rules.md is that of the code."""
    doc = (REPO / "docs" / "rules.md").read_text(encoding="utf-8").split("| `calculate` |")[1]
    assert re.findall(r"^\| `([^`]+)` \|", doc, flags=re.MULTILINE) == list(FORMULAS)
