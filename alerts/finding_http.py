"""Findings over HTTP: what people decided about them, and deciding, for an inspection's system that has its own pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from alerts.actions import WHO_MAX, WORDS_MAX, ActionRefused
from alerts.decisions import DECISIONS_MAX, Decided
from alerts.http import KEY_MAX
from alerts.outbox import Outbox
from ingest.http_body import Refused, media_type, read_body
from ingest.registry import Registry
from processors.figures import Event
from processors.store import StoreAway

LISTED_MAX = 1_000
"""Newest decisions of one answer."""
NOT_FOUND = 404, "no finding has this id among the newest; plumeline findings --json lists them"
REFUSALS = {
    "who": (422, "who is missing: name the person"),
    "words": (422, "words are missing: say why"),
    "evidence": (422, "evidence is missing: a confirmation names what was inspected"),
    "long": (422, f"who may have {WHO_MAX} characters, words and evidence {WORDS_MAX} each"),
    "role": (403, "this person may not decide about this finding; contacts.csv names who may: people of the county and above"),
    "many": (409, f"{DECISIONS_MAX} decisions are kept about this finding, no more"),
}
"""Reason of an ActionRefused -> status and sentence."""


class DecisionIn(BaseModel):
    """What a client says: which finding, how it is decided, who it is, why, on which evidence."""

    model_config = ConfigDict(extra="forbid")

    finding: str
    decided: Decided
    who: str
    words: str
    evidence: str = ""


def router(
    outbox: Outbox, now_ms: Callable[[], int], registry: Callable[[], Registry], find: Callable[[str], Event | None]
) -> APIRouter:
    """Return the routes over an outbox; ``find`` returns a finding by its id and raises StoreAway where the store does not answer."""
    routes = APIRouter()

    @routes.get("/v1/findings/decisions")
    async def listed(source: str | None = None) -> JSONResponse:
        """Answer what was decided about findings, oldest first, each decision that was ever kept."""
        made = await asyncio.to_thread(outbox.decisions, source)
        return JSONResponse({"decisions": [asdict(one) for one in made[-LISTED_MAX:]]})

    @routes.post("/v1/findings/decisions")
    async def decide(request: Request) -> JSONResponse:
        """Confirm or dismiss a finding."""
        key = request.headers.get("idempotency-key", "")[:KEY_MAX]
        try:
            media_type(request)
            said = DecisionIn.model_validate_json(await read_body(request))
            finding = await asyncio.to_thread(find, said.finding)
            if finding is None:
                return _fault(*NOT_FOUND)
            made = await asyncio.to_thread(
                lambda: outbox.decide(
                    finding, said.decided, said.who, said.words, said.evidence, now_ms(), key, registry=registry()
                )
            )
        except Refused as refused:
            return _fault(refused.status, refused.sentence)
        except ValidationError:
            return _fault(
                422, 'send {"finding": "…", "decided": "confirmed" or "dismissed", "who": "…", "words": "…", "evidence": "…"}'
            )
        except ActionRefused as refusal:
            return _fault(*REFUSALS[refusal.reason])
        except StoreAway:
            return _fault(503, "the store does not answer; ask again later")
        return JSONResponse(asdict(made))

    return routes


def _fault(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)
