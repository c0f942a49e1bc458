"""Builders of report lines and registries for engine tests; plain text, no code of the gateway."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ingest.log import PARTITIONS, LogRecord, partition_of
from ingest.registry import Enterprise, Limit, Meter, Point, Registry, Source

CST = timezone(timedelta(hours=8))
NOON = datetime(2026, 7, 1, 12, tzinfo=CST)
MIDNIGHT = datetime(2026, 7, 1, tzinfo=CST)
STACK, METER = "STACK1", "METER1"
SO2, O2, FLOW = "a21026", "a19001", "a00000"


def registry(**stack: Any) -> Registry:
    """One stack with SO2 at 6 % oxygen, limit 35, oxygen and flow, each 30 s; one electricity counter each 15 min."""
    return Registry(
        enterprises=(Enterprise(enterprise="E1", name="E1"),),
        sources=(
            Source(source=STACK, enterprise="E1", outlet="DA001", name="stack", kind="flue_gas", **{"cadence_s": 30, **stack}),
            Source(source=METER, enterprise="E1", outlet="M", name="meter", kind="energy", cadence_s=900),
        ),
        points=(
            Point(source=STACK, factor=SO2, unit="mg/m3", reference_o2_pct=6, flow_factor=FLOW),
            Point(source=STACK, factor=O2, unit="%"),
            Point(source=STACK, factor=FLOW, unit="m3/h"),
        ),
        meters=(Meter(source=METER, factor="kwh", kind="cumulative", unit="kWh", energy_code="electricity_calorific"),),
        limits=(Limit(source=STACK, factor=SO2, limit_id="L35", limit=35, unit="mg/m3", stat="avg_ref"),),
    )


def line(
    time: datetime,
    values: dict[str, float | None],
    *,
    source: str = STACK,
    kind: str = "realtime",
    stat: str = "rtd",
    flags: dict[str, str] | None = None,
    delay_s: float = 1,
) -> bytes:
    """Return one report line; ``delay_s`` is what lies between its time and its receipt."""
    received = time + timedelta(seconds=delay_s)
    row = {
        "v": 1,
        "source": source,
        "time": time.isoformat(),
        "kind": kind,
        "factors": list(values),
        "stats": [stat] * len(values),
        "values": list(values.values()),
        "flags": [(flags or {}).get(f, "N") for f in values],
        "sent": time.isoformat(),
        "received": received.isoformat(),
        "protocol": "test",
        "frame": None,
        "backfill": delay_s > 600,
        "decoder": 1,
    }
    return json.dumps(row, separators=(",", ":")).encode()


def stack_hour(start: datetime, so2: float, o2: float = 6.0, flow: float = 400_000, seconds: int = 3600) -> list[bytes]:
    """Return an hour of the stack, a reading each 30 s."""
    times = (start + timedelta(seconds=s) for s in range(0, seconds, 30))
    return [line(t, {SO2: so2, O2: o2, FLOW: flow}) for t in times]


def records(lines: Iterable[bytes], first: int = 1) -> list[LogRecord]:
    """Return each line as a record of its own."""
    out = []
    for seq, value in enumerate(lines, first):
        source = json.loads(value).get("source", "")
        out.append(LogRecord("reports", partition_of(source), seq, seq, value))
    return out


def tick(time: datetime, gateway: str = "g1") -> bytes:
    """Return a tick's line."""
    return json.dumps({"v": 1, "tick": time.isoformat(), "gateway": gateway}, separators=(",", ":")).encode()


def ticks(time: datetime, first: int) -> list[LogRecord]:
    """Return a tick on every partition."""
    return [LogRecord("reports", p, first, first + p, tick(time)) for p in range(PARTITIONS)]


def ms(time: datetime) -> int:
    """Return epoch milliseconds."""
    return int((time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
