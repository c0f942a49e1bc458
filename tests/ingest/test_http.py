"""HTTP ingest: what is answered 200 is durable, every line has its verdict, and no body takes more than its bound."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import ingest.http
import ingest.http_body
from ingest.http import router, token_variable, tokens_from
from ingest.log import PARTITIONS, Entry, LogFull, LogRecord, partition_of
from ingest.records import Mark, Report
from ingest.registry import Source

NOW = datetime(2026, 7, 1, 0, 0, 32, tzinfo=timezone(timedelta(hours=8)))
SOURCES = {
    "S1": Source(source="S1", enterprise="E", outlet="o", name="n", kind="voc", token_group="mill"),
    "S2": Source(source="S2", enterprise="E", outlet="o", name="n", kind="voc", token_group="kiln-2"),
    "S3": Source(source="S3", enterprise="E", outlet="o", name="n", kind="voc", token_group="unset"),
    "S4": Source(source="S4", enterprise="E", outlet="o", name="n", kind="voc"),
}
TOKENS = {"mill": "mill-secret", "kiln-2": "kiln-secret"}
NDJSON = {"Content-Type": "application/x-ndjson"}


class FakeLog:
    """A log in memory: ``entries`` are durable; ``full`` and ``gate`` stand for a queue at its bound and a slow disk."""

    partitions = PARTITIONS

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.full = False
        self.gate: asyncio.Event | None = None

    async def append(self, entries: Sequence[Entry]) -> None:
        if self.full:
            raise LogFull
        if self.gate is not None:
            await self.gate.wait()
        self.entries += entries

    def read(self, topics: Collection[str], after: int, limit: int) -> list[LogRecord]:
        raise NotImplementedError

    def lines(self) -> list[bytes]:
        return [line for entry in self.entries for line in entry.value.split(b"\n")]


def line(**changed: object) -> dict[str, Any]:
    base: dict[str, Any] = {
        "v": 1,
        "source": "S1",
        "time": "2026-07-01T00:00:30+08:00",
        "kind": "realtime",
        "factors": ["a21026", "a19001"],
        "stats": ["rtd", "rtd"],
        "values": [31.2, None],
        "flags": ["N", "D"],
        "sent": "2026-07-01T00:00:31+08:00",
    }
    return {**base, **changed}


def ndjson(*lines: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(x).encode() for x in lines)


def post(
    body: bytes | AsyncIterator[bytes],
    headers: dict[str, str] | None = None,
    *,
    log: FakeLog | None = None,
    token: str | None = "mill-secret",
    path: str = "/v1/reports",
    host: str = "10.0.0.9",
) -> httpx.Response:
    """Send one request to an app of its own; by default from another machine with the token of S1's group."""
    return asyncio.run(send(body, headers, log=log or FakeLog(), token=token, path=path, host=host))


