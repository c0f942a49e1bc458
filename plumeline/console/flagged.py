"""Which readings behind a figure a quality test flagged, and by which rule: made again by the functions that told the finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
from markupsafe import Markup

from alerts.standards import standard_words
from ingest.registry import part_of
from plumeline.console import parts, words
from plumeline.console.findings import url
from plumeline.console.furnace import mark_of
from plumeline.console.html import h, link
from plumeline.console.minutes import Key, factors_behind
from plumeline.console.shell import Context
from plumeline.explain import plain
from plumeline.texts import spoken, t
from plumeline.texts.wording import said, sure
from processors.closing import Closed
from processors.figures import DAY_MS, SCALE, Event, local_iso
from processors.packs import Pack, chosen
from processors.points import Points, Rules
from processors.rules.qartod import FAIL, SUSPECT
from processors.screening import FINDING
from processors.series import FLAG_NAMES, flags_of_day
from processors.series_steps import AnySeries, SeriesStep
from processors.shelf import spans_of

FINDINGS_MAX = 1_000
"""Newest findings of a source among which those of a day are looked for."""
SHOWN_MAX = 100
"""Flagged readings listed."""


@dataclass(frozen=True)
class Flagged:
    """A reading that a test calls suspect or failed; ``said`` is the test with its thresholds, ``event`` the finding it was told in."""

    time_ms: int
    factor: str
    value: Decimal | None
    flag: int
    said: str
    rule: AnySeries
    pack: Pack
    event: Event

    def as_json(self) -> dict[str, Any]:
        """Return it as data."""
        return {
            "time": local_iso(self.time_ms),
            "factor": self.factor,
            "value": None if self.value is None else plain(self.value),
            "flag": FLAG_NAMES[self.flag],
            "rule": self.rule.id,
            "test": self.said,
            "finding": self.event.id,
        }


def flagged_of(context: Context, key: Key) -> list[Flagged]:
    """Return the flagged readings that a figure of a day or less rests on, by time; none before the day's findings are told.

    Only tests that told a finding are run again. The end of a day is judged with the next one, so both days' findings are looked at.
    """
    if key.level not in ("minute", "halfhour", "hour", "day"):
        return []
    first_ms, factors = words.day_start(key.start_ms), factors_behind(context, key)
    days = {local_iso(day)[:10]: day for day in (first_ms, first_ms + DAY_MS)}
    told = [
        e
        for e in context.console.store.events(key.source, FINDING, FINDINGS_MAX)
        if e.factor in factors and "not_evaluated" in e.facts and e.facts["day"] in days
    ]
    found = [
        one for day, day_ms in days.items() for one in _of_day(context, key, day_ms, [e for e in told if e.facts["day"] == day])
    ]
    return sorted(found, key=lambda one: (one.time_ms, one.factor, one.rule.id))


def section(context: Context, key: Key, found: list[Flagged]) -> Markup:
    """Return them as a table; nothing where no reading is flagged."""
    if not found:
        return Markup()
    zh = spoken() == "zh"
    rows = [
        h(
            "tr",
            h("td", words.clock(one.time_ms, key.start_ms, seconds=True)),
            h("td", context.names.factor(key.source, one.factor)),
            h("td", words.number(one.value), " ", context.names.unit(key.source, one.factor), cls="num"),
            h("td", parts.chip("blue", t(f"flagged.{FLAG_NAMES[one.flag]}"))),
            h("td", said(one.said)),
            h(
                "td",
                link(url(key.source, one.event.id), one.rule.id),
                f" {standard_words(one.rule.standard, spoken())}，{one.rule.clause_zh}"
                if zh
                else f" {one.rule.standard}, {one.rule.clause}",
                h("small", " · ", sure(one.rule.confidence)),
            ),
        )
        for one in found[:SHOWN_MAX]
    ]
    heads = [t("reading.time"), t("reading.factor"), t("value"), t("flagged.flag"), t("flagged.test"), t("flagged.rule")]
    return parts.section(
        t("flagged"), parts.quiet(t("flagged.what")), parts.table(heads, rows), parts.rest(len(found), SHOWN_MAX)
    )


def _of_day(context: Context, key: Key, day_ms: int, told: list[Event]) -> Iterator[Flagged]:
    """Yield what the tests that told a finding of a day flag within a figure's period."""
    if not told:
        return
    points = Points(part_of(context.console.registry(), lambda name: name == key.source), Rules())
    row = points.sources.get(key.source)
    if row is None:
        return
    pack, store = chosen(row, points.packs), context.console.store
    events = {(e.facts["rule"], e.factor): e for e in told}
    ids = {rule for rule, _ in events}
    stored = [mark_of(mark) for mark in store.marks(key.source, day_ms - DAY_MS, day_ms + DAY_MS)]
    past: Any = store  # of the past only readings are asked for
    closed = Closed(row, day_ms, context.now_ms, day_ms + DAY_MS, pack, points, spans_of(stored, points), stored, past)
    covers_ms = 1 if row.label == "end" else 0
    within = (pl.col("time_ms") - covers_ms).is_between(key.start_ms, words.period_end(key.level, key.start_ms), closed="left")
    for tested in flags_of_day(closed, (r for r in pack.rules if isinstance(r, SeriesStep) and r.id in ids)):
        factor = points.keys[tested.pid].factor
        event = events.get((tested.rule.id, factor))
        if event is None:
            continue
        for time_ms, value, flag in tested.rows.filter(within & pl.col("flag").is_in([SUSPECT, FAIL])).iter_rows():
            number = None if value is None else Decimal(value).scaleb(-SCALE)
            yield Flagged(time_ms, factor, number, flag, tested.test.said(), tested.rule, pack, event)
