"""Two real HJ 212 logs through a real cluster, socket to store: the same bytes, frames and figures as ``plumeline check`` finds in the files."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from ingest.kafka_log import KafkaPublisher
from ingest.log import Entry
from ingest.registry import Registry
from plumeline.check import NO_INPUTS, Checked, check
from plumeline.influx_query import InfluxStore
from plumeline.influx_read import InfluxReader
from processors.figures import Figure
from tests.parts import Influx, Kafka
from tests.plumeline.cluster_kit import Cluster, store_of, wait_until
from tests.plumeline.log_kit import LOGGER, SERVER_LOG, Read, Replay, logger_reads, server_reads

pytestmark = pytest.mark.usefixtures("no_strays")
SPEED = 1_200.0
"""Simulated seconds in a second: the four and a half hours of the server's log pass in 14 s."""
STARTED_S = 8.0
"""Real time from the services' start to the first arrival."""
DECIDED_AFTER = timedelta(minutes=70)
"""Time after the end of a log at which the hours that its last readings cover are decided."""
SEED = 20261126
POISON = b'{"v":1,"source":"99990000000001","time":"no time at all","factors":["w01018"]}'
"""A record that is no report, in the midst of the others."""
STORED_S = 120.0
KEEP_DAYS = "4000"
"""The two logs are five years apart, and backfill of the first may be let in when the second has begun."""
SLEEP_S, LOOK_S = 0.05, 0.01
"""Longest sleep until a read's arrival, and how often the gateway is asked what it has counted."""
COUNTS = re.compile(r'^plumeline_(?:gateway_total\{what="(\w+)"\}|(connections)) (\S+)$', re.M)

Told = dict[tuple[str, str, str, str, int], tuple[int | None, str | None, int, str]]
"""Value, reason, n and digest of the inputs, by source, factor, stat, level and start."""


class Gateway:
    """The cluster's gateway under a simulated clock, and what it says it has counted."""

    def __init__(self, cluster: Cluster) -> None:
        self.process, self.port = cluster.services["gateway"], cluster.tcp_port
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.process.port}", timeout=5, trust_env=False)
        self.start, self.real_s, self.speed = datetime.min, 0.0, 1.0

    def clock(self, start: datetime, real_s: float, speed: float) -> None:
        """Let simulated time be ``start`` at a real time, and how fast it goes; takes effect with the process's next start."""
        self.start, self.real_s, self.speed = start, real_s, speed
        self.process.env["PLUMELINE_VIRTUAL"] = f"{start.isoformat()}@{real_s:.3f}x{speed:g}"

    async def arrive(self, at: datetime) -> None:
        """Wait for a simulated time."""
        real_s = self.real_s + (at - self.start).total_seconds() / self.speed
        while (left := real_s - time.time()) > 0:
            await asyncio.sleep(min(left, SLEEP_S))

    def counted(self) -> dict[str, float]:
        """Return what its page of metrics says."""
        page = self.http.get("/metrics").text
        return {what or connections: float(value) for what, connections, value in COUNTS.findall(page)}

    def sent(self, reads: list[Read]) -> dict[str, float]:
        """Send reads, each at its arrival or later; return what the gateway counted."""
        replay = Replay(self.port, self.counted, self.arrive, SEED, each=False, look_s=LOOK_S)
        asyncio.run(replay.run(reads))
        assert replay.pieces > len(reads)
        return self.counted()


def told(figures: list[Figure]) -> Told:
    """Return figures that were made of readings."""
    return {
        (f.source, f.factor, f.stat, f.level, f.start_ms): (f.value, f.reason, f.n, f.inputs)
        for f in figures
        if f.inputs != NO_INPUTS
    }


