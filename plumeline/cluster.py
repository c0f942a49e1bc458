"""``plumeline cluster``: the services of a cluster, each a process of its own, told by options or environment variables."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from kafka.errors import KafkaError

from alerts.finding_http import router as finding_routes
from alerts.http import router as alert_routes
from ingest.files import NotReadable
from ingest.gateway import Gateway
from ingest.http import router, token_variable, tokens_from
from ingest.kafka_log import UNACKED_BYTES_MAX, KafkaLog, KafkaPublisher, make_topics
from ingest.log import Entry, LogFull
from ingest.registry import Registry, Source
from ingest.tcp import Server
from plumeline import alert_service, store_writer
from plumeline.alert_service import Alarms, now_ms
from plumeline.cluster_console import console_app, influx_store
from plumeline.county import LOOPBACK, wall
from plumeline.demo import SECRET_VARIABLE
from plumeline.influx_query import InfluxStore
from plumeline.influx_read import InfluxReader
from plumeline.influx_setup import SetupFailed, make_buckets
from plumeline.influx_write import InfluxWriter, Settings
from plumeline.kafka_backfill import Backfill
from plumeline.kafka_read import RegistryWatch, leave
from plumeline.lag import LagWatch
from plumeline.marking import Marking
from plumeline.patterns import finding
from plumeline.service import Sample, Service, log_to_stderr
from plumeline.store_writer import StoreWriter
from plumeline.worker import GROUP, INPUTS, Worker, WorkerOptions, instance_name, run_worker
from processors import memory
from processors.figures import DAY_MS, HOUR_MS, epoch_ms
from processors.registry_check import load_registry
from processors.store import StoreAway, StoreQuery
from simulators import receiver

app = typer.Typer(help="The services of a cluster on Kafka, Faust and InfluxDB.", no_args_is_help=True, add_completion=False)
_Made = TypeVar("_Made")
TICK_S = 10.0
"""Time between two ticks of a gateway."""
KEEP_DAYS, KEEP_DAYS_MIN = 40, 3
"""Days of inputs that a worker keeps for rebuilds: the last month and the time to correct it; fewest days that can be chosen."""
REGISTRY_WAIT_S, REGISTRY_TRIES = 2.0, 60
"""Pause and number of looks for a registry at the start of a service."""

Bootstrap = Annotated[str, typer.Option("--kafka", envvar="PLUMELINE_KAFKA", help="Kafka's address, host:port[,host:port].")]
State = Annotated[Path, typer.Option(envvar="PLUMELINE_STATE", help="Folder for this service's own files.")]
Folder = Annotated[Path, typer.Option("--registry", envvar="PLUMELINE_REGISTRY", help="Folder of the registry's CSV files.")]
Host = Annotated[
    str, typer.Option(envvar="PLUMELINE_HOST", help="Address to listen on; beyond loopback only inside a closed network.")
]
Port = Annotated[
    int, typer.Option("--metrics-port", envvar="PLUMELINE_METRICS_PORT", help="Port of /healthz, /readyz and /metrics.")
]
Prefix = Annotated[str, typer.Option(envvar="PLUMELINE_PREFIX", help="Text before every topic's name.", hidden=True)]
Url = Annotated[str, typer.Option(envvar="PLUMELINE_INFLUX_URL", help="InfluxDB's address.")]
Buckets = Annotated[str, typer.Option(envvar="PLUMELINE_BUCKETS", help="Text before both buckets' names.", hidden=True)]
Virtual = Annotated[
    str, typer.Option(envvar="PLUMELINE_VIRTUAL", help="Simulated time, START@SECONDSxSPEED, for demonstrations.", hidden=True)
]
Org = Annotated[str, typer.Option(envvar="PLUMELINE_INFLUX_ORG", help="InfluxDB's organisation.")]


def influx_token() -> str:
    """Return the token from PLUMELINE_INFLUX_TOKEN or the file that PLUMELINE_INFLUX_TOKEN_FILE names."""
    if token := os.environ.get("PLUMELINE_INFLUX_TOKEN"):
        return token
    path = os.environ.get("PLUMELINE_INFLUX_TOKEN_FILE")
    if path is None:
        raise NotReadable("no token for InfluxDB: set PLUMELINE_INFLUX_TOKEN_FILE to the file that holds it")
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise NotReadable(f"{path}: the token for InfluxDB cannot be read ({error.strerror})") from None


@app.command()
def topics(kafka: Bootstrap, prefix: Prefix = "", replication: int = 1) -> None:
    """Make the topics that are missing; waits for the broker."""
    try:
        made = patiently(lambda: make_topics(kafka, replication=replication, prefix=prefix))
    except ValueError as error:
        raise NotReadable(f"topics: {error}") from None
    typer.echo(f"made {', '.join(made)}" if made else "all topics are there")


@app.command("buckets")
def make_both(url: Url, org: Org = "plumeline", buckets: Buckets = "") -> None:
    """Make InfluxDB's buckets that are missing, with their retention."""
    for attempt in range(REGISTRY_TRIES):
        try:
            for bucket in make_buckets(url, influx_token(), org, buckets):
                kept = f"{bucket.keep_days} days" if bucket.keep_days else "for ever"
                typer.echo(f"{bucket.name}: {'made' if bucket.made else 'is there'}, keeps {kept}")
            return
        except SetupFailed as error:
            raise NotReadable(str(error)) from None
        except StoreAway as error:
            if attempt + 1 == REGISTRY_TRIES:
                raise NotReadable(str(error)) from None
            time.sleep(REGISTRY_WAIT_S)


