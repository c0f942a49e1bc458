"""The alerts of a cluster: one process reads events, keeps the outbox, tells people, and says when Plumeline itself is blind."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from pathlib import Path

import structlog
from kafka.errors import KafkaError

from alerts.deliver import Deliverer
from alerts.outbox import Outbox
from ingest.kafka_log import KafkaPublisher
from ingest.log import Entry, partition_of
from ingest.records import Tick
from plumeline.kafka_read import POLL_MS, RegistryWatch, commit, consumer
from plumeline.runner import JOURNAL_A_TURN
from processors.figures import Event, epoch_ms, local_iso
from processors.lines import event_of_line
from processors.memory import TICK_PREFIX

GROUP = "plumeline-alerts"
TOPICS = ("events",)
DEADMAN_S = 120.0
"""Real time without a tick from a worker after which Plumeline is called blind."""
PIPELINE = "pipeline"
"""Source name of what concerns Plumeline itself."""


def now_ms() -> int:
    """Return real time."""
    return int(time.time() * 1000)


class Alarms:
    """Reads topic ``events`` into the outbox, copies the journal to ``alerts``; the deliverer works in a loop of its own."""

    def __init__(
        self, bootstrap: str, folder: Path, instance: str, base: str, prefix: str = "", deadman_s: float = DEADMAN_S
    ) -> None:
        """Join the group and read the registry.

        Raises:
            LookupError: there is no registry yet.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.registry = RegistryWatch(bootstrap, prefix)
        self.outbox = Outbox(folder / "outbox.db", base)
        self.publisher = KafkaPublisher(bootstrap, prefix)
        self.reader = consumer(bootstrap, GROUP, group_instance_id=f"alerts-{instance}")
        self.reader.subscribe([prefix + topic for topic in TOPICS])
        self.deadman_s = deadman_s
        self.newest_tick_ms: int | None = None
        self.blind: str | None = None
        self._ticked_s = time.monotonic()
        self._adopted = 0
        self.logger = structlog.get_logger("plumeline.alerts")
        self.deliverer = Deliverer(self.outbox, now_ms, now_ms, os.environ.get)
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        delivering = threading.Thread(target=asyncio.run, args=(self._deliver(stop),), name="deliverer", daemon=True)
        delivering.start()
        while not stop.is_set():
            self.step()
        delivering.join(10)
        self.reader.close()
        self.publisher.close()
        self.registry.close()
        self.outbox.close()

    @property
    def blind_s(self) -> float:
        """Real time since a worker last passed on a newer tick."""
        return time.monotonic() - self._ticked_s

    async def _deliver(self, stop: threading.Event) -> None:
        self._loop, over = asyncio.get_running_loop(), asyncio.Event()
        working = asyncio.create_task(self.deliverer.run(over))
        await asyncio.to_thread(stop.wait)
        over.set()
        await working

    def step(self) -> int:
        """Take in what one poll gives; return how many records."""
        try:
            polled = self.reader.poll(timeout_ms=POLL_MS)
        except KafkaError as error:
            self.logger.warning("the broker does not answer", error=str(error))
            time.sleep(POLL_MS / 1000)
            polled = {}
        events: list[Event] = []
        for records in polled.values():
            for record in records:
                for line in record.value.split(b"\n"):
                    self._line(line, events)
        self._deadman(events)
        self._tell(events)
        if polled:
            try:
                commit(self.reader, {tp: records[-1].offset for tp, records in polled.items() if records})
            except KafkaError as error:
                self.logger.warning("offsets not committed; what comes again is known by its id", error=str(error))
        self._journal()
        return sum(len(records) for records in polled.values())

    def _line(self, line: bytes, events: list[Event]) -> None:
        try:
            if line.startswith(TICK_PREFIX):
                tick = epoch_ms(Tick.model_validate_json(line).tick)
                if self.newest_tick_ms is None or tick > self.newest_tick_ms:
                    self.newest_tick_ms, self._ticked_s = tick, time.monotonic()
                return
            events.append(event_of_line(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            self.logger.warning("no event", error=str(error), line=line[:200].decode("latin-1"))

    def _deadman(self, events: list[Event]) -> None:
        """Call Plumeline blind when no worker has passed on a tick for too long, and see again when one does."""
        silent_s = self.blind_s
        at = now_ms()
        if self.blind is None and silent_s > self.deadman_s:
            since = local_iso(self.newest_tick_ms or at - int(silent_s * 1000))
            text = f"no worker has passed on a gateway's tick for {int(silent_s)} s: Plumeline sees nothing"
            self.blind = since
            facts = {"state": "blind", "since": since, "last": since, "cause": "pipeline", "text": text}
            events.append(Event(f"source.blind/{PIPELINE}/{since}", "source.blind", PIPELINE, None, at, True, facts))
        elif self.blind is not None and silent_s <= self.deadman_s:
            facts = {"state": "on time", "before": "blind", "since": self.blind, "until": local_iso(at), "cause": "pipeline"}
            events.append(Event(f"source.on_time/{PIPELINE}/{self.blind}", "source.on_time", PIPELINE, None, at, True, facts))
            self.blind = None

    def _tell(self, events: list[Event]) -> None:
        registry = self.registry.registry
        if self.registry.changes != self._adopted:
            self._adopted = self.registry.changes
            self.outbox.renew(registry.contacts)
        made = False
        if events:
            first = self.outbox.cursor + 1
            made = bool(self.outbox.consume(enumerate(events, first), registry, now_ms()))
        if self.newest_tick_ms is not None:
            made = bool(self.outbox.tick(self.newest_tick_ms, registry, now_ms())) or made
        if made and self._loop is not None:
            self._loop.call_soon_threadsafe(self.deliverer.wake.set)

    def _journal(self) -> None:
        """Copy the outbox's journal to topic ``alerts``; a line may stand there twice, under one number."""
        try:
            while lines := self.outbox.journal(self.outbox.journalled, JOURNAL_A_TURN):
                self.publisher.append_now([Entry("alerts", partition_of(line.source), line.line) for line in lines])
                self.outbox.journalled = lines[-1].n
        except OSError as error:
            self.logger.warning("the journal waits", error=str(error))
