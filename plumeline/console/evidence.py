"""The page Evidence: one figure, its formula with numbers, its minutes, their readings, their frames."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from markupsafe import Markup

from plumeline.console import checks, flagged, formula, furnace, marks, nozzles, parts, quarters, results, words
from plumeline.console.html import Child, h, link
from plumeline.console.minutes import Key, at_reference_of, minutes_of, minutes_section, own_day_section, readings_of, unit_of
from plumeline.console.shell import Context, View
from plumeline.explain import plain
from plumeline.texts import t
from processors.early import EXPECTED
from processors.figures import MONTHS_OF, Figure, epoch_ms, local_iso, period_start_ms
from processors.reductions import REDUCTION

SLOTS = ("head", "formula", "inputs", "revisions", "raw")
LEVELS = ("minute", "halfhour", "hour", "day", "month", "quarter", "year")
SHORT = ("minute", "halfhour", "hour")
"""Levels whose figures are shown with their minutes."""
ALERTS_MAX = 200
"""Newest alerts of a source among which the one about an hour is looked for."""


def key_of(text: str) -> Key | None:
    """Return what ``source/factor/stat/level/start`` names, or None; a "+" that became a blank on its way is mended."""
    pieces = text.rsplit("/", 4)
    if len(pieces) != 5 or pieces[3] not in LEVELS:
        return None
    try:
        start = datetime.fromisoformat(pieces[4].replace(" ", "+"))
    except ValueError:
        return None
    if start.tzinfo is None or not 1990 < start.year < 2200:
        return None
    return Key(pieces[0], pieces[1], pieces[2], pieces[3], epoch_ms(start))


def view(context: Context) -> View:
    """Make the page of the figure that the address names."""
    text = context.query.get("figure", "")
    key = key_of(text)
    figure = _find(context, key) if key else None
    if key is None or figure is None:
        return View({"head": _missing(context, text, key)})
    if key.level in SHORT and key.stat != REDUCTION:
        inputs = minutes_section(context, key, figure)
    else:
        inputs = nozzles.refuellings(context, key) or furnace.slots(context, key) or _behind(context, key)
    if key.level == "day":
        inputs += own_day_section(context, key)
    return View(
        {
            "head": _head(context, figure),
            "formula": formula.section(context, figure),
            "inputs": flagged.section(context, key, flagged.flagged_of(context, key)) + inputs,
            "revisions": _revisions(context, figure, key),
            "raw": _digests(figure),
        }
    )


def as_json(context: Context) -> dict[str, Any] | None:
    """Return the evidence of the figure that the address names as data, None where there is none."""
    key = key_of(context.query.get("figure", ""))
    figure = _find(context, key) if key else None
    if key is None or figure is None:
        return None
    found = readings_of(context, key) if key.level in (*SHORT, "day") else []
    minutes = minutes_of(context, key) if key.level in ("halfhour", "hour") else []
    made_of = [] if key.level in SHORT and key.stat != REDUCTION else quarters.behind(context, key)
    return {
        "figure": _plain(figure),
        "limit_basis": context.names.limit_words(key.source, figure.limit_id, "en") or None,
        "revisions": [_plain(f) for f in _versions(context, key)],
        "days" if key.level in MONTHS_OF else "hours": [_plain(f) for f in made_of],
        "minutes": [_plain(f) for f in minutes],
        "at_reference": [
            {
                "start": local_iso(at),
                "oxygen": None if c.oxygen is None else f"{c.oxygen:f}",
                "value": None if c.value is None else f"{c.value:f}",
                "reason": c.reason,
            }
            for at, c in at_reference_of(context, key, minutes).items()
        ],
        "flagged": [one.as_json() for one in flagged.flagged_of(context, key)],
        "readings": [
            {
                "time": local_iso(r.time_ms),
                "factor": r.factor,
                "stat": r.stat,
                "kind": r.kind,
                "value": r.value,
                "flag": r.flag,
                "received": local_iso(r.received_ms),
                "frame": r.frame,
                "backfill": r.backfill,
            }
            for r in found
        ],
    }


def _plain(f: Figure) -> dict[str, Any]:
    return {
        "id": f.id,
        "value": None if f.number is None else plain(f.number),
        "unit": f.unit,
        "ok": f.ok,
        "reason": f.reason,
        "n": f.n,
        "state": f.state,
        "verdict": f.verdict,
        "limit": None if f.limit_number is None else plain(f.limit_number),
        "limit_id": f.limit_id,
        "revision": f.revision,
        "as_of": local_iso(f.as_of_ms),
        "decided": local_iso(f.decided_ms) if f.decided_ms else None,
        "inputs": f.inputs,
        "rules": f.rules,
        "explain": f.explain,
    }


def _find(context: Context, key: Key) -> Figure | None:
    return context.console.store.figure(key.source, key.factor, key.stat, key.level, key.start_ms)  # type: ignore[arg-type]


def _versions(context: Context, key: Key) -> list[Figure]:
    if key.level == "minute":
        return []
    return context.console.store.revisions(key.source, key.factor, key.stat, key.level, key.start_ms)  # type: ignore[arg-type]


def _head(context: Context, f: Figure) -> Markup:
    now_ms = context.now_ms
    name = context.names.factor(f.source, f.factor)
    where = words.source_url(f.source, factor=f.factor, stat=f.stat, zoom=local_iso(words.hour_start(f.start_ms)))
    value: Child = (
        [h("b", words.value_of(f), cls="value"), h("span", unit_of(context, f), cls="unit")]
        if f.number is not None and f.ok
        else h("b", t("evidence.no_value"), cls="value none")
    )
    later, earlier = _neighbour(f, 1), _neighbour(f, -1)
    return h(
        "section",
        h("p", link(where, context.names.place(f.source), cls="place")),
        h(
            "h1",
            name,
            " ",
            h(
                "small",
                t(
                    f"evidence.what.{'period' if f.level in SHORT else 'date'}",
                    stat=context.names.stat(f.source, f.factor, f.stat),
                    level=t(f.level),
                    period=words.period(f.start_ms, f.level, now_ms),
                ),
            ),
        ),
        h(
            "div",
            h("p", value),
            parts.verdict_chip(f),
            parts.state_word(f),
            cls="figure " + ("over" if f.verdict == "exceeds" else ""),
        ),
        h("p", _sentence(context, f), cls="sentence"),
        marks.undecided(context, f.source, f.start_ms, words.period_end(f.level, f.start_ms)),
        h(
            "p",
            link(words.evidence_url(earlier), "← ", t(f"{f.level}.before")),
            link(words.evidence_url(later), t(f"{f.level}.after"), " →")
            if words.period_end(f.level, f.start_ms) < now_ms
            else None,
            link(_sent_url(context, f), t("evidence.sent"), " →") if f.limit is not None else None,
            link(words.query("evidence.json", figure=f.id), t("evidence.json")),
            link(words.evidence_url(f.id), t("evidence.link")),
            cls="onward",
        ),
    )


def _sent_url(context: Context, f: Figure) -> str:
    """Return the address of what was sent about the episode that an hour lies in, else of the source's alerts."""
    inside = [
        e
        for e in context.console.store.episodes(f.source)
        if (e.factor, e.stat) == (f.factor, f.stat) and e.start_ms <= f.start_ms < e.end_ms
    ]
    try:
        alerts = context.console.outbox.alerts(ALERTS_MAX, f.source) if inside else []
    except Exception:  # the page of the alerts tells that the outbox is away
        alerts = []
    first = [a.id for a in alerts if a.thread == inside[0].id and a.alert.kind != EXPECTED]
    return words.query("alerts", source=f.source, alert=first[-1] if first else None)


