"""A simulated county in line protocol: the demo's plants over a day and a half, the first day closed, and what the demo has not.

That is a sewage works with hourly limits, a petrol station that sends A/L, a large user of electricity, a stack that never reports, a
device that nobody registered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ingest.log import PARTITIONS, LogRecord, partition_of
from ingest.records import Frame
from ingest.registry import Enterprise, Limit, Meter, Point, Registry, Source
from plumeline.runner import touch_entries
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.engine import Engine
from processors.influx import Lines
from processors.lines import lines_of
from processors.registry_check import load_registry
from simulators.plants import BOILER, CEMS, FACTORY, O2, STACK, VOC, drift, electricity_step, gas_amount, voc_silent
from tests.conftest import REPO
from tests.processors.given import CST, line, tick, ticks

ORIGIN = datetime(2026, 7, 1, 0, 0, tzinfo=CST)
END = ORIGIN + timedelta(hours=36, minutes=50)
"""At the end the stack's SO2 is above its limit, the VOC outlet silent."""
SEED = "boards"
WATER, SMELTER, STATION = "44010600010000000000W001", "44010600020000000000E001", "44010600030000000000G001"
COD, AMMONIA, PH, WATER_FLOW = "w01018", "w21003", "w01001", "w00000"
NEVER = "44010600040000000000A009"
"""A stack that is registered and never reports."""
VAPOUR, AIR_TO_LIQUID = "i41031", "i41020"
READING_S, METER_S, TICK_S = 30, 900, 60
FAULT_H = 4
"""Local hour in which the boiler's analysers report a fault."""
LATE_H = 6
"""Local hour whose first ten minutes the boiler sends an hour late, so that the hour is revised."""
LOST = (ORIGIN + timedelta(hours=14), ORIGIN + timedelta(hours=15, minutes=30))
"""Between these times the boiler sends nothing, and never fills it in."""
BAD_FROM = ORIGIN + timedelta(hours=35)
"""From then on outfall and petrol station are above their limits."""
FACTORY_UNTIL, WATER_UNTIL = END - timedelta(minutes=90), END - timedelta(minutes=20)
"""Until then factory and outfall report; at the end they are late."""
JUMPED = ORIGIN + timedelta(hours=30)
"""A second gateway's clock, ten minutes ahead, is refused then."""
STRANGER = "44060599990000000000X001"
"""A device that nobody registered."""


def registry() -> Registry:
    """Return the sample registry and, in a second city, a sewage works, a petrol station and a user of over 10,000 tce a year."""
    sample = load_registry(REPO / "registry")
    names = ((COD, "mg/L"), (AMMONIA, "mg/L"), (PH, "pH"), (WATER_FLOW, "m3/h"))
    return sample.model_copy(
        update={
            "enterprises": (
                *sample.enterprises,
                Enterprise(
                    enterprise="GZ-WATER", name="Guangzhou West Sewage Works", name_zh="广州西污水处理厂", city="Guangzhou",
                    county="Liwan", sector="municipal_wwtp",
                ),
                Enterprise(enterprise="GZ-SMELTER", name="Guangzhou Smelter", city="Guangzhou", county="Liwan", sector="metals"),
                Enterprise(enterprise="GZ-NEW", name="New Works", city="Guangzhou", county="Liwan", sector="thermal_power"),
                Enterprise(enterprise="GZ-PETROL", name="Liwan Petrol", city="Guangzhou", county="Liwan", sector="gas_station"),
            ),
            "sources": (
                *sample.sources,
                Source(source=WATER, enterprise="GZ-WATER", outlet="DW001", name="Outfall", kind="water", cadence_s=300),
                Source(source=NEVER, enterprise="GZ-NEW", outlet="DA001", name="New stack", kind="flue_gas"),
                Source(source=STATION, enterprise="GZ-PETROL", outlet="YQ001", name="Vapour recovery", kind="vapour"),
                Source(source=SMELTER, enterprise="GZ-SMELTER", outlet="EN001", name="Main", kind="energy", cadence_s=METER_S),
            ),
            "points": (
                *sample.points,
                *(Point(source=WATER, factor=f, unit=u) for f, u in names),
                Point(source=STATION, factor=VAPOUR, unit="g/m3"),
                Point(source=STATION, factor=AIR_TO_LIQUID, unit="ratio"),
            ),
            "meters": (
                *sample.meters,
                Meter(source=SMELTER, factor="electricity", kind="interval", unit="kWh", energy_code="electricity_calorific"),
            ),
            "limits": (
                *sample.limits,
                Limit(source=WATER, factor=COD, limit_id="WW-COD", limit=50, unit="mg/L"),
                Limit(source=WATER, factor=AMMONIA, limit_id="WW-NH3N", limit=5, unit="mg/L"),
                Limit(source=STATION, factor=VAPOUR, limit_id="GST-VRU-NMHC", limit=25, unit="g/m3"),
                Limit(source=STATION, factor=AIR_TO_LIQUID, limit_id="GST-AL-HI", limit="1.2", unit="ratio"),
            ),
        }
    )  # fmt: skip


