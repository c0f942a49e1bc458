"""What a given InfluxDB does with our points: ``python -m plumeline.bench_influx``, on the server that PLUMELINE_INFLUX_URL names.

Outlets with 12 factors each 30 s, as one report a line; minutes; hours with two decisions each. Lines are made before the clock starts.
Buckets are made under a prefix of their own and left for whoever looks.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import httpx

from ingest.records import compact
from ingest.registry import Enterprise, Registry, Source
from plumeline.influx_query import InfluxStore
from plumeline.influx_read import InfluxReader
from plumeline.influx_setup import make_buckets
from processors.figures import HOUR_MS, MINUTE_MS, Figure, local_iso
from processors.influx import BUCKET, RAW_BUCKET, Lines
from processors.lines import figure_line

OUTLETS, FACTORS, HOURS = 200, [f"a{21000 + n}" for n in range(12)], 2
CADENCE_MS, BODY_LINES = 30_000, 5_000


def main() -> None:
    """Write an hour or two of many outlets, read one outlet's back, and say how fast that was."""
    url, token, org = (os.environ[f"PLUMELINE_INFLUX_{name}"] for name in ("URL", "TOKEN", "ORG"))
    prefix = f"bench-{time.time_ns()}-"
    make_buckets(url, token, org, prefix)
    names = [f"outlet-{n:04d}" for n in range(OUTLETS)]
    rows = [Source(source=n, enterprise="E", outlet=n, name=n, kind="flue_gas", cadence_s=30) for n in names]
    lines = Lines(Registry(enterprises=(Enterprise(enterprise="E", name="E", city="C", county="D"),), sources=tuple(rows)))
    start = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS - (HOURS + 1) * HOUR_MS
    end, readings = start + HOURS * HOUR_MS, OUTLETS * len(FACTORS) * HOURS * HOUR_MS // CADENCE_MS
    reports = [lines.report_line(_report(n, at))[1] for n in names for at in range(start, end, CADENCE_MS)]
    minutes = [lines.figure_line(_minute(n, at))[0][1] for n in names for at in range(start, end, MINUTE_MS)]
    made = [_hour(n, f, at, r) for n in names for f in FACTORS for at in range(start, end, HOUR_MS) for r in (1, 2)]
    hours = [text for figure in made for _, text in lines.figure_line(figure_line(figure))]
    with httpx.Client(base_url=url, headers={"Authorization": f"Token {token}"}, timeout=60, trust_env=False) as http:
        for what, bucket, texts, count in (
            ("readings in reports", RAW_BUCKET, reports, readings),
            ("minute figures", RAW_BUCKET, minutes, len(minutes) * len(FACTORS)),
            ("hour figures", BUCKET, hours, len(made)),
        ):
            params = {"org": org, "bucket": prefix + bucket, "precision": "ns"}
            _say(f"write {what}", count, lambda p=params, t=texts: _write(http, p, t))  # type: ignore[misc]
    store, one = InfluxStore(InfluxReader(url, token, org, prefix)), names[0]
    _say("read one outlet's readings, cold", readings // OUTLETS, lambda: store.cold_reports([(one, start, end)]))
    everyone = [(n, start, end) for n in names]
    _say("read all readings, cold", readings, lambda: store.cold_reports(everyone))
    _say("read one outlet's minutes", HOURS * 60 * len(FACTORS), lambda: store.figures(one, "minute", start, end))
    _say("read one outlet's hours", HOURS * len(FACTORS), lambda: store.figures(one, "hour", start, end))
    _say("read one figure", 1, lambda: store.figure(one, FACTORS[0], "avg", "hour", start))
    store.close()


def _say(what: str, count: int, act: Callable[[], object]) -> None:
    began = time.perf_counter()
    act()
    took = time.perf_counter() - began
    sys.stdout.write(f"{what}: {count} in {took:.3f} s, {count / took:,.0f}/s\n")


def _write(http: httpx.Client, params: dict[str, str], texts: list[str]) -> None:
    for n in range(0, len(texts), BODY_LINES):
        http.post("/api/v2/write", params=params, content="\n".join(texts[n : n + BODY_LINES]).encode()).raise_for_status()


def _report(source: str, at: int) -> bytes:
    time_of, n = local_iso(at), len(FACTORS)
    values = [round(20 + (at // 1000 + k) % 977 / 100, 2) for k in range(n)]
    row = {"v": 1, "source": source, "time": time_of, "kind": "realtime", "factors": FACTORS, "stats": ["rtd"] * n}
    row |= {"values": values, "flags": ["N"] * n, "sent": time_of, "received": local_iso(at + 1000), "protocol": "hj212-2017"}
    return compact(row | {"frame": f"{at:016x}", "backfill": False, "decoder": 1})


def _minute(source: str, at: int) -> bytes:
    factors = {f: [20 * 10**8 + at % 7919 + k, 2, 0, at + 60_000, at * 7919 + k] for k, f in enumerate(FACTORS)}
    return json.dumps({"v": 1, "level": "minute", "source": source, "start": local_iso(at), "factors": factors}).encode()


def _hour(source: str, factor: str, at: int, revision: int) -> Figure:
    value, digest = 20_000_000 + at % 7919 + revision, f"{at:016x}"
    decided = at + HOUR_MS
    return Figure(
        source, factor, "avg", "hour", at, value, True, None, 60, "mg/m3", "final" if revision == 1 else "revised", "complies",
        35_000_000, "L35", digest, digest, at, decided, revision, {"total": str(value * 60), "note": None},
    )  # fmt: skip


if __name__ == "__main__":
    main()