def _neighbour(f: Figure, step: int) -> str:
    start_ms = words.period_end(f.level, f.start_ms) if step > 0 else period_start_ms(f.level, f.start_ms - 1)
    return "/".join((f.source, f.factor, f.stat, f.level, local_iso(start_ms)))


def _sentence(context: Context, f: Figure) -> str:
    now_ms = context.now_ms
    parts_: list[str] = []
    covered = words.covered(f)
    if f.ok and f.number is not None:
        value = f"{words.value_of(f)} {unit_of(context, f)}".strip()
        mean = t(f"evidence.mean.{f.level}", n=f.n) if f.stat in ("avg", "avg_ref") else t("evidence.amount", covered=covered)
        oxygen = f.explain.get("reference_o2_pct")
        volume = f.explain.get("reference_volume_m3_t")
        at = t("evidence.at_oxygen", oxygen=oxygen) if oxygen else t("evidence.at_volume", volume=volume) if volume else ""
        basis = at if f.stat == "avg_ref" else ""
        parts_.append(t("evidence.from", value=value, mean=mean, basis=basis))
    else:
        parts_.append(
            t("evidence.withheld", reason=context.names.said(f.source, f.reason) if f.reason else t("unknown"), covered=covered)
        )
        parts_ += checks.behind(context, f)
    parts_ += results.behind(context, f)
    if f.limit_number is not None:
        basis = context.names.limit_words(f.source, f.limit_id) or t("evidence.limit.unknown")
        parts_.append(t("evidence.limit", limit=words.number(f.limit_number), unit=words.unit(f.unit), basis=basis))
        if f.verdict == "exceeds" and f.number is not None and f.limit_number and f.number > f.limit_number:
            parts_.append(t("evidence.over", times=f"{f.number / f.limit_number - 1:.2f}"))
    parts_.append(
        t(
            "evidence.judged" if f.decided_ms else "evidence.open",
            time=words.clock(f.decided_ms, now_ms, seconds=True),
            as_of=words.clock(f.as_of_ms, now_ms, seconds=True),
        )
    )
    if f.revision > 1:
        parts_.append(t("evidence.revised", n=f.revision - 1))
    return words.sentences(parts_)


