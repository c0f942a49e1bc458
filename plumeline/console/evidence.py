"""The page Evidence: one figure, its formula with numbers, its minutes, their readings, their frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from plumeline.console import parts, readings, words
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context, View
from plumeline.texts import t
from processors.figures import HOUR_MS, MINUTE_MS, Figure, epoch_ms, local_iso

SLOTS = ("head", "formula", "inputs", "revisions", "raw")
LEVELS = ("minute", "hour", "day")


@dataclass(frozen=True)
class Key:
    """A figure's identity, taken apart."""

    source: str
    factor: str
    stat: str
    level: str
    start_ms: int


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
    minute = _inputs_of_minutes(context, key, figure) if key.level != "day" else _hours(context, key)
    return View(
        {
            "head": _head(context, figure),
            "formula": _formula(context, figure),
            "inputs": minute,
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
    end_ms = key.start_ms + words.LENGTH_MS[key.level]
    found = _readings(context, key, figure) if key.level != "day" else []
    minutes = _minutes(context, key) if key.level == "hour" else []
    hours = (
        context.console.store.figures(key.source, "hour", key.start_ms, end_ms, key.factor, key.stat)
        if key.level == "day"
        else []
    )
    return {
        "figure": _plain(figure),
        "limit_basis": context.names.limit_words(key.source, figure.limit_id) or None,
        "revisions": [_plain(f) for f in _versions(context, key)],
        "hours": [_plain(f) for f in hours],
        "minutes": [_plain(f) for f in minutes],
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
        "value": None if f.number is None else str(f.number.normalize() if f.number else 0),
        "unit": f.unit,
        "ok": f.ok,
        "reason": f.reason,
        "n": f.n,
        "state": f.state,
        "verdict": f.verdict,
        "limit": None if f.limit_number is None else str(f.limit_number.normalize()),
        "limit_id": f.limit_id,
        "revision": f.revision,
        "as_of": local_iso(f.as_of_ms),
        "decided": local_iso(f.decided_ms),
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


def _minutes(context: Context, key: Key) -> list[Figure]:
    for stat in dict.fromkeys((key.stat, "avg")):
        found = context.console.store.figures(key.source, "minute", key.start_ms, key.start_ms + HOUR_MS, key.factor, stat)
        if found:
            return found
    return []


def _readings(context: Context, key: Key, figure: Figure) -> list[readings.Reading]:
    point = context.names.points.get((key.source, key.factor))
    factors = [key.factor]
    if point is not None and key.stat == "avg_ref" and point.oxygen_factor:
        factors.append(point.oxygen_factor)
    if point is not None and key.stat == "mass" and point.flow_factor:
        factors.append(point.flow_factor)
    end_ms = key.start_ms + words.LENGTH_MS[key.level]
    if (key.source, key.factor) in context.names.meters:
        end_ms += 1  # the register's position at the end of the period belongs to its formula
    row = context.names.sources.get(key.source)
    return readings.readings(context.console.store, row, key.source, key.start_ms, end_ms, factors)


def _head(context: Context, f: Figure) -> Markup:
    now_ms = context.now_ms
    name = context.names.factor(f.source, f.factor)
    where = words.source_url(f.source, factor=f.factor, stat=f.stat, zoom=local_iso(words.hour_start(f.start_ms)))
    value: Child = (
        [h("b", words.value_of(f), cls="value"), h("span", words.unit(f.unit), cls="unit")]
        if f.number is not None and f.ok
        else h("b", t("evidence.no_value"), cls="value none")
    )
    later, earlier = _neighbour(f, 1), _neighbour(f, -1)
    return h(
        "section",
        h("p", link(where, context.names.place(f.source), cls="place")),
        h("h1", name, " ", h("small", f"{words.stat_words(f.stat)}, {t(f.level)} {words.period(f.start_ms, f.level, now_ms)}")),
        h(
            "div",
            h("p", value),
            parts.verdict_chip(f),
            parts.state_word(f),
            cls="figure " + ("over" if f.verdict == "exceeds" else ""),
        ),
        h("p", _sentence(context, f), cls="sentence"),
        h(
            "p",
            link(words.evidence_url(earlier), "← ", t(f"{f.level}.before")),
            link(words.evidence_url(later), t(f"{f.level}.after"), " →")
            if f.start_ms + words.LENGTH_MS[f.level] < now_ms
            else None,
            link(words.query("evidence.json", figure=f.id), t("evidence.json")),
            link(words.evidence_url(f.id), t("evidence.link")),
            cls="onward",
        ),
    )


def _neighbour(f: Figure, step: int) -> str:
    return "/".join((f.source, f.factor, f.stat, f.level, local_iso(f.start_ms + step * words.LENGTH_MS[f.level])))


def _sentence(context: Context, f: Figure) -> str:
    now_ms = context.now_ms
    parts_: list[str] = []
    covered = t(f"figure.n.{f.level}", n=f.n)
    if f.ok and f.number is not None:
        parts_.append(t("evidence.from", value=words.value_of(f), unit=words.unit(f.unit), covered=covered))
    else:
        parts_.append(t("evidence.withheld", reason=f.reason or t("unknown"), covered=covered))
    if f.limit_number is not None:
        basis = context.names.limit_words(f.source, f.limit_id) or t("evidence.limit.unknown")
        parts_.append(t("evidence.limit", limit=words.number(f.limit_number), unit=words.unit(f.unit), basis=basis))
        if f.verdict == "exceeds" and f.number is not None and f.limit_number:
            parts_.append(t("evidence.over", times=f"{f.number / f.limit_number - 1:.2f}"))
    parts_.append(
        t(
            "evidence.judged",
            time=words.clock(f.decided_ms, now_ms, seconds=True),
            as_of=words.clock(f.as_of_ms, now_ms, seconds=True),
        )
    )
    if f.revision > 1:
        parts_.append(t("evidence.revised", n=f.revision - 1))
    return " ".join(parts_)


def _formula(context: Context, f: Figure) -> Markup:
    explain = dict(f.explain)
    formula, basis = explain.pop("formula", None), explain.pop("basis", None)
    for digest in ("inputs_digest", "rules_digest"):
        explain.pop(digest, None)  # they stand among the digests, at the page's end
    lines: list[Child] = []
    if formula:
        lines.append(h("p", str(formula), cls="formula"))
    if "sum" in explain and explain.get("n") and f.ok:
        lines.append(
            h(
                "p",
                f"{explain['sum']} / {explain['n']} = ",
                h("b", str(_plain(f)["value"])),
                f" {words.unit(f.unit)}",
                cls="formula",
            )
        )
    rows = [
        [h("dt", t(f"explain.{key}") if t(f"explain.{key}") != f"explain.{key}" else key), h("dd", _text(value))]
        for key, value in explain.items()
    ]
    if rows:
        lines.append(h("dl", rows, cls="facts across"))
    if basis:
        lines.append(h("p", t("evidence.basis"), " ", str(basis), cls="quiet"))
    if f.limit_number is not None:
        lines.append(
            h(
                "p",
                t(
                    "evidence.limit.row",
                    limit=words.number(f.limit_number),
                    unit=words.unit(f.unit),
                    id=f.limit_id or "—",
                    basis=context.names.limit_words(f.source, f.limit_id) or "—",
                ),
            )
        )
    return parts.section(t("evidence.formula"), lines or parts.quiet(t("evidence.formula.none")))


def _inputs_of_minutes(context: Context, key: Key, figure: Figure) -> Markup:
    found = readings.by_minute(_readings(context, key, figure))
    minutes = {m.start_ms: m for m in ([figure] if key.level == "minute" else _minutes(context, key))}
    end_ms = key.start_ms + words.LENGTH_MS[key.level]
    spans = range(key.start_ms, end_ms, MINUTE_MS)
    if not found and not minutes:
        return parts.section(
            t("evidence.minutes"), parts.quiet(t("evidence.minutes.none"), link(words.why_url(key.source), t("tab.why"), " →"))
        )
    rows = [_minute(context, at, minutes.get(at), found.get(at, []), open_=key.level == "minute") for at in spans]
    edge = [r for at, some in found.items() if at >= end_ms for r in some]
    if edge:
        rows.append(_minute(context, end_ms, None, edge, open_=False))
    valid = sum(1 for m in minutes.values() if m.ok)
    aside = t("evidence.minutes.n", n=valid, of=len(spans)) if minutes else t("evidence.minutes.unformed")
    told = next(iter(minutes.values()), None)
    title = h(
        "div",
        h("span", t("minute")),
        h("span", t("value") if told is None or told.stat == key.stat else words.stat_words(told.stat)),
        h("span", t("readings")),
        h("span", t("verdict")),
        cls="minute heads",
        aria_hidden="true",
    )
    return parts.section(t("evidence.minutes"), h("div", title, rows, cls="minutes"), aside=aside)


def _minute(context: Context, at: int, minute: Figure | None, found: Sequence[readings.Reading], *, open_: bool) -> Markup:
    now_ms = context.now_ms
    if minute is not None and minute.ok:
        value: Child = [h("b", words.number(minute.number)), " ", words.unit(minute.unit)]
        word: Child = t("valid")
    elif minute is not None:
        value, word = "—", h("span", minute.reason or t("invalid"), cls="reason")
    else:
        own = bool(found) and all(r.kind != "realtime" for r in found)
        why = "chart.no_data" if not found else "evidence.own_record" if own else "evidence.no_minute"
        value, word = "—", h("span", t(why), cls="reason")
    flags = sorted({r.flag for r in found if r.flag not in ("", "N")})
    late = any(r.backfill for r in found)
    summary = h(
        "summary",
        h("span", words.clock(at, now_ms), cls="when"),
        h("span", value, cls="num"),
        h("span", str(len(found)), h("small", " " + t("evidence.flags", flags=" ".join(flags))) if flags else None),
        h("span", word, h("small", " · " + t("backfill")) if late else None),
        cls="minute" if minute is not None and minute.ok else "minute missing",
    )
    rows = [
        h(
            "tr",
            h("td", words.clock(r.time_ms, now_ms, seconds=True)),
            h("td", context.names.factor("", r.factor) if not r.factor else f"{r.factor} {r.stat}"),
            h("td", "—" if r.value is None else f"{r.value:g}", cls="num"),
            h("td", r.flag),
            h("td", words.clock(r.received_ms, now_ms, seconds=True), h("small", " " + t("backfill")) if r.backfill else None),
            h("td", link(words.frame_url(r.frame), t("frame"), " →") if r.frame else t("evidence.no_frame")),
        )
        for r in found
    ]
    heads = [t("reading.time"), t("reading.factor"), t("value"), t("reading.flag"), t("frame.received"), ""]
    body = parts.table(heads, rows) if rows else parts.quiet(t("evidence.no_readings"))
    return h("details", summary, body, data_key=str(at), open=open_)


def _hours(context: Context, key: Key) -> Markup:
    found = context.console.store.figures(
        key.source, "hour", key.start_ms, key.start_ms + words.LENGTH_MS["day"], key.factor, key.stat
    )
    rows = [
        h(
            "tr",
            h("td", link(words.evidence_url(f.id), words.period(f.start_ms, "hour", f.start_ms))),
            h("td", words.value_of(f) if f.ok else f.reason or "—", cls="num" if f.ok else "reason"),
            h("td", str(f.n), cls="num"),
            h("td", parts.verdict_chip(f)),
            h("td", parts.state_word(f)),
        )
        for f in found
    ]
    body = (
        parts.table([t("hour"), t("value"), t("covered"), t("verdict"), t("standing")], rows)
        if rows
        else parts.quiet(t("evidence.hours.none"))
    )
    return parts.section(t("evidence.hours"), body)


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
                    h("b", words.value_of(f)) if f.ok else h("span", f.reason or "—", cls="reason"),
                    cls="num" if f.ok else "",
                ),
                h("td", str(f.n), cls="num"),
                h("td", parts.verdict_chip(f)),
                h("td", parts.state_word(f)),
                h("td", words.clock(f.decided_ms, now_ms, seconds=True)),
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
    return ", ".join(changes) or t("change.state")


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


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(v) for v in value)
    if isinstance(value, dict):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items())
    return str(value)
