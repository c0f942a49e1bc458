"""Mutation testing of the rules: who of a module's mutants does no test notice? ``make mutants`` asks for all of them.

What is found is kept by the text of the module, its tests and this tool, so that a run that was broken off goes on where it was, and
one that repeats itself takes no time. A mutant meets only the tests that run its function; what is explained is not run, unless that
is asked for.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.mutation.mutate import mutants

REPO = Path(__file__).resolve().parents[2]
RULES, TESTS, BUILD = REPO / "processors" / "rules", REPO / "tests" / "processors", REPO / "build" / "mutants"
EXPLAINED = Path(__file__).with_name("explained.toml")
CASES = ("test_doctests.py", "test_packs.py")
"""The examples in docstrings and the cases of the packs are tests of every rule."""
MORE = {"millionths": ("test_ph.py", "test_weather.py", "test_eu.py")}
"""Tests of modules that others use, beside those that import them by name."""
HANGS_S = 180.0
"""A worker in which no test ends for so long is taken for hanging."""

TOOL = ("mutate.py", "install.py", "worker.py")
"""What decides a mutant's fate, beside the module and its tests."""

Name = tuple[str, str, str]
"""Function, text of the line, change: what names a mutant as long as its line stays."""


@dataclass
class Outcome:
    """What became of a module's mutants."""

    module: str
    total: int
    fates: Counter[str] = field(default_factory=Counter)
    survivors: list[dict[str, Any]] = field(default_factory=list)
    explained: int = 0

    def take(self, row: dict[str, Any], explained: dict[Name, str]) -> None:
        """Count one mutant."""
        self.fates[row["fate"]] += 1
        if row["fate"] == "survived":
            if _name(row) in explained:
                self.explained += 1
            else:
                self.survivors.append(row)


def explained(path: Path = EXPLAINED) -> dict[str, dict[Name, str]]:
    """Read why a survivor changes nothing that matters: by module, by what names a mutant."""
    found: dict[str, dict[Name, str]] = {}
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["survivor"]:
        for change in row["changes"]:
            found.setdefault(row["module"], {})[row["where"], row["line"], change] = row["why"]
    return found


def modules() -> list[str]:
    """Return the names of the rule modules that compute anything."""
    return [path.stem for path in sorted(RULES.glob("*.py")) if any(True for _ in mutants(path.read_text(encoding="utf-8")))]


def suite_of(module: str) -> list[Path]:
    """Return the test files that import a rule module by name, its own first, and the packs' cases."""
    found = [path for path in sorted(TESTS.glob("test_*.py")) if module in _imported(path)]
    found += [TESTS / name for name in (*MORE.get(module, ()), *CASES) if TESTS / name not in found]
    return sorted(found, key=lambda path: path.stem != f"test_{module}")


@cache
def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "processors.rules":
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("processors.rules."):
            names.add(str(node.module).split(".")[2])
    return names


def run(
    module: str,
    source: Path,
    tests: list[Path],
    told: Callable[[dict[str, Any]], None],
    *,
    build: Path = BUILD,
    again: bool = False,
    left_out: Collection[Name] = (),
) -> None:
    """Bring every mutant of a module to its end and tell of each, those that are known from before first.

    Args:
        module: name to import it by.
        source: its file.
        tests: files that pytest runs against it.
        told: is handed one row a mutant.
        build: folder for what is found.
        left_out: mutants not to run.
        again: what was killed by earlier tests is taken for killed; for who sharpens tests and looks at the rest.

    Raises:
        RuntimeError: the tests fail without a change, or a worker ends without a word.
    """
    build.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    for path in [
        source,
        *tests,
        *(Path(__file__).with_name(n) for n in TOOL),
        *sorted(p for p in RULES.glob("packs/**/*") if p.is_file()),
    ]:
        digest.update(path.read_bytes())
    kept = build / f"{source.stem}-{digest.hexdigest()[:16]}.jsonl"
    names = [(m.where, m.text, m.change) for m in mutants(source.read_text(encoding="utf-8"))]
    known = {name: row for row in _rows(kept) if (name := _name(row)) in set(names)}
    for old in build.glob(f"{source.stem}-*.jsonl"):
        if old != kept:
            before = {_name(row): row for row in _rows(old) if row["fate"] == "killed"} if again else {}
            known = {name: before[name] for name in names if name in before} | known
            old.unlink()
    kept.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in known.values()), encoding="utf-8")
    for name, row in known.items():
        if name not in left_out:
            told(row)
    with kept.open("a", encoding="utf-8") as file:
        while left := [number for number, name in enumerate(names) if name not in known and name not in left_out]:
            for row in _worker(module, source, left, tests, build):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                file.flush()
                known[_name(row)] = row
                told(row)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _name(row: dict[str, Any]) -> Name:
    return row["where"], row["text"], row["change"]


