"""Run the tests of one module against its mutants, one after the other, in one process that has imported everything once.

The changes are put in place in memory. Forking for each would be safer, and is not possible: Polars' threads are not in the child, and
the first query there waits for ever. A mutant that hangs ends the process; whoever started it starts another for the rest.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import hypothesis
import pytest

from tests.mutation.install import caches, install, watched
from tests.mutation.mutate import mutants

PROCESSORS = Path(__file__).resolve().parents[2] / "processors"
SLOW_S = 4.0
"""A test that takes longer unchanged is left out, as too slow to run for each mutant [s of processor time]."""
PATIENCE, PATIENCE_S = 10, 2.0
"""A mutant times out at this many times what the tests take unchanged, and so many seconds more [s of processor time]."""
MEMORY_BYTES = 4 << 30
"""What a mutant may take before it counts as failed."""


class TooLong(Exception):
    """A mutant took many times as long as the module itself."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a test was seen to do unchanged: how long it takes [s of processor time] and which functions of rules it runs."""

    took_s: float
    names: list[str]

    def ran(self, module: str, where: str) -> bool:
        """Tell whether it ran the function that a mutant lies in; anything of the module where that is in no function."""
        return any(f"{module}:{where}.".startswith(f"{name}.") for name in self.names) or (
            not where and any(name.startswith(f"{module}:") for name in self.names)
        )


class Mutating:
    """A pytest plugin whose test loop runs the collected tests once for each mutant."""

    def __init__(self, module: ModuleType, numbers: set[int], told: Any, build: Path) -> None:
        self.module, self.numbers, self.told, self.build = module, numbers, told, build
        self.failed: str | None = None
        self.late = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Tell that a test has ended, and keep the name of the one that failed."""
        self.tell(ended=report.nodeid)
        if report.failed and self.failed is None:
            self.failed = str(report.nodeid)

    def pytest_runtestloop(self, session: Any) -> bool:
        """Tell how long the tests take unchanged, then each mutant's fate; at the end, that those which noticed one still pass."""
        if session.testsfailed:
            self.tell(error="the tests cannot be collected")
            return True
        source = Path(str(self.module.__file__)).read_text(encoding="utf-8")
        kept = caches()
        seen = self.measured(session.items, kept)
        if self.failed:
            self.tell(error=f"fails unchanged: {self.failed}")
            return True
        items = sorted((item for item in session.items if id(item) in seen), key=lambda item: seen[id(item)].took_s)
        kills = {id(item): 0 for item in items}
        for number, mutant in enumerate(mutants(source)):
            if number not in self.numbers:
                continue
            for_it = [item for item in items if seen[id(item)].ran(self.module.__name__, mutant.where)] or items
            patience_s = PATIENCE * sum(seen[id(item)].took_s for item in for_it) + PATIENCE_S
            self.tell(starts=number, patience_s=patience_s)
            for cache in kept:
                cache.cache_clear()
            self.failed, self.late = None, False
            fate, killer = "survived", None
            try:
                undo = install(self.module, mutant.tree, values=not _in_function(mutant.tree, mutant.line))
            except Exception as problem:  # whatever importing the mutant raises
                fate, killer = "killed", f"import: {type(problem).__name__}"
            else:
                signal.setitimer(signal.ITIMER_PROF, patience_s)
                try:
                    killed_by = self.run(sorted(for_it, key=lambda item: -kills[id(item)]))
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
                    undo()
                if killed_by is not None:
                    kills[id(killed_by)] += 1
                    fate, killer = "timed out" if self.late else "killed", killed_by.nodeid
            self.tell(
                where=mutant.where,
                line=mutant.line,
                text=mutant.text,
                change=mutant.change,
                fate=fate,
                by=killer,
            )
        for cache in kept:
            cache.cache_clear()
        self.failed = None
        self.run([item for item in items if kills[id(item)]])
        self.tell(error=f"fails after all mutants were taken out: {self.failed}") if self.failed else self.tell(done=True)
        return True

    def measured(self, items: list[Any], kept: list[Any]) -> dict[int, Seen]:
        """Run every test unchanged that has not been seen before; return those that run the module's code and are not slow."""
        names: set[str] = set()
        stems = [path.stem for path in sorted((PROCESSORS / "rules").glob("[!_]*.py"))]
        rules = [importlib.import_module(f"processors.rules.{stem}") for stem in stems]
        undo = [watched(each, names) for each in {*rules, self.module}]
        found: dict[int, Seen] = {}
        try:
            for path, group in groupby(items, key=lambda item: Path(item.path)):
                notes = self.build / f"seen-{path.stem}-{_digest(path, self.module)}.json"
                before = json.loads(notes.read_text(encoding="utf-8")) if notes.exists() else {}
                for item in group:
                    if item.nodeid not in before:
                        for cache in kept:
                            cache.cache_clear()
                        names.clear()
                        took_s = self.timed(item)
                        if self.failed:
                            return {}
                        before[item.nodeid] = [took_s, sorted(names)]
                        notes.write_text(json.dumps(before, ensure_ascii=False), encoding="utf-8")
                    seen = Seen(*before[item.nodeid])
                    if seen.took_s < SLOW_S and seen.ran(self.module.__name__, ""):
                        found[id(item)] = seen
        finally:
            for each in undo:
                each()
        return found

    def timed(self, item: Any) -> float:
        """Return how long a test takes [s of processor time]; a slow one is broken off."""
        began, self.late = time.process_time(), False
        signal.setitimer(signal.ITIMER_PROF, SLOW_S)
        try:
            self.run([item])
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if self.late:
            self.failed = None
            return SLOW_S
        return time.process_time() - began

    def run(self, items: list[Any]) -> Any | None:
        """Run tests until one fails; return that one."""
        self.failed = None
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                item.session._setupstate.teardown_exact(None)
                return item
        return None

    def too_long(self, _signal: int, _frame: FrameType | None) -> None:
        """End a test in which the mutant does not come to an end."""
        self.late = True
        raise TooLong("the mutant takes many times as long as the module")

    def tell(self, **facts: object) -> None:
        """Write one line to whoever started this process."""
        self.told.write(json.dumps(facts, ensure_ascii=False) + "\n")
        self.told.flush()


def _digest(test: Path, module: ModuleType) -> str:
    """Return what a test's doings hang on: its text, the module, all other code of the processors and the packs."""
    digest = hashlib.sha256()
    code = [path for path in sorted(PROCESSORS.rglob("*")) if path.suffix in (".py", ".toml", ".cases", ".csv")]
    here = Path(str(module.__file__))
    for path in [test, *([] if here in code else [here]), *code]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _in_function(tree: ast.Module, line: int) -> bool:
    """Tell whether a line lies in the body of a function: nothing outside changes with it."""
    return any(
        isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or 0) for node in ast.walk(tree)
    )


def main(build: str, module: str, numbers: set[int], tests: list[str]) -> None:
    """Work off some of a module's mutants; what becomes of each goes to the first standard output."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a failing example need not be made small
    hypothesis.settings.register_profile("mutants", phases=phases, database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("mutants")
    plugin = Mutating(importlib.import_module(module), numbers, told, Path(build))
    signal.signal(signal.SIGPROF, plugin.too_long)
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:timeout", "-p", "no:faulthandler", *tests], plugins=[plugin])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], {int(number) for number in sys.argv[3].split(",")}, sys.argv[4:])
