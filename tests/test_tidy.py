"""House rules that tools do not hold: size, docstrings, clocks, prints, pins, and what must not be committed."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
import warnings
from pathlib import Path

import pytest

from tests.conftest import REPO, not_run

PACKAGES = ("ingest", "processors", "alerts", "dashboards", "simulators", "plumeline")
LINES_MAX, LINES_WARN = 700, 400
"""No Python file is longer than the first; one beyond the second is named in a warning."""
TEXT_SUFFIXES = (".py", ".toml", ".md", ".txt", ".csv", ".css", ".js", ".yml", ".yaml", ".svg", ".cfg", ".json", ".sh", "")
PRINTS = ("plumeline/cli.py", "plumeline/store_commands.py", "plumeline/bench.py", "plumeline/bench/")
"""Where ``print`` may stand: what a command says is its output."""
CLOCKLESS = (
    "processors/",
    "ingest/hj212/",
    "alerts/alert.py",
    "alerts/deadlines.py",
    "alerts/ladder.py",
    "alerts/lifecycle.py",
    "alerts/message.py",
    "alerts/message_stages.py",
    "alerts/silences.py",
    "alerts/timers.py",
)
"""Where time is input."""
CLOCKS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "monotonic"),
    ("time", "monotonic_ns"),
    ("time", "perf_counter"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
LATER = re.compile(r"\b(TO" + "DO|FIX" + r"ME|X" + r"XX)\b")
PLACES = re.compile(
    r"(?<![\w.])/(?:wo"
    + r"rk|ho"
    + r"me|Us"
    + r"ers|ro"
    + r"ot)/\w|index-"
    + r"url|py"
    + r"pi\.org/simple|\bproxy"
    + r"\.golang|reg"
    r"istry\.npm"
)
"""A path of somebody's machine, or the address of a package registry."""


def tracked() -> list[Path]:
    """Return the files that are in the repository or are about to be."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git: this tree is no checkout, so it is not known what is committed")
    return [REPO / name for name in listed.splitlines() if (REPO / name).is_file()]


def ours() -> list[Path]:
    """Return the Python files of the packages that are shipped."""
    return sorted(path for package in PACKAGES for path in (REPO / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def test_no_file_is_too_long() -> None:
    """A file with two subjects is divided; a long one is named before it must be."""
    lengths = {name_of(p): len(p.read_text(encoding="utf-8").splitlines()) for p in tracked() if p.suffix == ".py"}
    long = {name: n for name, n in lengths.items() if n > LINES_WARN}
    if long:
        warnings.warn(
            f"files over {LINES_WARN} lines: " + ", ".join(f"{k} ({v})" for k, v in sorted(long.items())), stacklevel=1
        )
    assert {name: n for name, n in long.items() if n > LINES_MAX} == {}


def undocumented(tree: ast.Module) -> list[str]:
    """Return the public classes, functions and methods of a module without docstring, by name and line."""
    found = [] if ast.get_docstring(tree) else ["module"]

    def look(body: list[ast.stmt], inside: str) -> None:
        for node in body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            overload = any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list)
            if not ast.get_docstring(node) and not overload:
                found.append(f"{inside}{node.name}, line {node.lineno}")
            if isinstance(node, ast.ClassDef):
                look(node.body, f"{node.name}.")

    look(tree.body, "")
    return found


def test_what_is_public_says_what_it_is() -> None:
    """Every module, public class, function and method has a docstring; private classes are their file's own matter."""
    missing = {name_of(p): lacking for p in ours() if (lacking := undocumented(ast.parse(p.read_text(encoding="utf-8"))))}
    assert missing == {}


def calls(tree: ast.Module) -> list[tuple[str, str, int]]:
    """Return the calls of a module as (what stands before the last dot, name, line)."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            found.append(("", node.func.id, node.lineno))
        elif isinstance(node.func, ast.Attribute):
            before = node.func.value
            last = before.id if isinstance(before, ast.Name) else before.attr if isinstance(before, ast.Attribute) else "?"
            found.append((last, node.func.attr, node.lineno))
    return found


def test_only_commands_print() -> None:
    """What a stage has to say is a record, a metric or a structured log."""
    printing = [
        f"{name_of(p)}:{line}"
        for p in ours()
        if not name_of(p).startswith(PRINTS)
        for before, name, line in calls(ast.parse(p.read_text(encoding="utf-8")))
        if (before, name) == ("", "print")
    ]
    assert printing == []


def test_time_is_input() -> None:
    """Where things are decided nobody looks at a clock; an import of the time module is refused there too."""
    looking = []
    for p in ours():
        if not name_of(p).startswith(CLOCKLESS):
            continue
        tree = ast.parse(p.read_text(encoding="utf-8"))
        looking += [f"{name_of(p)}:{line} {b}.{n}" for b, n, line in calls(tree) if (b, n) in CLOCKS]
        for node in ast.walk(tree):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            looking += [f"{name_of(p)}:{getattr(node, 'lineno', 0)} imports time" for n in names if n == "time"]
    assert looking == []


def texts() -> list[tuple[str, str]]:
    """Return (name, text) of every tracked text file of our own; captured and foreign input is as it came."""
    out = []
    for path in tracked():
        if path.suffix in TEXT_SUFFIXES and not name_of(path).startswith(("tests/cases/", "LICENSE")):
            out.append((name_of(path), path.read_text(encoding="utf-8", errors="replace")))
    return out


def test_nothing_is_left_for_later() -> None:
    """What is missing is an issue, not a comment."""
    assert [f"{name}: {m.group()}" for name, text in texts() for m in LATER.finditer(text)] == []


def test_no_machine_is_named() -> None:
    """No file holds a path of somebody's machine or the address of a package registry; the patterns are tried first."""
    for foul in ("see /wo" + "rk/x", "'/ho" + "me/me/a'", "--index-" + "url", "https://py" + "pi.org/simple"):
        assert PLACES.search(foul), foul
    for fair in ("frame/work/x", "a /hooks/duty", "/root.css", "http://127.0.0.1:8080"):
        assert not PLACES.search(fair), fair
    assert [f"{name}: {m.group()}" for name, text in texts() for m in PLACES.finditer(text)] == []


