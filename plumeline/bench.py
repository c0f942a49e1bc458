"""``plumeline bench``: what this machine does, figure by figure, with the aim beside it and the machine named.

Every benchmark is repeated and its median quoted; all runs are shown. Load is made before the clock starts. A benchmark
that did not do all of its work has no figure: it raises BenchFault.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import platform
import pstats
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from rich.table import Table

from ingest.files import NotReadable
from ingest.hj212.framing import Framer
from ingest.hj212.verdict import judge
from ingest.log import PARTITIONS, LogRecord, partition_of
from ingest.records import Tick
from ingest.registry import Contact, Enterprise, Limit, Point, Registry, Source
from ingest.tcp import READ_BYTES
from plumeline.bench_server import BenchFault, Serving, served
from plumeline.runner import turns
from processors.engine import Engine
from processors.figures import DAY_MS, HOUR_MS, MINUTE_MS, local
from simulators.load import factor_codes, fleet, fleet_frames, report_lines
from simulators.receiver import Receiver

FACTORS, CADENCE_S, BUNDLE_LINES, TICK_S = 12, 30, 50, 10
"""Shape of the load: factors of a source, seconds between its reports, lines of a log record, seconds between ticks."""
LIMITED, REFERENCED = 3, 3
"""Factors of a source that have a limit; that have a reference oxygen and a flow, and so a mean at reference oxygen and a mass."""
YEAR_DAYS = 365
START_MS = 1_782_835_200_000
"""2026-07-01T00:00:00+08:00, where load begins that needs no clock."""
SETTLE_S = 240.0
"""Longest wait for stored figures: the hour must not be decided by tick meanwhile (5 minutes)."""
RETRIES_MAX, RETRY_S = 400, 0.05
"""How often a client sends a body again that was answered 429 or 503, and its pause."""
TOP = 10
"""Rows of a profile."""
SECRET = "whsec_cGx1bWVsaW5lLWJlbmNobWFyaw=="
SECRET_ENV = "PLUMELINE_WEBHOOK_SECRET_BENCH"
FILES_WANTED = 8_192


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each benchmark does; the defaults end within about five minutes on two cores."""

    repeat: int = 3
    engine_sources: int = 1_000
    engine_minutes: int = 70
    process_sources: int = 200
    process_minutes: int = 64
    process_connections: int = 2
    process_body_lines: int = 2_000
    decode_frames: int = 10_000
    one_frames: int = 3_000
    many_connections: int = 1_000
    many_frames: int = 10
    webhook_trials: int = 50
    webhook_spacing_s: float = 0.2
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


# -- load --------------------------------------------------------------------------------------------------------