@dataclass
class Stored:
    """Line protocol by bucket, and what it was made of."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    hours: dict[tuple[str, str, str, str], dict[str, Any]] = field(default_factory=dict)
    """Newest version of each hour, by (source, factor, stat, start)."""


def stored() -> Stored:
    """Run the engine over the county's reports and return what the store is given."""
    rows = registry()
    past = SqliteStore(SqliteWriter(":memory:"))
    engine, form, out = Engine(rows, past=past), Lines(rows), Stored()
    returned: list[LogRecord] = []

    def put(bucket: str, text: str) -> None:
        out.lines.setdefault(bucket, []).append(text)

    for batch in _batches():
        asked, returned = returned, []
        for turn in engine.apply([*asked, *batch]):
            past.writer.commit(turn, engine.points, [], turn.seq)
            returned += [LogRecord(e.topic, e.partition, batch[0].seq, batch[0].seq, e.value) for e in touch_entries(turn)]
            for _source, text in lines_of(turn, engine.points):
                for bucket, point in form.figure_line(text):
                    put(bucket, point)
                if b'"level":"hour"' in text:
                    row = json.loads(text)
                    out.hours[row["source"], row["factor"], row["stat"], row["start"]] = row
            for event in turn.events:
                out.events.append(event.kind)
                put(*form.event_line(event.line()))
            for *_key, stored_line in turn.reports:
                put(*form.report_line(stored_line))
    for frame in _frames():
        for bucket, point in form.frame_line(frame.line()):
            put(bucket, point)
    return out


def _batches() -> Iterator[list[LogRecord]]:
    """Yield the log, an hour at a time: reports by receipt, ticks among them."""
    arriving = sorted((_received(text), text) for text in _reports())
    seq, i, now = 1, 0, ORIGIN
    while now < END:
        batch: list[LogRecord] = []
        for _ in range(3600 // TICK_S):
            now += timedelta(seconds=TICK_S)
            while i < len(arriving) and arriving[i][0] <= now:
                text = arriving[i][1]
                batch.append(LogRecord("reports", partition_of(json.loads(text)["source"]), seq, seq, text))
                seq, i = seq + 1, i + 1
            if now <= END:
                batch += ticks(now, seq)
                seq += len(batch)
            if now == JUMPED:
                text = tick(now + timedelta(minutes=10), "g2")
                batch += [LogRecord("reports", p, seq + p, seq + p, text) for p in range(PARTITIONS)]
                seq += PARTITIONS
        yield batch


def _received(text: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(text)["received"])


def _reports() -> Iterator[bytes]:
    for n in range(int((END - ORIGIN).total_seconds()) // READING_S):
        time = ORIGIN + timedelta(seconds=n * READING_S)
        for source, plant in CEMS.items():
            if source == BOILER and LOST[0] <= time < LOST[1]:
                continue
            values = {f: float(v) for f, v in plant(SEED, ORIGIN, time).items()}
            broken = source == BOILER and time.hour == FAULT_H
            flags = {f: "D" for f in values if f != O2} if broken else None
            silent = source == VOC and voc_silent(ORIGIN, time)
            late = source == BOILER and time.hour == LATE_H and time.minute < 10
            yield line(time, values, source=source, flags=flags, delay_s=3600 if silent or late else 1)
        s = time.timestamp()
        vapour, ratio = (
            (27 if time >= BAD_FROM else 9) + 4 * drift(SEED, VAPOUR, s),
            1.08 + 0.06 * drift(SEED, AIR_TO_LIQUID, s),
        )
        yield line(time, {VAPOUR: round(vapour, 2), AIR_TO_LIQUID: round(ratio, 3)}, source=STATION)
        if time.second == 0 and time.minute % 5 == 0 and time < WATER_UNTIL:
            yield line(time, _water(time), source=WATER)
        if time.second == 0 and time.minute % 15 == 0:
            yield from _meters(time)
            yield line(time, {"a21026": 1.0}, source=STRANGER)


def _water(time: datetime) -> dict[str, float | None]:
    s = time.timestamp()
    high = 30.0 if time.hour == 20 or time >= BAD_FROM else 0.0
    return {
        COD: round(31 + high + 8 * drift(SEED, COD, s), 1),
        AMMONIA: round(1.6 + 0.5 * drift(SEED, AMMONIA, s), 2),
        PH: round(7.1 + 0.2 * drift(SEED, PH, s), 2),
        WATER_FLOW: round(840 + 60 * drift(SEED, WATER_FLOW, s), 1),
    }


def _meters(time: datetime) -> Iterator[bytes]:
    step = float(electricity_step(SEED, time))
    quarter = int((time - ORIGIN).total_seconds()) // METER_S
    if time < FACTORY_UNTIL:
        yield line(time, {"electricity": round(1000 + quarter * 2.5, 2)}, source=FACTORY, kind="register", stat="reg")
        yield line(time, {"gas": float(gas_amount(SEED, time))}, source=FACTORY, kind="interval", stat="energy")
    yield line(time, {"electricity": round(step * 2000, 1)}, source=SMELTER, kind="interval", stat="energy")


def _frames() -> Iterator[Frame]:
    for n, verdict in enumerate(("ok", "ok", "bad crc")):
        received = END - timedelta(minutes=n)
        yield Frame(
            id=f"frame{n}",
            received=received,
            peer="127.0.0.1:9",
            protocol="hj212-2017",
            raw="##",
            verdict=verdict,
            source=STACK,
        )
