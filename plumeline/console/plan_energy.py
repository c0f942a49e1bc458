"""What a page of an energy source says of its enterprise's year: what was reported, what the plan takes out, and what it assesses."""

from __future__ import annotations

from fractions import Fraction

from markupsafe import Markup

from plumeline.console import parts, words
from plumeline.console.html import Child, h, link
from plumeline.console.shell import Context
from plumeline.texts import spoken, t
from plumeline.texts.wording import said
from processors.figures import Figure
from processors.packs import pack_of
from processors.plan_energy import REPORTED, plan_energy
from processors.plan_steps import FEEDSTOCK, NEW_RENEWABLES
from processors.rules.verdict import number_text

DECIMALS = 3


def section(context: Context, source: str) -> Markup:
    """Return the year so far, each part with the evidence of its newest day; nothing where no meter of the enterprise is about the plan."""
    row, registry = context.names.sources.get(source), context.console.registry()
    owners = {
        context.names.sources[m.source].enterprise for m in registry.meters if m.plan and m.source in context.names.sources
    }
    if row is None or row.kind != "energy" or row.enterprise not in owners:
        return Markup()

    def days_of(account: str, factor: str, stat: str, start_ms: int, end_ms: int) -> list[Figure]:
        return context.console.store.figures(account, "day", start_ms, end_ms, factor, stat)

    found = plan_energy(registry, row.enterprise, days_of, context.now_ms)
    if found is None:
        return Markup()
    lines: list[tuple[str, Child, Figure | None]] = [
        (t("energy.reported"), _tce(found.reported), found.newest.get(REPORTED)),
        (t("energy.feedstock"), _tce(found.feedstock), found.newest.get(FEEDSTOCK)),
        (t("energy.new_renewables", year=found.rule.base_year), _tce(found.new_renewables), found.newest.get(NEW_RENEWABLES)),
        (t("energy.assessed"), h("b", _tce(found.assessed)), None),
        (t("energy.intensity"), _tce(found.intensity), None),
    ]
    body = [
        h("tr", h("td", name), h("td", value, cls="num"), h("td", _newest(context, newest)))
        for name, value, newest in lines
    ]  # fmt: skip
    told = [t("energy.days", n=found.days, short=found.short), pack_of(row, registry.packs).said(found.rule, spoken())]
    return parts.section(
        t("energy.title", year=found.year),
        [
            parts.table([t("energy.what"), t("energy.tce"), t("energy.newest")], body),
            h("p", said(found.reason), cls="reason") if found.reason else "",
            h("p", words.sentences(told), cls="quiet"),
        ],
    )


def _tce(value: Fraction | None) -> str:
    return "—" if value is None else number_text(value, DECIMALS)


def _newest(context: Context, figure: Figure | None) -> Child:
    if figure is None:
        return ""
    told = words.short_day(figure.start_ms) if figure.ok else said(figure.reason or "")
    return link(words.evidence_url(figure.id), told)
