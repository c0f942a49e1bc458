"""The language of a page: asked for in the address, chosen before (a cookie), or the browser's own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import Client

from plumeline.texts import LANGUAGES, NAMES, spoken

PARAMETER = "lang"
"""Parameter of an address that asks for a language, for this page only."""
COOKIE = "plumeline_language"
COOKIE_S = 365 * 86_400
"""How long a choice is kept [s]."""
HEADER_MAX = 1_024
"""Characters of an Accept-Language header that are looked at."""
TO_MAX = 2_000
"""Characters of the address that a switch returns to; a longer one leads to the first page."""


def routes(prefix: str) -> APIRouter:
    """Return the route that keeps a person's choice of language and returns to the page where it was made."""
    made = APIRouter()

    @made.get(f"{prefix}/language/{{language}}")
    async def choose(language: str, to: str = "") -> Response:
        """Keep the choice in a cookie; the way back stays within the console, whatever ``to`` says."""
        answer = RedirectResponse(f"{prefix}/{_within(to)}", 303)
        if language in LANGUAGES:
            answer.set_cookie(COOKIE, language, max_age=COOKIE_S, path=prefix or "/", httponly=True, samesite="lax")
        return answer

    return made


def language_of(request: Request) -> str:
    """Return the language of a page: ``?lang=``, else the one chosen before, else the browser's first that is spoken here."""
    for asked in (request.query_params.get(PARAMETER), request.cookies.get(COOKIE)):
        if asked in LANGUAGES:
            return asked
    return accepted(request.headers.get("accept-language", ""))


def accepted(header: str) -> str:
    """Return the best language of an Accept-Language header (RFC 9110 §12.5.4), English where none is spoken here.

    >>> accepted("de, zh-CN;q=0.8, en;q=0.9"), accepted("zh-TW,zh"), accepted("*")
    ('en', 'zh', 'en')
    """
    best, found = 0.0, "en"
    for piece in header[:HEADER_MAX].split(","):
        tag, _, weight = piece.partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            q = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and best < q <= 1:
            best, found = q, language
    return found


def address(request: Request, prefix: str, query: Mapping[str, str]) -> str:
    """Return a page's address below the console's, without the language that it asks for."""
    path = request.url.path.removeprefix(prefix).lstrip("/")
    kept = {k: v for k, v in query.items() if k not in (PARAMETER, "said")}
    return path + (f"?{urlencode(kept)}" if kept else "")


def tag(client: Client) -> None:
    """Name the spoken language on a page, so that the browser chooses its glyphs and NiceGUI's own words follow."""
    client.page = copy.copy(client.page)
    client.page.language = "zh-CN" if spoken() == "zh" else "en-US"


def _within(to: str) -> str:
    """Return an address that cannot lead out of the console."""
    to = to.lstrip("/\\ ") if len(to) <= TO_MAX and to.isprintable() else ""
    return quote(to, safe="/?&=%:+-._~,;@")


assert set(NAMES) == set(LANGUAGES)
