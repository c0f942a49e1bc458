"""Two real HJ 212 logs: every byte accounted for, figures confirmed by another computation, and equal through the TCP server.

The oracle parses packets with a regular expression and averages fractions; it rounds where the records say (minutes at 1e-8,
hours and days at 1e-6, half up) and shares no code with decoder or rules. It takes only the cadences of the drafted registry
from the check.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from ingest.gateway import Gateway
from ingest.tcp import Server
from plumeline.check import NO_INPUTS, Checked, check
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import Figure
from tests.conftest import require
from tests.plumeline.log_kit import LOGGER, SERVER_LOG, Read, Replay, logger_reads, server_reads, stamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PACKET = re.compile(rb"##[0-9]{4}([A-Z]+=(?:(?!##[0-9]{4}QN=).)*?CP=&&(.*?)&&)[0-9A-Fa-f]{4}", re.DOTALL)
NOISE_OF_SCANNERS = (b"GET http://", b"GET http://", b"\x03\x00\x00/*")
"""How the three reads begin that are no HJ 212 at all."""

Key = tuple[str, str, str, str, datetime]
Told = tuple[int | None, str | None, int]
"""Value as an integer at the level's scale, reason, n."""


class Packet(NamedTuple):
    """A packet by regular expression: its bytes, command, identity, and values by (factor, field)."""

    raw: bytes
    cn: str
    mn: str
    sent: str
    time: datetime | None
    items: dict[tuple[str, str], str]


def packets(reads: list[Read]) -> list[Packet]:
    """All packets, by worker; a packet that spans reads is put together."""
    streams: dict[int, bytearray] = defaultdict(bytearray)
    for read in reads:
        streams[read.worker] += read.data
    found = []
    for stream in streams.values():
        for match in PACKET.finditer(bytes(stream)):
            text, area = match[1].decode("utf-8", "replace"), match[2].decode("utf-8", "replace")
            header = dict(re.findall(r"(QN|CN|MN)=([^;]*)", text.split("CP=&&")[0]))
            label = re.search(r"DataTime=([0-9]{14})", area)
            items = {(code, name): value for code, name, value in re.findall(r"(\w+)-(Rtd|Avg|Flag)=([^,;&]*)", area)}
            found.append(Packet(match[0], header["CN"], header["MN"], header["QN"], stamp(label[1]) if label else None, items))
    return found


@cache
def checked(path: Path) -> Checked:
    require("shared", path.exists(), f"the shared data has no {path.name}")
    return check(path)


def half_up(exact: Fraction) -> int:
    return (2 * exact + 1) // 2


def told(figures: list[Figure]) -> dict[Key, Told]:
    return {
        (f.source, f.factor, f.stat, f.level, EPOCH + timedelta(milliseconds=f.start_ms)): (f.value, f.reason, f.n)
        for f in figures
    }


# -- bytes, frames, repeats ------------------------------------------------------------------------------------------


def test_every_byte_of_the_server_log_is_accounted_for() -> None:
    """Accepted, quarantined and noise bytes sum to the reads with their line ends; noise is the three scanners' reads."""
    reads, done = server_reads(), checked(SERVER_LOG)
    noise = [r.data for r in reads if r.data.startswith(NOISE_OF_SCANNERS)]
    assert len([r for r in reads if r.data]) == 465
    assert len(noise) == 3
    assert sum(done.bytes.values()) == sum(len(r.data) for r in reads)
    assert done.bytes["noise"] == sum(map(len, noise))
    assert done.bytes["quarantined"] == 0
    assert (done.frames["accepted"], done.frames["quarantined"]) == (446, 0)
    assert len(packets(reads)) == 446


def test_every_byte_of_the_logger_capture_is_accounted_for() -> None:
    """5,529 lines, one accepted frame each with its line end, nothing left over."""
    done = checked(LOGGER)
    assert done.bytes == {"accepted": LOGGER.stat().st_size, "quarantined": 0, "noise": 0}
    assert done.frames == {"accepted": 5_529, "quarantined": 0, "duplicates": 0}


def test_repeats_are_measurements_sent_again() -> None:
    """94 of the server log's 176 measurement packets repeat device, command and time of an earlier one (README)."""
    measured = [p for p in packets(server_reads()) if p.cn in ("2011", "2051", "2061", "2031")]
    assert len(measured) == 176
    repeats = len(measured) - len({(p.mn, p.cn, p.time) for p in measured})
    assert repeats == len(measured) - len({(p.mn, p.cn, p.time, tuple(sorted(p.items.items()))) for p in measured}) == 94
    assert checked(SERVER_LOG).frames["duplicates"] == repeats


