"""The console of a cluster: the same pages as in one process, over InfluxDB, the registry's topic and the alerts' outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from ingest.registry import Registry
from plumeline.console import Console, basic_auth_middleware, mount
from plumeline.console.ports import Marks, OutboxPort
from plumeline.explain import explained
from plumeline.influx_query import InfluxStore
from plumeline.influx_read import InfluxReader
from processors.store import StoreQuery


def console_app(
    store: StoreQuery,
    registry: Callable[[], Registry],
    outbox: OutboxPort,
    now_ms: Callable[[], int],
    health: Callable[[], Mapping[str, Any]],
    credentials: tuple[str, str] | None = None,
    marks: Marks | None = None,
) -> FastAPI:
    """Return the app that serves the console; once in a process, because NiceGUI keeps one app.

    Args:
        store: ``influx_store`` in a cluster.
        registry: returns the registry in force.
        outbox: of the alerts; one process writes its file, so this one should be that.
        now_ms: the product's clock.
        health: returns what the services know of themselves, ``failed`` among it where one of them stands.
        credentials: name and password that every page asks for.
        marks: where marks are filed that people set.
    """
    app = FastAPI(title="Plumeline", docs_url=None, redoc_url=None)

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        failed = health().get("failed")
        return JSONResponse({"ok": failed is None, "failed": failed}, 200 if failed is None else 503)

    mount(app, Console(store, registry, now_ms, outbox, health, marks=marks))
    if credentials is not None:
        basic_auth_middleware(app, *credentials)
    return app


def influx_store(reader: InfluxReader, registry: Callable[[], Registry]) -> InfluxStore:
    """Return the store whose figures come with the numbers of their formulas, as the evidence page shows them."""
    return InfluxStore(reader, lambda figure: explained(figure, registry()))
