"""``python -m tests.bench.peers``: the same job by every engine on a real broker, checked, then timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.bench.peers import environment
from tests.bench.peers.catalogue import OURS, PEERS
from tests.bench.peers.load import Size

SMALL_SOURCES = 100
KAFKA = "PLUMELINE_KAFKA"
"""Variable that names the broker."""
PROJECT_PYTHON = "PEERS_PROJECT_PYTHON"
"""Variable that hands the project's interpreter to the driver in the peers' environment."""


def main(
    bootstrap: Annotated[
        str, typer.Option(envvar=KAFKA, help="Address of the broker, HOST:PORT; without it one is started here.")
    ] = "",
    only: Annotated[list[str] | None, typer.Option(help="Part of an engine's name; may be repeated.")] = None,
    sources: Annotated[int, typer.Option(help="Sources of 12 factors each, a report every 30 s.", min=1)] = 1000,
    hours: Annotated[int, typer.Option(help="Whole hours of data.", min=1)] = 3,
    small: Annotated[bool, typer.Option("--small", help=f"{SMALL_SOURCES} sources: a minute or two.")] = False,
    runs: Annotated[int, typer.Option(help="Runs of each engine; the median is shown.", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table.")] = False,
) -> None:
    """Make topics, load the input once, run each engine as a process of its own, compare its figures and show what it took."""
    chosen = [p for p in PEERS if not only or any(part.lower() in p.name.lower() for part in only)]
    if not chosen:
        raise typer.BadParameter(f"the engines are: {', '.join(p.name for p in PEERS)}", param_hint="--only")
    if not environment.inside():
        raise typer.Exit(_again_inside(bootstrap))
    from aiokafka.errors import KafkaError  # what follows needs the peers' environment

    from tests.bench.peers.compare import compare, ratios

    out = Console(stderr=as_json)
    size = Size(SMALL_SOURCES if small else sources, hours=hours)
    try:
        results = compare(bootstrap, chosen, size, runs, os.environ.get(PROJECT_PYTHON, sys.executable), out)
    except KafkaError as away:
        out.print(f"the broker at {bootstrap}: {away}", markup=False, highlight=False)
        raise typer.Exit(2) from None
    times = ratios(results, size.readings)
    if as_json:
        rows = [r.row(size.readings) for r in results]
        for row in rows:
            if (ratio := times.get(str(row["name"]))) is not None:
                row |= {"times_ours": round(ratio.times, 2), "aim": ratio.aim, "told": ratio.told}
        print(json.dumps({"readings": size.readings, "runs": runs, "engines": rows}, ensure_ascii=False))
    else:
        table = Table(title=_title(size, runs))
        table.add_column("engine", no_wrap=True)
        for heading in ("readings/s", "CPU-s per million", "peak RSS, MB"):
            table.add_column(heading, justify="right")
        table.add_column("checked")
        for result in results:
            numbers = result.figures(size.readings)
            rate, cpu, rss = (numbers.get(name) for name in ("readings_s", "cpu_s_per_million", "rss_mb"))
            shown = [f"{rate:,.0f}", f"{cpu:.1f}", f"{rss:,.0f}"] if rate and cpu and rss else ["—"] * 3
            table.add_row(result.name, *shown, result.checked)
        out.print(table)
        for name, ratio in times.items():
            aimed = "" if ratio.aim is None else f"; aim {ratio.told}"
            out.print(
                f"{name}: {ratio.times:.1f} times the CPU-seconds of {OURS}{aimed}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        for result in results:
            for fault in result.faults:
                out.print(f"{result.name}: {fault}", markup=False, highlight=False)
    raise typer.Exit(1 if any(r.faults for r in results) else 0)


def _title(size: Size, runs: int) -> str:
    return f"{size.readings:,} readings of {size.sources:,} sources, median of {runs}, {os.cpu_count()} CPUs"


def _again_inside(bootstrap: str) -> int:
    """Run the same command in the peers' environment, with a broker started here where none is named; return its exit code."""
    from plumeline.bench_cluster import broker  # the project's environment has it, that of the peers has not
    from plumeline.bench_load import Absent

    try:
        environment.ensure()
    except environment.NoEnvironment as fault:
        print(f"the environment of the peers could not be made: {fault}", file=sys.stderr)
        return 2
    again = [str(environment.PYTHON), "-m", "tests.bench.peers", *sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        try:
            with nullcontext(bootstrap) if bootstrap else broker(Path(folder)) as address:
                env = {**os.environ, PROJECT_PYTHON: sys.executable, KAFKA: address}
                return subprocess.run(again, cwd=environment.REPO, env=env).returncode
        except Absent as fault:
            print(f"the peers were not measured: {fault}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    typer.run(main)
