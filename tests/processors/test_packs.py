"""Rule packs: the shipped cases are met, a pack of one's own changes what it says it changes, and its faults are told."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

import pytest

from ingest.csv_tables import RegistryFaults
from ingest.registry import ROLE_UNITS, RulePack
from processors.case_points import UNITS
from processors.cases import Case, CaseFault, parse_cases, run_case
from processors.packs import PackFault, packs_of, parse_pack, shipped
from processors.registry_check import load_registry

FOLDER = files("processors.rules") / "packs"
CASES = [
    pytest.param(case, id=f"{file.name.removesuffix('.cases')} {case.name}")
    for file in sorted(FOLDER.iterdir(), key=lambda f: f.name)
    if file.name.endswith(".cases")
    for case in parse_cases(file.read_text(encoding="utf-8"), file.name)
]
HOUR = """
case ONE fifty minutes
  source flue_gas
  point SO2 mg/m3
  10:00 to 10:50  SO2 20
"""


def own(text: str) -> RulePack:
    """Return a pack as a registry holds it."""
    pack = parse_pack(text, "own.toml")
    return RulePack(id=pack.id, kinds=pack.kinds, file="own.toml", text=text)


def flue_gas(**changes: str) -> str:
    """Return the shipped pack of flue gas with some of its text replaced."""
    text = (FOLDER / "cn-flue-gas.toml").read_text(encoding="utf-8")
    for old, new in changes.items():
        before = old.replace("__", " = ")
        assert before in text, before
        text = text.replace(before, new)
    return text


@pytest.mark.parametrize("case", CASES)
def test_a_shipped_case_is_met(case: Case) -> None:
    """Worked examples of the standards, as their files say them."""
    assert run_case(case).failed == ()


def test_a_case_that_is_not_met_says_what_there_is() -> None:
    """Value, reason, missing figure and exceedances; each says its line."""
    text = HOUR + (
        "limit SO2 19\nexpect hour 10:00 SO2 20.01\nexpect hour 10:00 SO2 none\nexpect hour 10:00 NOX 1\nexpect no exceedance\n"
        "expect exceedance SO2 10:00 to 11:00 times 0.06\nexpect exceedance SO2 10:00 to 12:00\n"
    )
    outcome = run_case(parse_cases(text, "x.cases")[0])
    assert outcome.failed == (
        "line 7: expect hour 10:00 SO2 20.01; it is 20.00, as 20.000000",
        "line 8: expect hour 10:00 SO2 none; it is 20.000000",
        "line 9: expect hour 10:00 NOX 1; there is no such figure, and no such point: the case has SO2",
        "line 10: expect no exceedance; there is SO2 2026-07-01T10:00:00+08:00 to 2026-07-01T11:00:00+08:00 of L19",
        "line 11: expect exceedance SO2 10:00 to 11:00 times 0.06; it is 0.05 times over",
        "line 12: expect exceedance SO2 10:00 to 12:00; there is SO2 2026-07-01T10:00:00+08:00 to 2026-07-01T11:00:00+08:00 of L19",
    )


def test_a_figure_that_is_not_there_says_what_is() -> None:
    """Of the point at that time; or that there is none at all."""
    text = HOUR + "expect hour 10:00 SO2 mass 1\nexpect hour day 9 11:00 SO2 20\n"
    assert run_case(parse_cases(text, "x.cases")[0]).failed == (
        "line 6: expect hour 10:00 SO2 mass 1; there is no such figure, but avg of then",
        "line 7: expect hour day 9 11:00 SO2 20; there is no such figure, nor another of then",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("10:00 to 11:00 SO2 twenty", "x.cases, line 6"),
        ("expect hour ten SO2 20", "write: expect hour HH:MM"),
        ("mark broken 10:00 to 11:00", "line 6"),
        ("10 to 11 SO2 20", "write: HH:MM to HH:MM"),
        ("10:00 to 11:00 SO2 20 O2", "line 6"),
        ("10:00 to 11:00 SO2 2O", "line 6: '10:00 to 11:00 SO2 2O' is not read: a word stands where a number belongs"),
        ("source fluegas", "there is no kind fluegas; write one of flue_gas, voc, vapour, water, energy"),
        ("source", "a word is missing after 'source'"),
        (
            "point NOX mg/m4",
            "line 6: 'point NOX mg/m4' is not read: unit: there is no unit mg/m4; did you mean mg/m3? units are mg/m3,",
        ),
        ("point NOX Mg/m3", "unit: there is no unit Mg/m3; did you mean mg/m3?"),
        ("point NOX none", "unit: there is no unit none; units are mg/m3,"),
        ("point NOX", "write a name and a unit, such as: point SO2 mg/m3"),
        ("point flow m3/h", "multiplier, moisture,"),
        (
            "point NOX mg/m3 wat",
            "gas_state: \"wat\" is none of the words that may stand here; write '', 'wet', 'actual' or 'wet actual'",
        ),
        ("point NOX mg/m3 checks man", 'checks: "man" is none of the words'),
        ("point NOX mg/m3 calibrated 0", "calibrated: Input should be greater than 0"),
    ],
)
def test_a_line_that_is_not_read_is_told(line: str, told: str) -> None:
    """File, line, and what would be read."""
    with pytest.raises(CaseFault, match=r"x\.cases") as caught:
        parse_cases(HOUR + line, "x.cases")
    assert told in str(caught.value)


def test_units_of_cases_are_those_of_the_tables() -> None:
    """What the codes of HJ 212, the roles of points and the table of limits are in may stand in a case."""
    folders = (files("ingest.hj212") / "factors.csv", files("processors.rules") / "data" / "limit_profiles.csv")
    known = {row["unit"] for file in folders for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())}
    assert len(known) > 30
    assert (known | set(ROLE_UNITS.values())) - set(UNITS) == {"", "ratio", "percent", "colour degree"}


def test_a_case_under_a_pack_that_does_not_exist_is_not_met() -> None:
    """It is not tried under the pack of its source's kind instead."""
    (case,) = parse_cases("case A a\nsource flue_gas rules ours\npoint SO2 mg/m3\nexpect no exceedance", "x.cases")
    assert run_case(case).failed == ("line 1: there is no rule pack ours; plumeline rules list shows those that there are",)


