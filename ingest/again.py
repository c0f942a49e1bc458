"""A quarantined input is judged anew, with the codec and the registry of now; what is readable becomes records like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from ingest.gateway import Batch
from ingest.hj212.framing import Framer
from ingest.hj212.reading import report_line
from ingest.hj212.verdict import Stream
from ingest.http import reason_of
from ingest.log import Entry, partition_of
from ingest.records import Frame, Report, iso

NO_FRAME = "no HJ 212 frame in it"
SEVERAL = "more than one frame in it"
DETAIL_CHARS_MAX = 500
"""Characters of a frame's detail, the note included."""


@dataclass(frozen=True, slots=True)
class Retrial:
    """What came of it: the reason for which it is refused again, or the records to append and how many reports they hold."""

    reason: str | None
    entries: tuple[Entry, ...] = ()
    reports: int = 0


def again(frame: Frame, dialect_of: Callable[[str], str], partitions: int, at: datetime, who: str) -> Retrial:
    """Judge a quarantined input as a gateway would that receives it now, on a connection of its own.

    Its records keep the time at which it was received. The frame's record keeps its id, says "ok", and notes who tried when and
    what it was quarantined for; no device is answered.

    Args:
        frame: as it was quarantined.
        dialect_of: the wrong CRC that the registry accepts from an MN, or "".
        partitions: of the log that the records are for.
        at, who: for the note.
    """
    note = f"tried again {iso(at)} by {who}; before: {frame.verdict}"
    if frame.protocol == "reports":
        return _lines(frame, partitions, note)
    framer, stream = Framer(dialect_of), Stream()
    pieces = framer.feed(frame.raw.encode("latin-1")) + framer.close()
    candidates = [piece for piece in pieces if piece.kind in ("frame", "quarantined")]
    if not candidates:
        return Retrial(NO_FRAME)
    judged = [stream.judge(piece, frame.received) for piece in candidates]
    first = judged[0]
    if first.reason is not None:
        return Retrial(first.reason)
    if len(judged) > 1 or first.id != frame.id:
        return Retrial(SEVERAL)
    record = Frame.model_validate_json(first.frame_line(frame.received, frame.peer))
    detail = "; ".join(text for text in (note, first.notes) if text)[:DETAIL_CHARS_MAX]
    batch = Batch()
    partition = partition_of(first.source or "", partitions)
    batch.add("frames", partition, record.model_copy(update={"detail": detail, "answered": frame.answered}).line())
    for readings in first.readings:
        batch.add("reports", partition, report_line(readings))
    return Retrial(None, tuple(batch.entries()), len(first.readings))


def _lines(frame: Frame, partitions: int, note: str) -> Retrial:
    """Judge report lines that the engine could not take in."""
    lines = [line for line in frame.raw.encode("latin-1").split(b"\n") if line.strip()]
    batch = Batch()
    for line in lines:
        try:
            report = Report.model_validate_json(line)
        except ValidationError as error:
            return Retrial(reason_of(error))
        batch.add("reports", partition_of(report.source, partitions), line)
    if not lines:
        return Retrial("no line in it")
    record = frame.model_copy(update={"verdict": "ok", "detail": note[:DETAIL_CHARS_MAX]})
    batch.add("frames", partition_of("", partitions), record.line())
    return Retrial(None, tuple(batch.entries()), len(lines))
