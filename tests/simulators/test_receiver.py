"""The webhook receiver judges signatures by itself."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from simulators.receiver import Delivery, Receiver, page, signature, verdict

# The vector of the Standard Webhooks specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": ID, "webhook-timestamp": STAMP, "webhook-signature": SIGNED}
NOW = 1614265330.0


def test_published_vector() -> None:
    """The specification's example gives its printed signature."""
    assert signature(SECRET, ID, STAMP, BODY) == SIGNED
    assert verdict(SECRET, HEADERS, BODY, NOW) == "ok"
    assert verdict(SECRET, HEADERS | {"webhook-signature": "v1,AAAA v2,x " + SIGNED}, BODY, NOW) == "ok"


@pytest.mark.parametrize(
    ("headers", "body", "now_s", "told"),
    [
        ({"webhook-id": ""}, BODY, NOW, "header webhook-id is missing"),
        ({"webhook-id": "msg_other"}, BODY, NOW, "wrong signature"),
        ({"webhook-signature": "v1,é"}, BODY, NOW, "wrong signature"),
        ({}, BODY + b" ", NOW, "wrong signature"),
        ({"webhook-timestamp": "soon"}, BODY, NOW, "webhook-timestamp is no whole number of seconds"),
        ({}, BODY, NOW + 300, "ok"),
        ({}, BODY, NOW + 301, "timestamp is more than 300 s away"),
        ({}, BODY, NOW - 301, "timestamp is more than 300 s away"),
    ],
)
def test_each_fault_has_a_name(headers: dict[str, str], body: bytes, now_s: float, told: str) -> None:
    """A changed id, body, signature or an old timestamp is refused by name; the tolerance's edge is still taken."""
    assert verdict(SECRET, HEADERS | headers, body, now_s) == told


def test_secret_must_be_base64(tmp_path: Path) -> None:
    """A secret that is none is refused at the start."""
    for secret in ("whsec_", "whsec_!!"):
        with pytest.raises(ValueError, match="secret"):
            Receiver(secret, tmp_path / "hooks.jsonl", 0)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(SECRET, tmp_path / "hooks.jsonl", 0, now=lambda: NOW)
    made.start()
    yield made
    made.stop()


def test_over_http(receiver: Receiver, tmp_path: Path) -> None:
    """Good is 204, bad 401, both are recorded, shown and known again after a restart."""
    hook = receiver.url + "/hooks/duty"
    assert httpx.post(hook, content=BODY, headers=HEADERS).status_code == 204
    assert httpx.post(hook, content=b"<script>", headers=HEADERS).status_code == 401
    lines = [json.loads(line) for line in (tmp_path / "hooks.jsonl").read_text().splitlines()]
    assert [(d["id"], d["verdict"], d["status"], d["body"]) for d in lines] == [
        (ID, "ok", 204, BODY.decode()),
        (ID, "wrong signature", 401, "<script>"),
    ]
    shown = httpx.get(receiver.url).text
    assert "&lt;script&gt;" in shown and "<script>" not in shown and "1 with a valid signature" in shown
    assert shown.index("wrong signature") < shown.index("2432232314")  # newest first
    with (tmp_path / "hooks.jsonl").open("a") as lines_file:
        lines_file.write('{"half')
    again = Receiver(SECRET, tmp_path / "hooks.jsonl", 0)
    assert len(again.deliveries()) == 2
    again.stop()


def test_fails_as_told(receiver: Receiver) -> None:
    """Two 500s, a dropped connection and a hanging answer come in that order, then it works."""
    hook = receiver.url + "/hooks/duty"
    receiver.fail(2)
    receiver.fail(1, "drop")
    receiver.fail(1, "hang")
    assert [httpx.post(hook, content=BODY, headers=HEADERS).status_code for _ in range(2)] == [500, 500]
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(hook, content=BODY, headers=HEADERS)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(hook, content=BODY, headers=HEADERS, timeout=0.3)
    assert httpx.post(hook, content=BODY, headers=HEADERS).status_code == 204
    assert len(receiver.deliveries()) == 5


def test_a_cut_request_is_no_delivery(receiver: Receiver) -> None:
    """A sender that dies in the middle of its body delivered nothing; the receiver goes on."""
    host, port = receiver.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as cut:
        cut.sendall(b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf")
        cut.shutdown(socket.SHUT_WR)
        assert cut.recv(100) == b""
    assert httpx.post(receiver.url + "/hook", content=BODY, headers=HEADERS).status_code == 204
    assert [d.verdict for d in receiver.deliveries()] == ["ok"]


def test_page_of_nothing_and_titles() -> None:
    """An empty page says so; a message's title is its headline."""
    assert "Nothing has arrived yet" in page([])
    body = json.dumps({"data": {"title": "SO2 above limit"}})
    assert "<h2>SO2 above limit</h2>" in page([Delivery("t", "/", "i", "1", "ok", 204, body)])
