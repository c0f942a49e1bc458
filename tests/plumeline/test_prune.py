"""A worker's state is bounded: what no rebuild may need is pruned, what is said stays the same, and what would need it is refused."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import Entry
from plumeline.kafka_read import commit, consumer
from plumeline.sqlite_prune import MARGIN_MS, Pruner
from plumeline.sqlite_store import SqliteWriter
from plumeline.worker import GROUP, Partition, WorkerOptions
from processors.figures import DAY_MS
from processors.memory import Settings
from tests.parts import Kafka
from tests.plumeline.partition_kit import METER, PARTITION, STACKS, Said, State, readings, register, registry
from tests.processors.given import MIDNIGHT, O2, SO2, line, ms, tick

pytestmark = pytest.mark.slow
KEEP_DAYS, DAYS = 2, 10
STEADY_DAYS = KEEP_DAYS + MARGIN_MS // DAY_MS + 1
"""Days after which a state that keeps KEEP_DAYS must not grow."""
SETTLED_TICKS = 20
"""Ticks after which the round of pruning that the last day's beginning caused is over."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[State, State, list[int], list[int]]:
    """A state that keeps KEEP_DAYS and one that keeps all, after DAYS of the same input, and their sizes [pages] at each day's end."""
    structlog.reset_defaults()
    home = tmp_path_factory.mktemp("prune")
    pruned, whole = State(home / "pruned", KEEP_DAYS * DAY_MS), State(home / "whole", None)
    sizes: tuple[list[int], list[int]] = ([], [])
    for day in range(DAYS):
        for state, size in zip((pruned, whole), sizes, strict=True):
            state.day(day)
            size.append(state.pages())
            if day == STEADY_DAYS:
                state.partition.close()
                state.open()
    for state in (pruned, whole):
        for _ in range(SETTLED_TICKS):
            state.tick()
    return pruned, whole, *sizes


def test_a_pruned_state_says_the_same_and_stops_growing(both: tuple[State, State, list[int], list[int]]) -> None:
    """Figures, episodes and events of ten days, with a restart, are those of a state that keeps all; its size is steady."""
    pruned, whole, small, large = both
    for topic in ("figures", "events", "touches"):
        assert sorted(pruned.said.lines(topic)) == sorted(whole.said.lines(topic))
    assert pruned.said.lines("figures") and pruned.said.findings("exceedance.opened")
    steady = small[STEADY_DAYS:]
    assert max(steady) <= 1.1 * steady[0], small  # what quarters are made of is kept for longer
    assert large[-1] > 1.3 * large[STEADY_DAYS], large


def test_nothing_old_is_left(both: tuple[State, State, list[int], list[int]]) -> None:
    """Of each table that grows only what a rebuild may need is there; the newest register of a meter stays for ever."""
    pruned = both[0]
    cut = ms(MIDNIGHT) + (DAYS - KEEP_DAYS) * DAY_MS - MARGIN_MS
    for table, column in (
        ("reports", "hour"),
        ("figures", "start"),
        ("events", "time"),
        ("carries", "day"),
    ):
        kept = " AND NOT (level != 'hour' OR stat IN ('avg', 'mass') OR verdict IS 'exceeds')" if table == "figures" else ""
        assert pruned.counts(table, f"{column} < {cut - 3_600_000}{kept}") == 0, table
        assert pruned.counts(table, "1") > 0, table
    assert pruned.partition.store.kept_from_ms() == cut + MARGIN_MS
    assert pruned.counts("figures", f"level = 'hour' AND start < {cut - 3_600_000}") > 0
    old = f"start < {cut - 3_600_000}"
    for without in (Pruner(pruned.partition.writer, history_ms=0), Pruner(pruned.partition.writer, history_ms=0, years_ms=0)):
        assert pruned.counts("figures", f"level = 'day' AND {old}") > 0, "days are kept longer than hours"
        while without.step(cut + MARGIN_MS):
            pass
        assert pruned.counts("figures", f"level = 'hour' AND {old}") == 0
    assert pruned.counts("figures", old) == 0


def test_what_stands_for_missing_hours_is_kept_as_long_as_the_hours_of_a_quarter() -> None:
    """A substitute, and what is made of it, stays while its quarter may be issued again: 368 days before the first hour that may be rebuilt."""
    writer = SqliteWriter(":memory:")
    stats = ("avg", "mass", "avg_sub", "mass_sub", "avg_adj", "nox_rate", "so2_rate", "avg_ref")
    row = "INSERT INTO figures (source, level, start, factor, stat) VALUES ('S', 'hour', 0, 'f', ?)"
    with writer.lock, writer.db as db:
        db.executemany(row, [(stat,) for stat in stats])
    left = []
    for keep_from in (MARGIN_MS + 368 * DAY_MS, MARGIN_MS + 368 * DAY_MS + 1):
        pruner = Pruner(writer)
        while pruner.step(keep_from):
            pass
        left.append({stat for (stat,) in writer.db.execute("SELECT stat FROM figures")})
    assert left == [set(stats) - {"avg_ref"}, set()]


