"""The energy gateway against a faked endpoint."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from decimal import Decimal

import httpx

from simulators.clock import CST
from simulators.meter import MeterGateway, interval_line, register_line

T0 = datetime(2026, 7, 1, 8, 15, tzinfo=CST)


def test_lines_are_reports() -> None:
    """Register and interval lines have the layout of a report, values as numbers, times with an offset."""
    line = json.loads(register_line("E1", "electricity", T0, Decimal("999985.00"), T0))
    assert line["kind"] == "register" and line["stats"] == ["reg"] and line["values"] == [999985.0]
    assert line["time"] == "2026-07-01T08:15:00+08:00" and line["factors"] == ["electricity"] and line["flags"] == ["N"]
    line = json.loads(interval_line("E1", "gas", T0, Decimal("46.25"), T0))
    assert line["kind"] == "interval" and line["stats"] == ["energy"] and line["values"] == [46.25]


def test_same_lines_until_they_are_taken() -> None:
    """503, 429 and a broken connection bring the same body again; 200 ends it; a refusal for good is not repeated."""
    bodies: list[bytes] = []
    tokens: set[str] = set()

    def endpoint(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        tokens.add(request.headers["authorization"])
        n = len(bodies)
        if n == 1:
            return httpx.Response(503)
        if n == 2:
            raise httpx.ConnectError("away")
        if n == 3:
            return httpx.Response(429)
        if n == 4:
            return httpx.Response(200, json={"accepted": 2, "duplicates": 0, "rejected": 0, "lines": []})
        return httpx.Response(422, json={"accepted": 0, "duplicates": 0, "rejected": 1, "lines": []})

    async def main() -> MeterGateway:
        gateway = MeterGateway("http://host", "secret", backoff_s=(0.01, 0.02), transport=httpx.MockTransport(endpoint))
        stop = asyncio.Event()
        gateway.put(["a", "b"])
        task = asyncio.create_task(gateway.run(stop))
        async with asyncio.timeout(5):
            while gateway.unanswered():
                await asyncio.sleep(0.01)
            gateway.put(["c"])
            while gateway.unanswered():
                await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(task, 5)
        return gateway

    gateway = asyncio.run(main())
    assert bodies == [b"a\nb\n"] * 4 + [b"c\n"] and tokens == {"Bearer secret"}
    assert (gateway.counts.accepted, gateway.counts.rejected, gateway.counts.lost) == (2, 1, 0)


def test_queue_is_bounded() -> None:
    """A full queue loses its oldest lines and counts them."""
    gateway = MeterGateway("http://host", "", queue_lines=3)
    gateway.put(["a", "b", "c", "d"])
    assert gateway.unanswered() == ["b", "c", "d"] and gateway.counts.lost == 1
