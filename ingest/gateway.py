"""The gateway: pieces of streams become records on the log; an answer is given when frame and report are durable.

``batch`` is pure: it files pieces and holds entries and answers. Whoever has a socket appends the entries first, then
sends the answers; where the log is full they wait, stop reading, and go on with live data before backfill.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from ingest.hj212.framing import Piece
from ingest.hj212.reading import report_line
from ingest.hj212.verdict import Stream
from ingest.log import Appends, Entry, LogFull, partition_of
from ingest.records import Frame, Tick, frame_id
from ingest.waiting import topic_of

RECORD_BYTES_MAX = 524_288
"""Bytes of one log record; longer bundles are cut between lines. (Kafka's default bound is 1 MB.)"""
NOISE_KEPT_BYTES = 4_096
"""Bytes kept of a connection that sent nothing but junk."""
NOISE = "noise: no HJ 212 frame on this connection"
"""Verdict on a connection that sent nothing but junk."""


@dataclass(slots=True)
class Batch:
    """What goes into one append: lines by topic and partition, and what the devices are owed afterwards, in order.

    ``backfill`` says that the last report in it was sent late.
    """

    lines: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)
    backfill: bool = False

    def add(self, topic: str, partition: int, line: bytes) -> None:
        """Put a line into the record of a topic's partition."""
        self.lines.setdefault((topic, partition), []).append(line)

    def entries(self) -> list[Entry]:
        """Return the records, frames before the reports that name them, one a topic and partition unless over-long."""
        return [
            Entry(topic, partition, record)
            for (topic, partition), lines in sorted(self.lines.items())
            for record in records(lines)
        ]


def records(lines: Iterable[bytes]) -> Iterator[bytes]:
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
    """Files what arrives, for TCP connections and for the replay of files.

    ``clock`` gives the time of receipt; ``dialect_of`` the wrong CRC that the registry accepts from an MN, or "". ``verdicts``
    counts frames by verdict; ``counted`` holds "bytes_accepted", "bytes_quarantined", "bytes_noise", "reports", "readings",
    "answers" and "log_full".
    """

    def __init__(self, log: Appends, clock: Callable[[], datetime], name: str, dialect_of: Callable[[str], str]) -> None:
        self.log = log
        self.clock = clock
        self.name = name
        self.dialect_of = dialect_of
        self.verdicts: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()
        self._partition = partial(partition_of, partitions=log.partitions)

    def batch(self, pieces: Iterable[Piece], received: datetime, peer: str, stream: Stream | None = None) -> Batch:
        """File pieces of one connection: every candidate a frame record, quarantined ones a second time on ``quarantine``.

        ``stream`` knows what the connection sent before.
        """
        batch = Batch()
        stream = stream or Stream()
        for piece in pieces:
            if piece.kind not in ("frame", "quarantined"):
                self.counted["bytes_" + stream.account(piece)] += len(piece.data)
                continue
            judged = stream.judge(piece, received)
            self.counted["bytes_accepted" if judged.reason is None else "bytes_quarantined"] += len(piece.data)
            self.verdicts[judged.reason or "ok"] += 1
            partition = self._partition(judged.source or "")
            line = judged.frame_line(received, peer)
            batch.add("frames", partition, line)
            if judged.reason is not None:
                batch.add("quarantine", partition, line)
            for report in judged.readings:
                batch.add(topic_of(report.kind, report.time, report.received), partition, report_line(report))
                self.counted["readings"] += len(report.factors)
                batch.backfill = report.backfill
            self.counted["reports"] += len(judged.readings)
            if judged.answer is not None:
                batch.answers.append(judged.answer)
        self.counted["answers"] += len(batch.answers)
        return batch

    def junk(self, head: bytes, size: int, received: datetime, peer: str) -> Batch:
        """Keep the head of a connection that sent nothing but ``size`` bytes of noise as a quarantine record."""
        kept = head[:NOISE_KEPT_BYTES]
        record = Frame(
            id=frame_id(kept),
            received=received,
            peer=peer,
            protocol="hj212",
            raw=kept.decode("latin-1"),
            verdict=NOISE,
            detail=f"{size} bytes, the first {len(kept)} kept",
        )
        batch = Batch()
        batch.add("quarantine", self._partition(""), record.line())
        return batch

    async def tick(self) -> bool:
        """Append the clock's time to every partition of ``reports``; False where the log was full. Due every 10 s."""
        line = Tick(tick=self.clock(), gateway=self.name).line()
        try:
            await self.log.append([Entry("reports", partition, line) for partition in range(self.log.partitions)])
        except LogFull:
            self.counted["log_full"] += 1
            return False
        return True
