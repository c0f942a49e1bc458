"""The formula behind a figure with its numbers filled in, the rule it rests on, and the limit."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from plumeline.console import parts, words
from plumeline.console.html import Child, h
from plumeline.console.minutes import unit_of
from plumeline.console.shell import Context
from plumeline.explain import plain
from plumeline.texts import spoken, t
from plumeline.texts.wording import said, sure
from processors.figures import Figure
from processors.states import STATE_COLUMNS


def section(context: Context, f: Figure) -> Markup:
    """Return the formula with its numbers, how sure it is, its rule and its limits."""
    explain = {key: value for key, value in f.explain.items() if key != "others"}
    formula, basis = explain.pop("formula", None), explain.pop("basis", None)
    in_chinese, basis_zh = explain.pop("formula_zh", None), explain.pop("basis_zh", None)
    for digest in ("inputs_digest", "rules_digest"):
        explain.pop(digest, None)  # they stand among the digests, at the page's end
    lines: list[Child] = []
    if formula:
        lines.append(h("p", in_chinese if in_chinese and spoken() == "zh" else said(str(formula)), cls="formula"))
    if "sum" in explain and explain.get("n") and f.ok:
        lines.append(
            h(
                "p",
                f"{explain['sum']} / {explain['n']} = ",
                h("b", "" if f.number is None else plain(f.number)),
                f" {unit_of(context, f)}",
                cls="formula",
            )
        )
    if f.stat == "mass" and f.level == "hour" and f.ok:
        lines.append(_mass(context, f, str(explain.get("flow_factor") or "")))
    if f.stat == "avg_ref" and f.level == "hour" and f.ok and "reference_volume_m3_t" in explain:
        lines.append(_at_volume(context, f, explain))
    rows = [
        h(
            "div",
            h("dt", t(f"explain.{key}") if t(f"explain.{key}") != f"explain.{key}" else key),
            h("dd", _told(context, f, key, value)),
        )
        for key, value in explain.items()
    ]
    if rows:
        lines.append(h("dl", rows, cls="facts across"))
    if basis:
        rule = str(basis).split(f"; limit {f.limit_id}: ")[0]  # the limit follows, in the reader's language
        rule = basis_zh if basis_zh and spoken() == "zh" else said(rule)
        lines.append(h("p", t("evidence.basis"), " ", rule, cls="quiet"))
    if f.limit_number is not None:
        by = context.names.limit_words(f.source, f.limit_id)
        lines.append(
            h(
                "p",
                t(
                    "evidence.limit.row",
                    limit=words.number(f.limit_number),
                    unit=words.unit(f.unit),
                    id=f.limit_id or "—",
                    basis=by if by != (f.limit_id or "") else t("evidence.limit.permit"),
                ),
            )
        )
    lines += [h("p", told) for told in parts.others(f)]
    return parts.section(t("evidence.formula"), lines or parts.quiet(t("evidence.formula.none")))


def _at_volume(context: Context, f: Figure, explain: Mapping[str, object]) -> Markup | None:
    """Return the quotient behind an hour at a reference gas volume with its three hour means filled in."""
    told = _means(context, f, f.factor, str(explain["flow_factor"]), str(explain["product_factor"]))
    if len(told) != 3:
        return None
    measured, flow, product = told
    return h(
        "p",
        f"{measured} × {flow} / ({explain['reference_volume_m3_t']} m³/t × {product}) = ",
        h("b", "" if f.number is None else plain(f.number)),
        f" {unit_of(context, f)}",
        cls="formula",
    )


def _means(context: Context, f: Figure, *factors: str) -> list[str]:
    """Return the means of factors in a figure's hour with their units, those that there are."""
    means = [context.console.store.figure(f.source, one, "avg", "hour", f.start_ms) for one in factors]
    return [f"{m.number.normalize():,f} {unit_of(context, m)}" for m in means if m is not None and m.number is not None]


def _mass(context: Context, f: Figure, flow_factor: str) -> Markup | None:
    """Return the product behind an hourly mass with its two hour means filled in."""
    told = _means(context, f, f.factor, flow_factor)
    if len(told) != 2:
        return None
    power = " × 10⁻³ = " if told[0].endswith("/L") else " × 10⁻⁶ = "
    return h(
        "p",
        " × ".join(told),
        power,
        h("b", "" if f.number is None else plain(f.number)),
        f" {unit_of(context, f)}",
        cls="formula",
    )


def _told(context: Context, f: Figure, key: str, value: object) -> str:
    """Return a number of the formula, or what a word of it means; a factor by its name with its code."""
    word, text = f"explain.{key}.{value}", _text(value)
    if key.endswith("_factor"):
        name = context.names.factor(f.source, text)
        named = name if name == text else f"{name} ({text})"
        return f"{named}: {mean}" if key in STATE_COLUMNS and (mean := _hour_mean(context, f, text)) else named
    if key == "confidence":
        return sure(text)
    return t(word) if t(word) != word else context.names.said(f.source, text) if key == "note" else text


def _hour_mean(context: Context, f: Figure, factor: str) -> str:
    """Return the mean of another factor in the figure's hour, with its unit; empty where there is none."""
    mean = context.console.store.figure(f.source, factor, "avg", "hour", f.start_ms) if f.level == "hour" else None
    return "" if mean is None or mean.number is None else f"{words.number(mean.number)} {unit_of(context, mean)}"


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return words.listed(_text(v) for v in value)
    if isinstance(value, dict):
        return words.listed(f"{k} {_text(v)}" for k, v in value.items())
    return str(value)
