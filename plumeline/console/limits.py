"""The page Limits: a permit number opens all that applies to its outlets: points, limits in force with their basis, rules."""

from __future__ import annotations

from datetime import date

from markupsafe import Markup

from alerts.standards import own_basis, standard_words
from ingest.registry import Limit
from plumeline.console import parts, words
from plumeline.console.html import h, link
from plumeline.console.shell import Context, View
from plumeline.explain import plain
from plumeline.limits import OWN, InForce, Outlet, outlets
from plumeline.texts import spoken, t
from plumeline.texts.wording import sure
from processors.figures import local

OUTLETS_MAX = 50
"""Outlets one page shows; more are found by a narrower search."""
_SIGNS = {"<=": "≤", ">=": "≥"}


def view(context: Context) -> View:
    """Make the page; ``find`` is a permit number or part of one, or of an outlet's name, ``on`` a local day."""
    find, today = (context.query.get("find") or "").strip(), local(context.now_ms).date()
    day = _day(context.query.get("on") or "", today)
    search = h(
        "form",
        h("input", name="find", value=find, placeholder=t("limits.find"), aria_label=t("limits.find"), type="search"),
        h("input", name="on", value=str(day), aria_label=t("limits.on"), type="date"),
        h("button", t("sources.find.go")),
        action="limits",
        method="get",
        cls="search",
    )
    head = h("section", h("div", h("h1", t("limits")), search, cls="head"), h("p", t("limits.what", day=str(day)), cls="quiet"))
    found = outlets(context.console.registry(), day, find)
    if not found:
        return View({"head": head, "list": parts.quiet(t("limits.none"), link("limits", t("filter.drop"), " →"))})
    shown = [_outlet(context, each) for each in found[:OUTLETS_MAX]]
    return View({"head": head, "list": h("div", shown, parts.rest(len(found), OUTLETS_MAX))})


def _outlet(context: Context, each: Outlet) -> Markup:
    source = each.source
    heads = [
        t("limits.factor"),
        t("limit"),
        t("limits.of"),
        t("limits.when"),
        t("limits.since"),
        t("limits.basis"),
        t("limits.sure"),
    ]
    limits = [_limit(context, held) for held in each.limits]
    limited = {held.limit.factor for held in each.limits}
    bare = [f"{context.names.factor(source.source, p.factor)} ({p.factor})" for p in each.points if p.factor not in limited]
    zh = spoken() == "zh"
    rules = [
        h(
            "tr",
            h("td", h("code", rule.id)),
            h("td", each.pack.said(rule, spoken())),
            h(
                "td",
                f"{standard_words(rule.standard, spoken())}，{rule.clause_zh}" if zh else f"{rule.standard}, {rule.clause}",
            ),
            h("td", sure(_sure(rule.confidence))),
        )
        for rule in each.pack.rules
    ]
    title = each.pack.title_zh if zh else each.pack.title
    return parts.section(
        context.names.place(source.source),
        h(
            "p",
            h("code", source.source),
            " · ",
            t("source.permit"),
            " ",
            h("b", source.permit or "—"),
            " · ",
            t(f"kind.{source.kind}"),
        ),
        parts.table(heads, limits) if limits else parts.quiet(t("limits.unlimited")),
        h("p", t("limits.measured", factors=words.listed(bare)), cls="quiet") if bare else None,
        h(
            "details",
            h("summary", t("limits.rules", pack=title, n=len(rules))),
            parts.table([t("limits.rule"), t("limits.says"), t("limits.standard"), t("limits.sure")], rows=rules),
            cls="fold",
        )
        if each.points
        else None,
        aside=link(words.source_url(source.source), t("limits.source"), " →"),
        key=source.source,
    )


def _limit(context: Context, held: InForce) -> Markup:
    row = held.limit
    number = f"{plain(row.limit)} {words.unit(row.unit)}".strip()
    basis = own_basis(row, spoken())
    return h(
        "tr",
        h("td", context.names.factor(row.source, row.factor)),
        h("td", t(f"limits.bound.{row.bound}", limit=number), cls="num"),
        h("td", t(f"limits.of.{row.averaging}", stat=context.names.stat(row.source, row.factor, row.stat))),
        h("td", _when(context, row) or "—"),
        h("td", str(row.valid_from) if row.valid_from else "—", cls="num"),
        h("td", h("code", row.limit_id), f" {t(f'rank.{row.rank}')} · " if row.rank else " ", basis),
        h("td", t("limits.own") if held.confidence == OWN else sure(_sure(held.confidence))),
    )


def _when(context: Context, row: Limit) -> str:
    """Return the condition of a limit with its factor's name and unit, "Water temperature > 12 °C"."""
    if not row.when:
        return ""
    factor, sign, bound = row.when.split()
    unit = context.names.unit(row.source, factor)
    return f"{context.names.factor(row.source, factor)} {_SIGNS.get(sign, sign)} {bound} {unit}".strip()


def _sure(confidence: str) -> str:
    return confidence if confidence.startswith("seen") and "memory" not in confidence else f"unconfirmed: {confidence}"


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today
