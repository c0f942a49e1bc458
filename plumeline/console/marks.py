"""The marks of a source: set one in somebody's name, with reason, evidence and deadline; see those of the year, and reject one."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import get_args

from markupsafe import Markup
from pydantic import ValidationError

from alerts.actions import WHO_MAX, WORDS_MAX, ActionRefused, checked
from ingest.http import year_fault
from ingest.log import LogFull
from ingest.records import CHECK_NUMBERS, MANUAL, RESULT_FIELDS, SAID_FIELDS, TEXT_MAX, CheckKind, Mark, MarkState, MarkType
from ingest.span_gas import CARBONS, MEASURED_AS
from plumeline.console import parts, results, words
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context, View
from plumeline.texts import t
from plumeline.texts.wording import said
from processors.exempting import allowance_uses, quota_uses
from processors.figures import DAY_MS, HOUR_MS, local
from processors.mark_findings import deadline_ms
from processors.packs import Pack, pack_of
from processors.pending import CONTRADICTED, Doubts
from processors.rules.verdict import number_text
from processors.store import StoredMark

SLOTS = ("head", "form", "list")
MARKS_MAX = 200
"""Marks listed; those of the present year and of what lies ahead."""
AHEAD_MS = 366 * DAY_MS
"""How far ahead a mark is looked for."""
SAID = (
    "filed",
    "draft",
    "confirmed",
    "rejected",
    "who",
    "words",
    "long",
    "times",
    "order",
    "type",
    "check",
    "gas",
    "result",
    "gone",
    "full",
    "away",
)
"""What the page answers after a form."""
DOUBTS_READ_MAX = 1_000
"""Newest contradictions of a source that are looked at."""
DIGITS_MAX = 20
"""Characters of a number."""
GAS_MAX = 40
"""Characters of unit and gas of a reference."""
KEPT = ("type", "factor", "start", "end", "reason", "evidence", *SAID_FIELDS)
"""Fields of a form that was refused which the page shows again."""
log = logging.getLogger("plumeline.console")


def view(context: Context) -> View:
    """Make the page of the source that ``source`` names."""
    source = context.query["source"]
    row = context.names.sources.get(source)
    if row is None:
        head = h("section", h("h1", t("source.missing")), h("p", h("code", source)), cls="state")
        return View({"head": head})
    pack = pack_of(row, context.console.registry().packs)
    year_ms = words.month_start(context.now_ms)
    year_ms = int(local(year_ms).replace(month=1, day=1).timestamp() * 1000)
    marks = context.console.store.marks(source, year_ms, context.now_ms + AHEAD_MS, rejected=True)
    said = context.query.get("said", "")
    head = h(
        "section",
        h("div", h("h1", t("marks.of", place=context.names.place(source))), cls="head"),
        h("p", t(f"marks.said.{said}"), cls="said", role="status") if said in SAID else None,
        h("p", t("marks.about")),
        _quotas(marks, pack),
        h("p", link(words.source_url(source), t("marks.source"), " →"), cls="onward"),
    )
    return View({"head": head, "form": _form(context, source, pack), "list": _list(context, source, marks)})


def act(context: Context, fields: Mapping[str, str]) -> str:
    """Set, confirm or reject the mark that a form names and return the address that shows what came of it."""
    source = fields.get("source", "")
    port, said = context.console.marks, "gone"
    try:
        who, why = checked("comment", fields.get("who", ""), fields.get("reason", ""))
        if port is not None and source in context.names.sources:
            known = fields.get("mark")
            mark = _made(context, source, who, why, fields) if known is None else _changed(context, source, who, why, fields)
            if mark is not None:
                port.file(mark)
                said = "filed" if known is None and mark.state == "confirmed" else mark.state
    except ActionRefused as refused:
        said = refused.reason
    except _Refused as refused:
        said = str(refused)
    except LogFull:
        said = "full"
    except Exception:
        log.exception("a mark was not filed")
        said = "away"
    done = said in ("filed", *get_args(MarkState)) or "mark" in fields  # why a mark was rejected is no reason for the next
    again = {} if done else {name: fields[name] for name in KEPT if fields.get(name)}
    return words.query(words.marks_url(source), said=said, **again)


class _Refused(Exception):
    """A mark that is not taken; the text is what the page answers."""


def _made(context: Context, source: str, who: str, why: str, fields: Mapping[str, str]) -> Mark:
    if fields.get("type") not in get_args(MarkType):
        raise _Refused("type")
    factor, evidence = fields.get("factor", ""), fields.get("evidence", "").strip()
    if factor and factor not in _factors(context, source):
        raise _Refused("gone")
    if len(evidence) > WORDS_MAX:
        raise _Refused("long")
    zone = local(context.now_ms).tzinfo
    try:
        start, end = (datetime.fromisoformat(fields.get(name, "")).replace(tzinfo=zone) for name in ("start", "end"))
    except ValueError:
        raise _Refused("times") from None
    if year_fault("start", start) or year_fault("end", end):
        raise _Refused("times")
    numbers = {name: fields[name].strip() for name in SAID_FIELDS if fields.get(name, "").strip()}
    named = "\x00".join(
        (
            source,
            factor,
            fields["type"],
            start.isoformat(),
            end.isoformat(),
            *(numbers[name] for name in ("check", "method") if name in numbers),
        )
    )
    row = {
        "id": "console-" + hashlib.blake2b(named.encode(), digest_size=8).hexdigest(),  # sent twice it is one mark
        "source": source,
        "factors": [factor] if factor else None,
        "type": fields["type"],
        "start": start,
        "end": end,
        "author": who,
        "set_at": local(context.now_ms),
        "reason": why,
        "evidence": evidence,
        "state": "draft" if fields.get("state") == "draft" else "confirmed",
    }
    try:
        return Mark.model_validate(row | numbers)
    except ValidationError as error:
        if any(fault["loc"] == ("gas",) for fault in error.errors()):
            raise _Refused("gas") from None
        if start < end and (fields["type"] == MANUAL or any(name in numbers for name in RESULT_FIELDS)):
            raise _Refused("result") from None
        raise _Refused("check" if numbers and start < end else "order") from None


def _changed(context: Context, source: str, who: str, why: str, fields: Mapping[str, str]) -> Mark | None:
    """Return the record that confirms or rejects a mark that is known and was not rejected, None where it is not."""
    known = context.console.store.marks(source, 0, context.now_ms + AHEAD_MS, rejected=True)
    found = next((m for m in known if m.id == fields["mark"] and m.state != "rejected"), None)
    if found is None:
        return None
    row = {
        "id": found.id,
        "source": source,
        "factors": None if found.factors is None else list(found.factors),
        "type": found.type,
        "start": local(found.start_ms),
        "end": local(found.end_ms),
        "author": who,
        "set_at": local(context.now_ms),
        "reason": why,
        "evidence": found.evidence,
        "state": "confirmed" if fields.get("state") == "confirmed" else "rejected",
    }
    told = found.check or found.result
    numbers = {} if told is None else {name: getattr(told, name) for name in SAID_FIELDS}
    return Mark.model_validate(row | numbers)


def _factors(context: Context, source: str) -> list[str]:
    return sorted(factor for of, factor in context.names.points if of == source)


def _quotas(marks: Sequence[StoredMark], pack: Pack) -> Markup | None:
    """Return how much of each quota of this year is used."""
    confirmed = [(m.type, m.start_ms, m.end_ms) for m in marks if m.state == "confirmed"]
    used = {use.exemption.quota: use for use in quota_uses(confirmed, pack)}
    items = []
    for use in used.values():
        if use.exemption.year_h is not None:
            kinds = words.listed([t(f"mark.{kind}") for kind in use.exemption.marks])
            told = number_text(round(Fraction(use.used_ms, HOUR_MS), 1))
            items.append(h("li", t("marks.quota", marks=kinds, used=told, of=f"{use.exemption.year_h:f}")))
    for allowance, _, used_h in allowance_uses(confirmed, pack):
        kinds = words.listed([t(f"mark.{kind}") for kind in allowance.marks])
        items.append(h("li", t("marks.allowance", marks=kinds, used=number_text(round(used_h, 1)), of=f"{allowance.year_h:f}")))
    return h("ul", items) if items else None


def _form(context: Context, source: str, pack: Pack) -> Markup:
    if context.console.marks is None:
        return parts.quiet(t("marks.elsewhere"))
    kept = context.query
    hour = local(words.hour_start(context.now_ms))
    start, end = kept.get("start", ""), kept.get("end", "")
    due = deadline_ms(pack, context.now_ms)
    kinds = [
        h("option", t(f"mark.{kind}") + _effect(pack, kind), value=kind, selected=kept.get("type") == kind)
        for kind in get_args(MarkType)
    ]
    factors = [h("option", t("marks.all"), value="")] + [
        h("option", context.names.factor(source, one), value=one, selected=kept.get("factor") == one)
        for one in _factors(context, source)
    ]
    body = h(
        "form",
        h("input", name="source", value=source, type="hidden"),
        _labelled("marks.type", h("select", kinds, name="type", required=True)),
        _labelled("marks.factor", h("select", factors, name="factor")),
        _labelled("marks.start", _time("start", start or _minute(hour - timedelta(hours=1)))),
        _labelled("marks.end", _time("end", end or _minute(hour))),
        _labelled("marks.who", h("input", name="who", maxlength=WHO_MAX, required=True, autocomplete="name")),
        _labelled(
            "marks.reason",
            h("input", name="reason", value=kept.get("reason", ""), maxlength=WORDS_MAX, required=True, autocomplete="off"),
        ),
        _labelled(
            "marks.evidence",
            h("input", name="evidence", value=kept.get("evidence", ""), maxlength=WORDS_MAX, autocomplete="off"),
        ),
        _check_fields(kept),
        _result_fields(kept),
        h("button", t("marks.set"), name="state", value="confirmed", cls="first"),
        h("button", t("marks.draft"), name="state", value="draft"),
        h("small", t("marks.deadline", time=words.clock(due, context.now_ms)) if due is not None else t("marks.deadline.none")),
        action="marks/set",
        method="post",
        cls="act fields",
    )
    return parts.section(t("marks.form"), body)


def _check_fields(kept: Mapping[str, str]) -> Markup:
    """Return the fields that say what a calibration found, folded until they are wanted."""
    kinds = [h("option", t("marks.check.none"), value="")] + [
        h("option", t(f"check.{kind}"), value=kind, selected=kept.get("check") == kind) for kind in get_args(CheckKind)
    ]
    numbers = [
        _labelled(
            f"marks.{name}",
            h("input", name=name, value=kept.get(name, ""), inputmode="decimal", maxlength=DIGITS_MAX, autocomplete="off"),
        )
        for name in CHECK_NUMBERS
    ]
    gas = h("input", name="gas", value=kept.get("gas", ""), list="gases", maxlength=GAS_MAX, autocomplete="off")
    known = [h("option", value=f"ppm {said(name)}") for name in (*CARBONS, *MEASURED_AS)]
    return h(
        "details",
        h("summary", t("marks.check"), " …"),
        h("p", t("marks.check.about"), cls="quiet"),
        _labelled("marks.check", h("select", kinds, name="check")),
        numbers,
        _labelled("marks.gas", gas),
        h("datalist", known, id="gases"),
        open=bool(kept.get("check")),
    )


def _result_fields(kept: Mapping[str, str]) -> Markup:
    """Return the fields of a result of manual monitoring, folded until they are wanted."""
    rate, method, concentration = (kept.get(name, "") for name in RESULT_FIELDS)
    return h(
        "details",
        h("summary", t("marks.result"), " …"),
        h("p", t("marks.result.about"), cls="quiet"),
        _labelled(
            "marks.result_kg_h",
            h("input", name="result_kg_h", value=rate, inputmode="decimal", maxlength=DIGITS_MAX, autocomplete="off"),
        ),
        _labelled(
            "marks.result_mg_l",
            h("input", name="result_mg_l", value=concentration, inputmode="decimal", maxlength=DIGITS_MAX, autocomplete="off"),
        ),
        _labelled("marks.method", h("input", name="method", value=method, maxlength=TEXT_MAX, autocomplete="off")),
        open=kept.get("type") == MANUAL or bool(rate or method or concentration),
    )


def doubts_of(context: Context, source: str) -> Doubts:
    """Return which marks of a source were told to be contradicted."""
    doubts = Doubts()
    doubts.take(context.console.store.events(source, CONTRADICTED, DOUBTS_READ_MAX))
    return doubts


def undecided(context: Context, source: str, start_ms: int, end_ms: int) -> list[Markup]:
    """Return a sentence for each draft and pending mark that overlaps a time."""
    doubts, told = doubts_of(context, source), []
    for mark in context.console.store.marks(source, start_ms, end_ms, rejected=True):
        state = "pending" if doubts.pending(mark, mark.set_at_ms) else mark.state
        if state in ("pending", "draft"):
            when = f"{words.clock(mark.start_ms, context.now_ms)} – {words.clock(mark.end_ms, context.now_ms)}"
            chip = parts.chip("blue", t(f"marks.state.{state}"))
            mine = [chip, f" {t(f'mark.{mark.type}')}, {when}: {t(f'marks.state.{state}.about')} "]
            told.append(h("p", mine, link(words.marks_url(source), t("source.marks"), " →")))
    return told


def _labelled(key: str, field: Markup) -> Markup:
    return h("label", h("span", t(key)), field)


def _time(name: str, value: str) -> Markup:
    return h("input", name=name, value=value, type="datetime-local", required=True)


def _minute(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M")


def _effect(pack: Pack, kind: MarkType) -> str:
    """Return what a mark does by the rule pack, in a few words after its name."""
    does = pack.marks.get(kind)
    if does is None or does.data != "exempt":
        return ""
    return "" if kind in pack.exempt_marks else t("marks.no_effect")


def _list(context: Context, source: str, marks: Sequence[StoredMark]) -> Markup:
    now_ms = context.now_ms
    doubts, rows = doubts_of(context, source), []
    for mark in sorted(marks, key=lambda m: (-m.start_ms, m.id))[:MARKS_MAX]:
        state = "pending" if doubts.pending(mark, mark.set_at_ms) else mark.state
        factors = (
            t("marks.all") if mark.factors is None else words.listed([context.names.factor(source, f) for f in mark.factors])
        )
        cells: list[Child] = [
            [
                parts.chip("grey", t(f"mark.{mark.type}")),
                h("small", " ", t(f"check.{mark.check.check}")) if mark.check else None,
                h("small", " ", results.words_of(mark.result)) if mark.result else None,
            ],
            f"{words.clock(mark.start_ms, now_ms)} – {words.clock(mark.end_ms, now_ms)}",
            factors,
            [h("b", mark.author), " ", words.clock(mark.set_at_ms, now_ms)],
            [mark.reason, h("small", " ", mark.evidence) if mark.evidence else None],
            t(f"marks.state.{state}") if state == "rejected" or context.console.marks is None else _decide(source, mark, state),
        ]
        rows.append(h("tr", [h("td", cell) for cell in cells], data_key=f"{mark.id}/{state}"))
    heads = [t("marks.type"), t("marks.period"), t("marks.factor"), t("marks.by"), t("marks.reason"), t("marks.state")]
    body = parts.table(heads, rows) if rows else parts.quiet(t("marks.none"))
    return parts.section(t("marks.list"), body, parts.rest(len(marks), len(rows)))


def _decide(source: str, mark: StoredMark, state: str) -> Markup:
    """Return how a mark stands, and the form by which somebody rejects it, or confirms a draft or a pending one."""
    who, why = t("action.who"), t("marks.why_not" if state == "confirmed" else "marks.reason")
    confirm = h("button", t("marks.confirm"), name="state", value="confirmed") if state != "confirmed" else None
    about = t("marks.reject") if state == "confirmed" else t("marks.decide")
    return h(
        "details",
        h("summary", f"{t(f'marks.state.{state}')} · {about} …"),
        h("p", t(f"marks.state.{state}.about"), cls="quiet") if state != "confirmed" else None,
        h(
            "form",
            h("input", name="source", value=source, type="hidden"),
            h("input", name="mark", value=mark.id, type="hidden"),
            h("input", name="who", maxlength=WHO_MAX, required=True, autocomplete="name", placeholder=who, aria_label=who),
            h("input", name="reason", maxlength=WORDS_MAX, required=True, autocomplete="off", placeholder=why, aria_label=why),
            confirm,
            h("button", t("marks.reject"), name="state", value="rejected"),
            action="marks/set",
            method="post",
            cls="act",
        ),
    )
