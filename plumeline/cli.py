"""The ``plumeline`` command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, DownloadColumn, Progress, TimeElapsedColumn
from rich.table import Column, Table

from ingest.csv_tables import RegistryFaults
from ingest.feed_mapping import MappingFault
from ingest.feeds import FeedFault
from ingest.files import NotReadable, decoded_json, scan, size_of
from ingest.registry import Registry
from ingest.registry_files import load_marks
from plumeline import __version__
from plumeline.energy_cli import energy
from plumeline.limits_cli import limits
from plumeline.marks_cli import marks
from plumeline.qal_cli import qal
from plumeline.rules_cli import app as rules_app
from plumeline.store_commands import adopt, explain, export, findings, opened, why
from plumeline.terminal import FAULT, Data, Json, RegistryFolder, err, out
from plumeline.weather_cli import weather
from processors.figures import local_iso
from processors.registry_check import load_registry

app = typer.Typer(
    help="Online monitoring of energy and emissions: figures rebuilt, nothing lost, nothing invented.", no_args_is_help=True
)
app.add_typer(rules_app, name="rules")


def main() -> None:
    """Run the command; an input with faults ends with its sentence, never with a traceback."""
    try:
        app()
    except (NotReadable, RegistryFaults, FeedFault, MappingFault) as fault:
        err.print(f"[bold]{fault}[/bold]", highlight=False, soft_wrap=True)
        sys.exit(FAULT)


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


@app.command()
def check(
    files: Annotated[
        list[Path],
        typer.Argument(help="HJ 212 packets, a server's JSON-lines log, report lines, or a CSV feed; each for itself."),
    ],
    mapping: Annotated[Path | None, typer.Option(help="What a CSV's columns are; see feeds/.")] = None,
    registry: Annotated[Path | None, typer.Option(help="Registry folder; drafted from the file where none is given.")] = None,
    as_json: Json = False,
) -> None:
    """Account for every byte of a file, and print its hourly figures, episodes, gaps and rejected frames."""
    known = load_registry(registry) if registry is not None else None
    faults = []
    for file in files:
        try:
            _check(file, mapping, known, as_json)
        except (NotReadable, FeedFault) as fault:
            faults.append(str(fault))
    if faults:
        raise NotReadable("\n".join(faults))


def _check(file: Path, mapping: Path | None, known: Registry | None, as_json: bool) -> None:
    from plumeline.check import check as run

    with Progress(
        "[progress.description]{task.description}",
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task("reading", total=size_of(file))
        done = run(file, mapping, known, lambda n: bar.advance(task, n))
    if as_json:
        print(json.dumps(done.as_json()))
    if done.fault:
        raise NotReadable(done.fault)
    if as_json:
        return
    out.print(
        f"bytes   accepted {done.bytes['accepted']:,}   quarantined {done.bytes['quarantined']:,}   noise {done.bytes['noise']:,}"
    )
    out.print(
        f"frames  accepted {done.frames['accepted']:,}   quarantined {done.frames['quarantined']:,}   duplicates {done.frames['duplicates']:,}"
    )
    for note in done.notes:
        out.print(f"note    {note}", style="dim", soft_wrap=True)
    hours = [f for f in done.figures if f.level != "minute"]
    table = Table(
        "source",
        "factor",
        "stat",
        "level",
        Column("start", no_wrap=True),
        Column("value", no_wrap=True),
        "n",
        "verdict or reason",
        title=f"{len(hours)} figures of hours and longer (minutes: --json)",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    shown = hours[:40]
    for f in shown:
        table.add_row(
            f.source,
            f.factor,
            f.stat,
            f.level,
            local_iso(f.start_ms)[:16].replace("T", " "),
            "—" if f.number is None else f"{f.number.normalize():f}",
            str(f.n),
            f.verdict if f.ok and f.verdict else f.reason or "",
        )
    out.print(table)
    if len(hours) > len(shown):
        out.print(f"{len(hours) - len(shown)} more not shown; --json lists all", style="dim")
    for e in done.episodes[:20]:
        out.print(
            f"episode {e['source']} {e['factor']} {e['start'][:16]} – {e['end'][:16]}, {e['hours']} h, worst {e['worst']} over {e['limit']} ({e['limit_id']})"
        )
    if len(done.episodes) > 20:
        out.print(f"{len(done.episodes) - 20} more episodes not shown", style="dim")
    out.print(f"gaps    {len(done.gaps)}, {sum(g['missing'] for g in done.gaps):,} values missing")
    for r in done.rejected[:20]:
        out.print(f"rejected {r}")


@app.command()
def decode(
    file: Annotated[Path, typer.Argument(help="HJ 212 packets or a server's JSON-lines log.")], as_json: Json = False
) -> None:
    """Print every frame of a file, values as the device sent them; quarantined ones with their reason."""
    size_of(file)
    frames = 0
    try:
        for found in scan(file):
            if found.piece.kind in ("frame", "quarantined"):
                frames += 1
                _print_frame(decoded_json(found), as_json)
    except (OSError, EOFError, zlib.error) as error:
        raise NotReadable(f"{file}: cannot be read to its end ({error})") from None
    if not frames:
        raise NotReadable(f"{file}: no HJ 212 frame in it")


def _print_frame(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(row))
        return
    head = row["header"]
    factors = "  ".join(f"{c} {v.get('Rtd') or v.get('Avg') or ''}{v.get('Flag', '')}" for c, v in row["factors"].items())
    where = f"{head.get('MN', '?')} CN={head.get('CN', '?')} {row['fields'].get('DataTime', '')}"
    text = f"{row['offset']:>9} {row['status']:<11} {where} {factors} {row['reason'] or ''}"
    plain = "".join(c if c.isprintable() else "·" for c in text)
    out.print(plain, markup=False, highlight=False, soft_wrap=True)


@app.command()
def serve(
    data: Data = Path("data"),
    registry: RegistryFolder = Path("registry"),
    host: Annotated[str, typer.Option(help="Address to listen on; beyond loopback credentials are needed.")] = "127.0.0.1",
    http_port: Annotated[int, typer.Option(help="Console and HTTP ingest.")] = 8080,
    tcp_port: Annotated[int, typer.Option(help="HJ 212 over TCP.")] = 9212,
    tick_s: Annotated[float, typer.Option(help="Seconds between ticks.", min=0.05, max=10)] = 1.0,
) -> None:
    """Run the whole pipeline in one process until Ctrl-C."""
    from plumeline.county import County, Options, Refused, logging

    logging()
    options = Options(
        data,
        host,
        http_port,
        tcp_port,
        tick_s,
        username=os.environ.get("PLUMELINE_USERNAME"),
        password=os.environ.get("PLUMELINE_PASSWORD"),
    )
    marks = registry / "marks.csv"
    try:
        rows = load_registry(registry)
        county = County(options, rows, marks=load_marks(marks, rows) if marks.exists() else [])
        county.adopt_if_changed(rows)
        asyncio.run(
            _until_signal(
                county, lambda: out.print(f"console http://{host}:{http_port}   HJ 212 tcp://{host}:{tcp_port}   data {data}")
            )
        )
    except Refused as refused:
        raise NotReadable(str(refused)) from None


@app.command()
def demo(
    data: Data = Path("data/demo"),
    registry: RegistryFolder = Path("registry"),
    http_port: Annotated[int, typer.Option(help="Console and HTTP ingest.")] = 8080,
    tcp_port: Annotated[int, typer.Option(help="HJ 212 over TCP.")] = 9212,
    receiver_port: Annotated[int, typer.Option(help="The webhook receiver that the demo shows.")] = 8090,
    speed: Annotated[float, typer.Option(help="Virtual seconds a second.", min=1, max=300)] = 60.0,
) -> None:
    """Run a small simulated county: real HJ 212 over TCP, real HTTP, signed webhooks to a receiver; kept across restarts."""
    from plumeline.demo import run

    run(data, registry, http_port, tcp_port, receiver_port, speed, out)


app.command()(why)
app.command()(explain)
app.command()(findings)


@app.command()
def replay(
    data: Data = Path("data/demo"),
    into: Annotated[Path, typer.Option(help="Folder for the replayed store.")] = Path("data/replay"),
    as_json: Json = False,
) -> None:
    """Replay a log into a fresh store, and say whether canonical figures and events come out the same."""
    from plumeline.replay import replay as run

    for name in ("data.db", "log.db"):
        if not (data / name).exists():
            raise NotReadable(f"{data}: no {name} there; give --data FOLDER, the folder that serve or demo was started with")
    result = run(data, into)
    if as_json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            out.print(f"{key:<24} {value}")
    if not result["figures_equal"] or not result["events_equal"]:
        raise typer.Exit(FAULT)


app.command()(export)
app.command()(adopt)
app.command()(limits)
app.command()(weather)
app.command()(energy)
app.command()(marks)
app.command()(qal)


@app.command("registry")
def registry_check(
    folder: Annotated[Path, typer.Argument(help="Registry folder.")] = Path("registry"),
    data: Annotated[Path | None, typer.Option(help="Count what a change would touch there.")] = None,
) -> None:
    """Validate a registry folder, all faults at once; with --data, a dry run counts the source-hours a change would rebuild."""
    rows = load_registry(folder)
    if (folder / "marks.csv").exists():
        load_marks(folder / "marks.csv", rows)
    out.print(
        f"{folder}: {len(rows.sources)} sources, {len(rows.points)} points, {len(rows.meters)} meters, {len(rows.limits)} limits: no faults"
    )
    if data is not None:
        from ingest.registry_diff import diff

        store, old = opened(data)
        total = 0
        for change in diff(old, rows):
            hours = store.hours_between(change.source, change.from_ms, change.to_ms)
            total += hours
            out.print(f"  {change.source} {change.factor or ''} {change.what}: {hours} hours", highlight=False, soft_wrap=True)
        out.print(f"{total} source-hours would be rebuilt; restart `plumeline serve` with this folder to put it in force")


@app.command()
def bench(as_json: Json = False, only: Annotated[str, typer.Option(help="Name of one benchmark.")] = "") -> None:
    """Measure this machine: engine, whole process, HJ 212, time to webhook, a source-year."""
    from plumeline.bench import run

    run(only, as_json, out)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False, no_args_is_help=False
)
def cluster(context: typer.Context) -> None:
    """The services of a cluster on Kafka, Faust and InfluxDB: gateway, worker, writer, alerts and what sets them up."""
    from plumeline.cluster import app as services

    services(context.args, prog_name="plumeline cluster")


async def _until_signal(county: Any, ready: Callable[[], None], beside: Any = None) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, county.stop.set)
    await county.run(ready, beside)