def _behind(context: Context, key: Key) -> Markup:
    found, made = quarters.behind(context, key), "hour" if key.level in ("hour", "day") else "day"
    mixed, several = (len({getattr(f, name) for f in found}) > 1 for name in ("stat", "factor"))
    rows = [
        h(
            "tr",
            h("td", link(words.evidence_url(f.id), words.period(f.start_ms, f.level, f.start_ms))),
            h("td", context.names.factor(f.source, f.factor)) if several else None,
            h("td", context.names.stat(f.source, f.factor, f.stat)) if mixed else None,
            h(
                "td",
                words.value_of(f) if f.ok else context.names.said(f.source, f.reason or "—"),
                cls="num" if f.ok else "reason",
            ),
            h("td", str(f.n), cls="num"),
            h("td", parts.verdict_chip(f)),
            h("td", parts.state_word(f)),
        )
        for f in found
    ]
    heads = [t(made), *([t("source.factor")] if several else []), *([t("stat")] if mixed else [])]
    body = (
        parts.table([*heads, t("value"), t("covered"), t("verdict"), t("standing")], rows)
        if rows
        else parts.quiet(t(f"evidence.{made}s.none"))
    )
    return parts.section(t("weather.behind" if key.stat == REDUCTION else f"evidence.{made}s"), body)


def _revisions(context: Context, figure: Figure, key: Key) -> Markup:
    if key.level == "minute":
        return Markup()
    now_ms = context.now_ms
    rows, previous = [], None
    for f in _versions(context, key):
        change = t("revision.first") if previous is None else _change(previous, f)
        rows.append(
            h(
                "tr",
                h("td", str(f.revision), cls="num"),
                h(
                    "td",
                    h("b", words.value_of(f))
                    if f.ok
                    else h("span", context.names.said(f.source, f.reason or "—"), cls="reason"),
                    cls="num" if f.ok else "",
                ),
                h("td", str(f.n), cls="num"),
                h("td", parts.verdict_chip(f)),
                h("td", parts.state_word(f)),
                h("td", words.clock(f.decided_ms, now_ms, seconds=True) if f.decided_ms else "—"),
                h("td", change),
            )
        )
        previous = f
    heads = [t("revision"), t("value"), t("covered"), t("verdict"), t("standing"), t("revision.decided"), t("revision.change")]
    body = parts.table(heads, rows) if rows else parts.quiet(t("revision.none"))
    return parts.section(t("evidence.revisions"), body)


def _change(before: Figure, after: Figure) -> str:
    changes = []
    if before.n != after.n:
        changes.append(t("change.n", a=before.n, b=after.n))
    if before.inputs != after.inputs:
        changes.append(t("change.inputs"))
    if before.rules != after.rules:
        changes.append(t("change.rules"))
    if before.verdict != after.verdict:
        changes.append(t("change.verdict"))
    return words.listed(changes) or t("change.state")


def _digests(f: Figure) -> Markup:
    rows = [(t("evidence.id"), f.id), (t("evidence.inputs"), f.inputs), (t("evidence.rules"), f.rules)]
    return h(
        "details",
        h("summary", t("evidence.digests")),
        h("dl", [[h("dt", a), h("dd", h("code", b))] for a, b in rows], cls="facts"),
        cls="fold",
    )


def _missing(context: Context, text: str, key: Key | None) -> Markup:
    why = t("evidence.missing.form") if key is None else t("evidence.missing.why")
    onward = [link("sources", t("tab.sources"), " →")]
    if key is not None:
        onward = [
            link(words.source_url(key.source, factor=key.factor), context.names.place(key.source), " →"),
            link(words.why_url(key.source), t("tab.why"), " →"),
        ]
    return h(
        "section",
        h("h1", t("evidence.missing")),
        h("p", h("code", text or "—")),
        h("p", why),
        h("p", onward, cls="onward"),
        cls="state",
    )
