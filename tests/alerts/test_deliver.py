"""Webhooks reach a real HTTP receiver: signed, repeated under one key, each receiver at its own pace."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from alerts import deliver
from alerts.deliver import Deliverer, postable, retry_after_s
from alerts.outbox import Outbox
from alerts.records import DeliveryRow
from tests.alerts.given import BASE, SOURCE, contact, over, registry

KEY = b"a receiver's key of 32 bytes ...".ljust(32, b".")
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW = 1_800_000_000_000
WALL = 1_790_000_000_500
"""Real time, apart from the clock of retries on purpose."""


@dataclass
class Receiver:
    """A receiver that keeps what it got and answers by a function of how much it got before."""

    answers: Callable[[int], tuple[int, bytes, float]]
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    together: int = 0
    together_most: int = 0

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


@contextmanager
def receiving(
    *answers: int, body: bytes = b"thanks", pause_s: float = 0.0, headers: dict[str, str] | None = None
) -> Iterator[Receiver]:
    """Listen on a free port; answer with the given statuses in turn, the last for ever, each after a pause."""
    receiver = Receiver(lambda n: (answers[min(n, len(answers) - 1)], body, pause_s))
    lock, over = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                status, said, wait_s = receiver.answers(len(receiver.got))
                receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, content))
                receiver.together += 1
                receiver.together_most = max(receiver.together_most, receiver.together)
            over.wait(wait_s)
            with lock:
                receiver.together -= 1
            try:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                pass  # the client did not wait

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        over.set()
        server.shutdown()
        server.server_close()


class Bench:
    """An outbox with one deliverer, and a clock that is pushed by hand."""

    def __init__(self, path: Path, *urls: str, events: int = 1, secrets: dict[str, str] | None = None, **more: Any) -> None:
        self.now_ms = NOW
        self.secrets = {"HOOK_SECRET": SECRET} if secrets is None else secrets
        self.more = more
        self.box = Outbox(path / "alerts.sqlite", BASE)
        contacts = [contact(f"c{n}", url) for n, url in enumerate(urls)]
        made = [(n, over(hours=1, episode=f"ep{n}")) for n in range(1, events + 1)]
        self.alerts = self.box.consume(made, registry(*contacts), NOW)

    def deliverer(self) -> Deliverer:
        return Deliverer(self.box, lambda: self.now_ms, lambda: WALL, self.secrets.get, **self.more)

    def once(self) -> int:
        """One pass at the bench's time."""

        async def one() -> int:
            deliverer = self.deliverer()
            begun = await deliverer.deliver_due(self.now_ms)
            await deliverer.close()
            return begun

        return asyncio.run(one())

    def delivery(self) -> DeliveryRow:
        return self.box.alerts(1)[0].deliveries[0]


def signature(headers: dict[str, str], content: bytes, key: bytes = KEY) -> str:
    """Standard Webhooks, "Signature scheme": base64 of HMAC-SHA256 over id.timestamp.payload, written out anew."""
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), content))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_a_signed_webhook(tmp_path: Path) -> None:
    """The receiver can verify key, real time and bytes, and reads the message and its facts."""
    with receiving(204, body=b"") as receiver:
        bench = Bench(tmp_path, receiver.url)
        assert bench.once() == 1
    ((headers, content),) = receiver.got
    assert headers["webhook-signature"] == signature(headers, content)
    assert headers["webhook-signature"] != signature(headers, content + b" ")
    assert headers["webhook-timestamp"] == "1790000000", "real time, not the clock of retries"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"].startswith(bench.alerts[0].id) and headers["webhook-id"].isascii()
    body = json.loads(content)
    assert (body["type"], body["timestamp"]) == ("exceedance.opened", "2026-07-01T03:00:04+08:00")
    assert sorted(body["data"]) == sorted(
        ["title", "text", "severity", "phase", "alert", "thread", "source", "factor", "facts", "links"]
    )
    assert body["data"]["title"] == "[RED] SO₂ over limit — Nanhai Power, outlet DA001 (stack 1)"
    assert (body["data"]["source"], body["data"]["facts"]["value"]) == (SOURCE, "46.789473")
    assert bench.box.counts() == {"waiting": 0, "delivered": 1, "dead": 0}
    assert bench.once() == 0


