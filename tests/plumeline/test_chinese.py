"""Chinese beside English: no key, fact or sentence of the engine without its Chinese, and no English word left in it."""

from __future__ import annotations

import ast
import itertools
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from alerts.standards import standard_words
from alerts.texts import CHINESE, ENGLISH
from alerts.wording import DELIVERY_ZH, ENGINE_ZH, worded
from ingest.hj212 import framing
from ingest.hj212.crc import DIALECT_WORDS
from plumeline.console import languages, words
from plumeline.console.words import Names
from plumeline.explain import ENERGY_RULES, rules_behind
from plumeline.texts import LANGUAGES, catalogue, speaking, spoken, t
from plumeline.texts.wording import FORMULA_ZH, GATEWAY_ZH, TABLES, said, sure
from processors.packs import STEP_OF, shipped
from processors.rules.averaging import REASONS
from tests.conftest import REPO
from tests.plumeline.fake_store import HOUR, NOW_MS, STACK, registry_zh

UNITS = "Pa Q L L/min g/m³ m/s mg mg/L g kg kg/h t m m³ m³/h m³/t h ms s kWh MJ mg/m³ mol/mol kgce kgce/kWh tCO2 ppm ppmC"
PROTOCOL = "AQI CRC HJ HJ/T GB/T MN PW CN ST Flag N A CP DataTime MODBUS Modbus JSON ISO UTC NaN Infinity null ref C O₂ CO₂ VOC VOCs E T"
OURS = "Plumeline url factors calorific primary year whsec base http s host S source/factor/stat/level/start avg/hour a English"
CLAUSES = "LRV WTH WTE AIR-AVG AIR-CNV AIR-MAS AIR-CAP AIR-SUB AIR-ULE AIR-GAP WAT-CAP WAT-SUB WAT-GAP GB DB GST WAT COD EN EU US CFR Part Annex V VI VII QAL"
FOREIGN = frozenset(f"{UNITS} {PROTOCOL} {OURS} {CLAUSES}".split())
"""What may stand in Latin letters in a Chinese text; besides them file names and words with an underscore."""
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
LATIN = re.compile(r"[A-Za-z][A-Za-z_³₂./-]*(?<![./-])")


def english(text: str) -> set[str]:
    """Return the English words of a Chinese text, its placeholders left out."""
    found = LATIN.findall(PLACEHOLDER.sub("", text))
    return {
        w for w in found if w not in FOREIGN and "_" not in w and not w.endswith(".csv") and not re.fullmatch("[a-z]?[0-9]*", w)
    }


