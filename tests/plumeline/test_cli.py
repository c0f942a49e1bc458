"""The command: what each one prints over a small folder, and wrong input as one sentence with its exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.log import PARTITIONS, Entry, partition_of
from ingest.records import Frame, frame_id
from plumeline import cli
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from tests.conftest import REPO
from tests.processors.given import FLOW, NOON, O2, SO2, STACK, line, registry

COMMANDS = (
    "check",
    "decode",
    "serve",
    "demo",
    "why",
    "explain",
    "replay",
    "export",
    "adopt",
    "marks",
    "registry",
    "bench",
    "version",
)
STRANGER = "STRANGER1"
FIGURE = f"{STACK}/{SO2}/avg/hour/2026-07-01T12:00:00+08:00"
RAW = "##0101QN=20260701120000000;ST=31;CN=2011;PW=123456;MN=STACK1;Flag=5;CP=&&DataTime=20260701120000&&1C80\r\n"
MASKED = RAW.strip().replace("123456", "******")
"""The frame as people are shown it: a vendor is told no password."""


class Ran:
    """What a command left behind: exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs ``plumeline`` with some words, as the shell would."""

    def run(*words: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["plumeline", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    for name in [n for n in os.environ if n.startswith("PLUMELINE_")]:
        monkeypatch.delenv(name)
    for terminal in (cli.out, cli.err):
        monkeypatch.setattr(terminal, "_width", 200, raising=False)
    return run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of one hour: SO2 40.0 mg/m3 at 6 % oxygen each minute (so 40.0 at reference), and a source nobody knows."""
    folder = tmp_path_factory.mktemp("data")
    log, writer = SqliteLog(folder / "log.db"), SqliteWriter(folder / "data.db")
    store = SqliteStore(writer)
    frame = Frame(
        id=frame_id(RAW.encode()),
        received=NOON,
        peer="127.0.0.1:1",
        source=STACK,
        protocol="hj212-2017",
        raw=RAW,
        verdict="ok",
        crc="ok",
        answered=True,
    )
    lines = [line(NOON + timedelta(minutes=m), {SO2: 40.0, O2: 6.0, FLOW: 1000.0}) for m in range(61)]
    odd = [line(NOON + timedelta(seconds=30 * n), {SO2: 1.5}, source=STRANGER) for n in range(10)]
    part = partition_of(STACK, PARTITIONS)
    log.append_now([Entry("frames", part, frame.line())])
    log.append_now([Entry("reports", part, one) for one in lines])
    log.append_now([Entry("reports", partition_of(STRANGER, PARTITIONS), one) for one in odd])
    try:
        Runner(log, writer, store, registry(cadence_s=60)).drain()
    finally:
        log.close()
        store.close()
        writer.close()
    yield folder


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(run: Any, command: str) -> None:
    """``--help`` says in a sentence what a command does, and ends with 0."""
    ran = run(command, "--help")
    assert ran.code == 0
    assert "Usage:" in ran.out and f" {command} " in ran.out
    assert "--help" in ran.out


def test_the_command_names_its_commands(run: Any) -> None:
    """Help of the whole lists every command; the version is the package's."""
    ran = run("--help")
    assert [c for c in COMMANDS if c not in ran.out] == []
    assert run("version").out.strip() == "0.1.0"


def test_why(run: Any, data: Path) -> None:
    """A vendor reads state, newest reading and the last frames as they came; the same facts as JSON."""
    ran = run("why", STACK, "--data", data)
    assert ran.code == 0
    assert "newest reading 2026-07-01T13:00:00" in ran.out
    assert MASKED in ran.out.replace("\n", "")
    facts = json.loads(run("why", STACK, "--data", data, "--json").out)
    assert (facts["source"], facts["registered"], facts["clock_skew_s"]) == (STACK, True, 1.0)
    assert facts["last_reading"] == "2026-07-01T13:00:00+08:00"
    assert facts["frames"] == [
        {"received": "2026-07-01T12:00:00+08:00", "verdict": "ok", "crc": "ok", "answered": True, "raw": MASKED}
    ]


def test_why_of_strangers(run: Any, data: Path) -> None:
    """A source that sends but is not registered, and one that was never heard of, are told apart, with what to do."""
    known = run("why", STRANGER, "--data", data)
    assert (known.code, "not in the registry" in known.out, f"plumeline adopt {STRANGER}" in known.out) == (0, True, True)
    never = run("why", "NOBODY", "--data", data)
    assert (never.code, "nothing was ever received" in never.out) == (0, True)