# -- figures ---------------------------------------------------------------------------------------------------------


@dataclass
class Series:
    """Readings of one factor: (value, valid) by time, the packet sent last standing for its time."""

    realtime: dict[datetime, tuple[Fraction, bool]] = field(default_factory=dict)
    minute: dict[datetime, tuple[Fraction, bool]] = field(default_factory=dict)
    hour: dict[datetime, tuple[Fraction, bool]] = field(default_factory=dict)


def series_of(source: str, found: list[Packet]) -> dict[str, Series]:
    out: dict[str, Series] = defaultdict(Series)
    names = {"2011": ("realtime", "Rtd"), "2051": ("minute", "Avg"), "2061": ("hour", "Avg")}
    for packet in sorted((p for p in found if p.mn == source and p.cn in names), key=lambda p: p.sent):
        kind, suffix = names[packet.cn]
        assert packet.time is not None
        for (code, name), text in packet.items.items():
            if name == suffix:
                value = Fraction(half_up(Fraction(text) * 10**6), 10**6)
                getattr(out[code], kind)[packet.time] = (value, packet.items.get((code, "Flag"), "N") == "N")
    return out


def minutes_expected(series: Series, realtime_min: int, minute_min: int) -> dict[datetime, tuple[int, int]]:
    """Value at 1e-8 and readings of each covered minute with a valid reading; instants before the device's own minutes."""
    out: dict[datetime, tuple[int, int]] = {}
    for readings, span in ((series.minute, minute_min), (series.realtime, realtime_min)):
        covering: dict[datetime, list[Fraction]] = defaultdict(list)
        for time, (value, valid) in readings.items():
            assert valid, "a series with flags needs reasons as well"
            for i in range(max(span, 1)):
                covering[time.replace(second=0, microsecond=0) + i * MINUTE].append(value)
        out |= {m: (half_up(sum(v, Fraction(0)) / len(v) * 10**8), len(v)) for m, v in covering.items()}
    return out


