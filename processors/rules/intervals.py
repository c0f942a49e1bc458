"""Energy of a register's segments over periods: split at the edges, linearly in time, conserving the sum exactly.

Times are epoch milliseconds, energy is in millionths on the primary side. Source: energy_rules 2.5 (boundary split).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from processors.figures import local_iso
from processors.rules.registers import Segment


@dataclass(frozen=True, slots=True)
class Interval:
    """Energy of ``[start_ms, end_ms)`` by quality code, in millionths, and how much of the interval segments cover."""

    start_ms: int
    end_ms: int
    covered_ms: int
    by_quality: dict[int, int]

    @property
    def energy(self) -> int | None:
        """The interval's energy; None where nothing covers it: missing is not zero."""
        return sum(self.by_quality.values()) if self.covered_ms else None


def intervals(segments: Iterable[Segment], edges: Sequence[int]) -> list[Interval]:
    """Split segments over consecutive edges, linearly in time, conserving their sum exactly.

    The energy up to an edge is rounded half up once and intervals are differences of it. At an edge at most one segment is
    cut, so whole segments before the first edge shift everything by an integer: leaving them out changes nothing.

    Args:
        segments: a set, in any order, that does not overlap.
        edges: ascending times [ms]; ``n`` edges make ``n - 1`` intervals.

    Raises:
        ValueError: segments overlap or edges do not ascend.

    Source:
        energy_rules 2.5, boundary split: U(b) is linear between accepted readings; energy = U(b+1) - U(b).
    """
    ordered = sorted(segments)
    for before, after in pairwise(ordered):
        if after.start_ms < before.end_ms:
            raise ValueError(
                f"segments overlap: one ends {local_iso(before.end_ms)}, the next starts {local_iso(after.start_ms)}"
            )
    if any(not start < end for start, end in pairwise(edges)):
        raise ValueError("edges must ascend")
    starts = [segment.start_ms for segment in ordered]
    covered = [0, *accumulate(segment.end_ms - segment.start_ms for segment in ordered)]
    wholes: dict[int, list[int]] = {
        code: [0, *accumulate(segment.energy if segment.quality == code else 0 for segment in ordered)]
        for code in sorted({segment.quality for segment in ordered})
    }

    def up_to(edge_ms: int) -> tuple[int, dict[int, int]]:
        """Return covered time and energy by code before an edge."""
        begun = bisect_right(starts, edge_ms)
        energy = {code: sums[begun] for code, sums in wholes.items()}
        if begun == 0 or ordered[begun - 1].end_ms <= edge_ms:
            return covered[begun], energy
        cut = ordered[begun - 1]
        elapsed_ms, length_ms = edge_ms - cut.start_ms, cut.end_ms - cut.start_ms
        energy[cut.quality] += (2 * cut.energy * elapsed_ms + length_ms) // (2 * length_ms) - cut.energy
        return covered[begun - 1] + elapsed_ms, energy

    made = []
    for (start_ms, (from_ms, before_e)), (end_ms, (to_ms, after_e)) in pairwise((edge, up_to(edge)) for edge in edges):
        touching = {s.quality for s in _touching(ordered, starts, start_ms, end_ms)}
        made.append(Interval(start_ms, end_ms, to_ms - from_ms, {c: after_e[c] - before_e[c] for c in wholes if c in touching}))
    return made


def _touching(ordered: Sequence[Segment], starts: Sequence[int], start_ms: int, end_ms: int) -> Iterable[Segment]:
    """Return the segments that share time with an interval."""
    first = max(bisect_right(starts, start_ms) - 1, 0)
    for segment in ordered[first:]:
        if segment.start_ms >= end_ms:
            return
        if segment.end_ms > start_ms:
            yield segment
