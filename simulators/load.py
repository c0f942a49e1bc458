"""Load for benches: a fleet of devices that sends as fast as it is answered, and report lines by the million."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from simulators.clock import CST
from simulators.encoder import Identity, encode, qn_text, realtime

WINDOW_FRAMES = 32
"""Frames a connection may have on the way without an answer."""
STALL_S = 30.0
"""Real seconds without any answer after which a connection gives up."""
BLOCK_S = 3600
"""Seconds of data in one block of report lines."""
CONNECT_AT_ONCE = 64
"""Connections that are opened at the same time."""
CODES = ("a21026", "a21002", "a34013", "a19001", "a00000", "a01012", "a01011", "a01013", "a01014", "a24088", "a21005", "a05001")
"""Factor codes in the order in which load uses them; further ones are numbered x00000, x00001, …"""
_ACK = b"CN=9014;"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a fleet did: frames written and answered, connections that gave up, real seconds from first frame to last answer."""

    connections: int
    frames: int
    acknowledged: int
    failed: int
    elapsed_s: float


def factor_codes(factors: int) -> list[str]:
    """Return so many factor codes."""
    return [*CODES[:factors], *(f"x{n:05d}" for n in range(factors - len(CODES)))]


def fleet_frames(device: int, frames: int, start: datetime, factors: int = 6, cadence_s: int = 30) -> list[bytes]:
    """Return one device's 2011 frames, valid, with an answer wanted; its MN is 24 hex digits made of its number."""
    who = Identity(f"F{device:023X}")
    codes = factor_codes(factors)
    made = []
    for n in range(frames):
        at = start + timedelta(seconds=n * cadence_s)
        values = [(code, f"{20 + (device * 7 + n * 13 + i * 31) % 400 / 10:.1f}") for i, code in enumerate(codes)]
        made += [
            encode(who, packet, qn_text(at + timedelta(milliseconds=k + 1)))
            for k, packet in enumerate(realtime(who, at, values))
        ]
    return made


async def fleet(
    host: str,
    port: int,
    connections: int,
    frames_each: int,
    start: datetime,
    *,
    window_frames: int = WINDOW_FRAMES,
    factors: int = 6,
) -> Sent:
    """Send ``frames_each`` reports over each of ``connections`` TCP connections, pipelined up to a window.

    Frames are made and connections opened before the time is taken.
    """
    loads = [fleet_frames(device, frames_each, start, factors) for device in range(connections)]
    gate = asyncio.Semaphore(CONNECT_AT_ONCE)

    async def link() -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        async with gate:
            try:
                return await asyncio.wait_for(asyncio.open_connection(host, port), STALL_S)
            except (OSError, TimeoutError):
                return None

    links = await asyncio.gather(*(link() for _ in loads))
    began_s = time.monotonic()
    done = await asyncio.gather(*(_pump(*pair, load, window_frames) for pair, load in zip(links, loads, strict=True) if pair))
    elapsed_s = time.monotonic() - began_s
    frames, acknowledged = (sum(one[i] for one in done) for i in (0, 1))
    finished = sum(sent == len(load) == answered for (sent, answered), load in zip(done, _opened(links, loads), strict=True))
    return Sent(connections, frames, acknowledged, connections - finished, elapsed_s)


def _opened(
    links: list[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None], loads: list[list[bytes]]
) -> list[list[bytes]]:
    return [load for pair, load in zip(links, loads, strict=True) if pair]


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frames: list[bytes], window_frames: int
) -> tuple[int, int]:
    sent = acknowledged = 0
    tail = b""
    try:
        while acknowledged < len(frames):
            upto = min(len(frames), acknowledged + window_frames)
            if upto > sent:
                writer.write(b"".join(frames[sent:upto]))
                sent = upto
                await asyncio.wait_for(writer.drain(), STALL_S)
            data = tail + await asyncio.wait_for(reader.read(65536), STALL_S)
            if len(data) == len(tail):
                break
            acknowledged += data.count(_ACK)
            tail = data[-(len(_ACK) - 1) :]
    except (OSError, TimeoutError):
        pass
    finally:
        writer.close()
    return sent, acknowledged


def report_lines(
    sources: int,
    factors: int,
    start: datetime,
    duration_s: int,
    *,
    cadence_s: int = 30,
    seed: int = 0,
    block_s: int = BLOCK_S,
    first_source: int = 0,
) -> Iterator[bytes]:
    """Yield blocks of NDJSON report lines in the order of time: sources x duration / cadence lines, ``factors`` readings each.

    Values have one decimal, lie in [10, 50) and are a function of seed, source, factor and time. ``sent`` and ``received`` are
    one second after ``time``. Every block ends with a newline.
    """
    steps = math.ceil(duration_s / cadence_s)
    block = max(1, block_s // cadence_s)
    for begin in range(0, steps, block):
        count = min(block, steps - begin)
        yield _block(sources, factor_codes(factors), start, begin, count, cadence_s, seed, first_source)


def _block(
    sources: int, codes: list[str], start: datetime, begin: int, count: int, cadence_s: int, seed: int, first_source: int
) -> bytes:
    times = [start.astimezone(CST) + timedelta(seconds=n * cadence_s) for n in range(begin, begin + count)]
    stamps = pl.DataFrame(
        {
            "n": range(begin, begin + count),
            "time": [t.isoformat(timespec="seconds") for t in times],
            "later": [(t + timedelta(seconds=1)).isoformat(timespec="seconds") for t in times],
        }
    )
    numbers = range(first_source, first_source + sources)
    names = pl.DataFrame({"s": numbers, "source": [f"BENCH{n:06d}" for n in numbers]})
    key = pl.col("n") * 7919 + pl.col("s") * 104_729 + seed * 1_299_709
    mixed = [((key + i * 15_485_863) * 2_654_435_761 % 4_294_967_291) // 7 % 400 for i in range(len(codes))]
    texts = [pl.format("{}.{}", 10 + m // 10, m % 10) for m in mixed]
    listed = ",".join(f'"{code}"' for code in codes)
    rtd, flags = (",".join([word] * len(codes)) for word in ('"rtd"', '"N"'))
    line = pl.concat_str(
        pl.lit('{"v":1,"source":"'),
        "source",
        pl.lit('","time":"'),
        "time",
        pl.lit(f'","kind":"realtime","factors":[{listed}],"stats":[{rtd}],"values":['),
        pl.concat_str(*texts, separator=","),
        pl.lit(f'],"flags":[{flags}],"sent":"'),
        "later",
        pl.lit('","received":"'),
        "later",
        pl.lit('","protocol":"bench","frame":null,"backfill":false,"decoder":1}'),
    )
    joined = stamps.join(names, how="cross").select(line=line).to_series().str.join("\n").item()
    return (str(joined) + "\n").encode()
