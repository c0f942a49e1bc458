"""Screening scored: precision and recall on simulated, labelled fraud, and findings per source-month on real feeds.

python -m tests.bench.screening [--seed SEED] [--feeds FOLDER]
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import islice
from pathlib import Path

from ingest.log import LogRecord
from ingest.records import Mark
from ingest.registry import Enterprise, Limit, Point, Registry, Source
from plumeline.check import check
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.closing import Closed
from processors.engine import Engine
from processors.figures import DAY_MS, Event
from processors.findings import Findings
from processors.memory import Settings
from processors.output import Output
from processors.packs import chosen
from processors.points import Points, Rules
from processors.screening import screen
from processors.shelf import spans_of
from simulators import fraud
from tests.conftest import REPO, SHARED

START = datetime(2026, 6, 1, tzinfo=timezone(timedelta(hours=8)))
TUNED, HELD_OUT = "tuned", "never seen"
"""The seed that thresholds were looked at with, and the one whose score is quoted."""
MONTH_DAYS = 30
LINES_A_TURN = 20_000
STACKS_AT_ONCE = 21
"""Stacks that go through one engine together."""


@dataclass(frozen=True, slots=True)
class Score:
    """What screening found of labelled stacks.

    ``ranked`` are (weight, name, kind), heaviest first; ``caught`` counts kind -> (stacks with a finding of weight, stacks); ``false`` counts
    the honest stacks' findings by rule, ``honest_months`` their source-months; ``seconds_a_day`` is what a closed day took.
    """

    ranked: list[tuple[int, str, str]]
    caught: dict[str, tuple[int, int]]
    rules: dict[str, Counter[str]]
    false: Counter[str]
    honest_months: float
    seconds_a_day: float

    @property
    def precision(self) -> float:
        """The share of tampered stacks among as many of the heaviest as there are tampered ones."""
        tampered = sum(1 for _w, _n, kind in self.ranked if kind)
        return sum(1 for _w, _n, kind in self.ranked[:tampered] if kind) / tampered

    @property
    def false_a_month(self) -> float:
        """Findings of honest stacks per source-month."""
        return sum(self.false.values()) / self.honest_months


def registry_of(stacks: Iterable[fraud.Stack]) -> Registry:
    """Return what the registry says of simulated stacks."""
    sources, points, limits = [], [], []
    for stack in stacks:
        name = stack.name
        sources.append(
            Source(source=name, enterprise="E", outlet="1", name="stack", kind="flue_gas", cadence_s=stack.cadence_s)
        )
        pollutants = ((fraud.SO2, stack.range_so2, fraud.LIMIT_SO2), (fraud.NOX, fraud.RANGE_NOX, fraud.LIMIT_NOX))
        for factor, top, limit in pollutants:
            ends = {"range_low": Decimal(0), "range_high": Decimal(top), "reference_o2_pct": Decimal(6)}
            points.append(Point(source=name, factor=factor, unit="mg/m3", flow_factor=fraud.FLOW, **ends))
            limits.append(Limit(source=name, factor=factor, limit_id="L", limit=Decimal(limit), unit="mg/m3", stat="avg_ref"))
        points += [Point(source=name, factor=f, unit=unit) for f, unit in ((fraud.O2, "%"), (fraud.FLOW, "m3/h"))]
    return Registry(
        enterprises=(Enterprise(enterprise="E", name="E"),),
        sources=tuple(sources),
        points=tuple(points),
        limits=tuple(limits),
    )


def marks_of(stack: fraud.Stack) -> list[Mark]:
    """Return a stack's marks as the log holds them."""
    return [
        Mark(
            id=f"{stack.name}-{n}",
            source=stack.name,
            type=kind,  # type: ignore[arg-type]
            start=start,
            end=end,
            author="operator",
            set_at=start - timedelta(hours=1) if announced else end,
        )
        for n, (kind, start, end, announced) in enumerate(stack.marks)
    ]


def screened(
    registry: Registry, store: SqliteStore, days: Iterable[int], marks: Sequence[Mark] = ()
) -> tuple[list[Event], float]:
    """Close the days (starts) of all sources over a store; return the findings and the seconds that a day took."""
    points, out = Points(registry, Rules()), Output()
    findings, spans = Findings(points), spans_of(marks, points)
    keys = [(points.sources[source], day) for day in sorted(days) for source in points.source_names]
    began = time.process_time()
    for source, day in keys:
        own = [mark for mark in marks if mark.source == source.source]
        screen(Closed(source, day, 0, 2**60, chosen(source, points.packs), points, spans, own, store), findings, out)
    return out.events, (time.process_time() - began) / max(1, len(keys))


