"""Warnings of hours that are going to exceed in plain words; the lines of ``alerts.message``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alerts.texts import known

if TYPE_CHECKING:
    from alerts.message import View


def expected(view: View, first: str) -> list[str]:
    """An hour that is going to exceed: what it shows, how sure, and what keeps the limit; or what came of it; ``first`` is what to look at first."""
    facts, measure = view.facts, view.measure(view.facts)
    until = view.moment(facts.get("hour_end"))
    if view.alert.phase == "resolved":
        outcome = str(facts.get("outcome"))
        value = view.text("exceedance.value_alone", **measure) if facts.get("value") is not None else ""
        return [
            view.title("title.exceedance.expected.resolved"),
            view.text(known(f"expected.ended.{outcome}", "expected.ended"), period=measure["period"]),
            value,
            view.next("next.reading.above_range" if "(above range)" in str(facts.get("reason")) else "next.expected_ended"),
        ]
    by = facts.get("by")
    of, likely = facts.get("of"), facts.get("likely")
    told = {**measure, "n": view.or_unknown(facts.get("n")), "minutes": view.or_unknown(facts.get("above_min"))}
    rest = facts.get("rest")
    if by == "last hours":
        keeps = ""
    elif by == "above range":
        keeps = view.text("expected.censored")
    elif rest is None:
        keeps = view.text("expected.lost")
    else:
        keeps = view.text(
            "expected.rest", rest=view.measure({**facts, "value": rest})["value"], unit=measure["unit"], until=until
        )
    level = facts.get("level")
    sure = view.text("expected.likely", likely=likely, of=of) if likely is not None else view.text("expected.unsure")
    return [
        view.title("title.exceedance.near.opened" if _below(facts) else "title.exceedance.expected.opened", until=until),
        view.text(known(f"expected.{by}", "expected.by"), **told),
        view.text("expected.warned", opens_pct=facts.get("opens_pct"), level=view.text(f"level.{level}")) if level else "",
        sure if by != "above range" else "",
        keeps,
        view.text("expected.until", until=until),
        first,
    ]


def _below(facts: Mapping[str, Any]) -> bool:
    """Whether all that is known is a mean so far that does not lie above the limit, however near it."""
    value, limit = facts.get("value"), facts.get("limit")
    return facts.get("by") == "hour so far" and None not in (value, limit) and Decimal(str(value)) <= Decimal(str(limit))
