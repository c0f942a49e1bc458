"""What every service of a cluster has: health, readiness and metrics over HTTP, and an end on a signal."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import prometheus_client
import structlog
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

STARTED_S = 10.0
"""How long the page of health may take to listen."""


class Sample(NamedTuple):
    """One number that a service shows: name without prefix, what it counts, value, labels."""

    name: str
    what: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class _Samples(Collector):
    def __init__(self, samples: Callable[[], Iterable[Sample]]) -> None:
        self._samples = samples

    def collect(self) -> Iterable[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for sample in self._samples():
            names = [name for name, _value in sample.labels]
            family = families.setdefault(sample.name, GaugeMetricFamily(f"plumeline_{sample.name}", sample.what, labels=names))
            family.add_metric([value for _name, value in sample.labels], sample.value)
        return families.values()


@dataclass(slots=True)
class Service:
    """A service's face: ``failed`` is why it does not work, None while it does; ``ready`` whether it does its work now."""

    name: str
    samples: Callable[[], Iterable[Sample]] = list
    failed: Callable[[], str | None] = lambda: None
    ready: Callable[[], bool] = lambda: True
    stop: threading.Event = field(default_factory=threading.Event)

    def app(self) -> FastAPI:
        """Return the HTTP application with /healthz, /readyz and /metrics."""
        app = FastAPI(title=f"Plumeline {self.name}", docs_url=None, redoc_url=None, openapi_url=None)
        registry = prometheus_client.CollectorRegistry()
        registry.register(_Samples(self.samples))

        @app.get("/healthz")
        def healthz() -> JSONResponse:
            failed = self.failed()
            return JSONResponse({"ok": failed is None, "failed": failed}, 200 if failed is None else 503)

        @app.get("/readyz")
        def readyz() -> JSONResponse:
            ready = self.failed() is None and self.ready()
            return JSONResponse({"ready": ready}, 200 if ready else 503)

        @app.get("/metrics")
        def metrics() -> Response:
            return Response(prometheus_client.generate_latest(registry), media_type=prometheus_client.CONTENT_TYPE_LATEST)

        return app

    def serve(self, app: FastAPI, host: str, port: int) -> uvicorn.Server:
        """Listen in a thread of its own.

        Raises:
            OSError: the address is taken.
        """
        server = uvicorn.Server(uvicorn.Config(app, host, port, log_level="warning", timeout_graceful_shutdown=2))
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        threading.Thread(target=server.run, name=f"{self.name}-http", daemon=True).start()
        waited = threading.Event()
        for _ in range(int(STARTED_S / 0.05)):
            if server.started or waited.wait(0.05):
                return server
        raise OSError(f"{self.name} cannot listen on {host}:{port}; is another one running?")

    def end_on_signals(self) -> None:
        """Stop on SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())


def log_to_stderr() -> None:
    """Write structured logs, one JSON object a line, to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
