"""An energy gateway: meter readings as report lines over HTTP, sent again with the same lines until they are taken."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import httpx

QUEUE_LINES = 20_000
"""Lines kept while the other side is away; beyond it the oldest are lost, and counted."""
BATCH_LINES = 500
"""Lines in one request."""
BACKOFF_S = (0.2, 5.0)
"""Real seconds before the first and the longest wait before the same lines are sent again."""
FINAL = (200, 422)
"""Statuses whose body answers for every line: filed, or refused for good. Any other means the same lines again."""
TIMEOUT_S = 10.0
"""Real seconds a request may take."""


def register_line(source: str, factor: str, time: datetime, position: Decimal, sent: datetime) -> str:
    """Return the report line of a cumulative register's position at an instant, in the register's unit."""
    return _line(source, factor, time, "register", "reg", position, sent)


def interval_line(source: str, factor: str, start: datetime, amount: Decimal, sent: datetime) -> str:
    """Return the report line of what was used in the period that begins at ``start``, in the meter's unit."""
    return _line(source, factor, start, "interval", "energy", amount, sent)


def _line(source: str, factor: str, time: datetime, kind: str, stat: str, value: Decimal, sent: datetime) -> str:
    head = {
        "v": 1,
        "source": source,
        "time": time.isoformat(timespec="seconds"),
        "kind": kind,
        "factors": [factor],
        "stats": [stat],
        "values": [float(value)],
        "flags": ["N"],
        "sent": sent.isoformat(timespec="milliseconds"),
    }
    return json.dumps(head, separators=(",", ":"))


@dataclass(slots=True)
class Counts:
    """What a meter gateway did; ``trouble`` is the last reason why lines had to be sent again."""

    requests: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    lost: int = 0
    trouble: str = ""


class MeterGateway:
    """Sends report lines to ``POST /v1/reports`` with a bearer token.

    Args:
        url: address of the ingest endpoint without the path, such as ``http://127.0.0.1:8081``.
        token: bearer token; no header where it is empty.
        transport: stands in for the network in tests.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        queue_lines: int = QUEUE_LINES,
        backoff_s: tuple[float, float] = BACKOFF_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.counts = Counts()
        self._url = url.rstrip("/") + "/v1/reports"
        self._headers = {"content-type": "application/x-ndjson"} | ({"authorization": f"Bearer {token}"} if token else {})
        self._lines: deque[str] = deque()
        self._queue_lines = queue_lines
        self._backoff_s = backoff_s
        self._transport = transport
        self._wake = asyncio.Event()
        self._sending = 0

    def put(self, lines: Iterable[str]) -> None:
        """Take lines; where the queue is full the oldest that is not being sent is lost and counted."""
        for line in lines:
            if len(self._lines) >= self._queue_lines:
                self.counts.lost += 1
                if self._sending >= len(self._lines):
                    continue
                del self._lines[self._sending]
            self._lines.append(line)
        self._wake.set()

    def unanswered(self) -> list[str]:
        """Return the lines that no final answer came for, oldest first."""
        return list(self._lines)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop``; an answer that is not final, or none, means the same lines again, later."""
        wait_s = self._backoff_s[0]
        async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_S, trust_env=False) as client:
            while not stop.is_set():
                if not self._lines:
                    self._wake.clear()
                    await _first(stop, self._wake)
                    continue
                if await self._send(client):
                    wait_s = self._backoff_s[0]
                    continue
                try:
                    await asyncio.wait_for(stop.wait(), wait_s)
                except TimeoutError:
                    wait_s = min(2 * wait_s, self._backoff_s[1])

    async def _send(self, client: httpx.AsyncClient) -> bool:
        batch = [self._lines[i] for i in range(min(BATCH_LINES, len(self._lines)))]
        self.counts.requests += 1
        self._sending = len(batch)
        try:
            answer = await client.post(self._url, content=("\n".join(batch) + "\n").encode(), headers=self._headers)
            if answer.status_code not in FINAL:
                self.counts.trouble = f"HTTP {answer.status_code}: {answer.text[:200]}"
                return False
            told = answer.json()
            self.counts.accepted += int(told["accepted"])
            self.counts.duplicates += int(told.get("duplicates", 0))
            self.counts.rejected += int(told["rejected"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            self.counts.trouble = f"{type(error).__name__}: {error}"
            return False
        finally:
            self._sending = 0
        for _ in batch:
            self._lines.popleft()
        return True


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
