"""The cluster under SIGKILL: what it said equals what its own log says, replayed through the one-process runner."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.log import LogRecord
from ingest.registry import Registry
from plumeline.influx_query import InfluxStore
from plumeline.influx_read import InfluxReader
from processors.figures import local_iso
from simulators.receiver import Delivery, Receiver
from tests.parts import Influx, Kafka
from tests.plumeline.cluster_kit import (
    CADENCE_S,
    SECRET,
    START,
    Cluster,
    Device,
    Process,
    canonical,
    registry,
    replayed,
    store_of,
    told,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("no_strays")
KILLS = int(os.environ.get("PLUMELINE_KILLS", "50"))
"""Kills of one run; ``make chaos`` asks for a thousand."""
AWAY_S = float(os.environ.get("PLUMELINE_AWAY_S", "0"))
"""Real time that InfluxDB is away at least; it is until two alarms were told. ``make store-away`` asks for ten minutes."""
HELD_MB_MAX = 150
"""By how much a writer that waits for the store may grow."""
BROKER_KILLS_MAX = 3
DEVICES = 12
SPEED = 60.0
"""Simulated seconds in a second."""
PACKETS_MIN = 330
"""Packets of each device until the hours above the limit of some are over."""
PACKETS_QUIET = 150
"""Packets of each device after the last kill: an hour that is live from its beginning. A kill is more than five simulated minutes."""
PAUSE_S = (0.2, 2.5)
"""Pause between two kills."""
OPENED = "exceedance.opened"
GUEST = 2
"""Number of the worker that is added after a quarter of the kills, and told to end after three quarters."""
GUEST_PARTITIONS = 2
"""Partitions it must have opened before; half of its share."""


def stored_figures(buckets: dict[str, str], rows: Registry) -> set[tuple[object, ...]]:
    """Return the decided hours that InfluxDB holds: id, revision, value and digest."""
    names = ("PLUMELINE_INFLUX_URL", "PLUMELINE_INFLUX_TOKEN", "PLUMELINE_INFLUX_ORG", "PLUMELINE_BUCKETS")
    store = InfluxStore(InfluxReader(*(buckets[name] for name in names)))
    figures = [f for s in rows.sources for f in store.figures(s.source, "hour", 0, 2**60)]
    store.close()
    return {(f.id, f.revision, f.value, f.inputs) for f in figures if f.revision > 0}


def delay_s(delivery: Delivery, cluster: Cluster) -> float:
    """Return the real time from the simulated one at which something happened to the receipt of its webhook."""
    happened = _time(json.loads(delivery.body)["timestamp"]) - START.timestamp()
    return _time(delivery.received) - cluster.real_s - happened / cluster.speed


@pytest.mark.slow
@pytest.mark.timeout(900 + 2 * AWAY_S)
def test_the_store_is_away(tmp_path: Path, kafka: Kafka, influx: Influx, report: Callable[[str], None]) -> None:
    """While InfluxDB is away alarms go on as before; when it is back everything that happened meanwhile is there."""
    receiver = Receiver(SECRET, tmp_path / "hooks.jsonl", 0)
    receiver.start()
    rows = registry(4, f"{receiver.url}/hooks/duty")
    buckets = store_of(influx)
    cluster = Cluster(tmp_path, kafka.bootstrap, rows, influx=buckets, speed=SPEED, workers=1)
    cluster.start()
    devices = [Device(cluster, n) for n in range(4)]
    for device in devices:
        device.thread.start()
    wait_until(lambda: min(d.acknowledged for d in devices) > 20, 120, "devices are answered", cluster.last_words)
    writer = cluster.services["writer"]
    memory_mb = [writer.memory_mb()]
    influx.kill()
    gone_s = time.monotonic()

    def alarms() -> list[Delivery]:
        return [d for d in receiver.deliveries() if f'"{OPENED}"' in d.body]

    before = len(alarms())
    wait_until(
        lambda: len(alarms()) >= before + 2 and time.monotonic() - gone_s >= AWAY_S,
        240 + AWAY_S,
        "alarms while the store is away",
        cluster.last_words,
    )
    assert "the store is away" in writer.log.read_text() and not writer.ready()
    away_s, told = time.monotonic() - gone_s, alarms()[before:]
    memory_mb.append(writer.memory_mb())
    influx.start()
    back_s = time.monotonic()
    for device in devices:
        device.stop.set()
    for device in devices:
        device.thread.join(10)
    cluster.settle()
    cluster.services["gateway"].end()
    wait_until(cluster.drained, 240, "everything is worked off", lambda: f"{cluster.waiting()}\n{cluster.last_words()}")
    back_s = time.monotonic() - back_s
    memory_mb.append(writer.memory_mb())
    cluster.end()
    receiver.stop()
    store = replayed(cluster.records("reports", "marks", "touches"), rows, tmp_path)
    want = {(f.id, f.revision, f.value, f.inputs) for s in rows.sources for f in store.figures(s.source, "hour", 0, 2**60)}
    delays_s = sorted(delay_s(d, cluster) for d in told)
    report(
        f"store away {away_s:.0f} s, {len(told)} alarms meanwhile, told {delays_s[len(delays_s) // 2]:.1f} s after the hour was"
        f" decided (median; most {delays_s[-1]:.1f} s); caught up {back_s:.0f} s after it was back;"
        f" writer {memory_mb[0]:.0f} MB before, {memory_mb[1]:.0f} MB when it had waited, {memory_mb[2]:.0f} MB afterwards"
    )
    assert memory_mb[1] - memory_mb[0] < HELD_MB_MAX
    assert stored_figures(buckets, rows) == {f for f in want if f[1] > 0} != set()


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_kills(tmp_path: Path, kafka: Kafka, influx: Influx, report: Callable[[str], None]) -> None:
    """Services and broker are killed at random, a worker comes and goes, while a day is measured: nothing is lost, nothing doubled."""
    rng = random.Random(20261125)
    receiver = Receiver(SECRET, tmp_path / "hooks.jsonl", 0)
    receiver.start()
    rows = registry(DEVICES, f"{receiver.url}/hooks/duty")
    buckets = store_of(influx)
    cluster = Cluster(tmp_path, kafka.bootstrap, rows, influx=buckets, speed=SPEED)
    cluster.start()
    devices = [Device(cluster, n) for n in range(DEVICES)]
    for device in devices:
        device.thread.start()
    hits: Counter[str] = Counter()
    names = [*cluster.services, "broker"]
    ended: Counter[str] = Counter()
    guest: Process | None = None
    held: set[int] = set()
    while sum(hits.values()) < KILLS:
        time.sleep(rng.uniform(*PAUSE_S))
        if guest is None and 4 * sum(hits.values()) >= KILLS:
            guest = cluster.add_worker(GUEST)
            guest.start()
        if guest is not None and guest.name in cluster.services and 4 * sum(hits.values()) >= 3 * KILLS:
            held = leave(cluster, guest)
            left_at = datetime.now(UTC)
        for service in cluster.services.values():
            ended[service.name] += service.revive()
        open_ = [n for n in names if n != "broker" or (hits["broker"] < BROKER_KILLS_MAX and kafka.part is not None)]
        target = min(open_, key=lambda n: (hits[n], rng.random()))
        hits[target] += 1
        if target == "broker":
            kafka.kill()
            kafka.start()
        else:
            cluster.services[target].kill()
            cluster.services[target].start()

    def well() -> bool:
        for service in cluster.services.values():
            ended[service.name] += service.revive()
        return all(service.healthy() for service in cluster.services.values())

    wait_until(well, 120, "services answer again", cluster.last_words)
    goal = max(min(d.acknowledged for d in devices) + PACKETS_QUIET, PACKETS_MIN)
    wait_until(lambda: min(d.acknowledged for d in devices) >= goal, 300, "devices are answered again", cluster.last_words)
    wait_until(lambda: any(f'"{OPENED}"' in d.body for d in receiver.deliveries()), 300, "an alarm", cluster.last_words)
    for device in devices:
        device.stop.set()
    for device in devices:
        device.thread.join(10)
    cluster.settle()
    cluster.services["gateway"].end()
    wait_until(cluster.drained, 300, "everything is worked off", lambda: f"{cluster.waiting()}\n{cluster.last_words()}")
    cluster.end()
    receiver.stop()
    taken = opened_after(cluster, left_at)

    inputs, outputs, events = (
        cluster.records("reports", "marks", "touches"),
        cluster.records("figures"),
        told(cluster.records("events")),
    )
    sent = {(d.name, CADENCE_S * step) for d in devices for step in range(d.acknowledged)}
    filed = Counter(
        (row["source"], round(_time(row["time"]) - START.timestamp()))
        for record in inputs
        for line in record.value.split(b"\n")
        if b'"factors"' in line and (row := json.loads(line))
    )
    store = replayed(inputs, rows, tmp_path)
    want = {
        (f[0], f[1], local_iso(f[2]), f[3], "" if f[1] == "minute" else f[4]): f
        for f in store.canonical()
        if not str(f[0]).startswith("enterprise:")
    }
    got = canonical(outputs)
    decided = store.rows(
        "SELECT source, level, start, factor, stat FROM figures WHERE revision > 0 AND source NOT LIKE 'enterprise:%'"
    )
    keys = {(s, lv, local_iso(t), f, st) for s, lv, t, f, st in decided}
    missing, invented = keys - got.keys(), {k for k in got if k[1] != "minute"} - keys
    differing = [k for k in keys & got.keys() if k in want and not _same(got[k], want[k])]
    minutes = {k for k in want if k[1] == "minute"}
    differing += [k for k in minutes if got.get(k) is None or got[k] != tuple(want[k][4:6]) + tuple(want[k][6:8])]
    stored = stored_figures(buckets, rows)
    replays = {(f.id, f.revision, f.value, f.inputs) for s in rows.sources for f in store.figures(s.source, "hour", 0, 2**60)}
    replays = {f for f in replays if f[1] > 0}
    expected = {r[0] for r in store.rows("SELECT id FROM events")}
    alarms = {i for i in expected if i.startswith("exceedance.opened/")}
    deliveries = [json.loads(x) for x in (tmp_path / "hooks.jsonl").read_text().splitlines()]
    opened = Counter(json.loads(d["body"])["data"]["thread"] for d in deliveries if f'"{OPENED}"' in d["body"])
    keys_told = Counter(d["id"] for d in deliveries)
    report(f"kills: {dict(hits)}; ended by themselves: {dict(+ended)}; packets acknowledged: {len(sent)}")
    report(
        f"worker {GUEST} joined and left: of its {len(held)} partitions {len(held & taken.keys())} taken over, within"
        f" {max((taken[p] for p in held if p in taken), default=0):.0f} s"
    )
    report(f"readings lost {len(sent - filed.keys())}, sent twice {sum(n > 1 for n in filed.values())} (same key)")
    report(f"figures {len(got)}: lost {len(missing)}, invented {len(invented)}, differing {len(differing)}")
    report(f"hours in the store {len(stored)}: lost {len(replays - stored)}, invented {len(stored - replays)}")
    report(f"events {len(set(events))}: lost {len(expected - set(events))}, invented {len(set(events) - expected)}")
    report(
        f"alarms {len(alarms)}, deliveries {len(deliveries)}, keys {len(keys_told)}, of a key twice {sum(n > 1 for n in keys_told.values())}"
    )
    assert all(hits[n] for n in names if n != "broker" or kafka.part is not None)
    assert held and held <= taken.keys()
    assert sent - filed.keys() == set()
    assert (missing, invented, differing) == (set(), set(), [])
    assert stored == replays, versions(outputs, {f[0] for f in stored ^ replays})
    assert set(events) == expected and alarms
    assert {d["verdict"] for d in deliveries} == {"ok"}
    assert len(opened) == len(alarms)


def leave(cluster: Cluster, guest: Process) -> set[int]:
    """Tell a worker to end for good once it works; return its partitions."""

    def said(event: str) -> list[dict[str, Any]]:
        guest.revive()  # it may have ended by itself, and what it held before is another's
        return guest.said(event, since_start=True)

    wait_until(lambda: len(said("partition opened")) >= GUEST_PARTITIONS, 60, "the added worker works", cluster.last_words)
    held: set[int] = set()
    for row in sorted(said("partition opened") + said("partition closed"), key=lambda row: row["timestamp"]):
        (held.add if row["event"] == "partition opened" else held.discard)(row["partition"])
    del cluster.services[guest.name]
    assert guest.end() == 0
    return held


def opened_after(cluster: Cluster, at: datetime) -> dict[int, float]:
    """Return the partitions that workers opened after a time, and how many seconds after it the first of them did."""
    rows = [row for s in cluster.services.values() if s.words == ["worker"] for row in s.said("partition opened")]
    waited = sorted((_time(row["timestamp"]) - at.timestamp(), row["partition"]) for row in rows)
    return {partition: after_s for after_s, partition in reversed(waited) if after_s > 0}


def versions(outputs: list[LogRecord], ids: set[object]) -> str:
    """Return, for what went wrong, which revisions of figures stand on the log, in order: (partition, offset, revision)."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    for record in outputs:
        for line in record.value.split(b"\n"):
            row = json.loads(line)
            if "stat" in row:
                key = "/".join(row[name] for name in ("source", "factor", "stat", "level", "start"))
                found.setdefault(key, []).append((record.partition, record.offset, row["revision"]))
    return "\n".join(f"{key}: {found.get(str(key))}" for key in sorted(map(str, ids)))


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _same(ours: tuple[object, ...], theirs: tuple[object, ...]) -> bool:
    """Compare (value, ok, reason, n, verdict, inputs, rules) with a canonical row."""
    _source, _level, _start, _factor, _stat, value, ok, reason, n, verdict, _limit, inputs, rules = theirs
    text = None if value is None else f"{int(str(value)) / 10**6:.6f}"
    mine = None if ours[0] is None else f"{float(str(ours[0])):.6f}"
    return (mine, bool(ours[1]), *ours[2:]) == (text, bool(ok), reason, n, verdict, inputs, rules)