def test_explain(run: Any, data: Path) -> None:
    """A figure comes with its formula, how many values, its clause and its revisions; 60 minutes of 40.0 average to 40.0."""
    ran = run("explain", FIGURE, "--data", data)
    assert ran.code == 0
    assert "40 mg/m3" in ran.out and "60 valid" in ran.out
    assert "HJ 75-2017" in ran.out and "revision 1: 40 (60)" in ran.out
    told = json.loads(run("explain", FIGURE, "--data", data, "--json").out)
    assert {k: told[k] for k in ("source", "factor", "stat", "level", "start", "value", "ok", "reason", "n")} == {
        "source": STACK,
        "factor": SO2,
        "stat": "avg",
        "level": "hour",
        "start": "2026-07-01T12:00:00+08:00",
        "value": 40.0,
        "ok": True,
        "reason": None,
        "n": 60,
    }
    assert "at least 45" in told["explain"]["formula"]


def test_export(run: Any, data: Path) -> None:
    """A day of hours as CSV: the measured mean and that at reference oxygen, its verdict and limit, and the mass.

    Mass: 40 mg/m3 x 1000 m3/h x 1e-6 kg/mg = 0.04 kg.
    """
    ran = run("export", STACK, "--start", "2026-07-01", "--data", data)
    assert ran.code == 0
    rows = [r for r in csv.DictReader(io.StringIO(ran.out)) if r["factor"] == SO2 and "T12:" in r["start"]]
    told = {r["stat"]: (r["value"], r["unit"], r["n"], r["verdict"], r["limit"]) for r in rows}
    assert told["avg"] == ("40", "mg/m3", "60", "", "")
    assert told["avg_ref"] == ("40", "mg/m3", "60", "exceeds", "35.0")
    assert told["mass"][:2] == ("0.04", "kg")
    minutes = run("export", STACK, "--start", "2026-07-01", "--level", "minute", "--data", data)
    assert sum(r["factor"] == SO2 and r["stat"] == "avg" for r in csv.DictReader(io.StringIO(minutes.out))) >= 60
    assert len(run("export", STACK, "--start", "2026-07-02", "--data", data).out.splitlines()) == 1


def test_adopt(run: Any, data: Path) -> None:
    """Rows for an unregistered source are drafted as CSV under the names of their files, cadence as it was seen."""
    ran = run("adopt", STRANGER, "--data", data)
    assert ran.code == 0
    head, _, points = ran.out.partition("# points.csv")
    (source,) = csv.DictReader(io.StringIO(head.partition("# sources.csv")[2].strip()))
    (point,) = csv.DictReader(io.StringIO(points.strip()))
    assert (source["source"], source["cadence_s"]) == (STRANGER, "30")
    assert (point["source"], point["factor"]) == (STRANGER, SO2)


def test_replay(run: Any, data: Path, tmp_path: Path) -> None:
    """The log run again gives the same figures and events; a store that was tampered with is found out, with exit code 1."""
    ran = run("replay", "--data", data, "--into", tmp_path / "again", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["figures_equal"], told["events_equal"]) == (0, True, True)
    assert told["figures"] > 60
    changed = tmp_path / "changed"
    shutil.copytree(data, changed)
    with closing(sqlite3.connect(changed / "data.db")) as db, db:
        db.execute("UPDATE figures SET value = value + 1 WHERE stat = 'avg_ref' AND value IS NOT NULL")
        assert db.total_changes == 1  # the hour; its day lacks hours and has no value
    found = run("replay", "--data", changed, "--into", tmp_path / "other", "--json")
    assert (found.code, json.loads(found.out)["figures_equal"]) == (1, False)


