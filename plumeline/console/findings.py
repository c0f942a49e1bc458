"""The page Findings: patterns that are worth a look, ranked by weight; of one source each finding with its series, rule and peers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import quote

from markupsafe import Markup

from alerts.decisions import Decision, standing
from alerts.standards import standard_words
from plumeline import patterns
from plumeline.console import charts, decisions, parts, words
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context, View
from plumeline.texts import spoken, t
from plumeline.texts.wording import sure
from processors.figures import DAY_MS, Event, local_iso
from processors.screening import rule_of
from processors.series import FLAG_NAMES

SOURCES_MAX = 100
"""Sources one page ranks."""
LISTED_MAX = 60
"""Findings of one source that are listed."""
CHART_DAYS_MAX = 9
"""Days that a finding's chart spans at most; a longer pattern is drawn by its last ones."""
SLOTS = ("head", "charthours", "about", "decide", "list")
STATES = ("", "open", "confirmed", "dismissed")
"""How findings are narrowed: all but the dismissed, those nobody has decided about, the confirmed, the dismissed."""


def index(context: Context) -> View:
    """Make the ranked list; ``state`` narrows it to findings that people decided about so, or not yet."""
    days, state = patterns.DAYS, context.query.get("state", "")
    told, made = patterns.recent(context.console.store, context.now_ms), decisions.known(context)
    decided = standing(made or ())
    found = patterns.ranked(e for e in told if _wanted(decided.get(e.id), state))
    options = [(one, t(f"findings.state.{one or 'current'}")) for one in STATES]
    head = h(
        "section",
        h("h1", t("tab.findings")),
        h("p", t("findings.what"), cls="quiet"),
        parts.chips("findings", "state", state, options) if told else None,
        h("p", t("findings.decisions.away"), cls="said", role="status") if made is None else None,
    )
    names = {str(e.facts["rule"]): _clause(context, e) for e in reversed(told)}
    scores = decisions.scores(told, decided, names)
    if not found:
        text = t("findings.none.state") if told else t("findings.none", days=days)
        return View({"head": head, "list": parts.quiet(text, link("./", t("tab.now"), " →")), "scores": scores})
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
    ranking = h("section", parts.table(heads, rows), parts.rest(len(found), SOURCES_MAX))
    return View({"head": head, "list": ranking, "scores": scores})


def view(context: Context) -> View:
    """Make the page of one source; ``finding`` chooses which one is drawn, else the newest."""
    source = context.query["source"]
    made = decisions.known(context, source)
    decided = standing(made or ())
    told = patterns.recent(context.console.store, context.now_ms)
    everyone = patterns.ranked(patterns.undismissed(told, decided))
    mine = next((s for s in patterns.ranked(told) if s.source == source), None)
    weight = next((s.weight for s in everyone if s.source == source), 0)
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
        h("div", title, parts.chip("blue", t("findings.weight.of", n=weight)), cls="head"),
        h("p", t("findings.what"), cls="quiet"),
        back,
    )
    about = _about(context, chosen, everyone, decided.get(chosen.id))
    if made is None:
        decide = h("p", t("findings.decisions.away"), cls="said", role="status")
    else:
        decide = decisions.section(context, chosen, _clause(context, chosen), [d for d in made if d.finding == chosen.id])
    listed = _list(context, mine.findings, chosen, decided)
    chart = _chart(context, chosen)
    if chart is not None:
        stat, unit = str(chosen.facts.get("stat", "avg")), context.names.unit(source, str(chosen.factor))
        drawn = t("source.hours", factor=_where(context, chosen), stat=words.stat_words(stat), unit=unit)
        head += h("section", h("h2", drawn))
    return View({"head": head, "about": about, "decide": decide, "list": listed}, {"charthours": chart})


def url(source: str, finding: str | None = None) -> str:
    """Return the address of a source's findings, or of one of them."""
    return words.query("findings/" + quote(source, safe=""), finding=finding)


def _wanted(made: Decision | None, state: str) -> bool:
    if state not in STATES[1:]:
        return made is None or made.decided != "dismissed"
    return state == ("open" if made is None else made.decided)


