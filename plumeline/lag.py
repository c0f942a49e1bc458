"""How far a consumer group is behind on each partition, as the broker knows it: also where the consumer itself stands still."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import suppress

import structlog
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError

from ingest.log import PARTITIONS
from plumeline.kafka_read import ANSWER_MS
from plumeline.service import Sample

LOOK_S = 10.0
"""Pause between two looks."""
STALE_S = 60.0
"""Age at which what was seen last is no longer shown: the broker does not answer."""


class LagWatch:
    """A thread that looks at the ends of a group's topics and at what it has committed, so that a page of metrics waits for nobody."""

    def __init__(self, bootstrap: str, group: str, topics: Collection[str], prefix: str = "") -> None:
        self._bootstrap, self._group = bootstrap, group
        self._topic_of = {prefix + topic: topic for topic in topics}
        self._behind: dict[tuple[str, int], int] = {}
        self._seen_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="lag", daemon=True)
        self._thread.start()

    def samples(self, mine: Collection[int] | None = None) -> Iterator[Sample]:
        """Give the records of each topic's partition that wait; ``mine`` are the partitions to show, None is all."""
        if time.monotonic() - self._seen_s > STALE_S:
            return
        for (topic, partition), count in sorted(self._behind.items()):
            if mine is None or partition in mine:
                labels = (("topic", topic), ("partition", str(partition)))
                yield Sample("lag_records", "Records on the log that are not worked off", count, labels)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(ANSWER_MS / 1000)

    def _follow(self) -> None:
        logger = structlog.get_logger("plumeline.lag")
        while not self._stop.is_set():
            try:
                admin = KafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=ANSWER_MS)
                try:
                    while not self._stop.is_set():
                        self._behind, self._seen_s = self.look(admin), time.monotonic()
                        self._stop.wait(LOOK_S)
                finally:
                    with suppress(KafkaError):
                        admin.close()
            except KafkaError as error:
                logger.warning("the group's lag cannot be seen", error=str(error))
                self._stop.wait(LOOK_S)

    def look(self, admin: KafkaAdminClient) -> dict[tuple[str, int], int]:
        """Return how many records of each (topic, partition) the group has not committed.

        Raises:
            KafkaError: the broker does not answer.
        """
        parts = [TopicPartition(name, partition) for name in self._topic_of for partition in range(PARTITIONS)]
        known = admin.list_group_offsets(self._group).get(self._group, {})
        done = {tp: known[tp].offset for tp in parts if tp in known}
        begins = [tp for tp in parts if tp not in done]
        if begins:
            found = admin.list_partition_offsets(dict.fromkeys(begins, OffsetSpec.EARLIEST))
            done |= {tp: each.offset for tp, each in found.items()}
        ends = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.LATEST))
        return {(self._topic_of[tp.topic], tp.partition): max(0, ends[tp].offset - done[tp]) for tp in parts}
