"""The registry's files: every fault at its place with its remedy, all at once; a change touches only what it changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.records import Mark
from ingest.registry import Enterprise, Limit, MeterChange, Point, Registry, Source
from ingest.registry_diff import FOREVER_MS
from ingest.registry_files import Change, Fault, RegistryFaults, diff, load_marks, load_registry

SOUND = {
    "enterprises": "enterprise,name,name_zh\nE1,Paper mill,造纸厂\n",
    "sources": "source,enterprise,outlet,name,kind,cadence_s,valid_from,valid_to\n"
    "S1,E1,DA001,Stack,flue_gas,30,,2026-07-01\nS1,E1,DA001,Stack,flue_gas,60,2026-07-01,\nM1,E1,EM1,Meter,energy,900,,\n",
    "points": "source,factor,unit,reference_o2_pct,flow_factor,valid_from,valid_to\n"
    "S1,a21026,mg/m3,6,a00000,,\nS1,a19001,%,,,,\nS1,a00000,m3/h,,,,\nS1,a05002,mg/m3,,,2026-01-01,2026-02-01\n",
    "meters": "source,factor,kind,unit,multiplier\nM1,power,cumulative,kWh,80\n",
    "meter_changes": "source,factor,time,final_old,initial_new\nM1,power,2026-03-05T10:20:00+08:00,45690.00,5.00\n",
    "limits": "source,factor,limit_id,limit,unit,stat\nS1,a21026,ULE-SO2,35,mg/m3,avg_ref\n",
    "contacts": "contact,url,secret_env\nduty,http://127.0.0.1:9/hook,DUTY_SECRET\n",
}


def folder(tmp_path: Path, **changed: str | bytes | None) -> Path:
    """A sound registry in which some files are replaced, or left out with None."""
    for name, text in {**SOUND, **changed}.items():
        if text is not None:
            (tmp_path / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return tmp_path


def faults_of(path: Path) -> list[Fault]:
    with pytest.raises(RegistryFaults) as caught:
        load_registry(path)
    assert str(caught.value).splitlines() == [str(f) for f in caught.value.faults]
    return caught.value.faults


def test_sound(tmp_path: Path) -> None:
    """A sound folder is read, row for row, defaults in place of empty cells."""
    registry = load_registry(folder(tmp_path))
    assert [s.cadence_s for s in registry.sources] == [30, 60, 900]
    assert registry.sources[0].valid_to == date(2026, 7, 1)
    assert registry.enterprises[0].name_zh == "造纸厂"
    assert registry.points[0].oxygen_factor == "a19001"
    assert registry.meters[0].multiplier == Decimal(80)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """What spreadsheets save is read: a byte-order mark, GB18030, CRLF, blank and comma-only lines, padding columns."""
    text = "enterprise,name,name_zh,,\r\nE1,Paper mill,造纸厂,,\r\n,,,,\r\n\r\n"
    registry = load_registry(folder(tmp_path, enterprises=text.encode(encoding)))
    assert [e.name_zh for e in registry.enterprises] == ["造纸厂"]


def test_optional_files(tmp_path: Path) -> None:
    """Only enterprises and sources must be there."""
    none: dict[str, str | bytes | None] = dict.fromkeys(("points", "meters", "meter_changes", "limits", "contacts"))
    assert load_registry(folder(tmp_path, **none)).points == ()


S, P, L = SOUND["sources"], SOUND["points"], SOUND["limits"]
FAULTS = [
    pytest.param({"sources": None}, ("sources.csv", 0, ""), "missing", "create it", id="missing file"),
    pytest.param({"limits": ""}, ("limits.csv", 0, ""), "the file is empty", "header line", id="empty file"),
    pytest.param(
        {"limits": L.replace("unit", "unti")}, ("limits.csv", 1, "unti"), "no such", "did you mean unit?", id="column"
    ),
    pytest.param({"limits": L.replace("unit", "unti")}, ("limits.csv", 1, "unit"), "missing", "add it", id="missing column"),
    pytest.param({"limits": L.replace("stat", "unit")}, ("limits.csv", 1, "unit"), "twice", "remove", id="column twice"),
    pytest.param({"limits": L.replace(",", ";")}, ("limits.csv", 1, ""), "semicolons", "CSV UTF-8", id="semicolons"),
    pytest.param({"limits": b"PK\x03\x04zip"}, ("limits.csv", 0, ""), "workbook", "CSV UTF-8", id="workbook"),
    pytest.param({"limits": L.encode("utf-16")}, ("limits.csv", 0, ""), "UTF-16", "CSV UTF-8", id="utf-16"),
    pytest.param(
        {"sources": S.replace(",60,", ",fast,")}, ("sources.csv", 3, "cadence_s"), "whole number", "digits", id="type"
    ),
    pytest.param({"sources": S.replace(",60,", ",0,")}, ("sources.csv", 3, "cadence_s"), "greater", "mend", id="below bound"),
    pytest.param({"limits": L.replace(",35,", ",NaN,")}, ("limits.csv", 2, "limit"), "no number", "digits", id="NaN"),
    pytest.param({"limits": L.replace(",35,", ",,")}, ("limits.csv", 2, "limit"), "empty", "fill it in", id="empty cell"),
    pytest.param(
        {"sources": S.replace("M1,E1", "M 1,E1")}, ("sources.csv", 4, "source"), "blank", "remove", id="blank in name"
    ),
    pytest.param({"sources": S + "4.4E+13,E1,o,n,voc\n"}, ("sources.csv", 5, "source"), "rounded", "text", id="mangled number"),
    pytest.param(
        {"sources": S.replace("e_gas,60", "e,60")}, ("sources.csv", 3, "kind"), "none of the words", "'voc'", id="word"
    ),
    pytest.param(
        {"sources": S.replace("60,2026-07-01", "60,2026/7/1")},
        ("sources.csv", 3, "valid_from"),
        "no date",
        "2026-07-01",
        id="slash",
    ),
    pytest.param(
        {"sources": S.replace("60,2026-07-01", "60,2026-02-30")},
        ("sources.csv", 3, "valid_from"),
        "calendar",
        "such",
        id="Feb 30",
    ),
    pytest.param(
        {"sources": S.replace("60,2026-07-01", "60,2026-06-30")},
        ("sources.csv", 3, "source"),
        "line 2",
        "valid_to",
        id="overlap",
    ),
    pytest.param(
        {"sources": S.replace("60,2026-07-01,", "60,2026-07-01,2026-07-01")},
        ("sources.csv", 3, "valid_to"),
        "not after",
        "mend",
        id="backwards",
    ),
    pytest.param(
        {"enterprises": "enterprise,name\nE1,a\nE1,b\n"}, ("enterprises.csv", 3, "enterprise"), "line 2", "keep", id="2x"
    ),
    pytest.param(
        {"sources": S.replace("M1,E1", "M1,E2")}, ("sources.csv", 4, "enterprise"), "no row", "add it", id="enterprise"
    ),
    pytest.param({"points": P + "S9,x,mg/m3\n"}, ("points.csv", 6, "source"), "no row of sources.csv", "add it", id="source"),
    pytest.param({"limits": L.replace("a21026", "a21027")}, ("limits.csv", 2, "factor"), "no row", "a21026?", id="point"),
    pytest.param({"limits": L.replace("mg/m3", "g/m3")}, ("limits.csv", 2, "unit"), "unit is mg/m3", "in mg/m3", id="unit"),
    pytest.param(
        {"limits": L.replace("a21026", "a00000").replace("mg/m3", "m3/h")}, ("limits.csv", 2, "stat"), "no ref", "avg", id="o2"
    ),
    pytest.param(
        {"points": P.replace("6,a00000", "6,a00009")}, ("points.csv", 2, "flow_factor"), "no row", "a00000?", id="flow"
    ),
    pytest.param({"points": P.replace("m3/h", "m3/s")}, ("points.csv", 2, "flow_factor"), "m3/s", "multiplier", id="flow unit"),
    pytest.param({"points": P.replace("S1,a19001", "S1,x")}, ("points.csv", 2, "oxygen_factor"), "no row", "add", id="oxygen"),
    pytest.param({"points": P.replace(",6,", ",21,")}, ("points.csv", 2, "reference_o2_pct"), "between", "mend", id="21 %"),
    pytest.param(
        {"limits": L + "S1,a21026,ULE-SO2,50,mg/m3,avg_ref\n"}, ("limits.csv", 3, "limit_id"), "line 2", "end", id="limit 2x"
    ),
    pytest.param({"limits": L + "S1,a21026,x,1,mg/m3,avg,hour\n"}, ("limits.csv", 3, ""), "7 cells", "quotes", id="too long"),
    pytest.param({"limits": L + 'S1,"a\n'}, ("limits.csv", 3, ""), "no CSV", "quotes", id="open quote"),
    pytest.param(
        {"meter_changes": SOUND["meter_changes"].replace("+08:00", "")},
        ("meter_changes.csv", 2, "time"),
        "no offset",
        "+08:00",
        id="no offset",
    ),
    pytest.param(
        {"meter_changes": SOUND["meter_changes"].replace("power", "pover")},
        ("meter_changes.csv", 2, "factor"),
        "no row",
        "power?",
        id="meter",
    ),
    pytest.param({"points": P + "M1,power,kWh\n"}, ("meters.csv", 2, "factor"), "point too", "keep one", id="point and meter"),
    pytest.param({"limit": L}, ("limit.csv", 0, ""), "nothing reads", "limits.csv?", id="misnamed file"),
]


@pytest.mark.parametrize(("changed", "place", "message", "remedy"), FAULTS)
def test_fault(
    tmp_path: Path, changed: dict[str, str | bytes | None], place: tuple[str, int, str], message: str, remedy: str
) -> None:
    """Each fault is told with file, line and column, what is wrong and what to do."""
    found = [f for f in faults_of(folder(tmp_path, **changed)) if (f.file, f.line, f.column) == place and message in f.message]
    assert found, faults_of(tmp_path)
    assert remedy in found[0].remedy


@pytest.mark.parametrize(
    ("cells", "column", "told"),
    [
        ("a21026,,6,a00000,a2102,,", "inlet_factor", "no row"),
        ("a21026,,6,a00000,a21026,,", "inlet_factor", "no row"),
        ("a21026,,6,,a19001,,", "inlet_factor", "without a flow"),
        ("a21026,,6,,,a19009,", "inlet_oxygen_factor", "no row"),
        ("a21026,,,,,a19001,", "inlet_oxygen_factor", "no reference_o2_pct"),
        ("a21026,weekly,6,,,,", "checks", "none of the words"),
        ("a21026,,6,,,,a21027", "analyser_factor", "no row"),
        ("a21026,,6,,,,a19001", "analyser_factor", "its unit is %"),
        ("a21026,,6,,,,,48", "calibrated_high", "without valid_from"),
        ("a21026,,6,,,,,,6", "rata_mean", "or none"),
        ("a21026,,6,,,,,,,9780,1800", "fuel_co2_scf_mmbtu", "an hour has one rate"),
        ("a21026,,6,,,,,,,,0", "fuel_co2_scf_mmbtu", "greater than 0"),
    ],
)
def test_faults_of_pairs_and_checks(tmp_path: Path, cells: str, column: str, told: str) -> None:
    """A point before treatment must be another one of the source, and say something."""
    head = "source,factor,unit,checks,reference_o2_pct,flow_factor,inlet_factor,inlet_oxygen_factor,analyser_factor,calibrated_high,rata_difference"
    head += ",fuel_dscf_mmbtu,fuel_co2_scf_mmbtu\n"
    factor, rest = cells.split(",", 1)
    rest += "," * (9 - rest.count(","))
    rows = f"S1,{factor},mg/m3,{rest}\nS1,a19001,%,,,,,,,,,,\nS1,a00000,m3/h,,,,,,,,,,\n"
    found = [(f.line, f.column, f.message) for f in faults_of(folder(tmp_path, points=head + rows, limits=None))]
    assert len(found) == 1 and found[0][:2] == (2, column) and told in found[0][2]


@pytest.mark.parametrize(
    ("unit", "state", "beside", "column", "told"),
    [
        ("mg/m3", "wet", "a01012,degC", "moisture_factor", "no row"),
        ("mg/m3", "wet", "a01014,g/m3", "moisture_factor", "its unit is g/m3, gas_state wet needs %"),
        ("mg/m3", "wat", "a01014,%", "gas_state", "none of the words"),
        ("%", "actual", "a01012,degC\nS1,a01013,kPa\nS1,a01006,Pa", "gas_state", "a share of volume"),
        ("m/s", "wet", "a01014,%", "gas_state", "values in m/s"),
        ("m3/h", "actual", "a01012,degC\nS1,a01013,hPa\nS1,a01006,Pa", "static_pressure_factor", "needs Pa or kPa"),
    ],
)
def test_faults_of_states(tmp_path: Path, unit: str, state: str, beside: str, column: str, told: str) -> None:
    """What brings values to dry gas at the standard state is a point of the source, in a unit that is understood."""
    rows = "".join(f"S1,{each},\n" for each in beside.replace("S1,", "").split("\n"))
    points = f"source,factor,unit,gas_state\nS1,a21026,{unit},{state}\n{rows}"
    found = [(f.line, f.column, f.message) for f in faults_of(folder(tmp_path, points=points, limits=None))]
    assert len(found) == 1 and found[0][:2] == (2, column) and told in found[0][2]


def test_all_at_once(tmp_path: Path) -> None:
    """Three faults in three files are one report of three lines; a broken row makes no echo where others point at it."""
    path = folder(
        tmp_path,
        enterprises="enterprise,name\nE1,\n",
        sources=S.replace(",900,", ",x,"),
        limits=L.replace("mg/m3", "g/m3"),
    )
    assert [(f.file, f.line, f.column) for f in faults_of(path)] == [
        ("enterprises.csv", 2, "name"),
        ("sources.csv", 4, "cadence_s"),
        ("limits.csv", 2, "unit"),
    ]


def test_fault_line() -> None:
    """A fault reads as file:line column "value": message; remedy."""
    assert str(Fault("limits.csv", 2, "unit", "g/m3", "the point's unit is mg/m3", "state it so")) == (
        'limits.csv:2: unit "g/m3": the point\'s unit is mg/m3; state it so'
    )


MARKS = "id,source,factors,type,start,end,author,set_at,reason,evidence,state\n"
GOOD_MARK = (
    "m1,S1,a21026 a19001,calibration,2026-07-01T08:00:00+08:00,2026-07-01T09:00:00+08:00,Li,2026-07-01T10:00:00+08:00,,,\n"
)


def test_marks(tmp_path: Path) -> None:
    """Marks are read with their factors apart; none means the whole source."""
    path = tmp_path / "marks.csv"
    path.write_text(MARKS + GOOD_MARK + GOOD_MARK.replace("m1", "m2").replace("a21026 a19001", ""))
    first, second = load_marks(path)
    assert first.factors == ["a21026", "a19001"] and second.factors is None and first.state == "confirmed"


def test_checks_in_a_file_of_marks(tmp_path: Path) -> None:
    """Numbers of checks are columns, exact; a mark beside them leaves them empty, and a check that lacks one is a fault."""
    path = tmp_path / "marks.csv"
    head = MARKS.rstrip() + ",check,reference,before,after,span,gas"
    plain = GOOD_MARK.rstrip(",\n") + ",,,"
    one = plain.replace("m1", "m2").replace(" a19001", "")
    path.write_text(f"{head}\n{plain},,,,,,\n{one},zero,0.2,3.1,,100,\n")
    first, second = load_marks(path)
    assert (first.check, first.span, second.check, second.after) == (None, None, "zero", None)
    assert (second.reference, second.before, second.span) == (Decimal("0.2"), Decimal("3.1"), 100)
    path.write_text(f"{head}\n{one},span,30,48,,100,ppm  丙烷\n")
    assert [(mark.gas, mark.reference) for mark in load_marks(path)] == [("ppm propane", 30)]
    path.write_text(f"{head}\n{one},zero,0.2,,,100,\n{plain},zero,0.2,3,,100,\n{one},span,30,48,,100,ppm propan\n")
    with pytest.raises(RegistryFaults) as raised:
        load_marks(path)
    told = [str(fault) for fault in raised.value.faults]
    assert "a check without before" in told[0] and "of one factor" in told[1]
    assert told[2].startswith("marks.csv:4: gas") and "did you mean propane?" in told[2]


def test_manual_results_in_a_file_of_marks(tmp_path: Path) -> None:
    """A result has its rate exactly and its method; of two factors, without a method, below zero, of another type, too great or too long it is a fault."""
    path = tmp_path / "marks.csv"
    head = MARKS.rstrip() + ",result_kg_h,method"
    two = GOOD_MARK.rstrip(",\n").replace("calibration", "manual") + ",,,"
    one = two.replace(" a19001", "")
    path.write_text(f"{head}\n{one},12.345678,HJ 57-2017\n")
    (mark,) = load_marks(path)
    assert (mark.type, mark.result_kg_h, mark.method) == ("manual", Decimal("12.345678"), "HJ 57-2017")
    assert Mark.model_validate_json(mark.line()) == mark and b"result_mg_l" not in mark.line()
    path.write_text(f"{head},result_mg_l\n{one},2,HJ 828-2017,28.5\n")
    (mark,) = load_marks(path)
    assert mark.result_mg_l == Decimal("28.5") and Mark.model_validate_json(mark.line()) == mark
    rows = [
        f"{two},1,HJ 57-2017",
        f"{one},1,",
        f"{one},-1,HJ 57-2017",
        f"{one.replace('manual', 'fault')},1,HJ 57-2017",
        f"{one},9999999,HJ 57-2017",
        f"{one.replace('07-01T09', '07-02T09')},1,HJ 57-2017",
    ]
    path.write_text("\n".join([head, *(row.replace("m1", f"m{n}") for n, row in enumerate(rows))]))
    with pytest.raises(RegistryFaults) as raised:
        load_marks(path)
    told = [str(fault) for fault in raised.value.faults]
    assert [text.split(":")[1] for text in told] == ["2", "3", "4", "5", "6", "7"]
    assert "of one factor" in told[0] and "without method" in told[1] and "write type manual" in told[3] and "24 h" in told[5]
    assert "result_kg_h" in told[2] and "result_kg_h" in told[4]


def test_mark_faults(tmp_path: Path) -> None:
    """A mark that ends before it starts, a repeated id, an unknown type and an unknown source are told at once."""
    path = tmp_path / "marks.csv"
    rows = [
        GOOD_MARK,
        GOOD_MARK,
        GOOD_MARK.replace("m1", "m3").replace("T09", "T07"),
        GOOD_MARK.replace("m1", "m4").replace("calibration", "calibrate"),
        GOOD_MARK.replace("m1,S1", "m5,S2"),
    ]
    path.write_text(MARKS + "".join(rows))
    known = Registry(enterprises=(Enterprise(enterprise="E1", name="x"),), sources=(source(),))
    with pytest.raises(RegistryFaults) as caught:
        load_marks(path, known)
    assert [(f.line, f.column) for f in caught.value.faults] == [(3, "id"), (4, "end"), (5, "type"), (6, "source")]
    assert "is not after start" in caught.value.faults[1].message
    with pytest.raises(RegistryFaults, match="missing"):
        load_marks(tmp_path / "nowhere.csv")


def test_all_faults_of_a_row_of_marks_at_once(tmp_path: Path) -> None:
    """What times and numbers say against each other is told beside what cannot be read and what is not known: nothing is left for a second round."""
    path = tmp_path / "marks.csv"
    head = MARKS.rstrip() + ",check,reference,before,after,span,gas,result_kg_h,method"
    backwards = GOOD_MARK.rstrip(",\n").replace("T09", "T07") + ",,,"
    rows = [
        backwards.replace("calibration", "calibrate").replace("S1", "S2") + ",,,,,,,,",
        backwards.replace("m1", "m2").replace("a19001", "a1900") + ",zero,o,,,,,,",
        backwards.replace("m1", "m3").replace("calibration", "manual") + ",,,,,,,1,",
        backwards.replace("m1", "m4").replace("2026-07-01T08:00:00+08:00", "yesterday") + ",,,,,,,,",
        backwards.replace("m1,", "m1,").replace(" a19001", "") + ",,0.2,,,,,1,HJ",
    ]
    path.write_text("\n".join([head, *rows]))
    points = tuple(Point(source="S1", factor=factor, unit="mg/m3") for factor in ("a21026", "a19001"))
    known = Registry(enterprises=(Enterprise(enterprise="E1", name="x"),), sources=(source(),), points=points)
    with pytest.raises(RegistryFaults) as caught:
        load_marks(path, known)
    assert [(f.line, f.column) for f in caught.value.faults] == [
        (2, "type"),
        (2, "end"),
        (2, "source"),
        (3, "reference"),
        (3, "end"),
        (3, "check"),
        (3, "before"),
        (3, "factors"),
        (4, "end"),
        (4, "factors"),
        (4, "method"),
        (5, "start"),
        (6, "end"),
        (6, "check"),
        (6, "type"),
        (6, "id"),
    ]
    path.write_text("\n".join([head, GOOD_MARK.rstrip() + ",,,,,,,,"]))
    assert len(load_marks(path, known)) == 1


def source(**changed: object) -> Source:
    return Source.model_validate({"source": "S1", "enterprise": "E1", "outlet": "o", "name": "n", "kind": "voc", **changed})


def limit(value: str, start: date | None, end: date | None, **changed: object) -> Limit:
    row = {"source": "S1", "factor": "a21026", "limit_id": "L", "limit": Decimal(value), "unit": "mg/m3"}
    return Limit.model_validate({**row, "valid_from": start, "valid_to": end, **changed})


JULY_MS = 1_782_835_200_000
"""2026-07-01T00:00:00+08:00 = 2026-06-30T16:00Z: date -d 2026-06-30T16:00Z +%s."""
AUGUST_MS = JULY_MS + 31 * 86_400_000


def test_diff_of_a_limit() -> None:
    """A limit that changes on 1 July touches only from there; equal halves of a split row, names and bases touch nothing."""
    july, august = date(2026, 7, 1), date(2026, 8, 1)
    old = Registry(limits=(limit("50", None, None),))
    assert diff(old, Registry(limits=(limit("50", None, july), limit("50", july, None, basis="x")))) == []
    new = Registry(limits=(limit("50", None, july), limit("35", july, august), limit("50", august, None)))
    assert diff(old, new) == [Change("S1", "a21026", JULY_MS, AUGUST_MS, "limit L avg hour: limit 50 → 35")]
    assert diff(new, old) == [Change("S1", "a21026", JULY_MS, AUGUST_MS, "limit L avg hour: limit 35 → 50")]
    other = limit("20", july, None, limit_id="M")
    assert diff(old, Registry(limits=(*old.limits, other))) == [
        Change("S1", "a21026", JULY_MS, FOREVER_MS, "limit M avg hour: added")
    ]


def test_diff_of_a_source() -> None:
    """A clock offset touches the whole source; a name, a token group or a contact touches nothing."""
    old = Registry(sources=(source(),))
    assert diff(old, Registry(sources=(source(name="other", token_group="g", silent_after_s=60),))) == []
    assert diff(old, Registry(sources=(source(clock_offset_s=-65),))) == [
        Change("S1", None, 0, FOREVER_MS, "source: clock_offset_s 0 → -65")
    ]
    assert diff(old, Registry()) == [Change("S1", None, 0, FOREVER_MS, "source: taken away")]


def test_diff_reaches_dependents() -> None:
    """A changed oxygen point touches what is formed at reference oxygen with it."""
    so2 = Point(source="S1", factor="a21026", unit="mg/m3", reference_o2_pct=Decimal(6))
    dust = Point(source="S1", factor="a34013", unit="mg/m3")
    oxygen = Point(source="S1", factor="a19001", unit="%")
    changed = oxygen.model_copy(update={"range_high": Decimal(25)})
    found = diff(Registry(points=(so2, dust, oxygen)), Registry(points=(so2, dust, changed)))
    assert [(c.factor, c.what) for c in found] == [
        ("a19001", "point: range_high none → 25"),
        ("a21026", "its oxygen a19001, point: range_high none → 25"),
    ]


def test_diff_of_a_meter_change() -> None:
    """A register's replacement touches from the start of its day to the next replacement."""
    first = MeterChange(
        source="M1", factor="p", time=datetime(2026, 6, 30, 18, tzinfo=UTC), final_old=Decimal(9), initial_new=Decimal(0)
    )
    second = first.model_copy(update={"time": datetime(2026, 7, 31, 16, tzinfo=UTC)})
    found = diff(Registry(meter_changes=(second,)), Registry(meter_changes=(first, second)))
    assert found == [Change("M1", "p", JULY_MS, AUGUST_MS, "meter change: added")]


def test_holidays_are_days_of_a_file(tmp_path: Path) -> None:
    """A day off, a weekend day on which people work; a day twice is a fault, and without the file there are none."""
    rows = "day,name,working\n2026-10-01,National Day,\n2026-10-10,,yes\n"
    found = load_registry(folder(tmp_path, holidays=rows)).holidays
    assert [(h.day, h.name, h.working) for h in found] == [
        (date(2026, 10, 1), "National Day", ""),
        (date(2026, 10, 10), "", "yes"),
    ]
    (fault,) = faults_of(folder(tmp_path, holidays=rows + "2026-10-01,,no\n"))
    assert (fault.file, fault.line, fault.column) == ("holidays.csv", 4, "day") and "line 2" in fault.message
    (tmp_path / "holidays.csv").unlink()
    assert load_registry(tmp_path).holidays == ()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """It is told as such, with how to name another: its files are not what lacks."""
    (fault,) = faults_of(tmp_path / "regsitry")
    assert (
        str(fault)
        == "regsitry: there is no such folder; name the folder of the registry's CSV files (--registry, PLUMELINE_REGISTRY)"
    )
