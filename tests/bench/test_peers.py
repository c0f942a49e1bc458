"""What the engines are compared by is right: the load counts, the reference agrees with it, and a wrong answer is seen."""

from __future__ import annotations

import importlib.util
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.log import partition_of
from ingest.records import Report
from tests.bench.peers import environment
from tests.bench.peers.catalogue import OURS, PEERS, PEERS_PYTHON, PROJECT_PYTHON
from tests.bench.peers.compare import Result, ratios
from tests.bench.peers.job import LIMIT, PARTITIONS, Settings
from tests.bench.peers.load import BUNDLE, START, Size, bundles, lines, singles
from tests.bench.peers.measure import Run, Usage
from tests.bench.peers.periods import Periods
from tests.bench.peers.reference import Key, Value, difference, expected

SMALL = Size(sources=3, factors=2, hours=2)
HOUR = int(START.timestamp())


def answer(size: Size) -> list[bytes]:
    """Return the figures that an engine with its state in dicts would send, one a record."""
    periods = Periods()
    out = []
    for line in lines(size):
        r = json.loads(line)
        out += periods.take(r["source"], datetime.fromisoformat(r["time"]), r["factors"], r["values"])
    return [json.dumps(figure).encode() for figure in out]


def test_load_is_reports_counted_right() -> None:
    """Each line is a report as the gateway's model reads it; readings are as many as the size says."""
    reports = [Report.model_validate_json(line) for line in lines(SMALL)]
    assert sum(len(r.values) for r in reports) == SMALL.readings == 3 * 2 * (240 + 10)
    assert all(r.flags == ["N", "N"] and r.stats == ["rtd", "rtd"] for r in reports)


def test_records_hold_every_line_in_its_partition() -> None:
    """Single records are keyed by source; bundles hold the same lines, each in its source's partition and in order."""
    size = Size(sources=40, factors=1)
    alone, bundled = list(singles(lines(size))), list(bundles(lines(size)))
    assert all(
        p == partition_of(json.loads(v)["source"], PARTITIONS) and k == json.loads(v)["source"].encode() for p, k, v in alone
    )
    assert all(key is None and 1 <= value.count(b"\n") + 1 <= BUNDLE for _, key, value in bundled)
    for n in range(PARTITIONS):
        assert [v for p, _, v in alone if p == n] == [x for p, _, v in bundled if p == n for x in v.splitlines()]


def test_reference_by_hand() -> None:
    """Readings 10.0 and 10.1, then 60.1: minutes 10.05 and 60.1, hour 35.075, above the limit; an open period is left out."""
    start = datetime(2026, 7, 1, 5, tzinfo=UTC)
    given = [(0, 10.0), (30, 10.1), (60, 60.1), (3600, 50.0)]
    ndjson = [
        json.dumps(
            {"source": "s", "time": (start + timedelta(seconds=s)).isoformat(), "factors": ["a"], "values": [v]}
        ).encode()
        for s, v in given
    ]
    at = int(start.timestamp())
    assert LIMIT == 30.0
    assert expected(ndjson, at + 3600) == {
        Key("minute", "s", "a", at): Value(10_050_000, 2, None),
        Key("minute", "s", "a", at + 60): Value(60_100_000, 1, None),
        Key("hour", "s", "a", at): Value(35_075_000, 2, True),
    }


def test_reference_and_load_agree() -> None:
    """Every minute and hour of the load has its figure, and means in floats, kept period by period, come out equal."""
    wanted = expected(lines(SMALL), SMALL.end_s)
    assert len(wanted) == SMALL.figures == 3 * 2 * 2 * 61
    assert {v.n for k, v in wanted.items() if k.period == "minute"} == {2}
    assert {v.n for k, v in wanted.items() if k.period == "hour"} == {60}
    assert difference(answer(SMALL), wanted, SMALL.end_s) == ""
    verdicts = {v.over for k, v in expected(lines(Size(sources=20)), Size().end_s).items() if k.period == "hour"}
    assert verdicts == {True, False}