def stored(registry: Registry, lines: Sequence[bytes], marks: Sequence[Mark] = ()) -> SqliteStore:
    """Run lines through the engine into a store in memory."""
    writer = SqliteWriter(":memory:")
    engine = Engine(registry, settings=Settings(hot_ms=10**15, provisional=False))
    records = [LogRecord("marks", 0, n, n, mark.line()) for n, mark in enumerate(marks)]
    for n in range(0, len(lines), LINES_A_TURN):
        records.append(LogRecord("reports", 0, n, len(records), b"\n".join(lines[n : n + LINES_A_TURN])))
    for record in records:
        for out in engine.apply([record]):
            writer.commit(out, engine.points, [], record.seq + 1)
    writer.commit(engine.finish(), engine.points, [], len(records) + 1)
    return SqliteStore(writer)


def score(stacks: Iterable[fraud.Stack], days: int) -> Score:
    """Screen each stack's days and rank all by the sum of the weights."""
    first = int(START.timestamp() * 1000)
    ranked: list[tuple[int, str, str]] = []
    rules: dict[str, Counter[str]] = defaultdict(Counter)
    took, left = [], iter(stacks)
    while group := list(islice(left, STACKS_AT_ONCE)):
        registry, marks = registry_of(group), [mark for stack in group for mark in marks_of(stack)]
        lines = sorted((line for stack in group for line in stack.lines), key=_time_of)
        found, seconds = screened(registry, stored(registry, lines, marks), range(first, first + days * DAY_MS, DAY_MS), marks)
        took.append(seconds)
        for stack in group:
            mine = [event for event in found if event.source == stack.name]
            ranked.append((sum(int(e.facts["weight"]) for e in mine), stack.name, stack.kind))
            rules[stack.kind] += Counter(str(e.facts["rule"]) for e in mine)
    ranked.sort(key=lambda row: (-row[0], row[1]))
    of = Counter(kind for _weight, _name, kind in ranked)
    hits = Counter(kind for weight, _name, kind in ranked if weight)
    caught = {kind: (hits[kind], n) for kind, n in sorted(of.items()) if kind}
    return Score(ranked, caught, dict(rules), rules[""], of[""] * days / MONTH_DAYS, sum(took) / len(took))


def _time_of(line: bytes) -> bytes:
    return line.split(b'"time":"', 1)[1][:25]


FEEDS = {
    "gas_turbine_cems": ("gas_turbine_cems_2011_2013.csv.gz", REPO / "feeds"),
    "effluent_hourly_cn": ("effluent_hourly_cn_2021.csv", REPO / "feeds"),
    "voc_gc_loving": ("voc_gc_loving_2023_04_10.csv.gz", Path(__file__).parent / "feeds"),
    "wwtp_tilburg": ("wwtp_tilburg_online_2022_03_04.csv", Path(__file__).parent / "feeds"),
    "boiler_dcs_escalante": ("boiler_dcs_escalante_part1.csv", Path(__file__).parent / "feeds"),
}
"""Real feeds: file and folder of the mapping."""


def feed_findings(path: Path, mapping: Path) -> tuple[Counter[str], float]:
    """Return the findings by rule on a real feed, and its source-months."""
    done = check(path, mapping)
    assert done.store is not None
    days = sorted({f.start_ms for f in done.figures if f.level == "day"})
    found, _seconds = screened(done.registry, done.store, days)
    return Counter(str(e.facts["rule"]) for e in found), len(days) * len(done.registry.sources) / MONTH_DAYS


def main() -> None:
    """Print the score of a seed and, where there is a folder of real feeds, what is found there."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seed", default=HELD_OUT)
    asked.add_argument("--days", type=int, default=14)
    asked.add_argument("--honest", type=int, default=30)
    asked.add_argument("--each", type=int, default=3)
    asked.add_argument("--feeds", type=Path, default=SHARED / "data")
    given = asked.parse_args()
    result = score(fraud.stacks(given.seed, START, given.days, given.honest, given.each), given.days)
    tampered = sum(of for _hits, of in result.caught.values())
    print(f"seed {given.seed!r}: {given.honest} honest and {tampered} tampered stacks, {given.days} days")
    print(f"precision at {tampered} inspections  {result.precision:.0%}")
    for kind, (hits, of) in result.caught.items():
        top = sum(1 for _w, _n, k in result.ranked[:tampered] if k == kind)
        print(f"  {kind:<11} found {hits} of {of}, in the first {tampered}: {top}   {dict(result.rules[kind].most_common())}")
    print(f"findings per honest source-month  {result.false_a_month:.2f}   {dict(result.false.most_common())}")
    print(f"heaviest honest stack  {max((w for w, _n, k in result.ranked if not k), default=0)}")
    print(f"a closed day  {result.seconds_a_day:.3f} s")
    for name, (file, folder) in FEEDS.items():
        path = given.feeds / name / file
        if path.exists():
            found, months = feed_findings(path, folder / f"{name}.toml")
            print(
                f"{name:<22} {months:5.1f} source-months  {sum(found.values()) / months:6.2f} a month   {dict(found.most_common())}"
            )


if __name__ == "__main__":
    main()