def _worker(module: str, source: Path, numbers: list[int], tests: list[Path], build: Path) -> Iterator[dict[str, Any]]:
    """Run one worker until it is done, or hangs or dies on a mutant, which then has timed out."""
    command = [sys.executable, "-m", "tests.mutation.worker", str(build), module, ",".join(map(str, numbers)), *map(str, tests)]
    environment = os.environ | {"POLARS_MAX_THREADS": "1"}
    process = subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, text=True, env=environment)
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(process, lines), daemon=True).start()
    begun: int | None = None
    try:
        while True:
            try:
                line = lines.get(timeout=HANGS_S)
            except queue.Empty:
                line = ""
            facts = json.loads(line) if line else {}
            if "error" in facts or (not facts and begun is None):
                raise RuntimeError(f"{module}: {facts.get('error', 'the worker ended without a word')}")
            if "done" in facts:
                return
            if "ended" in facts:
                continue
            if "starts" in facts:
                begun = facts["starts"]
            elif "fate" in facts:
                begun = None
                yield facts
            else:
                yield _timed_out(source, begun)
                return
    finally:
        process.kill()
        process.wait()


def _listen(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put("")


def _timed_out(source: Path, number: int | None) -> dict[str, Any]:
    mutant = next(each for i, each in enumerate(mutants(source.read_text(encoding="utf-8"))) if i == number)
    named = {"where": mutant.where, "line": mutant.line, "text": mutant.text, "change": mutant.change}
    return {**named, "fate": "timed out", "by": None}


def main() -> int:
    """Run what is asked for, print the table and every survivor without an explanation; 1 where there is one."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--module", action="append", choices=modules(), help="only this one; may stand several times")
    parser.add_argument("--json", action="store_true", help="what was found as JSON, in place of the table")
    parser.add_argument("--again", action="store_true", help="only what survived before, where tests have become sharper")
    parser.add_argument(
        "--explained", action="store_true", help="also run what is explained: is it still true that it survives?"
    )
    asked = parser.parse_args()
    why, outcomes = explained(), []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for module in asked.module or modules():
            source = RULES / f"{module}.py"
            outcome = Outcome(module, sum(1 for _ in mutants(source.read_text(encoding="utf-8"))))
            known = {} if asked.explained else why.get(module, {})
            outcome.explained = len(known)
            task = progress.add_task(module, total=outcome.total - len(known))

            def told(row: dict[str, Any], outcome: Outcome = outcome, task: Any = task) -> None:
                outcome.take(row, why.get(outcome.module, {}))
                progress.advance(task)

            run(f"processors.rules.{module}", source, suite_of(module), told, again=asked.again, left_out=known)
            outcomes.append(outcome)
    if asked.json:
        print(json.dumps([asdict(each) for each in outcomes], ensure_ascii=False, indent=1))
    else:
        show(outcomes)
    return 1 if any(each.survivors for each in outcomes) else 0


def show(outcomes: list[Outcome]) -> None:
    """Print a table of all modules and a line for each survivor that nobody explained."""
    table = Table("module", "mutants", "killed", "timed out", "explained", "unexplained")
    for each in outcomes:
        fates = each.fates
        counted = each.total, fates["killed"], fates["timed out"], each.explained, len(each.survivors)
        table.add_row(each.module, *map(str, counted))
    console = Console()
    console.print(table)
    for each in outcomes:
        for row in each.survivors:
            place = f"processors/rules/{each.module}.py:{row['line']} {row['where']}: {row['change']}"
            console.print(f"{place}\n    {row['text']}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
