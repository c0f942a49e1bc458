"""Two real HJ 212 logs: every byte accounted for, figures confirmed by another computation, and equal through the TCP server.

The oracle parses packets with a regular expression and averages fractions; it rounds where the records say (minutes at 1e-8,
hours and days at 1e-6, half up) and shares no code with decoder or rules. It takes only the cadences of the drafted registry
from the check.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from ingest.gateway import Gateway
from ingest.hj212.framing import Framer
from ingest.tcp import Server
from plumeline.check import NO_INPUTS, Checked, check
from plumeline.runner import Runner
from plumeline.sqlite_log import SqliteLog
from plumeline.sqlite_query import SqliteStore
from plumeline.sqlite_store import SqliteWriter
from processors.figures import Figure
from tests.conftest import SHARED, require

LOCAL = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SERVER_LOG = SHARED / "data" / "hj212_server_log" / "packets_0024_0500.jsonl"
LOGGER = SHARED / "data" / "hj212_logger_capture" / "packets_part1.txt"
PACKET = re.compile(rb"##[0-9]{4}([A-Z]+=(?:(?!##[0-9]{4}QN=).)*?CP=&&(.*?)&&)[0-9A-Fa-f]{4}", re.DOTALL)
NOISE_OF_SCANNERS = (b"GET http://", b"GET http://", b"\x03\x00\x00/*")
"""How the three reads begin that are no HJ 212 at all."""
GROUP_S = 120
"""Packets of the logger's file that arrive together: its lines bear no arrival, only when they were sent."""
WAIT_S = 20.0

Key = tuple[str, str, str, str, datetime]
Told = tuple[int | None, str | None, int]
"""Value as an integer at the level's scale, reason, n."""


class Read(NamedTuple):
    """Bytes that arrived together on one worker's connection; ``end`` says how it was closed."""

    arrival: datetime
    worker: int
    data: bytes
    end: str = ""


class Packet(NamedTuple):
    """A packet by regular expression: its bytes, command, identity, and values by (factor, field)."""

    raw: bytes
    cn: str
    mn: str
    sent: str
    time: datetime | None
    items: dict[tuple[str, str], str]


def server_reads() -> list[Read]:
    """The log's reads; a read that ends with a packet gets the CR LF back that the log dropped (its README)."""
    require("shared", SERVER_LOG.exists(), "the shared data has no hj212_server_log")
    reads = []
    for line in SERVER_LOG.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        arrival = datetime.fromisoformat(row["arrival"]).replace(tzinfo=LOCAL)
        if row["event"] == "data":
            data = row["raw"].encode("utf-8")
            whole = re.search(rb"&&[0-9A-Fa-f]{4}\Z", data) is not None
            reads.append(Read(arrival, row["worker"], data + b"\r\n" if whole else data))
        elif row["event"] != "connect":
            reads.append(Read(arrival, row["worker"], b"", row["event"]))
    return reads


def logger_reads() -> list[Read]:
    """The logger's lines in groups of what was sent within two minutes, arriving when the last of them was sent."""
    require("shared", LOGGER.exists(), "the shared data has no hj212_logger_capture")
    reads: list[Read] = []
    first: datetime | None = None
    for line in LOGGER.read_bytes().splitlines(keepends=True):
        found = re.search(rb"QN=([0-9]{17})", line)
        assert found is not None
        sent = stamp(found[1].decode())
        if first is None or sent - first >= timedelta(seconds=GROUP_S):
            first = sent
            reads.append(Read(sent, 0, line))
        else:
            reads[-1] = Read(max(sent, reads[-1].arrival), 0, reads[-1].data + line)
    return reads


def stamp(text: str) -> datetime:
    time = datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=LOCAL)
    return time + timedelta(milliseconds=int(text[14:] or "0"))


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


class Connection:
    """A device's end of a connection: what it has sent as a framer counts it, and the answers it has got."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.framer = Framer()
        self.got = bytearray()
        self.listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            while data := await self.reader.read(65_536):
                self.got += data
        except ConnectionError:
            return


class Replay:
    """Sends reads over real sockets; the gateway's clock moves only when it has counted all that could be counted."""

    def __init__(self, log: SqliteLog, seed: int) -> None:
        self.now = EPOCH
        self.gateway = Gateway(log, lambda: self.now, "replay", lambda _mn: "")
        self.server = Server(self.gateway, "127.0.0.1", 0)
        self.open: dict[int, Connection] = {}
        self.rng = random.Random(seed)
        self.sent_bytes = self.answered = self.pieces = 0

    async def run(self, reads: list[Read]) -> None:
        await self.server.start()
        for read in reads:
            self.now = read.arrival
            if read.end:
                await self._close(read.worker, abort=read.end == "io_error")
            else:
                await self._send(read)
        for worker in list(self.open):
            await self._close(worker, abort=False)
        await self.server.stop()

    async def _send(self, read: Read) -> None:
        if read.worker not in self.open:
            self.open[read.worker] = Connection(*await asyncio.open_connection("127.0.0.1", self.server.port))
        connection = self.open[read.worker]
        at = 0
        while at < len(read.data):
            size = self.rng.choice((1, 7, 40, 200, 1_500, 20_000))
            connection.writer.write(read.data[at : at + size])
            await connection.writer.drain()
            await asyncio.sleep(0)
            at += size
            self.pieces += 1
        self.sent_bytes += sum(len(p.data) for p in connection.framer.feed(read.data))
        await self._caught_up()

    async def _close(self, worker: int, *, abort: bool) -> None:
        connection = self.open.pop(worker, None)
        if connection is None:
            return
        if abort:
            connection.writer.transport.abort()
        else:
            connection.writer.close()
        self.sent_bytes += sum(len(p.data) for p in connection.framer.close())
        self.answered += connection.got.count(b"##")
        await self._caught_up()
        await connection.listening
        await self._until(lambda: self.server.connections == len(self.open), "a connection stays open")

    async def _caught_up(self) -> None:
        counted = self.gateway.counted
        names = ("bytes_accepted", "bytes_quarantined", "bytes_noise")
        await self._until(lambda: sum(counted[n] for n in names) == self.sent_bytes, f"{counted} of {self.sent_bytes} bytes")
        await self._until(
            lambda: self.answered + sum(c.got.count(b"##") for c in self.open.values()) == counted["answers"],
            f"{counted['answers']} answers are not all received",
        )

    async def _until(self, done: Callable[[], bool], what: str) -> None:
        end = asyncio.get_running_loop().time() + WAIT_S
        while not done():
            assert asyncio.get_running_loop().time() < end, what
            await asyncio.sleep(0.0005)


@pytest.mark.parametrize(("path", "seed"), [(SERVER_LOG, 1), (SERVER_LOG, 2), (LOGGER, 3)], ids=["server", "again", "logger"])
def test_the_tcp_server_makes_the_same_figures(path: Path, seed: int, tmp_path: Path) -> None:
    """Cut into random pieces and sent over TCP at each read's arrival, a log gives the check's bytes, frames and figures."""
    done = checked(path)
    reads = server_reads() if path == SERVER_LOG else logger_reads()
    log = SqliteLog(tmp_path / "log.db")
    replay = Replay(log, seed)
    asyncio.run(replay.run(reads))
    counted = replay.gateway.counted
    assert replay.pieces > len(reads)
    assert {name: counted[f"bytes_{name}"] for name in done.bytes} == done.bytes
    assert replay.gateway.verdicts == {"ok": done.frames["accepted"]}

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
