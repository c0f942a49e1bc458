"""Deliveries are posted as webhooks, signed per Standard Webhooks, each contact at its own pace.

At least once: the same ``webhook-id`` and the same bytes at every attempt, so that a receiver can tell a repetition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import httpx
import structlog
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from alerts.outbox import ANSWER_MAX, Due, Outbox

CONNECT_S = 5.0
"""Time to reach a receiver, of each step (connect, write, read)."""
TOTAL_S = 15.0
"""Time of a whole attempt, however slowly the answer drips."""
PER_CONTACT = 2
"""Attempts to one contact at the same time."""
IN_FLIGHT_MAX = 64
"""Attempts at the same time, over all contacts."""
DUE_MAX = 256
"""Deliveries looked at in one pass; more than can be in flight, so that busy contacts hide nobody."""
ANSWER_BYTES_MAX = 4 * ANSWER_MAX
"""Bytes of an answer that are read."""
POLL_S = 2.0
"""Longest sleep of the loop, should nobody wake it."""
STOP_S = 5.0
"""Time that attempts get to end when the loop is stopped; one cut off is made again after the restart."""


class Deliverer:
    """Posts what is due in an outbox.

    ``clock`` gives epoch milliseconds for retries, the clock on which the outbox's deliveries were made. ``wall`` gives epoch
    milliseconds of real time for the signature, whose receiver checks the skew; the two are the same unless time is simulated.
    ``secrets`` gives the text of a secret by the name of its environment variable, or None. ``wake`` is to be set after
    alerts were made. With ``proxied`` the environment's proxies are used.
    """

    def __init__(
        self,
        outbox: Outbox,
        clock: Callable[[], int],
        wall: Callable[[], int],
        secrets: Callable[[str], str | None],
        *,
        proxied: bool = False,
        total_s: float = TOTAL_S,
    ) -> None:
        self.wake = asyncio.Event()
        self._outbox = outbox
        self._clock = clock
        self._wall = wall
        self._secrets = secrets
        self._total_s = total_s
        self._client = httpx.AsyncClient(timeout=CONNECT_S, trust_env=proxied, follow_redirects=False)
        self._tasks: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._log = structlog.get_logger("alerts.deliver")

    async def deliver_due(self, now_ms: int) -> int:
        """Attempt what is due and wait for the answers; return how many attempts were begun."""
        begun = self._begin(now_ms)
        await asyncio.gather(*begun, return_exceptions=True)
        return len(begun)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop`` is set; then give attempts STOP_S to end and close the connections.

        A slow receiver keeps only its own PER_CONTACT attempts busy; each attempt that ends wakes the loop.
        """
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                self.wake.clear()
                now_ms = self._clock()
                self._begin(now_ms)
                next_ms = self._outbox.next_due_ms(now_ms)
                pause_s = POLL_S if next_ms is None else min(max((next_ms - now_ms) / 1000, 0.01), POLL_S)
                waking = asyncio.ensure_future(self.wake.wait())
                await asyncio.wait({stopping, waking}, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            stopping.cancel()
            await self.close()

    async def close(self) -> None:
        """Give attempts STOP_S to end, cut off the rest, close the connections."""
        tasks = [task for _, task in self._tasks.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._client.aclose()

    def _begin(self, now_ms: int) -> list[asyncio.Task[None]]:
        """Start attempts within the bounds; a delivery in flight is not started again."""
        begun = []
        for due in self._outbox.due(now_ms, DUE_MAX, per_contact=2 * PER_CONTACT):
            busy = sum(contact == due.contact for contact, _ in self._tasks.values())
            if due.id in self._tasks or busy >= PER_CONTACT or len(self._tasks) >= IN_FLIGHT_MAX:
                continue
            task = asyncio.create_task(self._attempt(due))
            self._tasks[due.id] = (due.contact, task)
            task.add_done_callback(partial(self._ended, due.id))
            begun.append(task)
        return begun

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(key, None)
        self.wake.set()
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._log.error("delivery attempt not recorded", delivery=key, exc_info=fault)

    async def _attempt(self, due: Due) -> None:
        if not postable(due.url):
            reason = "the contact's address is not http(s)://host…: mend url in contacts.csv, then try again"
            await asyncio.to_thread(self._outbox.refused, due.id, self._clock(), reason)
            self._log.error("delivery is a dead letter", delivery=due.id, contact=due.contact, reason=reason)
            return
        headers = self._signed(due)
        if isinstance(headers, str):
            await asyncio.to_thread(self._outbox.waits, due.id, self._clock(), headers)
            self._log.warning("delivery cannot be signed", delivery=due.id, contact=due.contact, reason=headers)
            return
        status, answer, retry_after_s = await self._post(due, headers)
        verdict = await asyncio.to_thread(self._outbox.attempted, due.id, self._clock(), status, answer, retry_after_s)
        if verdict is not None and verdict.state == "dead":
            self._log.error("delivery is a dead letter", delivery=due.id, contact=due.contact, reason=verdict.reason)

    def _signed(self, due: Due) -> dict[str, str] | str:
        """Return the headers of an attempt, or the sentence why it cannot be signed (which never holds the secret)."""
        secret = self._secrets(due.secret_env)
        if not secret:
            return f"waits: environment variable {due.secret_env} with the secret of {due.contact} is not set"
        at = datetime.fromtimestamp(self._wall() // 1000, UTC)
        try:
            signature = Webhook(secret).sign(due.id, at, due.payload.decode())
        except (ValueError, EmptyWebhookSecretError):
            return f"waits: {due.secret_env} holds no secret (whsec_ and base64)"
        return {
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": "plumeline",
            "webhook-id": due.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        }

    async def _post(self, due: Due, headers: dict[str, str]) -> tuple[int | None, str, float | None]:
        """Return status, the answer's beginning and its Retry-After; or None and the network's error.

        A status counts even where the rest of the answer does not come.
        """
        status, said, wish, fault = None, b"", None, ""
        try:
            async with (
                asyncio.timeout(self._total_s),
                self._client.stream("POST", due.url, content=due.payload, headers=headers) as response,
            ):
                status, wish = response.status_code, retry_after_s(response.headers.get("retry-after"))
                async for chunk in response.aiter_raw(ANSWER_BYTES_MAX):
                    said += chunk
                    if len(said) >= ANSWER_BYTES_MAX:
                        break
        except TimeoutError:
            fault = f"no answer within {self._total_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            fault = f"{type(error).__name__}: {error}".rstrip(": ")
        if status is None:
            return None, fault[:ANSWER_MAX], None
        return status, said[:ANSWER_BYTES_MAX].decode("utf-8", "replace")[:ANSWER_MAX], wish


def postable(url: str) -> bool:
    """Return whether an address is http or https with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def retry_after_s(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header; its form with a date is not followed."""
    return float(header) if header and header.isascii() and header.isdigit() and len(header) < 10 else None