def regulators(done: Checked, source: str, found: list[Packet]) -> dict[Key, Told]:
    """All figures of a source whose readings are all valid, as HJ 75 averages them: 45 minutes make an hour, 20 hours a day."""
    (row,) = (s for s in done.registry.sources if s.source == source)
    out: dict[Key, Told] = {}
    for factor, series in series_of(source, found).items():
        minutes = minutes_expected(series, row.cadence_s // 60, row.minute_s // 60)
        by_hour: dict[datetime, list[int]] = defaultdict(list)
        for start, (value, n) in minutes.items():
            out[source, factor, "avg", "minute", start] = (value, None, n)
            by_hour[start.replace(minute=0)].append(value)
        hours: dict[datetime, Told] = {
            start: (half_up(Fraction(sum(v), len(v) * 100)), None, len(v))
            if len(v) >= 45
            else (None, f"{len(v)} valid minutes of 45", len(v))
            for start, v in by_hour.items()
        }
        for start, (exact, _valid) in series.hour.items():
            hours.setdefault(start, (half_up(exact * 10**6), None, 60))
        by_day: dict[datetime, list[int]] = defaultdict(list)
        for start, (mean, reason, n) in hours.items():
            out[source, factor, "avg", "hour", start] = (mean, reason, n)
            by_day[start.replace(hour=0)] += [] if mean is None else [mean]
        for start, means in by_day.items():
            enough = len(means) >= 20
            day = half_up(Fraction(sum(means), len(means))) if enough else None
            out[source, factor, "avg", "day", start] = (day, None if enough else f"{len(means)} valid hours of 20", len(means))
    return out


@pytest.mark.parametrize("source", ["99990000000001", "X990000_0002"])
def test_every_figure_equals_a_recomputation(source: str) -> None:
    """Minutes, hours and days of a station: none more, none less, equal to the last digit."""
    done = checked(SERVER_LOG)
    expected = regulators(done, source, packets(server_reads()))
    assert {k: v for k, v in told(done.figures).items() if k[0] == source} == expected
    assert {level for _s, _f, _t, level, _d in expected} == {"minute", "hour", "day"}


def test_a_stuck_analysers_hours() -> None:
    """COD stands at 27.3 in every packet (Avg 27.299999): each hour mean lies between the two, to 27.3 when shown."""
    hours = [
        f for f in checked(SERVER_LOG).figures if (f.factor, f.level, f.ok) == ("w01018", "hour", True) and f.value is not None
    ]
    assert len(hours) == 10
    assert all(27_299_999 <= (f.value or 0) <= 27_300_000 for f in hours)
    assert {f"{f.number:.1f}" for f in hours} == {"27.3"}


def test_a_logger_in_fault_has_no_value() -> None:
    """All 5,529 packets bear Flag=D: link up, yet every figure is withheld, and minutes and hours name the fault."""
    found, done = packets(logger_reads()), checked(LOGGER)
    assert {v for p in found for (_code, name), v in p.items.items() if name == "Flag"} == {"D"}
    minutes = {p.time.replace(second=0) for p in found if p.cn in ("2011", "2051") and p.time is not None}
    hours = {t.replace(minute=0) for t in minutes} | {p.time for p in found if p.cn == "2061" and p.time is not None}
    expected: dict[Key, Told] = {("Abc", "a00000", "avg", "minute", t): (None, "fault", 0) for t in minutes}
    expected |= {("Abc", "a00000", "avg", "hour", t): (None, "0 valid minutes of 45 (fault)", 0) for t in hours}
    days = {t.replace(hour=0) for t in hours}
    expected |= {("Abc", "a00000", "avg", "day", t): (None, "0 valid hours of 20", 0) for t in days}
    assert told(done.figures) == expected
    assert (len(hours), len(days)) == (31, 2)
    assert not any(f.ok for f in done.figures)
    assert done.episodes == []


def test_a_loggers_short_break() -> None:
    """3 real-time and 2 minute packets are absent (README); each is one missing value of the gap that the check lists."""
    found = packets(logger_reads())
    for cn, kind, step, missing in (("2011", "realtime", timedelta(seconds=30), 3), ("2051", "minute", MINUTE, 2)):
        times = {p.time for p in found if p.cn == cn and p.time is not None}
        absent = [t for t in walk(min(times), max(times), step) if t not in times]
        assert len(absent) == missing
        (gap,) = (g for g in checked(LOGGER).gaps if g["kind"] == kind)
        assert (datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"])) == (absent[0], absent[-1] + step)
        assert gap["missing"] == missing


def walk(time: datetime, last: datetime, step: timedelta) -> Iterator[datetime]:
    while time <= last:
        yield time
        time += step


# -- through the TCP server ------------------------------------------------------------------------------------------


async def sent(log: SqliteLog, reads: list[Read], seed: int) -> tuple[Gateway, int]:
    """Send reads to a gateway whose clock stands at each read's arrival; return it, and into how many pieces they were cut."""
    now = EPOCH

    async def arrive(time: datetime) -> None:
        nonlocal now
        now = time

    gateway = Gateway(log, lambda: now, "replay", lambda _mn: "")
    server = Server(gateway, "127.0.0.1", 0)
    await server.start()
    replay = Replay(server.port, lambda: {**gateway.counted, "connections": server.connections}, arrive, seed)
    await replay.run(reads)
    await server.stop()
    return gateway, replay.pieces


@pytest.mark.parametrize(("path", "seed"), [(SERVER_LOG, 1), (SERVER_LOG, 2), (LOGGER, 3)], ids=["server", "again", "logger"])
def test_the_tcp_server_makes_the_same_figures(path: Path, seed: int, tmp_path: Path) -> None:
    """Cut into random pieces and sent over TCP at each read's arrival, a log gives the check's bytes, frames and figures."""
    done = checked(path)
    reads = server_reads() if path == SERVER_LOG else logger_reads()
    log = SqliteLog(tmp_path / "log.db")
    gateway, pieces = asyncio.run(sent(log, reads, seed))
    assert pieces > len(reads)
    assert {name: gateway.counted[f"bytes_{name}"] for name in done.bytes} == done.bytes
    assert gateway.verdicts == {"ok": done.frames["accepted"]}

    writer = SqliteWriter(tmp_path / "data.db")
    store = SqliteStore(writer)
    runner = Runner(log, writer, store, done.registry)
    runner.drain()
    writer.commit(runner.engine.finish(), runner.engine.points, [], runner.progress.seq)
    figures = [
        f
        for source in runner.engine.points.source_names
        for level in ("minute", "hour", "day")
        for f in store.figures(source, level, 0, 2**62)
        if f.inputs != NO_INPUTS
    ]
    assert told(figures) == told(done.figures)
    assert {f.id: f.inputs for f in figures} == {f.id: f.inputs for f in done.figures}, "made from the same sets of readings"
    logged = [line for r in log.read(("frames",), 0, 10**6) for line in r.value.split(b"\n")]
    assert len(logged) == done.frames["accepted"], "every frame is in the log"
    (stored,) = store.rows("SELECT count(*) FROM frames WHERE verdict = 'ok'")[0]
    assert stored == len({p.raw for p in packets(reads)}), "the store keeps a frame once whose bytes came again"
    store.close()
    writer.close()
    log.close()
