"""The demo: a simulated county at 60 times real time, whose devices know nothing of the code that listens to them."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console as Terminal

from ingest.files import NotReadable
from ingest.http import token_variable
from ingest.registry import Registry
from plumeline.county import County, Options, Refused, logging, wall
from processors.registry_check import load_registry
from simulators.clock import VirtualClock
from simulators.county import TOKEN_GROUP, demo_start, run_county
from simulators.receiver import Receiver

TICK_VIRTUAL_S = 10.0
"""Virtual seconds between ticks, as a gateway in the field."""
TICK_S_MIN = 0.02
"""Shortest real time between ticks; it bounds the speed at which ticks stay close enough together."""
WARNED_H = 36
"""How long the demo's pollution-weather warning holds, from 08:00 of its first day."""
SECRET_VARIABLE = "PLUMELINE_WEBHOOK_SECRET_DUTY"


def run(data: Path, registry: Path, http_port: int, tcp_port: int, receiver_port: int, speed: float, out: Terminal) -> None:
    """Run the demo until Ctrl-C; starting again with the same folder goes on where it stopped.

    Raises:
        NotReadable: a port is taken, or the registry has faults.
    """
    logging()
    rows = load_registry(registry)
    data.mkdir(parents=True, exist_ok=True)
    os.environ[SECRET_VARIABLE] = _kept(
        data / "receiver.secret", lambda: "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    )
    token = _kept(data / "factory.token", lambda: secrets.token_urlsafe(24))
    os.environ[token_variable(TOKEN_GROUP)] = token
    contacts = tuple(c.model_copy(update={"url": c.url.replace(":8090/", f":{receiver_port}/")}) for c in rows.contacts)
    rows = rows.model_copy(update={"contacts": contacts})
    clock = VirtualClock(demo_start(wall()), speed, data / "clock.json", held=True)
    rows = warned(rows, clock.origin)
    try:
        receiver = Receiver(os.environ[SECRET_VARIABLE], data / "received.jsonl", receiver_port)
    except OSError as error:
        raise NotReadable(
            f"port {receiver_port} for the webhook receiver: {error.strerror}; give another --receiver-port"
        ) from None
    options = Options(data, http_port=http_port, tcp_port=tcp_port, tick_s=max(TICK_VIRTUAL_S / speed, TICK_S_MIN))
    county = County(options, rows, clock)
    county.adopt_if_changed(rows)

    def ready() -> None:
        clock.go()
        out.print(f"console            http://127.0.0.1:{http_port}")
        out.print(f"webhook receiver   {receiver.url}")
        out.print(
            f"virtual time       {clock.now():%Y-%m-%d %H:%M} (+08:00), {speed:g}x; an exceedance, a silence and its backfill follow within two minutes"
        )
        out.print("Ctrl-C stops; starting again goes on.", style="dim")

    async def devices(stop: asyncio.Event) -> None:
        await run_county(
            clock, "127.0.0.1", tcp_port, f"http://127.0.0.1:{http_port}", {TOKEN_GROUP: token}, data / "truth.csv", stop
        )

    from plumeline.cli import _until_signal

    receiver.start()
    try:
        asyncio.run(_until_signal(county, ready, devices))
    except (Refused, OSError) as refused:
        raise NotReadable(str(refused)) from None
    finally:
        receiver.stop()
        clock.close()
    out.print(f"stopped at {datetime.now():%H:%M:%S}; everything is kept in {data}")


def warned(registry: Registry, origin: datetime) -> Registry:
    """Return the registry with its newest pollution-weather warning once more, in the time of a demo that began at ``origin``."""
    newest = max(registry.weather, key=lambda row: row.start, default=None)
    if newest is None:
        return registry
    start = origin.replace(minute=0, second=0, microsecond=0)
    again = {
        "warning": f"{newest.warning}-demo",
        "start": start,
        "planned_end": start + timedelta(hours=WARNED_H),
        "end": None,
        "note": "issued once more in the demo's time",
        "note_zh": "按演示时间重新发布",
    }
    return registry.model_copy(update={"weather": (*registry.weather, newest.model_copy(update=again))})


def _kept(path: Path, make: object) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())  # type: ignore[operator]
    return path.read_text().strip()