@app.command()
def registry(
    folder: Annotated[Path, typer.Argument(help="Folder of CSV files.")], kafka: Bootstrap, prefix: Prefix = ""
) -> None:
    """Check a registry and put it in force: a snapshot on topic registry."""
    rows = load_registry(folder)
    patiently(lambda: file_registry(kafka, prefix, rows))
    typer.echo(f"in force: {len(rows.sources)} sources, {len(rows.points)} points, {len(rows.limits)} limits")


def file_registry(kafka: str, prefix: str, rows: Registry) -> bool:
    """Put a registry on its topic where it differs from the one in force; return whether it does."""
    try:
        watch = RegistryWatch(kafka, prefix)
        same = watch.registry == rows
        watch.close()
        if same:
            return False
    except LookupError:
        pass  # there is none yet
    publisher = KafkaPublisher(kafka, prefix)
    publisher.append_now([Entry("registry", 0, rows.model_dump_json().encode())])
    publisher.close()
    return True


def hooked(rows: Registry, address: str) -> Registry:
    """Return a registry whose contacts on this machine's own receiver are told at another address: that of its container."""
    own = f"http://{receiver.HOST}:{receiver.PORT}"
    return rows.model_copy(
        update={"contacts": tuple(c.model_copy(update={"url": c.url.replace(own, address)}) for c in rows.contacts)}
    )


@app.command()
def worker(
    kafka: Bootstrap,
    state: State = Path("state"),
    host: Host = "127.0.0.1",
    port: Port = 9101,
    prefix: Prefix = "",
    hot_hours: int = 6,
    keep_days: Annotated[
        int,
        typer.Option(
            envvar="PLUMELINE_KEEP_DAYS", help="Days whose hours can be rebuilt; older inputs are pruned from the state."
        ),
    ] = KEEP_DAYS,
) -> None:
    """Work off partitions: reports become figures and events."""
    log_to_stderr()
    if keep_days < KEEP_DAYS_MIN:
        raise NotReadable(f"--keep-days {keep_days}: at least {KEEP_DAYS_MIN}")
    settings = memory.Settings(hot_ms=hot_hours * HOUR_MS, keep_ms=keep_days * DAY_MS)
    options = WorkerOptions(kafka, state, instance_name(), prefix, settings)
    made = patiently(lambda: Worker(options))
    lag = LagWatch(kafka, GROUP, INPUTS, prefix)
    service = Service("worker", lambda: (*worker_samples(made), *lag.samples(made.partitions.copy().keys())))
    service.serve(service.app(), host, port)
    try:
        run_worker(options, made)
    except SystemExit as end:
        if not end.code:  # told to end; one that was killed or crashed keeps its place, because it comes back
            leave(kafka, GROUP, options.instance)
        raise


def worker_samples(made: Worker) -> Iterable[Sample]:
    """Return what a worker counts."""
    for number, part in sorted(made.partitions.copy().items()):
        label = (("partition", str(number)),)
        yield Sample("readings_total", "Readings taken in", part.progress.readings, label)
        yield Sample("figures_total", "Figures published", part.progress.figures, label)
        yield Sample("turns_total", "Turns of the engine", part.progress.turns, label)
        waiting = len(part.engine.touches) + len(part.engine.put_off)
        yield Sample("touches_waiting", "Touched source-hours that wait for their rebuild", waiting, label)
        if part.engine.watch.now_ms is not None:
            yield Sample("tick_seconds", "Newest tick, seconds since 1970", part.engine.watch.now_ms / 1000, label)
        yield Sample("sources_aside", "Sources at whose hours a rule raises, set aside until a restart", len(part.aside), label)
        yield Sample("pruned_rows", "Rows of the state pruned since start", part.pruner.rows, label)
        for reason, count in part.progress.quarantined.items():
            yield Sample("quarantined", "Inputs set aside", count, (*label, ("reason", reason)))