def stored(buckets: dict[str, str], rows: Registry) -> Told:
    """Return what InfluxDB holds."""
    names = ("PLUMELINE_INFLUX_URL", "PLUMELINE_INFLUX_TOKEN", "PLUMELINE_INFLUX_ORG", "PLUMELINE_BUCKETS")
    store = InfluxStore(InfluxReader(*(buckets[name] for name in names)))
    try:
        return told(
            [f for s in rows.sources for level in ("minute", "hour", "day") for f in store.figures(s.source, level, 0, 2**60)]
        )
    finally:
        store.close()


def apart(expected: Told, found: Told) -> str:
    """Return in what two sets of figures differ: by source and level, how many lack, are too many, or say something else."""
    lacking, invented = (
        Counter(k[0::3][:2] for k in expected.keys() - found.keys()),
        Counter(k[0::3][:2] for k in found.keys() - expected.keys()),
    )
    other = {k: (expected[k], found[k]) for k in expected.keys() & found.keys() if expected[k] != found[k]}
    return f"lacking {dict(lacking)}, invented {dict(invented)}, other {len(other)}: {list(other.items())[:3]}"


def both(first: Checked, second: Checked) -> Registry:
    """Return the two drafted registries as one."""
    rows = first.registry
    return rows.model_copy(
        update={"sources": rows.sources + second.registry.sources, "points": rows.points + second.registry.points}
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_real_logs_make_the_same_figures(tmp_path: Path, kafka: Kafka, influx: Influx, report: Callable[[str], None]) -> None:
    """One log arrives as it arrived then, the other is sent at once a day late and rebuilt from the past."""
    begun_s = time.monotonic()
    server, logger = check(SERVER_LOG), check(LOGGER)
    rows, buckets = both(server, logger), store_of(influx)
    cluster = Cluster(tmp_path, kafka.bootstrap, rows, influx=buckets, speed=SPEED, workers=1)
    cluster.services["worker0"].env["PLUMELINE_KEEP_DAYS"] = KEEP_DAYS
    gateway = Gateway(cluster)
    reads = server_reads()
    gateway.clock(reads[0].arrival, time.time() + STARTED_S, SPEED)
    cluster.start()
    live = gateway.sent(reads)
    asyncio.run(gateway.arrive(reads[-1].arrival + DECIDED_AFTER))
    live_s = time.monotonic() - begun_s

    gateway.process.end()
    backfill = logger_reads()
    gateway.clock(backfill[-1].arrival + DECIDED_AFTER, time.time(), 1.0)
    gateway.process.start()
    publisher = KafkaPublisher(kafka.bootstrap, cluster.prefix)
    publisher.append_now([Entry("reports", 7, POISON)])
    publisher.close()
    wait_until(gateway.process.healthy, STORED_S, "the gateway answers", cluster.last_words)
    late = gateway.sent(backfill)
    expected = told(server.figures + logger.figures)
    wait_until(
        lambda: stored(buckets, rows) == expected,
        STORED_S,
        "all figures are stored",
        lambda: apart(expected, stored(buckets, rows)),
    )
    gateway.process.end()
    wait_until(cluster.drained, STORED_S, "everything is worked off", lambda: f"{cluster.waiting()}\n{cluster.last_words()}")
    found = stored(buckets, rows)
    frames = [line for record in cluster.records("frames") for line in record.value.split(b"\n")]
    touched = cluster.records("touches")
    aside = [json.loads(line) for record in cluster.records("quarantine") for line in record.value.split(b"\n")]
    cluster.end()
    report(
        f"server log live at {SPEED:g} times real time, logger's capture at once: {len(frames)} frames,"
        f" {len(found)} figures; {live_s:.0f} s until the first was over, {time.monotonic() - begun_s:.0f} s in all"
    )
    for counted, done in ((live, server), (late, logger)):
        assert {name: counted.get(f"bytes_{name}", 0) for name in done.bytes} == done.bytes
    assert len(frames) == server.frames["accepted"] + logger.frames["accepted"]
    assert found == expected and {key[3] for key in found} == {"minute", "hour", "day"}
    assert [row["raw"] for row in aside if row["protocol"] == "reports"] == [POISON.decode()]
    assert touched, "what came a day late was rebuilt from the past"
