"""A virtual clock that runs faster than the real one, is kept across restarts and never goes back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

CST = timezone(timedelta(hours=8))
"""Local time of the county: UTC+8 without daylight saving."""
SAVE_EVERY_S = 1.0
"""Real seconds between two writes of the state file while the clock is kept."""
LEASE_S = 2.0
"""Real seconds by which a write reserves time ahead, so that a killed process never repeats a time it has shown."""


class VirtualClock:
    """Virtual time: start + elapsed real time x speed.

    The first start fixes ``origin``. With a state file a later start goes on where the clock stopped and ignores ``start``:
    exactly there after ``close()``, at most ``LEASE_S`` + ``SAVE_EVERY_S`` real seconds later after a kill. The time in
    which no process ran does not exist for it.

    Args:
        start: virtual time of the first start, aware.
        speed: virtual seconds a real second, above 0.
        state_file: where the clock is kept; None keeps it in memory only.
        monotonic: real seconds, never falling.
        held: stand still until ``go``, so that the time in which a process starts does not pass.

    Raises:
        ValueError: speed is not above 0, start is naive, or the state file cannot be read as one.
    """

    def __init__(
        self,
        start: datetime,
        speed: float = 60.0,
        state_file: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        held: bool = False,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed {speed} is not above 0")
        if start.tzinfo is None:
            raise ValueError("start has no time zone; give it an offset, such as +08:00")
        self.speed = speed
        self.state_file = state_file
        self.origin = start.astimezone(CST)
        self._base = self.origin
        self._monotonic = monotonic
        if state_file is not None and state_file.exists():
            self.origin, self._base = _load(state_file)
        self._held = held
        self._zero = monotonic()
        if state_file is not None:
            state_file.parent.mkdir(parents=True, exist_ok=True)
            self.save()

    def now(self) -> datetime:
        """Return the virtual time, with the local offset."""
        if self._held:
            return self._base
        return self._base + timedelta(seconds=(self._monotonic() - self._zero) * self.speed)

    def go(self) -> None:
        """Let a held clock run from where it stands."""
        self._zero, self._held = self._monotonic(), False

    def __call__(self) -> datetime:
        """Return the virtual time; the clock itself is the callable that gateways are handed."""
        return self.now()

    def now_ms(self) -> int:
        """Return the virtual time in epoch milliseconds."""
        return int(self.now().timestamp() * 1000)

    async def sleep(self, virtual_s: float) -> None:
        """Sleep for some virtual seconds; at once where there are none."""
        await asyncio.sleep(max(0.0, virtual_s) / self.speed)

    async def until(self, moment: datetime, stop: asyncio.Event) -> bool:
        """Wait for a virtual moment; return False where ``stop`` came first."""
        while not stop.is_set():
            left_s = (moment - self.now()).total_seconds() / self.speed
            if left_s <= 0:
                return True
            try:
                await asyncio.wait_for(stop.wait(), left_s)
            except TimeoutError:
                continue
        return False

    def save(self, lease_s: float = LEASE_S) -> None:
        """Write the state file atomically, ``lease_s`` real seconds ahead of now."""
        if self.state_file is None:
            return
        ahead = self.now() + timedelta(seconds=lease_s * self.speed)
        state = {"origin": self.origin.isoformat(), "now": ahead.isoformat()}
        write_atomically(self.state_file, json.dumps(state) + "\n")

    def close(self) -> None:
        """Write the exact time; call it last, when nobody reads the clock any more."""
        self.save(lease_s=0.0)

    async def keep(self, stop: asyncio.Event) -> None:
        """Write the state each ``SAVE_EVERY_S`` real seconds until ``stop``, then once more."""
        while not stop.is_set():
            self.save()
            try:
                await asyncio.wait_for(stop.wait(), SAVE_EVERY_S)
            except TimeoutError:
                continue
        self.save()


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's text; a reader sees the old text or the new one, never half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _load(path: Path) -> tuple[datetime, datetime]:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        origin, now = (datetime.fromisoformat(state[key]).astimezone(CST) for key in ("origin", "now"))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no clock state ({error}); delete it to begin a new virtual time") from None
    return origin, now
