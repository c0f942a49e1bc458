"""What is told when a mark comes: that it is late, that it contradicts another, that a quota is nearly used up."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import polars as pl

from ingest.records import Mark
from processors.exempting import allowance_uses, mark_words, quota_uses, times_of
from processors.figures import HOUR_MS, OFFSET_MS, epoch_ms, local_iso
from processors.findings import Findings
from processors.output import Output
from processors.packs import MarkAllowance, MarkConflict, MarkDeadline, MarkExempt, Pack, chosen
from processors.points import Points
from processors.rules.marks import late_marks, mark_conflicts
from processors.rules.quotas import quota_use


def told(
    mark: Mark, marks: Iterable[Mark], hours: int, days: int, now_ms: int, points: Points, findings: Findings, out: Output
) -> None:
    """Tell what a mark of a known source means that has just come, by which decided ``hours`` are made and ``days`` are closed anew."""
    known = [m for m in marks if m.source == mark.source and m.state == "confirmed"]
    if hours or days:
        _late(mark, hours, days, now_ms, points, findings, out)
    if mark.state == "confirmed":
        _conflicts(mark, known, now_ms, points, findings, out)
        _quota(mark, known, now_ms, points, findings, out)
        _allowance(mark, known, now_ms, points, findings, out)


def deadline_ms(pack: Pack, start_ms: int, offset_ms: int = OFFSET_MS) -> int | None:
    """Return until when a mark that begins at a time may be set by a rule pack, None where it says nothing."""
    rule = pack.rule(MarkDeadline)
    if rule is None:
        return None
    row = pl.DataFrame({"start_ms": [start_ms], "set_ms": [start_ms]})
    return int(late_marks(row, deadline_h=rule.mark_deadline_h, offset_ms=offset_ms)["deadline_ms"][0])


def _late(mark: Mark, hours: int, days: int, now_ms: int, points: Points, findings: Findings, out: Output) -> None:
    start, end, set_at = (local_iso(epoch_ms(time)) for time in (mark.start, mark.end, mark.set_at))
    due = deadline_ms(chosen(points.sources[mark.source], points.packs), epoch_ms(mark.start), points.rules.offset_ms)
    late = due is not None and now_ms > due
    anew = f"decided hours made anew: {hours}" if hours else f"decided days closed anew: {days}"
    if mark.state == "rejected":
        text = f"{mark.author} rejected the mark {mark_words(mark.type)} from {start} to {end}; {anew}"
    elif mark.state == "draft":
        text = f"{mark.author} made the mark {mark_words(mark.type)} from {start} to {end} a draft again; {anew}"
    elif due is None:
        text = f"{mark.author} marked {mark_words(mark.type)} from {start} to {end}; {anew}"
    elif late:
        text = (
            f"{mark.author} marked {mark_words(mark.type)} from {start} to {end}, after the deadline of {local_iso(due)};"
            f" {anew}"
        )
    else:
        text = (
            f"{mark.author} marked {mark_words(mark.type)} from {start} to {end}, before the deadline of {local_iso(due)};"
            f" {anew}"
        )
    facts = {
        "text": text,
        "mark": mark.id,
        "type": mark.type,
        "author": mark.author,
        "set_at": set_at,
        "hours": hours,
        "days": days,
    }
    facts |= {"start": start, "end": end, "state": mark.state, "reason": mark.reason, "late": late}
    facts |= {} if due is None else {"deadline": local_iso(due)}
    findings.event("mark.late", mark.source, None, now_ms, f"{mark.id}/{set_at}/{mark.state}", facts, out)


def _conflicts(mark: Mark, known: list[Mark], now_ms: int, points: Points, findings: Findings, out: Output) -> None:
    pack = chosen(points.sources[mark.source], points.packs)
    rule = pack.rule(MarkConflict)
    plant = {mark_words(each) for each, does in pack.marks.items() if does.data in ("exempt", "not operating")}
    if rule is None or mark_words(mark.type) not in plant:
        return
    rows = [(0, m.id, mark_words(m.type), epoch_ms(m.start), epoch_ms(m.end)) for m in known]
    schema = {"pid": pl.Int64, "id": pl.String, "mark": pl.String, "start_ms": pl.Int64, "end_ms": pl.Int64}
    found = mark_conflicts(
        pl.DataFrame(rows, schema=schema, orient="row"), plant=plant, restart_s_max=rule.restart_h_max * (HOUR_MS // 1000)
    )
    for first, second, start, end, reason in found.drop("pid").rows():
        if mark.id in (first, second):
            text = f"{reason}, from {local_iso(start)} to {local_iso(end)}: keep one of the marks {first} and {second} and reject the other"
            facts = {"text": text, "first": first, "second": second, "start": local_iso(start), "end": local_iso(end)}
            findings.event("mark.conflict", mark.source, None, now_ms, f"{first}/{second}", facts, out)


def _quota(mark: Mark, known: list[Mark], now_ms: int, points: Points, findings: Findings, out: Output) -> None:
    """Tell a quota of which as much is used as the rule pack warns at, once a quota and year."""
    pack = chosen(points.sources[mark.source], points.packs)
    rule = pack.rule(MarkExempt)
    if rule is None or rule.quota_warn_pct is None or all(mark.type not in each.marks for each in rule.exemptions):
        return
    uses = quota_uses(times_of(known), pack, points.rules.offset_ms)
    used = {(use.exemption.quota, local_iso(use.start_ms)[:4]): use for use in uses}
    for (quota, year), use in used.items():
        exemption, used_ms = use.exemption, use.used_ms
        if exemption.year_h is None or mark.type not in exemption.marks:
            continue
        verdict = quota_use(Fraction(used_ms, HOUR_MS), year_h=exemption.year_h, warn_pct=rule.quota_warn_pct)
        if verdict.outcome == "fails":
            text = (
                f"exempt time of {year}, {mark_words(mark.type)} among it: {verdict.reason}; beyond it marked hours are judged"
            )
            facts = {"text": text, "quota": quota, "year": year}
            findings.event("mark.quota", mark.source, None, now_ms, f"{quota}/{year}", facts, out)


def _allowance(mark: Mark, known: list[Mark], now_ms: int, points: Points, findings: Findings, out: Output) -> None:
    """Tell an allowance of which as much is used as the rule pack warns at, and one that is passed, each once a year."""
    pack = chosen(points.sources[mark.source], points.packs)
    rule = pack.rule(MarkAllowance)
    if rule is None or all(mark.type not in each.marks for each in rule.allowances):
        return
    for allowance, start, used_h in allowance_uses(times_of(known), pack, points.rules.offset_ms):
        passed, year = used_h > allowance.year_h, local_iso(start)[:4]
        verdict = quota_use(used_h, year_h=allowance.year_h, warn_pct=rule.allowance_warn_pct)
        if mark.type not in allowance.marks or verdict.outcome != "fails":
            continue
        rest = "more than is allowed, to be explained to the authority" if passed else "plan what is left"
        text = f"time of {year} under {mark_words(mark.type)}: {verdict.reason}; {rest}"
        facts = {"text": text, "quota": allowance.quota, "year": year, "passed": passed}
        name = f"{allowance.quota}/{year}{'/passed' if passed else ''}"
        findings.event("mark.allowance", mark.source, None, now_ms, name, facts, out)