def test_exceeding_hours_are_kept_as_long_as_they_are_counted() -> None:
    """An exceeding hour and its episode stay for 31 days more: alarms say how many there were in their month and in 30 days."""
    writer = SqliteWriter(":memory:")
    figure = "INSERT INTO figures (source, level, start, factor, stat, verdict) VALUES ('S', 'hour', 0, ?, 'avg_ref', ?)"
    episode = "INSERT INTO episodes (id, source, state, start, row) VALUES (?, 'S', ?, 0, '{\"end_ms\": 3600000}')"
    with writer.lock, writer.db as db:
        db.executemany(figure, [("a", "exceeds"), ("b", "complies"), ("c", None)])
        db.execute(episode, ("over", "closed"))
    left = []
    for keep_from in (1, 31 * DAY_MS, 31 * DAY_MS + 3_600_000 + 1):
        pruner = Pruner(writer)
        while pruner.step(MARGIN_MS + keep_from):
            pass
        left.append(
            [[row[0] for row in writer.db.execute(f"SELECT {what}")] for what in ("factor FROM figures", "id FROM episodes")]
        )
    assert left == [[["a"], ["over"]], [["a"], ["over"]], [[], []]]


def test_an_hour_whose_inputs_are_gone_is_refused(both: tuple[State, State, list[int], list[int]]) -> None:
    """A late reading of yesterday revises its hour as ever; one from before the bound is told and changes nothing."""
    pruned, whole = both[:2]
    for back, refused in ((1, 0), (KEEP_DAYS + 1, 1)):
        at = MIDNIGHT + timedelta(days=DAYS - back, hours=5, minutes=1)
        lines = [line(at, {SO2: 99.0, O2: 7.5}, source=STACKS[0], delay_s=back * 86_400)]
        figures = len(pruned.said.lines("figures")), len(whole.said.lines("figures"))
        for state in (pruned, whole):
            state.late(*lines)
        revised = [
            [json.loads(x) for x in state.said.lines("figures")[first:] if b'"level":"hour"' in x and b'"revised"' in x]
            for state, first in zip((pruned, whole), figures, strict=True)
        ]
        assert [r["start"] for r in revised[1]][:1] == [at.replace(minute=0).isoformat()]
        assert revised[0] == ([] if refused else revised[1])
        told = pruned.said.findings("touch.refused")
        assert [t["facts"]["hour"] for t in told] == [at.replace(minute=0).isoformat()] * refused
        assert whole.said.findings("touch.refused") == []


def test_a_register_from_before_the_bound_is_refused(both: tuple[State, State, list[int], list[int]]) -> None:
    """The days behind it are gone, so that its book cannot be run from there; it is told, and the meter's energy stays as it was."""
    pruned = both[0]
    at = MIDNIGHT + timedelta(days=DAYS - KEEP_DAYS - 2, hours=5, minutes=5)
    figures = len(pruned.said.lines("figures"))
    pruned.late(register(at, late_s=(KEEP_DAYS + 2) * 86_400))
    told = [t["facts"]["hour"] for t in pruned.said.findings("touch.refused") if t["source"] == METER]
    assert told == [at.replace(minute=0).isoformat()]
    assert [x for x in pruned.said.lines("figures")[figures:] if METER.encode() in x and b'"hour"' in x] == []


def test_a_log_that_does_not_reach_back(kafka: Kafka, tmp_path: Path) -> None:
    """A new state reads the log from its beginning; where that was cut off, earlier hours are not rebuilt from what is left of them."""
    structlog.reset_defaults()
    floors = []
    for cut in (0, 30):
        prefix = f"gap{uuid.uuid4().hex[:8]}."
        make_topics(kafka.bootstrap, prefix=prefix)
        publisher = KafkaPublisher(kafka.bootstrap, prefix)
        for minute in range(0, 120, 5):
            at = MIDNIGHT + timedelta(minutes=minute)
            values = [*readings(at, at + timedelta(minutes=5)), tick(at + timedelta(minutes=5))]
            publisher.append_now([Entry("reports", PARTITION, value) for value in values])
        publisher.close()
        part = TopicPartition(prefix + "reports", PARTITION)
        admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        end = admin.list_partition_offsets({part: OffsetSpec.LATEST})[part].offset
        if cut:
            admin.delete_records({part: cut})
        admin.close()
        group = consumer(kafka.bootstrap, GROUP)
        group.assign([part])
        commit(group, {part: end - 1})
        group.close()
        options = WorkerOptions(
            kafka.bootstrap, tmp_path / f"cut{cut}", prefix=prefix, settings=Settings(keep_ms=KEEP_DAYS * DAY_MS)
        )
        options.state.mkdir()
        partition = Partition(PARTITION, Said(), registry(), options)  # type: ignore[arg-type]
        assert partition.catch_up() == end - cut > 0
        floors.append(partition.store.kept_from_ms())
        first = partition.store.first_report_ms(STACKS[0])
        assert first is not None
        partition.close()
    assert floors[0] < ms(MIDNIGHT) < first < floors[1]
