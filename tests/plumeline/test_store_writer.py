"""What a late worker still says does not replace what is known better: neither in the run in which it comes nor after a restart."""

from __future__ import annotations

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import structlog

from ingest.kafka_log import KafkaPublisher, make_topics
from ingest.log import Entry, partition_of
from plumeline.influx_query import InfluxStore
from plumeline.influx_read import InfluxReader
from plumeline.influx_write import InfluxWriter, Settings
from plumeline.store_writer import GROUP, StoreWriter
from tests.parts import Influx, Kafka
from tests.plumeline.cluster_kit import SO2, device_name, registry, store_of, wait_until

SOURCE = device_name(0)
START = "2026-07-01T09:00:00+08:00"
WRITTEN_S = 30.0


def figure(revision: int, value: str, decided_s: int | None = None) -> bytes:
    """Return an hour's line as workers publish it, decided so many seconds after ten o'clock: as many as its number unless told."""
    decided = (
        f"2026-07-01T10:00:{revision if decided_s is None else decided_s:02d}+08:00"
        if revision
        else "1970-01-01T08:00:00+08:00"
    )
    row = {
        "v": 1, "level": "hour", "source": SOURCE, "factor": SO2, "stat": "avg", "start": START, "value": value, "ok": True, "reason": None,
        "n": 60, "unit": "mg/m3", "state": "final" if revision else "provisional", "verdict": None, "limit": None, "limit_id": None,
        "inputs": f"{revision + 1:016x}", "rules": "1" * 16, "as_of": START, "decided": decided, "revision": revision,
        "explain": {"total": "0", "note": None},
    }  # fmt: skip
    return json.dumps(row, separators=(",", ":")).encode()


def episode(state: str, as_of_ms: int) -> bytes:
    """Return an episode's line."""
    row: dict[str, Any] = {
        "id": f"{SOURCE}/{SO2}/avg/L35/{START}", "source": SOURCE, "factor": SO2, "stat": "avg", "limit_id": "L35", "limit": 35_000_000,
        "start_ms": 1_782_867_600_000, "end_ms": 1_782_871_200_000, "hours": 1, "worst": 48_500_000, "last": 48_500_000, "state": state,
        "closed_by": None if state == "open" else "complies", "live": True, "as_of_ms": as_of_ms,
    }  # fmt: skip
    return json.dumps({"v": 1, "episode": row}, separators=(",", ":")).encode()


def test_an_older_version_changes_nothing(kafka: Kafka, influx: Influx, tmp_path: Path) -> None:
    """A provisional hour, and an open episode, behind the decided and the closed one: the store shows what is known best."""
    structlog.reset_defaults()
    prefix, rows, buckets = f"writer{uuid.uuid4().hex[:8]}.", registry(1, "http://127.0.0.1:9/none"), store_of(influx)
    make_topics(kafka.bootstrap, prefix=prefix)
    publisher = KafkaPublisher(kafka.bootstrap, prefix)
    publisher.append_now([Entry("registry", 0, rows.model_dump_json().encode())])
    names = [buckets[f"PLUMELINE_{n}"] for n in ("INFLUX_URL", "INFLUX_ORG", "INFLUX_TOKEN", "BUCKETS")]
    store = InfluxStore(InfluxReader(names[0], names[2], names[1], names[3]))
    part, stop = partition_of(SOURCE), threading.Event()

    def written(*lines: bytes) -> StoreWriter:
        """Publish lines, start a writer as after a kill, and return it when it has written them."""
        publisher.append_now([Entry("figures", part, line) for line in lines])
        writer = StoreWriter(kafka.bootstrap, InfluxWriter(Settings(*names)), store, "w", prefix)
        seen = 0

        def all_read() -> bool:
            nonlocal seen
            writer.step(stop)
            seen = writer.counted["records"]
            return seen >= total

        total = len(published)
        wait_until(all_read, WRITTEN_S, "the writer has read all")
        writer.reader.close()
        writer.registry.close()
        writer.publisher.close()
        return writer

    def shown() -> tuple[int, str, str]:
        (hour,) = store.figures(SOURCE, "hour", 0, 2**60)
        (told,) = store.episodes(SOURCE)
        return hour.revision, str(hour.number), told.state

    published = [
        figure(0, "20"),
        figure(1, "21"),
        figure(2, "22"),
        episode("open", 1),
        episode("closed", 2),
        figure(0, "19"),
        episode("open", 1),
    ]
    writer = written(*published)
    assert writer.counted["older"] == 2
    assert shown() == (2, "22.000000", "closed")
    published += [figure(1, "21"), episode("open", 1)]
    writer = written(*published[-2:])
    assert GROUP and writer.counted["older"] == 4, "the versions are known again after a restart"
    assert shown() == (2, "22.000000", "closed")
    published += [figure(1, "23", decided_s=40)]
    written(published[-1])
    assert shown() == (1, "23.000000", "closed"), "numbers begin anew where a state was lost; the later decision counts"
    publisher.close()
    store.close()
