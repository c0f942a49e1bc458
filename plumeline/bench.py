"""``plumeline bench``: what this machine does, figure by figure, with the aim beside it and the machine named.

Every benchmark is repeated and its median quoted; all runs are shown. Load is made before the clock starts. A benchmark
that did not do all of its work has no figure.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ingest.files import NotReadable
from plumeline.bench_engine import YEAR_DAYS, engine, profile, source_year
from plumeline.bench_load import Absent, BenchFault, Measure, Sizes
from plumeline.bench_street import hj212, process, webhook


def machine() -> dict[str, object]:
    """Return what the figures were measured on; ``load`` is the load average of the last minute, our own included."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    return {
        "cpus": os.cpu_count(),
        "model": model,
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def benchmarks(only: str, sizes: Sizes) -> dict[str, Callable[[], list[Measure]]]:
    """Return the benchmarks by name; a source-year asked for by name is measured whole."""
    days = YEAR_DAYS if only == "source-year" else sizes.year_days
    return {
        "engine": lambda: engine(sizes),
        "process": lambda: process(sizes),
        "hj212": lambda: hj212(sizes),
        "webhook": lambda: webhook(sizes),
        "source-year": lambda: source_year(sizes, days),
        "cluster": lambda: _cluster(sizes),
        "cluster-backfill": lambda: _cluster_backfill(sizes),
    }


def _cluster_backfill(sizes: Sizes) -> list[Measure]:
    from plumeline.bench_backfill import cluster_backfill

    return cluster_backfill(sizes)


def _cluster(sizes: Sizes) -> list[Measure]:
    from plumeline.bench_cluster import cluster

    return cluster(sizes)


def run(only: str, as_json: bool, out: Console, sizes: Sizes | None = None) -> None:
    """Run one benchmark or, with ``only`` empty, all but the profile, and print figures, aims and the machine.

    Raises:
        NotReadable: ``only`` is no benchmark; or a benchmark did not do its work.
    """
    sizes = sizes or Sizes()
    known = benchmarks(only, sizes)
    if only and only not in known and only != "profile":
        raise NotReadable(f"{only!r} is no benchmark; --only takes one of {', '.join([*known, 'profile'])}")
    if only == "profile":
        _print_profile(profile(sizes), as_json, out)
        return
    measures: list[Measure] = []
    missing: list[str] = []
    for name in [only] if only else known:
        try:
            found = known[name]()
        except Absent as fault:
            if only:
                raise NotReadable(f"benchmark {name}: {fault}") from None
            missing.append(f"{name} was not measured: {fault}")
            continue
        except BenchFault as fault:
            raise NotReadable(f"benchmark {name}: {fault}") from None
        measures += found
        if not as_json:
            for m in found:
                out.print(f"{m.name:<14} {_number(m.figure)} {m.unit}", style="dim", highlight=False)
    if as_json:
        rows = [{**asdict(m), "figure": m.figure, "met": m.met} for m in measures]
        print(json.dumps({"machine": machine(), "benchmarks": rows, "missing": missing}, ensure_ascii=False))
        return
    table = Table("benchmark", "figure (median)", "aim", "runs", "how", title=_titled())
    for m in measures:
        sign = "" if m.aim is None else f"{'≤' if m.less_is_better else '≥'} {_number(m.aim)}: {'met' if m.met else 'missed'}"
        runs = ", ".join(_number(r) for r in m.runs)
        table.add_row(m.what, f"{_number(m.figure)} {m.unit}", sign or "—", runs, m.note)
    out.print(table)
    for told in missing:
        out.print(told, style="bold")


def _titled() -> str:
    facts = machine()
    return f"{facts['cpus']} CPUs, {facts['model']}, Python {facts['python']}, load {facts['load']}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _print_profile(rows: list[dict[str, object]], as_json: bool, out: Console) -> None:
    if as_json:
        print(json.dumps({"machine": machine(), "profile": rows}))
        return
    for order, title in (("cumulative_s", "by cumulative time"), ("own_s", "by own time")):
        table = Table("function", "calls", "own s", "cumulative s", title=f"engine, {title}; {_titled()}")
        for row in rows:
            if row["order"] == order:
                table.add_row(*(str(row[c]) for c in ("function", "calls", "own_s", "cumulative_s")))
        out.print(table)
