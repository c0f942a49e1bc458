"""Load for benches is valid and counted right."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime

from simulators.clock import CST
from simulators.encoder import crc
from simulators.load import factor_codes, fleet, fleet_frames, report_lines

T0 = datetime(2026, 7, 1, tzinfo=CST)


def test_report_lines_are_reports() -> None:
    """3 sources x 14 factors x 2 hours are 720 lines in the order of time, each a full report, the same at each call."""
    blocks = list(report_lines(3, 14, T0, 7200))
    lines = [json.loads(line) for line in b"".join(blocks).splitlines()]
    assert len(blocks) == 2 and len(lines) == 720
    first = lines[0]
    assert first["source"] == "BENCH000000" and first["time"] == "2026-07-01T00:00:00+08:00"
    assert first["received"] == "2026-07-01T00:00:01+08:00" and first["kind"] == "realtime"
    assert {len(first[name]) for name in ("factors", "stats", "values", "flags")} == {14}
    assert first["factors"] == factor_codes(14) and first["factors"][-1] == "x00001"
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    values = [v for line in lines for v in line["values"]]
    assert min(values) >= 10 and max(values) < 50 and len(set(values)) > 300
    assert b"".join(report_lines(3, 14, T0, 7200)) == b"".join(blocks) != b"".join(report_lines(3, 14, T0, 7200, seed=1))


def test_fleet_counts_its_answers() -> None:
    """Every frame is valid and each answer is counted, however the host cuts them."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        buffer = b""
        while data := await reader.read(1000):
            buffer += data
            while match := re.match(rb"##(\d{4})(.*?&&)(\w{4})\r\n", buffer):
                assert crc(match[2]).encode() == match[3]
                buffer = buffer[match.end() :]
                writer.write(b"##0040ST=91;CN=90")
                await writer.drain()
                writer.write(b"14;CP=&&&&0000\r\n")

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sent = await fleet("127.0.0.1", port, 5, 40, T0, window_frames=8)
        assert (sent.connections, sent.frames, sent.acknowledged, sent.failed) == (5, 200, 200, 0)
        assert sent.elapsed_s > 0
        server.close()
        nobody = await fleet("127.0.0.1", 1, 2, 1, T0)
        assert (nobody.frames, nobody.failed) == (0, 2)

    asyncio.run(main())
    assert len({f[: f.index(b";Flag")] for f in fleet_frames(1, 3, T0)}) == 3