def test_registry(run: Any, data: Path, tmp_path: Path) -> None:
    """The sample registry has no faults; a dry run counts hours; a broken folder tells every fault with file and line."""
    ran = run("registry", REPO / "registry")
    assert (ran.code, "6 sources" in ran.out, "no faults" in ran.out) == (0, True, True)
    dry = run("registry", REPO / "registry", "--data", data)
    assert (dry.code, "source-hours would be rebuilt" in dry.out) == (0, True)
    broken = tmp_path / "registry"
    broken.mkdir()
    for path in (REPO / "registry").glob("*.csv"):
        (broken / path.name).write_bytes(path.read_bytes())
    limits = (broken / "limits.csv").read_text(encoding="utf-8").splitlines()
    limits[1] = limits[1].replace(",35,", ",thirty-five,")
    limits[2] = limits[2].replace("44060500010000000000A001", "NOBODY")
    (broken / "limits.csv").write_text("\n".join(limits) + "\n", encoding="utf-8")
    contacts = (broken / "contacts.csv").read_text(encoding="utf-8")
    (broken / "contacts.csv").write_text(contacts.replace("http://", "htp://"), encoding="utf-8")
    faulty = run("registry", broken)
    assert faulty.code == 1
    assert "limits.csv" in faulty.err and "thirty-five" in faulty.err and "NOBODY" in faulty.err
    assert 'contacts.csv:2: url "htp://127.0.0.1:8090/hooks/duty": nothing can be sent to this address' in faulty.err


WRONG: Sequence[tuple[Sequence[str], int, str]] = (
    (("check", "NOWHERE"), 1, "no such file"),
    (("decode", "NOWHERE"), 1, "no such file"),
    (("why", STACK, "--data", "NOWHERE"), 1, "no data.db there"),
    (("explain", "x", "--data", "DATA"), 1, "source/factor/stat/level/start"),
    (("explain", f"{STACK}/{SO2}/avg/hour/yesterday", "--data", "DATA"), 1, "is no time"),
    (("explain", f"{STACK}/{SO2}/avg/hour/2026-07-01T12:00:00", "--data", "DATA"), 1, "needs its offset"),
    (("explain", f"{STACK}/{SO2}/avg/week/2026-07-01T12:00:00+08:00", "--data", "DATA"), 1, "month, quarter"),
    (("explain", f"{STACK}/{SO2}/avg/year/2020-01-01T00:00:00+08:00", "--data", "DATA"), 1, "is stored"),
    (("export", STACK, "--start", "2026-07-01", "--level", "week", "--data", "DATA"), 1, "none of minute, halfhour, hour, day"),
    (("export", STACK, "--start", "01.07.2026", "--data", "DATA"), 2, "--start"),
    (("export", STACK, "--data", "DATA"), 2, "--start"),
    (("export", STACK, "--start", "2026-07-01", "--data", "NOWHERE"), 1, "no data.db there"),
    (("adopt", "NOBODY", "--data", "DATA"), 1, "plumeline why NOBODY"),
    (("replay", "--data", "NOWHERE", "--into", "NOWHERE/again"), 1, "no data.db there"),
    (("registry", "NOWHERE"), 1, "NOWHERE"),
    (("demo", "--speed", "0"), 2, "--speed"),
    (("demo", "--data", "NOWHERE/demo", "--registry", "NOWHERE"), 1, "NOWHERE"),
    (("serve", "--data", "NOWHERE/serve", "--host", "0.0.0.0"), 1, "needs credentials"),
    (("bench", "--only", "speed of light"), 1, "is no benchmark"),
    (("predict",), 2, "No such command"),
)


@pytest.mark.parametrize(("words", "code", "said"), WRONG, ids=[" ".join(w[0])[:60] for w in WRONG])
def test_wrong_input_is_a_sentence(run: Any, data: Path, tmp_path: Path, words: Sequence[str], code: int, said: str) -> None:
    """What cannot be done is told in words that say what to do instead: 1 for input with faults, 2 for wrong usage."""
    given = [w.replace("DATA", str(data)) if w == "DATA" else w.replace("NOWHERE", str(tmp_path / "NOWHERE")) for w in words]
    ran = run(*given)
    assert ran.code == code, ran.err
    assert said in " ".join((ran.err + ran.out).split())


def test_the_installed_command_answers() -> None:
    """The module runs as a process of its own, and a wrong command ends with 2."""
    command = [sys.executable, "-c", "from plumeline.cli import main; main()"]
    right = subprocess.run([*command, "version"], capture_output=True, text=True, timeout=60, cwd=REPO)
    wrong = subprocess.run([*command, "why"], capture_output=True, text=True, timeout=60, cwd=REPO)
    assert (right.returncode, right.stdout.strip(), wrong.returncode) == (0, "0.1.0", 2)
    assert "Traceback" not in wrong.stderr
