"""The waiting room of a cluster: backfill is moved from its topic to ``reports`` as fast as the workers keep up with what is live."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import structlog
from kafka import TopicPartition
from kafka.errors import CommitFailedError, KafkaError

from ingest.gateway import records as bundled
from ingest.kafka_log import BrokerAway, KafkaPublisher
from ingest.log import Entry
from ingest.waiting import BACKFILL, LIVE, slices
from plumeline.kafka_read import POLL_MS, commit, consumer, lag
from plumeline.worker import GROUP as WORKERS

GROUP = "plumeline-backfill"
AT_ONCE = 2
"""Partitions of which a slice is on the way to the workers at the same time."""
LOOK_S, PAUSE_S = 0.1, 1.0
"""Time between two looks at what the workers have committed; pause where the broker does not answer."""
FETCH_BYTES = 16 * 2**20
"""Bytes of one read: what is held in memory, and moved again after a crash."""


class Backfill:
    """Consumes ``backfill`` and appends to ``reports``; ``run`` in the process's main thread.

    ``moved`` counts lines; ``waiting`` is how many records were not moved when it last looked.
    """

    def __init__(self, bootstrap: str, instance: str, prefix: str = "") -> None:
        """Join the group.

        Raises:
            KafkaError: no broker answers.
        """
        self._prefix = prefix
        self.reader = consumer(
            bootstrap,
            GROUP,
            group_instance_id=f"backfill-{instance}",
            max_poll_interval_ms=900_000,
            fetch_max_bytes=FETCH_BYTES,
        )
        self.reader.subscribe([prefix + BACKFILL])
        self._workers = consumer(bootstrap, WORKERS)
        self.publisher = KafkaPublisher(bootstrap, prefix)
        self.moved, self.waiting = 0, 0
        self.logger = structlog.get_logger("plumeline.backfill")

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            try:
                self.step(stop)
            except (KafkaError, BrokerAway) as error:
                self.logger.warning("not moved; tried again", error=f"{type(error).__name__}: {error}")
                stop.wait(PAUSE_S)
                self._again()
        for each in (self.reader, self._workers, self.publisher):
            each.close()

    def step(self, stop: threading.Event, timeout_ms: int = POLL_MS) -> int:
        """Move what one poll gives, slice by slice; return how many lines."""
        polled = self.reader.poll(timeout_ms=timeout_ms)
        self.waiting = sum(lag(self.reader).values()) + sum(map(len, polled.values()))
        waiting = {tp: deque(slices(r.value for r in found)) for tp, found in polled.items()}
        moved = 0
        while waiting and not stop.is_set():
            batch = {tp.partition: waiting[tp].popleft() for tp in list(waiting)[:AT_ONCE]}
            self.publisher.append_now([Entry(LIVE, p, value) for p, lines in batch.items() for value in bundled(lines)])
            moved += sum(len(lines) for lines in batch.values())
            self._worked_off(list(batch), stop)
            for tp in [tp for tp, left in waiting.items() if not left]:
                del waiting[tp]
                self._commit({tp: polled[tp][-1].offset})
        self.moved += moved
        return moved

    def _worked_off(self, partitions: Sequence[int], stop: threading.Event) -> None:
        """Wait until the workers have committed what stands on partitions of ``reports`` now."""
        ends = self._workers.end_offsets([TopicPartition(self._prefix + LIVE, p) for p in partitions])
        while any((self._workers.committed(tp) or 0) < end for tp, end in ends.items()):
            if stop.wait(LOOK_S):
                return

    def _commit(self, positions: dict[TopicPartition, int]) -> None:
        try:
            commit(self.reader, positions)
        except (CommitFailedError, KafkaError) as error:
            self.logger.warning("offsets not committed; what was moved is moved again", error=str(error))

    def _again(self) -> None:
        """Go back to what is committed: a slice may not have been appended."""
        for tp in self.reader.assignment():
            self.reader.seek(tp, self.reader.committed(tp) or 0)
