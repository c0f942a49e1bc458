"""Which limit holds: by outlet, pollutant, time and conditions, where a permit goes before local, special and national rows."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from processors.figures import epoch_ms, scaled
from processors.rules.judge import LimitProfile

Rank = Literal["permit", "local", "special", "national", "programme"]
"""Who set a limit; rows of a rank that is not in the order of precedence stand beside it and are judged for themselves."""
Op = Literal["==", "!=", ">", ">=", "<", "<="]
Fact = Decimal | int | str | bool

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be so for a limit to hold, for example ("water_degc", ">", 12) or ("fuel", "==", "gas")."""

    name: str
    op: Op
    value: Fact

    def holds(self, facts: Mapping[str, Fact | None]) -> bool | None:
        """Tell whether it is so; None where the fact is not known."""
        fact = facts.get(self.name)
        return None if fact is None else _COMPARE[self.op](fact, self.value)


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit that one outlet carries, in ``unit``.

    It holds from ``from_ms`` to before ``to_ms`` (None: without end) and where all its ``conditions`` hold. ``averaging`` is the mean it
    is compared with, ``bound`` the side that breaks it. ``reference_o2_pct`` None means that the measured value is compared.
    """

    limit_id: str
    outlet: str
    pollutant: str
    averaging: str
    rank: Rank
    limit: Decimal
    unit: str
    bound: Literal["upper", "lower"] = "upper"
    from_ms: int | None = None
    to_ms: int | None = None
    conditions: tuple[Condition, ...] = ()
    reference_o2_pct: Decimal | None = None

    @property
    def limit_1e6(self) -> int:
        """The limit in millionths of its unit."""
        return scaled(self.limit)

    def in_force(self, time_ms: int) -> bool:
        """Tell whether the row holds at a time: from its start on, and before its end."""
        return (self.from_ms is None or self.from_ms <= time_ms) and (self.to_ms is None or time_ms < self.to_ms)


@dataclass(frozen=True, slots=True)
class Found:
    """The limit that decides, None where there is none; why; and the rows that are judged beside it."""

    row: LimitRow | None
    reason: str
    beside: tuple[LimitRow, ...] = ()


def limit_at(
    rows: Iterable[LimitRow],
    *,
    outlet: str,
    pollutant: str,
    averaging: str,
    bound: Literal["upper", "lower"],
    time_ms: int,
    facts: Mapping[str, Fact | None],
    order: Sequence[Rank],
) -> Found:
    """Return the limit that decides at an outlet.

    Args:
        rows: of any outlets, in any order.
        outlet: the outlet judged.
        pollutant: its code.
        averaging: which mean is judged.
        bound: which side is judged.
        time_ms: time of the value itself.
        facts: what is known of source state, fuel, water temperature and the like at that time.
        order: precedence, highest first; a row of another rank stands beside.

    Returns:
        The first rank that has a row in force whose conditions hold decides. Of several the one that came into force last, of those the
        strictest. Where a fact that a row of that rank asks for is not known, no limit is given, and the reason names the fact.

    Source:
        Emission_rules 5 (proposal): permit, local, special, national; programme rows separately, with their own share of hours.
    """
    mine = [
        row
        for row in rows
        if (row.outlet, row.pollutant, row.averaging, row.bound) == (outlet, pollutant, averaging, bound)
        and row.in_force(time_ms)
    ]
    beside = tuple(sorted((row for row in mine if row.rank not in order and _holds(row, facts)), key=lambda row: row.limit_id))
    for rank in order:
        ranked = [row for row in mine if row.rank == rank]
        unknown = sorted({name for row in ranked for name in _unknown(row, facts)})
        if unknown:
            return Found(None, f"{unknown[0]} is not known, on which the {rank} limit depends", beside)
        holding = sorted((row for row in ranked if _holds(row, facts)), key=_precedence)
        if holding:
            others = len(holding) - 1
            before = "" if others == 0 else ", before another" if others == 1 else f", before {others} others"
            return Found(holding[0], f"{rank} limit {holding[0].limit_id}{before}", beside)
    return Found(None, "no limit is in force", beside)


def from_profile(
    profile: LimitProfile, *, outlet: str, rank: Rank, offset_ms: int, conditions: tuple[Condition, ...] = ()
) -> LimitRow:
    """Return a shipped limit profile as a row of an outlet, in force from the local day on which it took effect."""
    start = profile.effective
    midnight = None if start is None else epoch_ms(datetime(start.year, start.month, start.day, tzinfo=UTC)) - offset_ms
    return LimitRow(
        limit_id=profile.rule_id,
        outlet=outlet,
        pollutant=profile.pollutant_code,
        averaging=profile.averaging,
        rank=rank,
        limit=profile.limit,
        unit=profile.unit,
        bound=profile.bound,
        from_ms=midnight,
        conditions=conditions,
        reference_o2_pct=profile.reference_o2_pct,
    )


def _holds(row: LimitRow, facts: Mapping[str, Fact | None]) -> bool:
    return all(condition.holds(facts) is True for condition in row.conditions)


def _unknown(row: LimitRow, facts: Mapping[str, Fact | None]) -> list[str]:
    """Return the facts that leave open whether a row holds; none where another condition already rules it out."""
    held = {condition.name: condition.holds(facts) for condition in row.conditions}
    return [] if False in held.values() else [name for name, holds in held.items() if holds is None]


def _precedence(row: LimitRow) -> tuple[bool, int, Decimal, str]:
    """Order rows of one rank: in force last first, then the strictest, then by id."""
    strict = row.limit if row.bound == "upper" else -row.limit
    return row.from_ms is None, -(row.from_ms or 0), strict, row.limit_id
