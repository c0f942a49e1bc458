"""Asking for a name and a password before anything is shown (HTTP Basic, RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import hmac

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN_PATHS = frozenset({"/healthz"})
"""What answers without credentials: the check of a service manager."""
HEADER_MAX = 1024
"""Bytes of an Authorization header that are looked at; a longer one is refused."""


def basic_auth_middleware(app: FastAPI, username: str, password: str) -> None:
    """Let every page, file and websocket of an app ask for one name and password, except ``OPEN_PATHS``.

    Args:
        app: the outer app; call before it starts.
        username: the name; may not hold a colon (RFC 7617 §2).
        password: the password in clear, from the environment.

    Raises:
        ValueError: name or password is empty, or the name holds a colon.
    """
    if not username or not password or ":" in username:
        raise ValueError("console credentials: give a name without a colon and a password that is not empty")
    app.add_middleware(_BasicAuth, expected=f"{username}:{password}".encode())


class _BasicAuth:
    """ASGI middleware: 401 for requests, a refused handshake for websockets; compared in constant time."""

    def __init__(self, app: ASGIApp, expected: bytes) -> None:
        self.app = app
        self.expected = expected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] in OPEN_PATHS or self._known(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send(
                {
                    "type": "http.response.start",
                    "status": 401,
                    "headers": [
                        (b"www-authenticate", b'Basic realm="Plumeline", charset="UTF-8"'),
                        (b"content-type", b"text/plain; charset=utf-8"),
                        (b"cache-control", b"no-store"),
                    ],
                }
            )
            await send({"type": "http.response.body", "body": b"name and password, please\n"})

    def _known(self, scope: Scope) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if len(given) > HEADER_MAX or given[:6].lower() != b"basic ":
            return False
        try:
            pair = base64.b64decode(given[6:].strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(pair, self.expected)