def unbounded(tree: ast.Module) -> list[int]:
    """Return the lines that make a queue, deque or cache without a bound."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        )
        named = {k.arg: k.value for k in node.keywords}
        if name == "deque" and len(node.args) < 2 and "maxlen" not in named:
            found.append(node.lineno)
        if name == "lru_cache":
            bound = named.get("maxsize", node.args[0] if node.args else None)
            if isinstance(bound, ast.Constant) and bound.value is None:
                found.append(node.lineno)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef)
            and node.args.args
            and any(
                (isinstance(d, ast.Name) and d.id == "cache") or (isinstance(d, ast.Attribute) and d.attr == "cache")
                for d in node.decorator_list
            )
        ):
            found.append(node.lineno)
    return found


BOUNDED_ELSEWHERE = {
    "ingest/tcp.py": "WINDOW_MAX: the connection is not read while so many pieces wait",
    "plumeline/kafka_backfill.py": "FETCH_BYTES of one poll are cut into slices; the next poll comes when they are gone",
    "plumeline/waiting_room.py": "WAITING_BYTES of one read are cut into slices; the next read comes when they are gone",
    "simulators/device.py": "memory_packets: the oldest is overwritten, as in a logger",
    "simulators/meter.py": "queue_lines: the oldest is lost and counted",
    "simulators/receiver.py": "troubles are asked for by a test, one by one",
}
"""Files that hold a collection without ``maxlen``, and what bounds it."""


def test_what_grows_has_a_bound() -> None:
    """A deque has its length, a cache its size; an exception is written down with what bounds it instead."""
    loose = {
        name_of(p): lines
        for p in ours()
        if name_of(p) not in BOUNDED_ELSEWHERE and (lines := unbounded(ast.parse(p.read_text(encoding="utf-8"))))
    }
    assert loose == {}


def test_bounds_have_names() -> None:
    """A bound is a constant with a name, never a bare number in a ``maxlen`` or ``maxsize``; one thing kept needs no name."""
    bare = [
        f"{name_of(p)}:{node.lineno}"
        for p in ours()
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for k in node.keywords
        if k.arg in ("maxlen", "maxsize")
        and isinstance(k.value, ast.Constant)
        and isinstance(k.value.value, int)
        and k.value.value > 1
    ]
    assert bare == []


def pin_name(text: str) -> str:
    """Return a distribution's name in its one written form: lower case, runs of ``-_.`` a dash."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~\[;@]", text.strip())[0]).lower()


def test_every_dependency_is_pinned() -> None:
    """A newcomer gets the versions that were tested: constraints.txt names each dependency with ``==``, once."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {
        pin_name(d)
        for d in (*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra))
    }
    lines = [x for x in (REPO / "constraints.txt").read_text().splitlines() if x.strip() and not x.startswith("#")]
    assert [x for x in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+", x)] == []
    pinned = [pin_name(x) for x in lines]
    assert len(pinned) == len(set(pinned))
    assert asked - set(pinned) <= {project["name"]}  # an extra may contain another one


def test_console_words_stand_in_the_catalogue() -> None:
    """A page shows texts by key: no string with two or more words is handed to an element as it is."""
    prose = re.compile(r"^[A-Z][a-z]+( [a-z]+)+")
    found = []
    for p in sorted((REPO / "plumeline" / "console").glob("*.py")):
        for node in ast.walk(ast.parse(p.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "h":
                found += [
                    f"{name_of(p)}:{a.lineno} {a.value}"
                    for a in node.args[1:]
                    if isinstance(a, ast.Constant) and isinstance(a.value, str) and prose.match(a.value)
                ]
    assert found == []


def test_the_list_of_what_was_not_run() -> None:
    """Skipped tests are told by reason, with the files and their number."""
    skipped = [
        ("tests/a.py::x", "Skipped: browser: no chromium"),
        ("tests/a.py::y", "Skipped: browser: no chromium"),
        ("tests/b.py::z", "java: none"),
    ]
    assert not_run(skipped) == ["  browser: no chromium — tests/a.py (2)", "  java: none — tests/b.py (1)"]
