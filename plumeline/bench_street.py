"""Benchmarks through a server in a process of its own: HTTP in to figures stored, HJ 212 over TCP, time to webhook."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from itertools import count
from pathlib import Path
from statistics import median

import httpx

from plumeline.bench_engine import decode_run
from plumeline.bench_load import (
    CADENCE_S,
    FACTORS,
    REFERENCED,
    SECRET_ENV,
    BenchFault,
    Measure,
    Sizes,
    bench_registry,
    expect,
    source_names,
)
from plumeline.bench_server import Serving, served
from processors.figures import HOUR_MS, MINUTE_MS, local
from simulators.load import fleet, report_lines
from simulators.receiver import Receiver

SETTLE_S = 240.0
"""Longest wait for stored figures: the hour must not be decided by tick meanwhile (5 minutes)."""
BODY_S = 300
"""Seconds of data in one body: what a gateway takes as live."""
RETRIES_MAX, RETRY_S = 400, 0.05
"""How often a client sends a body again that was answered 429 or 503, and its pause."""
TOLD_S = 60.0
"""Longest wait for the last webhook."""
SECRET = "whsec_cGx1bWVsaW5lLWJlbmNobWFyaw=="
OUTAGE_HOURS, OUTAGE_BODY_LINES = 8, 2_000
"""Hours that are backfilled beside live readings, and lines of one body of them."""
FILES_WANTED = 8_192
"""Open files that a thousand connections need, with room."""


def hour_end_ms() -> int:
    """Return the end of the last full hour of this machine's clock: servers are told that it is just past it."""
    return int(time.time() * 1000) // HOUR_MS * HOUR_MS


def post(client: httpx.Client, url: str, body: bytes) -> None:
    """Send report lines, again where the gateway asks for it.

    Raises:
        BenchFault: it did not take them all.
    """
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
    """Return readings/s acknowledged, and readings/s until their figures are stored.

    The gateway's clock goes with the data, a body at a time, so that all of it is live.
    """
    each = sizes.process_sources // sizes.process_connections
    start_ms = hour_end_ms() - HOUR_MS
    steps = BODY_S // CADENCE_S
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
    registry = bench_registry(source_names(each * sizes.process_connections), FACTORS)
    with served(registry, virtual_ms=start_ms, steered=True) as server:
        sent = count(1)
        together = threading.Barrier(len(loads), lambda: server.steer(start_ms + next(sent) * steps * CADENCE_S * 1000))

        def send(load: list[bytes]) -> None:
            try:
                with httpx.Client() as client:
                    for body in load:
                        together.wait()
                        post(client, server.url, body)
            except Exception as fault:
                faults.append(fault)
                together.abort()

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
        _stored(server, lines, sizes)
    return lines * FACTORS / acknowledged_s, lines * FACTORS / stored_s


def _stored(server: Serving, lines: int, sizes: Sizes) -> None:
    """Look into the store itself: all report lines, and the final figures of the full hour."""
    hours = sizes.process_sources * (FACTORS + 2 * REFERENCED) if sizes.process_minutes > 60 else 0
    with closing(sqlite3.connect(f"file:{server.data / 'data.db'}?mode=ro", uri=True)) as db:
        bundles = db.execute("SELECT lines FROM reports")
        expect("report lines stored", sum(bundle.count(b"\n") + 1 for (bundle,) in bundles), lines)
        found = db.execute("SELECT count(*) FROM figures WHERE level = 'hour' AND revision = 1 AND source LIKE 'BENCH%'")
        expect("hours decided and stored", found.fetchone()[0], hours)


