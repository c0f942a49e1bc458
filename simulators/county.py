"""The demo's county: two stacks, a VOC outlet, an outfall, a petrol station, a factory's meters; the same story at every run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from simulators.clock import CST, SAVE_EVERY_S, VirtualClock, write_atomically
from simulators.device import Device, Faults
from simulators.encoder import HOUR, Identity, Item, Packet, power_on, realtime, statistics
from simulators.meter import MeterGateway, interval_line, register_line
from simulators.plants import (
    BOILER,
    CEMS,
    FACTORY,
    FLOW,
    OUTFALL,
    REGISTER_MODULUS,
    REGISTER_START,
    VOC,
    WATER_FLOW,
    Values,
    electricity_step,
    gas_amount,
    voc_silent,
)
from simulators.truth import Hour, Truth, decimal_text, hour_of

SEED = "nanhai"
"""Seed of the story."""
READING_S, METER_S = 30, 900
"""Virtual seconds between two readings of an outlet and of a meter."""
RESUME_S = 300
"""Virtual seconds of a stop that a logger bridges from its memory; what is longer stays a gap."""
BAD_CRC_EVERY = 400
"""The boiler's old cable spoils every so many-th frame; it is sent again and accepted."""
WATER_ST = "32"
"""System code of waste water (HJ 212-2017, table of system codes); the others send as waste gas, and so does the petrol station's console."""
VOLUME_M3 = {FLOW: Fraction(1), WATER_FLOW: Fraction(1, 1000)}
"""Cubic metres that one second at a flow of 1 carries, by factor: m3/s of gas, L/s of water."""
TOKEN_GROUP = "factory"
"""Token group of the factory's meters in sources.csv."""


def demo_start(today: datetime) -> datetime:
    """Return 08:02 local of a day: the first hour still has 58 minutes, enough to be judged."""
    return today.astimezone(CST).replace(hour=8, minute=2, second=0, microsecond=0)