def test_files_of_cases_have_a_shape() -> None:
    """A file begins with a case, and a case expects something."""
    with pytest.raises(CaseFault, match="line 1: a file begins with: case"):
        parse_cases("point SO2 mg/m3", "x.cases")
    with pytest.raises(CaseFault, match="case ONE expects nothing"):
        parse_cases(HOUR, "x.cases")


def test_a_pack_of_ones_own_takes_the_place_of_the_shipped_one() -> None:
    """55 instead of 45 minutes: the hour of 50 is withheld, with the new number in its reason."""
    case = parse_cases(HOUR + "expect hour 10:00 SO2 20.00", "x.cases")[0]
    assert run_case(case).failed == ()
    strict = own(flue_gas(minutes_min__45="minutes_min = 55"))
    assert "50 valid minutes of 55" in run_case(case, [strict]).failed[0]
    other = own(flue_gas(minutes_min__45="minutes_min = 55").replace('"cn-flue-gas"', '"strict"').replace('["flue_gas"]', "[]"))
    assert run_case(case, [other]).failed == ()  # for no kind, and no source names it
    named = parse_cases(HOUR.replace("source flue_gas", "source flue_gas rules strict") + "expect hour 10:00 SO2 20.00", "x")[0]
    assert "of 55" in run_case(named, [other]).failed[0]


def test_a_pack_for_a_kind_takes_it_from_the_shipped_one() -> None:
    """Two of one's own for one kind cannot both hold."""
    mine = own(flue_gas(minutes_min__45="minutes_min = 55").replace('"cn-flue-gas"', '"mine"'))
    assert packs_of([mine])["cn-flue-gas"].kinds == ()
    other = own(mine.text.replace('"mine"', '"other"'))
    with pytest.raises(PackFault, match="packs mine and other are both for sources of kind flue_gas"):
        packs_of([mine, other])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "minutes_min = 45",
            "minutes_min = 61",
            "rule AIR-AVG-3: minutes_min: Input should be less than or equal to 60",
        ),
        ("minutes_min = 45", "minutes = 45", "rule AIR-AVG-3: minutes_min: the key is missing; add it"),
        (
            "minutes_min = 45",
            "minutes = 45",
            ": rule AIR-AVG-3: minutes: there is no such key here; mend its name, or take it out",
        ),
        ('kinds = ["flue_gas"]', 'kinds = ["flu_gas"]', 'own.toml: line 5: kinds.0: "flu_gas" is none of the words'),
        (
            '"hour.mass"',
            '"hour.mas"',
            'rule AIR-MAS-1: step: there is no step "hour.mas"; write one that docs/rules.md lists, such as hour.mass,',
        ),
        ('step = "hour.mass"', 'step = "hour.weight"', ": rule AIR-MAS-1"),
        ('id = "AIR-MAS-2"', 'id = "AIR-MAS-1"', "rule AIR-MAS-1 stands twice"),
        ('step = "day.mass"', 'step = "hour.mass"', "step hour.mass is in rules AIR-MAS-1, AIR-MAS-2"),
        ("at least {hours_min}", "at least {hours}", "rule AIR-AVG-4: its text names 'hours'"),
        ('step = "day.mean"\nhours_min = 20', 'step = "day.mass"', "step day.mass"),
        ("[[rule]]", "[[rule", "own.toml: no TOML"),
        (
            '"from memory, medium"',
            '"from memory"',
            ': confidence: "from memory" says nothing of how sure it is; write one of "seen", "derived",',
        ),
        ('"from memory, medium"', '"from memory, median"', ': confidence: "from memory, median" says nothing'),
        ('"from memory, medium"', '"sure; seen from memory"', ': confidence: "sure; seen from memory" says nothing'),
        ('"from memory, medium"', '""', ': confidence: "" says nothing'),
        ('"from memory, medium"', '"unseen"', ': confidence: "unseen" says nothing'),
    ],
)
def test_a_fault_names_file_rule_and_field(old: str, new: str, told: str) -> None:
    """What is wrong with a pack is told in one sentence."""
    text = flue_gas()
    assert old in text
    with pytest.raises(PackFault) as caught:
        parse_pack(text.replace(old, new), "own.toml")
    assert told in str(caught.value)


