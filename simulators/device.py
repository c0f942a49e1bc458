"""An HJ 212 device over TCP: it sends, waits for each answer, remembers what was not answered and fills it in later."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.encoder import Answers, Identity, Numbers, Packet, encode

MEMORY_PACKETS = 20_000
"""Packets a device remembers while nobody answers; beyond it the oldest are lost, and counted."""
WINDOW_PACKETS = 8
"""Packets that may wait for their answers at the same time."""
ANSWER_TIMEOUT_S, RETRIES = 5.0, 3
"""Real seconds until a packet is sent again, and how often (HJ 212-2017 defaults); then the link counts as down."""
BACKOFF_S = (0.1, 5.0)
"""Real seconds before the first and the longest wait before connecting anew."""
CONNECT_TIMEOUT_S = 5.0
"""Real seconds a connection may take."""
POLL_S = 0.1
"""Real seconds after which a device looks at its faults again."""
NOISE = b"\x00\xffAT+CSQ\r\n+CSQ: 21,0\r\n"
"""What a modem writes between frames."""


def never(_: datetime) -> bool:
    """Return False: no silence."""
    return False


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong at a device, by its own rules.

    ``silent`` says whether the link is down at a virtual time; what is measured then is sent when it ends. Each
    ``bad_crc_every``-th frame is sent with a wrong CRC the first time, before each ``noise_every``-th stands noise (0: never).
    ``glued`` writes several frames at once, ``split_bytes`` cuts every write into pieces of that size. ``clock_skew_s`` is
    added to the device's clock, and so to QN and, by its caller, to DataTime.
    """

    silent: Callable[[datetime], bool] = never
    bad_crc_every: int = 0
    noise_every: int = 0
    glued: bool = False
    split_bytes: int = 0
    clock_skew_s: float = 0.0


@dataclass(slots=True)
class Counts:
    """What a device did; ``lost`` counts packets that fell out of its full memory."""

    sent: int = 0
    retried: int = 0
    acknowledged: int = 0
    connections: int = 0
    lost: int = 0


@dataclass(slots=True)
class _Waiting:
    packet: Packet
    due_s: float
    tries: int


class _LinkDown(Exception):
    """The link is lost, or nobody answered after all retries."""


