"""The Kafka and the InfluxDB that tests run on: the one the environment names, else one in Docker, else a local process."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from plumeline.parts import LocalInflux, LocalKafka, free_port, influx_answers, influx_bucket, kafka_answers
from plumeline.programs import INFLUX_VERSION, KAFKA_VERSION, PartError
from tests.conftest import require
from tests.mock_kafka import MockCluster

DOCKER_PING_S = 2
"""Seconds in which a Docker daemon must answer; a client without daemon is no Docker."""
DOCKER_READY_S = 120
"""Seconds until a container must answer; its image may have to be fetched first."""
TOPIC_READY_S = 20
"""Seconds until each partition of a new topic must have a leader."""
POLL_S = 0.1
KAFKA_IMAGE = f"apache/kafka:{KAFKA_VERSION}"
INFLUX_IMAGE = f"influxdb:{INFLUX_VERSION}"


class Startable(Protocol):
    """What can be killed in the middle of a test and started again on what it had written."""

    def kill(self) -> None: ...

    def start(self) -> None: ...


@dataclass(frozen=True)
class Kafka:
    """A broker to test on."""

    bootstrap: str
    how: str
    """``given``, ``docker``, ``local`` or ``mock``."""
    part: Startable | None = None
    mock: MockCluster | None = None

    @property
    def options(self) -> dict[str, Any]:
        """What a client of kafka-python is made with: the address, and for a mock the newest protocol it speaks."""
        known = {"api_version": (2, 3)} if self.mock else {}
        return {"bootstrap_servers": self.bootstrap, **known}

    def topic(self, name: str, partitions: int = 1, **settings: str) -> str:
        """Make a topic under a name that no other test has, and return the name once each partition has a leader."""
        unique = f"{name}-{uuid.uuid4().hex[:12]}"
        if self.mock is not None:
            self.mock.make_topic(unique, partitions)
            return unique
        from kafka import KafkaAdminClient
        from kafka.admin import NewTopic

        admin = KafkaAdminClient(**self.options)
        try:
            admin.create_topics([NewTopic(unique, partitions, 1, topic_configs=settings)])
            wait_until(lambda: led(admin, unique) == partitions, TOPIC_READY_S, f"leaders of {unique}")
        finally:
            admin.close()
        return unique

    def kill(self) -> None:
        """SIGKILL the broker; ``start`` brings it back, 12 to 14 s later, with what it had acknowledged."""
        self._own().kill()

    def start(self) -> None:
        """Start the broker that was killed, and return when it answers."""
        self._own().start()

    def _own(self) -> Startable:
        require("kafka", self.part is not None, f"a broker that was {self.how} is not the tests' to kill")
        assert self.part is not None
        return self.part


@dataclass(frozen=True)
class Influx:
    """An InfluxDB to test on."""

    url: str
    token: str
    org: str
    how: str
    """``given``, ``docker`` or ``local``."""
    part: Startable | None = None

    def bucket(self, name: str = "test") -> str:
        """Make a bucket under a name that no other test has, and return the name."""
        unique = f"{name}-{uuid.uuid4().hex[:12]}"
        with httpx.Client(base_url=self.url, timeout=10, trust_env=False) as http:
            influx_bucket(http, self.token, self.org, unique)
        return unique

    def kill(self) -> None:
        """SIGKILL the server; ``start`` brings it back with what it had acknowledged."""
        self._own().kill()

    def start(self) -> None:
        """Start the server that was killed, and return when it answers."""
        self._own().start()

    def _own(self) -> Startable:
        require("influx", self.part is not None, f"a server that was {self.how} is not the tests' to kill")
        assert self.part is not None
        return self.part


@contextmanager
def real_kafka(home: Path) -> Iterator[Kafka]:
    """Hold a real broker for a run of tests.

    Raises:
        PartError: there is none to be had here; the message says why and what would help.
    """
    if given := os.environ.get("PLUMELINE_KAFKA"):
        yield Kafka(given, "given")
    elif docker_answers():
        with container(KAFKA_IMAGE, 9092, kafka_environment) as (box, port):
            box.ready = lambda: kafka_answers(port)
            box.wait()
            yield Kafka(f"127.0.0.1:{port}", "docker", box)
    else:
        with LocalKafka(home) as part:
            yield Kafka(part.bootstrap, "local", part)


@contextmanager
def mock_kafka() -> Iterator[Kafka]:
    """Hold the mock cluster of confluent-kafka's wheel: real TCP, but in memory (5 MiB a partition) and without administration."""
    with MockCluster() as mock:
        yield Kafka(mock.bootstrap, "mock", mock=mock)


