"""The forms of pages: read within bounds, and only from a page of this console."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from plumeline.console.languages import language_of
from plumeline.texts import speaking, t

FORM_BYTES_MAX = 16_384
"""Bytes of a form; a longer one is refused."""
FIELDS_MAX = 32
"""Fields of a form; a browser sends the empty ones too, and that of a mark has 18."""


Act = Callable[[Mapping[str, str]], str]
"""Does what a form's fields ask and returns the address that shows it; runs in a thread."""


class FormRefused(Exception):
    """A form that is not read; ``status`` is the HTTP answer's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"form refused: {status}")
        self.status = status


def routes(prefix: str, forms: Mapping[str, Act]) -> APIRouter:
    """Return the routes of forms by their address below ``prefix``; each sends the reader on to the page that shows what it did."""
    made = APIRouter()
    for address, act in forms.items():
        made.add_api_route(f"{prefix}/{address}", _answer(prefix, act), methods=["POST"])
    return made


def _answer(prefix: str, act: Act) -> Callable[[Request], Coroutine[None, None, Response]]:
    async def answer(request: Request) -> Response:
        try:
            found = await fields(request)
        except FormRefused as refused:
            with speaking(language_of(request)):
                return PlainTextResponse(t("form.refused"), refused.status)
        return RedirectResponse(f"{prefix}/{await asyncio.to_thread(act, found)}", 303)

    return answer


async def fields(request: Request) -> dict[str, str]:
    """Return a form's fields, the last of a name.

    Raises:
        FormRefused: 403 for a form of a foreign page, 413 for a long one, 400 for one that is none.
    """
    if foreign(request):
        raise FormRefused(403)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise FormRefused(413)
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise FormRefused(400) from None
    return {name: values[-1] for name, values in found.items()}


def foreign(request: Request) -> bool:
    """Return whether a browser says that a request comes from another site's page."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