def _clause(context: Context, event: Event) -> str:
    """Return a pattern's name in the spoken language, its rule's id where the rule is gone."""
    known = rule_of(event, context.console.registry())
    if known is None:
        return str(event.facts["rule"])
    return known[1].clause_zh if spoken() == "zh" else known[1].clause


def _where(context: Context, event: Event) -> str:
    return context.names.factor(event.source, event.factor) if event.factor else context.names.place(event.source)


def _about(context: Context, event: Event, everyone: list[patterns.Suspect], made: Decision | None) -> Markup:
    """Return what is known of one finding."""
    facts, registry = event.facts, context.console.registry()
    rows: list[tuple[str, Child]] = [
        ("findings.reason", context.names.said(event.source, str(facts["text"]))),
        ("findings.where", _where(context, event)),
        ("findings.day", words.day(patterns.day_ms(event))),
        ("findings.when", _period(context, event)),
    ]
    if facts.get("hours"):
        numbers = {name: words.number(Decimal(str(facts[name]))) for name in ("low", "high", "mean")}
        told = t("findings.figures.of", hours=facts["hours"], unit=words.unit(str(facts["unit"])), **numbers)
        rows.append(("findings.figures", told))
    if "not_evaluated" in facts:
        hour = local_iso(words.hour_start(patterns.started_ms(event)))
        behind = words.evidence_url(f"{event.source}/{event.factor}/avg/hour/{hour}")
        rows.append(("findings.readings", link(behind, t("findings.readings.of"), " →")))
        if facts.get("low") is not None:
            ends = dict.fromkeys((str(facts["low"]), str(facts["high"])))
            rows.append(("findings.values", f"{' – '.join(ends)} {words.unit(str(facts['unit']))}".strip()))
        flags = {name: facts[name] for name in FLAG_NAMES.values()}
        rows.append(("findings.flags", t("findings.flags.of", **flags)))
    if "limit" in facts:
        stat = words.stat_words(str(facts["stat"]))
        rows.append(
            ("findings.limit", t("findings.limit.of", limit=facts["limit"], unit=words.unit(str(facts["unit"])), stat=stat))
        )
    known = rule_of(event, registry)
    if known is None:
        rows.append(("findings.rule", t("findings.rule.gone", rule=facts["rule"], pack=facts["pack"])))
    else:
        pack, rule = known
        rows += [
            ("findings.rule", f"{rule.id}: {pack.said(rule, spoken())}"),
            ("findings.basis", f"{standard_words(rule.standard, spoken())} · {pack.id}"),
            ("findings.confidence", sure(rule.confidence)),
        ]
    rows += [("findings.peers", _peers(context, event, everyone)), ("findings.next", t("findings.do"))]
    title = [
        _clause(context, event),
        " ",
        parts.chip("blue", t("findings.weight.of", n=facts["weight"])),
        " ",
        decisions.chip(made),
    ]
    return h(
        "section", h("div", h("h2", *title), cls="head"), h("dl", [[h("dt", t(k)), h("dd", v)] for k, v in rows], cls="facts")
    )


def _period(context: Context, event: Event) -> str:
    start_ms, end_ms = patterns.started_ms(event), patterns.ended_ms(event)
    start, end = words.clock(start_ms, context.now_ms), words.clock(end_ms, start_ms)
    return start if start.endswith(end) else f"{start} – {end}"


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


def _list(context: Context, found: list[Event], chosen: Event, decided: Mapping[str, Decision]) -> Markup:
    rows = [
        h(
            "tr",
            h("td", words.day(patterns.day_ms(e))),
            h("td", link(url(e.source, e.id), _clause(context, e), aria_current="true" if e is chosen else None)),
            h("td", _where(context, e)),
            h("td", context.names.said(e.source, str(e.facts["text"]))),
            h("td", str(e.facts["weight"]), cls="num"),
            h("td", decisions.chip(decided.get(e.id))),
            data_key=e.id,
        )
        for e in found[:LISTED_MAX]
    ]
    keys = ("findings.day", "findings.pattern", "findings.where", "findings.reason", "findings.weight.one", "decision")
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
