"""Benchmarks do all of their work and say what they measured; their speed is nobody's promise here."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from ingest.files import NotReadable
from ingest.log import PARTITIONS
from ingest.records import Report, Tick
from plumeline.bench import run
from plumeline.bench_engine import engine, source_year
from plumeline.bench_load import BenchFault, Measure, Sizes, bench_registry, expect, log_records
from plumeline.bench_server import free_ports, shifted
from plumeline.bench_street import hour_end_ms, nearest_rank

TINY = Sizes(
    repeat=1,
    engine_sources=3,
    engine_minutes=62,
    process_sources=4,
    process_minutes=62,
    decode_frames=20,
    one_frames=20,
    many_connections=5,
    many_frames=4,
    webhook_trials=3,
    webhook_spacing_s=0.05,
    outage_sources=2,
    year_days=1,
)


def test_log_has_every_reading_and_a_tick_each_ten_seconds() -> None:
    """60 sources, 2 minutes, a report each 30 s: 240 lines in records of at most 50, and 12 ticks in each partition."""
    records = log_records(60, 2)
    ticks = [r for r in records if r.value.startswith(b'{"v":1,"tick"')]
    bundles = [r.value.split(b"\n") for r in records if r not in ticks]
    assert sum(len(b) for b in bundles) == 240 and max(len(b) for b in bundles) <= 50
    assert len(ticks) == 12 * PARTITIONS
    assert len({Tick.model_validate_json(r.value).tick for r in ticks}) == 12
    assert all(len(Report.model_validate_json(line).factors) == 12 for bundle in bundles for line in bundle)
    assert [r.seq for r in records] == list(range(len(records)))


def test_registry_has_limits_reference_oxygen_and_mass_on_three_factors() -> None:
    """What the engine is given to do: three factors with limit, reference oxygen and flow, at each of the sources."""
    rows = bench_registry(["A", "B"], 12)
    assert (len(rows.points), len(rows.limits)) == (24, 6)
    assert {p.factor for p in rows.points if p.reference_o2_pct} == {"a21026", "a21002", "a34013"}
    assert all((p.reference_o2_pct is None) == (p.flow_factor == "") for p in rows.points)


def test_median_and_aim_at_its_edge() -> None:
    """The figure is the median; an aim that is just reached is met, from either side; without one nothing is said."""
    assert Measure("m", "", "s", [3.0, 1.0, 2.0], 2.0).figure == 2.0
    assert Measure("m", "", "s", [2.0], 2.0).met is True and Measure("m", "", "s", [1.999], 2.0).met is False
    less = [Measure("m", "", "s", [value], 2.0, less_is_better=True).met for value in (2.0, 2.001)]
    assert less == [True, False]
    assert Measure("m", "", "s", [2.0], None).met is None


def test_percentile_is_a_trial_that_happened() -> None:
    """p99 by nearest rank: of 50 trials the greatest, of 100 the 99th, of 200 the 198th."""
    assert [nearest_rank([float(n) for n in range(1, count + 1)], 99) for count in (1, 50, 100, 200)] == [1, 50, 99, 198]


def test_work_that_was_not_done_has_no_figure() -> None:
    """A benchmark that lost readings ends with a fault, never with a figure."""
    expect("readings", 5, 5)
    with pytest.raises(BenchFault, match="4 of 5"):
        expect("readings", 4, 5)


def test_engine_and_source_year_take_in_everything() -> None:
    """The engine takes in all readings of a small log (it raises otherwise), and a scaled year says that it is extrapolated."""
    (found,) = engine(TINY)
    assert found.unit == "readings/s" and found.aim == 500_000 and len(found.runs) == 1
    (year,) = source_year(TINY, 1)
    assert "EXTRAPOLATED x 365 from 1 days" in year.note and "12,614,400 readings" in year.note


def test_unknown_name_is_told_with_the_known_ones() -> None:
    """A mistyped benchmark is answered with the names there are."""
    with pytest.raises(NotReadable, match="engine, process, hj212, webhook, source-year, cluster, cluster-backfill, profile"):
        run("engin", False, Console(file=io.StringIO()), TINY)


def test_json_is_one_object_with_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """``--json`` prints one object: machine, and each figure with its runs and aim."""
    run("engine", True, Console(file=io.StringIO()), TINY)
    told = json.loads(capsys.readouterr().out)
    assert told["machine"]["cpus"] and told["machine"]["model"]
    (row,) = told["benchmarks"]
    assert row["name"] == "engine" and row["aim"] == 500_000 and row["figure"] == row["runs"][0]


def test_profile_names_functions_of_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    """The profile says where the time goes, by cumulative and by own time."""
    run("profile", True, Console(file=io.StringIO()), TINY)
    rows = json.loads(capsys.readouterr().out)["profile"]
    assert {r["order"] for r in rows} == {"cumulative_s", "own_s"}
    assert any("engine.py" in r["function"] and r["function"].endswith("apply") for r in rows)


def test_clock_of_a_server_shows_what_it_is_told() -> None:
    """A server's clock starts at the time asked for (within a second) and the hour's end is a whole hour, not after now."""
    assert abs(shifted(1_782_835_200_000)().timestamp() - 1_782_835_200) < 1
    assert hour_end_ms() % 3_600_000 == 0
    assert len(set(free_ports(2))) == 2


@pytest.mark.slow
def test_everything_through_a_server_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """Small runs through a real server lose no reading, frame or webhook (they raise otherwise)."""
    names = []
    for only in ("process", "hj212", "webhook"):
        run(only, True, Console(file=io.StringIO()), TINY)
        names += [row["name"] for row in json.loads(capsys.readouterr().out)["benchmarks"]]
    assert names == [
        "process",
        "process-ack",
        "hj212-decode",
        "hj212-1",
        "hj212-many",
        "webhook-p50",
        "webhook-p99",
        "webhook-backfill-p50",
        "webhook-backfill-p99",
    ]


def test_table_shows_figure_aim_and_machine() -> None:
    """The table shows what was measured, the aim and whether it was met, and the machine."""
    text = io.StringIO()
    run("engine", False, Console(file=text, width=200), TINY)
    assert "readings/s" in text.getvalue() and "500,000" in text.getvalue() and "CPUs" in text.getvalue()
