"""A webhook receiver on loopback: it checks signatures by itself, writes down what came and shows it on a page."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import html
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

from simulators.clock import CST

HOST, PORT = "127.0.0.1", 8090
"""Address of the receiver; another host only inside a closed network, for it believes whoever knows the secret."""
BODY_BYTES_MAX = 262_144
"""Bytes of a body that are taken; a longer one is answered 413."""
KEPT = 1_000
"""Deliveries kept in memory and read again at a start."""
SHOWN = 100
"""Deliveries on the page."""
TOLERANCE_S = 300
"""Seconds by which a timestamp may differ from the receiver's clock (Standard Webhooks, "Verifying webhook authenticity")."""
HANG_S = 30.0
"""Seconds a hanging answer takes at most."""
READ_S = 10.0
"""Seconds a sender may take for its request."""
FAIL_STATUS = 500
"""Status of a failure that was asked for."""

Trouble = Literal["error", "hang", "drop"]
"""How the next requests fail: status 500, no answer for ``HANG_S``, or a closed connection."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came; ``verdict`` is "ok" or why it was refused, ``status`` what it was answered (0: nothing)."""

    received: str
    path: str
    id: str
    timestamp: str
    verdict: str
    status: int
    body: str


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return ``v1,<base64>`` of the HMAC-SHA256 over ``id.timestamp.body``.

    Args:
        secret: base64 of the key, with or without the prefix ``whsec_``.

    Raises:
        ValueError: the secret is no base64, or empty.

    Source:
        Standard Webhooks 1.0, "Signature scheme", symmetric.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError(f"the webhook secret is not whsec_<base64>: {error}") from None
    if not key:
        raise ValueError("the webhook secret is empty; set whsec_<base64>")
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verdict(secret: str, headers: Mapping[str, str], body: bytes, now_s: float, tolerance_s: float = TOLERANCE_S) -> str:
    """Return "ok", or why a request is not to be believed. ``headers`` have names in lower case."""
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if not headers.get(name):
            return f"header {name} is missing"
    stamp = headers["webhook-timestamp"]
    if not (stamp.isascii() and stamp.isdigit()) or len(stamp) > 15:
        return "webhook-timestamp is no whole number of seconds"
    right = signature(secret, headers["webhook-id"], stamp, body).encode()
    candidates = headers["webhook-signature"].encode("utf-8", "replace").split()
    if not any(hmac.compare_digest(right, candidate) for candidate in candidates):
        return "wrong signature"
    if abs(now_s - int(stamp)) > tolerance_s:
        return f"timestamp is more than {tolerance_s:g} s away"
    return "ok"


