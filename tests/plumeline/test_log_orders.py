"""A real server's log through one process, whatever is late: services, reports that wait, ticks far between, and then years of nothing."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ingest.log import LogRecord, partition_of
from ingest.registry import part_of
from ingest.waiting import BACKFILL, slices, topic_of
from plumeline.check import check
from tests.plumeline.log_kit import LOCAL, SERVER_LOG
from tests.plumeline.test_cluster_logs import apart, told
from tests.processors.given import tick
from tests.processors.test_engine import Bench

SOURCE = "X990000_0002"
"""A station of which each reading stands for five minutes, so that the last one of an hour reaches into the next."""
BEGIN, RETURN = datetime(2019, 5, 7, 0, 24, tzinfo=LOCAL), datetime(2024, 12, 5, 1, 8, tzinfo=LOCAL)
"""When the log begins, and the next time that any gateway lives to see."""
BATCHES = (1, 2, 5, 20, 100)
TICKS_AFTER = 10


@dataclass
class Late:
    """What arrives when: ``start`` is how long after the log's begin the services do, ``pace`` how fast they are then sent what waited.

    ``tick_min`` lies between two ticks; what waits is let in at one of them with probability ``let_in``, the rest at the return, or a tick after it.
    """

    seed: int
    start_min: int
    pace: int
    tick_min: float
    let_in: float
    waits: bool
    log: list[bytes] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)

    def records(self, reports: list[bytes]) -> list[bytes]:
        """Return the records of one partition's log."""
        chance, now = random.Random(self.seed), BEGIN
        for line in reports:
            report = json.loads(line)
            sent = datetime.fromisoformat(report["received"])
            received = max(sent, BEGIN + timedelta(minutes=self.start_min) + (sent - BEGIN) / self.pace)
            while now <= received:
                self.tick(now)
                now += timedelta(minutes=self.tick_min)
                if chance.random() < self.let_in:
                    self.release()
            late = json.dumps(report | {"received": received.isoformat()}, separators=(",", ":"), ensure_ascii=False).encode()
            topic = topic_of(report["kind"], datetime.fromisoformat(report["time"]), received)
            (self.waiting if topic == BACKFILL else self.log).append(late)
        self.tick(RETURN)
        if self.waits:
            self.tick(RETURN + timedelta(seconds=10))
        self.release()
        return self.log

    def tick(self, now: datetime) -> None:
        self.log.append(tick(now))

    def release(self) -> None:
        self.log += [b"\n".join(part) for part in slices(self.waiting)]
        self.waiting = []


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(Late(1, 0, 1, 0.2, 1, False), id="as it was"),
        pytest.param(Late(2, 0, 1, 60, 1, False), id="hourly ticks"),
        pytest.param(Late(3, 400, 20, 20, 1, False), id="begun after it was over, let in at once"),
        pytest.param(Late(4, 400, 20, 20, 0, True), id="begun after it was over, let in years later"),
        pytest.param(Late(5, 120, 5, 2, 0.3, False), id="begun in the midst of it"),
        pytest.param(Late(6, 30, 2, 0.2, 0.1, True), id="a little late"),
    ],
)
def test_one_answer(late: Late) -> None:
    """In batches of any size and begun anew now and then, figures are those of the file."""
    done, chance = check(SERVER_LOG), random.Random(late.seed)
    expected = {key: said for key, said in told(done.figures).items() if key[0] == SOURCE}
    assert done.store is not None
    reports = done.store.reports(SOURCE, 0, 2**62)
    log = late.records([report.line for report in sorted(reports, key=lambda report: report.received_ms)])
    bench = Bench(part_of(done.registry, lambda source: source == SOURCE), hot_hours=6)
    bench.runner.settings.provisional = chance.random() < 0.5
    while log:
        batch, log = log[: (size := chance.choice(BATCHES))], log[size:]
        bench.feed([LogRecord("reports", partition_of(SOURCE), 0, 0, record) for record in batch])
        if chance.random() < 0.03:
            bench.runner.engine = bench.runner._warm(bench.runner.registry)
    for n in range(TICKS_AFTER):  # touches come back from the log, and are worked off at the next
        bench.tick(RETURN + timedelta(seconds=20 + 10 * n))
    found = told([f for level in ("minute", "hour", "day") for f in bench.store.figures(SOURCE, level, 0, 2**60)])
    assert found == expected, apart(expected, found)