def slot_after(time: datetime, step_s: int) -> datetime:
    """Return the first multiple of ``step_s`` in epoch time at or after a time."""
    s = -(-time.timestamp() // step_s) * step_s
    return datetime.fromtimestamp(s, CST)


def resumed(last: datetime | None, now: datetime, step_s: int) -> datetime:
    """Return the next slot to measure: behind the last one after a short stop, else the first from now on."""
    if last is not None and (now - last).total_seconds() <= step_s + RESUME_S:
        return last + timedelta(seconds=step_s)
    return slot_after(now, step_s)


class Outlet:
    """One outlet's logger: a 2011 every 30 s, a 2061 for each closed hour, the truth beside it."""

    def __init__(
        self, source: str, plant: Values, seed: str, origin: datetime, device: Device, truth: Truth, state: Path | None
    ) -> None:
        self.source = source
        self.device = device
        self._plant, self._seed, self._origin, self._truth, self._file = plant, seed, origin, truth, state
        self._last: datetime | None = None
        self._hour: Hour | None = None
        saved = _read(state)
        if saved:
            self._last = datetime.fromisoformat(saved["last"])
            self._hour = Hour.restore(**saved["hour"])
            device.recall(Packet(**packet) for packet in saved["unanswered"])

    async def run(self, clock: VirtualClock, stop: asyncio.Event) -> None:
        """Measure at every slot until ``stop``."""
        self.device.put([power_on(clock.now(), clock.now())])
        slot = resumed(self._last, clock.now(), READING_S)
        while await clock.until(slot, stop):
            self.measure(slot)
            slot += timedelta(seconds=READING_S)

    def measure(self, slot: datetime) -> None:
        """Close the hour where one has ended, then hand the slot's readings to the device."""
        start = hour_of(slot)
        if self._hour is not None and self._hour.start < start:
            self.device.put(statistics(self.device.who, HOUR, self._hour.start, hour_items(self._hour)))
            self._truth.write(self.source, self._hour)
            self._hour = None
        self._hour = self._hour or Hour(start)
        values = self._plant(self._seed, self._origin, slot)
        self._hour.add(values)
        self.device.put(realtime(self.device.who, slot, list(values.items())))
        self._last = slot

    def save(self) -> None:
        """Write the state file: last slot, the open hour, packets without an answer."""
        if self._file is None or self._last is None or self._hour is None:
            return
        state = {
            "last": self._last.isoformat(),
            "hour": self._hour.state(),
            "unanswered": [asdict(packet) for packet in self.device.unanswered()],
        }
        write_atomically(self._file, json.dumps(state) + "\n")


def hour_items(hour: Hour) -> Iterator[Item]:
    """Return a 2061's items: Min, Avg, Max, Flag, and for a flow Cou, its volume in m3 of the covered time."""
    for factor, tally in hour.tallies.items():
        per_s = VOLUME_M3.get(factor)
        volume = [("Cou", decimal_text(tally.mean * tally.count * READING_S * per_s, 1))] if per_s else []
        mean = ("Avg", decimal_text(tally.mean, 3))
        yield Item(factor, (*volume, ("Min", str(tally.least)), mean, ("Max", str(tally.greatest)), ("Flag", "N")))


class Factory:
    """A factory's energy gateway: an electricity register and a gas meter, every 15 minutes."""

    def __init__(self, seed: str, gateway: MeterGateway, state: Path | None) -> None:
        self.gateway = gateway
        self._seed, self._file = seed, state
        self._register = REGISTER_START
        self._last: datetime | None = None
        saved = _read(state)
        if saved:
            self._last, self._register = datetime.fromisoformat(saved["last"]), Decimal(saved["register"])
            gateway.put(saved["unanswered"])

    async def run(self, clock: VirtualClock, stop: asyncio.Event) -> None:
        """Read the meters at every quarter of an hour until ``stop``."""
        slot = resumed(self._last, clock.now(), METER_S)
        while await clock.until(slot, stop):
            self.measure(slot, clock.now())
            slot += timedelta(seconds=METER_S)

    def measure(self, slot: datetime, sent: datetime) -> None:
        """Read the register at a slot, and the gas of the quarter that ends there, unless it is the first."""
        start = slot - timedelta(seconds=METER_S)
        lines = []
        if self._last is not None:
            self._register = (self._register + electricity_step(self._seed, start)) % REGISTER_MODULUS
            lines.append(interval_line(FACTORY, "gas", start, gas_amount(self._seed, start), sent))
        lines.append(register_line(FACTORY, "electricity", slot, self._register, sent))
        self._last = slot
        self.gateway.put(lines)

    def save(self) -> None:
        """Write the state file: last slot, register position, lines without an answer."""
        if self._file is None or self._last is None:
            return
        state = {
            "last": self._last.isoformat(),
            "register": str(self._register),
            "unanswered": self.gateway.unanswered(),
        }
        write_atomically(self._file, json.dumps(state) + "\n")


def outlets(clock: VirtualClock, host: str, port: int, truth: Truth, seed: str) -> list[Outlet]:
    """Return the county's outlets with their faults."""
    faults = {
        VOC: Faults(silent=partial(voc_silent, clock.origin)),
        BOILER: Faults(bad_crc_every=BAD_CRC_EVERY, noise_every=BAD_CRC_EVERY),
    }
    made = []
    for source, plant in CEMS.items():
        who = Identity(source, WATER_ST) if source == OUTFALL else Identity(source)
        device = Device(who, host, port, clock, faults=faults.get(source))
        made.append(Outlet(source, plant, seed, clock.origin, device, truth, _state_file(clock, source)))
    return made


async def run_county(
    clock: VirtualClock,
    tcp_host: str,
    tcp_port: int,
    http_url: str,
    tokens: Mapping[str, str],
    truth_path: Path,
    stop: asyncio.Event,
    *,
    seed: str = SEED,
) -> None:
    """Run the county until ``stop`` and keep its clock; state files lie beside the clock's.

    Args:
        clock: the virtual clock, also the gateway's. The caller calls ``clock.close()`` when the gateway has stopped too.
        tcp_host, tcp_port: the HJ 212 gateway.
        http_url: the HTTP ingest endpoint without its path.
        tokens: bearer token by token group ("factory"); no token is sent for a group that is missing.
        truth_path: truth.csv, see simulators.truth.
        stop: ends the run; packets and lines without an answer are kept in the state files.
        seed: another seed tells another story with the same plot.
    """
    truth = Truth(truth_path)
    stacks = outlets(clock, tcp_host, tcp_port, truth, seed)
    gateway = MeterGateway(http_url, tokens.get(TOKEN_GROUP, ""))
    factory = Factory(seed, gateway, _state_file(clock, FACTORY))
    savers = [outlet.save for outlet in stacks] + [factory.save]

    async def save() -> None:
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), SAVE_EVERY_S)
            except TimeoutError:
                for saver in savers:
                    saver()

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(clock.keep(stop))
            tasks.create_task(save())
            tasks.create_task(gateway.run(stop))
            tasks.create_task(factory.run(clock, stop))
            for outlet in stacks:
                tasks.create_task(outlet.run(clock, stop))
                tasks.create_task(outlet.device.run(stop))
    finally:
        for saver in savers:
            saver()


def _state_file(clock: VirtualClock, source: str) -> Path | None:
    return None if clock.state_file is None else clock.state_file.with_name(f"device-{source}.json")


def _read(path: Path | None) -> dict[str, Any] | None:
    if path is None or not path.exists():
        return None
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return state
    except ValueError as error:
        raise ValueError(f"{path} is no device state ({error}); delete it to begin with an empty memory") from None
