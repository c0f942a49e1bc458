"""Real engines as local processes, for a machine without Docker: one Kafka node and one InfluxDB, each on a folder of its own.

A part is started, stopped, or killed and started again on the same folder and port. ``programs`` finds or fetches what it runs
and holds the errors.
"""

from __future__ import annotations

import random
import secrets
import socket
import struct
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx

from plumeline.programs import PartFailed, influxd, kafka_jars, last_words, require_java, run_tool

HOST = "127.0.0.1"
HEAP_MB = 512
"""Memory that a broker's heap may take."""
READY_S = 90
"""Seconds until a part must answer; a broker that was killed first waits until its old registration has expired."""
STOP_S = 20
"""Seconds that a part may take to stop when asked; then it is killed."""
POLL_S = 0.1
"""Seconds between two looks at a part that starts."""
ANSWER_S = 2.0
"""Seconds that one look may take."""
ANSWER_BYTES_MAX = 2**20
"""Bytes of one answer of a broker beyond which it is no broker that answers."""
PORTS = range(20_000, 30_000)
"""Where free ports are looked for: below those the system hands to clients, so that none sits on a killed part's port."""
PORT_TRIES = 50


class Part:
    """One server process on one folder, which outlives a kill."""

    name: str

    def __init__(self, home: Path, port: int = 0) -> None:
        """Take a folder and a port; 0 takes a free one and keeps it over restarts."""
        self.home = home.resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """The file that holds what the process said."""
        return self.home / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.home / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """The number of the running process, or None."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start the process and return when it answers; one that runs already is left alone.

        Raises:
            PartMissing: a program is not installed here.
            PartFailed: the process ended or did not answer in time.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Ask the process to end and wait for it; one that does not end in time is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the process by SIGKILL, as a power cut would; the folder keeps what was written."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _last_words(self) -> str:
        return f"{self.log} ends with:\n{last_words(self.log.read_text(encoding='utf-8', errors='replace'))}"

    def _run(self, command: Sequence[str], ready: Callable[[], bool]) -> None:
        """Start a command apart from the terminal's signals, its words into the log, and wait until it is ready."""
        require_nobody(self._pid_file, self.home)
        require_port(self.port, self.name)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._pid_file.write_text(str(self._process.pid))
        try:
            self._await(ready)
        except BaseException:
            self.kill()
            raise

    def _await(self, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + READY_S
        while not ready():
            if self.pid is None:
                raise PartFailed(f"{self.name} ended while starting; {self._last_words()}")
            if time.monotonic() > until:
                raise PartFailed(f"{self.name} did not answer within {READY_S} s; {self._last_words()}")
            time.sleep(POLL_S)


class LocalKafka(Part):
    """One Kafka node in KRaft mode, broker and controller at once, from Maven Central's artifacts."""

    name = "kafka"

    @property
    def bootstrap(self) -> str:
        """The address that clients begin with."""
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Start the broker, fetched and formatted where that was not yet done; 5 s, after a kill 12 to 14 s."""
        if self.pid is not None:
            return
        java = [require_java(), f"-Xmx{HEAP_MB}m", "-XX:+UseSerialGC", "-Dlog4j2.level=WARN", "-cp", f"{kafka_jars()}/*"]
        properties = self.home / "server.properties"
        properties.write_text(kafka_properties(self.home / "data", self.port, free_port()))
        if not (self.home / "data" / "meta.properties").exists():
            self._format(java, properties)
        self._run([*java, "kafka.Kafka", str(properties)], lambda: kafka_answers(self.port))

    def _format(self, java: Sequence[str], properties: Path) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", str(properties)]
        run_tool(command, self.home, f"formatting {self.home / 'data'}")


class LocalInflux(Part):
    """One InfluxDB 2 with an organisation, buckets and an operator token, from an ``influxd`` that lies on this machine."""

    name = "influxd"

    def __init__(self, home: Path, port: int = 0, org: str = "plumeline", buckets: Sequence[str] = ("plumeline",)) -> None:
        """Take a folder, a port (0: a free one), and what there shall be at least once it has started."""
        super().__init__(home, port)
        self.org = org
        self.buckets = tuple(buckets)

    @property
    def url(self) -> str:
        """The address of its HTTP API."""
        return f"http://{HOST}:{self.port}"

    @property
    def token_file(self) -> Path:
        """The file with the operator token, readable by its owner only."""
        return self.home / "token"

    @property
    def token(self) -> str:
        """The operator token, made at the first start."""
        return self.token_file.read_text().strip()

    def start(self) -> None:
        """Start the server and set it up where that was not yet done; about a second."""
        if self.pid is not None:
            return
        paths = {"bolt-path": "influxd.bolt", "sqlite-path": "influxd.sqlite", "engine-path": "engine"}
        command = [str(influxd()), "run", "--reporting-disabled", "--log-level=warn", f"--http-bind-address={HOST}:{self.port}"]
        command += [f"--{option}={self.home / name}" for option, name in paths.items()]
        self._run(command, lambda: influx_answers(self.url))
        try:
            self._set_up()
        except httpx.HTTPError as error:
            self.stop()
            raise PartFailed(f"influxd runs but could not be set up: {error}") from error

    def _set_up(self) -> None:
        if not self.token_file.exists():
            self.token_file.touch(mode=0o600)
            self.token_file.write_text(secrets.token_hex(24))
        with httpx.Client(base_url=self.url, timeout=ANSWER_S * 5, trust_env=False) as http:
            if http.get("/api/v2/setup").raise_for_status().json()["allowed"]:
                first = {"username": "plumeline", "password": secrets.token_hex(16), "retentionPeriodSeconds": 0}
                first |= {"org": self.org, "bucket": self.buckets[0], "token": self.token}
                http.post("/api/v2/setup", json=first).raise_for_status()
            for name in self.buckets:
                influx_bucket(http, self.token, self.org, name)


def influx_bucket(http: httpx.Client, token: str, org: str, name: str) -> None:
    """Make a bucket that keeps everything, unless it is there."""
    http.headers["Authorization"] = f"Token {token}"
    if http.get("/api/v2/buckets", params={"org": org, "name": name}).status_code == httpx.codes.OK:
        return
    (found,) = http.get("/api/v2/orgs", params={"org": org}).raise_for_status().json()["orgs"]
    http.post("/api/v2/buckets", json={"orgID": found["id"], "name": name, "retentionRules": []}).raise_for_status()


def influx_answers(url: str) -> bool:
    """Return whether an InfluxDB says at this address that it is well."""
    try:
        answer = httpx.get(f"{url}/health", timeout=ANSWER_S, trust_env=False)
        return answer.status_code == httpx.codes.OK and answer.json()["status"] == "pass"
    except (httpx.HTTPError, ValueError, KeyError):
        return False


def kafka_properties(data: Path, port: int, controller: int) -> str:
    """Return the settings of a node that is alone: every replica count is one, topics are made on purpose only."""
    settings = {
        "node.id": 1,
        "process.roles": "broker,controller",
        "log.dirs": data,
        "listeners": f"CLIENTS://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"CLIENTS://{HOST}:{port}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "broker.session.timeout.ms": 6000,
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.num.partitions": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "log.cleaner.dedupe.buffer.size": 16 * 2**20,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def kafka_answers(port: int) -> bool:
    """Return whether a broker at this port names a live broker in its metadata (before that, topics find no leader)."""
    client = b"plumeline"
    ask = struct.pack(f">hhih{len(client)}si", 3, 1, 0, len(client), client, 0)  # metadata, version 1, of no topic
    try:
        with socket.create_connection((HOST, port), ANSWER_S) as connection, connection.makefile("rb") as answer:
            connection.sendall(struct.pack(">i", len(ask)) + ask)
            return brokers_in(answer) > 0
    except (OSError, struct.error):
        return False


def brokers_in(answer: IO[bytes]) -> int:
    """Return how many brokers an answer to a metadata request names."""
    length, _correlation, brokers = struct.unpack(">iii", answer.read(12))
    return int(brokers) if length <= ANSWER_BYTES_MAX else 0


def free_port() -> int:
    """Return a port of this machine's own address that nobody listens on.

    Raises:
        PartFailed: none was found in a bounded number of tries.
    """
    for port in random.SystemRandom().sample(PORTS, PORT_TRIES):
        try:
            require_port(port, "nobody")
        except PartFailed:
            continue
        return port
    raise PartFailed(f"no free port between {PORTS.start} and {PORTS.stop} in {PORT_TRIES} tries")


def require_port(port: int, name: str) -> None:
    """Raise PartFailed where another program listens on a port that a part is to have."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise PartFailed(f"port {port} is not free for {name}: {error.strerror}; stop what has it or choose another") from error


def require_nobody(pid_file: Path, home: Path) -> None:
    """Raise PartFailed where a process that another run left behind still works on this folder."""
    try:
        pid = int(pid_file.read_text())
        working = str(home) in Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except (OSError, ValueError):
        return
    if working:
        raise PartFailed(f"process {pid} of an earlier run still works on {home}; end it with: kill {pid}")
