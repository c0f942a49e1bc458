"""Mutants are made, put in place, noticed and counted; what no test notices is explained line by line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.mutate import mutants
from tests.mutation.run import RULES, explained, modules, run, suite_of

MODULE = """
LIMIT = 35


def exceeds(value: int, *, limit: int = LIMIT) -> bool:
    \"\"\"Tell 1 from 2.\"\"\"
    return value > limit and not value < 0


def steps(n: int) -> int:
    done = 0
    while n > 0:
        n -= 1
        done += 1
    return done
"""
WEAK = """
from RULE import exceeds, steps


def test_rule():
    assert exceeds(36) and not exceeds(30)
    assert steps(3) == 3
"""
SHARP = """
from RULE import exceeds, steps


def test_rule():
    assert [exceeds(v) for v in (34, 35, 36)] == [False, False, True]
    assert [exceeds(v, limit=-2) for v in (-1, 0)] == [False, True]
    assert [steps(n) for n in (0, 1, 3)] == [0, 1, 3]
"""
SEEN = """
def double(n):
    return n * 2


class Square:
    def __init__(self, side):
        self.side = side

    @property
    def area(self):
        return self.side * self.side

    def grown(self, by):
        def more():
            return self.side + by
        return more()
"""
SEEN_TESTS = """
from seen_rule import Square, double


def test_double():
    assert double(3) == 6


def test_side():
    assert (Square(5).area, Square(5).grown(2)) == (25, 7)
"""


def named(source: str) -> list[tuple[str, int, str]]:
    return [(m.where, m.line, m.change) for m in mutants(source)]


def test_what_is_changed() -> None:
    """Operators, numbers, truth, extremes, what is left out; not texts, types or what an error says."""
    source = (
        "def f(rows: Table[1], n: int = 2) -> int:\n"
        "    '''A text with 3.'''\n"
        "    if rows.over or n:\n"
        "        raise ValueError(4)\n"
        "    return rows.filter(min(n, 1) <= n).unique(keep='first')\n"
    )
    assert named(source) == [
        ("f", 1, "2 becomes 3"),
        ("f", 1, "2 becomes 1"),
        ("f", 3, "or becomes and"),
        ("f", 4, "raises nothing"),
        ("f", 5, "unique left out"),
        ("f", 5, "filter left out"),
        ("f", 5, "<= becomes <"),
        ("f", 5, "min becomes max"),
        ("f", 5, "1 becomes 2"),
        ("f", 5, "1 becomes 0"),
        ("f", 5, "keep=first becomes last"),
    ]


@pytest.mark.parametrize(
    ("suite", "name", "survivors"),
    [
        pytest.param(
            WEAK,
            "weak_rule",
            {"35 becomes 34", "> becomes >=", "< becomes <=", "0 becomes 1", "0 becomes -1"},
            id="a weak suite",
        ),
        pytest.param(SHARP, "sharp_rule", set(), id="a sharp one"),
    ],
)
def test_a_weak_suite_leaves_survivors(
    suite: str, name: str, survivors: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests that look at no edge let mutants live; sharp ones kill all, also a loop without end; and it is done only once."""
    source, tests, build = tmp_path / f"{name}.py", tmp_path / f"test_{name}.py", tmp_path / "build"
    source.write_text(MODULE, encoding="utf-8")
    tests.write_text(suite.replace("RULE", name), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    rows: list[dict[str, Any]] = []
    run(name, source, [tests], rows.append, build=build)
    assert [(row["where"], row["line"], row["change"]) for row in rows] == named(MODULE)
    alive = {row["change"] for row in rows if row["fate"] == "survived"}
    assert alive == survivors
    assert ("steps", "- becomes +", "timed out") in {(row["where"], row["change"], row["fate"]) for row in rows}
    monkeypatch.setattr(subprocess, "Popen", None)
    again: list[dict[str, Any]] = []
    run(name, source, [tests], again.append, build=build)
    assert again == rows


def test_each_mutant_meets_the_tests_that_run_its_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a method, a property and a function inside another are seen; what is left out is not run."""
    source, tests, build = tmp_path / "seen_rule.py", tmp_path / "test_seen_rule.py", tmp_path / "build"
    source.write_text(SEEN, encoding="utf-8")
    tests.write_text(SEEN_TESTS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    rows: list[dict[str, Any]] = []
    left_out = {("double", "return n * 2", "2 becomes 3")}
    run("seen_rule", source, [tests], rows.append, build=build, left_out=left_out)
    (notes,) = build.glob("seen-*.json")
    seen = {name.rpartition(":")[2]: names for name, (_, names) in json.loads(notes.read_text(encoding="utf-8")).items()}
    assert seen == {
        "test_double": ["seen_rule:double"],
        "test_side": ["seen_rule:Square.__init__", "seen_rule:Square.area", "seen_rule:Square.grown"],
    }
    assert [(row["where"], row["change"], row["by"].rpartition(":")[2]) for row in rows] == [
        ("double", "* becomes //", "test_double"),
        ("double", "2 becomes 1", "test_double"),
        ("Square.area", "* becomes //", "test_side"),
        ("Square.grown.more", "+ becomes -", "test_side"),
    ]


def test_a_slow_test_is_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long unchanged is left out, even if it has no end; the others judge."""
    source, tests = tmp_path / "slow_rule.py", tmp_path / "test_slow_rule.py"
    source.write_text("def double(n: int) -> int:\n    return n * 2\n", encoding="utf-8")
    text = "from slow_rule import double\n\ndef test_rule():\n    assert double(3) == 6\n\n"
    tests.write_text(text + "def test_for_ever():\n    while double(1) == 2:\n        pass\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    rows: list[dict[str, Any]] = []
    run("slow_rule", source, [tests], rows.append, build=tmp_path / "build")
    assert {(row["fate"], row["by"].rpartition(":")[2]) for row in rows} == {("killed", "test_rule")}


def test_tests_that_fail_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be learned from tests that fail without a change."""
    source, tests = tmp_path / "broken_rule.py", tmp_path / "test_broken_rule.py"
    source.write_text(MODULE, encoding="utf-8")
    tests.write_text(SHARP.replace("RULE", "broken_rule").replace("== [0, 1, 3]", "== [9]"), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="fails unchanged"):
        run("broken_rule", source, [tests], lambda row: None, build=tmp_path)


def test_every_module_has_tests() -> None:
    """Each rule module is imported by name by a test, beside its docstrings and the packs' cases."""
    assert [name for name in modules() if len(suite_of(name)) < 3] == []


def test_explanations_fit_the_code() -> None:
    """Each explained change can still be made, and says why it does not matter."""
    for module, changes in explained().items():
        made = {(m.where, m.text, m.change) for m in mutants((RULES / f"{module}.py").read_text(encoding="utf-8"))}
        assert sorted(set(changes) - made) == [], module
        assert all(len(why) > 20 for why in changes.values())


@pytest.mark.parametrize("module", ["periods", "spells"])
def test_no_survivor_unexplained(module: str, tmp_path: Path) -> None:
    """Two small modules, to the end; ``make mutants`` does all."""
    rows: list[dict[str, Any]] = []
    run(f"processors.rules.{module}", RULES / f"{module}.py", suite_of(module)[:1], rows.append, build=tmp_path)
    known = explained().get(module, {})
    assert [r for r in rows if r["fate"] == "survived" and (r["where"], r["text"], r["change"]) not in known] == []
    assert len(rows) >= 10
