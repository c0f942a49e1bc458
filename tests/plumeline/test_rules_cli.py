"""``plumeline rules``, and the walk-throughs of docs/rules.md and docs/series.md as a reader would follow them."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.log import Entry
from plumeline import cli
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from tests.conftest import REPO
from tests.processors.given import NOON, O2, SO2, STACK, line, registry, stack_hour

DOCS = (REPO / "docs" / "rules.md", REPO / "docs" / "series.md")
BLOCK = re.compile(r"```(\w+)(?: (file|append)=(\S+))?\n(.*?)```", re.DOTALL)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs ``plumeline`` with some words and returns exit code and output."""

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["plumeline", *words])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return code, told.out + told.err

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one stack: an hour of 52 minutes above its limit, and one of 60 below."""
    folder = tmp_path / "data" / "demo"
    folder.mkdir(parents=True)
    log, writer = SqliteLog(folder / "log.db"), SqliteWriter(folder / "data.db")
    lines = [
        *stack_hour(NOON, 50.0, seconds=52 * 60),
        *stack_hour(NOON + timedelta(hours=1), 20.0),
        line(NOON + timedelta(hours=2), {SO2: 20.0, O2: 6.0}),
    ]
    log.append_now([Entry("reports", 0, b"\n".join(lines))])
    store = SqliteStore(writer)
    Runner(log, writer, store, registry()).drain()
    log.close()
    store.close()
    writer.close()
    return folder


def sections() -> dict[str, str]:
    """Return the text of each section by its title."""
    parts = [part for doc in DOCS for part in re.split(r"^## ", doc.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]]
    return {part.split("\n", 1)[0]: part for part in parts}


@pytest.mark.parametrize(
    "title", ["Add a rule", "Add a limit", "Add a province", "Choose how a standard is read", "Switch them on"]
)
def test_a_walk_through_works(title: str, tmp_path: Path, data: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files are written, its lines appended, and each of its commands ends well on a copy of the sample registry."""
    folder = tmp_path / "registry"
    shutil.copytree(REPO / "registry", folder)
    (folder / "data").symlink_to(data.parent)
    monkeypatch.chdir(folder)
    ran = []
    for language, what, name, text in BLOCK.findall(sections()[title]):
        if what == "file":
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        elif what == "append":
            with (folder / name).open("a", encoding="utf-8") as table:
                table.write(text)
        elif language == "sh":
            for command in text.splitlines():
                words = command.split()
                assert words[0] == "plumeline"
                code, told = run(*words[1:])
                if words[1:3] == ["rules", "test"] and not list((folder / "rules").glob("*.cases")):
                    assert (code, "no file of cases" in told) == (1, True)
                    continue
                assert code == 0, f"{command}: {told}"
                ran.append((words[1], told))
    assert "no faults" in dict(ran)["registry"]


def test_diff_says_what_would_change(data: Path, tmp_path: Path, run: Any) -> None:
    """55 minutes asked of 52: the hour, what hangs on it, and its verdict; what is stored stays as it was."""
    pack = tmp_path / "strict.toml"
    text = (REPO / "processors" / "rules" / "packs" / "cn-flue-gas.toml").read_text(encoding="utf-8")
    pack.write_text(text.replace("minutes_min = 45", "minutes_min = 55"), encoding="utf-8")
    code, told = run("rules", "diff", str(pack), "--data", str(data), "--json")
    found = json.loads(told)
    assert code == 0
    hours = {(d["factor"], d["stat"]): d for d in found if d["level"] == "hour" and d["value"] is not None}
    assert {d["start"] for d in hours.values()} == {NOON.isoformat()}
    assert set(hours) == {(SO2, "avg"), (SO2, "avg_ref"), (SO2, "mass"), (O2, "avg"), ("a00000", "avg")}
    judged = hours[SO2, "avg_ref"]
    assert (judged["value"], judged["value_then"], judged["verdict"], judged["verdict_then"]) == (
        "50",
        None,
        "exceeds",
        "not judged",
    )
    assert judged["reason_then"] == "52 valid minutes of 55"
    again = run("rules", "diff", str(pack), "--data", str(data))
    assert "would differ" in again[1] and "nothing was changed" in again[1]
    same = run("rules", "diff", str(REPO / "processors" / "rules" / "packs" / "cn-flue-gas.toml"), "--data", str(data))
    assert "cn-flue-gas: 0 figures of 0 sources would differ" in same[1]
    writer = SqliteWriter(data / "data.db")
    kept = SqliteStore(writer).figure(STACK, SO2, "avg_ref", "hour", int(NOON.timestamp() * 1000))
    assert kept is not None and (kept.number, kept.revision) == (50, 1)
    writer.close()


def test_a_case_that_fails_ends_with_one(tmp_path: Path, run: Any) -> None:
    """And names file, case and line; a file that is not there ends with a sentence."""
    cases = tmp_path / "mine.cases"
    cases.write_text("case A x\n source flue_gas\n point SO2 mg/m3\n 10:00 to 11:00 SO2 20\n expect hour 10:00 SO2 21\n")
    code, told = run("rules", "test", str(cases))
    assert code == 1 and "line 5: expect hour 10:00 SO2 21; it is 20" in told and "1 cases, 0 expectations met, 1 not" in told
    code, told = run("rules", "test", str(tmp_path / "none"))
    assert code == 1 and "there is no such file or folder" in told


def test_list_and_test_of_what_is_shipped(run: Any) -> None:
    """All shipped packs are listed with their confidence; shipped cases are found and met (test_packs.py runs each)."""
    code, told = run("rules", "list", "--json")
    packs = {p["id"]: p for p in json.loads(told)}
    assert code == 0 and set(packs) == {
        *(
            "ch-lrv",
            "cn-flue-gas",
            "cn-flue-gas-series",
            "cn-vapour",
            "cn-vapour-share",
            "cn-voc",
            "cn-voc-key",
            "cn-waste-incineration",
        ),
        *("cn-water", "cn-water-series", "cn-flue-gas-2007", "cn-water-2007", "cn-energy"),
        *("eu-ets", "eu-hazardous", "eu-ied", "eu-solvent", "eu-waste", "us-cfr60", "us-cfr75", "us-mwc"),
    }
    (hour,) = [r for r in packs["us-cfr60"]["rules"] if r["step"] == "hour.mean"]
    assert hour["says"] == "mean of the hour's valid minutes, at least 4, with one in each of its 4 quarters"
    code, told = run("rules", "test", "--only", "cn-voc", "--json")
    ran = json.loads(told)
    assert code == 0 and {r["file"].split(".")[0] for r in ran} == {"cn-voc", "cn-voc-key"}
    assert all(r["expectations"] > 0 and r["failed"] == [] for r in ran)
    code, told = run("rules", "test", "--only", "EX-3.2")
    assert code == 0 and re.search(r"\d+ cases, [1-9]\d* expectations met, 0 not", told), told
    code, told = run("rules", "test", "--only", "EX-99")
    assert code == 1 and "no case of 'EX-99'" in told
