"""What a source's page says of the checks of its monitors, and which check an hour without a value is due to."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ingest.records import Mark
from ingest.registry import part_of
from plumeline.console import parts, words
from plumeline.console.html import Child, h
from plumeline.console.shell import Context
from plumeline.texts import t
from plumeline.texts.wording import said
from processors.check_steps import CheckBounds
from processors.checks import FAILED, Judged, Unfit, judged_checks, unfit_stretches
from processors.figures import DAY_MS, Figure, epoch_ms
from processors.points import FOREVER_MS, Points, Rules
from processors.rules.drift import OUT_OF_CONTROL, OVERDUE
from processors.rules.verdict import number_text

DAYS = 100
"""Days whose checks are shown."""
CHECKS_MAX = 60
"""Checks listed, newest first."""
_COLOURS = {"in tolerance": "grey", "adjust": "yellow", "out of control": "orange", OVERDUE: "orange", FAILED: "orange"}


def section(context: Context, source: str) -> Markup:
    """Return each channel's last check with drift, bounds and due date, and the checks before it; nothing where there are none."""
    now_ms = context.now_ms
    checks, unfit = _judged(context, source, now_ms - DAYS * DAY_MS)
    if not checks:
        return Markup()
    last = {(c.factor, c.check): c for c in checks}
    now = {(u.factor, u.check): u for u in unfit if u.start_ms <= now_ms < u.end_ms}
    rows = [_channel(context, source, each, now.get(key)) for key, each in sorted(last.items())]
    heads = ["factor", "check", "last", "drift", "bounds", "state", "due"]
    older = [_check(context, source, each) for each in sorted(checks, key=lambda c: (c.mark.start, c.mark.id), reverse=True)]
    more = ["time", "factor", "check", "by", "reference", "before", "after", "drift", "found"]
    return parts.section(
        t("checks"),
        parts.table([t(f"checks.{head}") for head in heads], rows),
        h(
            "details",
            h("summary", t("checks.all", n=len(checks), days=DAYS)),
            parts.table([t(f"checks.{head}") for head in more], older[:CHECKS_MAX]),
            parts.rest(len(older), CHECKS_MAX) if len(older) > CHECKS_MAX else None,
            cls="fold",
        ),
    )


def behind(context: Context, figure: Figure) -> list[str]:
    """Return sentences about the checks by which a figure has no value; none where that has another cause."""
    if figure.ok or not any(cause in (figure.reason or "") for cause in (OUT_OF_CONTROL, OVERDUE, FAILED)):
        return []
    checks, unfit = _judged(context, figure.source, 0)
    end_ms, by_id = words.period_end(figure.level, figure.start_ms), {c.mark.id: c for c in checks}
    told = []
    for each in unfit:
        if each.factor == figure.factor and each.start_ms < end_ms and each.end_ms > figure.start_ms:
            found = by_id[each.mark]
            facts = {
                "check": t(f"check.{each.check}"),
                "time": words.clock(epoch_ms(found.mark.start), context.now_ms),
                "author": found.mark.author,
            }
            if each.cause == OUT_OF_CONTROL:
                told.append(t("checks.behind.out", **facts, why=said(found.reason)))
            elif each.cause == FAILED:
                until = t("checks.behind.awaited") if each.end_ms == FOREVER_MS else words.clock(each.end_ms, context.now_ms)
                since = words.clock(each.start_ms, context.now_ms)
                told.append(t("checks.behind.failed", **facts, why=said(found.reason), since=since, until=until))
            else:
                told.append(t("checks.behind.overdue", **facts, due=words.clock(each.start_ms, context.now_ms)))
    return told


def _judged(context: Context, source: str, from_ms: int) -> tuple[list[Judged], list[Unfit]]:
    """Return the checks of a source from a time on, judged as the engine does."""
    marks = context.console.store.marks(source, from_ms, context.now_ms + DAY_MS)
    known: Sequence[Mark] = [m.check for m in marks if m.check is not None]
    if not known:
        return [], []
    points = Points(part_of(context.console.registry(), lambda one: one == source), Rules())
    checks = judged_checks(known, points)
    return checks, unfit_stretches(checks, points)


def _channel(context: Context, source: str, last: Judged, now: Unfit | None) -> Markup:
    state = now.cause if now is not None else last.left
    cells: list[Child] = [
        context.names.factor(source, last.factor),
        t(f"check.{last.check}"),
        words.clock(epoch_ms(last.mark.start), context.now_ms),
        _pct(last),
        _bounds(last.bounds) if last.bounds is not None else said(last.reason),
        parts.chip(_COLOURS[state], t(f"checks.state.{state}")) if state is not None else t("verdict.not_judged"),
        words.clock(last.due_ms, context.now_ms) if last.due_ms is not None else "—",
    ]
    return h("tr", [h("td", cell) for cell in cells], data_key=f"{last.factor}/{last.check}")


def _check(context: Context, source: str, each: Judged) -> Markup:
    mark = each.mark
    cells: list[Child] = [
        words.clock(epoch_ms(mark.start), context.now_ms),
        context.names.factor(source, each.factor),
        t(f"check.{each.check}"),
        mark.author,
        _reference(each),
        *("—" if number is None else words.number(number) for number in (mark.before, mark.after)),
        _pct(each),
        said(each.reason),
    ]
    return h("tr", [h("td", cell) for cell in cells], data_key=mark.id)


def _reference(check: Judged) -> str:
    """Return what should have been shown, and the gas that it was given as: "48.214 (30 ppm propane)"."""
    given = "—" if check.mark.reference is None else words.number(check.mark.reference)
    if check.mark.gas is None:
        return given
    shown = "—" if check.reference is None else number_text(check.reference)
    return f"{shown} ({given} {said(check.mark.gas)})"


def _pct(check: Judged) -> str:
    return "—" if check.pct is None else f"{number_text(check.pct)}{words.NBSP}%"


def _bounds(row: CheckBounds) -> str:
    """Return the allowed drift and the wider bound: "2.5 % / 5 %"."""
    return " / ".join(
        ", ".join([*([f"{pct:f}{words.NBSP}%"] if pct is not None else []), *([f"{size:f}"] if size is not None else [])])
        or "—"
        for pct, size in ((row.allowed_pct, row.allowed), (row.out_of_control_pct, row.out_of_control))
    )
