"""The ladder of escalation: what judged hours and days raise to an authority, and what late data take away again.

A reason is one rule at one period of one series. All reasons follow from the set of exceeding periods; when the set changes, the reasons
that are new and those that are gone are told. Who hears of it, and what people do about it, is the alerts' business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ingest.registry import LEVELS, Clause, Escalation, StageRule
from processors.figures import DAY_MS, HOUR_MS, SCALE, Event, local_iso
from processors.rules.judge import times_over_text
from processors.rules.ladder import counted, is_multiple

if TYPE_CHECKING:
    from processors.episodes import HourVerdict, Series

Reasons = dict[tuple[str, int], StageRule]
"""Rule and start of the period -> the rule."""

EXCEEDS = "exceeds"
LEVEL_OF = {HOUR_MS: "hour", DAY_MS: "day"}
"""Length of a judged period -> its level."""


def judging(escalation: Escalation | None, level: str) -> tuple[StageRule, ...]:
    """Return the rules that judge periods of a level, "hour" or "day"; those by time alone are not among them."""
    kinds = {"hour": ("hours", "multiple"), "day": ("day", "days", "multiple")}[level]
    return tuple(rule for rule in escalation.rule if rule.when in kinds) if escalation is not None else ()


def reach_of(rules: Iterable[StageRule]) -> int:
    """Return how many periods from a changed one on may lie in its stretch, itself among them."""
    return max((rule.within_h or rule.within_d or 1 for rule in rules), default=0)


def reasons(rules: Sequence[StageRule], exceeding: Mapping[int, HourVerdict], changed: HourVerdict) -> Reasons:
    """Return the reasons at the periods that a change of one of them can reach: from it on, as far as the longest stretch.

    Args:
        exceeding: the series' exceeding periods, by start.
    """
    at_ms, period_ms = changed.hour_ms, changed.length_ms
    starts = [s for s in range(at_ms, at_ms + reach_of(rules) * period_ms, period_ms) if s in exceeding]
    return {(rule.id, start): rule for start in starts for rule in rules if _holds(rule, exceeding, start, period_ms)}


def _holds(rule: StageRule, exceeding: Mapping[int, HourVerdict], at_ms: int, period_ms: int) -> bool:
    if rule.multiple is not None:
        value = exceeding[at_ms].value
        return value is not None and is_multiple(value, exceeding[at_ms].limit, multiple=rule.multiple)
    within = rule.within_h or rule.within_d
    return within is None or counted(exceeding, at_ms, within=within, period_ms=period_ms) >= (rule.n or 1)


def changes(
    before: Reasons,
    after: Reasons,
    changed: HourVerdict,
    exceeding: Mapping[int, HourVerdict],
    rules: Sequence[StageRule],
) -> list[Event]:
    """Return what a changed period made of its series' reasons: raised, or lapsed, in the order of periods and rules.

    What is raised says how many periods exceed within the longest stretch of the ``rules``.
    """
    within, level = reach_of(rules), LEVEL_OF[changed.length_ms]
    events: list[Event] = []
    for key in sorted(before.keys() ^ after.keys(), key=lambda key: (key[1], key[0])):
        rule, facts = after.get(key) or before[key], dict[str, Any]()
        if key in after:
            found = counted(exceeding, key[1], within=within, period_ms=changed.length_ms)
            facts = {**_numbers(exceeding[key[1]]), "exceeding": found, "within": within, "period": level}
        events.append(_event("raised" if key in after else "lapsed", rule, key[1], changed, facts))
    return events


def days_changed(rules: Sequence[StageRule], days: Iterable[HourVerdict], at_ms: int) -> Iterator[Event]:
    """Yield the reasons at a closed day, and those at days after it; where it was revised also those that do not hold (any more).

    A day that lapses need not have been raised: whoever is told knows what was.

    Args:
        days: decided days of one source, from the first that a stretch may hold to the last.
        at_ms: start of the closed day.
    """
    series: dict[Series, dict[int, HourVerdict]] = defaultdict(dict)
    for day in days:
        series[day.series][day.hour_ms] = day
    for key in sorted(key for key, known in series.items() if at_ms in known):
        known = series[key]
        exceeding = {start: day for start, day in known.items() if day.verdict == EXCEEDS}
        held = reasons(rules, exceeding, known[at_ms])
        gone: Reasons = {}
        if known[at_ms].state == "revised":
            gone = {(r.id, d): r for d in known if d >= at_ms for r in rules if (r.id, d) not in held}
        yield from changes(gone, held, known[at_ms], exceeding, rules)


def _event(what: str, rule: StageRule, start: int, changed: HourVerdict, more: dict[str, Any]) -> Event:
    """Return the event of a reason.

    Its identity holds when that was decided: a reason may come and go and come again.
    """
    kind = f"escalation.{what}"
    reason = "/".join((rule.id, changed.stat, changed.limit_id, LEVEL_OF[changed.length_ms], local_iso(start)))
    facts: dict[str, Any] = {
        "rule": rule.id,
        "stage": LEVELS.index(rule.stage),
        "reason": reason,
        "stat": changed.stat,
        "unit": changed.unit,
        "limit_id": changed.limit_id,
        "hour_start": local_iso(start),
        "hour_end": local_iso(start + changed.length_ms),
        **sentences(rule),
        **more,
    }
    identity = "/".join((kind, changed.source, changed.factor, reason, str(changed.decided_ms)))
    return Event(identity, kind, changed.source, changed.factor, changed.decided_ms, changed.live, facts)


def sentences(clause: Clause) -> dict[str, str]:
    """Return why a rule holds, in both languages, and what it rests on."""
    values = clause.model_dump()
    basis = " ".join(filter(None, (clause.standard, clause.clause)))
    return {"text": clause.text.format(**values), "text_zh": clause.text_zh.format(**values), "rests_on": basis}


def _numbers(verdict: HourVerdict) -> dict[str, str | None]:
    return {
        "value": None if verdict.value is None else _decimal(verdict.value),
        "limit": _decimal(verdict.limit),
        "times_over": None if verdict.value is None else times_over_text(verdict.value, verdict.limit, 3),
    }


def _decimal(value: int) -> str:
    return f"{Decimal(value).scaleb(-SCALE).normalize():f}"