@app.command()
def writer(
    kafka: Bootstrap,
    url: Url,
    org: Org = "plumeline",
    host: Host = "127.0.0.1",
    port: Port = 9102,
    prefix: Prefix = "",
    buckets: Buckets = "",
) -> None:
    """Carry what is on the log into InfluxDB."""
    log_to_stderr()
    influx = InfluxWriter(Settings(url, org, influx_token(), buckets))
    reader = InfluxReader(url, influx_token(), org, buckets)
    made = patiently(lambda: StoreWriter(kafka, influx, InfluxStore(reader), instance_name(), prefix))
    lag = LagWatch(kafka, store_writer.GROUP, store_writer.TOPICS, prefix)

    def samples() -> Iterable[Sample]:
        for name, count in {**made.counted, **influx.counted}.items():
            yield Sample("store_total", "Records read, lines written, retried, dropped, refused", count, (("what", name),))
        yield Sample("store_away", "1 while the store does not answer", float(made.away_since is not None))
        yield from lag.samples()

    service = Service("writer", samples, ready=lambda: made.away_since is None)
    service.serve(service.app(), host, port)
    service.end_on_signals()
    made.run(service.stop)


@app.command()
def backfill(kafka: Bootstrap, host: Host = "127.0.0.1", port: Port = 9105, prefix: Prefix = "") -> None:
    """Let in what was sent long after its time, as fast as the workers keep up with what is live."""
    log_to_stderr()
    made = patiently(lambda: Backfill(kafka, instance_name(), prefix))

    def samples() -> Iterable[Sample]:
        yield Sample("backfill_moved_total", "Report lines let in", made.moved)
        yield Sample("backfill_waiting", "Records of backfill that wait for live data", made.waiting)

    service = Service("backfill", samples)
    service.serve(service.app(), host, port)
    service.end_on_signals()
    made.run(service.stop)


@app.command()
def alerts(
    kafka: Bootstrap,
    state: State = Path("state"),
    host: Host = "127.0.0.1",
    port: Port = 9103,
    base: Annotated[str, typer.Option(help="The console's address, for links in messages.")] = "http://127.0.0.1:8080",
    prefix: Prefix = "",
    deadman_s: Annotated[float, typer.Option(help="Seconds without a tick after which Plumeline is called blind.")] = 120.0,
    url: Annotated[str, typer.Option(envvar="PLUMELINE_INFLUX_URL", help="InfluxDB's address, for the console.")] = "",
    org: Org = "plumeline",
    buckets: Buckets = "",
    console_port: Annotated[int, typer.Option(envvar="PLUMELINE_CONSOLE_PORT", help="Port of the console; 0 is none.")] = 0,
    virtual: Virtual = "",
) -> None:
    """Tell people: events become signed webhooks; and serve the console, whose actions are this process's to keep."""
    log_to_stderr()
    made = patiently(lambda: Alarms(kafka, state, instance_name(), base, prefix, deadman_s))
    lag = LagWatch(kafka, alert_service.GROUP, alert_service.TOPICS, prefix)

    def samples() -> Iterable[Sample]:
        for name, count in made.outbox.counts().items():
            yield Sample("deliveries", "Webhook deliveries by state", count, (("state", name),))
        yield Sample("blind", "1 while no worker passes on ticks", float(made.blind is not None))
        yield Sample("blind_seconds", "Seconds since a worker last passed on a newer tick", made.blind_s)
        yield from lag.samples()

    service = Service("alerts", samples, ready=lambda: made.blind is None)
    web = service.app()
    web.include_router(alert_routes(made.outbox, now_ms, lambda: made.registry.registry))
    store = None
    if url:
        settings = Settings(url, org, influx_token(), buckets)
        reader = InfluxReader(settings.url, settings.token, settings.org, settings.prefix)
        store = influx_store(reader, lambda: made.registry.registry)
        find = partial(finding, store)
        web.include_router(finding_routes(made.outbox, now_ms, lambda: made.registry.registry, find))
    service.serve(web, host, port)
    if console_port and store is not None:
        _console(made, store, host, console_port, virtual)
    service.end_on_signals()
    made.run(service.stop)


