"""The page Weather: pollution-weather warnings, who is asked for what by its plan, what was reached so far, each with its evidence."""

from __future__ import annotations

from markupsafe import Markup

from plumeline.console import parts, words
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context, View
from plumeline.explain import plain
from plumeline.texts import spoken, t
from plumeline.texts.wording import said
from plumeline.weather import Member, Shown, shown
from processors.figures import Figure, epoch_ms

NAMED_MAX = 5
"""Warnings in force that one line names."""
RESULT_COLOURS = {"met": "grey", "not met": "yellow", "not judged": "blue"}


def view(context: Context) -> View:
    """Make the page."""
    found = shown(context.console.registry(), lambda *key: _figure(context, *key), context.now_ms)
    head = h("section", h("h1", t("weather")), h("p", t("weather.what"), cls="quiet"))
    if not found:
        return View({"head": head, "list": parts.quiet(t("weather.none"), link("sources", t("tab.sources"), " →"))})
    return View({"head": head, "list": h("div", [_warning(context, each) for each in found])})


def in_force(context: Context) -> Markup | None:
    """Return a line that names the warnings in force and leads to the page, None where there are none."""
    now_ms, rows = context.now_ms, context.console.registry().weather
    held = [row for row in rows if epoch_ms(row.start) <= now_ms < epoch_ms(row.end or row.planned_end)]
    if not held:
        return None
    told = words.listed(f"{row.area} {t(f'weather.level.{row.level}')}" for row in held[:NAMED_MAX])
    return h("p", link("weather", t("weather.in_force", warnings=told), " →"), cls="onward")


def _figure(context: Context, source: str, factor: str, stat: str, start_ms: int) -> Figure | None:
    return context.console.store.figure(source, factor, stat, "hour", start_ms)


def _warning(context: Context, each: Shown) -> Markup:
    row, now_ms = each.row, context.now_ms
    until = words.clock(epoch_ms(row.end or row.planned_end), now_ms)
    note = (row.note_zh if spoken() == "zh" else "") or row.note
    heads = [t(f"weather.{key}") for key in ("source", "grade", "asked", "measure", "reached", "result")]
    return parts.section(
        f"{row.area} · {t(f'weather.kind.{row.kind}')}",
        h(
            "p",
            parts.chip(row.level, t(f"weather.level.{row.level}")),
            " ",
            t(f"weather.state.{each.state}", start=words.clock(epoch_ms(row.start), now_ms), end=until),
            " · ",
            t(f"weather.issuer.{row.issuer}"),
            " · ",
            h("code", row.warning),
            f" · {note}" if note else None,
        ),
        parts.table(heads, [_member(context, m) for m in each.members]) if each.members else parts.quiet(t("weather.no_plan")),
        parts.rest(len(each.members) + each.more, len(each.members)),
        h("p", t("weather.without", n=each.without), cls="quiet") if each.without else None,
        key=row.warning,
    )


def _member(context: Context, m: Member) -> Markup:
    plan, f = m.plan, m.figure
    asked: list[Child] = []
    if plan.reduction_pct is not None:
        what = f"{context.names.factor(plan.source, plan.factor)} ({words.stat_words(plan.stat)})"
        asked = [t("weather.less", pct=plain(plan.reduction_pct), what=what)]
        asked += [h("br"), t("weather.hours", hours=plan.hours)] if plan.hours else []
    measure = (plan.measure_zh if spoken() == "zh" else "") or plan.measure
    since = words.clock(m.response.start_ms, context.now_ms) if m.response is not None else None
    return h(
        "tr",
        h("td", link(words.source_url(plan.source), context.names.place(plan.source))),
        h("td", plan.grade or "—"),
        h("td", asked or "—"),
        h("td", measure or "—"),
        h("td", _reached(f, since), cls="num" if f is not None and f.ok else "reason"),
        h("td", _result(m)),
        data_key=f"{plan.source}/{plan.factor}/{since or ''}",
    )


def _reached(f: Figure | None, since: str | None) -> Child:
    if f is None:
        return "—"
    note = said(f.reason or str(f.explain.get("note") or ""))
    shown_: Child = [words.value_of(f), words.NBSP, "%"] if f.ok else note
    return h(
        "span", link(words.evidence_url(f.id), shown_, title=note or None), h("br"), h("small", t("weather.since", at=since))
    )


def _result(m: Member) -> Child:
    word = t(f"weather.result.{m.result}")
    if m.figure is None:
        return word
    chip = parts.chip(RESULT_COLOURS[m.result], word)
    return [chip, h("br"), h("small", t("weather.so_far"))] if m.figure.state == "provisional" else chip