async def send(
    body: bytes | AsyncIterator[bytes], headers: dict[str, str] | None, *, log: FakeLog, token: str | None, path: str, host: str
) -> httpx.Response:
    app = FastAPI()
    app.include_router(router(log, lambda: NOW, SOURCES.get, TOKENS))
    auth = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app, client=(host, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.post(path, content=body, headers=_bytes({**NDJSON, **auth, **(headers or {})}))


def _bytes(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}


def test_a_line_is_filed_whole() -> None:
    """A line gains the gateway's receipt, whatever the client says of it, and is a report of the log's schema."""
    log = FakeLog()
    response = post(ndjson(line(received="1999-01-01T00:00:00Z")), log=log)
    assert response.status_code == 200
    assert response.json() == {"accepted": 1, "duplicates": 0, "rejected": 0, "lines": [{"line": 1, "status": "accepted"}]}
    (entry,) = log.entries
    assert (entry.topic, entry.partition) == ("reports", partition_of("S1"))
    report = Report.model_validate_json(entry.value)
    assert report.received == NOW and report.values == [31.2, None] and report.protocol == "http"
    assert b'"time":"2026-07-01T00:00:30+08:00"' in entry.value and b'"received":"2026-07-01T00:00:32+08:00"' in entry.value


def test_a_repeated_key_cannot_name_two_sources() -> None:
    """The log holds each key once: the source that the token was checked for is the one that is filed."""
    log = FakeLog()
    raw = ndjson(line(source="S2"))[:-1] + b',"source":"S1"}'
    assert post(raw, log=log).status_code == 200
    assert log.lines()[0].count(b'"source"') == 1 and b'"S2"' not in log.lines()[0]


@pytest.mark.parametrize(
    ("content_type", "body", "count"),
    [
        pytest.param("application/json", json.dumps(line(), indent=2).encode(), 1, id="object"),
        pytest.param("application/json; charset=utf-8", json.dumps([line(), line(values=[1, 2])]).encode(), 2, id="array"),
        pytest.param("application/x-ndjson", b"\n" + ndjson(line(), line(values=[1, 2])) + b"\r\n\n", 2, id="ndjson"),
    ],
)
def test_bodies(content_type: str, body: bytes, count: int) -> None:
    """One object, an array and NDJSON are read, plain or gzip, also of several members."""
    for sent, headers in (
        (body, {}),
        (gzip.compress(body), {"Content-Encoding": "gzip"}),
        (gzip.compress(body[:9]) + gzip.compress(body[9:]), {"Content-Encoding": "gzip"}),
    ):
        log = FakeLog()
        response = post(sent, {"Content-Type": content_type, **headers}, log=log)
        assert response.json()["accepted"] == count == len(log.lines()), response.text


def test_one_record_a_partition() -> None:
    """Lines of a request are bundled by partition, in their order; a line that stands twice is filed once."""
    log = FakeLog()
    lines = [line(values=[n, n]) for n in range(5)] + [line(values=[4, 4])]
    answer = post(ndjson(*lines), log=log).json()
    assert (answer["accepted"], answer["duplicates"], len(log.entries)) == (6, 1, 1)
    assert [json.loads(x)["values"][0] for x in log.lines()] == [0, 1, 2, 3, 4]


def test_a_record_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partition's lines beyond the bound of a record go into another record of the same append."""
    monkeypatch.setattr(ingest.http, "RECORD_BYTES_MAX", 1_000)
    log = FakeLog()
    post(ndjson(*(line(values=[n, n]) for n in range(9))), log=log)
    assert len(log.entries) > 1 and all(len(e.value) <= 1_000 for e in log.entries) and len(log.lines()) == 9


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"time": "2026-07-01T00:00:30"}, "time: the time has no offset", id="no offset"),
        pytest.param({"time": 1782835200}, "time: a time is ISO 8601 text", id="epoch"),
        pytest.param({"time": "1999-12-31T23:59:59+08:00"}, "time: the year 1999 lies outside", id="year"),
        pytest.param({"values": [float("nan"), 1]}, "values.0: NaN and Infinity", id="NaN"),
        pytest.param({"values": [float("-inf"), 1]}, "values.0: NaN and Infinity", id="-Infinity"),
        pytest.param({"values": ["31.2", 1]}, "values.0: a value is a number", id="text"),
        pytest.param({"values": [1]}, "values has 1 entries, factors has 2", id="not parallel"),
        pytest.param({"factors": [], "stats": [], "values": [], "flags": []}, "factors:", id="none"),
        pytest.param({"kind": "weekly"}, "kind:", id="kind"),
        pytest.param({"unit": "mg/m3"}, "unit: no such field", id="extra"),
        pytest.param({"source": "S 1"}, "source: no blanks", id="blank in source"),
        pytest.param({"source": "x" * 129}, "source:", id="long source"),
        pytest.param({"decoder": 99}, "decoder:", id="a decoder that would win every conflict"),
        pytest.param({"protocol": "x" * 70_000}, "the line is longer than", id="long line"),
        pytest.param({"source": "S2"}, "the token does not open source S2", id="another group"),
        pytest.param({"source": "S3"}, "set PLUMELINE_TOKEN_UNSET", id="group without a token"),
        pytest.param({"source": "S4"}, "from this machine only", id="no group, other machine"),
    ],
)
def test_a_bad_line(changed: dict[str, object], reason: str) -> None:
    """A bad line is told by number and field; the good ones beside it are filed."""
    log = FakeLog()
    body = ndjson(line(values=[1, 1])) + b"\n" + ndjson(line(**changed)) + b"\n" + ndjson(line(values=[2, 2]))
    response = post(body, log=log)
    answer = response.json()
    assert (response.status_code, answer["accepted"], answer["rejected"]) == (200, 2, 1)
    assert [entry["status"] for entry in answer["lines"]] == ["accepted", "rejected", "accepted"]
    assert answer["lines"][1]["reason"].startswith(reason) or reason in answer["lines"][1]["reason"]
    assert len(log.lines()) == 2


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"[1", b"nonsense", b'"text"', b"[" * 3000, b'{"source":"\\ud800"}'])
def test_junk(junk: bytes) -> None:
    """Junk is a rejected line with a reason, and a request of which nothing was filed is no success."""
    log = FakeLog()
    response = post(junk, log=log)
    assert (response.status_code, response.json()["rejected"], log.entries) == (422, 1, [])