def _console(made: Alarms, store: StoreQuery, host: str, port: int, virtual: str) -> None:
    """Serve the console over InfluxDB in a thread of its own."""
    credentials = (os.environ.get("PLUMELINE_USERNAME", ""), os.environ.get("PLUMELINE_PASSWORD", ""))
    if host not in LOOPBACK and not all(credentials):
        raise NotReadable(f"a console on {host} needs credentials: set PLUMELINE_USERNAME and PLUMELINE_PASSWORD")
    clock = virtual_clock(virtual)[0] if virtual else wall
    started_ms = epoch_ms(clock())

    def health() -> dict[str, Any]:
        tick = made.newest_tick_ms
        return {
            "lag_ms": None if tick is None else max(0, epoch_ms(clock()) - tick),
            "tick_ms": tick,
            "started_ms": started_ms,
            "queues": {},
            "failed": None if made.blind is None else f"no worker passes on ticks since {made.blind}",
        }

    pages = console_app(
        store,
        lambda: made.registry.registry,
        made.outbox,
        lambda: epoch_ms(clock()),
        health,
        credentials if all(credentials) else None,
        Marking(made.publisher.append_now),
    )
    Service("console").serve(pages, host, port)


@app.command()
def gateway(
    kafka: Bootstrap,
    name: Annotated[str, typer.Option(envvar="PLUMELINE_GATEWAY", help="This gateway's name on its ticks.")] = "g1",
    host: Host = "127.0.0.1",
    tcp_port: Annotated[int, typer.Option(envvar="PLUMELINE_TCP_PORT", help="Port for HJ 212.")] = 9212,
    port: Annotated[
        int, typer.Option("--http-port", envvar="PLUMELINE_HTTP_PORT", help="Port for HTTP, health and metrics.")
    ] = 9100,
    prefix: Prefix = "",
    virtual: Virtual = "",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--registry", envvar="PLUMELINE_REGISTRY", help="Registry folder; put in force where it differs from what is."
        ),
    ] = None,
    local_hooks: Annotated[
        str,
        typer.Option(
            envvar="PLUMELINE_LOCAL_HOOKS",
            help="What stands for http://127.0.0.1:8090 in contacts; for demonstrations.",
            hidden=True,
        ),
    ] = "",
) -> None:
    """Take in frames and reports, and answer when they are on the log."""
    log_to_stderr()
    if folder is not None:
        rows = load_registry(folder)
        if local_hooks:
            rows = hooked(rows, local_hooks)
        patiently(lambda: file_registry(kafka, prefix, rows))
    clock, speed = virtual_clock(virtual) if virtual else (wall, 1.0)
    watch = patiently(lambda: RegistryWatch(kafka, prefix))
    asyncio.run(_gateway(kafka, name, host, tcp_port, port, prefix, clock, TICK_S / speed, watch))


def virtual_clock(text: str) -> tuple[Callable[[], datetime], float]:
    """Return a clock that ran since real time SECONDS (since 1970) from START at a SPEED: the same for whoever is told the same."""
    try:
        start, _, rest = text.partition("@")
        seconds, _, speed = rest.partition("x")
        begin, real, factor = datetime.fromisoformat(start), float(seconds), float(speed)
        if begin.tzinfo is None or factor <= 0:
            raise ValueError("START needs its offset, SPEED is above 0")
    except ValueError as error:
        raise NotReadable(f"{text!r} is no simulated time: {error}") from None
    return (lambda: begin + timedelta(seconds=(time.time() - real) * factor)), factor


async def _gateway(
    kafka: str,
    name: str,
    host: str,
    tcp_port: int,
    port: int,
    prefix: str,
    clock: Callable[[], datetime],
    tick_s: float,
    watch: RegistryWatch,
) -> None:
    log = await asyncio.to_thread(KafkaLog, kafka, prefix=prefix)
    sources: dict[str, Source] = {}
    known = -1

    def source(wanted: str) -> Source | None:
        nonlocal known
        if known != watch.changes:
            known = watch.changes
            sources.clear()
            sources.update({s.source: s for s in watch.registry.sources})
        return sources.get(wanted)

    def dialect(wanted: str) -> str:
        row = source(wanted)
        return "" if row is None else row.crc_dialect

    entry = Gateway(log, clock, name, dialect)
    server = Server(entry, host, tcp_port)

    def samples() -> Iterable[Sample]:
        yield Sample("connections", "Open HJ 212 connections", server.connections)
        yield Sample("log_queued_bytes", "Bytes that wait for the broker's acknowledgement", log.queued_bytes)
        for verdict, count in entry.verdicts.items():
            yield Sample("frames_total", "Frames by verdict", count, (("verdict", verdict),))
        for what, count in entry.counted.items():
            yield Sample("gateway_total", "What the gateway counts", count, (("what", what),))

    service = Service("gateway", samples, ready=lambda: log.queued_bytes < UNACKED_BYTES_MAX)
    web = service.app()
    groups = {s.token_group for s in watch.registry.sources if s.token_group}
    loop = asyncio.get_running_loop()
    web.include_router(router(_Bridged(log, loop), clock, source, tokens_from(os.environ, groups)))
    await server.start()
    service.serve(web, host, port)
    service.end_on_signals()
    ticking = asyncio.create_task(_ticks(entry, tick_s))
    await asyncio.to_thread(service.stop.wait)
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    await server.stop()
    await log.close()
    watch.close()


