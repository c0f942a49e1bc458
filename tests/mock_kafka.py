"""The mock cluster inside confluent-kafka's wheel: brokers on real TCP ports, in memory, steered through its C library."""

from __future__ import annotations

import ctypes
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from plumeline.programs import PartError, PartMissing

PRODUCER = 0
ERROR_BYTES = 512
REBALANCE_DELAY_MS = 200
"""How long a new group waits for more members; the library's own 3 s would make each test wait."""


def library() -> Any:
    """Load the C library that the wheel brings.

    Raises:
        PartMissing: the wheel is not installed, or brings none.
    """
    try:
        found = [f for f in files("confluent-kafka") or [] if f.name.startswith("librdkafka-") and ".so" in f.name]
    except PackageNotFoundError:
        found = []
    if not found:
        raise PartMissing("no mock cluster: install the wheel of confluent-kafka (pip install confluent-kafka)")
    import confluent_kafka  # noqa: F401  (loads what the library itself needs)

    return declared(ctypes.CDLL(str(Path(str(found[0].locate())))))


def declared(lib: Any) -> Any:
    """Tell ctypes the signatures of the few functions that are called."""
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (number, [pointer, text, number, number]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_down": (number, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_up": (number, [pointer, ctypes.c_int32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


class MockCluster:
    """A cluster of mock brokers that lives as long as the ``with`` block."""

    def __init__(self, brokers: int = 1) -> None:
        self._brokers = brokers
        self._lib = library()
        self.bootstrap = ""

    def __enter__(self) -> Self:
        lib, words = self._lib, ctypes.create_string_buffer(ERROR_BYTES)
        self._client = lib.rd_kafka_new(PRODUCER, lib.rd_kafka_conf_new(), words, ERROR_BYTES)
        if not self._client:
            raise PartError(f"the mock cluster's client could not be made: {words.value.decode()}")
        self._cluster = lib.rd_kafka_mock_cluster_new(self._client, self._brokers)
        lib.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, REBALANCE_DELAY_MS)
        self.bootstrap = lib.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
        self._lib.rd_kafka_destroy(self._client)

    def make_topic(self, name: str, partitions: int) -> None:
        """Make a topic; unlike on a real broker this is the only way to choose its partitions."""
        if self._lib.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1):
            raise PartError(f"the mock cluster refused the topic {name}")

    def set_up(self, broker: int, up: bool) -> None:
        """Take a broker (1, 2, …) off the network or bring it back."""
        change = self._lib.rd_kafka_mock_broker_set_up if up else self._lib.rd_kafka_mock_broker_set_down
        change(self._cluster, broker)
