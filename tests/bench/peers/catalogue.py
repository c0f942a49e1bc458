"""The engines that are compared: to add one, add its row here, its file beside this one and its pins to requirements.txt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PEERS_PYTHON, PROJECT_PYTHON = "{peers}", "{project}"
"""Stand in a command for the interpreter of the peers' environment and for the one that started the driver."""


@dataclass(frozen=True)
class Peer:
    """An engine: its command, the distributions it needs, and whether a record of its input is one report or a bundle.

    The command finds its work in the environment (``job.Settings``), writes figures in the form of ``job.figures``, one a
    record or several as lines of one, keeps its processes in the session it is started in, and ends on SIGTERM.
    ``requirements`` are installed in the peers' environment at the versions of requirements.txt; an engine that runs in the
    project's own environment has none. ``topics`` are made before it starts, besides its input and its output, with the run's
    group for ``{group}``. ``aim`` is how many times Plumeline's CPU-seconds it is meant to take, None where nothing is aimed at.
    """

    name: str
    command: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    input: Literal["reports", "bundles"] = "reports"
    topics: tuple[str, ...] = ()
    aim: float | None = None


OURS = "Plumeline"
"""The engine that the others are compared with."""
PEERS = (
    Peer(OURS, (PROJECT_PYTHON, "-m", "tests.bench.peers.ours", "worker", "-l", "warn"), input="bundles"),
    Peer(
        "Faust, windowed table",
        (PEERS_PYTHON, "-m", "tests.bench.peers.faust_table", "worker", "-l", "warn"),
        ("faust-streaming",),
        topics=("{group}-minutes-changelog", "{group}-hours-changelog"),
        aim=20,
    ),
    Peer(
        "Faust, plain dict",
        (PEERS_PYTHON, "-m", "tests.bench.peers.faust_dict", "worker", "-l", "warn"),
        ("faust-streaming",),
        aim=10,
    ),
    Peer("Quix Streams", (PEERS_PYTHON, "-m", "tests.bench.peers.quix"), ("quixstreams",)),
    Peer(
        "Bytewax",
        (PEERS_PYTHON, "-m", "bytewax.run", "tests.bench.peers.bytewax_flow:build()"),
        ("bytewax[kafka]", "orjson"),
    ),
    Peer(
        "aiokafka, pydantic, dict", (PEERS_PYTHON, "-m", "tests.bench.peers.by_hand"), ("aiokafka", "pydantic", "orjson"), aim=2
    ),
)
