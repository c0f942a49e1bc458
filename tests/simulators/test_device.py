"""Devices against a small host: answers, retries, outages, faults."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from simulators.clock import CST
from simulators.device import Device, Faults
from simulators.encoder import Identity, Packet, crc, frame, realtime

WHO = Identity("010000A8900016F000169DC0")
T0 = datetime(2026, 7, 1, 8, 0, tzinfo=CST)
FRAME = re.compile(rb"##(\d{4})(.*?&&)([0-9A-F]{4})\r\n", re.DOTALL)


def packets(first: int, last: int) -> list[Packet]:
    return [p for n in range(first, last) for p in realtime(WHO, T0 + timedelta(seconds=30 * n), [("a21026", "31.2")])]


def times(first: int, last: int) -> list[str]:
    return [f"{T0 + timedelta(seconds=30 * n):%Y%m%d%H%M%S}" for n in range(first, last)]


class Host:
    """Answers frames with a right CRC as long as ``deaf(n)`` is false for the n-th."""

    def __init__(self, deaf: Callable[[int], bool] = lambda n: False) -> None:
        self.good: list[tuple[str, str]] = []
        self.bad = 0
        self.raw = b""
        self.deaf = deaf
        self.server: asyncio.Server | None = None
        self.links: list[asyncio.StreamWriter] = []

    async def listen(self, port: int = 0) -> int:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", port)
        return int(self.server.sockets[0].getsockname()[1])

    async def away(self) -> None:
        assert self.server is not None
        self.server.close()
        for link in self.links:
            link.close()
        self.links.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links.append(writer)
        buffer = b""
        try:
            while data := await reader.read(4096):
                self.raw += data
                buffer += data
                while match := FRAME.search(buffer):
                    buffer = buffer[match.end() :]
                    self.take(match, writer)
        except OSError:
            pass

    def take(self, match: re.Match[bytes], writer: asyncio.StreamWriter) -> None:
        body = match[2]
        if crc(body).encode() != match[3] or len(body) != int(match[1]):
            self.bad += 1
            return
        qn, label = (re.search(rb"%s=(\d+)" % name, body) for name in (b"QN", b"DataTime"))
        assert qn and label
        self.good.append((label[1].decode(), qn[1].decode()))
        if not self.deaf(len(self.good)):
            mn = WHO.mn.encode()
            writer.write(frame(b"QN=%s;ST=91;CN=9014;PW=123456;MN=%s;Flag=4;CP=&&&&" % (qn[1], mn)))


async def until(done: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.01)


def run(scene: Callable[[Device, Host, asyncio.Event], Awaitable[None]], host: Host, faults: Faults, **bounds: float) -> Device:
    made: list[Device] = []

    async def main() -> None:
        port = await host.listen()
        stop = asyncio.Event()
        device = Device(WHO, "127.0.0.1", port, lambda: T0 + timedelta(hours=1), faults=faults, **bounds)  # type: ignore[arg-type]
        made.append(device)
        task = asyncio.create_task(device.run(stop))
        try:
            await scene(device, host, stop)
        finally:
            stop.set()
            await asyncio.wait_for(task, 5)
            await host.away()

    asyncio.run(main())
    return made[0]


def test_every_packet_is_answered_once() -> None:
    """Without trouble each packet is sent once, in order, and forgotten when it was answered."""

    async def scene(device: Device, host: Host, stop: asyncio.Event) -> None:
        await until(lambda: device.counts.connections == 1)
        device.put(packets(0, 30))
        await until(lambda: device.counts.acknowledged == 30)

    host = Host()
    device = run(scene, host, Faults())
    assert [label for label, _ in host.good] == times(0, 30)
    assert device.unanswered() == [] and device.counts.retried == 0


def test_retry_keeps_its_qn() -> None:
    """A packet without an answer is sent again with the same QN."""

    async def scene(device: Device, host: Host, stop: asyncio.Event) -> None:
        await until(lambda: device.counts.connections == 1)
        device.put(packets(0, 1))
        await until(lambda: device.counts.acknowledged == 1)

    host = Host(deaf=lambda n: n <= 2)
    device = run(scene, host, Faults(), answer_timeout_s=0.1)
    assert len(host.good) == 3 and len(set(host.good)) == 1
    assert device.counts.retried == 2


def test_link_is_down_after_all_retries() -> None:
    """After three retries the device connects anew; the packet is kept and sent under a new QN."""

    async def scene(device: Device, host: Host, stop: asyncio.Event) -> None:
        device.put(packets(0, 1))
        await until(lambda: device.counts.acknowledged == 1)

    host = Host(deaf=lambda n: n <= 4)
    device = run(scene, host, Faults(), answer_timeout_s=0.05)
    qns = [qn for _, qn in host.good]
    assert len(qns) == 5 and len(set(qns[:4])) == 1 and qns[4] != qns[0]
    assert device.counts.connections == 2


def test_outage_is_filled_in_fresh_first() -> None:
    """What was measured while the host was away follows after what is fresh, with old DataTime; nothing is lost."""

    async def scene(device: Device, host: Host, stop: asyncio.Event) -> None:
        assert host.server is not None
        port = int(host.server.sockets[0].getsockname()[1])
        device.put(packets(0, 5))
        await until(lambda: device.counts.acknowledged == 5)
        await host.away()
        device.put(packets(5, 60))
        await asyncio.sleep(0.3)
        assert len(device.unanswered()) == 55
        await host.listen(port)
        await until(lambda: device.counts.connections == 2)
        device.put(packets(60, 62))
        await until(lambda: device.counts.acknowledged == 62)

    host = Host()
    device = run(scene, host, Faults())
    labels = [label for label, _ in host.good]
    assert sorted(set(labels)) == times(0, 62)
    assert labels.index(times(61, 62)[0]) < labels.index(times(59, 60)[0])
    assert device.counts.lost == 0


def test_silence_is_kept_and_filled_in() -> None:
    """While a fault holds the link down nothing is sent; when it ends everything is."""
    silent = [True]

    async def scene(device: Device, host: Host, stop: asyncio.Event) -> None:
        device.put(packets(0, 20))
        await asyncio.sleep(0.3)
        assert host.raw == b"" and len(device.unanswered()) == 20
        silent[0] = False
        await until(lambda: device.counts.acknowledged == 20)

    host = Host()
    run(scene, host, Faults(silent=lambda _: silent[0]))
    assert [label for label, _ in host.good] == times(0, 20)


def test_faults_on_the_line_lose_nothing() -> None:
    """Bad CRCs, noise and writes of 7 bytes end in every packet being delivered."""

    async def scene(device: Device, host: Host, stop: asyncio.Event) -> None:
        device.put(packets(0, 12))
        await until(lambda: device.counts.acknowledged == 12)

    host = Host()
    faults = Faults(bad_crc_every=5, noise_every=4, split_bytes=7, glued=True, clock_skew_s=90)
    run(scene, host, faults, answer_timeout_s=0.3)
    assert host.bad == 2  # the 5th and the 10th first sending
    assert host.raw.count(b"AT+CSQ") == 3  # before the 4th, 8th and 12th
    assert {label for label, _ in host.good} == set(times(0, 12))
    assert all(qn.startswith("202607010901") for _, qn in host.good)  # 09:00:00 + 90 s skew


def test_memory_is_bounded() -> None:
    """A full memory loses its oldest packets and counts them."""

    async def main() -> Device:
        device = Device(WHO, "127.0.0.1", 1, lambda: T0, memory_packets=10)
        device.put(packets(0, 13))
        return device

    device = asyncio.run(main())
    assert device.counts.lost == 3 and [p.data_time for p in device.unanswered()] == times(3, 13)
