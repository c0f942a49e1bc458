"""What tests share: where real data lies, parts that CI must not do without, and the list of what was not run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("no clock", deadline=None)
hypothesis.settings.load_profile("no clock")  # how long an example takes says more of the machine than of the code

REPO = Path(__file__).resolve().parent.parent
SHARED = REPO.parent / "shared"
"""Real feeds and references beside the checkout; tests read them where they lie."""
PARTS = {"kafka", "influx"}
"""Fixtures that are a real part: what runs on them stays in one process, so that each part is started once."""
SAID = "said"
CASES = Path(__file__).resolve().parent / "cases"


def require(part: str, present: bool, why: str) -> None:
    """Skip a test whose part is missing, or fail it where PLUMELINE_REQUIRE names the part."""
    if present:
        return
    if part in os.environ.get("PLUMELINE_REQUIRE", "").split(","):
        pytest.fail(f"{part} is required here but missing: {why}")
    pytest.skip(f"{part}: {why}")


def not_run(skipped: list[tuple[str, str]]) -> list[str]:
    """Return a line for each reason of skipping, with the files it concerns and how many tests: ``(test id, reason)`` in."""
    files: dict[str, Counter[str]] = {}
    for test, reason in skipped:
        files.setdefault(reason.removeprefix("Skipped: "), Counter())[test.split("::")[0]] += 1
    return [
        f"  {reason} — " + ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))
        for reason, counts in sorted(files.items())
    ]


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say what a test saw, such as how often it killed what; it stands at the run's end, whichever process ran the test."""

    def say(text: str) -> None:
        request.node.user_properties.append((SAID, text))

    return say


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes run the tests, keep those on real parts in one, started first, and each other module in one."""
    if not config.getoption("numprocesses", default=None):
        return
    for item in items:
        on_parts = PARTS & set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("parts" if on_parts else item.nodeid.split("::")[0]))
    items.sort(key=lambda item: not PARTS & set(getattr(item, "fixturenames", ())))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """End the run with what tests said, what could not be run on this machine, and why."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            said = [text for name, text in report.user_properties if name == SAID]
            if said and report.when == "call":
                terminalreporter.write_sep("-", report.nodeid)
                terminalreporter.write_line("\n".join(said))
    reports = terminalreporter.stats.get("skipped", [])
    lines = not_run([(r.nodeid, r.longrepr[2] if isinstance(r.longrepr, tuple) else str(r.longrepr)) for r in reports])
    terminalreporter.write_sep("=", "Not run on this machine:" if lines else "Not run on this machine: nothing")
    for line in lines:
        terminalreporter.write_line(line)


pytest_plugins = ["tests.parts"]
