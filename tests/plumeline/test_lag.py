"""What a group has not worked off is shown by partition, as the broker counts it; and one who leaves on purpose is not waited for."""

from __future__ import annotations

import time
import uuid

from kafka import KafkaConsumer, TopicPartition

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import PARTITIONS, Entry
from plumeline.kafka_read import commit, leave
from plumeline.lag import LagWatch
from tests.parts import Kafka
from tests.plumeline.cluster_kit import wait_until

TOPICS = ("reports", "touches")
SEEN_S, JOINED_S, SESSION_S = 20.0, 30.0, 45.0


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


def test_an_instance_that_leaves_is_not_waited_for(kafka: Kafka) -> None:
    """A static member that ended keeps its place for a session timeout; once it was taken out the other has all partitions at once."""
    name, group = f"leave{uuid.uuid4().hex[:8]}", f"leave-{uuid.uuid4().hex[:8]}"
    topic = kafka.topic(name, 4)
    members = [
        KafkaConsumer(
            topic,
            bootstrap_servers=kafka.bootstrap,
            group_id=group,
            group_instance_id=f"i{n}",
            session_timeout_ms=int(SESSION_S * 1000),
        )
        for n in range(2)
    ]

    def shared() -> bool:
        for member in members:
            member.poll(timeout_ms=200)
        return sorted(len(m.assignment()) for m in members) == [2, 2]

    wait_until(shared, JOINED_S, "both have their share")
    members.pop().close()
    left_s = time.monotonic()
    leave(kafka.bootstrap, group, "i1")

    def all_mine() -> bool:
        members[0].poll(timeout_ms=200)
        return len(members[0].assignment()) == 4

    wait_until(all_mine, JOINED_S, "the other has all")
    assert time.monotonic() - left_s < SESSION_S / 2
    members[0].close()
