"""A request's body: who sent it from where, which type it has, bounded reading and unpacking, cut into lines."""

from __future__ import annotations

import asyncio
import ipaddress
import zlib
from collections.abc import AsyncIterator

import pydantic_core
from fastapi import Request

BODY_BYTES_MAX = 16 * 2**20
"""Bytes of a request's body as sent."""
UNPACKED_BYTES_MAX = 32 * 2**20
"""Bytes of a body after gzip; unpacking stops there, so that a small body cannot fill the memory."""
LINES_MAX = 100_000
"""Lines of one request."""
BODY_WAIT_S = 30.0
"""Seconds in which a body must have arrived."""
ARRAY_BYTES_MAX = 4 * 2**20
"""Bytes of a JSON array, which must be read as a whole; NDJSON may be longer."""

_NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
_JSON = "application/json"


class Refused(Exception):
    """The whole request is refused: HTTP status, a sentence, and how long to wait [s]."""

    def __init__(self, status: int, sentence: str, retry_after_s: int | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.retry_after_s = status, sentence, retry_after_s


def is_local(request: Request) -> bool:
    """True for a request of this machine that no proxy has passed on."""
    if request.client is None or "forwarded" in request.headers or "x-forwarded-for" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def media_type(request: Request) -> str:
    """Return the body's media type.

    Raises:
        Refused: 415 for a type or an encoding that is not read here.
    """
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media != _JSON and media not in _NDJSON:
        raise Refused(415, f"Content-Type {media or 'is missing'}: send application/json or application/x-ndjson")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise Refused(415, f"Content-Encoding {encoding} is not read: send gzip, or none")
    return media


async def read_body(request: Request) -> bytes:
    """Return the body, unpacked where it is gzip.

    Raises:
        Refused: 413 beyond a bound, 408 when it takes longer than ``BODY_WAIT_S``, 400 for what is no whole gzip.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > BODY_BYTES_MAX:
        raise _too_long()
    gzipped = request.headers.get("content-encoding", "identity").strip().lower() == "gzip"
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            return await (_unpacked(request.stream()) if gzipped else _plain(request.stream()))
    except TimeoutError:
        raise Refused(408, f"the body took longer than {BODY_WAIT_S:g} s; nothing was filed") from None


def _too_long() -> Refused:
    return Refused(413, f"the body is longer than {BODY_BYTES_MAX} bytes; send it in parts")


async def _plain(stream: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for chunk in stream:
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise _too_long()
    return bytes(body)


async def _unpacked(stream: AsyncIterator[bytes]) -> bytes:
    body, sent, member = bytearray(), 0, zlib.decompressobj(wbits=31)
    try:
        async for chunk in stream:
            sent += len(chunk)
            if sent > BODY_BYTES_MAX:
                raise _too_long()
            rest = chunk
            while rest:
                if member.eof:  # a gzip may hold several members, one behind another
                    member = zlib.decompressobj(wbits=31)
                body += member.decompress(rest, UNPACKED_BYTES_MAX + 1 - len(body))
                if len(body) > UNPACKED_BYTES_MAX:
                    raise Refused(413, f"the body is longer than {UNPACKED_BYTES_MAX} bytes when unpacked; send it in parts")
                rest = member.unused_data if member.eof else member.unconsumed_tail
    except zlib.error as error:
        raise Refused(400, f"the body is no gzip: {error}") from None
    if not member.eof:
        raise Refused(400, "the gzip body ends before its end; send it again")
    return bytes(body)


def split(body: bytes, media: str) -> list[tuple[int, bytes]]:
    """Return a body's lines with their numbers from 1: lines of NDJSON, or the entries of a JSON array.

    Raises:
        Refused: 400 for no JSON or no lines, 413 for too many.
    """
    text = body.strip()
    if not text:
        raise Refused(400, "the body is empty: send one JSON object, an array of them, or NDJSON")
    if body.count(b"\n") > LINES_MAX and media != _JSON:
        raise Refused(413, f"more than {LINES_MAX} lines in one request; send it in parts")
    if media == _JSON and text[:1] != b"{":
        lines = _entries(text)
    elif media == _JSON:
        lines = [(1, text)]
    else:
        lines = [(n, line) for n, raw in enumerate(body.split(b"\n"), 1) if (line := raw.strip())]
    if len(lines) > LINES_MAX:
        raise Refused(413, f"{len(lines)} lines in one request; send at most {LINES_MAX}")
    return lines


def _entries(text: bytes) -> list[tuple[int, bytes]]:
    if len(text) > ARRAY_BYTES_MAX:
        raise Refused(413, f"a JSON array may have {ARRAY_BYTES_MAX} bytes; send NDJSON, which may be longer")
    try:
        entries = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(400, f"the body is no JSON: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise Refused(400, "the body is neither a JSON object nor an array with entries")
    return [(n, pydantic_core.to_json(entry)) for n, entry in enumerate(entries, 1)]
