"""Marks that people set on the console, appended to the log."""

from __future__ import annotations

from collections.abc import Callable

from ingest.log import PARTITIONS, Entry, partition_of
from ingest.records import Mark


class Marking:
    """Implements ``plumeline.console.ports.Marks`` over a log that appends from a thread."""

    def __init__(self, append: Callable[[list[Entry]], None], partitions: int = PARTITIONS) -> None:
        self._append, self._partitions = append, partitions

    def file(self, mark: Mark) -> None:
        """Append a mark; it is durable on return.

        Raises:
            LogFull: the log takes nothing at the moment.
            BrokerAway: the broker did not acknowledge in time.
        """
        self._append([Entry("marks", partition_of(mark.source, self._partitions), mark.line())])
