"""The book of checks: what those of each point found, when it was unfit, and the spans under which its values do not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ingest.records import Mark
from processors.checks import Judged, Unfit, check_spans, judged_checks, moved, unfit_stretches
from processors.points import Points
from processors.shelf import MarkSpan


@dataclass(slots=True)
class _Page:
    """The confirmed checks of one factor of a source by their ids, and what follows from them."""

    marks: dict[str, Mark] = field(default_factory=dict)
    judged: dict[str, Judged] = field(default_factory=dict)
    unfit: list[Unfit] = field(default_factory=list)
    spans: list[MarkSpan] = field(default_factory=list)


class CheckBook:
    """A cache of the marks that are known: a check that comes makes its own page anew."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self._pages: dict[tuple[str, str], _Page] = {}

    def renew(self, marks: Iterable[Mark]) -> None:
        """Begin anew with all marks that are known."""
        self._pages = {}
        for mark in marks:
            self._put(mark)
        for page in self._pages.values():
            self._work(page)

    def take(self, mark: Mark, old: Mark | None) -> dict[str, set[tuple[int, int]]]:
        """Take in a mark in place of what it said before; return by source the periods [start, end) in which something else is unfit now."""
        keys = {key for each in (mark, old) if each is not None and (key := _key(each)) is not None}
        before = {key: self._pages[key].unfit if key in self._pages else [] for key in keys}
        for key in keys & self._pages.keys():
            self._pages[key].marks.pop(mark.id, None)
        self._put(mark)
        periods: dict[str, set[tuple[int, int]]] = {}
        for key in keys & self._pages.keys():
            self._work(self._pages[key])
            periods.setdefault(key[0], set()).update(moved(before[key], self._pages[key].unfit))
        return periods

    def _put(self, mark: Mark) -> None:
        key = _key(mark)
        if key is not None and mark.state == "confirmed":
            self._pages.setdefault(key, _Page()).marks[mark.id] = mark

    def _work(self, page: _Page) -> None:
        found = judged_checks(page.marks.values(), self._points, page.judged)
        page.judged = {each.mark.id: each for each in found}
        page.unfit = unfit_stretches(found, self._points)
        page.spans = check_spans(found, page.unfit, self._points)

    def judged(self, mark: Mark) -> Judged | None:
        """Return what a check found; None of a mark that is none, or does not hold."""
        key = _key(mark)
        return None if key is None or key not in self._pages else self._pages[key].judged.get(mark.id)

    def spans(self, source: str | None) -> list[MarkSpan]:
        """Return the spans of a source, or of all, in the order of their names."""
        keys = sorted(key for key in self._pages if source in (None, key[0]))
        return [span for key in keys for span in self._pages[key].spans]

    def unfit(self) -> Iterator[Unfit]:
        """Yield when points were out of control or their checks overdue."""
        for key in sorted(self._pages):
            yield from self._pages[key].unfit


def _key(mark: Mark) -> tuple[str, str] | None:
    return None if mark.check is None or mark.factors is None else (mark.source, mark.factors[0])
