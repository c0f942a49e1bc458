"""The page Findings: patterns that are worth a look, ranked by weight; of one source each finding with its series, rule and peers."""

from __future__ import annotations

from urllib.parse import quote

from markupsafe import Markup

from plumeline import patterns
from plumeline.console import charts, parts, words
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context, View
from plumeline.texts import spoken, t
from plumeline.texts.wording import said
from processors.figures import DAY_MS, Event
from processors.series import FLAG_NAMES

SOURCES_MAX = 100
"""Sources one page ranks."""
LISTED_MAX = 60
"""Findings of one source that are listed."""
CHART_DAYS_MAX = 9
"""Days that a finding's chart spans at most; a longer pattern is drawn by its last ones."""
SLOTS = ("head", "charthours", "about", "list")


def index(context: Context) -> View:
    """Make the ranked list."""
    days = patterns.DAYS
    found = patterns.ranked(context.console.store, context.now_ms)
    head = h("section", h("h1", t("tab.findings")), h("p", t("findings.what"), cls="quiet"))
    if not found:
        return View({"head": head, "list": parts.quiet(t("findings.none", days=days), link("./", t("tab.now"), " →"))})
    rows = [
        h(
            "tr",
            h("td", h("b", str(s.weight)), cls="num"),
            h("td", link(url(s.source), context.names.place(s.source))),
            h(
                "td",
                words.listed(_clause(context, next(e for e in s.findings if e.facts["rule"] == rule)) for rule in s.by_rule),
            ),
            h("td", str(len(s.findings)), cls="num"),
            h("td", words.day(s.since_ms)),
            h("td", words.day(patterns.day_ms(s.findings[0]))),
            data_key=s.source,
        )
        for s in found[:SOURCES_MAX]
    ]
    keys = ("findings.source", "findings.patterns", "findings.n", "findings.since", "findings.newest")
    heads = [t("findings.weight", days=days), *(t(key) for key in keys)]
    return View({"head": head, "list": h("section", parts.table(heads, rows), parts.rest(len(found), SOURCES_MAX))})


def view(context: Context) -> View:
    """Make the page of one source; ``finding`` chooses which one is drawn, else the newest."""
    source = context.query["source"]
    everyone = patterns.ranked(context.console.store, context.now_ms)
    mine = next((s for s in everyone if s.source == source), None)
    back = h(
        "p",
        link("findings", "← ", t("findings.all")),
        link(words.source_url(source), context.names.place(source), " →"),
        cls="onward",
    )
    title = h("h1", context.names.place(source))
    if mine is None:
        text = t("findings.source.none", days=patterns.DAYS)
        return View({"head": h("section", title, back), "list": parts.quiet(text)})
    chosen = next((e for e in mine.findings if e.id == context.query.get("finding")), mine.findings[0])
    head = h(
        "section",
        h("div", title, parts.chip("blue", t("findings.weight.of", n=mine.weight)), cls="head"),
        h("p", t("findings.what"), cls="quiet"),
        back,
    )
    return View(
        {"head": head, "about": _about(context, chosen, everyone), "list": _list(context, mine.findings, chosen)},
        {"charthours": _chart(context, chosen)},
    )


def url(source: str, finding: str | None = None) -> str:
    """Return the address of a source's findings, or of one of them."""
    return words.query("findings/" + quote(source, safe=""), finding=finding)


def _clause(context: Context, event: Event) -> str:
    """Return a pattern's name in the spoken language, its rule's id where the rule is gone."""
    known = patterns.rule_of(event, context.console.registry())
    if known is None:
        return str(event.facts["rule"])
    return known[1].clause_zh if spoken() == "zh" else known[1].clause


def _where(context: Context, event: Event) -> str:
    return context.names.factor(event.source, event.factor) if event.factor else context.names.place(event.source)