def test_500s_then_success_under_one_key(tmp_path: Path) -> None:
    """A receiver that fails twice gets the same key and bytes three times, after growing pauses."""
    with receiving(500, 503, 200) as receiver:
        bench = Bench(tmp_path, receiver.url)
        for expected in (1, 2, 3):
            assert bench.once() == 1
            assert len(receiver.got) == expected
            assert bench.once() == 0, "not before its time"
            bench.now_ms = bench.delivery().next_ms or bench.now_ms
    assert len({(headers["webhook-id"], content) for headers, content in receiver.got}) == 1
    assert all(headers["webhook-signature"] == signature(headers, content) for headers, content in receiver.got)
    assert [(a.status, a.answer) for a in bench.delivery().attempts] == [(500, "thanks"), (503, "thanks"), (200, "thanks")]
    assert bench.delivery().state == "delivered"


@pytest.mark.parametrize(
    ("status", "state"), [(410, "dead"), (404, "dead"), (401, "dead"), (302, "dead"), (408, "waiting"), (429, "waiting")]
)
def test_refusals(tmp_path: Path, status: int, state: str) -> None:
    """What another attempt does not change is a dead letter at once, with the reason; a redirect is not followed."""
    with receiving(status, 200, body=b"no such hook", headers={"location": "/other"}) as receiver:
        bench = Bench(tmp_path, receiver.url)
        with capture_logs() as logs:
            bench.once()
    assert len(receiver.got) == 1
    assert bench.delivery().state == state
    assert str(status) in (bench.delivery().reason or "")
    assert bool(logs) == (state == "dead")


