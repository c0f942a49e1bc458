"""Records of which InfluxDB holds several points, made one again: a frame that came twice or was tried again, an episode retold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ingest.records import Frame
from processors.figures import Episode, epoch_ms
from processors.influx import RETRIED
from processors.store import StoredFrame


def folded(rows: Iterable[str]) -> list[StoredFrame]:
    """Return the frames of rows, one an id, newest receipt first: as it came first, with what was last made of it.

    A frame that came again changes nothing, except that one tried again is read, and that lines which fail once more say so.
    """
    copies: dict[str, list[Frame]] = {}
    for row in rows:
        frame = Frame.model_validate_json(row)
        copies.setdefault(frame.id, []).append(frame)
    found = [_one(frames) for frames in copies.values()]
    return sorted(found, key=lambda f: (f.received_ms, f.id), reverse=True)


def newest_episodes(episodes: Iterable[Episode]) -> list[Episode]:
    """Return the version of each episode that knows most."""
    found: dict[str, Episode] = {}
    for e in episodes:
        if e.id not in found or _known(found[e.id]) <= _known(e):
            found[e.id] = e
    return list(found.values())


def _one(copies: list[Frame]) -> StoredFrame:
    first = min(copies, key=lambda f: f.received)
    said, *later = sorted(copies, key=_judged)
    for frame in later:
        read, failed = frame.verdict == "ok", frame.verdict != "ok" and frame.protocol == "reports"
        if failed or (read and said.verdict != "ok"):
            said = frame
    return replace(_stored(said), received_ms=epoch_ms(first.received), peer=first.peer, answered=first.answered)


def _judged(frame: Frame) -> datetime:
    """Return when a frame's verdict was made: when it was received, or when it was tried again, which its detail begins with."""
    detail = frame.detail or ""
    if detail.startswith(RETRIED):
        return datetime.fromisoformat(detail.removeprefix(RETRIED).split(" ", 1)[0])
    return frame.received


def _stored(f: Frame) -> StoredFrame:
    received, raw = epoch_ms(f.received), f.raw.encode("latin-1")
    return StoredFrame(f.id, f.source, received, f.peer, f.protocol, f.verdict, f.crc, f.answered, f.detail, raw)


def _known(e: Episode) -> tuple[int, int, bool]:
    return e.as_of_ms, e.hours, e.state != "open"