@pytest.mark.parametrize(
    ("token", "host", "headers", "source", "status"),
    [
        pytest.param("mill-secret", "10.0.0.9", {}, "S1", 200, id="the group's token"),
        pytest.param("mill-secret", "127.0.0.1", {}, "S1", 200, id="the same from here"),
        pytest.param(None, "127.0.0.1", {}, "S1", 403, id="a token is set, none sent"),
        pytest.param("kiln-secret", "10.0.0.9", {}, "S1", 403, id="another group's"),
        pytest.param("mill-secre", "10.0.0.9", {}, "S1", 401, id="too short"),
        pytest.param("", "10.0.0.9", {}, "S1", 401, id="empty"),
        pytest.param("Grüße", "10.0.0.9", {}, "S1", 401, id="not ASCII"),
        pytest.param(None, "10.0.0.9", {}, "S4", 401, id="none, other machine"),
        pytest.param(None, "127.0.0.1", {}, "S4", 200, id="none, this machine"),
        pytest.param(None, "::1", {}, "S4", 200, id="none, this machine, IPv6"),
        pytest.param(None, "127.0.0.1", {"X-Forwarded-For": "8.8.8.8"}, "S4", 401, id="through a proxy"),
        pytest.param(None, "127.0.0.1", {}, "S99", 200, id="unknown source, this machine"),
        pytest.param("mill-secret", "10.0.0.9", {}, "S99", 200, id="unknown source, with a token"),
        pytest.param(None, "10.0.0.9", {}, "S99", 401, id="unknown source, no token"),
    ],
)
def test_who_may_send(token: str | None, host: str, headers: dict[str, str], source: str, status: int) -> None:
    """A token opens its group's sources; without one only this machine may send, for sources without a group."""
    log = FakeLog()
    response = post(ndjson(line(source=source)), headers, token=token, host=host, log=log)
    assert response.status_code == status, response.text
    assert bool(log.entries) == (status == 200)
    assert ("WWW-Authenticate" in response.headers) == (status == 401)


