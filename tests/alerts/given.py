"""A small registry and events as the engine makes them, for the tests of the alerts stage."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ingest.registry import Contact, Enterprise, Point, Registry, Source
from processors.figures import Event, epoch_ms

SOURCE = "4401000001"
BASE = "http://127.0.0.1:8080"


def ms(text: str) -> int:
    """Epoch milliseconds of a local time on 1 July 2026 ("03:00:04"), or of a whole local one."""
    return epoch_ms(datetime.fromisoformat((text if "T" in text else f"2026-07-01T{text}") + "+08:00"))


def contact(name: str = "duty", url: str = "http://127.0.0.1:1/", **more: Any) -> Contact:
    return Contact(contact=name, url=url, secret_env=more.pop("secret_env", "HOOK_SECRET"), **more)


def registry(*contacts: Contact) -> Registry:
    return Registry(
        enterprises=(
            Enterprise(enterprise="nanhai", name="Nanhai Power", county="Nanhai"),
            Enterprise(enterprise="lake", name="Lake Dyeing", county="Lake"),
        ),
        sources=(
            Source(source=SOURCE, enterprise="nanhai", outlet="DA001", name="stack 1", kind="flue_gas"),
            Source(source="4401000002", enterprise="lake", outlet="", name="cabinet 2", kind="energy"),
        ),
        points=(
            Point(source=SOURCE, factor="a21026", unit="mg/m3", name="SO₂", reference_o2_pct=Decimal("6")),
            Point(source=SOURCE, factor="a21002", unit="mg/m3", name="NOx"),
        ),
        contacts=contacts,
    )


def over(what: str = "opened", at: str = "03:00:04", *, live: bool = True, id: str | None = None, **facts: Any) -> Event:
    """An exceedance event; by default that of the hour 02:00 to 03:00."""
    episode = facts.pop("episode", "ep-1")
    hours = facts.pop("hours", 2)
    base = {
        "episode": episode,
        "stat": "avg_ref",
        "unit": "mg/m3",
        "value": "46.789473",
        "limit": "35",
        "limit_id": "PWR-ULE-SO2",
        "basis": "环发〔2015〕164号",
        "hour_start": "2026-07-01T02:00:00+08:00",
        "hour_end": "2026-07-01T03:00:00+08:00",
        "since": "2026-07-01T01:00:00+08:00",
        "hours": hours,
        "times_over": "0.337",
        "n": 57,
        "state": "final",
        "worst": "46.789473",
    }
    kind = f"exceedance.{what}"
    return Event(id or f"{kind}/{episode}/{hours}", kind, SOURCE, "a21026", ms(at), live, {**base, **facts})


def about(kind: str, at: str, *, source: str = SOURCE, factor: str | None = None, id: str | None = None, **facts: Any) -> Event:
    """Any other event."""
    return Event(id or f"{kind}/{source}/{at}", kind, source, factor, ms(at), facts.pop("live", True), facts)
