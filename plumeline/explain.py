"""How a figure came about: its formula with the numbers filled in, the rule and its clause."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from alerts.standards import standard_words
from ingest.registry import Limit, Meter, Point, Registry
from processors.averaging_steps import HourReferenceOxygen, HourReferenceVolume, MinuteGasState, MinuteMean
from processors.figures import MINUTE_SCALE, SCALE, Figure
from processors.judging import EXEMPT
from processors.packs import MarkExempt, Pack, pack_of
from processors.plan_steps import FEEDSTOCK, NEW_RENEWABLES
from processors.points import end_ms, start_ms

MADE_OF_MINUTES = ("avg", "avg_ref", "min", "max")
"""Stats that are made of the minutes themselves, whose gas may have been sent in another state."""
ENERGY_RULES = {
    ("energy", "hour"): (
        "difference of the register (linear between readings) or sum of intervals, times the multiplier",
        "register rules 2.5: rollover, reset, swap, spike; gaps E1 to E3",
    ),
    ("energy", "day"): ("sum of the day's hours", "register rules 2.5"),
    ("kgce", "hour"): ("energy × kgce per unit", "GB/T 2589-2020"),
    ("kgce", "day"): ("sum of the day's hours", "GB/T 2589-2020"),
    (FEEDSTOCK, "day"): ("sum over the meters whose plan is feedstock", "plan for 2021 to 2025, feedstock"),
    (NEW_RENEWABLES, "day"): (
        "sum over the meters whose plan is renewable, less a day's share of the base year",
        "plan for 2021 to 2025, new renewable electricity",
    ),
    ("tco2", "hour"): ("energy × tCO2 per unit; electricity by grid factor of the year", "yearly grid factors; fuel defaults"),
    ("tco2", "day"): ("sum of the day's hours", "yearly grid factors; fuel defaults"),
}
"""Formula and source of energy by stat and level; those of means and masses are the source's rule pack's."""


def explained(figure: Figure, registry: Registry) -> dict[str, Any]:
    """Return the formula, its numbers, and rule and clause of a figure, for people."""
    point = _at(registry.points, figure)
    sent_otherwise = isinstance(point, Point) and bool(point.gas_state)
    by_volume = isinstance(point, Point) and point.reference_volume_m3_t is not None
    out: dict[str, Any] = {**_rules(figure, registry, sent_otherwise=sent_otherwise, by_volume=by_volume)}
    basis, basis_zh = out.pop("basis"), out.pop("basis_zh", None)
    total = figure.total if "total" in figure.explain else None
    if total is not None and figure.stat in ("avg", "avg_ref") and figure.n:
        out["sum"] = plain(Decimal(total).scaleb(-(MINUTE_SCALE if figure.level in ("halfhour", "hour") else SCALE)))
        out["n"] = figure.n
    if isinstance(point, Point):
        if figure.stat == "avg_ref" and point.reference_o2_pct is not None:
            out["reference_o2_pct"] = plain(point.reference_o2_pct)
            out["oxygen_factor"] = point.oxygen_factor
        if figure.stat == "avg_ref" and point.reference_volume_m3_t is not None:
            out["reference_volume_m3_t"] = plain(point.reference_volume_m3_t)
            out |= {"flow_factor": point.flow_factor, "product_factor": point.product_factor}
        if figure.stat == "mass":
            out["flow_factor"] = point.flow_factor
        if sent_otherwise and figure.stat in MADE_OF_MINUTES:
            out["gas_state"] = point.gas_state
            out |= point.companions
        if point.multiplier != 1:
            out["multiplier"] = plain(point.multiplier)
    meter = _at(registry.meters, figure)
    if isinstance(meter, Meter):
        out["register"], out["multiplier"] = meter.kind, plain(meter.multiplier)
    if figure.explain.get("note"):
        out["note"] = figure.explain["note"]
    for member in figure.explain.get("members", []):
        key = f"{member['source']}/{member['factor']}"
        out[key] = plain(Decimal(member["value"]).scaleb(-SCALE))
    if figure.explain.get("others"):
        out["others"] = figure.explain["others"]
    limit = limit_of(figure, registry)
    out["basis"] = basis if limit is None else f"{basis}; limit {limit.limit_id}: {limit.basis or 'permit'}"
    if basis_zh is not None:
        out["basis_zh"] = basis_zh
    out["inputs_digest"], out["rules_digest"] = figure.inputs, figure.rules
    return out


def _rules(figure: Figure, registry: Registry, *, sent_otherwise: bool, by_volume: bool) -> dict[str, str]:
    row = next((s for s in registry.sources if s.source == figure.source and start_ms(s) <= figure.start_ms < end_ms(s)), None)
    pack = None if row is None else pack_of(row, registry.packs)
    return rules_behind(
        pack,
        figure.stat,
        figure.level,
        figure.factor,
        exempt=figure.verdict == EXEMPT,
        sent_otherwise=sent_otherwise,
        by_volume=by_volume,
    )


def rules_behind(
    pack: Pack | None,
    stat: str,
    level: str,
    factor: str | None = None,
    *,
    exempt: bool = False,
    sent_otherwise: bool = False,
    by_volume: bool = False,
) -> dict[str, str]:
    """Return formula and basis of a stat and level, and in Chinese and with its confidence where the rule pack says it.

    Of an hour that is exempt the rule by which it is stands among them; of one ``sent_otherwise`` than dry at the standard state the rule by
    which its minutes became so; of one ``by_volume`` that on the gas volume of a tonne of product, in place of reference oxygen; where readings
    must be valid for a share of a minute, the rule that says so.
    """
    behind = pack.behind(stat, level, factor) if pack is not None else []
    behind = [rule for rule in behind if not isinstance(rule, HourReferenceOxygen if by_volume else HourReferenceVolume)]
    by_mark = pack.rule(MarkExempt) if pack is not None and exempt else None
    behind += [] if by_mark is None else [by_mark]
    state = pack.rule(MinuteGasState) if pack is not None and sent_otherwise else None
    if state is not None and stat in MADE_OF_MINUTES and level in ("minute", "halfhour", "hour"):
        behind = [state, *behind]
    if pack is not None and pack.raw_share and stat in MADE_OF_MINUTES and level in ("halfhour", "hour"):
        behind = [*(rule for rule in pack.rules if isinstance(rule, MinuteMean)), *behind]
    if pack is None or not behind:
        formula, basis = ENERGY_RULES.get((stat, level), ("sum over the members", "second pass over day figures"))
        return {"formula": formula, "basis": basis}
    unsure = [rule.confidence for rule in behind if not rule.confidence.startswith("seen")]
    return {
        "formula": "; ".join(pack.said(rule) for rule in behind),
        "formula_zh": "；".join(pack.said(rule, "zh") for rule in behind),
        "basis": "; ".join(f"{rule.standard}, {rule.clause} ({rule.id})" for rule in behind),
        "basis_zh": "；".join(f"{standard_words(rule.standard, 'zh')}，{rule.clause_zh}（{rule.id}）" for rule in behind),
        "confidence": f"unconfirmed: {unsure[0]}" if unsure else "seen",
    }


def limit_of(figure: Figure, registry: Registry) -> Limit | None:
    """Return the registry row of the limit a figure was judged by."""
    for limit in registry.limits:
        if (limit.source, limit.factor, limit.limit_id) == (figure.source, figure.factor, figure.limit_id):
            return limit
    return None


def _at(rows: tuple[Any, ...], figure: Figure) -> Any:
    for row in rows:
        if (row.source, row.factor) == (figure.source, figure.factor) and start_ms(row) <= figure.start_ms < end_ms(row):
            return row
    return None


def plain(value: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