class Receiver:
    """A receiver in a thread of its own.

    Args:
        secret: ``whsec_<base64>``.
        record: JSON Lines file to which every request is appended; a later start shows what it holds.
        port: 0 takes a free one, see ``url``.
        now: seconds since the epoch, for the timestamps' tolerance.
        tolerance_s: how far a timestamp may be away.
        host: address to listen on.

    Raises:
        ValueError: the secret is no base64.
    """

    def __init__(
        self,
        secret: str,
        record: Path,
        port: int = PORT,
        *,
        now: Callable[[], float] = time.time,
        tolerance_s: float = TOLERANCE_S,
        host: str = HOST,
    ) -> None:
        signature(secret, "probe", "0", b"")
        self._secret, self._record, self._now, self._tolerance_s = secret, record, now, tolerance_s
        self._lock = threading.Lock()
        self._kept: deque[Delivery] = deque(maxlen=KEPT)
        self._trouble: deque[Trouble] = deque()
        self._stopped = threading.Event()
        record.parent.mkdir(parents=True, exist_ok=True)
        if record.exists():
            with record.open(encoding="utf-8") as lines:
                for line in lines:
                    self._recall(line)
        self._server = ThreadingHTTPServer((host, port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="receiver", daemon=True)

    def _recall(self, line: str) -> None:
        try:
            self._kept.append(Delivery(**json.loads(line)))
        except (ValueError, TypeError):
            pass  # the last line of a killed run may be half a line

    @property
    def url(self) -> str:
        """Address of the page; hooks lie at any path below it."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and free the port; hanging answers are let go."""
        self._stopped.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def fail(self, times: int, how: Trouble = "error") -> None:
        """Let the next ``times`` hooks fail."""
        with self._lock:
            self._trouble.extend([how] * times)

    def deliveries(self) -> list[Delivery]:
        """Return what came, oldest first, at most ``KEPT``."""
        with self._lock:
            return list(self._kept)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Judge and record one request; return the status to answer, 0 for none."""
        found = verdict(self._secret, headers, body, self._now(), self._tolerance_s)
        with self._lock:
            trouble = self._trouble.popleft() if self._trouble else None
            status = {None: 204 if found == "ok" else 401, "error": FAIL_STATUS}.get(trouble, 0)
            delivery = Delivery(
                received=datetime.fromtimestamp(self._now(), CST).isoformat(timespec="milliseconds"),
                path=path,
                id=headers.get("webhook-id", ""),
                timestamp=headers.get("webhook-timestamp", ""),
                verdict=found if trouble is None else f"{found}; failed as told ({trouble})",
                status=status,
                body=body.decode("utf-8", "replace"),
            )
            self._kept.append(delivery)
            with self._record.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(delivery), ensure_ascii=False) + "\n")
        if trouble == "hang":
            self._stopped.wait(HANG_S)
        return status


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = READ_S

        def do_GET(self) -> None:
            self._answer(200, page(receiver.deliveries()).encode(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            announced = self.headers.get("content-length", "")
            if not announced.isdigit():
                self._answer(411)
                return
            if int(announced) > BODY_BYTES_MAX:
                self._answer(413)
                return
            body = self.rfile.read(int(announced))
            if len(body) < int(announced):  # the sender went away in the middle: not a delivery
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(self.path, headers, body)
            if status:
                self._answer(status)
            else:
                self.close_connection = True

        def _answer(self, status: int, body: bytes = b"", kind: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            with contextlib.suppress(ConnectionError):  # the sender may not have waited for its answer
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the record file is the log."""

    return Handler


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2"><title>Webhooks received</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }}
article {{ border-left: 4px solid #2e7d32; padding: .25rem 1rem; margin: 1rem 0; background: #f5f7f9; }}
article.bad {{ border-color: #c62828; }} h2 {{ font-size: 1rem; margin: 0; }} p {{ margin: .25rem 0; }}
small {{ color: #52606d; overflow-wrap: anywhere; }} pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; }}
</style></head><body><h1>Webhooks received</h1>
<p>{summary}</p>
{articles}
</body></html>
"""


def page(deliveries: list[Delivery]) -> str:
    """Return the page: what came, newest first."""
    good = sum(d.verdict == "ok" for d in deliveries)
    alerts = len({d.id for d in deliveries if d.verdict == "ok"})
    summary = f"{len(deliveries)} requests, {good} with a valid signature, {alerts} different messages."
    articles = [_article(d) for d in reversed(deliveries[-SHOWN:])] or ["<p>Nothing has arrived yet.</p>"]
    return _PAGE.format(summary=summary, articles="\n".join(articles))


def _article(d: Delivery) -> str:
    try:
        told = json.loads(d.body)
        text = json.dumps(told, ensure_ascii=False, indent=2)
    except ValueError:
        told, text = None, d.body
    title = _title(told) or d.path
    state = "" if d.verdict == "ok" else ' class="bad"'
    escaped = [html.escape(part) for part in (title, d.received, d.verdict, d.id, text)]
    return "<article{}><h2>{}</h2><p><small>{} · signature: {} · {}</small></p><pre>{}</pre></article>".format(state, *escaped)


def _title(told: object) -> str:
    """Return the first title, subject or text of a body, looked for at the top and one level below."""
    if not isinstance(told, dict):
        return ""
    for level in (told, *(value for value in told.values() if isinstance(value, dict))):
        for name in ("title", "subject", "text", "message"):
            if isinstance(level.get(name), str):
                return str(level[name])
    return ""