def test_retry_after_is_followed(tmp_path: Path) -> None:
    """A receiver that asks for two minutes gets them."""
    with receiving(429, headers={"retry-after": "120"}) as receiver:
        bench = Bench(tmp_path, receiver.url)
        bench.once()
    assert bench.delivery().next_ms == NOW + 120_000
    assert [retry_after_s(h) for h in ("7", "", None, "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 12, "²")] == [7.0] + [
        None
    ] * 7


def test_timeout_and_nobody_there(tmp_path: Path) -> None:
    """No answer in time, and no receiver at all, are told as such and tried again."""
    with receiving(200, pause_s=5.0) as receiver:
        slow = Bench(tmp_path, receiver.url, total_s=0.2)
        slow.once()
    assert (slow.delivery().state, slow.delivery().reason) == ("waiting", "no answer: no answer within 0.2 s")
    (tmp_path / "b").mkdir()
    nobody = Bench(tmp_path / "b", receiver.url)
    nobody.once()
    assert nobody.delivery().state == "waiting"
    assert nobody.delivery().attempts[0].status is None
    assert "ConnectError" in nobody.delivery().attempts[0].answer


def test_a_status_counts_even_if_the_answer_breaks_off(tmp_path: Path) -> None:
    """A receiver that says 200 has taken the message, though the words after it never come."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    async def one() -> DeliveryRow:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        bench = Bench(tmp_path, f"http://127.0.0.1:{port}/")
        deliverer = bench.deliverer()
        await deliverer.deliver_due(NOW)
        await deliverer.close()
        server.close()
        return bench.delivery()

    delivery = asyncio.run(one())
    assert (delivery.state, delivery.attempts[0].status) == ("delivered", 200)


def test_a_huge_answer_costs_little(tmp_path: Path) -> None:
    """Only the beginning of an answer is read and kept."""
    with receiving(200, body=b"x" * 5_000_000) as receiver:
        bench = Bench(tmp_path, receiver.url)
        bench.once()
    assert (bench.delivery().state, bench.delivery().attempts[0].answer) == ("delivered", "x" * 500)


def test_a_missing_secret_waits_and_says_so(tmp_path: Path) -> None:
    """Nothing is sent unsigned, no attempt is spent; once the secret is there the delivery goes out."""
    with receiving(200) as receiver:
        bench = Bench(tmp_path, receiver.url, secrets={})
        bench.once()
        assert receiver.got == []
        assert bench.delivery().reason == "waits: environment variable HOOK_SECRET with the secret of c0 is not set"
        assert (bench.delivery().state, bench.delivery().attempts) == ("waiting", ())
        bench.secrets["HOOK_SECRET"] = SECRET
        bench.now_ms = bench.delivery().next_ms or 0
        bench.once()
    assert (len(receiver.got), bench.delivery().state) == (1, "delivered")


@pytest.mark.parametrize("junk", ["", "whsec_", "whsec_a", "x", "密钥"])
def test_a_secret_that_is_none_waits(tmp_path: Path, junk: str) -> None:
    """A secret that cannot be read waits as well, and its text stands neither in the reason nor in a log."""
    with receiving(200) as receiver, capture_logs() as logs:
        bench = Bench(tmp_path, receiver.url, secrets={"HOOK_SECRET": junk})
        bench.once()
    assert receiver.got == [] and bench.delivery().state == "waiting"
    assert (bench.delivery().reason or "").startswith("waits: ")
    assert junk not in ("密钥",) or junk not in json.dumps([logs, bench.delivery().reason], ensure_ascii=False)


def test_the_secret_is_never_told(tmp_path: Path) -> None:
    """Neither log, journal nor page holds the secret, whatever the receiver answers."""
    with receiving(400) as receiver, capture_logs() as logs:
        bench = Bench(tmp_path, receiver.url)
        bench.once()
    told = json.dumps(logs) + repr(bench.box.journal()) + repr(bench.box.alerts(9))
    assert SECRET not in told and SECRET.removeprefix("whsec_") not in told


@pytest.mark.parametrize(
    "url", ["ftp://h/x", "file:///etc/passwd", "h/x", "http://", "http://[::1", "javascript:alert(1)", "http://h:99999/"]
)
def test_only_http(tmp_path: Path, url: str) -> None:
    """Another kind of address is a dead letter with its remedy, not a traceback."""
    assert not postable(url)
    bench = Bench(tmp_path, url)
    with capture_logs():
        bench.once()
    assert (bench.delivery().state, bench.delivery().attempts) == ("dead", ())
    assert "contacts.csv" in (bench.delivery().reason or "")


def test_a_slow_receiver_delays_no_other(tmp_path: Path) -> None:
    """While one receiver answers nothing, the other gets all its messages; neither gets more at once than agreed."""
    with receiving(200, pause_s=30.0) as slow, receiving(200) as quick:
        bench = Bench(tmp_path, slow.url, quick.url, events=40, total_s=20.0)

        async def both() -> float:
            deliverer, stop = bench.deliverer(), asyncio.Event()
            loop = asyncio.create_task(deliverer.run(stop))
            begun = time.monotonic()
            while len(quick.got) < 40 and time.monotonic() - begun < 10:
                await asyncio.sleep(0.02)
            took_s = time.monotonic() - begun
            deliver_stop, deliver.STOP_S = deliver.STOP_S, 0.1
            stop.set()
            await loop
            deliver.STOP_S = deliver_stop
            return took_s

        took_s = asyncio.run(both())
    assert len(quick.got) == 40 == len(set(quick.ids()))
    assert took_s < 8, "far below the time of one slow attempt"
    assert len(slow.got) == deliver.PER_CONTACT == slow.together_most
    assert quick.together_most <= deliver.PER_CONTACT
    assert bench.box.counts() == {"waiting": 40, "delivered": 40, "dead": 0}, "what was cut off waits for the restart"


def test_the_loop_wakes_at_once(tmp_path: Path) -> None:
    """A new alert is sent when the loop is woken, not at the next poll, and a retry when its time has come."""
    with receiving(500, 200) as receiver:
        bench = Bench(tmp_path, events=0)

        async def live() -> float:
            deliverer, stop = bench.deliverer(), asyncio.Event()
            loop = asyncio.create_task(deliverer.run(stop))
            await asyncio.sleep(0.1)
            bench.box.consume([(1, over())], registry(contact("c0", receiver.url)), NOW)
            begun = time.monotonic()
            deliverer.wake.set()
            while not receiver.got and time.monotonic() - begun < 5:
                await asyncio.sleep(0.01)
            took_s = time.monotonic() - begun
            while not bench.delivery().attempts:
                await asyncio.sleep(0.01)
            bench.now_ms = bench.delivery().next_ms or 0
            deliverer.wake.set()
            while bench.box.counts()["delivered"] == 0 and time.monotonic() - begun < 5:
                await asyncio.sleep(0.01)
            stop.set()
            await loop
            return took_s

        assert asyncio.run(live()) < 1.0
    assert len(receiver.got) == 2 and len(set(receiver.ids())) == 1
