"""The gateway: pieces of streams become records on the log; an answer is given when frame and report are durable.

What arrives within ``FLUSH_S`` is bundled: one NDJSON record a topic and partition, one append for all. While an append runs the
next bundle gathers; its bound is what makes a full gateway stop reading.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from ingest.hj212.framing import Framer, Piece
from ingest.hj212.reading import report_line
from ingest.hj212.verdict import judge
from ingest.log import Entry, Log, LogFull, partition_of
from ingest.records import Frame, Tick, frame_id

FLUSH_S = 0.004
"""Time that a bundle waits for company."""
RETRY_S = 0.05
"""Time after which an append is tried again that the log refused for being full."""
PENDING_BYTES_MAX = 8_388_608
"""Bytes of lines that wait to be appended; beyond it nobody is read."""
PENDING_BYTES_BACKFILL = 2_097_152
"""Bytes beyond which connections that send backfill are not read: live before backfill."""
RECORD_BYTES_MAX = 524_288
"""Bytes of one log record; longer bundles are cut between lines. (Kafka's default bound is 1 MB.)"""
NOISE_KEPT_BYTES = 4_096
"""Bytes kept of a connection that sent nothing but junk."""
PARTITIONS_CACHED_MAX = 65_536
"""Sources whose partition is remembered."""
NOISE = "noise: no HJ 212 frame on this connection"
"""Verdict on a connection that sent nothing but junk."""

Done = Callable[[list[bytes]], None]


class Bundle:
    """Lines by topic and partition that go into one append, and who waits for it."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, int], list[bytes]] = {}
        self.waiting: list[tuple[Done, list[bytes]]] = []
        self.size = 0

    def add(self, topic: str, partition: int, line: bytes) -> None:
        """Put a line into the record of a topic's partition."""
        self.lines.setdefault((topic, partition), []).append(line)
        self.size += len(line) + 1

    def entries(self) -> list[Entry]:
        """Return the records, frames before the reports that name them, none longer than ``RECORD_BYTES_MAX``."""
        return [
            Entry(topic, partition, record)
            for (topic, partition), lines in sorted(self.lines.items(), key=lambda item: item[0])
            for record in records(lines)
        ]


def records(lines: Iterable[bytes]) -> Iterable[bytes]:
    """Join lines to NDJSON records of at most ``RECORD_BYTES_MAX``; a single line is never cut."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and size + len(line) > RECORD_BYTES_MAX:
            yield b"\n".join(part)
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    if part:
        yield b"\n".join(part)


class Gateway:
    """Files what arrives, and says when it is durable; for TCP connections and for the replay of files.

    ``clock`` stamps the receipt; ``dialect_of`` gives the wrong CRC that the registry accepts from an MN, or "". ``verdicts``
    counts frames by verdict, ``counted`` holds "bytes_accepted", "bytes_quarantined", "bytes_noise", "reports", "readings",
    "answers", "appends" and "log_full".
    """

    def __init__(self, log: Log, clock: Callable[[], datetime], name: str, dialect_of: Callable[[str], str]) -> None:
        self.name = name
        self.verdicts: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()
        self._log = log
        self._clock = clock
        self._dialect_of = dialect_of
        self._bundle = Bundle()
        self._appending = 0
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._room: list[Callable[[], None]] = []
        self._partition = lru_cache(PARTITIONS_CACHED_MAX)(lambda source: partition_of(source, log.partitions))

    @property
    def pending_bytes(self) -> int:
        """Bytes that are not durable yet."""
        return self._bundle.size + self._appending

    def full(self, backfill: bool) -> bool:
        """Whether a connection should not be read now; ``backfill`` says that it sends what is old."""
        return self.pending_bytes >= (PENDING_BYTES_BACKFILL if backfill else PENDING_BYTES_MAX)

    def on_room(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` after every append; servers read on then."""
        self._room.append(callback)

    def framer(self) -> Framer:
        """Return a framer that accepts the dialects of this gateway's registry."""
        return Framer(self._dialect_of)

    def start(self) -> None:
        """Begin to append, on the running loop."""
        assert self._task is None, "the gateway runs already"
        self._stopping = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name="gateway append")

    async def stop(self) -> None:
        """Append what waits, then end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
            self._task = None

    def submit(self, pieces: Iterable[Piece], peer: str, done: Done | None = None, received: datetime | None = None) -> bool:
        """File pieces; ``done`` is called with the answers, in order, when all of them are durable.

        Never waits and never refuses: who calls it stops reading while ``full``. ``received`` overrides the clock (replay).

        Returns:
            Whether the last report among the pieces was backfill.
        """
        now = received or self._clock()
        bundle, answers = self._bundle, []
        backfill = False
        for piece in pieces:
            if piece.kind not in ("frame", "quarantined"):
                self.counted["bytes_" + piece.account] += len(piece.data)
                continue
            judged = judge(piece, now)
            self.counted["bytes_accepted" if judged.reason is None else "bytes_quarantined"] += len(piece.data)
            self.verdicts[judged.reason or "ok"] += 1
            partition = self._partition(judged.source or "")
            line = judged.frame_line(now, peer)
            bundle.add("frames", partition, line)
            if judged.reason is not None:
                bundle.add("quarantine", partition, line)
            for report in judged.readings:
                bundle.add("reports", partition, report_line(report))
                self.counted["readings"] += len(report.factors)
                backfill = report.backfill
            self.counted["reports"] += len(judged.readings)
            if judged.answer is not None:
                answers.append(judged.answer)
        if bundle.size or self._appending:
            if done is not None:
                bundle.waiting.append((done, answers))
            self._wake.set()
        elif done is not None:
            done(answers)
        return backfill

    def keep_noise(self, data: bytes, size: int, peer: str) -> None:
        """Keep the head of a connection that sent nothing but ``size`` bytes of junk as a quarantine record."""
        kept = data[:NOISE_KEPT_BYTES]
        record = Frame(
            id=frame_id(kept),
            received=self._clock(),
            peer=peer,
            protocol="hj212",
            raw=kept.decode("latin-1"),
            verdict=NOISE,
            detail=f"{size} bytes, the first {len(kept)} kept",
        )
        self._bundle.add("quarantine", self._partition(""), record.line())
        self._wake.set()

    async def durable(self, pieces: Iterable[Piece], peer: str, received: datetime | None = None) -> list[bytes]:
        """File pieces and return the answers when they are durable; waits while the gateway is full."""
        while self.full(backfill=False):
            await asyncio.sleep(RETRY_S)
        future: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self.submit(pieces, peer, future.set_result, received)
        return await future

    async def tick(self) -> bool:
        """Append the clock's time to every partition of ``reports``; False where the log was full. Due every 10 s."""
        line = Tick(tick=self._clock(), gateway=self.name).line()
        try:
            await self._log.append([Entry("reports", partition, line) for partition in range(self._log.partitions)])
        except LogFull:
            self.counted["log_full"] += 1
            return False
        return True

    async def _run(self) -> None:
        while not (self._stopping and not self._bundle.size and not self._bundle.waiting):
            await self._wake.wait()
            self._wake.clear()
            if not self._stopping:
                await asyncio.sleep(FLUSH_S)
            bundle, self._bundle = self._bundle, Bundle()
            self._appending = bundle.size
            if bundle.lines:
                await self._append(bundle.entries())
            self._appending = 0
            for done, answers in bundle.waiting:
                self.counted["answers"] += len(answers)
                done(answers)
            for callback in self._room:
                callback()

    async def _append(self, entries: list[Entry]) -> None:
        while True:
            try:
                await self._log.append(entries)
                self.counted["appends"] += 1
                return
            except LogFull:
                self.counted["log_full"] += 1
                await asyncio.sleep(RETRY_S)
