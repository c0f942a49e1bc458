"""The virtual clock over restarts."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulators.clock import CST, LEASE_S, VirtualClock

START = datetime(2026, 7, 1, 8, 2, tzinfo=CST)


class Real:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_runs_at_its_speed(speed: float) -> None:
    """Ten real seconds are 10 x speed virtual ones."""
    real = Real()
    clock = VirtualClock(START, speed, monotonic=real)
    assert clock() == START
    real.s += 10
    assert clock.now() == START + timedelta(seconds=10 * speed)
    assert clock.now_ms() == int(START.timestamp() * 1000) + int(10_000 * speed)


def test_continues_after_a_clean_stop(tmp_path: Path) -> None:
    """After close() a new clock goes on at the same moment, whatever start it is given; the origin stays."""
    real, file = Real(), tmp_path / "clock.json"
    clock = VirtualClock(START, 60, file, real)
    real.s += 90
    clock.close()
    real.s += 5000  # no process runs: this time does not exist
    again = VirtualClock(START + timedelta(days=3), 60, file, real)
    assert again.now() == START + timedelta(minutes=90)
    assert again.origin == START


def test_never_goes_back_after_a_kill(tmp_path: Path) -> None:
    """Without close() the clock resumes ahead of the last time shown, by at most lease + save interval."""
    real, file = Real(), tmp_path / "clock.json"
    clock = VirtualClock(START, 60, file, real)
    real.s += 30
    clock.save()
    real.s += 0.9
    shown = clock.now()
    again = VirtualClock(START, 60, file, real)
    assert shown <= again.now() <= shown + timedelta(seconds=60 * LEASE_S)


def test_keeps_itself_and_sleeps(tmp_path: Path) -> None:
    """keep() writes until it is stopped; sleep() takes virtual seconds; until() ends early on stop."""

    async def main() -> None:
        clock = VirtualClock(START, 600, tmp_path / "clock.json")
        stop = asyncio.Event()
        keeper = asyncio.create_task(clock.keep(stop))
        await clock.sleep(60)
        assert clock.now() >= START + timedelta(seconds=60)
        assert await clock.until(START, stop)
        waiting = asyncio.create_task(clock.until(START + timedelta(days=9), stop))
        await asyncio.sleep(0)
        stop.set()
        assert not await waiting
        await keeper

    asyncio.run(main())
    assert VirtualClock(START, 600, tmp_path / "clock.json").now() > START + timedelta(seconds=60)


def test_junk_is_named(tmp_path: Path) -> None:
    """A damaged state file, a naive start and a speed of 0 each give one clear sentence."""
    file = tmp_path / "clock.json"
    file.write_text("{")
    with pytest.raises(ValueError, match="no clock state"):
        VirtualClock(START, 60, file)
    with pytest.raises(ValueError, match="no time zone"):
        VirtualClock(START.replace(tzinfo=None))
    with pytest.raises(ValueError, match="not above 0"):
        VirtualClock(START, float("nan"))