def bench_registry(sources: list[str], factors: int, *, limited: int = LIMITED, limit: str = "35", hook: str = "") -> Registry:
    """Return a registry for load: limits on the first factors, oxygen as factor 4 and flow as factor 5 where there are so many."""
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
    rows = [Source(source=s, enterprise="BENCH", outlet="1", name=s, kind="flue_gas", cadence_s=CADENCE_S) for s in sources]
    contacts = [Contact(contact="bench", url=hook, secret_env=SECRET_ENV)] if hook else []
    return Registry(
        enterprises=(Enterprise(enterprise="BENCH", name="Bench"),),
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
    """Return the log of ``sources`` that report each 30 s: records of up to 50 lines of one partition, a tick each 10 s in all."""
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


def _expect(what: str, found: float, wanted: float) -> None:
    if found != wanted:
        raise BenchFault(f"{what}: {found:,} of {wanted:,}; the figure would mean nothing")


# -- in this process ---------------------------------------------------------------------------------------------


def engine_run(registry: Registry, cut: list[list[LogRecord]], readings: int) -> float:
    """Feed turns to a fresh engine; return the seconds it took."""
    engine = Engine(registry)
    began_s = time.perf_counter()
    done = figures = 0
    for turn in cut:
        out = engine.apply(turn)
        done += out.readings
        figures += sum(f.height for f in out.figures)
    took_s = time.perf_counter() - began_s
    _expect("readings taken in", done, readings)
    if not figures:
        raise BenchFault("no figure was published")
    return took_s


def _engine_load(sizes: Sizes) -> tuple[Registry, list[list[LogRecord]], int]:
    readings = sizes.engine_sources * sizes.engine_minutes * 60 // CADENCE_S * FACTORS
    cut = turns(log_records(sizes.engine_sources, sizes.engine_minutes))
    return bench_registry(source_names(sizes.engine_sources), FACTORS), cut, readings


def engine(sizes: Sizes) -> list[Measure]:
    """Measure readings/s from log record bytes to figures, without I/O."""
    registry, cut, readings = _engine_load(sizes)
    runs = [readings / engine_run(registry, cut, readings) for _ in range(sizes.repeat)]
    note = f"{sizes.engine_sources:,} sources x {FACTORS} factors x {CADENCE_S} s, {sizes.engine_minutes} min, {len(cut)} turns"
    return [Measure("engine", "log record bytes to figures, no I/O", "readings/s", runs, 500_000, note=note)]


def profile(sizes: Sizes) -> list[dict[str, object]]:
    """Run the engine under cProfile; return its costliest functions, by cumulative and by own time."""
    registry, cut, readings = _engine_load(sizes)
    profiler = cProfile.Profile()
    profiler.runcall(engine_run, registry, cut, readings)
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    rows = [
        {
            "function": f"{'/'.join(Path(path).parts[-2:])}:{line} {name}",
            "calls": calls,
            "own_s": round(own_s, 3),
            "cumulative_s": round(cumulative_s, 3),
        }
        for (path, line, name), (_primitive, calls, own_s, cumulative_s, _callers) in stats.items()
    ]
    found: list[dict[str, object]] = []
    for order in ("cumulative_s", "own_s"):
        ranked = sorted((r for r in rows if "engine_run" not in r["function"]), key=lambda r: -float(str(r[order])))
        found += [{"order": order, **row} for row in ranked[:TOP]]
    return found


def source_year(sizes: Sizes, days: int) -> list[Measure]:
    """Measure the seconds in the engine for a year of one source; fewer days are scaled up, and the label says so."""
    name = source_names(1)[0]
    registry = bench_registry([name], FACTORS)
    runs = []
    for _ in range(sizes.repeat):
        engine, took_s, done = Engine(registry), 0.0, 0
        blocks = report_lines(1, FACTORS, local(START_MS), days * DAY_MS // 1000, cadence_s=CADENCE_S, block_s=DAY_MS // 1000)
        for day, block in enumerate(blocks):
            stored = LogRecord("reports", partition_of(name), day, day, block)
            end = tick_values(START_MS + (day + 1) * DAY_MS + 5 * MINUTE_MS, day)
            began_s = time.perf_counter()
            for turn in ([stored], end):
                done += engine.apply(turn).readings
            took_s += time.perf_counter() - began_s
        _expect("readings of the source", done, days * DAY_MS // 1000 // CADENCE_S * FACTORS)
        runs.append(took_s * YEAR_DAYS / days)
    scaled = "all of it measured" if days == YEAR_DAYS else f"EXTRAPOLATED x {YEAR_DAYS / days:.3g} from {days} days"
    readings = YEAR_DAYS * DAY_MS // 1000 // CADENCE_S * FACTORS
    note = f"{readings:,} readings from stored records, a day a turn; {scaled}"
    return [Measure("source-year", "a source-year in the engine", "s", runs, 60.0, True, note)]


def decode_run(frames: int) -> float:
    """Return frames/s of framing and judging one device's frames on one core."""
    made = fleet_frames(0, frames, local(START_MS))
    stream = b"".join(made)
    received = local(START_MS + 1000)
    framer, accepted = Framer(), 0
    began_s = time.perf_counter()
    for at in range(0, len(stream), READ_BYTES):
        for piece in framer.feed(stream[at : at + READ_BYTES]):
            if piece.kind == "frame":
                accepted += judge(piece, received).reason is None
    for piece in framer.close():
        if piece.kind == "frame":
            accepted += judge(piece, received).reason is None
    took_s = time.perf_counter() - began_s
    _expect("frames accepted", accepted, len(made))
    return len(made) / took_s


# -- through a server --------------------------------------------------------------------------------------------


def hour_end_ms() -> int:
    """Return the end of the last full hour of this machine's clock: servers are told that it is just past it."""
    return int(time.time() * 1000) // HOUR_MS * HOUR_MS


def _post(client: httpx.Client, url: str, body: bytes) -> None:
    headers = {"content-type": "application/x-ndjson"}
    for _ in range(RETRIES_MAX):
        answer = client.post(f"{url}/v1/reports?lines=rejected", content=body, headers=headers, timeout=120)
        if answer.status_code not in (429, 503):
            break
        time.sleep(RETRY_S)
    lines = body.count(b"\n")
    if answer.status_code != 200 or answer.json()["accepted"] != lines:
        raise BenchFault(f"POST of {lines} lines was answered {answer.status_code}: {answer.text[:300]}")


def process_run(sizes: Sizes) -> tuple[float, float]:
    """Return readings/s acknowledged, and readings/s until their figures are stored."""
    each = sizes.process_sources // sizes.process_connections
    start_ms = hour_end_ms() - HOUR_MS
    steps = max(1, sizes.process_body_lines // each)
    loads = [
        list(
            report_lines(
                each,
                FACTORS,
                local(start_ms),
                sizes.process_minutes * 60,
                cadence_s=CADENCE_S,
                block_s=steps * CADENCE_S,
                first_source=n * each,
            )
        )
        for n in range(sizes.process_connections)
    ]
    lines = sum(body.count(b"\n") for load in loads for body in load)
    faults: list[Exception] = []
    with served(
        bench_registry(source_names(each * sizes.process_connections), FACTORS), virtual_ms=start_ms + HOUR_MS
    ) as server:

        def send(load: list[bytes]) -> None:
            try:
                with httpx.Client() as client:
                    for body in load:
                        _post(client, server.url, body)
            except Exception as fault:
                faults.append(fault)

        threads = [threading.Thread(target=send, args=(load,)) for load in loads]
        began_s = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        acknowledged_s = time.monotonic() - began_s
        if faults:
            raise BenchFault(f"a client failed: {faults[0]}")
        stored_s = server.wait_until(lines * FACTORS, SETTLE_S) - began_s
    return lines * FACTORS / acknowledged_s, lines * FACTORS / stored_s


def process(sizes: Sizes) -> list[Measure]:
    """Measure readings/s of the whole process: HTTP in, fsynced, figures stored."""
    acknowledged, stored = zip(*(process_run(sizes) for _ in range(sizes.repeat)), strict=True)
    note = (
        f"{sizes.process_sources:,} sources x {FACTORS} factors, {sizes.process_minutes} min, "
        f"{sizes.process_connections} connections, bodies of {sizes.process_body_lines:,} lines, client on the same cores"
    )
    return [
        Measure("process", "HTTP in to fsynced to figures stored", "readings/s", list(stored), 100_000, note=note),
        Measure("process-ack", "HTTP in to fsynced and acknowledged", "readings/s", list(acknowledged), None, note=note),
    ]


def fleet_run(connections: int, frames_each: int) -> float:
    """Return frames/s acknowledged over so many connections, all of them answered."""
    names = [f"F{n:023X}" for n in range(connections)]
    end_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS
    start = local(end_ms - frames_each * CADENCE_S * 1000)
    with served(bench_registry(names, 6)) as server:
        sent = asyncio.run(fleet("127.0.0.1", server.tcp_port, connections, frames_each, start))
    if sent.failed:
        raise BenchFault(f"{sent.failed} of {connections} connections gave up; {sent.acknowledged:,} frames answered")
    return sent.acknowledged / sent.elapsed_s


def hj212(sizes: Sizes) -> list[Measure]:
    """Measure HJ 212 frames/s: decoded on one core, and acknowledged over one and over many connections."""
    _raise_file_limit()
    decoded = [decode_run(sizes.decode_frames) for _ in range(sizes.repeat)]
    one = [fleet_run(1, sizes.one_frames) for _ in range(sizes.repeat)]
    many = [fleet_run(sizes.many_connections, sizes.many_frames) for _ in range(sizes.repeat)]
    note = "fsynced before the answer; the engine works beside it; client on the same cores"
    over = f"{sizes.many_connections:,} connections"
    return [
        Measure("hj212-decode", "framed, CRC, decoded, judged on one core", "frames/s", decoded, 10_000, note="6 factors"),
        Measure("hj212-1", "acknowledged over 1 connection", "frames/s", one, None, note=note),
        Measure("hj212-many", f"acknowledged over {over}", "frames/s", many, None, note=f"{note}; all connections served"),
    ]


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def webhook_run(trials: int, spacing_s: float) -> list[float]:
    """Return, for each source, the seconds from the start of the POST whose reading completes a breaching hour to the webhook."""
    end_ms = hour_end_ms()
    names = source_names(trials)
    with tempfile.TemporaryDirectory(prefix="plumeline-bench-") as folder:
        receiver = Receiver(SECRET, Path(folder) / "webhooks.jsonl", port=0)
        receiver.start()
        try:
            registry = bench_registry(names, 1, limited=1, limit="5", hook=f"{receiver.url}/hooks/bench")
            with served(registry, virtual_ms=end_ms + CADENCE_S * 1000, env={SECRET_ENV: SECRET}) as server:
                return _trials(server, receiver, names, end_ms, spacing_s)
        finally:
            receiver.stop()


def _trials(server: Serving, receiver: Receiver, names: list[str], end_ms: int, spacing_s: float) -> list[float]:
    def lines(start_ms: int, duration_s: int) -> Iterator[bytes]:
        return report_lines(len(names), 1, local(start_ms), duration_s, cadence_s=CADENCE_S)

    began: dict[str, float] = {}
    with httpx.Client() as client:
        for body in lines(end_ms - HOUR_MS, 3600):
            _post(client, server.url, body)
        server.wait_until(len(names) * 3600 // CADENCE_S, SETTLE_S)
        for name, line in zip(names, next(lines(end_ms, CADENCE_S)).splitlines(keepends=True), strict=True):
            began[name] = time.time()
            _post(client, server.url, line)
            time.sleep(max(0.0, spacing_s - (time.time() - began[name])))
    received: dict[str, float] = {}
    until_s = time.monotonic() + 60.0
    while len(received) < len(names) and time.monotonic() < until_s:
        for delivery in receiver.deliveries():
            for name in names:
                if name not in received and delivery.verdict == "ok" and name in delivery.body:
                    received[name] = datetime.fromisoformat(delivery.received).timestamp()
        time.sleep(0.1)
    _expect("breaching hours told by webhook", len(received), len(names))
    return [received[name] - began[name] for name in names]


def webhook(sizes: Sizes) -> list[Measure]:
    """Measure the time from the reading that completes a breaching hour to the webhook received: p50 and p99."""
    runs = [sorted(webhook_run(sizes.webhook_trials, sizes.webhook_spacing_s)) for _ in range(sizes.repeat)]
    note = f"{sizes.webhook_trials} sources a run, one each {sizes.webhook_spacing_s:g} s, tick 1 s"
    p99 = [run[max(0, -(-len(run) * 99 // 100) - 1)] for run in runs]
    return [
        Measure("webhook-p50", "breaching hour completed to webhook received, p50", "s", [median(r) for r in runs], None, True, note),
        Measure("webhook-p99", "breaching hour completed to webhook received, p99", "s", p99, 2.0, True, note),
    ]  # fmt: skip


# -- the command -------------------------------------------------------------------------------------------------


def machine() -> dict[str, object]:
    """Return what the figures were measured on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    return {"cpus": os.cpu_count(), "model": model, "python": platform.python_version(), "system": platform.platform()}


def benchmarks(only: str, sizes: Sizes) -> dict[str, Callable[[], list[Measure]]]:
    """Return the benchmarks by name; a source-year asked for by name is measured whole."""
    days = YEAR_DAYS if only == "source-year" else sizes.year_days
    return {
        "engine": lambda: engine(sizes),
        "process": lambda: process(sizes),
        "hj212": lambda: hj212(sizes),
        "webhook": lambda: webhook(sizes),
        "source-year": lambda: source_year(sizes, days),
    }


def run(only: str, as_json: bool, out: Console, sizes: Sizes | None = None) -> None:
    """Run one benchmark or, with ``only`` empty, all but the profile, and print figures, aims and the machine.

    Raises:
        NotReadable: ``only`` is no benchmark; or a benchmark did not do its work.
    """
    sizes = sizes or Sizes()
    known = benchmarks(only, sizes)
    if only and only not in known and only != "profile":
        raise NotReadable(f"{only!r} is no benchmark; --only takes one of {', '.join([*known, 'profile'])}")
    if only == "profile":
        _print_profile(profile(sizes), as_json, out)
        return
    measures: list[Measure] = []
    for name in [only] if only else known:
        try:
            found = known[name]()
        except BenchFault as fault:
            raise NotReadable(f"benchmark {name}: {fault}") from None
        measures += found
        if not as_json:
            for m in found:
                out.print(f"{m.name:<14} {_number(m.figure)} {m.unit}", style="dim", highlight=False)
    if as_json:
        rows = [{**asdict(m), "figure": m.figure, "met": m.met} for m in measures]
        print(json.dumps({"machine": machine(), "benchmarks": rows}, ensure_ascii=False))
        return
    table = Table("benchmark", "figure (median)", "aim", "runs", "how", title=_titled())
    for m in measures:
        sign = "" if m.aim is None else f"{'≤' if m.less_is_better else '≥'} {_number(m.aim)}: {'met' if m.met else 'missed'}"
        runs = ", ".join(_number(r) for r in m.runs)
        table.add_row(m.what, f"{_number(m.figure)} {m.unit}", sign or "—", runs, m.note)
    out.print(table)


def _titled() -> str:
    facts = machine()
    return f"{facts['cpus']} CPUs, {facts['model']}, Python {facts['python']}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _print_profile(rows: list[dict[str, object]], as_json: bool, out: Console) -> None:
    if as_json:
        print(json.dumps({"machine": machine(), "profile": rows}))
        return
    for order, title in (("cumulative_s", "by cumulative time"), ("own_s", "by own time")):
        table = Table("function", "calls", "own s", "cumulative s", title=f"engine, {title}; {_titled()}")
        for row in rows:
            if row["order"] == order:
                table.add_row(*(str(row[c]) for c in ("function", "calls", "own_s", "cumulative_s")))
        out.print(table)