def test_a_fault_names_its_line() -> None:
    """That of the field, in its own rule; of a key that is missing, or a table within a line, that of the rule."""
    lines = [
        'id = "own"',
        'title = "x"',
        'title_zh = "x"',
        'base = "cn-flue-gas"',
        "",
        "[[rule]]",
        'id = "A"',
        'step = "hour.mean"',
        "minutes_min = 61",
        *(f'{name} = "seen"' for name in ("standard", "clause", "clause_zh", "confidence", "text", "text_zh")),
        "[[rule]]",
        'id = "B"',
        'step = "hour.mass"',
        'confidence = "certain"',
        *(f'{name} = "seen"' for name in ("standard", "clause", "clause_zh", "text")),
    ]
    with pytest.raises(PackFault) as caught:
        parse_pack("\n".join(lines), "own.toml")
    assert str(caught.value).split("; write one of")[0] == (
        "own.toml: line 9: rule A: minutes_min: Input should be less than or equal to 60; "
        'line 19: rule B: confidence: "certain" says nothing of how sure it is'
    )
    assert str(caught.value).endswith("line 16: rule B: text_zh: the key is missing; add it")
    with pytest.raises(PackFault, match=r"^own\.toml: line 3: titel: there is no such key here"):
        parse_pack("\n".join(["", "", 'titel = "x"', *lines[:4]]), "own.toml")
    with pytest.raises(PackFault, match=r"^own\.toml: rule A: minutes_min: "):
        inline = ", ".join(lines[6:15])
        parse_pack("\n".join([*lines[:4], f"rule = [{{ {inline} }}]"]), "own.toml")


def test_a_registry_holds_packs(tmp_path: Path) -> None:
    """Files in rules/ are read with the registry; a wrong one, and a source that names none, are faults of it."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "enterprises.csv").write_text("enterprise,name\nE,E\n")
    (tmp_path / "sources.csv").write_text(
        "source,enterprise,outlet,name,kind,rules\nA,E,1,A,flue_gas,strict\nB,E,2,B,flue_gas,\n"
    )
    with pytest.raises(RegistryFaults, match="no such rule pack"):
        load_registry(tmp_path)
    pack = tmp_path / "rules" / "strict.toml"
    pack.write_text(flue_gas().replace('"cn-flue-gas"', '"strict"').replace('["flue_gas"]', "[]"), encoding="utf-8")
    rows = load_registry(tmp_path)
    assert [(p.id, p.kinds, p.file) for p in rows.packs] == [("strict", (), "rules/strict.toml")]
    pack.write_text(pack.read_text(encoding="utf-8").replace("hours_min = 20", "hours_min = 25"), encoding="utf-8")
    with pytest.raises(RegistryFaults, match=r"rules/strict\.toml.*hours_min"):
        load_registry(tmp_path)


@pytest.mark.parametrize("unit", ["degC", "K"])
def test_thermocouples_are_in_degrees_celsius(tmp_path: Path, unit: str) -> None:
    """The least temperature of a furnace is written in °C; a thermocouple in another unit is a fault with its line."""
    (tmp_path / "enterprises.csv").write_text("enterprise,name\nE,E\n")
    (tmp_path / "sources.csv").write_text("source,enterprise,outlet,name,kind\nA,E,1,A,flue_gas\n")
    (tmp_path / "points.csv").write_text(f"source,factor,unit,role\nA,U1,{unit},furnace_upper/1\n")
    if unit == "degC":
        assert load_registry(tmp_path).points[0].role == "furnace_upper/1"
        return
    with pytest.raises(RegistryFaults, match=r"points\.csv.*2.*unit.*role furnace_upper is in degC"):
        load_registry(tmp_path)


def test_shipped_packs_are_for_every_kind_that_is_averaged() -> None:
    """Each kind of source has one pack."""
    kinds = sorted(kind for pack in shipped().values() for kind in pack.kinds)
    assert kinds == ["energy", "flue_gas", "vapour", "voc", "water"]
