"""The pages Quarantine and Frame: what came in, verbatim, and what the gateway made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from alerts.actions import WHO_MAX, ActionRefused, checked
from ingest.log import LogFull
from plumeline.console import hexdump, parts, words
from plumeline.console.html import h, link
from plumeline.console.shell import Context, View
from plumeline.masked import masked
from plumeline.texts import t
from plumeline.texts.wording import said as told
from processors.store import StoreAway, StoredFrame

FRAMES_MAX = 100
"""Frames one page shows."""
EXCERPT = 90
"""Bytes of a frame shown in a list."""
HEX_EXCERPT = 512
"""Bytes of a quarantined frame that are shown as hex in the list; the frame's own page shows more."""

SAID = ("filed", "refused", "gone", "who", "full", "away")
"""Answers to a retrial that have a sentence on the page."""


def quarantine(context: Context) -> View:
    """Make the page of what could not be read, by reason, newest first; ``reason`` and ``source`` narrow it."""
    reason, source = context.query.get("reason") or "", context.query.get("source") or ""
    counts = context.console.store.quarantine_counts()
    found = context.console.store.quarantine(FRAMES_MAX * 5 if reason or source else FRAMES_MAX)
    rows = [f for f in found if (not reason or f.verdict == reason) and (not source or f.source == source)][:FRAMES_MAX]
    total = sum(counts.values())
    options = [("", t("quarantine.every", n=total))] + [
        (name, f"{told(name)} {n}") for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    head = h(
        "section",
        h("div", h("h1", t("tab.quarantine")), h("p", t("quarantine.what"), cls="quiet"), cls="head"),
        parts.chips("quarantine", "reason", reason, options, source=source or None) if total else None,
        h("p", t("quarantine.of", source=source), " ", link("quarantine", t("filter.drop")), cls="filter") if source else None,
    )
    if not rows:
        text = t("quarantine.none.filtered") if total else t("quarantine.none")
        return View({"head": head, "list": parts.quiet(text, link("why", t("tab.why"), " →"))})
    expected = counts.get(reason, total) if reason else total
    body = h("div", [_held(context, f) for f in rows], cls="alerts")
    return View({"head": head, "list": h("section", body, None if source else parts.rest(expected, len(rows)))})


def frame(context: Context) -> View:
    """Make the page of one frame: verdict, text, hex with the fault marked; ``id`` names it."""
    wanted = context.query.get("id", "")
    found = context.console.store.frame(wanted) or next(
        (f for f in context.console.store.quarantine(FRAMES_MAX * 5) if f.id == wanted), None
    )
    if found is None:
        return View(
            {
                "head": h(
                    "section",
                    h("h1", t("frame.missing")),
                    h("p", h("code", wanted)),
                    h("p", t("frame.missing.why")),
                    h(
                        "p",
                        link("quarantine", t("tab.quarantine"), " →"),
                        link("sources", t("tab.sources"), " →"),
                        cls="onward",
                    ),
                    cls="state",
                )
            }
        )
    mark = hexdump.fault_at(found.detail) if found.verdict != "ok" else None
    more = len(found.raw) - hexdump.BYTES_MAX
    return View(
        {
            "head": h("section", h("h1", t("frame"), " ", h("code", found.id)), facts(context, found)),
            "again": retrial(context, found) or Markup(),
            "text": parts.section(
                t("frame.text"),
                hexdump.as_text(found.raw),
                parts.quiet(t("frame.masked")) if masked(found.raw) != found.raw else None,
            ),
            "hex": parts.section(
                t("frame.hex", n=len(found.raw)),
                hexdump.as_hex(found.raw, mark),
                h("p", t("list.bytes", n=more), cls="rest") if more > 0 else None,
            ),
        }
    )


def retrial(context: Context, found: StoredFrame) -> Markup | None:
    """Return how a quarantined frame would be judged now, with the button to try it again; nothing for one that was read."""
    port, said = context.console.again, context.query.get("said", "")
    if port is None or (found.verdict == "ok" and said != "filed"):
        return None
    answer = h("p", t(f"again.{said}"), cls="said", role="status") if said in SAID else None
    if found.verdict == "ok" or said == "filed":
        return parts.section(t("again"), answer)
    reason = port.reason(found)
    would = t("again.would") if reason is None else t("again.would_not", reason=told(reason))
    return parts.section(t("again"), answer, h("p", would), try_again(found))


def try_again(found: StoredFrame) -> Markup:
    """Return the form that tries a frame again in somebody's name."""
    name = t("action.who")
    return h(
        "form",
        h("input", name="frame", value=found.id, type="hidden"),
        h("input", name="who", maxlength=WHO_MAX, required=True, autocomplete="name", placeholder=name, aria_label=name),
        h("button", t("again.do"), cls="first"),
        action="quarantine/again",
        method="post",
        cls="act",
    )


def act(context: Context, fields: Mapping[str, str]) -> str:
    """Try the frame again that a form names and return the address that shows what came of it."""
    port, wanted = context.console.again, fields.get("frame", "")
    try:
        who, _ = checked("acknowledge", fields.get("who", ""), "")
        found = context.console.store.frame(wanted)
        if port is None or found is None or found.verdict == "ok":
            said = "gone"
        else:
            said = "filed" if port.file(found, who) is None else "refused"
    except ActionRefused:
        said = "who"
    except LogFull:
        said = "full"
    except StoreAway:
        said = "away"
    return words.query(words.frame_url(wanted), said=said)


def facts(context: Context, found: StoredFrame) -> Markup:
    """Return what is known of a frame as a list of terms."""
    now_ms = context.now_ms
    source = (
        [
            link(words.source_url(found.source), context.names.place(found.source)),
            " · ",
            link(words.why_url(found.source), t("tab.why"), " →"),
        ]
        if found.source
        else t("frame.no_source")
    )
    rows = [
        (t("frame.verdict"), verdict(found)),
        (t("frame.detail"), told(found.detail) if found.detail else None),
        (t("frame.source"), source),
        (
            t("frame.received"),
            f"{words.clock(found.received_ms, now_ms, seconds=True)} · {words.ago(found.received_ms, now_ms)}",
        ),
        (t("frame.peer"), f"{found.peer} · {found.protocol}"),
        (t("frame.crc"), crc_words(found.crc)),
        (t("frame.answered"), t("yes") if found.answered else t("no")),
    ]
    return h("dl", [[h("dt", name), h("dd", value)] for name, value in rows if value], cls="facts")


def verdict(found: StoredFrame) -> Markup:
    """Return a gateway's verdict as a word with its shape."""
    return parts.chip("grey", t("frame.ok")) if found.verdict == "ok" else parts.chip("yellow", told(found.verdict))


def crc_words(crc: str) -> str:
    """Return what a frame's CRC is, in words; an unknown one as it is."""
    key = f"crc.{crc}"
    return t(key) if t(key) != key else crc


def excerpt(raw: bytes) -> Markup:
    """Return the first bytes of a frame in one line."""
    text = masked(raw)[:EXCERPT].decode("latin-1")
    shown = "".join(c if c.isprintable() else "·" for c in text)
    return h("code", shown + ("…" if len(raw) > EXCERPT else ""), cls="excerpt")


def frame_table(context: Context, found: Sequence[StoredFrame]) -> Markup:
    """Return frames as a table, each linked to its page."""
    now_ms = context.now_ms
    rows = [
        h(
            "tr",
            h("td", link(words.frame_url(f.id), words.clock(f.received_ms, now_ms, seconds=True))),
            h("td", verdict(f)),
            h("td", crc_words(f.crc)),
            h("td", t("yes") if f.answered else t("no")),
            h("td", excerpt(f.raw)),
            data_key=f.id,
        )
        for f in found
    ]
    return parts.table([t("frame.received"), t("frame.verdict"), t("frame.crc"), t("frame.answered"), t("frame.text")], rows)


def _held(context: Context, f: StoredFrame) -> Markup:
    now_ms = context.now_ms
    mark = hexdump.fault_at(f.detail)
    start = 0 if mark is None else max(0, mark - mark % hexdump.ROW - HEX_EXCERPT // 2)
    part = masked(f.raw)[start : start + HEX_EXCERPT]
    return h(
        "details",
        h(
            "summary",
            h("span", words.clock(f.received_ms, now_ms, seconds=True), cls="when"),
            verdict(f),
            h("b", context.names.place(f.source) if f.source else t("frame.no_source")),
            excerpt(f.raw),
        ),
        h("p", told(f.detail)) if f.detail else None,
        hexdump.as_hex(part, None if mark is None else mark - start),
        h("p", t("list.bytes", n=len(f.raw) - len(part)), cls="rest") if len(f.raw) > len(part) else None,
        h(
            "p",
            link(words.frame_url(f.id), t("frame.open"), " →"),
            link(words.why_url(f.source), t("tab.why"), " →") if f.source else None,
            link(words.query("quarantine", source=f.source), t("quarantine.same"), " →") if f.source else None,
            cls="onward",
        ),
        try_again(f) if context.console.again is not None else None,
        data_key=f.id,
        cls="alert",
    )
