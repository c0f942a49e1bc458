"""A rule is there to be used: by a step, by the engine, or by a formula that cases call; what only tests call is dead."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import REPO
from tests.test_tidy import PACKAGES

RULES = "processors.rules"
Name = tuple[str, str]
"""A module of rules, and what it defines at its top."""


def imported(tree: ast.Module) -> dict[str, str | Name]:
    """Return what the names of a module stand for, where they are modules of rules or defined in one."""
    found: dict[str, str | Name] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(RULES):
            for each in node.names:
                module = (node.module or "").removeprefix(RULES).removeprefix(".")
                found[each.asname or each.name] = (module, each.name) if module else each.name
    return found


def named(tree: ast.AST, known: dict[str, str | Name]) -> Iterator[Name]:
    """Yield what a piece of code names of the rules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(name := known.get(node.id), tuple):
            yield name
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = known.get(node.value.id)
            if isinstance(module, str):
                yield module, node.attr


def defined(node: ast.stmt) -> set[str]:
    """Return the names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def unused(sources: dict[str, str]) -> list[str]:
    """Return the public functions and classes of rules that nothing reaches from outside of the rules, by module and name."""
    behind: dict[Name, set[Name]] = {}
    functions: list[Name] = []
    todo: list[Name] = []
    for file, text in sources.items():
        tree, module = ast.parse(text), Path(file).stem
        known = imported(tree)
        if not file.startswith("processors/rules/"):
            todo += named(tree, known)
            continue
        known |= {name: (module, name) for node in tree.body for name in defined(node)}
        for node in tree.body:
            for name in defined(node):
                behind.setdefault((module, name), set()).update(named(node, known))
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not name.startswith("_"):
                    functions.append((module, name))
    reached: set[Name] = set()
    while todo:
        if (name := todo.pop()) not in reached:
            reached.add(name)
            todo += behind.get(name, ())
    return [f"{module}.{name}" for module, name in functions if (module, name) not in reached]


def test_what_counts_as_used() -> None:
    """Through another rule that is used, by its module or by itself; not by itself alone, nor by another that is not."""
    rule = "def a():\n    return b()\ndef b(): ...\ndef c():\n    return c()\ndef d():\n    return c()\ndef _e(): ...\n"
    for text in ("from processors.rules.x import a\na()", "from processors.rules import x as y\ny.a()"):
        assert unused({"processors/rules/x.py": rule, "processors/steps.py": text}) == ["x.c", "x.d"]


def test_no_rule_is_unused() -> None:
    """Who adds a rule adds the step that calls it, and who takes the step out takes out the rule."""
    paths = [path for package in PACKAGES for path in sorted((REPO / package).rglob("*.py"))]
    assert unused({path.relative_to(REPO).as_posix(): path.read_text(encoding="utf-8") for path in paths}) == []
