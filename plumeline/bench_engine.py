"""Benchmarks inside this process: the engine without I/O, its profile, a source-year, and the HJ 212 decoder."""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path

from ingest.hj212.framing import Framer
from ingest.hj212.verdict import judge
from ingest.log import LogRecord, partition_of
from ingest.registry import Registry
from ingest.tcp import READ_BYTES
from plumeline.bench_load import (
    CADENCE_S,
    FACTORS,
    START_MS,
    BenchFault,
    Measure,
    Sizes,
    bench_registry,
    expect,
    log_records,
    source_names,
    tick_values,
)
from plumeline.runner import BATCH_RECORDS
from processors.engine import Engine
from processors.figures import DAY_MS, MINUTE_MS, local
from simulators.load import fleet_frames, report_lines

YEAR_DAYS = 365
TOP = 10
"""Rows of each table of a profile."""


def engine_run(registry: Registry, cut: list[list[LogRecord]], readings: int) -> float:
    """Feed batches to a fresh engine; return the seconds it took."""
    engine = Engine(registry)
    began_s = time.perf_counter()
    done = figures = 0
    for batch in cut:
        for out in engine.apply(batch):
            done += out.readings
            figures += sum(f.height for f in out.figures)
    took_s = time.perf_counter() - began_s
    expect("readings taken in", done, readings)
    if not figures:
        raise BenchFault("no figure was published")
    return took_s


def _engine_load(sizes: Sizes) -> tuple[Registry, list[list[LogRecord]], int]:
    readings = sizes.engine_sources * sizes.engine_minutes * 60 // CADENCE_S * FACTORS
    records = log_records(sizes.engine_sources, sizes.engine_minutes)
    cut = [records[i : i + BATCH_RECORDS] for i in range(0, len(records), BATCH_RECORDS)]
    return bench_registry(source_names(sizes.engine_sources), FACTORS), cut, readings


def engine(sizes: Sizes) -> list[Measure]:
    """Measure readings/s from log record bytes to figures, without I/O."""
    registry, cut, readings = _engine_load(sizes)
    runs = [readings / engine_run(registry, cut, readings) for _ in range(sizes.repeat)]
    note = (
        f"{sizes.engine_sources:,} sources x {FACTORS} factors x {CADENCE_S} s, {sizes.engine_minutes} min, {len(cut)} batches"
    )
    return [Measure("engine", "log record bytes to figures, no I/O", "readings/s", runs, 500_000, note=note)]


def profile(sizes: Sizes) -> list[dict[str, object]]:
    """Run the engine under cProfile; return its costliest functions, by cumulative and by own time."""
    registry, cut, readings = _engine_load(sizes)
    profiler = cProfile.Profile()
    profiler.runcall(engine_run, registry, cut, readings)
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    rows = [
        {
            "function": f"{'/'.join(Path(path).parts[-2:])}:{line} {name}",
            "calls": calls,
            "own_s": round(own_s, 3),
            "cumulative_s": round(cumulative_s, 3),
        }
        for (path, line, name), (_primitive, calls, own_s, cumulative_s, _callers) in stats.items()
    ]
    found: list[dict[str, object]] = []
    for order in ("cumulative_s", "own_s"):
        ranked = sorted((r for r in rows if "engine_run" not in r["function"]), key=lambda r: -float(str(r[order])))
        found += [{"order": order, **row} for row in ranked[:TOP]]
    return found


def source_year(sizes: Sizes, days: int) -> list[Measure]:
    """Measure the seconds in the engine for a year of one source; fewer days are scaled up, and the label says so."""
    name = source_names(1)[0]
    registry = bench_registry([name], FACTORS)
    runs = []
    for _ in range(sizes.repeat):
        engine, took_s, done = Engine(registry), 0.0, 0
        blocks = report_lines(1, FACTORS, local(START_MS), days * DAY_MS // 1000, cadence_s=CADENCE_S, block_s=DAY_MS // 1000)
        for day, block in enumerate(blocks):
            stored = LogRecord("reports", partition_of(name), day, day, block)
            end = tick_values(START_MS + (day + 1) * DAY_MS + 5 * MINUTE_MS, day)
            began_s = time.perf_counter()
            done += sum(out.readings for batch in ([stored], end) for out in engine.apply(batch))
            took_s += time.perf_counter() - began_s
        expect("readings of the source", done, days * DAY_MS // 1000 // CADENCE_S * FACTORS)
        runs.append(took_s * YEAR_DAYS / days)
    scaled = "all of it measured" if days == YEAR_DAYS else f"EXTRAPOLATED x {YEAR_DAYS / days:.3g} from {days} days"
    readings = YEAR_DAYS * DAY_MS // 1000 // CADENCE_S * FACTORS
    note = f"{readings:,} readings from stored records, a day a turn; {scaled}"
    return [Measure("source-year", "a source-year in the engine", "s", runs, 60.0, True, note)]


def decode_run(frames: int) -> float:
    """Return frames/s of framing and judging one device's frames on one core."""
    made = fleet_frames(0, frames, local(START_MS))
    stream = b"".join(made)
    received = local(START_MS + 1000)
    framer, accepted = Framer(), 0
    began_s = time.perf_counter()
    for at in range(0, len(stream), READ_BYTES):
        for piece in framer.feed(stream[at : at + READ_BYTES]):
            if piece.kind == "frame":
                accepted += judge(piece, received).reason is None
    for piece in framer.close():
        if piece.kind == "frame":
            accepted += judge(piece, received).reason is None
    took_s = time.perf_counter() - began_s
    expect("frames accepted", accepted, len(made))
    return len(made) / took_s