async def _ticks(entry: Gateway, tick_s: float) -> None:
    while True:
        with suppress(LogFull):
            await entry.tick()
        await asyncio.sleep(tick_s)


@dataclass(slots=True)
class _Bridged:
    """The log for a web server that runs in another thread's event loop."""

    log: KafkaLog
    loop: asyncio.AbstractEventLoop

    @property
    def partitions(self) -> int:
        """Partitions of every topic."""
        return self.log.partitions

    async def append(self, entries: Any) -> None:
        """Append in the log's own loop."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.log.append(entries), self.loop))


@app.command()
def devices(
    gateway: Annotated[str, typer.Option(envvar="PLUMELINE_GATEWAY", help="The gateway's HJ 212 address.")] = "127.0.0.1:9212",
    state: State = Path("state"),
    virtual: Virtual = "",
    http_port: Annotated[int, typer.Option(envvar="PLUMELINE_HTTP_PORT", help="The gateway's HTTP port.")] = 9100,
    listen: Host = "127.0.0.1",
    metrics_port: Port = 9106,
) -> None:
    """Send what a small simulated county measures, for demonstrations."""
    from simulators.clock import VirtualClock
    from simulators.county import TOKEN_GROUP, run_county

    log_to_stderr()
    clock, speed = virtual_clock(virtual) if virtual else (wall, 1.0)
    state.mkdir(parents=True, exist_ok=True)
    host, _, port = gateway.rpartition(":")
    service = Service("devices")
    service.serve(service.app(), listen, metrics_port)
    service.end_on_signals()

    async def run() -> None:
        stop = asyncio.Event()
        county = run_county(
            VirtualClock(clock(), speed),
            host,
            int(port),
            f"http://{host}:{http_port}",
            {TOKEN_GROUP: os.environ.get(token_variable(TOKEN_GROUP), "")},
            state / "truth.csv",
            stop,
        )
        working = asyncio.create_task(county)
        await asyncio.to_thread(service.stop.wait)
        stop.set()
        await working

    asyncio.run(run())


@app.command("receiver")
def receive(
    state: State = Path("state"),
    host: Host = "127.0.0.1",
    port: Port = 9107,
    hooks_port: Annotated[
        int, typer.Option(envvar="PLUMELINE_HOOKS_PORT", help="Port of the webhooks and their page.")
    ] = receiver.PORT,
) -> None:
    """Receive webhooks, check their signatures and show them on a page, for demonstrations."""
    log_to_stderr()
    secret = os.environ.get(SECRET_VARIABLE)
    if not secret:
        raise NotReadable(f"{SECRET_VARIABLE} holds no secret to check signatures by")
    made = receiver.Receiver(secret, state / "received.jsonl", hooks_port, host=host)

    def samples() -> Iterable[Sample]:
        for verdict, count in Counter(d.verdict for d in made.deliveries()).items():
            yield Sample("hooks", "Webhooks received, of the newest thousand", count, (("verdict", verdict),))

    service = Service("receiver", samples)
    service.serve(service.app(), host, port)
    service.end_on_signals()
    made.start()
    service.stop.wait()
    made.stop()


@app.command()
def local(
    folder: Annotated[Path, typer.Argument(help="Folder for everything it keeps.")] = Path("data/cluster"),
    registry: Folder = Path("registry"),
    workers: Annotated[int, typer.Option(help="Workers.")] = 2,
    speed: Annotated[float, typer.Option(help="Simulated seconds in a second.")] = 60.0,
) -> None:
    """Run the whole cluster with a simulated county as processes of this machine."""
    from rich.console import Console

    from plumeline.cluster_local import Local

    log_to_stderr()
    Local(folder, registry, Console(), workers, speed).run()


def patiently(make: Callable[[], _Made]) -> _Made:
    """Make a service once broker and registry are there; a service that starts first waits for the others."""
    for attempt in range(REGISTRY_TRIES):
        try:
            return make()
        except (LookupError, KafkaError) as error:
            if attempt + 1 == REGISTRY_TRIES:
                raise NotReadable(str(error)) from None
            threading.Event().wait(REGISTRY_WAIT_S)
    raise AssertionError("REGISTRY_TRIES is positive")
