"""Run the tests of one module against its mutants, one after the other, in one process that has imported everything once.

The changes are put in place in memory. Forking for each would be safer, and is not possible: Polars' threads are not in the child, and
the first query there waits for ever. A mutant that hangs ends the process; whoever started it starts another for the rest.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import hypothesis
import pytest

from tests.mutation.install import caches, install
from tests.mutation.mutate import mutants

SLOW_S = 4.0
"""A test that takes longer unchanged is left out, as too slow to run for each mutant [s of processor time]."""
PATIENCE, PATIENCE_S = 10, 2.0
"""A mutant times out at this many times what the tests take unchanged, and so many seconds more [s of processor time]."""
MEMORY_BYTES = 4 << 30
"""What a mutant may take before it counts as failed."""


class TooLong(Exception):
    """A mutant took many times as long as the module itself."""


class Mutating:
    """A pytest plugin whose test loop runs the collected tests once for each mutant."""

    def __init__(self, module: ModuleType, numbers: set[int], told: Any) -> None:
        self.module, self.numbers, self.told = module, numbers, told
        self.failed: str | None = None
        self.touched, self.late = False, False

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the name of the test that failed."""
        if report.failed and self.failed is None:
            self.failed = str(report.nodeid)

    def pytest_runtestloop(self, session: Any) -> bool:
        """Tell how long the tests take unchanged, then each mutant's fate; at the end, that the tests still pass."""
        if session.testsfailed:
            self.tell(error="the tests cannot be collected")
            return True
        source = Path(str(self.module.__file__)).read_text(encoding="utf-8")
        items = self.measured(session.items)
        if self.failed:
            self.tell(error=f"fails unchanged: {self.failed}")
            return True
        began = time.process_time()
        self.run(items)
        patience_s = PATIENCE * (time.process_time() - began) + PATIENCE_S
        kept, kills = caches(), {id(item): 0 for item in items}
        for number, mutant in enumerate(mutants(source)):
            if number not in self.numbers:
                continue
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
                    killed_by = self.run(sorted(items, key=lambda item: -kills[id(item)]))
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
        self.run(items)
        self.tell(error=f"fails after all mutants were taken out: {self.failed}") if self.failed else self.tell(done=True)
        return True

    def measured(self, items: list[Any]) -> list[Any]:
        """Run every test once and return those that run the module's code and are not slow, fastest first; a slow one is broken off."""
        took: dict[int, float] = {}
        for item in items:
            began, self.touched, self.late = time.process_time(), False, False
            sys.setprofile(self.look)
            signal.setitimer(signal.ITIMER_PROF, SLOW_S)
            try:
                failed = self.run([item])
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                sys.setprofile(None)
            if self.late:
                self.failed = None
            elif failed:
                return []
            elif self.touched:
                took[id(item)] = time.process_time() - began
        return sorted((item for item in items if took.get(id(item), SLOW_S) < SLOW_S), key=lambda item: took[id(item)])

    def look(self, frame: FrameType, _event: str, _arg: object) -> None:
        """Notice that a test runs the module's code, and look no further, for looking takes time."""
        if frame.f_code.co_filename == self.module.__file__:
            self.touched = True
            sys.setprofile(None)

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


def _in_function(tree: ast.Module, line: int) -> bool:
    """Tell whether a line lies in the body of a function: nothing outside changes with it."""
    return any(
        isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or 0) for node in ast.walk(tree)
    )


def main(module: str, numbers: set[int], tests: list[str]) -> None:
    """Work off some of a module's mutants; what becomes of each goes to the first standard output."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a failing example need not be made small
    hypothesis.settings.register_profile("mutants", phases=phases, database=None, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("mutants")
    plugin = Mutating(importlib.import_module(module), numbers, told)
    signal.signal(signal.SIGPROF, plugin.too_long)
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:timeout", "-p", "no:faulthandler", *tests], plugins=[plugin])


if __name__ == "__main__":
    main(sys.argv[1], {int(number) for number in sys.argv[2].split(",")}, sys.argv[3:])
