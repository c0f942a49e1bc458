"""What pages say of results of manual monitoring: each in a few words, and those that stand behind a mass."""

from __future__ import annotations

from ingest.records import MANUAL, Mark
from plumeline.console import words
from plumeline.console.shell import Context
from plumeline.texts import t
from plumeline.texts.wording import said
from processors.figures import DAY_MS, Figure, period_start_ms
from processors.missing_steps import FILLED
from processors.quarters import SUBSTITUTED
from processors.rules.verdict import number_text

WORDS = "results of manual monitoring"
"""In the note of an hour or a day that takes them."""


def words_of(result: Mark) -> str:
    """Return a result and its method: "12.5 kg/h, HJ 57-2017"; with its concentration, where it states one."""
    rate = "—" if result.result_kg_h is None else number_text(result.result_kg_h)
    concentration = "" if result.result_mg_l is None else f"{number_text(result.result_mg_l)}{words.NBSP}mg/L, "
    return f"{rate}{words.NBSP}kg/h, {concentration}{result.method}"


def behind(context: Context, figure: Figure) -> list[str]:
    """Return a sentence for each result of manual monitoring that an hour's or a day's figure was taken from; none where it was not.

    Of a day's mass, where these results made its concentration too, also a sentence with that.
    """
    if figure.stat not in (SUBSTITUTED, FILLED) or WORDS not in str(figure.explain.get("note")):
        return []
    day_ms = period_start_ms("day", figure.start_ms)
    found = context.console.store.marks(figure.source, day_ms, day_ms + DAY_MS)
    told = [
        t(
            "evidence.result",
            result=words_of(mark.result),
            start=words.clock(mark.start_ms, context.now_ms),
            end=words.clock(mark.end_ms, context.now_ms),
            author=mark.author,
            evidence=mark.evidence or t("evidence.result.no_record"),
        )
        for mark in sorted(found, key=lambda m: (m.start_ms, m.id))
        if mark.type == MANUAL and mark.result is not None and mark.state == "confirmed"
        if mark.start_ms >= day_ms and figure.factor in (mark.factors or ())
    ]
    mean = context.console.store.figure(figure.source, figure.factor, FILLED, "day", day_ms) if figure.level == "day" else None
    if mean is not None and mean.number is not None and mean.id != figure.id:
        note = said(str(mean.explain.get("note")))
        told.append(t("evidence.result.mean", value=number_text(mean.number), unit=mean.unit, note=note))
    return told
