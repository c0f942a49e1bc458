"""Findings of screening ranked by weight, and how a source stands among its peers; what the page Findings and its command show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from alerts.decisions import Decision
from ingest.registry import Registry
from processors.figures import DAY_MS, Event, epoch_ms
from processors.screening import FINDING
from processors.store import StoreQuery

FINDINGS_MAX = 5_000
"""Newest findings that are looked at."""
DAYS = 30
"""Days over which weights are added up."""
PEERS_MAX = 40
"""Peers that are looked at, in the order of their names."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A source with findings, newest first: the sum of their weights, and the weight of each rule, heaviest first."""

    source: str
    weight: int
    by_rule: dict[str, int]
    since_ms: int
    findings: list[Event]


@dataclass(frozen=True, slots=True)
class Among:
    """How a day's values of a factor moved, (greatest - least) / mean of its hours in percent, beside its peers'.

    ``rank`` counts from the least movement; ``peers`` is how many others have such a day, ``middle_pct`` the lower middle one's movement,
    ``alike`` how many of them had the same rule's finding in the days added up.
    """

    own_pct: Decimal
    rank: int
    peers: int
    middle_pct: Decimal
    alike: int


def recent(store: StoreQuery, now_ms: int, days: int = DAYS) -> list[Event]:
    """Return the findings on days of the last ``days``, newest told first."""
    return [e for e in store.events(kind=FINDING, limit=FINDINGS_MAX) if ended_ms(e) > now_ms - days * DAY_MS]


def finding(store: StoreQuery, identity: str) -> Event | None:
    """Return a finding by its id, None where it is not among the newest."""
    return next((e for e in store.events(kind=FINDING, limit=FINDINGS_MAX) if e.id == identity), None)


def ranked(found: Iterable[Event]) -> list[Suspect]:
    """Return the sources of findings, heaviest first."""
    by_source: dict[str, list[Event]] = {}
    for event in found:
        by_source.setdefault(event.source, []).append(event)
    suspects = [_suspect(source, mine) for source, mine in by_source.items()]
    return sorted(suspects, key=lambda s: (-s.weight, s.source))


def undismissed(found: Iterable[Event], decided: Mapping[str, Decision]) -> list[Event]:
    """Return the findings that nobody dismissed, by the decisions that stand."""
    return [e for e in found if e.id not in decided or decided[e.id].decided != "dismissed"]


@dataclass(frozen=True, slots=True)
class Score:
    """How a rule's findings were judged by people: told in the days looked at; confirmed and dismissed, as far back as decisions are kept."""

    rule: str
    told: int
    confirmed: int
    dismissed: int

    @property
    def confirmed_pct(self) -> Decimal | None:
        """Share of the decided that were confirmed [%], None where none was decided."""
        decided = self.confirmed + self.dismissed
        return Decimal(100 * self.confirmed) / decided if decided else None


def scores(found: Iterable[Event], decided: Mapping[str, Decision]) -> list[Score]:
    """Return the score of each rule that told or was decided about, in the order of their names."""
    told = Counter(str(e.facts["rule"]) for e in found)
    judged = Counter((d.rule, d.decided) for d in decided.values())
    rules = sorted(told.keys() | {rule for rule, _ in judged})
    return [Score(rule, told[rule], judged[rule, "confirmed"], judged[rule, "dismissed"]) for rule in rules]


def _suspect(source: str, found: list[Event]) -> Suspect:
    weights: dict[str, int] = {}
    for event in found:
        rule = str(event.facts["rule"])
        weights[rule] = weights.get(rule, 0) + int(event.facts["weight"])
    by_rule = dict(sorted(weights.items(), key=lambda item: (-item[1], item[0])))
    newest = sorted(found, key=lambda e: (-ended_ms(e), -int(e.facts["weight"]), e.id))
    return Suspect(source, sum(weights.values()), by_rule, min(map(started_ms, found)), newest)


def started_ms(event: Event) -> int:
    """Return the start of what a finding is about."""
    return epoch_ms(datetime.fromisoformat(str(event.facts["start"])))


def ended_ms(event: Event) -> int:
    """Return the end of what a finding is about."""
    return epoch_ms(datetime.fromisoformat(str(event.facts["end"])))


def day_ms(event: Event) -> int:
    """Return the start of the local day that was closed when a finding was told."""
    return epoch_ms(datetime.fromisoformat(f"{event.facts['day']}T00:00:00+08:00"))


def peers_of(source: str, registry: Registry) -> list[str]:
    """Return the other sources of the same kind whose enterprises are of the same sector, at most PEERS_MAX."""
    sectors = {e.enterprise: e.sector for e in registry.enterprises}
    groups = {s.source: (s.kind, sectors.get(s.enterprise, "")) for s in registry.sources}
    return sorted(name for name, group in groups.items() if name != source and group == groups.get(source))[:PEERS_MAX]


def among(store: StoreQuery, registry: Registry, event: Event, told: Iterable[Suspect]) -> Among | None:
    """Return how a finding's source stands among its peers on the finding's day; None where its values or peers do not say."""
    own = _moved(store, event.source, event)
    peers = peers_of(event.source, registry)
    others = sorted(moved for peer in peers if (moved := _moved(store, peer, event)) is not None)
    if own is None or not others:
        return None
    alike = sum(1 for s in told if s.source in peers and event.facts["rule"] in s.by_rule)
    rank = 1 + sum(1 for moved in others if moved < own)
    return Among(own, rank, len(others), others[(len(others) - 1) // 2], alike)


def _moved(store: StoreQuery, source: str, event: Event) -> Decimal | None:
    start = day_ms(event)
    hours = store.figures(source, "hour", start, start + DAY_MS, event.factor, "avg")
    values = [f.number for f in hours if f.ok and f.number is not None]
    total = sum(values, Decimal(0))
    return (max(values) - min(values)) * 100 * len(values) / total if values and total > 0 else None
