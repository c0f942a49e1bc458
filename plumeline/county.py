"""A plant or county in one process: log, store, runner, gateways, alerts and console around one folder of data."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import prometheus_client
import structlog
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from alerts.deliver import Deliverer
from alerts.finding_http import router as finding_routes
from alerts.http import router as alert_routes
from alerts.outbox import Outbox
from ingest.gateway import Gateway
from ingest.http import router, tokens_from
from ingest.log import Entry, LogFull
from ingest.records import Mark
from ingest.registry import Registry, Source
from ingest.tcp import Server
from plumeline.again import Again
from plumeline.console import Console, basic_auth_middleware, mount
from plumeline.explain import explained
from plumeline.marking import Marking
from plumeline.patterns import finding
from plumeline.runner import READ, Runner
from plumeline.sqlite_log import QUEUED_BYTES_MAX, SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.memory import Settings

CST = timezone(timedelta(hours=8))
TRIM_EVERY_S = 60.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Refused(Exception):
    """The process must not start as it was asked to; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to start: where data lies, what to listen on, how often to tick, who may look."""

    data: Path
    host: str = "127.0.0.1"
    http_port: int = 8080
    tcp_port: int = 9212
    tick_s: float = 1.0
    gateway: str = "gateway-1"
    username: str | None = None
    password: str | None = None
    base: str | None = None
    hot_hours: int = 6


def wall() -> datetime:
    """Return the time of this machine's clock, in local time of the plant."""
    return datetime.now(UTC).astimezone(CST)


