"""What benchmarks have in common: how much they do, what they find, and the load they are given."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from ingest.log import PARTITIONS, LogRecord, partition_of
from ingest.records import Tick
from ingest.registry import Contact, Enterprise, Limit, Point, Registry, Source
from processors.figures import local
from simulators.load import factor_codes, report_lines

FACTORS, CADENCE_S, BUNDLE_LINES, TICK_S = 12, 30, 50, 10
"""Shape of the load: factors of a source, seconds between its reports, lines of a log record, seconds between ticks."""
LIMITED, REFERENCED = 3, 3
"""Factors of a source that have a limit; that have a reference oxygen and a flow, and so two further hourly figures."""
ENTERPRISE_SOURCES = 4
"""Sources of one enterprise, whose totals are figures too."""
START_MS = 1_782_835_200_000
"""2026-07-01T00:00:00+08:00, where load begins that needs no clock."""
SECRET_ENV = "PLUMELINE_WEBHOOK_SECRET_BENCH"
"""Environment variable of the webhook secret."""


class BenchFault(Exception):
    """A benchmark did not do its work, so that its figure would mean nothing; the text says what happened."""


class Absent(BenchFault):
    """A part that a benchmark needs is not on this machine; the text says which, and the remedy."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each benchmark does; the defaults end within about five minutes on two cores."""

    repeat: int = 3
    engine_sources: int = 1_000
    engine_minutes: int = 70
    cluster_minutes: int = 240
    process_sources: int = 600
    process_minutes: int = 65
    process_connections: int = 4
    decode_frames: int = 10_000
    one_frames: int = 3_000
    many_connections: int = 1_000
    many_frames: int = 10
    webhook_trials: int = 50
    webhook_spacing_s: float = 0.2
    outage_sources: int = 100
    cluster_outage_sources: int = 500
    cluster_spacing_s: float = 0.5
    cluster_repeat: int = 1
    year_days: int = 30


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: the median of its runs, in ``unit``; ``aim`` is None where there is none."""

    name: str
    what: str
    unit: str
    runs: list[float]
    aim: float | None
    less_is_better: bool = False
    note: str = ""

    @property
    def figure(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def met(self) -> bool | None:
        """Whether the aim is met."""
        if self.aim is None:
            return None
        return self.figure <= self.aim if self.less_is_better else self.figure >= self.aim


def bench_registry(sources: list[str], factors: int, *, limited: int = LIMITED, limit: str = "35", hook: str = "") -> Registry:
    """Return a registry for load: limits on the first factors; from five factors on oxygen and flow are among them."""
    codes = factor_codes(factors)
    full = factors >= 5
    points = [
        Point(
            source=source,
            factor=code,
            unit="m3/h" if code == "a00000" else "%" if code == "a19001" else "mg/m3",
            multiplier=Decimal("0.2") if code == "a19001" else Decimal(1),
            reference_o2_pct=Decimal(6) if full and i < REFERENCED else None,
            flow_factor="a00000" if full and i < REFERENCED else "",
        )
        for source in sources
        for i, code in enumerate(codes)
    ]
    limits = [
        Limit(source=s, factor=c, limit_id="BENCH", limit=Decimal(limit), unit="mg/m3", stat="avg_ref" if full else "avg")
        for s in sources
        for c in codes[:limited]
    ]
    rows = [
        Source(
            source=s, enterprise=f"BENCH-{n // ENTERPRISE_SOURCES}", outlet="1", name=s, kind="flue_gas", cadence_s=CADENCE_S
        )
        for n, s in enumerate(sources)
    ]
    contacts = [Contact(contact="bench", url=hook, secret_env=SECRET_ENV)] if hook else []
    return Registry(
        enterprises=tuple(Enterprise(enterprise=e, name=e) for e in dict.fromkeys(row.enterprise for row in rows)),
        sources=tuple(rows),
        points=tuple(points),
        limits=tuple(limits),
        contacts=tuple(contacts),
    )


def source_names(count: int, first: int = 0) -> list[str]:
    """Return the names that ``simulators.load.report_lines`` gives its sources."""
    return [f"BENCH{n:06d}" for n in range(first, first + count)]


def tick_values(now_ms: int, seq: int) -> list[LogRecord]:
    """Return a gateway's tick in every partition."""
    line = Tick(tick=local(now_ms), gateway="bench").line()
    return [LogRecord("reports", p, seq + p, seq + p, line) for p in range(PARTITIONS)]


def log_records(sources: int, minutes: int) -> list[LogRecord]:
    """Return the log of sources that report each 30 s: records of up to 50 lines of one partition, a tick each 10 s in all."""
    partition = [partition_of(name) for name in source_names(sources)]
    records: list[LogRecord] = []
    blocks = report_lines(sources, FACTORS, local(START_MS), minutes * 60, cadence_s=CADENCE_S, block_s=CADENCE_S)
    for step, block in enumerate(blocks):
        at_ms = START_MS + step * CADENCE_S * 1000
        records += tick_values(at_ms, len(records))
        by_partition: dict[int, list[bytes]] = {}
        for p, line in zip(partition, block.split(b"\n"), strict=False):
            by_partition.setdefault(p, []).append(line)
        for p, lines in sorted(by_partition.items()):
            for i in range(0, len(lines), BUNDLE_LINES):
                n = len(records)
                records.append(LogRecord("reports", p, n, n, b"\n".join(lines[i : i + BUNDLE_LINES])))
        for later in range(TICK_S, CADENCE_S, TICK_S):
            records += tick_values(at_ms + later * 1000, len(records))
    return records


def expect(what: str, found: float, wanted: float) -> None:
    """Raise BenchFault unless all of the work was done."""
    if found != wanted:
        raise BenchFault(f"{what}: {found:,} of {wanted:,}; the figure would mean nothing")