def facts(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def every_text() -> Iterator[tuple[str, dict[str, str]]]:
    yield from catalogue().items()
    for key in ENGLISH.keys() | CHINESE.keys():
        yield key, {language: table[key] for language, table in (("en", ENGLISH), ("zh", CHINESE)) if key in table}


def test_no_text_without_its_chinese() -> None:
    """Every key stands in every language, with the same facts."""
    assert [key for key, texts in every_text() if set(texts) != set(LANGUAGES)] == []
    assert [key for key, texts in every_text() if facts(texts["en"]) != facts(texts["zh"])] == []


def test_no_english_left_in_chinese() -> None:
    """Latin letters in a Chinese text are a unit, a code or a name."""
    assert english("按 {n} 计，see sources.csv 的 valid_to") == {"see"}
    left = {key: w for key, texts in every_text() if (w := english(texts["zh"]))}
    for table in (ENGINE_ZH, DELIVERY_ZH, GATEWAY_ZH, FORMULA_ZH):
        left |= {line: w for line in table.strip().splitlines() if (w := english(line.split(" | ", 1)[1]))}
    assert left == {}


def test_patterns_have_the_same_facts_on_both_sides() -> None:
    """A translation loses no number and invents none."""
    lines = [
        line.split(" | ", 1)
        for table in (ENGINE_ZH, DELIVERY_ZH, GATEWAY_ZH, FORMULA_ZH)
        for line in table.strip().splitlines()
    ]
    assert [a for a, b in lines if facts(a) != facts(b)] == []
    assert len({a for a, _ in lines}) == len(lines)


PROBES = (
    "7",
    "2026-07-01T02:00:00+08:00",
    "2026",
    "X1",
    "fault",
    " (fault)",
    "calorific",
    "primary:2021:0.3",
    ", default factor",
    "",
)
"""What stands in for a fact of a sentence in the code."""
PHRASES = ("12.5 at 2026-07-01T02:00:00+08:00 to 0.5 at 2026-07-01T02:15:00+08:00", "the register fell")
"""What else stands in where a fact is itself words."""
NOT_SHOWN = {
    "processors/registry_check.py": "faults of registry files, told by commands",
    "processors/decode.py": "asserts and errors of the decoder; its faults' words are pydantic's",
    "processors/influx.py": "line protocol",
    "processors/rules/verdict.py": "put together from words; those that a station shows have their patterns",
    "processors/rules/eu.py": "put together from words; those that a figure shows have their patterns",
    "processors/rules/judge.py": "limit profiles, told by commands",
    "processors/packs.py": "faults of rule packs, told by commands",
    "processors/mark_rules.py": "faults of rule packs, told by commands",
    "processors/cases.py": "told to whoever writes cases",
    "processors/case_calculations.py": "told to whoever writes cases",
    "processors/case_series.py": "told to whoever writes cases",
    "processors/case_points.py": "told to whoever writes cases",
    "processors/steps.py": "faults of rule packs, told by commands",
    "processors/case_stations.py": "told to whoever writes cases",
    "processors/case_checks.py": "told to whoever writes cases",
    "processors/case_warnings.py": "told to whoever writes cases",
    "processors/early.py": "what a warning rests on and what came of it, shown by key",
}
"""Files of the engine whose sentences reach neither figures nor events."""
OTHER_WORDS = {
    "on time": "a state, shown by key",
    "never seen": "a state, shown by key",
    "not booked": "a decision among a finding's facts, not shown",
    "late readings": "the cause of a touch, not shown",
    "exempt mark": "how an episode ended, shown by key",
    "not operating": "a class of a rule pack, not shown",
    "invalid if never filled": "a class of a table, not shown",
    "dispenser fault": "why a refuelling does not count, not shown",
    "too little": "why a refuelling does not count, not shown",
    "not measured": "why a refuelling does not count, not shown",
    "reading at a tight point": "a check by hand, which no pack uses",
    "{}, too few to judge": "the end of a sentence about refuellings; seen whole beside it",
    "{}, more than {} %": "the end of a sentence about refuellings; seen whole beside it",
    "; {} warning days in a row": "the end of a finding's text; seen whole beside it",
    "{} of {} pressures outside {} Pa": "seen whole beside it",
    "processing unit": "the beginning of a finding's text; seen whole beside it",
    "day before revised": "the cause of a closing, not shown",
    "hour decided": "the cause of a closing, not shown",
    "new QAL2 due by (\\d{4}-\\d\\d-\\d\\d)$": "reads a note back",
    ", at most {} % in a week": "the end of a note; seen whole beside it",
    "beyond the bound from": "a part of a note; seen whole beside it",
    "one too many at": "a part of a note; seen whole beside it",
    "set aside": "the cause of a touch, not shown",
    "day decided": "the cause of a touch, not shown",
    "day revised": "the cause of a touch, not shown",
    "joined to another episode": "how an episode was withdrawn, not shown",
    ", default factor": "the end of a note; seen whole beside it",
    "; the pollutant fell from {} as air dilutes it": "the second of two joined sentences",
    "{}; {} times that day": "two joined sentences",
    "clock steps": "a detector's name, not shown",
    "no touch: {}": "an input set aside, shown by the console's patterns",
    "no mark: {}": "an input set aside, shown by the console's patterns",
}
"""Words of the engine that are no sentence for a reader, and why."""
TABLES_OF_WORDS = {"EVENT_KINDS", "QUALITIES"}
"""Tables of the engine that explain its codes to those who read the code."""


def sentences_of(path: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Yield each sentence that a file of the engine can say: its line, its pieces with None for a fact.

    That is every text of two or more words that is handed on as text, reason or note, or raised as a FactorError; docstrings, plain
    errors of the program and logs are not.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skip: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.Assign) and TABLES_OF_WORDS & {
            n.id for n in ast.walk(node) if isinstance(n, ast.Name)
        }:
            skip.update(ast.walk(node))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skip.add(node.value)
        if isinstance(node, ast.Assert) or (isinstance(node, ast.Raise) and not _published(node)):
            skip.update(ast.walk(node))
    for node in ast.walk(tree):
        if node in skip:
            continue
        if isinstance(node, ast.JoinedStr):
            skip.update(ast.walk(node))
            pieces = [p.value if isinstance(p, ast.Constant) else None for p in node.values]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format" and node.args:
            first = node.args[0]
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                continue
            skip.add(first)
            pieces = list(itertools.chain.from_iterable((p, None) for p in first.value.split("{}")))[:-1]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            pieces = [node.value]
        else:
            continue
        if re.search(r"[a-z]{2,} [a-z]{2,}", "".join(p or " x " for p in pieces)):
            yield node.lineno, list(itertools.chain.from_iterable([None] if p is None else _parted(str(p)) for p in pieces))


def _parted(text: str) -> list[str | None]:
    """Return a text in pieces, with None for each place that a later ``format`` fills."""
    return list(itertools.chain.from_iterable((None, p) for p in text.split("{}")))[1:]


def _published(node: ast.Raise) -> bool:
    called = node.exc.func if isinstance(node.exc, ast.Call) else None
    return isinstance(called, ast.Name) and called.id in (
        "FactorError",
        "UnknownFactor",
        "UnitMismatch",
        "BasisMismatch",
        "OxygenGuard",
    )


def translated(pieces: list[str | None], tables: tuple[str, ...]) -> bool:
    """Return whether some stand-ins make the sentence one whose translation holds no English."""
    slots = [n for n, p in enumerate(pieces) if p is None]
    probes = (*PROBES, *PHRASES) if len(slots) < 3 else PROBES
    for chosen in itertools.product(probes, repeat=len(slots)):
        filled = dict(zip(slots, chosen, strict=True))
        text = "".join(filled[n] if p is None else p for n, p in enumerate(pieces))
        told = worded(text, "zh", tables)
        if told != text and not english(re.sub(r"X1|`[^`]*`", "", told)):
            return True
    return False


def test_every_sentence_of_the_engine_has_its_chinese() -> None:
    """Who adds a reason, a note or a finding's text to the engine adds its pattern to ``alerts.wording``."""
    missing = []
    for path in sorted((REPO / "processors").rglob("*.py")):
        name = path.relative_to(REPO).as_posix()
        if name in NOT_SHOWN:
            continue
        for line, pieces in sentences_of(path):
            sentence = "".join("{}" if p is None else p for p in pieces)
            if sentence not in OTHER_WORDS and not translated(pieces, (ENGINE_ZH,)):
                missing.append(f"{name}:{line} {sentence}")
    assert missing == []


def test_the_reasons_of_readings() -> None:
    """Each one-word reason, also inside the sentence about an hour."""
    for reason in (*REASONS[1:], "no data", "not judged"):
        assert not english(worded(f"3 valid minutes of 45 ({reason})", "zh")), reason


def test_every_formula_has_its_chinese() -> None:
    """Formula and basis of each stat and level, with a limit behind them."""
    with speaking("zh"):
        for formula, basis in ENERGY_RULES.values():
            assert not english(said(formula)), formula
            assert not english(said(f"{basis}; limit PWR-1: permit").replace("PWR", "")), basis
        for pack in shipped().values():
            for stat, level in [made for made in STEP_OF if pack.behind(*made)]:
                told = rules_behind(pack, stat, level)
                assert not english(told["formula_zh"]), told
                assert not english(said(told["confidence"])), told
                assert not english(told["basis_zh"]), told


def test_every_rule_has_its_chinese() -> None:
    """What a rule rests on, and how sure it is, as the page Limits lists them."""
    with speaking("zh"):
        for rule in (rule for pack in shipped().values() for rule in pack.rules):
            for told in (standard_words(rule.standard, "zh"), sure(rule.confidence)):
                assert not re.search(r"\b[a-z]{3,}\b", told), told


def test_every_verdict_of_the_gateway_has_its_chinese() -> None:
    """What quarantine says of a frame."""
    verdicts = [framing.TRUNCATED, framing.NO_CRC, framing.CRC_WRONG, framing.LENGTH_AND_CRC_WRONG, framing.OVER_LONG]
    raised = [
        (pieces, f"{path.name}:{line}")
        for path in sorted((REPO / "ingest" / "hj212").glob("*.py"))
        for line, pieces in undecodable(path)
    ]
    assert len(raised) >= 10
    assert [v for v in (*verdicts, framing.LENGTH_MISMATCH, *DIALECT_WORDS.values()) if not translated([v], TABLES)] == []
    assert [where for pieces, where in raised if not translated(pieces, TABLES)] == []


def undecodable(path: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Yield the texts of Undecodable and of notes on a packet."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        called = ast.unparse(node.func)
        if called != "Undecodable" and not called.endswith("notes.append"):
            continue
        text = node.args[0]
        if isinstance(text, ast.JoinedStr):
            yield node.lineno, [str(p.value) if isinstance(p, ast.Constant) else None for p in text.values]
        elif isinstance(text, ast.Constant):
            yield node.lineno, [str(text.value)]


def test_times_and_numbers_as_chinese_readers_write_them() -> None:
    """Today's times stand alone, others with their whole date; lengths are words; units stay."""
    with speaking("zh"):
        assert spoken() == "zh"
        assert words.clock(NOW_MS, NOW_MS, seconds=True) == "15:21:20"
        assert words.clock(HOUR - 24 * 3_600_000, NOW_MS) == "2026-06-30 15:00"
        assert words.day(NOW_MS) == "2026-07-01 周三"
        assert words.period(HOUR, "day", NOW_MS) == "2026-07-01 周三"
        assert words.ago(NOW_MS - 7_800_000, NOW_MS).replace("\u00a0", " ") == "2 小时 10 分钟前"
        assert words.unit("mg/m3") == "mg/m³"
        assert words.listed(["a", "b"]) == "a、b"
        assert Names(registry_zh(), NOW_MS).place(STACK) == "南海电厂 DA001 1号烟囱"
        assert Names(registry_zh(), NOW_MS).factor(STACK, "a21026") == "二氧化硫"
    assert spoken() == "en" and words.clock(HOUR - 24 * 3_600_000, NOW_MS) == "30 Jun 15:00"
    assert Names(registry_zh(), NOW_MS).place(STACK) == "Nanhai Power, DA001 stack 1"


def test_commands_stay_english() -> None:
    """Outside a page English is spoken."""
    assert t("verdict.exceeds") == "above limit"
    with speaking("tlh"):
        assert t("verdict.exceeds") == "above limit"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh;q=0.3, en;q=0.2", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=nonsense, de", "en"),
        ("x" * 5_000 + ",zh", "en"),
    ],
)
def test_the_browsers_language(header: str, language: str) -> None:
    """The first language that the browser asks for and that is spoken here."""
    assert languages.accepted(header) == language


@pytest.mark.parametrize(
    ("to", "back"),
    [
        ("source/S1?factor=a21026&stat=avg", "/console/source/S1?factor=a21026&stat=avg"),
        ("", "/console/"),
        ("https://elsewhere.example/", "/console/https://elsewhere.example/"),
        ("//elsewhere.example/", "/console/elsewhere.example/"),
        ("/\\elsewhere.example", "/console/elsewhere.example"),
        ("a\r\nset-cookie: x=1", "/console/"),
    ],
)
def test_a_switch_returns_to_its_page(to: str, back: str) -> None:
    """The choice is kept in a cookie, and the way back stays within the console."""
    app = FastAPI()
    app.include_router(languages.routes("/console"))
    answer = TestClient(app).get("/console/language/zh", params={"to": to}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, back)
    assert answer.cookies[languages.COOKIE] == "zh"
    assert "set-cookie" not in TestClient(app).get("/console/language/tlh", follow_redirects=False).headers