def test_several_figures_in_a_record_count_as_well() -> None:
    """An engine may send figures as lines of one record."""
    wanted = expected(lines(SMALL), SMALL.end_s)
    assert difference([b"\n".join(answer(SMALL))], wanted, SMALL.end_s) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"mean": 10.000001}, "instead of", id="wrong in the last digit"),
        pytest.param({"n": 3}, "instead of", id="wrong count"),
        pytest.param({"mean": "10"}, "no figure", id="not a figure"),
        pytest.param({"factor": "x"}, "not asked for", id="unknown"),
        pytest.param(None, "1 of 732 are missing", id="missing"),
        pytest.param({}, "twice", id="sent twice"),
    ],
)
def test_a_wrong_answer_is_seen(change: dict[str, object] | None, said: str) -> None:
    """One figure that is wrong, unknown, missing or sent twice fails the whole answer, and is named."""
    wanted = expected(lines(SMALL), SMALL.end_s)
    first, *rest = answer(SMALL)
    changed = [] if change is None else [json.dumps(json.loads(first) | change).encode()]
    given = [first, *changed, *rest] if change == {} else [*changed, *rest]
    assert said in difference(given, wanted, SMALL.end_s)


def test_each_engine_can_be_found() -> None:
    """Its command starts an interpreter and names a module of ours, and all that it needs is pinned."""
    pins = [x for x in environment.REQUIREMENTS.read_text().splitlines() if x and not x.startswith("#")]
    assert [x for x in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+", x)] == []
    names = {x.partition("==")[0].lower() for x in pins}
    assert set(environment.DRIVER) <= names
    assert len({peer.name for peer in PEERS}) == len(PEERS)
    for peer in PEERS:
        assert peer.command[0] in (PEERS_PYTHON, PROJECT_PYTHON)
        ours = [word.partition(":")[0] for word in peer.command if word.startswith("tests.bench.peers")]
        assert ours and all(importlib.util.find_spec(module) for module in ours)
        assert {name.partition("[")[0] for name in peer.requirements} <= names


def test_settings_travel_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the driver sets, an engine finds."""
    settings = Settings("127.0.0.1:9092", "in", "out", "group")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment() == settings


def test_what_could_not_be_installed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A distribution that pip refuses is kept with pip's reason, and tried again the next time."""
    state = tmp_path / "missing.json"
    tried: list[str] = []

    def install(arguments: list[str]) -> str:
        tried.append(arguments[-1])
        return "ERROR: no wheel" if arguments[0] == "-r" or arguments[-1].startswith("bytewax") else ""

    monkeypatch.setattr(environment, "_STATE", state)
    monkeypatch.setattr(environment, "PYTHON", Path(__file__))
    monkeypatch.setattr(environment, "_install", install)
    environment.ensure()
    assert environment.missing() == {"bytewax[kafka]": "ERROR: no wheel"}
    environment.ensure()
    assert tried.count("bytewax[kafka]") == 2


def test_ratios_are_those_of_one_run() -> None:
    """CPU-seconds of an engine over ours, each by its median; the aim is met from the ratio itself on, and nothing is compared without ours."""

    def took(name: str, *cpu_s: float) -> Result:
        return Result(name, tuple(Run(1.0, Usage(s, 1.0), "") for s in cpu_s))

    results = [
        took(OURS, 4.0, 5.0, 9.0),
        took("Faust, windowed table", 100.0),
        took("Faust, plain dict", 49.9),
        took("Bytewax", 5.0),
    ]
    found = ratios([*results, Result("Quix Streams", faults=("no wheel",), missing=True)], 10**6)
    assert {name: (r.times, r.told) for name, r in found.items()} == {
        "Faust, windowed table": (20.0, "≥ 20x: met"),
        "Faust, plain dict": (9.98, "≥ 10x: missed"),
        "Bytewax": (1.0, "—"),
    }
    assert ratios(results[1:], 10**6) == {}
