"""What a group has not worked off is shown by partition, as the broker counts it; and one who leaves on purpose is not waited for."""

from __future__ import annotations

import threading
import time
import uuid

from kafka import KafkaConsumer, TopicPartition

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import PARTITIONS, Entry
from plumeline.kafka_read import commit, consumer, leave
from plumeline.lag import LagWatch
from tests.parts import Kafka
from tests.plumeline.cluster_kit import wait_until

TOPICS = ("reports", "touches")
SEEN_S, JOINED_S, SESSION_S = 30.0, 60.0, 45.0


def test_lag_by_partition(kafka: Kafka) -> None:
    """Of five records two are committed; where nothing was ever committed all are behind; the others show zero, and only mine are shown."""
    prefix, group = f"lag{uuid.uuid4().hex[:8]}.", f"lag-{uuid.uuid4().hex[:8]}"
    make_topics(kafka.bootstrap, prefix=prefix)
    publisher = KafkaPublisher(kafka.bootstrap, prefix)
    publisher.append_now([Entry("reports", 3, b"r")] * 5 + [Entry("touches", 3, b"t")] * 2 + [Entry("touches", 4, b"t")])
    publisher.close()
    reader = KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=group, enable_auto_commit=False)
    reader.assign([TopicPartition(prefix + "reports", 3)])
    commit(reader, {TopicPartition(prefix + "reports", 3): 1})
    reader.close()
    watch = LagWatch(kafka.bootstrap, group, TOPICS, prefix)
    wait_until(lambda: any(True for _ in watch.samples()), SEEN_S, "the lag is seen")
    shown = {tuple(value for _name, value in s.labels): s.value for s in watch.samples()}
    mine = {s.labels for s in watch.samples({4})}
    watch.close()
    expected = {(topic, str(p)): 0 for topic in TOPICS for p in range(PARTITIONS)}
    assert shown == expected | {("reports", "3"): 3, ("touches", "3"): 2, ("touches", "4"): 1}
    assert mine == {(("topic", topic), ("partition", "4")) for topic in TOPICS}


class Member:
    """A static member of a group that polls in a thread of its own, as one in a process of its own would."""

    def __init__(self, kafka: Kafka, topic: str, group: str, instance: str) -> None:
        self.reader = consumer(
            kafka.bootstrap,
            group,
            group_instance_id=instance,
            session_timeout_ms=int(SESSION_S * 1000),
            max_poll_interval_ms=60_000,
        )
        self.reader.subscribe([topic])
        self.share = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name=instance, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.stop.is_set():
            self.reader.poll(timeout_ms=500)
            self.share = len(self.reader.assignment())
        self.reader.close()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(JOINED_S)


def test_an_instance_that_leaves_is_not_waited_for(kafka: Kafka) -> None:
    """A static member that ended keeps its place for a session timeout; once it was taken out the other has all partitions at once."""
    topic, group = kafka.topic(f"leave{uuid.uuid4().hex[:8]}", 4), f"leave-{uuid.uuid4().hex[:8]}"
    stays, goes = (Member(kafka, topic, group, name) for name in ("stays", "goes"))
    wait_until(lambda: (stays.share, goes.share) == (2, 2), JOINED_S, "both have their share")
    goes.end()
    left_s = time.monotonic()
    leave(kafka.bootstrap, group, "goes")
    wait_until(lambda: stays.share == 4, JOINED_S, "the other has all")
    assert time.monotonic() - left_s < SESSION_S / 2
    stays.end()