@contextmanager
def real_influx(home: Path) -> Iterator[Influx]:
    """Hold a real InfluxDB for a run of tests.

    Raises:
        PartError: there is none to be had here; the message says why and what would help.
    """
    if given := os.environ.get("PLUMELINE_INFLUX_URL"):
        yield Influx(given, os.environ["PLUMELINE_INFLUX_TOKEN"], os.environ.get("PLUMELINE_INFLUX_ORG", "plumeline"), "given")
    elif docker_answers():
        token = uuid.uuid4().hex
        with container(INFLUX_IMAGE, 8086, lambda _port: influx_environment(token)) as (box, port):
            url = f"http://127.0.0.1:{port}"
            box.ready = lambda: influx_answers(url)
            box.wait()
            yield Influx(url, token, "plumeline", "docker", box)
    else:
        with LocalInflux(home) as part:
            yield Influx(part.url, part.token, part.org, "local", part)


class Box:
    """A container that tests may kill and start again; its own file system keeps what was written."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.ready: Callable[[], bool] = lambda: True

    def kill(self) -> None:
        self.inner.get_wrapped_container().kill("SIGKILL")

    def start(self) -> None:
        self.inner.get_wrapped_container().start()
        self.wait()

    def wait(self) -> None:
        wait_until(self.ready, DOCKER_READY_S, f"container of {self.inner.image}")


@contextmanager
def container(image: str, inside: int, environment: Callable[[int], dict[str, str]]) -> Iterator[tuple[Box, int]]:
    """Hold a container with one port published on a fixed port of this machine, so that a restart keeps the address."""
    from docker.errors import DockerException
    from testcontainers.core.container import DockerContainer

    port = free_port()
    box = DockerContainer(image).with_bind_ports(inside, port)
    for name, value in environment(port).items():
        box = box.with_env(name, value)
    try:
        box.start()
    except (DockerException, OSError) as error:
        raise PartError(f"Docker answers, but {image} could not be started: {error}") from error
    try:
        yield Box(box), port
    finally:
        box.stop()


def kafka_environment(port: int) -> dict[str, str]:
    """Return the image's settings; one of them replaces all of its defaults, so the set is whole."""
    return {
        "CLUSTER_ID": "KuaLmM0OQ9yBaVFAjEw3ng",
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "CLIENTS://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"CLIENTS://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "CLIENTS",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_BROKER_SESSION_TIMEOUT_MS": "6000",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_HEAP_OPTS": "-Xmx512m",
    }


def influx_environment(token: str) -> dict[str, str]:
    """Return what the image sets itself up with."""
    names = {"MODE": "setup", "USERNAME": "plumeline", "PASSWORD": uuid.uuid4().hex, "ORG": "plumeline"}
    names |= {"BUCKET": "plumeline", "ADMIN_TOKEN": token}
    return {f"DOCKER_INFLUXDB_INIT_{name}": value for name, value in names.items()}


def docker_answers() -> bool:
    """Return whether a Docker daemon answers a ping here."""
    import docker
    from docker.errors import DockerException

    try:
        return bool(docker.from_env(timeout=DOCKER_PING_S).ping())
    except (DockerException, OSError):
        return False


def led(admin: Any, topic: str) -> int:
    """Return how many partitions of a topic have a leader; a new topic has none for some 100 ms."""
    (found,) = admin.describe_topics([topic])
    return sum(1 for partition in found["partitions"] if partition["leader_id"] >= 0)


def wait_until(ready: Callable[[], bool], within_s: float, what: str) -> None:
    """Poll until something is ready; raise PartError when it is not in time."""
    until = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > until:
            raise PartError(f"{what}: not ready within {within_s:.0f} s")
        time.sleep(POLL_S)


def held(part: str, holder: Any) -> Iterator[Any]:
    """Serve a fixture with a part; where it is not to be had its tests are listed as not run, or fail if it is required."""
    try:
        found = holder.__enter__()
    except PartError as error:
        require(part, False, str(error))
        raise
    try:
        yield found
    finally:
        holder.__exit__(None, None, None)


started: list[subprocess.Popen[bytes]] = []
"""Processes that a test started; none outlives it where the test asks for ``no_strays``."""


@pytest.fixture
def no_strays() -> Iterator[None]:
    """Leave no process behind, however the test ends."""
    yield
    for child in started:
        if child.poll() is None:
            child.kill()
            child.wait()
    started.clear()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A real broker, the same for the whole run; ``kafka.topic`` makes names that are a test's own."""
    yield from held("kafka", real_kafka(tmp_path_factory.mktemp("kafka")))


@pytest.fixture(scope="session")
def mock_broker() -> Iterator[Kafka]:
    """The mock cluster, for tests that need the wire only and say so by asking for this fixture."""
    yield from held("kafka-mock", mock_kafka())


@pytest.fixture(scope="session")
def kafka_or_mock(request: pytest.FixtureRequest) -> Kafka:
    """A real broker, else the mock cluster, for tests that say by asking for this fixture that either will do."""
    try:
        found = request.getfixturevalue("kafka")
    except pytest.skip.Exception:
        found = request.getfixturevalue("mock_broker")
    assert isinstance(found, Kafka)
    return found


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """A real InfluxDB, the same for the whole run; ``influx.bucket`` makes names that are a test's own."""
    yield from held("influx", real_influx(tmp_path_factory.mktemp("influx")))
