"""The page Why is nothing shown: a vendor's questions, answered in the protocol's words, each with its remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from plumeline.console import frames, parts, readings, words
from plumeline.console.html import h, link
from plumeline.console.shell import Context, View
from plumeline.texts import t
from plumeline.texts.wording import said
from processors.figures import HOUR_MS, SourceState
from processors.store import StoredFrame

FRAMES_MAX = 30
"""Newest frames looked at."""
SKEW_MS_MAX = 300_000
"""A clock further off is in doubt: reports over 5 minutes ahead are held."""
SOURCES_MAX = 200


@dataclass(frozen=True)
class Check:
    """One question, how it stands ("ok", "look" or "fault"), the answer, and the remedy or nothing."""

    name: str
    standing: str
    answer: str
    remedy: str = ""


def index(context: Context) -> View:
    """Make the page that lets a vendor pick a source, those with trouble first."""
    states = parts.all_states(context)
    head = h("section", h("h1", t("tab.why")), h("p", t("why.what"), cls="quiet"))
    if not states:
        return View(
            {
                "head": head,
                "list": h(
                    "section",
                    h("p", t("why.empty")),
                    h(
                        "p",
                        link("pipeline", t("tab.pipeline"), " →"),
                        link("quarantine", t("tab.quarantine"), " →"),
                        cls="onward",
                    ),
                    cls="state",
                ),
            }
        )
    rows = [
        h(
            "tr",
            h("td", parts.state_chip(s.state)),
            h("td", link(words.why_url(s.source), context.names.place(s.source))),
            h("td", h("code", s.source)),
            h("td", words.ago(s.received_ms, context.now_ms)),
            data_key=s.source,
        )
        for s in states[:SOURCES_MAX]
    ]
    table = parts.table([t("sources.state"), t("sources.place"), t("sources.code"), t("why.last_bytes")], rows)
    nameless = h("p", t("why.nameless"), " ", link("quarantine", t("tab.quarantine"), " →"), cls="quiet")
    return View({"head": head, "list": h("section", table, parts.rest(len(states), SOURCES_MAX, "sources"), nameless)})


def view(context: Context) -> View:
    """Make the page of one source: each check with its answer and remedy, then the last frames."""
    source = context.query["source"]
    found = context.console.store.frames(source, FRAMES_MAX)
    state = next((s for s in parts.all_states(context) if s.source == source), None)
    worst = {"fault": 0, "look": 1, "ok": 2}
    rows = [
        h(
            "div",
            parts.chip({"ok": "grey", "look": "yellow", "fault": "orange"}[c.standing], t(f"check.{c.standing}")),
            h("b", c.name),
            h("span", c.answer, h("em", c.remedy) if c.remedy else None),
            cls="check",
        )
        for c in sorted(checks(context, source, state, found), key=lambda c: worst[c.standing])
    ]
    head = h(
        "section",
        h("p", t("tab.why"), cls="quiet"),
        h("div", h("h1", context.names.place(source)), parts.state_chip(state.state) if state else None, cls="head"),
        h(
            "p",
            h("code", source),
            " ",
            link(words.source_url(source), t("why.source"), " →") if state else None,
            link(words.query("quarantine", source=source), t("tab.quarantine"), " →"),
            cls="onward",
        ),
    )
    table = frames.frame_table(context, found) if found else parts.quiet(t("why.no_frames"))
    return View(
        {
            "head": head,
            "checks": h("section", h("div", rows, cls="checks")),
            "frames": parts.section(t("why.frames", n=len(found)), table),
        }
    )


def checks(context: Context, source: str, state: SourceState | None, found: Sequence[StoredFrame]) -> list[Check]:
    """Return every question a vendor asks first, answered for one source.

    Args:
        source: the identity the device sends (HJ 212: MN).
        state: its liveness, None where neither registry nor store knows it.
        found: its newest frames, newest first.
    """
    return [
        _registered(context, source),
        _bytes(context, state, found),
        *([] if not found and _heard(state) else [_verdicts(found), _crc(found), _answered(found)]),
        _clock(state),
        _fresh(context, source, state),
        _marked(context, source),
        _factors(context, source),
    ]


def _registered(context: Context, source: str) -> Check:
    if source in context.names.sources:
        return Check(t("why.registered"), "ok", t("why.registered.yes"))
    return Check(t("why.registered"), "fault", t("why.registered.no", source=source), t("why.registered.do"))


def _heard(state: SourceState | None) -> bool:
    """Return whether anything came of a source; without a frame it came over HTTP or out of a file."""
    return state is not None and state.received_ms is not None


def _bytes(context: Context, state: SourceState | None, found: Sequence[StoredFrame]) -> Check:
    if not found and state is not None and _heard(state):
        at_ms, now_ms = state.received_ms, context.now_ms
        told = t("why.bytes.unframed", time=words.clock(at_ms, now_ms, seconds=True), ago=words.ago(at_ms, now_ms))
        return Check(t("why.bytes"), "ok", told)
    if not found:
        return Check(t("why.bytes"), "fault", t("why.bytes.none"), t("why.bytes.do"))
    newest = found[0]
    told = t(
        "why.bytes.last",
        time=words.clock(newest.received_ms, context.now_ms, seconds=True),
        ago=words.ago(newest.received_ms, context.now_ms),
        peer=newest.peer,
        protocol=newest.protocol,
    )
    return Check(t("why.bytes"), "ok", told)


def _verdicts(found: Sequence[StoredFrame]) -> Check:
    if not found:
        return Check(t("why.verdict"), "look", t("why.verdict.none"))
    bad = Counter(f.verdict for f in found if f.verdict != "ok")
    if not bad:
        return Check(t("why.verdict"), "ok", t("why.verdict.ok", n=len(found)))
    reasons = words.listed(f"{said(name)} ({n})" for name, n in bad.most_common(3))
    standing = "fault" if found[0].verdict != "ok" else "look"
    return Check(
        t("why.verdict"),
        standing,
        t("why.verdict.bad", n=sum(bad.values()), of=len(found), reasons=reasons),
        t("why.verdict.do"),
    )


def _crc(found: Sequence[StoredFrame]) -> Check:
    seen = Counter(f.crc for f in found)
    if not seen or set(seen) <= {"ok", "none"}:
        return Check(t("why.crc"), "ok" if seen else "look", t("why.crc.ok") if seen else t("why.verdict.none"))
    names = words.listed(f"{frames.crc_words(name)} ({n})" for name, n in seen.most_common())
    return Check(t("why.crc"), "fault" if "wrong" in seen else "look", t("why.crc.bad", names=names), t("why.crc.do"))


def _answered(found: Sequence[StoredFrame]) -> Check:
    n = sum(f.answered for f in found)
    if not found:
        return Check(t("why.answered"), "look", t("why.verdict.none"))
    return Check(
        t("why.answered"), "ok" if n else "look", t("why.answered.n", n=n, of=len(found)), "" if n else t("why.answered.do")
    )


def _clock(state: SourceState | None) -> Check:
    if state is None or state.skew_ms is None:
        return Check(t("why.clock"), "look", t("why.clock.unknown"))
    skew = f"{state.skew_ms / 1000:+.1f}{words.NBSP}s"
    if abs(state.skew_ms) <= SKEW_MS_MAX:
        return Check(t("why.clock"), "ok", t("why.clock.skew", skew=skew))
    return Check(t("why.clock"), "fault", t("why.clock.skew", skew=skew), t("why.clock.do"))


def _fresh(context: Context, source: str, state: SourceState | None) -> Check:
    cadence = words.duration(context.names.cadence_ms(source))
    if state is None or state.last_ms is None:
        return Check(t("why.fresh"), "fault", t("why.fresh.never", cadence=cadence), t("why.fresh.do"))
    told = t(
        "why.fresh.last",
        time=words.clock(state.last_ms, context.now_ms, seconds=True),
        ago=words.ago(state.last_ms, context.now_ms),
        cadence=cadence,
    )
    fine = state.state in ("on time", "stopped")
    return Check(
        t("why.fresh"),
        "ok" if fine else "fault",
        told,
        "" if fine else t(f"cause.{state.state}") if state.state in ("blind", "unregistered") else t("why.fresh.do"),
    )


def _marked(context: Context, source: str) -> Check:
    now_ms = context.now_ms
    marks = context.console.store.marks(source, now_ms, now_ms + 1)
    if not marks:
        return Check(t("why.marked"), "ok", t("why.marked.none"))
    m = marks[-1]
    return Check(
        t("why.marked"),
        "look",
        t("why.marked.one", type=t(f"mark.{m.type}"), end=words.clock(m.end_ms, now_ms), author=m.author),
        t("why.marked.do"),
    )


def _factors(context: Context, source: str) -> Check:
    names, now_ms = context.names, context.now_ms
    state_ms = max((f.received_ms for f in context.console.store.frames(source, 1)), default=now_ms)
    sent = {
        r.factor
        for r in readings.readings(
            context.console.store, names.sources.get(source), source, state_ms - HOUR_MS, state_ms + HOUR_MS, ()
        )
    }
    known = {f for s, f in (*names.points, *names.meters) if s == source}
    missing, absent = sorted(sent - known), sorted(known - sent)
    if not sent:
        return Check(t("why.factors"), "look", t("why.factors.nothing"))
    if missing:
        return Check(t("why.factors"), "look", t("why.factors.missing", names=words.listed(missing[:12])), t("why.factors.do"))
    if absent:
        return Check(
            t("why.factors"), "look", t("why.factors.absent", names=words.listed(absent[:12])), t("why.factors.absent.do")
        )
    return Check(t("why.factors"), "ok", t("why.factors.ok", n=len(sent)))