class County:
    """All parts of one process; ``run`` until stopped."""

    def __init__(
        self, options: Options, registry: Registry, clock: Callable[[], datetime] = wall, marks: list[Mark] | None = None
    ) -> None:
        if options.host not in LOOPBACK and not (options.username and options.password):
            raise Refused(
                f"listening on {options.host} needs credentials: set PLUMELINE_USERNAME and PLUMELINE_PASSWORD, or listen on 127.0.0.1"
            )
        options.data.mkdir(parents=True, exist_ok=True)
        self.options, self.clock, self.marks = options, clock, marks or []
        self.log = SqliteLog(options.data / "log.db")
        self.writer = SqliteWriter(options.data / "data.db")
        self.store = SqliteStore(self.writer, self._describe)
        base = options.base or f"http://{options.host}:{options.http_port}"
        self.outbox = Outbox(options.data / "outbox.db", base)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.runner = Runner(
            self.log,
            self.writer,
            self.store,
            registry,
            outbox=self.outbox,
            settings=Settings(hot_ms=options.hot_hours * 3_600_000),
            told=self._wake,
        )
        self.deliverer = Deliverer(self.outbox, _epoch_ms, _epoch_ms, os.environ.get)
        self.gateway = Gateway(self.log, clock, options.gateway, self._dialect)
        self.server = Server(self.gateway, options.host, options.tcp_port)
        self.started_ms = int(clock().timestamp() * 1000)
        self.stop = asyncio.Event()
        self._stop_runner = threading.Event()
        self.app = self._app()

    def _describe(self, figure: Any) -> dict[str, Any]:
        return explained(figure, self.runner.registry)

    def adopt_if_changed(self, registry: Registry) -> bool:
        """File a registry that differs from the one in force as a record of the log, so that a replay repeats the change."""
        if registry == self.runner.registry:
            return False
        self.log.append_now([Entry("registry", 0, registry.model_dump_json().encode())])
        return True

    def source(self, name: str) -> Source | None:
        """Return the registry row of a source, by name."""
        return self.runner.engine.points.sources.get(name)

    def _dialect(self, name: str) -> str:
        row = self.source(name)
        return "" if row is None else row.crc_dialect

    def _wake(self) -> None:
        if self.loop is not None:
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self.deliverer.wake.set)

    def _app(self) -> FastAPI:
        app = FastAPI(title="Plumeline", docs_url=None, redoc_url=None)
        groups = {s.token_group for s in self.runner.registry.sources if s.token_group}
        app.include_router(router(self.log, self.clock, self.source, tokens_from(os.environ, groups)))

        app.include_router(alert_routes(self.outbox, self._now_ms, lambda: self.runner.registry))
        app.include_router(
            finding_routes(self.outbox, self._now_ms, lambda: self.runner.registry, partial(finding, self.store))
        )

        @app.get("/healthz")
        async def healthz() -> JSONResponse:
            failed = self.runner.progress.failed
            return JSONResponse({"ok": failed is None, "failed": failed}, 200 if failed is None else 503)

        @app.get("/readyz")
        async def readyz() -> JSONResponse:
            lag = self.health()["lag_ms"]
            ready = lag is not None and lag < 60_000
            return JSONResponse({"ready": ready, "lag_ms": lag}, 200 if ready else 503)

        @app.get("/metrics")
        async def metrics() -> Response:
            return Response(self._metrics(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

        deps = Console(self.store, lambda: self.runner.registry, self._now_ms, self.outbox, self.health)
        deps.again = Again(self.log, self._dialect, self.clock)
        deps.marks = Marking(self.log.append_now, self.log.partitions)
        mount(app, deps)
        if self.options.username and self.options.password:
            basic_auth_middleware(app, self.options.username, self.options.password)
        return app

    def _now_ms(self) -> int:
        return int(self.clock().timestamp() * 1000)

    def health(self) -> Mapping[str, Any]:
        """Return what the process knows of itself."""
        progress = self.runner.progress
        tick = self.runner.engine.watch.now_ms
        waiting = self.log.waiting(READ, progress.seq)
        return {
            "lag_ms": None if tick is None else max(0, self._now_ms() - tick),
            "tick_ms": tick,
            "started_ms": self.started_ms,
            "connections": self.server.connections,
            "queues": {"log writer (bytes)": (self.log.queued_bytes, QUEUED_BYTES_MAX)},
            "touches": len(self.runner.engine.touches),
            "records waiting": waiting,
            "backfill waiting": self.runner.backfill_waiting(),
            "readings": progress.readings,
            "figures published": progress.figures,
            "failed": progress.failed,
        }

    def _metrics(self) -> bytes:
        registry = prometheus_client.CollectorRegistry()
        progress, outbox = self.runner.progress, self.outbox.counts()
        for name, text, value in (
            ("plumeline_readings_total", "Readings taken in", progress.readings),
            ("plumeline_figures_total", "Figures published", progress.figures),
            ("plumeline_records_waiting", "Records of the log not yet worked off", self.log.waiting(READ, progress.seq)),
            ("plumeline_backfill_waiting", "Records of backfill that wait for live data", self.runner.backfill_waiting()),
            ("plumeline_touches_waiting", "Touched source-hours that wait for their rebuild", len(self.runner.engine.touches)),
            ("plumeline_connections", "Open HJ 212 connections", self.server.connections),
            ("plumeline_log_queued_bytes", "Bytes that wait for the log's writer", self.log.queued_bytes),
        ):
            prometheus_client.Gauge(name, text, registry=registry).set(value)
        by_reason = prometheus_client.Gauge(
            "plumeline_quarantined", "Inputs set aside since start", ["reason"], registry=registry
        )
        for reason, count in progress.quarantined.items():
            by_reason.labels(reason).set(count)
        deliveries = prometheus_client.Gauge(
            "plumeline_deliveries", "Webhook deliveries by state", ["state"], registry=registry
        )
        for state, count in outbox.items():
            deliveries.labels(state).set(count)
        return prometheus_client.generate_latest(registry)

    async def run(self, ready: Callable[[], None] = lambda: None, beside: Callable[[asyncio.Event], Any] | None = None) -> None:
        """Serve until ``stop`` is set: first the gateways end, then the log is worked off, then deliveries get a last chance."""
        self.loop = asyncio.get_running_loop()
        worker = threading.Thread(target=self.runner.run, args=(self._stop_runner,), name="runner", daemon=True)
        config = uvicorn.Config(
            self.app, self.options.host, self.options.http_port, log_level="warning", lifespan="on", timeout_graceful_shutdown=2
        )
        web = uvicorn.Server(config)
        web.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        worker.start()
        tasks: list[asyncio.Task[Any]] = []
        try:
            try:
                await self.server.start()
            except OSError:
                raise Refused(_taken("HJ 212", self.options.host, self.options.tcp_port, "--tcp-port")) from None
            await self._file_marks()
            tasks = [
                asyncio.create_task(_quietly(web)),
                asyncio.create_task(self._tick()),
                asyncio.create_task(self._trim()),
                asyncio.create_task(self.deliverer.run(self.stop)),
            ]
            while not web.started and not self.stop.is_set() and not tasks[0].done():
                await asyncio.sleep(0.02)
            if tasks[0].done():
                raise Refused(_taken("the console", self.options.host, self.options.http_port, "--http-port"))
            ready()
            if beside is not None:
                tasks.append(asyncio.create_task(beside(self.stop)))
            await self.stop.wait()
        finally:
            self.stop.set()
            await self.server.stop()
            web.should_exit = True
            if tasks:
                await asyncio.wait(tasks, timeout=8)
            for task in tasks:
                task.cancel()
            self._stop_runner.set()
            await asyncio.to_thread(worker.join, 10)
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Close all files."""
        self.log.close()
        self.store.close()
        self.writer.close()
        self.outbox.close()

    async def _tick(self) -> None:
        while not self.stop.is_set():
            with suppress(LogFull):
                await self.gateway.tick()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), self.options.tick_s)

    async def _trim(self) -> None:
        while not self.stop.is_set():
            await asyncio.to_thread(self.log.trim, self.runner.keep_from())
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), TRIM_EVERY_S)

    async def _file_marks(self) -> None:
        from ingest.log import partition_of

        known = {m.id: m for m in self.store.all_marks()}
        fresh = [m for m in self.marks if known.get(m.id) != m]
        await self.log.append([Entry("marks", partition_of(m.source, self.log.partitions), m.line()) for m in fresh])


def _taken(what: str, host: str, port: int, option: str) -> str:
    return f"cannot listen on {host}:{port} for {what}: another program does, or the address is not this machine's; stop it, or give another {option}"


async def _quietly(web: uvicorn.Server) -> None:
    with suppress(SystemExit):
        await web.serve()


def _epoch_ms() -> int:
    return int(time.time() * 1000)


def logging(level: str = "warning") -> None:
    """Set up structured logs on standard error."""
    import logging as standard

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(standard, level.upper(), standard.WARNING)),
        logger_factory=structlog.PrintLoggerFactory(__import__("sys").stderr),
    )