def _about(context: Context, event: Event, everyone: list[patterns.Suspect]) -> Markup:
    """Return what is known of one finding."""
    facts, registry = event.facts, context.console.registry()
    rows: list[tuple[str, Child]] = [
        ("findings.reason", said(str(facts["text"]))),
        ("findings.where", _where(context, event)),
        ("findings.day", words.day(patterns.day_ms(event))),
        (
            "findings.since",
            f"{words.clock(patterns.started_ms(event), context.now_ms)} – {words.clock(patterns.ended_ms(event), patterns.started_ms(event))}",
        ),
    ]
    if facts.get("hours"):
        numbers = {name: facts[name] for name in ("hours", "low", "high", "mean")}
        rows.append(("findings.figures", t("findings.figures.of", unit=words.unit(str(facts["unit"])), **numbers)))
    if "not_evaluated" in facts:
        flags = {name: facts[name] for name in FLAG_NAMES.values()}
        rows.append(("findings.flags", t("findings.flags.of", **flags)))
    if "limit" in facts:
        stat = words.stat_words(str(facts["stat"]))
        rows.append(
            ("findings.limit", t("findings.limit.of", limit=facts["limit"], unit=words.unit(str(facts["unit"])), stat=stat))
        )
    known = patterns.rule_of(event, registry)
    if known is None:
        rows.append(("findings.rule", t("findings.rule.gone", rule=facts["rule"], pack=facts["pack"])))
    else:
        pack, rule = known
        rows += [
            ("findings.rule", f"{rule.id}: {pack.said(rule, spoken())}"),
            ("findings.basis", f"{rule.standard} · {pack.id}"),
            ("findings.confidence", said(rule.confidence)),
        ]
    rows += [("findings.peers", _peers(context, event, everyone)), ("findings.next", t("findings.do"))]
    title = [_clause(context, event), " ", parts.chip("blue", t("findings.weight.of", n=facts["weight"]))]
    return h(
        "section", h("div", h("h2", *title), cls="head"), h("dl", [[h("dt", t(k)), h("dd", v)] for k, v in rows], cls="facts")
    )


def _peers(context: Context, event: Event, everyone: list[patterns.Suspect]) -> str:
    stands = patterns.among(context.console.store, context.console.registry(), event, everyone)
    if stands is None:
        return t("findings.peers.none")
    return t(
        "findings.peers.of",
        own=words.number(stands.own_pct),
        middle=words.number(stands.middle_pct),
        peers=stands.peers,
        rank=stands.rank,
        of=stands.peers + 1,
        alike=stands.alike,
    )


def _list(context: Context, found: list[Event], chosen: Event) -> Markup:
    rows = [
        h(
            "tr",
            h("td", words.day(patterns.day_ms(e))),
            h("td", link(url(e.source, e.id), _clause(context, e), aria_current="true" if e is chosen else None)),
            h("td", _where(context, e)),
            h("td", said(str(e.facts["text"]))),
            h("td", str(e.facts["weight"]), cls="num"),
            data_key=e.id,
        )
        for e in found[:LISTED_MAX]
    ]
    keys = ("findings.day", "findings.pattern", "findings.where", "findings.reason", "findings.weight.one")
    heads = [t(key) for key in keys]
    return parts.section(t("findings.list"), parts.table(heads, rows), parts.rest(len(found), LISTED_MAX))


def _chart(context: Context, event: Event) -> dict[str, object] | None:
    """Return the hours around a finding, with the marks of that time."""
    end_ms = patterns.day_ms(event) + 2 * DAY_MS
    start_ms = max(words.day_start(patterns.started_ms(event)) - DAY_MS, end_ms - CHART_DAYS_MAX * DAY_MS)
    store, stat = context.console.store, str(event.facts.get("stat", "avg"))
    figures = store.figures(event.source, "hour", start_ms, end_ms, event.factor, stat)
    if not figures:
        return None
    marks = [m for m in store.marks(event.source, start_ms, end_ms) if m.factors is None or event.factor in m.factors]
    return charts.hours(figures, start_ms=start_ms, end_ms=end_ms, now_ms=context.now_ms, marks=marks)
