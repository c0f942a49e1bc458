"""Alerts over HTTP: read them, acknowledge, comment, explain, close, for a duty system that has its own pages.

A request's body is JSON by its Content-Type, so that no foreign web page can send one in a reader's name. Who may come at all is
decided where the routes are mounted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from alerts.actions import WHO_MAX, WORDS_MAX, Action, ActionKind, ActionRefused
from alerts.outbox import ACTIONS_MAX, Outbox
from alerts.records import AlertRow, alert_json
from ingest.http_body import Refused, media_type, read_body
from ingest.registry import Registry

LISTED_MAX = 200
"""Alerts of one answer."""
KEY_MAX = 128
"""Characters of an Idempotency-Key that are looked at."""
REFUSALS = {
    "gone": (404, "no alert has this id; it may have been forgotten"),
    "who": (422, "who is missing: name the person"),
    "words": (422, "words are missing: a comment, an explanation and a closing say something"),
    "long": (422, f"who may have {WHO_MAX} characters, words {WORDS_MAX}"),
    "over": (409, "this alert is of no matter that is open, so there is nothing to close"),
    "role": (403, "this person may not close the matter at its stage; contacts.csv names who may"),
    "many": (409, f"{ACTIONS_MAX} actions are kept on this subject, no more"),
}
"""Reason of an ActionRefused -> status and sentence."""


class ActionIn(BaseModel):
    """What a client says: who it is, in which words."""

    model_config = ConfigDict(extra="forbid")

    who: str
    words: str = ""


def router(outbox: Outbox, now_ms: Callable[[], int], registry: Callable[[], Registry]) -> APIRouter:
    """Return the routes over an outbox; ``now_ms`` dates what people do, ``registry`` says who may close what."""
    routes = APIRouter()

    async def act(request: Request, alert: str, kind: ActionKind) -> JSONResponse:
        try:
            media_type(request)
            said = ActionIn.model_validate_json(await read_body(request))
            key = request.headers.get("idempotency-key", "")[:KEY_MAX]
            done = await asyncio.to_thread(outbox.act, alert, kind, said.who, said.words, now_ms(), key, registry())
        except Refused as refused:
            return JSONResponse({"error": refused.sentence}, refused.status)
        except ValidationError:
            return JSONResponse({"error": 'send {"who": "…", "words": "…"}'}, 422)
        except ActionRefused as refusal:
            status, sentence = REFUSALS[refusal.reason]
            return JSONResponse({"error": sentence}, status)
        return JSONResponse(_action(done))

    @routes.get("/v1/alerts")
    async def listed(source: str | None = None, limit: int = 50) -> JSONResponse:
        """Answer the newest alerts, newest first."""
        rows = await asyncio.to_thread(outbox.alerts, max(1, min(limit, LISTED_MAX)), source)
        return JSONResponse({"alerts": [_alert(row) for row in rows]})

    @routes.get("/v1/alerts/{alert}")
    async def one(alert: str) -> JSONResponse:
        """Answer one alert with its deliveries and what people did."""
        row = await asyncio.to_thread(outbox.alert, alert)
        return JSONResponse({"error": REFUSALS["gone"][1]}, 404) if row is None else JSONResponse(_alert(row))

    @routes.post("/v1/alerts/{alert}/acknowledge")
    async def acknowledge(request: Request, alert: str) -> JSONResponse:
        """Acknowledge an alert: its subject is told again only when it ends."""
        return await act(request, alert, "acknowledge")

    @routes.post("/v1/alerts/{alert}/comments")
    async def comment(request: Request, alert: str) -> JSONResponse:
        """Comment on an alert."""
        return await act(request, alert, "comment")

    @routes.post("/v1/alerts/{alert}/explanation")
    async def explain(request: Request, alert: str) -> JSONResponse:
        """Explain an exceedance, or report why a source is silent: nobody waits for it any more."""
        return await act(request, alert, "explain")

    @routes.post("/v1/alerts/{alert}/close")
    async def close(request: Request, alert: str) -> JSONResponse:
        """Close the matter that an alert of a stage is about, with the outcome."""
        return await act(request, alert, "close")

    return routes


def _alert(row: AlertRow) -> dict[str, Any]:
    deliveries = [
        {"id": d.id, "contact": d.contact, "state": d.state, "reason": d.reason, "attempts": len(d.attempts)}
        for d in row.deliveries
    ]
    return {
        **alert_json(row.alert),
        "title": row.title,
        "body": list(row.body),
        "links": row.links,
        "deliveries": deliveries,
        "stage": row.stage,
        "acknowledged": None if row.acknowledged is None else _action(row.acknowledged),
        "actions": [_action(action) for action in row.actions],
    }


def _action(action: Action) -> dict[str, Any]:
    return {"id": action.id, "kind": action.kind, "who": action.who, "words": action.words, "time_ms": action.time_ms}