class Device:
    """One device on one connection.

    Fresh packets go first; packets older than the connection follow, oldest first, with their old DataTime under a current
    QN. A packet is kept until a 9014 with its QN came. A retry keeps its QN as long as the link lasts.

    Args:
        who: identity sent in every packet.
        host, port: the gateway.
        now: the virtual clock, for QN and faults.
        faults: what goes wrong.
        memory_packets, window_packets, answer_timeout_s, retries: bounds, see the module's constants; seconds are real.
    """

    def __init__(
        self,
        who: Identity,
        host: str,
        port: int,
        now: Callable[[], datetime],
        *,
        faults: Faults | None = None,
        memory_packets: int = MEMORY_PACKETS,
        window_packets: int = WINDOW_PACKETS,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        retries: int = RETRIES,
    ) -> None:
        self.who = who
        self.counts = Counts()
        self._address = (host, port)
        self._faults = faults or Faults()
        self._now = now
        self._number = Numbers(self.time)
        self._memory_packets = memory_packets
        self._window_packets = window_packets
        self._answer_timeout_s = answer_timeout_s
        self._retries = retries
        self._fresh: deque[Packet] = deque()
        self._old: deque[Packet] = deque()
        self._waiting: dict[str, _Waiting] = {}
        self._wake = asyncio.Event()

    def time(self) -> datetime:
        """Return the device's own idea of the time."""
        return self._now() + timedelta(seconds=self._faults.clock_skew_s)

    def put(self, packets: Iterable[Packet]) -> None:
        """Take fresh packets; where the memory is full the oldest is lost and counted."""
        for packet in packets:
            if len(self._fresh) + len(self._old) + len(self._waiting) >= self._memory_packets:
                lost = self._old or self._fresh
                if lost:
                    lost.popleft()
                self.counts.lost += 1
            self._fresh.append(packet)
        self._wake.set()

    def recall(self, packets: Iterable[Packet]) -> None:
        """Take packets that an earlier run of the device could not deliver; they are sent as old ones."""
        self._old.extend(packets)
        self._wake.set()

    def unanswered(self) -> list[Packet]:
        """Return all packets that no answer came for, oldest first."""
        return [w.packet for w in self._waiting.values()] + [*self._old, *self._fresh]

    async def run(self, stop: asyncio.Event) -> None:
        """Connect, send and connect anew until ``stop``; trouble of the link never ends it."""
        wait_s, longest_s = BACKOFF_S
        jitter = random.Random(self.who.mn)
        while not stop.is_set():
            if self._faults.silent(self._now()):
                await _pause(stop, POLL_S)
                continue
            before = self.counts.acknowledged
            try:
                await self._connection(stop)
            except (OSError, _LinkDown, TimeoutError):
                pass
            self._link_lost()
            if self.counts.acknowledged > before:
                wait_s = BACKOFF_S[0]
            await _pause(stop, wait_s * jitter.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, longest_s)

    def _link_lost(self) -> None:
        unsent = [w.packet for w in self._waiting.values()]
        self._waiting.clear()
        merged = sorted([*unsent, *self._old, *self._fresh], key=lambda p: (p.data_time, p.cn, p.pno))
        self._old, self._fresh = deque(merged), deque()

    async def _connection(self, stop: asyncio.Event) -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(*self._address), CONNECT_TIMEOUT_S)
        self.counts.connections += 1
        self._link_lost()
        answers = asyncio.create_task(self._hear(reader))
        try:
            while not stop.is_set() and not self._faults.silent(self._now()):
                self._wake.clear()
                await self._write(writer, self._frames())
                if answers.done():
                    raise _LinkDown
                try:
                    await asyncio.wait_for(self._wake.wait(), POLL_S)
                except TimeoutError:
                    continue
        finally:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            writer.close()
            try:
                await asyncio.wait_for(writer.wait_closed(), 1.0)
            except (OSError, TimeoutError):
                pass

    def _frames(self) -> list[bytes]:
        now_s = asyncio.get_running_loop().time()
        frames = []
        for qn, waiting in self._waiting.items():
            if waiting.due_s > now_s:
                continue
            if waiting.tries >= self._retries:
                raise _LinkDown
            waiting.tries += 1
            waiting.due_s = now_s + self._answer_timeout_s
            self.counts.retried += 1
            frames.append(encode(self.who, waiting.packet, qn))
        while len(self._waiting) < self._window_packets and (source := self._fresh or self._old):
            packet, qn = source.popleft(), self._number()
            self._waiting[qn] = _Waiting(packet, now_s + self._answer_timeout_s, 0)
            frames.append(self._spoiled(encode(self.who, packet, qn)))
        return frames

    def _spoiled(self, data: bytes) -> bytes:
        self.counts.sent += 1
        n, faults = self.counts.sent, self._faults
        if faults.bad_crc_every and n % faults.bad_crc_every == 0:
            data = data[:-6] + b"%04X\r\n" % (int(data[-6:-2], 16) ^ 0x0140)
        if faults.noise_every and n % faults.noise_every == 0:
            data = NOISE + data
        return data

    async def _write(self, writer: asyncio.StreamWriter, frames: list[bytes]) -> None:
        if self._faults.glued:
            frames = [b"".join(frames)] if frames else []
        size = self._faults.split_bytes
        for data in frames:
            for piece in [data[i : i + size] for i in range(0, len(data), size)] if size else [data]:
                writer.write(piece)
                await asyncio.wait_for(writer.drain(), self._answer_timeout_s)
                if size:
                    await asyncio.sleep(0.001)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        answers = Answers()
        while data := await reader.read(4096):
            for qn in answers.feed(data):
                if self._waiting.pop(qn, None):
                    self.counts.acknowledged += 1
            self._wake.set()
        self._wake.set()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        pass
