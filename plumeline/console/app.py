"""The console on an app: addresses and the pages behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from nicegui import Client, context, run, ui
from nicegui import app as pages

from plumeline.console import (
    decisions,
    deliveries,
    evidence,
    findings,
    forms,
    frames,
    languages,
    limits,
    marks,
    now,
    pipeline,
    source,
    sources,
    weather,
    why,
)
from plumeline.console.ports import Console
from plumeline.console.shell import Load, Shell, show_missing, show_page
from plumeline.texts import speaking, t
from processors.store import StoreAway

PARAMETER_MAX = 300
"""Characters of one parameter of an address; more are cut off."""
TITLE_MAX = 80
"""Characters of a source's name in the browser's title."""
PARAMETERS_MAX = 32
"""Parameters of an address that are looked at; a form that was refused is shown again from as many as it has fields."""
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" fill="#30363c"/>'
    '<path d="M16 3v15" stroke="#fff" stroke-width="2"/><path d="M11 18h10l-5 11z" fill="#fff"/></svg>'
)


def mount(app: FastAPI, deps: Console) -> None:
    """Serve the console under ``deps.mount_path`` of an app; once in a process, because NiceGUI keeps one app.

    Routes that the app is to answer itself must be added before, where the mount path is "/".
    """
    shell = Shell(deps)
    prefix = deps.mount_path.rstrip("/")

    @app.get(f"{prefix}/evidence.json")
    async def evidence_json(figure: str = "") -> JSONResponse:
        """Answer a figure's evidence as JSON."""
        try:
            found = await run.io_bound(lambda: evidence.as_json(shell.context({"figure": figure[:PARAMETER_MAX]})))
        except StoreAway:
            return JSONResponse({"error": t("state.away")}, 503)
        return JSONResponse(found or {"error": t("evidence.missing"), "figure": figure[:PARAMETER_MAX]}, 200 if found else 404)

    forms_of: dict[str, forms.Act] = {
        "alerts/act": lambda fields: deliveries.act(shell.context({}), fields),
        "findings/decide": lambda fields: decisions.act(shell.context({}), fields),
        "marks/set": lambda fields: marks.act(shell.context({}), fields),
        "quarantine/again": lambda fields: frames.act(shell.context({}), fields),
    }
    app.include_router(forms.routes(prefix, forms_of))
    app.include_router(languages.routes(prefix))

    async def page(
        request: Request, tab: str, load: Load, slots: tuple[str, ...], title: Callable[[], str], **named: str
    ) -> None:
        asked = _query(request)
        query = {**asked, **{k: v[:PARAMETER_MAX] for k, v in named.items()}}
        address = f"{request.url.path}?{urlencode(query)}"
        with speaking(languages.language_of(request)):
            languages.tag(context.client)
            here = languages.address(request, prefix, asked)
            await show_page(shell, tab=tab, title=title(), address=address, load=load, slots=slots, query=query, here=here)

    def title_of(name: str) -> str:
        return shell.context({}).names.place(name)[:TITLE_MAX]

    def text(key: str) -> Callable[[], str]:
        return lambda: t(key)

    @pages.exception_handler(404)
    async def missing(request: Request, exception: Exception) -> Response:
        with Client(ui.page(""), request=request) as client, speaking(languages.language_of(request)):
            languages.tag(client)
            show_missing(shell)
        return client.build_response(request, 404)

    @ui.page("/")
    async def now_page(request: Request) -> None:
        await page(request, "now", now.view, ("totals", "open", "late", "alerts"), text("tab.now"))

    @ui.page("/sources")
    async def sources_page(request: Request) -> None:
        await page(request, "sources", sources.view, ("head", "list"), text("tab.sources"))

    @ui.page("/source/{name:path}")
    async def source_page(request: Request, name: str) -> None:
        await page(request, "sources", source.view, source.SLOTS, lambda: title_of(name), source=name)

    @ui.page("/marks/{name:path}")
    async def marks_page(request: Request, name: str) -> None:
        await page(request, "sources", marks.view, marks.SLOTS, lambda: f"{t('source.marks')} · {title_of(name)}", source=name)

    @ui.page("/evidence")
    async def evidence_page(request: Request) -> None:
        key = evidence.key_of(request.query_params.get("figure", "")[:PARAMETER_MAX])

        def title() -> str:
            names = shell.context({}).names
            about = f" · {names.factor(key.source, key.factor)} · {title_of(key.source)}" if key else ""
            return t("evidence") + about

        await page(request, "sources", evidence.view, evidence.SLOTS, title)

    @ui.page("/limits")
    async def limits_page(request: Request) -> None:
        await page(request, "sources", limits.view, ("head", "list"), text("limits"))

    @ui.page("/weather")
    async def weather_page(request: Request) -> None:
        await page(request, "sources", weather.view, ("head", "list"), text("weather"))

    @ui.page("/findings")
    async def findings_page(request: Request) -> None:
        await page(request, "findings", findings.index, ("head", "list", "scores"), text("tab.findings"))

    @ui.page("/findings/{name:path}")
    async def findings_source_page(request: Request, name: str) -> None:
        def title() -> str:
            return f"{t('tab.findings')} · {title_of(name)}"

        await page(request, "findings", findings.view, findings.SLOTS, title, source=name)

    @ui.page("/alerts")
    async def alerts_page(request: Request) -> None:
        await page(request, "alerts", deliveries.view, ("head", "list"), text("tab.alerts"))

    @ui.page("/quarantine")
    async def quarantine_page(request: Request) -> None:
        await page(request, "quarantine", frames.quarantine, ("head", "list"), text("tab.quarantine"))

    @ui.page("/frame/{name:path}")
    async def frame_page(request: Request, name: str) -> None:
        await page(request, "quarantine", frames.frame, ("head", "again", "text", "hex"), text("frame"), id=name)

    @ui.page("/why")
    async def why_page(request: Request) -> None:
        await page(request, "why", why.index, ("head", "list"), text("tab.why"))

    @ui.page("/why/{name:path}")
    async def why_source_page(request: Request, name: str) -> None:
        await page(
            request, "why", why.view, ("head", "checks", "frames"), lambda: f"{t('tab.why')} · {title_of(name)}", source=name
        )

    @ui.page("/pipeline")
    async def pipeline_page(request: Request) -> None:
        await page(request, "pipeline", pipeline.view, ("head", "parts", "queues", "blind", "rest"), text("tab.pipeline"))

    ui.run_with(
        app,
        mount_path=deps.mount_path,
        title=t("name"),
        favicon=FAVICON,
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )


def _query(request: Request) -> Mapping[str, str]:
    """Return an address's parameters within their bounds."""
    return {k[:PARAMETER_MAX]: v[:PARAMETER_MAX] for k, v in list(request.query_params.items())[:PARAMETERS_MAX]}