def test_unknown_sources_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sources outside the registry only so many are taken; the next is refused, a known one never."""
    monkeypatch.setattr(ingest.http, "UNKNOWN_SOURCES_MAX", 2)
    answer = post(ndjson(*(line(source=f"U{n}") for n in (1, 2, 3, 1)), line())).json()
    assert [entry["status"] for entry in answer["lines"]] == ["accepted", "accepted", "rejected", "accepted", "accepted"]


def test_durable_before_answered() -> None:
    """No answer leaves before the append returned."""

    async def scene() -> None:
        log = FakeLog()
        log.gate = asyncio.Event()
        args: dict[str, Any] = {"log": log, "token": "mill-secret", "path": "/v1/reports", "host": "10.0.0.9"}
        request = asyncio.create_task(send(ndjson(line()), None, **args))
        await asyncio.sleep(0.1)
        assert not request.done() and not log.entries
        log.gate.set()
        assert (await request).status_code == 200 and log.entries

    asyncio.run(scene())


def test_full_log() -> None:
    """A full log is answered 429 with the seconds to wait, and nothing is filed."""
    log = FakeLog()
    log.full = True
    response = post(ndjson(line()), log=log)
    assert (response.status_code, response.headers["Retry-After"], log.entries) == (429, "1", [])


def test_too_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request beyond the bound is answered 503 at once while the others are worked on."""
    monkeypatch.setattr(ingest.http, "REQUESTS_MAX", 1)

    async def scene() -> None:
        log = FakeLog()
        log.gate = asyncio.Event()
        app = FastAPI()
        app.include_router(router(log, lambda: NOW, SOURCES.get, TOKENS))
        headers = {**NDJSON, "Authorization": "Bearer mill-secret"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway", headers=headers) as client:
            first = asyncio.create_task(client.post("/v1/reports", content=ndjson(line())))
            await asyncio.sleep(0.1)
            second = await client.post("/v1/reports", content=ndjson(line()))
            assert (second.status_code, second.headers["Retry-After"]) == (503, "1")
            log.gate.set()
            assert (await first).status_code == 200

    asyncio.run(scene())


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 65_536


async def _stalled() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.sleep(60)


def test_bounds_of_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too long, unpacked too long, endless, stalled, cut off, too many lines, a long array: each refused with a sentence."""
    bomb = gzip.compress(b"\n" * (ingest.http_body.UNPACKED_BYTES_MAX + 1))
    packed = {"Content-Encoding": "gzip"}
    monkeypatch.setattr(ingest.http_body, "BODY_WAIT_S", 0.2)
    for body, headers, status, word in (
        (b" " * (ingest.http_body.BODY_BYTES_MAX + 1), {}, 413, "longer than"),
        (_endless(), {}, 413, "longer than"),
        (bomb, packed, 413, "when unpacked"),
        (_stalled(), {}, 408, "longer than 0.2 s"),
        (gzip.compress(b"{}")[:-9], packed, 400, "ends before its end"),
        (b"no gzip", packed, 400, "no gzip"),
        (b"\n" * 100_002 + b"{}", {}, 413, "lines"),
        (b"[" + b"1," * 2_100_000 + b"1]", {"Content-Type": "application/json"}, 413, "NDJSON"),
        (b"  ", {}, 400, "empty"),
        (b"[]", {"Content-Type": "application/json"}, 400, "array with entries"),
        (b"[{]", {"Content-Type": "application/json"}, 400, "no JSON"),
        (b"[NaN]", {"Content-Type": "application/json"}, 400, "no JSON"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "application/json"),
        (b"{}", {"Content-Encoding": "br"}, 415, "gzip"),
    ):
        log = FakeLog()
        response = post(body, headers, log=log)
        assert (response.status_code, log.entries) == (status, []), response.text
        assert word in response.json()["error"]


def test_a_long_request_is_answered_briefly() -> None:
    """Beyond 1,000 lines, or where asked, only rejected lines are listed; at most 1,000 of them."""
    many = ndjson(*(line(values=[n, n]) for n in range(1_001)))
    assert post(many).json() == {"accepted": 1_001, "duplicates": 0, "rejected": 0, "lines": []}
    mixed = ndjson(line(), line(kind="x"))
    answer = post(mixed, path="/v1/reports?lines=rejected").json()
    assert [entry["line"] for entry in answer["lines"]] == [2]
    answer = post(b"x\n" * 1_500).json()
    assert (answer["rejected"], len(answer["lines"])) == (1_500, 1_000)


def test_marks() -> None:
    """Marks are filed on their topic and partition; one that ends before it starts, or of another's source, is not."""
    mark = {
        "id": "m1",
        "source": "S1",
        "factors": ["a21026"],
        "type": "calibration",
        "start": "2026-07-01T08:00:00+08:00",
        "end": "2026-07-01T09:00:00+08:00",
        "author": "Li",
        "set_at": "2026-07-01T10:00:00+08:00",
    }
    log = FakeLog()
    body = ndjson(mark, {**mark, "end": mark["start"]}, {**mark, "source": "S2"}, {**mark, "type": "holiday"})
    answer = post(body, log=log, path="/v1/marks").json()
    assert [entry["status"] for entry in answer["lines"]] == ["accepted", "rejected", "rejected", "rejected"]
    assert "is not after start" in answer["lines"][1]["reason"]
    unsigned = {name: told for name, told in mark.items() if name != "author"}
    (refused,) = post(ndjson({**unsigned, "type": "holiday"}), log=FakeLog(), path="/v1/marks").json()["lines"]
    assert refused["reason"].startswith("type: ") and refused["reason"].endswith(
        " (and 1 more)"
    )  # of a sentence that is too long
    (entry,) = log.entries
    assert (entry.topic, entry.partition) == ("marks", partition_of("S1"))
    assert Mark.model_validate_json(entry.value).factors == ["a21026"]


def test_tokens_from_the_environment() -> None:
    """A group's token is PLUMELINE_TOKEN_ and its name in capitals; an empty one is none."""
    assert token_variable("kiln-2") == "PLUMELINE_TOKEN_KILN_2"
    found = tokens_from(
        {"PLUMELINE_TOKEN_KILN_2": "x", "PLUMELINE_TOKEN_MILL": "", "PLUMELINE_TOKEN_": "y"}, ["kiln-2", "mill", ""]
    )
    assert found == {"kiln-2": "x"}


def test_pace() -> None:
    """The check of lines alone leaves room for 100,000 readings a second: 12 a line, under a third of one core."""
    n = 12
    lists = {"factors": [f"a{21000 + k}" for k in range(n)], "stats": ["rtd"] * n, "flags": ["N"] * n}
    lines = [
        (i, json.dumps(line(**lists, values=[31.2 + k + i / 100 for k in range(n)]), separators=(",", ":")).encode())
        for i in range(4_000)
    ]
    start = time.process_time()
    answer, _ = asyncio.run(ingest.http.check(lines, "reports", NOW, lambda source: None))
    spent_s = time.process_time() - start
    assert answer.accepted == len(lines)
    print(f"{len(lines) / spent_s:,.0f} lines/s, {n * len(lines) / spent_s:,.0f} readings/s of one core")
    assert spent_s < len(lines) / (100_000 / n) / 3