def process(sizes: Sizes) -> list[Measure]:
    """Measure readings/s of the whole process: HTTP in, fsynced, figures stored."""
    acknowledged, stored = zip(*(process_run(sizes) for _ in range(sizes.repeat)), strict=True)
    note = (
        f"{sizes.process_sources:,} sources x {FACTORS} factors, {sizes.process_minutes} min, "
        f"{sizes.process_connections} connections, bodies of 5 minutes, client on the same cores"
    )
    return [
        Measure("process", "HTTP in, fsynced, figures stored", "readings/s", list(stored), 100_000, note=note),
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


def webhook_run(trials: int, spacing_s: float, outage_sources: int = 0) -> list[float]:
    """Return, for each source, the seconds from the start of the POST that completes a breaching hour to the webhook.

    Meanwhile ``outage_sources`` others send what they missed in OUTAGE_HOURS, in random order.
    """
    end_ms = hour_end_ms()
    names = source_names(trials + outage_sources)
    with tempfile.TemporaryDirectory(prefix="plumeline-bench-") as folder:
        receiver = Receiver(SECRET, Path(folder) / "webhooks.jsonl", port=0)
        receiver.start()
        try:
            registry = bench_registry(names, 1, limited=1, limit="5", hook=f"{receiver.url}/hooks/bench")
            with served(registry, virtual_ms=end_ms + CADENCE_S * 1000, env={SECRET_ENV: SECRET}) as server:
                lost = missed(trials, outage_sources, end_ms)
                return _trials(server, receiver, names[:trials], end_ms, spacing_s, lost)
        finally:
            receiver.stop()


def missed(first: int, sources: int, end_ms: int) -> list[bytes]:
    """Return bodies of the hours before the running one, their lines in random order."""
    start_ms = end_ms - (OUTAGE_HOURS + 1) * HOUR_MS
    blocks = report_lines(
        sources, 1, local(start_ms), OUTAGE_HOURS * 3600, cadence_s=CADENCE_S, block_s=3600, first_source=first
    )
    lines = [line for block in blocks for line in block.splitlines(keepends=True)] if sources else []
    random.Random(1).shuffle(lines)
    return [b"".join(lines[i : i + OUTAGE_BODY_LINES]) for i in range(0, len(lines), OUTAGE_BODY_LINES)]


def _trials(
    server: Serving, receiver: Receiver, names: list[str], end_ms: int, spacing_s: float, lost: list[bytes]
) -> list[float]:
    def lines(start_ms: int, duration_s: int) -> Iterator[bytes]:
        return report_lines(len(names), 1, local(start_ms), duration_s, cadence_s=CADENCE_S)

    def backfill() -> None:
        with httpx.Client() as client:
            for body in lost:
                post(client, server.url, body)

    began: dict[str, float] = {}
    with httpx.Client() as client, ThreadPoolExecutor(1) as beside:
        for body in lines(end_ms - HOUR_MS, 3600):
            post(client, server.url, body)
        server.wait_until(len(names) * 3600 // CADENCE_S, SETTLE_S)
        sent = beside.submit(backfill)
        for name, line in zip(names, next(lines(end_ms, CADENCE_S)).splitlines(keepends=True), strict=True):
            began[name] = time.time()
            post(client, server.url, line)
            time.sleep(max(0.0, spacing_s - (time.time() - began[name])))
        sent.result()
    received: dict[str, float] = {}
    until_s = time.monotonic() + TOLD_S
    while len(received) < len(names) and time.monotonic() < until_s:
        for delivery in receiver.deliveries():
            told = json.loads(delivery.body)
            if delivery.verdict == "ok" and told["type"] == "exceedance.opened":
                received.setdefault(told["data"]["source"], datetime.fromisoformat(delivery.received).timestamp())
        time.sleep(0.1)
    expect("breaching hours told by webhook", len(received), len(names))
    early = [name for name in names if received[name] < began[name]]
    if early:
        raise BenchFault(f"{len(early)} hours were told before their last reading was sent, so it was not what completed them")
    return [received[name] - began[name] for name in names]


def nearest_rank(ranked: list[float], percent: int) -> float:
    """Return the percentile of sorted values by nearest rank: a value that occurred, never one between two."""
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def webhook(sizes: Sizes) -> list[Measure]:
    """Measure the time from the reading that completes a breaching hour to the webhook received: p50 and p99."""
    note = f"{sizes.webhook_trials} sources a run, one each {sizes.webhook_spacing_s:g} s, tick 1 s"
    what = "breaching hour completed to webhook received"
    beside = f"{note}; meanwhile {sizes.outage_sources} others backfill {OUTAGE_HOURS} h in random order"
    found: list[Measure] = []
    for name, sources, told in (("webhook", 0, note), ("webhook-backfill", sizes.outage_sources, beside)):
        runs = [sorted(webhook_run(sizes.webhook_trials, sizes.webhook_spacing_s, sources)) for _ in range(sizes.repeat)]
        found.append(Measure(f"{name}-p50", f"{what}, p50", "s", [median(run) for run in runs], None, True, told))
        p99 = [nearest_rank(run, 99) for run in runs]
        found.append(Measure(f"{name}-p99", f"{what}, p99", "s", p99, 2.0, True, told))
    return found
